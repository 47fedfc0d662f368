# SPDX-License-Identifier: Apache-2.0
# Restart policies: how often, with which pauses, and what ends them.
load ../lib/common
load life

@test "--restart no: once" {
	start_box box -v counter:/count -- sh -c "$(counted 5 true)"
	[ "$(paene wait box)" = 1 ]
	[ "$(runs)" = 1 ]
}

@test "--restart on-failure: until it succeeds" {
	start_box box --restart on-failure -v counter:/count -- sh -c "$(counted 2 'exit 0')"
	[ "$(paene wait box)" = 0 ]
	[ "$(runs)" = 3 ]
	[ "$(field box .RestartCount)" = 2 ]
}

@test "--restart on-failure:TIMES: so many times at most" {
	start_box box --restart on-failure:2 -v counter:/count -- sh -c "$(counted 50 true)"
	[ "$(paene wait box)" = 1 ]
	[ "$(runs)" = 3 ]
}

@test "--restart always: after success too, with pauses that grow" {
	start_box box --restart always -- echo run
	wait_until 20 said_times box 4 run
	paene stop box
	status_is box exited
	run python3 - <<-EOP
		import datetime
		lines = """$(paene logs -t box)""".splitlines()
		times = [datetime.datetime.fromisoformat(line.split()[0][:26].rstrip("Z")) for line in lines[:4]]
		pauses = [(b - a).total_seconds() for a, b in zip(times, times[1:])]
		print(pauses)
		assert all(pause >= least for pause, least in zip(pauses, (0.1, 0.2, 0.4))), "they do not grow"
	EOP
	expect_status 0
}

@test "--restart always: stop ends it, also between two runs" {
	start_box box --restart always -v counter:/count -- sh -c "$(counted 100 true)"
	wait_until 20 ran_times 4 # the pause is 0.8 s now
	paene stop box
	status_is box exited
	local before
	before=$(runs)
	sleep 1
	[ "$(runs)" = "$before" ]
}

@test "--restart always: kill by the stop signal or SIGKILL ends it, by another signal not" {
	start_box box --restart always -- sh -c "$(polite USR1)"
	wait_until 10 has_said box ready
	paene kill -s USR1 box
	wait_until 10 said_times box 2 ready
	paene kill box
	[ "$(paene wait box)" = 137 ]
	status_is box exited
}

@test "--restart always: rm -f ends it, running or between two runs" {
	start_box running --restart always -- sleep 1000
	paene rm -f running
	gone running
	start_box waiting --restart always -v counter:/count -- sh -c "$(counted 100 true)"
	wait_until 20 ran_times 3
	paene rm -f waiting
	gone waiting
}

@test "--restart: a container that was stopped can be started again, and its policy holds again" {
	start_box box --restart always -- sh -c "$(polite USR1)"
	wait_until 10 said_times box 1 ready
	paene stop -t 0 box
	paene start box
	wait_until 10 said_times box 2 ready
	paene kill -s USR1 box
	wait_until 10 said_times box 3 ready
	status_is box running
}

@test "SIGTERM to paene run --restart always ends it: nobody restarts it" {
	command paene --root "$PAENE_DATA" --runroot "$PAENE_RUN" run -q --restart always --network none --name box "$image" \
		sh -c "$(polite TERM)" >"$BATS_TEST_TMPDIR/out" 3>&- &
	wait_until 10 grep -q ready "$BATS_TEST_TMPDIR/out"
	kill -TERM $!
	status=0
	wait $! || status=$?
	[ $status = 5 ]
	status_is box exited
}

@test "what a boot starts again: always, and unless-stopped where the user had not stopped it" {
	start_box always --restart always -- sleep 1000
	start_box running --restart unless-stopped -- sleep 1000
	start_box stopped --restart unless-stopped -- sleep 1000
	start_box once -- sleep 1000
	paene stop -t 0 stopped
	[ "$(paene ps -a --filter should-start-on-boot=true --format '{{.Names}}' | sort | xargs)" = "always running" ]
	local name
	for name in always running once; do # as a crash of the machine does: nobody was asked to stop
		kill -KILL "$(pgrep -f "paene-monitor.*$(field $name .Id)")" "$(field $name .State.Pid)"
		wait_until 10 status_is $name exited
	done
	command paene --root "$PAENE_DATA" --runroot "$PAENE_RUN" \
		$(sed -n 's/^ExecStart=[^ ]* //p' "$tests/../dist/paene-restart.service")
	status_is always running
	status_is running running
	status_is stopped exited
	status_is once exited
	paene stop -t 0 --all
}
