# SPDX-License-Identifier: Apache-2.0
# Whether the virtual machine is what the other files of this folder take it for.
load ../lib/common

@test "cgroup2 alone is mounted, with every controller" {
	run stat --file-system --format %T /sys/fs/cgroup
	expect_output cgroup2fs
	for controller in cpu cpuset io memory pids; do
		grep -qw $controller /sys/fs/cgroup/cgroup.controllers || fail "no $controller"
	done
	run ! grep -E '^[^ ]+ [^ ]+ cgroup ' /proc/self/mounts
}

@test "systemd has booted, and nothing has failed" {
	run systemctl is-system-running
	expect_output running
}

@test "root may do everything" {
	run grep CapEff /proc/self/status
	expect_in_output 1ffffffffff
}

@test "the clock is right" {
	[ "$(date +%Y)" -ge 2025 ]
	local before clock after # a busy host may take its time in between
	before=$(date +%s)
	clock=$(cat /sys/class/rtc/rtc0/since_epoch)
	after=$(date +%s)
	[ "$clock" -ge $((before - 2)) ]
	[ "$clock" -le $((after + 2)) ]
}

@test "the user dev has subordinate ids and a session" {
	grep -q ^dev: /etc/subuid
	run loginctl show-user dev --property Linger --value
	expect_output yes
}
