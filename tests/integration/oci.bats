#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene-oci, verb by verb and flag by flag, as orchestrators call it.

load ../lib/common
load ../lib/oci

setup() {
	log=$BATS_TEST_TMPDIR/log.json
	before_each
}

@test "--version: the line that callers parse, commit, spec" {
	run paene-oci --version
	expect_status 0
	[[ "${lines[0]}" =~ ^paene-oci\ version\ [0-9.]+,\ as\ runc\ version\ [0-9.]+$ ]]
	[[ "${lines[1]}" =~ ^commit:\ .+ ]]
	[ "${lines[2]}" = "spec: 1.3.0" ]
	local long=$output
	run paene-oci -v
	expect_status 0
	expect_output "$long"
}

# Lines of at most 80 characters.
fits_screen() {
	local line
	for line in "${lines[@]}"; do
		[ ${#line} -le 80 ] || fail "too long: $line"
	done
}

verbs="checkpoint create delete events exec features help kill list pause ps restore resume run spec start state update"

@test "help: of the program, in sections as runc has them, on one screen" {
	local how verb part
	for how in "" -h --help help; do
		run --keep-empty-lines paene-oci $how
		expect_status 0
		fits_screen
		[ "$(paene-oci $how | wc -l)" -le 24 ]
		[ "${lines[0]}" = NAME: ]
		[[ "${lines[1]}" == "   paene-oci - "* ]]
		for part in $'\nUSAGE:\n   paene-oci ' $'\n\nCOMMANDS:\n   ' $'\n\nGLOBAL OPTIONS:\n   '; do
			expect_in_output "$part"
		done
		for verb in $verbs; do
			[[ "$output" =~ [[:space:]]$verb[[:space:]] ]] || fail "no $verb in:" "$output"
		done
	done
}

@test "help: of each verb, by -h, by --help, by help" {
	local verb by_flag
	for verb in $verbs; do
		run --keep-empty-lines paene-oci "$verb" --help
		expect_status 0
		fits_screen
		[ "${lines[0]}" = NAME: ]
		[[ "${lines[1]}" == "   paene-oci $verb - "?* ]]
		expect_in_output $'\n\nUSAGE:\n'"   paene-oci $verb"
		expect_in_output $'\n\nDESCRIPTION:\n   '
		by_flag=$output
		run --keep-empty-lines paene-oci "$verb" -h
		expect_output "$by_flag"
		run --keep-empty-lines paene-oci help "$verb"
		expect_status 0
		expect_output "$by_flag"
	done
	run --keep-empty-lines paene-oci create -h
	expect_in_output $'\n\nOPTIONS:\n   -b, --bundle DIR '
}

@test "a verb that does not exist: runc's words and status, and the nearest" {
	local line
	for line in foo "foo -h" "foo --bundle x" "help foo"; do
		run --separate-stderr paene-oci $line
		expect_status 3
		[ -z "$output" ]
		[[ "$stderr" == *"No help topic for 'foo'. See \`paene-oci --help\`" ]] || fail "$stderr"
	done
	run paene-oci creat -h
	expect_status 3
	expect_output "No help topic for 'creat'; did you mean \`paene-oci create\`? See \`paene-oci --help\`"
}

@test "wrong command lines: status 1, one line, the nearest word" {
	run oci create --bundel x id
	expect_status 1
	expect_output 'unknown option --bundel; did you mean --bundle? See `paene-oci create --help`'
	run oci create id --bundle
	expect_status 1
	expect_in_output "option --bundle requires an argument"
	for verb in create start state kill delete run pause resume; do
		run oci "$verb"
		expect_status 1
		expect_in_output "an argument is missing: ID"
	done
	run oci state one two
	expect_status 1
	expect_in_output 'there is no place for the argument "two"'
	run oci list --format yaml
	expect_status 1
	expect_in_output "--format yaml: it is table or json"
}

@test "create, state, start, state, delete" {
	command_is sleep 100
	oci create --bundle "$bundle" --pid-file "$BATS_TEST_TMPDIR/pid" life
	status_is life created
	[ "$(oci state life | jq -r .id)" = life ]
	[ "$(oci state life | jq -r .ociVersion)" = 1.3.0 ]
	[ "$(oci state life | jq -r .bundle)" = "$bundle" ]
	[ "$(oci state life | jq -r .pid)" = "$(<"$BATS_TEST_TMPDIR/pid")" ]
	[ "$(tr -d 0-9 <"$BATS_TEST_TMPDIR/pid" | wc -c)" = 0 ]
	oci start life
	status_is life running
	run oci start life
	expect_status 1
	expect_in_output "cannot start container life"
	oci kill life KILL
	wait_until 5 status_is life stopped
	[ "$(oci state life | jq .pid)" = 0 ]
	oci delete life
	run oci state life
	expect_status 1
	expect_in_output "container does not exist"
}

@test "run: streams and exit status are the container's, nothing is left" {
	command_is sh -c 'cat; echo err >&2; exit 7'
	run --separate-stderr oci run --bundle "$bundle" r <<<"from outside"
	expect_status 7
	[ "$output" = "from outside" ]
	[ "$stderr" = err ]
	run oci state r
	expect_status 1
}

@test "run: a signal that ends it is 128 and more; signals to us are its own" {
	command_is sh -c 'kill -9 $$'
	edit_bundle "$bundle" '.linux.namespaces |= map(select(.type != "pid"))'
	run oci run -b "$bundle" r
	expect_status 137
	command_is sh -c 'trap "exit 5" TERM; echo ready; while :; do sleep 0.1; done'
	"$PAENE_BUILD/paene-oci" --root "$PAENE_RUN/oci" run -b "$bundle" trapped >"$BATS_TEST_TMPDIR/said" 3>&- &
	local pid=$! code=0
	wait_until 5 grep -q ready "$BATS_TEST_TMPDIR/said"
	kill "$pid"
	wait "$pid" || code=$?
	[ "$code" = 5 ]
}

@test "run --keep: what is left is stopped, and can be deleted" {
	oci run --keep --bundle "$bundle" kept
	status_is kept stopped
	oci delete kept
}

@test "run --detach: it goes on without us" {
	command_is sleep 100
	oci run -d -b "$bundle" --pid-file "$BATS_TEST_TMPDIR/pid" back
	status_is back running
	kill -0 "$(<"$BATS_TEST_TMPDIR/pid")"
}

@test "the bundle: --bundle DIR, --bundle=DIR, -b DIR, -bDIR, -bundle DIR, the current folder" {
	oci run --bundle "$bundle" a
	oci run --bundle="$bundle" a
	oci run -b "$bundle" a
	oci run -b"$bundle" a
	oci run -bundle "$bundle" a
	oci run a -b "$bundle"
	cd "$bundle"
	oci run a
}

@test "a bundle that is missing, or has no configuration, or a wrong one" {
	run oci run -b "$BATS_TEST_TMPDIR/nope" a
	expect_status 1
	expect_in_output "nope: No such file or directory"
	mkdir "$BATS_TEST_TMPDIR/empty"
	run oci run -b "$BATS_TEST_TMPDIR/empty" a
	expect_status 1
	expect_in_output "config.json: No such file or directory"
	edit_bundle "$bundle" '.process.user.uid = "0"'
	run oci create -b "$bundle" a
	expect_status 1
	expect_in_output "process.user.uid: expected an integer, found a string"
	run oci state a
	expect_status 1
}

@test "global flags: in two words, with =, with one dash, several times" {
	command paene-oci --root="$PAENE_RUN/oci" run -b "$bundle" g
	command paene-oci -root "$PAENE_RUN/oci" run -b "$bundle" g
	command paene-oci --root=/nowhere --debug --root "$PAENE_RUN/oci" --debug run -b "$bundle" g
	command paene-oci --root "$PAENE_RUN/oci" --rootless=auto --log-format json run -no-subreaper -b "$bundle" g
	command paene-oci --root "$PAENE_RUN/oci" --rootless false --systemd-cgroup=false run --no-subreaper -b "$bundle" g
}

@test "without --root: /run/paene-oci" {
	command paene-oci run --keep -b "$bundle" plain
	[ -d /run/paene-oci/plain ]
	env -i "$PAENE_BUILD/paene-oci" delete plain # callers have little environment
	[ ! -e /run/paene-oci/plain ]
	rm -r /run/paene-oci
}

@test "the log: one JSON object for one failure, and the same words on standard error" {
	run oci --log "$log" --log-format json start nobody
	expect_status 1
	expect_output "container does not exist: nobody"
	[ "$(jq -s length "$log")" = 1 ]
	[ "$(jq -r .level "$log")" = error ]
	[ "$(jq -r .msg "$log")" = "container does not exist: nobody" ]
	date -d "$(jq -r .time "$log")" >/dev/null
	[[ "$(jq -r .time "$log")" =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?Z$ ]]
}

@test "the log: a wrong command line is in it, too; a success is not" {
	oci --log "$log" --log-format json run -b "$bundle" fine
	[ ! -s "$log" ]
	run oci --log="$log" --log-format=json run --nonsense
	expect_status 1
	[[ "$(jq -r .msg "$log")" == "unknown option --nonsense"* ]]
}

@test "the log as text" {
	run oci --log "$log" kill nobody 'x"y'
	expect_status 1
	[[ "$(<"$log")" =~ ^time=\".*Z\"\ level=error\ msg=\".*\\\"x.*\"$ ]] || fail "$(<"$log")"
}

@test "kill: names, numbers, the default; unknown ones" {
	command_is sh -c 'trap "exit 41" TERM; trap "exit 42" USR1; trap "exit 43" USR2; echo ready; while :; do sleep 0.05; done'
	local signal
	for signal in "" TERM SIGTERM 15 USR1 12; do
		oci run -d -b "$bundle" k >"$BATS_TEST_TMPDIR/said"
		wait_until 5 grep -q ready "$BATS_TEST_TMPDIR/said"
		oci kill k $signal
		wait_until 5 status_is k stopped
		oci delete k
	done
	oci create -b "$bundle" k
	run oci kill k NONSENSE
	expect_status 1
	expect_in_output 'unknown signal "NONSENSE"'
	run oci kill k 65
	expect_status 1
	oci kill k 9
	wait_until 5 status_is k stopped
	run oci kill k 9
	expect_status 1
	expect_in_output "container not running"
}

@test "kill --all: works after the first process has ended" {
	command_is sh -c 'sleep 1000 & echo $!; exit 0'
	edit_bundle "$bundle" '.linux.namespaces |= map(select(.type != "pid"))'
	oci run -d -b "$bundle" left >"$BATS_TEST_TMPDIR/pid"
	wait_until 5 status_is left stopped
	local pid
	pid=$(<"$BATS_TEST_TMPDIR/pid")
	wait_until 5 grep -qzx sleep "/proc/$pid/cmdline"
	oci kill --all left 9
	gone() { ! grep -qz sleep "/proc/$1/cmdline" 2>/dev/null; }
	wait_until 5 gone "$pid"
	oci kill -a left KILL # nobody is left: fine
	oci delete left
}

@test "delete: what runs is refused; --force; one that does not exist" {
	command_is sleep 100
	oci run -d -b "$bundle" d
	run oci delete d
	expect_status 1
	expect_in_output "not stopped"
	status_is d running
	oci delete --force d
	run oci delete d
	expect_status 1
	expect_in_output "container does not exist"
	oci delete --force d
	oci delete -f d
}

@test "pause and resume" {
	command_is sleep 100
	oci run -d -b "$bundle" p
	oci pause p
	status_is p paused
	run oci pause p
	expect_status 1
	oci resume p
	status_is p running
	run oci resume p
	expect_status 1
	expect_in_output "container not paused"
	run oci pause nobody
	expect_status 1
	expect_in_output "container does not exist"
}

@test "list: table, json, quiet" {
	command_is sleep 100
	run oci list
	expect_status 0
	[[ "$output" == "ID "* ]]
	[ "${#lines[@]}" = 1 ]
	[ "$(oci list --format json)" = "[]" ]
	oci create -b "$bundle" one
	oci run -d -b "$bundle" two
	[ "$(oci list -q)" = $'one\ntwo' ]
	[ "$(oci list --quiet)" = $'one\ntwo' ]
	run oci list -f table
	[[ "${lines[0]}" =~ ^ID\ +PID\ +STATUS\ +BUNDLE\ +CREATED\ +OWNER$ ]]
	[[ "${lines[1]}" =~ ^one\ +[0-9]+\ +created\ +$bundle\ +20 ]]
	[[ "${lines[2]}" =~ ^two\ +[0-9]+\ +running ]]
	[ "$(oci list -f json | jq -r 'map(.id + ":" + .status) | join(" ")')" = "one:created two:running" ]
}

@test "an id is taken once, and not every text is one" {
	oci create -b "$bundle" same
	run oci create -b "$bundle" same
	expect_status 1
	expect_in_output "container with given ID already exists"
	local id
	for id in ../x . .. a/b -f $'a\nb' '%s;' '' "$(printf 'x%.0s' {1..5000})"; do
		run oci create -b "$bundle" -- "$id"
		expect_status 1
		run oci state -- "$id"
		expect_status 1
		run oci delete -- "$id"
		expect_status 1
	done
	[ "$(oci list -q)" = same ]
}

@test "a command that is missing, or cannot be executed: create says so in the words that callers match" {
	command_is nosuch
	run oci create -b "$bundle" x
	expect_status 1
	expect_in_output "executable file not found in"
	command_is /etc/passwd
	run oci run -b "$bundle" x
	expect_status 1
	[[ "${output,,}" == *"permission denied"* ]] || fail "$output"
	[ -z "$(oci list -q)" ]
}

@test "the terminal of run: ours, where it is none of a socket's" {
	needs_program python3
	command_is sh -c 'tty; stty size 2>/dev/null || :; exit 3'
	edit_bundle "$bundle" '.process.terminal = true'
	run oci run -b "$bundle" t </dev/null
	expect_status 3
	expect_in_output /dev/pts/
	run oci create -b "$bundle" t
	expect_status 1
	expect_in_output "give --console-socket"
	run oci run -d -b "$bundle" t
	expect_status 1
	expect_in_output "give --console-socket"
}

@test "the terminal is sent to --console-socket" {
	needs_program python3
	command_is tty
	edit_bundle "$bundle" '.process.terminal = true'
	cat >"$BATS_TEST_TMPDIR/listen" <<-'EOF2'
		import os, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.bind(sys.argv[1])
		s.listen()
		message, fds, _, _ = socket.recv_fds(s.accept()[0], 4096, 1)
		text = b""
		while b"\n" not in text:
		    text += os.read(fds[0], 100)
		sys.stdout.write(text.decode())
	EOF2
	python3 "$BATS_TEST_TMPDIR/listen" "$BATS_TEST_TMPDIR/socket" >"$BATS_TEST_TMPDIR/heard" 3>&- &
	local listener=$!
	wait_until 5 listens "$BATS_TEST_TMPDIR/socket"
	oci create -b "$bundle" --console-socket "$BATS_TEST_TMPDIR/socket" t
	oci start t
	wait "$listener"
	grep -q '^/dev/' "$BATS_TEST_TMPDIR/heard"
	run oci create -b "$bundle" --console-socket="$BATS_TEST_TMPDIR/nobody" t2
	expect_status 1
	expect_in_output "$BATS_TEST_TMPDIR/nobody"
}

@test "--preserve-fds: those and no others; one that is not open is refused" {
	command_is sh -c 'cat <&3; echo; ls /proc/self/fd | wc -l'
	echo -n three >"$BATS_TEST_TMPDIR/three"
	run oci run --preserve-fds 1 -b "$bundle" f 3<"$BATS_TEST_TMPDIR/three" 4</dev/null
	expect_status 0
	[ "${lines[0]}" = three ]
	[ "${lines[1]}" = 5 ] # 0, 1, 2, 3, and that of ls
	run oci run --preserve-fds 200 -b "$bundle" f
	expect_status 1
	expect_in_output "descriptor"
	run oci run --preserve-fds -1 -b "$bundle" f
	expect_status 1
	expect_in_output "it is a number"
}

@test "LISTEN_FDS: sockets handed to us go on to the container, which is told" {
	command_is sh -c 'cat <&3; echo; echo "$LISTEN_FDS $LISTEN_PID"'
	echo -n socket >"$BATS_TEST_TMPDIR/three"
	run sh -c 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@" 3<'"$BATS_TEST_TMPDIR/three" sh \
		"$PAENE_BUILD/paene-oci" --root "$PAENE_RUN/oci" run -b "$bundle" f
	expect_status 0
	expect_output $'socket\n1 1'
	run sh -c 'LISTEN_FDS=1 LISTEN_PID=1 exec "$@" 3<'"$BATS_TEST_TMPDIR/three" sh \
		"$PAENE_BUILD/paene-oci" --root "$PAENE_RUN/oci" run -b "$bundle" f
	[ "${lines[-1]}" = " " ] # meant for somebody else
}

@test "cgroups: systemd is asked by create only, disabled makes none" {
	command_is sleep 100
	if [ ! -d /run/systemd/system ]; then
		run oci --systemd-cgroup create -b "$bundle" c
		expect_status 1
		expect_in_output "cgroup: systemd: the system's bus: "
		run oci --cgroup-manager systemd run -b "$bundle" c
		expect_status 1
		run oci state c
		expect_status 1
	fi
	edit_bundle "$bundle" '.linux.cgroupsPath = "/not/systemds"'
	run oci --systemd-cgroup create -b "$bundle" c
	expect_status 1
	expect_in_output 'linux.cgroupsPath: "/not/systemds": expected "slice:prefix:name"'
	edit_bundle "$bundle" 'del(.linux.cgroupsPath)'
	run oci --cgroup-manager nonsense run -b "$bundle" c
	expect_status 1
	expect_in_output "--cgroup-manager nonsense"
	oci --cgroup-manager disabled run -d -b "$bundle" none
	oci --cgroup-manager=cgroupfs run -d -b "$bundle" own
	local none own
	none=$(</proc/"$(oci state none | jq .pid)"/cgroup) own=$(</proc/"$(oci state own | jq .pid)"/cgroup)
	[[ "$none" != *none* ]]
	[[ "$own" == *own* ]]
	oci --systemd-cgroup kill own 9 # callers say it everywhere
	oci --systemd-cgroup state none >/dev/null
}

@test "cgroups: one that another container has is refused, and left to it" {
	command_is sleep 100
	edit_bundle "$bundle" '.linux.cgroupsPath = "/paene-oci/shared"'
	oci run -d -b "$bundle" holder
	run oci create -b "$bundle" second
	expect_status 1
	expect_in_output "/paene-oci/shared exists and has processes in it"
	status_is holder running
	[ "$(oci list -q)" = holder ]
}

@test "--no-pivot and --no-new-keyring are understood" {
	oci run --no-pivot --no-new-keyring -b "$bundle" n
}

@test "completion knows verbs, flags and ids" {
	oci create -b "$bundle" finished
	[ "$(oci complete -- st)" = $'start\nstate' ]
	[ "$(oci complete -- run --no-p)" = --no-pivot ]
	[ "$(oci complete -- state f)" = finished ]
	paene-oci completion bash | bash -n
	run paene-oci completion csh
	expect_status 1
}
