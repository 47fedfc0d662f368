# SPDX-License-Identifier: Apache-2.0
# The network of a user's containers: pasta, by default and by name; for root by name.
load ../lib/common
load ../lib/rootless

image=localhost/busybox:1

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	make_dev
	make_outside
	export outside
	paene load -i /run/paene-test/busybox.tar
	paene run -q --rm --network none "$image" true
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
	leak_check_after
}

serve() { # serve NAME OPTION…: a web server on port 80 that says who it is
	local name=$1
	shift
	paene run -q -d --name "$name" "$@" "$image" sh -c "mkdir /w; echo I am $name >/w/index.html; exec httpd -f -p 80 -h /w"
}

answers() { # answers URL TEXT
	[ "$(curl --silent --max-time 5 "$1")" = "$2" ]
}

# What is on port 80 outside, asked by a container of the options.
ask_outside() {
	paene run -q --rm "$@" "$image" wget -q -O - http://198.51.100.1/
}

@test "by default a container has a way out, addresses of the host, and its nameservers" {
	mkdir -p "$BATS_TEST_TMPDIR/w"
	echo outside >"$BATS_TEST_TMPDIR/w/index.html"
	nsenter --target "$outside" --net busybox httpd -f -p 80 -h "$BATS_TEST_TMPDIR/w" 3>&- &
	wait_until 5 eval '[ "$(ask_outside)" = outside ]'
	run ask_outside --network pasta
	expect_output outside
	kill $!
	run paene run -q --rm --add-host db:10.1.2.3 --hostname here "$image" sh -c 'ip -4 addr show out | grep -c 198.51.100.2
		head -n 1 /etc/resolv.conf; grep -c "127.0.0.1.*here" /etc/hosts; grep db /etc/hosts'
	expect_output $'1\nnameserver 169.254.1.1\n1\n10.1.2.3\tdb'
}

@test "published ports answer on all addresses, or on one; free ones are chosen and shown; they are free again at the end" {
	serve one -p 8080:80 -p 127.0.0.1::80 -p 9000-9001:80-81
	wait_until 5 answers http://127.0.0.1:8080/ "I am one"
	answers http://198.51.100.2:8080/ "I am one"
	answers http://127.0.0.1:9000/ "I am one"
	local chosen
	chosen=$(paene inspect -f '{{json .NetworkSettings.Ports}}' one | jq -r '.["80/tcp"][] | select(.HostIp == "127.0.0.1").HostPort')
	answers "http://127.0.0.1:$chosen/" "I am one"
	run answers "http://198.51.100.2:$chosen/" "I am one"
	expect_status 1
	paene restart -t 0 one
	wait_until 5 answers http://127.0.0.1:8080/ "I am one"
	paene rm -f one
	serve two -p 8080:80
	wait_until 5 answers http://127.0.0.1:8080/ "I am two"
}

@test "udp" {
	local pid server
	paene run -q -d --name one -p 5353:53/udp "$image" sleep 1000
	pid=$(paene inspect -f '{{.State.Pid}}' one)
	nsenter --target "$pid" --net nc -u -l -k -p 53 >"$BATS_TEST_TMPDIR/heard" 3>&- &
	server=$!
	heard() {
		echo word | nc -u -w 1 127.0.0.1 5353
		grep -q word "$BATS_TEST_TMPDIR/heard"
	}
	wait_until 5 heard
	kill $server
}

@test "the host's own services on loopback are out of reach" {
	busybox httpd -f -p 127.0.0.1:8099 -h /run 3>&- &
	wait_until 5 eval 'curl --silent --max-time 5 http://127.0.0.1:8099/ >/dev/null'
	for address in 127.0.0.1 198.51.100.1 169.254.1.1; do
		run paene run -q --rm "$image" nc -w 2 $address 8099
		expect_status 1
	done
	kill $!
}

@test "what cannot be had is said, and nothing is left of it" {
	serve one -p 8080:80
	run paene run -q --rm -p 8080:80 "$image" true
	expect_status 125
	expect_output "paene run: --network pasta: publish 8080:80/tcp: Address already in use"
	run paene run -q --rm -p 80:80 "$image" true
	expect_in_output "Permission denied; lower ports are root's, who can change that by \`sysctl net.ipv4.ip_unprivileged_port_start=80\`"
	run paene run -q --rm -p 8080:80/sctp "$image" true
	expect_in_output "not of sctp"
	run paene run -q --rm --network pasta:--nonsense "$image" true
	expect_in_output "pasta: unrecognized option '--nonsense'"
	run paene run -q --rm --network pasta --network none "$image" true
	expect_in_output "it excludes other networks"
	[ "$(paene ps -aq | wc -l)" = 1 ]
}

@test "pasta is not there" {
	mkdir /run/few
	cp /usr/bin/env /usr/bin/setpriv /run/few/
	run unshare --mount sh -c ". /dev/stdin; mount --bind /run/few /usr/bin; as_dev paene run --rm $image true" < <(
		echo "dev_id=$dev_id dev_home=$dev_home dev_run=$dev_run"; declare -f as_dev)
	rm -r /run/few
	expect_status 125
	expect_in_output "install the package passt, or use --network none or host"
}

@test "options of pasta's own" {
	run paene run -q --rm --network pasta:--ns-ifname,eth7,--mtu,1400 "$image" ip link show eth7
	expect_in_output "mtu 1400"
}

@test "its monitor is killed: the next command ends pasta, and the port is free" {
	serve one -p 8080:80
	wait_until 5 answers http://127.0.0.1:8080/ "I am one"
	pid=$(paene inspect -f '{{.State.Pid}}' one)
	monitor=$(sed -n 's/^PPid:\t//p' "/proc/$pid/status")
	[ "$(cat "/proc/$monitor/comm")" = paene-monitor ]
	kill -KILL "$monitor" "$pid"
	wait_until 5 eval '! paene ps | grep -q one'
	serve two -p 8080:80
	wait_until 5 answers http://127.0.0.1:8080/ "I am two"
	[ "$(ls $PAENE_RUN/containers | wc -l)" = 1 ]
}

@test "two containers in one network namespace; host's; none" {
	serve one -p 8080:80
	run paene run -q --rm --network container:one "$image" sh -c 'wget -q -O - http://127.0.0.1/; head -n 1 /etc/resolv.conf'
	expect_output $'I am one\nnameserver 169.254.1.1'
	run paene run -q --rm --network host "$image" ip -o link show out
	expect_in_output "out@"
	run paene run -q --rm --network none "$image" ls /sys/class/net
	expect_output lo
}

@test "root has it by name" {
	local data=$BATS_TEST_TMPDIR/data run=$BATS_TEST_TMPDIR/run
	root() {
		command paene --root "$data" --runroot "$run" "$@"
	}
	root load -q -i /run/paene-test/busybox.tar
	root run -q -d --name one --network pasta -p 8080:80 "$image" sh -c 'mkdir /w; echo root >/w/index.html; exec httpd -f -p 80 -h /w'
	wait_until 5 answers http://127.0.0.1:8080/ root
	root rm -f one
	rmdir /sys/fs/cgroup/paene
}
