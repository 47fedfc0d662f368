# SPDX-License-Identifier: Apache-2.0
# Beside other programs' firewalls: theirs stay as they are, and the nft program can show, save and load ours.
load ../lib/common

image=localhost/busybox:1

setup_file() {
	has_corner || return 0
	load_busybox
	paene run -q --rm --egress deny "$image" true # the bridge, the tables, the parent cgroup: they stay
}

setup() {
	needs_root
	needs_program nft
	leak_check_before
	# somebody outside: a namespace behind a router's leg of ours
	unshare --net sleep 100000 3>&- &
	outside=$!
	wait_until 10 sh -c "[ \$(readlink /proc/$outside/ns/net) != \$(readlink /proc/self/ns/net) ]"
	ip link add leg type veth peer name eth0 netns "$outside"
	ip address add 192.0.2.1/24 dev leg
	ip link set leg up
	at_outside sh -c 'ip link set lo up; ip address add 192.0.2.2/24 dev eth0; ip link set eth0 up; ip route add default via 192.0.2.1'
	paene run -dq --name web -p 8080:80 "$image" httpd -f -p 80 -h /etc >/dev/null
}

teardown() {
	paene rm --force -t 0 --all >/dev/null
	nft list tables | grep -v ' paene$' | while read -r table; do nft delete "$table"; done
	paene run -q --rm --egress deny "$image" true # what was flushed
	ip link delete leg
	kill "$outside"
	wait "$outside" || true
	leak_check_after
}

at_outside() {
	nsenter --net --target "$outside" "$@"
}

answers() { # answers [COMMAND…]: the published port does, to whom the command takes it
	wait_until 10 "$@" curl --silent --max-time 60 --output /dev/null http://192.0.2.1:8080/hostname
}

foreign() { # all rules that are not ours, with their handles; counters of the iptables program count
	nft --stateless --handle list ruleset | awk '/^table/ { ours = $3 == "paene" } !ours'
}

# Everything that changes rules.
come_and_go() {
	paene network create other >/dev/null
	paene run -q --rm --network other -p 8081:80 --egress allow:192.0.2.2 "$image" true
	paene network rm other >/dev/null
	paene network reload
}

@test "the nft program shows our table, and loads what it has shown" {
	local saved=$BATS_TEST_TMPDIR/saved
	answers at_outside
	nft --stateless list table inet paene >"$saved"
	grep -q '"paene0" . "paene0"' "$saved"
	grep -qE 'elements = \{ "paene0" \}' "$saved"
	nft delete table inet paene
	nft --file "$saved"
	nft --stateless list table inet paene | diff "$saved" -
	answers at_outside
	paene network reload # nothing that it misses
	nft --stateless list table inet paene | diff "$saved" -
}

@test "firewalld's kind of table: published ports answer, and it stays as it is" {
	nft --file - <<-'EOL'
		table inet firewalld {
			chain filter_FORWARD {
				type filter hook forward priority filter + 10; policy accept;
				ct state established,related accept
				ct status dnat accept
				iifname "lo" accept
				reject with icmpx admin-prohibited
			}
			chain filter_INPUT {
				type filter hook input priority filter + 10; policy accept;
				ct state established,related accept
				ct status dnat accept
				iifname "lo" accept
				reject with icmpx admin-prohibited
			}
		}
	EOL
	local before
	before=$(foreign)
	answers at_outside
	answers
	come_and_go
	[ "$(foreign)" = "$before" ] || fail "$(diff <(echo "$before") <(foreign))"
}

@test "chains of the iptables program, as ufw and docker have them: they stay as they are, and containers of a network meet" {
	needs_program iptables
	# where it is on, what a bridge passes on has to pass theirs, too
	[ ! -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables
	iptables -P FORWARD DROP
	iptables -N ufw-before-forward
	iptables -A FORWARD -j ufw-before-forward
	iptables -A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
	iptables -t nat -N DOCKER
	iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
	local before
	answers # from this host: nothing is forwarded
	paene run -q --rm "$image" wget -qO /dev/null "http://$(paene inspect --format '{{.NetworkSettings.IPAddress}}' web)/hostname"
	run ! at_outside curl --silent --max-time 3 http://192.0.2.1:8080/hostname # theirs drops it, and is not overruled
	iptables -I FORWARD -o paene0 -j ACCEPT
	before=$(foreign)
	answers at_outside
	come_and_go
	[ "$(foreign)" = "$before" ] || fail "$(diff <(echo "$before") <(foreign))"
}

@test "everything is flushed, as nftables.service does: reload brings ours back, and theirs is not ours to bring" {
	answers at_outside
	nft flush ruleset
	run ! at_outside curl --silent --max-time 3 http://192.0.2.1:8080/hostname
	nft --file - <<<'table inet filter { chain input { type filter hook input priority filter; policy accept; }; }'
	local before
	before=$(foreign)
	paene network reload
	answers at_outside
	[ "$(foreign)" = "$before" ]
}
