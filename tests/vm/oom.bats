# SPDX-License-Identifier: Apache-2.0
# Memory that runs out in a container: it is told while the others go on, and recorded however the container ends.
# The machine is emulated: nothing here expects a speed.
load ../lib/common

image=localhost/busybox:1

setup_file() {
	type -P paene >/dev/null || return 0 # each test then says why it is skipped
	load_busybox
}

setup() {
	needs_program paene
	needs_controller memory
	paene run -dq --name neighbour --network none -m 32m $image sleep 10000
	begin=$(date +%s.%N)
}

teardown() {
	[ "$(field neighbour .State.Status)" = running ] || fail "the neighbour was hit"
	[ "$(field neighbour .State.OOMKilled)" = false ] || fail "the neighbour was hit"
	[ "$(told neighbour)" = "" ] || fail "the neighbour was hit"
	paene rm -f neighbour victim || true
}

field() { # field NAME JQ-PATH: of `paene inspect`
	paene inspect "$1" | jq -r ".[0]$2"
}

# "STATUS STATUS …" of what was told of a container in this test. The kernel counts each process that it kills, and tells of
# several at once where they come fast: "oom" in a row is one here.
told() { # told NAME
	paene events --no-stream --since "$begin" -f "container=$1" --format '{{.Status}}' | uniq | tr '\n' ' '
}

died() { # died NAME JQ-FILTER: of the event
	paene events --no-stream --since "$begin" -f "container=$1" -f event=died --format json | jq -e "$2"
}

has_told() { # has_told NAME STATUS
	[[ " $(told "$1")" == *" $2 "* ]]
}

start_victim() { # start_victim OPTION… -- COMMAND…
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	paene run -dq --name victim --network none -m 32m "${options[@]}" $image "$@"
}

stays='while :; do sleep 1; done'

@test "in the foreground" {
	run paene run -q --name victim --network none -m 32m $image sh -c 'tail /dev/zero; echo survived'
	expect_status 137
	[ "$(told victim)" = "create start oom died " ]
	died victim '.ContainerExitCode == 137 and .Attributes.oomKilled == "true"'
	[ "$(field victim .State.OOMKilled)" = true ]
	[ "$(field victim .State.ExitCode)" = 137 ]
}

@test "in the foreground, with --rm: the event is what stays" {
	run paene run -q --rm --name victim --network none -m 32m $image tail /dev/zero
	expect_status 137
	[ "$(told victim)" = "create start oom died remove " ]
	died victim '.Attributes.oomKilled == "true"'
}

@test "detached" {
	start_victim -- sh -c 'sleep 1; tail /dev/zero'
	[ "$(paene wait victim)" = 137 ]
	[ "$(told victim)" = "create start oom died " ]
	died victim '.ContainerExitCode == 137 and .Attributes.oomKilled == "true"'
	[ "$(field victim .State.OOMKilled)" = true ]
}

@test "detached, with --rm, and one that ends well: no memory has run out there" {
	start_victim --rm -- tail /dev/zero
	gone() { has_told victim remove; }
	wait_until 120 gone
	[ "$(told victim)" = "create start oom died remove " ]
	run paene run -q --rm --name other --network none -m 32m $image true
	died other '.Attributes.oomKilled == "false"'
	run paene run -q --rm --name killed --network none -m 32m $image sh -c 'kill -KILL $$; exit 137'
	expect_status 137
	died killed '.Attributes.oomKilled == "false"'
}

@test "without --oom-group one process of it is killed, the container goes on, and who follows hears of it at once" {
	"$PAENE_BUILD/paene" --root "$PAENE_DATA" --runroot "$PAENE_RUN" events --since "$begin" --format '{{.Status}} {{.Name}}' \
		>"$BATS_TEST_TMPDIR/followed" 3>&- &
	local follower=$!
	start_victim --oom-group=false -- sh -c "$stays"
	heard() { grep -q '^oom victim' "$BATS_TEST_TMPDIR/followed"; }
	[ "$(field victim .State.OOMKilled)" = false ]
	run ! heard
	run paene exec victim tail /dev/zero
	expect_status 137
	wait_until 120 heard
	kill "$follower"
	[ "$(field victim .State.Status)" = running ]
	[ "$(field victim .State.OOMKilled)" = true ]
	paene stop -t 0 victim
	died victim '.Attributes.oomKilled == "true"'
	[ "$(field victim .State.OOMKilled)" = true ]
	paene start victim # another run: what was before does not count
	[ "$(field victim .State.OOMKilled)" = false ]
	paene stop -t 0 victim
	[ "$(field victim .State.OOMKilled)" = false ]
}

@test "a process of exec that takes all the memory" {
	start_victim --oom-group=false -- sh -c "$stays"
	run paene exec victim tail /dev/zero
	expect_status 137
	oom_told() { has_told victim oom; }
	wait_until 60 oom_told
	[ "$(field victim .State.Status)" = running ]
	paene rm -f victim
	died victim '.Attributes.oomKilled == "true"'
}

@test "below: in a cgroup that the container has made" {
	start_victim --oom-group=false -- sh -c "$stays"
	local cgroup
	cgroup=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(field victim .State.Pid)/cgroup")
	mkdir "$cgroup/below"
	sh -c "echo \$\$ >$cgroup/below/cgroup.procs && exec tail /dev/zero" || true
	oom_told() { has_told victim oom; }
	wait_until 60 oom_told
	[ "$(field victim .State.Status)" = running ]
}

@test "a monitor that was killed: what the kernel has counted is recorded all the same" {
	local id
	id=$(start_victim -- sh -c 'sleep 3; tail /dev/zero')
	kill -KILL "$(pgrep -f "paene-monitor.*$id")"
	ended() { [ "$(field victim .State.Status)" = exited ]; }
	wait_until 240 ended
	[ "$(field victim .State.OOMKilled)" = true ]
	died victim '(has("ContainerExitCode") | not) and .Attributes.oomKilled == "true"'

	begin=$(date +%s.%N)
	paene rm victim
	id=$(start_victim --rm --oom-group=false -- sh -c "tail /dev/zero; echo done; $stays")
	kill -KILL "$(pgrep -f "paene-monitor.*$id")"
	local events
	events=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(field victim .State.Pid)/cgroup")/memory.events
	wait_until 120 grep -q '^oom_kill [1-9]' "$events"
	paene rm -f victim
	died victim '.Attributes.oomKilled == "true"'
}

@test "restarted by its policy: each run is told of" {
	run paene run -q --name victim --network none -m 32m --restart on-failure:1 $image tail /dev/zero
	expect_status 137
	[ "$(told victim)" = "create start oom died start restart oom died " ]
}

@test "the monitor stays small, and alone, while it watches" {
	local id monitor dirty
	id=$(start_victim --oom-group=false -- sh -c "tail /dev/zero; tail /dev/zero; $stays")
	twice() { [ "$(paene events --no-stream --since "$begin" -f container=victim -f event=oom | wc -l)" -ge 2 ]; }
	wait_until 240 twice
	monitor=$(pgrep -f "paene-monitor.*$id")
	[ "$(wc -l <<<"$monitor")" = 1 ]
	[ "$(ps -o pid= --ppid "$monitor" | tr -d ' ')" = "$(field victim .State.Pid)" ]
	dirty=$(awk '/^Private_Dirty:/ {print $2}' "/proc/$monitor/smaps_rollup")
	echo "$dirty KiB"
	[ "$dirty" -le 150 ]
}
