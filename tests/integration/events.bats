# SPDX-License-Identifier: Apache-2.0
# paene events: what has happened to containers, images and volumes. Memory that runs out: tests/vm/oom.bats.
load ../lib/common
load life

setup() {
	needs_root
	leak_check_before
	begin=$(date +%s.%N)
}

# "STATUS STATUS …" of what has been told in this test, with these filters.
told() { # told [-f FILTER]…
	paene events --no-stream --since "$begin" --format '{{.Status}}' "$@" | tr '\n' ' '
}

# Events of one kind in this test, as JSON, a line each.
events_of() { # events_of STATUS [-f FILTER]…
	local what=$1
	shift
	paene events --no-stream --since "$begin" --format json -f "event=$what" "$@"
}

follow() { # follow OPTION…: in the background, into $BATS_TEST_TMPDIR/followed
	"$PAENE_BUILD/paene" --root "$PAENE_DATA" --runroot "$PAENE_RUN" events "$@" >"$BATS_TEST_TMPDIR/followed" 3>&- &
	follower=$! # the program itself, to be killed
}

followed() { # followed TEXT
	grep -q -e "$1" "$BATS_TEST_TMPDIR/followed"
}

@test "a run from its beginning to its end" {
	paene run -q --rm --network none "$image" true
	[ "$(told)" = "create start died remove " ]
	begin=$(date +%s.%N)
	run paene run -q --name box --network none "$image" sh -c 'exit 3'
	paene rm box
	[ "$(told)" = "create start died remove " ]
	events_of died | jq -e '.ContainerExitCode == 3 and .Attributes == {"oomKilled": "false"}'
}

@test "a detached run: told by who looks after it" {
	start_box box -- sh -c 'exit 4'
	paene wait box
	[ "$(told)" = "create start died " ]
	events_of died | jq -e '.ContainerExitCode == 4'
}

@test "JSON has the keys of podman" {
	local id
	id=$(start_box box -l team=red -- sleep 1000)
	run events_of start
	[ "${#lines[@]}" = 1 ]
	jq -e --arg id "$id" '.ID == $id and .Name == "box" and .Image == "localhost/busybox:1" and .Type == "container" and
		.Status == "start" and .Attributes == {"team": "red"} and (has("ContainerExitCode") | not)' <<<"$output"
	jq -e --argjson from "${begin%.*}" '.time >= $from and .time == (.timeNano / 1000000000 | floor)' <<<"$output"
}

@test "a line as podman prints it" {
	local id
	id=$(start_box box -l team=red -- true)
	paene wait box
	run paene events --no-stream --since "$begin" -f event=died
	[[ "$output" =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}\ [0-9:]{8}\.[0-9]{9}\ [+-][0-9]{4}\ [^\ ]+\ container\ died\ $id\ \(image=localhost/busybox:1,\ name=box,\ containerExitCode=0,\ oomKilled=false,\ team=red\)$ ]] ||
		fail "$output"
	run paene events --no-stream --since "$begin" -f event=died --no-trunc=false
	expect_in_output " ${id:0:12} ("
}

@test "what is done to a container that runs" {
	start_box box -- sh -c "$(polite TERM)"
	wait_until 10 has_said box ready
	begin=$(date +%s.%N)
	run paene exec box sh -c 'exit 7'
	paene pause box
	paene unpause box
	paene update --restart on-failure box
	paene kill -s USR2 box # does nothing to a first process
	paene kill box
	paene wait box
	paene start box
	wait_until 10 said_times box 2 ready
	paene stop box
	[ "$(told)" = "exec exec_died pause unpause update kill kill died start died stop " ] || # it may be told after what it did
		[ "$(told)" = "exec exec_died pause unpause update kill died kill start died stop " ] || fail "$(told)"
	events_of exec_died | jq -e '.ContainerExitCode == 7'
	events_of kill | jq -es '[.[].Attributes.signal] == ["12", "9"]'
	events_of died | jq -es '[.[].ContainerExitCode] == [137, 5]'
}

@test "a detached exec: its end is nobody's to tell" {
	start_box box -- sleep 1000
	begin=$(date +%s.%N)
	paene exec -d box true
	[ "$(told)" = "exec " ]
}

@test "restart, by the user and by the policy" {
	start_box box -- sleep 1000
	begin=$(date +%s.%N)
	paene restart -t 0 box
	[ "$(told)" = "died stop start restart " ]
	paene rm -f box
	begin=$(date +%s.%N)
	run paene run -q --name box --network none --restart on-failure:1 "$image" false
	[ "$(told)" = "create start died start restart died " ]
}

@test "what did not happen is not told" {
	paene create --name box "$image" true
	begin=$(date +%s.%N)
	run paene pause box
	run paene kill box
	run paene stop box
	run paene exec box true
	run paene start nobody
	run paene rm nobody
	run paene run --network nowhere "$image" true
	[ -z "$(told -f container=box)" ]
	run ! paene run -q --rm --network none "$image" /no/such/program
	[ "$(told -f event=start)$(told -f event=died)" = "" ]
}

@test "a container whose monitor was killed: it died, nobody knows how" {
	local id
	id=$(start_box box -- sh -c "$deaf")
	wait_until 10 has_said box ready
	kill -KILL "$(pgrep -f "paene-monitor.*$id")" "$(field box .State.Pid)"
	settled() { # by a command that finds nobody at it any more
		paene ps -a >/dev/null
		[ "$(told)" = "create start died " ]
	}
	wait_until 10 settled
	status_is box exited
	events_of died | jq -e '(has("ContainerExitCode") | not) and (.Error | test("not known"))'
	paene ps -a
	[ "$(told)" = "create start died " ] # once

	begin=$(date +%s.%N)
	id=$(start_box other --rm -- sh -c "$deaf")
	wait_until 10 has_said other ready
	kill -KILL "$(pgrep -f "paene-monitor.*$id")"
	paene rm -f other
	[ "$(told)" = "create start died remove " ]
}

@test "images and volumes" {
	make_image localhost/other:1 "$BATS_TEST_TMPDIR/other.tar"
	paene load -i "$BATS_TEST_TMPDIR/other.tar"
	paene tag localhost/other:1 second
	paene rmi second localhost/other:1
	[ "$(told -f type=image)" = "loadfromarchive tag untag untag remove " ] || [ "$(told -f type=image)" = "loadfromarchive tag untag untag " ]
	[ "$(paene events --no-stream --since "$begin" -f event=tag --format '{{.Type}} {{.Name}}')" = \
		"image docker.io/library/second:latest" ]
	[ "$(paene events --no-stream --since "$begin" -f event=load --format '{{.ID}}')" = \
		"$(paene events --no-stream --since "$begin" -f event=tag --format '{{.ID}}')" ]
	paene run -q --rm --network none -v counter:/c "$image" true
	paene run -q --rm --network none -v counter:/c "$image" true
	[ "$(paene events --no-stream --since "$begin" -f type=volume --format '{{.Status}} {{.Name}}')" = "create counter" ]
}

@test "--filter: one value of each key must fit" {
	local id
	id=$(start_box one -l team=red -l x -- true)
	start_box two -l team=blue -- true
	paene wait one two
	[ "$(told -f container=one)" = "create start died " ]
	[ "$(told -f "container=${id:0:12}")" = "create start died " ]
	[ "$(told -f container=on)" = "" ]
	[ "$(told -f container=one -f container=two -f event=start)" = "start start " ]
	[ "$(told -f container=one -f event=die -f event=create)" = "create died " ]
	[ "$(told -f label=team -f event=start)" = "start start " ]
	[ "$(told -f label=team=red -f event=start)" = "start " ]
	[ "$(told -f label=team=)" = "" ]
	[ "$(told -f label=x -f container=two)" = "" ]
	[ "$(told -f image=localhost/busybox:1 -f event=create)" = "create create " ]
	[ "$(told -f image=localhost/busybox:2)" = "" ]
	[ "$(told -f type=image)" = "" ]
	[ "$(told -f type=container -f event=die)" = "died died " ]
	[ "$(told -f volume=none)" = "" ]
}

@test "words that do not exist are named, with those that do" {
	run paene events --filter color=red
	expect_status 1
	expect_in_output "container=, image=, volume=, network=, type=, event= or label="
	run paene events -f event=exploded
	expect_status 1
	expect_in_output "died"
	run paene events -f type=car
	expect_status 1
	expect_in_output "container, image, volume or network"
	run paene events --since yesterday
	expect_status 1
	expect_in_output "--since yesterday"
	run paene events --until soon
	expect_status 1
	run paene events --format pretty
	expect_status 1
	expect_in_output "--format pretty"
	run paene events --stream --no-stream
	expect_status 1
	run paene events --no-stream --format '{{.Nothing}}' --since "$begin"
	expect_status 0 # nothing has happened
	run paene events box
	expect_status 125
}

@test "it follows, until --until" {
	follow --since "$begin" --until 1h --format '{{.Status}} {{.Name}}'
	start_box box -- sleep 1000
	wait_until 20 followed "start box"
	paene rm -f box
	wait_until 20 followed "remove box"
	kill "$follower"
	run paene events --since "$begin" --until 100ms --format '{{.Status}}' # ends by itself
	expect_output "create
start
died
remove"
	run paene events --since "$begin" --until "$begin" --format '{{.Status}}'
	expect_output ""
	run paene events --until -1h
	expect_output ""
	run paene events --stream=false --since "$begin" --format '{{.Status}}' -f event=create
	expect_output create
}

@test "without --since what comes is shown, and nothing else" {
	paene create --name old "$image" true
	follow --format '{{.Name}}'
	made_one() { # until the follower has begun
		paene run -q --rm --network none --name new "$image" true
		followed new
	}
	wait_until 20 made_one
	kill "$follower"
	run ! followed old
}

@test "who follows goes on over a journal that is full" {
	follow --since "$begin" --format '{{.Name}}' -f event=create
	start_box box -l "long=$(head -c 60000 /dev/zero | tr '\0' x)" -- sleep 1000
	[ -e "$PAENE_DATA/events" ]
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		paene pause box
		paene unpause box
	done
	paene create --name last "$image" true
	wait_until 20 followed last
	kill "$follower"
	[ -e "$PAENE_DATA/events.1" ]
	[ "$(stat -c %s "$PAENE_DATA/events.1")" -ge 1048576 ]
	[ "$(told -f event=pause | wc -w)" = 10 ]
	[ "$(stat -c %a "$PAENE_DATA/events.1")" = 600 ]
}

@test "text of users obeys nothing on a terminal" {
	start_box box -l "$(printf 'a\033[31m=b\nc\033]0;x\007')" -- true
	paene wait box
	run paene events --no-stream --since "$begin"
	[ "${#lines[@]}" = 3 ]
	[[ "$output" != *$'\033'* && "$output" != *$'\007'* ]] || fail "$output"
	run events_of create
	[ "${#lines[@]}" = 1 ]
	[[ "$output" != *$'\033'* ]] || fail "$output"
}

@test "a journal that cannot be written stops nobody" {
	rm -f "$PAENE_DATA/events" "$PAENE_DATA/events.1"
	mkdir "$PAENE_DATA/events"
	run paene run -q --rm --network none "$image" echo fine
	expect_status 0
	expect_output fine
	rmdir "$PAENE_DATA/events"
	run paene events --no-stream # there is none
	expect_status 0
	expect_output ""
}
