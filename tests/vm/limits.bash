# SPDX-License-Identifier: Apache-2.0
# limits.bash: what the files about the limits of containers share.

image=localhost/busybox:1

setup_file() {
	type -P paene >/dev/null || return 0 # each test then says why it is skipped
	load_busybox
}

start_box() { # start_box NAME OPTION… -- COMMAND…: detached, without a network; $cgroup is the folder of its cgroup
	local name=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	paene run -dq --name "$name" --network none "${options[@]}" "$image" "$@"
	cgroup=$(cgroup_of "$name")
}

field() { # field CONTAINER JQ-PATH: of `paene inspect`
	paene inspect "$1" | jq -r ".[0]$2"
}

cgroup_of() { # cgroup_of CONTAINER: the folder of a running container's cgroup
	echo "/sys/fs/cgroup$(field "$1" .CgroupPath)"
}

has() { # has FILE VALUE [FILE VALUE]…: in $cgroup
	while [ $# -gt 0 ]; do
		[ "$(cat "$cgroup/$1")" = "$2" ] || fail "$1: $(cat "$cgroup/$1"), expected $2"
		shift 2
	done
}

cpu_during() { # cpu_during SECONDS CGROUP…: processor time of each, in microseconds
	python3 - "$@" <<-'EOP'
		import sys, time

		def now():
		    return [int(open(f"{cgroup}/cpu.stat").readline().split()[1]) for cgroup in sys.argv[2:]]

		before = now()
		time.sleep(int(sys.argv[1]))
		print(*(after - b for after, b in zip(now(), before)))
	EOP
}
