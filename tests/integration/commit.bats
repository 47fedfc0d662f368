#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene commit: one more layer, its config, its words.

load ../lib/common

image=localhost/busybox:1

setup_file() {
	has_corner || return 0
	load_busybox
	paene run -q --rm --network none "$image" true
}

setup() {
	needs_root
	mkdir "$BATS_TEST_TMPDIR/here"
	cd "$BATS_TEST_TMPDIR/here"
	leak_check_before
}

teardown() {
	paene rm -fa >/dev/null
	local id
	for id in $(paene images -q --no-trunc); do
		[ "$id" = "$(paene inspect -f '{{.Id}}' "$image")" ] || paene rmi -f "$id" >/dev/null
	done
	leak_check_after
}

box() { # box OPTION… -- COMMAND: a container that has run it, and ended
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	paene run -q --name box --network none "${options[@]}" "$image" sh -c "$2"
}

config() { # config IMAGE PATH
	paene inspect --format "{{json .Config.$2}}" "$1"
}

in_new() {
	paene run -q --rm --network none localhost/new:1 "$@"
}

@test "files that came, changed, went; folders that were made anew" {
	box -- 'echo hi >/own; chown 5:6 /own; echo x >>/etc/passwd; rm /bin/vi; rm -rf /root; mkdir /root; echo r >/root/r
		mkdir /d; echo a >/d/a; ln /d/a /d/b; ln -s a /d/l'
	local id
	id=$(paene commit box localhost/new:1)
	[ "$(paene inspect -f '{{.Id}}' localhost/new:1)" = "$id" ]
	[ "$(in_new cat /own)" = hi ]
	[ "$(in_new stat -c '%u %g' /own)" = "5 6" ]
	[ "$(in_new tail -n 1 /etc/passwd)" = x ]
	run in_new ls /bin/vi
	expect_status 1
	[ "$(in_new ls /root)" = r ]
	[ "$(in_new stat -c %h /d/a)" = 2 ]
	[ "$(in_new readlink /d/l)" = a ]
	[ "$(paene history -q localhost/new:1 | wc -l)" = $(($(paene history -q "$image" | wc -l) + 1)) ]
}

@test "the layer is the container's own: the same on a disk, and as others unpack it" {
	needs_program skopeo umoci
	box -- 'echo hi >/own; rm /bin/vi; rm -rf /root; mkdir /root; echo r >/root/r'
	paene commit box localhost/new:1 >/dev/null
	paene save --format oci-dir -o saved localhost/new:1
	skopeo --insecure-policy copy -q oci:saved oci:copy:x
	umoci unpack --image copy:x bundle >/dev/null
	[ "$(cat bundle/rootfs/own)" = hi ]
	[ ! -e bundle/rootfs/bin/vi ]
	[ "$(ls bundle/rootfs/root)" = r ]
}

@test "the config is what the container was started with" {
	box -e FOO=bar -w /tmp -u 7:8 --label a=b -- true
	paene commit box localhost/new:1 >/dev/null
	[ "$(config localhost/new:1 Cmd)" = '["sh", "-c", "true"]' ] || [ "$(config localhost/new:1 Cmd)" = '["sh","-c","true"]' ]
	[[ "$(config localhost/new:1 Env)" == *'"FOO=bar"'* ]]
	[[ "$(config localhost/new:1 Env)" != *container=* ]]
	[ "$(config localhost/new:1 WorkingDir)" = '"/tmp"' ]
	[ "$(config localhost/new:1 User)" = '"7:8"' ]
	[ "$(config localhost/new:1 Labels | jq -r .a)" = b ]
}

@test "--change, --author, --message, --format, --iidfile" {
	box -- true
	paene commit -q -a me -m "first words" -f docker --iidfile id -c 'ENTRYPOINT ["echo"]' -c 'CMD ["a", "b"]' -c 'ENV A=1 B="2 3"' \
		-c 'LABEL x=y' -c 'EXPOSE 80/tcp' -c 'VOLUME /v' -c 'WORKDIR /tmp' -c 'STOPSIGNAL INT' -c 'USER=5' box localhost/new:1
	[ "$(cat id)" = "$(paene inspect -f '{{.Id}}' localhost/new:1)" ]
	[ "$(in_new)" = "a b" ]
	[ "$(paene run -q --rm --network none --entrypoint sh localhost/new:1 -c 'echo $A $B; pwd; id -u')" = $'1 2 3\n/tmp\n5' ]
	[ "$(config localhost/new:1 StopSignal)" = '"INT"' ]
	[ "$(paene inspect -f '{{.Author}}' localhost/new:1)" = me ]
	[ "$(paene inspect -f '{{json .History}}' localhost/new:1 | jq -r '.[-1].comment')" = "first words" ]
	paene save --format docker-dir -o saved localhost/new:1
	[ "$(jq -r .mediaType saved/manifest.json)" = application/vnd.docker.distribution.manifest.v2+json ]
	[ "$(jq -r '.layers[-1].mediaType' saved/manifest.json)" = application/vnd.docker.image.rootfs.diff.tar.gzip ]
}

@test "--squash: one layer with everything" {
	box -- 'echo hi >/own; rm /bin/vi'
	paene commit --squash box localhost/new:1 >/dev/null
	[ "$(paene inspect -f '{{json .RootFS.Layers}}' localhost/new:1 | jq length)" = 1 ]
	[ "$(in_new cat /own)" = hi ]
	run in_new ls /bin/vi
	expect_status 1
}

@test "one that runs is frozen meanwhile, and goes on; --pause=false" {
	paene run -dq --name box --network none "$image" sh -c 'echo hi >/own; while :; do sleep 0.05; echo x >>/lines; done'
	wait_until 5 paene exec box test -s /lines
	paene commit box localhost/new:1 >/dev/null
	[ "$(in_new cat /own)" = hi ]
	[ "$(paene inspect -f '{{.State.Status}}' box)" = running ]
	[ "$(paene events --since 1h --stream=false --filter event=pause --format '{{.Status}}' | wc -l)" -ge 1 ]
	paene commit --pause=false box localhost/new:2 >/dev/null
	paene pause box >/dev/null
	paene commit box localhost/new:3 >/dev/null
	[ "$(paene inspect -f '{{.State.Status}}' box)" = paused ]
}

@test "without a name; a name that meant another image; a committed image committed again" {
	box -- 'echo 1 >/one'
	local id
	id=$(paene commit box)
	paene tag "$id" localhost/new:1
	paene run -q --name second --network none localhost/new:1 sh -c 'echo 2 >/two'
	run paene commit second localhost/new:1
	expect_status 0
	expect_in_output "named another image before"
	[ "$(in_new cat /one /two)" = $'1\n2' ]
}

@test "wrong words, names that do not exist, a name that begins as a whiteout: nothing is left" {
	box -- true
	run paene commit nosuch
	expect_status 1
	expect_in_output "no such container: nosuch"
	run paene commit -c 'NONSENSE x' box
	expect_status 1
	expect_in_output "known are CMD"
	run paene commit -c 'WORKDIR here' box
	expect_in_output "absolute"
	run paene commit -f zip box
	expect_in_output "oci or docker"
	run paene commit box 'NOT/A/NAME'
	expect_status 1
	run paene commit box "a@sha256:$(printf '0%.0s' {1..64})"
	expect_status 1
	paene rm box >/dev/null
	box -- 'echo x >/.wh.etc'
	run paene commit box
	expect_status 1
	expect_in_output ".wh."
	[ "$(paene images -q | wc -l)" = 1 ]
	[ -z "$(ls -A "$PAENE_DATA/images/tmp")" ]
}

@test "what the image says that commit does not ask for stays: its check of health" {
	make_image localhost/well:1 well.tar 'Healthcheck={"Test": ["CMD", "true"], "Interval": 5000000000}'
	paene load -qi well.tar
	paene create -q --name box --network none localhost/well:1 true
	paene commit -q box localhost/kept:1
	for name in well kept; do
		run paene inspect -f '{{json .Config.Healthcheck}}' localhost/$name:1
		expect_output '{"Test":["CMD","true"],"Interval":5000000000}'
	done
	paene create -q --name again --network none localhost/kept:1 true
	run paene inspect -f '{{json .Config.Healthcheck.Test}}' again
	expect_output '["CMD","true"]'
}
