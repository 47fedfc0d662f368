# SPDX-License-Identifier: Apache-2.0
# Verbs about several containers at once: --all, --latest, --filter, --cidfile, --ignore; and those about their records.
load ../lib/common
load life

@test "kill, stop, restart, rm: --latest is the one that was made last" {
	start_box one -- sleep 1000
	start_box two -- sleep 1000
	paene pause --latest
	status_is two paused
	status_is one running
	paene unpause -l
	paene restart -l -t 0
	paene kill --latest
	[ "$(paene wait two)" = 137 ]
	status_is one running
	paene rm --latest
	gone two
	paene stop -l -t 0
	status_is one exited
}

@test "--filter chooses by name, label, status; --all leaves out what has nothing to be done to" {
	start_box red --label colour=red -- sleep 1000
	start_box blue --label colour=blue -- sleep 1000
	paene pause --filter label=colour=red
	status_is red paused
	status_is blue running
	paene unpause --all
	status_is red running
	paene stop -t 0 --filter name=^b
	status_is blue exited
	status_is red running
	paene start --filter status=exited
	status_is blue running
	paene kill --all
	paene wait red blue >/dev/null
	paene start --all
	status_is red running
	paene rm -f --filter label=colour
	gone red
	gone blue
}

@test "--cidfile names one; with --ignore neither its file nor the container has to be there" {
	local id
	id=$(start_box box -- sleep 1000)
	echo "$id" >"$BATS_TEST_TMPDIR/cid"
	paene stop -t 0 --cidfile "$BATS_TEST_TMPDIR/cid"
	status_is box exited
	paene rm --cidfile "$BATS_TEST_TMPDIR/cid"
	paene stop --ignore --cidfile "$BATS_TEST_TMPDIR/cid" nobody
	paene rm --ignore --cidfile "$BATS_TEST_TMPDIR/none" nobody
	run paene rm --cidfile "$BATS_TEST_TMPDIR/none"
	[ "$status" -ne 0 ]
	expect_in_output "No such file"
	run paene stop nobody
	expect_status 1
	expect_in_output "no such container: nobody"
}

@test "a choice and names together, an unknown filter, a wrong value: one clear line" {
	run paene stop --all box
	expect_status 1
	expect_in_output "--all leaves no place for names"
	run paene stop
	expect_in_output "name a container"
	run paene stop --filter colour=red
	expect_in_output "--filter colour=red: KEY=VALUE"
	run paene stop --filter status=blue
	expect_in_output "it is created, starting, running"
	run paene stop --filter "name=["
	expect_in_output "regular expression"
	run paene stop --filter before=nobody
	expect_in_output "no such container: nobody"
	run paene stop --all --latest
	expect_in_output "exclude each other"
}

@test "rm -f --time asks first" {
	start_box box -v counter:/count -- sh -c "trap 'echo asked >/count/asked; exit' TERM; echo ready; while :; do sleep 0.05; done"
	wait_until 10 has_said box ready
	paene rm -f -t 60 box
	[ "$(cat "$PAENE_DATA/volumes/counter/asked" "$PAENE_DATA/volumes/counter/_data/asked" 2>/dev/null)" = asked ]
	run paene rm --time 5 box
	expect_in_output "--force alone"
}

@test "start: 126 and 127 for what cannot be executed or is not found, 125 for what does not exist" {
	paene create --name dir --network none "$image" /etc >/dev/null
	paene create --name none --network none "$image" /no/such >/dev/null
	run paene start dir
	expect_status 126
	run paene start none
	expect_status 127
	run paene start nobody
	expect_status 125
}

@test "rename: the new name is its, the old one is free" {
	local id
	id=$(start_box old -- sleep 1000)
	start_box other -- sleep 1000
	paene rename old new
	[ "$(field new .Id)" = "$id" ]
	[ "$(field new .Name)" = new ]
	gone old
	run paene rename new other
	expect_status 1
	expect_in_output 'the container name "other" is in use'
	run paene rename new "no name"
	expect_in_output "container name"
	run paene rename new new
	expect_in_output "already"
	run paene rename nobody x
	expect_in_output "no such container"
	start_box old -- true
	paene wait old
	paene rm -f new
	start_box new -- true # the name was given back
	paene wait new
}

@test "a rename that was killed half-way is finished by the next command" {
	local id
	id=$(start_box box -- sleep 1000)
	ln -s moved "$PAENE_DATA/names/.$id"
	mv "$PAENE_DATA/names/box" "$PAENE_DATA/names/moved"
	[ "$(paene ps --format '{{.Names}}')" = moved ]
	[ ! -L "$PAENE_DATA/names/.$id" ]
	ln -s never "$PAENE_DATA/names/.$id"
	[ "$(paene ps --format '{{.Names}}')" = moved ]
	[ ! -L "$PAENE_DATA/names/.$id" ]
}

@test "container: exists, prune, cleanup, and the verbs that stand alone, too" {
	start_box up -- sleep 1000
	paene container create --name made --network none "$image" true >/dev/null
	start_box ended --label keep -- true
	paene wait ended
	paene container exists up
	run paene container exists nobody
	expect_status 1
	expect_output ""
	run paene container exists "no name"
	expect_status 125
	run paene container cleanup up
	expect_status 125
	expect_in_output "is running"
	paene container cleanup --all
	run paene container prune </dev/null
	expect_in_output "Are you sure"
	paene container exists made
	paene container prune --force --filter label!=keep
	gone made
	paene container exists ended
	paene container prune -f
	gone ended
	paene container exists up
	paene container inspect up >/dev/null
}

@test "wait --condition, --interval, --ignore" {
	paene create --name box --network none "$image" sleep 1000 >/dev/null
	[ "$(paene wait --condition created box)" = -1 ]
	paene start box
	[ "$(paene wait --condition running --condition paused -i 10ms box)" = -1 ]
	paene kill box
	[ "$(paene wait --condition stopped -i 10 box)" = 137 ]
	[ "$(paene wait --ignore nobody)" = -1 ]
	[ "$(paene wait --latest)" = 137 ]
	run paene wait --condition bad box
	expect_in_output "--condition bad: it is"
	run paene wait -i soon box
	expect_in_output "--interval soon"
}

@test "--latest in place of a name, of those who look at one" {
	for verb in attach diff port top; do
		run paene "$verb" --latest
		[ "$status" -ne 0 ]
		expect_in_output "there is no container"
		run paene "$verb"
		expect_status 125
		expect_in_output "name a container, or give --latest"
	done
	start_box one -- sleep 1000
	paene run -dq --name two -p 8080:80 "$image" sh -c 'touch /new; exec sleep 1000'
	wait_until 10 paene exec two test -e /new
	[ "$(paene top -l args)" = "$(printf 'COMMAND\nsleep 1000')" ]
	[ "$(paene stats -l --no-stream --format '{{.Name}}')" = two ]
	[ "$(paene port -l)" = "80/tcp -> 0.0.0.0:8080" ]
	[ "$(paene port -l 80)" = "0.0.0.0:8080" ]
	[ "$(paene diff --latest)" = "A /new" ]
	run paene diff --latest one
	expect_status 125
	expect_in_output "--latest leaves no place for names"
}

@test "what is done to several is done to each once" {
	start_box one -- sh -c 'trap "echo got" USR1; echo ready; while :; do sleep 0.05; done'
	start_box two -- sh -c 'trap "echo got" USR1; echo ready; while :; do sleep 0.05; done'
	wait_until 10 has_said one ready
	wait_until 10 has_said two ready
	paene kill -s USR1 one two
	wait_until 10 has_said one got
	wait_until 10 has_said two got
	sleep 0.3
	[ "$(paene logs one two | grep -c got)" = 2 ]
	[ "$(paene logs one two | wc -l)" = 4 ]
}
