# SPDX-License-Identifier: Apache-2.0
# paene's networks beside docker's and podman's on the same machine: ports of each answer, and nobody takes another's rules.
load ../lib/common

image=localhost/busybox:1
serve=(httpd -f -p 80 -h /etc)

setup_file() {
	needs_program docker podman nft paene
	make_image $image "$BATS_FILE_TMPDIR/busybox.tar"
	paene load -q -i "$BATS_FILE_TMPDIR/busybox.tar"
	podman load --quiet --input "$BATS_FILE_TMPDIR/busybox.tar"
	paene run -dq --name first -p 8080:80 $image "${serve[@]}"
	# somebody outside: a namespace behind a router's leg of ours
	ip netns add outside
	ip link add leg type veth peer name eth0 netns outside
	ip address add 192.0.2.1/24 dev leg
	ip link set leg up
	ip -n outside address add 192.0.2.2/24 dev eth0
	ip -n outside link set eth0 up
	wait_until 60 answers 8080 # before docker comes
	systemctl start docker
	docker load --quiet --input "$BATS_FILE_TMPDIR/busybox.tar"
	docker run -d --name docker -p 8082:80 $image "${serve[@]}"
	podman run -d --name podman -p 8083:80 $image "${serve[@]}"
}

teardown_file() {
	docker rm --force docker
	podman rm --force --time 0 podman
	paene rm --force -t 0 --all
	systemctl stop docker.socket docker containerd
	ip netns delete outside
	nft flush ruleset
}

answers() { # answers PORT: to somebody outside
	ip netns exec outside curl --silent --max-time 60 --output /dev/null "http://192.0.2.1:$1/hostname"
}

foreign() { # rules that are not ours, with their handles
	nft --stateless --handle list ruleset | awk '/^table/ { ours = $3 == "paene" } !ours'
}

@test "the ports of docker and podman answer beside ours" {
	wait_until 60 answers 8082
	wait_until 60 answers 8083
}

@test "our port answers when docker's policy lets what is forwarded pass, and from this host in any case" {
	wait_until 60 curl --silent --max-time 60 --output /dev/null http://192.0.2.1:8080/hostname
	iptables -I DOCKER-USER -o paene0 -j ACCEPT
	iptables -I DOCKER-USER -i paene0 -j ACCEPT
	wait_until 60 answers 8080
}

@test "coming, going and reloading change none of their rules" {
	local before
	before=$(foreign)
	paene run -q --rm -p 8081:80 $image true
	paene network create other
	paene run -q --rm --network other $image true
	paene network rm other
	paene network reload
	[ "$(foreign)" = "$before" ] || fail "$(diff <(echo "$before") <(foreign))"
	answers 8082
	answers 8083
}

@test "a port that docker or podman has published is in use" {
	local port
	for port in 8082 8083; do
		run paene run -q --rm -p $port:80 $image true
		expect_status 125
		expect_in_output $port
	done
}

@test "their networks and ours do not overlap" {
	run ip -4 -brief address
	[ "$(ip -4 -json route | jq -r '.[].dst' | grep -v default | sort | uniq -d)" = "" ] || fail "$output"
}
