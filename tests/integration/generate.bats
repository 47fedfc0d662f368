# SPDX-License-Identifier: Apache-2.0
# Units of systemd for containers, by their text and by what their commands do; systemd itself: tests/vm/systemd.bats.
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
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	[ "$(id -u)" = 0 ] || return 0
	paene rm --force --all >/dev/null
	rm -rf /run/systemd # of systemd-analyze
	leak_check_after
}

line_of() { # line_of KEY OPTION…: the value of this key in a unit
	local key=$1
	shift
	paene generate systemd "$@" | sed -n "s/^$key=//p"
}

@test "a unit for a container: its commands, and what systemd thinks of it" {
	needs_program systemd-analyze
	paene create --name web --stop-timeout 7 --stop-signal INT "$image" sleep 1000 >/dev/null
	paene generate systemd --name --files --after db.service --wants cache.service --requires db.service --restart-policy always \
		--restart-sec 5s --start-timeout 90 --env 'A=100% "x"' web >path
	[ "$(<path)" = "$PWD/container-web.service" ]
	local me
	me="$(realpath "$PAENE_BUILD/paene") --root $PAENE_DATA --runroot $PAENE_RUN"
	diff - container-web.service <<-EOF2
		# container-web.service
		# written by \`paene generate systemd\` $(command paene --version | sed 's/.* //')

		[Unit]
		Description=Container web of paene
		Documentation=man:paene(1)
		Wants=network-online.target
		After=network-online.target
		Wants=cache.service
		After=db.service
		Requires=db.service
		RequiresMountsFor=$PAENE_DATA $PAENE_RUN

		[Service]
		Type=notify
		NotifyAccess=all
		Environment="A=100%% \"x\""
		ExecStart=$me restart --sdnotify conmon web
		ExecStop=$me stop --ignore --timeout 7 web
		ExecStopPost=$me stop --ignore --timeout 7 web
		Restart=always
		RestartSec=5s
		TimeoutStartSec=90
		TimeoutStopSec=67
		SuccessExitStatus=130

		[Install]
		WantedBy=default.target
	EOF2
	sed -i '/^Requires=/d' container-web.service # there is no such unit here
	run systemd-analyze verify --man=no ./container-web.service
	expect_status 0
	expect_output ""
}

@test "--new: the command line that made it, in quotes where they are needed, with what a service wants" {
	needs_program systemd-analyze
	paene create --name web -e 'A=50% $HOME "x" \' --restart always -- "$image" sh -c 'echo a;
		sleep 1000' >/dev/null
	line_of ExecStart --new web >said
	cat >expected <<-'EOF2'
		run --name web -e "A=50%% $$HOME \"x\" \\" --restart always --name web --replace --rm --detach --restart no --sdnotify conmon -- IMAGE sh -c "echo a;\x0a\x09\x09sleep 1000"
	EOF2
	diff <(sed "s/^.*$(basename "$PAENE_RUN") run/run/; s|$image|IMAGE|" said) expected
	[[ "$(line_of ExecStopPost --new web)" == *"rm --force --ignore web" ]]
	paene generate systemd --new --files --name web
	run systemd-analyze verify --man=no ./container-web.service
	expect_status 0
	expect_output ""
}

@test "names: by id, by name, with other prefixes; json; the other name of the verb" {
	local id
	id=$(paene create --name web "$image" true)
	[ "$(paene generate systemd --files web)" = "$PWD/container-$id.service" ]
	[[ "$(line_of ExecStart web)" == *" $id" ]]
	[ "$(paene generate systemd -f -n --container-prefix my --separator _ web)" = "$PWD/my_web.service" ]
	[ "$(paene generate unit -n --format json web | jq -r 'keys[]')" = container-web.service ]
	run -0 diff <(paene generate unit -n --format json --no-header web | jq -r '.["container-web.service"]') <(paene generate systemd -n --no-header web; echo)
}

@test "what is wrong is said, and nothing is written" {
	paene create --name web --restart always "$image" true >/dev/null
	local words
	for words in "--restart-policy often web" "--stop-timeout soon web" "--after a/b web" "--wants nosuffix web" "--env X web" \
		"--format table web" "--container-prefix a/b web" "--restart-sec -1 web" nosuch; do
		run paene generate systemd --files $words
		expect_status 125
		[ "${#lines[@]}" -le 2 ] || fail "$output"
	done
	expect_in_output "no such container: nosuch"
	run ! ls *.service
	run paene generate systemd -n web
	expect_status 0
	expect_in_output "warning: the container has a restart policy of its own"
	cd /proc/self
	run paene generate systemd --files web
	expect_status 125
	expect_in_output "container-"
}

# What systemd does with a unit of Type=notify: start it, hear of its main process, be told how that ended. It prints both.
serve() { # serve COMMAND…
	cat >manager <<-'EOF2'
		import ctypes, os, socket, subprocess, sys
		ctypes.CDLL(None).prctl(36, 1) # PR_SET_CHILD_SUBREAPER
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind("notify")
		env = os.environ | {"NOTIFY_SOCKET": os.path.realpath("notify")}
		start = subprocess.Popen(sys.argv[1:], env=env, stdout=subprocess.DEVNULL)
		said = {}
		s.settimeout(120)
		while not {"READY", "MAINPID", "BARRIER"} <= set(said): # whoever sent a barrier waits until it is read
		    said |= dict(line.split("=", 1) for line in s.recv(4096).decode().split())
		main = int(said["MAINPID"])
		if start.wait():
		    sys.exit("it did not start")
		print("ready", open(f"/proc/{main}/comm").read().strip(), flush=True)
		print("ended", os.waitstatus_to_exitcode(os.waitpid(main, 0)[1]), flush=True)
	EOF2
	rm -f notify
	python3 manager "$@" >said 2>&1 3>&- &
	manager=$!
}

said() {
	grep -q "$1" said
}

start_of() { # start_of OPTION…: the words of ExecStart
	read -ra words <<<"$(line_of ExecStart "$@")"
}

@test "the main process is the monitor, and ends as the container does" {
	paene create --name web "$image" sh -c 'trap "exit 3" USR1; trap "exit 0" TERM; echo up; while :; do sleep 0.1; done' >/dev/null
	start_of web
	serve "${words[@]}"
	wait_until 10 said '^ready paene-monitor$'
	up() { [ "$(paene logs web)" = up ]; }
	wait_until 10 up
	paene kill -s USR1 web
	wait "$manager"
	said '^ended 3$' || fail "$(<said)"
}

@test "one that runs already is started anew, by the service" {
	paene run -q -d --name web "$image" sleep 1000 >/dev/null
	local before
	before=$(paene inspect -f '{{.State.Pid}}' web)
	start_of web
	serve "${words[@]}"
	wait_until 10 said '^ready paene-monitor$'
	[ "$(paene inspect -f '{{.State.Pid}}' web)" != "$before" ]
	paene stop -t 0 web
	wait "$manager"
	said '^ended 137$' || fail "$(<said)"
}

@test "--new: each start is another container of that name, which is gone at the end" {
	local id
	id=$(paene run -q -d --name web --cidfile "$PWD/cid" "$image" sleep 1000)
	start_of --new web
	serve "${words[@]}"
	wait_until 10 said '^ready paene-monitor$'
	[ "$(paene inspect -f '{{.Id}}' web)" != "$id" ]
	[ "$(paene inspect -f '{{.Id}}' web)" = "$(<cid)" ]
	read -ra words <<<"$(line_of ExecStop --new --stop-timeout 0 web)"
	"${words[@]}" >/dev/null
	wait "$manager"
	said '^ended 137$' || fail "$(<said)"
	run paene container exists web
	expect_status 1
}

@test "--sdnotify of start and restart: conmon alone" {
	paene create --name web "$image" true >/dev/null
	run paene start --sdnotify container web
	expect_status 125
	expect_in_output "--sdnotify container: it is conmon"
	run paene restart --sdnotify healthy web
	expect_status 1
}
