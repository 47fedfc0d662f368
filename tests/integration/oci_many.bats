# SPDX-License-Identifier: Apache-2.0
# One container among many: what a verb does for one does not depend on how many others there are.
load ../lib/common

others=60

setup_file() {
	has_corner || return 0
	make_bundle "$BATS_FILE_TMPDIR/b" '.process.args = ["sleep", "1000"]'
	oci run --detach --bundle "$BATS_FILE_TMPDIR/b" one
}

teardown_file() {
	local id
	for id in $(oci list -q); do
		oci delete --force "$id"
	done
	rmdir /sys/fs/cgroup/paene-oci 2>/dev/null || true
}

setup() {
	needs_root
	needs_program strace
}

calls() { # calls VERB…: how many system calls it makes
	ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e signal=none -o "$BATS_TEST_TMPDIR/trace" paene-oci --root "$PAENE_RUN/oci" "$@" >/dev/null
	wc -l <"$BATS_TEST_TMPDIR/trace"
}

@test "state, kill, pause and resume of one among many cost what they cost alone" {
	local before after i
	measured() { # a line for each verb: the least of several times, as on a busy machine pause has to look once more
		local verb
		for _ in {1..8}; do
			for verb in "state one" "kill one 0" "pause one" "resume one" "kill --all one 0"; do
				echo "$verb: $(calls $verb)"
			done
		done | sort -t: -k1,1 -k2,2n | sort -t: -u -k1,1
	}
	before=$(measured)
	for ((i = 0; i < others; i++)); do
		oci run --detach --bundle "$BATS_FILE_TMPDIR/b" "other-$i"
	done
	after=$(measured)
	# what each of the others cost would be $others calls at least
	paste -d: <(echo "$before") <(echo "$after") | awk -F: -v others="$others" '$4 >= $2 + others / 2 { exit 1 }' ||
		fail "alone:" "$before" "among $others others:" "$after"
	[ "$(oci list -q | wc -l)" = $((others + 1)) ]
	oci delete --force one
	oci list -q | grep -qx other-7
	! oci list -q | grep -qx one || fail "it is still there"
}

@test "a file system whose lists do not say what is a folder" {
	needs_program mkfs.ext2
	local states=$BATS_TEST_TMPDIR/states
	truncate -s 4M "$BATS_TEST_TMPDIR/image"
	mkfs.ext2 -q -F -O ^filetype "$BATS_TEST_TMPDIR/image"
	mkdir "$states"
	mount -o loop "$BATS_TEST_TMPDIR/image" "$states" || skip "no loop devices here"
	paene-oci --root "$states" run --detach --bundle "$BATS_FILE_TMPDIR/b" listed
	touch "$states/no-folder"
	run paene-oci --root "$states" list -q
	paene-oci --root "$states" delete --force listed
	umount "$states"
	expect_status 0
	[ "$(grep -v lost+found <<<"$output")" = listed ] || fail "$output"
}
