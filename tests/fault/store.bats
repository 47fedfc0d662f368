# SPDX-License-Identifier: Apache-2.0
# The image store under many at once, and under kill -9 at random moments of load, pull, commit, tag, rmi and prune, several
# together: what is left is whole (`system check`), every name runs, and no work is lost to somebody else's clean-up.
#
#   FAULT_ROUNDS=N   so many rounds of four commands that are killed (default 8; 50 are 200 moments)
load lib
load ../lib/registry

rounds=${FAULT_ROUNDS:-${FAULT_ALL:+50}}
rounds=${rounds:-8}

setup_file() {
	has_corner || return 0
	load_busybox
	# one base below all of them; of one, two and three each has layers that the next one has, too
	local name n=2
	for name in one two three; do
		"$tests/lib/docker-archive" --layers $n "$(busybox_rootfs)" localhost/$name:1 "$BATS_FILE_TMPDIR/$name.tar" "Env=[\"NAME=$name\"]"
		n=$((n + 2))
	done
	paene create --name keep --network none $image true
	paene run --rm --network none $image true
	! type -P docker-registry paene-fetch >/dev/null || serve
}

# The image that is pulled lies in a registry; it has all layers of "three".
serve() {
	registry_start plain
	echo "$REGISTRY" >"$BATS_FILE_TMPDIR/registry"
	paene load -qi "$BATS_FILE_TMPDIR/three.tar"
	paene push --tls-verify=false -q localhost/three:1 "$REGISTRY/pulled:1"
	paene rmi localhost/three:1
}

teardown_file() {
	registries_stop
}

setup() {
	needs_root
	operations=(load_one load_two load_three drop_one drop_two drop_all prune tagging committing)
	[ ! -e "$BATS_FILE_TMPDIR/registry" ] || operations+=(pulling drop_pulled)
	leak_check_before
}

teardown() {
	whole || return
	paene image prune -fa >/dev/null
	leak_check_after
}

load_one() { paene load -qi "$BATS_FILE_TMPDIR/one.tar"; }
load_two() { paene load -qi "$BATS_FILE_TMPDIR/two.tar"; }
load_three() { paene load -qi "$BATS_FILE_TMPDIR/three.tar"; }
drop_one() { paene rmi localhost/one:1; }
drop_two() { paene rmi localhost/two:1; }
drop_all() { paene rmi -a; }
prune() { paene image prune -fa; }
tagging() {
	paene tag localhost/two:1 localhost/tagged:$RANDOM
	paene untag localhost/one:1
}
committing() { paene commit -q keep localhost/committed:1; }
pulling() { paene pull -q --tls-verify=false "$(<"$BATS_FILE_TMPDIR/registry")/pulled:1"; }
drop_pulled() { paene rmi "$(<"$BATS_FILE_TMPDIR/registry")/pulled:1"; }

# One that was killed while it waited for the disk holds its work folder until that has answered.
swept() {
	paene image prune -f >/dev/null
	[ -z "$(ls "$PAENE_DATA/images/tmp")" ]
}

# What killed commands left is cleared by the next one; then nothing is wrong, and every name runs.
whole() {
	local name
	wait_until 20 swept || fail "left in tmp: $(find "$PAENE_DATA/images/tmp" | head -n 20)"
	run paene system check
	[ "$status" = 0 ] || fail "$output"
	for name in $(paene images --format '{{.Repository}}:{{.Tag}}'); do
		[ "$(paene run --rm --network none "$name" echo fine)" = fine ] || fail "$name does not run"
	done
}

# Begin one of the operations, in a process group of its own. Its number is in $begun.
begin() {
	set -m
	"$1" >>"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
	begun=$!
	set +m
}

@test "load, pull, commit, tag, rmi, prune, killed at random moments, four at a time: the store is whole, every name runs" {
	local i k pids
	for ((i = 0; i < rounds; i++)); do
		pids=()
		for ((k = 0; k < 4; k++)); do
			begin "${operations[RANDOM % ${#operations[@]}]}"
			pids+=($begun)
		done
		for k in "${pids[@]}"; do
			a_moment 150
			kill -KILL -- -"$k" 2>/dev/null || true # it may have come to its end
			wait "$k" 2>/dev/null || true
		done
		whole
	done
}

@test "load, pull, commit, tag, rmi, prune in loops, at once, killed by nobody: the store is whole, every name runs" {
	local i operation pids=()
	for operation in "${operations[@]}"; do
		for ((i = 0; i < rounds; i++)); do
			"$operation" || true
		done >>"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	! grep -vE '^(Loaded image|Untagged|Deleted): |^(sha256:)?[0-9a-f]{64}$' "$BATS_TEST_TMPDIR/said" |
		grep -vE 'no such image|in use by|is being loaded, named or removed|named another image before|was removed' ||
		fail "not expected: see above"
	whole
}

@test "two load the same image while others remove it: who succeeds has it whole" {
	local i pids
	for ((i = 0; i < rounds; i++)); do
		pids=()
		for operation in load_three load_two drop_all prune; do
			"$operation" >>"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
			pids+=($!)
		done
		wait "${pids[@]}" || true
		load_three
		[ "$(paene run --rm --network none localhost/three:1 cat /topmost)" ]
	done
	whole
}
