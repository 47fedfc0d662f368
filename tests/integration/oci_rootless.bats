# SPDX-License-Identifier: Apache-2.0
# paene-oci without root: as a user, and as podman without root starts it: as root of a user namespace that is there.
load ../lib/common

setup() {
	needs_root
	needs_program setpriv unshare
	home=$BATS_TEST_TMPDIR/home
	mkdir -p "$home"
	make_bundle "$home/b" '.linux.namespaces += [{ type: "cgroup" }]' '.mounts |= map(select(.type == "devpts").options -= ["gid=5"])'
	cp "$PAENE_BUILD/paene-oci" "$home/"
	chown -R 1000:1000 "$home"
	local folder=$BATS_TEST_TMPDIR
	while [ "$folder" != / ]; do
		chmod o+x "$folder"
		folder=$(dirname "$folder")
	done
	leak_check_before
}

teardown() {
	as_user delete --force own
	leak_check_after
}

map_user() { # the container's user namespace: its root is the user
	edit_bundle "$home/b" '.linux.namespaces += [{ type: "user" }]' \
		'.linux.uidMappings = [{ containerID: 0, hostID: 1000, size: 1 }] | .linux.gidMappings = .linux.uidMappings'
}

as_user() {
	setpriv --reuid 1000 --regid 1000 --clear-groups "$home/paene-oci" --root "$home/states" "$@"
}

as_mapped_root() {
	setpriv --reuid 1000 --regid 1000 --clear-groups unshare --user --map-root-user --mount \
		"$home/paene-oci" --root "$home/states" "$@"
}

@test "a container that asks for no place and no limit has no cgroup: exec, kill --all and delete do without" {
	map_user
	edit_bundle "$home/b" '.process.args = ["sleep", "1000"]'
	as_user run --detach --bundle "$home/b" own </dev/null >/dev/null 2>&1 3>&-
	run as_user exec own id -u
	expect_status 0
	expect_output 0
	run as_user pause own
	expect_status 1
	expect_in_output "container own has no cgroup of its own"
	as_user kill --all own KILL
	wait_until 5 sh -c "'$home/paene-oci' --root '$home/states' state own | grep -q stopped"
	as_user delete own
}

@test "a place or a limit that cannot be had is an error" {
	map_user
	edit_bundle "$home/b" '.linux.cgroupsPath = "/somewhere/own"'
	run as_user run --bundle "$home/b" own
	expect_status 1
	expect_in_output "create cgroup /somewhere"
	edit_bundle "$home/b" 'del(.linux.cgroupsPath) | .linux.resources.unified = { "cgroup.max.depth": "3" }'
	run as_user run --bundle "$home/b" own
	expect_status 1
	expect_in_output "create cgroup /paene-oci"
}

@test "as root of a user namespace: device nodes are the host's, with and without a further user namespace" {
	edit_bundle "$home/b" '.process.args = ["sh", "-c", "stat -c %t:%T /dev/null /dev/tty; echo x >/dev/null; readlink /dev/fd"]'
	for further in no yes; do
		[ $further = no ] || edit_bundle "$home/b" '.linux.namespaces += [{ type: "user" }]' \
			'.linux.uidMappings = [{ containerID: 0, hostID: 0, size: 1 }] | .linux.gidMappings = .linux.uidMappings'
		run as_mapped_root run --bundle "$home/b" own
		expect_status 0
		[ "$output" = $'1:3\n5:0\n/proc/self/fd' ] || fail "$output"
	done
}
