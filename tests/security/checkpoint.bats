#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# S30: a checkpoint is data. Whatever it holds, the restored container may do what its config.json says, and no more: here
# checkpoints of containers that had more meet a configuration that has less.

load ../lib/common
load ../lib/checkpoint

setup_file() {
	needs_root
	make_bundle "$BATS_FILE_TMPDIR/first" "$filter"
	oci run -b "$BATS_FILE_TMPDIR/first" first # the folder of states, the parent cgroup, a filter: they stay
	try_criu
}

setup() {
	needs_criu
	bundle=$BATS_TEST_TMPDIR/bundle
	image=$BATS_TEST_TMPDIR/image
	work=$BATS_TEST_TMPDIR/work
	secret=$BATS_TEST_TMPDIR/secret
	echo TOPSECRET >"$secret"
	make_bundle "$bundle" "$counter"
	leak_check_before
}

teardown() {
	oci delete --force c || true
	leak_check_after
	[ ! -e "$secret" ] || [ "$(<"$secret")" = TOPSECRET ]
}

checkpoint() { # of the bundle as it is
	start_container c
	oci checkpoint --image-path "$image" c
}

refused() { # refused WORDS: restoring fails with these, and nothing is left
	run oci restore -d -b "$bundle" --image-path "$image" --work-path "$work" c
	expect_status 1
	expect_in_output "$1"
	run oci state c
	expect_status 1
}

@test "S30: a configuration that is what the checkpoint was made with" {
	edit_bundle "$bundle" "$filter" '.process.noNewPrivileges = true'
	checkpoint
	restore_container c
}

@test "S30: capabilities" {
	edit_bundle "$bundle" '.process.capabilities[] += ["CAP_NET_RAW"]'
	checkpoint
	edit_bundle "$bundle" '.process.capabilities[] -= ["CAP_NET_RAW"]'
	refused "capabilities"
}

@test "S30: no_new_privs" {
	edit_bundle "$bundle" '.process.noNewPrivileges = false'
	checkpoint
	edit_bundle "$bundle" '.process.noNewPrivileges = true'
	restore_container c
	grep -q '^NoNewPrivs:.*1' "/proc/$(pid_of c)/status"
}

@test "S30: seccomp: none, another one" {
	checkpoint
	edit_bundle "$bundle" "$filter"
	refused "seccomp filter"
	rm -r "$image"
	checkpoint
	edit_bundle "$bundle" '.linux.seccomp.syscalls[0].names += ["mount"]'
	refused "not the configuration's"
}

@test "S30: limits" {
	checkpoint
	edit_bundle "$bundle" '.process.rlimits = [{type: "RLIMIT_CORE", soft: 0, hard: 0}]'
	refused "RLIMIT_CORE"
}

@test "S30: a user namespace, any namespace" {
	edit_bundle "$bundle" '.linux.namespaces |= map(select(.type != "uts"))' 'del(.hostname)'
	checkpoint
	edit_bundle "$bundle" '.linux.namespaces += [{type: "uts"}]'
	refused "uts namespace"
}

@test "S30: a bind that is read-only now; another source; one that is not wanted any more" {
	mkdir "$BATS_TEST_TMPDIR"/{a,b}
	edit_bundle "$bundle" ".mounts += [{destination: \"/tmp\", source: \"$BATS_TEST_TMPDIR/a\", options: [\"bind\"]}]"
	checkpoint
	edit_bundle "$bundle" '.mounts[-1].options += ["ro"]'
	refused "mount /tmp: not read-only"
	edit_bundle "$bundle" '.mounts[-1].options = ["bind"]' ".mounts[-1].source = \"$BATS_TEST_TMPDIR/b\""
	restore_container c # what it sees is the configuration's
	touch "$BATS_TEST_TMPDIR/b/file"
	[ "$(oci exec c ls /tmp)" = file ]
	oci delete -f c
	edit_bundle "$bundle" 'del(.mounts[-1])'
	refused "criu failed"
}

@test "S30: masks, read-only paths, a read-only root" {
	edit_bundle "$bundle" '.linux.maskedPaths = []' '.linux.readonlyPaths = []' '.root.readonly = false'
	checkpoint
	edit_bundle "$bundle" '.linux.maskedPaths = ["/proc/timer_list"]'
	refused "mount /proc/timer_list: not masked"
	edit_bundle "$bundle" '.linux.maskedPaths = []' '.linux.readonlyPaths = ["/proc/sys"]'
	refused "mount /proc/sys: not read-only"
	edit_bundle "$bundle" '.linux.readonlyPaths = []' '.root.readonly = true'
	run oci restore -d -b "$bundle" --image-path "$image" --work-path "$work" c </dev/null
	if [ "$status" = 0 ]; then # criu leaves it as it is
		run oci exec c touch /file
		expect_in_output "Read-only"
	else
		expect_in_output "mount /: not read-only"
	fi
}

@test "S30: links in the image lead nowhere; a log is no link" {
	checkpoint
	mkdir "$work"
	ln -s "$secret" "$work/restore.log"
	ln -s "$secret" "$work/stats-restore"
	mv "$image/pages-1.img" "$BATS_TEST_TMPDIR/pages"
	ln -s "$secret" "$image/pages-1.img"
	refused "pages-1.img is no file"
	rm "$image/pages-1.img"
	mv "$BATS_TEST_TMPDIR/pages" "$image/pages-1.img"
	ln -s "$BATS_TEST_TMPDIR" "$image/parent"
	refused "is not relative"
	rm "$image/parent"
	restore_container c --work-path "$work"
	[ "$(<"$secret")" = TOPSECRET ]
	[ ! -L "$work/restore.log" ]
}

@test "S30: streams are three pipes, and nothing else is taken for one" {
	checkpoint
	echo '["extRootNetNS", "/etc/shadow", {"a": 1}, "pipe:[1]"]' >"$image/descriptors.json"
	restore_container c
	oci delete -f c
	echo 'pipe:[1]' >"$image/descriptors.json"
	refused descriptors.json
}
