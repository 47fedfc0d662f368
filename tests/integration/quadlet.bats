# SPDX-License-Identifier: Apache-2.0
# paene-quadlet: from files to services, by their text; what systemd does with them: tests/vm/systemd.bats.
load ../lib/common

setup() {
	needs_program paene-quadlet
	cd "$BATS_TEST_TMPDIR"
	mkdir files out
	export QUADLET_UNIT_DIRS=$PWD/files PAENE=/bin/paene
}

teardown() {
	rm -rf /run/systemd # of systemd-analyze
}

file() { # file NAME: standard input becomes it
	mkdir -p "$(dirname "files/$1")"
	cat >"files/$1"
}

service() { # service NAME: its text
	paene-quadlet --dryrun 2>err | sed -n "/^---$1---\$/,/^---.*---\$/p" | sed '/^---/d'
}

value() { # value SERVICE KEY
	service "$1" | sed -n "s/^$2=//p"
}

refused() { # refused TEXT: a container's file with these lines is refused with these words
	run paene-quadlet --dryrun
	expect_status 1
	expect_in_output "$1"
	[[ "$output" != *---web.service---* ]] || fail "$output"
}

@test "a container: its own service, what it needs, what the file adds" {
	file web.container <<-'EOF2'
		# the shop
		[Unit]
		Description=The \
		  shop
		[Container]
		Image=example.test/shop:1
		Exec=serve --name "the shop" $HOME %i
		[Service]
		Restart=always
		[Install]
		WantedBy=multi-user.target
	EOF2
	service web.service >got
	diff got - <<-EOF2
		# written by paene-quadlet
		[Unit]
		SourcePath=$PWD/files/web.container
		Wants=network-online.target
		After=network-online.target
		Description=The  shop

		[Service]
		Type=notify
		NotifyAccess=all
		ExecStart=/bin/paene run --name systemd-web --replace --rm --detach --sdnotify conmon example.test/shop:1 serve --name "the shop" \$HOME %i
		KillMode=mixed
		SyslogIdentifier=%N
		ExecStop=/bin/paene stop --ignore systemd-web
		ExecStopPost=/bin/paene rm --volumes --force --ignore systemd-web
		SuccessExitStatus=143
		Restart=always

		[Install]
		WantedBy=multi-user.target

	EOF2
	[ ! -s err ]
}

@test "systemd takes what is written" {
	needs_program systemd-analyze
	printf '[Container]\nImage=x\nExec="a \\"b\\" \\\\ \\x41;" %%h\nEnvironment="A=b c"\n' | file web.container
	PAENE=/bin/true paene-quadlet --no-kmsg-log out
	run systemd-analyze verify --man=no out/web.service
	expect_status 0
	expect_output ""
}

@test "keys are options: values, lists, words, flags; an empty one takes back what was said" {
	file web.container <<-'EOF2'
		[Container]
		Image=x
		AddCapability=NET_ADMIN SYS_TIME
		AddDevice=/dev/null -/dev/nosuch -/dev/zero:/dev/z
		Environment=GONE=1
		Environment=
		Environment=A=1 "B=x y" 'C=\u00e9'
		EnvironmentFile=env %h/env
		GlobalArgs=--root /r
		Group=100
		HealthCmd=curl -f http://localhost || exit 1
		Label=a="b c"
		LogOpt=max-size=1m
		Mask=/proc/x
		Memory=1g
		Memory=2g
		NoNewPrivileges=yes
		Notify=true
		PodmanArgs=--cpus 2
		PublishPort=80:80
		PublishPort=443:443
		ReadOnly=on
		ReloadCmd=kill -HUP 1
		RunInit=false
		StopSignal=INT
		User=1000
		Volume=./conf:/etc/conf:ro
		Volume=/data
	EOF2
	value web.service ExecStart >got
	diff got - <<-EOF2
		/bin/paene --root /r run --name systemd-web --replace --rm --detach --sdnotify container --cap-add NET_ADMIN --cap-add SYS_TIME --env A=1 --env "B=x y" --env C=é --health-cmd "curl -f http://localhost || exit 1" --label "a=b c" --log-opt max-size=1m --security-opt mask=/proc/x --memory 2g --security-opt no-new-privileges --publish 80:80 --publish 443:443 --read-only --stop-signal INT --device /dev/null --device /dev/zero:/dev/z --env-file $PWD/files/env --env-file %h/env --user 1000:100 --volume $PWD/files/./conf:/etc/conf:ro --volume /data --cpus 2 x
	EOF2
	[ "$(value web.service ExecReload)" = "/bin/paene --root /r exec systemd-web kill -HUP 1" ]
	[ "$(value web.service SuccessExitStatus)" = 130 ]
}

@test "what it names are services of their own: volumes, networks, images, pods, other containers" {
	file web.container <<-'EOF2'
		[Container]
		Image=app.image
		Volume=data.volume:/data
		Mount=type=volume,source=data.volume,target=/more
		Network=net.network:ip=10.1.1.9
	EOF2
	printf '[Container]\nImage=x\nNetwork=web.container\nPod=both.pod\n' | file side.container
	printf '[Volume]\nLabel=a=b\nType=tmpfs\nDevice=tmpfs\nOptions=size=1m\n' | file data.volume
	printf '[Network]\nNetworkName=inner\nSubnet=10.1.1.0/24\nInternal=true\nNetworkDeleteOnStop=true\n' | file sub/net.network
	printf '[Image]\nImage=example.test/app:1\nTLSVerify=false\n' | file app.image
	printf '[Pod]\nPodName=both\nPublishPort=80:80\n' | file both.pod
	[ "$(value web.service Requires)" = $'net-network.service\ndata-volume.service\napp-image.service' ]
	[[ "$(value web.service ExecStart)" == *" --network inner:ip=10.1.1.9 --volume systemd-data:/data --mount type=volume,source=systemd-data,target=/more example.test/app:1" ]]
	[ "$(value data-volume.service ExecStart)" = "/bin/paene volume create --ignore --opt device=tmpfs --label a=b --opt o=size=1m --opt type=tmpfs systemd-data" ]
	[ "$(value net-network.service ExecStart)" = "/bin/paene network create --ignore --internal --subnet 10.1.1.0/24 inner" ]
	[ "$(value net-network.service ExecStopPost)" = "/bin/paene network rm --force inner" ]
	[ "$(value app-image.service ExecStart)" = "/bin/paene pull --quiet --tls-verify=false example.test/app:1" ]
	[ "$(value side.service Requires)" = $'web.service\nboth-pod.service' ]
	[[ "$(value side.service ExecStart)" == *" --network container:systemd-web --pod both x" ]]
	[ "$(value both-pod.service ExecStart)" = "/bin/paene pod create --name both --replace --publish 80:80" ]
	[ "$(value both-pod.service Before)" = side.service ]
}

@test "links for [Install]; templates, their instances; a name of one's own" {
	printf '[Container]\nImage=x\nServiceName=shop\n[Install]\nWantedBy=multi-user.target a.target\nRequiredBy=b.target\nAlias=www.service\n' | file web.container
	printf '[Container]\nImage=x\n[Install]\nWantedBy=a.target\nDefaultInstance=7\n' | file many@.container
	printf '[Container]\nImage=x\n[Install]\nWantedBy=a.target\n' | file none@.container
	ln -s many@.container files/many@3.container
	paene-quadlet --no-kmsg-log out early late
	[ "$(cd out && find . -type l -printf '%p %l\n' | sort)" = "./a.target.wants/many@3.service ../many@3.service
./a.target.wants/many@7.service ../many@.service
./a.target.wants/shop.service ../shop.service
./b.target.requires/shop.service ../shop.service
./multi-user.target.wants/shop.service ../shop.service
./www.service shop.service" ] || fail "$(cd out && find . -type l -printf '%p %l\n' | sort)"
	grep -q -- '--name systemd-%p_%i --replace' out/many@.service
	[ ! -e early ]
}

@test "drop-ins: of the file, of names that begin like it, of its kind, of a template's instance; the nearest of a name counts" {
	printf '[Container]\nImage=x\n' | file web-db.container
	printf '[Container]\nImage=x\n' | file many@1.container
	printf '[Container]\nMemory=1m\n' | file container.d/10-all.conf
	printf '[Container]\nPidsLimit=5\n' | file container.d/20-pids.conf
	printf '[Container]\nPidsLimit=6\n' | file web-.container.d/20-pids.conf
	printf '[Container]\nMemory=2m\n' | file web-db.container.d/30-own.conf
	printf '[Container]\nHostName=h\n' | file many@.container.d/a.conf
	printf '[Container]\nMemory=3m\n' | file many@.container.d/not-one
	[[ "$(value web-db.service ExecStart)" == *" --memory 2m --pids-limit 6 x" ]]
	[[ "$(value many@1.service ExecStart)" == *" --hostname h --memory 1m --pids-limit 5 x" ]]
	printf '[Container]\nMemry=3m\n' | file container.d/10-all.conf
	refused "container.d/10-all.conf:2: [Container] has no key Memry; did you mean Memory?"
}

@test "a file that is wrong is named with its line, and left out; the others are made" {
	printf '[Container]\nImage=x\n' | file good.container
	local text
	while IFS='|' read -r text words; do
		printf "$text" | file web.container
		refused "web.container$words"
		[[ "$output" == *---good.service---* ]] || fail "$output"
	done <<-'EOF2'
		[Container]\nImag=x\n|:2: [Container] has no key Imag; did you mean Image?
		[Containr]\nImage=x\n|:2: [Containr] is no section of a .container file
		Image=x\n|:1: it belongs to no section
		[Container\n|:1: a section is [NAME]
		[Container]\nImage\n|:2: neither [SECTION] nor KEY=VALUE
		[Container]\n|: neither Image= nor Rootfs= says what it is made of
		[Container]\nImage=x\nRootfs=/x\n|: Image= and Rootfs= exclude each other
		[Container]\nImage=x\nReadOnly=perhaps\n|:3: ReadOnly is true or false, not "perhaps"
		[Container]\nImage=x\nVolume=no.volume:/x\n|:3: Volume: there is no file no.volume
		[Container]\nImage=x\nPod=nosuch\n|:3: Pod: there is no file nosuch; it is called NAME.pod
		[Container]\nImage=x\nExec="a\n|:3: a quotation mark is left open: "a
		[Container]\nImage=x\nRemapUsers=auto\n|:3: RemapUsers: use UserNS=, UIDMap= and GIDMap=
		[Container]\nImage=x\n[Service]\nType=forking\n|:4: Type is notify or oneshot
		[Container]\nImage=x\nServiceName=a/b\n|:3: a service has a name without slashes and blanks
	EOF2
	printf '[Container]\nImage=x\nAutoUpdate=registry\n' | file web.container
	run paene-quadlet --dryrun
	expect_status 0
	expect_in_output "web.container:3: AutoUpdate= has no effect: images are not updated by themselves"
	echo | file a.kube
	run paene-quadlet --dryrun
	expect_status 1
	expect_in_output "a.kube: files of this kind are podman's alone"
}

@test "where files lie: the first folder counts; users have their own; nothing is no error" {
	mkdir second
	printf '[Container]\nImage=first\n' | file web.container
	printf '[Container]\nImage=second\n' >second/web.container
	QUADLET_UNIT_DIRS=$PWD/files:$PWD/second:$PWD/nosuch run paene-quadlet --dryrun
	expect_status 0
	expect_in_output "conmon first"
	unset QUADLET_UNIT_DIRS
	mkdir -p config/paene/systemd
	printf '[Container]\nImage=mine\n' >config/paene/systemd/web.container
	XDG_CONFIG_HOME=$PWD/config run paene-quadlet --user -dryrun
	expect_status 0
	expect_in_output "conmon mine"
	[[ "$output" != *network-online* ]]
	ln -s "$(type -P paene-quadlet)" paene-user-generator
	XDG_CONFIG_HOME=$PWD/config run ./paene-user-generator --no-kmsg-log out
	expect_status 0
	[ -e out/web.service ]
	mkdir empty
	QUADLET_UNIT_DIRS=$PWD/empty run paene-quadlet --no-kmsg-log out
	expect_status 0
	expect_output ""
}

@test "the command line; a folder that cannot be written to" {
	run paene-quadlet
	expect_status 1
	expect_in_output "usage: paene-quadlet"
	run paene-quadlet --what out
	expect_status 1
	run paene-quadlet --version
	expect_status 0
	expect_in_output "paene-quadlet version"
	run paene-quadlet --help
	expect_status 0
	printf '[Container]\nImage=x\n' | file web.container
	run paene-quadlet --no-kmsg-log "$PWD/nosuch"
	expect_status 1
	expect_in_output "nosuch: No such file or directory"
	[ "$(find out | wc -l)" = 1 ]
}

@test "the manual page: what keys stand for are options that there are" {
	paene-quadlet --man >page
	local kind verb option
	for kind in "CONTAINER run" "VOLUME volume create" "NETWORK network create" "IMAGE pull" "POD pod create"; do
		verb=${kind#* }
		paene $verb --help >help || { [ "${kind%% *}" = POD ] && continue; }
		sed -n "/^.SH .NAME.${kind%% *}:/,/^.SH/p" page | sed -n 's/^.fR.-.-\([a-z0-9-]*\).*/\1/p' | sort -u >options
		[ -s options ]
		while read -r option; do
			[ "$option" != pod ] || paene pod --help >/dev/null 2>&1 || continue
			grep -q -- "--$option\b" help || fail "$verb has no --$option"
		done <options
	done
	! type -P groff >/dev/null || [ -z "$(groff -K utf8 -man -Tutf8 -ww page 2>&1 >/dev/null)" ]
}
