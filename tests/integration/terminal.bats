# SPDX-License-Identifier: Apache-2.0
# What a container in the foreground gets of its caller: standard input, a terminal, signals.
load ../lib/common
load life

on_terminal() { # on_terminal STEP… -- OPTION… -- COMMAND…: see tests/lib/terminal
	local steps=()
	while [ "$1" != -- ]; do
		steps+=("$1")
		shift
	done
	shift
	run "$tests/lib/terminal" "${steps[@]}" -- \
		paene --root "$PAENE_DATA" --runroot "$PAENE_RUN" run -q --network none "$@"
}

@test "SIGTERM, SIGINT, SIGHUP, SIGUSR1 to paene run reach the container, whose exit status it has" {
	local signal runner
	for signal in TERM INT HUP USR1; do
		command paene --root "$PAENE_DATA" --runroot "$PAENE_RUN" run -q --rm --network none --name box "$image" \
			sh -c "$(polite $signal)" >"$BATS_TEST_TMPDIR/out" 3>&- &
		runner=$!
		wait_until 10 grep -q ready "$BATS_TEST_TMPDIR/out"
		kill -$signal $runner
		status=0
		wait $runner || status=$?
		[ $status = 5 ] || fail "SIG$signal: status $status" "$(cat "$BATS_TEST_TMPDIR/out")"
		rm "$BATS_TEST_TMPDIR/out"
	done
}

@test "-i: what is piped in arrives whole, to its end" {
	head -c 5000000 /dev/urandom >"$BATS_TEST_TMPDIR/data"
	paene run --rm -qi --network none "$image" cat <"$BATS_TEST_TMPDIR/data" | cmp - "$BATS_TEST_TMPDIR/data"
	[ "$(echo abc | paene run --rm -qi --network none "$image" sh -c 'read x; echo $x; wc -c')" = $'abc\n0' ]
}

@test "-i: a command that does not read its input, and a reader that goes away, hang nobody" {
	yes | paene run --rm -qi --network none "$image" true
	head -c 5000000 /dev/zero | paene run --rm -qi --network none "$image" head -c 1 >/dev/null
	run bash -c '"$0" --root "$PAENE_DATA" --runroot "$PAENE_RUN" run --rm -q --network none localhost/busybox:1 \
		sh -c "head -c 5000000 /dev/zero; echo written >&2" | head -c 1 >/dev/null' "$PAENE_BUILD/paene"
	expect_in_output written
}

@test "-it: the window's size at the start, and each time it changes" {
	on_terminal size 33 111 -- --rm -it "$image" stty size
	expect_status 0
	expect_in_output "33 111"
	on_terminal see ready size 12 34 see changed -- \
		--rm -it "$image" sh -c 'trap "echo changed; stty size; exit" WINCH; echo ready; while :; do sleep 0.05; done'
	expect_status 0
	expect_in_output "12 34"
}

@test "-it: keys go to the container as they are, Ctrl-C too; the terminal is restored" {
	on_terminal raw see ready type '\x03' -- --rm -it "$image" sh -c 'trap "echo interrupted; exit 9" INT; echo ready; while :; do sleep 0.05; done'
	expect_status 9
	expect_in_output interrupted
	expect_in_output "[restored]"
	on_terminal see ready type 'x\x04' -- --rm -it "$image" sh -c 'stty raw -echo; echo ready; dd bs=1 count=2 2>/dev/null | od -An -tx1'
	expect_in_output "78 04"
	expect_in_output "[restored]"
}

@test "-it: a shell, its job control, and its end" {
	on_terminal see '#' type 'tty\n' see /dev/pts/0 type 'sh -c "echo go$((1 + 1)); exec sleep 1000"\n' see go2 type '\x03' see '#' \
		type 'echo $((6 * 7))\n' see 42 type 'exit 3\n' -- --rm -it "$image" sh
	expect_status 3
	expect_in_output "[restored]"
	[[ "$output" != *"job control turned off"* ]]
}

@test "-it --init: Ctrl-C reaches the command" {
	on_terminal raw see ready type '\x03' -- --rm -it --init "$image" sh -c 'echo ready; exec sleep 1000'
	expect_status 130
	expect_in_output "[restored]"
}

@test "-it: the terminal is restored when the container is killed, and when it cannot be started" {
	on_terminal raw see ready type '\n' -- --rm -it --init "$image" sh -c 'echo ready; read x; kill -9 $$'
	expect_status 137
	expect_in_output "[restored]"
	on_terminal -- --rm -it "$image" nosuch
	expect_status 127
	expect_in_output "[restored]"
}

@test "-it: SIGTERM to paene run restores the terminal" {
	on_terminal raw see ready signal TERM -- --rm -it "$image" sh -c "$(polite TERM)"
	expect_status 5
	expect_in_output "[restored]"
}

@test "-t without -i: a terminal to write on, and the caller's stays as it is" {
	on_terminal see '/dev/pts/0' -- --rm -t "$image" tty
	expect_status 0
	run paene run -q --rm -t --network none "$image" sh -c 'test -t 1 && echo terminal' </dev/null
	expect_in_output terminal
}

@test "-d -t: what it writes on its terminal is in the log" {
	start_box box -t -- sh -c 'tty; echo "to the terminal"'
	paene wait box
	has_said box "to the terminal"
	has_said box /dev/pts/0
}
