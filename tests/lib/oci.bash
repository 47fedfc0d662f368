# SPDX-License-Identifier: Apache-2.0
# For the tests of paene-oci: a bundle for each, at $bundle, and nothing of its containers afterwards. A file that wants more says
# so in setup() and teardown() of its own, by way of these.

before_all() {
	needs_root
	make_bundle "$BATS_FILE_TMPDIR/first"
	oci run -b "$BATS_FILE_TMPDIR/first" first # the folder of states, the parent cgroup: they stay
}

before_each() { # before_each [JQ-FILTER…]
	bundle=$BATS_TEST_TMPDIR/bundle
	make_bundle "$bundle" "$@"
	leak_check_before
}

after_each() {
	local id
	for id in $(oci list -q); do
		oci delete --force "$id"
	done
	rm -rf "$PAENE_RUN/oci/.seccomp" # compiled filters are kept
	leak_check_after
}

setup_file() {
	before_all
}

setup() {
	before_each
}

teardown() {
	after_each
}

command_is() { # command_is WORD…: what the container executes
	local words
	words=$(jq -cn '$ARGS.positional' --args -- "$@")
	edit_bundle "$bundle" ".process.args = $words"
}

status_is() { # status_is ID STATUS
	[ "$(oci state "$1" | jq -r .status)" = "$2" ]
}
