# SPDX-License-Identifier: Apache-2.0
# Who a process is and what it may: S19 to S23, S33, S34, S41, S45's limits of users.
load lib

image=localhost/busybox:1

setup_file() {
	needs_root
	load_busybox
	paene run -q --rm --network none $image true # the parent cgroup: it stays
}

setup() {
	needs_program paene paene-oci
	security_setup
}

teardown() {
	delete_all
	security_teardown
}

in_box() { # in_box OPTION… IMAGE COMMAND…
	timeout 120 "$(type -P paene)" --root "$PAENE_DATA" --runroot "$PAENE_RUN" run -q --rm --network none "$@"
}

caps_of() { # caps_of SET: of the status in $output
	sed -n "s/^Cap$1:\t//p" <<<"$output"
}

expect_caps() { # expect_caps SET VALUE…
	local n
	while [ $# -gt 0 ]; do
		n=$(caps_of "$1")
		[ $((16#$n)) = $(($2)) ] || fail "Cap$1 is $n, expected $2"
		shift 2
	done
}

tight=0x4eb # CHOWN DAC_OVERRIDE FOWNER KILL SETGID SETUID NET_BIND_SERVICE
net_raw=0x2000

@test "S19: inheritable and ambient are empty, and a user has nothing" {
	run in_box $image cat /proc/self/status
	expect_caps Inh 0 Amb 0 Prm $tight Eff $tight Bnd $tight
	run in_box --user 1000 $image cat /proc/self/status
	expect_caps Inh 0 Amb 0 Prm 0 Eff 0 Bnd $tight
	run in_box --cap-add NET_RAW $image cat /proc/self/status
	expect_caps Inh 0 Amb 0 Prm $tight+$net_raw Eff $tight+$net_raw
	run in_box --cap-drop ALL $image cat /proc/self/status
	expect_caps Inh 0 Amb 0 Prm 0 Eff 0 Bnd 0
	run in_box --user 1000 --cap-add NET_RAW $image cat /proc/self/status # asked for by name
	expect_caps Inh $net_raw Amb $net_raw Prm $net_raw Eff $net_raw Bnd $tight+$net_raw
}

@test "S19: the same for exec" {
	paene run -qd --name s19 --network none $image sleep 1000 >/dev/null
	run paene exec s19 cat /proc/self/status
	expect_caps Inh 0 Amb 0 Prm $tight Eff $tight Bnd $tight
	run paene exec -u 1000 s19 cat /proc/self/status
	expect_caps Inh 0 Amb 0 Prm 0 Eff 0 Bnd $tight
}

@test "S19: a bundle has what its configuration says, no more" {
	B "$b" "$(caps CHOWN)" '.process.capabilities |= del(.inheritable, .ambient)' "$(run_with cat /proc/self/status)"
	run oci run --bundle "$b" c1
	expect_caps Inh 0 Amb 0 Prm 1 Eff 1 Bnd 1
	edit '.process.user = {uid: 1000, gid: 1000}'
	run oci run --bundle "$b" c1
	expect_caps Inh 0 Amb 0 Prm 0 Eff 0 Bnd 1 # an exec leaves a user what is ambient
	edit 'del(.process.capabilities)' "$(run_with cat /proc/self/status)"
	run oci run --bundle "$b" c1
	expect_caps Inh 0 Amb 0
}

# Names that look like numbers; in the image's /etc/passwd each of them is another root.
odd_users=(1 1: 1:2 -1 +1 ' 1' 01 0x1 4294967294 4294967295 4294967296 2147483648 18446744073709551616 999999999999 1e0 1_000 ٣)

odd_passwd() {
	local user
	for user in "${odd_users[@]}"; do
		echo "$user:x:0:0:other root:/:/bin/sh"
	done
}

expect_user() { # expect_user USER: after `id -u`: exactly that, or an error
	local number=${1%%:*}
	if [ "$status" = 0 ]; then
		[[ "$number" =~ ^[0-9]+$ ]] || fail "user '$1' became $output"
		[ "$output" = $((10#$number)) ] || fail "user '$1' became $output"
	else
		output+=$stderr
		expect_refused
	fi
}

@test "S20: a user is exactly the number that was given, or refused, for run" {
	local user
	image_with odd-users 'odd_passwd >>etc/passwd'
	for user in "${odd_users[@]}"; do
		run --separate-stderr in_box --user "$user" localhost/odd-users:1 id -u
		expect_user "$user"
	done
	run --separate-stderr in_box --user 1 localhost/odd-users:1 id -u
	expect_output 1
	run in_box --user 4294967294 $image id -u # it is not in the container's range
	expect_refused
}

@test "S20: and for exec" {
	local user
	image_with odd-users 'odd_passwd >>etc/passwd'
	paene run -qd --name s20 --network none localhost/odd-users:1 sleep 1000 >/dev/null
	for user in "${odd_users[@]}"; do
		run --separate-stderr paene exec --user "$user" s20 id -u
		expect_user "$user"
	done
}

@test "S20: and for an image's own USER" {
	local user
	for user in 1 1:2 -1 0x1 4294967296 18446744073709551616 "root " $'root\n'; do
		image_with odd-user 'odd_passwd >>etc/passwd' "User=$(jq -n --arg u "$user" '$u')"
		run --separate-stderr in_box localhost/odd-user:1 id -u
		expect_user "$user"
		done
}

@test "S20: a configuration's ids are whole numbers that fit" {
	local id
	B "$b" "$(run_with id -u)"
	for id in -1 4294967295 4294967296 18446744073709551616 1.5 1e1 '"1"' true '[1]' '{}'; do # null is "not given": 0, as with runc and crun
		edit ".process.user.uid = 7"
		sed -i "s/\"uid\": 7/\"uid\": $id/" "$b/config.json" # jq would round it
		run oci run --bundle "$b" c1
		expect_refused
		sed -i "s/\"uid\": $id/\"uid\": 7/" "$b/config.json"
	done
}

@test "S21: the primary group is among the others: what is denied to it stays denied" {
	image_with denied 'mkdir d; echo secret >d/f; chgrp -R 44 d; chmod 0707 d/f'
	run in_box --user 1000:44 localhost/denied:1 sh -c 'grep "^Groups:.*\<44\>" /proc/self/status'
	expect_status 0
	run in_box --user 1000:44 localhost/denied:1 cat /d/f
	expect_status 1
	run in_box --user app localhost/denied:1 cat /d/f # who is in it by /etc/group
	expect_status 1
	run in_box --user 1000:45 localhost/denied:1 cat /d/f # everybody else may
	expect_output secret
	paene run -qd --name s21 --network none localhost/denied:1 sleep 1000 >/dev/null
	run paene exec -u 1000:44 s21 cat /d/f
	expect_status 1
}

@test "S21: a user's own user namespace cannot leave groups" {
	B "$b" "$rootless" "$(shell 'cat /proc/self/setgroups')"
	run run_rootless "$b"
	expect_status 0
	expect_output deny
}

@test "S22: accounts that are no files, or too large, end quickly and show nothing of this machine" {
	local how
	local -A change=(
		[fifo]='rm etc/passwd; mkfifo etc/passwd'
		[environ]='ln -sf /proc/self/environ etc/passwd'
		[zero]='ln -sf /dev/zero etc/passwd'
		[mem]='ln -sf /proc/kmsg etc/passwd'
		[outside]="ln -sf /../../../../../../..$victim/secret etc/passwd"
		[folder]='rm etc/passwd; mkdir etc/passwd'
		[huge]='truncate -s 64M etc/passwd'
		[line]='head -c 7000000 /dev/zero | tr "\0" a >etc/passwd'
		[groups]='yes g:x:7:app | head -n 500000 >etc/group'
		[group-fifo]='rm etc/group; mkfifo etc/group'
		[binary]='head -c 100000 /dev/urandom >etc/passwd'
	)
	for how in "${!change[@]}"; do
		image_with "s22-$how" "${change[$how]}"
		SENTINEL=TOPSECRET run paene_peak run -q --rm --network none --user x "localhost/s22-$how:1" true
		[ "$status" = 125 ] || fail "$how: status $status" "$output"
		expect_refused
		expect_peak 32768
		[ ${#output} -lt 1000 ] || fail "$how: ${#output} characters"
		SENTINEL=TOPSECRET run in_box --user app:x "localhost/s22-$how:1" true
		expect_refused
	done
}

@test "S22: nobody waits for a FIFO of an account file that is not needed" {
	image_with s22-group 'rm etc/group; mkfifo etc/group'
	run in_box --user 0 localhost/s22-group:1 true
	[ "$status" != 124 ]
	run in_box --user 5:5 localhost/s22-group:1 id -u
	[ "$status" != 124 ]
}

@test "S23: a line break in a value does not become a line of a file" {
	local evil=$'x\nroot2::0:0::/:/bin/sh' passwd
	passwd=$(cat "$(busybox_rootfs)/etc/passwd")
	run in_box --env "HOME=/$evil" $image cat /etc/passwd
	expect_output "$passwd"
	image_with s23 true "Env=$(jq -n --arg e "$evil" '["HOME=/" + $e, "PATH=/bin"]')"
	run in_box localhost/s23:1 cat /etc/passwd
	expect_output "$passwd"
	local option
	for option in "--hostname=$evil" "--add-host=$evil:1.2.3.4" "--add-host=name:1.2.3.4"$'\n'"6.6.6.6 other" "--user=$evil" \
			"--name=$evil"; do
		run in_box "$option" $image cat /etc/hosts
		expect_refused
	done
}

@test "S23: a host name of a configuration is one word of /etc/hostname and no more" {
	B "$b" ".hostname = \"x\\nroot2::0:0\"" "$(run_with cat /etc/hostname /etc/hosts /etc/passwd)"
	run oci run --bundle "$b" c1
	expect_not_in_output $'\nroot2'
}

@test "S33: no program of ours is set-user-ID, and one that is made so does nothing" {
	local program
	[ -z "$(find "$PAENE_BUILD"/paene* -perm /6000)" ]
	mkdir -m 755 "$BATS_TEST_TMPDIR/bin"
	chmod 755 "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR" "$TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_RUN_TMPDIR/file"
	cp "$PAENE_BUILD"/{paene,paene-oci,paene-worker,paene-monitor} "$BATS_TEST_TMPDIR/bin/"
	chmod 4755 "$BATS_TEST_TMPDIR/bin/"*
	B "$b"
	for program in paene paene-oci; do
		run as_user "$BATS_TEST_TMPDIR/bin/$program" --root "$victim/x" list
		expect_refused
		expect_in_output "set-user-ID"
		run as_user "$BATS_TEST_TMPDIR/bin/$program" --version
		expect_refused
	done
	[ ! -e "$victim/x" ]
}

@test "S34: nothing that a container does types into its caller's terminal" {
	local how inside
	inside=$(probe tiocsti)
	image_with s34 "cp $inside tiocsti"
	paene run -qd --name s34 --network none localhost/s34:1 sleep 1000 >/dev/null
	B "$b" "$(run_with /tiocsti)" "$writable"
	cp "$inside" "$b/rootfs/tiocsti"
	local p="$(type -P paene) --root $PAENE_DATA --runroot $PAENE_RUN"
	for how in "run -q --rm --network none localhost/s34:1 /tiocsti" "run -qt --rm --network none localhost/s34:1 /tiocsti" \
			"run -qi --rm --network none localhost/s34:1 /tiocsti" "run -qit --rm --network none localhost/s34:1 /tiocsti" \
			"exec s34 /tiocsti" "exec -t s34 /tiocsti" "exec -i s34 /tiocsti" "exec -it s34 /tiocsti"; do
		"$tests/security/probes/typed.py" $p $how >"$BATS_TEST_TMPDIR/said"
		cat "$BATS_TEST_TMPDIR/said"
		grep -q 'tiocsti: tried' "$BATS_TEST_TMPDIR/said"
		expect_none '^typed' "$BATS_TEST_TMPDIR/said"
	done
	"$tests/security/probes/typed.py" "$(type -P paene-oci)" --root "$PAENE_RUN/oci" run --bundle "$b" c1 >"$BATS_TEST_TMPDIR/said"
	cat "$BATS_TEST_TMPDIR/said"
	grep -q 'tiocsti: tried' "$BATS_TEST_TMPDIR/said"
	expect_none '^typed' "$BATS_TEST_TMPDIR/said"
}

@test "S34: the test's terminal is one that can be typed into" {
	[ "$(cat /proc/sys/dev/tty/legacy_tiocsti)" = 1 ] || skip "this kernel lets nobody type into a terminal"
	TYPED_WAIT=20 "$tests/security/probes/typed.py" "$(probe tiocsti)" >"$BATS_TEST_TMPDIR/said"
	grep -q '^typed' "$BATS_TEST_TMPDIR/said"
}

@test "S41: a set-user-ID file of an image raises nobody" {
	image_with s41 "cp $(probe ids) ids; chmod 4755 ids"
	run in_box --user 1000 localhost/s41:1 /ids
	expect_output "real 1000 effective 1000 saved 1000 no_new_privs 1"
	paene run -qd --name s41 --network none localhost/s41:1 sleep 1000 >/dev/null
	run paene exec -u 1000 s41 /ids
	expect_output "real 1000 effective 1000 saved 1000 no_new_privs 1"
	run in_box --user 1000 --security-opt no-new-privileges=false localhost/s41:1 /ids
	expect_output "real 1000 effective 0 saved 0 no_new_privs 0" # where it was switched off
}
