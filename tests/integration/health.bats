# SPDX-License-Identifier: Apache-2.0
# Checks of a container's health: by its monitor's timer and by hand, and what follows from them.
load ../lib/common
load life

health_is() { # health_is CONTAINER WORD
	[ "$(field "$1" .State.Health.Status)" = "$2" ]
}

@test "starting, healthy, unhealthy: by the monitor's own timer, shown by inspect, ps and events" {
	start_box box --health-cmd 'test ! -e /sick || { echo ouch; exit 1; }' --health-interval 200ms --health-retries 2 -- sleep 1000
	wait_until 20 health_is box healthy
	[[ "$(paene ps --format '{{.Status}}')" == *"(healthy)" ]]
	paene exec box touch /sick
	wait_until 20 health_is box unhealthy
	[ "$(field box .State.Health.FailingStreak)" -ge 2 ]
	[[ "$(paene ps --format '{{.Status}}')" == *"(unhealthy)" ]]
	[ "$(paene ps -q --filter health=unhealthy | wc -l)" = 1 ]
	[ "$(paene ps -q --filter health=healthy | wc -l)" = 0 ]
	paene inspect box | jq -e '.[0].State.Health.Log | length <= 5 and (.[-1] | .ExitCode == 1 and .Output == "ouch\n")'
	paene inspect box | jq -e '.[0].Config.Healthcheck | .Interval == 200000000 and .Retries == 2 and .Test[0] == "CMD-SHELL"'
	paene events --no-stream --filter event=health_status --filter container=box --format json | grep -q unhealthy
	paene exec box rm /sick
	[ "$(paene wait --condition healthy -i 50ms box)" = -1 ]
	status_is box running
}

@test "healthcheck run: once, by hand; --health-interval disable leaves it at that" {
	start_box box --health-cmd '["sh", "-c", "exit $(cat /code)"]' --health-interval disable --health-retries 1 -- sh -c 'echo 0 >/code; echo ready; sleep 1000'
	wait_until 10 has_said box ready
	health_is box starting
	paene healthcheck run box
	health_is box healthy
	paene exec box sh -c 'echo 3 >/code'
	run paene healthcheck run box
	expect_status 1
	expect_output unhealthy
	health_is box unhealthy
	paene inspect box | jq -e '.[0].State.Health.Log[-1].ExitCode == 3'
}

@test "a check that takes too long has failed, and is killed; so has one that is not there" {
	start_box box --health-cmd 'echo begun; sleep 1000' --health-interval disable --health-timeout 200ms --health-retries 1 -- sleep 999
	run paene healthcheck run box
	expect_status 1
	paene inspect box | jq -e '.[0].State.Health.Log[-1] | .ExitCode == -1 and .Output == "begun\n"'
	start_box two --health-cmd '["/no/such"]' --health-interval disable -- sleep 999
	run paene healthcheck run two
	expect_status 1
	paene inspect two | jq -e '.[0].State.Health.Log[-1] | .ExitCode == -1 and (.Output | test("no/such"))'
}

@test "failures in the start period do not count" {
	start_box box --health-cmd false --health-interval disable --health-retries 1 --health-start-period 1h -- sleep 1000
	run paene healthcheck run box
	expect_status 1
	health_is box starting
}

@test "--health-on-failure: kill, stop, restart" {
	start_box killed --health-cmd false --health-interval 200ms --health-retries 1 --health-on-failure kill -- sleep 1000
	[ "$(paene wait killed)" = 137 ]
	start_box stopped --health-cmd false --health-interval 200ms --health-retries 1 --health-on-failure stop --stop-signal KILL -- sleep 1000
	paene wait stopped
	start_box again --health-cmd 'test -e /well' --health-interval 200ms --health-retries 1 --health-on-failure restart \
		--stop-signal KILL -v counter:/count -- sh -c 'echo >>/count/runs; [ $(wc -l </count/runs) -lt 2 ] || touch /well; sleep 1000'
	wait_until 20 health_is again healthy
	ran_times 2 || [ "$(wc -l <"$PAENE_DATA/volumes/counter/_data/runs")" -ge 2 ]
}

@test "--health-startup-cmd comes first" {
	start_box box --health-cmd true --health-interval disable --health-startup-cmd 'test -e /up' --health-startup-interval 200ms -- sleep 1000
	run paene healthcheck run box
	expect_output starting
	paene exec box touch /up
	started() { jq -e .started "$PAENE_DATA/containers/$(field box .Id)/health.json"; }
	wait_until 20 started
	health_is box starting
	paene healthcheck run box
	health_is box healthy
}

@test "the image's HEALTHCHECK counts; --no-healthcheck and --health-cmd none leave it out" {
	make_image localhost/sound:1 "$BATS_TEST_TMPDIR/sound.tar" 'Healthcheck={"Test": ["CMD-SHELL", "true"], "Interval": 200000000}'
	paene load -q -i "$BATS_TEST_TMPDIR/sound.tar"
	image=localhost/sound:1 start_box box -- sleep 1000
	wait_until 20 health_is box healthy
	image=localhost/sound:1 start_box none --no-healthcheck -- sleep 1000
	health_is none none
	image=localhost/sound:1 start_box word --health-cmd none -- sleep 1000
	run paene healthcheck run word
	expect_status 125
	expect_in_output "nothing says how container word is to be checked"
	paene rm -f -a >/dev/null
	paene rmi localhost/sound:1
}

@test "wrong words for checks are refused, each with its reason" {
	refused() {
		local words=$1
		shift
		run paene create --network none "$@" "$image" true
		expect_status 125
		expect_in_output "$words"
	}
	refused "--health-interval soon: a length of time" --health-cmd true --health-interval soon
	refused "--health-retries x: a number" --health-cmd true --health-retries x
	refused "it is none, kill, restart or stop" --health-cmd true --health-on-failure panic
	refused "no JSON list" --health-cmd '[true'
	refused "exclude each other" --health-cmd true --no-healthcheck
	refused "--health-cmd, which is not there" --health-startup-cmd true
	refused "nothing says how its health is checked" --sdnotify healthy
	run paene healthcheck run nobody
	expect_status 125
	paene create --name box --health-cmd true --network none "$image" true >/dev/null
	run paene healthcheck run box
	expect_status 125
	expect_in_output "not running"
}

@test "--timeout: killed then" {
	start_box box --timeout 1 -- sleep 1000
	[ "$(paene wait box)" = 137 ]
	run paene run -q --rm --network none --timeout 1 "$image" sleep 1000
	expect_status 137
	run paene run --timeout soon --network none "$image" true
	expect_in_output "--timeout soon: a number"
}

@test "--sdnotify conmon, healthy, container: the service manager is told, and whom to look after" {
	listen() { # listen FILE: what comes to $NOTIFY_SOCKET
		python3 - "$1" <<-'EOP' 3>&- &
			import os, socket, sys
			s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
			s.bind(os.environ["NOTIFY_SOCKET"])
			with open(sys.argv[1], "w") as out:
			    while True:
			        data, fds, *_ = socket.recv_fds(s, 4096, 4)
			        for fd in fds:
			            os.close(fd)
			        print(data.decode(), file=out, flush=True)
		EOP
		listener=$!
		wait_until 10 test -S "$NOTIFY_SOCKET"
	}
	export NOTIFY_SOCKET=$BATS_TEST_TMPDIR/notify
	listen "$BATS_TEST_TMPDIR/said"
	start_box box --sdnotify conmon -- sleep 1000
	wait_until 10 grep -q READY=1 "$BATS_TEST_TMPDIR/said"
	wait_until 10 grep -q "MAINPID=$(pgrep -f "paene-monitor.*$(field box .Id)")" "$BATS_TEST_TMPDIR/said"
	: >"$BATS_TEST_TMPDIR/said"
	start_box two --sdnotify healthy --health-cmd 'test -e /well' --health-interval disable -- sleep 1000
	[ ! -s "$BATS_TEST_TMPDIR/said" ]
	paene exec two touch /well
	paene healthcheck run two
	wait_until 10 grep -q READY=1 "$BATS_TEST_TMPDIR/said"
	: >"$BATS_TEST_TMPDIR/said"
	start_box three --sdnotify container -- sleep 1000
	[ ! -s "$BATS_TEST_TMPDIR/said" ]
	tell() { # as the container's process would, whose socket it is
		python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(sys.argv[1].encode(), sys.argv[2])' \
			"$1" "/proc/$(field three .State.Pid)/root/run/notify/notify.sock"
	}
	tell "STATUS=not yet"
	tell $'READY=1\nSTATUS=it runs'
	wait_until 10 grep -q "MAINPID=$(pgrep -f "paene-monitor.*$(field three .Id)")" "$BATS_TEST_TMPDIR/said"
	run -1 grep STATUS "$BATS_TEST_TMPDIR/said"
	paene exec three sh -c 'exit $(env | grep -c NOTIFY)' # exec is not the service
	kill $listener
}
