# SPDX-License-Identifier: Apache-2.0
# Checkpoint and restore with the distribution's criu (SUITE=bookworm has one), as podman does it, and with systemd's cgroups.
load ../lib/common
load ../lib/checkpoint

setup_file() {
	try_criu
}

setup() {
	needs_criu
	needs_program paene-oci
	bundle=$BATS_TEST_TMPDIR/bundle
	image=$BATS_TEST_TMPDIR/image
	make_bundle "$bundle" "$counter"
}

teardown() {
	oci delete --force c || true
}

@test "it goes on counting; as a user without rights; memory that has changed since a pre-dump" {
	edit_bundle "$bundle" '.process.user = {uid: 1000, gid: 1000}' '.linux.namespaces += [{type: "cgroup"}]'
	start_container c
	wait_until 20 counted c 3
	oci checkpoint --pre-dump --image-path "$image.first" c
	status_is c running
	oci checkpoint --parent-path ../image.first --image-path "$image" c
	[ -L "$image/parent" ]
	restore_container c
	local before
	before=$(count_of c)
	[ "$before" -ge 3 ]
	wait_until 20 counted c $((before + 3))
}

@test "limits are the configuration's, whatever they were" {
	edit_bundle "$bundle" '.linux.resources.pids = {limit: 100}' '.linux.cgroupsPath = "/paene-test/one"'
	start_container c
	oci checkpoint --manage-cgroups-mode ignore --image-path "$image" c
	edit_bundle "$bundle" '.linux.resources.pids = {limit: 50}' '.linux.cgroupsPath = "/paene-test/two"'
	restore_container c --manage-cgroups-mode ignore
	[ "$(cat /sys/fs/cgroup/paene-test/two/pids.max)" = 50 ]
}

@test "systemd: a scope is there again" {
	edit_bundle "$bundle" '.linux.cgroupsPath = "system.slice:paene:counted"' '.linux.namespaces += [{type: "cgroup"}]'
	local mode
	for mode in soft ignore; do
		command paene-oci --root "$PAENE_RUN/oci" --systemd-cgroup run -d -b "$bundle" c </dev/null >/dev/null 2>&1
		oci checkpoint --manage-cgroups-mode $mode --image-path "$image.$mode" c
		run systemctl is-active paene-counted.scope
		[ "$output" != active ]
		command paene-oci --root "$PAENE_RUN/oci" --systemd-cgroup restore -d --manage-cgroups-mode $mode -b "$bundle" \
			--image-path "$image.$mode" c </dev/null >/dev/null 2>"$BATS_TEST_TMPDIR/err" || fail "$(<"$BATS_TEST_TMPDIR/err")"
		systemctl is-active paene-counted.scope
		[ "$(sed -n 's/^0:://p' "/proc/$(pid_of c)/cgroup")" = /system.slice/paene-counted.scope ]
		oci delete --force c
	done
}

@test "podman container checkpoint and restore" {
	needs_program podman
	local podman=(podman --runtime "$PAENE_BUILD/paene-oci" --cgroup-manager cgroupfs)
	tar -C "$(busybox_rootfs)" -c . | podman import - localhost/busybox:criu
	"${podman[@]}" run -d --name counted --network none localhost/busybox:criu \
		sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/dev/shm/count; sleep 0.05; done'
	sleep 2
	"${podman[@]}" container checkpoint counted
	[ "$(podman inspect --format '{{.State.Running}}' counted)" = false ]
	"${podman[@]}" container restore counted
	[ "$(podman inspect --format '{{.State.Running}}' counted)" = true ]
	[ "$("${podman[@]}" exec counted cat /dev/shm/count)" -ge 3 ]
	"${podman[@]}" rm -f -t 0 counted
	podman rmi localhost/busybox:criu
}
