# SPDX-License-Identifier: Apache-2.0
# paene-oci under podman, as root and without. A command of podman's takes seconds on an emulated machine: so one container
# serves many questions.
load ../lib/common
load callers

setup_file() {
	needs_program podman paene-oci
	install_runtime
	install -D -m 0644 "$tests/../dist/containers.conf" /etc/containers/containers.conf.d/50-paene.conf
	echo containers:1000000:1000000 | tee -a /etc/subuid >>/etc/subgid # for --userns auto
	make_image $image "$BATS_FILE_TMPDIR/busybox.tar"
	command podman load --quiet --input "$BATS_FILE_TMPDIR/busybox.tar"
}

teardown() {
	podman pod rm --force --time 0 --ignore pod || true
	podman rm --force --time 0 --ignore one || true
	expect_nothing_left
}

# podman with paene-oci, cgroups made by $manager
podman() {
	command podman --runtime $runtime --cgroup-manager "${manager:-cgroupfs}" "$@"
}

once() { # once OPTION… COMMAND…: of a container that is gone afterwards
	podman run --rm --network none "${@:1:$#-1}" $image sh -c "${*: -1}"
}

start_one() { # start_one OPTION…
	podman run --detach --name one "$@" $image sh -c 'trap "exit 5" TERM; while :; do sleep 0.2; done' >/dev/null
}

on_terminal() { # on_terminal COMMAND…: with a terminal of its own
	"$tests/lib/terminal" see ready type 'exit 4\n' -- "$@"
}

expect_nothing_left() {
	[ -z "$(paene-oci list -q)" ] || fail "containers left behind:" "$(paene-oci list)"
	[ -z "$(find /sys/fs/cgroup -name 'libpod-*')" ] || fail "cgroups left behind:" "$(find /sys/fs/cgroup -name 'libpod-*')"
}

@test "run: streams, exit status, and what podman makes of a missing command" {
	run --separate-stderr once --interactive 'cat; echo err >&2; exit 7' <<<"from outside"
	expect_status 7
	expect_output "from outside"
	[ "$stderr" = err ]
	run podman run --rm --network none $image no-such-command
	expect_status 127
	expect_in_output "executable file not found in"
	run podman run --rm --network none $image /etc/passwd
	expect_status 126
	expect_in_output "permission denied"
}

@test "run: limits, capabilities, names, init, a bridge" {
	run podman run --rm --hostname inside --memory 32m --pids-limit 50 --ulimit nofile=100:200 --cap-drop all \
		--cap-add net_admin --sysctl net.ipv4.ip_forward=1 --shm-size 1m --read-only --tmpfs /t --init \
		--init-path /usr/bin/tini-static $image sh -c '
			hostname; cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max; ulimit -n; grep CapEff /proc/self/status
			cat /proc/sys/net/ipv4/ip_forward; df -k /dev/shm | tail -n 1; touch /t/file; touch /file; ls /sys/class/net'
	expect_status 0
	for line in inside 33554432 50 100 $'CapEff:\t0000000000001000' 1 "Read-only file system" eth0; do
		expect_in_output "$line"
	done
	[[ "$output" =~ shm\ +1024 ]]
}

@test "run -d: ps, logs, pause, stop, wait, start, kill, rm -f" {
	podman run --detach --name one --network none $image sh -c 'echo started; trap "exit 5" TERM; while :; do sleep 0.2; done'
	wait_until 20 sh -c "podman logs one | grep -q started"
	run podman ps --format '{{.Names}} {{.State}}'
	expect_output "one running"
	podman pause one
	run podman ps --all --format '{{.Names}} {{.State}}'
	expect_output "one paused"
	podman unpause one
	podman stop one
	run podman wait one
	expect_output 5
	podman start one
	podman kill one
	run podman wait one
	expect_output 137
	podman start one
	podman rm --force --time 0 one
}

@test "exec: streams, status, settings, in the background, on a terminal; healthcheck, update, top" {
	start_one --network none --memory 32m --health-cmd 'test -e /healthy' --health-interval disable
	run --separate-stderr podman exec --interactive --env WORD=hello --workdir /tmp --user 1000 one \
		sh -c 'cat; echo $WORD; pwd; id -u; echo err >&2; exit 9' <<<"from outside"
	expect_status 9
	[ "$output" = $'from outside\nhello\n/tmp\n1000' ] || fail "$output"
	[ "$stderr" = err ]
	run podman exec one no-such-command
	expect_status 127
	run podman exec one /etc/passwd
	expect_status 126

	run podman healthcheck run one
	expect_status 1
	podman exec --detach one touch /healthy
	wait_until 20 podman healthcheck run one

	run on_terminal podman --runtime $runtime exec --interactive --tty one sh -c 'tty; echo ready; exec sh'
	expect_status 4
	expect_in_output /dev/pts/
	expect_in_output "[restored]"

	podman update --memory 48m --pids-limit 77 one
	run podman exec one cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max
	[ "$output" = $'50331648\n77' ] || fail "$output"
	run podman top one comm
	expect_in_output sleep
}

@test "run -it: a terminal, its size, its status" {
	run "$tests/lib/terminal" size 30 100 see ready type 'stty size; exit 4\n' -- \
		podman --runtime $runtime --cgroup-manager cgroupfs run --rm --network none --interactive --tty $image sh -c 'tty; echo ready; exec sh'
	expect_status 4
	expect_in_output /dev/pts/0
	expect_in_output "30 100"
	expect_in_output "[restored]"
}

@test "run --cgroups=disabled, --preserve-fds, --privileged" {
	run once --cgroups disabled 'cat /proc/self/cgroup'
	expect_status 0
	[[ "$output" != *libpod* ]]
	run once --privileged --preserve-fds 2 'cat <&4; grep CapEff /proc/self/status; test -e /proc/self/fd/5' 3</dev/null \
		4<<<"through a descriptor" 5</etc/hostname
	expect_status 1 # no descriptor 5 in there
	expect_in_output "through a descriptor"
	expect_in_output 1ffffffffff
}

@test "volumes: chowned, idmapped; user namespaces: mapped, automatic" {
	mkdir -p "$BATS_TEST_TMPDIR/five"
	chown 5:5 "$BATS_TEST_TMPDIR/five"
	run once --volume "$BATS_TEST_TMPDIR/five:/five:idmap" --volume named:/named:U --uidmap 0:100000:65536 --user 1000 \
		'stat -c %u /five /named; cat /proc/self/uid_map'
	expect_status 0
	[[ "$output" =~ ^5[[:space:]]1000[[:space:]]+0\ +100000\ +65536$ ]] || fail "$output"
	podman volume rm named
	run once --userns auto 'cat /proc/self/uid_map'
	expect_status 0
	[[ "$output" =~ ^\ +0\ +1000000 ]] || fail "$output"
}

@test "run --sdnotify container: the service is up when the container says so" {
	cat >"$BATS_TEST_TMPDIR/say" <<-'EOS'
		import os, socket, time
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.sendto(b"STATUS=said inside\nREADY=1", os.environ["NOTIFY_SOCKET"])
		time.sleep(1000)
	EOS
	systemd-run --unit paene-notify --service-type notify --property NotifyAccess=all podman --runtime $runtime \
		--cgroup-manager cgroupfs run --detach --name one --network none --sdnotify container --volume /usr:/usr:ro \
		--volume /usr/lib:/lib:ro --volume /usr/lib64:/lib64:ro --volume "$BATS_TEST_TMPDIR:/test:ro" $image python3 /test/say
	run systemctl show --property ActiveState,StatusText paene-notify
	expect_in_output ActiveState=active
	expect_in_output "StatusText=said inside"
	podman rm --force --time 0 one # before its service: python does not care for a signal to process 1
	systemctl stop paene-notify
}

@test "cgroups by systemd: scopes and slices, limits kept in step, all gone in the end" {
	manager=systemd
	podman pod create --name pod --infra-image $image --infra-command "sleep 10000" --network none
	start_one --pod pod --memory 32m
	local scope
	scope=libpod-$(podman inspect --format '{{.Id}}' one).scope
	run systemctl show --property ActiveState,MemoryMax,Slice "$scope"
	expect_in_output ActiveState=active
	expect_in_output MemoryMax=33554432
	expect_in_output Slice=machine-libpod_pod_
	podman update --memory 48m one
	run systemctl show --property MemoryMax "$scope"
	expect_output MemoryMax=50331648
	run podman exec one cat /sys/fs/cgroup/memory.max
	expect_output 50331648
	podman pause one
	podman unpause one
	run podman kill one
	podman pod rm --force --time 0 pod
	run ! systemctl is-active "$scope"
}

@test "a pod: containers share names and networks, and go together" {
	podman pod create --name pod --hostname podhost --infra-image $image --infra-command "sleep 10000" --network none
	podman run --detach --pod pod --name one $image sh -c 'echo hello >/tmp/page; exec httpd -f -p 80 -h /tmp'
	run podman run --rm --pod pod $image sh -c 'hostname; wget -qO- 127.0.0.1/page'
	expect_status 0
	[ "$output" = $'podhost\nhello' ] || fail "$output"
	podman pod rm --force --time 0 pod
}

@test "build: a command of a Containerfile runs in it" {
	printf 'FROM %s\nRUN echo built >/built\nCMD cat /built\n' $image >"$BATS_TEST_TMPDIR/Containerfile"
	podman build --quiet --network none --tag localhost/built "$BATS_TEST_TMPDIR"
	run podman run --rm --network none localhost/built
	expect_status 0
	expect_output built
}

as_dev() { # as_dev COMMAND…: as an ordinary user, with a session's folder and bus
	(cd /tmp && exec setpriv --reuid dev --regid dev --init-groups env HOME=/home/dev USER=dev TMPDIR=/tmp XDG_RUNTIME_DIR=/run/user/1000 \
		DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus "$@")
}

@test "without root: run, exec, keep-id, stop" {
	podman_dev=(as_dev podman --runtime $runtime --cgroup-manager cgroupfs)
	chmod a+rx "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/.." "$BATS_FILE_TMPDIR/.." "$BATS_FILE_TMPDIR"
	"${podman_dev[@]}" load --quiet --input "$BATS_FILE_TMPDIR/busybox.tar"
	run "${podman_dev[@]}" run --rm --network none --userns keep-id $image id -u
	expect_status 0
	expect_output 1000
	"${podman_dev[@]}" run --detach --name mine --network none $image sleep 1000
	run "${podman_dev[@]}" exec mine sh -c 'id -u; cat /proc/self/uid_map'
	expect_status 0
	[[ "$output" =~ ^0[[:space:]]+0\ +1000\ +1[[:space:]]+1\ +100000\ +65536 ]] || fail "$output"
	"${podman_dev[@]}" stop --time 0 mine
	"${podman_dev[@]}" rm mine
	[ -z "$(ls /run/user/1000/paene-oci)" ]
}
