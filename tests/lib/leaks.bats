# SPDX-License-Identifier: Apache-2.0
# Whether the leak check finds what is left behind, and is content when nothing is.
load common

setup() {
	needs_root
	leak_check_before
}

expect_leak() { # expect_leak LINE: what the check must say
	leak_patience=0 run leak_check_after
	expect_status 1
	expect_in_output "> $1"
}

@test "nothing is left" {
	in_netns true
	leak_check_after
}

@test "a process in another pid namespace" {
	unshare --pid --fork sleep 100 3>&- &
	wait_until 5 pgrep -P $! sleep
	expect_leak "process sleep"
	kill -KILL "$(pgrep -P $!)"
	leak_check_after
}

@test "a cgroup" {
	mkdir /sys/fs/cgroup/left
	expect_leak "cgroup /sys/fs/cgroup/left"
	rmdir /sys/fs/cgroup/left
}

@test "a mount" {
	mount -t tmpfs tmpfs /mnt
	expect_leak "mount /mnt tmpfs"
	umount /mnt
}

@test "a link" {
	ip link add left type bridge
	expect_leak "link left"
	ip link delete left
}

@test "a firewall rule" {
	needs_program nft
	nft add table inet left
	expect_leak "nft table inet left"
	nft delete table inet left
}

@test "a file" {
	mkdir -p "$PAENE_RUN/containers/left"
	expect_leak "file $PAENE_RUN/containers/left"
	rm -r "$PAENE_RUN"
}

@test "after a file: what it leaves is one more test that fails" {
	mkdir -p "$BATS_TEST_TMPDIR/t/data/networks/lan/leases" "$BATS_TEST_TMPDIR/t/data/idranges"
	export TMPDIR=$BATS_TEST_TMPDIR/t leak_patience=0
	run "$tests/lib/checked" true
	expect_in_output "ok 1 nothing is left"
	run "$tests/lib/checked" sh -c 'echo 1..1; echo ok 1 mine; ip link add left type bridge; touch "$TMPDIR/data/idranges/65536" "$TMPDIR/data/networks/lan/leases/10.0.0.2"; exit 3'
	expect_status 3
	expect_in_output $'ok 1 mine\n1..1\nnot ok 1 nothing is left'
	expect_in_output "# > link left"
	expect_in_output "# > held $TMPDIR/data/idranges/65536"
	expect_in_output "# > held $TMPDIR/data/networks/lan/leases/10.0.0.2"
	ip link delete left
	rm -r "$TMPDIR/data"
}

@test "after a file: what a machine's first container leaves is none of it" {
	export TMPDIR=$BATS_TEST_TMPDIR leak_patience=0
	run "$tests/lib/checked" sh -c 'ip link add paene0 type bridge; mkdir /sys/fs/cgroup/paene'
	expect_in_output "ok 1 nothing is left"
	ip link delete paene0
	rmdir /sys/fs/cgroup/paene
}
