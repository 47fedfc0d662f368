#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene load, images, tag, rmi, and inspect of images.

load ../lib/common

setup_file() {
	needs_root
	make_image localhost/one:1 "$BATS_FILE_TMPDIR/one.tar"
}

setup() {
	paene images >/dev/null # its folders are made
	leak_check_before
	paene load -qi "$BATS_FILE_TMPDIR/one.tar" >/dev/null
}

teardown() {
	paene rm -fa >/dev/null
	paene rmi -a >/dev/null
	leak_check_after
}

@test "load: a file, standard input, compressed" {
	run paene load -i "$BATS_FILE_TMPDIR/one.tar"
	expect_status 0
	expect_output "Loaded image: localhost/one:1"
	run paene load <"$BATS_FILE_TMPDIR/one.tar"
	expect_output "Loaded image: localhost/one:1"
	gzip -c "$BATS_FILE_TMPDIR/one.tar" >"$BATS_TEST_TMPDIR/one.tar.gz"
	run paene load --input "$BATS_TEST_TMPDIR/one.tar.gz" --quiet
	expect_output "Loaded image: localhost/one:1"
	run paene load -i - <"$BATS_TEST_TMPDIR/one.tar.gz"
	expect_status 0
}

@test "load: what is no archive, what is not there, a terminal" {
	needs_program python3
	run paene load -i "$BATS_TEST_TMPDIR/nope"
	expect_status 1
	expect_in_output "nope: No such file or directory"
	echo no archive >"$BATS_TEST_TMPDIR/text"
	run paene load -i "$BATS_TEST_TMPDIR/text"
	expect_status 1
	run python3 -c 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)' "$PAENE_BUILD/paene" --root "$PAENE_DATA" \
		--runroot "$PAENE_RUN" load </dev/null
	expect_status 1
	expect_in_output "standard input is a terminal"
}

@test "images: table, ids, digests, json, template" {
	run paene images
	[[ "${lines[0]}" =~ ^REPOSITORY\ +TAG\ +"IMAGE ID"\ +CREATED\ +SIZE$ ]]
	[[ "${lines[1]}" =~ ^localhost/one\ +1\ +[0-9a-f]{12}\ + ]]
	local id
	id=$(paene images -q --no-trunc)
	[[ "$id" =~ ^[0-9a-f]{64}$ ]]
	[ "$(paene images --quiet)" = "${id:0:12}" ]
	run paene images --digests
	[[ "${lines[0]}" == *DIGEST* ]]
	[[ "${lines[1]}" =~ sha256:[0-9a-f]{64} ]]
	[ "$(paene images --format json | jq -r '.[0].Id')" = "$id" ]
	[ "$(paene images --format '{{.Names}} {{.Os}}')" = "localhost/one:1 linux" ]
	run paene images --format nonsense
	expect_status 1
}

@test "tag: a further name; an existing one moves, and says so" {
	paene tag localhost/one:1 localhost/two:2 other
	[ "$(paene images | wc -l)" = 4 ]
	[ "$(paene images -q | wc -l)" = 1 ]
	run paene tag nosuch localhost/x:1
	expect_status 1
	expect_in_output "no such image: nosuch"
	run paene tag localhost/one:1 'not a name'
	expect_status 1
	make_image localhost/three:3 "$BATS_TEST_TMPDIR/three.tar" Env='["THREE=3"]'
	paene load -qi "$BATS_TEST_TMPDIR/three.tar"
	run paene tag localhost/three:3 localhost/one:1
	expect_status 0
	expect_in_output "warning: localhost/one:1 named another image before"
	paene rmi localhost/one:1 localhost/two:2 other localhost/three:3
}

@test "rmi: names, then the image; by id; what is in use" {
	paene tag localhost/one:1 localhost/two:2
	run paene rmi localhost/two:2
	expect_output "Untagged: localhost/two:2"
	paene create --name user --network none localhost/one:1 true >/dev/null
	run paene rmi localhost/one:1
	expect_status 1
	expect_in_output "in use by container user"
	paene rm user
	run paene rmi nosuch localhost/one:1
	expect_status 1
	expect_in_output "no such image: nosuch"
	expect_in_output "Untagged: localhost/one:1"
	expect_in_output "Deleted: sha256:"
	[ "$(paene images | wc -l)" = 1 ]
}

@test "rmi by id: with several names only by force" {
	paene tag localhost/one:1 localhost/two:2
	local id
	id=$(paene images -q)
	run paene rmi "$id"
	expect_status 1
	paene rmi -f "$id"
	[ -z "$(paene images -q)" ]
}

@test "inspect of an image" {
	local id
	id=$(paene images -q --no-trunc)
	[ "$(paene inspect localhost/one:1 | jq -r '.[0].Id')" = "$id" ]
	[ "$(paene inspect "${id:0:8}" --format '{{.RepoTags}}')" = localhost/one:1 ]
	[ "$(paene image inspect "$id" | jq -c '.[0] | [.RepoTags, .Config.ExposedPorts, .Config.Volumes, .History[0].created_by, .Comment]')" = \
		'[["localhost/one:1"],{},{},"tests/lib/docker-archive",""]' ]
	[[ "$(paene image inspect -f '{{.RepoDigests}}' "$id")" =~ ^localhost/one@sha256:[0-9a-f]{64}$ ]]
	[ -d "$(paene image inspect -f '{{.GraphDriver.LowerDirs}}' "$id")/bin" ]
	[ "$(paene inspect --type image "sha256:$id" | jq -r '.[0].RootFS.Layers | length')" -ge 1 ]
	[ "$(paene inspect -f '{{json .Config.Cmd}}' localhost/one:1)" = '["/bin/sh"]' ]
}

@test "what an image says is shown, not obeyed" {
	make_image localhost/evil:1 "$BATS_TEST_TMPDIR/evil.tar" 'Labels={"key\u001b[2J": "value\u202e\u009b"}' \
		'Cmd=["sh", "\u001b]0;title\u0007"]'
	paene load -qi "$BATS_TEST_TMPDIR/evil.tar"
	paene create --name evil --network none localhost/evil:1
	{
		paene images
		paene ps -a --no-trunc
		paene inspect evil localhost/evil:1
		paene inspect -f '{{.Config.Labels}} {{.Config.Cmd}}' evil
		paene ps -a --format '{{.Command}}'
	} >"$BATS_TEST_TMPDIR/shown"
	run ! env LC_ALL=C grep -q $'[\001-\010\013-\037\177]' "$BATS_TEST_TMPDIR/shown"
	run ! env LC_ALL=C grep -q $'\302\233\|\342\200\256' "$BATS_TEST_TMPDIR/shown"
	grep -q 'x1b\|u001B' "$BATS_TEST_TMPDIR/shown"
	paene rm evil >/dev/null
	paene rmi localhost/evil:1 >/dev/null
}

@test "completion proposes images and containers" {
	paene create --name finished --network none localhost/one:1 true >/dev/null
	complete() {
		paene complete -- "$@"
	}
	[ "$(complete run local)" = localhost/one:1 ]
	[ "$(complete start fin)" = finished ]
	[ "$(complete inspect "" | sort | tr '\n' ' ')" = "finished localhost/one:1 " ]
	paene rm finished >/dev/null
}
