#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Mount namespaces that are not new: joined by path, or the caller's own.

load ../lib/common
load ../lib/oci

setup() {
	before_each '.root.readonly = false'
}

teardown() {
	[ -z "${holder-}" ] || kill "$holder"
	after_each
}

process() { # process COMMAND: of the shell inside
	edit_bundle "$bundle" ".process.args = $(jq -cn '["sh", "-c", $ARGS.positional[0]]' --args -- "$1")"
}

without_mount_namespace() {
	edit_bundle "$bundle" '.linux.namespaces |= map(select(.type != "mount"))'
}

mounts_below() {
	grep -c " $bundle/rootfs" /proc/self/mountinfo || true
}

in_another() { # in_another COMMAND…: leave a process in a new mount namespace where that was done before; $holder: its pid
	unshare --mount --propagation private sh -c "$1; echo >'$BATS_TEST_TMPDIR/there'; exec sleep 1000" 3>&- &
	holder=$!
	wait_until 5 test -e "$BATS_TEST_TMPDIR/there"
	edit_bundle "$bundle" "(.linux.namespaces[] | select(.type == \"mount\")).path = \"/proc/$holder/ns/mnt\""
}

@test "without a mount namespace: the root is the bundle's, in the caller's namespace, and is gone by delete" {
	without_mount_namespace
	process 'sleep 1000'
	oci create -b "$bundle" m
	[ "$(readlink "/proc/$(oci state m | jq .pid)/ns/mnt")" = "$(readlink /proc/self/ns/mnt)" ]
	[ "$(mounts_below)" -gt 5 ]
	oci start m
	oci kill m KILL
	wait_until 5 eval '[ "$(oci state m | jq -r .status)" = stopped ]'
	oci delete m
	[ "$(mounts_below)" = 0 ]
}

@test "without a mount namespace: run sees its own root, masked and read-only where it should be, and leaves nothing" {
	without_mount_namespace
	echo inside >"$bundle/rootfs/where"
	process 'cat /where; pwd; head -c 1 /proc/timer_list; touch /proc/sys/x; ls /dev/null; ls /proc/acpi'
	run oci run -b "$bundle" m
	[[ "$output" == inside$'\n'/$'\n'"touch: /proc/sys/x: "*$'\n'/dev/null ]] || fail "$output"
	[ "$(mounts_below)" = 0 ]
	process 'touch /x'
	edit_bundle "$bundle" '.root.readonly = true'
	run oci run -b "$bundle" m
	expect_in_output "Read-only file system"
	touch "$bundle/rootfs/x"
}

@test "without a mount namespace: exec is in the container's root, from another mount namespace too" {
	without_mount_namespace
	echo inside >"$bundle/rootfs/where"
	process 'sleep 1000'
	oci run -d -b "$bundle" m
	run oci exec m cat /where
	expect_output inside
	run unshare --mount paene-oci --root "$PAENE_RUN/oci" exec m sh -c 'cat /where; ls -d /proc/self/root/where /work'
	expect_in_output inside
	expect_in_output "/work: No such file"
}

@test "without a mount namespace: a failure leaves nothing, and what else is mounted on the root stays" {
	without_mount_namespace
	mount --bind "$bundle/rootfs" "$bundle/rootfs"
	edit_bundle "$bundle" '.process.args = ["/no/such/command"]'
	run oci run -b "$bundle" m
	expect_status 1
	[ "$(mounts_below)" = 1 ]
	process 'sleep 1000'
	oci run -d -b "$bundle" m
	umount -R -l "$bundle/rootfs" # as callers of runc do
	oci delete -f m
	[ "$(mounts_below)" = 1 ]
	umount "$bundle/rootfs"
}

@test "without a mount namespace: no user namespace of its own, nothing mounted on the root" {
	without_mount_namespace
	edit_bundle "$bundle" '.linux.namespaces += [{type: "user"}]'
	run oci run -b "$bundle" m
	expect_status 1
	expect_in_output "with a new user namespace a new mount namespace is needed"
	edit_bundle "$bundle" '.linux.namespaces |= map(select(.type != "user"))' \
		'.mounts += [{destination: "/", type: "tmpfs", source: "tmpfs"}]'
	run oci run -b "$bundle" m
	expect_status 1
	expect_in_output "(/): it needs a mount namespace of its own"
	[ "$(mounts_below)" = 0 ]
}

@test "a mount namespace by path: root and sources of binds are what is there" {
	mkdir "$BATS_TEST_TMPDIR/source" "$bundle/rootfs/mnt"
	in_another "mount -t tmpfs there '$BATS_TEST_TMPDIR/source' && echo there >'$BATS_TEST_TMPDIR/source/file'
		mount -t tmpfs there '$bundle/rootfs/mnt' && echo below >'$bundle/rootfs/mnt/file'"
	edit_bundle "$bundle" ".mounts += [{destination: \"/s\", type: \"bind\", source: \"$BATS_TEST_TMPDIR/source\", options: [\"bind\"]}]"
	process 'cat /s/file /mnt/file; readlink /proc/self/ns/mnt; ls / | grep work'
	run oci run -b "$bundle" m
	expect_output $'there\nbelow\n'"$(readlink "/proc/$holder/ns/mnt")"
	[ "$(mounts_below)" = 0 ]
}

@test "a mount namespace by path: the caller's own is as none, and its root stays" {
	edit_bundle "$bundle" '(.linux.namespaces[] | select(.type == "mount")).path = "/proc/self/ns/mnt"'
	process 'readlink /proc/self/ns/mnt; ls / | grep work'
	run oci run -b "$bundle" m
	expect_output "$(readlink /proc/self/ns/mnt)"
	[ -d "$tests" ]
	[ "$(mounts_below)" = 0 ]
}
