# SPDX-License-Identifier: Apache-2.0
# Containers as services of systemd: units that `generate systemd` writes, files for paene-quadlet, those that a boot starts again;
# and systemd as what a container runs.
load ../lib/common

image=localhost/busybox:1
generator=/etc/systemd/system-generators/paene-system-generator
files=/etc/paene/systemd

setup_file() {
	type -P paene >/dev/null || return 0 # each test then says why it is skipped
	load_busybox
}

setup() {
	needs_program paene
	mkdir -p ${generator%/*} $files
}

teardown() {
	systemctl stop container-web.service web.service data-volume.service 2>/dev/null || true
	rm -rf $generator $files /run/systemd/system/container-web.service /run/systemd/system/paene-restart.service
	systemctl daemon-reload
	systemctl reset-failed 2>/dev/null || true
	paene rm -f -a
	paene volume rm -a -f
}

property() { # property UNIT NAME
	systemctl show --value --property "$2" "$1"
}

is() { # is UNIT NAME VALUE
	[ "$(property "$1" "$2")" = "$3" ]
}

install_unit() { # install_unit OPTION… CONTAINER
	paene generate systemd --name "$@" >/run/systemd/system/container-web.service
	systemctl daemon-reload
}

status_is() { # status_is CONTAINER STATUS
	[ "$(paene inspect -f '{{.State.Status}}' "$1" 2>/dev/null)" = "$2" ]
}

# Its main process is the monitor: a kill of that is seen, and so is the container's own end.
goes_through_life() {
	local pid
	systemctl start container-web.service
	is container-web.service ActiveState active
	status_is web running
	pid=$(property container-web.service MainPID)
	[ "$(<"/proc/$pid/comm")" = paene-monitor ]
	paene kill -s KILL web
	again() { local now; now=$(property container-web.service MainPID); [ "$now" != "$pid" ] && [ "$now" != 0 ] && status_is web running; }
	wait_until 120 again
	is container-web.service NRestarts 1
	pid=$(property container-web.service MainPID)
	kill -9 "$pid"
	wait_until 120 again
	is container-web.service NRestarts 2
	systemctl stop container-web.service
	is container-web.service ActiveState inactive
	is container-web.service Result success
}

@test "generate systemd: start, the main process, killed and started again, stop" {
	paene create --name web $image sh -c 'trap "exit 143" TERM; while :; do sleep 0.2; done' >/dev/null
	install_unit web
	goes_through_life
	status_is web exited
}

@test "generate systemd --new: the same with a new container each time" {
	paene run -d --name web $image sh -c 'trap "exit 143" TERM; while :; do sleep 0.2; done' >/dev/null
	install_unit --new web
	goes_through_life
	run paene container exists web
	expect_status 1
}

@test "a container that ends badly fails its service; one that cannot start, too" {
	paene create --name web $image sh -c 'exit 3' >/dev/null
	install_unit --restart-policy no web
	systemctl start container-web.service || true # it may have ended before systemd has looked
	wait_until 60 is container-web.service ActiveState failed
	is container-web.service ExecMainStatus 3
	paene rm web
	systemctl reset-failed container-web.service
	run systemctl start container-web.service
	[ "$status" != 0 ]
	is container-web.service ActiveState failed
}

quadlet() { # quadlet NAME: standard input becomes this file
	cat >"$files/$1"
}

generate() { # as it is when it is installed
	printf '#!/bin/sh\nPAENE=%s exec %s "$@"\n' "$(type -P paene)" "$(type -P paene-quadlet)" >$generator
	chmod 755 $generator
	systemctl daemon-reload
}

@test "a .container file, with a volume of its own: daemon-reload, start, status, reload, stop" {
	quadlet data.volume <<-EOF2
		[Volume]
		VolumeName=data
		GlobalArgs=--root $PAENE_DATA --runroot $PAENE_RUN
	EOF2
	quadlet web.container <<-EOF2
		[Unit]
		Description=A web server
		[Container]
		GlobalArgs=--root $PAENE_DATA --runroot $PAENE_RUN
		Image=$image
		ContainerName=web
		Volume=data.volume:/data
		Environment="WORDS=a  b"
		Exec=sh -c "trap 'exit 143' TERM; trap 'touch /data/reloaded' USR1; echo \"\$\$WORDS\" >/data/words; \\
			while :; do sleep 0.2; done"
		ReloadSignal=USR1
		[Service]
		Restart=always
		[Install]
		WantedBy=multi-user.target
	EOF2
	generate
	[ "$(property web.service Description)" = "A web server" ]
	is web.service SourcePath $files/web.container
	[[ "$(property multi-user.target Wants)" == *web.service* ]]
	systemctl start web.service
	is web.service ActiveState active
	is data-volume.service ActiveState active
	status_is web running
	words() { [ "$(paene exec web cat /data/words)" = "a  b" ]; }
	wait_until 60 words
	systemctl reload web.service
	wait_until 60 paene exec web test -e /data/reloaded
	systemctl stop web.service
	is web.service Result success
	run paene container exists web
	expect_status 1
	paene volume exists data
}

@test "a .container file that is wrong is named in the journal, and makes no service; a template makes any number" {
	quadlet web.container <<<$'[Container]\nImage=x\nVolumes=/x'
	quadlet many@.container <<-EOF2
		[Container]
		GlobalArgs=--root $PAENE_DATA --runroot $PAENE_RUN
		Image=$image
		Exec=sleep 100%i
		StopSignal=KILL
	EOF2
	generate
	is web.service LoadState not-found
	journalctl --boot --no-pager | grep -F "web.container:3: [Container] has no key Volumes; did you mean Volume?"
	systemctl start many@1.service many@2.service
	status_is systemd-many_1 running
	[ "$(paene inspect -f '{{index .Config.Cmd 1}}' systemd-many_2)" = 1002 ]
	systemctl stop many@1.service many@2.service
	is many@1.service Result success
}

@test "paene-restart.service: what was made with --restart always runs again, and what was stopped stays so" {
	paene create --name yes --restart always $image sleep 1000 >/dev/null
	paene create --name no $image sleep 1000 >/dev/null
	paene run -d --name stopped --restart unless-stopped $image sleep 1000 >/dev/null
	paene stop -t 0 stopped
	sed "s|^ExecStart=/usr/local/bin/paene|ExecStart=$(type -P paene) --root $PAENE_DATA --runroot $PAENE_RUN|" \
		"$tests/../dist/paene-restart.service" >/run/systemd/system/paene-restart.service
	systemctl daemon-reload
	systemctl start paene-restart.service
	is paene-restart.service Result success
	[ "$(paene inspect yes no stopped | jq -c 'map(.State.Status)')" = '["running","created","exited"]' ]
	systemctl stop paene-restart.service # they live on
	status_is yes running
}

@test "systemd in a container: found by its name, it boots this machine's own root, and stops when it is asked" {
	paene run -q -d --name machine --network none host /usr/lib/systemd/systemd --unit=basic.target --show-status=0
	[ "$(paene inspect -f '{{.Config.SystemdMode}} {{.Config.StopSignal}}' machine)" = "true SIGRTMIN+3" ]
	up() { paene exec machine systemctl is-active basic.target; }
	wait_until 600 up
	paene exec machine systemd-run --wait --quiet --property MemoryMax=64M -- true
	paene stop -t 300 machine
	[ "$(paene inspect -f '{{.State.ExitCode}}' machine)" = 0 ]
}
