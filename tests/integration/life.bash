# SPDX-License-Identifier: Apache-2.0
# life.bash: what the files about a container's life share: its beginning and end around each test, and questions to it.

image=localhost/busybox:1

setup_file() {
	has_corner || return 0
	load_busybox
	paene run -q --rm "$image" true # the bridge, the parent cgroup: they stay
}

setup() {
	needs_root
	leak_check_before
}

teardown() {
	paene rm --force --all >/dev/null
	rm -rf "$PAENE_DATA/volumes/counter"
	leak_check_after
}

start_box() { # start_box NAME OPTION… -- COMMAND…: detached, without a network
	local name=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	paene run -dq --name "$name" --network none "${options[@]}" "$image" "$@"
}

field() { # field CONTAINER PATH
	paene inspect --format "{{$2}}" "$1"
}

status_is() { # status_is CONTAINER WORD
	[ "$(field "$1" .State.Status)" = "$2" ]
}

has_said() { # has_said CONTAINER TEXT: in its log
	paene logs "$1" 2>&1 | grep -q "$2"
}

said_times() { # said_times CONTAINER N TEXT: so often
	[ "$(paene logs "$1" 2>/dev/null | grep -c "$3")" -ge "$2" ]
}

gone() { # gone CONTAINER
	! paene inspect "$1" >/dev/null 2>&1
}

# What only a running container has, a line for each; nothing else may run in this file's corner.
taken() {
	find "$PAENE_DATA"/{idranges,networks/paene/leases,networks/paene/names} ! -type d
	find "$PAENE_RUN/containers" -mindepth 1 -maxdepth 1
	find /sys/fs/cgroup -mindepth 2 -type d -path '*/paene/*'
	mount | grep -F "$PAENE_DATA" || true
}

# A process that ends politely when it is asked to by SIGNAL, with status 5.
polite() {
	echo "trap 'exit 5' $1; echo ready; while :; do sleep 0.05; done"
}

deaf='trap "" TERM; echo ready; while :; do sleep 0.05; done'

# A run that adds a line to the volume "counter", which outlives it; after so many the command takes its turn.
counted() { # counted TIMES COMMAND
	echo "echo >>/count/runs; [ \$(wc -l </count/runs) -gt $1 ] && { $2; }; exit 1"
}

runs() {
	[ -e "$PAENE_DATA/volumes/counter/_data/runs" ] || { echo 0; return; }
	wc -l <"$PAENE_DATA/volumes/counter/_data/runs"
}

ran_times() { # ran_times N: so often or more
	[ "$(runs)" -ge "$1" ]
}
