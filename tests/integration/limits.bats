# SPDX-License-Identifier: Apache-2.0
# Limits of run and create: what is refused, and what can be had of them with the controllers that are here. What needs the
# others: tests/vm/limits_flags.bats
load ../lib/common
load life

in_box() { # in_box OPTION… -- COMMAND…
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	paene run -q --rm --network none "${options[@]}" "$image" "$@"
}

refused() { # refused WORDS OPTION…: by create, in one line, and nothing is made
	local words=$1
	shift
	run paene create --name refused "$@" "$image" true
	expect_status 125
	expect_in_output "$words"
	[ "${#lines[@]}" = 1 ] || fail "more than a line: $output"
	[ ! -e "$PAENE_DATA/names/refused" ] || fail "it was made"
}

@test "each limit says what it wants" {
	local word
	for word in memory memory-swap memory-reservation memory-low memory-min memory-high cpus cpu-shares cpu-quota \
		cpu-period cpu-burst pids-limit blkio-weight; do
		refused "--$word nonsense: " --$word nonsense
		refused "--$word -5: " --$word -5
	done
	refused "--memory 5m: a size from 6m" -m 5m
	refused "--cpu-shares 1: 2 to 262144, please" -c 1
	refused "--cpuset-cpus 0-: a list" --cpuset-cpus 0-
	refused "--cpuset-cpus 4000: this machine has 0" --cpuset-cpus 4000
	refused "--oom-score-adj 1001: -1000 to 1000, please" --oom-score-adj 1001
	refused "--class fast: it is latency, normal, batch or idle" --class fast
	refused "--memory-swap (10485760 bytes) is below --memory (20971520 bytes)" -m 20m --memory-swap 10m
	refused "--cpu-burst (60000 us) is above the quota (50000 us" --cpus 0.5 --cpu-burst 60000
	refused "--cpus says what --cpu-quota and --cpu-period say" --cpus 1 --cpu-quota 5000
}

@test "disks: by path; what has no disk says why" {
	local option
	for option in device-read-bps device-write-bps device-read-iops device-write-iops io-latency blkio-weight-device; do
		refused "--$option /proc" --$option /proc
		refused "--$option: /proc lies on proc, which has no block device of its own" --$option /proc:100
		refused "--$option: /no/such/disk: No such file" --$option /no/such/disk:100
		refused "--$option: /dev/null is no block device" --$option /dev/null:100
	done
	mount -t tmpfs tmpfs "$BATS_TEST_TMPDIR"
	refused "lies on tmpfs, which has no block device of its own; name the disk, such as /dev/sda" \
		--device-read-bps "$BATS_TEST_TMPDIR:1m"
	umount "$BATS_TEST_TMPDIR"
}

@test "what only cgroup v1 had is refused with what there is instead" {
	refused "--memory-swappiness exists in cgroup v1 only; --memory-swap" --memory-swappiness 10
	refused "--oom-kill-disable exists in cgroup v1 only; --memory-high" --oom-kill-disable
	refused "--kernel-memory exists in cgroup v1 only; --memory counts" --kernel-memory 10m
	refused "--cpu-rt-runtime exists in cgroup v1 only; --class" --cpu-rt-runtime 1000
	in_box --memory-swappiness=-1 --oom-kill-disable=false -- true
}

@test "a controller that is not here: said for each limit, before anything is made" {
	local disk controller flags
	disk=$(lsblk -dnpo NAME 2>/dev/null | head -n 1)
	while read -r controller flags; do
		! grep -qw "$controller" /sys/fs/cgroup/cgroup.controllers || continue
		[[ "$flags" != *DISK* ]] || [ -b "$disk" ] || continue
		refused "controller $controller" ${flags//DISK/$disk}
	done <<-EOF
		memory --memory 64m
		memory --memory-reservation 64m
		memory --memory-low 64m
		memory --memory-min 1m
		memory --memory-high 64m
		memory --oom-group
		memory --cgroup-conf memory.swap.high=1
		cpu --cpus 1
		cpu --cpu-shares 512
		cpu --cpu-quota 5000
		cpu --cpu-burst 5000
		cpu --class idle
		cpu --class normal
		cpuset --cpuset-cpus 0
		cpuset --cpuset-mems 0
		pids --pids-limit 5
		io --blkio-weight 50
		io --blkio-weight-device DISK:50
		io --device-read-bps DISK:1m
		io --device-write-iops DISK:5
		io --io-latency DISK:5000
	EOF
}

@test "no limit needs no controller" {
	in_box --memory -1 --memory-swap -1 --memory-high 0 --cpus 0 --pids-limit -1 --blkio-weight 0 --cpu-shares 0 -- true
}

@test "--cgroup-conf: any limit, in force before the first instruction; the last one counts" {
	needs_controller hugetlb
	[ -e /sys/kernel/mm/hugepages/hugepages-2048kB ] || skip "this machine has no huge pages of 2 MB"
	run in_box --cgroup-conf hugetlb.2MB.max=2097152 --cgroup-conf hugetlb.2MB.max=4194304 -- \
		cat /sys/fs/cgroup/hugetlb.2MB.max
	expect_status 0
	expect_output 4194304
	refused "FILE=VALUE" --cgroup-conf hugetlb.2MB.max
	refused "cgroup.freeze is no file of a controller" --cgroup-conf cgroup.freeze=1
	refused "FILE=VALUE" --cgroup-conf ../hugetlb.2MB.max=1
	run in_box --cgroup-conf hugetlb.2MB.max=much -- true
	expect_status 125
	expect_in_output 'write "much" to hugetlb.2MB.max: Invalid argument'
	run in_box --cgroup-conf hugetlb.3MB.max=1 -- true
	expect_status 125
	expect_in_output "this kernel has no cgroup file hugetlb.3MB.max"
	in_box --cgroup-conf cgroup.max.depth=3 -- grep -qx 3 /sys/fs/cgroup/cgroup.max.depth
}

@test "--oom-score-adj: the process has it, and what exec starts" {
	start_box adjusted --oom-score-adj 321 -- sleep 1000
	[ "$(paene exec adjusted cat /proc/self/oom_score_adj)" = 321 ]
	[ "$(cat "/proc/$(field adjusted .State.Pid)/oom_score_adj")" = 321 ]
	[ "$(field adjusted .HostConfig.OomScoreAdj)" = 321 ]
}

@test "inspect: limits by the keys of docker and podman" {
	paene create --name keys --network none --shm-size 1m --cgroup-conf cgroup.max.depth=3 --oom-score-adj 5 "$image" true \
		>/dev/null
	run paene inspect --format '{{json .HostConfig}}' keys
	expect_status 0
	jq -e '.ShmSize == 1048576 and .OomScoreAdj == 5 and .CgroupConf == {"cgroup.max.depth": "3"} and .Class == "" and
		.Memory == 0 and .MemorySwap == 0 and .MemoryReservation == 0 and .NanoCpus == 0 and .CpuShares == 0 and
		.CpuQuota == 0 and .CpuPeriod == 0 and .CpusetCpus == "" and .CpusetMems == "" and .PidsLimit == 2048 and
		.BlkioWeight == 0 and ([.BlkioWeightDevice, .BlkioDeviceReadBps, .BlkioDeviceWriteBps, .BlkioDeviceReadIOps,
		.BlkioDeviceWriteIOps] | all(. == []))' <<<"$output"
}

@test "the manual says what the classes do" {
	run paene man
	expect_in_output '\fBidle\fR: cpu.idle 1, '
	expect_in_output '\fBbatch\fR: cpu.weight 25, '
}
