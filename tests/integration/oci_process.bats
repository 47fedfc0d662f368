#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The process of a configuration: who it is, what it may do, and in which namespaces.

load ../lib/common

setup_file() {
	needs_root
	make_bundle "$BATS_FILE_TMPDIR/first"
	oci run -b "$BATS_FILE_TMPDIR/first" first # the folder of states, the parent cgroup: they stay
}

setup() {
	bundle=$BATS_TEST_TMPDIR/bundle
	mkdir "$bundle"
	cp "$tests/lib/config.json" "$bundle/"
	edit_bundle "$bundle" ".root.path = \"$(busybox_rootfs)\""
	leak_check_before
}

teardown() {
	local id
	for id in $(oci list -q); do
		oci delete --force "$id"
	done
	leak_check_after
}

command_is() { # command_is WORD…: what the container executes
	local words
	words=$(jq -cn '$ARGS.positional' --args -- "$@")
	edit_bundle "$bundle" ".process.args = $words"
}

script_is() { # script_is TEXT: for the container's shell
	command_is sh -c "$1"
}

namespace_of() { # namespace_of KIND ID
	readlink "/proc/$(oci state "$2" | jq .pid)/ns/$1"
}

maps='{"containerID": 0, "hostID": 100000, "size": 65536}'

@test "time offsets: both clocks; the default of the other is nothing" {
	script_is 'cut -d" " -f2- /proc/self/timens_offsets | tr -s " "; cut -d. -f1 /proc/uptime'
	edit_bundle "$bundle" '.linux.namespaces += [{"type": "time"}]' \
		'.linux.timeOffsets = {"boottime": {"secs": 1000000, "nanosecs": 5}, "monotonic": {"secs": 7}}'
	local before after
	before=$(cut -d. -f1 /proc/uptime)
	run oci run -b "$bundle" t
	expect_status 0
	after=$(cut -d. -f1 /proc/uptime)
	[ "${lines[0]}" = " 7 0" ]
	[ "${lines[1]}" = " 1000000 5" ]
	((lines[2] >= before + 1000000 && lines[2] <= after + 1000000))
	edit_bundle "$bundle" '.linux.timeOffsets = {"monotonic": {"secs": 3, "nanosecs": 4}}'
	run oci run -b "$bundle" t
	[ "${lines[0]}" = " 3 4" ]
	[ "${lines[1]}" = " 0 0" ]
}

@test "time offsets in a user namespace: it owns the time namespace" {
	script_is 'cut -d" " -f2- /proc/self/timens_offsets | tr -s " "; sleep 100'
	edit_bundle "$bundle" '.linux.namespaces += [{"type": "time"}, {"type": "user"}]' \
		".linux.uidMappings = [$maps] | .linux.gidMappings = [$maps]" \
		'.linux.timeOffsets = {"boottime": {"secs": 50}}'
	oci run -d -b "$bundle" t >"$BATS_TEST_TMPDIR/out"
	wait_until 5 grep -qx " 50 0" "$BATS_TEST_TMPDIR/out"
	local pid owner
	pid=$(oci state t | jq .pid)
	owner=$(lsns --noheadings --type time --output NS,ONS --task "$pid" | awk '{print $2}')
	[ "user:[$owner]" = "$(namespace_of user t)" ] || fail "$owner"
	run oci exec t cut -d' ' -f2- /proc/self/timens_offsets
	expect_status 0
	[ "$(echo ${lines[1]})" = "50 0" ] || fail "$output"
}

@test "time offsets that cannot be" {
	edit_bundle "$bundle" '.linux.timeOffsets = {"boottime": {"secs": 50}}'
	run oci run -b "$bundle" t
	expect_status 1
	expect_in_output "linux.timeOffsets: they need a time namespace"
	edit_bundle "$bundle" '.linux.namespaces += [{"type": "time", "path": "/proc/self/ns/time"}]'
	run oci run -b "$bundle" t
	expect_status 1
	expect_in_output "linux.timeOffsets: the time namespace to join has offsets of its own"
	edit_bundle "$bundle" 'del(.linux.namespaces[-1].path)' '.linux.timeOffsets = {"boottime": {"secs": -2000000000}}'
	run oci run -b "$bundle" t
	expect_status 1
	expect_in_output "linux.timeOffsets: write /proc/self/timens_offsets"
	[ -z "$(oci list -q)" ]
}

@test "namespaces by path: each kind of another container's" {
	command_is sleep 100
	edit_bundle "$bundle" '.linux.namespaces += [{"type": "time"}, {"type": "cgroup"}]' \
		'.linux.timeOffsets = {"boottime": {"secs": 1000000}}'
	oci run -d -b "$bundle" first
	local pid kind file
	pid=$(oci state first | jq .pid)
	edit_bundle "$bundle" 'del(.linux.timeOffsets) | del(.hostname)'
	for kind in network:net ipc:ipc uts:uts pid:pid cgroup:cgroup time:time; do
		file=${kind#*:}
		cp "$bundle/config.json" "$BATS_TEST_TMPDIR/kept"
		edit_bundle "$bundle" ".linux.namespaces |= map(if .type == \"${kind%:*}\" then
			.path = \"/proc/$pid/ns/$file\" else . end)"
		oci run -d -b "$bundle" second
		[ "$(namespace_of $file second)" = "$(namespace_of $file first)" ] || fail "$file is not joined"
		[ "$(namespace_of mnt second)" != "$(namespace_of mnt first)" ]
		oci delete --force second
		mv "$BATS_TEST_TMPDIR/kept" "$bundle/config.json"
	done
	[ "$(readlink /proc/self/ns/time)" != "$(namespace_of time first)" ]
}

@test "a user namespace by path, with all others of its container, or new ones in it" {
	command_is sleep 100
	edit_bundle "$bundle" '.linux.namespaces += [{"type": "user"}]' \
		".linux.uidMappings = [$maps] | .linux.gidMappings = [$maps]"
	oci run -d -b "$bundle" first
	local pid
	pid=$(oci state first | jq .pid)
	edit_bundle "$bundle" 'del(.linux.uidMappings, .linux.gidMappings, .hostname)' \
		".linux.namespaces |= map(if .type == \"user\" then .path = \"/proc/$pid/ns/user\" else . end)"
	script_is 'echo x >/dev/null && touch /dev/shm/x && id -u && cat /proc/self/uid_map && sleep 100'
	oci run -d -b "$bundle" second >"$BATS_TEST_TMPDIR/out" 2>&1
	[ "$(namespace_of user second)" = "$(namespace_of user first)" ]
	[ "$(namespace_of net second)" != "$(namespace_of net first)" ]
	wait_until 5 grep -q 65536 "$BATS_TEST_TMPDIR/out"
	[ "$(head -n 1 "$BATS_TEST_TMPDIR/out")" = 0 ]
	[ "$(stat -c %u "/proc/$(oci state second | jq .pid)")" = 100000 ]
	[ "$(oci exec second id -u)" = 0 ]
	edit_bundle "$bundle" ".linux.namespaces |= map(if .type == \"network\" then .path = \"/proc/$pid/ns/net\"
		elif .type == \"ipc\" then .path = \"/proc/$pid/ns/ipc\" elif .type == \"pid\" then .path = \"/proc/$pid/ns/pid\"
		else . end)"
	oci run -d -b "$bundle" third
	[ "$(namespace_of user third)" = "$(namespace_of user first)" ]
	[ "$(namespace_of net third)" = "$(namespace_of net first)" ]
	[ "$(namespace_of pid third)" = "$(namespace_of pid first)" ]
	oci exec third true
}

@test "a network namespace of the host's beside a new user namespace" {
	command_is sleep 100
	edit_bundle "$bundle" '.linux.namespaces += [{"type": "user"}]' \
		".linux.uidMappings = [$maps] | .linux.gidMappings = [$maps]" \
		'.mounts |= map(if .type == "sysfs" then {destination: "/sys", type: "none", source: "/sys", options: ["rbind", "ro"]} else . end)' \
		'.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/net" else . end)'
	oci run -d -b "$bundle" n
	[ "$(namespace_of net n)" = "$(readlink /proc/self/ns/net)" ]
	[ "$(namespace_of user n)" != "$(readlink /proc/self/ns/user)" ]
}

@test "a user namespace without mappings, as crun has it: root alone" {
	script_is 'id -u; id -g; tr -s " " </proc/self/uid_map'
	edit_bundle "$bundle" '.linux.namespaces += [{"type": "user"}]'
	run oci run -b "$bundle" u
	expect_status 0
	expect_output $'0\n0\n 0 0 1'
}
