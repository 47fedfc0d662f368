#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene-oci exec: each flag, each way that callers call it.

load ../lib/common

setup_file() {
	needs_root
	make_bundle "$BATS_FILE_TMPDIR/b" '.process.args = ["sleep", "10000"]' '.root.readonly = false'
	cd "$BATS_FILE_TMPDIR"
	oci run -d -b b box </dev/null >/dev/null 2>&1 3>&-
}

teardown_file() {
	oci delete --force box
}

setup() {
	file=$BATS_TEST_TMPDIR/process.json
	pid_file=$BATS_TEST_TMPDIR/pid
	leak_check_before
}

teardown() {
	local id pid
	rm -rf "$PAENE_RUN/oci/.seccomp" # filters are kept, compiled
	for id in $(oci list -q); do
		[ "$id" = box ] || oci delete --force "$id"
	done
	for pid in $(oci ps -f json box | jq '.[]'); do
		[ "$pid" = "$(oci state box | jq .pid)" ] || kill -9 "$pid" || true
	done
	leak_check_after
}

bundle() { # bundle JQ-FILTER…: one of this test, in $bundle
	bundle=$BATS_TEST_TMPDIR/bundle
	mkdir "$bundle"
	cp "$tests/lib/config.json" "$bundle/"
	edit_bundle "$bundle" ".root.path = \"$(busybox_rootfs)\"" '.process.args = ["sleep", "10000"]' "$@"
}

process_is() { # process_is JQ-FILTER: --process "$file"
	jq -n '{cwd: "/", env: ["PATH=/usr/bin:/bin"], args: ["true"], user: {uid: 0, gid: 0}} | '"$1" >"$file"
}

own() { # own KEY [OPTION…]: what /proc says of an exec in box
	oci exec "${@:2}" box awk "/^$1/ {print \$2}" /proc/self/status
}

@test "the command's output, input and exit status" {
	run --separate-stderr oci exec box sh -c 'cat; echo err >&2; exit 7' <<<"from outside"
	expect_status 7
	[ "$output" = "from outside" ]
	[ "$stderr" = err ]
	run oci exec box sh -c 'kill -9 $$'
	expect_status 137
	oci exec box true
}

@test "what exec itself cannot do is 255, in the words that callers match, and in the log" {
	local log=$BATS_TEST_TMPDIR/log
	run oci --log "$log" --log-format json exec box nosuch
	expect_status 255
	expect_in_output "executable file not found in"
	[[ "$(jq -r .msg "$log")" == *"executable file not found in"* ]]
	run oci exec box /nosuch
	expect_status 255
	expect_in_output "no such file or directory"
	printf '#!/no/interpreter\n' >"$BATS_FILE_TMPDIR/b/rootfs/script"
	chmod +x "$BATS_FILE_TMPDIR/b/rootfs/script"
	run oci exec box /script
	expect_status 255
	expect_in_output "exec /script: no such file or directory"
	run oci exec box /etc/passwd
	expect_status 255
	expect_in_output "permission denied"
	run oci exec nobody true
	expect_status 255
	expect_in_output "container does not exist"
	run oci exec box
	expect_status 255
	expect_in_output "exec args cannot be empty"
	run oci exec --pid-file /no/such/folder box sleep 1000
	expect_status 255
	[ "$(oci ps -f json box | jq length)" = 1 ]
}

@test "it is in the container: namespaces, cgroup, host name, processes" {
	local pid kind
	pid=$(oci state box | jq .pid)
	for kind in user mnt pid net ipc uts cgroup; do
		[ "$(oci exec box readlink /proc/self/ns/$kind)" = "$(readlink "/proc/$pid/ns/$kind")" ]
	done
	[ "$(oci exec box hostname)" = bundle ]
	oci exec box ps | grep -q 'sleep 10000'
	[ "$(oci exec box cat /proc/self/cgroup)" = "$(oci exec box cat /proc/1/cgroup)" ]
}

@test "without options it is confined and set up as the container's own process" {
	bundle '.process.env += ["OWN=own"]' '.process.cwd = "/tmp"' '.process.user = {uid: 5, gid: 6, additionalGids: [7], umask: 63}' \
		'.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 100}]' '.process.oomScoreAdj = 77' \
		'.process.ioPriority = {class: "IOPRIO_CLASS_IDLE"}' '.process.scheduler = {policy: "SCHED_BATCH"}' \
		'.linux.personality = {domain: "LINUX32"}'
	oci run -d -b "$bundle" set </dev/null >/dev/null 2>&1 3>&-
	rm -r "$bundle" # it may change or go: what counts is what it was
	run oci exec set sh -c 'echo "$OWN $PWD $(id -u) $(id -g) $(id -G) $(umask) $(ulimit -n) $(cat /proc/self/oom_score_adj) $(ionice -p $$) $(uname -m)"'
	expect_output "own /tmp 5 6 6 7 0077 100 77 idle i686"
	[ "$(oci exec set awk '/^NoNewPrivs/ {print $2}' /proc/self/status)" = 1 ]
	for key in CapBnd CapEff CapPrm CapInh CapAmb NoNewPrivs Seccomp; do
		[ "$(own $key)" = "$(oci exec box awk "/^$key/ {print \$2}" /proc/1/status)" ]
	done
}

@test "--cwd, --env, --user, --additional-gids" {
	run oci exec --cwd /tmp -e A=b --env C=d=e --env=A=f box sh -c 'pwd; echo "$A $C"'
	expect_output $'/tmp\nf d=e'
	run oci exec --cwd /nosuch box true
	expect_status 255
	expect_in_output "/nosuch"
	run oci exec --env NAME box true
	expect_status 255
	expect_in_output "it is NAME=VALUE"
	[ "$(oci exec -u 1000 box sh -c 'id -u; id -g' | xargs)" = "1000 0" ]
	[ "$(oci exec --user 1000:1001 box sh -c 'id -u; id -g' | xargs)" = "1000 1001" ]
	[ "$(oci exec --user 1000:1000 -g 100 --additional-gids 65534 box id -G)" = "1000 100 65534" ]
	[ "$(oci exec -u nobody box id -u)" = "$(awk -F: '/^nobody/ {print $3}' "$(busybox_rootfs)/etc/passwd")" ]
	run oci exec -u no-such-user box true
	expect_status 255
	run oci exec -g x box true
	expect_status 255
}

@test "S20: an id is exactly that, or an error; never root by mistake" {
	local who
	for who in -1 +1 ' 1' 0x1 4294967295 4294967296 18446744073709551616 999999999999 :1 '1 ' 1:x 1:-1 1:4294967295; do
		run oci exec "--user=$who" box id -u
		[ "$status" = 255 ] || fail "--user '$who': $output"
	done
	[ "$(oci exec -u 4294967294:4294967294 box id -u)" = 4294967294 ]
	[ "$(oci exec -u 2147483648 box id -u)" = 2147483648 ]
}

@test "HOME: of the user in the container's accounts, / for a stranger, as given otherwise" {
	[ "$(oci exec box sh -c 'echo $HOME')" = /root ]
	[ "$(oci exec -u 4711 box sh -uc 'echo $HOME')" = / ]
	[ "$(oci exec -e HOME=/x box sh -c 'echo $HOME')" = /x ]
	process_is '.env += ["HOME=/a", "X=1", "HOME=/b", "X=2"] | .args = ["sh", "-c", "env | grep -c -e ^X= -e ^HOME=; echo $HOME $X"]'
	[ "$(oci exec -p "$file" box | xargs)" = "2 /b 2" ]
	process_is '.args = ["sh", "-c", "echo $HOME"]'
	[ "$(oci exec -p "$file" box)" = /root ]
}

@test "--cap: added to the sets that a program of root has; an unknown one is an error" {
	# kill, net_bind_service, audit_write and now sys_time
	[ "$(own CapEff --cap CAP_SYS_TIME)" = 0000000022000420 ]
	[ "$(own CapBnd -c sys_time -c cap_chown)" = 0000000022000421 ]
	[ "$(own CapPrm -c sys_time)" = 0000000022000420 ]
	[ "$(own CapInh -c sys_time)" = 0000000000000000 ]
	[ "$(own CapAmb -c sys_time)" = 0000000000000000 ]
	[ "$(own CapEff -c sys_time -u 1000)" = 0000000000000000 ] # S19
	run oci exec --cap CAP_NOTHING box true
	expect_status 255
	expect_in_output "there is no such capability"
}

@test "--no-new-privs" {
	bundle '.process.noNewPrivileges = false'
	oci run -d -b "$bundle" free </dev/null >/dev/null 2>&1 3>&-
	[ "$(oci exec free awk '/^NoNewPrivs/ {print $2}' /proc/self/status)" = 0 ]
	[ "$(oci exec --no-new-privs free awk '/^NoNewPrivs/ {print $2}' /proc/self/status)" = 1 ]
	[ "$(own NoNewPrivs)" = 1 ] # as the container's own process
	[ "$(own NoNewPrivs --no-new-privs=false)" = 0 ]
}

@test "--process: its own words, and the container's where it has none" {
	process_is '.args = ["sh", "-c", "echo \"$X $PWD $(id -u) $(id -g)\"; grep -E \"^(CapEff|NoNewPrivs)\" /proc/self/status"]
		| .env += ["X=y"] | .cwd = "/tmp" | .user = {uid: 0, gid: 3}'
	run oci exec --process "$file" box
	expect_status 0
	[ "${lines[0]}" = "y /tmp 0 3" ]
	[[ "${lines[1]}" == CapEff*0000000020000420 ]]
	[[ "${lines[2]}" == NoNewPrivs*0 ]]
	process_is '.args = ["awk", "/^CapEff/ {print $2}", "/proc/self/status"] | .capabilities = {effective: ["CAP_KILL"], permitted: ["CAP_KILL"], bounding: ["CAP_KILL"]}'
	[ "$(oci exec -p "$file" box)" = 0000000000000020 ]
	[ "$(oci exec -p <(cat "$file") box)" = 0000000000000020 ] # a pipe is read once
	run oci exec -p "$BATS_TEST_TMPDIR/none" box
	expect_status 255
	expect_in_output "none: No such file or directory"
	process_is '.args = "x"'
	run oci exec -p "$file" box
	expect_status 255
	expect_in_output "args: expected a list"
	process_is 'del(.cwd)'
	run oci exec -p "$file" box
	expect_status 255
	expect_in_output "cwd: missing"
}

@test "--apparmor, --process-label, execCPUAffinity: set, or refused in words" {
	if [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" != Y ]; then
		run oci exec --apparmor some-profile box true
		expect_status 255
		expect_in_output "apparmor is not enabled"
	fi
	if [ ! -e /sys/fs/selinux/enforce ]; then
		run oci exec --process-label system_u:system_r:container_t:s0 box true
		expect_status 255
		expect_in_output "selinux is disabled"
	fi
	process_is '.execCPUAffinity = {initial: "0", final: "0"} | .args = ["awk", "/^Cpus_allowed_list/ {print $2}", "/proc/self/status"]'
	[ "$(oci exec -p "$file" box)" = 0 ]
	process_is '.execCPUAffinity = {final: "0-x"}'
	run oci exec -p "$file" box
	expect_status 255
	expect_in_output "process.execCPUAffinity"
}

@test "--detach: the pid file is there once it runs, and only then; it is its caller's child afterwards" {
	oci exec --detach --pid-file "$pid_file" box sleep 1000 </dev/null >/dev/null 2>&1 3>&-
	local pid
	pid=$(<"$pid_file")
	wait_until 5 grep -qzx 1000 "/proc/$pid/cmdline" # the kernel tells of an exec before it has written that down
	[ "$(awk '/^PPid/ {print $2}' "/proc/$pid/status")" != 0 ]
	oci ps -f json box | jq -e "index($pid)"
	rm "$pid_file"
	run oci exec -d --pid-file "$pid_file" box nosuch
	expect_status 255
	[ ! -e "$pid_file" ]
	# a subreaper gets it, as the shim of containerd does
	process_is '.args = ["sleep", "1000"]'
	run python3 - "$PAENE_BUILD/paene-oci" --root "$PAENE_RUN/oci" exec --process "$file" --detach --pid-file "$pid_file" box <<-'EOF2'
		import ctypes, os, signal, subprocess, sys
		ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
		null = subprocess.DEVNULL
		subprocess.run(sys.argv[1:], check=True, stdin=null, stdout=null, stderr=null)
		pid = int(open(sys.argv[sys.argv.index("--pid-file") + 1]).read())
		os.kill(pid, signal.SIGTERM)
		os.kill(pid, signal.SIGKILL)
		print(os.WTERMSIG(os.waitpid(pid, 0)[1]))
	EOF2
	expect_status 0
	[[ "$output" == 9 || "$output" == 15 ]]
}

@test "--pid-file without --detach" {
	oci exec --pid-file "$pid_file" box true
	[[ "$(<"$pid_file")" =~ ^[0-9]+$ ]]
}

@test "signals to us are the process's" {
	"$PAENE_BUILD/paene-oci" --root "$PAENE_RUN/oci" exec box sh -c 'trap "exit 5" TERM; touch /tmp/ready; while :; do sleep 0.1; done' 3>&- &
	local pid=$! code=0
	wait_until 5 test -e "$BATS_FILE_TMPDIR/b/rootfs/tmp/ready"
	kill "$pid"
	wait "$pid" || code=$?
	[ "$code" = 5 ]
}

@test "--tty: a terminal of the container's, ours raw and put back, keys, window, signals" {
	needs_program python3
	run oci exec -t box sh -c 'tty; exit 3' </dev/null
	expect_status 3
	expect_in_output /dev/pts/
	run "$tests/lib/terminal" see ready raw size 33 44 see '33 44' type 'word\n' see 'got word' -- \
		"$PAENE_BUILD/paene-oci" --root "$PAENE_RUN/oci" exec --tty box \
		sh -c 'trap "stty size" WINCH; echo ready; until read word; do :; done; echo "got $word"; exit 6'
	expect_status 6
	expect_in_output "[restored]"
}

@test "--tty: the terminal is put back when the process is killed, and when it cannot be executed" {
	needs_program python3
	run "$tests/lib/terminal" see ready raw type '\n' -- "$PAENE_BUILD/paene-oci" --root "$PAENE_RUN/oci" exec -t box \
		sh -c 'echo ready; read x; kill -9 $$'
	expect_status 137
	expect_in_output "[restored]"
	run "$tests/lib/terminal" -- "$PAENE_BUILD/paene-oci" --root "$PAENE_RUN/oci" exec -t box nosuch
	expect_status 255
	expect_in_output "[restored]"
}

@test "without --tty our terminal is the process's own streams, but not its controlling one" {
	needs_program python3
	run "$tests/lib/terminal" -- "$PAENE_BUILD/paene-oci" --root "$PAENE_RUN/oci" exec box \
		sh -c 'test -t 0 && test -t 1 && echo streams; (: </dev/tty) 2>/dev/null || echo none'
	expect_status 0
	expect_in_output streams
	expect_in_output none
}

@test "--console-socket: the terminal is sent there, with the size that was asked for" {
	needs_program python3
	local socket=$BATS_TEST_TMPDIR/socket
	python3 - "$socket" >"$BATS_TEST_TMPDIR/heard" 3>&- <<-'EOF2' &
		import fcntl, os, socket, struct, sys, termios
		s = socket.socket(socket.AF_UNIX)
		s.bind(sys.argv[1])
		s.listen()
		_, fds, _, _ = socket.recv_fds(s.accept()[0], 4096, 1)
		print(struct.unpack("HHHH", fcntl.ioctl(fds[0], termios.TIOCGWINSZ, bytes(8)))[:2])
		text = b""
		while b"\n" not in text:
		    text += os.read(fds[0], 100)
		print(text.decode())
	EOF2
	local listener=$!
	wait_until 5 listens "$socket"
	process_is '.terminal = true | .consoleSize = {height: 10, width: 110} | .args = ["sh", "-c", "tty; sleep 1"]'
	oci exec --detach --process "$file" --console-socket "$socket" --pid-file "$pid_file" box
	wait "$listener"
	grep -q '^(10, 110)' "$BATS_TEST_TMPDIR/heard"
	grep -q '^/dev/pts' "$BATS_TEST_TMPDIR/heard"
	[ -s "$pid_file" ]
}

@test "a terminal and nobody to show it, a socket and no terminal" {
	run oci exec -d -t box true
	expect_status 255
	expect_in_output "give --console-socket"
	run oci exec --console-socket "$BATS_TEST_TMPDIR/s" box true
	expect_status 255
	expect_in_output "goes with"
	run oci exec -d -t --console-socket "$BATS_TEST_TMPDIR/nobody" box sleep 1000
	expect_status 255
	expect_in_output "$BATS_TEST_TMPDIR/nobody"
	[ "$(oci ps -f json box | jq length)" = 1 ]
}

@test "--pidfd-socket: the process as a descriptor" {
	needs_program python3
	local socket=$BATS_TEST_TMPDIR/socket
	python3 - "$socket" 3>&- <<-'EOF2' &
		import signal, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.bind(sys.argv[1])
		s.listen()
		_, fds, _, _ = socket.recv_fds(s.accept()[0], 4096, 1)
		signal.pidfd_send_signal(fds[0], signal.SIGKILL)
	EOF2
	local listener=$!
	wait_until 5 listens "$socket"
	run oci exec --pidfd-socket "$socket" box sleep 1000
	expect_status 137
	wait "$listener"
}

@test "--preserve-fds: those and no others; one that is not open is refused" {
	echo -n three >"$BATS_TEST_TMPDIR/three"
	run oci exec --preserve-fds 1 box sh -c 'cat <&3; echo; cd /proc/self/fd; echo *' 3<"$BATS_TEST_TMPDIR/three" 4</dev/null
	expect_status 0
	[ "${lines[0]}" = three ]
	[ "${lines[1]}" = "0 1 2 3 4" ] # 4: what the shell itself has just opened
	run oci exec --preserve-fds 200 box true
	expect_status 255
	expect_in_output "descriptor"
}

@test "no descriptor of ours, no folder gets in; --cwd by a descriptor is refused" {
	local n
	for n in {20..60}; do
		eval "exec $n</"
	done
	run oci exec box sh -c 'cd /proc/self/fd; echo *; readlink /proc/self/cwd'
	for n in {20..60}; do
		eval "exec $n<&-"
	done
	[ "${lines[0]}" = "0 1 2 3" ]
	for n in {3..20}; do
		run oci exec --cwd "/proc/self/fd/$n" box sh -c 'cat ../../../../../../etc/hostname'
		expect_status 255
	done
}

@test "the session keyring is the container's, not ours" {
	[ -e /proc/keys ] || skip "this kernel has no keyrings"
	users() { awk '$8 == "keyring" && $9 == "box:" {n += $3} END {print n + 0}' /proc/keys; }
	local with_them i
	for i in 1 2 3; do
		oci exec -d --pid-file "$pid_file.$i" box sleep 1000 </dev/null >/dev/null 2>&1 3>&-
	done
	with_them=$(users)
	for i in 1 2 3; do
		kill -KILL "$(<"$pid_file.$i")"
	done
	three_less() { [ "$(users)" -le $((with_them - 3)) ]; }
	wait_until 5 three_less # the kernel forgets who has ended a moment later
}

@test "pipes are given to who is not root, so that /dev/stdout can be opened; nothing else is" {
	local null
	null=$(stat -c %u:%g /dev/null)
	[ "$(echo in | oci exec -u 1000 box sh -c 'cat /dev/stdin >/dev/stdout' | cat)" = in ]
	touch "$BATS_TEST_TMPDIR/file"
	oci exec -u 1000 box true </dev/null >"$BATS_TEST_TMPDIR/file" 2>&1
	[ "$(stat -c %u "$BATS_TEST_TMPDIR/file")" = 0 ]
	[ "$(stat -c %u:%g /dev/null)" = "$null" ]
}

@test "created: exec works before start; stopped: container not running; paused: refused, unless --ignore-paused" {
	bundle
	oci create -b "$bundle" c </dev/null >/dev/null 2>&1 3>&-
	[ "$(oci exec c echo early)" = early ]
	[ "$(oci state c | jq -r .status)" = created ]
	oci start c
	oci pause c
	run oci exec c true
	expect_status 255
	expect_in_output "cannot exec in a paused container"
	(sleep 0.5; oci resume c) 3>&- &
	[ "$(oci exec --ignore-paused c echo late)" = late ]
	wait $!
	oci kill c KILL
	stopped() { [ "$(oci state c | jq -r .status)" = stopped ]; }
	wait_until 5 stopped
	run oci exec c true
	expect_status 255
	expect_in_output "container not running"
}

@test "--cgroup: one below the container's, and none outside" {
	local cgroup
	cgroup=/sys/fs/cgroup$(awk -F: '/^0:/ {print $3}' "/proc/$(oci state box | jq .pid)/cgroup")
	mkdir "$cgroup/sub"
	[[ "$(oci exec --cgroup sub box cat /proc/self/cgroup)" == *"0::"*/sub ]]
	[[ "$(oci exec --cgroup memory:sub box cat /proc/self/cgroup)" == *"0::"*/sub ]]
	[[ "$(oci exec --cgroup / box cat /proc/self/cgroup)" != *"/sub" ]]
	local bad
	for bad in .. ../x sub/.. sub/../.. a//b "$(printf 'x%.0s' {1..5000})"; do
		run oci exec --cgroup "$bad" box true
		expect_status 255
		expect_in_output "bad sub cgroup path"
	done
	run oci exec --cgroup :sub box true
	expect_status 255
	expect_in_output "no controller before the colon"
	run oci exec --cgroup nosuch box true
	expect_status 255
	expect_in_output "No such file or directory"
	run oci exec --cgroup cpu:sub --cgroup memory:other box true
	expect_status 255
	rmdir "$cgroup/sub"
}

@test "a container whose first process has gone to another cgroup, and whose own is no more" {
	bundle
	oci run -d -b "$bundle" moved </dev/null >/dev/null 2>&1 3>&-
	local pid cgroup
	pid=$(oci state moved | jq .pid)
	cgroup=/sys/fs/cgroup$(awk -F: '/^0:/ {print $3}' "/proc/$pid/cgroup")
	mkdir /sys/fs/cgroup/elsewhere
	echo "$pid" >/sys/fs/cgroup/elsewhere/cgroup.procs
	rmdir "$cgroup"
	[[ "$(oci exec moved cat /proc/self/cgroup)" == *"0::"*/elsewhere ]]
	oci delete --force moved
	rmdir /sys/fs/cgroup/elsewhere
}

@test "user namespaces: the process has the container's ids, and may not write to the host's" {
	bundle '.linux.namespaces += [{"type": "user"}, {"type": "cgroup"}]' \
		'.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	cp -a "$(busybox_rootfs)" "$BATS_TEST_TMPDIR/root"
	chown -R 100000:100000 "$BATS_TEST_TMPDIR/root"
	chmod 755 "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR" # the mapped root walks to its root
	edit_bundle "$bundle" ".root.path = \"$BATS_TEST_TMPDIR/root\""
	oci run -d -b "$bundle" mapped </dev/null >/dev/null 2>&1 3>&-
	run oci exec mapped sh -c 'id -u; readlink /proc/self/ns/user; awk "{print \$2}" /proc/self/uid_map'
	[ "${lines[0]}" = 0 ]
	[ "${lines[1]}" != "$(readlink /proc/self/ns/user)" ]
	[ "${lines[2]}" = 100000 ]
	oci exec -d --pid-file "$pid_file" -u 5:6 mapped sleep 1000 </dev/null >/dev/null 2>&1 3>&-
	[ "$(awk '/^Uid/ {print $2}' "/proc/$(<"$pid_file")/status")" = 100005 ]
	run oci exec -t mapped tty </dev/null
	expect_status 0
}

@test "without root: into a container of one's own" {
	needs_program setpriv
	local home=$BATS_TEST_TMPDIR/home folder=$BATS_TEST_TMPDIR
	mkdir -p "$home/b"
	cp "$PAENE_BUILD/paene-oci" "$home/"
	cp -a "$(busybox_rootfs)" "$home/b/rootfs"
	cp "$tests/lib/config.json" "$home/b/"
	edit_bundle "$home/b" '.process.args = ["sleep", "1000"]' '.linux.namespaces += [{type: "user"}] | del(.linux.resources)' \
		'.linux.uidMappings = [{containerID: 0, hostID: 1000, size: 1}] | .linux.gidMappings = .linux.uidMappings' \
		'.mounts |= map(select(.type != "cgroup") | .options -= ["gid=5"])'
	chown -R 1000:1000 "$home"
	while [ "$folder" != / ]; do
		chmod o+x "$folder"
		folder=$(dirname "$folder")
	done
	mine() { # who has entered another user namespace cannot be searched for leaks
		setpriv --reuid 1000 --regid 1000 --clear-groups env ASAN_OPTIONS=detect_leaks=0 "$home/paene-oci" --root "$home/states" --cgroup-manager disabled "$@"
	}
	mine run -d -b "$home/b" own </dev/null >/dev/null 2>&1 3>&-
	run mine exec own sh -c 'id -u; ps | grep -c "sleep 1000"; exit 4'
	expect_status 4
	[ "${lines[0]}" = 0 ]
	[ "${lines[1]}" -ge 1 ]
	run mine exec -t own tty </dev/null
	expect_status 0
	mine exec -d --pid-file "$home/pid" own sleep 1000 </dev/null >/dev/null 2>&1 3>&-
	[ "$(awk '/^Uid/ {print $2}' "/proc/$(<"$home/pid")/status")" = 1000 ]
	[ "$(readlink "/proc/$(<"$home/pid")/ns/user")" != "$(readlink /proc/self/ns/user)" ]
	mine delete --force own
}

@test "without namespaces of its own for pids and networks" {
	bundle '.linux.namespaces |= map(select(.type == "mount"))' 'del(.hostname)'
	oci run -d -b "$bundle" bare </dev/null >/dev/null 2>&1 3>&-
	[ "$(oci exec bare readlink /proc/self/ns/net)" = "$(readlink /proc/self/ns/net)" ]
	oci exec bare sh -c 'exit 0'
}

@test "seccomp: the container's own filter is the process's" {
	bundle '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 95}]}'
	oci run -d -b "$bundle" filtered </dev/null >/dev/null 2>&1 3>&-
	[ "$(oci exec filtered awk '/^Seccomp:/ {print $2}' /proc/self/status)" = 2 ]
	run oci exec filtered mkdir /tmp/x
	expect_status 1
	expect_in_output "not supported"
	process_is '.args = ["mkdir", "/tmp/x"]' # without no_new_privs
	run oci exec -p "$file" filtered
	expect_status 1
	expect_in_output "not supported"
}

@test "seccomp: a filter that is in force before the command is found may deny what we would tell the parent by" {
	bundle '.process.noNewPrivileges = false' '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["sendmsg", "sendto", "recvmsg", "close_range"], action: "SCMP_ACT_ERRNO"}]}'
	oci run -d -b "$bundle" mute </dev/null >/dev/null 2>&1 3>&-
	[ "$(oci exec mute echo said)" = said ]
	run oci exec mute nosuch
	expect_status 255
	expect_in_output "executable file not found in"
}

@test "many at once" {
	local i pids=()
	for i in {1..20}; do
		oci exec box sh -c "exit $i" 3>&- &
		pids[i]=$!
	done
	for i in {1..20}; do
		local code=0
		wait "${pids[i]}" || code=$?
		[ "$code" = "$i" ]
	done
}
