#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The mounts of a bundle: each option word, sources, targets, id maps, what is hidden and what is read-only; in the words of
# runc and of crun.

load ../lib/common
load ../lib/oci

setup() {
	host=$BATS_TEST_TMPDIR/host
	mkdir "$host"
	echo outer >"$host/file"
	before_each '.root.readonly = false'
}

teardown() {
	while umount -R "$host" 2>/dev/null; do :; done
	after_each
}

add_mount() { # add_mount DESTINATION TYPE SOURCE OPTION,…
	edit_bundle "$bundle" ".mounts += [$(jq -cn '{destination: $ARGS.positional[0], type: $ARGS.positional[1],
		source: $ARGS.positional[2], options: ($ARGS.positional[3] / "," - [""])}' --args -- "$1" "$2" "$3" "$4")]"
}

drop_mounts() { # all but the default ones
	edit_bundle "$bundle" ".mounts |= .[:$(jq '.mounts | length' "$tests/lib/config.json")]"
}

inside() { # inside SCRIPT: run the container with it
	edit_bundle "$bundle" ".process.args = $(jq -cn '$ARGS.positional' --args -- sh -c "$1")"
	run oci run -b "$bundle" m
}

options_of='options_of() { awk -v at="$1" "\$5 == at { print \$6 }" /proc/self/mountinfo | tail -n 1; }; '

# The attributes of the last mount on a path of the container, e.g. "rw,nosuid,relatime"
flags() {
	inside "$options_of options_of $1"
	expect_status 0
	echo "$output"
}

own_userns() { # the root's owners follow
	edit_bundle "$bundle" '.linux.namespaces += [{"type": "user"}]' \
		'.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}]' \
		'.linux.gidMappings = .linux.uidMappings'
	chown -R -h 100000:100000 "$bundle/rootfs"
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR"
}

host_tmpfs() { # host_tmpfs OPTIONS: $host is one, a mount of the machine with these attributes
	mount -t tmpfs tmpfs "$host"
	mount -o "remount,bind,$1" "$host"
}

host_tree() { # $host with a mount below
	mount -t tmpfs tmpfs "$host"
	mkdir "$host/sub"
	mount -t tmpfs tmpfs "$host/sub"
	echo outer >"$host/file"
	echo inner >"$host/sub/file"
}

@test "every word that features lists is known: none of them is given to a file system" {
	local word words=
	for word in $(paene-oci features | jq -r '.mountOptions[]'); do
		case $word in
		idmap | ridmap | remount | bind | rbind) ;;
		*) words+=$word, ;;
		esac
	done
	add_mount /t tmpfs tmpfs "$words"
	add_mount /b bind "$host" "$words"
	add_mount /c none "$host" rbind,bind
	inside 'cat /b/file /c/file'
	expect_status 0
	expect_output $'outer\nouter'
}

@test "what is no word is the file system's: tmpfs has a size, and complains of what it does not know" {
	add_mount /t tmpfs tmpfs size=64k,nr_inodes=100,mode=0710,uid=3,gid=4,nosuid
	inside 'df -k /t | tail -n 1 | { read -r a b c; echo $b; }; stat -c "%a %u %g" /t'
	expect_output $'64\n710 3 4'
	for word in nosuchoption nosuch=1 size=many; do
		drop_mounts
		add_mount /t tmpfs tmpfs "$word"
		inside true
		expect_status 1
		expect_in_output "mount /t: ${word%=*} (tmpfs: "
	done
	drop_mounts
	add_mount /t nosuchfs x rw
	inside true
	expect_status 1
	expect_in_output "mount /t: file system nosuchfs: No such device"
}

@test "attributes, word by word, of a bind and of a new file system" {
	local pair
	for pair in ro=ro,relatime nosuid=rw,nosuid,relatime nodev=rw,nodev,relatime noexec=rw,noexec,relatime noatime=rw,noatime \
		nodiratime=rw,nodiratime,relatime strictatime=rw relatime=rw,relatime nosymfollow=rw,relatime,nosymfollow \
		ro,rw=rw,relatime nosuid,suid=rw,relatime noexec,exec=rw,relatime nodev,dev=rw,relatime \
		noatime,atime=rw,relatime nodiratime,diratime=rw,relatime nosymfollow,symfollow=rw,relatime \
		strictatime,nostrictatime=rw,relatime noatime,norelatime=rw,noatime defaults=rw,relatime; do
		add_mount "/b-${pair%%=*}" bind "$host" "bind,${pair%%=*}"
		add_mount "/t-${pair%%=*}" tmpfs tmpfs "${pair%%=*}"
		echo "/b-$pair" >>"$BATS_TEST_TMPDIR/expected"
		echo "/t-$pair" >>"$BATS_TEST_TMPDIR/expected"
	done
	inside 'awk "\$5 ~ /^.[bt]-/ { print \$5 \"=\" \$6 }" /proc/self/mountinfo'
	diff <(sort "$BATS_TEST_TMPDIR/expected") <(sort <<<"$output")
}

@test "r words change every mount of a tree, the others the first alone" {
	host_tree
	local word
	for word in ro rro noexec rnoexec nosuid rnosuid nodev rnodev noatime rnoatime nodiratime rnodiratime nosymfollow \
		rnosymfollow strictatime rstrictatime ro,rro rro,rw; do
		add_mount "/$word" none "$host" "rbind,$word"
	done
	inside "$options_of"'for d in ro rro noexec rnoexec nosuid rnosuid nodev rnodev noatime rnoatime nodiratime rnodiratime \
		nosymfollow rnosymfollow strictatime rstrictatime ro,rro rro,rw; do echo "$d $(options_of /$d) $(options_of /$d/sub)"; done'
	expect_output "ro ro,relatime rw,relatime
rro ro,relatime ro,relatime
noexec rw,noexec,relatime rw,relatime
rnoexec rw,noexec,relatime rw,noexec,relatime
nosuid rw,nosuid,relatime rw,relatime
rnosuid rw,nosuid,relatime rw,nosuid,relatime
nodev rw,nodev,relatime rw,relatime
rnodev rw,nodev,relatime rw,nodev,relatime
noatime rw,noatime rw,relatime
rnoatime rw,noatime rw,noatime
nodiratime rw,nodiratime,relatime rw,relatime
rnodiratime rw,nodiratime,relatime rw,nodiratime,relatime
nosymfollow rw,relatime,nosymfollow rw,relatime
rnosymfollow rw,relatime,nosymfollow rw,relatime,nosymfollow
strictatime rw rw,relatime
rstrictatime rw rw
ro,rro ro,relatime ro,relatime
rro,rw ro,relatime ro,relatime"
}

@test "r words that take away: of every mount of a tree" {
	host_tree
	mount -o remount,bind,ro,nosuid,nodev,noexec,noatime "$host"
	mount -o remount,bind,ro,nosuid,nodev,noexec,noatime "$host/sub"
	add_mount /t none "$host" rbind,rrw,rsuid,rdev,rexec,rrelatime,rsymfollow,rdiratime
	add_mount /kept none "$host" rbind
	inside "$options_of"'for d in /t /t/sub /kept /kept/sub; do options_of $d; done'
	expect_output "rw,relatime
rw,relatime
ro,nosuid,nodev,noexec,noatime
ro,nosuid,nodev,noexec,noatime"
}

@test "a bind without a word of attributes keeps those of its source; with one it has those of its words alone" {
	host_tmpfs ro,noexec,nosymfollow,nodiratime
	add_mount /m none "$host" bind
	[ "$(flags /m)" = ro,noexec,nodiratime,relatime,nosymfollow ]
	drop_mounts
	add_mount /m none "$host" bind,dev
	[ "$(flags /m)" = rw,nodiratime,relatime ] # but for access times
	drop_mounts
	add_mount /m none "$host" bind,nosuid,rprivate
	[ "$(flags /m)" = rw,nosuid,nodiratime,relatime ]
	drop_mounts
	add_mount /m none "$host" bind,rprivate
	[ "$(flags /m)" = ro,noexec,nodiratime,relatime,nosymfollow ] # propagation is none of them
}

@test "a bind in a user namespace: what protects the source stays, and to ask otherwise is an error" {
	own_userns
	host_tmpfs ro,noexec,nosymfollow,nodiratime
	add_mount /m none "$host" bind
	[ "$(flags /m)" = ro,noexec,nodiratime,relatime,nosymfollow ]
	drop_mounts
	add_mount /m none "$host" bind,dev
	[ "$(flags /m)" = ro,noexec,nodiratime,relatime ]
	drop_mounts
	add_mount /m none "$host" bind,rw
	inside true
	expect_status 1
	expect_in_output "mount /m: option rw: in a user namespace $host stays ro: Operation not permitted"
	drop_mounts
	add_mount /m none "$host" bind,ro,exec
	inside true
	expect_status 1
	expect_in_output "option exec: in a user namespace $host stays noexec"
}

@test "targets: missing ones are made, relative ones begin at the root, host paths below it are taken as they are meant" {
	add_mount made/for/it bind "$host" bind
	add_mount ../../../up bind "$host" bind
	add_mount "/a//b/./c/../d/" bind "$host" bind
	add_mount /new/file bind "$host/file" bind
	add_mount "$bundle/rootfs/by-host" bind "$host" bind
	add_mount /etc/passwd none "$host/file" bind,ro
	inside 'cat /made/for/it/file /up/file /a/b/d/file /new/file /by-host/file /etc/passwd; test -f /new/file'
	expect_output $'outer\nouter\nouter\nouter\nouter\nouter'
	[ ! -e "$bundle/rootfs$bundle" ]
}

@test "targets through links: inside the root, also where they lead nowhere yet" {
	mkdir -p "$bundle/rootfs/real"
	ln -s /real "$bundle/rootfs/absolute"
	ln -s ../../../../real "$bundle/rootfs/upward"
	ln -s /tmp/foo/bar "$bundle/rootfs/jump"
	ln -s /jump/hosts "$bundle/rootfs/etc/hosts"
	add_mount /absolute/a tmpfs tmpfs ro
	add_mount /upward/b tmpfs tmpfs ro
	add_mount /etc/hosts bind "$host/file" bind
	inside 'for d in /real/a /real/b /tmp/foo/bar/hosts; do grep -c " $d " /proc/self/mountinfo; done; cat /etc/hosts'
	expect_output $'1\n1\n1\nouter'
}

@test "folders made for a mount point inherit the group's bit" {
	chmod 7755 "$bundle/rootfs/home"
	add_mount /home/a/b tmpfs tmpfs nosuid
	inside true
	[ "$(stat -c %a "$bundle/rootfs/home" "$bundle/rootfs/home/a" "$bundle/rootfs/home/a/b")" = $'7755\n2755\n2755' ]
}

@test "sources: relative ones begin at the bundle; files, links, sockets, pipes; missing ones are named" {
	ln -s file "$host/link"
	mkfifo "$host/pipe"
	echo beside >"$bundle/beside"
	add_mount /a bind beside bind
	add_mount /b bind . bind
	add_mount /c bind "$host/link" bind
	add_mount /d bind "$host/pipe" bind
	inside 'cat /a /b/beside /c; test -p /d'
	expect_status 0
	expect_output $'beside\nbeside\nouter'
	drop_mounts
	add_mount /a bind "$host/none" bind
	inside true
	expect_status 1
	expect_in_output "mount /a: open $host/none: No such file or directory"
}

@test "a source in the container's own root has what was mounted there before" {
	local userns
	mkdir -p "$host"/{a/x,b/y,c}
	echo deep >"$host/b/y/file"
	for userns in no yes; do
		drop_mounts
		[ $userns = no ] || own_userns
		add_mount /mnt bind "$host/a" bind,rprivate
		add_mount /mnt/x bind "$host/b" bind,rprivate
		add_mount "$bundle/rootfs/mnt/x/y" bind "$host/b/y" bind,rprivate
		add_mount "$bundle/rootfs/final" bind "$bundle/rootfs/mnt" rbind,rprivate
		add_mount /alone bind rootfs/mnt/x/y bind
		inside 'cat /final/x/y/file /alone/file'
		expect_status 0
		expect_output $'deep\ndeep'
	done
	rm -r "$bundle/rootfs/mnt"
	ln -s / "$bundle/rootfs/mnt" # the container's root, not the host's
	drop_mounts
	add_mount /tmp tmpfs tmpfs mode=1777
	add_mount /got bind "$bundle/rootfs/mnt" bind
	inside 'ls /got/bin/busybox'
	expect_status 0
}

@test "a bind or a tmpfs on the root takes its place" {
	"$tests/lib/busybox-rootfs" "$host/other"
	echo other >"$host/other/which"
	edit_bundle "$bundle" ".mounts = [{destination: \"/\", type: \"bind\", source: \"$host/other\", options: [\"bind\"]}] + .mounts"
	inside 'cat /which; ls /proc/self/status'
	expect_status 0
	expect_output $'other\n/proc/self/status'
	edit_bundle "$bundle" '.mounts[0] = {destination: "/", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]}'
	echo first >"$bundle/rootfs/which"
	inside 'cat /which; echo second >/which; cat /which; stat -f -c %T /'
	expect_output $'first\nsecond\ntmpfs'
	[ "$(<"$bundle/rootfs/which")" = first ]
	edit_bundle "$bundle" '.mounts[0].options = ["tmpcopyup", "ro"]'
	inside 'touch /x'
	expect_in_output "Read-only file system"
	edit_bundle "$bundle" '.mounts[0] = {destination: "/", type: "proc", source: "proc"}'
	inside true
	expect_status 1
	expect_in_output "the root itself can't be proc"
}

@test "tmpfs: as open as the folder that it hides, and says so; read-only, with mount points in it; its contents copied up" {
	mkdir -m 0710 "$bundle/rootfs/hidden"
	mkdir -p "$bundle/rootfs/up/deep"
	chmod 777 "$bundle/rootfs/up/deep"
	chown 7:8 "$bundle/rootfs/up/deep"
	echo text >"$bundle/rootfs/up/deep/file"
	ln -s deep "$bundle/rootfs/up/link"
	add_mount /hidden tmpfs tmpfs rw
	add_mount /fresh tmpfs tmpfs rw
	add_mount /told tmpfs tmpfs mode=1500
	add_mount /sealed tmpfs tmpfs ro,nodev
	add_mount /sealed/in bind "$host" bind
	add_mount /up tmpfs tmpfs tmpcopyup
	inside 'stat -c %a /hidden /fresh /told; grep -o " /hidden .*mode=710" /proc/mounts | wc -l; grep " /fresh " /proc/mounts | grep -c mode=
		touch /sealed/x; cat /sealed/in/file; stat -c "%a %u %g" /up/deep; cat /up/link/file; touch /up/new && echo new'
	expect_output $'710\n1777\n1500\n1\n0\ntouch: /sealed/x: Read-only file system\nouter\n777 7 8\ntext\nnew'
	[ ! -e "$bundle/rootfs/up/new" ]
}

@test "remount changes what is mounted" {
	add_mount /t tmpfs tmpfs size=32k
	add_mount /t "" "" remount,ro,nosuid,size=64k
	inside 'grep " /t " /proc/mounts'
	[[ "$output" == "tmpfs /t tmpfs ro,nosuid,"*size=64k* ]] || fail "$output"
}

@test "/proc and /sys can be read-only; proc has its own options; links in their place are refused" {
	edit_bundle "$bundle" '(.mounts[] | select(.destination == "/proc")).options = ["ro", "nosuid", "hidepid=2"]' \
		'(.mounts[] | select(.destination == "/sys")).options = ["ro"]' '.linux.readonlyPaths = []'
	inside 'grep -E "^(proc|sysfs) " /proc/mounts; echo x 2>&1 >/proc/sys/kernel/domainname'
	[[ "${lines[0]}" =~ ^proc\ /proc\ proc\ ro,nosuid,.*hidepid ]] || fail "$output"
	[[ "${lines[1]}" == "sysfs /sys sysfs ro,"* ]] || fail "$output"
	expect_in_output "Read-only file system"
	rmdir "$bundle/rootfs/proc"
	ln -s /tmp "$bundle/rootfs/proc"
	inside true
	expect_status 1
	expect_in_output "must be mounted on ordinary directory"
}

@test "mqueue, devpts, shm are the container's own" {
	inside 'grep -o "^[a-z]* /dev/[mps][a-z]* [a-z]*" /proc/mounts; ls /dev/pts'
	expect_status 0
	expect_output $'devpts /dev/pts devpts\nshm /dev/shm tmpfs\nmqueue /dev/mqueue mqueue\nptmx'
}

@test "cgroup: in a namespace of its own, read-only and not, with words that are the machine's to set" {
	local words
	edit_bundle "$bundle" '.linux.namespaces |= (map(select(.type != "cgroup")) + [{"type": "cgroup"}])'
	for words in ro rw nsdelegate,memory_recursiveprot,rw memory,ro; do
		edit_bundle "$bundle" '.mounts |= map(select(.destination != "/sys/fs/cgroup"))'
		add_mount /sys/fs/cgroup cgroup cgroup "nosuid,$words"
		inside 'grep " /sys/fs/cgroup " /proc/mounts; cat /proc/self/cgroup; ls -d /sys/fs/cgroup/cgroup.procs; mkdir /sys/fs/cgroup/x && rmdir /sys/fs/cgroup/x'
		expect_in_output "0::/"
		expect_in_output "/sys/fs/cgroup/cgroup.procs"
		if [[ "$words" == *ro ]]; then
			[[ "${lines[0]}" == "cgroup /sys/fs/cgroup cgroup2 ro,nosuid,"* ]] || fail "$output"
			expect_status 1
		else
			[[ "${lines[0]}" == "cgroup /sys/fs/cgroup cgroup2 rw,nosuid,"* ]] || fail "$output"
			expect_status 0
		fi
	done
}

@test "cgroup: without a namespace of its own the machine's hierarchy is seen, and its options stay as they are" {
	local before own
	before=$(findmnt -no FS-OPTIONS /sys/fs/cgroup)
	edit_bundle "$bundle" '.linux.namespaces |= map(select(.type != "cgroup"))'
	inside 'sed -n "s/^0:://p" /proc/self/cgroup; d=/sys/fs/cgroup$(sed -n "s/^0:://p" /proc/self/cgroup); grep -c . $d/cgroup.procs; mkdir /sys/fs/cgroup/x || :'
	[[ "${lines[0]}" == */m ]] || fail "$output"
	[ "${lines[1]}" -ge 1 ]
	expect_in_output "Read-only file system"
	[ "$(findmnt -no FS-OPTIONS /sys/fs/cgroup)" = "$before" ]
	oci --cgroup-manager disabled run -b "$bundle" m
	[ "$(findmnt -no FS-OPTIONS /sys/fs/cgroup)" = "$before" ]
}

@test "sysfs in a user namespace: its own, or the host's where the network is" {
	own_userns
	inside 'grep " /sys " /proc/mounts; ls /sys/class/net'
	expect_status 0
	expect_in_output lo
	edit_bundle "$bundle" '.linux.namespaces |= map(select(.type != "network"))'
	inside 'grep " /sys " /proc/mounts; mkdir /sys/x; ls /sys/class/net'
	expect_in_output "sysfs /sys sysfs ro,"
	expect_in_output lo
}

@test "order: mountinfo lists the mounts as the configuration does, binds among them" {
	needs_kernel 6.8
	add_mount /a bind "$host" bind
	add_mount /b tmpfs tmpfs ''
	add_mount /c bind "$host" rbind,slave
	add_mount /d bind "$host/file" bind,ro
	inside 'awk "{ print \$5 }" /proc/self/mountinfo'
	[[ "$output" == $'/\n'"$(jq -r '.mounts[].destination' "$bundle/config.json")"* ]] || fail "$output"
}

@test "order: a source that is not there is named, and nothing stays" {
	add_mount /a bind "$host" bind
	add_mount /b bind "$host/none" bind
	run oci run -b "$bundle" m
	expect_status 1
	expect_in_output "mount /b: open $host/none: No such file or directory"
	run ! oci state m
}

@test "propagation: what the host mounts later is seen by slaves and sharers, what the container mounts by the host of sharers" {
	mount -t tmpfs tmpfs "$host"
	mount --make-shared "$host"
	mkdir "$host"/{late,from-inside}
	local word
	for word in private rprivate slave rslave shared rshared unbindable runbindable; do
		add_mount "/$word" none "$host" "rbind,$word"
	done
	edit_bundle "$bundle" '.process.args = ["sh", "-c", "for d in private rprivate slave rslave shared rshared; do test -e /$d/late/here && echo $d; done; grep -c unbindable /proc/self/mountinfo"]'
	oci create -b "$bundle" m >"$BATS_TEST_TMPDIR/said"
	mount -t tmpfs tmpfs "$host/late"
	touch "$host/late/here"
	oci start m
	wait_until 5 grep -q '^[0-9]' "$BATS_TEST_TMPDIR/said"
	oci delete -f m
	[ "$(<"$BATS_TEST_TMPDIR/said")" = $'slave\nrslave\nshared\nrshared\n2' ]
}

@test "rootfsPropagation" {
	local pair
	for pair in shared=shared: rshared=shared: unbindable=unbindable runbindable=unbindable private=- rprivate=- slave=- rslave=-; do
		edit_bundle "$bundle" ".linux.rootfsPropagation = \"${pair%=*}\""
		inside 'awk "\$5 == \"/\" { print \$7 }" /proc/self/mountinfo'
		expect_status 0
		[[ "$output" == "${pair#*=}"* ]] || fail "$pair: $output"
	done
	mount -t tmpfs tmpfs "$host"
	mount --make-shared "$host"
	"$tests/lib/busybox-rootfs" "$host/root"
	edit_bundle "$bundle" ".root.path = \"$host/root\"" '.linux.rootfsPropagation = "rslave"'
	inside 'awk "\$5 == \"/\" { print \$7 }" /proc/self/mountinfo'
	[[ "$output" == master:* ]] || fail "$output"
	umount "$host"
}

@test "root.readonly: the root, and not what is mounted in it" {
	edit_bundle "$bundle" '.root.readonly = true'
	add_mount /writable bind "$host" bind
	add_mount /t tmpfs tmpfs rw
	inside 'touch /x; touch /writable/x /t/x && echo written'
	expect_output $'touch: /x: Read-only file system\nwritten'
}

@test "maskedPaths: files, folders, links, what is missing, and what is named twice" {
	mkdir "$bundle/rootfs/secret" "$bundle/rootfs/second"
	echo hidden >"$bundle/rootfs/secret/file"
	echo hidden >"$bundle/rootfs/file"
	ln -s secret "$bundle/rootfs/link"
	edit_bundle "$bundle" '.linux.maskedPaths = ["/secret", "/file", "/link", "/none", "/second", "/secret", "/file", "/file/none"]'
	inside 'cat /file /link/file; ls -A /secret /second | grep -v :; touch /secret/x; rm /file; grep -c " /file " /proc/mounts; grep -c " /second " /proc/mounts
		[ $(stat -c %d /secret) = $(stat -c %d /second) ] && echo same'
	expect_output "cat: can't open '/link/file': No such file or directory

touch: /secret/x: Read-only file system
rm: can't remove '/file': Device or resource busy
1
1
same"
	edit_bundle "$bundle" '.root.readonly = true' '.linux.maskedPaths = ["/secret"]'
	inside 'ls /secret'
	expect_status 0
	expect_output ""
}

@test "readonlyPaths: files, folders with what is mounted in them, links, what is missing, and what is named twice" {
	host_tree
	mkdir "$bundle/rootfs/ro"
	touch "$bundle/rootfs/file"
	ln -s ro "$bundle/rootfs/link"
	add_mount /tree none "$host" rbind
	edit_bundle "$bundle" '.linux.readonlyPaths = ["/ro", "/file", "/link", "/none", "/tree", "/ro"]'
	inside 'for f in /ro/x /link/x /tree/x /tree/sub/x; do touch $f; done; echo x >/file; cat /tree/sub/file; touch /other && echo other'
	expect_output "touch: /ro/x: Read-only file system
touch: /link/x: Read-only file system
touch: /tree/x: Read-only file system
touch: /tree/sub/x: Read-only file system
sh: can't create /file: Read-only file system
inner
other"
}

@test "mountLabel: where no file is labelled it has nothing to say" {
	[ ! -e /sys/fs/selinux/enforce ] || skip "SELinux is there"
	edit_bundle "$bundle" '.linux.mountLabel = "system_u:object_r:container_file_t:s0:c1,c2"'
	inside true
	expect_status 0
}

needs_idmap() { # that of the folder where the tests are
	needs_kernel 6.3 # tmpfs
}

mapped_mount() { # mapped_mount DESTINATION OPTIONS UID-MAPS GID-MAPS: maps as JSON
	add_mount "$1" bind "$host" "$2"
	edit_bundle "$bundle" ".mounts[-1] += {uidMappings: $3, gidMappings: $4}"
}

@test "id maps of a mount: uidMappings and gidMappings, with and without a user namespace" {
	needs_idmap
	touch "$host"/{one,two}
	chown 100:211 "$host/one"
	chown 101:222 "$host/two"
	local uids='[{"containerID": 100, "hostID": 101000, "size": 1}, {"containerID": 101, "hostID": 102000, "size": 1}]'
	local gids='[{"containerID": 210, "hostID": 101100, "size": 10}, {"containerID": 220, "hostID": 102200, "size": 10}]'
	mapped_mount /m bind "$uids" "$gids"
	mapped_mount /idmap bind,idmap "$uids" "$gids"
	inside 'stat -c "%u %g" /m/one /m/two /idmap/one; touch /m/new'
	expect_in_output $'101000 101101\n102000 102202\n101000 101101'
	expect_in_output "Value too large" # root has no id there
	own_userns
	inside 'stat -c "%u %g" /m/one /m/two /idmap/one'
	expect_output $'1000 1101\n2000 2202\n1000 1101'
	mapped_mount /n bind "$uids" '[]'
	inside true
	expect_status 1
	expect_in_output "uidMappings and gidMappings belong together"
}

@test "id maps of a mount: idmap and ridmap without maps take the container's" {
	needs_idmap
	host_tree
	chown 100:211 "$host/file" "$host/sub/file"
	add_mount /plain bind "$host" rbind
	add_mount /one bind "$host" rbind,idmap
	add_mount /all bind "$host" rbind,ridmap
	inside true
	expect_status 1
	expect_in_output "idmap without mappings needs a user namespace"
	own_userns
	inside 'for d in plain one all; do stat -c "%u %g" /$d/file /$d/sub/file; done; touch /all/sub/new'
	[ "$(stat -c "%u %g" "$host/sub/new")" = "0 0" ]
	expect_output $'65534 65534\n65534 65534\n100 211\n65534 65534\n100 211\n100 211'
}

@test "id maps of a mount: those of a user namespace that is joined" {
	needs_idmap
	chown 100:211 "$host/file"
	own_userns
	edit_bundle "$bundle" '.process.args = ["sleep", "100"]'
	oci run -d -b "$bundle" owner
	add_mount /m bind "$host" bind,idmap
	edit_bundle "$bundle" "(.linux.namespaces[] | select(.type == \"user\")).path = \"/proc/$(oci state owner | jq .pid)/ns/user\"" \
		'del(.linux.uidMappings, .linux.gidMappings)'
	inside 'stat -c "%u %g" /m/file'
	expect_output "100 211"
}

@test "id maps of a mount whose source earlier mounts have made: in a user namespace the parent maps them" {
	needs_idmap
	host_tree
	chown 100:211 "$host/file" "$host/sub/file"
	own_userns
	add_mount /mnt none "$host" rbind
	add_mount /plain bind "$bundle/rootfs/mnt" rbind
	add_mount /one bind "$bundle/rootfs/mnt" rbind,idmap
	add_mount /all bind "$bundle/rootfs/mnt" rbind,ridmap
	add_mount /maps bind "$bundle/rootfs/mnt/sub" "bind,idmap=uids=@100-7-1;gids=@211-8-1"
	add_mount /again bind "$bundle/rootfs/mnt/file" bind,idmap,ro
	inside 'for d in plain one all; do stat -c "%u %g" /$d/file /$d/sub/file; done; stat -c "%u %g" /maps/file /again
		touch /all/sub/new /again'
	[ "$(stat -c "%u %g" "$host/sub/new")" = "0 0" ]
	expect_output $'65534 65534\n65534 65534\n100 211\n65534 65534\n100 211\n100 211\n7 8\n100 211
touch: /again: Read-only file system'
}

@test "id maps of a mount whose source earlier mounts have made: what can't be had is said once, and nothing stays" {
	needs_idmap
	own_userns
	add_mount /mnt none "$host" bind
	add_mount /m bind "$bundle/rootfs/mnt/none" bind,idmap
	inside true
	expect_status 1
	expect_in_output "mount /m: open /mnt/none: No such file or directory"
	drop_mounts
	add_mount /mnt none "$host" bind,idmap
	add_mount /m bind "$bundle/rootfs/mnt" bind,idmap
	inside true
	expect_status 1
	expect_in_output "mount /m: map the ids of $bundle/rootfs/mnt: Operation not permitted; "
	expect_in_output "only once"
	drop_mounts
	add_mount /mnt tmpfs tmpfs rw # it has the container's ids already
	add_mount /m bind "$bundle/rootfs/mnt" bind,idmap
	inside true
	expect_status 1
	expect_in_output "mount /m: map the ids of $bundle/rootfs/mnt: Invalid argument"
	[ -z "$(oci list -q)" ]
}

@test "id maps of a mount whose source earlier mounts have made: beside hooks, and step by step" {
	needs_idmap
	chown 100:211 "$host/file"
	own_userns
	add_mount /mnt none "$host" bind
	add_mount /m bind "$bundle/rootfs/mnt" bind,idmap
	edit_bundle "$bundle" ".hooks.createRuntime = [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"cat >$BATS_TEST_TMPDIR/hook\"]}]" \
		'.process.args = ["stat", "-c", "%u %g", "/m/file"]'
	oci --debug --log "$BATS_TEST_TMPDIR/log" create -b "$bundle" m >"$BATS_TEST_TMPDIR/said"
	grep -q "init: mount all else" "$BATS_TEST_TMPDIR/log"
	[ "$(jq -r .status "$BATS_TEST_TMPDIR/hook")" = creating ]
	oci start m
	wait_until 5 grep -qx "100 211" "$BATS_TEST_TMPDIR/said"
}

@test "id maps of a mount in a mount namespace that is joined" {
	needs_idmap
	own_userns
	edit_bundle "$bundle" '.process.args = ["sleep", "100"]' # its root is what can be mapped
	oci run -d -b "$bundle" owner
	edit_bundle "$bundle" "(.linux.namespaces[] | select(.type == \"user\" or .type == \"mount\")) |=
		(.path = \"/proc/$(oci state owner | jq .pid)/ns/\" + {user: \"user\", mount: \"mnt\"}[.type])" \
		'del(.linux.uidMappings, .linux.gidMappings)' '.root.path = "/"'
	add_mount /tmp/m bind /etc bind,idmap
	inside 'grep -c " /tmp/m .*idmapped" /proc/self/mountinfo'
	expect_output 1
}

@test "id maps of a mount, in crun's way: idmap=uids=…;gids=…, relative with @" {
	needs_idmap
	chown 3:4 "$host/file"
	add_mount /m bind "$host" "bind,idmap=uids=0-1000-10#10-11-10;gids=0-2000-10"
	inside 'stat -c "%u %g" /m/file'
	expect_output "1003 2004"
	own_userns
	drop_mounts
	add_mount /m bind "$host" "bind,idmap=uids=@0-7-10;gids=0-100009-10"
	inside 'stat -c "%u %g" /m/file'
	expect_output "10 13"
	drop_mounts
	add_mount /m bind "$host" "bind,idmap=uids=0-1;gids=0-1-1"
	inside true
	expect_status 1
	expect_in_output "invalid mapping specified"
}

@test "a low limit of open files is the process's, not that of making its mounts" {
	local i
	own_userns
	for i in {1..20}; do
		add_mount "/m$i" bind "$host" bind,idmap
	done
	edit_bundle "$bundle" '.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 19, "hard": 20}]'
	inside 'cat /m20/file; ulimit -Sn; ulimit -Hn'
	expect_output $'outer\n19\n20'
}

@test "links as they are: copy-symlink, src-nofollow, dest-nofollow" {
	ln -s file "$host/link"
	ln -s /tmp "$bundle/rootfs/there"
	echo below >"$bundle/rootfs/tmp/x"
	add_mount /copied/link bind "$host/link" rbind,copy-symlink
	add_mount /bound bind "$host/link" bind,src-nofollow
	add_mount /there bind "$host/file" bind,dest-nofollow
	inside 'readlink /copied/link; test -L /bound && readlink /bound; cat /there; cat /tmp/x'
	expect_output $'file\nfile\nouter\nbelow'
	drop_mounts
	echo in the way >"$bundle/rootfs/taken"
	add_mount /taken bind "$host/link" bind,copy-symlink
	inside true
	expect_status 1
	expect_in_output "link /taken: File exists"
}

@test "devices of a user namespace: owner and mode are what the configuration says" {
	own_userns
	edit_bundle "$bundle" '.linux.devices = [{"path": "/dev/mine", "type": "c", "major": 1, "minor": 5, "fileMode": 384, "uid": 7, "gid": 8}]'
	edit_bundle "$bundle" '.process.user = {"uid": 7, "gid": 0}'
	inside 'stat -c "%a %u %g %F" /dev/mine /dev/null; head -c 1 /dev/mine | od -An -tx1'
	expect_status 0
	[ "${lines[0]}" = "600 7 8 character special file" ]
	[ "${lines[1]}" = "666 0 0 character special file" ]
	expect_in_output " 00"
}

@test "nothing comes between those who trust /proc and procfs" {
	local target
	for target in /proc/self /proc/sys /proc/../proc/sys/kernel; do
		drop_mounts
		add_mount "$target" tmpfs tmpfs rw
		inside true
		expect_status 1
		expect_in_output "inside /proc"
	done
	drop_mounts
	ln -s /proc/sys "$bundle/rootfs/astray"
	add_mount /astray tmpfs tmpfs rw
	inside true
	expect_status 1
	expect_in_output "leads into /proc"
	drop_mounts
	add_mount /proc/uptime bind "$host/file" bind # as lxcfs does
	inside 'cat /proc/uptime'
	expect_output outer
}

@test "a source by way of a descriptor, or of our own /proc, is ours" {
	local hold word
	exec {hold}<"$host"
	for word in /proc/self /dev; do
		drop_mounts
		add_mount /mnt bind "$word/fd/$hold/file" bind
		inside 'cat /mnt'
		expect_output outer
	done
	exec {hold}<&-
}
