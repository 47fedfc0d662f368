# SPDX-License-Identifier: Apache-2.0
# lib.bash: what the fault tests share; loads tests/lib/common.bash.
#
#   FAULT_ALL=1    every point of every operation, instead of a sample: an hour or two
#   FAULT_SEED=N   another sample
load ../lib/common
export PYTHONDONTWRITEBYTECODE=1
image=localhost/busybox:1

# faults OPERATION FAULT…: inject each of them at its share of 40 points. A FAULT is a word of errno(3), or "kill-WHOM".
faults() {
	needs_root
	needs_program strace jq
	local operation=$1 fault how status=0
	shift
	for fault; do
		how=(--errno "$fault")
		case $fault in
		kill-*) how=(--kill "${fault#kill-}") ;;
		*+) how=(--errno "${fault%+}" --persistent) ;;
		esac
		[ -n "${FAULT_ALL-}" ] || how+=(--sample $((40 / $#)) --seed "${FAULT_SEED:-1}")
		"$tests/fault/inject" --op "$operation" "${how[@]}" || status=1
	done
	return $status
}

every_errno=(EIO ENOMEM ENOSPC EMFILE EPERM EINTR EIO+ ENOSPC+)
every_kill=(kill-cli kill-one kill-tree)

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
