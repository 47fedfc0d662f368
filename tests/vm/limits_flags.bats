# SPDX-License-Identifier: Apache-2.0
# Limits by flag of run and create: what the kernel's files say, and what happens at the limits; classes.
# The machine is emulated: nothing here expects a speed, only ratios and the guest's own clock.
load ../lib/common
load limits

setup() {
	needs_program paene
	disk=$(findmnt -no SOURCE /) # a whole disk: there are no partitions
	device=$(lsblk -dno MAJ:MIN "$disk" | tr -d ' ')
}

teardown() {
	paene rm -f --all || true
}

@test "each flag is in the kernel's files" {
	start_box box -m 64m --memory-swap 96m --memory-reservation 24m --memory-min 8m --memory-high 48m --oom-group=false \
		--cpus 0.5 --cpu-burst 20000 --cpu-shares 512 --cpuset-cpus 0 --cpuset-mems 0 --pids-limit 50 \
		--blkio-weight 200 --device-read-bps "$disk:1m" --device-write-bps "$disk:2m" --device-read-iops "/:100" \
		--device-write-iops "/etc:200" --cgroup-conf memory.swap.high=1048576 --oom-score-adj 300 -- sleep 1000
	has memory.max $((64 << 20)) memory.swap.max $((32 << 20)) memory.low $((24 << 20)) memory.min $((8 << 20)) \
		memory.high $((48 << 20)) memory.oom.group 0 memory.swap.high 1048576
	has cpu.max "50000 100000" cpu.max.burst 20000 cpu.weight 59 cpuset.cpus 0 cpuset.mems 0 pids.max 50
	has io.max "$device rbps=1048576 wbps=2097152 riops=100 wiops=200"
	if [ -e "$cgroup/io.bfq.weight" ]; then
		has io.bfq.weight "default 200"
	else
		has io.weight "default 1920"
	fi
	[ "$(cat "/proc/$(field box .State.Pid)/oom_score_adj")" = 300 ]
	paene inspect box | jq -e --arg disk "$disk" '.[0].HostConfig | .Memory == 67108864 and .MemorySwap == 100663296 and
		.MemoryReservation == 25165824 and .NanoCpus == 500000000 and .CpuQuota == 50000 and .CpuPeriod == 100000 and
		.CpuBurst == 20000 and .CpuShares == 512 and .CpusetCpus == "0" and .CpusetMems == "0" and .PidsLimit == 50 and
		.BlkioWeight == 200 and .BlkioDeviceReadBps == [{"Path": $disk, "Rate": 1048576}] and
		.BlkioDeviceWriteBps == [{"Path": $disk, "Rate": 2097152}] and
		.BlkioDeviceReadIOps == [{"Path": $disk, "Rate": 100}] and
		.BlkioDeviceWriteIOps == [{"Path": $disk, "Rate": 200}] and .OomScoreAdj == 300 and
		.CgroupConf["memory.min"] == "8388608" and .CgroupConf["memory.oom.group"] == "0"'
}

@test "limits are in force before the first instruction" {
	run paene run -q --rm --network none -m 40m --cpus 0.3 --pids-limit 9 "$image" \
		sh -c 'cd /sys/fs/cgroup; cat memory.max cpu.max pids.max'
	expect_output $'41943040\n30000 100000\n9'
}

@test "quota and period by themselves; a burst needs its quota" {
	start_box one --cpu-quota 20000 -- sleep 1000
	has cpu.max "20000 100000"
	start_box two --cpu-quota 20000 --cpu-period 40000 --cpu-burst 20000 -- sleep 1000
	has cpu.max "20000 40000" cpu.max.burst 20000
	start_box three --cpu-period 40000 -- sleep 1000
	has cpu.max "max 40000"
}

@test "io latency, and weights of one disk: in the kernel's files, or an error that names the file" {
	run paene run -dq --name one --network none --io-latency "$disk:5000" "$image" sleep 1000
	if [ "$status" = 0 ]; then
		cgroup=$(cgroup_of one)
		has io.latency "$device target=5000"
	else
		expect_status 125
		expect_in_output "this kernel has no cgroup file io.latency"
	fi
	run paene run -dq --name two --network none --blkio-weight-device "$disk:200" "$image" sleep 1000
	if [ "$status" = 0 ]; then
		cat "$(cgroup_of two)"/io.*weight | grep -q "^$device "
	else
		expect_status 125
		expect_in_output 'weight"\? to io\|to io' || expect_in_output "$device"
	fi
}

@test "pids: at the limit fork fails, and others go on" {
	run paene run -q --rm --network none --pids-limit 4 "$image" \
		sh -c 'for i in 1 2 3 4 5 6; do sleep 5 & done; wait'
	expect_in_output "can't fork"
}

@test "memory high: what grows is slowed down, and lives" {
	start_box box --memory-high 16m --shm-size 64m -- sh -c 'dd if=/dev/zero of=/dev/shm/x bs=1M count=32; sleep 1000'
	wait_until 300 sh -c "grep -q '^high [1-9]' $cgroup/memory.events"
	grep -q '^oom_kill 0' "$cgroup/memory.events"
	[ "$(field box .State.Status)" = running ]
}

@test "oom group: off, the kernel kills one process" {
	run paene run -q --name box --network none -m 32m --oom-group=false "$image" \
		sh -c 'tail /dev/zero; echo "the shell lives: $?"'
	expect_status 0
	expect_in_output "the shell lives: 137"
}

@test "cpu: a quota throttles, as cpu.stat counts" {
	start_box box --cpus 0.2 -- sh -c 'while :; do :; done'
	wait_until 120 sh -c "grep -q '^nr_throttled [1-9]' $cgroup/cpu.stat"
}

seconds_for() { # seconds_for OPTION…: 8 MiB onto the disk, by the guest's clock
	local folder start
	folder=$(mktemp -d /var/tmp/io.XXXXXX)
	start=$(date +%s)
	paene run -q --rm --network none -v "$folder:/data" "$@" "$image" \
		dd if=/dev/zero of=/data/x bs=1M count=8 conv=fsync >&2
	echo $(($(date +%s) - start))
	rm -r "$folder"
}

@test "io: a rate holds, by the guest's clock" {
	local free limited
	free=$(seconds_for --memory 256m)
	limited=$(seconds_for --memory 256m --device-write-bps "$disk:512k")
	echo "without a limit $free s, at 512 KiB a second $limited s"
	[ "$limited" -ge 14 ] || fail "faster than its limit"
	[ $((free * 2)) -le "$limited" ] || fail "the disk itself is as slow: this says nothing"
}

@test "classes: the files that there are are set, the others are listed" {
	start_box box --class idle -- sleep 1000
	has cpu.idle 1 io.weight "default 1"
	[ "$(field box .HostConfig.Class)" = idle ]
	local file
	for file in cpu.uclamp.min cpu.uclamp.max io.weight io.prio.class; do
		if [ -e "$cgroup/$file" ]; then
			field box .HostConfig.MissingDefaults | jq -e "index(\"$file\") == null"
		else
			field box .HostConfig.MissingDefaults | jq -e "index(\"$file\") != null"
		fi
	done
	start_box quick --class latency --cpus 2 -- sleep 1000
	has cpu.idle 0 cpu.weight 400 cpu.max "200000 100000" cpu.max.burst 200000 io.weight "default 400"
	start_box own --class batch --cpu-shares 1024 --cgroup-conf "io.weight=default 77" -- sleep 1000
	has cpu.weight 100 io.weight "default 77"
}

@test "classes: on one processor latency goes before batch, and batch before idle" {
	local work='while :; do :; done' quick batch idle
	start_box quick --class latency --cpuset-cpus 0 -- sh -c "$work"
	start_box batch --class batch --cpuset-cpus 0 -- sh -c "$work"
	start_box idle --class idle --cpuset-cpus 0 -- sh -c "$work"
	read -r quick batch idle < <(cpu_during 20 "$(cgroup_of quick)" "$(cgroup_of batch)" "$(cgroup_of idle)")
	echo "latency $quick us, batch $batch us, idle $idle us"
	[ "$quick" -ge $((batch * 6)) ] || fail "latency has not gone before batch" # 16 times the weight
	[ "$batch" -ge $((idle * 2)) ] || fail "batch has not gone before idle"     # 25 to 3
}

@test "nothing is left of them" {
	leak_check_before
	run paene run --rm -q --network none --name box -m 32m --class batch --device-read-bps "$disk:1m" "$image" true
	expect_status 0
	leak_check_after
}
