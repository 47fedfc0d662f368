#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene-fetch between paene and a registry: lines that break at any byte, names of hosts, HTTP/2, client certificates, a full disk.
load ../lib/common
load ../lib/registry

setup_file() {
	needs_root
	needs_program paene-fetch skopeo
	private_etc
	mkdir -p /etc/paene/certs.d
	# a layer whose bytes do not compress: offsets mean something
	mkdir "$BATS_FILE_TMPDIR/rootfs"
	head -c 2000000 /dev/urandom >"$BATS_FILE_TMPDIR/rootfs/data"
	"$tests/lib/docker-archive" "$BATS_FILE_TMPDIR/rootfs" localhost/data:1 "$BATS_FILE_TMPDIR/data.tar"
	registry_start plain
	export PLAIN=$REGISTRY
	registry_start tls --tls
	export TLS=$REGISTRY REGISTRY_CA
	local to
	for to in "$PLAIN" "$TLS"; do
		skopeo --insecure-policy copy -q --dest-tls-verify=false "docker-archive:$BATS_FILE_TMPDIR/data.tar" "docker://$to/data:1"
	done
}

setup() {
	needs_root
	unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY REGISTRY_AUTH_FILE
	export HOME=$BATS_TEST_TMPDIR PAENE_DATA=$BATS_TEST_TMPDIR/data
}

teardown_file() {
	registries_stop
}

trust() { # trust HOST: its certificates are those of the tests' authority
	mkdir -p "/etc/paene/certs.d/$1"
	cp "$REGISTRY_CA" "/etc/paene/certs.d/$1/ca.crt"
}

# What came is what was sent.
expect_data() { # expect_data NAME
	paene save -o "$BATS_TEST_TMPDIR/saved.tar" "$1"
	rm -rf "$BATS_TEST_TMPDIR/unpacked"
	skopeo --insecure-policy copy -q "docker-archive:$BATS_TEST_TMPDIR/saved.tar" "oci:$BATS_TEST_TMPDIR/saved:1"
	umoci raw unpack $([ "$(id -u)" = 0 ] || echo --rootless) --image "$BATS_TEST_TMPDIR/saved:1" "$BATS_TEST_TMPDIR/unpacked"
	cmp "$BATS_FILE_TMPDIR/rootfs/data" "$BATS_TEST_TMPDIR/unpacked/data"
	rm -rf "$BATS_TEST_TMPDIR"/{saved,saved.tar,unpacked}
}

forget_all() {
	paene rmi -af >/dev/null
}

@test "a line that breaks at any byte" {
	local after
	for after in 1 100 700 1500 30000 500000 1000000 1900000; do
		REGISTRY=$PLAIN
		line_start "cut$after" --after $after
		run paene pull -q --tls-verify=false "$REGISTRY/data:1"
		[ "$status" = 0 ] || fail "after $after bytes: $output"
		[ -s "$LINE_LOG" ] || fail "it was not cut after $after bytes"
		expect_data "$REGISTRY/data:1"
		forget_all
		registry_stop "cut$after"
	done
}

@test "a line that breaks again and again, with TLS" {
	REGISTRY=$TLS
	line_start often --after 300000 --times 6
	trust "$REGISTRY"
	run paene pull -q "$REGISTRY/data:1"
	expect_status 0
	[ "$(wc -l <"$LINE_LOG")" = 6 ] || fail "cut $(wc -l <"$LINE_LOG") times"
	expect_data "$REGISTRY/data:1"
}

@test "a line that never brings enough" {
	REGISTRY=$PLAIN
	line_start never --after 3000 --times 1000
	run paene pull -q --tls-verify=false --retry 2 "$REGISTRY/data:1"
	expect_status 1
	expect_in_output "tried 3 times"
	[ -z "$(ls "$PAENE_DATA/images/tmp")" ] || fail "$(ls "$PAENE_DATA/images/tmp")"
	[ -z "$(paene images -q)" ] || fail "$(paene images)"
}

@test "an upload over a line that breaks" {
	local after
	paene load -qi "$BATS_FILE_TMPDIR/data.tar"
	for after in 100 1000 20000 1000000; do
		registry_start "up$after"
		line_start "line$after" --after $after --up --times 2
		run paene push -q --tls-verify=false localhost/data:1 "$REGISTRY/sent:1"
		[ "$status" = 0 ] || fail "after $after bytes: $output"
		[ -s "$LINE_LOG" ] || fail "it was not cut after $after bytes"
		run paene pull -q --tls-verify=false "$REGISTRY/sent:1"
		expect_status 0
		expect_data "$REGISTRY/sent:1"
		paene rmi "$REGISTRY/sent:1" >/dev/null
		registry_stop "up$after"
		registry_stop "line$after"
	done
}

@test "names of hosts: a name server, the file of hosts, neither" {
	mkdir -p "$registries/names"
	registry_process "$registries/names" names "$tests/registry/names.py" --folder "$registries/names" registry.test other.test
	wait_until 20 test -e "$registries/names/ready"
	echo 'nameserver 127.0.0.1' >/etc/resolv.conf.new
	mv /etc/resolv.conf.new /etc/resolv.conf
	printf '127.0.0.1 localhost\n127.0.0.1 of-hosts.test\n' >/etc/hosts.new
	mv /etc/hosts.new /etc/hosts
	run paene pull -q --tls-verify=false "registry.test:${PLAIN##*:}/data:1"
	expect_status 0
	grep -q '^registry.test ' "$registries/names/log"
	run paene pull -q --tls-verify=false "of-hosts.test:${PLAIN##*:}/data:1"
	expect_status 0
	run grep -q of-hosts "$registries/names/log"
	expect_status 1
	run paene pull -q --tls-verify=false "unknown.test:${PLAIN##*:}/data:1"
	expect_status 1
	expect_in_output "Could not resolve host: unknown.test"
	# a certificate is for a name: this one for localhost alone
	trust "other.test:${TLS##*:}"
	run paene pull -q "other.test:${TLS##*:}/data:1"
	expect_status 1
	expect_in_output "certificate"
	trust "localhost:${TLS##*:}"
	run paene pull -q "localhost:${TLS##*:}/data:1"
	expect_status 0
}

@test "a registry that knows its clients by their certificates" {
	needs_program nghttpx
	local port certificates=$registries/certificates folder=$registries/client
	port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
	mkdir -p "$folder"
	registry_process "$folder" nghttpx nghttpx --conf=/dev/null --frontend="127.0.0.1,$port" --backend="127.0.0.1,${PLAIN##*:}" \
		--verify-client --verify-client-cacert="$REGISTRY_CA" --workers=1 --accesslog-file="$folder/log" \
		--accesslog-format='$alpn $status' "$certificates/server.key" "$certificates/server.pem"
	wait_until 20 nc -z 127.0.0.1 "$port"
	trust "127.0.0.1:$port"
	run paene pull -q --retry 0 "127.0.0.1:$port/data:1"
	expect_status 1
	cp "$certificates/client.pem" "/etc/paene/certs.d/127.0.0.1:$port/client.cert"
	cp "$certificates/client.key" "/etc/paene/certs.d/127.0.0.1:$port/client.key"
	run paene pull -q "127.0.0.1:$port/data:1"
	expect_status 0
	expect_data "127.0.0.1:$port/data:1"
	grep -q '^h2 200' "$folder/log"
}

@test "a disk that is full" {
	export PAENE_DATA=$BATS_TEST_TMPDIR/small
	mkdir "$PAENE_DATA"
	mount -t tmpfs -o size=1m,mode=700 small "$PAENE_DATA"
	run paene pull -q --tls-verify=false "$PLAIN/data:1"
	expect_status 1
	expect_in_output "No space left on device"
	[ -z "$(find "$PAENE_DATA/images/"{tmp,blobs,layers,records} -mindepth 1 ! -name sha256)" ] || fail "$(find "$PAENE_DATA")"
	umount "$PAENE_DATA"
}
