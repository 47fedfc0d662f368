#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene top: the processes of a container, as they see themselves, and as this machine's ps does.

load ../lib/common
load life

shows() { # shows REGEX WORD…: top with these words, somewhere; the kernel tells of an exec before it has written down its name
	paene top "${@:2}" | grep -Eq "$1"
}

top_json() { # top_json CONTAINER COLUMN…
	paene top --format json "$@"
}

@test "the usual columns; processes have the numbers that they have inside" {
	start_box box -- sh -c 'echo $$; sleep 1000 & echo $!; wait'
	wait_until 10 said_times box 2 .
	wait_until 10 shows ' sleep 1000$' box
	run paene top box
	expect_status 0
	[[ "${lines[0]}" =~ ^USER\ +PID\ +PPID\ +%CPU\ +ELAPSED\ +TTY\ +TIME\ +COMMAND$ ]] || fail "$output"
	[[ "${lines[1]}" =~ ^root\ +1\ +0\ +[0-9.]+\ +[0-9:]+\ +\?\ +00:00:0[0-9]\ +sh\ -c\ echo ]] || fail "$output"
	[[ "${lines[2]}" =~ ^root\ +2\ +1\ .*\ sleep\ 1000$ ]] || fail "$output"
	[ "${#lines[@]}" = 3 ]
}

@test "columns by name: in one word, in several; as json" {
	start_box box --user 1234:1235 -- sleep 1000
	wait_until 10 shows ' sleep .* S$' box pid comm user state # it sleeps
	run paene top box pid,comm user "nice state"
	[[ "${lines[0]}" =~ ^PID\ +COMMAND\ +USER\ +NI\ +S$ ]] || fail "$output"
	[[ "${lines[1]}" =~ ^1\ +sleep\ +1234\ +$(nice)\ +S$ ]] || fail "$output"
	[ "$(top_json box pid ppid user group comm args seccomp | jq -c .)" = \
		'[{"pid":1,"ppid":0,"user":"1234","group":"1235","comm":"sleep","args":"sleep 1000","seccomp":"filter"}]' ]
	top_json box hpid rss vsz pcpu | jq -e ".[0] | .hpid == $(field box .State.Pid) and .rss > 0 and .vsz > 0 and .pcpu >= 0"
	# users of the host, which are others
	[ "$(top_json box huser | jq -r '.[0].huser')" = $(($(field box .IdRangeStart) + 1234)) ]
	# every column there is, each alone
	local name
	for name in $(paene top --help | tr '\n' ' ' | sed 's/.*Columns are \(.*\), and of the host.s view \(.*\); *without.*/\1, \2/; s/,//g'); do
		run paene top box "$name"
		expect_status 0
		[ "${#lines[@]}" = 2 ] || fail "$name: $output"
	done
}

@test "capabilities, as podman names them" {
	start_box none --cap-drop all -- sleep 1000
	start_box some --cap-drop all --cap-add chown --cap-add kill -- sleep 1000
	[ "$(top_json none capeff | jq -r '.[0].capeff')" = none ]
	[ "$(top_json some capeff capbnd | jq -r '.[0] | "\(.capeff) \(.capbnd)"')" = "CHOWN,KILL CHOWN,KILL" ]
}

@test "a terminal; who was started by exec has a parent outside" {
	start_box box -t -- sleep 1000
	[ "$(top_json box tty | jq -r '.[0].tty')" = pts/0 ]
	paene exec -d box sleep 2000
	wait_until 10 shows 'sleep 2000$' box ppid,args
	run paene top box ppid,args
	[[ "${lines[2]}" =~ ^0\ +sleep\ 2000$ ]] || fail "$output"
}

@test "a host's user namespace, a pid namespace shared with nobody, a paused container" {
	start_box box --userns host -- sleep 1000
	[ "$(top_json box user huser pid | jq -c '.[0]')" = '{"user":"root","huser":"root","pid":1}' ]
	paene pause box
	[ "$(top_json box pid | jq -c .)" = '[{"pid":1}]' ]
}

@test "options of ps: this machine's own, and the host's view" {
	needs_program ps
	start_box box -- sleep 1000
	wait_until 10 shows 'sleep 1000$' box args
	local pid
	pid=$(field box .State.Pid)
	run paene top box -ef
	[[ "${lines[0]}" =~ ^UID\ +PID\  ]]
	[[ "${lines[1]}" =~ \ $pid\ .*sleep\ 1000$ ]] || fail "$output"
	[ "${#lines[@]}" = 2 ]
	run paene top box aux
	[[ "${lines[0]}" == USER*PID*%CPU* ]]
	[ "${#lines[@]}" = 2 ]
	run paene top box -eo pid,comm
	[[ "${lines[1]}" =~ ^\ *$pid\ sleep$ ]]
	run paene top box -o nosuch
	expect_status 1
	[ "${#lines[@]}" = 1 ]
	expect_in_output 'paene top: ps: exit status 1: error: unknown user-defined format specifier "nosuch"'
	run paene top box -eo comm
	expect_status 1
	expect_in_output "PID"
	run paene top box --format json
	expect_status 1
	expect_in_output '`paene top --format json box pid,args`'
}

@test "no program of the container is run, none of its names believed" {
	start_box box -- sh -c 'echo "Mallory:x:0:0::/:/bin/sh" >/etc/passwd; printf "#!/bin/sh\ntouch /pwned\n" >/bin/ps; sleep 1000'
	renamed() { [ "$(top_json box user | jq -r '.[0].user')" = Mallory ]; }
	wait_until 10 renamed
	! paene exec box test -e /pwned || fail "something of the container was run"
	# a file that is none, and one that never answers
	start_box link -- sh -c 'rm /etc/passwd; ln -s /proc/1/environ /etc/passwd; echo ready; sleep 1000'
	start_box fifo -- sh -c 'rm /etc/passwd; mkfifo /etc/passwd; echo ready; sleep 1000'
	local name
	for name in link fifo; do
		wait_until 10 has_said $name ready
		[ "$(top_json $name user | jq -r '.[0].user')" = 0 ]
	done
}

@test "what a command writes into its own name is shown, not obeyed" {
	start_box box -- sh -c $'sleep 1000; echo \033[2J two\nlines'
	run paene top box
	[ "${#lines[@]}" -ge 2 ]
	[[ "$output" != *$'\033'* ]] || fail "an escape"
	expect_in_output '\x1b[2J two\x0alines'
	top_json box args | jq -e '.[0].args | contains("\\x1b[2J")'
}

@test "processes that come and go are no failure" {
	start_box box -- sh -c 'while :; do (:); done'
	local i
	for i in $(seq 30); do
		run paene top box pid,ppid,args
		expect_status 0
		[[ "${lines[1]}" =~ ^1\ +0\  ]] || fail "$output"
	done
}

@test "wrong columns, wrong containers: a line each" {
	start_box box -- sleep 1000
	run paene top box usr
	expect_status 1
	expect_output 'paene top: there is no column "usr"; did you mean "user"?'
	run paene top box pid,zzzzzzz
	expect_output 'paene top: there is no column "zzzzzzz"; `paene top --help` lists them'
	run paene top box ,
	expect_status 1
	run paene top box "$(printf 'pid,%.0s' {1..17})"
	expect_output "paene top: at most 16 columns"
	run paene top --format '{{.pid}}' box
	expect_output "paene top: --format {{.pid}}: it is table or json"
	run paene top nobody
	expect_status 1
	expect_output 'paene top: no such container: nobody; `paene ps -a` lists all'
	paene stop -t 0 box
	run paene top box
	expect_status 1
	expect_output "paene top: container box is not running: it is exited"
	run paene top
	expect_status 125
}
