# SPDX-License-Identifier: Apache-2.0
# Containers in a container, with every controller; and a systemd in one. More of it: tests/integration/nested.bats.
load ../lib/common

setup() {
	needs_program paene
}

teardown() {
	paene rm -f -a
}

outer=(--privileged --cgroup-delegate --network none --tmpfs /run -v "$PAENE_BUILD:/paene:ro")

inner='PATH=/paene:$PATH; inner() { paene --root /run/data --runroot /run/run run -q --rm --network none --userns host "$@"; }'

@test "limits inside limits: each is in force" {
	run paene run -q --rm "${outer[@]}" --memory 256m --pids-limit 200 host bash -c "$inner
		inner --memory 64m --pids-limit 50 --cpus 0.5 host sh -c 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max /sys/fs/cgroup/cpu.max'
		cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max"
	expect_status 0
	expect_output $'67108864\n50\n50000 100000\n268435456\n200'
}

@test "default limits are there, too: nothing is missing" {
	run paene run --rm "${outer[@]}" host bash -c "PATH=/paene:\$PATH
		paene --root /run/data --runroot /run/run run --rm --network none --userns host host cat /sys/fs/cgroup/pids.max"
	expect_status 0
	expect_output 2048
}

@test "what runs out of memory inside is killed there; the outer container goes on" {
	run paene run -q --rm "${outer[@]}" --memory 256m host bash -c "$inner
		inner --memory 32m host tail /dev/zero; echo \"ended: \$?\""
	expect_status 0
	expect_output "ended: 137"
}

@test "without --cgroup-delegate the limit that cannot be set is named" {
	run paene run -q --rm --privileged --userns host --network none --tmpfs /run -v "$PAENE_BUILD:/paene:ro" host bash -c "
		PATH=/paene:\$PATH; paene --root /run/data --runroot /run/run run -q --rm --network none --userns host --memory 64m host true"
	expect_status 125
	expect_in_output "that cgroup has processes of its own; move them into a cgroup below it first"
}

@test "a systemd in a container: it makes its own cgroups, and exec finds a place" {
	paene run -q -d --name machine --cgroup-delegate --network none --cap-add SYS_ADMIN --cap-add SYS_CHROOT --cap-add SETPCAP \
		--cap-add DAC_READ_SEARCH --security-opt seccomp=compat --tmpfs /run:mode=755,exec --tmpfs /tmp -e container=paene \
		--stop-signal 37 host /usr/lib/systemd/systemd --unit=basic.target --show-status=0
	up() { paene exec machine systemctl is-active basic.target; }
	wait_until 600 up
	[[ "$(paene exec machine cat /proc/1/cgroup)" == 0::/init/init.scope ]]
	paene exec machine systemd-run --wait --quiet --property MemoryMax=64M -- true
	paene exec machine systemctl show --value --property ControlGroup init.scope
	paene pause machine
	paene unpause machine
	paene stop -t 300 machine
	[ "$(paene inspect machine | jq '.[0].State.ExitCode')" != 137 ]
}
