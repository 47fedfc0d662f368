# SPDX-License-Identifier: Apache-2.0
# What a container is by default, by --profile compat and by --profile max, tried from inside: a test for each row of the table of
# README.md, "Posture". What of it belongs to a numbered hole is in the file of that.
load lib

image=localhost/busybox:1

setup_file() {
	needs_root
	load_busybox >/dev/null
	paene run -q --rm $image true # the bridge, the parent cgroup: they stay
}

setup() {
	needs_program paene
	security_setup
}

teardown() {
	delete_all
	security_teardown
}

in_box() { # in_box OPTION… -- COMMAND…
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	paene run -q --rm "${options[@]}" $image "${@:2}"
}

status_of() { # status_of KEY OPTION…: a line of /proc/self/status inside
	in_box --network none "${@:2}" -- awk -v key="$1:" '$1 == key { print $2 }' /proc/self/status
}

@test "P1: a user namespace of its own: root inside is nobody outside, and two containers are two nobodies" {
	local first
	first=$(in_box -- awk '{ print $2, $3 }' /proc/self/uid_map)
	[[ "$first" == *" 65536" ]] || fail "$first"
	[ "${first% *}" -ge 65536 ]
	[ "$first" != "$(in_box --userns host -- awk '{ print $2, $3 }' /proc/self/uid_map)" ]
	paene run -qd --name one $image sleep 1000 >/dev/null
	paene run -qd --name two $image sleep 1000 >/dev/null
	[ "$(paene exec one cat /proc/self/uid_map)" != "$(paene exec two cat /proc/self/uid_map)" ]
	[ "$(paene inspect one --format '{{.HostConfig.UsernsMode}}')" = private ]
}

@test "P1: a volume's files look right on both sides, and nothing is chowned" {
	mkdir "$BATS_TEST_TMPDIR/shared"
	echo ours >"$BATS_TEST_TMPDIR/shared/file"
	in_box -v "$BATS_TEST_TMPDIR/shared:/shared" -- sh -c '[ "$(stat -c %u /shared/file)" = 0 ] && touch /shared/new'
	[ "$(stat -c %u "$BATS_TEST_TMPDIR"/shared/{file,new})" = "0
0" ]
}

@test "P2: seven capabilities; compat has eleven, max none" {
	[ "$(status_of CapBnd)" = 00000000000004eb ]
	[ "$(status_of CapEff)" = 00000000000004eb ]
	[ "$(status_of CapBnd --profile compat)" = 00000000800405fb ]
	[ "$(status_of CapBnd --profile max)" = 0000000000000000 ]
	[ "$(status_of CapBnd --profile max --cap-add CHOWN)" = 0000000000000001 ]
}

@test "P3: nobody gains rights by executing; in compat they do" {
	[ "$(status_of NoNewPrivs)" = 1 ]
	[ "$(status_of NoNewPrivs --profile compat)" = 0 ]
	[ "$(status_of NoNewPrivs --profile max)" = 1 ]
}

@test "P4: filters: two by default and in max, in compat a wider one" {
	local profile
	for profile in default compat max; do
		[ "$(status_of Seccomp --profile $profile)" = 2 ]
	done
	run in_box --network none --profile max -- unshare -U true
	expect_in_output "not permitted"
}

@test "P5: in max /proc has processes and nothing else" {
	run in_box --profile max -- ls /proc
	[[ "$output" != *[a-z]* ]] || [ "$(grep -vxE '[0-9]+|self|thread-self' <<<"$output")" = "" ] || fail "$output"
	run in_box --profile max -- cat /proc/cpuinfo /proc/sys/kernel/hostname
	[ "$status" != 0 ]
}

@test "P6: no set-user-ID file and no device node of a volume or a tmpfs counts" {
	local where
	mkdir "$BATS_TEST_TMPDIR/shared"
	for where in /bind /volume /fresh /dev/shm /run; do
		run in_box -v "$BATS_TEST_TMPDIR/shared:/bind" -v v:/volume --tmpfs /fresh --read-only -- awk -v where=$where '$5 == where { print $6 }' \
			/proc/self/mountinfo
		[[ "$output" == *nosuid* && "$output" == *nodev* ]] || fail "$where: $output"
	done
	paene volume rm v >/dev/null
}

@test "P7: cgroups of its own, seen and not written; an end to processes and to memory files" {
	[ "$(in_box -- cat /proc/self/cgroup | grep ^0)" = "0::/" ]
	run in_box -- mkdir /sys/fs/cgroup/below
	expect_in_output "Read-only file system"
	paene create -q --name limits $image true >/dev/null
	[ "$(paene inspect limits --format '{{.HostConfig.PidsLimit}}')" = 2048 ] || fail "$(paene inspect limits | jq .[0].HostConfig)"
	[ "$(in_box -- df -k /dev/shm | awk 'END { print $2 }')" = 65536 ]
	run in_box --profile max -- grep ' /tmp .*size=65536k' /proc/self/mountinfo
	expect_status 0
}

@test "P8: namespaces, a session and a keyring of its own" {
	local kind
	for kind in cgroup ipc mnt net pid user uts; do
		[ "$(in_box -- readlink /proc/self/ns/$kind)" != "$(readlink /proc/self/ns/$kind)" ] || fail "$kind is ours"
	done
	[ "$(in_box -- awk '{ print $6 }' /proc/self/stat)" = 1 ]
	[ "$(in_box -t -- readlink /proc/self/fd/0 | tr -d '\r')" = /dev/pts/0 ]
}

@test "P9: in max there is no network" {
	[ "$(in_box --profile max -- ls /sys/class/net)" = lo ]
	run in_box --profile max --network bridge -- ls /sys/class/net
	expect_in_output eth0
}

@test "P10: what max mounts anew cannot be written to, for Landlock refuses mounts, and writes to what is writable by mistake" {
	[ -e /sys/kernel/security/landlock ] || grep -q landlock_restrict_self /proc/kallsyms || skip "this kernel has no Landlock"
	in_box --profile default --cap-add SYS_ADMIN -- mount -t tmpfs none /dev/shm
	run in_box --profile max --cap-add SYS_ADMIN -- mount -t tmpfs none /dev/shm
	[ "$status" != 0 ]
	expect_in_output "permi"
	[ "$(in_box --profile max -- sh -c 'echo x >/dev/null; echo x >/tmp/x; cat /tmp/x')" = x ]
	paene run -qd --name box --profile max --cap-add SYS_ADMIN $image sleep 1000 >/dev/null
	run paene exec box mount -t tmpfs none /dev/shm
	[ "$status" != 0 ]
	[ "$(paene inspect box --format '{{.HostConfig.Profile}} {{.HostConfig.Landlock}}')" = "max writes" ]
}

@test "P10: Landlock for a configuration of paene-oci; a folder that stays writable is not written to where no mount is" {
	B "$b" '.annotations["org.paene.landlock"] = "true"' "$writable" "$(shell 'touch /in-root && echo x >/dev/null')"
	run oci run --bundle "$b" c1
	expect_status 0
	edit '.annotations["org.paene.landlock"] = "perhaps"'
	run oci run --bundle "$b" c1
	expect_in_output "it is true or false"
	edit '.annotations["org.paene.landlock"] = "true"' '.process.noNewPrivileges = false'
	run oci run --bundle "$b" c1
	expect_in_output "needs no_new_privs"
}

@test "P11: a read-only root: with --read-only, and in max; there is room to work in" {
	local how
	for how in --read-only --profile=max; do
		run in_box $how -- touch /new
		expect_in_output "Read-only file system"
		in_box $how -- touch /tmp/new /run/new /var/tmp/new
	done
}

@test "profiles that there are not, and what they exclude, are said" {
	run in_box --profile tightest -- true
	expect_status 125
	expect_in_output "it is default, compat or max"
	run in_box --profile max --privileged -- true
	expect_status 125
	run in_box --profile max --security-opt no-new-privileges=false -- true
	expect_status 125
	expect_in_output no_new_privs
	[ "$(paene info --format '{{.DefaultProfile}}')" = default ]
}
