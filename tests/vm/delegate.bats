# SPDX-License-Identifier: Apache-2.0
# Cgroups that were handed over: to the root of a container, to a user. What they may, and what stays ours.
load ../lib/common

image=localhost/busybox:1

setup_file() {
	type -P paene >/dev/null || return 0 # each test then says why it is skipped
	load_busybox
}

setup() {
	needs_program paene paene-oci
}

teardown() {
	paene rm -f -a
}

@test "a container's root hands controllers down, and limits its own: the fork too many fails there alone" {
	run paene run --rm --cgroup-delegate --pids-limit 50 --memory 128m $image sh -ec '
		cd /sys/fs/cgroup
		echo "+pids +memory" >cgroup.subtree_control
		mkdir small
		echo 3 >small/pids.max
		(sh -c "echo \$\$ >small/cgroup.procs; sleep 100 & sleep 100 & sleep 100 & wait" 2>&1 | grep -o "can.t fork" || true)
		grep -c "max [1-9]" small/pids.events
		for i in 1 2 3 4 5 6; do sleep 0.1 & done; wait; echo "beside it nothing is short"'
	expect_status 0
	expect_in_output "can't fork"
	expect_in_output "beside it nothing is short"
}

@test "what runs out of memory in a cgroup of its own making is killed alone" {
	run paene run --rm --cgroup-delegate --memory 128m $image sh -ec '
		cd /sys/fs/cgroup
		echo "+memory" >cgroup.subtree_control
		mkdir small
		echo 16M >small/memory.max
		echo 0 >small/memory.swap.max
		sh -c "echo \$\$ >small/cgroup.procs; exec tail /dev/zero" || echo "ended: $?"
		grep -o "oom_kill [1-9]" small/memory.events'
	expect_status 0
	expect_in_output "ended: 137"
	expect_in_output "oom_kill 1"
}

@test "its limits are not its own" {
	run paene run --rm --cgroup-delegate --pids-limit 50 --memory 128m --cpus 0.5 $image sh -c '
		for file in memory.max memory.swap.max memory.high pids.max cpu.max cpu.weight io.max cgroup.freeze cgroup.max.depth; do
			(echo max >/sys/fs/cgroup/$file) 2>/dev/null && echo "written: $file"; done
		echo $(cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max /sys/fs/cgroup/cpu.max)'
	expect_status 0
	expect_output "134217728 50 50000 100000"
}

@test "a scope of systemd's is handed over as well" {
	run paene --cgroup-manager systemd run --rm --cgroup-delegate --memory 128m $image sh -ec '
		cd /sys/fs/cgroup
		sed -n s/^0:://p /proc/self/cgroup
		mkdir a
		echo "+memory +pids" >cgroup.subtree_control
		cat a/pids.max
		! (echo max >memory.max) 2>/dev/null'
	expect_status 0
	expect_output $'/init\nmax'
}

@test "a cgroup that hands controllers down: exec, stats and pause go on" {
	paene run -d --name one --cgroup-delegate $image sh -c '
		cd /sys/fs/cgroup; echo "+pids +memory" >cgroup.subtree_control; while sleep 0.1; do :; done'
	handed_down() { paene exec one grep -q pids /sys/fs/cgroup/cgroup.subtree_control; }
	wait_until 60 handed_down
	[ "$(paene exec one sed -n s/^0:://p /proc/self/cgroup)" = /init ]
	paene pause one
	paene unpause one
	paene stop -t 0 one
}

# ---- a user ----

as_dev() { # as_dev COMMAND…: in a session of their own systemd
	systemd-run --quiet --machine=dev@.host --user --wait --pipe -- "$@"
}

dev_bundle() { # dev_bundle JQ-FILTER…
	dev=/home/dev/paene-test
	rm -rf $dev
	make_bundle $dev '.linux.namespaces += [{type: "user"}, {type: "cgroup"}] | .linux.namespaces |= map(select(.type != "network"))
		| .linux.uidMappings = [{containerID: 0, hostID: 1000, size: 1}] | .linux.gidMappings = .linux.uidMappings
		| .mounts |= map(select(.type != "sysfs" and .type != "devpts"))' "$@"
	chown -R dev: $dev
}

@test "a user's container has the limits that systemd delegates: cpu, memory, pids" {
	dev_bundle '.linux.resources = {pids: {limit: 33}, memory: {limit: 67108864, swap: 67108864}, cpu: {quota: 20000, period: 100000, shares: 512}}' \
		'.process.args = ["sh", "-c", "cd /sys/fs/cgroup && cat pids.max memory.max memory.swap.max cpu.max"]'
	run as_dev "$PAENE_BUILD/paene-oci" --systemd-cgroup run --bundle $dev rootless
	expect_status 0
	expect_output $'33\n67108864\n0\n20000 100000'
}

@test "what is not delegated to the user is named" {
	dev_bundle '.linux.resources = {unified: {"io.weight": "50"}}' '.process.args = ["true"]'
	run as_dev "$PAENE_BUILD/paene-oci" --systemd-cgroup run --bundle $dev rootless
	if [ $status != 0 ]; then # systemd of some Debians delegates it
		expect_in_output "controller io"
	fi
	dev_bundle '.linux.resources = {unified: {"hugetlb.2MB.max": "0"}}' '.process.args = ["true"]'
	run as_dev "$PAENE_BUILD/paene-oci" --systemd-cgroup run --bundle $dev rootless
	expect_status 1
	expect_in_output "hugetlb"
}

@test "a user's own delegated cgroup takes containers by plain files" {
	dev_bundle '.linux.resources = {pids: {limit: 33}}' '.process.args = ["cat", "/sys/fs/cgroup/pids.max"]'
	cat >$dev/plain <<-'EOS'
		#!/bin/bash
		# moves itself out of the way: a cgroup that hands controllers down has no processes
		own=$(sed -n s/^0:://p /proc/self/cgroup)
		mkdir "/sys/fs/cgroup$own/caller" && echo $$ >"/sys/fs/cgroup$own/caller/cgroup.procs"
		jq ".linux.cgroupsPath = \"$own/container\"" config.json >config.new && mv config.new config.json
		exec "$@"
	EOS
	chmod 755 $dev/plain
	run systemd-run --quiet --machine=dev@.host --user --wait --pipe --working-directory=$dev -p Delegate=yes -- \
		$dev/plain "$PAENE_BUILD/paene-oci" run rootless
	expect_status 0
	expect_output 33
}

teardown_file() {
	rm -rf /home/dev/paene-test
}
