# SPDX-License-Identifier: Apache-2.0
# attach: looking at a container that runs in the background, typing to it, and leaving it running.
load ../lib/common
load life

paene_words() {
	echo paene --root "$PAENE_DATA" --runroot "$PAENE_RUN"
}

on_terminal() { # on_terminal STEP… -- VERB…: see tests/lib/terminal
	local steps=()
	while [ "$1" != -- ]; do
		steps+=("$1")
		shift
	done
	shift
	run "$tests/lib/terminal" "${steps[@]}" -- paene --root "$PAENE_DATA" --runroot "$PAENE_RUN" "$@"
}

@test "attach: what is typed goes in, what it writes comes out, the status is its own" {
	start_box box -i -- sh -c 'read x; echo "got $x"; echo bad >&2; exit 7'
	run --separate-stderr bash -c "echo hello | $(paene_words) attach box"
	expect_status 7
	expect_output "got hello"
	[ "$stderr" = bad ]
}

@test "attach: binary data, whole, both ways, to the end of the input" {
	head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/data"
	start_box box -i --log-driver none -- cat
	paene attach box <"$BATS_TEST_TMPDIR/data" | cmp - "$BATS_TEST_TMPDIR/data"
	[ "$(paene wait box)" = 0 ]
}

@test "run -d, attach, the keys, attach again: it goes on" {
	start_box box -it -- sh -c 'while read x; do echo "<$x>"; done'
	on_terminal raw type 'one\n' see '<one>' type '\x10\x11' -- attach box
	expect_status 0
	expect_in_output "[restored]"
	status_is box running
	on_terminal raw type 'two\n' see '<two>' type 'abc' -- attach --detach-keys a,b,c box
	expect_status 0
	status_is box running
	on_terminal raw type '\x10three\n' see 'three>' type '\x04' -- attach box
	expect_status 0
	status_is box exited
}

@test "run -it: the keys leave it running, in the background; run without them ends with it" {
	on_terminal see ready type '\x10\x11' -- run -qit --name box --network none "$image" \
		sh -c 'echo ready; while read x; do echo "<$x>"; done; exit 3'
	expect_status 0
	expect_in_output "[restored]"
	status_is box running
	on_terminal raw type 'x\n' see '<x>' type '\x04' -- attach box
	expect_status 3
	paene rm box
	on_terminal see ready type '\n' -- run -qit --rm --name box --network none "$image" sh -c 'echo ready; read x; exit 4'
	expect_status 4
	gone box
}

@test "exec -it: the keys leave it running" {
	start_box box -- sleep 1000
	on_terminal see ready type '\x10\x11' -- exec -it box sh -c 'echo ready; while [ ! -e /tmp/go ]; do sleep 0.05; done; echo went >/tmp/went'
	expect_status 0
	expect_in_output "[restored]"
	paene exec box touch /tmp/go
	wait_until 10 paene exec box test -e /tmp/went
}

@test "several at once see the same, in its order; one that goes away disturbs nobody" {
	start_box box -i -- sh -c 'read x; i=0; while [ $i -lt 3000 ]; do echo "line $i"; i=$((i + 1)); done; sleep 0.1'
	local n words pids=() before
	before=$(paene events --no-stream --filter event=attach | wc -l)
	words=$(paene_words)
	for n in 1 2 3; do
		bash -c "exec $words attach --no-stdin box" >"$BATS_TEST_TMPDIR/out$n" 3>&- &
		pids+=($!)
	done
	bash -c "exec $words attach --no-stdin box" >/dev/null 3>&- &
	local one=$!
	wait_until 10 attached $((before + 4))
	kill -KILL $one
	echo go | paene attach box >"$BATS_TEST_TMPDIR/out0"
	wait "${pids[@]}"
	for n in 0 1 2 3; do
		seq -f "line %g" 0 2999 | cmp - "$BATS_TEST_TMPDIR/out$n"
	done
}

attached() { # attached N: so often, all in all
	[ "$(paene events --no-stream --filter event=attach | wc -l)" -ge "$1" ]
}

@test "--sig-proxy: signals go to it, or end the looking alone" {
	start_box box -- sh -c "$(polite USR1)"
	wait_until 10 has_said box ready
	local pid before
	before=$(paene events --no-stream --filter event=attach | wc -l)
	bash -c "exec $(paene_words) attach --sig-proxy=false box" 3>&- &
	pid=$!
	wait_until 10 attached $((before + 1))
	kill -TERM $pid
	wait $pid
	status_is box running
	bash -c "exec $(paene_words) attach box" 3>&- &
	pid=$!
	wait_until 10 attached $((before + 2))
	kill -USR1 $pid
	status=0
	wait $pid || status=$?
	[ "$status" = 5 ]
}

@test "start --attach of one that runs attaches to it; -a chooses streams" {
	start_box box -i -- sh -c 'read x; echo "got $x"; exit 6'
	run bash -c "echo hello | $(paene_words) start -ai box"
	expect_status 6
	expect_output "got hello"
	run --separate-stderr paene run -q --rm --network none -a stderr "$image" sh -c 'echo out; echo err >&2'
	expect_output ""
	[ "$stderr" = err ]
	run --separate-stderr paene run -q --rm --network none -a stdout "$image" sh -c 'echo out; echo err >&2'
	expect_output out
	[ "$stderr" = "" ]
	run paene run -a tape --rm --network none "$image" true
	expect_status 125
	expect_in_output "--attach tape: it is stdin, stdout or stderr"
	run paene run -d -a stdout --rm --network none "$image" true
	expect_in_output "exclude each other"
}

@test "attach: what cannot be attached to is said" {
	run paene attach nobody
	expect_status 125
	expect_in_output "no such container: nobody"
	paene create --name box --network none "$image" sleep 1000 >/dev/null
	run paene attach box
	expect_status 125
	expect_in_output "not running: it is created"
	run paene attach --detach-keys ctrl-? box
	expect_in_output "--detach-keys ctrl-?"
	run paene attach
	expect_in_output "name a container, or give --latest"
	paene start box
	kill -KILL "$(pgrep -f "paene-monitor.*$(field box .Id)")"
	run paene attach box
	expect_status 125
	expect_in_output "nobody in the background"
}
