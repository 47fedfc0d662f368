#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene ps: order, columns, keys. Filters: choice.bats; sizes: overlay.bats.

load ../lib/common
load life

names() { # names OPTION…: of all, in one line
	paene ps -a --format '{{.Names}}' "$@" | xargs
}

@test "sorted by what --sort names; the newest first without it" {
	start_box b -- sh -c 'exit 3'
	start_box c -- sleep inf
	paene create -q --name a --network none "$image" false >/dev/null
	paene wait b
	[ "$(names)" = "a c b" ]
	[ "$(names --sort created)" = "a c b" ]
	[ "$(names --sort names)" = "a b c" ]
	[ "$(names --sort command)" = "a b c" ]
	[ "$(names --sort status)" = "a b c" ]
	[ "$(paene ps -aq --no-trunc --sort id)" = "$(paene ps -aq --no-trunc | sort)" ]
	run paene ps --sort nonsense
	expect_status 1
	expect_in_output "--sort nonsense: it is command, created"
}

@test "sorted by how much they have written, as numbers" {
	start_box large -- sh -c 'head -c 12000000 /dev/zero >/x'
	start_box small -- true
	start_box middle -- sh -c 'head -c 900000 /dev/zero >/x'
	paene wait large small middle
	[ "$(names --sort size)" = "small middle large" ]
}

@test "--ns: the numbers of namespaces" {
	start_box up -- sleep inf
	start_box down -- true
	paene wait down
	local pid
	pid=$(field up .State.Pid)
	run paene ps -a --ns
	[[ "${lines[0]}" =~ ^CONTAINER\ ID\ +NAMES\ +PID\ +CGROUPNS\ +IPC\ +MNT\ +NET\ +PIDNS\ +USERNS\ +UTS ]]
	local net
	net=$(readlink "/proc/$pid/ns/net")
	[[ "$output" == *"  up "*" ${net//[^0-9]/} "* ]]
	[ "net:[$(paene ps --ns --format json | jq -r '.[0].Namespaces.Net')]" = "$net" ]
	[ "$(paene ps -a --ns --format json | jq -c '.[0].Namespaces')" = "{}" ]
}

@test "JSON has podman's keys" {
	start_box box -v counter:/count -l role=db -- sh -c 'exit 7'
	paene wait box
	run jq -c '.[0] | [.Names, .Command, .Mounts, .Labels, .State, .Exited, .ExitCode, .Pid, .Ports, .Size, .AutoRemove, .Restarts]' \
		< <(paene ps -a --format json)
	expect_output '[["box"],["sh","-c","exit 7"],["/count"],{"role":"db"},"exited",true,7,0,[],null,false,0]'
	[ "$(paene ps -a --format json | jq -r '.[0].ImageID')" = "$(paene images -q --no-trunc)" ]
	[ "$(paene ps -a --format json | jq '.[0] | .Created <= .StartedAt and .StartedAt <= .ExitedAt')" = true ]
	[[ "$(paene ps -a --format json | jq -r '.[0].CreatedAt')" == *" ago" ]]
}

@test "templates have the columns' texts" {
	start_box box -v counter:/count --expose 80 -- sleep inf
	run paene ps --no-trunc --format '{{.ID}}|{{.Names}}|{{.Command}}|{{.Mounts}}|{{.Ports}}|{{.Size}}|{{.State}}'
	expect_output "$(field box .Id)|box|sleep inf|/count|80/tcp||running"
	[[ "$(paene ps --format '{{.RunningFor}}')" == *" ago" ]]
	[[ "$(paene ps --format '{{.CreatedAt}}')" == 20*T*Z ]]
}

@test "--watch shows them again until somebody stops it" {
	start_box box -- sleep inf
	command paene --root "$PAENE_DATA" --runroot "$PAENE_RUN" ps --watch 1 --format '{{.Names}}' >"$BATS_TEST_TMPDIR/out" &
	local pid=$!
	twice() {
		[ "$(grep -c box "$BATS_TEST_TMPDIR/out")" -ge 2 ]
	}
	wait_until 10 twice
	kill "$pid"
	wait "$pid" || true
	run paene ps --watch 0
	expect_status 1
	expect_in_output "--watch 0: a number of seconds, please"
}

@test "what podman's users type for a state that others keep is understood" {
	start_box box -- sleep inf
	[ "$(paene ps --sync --external --format '{{.Names}}')" = box ]
	[ "$(paene ps --noheading | wc -l)" = 1 ]
}
