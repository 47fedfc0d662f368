#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --debug: what is being done, step by step, in the log, or on standard error where there is none.

load ../lib/common
load ../lib/oci

setup() {
	log=$BATS_TEST_TMPDIR/log
	before_each '.process.args = ["sh", "-c", "echo from inside >&2"]'
}

said() { # said TEXT…: in this order
	local text rest=$said
	for text; do
		[[ "$rest" == *"$text"* ]] || fail "not said, or not in order: $text" "$said"
		rest=${rest#*"$text"}
	done
}

messages() { # the texts of a JSON log, a line each, all of level debug
	[ "$(jq -r .level "$log" | sort -u)" = debug ] || fail "$(<"$log")"
	said=$(jq -r .msg "$log")
}

# Scripts look for these words of runc's.
birth=("nsexec container setup" "child process in init()" "init: closing the pipe to signal completion")

@test "run: on standard error, as text" {
	run --separate-stderr oci --debug run -b "$bundle" c
	expect_status 0
	expect_output ""
	local line
	grep -v '^from inside' <<<"$stderr" >"$BATS_TEST_TMPDIR/lines"
	while read -r line; do
		[[ "$line" =~ ^time=\"[0-9-]{10}T[0-9:.]+Z\"\ level=debug\ msg=\".+\"$ ]] || fail "$line"
	done <"$BATS_TEST_TMPDIR/lines"
	said=$stderr
	said "${birth[@]}" "execute the command"
}

@test "run: in the log, and nowhere else; as text and as JSON" {
	run --separate-stderr oci --debug --log "$log" run -b "$bundle" c
	expect_status 0
	[ "$stderr" = "from inside" ]
	[ "$(grep -cv ' level=debug msg="' "$log")" = 0 ]
	said=$(<"$log")
	said "${birth[@]}"
	rm "$log"
	run --separate-stderr oci --debug --log "$log" --log-format json run -b "$bundle" c
	expect_status 0
	[ "$stderr" = "from inside" ]
	messages
	said "${birth[@]}"
	date -d "$(jq -rs '.[-1].time' "$log")" >/dev/null
}

@test "create: the cgroup, the pid of init; the hooks' place in it" {
	edit_bundle "$bundle" '.linux.cgroupsPath = "/debugged"' \
		'.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "cat >/dev/null"]}]'
	oci --debug --log "$log" --log-format json create -b "$bundle" c
	messages
	said "make the cgroup" "cgroup: /debugged" "nsexec container setup" "init is process $(oci state c | jq .pid)" \
		"run hooks" "init: wait for hooks" "wait for init to be ready" "init: enter the root" "closing the pipe" \
		"write the pid file"
}

@test "exec: its own steps" {
	edit_bundle "$bundle" '.process.args = ["sleep", "100"]'
	oci run -d -b "$bundle" c >/dev/null 2>&1
	run --separate-stderr oci --debug exec c true
	expect_status 0
	said=$stderr
	said "nsexec container setup" "child process in init()" "setns_init: about to exec"
	run --separate-stderr oci --debug --log "$log" --log-format json exec c true
	expect_status 0
	[ -z "$stderr" ]
	messages
	said "nsexec container setup" "child process in init()" "setns_init: about to exec"
}

@test "the flags of the seccomp filter, as a number" {
	edit_bundle "$bundle" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", flags: ["SECCOMP_FILTER_FLAG_LOG"]}'
	oci --debug --log "$log" --log-format json run -b "$bundle" c
	messages
	said "seccomp filter flags: 2"
}

@test "a failure comes last, in its own level" {
	edit_bundle "$bundle" '.process.args = ["/no/such"]'
	run oci --debug --log "$log" --log-format json run -b "$bundle" c
	expect_status 1
	[ "$(jq -rs '.[-1].level' "$log")" = error ]
	[[ "$(jq -rs '.[-1].msg' "$log")" == *"/no/such"* ]]
	[ "$(jq -rs '[.[] | select(.level == "error")] | length' "$log")" = 1 ]
	[ "$(jq -rs '[.[] | select(.level == "debug")] | length' "$log")" -gt 10 ]
}

@test "without it nothing is said, and no message more is sent" {
	needs_program strace
	run --separate-stderr oci --log "$log" run -b "$bundle" c
	expect_status 0
	[ "$stderr" = "from inside" ]
	[ ! -e "$log" ]
	ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=recvmsg -o "$BATS_TEST_TMPDIR/trace" \
		paene-oci --root "$PAENE_RUN/oci" run -b "$bundle" c
	[ "$(grep -c 'recvmsg(' "$BATS_TEST_TMPDIR/trace")" -le 4 ] || fail "$(<"$BATS_TEST_TMPDIR/trace")"
}
