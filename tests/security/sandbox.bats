# SPDX-License-Identifier: Apache-2.0
# A sandbox whose folders were furnished by somebody hostile: S32, S45; and that what it shows is what was named.
load lib

setup() {
	needs_program paene
	security_setup
	shown=$BATS_TEST_TMPDIR/shown
	mkdir -p "$shown/here" /run/root-home/work
	echo named >"$BATS_TEST_TMPDIR/file"
	box true # what stays: the folder of compiled filters
	S >"$BATS_TEST_TMPDIR/safe.before"
	no_link_is_going
}

teardown() {
	security_teardown
}

box() { # box OPTION… COMMAND…: as root with a home of its own
	(cd /run/root-home/work && HOME=/run/root-home paene sandbox "$@")
}

@test "S32: a link on the way to a mount target leads nowhere outside of the sandbox" {
	local way out target
	for out in $victim /oldroot$victim /proc/1/root$victim ../../../../../..$victim; do
		rm -f "$shown/d"
		ln -s "$out" "$shown/d"
		for target in d/x d/x/y d d/secret; do
			for way in "--tmp /opt/shown/$target" "--hide /opt/shown/$target" "--ro $BATS_TEST_TMPDIR/file:/opt/shown/$target" \
				"--rw $shown/here:/opt/shown/$target"; do
				run box --rw "$shown:/opt/shown" $way -- sh -c "cat /opt/shown/d/secret; touch /opt/shown/$target/new"
				expect_refused_or_contained
				expect_safe
			done
		done
	done
}

@test "S32: a source below a folder that may be searched and not read works for who may" {
	needs_program setpriv
	local top=$BATS_TEST_TMPDIR/top
	mkdir -p "$top/closed/open"
	echo reached >"$top/closed/open/file"
	chmod 711 "$top/closed"
	chmod 755 "$top" "$top/closed/open"
	run box --ro "$top/closed/open:/opt/shown" -- cat /opt/shown/file
	expect_status 0
	expect_output reached
}

@test "S32: nothing of the old root is reachable by a name or a descriptor" {
	run box -- sh -c "ls -d /oldroot /.old* /put_old /host; ls /proc/self/fd; cat /proc/1/root$victim/secret /proc/self/cwd/../../../../../..$victim/secret"
	expect_no_secret
	run box -- sh -c 'ls /proc/self/fd | wc -l'
	expect_output 4 # three streams, and the folder that ls reads
}

@test "S45: no user namespace in a sandbox, and no rights to be had in one" {
	run box -- unshare -U true
	[ "$status" != 0 ]
	[ "$(box -- awk '/^NoNewPrivs/ { print $2 }' /proc/self/status)" = 1 ]
	run box -- mount -t tmpfs none /tmp
	[ "$status" != 0 ]
}
