#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene-oci update: what needs no controller. Limits in the kernel: tests/vm/oci_update.bats.

load ../lib/common
load ../lib/oci

setup() {
	before_each '.process.args = ["sleep", "100"]'
}

cgroup_of() { # cgroup_of ID: its folder
	echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(oci state "$1" | jq .pid)/cgroup")"
}

@test "nothing asked for: nothing done, whatever the container is doing" {
	oci create -b "$bundle" u
	oci update u
	oci start u
	oci update --resources - u <<<'{}'
	oci pause u
	oci update u
	[ "$(oci state u | jq -r .status)" = paused ]
}

@test "unified: any file of the cgroup, from standard input and from a file" {
	oci run -d -b "$bundle" u
	local cgroup
	cgroup=$(cgroup_of u)
	oci update --resources=- u <<<'{"unified": {"cgroup.max.depth": "7"}}'
	[ "$(cat "$cgroup/cgroup.max.depth")" = 7 ]
	echo '{"unified": {"cgroup.max.depth": "9", "cgroup.max.descendants": "3"}}' >"$BATS_TEST_TMPDIR/r.json"
	oci update -r "$BATS_TEST_TMPDIR/r.json" u
	[ "$(cat "$cgroup/cgroup.max.depth")" = 9 ]
	[ "$(cat "$cgroup/cgroup.max.descendants")" = 3 ]
	oci update --resources "$BATS_TEST_TMPDIR/r.json" --memory nonsense u # the options beside it are not looked at
	run oci update -r - u <<<'{"unified": {"../cgroup.procs": "1"}}'
	expect_status 1
	expect_in_output "is not the name of a cgroup file"
}

@test "what is of the past, or of no use here, is understood and ignored" {
	oci run -d -b "$bundle" u
	oci update --kernel-memory 50m --kernel-memory-tcp 1g u
	oci update -r - u <<<'{"memory": {"kernel": 1048576, "kernelTCP": 1048576, "disableOOMKiller": false},
		"devices": [{"allow": false, "access": "rwm"}], "network": {"classID": 0}}'
	oci update -r - u <<<'{"memory": {"limit": 0}, "cpu": {"quota": 0, "period": 0, "shares": 0}, "blockIO": {"weight": 0}}'
	edit_bundle "$bundle" '.linux.resources.memory.kernel = 1048576'
	oci run -d -b "$bundle" u2
}

@test "taking limits away needs no controller" {
	oci run -d -b "$bundle" u
	oci update --memory -1 --memory-swap -1 --pids-limit -1 --cpu-quota -1 --cpu-idle 0 u
}

@test "a limit whose controller is missing: the error names it" {
	! grep -qw memory /sys/fs/cgroup/cgroup.controllers || skip "this machine has the memory controller"
	oci run -d -b "$bundle" u
	run oci update --memory 64m u
	expect_status 1
	expect_in_output "set memory.max: controller memory"
}

@test "wrong values are named" {
	oci run -d -b "$bundle" u
	local option
	for option in memory=12x memory=-2 memory-swap=x memory-reservation=1.2.3 cpu-quota=1.5 cpu-period=-1 cpu-share=-1 \
		cpu-burst=x cpu-rt-period=x cpu-rt-runtime=y cpu-idle=yes pids-limit=many blkio-weight=70000; do
		run oci update "--$option" u
		expect_status 1
		expect_in_output "invalid value for --${option%=*}: \"${option#*=}\""
	done
	run oci update --cpu-idle 2 u
	expect_status 1
	expect_in_output "neither 0 nor 1"
	run oci update --blkio-weight 5 u
	expect_status 1
	expect_in_output "not between 10 and 1000"
	run oci update --cpu-rt-runtime 5 u
	expect_status 1
	expect_in_output "cgroup v1 only"
	run oci update --memory-swap 64m u
	expect_status 1
	expect_in_output "it needs memory.limit"
	run oci update -r - u <<<'{"memory": {"limit": "64m"}}'
	expect_status 1
	expect_in_output "memory.limit: expected an integer, found a string"
	run oci update -r - u <<<'{'
	expect_status 1
	run oci update -r "$BATS_TEST_TMPDIR/nope" u
	expect_status 1
	expect_in_output "nope: No such file or directory"
}

@test "a container that is stopped, unknown, or without a cgroup" {
	run oci update nobody
	expect_status 1
	expect_in_output "container does not exist"
	edit_bundle "$bundle" '.process.args = ["true"]'
	oci run --keep -b "$bundle" done
	run oci update --pids-limit 5 done
	expect_status 1
	expect_in_output "container not running"
	edit_bundle "$bundle" '.process.args = ["sleep", "100"]'
	oci --cgroup-manager disabled run -d -b "$bundle" none
	run oci update --pids-limit 5 none
	expect_status 1
	expect_in_output "has no cgroup"
}

@test "resctrl: a container without a group of its own" {
	oci run -d -b "$bundle" u
	run oci update --l3-cache-schema "L3:0=f" u
	expect_status 1
	expect_in_output "resctrl"
	run oci update --mem-bw-schema "MB:0=20" u
	expect_status 1
	expect_in_output "resctrl"
}
