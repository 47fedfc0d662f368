# SPDX-License-Identifier: Apache-2.0
# Containers of paene where systemd runs: all below one scope that it has delegated, or, on request, a scope for each.
load ../lib/common

image=localhost/busybox:1
home=/sys/fs/cgroup/machine.slice/paene.scope

setup_file() {
	type -P paene >/dev/null || return 0 # each test then says why it is skipped
	load_busybox
}

setup() {
	needs_program paene
}

teardown() {
	systemctl start dbus.socket # one test stops it
	paene rm -f -a
	[ -z "$(systemctl list-units --all --plain --no-legend 'paene-*.scope')" ] || fail "scopes are left"
	[ -z "$(ls -d $home/*/ | grep -v /anchor/)" ] || fail "cgroups are left: $(ls $home)"
}

run_d() { # run_d NAME OPTION…: a container that counts
	paene run --detach --name "$@" $image sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/new; mv /new /count; sleep 0.2; done' >/dev/null
}

systemd() {
	paene --cgroup-manager systemd "$@"
}

property() { # property UNIT NAME
	systemctl show --value --property "$2" "$1"
}

id_of() {
	paene inspect "$1" | jq -r '.[0].Id'
}

cgroup_of() {
	echo "/sys/fs/cgroup$(paene inspect "$1" | jq -r '.[0].CgroupPath')"
}

goes_on() { # goes_on NAME: it counts
	local before
	begun() { [ -n "$(paene exec "$1" cat /count)" ]; }
	wait_until 60 begun "$1"
	before=$(paene exec "$1" cat /count)
	counted() { [ "$(paene exec "$1" cat /count)" -gt "$before" ]; }
	wait_until 60 counted "$1"
}

limits=(cpu.max memory.max memory.swap.max memory.oom.group pids.max cgroup.freeze)

values_of() { # values_of CGROUP: and who is first in it
	(cd "$1" && head "${limits[@]}" ../cgroup.subtree_control && head -n 1 cgroup.procs)
}

@test "all are below one scope of machine.slice, which the first one makes" {
	systemctl stop paene.scope 2>/dev/null || true
	run_d one
	[ "$(cgroup_of one)" = "$home/$(id_of one)" ]
	[ "$(property paene.scope ActiveState)" = active ]
	[ "$(property paene.scope Delegate)" = yes ]
	[ "$(property paene.scope Slice)" = machine.slice ]
	[ "$(property paene.scope TasksMax)" = infinity ]
	[ -z "$(cat $home/cgroup.procs)" ]
	[ "$(cat $home/cgroup.subtree_control)" = "$(cat $home/cgroup.controllers)" ]
	[ "$(cat "$(cgroup_of one)/pids.max")" = 2048 ]
	[ "$(paene exec one sed -n s/^0:://p /proc/self/cgroup)" = / ]
	paene rm -f one
	[ "$(property paene.scope ActiveState)" = active ] # the next one finds it
}

@test "the next ones have nothing to say to systemd" {
	needs_program strace
	run_d one
	strace -f -qq -e trace=execve -o "$BATS_TEST_TMPDIR/trace" paene --root "$PAENE_DATA" --runroot "$PAENE_RUN" run --rm $image true
	grep -q execve "$BATS_TEST_TMPDIR/trace"
	run ! grep paene-systemd "$BATS_TEST_TMPDIR/trace"
}

@test "without a bus systemd is asked directly" {
	systemctl stop paene.scope 2>/dev/null || true
	systemctl stop dbus.socket dbus.service
	run paene run --rm --network none $image sed -n s/^0:://p /proc/self/cgroup
	expect_status 0
	expect_output /
	[ -d $home/anchor ]
}

@test "8 at once make one scope" {
	systemctl stop paene.scope 2>/dev/null || true
	local i pids=()
	for i in 1 2 3 4 5 6 7 8; do
		paene run --rm --network none $image sed -n s/^0:://p /proc/self/cgroup >"$BATS_TEST_TMPDIR/$i" 2>&1 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	[ "$(cat "$BATS_TEST_TMPDIR"/[1-8] | sort -u)" = / ] || fail "$(tail -n +1 "$BATS_TEST_TMPDIR"/[1-8])"
	[ "$(wc -l <$home/anchor/cgroup.procs)" = 1 ]
	[ "$(pgrep -c -x paene-init)" = 1 ]
}

@test "limits and processes outlast whatever systemd does: reload, reexec, properties, other units" {
	local before cgroup
	run_d one --memory 64m --pids-limit 50 --cpus 0.5
	run_d two
	paene pause two
	cgroup=$(cgroup_of one)
	before=$(values_of "$cgroup" && values_of "$(cgroup_of two)")
	same() {
		local now
		now=$(values_of "$cgroup" && values_of "$(cgroup_of two)")
		[ "$now" = "$before" ] || fail "after $1:" "$(diff <(echo "$before") <(echo "$now"))"
	}
	systemctl daemon-reload
	same daemon-reload
	systemctl daemon-reexec
	same daemon-reexec
	systemctl set-property --runtime machine.slice CPUWeight=50 MemoryHigh=2G
	same "set-property of the slice"
	systemd-run --quiet --slice machine.slice --unit other --property CPUWeight=20 --property Delegate=yes sleep 1000
	systemd-run --quiet --slice machine.slice --scope --unit third --property IOWeight=20 true
	same "other units of the slice"
	systemctl stop other.service
	systemctl restart systemd-journald.service
	systemctl daemon-reload
	same "other units stopped"
	systemctl revert machine.slice
	[ "$(property paene.scope ActiveState)" = active ]
	goes_on one
	paene unpause two
	goes_on two
	[ "$(paene inspect one two | jq -c 'map(.State.Status)')" = '["running","running"]' ]
}

@test "the process that keeps the scope may be killed: containers go on, and new ones begin" {
	run_d one
	kill -9 "$(cat $home/anchor/cgroup.procs)"
	goes_on one
	run_d two
	goes_on two
	paene rm -f one two
	gone() { [ ! -e $home ]; } # systemd has seen that nobody is left
	wait_until 60 gone
	run_d three
	goes_on three
}

@test "systemctl stop paene.scope ends all of them, and is no obstacle to the next" {
	run_d one
	run_d two --restart no
	systemctl stop paene.scope
	ended() { [ "$(paene inspect one two | jq -c 'map(.State.Status)')" = '["exited","exited"]' ]; }
	wait_until 60 ended
	paene start one
	goes_on one
}

@test "--cgroup-parent: any other place" {
	run_d one --cgroup-parent /machine.slice/paene.scope/mine
	[ "$(cgroup_of one)" = "$home/mine/$(id_of one)" ]
	[ "$(cat "$(cgroup_of one)/pids.max")" = 2048 ]
	paene rm -f one
	rmdir $home/mine
}

@test "--cgroup-manager systemd: a scope for each, whose limits systemd knows" {
	systemd run --detach --name one --memory 64m --cpus 0.5 $image sleep 1000
	local unit cgroup before
	unit=paene-$(id_of one).scope
	cgroup=$(cgroup_of one)
	[ "$cgroup" = "/sys/fs/cgroup/machine.slice/$unit" ]
	[ "$(paene inspect one | jq -r '.[0].HostConfig.CgroupManager')" = systemd ]
	[ "$(property "$unit" TasksMax)" = 2048 ]
	[ "$(property "$unit" MemoryMax)" = 67108864 ]
	[ "$(cat "$cgroup/memory.oom.group")" = 1 ]
	before=$(values_of "$cgroup")
	systemctl daemon-reload
	[ "$(values_of "$cgroup")" = "$before" ] || fail "$(values_of "$cgroup")"
	paene pause one
	paene unpause one
	[ "$(paene exec one sed -n s/^0:://p /proc/self/cgroup)" = / ]
	paene restart -t 0 one # by whom it was made is remembered
	[ "$(cgroup_of one)" = "/sys/fs/cgroup/machine.slice/$unit" ]
	paene pause one
	paene rm -f one
	[ ! -e "$cgroup" ]
	[ "$(property "$unit" LoadState)" = not-found ]
}

@test "--cgroup-manager systemd --cgroup-parent: a slice" {
	systemd run --detach --name one --cgroup-parent mine-all.slice $image sleep 1000
	[ "$(cgroup_of one)" = "/sys/fs/cgroup/mine.slice/mine-all.slice/paene-$(id_of one).scope" ]
	paene rm -f one
	run systemd run --rm --cgroup-parent /mine $image true
	expect_status 125
	expect_in_output "systemd wants a slice, NAME.slice"
}

@test "--cgroup-manager systemd: what does not start leaves no scope" {
	run systemd run --rm $image /no/such/command
	expect_status 127
	run systemd run --rm --memory 64m $image true
	expect_status 0
}

@test "--cgroup-manager systemd: 24 made and removed, 4 at once" {
	local i j pids
	for i in 1 2 3 4 5 6; do
		pids=()
		for j in 1 2 3 4; do
			systemd run --rm --network none $image true 3>&- &
			pids+=($!)
		done
		for j in "${pids[@]}"; do wait "$j"; done
	done
	[ -z "$(ls -d /sys/fs/cgroup/machine.slice/paene-*/ 2>/dev/null)" ]
}
