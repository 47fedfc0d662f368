# SPDX-License-Identifier: Apache-2.0
# paene-oci under docker: named, and as the default. One container serves many questions, as podman's do.
load ../lib/common
load callers

setup_file() {
	needs_program docker paene-oci
	install_runtime
	mkdir -p /etc/docker
	# the firewall of a bridge is not what is tested here, and takes half a minute
	jq '. + { iptables: false, ip6tables: false }' "$tests/../dist/docker-daemon.json" >/etc/docker/daemon.json
	systemctl start docker
	make_image $image "$BATS_FILE_TMPDIR/busybox.tar"
	docker load --quiet --input "$BATS_FILE_TMPDIR/busybox.tar"
}

teardown_file() {
	systemctl stop docker.socket docker containerd
}

teardown() {
	docker rm --force one >/dev/null 2>&1 || true
	wait_until 10 nothing_left
}

nothing_left() {
	[ -z "$(find /run/docker /sys/fs/cgroup -name moby -prune -o -name 'docker-*.scope' -print)" ]
}

run_one() { # run_one OPTION… -- COMMAND…
	docker run --runtime paene --network none "$@"
}

state_is() { # state_is NAME STATE
	[ "$(docker inspect --format '{{.State.Status}}' "$1")" = "$2" ]
}

@test "info: the runtime is there, and what it can do was understood" {
	run docker info --format '{{json .Runtimes}}'
	[ "$(jq -r .paene.path <<<"$output")" = $runtime ]
	[ "$(jq -r '.paene.status["org.opencontainers.runtime-spec.features"]' <<<"$output" | jq -r .ociVersionMin)" = 1.0.0 ]
}

@test "run: streams, exit status, and what docker makes of a missing command" {
	run --separate-stderr run_one --rm --interactive $image sh -c 'cat; echo err >&2; exit 7' <<<"from outside"
	expect_status 7
	expect_output "from outside"
	[ "$stderr" = err ]
	run run_one --rm $image no-such-command
	expect_status 127
	expect_in_output "executable file not found in"
	run run_one --rm $image /etc/passwd
	expect_status 126
	expect_in_output "permission denied"
}

@test "run: limits, capabilities, names, init, a bridge" {
	run docker run --runtime paene --rm --hostname inside --memory 32m --pids-limit 50 --ulimit nofile=100:200 \
		--cap-drop all --cap-add net_admin --sysctl net.ipv4.ip_forward=1 --shm-size 1m --read-only --tmpfs /t --init \
		$image sh -c '
			hostname; cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max; ulimit -n; grep CapEff /proc/self/status
			cat /proc/sys/net/ipv4/ip_forward; df -k /dev/shm | tail -n 1; touch /t/file; touch /file; ls /sys/class/net'
	expect_status 0
	for line in inside 33554432 50 100 $'CapEff:\t0000000000001000' 1 "Read-only file system" eth0; do
		expect_in_output "$line"
	done
	[[ "$output" =~ shm\ +1024 ]]
}

@test "run -d: ps, logs, stats, pause, stop, wait, start, kill, rm -f" {
	run_one --detach --name one $image sh -c 'echo started; trap "exit 5" TERM; while :; do sleep 0.2; done'
	run docker ps --format '{{.Names}} {{.State}}'
	expect_output "one running"
	wait_until 20 sh -c "docker logs one | grep -q started"
	run docker stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}}' one
	[[ "$output" =~ ^one\ [1-9].*iB\ [12]$ ]] || fail "$output"
	docker pause one
	state_is one paused
	docker unpause one
	docker stop one
	run docker wait one
	expect_output 5
	docker start one
	docker kill one
	run docker wait one
	expect_output 137
	docker start one
	docker rm --force one
}

@test "exec: streams, status, settings, in the background, on a terminal; update, top" {
	run_one --detach --name one --memory 32m --memory-swap 64m --health-cmd 'test -e /healthy' --health-interval 1s $image \
		sleep 1000
	run --separate-stderr docker exec --interactive --env WORD=hello --workdir /tmp --user 1000 one \
		sh -c 'cat; echo $WORD; pwd; id -u; echo err >&2; exit 9' <<<"from outside"
	expect_status 9
	[ "$output" = $'from outside\nhello\n/tmp\n1000' ] || fail "$output"
	[ "$stderr" = err ]
	run docker exec one no-such-command
	[ "$status" = 126 ] || [ "$status" = 127 ] # docker 26 says 126, of runc too
	expect_in_output "executable file not found in"
	run docker exec one /etc/passwd
	expect_status 126

	docker exec --detach one touch /healthy
	wait_until 60 health_is one healthy

	run "$tests/lib/terminal" see ready type 'exit 4\n' -- docker exec --interactive --tty one sh -c 'tty; echo ready; exec sh'
	expect_status 4
	expect_in_output /dev/pts/
	expect_in_output "[restored]"

	docker update --memory 48m --pids-limit 77 one
	run docker exec one cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max
	[ "$output" = $'50331648\n77' ] || fail "$output"
	run docker top one
	expect_in_output "sleep 1000"
}

health_is() { # health_is NAME HEALTH
	[ "$(docker inspect --format '{{.State.Health.Status}}' "$1")" = "$2" ]
}

@test "run -it: a terminal, its size, its status" {
	run "$tests/lib/terminal" size 30 100 see ready type 'stty size; exit 4\n' -- \
		docker run --runtime paene --rm --network none --interactive --tty $image sh -c 'tty; echo ready; exec sh'
	expect_status 4
	expect_in_output /dev/pts/0
	expect_in_output "30 100"
	expect_in_output "[restored]"
}

@test "restart policy: it runs again after a failure, as often as asked for" {
	run_one --detach --name one --restart on-failure:2 $image sh -c 'echo once more; exit 3'
	wait_until 60 state_is one exited
	[ "$(docker inspect --format '{{.RestartCount}} {{.State.ExitCode}}' one)" = "2 3" ]
	[ "$(docker logs one | wc -l)" = 3 ]
}

@test "build: a command of a Dockerfile runs in it" {
	# the builder that docker has without buildx takes the default runtime
	jq '. + { "default-runtime": "paene" }' /etc/docker/daemon.json >"$BATS_TEST_TMPDIR/daemon.json"
	cp "$BATS_TEST_TMPDIR/daemon.json" /etc/docker/daemon.json
	systemctl reload docker
	wait_until 20 sh -c "docker info --format '{{.DefaultRuntime}}' | grep -q paene"
	printf 'FROM %s\nRUN echo built >/built\nCMD cat /built\n' $image >"$BATS_TEST_TMPDIR/Dockerfile"
	DOCKER_BUILDKIT=0 docker build --quiet --network none --tag built "$BATS_TEST_TMPDIR"
	run docker run --rm --network none built
	expect_status 0
	expect_output built
}
