# SPDX-License-Identifier: Apache-2.0
# What layers unpack to: the tree that others make of the same bytes. The layers are those of tests/images/kinds.py; the
# others are umoci, podman and, for one layer alone, GNU tar. Where one of them is known to be wrong, kinds.py says how.
load ../lib/common

kinds=$tests/images/kinds.py
name=localhost/kind:1

setup() {
	needs_root
	needs_program python3 jq
	layout=$BATS_TEST_TMPDIR/layout
	shown=$BATS_TEST_TMPDIR/shown
	mkdir "$shown" "$BATS_TEST_TMPDIR/empty"
}

teardown() {
	forget
}

blob() { # blob DIGEST: its path
	echo "$layout/blobs/${1/://}"
}

manifest() { # manifest JQ-FILTER: of the layout's one
	jq -r "$1" "$(blob "$(jq -r '.manifests[0].digest' "$layout/index.json")")"
}

trees() { # trees FOLDER: what is in it, but not what it is itself: podman's is always the same, and tar's new
	"$tests/lib/tree-of" "$1" | tail -n +2
}

# The image at $shown, as an overlay of its layers.
show() {
	local folders
	paene load -qi "$layout" >/dev/null
	folders=$(jq -r '[.layers[].folder] | reverse | reduce .[] as $f ([]; if index($f) then . else . + [$f] end) | join(":")' \
		"$PAENE_DATA"/images/records/*)
	(cd "$PAENE_DATA/images/layers" && mount -t overlay -o "userxattr,lowerdir=$folders:$BATS_TEST_TMPDIR/empty" overlay "$shown")
	trees "$shown" >"$BATS_TEST_TMPDIR/paene"
}

by_umoci() {
	umoci unpack --image "$layout:$name" "$BATS_TEST_TMPDIR/umoci" >"$BATS_TEST_TMPDIR/said" 2>&1 && trees "$BATS_TEST_TMPDIR/umoci/rootfs"
}

podman_here() {
	podman --root "$BATS_TEST_TMPDIR/podman/storage" --runroot /run/podman --tmpdir /run/podman/tmp --storage-driver overlay --log-level error \
		--cgroup-manager cgroupfs --events-backend file "$@"
}

by_podman() (
	cd "$BATS_TEST_TMPDIR" || return # of a path it takes lower case only
	podman_here pull -q "oci:layout:$name" >said 2>&1 && trees "$(podman_here image mount "$(podman_here images -q)")"
)

by_tar() {
	mkdir "$BATS_TEST_TMPDIR/tar"
	zcat -f "$(blob "$(manifest '.layers[0].digest')")" | tar --extract --file - --directory "$BATS_TEST_TMPDIR/tar" --same-owner --numeric-owner \
		--same-permissions --xattrs --xattrs-include='*' --recursive-unlink --delay-directory-restore >"$BATS_TEST_TMPDIR/said" 2>&1 &&
		trees "$BATS_TEST_TMPDIR/tar"
}

forget() { # what unpack_one left
	! mountpoint -q "$shown" || umount "$shown"
	! type -P podman >/dev/null || podman_here image unmount --all >/dev/null 2>&1 || true
	umount --lazy "$BATS_TEST_TMPDIR/podman/storage/overlay" 2>/dev/null || true
	rm -rf "$layout" "$BATS_TEST_TMPDIR"/{umoci,podman,tar} /run/podman
	local id
	for id in $(paene images -q); do
		paene rmi --force "$id" >/dev/null
	done
}

same_as() { # same_as PROGRAM
	"by_$1" >"$BATS_TEST_TMPDIR/$1.tree" || fail "$1: $(tail -n 3 "$BATS_TEST_TMPDIR/said")"
	diff "$BATS_TEST_TMPDIR/$1.tree" "$BATS_TEST_TMPDIR/paene" >"$BATS_TEST_TMPDIR/diff" ||
		fail "$1 (<), paene (>):" "$(head -n 30 "$BATS_TEST_TMPDIR/diff")"
}

unpack_one() { # unpack_one KIND [PROGRAM…]: the programs that are not right about it
	local program peers=(umoci podman) asked=
	forget
	"$kinds" "$1" "$layout"
	[ "$(manifest '.layers | length')" != 1 ] || peers+=(tar)
	show
	for program in "${peers[@]}"; do
		[[ " ${*:2} " != *" $program "* ]] || continue
		type -P $program >/dev/null || continue
		same_as $program || fail "kind: $1" || return
		asked+=" $program"
	done
	[ -n "$asked" ] || unasked+=" $1"
}

unpacks() { # unpacks KIND…
	local kind line unasked=
	for kind; do
		line=$("$kinds" --list | grep -E "^$kind( |$)") || fail "kinds.py knows no $kind"
		unpack_one $line
	done
	[ -z "$unasked" ] || skip "nobody is there who is right about$unasked"
}

@test "files, folders, links, devices; owners and modes" {
	unpacks simple modes devices root-entry nothing
}

@test "hard links within a layer" {
	unpacks hard-links hard-link-that-differs hard-link-through-link
}

@test "names: prefixes, slashes, long, deep, odd, alike" {
	unpacks prefixes ustar-prefix gnu-long-names pax-long-names deep odd-names like-names
}

@test "names that come twice" {
	unpacks duplicates replaced-within
}

@test "headers: before POSIX, contiguous, global, owners in base 256 and in pax records" {
	unpacks old-tar contiguous global-header pax-owners binary-owners
}

@test "sizes of what has no content" {
	unpacks size-of-hard-link size-of-symlink size-of-device size-of-folder size-of-fifo
}

@test "times: before 1970, fractions, after 2038, after 2262; of folders" {
	unpacks times late-times folder-times
}

@test "extended attributes and access control lists" {
	unpacks attributes attribute-of-nothing attributes-dropped access-lists
}

@test "sparse files of each form" {
	unpacks sparse-old-gnu sparse-0-0 sparse-0-1 sparse-1-0
}

@test "zeroes become holes" {
	unpacks zeroes
	[ "$(stat -c %s "$shown/z")" = 10485761 ]
	[ "$(stat -c %b "$shown/z")" -le 128 ] || fail "$(stat "$shown/z")"
}

@test "several gzip members" {
	unpacks members-of-gzip
}

@test "a layer that has neither its parents nor its links' targets" {
	unpacks hard-link-to-lower parents-left-out parents-below-links
}

@test "files, folders and links of a lower layer replaced, or changed in owner and mode alone" {
	unpacks replaced-above other-metadata three-times
}

@test "whiteouts: of files, folders, all; before and after what comes anew" {
	unpacks whiteouts whiteout-of-all whiteout-and-back whiteout-first whiteout-last
}

@test "opaque folders, an opaque root" {
	unpacks opaque opaque-last opaque-root
}

@test "no kind was left out" {
	local kind
	for kind in $("$kinds" --list | cut -d ' ' -f 1); do
		grep -qE "^	(unpacks .*|\"\\\$kinds\" )\<$kind\>" "$BATS_TEST_FILENAME" || fail "nobody unpacks $kind"
	done
}

@test "attributes under libarchive's key: percent signs and base 64" {
	"$kinds" attributes-of-libarchive "$layout"
	show
	[ "$(getfattr --only-values -n user.plain "$shown/f")" = value ]
	[ "$(getfattr --only-values -n user.per%cent "$shown/f")" = x ]
}

@test "attributes that steer overlayfs or security modules do not get in" {
	local folder
	"$kinds" attributes-dropped "$layout"
	show
	folder=$(echo "$PAENE_DATA"/images/layers/*/d)
	[ -d "$folder" ]
	[ -z "$(getfattr --absolute-names -d -m - "$folder")" ] || fail "$(getfattr -d -m - "$folder")"
}

@test "marks of aufs concern nobody" {
	"$kinds" marks-of-aufs "$layout"
	show
	[ -e "$shown/new" ]
	[ "$(find "$shown" -name '.wh*' | wc -l)" = 0 ] || fail "$(ls -A "$shown")"
}

@test "holes stay holes" {
	local kind
	for kind in sparse-old-gnu sparse-0-0 sparse-0-1 sparse-1-0; do
		forget
		"$kinds" $kind "$layout"
		show
		[ "$(stat -c %s "$shown/s")" = $((3 << 20)) ]
		[ "$(stat -c %b "$shown/s")" -le 64 ] || fail "$kind: $(stat -c %b "$shown/s") blocks"
	done
}

@test "the root's own entry counts" {
	"$kinds" root-entry "$layout"
	show
	[ "$(stat -c '%a %u:%g %Y' "$shown")" = "711 12:13 1700000000" ]
}

limited() { # limited OPTION…: the layout is refused, and nothing is left of it
	run paene load -qi "$layout" "$@"
	expect_status 1
	[ "${#lines[@]}" = 1 ] || fail "$output"
	[ -z "$(ls "$PAENE_DATA"/images/{tmp,layers,records,blobs/sha256} | grep -v :)" ] || fail "$(ls "$PAENE_DATA"/images/*)"
}

@test "load --max-layer-size: a layer of more is refused, compressed or not; of as much it is not" {
	local bytes
	"$kinds" members-of-gzip "$layout"
	bytes=$(zcat -f "$(blob "$(manifest '.layers[0].digest')")" | wc -c)
	limited --max-layer-size $((bytes - 1))
	expect_in_output "more than $((bytes - 1)) bytes uncompressed (the limit: --max-layer-size)"
	forget
	"$kinds" simple "$layout"
	limited --max-layer-size 9k
	expect_in_output "more than 9216 bytes (the limit: --max-layer-size)"
	for bytes in "$(stat -c %s "$(blob "$(manifest '.layers[0].digest')")")" 0 1.5g; do
		paene load -qi "$layout" --max-layer-size "$bytes"
		paene rmi -f $name
	done
}

@test "load --max-layer-files: a layer of more is refused; of as many it is not" {
	local n
	"$kinds" simple "$layout"
	n=$(tar -tf "$(blob "$(manifest '.layers[0].digest')")" | wc -l)
	limited --max-layer-files $((n - 1))
	expect_in_output "more than $((n - 1)) files (the limit: --max-layer-files)"
	for n in "$n" 0; do
		paene load -qi "$layout" --max-layer-files "$n"
		paene rmi -f $name
	done
}

@test "import --max-layer-size, --max-layer-files: the same" {
	seq 20000 >"$BATS_TEST_TMPDIR/numbers"
	tar -C "$BATS_TEST_TMPDIR" -cf "$BATS_TEST_TMPDIR/tree.tar" numbers empty
	run paene import --max-layer-size 64k "$BATS_TEST_TMPDIR/tree.tar" $name
	expect_status 1
	expect_in_output "more than 65536 bytes uncompressed (the limit: --max-layer-size)"
	run paene import --max-layer-files 1 "$BATS_TEST_TMPDIR/tree.tar" $name
	expect_status 1
	expect_in_output "more than 1 files (the limit: --max-layer-files)"
	[ -z "$(paene images -q)" ]
	paene import --max-layer-files 2 "$BATS_TEST_TMPDIR/tree.tar" $name
}

@test "load: limits that are none" {
	local word
	for word in x -1 1e3 1.5 ''; do
		run paene load --max-layer-files "$word" -i "$layout"
		expect_status 1
		expect_in_output "--max-layer-files"
	done
	for word in x -1 5q ''; do
		run paene load --max-layer-size "$word" -i "$layout"
		expect_status 1
		expect_in_output "--max-layer-size"
	done
}

unpacks_within() { # unpacks_within MIB CASE: of tests/images/large.py; the memory of all processes together
	forget
	"$tests/images/large.py" "$2" "$layout"
	run "$tests/lib/peak-of-all" "$(type -P paene)" --root "$PAENE_DATA" --runroot "$PAENE_RUN" load -qi "$layout"
	expect_status 0
	[[ "$output" =~ peak\ ([0-9]+)\ KiB ]] || fail "$2: $output"
	! grep -q __asan_init "$PAENE_BUILD/paene" || return 0 # a sanitizer has memory of its own
	[ "${BASH_REMATCH[1]}" -lt $(($1 << 10)) ] || fail "$2: more than $1 MiB: $output"
}

@test "memory: many files, long names and links, large files, several layers at once" {
	local case
	for case in files names bytes layers; do
		unpacks_within 32 $case
	done
}

@test "memory: layers that are zstd's, and one at a time where their windows are large" {
	needs_program zstd
	unpacks_within 64 small-windows
	unpacks_within 160 windows
}

refused_or() { # refused_or OFFSET: in one line, with nothing left; else the layer must have ended there
	run paene load -qi "$layout"
	if [ "$status" = 0 ]; then
		[ $(($1 % 512)) = 0 ] || fail "cut off at $1, and taken"
		paene rmi -f $name >/dev/null
		taken=$((taken + 1))
		return
	fi
	[ "$status" = 1 ] && [ "${#lines[@]}" = 1 ] || fail "cut off at $1:" "$output"
	[ -z "$(ls "$PAENE_DATA"/images/{tmp,layers,records,blobs/sha256} | grep -v :)" ] || fail "cut off at $1: left behind"
}

@test "a layer cut off anywhere, before or after compression, is refused in one line, and leaves nothing" {
	local whole=$BATS_TEST_TMPDIR/whole cut=$BATS_TEST_TMPDIR/cut size at taken=0
	"$tests/images/large.py" cut "$layout"
	zcat "$(blob "$(manifest '.layers[0].digest')")" >"$whole"
	size=$(stat -c %s "$whole")
	for at in 0 1 511 512 513 1023 1024 1100 1536 2047 2048 2100 2560 3000 3072 3073 4000 4096 13000 14000 $((size - 2500)) \
		$((size - 2048)) $((size - 1600)) $((size - 1025)); do
		rm -rf "$layout"
		head -c "$at" "$whole" >"$cut"
		"$kinds" --layer "$cut" "$layout" # its digests are right
		refused_or "$at"
	done
	[ $taken -le 5 ] || fail "$taken of them were taken"
	gzip -1nc "$whole" >"$BATS_TEST_TMPDIR/whole.gz"
	size=$(stat -c %s "$BATS_TEST_TMPDIR/whole.gz")
	for at in 1 2 9 10 11 50 100 200 $((size - 9)) $((size - 8)) $((size - 5)) $((size - 1)); do
		rm -rf "$layout"
		head -c "$at" "$BATS_TEST_TMPDIR/whole.gz" >"$cut"
		"$kinds" --layer "$cut" "$layout"
		taken=0
		refused_or "$at"
		[ $taken = 0 ] || fail "cut off at $at of gzip, and taken"
	done
}
