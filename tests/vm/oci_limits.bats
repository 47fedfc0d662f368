# SPDX-License-Identifier: Apache-2.0
# The limits of a bundle's config.json, as an orchestrator sets them.
load ../lib/common

setup() {
	needs_program paene-oci
	bundle=$BATS_TEST_TMPDIR/bundle
	make_bundle "$bundle"
}

teardown() {
	oci delete --force victim || true
}

@test "resources: what config.json asks for is what the kernel has" {
	edit_bundle "$bundle" '.process.args = ["sleep", "1000"]' '.linux.cgroupsPath = "/paene-test/victim"' '
		.linux.resources += {
			memory: { limit: 33554432, reservation: 16777216, swap: 67108864 },
			cpu: { quota: 25000, period: 100000, shares: 512 },
			pids: { limit: 42 },
			unified: { "memory.high": "30000000" }
		}'
	oci create --bundle "$bundle" victim
	local cgroup=/sys/fs/cgroup/paene-test/victim
	[ "$(cat $cgroup/memory.max)" = 33554432 ]
	[ "$(cat $cgroup/memory.low)" = 16777216 ]
	[ "$(cat $cgroup/memory.swap.max)" = 33554432 ] # in config.json: memory and swap together
	[ "$(cat $cgroup/cpu.max)" = "25000 100000" ]
	[ "$(cat $cgroup/pids.max)" = 42 ]
	[ "$(cat $cgroup/memory.high)" = 29999104 ] # whole pages
	oci delete --force victim
	[ ! -e $cgroup ]
}

@test "memory: a container over its limit ends with 137" {
	edit_bundle "$bundle" '.process.args = ["tail", "/dev/zero"]' '.linux.resources.memory = { limit: 33554432 }'
	run oci run --bundle "$bundle" victim
	expect_status 137
}

@test "pids: fork fails at the limit" {
	edit_bundle "$bundle" '.process.args = ["sh", "-c", "for i in 1 2 3 4 5 6; do sleep 100 & done; wait"]' \
		'.linux.resources.pids = { limit: 4 }'
	run oci run --bundle "$bundle" victim
	expect_in_output "can't fork"
}
