#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene pull, run --pull, search and manifest inspect, with a registry on the loopback.

load ../lib/common
load ../lib/registry

setup_file() {
	needs_root
	needs_program docker-registry skopeo python3
	make_image localhost/one:1 "$BATS_FILE_TMPDIR/one.tar"
	make_image localhost/env:1 "$BATS_FILE_TMPDIR/env.tar" 'Env=["ENV=1"]'
	"$tests/lib/docker-archive" --layers 4 "$(busybox_rootfs)" localhost/four:1 "$BATS_FILE_TMPDIR/four.tar"
	registry_start plain
	echo "$REGISTRY" >"$BATS_FILE_TMPDIR/registry"
	give one one:1
	give env env:1
	give four four:1
	# the folders of the first time, for the leak check
	paene run --rm -q --tls-verify=false "$REGISTRY/lib/one:1" true
	paene rmi "$REGISTRY/lib/one:1"
}

teardown_file() {
	registries_stop
}

setup() {
	needs_root
	REGISTRY=$(<"$BATS_FILE_TMPDIR/registry")
	LOG=$registries/plain/registry.out
	leak_check_before
}

teardown() {
	paene rm -fa >/dev/null
	local id
	for id in $(paene images -q | sort -u); do
		paene rmi --force "$id" >/dev/null
	done
	leak_check_after
}

give() { # give ARCHIVE NAME:TAG: an archive of this file to the registry
	skopeo copy -q --insecure-policy --dest-tls-verify=false "docker-archive:$BATS_FILE_TMPDIR/$1.tar" "docker://$REGISTRY/lib/$2"
}

pull() {
	paene pull --tls-verify=false "$@"
}

# What the registry was asked since the last call, a line for each request; over plain HTTP, since TLS fails before.
asked() {
	local from
	from=$(cat "$BATS_TEST_TMPDIR/asked" 2>/dev/null || echo 0)
	tail -n "+$((from + 1))" "$LOG" | grep -oE '"(GET|HEAD|POST|PUT|PATCH) /v2/[^ ?]+' | tr -d '"' || true
	wc -l <"$LOG" >"$BATS_TEST_TMPDIR/asked"
}

nothing_in_work() {
	[ -z "$(ls -A "$PAENE_DATA/images/tmp" 2>/dev/null)" ]
}

@test "pull: the id alone on standard output; the image runs" {
	local id
	id=$(pull "$REGISTRY/lib/one:1" 2>"$BATS_TEST_TMPDIR/err")
	[[ "$id" =~ ^[0-9a-f]{64}$ ]]
	grep -q "^Trying to pull $REGISTRY/lib/one:1\.\.\.$" "$BATS_TEST_TMPDIR/err"
	grep -qE '^[0-9a-f]{12}: done$' "$BATS_TEST_TMPDIR/err"
	[ "$(paene images -q --no-trunc)" = "$id" ]
	[ "$(paene images --digests --format '{{.Digest}}')" = \
		"$(skopeo inspect --tls-verify=false "docker://$REGISTRY/lib/one:1" | jq -r .Digest)" ]
	[ "$(paene run --rm -q "$REGISTRY/lib/one:1" echo runs)" = runs ]
	run paene pull -q --tls-verify=false "docker://$REGISTRY/lib/one:1"
	expect_status 0
	expect_output "$id"
	nothing_in_work
}

@test "pull: what has not changed costs one question, by digest none" {
	asked >/dev/null
	pull -q "$REGISTRY/lib/one:1"
	asked | grep -q "^GET /v2/lib/one/blobs/"
	pull -q "$REGISTRY/lib/one:1"
	[ "$(asked)" = "HEAD /v2/lib/one/manifests/1" ]
	local digest
	digest=$(paene images --digests --format '{{.Digest}}')
	pull -q "$REGISTRY/lib/one@$digest"
	asked >/dev/null
	pull -q "$REGISTRY/lib/one@$digest"
	[ -z "$(asked)" ]
	paene run --rm -q --pull never "$REGISTRY/lib/one@$digest" true
}

@test "pull: layers that are here are not fetched again; a tag that moves is followed" {
	pull -q "$REGISTRY/lib/one:1"
	asked >/dev/null
	pull -q "$REGISTRY/lib/env:1" # another config, the same layer
	[ "$(asked | grep -c 'GET /v2/lib/env/blobs/')" = 1 ]
	give env one:moves
	pull -q "$REGISTRY/lib/one:moves"
	give one one:moves
	run pull -q "$REGISTRY/lib/one:moves"
	expect_output "$(paene inspect -f '{{.Id}}' "$REGISTRY/lib/one:1")"
	pull -q "$REGISTRY/lib/four:1"
	[ "$(paene run --rm -q "$REGISTRY/lib/four:1" cat /topmost)" = 4 ]
}

@test "pull: several at once do not hinder each other" {
	local i pids=()
	for i in 1 2 3 4 5 6; do
		pull -q "$REGISTRY/lib/four:1" >"$BATS_TEST_TMPDIR/out.$i" 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	[ "$(sort -u "$BATS_TEST_TMPDIR"/out.* | wc -l)" = 1 ]
	paene run --rm -q "$REGISTRY/lib/four:1" true
	nothing_in_work
}

@test "pull: an index, for this machine and for others" {
	local digests
	mapfile -t digests < <("$tests/registry/put" "$REGISTRY" lib/multi:1 linux/arm64 linux/amd64 linux/arm/v6 linux/arm/v7)
	pull -q "$REGISTRY/lib/multi:1"
	[ "$(paene images --digests --format '{{.Digest}}')" = "${digests[2]}" ]
	asked >/dev/null
	pull -q "$REGISTRY/lib/multi:1"
	[ "$(asked)" = "HEAD /v2/lib/multi/manifests/1" ]
	pull -q --platform linux/arm64/v8 "$REGISTRY/lib/multi:1"
	[ "$(paene inspect -f '{{.Digest}} {{.Architecture}}' "$REGISTRY/lib/multi:1")" = "${digests[1]} arm64" ]
	pull -q --arch arm --variant v6 "$REGISTRY/lib/multi:1"
	[ "$(paene inspect -f '{{.Digest}}' "$REGISTRY/lib/multi:1")" = "${digests[3]}" ]
	pull -q --arch armhf "$REGISTRY/lib/multi:1"
	[ "$(paene inspect -f '{{.Digest}}' "$REGISTRY/lib/multi:1")" = "${digests[4]}" ]
	pull -q "$REGISTRY/lib/multi@${digests[0]}" # the index's own digest
	[ "$(paene inspect -f '{{.Digest}}' "$REGISTRY/lib/multi@${digests[0]}")" = "${digests[2]}" ]
	run pull --platform linux/s390x "$REGISTRY/lib/multi:1"
	expect_status 1
	expect_in_output "it has nothing for linux/s390x; it is there for linux/arm64, linux/amd64, linux/arm/v6, linux/arm/v7"
	run pull --platform linux/ "$REGISTRY/lib/multi:1"
	expect_status 1
	expect_in_output "linux/ is no platform"
	run pull --platform linux/arm64 --arch arm "$REGISTRY/lib/multi:1"
	expect_status 1
	nothing_in_work
}

@test "pull: docker's lists, and an image that no index led to" {
	"$tests/registry/put" --docker "$REGISTRY" lib/list:1 linux/amd64 linux/arm64 >/dev/null
	pull -q "$REGISTRY/lib/list:1"
	run pull --platform linux/arm64 "$REGISTRY/lib/one:1"
	expect_status 1
	expect_in_output "it is there for linux/amd64 alone, not for linux/arm64"
	local arm
	arm=$("$tests/registry/put" "$REGISTRY" lib/arm:1 linux/arm64 | tail -n 1)
	run pull "$REGISTRY/lib/arm@$arm"
	expect_status 0
	expect_in_output "is for linux/arm64, and this machine is none"
}

@test "pull: names that are none, transports that are others', what the registry does not have" {
	local transport
	for transport in oci:x oci-archive:x docker-archive:x dir:x docker-daemon:x containers-storage:x; do
		run pull "$transport"
		expect_status 1
		expect_in_output "names no registry; \`paene load -i FILE\`"
	done
	run pull "https://$REGISTRY/lib/one"
	expect_status 1
	expect_in_output "is a URL"
	run pull "$REGISTRY/lib/ONE"
	expect_status 1
	run pull "$REGISTRY/lib/nosuch:1" "$REGISTRY/lib/one:nosuch" "$REGISTRY/lib/one:1"
	expect_status 1
	expect_in_output "lib/nosuch:1: manifest unknown"
	expect_in_output "lib/one:nosuch: manifest unknown"
	[[ "${lines[-1]}" =~ ^[0-9a-f]{64}$ ]]
	run pull "$REGISTRY/lib/one@sha256:$(printf '%064d' 1)"
	expect_status 1
	run pull
	expect_status 125
	run pull --retry many "$REGISTRY/lib/one:1"
	expect_status 1
	expect_in_output "--retry many: a number"
	run pull --creds :x "$REGISTRY/lib/one:1"
	expect_status 1
	nothing_in_work
}

@test "pull: nobody there; no TLS unless that is asked for" {
	run paene pull "$REGISTRY/lib/one:1"
	expect_status 1
	[ "${#lines[@]}" = 2 ]
	run pull --retry 0 127.0.0.1:1/lib/one:1
	expect_status 1
	expect_in_output "127.0.0.1:1: Connection refused"
	nothing_in_work
}

@test "pull --all-tags" {
	give one many:a
	give env many:b
	[ "$(pull -q --all-tags "$REGISTRY/lib/many" | wc -l)" = 2 ]
	[ "$(paene images --format '{{.Names}}' | sort | tr '\n' ' ')" = "$REGISTRY/lib/many:a $REGISTRY/lib/many:b " ]
	run pull --all-tags "$REGISTRY/lib/many:a"
	expect_status 1
	expect_in_output "--all-tags leaves no place for a tag"
}

@test "pull: mirrors first, then the registry; each that was tried is named" {
	export XDG_CONFIG_HOME=$BATS_TEST_TMPDIR
	mkdir -p "$BATS_TEST_TMPDIR/paene"
	settings() {
		cat >"$BATS_TEST_TMPDIR/paene/registries.json"
	}
	settings <<-EOF
	{"registries": [{"host": "example.invalid", "mirrors": [
		{"host": "127.0.0.1:1"}, {"host": "$REGISTRY", "prefix": "nothing", "insecure": true}, {"host": "$REGISTRY", "insecure": true}]}]}
	EOF
	run paene pull --retry 0 example.invalid/lib/one:1
	expect_status 0
	[ "$(paene images --format '{{.Names}}')" = example.invalid/lib/one:1 ]
	run paene pull --retry 0 example.invalid/lib/nosuch:1
	expect_status 1
	expect_in_output "127.0.0.1:1"
	expect_in_output "$REGISTRY"
	expect_in_output "example.invalid"
	[ "${#lines[@]}" = 2 ]
}

@test "pull: a short name" {
	export XDG_CONFIG_HOME=$BATS_TEST_TMPDIR
	mkdir -p "$BATS_TEST_TMPDIR/paene"
	cat >"$BATS_TEST_TMPDIR/paene/registries.json" <<-EOF
	{"search": ["$REGISTRY", "quay.example"], "aliases": {"alias": "$REGISTRY/lib/one"}, "registries": [
		{"host": "$REGISTRY", "insecure": true}]}
	EOF
	run paene pull -q alias:1
	expect_status 0
	[ "$(paene images --format '{{.Names}}')" = "$REGISTRY/lib/one:1" ]
	run paene pull lib/one:1 </dev/null
	expect_status 1
	expect_in_output "is a short name: it may be $REGISTRY/lib/one:1 or quay.example/lib/one:1"
	run paene run --rm -q lib/one:1 echo found # the one that is here is meant
	expect_status 0
	expect_in_output found
}

@test "run, create: --pull missing, always, newer, never" {
	run paene run --rm --pull never --tls-verify=false "$REGISTRY/lib/one:1" true
	expect_status 125
	expect_in_output "no such image: $REGISTRY/lib/one:1"
	run paene run --rm --tls-verify=false "$REGISTRY/lib/one:1" echo runs
	expect_status 0
	expect_in_output "Trying to pull $REGISTRY/lib/one:1"
	[ "${lines[-1]}" = runs ]
	asked >/dev/null
	paene create -q --tls-verify=false "$REGISTRY/lib/one:1" true >/dev/null
	[ -z "$(asked)" ]
	paene create -q --pull always --tls-verify=false "$REGISTRY/lib/one:1" true >/dev/null
	[ "$(asked)" = "HEAD /v2/lib/one/manifests/1" ]
	paene create -q --pull newer --tls-verify=false "$REGISTRY/lib/one:1" true >/dev/null
	[ "$(asked)" = "HEAD /v2/lib/one/manifests/1" ]
	run paene create --pull newer "$REGISTRY/lib/one:1" true # nobody who speaks TLS: the one that is here will do
	expect_status 0
	expect_in_output "warning: pull $REGISTRY/lib/one:1"
	run paene create --pull always "$REGISTRY/lib/one:1" true
	expect_status 125
	run paene create --pull sometimes "$REGISTRY/lib/one:1" true
	expect_status 125
	expect_in_output "--pull sometimes: it is missing, always, newer or never"
	run paene create --tls-verify=false "$REGISTRY/lib/nosuch:1" true
	expect_status 125
	expect_in_output "manifest unknown"
	run paene create "sha256:0123456789" true
	expect_status 125
	expect_in_output "no such image"
}

@test "run --platform: an image for another machine is not taken for this one's" {
	"$tests/registry/put" "$REGISTRY" lib/multi:2 linux/arm64 linux/amd64 >/dev/null
	paene create -q --tls-verify=false "$REGISTRY/lib/multi:2" true >/dev/null
	[ "$(paene inspect -f '{{.Architecture}}' "$REGISTRY/lib/multi:2")" = amd64 ]
	paene create -q --tls-verify=false --platform linux/arm64 "$REGISTRY/lib/multi:2" true >/dev/null
	[ "$(paene inspect -f '{{.Architecture}}' "$REGISTRY/lib/multi:2")" = arm64 ]
	asked >/dev/null
	paene create -q --tls-verify=false --platform linux/arm64 "$REGISTRY/lib/multi:2" true >/dev/null
	[ -z "$(asked)" ]
}

@test "manifest inspect: of the registry, and of what is here" {
	local digests
	mapfile -t digests < <("$tests/registry/put" "$REGISTRY" lib/multi:3 linux/arm64 linux/amd64)
	[ "$(paene manifest inspect --tls-verify=false "$REGISTRY/lib/multi:3" | jq -r '.manifests[1].digest')" = "${digests[2]}" ]
	pull -q "$REGISTRY/lib/multi:3"
	[ "$(paene manifest inspect "$REGISTRY/lib/multi:3" | jq -r '.layers | length')" = 1 ]
	[ "$(paene manifest inspect --tls-verify=false "docker://$REGISTRY/lib/multi:3" | jq -r '.manifests | length')" = 2 ]
	run paene manifest inspect --tls-verify=false "$REGISTRY/lib/nosuch:3"
	expect_status 1
	expect_in_output "manifest unknown"
	run paene manifest
	expect_in_output "inspect"
	nothing_in_work
}

@test "search: the repositories that a registry has, and the tags of one" {
	give one findme:a
	give one findme:b
	[ "$(paene search --tls-verify=false --format '{{.Name}}' "$REGISTRY/findme")" = "$REGISTRY/lib/findme" ]
	run paene search --tls-verify=false --list-tags "$REGISTRY/lib/findme"
	expect_status 0
	[[ "${lines[0]}" =~ ^NAME\ +TAG$ ]]
	[ "$(printf '%s\n' "${lines[@]:1}" | sort | tr -s ' ' | tr '\n' '/')" = "$REGISTRY/lib/findme a/$REGISTRY/lib/findme b/" ]
	[ "$(paene search --tls-verify=false --list-tags --limit 1 --format json "$REGISTRY/lib/findme" | jq length)" = 1 ]
	[ -z "$(paene search --tls-verify=false --filter stars=3 --format '{{.Name}}' "$REGISTRY/findme")" ]
	run paene search --filter nonsense "$REGISTRY/findme"
	expect_status 1
	run paene search --limit 0 "$REGISTRY/findme"
	expect_status 1
}

@test "pull, killed at any moment: nothing but a work folder, and the next one works" {
	local i
	for i in 0 1 2 4 8 16 32 64 128 256; do
		# not the function: it would be a shell that is killed
		"$PAENE_BUILD/paene" --root "$PAENE_DATA" --runroot "$PAENE_RUN" pull -q --tls-verify=false "$REGISTRY/lib/four:1" \
			>/dev/null 2>&1 3>&- &
		sleep "$(printf '0.%03d' "$i")" # wherever it is then
		kill -KILL $! 2>/dev/null || true
		wait $! || true
		# whole with its name, or whole without it, or not there
		if paene run --rm -q --pull never "$REGISTRY/lib/four:1" true 2>/dev/null; then
			paene rmi "$REGISTRY/lib/four:1" >/dev/null
		fi
		paene image prune -f >/dev/null
		[ -z "$(ls -A "$PAENE_DATA/images/records" 2>/dev/null)" ]
	done
	pull -q "$REGISTRY/lib/four:1"
	paene run --rm -q --pull never "$REGISTRY/lib/four:1" true
	nothing_in_work
}

@test "pull: on a terminal a bar for each layer" {
	script -qec "$PAENE_BUILD/paene --root $PAENE_DATA --runroot $PAENE_RUN pull --tls-verify=false $REGISTRY/lib/four:1" /dev/null \
		>"$BATS_TEST_TMPDIR/screen" </dev/null
	grep -q $'\033\\[K' "$BATS_TEST_TMPDIR/screen"
	[ "$(tail -n 5 "$BATS_TEST_TMPDIR/screen" | grep -c 'done')" = 4 ]
}
