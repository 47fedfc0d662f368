#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene push, to registries on the loopback; what they got is read back by skopeo.

load ../lib/common
load ../lib/registry

setup_file() {
	needs_root
	needs_program docker-registry skopeo
	make_image localhost/one:1 "$BATS_FILE_TMPDIR/one.tar"
	"$tests/lib/docker-archive" --layers 8 "$(busybox_rootfs)" localhost/eight:1 "$BATS_FILE_TMPDIR/eight.tar"
	registry_start plain
	echo "$REGISTRY" >"$BATS_FILE_TMPDIR/registry"
}

teardown_file() {
	registries_stop
}

setup() {
	needs_root
	REGISTRY=$(<"$BATS_FILE_TMPDIR/registry")
	LOG=$registries/plain/registry.out
	paene load -qi "$BATS_FILE_TMPDIR/one.tar" >/dev/null
	leak_check_before
}

teardown() {
	leak_check_after
	local id
	for id in $(paene images -q | sort -u); do
		paene rmi --force "$id" >/dev/null
	done
}

push() {
	paene push --tls-verify=false "$@"
}

asked() { # what the registry was asked since the last call, a line for each request
	local from
	from=$(cat "$BATS_TEST_TMPDIR/asked" 2>/dev/null || echo 0)
	tail -n "+$((from + 1))" "$LOG" | grep -oE '"(GET|HEAD|POST|PUT|PATCH) /v2/[^ ]+' | tr -d '"' || true
	wc -l <"$LOG" >"$BATS_TEST_TMPDIR/asked"
}

digest_there() { # digest_there NAME:TAG, as skopeo sees it
	skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/$1" | sha256sum | cut -d ' ' -f 1
}

@test "push: a loaded image; the digest is printed, and skopeo reads the same" {
	local digest
	digest=$(push localhost/one:1 "$REGISTRY/a/one:1" 2>"$BATS_TEST_TMPDIR/err")
	[ "$digest" = "sha256:$(digest_there a/one:1)" ]
	[ "$digest" = "$(paene images --digests --format '{{.Digest}}')" ]
	grep -qE '^[0-9a-f]{12}: sending ' "$BATS_TEST_TMPDIR/err"
	skopeo copy -q --insecure-policy --src-tls-verify=false "docker://$REGISTRY/a/one:1" "dir:$BATS_TEST_TMPDIR/dir"
	local blob
	for blob in "$BATS_TEST_TMPDIR"/dir/*; do
		case ${blob##*/} in
		manifest.json | version) ;;
		*) cmp "$blob" "$PAENE_DATA/images/blobs/sha256/${blob##*/}" ;;
		esac
	done
	run push -q --digestfile "$BATS_TEST_TMPDIR/digest" localhost/one:1 "docker://$REGISTRY/a/one:1"
	expect_output "$digest"
	[ "$(<"$BATS_TEST_TMPDIR/digest")" = "$digest" ]
}

@test "push: what was pulled, byte for byte, manifest included" {
	skopeo copy -q --insecure-policy --dest-tls-verify=false --format v2s2 "docker-archive:$BATS_FILE_TMPDIR/eight.tar" \
		"docker://$REGISTRY/b/docker:1"
	skopeo copy -q --insecure-policy --dest-tls-verify=false --format oci "docker-archive:$BATS_FILE_TMPDIR/eight.tar" \
		"docker://$REGISTRY/b/oci:1"
	local kind
	for kind in docker oci; do
		paene pull -q --tls-verify=false "$REGISTRY/b/$kind:1" >/dev/null
		push -q "$REGISTRY/b/$kind:1" "$REGISTRY/c/$kind:2" >/dev/null
		[ "$(digest_there "c/$kind:2")" = "$(digest_there "b/$kind:1")" ]
		paene rmi "$REGISTRY/b/$kind:1" >/dev/null
	done
}

@test "push: what is there is not sent; what another repository has is mounted" {
	push -q localhost/one:1 "$REGISTRY/d/one:1" >/dev/null
	asked >/dev/null
	push -q localhost/one:1 "$REGISTRY/d/one:2" >/dev/null
	run ! grep -q "POST\|PATCH\|PUT /v2/d/one/blobs" <(asked)
	paene tag localhost/one:1 "$REGISTRY/d/one:1" # a name there, which says who has the layer
	push -q localhost/one:1 "$REGISTRY/e/one:1" >/dev/null
	asked >"$BATS_TEST_TMPDIR/log"
	grep -qE 'POST /v2/e/one/blobs/uploads/\?mount=sha256.*from=d(/|%2[fF])one' "$BATS_TEST_TMPDIR/log"
	run ! grep -q "PATCH /v2/e/one" "$BATS_TEST_TMPDIR/log"
	[ "$(digest_there e/one:1)" = "$(digest_there d/one:1)" ]
	paene untag localhost/one:1 "$REGISTRY/d/one:1"
}

@test "push: where its own name says; all names of a repository" {
	paene tag localhost/one:1 "$REGISTRY/f/one:1" "$REGISTRY/f/one:2"
	push -q "$REGISTRY/f/one:1" >/dev/null
	[ "$(paene search --tls-verify=false --list-tags --format '{{.Tag}}' "$REGISTRY/f/one")" = 1 ]
	[ "$(push -q --all-tags "$REGISTRY/f/one" | wc -l)" = 2 ]
	[ "$(paene search --tls-verify=false --list-tags --format '{{.Tag}}' "$REGISTRY/f/one" | sort | tr '\n' ' ')" = "1 2 " ]
	run push --all-tags "$REGISTRY/f/one:1"
	expect_status 1
	run push --all-tags "$REGISTRY/f/nosuch"
	expect_status 1
	expect_in_output "no such image: $REGISTRY/f/nosuch"
	paene untag localhost/one:1 "$REGISTRY/f/one:1" "$REGISTRY/f/one:2"
}

@test "push: what is wrong is said in one line" {
	local id
	id=$(paene images -q)
	run push nosuch "$REGISTRY/g/x"
	expect_status 1
	expect_in_output "no such image: nosuch"
	run push "$id"
	expect_status 1
	expect_in_output "give a destination"
	run push -q "$id" "$REGISTRY/g/by-id:1"
	expect_status 0
	run push -q localhost/one:1 oci:x
	expect_status 1
	expect_in_output "names no registry"
	run push -q localhost/one:1 "$REGISTRY/g/x@sha256:$(printf '%064d' 1)"
	expect_status 1
	expect_in_output "the image's digest is sha256:"
	run push -q --retry 0 localhost/one:1 127.0.0.1:1/x
	expect_status 1
	expect_output "paene push: push 127.0.0.1:1/x:latest: 127.0.0.1:1: Connection refused"
	run push -q --digestfile /nosuch/file localhost/one:1 "$REGISTRY/g/x:1"
	expect_status 1
	expect_in_output "write the digest to /nosuch/file"
	run paene push -q localhost/one:1 "$REGISTRY/g/x:1" # no TLS there
	expect_status 1
}

@test "push and pull: names and passwords, tokens, TLS with an authority of one's own" {
	local kind
	for kind in htpasswd token; do
		registry_start "$kind" "--$kind" user:secret
		run push -q localhost/one:1 "$REGISTRY/h/one:1"
		expect_status 1
		run push -q --creds user:wrong localhost/one:1 "$REGISTRY/h/one:1"
		expect_status 1
		push -q --creds user:secret localhost/one:1 "$REGISTRY/h/one:1" >/dev/null
		run paene pull -q --tls-verify=false "$REGISTRY/h/one:1"
		expect_status 1
		paene pull -q --tls-verify=false --creds user:secret "$REGISTRY/h/one:1" >/dev/null
		printf '{"auths": {"%s": {"auth": "%s"}}}' "$REGISTRY" "$(printf user:secret | base64)" >"$BATS_TEST_TMPDIR/auth.json"
		paene pull -q --tls-verify=false --authfile "$BATS_TEST_TMPDIR/auth.json" "$REGISTRY/h/one:1" >/dev/null
		paene untag localhost/one:1 "$REGISTRY/h/one:1"
		registry_stop "$kind"
	done
	registry_start tls --tls
	run paene push -q localhost/one:1 "$REGISTRY/i/one:1"
	expect_status 1
	push -q localhost/one:1 "$REGISTRY/i/one:1" >/dev/null # any certificate
	registry_stop tls
}
