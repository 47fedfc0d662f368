# SPDX-License-Identifier: Apache-2.0
# paene update, with the limits that can be had here (huge pages). Those of the other controllers: tests/vm/limits_update.bats
load ../lib/common
load life

file=hugetlb.2MB.max
M2=2097152

setup() {
	needs_root
	needs_controller hugetlb
	[ -e /sys/kernel/mm/hugepages/hugepages-2048kB ] || skip "this machine has no huge pages of 2 MB"
	leak_check_before
}

has() { # has CONTAINER VALUE: in the kernel
	local now
	now=$(cat "/sys/fs/cgroup$(field "$1" .CgroupPath)/$file")
	[ "$now" = "$2" ] || fail "$file is $now"
}

keeps() { # keeps CONTAINER VALUE: for the next start
	run field "$1" "json .HostConfig.CgroupConf"
	[ "$(jq -r ".[\"$file\"]" <<<"$output")" = "$2" ] || fail "kept: $output"
}

@test "one that runs: at once, and at the next start" {
	start_box box --cgroup-conf $file=$((8 * M2)) -- sleep 1000
	has box $((8 * M2))
	run paene update --cgroup-conf $file=$((4 * M2)) box
	expect_status 0
	expect_output box
	has box $((4 * M2))
	keeps box $((4 * M2))
	paene restart -t 0 box
	has box $((4 * M2))
}

@test "one that was made, that is paused, that has ended" {
	paene create --name box --network none "$image" sleep 1000 >/dev/null
	paene update --cgroup-conf $file=$M2 box
	paene start box
	has box $M2
	paene pause box
	paene update --cgroup-conf $file=$((2 * M2)) box
	has box $((2 * M2))
	status_is box paused
	paene unpause box
	paene stop -t 0 box
	paene update --cgroup-conf $file=$((3 * M2)) box
	paene start box
	has box $((3 * M2))
}

@test "several containers; one that does not exist is said, the others have it" {
	start_box one -- sleep 1000
	start_box two -- sleep 1000
	run --separate-stderr paene update --cgroup-conf $file=$M2 one missing two
	expect_status 1
	expect_output $'one\ntwo'
	[[ "$stderr" == *"no such container: missing"* ]]
	has one $M2
	has two $M2
}

@test "what is updated stays in its place among the others" {
	local name before
	for name in one two three; do
		paene create --name $name --network none "$image" true >/dev/null
	done
	before=$(paene ps -aq)
	paene update --restart always two
	[ "$(paene ps -aq)" = "$before" ]
}

@test "what the kernel refuses changes nothing, on disk or in it" {
	start_box box --cgroup-conf $file=$M2 -- sleep 1000
	run paene update --cgroup-conf $file=many box
	expect_status 1
	expect_in_output "write \"many\" to $file: Invalid argument"
	run paene update --cgroup-conf $file=$((2 * M2)) --cgroup-conf hugetlb.2MB.rsvd.max=many box
	expect_status 1
	has box $M2 # it had been written when the other was refused
	keeps box $M2
}

@test "a controller that is not here is named, and so is what is no option's value" {
	start_box box -- sleep 1000
	if ! grep -qw memory /sys/fs/cgroup/cgroup.controllers; then
		run paene update --memory 64m box
		expect_status 1
		expect_in_output "set memory.max: controller memory"
	fi
	run paene update --memory 1m box box
	expect_status 1
	[ "${#lines[@]}" = 1 ] || fail "$output"
	expect_in_output "--memory 1m: a size from 6m"
	run paene update box
	expect_status 1
	expect_in_output "nothing to change was named"
	run paene update --shm-size 1m box
	expect_status 125
	run paene update --memory 64m
	expect_status 125
	expect_in_output CONTAINER
}

@test "without a cgroup there is nothing to update but the policy" {
	paene create --name box --network none --cgroups disabled "$image" true >/dev/null
	run paene update --cgroup-conf $file=$M2 box
	expect_status 1
	expect_in_output "container box has no cgroup (--cgroups disabled), and so no limits"
	paene update --restart always box
}

@test "what was never limited is lifted without its controller" {
	start_box box -- sleep 1000
	run paene update --memory -1 --memory-high 0 --cpus 0 --cpu-shares 0 --cpuset-cpus= --pids-limit -1 --blkio-weight 0 box
	expect_status 0
	[ "$(field box .HostConfig.PidsLimit)" = 0 ]
}

@test "updates at once lose nothing" {
	start_box box -- sleep 1000
	local key pids=() failed=0
	for key in 2MB.max 2MB.rsvd.max 1GB.max 1GB.rsvd.max; do
		[ -e "/sys/fs/cgroup$(field box .CgroupPath)/hugetlb.$key" ] || continue
		paene update --cgroup-conf "hugetlb.$key=0" box &
		pids+=($!)
	done
	paene update --restart on-failure:4 box &
	for pid in "${pids[@]}" $!; do
		wait "$pid" || failed=1
	done
	[ $failed = 0 ]
	[ "$(field box "json .HostConfig.CgroupConf" | jq length)" = ${#pids[@]} ]
	[ "$(field box .HostConfig.RestartPolicy.MaximumRetryCount)" = 4 ]
}

@test "an update and a start at once: what runs in the end has the limit" {
	local i
	for i in 1 2 3 4 5 6; do
		paene create --name "box$i" --network none "$image" sleep 1000 >/dev/null
		paene start "box$i" >/dev/null &
		paene update --cgroup-conf $file=$M2 "box$i"
		wait $!
		has "box$i" $M2
	done
}

@test "--restart: the policy of now counts when it ends" {
	start_box box --restart no -- sh -c 'while [ ! -e /go ]; do sleep 0.05; done; echo run; exit 3'
	paene update --restart on-failure:2 box
	[ "$(field box .HostConfig.RestartPolicy.Name)" = on-failure ]
	paene exec box touch /go || true # it may be ended with the container
	[ "$(paene wait box)" = 3 ]
	[ "$(paene logs box | grep -c run)" = 3 ]
	start_box other --restart always -- sh -c 'while [ ! -e /go ]; do sleep 0.05; done; exit 3'
	paene update --restart no other
	paene exec other touch /go || true
	wait_until 10 status_is other exited
	[ "$(field other .RestartCount)" = 0 ]
	for bad in never always:3 on-failure:x ""; do
		run paene update --restart "$bad" box
		expect_status 1
		expect_in_output "--restart $bad"
	done
}

@test "--restart: not for one that is removed at its end" {
	start_box box --rm -- sleep 1000
	run paene update --restart always box
	expect_status 1
	expect_in_output "(--rm)"
	run paene update --restart no box
	expect_status 0
}

@test "update is an event" {
	start_box told -- sleep 1000
	paene update --cgroup-conf $file=$M2 told
	run paene events --no-stream --filter container=told --filter event=update --format json
	expect_status 0
	[ "${#lines[@]}" = 1 ]
}
