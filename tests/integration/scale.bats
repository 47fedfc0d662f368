# SPDX-License-Identifier: Apache-2.0
# Many containers: none of them makes the next one's start dearer, a list of them is cheap, and it is right.
load ../lib/common
load life

many=200

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	load_busybox
	paene run -q --rm --network none "$image" true
}

# The system calls of a command and all it starts, but for those by which it waits, and looks at what it wrote itself.
calls() { # calls COMMAND…
	strace -f -qq -e signal=none -e 'trace=!poll,clock_nanosleep,restart_syscall,brk,mmap,munmap,futex,wait4,waitid' \
		-o "$BATS_TEST_TMPDIR/trace" "$@" >/dev/null
	grep -vc resumed "$BATS_TEST_TMPDIR/trace"
}

run_once() {
	calls paene --root "$PAENE_DATA" --runroot "$PAENE_RUN" run -q --rm --network none "$image" true
}

listed() { # listed WORD…: a line of `ps` has them all
	local line word
	line=$(paene ps --no-trunc | grep "$1")
	for word; do
		[[ "$line" == *"$word"* ]] || fail "$word is not in: $line"
	done
}

@test "a run makes as many system calls with $many containers as with none; a list looks at each by eleven at most" {
	needs_program strace
	local before after i alone
	alone=$(calls paene --root "$PAENE_DATA" --runroot "$PAENE_RUN" ps)
	before=$(run_once)
	for ((i = 0; i < many; i++)); do
		paene run -dq --network none "$image" sleep 1000 >/dev/null
	done
	after=$(run_once)
	[ "$after" -le $((before + 8)) ] || fail "$before calls alone, $after beside $many" # an id range may be found at the second try
	[ "$(paene ps -q | wc -l)" = "$many" ]
	after=$(calls paene --root "$PAENE_DATA" --runroot "$PAENE_RUN" ps)
	[ "$after" -le $((alone + 11 * many + 30)) ] || fail "$after calls for a list, $alone for an empty one"
	[ "$(paene rm --force --all | wc -l)" = "$many" ]
	[ -z "$(taken)" ]
}

@test "a list shows what is the case: a new name, other settings, a pause, an end that nobody saw" {
	local id
	id=$(start_box box --expose 80 -- sleep 1000)
	listed "$id" box "sleep 1000" 80/tcp Up
	paene rename box other
	listed "$id" other
	paene pause other
	listed "$id" "(Paused)"
	paene unpause other
	paene update --restart always other
	listed "$id" other Up
	paene update --restart no other
	kill -KILL "$(pgrep -f "paene-monitor.*$id")"
	listed "$id" other Up
	kill -KILL "$(field other .State.Pid)"
	wait_until 10 status_is other exited
	[ -z "$(paene ps -q)" ]
	[ "$(paene ps -aq --no-trunc)" = "$id" ]
	[ "$(field other .State.ExitCode)" = 255 ]
}

@test "rm and stop are at many at once: in the order of their names, an error for each that failed" {
	local i
	for i in 1 2 3 4 5; do
		start_box "box$i" --stop-timeout 5 -- sh -c "$deaf" >/dev/null
	done
	for i in 1 2 3 4 5; do
		wait_until 10 has_said "box$i" ready
	done
	run paene stop -t 1 box5 nosuch box1 box3
	[ "$status" != 0 ]
	[ "$(grep -v nosuch <<<"$output")" = $'box5\nbox1\nbox3' ] || fail "$output"
	expect_in_output "no such container: nosuch"
	run paene rm box1 box2 box3
	[ "$status" != 0 ]
	expect_in_output "box2 is running"
	run paene rm -f box2 box4 box5 nosuch
	expect_status 0
	expect_output $'box2\nbox4\nbox5'
	[ -z "$(paene ps -aq)" ]
}
