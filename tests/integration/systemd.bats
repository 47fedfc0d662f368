# SPDX-License-Identifier: Apache-2.0
# Containers whose command is systemd, and a whole systemd in one.
load ../lib/common

image=localhost/busybox:1

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	load_busybox
	paene run -q --rm "$image" true # the bridge, the parent cgroup, compiled filters: they stay
}

setup() {
	needs_root
	leak_check_before
}

teardown() {
	[ "$(id -u)" = 0 ] || return 0
	paene rm --force --all >/dev/null
	leak_check_after
}

field() { # field CONTAINER TEMPLATE
	paene inspect --format "$2" "$1"
}

mode_of() { # mode_of OPTION…: of a container that is made with them
	paene create -q --name m "$@" >/dev/null
	field m '{{.Config.SystemdMode}} {{.Config.StopSignal}} {{.HostConfig.CgroupDelegate}}'
	paene rm m >/dev/null
}

@test "a command of systemd's name is run as systemd wants it, any other is not" {
	local command
	for command in /sbin/init /usr/sbin/init /usr/local/sbin/init systemd /usr/lib/systemd/systemd; do
		[ "$(mode_of "$image" $command)" = "true SIGRTMIN+3 true" ] || fail "$command"
	done
	for command in init /bin/init /sbin/init2 sh systemd-run "sh -c /sbin/init"; do
		[ "$(mode_of "$image" $command)" = "false SIGTERM false" ] || fail "$command"
	done
	[ "$(mode_of --entrypoint /sbin/init "$image")" = "true SIGRTMIN+3 true" ]
	[ "$(mode_of --init "$image" /sbin/init)" = "true SIGRTMIN+3 true" ]
}

@test "--systemd false, always; a stop signal of the user's or the image's goes before" {
	[ "$(mode_of --systemd false "$image" /sbin/init)" = "false SIGTERM false" ]
	[ "$(mode_of --systemd always "$image" sh)" = "true SIGRTMIN+3 true" ]
	[ "$(mode_of --stop-signal INT "$image" /sbin/init)" = "true SIGINT true" ]
	make_image localhost/signal:1 "$BATS_TEST_TMPDIR/signal.tar" 'StopSignal="SIGQUIT"'
	paene load -q -i "$BATS_TEST_TMPDIR/signal.tar" >/dev/null
	[ "$(mode_of localhost/signal:1 sh)" = "false SIGQUIT false" ]
	[ "$(mode_of localhost/signal:1 /sbin/init)" = "true SIGQUIT true" ]
	paene rmi localhost/signal:1 >/dev/null
	run paene create --systemd maybe "$image" sh
	expect_status 125
	expect_in_output "--systemd maybe: it is true, false or always"
}

@test "what it finds: tmpfs, a cgroup of its own to write to, its id, one capability more" {
	run paene run -q --rm --name m --network none --systemd always "$image" sh -ec '
		for folder in /run /run/lock /tmp /var/log/journal; do
			grep -q "^tmpfs $folder tmpfs rw,nosuid,nodev" /proc/mounts || echo "$folder is none"
		done
		mkdir /sys/fs/cgroup/mine
		echo "$container ${#container_uuid} $(hostname | grep -c "^${container_uuid%????????????????????}$")"
		grep CapBnd /proc/self/status'
	expect_status 0
	expect_output $'paene 32 1\nCapBnd:\t00000000000005eb'
}

@test "what the user mounts there stays, and what they take away, too" {
	run paene run -q --rm --network none --systemd always --tmpfs /run:size=4m,mode=700 --cap-drop SETPCAP "$image" \
		sh -c 'grep " /run " /proc/mounts | grep -o size=4096k; grep CapBnd /proc/self/status'
	expect_status 0
	expect_output $'size=4096k\nCapBnd:\t00000000000004eb'
}

@test "what it cannot have: an error where it was asked for, and nothing where it was not" {
	run paene run --rm --systemd always --userns host "$image" sh
	expect_status 125
	expect_in_output "--systemd always needs --userns private"
	run paene run --rm --systemd always --cgroups disabled "$image" sh
	expect_status 125
	expect_in_output "--systemd always needs a cgroup"
	[ "$(mode_of --userns host "$image" /sbin/init)" = "true SIGRTMIN+3 false" ]
}

@test "the command line that made it is kept" {
	paene create --name m --env 'A=b c' "$image" echo 'x  y' >/dev/null
	run paene inspect --format '{{json .Config.CreateCommand}}' m
	expect_output "[\"paene\",\"--root\",\"$PAENE_DATA\",\"--runroot\",\"$PAENE_RUN\",\"create\",\"--name\",\"m\",\"--env\",\"A=b c\",\"$image\",\"echo\",\"x  y\"]"
}

@test "a Debian boots, runs its services, and stops" {
	needs_program mmdebstrap
	local root=$BATS_TEST_TMPDIR/debian kept=${XDG_CACHE_HOME:-$HOME/.cache}/paene/images/systemd.tar
	mkdir -p "${kept%/*}"
	[ -e "$kept" ] || outside mmdebstrap --quiet --format=tar --variant=minbase --include=systemd-sysv,dbus trixie "$kept.new" >"$root.log" 2>&1 ||
		skip "mmdebstrap: $(tail -n 1 "$root.log")"
	[ -e "$kept" ] || mv "$kept.new" "$kept"
	mkdir "$root"
	tar -C "$root" --exclude='./dev/*' -xf "$kept"
	: >"$root/etc/machine-id"
	paene run -q -d --name machine --network none --rootfs "$root:O" /sbin/init
	up() { [ "$(paene exec machine systemctl is-system-running 2>/dev/null)" = running ]; }
	wait_until 60 up || fail "$(paene exec machine systemctl --failed)"
	[[ "$(paene exec machine cat /proc/1/cgroup)" == *0::/init/init.scope* ]]
	[ "$(paene exec machine cat /etc/machine-id)" = "$(field machine '{{slice .Id 0 32}}')" ]
	paene exec machine systemd-run --quiet --wait true
	paene stop -t 300 machine
	[ "$(field machine '{{.State.ExitCode}}')" = 0 ]
	rm -rf "$root"
}
