# SPDX-License-Identifier: Apache-2.0
# Pods: what their containers share, how they live and end together, and what is said where that cannot be.
load ../lib/common

image=localhost/busybox:1

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	load_busybox
	paene pod create --name first >/dev/null
	paene run -q --rm --pod first "$image" true # the bridge, the parent cgroup, filters, the folder of pods: they stay
	paene pod rm -f first
	paene run -q --rm --profile compat "$image" true
}

setup() {
	needs_root
	leak_check_before
}

teardown() {
	paene pod rm --force --all >/dev/null
	paene rm --force --all >/dev/null
	leak_check_after
}

member() { # member POD NAME OPTION…: a container that stays
	local pod=$1 name=$2
	shift 2
	paene run -dq --pod "$pod" --name "$name" "$@" "$image" sh -c 'trap "exit 0" TERM; while :; do sleep 1000 & wait $!; done' >/dev/null
}

field() { # field CONTAINER PATH
	paene inspect --format "{{$2}}" "$1"
}

pod() { # pod POD PATH
	paene pod inspect --format "{{$2}}" "$1"
}

infra() {
	pod "$1" .InfraContainerID
}

namespace() { # namespace KIND CONTAINER
	readlink "/proc/$(field "$2" .State.Pid)/ns/$1"
}

have_said() {
	[ "$(paene pod logs --names box | sort)" = $'one from one\ntwo from two' ]
}

state_is() { # state_is POD STATE
	[ "$(pod "$1" .State)" = "$2" ]
}

@test "its containers share net, ipc, uts and the user namespace; not pid, mnt and cgroup" {
	local kind
	paene pod create --name box >/dev/null
	state_is box Created
	member box one
	member box two
	for kind in net ipc uts user; do
		[ "$(namespace "$kind" one)" = "$(namespace "$kind" two)" ] || fail "$kind"
		[ "$(namespace "$kind" one)" = "$(namespace "$kind" "$(infra box)")" ] || fail "$kind of the infra container"
		[ "$(namespace "$kind" one)" != "$(readlink "/proc/self/ns/$kind")" ] || fail "$kind of the host"
	done
	for kind in pid mnt cgroup; do
		[ "$(namespace "$kind" one)" != "$(namespace "$kind" two)" ] || fail "$kind"
	done
	[ "$(ls "$PAENE_DATA/idranges" | wc -l)" = 1 ]
	[ "$(paene exec one hostname)" = box ]
	paene exec one sh -c 'echo x >/dev/shm/shared'
	[ "$(paene exec two cat /dev/shm/shared)" = x ]
	paene exec two sh -c 'httpd -p 127.0.0.1:8000 -h /etc'
	wait_until 10 paene exec one wget -qO /dev/null http://127.0.0.1:8000/hosts
	state_is box Running
	[ "$(pod box '.SharedNamespaces | json')" = '["net","ipc","uts"]' ]
	[ "$(pod box .NumContainers)" = 3 ]
}

@test "--share: pid as well, or others, or nothing" {
	paene pod create --name all --share +pid >/dev/null
	member all one
	member all two
	[ "$(namespace pid one)" = "$(namespace pid two)" ]
	paene exec two ps -o args | grep -q paene-init
	paene pod create --name few --share ipc >/dev/null
	member few three
	member few four
	[ "$(namespace ipc three)" = "$(namespace ipc four)" ]
	[ "$(namespace net three)" != "$(namespace net four)" ]
	[ "$(namespace user three)" = "$(namespace user four)" ]
	paene pod create --name group --infra=false >/dev/null
	member group five --network none
	member group six --network none
	[ "$(namespace user five)" != "$(namespace user six)" ]
	[ "$(pod group .InfraContainerID)" = "" ]
	[ "$(pod group .NumContainers)" = 2 ]
	run paene pod create --share mount
	expect_status 125
	expect_in_output "--share mount: a pod shares net, ipc, uts, pid, or none"
	run paene pod create --infra=false -p 80:80
	expect_status 125
	expect_in_output "--publish needs an infra container"
}

@test "published ports, addresses, names and host name are the pod's" {
	paene pod create --name web -p 127.0.0.1:18080:80 --hostname lighthouse --add-host tower:10.0.0.1 --dns 10.0.0.53 --ip 10.89.7.7 >/dev/null
	member web one
	paene exec one sh -c 'mkdir /w; echo served >/w/index.html; httpd -p 80 -h /w'
	wait_until 10 sh -c '[ "$(curl -s --max-time 5 http://127.0.0.1:18080/)" = served ]'
	[ "$(paene exec one hostname)" = lighthouse ]
	paene exec one grep -q "10.0.0.1.*tower" /etc/hosts
	paene exec one grep -q "nameserver 10.0.0.53" /etc/resolv.conf
	paene exec one ip -4 -o address show dev eth0 | grep -q 10.89.7.7/
	[ "$(pod web '.InfraConfig.PortBindings | json')" = '{"80/tcp":[{"HostIp":"127.0.0.1","HostPort":"18080"}]}' ]
	[ "$(pod web .InfraConfig.StaticIP) $(pod web .Hostname)" = "10.89.7.7 lighthouse" ]
	run paene pod create -p 127.0.0.1:18080:80 --name other
	expect_status 0
	run paene pod start other
	expect_status 125
	expect_in_output 18080
}

@test "what is the pod's is refused for its containers" {
	paene pod create --name box >/dev/null
	local option
	for option in "--network none" "-p 80:80" "--ip 10.1.1.1" "--mac-address 02:00:00:00:00:01" "--dns 10.0.0.1" "--add-host a:10.0.0.1" \
		"--hostname h" "--userns host" "--cgroup-parent /x" "--uidmap 0:0:1"; do
		# shellcheck disable=SC2086 # an option and its value
		run paene run -q --rm --pod box $option "$image" true
		expect_status 125
		expect_in_output 'is the pod'"'"'s: its containers have it together; give it to `paene pod create`'
	done
	run paene run -q --rm --pod nobody "$image" true
	expect_status 125
	expect_in_output 'no such pod: nobody; `paene pod ps` lists all'
	[ "$(pod box .NumContainers)" = 1 ]
}

@test "its life: start, stop, restart, kill, pause, unpause, and what that is called" {
	paene pod create --name box >/dev/null
	paene create -q --pod box --name one "$image" sleep 100000 >/dev/null
	run paene pod start box
	expect_status 0
	expect_output box
	state_is box Running
	[ "$(field one .State.Status)" = running ]
	paene pod pause box
	state_is box Paused
	paene pod unpause box
	state_is box Running
	paene kill one >/dev/null
	wait_until 10 state_is box Degraded
	paene pod restart -t 0 box
	state_is box Running
	paene pod kill box
	wait_until 10 state_is box Exited
	paene pod start box
	paene pod stop -t 0 box
	state_is box Exited
	paene start one >/dev/null # which needs the infra container
	state_is box Running
	paene pod stop -t 0 --all
	state_is box Exited
	run paene pod start nobody
	expect_status 125
	run paene pod stop --ignore nobody
	expect_status 0
}

@test "pod rm: not while containers run, but with -f; rm of the infra container is refused" {
	paene pod create --name box >/dev/null
	member box one
	run paene pod rm box
	expect_status 1
	expect_in_output 'pod box has containers that are running: one; stop it first, or use `paene pod rm -f`'
	run paene rm -f "$(infra box)"
	expect_status 1
	expect_in_output 'pod rm'
	paene rm --all --force >/dev/null
	[ "$(pod box .NumContainers)" = 1 ]
	paene pod rm box
	run ! paene pod exists box
	paene pod create --name box >/dev/null
	paene pod exists box
	member box one
	paene pod rm -f box
	[ -z "$(paene ps -aq)" ]
	run paene pod rm box
	expect_status 1
	expect_in_output "no such pod: box"
	paene pod rm -f box
}

@test "names: one for pods and containers together; --replace" {
	paene pod create --name box >/dev/null
	run paene pod create --name box
	expect_status 125
	expect_in_output 'the pod name "box" is in use by pod'
	run paene create -q --name box "$image" true
	expect_status 125
	expect_in_output 'in use by pod'
	paene create -q --name taken "$image" true >/dev/null
	run paene pod create taken
	expect_status 125
	expect_in_output 'in use by container'
	[ "$(paene pod ps -q | wc -l)" = 1 ]
	local before
	before=$(pod box .Id)
	paene pod create --name box --replace >/dev/null
	[ "$(pod box .Id)" != "$before" ]
	paene pod create --infra-name keeper --pod-id-file "$BATS_TEST_TMPDIR/id" >/dev/null
	[ "$(field keeper .Id)" = "$(infra "$(<"$BATS_TEST_TMPDIR/id")")" ]
	paene pod rm --pod-id-file "$BATS_TEST_TMPDIR/id"
	run paene pod create --pod-id-file "$BATS_TEST_TMPDIR/id"
	expect_status 125
	expect_in_output "File exists"
	[ "$(paene pod ps -q | wc -l)" = 1 ]
}

@test "run --pod new:NAME makes it, with the network that was asked for; and not where the container cannot be made" {
	paene run -dq --pod new:fresh --name one -p 18081:80 --hostname here "$image" sleep 100000 >/dev/null
	[ "$(pod fresh '.InfraConfig.PortBindings | json')" = '{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"18081"}]}' ]
	[ "$(paene exec one hostname)" = here ]
	run paene run -q --pod new:other --name two --umask 9 "$image" true
	expect_status 125
	run ! paene pod exists other
	run paene run -q --rm --pod new:fresh "$image" true
	expect_status 125
	expect_in_output "in use by pod"
}

@test "pod ps: columns, filters, templates, JSON; ps --pod and --filter pod" {
	paene pod create --name a --label colour=red >/dev/null
	paene pod create --name b >/dev/null
	member a one
	run paene pod ps
	expect_in_output "POD ID "
	[[ "${lines[0]}" =~ ^POD\ ID\ +NAME\ +STATUS\ +CREATED\ +INFRA\ ID\ +#\ OF\ CONTAINERS$ ]]
	[[ "${lines[1]}" == *" b "*Created* ]]
	[ "$(paene pod ps --sort name --format '{{.Name}} {{.Status}} {{.NumberOfContainers}}')" = $'a Running 2\nb Created 1' ]
	[ "$(paene pod ps --filter label=colour=red --format '{{.Name}}')" = a ]
	[ "$(paene pod ps --filter status=created --format '{{.Name}}')" = b ]
	[ "$(paene pod ps --filter ctr-names=one --format '{{.ContainerNames}}')" = "$(pod a .Id | cut -c 1-12)-infra,one" ]
	[ "$(paene pod ps --filter ctr-number=1 -q --no-trunc)" = "$(pod b .Id)" ]
	[ "$(paene pod ps -l --format '{{.Name}}')" = b ]
	[ "$(paene pod ls --format json | jq -r '.[] | select(.Name == "a") | .Containers[1].Names, .Labels.colour, .InfraId, .Networks[0]')" = \
		"$(printf 'one\nred\n%s\npaene' "$(infra a)")" ]
	run paene pod ps --filter nonsense=1
	expect_status 1
	expect_in_output "KEY=VALUE, please, with id="
	paene create -q --name alone "$image" true >/dev/null
	[ "$(paene ps -a --filter pod=a --format '{{.Names}}')" = $'one\n'"$(pod a .Id | cut -c 1-12)-infra" ]
	[ "$(paene ps --pod --format '{{.Names}} {{.PodName}}' --filter name=one)" = "one a" ]
	run paene ps -p
	expect_in_output PODNAME
	[ "$(field one .Pod)" = "$(pod a .Id)" ]
	[ "$(field one .IsInfra) $(field "$(infra a)" .IsInfra)" = "false true" ]
}

@test "top, stats and logs are of all its containers" {
	paene pod create --name box >/dev/null
	paene run -dq --pod box --name one "$image" sh -c 'echo from one; exec sleep 100001' >/dev/null
	paene run -dq --pod box --name two "$image" sh -c 'echo from two; exec sleep 100002' >/dev/null
	wait_until 10 have_said
	run paene pod logs -c two box
	expect_output "from two"
	run paene pod top box args
	expect_in_output "sleep 100001"
	expect_in_output "sleep 100002"
	expect_in_output paene-init
	[ "$(paene pod stats --no-stream --format '{{.Name}}' box | sort)" = $'one\ntwo' ]
	[ "$(paene complete -- pod stop '' | grep -cx box)" = 1 ] || fail "$(paene complete -- pod stop '')"
	run paene pod top nobody
	expect_status 1
}

@test "--exit-policy stop: the pod ends with its last container" {
	paene pod create --name box --exit-policy stop >/dev/null
	paene create -q --pod box --name short "$image" true >/dev/null
	member box long
	paene start short
	paene wait short
	[ "$(field "$(infra box)" .State.Status)" = running ]
	paene stop -t 0 long >/dev/null
	wait_until 20 state_is box Exited
	paene pod create --name other >/dev/null
	paene run -q --rm --pod other "$image" true
	[ "$(field "$(infra other)" .State.Status)" = running ]
	run paene pod create --exit-policy never
	expect_status 125
}

@test "its cgroup is above those of its containers, and goes with it" {
	local path
	paene pod create --name box >/dev/null
	member box one
	path=$(pod box .CgroupPath)
	[ "$(field one .CgroupPath)" = "$path/$(field one .Id)" ]
	[ -d "/sys/fs/cgroup$path" ]
	paene pod rm -f box
	[ ! -d "/sys/fs/cgroup$path" ]
	paene pod create --name low --cgroup-parent /low >/dev/null
	member low two
	[[ "$(field two .CgroupPath)" == /low/pod-* ]]
	paene pod rm -f low
	rmdir /sys/fs/cgroup/low
}

@test "limits are those of all together: they are in the files of the pod's cgroup" {
	needs_controller hugetlb
	paene pod create --name box --cgroup-conf hugetlb.2MB.max=4194304 >/dev/null
	member box one
	[ "$(<"/sys/fs/cgroup$(pod box .CgroupPath)/hugetlb.2MB.max")" = 4194304 ]
	paene pod stop -t 0 box
	paene pod start box
	[ "$(<"/sys/fs/cgroup$(pod box .CgroupPath)/hugetlb.2MB.max")" = 4194304 ]
}

@test "limits that this machine cannot set are refused, and no pod is left" {
	! grep -qw memory /sys/fs/cgroup/cgroup.controllers || skip "there is a memory controller here"
	run paene pod create -m 64m
	expect_status 125
	expect_in_output memory
	[ -z "$(paene pod ps -q)" ]
}

@test "volumes, devices, security options and --restart are of each container; --sysctl and --shm-size of the pod" {
	mkdir "$BATS_TEST_TMPDIR/shared"
	paene pod create --name box -v "$BATS_TEST_TMPDIR/shared:/shared" --security-opt mask=/proc/uptime --restart on-failure:3 \
		--sysctl net.ipv4.ip_default_ttl=77 --shm-size 1m --device /dev/null:/dev/empty >/dev/null
	member box one
	paene exec one sh -c 'echo x >/shared/f; test -c /dev/empty'
	[ "$(<"$BATS_TEST_TMPDIR/shared/f")" = x ]
	[ "$(paene exec one cat /proc/uptime)" = "" ]
	[ "$(field one .HostConfig.RestartPolicy.Name)" = on-failure ]
	[ "$(paene exec one cat /proc/sys/net/ipv4/ip_default_ttl)" = 77 ]
	paene exec one df -k /dev/shm | grep -q " 1024 "
}

@test "prune removes what does not run; events tell of pods" {
	paene pod create --name idle >/dev/null
	paene pod create --name busy >/dev/null
	member busy one
	paene pod prune -f
	[ "$(paene pod ps --format '{{.Name}}')" = busy ]
	paene pod rm -f busy
	run paene events --stream=false --filter type=pod --format '{{.Type}} {{.Status}} {{.Name}}' --since 10m
	expect_in_output "pod create idle"
	expect_in_output "pod remove idle"
	expect_in_output "pod remove busy"
}

@test "killed while a pod is made, started or removed: the next command finds nothing half-made" {
	local i
	for i in 1 2 3 4 5 6 7 8; do
		paene pod create --name "box$i" -p 1808$i:80 >/dev/null &
		sleep 0.00$i
		kill -9 $! 2>/dev/null || true
		wait $! 2>/dev/null || true
	done
	for i in $(paene pod ps -q); do
		paene pod start "$i" >/dev/null &
		sleep 0.01
		kill -9 $! 2>/dev/null || true
		wait $! 2>/dev/null || true
		paene pod rm -f "$i" >/dev/null &
		sleep 0.003
		kill -9 $! 2>/dev/null || true
		wait $! 2>/dev/null || true
	done
	paene pod ps >/dev/null
	paene pod rm -f --all >/dev/null
	[ -z "$(paene pod ps -q)" ]
	[ -z "$(paene ps -aq)" ]
	for i in 1 2 3 4 5 6 7 8; do
		paene pod create --name "box$i" >/dev/null
	done
}

@test "an infra container that was killed: its pod is degraded, and starts again" {
	paene pod create --name box >/dev/null
	member box one
	kill -9 "$(field "$(infra box)" .State.Pid)"
	wait_until 10 state_is box Degraded
	[ "$(ls "$PAENE_DATA/idranges" | wc -l)" = 1 ] # one has it yet
	paene pod restart -t 0 box
	state_is box Running
	[ "$(namespace net one)" = "$(namespace net "$(infra box)")" ]
}
