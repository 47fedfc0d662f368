# SPDX-License-Identifier: Apache-2.0
# What containers are told of names: hosts, resolv.conf, hostname, and what the user would rather have there.
load ../lib/common

image=localhost/busybox:1

setup_file() {
	has_corner || return 0
	load_busybox
	printf 'search host.example\noptions edns0\nnameserver 192.0.2.53\n' >"$BATS_FILE_TMPDIR/resolv"
	paene network create --ipv6 --subnet 10.77.0.0/24 --subnet fd77::/64 lan
	paene network create --subnet 10.78.0.0/24 other
	paene network create --internal --subnet 10.79.0.0/24 inside
	paene run -q --rm --network lan,other "$image" true
	paene run -q --rm --network inside "$image" true # bridges and parent cgroup: they stay
}

teardown_file() {
	! has_corner || paene network rm --force lan other inside >/dev/null
}

setup() {
	needs_root
	mount --bind "$BATS_FILE_TMPDIR/resolv" "$(readlink -f /etc/resolv.conf)"
	leak_check_before
}

teardown() {
	paene rm --force --all >/dev/null
	leak_check_after
	umount "$(readlink -f /etc/resolv.conf)"
}

said() { # said FILE OPTION…: the file as a container sees it
	local file=$1
	shift
	paene run --rm -q "$@" "$image" cat "$file"
}

resolv() { # resolv OPTION…
	said /etc/resolv.conf "$@"
}

hosts() { # hosts OPTION…
	said /etc/hosts "$@"
}

refused() { # refused TEXT OPTION…
	local text=$1
	shift
	run paene create --name refused "$@" "$image" true
	expect_status 125
	expect_in_output "$text"
	[ ${#lines[@]} = 1 ] || fail "more than a line:" "$output"
	run ! paene inspect refused
}

@test "resolv.conf: each of --dns, --dns-search and --dns-option takes the place of the host's" {
	[ "$(resolv)" = $'search host.example\noptions edns0\nnameserver 192.0.2.53' ]
	[ "$(resolv --dns 192.0.2.1 --dns 2001:db8::1)" = \
		$'nameserver 192.0.2.1\nnameserver 2001:db8::1\nsearch host.example\noptions edns0' ]
	[ "$(resolv --dns-search a.example --dns-search b.example)" = \
		$'search a.example b.example\noptions edns0\nnameserver 192.0.2.53' ]
	[ "$(resolv --dns-search .)" = $'options edns0\nnameserver 192.0.2.53' ]
	[ "$(resolv --dns-option ndots:2 --dns-opt rotate)" = $'options ndots:2 rotate\nsearch host.example\nnameserver 192.0.2.53' ]
	[ "$(resolv --network host --dns 192.0.2.1)" = $'nameserver 192.0.2.1\nsearch host.example\noptions edns0' ]
	[ "$(resolv --network none --dns 192.0.2.1)" = 'nameserver 192.0.2.1' ]
	[ "$(resolv --network inside --dns 10.79.0.9 | grep -v '^#')" = $'nameserver 10.79.0.9' ]
	run resolv --network inside
	run ! grep nameserver <<<"$(grep -v '^#' <<<"$output")"
}

@test "the image's own files: --dns none, --no-hosts, --no-hostname" {
	local file
	for file in /etc/resolv.conf /etc/hosts /etc/hostname; do
		[ "$(paene run --rm -q "$image" grep -c " $file " /proc/self/mountinfo)" = 1 ]
	done
	run paene run --rm -q --dns none --no-hosts --no-hostname -h box "$image" sh -c \
		'grep -c " /etc/resolv.conf \| /etc/hosts \| /etc/hostname " /proc/self/mountinfo; hostname'
	expect_in_output $'0\nbox'
}

@test "--add-host: several names, both families, this host; on networks of each kind" {
	run hosts --add-host one:192.0.2.1 --add-host "two;three=2001:db8::1" --add-host "four:[2001:db8::2]"
	expect_in_output $'192.0.2.1\tone'
	expect_in_output $'2001:db8::1\ttwo\n2001:db8::1\tthree'
	expect_in_output $'2001:db8::2\tfour'
	run hosts --network lan --add-host me:host-gateway
	expect_in_output $'10.77.0.1\tme\nfd77::1\tme'
	expect_in_output $'10.77.0.1\thost.containers.internal host.docker.internal'
	run hosts --network host --add-host me:host-gateway --add-host one:192.0.2.1
	expect_in_output $'127.0.0.1\tme\n192.0.2.1\tone'
	run hosts --network none --add-host one:192.0.2.1
	expect_in_output $'192.0.2.1\tone'
}

@test "aliases, several networks, IPv6: who joins and who goes" {
	paene run -dq --name one --network lan,other "$image" sleep 1000 >/dev/null
	paene run -dq --name two -h second --network lan:alias=zwei,alias=deux "$image" sleep 1000 >/dev/null
	local two two6
	two=$(paene inspect --format '{{.NetworkSettings.IPAddress}}' two)
	two6=$(paene inspect --format '{{.NetworkSettings.GlobalIPv6Address}}' two)
	run paene exec one cat /etc/hosts
	expect_in_output "$two"$'\ttwo\n'"$two6"$'\ttwo'
	expect_in_output "$two"$'\tsecond zwei deux\n'"$two6"$'\tsecond zwei deux'
	paene network connect --alias drei other two
	run paene exec one cat /etc/hosts
	expect_in_output $'\tsecond drei'
	paene network disconnect lan two
	run paene exec one cat /etc/hosts
	[[ "$output" != *zwei* ]] || fail "$output"
	expect_in_output $'\tsecond drei'
	paene rm -f two
	run paene exec one cat /etc/hosts
	[[ "$output" != *second* ]] || fail "$output"
}

@test "a network may have nameservers of its own, and tell no names" {
	paene network create --dns 192.0.2.77 --dns 2001:db8::7 --subnet 10.80.0.0/24 asks
	paene network create --disable-dns --subnet 10.81.0.0/24 silent
	[ "$(resolv --network asks)" = $'nameserver 192.0.2.77\nnameserver 2001:db8::7\nsearch host.example\noptions edns0' ]
	[ "$(resolv --network asks --dns 192.0.2.1 | grep nameserver)" = "nameserver 192.0.2.1" ]
	[ "$(paene network inspect asks silent | jq -c '[.[] | .dns_enabled, .network_dns_servers]')" = \
		'[true,["192.0.2.77","2001:db8::7"],false,null]' ]
	paene run -dq --name one --network silent "$image" sleep 1000 >/dev/null
	paene run -dq --name zwei --network silent "$image" sleep 1000 >/dev/null
	run paene exec one cat /etc/hosts
	[[ "$output" != *zwei* ]] || fail "$output"
	expect_in_output $'\tone'
	paene rm -f one zwei
	paene network rm asks silent
	run paene network create --dns nobody bad
	expect_in_output "an address, please"
	run paene network create -o vlan=5 bad
	expect_status 1
	expect_in_output "no VLAN 5"
	run ! paene network exists bad
}

@test "exec and commit: files of names are the run's, not the image's" {
	paene run -dq --name one --dns 192.0.2.1 --add-host me:192.0.2.7 "$image" sleep 1000 >/dev/null
	[ "$(paene exec one head -n 1 /etc/resolv.conf)" = "nameserver 192.0.2.1" ]
	paene commit -q one localhost/committed
	[[ "$(paene run --rm -q localhost/committed cat /etc/hosts)" != *192.0.2.7* ]]
	paene rmi localhost/committed
}

@test "inspect shows them, restart keeps them" {
	paene run -dq --name one --dns 192.0.2.1 --dns-search . --dns-option ndots:1 --add-host me:host-gateway "$image" sleep 1000 >/dev/null
	[ "$(paene inspect one | jq -c '.[0].HostConfig | [.Dns, .DnsSearch, .DnsOptions, .ExtraHosts]')" = \
		'[["192.0.2.1"],["."],["ndots:1"],["me:host-gateway"]]' ]
	paene restart -t 0 one
	[ "$(paene exec one cat /etc/resolv.conf)" = $'options ndots:1\nnameserver 192.0.2.1' ]
}

@test "what makes no sense is said in one line" {
	refused '--dns "example.org"' --dns example.org
	refused '--dns "10.0.0.0/8"' --dns 10.0.0.0/8
	refused "excludes others" --dns none --dns 10.0.0.1
	refused '--dns-search ""' --dns-search ""
	refused "--dns-search" --dns-search $'a\nnameserver 192.0.2.6'
	refused "--dns-option" --dns-option $'a b'
	refused "NAME:ADDRESS" --add-host one
	refused "NAME:ADDRESS" --add-host one:
	refused "NAME:ADDRESS" --add-host one:300.0.0.1
	refused "that is no name" --add-host :10.0.0.1
	refused "that is no name" --add-host $'a\nb:10.0.0.1'
	refused "exclude each other" --no-hosts --add-host one:10.0.0.1
	paene run -dq --name one "$image" sleep 1000 >/dev/null
	refused "other container's" --network container:one --dns 10.0.0.1
	run paene run --rm --network none --add-host me:host-gateway "$image" true
	expect_status 125
	expect_in_output "does not see this host"
}
