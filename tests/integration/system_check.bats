#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene system check: whatever is wrong with the store is found, and mended from what is there.

load ../lib/common
load ../lib/registry

setup_file() {
	needs_root
	make_image localhost/one:1 "$BATS_FILE_TMPDIR/one.tar"
	make_image localhost/two:2 "$BATS_FILE_TMPDIR/two.tar" 'Env=["TWO=2"]'
}

teardown_file() {
	registries_stop
}

setup() {
	paene load -qi "$BATS_FILE_TMPDIR/one.tar" >/dev/null
	store=$PAENE_DATA/images
	manifest=$(ls "$store/records")
	layer=$(ls "$store/layers")
	blob=$store/blobs/sha256/$layer # it is not compressed
}

teardown() {
	paene rm -fa >/dev/null
	paene system check --repair --force >/dev/null || true
	paene rmi -a >/dev/null
	[ "$(find "$store" | wc -l)" = 7 ] || fail "left: $(find "$store")"
}

finds() { # finds TEXT: so does a check, and one that repairs mends it
	run paene system check
	expect_status 1
	expect_in_output "$1"
	expect_in_output "0 mended"
	mends "$1"
}

mends() { # mends TEXT: and then nothing is wrong
	run paene system check --repair
	expect_status 0
	expect_in_output "$1"
	expect_in_output "0 wrong"
	run paene system check
	expect_status 0
	expect_in_output "nothing is wrong"
}

# One byte of a file becomes another one, and its time stays.
flip() {
	local time
	time=$(stat -c %y "$1")
	chmod u+w "$1"
	python3 - "$1" <<-'END'
		import sys
		with open(sys.argv[1], "r+b") as f:
		    f.seek(5000)
		    byte = f.read(1)[0]
		    f.seek(5000)
		    f.write(bytes([byte ^ 1]))
	END
	touch -d "$time" "$1"
}

@test "a store as it should be" {
	paene load -qi "$BATS_FILE_TMPDIR/two.tar"
	run paene system check
	expect_status 0
	expect_output "2 images, 1 layers, 1 blobs, 0 networks: nothing is wrong"
	run paene system check --quick
	expect_status 0
	run paene system check --force
	expect_status 1
	expect_in_output "--force goes with --repair"
}

@test "a layer: a flipped bit, a mode, an owner, a link, an attribute, a file too much, one that is missing" {
	flip "$store/layers/$layer/bin/busybox"
	run paene system check --quick
	expect_status 0
	finds "layer $layer: bin/busybox: its content"
	chmod 700 "$store/layers/$layer/bin"
	finds "bin: its mode"
	chown 1 "$store/layers/$layer/bin/busybox"
	finds "bin/busybox: its owner"
	rm "$store/layers/$layer/bin/sh"
	ln -s nothing "$store/layers/$layer/bin/sh"
	finds "bin/sh: where it leads"
	setfattr -n user.more -v x "$store/layers/$layer/bin"
	finds "bin: its extended attributes"
	touch "$store/layers/$layer/bin/aaa"
	finds "bin/aaa: it should not be there"
	rm -r "$store/layers/$layer/etc"
	finds "etc: it is missing"
	touch "$store/layers/$layer/bin/busybox"
	finds "bin/busybox: its time"
	rm -r "$store/layers/$layer"
	run paene system check -q
	expect_status 1
	expect_in_output "layer $layer: it is missing"
	run paene run --rm --network none one:1 true
	expect_status 125
	expect_in_output "layer $layer of image one:1 is missing from the store; \`paene system check --repair\`"
	finds "layer $layer: it is missing"
	[ "$(paene run --rm --network none one:1 echo fine)" = fine ]
}

@test "a layer under a container that runs is mended when that has ended" {
	paene run -d --name runner --network none one:1 sleep 1000 >/dev/null
	flip "$store/layers/$layer/bin/busybox"
	run paene system check --repair
	expect_status 1
	expect_in_output "container runner runs on it"
	paene rm -f runner
	mends "bin/busybox: its content"
}

@test "a record: changed, cut off, nonsense" {
	sed -i 's/"os":"linux"/"os":"minix"/' "$store/records/$manifest"
	finds "image $manifest: its record is not what its manifest says"
	truncate -s 100 "$store/records/$manifest"
	finds "written again from its manifest" 2>/dev/null || mends "written again from its manifest"
	echo nonsense >"$store/records/$manifest"
	run paene system check
	expect_status 1
	mends "written again from its manifest"
	[ "$(paene run --rm --network none one:1 echo fine)" = fine ]
}

@test "a record that is missing is made again, with its name" {
	local names
	names=$(paene images)
	rm "$store/records/$manifest"
	run paene images -q
	expect_output ""
	run paene system check --quick
	expect_status 1
	finds "image $manifest: its record is missing"
	[ "$(paene images)" = "$names" ]
	[ "$(paene run --rm --network none one:1 echo fine)" = fine ]
}

@test "a blob that no registry has: it goes, the image runs on, and loading brings it back" {
	flip "$blob"
	run paene system check
	expect_status 1
	expect_in_output "blob $layer: "
	run paene system check --repair
	expect_status 1
	expect_in_output "it has no name by which a registry knows it"
	[ ! -e "$blob" ]
	[ "$(paene run --rm --network none one:1 echo fine)" = fine ]
	paene load -qi "$BATS_FILE_TMPDIR/one.tar"
	run paene system check
	expect_status 0
}

@test "--force: an image that cannot be mended goes, unless a container has it" {
	truncate -s 10 "$blob"
	paene create --name user --network none one:1
	run paene system check --repair --force
	expect_status 1
	expect_in_output "it has 10 bytes instead of"
	expect_in_output "in use by container user"
	paene rm user
	run paene system check --repair --force
	expect_in_output "removed"
	[ -z "$(paene images -q)" ]
}

@test "a manifest or a config that is no longer what its digest says" {
	local config
	config=$(paene images -q --no-trunc)
	flip_first() {
		chmod u+w "$1"
		printf '[' | dd of="$1" conv=notrunc status=none
	}
	flip_first "$store/blobs/sha256/$config"
	run paene system check
	expect_status 1
	expect_in_output "image $manifest: "
	paene load -qi "$BATS_FILE_TMPDIR/one.tar" # it does not look into what is there
	run paene system check --repair
	expect_status 1
	paene load -qi "$BATS_FILE_TMPDIR/one.tar"
	run paene system check
	expect_status 0
	flip_first "$store/blobs/sha256/$manifest"
	run paene system check --repair
	expect_status 1
	paene load -qi "$BATS_FILE_TMPDIR/one.tar"
	run paene system check
	expect_status 0
}

@test "an image of a registry is fetched again: a broken blob, a layer that cannot be compared with it" {
	needs_program paene-fetch
	registry_start plain
	paene tag one:1 "$REGISTRY/app:1"
	paene push -q --tls-verify=false "$REGISTRY/app:1"
	paene rmi -a
	paene pull -q --tls-verify=false "$REGISTRY/app:1"
	blob=$(ls -S "$store"/blobs/sha256/* | head -n 1)
	layer=$(ls "$store/layers")
	chmod u+w "$blob"
	truncate -s -100 "$blob"
	flip "$store/layers/$layer/bin/busybox"
	run paene system check
	expect_status 1
	expect_in_output "$(basename "$blob"): it has "
	registry_stop plain
	run paene system check --repair --tls-verify=false --retry 0
	expect_status 1
	expect_in_output "it is broken: "
	[ "$(paene run --rm --network none "$REGISTRY/app:1" echo fine)" = fine ] # though not as it should be
	rm "$registries/plain/registry.out"
	registry_address=$REGISTRY registry_start plain
	run paene system check --repair --tls-verify=false
	expect_in_output "what is missing was fetched again"
	expect_in_output "layer $layer: bin/busybox: its content: unpacked again from its blob"
	run paene system check
	expect_status 0
	[ "$(paene images --format '{{.Names}}')" = "$REGISTRY/app:1" ]
}

@test "names without images, images without need, litter" {
	mkdir -p "$store/refs/host.x/a%b" "$store/refs/name/a" "$store/layers/stray" "$store/tmp/0123456789abcdef"
	echo "sha256:$(printf '%064d' 7)" | tee "$store/refs/host.x/a%b/tag" >"$store/refs/name/a/tag"
	echo nonsense >"$store/refs/host.x/a%b/other"
	echo x >"$store/blobs/sha256/stray"
	echo x >"$store/tmp/0123456789abcdef/file"
	echo x >"$store/records/unknown"
	run paene system check
	expect_status 1
	expect_in_output "name host.x/a/b:tag: it means image 000000000000, which is not here"
	expect_in_output "litter host.x/a%b/other: it is no name of an image"
	expect_in_output "litter name/a/tag: it is no name of an image"
	expect_in_output "layer stray: no image needs it"
	expect_in_output "blob stray: no image needs it"
	expect_in_output "litter 0123456789abcdef: a command that was killed left it in tmp/"
	expect_in_output "litter unknown: it is no image's record"
	mends "litter unknown"
	paene images -q
}

@test "a container whose image has gone" {
	paene create --name orphan --network none one:1
	mv "$store/records/$manifest" "$BATS_TEST_TMPDIR/"
	run paene system check
	expect_status 1
	expect_in_output "container orphan: its image one:1 is not here"
	run paene start orphan
	[ "$status" != 0 ]
	expect_in_output "the image one:1 has been removed"
	mv "$BATS_TEST_TMPDIR/$manifest" "$store/records/"
	paene rm orphan
	run paene system check
	expect_status 0
}

@test "a layer that depends on those below it is compared with one that was made on top of them" {
	python3 - "$BATS_TEST_TMPDIR/deep.tar" <<-'END'
		import hashlib, io, json, sys, tarfile
		def layer(*members):
		    out = io.BytesIO()
		    with tarfile.open(fileobj=out, mode="w") as tar:
		        for name, kind, text in members:
		            m = tarfile.TarInfo(name)
		            m.type, m.size, m.mode, m.mtime = kind, len(text), 0o755, 1000
		            tar.addfile(m, io.BytesIO(text))
		    return out.getvalue()
		layers = [layer(("usr", tarfile.DIRTYPE, b""), ("usr/lib", tarfile.DIRTYPE, b"")), layer(("usr/lib/file", tarfile.REGTYPE, b"text"))]
		config = json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers",
		    "diff_ids": ["sha256:" + hashlib.sha256(l).hexdigest() for l in layers]}}).encode()
		manifest = json.dumps([{"Config": "c.json", "RepoTags": ["localhost/deep:1"], "Layers": ["0.tar", "1.tar"]}]).encode()
		with tarfile.open(sys.argv[1], "w") as tar:
		    for name, data in (("0.tar", layers[0]), ("1.tar", layers[1]), ("c.json", config), ("manifest.json", manifest)):
		        m = tarfile.TarInfo(name)
		        m.size = len(data)
		        tar.addfile(m, io.BytesIO(data))
	END
	paene load -qi "$BATS_TEST_TMPDIR/deep.tar"
	local chain
	chain=$(ls "$store/layers" | grep ^chain-)
	run paene system check
	expect_status 0
	expect_in_output "2 images, 3 layers, 3 blobs"
	echo TEXT >"$store/layers/$chain/usr/lib/file"
	finds "layer $chain: usr/lib/file: its size"
	rm -r "$store/layers/$chain"
	finds "layer $chain: it is missing"
}
