# SPDX-License-Identifier: Apache-2.0
# What `paene save` writes and `paene commit` makes, loaded and run by podman and docker.
load ../lib/common
load callers

setup_file() {
	needs_program podman docker paene paene-oci
	install_runtime
	mkdir -p /etc/docker
	# the firewall of a bridge is not what is tested here, and takes half a minute
	jq '. + { iptables: false, ip6tables: false }' "$tests/../dist/docker-daemon.json" >/etc/docker/daemon.json
	systemctl start docker
	load_busybox
	paene run -q --name box --network none --hostname made localhost/busybox:1 sh -c \
		'echo hi >/own; chown 5:6 /own; rm /bin/vi; rm -r /root; mkdir /root; echo r >/root/r; ln /own /second' 3>&-
	paene commit -c 'CMD ["cat", "/own"]' box localhost/made:oci >/dev/null
	paene commit -f docker -c 'CMD ["cat", "/own"]' box localhost/made:docker >/dev/null
	cd "$BATS_FILE_TMPDIR"
	paene save -o all.tar localhost/busybox:1 localhost/made:oci localhost/made:docker
	paene save --format oci-archive -o oci.tar localhost/made:oci
	paene save --format oci-dir -o oci localhost/made:oci
	paene save --format docker-dir -o dir localhost/made:docker
}

teardown_file() {
	systemctl stop docker.socket docker containerd
}

looks() { # what a container of it shows
	echo 'cat /own; stat -c "%u %g %h" /own; ls /root; ls /bin/vi || echo gone'
}
expected=$'hi\n5 6 2\nr\ngone'

@test "podman: all formats, and what it runs of them" {
	local name
	cd "$BATS_FILE_TMPDIR"
	command podman load -q -i all.tar
	for name in oci docker; do
		[ "$(command podman run --rm --network none --runtime $runtime localhost/made:$name)" = hi ]
		[ "$(command podman run --rm --network none --runtime $runtime localhost/made:$name sh -c "$(looks)" 2>/dev/null)" = "$expected" ]
		command podman rmi -f localhost/made:$name >/dev/null
	done
	command podman load -q -i oci.tar
	[ "$(command podman run --rm --network none --runtime $runtime localhost/made:oci)" = hi ]
	command podman rmi -f localhost/made:oci >/dev/null
	for name in oci dir; do # folders have no names for podman, its own neither
		[ "$(command podman run --rm --network none --runtime $runtime \
			"$(command podman load -q -i $name | sed -n 's/^Loaded image: sha256://p')")" = hi ]
	done
}

@test "docker: what it loads and runs" {
	local name
	cd "$BATS_FILE_TMPDIR"
	docker load -q -i all.tar
	for name in oci docker; do
		[ "$(docker run --rm --network none localhost/made:$name)" = hi ]
		[ "$(docker run --rm --network none localhost/made:$name sh -c "$(looks)" 2>/dev/null)" = "$expected" ]
	done
}

@test "what podman and docker save of it is the same image here" {
	local id
	cd "$BATS_FILE_TMPDIR"
	id=$(paene inspect -f '{{.Id}}' localhost/made:docker)
	command podman load -q -i all.tar
	command podman save -q --format oci-archive -o podman.tar localhost/made:oci
	docker save -o docker.tar localhost/made:docker
	paene rm box >/dev/null
	paene rmi localhost/made:oci localhost/made:docker >/dev/null
	paene load -qi docker.tar
	[ "$(paene inspect -f '{{.Id}}' localhost/made:docker)" = "$id" ]
	paene load -qi podman.tar
	[ "$(paene run -q --rm --network none localhost/made:oci)" = hi ]
}
