# SPDX-License-Identifier: Apache-2.0
# Containers that take what they can: each is alone in its trouble, and can be ended. Beside each, a witness does steady work:
# none of its processes dies, none of its work is lost, and it goes on.
load ../lib/common

image=localhost/busybox:1

setup_file() {
	type -P paene >/dev/null || return 0 # each test then says why it is skipped
	load_busybox
	# line I is I: whatever it misses, or does twice, shows
	paene run -q -d --name witness $image sh -c '
		worker() { i=0; while :; do i=$((i + 1)); echo $i >>/work/$1; sleep 0.1; done; }
		mkdir /work; worker a & echo $! >/work/pids; worker b & echo $! >>/work/pids; wait'
}

teardown_file() {
	! type -P paene >/dev/null || paene rm -f witness
}

setup() {
	needs_program paene
	sleep 1000 3>&- &
	outsider=$!
}

teardown() {
	kill "$outsider" || fail "a process outside was hit"
	paene rm -f hog
}

# The witness goes on, none of its processes has died, and of its work nothing is lost; so it is with this machine.
nobody_was_hit() {
	kill -0 "$outsider" || fail "a process outside was hit"
	run -0 paene exec witness sh -c 'kill -0 $(cat /work/pids) && for worker in a b; do
		before=$(tail -n 1 /work/$worker)
		until [ "$(tail -n 1 /work/$worker)" -gt "$before" ]; do sleep 0.1; done
		head -n -1 /work/$worker # the last line may be half written
		echo of $worker; done'
	awk '$1 == "of" { line = 0; next } $1 != ++line { print "instead of line " line ": " $0; exit 1 }' <<<"$output" ||
		fail "work was lost"
	[ "$(paene inspect witness | jq -r '.[0].State.Status, .[0].RestartCount')" = $'running\n0' ]
}

hog() { # hog OPTION… -- COMMAND: in the background
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	paene run -q -d --name hog "${options[@]}" $image sh -c "$2" >/dev/null
}

cgroup_of() {
	echo "/sys/fs/cgroup$(paene inspect "$1" | jq -r '.[0].CgroupPath')"
}

says() { # says TEXT: what the hog has written
	paene logs hog 2>&1 | grep -q "$1"
}

ends_by() { # ends_by COMMAND…: the hog ends, and no process of it is left
	local cgroup
	cgroup=$(cgroup_of hog)
	"$@" hog
	empty() { [ ! -e "$cgroup" ] || grep -q 'populated 0' "$cgroup/cgroup.events"; }
	wait_until 300 empty
}

bomb='bomb() { bomb | bomb & }; bomb; exec sleep 1000'

at_limit() { # at_limit FILE: an event "max" was counted
	grep -q 'max [1-9]' "$(cgroup_of hog)/$1"
}

@test "a fork bomb: killed in the middle of it" {
	needs_controller pids
	hog --pids-limit 64 -- "$bomb"
	wait_until 300 at_limit pids.events
	nobody_was_hit
	ends_by paene kill
	nobody_was_hit
}

@test "a fork bomb: stopped, and removed, in the middle of it" {
	needs_controller pids
	hog --pids-limit 64 -- "$bomb"
	wait_until 300 at_limit pids.events
	ends_by paene stop -t 0
	paene start hog
	wait_until 300 at_limit pids.events
	ends_by paene rm -f
	nobody_was_hit
}

@test "a fork bomb: frozen in the middle of it, then killed; and removed while frozen" {
	needs_controller pids
	hog --pids-limit 64 -- "$bomb"
	wait_until 300 at_limit pids.events
	paene pause hog
	[ "$(paene inspect hog | jq -r '.[0].State.Status')" = paused ]
	ends_by paene kill
	paene wait hog
	paene start hog
	wait_until 300 at_limit pids.events
	paene pause hog
	ends_by paene rm -f
	nobody_was_hit
}

@test "a fork bomb of the default options: it has a limit, too" {
	needs_controller pids
	hog -- "$bomb"
	[ "$(cat "$(cgroup_of hog)/pids.max")" = 2048 ]
	many() { [ "$(cat "$(cgroup_of hog)/pids.current")" -ge 256 ]; }
	wait_until 600 many
	ends_by paene kill
	nobody_was_hit
}

@test "a memory hog: killed for its own limit" {
	needs_controller memory
	run paene run -q --name hog --memory 48m $image sh -c 'tail /dev/zero & tail /dev/zero; wait; echo survived'
	expect_status 137
	[ "$(paene inspect hog | jq -r '.[0].State.OOMKilled')" = true ]
	nobody_was_hit
}

@test "a memory hog that comes back again and again" {
	needs_controller memory
	hog --memory 32m --restart always -- 'tail /dev/zero'
	restarted() { [ "$(paene inspect hog | jq '.[0].RestartCount')" -ge 3 ]; }
	wait_until 600 restarted
	nobody_was_hit
	paene stop -t 0 hog
}

# What takes descriptors, until it is refused one: "NUMBER ERROR".
write_taker() {
	mkdir -p "$BATS_FILE_TMPDIR/hog"
	cat >"$BATS_FILE_TMPDIR/hog/take" <<-'EOP'
		import ctypes, os, socket, sys, time

		libc = ctypes.CDLL(None, use_errno=True)

		def file():
		    return os.open("/dev/null", os.O_RDONLY)

		def full_pipe():
		    ends = os.pipe2(os.O_NONBLOCK)
		    os.write(ends[1], bytes(65536))
		    return ends

		def full_socket():
		    a, b = socket.socketpair()
		    a.setblocking(False)
		    try:
		        while True:
		            a.send(bytes(65536))
		    except BlockingIOError:
		        return a, b

		def terminal():
		    return os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY)

		def watcher():
		    fd = libc.inotify_init1(0)
		    if fd < 0:
		        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
		    return fd

		taken = []
		try:
		    while True:
		        taken.append(globals()[sys.argv[1]]())
		except OSError as e:
		    print(len(taken), e.strerror, flush=True)
		time.sleep(1000)
	EOP
}

taker() { # taker WHAT OPTION…: of this machine's own programs
	write_taker
	paene run -q -d --name hog --network none -v "$BATS_FILE_TMPDIR/hog:/hog:ro" "${@:2}" host python3 /hog/take "$1" >/dev/null
}

ended() {
	[ "$(paene inspect hog | jq -r '.[0].State.Status')" = exited ]
}

@test "files, pipes, sockets: as many as the container may have, and no more" {
	local what
	for what in file full_pipe full_socket; do
		taker $what --ulimit nofile=200
		wait_until 300 says "Too many open files"
		nobody_was_hit
		ends_by paene rm -f
	done
}

@test "files, pipes, sockets: what the kernel keeps for them is the container's memory" {
	needs_controller memory
	local what
	for what in file full_pipe full_socket; do
		taker $what --ulimit nofile=1000000 --memory 48m
		wait_until 600 ended
		[ "$(paene inspect hog | jq -r '.[0].State.OOMKilled')" = true ] || fail "$what: $(paene logs hog)"
		nobody_was_hit
		paene rm -f hog
	done
}

@test "terminals: one container cannot take them all" {
	taker terminal
	wait_until 600 says "No space left on device"
	[ "$(paene logs hog | cut -d ' ' -f 1)" -le 1024 ]
	paene exec -t witness tty
	nobody_was_hit
	ends_by paene rm -f
}

@test "inotify: a limit of its own user namespace" {
	taker watcher --sysctl user.max_inotify_instances=20
	wait_until 300 says "20 Too many open files"
	python3 -c 'import ctypes; exit(ctypes.CDLL(None).inotify_init1(0) < 0)'
	nobody_was_hit
	ends_by paene rm -f
}

@test "files on a tmpfs are its memory, and stop at the size" {
	needs_controller memory
	hog --memory 64m --tmpfs /small:size=8m -- 'dd if=/dev/zero of=/small/file bs=1M 2>&1; ls -l /small/file
		dd if=/dev/zero of=/dev/shm/file bs=1M count=32 2>&1; echo "no more"; sleep 1000'
	wait_until 300 says "no more"
	says "No space left on device"
	[ "$(paene exec hog stat -c %s /small/file)" = $((8 << 20)) ]
	nobody_was_hit
	paene rm -f hog
	hog --memory 32m --shm-size 1g -- 'dd if=/dev/zero of=/dev/shm/file bs=1M; echo survived'
	wait_until 300 ended
	[ "$(paene inspect hog | jq -r '.[0].State.OOMKilled')" = true ]
	nobody_was_hit
}

@test "a disk of its own is full: nobody else's is" {
	local disk=$BATS_TEST_TMPDIR/disk
	truncate -s 64M "$disk.img"
	mkfs.ext4 -q -F "$disk.img"
	mkdir "$disk"
	mount -o loop "$disk.img" "$disk"
	hog -v "$disk:/disk" -- 'dd if=/dev/zero of=/disk/file bs=1M 2>&1; echo "no more"; while :; do dd if=/dev/zero of=/disk/file bs=1M; done 2>/dev/null'
	wait_until 300 says "no more"
	nobody_was_hit
	ends_by paene rm -f
	umount "$disk"
}

@test "a busy loop in every process that it may have: others have their turn" {
	needs_controller cpu pids
	hog --cpus 1 --pids-limit 32 -- 'for i in $(seq 30); do while :; do :; done & done; wait'
	nobody_was_hit
	ends_by paene kill
}
