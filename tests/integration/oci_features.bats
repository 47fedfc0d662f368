#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene-oci features: what callers read before they write a configuration.

load ../lib/common

setup_file() {
	command paene-oci features >"$BATS_FILE_TMPDIR/features.json"
}

features() { # features JQ-FILTER
	jq -r "$1" "$BATS_FILE_TMPDIR/features.json"
}

schema_words() { # schema_words DEFINITION: those of its enum, sorted
	jq -r ".definitions.$1.enum[]" "$tests/data/schemas/runtime-spec/defs-linux.json" | sort
}

@test "one JSON object on standard output, nothing on standard error" {
	run --separate-stderr paene-oci features
	expect_status 0
	[ -z "$stderr" ]
	jq -e 'type == "object"' <<<"$output"
}

@test "whoever asks, and wherever: no root, no environment, no folder of states" {
	needs_root
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR"
	cd /
	cp "$PAENE_BUILD/paene-oci" /run/paene-oci-copy
	setpriv --reuid 65534 --regid 65534 --clear-groups env -i /run/paene-oci-copy features >"$BATS_TEST_TMPDIR/again"
	cmp "$BATS_FILE_TMPDIR/features.json" "$BATS_TEST_TMPDIR/again"
	rm /run/paene-oci-copy
	[ ! -e /run/paene-oci ]
}

@test "it is as the official schema has it" {
	/usr/bin/python3 -c 'import jsonschema' 2>/dev/null || skip "python3-jsonschema is not there"
	"$tests/lib/schema-check" features-schema.json "$BATS_FILE_TMPDIR/features.json"
	run "$tests/lib/schema-check" features-schema.json <<<'{"ociVersionMin": "1.0.0", "linux": {"namespaces": ["none"]}}'
	expect_status 1 # the check itself can fail
	expect_in_output "ociVersionMax"
	expect_in_output "linux/namespaces/0"
}

@test "the words of the specification are all there" {
	local pair
	for pair in namespaces=NamespaceType seccomp.actions=SeccompAction seccomp.operators=SeccompOperators \
		seccomp.archs=SeccompArch seccomp.knownFlags=SeccompFlag memoryPolicy.modes=MemoryPolicyMode \
		memoryPolicy.flags=MemoryPolicyFlag; do
		diff <(features ".linux.${pair%=*}[]" | sort) <(schema_words "${pair#*=}") || fail "$pair"
	done
	[ "$(features '.hooks | join(" ")')" = "prestart createRuntime createContainer startContainer poststart poststop" ]
	[ "$(features '.linux.capabilities | length')" = 41 ]
	[ "$(features '.linux.capabilities | index("CAP_CHECKPOINT_RESTORE") != null')" = true ]
}

@test "versions: the first and the last, in order" {
	[ "$(features .ociVersionMin)" = 1.0.0 ]
	[ "$(features .ociVersionMax)" = "$(paene-oci --version | sed -n 's/^spec: //p')" ]
}

@test "what CRI-O asks for" {
	[ "$(features .linux.mountExtensions.idmap.enabled)" = true ]
	[ "$(features '.mountOptions | index("rro") != null')" = true ]
}

@test "mount options: those of the specification's table, sorted, none twice" {
	local word
	features '.mountOptions[]' | LC_ALL=C sort -cu
	for word in async atime bind defaults dev diratime dirsync exec idmap iversion lazytime loud mand noatime nodev \
		nodiratime noexec noiversion nolazytime nomand norelatime nostrictatime nosuid nosymfollow private ratime \
		rbind rdev rdiratime relatime remount rexec ridmap rnoatime rnodev rnodiratime rnoexec rnorelatime \
		rnostrictatime rnosuid rnosymfollow ro rprivate rrelatime rro rrw rshared rslave rstrictatime rsuid \
		rsymfollow runbindable rw shared silent slave strictatime suid symfollow sync tmpcopyup unbindable; do
		features '.mountOptions[]' | grep -qx "$word" || fail "$word is missing"
	done
}

@test "the rest of the structure" {
	[ "$(features '.linux.cgroup | [.v1, .v2, .systemd, .systemdUser, .rdma] | join(" ")')" = "false true true true true" ]
	[ "$(features '.linux.intelRdt | [.enabled, .schemata, .monitoring] | join(" ")')" = "true true true" ]
	[ "$(features '[.linux.apparmor, .linux.selinux, .linux.seccomp, .linux.netDevices] | map(.enabled) | join(" ")')" = \
		"true true true true" ]
	[ "$(features '.linux.seccomp | .supportedFlags - .knownFlags | length')" = 0 ]
	[ "$(features '.linux.seccomp.supportedFlags | length > 0')" = true ]
	[ "$(features '.potentiallyUnsafeConfigAnnotations | index("org.criu.config") != null')" = true ]
}

@test "it takes no argument" {
	run paene-oci features of runc
	expect_status 1
	expect_in_output 'there is no place for the argument "of"'
}
