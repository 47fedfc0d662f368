#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The README's tour, command by command, by somebody at a terminal. Its images are made here, under the names that it has.

load ../lib/common

setup() {
	needs_root
	needs_program python3
	cd "$BATS_TEST_TMPDIR"
	export PAENE_CONF=$BATS_TEST_TMPDIR/paene.conf
	printf '[paene]\nroot = %s\nrunroot = %s\n' "$PAENE_DATA" "$PAENE_RUN" >"$PAENE_CONF"
	local rootfs=$BATS_TEST_TMPDIR/rootfs
	cp -a "$(busybox_rootfs)" "$rootfs"
	printf '#!/bin/sh\nexec sh "$@"\n' >"$rootfs/bin/bash"
	chmod 755 "$rootfs/bin/bash"
	"$tests/lib/docker-archive" "$rootfs" docker.io/library/debian:13 debian.tar 'Cmd=["/bin/bash"]'
	"$tests/lib/docker-archive" "$rootfs" docker.io/library/app:latest app.tar 'Cmd=["/bin/sh","-c","echo serving; exec sleep 1000"]'
	command paene load -qi debian.tar
}

teardown() {
	command paene rm -fa >/dev/null
	command paene network prune -f >/dev/null
}

tour() { # the commands, one a line
	sed -n '/^## A tour/,/^## /s/^    //p' "$tests/../README.md"
}

# What somebody does at the keyboard: as tests/lib/terminal has it.
keys_for() { # keys_for COMMAND
	case $1 in
	*"run"*" bash"* | *exec*" sh"*) keys=(see / type 'exit\n') ;;
	*"logs -f"*) keys=(see serving type '\x03') ;;
	*" stats"*) keys=(see web type '\x03') ;;
	*) keys=() ;;
	esac
}

@test "each command of the tour does what it says" {
	local command keys status=0 n=0
	while read -r command; do
		grep -qs memory /sys/fs/cgroup/cgroup.controllers || command=${command/ -m 256m --cpus 1.5/} # without controllers
		keys_for "$command"
		"$tests/lib/terminal" "${keys[@]}" -- bash -c "$command" >shown </dev/null || status=$?
		[[ $status = 0 || ("${keys[*]}" = *x03* && $status = @(130|254)) ]] || fail "$command" "status $status" "$(<shown)"
		! grep -E 'paene[a-z ]*: ' shown | grep -v warning || fail "$command" "$(<shown)"
		n=$((n + 1)) status=0
		[[ $command != *"--format"* ]] || grep -q running shown || fail "$command" "$(<shown)"
		[[ $command != "paene ps" ]] || grep -q 'web' shown || fail "$command" "$(<shown)"
	done < <(tour)
	[ "$n" -ge 10 ]
	[ -z "$(command paene ps -aq)" ]
}
