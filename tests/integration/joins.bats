# SPDX-License-Identifier: Apache-2.0
# Containers in namespaces of others: --pid, --ipc, --uts, --network of a container or of the host; the ids that go with them.
load ../lib/common

image=localhost/busybox:1

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	load_busybox
	paene run -q --rm "$image" true # the bridge, the parent cgroup, filters: they stay
	paene run -q --rm --profile compat "$image" true
}

setup() {
	needs_root
	leak_check_before
}

teardown() {
	paene rm --force --all --depend >/dev/null
	leak_check_after
}

box() { # box NAME OPTION…: a container that stays
	local name=$1
	shift
	paene run -dq --name "$name" "$@" "$image" sleep 100000 >/dev/null
}

field() { # field CONTAINER PATH
	paene inspect --format "{{$2}}" "$1"
}

pid_of() {
	field "$1" .State.Pid
}

same() { # same KIND CONTAINER CONTAINER
	[ "$(readlink "/proc/$(pid_of "$2")/ns/$1")" = "$(readlink "/proc/$(pid_of "$3")/ns/$1")" ]
}

other() { # other KIND CONTAINER CONTAINER
	! same "$@"
}

id_of() {
	field "$1" .Id
}

no_ranges() {
	[ -z "$(ranges)" ]
}

settled_without_ranges() {
	paene ps -a >/dev/null
	no_ranges
}

has_said() { # has_said CONTAINER TEXT
	[ "$(paene logs "$1")" = "$2" ]
}

has_ended() {
	[ "$(field "$1" .State.Status)" = exited ]
}

ranges() { # those in use
	ls "$PAENE_DATA/idranges"
}

@test "--pid, --ipc, --uts, --network container:NAME: those namespaces and the user's, and no other" {
	local kind
	box one
	box two --pid container:one --ipc container:one --uts container:one --network container:one
	for kind in pid ipc uts net user; do
		same "$kind" one two || fail "$kind"
	done
	for kind in mnt cgroup; do
		other "$kind" one two || fail "$kind"
	done
	cmp "/proc/$(pid_of one)/uid_map" "/proc/$(pid_of two)/uid_map"
	[ "$(field two .HostConfig.PidMode)" = "container:$(id_of one)" ]
	[ "$(field two .HostConfig.IpcMode)" = "container:$(id_of one)" ]
	[ "$(field two .HostConfig.UTSMode)" = "container:$(id_of one)" ]
	[ "$(field two .HostConfig.NetworkMode)" = "container:$(id_of one)" ]
	[ "$(paene inspect two | jq -r '.[0].Dependencies[]')" = "$(id_of one)" ]
	[ "$(field one .HostConfig.PidMode) $(field one .HostConfig.IpcMode) $(field one .HostConfig.UTSMode)" = "private shareable private" ]
}

@test "each alone leaves the others the container's own" {
	local kind other
	box one
	for kind in pid ipc uts; do
		box "$kind" "--$kind" container:one
		for other in pid ipc uts net; do
			[ "$other" = "$kind" ] || other "$other" one "$kind" || fail "$kind: $other"
		done
		same "$kind" one "$kind"
		same user one "$kind"
	done
}

@test "--pid container: its processes are seen, and can be signalled by whoever has the same user" {
	box one
	run paene run -q --rm --pid container:one "$image" sh -c 'ps -o args | grep "^sleep"; kill -0 1 && echo reached'
	expect_status 0
	expect_output $'sleep 100000\nreached'
	wait_until 10 paene exec one true
}

@test "--ipc container: message queues and /dev/shm are one" {
	box one
	paene exec one sh -c 'echo shared >/dev/shm/word'
	[ "$(paene run -q --rm --ipc container:one "$image" sh -c 'cat /dev/shm/word; touch /dev/shm/back')" = shared ]
	paene exec one test -e /dev/shm/back
	run paene run -q --rm "$image" ls /dev/shm
	expect_output ""
	run paene run -q --rm --ipc container:one --shm-size 1m "$image" true
	expect_status 125
	expect_in_output "--shm-size"
	[ "$(paene run -q --rm --ipc container:one --tmpfs /dev/shm "$image" ls /dev/shm)" = "" ]
}

@test "--ipc private and none cannot be joined; none has no /dev/shm" {
	box closed --ipc private
	box without --ipc none
	for name in closed without; do
		run paene run -q --rm --ipc "container:$name" "$image" true
		expect_status 125
		expect_in_output "which nobody can join"
	done
	paene exec closed test -d /dev/shm
	run ! paene exec without grep -q " /dev/shm " /proc/mounts
	[ "$(field closed .HostConfig.IpcMode) $(field without .HostConfig.IpcMode)" = "private none" ]
}

@test "--uts container: its host name, in /etc/hostname too; --hostname is refused" {
	box one --hostname lighthouse
	box two --uts container:one
	[ "$(paene exec two hostname)" = lighthouse ]
	[ "$(paene exec two cat /etc/hostname)" = lighthouse ]
	run paene run -q --rm --uts container:one --hostname another "$image" true
	expect_status 125
	expect_in_output "--hostname another"
	[ "$(paene exec one hostname)" = lighthouse ]
}

@test "host: what is seen is this machine's, with ids of the container's own and without" {
	local userns
	for userns in private host; do
		run paene run -q --rm --userns "$userns" --uts host "$image" hostname
		expect_output "$(hostname)"
		run paene run -q --rm --userns "$userns" --pid host "$image" readlink /proc/self/ns/pid
		expect_output "$(readlink /proc/self/ns/pid)"
		: >/dev/shm/of-the-host
		run paene run -q --rm --userns "$userns" --ipc host "$image" ls /dev/shm
		rm /dev/shm/of-the-host
		expect_in_output of-the-host
	done
	paene create -q --name all --pid host --ipc host --uts host "$image" true >/dev/null
	[ "$(field all .HostConfig.PidMode) $(field all .HostConfig.IpcMode) $(field all .HostConfig.UTSMode)" = "host host host" ]
}

@test "a container on --userns host, and of --profile compat, can be joined, too" {
	box host --userns host
	box guest --network container:host --pid container:host
	same user host guest
	[ "$(readlink "/proc/$(pid_of guest)/ns/user")" = "$(readlink /proc/self/ns/user)" ]
	box compat --profile compat
	box third --profile compat --ipc container:compat --network container:compat
	same user compat third
	[ "$(paene exec third sh -c 'echo x >/f && stat -c %u /f')" = 0 ]
}

@test "it sees the sysfs and the addresses of the network that it joins" {
	box one
	[ "$(paene run -q --rm --network container:one "$image" ls /sys/class/net)" = "$(paene exec one ls /sys/class/net)" ]
	run ! paene run -q --rm --network container:one "$image" sh -c 'echo x >/sys/kernel/mm/ksm/run'
}

@test "the ids stay held until the last has ended, whoever ends first" {
	local range
	box one
	range=$(field one .IdRangeStart)
	box two --network container:one
	box three --network container:two --pid container:one
	[ "$(field two .IdRangeStart) $(field three .IdRangeStart)" = "$range $range" ]
	[ "$(ranges)" = "$range" ]
	paene kill two >/dev/null
	wait_until 10 has_ended two
	paene stop -t 0 one >/dev/null # three ends with the pid namespace
	wait_until 10 no_ranges
	box one2
	box two2 --ipc container:one2
	range=$(field one2 .IdRangeStart)
	paene stop -t 0 one2 >/dev/null
	[ "$(ranges)" = "$range" ]
	paene start one2 >/dev/null # with other ids, for these are in use
	[ "$(field one2 .IdRangeStart)" != "$range" ]
	[ "$(ranges | wc -l)" = 2 ]
	[ "$(paene exec two2 sh -c 'echo x >/f && stat -c %u /f')" = 0 ]
	paene stop -t 0 two2 one2 >/dev/null
	wait_until 10 no_ranges
}

@test "monitors that were killed leave no range behind" {
	box one
	box two --network container:one
	for name in one two; do
		kill -9 "$(ps -o ppid= -p "$(pid_of "$name")")"
		kill -9 "$(pid_of "$name")"
	done
	wait_until 10 settled_without_ranges
}

@test "one whose namespaces are to be joined must run; start starts it first" {
	paene create -q --name one "$image" sleep 100000 >/dev/null
	run paene run -q --rm --pid container:one "$image" true
	expect_status 125
	expect_in_output 'container one, whose namespaces are to be joined, does not run; `paene start one`'
	paene create -q --name two --ipc container:one "$image" sleep 100000 >/dev/null
	paene create -q --name three --uts container:two "$image" sleep 100000 >/dev/null
	paene start three >/dev/null
	same ipc one two
	same uts two three
	paene stop -t 0 one two three >/dev/null
	paene restart -t 0 three >/dev/null
	same uts two three
}

@test "rm: one that others join is not removed, but with them" {
	box one
	box two --network container:one
	run paene rm -f one
	expect_status 1
	expect_in_output "container one has containers that join its namespaces: $(id_of two | cut -c 1-12); remove them first, or give --depend"
	run paene rm one
	expect_status 1
	expect_in_output "join its namespaces"
	paene exec two true
	paene rm -f --depend one
	[ -z "$(paene ps -aq)" ]
	box one
	box two --network container:one
	paene rm -f two
	paene rm -f one
}

@test "what cannot be is said in one line" {
	box one
	box host --userns host
	refused() { # refused TEXT OPTION…
		local text=$1
		shift
		run paene run -q --rm "$@" "$image" true
		expect_status 125
		expect_in_output "$text"
		[ "${#lines[@]}" = 1 ] || fail "more than one line"
	}
	refused "--pid: no such container: nobody" --pid container:nobody
	refused "--pid sandbox: it is private, host or container:NAME" --pid sandbox
	refused "--ipc sandbox: it is private, shareable, none, host or container:NAME" --ipc sandbox
	refused "--uts sandbox" --uts sandbox
	refused "another user namespace" --pid container:one --ipc container:host
	refused "--userns host" --pid container:one --userns host
	refused "--uidmap" --pid container:one --uidmap 0:0:1
}

@test "two that have different ids cannot be joined at once" {
	box one
	box two
	run paene run -q --rm --pid container:one --ipc container:two "$image" true
	expect_status 125
	expect_in_output "another user namespace"
	[ "$(ranges | wc -l)" = 2 ]
}

@test "exec, logs and volumes are its own" {
	box one
	paene run -dq --name two --pid container:one --network container:one -v data:/data "$image" sh -c 'echo said; echo x >/data/f; sleep 100000' >/dev/null
	wait_until 10 has_said two said
	[ "$(paene exec two cat /data/f)" = x ]
	paene kill two >/dev/null
	paene exec one true
	paene rm -f two >/dev/null
	paene volume rm data >/dev/null
}
