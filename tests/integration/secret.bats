# SPDX-License-Identifier: Apache-2.0
# paene secret, and run --secret: what a container is given, and nobody else is shown.
load ../lib/common

image=localhost/busybox:1
words="correct horse battery"

setup_file() {
	has_corner || return 0
	load_busybox
	paene run -q --rm "$image" true
}

setup() {
	needs_root
	leak_check_before
	cd "$BATS_TEST_TMPDIR"
	printf %s "$words" >file
}

teardown() {
	paene rm --force --all >/dev/null
	paene secret rm --all >/dev/null
	rmdir "$PAENE_DATA/secrets" 2>/dev/null || true
	cd /
	leak_check_after
}

in_box() { # in_box OPTION… -- COMMAND…: without a network
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	paene run --rm -q --network none "${options[@]}" "$image" "$@"
}

refused() { # refused STATUS TEXT COMMAND…: this is said in one line
	local status_wanted=$1 text=$2
	shift 2
	run "$@"
	expect_status "$status_wanted"
	expect_in_output "$text"
	[ ${#lines[@]} = 1 ] || fail "more than a line:" "$output"
}

@test "create: of a file, of standard input, of a variable; one that is there" {
	run paene secret create one file
	[[ "$output" =~ ^[0-9a-f]{25}$ ]]
	printf 'a\0b' | paene secret create binary -
	PASSWORD=pw paene secret create --env two PASSWORD
	[ "$(paene secret inspect --showsecret --format '{{.SecretData}}' two)" = pw ]
	refused 125 'the secret name "one" is in use' paene secret create one file
	[ "$(paene secret create --ignore one file)" = "$output" ] || [ "$(paene secret create --ignore one file)" = "$(paene secret ls -q --filter name=one)" ]
	echo new >file
	paene secret create --replace -l a=b one file
	[ "$(paene secret inspect --showsecret --format '{{.SecretData}}' one)" = $'new\n' ] || [ "$(paene secret inspect --showsecret one | jq -r '.[0].SecretData')" = new ]
	[ "$(paene secret inspect one | jq -c '.[0].Spec.Labels')" = '{"a":"b"}' ]
	[ "$(stat -c %a "$PAENE_DATA/secrets" "$PAENE_DATA/secrets/one" | xargs)" = "700 600" ]
	refused 125 "at least a byte" paene secret create empty /dev/null
	head -c 600000 /dev/zero >large
	run paene secret create large large
	expect_status 125
	refused 125 "No such file" paene secret create x nosuch
	refused 125 "there is no variable" paene secret create --env x NOSUCH
	refused 125 "invalid secret name" paene secret create a/b file
	refused 125 "file is the only one" paene secret create -d pass x file
	refused 1 "is no text" paene secret inspect --showsecret binary >/dev/null || expect_in_output "is no text"
}

@test "ls, inspect, exists, rm: by name and by the first digits of an id" {
	[ "$(paene secret ls | wc -l)" = 1 ]
	local id
	id=$(paene secret create one file)
	paene secret create two file
	run paene secret ls
	[[ "${lines[0]}" =~ ^ID\ +NAME\ +DRIVER\ +CREATED\ +UPDATED$ ]]
	[[ "${lines[1]}" == "$id  one   file "* ]]
	[ "$(paene secret ls -q --filter name=one)" = "$id" ]
	[ "$(paene secret ls --format '{{.Name}}' --filter "id=$id")" = one ]
	[ "$(paene secret ls --format json | jq -r '.[1].Name')" = two ]
	refused 1 "name=NAME or id=ID" paene secret ls --filter odd=1
	run paene secret inspect one
	[[ "$output" != *"$words"* && "$output" != *"$(base64 -w0 file)"* ]]
	[ "$(paene secret inspect --format '{{.Spec.Name}} {{.Spec.Driver.Name}}' "${id:0:12}")" = "one file" ]
	paene secret exists one
	run paene secret exists nosuch
	expect_status 1
	[ "$(paene secret rm "${id:0:12}")" = "$id" ]
	refused 1 "no such secret: one" paene secret rm one
	run paene secret rm --ignore one
	expect_status 0
	refused 1 "name a secret" paene secret rm
}

@test "--secret: a file in memory that is read-only; its target, owner and mode" {
	paene secret create pw file
	printf 'a\0b' | paene secret create binary -
	run in_box --secret pw -- sh -c 'cat /run/secrets/pw; stat -c " %u:%g:%a" /run/secrets/pw; grep " /run/secrets/pw " /proc/self/mountinfo; echo x >/run/secrets/pw'
	[ "${lines[0]}" = "$words 0:0:444" ]
	expect_in_output "- tmpfs"
	expect_in_output "Read-only file system"
	run in_box --secret source=pw,target=/etc/deep/pw,uid=5,gid=6,mode=0400 -- sh -c 'cat /etc/deep/pw; stat -c " %u:%g:%a" /etc/deep/pw'
	expect_output "$words 5:6:400"
	run in_box -u 1000 --secret pw,mode=0400 -- cat /run/secrets/pw
	[ "$status" -ne 0 ]
	run in_box --secret pw,target=other --secret pw -- ls /run/secrets
	expect_output $'other\npw'
	run in_box --secret binary -- sh -c 'wc -c </run/secrets/binary'
	expect_output 3
	run in_box --read-only --secret pw -- cat /run/secrets/pw
	expect_output "$words"
	run in_box --userns host --secret pw -- cat /run/secrets/pw
	expect_output "$words"
}

@test "--secret type=env" {
	paene secret create pw file
	printf 'a\0b' | paene secret create binary -
	run in_box --secret pw,type=env -- sh -c 'echo "$pw"'
	expect_output "$words"
	run in_box --secret pw,type=env,target=PASSWORD -- sh -c 'echo "$PASSWORD"; ls /run/secrets'
	expect_in_output "$words"
	expect_in_output "No such file"
	refused 125 "zero bytes" in_box --secret binary,type=env -- true
}

@test "--secret: what is wrong is said" {
	paene secret create pw file
	refused 125 "no such secret: nosuch" in_box --secret nosuch -- true
	refused 125 "it names none" in_box --secret type=env -- true
	refused 125 "mode=9 is not understood" in_box --secret pw,mode=9 -- true
	refused 125 "type=odd is not understood" in_box --secret pw,type=odd -- true
	refused 125 "unknown part odd" in_box --secret pw,odd -- true
	refused 125 "no name of a variable" in_box --secret pw,type=env,target=A=B -- true
	refused 125 "no file" in_box --secret pw,target=/ -- true
}

@test "a secret is in no file of the container's, in no inspect, in no image of it" {
	paene secret create pw file
	paene run -dq --name box --network none --secret pw --secret pw,type=env "$image" sleep 1000 >/dev/null
	[ "$(paene exec box cat /run/secrets/pw)" = "$words" ]
	run paene inspect box
	[[ "$output" != *"$words"* ]]
	[ "$(paene inspect box | jq -r '.[0].Config.Secrets[0].Name')" = pw ]
	paene commit -q box localhost/with:1 >/dev/null
	run grep -rls "$words" "$PAENE_DATA/containers" "$PAENE_DATA/images" "$PAENE_RUN"
	expect_output ""
	run grep -rlsF "$(base64 -w0 file)" "$PAENE_DATA/containers" "$PAENE_DATA/images" "$PAENE_RUN"
	expect_output ""
	run paene run --rm -q --network none localhost/with:1 sh -c 'ls -A /run/secrets; env'
	[[ "$output" != *pw* ]]
	paene rm -f box
	paene rmi localhost/with:1
}

@test "a start has the secret that is there then; without it, it says so" {
	paene secret create pw file
	paene create -q --name box --network none --secret pw "$image" cat /run/secrets/pw >/dev/null
	echo changed | paene secret create --replace pw -
	[ "$(paene start -a box)" = changed ]
	paene secret rm pw
	run paene start -a box
	[ "$status" -ne 0 ]
	expect_in_output "no such secret: pw"
}
