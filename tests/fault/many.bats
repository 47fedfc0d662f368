# SPDX-License-Identifier: Apache-2.0
# Many containers made and removed, several at once: nothing is left of any, no cgroup above all.
#
#   FAULT_ROUNDS=20     rounds, of FAULT_CONTAINERS=500 each: ten thousand containers; by default one of 40
load lib

rounds=${FAULT_ROUNDS:-1}
containers=${FAULT_CONTAINERS:-$([ -z "${FAULT_ROUNDS-}" ] && echo 40 || echo 500)}
at_once=8

setup_file() {
	make_sleepers
}

setup() {
	needs_root
	leak_check_before
	cgroups=$(all_cgroups)
}

teardown() {
	remove_all
	leak_check_after
}

all_cgroups() {
	find /sys/fs/cgroup -type d ! -path '*/paene-test-*' | sort
}

# share NUMBER PROGRAM ROUND: one of those at work: its part of the containers
share() {
	local number=$1 program=$2 round=$3 i
	for ((i = number; i < containers; i += at_once)); do
		"make_and_remove_$program" "c$round-$i" || echo "c$round-$i: status $?"
	done >"$BATS_TEST_TMPDIR/said.$number" 2>&1 </dev/null
}

# all_rounds PROGRAM
all_rounds() {
	local round i
	for ((round = 0; round < rounds; round++)); do
		for ((i = 0; i < at_once; i++)); do
			share $i "$1" $round 3>&- &
		done
		wait
		[ ! -s "$(ls -S "$BATS_TEST_TMPDIR"/said.* | head -n 1)" ] || fail "round $round:" "$(cat "$BATS_TEST_TMPDIR"/said.*)"
		none_left() { [ "$(all_cgroups)" = "$cgroups" ]; }
		wait_until 10 none_left || fail "round $round: $(diff <(echo "$cgroups") <(all_cgroups))"
	done
}

make_and_remove_paene() { # by each way out in turn
	local number=${1##*-}
	case $((number % 4)) in
	0) paene run --rm --network none $image true ;;
	1) paene run -q -d --rm --network none --name "$1" $image sleep 1000 >/dev/null && paene kill "$1" >/dev/null ;;
	2) paene run -q -d --network none --name "$1" $image sleep 1000 >/dev/null && paene rm -f "$1" >/dev/null ;;
	3) paene run -q -d --network none --cgroup-delegate --name "$1" $image \
		sh -c 'mkdir -p /sys/fs/cgroup/a/b/c; echo $$ >/sys/fs/cgroup/a/b/c/cgroup.procs; sleep 1000' >/dev/null &&
		paene pause "$1" >/dev/null && paene rm -f "$1" >/dev/null ;;
	esac
}

make_and_remove_oci() {
	case $((${1##*-} % 3)) in
	0) oci create --bundle "$BATS_FILE_TMPDIR/b" "$1" && oci delete --force "$1" ;;
	1) oci run --detach --bundle "$BATS_FILE_TMPDIR/b" "$1" && oci pause "$1" && oci delete --force "$1" ;;
	2) oci run --detach --bundle "$BATS_FILE_TMPDIR/b" "$1" && oci kill --all "$1" KILL && oci delete --force "$1" ;;
	esac
}

@test "paene: containers made and removed, 8 at once" {
	all_rounds paene
}

@test "paene-oci: containers made and removed, 8 at once" {
	all_rounds oci
}
