# SPDX-License-Identifier: Apache-2.0
# Options of run and create about its process, its record, a folder as its root, hooks and devices of vendors.
load ../lib/common

image=localhost/busybox:1

setup_file() {
	has_corner || return 0
	load_busybox
	paene run -q --rm "$image" true
	make_image localhost/env:1 "$BATS_FILE_TMPDIR/env.tar" 'Env=["OF_IMAGE=1","BOTH=image"]'
	paene load -i "$BATS_FILE_TMPDIR/env.tar"
}

setup() {
	needs_root
	leak_check_before
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	paene rm --force --all >/dev/null
	rm -rf /run/cdi
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

refused() { # refused TEXT OPTION…: not run, and this is said in one line
	local text=$1
	shift
	run in_box "$@" -- echo it ran
	expect_status 125
	expect_in_output "$text"
	[ ${#lines[@]} = 1 ] || fail "more than a line:" "$output"
}

@test "--env-host, --unsetenv, --unsetenv-all: who goes before whom" {
	export FROM_HOST="a b" BOTH=host
	run paene run --rm -q --network none --env-host localhost/env:1 sh -c 'echo "$FROM_HOST $BOTH $OF_IMAGE"'
	expect_output "a b image 1"
	run paene run --rm -q --network none --env-host -e BOTH=mine localhost/env:1 sh -c 'echo "$BOTH"'
	expect_output mine
	run paene run --rm -q --network none --unsetenv OF_IMAGE --unsetenv nosuch localhost/env:1 sh -c 'echo "$OF_IMAGE-$BOTH-$PATH"'
	[[ "$output" == "-image-/"* ]]
	run paene run --rm -q --network none --unsetenv-all -e A=1 localhost/env:1 /bin/busybox env
	[[ "$output" == *A=1* && "$output" != *IMAGE* && "$output" != *PATH=* ]]
}

@test "--umask, --group-add" {
	run in_box --umask 0077 -- sh -c 'umask; touch /x; stat -c %a /x'
	expect_output $'0077\n600'
	refused "octal" --umask 8
	refused "at most" --umask 1777
	run in_box -u 1000 --group-add 44 --group-add root -- id -G
	[[ " $output " == *" 0 "* && " $output " == *" 44 "* ]]
	run in_box --group-add nosuch -- true
	expect_status 125
	expect_in_output 'there is no group "nosuch"'
	run in_box --group-add=-1 -- true
	expect_status 125
}

@test "--tz: the host's file, whatever the image has" {
	[ -e /usr/share/zoneinfo/Asia/Tokyo ] || skip "no zones here"
	[ "$(in_box --tz Asia/Tokyo -- sha256sum /etc/localtime | cut -d' ' -f1)" = "$(sha256sum </usr/share/zoneinfo/Asia/Tokyo | cut -d' ' -f1)" ]
	[ "$(in_box --tz local -- sha256sum /etc/localtime | cut -d' ' -f1)" = "$(sha256sum </etc/localtime | cut -d' ' -f1)" ]
	run in_box --tz Asia/Tokyo -- sh -c 'echo >/etc/localtime'
	expect_in_output "Read-only"
	refused "no such zone" --tz Asia/Nowhere
	refused "no such zone" --tz ../../../etc/passwd
	refused "no such zone" --tz /etc/passwd
}

@test "--cidfile: a new file with the id; none where no container was made" {
	paene run -dq --cidfile id --name box --network none "$image" sleep 1000
	[ "$(cat id)" = "$(paene inspect --format '{{.Id}}' box)" ]
	refused "File exists" --cidfile id
	refused "No such file" --cidfile no/folder/id
	refused "octal" --cidfile other --umask 9
	[ ! -e other ]
}

@test "--replace: the one of this name goes, running or not; not where the new one is wrong" {
	paene run -dq --name box --network none "$image" sleep 1000 >/dev/null
	refused "octal" --name box --replace --umask 9
	[ "$(paene inspect --format '{{.State.Status}}' box)" = running ]
	paene run -q --name box --replace --network none "$image" true
	paene run -q --name box --replace --network none "$image" echo new
	paene run -q --name fresh --replace --network none "$image" true
	refused "needs a --name" --replace
	[ "$(paene ps -aq | wc -l)" = 2 ]
}

@test "--annotation, --gpus, --security-opt" {
	paene create -q --name box --network none --annotation a.b=c=d --annotation e= "$image" true >/dev/null
	[ "$(jq -c .annotations "$PAENE_DATA"/containers/*/config.json)" = '{"a.b":"c=d","e":""}' ]
	refused "KEY=VALUE" --annotation odd
	refused "use CDI" --gpus all
	run in_box --security-opt systempaths=unconfined -- sh -c 'grep -c "/proc/" /proc/self/mountinfo'
	expect_output 0
	in_box --security-opt label=disable --security-opt apparmor=unconfined -- true
	[ -e /sys/module/apparmor/parameters/enabled ] || refused "apparmor" --security-opt apparmor=some-profile
	refused "known are" --security-opt odd=1
}

@test "--rootfs: a folder as it is, with the container's ids; O: what is written goes elsewhere" {
	cp -a "$(busybox_rootfs)" root
	run paene run --rm -q --network none --rootfs "$PWD/root" sh -c 'id -u; stat -c %u /bin/busybox; touch /new; echo $HOSTNAME >/dev/null'
	expect_output $'0\n0'
	[ "$(stat -c %u root/new)" = "$(id -u)" ]
	rm root/new
	run paene run --rm -q --network none --rootfs ./root:O sh -c 'touch /new; ls /new'
	expect_output /new
	[ ! -e root/new ]
	run paene run --rm -q --network none --userns host --rootfs root sh -c 'touch /new'
	[ "$(stat -c %u root/new)" = "$(id -u)" ]
	rm root/new
	paene create -q --name box --network none --rootfs root:O sh -c 'ls /new; touch /new' >/dev/null
	run paene start -a box
	expect_in_output "No such file"
	run paene start -a box
	expect_output /new
	refused_verb() {
		run paene "$@"
		expect_status 1
		expect_in_output "$PWD/root"
	}
	refused_verb export box -o box.tar
	refused_verb commit box localhost/box
	refused_verb diff box
	[ "$(paene inspect --format '{{.GraphDriver.Data.LowerDir}}' box)" = "$PWD/root" ]
	paene rm box
	run paene run --rm -q --network none --read-only --rootfs root touch /new
	expect_in_output "Read-only"
	run paene run --rm -q --rootfs nosuch true
	expect_status 125
	expect_in_output "No such file"
	run paene run --rm -q --rootfs root:odd true
	expect_in_output "unknown option odd"
	run paene run --rm -q --rootfs /etc/passwd true
	expect_in_output "Not a directory"
}

hook() { # hook FILE STAGES-JSON WHEN-JSON [WORD]: one that appends its stage to the file `told`
	cat >"$1" <<-EOF2
		{"version": "1.0.0", "hook": {"path": "/bin/sh", "args": ["sh", "-c", "jq -r .status | sed s/^/${4:-}/ >>$PWD/told"], "env": ["PATH=$PATH"]},
		 "when": $3, "stages": $2}
	EOF2
}

@test "--hooks-dir: those whose conditions hold, in the order of their names; a later folder goes before" {
	needs_program jq
	mkdir a b
	hook a/1.json '["createRuntime", "poststart", "poststop"]' '{"always": true}'
	hook a/2.json '["createRuntime"]' '{"annotations": {"^my\\.": "^y"}}' annotated-
	hook a/3.json '["createRuntime"]' '{"commands": ["/cat$", "^cat$"]}' cat-
	hook a/4.json '["createRuntime"]' '{"hasBindMounts": true}' bound-
	hook a/5.json '["createRuntime"]' '{"always": false}' never-
	hook a/6.json '["createRuntime"]' '{}' never-
	echo nonsense >a/readme.txt
	in_box --hooks-dir a -- true
	[ "$(sort told | xargs)" = "creating running stopped" ] || fail "$(cat told)"
	rm told
	in_box --hooks-dir a --annotation my.key=yes -v "$PWD:/x" -- cat /dev/null
	[ "$(grep -- - told | xargs)" = "annotated-creating cat-creating bound-creating" ] || fail "$(cat told)"
	rm told
	hook b/1.json '["createRuntime"]' '{"always": true}' later-
	in_box --hooks-dir a --hooks-dir b -- true
	[ "$(cat told)" = later-creating ]
	refused "No such file" --hooks-dir nosuch
	hook b/2.json '["sometime"]' '{"always": true}'
	refused 'there is no stage "sometime"' --hooks-dir b
	hook b/2.json '["createRuntime"]' '{"commands": ["("]}'
	refused "no regular expression" --hooks-dir b
	echo '{"version": "2.0"}' >b/2.json
	refused "2.json" --hooks-dir b
}

@test "--hooks-dir: a hook that fails keeps the container from starting, and says why" {
	mkdir a
	echo '{"version": "1.0.0", "hook": {"path": "/bin/sh", "args": ["sh", "-c", "echo no room >&2; exit 3"]}, "when": {"always": true}, "stages": ["createRuntime"]}' >a/1.json
	refused "no room" --hooks-dir a
}

@test "--device VENDOR/CLASS=NAME: what a file of the vendor's says (CDI)" {
	mkdir -p /run/cdi vendor
	echo library >vendor/lib
	cat >/run/cdi/vendor.json <<-EOF2
		{"cdiVersion": "0.6.0", "kind": "vendor.com/net",
		 "containerEdits": {"env": ["ALL=1"], "mounts": [{"hostPath": "$PWD/vendor", "containerPath": "/vendor", "options": ["ro"]}]},
		 "devices": [{"name": "zero", "containerEdits": {
			"env": ["ONE=2"], "additionalGids": [77],
			"deviceNodes": [{"path": "/dev/vendor0", "hostPath": "/dev/zero", "permissions": "rw"}, {"path": "/dev/full"}],
			"hooks": [{"hookName": "createRuntime", "path": "/bin/touch", "args": ["touch", "$PWD/hooked"]}]}}]}
	EOF2
	run in_box --device vendor.com/net=zero -- sh -c 'echo $ALL $ONE; cat /vendor/lib; head -c 3 /dev/vendor0 | wc -c; ls /dev/full; id -G; touch /vendor/x'
	[ "${lines[0]}" = "1 2" ]
	[ "${lines[1]}" = library ]
	[ "${lines[2]}" = 3 ]
	[ "${lines[3]}" = /dev/full ]
	[[ " ${lines[4]} " == *" 77 "* ]]
	expect_in_output "Read-only file system"
	[ -e hooked ]
	refused "knows this device" --device vendor.com/net=nosuch
	touch /run/cdi/other.yaml
	refused "in YAML are not read" --device other.com/net=x
	echo '{"cdiVersion": 1}' >/run/cdi/bad.json
	refused "bad.json" --device vendor.com/net=zero
}

@test "--label-file: labels of a file; those of the command line go before" {
	printf '# remark\nrole=db\n\nlevel=1\n' >"$BATS_TEST_TMPDIR/labels"
	paene create -q --name box --network none --label-file "$BATS_TEST_TMPDIR/labels" -l level=2 "$image" true >/dev/null
	[ "$(paene inspect -f '{{json .Config.Labels}}' box | jq -c 'to_entries | map(.value) | sort')" = '["2","db"]' ]
	paene rm box >/dev/null
	run paene create --label-file /nowhere "$image" true
	expect_status 125
	expect_in_output "open /nowhere: No such file"
}

@test "--http-proxy: our proxies are its own, where it is asked for" {
	export http_proxy=http://proxy.example:3128 NO_PROXY=localhost
	run paene run -q --rm --network none --http-proxy "$image" sh -c 'echo $http_proxy $NO_PROXY'
	expect_output "http://proxy.example:3128 localhost"
	run paene run -q --rm --network none "$image" sh -c 'echo $http_proxy $NO_PROXY'
	expect_output ""
}
