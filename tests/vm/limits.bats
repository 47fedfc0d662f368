# SPDX-License-Identifier: Apache-2.0
# Limits hold, and what runs into one is alone in it: the machine and other containers go on.
# The machine is emulated: nothing here expects a speed; processor time is compared with the guest's own clock.
load ../lib/common

image=localhost/busybox:1

setup_file() {
	type -P paene >/dev/null || return 0 # each test then says why it is skipped
	load_busybox
}

setup() {
	needs_program paene
	sleep 1000 3>&- &
	outsider=$!
	paene run -d --name neighbour $image sleep 1000
}

teardown() {
	kill "$outsider" || fail "a process outside was hit"
	paene rm -f neighbour victim || true
}

field() { # field NAME JQ-PATH: of `paene inspect`
	paene inspect "$1" | jq -r ".[0]$2"
}

cgroup_of() { # cgroup_of NAME: the folder of a running container's cgroup
	local pid path
	pid=$(field "$1" .State.Pid)
	path=$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
	echo "/sys/fs/cgroup$path"
}

others_go_on() {
	kill -0 "$outsider" || fail "a process outside was hit"
	[ "$(field neighbour .State.Status)" = running ] || fail "the neighbour was hit"
	paene exec neighbour true
}

@test "memory: only the container over its limit is killed, with 137" {
	run paene run --name victim --memory 32m $image sh -c 'tail /dev/zero; echo survived'
	expect_status 137
	[[ "$output" != *survived* ]] || fail "the shell beside the hog lived on: the container is killed as a whole"
	others_go_on
}

@test "memory: that it was the limit is recorded" {
	run paene run --name victim -m 32m $image tail /dev/zero
	expect_status 137
	[ "$(field victim .State.OOMKilled)" = true ]
	[ "$(field victim .State.ExitCode)" = 137 ]
	[ "$(field victim .State.Status)" = exited ]
}

@test "memory: a container within its limit is left alone" {
	run paene run --name victim -m 64m $image sh -c 'head -c 20000000 /dev/zero | tail | wc -c'
	expect_status 0
	expect_output 20000000
	[ "$(field victim .State.OOMKilled)" = false ]
}

@test "memory: the limit is the kernel's, and there is no swap beside it" {
	paene run -d --name victim -m 32m $image sleep 1000
	local cgroup
	cgroup=$(cgroup_of victim)
	[ "$(cat "$cgroup/memory.max")" = $((32 << 20)) ]
	[ "$(cat "$cgroup/memory.swap.max")" = 0 ]
	[ "$(cat "$cgroup/memory.oom.group")" = 1 ]
}

@test "pids: a fork bomb stays below its limit, and ends when killed" {
	paene run -d --name victim --pids-limit 64 $image sh -c 'bomb() { bomb | bomb & }; bomb; exec sleep 1000'
	local cgroup
	cgroup=$(cgroup_of victim)
	[ "$(cat "$cgroup/pids.max")" = 64 ]
	wait_until 60 sh -c "grep -q 'max [1-9]' $cgroup/pids.events" # it has hit the limit
	for _ in 1 2 3 4 5; do
		[ "$(cat "$cgroup/pids.current")" -le 64 ]
	done
	others_go_on
	paene kill victim
	wait_until 60 test ! -s "$cgroup/cgroup.procs"
	others_go_on
}

@test "cpu: a busy container gets its share, within 10 %" {
	paene run -d --name victim --cpus 0.25 $image sh -c 'while :; do :; done & while :; do :; done'
	local cgroup used elapsed
	cgroup=$(cgroup_of victim)
	sleep 3
	read -r used elapsed < <(cpu_during 15 "$cgroup")
	echo "used $used us of $elapsed us"
	[ $((used * 100)) -ge $((elapsed * 25 * 90 / 100)) ] || fail "less than the share"
	[ $((used * 100)) -le $((elapsed * 25 * 110 / 100)) ] || fail "more than the share"
}

cpu_during() { # cpu_during SECONDS CGROUP: processor time and time, in microseconds
	python3 - "$@" <<-'EOP'
		import sys, time

		def now():
		    with open(f"{sys.argv[2]}/cpu.stat") as f:
		        return int(f.readline().split()[1]), time.monotonic_ns() // 1000

		used, start = now()
		time.sleep(int(sys.argv[1]))
		used_then, end = now()
		print(used_then - used, end - start)
	EOP
}

@test "nothing of the limits is left when the container is removed" {
	leak_check_before
	run paene run --rm --name victim -m 32m --pids-limit 20 --cpus 0.5 $image true
	expect_status 0
	leak_check_after
}
