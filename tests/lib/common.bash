# SPDX-License-Identifier: Apache-2.0
# common.bash: what every bats file loads: `load ../lib/common`. Run the files by tests/run-tests, which gives each a corner
# of its own (tests/lib/isolate).
#
#   $PAENE_BUILD             the folder of the programs under test, first in PATH
#   $PAENE_DATA, $PAENE_RUN  where this file's containers and images are; `paene` and `oci` below point there
#   $BATS_FILE_TMPDIR, $BATS_TEST_TMPDIR   bats' own: for the file, for each test

bats_require_minimum_version 1.5.0

if [ -z "${PAENE_TEST_ISOLATED-}" ] && [ "$(id -u)" = 0 ]; then
	echo "run me as: tests/run-tests FILE (so that nothing of this machine is touched)" >&2
	exit 1
fi

tests=$(dirname "${BASH_SOURCE[0]}")/..
tests=$(realpath "$tests")
export PAENE_BUILD=${PAENE_BUILD:-$tests/../build}
export PATH=$PAENE_BUILD:$PATH
export PAENE_WORKER=${PAENE_WORKER:-$PAENE_BUILD/paene-worker}
export PAENE_CONF=/dev/null # the machine's settings are not ours
export PAENE_DATA=${BATS_FILE_TMPDIR-}/data PAENE_RUN=${BATS_FILE_TMPDIR-}/run

paene() {
	command paene --root "$PAENE_DATA" --runroot "$PAENE_RUN" "$@"
}

oci() {
	command paene-oci --root "$PAENE_RUN/oci" "$@"
}

# The corner's own /etc, without settings for paene or others; a user's has one.
private_etc() {
	if [ "$(id -u)" = 0 ]; then
		mkdir /run/etc /run/etc-work
		mount -t overlay -o lowerdir=/etc,upperdir=/run/etc,workdir=/run/etc-work overlay /etc
	fi
	rm -rf /etc/paene /etc/containers /etc/docker
	mkdir /etc/paene
}

# What a test needs of the machine: where it lacks, the test is skipped, and says so.

# Root in a corner, or there the user of `run-tests --user`, for whom tests are left out that tests/lib/user-differs names.
has_corner() {
	[ "$(id -u)" = 0 ] || [ -n "${PAENE_TEST_USER-}" ]
}

needs_root() {
	local file test reason
	has_corner || skip "needs root"
	[ -n "${PAENE_TEST_USER-}" ] || return 0
	while IFS='|' read -r file test reason; do
		[[ "$BATS_TEST_FILENAME" != */"$file" || "$test" != "*" && "$test" != "$BATS_TEST_DESCRIPTION" ]] ||
			skip "differs for a user: $reason"
	done <"$tests/lib/user-differs"
}

needs_program() { # needs_program NAME…: built by us, or installed
	local name
	for name; do
		type -P "$name" >/dev/null || skip "$name is not there"
	done
}

needs_controller() { # needs_controller NAME…: of cgroup version 2
	local name
	for name; do
		grep -qw "$name" /sys/fs/cgroup/cgroup.controllers 2>/dev/null || skip "cgroup2 has no $name controller here"
	done
}

needs_kernel() { # needs_kernel 6.9
	[ "$(printf '%s\n' "$1" "$(uname -r)" | sort -V | head -n 1)" = "$1" ] || skip "needs Linux $1"
}

# Bundles and images, of one static busybox.

# The file's root file system, to be copied or read.
busybox_rootfs() {
	[ -d "$BATS_FILE_TMPDIR/busybox" ] || "$tests/lib/busybox-rootfs" "$BATS_FILE_TMPDIR/busybox"
	echo "$BATS_FILE_TMPDIR/busybox"
}

make_bundle() { # make_bundle FOLDER [JQ-FILTER…]: config.json as `runc spec` has it, but quiet; see tests/lib/config.json
	mkdir -p "$1"
	cp -a "$(busybox_rootfs)" "$1/rootfs"
	cp "$tests/lib/config.json" "$1/"
	edit_bundle "$@"
}

edit_bundle() { # edit_bundle FOLDER JQ-FILTER…, e.g. '.process.args = ["sh", "-c", "id"]'
	local bundle=$1 filter
	shift
	for filter; do
		jq "$filter" "$bundle/config.json" >"$bundle/config.new"
		mv "$bundle/config.new" "$bundle/config.json"
	done
}

make_image() { # make_image NAME FILE [KEY=JSON…]: a docker-archive; see tests/lib/docker-archive
	"$tests/lib/docker-archive" "$(busybox_rootfs)" "$@"
}

# The image localhost/busybox:1, in this file's store. For setup_file.
load_busybox() {
	make_image localhost/busybox:1 "$BATS_FILE_TMPDIR/busybox.tar"
	paene load -i "$BATS_FILE_TMPDIR/busybox.tar"
}

# Saying what is wrong.

fail() {
	printf '%s\n' "$@" >&2
	return 1
}

expect_status() { # after `run`
	[ "$status" = "$1" ] || fail "status $status, expected $1; output:" "$output"
}

expect_output() { # after `run`: the whole of it
	[ "$output" = "$1" ] || fail "expected: $1" "output:" "$output"
}

expect_in_output() { # after `run`: a part of it
	[[ "$output" == *"$1"* ]] || fail "expected in the output: $1" "output:" "$output"
}

wait_until() { # wait_until SECONDS COMMAND…: enough for a machine at rest; a busy one has two minutes
	local end=$((SECONDS + ($1 > 120 ? $1 : 120)))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || fail "not in time: $*" || return # in a condition, too
		sleep 0.05
	done
}

listens() { # listens PATH: does somebody accept on this socket? Its file is there a moment before that
	grep -q " 00010000 .* $1\$" /proc/net/unix
}

# A further network namespace, with its loopback up.
in_netns() {
	unshare --net sh -c 'ip link set lo up; exec "$@"' sh "$@"
}

# The way to a mirror leads out of this file's corner: through the first of our ancestors that is not in it.
outside() {
	local pid=$$
	while [ "$(readlink "/proc/$pid/ns/net")" = "$(readlink /proc/self/ns/net)" ]; do
		pid=$(ps -o ppid= -p "$pid" | tr -d ' ')
	done
	nsenter --target "$pid" --net --mount "$@"
}

# The leak check: nothing may be left of what a test has done. leak_check_before in setup, leak_check_after in teardown,
# or around a part of a test. What ends by itself a moment later (a dying network namespace) has a minute, for machines that
# are busy, or $leak_patience.

leak_check_before() {
	"$tests/lib/leaks" "$PAENE_DATA" "$PAENE_RUN" >"$BATS_TEST_TMPDIR/before"
}

leak_check_after() {
	local end=$((SECONDS + ${leak_patience:-60}))
	while :; do
		"$tests/lib/leaks" "$PAENE_DATA" "$PAENE_RUN" >"$BATS_TEST_TMPDIR/after"
		# processes and links of what ran before may have been on their way out: they are not missed
		diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after" | grep '^[<>]' | grep -qvE '^< (process|link pv)' || return 0
		[ $SECONDS -lt $end ] || break
		sleep 0.1
	done
	fail "left behind (>), or missing (<):" "$(diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after")"
}
