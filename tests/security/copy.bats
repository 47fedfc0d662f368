#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Files that go into containers and out of them, while somebody in there plays with their names: S18, U15, U16, U17.
# U15: CVE-2018-15664 and its like; U16: CVE-2019-14271.
load lib

image=localhost/busybox:1
rounds=$((races / 8)) # of eight commands

setup_file() {
	needs_root
	load_busybox
	paene run -q --rm --network none $image true # the parent cgroup: it stays
	paene run -q --rm --network none --userns host $image true
}

setup() {
	needs_program paene
	security_setup
	volume=$BATS_TEST_TMPDIR/volume
	mkdir "$volume"
	here=$BATS_TEST_TMPDIR/here
	mkdir "$here"
	cd "$here"
	echo harmless >file
}

teardown() {
	cd /
	delete_all
	security_teardown
}

start_box() { # start_box OPTION…
	paene run -dq --name box --network none -v "$volume:/vol:noidmap" "$@" $image sleep 100000 3>&-
}

copy() {
	timeout 120 "$(type -P paene)" --root "$PAENE_DATA" --runroot "$PAENE_RUN" cp "$@"
}

expect_no_secret_here() {
	run grep -rs TOPSECRET "$here"
	[ "$status" != 0 ] || fail "the secret came out: $output"
}

# A folder and a link to the root, or to the victim, which change places all the time.
race() { # race TARGET OPTION…
	local target=$1 i racer
	shift
	mkdir -p "$volume/d$victim"
	ln -s "$target" "$volume/l"
	echo inside >"$volume/d$victim/secret"
	cp "$volume/d$victim/secret" "$volume/d/secret"
	start_box "$@"
	"$tests/security/probes/xchg.py" "$volume/d" "$volume/l" 2>"$BATS_TEST_TMPDIR/xchg" 3>&- &
	racer=$!
	for ((i = 0; i < rounds; i++)); do
		copy file box:/vol/d$victim/new || true
		copy file box:/vol/d/new || true
		copy --overwrite file box:/vol/d$victim/secret || true
		tar cf - file | copy - box:/vol/d$victim || true
		copy box:/vol/d$victim/secret out-$i || true
		copy box:/vol/d/secret other-$i || true
		copy -L box:/vol/d followed-$i || true
		paene export -o export-$i.tar box || true
		rm -f export-$i.tar
	done >/dev/null 2>&1
	kill $racer
	wait $racer
	[ "$(grep -Eo '[0-9]+' "$BATS_TEST_TMPDIR/xchg")" -gt $rounds ]
	expect_no_secret_here
	expect_safe
}

@test "U15: a folder that changes into a link to the root and back, root of the container is nobody outside" {
	race /
}

@test "U15: the same where root of the container is root outside" {
	race / --userns host
}

@test "U15: a link to what is secret" {
	race "$victim" --userns host --privileged
}

@test "U15: links that stand still: absolute, relative, as the last part, in the middle, in a stopped container" {
	local link kind
	start_box --userns host
	for link in "$victim" "../../../../../../..$victim" "/proc/1/root$victim" "/proc/self/root$victim" "/vol/../../..$victim"; do
		rm -rf "$volume/l" "$volume/f"
		ln -s "$link" "$volume/l"
		ln -s "$link/secret" "$volume/f"
		for kind in box still; do
			[ $kind = box ] || paene create -q --name still --userns host --network none -v "$volume:/vol:noidmap" $image true
			copy file $kind:/vol/l/new || true
			copy file $kind:/vol/f || true
			copy file $kind:/vol/l || true
			copy $kind:/vol/l/secret out1 || true
			copy -L $kind:/vol/f out2 || true
			copy $kind:/vol/l/. out3 || true
			tar cf - file | copy - $kind:/vol/l || true
		done >/dev/null 2>&1
		paene rm -f still >/dev/null
	done
	expect_no_secret_here
	expect_safe
}

@test "U15: what a container's absolute links mean inside works" {
	start_box
	paene exec box sh -c 'mkdir -p /run/deep; ln -s /run /var/run2; ln -s /run/deep /var/deep'
	copy file box:/var/run2/file
	copy file box:/var/deep/
	[ "$(paene exec box cat /run/file /run/deep/file)" = $'harmless\nharmless' ]
	copy box:/var/run2/file out
	[ "$(cat out)" = harmless ]
}

@test "U15: archives on standard input: names that lead out, links to the machine's files" {
	local case
	start_box --userns host
	for case in dotdot abs symlink-same hardlink-out hardlink-abs hardlink-via-symlink; do
		"$tests/images/hostile.py" --layer $case hostile.tar 2>/dev/null || continue
		copy - box:/tmp <hostile.tar || true
	done >/dev/null 2>&1
	needs_program python3
	python3 - <<-END
		import io, tarfile
		t = tarfile.open("own.tar", "w")
		def add(name, kind=tarfile.REGTYPE, link="", data=b"evil"):
		    i = tarfile.TarInfo(name); i.type = kind; i.linkname = link; i.size = len(data) if kind == tarfile.REGTYPE else 0
		    t.addfile(i, io.BytesIO(data))
		add("esc", tarfile.SYMTYPE, "$victim")
		add("esc/new")
		add("hard", tarfile.LNKTYPE, "$victim/secret")
		add("hard")
		add("up", tarfile.SYMTYPE, "../../../../../..$victim/secret")
		add("up")
		t.close()
	END
	copy - box:/tmp <own.tar || true
	expect_no_secret_here
	expect_safe
}

@test "U16: nothing of the container is loaded or executed" {
	needs_program strace
	local verb
	start_box --userns host
	paene exec box sh -c 'mkdir -p /lib/x86_64-linux-gnu /usr/lib/x86_64-linux-gnu /lib64 /usr/lib/locale
		for f in libnss_files.so.2 libc.so.6 libarchive.so.13 libcrypto.so.3 gconv/UTF-16.so; do
			for d in /lib /usr/lib /lib/x86_64-linux-gnu /usr/lib/x86_64-linux-gnu; do mkdir -p $d/gconv; echo evil >$d/$f; done
		done
		echo /lib/libnss_files.so.2 >/etc/ld.so.preload
		echo "passwd: files evil" >/etc/nsswitch.conf
		echo "x:evil" >/etc/localtime'
	paene exec box sh -c 'for name in tar gzip xz zstd unpigz sh nsenter mount; do
			for d in /usr/bin /usr/sbin /sbin; do
				mkdir -p $d; printf "#!/bin/busybox sh\necho >/had\n" >$d/$name; chmod +x $d/$name
			done
		done'
	for verb in "cp file box:/tmp/" "cp box:/etc/passwd out" "cp -a box:/etc etc" "export -o e.tar box" "commit box localhost/had:1" \
		"diff box" "top box"; do
		# shellcheck disable=SC2086 # words
		strace -f -qq -e trace=execve,execveat,openat,open -o "$BATS_TEST_TMPDIR/trace" "$(type -P paene)" --root "$PAENE_DATA" \
			--runroot "$PAENE_RUN" $verb >/dev/null 2>&1 || fail "$verb failed"
		# each process has what it needs before it goes in: that is when it says so on its socket and opens its new root
		# what it reads then as a file to be copied it opens from its folder, and what it loaded by its path
		awk '/openat\(AT_FDCWD, "\/", O_(RDONLY|PATH)/ { inside[$1] = 1; next } inside[$1] && /openat\(AT_FDCWD|open\(|exec/' \
			"$BATS_TEST_TMPDIR/trace" >"$BATS_TEST_TMPDIR/loaded"
		[ ! -s "$BATS_TEST_TMPDIR/loaded" ] || fail "$verb: $(cat "$BATS_TEST_TMPDIR/loaded")"
	done
	run paene exec box /bin/busybox test -e /had
	[ "$status" != 0 ]
	paene rm -f box >/dev/null
	paene rmi localhost/had:1 >/dev/null
}

@test "U17: a file that changes into a fifo and back stops nobody" {
	local i racer
	echo file >"$volume/f"
	mkfifo "$volume/p"
	start_box
	"$tests/security/probes/xchg.py" "$volume/f" "$volume/p" 2>/dev/null 3>&- &
	racer=$!
	for i in {1..50}; do
		copy box:/vol out-$i || [ $? = 1 ] || fail "round $i"
	done 2>/dev/null
	kill $racer
	wait $racer
}

@test "the worker on a container is nobody whom the container's root is not" {
	needs_program strace
	start_box
	strace -f -qq -e trace=setns,setresuid,capset -o "$BATS_TEST_TMPDIR/trace" "$(type -P paene)" --root "$PAENE_DATA" \
		--runroot "$PAENE_RUN" cp file box:/tmp/
	grep -q 'setns([0-9]*, CLONE_NEWUSER) *= 0' "$BATS_TEST_TMPDIR/trace"
	# a file that root outside may write to and root of the container may not
	echo kept >"$volume/foreign"
	chmod 600 "$volume/foreign"
	chown 0:0 "$volume/foreign"
	run copy box:/vol/foreign out
	[ "$status" = 1 ]
	expect_in_output "Permission denied"
	run copy file box:/vol/foreign
	[ "$status" = 1 ]
	[ "$(cat "$volume/foreign")" = kept ]
}
