# SPDX-License-Identifier: Apache-2.0
# kill -9 at any moment, of the command, of any one process, of all: the next commands work, and nothing is left.
load lib

@test "paene-oci run: killed at a system call" {
	faults oci-run "${every_kill[@]}"
}

@test "paene-oci create, start, kill, delete: killed at a system call" {
	faults oci-life "${every_kill[@]}"
}

@test "run: killed at a system call" {
	faults run "${every_kill[@]}"
}

@test "run with a network and a published port: killed at a system call" {
	faults run-bridge "${every_kill[@]}"
}

@test "run -d and rm -f: killed at a system call" {
	faults run-detached "${every_kill[@]}"
}

@test "create, start, stop, rm: killed at a system call" {
	faults life "${every_kill[@]}"
}

@test "exec: killed at a system call" {
	faults exec "${every_kill[@]}"
}

@test "load: killed at a system call" {
	faults load "${every_kill[@]}"
}

@test "rmi: killed at a system call" {
	faults rmi "${every_kill[@]}"
}

@test "a monitor that restarts its container and ends: killed at a system call" {
	faults monitor kill-cli kill-tree
}
