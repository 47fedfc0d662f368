# SPDX-License-Identifier: Apache-2.0
# paene-oci exec where the container's cgroup has controllers: a manager inside may have handed them down.
load ../lib/common

setup() {
	needs_program paene-oci
	bundle=$BATS_TEST_TMPDIR/bundle
	make_bundle "$bundle" '.process.args = ["sleep", "1000"]' '.linux.cgroupsPath = "/paene-test/managed"'
	oci run -d --bundle "$bundle" managed </dev/null >/dev/null 2>&1 3>&-
	cgroup=/sys/fs/cgroup/paene-test/managed
	pid=$(oci state managed | jq .pid)
}

teardown() {
	oci delete --force managed || true
}

# As systemd does first of all in a container.
hand_down() {
	mkdir "$cgroup/init.scope"
	echo "$pid" >"$cgroup/init.scope/cgroup.procs"
	echo +memory >"$cgroup/cgroup.subtree_control"
}

where_is() { # where_is OPTION…: an exec's process
	oci exec "$@" managed sed -n 's/^0:://p' /proc/self/cgroup
}

@test "exec goes into the container's cgroup, and where that takes no process, to the first one" {
	[ "$(where_is)" = /paene-test/managed ]
	hand_down
	[ "$(where_is)" = /paene-test/managed/init.scope ]
	[ "$(where_is --cgroup init.scope)" = /paene-test/managed/init.scope ]
	run oci exec --cgroup / managed true
	expect_status 255
	expect_in_output "Device or resource busy"
	[ "$(oci ps -f json managed)" = "[$pid]" ]
}

@test "a first process that has left its container's cgroup is not followed while that is there" {
	hand_down
	mkdir /sys/fs/cgroup/paene-test/elsewhere
	echo "$pid" >/sys/fs/cgroup/paene-test/elsewhere/cgroup.procs
	run oci exec managed true
	expect_status 255
	expect_in_output "has left its cgroup"
	oci delete --force managed
	rmdir /sys/fs/cgroup/paene-test/elsewhere
}

@test "execCPUAffinity and a cpuset" {
	edit_bundle "$bundle" '.process.execCPUAffinity = {initial: "0", final: "0"}' '.linux.cgroupsPath = "/paene-test/bound"'
	oci run -d --bundle "$bundle" bound </dev/null >/dev/null 2>&1 3>&-
	[ "$(oci exec bound awk '/^Cpus_allowed_list/ {print $2}' /proc/self/status)" = 0 ]
	[ "$(oci exec managed awk '/^Cpus_allowed_list/ {print $2}' /proc/self/status)" = "$(awk '/^Cpus_allowed_list/ {print $2}' /proc/1/status)" ]
	oci delete --force bound
}
