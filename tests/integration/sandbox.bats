# SPDX-License-Identifier: Apache-2.0
# paene sandbox: a command in a throw-away view of this machine. As root, and as a user who has no further ids.
load ../lib/common
load ../lib/rootless

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	make_dev no-subids
	mount -t tmpfs tmpfs /opt
	mkdir -p $dev_home/work /run/root-home/work /opt/caught
	chown $dev_id:$dev_id $dev_home/work /opt/caught
	mkdir /run/root-bin
	printf '#!/bin/sh\nexec /run/paene-test/paene --root /run/root-data --runroot /run/root-run "$@"\n' >/run/root-bin/paene
	chmod +x /run/root-bin/paene
	echo secret | tee $dev_home/private >/run/root-home/private
	both compile_filter
}

compile_filter() { # what stays for the next one
	as "$1" paene sandbox --name first true
	as "$1" paene sandbox drop first
	as "$1" paene sandbox -m 64m true 2>/dev/null || : # the folder of those on record
}

teardown_file() {
	[ "$(id -u)" != 0 ] || umount /opt
}

setup() {
	needs_root
	needs_program setpriv
	leak_check_before
}

teardown() {
	leak_check_after
}

# as WHO COMMAND…: in a folder of theirs, with a small environment
as() {
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

both() { # both FUNCTION: as each of them
	local who
	for who in root dev; do
		"$1" "$who" || fail "as $who" || return
	done
}

@test "the user is who they are, in the folder where they are, and the status is the command's" {
	check() {
		run as "$1" paene sandbox -- sh -c 'id -u; id -g; pwd; exit 7'
		expect_status 7
		expect_output "$(as "$1" sh -c 'id -u; id -g; pwd')"
		run -127 as "$1" paene sandbox /no/such/command
		run as "$1" paene sandbox -- /etc/passwd
		expect_status 126
		run as "$1" paene sandbox -- sh -c 'kill -9 $$'
		expect_status 137
	}
	both check
}

@test "what is written in the current folder is written, with --copy and elsewhere it is caught" {
	check() {
		local home
		home=$(home_of "$1")
		as "$1" paene sandbox -- sh -c 'echo one >new; echo two >/opt/caught/x && cat /opt/caught/x'
		[ "$(cat "$home/work/new")" = one ] || fail "not written"
		[ ! -e /opt/caught/x ] || fail "written outside"
		run as "$1" paene sandbox --copy -- sh -c 'echo two >new; rm -f other; touch other; cat new'
		expect_output two
		[ "$(cat "$home/work/new")" = one ] || fail "written in spite of --copy"
		[ ! -e "$home/work/other" ] || fail "made in spite of --copy"
		rm "$home/work/new"
	}
	both check
}

@test "--read-only refuses what would be caught" {
	check() {
		run as "$1" paene sandbox --read-only -- sh -c 'touch here /tmp/x && rm here; touch /opt/caught/x'
		expect_in_output "Read-only file system"
		[ ${#lines[@]} = 1 ] || fail "$output"
	}
	both check
}

@test "home is hidden but for what is named, /tmp and /run are empty, and can be written to" {
	check() {
		local home
		home=$(home_of "$1")
		run as "$1" paene sandbox -- sh -c 'cat ~/private; ls -A ~; touch /tmp/a ~/a && ls -A /tmp ~'
		expect_in_output "private: No such file"
		[[ "$output" == *$'work\n/tmp:\na\n'* ]] || [[ "$output" == *$'\na\n'* ]] || fail "$output"
		[ ! -e "$home/a" ] && [ ! -e /tmp/a ] || fail "written outside"
		run as "$1" paene sandbox --ro "$home/private" -- sh -c 'cat ~/private; echo x >~/private'
		expect_in_output secret
		expect_in_output "Read-only file system"
		as "$1" sh -c 'mkdir ../more'
		as "$1" paene sandbox --rw ../more --tmp . -- sh -c 'touch ../more/a lost'
		[ -e "$home/more/a" ] && [ ! -e "$home/work/lost" ] || fail "$(ls "$home"/*)"
		run as "$1" paene sandbox --rw ../more --hide ../more/a -- cat ../more/a
		expect_output ""
		run as "$1" paene sandbox --hide /etc -- ls /etc/passwd
		expect_status 2
		rm -r "$home/more"
	}
	both check
}

@test "in the home folder nothing of it is shown, which is said" {
	run -0 as dev sh -c 'cd .. && exec paene sandbox -- ls -A .'
	expect_in_output "which is hidden"
	[[ "$output" != *private* ]] || fail "$output"
}

@test "there is no network, no other process, and nothing of the machine's IPC" {
	check() {
		run as "$1" paene sandbox -- sh -c 'grep -c : /proc/net/dev; ps -e -o pid= | wc -l'
		expect_output $'1\n4'
		run as "$1" paene sandbox -h other -- hostname
		expect_output other
		[ "$(hostname)" != other ]
	}
	both check
}

@test "secrets are left out of the environment, unless they are kept" {
	tell() { # tell OPTION…
		as dev env GITHUB_TOKEN=a AWS_REGION=b my_password=c SSH_AUTH_SOCK=/x PLAIN=d \
			paene sandbox "$@" -- sh -c 'echo "$GITHUB_TOKEN,$AWS_REGION,$my_password,$SSH_AUTH_SOCK,$PLAIN,$NEW"'
	}
	[ "$(tell)" = ,,,,d, ]
	[ "$(tell --keep-env 'AWS_*' -e NEW=1 -e GITHUB_TOKEN)" = a,b,,,d,1 ]
	[ "$(tell --keep-env '*')" = a,b,c,/x,d, ]
}

@test "--time ends it, and so does the end of its command" {
	run as dev paene sandbox --time 100ms -- sleep 1000
	expect_status 137
	run as dev paene sandbox --time soon true
	expect_status 125
	expect_in_output "a time such as"
	as dev paene sandbox -- sleep 31415 3>&- &
	wait_until 5 pgrep -fx 'sleep 31415'
	pkill -9 -fx 'paene sandbox -- sleep 31415'
	wait_until 5 eval '! pgrep -fx "sleep 31415" >/dev/null'
}

@test "wrong values are one line each" {
	local words
	for words in "--ro /no/such true" "--hide /no/such true" "--tmp / true" "--rw= true" "--nosuch true" ""; do
		run as dev paene sandbox $words
		expect_status 125
		[ ${#lines[@]} = 1 ] || fail "$words:" "$output"
	done
}

@test "it has a terminal of its own" {
	run as dev "$tests/lib/terminal" see '$' type 'tty; stty size\n' see '24 80' type 'exit 3\n' -- paene sandbox sh
	expect_status 3
	expect_in_output /dev/pts/0
	expect_in_output '[restored]'
}

@test "--net is pasta's: a way out, none to this machine, and nothing is left of it, whoever is killed" {
	needs_program pasta
	make_outside
	socat -u TCP-LISTEN:80,fork,reuseaddr SYSTEM:true 3>&- &
	local listener=$!
	check() {
		run as "$1" paene sandbox --net -- sh -c 'ip -o -4 addr show out; head -n 1 /etc/resolv.conf; socat -u /dev/null TCP:127.0.0.1:80'
		expect_in_output "198.51.100.2/24"
		expect_in_output "nameserver 169.254.1.1"
		expect_in_output "Connection refused"
		as "$1" paene sandbox --net -- sleep 16180 3>&- &
		wait_until 5 pgrep -fx 'sleep 16180'
		pkill -9 -fx '(/run/paene-test/)?paene .*sandbox --net -- sleep 16180|paene sandbox --net -- sleep 16180'
		wait_until 5 eval '! pgrep -fx "sleep 16180" >/dev/null'
		as "$1" paene sandbox --net true
	}
	both check
	kill $listener $outside
	ip link del out 2>/dev/null || true
}

@test "limits need their controllers, and a user a cgroup" {
	[ -e /sys/fs/cgroup/cgroup.controllers ] && grep -qw cpu /sys/fs/cgroup/cgroup.controllers && skip "there are controllers: tests/vm"
	run as dev paene sandbox -m 64m true
	expect_status 125
	[ ${#lines[@]} = 1 ] || fail "$output"
	run as root paene sandbox --cpus x true
	expect_status 125
}

# ---- with a name ----

@test "what one with a name has caught is there the next time, is listed, made on the machine, and dropped" {
	check() {
		local folder=/opt/caught/$1
		as "$1" mkdir -p "$folder/gone"
		as "$1" sh -c 'cd "$1"; echo old >changed; touch deleted gone/x' sh "$folder"
		as "$1" paene sandbox --name one -- sh -c 'cd "$1"; echo new >changed; rm deleted; rm -r gone; mkdir -m 700 new; ln -s x new/link;
			echo text >new/text; chmod 600 new/text' sh "$folder"
		[ "$(cat "$folder/changed")" = old ]
		run as "$1" paene sandbox enter one -- cat "$folder/changed"
		expect_output new
		run as "$1" paene sandbox diff one
		expect_output "$(printf '%s\n' "C /opt/caught" "C $folder" "C $folder/changed" "D $folder/deleted" "D $folder/gone" "A $folder/new" \
			"A $folder/new/link" "A $folder/new/text")"
		run as "$1" paene sandbox ls --format '{{.Name}} {{.Status}} {{.Folder}}'
		expect_output "one kept $(home_of "$1")/work"
		run as "$1" paene sandbox apply --dry-run one
		expect_in_output "D $folder/gone"
		[ -e "$folder/gone/x" ] || fail "not dry"
		run as "$1" paene sandbox apply one "$folder/new/text"
		expect_output "$(printf '%s\n' "A $folder/new" "A $folder/new/text")"
		[ "$(stat -c %a%U "$folder/new" "$folder/new/text")" = "$(printf '700%s\n600%s' "$(as "$1" id -un)" "$(as "$1" id -un)")" ]
		[ ! -L "$folder/new/link" ]
		as "$1" paene sandbox apply one
		[ "$(cat "$folder/changed")$(readlink "$folder/new/link")" = newx ]
		[ ! -e "$folder/deleted" ] && [ ! -e "$folder/gone" ] || fail "$(ls "$folder")"
		run as "$1" paene sandbox diff one
		expect_output ""
		run as "$1" paene sandbox drop one
		expect_output one
		run as "$1" paene sandbox ls -q
		expect_output ""
	}
	both check
}

@test "where the machine has changed meanwhile nothing is applied, unless forced to" {
	check() {
		local folder=/opt/caught/stale-$1
		as "$1" mkdir -p "$folder"
		echo old | tee "$folder/a" >"$folder/b"
		chown -R "$(as "$1" id -u)" "$folder"
		as "$1" paene sandbox --name two -- sh -c 'cd "$1"; echo new >a; rm b; echo c >c' sh "$folder"
		echo other >"$folder/b"
		run as "$1" paene sandbox apply two
		expect_status 1
		expect_in_output "$folder/b has changed on this machine meanwhile; give --force"
		[ "$(cat "$folder/a")" = old ]
		as "$1" paene sandbox apply two "$folder/a"
		[ "$(cat "$folder/a")" = new ]
		as "$1" paene sandbox apply --force two
		[ ! -e "$folder/b" ] && [ -e "$folder/c" ] || fail "$(ls "$folder")"
		run as "$1" paene sandbox apply two /etc
		expect_status 1
		expect_in_output "has changed nothing at /etc"
		as "$1" paene sandbox drop two
	}
	both check
}

@test "--copy catches the current folder for later, and apply brings it back; --keep finds a name" {
	check() {
		local home name
		home=$(home_of "$1")
		run as "$1" paene sandbox --copy --keep -- sh -c 'echo 1 >made'
		expect_status 0
		name=$(as "$1" paene sandbox ls -q)
		expect_in_output "kept as $name"
		[ ! -e "$home/work/made" ]
		as "$1" paene sandbox enter "$name" cat made
		as "$1" paene sandbox apply "$name" made
		[ "$(cat "$home/work/made")" = 1 ]
		rm "$home/work/made"
		as "$1" paene sandbox drop --all
	}
	both check
}

@test "one name is one run at a time, and a killed one can be dropped" {
	as dev paene sandbox --name busy -- sleep 27182 3>&- &
	wait_until 5 pgrep -fx 'sleep 27182'
	run as dev paene sandbox --name busy true
	expect_status 125
	expect_in_output "sandbox busy is in use"
	for verb in drop apply; do
		run as dev paene sandbox $verb busy
		expect_status 1
		expect_in_output "sandbox busy is in use"
	done
	run as dev paene sandbox ls --format '{{.Status}}'
	expect_output running
	pkill -9 -fx 'paene sandbox --name busy -- sleep 27182'
	wait_until 5 eval '! pgrep -fx "sleep 27182" >/dev/null'
	as dev paene sandbox --name busy true
	as dev paene sandbox drop busy
}

@test "names that do not exist, or cannot" {
	local words
	for words in "drop none" "diff none" "apply none" "enter none" "diff ../x" "--name ../x true" "drop" "drop --all x" "ls --format {{"; do
		run as dev paene sandbox $words
		[ "$status" != 0 ] || fail "$words"
		[ ${#lines[@]} = 1 ] || fail "$words:" "$output"
	done
}

@test "a full disk is one line, and leaves the machine as it was" {
	mkdir /opt/caught/full
	mount -t tmpfs -o size=64k tmpfs /opt/caught/full
	echo old >/opt/caught/full/file
	as root sh -c 'cd /opt/caught/full && exec "$@"' sh paene sandbox --copy --name full -- sh -c 'head -c 200000 /dev/zero >file'
	run as root sh -c 'cd /opt/caught/full && exec "$@"' sh paene sandbox apply full
	expect_status 1
	expect_in_output "paene sandbox apply: apply /opt/caught/full/file: copy: No space left on device"
	[ ${#lines[@]} = 1 ]
	[ "$(ls -A /opt/caught/full)$(cat /opt/caught/full/file)" = fileold ]
	as root sh -c 'cd /opt/caught/full && exec "$@"' sh paene sandbox drop full
	umount /opt/caught/full
}
