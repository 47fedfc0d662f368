#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make-images.sh DIR [small|big]: real images for tests, written by umoci and skopeo, none of it by us.
#
#   DIR/SIZE-oci/           OCI layout
#   DIR/SIZE-oci.tar        the same as an archive, .gz and .zst
#   DIR/SIZE-docker.tar     docker-archive, .gz
#   DIR/SIZE-rootfs/        the tree that it must unpack to
#
# small: busybox, no network. Three layers: everything a layer can hold; changes (whiteouts, files of folders that the
# layer itself leaves out); an opaque folder. big: Debian minbase by mmdebstrap (needs a mirror), packages, whiteouts.
# A second call with the same DIR and SIZE returns at once.
set -eu
umask 022

dir=$1
size=${2:-small}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
stamp=$dir/.$size.stamp
sum=$(sha256sum <"$0")
[ "$(cat "$stamp" 2>/dev/null)" = "$sum" ] && exit 0

name=example.test/paene/$size:1
layout=$dir/$size-oci
work=$dir/.$size.work
bundle=$work/bundle
rm -rf "$work" "$layout" "$dir/$size-rootfs" "$dir/$size"-*.tar* "$stamp"
mkdir -p "$work"
trap 'rm -rf "$work"' EXIT

quiet()
{
	"$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
}

begin()
{
	quiet umoci init --layout "$layout"
	quiet umoci new --image "$layout:$name"
	quiet umoci unpack --image "$layout:$name" "$bundle"
}

# What changed in the bundle becomes a layer.
layer()
{
	quiet umoci repack --refresh-bundle --image "$layout:$name" "$bundle"
}

small_layers()
{
	begin
	cd "$bundle/rootfs"
	mkdir -p bin dev etc home/u lib proc root run sys tmp usr/bin usr/share/doc var/lib
	chmod 1777 tmp
	cp "$(command -v busybox)" bin/busybox
	for applet in $(bin/busybox --list); do
		[ "$applet" = busybox ] || ln -s busybox "bin/$applet"
	done
	printf 'root:x:0:0:root:/root:/bin/sh\nu:x:1000:1000::/home/u:/bin/sh\n' >etc/passwd
	printf 'root:x:0:\nu:x:1000:\nwheel:x:10:u\n' >etc/group
	echo gone >etc/gone
	echo kept >etc/kept
	chown -R 1000:1000 home/u
	cp bin/busybox usr/bin/suid
	chmod 4755 usr/bin/suid
	cp bin/busybox usr/bin/capable
	setcap cap_net_raw+ep usr/bin/capable
	mkfifo -m 0640 run/fifo
	echo one >usr/share/first
	ln usr/share/first usr/share/second
	ln usr/share/first usr/share/third
	long=$(printf '%0200d' 0)
	mkdir "usr/share/$long"
	echo long >"usr/share/$long/$long"
	ln -s "$long" "usr/share/link-$long"
	echo rich >usr/share/rich
	chown 4000000000:4000000001 usr/share/rich
	truncate -s 64M usr/share/sparse
	echo end >>usr/share/sparse
	mkdir -m 0750 var/lib/secret
	echo s >var/lib/secret/file
	mkdir var/lib/remade var/lib/opaque
	echo old >var/lib/remade/old
	echo old >var/lib/opaque/old
	touch -d '2001-02-03 04:05:06.789 UTC' etc/kept usr/share
	cd "$OLDPWD"
	layer

	cd "$bundle/rootfs"
	rm etc/gone
	rm -r var/lib/remade
	mkdir var/lib/remade
	echo new >var/lib/remade/new
	echo changed >>var/lib/secret/file
	ln usr/share/rich usr/share/rich-too
	cd "$OLDPWD"
	layer

	mkdir "$work/opaque"
	echo new >"$work/opaque/new"
	quiet umoci insert --opaque --rootless --image "$layout:$name" "$work/opaque" /var/lib/opaque
	quiet umoci config --image "$layout:$name" --config.cmd /bin/sh --config.env PATH=/bin:/usr/bin \
		--config.env LANG=C --config.workingdir /root --config.label purpose=test --config.exposedports 80/tcp \
		--config.volume /data --config.stopsignal SIGTERM --config.user 0:0
}

big_layers()
{
	begin
	quiet mmdebstrap --variant=minbase bookworm "$work/root"
	cp -a "$work/root/." "$bundle/rootfs/"
	layer
	cp /etc/resolv.conf "$bundle/rootfs/etc/resolv.conf"
	quiet unshare --mount --pid --fork chroot "$bundle/rootfs" sh -c \
		'apt-get update && apt-get install -y --no-install-recommends python3 perl git'
	layer
	rm -rf "$bundle/rootfs/var/lib/apt/lists" "$bundle/rootfs/usr/share/doc" "$bundle/rootfs/usr/share/man"
	mkdir -p "$bundle/rootfs/var/lib/apt/lists" "$bundle/rootfs/usr/share/man"
	layer
	quiet umoci config --image "$layout:$name" --config.cmd /bin/bash --config.env PATH=/usr/bin:/bin:/usr/sbin:/sbin
}

pack()
{
	quiet skopeo --insecure-policy copy "oci:$layout:$name" "oci-archive:$dir/$size-oci.tar:$name"
	quiet skopeo --insecure-policy copy "oci:$layout:$name" "docker-archive:$dir/$size-docker.tar:$name"
	gzip -1 -k "$dir/$size-oci.tar" "$dir/$size-docker.tar"
	quiet zstd -q -k "$dir/$size-oci.tar"
	rm -rf "$bundle"
	quiet umoci unpack --image "$layout:$name" "$bundle"
	mv "$bundle/rootfs" "$dir/$size-rootfs"
}

"${size}_layers"
pack
echo "$sum" >"$stamp"
