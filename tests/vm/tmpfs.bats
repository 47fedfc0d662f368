# SPDX-License-Identifier: Apache-2.0
# S42: memory that a container takes by writing files counts as its own: it has ends, and goes with the container.
load ../lib/common

image=localhost/busybox:1

setup_file() {
	load_busybox
}

setup() {
	needs_program paene
	needs_controller memory
	paene run -qd --name neighbour $image sleep 1000
	available=$(available_kib)
}

teardown() {
	paene rm -f neighbour victim || true
}

available_kib() {
	sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo
}

fill() { # fill FOLDER OPTION…: until nothing more goes in, or something ends it
	run paene run -q --name victim --memory 64m "${@:2}" $image sh -c "head -c 1000000000 /dev/zero >$1/large; ls -l $1/large"
	[ "$status" = 137 ] || [[ "$output" == *"No space left"* ]] || fail "status $status" "$output"
	[ $((available - $(available_kib))) -lt 81920 ] || fail "$((available - $(available_kib))) KiB of the machine are gone"
	paene exec neighbour true
	paene rm -f victim >/dev/null
}

@test "S42: /dev/shm is full at its size" {
	fill /dev/shm
	[[ "$output" == *"No space left"* ]] || [ "$status" = 137 ]
}

@test "S42: a larger /dev/shm is full at the container's limit" {
	fill /dev/shm --shm-size 1g
	[ "$status" = 137 ]
}

@test "S42: so is any other tmpfs" {
	fill /run --tmpfs /run
	fill /tmp --read-only
	fill /dev --privileged
}
