# SPDX-License-Identifier: Apache-2.0
# Networks by name of a user without root: bridges in a network namespace of the user's, which one pasta leads out of.
load ../lib/common
load ../lib/rootless

image=localhost/busybox:1

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	make_dev
	make_outside
	export outside
	paene load -i /run/paene-test/busybox.tar
	paene run -q --rm --network bridge "$image" true
}

teardown_file() {
	unmake_dev
	kill "$outside"
}

setup() {
	needs_root
	needs_program newuidmap setpriv pasta curl
	leak_check_before
}

teardown() {
	paene rm --force --all >/dev/null
	paene network prune -f >/dev/null
	leak_check_after
}

# serve NAME OPTION…: a web server on port 80 that says who it is, and whom it sees
serve() {
	local name=$1
	shift
	paene run -q -d --name "$name" "$@" "$image" sh -c "mkdir -p /w/cgi-bin; echo I am $name >/w/index.html
		printf '#!/bin/sh\necho; echo \$REMOTE_ADDR\n' >/w/cgi-bin/who; chmod +x /w/cgi-bin/who; exec httpd -f -p 80 -h /w"
}

answers() { # answers URL TEXT
	[ "$(curl --silent --max-time 5 "$1")" = "$2" ]
}

ask() { # ask NETWORK HOST: what a container on the network is told
	paene run -q --rm --network "$1" "$image" wget -q -O - "http://$2/"
}

uplink() { # the process that leads out
	cut -d ' ' -f 1 "$PAENE_RUN/uplink/pasta"
}

has_ended() { # has_ended PID: nobody may have asked how
	[ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"
}

in_bridges() { # in_bridges COMMAND…: in the user's network namespace
	nsenter --target "$(cut -d ' ' -f 1 "$PAENE_RUN/namespace")" --user --net "$@"
}

@test "the default bridge: names, a way out, nameservers; pasta is there while a container is on a bridge" {
	echo outside >"$BATS_TEST_TMPDIR/index.html"
	nsenter --target "$outside" --net busybox httpd -f -p 80 -h "$BATS_TEST_TMPDIR" 3>&- &
	serve one --network bridge --hostname first
	wait_until 5 eval '[ "$(ask bridge one)" = "I am one" ]'
	[ "$(ask bridge first)" = "I am one" ]
	[ "$(ask bridge 198.51.100.1)" = outside ]
	kill $!
	run paene run -q --rm --network bridge --add-host db:10.1.2.3 "$image" sh -c 'head -n 1 /etc/resolv.conf
		grep -c containers.internal /etc/hosts; grep db /etc/hosts'
	expect_output $'nameserver 169.254.1.1\n0\n10.1.2.3\tdb'
	[[ "$(cat "/proc/$(uplink)/comm")" = pas* ]]
	local pid
	pid=$(uplink)
	paene rm -f one
	has_ended "$pid"
	[ "$(ls "$PAENE_RUN/uplink")" = "" ]
}

@test "published ports: tcp and udp, one address, a free one; shown, and free again at the end" {
	serve one --network bridge -p 8080:80 -p 127.0.0.1::80 -p 5353:53/udp
	wait_until 5 answers http://127.0.0.1:8080/ "I am one"
	answers "http://[::1]:8080/" "I am one"
	answers http://198.51.100.2:8080/ "I am one"
	local chosen server
	chosen=$(paene port one 80/tcp | sed -n 's/^127.0.0.1://p')
	answers "http://127.0.0.1:$chosen/" "I am one"
	run answers "http://198.51.100.2:$chosen/" "I am one"
	expect_status 1
	run paene ps --format '{{.Ports}}'
	expect_output "0.0.0.0:8080->80/tcp, 127.0.0.1:$chosen->80/tcp, 0.0.0.0:5353->53/udp"
	nsenter --target "$(paene inspect -f '{{.State.Pid}}' one)" --net socat UDP-RECVFROM:53,fork EXEC:'sed -u s/^/heard_/' 3>&- &
	server=$!
	wait_until 5 eval '[ "$(echo word | timeout 5 socat -t 1 - UDP:127.0.0.1:5353)" = heard_word ]'
	[ "$(echo word | timeout 5 socat -t 1 - 'UDP:[::1]:5353')" = heard_word ]
	[ "$(echo word | timeout 5 socat -t 1 - UDP:198.51.100.2:5353)" = heard_word ]
	kill $server
	# who calls from elsewhere is seen; this host itself, and who calls by IPv6, as the bridge
	outside() { timeout 20 nsenter --target "$outside" --net "$@"; }
	[ "$(outside curl --silent http://198.51.100.2:8080/cgi-bin/who)" = "[::ffff:198.51.100.1]" ]
	[ "$(curl --silent http://127.0.0.1:8080/cgi-bin/who)" = "[::ffff:10.89.0.1]" ]
	[ "$(curl --silent 'http://[::1]:8080/cgi-bin/who')" = "[::ffff:10.89.0.1]" ]
	nsenter --target "$(paene inspect -f '{{.State.Pid}}' one)" --net socat UDP-RECVFROM:53,fork SYSTEM:'echo $SOCAT_PEERADDR' 3>&- &
	server=$!
	wait_until 5 eval '[ "$(echo word | outside socat -t 1 - UDP:198.51.100.2:5353)" = 198.51.100.1 ]'
	kill $server
	paene restart -t 0 one
	wait_until 5 answers http://127.0.0.1:8080/ "I am one"
	paene rm -f one
	serve two --network bridge -p 8080:80
	wait_until 5 answers http://127.0.0.1:8080/ "I am two"
}

@test "a container in the foreground publishes ports, too" {
	paene run -q --rm --name one --network bridge -p 8080:80 "$image" sh -c 'mkdir /w; echo here >/w/index.html; exec httpd -f -p 80 -h /w' 3>&- &
	wait_until 5 answers http://127.0.0.1:8080/ here
	paene rm -f one
	wait $! || true
}

@test "its own published port, and another network's, are reached by the host's address" {
	paene network create --isolate=false other
	serve one --network bridge -p 8080:80
	wait_until 5 answers http://127.0.0.1:8080/ "I am one"
	[ "$(ask other 198.51.100.2:8080)" = "I am one" ]
	run paene exec one wget -q -O - http://198.51.100.2:8080/
	expect_output "I am one"
}

@test "networks: made, shown, joined and left while it runs, with addresses and aliases; removed" {
	paene network create --subnet 10.77.0.0/24 --ipv6 back
	paene network create --internal inside
	paene network exists back
	run paene network ls -q
	[[ "$output" == *back* && "$output" == *inside* && "$output" == *paene* ]] || fail "$output"
	serve one --network back:ip=10.77.0.9,alias=db
	wait_until 5 eval '[ "$(ask back db)" = "I am one" ]'
	serve two --network bridge
	run paene exec two nc -w 2 10.77.0.9 80
	expect_status 1
	paene network connect --alias second back two
	[ "$(paene exec two wget -q -O - http://one/)" = "I am one" ]
	[ "$(paene exec one wget -q -O - http://second/)" = "I am two" ]
	[ "$(paene network inspect -f '{{len .Containers}}' back)" = 2 ]
	run paene network rm back
	expect_status 1
	expect_in_output "is on it; take it off"
	paene network disconnect back two
	run paene exec two wget -q -O - http://one/
	expect_status 1
	paene network connect inside two
	run paene run -q --rm --network inside "$image" sh -c 'ip route | grep -c default; wget -q -O - http://two/; grep -c nameserver /etc/resolv.conf'
	expect_output $'0\nI am two\n1'
	paene network rm -f back inside
	run paene ps -q
	expect_output ""
}

@test "whom it may send to is limited and counted, and its rate, too; both change while it runs" {
	serve other --network bridge
	paene run -q -d --name one --network bridge --egress deny --net-rate 10mbit "$image" sleep 1000
	run paene exec one wget -q -O - http://other/
	expect_status 1
	[ "$(paene inspect -f '{{.NetworkSettings.Egress.Dropped.Packets}}' one)" -gt 0 ]
	in_bridges tc qdisc show | grep -q 'tbf.*rate 10Mbit'
	paene update --egress deny,allow:10.0.0.0/8:80 one
	wait_until 5 eval '[ "$(paene exec one wget -q -O - http://other/)" = "I am other" ]'
	paene network shape one --rate 20mbit
	in_bridges tc qdisc show | grep -q 'tbf.*rate 20Mbit'
}

@test "rules that somebody flushed, and a pasta that somebody killed: network reload, and the next start" {
	serve one --network bridge -p 8080:80
	wait_until 5 answers http://127.0.0.1:8080/ "I am one"
	in_bridges nft flush ruleset
	kill -KILL "$(uplink)"
	wait_until 5 has_ended "$(uplink)"
	run paene system check
	expect_status 1
	expect_in_output "uplink pasta: it has ended: containers reach nothing outside"
	paene network reload
	in_bridges nft list table inet paene | grep -q 8080
	in_bridges nft list table ip paene | grep -q 'socket transparent'
	[ "$(cat "/proc/$(uplink)/comm")" != "" ]
	wait_until 5 paene system check # the kernel takes its time to remove links
	kill -KILL "$(uplink)"
	ask bridge one
	[ "$(cat "/proc/$(uplink)/comm")" != "" ]
}

@test "eight at once make one pasta, and the last one ends it" {
	local i
	for i in 1 2 3 4 5 6 7 8; do
		paene run -q -d --name "c$i" --network bridge "$image" sleep 1000 3>&- &
	done
	wait
	[ "$(paene ps -q | wc -l)" = 8 ]
	[ "$(pgrep -c -f "$PAENE_RUN/uplink/netns")" = 1 ]
	for i in 1 2 3 4 5 6 7 8; do
		paene rm -f "c$i" 3>&- &
	done
	wait
	wait_until 5 eval '! pgrep -f "$PAENE_RUN/uplink/netns"'
}

@test "monitor and container are killed: the next command gives all back" {
	serve one --network bridge -p 8080:80
	wait_until 5 answers http://127.0.0.1:8080/ "I am one"
	pid=$(paene inspect -f '{{.State.Pid}}' one)
	monitor=$(sed -n 's/^PPid:\t//p' "/proc/$pid/status")
	kill -KILL "$monitor" "$pid"
	wait_until 5 eval '! paene ps | grep -q one'
	[ "$(ls "$PAENE_DATA/networks/paene/names" "$PAENE_DATA/networks/paene/leases" | grep -c '^[0-9a-f]')" = 0 ]
	[ "$(ls "$PAENE_RUN/uplink")" = "" ]
	serve two --network bridge -p 8080:80
	wait_until 5 answers http://127.0.0.1:8080/ "I am two"
}

@test "killed at any moment: the next ones find nothing in their way, and leave nothing" {
	local after
	for after in 01 02 03 04 06 08; do
		as_dev timeout -s KILL 0.$after paene run -q --rm --network bridge -p 8080:80 "$image" true 2>/dev/null || true
	done
	[ "$(paene ps -aq)" = "" ]
	paene run -q --rm --network bridge -p 8080:80 "$image" true
	wait_until 5 paene system check
	[ "$(ls "$PAENE_RUN/uplink")" = "" ]
}

@test "pasta was started, and its starter killed: system check names it, and ends it" {
	local pid
	serve one --network bridge
	pid=$(uplink)
	rm "$PAENE_RUN/uplink/pasta"
	paene rm -f one
	as_dev ln -s /proc/none "$PAENE_RUN/uplink/netns" # as if it had not ended yet
	run paene system check
	expect_status 1
	expect_in_output "uplink pasta: no container is on a bridge"
	paene system check --repair
	[ "$(ls "$PAENE_RUN/uplink")" = "" ]
	wait_until 5 has_ended "$pid"
}

@test "who keeps the namespace is killed: the next start makes another, with a way out, and what ran starts again" {
	echo outside >"$BATS_TEST_TMPDIR/index.html"
	nsenter --target "$outside" --net busybox httpd -f -p 80 -h "$BATS_TEST_TMPDIR" 3>&- &
	serve one --network bridge -p 8080:80
	kill -KILL "$(cut -d ' ' -f 1 "$PAENE_RUN/namespace")"
	wait_until 5 eval '[ "$(ask bridge 198.51.100.1)" = outside ]'
	kill $!
	paene restart -t 0 one
	wait_until 5 answers http://127.0.0.1:8080/ "I am one"
	[ "$(ask bridge one)" = "I am one" ]
}

@test "this machine has no way out: an internal network needs none" {
	paene network create --internal inside
	ip link set out down
	run paene run -q --rm --network bridge "$image" true
	local status_bridge=$status said=$output
	paene run -q --rm --network inside "$image" true
	ip link set out up
	ip route add default via 198.51.100.1
	[ "$status_bridge" = 125 ]
	[[ "$said" == "paene run: the way out of your networks: pasta: "*"; networks made with --internal need none" ]] || fail "$said"
}

@test "a user without subordinate ids" {
	serve one --network bridge -p 8080:80 # by whom there are some
	cp /etc/subuid /etc/subgid "$BATS_TEST_TMPDIR"
	paene rm -f one
	: | tee /etc/subuid >/etc/subgid
	kill "$(cut -d ' ' -f 1 "$PAENE_RUN/namespace")"
	local -x PAENE_DATA=$dev_home/other
	alone() { paene --root $dev_home/other "$@"; }
	alone load -q -i /run/paene-test/busybox.tar
	alone run -q -d --name one --network bridge -p 8080:80 "$image" sh -c 'mkdir /w; echo alone >/w/index.html; exec httpd -f -p 80 -h /w'
	wait_until 5 answers http://127.0.0.1:8080/ alone
	[ "$(alone run -q --rm --network bridge "$image" wget -q -O - http://one/)" = alone ]
	alone rm -f one
	kill "$(cut -d ' ' -f 1 "$PAENE_RUN/namespace")"
	cat "$BATS_TEST_TMPDIR/subuid" >/etc/subuid
	cat "$BATS_TEST_TMPDIR/subgid" >/etc/subgid
	rm -rf $dev_home/other "$PAENE_RUN/said-one-id"
}

@test "what cannot be had is said, and nothing is left of it" {
	serve one --network bridge -p 8080:80
	run paene run -q --rm --network bridge -p 8080:80 "$image" true
	expect_status 125
	expect_output "paene run: publish port 8080:80/tcp: Address already in use; container one has it"
	run paene run -q --rm --network bridge -p 80:80 "$image" true
	expect_status 125
	expect_in_output "publish port 80:80/tcp: Permission denied; lower ports are root's, who can change that by \`sysctl net.ipv4.ip_unprivileged_port_start=80\`"
	run paene run -q --rm --network bridge -p 8081:80/sctp "$image" true
	expect_in_output "a user's ports are of tcp and udp"
	run paene network create -d macvlan -o parent=out --subnet 198.51.100.0/24 lan
	expect_status 1
	expect_in_output "network lan: the links that macvlan needs are root's; a user's networks are bridges"
	run paene run -q --rm --network none,bridge "$image" true
	expect_status 125
	run paene run -q --rm --network no-such "$image" true
	expect_in_output "no such network: no-such"
	run paene run -q --rm --network cni:some "$image" true
	expect_in_output "plugins"
	[ "$(paene ps -aq | wc -l)" = 1 ]
	[ "$(ls "$PAENE_DATA/networks/paene/names" | wc -l)" = 1 ]
}

@test "a command in that network namespace" {
	serve one --network bridge
	wait_until 5 eval '[ "$(paene unshare --rootless-netns busybox wget -q -O - "http://$(paene inspect -f "{{.NetworkSettings.IPAddress}}" one)/")" = "I am one" ]'
}
