# SPDX-License-Identifier: Apache-2.0
# Hostile root file systems: S01 to S14, and S44. Every path of the root is a trap; whatever is done about it is done inside.
load lib

setup() {
	needs_program paene-oci
	security_setup
}

teardown() {
	delete_all
	security_teardown
}

# As many ways out of the root as a link has.
links_out() { # links_out TARGET
	echo "$1" "../../../../../../../../../../../../..$1" "/proc/1/root$1" "/proc/self/cwd/../../../../../../../../..$1"
}

try_link() { # try_link PATH TARGET: with PATH of the root a link, a run is safe
	rm -rf "$b/rootfs/dev"
	mkdir -p "$b/rootfs$1"
	rmdir "$b/rootfs$1"
	ln -s "$2" "$b/rootfs$1"
	run oci run --bundle "$b" c1
	expect_refused_or_contained
	expect_safe
}

@test "S01: a /dev that is a link stays inside" {
	local target
	B "$b" "$writable" "$no_dev" "$(run_with true)"
	for target in $(links_out $victim) . .. / ../..; do
		try_link /dev "$target"
	done
}

@test "S01: a /dev that is a link stays inside, in a user namespace" {
	local target
	B "$b" "$writable" "$no_dev" "$userns" "$(run_with true)"
	for target in $(links_out $victim) ..; do
		try_link /dev "$target"
	done
}

@test "S01: a /dev that is a link stays inside, in a container of a user" {
	local target
	B "$b" "$writable" "$no_dev" "$rootless" "$(run_with true)"
	chmod 777 $victim # for once it is within reach
	S >"$BATS_TEST_TMPDIR/safe.before"
	for target in $(links_out $victim) ..; do
		rm -rf "$b/rootfs/dev"
		ln -s "$target" "$b/rootfs/dev"
		run run_rootless "$b"
		expect_refused_or_contained
		expect_safe
	done
}

@test "S01: folders and files of /dev that are links stay inside" {
	local path
	B "$b" "$writable" "$no_dev" "$(run_with true)"
	for path in /dev/pts /dev/shm /dev/mqueue /dev/fd /dev/null /dev/ptmx /dev/stdin; do
		try_link $path $victim
		try_link $path $victim/new
		try_link $path ../../../../../../../../..$victim
	done
}

@test "S01: mounts on folders of /dev that are links stay inside" {
	local path
	B "$b" "$writable" '.mounts |= map(select(.destination != "/dev"))' "$(run_with true)"
	for path in /dev/pts /dev/shm /dev/mqueue; do
		try_link $path $victim
		try_link $path ../../../../../../../../..$victim
	done
}

# What a container with a terminal says. $1: more filters
run_on_terminal() {
	edit '.process.terminal = true' "$(shell 'stat -c "console %F %t" /dev/console')" "$@"
	"$tests/security/probes/recvtty.py" "$BATS_TEST_TMPDIR/tty" >"$BATS_TEST_TMPDIR/said" 3>&- &
	local receiver=$!
	wait_until 5 listens "$BATS_TEST_TMPDIR/tty"
	run oci run --console-socket "$BATS_TEST_TMPDIR/tty" --bundle "$b" c1
	"$tests/security/probes/recvtty.py" --none "$BATS_TEST_TMPDIR/tty" # where none came, none will
	wait $receiver
	rm "$BATS_TEST_TMPDIR/tty"
	output+=$(<"$BATS_TEST_TMPDIR/said")
}

@test "S02: the console is a terminal, and not the file that a link says" {
	B "$b"
	run_on_terminal
	expect_status 0
	expect_in_output "console character special file 88"
}

@test "S02: a /dev/console that is a link makes and changes nothing outside" {
	local target readonly
	B "$b" '.mounts |= map(select(.destination != "/dev"))'
	mkdir -p "$b/rootfs/dev/"{pts,shm,mqueue}
	for target in $victim/new $victim/secret ../../../../../../../../../..$victim/new /proc/sys/kernel/sem; do
		ln -sfn $target "$b/rootfs/dev/console"
		for readonly in false true; do
			run_on_terminal ".root.readonly = $readonly"
			expect_refused_or_contained
			expect_safe
		done
	done
}

@test "S02: a /dev/pts/ptmx that is a link is not taken for a terminal" {
	B "$b" '.mounts |= map(select(.destination != "/dev" and .destination != "/dev/pts"))' "$writable"
	mkdir -p "$b/rootfs/dev/"{pts,shm,mqueue}
	ln -s /dev/zero "$b/rootfs/dev/pts/ptmx"
	run_on_terminal
	expect_refused
	rm "$b/rootfs/dev/pts/ptmx"
	mknod "$b/rootfs/dev/pts/ptmx" c 1 5
	run_on_terminal
	expect_refused
}

@test "S03: a mask does not show the file that a /dev/null of the image leads to" {
	local target
	mkdir "$BATS_TEST_TMPDIR/e"
	B "$b" "$no_dev" "$(bind "$BATS_TEST_TMPDIR/e" /dev)" '.linux.maskedPaths += ["/victim"]' \
		"$(shell 'cat /victim; grep " /victim " /proc/self/mountinfo')"
	echo unmasked >"$b/rootfs/victim"
	for target in /proc/sys/kernel/sem /proc/sysrq-trigger /proc/sys/kernel/core_pattern $victim/secret /victim; do
		ln -sfn $target "$BATS_TEST_TMPDIR/e/null"
		run oci run --bundle "$b" c1
		expect_refused_or_contained
		expect_not_in_output unmasked
		expect_not_in_output " - proc"
		expect_not_in_output "$(cut -f1 /proc/sys/kernel/sem)"
		[ "$status" != 0 ] || expect_in_output " - devtmpfs"
	done
}

@test "S04: a /dev/null of the image does not become standard input, and keeps its owner" {
	echo host >"$BATS_TEST_TMPDIR/h"
	local before
	before=$(stat -c '%u %a %Z' "$BATS_TEST_TMPDIR/h")
	B "$b" "$no_dev" "$(bind "$BATS_TEST_TMPDIR/h" /h)" '.process.user = {uid: 1000, gid: 1000}' \
		"$(shell 'cat; stat -L -c %F /proc/self/fd/0')"
	rm -rf "$b/rootfs/dev"
	mkdir "$b/rootfs/dev"
	ln -s /h "$b/rootfs/dev/null"
	run sh -c 'echo piped | paene-oci --root "$0" run --bundle "$1" c1' "$PAENE_RUN/oci" "$b"
	expect_refused_or_contained
	expect_not_in_output host
	[ "$(stat -c '%u %a %Z' "$BATS_TEST_TMPDIR/h")" = "$before" ]
	[ "$(cat "$BATS_TEST_TMPDIR/h")" = host ]
}

@test "S05: a /proc or /sys that is a link is refused" {
	local path target
	B "$b" "$(run_with cat /proc/self/mountinfo)"
	mkdir -p "$b/rootfs/bad/self/attr"
	for path in /proc /sys; do
		rmdir "$b/rootfs$path"
		for target in /bad $victim . / ../bad; do
			ln -sfn $target "$b/rootfs$path"
			run oci run --bundle "$b" c1
			expect_refused
		done
		rm "$b/rootfs$path"
		mkdir "$b/rootfs$path"
	done
	run oci run --bundle "$b" c1
	expect_status 0 # and without links it runs
}

@test "S06: mounts over /proc/self, /proc/sys and the like are refused" {
	local path
	B "$b" '.mounts += [{}]'
	for path in /proc/self /proc/self/attr /proc/thread-self /proc/1 /proc/1/attr /proc/sys /proc/sys/kernel /proc/sysrq-trigger \
			/proc//self /proc/./sys /x/../proc/sys; do
		edit ".mounts[-1] = {type: \"tmpfs\", source: \"tmpfs\", destination: \"$path\"}"
		run oci run --bundle "$b" c1
		expect_refused
		edit "del(.mounts[-1]) | $(bind $victim "$path" ro)"
		run oci run --bundle "$b" c1
		expect_refused
	done
}

@test "S06: a link of the image does not lead a mount over /proc" {
	B "$b" "$(bind $victim /way/self ro)"
	ln -s /proc "$b/rootfs/way"
	run oci run --bundle "$b" c1
	expect_refused
	edit '.mounts |= map(select(.destination != "/way/self"))' '.mounts += [{type: "tmpfs", source: "tmpfs", destination: "/way/sys"}]'
	run oci run --bundle "$b" c1
	expect_refused
}

@test "S06: settings are written below a procfs that nobody else has" {
	needs_program strace
	B "$b" '.linux.sysctl = {"kernel.msgmax": "9000"}' "$(run_with cat /proc/sys/kernel/msgmax)"
	run oci run --bundle "$b" c1
	expect_status 0
	expect_output 9000
	edit "$(run_with true)"
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 strace -qq -f -e trace=open,openat,openat2,creat -o "$BATS_TEST_TMPDIR/trace" \
		paene-oci --root "$PAENE_RUN/oci" run --bundle "$b" c1
	grep -q 'openat2([0-9]*, "sys/kernel/msgmax"' "$BATS_TEST_TMPDIR/trace"
	expect_none 'open(at)?\((AT_FDCWD, )?"/proc/(sys|[^"]*attr)' "$BATS_TEST_TMPDIR/trace"
}

@test "S07: a mount target that changes into a link and back never leads outside" {
	local volume=$BATS_TEST_TMPDIR/volume source=$BATS_TEST_TMPDIR/source i racer
	mkdir -p "$volume/d/sub" "$source"
	ln -s / "$volume/l"
	touch "$source/marker"
	B "$b" "$(bind "$volume" /vol)" "$(bind "$source" /vol/d/sub)" \
		'.mounts += [{type: "tmpfs", source: "raced", destination: "/vol/d/tmp"}]' "$writable" \
		"$(shell 'cat /proc/self/mountinfo; cat '$victim/secret' /vol/d'$victim/secret' /vol/l'$victim/secret)"
	"$tests/security/probes/xchg.py" "$volume/d" "$volume/l" 2>"$BATS_TEST_TMPDIR/xchg" 3>&- &
	racer=$!
	for ((i = 0; i < races; i++)); do
		oci run --bundle "$b" c1 || true
	done >"$BATS_TEST_TMPDIR/said" 2>/dev/null
	kill $racer
	wait $racer
	cat "$BATS_TEST_TMPDIR/xchg"
	[ "$(grep -Eo '[0-9]+' "$BATS_TEST_TMPDIR/xchg")" -gt $races ]
	expect_none TOPSECRET "$BATS_TEST_TMPDIR/said"
	# what is mounted of this machine's file system: the root, and these two folders
	local device top
	device=$(stat -c %Hd:%Ld "$b")
	top=$(findmnt -no FSROOT -T "$b")${BATS_TEST_TMPDIR#"$(findmnt -no TARGET -T "$b")"}
	awk -v device="$device" -v top="$top" '
		$3 == device { seen[$4]++ }
		END {
			for (root in seen) {
				print root, seen[root]
				bad += root != top "/b/rootfs" && root != top "/volume" && root != top "/source"
			}
			exit bad > 0 || seen[top "/source"] < 10 # some of the runs must have gone well
		}' "$BATS_TEST_TMPDIR/said"
}

@test "S08: mount targets below links of the image are made inside" {
	local path
	for path in /l/a/b /l/new; do
		rm -rf "$b"
		B "$b" "$writable" "$(bind "$BATS_TEST_TMPDIR" $path ro)" "$(shell "test -e $path/b && test -e $victim/${path#/l}/b")"
		ln -s $victim "$b/rootfs/l"
		run oci run --bundle "$b" c1
		expect_status 0
		expect_safe
	done
}

@test "S08: files bound on links of the image are bound inside" {
	local path target
	echo fresh >"$BATS_TEST_TMPDIR/file"
	for path in /etc/mtab /etc/hosts /etc/resolv.conf /etc/hostname /run/secrets /run/.containerenv; do
		B "$b$path" "$writable" "$(bind "$BATS_TEST_TMPDIR/file" $path ro)" "$(run_with cat $path)"
		for target in $victim/x $victim/secret ../../../../../../../..$victim/x; do
			rm -rf "$b$path/rootfs/tmp/v"
			ln -sfn $target "$b$path/rootfs$path"
			run oci run --bundle "$b$path" c1
			expect_status 0
			expect_output fresh
			expect_safe
		done
	done
}

@test "S08: a working folder below a link is made inside" {
	B "$b" "$writable" '.process.cwd = "/l/new/deep"' "$(shell 'pwd -P')"
	ln -s $victim "$b/rootfs/l"
	mkdir -p "$b/rootfs$victim"
	run oci run --bundle "$b" c1
	expect_status 0
	expect_output $victim/new/deep
	[ -d "$b/rootfs$victim/new/deep" ]
}

@test "S08: a working folder below a link to nowhere makes nothing outside" {
	B "$b" "$writable" '.process.cwd = "/l/new/deep"' "$(shell 'pwd -P')"
	ln -s $victim "$b/rootfs/l"
	run oci run --bundle "$b" c1
	expect_refused_or_contained
}

@test "S09: a bind on a link binds inside" {
	local target
	mkdir "$BATS_TEST_TMPDIR/from"
	touch "$BATS_TEST_TMPDIR/from/marker"
	B "$b" "$writable" "$(bind "$BATS_TEST_TMPDIR/from" /mnt/l)" "$(run_with ls /mnt/l/)"
	mkdir "$b/rootfs/mnt"
	for target in $victim/new $victim ../../../../../../../..$victim; do
		rm -rf "$b/rootfs/tmp/v"
		ln -sfn $target "$b/rootfs/mnt/l"
		run oci run --bundle "$b" c1
		expect_status 0
		expect_output marker
		expect_safe
	done
}

@test "S10: what shall be read-only is, whatever the image ships in /proc" {
	local filter
	for filter in . "$userns"; do
		rm -rf "$b"
		B "$b" "$filter" "$(bind "$BATS_TEST_TMPDIR" /bound ro)" "$(bind "$BATS_TEST_TMPDIR" /recursive rbind rro)" \
			'.mounts += [{type: "tmpfs", source: "t", destination: "/fresh", options: ["ro", "nosuid"]}]' \
			'.mounts |= map(if .destination == "/dev" then .options += ["ro"] else . end)' "$(shell '
			for f in / /bound /recursive /fresh /dev /proc/sys /sys; do
				touch $f/x 2>/dev/null && echo "$f can be written"
				grep -q " $f ro[, ]" /proc/self/mountinfo || echo "$f is not read-only"
			done; true')"
		mkdir -p "$b/rootfs/"{bound,recursive,fresh,proc/self/fd}
		local n
		for n in {0..40}; do
			ln -s /tmp "$b/rootfs/proc/self/fd/$n"
		done
		run oci run --bundle "$b" c1
		expect_status 0
		expect_output ""
	done
}

@test "S11: no mount of a container reaches this machine, and no propagation changes" {
	local shared=$BATS_TEST_TMPDIR/shared how
	mkdir "$shared"
	mount -t tmpfs shared "$shared"
	mount --make-shared "$shared"
	mkdir "$shared/x"
	S >"$BATS_TEST_TMPDIR/safe.before"
	B "$b" "$all_caps" '.mounts += [{}]' "$(shell 'mount -t tmpfs leak /s/x && mount -t tmpfs leak /tmp')"
	mkdir "$b/rootfs/s"
	for how in private rprivate slave rslave; do
		for propagation in private slave shared rshared; do
			edit "del(.mounts[-1]) | $(bind "$shared" /s rbind $how) | .linux.rootfsPropagation = \"$propagation\""
			run oci run --bundle "$b" c1
			expect_status 0
			[ -z "$(findmnt -t tmpfs -S leak)" ]
		done
	done
	expect_safe
	umount "$shared"
	S >"$BATS_TEST_TMPDIR/safe.before"
}

@test "S11: without a mount namespace of its own: what it mounts goes no further, nothing stays, no propagation changes" {
	local peer=$BATS_TEST_TMPDIR/peer before
	mkdir "$peer"
	B "$b" '.linux.namespaces |= map(select(.type != "mount"))' '.process.args = ["sleep", "1000"]'
	mount --bind "$b" "$b"
	mount --make-shared "$b"
	mount --bind "$b" "$peer" # sees what is mounted on a shared mount
	before=$(findmnt -nl -o TARGET,PROPAGATION,VFS-OPTIONS)
	S >"$BATS_TEST_TMPDIR/safe.before"
	oci run --detach --bundle "$b" c1
	[ "$(findmnt -nlo TARGET -R "$peer")" = "$peer"$'\n'"$peer/rootfs" ]
	findmnt "$b/rootfs/proc"
	oci delete --force c1
	expect_safe
	[ "$(findmnt -nl -o TARGET,PROPAGATION,VFS-OPTIONS)" = "$before" ]
	umount "$peer" "$b"
	S >"$BATS_TEST_TMPDIR/safe.before"
}

masked_script='
	for f in /proc/kcore /proc/keys /proc/timer_list /proc/sched_debug; do
		[ "$(head -c 1 $f 2>/dev/null | wc -c)" = 0 ] || echo "$f can be read"
	done
	for f in /proc/acpi /proc/scsi /sys/firmware; do
		[ -z "$(ls -A $f 2>/dev/null)" ] || echo "$f has something in it"
		touch $f/x 2>/dev/null && echo "$f can be written"
	done
	for f in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /proc/sys/kernel/modprobe /proc/sys/vm/panic_on_oom; do
		{ echo x >$f; } 2>/dev/null && echo "$f can be written"
	done'

@test "S12: masked files cannot be read, kernel settings cannot be written" {
	B "$b" "$(shell "$masked_script; true")"
	run oci run --bundle "$b" c1
	expect_status 0
	expect_output ""
}

@test "S12: masks stay on where CAP_SYS_ADMIN was not given" {
	B "$b" "$userns" "${all_caps/\"CAP_SYS_ADMIN\",/}" "$(shell '
		for f in /proc/keys /proc/timer_list /sys/firmware /proc/sys /proc/sysrq-trigger; do
			umount -l $f 2>/dev/null && echo "$f was unmounted"
			mount -o remount,rw,bind $f 2>/dev/null && echo "$f was remounted"
		done'"$masked_script; true")"
	run oci run --bundle "$b" c1
	expect_status 0
	expect_output ""
}

@test "S12: with all capabilities of a user namespace this machine is out of reach, masks or not" {
	B "$b" "$userns" "$all_caps" "$(shell '
		for f in $(grep -o " /proc/[^ ]*" /proc/self/mountinfo); do umount -l $f; done
		for f in /proc/kcore /proc/timer_list /proc/vmallocinfo; do
			[ "$(head -c 4096 $f 2>/dev/null | tr -d 0 | wc -c)" = 0 ] || head -n 3 $f
		done
		for f in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /proc/sys/kernel/modprobe /proc/sys/vm/panic_on_oom; do
			{ echo x >$f; } 2>/dev/null && echo "$f can be written"
		done; true')"
	run oci run --bundle "$b" c1
	expect_status 0
	expect_output ""
}

@test "S13: nobody makes cgroups in a container" {
	local filter
	for filter in "$own_cgroup" "$userns"; do
		rm -rf "$b"
		B "$b" "$filter" "$all_caps" "$(shell 'mkdir /sys/fs/cgroup/x; echo 0 >/sys/fs/cgroup/cgroup.procs')"
		run oci run --bundle "$b" c1
		expect_status 1
		expect_in_output "mkdir: can't create directory '/sys/fs/cgroup/x': Read-only file system"
	done
}

@test "S13: nor in a container of a user" {
	B "$b" "$rootless" "$(shell 'id -u; mkdir /sys/fs/cgroup/x')"
	run run_rootless "$b"
	expect_status 1
	expect_output "0
mkdir: can't create directory '/sys/fs/cgroup/x': Read-only file system"
}

@test "S14: no cgroup of version 1 is mounted from inside, not even in a further user namespace" {
	B "$b" "$own_cgroup" "$all_caps" "$writable" "$(shell 'mkdir /m; mount -t cgroup -o rdma x /m; ls /m/release_agent')"
	run oci run --bundle "$b" c1
	expect_not_in_output "/m/release_agent
"
	B "$b.2" "$writable" "$(shell 'mkdir /m; unshare -Urm mount -t cgroup -o rdma x /m')"
	run oci run --bundle "$b.2" c1
	[ "$status" != 0 ]
}

@test "S44: a container has a session keyring of its own" {
	local inside
	inside=$(probe keyring)
	B "$b" "$writable" "$(run_with /keyring)"
	cp "$inside" "$b/rootfs/keyring"
	run oci run --bundle "$b" c1
	expect_status 0
	local first=$output
	run "$inside" # here
	[ "$first" != "$output" ] || fail "the same session keyring: $first"
	run oci run --bundle "$b" c2
	[ "$first" != "$output" ] || fail "two containers with one session keyring: $first"
}
