# SPDX-License-Identifier: Apache-2.0
# checkpoint.bash: what the tests of checkpoint and restore share: `load ../lib/checkpoint` after common. They set $bundle,
# $image (a folder for the checkpoint) and $BATS_TEST_TMPDIR.

# A container that counts in memory, and shows how far it is.
counter='.process.args = ["sh", "-c", "i=0; while :; do i=$((i + 1)); echo $i >/dev/shm/count; sleep 0.05; done"]'

# A seccomp filter, as a change of config.json.
filter='.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64"], syscalls: [
	{names: ["chmod", "fchmod", "fchmodat"], action: "SCMP_ACT_ERRNO", errnoRet: 77}]}'

# For setup_file: what it finds out about the kernel stays in /run, too.
try_criu() {
	criu check >"$BATS_FILE_TMPDIR/criu" 2>&1 && : >"$BATS_FILE_TMPDIR/criu" || :
}

needs_criu() {
	needs_program criu
	[ ! -s "$BATS_FILE_TMPDIR/criu" ] || skip "criu cannot work here: $(tail -n 1 "$BATS_FILE_TMPDIR/criu")"
}

status_is() { # status_is ID STATUS
	[ "$(oci state "$1" 2>/dev/null | jq -r .status)" = "$2" ]
}

pid_of() {
	oci state "$1" | jq .pid
}

count_of() {
	cat "/proc/$(pid_of "$1")/root/dev/shm/count"
}

counted() { # counted ID AT-LEAST
	[ "$(count_of "$1" 2>/dev/null || echo 0)" -ge "$2" ]
}

# Streams that are no files of this machine, which are in no checkpoint.
start_container() {
	oci run -d -b "$bundle" "$1" </dev/null >/dev/null 2>&1
}

restore_container() { # restore_container ID [FLAG…]: a failure shows criu's last words
	local id=$1
	shift
	oci restore -d -b "$bundle" --image-path "$image" "$@" "$id" </dev/null >/dev/null 2>"$BATS_TEST_TMPDIR/restore.err" ||
		fail "$(<"$BATS_TEST_TMPDIR/restore.err")" "$(tail -n 5 "$image/restore.log" 2>/dev/null || true)"
}

# Show a terminal that comes over a socket; with `say`, write "hello" into it first. What it says goes to NAME.heard
show_terminal() { # show_terminal NAME hold|say
	cat >"$BATS_TEST_TMPDIR/show" <<-'EOF2'
		import os, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.bind(sys.argv[1])
		s.listen()
		message, fds, _, _ = socket.recv_fds(s.accept()[0], 4096, 1)
		if sys.argv[2] == "say":
		    os.write(fds[0], b"hello\n")
		try:
		    while text := os.read(fds[0], 100):
		        os.write(1, text)
		except OSError:
		    pass
	EOF2
	python3 "$BATS_TEST_TMPDIR/show" "$BATS_TEST_TMPDIR/$1" "$2" >"$BATS_TEST_TMPDIR/$1.heard" 3>&- &
	wait_until 5 listens "$BATS_TEST_TMPDIR/$1"
}
