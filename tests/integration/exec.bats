#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene exec: a further command in a running container.

load ../lib/common

image=localhost/busybox:1

setup_file() {
	needs_root
	load_busybox
	paene run -dq --name box -e OWN=own -w /tmp -h box "$image" sleep 1000 >/dev/null
}

teardown_file() {
	paene rm -f box
}

setup() {
	needs_root
	rm -f "$PAENE_RUN"/seccomp/* # filters are kept, compiled
	leak_check_before
}

teardown() {
	rm -f "$PAENE_RUN"/seccomp/*
	leak_check_after
}

inside() { # inside FILE KEY: a line of /proc/self/status there
	paene exec "$@" box awk "/^$key/ {print \$2}" /proc/self/status
}

@test "the command's output and exit status" {
	run --separate-stderr paene exec box sh -c 'echo out; echo err >&2; exit 7'
	expect_status 7
	[ "$output" = out ]
	[ "$stderr" = err ]
	run paene exec box sh -c 'kill -9 $$'
	expect_status 137
}

@test "126, 127, 125" {
	run paene exec box /etc
	expect_status 126
	run paene exec box nosuch
	expect_status 127
	expect_in_output "executable file not found"
	paene create --name idle "$image" true >/dev/null
	run paene exec idle true
	expect_status 125
	expect_in_output "container idle is not running: it is created"
	paene rm idle
}

@test "it is in the container: namespaces, host name, processes" {
	local pid kind
	pid=$(paene inspect --format '{{.State.Pid}}' box)
	for kind in user mnt pid net ipc uts cgroup; do
		[ "$(paene exec --privileged box readlink /proc/self/ns/$kind)" = "$(readlink "/proc/$pid/ns/$kind")" ]
	done
	[ "$(paene exec box hostname)" = box ]
	paene exec box ps | grep -q 'sleep 1000'
	[ "$(paene exec box cat /proc/self/cgroup)" = "$(paene exec box cat /proc/1/cgroup)" ]
}

@test "environment, folder and user are the container's, but for the options" {
	[ "$(paene exec box sh -c 'echo "$OWN $(pwd) $(id -u) $HOME"')" = "own /tmp 0 /root" ]
	[ "$(OURS=ours paene exec -e A=b -e OURS -e NOTHING -e OWN=other -w / -u 12:34 box \
		sh -c 'echo "$A $OURS ${NOTHING-unset} $OWN $(pwd) $(id -u) $(id -g)"')" = "b ours unset other / 12 34" ]
	EMPTY= run paene exec -e EMPTY box sh -c 'echo "${EMPTY-unset}|"'
	expect_output "|"
	run paene exec -w relative box true
	expect_status 125
	run paene exec -e =x box true
	expect_status 125
	run paene exec -u nobody-here box true
	expect_status 125
}

@test "it is confined as the container is; --privileged is not" {
	local key
	for key in CapEff CapBnd Seccomp: NoNewPrivs; do
		[ "$(inside)" = "$(paene exec box awk "/^$key/ {print \$2}" /proc/1/status)" ]
	done
	key=Seccomp: && [ "$(inside --privileged)" = 0 ]
	key=CapEff && [ "$(inside --privileged)" = 000001ffffffffff ]
}

@test "--privileged without a user namespace of its own: what we have not lost ourselves" {
	paene run -dq --name host --userns host --network none "$image" sleep 1000 >/dev/null
	run paene exec --privileged host awk '/^CapEff/ {print $2}' /proc/self/status
	paene rm -f host >/dev/null
	expect_status 0
	expect_output "$(awk '/^CapBnd/ {print $2}' /proc/self/status)"
}

@test "-i: standard input to its end; without it there is none" {
	run paene exec -i box cat <<<"from outside"
	expect_output "from outside"
	run paene exec box cat <<<"from outside"
	expect_output ""
	head -c 1000000 /dev/zero | paene exec -i box cat | wc -c | grep -qx 1000000
}

@test "-t: a terminal" {
	run paene exec -t box sh -c 'tty; echo "$TERM"; exit 3'
	expect_status 3
	expect_in_output /dev/pts/
	expect_in_output xterm
}

@test "-d: in the background" {
	run paene exec -d box sh -c 'sleep 0.3; echo done >/dev/shm/background'
	expect_status 0
	expect_output ""
	wait_until 5 paene exec box test -s /dev/shm/background
}

@test "options of the command are its own" {
	[ "$(paene exec box echo -e --user x)" = "--user x" ]
}

@test "a container with a filter of its own" {
	cat >"$BATS_TEST_TMPDIR/filter.json" <<-'EOF2'
		{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}
	EOF2
	paene run -dq --name filtered --security-opt "seccomp=$BATS_TEST_TMPDIR/filter.json" "$image" sleep 100 >/dev/null
	run paene exec filtered mkdir /tmp/x
	paene rm -f filtered
	expect_status 1
	expect_in_output "not supported"
}

@test "--env-file: a line for each variable, before those of --env" {
	printf '# remark\n\nONE=1\r\nTWO=2\n  THREE=3\nHOST_OWN\n' >"$BATS_TEST_TMPDIR/env"
	run env HOST_OWN=mine "$PAENE_BUILD/paene" --root "$PAENE_DATA" --runroot "$PAENE_RUN" exec --env-file "$BATS_TEST_TMPDIR/env" \
		-e TWO=two box sh -c 'echo $ONE,$TWO,$THREE,$HOST_OWN'
	expect_output 1,two,3,mine
	run paene exec --env-file /nowhere box true
	expect_status 125
	expect_in_output "open /nowhere: No such file"
	echo '=x' >"$BATS_TEST_TMPDIR/env"
	run paene exec --env-file "$BATS_TEST_TMPDIR/env" box true
	expect_in_output "$BATS_TEST_TMPDIR/env: environment: \"=x\" has no name"
}

@test "--preserve-fds: so many from 3 on, and only what is open" {
	echo three >"$BATS_TEST_TMPDIR/three"
	[ "$(paene exec --preserve-fds 1 box cat /proc/self/fd/3 3<"$BATS_TEST_TMPDIR/three")" = three ]
	run paene exec box sh -c 'cat <&3' 3<"$BATS_TEST_TMPDIR/three"
	[ "$status" -ne 0 ]
	run paene exec --preserve-fds 200 box true
	expect_status 125
	expect_in_output "--preserve-fds 200: descriptor"
}

@test "--latest: the one that was made last; all words are the command's" {
	[ "$(paene exec -l hostname)" = box ]
	[ "$(paene exec --latest echo -l x)" = "-l x" ]
	run paene exec box
	expect_status 125
	expect_in_output "name a command"
}

@test "secrets that are variables are there, too; one that was removed is left out" {
	printf hidden | paene secret create word - >/dev/null
	paene run -dq --name keeper --secret word,type=env,target=WORD "$image" sleep 1000 >/dev/null
	[ "$(paene exec keeper sh -c 'echo $WORD')" = hidden ]
	paene secret rm word >/dev/null
	[ "$(paene exec keeper sh -c 'echo $WORD.')" = . ]
	paene rm -f keeper >/dev/null
	rmdir "$PAENE_DATA/secrets"
}
