# SPDX-License-Identifier: Apache-2.0
# What a container may ask of the kernel: S14, S25, S37 to S40, S43 to S45.
load lib

image=localhost/calls:1

setup_file() {
	needs_root
	needs_program cc
	cp -a "$(busybox_rootfs)" "$BATS_FILE_TMPDIR/root"
	cp "$(probe calls)" "$BATS_FILE_TMPDIR/root/calls"
	"$tests/lib/docker-archive" "$BATS_FILE_TMPDIR/root" localhost/busybox:1 "$BATS_FILE_TMPDIR/image.tar"
	paene load -qi "$BATS_FILE_TMPDIR/image.tar"
	paene tag localhost/busybox:1 $image
	paene run -q --rm --network none $image true # the parent cgroup: it stays
}

setup() {
	needs_program paene paene-oci
	security_setup
}

teardown() {
	delete_all
	security_teardown
}

in_box() { # in_box OPTION… COMMAND…
	local options=()
	while [[ "$1" == -* ]]; do
		options+=("$1")
		shift
	done
	timeout 120 "$(type -P paene)" --root "$PAENE_DATA" --runroot "$PAENE_RUN" run -q --rm --network=none "${options[@]}" $image "$@"
}

expect_calls() { # expect_calls NAME=ANSWER…: in $output; the first that is not so is the failure
	local word
	for word; do
		grep -qx "${word%%=*} ${word#*=}" <<<"$output" || fail "${word/=/ } was expected:" \
			"$(grep "^${word%%=*} " <<<"$output")"
	done
}

tight_answers=(
	socket-inet=ok socket-inet6=ok socket-unix=ok socket-netlink=ok thread=ok
	# S37, S38: families, with and without bits that the kernel does not look at
	socket-alg=EAFNOSUPPORT socket-alg-high=EAFNOSUPPORT socket-alg-all-high=EAFNOSUPPORT
	socket-vsock=EAFNOSUPPORT socket-vsock-high=EAFNOSUPPORT socket-packet=EPERM socket-packet-high=EPERM
	ioctl-tiocsti=EPERM ioctl-tiocsti-high=EPERM ioctl-tiocsti-all-high=EPERM ioctl-tioclinux-high=EPERM
	# S40, S45
	unshare-user=EPERM unshare-user-high=EPERM unshare-mount=EPERM unshare-net=EPERM setns=EPERM clone3=ENOSYS
	clone-user=EPERM clone-user-high=EPERM clone-mount=EPERM clone-pid=EPERM unknown-9999=ENOSYS
	mount=EPERM umount2=EPERM fsopen=EPERM open_tree=EPERM move_mount=EPERM mount_setattr=EPERM pivot_root=EPERM chroot=EPERM
	# S39
	io_uring_setup=EPERM userfaultfd=EPERM keyctl=EPERM add_key=EPERM bpf=EPERM perf_event_open=EPERM ptrace-other=EPERM
	pidfd_getfd=EPERM kexec_load=EPERM init_module=EPERM reboot=EPERM swapon=EPERM settimeofday=EPERM open_by_handle_at=EPERM
)

expect_no_other_abi() {
	local answer
	for answer in x32-getpid x32-socket i386-getpid i386-socket-alg i386-socketcall-alg; do
		expect_not_in_output "$answer ok"
		grep -qxE "$answer (killed|ENOSYS|EPERM)" <<<"$output" || fail "$(grep "^$answer" <<<"$output")"
	done
}

@test "S37, S38, S39, S40, S45: calls by the default profile, high bits or not" {
	run in_box /calls
	expect_status 0
	expect_calls "${tight_answers[@]}"
	expect_no_other_abi
}

@test "S37, S38, S39, S40, S45: the same for exec, and for a user" {
	paene run -qd --name box --network none $image sleep 1000 >/dev/null
	run paene exec box /calls
	expect_calls "${tight_answers[@]}"
	expect_no_other_abi
	run paene exec -u 1000 box /calls
	expect_calls "${tight_answers[@]}"
}

@test "S38: the wider profile refuses the two families as well" {
	run in_box --profile=compat /calls
	expect_calls socket-inet=ok socket-alg=EAFNOSUPPORT socket-alg-high=EAFNOSUPPORT socket-vsock=EAFNOSUPPORT \
		socket-vsock-high=EAFNOSUPPORT ioctl-tiocsti=EPERM ioctl-tiocsti-high=EPERM io_uring_setup=EPERM userfaultfd=EPERM
	expect_no_other_abi
}

@test "S38: a configuration's own rule about a family holds with high bits, too" {
	B "$b" "$writable" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64"], syscalls: [
		{names: ["socket"], action: "SCMP_ACT_ERRNO", errnoRet: 1, args: [{index: 0, value: 38, op: "SCMP_CMP_EQ"}]}]}' \
		"$(run_with /calls)"
	cp "$(probe calls)" "$b/rootfs/calls"
	run oci run --bundle "$b" c1
	expect_calls socket-inet=ok socket-alg=EPERM socket-alg-high=EPERM socket-alg-all-high=EPERM
	expect_no_other_abi
}

@test "S39: every number from 0 to 500 answers as the checked-in table says" {
	local number name answer seen refused=0
	local -A got
	run in_box /calls all
	expect_status 0
	while read -r number answer; do
		got[$number]=$answer
	done <<<"$output"
	[ ${#got[@]} -gt 480 ]
	while read -r number name answer; do
		[[ "$number" =~ ^[0-9]+$ ]] && [ "$number" -le 500 ] || continue
		seen=${got[$number]-}
		case $answer in
		EPERM | ENOSYS)
			[ "$seen" = $answer ] || fail "$name ($number) is $seen, by the table it is $answer"
			refused=$((refused + 1))
			;;
		esac
	done <"$tests/data/seccomp/tight.txt"
	[ $refused -gt 100 ]
}

@test "S14: no cgroup of version 1 and no other file system is mounted, in no namespace" {
	run in_box sh -c 'mkdir /m; unshare -Urm mount -t cgroup -o rdma x /m; mount -t cgroup -o rdma x /m; mount -t tmpfs x /m; ls -A /m'
	expect_in_output "Operation not permitted"
	expect_not_in_output release_agent
}

@test "S25: without a list of devices, none but the default ones can be used" {
	local filter
	for filter in 'del(.linux.resources)' 'del(.linux.resources.devices)' '.linux.resources.devices = []'; do
		rm -rf "$b"
		B "$b" "$writable" "$all_caps" "$filter" "$(shell '
			mknod x b 254 0 && dd if=x of=/dev/null count=1
			mknod y c 10 229 && dd if=y of=/dev/null count=1
			mknod k c 1 1 && dd if=k of=/dev/null count=1
			echo x >/dev/null && head -c 4 /dev/urandom | wc -c')"
		run oci run --bundle "$b" c1
		expect_status 0
		expect_in_output $'\n4'
		[ "$(grep -c 'Operation not permitted' <<<"$output")" = 3 ]
	done
}

@test "S25: a device node of an image is of no use" {
	run in_box --cap-add=MKNOD sh -c 'mknod x b 254 0; dd if=x of=/dev/null count=1'
	[ "$status" != 0 ]
	expect_in_output "not permitted"
}

@test "S43: what tells about this machine, or lets it be measured, cannot be read" {
	run in_box sh -c '
		for f in /proc/acpi /proc/asound /proc/interrupts /proc/kcore /proc/keys /proc/latency_stats /proc/sched_debug /proc/scsi \
				/proc/sysrq-trigger /proc/timer_list /proc/timer_stats /proc/vmallocinfo /sys/dev/block \
				/sys/devices/virtual/powercap /sys/firmware /sys/fs/bpf /sys/fs/pstore /sys/fs/selinux /sys/kernel/btf \
				/sys/kernel/debug /sys/kernel/security /sys/kernel/tracing; do
			if [ -d $f ]; then
				[ -z "$(ls -A $f)" ] || echo "$f: $(ls $f | head -n 3)"
			elif [ -e $f ]; then
				[ -z "$(head -c 10 $f 2>/dev/null)" ] || echo "$f can be read"
			fi
		done
		for f in /proc/sys/kernel/core_pattern /proc/sys/vm/swappiness /proc/irq/default_smp_affinity /sys/power/state; do
			{ echo 1 >$f; } 2>/dev/null && echo "$f can be written"
		done; true'
	expect_status 0
	expect_output ""
}

@test "S44: keyrings are out of reach, and so is the list of keys" {
	run in_box sh -c 'cat /proc/keys'
	expect_output ""
	run in_box /calls
	expect_calls keyctl=EPERM add_key=EPERM
}

@test "S45: no user namespace is made or joined" {
	run in_box sh -c 'unshare -U true || echo refused'
	expect_in_output refused
	run in_box --user=1000 sh -c 'unshare -U true || echo refused'
	expect_in_output refused
}
