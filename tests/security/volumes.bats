# SPDX-License-Identifier: Apache-2.0
# What a container, an image or an archive has put into a volume, and where an image says that something is to be mounted: U17, U18, U20.
load lib

image=localhost/busybox:1

setup_file() {
	needs_root
	load_busybox >/dev/null
	paene run -q --rm --network none $image true # the parent cgroup: it stays
	echo x | paene secret create x - >/dev/null # and the folder of secrets
	paene secret rm x >/dev/null
}

setup() {
	needs_program paene
	security_setup
	paene volume create hostile >/dev/null
}

teardown() {
	delete_all
	paene volume rm --all --force >/dev/null
	security_teardown
}

in_box() { # in_box OPTION… IMAGE COMMAND…
	paene run -q --rm --network none "$@"
}

@test "U17: what a volume's links lead to is not exported, whoever changes them meanwhile" {
	local i racer top
	in_box -v hostile:/vol $image sh -c 'mkdir -p /vol/d/tmp/v && echo inside >/vol/d/tmp/v/secret && ln -s / /vol/l && ln -s /tmp/v/secret /vol/secret'
	top=$(paene volume inspect hostile --format '{{.Mountpoint}}')
	"$tests/security/probes/xchg.py" "$top/d" "$top/l" 2>"$BATS_TEST_TMPDIR/xchg" 3>&- &
	racer=$!
	for ((i = 0; i < races / 10; i++)); do
		paene volume export hostile 2>/dev/null || true
	done >"$BATS_TEST_TMPDIR/exported"
	kill $racer
	wait $racer
	grep -aq inside "$BATS_TEST_TMPDIR/exported"
	expect_none TOPSECRET "$BATS_TEST_TMPDIR/exported"
}

@test "U17: what is imported stays inside: links, names that lead out, hard links" {
	local case
	for case in symlink-same symlink-rel hardlink-out hardlink-abs dotdot abs dir-over-symlink-chmod; do
		python3 "$tests/images/hostile.py" $case "$BATS_TEST_TMPDIR/$case.tar"
		run paene volume import hostile "$BATS_TEST_TMPDIR/$case.tar"
		expect_refused_or_contained
		expect_safe
	done
}

@test "U18: what an image has where a volume is mounted is copied from the image alone" {
	image_with links "mkdir -p data && ln -s $victim data/link && ln -s $victim linked && ln -s ../../../../../..$victim up"
	in_box -v hostile:/data localhost/links:1 sh -c '[ -L /data/link ] && ! cat /data/link/secret'
	run in_box -v one:/linked localhost/links:1 sh -c 'ls -A /linked; cat /linked/secret'
	expect_no_secret
	run in_box -v two:/up localhost/links:1 sh -c 'ls -A /up; cat /up/secret'
	expect_no_secret
}

@test "U18: nor do the volumes that an image asks for copy anything of this machine's" {
	local where
	for where in /../../etc ../../etc "/..$victim" "/proc/self/root$victim"; do
		image_with asks true "Volumes={\"$where\": {}}"
		run in_box localhost/asks:1 sh -c "cat $victim/secret /etc/shadow"
		expect_refused_or_contained
		expect_not_in_output "root:"
		paene rmi -f localhost/asks:1 >/dev/null
	done
}

@test "U18: a volume with something in it is not copied over, whatever links it has" {
	in_box -v hostile:/vol $image ln -s $victim/secret /vol/conf
	image_with fresh "mkdir -p vol && echo overwritten >vol/conf"
	in_box -v hostile:/vol localhost/fresh:1 sh -c '[ -L /vol/conf ]'
	expect_safe
}

@test "U20: secrets are put over links of the image, inside" {
	echo hush | paene secret create s - >/dev/null
	image_with linked "rm -rf run/secrets; mkdir -p run; ln -s $victim run/secrets; ln -s $victim/new elsewhere"
	run in_box --secret s localhost/linked:1 cat /run/secrets/s
	expect_refused_or_contained
	expect_safe
	run in_box --secret s,target=/elsewhere localhost/linked:1 cat /elsewhere
	expect_refused_or_contained
	expect_safe
	paene secret rm s >/dev/null
}
