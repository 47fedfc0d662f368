# SPDX-License-Identifier: Apache-2.0
# Memory taken back, and pages merged: what the commands understand, and what they say where the machine cannot. Where it can:
# tests/vm/memory.bats.
load ../lib/common

image=localhost/busybox:1

setup_file() {
	has_corner || return 0 # each test then says why it is skipped
	load_busybox
}

setup() {
	needs_root
}

teardown() {
	paene rm -f box other || true
}

no_memory_controller() {
	grep -qw memory /sys/fs/cgroup/cgroup.controllers && skip "this machine's cgroup2 has the memory controller"
	return 0
}

merges() { # merges FILE: does this ksm_stat say that the process takes part?
	needs_kernel 6.17 # the first that tells
	grep -q 'ksm_merge_any: yes' "$1"
}

@test "memory alone shows its verbs" {
	run paene memory
	expect_status 0
	expect_in_output "usage: paene memory VERB"
	expect_in_output "  reclaim "
	local alone=$output
	run paene memory --help
	expect_output "$alone"
	run paene help memory
	expect_output "$alone"
}

@test "a verb of memory that does not exist: the nearest is named" {
	run paene memory reclam
	expect_status 125
	expect_output 'paene memory: there is no verb "reclam"; did you mean `paene memory reclaim`? See `paene memory --help`'
	run paene reclaim
	expect_status 125
	run paene help memory xyz
	expect_status 1
	expect_output 'paene help: there is no verb "xyz". See `paene memory --help`'
}

@test "its help, its completion and its place in the manual page" {
	run paene memory reclaim --help
	expect_status 0
	expect_in_output "usage: paene memory reclaim [OPTION…] CONTAINER [SIZE]"
	local help=$output
	run paene help memory reclaim
	expect_output "$help"
	while IFS= read -r line; do
		[ ${#line} -le 100 ] || fail "too long: $line"
	done <<<"$help"
	run paene complete -- memory ''
	expect_output reclaim
	run paene complete -- memory reclaim --sw
	expect_output --swappiness
	run paene complete -- mem
	expect_output memory
	paene create --name box $image true
	run paene complete -- memory reclaim b
	expect_output box
	run paene man
	expect_in_output ".SS memory reclaim"
	expect_in_output "MEMORY BEYOND LIMITS"
}

@test "reclaim: what is wrong with a command line is said before anything is looked for" {
	run paene memory reclaim
	expect_status 125
	expect_output 'paene memory reclaim: an argument is missing: CONTAINER [SIZE]. See `paene memory reclaim --help`'
	run paene memory reclaim box
	expect_status 1
	expect_output "paene memory reclaim: how much? Give a size, or --to SIZE, and not both"
	run paene memory reclaim box 5m --to 3m
	expect_status 1
	expect_output "paene memory reclaim: how much? Give a size, or --to SIZE, and not both"
	run paene memory reclaim box 5q
	expect_output "paene memory reclaim: 5q: a size such as 512m or 2g, please"
	run paene memory reclaim box -- -5
	expect_output "paene memory reclaim: -5: a size such as 512m or 2g, please"
	run paene memory reclaim box --to lots
	expect_output "paene memory reclaim: --to lots: a size such as 512m or 2g, please"
	run paene memory reclaim box 5m --max-pressure 101
	expect_output "paene memory reclaim: --max-pressure 101: a percentage from 0 to 100, please"
	run paene memory reclaim box 5m --swappiness 201
	expect_output "paene memory reclaim: --swappiness 201: a number from 0 to 200, please"
	run paene memory reclaim box 5m --format xml
	expect_output "paene memory reclaim: --format xml: it is table, json, or a template such as {{.After.Memory}}"
	run paene memory reclaim box 5m 6m
	expect_status 125
}

@test "reclaim: a container that is not there, or does not run" {
	run paene memory reclaim nobody 5m
	expect_status 1
	expect_in_output "nobody"
	[ "${#lines[@]}" = 1 ]
	paene create --name box $image true
	run paene memory reclaim box 5m
	expect_status 1
	expect_output "paene memory reclaim: container box is not running: it is created"
}

@test "reclaim: without the memory controller it is named" {
	no_memory_controller
	paene run -d --name box $image sleep 1000
	run paene memory reclaim box 5m
	expect_status 1
	expect_in_output "paene memory reclaim: set memory.reclaim: "
	[ "${#lines[@]}" = 1 ]
}

@test "pause --reclaim: where no memory can be taken back, it is paused all the same, and says so" {
	no_memory_controller
	paene run -d --name box $image sleep 1000
	run paene pause --reclaim box
	expect_status 1
	expect_in_output "paene pause: it is paused, but: set memory.reclaim: "
	[ "${#lines[@]}" = 1 ]
	[ "$(paene inspect --format '{{.State.Status}}' box)" = paused ]
	paene unpause box
}

@test "ksm: the container's processes take part, those of exec too; without it none does" {
	[ -e /sys/kernel/mm/ksm/run ] || skip "this kernel has no KSM"
	run --separate-stderr paene run --rm --ksm $image cat /proc/self/ksm_stat
	expect_status 0
	echo "$output" >"$BATS_TEST_TMPDIR/run"
	paene run -d -q --name box --ksm $image sleep 1000
	paene exec box cat /proc/self/ksm_stat >"$BATS_TEST_TMPDIR/exec"
	paene run -d -q --name other $image sleep 1000
	paene exec other cat /proc/self/ksm_stat >"$BATS_TEST_TMPDIR/other"
	merges "$BATS_TEST_TMPDIR/run"
	merges "$BATS_TEST_TMPDIR/exec"
	merges "/proc/$(paene inspect --format '{{.State.Pid}}' box)/ksm_stat"
	[ "$(paene inspect --format '{{.HostConfig.Ksm}}' box other)" = $'true\nfalse' ]
	! merges "$BATS_TEST_TMPDIR/other" || fail "not asked for"
}

@test "ksm: it is for the container's children, and stays after a restart" {
	[ -e /sys/kernel/mm/ksm/run ] || skip "this kernel has no KSM"
	paene create -q --name box --ksm $image sh -c 'sh -c "cat /proc/self/ksm_stat; true"; true'
	paene start --attach box >"$BATS_TEST_TMPDIR/first"
	paene start --attach box >"$BATS_TEST_TMPDIR/second"
	merges "$BATS_TEST_TMPDIR/first"
	merges "$BATS_TEST_TMPDIR/second"
}

@test "ksm: whoever sits before a kernel that looks for no pages is told how to have it begin" {
	[ -e /sys/kernel/mm/ksm/run ] || skip "this kernel has no KSM"
	run paene create --name box --ksm $image true
	expect_status 0
	case $(cat /sys/kernel/mm/ksm/run) in
	1) [[ "$output" != *warning* ]] ;;
	*) expect_in_output "paene: warning: --ksm: the kernel looks for no equal pages now: \`echo 1 >/sys/kernel/mm/ksm/run\`" ;;
	esac
	run --separate-stderr paene create -q --name other --ksm $image true
	[ -z "$stderr" ]
}

@test "ksm: its help warns of what others can find out" {
	run paene run --help
	output=$(tr -s ' \n' ' ' <<<"$output")
	expect_in_output "--ksm keep pages that equal others' once"
	expect_in_output "find out by timing"
}

@test "annotation org.paene.ksm: the same for paene-oci" {
	[ -e /sys/kernel/mm/ksm/run ] || skip "this kernel has no KSM"
	local bundle=$BATS_TEST_TMPDIR/b
	make_bundle "$bundle" '.annotations = {"org.paene.ksm": "true"}' '.process.args = ["cat", "/proc/self/ksm_stat"]'
	oci run --bundle "$bundle" box >"$BATS_TEST_TMPDIR/on"
	edit_bundle "$bundle" '.annotations = {"org.paene.ksm": "false"}'
	oci run --bundle "$bundle" box >"$BATS_TEST_TMPDIR/off"
	merges "$BATS_TEST_TMPDIR/on"
	! merges "$BATS_TEST_TMPDIR/off" || fail "not asked for"
	run oci features
	[ "$(jq '.potentiallyUnsafeConfigAnnotations | index("org.paene.ksm") != null' <<<"$output")" = true ]
}

@test "annotation org.paene.ksm: paene-oci exec, too; what is neither true nor false is refused" {
	[ -e /sys/kernel/mm/ksm/run ] || skip "this kernel has no KSM"
	local bundle=$BATS_TEST_TMPDIR/b
	make_bundle "$bundle" '.annotations = {"org.paene.ksm": "true"}' '.process.args = ["sleep", "1000"]'
	oci run --detach --bundle "$bundle" box </dev/null >/dev/null 2>&1
	oci exec box cat /proc/self/ksm_stat >"$BATS_TEST_TMPDIR/exec"
	oci delete --force box
	merges "$BATS_TEST_TMPDIR/exec"
	edit_bundle "$bundle" '.annotations = {"org.paene.ksm": "yes"}'
	run oci run --bundle "$bundle" box
	expect_status 1
	expect_output 'annotation org.paene.ksm: it is true or false, not "yes"'
}
