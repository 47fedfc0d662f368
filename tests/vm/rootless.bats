# SPDX-License-Identifier: Apache-2.0
# paene without root where the user's own systemd makes cgroups: limits, freezing, exec from elsewhere, pasta of a whole machine, bridges.
load ../lib/common

image=localhost/busybox:1

as_dev() { # as_dev COMMAND…: as an ordinary user, with a session's folder and bus
	(cd /home/dev && exec setpriv --reuid dev --regid dev --init-groups env -i HOME=/home/dev PATH=/opt/paene-test:/usr/bin:/bin \
		XDG_RUNTIME_DIR=/run/user/1000 DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus "$@")
}

paene() {
	as_dev paene "$@"
}

setup_file() {
	mkdir -p /opt/paene-test
	cp "$PAENE_BUILD"/paene "$PAENE_BUILD"/paene-* /opt/paene-test/
	make_image $image /opt/paene-test/busybox.tar
	chmod -R go=rX /opt/paene-test
	paene load -q -i /opt/paene-test/busybox.tar
}

teardown() {
	paene rm --force --all >/dev/null
}

@test "a container is a scope of the user's systemd, with limits, and goes with it" {
	[ "$(paene info -f '{{.CgroupManager}}')" = systemd ]
	paene run -q -d --network none --name one -m 64m --cpus 0.5 --pids-limit 50 $image sleep 1000
	systemctl --user -M dev@.host list-units --type scope --no-legend | grep -q paene-
	# exec comes from outside of the user's systemd: it is moved there
	run paene exec one sh -c 'cd /sys/fs/cgroup; cat memory.max cpu.max pids.max; wc -l <cgroup.procs'
	expect_status 0
	[[ "$output" == $'67108864\n50000 100000\n50\n'* ]] || fail "$output"
	paene update -m 32m one
	run paene exec one sh -c 'cat /sys/fs/cgroup/memory.max; exit 5'
	expect_status 5
	expect_output 33554432
	paene pause one
	[ "$(paene inspect -f '{{.State.Status}}' one)" = paused ]
	paene unpause one
	paene rm -f one
	run systemctl --user -M dev@.host list-units --type scope --no-legend
	[[ "$output" != *paene-* ]] || fail "$output"
}

@test "pasta: published ports" {
	paene run -q -d --name one -p 8080:80 $image sh -c 'mkdir /w; echo hello >/w/index.html; exec httpd -f -p 80 -h /w'
	wait_until 5 eval '[ "$(curl --silent http://127.0.0.1:8080/)" = hello ]'
}

@test "bridges: names, published ports, a way out, delays; pasta ends with the last container" {
	paene network create back
	paene run -q -d --name one --network back -p 8080:80 $image sh -c 'mkdir /w; echo hello >/w/index.html; exec httpd -f -p 80 -h /w'
	wait_until 5 eval '[ "$(curl --silent http://127.0.0.1:8080/)" = hello ]'
	[ "$(paene run -q --rm --network back $image wget -q -O - http://one/)" = hello ]
	paene network shape one --delay 1s
	took=$(curl --silent --output /dev/null --write-out '%{time_total}' http://127.0.0.1:8080/)
	[ "${took%.*}" -ge 1 ] || fail "$took"
	paene system check
	paene rm -f one
	[ -z "$(ls /run/user/1000/paene/uplink)" ]
	paene network rm back
}

@test "keep-id" {
	run paene run -q --rm --network none --userns keep-id $image id -u
	expect_output 1000
}
