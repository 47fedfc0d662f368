# SPDX-License-Identifier: Apache-2.0
# A system call fails, any of them: the command says so, or does without; nothing crashes or hangs, the next commands work,
# and nothing is left. `inject` has the whole list of what must hold.
load lib

@test "paene-oci run: a failing system call" {
	faults oci-run "${every_errno[@]}"
}

@test "paene-oci create, start, kill, delete: a failing system call" {
	faults oci-life "${every_errno[@]}"
}

@test "run: a failing system call" {
	faults run "${every_errno[@]}"
}

@test "run with a network and a published port: a failing system call" {
	faults run-bridge "${every_errno[@]}"
}

@test "run -d and rm -f: a failing system call" {
	faults run-detached "${every_errno[@]}"
}

@test "create, start, stop, rm: a failing system call" {
	faults life "${every_errno[@]}"
}

@test "exec: a failing system call" {
	faults exec "${every_errno[@]}"
}

@test "load: a failing system call" {
	faults load "${every_errno[@]}"
}

@test "rmi: a failing system call" {
	faults rmi "${every_errno[@]}"
}

@test "a monitor that restarts its container and ends: a failing system call" {
	faults monitor "${every_errno[@]}"
}
