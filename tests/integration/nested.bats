# SPDX-License-Identifier: Apache-2.0
# Containers in a container: what must be given to the outer one, and what is said where it was not. With real controllers,
# and a systemd inside: tests/vm/nested.bats.
load ../lib/common

setup() {
	needs_root
	needs_program paene paene-oci jq
	paene run -q --rm --network none host true || skip "this machine's root cannot be a container's"
	rm -f "$PAENE_RUN"/seccomp/*
	leak_check_before
}

teardown() {
	paene rm -f -a
	rm -rf "$PAENE_RUN"/seccomp/*
	leak_check_after
}

# outer OPTION… -- COMMAND: a shell command in a container that has paene; there, `inner` runs a further one
outer() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	run paene run -q --rm --network none --tmpfs /run -v "$PAENE_BUILD:/paene:ro" "${options[@]}" host bash -c "
		PATH=/paene:\$PATH
		inner() { paene --root /run/data --runroot /run/run run -q --rm --network none \"\$@\"; }
		$2"
}

@test "paene in paene: --privileged --cgroup-delegate, and the outer one's ids inside" {
	outer --privileged --cgroup-delegate -- '
		inner --userns host host echo fine
		inner --userns host host sed -n s/^0:://p /proc/self/cgroup
		sed -n s/^0:://p /proc/self/cgroup
		ls -d /sys/fs/cgroup/*/'
	expect_status 0
	expect_output $'fine\n/\n/init\n/sys/fs/cgroup/init/\n/sys/fs/cgroup/paene/'
}

@test "limits of the inner one hold: controllers are handed down to it" {
	needs_controller hugetlb
	outer --privileged --cgroup-delegate -- '
		inner --userns host --cgroup-conf hugetlb.2MB.max=4194304 host cat /sys/fs/cgroup/hugetlb.2MB.max'
	expect_output 4194304
}

@test "detached, with a network of its own, stopped, removed: inside as outside" {
	outer --privileged --cgroup-delegate -- '
		paene() { command paene --root /run/data --runroot /run/run "$@"; }
		paene run -q -d --name one --userns host host sleep 1000 >/dev/null
		paene exec one hostname -i | grep -c 10.89
		paene pause one; paene unpause one
		paene stop -t 0 one
		paene rm one
		paene ps -aq | wc -l
		ls /sys/fs/cgroup/paene | grep -c -x "[0-9a-f]*"'
	expect_output $'1\none\none\none\none\n0\n0'
}

@test "paene-oci in paene" {
	outer --privileged --cgroup-delegate -- '
		mkdir -p /run/b/rootfs && cd /run/b && cp /bin/busybox rootfs && paene-oci spec
		jq ".process.args = [\"/busybox\", \"echo\", \"fine\"] | .process.terminal = false" config.json >c && mv c config.json
		paene-oci --root /run/oci run one && ls /run/oci | wc -l'
	expect_output $'fine\n0'
}

@test "what the outer one was not given is named" {
	outer --privileged --cgroup-delegate -- 'inner host true'
	expect_status 125
	expect_in_output "in a user namespace containers have no ids of their own: --userns host"
	outer --privileged --cgroup-delegate -- 'paene --root /var/data --runroot /run/run run --rm --network none --userns host host true'
	expect_in_output "the folder of containers must lie on a file system that overlayfs can write to: see --root"
	outer --privileged --cgroupns host -- 'inner --userns host host true'
	expect_in_output "cgroups are mounted read-only here"
	outer -- 'inner --userns host host true'
	expect_status 125
}

# as_user COMMAND, in `outer`: an ordinary user who has no further ids
user='as_user() { mkdir -p -m 700 /run/home /run/xdg; chown 1000:1000 /run/home /run/xdg
	setpriv --reuid 1000 --regid 1000 --clear-groups env HOME=/run/home XDG_RUNTIME_DIR=/run/xdg "$@"; }'

@test "a user in a container: with --privileged, or without masks and filter; else what is missing is named" {
	local inner='as_user paene run -q --rm --network none --cgroups disabled host sh -c "id -u; touch /sys/x; echo fine"'
	outer --privileged -- "$user; $inner"
	expect_status 0
	expect_in_output $'0\n'
	expect_in_output fine
	outer --security-opt seccomp=unconfined --security-opt unmask=ALL -- "$user; $inner"
	expect_status 0
	expect_in_output fine
	outer -- "$user; $inner"
	expect_status 125
	expect_in_output "Function not implemented; a seccomp filter forbids it, as in most containers: start the outer one with --privileged or"
	outer --security-opt seccomp=unconfined -- "$user; $inner"
	expect_status 125
	expect_in_output "mount /proc: proc (VFS: Mount too revealing): Operation not permitted; here, as in most containers, /proc is covered in part"
}

@test "--root and --runroot are two folders" {
	run command paene --root /tmp/same --runroot /tmp/same ps
	expect_status 1
	expect_output "paene ps: --root and --runroot cannot be the same folder"
	[ ! -e /tmp/same ]
}
