# SPDX-License-Identifier: Apache-2.0
# paene-oci update and events where every controller is there; with cgroups of our own, and the same with systemd's.
load ../lib/common

setup() {
	needs_program paene-oci
	bundle=$BATS_TEST_TMPDIR/bundle
	mkdir "$bundle"
	cp "$tests/lib/config.json" "$bundle/"
	edit_bundle "$bundle" ".root.path = \"$(busybox_rootfs)\"" '.process.args = ["sleep", "1000"]' '.linux.resources += {
		memory: { limit: 33554432, reservation: 25165824 },
		cpu: { shares: 100, quota: 500000, period: 1000000 },
		pids: { limit: 20 }
	}'
}

teardown() {
	oci delete --force u || true
}

start() { # start [FLAG…]: the container u; $cgroup and $unit are set
	oci "$@" run -d --bundle "$bundle" u
	local path
	path=$(sed -n 's/^0:://p' "/proc/$(oci state u | jq .pid)/cgroup")
	cgroup=/sys/fs/cgroup$path
	unit=${path##*/}
}

has() { # has FILE VALUE
	[ "$(cat "$cgroup/$1")" = "$2" ] || fail "$1: $(cat "$cgroup/$1"), expected $2"
}

unit_has() { # unit_has PROPERTY VALUE: where it is systemd's
	[[ "$unit" == *.scope ]] || return 0
	[ "$(systemctl show --value --property "$1" "$unit")" = "$2" ] ||
		fail "$1: $(systemctl show --property "$1" "$unit"), expected $2"
}

common_limits() {
	has memory.max 33554432
	unit_has MemoryMax 33554432
	has memory.low 25165824
	unit_has MemoryLow 25165824
	has pids.max 20
	unit_has TasksMax 20
	has cpu.max "500000 1000000"
	unit_has CPUQuotaPerSecUSec 500ms
	oci update --cpuset-cpus 1 u
	has cpuset.cpus 1
	unit_has AllowedCPUs 1
	oci update --memory 50M --memory-reservation 33554432 u
	has memory.max 52428800
	unit_has MemoryMax 52428800
	has memory.low 33554432
	oci update --memory-swap -1 u
	has memory.swap.max max
	oci update --memory 52428800 --memory-swap 96468992 u
	has memory.swap.max 44040192
	unit_has MemorySwapMax 44040192
	oci update --memory-swap 73400320 u # the limit of memory is the one of now
	has memory.swap.max 20971520
	has memory.max 52428800
	oci update --memory -1 u
	has memory.max max
	has memory.swap.max max
	unit_has MemoryMax infinity
	oci update --pids-limit -1 u
	has pids.max max
	unit_has TasksMax infinity
	oci update --pids-limit 0 u
	has pids.max 1
	unit_has TasksMax 1
	oci update -r - u <<<'{"memory": {"limit": 33554432}, "cpu": {"shares": 100, "cpus": "0"}, "pids": {"limit": 20}}'
	has memory.max 33554432
	has cpuset.cpus 0
	has pids.max 20
}

cpu_limits() {
	oci update --cpu-period 500000 u
	has cpu.max "500000 500000"
	unit_has CPUQuotaPerSecUSec 1s
	oci update --cpu-quota 600000 u
	has cpu.max "600000 500000"
	unit_has CPUQuotaPerSecUSec 1.200000s
	oci update --cpu-quota -1 u
	has cpu.max "max 500000"
	unit_has CPUQuotaPerSecUSec infinity
	oci update --cpu-quota 50000 --cpu-period 100000 --cpu-burst 20000 u
	has cpu.max "50000 100000"
	has cpu.max.burst 20000
	oci update --cpu-burst 0 --cpu-quota 20000 u
	has cpu.max "20000 100000"
	oci update --cpu-share 1024 u
	has cpu.weight 100
	unit_has CPUWeight 100
	oci update --cpu-idle 1 u
	has cpu.idle 1
	oci update --cpu-idle 0 --cpu-share 200 u
	has cpu.idle 0
	unit_has CPUWeight "$(cat "$cgroup/cpu.weight")"
	oci update -r - u <<<'{"unified": {"cpu.max": "max 100000", "cpu.weight": "16", "pids.max": "10"}}'
	has cpu.max "max 100000"
	has cpu.weight 16
	unit_has CPUWeight 16
	unit_has TasksMax 10
}

@test "update: memory, swap, pids, cpuset" {
	start
	common_limits
}

@test "update: memory, swap, pids, cpuset; systemd is told" {
	start --systemd-cgroup
	common_limits
	systemctl daemon-reload # what systemd does not know, it takes back here
	has memory.max 33554432
	has pids.max 20
	has cpuset.cpus 0
}

@test "update: processors" {
	start
	cpu_limits
}

@test "update: processors; systemd is told" {
	start --systemd-cgroup
	cpu_limits
}

disk_limits() {
	local device
	device=$(lsblk -dno MAJ:MIN /dev/vda | tr -d ' ')
	local numbers='"major": '${device%:*}', "minor": '${device#*:}
	oci update -r - u <<<'{"blockIO": {"throttleReadBpsDevice": [{'"$numbers"', "rate": 10485760}],
		"throttleWriteIOPSDevice": [{'"$numbers"', "rate": 900}]}}'
	has io.max "$device rbps=10485760 wbps=max riops=max wiops=900"
	oci update -r - u <<<'{"blockIO": {"throttleReadBpsDevice": [{'"$numbers"', "rate": 1048576}],
		"throttleWriteIOPSDevice": [{'"$numbers"', "rate": 0}]}}'
	has io.max "$device rbps=1048576 wbps=max riops=max wiops=max"
	unit_has IOReadBandwidthMax "/dev/block/$device 1048576"
}

@test "update: disks" {
	start
	disk_limits
}

@test "update: disks; systemd is told" {
	start --systemd-cgroup
	disk_limits
}

@test "update: checkBeforeUpdate refuses what would kill" {
	start
	run oci update -r - u <<<'{"memory": {"limit": 1024, "checkBeforeUpdate": true}}'
	expect_status 1
	expect_in_output "rejecting memory limit"
	run oci update -r - u <<<'{"memory": {"limit": 1024, "swap": 2048, "checkBeforeUpdate": true}}'
	expect_status 1
	expect_in_output "rejecting memory"
	[ "$(oci state u | jq -r .status)" = running ]
	oci update --memory 1024 u || true # it is killed, before or after we are done
	stopped() { [ "$(oci state u | jq -r .status)" = stopped ]; }
	wait_until 20 stopped
}

@test "update: one that is paused stays so" {
	start
	oci pause u
	oci update --pids-limit 30 u
	has pids.max 30
	[ "$(oci state u | jq -r .status)" = paused ]
	oci resume u
}

@test "events: statistics of all controllers" {
	start
	run oci events --stats u
	expect_status 0
	jq -e '.data.memory.usage | .limit == 33554432 and .usage > 0' <<<"$output"
	jq -e '.data.memory.swap.limit > 33554432 and .data.memory.raw.anon >= 0' <<<"$output"
	jq -e '.data.pids == {current: 1, limit: 20}' <<<"$output"
	jq -e '.data.cpu.throttling | type == "object"' <<<"$output"
	jq -e '.data.hugetlb["2MB"].failcnt == 0' <<<"$output"
	oci update --memory -1 --pids-limit -1 u
	run oci events --stats u
	expect_in_output '"limit":18446744073709551615'
	jq -e '.data.pids == {current: 1}' <<<"$output"
}

@test "events: memory that runs out" {
	edit_bundle "$bundle" '.linux.resources.memory = { limit: 33554432, swap: 33554432 }' \
		'.process.args = ["sh", "-c", "sleep 2; (tail /dev/zero); sleep 1000"]'
	start
	oci events --interval 1h u >"$BATS_TEST_TMPDIR/events" 3>&- &
	local watcher=$!
	wait_until 60 grep -q '^{"type":"oom","id":"u"}$' "$BATS_TEST_TMPDIR/events"
	oci delete --force u
	wait "$watcher"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/events")" = 1 ]
}
