# SPDX-License-Identifier: Apache-2.0
# Who looks after a container: the small process by a detached one, and what is left when that is killed.
load ../lib/common
load life

@test "a detached container's output is in its log, both streams" {
	start_box box -- sh -c 'echo out; echo err >&2'
	paene wait box
	run --separate-stderr paene logs box
	expect_output out
	[ "$stderr" = err ]
}

@test "a detached container has one process beside its own: paene-monitor" {
	local id monitor
	id=$(start_box box -- sleep 1000)
	monitor=$(pgrep -f "paene-monitor.*$id")
	[ "$(wc -l <<<"$monitor")" = 1 ]
	[ "$(cat "/proc/$monitor/comm")" = paene-monitor ]
	[ "$(ps -o pid= --ppid "$monitor" | tr -d ' ')" = "$(field box .State.Pid)" ]
	run ! pgrep -f "paene --root $PAENE_DATA .*--name box"
}

@test "paene-monitor has at most 150 KiB of its own memory" {
	! grep -q __asan_init "$PAENE_BUILD/paene-monitor" || skip "a sanitizer has its own memory"
	local id monitor dirty
	id=$(start_box box -- sh -c 'i=0; while [ $i -lt 2000 ]; do echo "line $i"; i=$((i + 1)); done; echo done; sleep 1000')
	wait_until 20 has_said box done
	monitor=$(pgrep -f "paene-monitor.*$id")
	sync "$PAENE_DATA/containers/$id/log" # pages of the log that wait to be written are nobody's memory
	dirty=$(awk '/^Private_Dirty:/ {print $2}' "/proc/$monitor/smaps_rollup")
	[ "$dirty" -le 150 ] || fail "it has $dirty KiB"
	[ "$(awk '/^Threads:/ {print $2}' "/proc/$monitor/status")" = 1 ]
}

@test "a monitor holds on to no folder, terminal or pipe of the command that started it" {
	local id monitor
	id=$(cd "$BATS_TEST_TMPDIR" && start_box box -- sleep 1000 3<"$BATS_TEST_TMPDIR" | cat) # cat ends: the pipe is closed
	monitor=$(pgrep -f "paene-monitor.*$id")
	[ "$(readlink "/proc/$monitor/cwd")" = / ]
	[ "$(ps -o sid= -p "$monitor" | tr -d ' ')" = "$monitor" ]
	run ! grep -q "$BATS_TEST_TMPDIR" <(readlink "/proc/$monitor/fd/"*)
}

@test "a detached container goes on when all of the session that started it is killed" {
	setsid bash -c 'paene --root "$PAENE_DATA" --runroot "$PAENE_RUN" run -dq --name box --network none localhost/busybox:1 \
		sh -c "trap \"exit 4\" USR1; echo ready; while :; do sleep 0.05; done"; kill -KILL 0' >/dev/null 2>&1 || true
	wait_until 10 has_said box ready
	paene kill -s USR1 box
	[ "$(paene wait box)" = 4 ]
}

@test "a container whose monitor is killed is seen, and can be stopped and removed" {
	local id
	id=$(paene run -dq --name box "$image" sh -c "$deaf")
	kill -KILL "$(pgrep -f "paene-monitor.*$id")"
	status_is box running
	paene stop -t 1 box
	status_is box exited
	[ "$(field box .State.ExitCode)" = 255 ]
	paene start box
	status_is box running
	kill -KILL "$(pgrep -f "paene-monitor.*$id")"
	paene rm -f box
	gone box
}

@test "a container whose paene run is killed is seen, and can be removed" {
	command paene --root "$PAENE_DATA" --runroot "$PAENE_RUN" run -q --name box "$image" sh -c "$deaf" \
		>"$BATS_TEST_TMPDIR/out" 3>&- &
	wait_until 10 grep -q ready "$BATS_TEST_TMPDIR/out"
	kill -KILL $!
	wait || true
	status_is box running || status_is box exited
	paene rm -f box
	gone box
}

@test "a container whose monitor is killed goes on: ps, exec, logs, kill, wait; its end is told at the next look; it can be started again" {
	local id waiters=() out=$BATS_TEST_TMPDIR/waited n
	id=$(start_box box -- sh -c "trap '' PIPE; $(polite USR1)")
	wait_until 10 has_said box ready
	kill -KILL "$(pgrep -f "paene-monitor.*$id")"
	[ "$(paene ps -q --no-trunc)" = "$id" ]
	[ "$(paene exec box echo inside)" = inside ]
	has_said box ready
	for n in 1 2 3; do
		command paene --root "$PAENE_DATA" --runroot "$PAENE_RUN" wait box >"$out$n" 3>&- &
		waiters+=($!)
	done
	paene kill -s USR1 box
	wait "${waiters[@]}"
	for n in 1 2 3; do
		[ "$(cat "$out$n")" = 255 ] || fail "waiter $n: $(cat "$out$n")"
	done
	[ -z "$(paene ps -q)" ]
	[[ "$(paene ps -a)" == *"Exited (255)"* ]]
	[[ "$(field box .State.Error)" == *"its monitor was killed"* ]]
	paene start -a box >"$out" 3>&- &
	wait_until 10 grep -q ready "$out"
	paene kill -s USR1 box
	status=0
	wait $! || status=$?
	[ $status = 5 ]
	[ "$(paene wait box)" = 5 ]
}

@test "several who wait are all told how it ended" {
	local waiters=() out=$BATS_TEST_TMPDIR/waited n
	start_box box -- sh -c "$(polite USR1)"
	wait_until 10 has_said box ready
	for n in 1 2 3 4; do
		command paene --root "$PAENE_DATA" --runroot "$PAENE_RUN" wait box >"$out$n" 3>&- &
		waiters+=($!)
	done
	paene kill -s USR1 box
	wait "${waiters[@]}"
	for n in 1 2 3 4; do
		[ "$(cat "$out$n")" = 5 ] || fail "waiter $n: $(cat "$out$n")"
	done
}

@test "a log that is rotated while much is written loses no line, and leaves no file more than asked for" {
	start_box box --log-opt max-size=64k --log-opt max-file=100 -- sh -c 'seq 1 60000'
	paene wait box
	[ "$(find "$PAENE_DATA"/containers/*/ -name 'log*' | wc -l)" -gt 5 ]
	paene logs box | cmp - <(seq 1 60000)
}

@test "what it used is on record when it has ended" {
	start_box box -- sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done'
	paene wait box
	jq -e '.use.cpuMicroseconds > 0' "$PAENE_DATA"/containers/*/exit.json
}
