# SPDX-License-Identifier: Apache-2.0
# What joining a bridge costs, counted, and many who do it at the same time.
load ../lib/common

image=localhost/busybox:1
crowd=100

setup_file() {
	has_corner || return 0
	load_busybox
	paene run -q --rm "$image" true # the bridge, the parent cgroup: they stay
}

setup() {
	needs_root
	leak_check_before
}

teardown() {
	paene rm --force --all >/dev/null
	leak_check_after
}

traced() { # traced STRACE-OPTION… -- PAENE-ARGUMENT…: into the file trace
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	strace -f -qq -o "$BATS_TEST_TMPDIR/trace" "${options[@]}" \
		"$(type -P paene)" --root "$PAENE_DATA" --runroot "$PAENE_RUN" "$@"
}

in_trace() { # in_trace PATTERN: the lines that have it
	grep -E "$1" "$BATS_TEST_TMPDIR/trace"
}

@test "a container with two ports is wired in four exchanges with the kernel, and by nobody else" {
	needs_program strace
	local alone
	traced -e trace=execve -- run -q --rm --network none "$image" true
	alone=$(in_trace 'execve\(' | wc -l)
	traced -e trace=execve,sendto,sendmsg -- run -q --rm -p 8080:80 -p 8081:81 "$image" true
	[ "$(in_trace 'execve\(' | wc -l)" = "$alone" ] || fail "somebody was called:" "$(in_trace 'execve\(')"
	sed -i '/execve(.*\["true"/q' "$BATS_TEST_TMPDIR/trace" # what comes behind it is leaving
	[ "$(in_trace nlmsg_len | wc -l)" = 4 ] || fail "not four:" "$(in_trace nlmsg_len)"
}

@test "nobody waits for a lock but for the one of the network's names" {
	needs_program strace
	traced -y -e trace=flock,fcntl -- run -q --rm -p 8080:80 "$image" true
	# once for joining, once for leaving; the other two are the container's own, and of the names that containers are given
	[ "$(in_trace 'flock\(.*/networks/paene/names>, LOCK_EX\)' | wc -l)" = 2 ] || fail "$(in_trace flock)"
	run in_trace 'LOCK_EX\)|F_(OFD_)?SETLKW'
	run ! grep -vE '/networks/paene/names>|/containers/[0-9a-f]{64}>|/data/names>' <<<"$output"
}

@test "who has stopped in the middle of joining is in nobody's way" {
	needs_program strace
	local moment
	for moment in linkat:1 renameat:1 sendto:1 sendto:2 sendto:3 sendto:4 setns:1 setns:2; do
		traced -e "inject=${moment%:*}:signal=STOP:when=${moment#*:}" -- \
			run -q --rm --name slow -p 8080:80 "$image" echo done >"$BATS_TEST_TMPDIR/out" 3>&- &
		wait_until 10 grep -q 'stopped by SIGSTOP' "$BATS_TEST_TMPDIR/trace"
		paene run -q --rm -p 8081:80 "$image" true
		paene network ls >/dev/null
		kill -CONT "$(in_trace 'stopped by SIGSTOP' | cut -d ' ' -f 1)"
		wait $!
		[ "$(cat "$BATS_TEST_TMPDIR/out")" = done ] || fail "stopped at $moment"
		rm "$BATS_TEST_TMPDIR/trace"
	done
}

@test "$crowd containers, eight at once: each has an address of its own, and all answer" {
	local each="xargs -P 8 -I {} bash -c"
	export -f paene
	seq "$crowd" | $each "paene run -dq --name c{} $image httpd -f -p 80 -h /etc" >/dev/null
	# shellcheck disable=SC2046
	paene inspect --format '{{.NetworkSettings.IPAddress}}' $(seq -f 'c%g' "$crowd") >"$BATS_TEST_TMPDIR/addresses"
	[ "$(sort -u "$BATS_TEST_TMPDIR/addresses" | grep -c '^10\.')" = "$crowd" ] || fail "$(sort "$BATS_TEST_TMPDIR/addresses")"
	# by name: the first asks all of them, and each the one after it
	seq -f "wget -qO /dev/null http://c%g/hostname || exit 1" "$crowd" | paene exec -i c1 sh
	seq "$((crowd - 1))" | $each 'paene exec c{} wget -qO /dev/null "http://c$(({} + 1))/hostname" || exit 255'
	seq "$crowd" | $each 'paene rm --force -t 0 c{} >/dev/null || exit 255'
	[ -z "$(find "$PAENE_DATA/networks/paene/leases" "$PAENE_DATA/networks/paene/names" -type f)" ]
}
