#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene-oci ps: a container's processes, as JSON for callers and as a table of this machine's ps.

load ../lib/common

setup_file() {
	needs_root
	needs_program ps
	make_bundle "$BATS_FILE_TMPDIR/b" '.process.args = ["sleep", "10000"]'
	oci run -d -b "$BATS_FILE_TMPDIR/b" box </dev/null >/dev/null 2>&1 3>&-
	export pid
	pid=$(oci state box | jq .pid)
}

teardown_file() {
	oci delete --force box
}

teardown() {
	[ -z "${other-}" ] || oci delete --force "$other"
}

make_other() {
	oci "$@" -b "$BATS_FILE_TMPDIR/b" other </dev/null >/dev/null 2>&1 3>&-
	other=other
}

@test "json: numbers, those of an exec and of cgroups below too" {
	[ "$(oci ps --format json box)" = "[$pid]" ]
	[ "$(oci ps -f json box)" = "[$pid]" ]
	make_other run -d
	oci exec -d --pid-file "$BATS_TEST_TMPDIR/second" other sleep 1000 </dev/null >/dev/null 2>&1 3>&-
	local cgroup second
	second=$(<"$BATS_TEST_TMPDIR/second")
	cgroup=/sys/fs/cgroup$(awk -F: '/^0:/ {print $3}' "/proc/$second/cgroup")
	mkdir "$cgroup/below"
	echo "$second" >"$cgroup/below/cgroup.procs"
	[ "$(oci ps -f json other | jq -c sort)" = "$(jq -cn "[$(oci state other | jq .pid), $second] | sort")" ]
}

@test "table: ps -ef, of these processes alone" {
	run oci ps box
	expect_status 0
	[[ "${lines[0]}" =~ ^UID\ +PID\ +PPID\ +C\ +STIME\ +TTY\ +TIME\ +CMD ]]
	[[ "${lines[1]}" =~ ^root\ +$pid\ .*\ sleep\ 10000$ ]]
	[ "${#lines[@]}" = 2 ]
	[ "$(oci ps --format table box)" = "$output" ]
}

@test "table: with options of ps" {
	run oci ps box -e -o pid,args
	expect_status 0
	[ "${#lines[@]}" = 2 ]
	[[ "${lines[1]}" =~ ^\ *$pid\ sleep\ 10000$ ]]
	run oci ps box -e -o args
	expect_status 1
	expect_in_output "couldn't find PID field in ps output"
	run oci ps box --no-such-option
	expect_status 1
	expect_in_output "ps: exit status 1"
}

@test "table: without ps" {
	local place
	for place in /usr/bin/ps /bin/ps; do
		mount --bind /dev/null "$place"
	done
	run oci ps box
	umount /bin/ps /usr/bin/ps
	expect_status 0
	[[ "${lines[0]}" =~ ^UID\ +PID\ +PPID\ +CMD$ ]]
	[[ "${lines[1]}" =~ ^0\ +$pid\ +[0-9]+\ +sleep\ 10000$ ]]
}

@test "what a process calls itself is shown, and obeyed by no terminal" {
	make_other run -d
	oci exec -d other sh -c 'sleep 1000; :' $'\e[31mred' </dev/null >/dev/null 2>&1 3>&-
	wait_until 5 eval 'oci ps other | grep -q red' # the kernel tells of an exec before it has written that down
	run oci ps other
	[[ "$output" != *$'\e'* ]]
}

@test "created, paused, stopped; unknown; a wrong format" {
	make_other create
	[ "$(oci ps -f json other)" = "[$(oci state other | jq .pid)]" ]
	oci start other
	oci pause other
	[ "$(oci ps -f json other)" = "[$(oci state other | jq .pid)]" ]
	oci resume other
	oci kill other KILL
	stopped() { [ "$(oci state other | jq -r .status)" = stopped ]; }
	wait_until 5 stopped
	[ "$(oci ps -f json other)" = "[]" ]
	run oci ps other
	expect_status 0
	[ "${#lines[@]}" = 1 ]
	run oci ps nobody
	expect_status 1
	expect_in_output "container does not exist"
	run oci ps -f yaml box
	expect_status 1
	expect_in_output "it is table or json"
}

@test "a container without a cgroup: its processes are not known" {
	oci --cgroup-manager disabled run -d -b "$BATS_FILE_TMPDIR/b" other </dev/null >/dev/null 2>&1 3>&-
	other=other
	run oci ps other
	expect_status 1
	expect_in_output "has no cgroup"
	oci exec other true
}
