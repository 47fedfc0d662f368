# SPDX-License-Identifier: Apache-2.0
# paene-oci under containerd: tasks by ctr, and pods as the kubelet asks for them.
load ../lib/common
load callers

setup_file() {
	needs_program ctr paene-oci
	install_runtime
	mkdir -p /etc/containerd /etc/cni/net.d
	cat "$tests/../dist/containerd.toml" - >/etc/containerd/config.toml <<-'E'
		[plugins."io.containerd.grpc.v1.cri"]
		  sandbox_image = "localhost/pause:1"
		[plugins."io.containerd.grpc.v1.cri".cni]
		  bin_dir = "/usr/lib/cni"
	E
	cat >/etc/cni/net.d/10-pods.conflist <<-'E'
		{ "cniVersion": "1.0.0", "name": "pods", "plugins": [{ "type": "bridge", "bridge": "pods0", "isGateway": true,
		  "ipam": { "type": "host-local", "ranges": [[{ "subnet": "198.51.100.0/24" }]] } }] }
	E
	systemctl start containerd
	make_image $image "$BATS_FILE_TMPDIR/busybox.tar"
	make_image localhost/pause:1 "$BATS_FILE_TMPDIR/pause.tar" 'Cmd=["sleep", "100000"]'
	ctr images import "$BATS_FILE_TMPDIR/busybox.tar"
	ctr --namespace k8s.io images import "$BATS_FILE_TMPDIR/busybox.tar"
	ctr --namespace k8s.io images import "$BATS_FILE_TMPDIR/pause.tar"
}

teardown_file() {
	systemctl stop containerd
	ip link delete pods0 2>/dev/null || true
}

ctr_run() { # ctr_run OPTION… IMAGE ID COMMAND…
	ctr run --runc-binary $runtime "$@"
}

status_of() {
	ctr tasks ls | awk -v id="$1" '$1 == id { print $3 }'
}

task_is() { # task_is ID STATUS
	[ "$(status_of "$1")" = "$2" ]
}

@test "ctr run: output, exit status, and a missing command" {
	run ctr_run --rm $image one sh -c 'echo hello; exit 7'
	expect_status 7
	expect_output hello
	run ctr_run --rm $image one no-such-command
	expect_status 1
	expect_in_output "executable file not found in"
	[ -z "$(ls /run/containerd/runc/default)" ] # where the shim has its states
}

@test "ctr run: a terminal" {
	run "$tests/lib/terminal" see ready type 'exit 4\n' -- ctr run --runc-binary $runtime --rm --tty \
		$image one sh -c 'tty; echo ready; exec sh'
	expect_status 4
	expect_in_output /dev/pts/0
}

@test "ctr tasks: ls, ps, exec, pause, resume, metrics, kill, delete" {
	ctr_run --detach --memory-limit 33554432 $image one sleep 1000
	task_is one RUNNING
	run ctr tasks ps one
	expect_in_output "$(ctr tasks ls | awk '$1 == "one" { print $2 }')"
	run ctr tasks exec --exec-id first one sh -c 'echo hello; exit 9'
	expect_status 9
	expect_in_output hello
	run ctr tasks exec --exec-id second one no-such-command
	expect_in_output "executable file not found in"
	run "$tests/lib/terminal" see ready type 'exit 4\n' -- ctr tasks exec --tty --exec-id third one sh -c 'echo ready; exec sh'
	expect_status 4
	ctr tasks pause one
	task_is one PAUSED
	ctr tasks resume one
	task_is one RUNNING
	run ctr tasks metrics --format json one
	[ "$(jq -r .memory.usage_limit <<<"$output")" = 33554432 ]
	[ "$(jq -r .pids.current <<<"$output")" = 1 ]
	ctr tasks kill --signal KILL one
	wait_until 20 task_is one STOPPED
	ctr tasks delete one || [ $? = 137 ]
	ctr containers delete one
	[ -z "$(ls /run/containerd/runc/default)" ]
}

@test "ctr tasks kill --all: without a pid namespace of its own, the others end too" {
	ctr_run --detach --with-ns pid:/proc/1/ns/pid $image one sh -c 'sleep 4567 & exec sleep 1000'
	wait_until 20 pgrep -f "sleep 4567"
	ctr tasks kill --signal KILL one # of the first process alone: the shim ends the rest
	wait_until 20 task_is one STOPPED
	ctr tasks delete one || [ $? = 137 ]
	ctr containers delete one
	run ! pgrep -f "sleep 4567"
}

cri() {
	"$tests/vm/cri" "$@"
}

pod='{ metadata: { name: "pod", uid: "1", namespace: "test" }, hostname: "podhost", log_directory: $logs, linux: {} }'

@test "CRI: a pod with two containers, from its request to its end" {
	local logs=$BATS_TEST_TMPDIR sandbox first second
	sandbox=$(cri RunPodSandbox "$(jq -n --arg logs "$logs" "{ config: $pod, runtime_handler: \"paene\" }")" | jq -r .pod_sandbox_id)
	first=$(new_container first 'hostname; ip -o -4 address show eth0; echo hello >/tmp/page; exec httpd -f -p 80 -h /tmp')
	second=$(new_container second 'wget -qO- 127.0.0.1/page; exit 3')
	cri StartContainer "{ \"container_id\": \"$first\" }"
	wait_until 20 grep -q 198.51.100 "$logs/first.log"
	grep -q podhost "$logs/first.log"

	run cri ExecSync "{ \"container_id\": \"$first\", \"cmd\": [\"sh\", \"-c\", \"cat /sys/fs/cgroup/memory.max; exit 4\"] }"
	expect_output '{"stdout": "67108864\n", "exit_code": 4}'
	cri UpdateContainerResources "{ \"container_id\": \"$first\", \"linux\": { \"memory_limit_in_bytes\": 33554432 } }"
	run cri ExecSync "{ \"container_id\": \"$first\", \"cmd\": [\"cat\", \"/sys/fs/cgroup/memory.max\"] }"
	expect_output '{"stdout": "33554432\n"}'
	run cri ContainerStats "{ \"container_id\": \"$first\" }"
	[ "$(jq .stats.memory.working_set_bytes.value <<<"$output")" -gt 0 ]

	cri StartContainer "{ \"container_id\": \"$second\" }"
	wait_until 20 exited "$second"
	[ "$(cri ContainerStatus "{ \"container_id\": \"$second\" }" | jq .status.exit_code)" = 3 ]
	grep -q hello "$logs/second.log"

	cri StopContainer "{ \"container_id\": \"$first\", \"timeout\": 0 }"
	[ "$(cri ContainerStatus "{ \"container_id\": \"$first\" }" | jq .status.exit_code)" = 137 ]
	cri StopPodSandbox "{ \"pod_sandbox_id\": \"$sandbox\" }"
	cri RemovePodSandbox "{ \"pod_sandbox_id\": \"$sandbox\" }"
	[ -z "$(ls /run/containerd/runc/k8s.io)" ]
}

new_container() { # new_container NAME COMMAND: in the pod; prints its id
	cri CreateContainer "$(jq -n --arg logs "$logs" --arg sandbox "$sandbox" --arg image $image --arg name "$1" --arg command "$2" "{
		pod_sandbox_id: \$sandbox, sandbox_config: $pod, config: {
			metadata: { name: \$name }, image: { image: \$image }, command: [\"sh\", \"-c\", \$command],
			log_path: (\$name + \".log\"), linux: { resources: { memory_limit_in_bytes: 67108864 } } } }")" | jq -r .container_id
}

exited() {
	[ "$(cri ContainerStatus "{ \"container_id\": \"$1\" }" | jq .status.state)" = 2 ]
}
