#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What paene-oci does by a container's cgroup: kill, pause, delete; and where there is none. systemd's: tests/vm/oci_systemd.bats.

load ../lib/common
load ../lib/oci

setup() {
	before_each '.process.args = ["sh", "-c", "sleep 1000 & sleep 1000 & wait"]'
}

cgroup_of() {
	echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(oci state "$1" | jq .pid)/cgroup")"
}

empty() { # empty FOLDER
	grep -q 'populated 0' "$1/cgroup.events"
}

all_there() { # all_there FOLDER: the shell and its two children
	[ "$(wc -l <"$1/cgroup.procs")" = 3 ]
}

share_pids() { # share_pids [PATH]: the machine's, or those of a namespace
	edit_bundle "$bundle" ".linux.namespaces |= map(select(.type != \"pid\"))"
	[ $# = 0 ] || edit_bundle "$bundle" ".linux.namespaces += [{type: \"pid\", path: \"$1\"}]"
}

@test "kill KILL: in a shared pid namespace, too, nobody survives the first process" {
	share_pids
	oci run -d -b "$bundle" k
	local cgroup
	cgroup=$(cgroup_of k)
	wait_until 5 all_there "$cgroup"
	oci kill k KILL
	wait_until 5 empty "$cgroup"
	wait_until 5 status_is k stopped
	run oci kill k TERM
	expect_status 1
	expect_in_output "container not running"
}

@test "kill KILL: after the first process has ended, as long as others are left" {
	share_pids
	oci run -d -b "$bundle" k
	local cgroup
	cgroup=$(cgroup_of k)
	wait_until 5 all_there "$cgroup"
	kill -9 "$(oci state k | jq .pid)"
	wait_until 5 status_is k stopped
	run ! empty "$cgroup"
	run oci kill k TERM
	expect_status 1
	expect_in_output "container not running"
	oci kill k KILL
	wait_until 5 empty "$cgroup"
}

@test "kill KILL: a container in another's pid namespace ends alone" {
	oci run -d -b "$bundle" owner
	share_pids "/proc/$(oci state owner | jq .pid)/ns/pid"
	oci run -d -b "$bundle" guest
	local cgroup
	cgroup=$(cgroup_of guest)
	wait_until 5 all_there "$cgroup"
	oci kill guest 9
	wait_until 5 empty "$cgroup"
	status_is owner running
	wait_until 5 status_is guest stopped
	oci delete guest
	wait_until 5 all_there "$(cgroup_of owner)"
}

@test "kill: any other signal is the first process's alone, in a shared pid namespace, too; --all is for all" {
	share_pids
	local long=$((1000000 + $$)) # of this run alone: all processes are looked at
	edit_bundle "$bundle" ".process.args = [\"sh\", \"-c\", \"trap : TERM; sleep $long & sleep $long & while :; do wait; sleep 0.1; done\"]"
	oci run -d -b "$bundle" k
	local cgroup
	cgroup=$(cgroup_of k)
	sleeping() { [ "$(pgrep -cf "^sleep $long")" = "$1" ]; }
	wait_until 5 sleeping 2
	oci kill k TERM
	sleep 0.3
	sleeping 2
	oci kill --all k TERM
	wait_until 5 sleeping 0
	status_is k running
}

@test "kill 0: is it there?" {
	oci run -d -b "$bundle" k
	oci kill k 0
	oci kill k KILL
	wait_until 5 status_is k stopped
	run oci kill k 0
	expect_status 1
	expect_in_output "container not running"
	oci kill --all k 0
}

@test "pause, kill, delete: in any order" {
	oci create -b "$bundle" p
	oci pause p # created, not started
	status_is p paused
	run oci start p
	expect_status 1
	oci resume p
	status_is p created
	oci start p
	oci pause p
	oci kill p TERM # waits until it may run
	status_is p paused
	oci kill p KILL
	wait_until 5 status_is p stopped
	run oci resume p
	expect_status 1
	expect_in_output "container not paused"
	oci delete p
	oci run -d -b "$bundle" p
	oci pause p
	run oci delete p
	expect_status 1
	expect_in_output "not stopped"
	oci delete --force p
	share_pids
	oci run -d -b "$bundle" p
	oci pause p
	oci kill --all p KILL
	wait_until 5 status_is p stopped
}

@test "without a cgroup: what needs one says so, what does not works" {
	oci --cgroup-manager disabled run -d -b "$bundle" none
	local verb
	for verb in pause "update --pids-limit 5" "events --stats"; do
		run oci $verb none
		expect_status 1
		expect_in_output "container none has no cgroup of its own"
	done
	run oci resume none
	expect_status 1
	expect_in_output "container not paused"
	oci kill none USR1 || true
	oci kill --all none KILL
	wait_until 5 status_is none stopped
	oci kill --all none KILL
	oci delete none
	oci --cgroup-manager disabled run -d -b "$bundle" none
	oci delete --force none
}

@test "without a cgroup, in a shared pid namespace: the first process is all that is known" {
	share_pids
	edit_bundle "$bundle" '.process.args = ["sleep", "1000"]'
	oci --cgroup-manager disabled run -d -b "$bundle" none
	oci kill none KILL
	wait_until 5 status_is none stopped
	oci delete none
	oci --cgroup-manager disabled run -d -b "$bundle" none
	oci kill --all none 9
	wait_until 5 status_is none stopped
}

@test "a writable cgroup in a user namespace belongs to the process's user; a read-only one does not" {
	make_cgroup_writable() { # make_cgroup_writable OPTION…
		local options
		options=$(jq -cn '$ARGS.positional' --args -- nosuid noexec nodev "$@")
		edit_bundle "$bundle" ".mounts |= map(select(.destination != \"/sys/fs/cgroup\")) | .mounts +=
			[{destination: \"/sys/fs/cgroup\", type: \"cgroup\", source: \"cgroup\", options: $options}]"
	}
	edit_bundle "$bundle" '.linux.namespaces += [{type: "user"}, {type: "cgroup"}]' \
		'.linux.uidMappings = [{containerID: 0, hostID: 200000, size: 65536}] | .linux.gidMappings = .linux.uidMappings' \
		'.process.args = ["stat", "-c", "%u", "/sys/fs/cgroup", "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/cgroup.freeze"]'
	chmod 755 "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR" "$bundle"
	make_cgroup_writable rw
	run oci run -b "$bundle" own
	expect_status 0
	expect_output $'0\n0\n65534'
	make_cgroup_writable ro
	run oci run -b "$bundle" own
	expect_output $'65534\n65534\n65534'
	make_cgroup_writable rw
	edit_bundle "$bundle" '.linux.namespaces |= map(select(.type != "cgroup"))'
	run oci run -b "$bundle" own
	[[ "$output" != *$'\n0\n'* ]]
}
