#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene stats, and the numbers that `inspect` has of a run. What needs controllers: tests/vm/stats.bats.

load ../lib/common
load life

spin='while :; do :; done'

stats() { # stats OPTION…: once
	paene stats --no-stream "$@"
}

# In the background, where $! is its own number: output to FILE.
stream_to() { # stream_to FILE OPTION…
	local file=$1
	shift
	"$PAENE_BUILD/paene" --root "$PAENE_DATA" --runroot "$PAENE_RUN" stats --interval 0.1 "$@" >"$file" 3>&- &
	stream=$!
}

# A terminal that has bars, and a command at it.
at_terminal() { # at_terminal STEP… -- OPTION…
	local steps=()
	while [ "$1" != -- ]; do
		steps+=("$1")
		shift
	done
	shift
	TERM=xterm LC_ALL=C.UTF-8 NO_COLOR=1 "$tests/lib/terminal" "${steps[@]}" -- \
		"$PAENE_BUILD/paene" --root "$PAENE_DATA" --runroot "$PAENE_RUN" stats "$@"
}

@test "all that run, the newest first; --all: the others, too" {
	start_box old -- sleep 1000
	start_box new -- sleep 1000
	paene create --name made --network none "$image" true >/dev/null
	run stats --format '{{.Name}}'
	expect_status 0
	expect_output $'new\nold'
	run stats --all --format '{{.Name}} {{.PIDs}} {{.CPUPerc}}'
	[ "${lines[0]}" = "made null --" ]
	[ "${#lines[@]}" = 3 ]
	run stats
	[[ "${lines[0]}" =~ ^ID\ +NAME\ +CPU\ %\ +MEM\ USAGE\ /\ LIMIT\ +MEM\ %\ +SWAP\ +NET\ I/O\ +BLOCK\ I/O\ +PIDS\ +PRESSURE$ ]] ||
		fail "$output"
	local id
	id=$(field new .Id)
	[[ "${lines[1]}" == "${id:0:12}  new "* ]] || fail "$output"
	run stats --no-trunc new
	[[ "${lines[1]}" == "$id  new "* ]] || fail "$output"
	[ "${#lines[@]}" = 2 ]
}

@test "nothing runs: only titles; json has an empty list" {
	run stats
	expect_status 0
	[ "${#lines[@]}" = 1 ]
	[ "$(stats --format json | jq length)" = 0 ]
}

@test "who is busy is seen to be busy" {
	start_box busy -- sh -c "$spin"
	start_box idle -- sleep 1000
	busy() { stats --format json | jq -e '(.[] | select(.Name == "busy") | .CPU) > 5'; }
	wait_until 30 busy
	stats --format json | jq -e '.[] | select(.Name == "idle") | .CPU < 5 and .PIDs == 1 and .CPUNano > 0'
	stats busy --format json | jq -e '.[0] | .CPUPerc == "\(.CPU * 100 | round / 100)%" or (.CPUPerc | endswith("0%"))'
	stats busy --format json | jq -e '.[0].AVGCPU != "--" and .[0].UpTime != "--"'
}

@test "many containers: more descriptors than the shell would allow" {
	local n
	for n in 1 2 3 4; do
		start_box "box$n" -- sleep 1000
	done
	(
		ulimit -Sn 24
		[ "$(stats --format '{{.CPUNano}}' | grep -vc null)" = 4 ]
	)
}

@test "a container whose end nobody has put in order does not run" {
	start_box box -- sleep 1000
	start_box other -- sleep 1000
	local pid
	pid=$(field box .State.Pid)
	kill -KILL "$(ps -o ppid= -p "$pid" | tr -d ' ')" # its monitor
	kill -KILL "$pid"
	ended() { [ "$(stats --format '{{.Name}}')" = other ]; }
	wait_until 10 ended
}

@test "processes are counted" {
	start_box several -- sh -c 'sleep 1000 & sleep 1000 & wait'
	three() { [ "$(stats --format '{{.PIDs}}' several)" = 3 ]; }
	wait_until 10 three
}

@test "what no controller counts is not 0" {
	start_box box -- sleep 1000
	local keys
	grep -qw memory /sys/fs/cgroup/cgroup.controllers && skip "cgroup2 has the memory controller here: see tests/vm"
	run stats --format '{{.MemUsage}} {{.MemPerc}} {{.SwapUsage}} {{.BlockIO}} {{.MemLimit}}' box
	expect_output "-- -- -- -- null"
	keys=$(stats --format json box | jq -c '.[0] | [.MemUsageBytes, .SwapBytes, .BlockInput, .KSMSaved]')
	[ "$keys" = "[null,null,null,null]" ]
}

@test "network: bytes of the container's own links; none of the host's" {
	paene run -dq --name wired "$image" sleep 1000
	start_box alone -- sleep 1000
	paene run -dq --name host --network host "$image" sleep 1000
	[ "$(stats --format '{{.NetIO}}' alone)" = "0B / 0B" ]
	[ "$(stats --format '{{.NetIO}} {{.NetInput}}' host)" = "-- null" ]
	local ip
	ip=$(field wired .NetworkSettings.IPAddress)
	for _ in 1 2 3; do
		printf '%01000d' 0 >"/dev/udp/$ip/9" || true # nobody listens: the container's kernel says so
	done
	stats --format json wired | jq -e '.[0] | .NetInput >= 1000 and .NetOutput > 0'
	stats --format json wired | jq -e '.[0] | .Network.eth0.RxBytes >= 1000 and (.Network | keys) == ["eth0"]'
}

@test "pressure: three shares of time" {
	start_box box -- sleep 1000
	[ -e /proc/pressure/cpu ] || skip "this kernel has no pressure information"
	[[ "$(stats --format '{{.Pressure}}' box)" =~ ^[0-9]+\.[0-9]/[0-9]+\.[0-9]/[0-9]+\.[0-9]$ ]]
	stats --format json box | jq -e '.[0] | [.CPUPressure, .MemPressure, .IOPressure] | all(type == "number")'
}

@test "a container that is paused is there, and uses nothing" {
	start_box box -- sh -c "$spin"
	paene pause box
	[ "$(stats --format '{{.Name}} {{.CPUPerc}}' box)" = "box 0.00%" ]
}

@test "names: unknown, not running, several" {
	start_box one -- sleep 1000
	paene create --name made --network none "$image" true >/dev/null
	run stats nobody one
	expect_status 1
	expect_output 'paene stats: no such container: nobody; `paene ps -a` lists all'
	run stats made
	expect_status 1
	expect_output 'paene stats: container made is not running: it is created'
	run stats --all made one --format '{{.Name}}'
	expect_status 0
	expect_output $'made\none'
	local id
	id=$(field one .Id)
	run stats "${id:0:8}" one one --format '{{.Name}}'
	expect_output one
}

@test "--interval and --format: nonsense is refused in a line" {
	local value
	for value in 0 0.01 -1 x "" 1e9 86401 "1 "; do
		run stats --interval "$value"
		expect_status 1
		expect_output "paene stats: --interval $value: seconds, please, from 0.1 to 86400"
	done
	run stats --format nonsense
	expect_status 1
	expect_in_output "it is table, json, or a template"
	start_box one -- sleep 1000
	run stats --format '{{.Nope}}'
	expect_status 1
	expect_in_output 'there is nothing at ".Nope"'
}

@test "a stream: table after table, with whoever is there then, until somebody ends it" {
	start_box first -- sleep 1000
	stream_to "$BATS_TEST_TMPDIR/seen" --format '{{.Name}}'
	has_seen() { grep -q "^$1\$" "$BATS_TEST_TMPDIR/seen"; }
	wait_until 10 has_seen first
	! has_seen second || fail "it was not yet to be seen"
	start_box second -- sleep 1000
	wait_until 10 has_seen second
	paene rm -f first >/dev/null
	: >"$BATS_TEST_TMPDIR/seen"
	only_second() { has_seen second && : >"$BATS_TEST_TMPDIR/seen"; }
	wait_until 10 only_second
	wait_until 10 only_second
	wait_until 10 has_seen second
	! has_seen first || fail "it was not to be seen any more"
	paene rm -f second >/dev/null
	start_box third -- sleep 1000
	wait_until 10 has_seen third
	kill -INT "$stream"
	wait "$stream"
}

@test "a stream of names: one that runs again is seen again; when they are removed it ends" {
	start_box box -- sleep 1000
	stream_to "$BATS_TEST_TMPDIR/seen" --format '{{.Name}} {{.PIDs}}' box
	last_is() { [ "$(tail -n 1 "$BATS_TEST_TMPDIR/seen")" = "$1" ]; }
	wait_until 10 last_is "box 1"
	paene stop -t 0 box
	wait_until 10 last_is "box null"
	paene start box
	wait_until 10 last_is "box 1"
	paene rm -f box >/dev/null
	wait "$stream"
}

@test "at a terminal: drawn over and over in its place, with bars; Ctrl-C leaves it as it was" {
	needs_program python3
	start_box box -- sh -c "$spin"
	run at_terminal size 24 200 see "PRESSURE" see box see $'\033[2A' see box see $'\033[2A' see █ see $'\033[2A' type '\x03' -- -i 0.1
	expect_status 0
	expect_in_output "[restored]"
	[[ "$output" =~ CPU\ %\ +CPU\  ]]
	run at_terminal see NAME see box type '\x03' -- -i 0.1 --no-reset
	expect_status 0
	[[ "$output" != *$'\033'* ]] || fail "the cursor was moved"
	LC_ALL=C run env LC_ALL=C TERM=xterm "$tests/lib/terminal" see NAME see box see box see '#' type '\x03' -- \
		"$PAENE_BUILD/paene" --root "$PAENE_DATA" --runroot "$PAENE_RUN" stats -i 0.1
	expect_status 0
}

@test "at a narrow terminal: fewer columns, the more important ones; --no-trunc: all" {
	needs_program python3
	start_box box -- sleep 1000
	local columns line
	for columns in 30 60 80 100 132; do
		run at_terminal size 24 $columns see NAME see box see NAME see box type '\x03' -- -i 0.1
		expect_status 0
		expect_in_output "CPU %"
		while read -r line; do
			line=${line#$'\033[2A'}
			line=${line#$'\033[J'}
			[ ${#line} -le $columns ] || fail "${#line} of $columns: $line"
		done < <(grep NAME <<<"$output")
	done
	run at_terminal size 24 40 see PRESSURE see box type '\x03' -- -i 0.1 --no-trunc
	expect_status 0
}

@test "at a low terminal: as many as fit, and how many more there are" {
	needs_program python3
	local n
	for n in 1 2 3 4 5; do
		start_box "box$n" -- sleep 1000
	done
	run at_terminal size 6 80 see box5 see "… and 2 more" see $'\033[5A' type '\x03' -- -i 0.1
	expect_status 0
	[[ "$output" != *box1* ]]
}

@test "inspect: what this run has used, and the last one that ended" {
	start_box box -- sh -c "$spin"
	used() { paene inspect box | jq -e '.[0].Usage | .CpuMicroseconds > 50000 and .CpuUserMicroseconds > 0 and .StartedAt != ""'; }
	wait_until 30 used
	paene inspect box | jq -e '.[0].LastUsage | .CpuMicroseconds == null and .StartedAt == "" and .FinishedAt == ""'
	paene stop -t 0 box
	paene inspect box | jq -e '.[0] | .LastUsage.CpuMicroseconds > 50000 and .LastUsage.FinishedAt == .State.FinishedAt and
		.LastUsage.StartedAt == .State.StartedAt and .Usage.CpuMicroseconds == null and .Usage.StartedAt == ""'
	# a number that is not counted here is null, and a key all the same
	paene inspect box | jq -e '.[0].LastUsage | has("MemoryPeak") and has("SwapPeak") and has("PidsPeak") and has("OOMKills") and
		has("CpuThrottledMicroseconds") and has("BlockInput") and has("BlockOutputOps")'
	local first
	first=$(field box .LastUsage.FinishedAt)
	paene start box
	[ "$(field box .LastUsage.FinishedAt)" = "$first" ] # until the next end
}

@test "a container that could not be started has used nothing" {
	paene create --name broken --network none "$image" nosuch >/dev/null
	run paene start broken
	[ "$status" -ne 0 ]
	paene inspect broken | jq -e '.[0].LastUsage.CpuMicroseconds == null'
}
