#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene-oci checkpoint and restore, with the criu of this machine; where there is none that works, only what needs none.

load ../lib/common
load ../lib/checkpoint

setup_file() {
	needs_root
	make_bundle "$BATS_FILE_TMPDIR/first" "$filter"
	oci run -b "$BATS_FILE_TMPDIR/first" first # the folder of states, the parent cgroup, a filter: they stay
	try_criu
}

setup() {
	bundle=$BATS_TEST_TMPDIR/bundle
	image=$BATS_TEST_TMPDIR/image
	work=$BATS_TEST_TMPDIR/work
	make_bundle "$bundle" "$counter"
	leak_check_before
}

teardown() {
	local id
	for id in $(oci list -q); do
		oci delete --force "$id"
	done
	leak_check_after
}

@test "help: callers take it for a sign that checkpoints are possible" {
	for verb in checkpoint restore; do
		run paene-oci $verb --help
		expect_status 0
		expect_in_output "--image-path DIR"
	done
	run paene-oci restore --lsm-mount-context
	expect_status 1
	expect_in_output "requires an argument"
}

@test "what cannot be checkpointed" {
	run oci checkpoint --image-path "$image" nobody
	expect_status 1
	expect_in_output "container does not exist"
	oci create -b "$bundle" c </dev/null >/dev/null
	run oci checkpoint --image-path "$image" c
	expect_status 1
	expect_in_output "cannot be checkpointed: it is created"
	oci kill c KILL
	wait_until 5 status_is c stopped
	run oci checkpoint --image-path "$image" c
	expect_status 1
	expect_in_output "cannot be checkpointed: it is stopped"
	[ ! -e "$image" ]
}

@test "wrong words are refused before anything is done" {
	start_container c
	local words=(--manage-cgroups-mode=some "it is one of ignore, soft, full, strict"
		--network-lock=iptable "it is one of iptables, nftables, skip"
		--empty-ns=uts "only network is possible"
		--page-server=here "it is ADDRESS:PORT"
		--page-server=here:0 "it is ADDRESS:PORT"
		--page-server=:80 "it is ADDRESS:PORT"
		--status-fd=x "it is the number of a descriptor"
		--status-fd=77 "--status-fd 77"
		--parent-path=/absolute "must be relative") i
	for ((i = 0; i < ${#words[@]}; i += 2)); do
		run oci checkpoint --image-path "$image" "${words[i]}" c
		expect_status 1
		expect_in_output "${words[i + 1]}"
	done
	run oci checkpoint --image-path "$image" --status-fd 5 c 5</dev/null
	expect_status 1
	expect_in_output "not open for writing"
	[ ! -e "$image" ]
	status_is c running
}

@test "a user namespace of its own: no checkpoint rather than one that cannot be restored" {
	edit_bundle "$bundle" '.linux.namespaces += [{type: "user"}]' \
		'.linux.uidMappings = [{containerID: 0, hostID: 0, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	start_container c
	run oci checkpoint --image-path "$image" c
	expect_status 1
	expect_in_output "has a user namespace of its own"
	status_is c running
	[ ! -e "$image" ]
}

@test "without criu: a clear error, nothing changed, nothing left" {
	start_container c
	local paene_oci=$PAENE_BUILD/paene-oci
	PATH=/nowhere run "$paene_oci" --root "$PAENE_RUN/oci" checkpoint --image-path "$image" --work-path "$work" c
	expect_status 1
	expect_in_output "criu is not installed"
	status_is c running
	[ ! -e "$image" ] && [ ! -e "$work" ]
	mkdir "$image"
	PATH=/nowhere run "$paene_oci" --root "$PAENE_RUN/oci" restore -b "$bundle" --image-path "$image" other
	expect_status 1
	expect_in_output "criu is not installed"
	run oci state other
	expect_status 1
}

@test "it goes on counting where it was; what checkpoint leaves behind is the image alone" {
	needs_criu
	start_container c
	local cgroup before after
	cgroup=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(pid_of c)/cgroup")
	wait_until 5 counted c 3
	oci checkpoint --image-path "$image" --work-path "$work" c
	run oci state c
	expect_status 1
	expect_in_output "container does not exist"
	[ ! -e "$cgroup" ]
	[ -s "$work/dump.log" ]
	restore_container c --pid-file "$BATS_TEST_TMPDIR/pid"
	status_is c running
	[ "$(<"$BATS_TEST_TMPDIR/pid")" = "$(pid_of c)" ]
	before=$(count_of c)
	[ "$before" -ge 3 ]
	wait_until 5 counted c $((before + 3))
	[ "$(sed -n 's/^0:://p' "/proc/$(pid_of c)/cgroup")" = "${cgroup#/sys/fs/cgroup}" ]
	[ "$(oci exec c cat /dev/shm/count)" -ge "$before" ]
	after=$(count_of c)
	oci checkpoint --image-path "$image.2" --work-path "$work" c # and once more
	restore_container c --image-path "$image.2"
	wait_until 5 counted c $((after + 3))
	oci kill c KILL
	wait_until 5 status_is c stopped
	oci delete c
}

@test "the same place as other runtimes: ./checkpoint, its log in there" {
	needs_criu
	start_container c
	cd "$BATS_TEST_TMPDIR"
	oci checkpoint c
	[ -s checkpoint/inventory.img ]
	[ -s checkpoint/dump.log ]
	oci restore -d -b "$bundle" c </dev/null >/dev/null 2>&1
	[ -s checkpoint/restore.log ]
}

@test "--leave-running" {
	needs_criu
	start_container c
	oci checkpoint --leave-running --image-path "$image" c
	status_is c running
	local before
	before=$(count_of c)
	wait_until 5 counted c $((before + 3))
}

@test "--pre-dump, then what has changed since" {
	needs_criu
	start_container c
	run oci checkpoint --pre-dump --image-path "$image.first" c
	[[ "$output" != *"cannot track changes of memory"* ]] || skip "the kernel cannot track changes of memory"
	expect_status 0
	status_is c running
	run oci checkpoint --parent-path ../nowhere --image-path "$image" c
	expect_status 1
	expect_in_output "invalid --parent-path"
	status_is c running
	oci checkpoint --parent-path ../image.first --image-path "$image" c
	[ -L "$image/parent" ]
	restore_container c
	wait_until 5 counted c 3
}

@test "a container that is paused" {
	needs_criu
	start_container c
	oci pause c
	oci checkpoint --image-path "$image" c
	restore_container c
	wait_until 5 counted c 3
}

@test "restore waits, passes signals on, exits as the container does, and deletes it" {
	needs_criu
	edit_bundle "$bundle" '.process.args = ["sh", "-c", "trap \"exit 7\" TERM; echo 1 >/dev/shm/count; while :; do sleep 0.1; done"]'
	start_container c
	wait_until 5 counted c 1
	oci checkpoint --image-path "$image" c
	"$PAENE_BUILD/paene-oci" --root "$PAENE_RUN/oci" restore -b "$bundle" --image-path "$image" c \
		</dev/null >/dev/null 2>&1 3>&- &
	local restore=$! code=0
	wait_until 10 status_is c running
	kill "$restore"
	wait "$restore" || code=$?
	[ "$code" = 7 ]
	run oci state c
	expect_status 1
}

@test "pipes are those of whoever restores" {
	needs_criu
	edit_bundle "$bundle" '.process.args = ["sh", "-c", "echo 1 >/dev/shm/count; while read x; do echo heard $x; done"]'
	mkfifo "$BATS_TEST_TMPDIR"/{in,out}
	exec 5<>"$BATS_TEST_TMPDIR/in" 6<>"$BATS_TEST_TMPDIR/out"
	# bats' own streams are files: they would be outside. These are pipes without a name
	sleep 100 3>&- 5>&- 6>&- | oci run -d -b "$bundle" c 2>&1 3>&- 5>&- 6>&- | cat >/dev/null 3>&- 5>&- 6>&- &
	wait_until 5 counted c 1
	oci checkpoint --image-path "$image" c
	jobs -p | xargs -r kill || true
	[[ "$(jq -r '.[0]' "$image/descriptors.json")" == pipe:* ]]
	(echo one; sleep 1) | oci restore -b "$bundle" --image-path "$image" c 2>&1 3>&- 5>&- 6>&- | cat >"$BATS_TEST_TMPDIR/heard"
	[ "$(<"$BATS_TEST_TMPDIR/heard")" = "heard one" ]
	exec 5>&- 6>&-
}

@test "a terminal is sent to --console-socket again" {
	needs_criu
	edit_bundle "$bundle" '.process.terminal = true' '.process.args = ["sh", "-c", "while read x; do echo heard $x; done"]'
	run oci restore -d -b "$bundle" --image-path "$image" c
	expect_status 1
	expect_in_output "give --console-socket"
	show_terminal c.sock hold
	oci run -d -b "$bundle" --console-socket "$BATS_TEST_TMPDIR/c.sock" c
	oci checkpoint --image-path "$image" c
	show_terminal d.sock say
	oci restore -d -b "$bundle" --image-path "$image" --console-socket "$BATS_TEST_TMPDIR/d.sock" c
	wait_until 5 grep -q "heard hello" "$BATS_TEST_TMPDIR/d.sock.heard"
}

@test "binds: one below another, over a link, read-only ones" {
	needs_criu
	mkdir "$BATS_TEST_TMPDIR"/{a,b} "$bundle/rootfs/real"
	ln -s /real "$bundle/rootfs/link"
	edit_bundle "$bundle" '.root.readonly = false' ".mounts += [
		{destination: \"/a\", source: \"$BATS_TEST_TMPDIR/a\", options: [\"rbind\"]},
		{destination: \"/a/deep/b\", source: \"$BATS_TEST_TMPDIR/b\", options: [\"bind\", \"ro\"]},
		{destination: \"/link/c\", source: \"$BATS_TEST_TMPDIR/b\", options: [\"bind\"]}]"
	start_container c
	oci checkpoint --image-path "$image" c
	rm -r "$BATS_TEST_TMPDIR/a/deep" "$bundle/rootfs/real/c" # as on another machine
	restore_container c
	echo x >"$BATS_TEST_TMPDIR/b/file"
	[ "$(oci exec c cat /a/deep/b/file /real/c/file)" = $'x\nx' ]
	run oci exec c touch /a/deep/b/other
	[ "$status" != 0 ]
	oci exec c touch /link/c/other
	[ -e "$BATS_TEST_TMPDIR/b/other" ]
}

@test "a network namespace by path is joined again; one of its own has its loopback up" {
	needs_criu
	start_container c
	oci checkpoint --image-path "$image" c
	restore_container c
	[[ "$(oci exec c ip link show lo)" == *UP* ]]
	oci delete -f c
	touch "$BATS_TEST_TMPDIR/ns"
	unshare --net="$BATS_TEST_TMPDIR/ns" true
	edit_bundle "$bundle" ".linux.namespaces |= map(if .type == \"network\" then .path = \"$BATS_TEST_TMPDIR/ns\" else . end)"
	start_container c
	oci checkpoint --image-path "$image.2" c
	restore_container c --image-path "$image.2"
	[ "$(stat -Lc %i "/proc/$(pid_of c)/ns/net")" = "$(stat -Lc %i "$BATS_TEST_TMPDIR/ns")" ]
	oci delete -f c
	umount "$BATS_TEST_TMPDIR/ns"
}

@test "a cgroup that another container has is left alone" {
	needs_criu
	edit_bundle "$bundle" '.linux.cgroupsPath = "/paene-oci/one"'
	start_container c
	oci checkpoint --image-path "$image" c
	start_container other
	run oci restore -d -b "$bundle" --image-path "$image" c
	expect_status 1
	expect_in_output "cgroup"
	status_is other running
}

@test "cgroups: a namespace of its own in every mode; another path than before" {
	needs_criu
	edit_bundle "$bundle" '.linux.namespaces += [{type: "cgroup"}]' '.linux.cgroupsPath = "/paene-oci/one"'
	local mode
	for mode in soft ignore; do
		start_container c
		oci checkpoint --manage-cgroups-mode $mode --image-path "$image.$mode" c
		[ ! -e /sys/fs/cgroup/paene-oci/one ]
		edit_bundle "$bundle" '.linux.cgroupsPath = "/paene-oci/two"'
		restore_container c --manage-cgroups-mode $mode --image-path "$image.$mode"
		[ "$(sed -n 's/^0:://p' "/proc/$(pid_of c)/cgroup")" = /paene-oci/two ]
		[ "$(oci exec c sed -n 's/^0:://p' /proc/self/cgroup)" = / ]
		[ ! -e /sys/fs/cgroup/paene-oci/one ]
		oci delete -f c
		edit_bundle "$bundle" '.linux.cgroupsPath = "/paene-oci/one"'
	done
}

@test "--file-locks" {
	needs_criu
	needs_program gcc # busybox has nothing that holds a lock
	gcc -static -o "$bundle/rootfs/bin/lock" -x c - <<-'EOF2'
		#include <errno.h>
		#include <fcntl.h>
		#include <sys/file.h>
		#include <unistd.h>

		int main(int argc, char **argv)
		{
			int fd = open("/dev/shm/lock", O_RDWR | O_CREAT, 0600);

			if (flock(fd, LOCK_EX | LOCK_NB) < 0)
				return errno == EWOULDBLOCK ? 9 : 1;
			while (argc > 1)
				pause();
			return 0;
		}
	EOF2
	edit_bundle "$bundle" '.process.args = ["lock", "and", "wait"]'
	start_container c
	wait_until 5 test -e "/proc/$(pid_of c)/root/dev/shm/lock"
	run oci checkpoint --image-path "$image" c
	expect_status 1
	expect_in_output "criu failed"
	expect_in_output "$image/dump.log"
	status_is c running
	oci checkpoint --file-locks --image-path "$image" c
	restore_container c --file-locks
	run oci exec c lock
	expect_status 9
}

@test "what an exec has left in the container comes back, too" {
	needs_criu
	start_container c
	oci exec c sh -c 'sleep 1234 </dev/null >/dev/null 2>&1 &' # init adopts it
	oci checkpoint --image-path "$image" c
	restore_container c
	oci ps c | grep "sleep 1234"
}

@test "a seccomp filter, no_new_privs and capabilities stay" {
	needs_criu
	edit_bundle "$bundle" '.process.noNewPrivileges = true' "$filter"
	start_container c
	local caps
	caps=$(grep ^Cap "/proc/$(pid_of c)/status")
	oci checkpoint --image-path "$image" c
	restore_container c
	grep -q '^Seccomp:.*2' "/proc/$(pid_of c)/status"
	grep -q '^NoNewPrivs:.*1' "/proc/$(pid_of c)/status"
	[ "$(grep ^Cap "/proc/$(pid_of c)/status")" = "$caps" ]
}

@test "hooks: prestart and createRuntime before it goes on, poststop when it is deleted" {
	needs_criu
	local hook="{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"jq -r .status >>$BATS_TEST_TMPDIR/said\"], env: [\"PATH=$PATH\"]}"
	edit_bundle "$bundle" ".hooks = {createRuntime: [$hook], poststop: [$hook]}"
	start_container c
	oci checkpoint --image-path "$image" c
	[ "$(<"$BATS_TEST_TMPDIR/said")" = $'creating\nstopped' ]
	restore_container c
	oci delete -f c
	[ "$(<"$BATS_TEST_TMPDIR/said")" = $'creating\nstopped\ncreating\nstopped' ]
}

@test "org.criu.config: settings of the container's own" {
	needs_criu
	echo "log-file=own.log" >"$BATS_TEST_TMPDIR/criu.conf"
	edit_bundle "$bundle" ".annotations = {\"org.criu.config\": \"$BATS_TEST_TMPDIR/criu.conf\"}"
	start_container c
	oci checkpoint --image-path "$image" --work-path "$work" c
	[ -s "$work/own.log" ]
	rm "$work/own.log"
	restore_container c --work-path "$work"
	[ -s "$work/own.log" ]
}

@test "what criu cannot restore: its words, its log, nothing left" {
	needs_criu
	start_container c
	oci checkpoint --image-path "$image" c
	echo "not an image" >"$image/pstree.img"
	run oci restore -d -b "$bundle" --image-path "$image" --work-path "$work" c
	expect_status 1
	expect_in_output "$work/restore.log"
	[ -s "$work/restore.log" ]
	run oci state c
	expect_status 1
	rm "$image/inventory.img"
	run oci restore -d -b "$bundle" --image-path "$image" c
	expect_status 1
	[ -z "$(oci list -q)" ]
	run oci restore -d -b "$bundle" --image-path "$BATS_TEST_TMPDIR/nowhere" c
	expect_status 1
	expect_in_output "--image-path"
}

@test "flags that callers of runc and crun give" {
	needs_criu
	start_container c
	oci checkpoint --image-path "$image" --work-path "$work" --tcp-established --tcp-skip-in-flight --ext-unix-sk --shell-job \
		--file-locks --link-remap --auto-dedup --empty-ns network --network-lock skip c
	restore_container c -no-subreaper --parent-path ../x --no-pivot --no-new-keyring --tcp-established --ext-unix-sk \
		--shell-job --file-locks --auto-dedup --empty-ns network --network-lock skip
	oci checkpoint --image-path "$image.2" --tcp-close c
	restore_container c --image-path "$image.2" --tcp-close
}
