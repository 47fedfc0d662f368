#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --format, as docker's and podman's users write it. The language itself: unit/test_cli_template.c.

load ../lib/common

image=localhost/busybox:1

setup_file() {
	has_corner || return 0
	load_busybox
	paene run -d --name box -l one=1 -l b.c=2 "$image" sleep 1000 >/dev/null
	paene create -q --name other --network none "$image" true >/dev/null
}

teardown_file() {
	paene rm --force --all >/dev/null
}

setup() {
	needs_root
}

@test "inspect: blocks and functions, as everybody has them in scripts" {
	run paene inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' box
	expect_status 0
	[[ "$output" =~ ^10\.[0-9.]+$ ]]
	run paene inspect -f '{{index .Config.Labels "b.c"}} {{if .State.Running}}up{{else}}down{{end}}' box other
	expect_output $'2 up\n down'
	run paene inspect --format '{{range $k, $v := .Config.Labels}}{{$k}}={{$v}}{{println}}{{end}}' box
	expect_output $'b.c=2\none=1'
	run paene inspect --format '{{slice .Id 0 12}} {{len .Config.Labels}} {{.State.Status | upper}}' box
	[[ "$output" =~ ^[0-9a-f]{12}\ 2\ RUNNING$ ]]
}

@test "lists: a template for each row; with titles after \"table\"" {
	run paene ps -a --format '{{.Names}}: {{.State}}'
	expect_output $'other: created\nbox: running'
	run paene ps -a --format 'table {{.Names}}\t{{.Image}}'
	expect_output $'NAMES  IMAGE\nother  localhost/busybox:1\nbox    localhost/busybox:1'
	run paene images --format 'table {{.Repository}}\t{{.Tag}}'
	expect_output $'REPOSITORY         TAG\nlocalhost/busybox  1'
	run paene network ls --format 'table {{.Name}}\t{{.Driver}}'
	expect_output $'NAME   DRIVER\npaene  bridge'
}

@test "what makes no sense: one line, before anything is printed" {
	run paene ps -a --format '{{.Names}}{{if}}'
	expect_status 1
	[ "${#lines[@]}" = 1 ]
	expect_in_output "--format: neither a path nor a text, number or function"
	run paene ps -a --format '{{.Nope}}'
	[ "$status" != 0 ]
	expect_in_output 'there is nothing at ".Nope"'
}
