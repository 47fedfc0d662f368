# SPDX-License-Identifier: Apache-2.0
# paene system check: what of networks nobody has any more, and what somebody has taken from those that have it.
load ../lib/common

image=localhost/busybox:1

setup_file() {
	has_corner || return 0
	load_busybox
	paene run -q --rm "$image" true # the bridge, the parent cgroup: they stay
}

setup() {
	needs_root
	export NETCONFPATH=$BATS_TEST_TMPDIR/net.d CNI_PATH=$BATS_TEST_TMPDIR/bin
	mkdir "$NETCONFPATH" "$CNI_PATH"
	ln -s "$tests/lib/cni-plugin" "$CNI_PATH/first"
	networks=$PAENE_DATA/networks
	nobody=$(printf '%064d' 7)
	leak_check_before
}

teardown() {
	paene rm --force --all >/dev/null
	paene network prune -f >/dev/null
	rmdir "$PAENE_RUN/netns" 2>/dev/null || true # it may stay
	leak_check_after
}

sleeper() { # sleeper NAME OPTION…
	local name=$1
	shift
	paene run -dq --name "$name" "$@" "$image" sleep 1000 >/dev/null
}

whole() {
	run paene system check --quick
	expect_status 0
	expect_in_output "nothing is wrong"
}

mended() { # mended TEXT…: a check says it all and changes nothing, one that repairs mends it, and then nothing is wrong
	local text
	run paene system check --quick
	expect_status 1
	for text; do
		expect_in_output "$text"
	done
	expect_in_output "$# wrong, 0 mended"
	run paene system check --quick --repair
	expect_status 0
	for text; do
		expect_in_output "$text; mended"
	done
	expect_in_output "0 wrong, $# mended"
	whole
}

bridge() {
	jq -r .bridge "$networks/paene/settings"
}

@test "networks as they should be, with containers of every kind" {
	paene network create --ipv6 six >/dev/null
	sleeper one -p 8080:80 -p 81/udp
	sleeper two --network six -p 8081:80 --network bridge
	sleeper three --network none
	whole
	paene stop -t 0 two
	whole
}

@test "leases and records of containers that are no more" {
	sleeper one
	local id
	id=$(paene ps -q --no-trunc)
	echo "$nobody" >"$networks/paene/leases/10.89.9.9"
	jq -c '.link = "pv00000000000ff" | .ports = ["7777:80/tcp"] | .address = "10.89.9.9/16"' "$networks/paene/names/$id" >"$networks/paene/names/$nobody"
	cp "$networks/paene/names/$nobody" "$networks/paene/names/.-${nobody/7/8}"
	nft add element inet paene ports_any '{ tcp . 7777 : 10.89.9.9 . 80 }'
	ip link add pv00000000000ff type veth peer name leg
	ip link set pv00000000000ff master "$(bridge)"
	mended "lease 10.89.9.9 of network paene: container $nobody, which has it, does not run" \
		"record $nobody of network paene: this container does not run" \
		"record ${nobody/7/8} of network paene: this container does not run"
	run ! ip link show pv00000000000ff
	run ! grep 7777 <(nft list map inet paene ports_any)
	paene exec one true
}

@test "links and bridges that nobody has" {
	sleeper one
	ip link add pv00000000000ff type veth peer name leg
	ip link set pv00000000000ff master "$(bridge)"
	ip link add paene77 type bridge
	ip link add paene78 type bridge # somebody has something on it
	ip link add mine0 type veth peer name mine1
	ip link set mine0 master paene78
	mended "link pv00000000000ff: no container has it" "bridge paene77: no network has it"
	ip link delete paene78
	ip link delete mine0
}

@test "elements that nobody has; those of other data folders stay" {
	sleeper one -p 8080:80
	command paene --root "$BATS_TEST_TMPDIR/d" --runroot "$BATS_TEST_TMPDIR/r" load -qi "$BATS_FILE_TMPDIR/busybox.tar" >/dev/null
	other() {
		command paene --root "$BATS_TEST_TMPDIR/d" --runroot "$BATS_TEST_TMPDIR/r" "$@"
	}
	other run -dq --name far -p 9090:80 "$image" sleep 1000 >/dev/null
	nft add element inet paene ports_any "{ tcp . 7777 : $(jq -r .subnet "$networks/paene/settings" | cut -d. -f1,2).9.9 . 80 }"
	nft add element inet paene bridges '{ gone0 }'
	nft add element inet paene pairs '{ gone0 . gone0 }'
	nft add element inet paene subnets '{ gone0 . 10.1.0.0-10.1.0.255 }'
	mended "of ports_any: a published port of no container" "gone0 of bridges: there is no such bridge, and no network has it" \
		"gone0 of pairs: there is no such bridge, and no network has it" \
		"gone0 of subnets: there is no such bridge, and no network has it"
	nft list map inet paene ports_any | grep 9090
	other system check --quick
	other rm -f far
	ip link delete "$(jq -r .bridge "$BATS_TEST_TMPDIR/d/networks/paene/settings")"
	paene system check --quick --repair # and now they are nobody's
}

@test "rules, sets and ports that somebody has removed" {
	sleeper one -p 8080:80
	nft flush ruleset
	mended "rules inet paene: somebody has removed some"
	nft flush map inet paene ports_any
	mended "rules inet paene: somebody has removed some"
	nft flush set inet paene bridges
	mended "rules inet paene: somebody has removed some"
	nft flush chain inet paene "$(nft list table inet paene | awk '/chain/ {print $2; exit}')"
	mended "rules inet paene: somebody has removed some"
	nft list map inet paene ports_any | grep 8080
}

@test "a link that somebody has removed is told, and comes back with a restart" {
	sleeper one
	ip link delete "$(jq -r .link "$networks/paene/names/$(paene ps -q --no-trunc)")"
	run paene system check --quick --repair
	expect_status 1
	expect_in_output "it is gone: restart the container"
	paene restart -t 0 one
	whole
}

@test "a network that was half made, or half removed" {
	mkdir "$networks/.one.0123456789ab" "$networks/.two.removed"
	mended "network .one.0123456789ab: left by a command that was killed" "network .two.removed: left by a command that was killed"
}

@test "a container that was killed with its monitor" {
	sleeper one -p 8080:80
	local init
	init=$(paene inspect --format '{{.State.Pid}}' one)
	kill -KILL "$(awk '/^PPid/ {print $2}' "/proc/$init/status")" "$init"
	wait_until 10 sh -c "! kill -0 $init 2>/dev/null || grep -q Z /proc/$init/stat"
	run paene system check --quick
	expect_status 1
	expect_in_output "container one: what its last run took has not been given back"
	run paene system check --quick --repair
	expect_status 0
	whole
	[ -z "$(ls "$networks/paene/leases")" ]
}

@test "plugins: what they say of theirs; namespaces that nobody has" {
	needs_program jq
	plugin() {
		jq -n --argjson plugin "$1" '{cniVersion: "1.1.0", name: "lab", plugins: [{type: "first"} + $plugin]}' >"$NETCONFPATH/lab.conflist"
	}
	plugin '{"fail": "CHECK", "because": {"code": 100, "msg": "its address is gone"}}'
	sleeper one --network cni:lab
	run paene system check --quick --repair
	expect_status 1
	expect_in_output "container one: network cni:lab: plugin first: CHECK: its address is gone (code 100)"
	paene rm -f one
	plugin '{}'
	sleeper one --network cni:lab
	whole
	plugin '{"fail": "STATUS", "because": {"code": 50, "msg": "no more addresses"}}'
	run paene system check --quick
	expect_status 1
	expect_in_output "container one: network cni:lab: plugin first: STATUS: no more addresses (code 50)"
	paene rm -f one
	touch "$PAENE_RUN/netns/$nobody.lab"
	mount --bind /proc/self/ns/net "$PAENE_RUN/netns/$nobody.lab"
	mended "namespace $PAENE_RUN/netns/$nobody.lab: no container has it"
}
