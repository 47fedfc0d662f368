# SPDX-License-Identifier: Apache-2.0
# paene-oci goes on from a program that nobody can write to before it enters a container that could (proc_seal()).
load ../lib/common

setup_file() {
	needs_root
	make_bundle "$BATS_FILE_TMPDIR/b" '.process.args = ["true"]'
	oci run --bundle "$BATS_FILE_TMPDIR/b" first # the parent cgroup: it stays
}

setup() {
	needs_program setpriv
	home=$BATS_TEST_TMPDIR/home
	mkdir -p "$home/bin" "$home/libexec/paene"
	make_bundle "$home/b" '.process.args = ["sleep", "1000"]' '.root.readonly = false' \
		'.mounts |= map(select(.type == "devpts").options -= ["gid=5"])'
	leak_check_before
}

teardown() {
	by_root delete --force own
	! mountpoint -q "$home/bin" || umount "$home/bin"
	leak_check_after
}

install_program() {
	cp "$PAENE_BUILD/paene-oci" "$home/bin/"
}

unbindable() { # what follows cannot be cloned
	mount -t tmpfs none "$home/bin"
	mount --make-unbindable "$home/bin"
}

by_root() {
	"$home/bin/paene-oci" --root "$home/states" "$@"
}

by_user() { # who has entered another user namespace cannot be searched for leaks
	setpriv --reuid 1000 --regid 1000 --clear-groups env ASAN_OPTIONS=detect_leaks=0 \
		"$home/bin/paene-oci" --root "$home/states" "$@"
}

# Enter `own` by exec, and show what the program is then; then try to write to it as its container could.
exec_and_write() { # exec_and_write by_root|by_user
	local entering hold before
	before=$(sha256sum <"$home/bin/paene-oci")
	"$1" exec own sh -c 'echo $$ >/in; exec sleep 1000' >/dev/null 2>&1 3>&- &
	wait_until 10 test -s "$home/b/rootfs/in"
	entering=$(pgrep --full --newest "^$home/bin/paene-oci --root $home/states exec own")
	readlink "/proc/$entering/exe"
	exec {hold}<"/proc/$entering/exe"
	kill "$entering"
	wait_until 5 test ! -e "/proc/$entering/exe"
	for word in "" "of the container"; do
		! echo "$word" >>"/proc/self/fd/$hold" || fail "written to"
	done 2>/dev/null
	exec {hold}<&-
	[ "$(sha256sum <"$home/bin/paene-oci")" = "$before" ]
}

# A pid namespace that is shared, so that it is sealed; systemd is to make the cgroup, so that it looks for our other program.
asks_systemd() {
	local program=$home/libexec/paene/paene-systemd
	printf '#!/bin/sh\necho "$0 $1 was asked"\nexit 1\n' >"$program"
	chmod +x "$program"
	edit_bundle "$home/b" "(.linux.namespaces[] | select(.type == \"pid\")).path = \"/proc/$$/ns/pid\""
	run by_root --systemd-cgroup create --bundle "$home/b" own
	expect_status 1
	expect_in_output "$home/bin/../libexec/paene/paene-systemd system was asked"
}

@test "a mount of its own, read-only" {
	install_program
	by_root run --detach --bundle "$home/b" own </dev/null >/dev/null 2>&1 3>&-
	[ "$(exec_and_write by_root)" = / ]
}

@test "begun anew on that mount where the kernel does not let it be done in place" {
	install_program
	by_root run --detach --bundle "$home/b" own </dev/null >/dev/null 2>&1 3>&-
	strace -o "$home/trace" -e trace=execve,execveat,process_vm_readv -e inject=process_vm_readv:error=EPERM \
		"$home/bin/paene-oci" --root "$home/states" exec own true
	grep -q 'execveat(' "$home/trace"
	grep -q INJECTED "$home/trace"
	strace -o "$home/trace" -e trace=execveat "$home/bin/paene-oci" --root "$home/states" exec own true
	! grep 'execveat(' "$home/trace" || fail "begun anew"
}

@test "what waits to become a container, too, but not where its root is nobody to this machine" {
	install_program
	by_root create --bundle "$home/b" own </dev/null >/dev/null 2>&1 3>&-
	[ "$(readlink "/proc/$(by_root state own | jq .pid)/exe")" = "/memfd:paene-oci (deleted)" ]
	[ "$(tr '\0' ' ' <"/proc/$(by_root state own | jq .pid)/cmdline")" = "paene-oci init " ]
	by_root delete --force own
	edit_bundle "$home/b" '.linux.namespaces += [{ type: "user" }]' \
		'.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }] | .linux.gidMappings = .linux.uidMappings'
	chown -R 100000:100000 "$home/b/rootfs"
	chmod o+x "$home" "$home/b" "$BATS_TEST_TMPDIR"
	by_root create --bundle "$home/b" own </dev/null >/dev/null 2>&1 3>&-
	[ "$(readlink "/proc/$(by_root state own | jq .pid)/exe")" = "$home/bin/paene-oci" ]
}

@test "a sealed copy in memory where the program's own mount cannot be cloned" {
	unbindable
	install_program
	by_root run --detach --bundle "$home/b" own </dev/null >/dev/null 2>&1 3>&-
	[ "$(exec_and_write by_root)" = "/memfd:paene-oci (deleted)" ]
}

@test "a sealed copy in memory for a user whose own program it is" {
	local folder=$BATS_TEST_TMPDIR
	install_program
	edit_bundle "$home/b" '.linux.namespaces += [{ type: "user" }]' \
		'.linux.uidMappings = [{ containerID: 0, hostID: 1000, size: 1 }] | .linux.gidMappings = .linux.uidMappings'
	chown -R 1000:1000 "$home"
	while [ "$folder" != / ]; do
		chmod o+x "$folder"
		folder=$(dirname "$folder")
	done
	by_user run --detach --bundle "$home/b" own </dev/null >/dev/null 2>&1 3>&-
	[ "$(exec_and_write by_user)" = "/memfd:paene-oci (deleted)" ]
}

@test "a program of somebody else stays what it is" {
	local folder=$BATS_TEST_TMPDIR
	install_program
	edit_bundle "$home/b" '.linux.namespaces += [{ type: "user" }]' \
		'.linux.uidMappings = [{ containerID: 0, hostID: 1000, size: 1 }] | .linux.gidMappings = .linux.uidMappings'
	chown -R 1000:1000 "$home"
	chown 0:0 "$home/bin/paene-oci"
	while [ "$folder" != / ]; do
		chmod o+x "$folder"
		folder=$(dirname "$folder")
	done
	by_user run --detach --bundle "$home/b" own </dev/null >/dev/null 2>&1 3>&-
	[ "$(by_user exec own sh -c 'echo in')" = in ]
}

@test "the other programs are found where this one was installed, whatever it is by now" {
	install_program
	asks_systemd
	rm "$home/bin/paene-oci"
	unbindable
	install_program
	asks_systemd
}
