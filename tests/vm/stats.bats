# SPDX-License-Identifier: Apache-2.0
# What a container uses, where every controller counts: while it runs (`paene stats`), and kept after its end (`paene inspect`).
# The machine is emulated: nothing here expects a speed.
load ../lib/common

image=localhost/busybox:1
mib=1048576
files=/var/tmp/paene-files # on the disk: what is written to a tmpfs goes to no device

setup_file() {
	type -P paene >/dev/null || return 0 # each test then says why it is skipped
	cp "$PAENE_BUILD/tests/vm/pages" "$(busybox_rootfs)/bin/"
	load_busybox
	mkdir -p $files
}

teardown_file() {
	rm -rf $files
}

setup() {
	needs_program paene
}

teardown() {
	paene rm -f box other >/dev/null || true
	echo 2 >/sys/kernel/mm/ksm/run # and unmerge
}

cgroup_of() { # cgroup_of NAME: the folder of a running container's cgroup
	local pid
	pid=$(paene inspect --format '{{.State.Pid}}' "$1")
	echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")"
}

stats() { # stats NAME JQ-CONDITION: holds for what is shown of it now
	local seen
	seen=$(paene stats --no-stream --format json "$1")
	jq -e ".[0] | $2" <<<"$seen" >/dev/null || fail "not so: $2" "$seen"
}

used() { # used NAME JQ-CONDITION: holds for what its last run has used
	local seen
	seen=$(paene inspect "$1" | jq '.[0].LastUsage')
	jq -e "$2" <<<"$seen" >/dev/null || fail "not so: $2" "$seen"
}

ready() { # ready NAME
	paene logs "$1" 2>&1 | grep -q ^ready
}

run_pages() { # run_pages NAME OPTION… -- PAGES-ARGUMENT…: in the background, until it has them
	local name=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	paene run -d --name "$name" "${options[@]}" $image pages "$@" >/dev/null
	wait_until 300 ready "$name"
}

@test "memory: what is used, without what is only cached, and the container's own limit" {
	run_pages box -m 96m -v $files:/files -- 32
	stats box ".MemLimit == 96 * $mib and .MemUsageBytes > 31 * $mib and .MemUsageBytes < 40 * $mib"
	stats box '.MemUsage | test("^3[0-9]\\.[0-9]MB / 101MB$")'
	stats box '.MemPerc | test("^3[3-9]\\.[0-9][0-9]%$|^4[01]\\.[0-9][0-9]%$")'
	paene exec box sh -c 'dd if=/dev/zero of=/files/cached bs=1M count=24 2>/dev/null; sync'
	stats box ".MemCurrent > 54 * $mib and .MemUsageBytes < 46 * $mib"
	paene stats --no-stream box | tail -n 1
}

@test "memory: the limit of a cgroup above, else what the machine has" {
	paene run -d --name box $image sleep 1000
	local above machine
	above=$(dirname "$(cgroup_of box)")
	machine=$(($(awk '/^MemTotal/ { print $2 }' /proc/meminfo) * 1024))
	stats box ".MemLimit == $machine"
	echo $((200 * mib)) >"$above/memory.max"
	stats box ".MemLimit == 200 * $mib"
	paene run -d --name other -m 64m $image sleep 1000
	stats other ".MemLimit == 64 * $mib"
	echo max >"$above/memory.max"
}

@test "processes and threads, swap, pressure: all are numbers here" {
	paene run -d --name box $image sh -c 'sleep 1000 & sleep 1000 & wait'
	three() { stats box '.PIDs == 3'; }
	wait_until 60 three
	stats box '.SwapBytes == 0 and .SwapUsage == "0B"'
	stats box '[.CPUPressure, .MemPressure, .IOPressure] | all(type == "number" and . >= 0 and . <= 100)'
	stats box '.BlockIO != "--" and .NetIO != "--"'
}

@test "stats: what is written to a disk is counted" {
	paene run -d --name box -v $files:/files $image sleep 1000
	paene exec box sh -c 'dd if=/dev/zero of=/files/written bs=1M count=8 conv=fsync 2>/dev/null'
	written() { stats box ".BlockOutput >= 8 * $mib and .BlockOutputOps > 0"; }
	wait_until 60 written
}

@test "pages that are merged have a column" {
	[ -e /sys/kernel/mm/ksm/run ] || skip "this kernel merges no pages"
	run paene run -d --name box --ksm $image pages -e 16
	[ "$status" = 0 ] || skip "$output"
	paene run -d --name other --ksm $image pages -e 16
	wait_until 300 ready box
	wait_until 300 ready other
	[[ "$(paene stats --no-stream)" != *KSM* ]]
	echo 10000 >/sys/kernel/mm/ksm/pages_to_scan
	echo 1 >/sys/kernel/mm/ksm/run
	merged() { stats box ".KSMSaved > 8 * $mib"; }
	wait_until 600 merged
	run paene stats --no-stream
	[[ "${lines[0]}" == *"KSM SAVED" ]] || fail "$output"
	[[ "${lines[1]}" =~ MB$ ]] || fail "$output"
}

@test "kept: processor time, and how long it was held back" {
	paene run -d --name box --cpus 0.2 $image sh -c 'while :; do :; done'
	throttled() { paene inspect box | jq -e '.[0].Usage | .CpuThrottledPeriods > 2 and .CpuThrottledMicroseconds > 0'; }
	wait_until 300 throttled
	paene stop -t 0 box
	used box '.CpuThrottledPeriods > 2 and .CpuPeriods >= .CpuThrottledPeriods and .CpuThrottledMicroseconds > 0'
	used box '.CpuMicroseconds > 0 and .CpuUserMicroseconds + .CpuSystemMicroseconds <= .CpuMicroseconds + 1000'
	paene run --name other $image true # no limit holds it back
	used other '.CpuThrottledMicroseconds == 0 and .CpuThrottledPeriods == 0'
}

@test "kept: peaks of memory, swap and processes, input and output" {
	paene run --name box -m 128m -v $files:/files $image sh -c 'head -c 20000000 /dev/zero | tail -c 20000000 >/dev/null
		dd if=/dev/zero of=/files/new bs=1M count=8 conv=fsync 2>/dev/null # what others wrote first is counted for them
		for i in 1 2 3 4 5; do sleep 1 & done; wait'
	used box ".MemoryPeak >= 19000000 and .MemoryPeak <= 128 * $mib"
	used box ".BlockOutput >= 8 * $mib and .BlockOutputOps > 0 and .BlockInput >= 0"
	used box '.OOMEvents == 0 and .OOMKills == 0'
	used box '.PidsPeak == null or (.PidsPeak >= 6 and .PidsPeak < 50)' # not every kernel counts it
	used box '.SwapPeak == null or .SwapPeak == 0' # the same
	used box '.StartedAt < .FinishedAt'
}

@test "kept: that memory ran out, and how often" {
	run paene run --name box -m 32m $image tail /dev/zero
	expect_status 137
	used box '.OOMKills >= 1 and .OOMEvents >= 1'
	used box ".MemoryPeak > 24 * $mib and .MemoryPeak <= 32 * $mib"
	[ "$(paene inspect --format '{{.State.OOMKilled}}' box)" = true ]
}
