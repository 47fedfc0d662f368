# SPDX-License-Identifier: Apache-2.0
# paene without root: an ordinary user, with subordinate ids. With systemd: tests/vm/rootless.bats.
load ../lib/common
load ../lib/rootless

image=localhost/busybox:1

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	make_dev
	paene load -i /run/paene-test/busybox.tar
	paene run -q --rm --network none "$image" true
}

teardown_file() {
	unmake_dev
}

setup() {
	needs_root
	needs_program newuidmap setpriv
	leak_check_before
}

teardown() {
	paene rm --force --all >/dev/null
	leak_check_after
}

run_it() { # run_it OPTION… IMAGE COMMAND…
	paene run -q --network none "$@"
}

@test "root of a container is the user, other ids are the user's subordinate ones, and files of theirs can be removed" {
	mkdir "$dev_home/shared"
	chown $dev_id "$dev_home/shared"
	run run_it --rm -v "$dev_home/shared:/shared" "$image" sh -c '
		id -u; cat /proc/self/uid_map; touch /shared/root /shared/other; chown 33:44 /shared/other; ls -n /shared'
	expect_status 0
	expect_in_output $'0\n         0          0          1\n         1          1      65536\n'
	[ "$(stat -c %u:%g "$dev_home"/shared/*)" = $'1000032:1000043\n4242:4242' ] || fail "$(ls -n "$dev_home/shared")"
	rm -r "$dev_home/shared"
	run_it --name mine "$image" sh -c 'mkdir -p /a/b; chown -R 33 /a; chmod 700 /a'
	paene rm mine
	[ ! -e "$PAENE_DATA/containers/"* ]
}

@test "in the background: exec, logs, stop, start, rm" {
	run_it -d --name one "$image" sh -c 'trap "exit 3" TERM; echo ready; while :; do sleep 0.1; done'
	wait_until 5 eval 'paene logs one | grep -q ready'
	run paene exec one id -u
	expect_output 0
	run paene exec -u 7 one id -u
	expect_output 7
	paene stop one
	[ "$(paene inspect -f '{{.State.ExitCode}}' one)" = 3 ]
	paene start one
	[ "$(paene ps -q | wc -l)" = 1 ]
	paene rm -f one
	[ "$(paene ps -aq | wc -l)" = 0 ]
}

@test "a restart policy holds without the one who gave it" {
	run_it -d --name again --restart on-failure:2 "$image" false
	paene wait again
	[ "$(paene inspect -f '{{.RestartCount}}' again)" = 2 ]
	[ "$(paene inspect -f '{{.State.ExitCode}}' again)" = 1 ]
}

@test "commit, diff, cp, export, save, load" {
	run_it --name one "$image" sh -c 'echo new >/etc/new; chown 33:44 /etc/new; rm /bin/cat'
	run paene diff one
	expect_output $'C /bin\nD /bin/cat\nC /etc\nA /etc/new'
	paene commit -q one localhost/new:1
	paene save -q -o $dev_home/new.tar localhost/new:1
	paene rmi localhost/new:1
	paene load -q -i $dev_home/new.tar
	run run_it --rm localhost/new:1 sh -c 'ls -ln /etc/new | awk "{ print \$3, \$4 }"; ls /bin/cat'
	expect_status 1
	expect_in_output '33 44'
	paene cp one:/etc/new $dev_home/copy
	[ "$(stat -c %u $dev_home/copy)" = $dev_id ]
	echo back | as_dev tee $dev_home/back >/dev/null
	paene cp $dev_home/back one:/etc/back
	run sh -c 'tar tvf -' < <(paene export one)
	expect_in_output '33/44'
	expect_in_output etc/back
	paene rmi localhost/new:1
	rm $dev_home/new.tar $dev_home/back $dev_home/copy
}

@test "a volume keeps what is written to it" {
	run_it --rm -v kept:/data "$image" sh -c 'echo word >/data/file; chown 5 /data/file'
	run run_it --rm -v kept:/data "$image" cat /data/file
	expect_output word
	rm -r "$PAENE_DATA/volumes/kept"
}

@test "all commands of a user are in one user namespace; where its keeper was killed, the next one makes another" {
	local pid rest namespace
	read -r pid rest <$PAENE_RUN/namespace
	namespace=$(readlink "/proc/$pid/ns/user")
	run_it -d --name one --userns host "$image" sleep 1000
	[ "$(readlink "/proc/$(paene inspect -f '{{.State.Pid}}' one)/ns/user")" = "$namespace" ]
	paene rm -f one
	kill -KILL "$pid"
	wait_until 5 eval '[ ! -e /proc/$pid ]'
	run run_it --rm "$image" echo fine
	expect_output fine
	read -r pid rest <$PAENE_RUN/namespace
	[ "$(cat "/proc/$pid/comm")" = paene-init ]
}

@test "eight commands at once, and nobody is there to keep the namespace: one is made" {
	local pid rest i
	read -r pid rest <$PAENE_RUN/namespace
	kill -KILL "$pid"
	wait_until 5 eval '[ ! -e /proc/$pid ]'
	for i in 1 2 3 4 5 6 7 8; do
		run_it --rm "$image" echo fine >"$BATS_TEST_TMPDIR/$i" 3>&- &
	done
	wait
	[ "$(cat "$BATS_TEST_TMPDIR"/[1-8] | grep -c fine)" = 8 ]
	[ "$(for pid in $(</sys/fs/cgroup/tests/cgroup.procs); do cat "/proc/$pid/comm"; done | grep -c '^paene-init$')" = 1 ]
}

@test "a keeper that has ended, and that nobody waits for, counts as none" {
	local pid rest
	read -r pid rest <$PAENE_RUN/namespace
	kill -KILL "$pid"
	wait_until 5 eval '[ ! -e /proc/$pid ]'
	run as_dev python3 -c '
import ctypes, os, signal, subprocess
ctypes.CDLL(None).prctl(36, 1) # PR_SET_CHILD_SUBREAPER: what it leaves is ours, and we do not look
subprocess.run(["paene", "ps", "-q"], check=True)
keeper = int(open("'$PAENE_RUN'/namespace").read().split()[0])
os.kill(keeper, signal.SIGKILL)
while open(f"/proc/{keeper}/stat").read().split()[2] != "Z":
    pass
subprocess.run(["paene", "ps", "-q"], check=True)
print("fine")'
	expect_output fine
}

@test "a record of the namespace that makes no sense counts as none" {
	local pid rest
	read -r pid rest <$PAENE_RUN/namespace
	kill -KILL "$pid"
	for rest in "" 1 "1 2" "-1 0"$'\n' "$$ 1"$'\n' "999999999999 999999999999999999999999"$'\n'; do
		printf %s "$rest" >$PAENE_RUN/namespace
		run run_it --rm "$image" echo fine
		expect_output fine
		read -r pid rest <$PAENE_RUN/namespace
		kill -KILL "$pid"
		wait_until 5 eval '[ ! -e /proc/$pid ]'
	done
	paene ps -q
}

@test "limits need a cgroup, and without one that is said" {
	run paene run --rm --network none --pids-limit 10 "$image" true
	expect_status 125
	expect_in_output "no cgroup is given to you, and without one there are no limits (pids.max)"
	rm -f $PAENE_RUN/said-unlimited
	run paene run --rm --network none "$image" true
	expect_output "paene: warning: no cgroup is given to you: nothing limits or counts what containers use"
	run paene run --rm --network none "$image" true
	expect_output ""
}

@test "a cgroup that was given to the user is used, and with one more above controllers are, too" {
	local shell=/sys/fs/cgroup/given/shell
	needs_controller hugetlb
	mkdir -p $shell
	echo +hugetlb >/sys/fs/cgroup/cgroup.subtree_control
	echo +hugetlb >/sys/fs/cgroup/given/cgroup.subtree_control
	chown $dev_id /sys/fs/cgroup/given{,/shell}{,/cgroup.procs,/cgroup.subtree_control}
	run bash -c "echo \$\$ >$shell/cgroup.procs; $(declare -f as_dev paene run_it)
		dev_id=$dev_id dev_home=$dev_home dev_run=$dev_run
		run_it --rm --cgroup-conf hugetlb.2MB.max=4194304 $image cat /sys/fs/cgroup/hugetlb.2MB.max
		run_it -d --name one $image sleep 1000 >/dev/null
		paene pause one; paene unpause one; paene rm -f one"
	expect_output $'4194304\none\none\none'
	find /sys/fs/cgroup/given -depth -type d -exec rmdir {} +
	rm -f $PAENE_RUN/said-missing
}

@test "folders: XDG_DATA_HOME and XDG_RUNTIME_DIR; without the latter /tmp, if nobody else is there" {
	run as_dev env XDG_DATA_HOME=$dev_home/data paene info -f '{{.DataRoot}} {{.RunRoot}}'
	expect_output "$dev_home/data/paene $PAENE_RUN"
	[ "$(stat -c %a $dev_home/data/paene)" = 700 ]
	rm -r $dev_home/data
	run as_dev env -u HOME paene ps
	expect_status 1
	expect_in_output "give --root DIR"
	run unshare --mount bash -c "$(declare -f as_dev)
		dev_id=$dev_id dev_home=$dev_home dev_run=
		mount -t tmpfs -o mode=1777 tmpfs /tmp; mount -t tmpfs tmpfs /run/user
		as_dev paene ps -q; stat -c %a:%u /tmp/paene-$dev_id; as_dev paene ps -q
		kill \$(cut -d ' ' -f 1 /tmp/paene-$dev_id/namespace)
		chmod 777 /tmp/paene-$dev_id; as_dev paene ps
		chown 0 /tmp/paene-$dev_id; as_dev paene ps"
	[ "${lines[0]}" = "paene: warning: XDG_RUNTIME_DIR is not set, and you have no folder in /run/user: what runs is on record in /tmp" ]
	[ "${lines[1]}" = 700:$dev_id ]
	[[ "${lines[2]}" == "paene ps: the folder of --runroot is not yours alone; "* ]]
	[[ "${lines[3]}" == "paene ps: "* ]]
}
