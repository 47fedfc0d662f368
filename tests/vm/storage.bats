# SPDX-License-Identifier: Apache-2.0
# --storage-opt size: project quotas of ext4 and xfs, where the kernel has them.
load ../lib/common

image=localhost/busybox:1

setup_file() {
	busybox_rootfs >/dev/null
	make_image $image "$BATS_FILE_TMPDIR/busybox.tar"
}

setup() {
	needs_program paene
	disk=$BATS_TEST_TMPDIR/disk
	mkdir "$disk"
}

teardown() {
	if mountpoint -q "$disk"; then
		limited rm -fa >/dev/null
		umount "$disk"
	fi
}

make_disk() { # make_disk ext4|xfs
	needs_program "mkfs.$1"
	truncate -s 400M "$disk.img"
	case $1 in
	ext4) mkfs.ext4 -q -O project,quota "$disk.img" ;;
	xfs) mkfs.xfs -q "$disk.img" ;;
	esac
	mount -o loop,prjquota "$disk.img" "$disk"
	limited load -qi "$BATS_FILE_TMPDIR/busybox.tar"
}

limited() {
	command paene --root "$disk/data" --runroot "$disk/run" "$@"
}

has_projects() { # has_projects N
	[ "$(find "$disk/data/projects" -type l | wc -l)" = "$1" ]
}

fill='dd if=/dev/zero of=/large bs=1M count=20'

expect_full() {
	[[ "$output" == *"Disk quota exceeded"* || "$output" == *"No space left"* ]] || fail "not full:" "$output"
}

limits_what_is_written() {
	make_disk "$1"
	[ "$(limited info -f '{{.StorageQuotas}}')" = true ]
	run limited run -q --name small --storage-opt size=8m $image sh -c "$fill; df -k / | tail -n 1"
	expect_full
	expect_in_output " 8192 "
	[ "$(stat -c %s "$disk"/data/containers/*/upper/large)" -le 8388608 ]
	[ "$(limited inspect -f '{{.HostConfig.StorageOpt.size}}' small)" = 8388608 ]
	local rw
	rw=$(limited inspect -s -f '{{.SizeRw}}' small)
	[ "$rw" -gt 7000000 ] && [ "$rw" -le 8388608 ]
	# what is removed is free again, after a restart too; others are not concerned
	run limited run -q --name other --storage-opt size=64m $image sh -c "$fill 2>/dev/null && rm /large && echo room"
	expect_output room
	has_projects 2
	run limited run -q --rm $image sh -c "$fill 2>/dev/null && echo unlimited"
	expect_output unlimited
	run limited start -a small
	expect_full
	# numbers are given back
	limited rm small other
	has_projects 0
	run limited run -q --rm --storage-opt size=8m $image true
	expect_status 0
	has_projects 0
}

@test "ext4: a container writes as much as it may" {
	limits_what_is_written ext4
}

@test "xfs: a container writes as much as it may" {
	limits_what_is_written xfs
}

@test "all that a container makes is of its project" {
	make_disk ext4
	limited run -qd --name tight --storage-opt size=8m $image sleep 1000
	run limited exec tight sh -c "mkdir /new && touch /new/file && $fill && cat /large >/new/file"
	expect_full
	local upper
	upper=$(echo "$disk"/data/containers/*/upper)
	[ "$(lsattr -pd "$upper/new" | awk '{ print $1 }')" = "$(lsattr -pd "$upper" | awk '{ print $1 }')" ]
}

@test "a command that was killed leaves a number to the next sweep" {
	make_disk ext4
	limited create -q --storage-opt size=8m $image true
	ln -s "$(printf 'a%.0s' {1..64})" "$disk/data/projects/1900000000"
	limited ps -a >/dev/null
	has_projects 1
}

@test "quotas that are only counted are not taken for limits" {
	truncate -s 300M "$disk.img"
	mkfs.ext4 -q -O project,quota "$disk.img"
	mount -o loop "$disk.img" "$disk"
	limited load -qi "$BATS_FILE_TMPDIR/busybox.tar"
	run limited create -q --storage-opt size=8m $image true
	expect_status 125
	expect_in_output "has no project quotas that are enforced"
	run limited ps -aq
	expect_output ""
}

parameters() { # parameters VALUE: of the kernel's module, for whoever says nothing
	local name
	for name in index metacopy nfs_export redirect_dir xino_auto; do
		echo "$1" >"/sys/module/overlay/parameters/$name"
	done
}

@test "parameters of the kernel's module change nothing about a container's root" {
	modprobe overlay
	make_disk ext4
	limited run -q --name a --network none $image true
	parameters Y
	run limited run -q --name b --network none $image sh -c 'grep " / / " /proc/self/mountinfo; echo x >>/etc/passwd; rm /etc/group; mkdir /etc/group'
	parameters N
	expect_status 0
	[[ "${lines[0]}" == *" - overlay "*userxattr* ]]
	[[ "$output" != *index=on* && "$output" != *metacopy=on* && "$output" != *redirect_dir=on* && "$output" != *nfs_export=on* ]]
	# what was written under one set of them is there under another
	limited start -a b || true
	[ -d "$disk"/data/containers/*/upper/etc/group ]
	parameters Y
	run limited start -a a
	parameters N
	expect_status 0
}

@test "a volume with o=size: what it holds, what an image fills it with, its number given back" {
	make_disk ext4
	limited volume create -o o=size=1m,uid=7 small
	run limited run -q --rm --network none -v small:/etc $image sh -c "ls /etc; dd if=/dev/zero of=/etc/large bs=1M count=20"
	expect_in_output passwd
	expect_full
	has_projects 1
	limited ps -aq # sweeps nothing of it
	limited rm -fa
	has_projects 1
	limited volume rm small
	has_projects 0
}
