# SPDX-License-Identifier: Apache-2.0
# The limits of a pod hold for all its containers together, whoever makes the cgroup: paene, or systemd as a slice.
load ../lib/common
load limits

teardown() {
	paene pod rm -f --all || true
	paene rm -f --all || true
}

pod_path() {
	paene pod inspect --format '{{.CgroupPath}}' "$1"
}

expect_limits() { # expect_limits POD
	local path
	path=/sys/fs/cgroup$(pod_path "$1")
	[ "$(<"$path/memory.max")" = $((96 << 20)) ] || fail "$path/memory.max: $(<"$path/memory.max")"
	[ "$(<"$path/cpu.max")" = "50000 100000" ] || fail "$path/cpu.max: $(<"$path/cpu.max")"
	[ "$(<"$path/pids.max")" = 60 ] || fail "$path/pids.max: $(<"$path/pids.max")"
	[[ "$(paene inspect --format '{{.CgroupPath}}' one)" == "$(pod_path "$1")"/* ]]
}

@test "a folder of ours: limits of all together" {
	paene pod create --name box -m 96m --cpus 0.5 --pids-limit 60 --network none >/dev/null
	paene run -dq --pod box --name one "$image" sleep 100000 >/dev/null
	expect_limits box
	# two that stay below the limit of one each, and not together
	run paene run -q --rm --pod box -m 64m "$image" sh -c 'head -c 40000000 /dev/zero >/dev/shm/a'
	expect_status 0
	run paene run -q --rm --pod box "$image" sh -c 'head -c 70000000 /dev/zero >/dev/shm/b'
	[ "$status" != 0 ]
	paene pod inspect box | jq -e '.[0].memory_limit == 100663296 and .[0].cpu_quota == 50000'
	paene pod rm -f box
}

@test "a slice of systemd's: the same limits, and it goes with the pod" {
	paene --cgroup-manager systemd pod create --name box -m 96m --cpus 0.5 --pids-limit 60 --network none >/dev/null
	paene run -dq --pod box --name one "$image" sleep 100000 >/dev/null
	[[ "$(pod_path box)" == /machine.slice/machine-paene_pod_*.slice ]]
	expect_limits box
	systemctl daemon-reload
	expect_limits box
	local path
	path=/sys/fs/cgroup$(pod_path box)
	paene pod rm -f box
	wait_until 10 test ! -d "$path"
}
