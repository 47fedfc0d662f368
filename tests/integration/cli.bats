#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The command line of paene: help, wrong flags, missing arguments, version, info, completion, the manual page.

load ../lib/common

verbs="run create start stop restart kill rm pause unpause wait update exec memory ps stats top logs events inspect images load tag rmi version info help completion"

setup_file() {
	needs_root
}

# Lines of at most 100 characters.
fits_screen() {
	local line
	for line in "${lines[@]}"; do
		[ ${#line} -le 100 ] || fail "too long: $line"
	done
}

# Verbs stand in two columns, each with room before its help.
in_columns() {
	local line
	for line in "${lines[@]}"; do
		[ "$line" != Options ] || return 0
		[[ "$line" == "  "* ]] || continue
		[[ "$line" =~ ^"  "[a-z]+" "+[^\ ] && "${line:13:1}" == " " && ${#line} -le 80 ]] || fail "$line"
		[ ${#line} -lt 42 ] || [[ "${line:41:1}" == " " && "${line:42:1}" == [a-z] && "${line:53:1}" == " " ]] || fail "$line"
	done
}

@test "without arguments, --help, -h, help: the verbs, on one screen" {
	local how verb
	for how in "" --help -h help; do
		run --keep-empty-lines paene $how
		expect_status 0
		fits_screen
		[ ${#lines[@]} -le 44 ]
		for verb in $verbs; do
			[[ "$output" =~ (^|[[:space:]])$verb[[:space:]] ]] || fail "no $verb in:" "$output"
		done
		in_columns
	done
}

@test "every verb has its own help, by flag and by verb, 80 columns wide" {
	local verb
	for verb in $verbs; do
		run paene "$verb" --help
		expect_status 0
		expect_in_output "usage: paene $verb"
		fits_screen
		local by_flag=$output
		run paene help "$verb"
		expect_status 0
		expect_output "$by_flag"
	done
}

@test "the help of run is in groups" {
	run paene run --help
	local group
	for group in "The container" "Its process" Files Network Limits Security; do
		[[ $'\n'"$output" == *$'\n'"$group"$'\n'* ]] || fail "no group $group"
	done
}

@test "no colours where the output is no terminal" {
	paene --help >"$BATS_TEST_TMPDIR/help"
	! grep -q $'\033' "$BATS_TEST_TMPDIR/help" || fail "colours in a file"
}

@test "a terminal has colours, unless NO_COLOR is set" {
	needs_program python3
	on_terminal() {
		python3 -c 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)' "$@" </dev/null
	}
	TERM=xterm NO_COLOR= run on_terminal "$PAENE_BUILD/paene" --help
	expect_in_output $'\033[1m'
	TERM=xterm NO_COLOR=1 run on_terminal "$PAENE_BUILD/paene" --help
	[[ "$output" != *$'\033'* ]]
	TERM=dumb run on_terminal "$PAENE_BUILD/paene" --help
	[[ "$output" != *$'\033'* ]]
}

@test "a verb that does not exist: status 125, the nearest one" {
	run paene rnu
	expect_status 125
	expect_output 'paene: there is no verb "rnu"; did you mean `paene run`? See `paene --help`'
	run paene frobnicate
	expect_status 125
	expect_output 'paene: there is no verb "frobnicate". See `paene --help`'
	run paene help rnu
	expect_status 1
	expect_in_output 'did you mean `paene run`?'
}

@test "a flag that does not exist: one line, the nearest one" {
	run paene run --detahc x
	expect_status 125
	expect_output 'paene run: unknown option --detahc; did you mean --detach? See `paene run --help`'
	run paene ps -Z
	expect_status 125
	expect_output 'paene ps: unknown option -Z. See `paene ps --help`'
	run paene --roto /x ps
	expect_status 125
	expect_in_output "did you mean --root?"
	local verb
	for verb in $verbs; do
		run paene "$verb" --no-such-flag
		expect_status 125
		expect_in_output "paene $verb: unknown option --no-such-flag"
	done
}

@test "an option without its argument, a flag with a wrong one" {
	run paene run --name
	expect_status 125
	expect_output 'paene run: option --name requires an argument: NAME. See `paene run --help`'
	run paene run -d=perhaps x
	expect_status 125
	expect_in_output '--detach is true or false, not "perhaps"'
}

@test "a missing argument, and one too many" {
	local verb
	for verb in run create rename exec tag untag history completion; do
		run paene "$verb"
		expect_status 125
		expect_in_output "paene $verb: an argument is missing: "
	done
	run paene tag x
	expect_status 125
	expect_in_output "an argument is missing"
	run paene exec x
	expect_status 125
	expect_in_output "name a command"
	for verb in stop kill rm rmi; do
		run paene "$verb"
		expect_status 1
		expect_in_output ", or give --all"
		run paene "$verb" --all x
		expect_status 1
		expect_in_output "--all leaves no place for names"
	done
	for verb in ps load version info; do
		run paene "$verb" x
		expect_status 125
		expect_in_output 'there is no place for the argument "x"'
	done
}

@test "what a terminal would obey is shown, not obeyed" {
	run paene $'\033[2Jrun'
	expect_status 125
	[[ "$output" != *$'\033'* ]]
	expect_in_output '\x1b[2Jrun'
}

@test "containers that do not exist" {
	local verb
	for verb in start stop restart kill rm pause unpause wait stats top logs; do
		run paene "$verb" nobody
		[ "$status" -ne 0 ]
		expect_in_output "paene $verb: no such container: nobody"
	done
	run paene exec nobody true
	expect_status 125
	run paene inspect nobody
	expect_status 1
	expect_in_output "no such container, image, volume, network, pod or secret: nobody"
}

@test "--version, version" {
	run paene --version
	expect_status 0
	[[ "$output" =~ ^paene\ version\ [0-9.]+$ ]]
	run paene version --format '{{.Version}}'
	[[ "$output" =~ ^[0-9.]+$ ]]
	[ "$(paene version --format json | jq -r .SpecVersion)" = 1.3.0 ]
	run paene version
	[[ "${lines[0]}" == "Version: "* ]]
}

@test "info" {
	run paene info
	expect_status 0
	expect_in_output "Kernel: $(uname -r)"
	expect_in_output "DataRoot: $PAENE_DATA"
	expect_in_output "RunRoot: $PAENE_RUN"
	[ "$(paene info -f json | jq -r .Containers)" = 0 ]
	[ "$(paene info -f '{{.Worker}}')" = "$PAENE_WORKER" ]
	# each controller is there or missing
	[ "$(paene info -f json | jq '[.Controllers[], .MissingControllers[]] | contains(["cpu", "memory", "pids"])')" = true ]
}

@test "a folder that cannot be made" {
	run "$PAENE_BUILD/paene" --root /proc/nope ps
	expect_status 1
	expect_in_output "/proc/nope"
	run "$PAENE_BUILD/paene" --root "$(printf '/x%.0s' {1..200})" ps
	expect_status 1
	expect_in_output "at most 200 bytes"
}

@test "a full disk under standard output is a failure" {
	run sh -c '"$1" --help >/dev/full' sh "$PAENE_BUILD/paene"
	[ "$status" -ne 0 ]
	expect_in_output "write to standard output: No space left on device"
}

complete_line() { # complete_line WORD…: what the last word could become, in bash
	bash -c 'PATH=$1:$PATH; source <(paene completion bash); shift
		COMP_WORDS=(paene "$@") COMP_CWORD=$#; _paene; printf "%s\n" "${COMPREPLY[@]}"' bash "$PAENE_BUILD" "$@"
}

@test "completion in bash: verbs, flags, values" {
	[ "$(complete_line ru)" = run ]
	[ "$(complete_line "" | head -n 2)" = $'run\ncreate' ]
	[ "$(complete_line run --interac)" = --interactive ]
	[ "$(complete_line --roo)" = --root ]
	[ "$(complete_line --root /x sto)" = stop ]
	[ -z "$(complete_line run --network h)" ]  # a value: files, or nothing
	[ -z "$(complete_line run image --deta)" ] # the command's own words
}

@test "completion of zsh and fish" {
	local shell
	paene completion zsh | grep -q '^#compdef paene$'
	paene completion fish | grep -q '^complete -c paene '
	for shell in bash zsh fish; do
		! type -P "$shell" >/dev/null || paene completion "$shell" | "$shell" -n
	done
	run paene completion csh
	expect_status 1
	expect_in_output "bash, zsh or fish"
}

@test "files that people write have pages of their own, which that of the program names" {
	local page
	paene man >"$BATS_TEST_TMPDIR/paene.1"
	for page in paene.conf paene-registries.json paene-policy.json; do
		paene man $page >"$BATS_TEST_TMPDIR/page"
		grep -q "^.TH \"$page\" 5 " "$BATS_TEST_TMPDIR/page"
		grep -qF "See \\fB$page\\fR(5)." "$BATS_TEST_TMPDIR/paene.1" || fail "$page"
		! type -P groff >/dev/null || [ -z "$(groff -K utf8 -man -Tutf8 -ww "$BATS_TEST_TMPDIR/page" 2>&1 >/dev/null)" ]
	done
	run paene man nosuch
	expect_status 1
	expect_in_output "there is no page nosuch"
}

@test "the manual page has every verb and every flag" {
	local verb flag
	paene man >"$BATS_TEST_TMPDIR/paene.1"
	for verb in $verbs; do
		grep -qx ".SS $verb" "$BATS_TEST_TMPDIR/paene.1"
		for flag in $(paene "$verb" --help | grep -o '^  .\{4\}--[a-z-]*' | grep -o -- '--.*'); do
			grep -qF -- "${flag//-/\\-}" "$BATS_TEST_TMPDIR/paene.1" || fail "$verb $flag"
		done
	done
	grep -q '^\.SH "EXIT STATUS"' "$BATS_TEST_TMPDIR/paene.1"
	if type -P groff >/dev/null; then
		[ -z "$(groff -K utf8 -man -Tutf8 -ww "$BATS_TEST_TMPDIR/paene.1" 2>&1 >/dev/null)" ]
	fi
}

@test "a verb that others have is answered with what to do instead" {
	run paene build .
	expect_status 125
	expect_in_output 'paene: there is no verb "build": images are built by buildah'
	run paene image scp x y
	expect_in_output 'paene image: there is no verb "scp": `paene save IMAGE'
	run paene system connection list
	expect_in_output 'there is no daemon'
	run paene init box
	expect_in_output 'prepared when it starts'
	run paene contaner ls
	expect_in_output 'did you mean `paene container`?'
	run paene volume lst
	expect_in_output 'did you mean `paene volume ls`?'
}
