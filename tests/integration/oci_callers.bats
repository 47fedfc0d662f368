#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What callers of runc and crun have come to rely on, beyond the specification's letter.

load ../lib/common
load ../lib/oci

hook_is() { # hook_is KIND WORD…: an absolute path and its arguments
	local kind=$1 words
	shift
	words=$(jq -cn '$ARGS.positional' --args -- "$@")
	edit_bundle "$bundle" ".hooks.$kind += [{path: \"$1\", args: $words}]"
}

inside() {
	run oci run -b "$bundle" c1
}

@test "environment: the last of several assignments; HOME of /etc/passwd where there is none or an empty one" {
	command_is env
	edit_bundle "$bundle" '.process.env = ["A=1", "AB=3", "A=2", "PATH=/bin", "A"]'
	inside
	expect_output $'AB=3\nPATH=/bin\nA\nHOME=/root'
	edit_bundle "$bundle" '.process.env = ["PATH=/bin", "HOME=/x", "HOME="]'
	inside
	expect_output $'PATH=/bin\nHOME=/root'
	edit_bundle "$bundle" '.process.env = ["PATH=/bin", "HOME=/x"]'
	inside
	expect_output $'PATH=/bin\nHOME=/x'
	edit_bundle "$bundle" '.process.env = ["PATH=/bin"]' '.process.user.uid = 4242'
	inside
	expect_output $'PATH=/bin\nHOME=/'
}

@test "process.user: what is not said is 0" {
	command_is id
	edit_bundle "$bundle" '.process.user = {}'
	inside
	expect_in_output "uid=0(root) gid=0(root)"
}

@test "hooks: which one failed, how, and what it said" {
	local kind
	for kind in prestart createRuntime createContainer poststart; do
		edit_bundle "$bundle" 'del(.hooks)'
		hook_is $kind /bin/true
		hook_is $kind /bin/sh -c 'echo first; echo "no such luck" >&2; exit 3'
		inside
		expect_status 1
		expect_in_output "error running $kind hook #1: /bin/sh: exit status 3; it said: first no such luck"
	done
	edit_bundle "$bundle" 'del(.hooks)'
	hook_is startContainer /bin/cat /no/such
	inside
	expect_status 1
	expect_in_output "error running startContainer hook #0: /bin/cat: exit status 1; it said: cat: can't open '/no/such'"
	edit_bundle "$bundle" 'del(.hooks)'
	hook_is createRuntime /bin/sh -c 'kill -SYS $$'
	inside
	expect_in_output "exit status 159; signal: bad system call"
}

@test "hooks: one that succeeds is not heard; after the end all run, whichever fails" {
	local kind
	for kind in prestart createRuntime createContainer startContainer poststart poststop; do
		hook_is $kind /bin/sh -c "echo heard"
	done
	inside
	expect_status 0
	expect_output ""
	hook_is poststop /bin/false
	hook_is poststop /bin/touch "$BATS_TEST_TMPDIR/ran"
	inside
	expect_status 0
	expect_in_output "error running poststop hook #1: /bin/false: exit status 1"
	[ -e "$BATS_TEST_TMPDIR/ran" ]
}

@test "hooks: a prestart hook is told of a created container, a createRuntime hook of one that is being created" {
	hook_is prestart /bin/sh -c "cat >$BATS_TEST_TMPDIR/prestart"
	hook_is createRuntime /bin/sh -c "cat >$BATS_TEST_TMPDIR/createRuntime"
	inside
	expect_status 0
	[ "$(jq -r .status "$BATS_TEST_TMPDIR/prestart")" = created ]
	[ "$(jq -r .status "$BATS_TEST_TMPDIR/createRuntime")" = creating ]
}

@test "hooks: a startContainer hook has the environment of the process, if none of its own" {
	edit_bundle "$bundle" '.process.env += ["ONE=two"]'
	hook_is startContainer /bin/sh -c 'test "$ONE" = two && test -n "$HOME"'
	inside
	expect_status 0
	edit_bundle "$bundle" '.hooks.startContainer[0].env = ["TWO=three"]'
	inside
	expect_status 1
}

@test "a terminal's lines end with a newline alone where no terminal shows them" {
	command_is printf 'a\nb\n'
	edit_bundle "$bundle" '.process.terminal = true'
	oci run -b "$bundle" c1 </dev/null >"$BATS_TEST_TMPDIR/out"
	[ "$(od -An -c "$BATS_TEST_TMPDIR/out" | tr -d ' ')" = 'a\nb\n' ]
}

@test "kill: 0 only asks; KILL in a shared pid namespace reaches what the first process leaves behind" {
	local pids pid
	command_is sh -c 'sleep 1000 & sleep 1000 & exec sleep 1000'
	edit_bundle "$bundle" '.linux.namespaces |= map(select(.type != "pid"))'
	oci run -d -b "$bundle" c1 </dev/null >/dev/null 2>&1
	oci kill c1 0
	wait_until 5 eval '[ "$(oci ps -f json c1 | jq length)" = 3 ]'
	pids=$(oci ps -f json c1 | jq -r '.[]')
	kill -KILL "$(oci state c1 | jq .pid)"
	wait_until 5 eval '[ "$(oci state c1 | jq -r .status)" = stopped ]'
	run oci kill c1 0
	expect_status 1
	expect_in_output "container not running"
	oci kill c1 KILL
	for pid in $pids; do
		wait_until 5 eval "! grep -qs sleep /proc/$pid/comm || grep -q 'State:.Z' /proc/$pid/status"
	done
	run oci kill --all c1 0
	expect_status 0
}

@test "a cgroup with somebody in it, or a frozen one, is not taken" {
	local cgroup=/sys/fs/cgroup/callers-$BATS_TEST_NUMBER/c
	edit_bundle "$bundle" ".linux.cgroupsPath = \"${cgroup#/sys/fs/cgroup}\""
	command_is sleep 1000
	oci run -d -b "$bundle" c1 </dev/null >/dev/null 2>&1
	run oci create -b "$bundle" c2
	expect_status 1
	expect_in_output "container's cgroup is not empty"
	oci delete --force c1
	mkdir -p "$cgroup"
	echo 1 >"$cgroup/cgroup.freeze"
	run oci create -b "$bundle" c2
	expect_status 1
	expect_in_output "container's cgroup unexpectedly frozen"
	[ ! -d "$cgroup" ] || rmdir "$cgroup"
	rmdir "${cgroup%/*}"
}

@test "mounts are listed in the order of the configuration" {
	command_is sh -c 'cut -d" " -f5 /proc/self/mountinfo | grep -v "^/$"'
	edit_bundle "$bundle" '.mounts |= map(select(.destination | startswith("/sys") | not))' \
		'.linux.maskedPaths = []' '.linux.readonlyPaths = []'
	inside
	expect_status 0
	expect_output "$(jq -r '.mounts[].destination' "$bundle/config.json")"
}

@test "a profile from before close_range and faccessat2, without no_new_privs" {
	command_is echo fine
	edit_bundle "$bundle" '.process.noNewPrivileges = false' '.linux.seccomp = {
		defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["close_range", "faccessat2", "openat2", "clone3"], action: "SCMP_ACT_ERRNO"}]}'
	inside
	expect_status 0
	expect_output fine
	command_is /etc/passwd
	inside
	expect_in_output "permission denied"
}

@test "list in JSON is one line; an ambient capability that cannot be had is said" {
	command_is true
	oci create -b "$bundle" c1
	[ "$(oci list -f json | wc -l)" = 1 ]
	oci delete --force c1
	edit_bundle "$bundle" '.process.capabilities.ambient = ["CAP_CHOWN"]' '.process.capabilities.inheritable = []'
	inside
	expect_status 0
	expect_in_output "can't raise ambient capability CAP_CHOWN: "
}
