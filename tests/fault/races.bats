# SPDX-License-Identifier: Apache-2.0
# Many at once: whoever loses hears why, and nothing is left.
load lib

setup_file() {
	has_corner || return 0
	load_busybox
	paene run --rm $image true
}

setup() {
	needs_root
	leak_check_before
	out=$BATS_TEST_TMPDIR/out
	mkdir "$out"
}

teardown() {
	paene rm -f -a
	leak_check_after
}

# each N COMMAND…: N times at once; what number I says is in out/I, its status in out/I.status
each() {
	local n=$1 i pids=()
	shift
	for ((i = 0; i < n; i++)); do
		{
			"$@" >"$out/$i" 2>&1 3>&- && status=0 || status=$?
			echo $status >"$out/$i.status"
		} &
		pids+=($!)
	done
	wait "${pids[@]}"
}

with_status() { # with_status N: how many ended so
	grep -lx "$1" "$out"/*.status | wc -l
}

@test "64 racers for one name: one wins, 63 hear that it is in use" {
	each 64 paene create --name one $image true
	[ "$(with_status 0)" = 1 ]
	[ "$(with_status 125)" = 63 ]
	[ "$(grep -l 'the container name "one" is in use' "$out"/* | wc -l)" = 63 ]
	[ "$(paene ps -aq | wc -l)" = 1 ]
}

@test "64 racers for one id: one wins, 63 hear that it exists" {
	make_bundle "$BATS_TEST_TMPDIR/b" '.process.args = ["sleep", "1000"]'
	each 64 oci create --bundle "$BATS_TEST_TMPDIR/b" one
	[ "$(with_status 0)" = 1 ]
	[ "$(grep -l 'already exists' "$out"/* | wc -l)" = 63 ]
	oci delete --force one
	oci list -q
	rm -rf "$PAENE_RUN/oci"
	rmdir /sys/fs/cgroup/paene-oci 2>/dev/null || true
}

@test "16 runs at once, three times: each has its own output" {
	local i round
	for round in 1 2 3; do
		each 16 paene run --rm $image sh -c 'hostname; hostname -i'
		for ((i = 0; i < 16; i++)); do
			[ "$(cat "$out/$i.status")" = 0 ] || fail "$(cat "$out/$i")"
		done
		[ "$(for ((i = 0; i < 16; i++)); do tail -n 1 "$out/$i"; done | sort -u | wc -l)" = 16 ] # 16 addresses
	done
}

@test "16 detached at once, and removed at once" {
	local ids
	each 16 paene run -d $image sleep 1000
	[ "$(with_status 0)" = 16 ]
	ids=$(paene ps -q)
	[ "$(wc -l <<<"$ids")" = 16 ]
	each 2 paene rm -f -a
	[ -z "$(paene ps -aq)" ]
}

@test "8 loads of one image at once: all succeed, it runs" {
	make_image localhost/other:1 "$BATS_TEST_TMPDIR/other.tar" 'Cmd=["/bin/ls"]'
	each 8 paene load -q -i "$BATS_TEST_TMPDIR/other.tar"
	[ "$(with_status 0)" = 8 ] || fail "$(cat "$out"/*)"
	paene run --rm --network none localhost/other:1 true
	paene rmi localhost/other:1
}

@test "rm against start against exec: an error, or the effect, and no crash" {
	local i verb
	for ((i = 0; i < 10; i++)); do
		paene create --name web --network none $image sleep 1000
		paene start web 3>&- >"$out/start" 2>&1 &
		paene exec web true >"$out/exec" 2>&1 3>&- &
		paene exec web true >"$out/exec2" 2>&1 3>&- &
		a_moment 60
		paene rm -f web >"$out/rm" 2>&1 || fail "$(tail -n +1 "$out"/*)"
		for verb in $(jobs -p); do
			wait "$verb" && status=0 || status=$?
			# 137: what an exec had started was killed with its container
			[ $status -lt 128 ] || [ $status = 137 ] || fail "a crash: $status" "$(tail -n +1 "$out"/*)"
		done
		expect_nothing
	done
}

expect_nothing() { # neither on record nor running
	[ -z "$(paene ps -aq)" ] || fail "there is still:" "$(paene ps -a)" "$(tail -n +1 "$out"/*)"
	[ -z "$(find /sys/fs/cgroup/paene -mindepth 1 -type d)" ] || fail "it runs:" "$(tail -n +1 "$out"/*)"
}

@test "rm against start: it runs, or it is gone" {
	local i started
	for ((i = 0; i < 20; i++)); do
		paene create --name web --network none $image sleep 1000
		paene start web 3>&- >"$out/start" 2>&1 &
		started=$!
		a_moment 60
		if paene rm web >"$out/rm" 2>&1; then
			wait $started || true
		else
			wait $started || fail "$(tail -n +1 "$out"/*)"
			[ "$(status_of web)" = running ]
			paene rm -f web
		fi
		expect_nothing
	done
}

@test "start against start: it runs once" {
	local i
	for ((i = 0; i < 5; i++)); do
		paene create --name web --network none $image sleep 1000
		each 4 paene start web
		[ "$(with_status 0)" -ge 1 ]
		[ "$(cat /sys/fs/cgroup/paene/*/cgroup.procs | wc -l)" = 1 ]
		paene rm -f web
		rm -f "$out"/*
	done
}

@test "runs and sweeps at once: no sweep takes what is being made" {
	local i pids=()
	for ((i = 0; i < 4; i++)); do
		(for _ in 1 2 3 4 5 6; do paene ps -a >/dev/null; done) 3>&- &
		pids+=($!)
	done
	each 12 paene run --rm --network none $image true
	wait "${pids[@]}"
	[ "$(with_status 0)" = 12 ] || fail "$(cat "$out"/*)"
}
