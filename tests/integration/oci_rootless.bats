# SPDX-License-Identifier: Apache-2.0
# paene-oci without root: as a user, and as podman without root starts it: as root of a user namespace that is there.
load ../lib/common

setup() {
	needs_root
	needs_program setpriv unshare
	export ASAN_OPTIONS=detect_leaks=0 # who has entered another user namespace hangs when it is searched for leaks
	home=$BATS_TEST_TMPDIR/home space=
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
	[ -z "$space" ] || kill "$space"
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

# A user namespace with a range of ids, as podman without root makes one; a process that sleeps keeps it.
make_user_namespace() {
	setpriv --reuid 1000 --regid 1000 --clear-groups unshare --user --mount sleep 1000 3>&- &
	space=$!
	wait_until 5 grep -qx sleep "/proc/$space/comm"
	printf '0 1000 1\n1 100000 65536\n' | tee "/proc/$space/gid_map" >"/proc/$space/uid_map"
}

in_user_namespace() {
	nsenter --target "$space" --user --mount --setuid 0 --setgid 0 \
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

@test "as root of a user namespace: exec; two containers in one pid namespace" {
	local pid
	make_user_namespace
	edit_bundle "$home/b" '.process.args = ["sleep", "1000"]'
	in_user_namespace run --detach --bundle "$home/b" own </dev/null >/dev/null 2>&1 3>&-
	pid=$(in_user_namespace state own | jq .pid)
	run in_user_namespace exec own sh -c 'readlink /proc/self/ns/pid; echo $PPID; exit 4'
	expect_status 4
	expect_output "$(readlink "/proc/$pid/ns/pid")"$'\n0'

	edit_bundle "$home/b" "(.linux.namespaces[] | select(.type == \"pid\")).path = \"/proc/$pid/ns/pid\""
	in_user_namespace run --detach --bundle "$home/b" other </dev/null >/dev/null 2>&1 3>&-
	run in_user_namespace exec other readlink /proc/self/ns/pid
	expect_status 0
	expect_output "$(readlink "/proc/$pid/ns/pid")"
	wait_until 5 eval '[ "$(in_user_namespace exec other ps -o args | grep -c "^sleep")" = 2 ]'
	run in_user_namespace run --bundle "$home/b" other
	expect_status 1
	expect_in_output "already exists"
	in_user_namespace delete --force other
	[ "$(in_user_namespace state own | jq -r .status)" = running ]
	in_user_namespace delete --force own
}
