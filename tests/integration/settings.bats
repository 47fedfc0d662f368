#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene.conf: options that hold where the command line does not name them. Its language: unit/test_cli_conf.c.

load ../lib/common

image=localhost/busybox:1

setup_file() {
	has_corner || return 0
	load_busybox
}

setup() {
	needs_root
	export PAENE_CONF=$BATS_TEST_TMPDIR/paene.conf
}

teardown() {
	PAENE_CONF=/dev/null paene rm -fa >/dev/null
}

@test "run and create get what [run] says, the command line goes before it" {
	cat >"$PAENE_CONF" <<-'END'
		# for all
		[run]
		network = none
		label = team=one
		env += COLOUR=blue
		rm = true   # create has no such flag
		[create]
		hostname = made
	END
	run paene run -q "$image" sh -c 'echo $COLOUR $OTHER; ls /sys/class/net'
	expect_output $'blue\nlo'
	[ -z "$(paene ps -aq)" ]
	run paene run -q -e OTHER=red "$image" sh -c 'echo $COLOUR $OTHER'
	expect_output "blue red"
	paene create --name one "$image" true >/dev/null
	paene create --name two --label team=two --hostname mine "$image" true >/dev/null
	run paene inspect -f '{{json .Config.Labels}} {{.Config.Hostname}} {{.HostConfig.NetworkMode}}' one two
	expect_output $'{"team":"one"} made none\n{"team":"two"} mine none'
}

@test "the user's file goes before the machine's; info names them" {
	mount -t tmpfs tmpfs /etc/paene 2>/dev/null || { mkdir -p /etc/paene && mount -t tmpfs tmpfs /etc/paene; }
	printf '[run]\nhostname = machine\nlabel = a=1\n' >/etc/paene/paene.conf
	mkdir -p "$BATS_TEST_TMPDIR/home/.config/paene"
	printf '[run]\nhostname = user\nlabel = b=2\n' >"$BATS_TEST_TMPDIR/home/.config/paene/paene.conf"
	unset PAENE_CONF XDG_CONFIG_HOME
	export HOME=$BATS_TEST_TMPDIR/home
	paene create --name box --network none "$image" true >/dev/null
	run paene inspect -f '{{.Config.Hostname}} {{json .Config.Labels}}' box
	run -0 paene info -f '{{.SettingsFiles}}'
	umount /etc/paene
	expect_output "/etc/paene/paene.conf $HOME/.config/paene/paene.conf"
	run paene inspect -f '{{.Config.Hostname}} {{json .Config.Labels}}' box
	expect_output 'user {"a":"1","b":"2"}'
}

@test "what does not exist, and what cannot be read: one line, with the file" {
	printf '[run]\n\nmemroy = 1g\n' >"$PAENE_CONF"
	run paene run "$image" true
	expect_status 125
	expect_output "paene run: $PAENE_CONF:3: unknown option --memroy; did you mean --memory? See \`paene run --help\`"
	paene ps >/dev/null # it concerns nobody else
	printf '[rnu]\nmemory = 1g\n' >"$PAENE_CONF"
	run paene ps
	expect_status 125
	expect_output "paene: $PAENE_CONF:2: [rnu] is no verb of paene"
	rm "$PAENE_CONF"
	mkdir "$PAENE_CONF"
	run paene ps
	expect_status 125
	[ "${#lines[@]}" = 1 ]
	expect_in_output "$PAENE_CONF"
}
