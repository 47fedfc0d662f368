# SPDX-License-Identifier: Apache-2.0
# The cgroup of a container: where it is, what is seen of it inside, who may use it; which devices.
# Limits by real controllers: tests/vm/limits.bats; with systemd: tests/vm/paene_systemd.bats.
load ../lib/common

image=localhost/busybox:1

setup_file() {
	has_corner || return 0
	load_busybox
	paene run --quiet --rm $image true # the parent cgroup, the bridge: they stay
	rm -f "$PAENE_RUN/said-missing"
}

setup() {
	needs_root
	rm -f "$PAENE_RUN"/seccomp/* # filters are kept
	leak_check_before
}

teardown() {
	paene rm -f -a
	local id parent
	for id in $(oci list -q); do
		oci delete --force "$id"
	done
	for parent in parent parent/below busy threads slow 1 paene-oci; do # made on request, and left: others may use them
		[ ! -d "/sys/fs/cgroup/$parent" ] || find "/sys/fs/cgroup/$parent" -depth -type d -exec rmdir {} +
	done
	rm -rf "$PAENE_RUN/oci" "$PAENE_RUN/said-missing" "$PAENE_RUN"/seccomp/*
	leak_check_after
}

run_here() { # run_here OPTION… -- COMMAND…
	run paene run --quiet --rm --network none "$@"
}

own_cgroup='sed -n s/^0:://p /proc/self/cgroup'

cgroup_of() { # cgroup_of NAME: the folder, as the machine sees it
	echo "/sys/fs/cgroup$(paene inspect "$1" | jq -r '.[0].CgroupPath')"
}

inspected() { # inspected NAME KEY
	paene inspect "$1" | jq -r ".[0].HostConfig.$2"
}

@test "its own cgroup is all that it sees, and it cannot write there" {
	run_here $image sh -c "$own_cgroup; ls -d /sys/fs/cgroup/*/; mkdir /sys/fs/cgroup/below; echo 1 >/sys/fs/cgroup/cgroup.freeze"
	[ "${lines[0]}" = / ]
	expect_in_output "can't create directory '/sys/fs/cgroup/below': Read-only file system"
	expect_in_output "can't create /sys/fs/cgroup/cgroup.freeze: Read-only file system"
	[[ "$output" != *"/sys/fs/cgroup/paene"* ]]
}

@test "--cgroup-parent: below that path, which is made, and left" {
	paene run -q -d --network none --name one --cgroup-parent /parent/below $image sleep 1000
	[ "$(cat "/sys/fs/cgroup/parent/below/$(paene ps -q --no-trunc)/cgroup.procs" | wc -l)" = 1 ]
	[ "$(inspected one CgroupParent)" = /parent/below ]
	paene restart -t 0 one # it is remembered
	[[ "$(cgroup_of one)" == /sys/fs/cgroup/parent/below/* ]]
	paene rm -f one
	[ -z "$(ls -d /sys/fs/cgroup/parent/below/*/ 2>/dev/null)" ]
	paene run -q -d --network none --name one --cgroup-parent parent/ $image sleep 1000 # as podman has it, too
	[[ "$(cgroup_of one)" == /sys/fs/cgroup/parent/* ]]
	paene rm -f one
	paene run -q -d --network none --name one --cgroup-parent / $image sleep 1000
	[[ "$(cgroup_of one)" =~ ^/sys/fs/cgroup/[0-9a-f]{64}$ ]]
}

@test "--cgroup-parent: what is no path of a cgroup is refused before anything is made" {
	local parent
	for parent in a/../b .. a//b $'a\nb' my.slice; do
		run_here --cgroup-parent "$parent" $image true
		expect_status 125
		[ "${#lines[@]}" = 1 ]
		expect_in_output --cgroup-parent
	done
	[ -z "$(paene ps -aq)" ]
}

@test "--cgroupns: private or the host's, which is read-only" {
	run_here --cgroupns private $image sh -c "$own_cgroup"
	expect_output /
	run_here --cgroupns host $image sh -c "$own_cgroup; ls -d /sys/fs/cgroup/paene/*/; mkdir /sys/fs/cgroup/paene/new"
	[[ "${lines[0]}" =~ ^/paene/[0-9a-f]{64}$ ]]
	[ "${lines[1]}" = "/sys/fs/cgroup${lines[0]}/" ]
	expect_in_output "Read-only file system"
	run_here --cgroupns other $image true
	expect_status 125
	expect_output "paene run: --cgroupns other: it is private or host"
}

@test "--cgroups disabled: it stays where its caller is; what needs a cgroup says so" {
	local before
	before=$(ls /sys/fs/cgroup/paene)
	paene run -q -d --network none --name none --cgroups disabled $image sleep 1000
	[ "$(sed -n s/^0:://p "/proc/$(paene inspect none | jq '.[0].State.Pid')/cgroup")" = "$(sed -n s/^0:://p /proc/self/cgroup)" ]
	[ "$before" = "$(ls /sys/fs/cgroup/paene)" ]
	[ "$(inspected none Cgroups)" = disabled ]
	paene exec none true
	run paene pause none
	expect_status 1
	expect_in_output "has no cgroup of its own"
	paene stop -t 0 none
	paene start none
	paene kill none
	paene rm -f none
	run_here --cgroups disabled --memory 64m $image true
	expect_status 125
	expect_in_output "--cgroups disabled: without a cgroup there are no limits (memory."
	run_here --cgroups disabled --cgroup-parent /a $image true
	expect_status 125
	run_here --cgroups some $image true
	expect_status 125
	expect_output "paene run: --cgroups some: it is enabled or disabled"
	run_here --cgroups no-conmon $image sh -c "$own_cgroup" # units made by podman say so
	expect_output /
}

@test "--cgroup-manager: a wrong one, and one that is not here" {
	run paene --cgroup-manager other run $image true
	expect_status 125
	expect_output "paene run: --cgroup-manager other: it is cgroupfs or systemd"
	run paene --cgroup-manager systemd run --cgroup-parent /a $image true
	expect_status 125
	expect_output "paene run: --cgroup-parent /a: systemd wants a slice, NAME.slice"
	[ ! -e /run/systemd/system ] || skip "systemd runs here"
	run paene --cgroup-manager systemd run --rm --network none $image true
	expect_status 125
	expect_in_output "systemd does not run on this machine"
	[ "${#lines[@]}" = 1 ]
	[ -z "$(paene ps -aq)" ]
	[ "$(paene info --format '{{.CgroupManager}} {{.CgroupParent}}')" = "cgroupfs /paene" ]
	[ "$(paene --cgroup-manager systemd info --format '{{.CgroupManager}} {{.CgroupParent}}')" = "systemd machine.slice" ]
	run_here $image true # nothing of it is remembered
	expect_status 0
}

@test "--cgroup-delegate: its root makes cgroups, moves processes, hands controllers down; its limits stay ours" {
	run_here --cgroup-delegate $image sh -ec '
		cd /sys/fs/cgroup
		sed -n s/^0:://p /proc/self/cgroup
		[ "$(cat cgroup.procs)" = "" ]
		mkdir below
		echo $$ >below/cgroup.procs
		sed -n s/^0:://p /proc/self/cgroup
		for controller in $(cat cgroup.controllers); do echo "+$controller" >cgroup.subtree_control; done
		[ "$(cat below/cgroup.controllers)" = "$(cat cgroup.controllers)" ]
		sleep 1000 & echo $! >below/cgroup.procs
		echo 1 >below/cgroup.kill 2>/dev/null || true'
	[ "${lines[0]}" = /init ]
	[ "${lines[1]}" = /below ]
	run_here --cgroup-delegate $image sh -c 'for file in /sys/fs/cgroup/*.max /sys/fs/cgroup/cgroup.freeze /sys/fs/cgroup/cgroup.max.*; do
			(echo 1 >$file) 2>/dev/null && echo "$file"; done; find /sys/fs/cgroup -maxdepth 1 -user 0 | sort'
	local given
	given=$(for name in $(cat /sys/kernel/cgroup/delegate); do
		[ ! -e "/sys/fs/cgroup/tests/$name" ] || echo "/sys/fs/cgroup/$name"; done | cat - <(echo /sys/fs/cgroup; echo /sys/fs/cgroup/init) | sort)
	expect_output "$given"
}

@test "--cgroup-delegate: exec keeps the cgroup itself free of processes, wherever its first process is" {
	paene run -q -d --network none --name own --cgroup-delegate $image sh -c 'while :; do sleep 1; done'
	[ "$(paene exec own sed -n s/^0:://p /proc/self/cgroup)" = /init ]
	paene exec own sh -ec 'cd /sys/fs/cgroup; mkdir else
		while read -r pid; do echo $pid >else/cgroup.procs 2>/dev/null || true; done <init/cgroup.procs
		for controller in $(cat cgroup.controllers); do echo "+$controller" >cgroup.subtree_control; done'
	[ "$(paene exec own sed -n s/^0:://p /proc/self/cgroup)" = /else ]
	[ -z "$(cat "$(cgroup_of own)/cgroup.procs")" ]
	paene pause own
	[ "$(paene inspect own | jq -r '.[0].State.Status')" = paused ]
	paene unpause own
	paene stop -t 0 own
}

@test "--cgroup-delegate: only where it cannot give itself more" {
	local options
	for options in "--userns host" "--cgroupns host" "--cgroups disabled"; do
		run_here --cgroup-delegate $options $image true
		expect_status 125
		expect_in_output "paene run: --cgroup-delegate needs "
	done
	run_here --privileged $image sh -c 'mkdir /sys/fs/cgroup/below && echo made'
	expect_output made
	run_here --privileged --userns host $image sh -c "$own_cgroup"
	expect_output /
}

# ---- paths of configurations ----

bundle_with() { # bundle_with JQ-FILTER…
	bundle=$BATS_TEST_TMPDIR/bundle
	[ -d "$bundle" ] || make_bundle "$bundle" '.linux.namespaces += [{type: "cgroup"}]'
	edit_bundle "$bundle" "$@"
}

@test "controllers are handed down ten folders deep" {
	needs_controller hugetlb
	bundle_with '.linux.cgroupsPath = "/1/2/3/4/5/6/7/8/9/10/x"' '.process.args = ["cat", "/sys/fs/cgroup/hugetlb.2MB.max"]' \
		'.linux.resources.hugepageLimits = [{pageSize: "2MB", limit: 4194304}]'
	run oci run -b "$bundle" deep
	expect_output 4194304
	run oci run -b "$bundle" deep # all of it is there now
	expect_output 4194304
}

@test "a parent with processes of its own: without limits it will do, with limits it is named" {
	needs_controller hugetlb
	mkdir /sys/fs/cgroup/busy
	sleep 1000 3>&- &
	echo $! >/sys/fs/cgroup/busy/cgroup.procs
	bundle_with '.linux.cgroupsPath = "/busy/x"' '.process.args = ["echo", "fine"]'
	run oci run -b "$bundle" beside
	expect_output fine
	bundle_with '.linux.resources.hugepageLimits = [{pageSize: "2MB", limit: 4194304}]'
	run oci run -b "$bundle" beside
	kill %1
	wait
	expect_status 1
	expect_output "cgroup: switch controller hugetlb on in cgroup /busy: Device or resource busy; that cgroup has processes of its own; move them into a cgroup below it first"
	[ ! -e /sys/fs/cgroup/busy/x ]
}

@test "a threaded parent takes no processes" {
	mkdir -p /sys/fs/cgroup/threads/below
	echo threaded >/sys/fs/cgroup/threads/below/cgroup.type
	local parent
	for parent in /threads /threads/below; do
		run_here --cgroup-parent $parent $image true
		expect_status 125
		expect_in_output "its cgroup is a threaded one, or below one, and takes no processes: see cgroup.type there"
	done
}

# ---- devices ----

@test "devices: nothing but the standard ones, for exec too" {
	paene run -q -d --network none --name plain --userns host --cap-add MKNOD --tmpfs /nodes:dev $image sleep 1000
	run paene exec plain sh -c 'mknod /nodes/kmsg c 1 11; head -c 1 /nodes/kmsg'
	expect_status 1
	expect_in_output "Operation not permitted"
	run paene exec plain sh -ec 'for device in null zero full random urandom; do head -c 1 /dev/$device >/dev/null; echo $device; done
		echo x >/dev/null; mknod /nodes/zero c 1 5; head -c 1 /nodes/zero | wc -c'
	expect_status 0
	[ "${lines[5]}" = 1 ]
}

@test "--device-cgroup-rule: what it names may be used, as it says" {
	local node='mknod /nodes/kmsg c 1 11; head -c 1 /nodes/kmsg >/dev/null && echo read; : >>/nodes/kmsg && echo written'
	try() { # try RULE
		run paene run -q --rm --network none --userns host --cap-add MKNOD --cap-add SYSLOG --tmpfs /nodes:dev \
			--device-cgroup-rule "$1" $image sh -c "$node"
	}
	try "c 1:11 r"
	expect_in_output read
	[[ "$output" != *written* ]]
	try "c 1:11 w"
	expect_in_output written
	[[ "$output" != *read* ]]
	try "c *:11 rw"
	expect_in_output written
	try "c 1:* rwm"
	expect_in_output written
	try "a *:* rwm"
	expect_in_output written
	try "b 1:11 rwm"
	[[ "$output" != *written* ]]
}

@test "update --device-cgroup-rule: at once, with nothing lost meanwhile, and for the next start" {
	paene run -q -d --network none --name one --userns host --cap-add MKNOD --tmpfs /nodes:dev $image sh -c '
		mknod /nodes/full c 1 7; mknod /nodes/tty1 c 4 1
		while :; do (: </dev/null) || echo "null is lost"; done'
	made() { paene exec one test -c /nodes/tty1; }
	wait_until 60 made
	run paene exec one sh -c ': </nodes/tty1'
	expect_in_output "Operation not permitted"
	local i
	for i in 1 2 3 4 5; do
		paene update --device-cgroup-rule "c 4:$i r" one
	done
	run paene exec one sh -c ': </nodes/tty1' # there is none here, or it may be read
	[[ "$output" != *"Operation not permitted"* ]]
	run paene exec one sh -c ': >/nodes/tty1'
	expect_in_output "Operation not permitted"
	paene restart -t 0 one
	wait_until 60 made
	run paene exec one sh -c ': </nodes/tty1'
	[[ "$output" != *"Operation not permitted"* ]]
	[ -z "$(paene logs one 2>&1 | grep lost)" ]
	run paene update --device-cgroup-rule "c 4" one
	expect_status 1
	expect_in_output '--device-cgroup-rule "c 4": such as'
}

@test "--device-cgroup-rule, --device: what is not understood" {
	local rule
	for rule in x "c 1:3" "d 1:3 r" "c 1:3 rx" "c 1:3 " "c 1:-3 r" "c 4096:1 r" "c 1:1048576 r" "c 1*:3 r" "c 1:3 rw more"; do
		run_here --device-cgroup-rule "$rule" $image true
		expect_status 125
		expect_output "paene run: --device-cgroup-rule \"$rule\": such as \"c 42:* rwm\", please"
	done
	for rule in /dev/null:null /dev/null:/a:x /dev/null: :/a /dev/null:/a:r:w; do
		run_here --device "$rule" $image true
		expect_status 125
		expect_in_output "paene run: --device $rule: "
	done
	run_here --device /dev/nosuch $image true
	expect_in_output "--device /dev/nosuch: /dev/nosuch: No such file or directory"
}

@test "--device: HOST:ACCESS alone, as docker and podman have it" {
	run_here --device /dev/kmsg:w $image sh -c '[ -c /dev/kmsg ] && cat /dev/kmsg'
	expect_status 1
	expect_in_output "Operation not permitted"
}
