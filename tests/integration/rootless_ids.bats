# SPDX-License-Identifier: Apache-2.0
# Whose ids a user's containers have: --userns, --uidmap, no subordinate ids at all; unshare; machines that allow nothing.
load ../lib/common
load ../lib/rootless

image=localhost/busybox:1

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	make_dev
	paene load -i /run/paene-test/busybox.tar
	paene run -q --rm --network none "$image" true
	paene run -q --rm --network none --userns keep-id "$image" true
}

teardown_file() {
	unmake_dev
}

setup() {
	needs_root
	needs_program newuidmap setpriv fuse-overlayfs
	leak_check_before
}

teardown() {
	paene rm --force --all >/dev/null
	leak_check_after
}

run_it() { # run_it OPTION… IMAGE COMMAND…
	paene run -q --rm --network none "$@"
}

# Without subordinate ids, with folders of their own, in a mount namespace that ends with it.
without_subids() {
	unshare --mount bash -c "set -e; $(declare -f as_dev paene run_it)
		dev_id=$dev_id dev_home=$dev_home dev_run=$dev_run
		mount -t tmpfs -o mode=700,uid=$dev_id,gid=$dev_id tmpfs $dev_home
		mount -t tmpfs -o mode=700,uid=$dev_id,gid=$dev_id tmpfs $dev_run
		touch $dev_home/empty
		mount --bind $dev_home/empty /etc/subuid
		mount --bind $dev_home/empty /etc/subgid
		$1
		kill \$(cut -d ' ' -f 1 $dev_run/paene/namespace)"
}

@test "keep-id: the user is who they are, the image's files are root's, and what is written outside is the user's" {
	mkdir "$dev_home/shared"
	chown $dev_id:$dev_id "$dev_home/shared"
	run run_it --userns keep-id -v "$dev_home/shared:/shared" "$image" sh -c '
		id; stat -c %u:%g /bin/busybox /etc/hosts /shared; touch /shared/file /tmp/file; stat -c %u /tmp/file'
	expect_output "uid=$dev_id(dev) gid=$dev_id(dev) groups=$dev_id(dev)"$'\n0:0\n0:0\n4242:4242\n4242'
	[ "$(stat -c %u:%g "$dev_home/shared/file")" = $dev_id:$dev_id ]
	rm -r "$dev_home/shared"
	run run_it --userns keep-id:uid=7,gid=8 "$image" id
	expect_output "uid=7(dev) gid=8(dev) groups=8(dev)"
	run run_it --userns keep-id --user 0 "$image" id -u
	expect_output 0
}

@test "keep-id: the user has their name, and is at home where that is mounted; what they change in accounts stays" {
	run run_it --userns keep-id -w /etc "$image" sh -c 'id -un; id -gn; echo $HOME; tail -n 1 /etc/passwd'
	expect_output $'dev\ndev\n/etc\n'"dev:*:$dev_id:$dev_id::/etc:/bin/sh"
	mkdir $dev_home/below
	run run_it --userns keep-id:uid=7,gid=8 -v $dev_home/below:$dev_home/below -v /run/home:/run/home "$image" sh -c 'id -un; echo $HOME'
	expect_output $'dev\n'$dev_home
	run run_it --userns keep-id --user 0 "$image" sh -c 'id -un; echo $HOME'
	expect_output $'root\n/root'
	paene run -q -d --network none --name two --userns keep-id "$image" sleep 1000
	paene exec -u 0 two sh -c 'echo "more:x:99:99::/:/bin/sh" >>/etc/passwd'
	[ -z "$(paene diff two | grep -e passwd -e group)" ]
	paene stop -t 0 two
	paene start two
	[ "$(paene exec -u more two id -u)" = 99 ]
	paene commit -q --pause=false two localhost/two:1
	run run_it localhost/two:1 grep -c dev: /etc/passwd
	expect_output 0
	paene rmi -f localhost/two:1
	rmdir $dev_home/below
}

@test "keep-id in the background: exec, commit and files of others" {
	paene run -q -d --network none --name one --userns keep-id "$image" sleep 1000
	run paene exec one id -u
	expect_output $dev_id
	paene exec -u 0 one sh -c 'echo word >/word; chown 33 /word'
	paene stop -t 0 one
	paene start one
	run paene exec one sh -c 'cat /word; stat -c %u /word'
	expect_output $'word\n33'
}

@test "nomap: the user is nobody inside, and no file of theirs can be written" {
	mkdir "$dev_home/shared"
	chown $dev_id "$dev_home/shared"
	run run_it --userns nomap -v "$dev_home/shared:/shared" "$image" sh -c 'id -u; stat -c %u /shared /bin; touch /shared/file'
	expect_status 1
	expect_in_output $'0\n65534\n0\n'
	expect_in_output "Permission denied"
	rmdir "$dev_home/shared"
}

@test "host: the user's own namespace" {
	run run_it --userns host "$image" cat /proc/self/uid_map
	expect_output $'         0       4242          1\n         1    1000000      65536'
}

@test "--uidmap and --gidmap count the user's own ids" {
	run run_it --uidmap 0:1:10 --uidmap 10:0:1 "$image" sh -c 'cat /proc/self/uid_map /proc/self/gid_map; stat -c %u /bin'
	expect_output $'         0          1         10\n        10          0          1\n         0          1         10\n        10          0          1\n0'
	run run_it --uidmap 0:1:10 --gidmap 0:5:20 "$image" sh -c 'cat /proc/self/uid_map /proc/self/gid_map; stat -c %g /bin'
	expect_output $'         0          1         10\n         0          5         20\n0'
}

@test "root has maps of host ids" {
	local data=$BATS_TEST_TMPDIR/data run=$BATS_TEST_TMPDIR/run
	root() {
		command paene --root "$data" --runroot "$run" "$@"
	}
	root load -q -i /run/paene-test/busybox.tar
	run root run -q --rm --network none --uidmap 0:300000:100 "$image" sh -c 'cat /proc/self/uid_map; stat -c %u /bin'
	expect_output $'         0     300000        100\n0'
	run root run -q --rm --network none --userns keep-id "$image" true
	expect_in_output "--userns keep-id: it is for users"
	rmdir /sys/fs/cgroup/paene
}

@test "wrong maps and modes" {
	local word
	for word in 0:1 0:1:x 0:1:1:1 -1:0:1 "" 0:1:99999999999; do
		run run_it --uidmap "$word" "$image" true
		expect_status 125
		expect_in_output "--uidmap $word: CONTAINER:HOST:SIZE, please"
	done
	run run_it --uidmap 0:1:0 "$image" true
	expect_in_output "--uidmap[0]: size 0"
	run run_it --uidmap 0:1:10 --uidmap 5:20:1 "$image" true
	expect_in_output "overlaps"
	run run_it --uidmap 0:1:100000 "$image" true
	expect_status 125
	run run_it --userns keep-id --uidmap 0:1:1 "$image" true
	expect_in_output "leaves no place"
	run run_it --userns keep-id:name=x "$image" true
	expect_in_output "neither uid=NUMBER nor gid=NUMBER"
	run run_it --userns private:x "$image" true
	expect_in_output "--userns private:x: it is private, host, auto, keep-id or nomap"
	[ -z "$(paene ps -aq)" ]
}

@test "unshare: root among the user's ids; what is mounted there stays there; its exit status is the command's" {
	run paene unshare sh -c 'id -u; cat /proc/self/uid_map; exit 7'
	expect_status 7
	expect_output $'0\n         0       4242          1\n         1    1000000      65536'
	run paene unshare sh -c "ls \$(paene image mount $image) | head -n 1; paene image unmount $image >/dev/null; paene run -q --rm --network none $image id -u"
	expect_output $'bin\n0'
	run paene image mount "$image"
	expect_in_output "begin a shell by \`paene unshare\`"
	run paene unshare /nosuch
	expect_status 127
	run paene unshare /etc/passwd
	expect_status 126
	rmdir $PAENE_RUN/images
	run command paene --root "$BATS_TEST_TMPDIR/data" --runroot "$BATS_TEST_TMPDIR/run" unshare true
	expect_in_output "it is for users"
}

@test "host: this machine's own root as the user may see it; what they could write is caught; others' run and tmp are not there" {
	mkdir -p $dev_home/tree /opt/paene-rootless-bats
	echo mine >$dev_home/tree/file
	chown -R $dev_id:$dev_id $dev_home/tree /opt/paene-rootless-bats
	touch /tmp/paene-rootless-bats
	run unshare --mount bash -c "$(declare -f as_dev paene run_it); dev_id=$dev_id dev_home=$dev_home dev_run=$dev_run
		mkdir /opt/paene-rootless-bats/home; mount --bind $dev_home /opt/paene-rootless-bats/home
		run_it host sh -c 'id -u; touch /new /usr/bin/new /opt/paene-rootless-bats/home/new /etc/shadow; cat /etc/shadow
			cat /opt/paene-rootless-bats/home/tree/file; ls /tmp /run'"
	expect_in_output "'/new': Read-only file system"
	expect_in_output "'/usr/bin/new': Permission denied"
	expect_in_output "home/new': Read-only file system" # there is a mount below /opt: none of it is caught
	expect_in_output "/etc/shadow: Permission denied"
	expect_in_output $'mine'
	[[ "$output" != *paene-rootless-bats$'\n'* && "$output" != *paene-test* ]] || fail "$output"
	rm -r /opt/paene-rootless-bats/home
	echo theirs >/opt/paene-rootless-bats/file
	chown $dev_id:$dev_id /opt/paene-rootless-bats/file
	run run_it host sh -c 'cd /opt/paene-rootless-bats; echo changed >file; cat file; touch new; ls'
	expect_output $'changed\nfile\nnew'
	[ "$(cat /opt/paene-rootless-bats/file)" = theirs ]
	[ ! -e /opt/paene-rootless-bats/new ]
	paene run -q --network none --name one host touch /opt/paene-rootless-bats/new
	run paene start -a one
	expect_status 0
	rm -r /opt/paene-rootless-bats $dev_home/tree /tmp/paene-rootless-bats
}

@test "--rootfs: a folder as it is; O: what is written goes elsewhere" {
	cp -a "$(busybox_rootfs)" $dev_home/root
	chown -R $dev_id:$dev_id $dev_home/root
	run paene run -q --rm --network none --rootfs $dev_home/root sh -c 'id -u; stat -c %u /bin/busybox; touch /new'
	expect_output $'0\n0'
	[ "$(stat -c %u $dev_home/root/new)" = $dev_id ]
	run paene run -q --rm --network none --rootfs $dev_home/root:O sh -c 'rm /new; ls /new'
	expect_in_output "No such file"
	[ -e $dev_home/root/new ]
	rm -r $dev_home/root
}

@test "info says who we are" {
	[ "$(paene info -f json | jq -c '[.Rootless, .UidMap, .GidMap]')" = \
		'[true,["0 4242 1","1 1000000 65536"],["0 4242 1","1 1000000 65536"]]' ]
}

@test "without subordinate ids: all files are the user's, there is no user but root, and that is said once" {
	run without_subids "paene load -q -i /run/paene-test/busybox.tar
		run_it $image sh -c 'id -u; cat /proc/self/uid_map; chown 5 /etc || true'
		run_it -u 5 $image true || true
		run_it -t $image tty
		run_it --userns keep-id $image true || true
		paene system check
		paene run -q -d --network none --name one $image sleep 1000 >/dev/null
		paene exec one echo fine; paene rm -f one"
	expect_status 0
	[ "${lines[0]}" = "paene: warning: /etc/subuid gives you no further ids: all files of images are yours, and containers have no user but root" ]
	[ "$(grep -c 'no further ids' <<<"$output")" = 1 ]
	expect_in_output $'0\n         0          0          1\nchown: /etc: Invalid argument\npaene run: set user id 5: Invalid argument'
	expect_in_output /dev/pts/0
	expect_in_output "usermod --add-subuids"
	expect_in_output "nothing is wrong"
	expect_in_output $'fine\none'
}

@test "without subordinate ids: an image with files of many owners is loaded" {
	mkdir "$BATS_TEST_TMPDIR/root"
	cp -a "$(busybox_rootfs)/." "$BATS_TEST_TMPDIR/root"
	echo theirs >"$BATS_TEST_TMPDIR/root/etc/theirs"
	chown 33:44 "$BATS_TEST_TMPDIR/root/etc/theirs"
	"$tests/lib/docker-archive" "$BATS_TEST_TMPDIR/root" localhost/owners:1 /run/paene-test/owners.tar
	chmod go+r /run/paene-test/owners.tar
	run without_subids 'paene load -q -i /run/paene-test/owners.tar 2>&1
		run_it localhost/owners:1 stat -c %u:%g /etc/theirs'
	expect_in_output 0:0
	rm /run/paene-test/owners.tar
}

@test "user namespaces are switched off, newuidmap is not there: the remedy is said" {
	mkdir -m 700 /run/user/other
	chown $dev_id /run/user/other
	unshare --user sleep 1000 3>&- &
	wait_until 5 eval '[ "$(readlink /proc/$!/ns/user)" != "$(readlink /proc/self/ns/user)" ]'
	echo "0 0 65536" | tee "/proc/$!/gid_map" >"/proc/$!/uid_map"
	run nsenter --target $! --user --setuid 0 --setgid 0 bash -c "
		$(declare -f as_dev); dev_id=$dev_id dev_home=$dev_home dev_run=/run/user/other
		echo 0 >/proc/sys/user/max_user_namespaces; as_dev paene ps"
	kill $!
	expect_status 1
	expect_in_output "make a user namespace"
	expect_in_output ": No space left on device; user namespaces are switched off: root can change that by"
	mkdir /run/few
	cp /usr/bin/env /usr/bin/setpriv /run/few/
	run unshare --mount bash -c "$(declare -f as_dev); dev_id=$dev_id dev_home=$dev_home dev_run=/run/user/other
		mount --bind /run/few /usr/bin; as_dev paene ps"
	expect_status 1
	expect_in_output "is the package uidmap installed?"
	rm -r /run/few /run/user/other
}

# bad COMMAND: with a runtime folder and mounts that end with it, root's COMMAND first, and then a command of the user's
bad() {
	run unshare --mount bash -c "set -e; $(declare -f as_dev paene run_it); dev_id=$dev_id dev_home=$dev_home dev_run=/run/user/bad
		mkdir -p \$dev_run
		mount -t tmpfs -o mode=700,uid=$dev_id,gid=$dev_id tmpfs \$dev_run
		$1
		status=0
		as_dev \$wrapper paene ps -q || status=\$?
		[ ! -s \$dev_run/paene/namespace ] || kill \$(cut -d ' ' -f 1 \$dev_run/paene/namespace)
		exit \$status"
	rmdir /run/user/bad
}

@test "folders that cannot be had: what, where, and what to do" {
	bad "mount -t tmpfs -o ro tmpfs $dev_home"
	expect_status 1
	expect_output "paene ps: make folder $dev_home/.local: Read-only file system; give --root DIR before the verb, or set XDG_DATA_HOME"
	bad "mount -t tmpfs -o mode=755 tmpfs \$dev_run"
	expect_status 1
	expect_output "paene ps: make folder /run/user/bad/paene: Permission denied; give --runroot DIR before the verb, or set XDG_RUNTIME_DIR to a folder of yours"
	bad "mkdir \$dev_run/paene"
	expect_status 1
	expect_output "paene ps: the folder of --runroot is not yours alone; give --runroot DIR before the verb, or set XDG_RUNTIME_DIR"
	bad "dev_run=/run/user/nosuch"
	expect_status 1
	expect_in_output "make folder /run/user/nosuch: Permission denied; give --runroot DIR"
}

@test "a newuidmap without its rights, ranges that make no sense" {
	local why="map ids: newuidmap: write to uid_map failed: Operation not permitted; it must be setuid root, on no nosuid mount, and started without no_new_privileges"
	bad "cp /usr/bin/newuidmap \$dev_run/; mount --bind \$dev_run/newuidmap /usr/bin/newuidmap"
	expect_status 1
	expect_in_output "$why"
	bad "mount --bind /usr/bin /usr/bin; mount -o remount,bind,nosuid /usr/bin"
	expect_in_output "$why"
	bad "wrapper='setpriv --no-new-privs'"
	expect_in_output "$why"
	bad "printf 'dev:abc\ndev:1:2:3\n:::\ndev:4294967295:5\n' >\$dev_run/sub; mount --bind \$dev_run/sub /etc/subuid"
	expect_status 0
}

@test "a home where nothing can be executed, one in memory, a full one" {
	run without_subids "mount -o remount,noexec $dev_home; paene load -q -i /run/paene-test/busybox.tar >&2; run_it $image echo fine"
	expect_in_output fine
	run without_subids "mount -t tmpfs -o size=600k,mode=700,uid=$dev_id tmpfs $dev_home; paene load -q -i /run/paene-test/busybox.tar || true
		find $dev_home -type f -size +10k"
	expect_in_output "load /run/paene-test/busybox.tar: write a blob: No space left on device"
	[[ "$output" != *$dev_home/.local* ]] || fail "$output"
}
