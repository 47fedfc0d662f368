# SPDX-License-Identifier: Apache-2.0
# Containers whose cgroups systemd makes.
load ../lib/common

setup() {
	needs_program paene-oci
	bundle=$BATS_TEST_TMPDIR/bundle
	mkdir "$bundle"
	cp "$tests/lib/config.json" "$bundle/"
	edit_bundle "$bundle" ".root.path = \"$(busybox_rootfs)\"" '.process.args = ["sleep", "1000"]' '.linux.namespaces += [{type: "cgroup"}]'
}

teardown() {
	local id
	for id in $(oci list -q); do
		oci delete --force "$id"
	done
	[ -z "$(units)" ] || fail "left behind: $(units)"
}

units() { # all of ours that systemd remembers
	systemctl list-units --all --plain --no-legend 'paene-*.scope' 'test-*.scope'
}

systemd() {
	oci --systemd-cgroup "$@"
}

cgroup_of() {
	sed -n 's/^0:://p' "/proc/$(oci state "$1" | jq .pid)/cgroup"
}

property() { # property UNIT NAME
	systemctl show --value --property "$2" "$1"
}

@test "a scope of its own in system.slice, delegated, gone with the container" {
	systemd create --bundle "$bundle" one
	[ "$(cgroup_of one)" = /system.slice/paene-one.scope ]
	[ "$(property paene-one.scope ActiveState)" = active ]
	[ "$(property paene-one.scope Delegate)" = yes ]
	[ "$(property paene-one.scope DefaultDependencies)" = no ]
	[ "$(property paene-one.scope Slice)" = system.slice ]
	oci start one
	oci kill one KILL
	stopped() { [ "$(oci state one | jq -r .status)" = stopped ]; }
	wait_until 10 stopped
	oci delete one # callers do not repeat who makes cgroups
	[ ! -e /sys/fs/cgroup/system.slice/paene-one.scope ]
}

@test "cgroupsPath SLICE:PREFIX:NAME; slices within slices" {
	edit_bundle "$bundle" '.linux.cgroupsPath = "test-a-b.slice:test:web.1"'
	systemd run -d --bundle "$bundle" two
	[ "$(cgroup_of two)" = /test.slice/test-a.slice/test-a-b.slice/test-web.1.scope ]
	[ "$(property test-web.1.scope Slice)" = test-a-b.slice ]
	oci delete --force two
	local path
	for path in /a/path test.slice:x "a.slice:b:c.slice" "a/b.slice:c:d"; do
		edit_bundle "$bundle" ".linux.cgroupsPath = \"$path\""
		run systemd run -d --bundle "$bundle" two
		expect_status 1
		expect_in_output "linux.cgroupsPath"
	done
}

@test "the container is in its cgroup from its first instruction, and its cgroup namespace begins there" {
	edit_bundle "$bundle" '.process.args = ["cat", "/proc/self/cgroup"]'
	run systemd run --bundle "$bundle" three
	expect_status 0
	expect_output "0::/"
}

@test "limits: the kernel and systemd have the same; a quota is a whole hundredth of a processor" {
	edit_bundle "$bundle" '.linux.resources += {
		memory: { limit: 67108864, reservation: 33554432, swap: 100663296 },
		cpu: { shares: 512, quota: 12345, period: 100000, cpus: "0-1", mems: "0" },
		pids: { limit: 42 },
		blockIO: { weight: 500 },
		unified: { "memory.high": "50331648", "memory.oom.group": "1", "hugetlb.2MB.max": "2097152" }
	}'
	systemd create --bundle "$bundle" four
	local cgroup=/sys/fs/cgroup/system.slice/paene-four.scope u=paene-four.scope
	[ "$(cat $cgroup/memory.max)" = 67108864 ]
	[ "$(property $u MemoryMax)" = 67108864 ]
	[ "$(property $u MemoryLow)" = 33554432 ]
	[ "$(property $u MemoryHigh)" = 50331648 ]
	[ "$(cat $cgroup/memory.swap.max)" = 33554432 ]
	[ "$(property $u MemorySwapMax)" = 33554432 ]
	[ "$(cat $cgroup/cpu.max)" = "13000 100000" ]
	[ "$(property $u CPUQuotaPerSecUSec)" = 130ms ]
	[ "$(cat $cgroup/cpu.weight)" = "$(property $u CPUWeight)" ]
	[ "$(property $u AllowedCPUs)" = 0-1 ]
	[ "$(property $u AllowedMemoryNodes)" = 0 ]
	[ "$(cat $cgroup/pids.max)" = 42 ]
	[ "$(property $u TasksMax)" = 42 ]
	[ "$(property $u IOWeight)" = 4950 ]
	[ "$(cat $cgroup/memory.oom.group)" = 1 ]
	[ "$(property $u OOMPolicy)" = kill ]
	[ "$(cat $cgroup/hugetlb.2MB.max)" = 2097152 ] # a controller that systemd does not know
	systemctl daemon-reload
	[ "$(cat $cgroup/memory.max)" = 67108864 ]
	[ "$(cat $cgroup/cpu.max)" = "13000 100000" ]
	[ "$(cat $cgroup/pids.max)" = 42 ]
	oci start four
	[ "$(oci state four | jq -r .status)" = running ]
}

@test "devices: what is not allowed stays so when systemd loads anew" {
	edit_bundle "$bundle" '.linux.devices = [{path: "/dev/kmsg", type: "c", major: 1, minor: 11}]' \
		'.linux.resources.devices = [{allow: false, access: "rwm"}]' \
		'.process.args = ["sh", "-c", "while sleep 0.1; do cat /dev/kmsg >/dev/null 2>&1 && echo READ; echo >/dev/null || echo LOST; done"]'
	systemd run -d --bundle "$bundle" five >"$BATS_TEST_TMPDIR/out" 3>&-
	systemctl daemon-reload
	oci update --pids-limit 100 five
	sleep 1
	[ ! -s "$BATS_TEST_TMPDIR/out" ] || fail "$(cat "$BATS_TEST_TMPDIR/out")"
}

@test "annotations are properties of the unit" {
	edit_bundle "$bundle" '.annotations = {
		"org.systemd.property.TimeoutStopSec": "uint64 7",
		"org.systemd.property.CollectMode": "\u0027inactive-or-failed\u0027",
		"org.systemd.property.After": "[\u0027network.target\u0027, \u0027local-fs.target\u0027]",
		"org.systemd.property.Description": "\u0027a test\u0027"
	}'
	systemd create --bundle "$bundle" six
	[ "$(property paene-six.scope TimeoutStopUSec)" = 7s ]
	[ "$(property paene-six.scope CollectMode)" = inactive-or-failed ]
	[[ "$(property paene-six.scope After)" == *network.target* ]]
	[ "$(property paene-six.scope Description)" = "a test" ]
	oci delete --force six
	edit_bundle "$bundle" '.annotations = { "org.systemd.property.MemoryNoSuchThing": "true" }'
	run systemd create --bundle "$bundle" six
	expect_status 1
	expect_in_output "systemd: paene-six.scope: "
	expect_in_output MemoryNoSuchThing
	edit_bundle "$bundle" '.annotations = { "org.systemd.property.OnFailure": "[\u0027rescue.target\u0027]" }'
	run systemd create --bundle "$bundle" six
	expect_status 1
	expect_in_output "annotation org.systemd.property.OnFailure: not a property that annotations may set"
	edit_bundle "$bundle" '.annotations = { "org.systemd.property.TimeoutStopSec": "x" }'
	run systemd create --bundle "$bundle" six
	expect_status 1
	expect_in_output "annotation org.systemd.property.TimeoutStopSec"
	run oci state six
	expect_status 1
}

@test "a name that is taken; one that has failed is free again" {
	edit_bundle "$bundle" '.linux.cgroupsPath = "system.slice:test:same"'
	systemd create --bundle "$bundle" seven
	run systemd create --bundle "$bundle" eight
	expect_status 1
	expect_in_output "test-same.scope"
	[ "$(oci list -q)" = seven ]
	[ "$(oci state seven | jq -r .status)" = created ]
	oci delete --force seven
	systemd-run --scope --unit test-same --property OOMPolicy=stop --property MemoryMax=8M --property MemorySwapMax=0 \
		-- tail /dev/zero || true
	systemd run -d --bundle "$bundle" eight
}

@test "pause, resume, exec, ps, kill --all" {
	edit_bundle "$bundle" '.process.args = ["sh", "-c", "sleep 1000 & sleep 1000"]'
	systemd run -d --bundle "$bundle" nine
	oci pause nine
	[ "$(cat /sys/fs/cgroup/system.slice/paene-nine.scope/cgroup.freeze)" = 1 ]
	[ "$(oci state nine | jq -r .status)" = paused ]
	oci resume nine
	[ "$(oci exec nine cat /proc/self/cgroup)" = "0::/" ]
	[ "$(oci ps --format json nine | jq length)" = 2 ]
	oci pause nine
	oci delete --force nine # frozen, too
	[ ! -e /sys/fs/cgroup/system.slice/paene-nine.scope ]
}

@test "a command that fails leaves no unit" {
	edit_bundle "$bundle" '.process.args = ["nosuch"]'
	run systemd run --bundle "$bundle" ten
	expect_status 1
	expect_in_output "executable file not found in"
	[ -z "$(oci list -q)" ]
	[ ! -e /sys/fs/cgroup/system.slice/paene-ten.scope ]
}

@test "a container that was killed from outside, and its unit, can be deleted" {
	systemd run -d --bundle "$bundle" eleven
	systemctl kill --signal KILL paene-eleven.scope
	stopped() { [ "$(oci state eleven | jq -r .status)" = stopped ]; }
	wait_until 10 stopped
	oci delete eleven
	systemd run -d --bundle "$bundle" eleven
	systemctl stop paene-eleven.scope
	wait_until 10 stopped
	oci delete eleven
}

@test "a writable cgroup in a user namespace belongs to its root" {
	local userns='.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
	edit_bundle "$bundle" "$userns" '.mounts |= map(select(.destination != "/sys/fs/cgroup")) |
		.mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["rw", "nosuid", "noexec", "nodev"]}]' \
		'.process.args = ["sh", "-c", "stat -c %u /sys/fs/cgroup /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/memory.max; mkdir /sys/fs/cgroup/below"]'
	chmod 755 "$bundle" "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
	run systemd run --bundle "$bundle" twelve
	expect_status 0
	[ "${lines[0]}" = 0 ]
	[ "${lines[1]}" = 0 ]
	[ "${lines[2]}" = 65534 ]
	run oci run --bundle "$bundle" twelve # the same with a cgroup of our own making
	expect_status 0
	[ "${lines[0]}" = 0 ]
	edit_bundle "$bundle" '.mounts |= map(if .destination == "/sys/fs/cgroup" then .options += ["ro"] else . end)'
	run systemd run --bundle "$bundle" twelve
	[ "${lines[0]}" = 65534 ]
}

@test "without root: a scope of the user's own systemd" {
	local home=/home/dev/paene-test
	rm -rf $home
	make_bundle $home
	chown -R dev: $home
	as_dev() {
		systemd-run --quiet --machine=dev@.host --user --wait --pipe -- "$@"
	}
	edit_bundle $home '.linux.namespaces += [{type: "user"}, {type: "cgroup"}] | .linux.namespaces |= map(select(.type != "network"))
		| .linux.uidMappings = [{containerID: 0, hostID: 1000, size: 1}] | .linux.gidMappings = .linux.uidMappings
		| .mounts |= map(select(.type != "sysfs" and .type != "devpts")) | .linux.resources = {pids: {limit: 33}}
		| .process.args = ["cat", "/proc/self/cgroup", "/sys/fs/cgroup/pids.max"]'
	chown dev: $home/config.json
	run as_dev "$PAENE_BUILD/paene-oci" --systemd-cgroup run --bundle $home rootless
	rm -rf $home
	expect_status 0
	[ "${lines[0]}" = "0::/" ]
	[ "${lines[1]}" = 33 ] || fail "$output"
}
