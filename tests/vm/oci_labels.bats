# SPDX-License-Identifier: Apache-2.0
# paene-oci and AppArmor: a profile is a matter of the whole machine, so this machine is the virtual one.
load ../lib/common

setup() {
	[ -e /sys/module/apparmor/parameters/enabled ] || skip "this kernel has no AppArmor"
	needs_program apparmor_parser
	echo 'profile paene-test-confined flags=(attach_disconnected) { file, signal, capability, deny /etc/passwd r, }' |
		apparmor_parser -r
	bundle=$BATS_TEST_TMPDIR/bundle
	make_bundle "$bundle" '.process.apparmorProfile = "paene-test-confined"'
}

teardown() {
	oci delete --force a
	echo 'profile paene-test-confined { }' | apparmor_parser -R
}

@test "an AppArmor profile is in force, for the process, an exec and in a user namespace" {
	local maps='[{"containerID": 0, "hostID": 100000, "size": 65536}]'
	edit_bundle "$bundle" '.process.args = ["sh", "-c", "cat /proc/self/attr/current; cat /etc/passwd"]'
	run oci run -b "$bundle" a
	expect_in_output "paene-test-confined (enforce)"
	expect_in_output "Permission denied"
	edit_bundle "$bundle" '.process.args = ["sleep", "1000"]'
	oci run -d -b "$bundle" a >/dev/null 2>&1
	[ "$(cat "/proc/$(oci state a | jq .pid)/attr/current")" = "paene-test-confined (enforce)" ]
	run oci exec a cat /proc/self/attr/current
	expect_output "paene-test-confined (enforce)"
	oci delete --force a
	edit_bundle "$bundle" '.linux.namespaces += [{"type": "user"}]' ".linux.uidMappings = $maps | .linux.gidMappings = $maps" \
		'.process.args = ["cat", "/proc/self/attr/current"]'
	run oci run -b "$bundle" a
	expect_in_output "paene-test-confined (enforce)"
}

@test "a profile that nobody has loaded: an error that has the path" {
	edit_bundle "$bundle" '.process.apparmorProfile = "paene-test-nobody"'
	run oci run -b "$bundle" a
	expect_status 1
	expect_in_output '`/proc/self/attr/apparmor/exec`'
	run oci state a
	expect_status 1
}
