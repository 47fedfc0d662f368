# SPDX-License-Identifier: Apache-2.0
# What a sandboxed process can't: each as root, and as a user.
load lib
load ../lib/rootless

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	make_dev no-subids
	mkdir -p $dev_home/work /run/root-home/work /run/root-bin
	chown -R $dev_id:$dev_id $dev_home
	printf '#!/bin/sh\nexec /run/paene-test/paene --root /run/root-data --runroot /run/root-run "$@"\n' >/run/root-bin/paene
	chmod +x /run/root-bin/paene
	for who in root dev; do
		echo TOPSECRET >"$(home_of $who)/secret"
		as $who paene sandbox --name first true # the folders that stay
		as $who paene sandbox drop first
	done
	chmod 644 $dev_home/secret
}

teardown_file() {
	rm -rf /run/root-*
}

setup() {
	needs_root
	needs_program setpriv socat
	leak_check_before
}

teardown() {
	leak_check_after
}

as() { # as WHO COMMAND…
	local who=$1
	shift
	if [ "$who" = dev ]; then
		as_dev sh -c 'cd work && exec "$@"' sh "$@"
	else
		(cd /run/root-home/work && exec env -i HOME=/run/root-home PATH="/run/root-bin:/usr/bin:/bin" "$@")
	fi
}

home_of() {
	[ "$1" = dev ] && echo $dev_home || echo /run/root-home
}

both() {
	local who
	for who in root dev; do
		"$1" "$who" || fail "as $who" || return
	done
}

@test "what is hidden is not reached through /proc, links, or descriptors that were left open" {
	check() {
		local home
		home=$(home_of "$1")
		run as "$1" sh -c 'exec 7<"$1" 8<"$1/secret" && exec paene sandbox -- sh -c "
			cat $1/secret /proc/*/root$1/secret /proc/*/cwd/../secret ../secret
			cat /proc/self/fd/7/secret /proc/self/fd/8 <&8
			ln -s /proc/1/root$1 link; cat link/secret; rm link
			ls -l /proc/*/fd"' sh "$home"
		[[ "$output" != *TOPSECRET* ]] || fail "$output"
		[[ "$output" != *" $home"* ]] || fail "a descriptor:" "$output"
		expect_in_output "No such file"
	}
	both check
}

@test "no process outside is seen, signalled, traced or looked into" {
	as dev sleep 141421 3>&- &
	wait_until 5 pgrep -fx 'sleep 141421'
	local pid
	pid=$(pgrep -fx 'sleep 141421')
	check() {
		run as "$1" paene sandbox -- sh -c "kill -0 $pid; cat /proc/$pid/environ; ps -e -o args="
		expect_in_output "No such process"
		[[ "$output" != *141421* ]] || fail "$output"
		as "$1" paene sandbox -- sh -c 'kill -9 -1' || :
		kill -0 "$pid"
	}
	both check
	kill "$pid"
}

@test "neither abstract sockets nor a session bus by its path" {
	as dev socat ABSTRACT-LISTEN:paene-sandbox,fork SYSTEM:'echo TOPSECRET' 3>&- &
	as dev socat UNIX-LISTEN:$dev_run/bus,fork SYSTEM:'echo TOPSECRET' 3>&- &
	wait_until 5 listens @paene-sandbox
	wait_until 5 listens $dev_run/bus
	[ "$(as dev socat -u ABSTRACT-CONNECT:paene-sandbox -)" = TOPSECRET ]
	check() {
		local how
		for how in ABSTRACT-CONNECT:paene-sandbox UNIX-CONNECT:$dev_run/bus; do
			run as "$1" env DBUS_SESSION_BUS_ADDRESS=unix:path=$dev_run/bus paene sandbox -- sh -c "env; socat -u $how -"
			[[ "$output" != *TOPSECRET* && "$output" != *DBUS* ]] || fail "$output"
		done
	}
	both check
	pkill -f 'socat (ABSTRACT-LISTEN:paene-sandbox|UNIX-LISTEN:/run/user/4242/bus)'
	rm -f $dev_run/bus
}

@test "nothing is typed into the caller's terminal" {
	local inside
	inside=$(probe tiocsti)
	install -m 755 "$inside" /run/paene-test/tiocsti
	check() {
		run as "$1" "$tests/security/probes/typed.py" paene sandbox --ro /run/paene-test -- /run/paene-test/tiocsti
		expect_in_output "tiocsti: tried"
		[[ "$output" != typed* && "$output" != *$'\ntyped'* ]] || fail "$output"
	}
	[ -e "$tests/security/probes/typed.py" ]
	both check
	rm /run/paene-test/tiocsti
}

@test "the session keyring is its own" {
	install -m 755 "$(probe keyring)" /run/paene-test/keyring
	check() {
		local outside
		outside=$(as "$1" /run/paene-test/keyring)
		run as "$1" paene sandbox --ro /run/paene-test -- /run/paene-test/keyring
		[ "$output" != "$outside" ] || fail "$output"
	}
	both check
	rm /run/paene-test/keyring
}

@test "no rights are gained, and no mount is taken off, in further namespaces neither" {
	check() {
		run as "$1" paene sandbox -- sh -c '
			grep -E "NoNewPrivs|Seccomp:|CapEff" /proc/self/status
			umount /sys; umount /home; umount -l /; mount -t tmpfs t /mnt
			unshare -Urm sh -c "umount /sys; ls -A /sys; umount /home && ls /home"
			ls -d /sys/upper /sys/work'
		expect_in_output $'NoNewPrivs:\t1'
		expect_in_output $'Seccomp:\t2'
		[ "$1" = root ] || expect_in_output $'CapEff:\t0000000000000000'
		[[ "$output" != *$'\nupper'* ]] || fail "$output"
		expect_in_output "cannot access '/sys/upper'"
	}
	both check
}

@test "a folder above that only may be walked through can be named" {
	mkdir -p -m 711 /run/above/below
	chmod 711 /run/above
	echo shown >/run/above/below/file
	run as dev paene sandbox --ro /run/above/below -- cat /run/above/below/file
	expect_output shown
	rm -r /run/above
}

@test "a link in the current folder leads nowhere outside when what was caught is applied" {
	mkdir /run/target
	chown $dev_id /run/target
	as dev mkdir dir
	as dev paene sandbox --copy --name link -- sh -c 'echo evil >dir/file'
	as dev sh -c 'rmdir dir && ln -s /run/target dir'
	run as dev paene sandbox apply link
	expect_status 1
	as dev paene sandbox apply --force link
	[ ! -e /run/target/file ]
	[ ! -L $dev_home/work/dir ]
	as dev paene sandbox drop link
	as dev rm -r dir
	rmdir /run/target
}
