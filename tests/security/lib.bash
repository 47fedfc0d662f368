# SPDX-License-Identifier: Apache-2.0
# lib.bash: what the security tests share; loads tests/lib/common.bash. Their conventions:
#
#   V   the victim: a folder of this machine with a secret in it, which nothing hostile may read or change
#   S   a snapshot: the victim to the last inode and change time, the machine's settings, and all that the leak check lists
#   B   make a bundle; filters of jq change its configuration, the root file system is $b/rootfs
#   I   make an image archive with one hostile layer (tests/images/hostile.py)
#
# Every test is safe or fails: in setup a snapshot is taken, in teardown another, and they must be equal.
load ../lib/common

races=${RACE_ROUNDS:-500} # how often a race is run
victim=/tmp/v # its name is in the hostile layers

# A /tmp of this file's own: others have a /tmp/v, too. What is needed of the machine's is bound into it.
own_tmp() {
	findmnt --source own-tmp >/dev/null && return
	local kept fresh=/run/own-tmp
	mkdir $fresh
	mount -t tmpfs -o mode=1777 own-tmp $fresh
	for kept in "$TMPDIR" "$(realpath "$PAENE_BUILD")" "$(realpath "$tests/..")"; do
		[[ "$kept" == /tmp/* ]] || continue
		mkdir -p "$fresh${kept#/tmp}"
		mount --bind "$kept" "$fresh${kept#/tmp}"
	done
	mount --move $fresh /tmp
	rmdir $fresh
}

V() {
	own_tmp
	rm -rf $victim
	mkdir -m 700 $victim
	echo TOPSECRET >$victim/secret
	chmod 600 $victim/secret
}

S() {
	find $victim -printf '%p %m %U %G %i %n %s %l %T@ %C@\n' | sort
	sha256sum $victim/secret
	(cd /proc/sys && grep -Hs '' kernel/{core_pattern,modprobe,sem,shmmax,hostname,sysrq} fs/suid_dumpable) || true
	findmnt --noheadings --list --output TARGET,PROPAGATION,OPTIONS | sort
}

# And nothing may be left behind. Compiled filters may, and loop devices are everybody's.
leaks() {
	"$tests/lib/leaks" "$PAENE_DATA" "$PAENE_RUN" | grep -vE '^loop device|/(oci/\.)?seccomp'
}

# B FOLDER [JQ-FILTER…]: no default /dev where the filter $no_dev says so, a private user namespace by $userns, and so on.
B() {
	make_bundle "$1" "$(all_of "${@:2}")"
}

edit() { # edit JQ-FILTER…: the same to the bundle $b
	edit_bundle "$b" "$(all_of "$@")"
}

all_of() { # all_of JQ-FILTER…: one filter
	printf '%s | ' "$@" | sed '$s/ | $//; s/^ | $/./'
}
no_dev='.mounts |= map(select(.destination | startswith("/dev") | not))'
writable='.root.readonly = false'
own_cgroup='.linux.namespaces += [{type: "cgroup"}]'
userns="$own_cgroup"' | .linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 1500000000, size: 65536}]
	| .linux.gidMappings = .linux.uidMappings'
# A user's own container: one id, and no terminals, whose group cannot be had.
rootless="$own_cgroup"' | .linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 1000, size: 1}]
	| .linux.gidMappings = .linux.uidMappings | .mounts |= map(select(.type != "devpts"))'

caps() { # caps NAME…: a filter that gives exactly these
	printf '.process.capabilities |= map_values(%s)' "$(jq -cn '$ARGS.positional | map("CAP_" + .)' --args -- "$@")"
}

all_caps=$(caps CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE \
	NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE \
	SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP SYSLOG AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE)

run_with() { # run_with WORD…: a filter that sets process.args
	printf '.process.args = %s' "$(jq -cn '$ARGS.positional' --args -- "$@")"
}

shell() { # shell SCRIPT: a filter that runs it in busybox's shell
	run_with sh -c "$1"
}

bind() { # bind SOURCE TARGET [OPTION…]: a filter that adds a bind mount
	local source=$1 target=$2
	shift 2
	printf '.mounts += [{type: "bind", source: "%s", destination: "%s", options: %s}]' "$source" "$target" \
		"$(jq -cn '$ARGS.positional' --args -- bind "$@")"
}

as_user() { # as_user COMMAND…: as somebody else on this machine (setpriv itself starts programs with the rights it had)
	setpriv --reuid 1000 --regid 1000 --clear-groups env "$@"
}

run_rootless() { # run_rootless BUNDLE, made with the filter $rootless: as that user, and his files
	local folder=$BATS_TEST_TMPDIR
	while [ "$folder" != "$TMPDIR" ]; do
		chmod o+x "$folder"
		folder=${folder%/*}
	done
	chmod o+x "$TMPDIR"
	mkdir -p -m 700 "$BATS_TEST_TMPDIR/states"
	chown -R 1000:1000 "$1" "$BATS_TEST_TMPDIR/states"
	as_user paene-oci --root "$BATS_TEST_TMPDIR/states" --cgroup-manager disabled run --bundle "$1" rootless
}

I() { # I CASE FILE [KEY=JSON…]: an OCI archive of that hostile layer, named localhost/hostile:1; KEY=JSON is of its config
	local layer=$BATS_TEST_TMPDIR/hostile.tar
	python3 "$tests/images/hostile.py" "$1" "$layer"
	"$tests/security/probes/layout.py" --layer "$layer" "${@:3}" "$2"
}

# An image of busybox with changes. image_with NAME SCRIPT [KEY=JSON…]: SCRIPT runs in the root file system's folder
image_with() {
	cp -a "$(busybox_rootfs)" "$BATS_TEST_TMPDIR/$1"
	(cd "$BATS_TEST_TMPDIR/$1" && eval "$2")
	"$tests/lib/docker-archive" "$BATS_TEST_TMPDIR/$1" "localhost/$1:1" "$BATS_TEST_TMPDIR/$1.tar" "${@:3}"
	paene load -qi "$BATS_TEST_TMPDIR/$1.tar" >/dev/null
	rm -r "$BATS_TEST_TMPDIR/$1" "$BATS_TEST_TMPDIR/$1.tar"
}

probe() { # probe NAME [FLAG…]: the path of the program of probes/NAME.c, a static one where the flags do not say otherwise
	local path=$BATS_FILE_TMPDIR/probe-$1 flags=("${@:2}")
	[ ${#flags[@]} -gt 0 ] || flags=(-static)
	[ -e "$path" ] || cc -D_GNU_SOURCE -O1 -Wall "${flags[@]}" -o "$path" "$tests/security/probes/$1.c"
	echo "$path"
}

# Under `run`: paene with WORD…, and what memory it took at most.
paene_peak() {
	"$tests/security/probes/peak.py" "$(type -P paene)" --root "$PAENE_DATA" --runroot "$PAENE_RUN" "$@"
}

expect_peak() { # expect_peak KIB: after it
	[[ "$output" =~ peak\ ([0-9]+)\ KiB ]] || fail "$output"
	grep -q __asan_init "$PAENE_BUILD/paene" && return # a sanitizer has memory of its own
	[ "${BASH_REMATCH[1]}" -lt "$1" ] || fail "more than $1 KiB:" "$output"
}

logged() { # logged CONTAINER WORD: has it said that?
	paene logs "$1" | grep -q "$2"
}

# After `run`: not a crash, and where it failed, it says why.
expect_refused() {
	[ "$status" -ge 1 ] && [ "$status" -lt 128 ] || fail "status $status: not refused; output:" "$output"
	[ -n "$output" ] || fail "refused without a word"
	expect_no_secret
}

expect_refused_or_contained() {
	[ "$status" -lt 128 ] || fail "status $status; output:" "$output"
	[ "$status" = 0 ] || [ -n "$output" ] || fail "status $status without a word"
	expect_no_secret
}

expect_none() { # expect_none PATTERN FILE: no line of it
	if grep -E "$1" "$2"; then
		fail "that is in ${2##*/}, and should not be"
	fi
}

expect_no_secret() {
	[[ "$output" != *TOPSECRET* ]] || fail "the secret came out:" "$output"
}

expect_not_in_output() {
	[[ "$output" != *"$1"* ]] || fail "not expected in the output: $1" "output:" "$output"
}

security_setup() {
	needs_root
	V
	b=$BATS_TEST_TMPDIR/b
	oci list >/dev/null # the folder of states
	mkdir -p /sys/fs/cgroup/paene-oci
	wait_until 3 no_link_is_going
	S >"$BATS_TEST_TMPDIR/safe.before"
}

no_link_is_going() { # one of what ran before is not to be missed when it has gone
	leaks >"$BATS_TEST_TMPDIR/leaks.before"
	! grep -q '^link pv' "$BATS_TEST_TMPDIR/leaks.before"
}

security_teardown() {
	expect_safe
	wait_until 3 leaks_are_as_before || fail "left behind (>), or missing (<):" \
		"$(diff "$BATS_TEST_TMPDIR/leaks.before" "$BATS_TEST_TMPDIR/leaks.after")"
}

leaks_are_as_before() { # what ends by itself a moment later has its time
	leaks >"$BATS_TEST_TMPDIR/leaks.after"
	cmp -s "$BATS_TEST_TMPDIR/leaks.before" "$BATS_TEST_TMPDIR/leaks.after"
}

expect_safe() {
	S >"$BATS_TEST_TMPDIR/safe.after"
	cmp -s "$BATS_TEST_TMPDIR/safe.before" "$BATS_TEST_TMPDIR/safe.after" || fail "not safe: gone (<), or new (>):" \
		"$(diff "$BATS_TEST_TMPDIR/safe.before" "$BATS_TEST_TMPDIR/safe.after")"
}

delete_all() { # containers, and images but for the file's own
	local id
	for id in $(oci list -q); do
		oci delete --force "$id"
	done
	[ -e "$PAENE_DATA/images" ] || return 0
	paene rm --force --all --volumes >/dev/null
	paene images --format json | jq -r '.[] | select(.Names | index("localhost/busybox:1") | not).Id' | while read -r id; do
		paene rmi --force "$id" >/dev/null
	done
}
