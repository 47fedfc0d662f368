# SPDX-License-Identifier: Apache-2.0
# run --net-rate, update --net-rate, network shape: what is kept, what is there, what is refused. How long packets take and how
# many get lost: tests/vm/shape.bats, where there is netem.
load ../lib/common

image=localhost/busybox:1

setup_file() {
	has_corner || return 0
	load_busybox
	paene run -q --rm "$image" true # the bridge, the parent cgroup: they stay
}

setup() {
	needs_root
	leak_check_before
}

teardown() {
	paene rm --force --all >/dev/null
	paene network prune -f >/dev/null
	leak_check_after
}

start() { # start NAME OPTION…
	local name=$1
	shift
	paene run -dq --name "$name" "$@" "$image" sleep 1000 >/dev/null
}

inside() { # inside NAME TC-WORD…: what the container's own end has
	nsenter --net --target "$(paene inspect --format '{{.State.Pid}}' "$1")" tc "${@:2}"
}

shape_of() { # shape_of NAME [OPTION…]: TO IN OUT, a rule a line
	paene network shape "$@" --format '{{.Network}} {{.To}} {{.RateIn}} {{.RateOut}}'
}

has_netem() {
	in_netns sh -c 'ip link add a type bridge && tc qdisc add dev a root netem delay 1ms' 2>/dev/null
}

refused() { # refused TEXT WORD…: `network shape box WORD…` fails with this in one line, and nothing changes
	local text=$1 before there
	shift
	before=$(paene network shape box --format json)
	there=$(inside box qdisc)
	run paene network shape box "$@"
	expect_status 1
	expect_in_output "$text"
	[ "$(wc -l <<<"$output")" = 1 ] || fail "more than a line:" "$output"
	[ "$(paene network shape box --format json)" = "$before" ] || fail "another record"
	[ "$(inside box qdisc)" = "$there" ] || fail "another link: $there"
}

@test "run --net-rate: both ends of the link, and again after a restart" {
	start box --net-rate 10mbit/2mbit
	[ "$(shape_of box)" = "paene  10mbit 2mbit" ]
	inside box qdisc show dev eth0 | grep -q 'tbf .* root .*rate 2Mbit'
	tc qdisc | grep -q 'tbf .* dev pv.* root .*rate 10Mbit'
	paene restart -t 0 box
	inside box qdisc show dev eth0 | grep -q 'tbf .* root .*rate 2Mbit'
	tc qdisc | grep -q 'tbf .* dev pv.* root .*rate 10Mbit'
}

@test "without --net-rate there is nothing on the link" {
	start box
	[ -z "$(shape_of box)" ]
	inside box qdisc show dev eth0 | grep -q noqueue
	run ! grep tbf <(tc qdisc)
}

@test "create --net-rate: one way alone; inspect shows it" {
	paene create --name box --net-rate /3mbit "$image" sleep 1000 >/dev/null
	paene start box
	[ "$(shape_of box)" = "paene   3mbit" ]
	inside box qdisc show dev eth0 | grep -q 'rate 3Mbit'
	run ! grep tbf <(tc qdisc)
	run paene inspect box
	[ "$(jq -r '.[0].NetworkSettings.Networks.paene.Shape[0] | "\(.RateIn) \(.RateOut)"' <<<"$output")" = " 3mbit" ]
}

@test "--net-rate: what is no rate, and where there is no network to have one" {
	for rate in fast "" 10 -1mbit 1mbit/2mbit/3mbit; do
		run paene run --rm --net-rate "$rate" "$image" true
		expect_status 125
		expect_in_output "--net-rate: rate \"$rate\" is not a rate"
	done
	for network in none host; do
		run paene run --rm --network $network --net-rate 1mbit "$image" true
		expect_status 125
		expect_in_output "--net-rate needs a network of the container's own"
	done
	[ -z "$(paene ps -aq)" ]
}

@test "update --net-rate: at once, and for containers that do not run" {
	start box
	paene create --name later "$image" true >/dev/null
	paene update --net-rate 5mbit box later
	inside box qdisc show dev eth0 | grep -q 'rate 5Mbit'
	[ "$(shape_of later)" = "paene  5mbit 5mbit" ]
	paene update --net-rate 0 box
	[ -z "$(shape_of box)" ]
	inside box qdisc show dev eth0 | grep -q noqueue
	run paene update --net-rate quick box
	expect_status 1
	expect_in_output "is not a rate"
}

@test "network shape: rules for addresses, each with its own queue; what is not named stays" {
	start box --net-rate 10mbit
	paene network shape box --to 10.1.2.3/16 --to fd00::/8 --rate 1mbit
	paene network shape box --to 10.1.0.0/16 --rate 2mbit/
	[ "$(shape_of box)" = "$(printf '%s\n' 'paene 10.1.0.0/16 2mbit 1mbit' 'paene fd00::/8 1mbit 1mbit' 'paene  10mbit 10mbit')" ]
	[ "$(inside box qdisc show dev eth0 | grep -c 'rate 1Mbit')" = 2 ]
	[ "$(inside box filter show dev eth0 parent "$(inside box qdisc show dev eth0 | awk '$2 == "htb" { print $3 }')" | grep -c flowid)" = 3 ]
	paene network shape box --clear --to 10.1.0.0/16
	[ "$(shape_of box)" = "$(printf '%s\n' 'paene fd00::/8 1mbit 1mbit' 'paene  10mbit 10mbit')" ]
	paene network shape box --clear
	[ -z "$(shape_of box)" ]
	run ! grep -e tbf -e htb <(inside box qdisc; tc qdisc)
}

@test "network shape --network: one network of several" {
	paene network create one >/dev/null
	start box --network paene,one
	paene network shape box --network one --rate 4mbit
	[ "$(shape_of box)" = "one  4mbit 4mbit" ]
	inside box qdisc show dev eth1 | grep -q 'rate 4Mbit'
	inside box qdisc show dev eth0 | grep -q noqueue
	paene network shape box --rate 6mbit
	[ "$(shape_of box --network paene)" = "paene  6mbit 6mbit" ]
	[ "$(shape_of box | wc -l)" = 2 ]
	paene network disconnect one box
	paene network connect one box # as new
	[ "$(shape_of box)" = "paene  6mbit 6mbit" ]
}

@test "network shape: a container without it has an empty table" {
	start box
	run paene network shape box
	expect_status 0
	[ "${#lines[@]}" = 1 ]
	expect_in_output "NETWORK"
	[ "$(paene network shape box --format json)" = "[]" ]
}

@test "network shape: what is refused changes nothing" {
	start box --net-rate 10mbit
	refused 'rate "fast" is not a rate' --rate fast
	refused 'delay "80" is not a time' --delay 80
	refused 'loss "101%" is not a share' --loss 101%
	refused 'distribution "flat" is not' --delay 80ms±8ms --distribution flat
	refused 'distribution normal needs a delay that varies' --distribution normal --delay 80ms
	refused 'reorder needs a delay' --reorder 5%
	refused 'to "10.0.0.0/40" is not an address' --to 10.0.0.0/40 --rate 1mbit
	refused 'to "home" is not an address' --to home --rate 1mbit
	refused '--to says for whom' --to 10.0.0.0/8
	refused 'container box is not on network nosuch' --network nosuch --rate 1mbit
	run paene network shape nosuch --rate 1mbit
	expect_status 1
	expect_in_output "no such container"
	start bare --network none
	run paene network shape bare --rate 1mbit
	expect_status 1
	expect_in_output "has no network of its own"
}

@test "network shape: a kernel without netem is told so, and the link stays as it was" {
	! has_netem || skip "this kernel has netem"
	start box --net-rate 10mbit
	refused "sch_netem on link eth0: this kernel has no sch_netem; load it with \`modprobe sch_netem\`" --delay 80ms
	paene create --name later "$image" true >/dev/null
	paene network shape later --delay 80ms
	run paene start -a later
	expect_status 125
	expect_in_output "this kernel has no sch_netem"
	paene network shape later --clear
	paene start -a later
}

serve() { # serve NAME BYTES: a web server in it, with a file
	paene exec -d "$1" sh -c "mkdir /w; head -c $2 /dev/zero >/w/file; touch /w/ready; exec httpd -f -p 80 -h /w"
}

address_of() {
	paene inspect --format '{{.NetworkSettings.IPAddress}}' "$1"
}

takes_a_second() { # takes_a_second FROM TO: its file; what a link sends at once, and what is under way, saves a little
	local begin took
	wait_until 20 paene exec "$2" wget -q -O /dev/null "http://$(address_of "$1")/ready"
	begin=$(date +%s%N)
	paene exec "$2" wget -q -O /dev/null "http://$(address_of "$1")/file"
	took=$((($(date +%s%N) - begin) / 1000000))
	[ $took -ge 850 ] || fail "from $1 to $2: it took $took ms, and takes 1000"
}

@test "a rate holds, each way" {
	start server
	start box --net-rate 4mbit/2mbit
	serve server 500000
	serve box 250000
	takes_a_second server box
	takes_a_second box server
}
