# SPDX-License-Identifier: Apache-2.0
# Names, keys and text that come from elsewhere: S26, S31, D16, D17.
load lib

image=localhost/busybox:1

setup_file() {
	needs_root
	load_busybox
	paene run -q --rm --network none $image true # the parent cgroup: it stays
}

setup() {
	needs_program paene paene-oci
	security_setup
}

teardown() {
	delete_all
	rm -rf "$PAENE_DATA/networks/paene"
	security_teardown
}

in_box() { # in_box OPTION… IMAGE COMMAND…
	timeout 120 "$(type -P paene)" --root "$PAENE_DATA" --runroot "$PAENE_RUN" run -q --rm --network none "$@"
}

long=$(printf '%05000d' 0)
bad_names=(../x . .. a/b /x -f --force $'a\nb' "$long" %s%n '' ' ' 'a b' $'\x1b[2J' $'a\xff' ä $'\u202ea' '*' 'a;b' '$(x)' .seccomp
	../../../../../../tmp/v/x)

@test "S31: ids that are no names are refused by every verb of the OCI runtime" {
	local name verb
	B "$b"
	for name in "${bad_names[@]}"; do
		for verb in "create --bundle $b" "run --bundle $b" start state kill "delete" pause resume; do
			run oci $verb -- "$name"
			expect_refused
			run oci $verb "$name" # and not as an option
			[ "$status" != 0 ] || [[ "$name" = -* ]] || fail "$verb $name: status 0"
		done
		run oci delete --force -- "$name"
		[ "$status" -lt 128 ]
		expect_safe
	done
	[ "$(ls -A "$PAENE_RUN/oci" | grep -v .seccomp)" = "" ]
}

@test "S31: names that are none are refused by every verb of the engine" {
	local name verb
	for name in "${bad_names[@]}"; do
		for verb in rm "rm -f" start stop kill pause unpause wait logs inspect "exec -d"; do
			run timeout 120 "$(type -P paene)" --root "$PAENE_DATA" --runroot "$PAENE_RUN" $verb -- "$name" true
			[ "$status" != 0 ] || [ "$verb" = "rm -f" ] || fail "$verb '$name': status 0" "$output"
			[ "$status" -lt 124 ] || [ "$status" = 125 ]
		done
		run in_box --name "$name" $image true
		expect_refused
		run in_box --network "$name" $image true
		[ "$status" != 0 ]
		[ "$name" = a/b ] || run paene tag $image "localhost/$name:1" # in an image's name that is fine
		expect_refused
		run paene tag $image "localhost/x:$name"
		expect_refused
		run paene rmi -- "$name"
		expect_refused
	done
	expect_safe
}

@test "S31: names of volumes that are none are refused" {
	local name
	for name in "${bad_names[@]}"; do
		[[ "$name" != */* && "$name" != .* ]] || continue # those are folders of the host, and that is what they say
		run in_box -v "$name:/vol" $image true
		expect_refused
	done
	[ -z "$(ls -A "$PAENE_DATA/volumes")" ]
}

@test "S31: cgroup paths that lead elsewhere are refused" {
	local path
	B "$b"
	for path in /../../x ../x /a/../../x /paene-oci/../x /a/./b . .. / //x $'/a\nb' /cgroup.procs /a/cgroup.procs "/$long"; do
		edit ".linux.cgroupsPath = $(jq -n --arg p "$path" '$p')"
		run oci run --bundle "$b" c1
		expect_refused
	done
	edit '.linux.cgroupsPath = "/paene-oci/well"'
	run oci run --bundle "$b" c1
	expect_status 0
}

@test "S31: a pid file is where the user says, whole, and never through a link" {
	ln -s $victim/secret "$BATS_TEST_TMPDIR/pid"
	B "$b" "$(run_with sleep 100)"
	oci create --pid-file "$BATS_TEST_TMPDIR/pid" --bundle "$b" c1 >/dev/null 2>&1 3>&-
	expect_safe
	[ "$(cat "$BATS_TEST_TMPDIR/pid")" = "$(oci state c1 | jq .pid)" ]
}

@test "S26: settings of the whole machine are refused, however they are written" {
	local key value
	B "$b" '.linux.namespaces += [{type: "cgroup"}]'
	while read -r key value; do
		edit ".linux.sysctl = {($(jq -n --arg k "$key" '$k')): $(jq -n --arg v "$value" '$v')}"
		run oci run --bundle "$b" c1
		expect_refused
		expect_safe
		run in_box --sysctl "$key=$value" $image true
		expect_refused
		expect_safe
	done <<-'KEYS'
		kernel.core_pattern |/tmp/x
		kernel/core_pattern |/tmp/x
		kernel.modprobe /tmp/x
		kernel.sem/../core_pattern x
		net.ipv4/../kernel/core_pattern x
		net/../kernel/core_pattern x
		net.../kernel.core_pattern x
		net.ipv4.../.../kernel.core_pattern x
		net//../kernel/core_pattern x
		/proc/sys/kernel/core_pattern x
		../kernel/core_pattern x
		vm.overcommit_memory 1
		kernel.msgmaxx 1
		kernel.hostname x
		fs.mqueue 1
		user.max_user_namespaces+kernel.core_pattern 1
	KEYS
}

@test "S26: one value is one setting" {
	B "$b" '.linux.sysctl = {"kernel.shm_rmid_forced": "1+kernel.core_pattern=x"}'
	run oci run --bundle "$b" c1
	expect_refused
	edit '.linux.sysctl = {"kernel.shm_rmid_forced": "1\u0000x"}'
	run oci run --bundle "$b" c1
	expect_refused
	run in_box --sysctl "kernel.shm_rmid_forced=1+kernel.core_pattern=x" $image true
	expect_refused
	run in_box --sysctl "kernel.shm_rmid_forced=1" $image cat /proc/sys/kernel/shm_rmid_forced
	expect_output 1
}

@test "D16: what a container is told in its environment is in no command line, log or file that others can read" {
	local secret=s3cr3t-$$-$RANDOM # of this run alone: all processes are looked at
	SECRET_TOKEN=$secret paene run -qd --name d16 -e SECRET_TOKEN --network none $image sh -c 'echo started; sleep 1000' >/dev/null
	wait_until 5 logged d16 started
	local pid file
	for pid in /proc/[0-9]*; do
		if grep -qsa "$secret" "$pid/cmdline"; then
			fail "in the command line of $(cat "$pid/comm")"
		fi
	done
	for file in $(grep -rl "$secret" "$PAENE_DATA" "$PAENE_RUN" 2>/dev/null); do
		[ "$(basename "$file")" = config.json ] || fail "in $file"
		[ "$(stat -c %a "$file")" = 600 ] || fail "others can read $file"
	done
	for pid in $(pgrep -f paene-monitor); do
		if grep -qsa "$secret" "/proc/$pid/environ"; then
			fail "in the environment of the monitor"
		fi
	done
	run paene ps --no-trunc
	expect_not_in_output "$secret"
	run paene logs d16
	expect_not_in_output "$secret"
	run paene exec -e "TOKEN=$secret" d16 /no/such/program
	expect_not_in_output "$secret"
	run paene exec -e "TOKEN=$secret" nosuch true
	expect_not_in_output "$secret"
}

evil=$'\x1b]0;title\x07\x1b[2J\xc2\x9b31m\xe2\x80\xae\x08\x7f\rx' # and bytes that are no UTF-8, where JSON does not forbid them

expect_harmless() { # expect_harmless FILE: no byte that a terminal obeys
	[ -s "$1" ] || fail "nothing in it" || return
	if LC_ALL=C grep -q $'[\x01-\x08\x0b-\x1f\x7f]' "$1"; then
		fail "control characters:" "$(cat -v "$1")" || return
	fi
	if grep -qP '[\x{80}-\x{9f}\x{200e}\x{200f}\x{202a}-\x{202e}\x{2066}-\x{2069}]' "$1" || ! iconv -f UTF-8 -t UTF-16 "$1" >/dev/null; then
		fail "C1, bidirectional or broken:" "$(od -c "$1" | head -n 40)" || return
	fi
}

@test "D17: no text of an image, a container or a name commands a terminal" {
	local text verb
	text=$(jq -n --arg e "$evil" '$e')
	make_image localhost/evil:1 "$BATS_TEST_TMPDIR/evil.tar" "Labels={$text: $text}" "Env=[$(jq -n --arg e "X=$evil" '$e')]" \
		"WorkingDir=$(jq -n --arg e "/$evil" '$e')" "StopSignal=$text" "ExposedPorts={$text: {}}" "Volumes={$text: {}}"
	paene load -qi "$BATS_TEST_TMPDIR/evil.tar" >"$BATS_TEST_TMPDIR/out"
	paene run -qd --name d17 --network none --label "$evil=$evil" -e "E=$evil" localhost/evil:1 sh -c "printf '%s\n' '$evil'; sleep 1000" \
		"$evil" >/dev/null
	for verb in ps "ps --no-trunc" "ps --format json" images "images --format json" "inspect d17" "inspect localhost/evil:1" info \
			"inspect --format {{.Config.Labels}} d17" "inspect --format {{.Config.Env}} d17" "ps --format {{.Command}}"; do
		paene $verb >"$BATS_TEST_TMPDIR/out" 2>&1 || true
		expect_harmless "$BATS_TEST_TMPDIR/out" || fail "paene $verb"
	done
}

@test "D17: nor does a log line, on a terminal" {
	paene run -qd --name d17 --network none $image sh -c "printf '%s\n\\233\\377\n' '$evil'; echo end; sleep 1000" >/dev/null
	wait_until 5 logged d17 end
	"$tests/security/probes/typed.py" "$(type -P paene)" --root "$PAENE_DATA" --runroot "$PAENE_RUN" logs d17 >"$BATS_TEST_TMPDIR/out"
	grep -q end "$BATS_TEST_TMPDIR/out"
	expect_harmless "$BATS_TEST_TMPDIR/out"
}

@test "D17: nor does a message about what was asked for" {
	local words
	B "$b" ".process.args = [$(jq -n --arg e "$evil" '$e')]"
	for words in "run --bundle $b c1" "state $evil" "kill c1 $evil" "$evil" "run --bundle /$evil c1" "list --format $evil"; do
		IFS=' ' run oci $words
		[ "$status" != 0 ]
		printf '%s\n' "$output" >"$BATS_TEST_TMPDIR/out"
		expect_harmless "$BATS_TEST_TMPDIR/out" || fail "paene-oci $words"
	done
	oci --log "$BATS_TEST_TMPDIR/log" --log-format text run --bundle "$b" c1 2>/dev/null || true
	expect_harmless "$BATS_TEST_TMPDIR/log"
	rm "$BATS_TEST_TMPDIR/log"
	oci --log "$BATS_TEST_TMPDIR/log" --log-format json run --bundle "$b" c1 2>/dev/null || true
	[ "$(jq -r .level "$BATS_TEST_TMPDIR/log")" = error ]
	for words in "run $evil" "inspect $evil" "logs $evil" "rmi $evil" "tag $evil x" "exec $evil x" "$evil" "run --network $evil $image" \
			"run --name $evil $image" "run -v /$evil:/x $image" "run --sysctl $evil=1 $image" "load -i /$evil"; do
		IFS=' ' run paene $words
		[ "$status" != 0 ]
		printf '%s\n' "$output" >"$BATS_TEST_TMPDIR/out"
		expect_harmless "$BATS_TEST_TMPDIR/out" || fail "paene $words"
	done
}
