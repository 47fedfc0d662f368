#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The process of a configuration: who it is, what it may do, and in which namespaces.

load ../lib/common
load ../lib/oci

script_is() { # script_is TEXT: for the container's shell
	command_is sh -c "$1"
}

detached() { # detached ID: sets $status and $output; `run` would wait for whoever has the streams
	status=0
	oci run -d -b "$bundle" "$1" >"$BATS_TEST_TMPDIR/says" 2>&1 </dev/null || status=$?
	output=$(<"$BATS_TEST_TMPDIR/says")
}

namespace_of() { # namespace_of KIND ID
	readlink "/proc/$(oci state "$2" | jq .pid)/ns/$1"
}

maps='{"containerID": 0, "hostID": 100000, "size": 65536}'

@test "time offsets: both clocks; the default of the other is nothing" {
	script_is 'cut -d" " -f2- /proc/self/timens_offsets | tr -s " "; cut -d. -f1 /proc/uptime'
	edit_bundle "$bundle" '.linux.namespaces += [{"type": "time"}]' \
		'.linux.timeOffsets = {"boottime": {"secs": 1000000, "nanosecs": 5}, "monotonic": {"secs": 7}}'
	local before after
	before=$(cut -d. -f1 /proc/uptime)
	run oci run -b "$bundle" t
	expect_status 0
	after=$(cut -d. -f1 /proc/uptime)
	[ "${lines[0]}" = " 7 0" ]
	[ "${lines[1]}" = " 1000000 5" ]
	((lines[2] >= before + 1000000 && lines[2] <= after + 1000000))
	edit_bundle "$bundle" '.linux.timeOffsets = {"monotonic": {"secs": 3, "nanosecs": 4}}'
	run oci run -b "$bundle" t
	[ "${lines[0]}" = " 3 4" ]
	[ "${lines[1]}" = " 0 0" ]
}

@test "time offsets in a user namespace: it owns the time namespace" {
	script_is 'cut -d" " -f2- /proc/self/timens_offsets | tr -s " "; sleep 100'
	edit_bundle "$bundle" '.linux.namespaces += [{"type": "time"}, {"type": "user"}]' \
		".linux.uidMappings = [$maps] | .linux.gidMappings = [$maps]" \
		'.linux.timeOffsets = {"boottime": {"secs": 50}}'
	oci run -d -b "$bundle" t >"$BATS_TEST_TMPDIR/out"
	wait_until 5 grep -qx " 50 0" "$BATS_TEST_TMPDIR/out"
	local pid owner
	pid=$(oci state t | jq .pid)
	owner=$(lsns --noheadings --type time --output NS,ONS --task "$pid" | awk '{print $2}')
	[ "user:[$owner]" = "$(namespace_of user t)" ] || fail "$owner"
	run oci exec t cut -d' ' -f2- /proc/self/timens_offsets
	expect_status 0
	[ "$(echo ${lines[1]})" = "50 0" ] || fail "$output"
}

@test "time offsets that cannot be" {
	edit_bundle "$bundle" '.linux.timeOffsets = {"boottime": {"secs": 50}}'
	run oci run -b "$bundle" t
	expect_status 1
	expect_in_output "linux.timeOffsets: they need a time namespace"
	edit_bundle "$bundle" '.linux.namespaces += [{"type": "time", "path": "/proc/self/ns/time"}]'
	run oci run -b "$bundle" t
	expect_status 1
	expect_in_output "linux.timeOffsets: the time namespace to join has offsets of its own"
	edit_bundle "$bundle" 'del(.linux.namespaces[-1].path)' '.linux.timeOffsets = {"boottime": {"secs": -2000000000}}'
	run oci run -b "$bundle" t
	expect_status 1
	expect_in_output "linux.timeOffsets: write /proc/self/timens_offsets"
	[ -z "$(oci list -q)" ]
}

@test "namespaces by path: each kind of another container's" {
	command_is sleep 100
	edit_bundle "$bundle" '.linux.namespaces += [{"type": "time"}, {"type": "cgroup"}]' \
		'.linux.timeOffsets = {"boottime": {"secs": 1000000}}'
	oci run -d -b "$bundle" first
	local pid kind file
	pid=$(oci state first | jq .pid)
	edit_bundle "$bundle" 'del(.linux.timeOffsets) | del(.hostname)'
	for kind in network:net ipc:ipc uts:uts pid:pid cgroup:cgroup time:time; do
		file=${kind#*:}
		cp "$bundle/config.json" "$BATS_TEST_TMPDIR/kept"
		edit_bundle "$bundle" ".linux.namespaces |= map(if .type == \"${kind%:*}\" then
			.path = \"/proc/$pid/ns/$file\" else . end)"
		oci run -d -b "$bundle" second
		[ "$(namespace_of $file second)" = "$(namespace_of $file first)" ] || fail "$file is not joined"
		[ "$(namespace_of mnt second)" != "$(namespace_of mnt first)" ]
		oci delete --force second
		mv "$BATS_TEST_TMPDIR/kept" "$bundle/config.json"
	done
	[ "$(readlink /proc/self/ns/time)" != "$(namespace_of time first)" ]
}

@test "a user namespace by path, with all others of its container, or new ones in it" {
	command_is sleep 100
	edit_bundle "$bundle" '.linux.namespaces += [{"type": "user"}]' \
		".linux.uidMappings = [$maps] | .linux.gidMappings = [$maps]"
	oci run -d -b "$bundle" first
	local pid
	pid=$(oci state first | jq .pid)
	edit_bundle "$bundle" 'del(.linux.uidMappings, .linux.gidMappings, .hostname)' \
		".linux.namespaces |= map(if .type == \"user\" then .path = \"/proc/$pid/ns/user\" else . end)"
	script_is 'echo x >/dev/null && touch /dev/shm/x && id -u && cat /proc/self/uid_map && sleep 100'
	oci run -d -b "$bundle" second >"$BATS_TEST_TMPDIR/out" 2>&1
	[ "$(namespace_of user second)" = "$(namespace_of user first)" ]
	[ "$(namespace_of net second)" != "$(namespace_of net first)" ]
	wait_until 5 grep -q 65536 "$BATS_TEST_TMPDIR/out"
	[ "$(head -n 1 "$BATS_TEST_TMPDIR/out")" = 0 ]
	[ "$(stat -c %u "/proc/$(oci state second | jq .pid)")" = 100000 ]
	[ "$(oci exec second id -u)" = 0 ]
	edit_bundle "$bundle" ".linux.namespaces |= map(if .type == \"network\" then .path = \"/proc/$pid/ns/net\"
		elif .type == \"ipc\" then .path = \"/proc/$pid/ns/ipc\" elif .type == \"pid\" then .path = \"/proc/$pid/ns/pid\"
		else . end)"
	oci run -d -b "$bundle" third
	[ "$(namespace_of user third)" = "$(namespace_of user first)" ]
	[ "$(namespace_of net third)" = "$(namespace_of net first)" ]
	[ "$(namespace_of pid third)" = "$(namespace_of pid first)" ]
	oci exec third true
}

@test "a network namespace of the host's beside a new user namespace" {
	command_is sleep 100
	edit_bundle "$bundle" '.linux.namespaces += [{"type": "user"}]' \
		".linux.uidMappings = [$maps] | .linux.gidMappings = [$maps]" \
		'.mounts |= map(if .type == "sysfs" then {destination: "/sys", type: "none", source: "/sys", options: ["rbind", "ro"]} else . end)' \
		'.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/net" else . end)'
	oci run -d -b "$bundle" n
	[ "$(namespace_of net n)" = "$(readlink /proc/self/ns/net)" ]
	[ "$(namespace_of user n)" != "$(readlink /proc/self/ns/user)" ]
}

@test "a user namespace without mappings, as crun has it: root alone" {
	script_is 'id -u; id -g; tr -s " " </proc/self/uid_map'
	edit_bundle "$bundle" '.linux.namespaces += [{"type": "user"}]'
	run oci run -b "$bundle" u
	expect_status 0
	expect_output $'0\n0\n 0 0 1'
}

@test "capabilities: all five sets, names that nobody knows passed over without a word" {
	script_is 'grep Cap /proc/self/status | tr "\t" " "'
	edit_bundle "$bundle" '.process.capabilities = {
		"bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW", "CAP_OF_TOMORROW"], "permitted": ["CAP_CHOWN", "CAP_KILL"],
		"inheritable": ["CAP_KILL"], "effective": ["CAP_CHOWN", "CAP_KILL"], "ambient": ["CAP_KILL", "CAP_OF_TOMORROW"]}' \
		'.process.user = {"uid": 1000, "gid": 1000}'
	run --separate-stderr oci --log "$BATS_TEST_TMPDIR/log" run -b "$bundle" c
	expect_status 0
	expect_output "CapInh: 0000000000000020
CapPrm: 0000000000000020
CapEff: 0000000000000020
CapBnd: 0000000000002021
CapAmb: 0000000000000020"
	[ -z "$stderr" ]
	[ ! -s "$BATS_TEST_TMPDIR/log" ]
	edit_bundle "$bundle" '.process.user = {"uid": 0, "gid": 0}'
	run oci run -b "$bundle" c
	expect_in_output "CapPrm: 0000000000000021" # root's exec takes what is bounded and inheritable, or permitted
	edit_bundle "$bundle" 'del(.process.capabilities)'
	run oci run -b "$bundle" c
	expect_in_output "CapBnd: 0000000000000000"
	expect_in_output "CapEff: 0000000000000000"
}

@test "the user: ids, further groups, umask" {
	script_is 'id -u; id -g; id -G; umask; touch /dev/shm/f; stat -c %a /dev/shm/f'
	edit_bundle "$bundle" '.process.user = {"uid": 7, "gid": 8, "additionalGids": [9, 10], "umask": 47}'
	run oci run -b "$bundle" u
	expect_output $'7\n8\n8 9 10\n0057\n620'
	edit_bundle "$bundle" '.process.user = {"uid": 7, "gid": 8}'
	run sh -c 'umask 077; exec "$@"' sh "$PAENE_BUILD/paene-oci" --root "$PAENE_RUN/oci" run -b "$bundle" u
	expect_output $'7\n8\n8\n0022\n644' # the caller's is none of its business
}

@test "rlimits: lowered; twice, unknown and above the hard limit are refused" {
	script_is 'ulimit -n; ulimit -Hn; ulimit -c'
	edit_bundle "$bundle" '.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200},
		{"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]'
	run oci run -b "$bundle" l
	expect_output $'100\n200\n0'
	edit_bundle "$bundle" '.process.rlimits[1].type = "RLIMIT_OF_TOMORROW"'
	run oci run -b "$bundle" l
	expect_status 1
	expect_in_output 'process.rlimits[1].type: "RLIMIT_OF_TOMORROW" is not known here'
	edit_bundle "$bundle" '.process.rlimits[1].type = "RLIMIT_NOFILE"'
	run oci run -b "$bundle" l
	expect_status 1
	expect_in_output "RLIMIT_NOFILE is listed twice"
	edit_bundle "$bundle" '.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 300, "hard": 200}]'
	run oci run -b "$bundle" l
	expect_status 1
	expect_in_output "process.rlimits: set RLIMIT_NOFILE to 300:200"
}

@test "oomScoreAdj: raised; lowered where that is allowed, else a word about it" {
	command_is cat /proc/self/oom_score_adj
	edit_bundle "$bundle" '.process.oomScoreAdj = 321'
	run oci run -b "$bundle" o
	expect_output 321
	edit_bundle "$bundle" '.process.oomScoreAdj = -999'
	run oci run -b "$bundle" o
	if [ "$status" = 0 ]; then
		expect_output -999
	else
		expect_in_output "process.oomScoreAdj"
	fi
	edit_bundle "$bundle" '.process.oomScoreAdj = -1001'
	run oci run -b "$bundle" o
	expect_status 1
	expect_in_output "process.oomScoreAdj"
}

@test "scheduler and I/O priority" {
	command_is sleep 100
	edit_bundle "$bundle" '.process.scheduler = {"policy": "SCHED_BATCH", "nice": 11}' \
		'.process.ioPriority = {"class": "IOPRIO_CLASS_BE", "priority": 6}'
	oci run -d -b "$bundle" s
	local pid
	pid=$(oci state s | jq .pid)
	[ "$(chrt -p "$pid" | head -n 1)" = "pid $pid's current scheduling policy: SCHED_BATCH" ]
	[ "$(ps -o ni= -p "$pid" | tr -d ' ')" = 11 ]
	[ "$(ionice -p "$pid")" = "best-effort: prio 6" ]
	oci delete --force s
	edit_bundle "$bundle" '.process.scheduler = {"policy": "SCHED_FIFO", "priority": 3, "flags": ["SCHED_FLAG_RESET_ON_FORK"]}' \
		'.process.ioPriority = {"class": "IOPRIO_CLASS_IDLE"}'
	detached s
	if [ "$status" = 0 ]; then
		pid=$(oci state s | jq .pid)
		chrt -p "$pid" | grep -q "SCHED_FIFO|SCHED_RESET_ON_FORK"
		chrt -p "$pid" | grep -q "priority: 3"
		[ "$(ionice -p "$pid")" = idle ]
		oci delete --force s
	else # this machine has no real time left for cgroups, or we may not
		expect_in_output "process.scheduler: set SCHED_FIFO"
	fi
	edit_bundle "$bundle" '.process.scheduler = {"policy": "SCHED_OTHER", "priority": 3}'
	detached s
	expect_status 1
	expect_in_output "process.scheduler.priority: only SCHED_FIFO and SCHED_RR have one"
	edit_bundle "$bundle" '.process.scheduler = {"policy": "SCHED_FIFO"}'
	detached s
	expect_status 1
	expect_in_output "process.scheduler.priority: SCHED_FIFO needs one"
	edit_bundle "$bundle" '.process.scheduler = {"policy": "SCHED_OTHER", "runtime": 3}'
	detached s
	expect_status 1
	expect_in_output "only SCHED_DEADLINE"
	edit_bundle "$bundle" '.process.scheduler = {"policy": "SCHED_NEW"}'
	detached s
	expect_status 1
	expect_in_output "process.scheduler.policy"
}

@test "the deadline scheduler" {
	command_is sleep 100
	edit_bundle "$bundle" '.process.scheduler = {"policy": "SCHED_DEADLINE", "runtime": 1000000, "deadline": 20000000,
		"period": 20000000}'
	detached s
	[[ "$status" = 0 || "$output" != *"set SCHED_DEADLINE: "@(Operation not permitted|Device or resource busy)* ]] ||
		skip "${output##*: }"
	expect_status 0
	chrt -p "$(oci state s | jq .pid)" | grep -q "1000000/20000000/20000000"
}

@test "a process may run everywhere, wherever its caller may; an exec has its own list" {
	needs_program taskset
	command_is sleep 100
	edit_bundle "$bundle" '.process.execCPUAffinity = {"final": "0"}'
	local allowed=Cpus_allowed_list
	taskset -c 0 "$PAENE_BUILD/paene-oci" --root "$PAENE_RUN/oci" run -d -b "$bundle" b
	[ "$(awk "/$allowed/ {print \$2}" "/proc/$(oci state b | jq .pid)/status")" = "$(awk "/$allowed/ {print \$2}" /proc/1/status)" ]
	run oci exec b awk "/$allowed/ {print \$2}" /proc/self/status
	expect_output 0
}

@test "execCPUAffinity: initial, final, neither; lists that are none" {
	(($(nproc) >= 2)) || skip "there is one CPU"
	command_is sleep 100
	oci run -d -b "$bundle" b
	local process=$BATS_TEST_TMPDIR/process.json
	one() { # one AFFINITY: where an exec with it runs
		jq "{user: {uid: 0, gid: 0}, cwd: \"/\", args: [\"awk\", \"/Cpus_allowed_list/ {print \$2}\", \"/proc/self/status\"],
			env: [\"PATH=/bin\"], execCPUAffinity: $1}" -n >"$process"
		run oci exec --process "$process" b
	}
	one '{"initial": "1"}'
	expect_output 1
	one '{"initial": "1", "final": "0"}'
	expect_output 0
	one '{"final": "0-1"}'
	expect_output 0-1
	one '{"initial": "x"}'
	expect_status 255
	expect_in_output "process.execCPUAffinity"
	one '{"final": "9000"}'
	expect_status 255
	edit_bundle "$bundle" '.process.execCPUAffinity = {"initial": "1-0"}'
	run oci run -b "$bundle" c
	expect_status 1
	expect_in_output 'process.execCPUAffinity.initial: "1-0" is no list'
}

@test "memory policy: for the process and for an exec" {
	[ -e /proc/self/numa_maps ] || skip "this kernel has no NUMA"
	script_is 'head -n 1 /proc/self/numa_maps | cut -d" " -f2; sleep 100'
	edit_bundle "$bundle" '.linux.memoryPolicy = {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]}'
	oci run -d -b "$bundle" m >"$BATS_TEST_TMPDIR/out"
	wait_until 5 test -s "$BATS_TEST_TMPDIR/out"
	[ "$(<"$BATS_TEST_TMPDIR/out")" = bind=static:0 ]
	run oci exec m sh -c 'head -n 1 /proc/self/numa_maps | cut -d" " -f2'
	expect_output bind=static:0
	script_is 'head -n 1 /proc/self/numa_maps | cut -d" " -f2'
	edit_bundle "$bundle" '.linux.memoryPolicy = {"mode": "MPOL_LOCAL"}'
	run oci run -b "$bundle" n
	expect_output local
	edit_bundle "$bundle" '.linux.memoryPolicy = {"mode": "MPOL_BIND", "nodes": "1000"}'
	run oci run -b "$bundle" n
	expect_status 1
	expect_in_output "linux.memoryPolicy: set MPOL_BIND"
	edit_bundle "$bundle" '.linux.memoryPolicy = {"mode": "MPOL_BIND"}'
	run oci run -b "$bundle" n
	expect_status 1
	expect_in_output "requires at least one node"
}

@test "what this kernel does not have is refused in words that callers know" {
	if [ ! -e /sys/module/apparmor/parameters/enabled ]; then
		edit_bundle "$bundle" '.process.apparmorProfile = "confined"'
		run oci run -b "$bundle" n
		expect_status 1
		expect_in_output "apparmor is not enabled"
		edit_bundle "$bundle" '.process.apparmorProfile = ""'
		oci run -b "$bundle" n
	fi
	if [ ! -e /sys/fs/selinux/enforce ]; then
		edit_bundle "$bundle" '.process.selinuxLabel = "system_u:system_r:container_t:s0"'
		run oci run -b "$bundle" n
		expect_status 1
		expect_in_output "selinux is disabled or not supported"
		edit_bundle "$bundle" 'del(.process.selinuxLabel)'
	fi
	if [ ! -e /sys/fs/resctrl/schemata ]; then
		edit_bundle "$bundle" '.linux.intelRdt = {"closID": "x"}'
		run oci run -b "$bundle" n
		expect_status 1
		expect_in_output "Intel RDT is not enabled"
	fi
	[ -z "$(oci list -q)" ]
}

@test "a startContainer hook may do no more than the process" {
	edit_bundle "$bundle" '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW",
			"syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_KILL"}]}' \
		'.process.rlimits = [{"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]' \
		'.hooks = {"startContainer": [{"path": "/bin/sh", "args": ["sh", "-c", "mkdir /dev/shm/x"]}]}'
	run oci run -b "$bundle" h
	expect_status 1
	expect_in_output "error running startContainer hook #0: /bin/sh: exit status 159; signal: bad system call"
	edit_bundle "$bundle" '.hooks.startContainer[0].args[2] = "true"'
	oci run -b "$bundle" h
}

@test "who waits for its start ends by the signals that end" {
	local signal
	status_is() { [ "$(oci state "$1" | jq -r .status)" = "$2" ]; }
	for signal in TERM INT HUP KILL; do
		oci create -b "$bundle" k
		oci kill k "$signal"
		wait_until 5 status_is k stopped
		oci delete k
	done
}
