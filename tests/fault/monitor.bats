# SPDX-License-Identifier: Apache-2.0
# A monitor that was killed: its container is not lost.
load lib

setup_file() {
	has_corner || return 0
	load_busybox
	paene run --rm $image true
}

setup() {
	needs_root
	leak_check_before
	paene run -d --name web $image "${payload:-sleep}" 1000 3>&-
	monitor=$(monitor_of web)
	kill -KILL "$monitor"
	wait_until 5 has_ended "$monitor"
}

teardown() {
	paene rm -f -a
	leak_check_after
}

has_ended() { # has_ended PID; a zombie has
	! grep -q '^State:	[^ZX]' "/proc/$1/status" 2>/dev/null
}

# Its first process ends by itself, as far as anyone can see.
end_web() {
	kill -KILL "$(paene inspect web | jq '.[0].State.Pid')"
}

@test "without its monitor a container is shown as running" {
	[ "$(paene ps --format '{{.Names}} {{.State}}')" = "web running" ]
	[ "$(status_of web)" = running ]
	paene exec web true
}

@test "without its monitor a container can be stopped" {
	run paene stop -t 0 web
	expect_status 0
	[ "$(status_of web)" = exited ]
}

@test "without its monitor a container can be killed, and waited for" {
	paene kill web
	run timeout 120 "$PAENE_BUILD/paene" --root "$PAENE_DATA" --runroot "$PAENE_RUN" wait web
	expect_status 0
	expect_output 255
}

@test "without its monitor a running container is removed by rm -f alone" {
	run paene rm web
	expect_status 1
	expect_in_output "is running"
	run paene rm -f web
	expect_status 0
	[ -z "$(paene ps -aq)" ]
}

@test "one that ends without its monitor is shown as exited, with a note" {
	end_web
	wait_until 5 ended
	[ "$(paene inspect web | jq -r '.[0].State.ExitCode')" = 255 ]
	[[ "$(paene inspect web | jq -r '.[0].State.Error')" == *"its monitor was killed"* ]]
}

ended() {
	[ "$(paene ps -a --format '{{.State}}')" = exited ]
}

@test "what one took that ended without its monitor is given back by the next command" {
	end_web
	wait_until 5 ended
	[ -z "$(ls -A "$PAENE_DATA/idranges" "$PAENE_DATA/networks/paene/leases" | grep -v :)" ]
	[ -z "$(find /sys/fs/cgroup/paene -mindepth 1 -type d)" ]
}

@test "one that ended without its monitor can be started again, and has a monitor then" {
	end_web
	wait_until 5 ended
	paene start web 3>&-
	[ "$(status_of web)" = running ]
	monitor_of web
}

@test "its number in use by another process, a dead container's is not killed" {
	local pid
	pid=$(paene inspect web | jq '.[0].State.Pid')
	end_web
	wait_until 5 has_ended "$pid"
	# what is written down is made to mean a process of ours: number right, start time wrong
	sleep 1000 3>&- &
	sed -i "s/^[0-9]*/$!/" "$PAENE_RUN"/containers/*/init
	run paene kill web
	expect_status 1
	paene rm -f web
	kill -0 $!
	kill $!
}
