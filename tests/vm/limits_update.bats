# SPDX-License-Identifier: Apache-2.0
# paene update where every controller is there: what runs has it at once, and again at its next start.
load ../lib/common
load limits

setup() {
	needs_program paene
	disk=$(findmnt -no SOURCE /)
	device=$(lsblk -dno MAJ:MIN "$disk" | tr -d ' ')
}

teardown() {
	paene unpause box 2>/dev/null || true
	paene rm -f --all || true
}

all_flags=(-m 64m --memory-swap 96m --memory-low 24m --memory-min 8m --memory-high 48m --oom-group=false --cpus 0.5
	--cpu-burst 20000 --cpu-shares 512 --cpuset-cpus 0 --pids-limit 50 --blkio-weight 200
	--device-read-bps /:1m --device-write-iops /:200 --cgroup-conf memory.swap.high=1048576)

has_all() {
	has memory.max $((64 << 20)) memory.swap.max $((32 << 20)) memory.low $((24 << 20)) memory.min $((8 << 20)) \
		memory.high $((48 << 20)) memory.oom.group 0 memory.swap.high 1048576
	has cpu.max "50000 100000" cpu.max.burst 20000 cpu.weight 59 cpuset.cpus 0 pids.max 50
	has io.max "$device rbps=1048576 wbps=max riops=max wiops=200"
}

@test "every limit: at once, at the next start, and lifted" {
	start_box box -- sleep 1000
	local before after
	before=$(limits_now)
	run paene update "${all_flags[@]}" box
	expect_output box
	has_all
	paene restart -t 0 box
	has_all
	paene update -m -1 --memory-low 0 --memory-min 0 --memory-high -1 --oom-group --cpus 0 --cpu-burst 0 --cpu-shares 0 \
		--cpuset-cpus= --pids-limit 2048 --blkio-weight 0 --device-read-bps /:0 --device-write-iops /:0 \
		--cgroup-conf memory.swap.high=max box
	after=$(limits_now)
	has cpuset.cpus "$(cat /sys/devices/system/cpu/online)" # the kernel takes no empty list where processes are
	[ "$after" = "$before" ] || fail "$(diff <(echo "$before") <(echo "$after"))"
}

limits_now() { # of $cgroup
	(cd "$cgroup" && grep . memory.{max,low,min,high,oom.group,swap.max,swap.high} cpu.{max,max.burst,weight} \
		pids.max io.max io.weight || true)
}

@test "memory and swap stay together" {
	start_box box -m 64m -- sleep 1000
	paene update -m 80m box
	has memory.max $((80 << 20)) memory.swap.max 0
	paene update --memory-swap 100m box
	has memory.max $((80 << 20)) memory.swap.max $((20 << 20))
	paene update -m 90m box
	has memory.max $((90 << 20)) memory.swap.max $((10 << 20))
	run paene update -m 200m box
	expect_status 1
	expect_in_output "--memory-swap (104857600 bytes) is below --memory (209715200 bytes)"
	has memory.max $((90 << 20)) memory.swap.max $((10 << 20))
	paene update --memory-swap -1 box
	has memory.swap.max max
	[ "$(field box .HostConfig.MemorySwap)" = -1 ]
}

@test "quota, period and burst stay together" {
	start_box box --cpus 1 -- sleep 1000
	paene update --cpu-quota 30000 box
	has cpu.max "30000 100000"
	paene update --cpu-period 60000 --cpu-burst 30000 box
	has cpu.max "30000 60000" cpu.max.burst 30000
	run paene update --cpu-quota 20000 box
	expect_status 1
	expect_in_output "--cpu-burst (30000 us) is above the quota (20000 us"
	paene update --cpus 0.1 --cpu-burst 5000 box
	has cpu.max "10000 100000" cpu.max.burst 5000
}

@test "paused, made, ended" {
	start_box box -- sleep 1000
	paene pause box
	paene update -m 50m box
	has memory.max $((50 << 20))
	paene unpause box
	paene stop -t 0 box
	paene update -m 60m --class batch box
	paene start box
	has memory.max $((60 << 20)) cpu.weight 25
}

@test "what the kernel refuses: nothing is changed, in it or on disk" {
	start_box box -m 50m -- sleep 1000
	run paene update -m 60m --pids-limit 7 --cgroup-conf memory.high=much box
	expect_status 1
	expect_in_output 'write "much" to memory.high: Invalid argument'
	has memory.max $((50 << 20)) pids.max 2048
	[ "$(field box .HostConfig.Memory)" = $((50 << 20)) ]
	[ "$(field box .HostConfig.PidsLimit)" = 2048 ]
}

@test "memory that cannot be taken is not cut off, but by --force" {
	start_box box --shm-size 64m -- sh -c 'dd if=/dev/zero of=/dev/shm/x bs=1M count=40 && touch /full; sleep 1000'
	wait_until 300 paene exec box test -e /full
	run paene update -m 20m box
	expect_status 1
	expect_in_output "--memory 21.0 MB: container box holds 4"
	expect_in_output "--force"
	has memory.max max
	paene update -m 20m --force box || true # it dies meanwhile
	wait_until 120 sh -c '[ "$(paene --root $PAENE_DATA --runroot $PAENE_RUN inspect -f "{{.State.Status}}" box)" = exited ]'
	[ "$(field box .State.OOMKilled)" = true ]
	[ "$(field box .HostConfig.Memory)" = $((20 << 20)) ]
}

@test "what is cached of files is given back" {
	local folder
	folder=$(mktemp -d /var/tmp/cached.XXXXXX) # on the disk: what is on a tmpfs cannot be given back
	start_box box -v "$folder:/data" -- \
		sh -c 'dd if=/dev/zero of=/data/x bs=1M count=40 conv=fsync && touch /data/full; sleep 1000'
	wait_until 300 test -e "$folder/full"
	paene update -m 20m box
	has memory.max $((20 << 20))
	[ "$(field box .State.Status)" = running ]
	paene rm -f box
	rm -r "$folder"
}

@test "classes: another one, and single limits over it" {
	start_box box --class idle --cpus 1 -- sleep 1000
	has cpu.idle 1 cpu.max.burst 0
	paene update --class latency box
	has cpu.idle 0 cpu.weight 400 cpu.max.burst 100000 io.weight "default 400"
	[ "$(field box .HostConfig.Class)" = latency ]
	paene update --cpus 0.5 box
	has cpu.max "50000 100000" cpu.max.burst 50000
	paene update --cpu-shares 1024 box
	has cpu.weight 100
	paene update --cpu-shares 0 box # the class again
	has cpu.weight 400
	paene update --class idle box
	has cpu.idle 1
	paene update --cpu-shares 1024 box
	has cpu.idle 0 cpu.weight 100
	paene restart -t 0 box
	has cpu.idle 0 cpu.weight 100 io.weight "default 1"
}

@test "updates at once lose nothing" {
	start_box box -- sleep 1000
	local pids=() pid
	for flag in "-m 64m" "--cpus 1" "--pids-limit 77" "--memory-low 1m" "--cpu-shares 512" "--restart on-failure:2"; do
		paene update $flag box &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	has memory.max $((64 << 20)) cpu.max "100000 100000" pids.max 77 memory.low 1048576 cpu.weight 59
	paene inspect box | jq -e '.[0].HostConfig | .Memory == 67108864 and .NanoCpus == 1000000000 and .PidsLimit == 77 and
		.MemoryReservation == 1048576 and .CpuShares == 512 and .RestartPolicy.MaximumRetryCount == 2'
}

@test "systemd's cgroups: it is told, so that it does not go back to what it knows" {
	[ -d /run/systemd/system ] || skip "no systemd"
	paene --cgroup-manager systemd run -dq --name box --network none -m 64m "$image" sleep 1000
	cgroup=$(cgroup_of box)
	paene update -m 80m --cpus 0.5 --pids-limit 33 --class batch box
	has memory.max $((80 << 20)) cpu.max "50000 100000" pids.max 33 cpu.weight 25
	systemctl daemon-reload
	has memory.max $((80 << 20)) cpu.max "50000 100000" pids.max 33 cpu.weight 25
	paene update --cpus 0 --cpu-shares 0 --pids-limit -1 box
	systemctl daemon-reload
	has cpu.max "max 100000" cpu.weight 25 pids.max max
}
