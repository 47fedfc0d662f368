#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene run and create, option by option, and the life of a container: start, stop, restart, kill, pause, wait, rm, ps, inspect.

load ../lib/common

image=localhost/busybox:1

setup_file() {
	needs_root
	load_busybox
	paene run -q --rm "$image" true # the bridge, the parent cgroup: they stay
}

setup() {
	needs_root
	rm -f "$PAENE_RUN"/seccomp/* # filters are kept, compiled
	leak_check_before
}

teardown() {
	paene rm --force --all >/dev/null
	rm -f "$PAENE_RUN"/seccomp/*
	leak_check_after
}

in_box() { # in_box OPTION… -- COMMAND…: run it, with options
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	paene run --rm -q "${options[@]}" "$image" "$@"
}

field() { # field CONTAINER PATH
	paene inspect --format "{{$2}}" "$1"
}

status_is() {
	[ "$(field "$1" .State.Status)" = "$2" ]
}

ready_times() { # ready_times CONTAINER N: it has said so N times
	[ "$(paene logs "$1" | grep -cx ready)" = "$2" ]
}

@test "run: output, errors and exit status are the command's" {
	run --separate-stderr paene run --rm -q "$image" sh -c 'echo out; echo err >&2; exit 7'
	expect_status 7
	[ "$output" = out ]
	[ "$stderr" = err ]
	[ -z "$(paene ps -aq)" ]
}

@test "run: 126, 127, 125, and 128 + a signal's number" {
	run paene run --rm -q "$image" /etc
	expect_status 126
	run paene run --rm -q "$image" nosuch
	expect_status 127
	expect_in_output "executable file not found"
	run paene run --rm -q --pull never nosuch:image true
	expect_status 125
	expect_in_output "no such image: nosuch:image"
	run paene run --rm -q --memory nonsense "$image" true
	expect_status 125
	run paene run --rm -q --init "$image" sh -c 'kill -9 $$'
	expect_status 137
}

@test "run -i: standard input, to its end; without it there is none" {
	run in_box -i -- cat <<<"from outside"
	expect_output "from outside"
	run in_box -- cat <<<"from outside"
	expect_output ""
}

@test "run -t, -it: a terminal" {
	needs_program python3
	run in_box -t -- sh -c 'tty; test -t 1 && echo yes'
	expect_in_output /dev/pts/0
	expect_in_output yes
	run python3 - "$PAENE_BUILD/paene" --root "$PAENE_DATA" --runroot "$PAENE_RUN" run --rm -qit "$image" sh <<-'EOF2'
		import os, pty, sys
		pid, fd = pty.fork()
		if pid == 0:
		    os.execv(sys.argv[1], sys.argv[1:])
		os.write(fd, b"stty size; exit 9\n")
		text = b""
		try:
		    while True:
		        piece = os.read(fd, 1000)
		        if not piece:
		            break
		        text += piece
		except OSError:
		    pass
		print(text.decode())
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	EOF2
	expect_status 9
}

@test "run -d: prints the id; ps, inspect and wait know it" {
	local id
	id=$(paene run -dq --name web "$image" sh -c 'until [ -e /go ]; do sleep 0.05; done; exit 4')
	[[ "$id" =~ ^[0-9a-f]{64}$ ]]
	[ "$(paene ps -q --no-trunc)" = "$id" ]
	status_is web running
	[ "$(field "${id:0:12}" .Name)" = web ]
	paene exec web touch /go || true # it may be ended with the container
	[ "$(paene wait web)" = 4 ]
	status_is web exited
	[ "$(field web .State.ExitCode)" = 4 ]
	[ -z "$(paene ps -q)" ]
	[ "$(paene ps -aq)" = "${id:0:12}" ]
}

@test "create, start, start --attach" {
	local id
	id=$(paene create --name made "$image" sh -c 'echo hello; exit 3')
	[[ "$id" =~ ^[0-9a-f]{64}$ ]]
	status_is made created
	[ "$(paene start made 2>/dev/null)" = made ]
	[ "$(paene wait made)" = 3 ]
	run --separate-stderr paene start -a made
	expect_status 3
	expect_output hello
	run paene start --attach made other
	expect_status 125
	expect_in_output "for one container"
	paene create --name cat -i "$image" cat >/dev/null
	run --separate-stderr paene start -ai cat <<<word
	expect_output word
}

@test "start: one that runs is fine, one of several that fails is told, the others start" {
	paene run -dq --name one "$image" sleep 100 >/dev/null
	paene create --name two "$image" sleep 100 >/dev/null
	run paene start one nobody two
	expect_status 125
	[ "${lines[0]}" = one ]
	expect_in_output "no such container: nobody"
	status_is two running
}

@test "names: taken once, random ones, ids by their first digits" {
	paene create --name web "$image" true >/dev/null
	run paene create --name web "$image" true
	expect_status 125
	expect_in_output 'the container name "web" is in use'
	run paene create --name a/b "$image" true
	expect_status 125
	expect_in_output "invalid container name"
	local id
	id=$(paene create "$image" true)
	[[ "$(field "$id" .Name)" =~ ^[a-z]+_[a-z]+ ]]
	[ "$(paene rm "${id:0:10}")" = "${id:0:10}" ]
}

@test "--env, --env-file, -e NAME" {
	printf '# a comment\nFILE=1\nBOTH=file\n' >"$BATS_TEST_TMPDIR/env"
	OURS=taken run in_box -e A=b -e OURS -e NOTHING --env BOTH=option --env-file "$BATS_TEST_TMPDIR/env" -- \
		sh -c 'echo "$A $OURS ${NOTHING-unset} $BOTH $FILE"'
	expect_output "b taken unset option 1"
	run in_box -e =x -- true
	expect_status 125
}

@test "--user, --workdir, --entrypoint, --hostname" {
	run in_box -u 1234:5678 -w /tmp -h box -- sh -c 'id -u; id -g; pwd; hostname'
	expect_output $'1234\n5678\n/tmp\nbox'
	run in_box --user nobody-here -- true
	expect_status 125
	run in_box --workdir relative -- true
	expect_status 125
	run in_box --entrypoint echo -- from the entry point
	expect_output "from the entry point"
}

@test "--volume, --mount, --tmpfs, --read-only" {
	mkdir "$BATS_TEST_TMPDIR/shared"
	echo here >"$BATS_TEST_TMPDIR/shared/file"
	run in_box -v "$BATS_TEST_TMPDIR/shared:/mnt" -- sh -c 'cat /mnt/file; echo more >/mnt/new'
	expect_output here
	[ "$(cat "$BATS_TEST_TMPDIR/shared/new")" = more ]
	[ "$(stat -c %u "$BATS_TEST_TMPDIR/shared/new")" = "$(id -u)" ]
	run in_box -v "$BATS_TEST_TMPDIR/shared:/mnt:ro" -- touch /mnt/x
	[ "$status" -ne 0 ]
	run in_box --mount "type=bind,source=$BATS_TEST_TMPDIR/shared,target=/mnt,ro" -- cat /mnt/file
	expect_output here
	run in_box --tmpfs /scratch -- sh -c 'stat -f -c %T /scratch'
	expect_output tmpfs
	run in_box --read-only -- touch /x
	[ "$status" -ne 0 ]
	run in_box --read-only -- touch /tmp/x
	expect_status 0
	run in_box -v "$BATS_TEST_TMPDIR/nope:/mnt" -- true
	expect_status 125
	expect_in_output "make it first"
}

@test "a volume outlives its containers" {
	in_box -v data:/data -- sh -c 'echo kept >/data/file'
	run in_box -v data:/data -- cat /data/file
	expect_output kept
	rm -r "$PAENE_DATA/volumes/data"
}

@test "--network none and host" {
	run in_box --network none -- ls /sys/class/net
	expect_output lo
	[ "$(in_box --net host -- readlink /proc/self/ns/net)" = "$(readlink /proc/self/ns/net)" ]
	run in_box --network nosuch -- true
	expect_status 125
	run in_box --network none -p 80 -- true
	expect_status 125
}

@test "--publish" {
	needs_program python3
	paene run -dq --name web -p 127.0.0.1:18080:80 "$image" sh -c 'while :; do echo hello | nc -l -p 80; done' >/dev/null
	[ "$(paene ps --format '{{.Ports}}')" = '127.0.0.1:18080->80/tcp' ]
	run paene run --rm -q -p 127.0.0.1:18080:80 "$image" true
	expect_status 125
	expect_in_output 18080
}

@test "--userns: private by default, host" {
	[ "$(in_box -- readlink /proc/self/ns/user)" != "$(readlink /proc/self/ns/user)" ]
	[ "$(in_box --userns host -- readlink /proc/self/ns/user)" = "$(readlink /proc/self/ns/user)" ]
	run in_box --userns other -- true
	expect_status 125
}

@test "--cap-drop, --cap-add, --privileged, --security-opt, --profile" {
	[ "$(in_box --cap-drop ALL -- awk '/CapEff/ {print $2}' /proc/self/status)" = 0000000000000000 ]
	[ "$(in_box --cap-drop all --cap-add net_raw -- awk '/CapEff/ {print $2}' /proc/self/status)" = 0000000000002000 ]
	[ "$(in_box --privileged -- awk '/^Seccomp:/ {print $2}' /proc/self/status)" = 0 ]
	[ "$(in_box --security-opt seccomp=unconfined -- awk '/^Seccomp:/ {print $2}' /proc/self/status)" = 0 ]
	[ "$(in_box -- awk '/^NoNewPrivs/ {print $2}' /proc/self/status)" = 1 ]
	[ "$(in_box --security-opt no-new-privileges=false -- awk '/^NoNewPrivs/ {print $2}' /proc/self/status)" = 0 ]
	paene create --name compat --profile compat "$image" true >/dev/null
	[ "$(field compat .HostConfig.SeccompProfile)" = compat ]
	run in_box --cap-add NONSENSE -- true
	expect_status 125
	run in_box --security-opt nonsense -- true
	expect_status 125
}

@test "--ulimit, --sysctl, --shm-size, --add-host, --device" {
	[ "$(in_box --ulimit nofile=123:456 -- sh -c 'ulimit -Sn; ulimit -Hn' | tr '\n' ' ')" = "123 456 " ]
	[ "$(in_box --sysctl net.ipv4.ip_default_ttl=77 -- cat /proc/sys/net/ipv4/ip_default_ttl)" = 77 ]
	[ "$(in_box --shm-size 1m -- df -k /dev/shm | awk 'END {print $2}')" = 1024 ]
	in_box --add-host db:10.0.0.9 -- grep -q '10.0.0.9.*db' /etc/hosts
	[ "$(in_box --device /dev/null:/dev/void -- sh -c 'test -c /dev/void && echo yes')" = yes ]
}

@test "--memory, --cpus, --pids-limit: set, or an error that names the controller" {
	if grep -qw memory /sys/fs/cgroup/cgroup.controllers; then
		in_box --memory 64m -- true
		paene create --name limited --memory 64m --cpus 1.5 --pids-limit 10 "$image" true >/dev/null
		[ "$(field limited '.HostConfig.Memory}} {{.HostConfig.CpuQuota}} {{.HostConfig.PidsLimit')" = "67108864 150000 10" ]
	else
		run paene create --name limited --memory 64m "$image" true
		expect_status 125
		expect_in_output "set memory.max: controller memory"
		run paene inspect limited # nothing was made
		expect_status 1
	fi
}

@test "--init: process 1 is ours, and reaps" {
	run in_box --init -- sh -c 'cat /proc/1/comm; exit 6'
	expect_status 6
	expect_output paene-init
}

@test "--label, --stop-signal, --stop-timeout, --restart: kept, and checked" {
	paene create --name l --label a=b --label c --stop-signal USR1 --stop-timeout 3 --restart on-failure:2 "$image" true \
		>/dev/null
	[ "$(field l '.Config.Labels.a')" = b ]
	[ "$(field l '.Config.StopSignal}} {{.Config.StopTimeout}} {{.HostConfig.RestartPolicy.Name')" = "SIGUSR1 3 on-failure" ]
	local bad
	for bad in "--label =x" "--stop-signal NONSENSE" "--stop-timeout x" "--restart never" "--rm --restart always"; do
		run paene create $bad "$image" true
		expect_status 125
	done
}

@test "--restart on-failure: again, so many times" {
	paene run -dq --name again --restart on-failure:2 "$image" sh -c 'echo run; exit 1' >/dev/null
	[ "$(paene wait again)" = 1 ]
	[ "$(paene logs again | grep -c run)" = 3 ]
	[ "$(field again .RestartCount)" = 2 ]
}

@test "--pull: what is here is not asked for" {
	in_box --pull never -- true
	in_box --pull missing -- true
	run in_box --pull sometimes -- true
	expect_status 125
}

@test "stop: the signal, the time, all" {
	paene run -dq --name polite "$image" sh -c 'trap "exit 5" TERM; echo ready; while :; do sleep 0.1; done' >/dev/null
	paene run -dq --name stubborn "$image" sh -c 'trap "" TERM; echo ready; while :; do sleep 0.1; done' >/dev/null
	wait_until 10 ready_times polite 1
	wait_until 10 ready_times stubborn 1
	[ "$(paene stop polite)" = polite ]
	[ "$(field polite .State.ExitCode)" = 5 ]
	[ "$(paene stop --time 1 stubborn)" = stubborn ]
	[ "$(field stubborn .State.ExitCode)" = 137 ]
	paene stop polite # it has ended: fine
	paene start polite 2>/dev/null
	wait_until 10 ready_times polite 2
	[ "$(paene stop --all -s TERM -t 5 | wc -l)" = 1 ]
	run paene stop -t soon polite
	expect_status 1
	run paene stop -s NONSENSE polite
	expect_status 1
}

@test "kill: the signal, all, what does not run" {
	paene run -dq --name k "$image" sh -c 'trap "exit 9" USR1; echo ready; while :; do sleep 0.1; done' >/dev/null
	wait_until 10 ready_times k 1
	[ "$(paene kill --signal USR1 k)" = k ]
	[ "$(paene wait k)" = 9 ]
	run paene kill k
	expect_status 1
	expect_in_output "container k is not running: it is exited"
	paene start k 2>/dev/null
	paene kill -a >/dev/null
	[ "$(paene wait k)" = 137 ]
}

@test "restart" {
	paene run -dq --name r "$image" sleep 100 >/dev/null
	local before
	before=$(field r .State.Pid)
	[ "$(paene restart -t 0 r)" = r ]
	status_is r running
	[ "$(field r .State.Pid)" != "$before" ]
}

@test "pause and unpause" {
	paene run -dq --name p "$image" sleep 100 >/dev/null
	[ "$(paene pause p)" = p ]
	status_is p paused
	[[ "$(paene ps --format '{{.Status}}')" == *"(Paused)" ]]
	[ "$(paene unpause p)" = p ]
	status_is p running
	run paene unpause p
	expect_status 1
	paene create --name c "$image" true >/dev/null
	run paene pause c
	expect_status 1
	expect_in_output "container c is not running: it is created"
}

@test "wait: several, and one that is already over" {
	paene run -dq --name a "$image" sh -c 'exit 1' >/dev/null
	paene run -dq --name b "$image" sh -c 'sleep 0.3; exit 2' >/dev/null
	[ "$(paene wait a b | tr '\n' ' ')" = "1 2 " ]
	[ "$(paene wait a)" = 1 ]
}

@test "rm: what runs is refused; --force; one that does not exist; all" {
	paene run -dq --name r "$image" sleep 100 >/dev/null
	run paene rm r
	expect_status 1
	expect_in_output "stop it first, or use"
	[ "$(paene rm -f r)" = r ]
	run paene rm r
	expect_status 1
	paene rm -f r
	paene create --name x "$image" true >/dev/null
	paene create --name y "$image" true >/dev/null
	run paene rm x nobody y
	expect_status 1
	[ -z "$(paene ps -aq)" ]
}

@test "ps: table, filters, json, template" {
	paene run -dq --name up --label role=web "$image" sleep 100 >/dev/null
	paene create --name made --label role=db "$image" true >/dev/null
	run paene ps -a
	[[ "${lines[0]}" =~ ^"CONTAINER ID"\ +IMAGE\ +COMMAND\ +CREATED\ +STATUS\ +PORTS\ +NAMES$ ]]
	[ ${#lines[@]} = 3 ]
	expect_in_output "Up "
	expect_in_output "Created"
	[ "$(paene ps --format '{{.Names}}')" = up ]
	[ "$(paene ps -a -f status=created --format '{{.Names}}')" = made ]
	[ "$(paene ps -f status=created --format '{{.Names}}')" = made ]
	[ "$(paene ps -a -f name=u --format '{{.Names}}')" = up ]
	[ "$(paene ps -a -f label=role=db --format '{{.Names}}')" = made ]
	[ "$(paene ps -a --filter label=role --filter name=made -q | wc -l)" = 1 ]
	[ "$(paene ps -a -f ancestor=$image -q | wc -l)" = 2 ]
	[ "$(paene ps -a --format json | jq -r 'map(.Names[0]) | join(" ")')" = "made up" ]
	[ "$(paene ps --format json | jq -r '.[0].State')" = running ]
	run paene ps --filter nonsense=x
	expect_status 1
	run paene ps --format nonsense
	expect_status 1
}

@test "inspect: containers and images, several, templates, types" {
	paene run -dq --name i --read-only "$image" sleep 100 >/dev/null
	[ "$(paene inspect i "$image" | jq length)" = 2 ]
	[ "$(paene inspect --type image "$image" | jq -r '.[0].RepoTags[0]')" = "$image" ]
	[ "$(field i '.HostConfig.ReadonlyRootfs}} {{.State.Running')" = "true true" ]
	[ "$(field i 'json .Config.Cmd')" = '["sleep","100"]' ]
	kill -0 "$(field i .State.Pid)"
	run paene inspect --type container "$image"
	expect_status 1
	run paene inspect --format '{{.Nope}}' i
	expect_status 1
	run --separate-stderr paene inspect i nobody
	expect_status 1
	[ "$(jq length <<<"$output")" = 1 ]
}

@test "the image host: this machine's own root, written to apart" {
	run paene run --rm -q host sh -c 'touch /made-inside && test -e /etc/passwd && echo yes'
	expect_status 0
	expect_output yes
	[ ! -e /made-inside ]
}

@test "a monitor that was killed: the container is seen, stopped and removed" {
	paene run -dq --name m "$image" sleep 100 >/dev/null
	local pid
	pid=$(field m .State.Pid)
	kill -9 "$(awk '/^PPid/ {print $2}' "/proc/$pid/status")"
	status_is m running
	paene stop -t 0 m
	wait_until 5 status_is m exited
	[ "$(paene ps -a --format '{{.State}}')" = exited ]
}
