# SPDX-License-Identifier: Apache-2.0
# --network cni:NAME: plugins of the Container Network Interface, those of Debian and one of our own (tests/lib/cni-plugin) that
# writes down what it is told.
load ../lib/common

image=localhost/busybox:1

setup_file() {
	has_corner || return 0
	load_busybox
	paene run -q --rm "$image" true # the bridge, the parent cgroup: they stay
	mkdir "$BATS_FILE_TMPDIR/bin"
	local name
	for name in first second third; do
		ln -s "$tests/lib/cni-plugin" "$BATS_FILE_TMPDIR/bin/$name"
	done
}

setup() {
	needs_root
	needs_program jq
	export NETCONFPATH=$BATS_TEST_TMPDIR/net.d CNI_PATH=$BATS_FILE_TMPDIR/bin
	log=$BATS_TEST_TMPDIR/log
	mkdir "$NETCONFPATH" "$log"
	leak_check_before
}

teardown() {
	paene rm --force --all >/dev/null
	rmdir "$PAENE_RUN/netns" 2>/dev/null || true # it may stay
	if mountpoint -q /var/lib/cni; then # what Debian's plugins keep, and may
		umount /var/lib/cni
		rm -rf /run/cni
		ip link delete lab0
		nft flush ruleset
		command paene --root "$PAENE_DATA" --runroot "$PAENE_RUN" network reload
	fi
	leak_check_after
}

network() { # network NAME VERSION PLUGIN…: a list of plugins; {"type": …} or the name of one of ours, which is told of the log
	local name=$1 version=$2 plugin plugins=()
	shift 2
	for plugin; do
		[[ "$plugin" = {* ]] || plugin="{\"type\": \"$plugin\"}"
		plugins+=("$(jq --arg log "$log" '. + {$log}' <<<"$plugin")")
	done
	jq -n --arg name "$name" --arg version "$version" '{cniVersion: $version, $name, plugins: $ARGS.positional}' \
		--jsonargs "${plugins[@]}" >"$NETCONFPATH/10-$name.conflist"
}

box() { # box OPTION… -- COMMAND…
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	paene run --rm -q "${options[@]}" "$image" "$@"
}

calls() { # "ADD first, ADD second, …"
	(cd "$log" && ls) | grep -v lock | sed -E 's/.*\.(.*)\.(.*)/\2 \1/' | paste -sd, | sed 's/,/, /g'
}

told() { # told N JQ: what the Nth call was told
	jq -r "$2" "$log/$(printf %03d "$1")".*
}

refused() { # refused TEXT OPTION…: not run, this is said in one line, and nothing is left
	local text=$1 before
	before=$(ls "$PAENE_RUN/netns" 2>/dev/null) || true
	shift
	run paene run -q --name refused "$@" "$image" echo it ran
	expect_status 125
	expect_in_output "$text"
	[ ${#lines[@]} = 1 ] || fail "more than a line:" "$output"
	[ "$(ls "$PAENE_RUN/netns" 2>/dev/null)" = "$before" ] || fail "a namespace is left"
	run paene rm -f refused
	expect_status 0
}

@test "bridge, host-local, portmap, firewall and tuning as Debian has them" {
	CNI_PATH=/usr/lib/cni
	needs_program iptables
	[ -x $CNI_PATH/portmap ] || skip "containernetworking-plugins is not there"
	mount -t tmpfs tmpfs /var/lib/cni 2>/dev/null || { mkdir /var/lib/cni && mount -t tmpfs tmpfs /var/lib/cni; }
	network lab 1.0.0 '{"type": "bridge", "bridge": "lab0", "isGateway": true, "ipMasq": true, "dns": {"nameservers": ["10.77.0.53"], "search": ["lab.test"]},
		"ipam": {"type": "host-local", "subnet": "10.77.0.0/24", "routes": [{"dst": "0.0.0.0/0"}]}}' \
		'{"type": "portmap", "capabilities": {"portMappings": true}}' '{"type": "firewall"}' \
		'{"type": "tuning", "sysctl": {"net.core.somaxconn": "77"}, "capabilities": {"mac": true}}'
	paene run -dq --name web --network cni:lab:mac=02:00:00:00:00:77 -p 8080:80 -p 81/udp "$image" \
		sh -c 'mkdir /w; echo web >/w/index.html; exec httpd -f -p 80 -h /w' >/dev/null
	local address
	address=$(paene inspect --format '{{.NetworkSettings.IPAddress}}' web)
	wait_until 10 nc -z "$address" 80
	[ "$(curl --silent --max-time 60 "http://$address/")" = web ]
	[ "$(curl --silent --max-time 60 http://127.0.0.1:8080/)" = web ]
	paene ps --format '{{.Ports}}' | grep -E '8080(:|->)80/tcp,? [0-9.:]*[1-9][0-9]*(:|->)81/udp' 
	run nc -l 8080
	[ "$status" -ne 0 ]
	run paene exec web cat /etc/resolv.conf
	expect_output $'search lab.test\nnameserver 10.77.0.53'
	paene exec web grep -q "^$address.*\<web\>" /etc/hosts
	run paene exec web cat /proc/sys/net/core/somaxconn /sys/class/net/lo/operstate
	expect_in_output 77
	paene exec web ping -c 1 127.0.0.1 >/dev/null 2>&1 || paene exec web ip address show lo | grep -q UP
	paene inspect web | jq -e '.[0].NetworkSettings | .Gateway == "10.77.0.1" and .Networks["cni:lab"].InterfaceName == "eth0"
		and (.Networks["cni:lab"].CNIResult | .ips[0].gateway == "10.77.0.1" and .routes[0].dst == "0.0.0.0/0")'
	refused "uses port 8080" --network cni:lab -p 8080:80
	paene stop -t 0 web
	[ "$(ls /var/lib/cni/networks/lab | grep -c '^10')" = 0 ]
	[ -z "$(ls "$PAENE_RUN/netns")" ]
	paene start web
	paene restart -t 0 web
	paene rm -f web
	[ "$(ls /var/lib/cni/networks/lab | grep -c '^10')" = 0 ]
	run ! sh -c 'iptables-save | grep -e 10.77.0. -e 8080'
}

@test "what plugins are told: version, name, wishes and answers; no variables, no fds of ours" {
	network lab 1.0.0 '{"type": "first", "capabilities": {"portMappings": true, "ips": true, "aliases": true}, "own": [1]}' second
	local id
	OURS=1 paene run -dq --name box -p 8080:80 -p 127.0.0.1:53:53/udp --network cni:lab:ip=10.9.8.7,alias=db,arg=A=1,arg=B=two,interface_name=net7 "$image" \
		sleep 1000 >"$BATS_TEST_TMPDIR/id"
	id=$(<"$BATS_TEST_TMPDIR/id")
	[ "$(calls)" = "ADD first, ADD second" ]
	told 0 '.config | .cniVersion, .name, .type, .own[0], has("capabilities"), has("prevResult")' | paste -sd' ' | grep -x '1.0.0 lab first 1 false false'
	[ "$(told 0 '.config.runtimeConfig | tojson')" = "$(jq -cn '{portMappings: [{hostPort: 8080, containerPort: 80, protocol: "tcp", hostIP: ""},
		{hostPort: 53, containerPort: 53, protocol: "udp", hostIP: "127.0.0.1"}], ips: ["10.9.8.7"], aliases: ["db"]}')" ] || fail "$(told 0 .config.runtimeConfig)"
	[ "$(told 0 '.fds')" = "0 1 2 255 3 9 " ] || fail "its fds: $(told 0 .fds)" # from 3 on they are the shell's own
	[ "$(told 0 '.env | del(.PWD, .SHLVL, ._, .OLDPWD) | keys | join(" ")')" = "CNI_ARGS CNI_COMMAND CNI_CONTAINERID CNI_IFNAME CNI_NETNS CNI_PATH PATH" ]
	[ "$(told 0 '.env | .CNI_CONTAINERID, .CNI_IFNAME, .CNI_ARGS, .CNI_PATH' | paste -sd' ')" = "$id net7 A=1;B=two $CNI_PATH" ]
	[ "$(told 0 .netns)" = true ]
	[ "$(told 1 '.config.prevResult.ips[1].address')" = 10.9.8.7/24 ]
	[ "$(told 1 '.config | has("runtimeConfig")')" = false ]
	# by what they were told before, whatever the configuration says by now
	network lab 0.4.0 third
	paene kill box
	paene wait box
	[ "$(calls)" = "ADD first, ADD second, DEL second, DEL first" ]
	[ "$(told 3 '.config | .own[0], .prevResult.ips[1].address, .runtimeConfig.ips[0]' | paste -sd' ')" = "1 10.9.8.7/24 10.9.8.7" ]
	[ "$(told 3 '.netns')" = true ]
}

@test "what they answer: inspect, hosts and resolv.conf" {
	network lab 1.0.0 first
	paene run -dq --name box --network cni:lab "$image" sleep 1000 >/dev/null
	run paene inspect --format '{{.NetworkSettings.IPAddress}} {{.NetworkSettings.GlobalIPv6Address}} {{.NetworkSettings.IPv6Gateway}} {{.NetworkSettings.MacAddress}}' box
	expect_output "10.9.8.7 fd00:9::7 fd00:9::1 02:00:00:00:00:02"
	[ "$(paene exec box grep -c '\<box\>' /etc/hosts)" = 2 ]
	paene exec box grep -q nameserver /etc/resolv.conf
	paene rm -f box
	network bare 1.0.0 '{"type": "first", "answer": {"cniVersion": "1.0.0"}}'
	box --network cni:bare -- true
	network evil 1.0.0 '{"type": "first", "answer": {"cniVersion": "1.0.0", "dns": {"nameservers": ["1.1.1.1\noptions x"]}}}'
	refused "is no word" --network cni:evil
	network deep 1.0.0 '{"type": "first", "answer": {"cniVersion": "1.0.0", "ips": [{"address": "nonsense"}]}}'
	refused "network cni:deep: ips[0].address: expected an address" --network cni:deep
	network no 1.0.0 '{"type": "first", "answer": "no JSON {"}'
	refused "network cni:no: plugin first: ADD: its answer" --network cni:no
	network long 1.0.0 '{"type": "first", "long": true}'
	refused "network cni:long: plugin first: ADD: its answer has more than 1048576 bytes" --network cni:long
}

@test "versions: 0.3.1 to 1.1.0, the newest of several; others are refused" {
	local version
	for version in 0.3.0 0.3.1 0.4.0 1.0.0 1.1.0; do
		rm -f "$log"/*
		network lab $version first second
		box --network cni:lab -- true
		[ "$(calls)" = "ADD first, ADD second, DEL second, DEL first" ]
		[ "$(told 0 .config.cniVersion)" = $version ]
		case $version in
		0.3.*) [ "$(told 2 '.config | has("prevResult")')" = false ] ;;
		*) [ "$(told 2 '.config | has("prevResult")')" = true ] ;;
		esac
	done
	rm -f "$log"/*
	jq '.cniVersions = ["0.4.0", "9.9.9", "1.0.0"] | .cniVersion = "0.3.1"' "$NETCONFPATH/10-lab.conflist" >"$NETCONFPATH/new"
	mv "$NETCONFPATH/new" "$NETCONFPATH/10-lab.conflist"
	box --network cni:lab -- true
	[ "$(told 0 .config.cniVersion)" = 1.0.0 ]
	network lab 2.0.0 first
	refused 'cniVersion "2.0.0" is none of' --network cni:lab
	network lab 0.2.0 first
	refused 'cniVersion "0.2.0" is none of' --network cni:lab
}

@test "configurations: one plugin alone, the first of a name, broken ones" {
	echo '{"cniVersion": "0.4.0", "name": "alone", "type": "first", "log": "'"$log"'"}' >"$NETCONFPATH/20-alone.conf"
	box --network cni:alone -- true
	[ "$(calls)" = "ADD first, DEL first" ]
	rm "$log"/*
	network alone 0.4.0 second # lists come before
	box --network cni:alone -- true
	[ "$(calls)" = "ADD second, DEL second" ]
	refused "network cni:nosuch: no configuration in $NETCONFPATH has this name; there are alone" --network cni:nosuch
	echo '{' >"$NETCONFPATH/30-broken.conflist"
	refused "30-broken.conflist: " --network cni:nosuch
	box --network cni:alone -- true
	network none 0.4.0
	refused "plugins: expected a list with one plugin at least" --network cni:none
	rm "$NETCONFPATH"/*
	network up 0.4.0 ../first
	refused "plugin type" --network cni:up
	rm "$NETCONFPATH"/*
	network gone 0.4.0 first nosuch
	refused "network cni:gone: plugin nosuch is in none of $CNI_PATH" --network cni:gone
	refused "network name" --network cni:../x
	NETCONFPATH=$BATS_TEST_TMPDIR/nowhere refused "open $BATS_TEST_TMPDIR/nowhere: No such file" --network cni:alone
}

@test "wishes that no plugin takes are refused" {
	network lab 1.0.0 first
	refused "takes published ports (capability portMappings)" --network cni:lab -p 8080:80
	refused "(capability ips)" --network cni:lab --ip 10.9.8.7
	refused "(capability mac)" --network cni:lab --mac-address 02:00:00:00:00:09
	refused "(capability aliases)" --network cni:lab --network-alias db
	refused "is not KEY=VALUE" --network "cni:lab:arg=a"
	refused "is not KEY=VALUE" --network "cni:lab:arg=a=b;C=d"
	refused "is for plugins" --network "bridge:arg=a=b"
	[ -z "$(ls "$log")" ]
}

@test "a plugin that fails: its words in one line, and all of them are told to undo" {
	network lab 1.0.0 first '{"type": "second", "fail": "ADD", "because": {"cniVersion": "1.0.0", "code": 100, "msg": "no more\naddresses", "details": "ask for more"}}' third
	refused "network cni:lab: plugin second: ADD: no more addresses: ask for more (code 100)" --network cni:lab
	[ "$(calls)" = "ADD first, ADD second, DEL third, DEL second, DEL first" ]
	network lab 1.0.0 '{"type": "first", "fail": "ADD", "says": "one\ntwo \u001b[31mred"}'
	refused "plugin first: ADD: two  [31mred (exit status 1)" --network cni:lab
	network lab 1.0.0 '{"type": "first", "fail": "ADD"}'
	refused "plugin first: ADD: it does not say why (exit status 1)" --network cni:lab
}

@test "a plugin that fails to undo: it is said, and tried again, and nothing is forgotten" {
	network lab 1.0.0 first second
	paene run -dq --name box --network cni:lab "$image" sleep 1000 >/dev/null
	mv "$CNI_PATH/second" "$CNI_PATH/moved"
	paene stop -t 0 box || true
	run paene rm -f box
	expect_status 1
	expect_in_output "plugin second"
	mv "$CNI_PATH/moved" "$CNI_PATH/second"
	paene inspect box >/dev/null
	paene rm -f box
	[ "$(calls | grep -o 'DEL second')" = "DEL second" ]
}

@test "killed while a plugin is at work: the next command has it undone" {
	network lab 1.0.0 first '{"type": "second", "wait": "ADD"}'
	paene run -q --name box --network cni:lab "$image" true 3>&- &
	local pid=$!
	is_called() {
		[[ "$(calls)" = *"$1" ]]
	}
	wait_until 10 is_called "ADD second"
	# the function's shell, and the program
	pkill -KILL -P $pid || true
	kill -KILL $pid || true
	wait $pid || true
	paene ps -a >/dev/null
	paene rm -f box
	[ "$(calls)" = "ADD first, ADD second, DEL second, DEL first" ]
	[ "$(told 2 '.config | has("prevResult")')" = false ]
}

@test "a monitor and its container are killed: the next command has the plugins undo" {
	network lab 1.0.0 first
	paene run -dq --name box --network cni:lab "$image" sleep 1000 >/dev/null
	local init
	init=$(paene inspect --format '{{.State.Pid}}' box)
	kill -KILL "$(awk '/^PPid/ {print $2}' "/proc/$init/status")" "$init"
	wait_until 10 sh -c "! kill -0 $init 2>/dev/null || grep -q Z /proc/$init/stat"
	paene start box
	[ "$(calls)" = "ADD first, DEL first, ADD first" ]
	[ "$(told 1 .netns)" = true ]
}

@test "after a reboot there is no namespace: plugins are told so" {
	network lab 1.0.0 first
	paene run -dq --name box --network cni:lab "$image" sleep 1000 >/dev/null
	umount "$PAENE_RUN"/netns/*
	paene rm -f box
	[ "$(told 1 '.command, .env.CNI_NETNS, .config.prevResult.ips[1].address' | paste -sd,)" = "DEL,,10.9.8.7/24" ]
}

@test "beside networks of ours, and joined and left while it runs" {
	network one 1.0.0 first
	network two 1.0.0 second
	paene run -dq --name box --network cni:one --network cni:two --network bridge "$image" sleep 1000 >/dev/null
	[ "$(told 0 .env.CNI_IFNAME) $(told 1 .env.CNI_IFNAME)" = "eth0 eth1" ]
	paene exec box ip address show dev eth2 | grep -q 'inet 10\.'
	paene network disconnect cni:two box
	[ "$(calls)" = "ADD first, ADD second, DEL second" ]
	[ "$(paene inspect box | jq -r '.[0].NetworkSettings.Networks | keys | join(" ")')" = "cni:one paene" ]
	run ! paene exec box grep -q cni:two /etc/hosts
	run paene network connect --alias x cni:two box
	expect_in_output "capability aliases"
	paene network connect cni:two box
	[ "$(told 3 .env.CNI_IFNAME)" = eth1 ]
	run paene network connect cni:two box
	expect_status 1
	expect_in_output "already"
	run paene network connect cni:nosuch box
	expect_status 1
	expect_in_output "no configuration"
	paene network exists cni:one
	run paene network exists cni:nosuch
	expect_status 1
	paene rm -f box
	[ "$(calls | tr ',' '\n' | grep -c DEL)" = 3 ]
}

@test "prune --cni: plugins are told who stays" {
	network lab 1.1.0 first second
	network old 1.0.0 first
	network shared 1.1.0 first
	jq '.disableGC = true' "$NETCONFPATH/10-shared.conflist" >"$NETCONFPATH/20-shared.conflist"
	rm "$NETCONFPATH/10-shared.conflist"
	local id
	id=$(paene run -dq --name box --network cni:lab "$image" sleep 1000)
	paene network prune -f --cni lab
	[ "$(calls)" = "ADD first, ADD second, GC first, GC second" ]
	[ "$(told 2 '.config["cni.dev/valid-attachments"] | tojson')" = "[{\"containerID\":\"$id\",\"ifname\":\"eth0\"}]" ]
	[ "$(told 2 '.env | has("CNI_CONTAINERID")')" = false ]
	paene rm -f box
	paene network prune -f --cni cni:lab
	[ "$(told 6 '.config["cni.dev/valid-attachments"] | tojson')" = "[]" ]
	run paene network prune -f --cni old --cni shared --cni nosuch
	expect_status 1
	expect_in_output "network cni:old: its plugins collect nothing: cniVersion is 1.0.0, and must be 1.1.0"
	expect_in_output "network cni:shared: nothing may be collected: disableGC is set"
	expect_in_output "network cni:nosuch: no configuration"
}
