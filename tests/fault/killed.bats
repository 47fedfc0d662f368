# SPDX-License-Identifier: Apache-2.0
# kill -9 at any moment, of the command, of any one process, of all: the next commands work, and nothing is left.
load lib

teardown_file() {
	[ "$(id -u)" != 0 ] || forget_bridges
}

@test "paene-oci run: killed at a system call" {
	killed oci-run
}

@test "paene-oci run with a mount that the parent maps for init: killed at a system call" {
	killed oci-mapped
}

@test "paene-oci create, start, kill, delete: killed at a system call" {
	killed oci-life
}

@test "run: killed at a system call" {
	killed run
}

@test "run with a network and a published port: killed at a system call" {
	killed run-bridge
}

@test "run with a root by fuse-overlayfs: killed at a system call" {
	needs_program fuse-overlayfs
	killed run-served cli # who traces the program, too, may wait for what only that one can read
}

@test "run with a network of a plugin: killed at a system call" {
	killed run-plugin
}

@test "run -d and rm -f: killed at a system call" {
	killed run-detached
}

@test "create, start, stop, rm: killed at a system call" {
	killed life
}

@test "network create, connect, shape, disconnect, rm: killed at a system call" {
	killed networks
}

@test "exec: killed at a system call" {
	killed exec
}

@test "load: killed at a system call" {
	killed load
}

@test "rmi: killed at a system call" {
	killed rmi
}

@test "a monitor that restarts its container and ends: killed at a system call" {
	killed monitor cli tree
}
