# SPDX-License-Identifier: Apache-2.0
# The power goes while the image store is changed: what was said to be done is there, and nothing is half there. `power` has the
# whole list of what must hold, at six points of each operation and after its end.
load lib
load ../lib/registry

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	load_busybox
	! type -P docker-registry paene-fetch >/dev/null || serve
}

serve() {
	registry_start plain
	echo "$REGISTRY" >"$BATS_FILE_TMPDIR/registry"
	"$tests/lib/docker-archive" --layers 3 "$(busybox_rootfs)" localhost/new:1 "$BATS_FILE_TMPDIR/new.tar"
	paene load -qi "$BATS_FILE_TMPDIR/new.tar"
	paene push --tls-verify=false -q localhost/new:1 "$REGISTRY/pulled:1"
}

teardown_file() {
	registries_stop
}

power() { # power OPERATION [OPTION…]
	local sample=(--sample 6 --seed "${FAULT_SEED:-1}") kind kinds=(ext4)
	needs_root
	needs_program strace losetup mkfs.ext4 e2fsck mkfs.xfs xfs_repair
	losetup -f >/dev/null || skip "no loop devices here"
	[ -z "${FAULT_ALL-}" ] || sample=() kinds=(ext4 ext4-writeback xfs)
	for kind in "${kinds[@]}"; do
		"$tests/fault/power" --op "$1" --fs "$kind" "${sample[@]}" "${@:2}"
	done
}

@test "load: the power goes" {
	power load
}

@test "pull: the power goes" {
	[ -e "$BATS_FILE_TMPDIR/registry" ] || skip "docker-registry or paene-fetch is not there"
	power pull --registry "$(<"$BATS_FILE_TMPDIR/registry")"
}

@test "commit: the power goes" {
	power commit
}

@test "tag over a name that is there: the power goes" {
	power tag
}

@test "rmi: the power goes" {
	power rmi
}
