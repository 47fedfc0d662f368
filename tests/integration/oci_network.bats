#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.netDevices: devices of the host's that move into a container. The host is this file's own network namespace.

load ../lib/common
load ../lib/oci

setup() {
	before_each '.process.args = ["sleep", "100"]'
	ip link add dev0 type veth peer name peer0 || skip "this kernel has no veth devices"
	ip link set peer0 up
}

teardown() {
	ip link del dev0 2>/dev/null || : # gone with its container
	after_each
}

inside() { # inside ID COMMAND…: a program of the host's in the container's network
	nsenter --net -t "$(oci state "$1" | jq .pid)" -- "${@:2}"
}

@test "a device moves, with its addresses, and comes up; its state on the host is gone" {
	ip address add 192.0.2.7/24 broadcast 192.0.2.255 dev dev0
	ip address add 198.51.100.1 peer 198.51.100.2/32 dev dev0
	ip address add 2001:db8::7/64 dev dev0 nodad
	ip address add 169.254.9.9/16 scope link dev dev0
	ip address add 192.0.2.8/24 valid_lft 1000 preferred_lft 1000 dev dev0
	ip link set dev0 up mtu 1400
	edit_bundle "$bundle" '.linux.netDevices = {"dev0": {}}'
	oci run -d -b "$bundle" n
	run ip link show dev0
	expect_status 1
	run inside n ip -o address show dev dev0
	expect_in_output "inet 192.0.2.7/24 brd 192.0.2.255 scope global dev0"
	expect_in_output "inet 198.51.100.1 peer 198.51.100.2/32 scope global dev0"
	expect_in_output "inet6 2001:db8::7/64 scope global"
	[[ "$output" != *169.254.9.9* ]] || fail "of the host's link alone: $output"
	[[ "$output" != *192.0.2.8* ]] || fail "not for good: $output"
	run inside n ip -o link show dev0
	expect_in_output ",UP"
	expect_in_output "mtu 1400"
}

@test "a device gets a new name, into a namespace by path, too" {
	edit_bundle "$bundle" '.linux.netDevices = {"dev0": {"name": "eth7"}}'
	oci run -d -b "$bundle" n
	inside n ip link show eth7
	ip link add dev0 type veth peer name peer1
	edit_bundle "$bundle" '.linux.netDevices = {"dev0": {"name": "eth8"}}' 'del(.hostname)' \
		".linux.namespaces |= map(if .type == \"network\" then .path = \"/proc/$(oci state n | jq .pid)/ns/net\" else . end)"
	oci run -d -b "$bundle" m
	inside n ip link show eth8
}

@test "a device in a user namespace" {
	local maps='[{"containerID": 0, "hostID": 100000, "size": 65536}]'
	ip address add 192.0.2.7/24 dev dev0
	edit_bundle "$bundle" '.linux.netDevices = {"dev0": {"name": "eth7"}}' \
		'.linux.namespaces += [{"type": "user"}]' ".linux.uidMappings = $maps | .linux.gidMappings = $maps"
	oci run -d -b "$bundle" n
	inside n ip address show eth7 | grep -q 192.0.2.7/24
}

@test "devices that cannot move: nothing is left of the container" {
	edit_bundle "$bundle" '.linux.netDevices = {"nosuch0": {}}'
	run oci run -d -b "$bundle" n
	expect_status 1
	expect_in_output "linux.netDevices: network device nosuch0: find it: No such device"
	edit_bundle "$bundle" '.linux.netDevices = {"dev0": {"name": "lo"}}'
	run oci run -d -b "$bundle" n
	expect_status 1
	expect_in_output "linux.netDevices: network device dev0: the container has a device lo"
	edit_bundle "$bundle" '.linux.netDevices = {"dev0": {"name": "a b"}}'
	run oci run -d -b "$bundle" n
	expect_status 1
	expect_in_output 'invalid network device name "a b"'
	edit_bundle "$bundle" '.linux.netDevices = {"dev0": {}}' '.linux.namespaces |= map(select(.type != "network"))'
	run oci run -d -b "$bundle" n
	expect_status 1
	expect_in_output "without a network namespace"
	[ -z "$(oci list -q)" ]
	ip link show dev0
}
