#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene login, logout; settings of registries, credential helpers, certificates of hosts.

load ../lib/common
load ../lib/registry

setup_file() {
	needs_root
	needs_program paene-fetch
	private_etc
	paene images >/dev/null # the folders are there
	registry_start basic --htpasswd alice:SECRET
	export BASIC=$REGISTRY
	registry_start tls --tls --htpasswd alice:SECRET
	export TLS=$REGISTRY REGISTRY_CA
	registry_start token --token alice:SECRET
	export TOKEN=$REGISTRY
}

setup() {
	needs_root
	export HOME=$BATS_TEST_TMPDIR/home REGISTRY_AUTH_FILE='' auth_file=/run/containers/0/auth.json
	unset XDG_RUNTIME_DIR XDG_CONFIG_HOME DOCKER_CONFIG http_proxy https_proxy all_proxy ALL_PROXY HTTPS_PROXY
	mkdir -p "$HOME"
	if [ "$(id -u)" != 0 ]; then
		export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run auth_file=$BATS_TEST_TMPDIR/run/containers/auth.json
		mkdir "$XDG_RUNTIME_DIR"
	fi
	leak_check_before
}

teardown() {
	rm -rf "${auth_file%/containers/*}/containers" /etc/paene
	mkdir -p /etc/paene
	leak_check_after
}

teardown_file() {
	registries_stop
}

login() { # login USER PASSWORD [OPTION…] REGISTRY
	local user=$1 password=$2
	shift 2
	paene login -u "$user" --password-stdin "$@" <<<"$password"
}

insecure() { # insecure HOST: by the settings
	printf '{"registries": [{"host": "%s", "insecure": true}]}' "$1" >/etc/paene/registries.json
}

@test "login: what the registry takes is kept, for the owner alone; logout takes it away" {
	run login alice SECRET --tls-verify=false --verbose "$BASIC"
	expect_status 0
	expect_output "Used: $auth_file"$'\n'"Login Succeeded!"
	[ "$(stat -c %a "$auth_file")" = 600 ]
	[ "$(jq -r ".auths[\"$BASIC\"].auth" "$auth_file" | base64 -d)" = alice:SECRET ]
	run paene login --get-login "$BASIC"
	expect_output alice
	run paene logout "$BASIC"
	expect_output "Removed login credentials for $BASIC"
	run paene login --get-login "$BASIC"
	expect_status 1
	expect_output "paene login: not logged into $BASIC"
	run paene logout "$BASIC"
	expect_status 1
	expect_output "paene logout: not logged into $BASIC"
}

@test "login: a wrong password is not kept, nor shown" {
	run login alice WRONG7 --tls-verify=false "$BASIC"
	expect_status 1
	[ "${#lines[@]}" = 1 ]
	[[ "$output" == "paene login: log into $BASIC: "* ]]
	[[ "$output" != *WRONG7* ]] || fail "$output"
	[ ! -e "$auth_file" ]
}

@test "login: insecure by name in the settings; else neither plain HTTP nor any certificate" {
	run login alice SECRET "$BASIC"
	expect_status 1
	[ "${#lines[@]}" = 1 ]
	insecure "$BASIC"
	run login alice SECRET "$BASIC"
	expect_output "Login Succeeded!"
	run login alice SECRET "$TLS"
	expect_status 1
	insecure "$TLS"
	run login alice SECRET "$TLS"
	expect_output "Login Succeeded!"
}

@test "login: an authority in certs.d" {
	mkdir -p "/etc/containers/certs.d/$TLS"
	cp "$REGISTRY_CA" "/etc/containers/certs.d/$TLS/ca.crt"
	run login alice SECRET "$TLS"
	expect_output "Login Succeeded!"
	touch "/etc/containers/certs.d/$TLS/me.cert"
	run login alice SECRET "$TLS"
	expect_status 1
	expect_in_output "/etc/containers/certs.d/$TLS: open me.key, which me.cert needs"
	rm -r /etc/containers
}

@test "login: a registry that wants tokens" {
	run login alice SECRET --tls-verify=false "$TOKEN"
	expect_output "Login Succeeded!"
	run login alice WRONG7 --tls-verify=false "$TOKEN"
	expect_status 1
	[[ "$output" != *WRONG7* ]] || fail "$output"
	run paene login --get-login "$TOKEN"
	expect_output alice
}

@test "login: what is kept is tried first, and others of the file stay" {
	mkdir -p "$HOME/.docker"
	printf '{"x": 1, "auths": {"%s": {"auth": "%s"}}}' "$BASIC" "$(printf alice:SECRET | base64)" >"$HOME/.docker/config.json"
	run paene login --tls-verify=false "$BASIC" </dev/null
	expect_output "Authenticating with existing credentials for $BASIC"$'\n'"Existing credentials are valid. Already logged in to $BASIC"
	run paene logout "$BASIC"
	expect_status 1
	expect_in_output "there are credentials that \`docker login\` or somebody else has kept"
	run paene logout --authfile "$HOME/.docker/config.json" "$BASIC"
	expect_status 0
	[ "$(jq -c . "$HOME/.docker/config.json")" = '{"x":1,"auths":{}}' ]
}

@test "login: asked on a terminal, the password is not shown" {
	needs_program python3
	run "$tests/lib/terminal" see Username: type 'alice\n' see Password: type 'SECRET\n' see Succeeded -- \
		"$PAENE_BUILD/paene" --root "$PAENE_DATA" --runroot "$PAENE_RUN" login --tls-verify=false "$BASIC"
	expect_status 0
	expect_in_output "[restored]"
	[[ "$output" != *SECRET* ]] || fail "$output"
}

@test "login: a signal at the password leaves the terminal as it was" {
	needs_program python3
	local how
	for how in 'type \x03' 'signal TERM' 'signal HUP' 'type \x04'; do
		run "$tests/lib/terminal" see Password: ${how% *} "${how#* }" -- "$PAENE_BUILD/paene" --root "$PAENE_DATA" \
			--runroot "$PAENE_RUN" login -u alice 127.0.0.1:1
		[ "$status" != 0 ] || fail "$how" "$output"
		expect_in_output "[restored]"
	done
}

@test "login: wrong words on the command line" {
	local what
	run paene login -u alice </dev/null
	expect_status 1
	expect_output "paene login: standard input is no terminal; give --password-stdin"
	run paene login </dev/null
	expect_output "paene login: standard input is no terminal; give --username and --password-stdin"
	run paene login --password-stdin docker.io <<<x
	expect_output "paene login: --password-stdin needs --username"
	run paene login -u a -p b --password-stdin docker.io <<<x
	expect_output "paene login: --password and --password-stdin: one of them"
	run login a:b x docker.io
	expect_output "paene login: a user's name is not empty, and has no : in it"
	run login a '' docker.io
	expect_output "paene login: the password is empty"
	run login a "$(head -c 9000 /dev/zero | tr '\0' x)" docker.io
	expect_output "paene login: the name or the password is too long"
	for what in hub 'a b' '' 'a.io/x:1'; do
		run login a b "$what"
		expect_status 1
		expect_in_output "\"$what\" is no registry"
	done
	run paene logout --all docker.io
	expect_output "paene logout: --all leaves no place for a registry"
}

@test "login: through the proxy of the environment, but for hosts that are excepted" {
	export http_proxy=http://me:PROXYPW@127.0.0.1:1 https_proxy=http://me:PROXYPW@127.0.0.1:1
	insecure "$BASIC"
	run login alice SECRET "$BASIC"
	expect_status 1
	[[ "$output" != *PROXYPW* ]] || fail "$output"
	no_proxy=127.0.0.1 run login alice SECRET "$BASIC"
	expect_output "Login Succeeded!"
	https_proxy=ftp://me:PROXYPW@x run login alice SECRET "$BASIC"
	expect_status 1
	expect_output "paene login: log into $BASIC: $BASIC: https_proxy: a proxy is http, https, socks4, socks4a, socks5 or socks5h"
}

@test "login: a full disk leaves the file as it was" {
	insecure "$BASIC"
	mkdir "$BATS_TEST_TMPDIR/small"
	mount -t tmpfs -o size=8k tmpfs "$BATS_TEST_TMPDIR/small"
	printf '{"auths": {"a.io": {"auth": "%s"}}}' "$(printf a:b | base64)" >"$BATS_TEST_TMPDIR/small/auth.json"
	head -c 4096 /dev/zero >"$BATS_TEST_TMPDIR/small/full"
	run login alice SECRET --authfile "$BATS_TEST_TMPDIR/small/auth.json" "$BASIC"
	expect_status 1
	expect_in_output "No space left on device"
	[ "$(jq -r '.auths["a.io"].auth' "$BATS_TEST_TMPDIR/small/auth.json" | base64 -d)" = a:b ]
	[ "$(ls -A "$BATS_TEST_TMPDIR/small" | wc -l)" = 2 ]
	umount "$BATS_TEST_TMPDIR/small"
}

@test "login: two at once, and both are kept" {
	insecure "$BASIC"
	local i pids=()
	for i in 1 2 3 4 5 6; do
		login alice SECRET "$BASIC/team$i" >/dev/null 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	[ "$(jq '.auths | length' "$auth_file")" = 6 ]
}

@test "login: nobody there; --password warns" {
	run login alice SECRET --tls-verify=false 127.0.0.1:1
	expect_status 1
	[ "${#lines[@]}" = 1 ]
	expect_in_output "log into 127.0.0.1:1: "
	run paene login -u alice -p SECRET 127.0.0.1:1
	[[ "${lines[0]}" == "paene: warning: everybody who lists processes can see a password"* ]]
	[ ! -e "$auth_file" ]
}

@test "login: to a part of a registry; logout --all" {
	insecure "$BASIC"
	login alice SECRET "$BASIC/team"
	run paene login --get-login "$BASIC/team/x"
	expect_output alice
	run paene login --get-login "$BASIC"
	expect_status 1
	login alice SECRET "$BASIC"
	run paene logout --all
	expect_output "Removed login credentials for all registries"
	[ "$(jq -c .auths "$auth_file")" = '{}' ]
}

@test "login: --authfile, REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR" {
	insecure "$BASIC"
	cd "$BATS_TEST_TMPDIR"
	login alice SECRET --authfile one.json "$BASIC"
	jq -e .auths one.json
	REGISTRY_AUTH_FILE=$PWD/two.json login alice SECRET "$BASIC"
	jq -e .auths two.json
	XDG_RUNTIME_DIR=$PWD login alice SECRET "$BASIC"
	jq -e .auths containers/auth.json
	XDG_CONFIG_HOME=$PWD run paene login --get-login "$BASIC"
	expect_output alice
	cp one.json config.json
	DOCKER_CONFIG=$PWD run paene login --get-login "$BASIC"
	expect_output alice
	[ ! -e "$auth_file" ]
	run paene login --get-login --authfile /nonexistent/x "$BASIC"
	expect_status 1
	expect_output "paene login: not logged into $BASIC"
}

@test "login: a helper keeps them, and the file holds none" {
	insecure "$BASIC"
	mkdir -p "${auth_file%/*}" "$BATS_TEST_TMPDIR/bin"
	cat >"$BATS_TEST_TMPDIR/bin/docker-credential-box" <<-'END'
		#!/bin/sh
		kept=$(dirname "$0")/kept
		case $1 in
		get) read -r server; [ -e "$kept" ] && cat "$kept" || { echo "credentials not found in native keychain"; exit 1; } ;;
		store) cat >"$kept" ;;
		erase) rm "$kept" ;;
		esac
	END
	chmod +x "$BATS_TEST_TMPDIR/bin/docker-credential-box"
	echo '{"credsStore": "box"}' >"$auth_file"
	export PATH=$BATS_TEST_TMPDIR/bin:$PATH
	run login alice SECRET "$BASIC"
	expect_output "Login Succeeded!"
	[ "$(jq -c . "$BATS_TEST_TMPDIR/bin/kept")" = "{\"ServerURL\":\"$BASIC\",\"Username\":\"alice\",\"Secret\":\"SECRET\"}" ]
	[ "$(cat "$auth_file")" = '{"credsStore": "box"}' ]
	run paene login --get-login "$BASIC"
	expect_output alice
	run paene logout "$BASIC"
	expect_status 0
	[ ! -e "$BATS_TEST_TMPDIR/bin/kept" ]
	echo '{"credHelpers": {"a.io": "nobody"}}' >"$auth_file"
	run paene login --get-login a.io
	expect_status 1
	expect_output "paene login: $auth_file: the credential helper docker-credential-nobody is not in PATH; install it, or take it out of the auth file"
}

@test "settings: a mistyped key is named with its place, and stops what would ask a registry" {
	echo '{"registries": [{"host": "a.io", "insecur": true}]}' >/etc/paene/registries.json
	run login a b a.io
	expect_status 1
	expect_output "paene login: /etc/paene/registries.json: registries[0].insecur: no such key; there are: host, prefix, mirrors, insecure, blocked"
	mkdir -p "$HOME/.config/paene"
	echo '{' >"$HOME/.config/paene/registries.json"
	run login a b a.io
	expect_in_output "paene login: $HOME/.config/paene/registries.json: line 2, column 0"
	rm /etc/paene/registries.json
	echo '{"search": ["b.io", "docker.io"]}' >"$HOME/.config/paene/registries.json"
	run paene login --get-login
	expect_output "paene login: not logged into b.io"
	echo '{"registries": [{"host": "a.io", "blocked": true}]}' >"$HOME/.config/paene/registries.json"
	run login a b a.io
	expect_in_output "is blocked by $HOME/.config/paene/registries.json"
}

@test "an auth file that is broken is named, and nothing of it shown" {
	mkdir -p "${auth_file%/*}"
	echo '{"auths": {"a.io": {"auth": SECRET}}}' >"$auth_file"
	run paene login --get-login a.io
	expect_status 1
	expect_in_output "$auth_file: line 1, column"
	[[ "$output" != *SECRET* ]] || fail "$output"
	echo '{"auths": {"a.io": {"auth": "SECRET"}}}' >"$auth_file"
	run paene login --get-login a.io
	expect_in_output "$auth_file: a.io: \"auth\" is no base64 of a text"
}

@test "skopeo reads what we keep, and we what it keeps" {
	needs_program skopeo
	login alice SECRET --tls-verify=false "$BASIC"
	run skopeo login --authfile "$auth_file" --get-login "$BASIC"
	expect_output alice
	run skopeo list-tags --authfile "$auth_file" --tls-verify=false "docker://$BASIC/nosuch"
	expect_in_output "Not Found" # and not: unauthorized
	skopeo logout --authfile "$auth_file" "$BASIC"
	run paene login --get-login "$BASIC"
	expect_status 1
	skopeo login --authfile "$auth_file" --tls-verify=false -u alice --password-stdin "$BASIC/team" <<<SECRET
	run paene login --get-login "$BASIC/team/x"
	expect_output alice
	paene logout "$BASIC/team"
	run skopeo login --authfile "$auth_file" --get-login "$BASIC/team"
	[ "$status" != 0 ]
}
