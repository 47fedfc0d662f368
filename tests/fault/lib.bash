# SPDX-License-Identifier: Apache-2.0
# lib.bash: what the fault tests share; loads tests/lib/common.bash.
#
#   FAULT_ALL=1    every point of every operation, instead of a sample: an hour or two
#   FAULT_SEED=N   another sample
load ../lib/common
export PYTHONDONTWRITEBYTECODE=1
image=localhost/busybox:1

# failing OPERATION: a system call fails, at 40 points
failing() {
	inject "$1" 40 --errno EIO,ENOMEM,ENOSPC,EMFILE,EPERM,EINTR,EIO+,ENOSPC+
}

# killed OPERATION [WHOM…]: somebody is killed, at 40 points
killed() {
	local operation=$1 whom status=0
	shift
	[ $# -gt 0 ] || set -- cli one tree
	for whom; do
		inject "$operation" $((40 / $#)) --kill "$whom" || status=1
	done
	return $status
}

inject() { # inject OPERATION SAMPLE OPTION…
	local sample=(--sample "$2" --seed "${FAULT_SEED:-1}")
	needs_root
	needs_program strace jq
	[ -z "${FAULT_ALL-}" ] || sample=()
	"$tests/fault/inject" --op "$1" "${sample[@]}" "${@:3}"
}

# Each of its operations had folders of its own, and a first container there, whose bridge stays; it has looked for all else itself.
forget_bridges() {
	local link
	for link in $(ip -o link show type bridge | grep -o 'paene[0-9]*'); do
		ip link delete "$link"
	done
	nft delete table inet paene 2>/dev/null || true
}

# The next command of any kind: it works.
next_commands_work() {
	paene ps -a >/dev/null
	[ "$(paene run --rm --network none $image echo fine)" = fine ]
}

# a_moment MILLISECONDS: sleep a random part of it
a_moment() {
	sleep "$(printf '%d.%03d' $((RANDOM % $1 / 1000)) $((RANDOM % $1 % 1000)))"
}

# The monitor of a container that runs.
monitor_of() {
	local id
	id=$(paene inspect "$1" | jq -r '.[0].Id')
	pgrep -f "^paene-monitor .*$id"
}

status_of() {
	paene inspect "$1" | jq -r '.[0].State.Status'
}

# For setup_file: an image and the bundle b that sleeps, for both programs; with what the first container makes for good.
make_sleepers() {
	[ "$(id -u)" = 0 ] || return 0
	load_busybox
	paene run --rm --network none $image true
	make_bundle "$BATS_FILE_TMPDIR/b" '.process.args = ["true"]'
	oci run --bundle "$BATS_FILE_TMPDIR/b" first # the folder of states, the parent cgroup: they stay
	edit_bundle "$BATS_FILE_TMPDIR/b" '.process.args = ["sleep", "1000"]'
}

# Each container of either program.
remove_all() {
	local id
	paene rm -f -a
	for id in $(oci list -q); do
		oci delete --force "$id"
	done
}
