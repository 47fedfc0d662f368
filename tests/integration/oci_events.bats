#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene-oci events: lines of JSON, as `runc events` writes them. Memory that runs out: tests/vm/oci_update.bats.

load ../lib/common
load ../lib/oci

setup() {
	before_each '.process.args = ["sh", "-c", "while :; do :; done"]'
}

@test "--stats: one line, with every member that runc's has" {
	oci run -d -b "$bundle" e
	busy() { oci events --stats e | jq -e '.data.cpu.usage.total > 50000000'; } # nanoseconds
	wait_until 10 busy
	run oci events --stats e
	expect_status 0
	[ "${#lines[@]}" = 1 ]
	[[ "$output" == '{"type":"stats","id":"e","data":{"cpu":{"usage":{"total":'* ]] || fail "$output"
	[ "$(jq -r '.data | keys_unsorted | join(" ")' <<<"$output")" = \
		"cpu cpuset memory pids blkio hugetlb intel_rdt network_interfaces" ]
	jq -e '.data.cpu.usage | .user > 0 and .user + .kernel <= .total + 1000000' <<<"$output"
	jq -e '.data.pids.current == 1' <<<"$output"
	jq -e '.data.cpuset.cpu_exclusive == 0 and .data.cpuset.sched_relax_domain_level == 0' <<<"$output"
	jq -e '.data.network_interfaces == null and (.data.hugetlb | type) == "object"' <<<"$output"
}

@test "--stats: pressure" {
	oci run -d -b "$bundle" e
	[ -e "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(oci state e | jq .pid)/cgroup")/cpu.pressure" ] ||
		skip "this kernel has no pressure information"
	run oci events --stats e
	local kind file
	for file in cpu memory blkio; do
		for kind in some full; do
			jq -e --arg f $file --arg k $kind '.data[$f].psi[$k] | (.avg10, .avg60, .avg300, .total) | type == "number"' \
				<<<"$output"
		done
	done
}

@test "--interval: a line each time, until the container ends" {
	oci run -d -b "$bundle" e
	oci events --interval 100ms e >"$BATS_TEST_TMPDIR/events" 3>&- &
	local watcher=$!
	three_lines() { [ "$(wc -l <"$BATS_TEST_TMPDIR/events")" -ge 3 ]; }
	wait_until 10 three_lines
	oci delete -f e
	wait "$watcher"
	jq -es 'all(.type == "stats" and .id == "e")' "$BATS_TEST_TMPDIR/events"
}

@test "--interval: durations as Go has them; nonsense is refused" {
	oci run -d -b "$bundle" e
	local interval
	for interval in 1s 0.5s 1m30s 2h 100ms 5000us 5000µs 10000000ns; do
		oci events --stats --interval $interval e >"$BATS_TEST_TMPDIR/out"
	done
	for interval in 0 0s 5 1e3s -1s "" x 1x "1 s" s inf nan 99999999999h 0x5s; do
		run oci events --stats --interval "$interval" e
		expect_status 1
		expect_in_output "--interval"
	done
}

@test "a container that is stopped, unknown, or without a cgroup" {
	run oci events nobody
	expect_status 1
	expect_in_output "container does not exist"
	edit_bundle "$bundle" '.process.args = ["true"]'
	oci run --keep -b "$bundle" done
	run oci events --stats done
	expect_status 1
	expect_in_output "container not running"
	edit_bundle "$bundle" '.process.args = ["sleep", "100"]'
	oci --cgroup-manager disabled run -d -b "$bundle" none
	run oci events none
	expect_status 1
	expect_in_output "has no cgroup"
}
