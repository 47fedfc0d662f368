# SPDX-License-Identifier: Apache-2.0
# What a container sees of the host's files, and what the host finds in them afterwards.
load ../lib/common

image=localhost/busybox:1

setup_file() {
	has_corner || return 0
	load_busybox
	paene run -q --rm "$image" true # the bridge, the parent cgroup: they stay
	# an image whose paths are not what they seem
	local root=$BATS_FILE_TMPDIR/odd
	cp -a "$(busybox_rootfs)" "$root"
	ln -s /etc "$root/absolute"
	ln -s ../../../../etc "$root/upwards"
	ln -s /nowhere "$root/dangling"
	mkdir -p "$root/data/kept"
	echo image >"$root/data/kept/file"
	"$tests/lib/docker-archive" "$root" localhost/odd:1 "$BATS_FILE_TMPDIR/odd.tar"
	paene load -i "$BATS_FILE_TMPDIR/odd.tar"
}

setup() {
	needs_root
	leak_check_before
	cd "$BATS_TEST_TMPDIR"
	mkdir shared
	echo outside >shared/file
}

teardown() {
	paene rm --force --all >/dev/null
	rm -rf "$PAENE_DATA"/volumes/*
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

mount_options() { # mount_options TARGET: a command for the container: the options of the mount there
	echo "awk '\$5 == \"$1\" {print \$6}' /proc/self/mountinfo"
}

owner() {
	stat -c %u:%g "$1"
}

@test "-v: a folder of the host, to read and to write" {
	run in_box -v "$PWD/shared:/mnt" -- sh -c 'cat /mnt/file; echo inside >/mnt/new; rm /mnt/file'
	expect_status 0
	expect_output outside
	[ "$(cat shared/new)" = inside ]
	[ ! -e shared/file ]
}

@test "-v: owners are the same on both sides, though the container's root is nobody outside" {
	chown 0:0 shared
	chmod 777 shared
	echo >shared/users
	chown 1000:1001 shared/users
	run in_box -v "$PWD/shared:/mnt" -- sh -c 'stat -c %u:%g /mnt/users; touch /mnt/root; chown 65534:44 /mnt/file; ps -o pid= >/dev/null'
	expect_output 1000:1001
	[ "$(owner shared/root)" = 0:0 ]
	[ "$(owner shared/file)" = 65534:44 ]
	in_box -u 1000:1000 -v "$PWD/shared:/mnt" -- touch /mnt/mine
	[ "$(owner shared/mine)" = 1000:1000 ]
	run in_box -u 1000:1000 -v "$PWD/shared:/mnt" -- sh -c 'echo x >/mnt/root'
	[ "$status" -ne 0 ]
	paene run -dq --name box --network none -v "$PWD/shared:/mnt" "$image" sleep 1000 >/dev/null
	local pid
	pid=$(paene inspect --format '{{.State.Pid}}' box)
	[ "$(owner "/proc/$pid")" != 0:0 ]
}

@test "-v: who the range does not hold is nobody, and nobody can become them" {
	chown 100000:100000 shared/file
	chmod 600 shared/file
	run in_box -v "$PWD/shared:/mnt" -- sh -c 'stat -c %u:%g /mnt/file; cat /mnt/file; chown 70000 /mnt'
	[ "${lines[0]}" = 65534:65534 ]
	[[ "$output" != *outside* ]]
	[ "$status" -ne 0 ]
	[ "$(owner shared/file)" = 100000:100000 ]
}

@test "-v: a setuid file left by the container's root is root's outside: as the manual warns; not so with noidmap" {
	in_box -v "$PWD/shared:/mnt" -- sh -c 'cp /bin/busybox /mnt/id; chmod 4755 /mnt/id'
	[ "$(stat -c %u:%a shared/id)" = 0:4755 ]
	run in_box -v "$PWD/shared:/mnt" --security-opt no-new-privileges=false -u 1000 -- /mnt/id -u
	expect_output 1000 # in a container no bind gives privileges: nosuid
	rm shared/id
	chmod 777 shared
	in_box -v "$PWD/shared:/mnt:noidmap" -- sh -c 'cp /bin/busybox /mnt/id; chmod 4755 /mnt/id'
	[ "$(stat -c %u shared/id)" -ge 65536 ]
}

@test "-v: noidmap shows owners as they are for others: nobody" {
	run in_box -v "$PWD/shared:/mnt:noidmap" -- sh -c 'stat -c %u:%g /mnt /mnt/file; touch /mnt/new'
	[ "${lines[0]}" = 65534:65534 ]
	[ "${lines[1]}" = 65534:65534 ]
	[ "$status" -ne 0 ]
	[ ! -e shared/new ]
}

@test "-v: --userns host has the host's owners, as they are" {
	chown 100000:100000 shared/file
	run in_box --userns host -v "$PWD/shared:/mnt" -- sh -c 'stat -c %u:%g /mnt/file; touch /mnt/new'
	expect_output 100000:100000
	[ "$(owner shared/new)" = 0:0 ]
}

@test "-v: ro cannot be written, and rw can again" {
	run in_box -v "$PWD/shared:/mnt:ro" -- touch /mnt/new
	[ "$status" -ne 0 ]
	expect_in_output "Read-only file system"
	in_box -v "$PWD/shared:/mnt:ro,rw" -- touch /mnt/new
}

@test "-v: ro holds for mounts below as well" {
	mkdir shared/below
	mount -t tmpfs tmpfs shared/below
	run in_box -v "$PWD/shared:/mnt:ro" -- sh -c 'touch /mnt/below/new; touch /mnt/new; ls /mnt/below'
	umount shared/below
	[ "${#lines[@]}" = 2 ]
	[[ "${lines[0]}" == *"Read-only"* ]]
	[[ "${lines[1]}" == *"Read-only"* ]]
}

@test "-v: mounts below come along, with their owners; bind leaves them out" {
	mkdir shared/below
	mount -t tmpfs tmpfs shared/below
	touch shared/below/seen
	chown 1000 shared/below/seen
	run in_box -v "$PWD/shared:/mnt" -- sh -c 'stat -c %u /mnt/below/seen; touch /mnt/below/new'
	local without
	without=$(in_box -v "$PWD/shared:/mnt:bind" -- ls /mnt/below)
	local new_owner
	new_owner=$(owner shared/below/new)
	umount shared/below
	expect_status 0
	expect_output 1000
	[ "$new_owner" = 0:0 ]
	[ -z "$without" ]
}

@test "-v and volumes: nosuid and nodev on every one, noexec where asked for" {
	local bind
	for bind in "$PWD/shared:/mnt" "$PWD/shared:/mnt:ro" "$PWD/shared:/mnt:exec" "$PWD/shared:/mnt:noidmap" named:/mnt; do
		run in_box -v "$bind" -- sh -c "$(mount_options /mnt)"
		expect_in_output nosuid
		expect_in_output nodev
		[[ "$output" != *noexec* ]]
	done
	cp "$(command -v busybox)" shared/busybox
	run in_box -v "$PWD/shared:/mnt:noexec" -- /mnt/busybox true
	expect_status 126
	run in_box --privileged -v "$PWD/shared:/mnt" -- sh -c "$(mount_options /mnt)"
	expect_in_output nosuid
}

@test "-v: a device file in a bound folder is none in the container" {
	mknod shared/null c 1 3
	run in_box -v "$PWD/shared:/mnt" -- sh -c 'echo x >/mnt/null'
	[ "$status" -ne 0 ]
	expect_in_output "Permission denied"
}

@test "-v: a single file; what replaces it outside is not seen, what is written to it is" {
	run in_box -v "$PWD/shared/file:/etc/one" -- sh -c 'cat /etc/one; echo inside >/etc/one'
	expect_output outside
	[ "$(cat shared/file)" = inside ]
	run in_box -v "$PWD/shared/file:/etc/passwd:ro" -- cat /etc/passwd
	expect_output inside
	refused "" -v "$PWD/shared/file:/tmp"
	refused "" -v "$PWD/shared:/bin/busybox"
}

@test "-v: the source may be relative, and a symlink; a name without a slash is a volume" {
	run in_box -v ./shared:/mnt -- cat /mnt/file
	expect_output outside
	ln -s shared link
	run in_box -v ./link:/mnt -- cat /mnt/file
	expect_output outside
	run in_box -v shared:/mnt -- ls /mnt
	expect_output ""
	[ -d "$PAENE_DATA/volumes/shared" ]
}

@test "-v: what is missing or wrong is said, and nothing runs" {
	refused "make it first" -v "$PWD/missing:/mnt"
	[ ! -e missing ]
	refused "invalid volume name" -v not/a/name:/mnt
	refused "invalid volume name" -v "a b:/mnt"
	refused "must be absolute" -v "$PWD/shared:mnt"
	refused "must be absolute" -v shared
	refused "must be absolute" -v "$PWD/shared:"
	refused "no source" -v :/mnt
	refused "unknown option sideways" -v "$PWD/shared:/mnt:ro,sideways"
	refused "root itself" -v "$PWD/shared:/"
	refused "/proc" -v "$PWD/shared:/proc"
	refused "/proc" -v "$PWD/shared:/proc/self"
}

@test "-v: the target is made where the image has none, in the container alone" {
	run in_box -v "$PWD/shared:/a/new/place" -- cat /a/new/place/file
	expect_output outside
	run in_box -v "$PWD/shared/file:/b/new/file" -- cat /b/new/file
	expect_output outside
	run in_box -- ls -d /a /b
	expect_in_output "No such file"
}

@test "-v: a target that is a symlink in the image leads into the container, never out of it" {
	local before link
	before=$(ls -a / /etc | sha256sum)
	for link in absolute upwards; do
		run paene run --rm -q --network none -v "$PWD/shared:/$link/there" localhost/odd:1 cat /etc/there/file
		expect_status 0
		expect_output outside
	done
	run paene run --rm -q --network none -v "$PWD/shared:/upwards/../../../there" localhost/odd:1 cat /there/file
	expect_output outside
	run paene run --rm -q --network none -v "$PWD/shared:/dangling" localhost/odd:1 cat /nowhere/file
	[ ! -e /nowhere ]
	[ "$(ls -a / /etc | sha256sum)" = "$before" ]
}

@test "-v: one inside another, in either order" {
	mkdir inner
	echo inner >inner/file
	run in_box -v "$PWD/shared:/x" -v "$PWD/inner:/x/y" -- cat /x/file /x/y/file
	expect_output $'outside\ninner'
	run in_box -v "$PWD/inner:/x/y" -v "$PWD/shared:/x" -- cat /x/file /x/y/file
	expect_output $'outside\ninner'
	run in_box --tmpfs /x/y/z -v "$PWD/inner:/x/y" --mount "type=bind,source=$PWD/shared,target=/x" -- \
		sh -c 'touch /x/y/z/new && cat /x/y/file'
	expect_output inner
}

@test "-v: the last of two with the same target counts" {
	mkdir other
	run in_box -v "$PWD/shared:/mnt" -v "$PWD/other:/mnt/" -- ls /mnt
	expect_output ""
}

@test "-v: propagation: private unless asked for; rslave sees what is mounted outside later" {
	mkdir tree
	mount -t tmpfs tmpfs tree
	mount --make-shared tree
	mkdir tree/later
	local word seen
	for word in "" :rprivate :rslave :rshared; do
		paene run -dq --rm --name box --network none -v "$PWD/tree:/mnt$word" "$image" sleep 1000 >/dev/null
		mount -t tmpfs tmpfs tree/later
		touch tree/later/file
		seen=$(nsenter -t "$(paene inspect --format '{{.State.Pid}}' box)" -m ls /mnt/later)
		umount tree/later
		paene rm -f box
		case $word in
		:rs*) [ "$seen" = file ] || { umount tree; fail "$word: not seen"; } ;;
		*) [ -z "$seen" ] || { umount tree; fail "$word: seen"; } ;;
		esac
	done
	umount tree
}

@test "a named volume is made once, keeps what was written, and survives rm -f" {
	in_box -v data:/data -- sh -c 'echo one >>/data/file'
	paene run -dq --name box --network none -v data:/data "$image" sh -c 'echo two >>/data/file; sleep 1000' >/dev/null
	wait_until 10 grep -q two "$PAENE_DATA/volumes/data/_data/file"
	paene rm -f box
	run in_box -v data:/data:ro -- cat /data/file
	expect_output $'one\ntwo'
	run in_box -v data:/data:ro -- touch /data/new
	[ "$status" -ne 0 ]
}

@test "two containers share a volume, each with its own ids outside and the same inside" {
	in_box -u 1000 -v data:/data:noidmap -- true
	in_box -v data:/data -- sh -c 'touch /data/file; chown 1000:1000 /data/file'
	paene run -dq --name one --network none -v data:/data "$image" sleep 1000 >/dev/null
	run in_box -v data:/data -- stat -c %u:%g /data/file
	expect_output 1000:1000
	run paene exec one stat -c %u:%g /data/file
	expect_output 1000:1000
}

@test "--mount: every way to write it" {
	local words
	for words in "type=bind,source=$PWD/shared,target=/mnt" "type=bind,src=$PWD/shared,dst=/mnt" \
		"type=bind,src=./shared,destination=/mnt" "target=/mnt,source=$PWD/shared,type=bind,bind-propagation=rslave"; do
		run in_box --mount "$words" -- cat /mnt/file
		expect_output outside
	done
	for words in ro readonly ro=true readonly=true readonly=1; do
		run in_box --mount "type=bind,src=$PWD/shared,dst=/mnt,$words" -- touch /mnt/new
		expect_in_output "Read-only file system"
	done
	in_box --mount "type=bind,src=$PWD/shared,dst=/mnt,readonly=false" -- touch /mnt/new
	in_box --mount "type=volume,source=data,target=/mnt" -- touch /mnt/new
	run in_box --mount "src=data,dst=/mnt" -- ls /mnt
	expect_output new
	run in_box --mount "type=tmpfs,target=/mnt,tmpfs-size=1m,tmpfs-mode=0750" -- \
		sh -c 'stat -c %a /mnt; df -k /mnt | awk "END {print \$2}"'
	expect_output $'750\n1024'
	run in_box --mount "type=tmpfs,target=/mnt,ro" -- touch /mnt/new
	expect_in_output "Read-only file system"
	run in_box --mount "type=tmpfs,target=/mnt,noexec" -- sh -c "$(mount_options /mnt)"
	expect_in_output noexec
}

@test "--mount: what is wrong is said" {
	refused "no target" --mount "type=bind,source=$PWD/shared"
	refused "no source" --mount "type=bind,target=/mnt"
	refused "its type is bind, volume, tmpfs, image, glob, devpts or ramfs" --mount "type=npipe,source=x,target=/mnt"
	refused "unknown part colour=red" --mount "type=bind,source=$PWD/shared,target=/mnt,colour=red"
	refused "unknown part" --mount "type=bind,source=$PWD/shared,target=/mnt,bind-propagation=upwards"
	refused "the source of a bind is a path" --mount "type=bind,source=shared,target=/mnt"
	refused "the source of a volume is a name" --mount "type=volume,source=$PWD/shared,target=/mnt"
	refused "make it first" --mount "type=bind,source=./missing,target=/mnt"
	refused "must be absolute" --mount "type=tmpfs,target=mnt"
	refused size --mount "type=tmpfs,target=/mnt,tmpfs-size=huge"
}

@test "--tmpfs: empty, written by anybody, nosuid and nodev; its options" {
	run paene run --rm -q --network none --tmpfs /data/kept -u 1000 localhost/odd:1 \
		sh -c "ls /data/kept; touch /data/kept/new && $(mount_options /data/kept)"
	expect_status 0
	expect_in_output nosuid
	expect_in_output nodev
	[[ "$output" != *file* ]]
	run in_box --tmpfs /x:size=64k,mode=711,noexec -- sh -c 'stat -c %a /x; head -c 100000 /dev/zero 2>/dev/null >/x/file; stat -c %s /x/file'
	expect_output $'711\n65536'
	run in_box --tmpfs /x:ro -- touch /x/new
	expect_in_output "Read-only file system"
	refused "must be absolute" --tmpfs x
	refused size --tmpfs /x:size=nonsense
	refused nonsense --tmpfs /x:nonsense
}

@test "--read-only: the root and what lies on it; /tmp, /run and /var/tmp can be written, and so can volumes" {
	run in_box --read-only -- touch /new
	expect_in_output "Read-only file system"
	run in_box --read-only -- touch /etc/new
	[ "$status" -ne 0 ]
	in_box --read-only --tmpfs /cache -v "$PWD/shared:/mnt" -v data:/data -- \
		touch /tmp/a /run/a /var/tmp/a /dev/shm/a /cache/a /mnt/a /data/a
	run in_box --read-only -v "$PWD/shared:/a/new/place" -- cat /a/new/place/file
	expect_output outside
}

@test "what the container writes on its own root is its own, and goes with it" {
	paene create --name box --network none "$image" sh -c 'echo changed >/etc/passwd; rm -r /home; ls -d /home; cat /etc/passwd' >/dev/null
	run paene start -a box
	expect_in_output changed
	[ -e "$PAENE_DATA/containers/$(paene inspect --format '{{.Id}}' box)/upper/etc/passwd" ]
	paene rm box
	run in_box -- sh -c 'grep -c root /etc/passwd; ls -d /home'
	expect_output $'1\n/home'
}

@test "-v O: an overlay; what is written goes with the run, or to folders of the user's" {
	run in_box -v "$PWD/shared:/mnt:O" -- sh -c 'cat /mnt/file; echo new >/mnt/new; rm /mnt/file; ls /mnt'
	expect_output $'outside\nnew'
	[ "$(ls shared)" = file ]
	mkdir up work
	run in_box -v "$PWD/shared:/mnt:O,upperdir=./up,workdir=./work" -- sh -c 'echo new >/mnt/new; rm /mnt/file'
	expect_status 0
	[ "$(ls shared)" = file ]
	[ "$(cat up/new)" = new ]
	run in_box -v "$PWD/shared:/mnt:O,upperdir=./up,workdir=./work" -- ls /mnt
	expect_output new
	paene create -q --name box --network none -v "$PWD/shared:/mnt:O" "$image" sh -c 'ls /mnt; touch /mnt/new' >/dev/null
	[ "$(paene start -a box)" = file ]
	[ "$(paene start -a box)" = file ]
	[ -z "$(ls -d "$PAENE_DATA"/containers/*/overlays 2>/dev/null)" ]
	run in_box --userns host -v "$PWD/shared:/mnt:O" -- touch /mnt/new
	expect_status 0
	run in_box -v data:/mnt:O -- touch /mnt/new
	[ -z "$(ls "$PAENE_DATA/volumes/data/_data")" ]
	refused "Not a directory" -v "$PWD/shared/file:/mnt:O"
	refused "belong together" -v "$PWD/shared:/mnt:O,upperdir=/tmp"
	refused "leaves no place" -v "$PWD/shared:/mnt:O,ro"
}

@test "-v U: all of it is the user's that the container runs as" {
	mkdir shared/deep
	ln -s /etc/passwd shared/link
	local before
	before=$(owner /etc/passwd)
	run in_box -u 1000:1001 -v "$PWD/shared:/mnt:U" -- sh -c 'touch /mnt/deep/mine; stat -c %u:%g /mnt /mnt/file'
	expect_output $'1000:1001\n1000:1001'
	[ "$(owner shared/deep)" = 1000:1001 ]
	[ "$(owner /etc/passwd)" = "$before" ]
	run in_box -u 5 -v "$PWD/shared:/mnt:U,ro" -- sh -c 'stat -c %u /mnt/file; touch /mnt/x'
	[ "${lines[0]}" = 5 ]
	expect_in_output "Read-only file system"
	run in_box -u 7 --mount "type=bind,src=$PWD/shared,dst=/mnt,chown=true" -- stat -c %u /mnt/file
	expect_output 7
	refused "noidmap excludes U" -v "$PWD/shared:/mnt:U,noidmap"
	# whom the container's ids do not reach stays who he is, and nothing runs
	chown 300000 shared/file
	refused "give it to" -u 5 -v "$PWD/shared:/mnt:U"
}

@test "-v idmap=, dev, suid, z, Z" {
	chown 4000:4001 shared/file
	run in_box -v "$PWD/shared:/mnt:idmap=uids=@4000-1000-1#@0-0-1;gids=@4001-1001-1#@0-0-1" -- stat -c %u:%g /mnt/file
	expect_output 1000:1001
	refused odd -v "$PWD/shared:/mnt:idmap=odd"
	refused "excludes idmap" -v "$PWD/shared:/mnt:idmap,noidmap"
	run in_box -v "$PWD/shared:/mnt:suid,dev" -- sh -c "$(mount_options /mnt)"
	[[ "$output" != *nosuid* && "$output" != *nodev* ]]
	in_box -v "$PWD/shared:/mnt:z" -- true
	in_box -v "$PWD/shared:/mnt:ro,Z" -- true
}

@test "--mount type=image: read-only, or to be written and thrown away; it keeps the image; a part of it" {
	run in_box --mount "type=image,source=$image,target=/mnt" -- sh -c 'stat -c %u /mnt/bin/busybox; touch /mnt/new'
	[ "${lines[0]}" = 0 ]
	expect_in_output "Read-only file system"
	run in_box --mount "type=image,source=$image,target=/mnt,rw=true" -- sh -c 'touch /mnt/new; ls /mnt/new'
	expect_output /mnt/new
	run in_box --mount "type=image,source=localhost/odd:1,target=/mnt,subpath=data/kept" -- ls /mnt
	expect_output file
	run in_box --mount "type=image,source=localhost/odd:1,target=/mnt,subpath=upwards" -- ls /mnt
	expect_in_output passwd # its own
	refused "no such image" --mount "type=image,source=nosuch,target=/mnt"
	refused "No such file" --mount "type=image,source=$image,target=/mnt,subpath=nosuch"
	paene create -q --name box --network none --mount type=image,source=localhost/odd:1,target=/mnt "$image" true >/dev/null
	run paene rmi localhost/odd:1
	[ "$status" -ne 0 ]
	expect_in_output "container box"
}

@test "--mount type=glob, devpts, ramfs, tmpfs with tmpcopyup" {
	mkdir other
	run in_box --mount "type=glob,src=$PWD/*,dst=/mnt" -- sh -c 'ls /mnt; cat /mnt/shared/file'
	expect_output $'before\nother\nshared\noutside'
	refused "nothing fits" --mount "type=glob,src=/no/such/*,dst=/mnt"
	run in_box --mount type=devpts,dst=/pts,mode=600 -- sh -c 'ls /pts; awk "\$5 == \"/pts\"" /proc/self/mountinfo'
	expect_in_output ptmx
	expect_in_output "devpts"
	run in_box --mount type=ramfs,dst=/ram -- sh -c 'touch /ram/x; awk "\$5 == \"/ram\"" /proc/self/mountinfo'
	expect_in_output "- ramfs"
	run in_box --mount type=tmpfs,dst=/etc,tmpcopyup -- ls /etc
	expect_in_output passwd
	refused "has no source" --mount type=devpts,src=/dev/pts,dst=/pts
}

@test "--volumes-from: what is mounted there, read-only where asked for" {
	paene create -q --name box --network none -v data:/data -v "$PWD/shared:/mnt:ro" -v /anonymous --tmpfs /tmpfs "$image" true >/dev/null
	run in_box --volumes-from box -- sh -c 'touch /data/x; touch /mnt/x; ls -d /data /mnt /anonymous /tmpfs'
	expect_in_output "Read-only file system"
	expect_in_output /anonymous
	expect_in_output "/tmpfs: No such file"
	[ -e "$PAENE_DATA/volumes/data/_data/x" ]
	[ "$(paene volume ls -q --filter anonymous=true | wc -l)" = 1 ] # box's own: not gone with --rm
	run in_box --volumes-from box:ro -- touch /data/y
	expect_in_output "Read-only file system"
	run in_box --volumes-from box -v "$PWD/shared:/data" -- cat /data/file
	expect_output outside
	refused "no such container" --volumes-from nosuch
	refused "CONTAINER[:ro]" --volumes-from box:odd
}
