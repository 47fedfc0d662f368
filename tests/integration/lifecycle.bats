# SPDX-License-Identifier: Apache-2.0
# The life of a container: made, started, asked to end, killed, paused, removed; what it takes and gives back; names; --init.
load ../lib/common
load life

@test "create takes nothing but a folder and a name, start the rest, the end gives it back" {
	local before
	before=$(taken)
	paene create --name made "$image" sh -c "$(polite TERM)" >/dev/null
	[ "$(taken)" = "$before" ]
	status_is made created
	paene start made
	status_is made running
	local id
	id=$(field made .Id)
	[ "$(taken | grep -c "$id")" -ge 3 ] || fail "not there:" "$(taken)" # its state, its cgroup, its place on the network
	taken | grep -q /idranges/
	taken | grep -q /leases/
	wait_until 10 has_said made ready
	paene stop made
	status_is made exited
	[ "$(taken)" = "$before" ] || fail "still taken:" "$(taken)"
}

@test "start again: what it wrote is there, and a new run has a new process" {
	paene create --name again --network none "$image" sh -c 'cat /mark 2>/dev/null; echo "$$ was here" >>/mark' >/dev/null
	paene start again
	paene wait again
	run paene start -a again
	expect_status 0
	expect_output "1 was here"
	run paene start -a again
	expect_output $'1 was here\n1 was here'
}

@test "start -a: output, errors and exit status are the command's" {
	paene create --name made --network none "$image" sh -c 'echo out; echo err >&2; exit 7' >/dev/null
	run --separate-stderr paene start -a made
	expect_status 7
	expect_output out
	[ "$stderr" = err ]
}

@test "every kind of exit status arrives, from 0 to 255" {
	local n
	for n in 0 1 2 63 64 124 125 126 127 128 129 137 143 192 254 255; do
		run paene run --rm -q --network none "$image" sh -c "exit $n"
		expect_status "$n"
	done
	paene create --name kept --network none "$image" sh -c 'exit 255' >/dev/null
	paene start kept
	[ "$(paene wait kept)" = 255 ]
	[ "$(field kept .State.ExitCode)" = 255 ]
}

@test "who dies by signal n has status 128 + n" {
	local n
	for n in 1 2 6 9 11 15 31; do
		run paene run --rm -q --network none --init "$image" sh -c "kill -$n \$\$"
		expect_status $((128 + n))
	done
	start_box killed -- sleep 1000
	paene kill --signal KILL killed
	[ "$(paene wait killed)" = 137 ]
}

@test "stop: the first process may end by itself, and is not killed before its time" {
	start_box polite -- sh -c 'trap "sleep 1; exit 5" TERM; echo ready; while :; do sleep 0.05; done'
	wait_until 10 has_said polite ready
	paene stop -t 60 polite
	[ "$(field polite .State.ExitCode)" = 5 ]
}

@test "stop: who does not listen is killed after the time given, with all its processes" {
	local long=$((1000000 + $$)) # of this run alone: all processes are looked at
	start_box deaf -- sh -c "sleep $long & $deaf"
	wait_until 10 has_said deaf ready
	local begin=$SECONDS
	paene stop -t 2 deaf
	[ $((SECONDS - begin)) -ge 1 ] || fail "killed before its time"
	[ "$(field deaf .State.ExitCode)" = 137 ]
	run ! pgrep -f "sleep $long"
}

@test "stop: --stop-timeout and --stop-signal of the container, and -s and -t before them" {
	start_box own --stop-signal USR1 --stop-timeout 1 -- sh -c "trap 'exit 6' USR2; $(polite USR1)"
	wait_until 10 has_said own ready
	paene stop own
	[ "$(field own .State.ExitCode)" = 5 ]
	paene start own
	wait_until 10 said_times own 2 ready
	paene stop -s USR2 own
	[ "$(field own .State.ExitCode)" = 6 ]
	start_box deaf --stop-timeout 1 -- sh -c "$deaf"
	wait_until 10 has_said deaf ready
	paene stop deaf
	[ "$(field deaf .State.ExitCode)" = 137 ]
}

@test "stop -t 0 kills at once; one that has ended is left as it is" {
	start_box first -- sh -c "$(polite TERM)"
	wait_until 10 has_said first ready
	paene stop -t 0 first
	[ "$(field first .State.ExitCode)" = 137 ]
	local finished
	finished=$(field first .State.FinishedAt)
	paene stop first
	[ "$(field first .State.FinishedAt)" = "$finished" ]
}

@test "kill: by name with and without SIG, by number; nonsense and what does not run are refused" {
	local signal
	for signal in USR1 SIGUSR1 usr1 10; do
		start_box target -- sh -c "$(polite USR1)"
		wait_until 10 has_said target ready
		paene kill -s "$signal" target
		[ "$(paene wait target)" = 5 ]
		paene rm target
	done
	start_box target -- sleep 1000
	for signal in NONSENSE 0 65 -1 ""; do
		run paene kill --signal="$signal" target
		expect_status 1
	done
	status_is target running
	paene kill target
	paene wait target
	run paene kill target
	expect_status 1
	expect_in_output "target is not running"
}

@test "restart: stopped, and started again; one that had ended is started" {
	start_box box -- sh -c "$(polite TERM)"
	wait_until 10 has_said box ready
	local first
	first=$(field box .State.Pid)
	paene restart box
	status_is box running
	[ "$(field box .State.Pid)" != "$first" ]
	paene stop -t 0 box
	paene restart box
	status_is box running
}

@test "rm: what runs is refused with a hint, what has ended goes, -f takes everything" {
	local long=$((1000000 + $$))
	start_box box -- sh -c "sleep $long & $deaf"
	run paene rm box
	expect_status 1
	expect_in_output "box is running"
	expect_in_output "paene rm -f"
	status_is box running
	paene rm -f box
	gone box
	run ! pgrep -f "sleep $long"
	start_box box -- true # the name is free
	paene wait box
	paene rm box
	gone box
	[ -z "$(ls "$PAENE_DATA/containers" "$PAENE_DATA/names" | grep -v :)" ]
}

@test "rm -f and --rm at the same moment: one line at most, and nothing left" {
	local i
	for i in 1 2 3 4 5; do
		paene run -dq --rm --name box "$image" sleep 0.05 >/dev/null
		run paene rm -f box
		expect_status 0
		gone box
	done
}

@test "wait: as long as it lasts; each of several; a restart is waited out" {
	start_box one -- sh -c 'sleep 0.3; exit 1'
	start_box two -- sh -c 'exit 2'
	run paene wait one two
	expect_output $'1\n2'
	start_box again --restart on-failure:1 -- sh -c 'sleep 0.2; exit 9'
	[ "$(paene wait again)" = 9 ]
	[ "$(field again .RestartCount)" = 1 ]
	run paene wait nobody
	expect_status 1
}

@test "pause: nothing of it runs until unpause" {
	start_box box -v counter:/count -- sh -c 'while :; do echo >>/count/runs; sleep 0.02; done'
	wait_until 10 ran_times 1
	paene pause box
	status_is box paused
	local before
	before=$(runs)
	sleep 0.5
	[ "$(runs)" = "$before" ]
	run paene pause box
	expect_status 1
	paene unpause box
	wait_until 10 ran_times $((before + 1))
}

@test "pause: a paused one can be stopped, killed and removed" {
	start_box stopped -- sh -c "$(polite TERM)"
	wait_until 10 has_said stopped ready
	paene pause stopped
	paene stop -t 30 stopped
	[ "$(field stopped .State.ExitCode)" = 5 ] # it was woken to hear the signal
	start_box killed -- sleep 1000
	paene pause killed
	paene kill killed
	[ "$(paene wait killed)" = 137 ]
	start_box removed -- sleep 1000
	paene pause removed
	paene rm -f removed
	gone removed
}

@test "--rm: folder, name, lease, range, state and cgroup go with the last process" {
	local before
	before=$(taken; ls "$PAENE_DATA/containers" "$PAENE_DATA/names")
	paene run -q --rm --name box "$image" true
	[ "$(taken; ls "$PAENE_DATA/containers" "$PAENE_DATA/names")" = "$before" ]
	paene run -dq --rm --name box "$image" sleep 1000 >/dev/null
	paene stop -t 0 box
	gone box
	[ "$(taken; ls "$PAENE_DATA/containers" "$PAENE_DATA/names")" = "$before" ]
	run paene run -q --rm --name box "$image" nosuch
	expect_status 127
	[ "$(taken; ls "$PAENE_DATA/containers" "$PAENE_DATA/names")" = "$before" ]
}

@test "a run that could not start keeps nothing but its record, and can be removed" {
	local before
	before=$(taken)
	run paene run -dq --name box "$image" nosuch
	expect_status 127
	[ "$(taken)" = "$before" ]
	paene rm box
}

@test "a name is taken once, by one of many who want it at the same moment" {
	local i
	for i in 1 2 3 4 5 6; do
		paene create --name wanted "$image" true >"$BATS_TEST_TMPDIR/out.$i" 2>"$BATS_TEST_TMPDIR/err.$i" &
	done
	wait
	[ "$(cat "$BATS_TEST_TMPDIR"/out.* | wc -l)" = 1 ]
	[ "$(cat "$BATS_TEST_TMPDIR"/err.* | grep -c '"wanted" is in use')" = 5 ]
	[ "$(paene ps -aq | wc -l)" = 1 ]
}

@test "starting one container twice at the same moment starts it once" {
	paene create --name box --network none -v counter:/count "$image" sh -c 'echo >>/count/runs; sleep 1000' >/dev/null
	local i
	for i in 1 2 3 4; do
		paene start box >/dev/null 2>&1 &
	done
	wait
	status_is box running
	wait_until 10 ran_times 1
	[ "$(runs)" = 1 ]
}

@test "--init: the first process reaps what others leave" {
	start_box box --init -- sh -c '(sleep 0.2 & exec true); sleep 0.05; (sh -c "sleep 0.1 &"); echo ready; exec sleep 1000'
	wait_until 10 has_said box ready
	local init
	init=$(field box .State.Pid)
	[ "$(cat "/proc/$init/comm")" = paene-init ]
	command_is_alone() { [ "$(ps -o args= --ppid "$init")" = "sleep 1000" ]; }
	wait_until 10 command_is_alone
}

@test "--init: signals reach the command; without a handler they end it" {
	start_box handled --init -- sh -c "$(polite TERM)"
	wait_until 10 has_said handled ready
	paene stop -t 60 handled
	[ "$(field handled .State.ExitCode)" = 5 ]
	start_box plain --init -- sleep 1000 # alone as process 1 it would not hear TERM
	paene stop -t 60 plain
	[ "$(field plain .State.ExitCode)" = 143 ]
}
