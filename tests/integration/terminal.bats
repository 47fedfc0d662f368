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
	verb_on_terminal "${steps[@]}" -- run -q --network none "$@"
}

verb_on_terminal() { # verb_on_terminal STEP… -- VERB…
	local steps=()
	while [ "$1" != -- ]; do
		steps+=("$1")
		shift
	done
	shift
	run "$tests/lib/terminal" "${steps[@]}" -- paene --root "$PAENE_DATA" --runroot "$PAENE_RUN" "$@"
}

# For `do`: another command about the same containers
besides="paene --root $PAENE_DATA --runroot $PAENE_RUN"

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

@test "the terminal is restored by every end: signals, kill, rm -f, of run, exec, attach and start" {
	local signal
	for signal in INT HUP; do
		on_terminal raw see ready signal $signal -- --rm -it "$image" sh -c "$(polite $signal)"
		expect_status 5
		expect_in_output "[restored]"
	done
	on_terminal raw see ready do "$besides kill box" -- --name box -it "$image" sh -c 'echo ready; exec sleep 1000'
	expect_status 137
	expect_in_output "[restored]"
	verb_on_terminal raw see ready do "$besides kill box" -- start -ai box
	expect_status 137
	expect_in_output "[restored]"
	paene rm -f box
	start_box box -it -- sleep 1000
	verb_on_terminal raw see ready do "$besides kill box" -- exec -it box sh -c 'echo ready; exec sleep 1000'
	[ "$status" != 0 ]
	expect_in_output "[restored]"
	paene start box
	verb_on_terminal raw do "$besides rm -f box" -- attach box
	[ "$status" != 0 ]
	expect_in_output "[restored]"
	gone box
	verb_on_terminal -- exec -it box sh
	expect_status 125
	expect_in_output "[restored]"
}

@test "the window's size reaches exec, attach and start" {
	local loop='trap "stty size; exit" WINCH; echo ready; while :; do sleep 0.05; done'
	start_box box -- sleep 1000
	verb_on_terminal see ready size 12 34 see "12 34" -- exec -it box sh -c "$loop"
	expect_status 0
	paene rm -f box
	start_box box -it -- sh -c 'trap "stty size" WINCH; while :; do sleep 0.05; done' # attaching is a change of size, too
	verb_on_terminal raw size 13 35 see "13 35" type '\x10\x11' -- attach box
	expect_status 0
	paene kill box
	verb_on_terminal raw size 14 36 see "14 36" type '\x10\x11' -- start -ai box
	expect_status 0
}

@test "--detach-keys of run, exec and start" {
	on_terminal see ready type 'xctrl' type 'q' -- --name box --detach-keys x,c,t,r,l,q -it "$image" sh -c 'echo ready; exec sleep 1000'
	expect_status 0
	expect_in_output "[restored]"
	status_is box running
	verb_on_terminal see ready type '\x01\x02' -- exec --detach-keys ctrl-a,ctrl-b -it box sh -c 'echo ready; exec sleep 1000'
	expect_status 0
	expect_in_output "[restored]"
	paene kill box
	paene wait box
	verb_on_terminal see ready type '\x05' -- start --detach-keys ctrl-e -ai box
	expect_status 0
	expect_in_output "[restored]"
	status_is box running
}

@test "fifty times attached and gone again: the monitor has as many files open as before" {
	local id monitor before i
	id=$(start_box box -it -- cat)
	monitor=$(pgrep -f "paene-monitor.*$id")
	open_files() { find "/proc/$monitor/fd" -mindepth 1 | wc -l; }
	before=$(open_files)
	for ((i = 0; i < 25; i++)); do
		verb_on_terminal raw type "line$i\n" see "line$i" type '\x10\x11' -- attach box
		expect_status 0
		verb_on_terminal raw do 'kill -KILL $PID' -- attach box
		[ "$status" != 0 ]
	done
	as_before() { [ "$(open_files)" = "$before" ]; }
	wait_until 10 as_before
	status_is box running
}

@test "--sig-proxy=false: a signal ends run alone" {
	local runner
	command paene --root "$PAENE_DATA" --runroot "$PAENE_RUN" run -q --sig-proxy=false --network none --name box "$image" \
		sh -c "$(polite USR1)" >"$BATS_TEST_TMPDIR/out" 3>&- &
	runner=$!
	wait_until 10 grep -q ready "$BATS_TEST_TMPDIR/out"
	kill -USR1 $runner
	status_is box running
	paene kill -s USR1 box
	status=0
	wait $runner || status=$?
	[ $status = 5 ]
}

@test "every byte goes through run -i, exec -i and a raw terminal as it is, both ways" {
	local all=$BATS_TEST_TMPDIR/all
	python3 -c 'import sys; sys.stdout.buffer.write(bytes(range(256)) * 4096)' >"$all"
	paene run --rm -qi --network none "$image" cat <"$all" | cmp - "$all"
	start_box box -- sleep 1000
	paene exec -i box cat <"$all" | cmp - "$all"
	paene exec -i box sh -c 'cat >/all; md5sum </all' <"$all" | cmp - <(md5sum <"$all")
	run "$tests/lib/terminal" raw see ready paste "$all" see "$(md5sum <"$all" | cut -c1-32)" -- paene --root "$PAENE_DATA" \
		--runroot "$PAENE_RUN" exec --detach-keys "" -it box sh -c 'stty raw -echo; echo ready; head -c 1048576 | md5sum'
	expect_status 0
	expect_in_output "[restored]"
}

@test "what is written to one stream after the other was read comes in this order" {
	local i line
	coproc runner { bash -c "exec $besides run --rm -qi --network none $image sh -c 'while read n; do echo out\$n; read n; echo err\$n >&2; done' 2>&1"; }
	for ((i = 0; i < 200; i += 2)); do
		echo $i >&"${runner[1]}"
		read -r line <&"${runner[0]}"
		[ "$line" = "out$i" ]
		echo $((i + 1)) >&"${runner[1]}"
		read -r line <&"${runner[0]}"
		[ "$line" = "err$((i + 1))" ]
	done
	exec {runner[1]}>&-
	wait "$runner_PID"
}

@test "closed streams: run, logs -f, exec with nowhere to write, nothing to read" {
	run bash -c "$besides run --rm -q --network none $image sh -c 'echo lost; exit 7' >&-"
	[ "$status" = 7 ]
	run bash -c "$besides run --rm -qi --network none $image sh -c 'cat; exit 8' <&-"
	[ "$status" = 8 ]
	run bash -c "$besides run --rm -qi --network none $image sh -c 'cat; exit 9' </dev/null"
	[ "$status" = 9 ]
	start_box box -- sh -c 'while :; do echo line; sleep 0.01; done'
	[ "$(paene logs -f box | head -n 3 | wc -l)" = 3 ]
	run bash -c "$besides exec box sh -c 'echo lost; exit 6' >&-"
	[ "$status" = 6 ]
}

@test "job control: Ctrl-Z stops paene run, not the container; fg goes on, raw again on a terminal" {
	local shell=(bash --norc --noprofile -i)
	run env PS1='ready> ' "$tests/lib/terminal" see 'ready>' \
		type "$besides run --rm -q --name box --network none $image sh -c 'while [ ! -e /go ]; do sleep 0.05; done; echo went'\n" \
		do "until $besides exec box true 2>/dev/null; do sleep 0.05; done" type '\x1a' see Stopped \
		do "$besides exec box touch /go" type 'fg\n' see went see 'ready>' type 'exit\n' -- "${shell[@]}"
	expect_status 0
	run env PS1='ready> ' "$tests/lib/terminal" see 'ready>' \
		type "$besides run --rm -qit --name box --network none $image sh -c 'echo beg\"\"un; while read x; do echo \"<\$x>\"; done'\n" \
		see begun raw do "kill -TSTP \$(pgrep -f '^paene .*-qit')" see Stopped type 'fg\n' raw type 'abc\n' see '<abc>' \
		type '\x04' see 'ready>' type 'exit\n' -- "${shell[@]}"
	expect_status 0
}
