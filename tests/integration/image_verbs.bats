#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene history, untag, image and its verbs, filters and orders of images, stores that are only read.

load ../lib/common
load ../lib/registry

setup_file() {
	needs_root
	make_image localhost/one:1 "$BATS_FILE_TMPDIR/one.tar" 'Labels={"kind":"a"}'
	make_image localhost/two:2 "$BATS_FILE_TMPDIR/two.tar" 'Labels={"kind":"b","more":"c"}'
}

teardown_file() {
	registries_stop
}

setup() {
	paene load -qi "$BATS_FILE_TMPDIR/one.tar" >/dev/null
	paene load -qi "$BATS_FILE_TMPDIR/two.tar" >/dev/null
}

teardown() {
	paene rm -fa >/dev/null
	paene rmi -a >/dev/null
	[ "$(find "$PAENE_DATA/images" | wc -l)" = 7 ] || fail "left: $(find "$PAENE_DATA/images")"
}

@test "history: the steps, the last one first; table, ids, json, template" {
	run paene history one:1
	expect_status 0
	[[ "${lines[0]}" =~ ^ID\ +CREATED\ +"CREATED BY"\ +SIZE\ +COMMENT$ ]]
	[[ "${lines[1]}" =~ ^[0-9a-f]{12}\ .*\ years\ ago\ +tests/lib/docker-archive\ .*MB ]]
	local id
	id=$(paene images --no-trunc -q one)
	[ "$(paene history -q --no-trunc one:1)" = "$id" ]
	[ "$(paene history --format json one:1 | jq -r '.[0] | [.id, .CreatedBy, .tags[0]] | join(" ")')" = \
		"$id tests/lib/docker-archive localhost/one:1" ]
	[ "$(paene history --format '{{.CreatedBy}} {{.Tags}}' one:1)" = "tests/lib/docker-archive localhost/one:1" ]
	run paene history --human=false one:1
	expect_in_output " 1970-01-01T00:00:00Z "
	run paene history nope
	expect_status 1
	expect_in_output "no such image: nope"
	run paene history --format nonsense one:1
	expect_status 1
}

@test "image tree: the layers, and which names end where" {
	"$tests/lib/docker-archive" --layers 3 "$(busybox_rootfs)" localhost/three:3 "$BATS_TEST_TMPDIR/three.tar"
	paene load -qi "$BATS_TEST_TMPDIR/three.tar"
	run paene image tree three:3
	expect_status 0
	[ "${lines[1]}" = "Tags:     [localhost/three:3]" ]
	[[ "${lines[4]}" =~ ^├──\ ID:\ [0-9a-f]{12}\ Size:\ .*\ Top\ Layer\ of:\ .*localhost/one:1 ]]
	[[ "${lines[5]}" =~ ^├──\ ID:\ [0-9a-f]{12}\ Size:\ [0-9.]+\ k?B$ ]]
	[[ "${lines[6]}" =~ ^└──.*\ Top\ Layer\ of:\ \[localhost/three:3\]$ ]]
	run paene image tree nope
	expect_status 1
}

@test "untag: a name, several, all; the image stays" {
	local id
	id=$(paene images -q one)
	paene tag one:1 a b c
	run paene untag one:1 a two:2
	expect_status 1
	expect_in_output "two:2 is no name of image $id"
	run paene images --filter "id=$id" --format '{{.Repository}}'
	expect_output "$(printf '%s\n' docker.io/library/b docker.io/library/c localhost/one)"
	paene untag "$id" b
	paene untag one:1
	[ "$(paene images --filter dangling=true -q)" = "$id" ]
	paene untag "$id"
	run paene untag one:1
	expect_status 1
	expect_in_output "no such image: one:1"
	paene tag "$id" one:1
}

@test "images: filters, of which a wrong one is an error" {
	[ "$(paene images --filter label=kind -q | wc -l)" = 2 ]
	[ "$(paene images --filter label=kind=a --format '{{.Names}}')" = localhost/one:1 ]
	[ "$(paene images --filter 'label!=more' --format '{{.Names}}')" = localhost/one:1 ]
	[ "$(paene images --filter label=kind --filter label=more --format '{{.Names}}')" = localhost/two:2 ]
	[ "$(paene images --filter reference='o*' --format '{{.Tag}}')" = 1 ]
	[ "$(paene images --filter reference='o*' --filter reference=localhost/two -q | wc -l)" = 2 ]
	[ "$(paene images two:2 --format '{{.Repository}}')" = localhost/two ]
	[ "$(paene images 'two:*' -q | wc -l)" = 1 ]
	[ "$(paene images nosuch -q | wc -l)" = 0 ]
	[ "$(paene images --filter until=2000-01-01 -q | wc -l)" = 2 ]
	[ "$(paene images --filter until=1970-01-01T00:00:00Z -q | wc -l)" = 0 ]
	[ "$(paene images --filter before=one:1 -q | wc -l)" = 0 ]
	[ "$(paene images --filter since=one:1 -q | wc -l)" = 0 ]
	[ "$(paene images --filter readonly=false --filter dangling=false -q | wc -l)" = 2 ]
	run paene images --filter since=nope
	expect_status 1
	expect_in_output "--filter since=nope: no such image: nope"
	run paene images --filter colour=red
	expect_status 1
	expect_in_output "it is dangling=, reference="
	run paene images --filter dangling=perhaps
	expect_status 1
	expect_in_output "true or false"
}

@test "images: orders, no titles, and containers in json" {
	[ "$(paene images --sort repository --format '{{.Repository}}' | head -n 1)" = localhost/one ]
	[ "$(paene images --sort tag --format '{{.Tag}}' | tail -n 1)" = 2 ]
	[ "$(paene images --sort id -q)" = "$(paene images -q | sort)" ]
	run paene images --sort weight
	expect_status 1
	run paene images --noheading
	[ "${#lines[@]}" = 2 ]
	paene create --network none one:1 >/dev/null
	[ "$(paene images --format json one | jq -r '.[0] | [.Containers, .Dangling, .ReadOnly] | join(" ")')" = "1 false false" ]
}

@test "image: the same verbs; ls, rm, inspect, exists" {
	[ "$(paene image ls -q)" = "$(paene images -q)" ]
	[ "$(paene image inspect -f '{{.Os}}' one:1)" = linux ]
	run paene image inspect nope
	expect_status 1
	paene image tag one:1 three:3
	run paene image rm three:3
	expect_output "Untagged: docker.io/library/three:3"
	paene image exists one:1
	run paene image exists nope
	expect_status 1
	expect_output ""
	run paene image exists 'No Name'
	expect_status 125
}

@test "image prune: what has no name, and with -a no container; asks first" {
	local id
	id=$(paene images -q --no-trunc one)
	paene tag one:1 other
	paene untag one:1
	run paene image prune <<<n
	expect_status 0
	expect_in_output "WARNING! This command removes all dangling images."
	[ "$(paene images -q | wc -l)" = 2 ]
	paene create --name user --network none "$id" >/dev/null
	run paene image prune -f
	expect_output ""
	paene rm user
	run paene image prune -f --filter label=kind=b
	expect_output ""
	run paene image prune <<<y
	expect_in_output "$id"
	run paene image prune -a -f --filter until=1970-01-01T00:00:00Z
	expect_output ""
	run paene image prune -a -f
	expect_status 0
	[ "$(paene images -q | wc -l)" = 0 ]
}

@test "rmi: all of them, those that are not there" {
	paene create --name user --network none one:1 >/dev/null
	run paene rmi --all
	expect_status 1
	expect_in_output "in use by container user"
	[ "$(paene images --format '{{.Names}}')" = localhost/one:1 ]
	paene rmi --ignore nope
}

@test "a store that is only read: its images are listed, run, and never changed" {
	local other=$BATS_TEST_TMPDIR/other
	with() {
		command paene --root "$other" --runroot "$PAENE_RUN" --image-store "$PAENE_DATA" "$@"
	}
	run with images
	[[ "${lines[0]}" == *"R/O" ]]
	[[ "${lines[1]}" == *true ]]
	[ "$(with images --filter readonly=true -q | wc -l)" = 2 ]
	[ "$(with run --rm --network none one:1 echo fine)" = fine ]
	run env "PAENE_IMAGE_STORES=$PAENE_DATA:/" paene --root "$other" --runroot "$PAENE_RUN" image exists one:1
	expect_status 125
	expect_in_output "image store /: "
	[ "$(PAENE_IMAGE_STORES=$PAENE_DATA command paene --root "$other" --runroot "$PAENE_RUN" images -q | wc -l)" = 2 ]
	local verb
	for verb in "rmi one:1" "tag one:1 three" "untag one:1"; do
		run with $verb
		expect_status 1
		expect_in_output "is in $PAENE_DATA, which is only read"
	done
	with save -qo "$BATS_TEST_TMPDIR/saved.tar" one:1
	[ "$(tar xOf "$BATS_TEST_TMPDIR/saved.tar" manifest.json | jq -r '.[0].RepoTags[0]')" = localhost/one:1 ]
	with manifest inspect one:1 | jq -e .schemaVersion
	# one of our own goes before it
	command paene --root "$other" --runroot "$PAENE_RUN" load -qi "$BATS_FILE_TMPDIR/one.tar" >/dev/null
	[ "$(with images --filter readonly=true --format '{{.Names}}')" = localhost/two:2 ]
	# a container that was made with it needs no option to be started again
	with create --name later --network none two:2 echo later >/dev/null
	[ "$(command paene --root "$other" --runroot "$PAENE_RUN" start -a later)" = later ]
	paene rmi two:2
	run command paene --root "$other" --runroot "$PAENE_RUN" start -a later
	expect_status 125
	expect_in_output "the image two:2 is no longer in $PAENE_DATA"
	with rm later
	run with --image-store /nope images
	expect_status 1
	expect_in_output "image store /nope: No such file or directory"
}

@test "pull: what a further store has is not fetched" {
	needs_program paene-fetch
	registry_start plain
	paene tag one:1 "$REGISTRY/app:1"
	paene push -q --tls-verify=false "$REGISTRY/app:1"
	command paene --root "$BATS_TEST_TMPDIR/pusher" --runroot "$PAENE_RUN" --image-store "$PAENE_DATA" \
		push -q --tls-verify=false two:2 "$REGISTRY/two:2"
	local layer
	layer=$(ls -S "$PAENE_DATA"/images/blobs/sha256 | head -n 1)
	rm -r "$registries/plain/storage/docker/registry/v2/blobs/sha256/${layer:0:2}/$layer" # it cannot be had there
	run command paene --root "$BATS_TEST_TMPDIR/other" --runroot "$PAENE_RUN" pull -q --retry 0 --tls-verify=false "$REGISTRY/app:1"
	[ "$status" != 0 ]
	command paene --root "$BATS_TEST_TMPDIR/other" --runroot "$PAENE_RUN" --image-store "$PAENE_DATA" \
		pull -q --retry 0 --tls-verify=false "$REGISTRY/app:1"
	run command paene --root "$BATS_TEST_TMPDIR/other" --runroot "$PAENE_RUN" system check
	expect_status 0
	[ "$(command paene --root "$BATS_TEST_TMPDIR/other" --runroot "$PAENE_RUN" run --rm --network none "$REGISTRY/app:1" echo fine)" = fine ]
}
