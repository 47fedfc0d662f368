# SPDX-License-Identifier: Apache-2.0
# Real images, made by others' programs (tests/images/make-images.sh). The big one is Debian with Python, Perl and Git, of
# three layers: made once, from a Debian mirror, and kept in ~/.cache/paene/images. The small one has all that a layer can hold.
load ../lib/common

image=example.test/paene/big:1
small=example.test/paene/small:1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/paene/images

setup_file() {
	has_corner || return 0
	mkdir -p "$cache"
	outside "$tests/images/make-images.sh" "$cache" small >"$BATS_FILE_TMPDIR/made" 2>&1 || return 0
	outside "$tests/images/make-images.sh" "$cache" big >"$BATS_FILE_TMPDIR/made" 2>&1 || return 0
	touch "$BATS_FILE_TMPDIR/there"
	paene load -i "$cache/big-oci.tar" >/dev/null
	paene load -i "$cache/small-oci.tar" >/dev/null
	paene run -q --rm "$image" true # the bridge, the parent cgroup, compiled filters: they stay
	paene run -q --rm --cap-add NET_RAW "$image" true
}

setup() {
	needs_root
	[ -e "$BATS_FILE_TMPDIR/there" ] ||
		skip "the image cannot be made: $(tail -n 1 "$BATS_FILE_TMPDIR/made"); it needs mmdebstrap, umoci, skopeo and a mirror"
	leak_check_before
}

teardown() {
	[ -e "$BATS_FILE_TMPDIR/there" ] || return 0
	paene rm --force --all >/dev/null
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

# A line for each file below ROOT: what it is, whose, how many names, what it holds. One program for both sides.
# What a container has from its engine is left out: mounts, files in /etc, and so the time of /etc.
tree_of='
import hashlib, os, stat, sys

root = sys.argv[1].rstrip("/")
left_out = {"/dev", "/proc", "/sys", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"}
first = {}  # inode -> its first name: hard links must join the same names

def describe(path):
    st = os.lstat(root + path)
    kind, holds = stat.filemode(st.st_mode), ""
    if stat.S_ISREG(st.st_mode):
        with open(root + path, "rb") as f:
            holds = hashlib.sha1(f.read()).hexdigest()
    elif stat.S_ISLNK(st.st_mode):
        holds = os.readlink(root + path)
    size = "" if stat.S_ISDIR(st.st_mode) else st.st_size
    links = "" if stat.S_ISDIR(st.st_mode) else f"{st.st_nlink} {first.setdefault(st.st_ino, path)}"
    capability = ""
    if "security.capability" in os.listxattr(root + path, follow_symlinks=False):
        capability = os.getxattr(root + path, "security.capability", follow_symlinks=False)[:12].hex()[8:]
    changed = "" if path == "/etc" else int(st.st_mtime)
    return f"{path} {kind} {st.st_uid}:{st.st_gid} {size} {changed} {links} {holds} {capability}"

def walk(path):
    for name in sorted(os.listdir(root + (path or "/"))):
        below = f"{path}/{name}"
        if below in left_out:
            continue
        print(describe(below))
        if stat.S_ISDIR(os.lstat(root + below).st_mode):
            walk(below)

walk("")
'

same_tree() { # same_tree OPTION…: what a container sees is the reference tree
	[ -e "$BATS_FILE_TMPDIR/reference" ] ||
		python3 -c "$tree_of" "$cache/big-rootfs" >"$BATS_FILE_TMPDIR/reference"
	in_box "$@" -- python3 -c "$tree_of" / >"$BATS_TEST_TMPDIR/seen"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/seen")" -gt 5000 ] || fail "only $(wc -l <"$BATS_TEST_TMPDIR/seen") files"
	diff "$BATS_FILE_TMPDIR/reference" "$BATS_TEST_TMPDIR/seen" >"$BATS_TEST_TMPDIR/diff" ||
		fail "reference (<), container (>):" "$(head -n 30 "$BATS_TEST_TMPDIR/diff")"
}

@test "an oci-archive: seen by a container with ids of its own, the tree is the one umoci unpacks" {
	same_tree
}

@test "the same with the host's ids" {
	same_tree --userns host
}

in_other_store() { # in_other_store COMMAND…: with images of its own, for this test alone
	PAENE_DATA=$BATS_TEST_TMPDIR/data "$@"
}

@test "a docker-archive gives the same tree, and the same layers" {
	in_other_store paene load -i "$cache/big-docker.tar"
	in_other_store same_tree
	local name
	for name in "$BATS_TEST_TMPDIR"/data/images/layers/*; do
		[ -d "$PAENE_DATA/images/layers/$(basename "$name")" ] || fail "not of the oci-archive: $name"
	done
}

@test "gzip and zstd archives are the same image; removing it takes everything, and it can be loaded again" {
	local file
	for file in big-oci.tar.gz big-oci.tar.zst; do
		in_other_store paene load -i "$cache/$file"
		[ "$(in_other_store paene inspect --type image --format '{{.Id}}' "$image")" = \
			"$(paene inspect --type image --format '{{.Id}}' "$image")" ]
		in_other_store in_box -- true
		in_other_store paene rmi "$image"
		[ -z "$(cd "$BATS_TEST_TMPDIR/data/images" && find layers blobs records tmp refs -type f)" ]
		[ -z "$(ls "$BATS_TEST_TMPDIR/data/images/layers")" ]
	done
}

@test "owners within the range are as in the image; one above 65535 is nobody in a container with ids of its own" {
	owners() {
		paene run --rm -q --network none "$@" "$small" stat -c %u:%g /etc/kept /home/u /usr/share/rich
	}
	run owners
	expect_output $'0:0\n1000:1000\n65534:65534'
	run owners --userns host
	expect_output $'0:0\n1000:1000\n4000000000:4000000001'
}

@test "a file with capabilities keeps them, a setgid one its bit; both count where new privileges are allowed" {
	as_user() { # as_user OPTION… -- COMMAND: of an unprivileged user, whom the container allows NET_RAW
		run paene run --rm -q --network none --cap-add NET_RAW "${@:1:$# - 2}" "$small" su u -c "${@: -1}"
	}
	local allowed=--security-opt=no-new-privileges=false
	as_user $allowed -- 'exec -a grep /usr/bin/capable CapEff /proc/self/status'
	expect_output $'CapEff:\t0000000000002000'
	as_user -- 'exec -a grep /usr/bin/capable CapEff /proc/self/status'
	expect_output $'CapEff:\t0000000000000000'
	# chage belongs to group shadow, and shows people their own line of /etc/shadow
	run in_box -u _apt $allowed -- chage -l _apt
	expect_status 0
	run in_box -u _apt -- chage -l _apt
	[ "$status" -ne 0 ]
}

@test "hard links within a layer and across layers, long names, sparse files, fifos" {
	run paene run --rm -q --network none "$small" sh -c 'stat -c "%h %F" /usr/share/first /usr/share/rich-too /run/fifo
		stat -c %s /usr/share/sparse; tail -c 4 /usr/share/sparse; cat /usr/share/link-*/0*; [ /usr/share/third -ef /usr/share/first ] && echo one'
	expect_output $'3 regular file\n2 regular file\n1 fifo\n67108868\nend\nlong\none'
}

@test "its programs run: bash, perl, python, git, dpkg, apt" {
	run in_box -- bash -c 'shopt -s extglob; echo $((2 ** 40)); [[ abc == a* ]] && echo yes'
	expect_output $'1099511627776\nyes'
	run in_box -- perl -MPOSIX -e 'print floor(7.5), " ", join(",", sort { $b <=> $a } 1, 3, 2), "\n"'
	expect_output "7 3,2,1"
	run in_box -- python3 -c 'import threading, subprocess, tempfile
t = [threading.Thread(target=subprocess.run, args=(["true"],)) for _ in range(8)]
[x.start() for x in t]; [x.join() for x in t]
print(len(tempfile.mkdtemp()) > 0)'
	expect_output True
	run in_box -w /root -- sh -c 'git init -q r && cd r && echo x >f && git add f &&
		git -c user.name=n -c user.email=e commit -qm m && git log --oneline | wc -l'
	expect_output 1
	run in_box -- sh -c 'dpkg --version | head -n 1; apt --version; dpkg -l | grep -c ^ii'
	expect_status 0
	expect_in_output "package management program"
	expect_in_output "apt 2"
}

@test "dpkg is content with every file of every package, but those that a layer has removed" {
	run in_box -- sh -c 'dpkg --verify | grep -v "^missing .*/\(usr/share/doc\|usr/share/man\|var/lib/apt/lists\)" | grep -v " c /etc/"; dpkg --audit'
	expect_output ""
}

@test "dpkg can unpack a package: chown, hard links, rename and sync work on what lies in lower layers" {
	run in_box -- sh -c 'mkdir -p /p/DEBIAN /p/opt && cp /bin/true /p/opt/mine && chown 33:33 /p/opt/mine &&
		printf "Package: mine\nVersion: 1\nArchitecture: all\nMaintainer: m <m@example.test>\nDescription: d\n" >/p/DEBIAN/control &&
		dpkg-deb -b /p /mine.deb >/dev/null && dpkg -i /mine.deb >/dev/null && stat -c %u:%g /opt/mine && dpkg -s mine | grep ^Status'
	expect_status 0
	expect_in_output $'33:33\nStatus: install ok installed'
}

@test "apt gives up its privileges to _apt, and so can others" {
	run in_box -- sh -c 'mkdir -p /var/cache/apt/archives/partial && apt-get -o Dir::Etc::SourceList=/dev/null \
		-o Dir::Etc::SourceParts=/dev/null update && su -s /bin/sh _apt -c "id -un" && setpriv --reuid=1000 --regid=1000 --clear-groups id -u'
	expect_status 0
	expect_in_output $'_apt\n1000'
}

@test "what a layer removes is hidden: documents are gone, a folder made anew is empty" {
	[ "$(in_box -- sh -c 'ls /usr/share/doc 2>/dev/null | wc -l')" = 0 ]
	[ "$(in_box -- sh -c 'ls -A /var/lib/apt/lists | wc -l')" = 0 ]
	[ "$(in_box -- sh -c 'ls -A /usr/share/man | wc -l')" = 0 ]
	local layer # the layers below have them still
	for layer in "$PAENE_DATA"/images/layers/*/usr/share/doc/perl; do
		[ -d "$layer" ] && return
	done
	fail "no layer has them"
}

@test "a container's own whiteouts: what it removes and makes anew is so at its next start" {
	paene create --name box --network none "$image" sh -c '[ -e /etc/skel ] && { rm -r /etc/skel; mkdir /etc/skel; exit 1; }
		rm -r /usr/lib/git-core; exit 2' >/dev/null
	paene start box
	[ "$(paene wait box)" = 1 ]
	paene rm box
	paene create --name box --network none "$image" sh -c 'ls -A /usr/share/perl5 | wc -l; rm -r /usr/share/perl5; mkdir /usr/share/perl5' >/dev/null
	run paene start -a box
	[ "$output" -gt 0 ]
	run paene start -a box
	expect_output 0
}
