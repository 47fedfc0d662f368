#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene-oci spec, and what is said of configurations that are not as the specification has them.

load ../lib/common
load ../lib/oci

setup() {
	bundle=$BATS_TEST_TMPDIR/bundle
	mkdir "$bundle"
	leak_check_before
}

needs_schemas() {
	/usr/bin/python3 -c 'import jsonschema' 2>/dev/null || skip "python3-jsonschema is not there"
}

command_is() { # command_is WORD…: what the container executes, without a terminal
	edit_bundle "$bundle" ".process.args = $(jq -cn '$ARGS.positional' --args -- "$@")" '.process.terminal = false'
}

# An ordinary user, whose bundle and states are in $home.
as_user() {
	setpriv --reuid 1000 --regid 1000 --clear-groups env -i XDG_RUNTIME_DIR="$home/run" HOME="$home" "$@"
}

make_home() { # on /run: all folders above can be passed by everybody
	home=/run/home
	mkdir -p "$home/bundle" "$home/run"
	cp "$PAENE_BUILD/paene-oci" "$home/"
	cp -a "$(busybox_rootfs)" "$home/bundle/rootfs"
	chown -R 1000:1000 "$home"
	bundle=$home/bundle
}

@test "spec: a configuration as the official schema has it, and runc's but for the name" {
	needs_schemas
	cd "$bundle"
	run --separate-stderr paene-oci spec
	expect_status 0
	[ -z "$output$stderr" ]
	"$tests/lib/schema-check" config-schema.json config.json
	[ "$(stat -c %a config.json)" = 644 ]
	jq -e '.root == {"path": "rootfs", "readonly": true}' config.json
	jq -e '.process | .terminal and .args == ["sh"] and .cwd == "/" and .noNewPrivileges' config.json
	jq -e '.process.user == {"uid": 0, "gid": 0}' config.json
	jq -e '[.linux.namespaces[].type] | sort == ["cgroup", "ipc", "mount", "network", "pid", "uts"]' config.json
	paene-oci spec --rootless -b "$BATS_TEST_TMPDIR"
	"$tests/lib/schema-check" config-schema.json "$BATS_TEST_TMPDIR/config.json"
	run "$tests/lib/schema-check" config-schema.json <<<'{"ociVersion": "1.0.0", "process": {"cwd": 7}}'
	expect_status 1
	expect_in_output "process/cwd"
}

@test "spec: nothing is overwritten" {
	cd "$bundle"
	echo mine >config.json
	run paene-oci spec
	expect_status 1
	expect_output "File config.json exists. Remove it first"
	[ "$(<config.json)" = mine ]
	ln -sf /etc/nowhere config.json
	run paene-oci spec
	expect_status 1
	[ -L config.json ]
	[ "$(ls -A)" = config.json ] # and nothing is left
}

@test "spec: --bundle DIR, --bundle=DIR, -b DIR, -bundle DIR; a folder that is missing, an argument too many" {
	local flags
	for flags in "--bundle $bundle" "--bundle=$bundle" "-b $bundle" "-bundle $bundle"; do
		paene-oci spec $flags
		jq -e .ociVersion "$bundle/config.json"
		rm "$bundle/config.json"
	done
	run paene-oci spec --bundle "$bundle/none"
	expect_status 1
	expect_in_output "$bundle/none: No such file or directory"
	run paene-oci spec here
	expect_status 1
}

@test "spec: a container of it runs" {
	cp -a "$(busybox_rootfs)" "$bundle/rootfs"
	paene-oci spec -b "$bundle"
	command_is sh -c 'hostname; id -u; cat /proc/1/cgroup; touch /x; grep CapEff /proc/self/status'
	run oci run -b "$bundle" x
	expect_status 0
	[ "${lines[0]}" = paene ]
	[ "${lines[1]}" = 0 ]
	expect_in_output "0::/"
	expect_in_output "Read-only file system"
	expect_in_output "CapEff:	0000000020000420"
}

@test "spec: a container of it runs on a terminal" {
	needs_program script
	cp -a "$(busybox_rootfs)" "$bundle/rootfs"
	paene-oci spec -b "$bundle"
	edit_bundle "$bundle" '.process.args = ["sh", "-c", "tty; exit 6"]'
	run script -qec "$PAENE_BUILD/paene-oci --root $PAENE_RUN/oci run -b $bundle x" /dev/null
	expect_status 6
	expect_in_output /dev/pts/0
}

@test "spec --rootless: an ordinary user runs a container of it" {
	make_home
	as_user "$home/paene-oci" spec --rootless --bundle "$bundle"
	[ "$(stat -c %u "$bundle/config.json")" = 1000 ]
	jq -e '.linux.uidMappings == [{"containerID": 0, "hostID": 1000, "size": 1}]' "$bundle/config.json"
	jq -e '.linux | has("resources") | not' "$bundle/config.json"
	command_is sh -c 'id -u; id -g; hostname; cat /proc/self/uid_map; ls /sys/class/net; exit 7'
	run as_user "$home/paene-oci" run -b "$bundle" x </dev/null
	expect_status 7
	[ "${lines[0]} ${lines[1]} ${lines[2]}" = "0 0 paene" ]
	[[ "${lines[3]}" =~ ^\ +0\ +1000\ +1$ ]]
	expect_in_output lo # the host's network
	rm -r "$home"
}

@test "spec --rootless: all verbs, without a cgroup that nobody could make" {
	make_home
	as_user "$home/paene-oci" spec --rootless --bundle "$bundle"
	command_is sleep 100
	as_user "$home/paene-oci" create -b "$bundle" x </dev/null >/dev/null 2>&1
	[ "$(as_user "$home/paene-oci" state x | jq -r .status)" = created ]
	as_user "$home/paene-oci" start x
	[ "$(as_user "$home/paene-oci" list -q)" = x ]
	as_user "$home/paene-oci" kill x KILL
	stopped() { [ "$(as_user "$home/paene-oci" state x | jq -r .status)" = stopped ]; }
	wait_until 5 stopped
	as_user "$home/paene-oci" delete x
	as_user "$home/paene-oci" run -d -b "$bundle" x </dev/null >/dev/null 2>&1
	as_user "$home/paene-oci" delete -f x
	[ -z "$(as_user "$home/paene-oci" list -q)" ]
	edit_bundle "$bundle" '.linux.cgroupsPath = "/mine"' # asked for: it must be had
	run as_user "$home/paene-oci" run -b "$bundle" x
	expect_status 1
	expect_in_output "not delegated to this user"
	rm -r "$home"
}

@test "state is as the official schema has it" {
	needs_schemas
	cp -a "$(busybox_rootfs)" "$bundle/rootfs"
	paene-oci spec -b "$bundle"
	command_is sleep 100
	edit_bundle "$bundle" '.annotations = {"org.example": "x"}'
	oci create -b "$bundle" s
	oci state s | "$tests/lib/schema-check" state-schema.json
	[ "$(oci state s | jq -r '.annotations["org.example"]')" = x ]
	oci start s
	oci state s | "$tests/lib/schema-check" state-schema.json
	oci kill s 9
	stopped() { [ "$(oci state s | jq -r .status)" = stopped ]; }
	wait_until 5 stopped
	oci state s | "$tests/lib/schema-check" state-schema.json
}

# refused FILTER WORDS: a configuration changed by the filter is refused, in one line that ends with these words
refused() {
	paene-oci spec -b "$bundle"
	edit_bundle "$bundle" '.process.terminal = false' "$1"
	run oci run -b "$bundle" wrong
	expect_status 1
	[ "${#lines[@]}" = 1 ] || fail "$1: more than a line:" "$output"
	[[ "$output" == "bundle $bundle: config.json: $2" ]] || fail "$1:" "$output"
	rm "$bundle/config.json"
}

@test "a wrong type: the path, what was expected, what was found" {
	refused '.ociVersion = 1' "ociVersion: expected a string, found an integer"
	refused '.root = "rootfs"' "root: expected an object, found a string"
	refused '.root.readonly = "yes"' "root.readonly: expected true or false, found a string"
	refused '.process.user.uid = "0"' "process.user.uid: expected an integer, found a string"
	refused '.process.args = "sh"' "process.args: expected a list, found a string"
	refused '.process.args[1] = {}' "process.args[1]: expected a string, found an object"
	refused '.mounts[2].options[3] = 4' "mounts[2].options[3]: expected a string, found an integer"
	refused '.linux.namespaces[0] = "pid"' "linux.namespaces[0]: expected an object, found a string"
	refused '.linux.resources.memory.limit = "1m"' "linux.resources.memory.limit: expected an integer, found a string"
	refused '.linux.resources.cpu.quota = 1.5' \
		"linux.resources.cpu.quota: expected an integer, found a number with a fraction or an exponent"
	refused '.hooks.poststop = {}' "hooks.poststop: expected a list, found an object"
	refused '.annotations.x = 5' "annotations.x: expected a string, found an integer"
	refused '.linux.sysctl["net.core.somaxconn"] = 5' "linux.sysctl.net.core.somaxconn: expected a string, found an integer"
	refused '.linux.timeOffsets.boottime.secs = "1"' "linux.timeOffsets.boottime.secs: expected an integer, found a string"
	refused '.linux.netDevices.eth0 = "lo"' "linux.netDevices.eth0: expected an object, found a string"
}

@test "a number out of range, a word that is not known" {
	refused '.process.user.uid = -1' "process.user.uid: -1 is below 0"
	refused '.process.user.gid = 4294967295' "process.user.gid: 4294967295 is above 4294967294"
	refused '.process.user.additionalGids = [1, 4294967296]' "process.user.additionalGids[1]: 4294967296 is above 4294967294"
	refused '.process.oomScoreAdj = 1001' "process.oomScoreAdj: 1001 is above 1000"
	refused '.process.scheduler = {"policy": "SCHED_OTHER", "nice": 20}' "process.scheduler.nice: 20 is above 19"
	refused '.process.ioPriority = {"class": "IOPRIO_CLASS_BE", "priority": 8}' "process.ioPriority.priority: 8 is above 7"
	refused '.process.scheduler = {"policy": "SCHED_LATER"}' 'process.scheduler.policy: "SCHED_LATER" is not known here'
	refused '.process.rlimits[0].type = "RLIMIT_X"' 'process.rlimits[0].type: "RLIMIT_X" is not known here'
	refused '.process.rlimits[1] = .process.rlimits[0]' "process.rlimits: RLIMIT_NOFILE is listed twice"
	refused '.linux.namespaces[0].type = "disk"' 'linux.namespaces[0].type: "disk" is not known here'
	refused '.linux.namespaces[6] = {"type": "pid"}' 'linux.namespaces: "pid" is listed twice'
	refused '.linux.rootfsPropagation = "public"' 'linux.rootfsPropagation: "public" is not known here'
	refused '.linux.seccomp = {"defaultAction": "SCMP_ACT_NONE"}' 'linux.seccomp.defaultAction: "SCMP_ACT_NONE" is not known here'
	refused '.linux.personality.domain = "BSD"' 'linux.personality.domain: "BSD" is not known here'
	refused '.linux.uidMappings = [{"containerID": 0, "hostID": 0, "size": 4294967296}]' \
		"linux.uidMappings[0].size: 4294967296 is above 4294967295"
	refused '.ociVersion = "2.0.0"' 'ociVersion: "2.0.0" is not a version 1.x.y of the runtime specification'
	refused '.hooks.prestart = [{"path": "true"}]' 'hooks.prestart[0].path: "true" is not an absolute path'
	refused '.process.cwd = "tmp"' 'process.cwd: "tmp" is not an absolute path'
}

@test "what is required is missing" {
	refused 'del(.ociVersion)' "ociVersion: missing"
	refused 'del(.root)' "root: missing"
	refused '.root = {}' "root.path: missing"
	refused 'del(.process.cwd)' "process.cwd: missing"
	refused 'del(.process.args)' "process.args: missing"
	refused '.process.args = []' "process.args: is empty"
	refused 'del(.mounts[1].destination)' "mounts[1].destination: missing"
	refused 'del(.linux.namespaces[2].type)' "linux.namespaces[2].type: missing"
	refused '.linux.devices = [{"path": "/dev/x", "type": "c", "major": 1}]' \
		'linux.devices: "/dev/x" needs both major and minor'
	refused '.linux.seccomp = {}' "linux.seccomp.defaultAction: missing"
	refused '.process.rlimits[0].hard = null' "process.rlimits[0].hard: missing"
	refused '.hooks.poststart = [{}]' "hooks.poststart[0].path: missing"
}

# refused_text TEXT WORDS: not even JSON, or not such JSON
refused_text() {
	printf '%s' "$1" >"$bundle/config.json"
	run oci run -b "$bundle" wrong
	expect_status 1
	[ "${#lines[@]}" = 1 ] || fail "more than a line:" "$output"
	expect_in_output "$2"
}

@test "what is no JSON, or more than JSON: the line" {
	refused_text '' "config.json: line"
	refused_text '{"ociVersion": "1.0.0",' "config.json: line 1"
	refused_text $'{"ociVersion": "1.0.0",\n"root": }' "config.json: line 2"
	refused_text '{"ociVersion": "1.0.0", "ociVersion": "1.0.1"}' "duplicate"
	refused_text '{} {}' "config.json: line 1"
	refused_text '[]' "expected an object, found a list"
	refused_text '{"ociVersion": "1.0.0\u0000"}' "a string has a zero byte"
	refused_text $'{"hostname": "\xff"}' "config.json: line 1"
}

@test "limits: of size, of depth" {
	local deep
	deep=$(printf '[%.0s' {1..100})
	refused_text "{\"x\": $deep" "too many levels of objects and lists"
	head -c 5000000 /dev/zero | tr '\0' ' ' >"$bundle/config.json"
	run oci run -b "$bundle" wrong
	expect_status 1
	expect_in_output "config.json has more than 4194304 bytes"
	rm "$bundle/config.json"
	mkfifo "$bundle/config.json"
	run oci run -b "$bundle" wrong
	expect_status 1
	rm "$bundle/config.json"
	ln -s /dev/zero "$bundle/config.json"
	run oci run -b "$bundle" wrong
	expect_status 1
}

@test "what is unknown, null or empty is as if it were not there" {
	cp -a "$(busybox_rootfs)" "$bundle/rootfs"
	paene-oci spec -b "$bundle"
	command_is echo fine
	edit_bundle "$bundle" '.linux.windows = {"x": 1}' '.unknown = [1, [2]]' '.process.selinuxLabel = ""' '.hooks = null' \
		'.process.apparmorProfile = ""' '.linux.mountLabel = ""' '.solaris = {}' '.vm = {}' '.domainname = null' \
		'.linux.seccomp = null' '.linux.devices = []' '.linux.cgroupsPath = ""'
	run oci run -b "$bundle" x
	expect_status 0
	expect_output fine
}
