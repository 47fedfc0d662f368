#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Where a password is, and where it is not: D16.
load lib
load ../lib/registry

setup_file() {
	needs_root
	needs_program paene-fetch openssl python3 docker-registry strace nc
	paene images >/dev/null # the folders are there
	registry_start basic --htpasswd "alice:$(new_secret)"
	export BASIC=$REGISTRY
}

setup() {
	unset http_proxy https_proxy all_proxy no_proxy HTTPS_PROXY ALL_PROXY NO_PROXY REGISTRY_AUTH_FILE XDG_CONFIG_HOME DOCKER_CONFIG
	export HOME=$BATS_TEST_TMPDIR XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/runtime
	auth_file=$XDG_RUNTIME_DIR/containers/auth.json
	secret=$BATS_FILE_TMPDIR/secret # a file: no command line of the test has it
	security_setup
}

teardown() {
	security_teardown
}

teardown_file() {
	registries_stop
}

new_secret() {
	od -An -N12 -tx8 /dev/urandom | tr -d ' \n' | tee "$BATS_FILE_TMPDIR/secret"
}

nowhere() { # nowhere FILE…: neither as it is nor as it is sent
	base64 -w0 <<<"alice:$(<"$secret")" | head -c 40 >"$BATS_TEST_TMPDIR/sent"
	run grep -arsl -f "$secret" -f "$BATS_TEST_TMPDIR/sent" "$@"
	[ -z "$output" ] || fail "the password is in" "$output"
}

@test "D16: no command line, environment or file but the auth file has it" {
	# LeakSanitizer works by ptrace, as strace does
	ASAN_OPTIONS=detect_leaks=0 strace -f -qq -s 4096 -e trace=execve,openat,openat2 -e signal=none -o "$BATS_TEST_TMPDIR/trace" -v \
		"$PAENE_BUILD/paene" --root "$PAENE_DATA" --runroot "$PAENE_RUN" login --tls-verify=false -u alice --password-stdin "$BASIC" \
		<"$secret" >"$BATS_TEST_TMPDIR/said" 2>&1
	nowhere "$BATS_TEST_TMPDIR/trace" "$BATS_TEST_TMPDIR/said" "$PAENE_DATA" "$PAENE_RUN"
	run nowhere "$auth_file" # there it is
	expect_status 1
	[ "$(stat -c '%a %u' "$auth_file")" = "600 0" ]
	[ "$(stat -c %a "$XDG_RUNTIME_DIR/containers")" = 700 ]
	[ "$(ls -A "$XDG_RUNTIME_DIR/containers")" = auth.json ] || fail "$(ls -A "$XDG_RUNTIME_DIR/containers")"
	run paene pull -q --tls-verify=false --retry 0 "$BASIC/nosuch:1"
	expect_status 1
	echo "$output" >"$BATS_TEST_TMPDIR/said"
	nowhere "$BATS_TEST_TMPDIR/said" "$PAENE_DATA" "$PAENE_RUN"
	paene logout "$BASIC"
	nowhere "$XDG_RUNTIME_DIR"
}

@test "D16: while it is sent, and nobody answers" {
	local pid server
	nc -dkl 127.0.0.1 4999 >/dev/null 3>&- &
	server=$!
	wait_until 20 grep -q :1387 /proc/net/tcp
	command paene --root "$PAENE_DATA" --runroot "$PAENE_RUN" login --tls-verify=false -u alice --password-stdin 127.0.0.1:4999 \
		<"$secret" >/dev/null 2>&1 3>&- &
	pid=$!
	wait_until 20 pgrep -P "$pid" paene-fetch
	nowhere /proc/[0-9]*/cmdline /proc/[0-9]*/environ
	kill "$pid" "$server"
	wait "$pid" "$server" || true
	nowhere "$PAENE_DATA" "$PAENE_RUN" "$XDG_RUNTIME_DIR"
	rm -rf "$PAENE_DATA"/images/tmp/*
}

@test "D16: files of others are not taken for the auth file, nor made readable" {
	mkdir -p "$XDG_RUNTIME_DIR/containers"
	mkfifo "$auth_file"
	run paene login --get-login "$BASIC" # and nobody waits for a writer
	rm "$auth_file"
	umask 0
	paene login --tls-verify=false -u alice --password-stdin "$BASIC" <"$secret"
	[ "$(stat -c %a "$auth_file")" = 600 ]
	chmod 644 "$auth_file"
	paene login --tls-verify=false -u alice --password-stdin "$BASIC" <"$secret"
	[ "$(stat -c %a "$auth_file")" = 600 ]
}

@test "D16: what a broken file or helper holds is not shown" {
	mkdir -p "$XDG_RUNTIME_DIR/containers" "$BATS_TEST_TMPDIR/bin"
	local text
	for text in "$(<"$secret")" "{\"auths\": {\"$BASIC\": {\"auth\": $(<"$secret")}}}" \
		"{\"auths\": {\"$BASIC\": {\"auth\": \"$(<"$secret")\"}}}" "{\"auths\": {\"$BASIC\": [\"$(<"$secret")\"]}}" \
		'{"credsStore": "box"}'; do
		printf '%s' "$text" >"$auth_file"
		printf '#!/bin/sh\nprintf "{\\"Secret\\": \\"%%s\\"" "$(cat "%s")"\n' "$secret" >"$BATS_TEST_TMPDIR/bin/docker-credential-box"
		chmod +x "$BATS_TEST_TMPDIR/bin/docker-credential-box"
		PATH=$BATS_TEST_TMPDIR/bin:$PATH paene login --get-login "$BASIC" >"$BATS_TEST_TMPDIR/said" 2>&1 && fail "$text"
		[ -s "$BATS_TEST_TMPDIR/said" ]
		nowhere "$BATS_TEST_TMPDIR/said"
	done
}
