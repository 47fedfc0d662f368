# SPDX-License-Identifier: Apache-2.0
# Freezing and thawing in any order with everything else, by several at once: every command comes back, none crashes, what has
# to end ends, and nothing is left. FAULT_ROUNDS=5000: so many commands; FAULT_SEED=N: others.
load lib

steps=${FAULT_ROUNDS:-200}
workers=3
patience=300 # seconds: a command that takes longer hangs

setup_file() {
	make_sleepers
}

setup() {
	needs_root
	leak_check_before
}

teardown() {
	remove_all
	leak_check_after
}

# What can be done to a container, one command a line.
words_paene() { # words_paene NAME
	printf '%s\n' "pause $1" "pause $1" "unpause $1" "unpause $1" "exec $1 true" "exec -d $1 sleep 0.1" "kill -s USR1 $1" \
		"kill $1" "stop -t 0 $1" "stop -t 1 $1" "start $1" "start $1" "restart -t 0 $1" "rm -f $1" "ps -a" \
		"update --cgroup-conf cgroup.max.depth=7 $1" \
		"run -q -d --network none --name $1 $image sleep 1000" "run -q -d --network none --name $1 $image sleep 1000"
}

words_oci() { # words_oci ID
	printf '%s\n' "pause $1" "pause $1" "resume $1" "resume $1" "exec $1 true" "exec --detach $1 sleep 0.1" "kill $1 USR1" \
		"kill $1 KILL" "kill --all $1 TERM" "start $1" "start $1" "state $1" "ps $1" "list" "delete $1" "delete --force $1" \
		"update --cpu-idle 0 $1" "run --detach --bundle $BATS_FILE_TMPDIR/b $1" "create --bundle $BATS_FILE_TMPDIR/b $1"
}

thaw_paene() {
	local names
	names=$(paene ps -q --filter status=paused) && [ -z "$names" ] || paene unpause $names
}

thaw_oci() {
	local id
	for id in $(oci list -q); do
		oci resume "$id"
	done
}

# worker NUMBER PROGRAM NAME…: its share of the commands, drawn at random. What it did is in done.NUMBER, with each status.
worker() {
	local number=$1 program=$2 i status list command names=("${@:3}")
	local -A globals=([paene]="--root $PAENE_DATA --runroot $PAENE_RUN" [oci]="--root $PAENE_RUN/oci")
	local -A file=([paene]=paene [oci]=paene-oci)
	RANDOM=$((${FAULT_SEED:-1} * 100 + number))
	for ((i = 0; i < steps / workers; i++)); do
		mapfile -t list < <("words_$program" "${names[RANDOM % ${#names[@]}]}")
		command=${list[RANDOM % ${#list[@]}]}
		status=0
		timeout $patience ${file[$program]} ${globals[$program]} $command >"$BATS_TEST_TMPDIR/out.$number" 2>&1 </dev/null || status=$?
		echo "$status $command" >>"$BATS_TEST_TMPDIR/done.$number"
		# 124: of timeout's; a crash is 128 and a signal's number, but exec ends as its command does, which others kill
		case "$status $command" in
		255\ exec* | 137\ exec* | 143\ exec* | ?\ * | 12[5-7]\ *) ;;
		*)
			echo "$command: status $status:" "$(cat "$BATS_TEST_TMPDIR/out.$number")" >>"$BATS_TEST_TMPDIR/wrong"
			;;
		esac
	done
}

# at_once PROGRAM NAME…: all the workers; when one is through, we thaw, as somebody may wait for what the others have frozen
at_once() {
	local i pids=()
	for ((i = 1; i <= workers; i++)); do
		worker $i "$@" 3>&- &
		pids+=($!)
	done
	wait -n "${pids[@]}"
	while [ -n "$(jobs -pr)" ]; do
		"thaw_$1" >/dev/null 2>&1 || true
		sleep 0.1
	done
	[ ! -e "$BATS_TEST_TMPDIR/wrong" ] || fail "$(cat "$BATS_TEST_TMPDIR/wrong")"
	[ "$(cat "$BATS_TEST_TMPDIR"/done.* | wc -l)" = $((steps / workers * workers)) ]
	cut -d ' ' -f 1,2 "$BATS_TEST_TMPDIR"/done.* | sort | uniq -c
	grep -q '^0 pause' "$BATS_TEST_TMPDIR"/done.*
}

@test "paene: three at work on one container" {
	at_once paene one
}

@test "paene: three at work on three containers" {
	at_once paene one two three
}

@test "paene-oci: three at work on one container" {
	at_once oci one
}

@test "paene-oci: three at work on three containers" {
	at_once oci one two three
}

# ---- known orders ----

@test "paene: twice is an error, not a change; a paused container ends by stop, kill and rm -f" {
	paene run -q -d --network none --name one $image sleep 1000
	run ! paene unpause one
	paene pause one
	run ! paene pause one
	[ "$(status_of one)" = paused ]
	run ! paene exec one true
	expect_in_output paused
	paene stop -t 0 one
	[ "$(status_of one)" = exited ]
	paene start one
	paene pause one
	paene kill one
	[ "$(paene wait one)" = 137 ]
	paene start one
	paene pause one
	paene restart -t 0 one
	[ "$(status_of one)" = running ]
	paene pause one
	paene rm -f one
}
