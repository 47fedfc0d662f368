# SPDX-License-Identifier: Apache-2.0
# Hostile images, from an archive to a running container: S08, S29, S36, S46; U01 to U14, U21, U22, U24; D01 to D06, D15.
load lib

image=localhost/busybox:1

setup_file() {
	needs_root
	load_busybox
	paene run -q --rm --network none $image true # the parent cgroup: it stays
}

setup() {
	needs_program paene
	security_setup
	archive=$BATS_TEST_TMPDIR/image.tar
}

teardown() {
	delete_all
	security_teardown
}

in_box() { # in_box OPTION… IMAGE COMMAND…
	timeout 120 "$(type -P paene)" --root "$PAENE_DATA" --runroot "$PAENE_RUN" run -q --rm --network none "$@"
}

load_archive() {
	run timeout 120 "$(type -P paene)" --root "$PAENE_DATA" --runroot "$PAENE_RUN" load -qi "$archive"
}

expect_clean_text() { # in $output nothing that a terminal would obey
	if LC_ALL=C grep -q $'[\x01-\x08\x0b-\x1f\x7f]' <<<"$output" || grep -qP '[\x{80}-\x{9f}\x{202a}-\x{202e}\x{2066}-\x{2069}]' <<<"$output"; then
		fail "control characters:" "$(cat -v <<<"$output")"
	fi
}

# A load that was refused leaves nothing, and its words are harmless.
expect_load() { # expect_load CASE refused|contained|fine|either
	case $2 in
	refused)
		expect_refused || fail "$1 was not refused"
		[ -z "$(paene images -q | grep -v "$kept")" ] || fail "$1: an image is left" "$(paene images)"
		;;
	contained | fine)
		[ "$status" = 0 ] || fail "$1: status $status" "$output"
		;;
	esac
	[ "$status" -lt 124 ] || fail "$1: status $status" "$output"
	[ ${#output} -lt 2000 ] || fail "$1: ${#output} characters"
	expect_no_secret
	expect_clean_text
	expect_safe
}

# Each layer is loaded, and what could be loaded is run, with its root as the working folder and a walk through all of it.
hostile_layers() { # hostile_layers CASE…: of tests/images/hostile.py
	local name
	local -A expected
	while read -r name word; do
		expected[$name]=$word
	done < <(python3 "$tests/images/hostile.py" --list)
	kept=$(paene images -q)
	for name; do
		I "$name" "$archive"
		load_archive
		expect_load "$name" "${expected[$name]}"
		if [ "$status" = 0 ]; then
			# there is no program in it: a static one comes as a volume
			run in_box -v "$(busybox_rootfs)/bin:/.box:ro" localhost/hostile:1 /.box/busybox sh -c '
				cd / && /.box/busybox find . -xdev | /.box/busybox wc -l
				/.box/busybox cat /tmp/v/secret /l/secret /d/secret /h /f'
			expect_no_secret
			expect_safe
			paene rmi -f localhost/hostile:1 >/dev/null
		fi
		checked="${checked-} $name"
	done
}

@test "U01: names that are absolute or lead upwards" {
	hostile_layers dotdot dotdot-inside abs
}

@test "U02: links, and writing through them" {
	hostile_layers symlink-same symlink-rel symlink-chain symlink-dot symlink-replaced symlink-over-file
}

@test "U02: a link of one layer is not followed by the next" {
	hostile_layouts U02
}

@test "U03: hard links to what is outside, to links, to folders" {
	hostile_layers hardlink-out hardlink-abs hardlink-via-symlink hardlink-to-symlink-chmod hardlink-to-folder hardlink-to-itself \
		hardlink-to-whiteout
}

@test "U04: whiteouts" {
	hostile_layers whiteout-empty whiteout-dot whiteout-dotdot whiteout-folder whiteout-symlink whiteout-through-symlink \
		whiteout-upwards-many whiteout-below-dots whiteout-opaque-folder whiteout-marks-link whiteout-hard-link
}

@test "U05: work without bounds" {
	hostile_layers opaque-many deep
}

@test "U06: a layer's root" {
	hostile_layers root-file root-symlink-dot root-symlink-slashdot root-hardlink
}

@test "U07: changes that would follow a link" {
	hostile_layers dir-over-symlink-chmod dir-over-symlink-xattr
}

@test "U08: device nodes" {
	hostile_layers mknod-kmem mknod-large rawwhiteout-00
	I mknod-kmem "$archive"
	load_archive
	run in_box --user 0 -v "$(busybox_rootfs)/bin:/.box:ro" localhost/hostile:1 /.box/busybox dd if=/kmem of=/dev/null count=1
	[ "$status" != 0 ]
	expect_in_output "denied"
}

@test "U09: extended attributes that steer overlayfs" {
	hostile_layers xattr-overlay
	I xattr-overlay "$archive"
	load_archive
	expect_status 0
	local folder
	folder=$(find "$PAENE_DATA/images/layers" -mindepth 2 -maxdepth 2 -name d)
	[ -d "$folder" ]
	run getfattr --absolute-names -d -m - "$folder"
	expect_not_in_output overlay
	expect_not_in_output selinux
	expect_in_output 'user.kept="1"'
}

@test "U10: sizes and headers that do not agree" {
	hostile_layers pax-size-desync hardlink-with-content hardlink-with-content-after-pax neg-size huge-claimed pax-malformed pax-negative-size bad-checksum uid-out-of-range
}

@test "U11: headers that ask for memory" {
	local name
	hostile_layers longname-8g pax-2m sparse-million sparse-outside headers-without-end
	for name in longname-8g pax-2m sparse-million; do
		I $name "$archive"
		run paene_peak load -qi "$archive"
		expect_refused
		expect_peak 32768
	done
}

@test "U12: names and attributes that are too long, or odd" {
	hostile_layers name-255 name-256 name-4096 name-65536 name-nul name-control name-control-refused xattr-empty xattr-no-dot xattr-long \
		xattr-big xattr-many
}

@test "U13: a layer that grows a thousandfold needs no memory for it" {
	local name
	hostile_layers bomb zstd-bomb zstd-window zstd-window-2g zstd-window-3t
	for name in bomb zstd-bomb; do
		I $name "$archive"
		run paene_peak load -qi "$archive"
		expect_status 0
		expect_peak 32768
	done
	for name in zstd-window-2g zstd-window-3t; do
		I $name "$archive"
		run paene_peak load -qi "$archive"
		expect_refused
		expect_peak 32768
	done
}

@test "U14: compressed layers that are cut off, or go on" {
	hostile_layers gzip-trailing gzip-members gzip-trunc trunc zstd-trailing zstd-trunc gzip-checksum gzip-length gzip-header-checksum \
		gzip-reserved-flags gzip-fields gzip-extra-64k gzip-name-without-end gzip-of-gzip gzip-empty-members
	hostile_layouts U14
}

@test "layers compressed in ways that we do not read are named" {
	hostile_layers xz bzip2
	I xz "$archive"
	load_archive
	expect_in_output "compressed with xz: only gzip and zstd are supported"
}

@test "U01 to U14: no hostile layer was left out" {
	local name
	for name in $(python3 "$tests/images/hostile.py" --list | cut -d ' ' -f 1); do
		grep -qE "^	?(hostile_layers|	).*\<$name\>" "$BATS_TEST_FILENAME" || fail "nobody loads $name"
	done
}

hostile_layouts() { # hostile_layouts ROW: the cases of probes/layout.py
	local name row expected n=0
	kept=$(paene images -q)
	while read -r name row expected; do
		[ "$row" = "$1" ] || continue
		"$tests/security/probes/layout.py" "$name" "$archive"
		load_archive
		expect_load "$name" "$expected"
		if [ "$status" = 0 ]; then
			run in_box -v "$(busybox_rootfs)/bin:/.box:ro" localhost/hostile:1 /.box/busybox cat /l/secret /h /s
			expect_no_secret
			paene rmi localhost/hostile:1 >/dev/null
		fi
		n=$((n + 1))
	done < <("$tests/security/probes/layout.py" --list)
	[ $n -gt 0 ]
}

@test "D01, D02: blobs that are not what their descriptor says" {
	hostile_layouts D01
	hostile_layouts D02
}

@test "D03: digests that are paths, or no digests" {
	hostile_layouts D03
}

@test "D04: manifests that are two things at once" {
	hostile_layouts D04
}

@test "D05: JSON of another shape" {
	hostile_layouts D05
}

@test "D06: JSON that is too long, or too deep" {
	local name
	hostile_layouts D06
	for name in manifest-large manifest-deep config-large; do
		"$tests/security/probes/layout.py" $name "$archive"
		run paene_peak load -qi "$archive"
		expect_refused
		expect_peak 16384
	done
}

@test "D15: an archive's names are names" {
	hostile_layouts D15
}

@test "D15: a name that another image had is said to have moved" {
	"$tests/security/probes/layout.py" good "$archive"
	paene tag $image localhost/hostile:1
	load_archive
	expect_status 0
	expect_in_output "localhost/hostile:1 named another image before"
}

@test "U21: parts of an archive that are links, FIFOs or folders" {
	hostile_layouts U21
}

@test "U21: an OCI layout's folder with links and FIFOs in it" {
	local part how
	kept=$(paene images -q)
	for part in index.json oci-layout blob; do
		for how in "ln -s $victim/secret" mkfifo mkdir; do
			rm -rf "$BATS_TEST_TMPDIR/layout"
			mkdir "$BATS_TEST_TMPDIR/layout"
			"$tests/security/probes/layout.py" good "$archive"
			tar -xf "$archive" -C "$BATS_TEST_TMPDIR/layout"
			archive=$BATS_TEST_TMPDIR/layout
			[ $part = blob ] && part=$(cd "$archive" && find blobs -type f -size +9k) # the layer
			rm "$archive/$part"
			$how "$archive/$part"
			load_archive
			expect_load "$part is $how" refused
			archive=$BATS_TEST_TMPDIR/image.tar
		done
	done
	tar -xf "$archive" -C "$BATS_TEST_TMPDIR/layout" --recursive-unlink
	archive=$BATS_TEST_TMPDIR/layout
	load_archive
	expect_status 0 # and as it was
}

@test "U22: layers that are file systems for the kernel" {
	hostile_layouts U22
}

@test "S46: images of nothing" {
	hostile_layouts S46
}

@test "U24: an image's environment takes nothing from ours" {
	make_image localhost/env:1 "$archive" 'Env=["HOME", "*", "SENTINEL", "A", "=x", "B=1", "PATH=/bin", "SENT*", ""]'
	load_archive
	expect_status 0
	SENTINEL=TOPSECRET A=TOPSECRET run in_box localhost/env:1 env
	expect_status 0
	expect_no_secret
	expect_in_output B=1
	run in_box localhost/env:1 env
	expect_not_in_output "$HOME/"
}

@test "S08: a working folder of an image below a link is made inside" {
	cp -a "$(busybox_rootfs)" "$BATS_TEST_TMPDIR/root"
	ln -s $victim "$BATS_TEST_TMPDIR/root/l"
	mkdir -p "$BATS_TEST_TMPDIR/root$victim"
	ln -s /proc/self/fd/5 "$BATS_TEST_TMPDIR/root/fd"
	"$tests/lib/docker-archive" "$BATS_TEST_TMPDIR/root" localhost/hostile:1 "$archive" 'WorkingDir="/l/new"'
	load_archive
	run in_box localhost/hostile:1 pwd -P
	expect_status 0
	expect_output $victim/new
	local n
	for n in 3 5 7 9 11; do
		run in_box -w "/proc/self/fd/$n" localhost/hostile:1 sh -c "pwd -P; cat ../../../../..$victim/secret"
		[ "$status" != 0 ]
		expect_not_in_output unreachable
		run in_box -w "/fd/../../../.." localhost/hostile:1 sh -c "pwd -P; cat ../../../../..$victim/secret"
		[ "$status" != 0 ]
		expect_not_in_output unreachable
	done
}

@test "S08: the files that we put into a container go over links of the image, inside" {
	local path
	cp -a "$(busybox_rootfs)" "$BATS_TEST_TMPDIR/root"
	for path in etc/mtab etc/hosts etc/resolv.conf etc/hostname run/secrets run/.containerenv .dockerenv; do
		ln -sf $victim/x "$BATS_TEST_TMPDIR/root/$path"
	done
	"$tests/lib/docker-archive" "$BATS_TEST_TMPDIR/root" localhost/hostile:1 "$archive"
	load_archive
	run in_box --hostname inside localhost/hostile:1 sh -c 'cat /etc/hostname; touch /etc/hosts /etc/resolv.conf'
	expect_refused_or_contained
	expect_safe
	timeout 120 "$(type -P paene)" --root "$PAENE_DATA" --runroot "$PAENE_RUN" run -q --rm localhost/hostile:1 true || true # on a bridge
	ip link delete paene0 2>/dev/null || true
	nft flush ruleset
	rm -rf "$PAENE_DATA/networks/paene"
	expect_safe
}

@test "S29: an image's labels and annotations change nothing about its container" {
	local labels
	labels=$(jq -cn '["io.podman.annotations.privileged", "io.podman.annotations.seccomp", "io.podman.annotations.label",
		"io.podman.annotations.autoremove", "io.podman.annotations.userns", "io.containers.autoupdate", "PODMAN_SYSTEMD_UNIT",
		"containerd.io/restart.status", "containerd.io/restart.loguri", "run.oci.keep_original_groups", "run.oci.seccomp.plugins",
		"run.oci.mount_context_type", "run.oci.hooks.stderr", "org.systemd.property.ExecStartPre", "privileged", "Privileged",
		"seccomp", "capAdd", "userns", "network", "restart", "paene.privileged", "paene.userns", "io.paene.privileged",
		"org.criu.config", "org.paene.landlock", "org.paene.ksm", "io.kubernetes.cri-o.userns-mode"] | map({(.): "true"}) | add
		+ {"containerd.io/restart.loguri": "binary:///tmp/x", "io.podman.annotations.seccomp": "unconfined"}')
	make_image localhost/labels:1 "$archive" "Labels=$labels"
	load_archive
	confinement() { # of a container of image $1: all but what is its own
		local id
		id=$(paene create --network none --name s29 "$1" true)
		paene inspect s29 | jq -S '.[0] | .HostConfig, .Mounts'
		jq -S . "$PAENE_DATA/containers/$id/config.json" | sed "s/$id/ID/g; s/${id:0:12}/ID/g"
		jq -S 'del(.id, .created, .image, .manifest, .layers, .labels, .commandLine)' "$PAENE_DATA/containers/$id/settings.json" | sed "s/${id:0:12}/ID/g"
		paene rm s29 >/dev/null
	}
	confinement $image >"$BATS_TEST_TMPDIR/without"
	confinement localhost/labels:1 >"$BATS_TEST_TMPDIR/with"
	diff "$BATS_TEST_TMPDIR/without" "$BATS_TEST_TMPDIR/with"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/with")" -gt 100 ]
}

@test "S36: nobody else on this machine reaches the store, running or not" {
	local path
	cp -a "$(busybox_rootfs)" "$BATS_TEST_TMPDIR/root"
	cp "$(probe ids)" "$BATS_TEST_TMPDIR/root/ids"
	chmod 4755 "$BATS_TEST_TMPDIR/root/ids"
	"$tests/lib/docker-archive" "$BATS_TEST_TMPDIR/root" localhost/suid:1 "$archive"
	load_archive
	paene run -qd --name s36 --network none -v s36:/vol localhost/suid:1 sh -c 'cp /ids /vol/; echo copied; sleep 1000' >/dev/null
	wait_until 5 logged s36 copied
	local pid
	pid=$(paene inspect --format '{{.State.Pid}}' s36)
	chmod 755 "$TMPDIR" "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/file" "$BATS_FILE_TMPDIR"
	for path in "$PAENE_DATA" "$PAENE_RUN"; do
		[ -z "$(as_user find "$path" -mindepth 1 -perm -o+x 2>/dev/null)" ]
	done
	for path in $(find "$PAENE_DATA" -name ids) "/proc/$pid/root/ids" "/proc/$pid/root/vol/ids"; do
		[ -e "$path" ]
		run as_user "$path"
		[ "$status" != 0 ] || fail "$path could be executed; $(namei -l "$path")"
	done
	paene rm -f s36 >/dev/null
	rm -rf "$PAENE_DATA/volumes/s36"
}
