# SPDX-License-Identifier: Apache-2.0
# Where a container's output is kept: --log-driver, --log-opt; logs of several.
load ../lib/common
load life

@test "json-file: a line each as docker writes them; logs reads them" {
	start_box box --log-driver json-file -- sh -c 'echo "a \"quoted\" \\ line"; printf "\001\377end\n"; echo bad >&2; printf rest'
	paene wait box
	local file
	file=$(field box .LogPath)
	jq -es '[.[] | .log] == ["a \"quoted\" \\ line\n", "\u0001\ufffdend\n", "bad\n", "rest"] or length == 4' "$file"
	jq -es 'all(.stream == "stdout" or .stream == "stderr") and all(.time | test("Z$"))' "$file"
	run --separate-stderr paene logs --raw box
	[[ "$output" == *'a "quoted" \ line'* && "$output" == *rest ]]
	[ "$stderr" = bad ]
	[ "$(field box .HostConfig.LogConfig.Type)" = json-file ]
	[ "$(paene logs --tail 1 -t box 2>&1 | wc -w)" -ge 2 ]
}

@test "max-size and max-file: so many files of that size, the newest last" {
	start_box box --log-opt max-size=2k --log-opt max-file=3 -- sh -c 'i=0; while [ $i -lt 500 ]; do echo "line number $i"; i=$((i + 1)); done'
	paene wait box
	local folder
	folder=$(dirname "$(field box .LogPath)")
	[ "$(ls "$folder" | grep -c '^log')" = 3 ]
	[ "$(paene logs --tail 1 box)" = "line number 499" ]
	paene logs box >"$BATS_TEST_TMPDIR/all"
	sort -n -k 3 -c "$BATS_TEST_TMPDIR/all"
	[ "$(field box .HostConfig.LogConfig.Size)" = 2048B ]
}

@test "journald: each line with whose it is" {
	mkdir -p /run/systemd/journal
	python3 - "$BATS_TEST_TMPDIR/journal" <<-'EOP' 3>&- &
		import socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind("/run/systemd/journal/socket")
		with open(sys.argv[1], "w") as out:
		    while True:
		        print(s.recv(65536).decode(), end="--\n", file=out, flush=True)
	EOP
	local journal=$!
	wait_until 10 test -S /run/systemd/journal/socket
	local id
	id=$(start_box box --log-driver journald --log-opt tag=mine -- sh -c 'echo one; echo two >&2; printf part')
	paene wait box
	wait_until 10 grep -q part "$BATS_TEST_TMPDIR/journal"
	kill $journal
	rm -r /run/systemd
	grep -qx MESSAGE=one "$BATS_TEST_TMPDIR/journal"
	grep -qx PRIORITY=3 "$BATS_TEST_TMPDIR/journal"
	grep -qx "CONTAINER_ID_FULL=$id" "$BATS_TEST_TMPDIR/journal"
	grep -qx CONTAINER_NAME=box "$BATS_TEST_TMPDIR/journal"
	grep -qx CONTAINER_TAG=mine "$BATS_TEST_TMPDIR/journal"
	grep -qx CONTAINER_PARTIAL_MESSAGE=true "$BATS_TEST_TMPDIR/journal"
	run paene logs box
	expect_status 1
	expect_in_output "journalctl CONTAINER_ID_FULL=$id"
}

@test "none keeps nothing; passthrough goes to the streams of the command" {
	start_box box --log-driver none -- echo lost
	paene wait box
	run paene logs box
	expect_status 1
	expect_in_output "its log driver is none"
	paene run -dq --name through --network none --log-driver passthrough "$image" sh -c 'echo out; echo err >&2' \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
	paene wait through
	grep -qx out "$BATS_TEST_TMPDIR/out"
	grep -qx err "$BATS_TEST_TMPDIR/err"
}

@test "wrong drivers and options are refused, each with its reason" {
	run paene run --log-driver syslog --network none "$image" true
	expect_status 125
	expect_in_output "it is k8s-file, json-file, journald, none or passthrough"
	run paene run --log-opt max-size=big --network none "$image" true
	expect_in_output "a size such as 10m"
	run paene run --log-opt max-file=0 --network none "$image" true
	expect_in_output "1 to 100"
	run paene run --log-opt colour=red --network none "$image" true
	expect_in_output "max-size=BYTES, max-file=NUMBER or tag=TEXT"
	run paene run -t --log-driver passthrough --network none "$image" true
	expect_in_output "not with a terminal"
}

@test "logs of several: each line begins with whose it is; --names; --latest; -f ends with all of them" {
	start_box one -- sh -c 'echo from one'
	start_box two -- sh -c 'echo from two'
	paene wait one two
	run paene logs one two
	expect_output "$(field one .Id | cut -c -12) from one
$(field two .Id | cut -c -12) from two"
	run paene logs --names one two
	expect_output $'one from one\ntwo from two'
	[ "$(paene logs -l)" = "from two" ]
	[ "$(paene logs -f --names one two | sort)" = $'one from one\ntwo from two' ]
	run paene logs one nobody
	expect_status 1
	expect_in_output "no such container: nobody"
	run paene logs --raw one two
	expect_in_output "--raw shows one"
}
