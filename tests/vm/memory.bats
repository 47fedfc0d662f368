# SPDX-License-Identifier: Apache-2.0
# Memory beyond limits: what comes back and what stays, who keeps its pages when there are too few, what is kept once for all.
# tests/vm/pages.c is what the containers run. Nothing here expects a speed.
load ../lib/common

image=localhost/busybox:1
files=/var/tmp/paene-files # on the disk: a tmpfs has no cache
swap=/var/tmp/paene-swap
shared=/sys/fs/cgroup/paene-shared # where two containers have too little memory together

setup_file() {
	type -P paene >/dev/null || return 0 # each test then says why it is skipped
	cp "$PAENE_BUILD/tests/vm/pages" "$(busybox_rootfs)/bin/"
	load_busybox
	mkdir -p $files
	fallocate -l 768M $swap
	chmod 600 $swap
	mkswap -q $swap
}

teardown_file() {
	rm -rf $files $swap
}

setup() {
	needs_program paene
}

teardown() {
	paene rm -f box other third || true
	rmdir $shared 2>/dev/null || true
	echo 2 >/sys/kernel/mm/ksm/run # and unmerge
	echo N >/sys/module/zswap/parameters/enabled
	swapoff $swap 2>/dev/null || true
}

swap_on() {
	swapon $swap
}

cgroup_of() { # cgroup_of NAME: the folder of a running container's cgroup
	local pid
	pid=$(paene inspect --format '{{.State.Pid}}' "$1")
	echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")"
}

mib_of() { # mib_of NAME FILE [KEY]: of its cgroup, in MiB
	if [ $# = 2 ]; then
		echo $(($(cat "$(cgroup_of "$1")/$2") >> 20))
	else
		echo $(($(sed -n "s/^$3 //p" "$(cgroup_of "$1")/$2") >> 20))
	fi
}

count_of() { # count_of NAME FILE KEY: of its cgroup
	sed -n "s/^$3 //p" "$(cgroup_of "$1")/$2"
}

has_said() { # has_said NAME WORD
	paene logs "$1" 2>&1 | grep -q "^$2"
}

run_pages() { # run_pages NAME [OPTION…] -- PAGES-ARGUMENT…: in the background, until it has them
	local name=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	paene run -d --name "$name" "${options[@]}" $image pages "$@"
	wait_until 300 has_said "$name" ready
}

has_said_times() { # has_said_times NAME WORD TIMES
	[ "$(paene logs "$1" 2>&1 | grep -c "^$2")" -ge "$3" ]
}

expect_intact() { # expect_intact NAME: all its pages hold what was written
	local before
	before=$(paene logs "$1" 2>&1 | grep -c ^intact) || true # none yet
	paene kill --signal USR1 "$1"
	wait_until 300 has_said_times "$1" intact $((before + 1))
}

reclaim() { # reclaim ARGUMENT…: $status, and its JSON in $got
	run --separate-stderr paene memory reclaim --format json "$@"
	got=$output
	echo "# status $status: $stderr"
	jq -c . <<<"$got"
}

of() { # of JQ-PATH: of what was got; sizes in MiB are of_mib
	jq -r "$1" <<<"$got"
}

of_mib() {
	jq -r "$1 / 1048576 | floor" <<<"$got"
}

cache_file() { # cache_file NAME MIB: it has written a file, which is on the disk by now
	paene exec "$1" sh -c "dd if=/dev/zero of=/files/$1 bs=1M count=$2 2>/dev/null; sync"
}

@test "reclaim: what was cached of files comes back, and processes keep their memory where there is no swap" {
	run_pages box -v $files:/files -- 32
	cache_file box 64
	reclaim box 40m
	[ "$status" = 0 ]
	[ "$(of .End)" = reached ]
	[ "$(of_mib '.Before.FileCache - .After.FileCache')" -ge 36 ]
	[ "$(of_mib '.CameBack')" -ge 39 ]
	[ "$(of_mib .After.Anonymous)" -ge 32 ]
	[ "$(of .Steps)" -ge 3 ] || fail "not in steps" # Linux 6.1 takes twice what it is told

	reclaim --to 8m box
	[ "$status" = 1 ]
	[ "$(of .End)" = exhausted ]
	[[ "$stderr" == *"the kernel finds nothing more"* ]]
	[ "$(of_mib .After.FileCache)" -le 2 ]
	[ "$(of_mib .After.Anonymous)" -ge 32 ]
	[ "$(of .After.Swap)" = 0 ]
	expect_intact box
}

@test "reclaim: with swap, memory that is not used goes there, and is intact when it is wanted" {
	swap_on
	run_pages box -- 64
	reclaim box --to 24m
	[ "$status" = 0 ]
	[ "$(of_mib .After.Memory)" -le 24 ]
	[ "$(of_mib .After.Swap)" -ge 40 ]
	[ "$(mib_of box memory.current)" -le 24 ]
	run paene memory reclaim box --to 24m # there is no more than that
	expect_status 0
	expect_in_output "0 B came back in 0 steps"
	expect_intact box
	[ "$(mib_of box memory.current)" -ge 60 ]
}

@test "reclaim: what people read" {
	swap_on
	run_pages box -- 32
	run paene memory reclaim box 16m
	expect_status 0
	echo "$output"
	[[ "${lines[0]}" =~ ^" "+BEFORE" "+NOW" "+CHANGE$ ]]
	[[ "${lines[1]}" =~ ^memory" "+[0-9.]+" "MB" "+[0-9.]+" "MB" "+-[0-9.]+" "MB$ ]]
	[[ "$output" =~ $'\n'swap" "+"0 B "" "+[0-9.]+" MB "" "+\+[0-9.]+" MB" ]]
	[[ "${lines[-1]}" =~ " MB came back in "[0-9]+" steps; highest pressure: "[0-9.]+%$ ]]
	run paene memory reclaim box 1m --format '{{.Name}} {{.End}}'
	expect_output "box reached"
}

@test "reclaim --swappiness 0: files only, with swap beside them" {
	swap_on
	run_pages box -v $files:/files -- 32
	cache_file box 32
	if [ "$(printf '%s\n' 6.9 "$(uname -r)" | sort -V | head -n 1)" != 6.9 ]; then
		run paene memory reclaim box --swappiness 0 8m
		expect_status 1
		expect_output "paene memory reclaim: this kernel takes no swappiness with a request: that needs Linux 6.9"
		return
	fi
	reclaim box --swappiness 0 24m
	[ "$status" = 0 ]
	[ "$(of .After.Swap)" = 0 ]
	[ "$(of_mib '.Before.FileCache - .After.FileCache')" -ge 20 ]
	reclaim box --swappiness 200 --to 12m # whatever is left of files goes first all the same
	[ "$status" = 0 ]
	[ "$(of_mib .After.Swap)" -ge 20 ]
}

@test "reclaim: what processes use all the time is left to them" {
	swap_on
	run_pages box -- -t 64
	reclaim box --to 4m
	[ "$status" = 1 ]
	case $(of .End) in
	pressure)
		[ "$(of .HighestPressure)" != "0.00%" ]
		[[ "$stderr" == *"came back, then it ended: its processes wait for memory more than --max-pressure allows" ]]
		;;
	exhausted) [[ "$stderr" == *"what is left is in use"* ]] ;; # the kernel has seen before we did that all of it is read
	*) fail "$got" ;;
	esac
	expect_intact box # it has read all of them once more since then
	[ "$(mib_of box memory.current)" -ge 32 ] || fail "what it needs was not left to it"
}

@test "pause --reclaim: a container that stands still gives all back that can go, and goes on as if nothing had been" {
	swap_on
	run_pages box -v $files:/files -- 64
	cache_file box 16
	run paene pause --reclaim box
	expect_status 0
	expect_output box
	[ "$(paene inspect --format '{{.State.Status}}' box)" = paused ]
	echo "# $(cat "$(cgroup_of box)/memory.current") bytes are left of 80 MiB"
	[ "$(mib_of box memory.current)" -le 8 ]
	[ "$(mib_of box memory.swap.current)" -ge 60 ]
	paene unpause box
	expect_intact box
}

share_memory() { # share_memory SIZE: what containers with --cgroup-parent paene-shared have together
	mkdir $shared
	echo "+memory +pids" >$shared/cgroup.subtree_control
	echo "$1" >$shared/memory.max
}

@test "memory-low: who has it keeps its pages while another has anything to give; without it both lose" {
	swap_on
	share_memory 96M
	run_pages box --cgroup-parent paene-shared -- 40
	run_pages other --cgroup-parent paene-shared -- 128
	local without
	without=$(mib_of box memory.current)
	echo "# without: $without MiB are left of 40, of the other's 128 $(mib_of other memory.current)"
	[ "$without" -lt 36 ]
	paene rm -f box other

	run_pages box --cgroup-parent paene-shared --memory-low 48m -- 40
	run_pages other --cgroup-parent paene-shared -- 128
	echo "# with: $(mib_of box memory.current) MiB are left of 40, of the other's 128 $(mib_of other memory.current)"
	[ "$(mib_of box memory.current)" -ge 40 ]
	[ "$(mib_of box memory.swap.current)" = 0 ]
	[ "$(mib_of other memory.swap.current)" -ge 64 ]
	[ "$(count_of box memory.events low)" = 0 ] || fail "the protection was broken"
}

@test "memory-min: rather is somebody else killed; --memory-low gives way before" {
	share_memory 96M
	run_pages box --cgroup-parent paene-shared --memory-low 64m -v $files:/files -- 16
	cache_file box 48
	run_pages other --cgroup-parent paene-shared -- 64 # there is no swap: it is files, or a kill
	echo "# low: $(mib_of box memory.stat file) MiB of 48 are left"
	[ "$(mib_of box memory.stat file)" -lt 36 ]
	[ "$(count_of box memory.events low)" -ge 1 ]
	paene rm -f box other

	run_pages box --cgroup-parent paene-shared --memory-min 72m -v $files:/files -- 16
	cache_file box 48
	run paene run --name other --cgroup-parent paene-shared $image pages 64
	expect_status 137
	[ "$(paene inspect --format '{{.State.OOMKilled}}' other)" = true ]
	echo "# min: $(mib_of box memory.stat file) MiB of 48 are left"
	[ "$(mib_of box memory.stat file)" -ge 46 ]
	expect_intact box
}

@test "memory-high: who grows beyond it is slowed down and gives memory back, and is not killed" {
	swap_on
	run_pages other -- 64
	run_pages box --memory-high 24m -- 64
	local with without
	with=$(paene logs box | sed -n 's/^ready //p')
	without=$(paene logs other | sed -n 's/^ready //p')
	echo "# 64 MiB took $without ms, and $with ms with 24 MiB; $(mib_of box memory.current) MiB are left," \
		"$(mib_of box memory.swap.current) in swap; over it $(count_of box memory.events high) times;" \
		"$(grep some "$(cgroup_of box)/memory.pressure")"
	[ "$(mib_of box memory.current)" -le 26 ]
	[ "$(mib_of box memory.swap.current)" -ge 36 ]
	[ "$(count_of box memory.events high)" -ge 1 ]
	[ "$(count_of box memory.events oom_kill)" = 0 ]
	expect_intact box
}

@test "memory-zswap: what waits compressed in memory has a limit; 0: it goes to the disk at once" {
	[ -e /sys/module/zswap ] || skip "this kernel has no zswap"
	swap_on
	echo Y >/sys/module/zswap/parameters/enabled
	run_pages box -- 64
	reclaim --to 16m box
	echo "# zswap: $(of .After.Swap) bytes of swap take $(of .After.Zswap) bytes of memory"
	[ "$(of_mib .After.Swap)" -ge 44 ]
	[ "$(of .After.Zswap)" -gt 0 ]
	[ "$(of '.After.Swap > 4 * .After.Zswap')" = true ] || fail "not compressed"
	expect_intact box
	paene rm -f box

	run_pages box --memory-zswap 0 -- 64
	reclaim --to 24m box
	[ "$status" = 0 ]
	[ "$(of .After.Zswap)" = 0 ]
	[ "$(of_mib .After.Swap)" -ge 36 ]
	expect_intact box
}

@test "memory-zswap-writeback=false, and update of both" {
	[ -e /sys/fs/cgroup/memory.zswap.writeback ] || skip "this kernel cannot keep it from the disk"
	run_pages box --memory-zswap 8m --memory-zswap-writeback=false -- 1
	local cgroup
	cgroup=$(cgroup_of box)
	[ "$(cat "$cgroup/memory.zswap.max")" = $((8 << 20)) ]
	[ "$(cat "$cgroup/memory.zswap.writeback")" = 0 ]
	paene update --memory-zswap -1 --memory-zswap-writeback box
	[ "$(cat "$cgroup/memory.zswap.max")" = max ]
	[ "$(cat "$cgroup/memory.zswap.writeback")" = 1 ]
}

merged_mib() { # merged_mib NAME: of its first process
	echo $(($(sed -n 's/^ksm_merging_pages //p' "/proc/$(paene inspect --format '{{.State.Pid}}' "$1")/ksm_stat") >> 8))
}

are_merged() { # are_merged MIB NAME…
	local mib=$1
	shift
	for name; do
		[ "$(merged_mib "$name")" -ge "$mib" ] || return
	done
}

@test "ksm: equal pages of two containers are kept once; without it a container shares nothing" {
	if [ "$(printf '%s\n' 6.7 "$(uname -r)" | sort -V | head -n 1)" != 6.7 ]; then
		run paene run --rm --ksm $image true
		expect_status 125
		expect_output "paene run: page merging (KSM) for a container needs Linux 6.7"
		return
	fi
	echo 20000 >/sys/kernel/mm/ksm/pages_to_scan
	echo 10 >/sys/kernel/mm/ksm/sleep_millisecs
	run_pages box -q --ksm -- -e 32
	run_pages other -q --ksm -- -e 32
	run_pages third -- -e 32
	local before=$(($(mib_of box memory.current) + $(mib_of other memory.current)))
	echo 1 >/sys/kernel/mm/ksm/run
	wait_until 600 are_merged 31 box other
	local after=$(($(mib_of box memory.current) + $(mib_of other memory.current)))
	echo "# the two had $before MiB, and have $after; merged: $(merged_mib box) and $(merged_mib other);" \
		"pages of the machine: $(cat /sys/kernel/mm/ksm/pages_shared) kept, for $(cat /sys/kernel/mm/ksm/pages_sharing) more"
	[ $((before - after)) -ge 28 ]
	[ "$(paene stats --no-stream --format json box | jq '.[0].KSMSaved')" -ge $((28 << 20)) ]
	[ "$(merged_mib third)" = 0 ]
	[ "$(mib_of third memory.current)" -ge 32 ]
	expect_intact box
	expect_intact other
	paene rm -f box third
	expect_intact other # what both had is still there for the one that is left
}
