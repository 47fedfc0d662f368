# SPDX-License-Identifier: Apache-2.0
# kill -9 at random moments, with nobody tracing: `paene run`, `paene load` and the monitor.
load lib

rounds=${FAULT_ROUNDS:-15}

setup_file() {
	has_corner || return 0
	load_busybox
	paene run --rm $image true # what is made once: the network, compiled filters
}

setup() {
	needs_root
	leak_check_before
}

teardown() {
	paene rm -f -a
	leak_check_after
}

kill_wait() { # kill_wait PID: it may have come to its end already
	kill -KILL "$1" 2>/dev/null || true
	wait "$1" || true
}

@test "run, killed: the next command works, rm -f removes all" {
	local i
	for ((i = 0; i < rounds; i++)); do
		command paene --root "$PAENE_DATA" --runroot "$PAENE_RUN" run --name victim $image sleep 0.02 &
		a_moment 120
		kill_wait $!
		next_commands_work
		paene rm -f victim
	done
}

# The program behind the roots of this file's containers: by the folder that it has open.
kill_server() {
	local fd
	for fd in /proc/[0-9]*/fd/4; do
		[[ "$(readlink "$fd")" != "$PAENE_DATA"/containers/* ]] || kill -KILL "$(cut -d/ -f3 <<<"$fd")" 2>/dev/null || true
	done
}

@test "run with a root by fuse-overlayfs, that or the command killed: the next command works, nothing is left" {
	needs_program fuse-overlayfs
	local i
	for ((i = 0; i < rounds; i++)); do
		command paene --root "$PAENE_DATA" --runroot "$PAENE_RUN" --storage-driver fuse-overlayfs run --name victim $image sleep 0.02 &
		a_moment 120
		if [ $((i % 2)) = 0 ]; then
			kill_server
			wait $! || true # with whatever status: it ends
		else
			kill_wait $!
		fi
		next_commands_work
		paene rm -f victim
	done
}

@test "run -d, killed: the next command works, rm -f removes all" {
	local i
	for ((i = 0; i < rounds; i++)); do
		command paene --root "$PAENE_DATA" --runroot "$PAENE_RUN" run -d --name victim $image sleep 1000 3>&- &
		a_moment 120
		kill_wait $!
		next_commands_work
		paene rm -f victim
	done
}

@test "load, killed: images are whole or not there, the next load works, nothing is left in flight" {
	local i
	make_image localhost/other:1 "$BATS_TEST_TMPDIR/other.tar" 'Cmd=["/bin/ls"]'
	for ((i = 0; i < rounds; i++)); do
		command paene --root "$PAENE_DATA" --runroot "$PAENE_RUN" load -q -i "$BATS_TEST_TMPDIR/other.tar" &
		a_moment 300
		kill_wait $!
		next_commands_work
		if paene images --format '{{.Names}}' | grep -q localhost/other; then
			paene run --rm --network none localhost/other:1 true
		fi
		paene load -q -i "$BATS_TEST_TMPDIR/other.tar"
		paene run --rm --network none localhost/other:1 true
		paene rmi localhost/other:1
		[ -z "$(ls -A "$PAENE_DATA/images/tmp")" ]
	done
}

@test "the monitor, killed while its container ends and starts again: the next command works, rm -f removes all" {
	local i monitor
	for ((i = 0; i < rounds; i++)); do
		paene run -d --name victim --restart always $image sleep 0.05 3>&-
		monitor=$(monitor_of victim) || monitor=
		a_moment 400
		[ -z "$monitor" ] || kill -KILL "$monitor" 2>/dev/null || true
		next_commands_work
		paene rm -f victim
	done
}
