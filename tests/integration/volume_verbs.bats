# SPDX-License-Identifier: Apache-2.0
# paene volume: what one makes, sees and removes; what is mounted on a volume; what its first container finds in it.
load ../lib/common

image=localhost/busybox:1

setup_file() {
	has_corner || return 0
	load_busybox
	paene run -q --rm "$image" true # the bridge, the parent cgroup: they stay
	make_image localhost/volumes:1 "$BATS_FILE_TMPDIR/volumes.tar" 'Volumes={"/etc":{},"/var/own":{}}'
	paene load -i "$BATS_FILE_TMPDIR/volumes.tar"
}

setup() {
	needs_root
	leak_check_before
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	paene rm --force --all >/dev/null
	paene volume rm --all >/dev/null
	cd /
	leak_check_after
}

in_box() { # in_box OPTION… -- COMMAND…: without a network
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	paene run --rm -q --network none "${options[@]}" "$image" "$@"
}

refused() { # refused STATUS TEXT COMMAND…: this is said in one line
	local status_wanted=$1 text=$2
	shift 2
	run "$@"
	expect_status "$status_wanted"
	expect_in_output "$text"
	[ ${#lines[@]} = 1 ] || fail "more than a line:" "$output"
}

mounted() { # what is mounted on volumes, seen from here
	grep -c "$PAENE_DATA/volumes/" /proc/self/mountinfo
}

@test "create: a name, or a random one; labels; one that is there" {
	run paene volume create
	[[ "$output" =~ ^[0-9a-f]{64}$ ]]
	[ "$(paene volume create -l a=b --label c web)" = web ]
	[ "$(paene volume inspect --format '{{json .Labels}}' web)" = '{"a":"b","c":""}' ]
	refused 125 'the volume name "web" is in use' paene volume create web
	[ "$(paene volume create --ignore web)" = web ]
	refused 125 "invalid volume name" paene volume create "a b"
	refused 125 "local is the only one" paene volume create -d nfs x
	refused 125 "it has no name" paene volume create -l =x x
	refused 125 "a volume has type, device and o" paene volume create -o color=red x
	refused 125 "it needs an option device" paene volume create -o type=nfs x
	refused 125 "uid=ID, gid=ID or size=BYTES" paene volume create -o o=uid=me x
	run paene volume exists x
	expect_status 1
	[ -z "$(find "$PAENE_DATA/volumes" -name '.new*')" ]
}

@test "ls, inspect, exists: columns, formats, filters" {
	paene volume create -l kind=one -o o=uid=7 one
	paene volume create two
	run paene volume ls
	[ "${lines[0]}" = "DRIVER  VOLUME NAME" ]
	[ "${lines[1]}" = "local   one" ]
	[ "$(paene volume ls -q)" = $'one\ntwo' ]
	[ "$(paene volume ls -n | wc -l)" = 2 ]
	[ "$(paene volume ls --format json | jq -r '.[0].Mountpoint')" = "$PAENE_DATA/volumes/one/_data" ]
	[ "$(paene volume ls --format '{{.Name}}:{{.Driver}}')" = $'one:local\ntwo:local' ]
	paene create -q --name box --network none -v two:/x:ro -v /y "$image" true >/dev/null
	[ "$(paene inspect box | jq -c '.[0].Mounts[] | select(.Destination == "/x") | [.Type, .Name, .Driver, .RW, .Propagation]')" = '["volume","two","local",false,"rprivate"]' ]
	local filter
	for filter in label=kind label=kind=one name=ne opt=o opt=o=uid=7 'label!=other' scope=local driver=local dangling=true; do
		[[ " $(paene volume ls -q --filter "$filter" | xargs) " == *" one "* ]] || fail "$filter: no one"
	done
	for filter in label=kind=two name=tw opt=type dangling=false anonymous=true since=two until=2020-01-01 driver=nfs; do
		[[ " $(paene volume ls -q --filter "$filter" | xargs) " != *" one "* ]] || fail "$filter: one"
	done
	[ "$(paene volume ls -q --filter since=one --filter anonymous=false)" = two ]
	refused 1 "true or false" paene volume ls --filter dangling=maybe
	refused 1 "KEY=VALUE" paene volume ls --filter odd=1
	refused 1 "no such volume" paene volume ls --filter since=none
	[ "$(paene volume inspect two | jq -r '.[0] | "\(.Name) \(.MountCount) \(.Anonymous) \(.Scope)"')" = "two 1 false local" ]
	[ "$(paene volume inspect --all | jq length)" = 3 ]
	run paene volume inspect nosuch one
	expect_status 1
	expect_in_output "no such volume: nosuch"
	expect_in_output '"Name": "one"'
	paene volume exists one
	run paene volume exists nosuch
	expect_status 1
}

@test "rm: one that is used stays and says whose it is; --force takes the container, too; prune asks" {
	paene create -q --name box --network none -v used:/x "$image" true >/dev/null
	paene volume create free
	refused 2 "volume used is used by container box" paene volume rm used
	refused 1 "no such volume: nosuch" paene volume rm nosuch
	run paene volume rm --force nosuch
	expect_status 0
	run paene volume prune <<<n
	expect_in_output free
	paene volume exists free
	run paene volume prune <<<y
	expect_status 0
	[ "${lines[-1]##* }" = free ]
	run paene volume prune --force
	expect_output ""
	[ "$(paene volume rm --force used)" = used ]
	run paene inspect box
	expect_status 1
	refused 1 "name a volume" paene volume rm
}

@test "prune --filter" {
	paene volume create -l keep=yes a
	paene volume create b
	[ "$(paene volume prune -f --filter 'label!=keep')" = b ]
	[ "$(paene volume ls -q)" = a ]
}

@test "one without a name goes with --rm and rm -v, and stays with rm; one with a name stays" {
	in_box -v /anonymous -v named:/x -- touch /anonymous/file
	[ "$(paene volume ls -q)" = named ]
	paene create -q --name box --network none -v /a --mount type=volume,target=/b -v named:/x "$image" touch /a/1 /b/2 >/dev/null
	paene start -a box
	[ "$(paene volume ls -q --filter anonymous=true | wc -l)" = 2 ]
	paene rm box
	[ "$(paene volume ls -q | wc -l)" = 3 ]
	paene volume prune -f --filter anonymous=true
	paene create -q --name box --network none -v /a -v named:/x "$image" true >/dev/null
	paene start -a box
	paene rm -v box
	[ "$(paene volume ls -q)" = named ]
	paene run -dq --rm --name box --network none -v /a "$image" sleep 1000 >/dev/null
	paene rm -f box
	[ "$(paene volume ls -q)" = named ]
}

@test "the first container fills a volume with what its image has there, owners included" {
	run in_box -v data:/etc -- sh -c 'cat /etc/passwd; stat -c %u:%g:%a /etc; touch /etc/mine'
	expect_status 0
	expect_in_output root
	[[ "$output" == *0:0:755* ]]
	[ "$(stat -c %u:%g "$PAENE_DATA/volumes/data/_data/passwd")" = 0:0 ]
	rm "$PAENE_DATA/volumes/data/_data/passwd"
	run in_box -v data:/etc -- ls /etc
	[[ "$output" == *mine* && "$output" != *passwd* ]]
	run in_box -v empty:/etc:nocopy -- ls /etc
	[[ "$output" != *passwd* ]]
	run in_box -v empty:/etc -- ls /etc
	[[ "$output" != *passwd* ]]
	run in_box -v readonly:/etc:ro -- sh -c 'ls /etc; touch /etc/new'
	expect_in_output passwd
	expect_in_output "Read-only file system"
	paene volume create byhand
	touch "$PAENE_DATA/volumes/byhand/_data/mine"
	run in_box -v byhand:/etc -- ls /etc
	[[ "$output" != *passwd* ]]
}

@test "a container that could not start has filled nothing, and the next one fills it" {
	run in_box -v data:/etc -v "$PWD:/etc/passwd/x" -- true
	expect_status 125
	[ -z "$(ls "$PAENE_DATA/volumes/data/_data")" ]
	[ "$(paene volume inspect --format '{{.NeedsCopyUp}}' data)" = true ]
	run in_box -v data:/etc -- ls /etc
	expect_in_output passwd
	[ ! -e "$PAENE_DATA/volumes/data/fill" ]
}

@test "volumes of an image: without a name and filled, but where something else is mounted" {
	run paene run --rm -q --network none localhost/volumes:1 sh -c 'grep -c " /etc \| /var/own " /proc/self/mountinfo; ls /etc'
	[ "${lines[0]}" = 2 ]
	expect_in_output passwd
	[ -z "$(paene volume ls -q)" ]
	paene create -q --name box --network none -v mine:/etc localhost/volumes:1 true >/dev/null
	paene start -a box
	[ "$(paene volume ls -q | wc -l)" = 2 ]
	paene volume exists mine
	run paene run --rm -q --network none --image-volume ignore localhost/volumes:1 grep -c " /etc " /proc/self/mountinfo
	expect_output 0
	run paene run --rm -q --network none --image-volume tmpfs localhost/volumes:1 sh -c 'grep " /etc " /proc/self/mountinfo; ls /etc'
	expect_in_output "- tmpfs"
	expect_in_output passwd
	run paene run --rm -q --network none --image-volume odd localhost/volumes:1 true
	expect_status 125
	expect_in_output "anonymous, tmpfs or ignore"
}

@test "--opt o=uid=,gid=: whose it is; size= where there are quotas, else a clear word" {
	paene volume create -o o=uid=1000,gid=1001 owned
	run in_box -v owned:/x -- stat -c %u:%g /x
	expect_output 1000:1001
	run paene volume create -o o=size=1m limited
	[ "$status" = 0 ] || expect_in_output "has no project quotas"
}

@test "--opt type=tmpfs, o=bind: mounted with the first container, unmounted after the last" {
	paene volume create -o type=tmpfs -o device=tmpfs -o o=size=1m memory
	mkdir there
	touch there/file
	paene volume create -o type=none -o o=bind -o "device=$PWD/there" bound
	paene run -dq --name one --network none -v memory:/x "$image" sleep 1000 >/dev/null
	run in_box -v memory:/x -v bound:/y -- sh -c 'touch /x/shared /y/mine; ls /y; df -k /x | awk "END {print \$2}"'
	expect_output $'file\nmine\n1024'
	[ "$(stat -c %u there/mine)" = "$(id -u)" ]
	run paene exec one ls /x
	expect_output shared
	[ "$(mounted)" = 1 ]
	paene volume export bound -o bound.tar
	[ "$(tar tf bound.tar | sort | xargs)" = "./ file mine" ]
	[ "$(mounted)" = 1 ]
	paene rm -f one
	run mounted
	expect_output 0
	run in_box -v memory:/x -- ls /x
	expect_output ""
	paene volume create -o type=none -o o=bind -o device=/no/such broken
	run in_box -v broken:/x -- true
	expect_status 125
	expect_in_output "/no/such does not exist"
	# a killed one has left it mounted
	paene run -dq --name two --network none -v memory:/x "$image" sleep 1000 >/dev/null
	paene volume rm -f memory
	run mounted
	expect_output 0
}

@test "export and import: files, owners, links; into one that is there, and from a pipe" {
	in_box -v data:/x -- sh -c 'echo one >/x/a; mkdir /x/d; ln -s ../a /x/d/l; chown 5:6 /x/a'
	paene volume export data >data.tar
	paene volume create copy
	paene volume import copy data.tar
	run in_box -v copy:/x -- sh -c 'stat -c %u:%g /x/a; cat /x/d/l'
	expect_output $'5:6\none'
	gzip <data.tar | paene volume import copy -
	refused 1 "no such volume: none" paene volume import none data.tar
	refused 1 "No such file" paene volume import copy none.tar
	refused 1 "no such volume: none" paene volume export none
	head -c 700 /dev/urandom >odd.tar
	run paene volume import copy odd.tar
	expect_status 1
	[ ${#lines[@]} = 1 ]
	# what was imported is not covered by an image's files
	paene volume create fresh
	paene volume import fresh data.tar
	run in_box -v fresh:/etc -- ls /etc
	expect_output $'a\nd'
}

@test "--mount subpath: a part of a volume; no link in it leads out" {
	in_box -v data:/x -- sh -c 'mkdir -p /x/in/side; echo deep >/x/in/side/f; ln -s / /x/root; ln -s ../../../../etc /x/up; ln -s in /x/link'
	run in_box --mount type=volume,src=data,dst=/y,subpath=in/side -- cat /y/f
	expect_output deep
	run in_box --mount type=volume,src=data,dst=/y,subpath=link/side/f -- cat /y
	expect_output deep
	run in_box --mount type=volume,src=data,dst=/y,subpath=root -- ls /y
	expect_in_output link # its own root
	run in_box --mount type=volume,src=data,dst=/y,subpath=up -- ls /y
	expect_status 125
	expect_in_output "subpath"
	run in_box --mount type=volume,src=data,dst=/y,subpath=nosuch -- ls /y
	expect_status 125
	expect_in_output "No such file"
}

@test "killed while it is made, filled or removed: nothing half-made, and the next one works" {
	local delay
	for delay in 0 0.002 0.004 0.008 0.016 0.03 0.06; do
		paene volume create killed >/dev/null 2>&1 &
		sleep "$delay"
		kill -KILL $! 2>/dev/null || true
		wait $! || true
		paene run --rm -q --network none -v killed:/etc "$image" true >/dev/null 2>&1 &
		sleep "$delay"
		kill -KILL $! 2>/dev/null || true
		wait $! || true
		run in_box -v killed:/etc -- ls /etc
		expect_in_output passwd
		paene rm -f --all >/dev/null
		paene volume rm killed >/dev/null 2>&1 &
		sleep "$delay"
		kill -KILL $! 2>/dev/null || true
		wait $! || true
		paene volume rm -f killed
		run paene volume exists killed
		expect_status 1
	done
	paene rm -f --all # sweeps
	[ -z "$(ls -A "$PAENE_DATA/volumes")" ] || fail "$(ls -A "$PAENE_DATA/volumes")"
}

@test "many containers at once on one new volume: all see it filled" {
	local i
	for i in 1 2 3 4 5 6; do
		in_box -v data:/etc -- cat /etc/passwd >"out$i" 2>&1 &
	done
	wait
	for i in 1 2 3 4 5 6; do
		grep -q root "out$i" || fail "$i: $(cat "out$i")"
	done
}

@test "the same volume twice in a container, new or not; several in many containers, in any order" {
	local i
	run in_box -v data:/etc -v data:/y -v data:/z:ro -- sh -c 'touch /y/mine; ls /etc /z'
	[ "$(grep -c mine <<<"$output")" = 2 ]
	[ "$(grep -c passwd <<<"$output")" = 2 ]
	run in_box -v data:/y -v data:/etc --mount type=volume,src=data,dst=/f,subpath=passwd -- sh -c 'ls /y; grep -c root /f'
	expect_in_output mine
	for i in 1 2 3 4; do
		in_box -v one:/etc -v two:/bin/../var -v three:/root -- true >"out$i" 2>&1 &
		in_box -v three:/etc -v two:/var -v one:/root -- true >"back$i" 2>&1 &
	done
	wait
	cat out? back?
	[ -z "$(cat out? back?)" ]
}
