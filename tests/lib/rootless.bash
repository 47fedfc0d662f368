# SPDX-License-Identifier: Apache-2.0
# rootless.bash: a user of this file's corner, "dev", with subordinate ids and a runtime folder; for files that test paene
# without root. `load ../lib/common` first.
#
#   as_dev COMMAND…   run a command as that user
#   paene …           as that user, with the folders that paene chooses by itself

dev_id=4242 dev_home=/run/home/dev dev_run=/run/user/4242
export PAENE_DATA=$dev_home/.local/share/paene PAENE_RUN=$dev_run/paene
export ASAN_OPTIONS=detect_leaks=0 # who has entered another user namespace hangs when it is searched for leaks

make_dev() { # make_dev [no-subids]: this corner's own files of users, and paene where any user can execute it
	"$tests/lib/make-user" dev $dev_id $dev_home $dev_run ${1-}
	mkdir -p /run/paene-test
	cp "$PAENE_BUILD"/paene "$PAENE_BUILD"/paene-* /run/paene-test/
	busybox_rootfs >/dev/null
	make_image localhost/busybox:1 /run/paene-test/busybox.tar
	chmod -R go=rX /run/paene-test
}

# A way out of this corner: 198.51.100.2 on the link "out", behind which 198.51.100.1 is.
make_outside() {
	unshare --net sleep 10000 3>&- &
	outside=$!
	wait_until 5 eval '[ "$(readlink /proc/$outside/ns/net)" != "$(readlink /proc/self/ns/net)" ]'
	ip link add out type veth peer name far netns "$outside"
	nsenter --target "$outside" --net sh -c 'ip addr add 198.51.100.1/24 dev far; ip link set far up'
	ip addr add 198.51.100.2/24 dev out
	ip link set out up
	ip route add default via 198.51.100.1
}

unmake_dev() { # the process that keeps their user namespace
	local pid rest
	read -r pid rest <$PAENE_RUN/namespace && kill "$pid"
}

as_dev() {
	(cd $dev_home && exec env -i HOME=$dev_home ${dev_run:+XDG_RUNTIME_DIR=$dev_run} ASAN_OPTIONS=$ASAN_OPTIONS \
		PATH=/run/paene-test:/usr/bin:/bin setpriv --reuid $dev_id --regid $dev_id --clear-groups "$@")
}

paene() {
	as_dev paene "$@"
}
