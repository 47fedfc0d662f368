# SPDX-License-Identifier: Apache-2.0
# Nothing of this machine is left open for a container, and nobody who enters one can be got hold of: S15, S16, S18, S24, S27, S35.
load lib

setup_file() {
	needs_root
	load_busybox
	paene run -q --rm --network none localhost/busybox:1 true # the parent cgroup: it stays
}

setup() {
	needs_program paene paene-oci
	security_setup
}

teardown() {
	delete_all
	security_teardown
}

start_hunter() { # start_hunter ID [JQ-FILTER…]: a container whose process looks at all others; what it says is in $hunted
	hunted=$BATS_TEST_TMPDIR/hunted
	B "$b" "$writable" "$(run_with /hunter)" "${@:2}"
	cp "$(probe "${hunter:-hunter}")" "$b/rootfs/hunter"
	oci create --bundle "$b" "$1" >"$hunted" 2>&1 3>&-
	oci start "$1"
	wait_until 5 grep -q hunting "$hunted"
}

stop_hunter() {
	touch "$b/rootfs/stop"
	wait_until 10 grep -q seen "$hunted"
	cat "$hunted"
	expect_none GOT "$hunted"
	[ "$(sed -n 's/seen //p' "$hunted")" -gt 100 ]
}

# Into a container's namespaces, as the containers of a pod that share them: 50 beside it, which run this.
join_hunter() { # join_hunter "KIND…" WORD…
	local kind pid i
	pid=$(oci state hunter | jq .pid)
	B "$b.2" "$(run_with "${@:2}")" '.linux.namespaces += [{type: "user"}]'
	for kind in $1; do
		edit_bundle "$b.2" "(.linux.namespaces[] | select(.type == \"$kind\")).path = \"/proc/$pid/ns/$kind\""
	done
	edit_bundle "$b.2" 'del(.linux.namespaces[] | select(.type == "user" and .path == null))'
	printf '#!/proc/self/exe\n' >"$b.2/rootfs/evil"
	chmod +x "$b.2/rootfs/evil"
	for i in {1..50}; do
		oci run --bundle "$b.2" c2 || true
	done >/dev/null 2>&1
}

# A copy: a test that fails may not leave its mark in the programs of others.
use_copy() {
	mkdir "$BATS_TEST_TMPDIR/bin"
	cp "$PAENE_BUILD/"paene* "$BATS_TEST_TMPDIR/bin/"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

@test "S15: the runtime's program cannot be opened for writing by a container in whose pid namespace it works" {
	use_copy
	start_hunter hunter
	join_hunter "pid" true
	stop_hunter
}

@test "S15: nor when a command is a script for /proc/self/exe" {
	use_copy
	start_hunter hunter
	join_hunter "pid" /evil
	stop_hunter
}

@test "S15: nor by one that has every capability of a user namespace" {
	use_copy
	start_hunter hunter "$userns" "$all_caps"
	join_hunter "user pid" true
	join_hunter "user pid" /evil
	stop_hunter
}

# paene is linked dynamically: the image says by what. It has a script for /proc/self/exe, too.
image_with_loader() { # image_with_loader NAME PROGRAM COMMAND
	local loader
	loader=$(readelf -p .interp "$PAENE_BUILD/paene" | grep -oE '/[^ ]+$')
	image_with "$1" "mkdir -p .${loader%/*}; cp $2 .$loader; printf '#!/proc/self/exe\n' >evil; chmod +x evil; $3"
}

@test "S15: nor by a container without a user namespace that is entered by exec" {
	use_copy
	hunted=$BATS_TEST_TMPDIR/hunted
	image_with_loader hunter "$(probe linger -nostdlib -fPIE -static-pie)" "cp $(probe hunter) hunter"
	paene run -qd --name hunter --userns host --network none localhost/hunter:1 /hunter >/dev/null
	local i
	for i in {1..10}; do
		paene exec hunter /evil || true
		paene exec hunter true
	done >/dev/null 2>&1
	paene exec hunter touch /stop || true # it may be ended with the container
	paene wait hunter >/dev/null
	paene logs hunter >"$hunted"
	expect_none GOT "$hunted"
	[ "$(sed -n 's/seen //p' "$hunted")" -gt 100 ]
	cmp "$BATS_TEST_TMPDIR/bin/paene" "$PAENE_BUILD/paene"
}

@test "S15: nor is it what /proc/self/exe executes when a container is started" {
	local command
	use_copy
	image_with_loader self "$(probe linger -nostdlib -fPIE -static-pie)" true
	for command in /evil /proc/self/exe; do
		run paene run -q --rm --userns host --network none localhost/self:1 "$command"
		expect_status 126
		expect_in_output "exec format error"
		paene create --name self --userns host --network none localhost/self:1 "$command" >/dev/null
		run paene start self
		expect_in_output "exec format error"
		paene rm self >/dev/null
		B "$b" "$(run_with "$command")"
		printf '#!/proc/self/exe\n' >"$b/rootfs/evil"
		chmod +x "$b/rootfs/evil"
		run oci run --bundle "$b" self
		expect_in_output "exec format error"
		rm -r "$b"
	done
}

exec_hunter() { # enter it by paene-oci, often, by a program and by a script for /proc/self/exe
	printf '#!/proc/self/exe\n' >"$b/rootfs/evil"
	chmod +x "$b/rootfs/evil"
	local i
	for i in {1..30}; do
		oci exec hunter /evil || true
		oci exec hunter true
	done >/dev/null 2>&1
}

@test "S15, S17: nor by a container that is entered by exec of paene-oci; its descriptors cannot be opened either" {
	use_copy
	start_hunter hunter
	exec_hunter
	stop_hunter
	cmp "$BATS_TEST_TMPDIR/bin/paene-oci" "$PAENE_BUILD/paene-oci"
}

@test "S15, S17: nor when that container has every capability of a user namespace" {
	use_copy
	start_hunter hunter "$userns" "$all_caps"
	exec_hunter
	stop_hunter
	cmp "$BATS_TEST_TMPDIR/bin/paene-oci" "$PAENE_BUILD/paene-oci"
}

@test "S17: whoever enters is not traced while it is still a program of the host's" {
	local hunter=seizer i
	start_hunter hunter "$userns" "$all_caps"
	oci exec --detach hunter sleep 1000
	for ((i = 0; i < races / 5; i++)); do
		oci exec hunter true
	done
	stop_hunter
	[ "$(sed -n 's/^held //p' "$hunted")" -gt 0 ]
}

# Where a descriptor leads into the container itself that is as good as any folder of it.
@test "S16: a working folder that is a descriptor is refused, or inside" {
	local n
	B "$b" "$(shell 'pwd -P; cat ../../../../../../../../../../../tmp/v/secret ./tmp/v/secret')"
	for n in {3..30}; do
		edit ".process.cwd = \"/proc/self/fd/$n\""
		run oci run --bundle "$b" c1
		[ "$status" != 0 ] # there is no such file in the container
		expect_not_in_output unreachable
		expect_no_secret
	done
}

@test "S16: a working folder behind a link to a descriptor is refused, or inside" {
	local n
	B "$b" "$(shell 'pwd -P; cat ../../../../../../../../../../../tmp/v/secret ./tmp/v/secret')"
	for n in {3..30}; do
		ln -sfn "/proc/self/fd/$n/../../../.." "$b/rootfs/w$n"
		edit ".process.cwd = \"/w$n\""
		run oci run --bundle "$b" c1
		[ "$status" != 0 ]
		expect_not_in_output unreachable
		expect_no_secret
	done
}

@test "S16: exec's working folder is no descriptor either" {
	local n
	paene run -qd --name s16 --network none localhost/busybox:1 sleep 1000 >/dev/null
	for n in {3..30}; do
		run paene exec -w "/proc/self/fd/$n" s16 sh -c 'pwd -P; cat ../../../../../../../../../../../tmp/v/secret ./tmp/v/secret'
		[ "$status" != 0 ]
		expect_not_in_output unreachable
		expect_no_secret
		run paene exec -w "/proc/self/fd/$n/../../../.." s16 sh -c 'cat ./tmp/v/secret'
		[ "$status" != 0 ]
		expect_no_secret
	done
	run paene exec s16 sh -c 'cd /proc/self/fd; echo *'
	expect_output "0 1 2 3"
}

@test "S16: nor is that of paene-oci's exec" {
	local n
	B "$b" "$writable" "$(shell 'sleep 1000')"
	oci run -d --bundle "$b" c1 </dev/null >/dev/null 2>&1 3>&-
	exec 20</ 21<"$victim"
	for n in {3..30}; do
		run oci exec --cwd "/proc/self/fd/$n" c1 sh -c 'pwd -P; cat ./tmp/v/secret ./secret ../../../../../../tmp/v/secret'
		[ "$status" != 0 ]
		expect_not_in_output unreachable
		expect_no_secret
		ln -sfn "/proc/self/fd/$n/../../../.." "$b/rootfs/w$n"
		run oci exec --cwd "/w$n" c1 sh -c 'cat ./tmp/v/secret'
		[ "$status" != 0 ]
		expect_no_secret
	done
	run oci exec c1 sh -c 'cd /proc/self/fd; echo *'
	exec 20<&- 21<&-
	expect_output "0 1 2 3" # 3: what the shell itself has just opened
}

@test "S16: a process has its three streams and nothing else open, however many its caller has" {
	local n
	B "$b" "$(shell 'cd /proc/self/fd; echo *')"
	for n in {20..119}; do
		eval "exec $n</"
	done
	run --separate-stderr oci run --bundle "$b" c1
	expect_status 0
	expect_output "0 1 2 3" # 3: what the shell itself has just opened
	for n in {20..119}; do
		eval "exec $n<&-"
	done
}

@test "S16: while a created container waits, nothing of this machine is open in it" {
	local fd target
	B "$b"
	exec 20</ 21<"$victim/secret"
	oci create --bundle "$b" c1 </dev/null >/dev/null 2>&1 3>&-
	exec 20<&- 21<&-
	local pid
	pid=$(oci state c1 | jq .pid)
	for fd in "/proc/$pid/fd/"*; do
		target=$(readlink "$fd")
		[[ "$target" =~ ^(/dev/null|socket:.*)$ ]] || fail "descriptor ${fd##*/} is $target"
	done
	[ "$(readlink "/proc/$pid/cwd")" = / ] || [[ "$(readlink "/proc/$pid/cwd")" == "$b/rootfs"* ]]
	[ "$(stat -Lc %i "/proc/$pid/cwd")" = "$(stat -c %i "$b/rootfs")" ]
}

@test "S24: long values do not become short ones" {
	local long
	long=$(head -c 70000 /dev/zero | tr '\0' a)
	B "$b" "$(shell 'echo ${#LONG} ${#0}')"
	jq --rawfile long <(printf %s "$long") '.process.env += ["LONG=" + $long] | .process.args += [$long]' "$b/config.json" \
		>"$b/long.json"
	mv "$b/long.json" "$b/config.json"
	run oci run --bundle "$b" c1
	expect_status 0
	expect_output "70000 70000"
}

@test "S24: long paths, names and lists are refused or right" {
	local long filter
	long=$(head -c 70000 /dev/zero | tr '\0' a)
	for filter in '.root.path = "/" + $l' '.process.cwd = "/" + $l' '.process.args[0] = $l' '.hostname = $l' '.domainname = $l' \
			'.mounts += [{type: "tmpfs", source: $l, destination: "/tmp"}]' '.linux.cgroupsPath = "/" + $l' \
			'.mounts += [{type: "tmpfs", source: "t", destination: ("/" + $l)}]' \
			'.mounts += [{type: "tmpfs", source: "t", destination: "/tmp", options: [$l]}]' \
			'.mounts += [{type: $l, source: "t", destination: "/tmp"}]' \
			'.mounts += [{type: "bind", source: ("/" + $l), destination: "/tmp", options: ["bind"]}]' \
			'.linux.maskedPaths += ["/" + $l]' '.linux.readonlyPaths += ["/" + $l]' '.linux.sysctl = {($l): "1"}' \
			'.linux.sysctl = {"kernel.msgmax": $l}' '.linux.namespaces[0].path = "/" + $l' '.annotations = {($l): $l}' \
			'.linux.devices = [{type: "c", path: ("/" + $l), major: 1, minor: 3}]' \
			'.linux.namespaces += [{type: "user"}] | .linux.gidMappings = [{containerID: 0, hostID: 0, size: 1}]
			| .linux.uidMappings = [range(70000) | {containerID: ., hostID: (1500000000 + .), size: 1}]' \
			'.process.user.additionalGids = [range(70000)]' '.process.rlimits = [{type: $l, hard: 1, soft: 1}]' \
			'.hooks.prestart = [{path: ("/" + $l)}]' '.process.capabilities.bounding = [$l]' '.ociVersion = $l' \
			'.linux.maskedPaths = [range(2000) | "/none/\(.)"]' '.process.user.username = $l'; do
		rm -rf "$b"
		mkdir "$b"
		cp "$tests/lib/config.json" "$b/config.json"
		ln -s "$(busybox_rootfs)" "$b/rootfs"
		jq --arg f x --rawfile l <(printf %s "$long") "$filter" "$b/config.json" >"$b/long.json"
		mv "$b/long.json" "$b/config.json"
		run oci run --bundle "$b" c1
		expect_refused_or_contained
		[ ${#output} -lt 4096 ] || fail "$filter: ${#output} characters of message"
	done
}

@test "S27: hooks get their own environment alone, clean descriptors, and the bundle as their folder" {
	local kind
	printf '#!/bin/sh\n{ env; echo "cwd $(pwd -P)"; echo fds $(ls /proc/self/fd); } >>%s\n' "$BATS_TEST_TMPDIR/hook" >"$BATS_TEST_TMPDIR/h"
	chmod +x "$BATS_TEST_TMPDIR/h"
	B "$b" '.process.env += ["LD_PRELOAD=./x.so", "IMAGE=1"]' '.process.cwd = "/tmp"'
	for kind in prestart createRuntime createContainer poststart poststop; do
		edit ".hooks.$kind = [{path: \"$BATS_TEST_TMPDIR/h\", env: [\"KIND=$kind\", \"PATH=/usr/bin:/bin\"]}]"
	done
	exec 20</
	HOST=1 run oci run --bundle "$b" c1
	exec 20<&-
	expect_status 0
	cat "$BATS_TEST_TMPDIR/hook"
	expect_none '^(LD_PRELOAD|IMAGE|HOST|HOME|PAENE)' "$BATS_TEST_TMPDIR/hook"
	[ "$(grep -c '^KIND=' "$BATS_TEST_TMPDIR/hook")" = 5 ]
	expect_none '^cwd.*rootfs' "$BATS_TEST_TMPDIR/hook"
	[ "$(grep -c "^cwd $(realpath "$b")\$" "$BATS_TEST_TMPDIR/hook")" = 4 ] # createContainer, in the container's namespaces: /
	[ "$(grep '^fds' "$BATS_TEST_TMPDIR/hook" | sort -u)" = "fds 0 1 2 3" ] # 3: of ls
}

@test "S35: no socket of ours is in the abstract namespace, and those in folders are for their owner alone" {
	local folder
	B "$b" '.linux.namespaces |= map(select(.type != "network"))' "$(run_with grep -c @ /proc/net/unix)"
	oci create --bundle "$b" c1 3>&- >/dev/null 2>&1
	expect_none '@.*paene' /proc/net/unix
	[ -S "$PAENE_RUN/oci/c1/start" ]
	for folder in "$PAENE_RUN/oci" "$PAENE_RUN/oci/c1"; do
		[ "$(stat -c %a "$folder")" = 700 ]
	done
	run as_user ls "$PAENE_RUN/oci/c1"
	expect_refused
}

# What of the machine's programs is named as something in the container is: who runs it from there is had.
@test "S18: no program, library or configuration that we use comes from the container" {
	needs_program strace ps
	local name verb
	B "$b" "$writable" "$(run_with /bin/sleep 1000)"
	for name in ps nsenter mount ldconfig modprobe tar gzip xz unpigz criu paene-systemd; do
		for folder in bin sbin usr/bin usr/sbin; do
			mkdir -p "$b/rootfs/$folder"
			rm -f "$b/rootfs/$folder/$name"
			printf '#!/bin/sh\necho >/had\n' >"$b/rootfs/$folder/$name"
			chmod +x "$b/rootfs/$folder/$name"
		done
	done
	echo /evil.so >"$b/rootfs/etc/ld.so.preload"
	oci run --detach --bundle "$b" had </dev/null >/dev/null 2>&1 3>&-
	for verb in "state had" "ps had" "ps --format json had" "events --stats had" "exec had true" "exec --user nobody had true" \
		"pause had" "resume had" "kill had KILL" "delete --force had"; do
		(
			cd "$b/rootfs"
			# shellcheck disable=SC2086 # words
			strace -f -qq -e trace=execve,execveat -o "$BATS_TEST_TMPDIR/trace" paene-oci --root "$PAENE_RUN/oci" $verb
		) >/dev/null
		[ ! -e "$b/rootfs/had" ] || fail "$verb: executed in the container"
		# but for ourselves, sealed, and what was asked for: programs of the machine
		if grep -vE 'execve\("(/[^"]*/paene-oci|/(usr/)?bin/ps)", |execveat\([0-9]+, "", |= -1 ' "$BATS_TEST_TMPDIR/trace" |
			grep -vE '^[0-9]+ +execve\("(/usr)?/bin/true", ' | grep execve; then
			fail "$verb: not a program of ours"
		fi
	done
}
