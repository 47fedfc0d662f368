# SPDX-License-Identifier: Apache-2.0
# Slow and unreliable links, measured: what is asked against what is seen. Times are the guest's own; delays are long, because it is
# emulated. Bounds are such that a link which is not shaped, or only one way, is outside of them.
load ../lib/common

image=localhost/busybox:1

setup_file() {
	type -P paene >/dev/null || return 0
	load_busybox
}

setup() {
	needs_program paene
	paene network create --ipv6 net >/dev/null
	start box
}

teardown() {
	paene rm -f -a >/dev/null
	paene network rm net >/dev/null
}

start() {
	paene run -dq --name "$1" --network net "$image" sleep 100000 >/dev/null
}

address_of() { # address_of NAME [KEY]
	paene inspect "$1" | jq -r ".[0].NetworkSettings.Networks.net.${2:-IPAddress}"
}

in_box() {
	nsenter --net --target "$(paene inspect --format '{{.State.Pid}}' box)" "$@"
}

pings() { # pings ADDRESS OPTION…: from the host, or where $from is; sets sent, received, duplicates, min, avg, max, mdev (ms)
	local address=$1 out
	shift
	out=$(${from-} ping -n -q -W 20 "$@" "$address") || true
	echo "$out"
	sent=$(sed -n 's/ packets transmitted.*//p' <<<"$out")
	received=$(sed -n 's/.*transmitted, \([0-9]*\) received.*/\1/p' <<<"$out")
	duplicates=$(sed -n 's/.*+\([0-9]*\) duplicates.*/\1/p' <<<"$out")
	IFS=/ read -r min avg max mdev < <(sed -n 's/\.[0-9]*//g; s/.*= \(.*\) ms.*/\1/p' <<<"$out") || true
}

between() { # between LOW VALUE HIGH
	[ "$1" -le "$2" ] && [ "$2" -le "$3" ] || fail "$2 is not from $1 to $3"
}

@test "delay: each way, from the start on, and after a restart" {
	pings "$(address_of box)" -c 5
	between 0 "$min" 400
	paene network shape box --delay 500ms
	pings "$(address_of box)" -c 5
	between 1000 "$min" 1400
	paene restart -t 0 box
	pings "$(address_of box)" -c 5
	between 1000 "$min" 1400
	paene network shape box --clear
	pings "$(address_of box)" -c 5
	between 0 "$min" 400
}

@test "delay that varies, evenly and normally" {
	paene network shape box --delay 1s±500ms
	pings "$(address_of box)" -i 0.2 -c 60
	between 1600 "$avg" 2600
	between 200 "$mdev" 800 # 408
	between 1000 "$min" 1800
	[ "$max" -ge 2200 ]
	paene network shape box --delay 1s+-200ms --distribution normal
	pings "$(address_of box)" -i 0.2 -c 60
	between 1700 "$avg" 2500
	between 150 "$mdev" 600 # 283; even jitter: 163
	paene network shape box --delay 1s --distribution uniform
	pings "$(address_of box)" -c 10
	between 0 "$mdev" 140
}

@test "loss" {
	pings "$(address_of box)" -i 0.02 -c 400
	[ "$received" = 400 ]
	paene network shape box --loss 20%
	pings "$(address_of box)" -i 0.02 -c 400
	between 196 "$received" 316 # 256, and six standard deviations; one way alone: 320
}

@test "duplicate, corrupt" {
	paene network shape box --duplicate 50%
	pings "$(address_of box)" -i 0.05 -c 200
	between 160 "$duplicates" 350 # 250; one way alone: 100
	paene network shape box --duplicate 0 --corrupt 30%
	pings "$(address_of box)" -i 0.05 -c 200
	between 55 "$received" 139 # 98, where each wrong bit is noticed; one way alone: 140
}

@test "reorder" {
	paene network shape box --delay 500ms --reorder 50%
	pings "$(address_of box)" -i 0.2 -c 40
	between 0 "$min" 400
	[ "$max" -ge 1000 ]
	between 300 "$avg" 800 # half of the packets, each way
}

transfer() { # transfer FROM TO: $took is how many milliseconds its file takes
	local begin
	wait_until 60 paene exec "$2" wget -q -O /dev/null "http://$(address_of "$1")/ready"
	begin=$(date +%s%N)
	paene exec "$2" wget -q -O /dev/null "http://$(address_of "$1")/file"
	took=$((($(date +%s%N) - begin) / 1000000))
	echo "$1 to $2: $took ms"
}

@test "rate, each way" {
	start server
	for name in box server; do
		paene exec -d $name sh -c 'mkdir /w; head -c 400000 /dev/zero >/w/file; touch /w/ready; exec httpd -f -p 80 -h /w'
	done
	transfer server box
	between 0 "$took" 5000
	transfer box server
	between 0 "$took" 5000
	paene network shape box --rate 400kbit/200kbit
	transfer server box
	between 7000 "$took" 13000 # 8000, and headers; starting exec and wget
	transfer box server
	between 14000 "$took" 22000 # 16000
	paene network shape box --clear
	paene network shape box --rate 400kbit/ --delay 100ms # both on one end
	transfer server box
	between 7000 "$took" 14000
	transfer box server
	between 0 "$took" 6000
}

@test "--to: these addresses alone, of both families" {
	start near
	start far
	paene network shape box --to "$(address_of far)" --to "$(address_of far GlobalIPv6Address)" --delay 500ms
	from=in_box
	pings "$(address_of far)" -c 4
	between 1000 "$min" 1500
	pings "$(address_of near)" -c 4
	between 0 "$min" 400
	pings "$(address_of far GlobalIPv6Address)" -c 4
	between 1000 "$min" 1500
	pings "$(address_of near GlobalIPv6Address)" -c 4
	between 0 "$min" 400
	paene network shape box --delay 250ms # all others
	pings "$(address_of near)" -c 4
	between 500 "$min" 900
	pings "$(address_of far)" -c 4
	between 1000 "$min" 1500
}

@test "changes while packets are under way: none is lost, and none gets past" {
	paene network shape box --delay 500ms
	pings "$(address_of box)" -i 0.1 -c 200 >"$BATS_TEST_TMPDIR/values" &
	for delay in 600 500 700 500 600 500; do
		paene network shape box --delay ${delay}ms
	done
	wait $!
	cat "$BATS_TEST_TMPDIR/values"
	grep -q ', 200 received' "$BATS_TEST_TMPDIR/values"
	grep -q 'min/.* = 1[0-9][0-9][0-9]\.' "$BATS_TEST_TMPDIR/values"
	pings "$(address_of box)" -i 0.1 -c 200 >"$BATS_TEST_TMPDIR/rules" &
	for i in 1 2 3; do # another tree each time
		paene network shape box --to "10.$i.0.0/16" --delay 1s --rate 1mbit
		paene network shape box --rate ${i}0mbit
	done
	wait $!
	cat "$BATS_TEST_TMPDIR/rules"
	grep -q 'min/.* = 1[0-9][0-9][0-9]\.' "$BATS_TEST_TMPDIR/rules"
}
