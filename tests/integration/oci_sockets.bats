#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene-oci and the sockets of others: pidfds, readiness for the service manager, the agent of a seccomp filter.

load ../lib/common
load ../lib/oci

setup_file() {
	needs_program python3
	before_all
}

setup() {
	socket=$BATS_TEST_TMPDIR/socket
	heard=$BATS_TEST_TMPDIR/heard
	before_each
}

teardown() {
	[ -z "${listener-}" ] || kill "$listener" 2>/dev/null || :
	after_each
}

# takes_pidfds N: N connections of a stream socket; writes each one's text and the pid that its fd stands for
takes_pidfds() {
	python3 - "$socket" "$1" >"$heard" 3>&- <<-'EOF2' &
		import re, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.bind(sys.argv[1])
		s.listen()
		for _ in range(int(sys.argv[2])):
		    text, fds, _, _ = socket.recv_fds(s.accept()[0], 4096, 4)
		    info = open(f"/proc/self/fdinfo/{fds[0]}").read()
		    print(text.decode(), len(fds), re.search(r"^Pid:\s+(\d+)", info, re.M)[1], flush=True)
	EOF2
	listener=$!
	wait_until 5 listens "$socket"
}

# a service manager: every datagram on a line of its own, fds closed as they come
hears() { # hears ADDRESS
	python3 - "$1" >"$heard" 3>&- <<-'EOF2' &
		import os, socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind(sys.argv[1].replace("@", "\0"))
		print("listening", flush=True)
		while True:
		    text, fds, _, _ = socket.recv_fds(s, 4096, 4)
		    print(text, len(fds), flush=True)
		    for fd in fds:
		        os.close(fd)
	EOF2
	listener=$!
	wait_until 5 grep -q listening "$heard"
}

say_ready() { # say_ready ID TEXT: as the container's process would, who has no program for it
	python3 - "/proc/$(oci state "$1" | jq .pid)/root/run/notify/notify.sock" "$2" <<-'EOF2'
		import socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.sendto(sys.argv[2].encode().decode("unicode_escape").encode(), sys.argv[1])
	EOF2
}

@test "--pidfd-socket of create and run: a pidfd of the first process" {
	takes_pidfds 2
	command_is sleep 100
	oci create -b "$bundle" --pidfd-socket "$socket" --pid-file "$BATS_TEST_TMPDIR/pid" p
	oci run -d -b "$bundle" --pidfd-socket="$socket" --pid-file "$BATS_TEST_TMPDIR/pid2" q
	wait "$listener"
	[ "$(<"$heard")" = "standard 1 $(<"$BATS_TEST_TMPDIR/pid")"$'\n'"standard 1 $(<"$BATS_TEST_TMPDIR/pid2")" ]
}

@test "--pidfd-socket that nobody listens on: nothing is made" {
	run oci create -b "$bundle" --pidfd-socket "$BATS_TEST_TMPDIR/nobody" p
	expect_status 1
	expect_in_output "pidfd socket"
	expect_in_output "$BATS_TEST_TMPDIR/nobody"
	[ -z "$(oci list -q)" ]
}

@test "run.oci.pidfd_receiver: crun's word for it" {
	takes_pidfds 1
	edit_bundle "$bundle" ".annotations = {\"run.oci.pidfd_receiver\": \"$socket\"}"
	oci create -b "$bundle" --pid-file "$BATS_TEST_TMPDIR/pid" p
	wait "$listener"
	[ "$(<"$heard")" = "standard 1 $(<"$BATS_TEST_TMPDIR/pid")" ]
}

@test "NOTIFY_SOCKET: start waits for READY=1 and passes it on with MAINPID; nothing else is passed on" {
	hears "$socket"
	command_is sleep 100
	edit_bundle "$bundle" '.mounts += [{"destination": "/run", "type": "tmpfs", "source": "tmpfs"}]'
	NOTIFY_SOCKET=$socket oci create -b "$bundle" n
	local pid
	pid=$(oci state n | jq .pid)
	NOTIFY_SOCKET=$socket oci start n 3>&- &
	local start=$!
	wait_until 5 test -S "/proc/$pid/root/run/notify/notify.sock"
	say_ready n 'STATUS=not yet\n'
	say_ready n 'WATCHDOG=1\nEXTEND_TIMEOUT_USEC=1\n'
	sleep 0.3
	kill -0 "$start"
	[ "$(<"$heard")" = listening ]
	say_ready n 'STATUS=fine\nREADY=1\nMAINPID=1\n'
	wait "$start"
	status_is n running
	[ "$(<"$heard")" = "listening
b'READY=1' 0
b'MAINPID=$pid' 0
b'BARRIER=1' 1" ] || fail "$(<"$heard")"
	tr '\0' '\n' <"/proc/$pid/environ" | grep -qx NOTIFY_SOCKET=/run/notify/notify.sock
}

@test "NOTIFY_SOCKET: start ends with the container, be it never ready" {
	hears "$socket"
	command_is true
	edit_bundle "$bundle" '.mounts += [{"destination": "/run", "type": "tmpfs", "source": "tmpfs"}]'
	NOTIFY_SOCKET=$socket oci create -b "$bundle" n
	NOTIFY_SOCKET=$socket oci start n
	[ "$(<"$heard")" = listening ]
}

@test "NOTIFY_SOCKET: run -d waits; the container cannot write beside the socket" {
	hears "@paene-test-$$"
	command_is sh -c 'echo x >/run/notify/y; sleep 100'
	edit_bundle "$bundle" '.mounts += [{"destination": "/run", "type": "tmpfs", "source": "tmpfs"}]'
	NOTIFY_SOCKET=@paene-test-$$ oci run -d -b "$bundle" n >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	local run=$!
	wait_until 5 status_is n running
	say_ready n 'READY=1'
	wait "$run"
	grep -q "MAINPID=$(oci state n | jq .pid)'" "$heard"
	wait_until 5 grep -q "Read-only file system" "$BATS_TEST_TMPDIR/out"
}

@test "NOTIFY_SOCKET: run in the foreground is the service's main process, and goes on" {
	hears "$socket"
	command_is sh -c 'until [ -e /run/go ]; do sleep 0.05; done; exit 7'
	edit_bundle "$bundle" '.mounts += [{"destination": "/run", "type": "tmpfs", "source": "tmpfs"}]'
	NOTIFY_SOCKET=$socket command paene-oci --root "$PAENE_RUN/oci" run -b "$bundle" n 3>&- &
	local run=$! code=0
	wait_until 5 status_is n running
	say_ready n 'READY=1'
	wait_until 5 grep -q "MAINPID=$run'" "$heard"
	touch "/proc/$(oci state n | jq .pid)/root/run/go"
	wait "$run" || code=$?
	[ "$code" = 7 ]
}

@test "NOTIFY_SOCKET of start alone is somebody else's" {
	command_is sleep 100
	oci create -b "$bundle" n
	NOTIFY_SOCKET=$socket oci start n
	status_is n running
}

# The agent of a filter: takes N listeners, writes each one's document to $heard, and answers whoever waits: calls in $continue go
# on, all others get ENOMEDIUM.
agent() { # agent N [SYSCALL-NUMBER…]
	python3 - "$socket" "$@" >"$heard" 2>"$BATS_TEST_TMPDIR/agent-says" 3>&- <<-'EOF2' &
		import errno, fcntl, select, socket, struct, sys
		RECV, SEND, CONTINUE = 0xC0502100, 0xC0182101, 1
		s = socket.socket(socket.AF_UNIX)
		s.bind(sys.argv[1])
		s.listen()
		left, goes_on, fds = int(sys.argv[2]), set(map(int, sys.argv[3:])), []
		while left or fds:
		    for fd in select.select(([s] if left else []) + fds, [], [])[0]:
		        if fd is s:
		            text, got, _, _ = socket.recv_fds(s.accept()[0], 65536, 4)
		            print(text.decode(), flush=True)
		            fds += got
		            left -= 1
		            continue
		        try:
		            call = bytearray(80)
		            fcntl.ioctl(fd, RECV, call)
		            cookie, _, _, number = struct.unpack_from("QIIi", call)
		            answer = (0, 0, CONTINUE) if number in goes_on else (0, -errno.ENOMEDIUM, 0)
		            fcntl.ioctl(fd, SEND, struct.pack("QqiI", cookie, *answer))
		        except OSError:  # all who had the filter have ended
		            fds.remove(fd)
	EOF2
	listener=$!
	wait_until 5 listens "$socket"
}

filter_asks() { # filter_asks SYSCALL…: what the agent is asked about; everything else is allowed
	local names
	names=$(jq -cn '$ARGS.positional' --args -- "$@")
	edit_bundle "$bundle" ".linux.seccomp = {\"defaultAction\": \"SCMP_ACT_ALLOW\", \"listenerPath\": \"$socket\",
		\"listenerMetadata\": \"some words\", \"syscalls\": [{\"names\": $names, \"action\": \"SCMP_ACT_NOTIFY\"}]}"
}

needs_x86_64() {
	[ "$(uname -m)" = x86_64 ] || skip "the numbers of system calls are those of x86_64"
}

@test "SCMP_ACT_NOTIFY: the agent gets the fd with the state of the process, and decides; with and without no_new_privs" {
	needs_x86_64
	filter_asks mkdir
	command_is sh -c 'mkdir /dev/shm/x; echo "status $?"'
	local nnp
	for nnp in true false; do
		edit_bundle "$bundle" ".process.noNewPrivileges = $nnp"
		rm -f "$socket"
		agent 1
		oci create -b "$bundle" --pid-file "$BATS_TEST_TMPDIR/pid" s >"$BATS_TEST_TMPDIR/out" 2>&1
		wait_until 5 test -s "$heard"
		[ "$(jq -r '[.ociVersion, .fds[0], (.fds | length), .pid, .metadata] | join(" ")' "$heard")" = \
			"1.3.0 seccompFd 1 $(<"$BATS_TEST_TMPDIR/pid") some words" ] || fail "$(<"$heard")"
		[ "$(jq -r '.state | [.id, .status, .pid, .bundle] | join(" ")' "$heard")" = \
			"s creating $(<"$BATS_TEST_TMPDIR/pid") $bundle" ] || fail "$(<"$heard")"
		oci start s
		wait_until 5 status_is s stopped
		oci delete s
		wait "$listener"
		[ "$(<"$BATS_TEST_TMPDIR/out")" = "mkdir: can't create directory '/dev/shm/x': No medium found"$'\nstatus 1' ] ||
			fail "$(<"$BATS_TEST_TMPDIR/out")"
	done
}

@test "SCMP_ACT_NOTIFY on the calls that the fd itself is sent with" {
	needs_x86_64
	filter_asks sendmsg recvmsg mkdir
	command_is sh -c 'mkdir /dev/shm/x; echo "status $?"'
	agent 2 46 47
	run oci run -b "$bundle" s
	expect_status 0
	expect_in_output "No medium found"
	edit_bundle "$bundle" ".process.noNewPrivileges = false"
	run oci run -b "$bundle" s
	expect_status 0
	expect_in_output "No medium found"
	wait "$listener"
}

@test "SCMP_ACT_NOTIFY: an exec has a listener of its own" {
	needs_x86_64
	filter_asks mkdir
	command_is sleep 100
	agent 2
	oci run -d -b "$bundle" s
	run oci exec s sh -c 'mkdir /dev/shm/x; echo "status $?"'
	expect_status 0
	expect_in_output "No medium found"
	[ "$(wc -l <"$heard")" = 2 ]
	[ "$(tail -n 1 "$heard" | jq -r '[.metadata, .state.status, .state.pid] | join(" ")')" = \
		"some words running $(oci state s | jq .pid)" ]
	[ "$(tail -n 1 "$heard" | jq .pid)" != "$(oci state s | jq .pid)" ]
	oci kill s 9
	wait "$listener"
}

@test "SCMP_ACT_NOTIFY that cannot be: no agent, nobody there, write, everything" {
	filter_asks mkdir
	run oci run -b "$bundle" s
	expect_status 1
	expect_in_output "linux.seccomp.listenerPath"
	edit_bundle "$bundle" 'del(.linux.seccomp.listenerPath)'
	run oci run -b "$bundle" s
	expect_status 1
	expect_in_output "linux.seccomp.listenerPath: missing"
	filter_asks write
	run oci run -b "$bundle" s
	expect_status 1
	expect_in_output "SCMP_ACT_NOTIFY cannot be used for the write syscall"
	edit_bundle "$bundle" '.linux.seccomp = {"defaultAction": "SCMP_ACT_NOTIFY"}'
	run oci run -b "$bundle" s
	expect_status 1
	expect_in_output "SCMP_ACT_NOTIFY cannot be used as default action"
	[ -z "$(oci list -q)" ]
}
