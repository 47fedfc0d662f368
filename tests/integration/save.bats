#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene save: formats, several images, the same bytes each time, what others and `load` make of it.

load ../lib/common

setup_file() {
	has_corner || return 0
	make_image localhost/one:1 "$BATS_FILE_TMPDIR/one.tar"
	make_image localhost/two:2 "$BATS_FILE_TMPDIR/two.tar" Env='["TWO=2"]'
	paene load -qi "$BATS_FILE_TMPDIR/one.tar" >/dev/null
	paene run -q --rm --network none localhost/one:1 true # what the first run makes stays
	paene rmi localhost/one:1 >/dev/null
}

setup() {
	needs_root
	mkdir "$BATS_TEST_TMPDIR/here"
	cd "$BATS_TEST_TMPDIR/here"
	leak_check_before
	paene load -qi "$BATS_FILE_TMPDIR/one.tar" >/dev/null
	paene load -qi "$BATS_FILE_TMPDIR/two.tar" >/dev/null
}

teardown() {
	local id
	for id in $(paene images -q); do
		paene rmi --force "$id" >/dev/null
	done
	leak_check_after
}

forget_all() {
	paene rmi localhost/one:1 localhost/two:2 >/dev/null
}

members() { # members ARCHIVE
	tar tf "$1" | grep -v /. | tr '\n' ' '
}

@test "docker-archive: an OCI layout and manifest.json, with the names that were given" {
	paene save -o s.tar localhost/one:1 localhost/two:2
	[ "$(members s.tar)" = "blobs/ index.json manifest.json oci-layout " ]
	[ "$(tar xOf s.tar manifest.json | jq -r '.[].RepoTags[]' | tr '\n' ' ')" = "localhost/one:1 localhost/two:2 " ]
	[ "$(tar xOf s.tar index.json | jq -r '.manifests[].annotations["io.containerd.image.name"]' | tr '\n' ' ')" = \
		"localhost/one:1 localhost/two:2 " ]
	local file
	for file in $(tar tf s.tar | grep blobs/sha256/.); do
		[ "$(tar xOf s.tar "$file" | sha256sum | cut -c1-64)" = "${file##*/}" ]
	done
	[ "$(tar tvf s.tar | grep -vc 'root/root.*1970-01-01\|0/0.*1970-01-01')" = 0 ]
}

@test "the same images, the same bytes; through load, too" {
	local before
	before=$(paene images -q --no-trunc | sort)
	paene save -o a.tar localhost/one:1 localhost/two:2
	paene save --output b.tar localhost/one:1 localhost/two:2
	cmp a.tar b.tar
	forget_all
	[ -z "$(paene images -q)" ]
	paene load -qi a.tar >/dev/null
	[ "$(paene images -q --no-trunc | sort)" = "$before" ]
	paene save localhost/one:1 localhost/two:2 >c.tar
	cmp a.tar c.tar
}

@test "all formats are loaded again" {
	local format id
	id=$(paene inspect -f '{{.Id}}' localhost/two:2)
	for format in docker-archive oci-archive oci-dir; do
		paene save --format $format -o s.$format localhost/two:2
		paene rmi localhost/two:2 >/dev/null
		run paene load -qi s.$format
		expect_output "Loaded image: localhost/two:2"
		[ "$(paene inspect -f '{{.Id}}' localhost/two:2)" = "$id" ]
		[ "$(paene run -q --rm --network none localhost/two:2 sh -c 'echo $TWO')" = 2 ]
	done
	[ "$(members s.oci-archive)" = "blobs/ index.json oci-layout " ]
}

@test "what skopeo reads" {
	needs_program skopeo
	local config
	config=$(paene inspect -f '{{.Id}}' localhost/two:2)
	paene save -o s.tar localhost/one:1 localhost/two:2
	paene save --format oci-archive -o o.tar localhost/two:2
	paene save --format oci-dir -o odir localhost/two:2
	paene save --format docker-dir -o ddir localhost/two:2
	local from
	for from in docker-archive:s.tar:localhost/two:2 oci-archive:o.tar oci:odir dir:ddir; do
		skopeo --insecure-policy copy -q "$from" "dir:copy" || fail "skopeo does not read $from"
		[ "$(jq -r '.config.digest' copy/manifest.json)" = "sha256:$config" ] || fail "$from: $(cat copy/manifest.json)"
		rm -rf copy
	done
}

@test "a name, several names of one image, an id without a name" {
	paene tag localhost/one:1 localhost/other:3
	paene save -o s.tar localhost/one:1 localhost/other:3
	[ "$(tar xOf s.tar manifest.json | jq -c '[.[].RepoTags]')" = '[["localhost/one:1","localhost/other:3"]]' ]
	paene save -o s.tar "$(paene inspect -f '{{.Id}}' localhost/one:1)"
	[ "$(tar xOf s.tar manifest.json | jq -c '.[].RepoTags')" = '[]' ]
	paene rmi localhost/other:3
	paene save -m -q -o s.tar localhost/one:1
}

@test "wrong words, names that do not exist: nothing is left" {
	local before
	needs_program python3
	before=$(ls -A)
	run paene save -o s.tar nosuch
	expect_status 1
	expect_in_output "no such image: nosuch"
	run paene save -o s.tar localhost/one:1 nosuch
	expect_status 1
	run paene save --format zip -o s.tar localhost/one:1
	expect_status 1
	expect_in_output "docker-archive, oci-archive, oci-dir or docker-dir"
	run paene save --format oci-dir localhost/one:1
	expect_status 1
	expect_in_output "-o"
	run paene save --format docker-dir -o d localhost/one:1 localhost/two:2
	expect_status 1
	run paene save -o /no/such/folder/s.tar localhost/one:1
	expect_status 1
	run paene save
	expect_status 125
	run python3 -c 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)' "$PAENE_BUILD/paene" --root "$PAENE_DATA" \
		--runroot "$PAENE_RUN" save localhost/one:1 </dev/null
	expect_in_output "standard output is a terminal"
	[ "$(ls -A)" = "$before" ]
}

@test "a folder that is there must be empty; a file that is there is replaced when the new one is whole" {
	mkdir full empty
	echo x >full/x
	run paene save --format oci-dir -o full localhost/one:1
	expect_status 1
	[ "$(ls -A full)" = x ]
	paene save --format oci-dir -o empty/ localhost/one:1
	[ -e empty/index.json ]
	echo old >s.tar
	run paene save -o s.tar nosuch
	[ "$(cat s.tar)" = old ]
	paene save -o s.tar localhost/one:1
	tar tf s.tar >/dev/null
}

@test "a full disk" {
	mkdir small
	mount -t tmpfs -o size=100k tmpfs small
	run paene save -o small/s.tar localhost/one:1
	local left
	left=$(ls -A small)
	umount small
	expect_status 1
	expect_in_output "No space left on device"
	[ -z "$left" ]
}
