#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Hostile registries, from their first answer to an image: D01, D02, D06 to D14, D16, D18. Names of repositories are faults of
# tests/registry/faults.py. Slowness, and how often something is tried again, are in unit/test_fetch_faults.c.
load lib
load ../lib/registry

setup_file() {
	needs_root
	needs_program paene-fetch openssl python3
	paene images >/dev/null # the folders are there
	faults_start http
	export HTTP=$REGISTRY HTTP_FOLDER=$registries/http
	registry_certificates
	faults_start https --tls "$REGISTRY_CERTS/server.pem" "$REGISTRY_CERTS/server.key"
	export HTTPS=$REGISTRY HTTPS_FOLDER=$registries/https REGISTRY_CERTS REGISTRY_CA
	private_etc
	mkdir -p "/etc/paene/certs.d/$HTTPS"
	cp "$REGISTRY_CA" "/etc/paene/certs.d/$HTTPS/ca.crt"
}

setup() {
	unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY REGISTRY_AUTH_FILE
	export HOME=$BATS_TEST_TMPDIR
	security_setup
}

teardown() {
	paene rmi -af >/dev/null
	find /etc/paene/certs.d -mindepth 1 -maxdepth 1 ! -name "$HTTPS" -exec rm -r {} +
	security_teardown
}

teardown_file() {
	registries_stop
}

from() { # from http|https REPOSITORY [OPTION…]: pull it, with a password that nobody else may see
	local host=$HTTP tls=--tls-verify=false
	[ "$1" = http ] || host=$HTTPS tls=--tls-verify=true
	run paene pull -q "$tls" --retry 0 --creds me:secret "${@:3}" "$host/$2"
}

expect_nothing_here() {
	[ -z "$(paene images -aq)" ] || fail "an image is here" "$(paene images -a)"
	[ -z "$(find "$PAENE_DATA/images/"{blobs,layers,tmp,records} -mindepth 1 ! -name sha256)" ] ||
		fail "left in the store" "$(find "$PAENE_DATA/images")"
}

refuses() { # refuses http|https WORDS REPOSITORY…: each, with these words, and nothing of it is left
	local scheme=$1 words=$2 repository
	shift 2
	for repository; do
		from "$scheme" "$repository:1"
		[ "$status" = 1 ] || fail "$repository: status $status" "$output"
		expect_in_output "$words"
		[[ "$output" != *secret* ]] || fail "the password came out" "$output"
		[ "${#lines[@]}" = 1 ] || fail "$repository: more than a line" "$output"
		expect_nothing_here
	done
}

asked() { # asked FOLDER/LOG WORDS: the requests of which these are a part
	grep -F -- "$2" "$1" || true
}

@test "D01: blobs that are not what they should be" {
	refuses http "what came has the digest sha256:" wrong
	refuses http "shorter than" short short-chunked
	refuses http "longer than" long
	refuses http "reset by peer" reset-often
	# other bytes, once it has broken
	run paene pull -q --tls-verify=false --retry 1 "$HTTP/changed:1"
	expect_status 1
	expect_in_output "what came has the digest sha256:"
	expect_nothing_here
	run paene pull -q --tls-verify=false --retry 1 "$HTTP/reset:1"
	expect_status 0
}

@test "D02: a blob without end is read to its size" {
	local size
	size=$(jq .layer.size "$HTTP_FOLDER/image.json")
	refuses http "longer than the $size bytes" endless
	[ "${output##* }" -le $((size + 65536)) ] || fail "$output"
}

@test "D06: a manifest of 200 megabytes" {
	refuses http "more than 4194304 bytes" manifest-huge
	run paene_peak pull -q --tls-verify=false "$HTTP/manifest-huge:1"
	expect_in_output "more than 4194304 bytes"
	expect_peak $((24 << 10))
}

@test "D07: addresses in a manifest are not followed" {
	from http urls:1
	[ "$status" != 0 ] || fail "$output"
	expect_nothing_here
	[ -z "$(asked "$HTTP_FOLDER/elsewhere.log" '?urls')" ] || fail "asked"
}

@test "D08: token servers that are not to be trusted" {
	refuses https "at an http address" auth-plain auth-host
	refuses http "at an http address" auth-host
	refuses https "neither http nor https" auth-file
	refuses https "not followed" auth-redirect
	refuses https "more than 1048576 bytes" auth-huge
	refuses https "sent no token" auth-newline
	refuses https "access denied" auth-never
	[ -z "$(asked "$HTTPS_FOLDER/elsewhere.log" auth-plain)" ] || fail "asked"
	from https auth-token:1
	expect_status 0
}

@test "D09: redirects" {
	local layer
	layer=$(jq -r .layer.digest "$HTTP_FOLDER/image.json")
	refuses http "more than 5 times" loop
	refuses http "without a usable address" growing nowhere
	refuses http "neither http nor https" file
	refuses http "link-local" link-local
	refuses http "access denied" elsewhere-401
	refuses https "from https to http" downgrade
	[ -z "$(asked "$HTTPS_FOLDER/elsewhere.log" /downgrade/)" ] || fail "asked"
	# the one that is followed takes no credentials along
	from http auth-elsewhere:1
	expect_status 0
	[ -n "$(asked "$HTTP_FOLDER/log" auth-elsewhere/blobs | grep Authorization)" ] || fail "the registry has not asked"
	[ -n "$(asked "$HTTP_FOLDER/elsewhere.log" "/v2/good/blobs/sha256:$layer")" ] || fail "the storage was not asked"
	[ -z "$(asked "$HTTP_FOLDER/elsewhere.log" "/v2/good/" | grep Authorization)" ] || fail "credentials have gone there"
}

@test "D10: certificates" {
	local name host
	for name in stranger elsewhere expired; do
		registry_start "$name" --certificate $name
		host=$REGISTRY
		mkdir -p "/etc/paene/certs.d/$host"
		[ $name = stranger ] || cp "$REGISTRY_CA" "/etc/paene/certs.d/$host/ca.crt"
		run paene pull -q "$host/x:1"
		expect_status 1
		[[ "$output" == *certificate* ]] || fail "$name: $output"
		# and whoever says so is let in
		run paene pull -q --tls-verify=false "$host/x:1"
		expect_in_output "manifest unknown"
		# which says nothing of others
		run paene pull -q "$HTTP/good:1"
		expect_in_output "does not speak TLS"
		registry_stop "$name"
	done
	# a protocol of yesteryear
	faults_start old --tls "$REGISTRY_CERTS/server.pem" "$REGISTRY_CERTS/server.key" --old-tls
	curl -sf --cacert "$REGISTRY_CA" --tls-max 1.0 --ciphers DEFAULT@SECLEVEL=0 "https://$REGISTRY/v2/" || skip "curl has no TLS 1.0"
	run paene pull -q --tls-verify=false --retry 0 --creds me:secret "$REGISTRY/good:1"
	expect_status 1
	registry_stop old
	[ -z "$(asked "$FAULTS_LOG" manifests)" ] || fail "asked"
}

@test "D11: by digest, nothing else" {
	local digest
	digest=$(jq -r .manifest.digest "$HTTP_FOLDER/image.json")
	from http "manifest-wrong@sha256:$digest"
	expect_status 1
	expect_in_output "expected sha256:$digest"
	expect_nothing_here
	refuses http "expected sha256:0000" manifest-lies
	from http "good@sha256:$digest"
	expect_status 0
}

@test "D12: heads that are none" {
	refuses http "too long" headers
	refuses http "headers without end" headers-endless continue
	refuses http "" garbage bad-chunk
	local repository
	for repository in headers headers-endless continue; do
		run paene_peak pull -q --tls-verify=false "$HTTP/$repository:1"
		expect_peak $((24 << 10))
	done
}

@test "D14: a registry that is busy for ever" {
	refuses http "too many requests" busy-long
	refuses http "HTTP status 503" always-503
}

@test "D17: words of a registry" {
	refuses http 'no \x1b[31m way\x0a\u202e!' forbidden
}

@test "D18: proxies, and who needs none" {
	export http_proxy=http://me:PROXYSECRET@127.0.0.1:1
	run paene pull -q --tls-verify=false --retry 0 "$HTTP/good:1"
	expect_status 1
	expect_not_in_output PROXYSECRET
	expect_in_output "proxy"
	expect_nothing_here
	export no_proxy=example.org,127.0.0.1
	run paene pull -q --tls-verify=false --retry 0 "$HTTP/good:1"
	expect_status 0
}
