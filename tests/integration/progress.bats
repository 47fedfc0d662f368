#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# How far long work is: said on a terminal, and gone from it at the end; nothing anywhere else. Of pull: pull.bats.

load ../lib/common

image=localhost/busybox:1

setup_file() {
	has_corner || return 0
	load_busybox
	paene run -q --name box --network none "$image" dd if=/dev/zero of=/large bs=1M count=40 2>/dev/null
}

setup() {
	needs_root
	needs_program script
	cd "$BATS_TEST_TMPDIR"
}

# At a terminal with a verb: $screen has what it shows, and the standard output, which is no terminal, is in the file out.
at_terminal() { # at_terminal VERB [ARGUMENT…]
	local command
	printf -v command '%q ' "$PAENE_BUILD/paene" --root "$PAENE_DATA" --runroot "$PAENE_RUN" "$@"
	script -qec "$command >out" /dev/null </dev/null >screen
	screen=$(<screen)
}

shows() { # shows WORD VERB [ARGUMENT…]: on a terminal, not with -q, and not on a pipe; the status is the verb's
	local word=$1 verb=$2
	shift 2
	at_terminal "$verb" "$@" || fail "$screen" || return
	[[ "$screen" == *"$word "*B* ]] || fail "$verb shows: $screen" || return
	[[ "$screen" == *$'\033[1A\033[J' ]] || fail "$verb does not clear it away: $screen" || return
	at_terminal "$verb" -q "$@" || return
	[ -z "$screen" ] || fail "$verb -q shows: $screen" || return
	paene "$verb" "$@" 2>said >out || return
	[ ! -s said ] || fail "$verb says: $(<said)"
}

@test "save" {
	shows writing save -o images.tar "$image"
}

@test "export, import" {
	shows copying export -o box.tar box
	shows copying import box.tar
	shows copying export box # to a pipe
	[ "$(tar -tf out large)" = large ]
}

@test "commit" {
	shows copying commit box
}

@test "cp, in both directions" {
	shows copying cp box:/large .
	[ "$(stat -c %s large)" = 41943040 ]
	shows copying cp large box:/tmp
}
