# SPDX-License-Identifier: Apache-2.0
# A system call fails, any of them: the command says so, or does without; nothing crashes or hangs, the next commands work,
# and nothing is left. `inject` has the whole list of what must hold.
load lib

teardown_file() {
	[ "$(id -u)" != 0 ] || forget_bridges
}

@test "paene-oci run: a failing system call" {
	failing oci-run
}

@test "paene-oci run with a mount that the parent maps for init: a failing system call" {
	failing oci-mapped
}

@test "paene-oci create, start, kill, delete: a failing system call" {
	failing oci-life
}

@test "run: a failing system call" {
	failing run
}

@test "run with a network and a published port: a failing system call" {
	failing run-bridge
}

@test "run with a network of a plugin: a failing system call" {
	failing run-plugin
}

@test "run -d and rm -f: a failing system call" {
	failing run-detached
}

@test "create, start, stop, rm: a failing system call" {
	failing life
}

@test "network create, connect, shape, disconnect, rm: a failing system call" {
	failing networks
}

@test "exec: a failing system call" {
	failing exec
}

@test "load: a failing system call" {
	failing load
}

@test "rmi: a failing system call" {
	failing rmi
}

@test "a monitor that restarts its container and ends: a failing system call" {
	failing monitor
}
