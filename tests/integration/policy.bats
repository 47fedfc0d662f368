#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What may be pulled, loaded and run: /etc/paene/policy.json, and podman's. Signatures are made by the openssl command, in the form
# in which cosign leaves them in a registry.

load ../lib/common
load ../lib/registry

setup_file() {
	needs_root
	needs_program paene-fetch skopeo openssl curl
	private_etc
	mkdir /etc/containers
	registry_start plain
	export REGISTRY keys=$BATS_FILE_TMPDIR/keys
	printf '{"registries": [{"host": "%s", "insecure": true}]}' "$REGISTRY" >/etc/paene/registries.json
	make_image localhost/one:1 "$BATS_FILE_TMPDIR/one.tar"
	make_image localhost/two:1 "$BATS_FILE_TMPDIR/two.tar" Env='["TWO=2"]'
	put one one
	put two two
	put two three
	mkdir "$keys"
	local name
	for name in ours theirs; do
		openssl ecparam -name prime256v1 -genkey -noout -out "$keys/$name.key"
		openssl ec -in "$keys/$name.key" -pubout -out "$keys/$name.pub" 2>/dev/null
	done
}

setup() {
	export HOME=$BATS_TEST_TMPDIR
	rm -f /etc/paene/policy.json /etc/containers/policy.json
}

teardown() {
	paene rm -fa >/dev/null
	local id
	for id in $(paene images -q); do
		paene rmi --force "$id" >/dev/null
	done
	[ -z "$(find "$PAENE_DATA/images" -path '*/trust/*')" ] || fail "a proof was left behind"
}

teardown_file() {
	registries_stop
}

put() { # put FILE NAME: the image of FILE.tar, as NAME:1
	skopeo copy -q --insecure-policy --dest-tls-verify=false "docker-archive:$BATS_FILE_TMPDIR/$1.tar" "docker://$REGISTRY/$2:1"
}

put_index() { # put_index NAME: an index of NAME:1 alone, as NAME:all
	local digest platform='{"os": "linux", "architecture": "amd64"}'
	digest=$(digest_of "$1:1")
	curl -sSf -H 'Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json' \
		"http://$REGISTRY/v2/$1/manifests/1" >"$BATS_TEST_TMPDIR/manifest"
	jq -n --arg digest "$digest" --argjson size "$(stat -c %s "$BATS_TEST_TMPDIR/manifest")" --argjson platform "$platform" \
		--arg type "$(jq -r .mediaType "$BATS_TEST_TMPDIR/manifest")" '{
			schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json",
			manifests: [{mediaType: $type, digest: $digest, size: $size, platform: $platform}]}' >"$BATS_TEST_TMPDIR/index"
	curl -sSf -X PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' --data-binary "@$BATS_TEST_TMPDIR/index" \
		"http://$REGISTRY/v2/$1/manifests/all"
}

digest_of() { # digest_of NAME:TAG: sha256:HEX, as the registry has it
	curl -sSI -H 'Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json' \
		"http://$REGISTRY/v2/${1%:*}/manifests/${1#*:}" | tr -d '\r' | sed -n 's/^[Dd]ocker-[Cc]ontent-[Dd]igest: //p'
}

put_blob() { # put_blob NAME FILE: prints its digest
	local digest location
	digest=sha256:$(sha256sum <"$2" | cut -d' ' -f1)
	location=$(curl -sSi -X POST "http://$REGISTRY/v2/$1/blobs/uploads/" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
	curl -sSf -X PUT -H 'Content-Type: application/octet-stream' --data-binary "@$2" "$location&digest=$digest"
	echo "$digest"
}

sign() { # sign NAME DIGEST KEY[,KEY…] [SIGNED-NAME [SIGNED-DIGEST]]: as `cosign sign --key` does
	local name=$1 digest=$2 key work=$BATS_TEST_TMPDIR config payload
	printf '{"critical":{"identity":{"docker-reference":"%s"},"image":{"docker-manifest-digest":"%s"},"type":"cosign container image signature"},"optional":null}' \
		"${4-$REGISTRY/$name}" "${5-$digest}" >"$work/payload"
	printf '{}' >"$work/config"
	config=$(put_blob "$name" "$work/config")
	payload=$(put_blob "$name" "$work/payload")
	for key in ${3//,/ }; do
		openssl dgst -sha256 -sign "$keys/$key.key" "$work/payload" | base64 -w0
		echo
	done >"$work/signatures"
	jq -n --arg config "$config" --arg payload "$payload" --argjson size "$(stat -c %s "$work/payload")" \
		--rawfile signatures "$work/signatures" '{
			schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
			config: {mediaType: "application/vnd.oci.image.config.v1+json", digest: $config, size: 2},
			layers: [($signatures | rtrimstr("\n") | split("\n"))[] as $signature |
				{mediaType: "application/vnd.dev.cosign.simplesigning.v1+json", digest: $payload, size: $size,
				annotations: {"dev.cosignproject.cosign/signature": $signature}}]}' >"$work/manifest"
	curl -sSf -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' --data-binary "@$work/manifest" \
		"http://$REGISTRY/v2/$name/manifests/sha256-${digest#sha256:}.sig"
}

policy() { # policy REQUIREMENTS [DEFAULT]: for the registry
	printf '{"default": [{"type": "%s"}], "transports": {"docker": {"%s": [%s]}}}' "${2-reject}" "$REGISTRY" "$1" \
		>/etc/paene/policy.json
}

signed_by() { # signed_by KEY…: a requirement
	local paths
	paths=$(printf '"%s",' "${@/#/$keys/}")
	printf '{"type": "sigstoreSigned", "keyPaths": [%s], "signedIdentity": {"type": "matchRepository"}}' "${paths%,}"
}

pull() {
	paene pull -q "$REGISTRY/$1"
}

@test "without a policy everything may come and run" {
	pull one:1
	run paene run --rm "$REGISTRY/one:1" echo here
	expect_in_output here # and, once, a warning
}

@test "reject: nothing is asked of the registry, nothing runs" {
	pull one:1
	policy '{"type": "reject"}' insecureAcceptAnything
	run pull two:1
	expect_status 1
	expect_output "paene pull: pull $REGISTRY/two:1: the policy does not allow $REGISTRY/two:1: it is rejected; /etc/paene/policy.json, scope $REGISTRY"
	run paene run --rm "$REGISTRY/one:1" echo here
	expect_status 125
	expect_in_output "the policy does not allow $REGISTRY/one:1: it is rejected"
	run paene create "$REGISTRY/one:1"
	expect_status 125
	paene tag "$REGISTRY/one:1" localhost/x:1
	run paene run --rm localhost/x:1 echo here
	expect_output here
	[ -z "$(paene ps -aq)" ]
}

@test "by an id, one name that is allowed is enough" {
	pull one:1
	local id
	id=$(paene images -q)
	policy '{"type": "insecureAcceptAnything"}'
	run paene run --rm "$id" echo here
	expect_output here
	paene tag "$id" localhost/x:1
	run paene run --rm localhost/x:1 echo here
	expect_status 125
	expect_in_output "scope default"
	paene untag "$REGISTRY/one:1" || paene rmi "$REGISTRY/one:1"
	run paene run --rm "$id" echo here
	expect_status 125
}

@test "digests: only what is listed" {
	local digest
	digest=$(digest_of one:1)
	[[ "$digest" == sha256:* ]]
	policy "{\"type\": \"digests\", \"digests\": [\"$digest\"]}"
	pull one:1
	run paene run --rm "$REGISTRY/one:1" echo here
	expect_output here
	run paene system check
	expect_status 0
	run pull two:1
	expect_status 1
	expect_in_output "its digest is none of those that are listed"
	policy '{"type": "digests", "digests": ["sha256:0000000000000000000000000000000000000000000000000000000000000000"]}'
	run paene run --rm "$REGISTRY/one:1" echo here
	expect_status 125
	expect_in_output "its digest is none of those that are listed"
}

@test "sigstoreSigned: a signature by the key, of this image" {
	sign one "$(digest_of one:1)" ours
	policy "$(signed_by theirs.pub ours.pub)"
	pull one:1
	run paene run --rm "$REGISTRY/one:1" echo here
	expect_output here
	run pull two:1
	expect_status 1
	[ "${#lines[@]}" = 1 ]
	expect_in_output "the policy does not allow $REGISTRY/two:1"
	policy "$(signed_by theirs.pub)"
	run paene run --rm "$REGISTRY/one:1" echo here
	expect_status 125
	expect_in_output "it was not pulled with a signature by one of its keys"
	run pull one:1
	expect_status 1
	expect_in_output "the signature was not made with this key"
}

@test "sigstoreSigned: two requirements want a signature each" {
	policy "$(signed_by ours.pub), $(signed_by theirs.pub)"
	sign two "$(digest_of two:1)" ours
	run pull two:1
	expect_status 1
	sign two "$(digest_of two:1)" theirs,ours
	pull two:1
	run paene run --rm "$REGISTRY/two:1" echo here
	expect_output here
}

@test "sigstoreSigned: what was here before the policy must be pulled again" {
	sign one "$(digest_of one:1)" ours
	pull one:1
	policy "$(signed_by ours.pub)"
	run paene run --rm "$REGISTRY/one:1" echo here
	expect_status 125
	pull one:1
	run paene run --rm "$REGISTRY/one:1" echo here
	expect_output here
}

@test "sigstoreSigned: the signature of another image, or for another name, is none" {
	policy "$(signed_by ours.pub)"
	sign two "$(digest_of two:1)" ours "$REGISTRY/two" "$(digest_of one:1)"
	run pull two:1
	expect_status 1
	expect_in_output "it is the signature of $(digest_of one:1)"
	sign two "$(digest_of two:1)" ours "$REGISTRY/other"
	run pull two:1
	expect_status 1
	expect_in_output "it is signed as $REGISTRY/other"
	[ -z "$(paene images -q)" ]
	sign two "$(digest_of two:1)" ours
	pull two:1
}

@test "an index: its signature, or its digest in a list, is one of the image that it leads to" {
	local index
	put_index three
	index=sha256:$(sha256sum <"$BATS_TEST_TMPDIR/index" | cut -d' ' -f1)
	policy "$(signed_by ours.pub)"
	run paene pull -q --platform linux/amd64 "$REGISTRY/three:all"
	expect_status 1
	sign three "$index" ours
	paene pull -q --platform linux/amd64 "$REGISTRY/three:all"
	paene create "$REGISTRY/three:all"
	run pull three:1 # by itself it is not signed
	expect_status 1
	policy "{\"type\": \"digests\", \"digests\": [\"$index\"]}"
	paene create "$REGISTRY/three:all"
	run pull three:1
	expect_status 1
}

@test "sigstoreSigned: what is no signature" {
	policy "$(signed_by ours.pub)"
	local digest
	digest=$(digest_of two:1)
	# any image under the name of the signature
	curl -sS -H 'Accept: application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json' \
		"http://$REGISTRY/v2/two/manifests/1" >"$BATS_TEST_TMPDIR/manifest"
	curl -sSf -X PUT -H "Content-Type: $(jq -r .mediaType "$BATS_TEST_TMPDIR/manifest")" \
		--data-binary "@$BATS_TEST_TMPDIR/manifest" "http://$REGISTRY/v2/two/manifests/sha256-${digest#sha256:}.sig"
	run pull two:1
	expect_status 1
	expect_in_output "there is no signature"
}

@test "requirements that cannot be fulfilled here refuse, and say why" {
	policy '{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "/etc/x"}'
	run pull one:1
	expect_status 1
	expect_in_output "paene does not check signatures of GnuPG (signedBy)"
	policy '{"type": "sigstoreSigned", "fulcio": {"caPath": "x"}, "rekorPublicKeyPath": "y"}'
	run pull one:1
	expect_in_output "paene checks signatures made with a key, none of fulcio, rekor or pki"
	openssl ecparam -name secp384r1 -genkey -noout | openssl ec -pubout -out "$keys/p384.pub" 2>/dev/null
	sign one "$(digest_of one:1)" ours
	policy "$(signed_by p384.pub)"
	run pull one:1
	expect_in_output "is not of the kind ECDSA P-256"
}

@test "a policy with a mistake allows nothing, and says where it is" {
	pull one:1
	echo '{"default": [{"type": "insecureAcceptAnythin"}]}' >/etc/paene/policy.json
	run pull two:1
	expect_status 1
	expect_in_output "/etc/paene/policy.json: default[0].type: \"insecureAcceptAnythin\" is not known here"
	run paene run --rm "$REGISTRY/one:1" echo here
	expect_status 125
	expect_in_output "/etc/paene/policy.json: default[0].type"
}

@test "the example is a policy; info names the files that are read" {
	run paene info --format '{{.RegistryFiles}}'
	expect_output /etc/paene/registries.json
	jq --arg key "$keys/ours.pub" '.transports.docker["registry.example/tools"][0].keyPath = $key' "$tests/../dist/policy.json" \
		>/etc/paene/policy.json
	run paene info --format '{{.RegistryFiles}}'
	expect_output "/etc/paene/registries.json /etc/paene/policy.json"
	run pull one:1
	expect_in_output "/etc/paene/policy.json, scope default"
	paene load -qi "$BATS_FILE_TMPDIR/one.tar"
	run paene run --rm localhost/one:1 echo here
	expect_output here
	rm /etc/paene/policy.json
}

@test "podman's registries.conf says what our settings do not: where a name is had, what is blocked, what a short name means" {
	mkdir -p /etc/containers/registries.conf.d
	cat >/etc/containers/registries.conf <<-END
		unqualified-search-registries = ["${REGISTRY}"]
		[[registry]]
		prefix = "elsewhere.example/mine"
		location = "${REGISTRY}"
		insecure = true
		[[registry]]
		location = "blocked.example"
		blocked = true
	END
	printf '[aliases]\n"short" = "%s/one"\n' "$REGISTRY" >/etc/containers/registries.conf.d/short.conf
	run paene info --format '{{.RegistryFiles}}'
	expect_output "/etc/paene/registries.json /etc/containers/registries.conf /etc/containers/registries.conf.d"
	run paene pull -q elsewhere.example/mine/one:1
	expect_status 0
	run paene pull -q blocked.example/one:1
	expect_output "paene pull: pull blocked.example/one:1: blocked.example/one: blocked.example is blocked by /etc/containers/registries.conf"
	run paene pull -q short:1
	expect_status 0
	run paene pull -q one:1
	expect_status 0
	run paene images --format '{{.Repository}}:{{.Tag}}'
	expect_in_output "elsewhere.example/mine/one:1"
	echo '[[registry]' >/etc/containers/registries.conf
	run paene pull -q short:1
	expect_status 1
	expect_output "paene pull: /etc/containers/registries.conf: line 1: a heading has no end"
	rm -r /etc/containers/registries.conf /etc/containers/registries.conf.d
}

@test "podman's policy counts for what comes in, where there is none of ours" {
	echo '{"default": [{"type": "reject"}]}' >/etc/containers/policy.json
	run pull one:1
	expect_status 1
	expect_in_output "/etc/containers/policy.json, scope default"
	policy '{"type": "insecureAcceptAnything"}'
	pull one:1
	rm /etc/paene/policy.json
	run paene run --rm "$REGISTRY/one:1" echo here
	expect_output here
}

@test "archives and folders: what their transports say, else the default" {
	policy '{"type": "insecureAcceptAnything"}'
	run paene load -i "$BATS_FILE_TMPDIR/one.tar"
	expect_status 1
	expect_output "paene load: the policy does not allow images from archives and folders; /etc/paene/policy.json: the transport docker-archive would need insecureAcceptAnything"
	jq '.transports["docker-archive"] = {"": [{"type": "insecureAcceptAnything"}]} | .transports["oci-archive"] = {"": [{"type": "insecureAcceptAnything"}]}' \
		/etc/paene/policy.json >"$BATS_TEST_TMPDIR/policy.json"
	mv "$BATS_TEST_TMPDIR/policy.json" /etc/paene/policy.json
	paene load -qi "$BATS_FILE_TMPDIR/one.tar"
	run paene run --rm localhost/one:1 echo here
	expect_status 125
	skopeo copy -q --insecure-policy "docker-archive:$BATS_FILE_TMPDIR/one.tar" "oci:$BATS_TEST_TMPDIR/layout:x"
	run paene load -i "$BATS_TEST_TMPDIR/layout"
	expect_status 1
	expect_in_output "the transport oci would need"
}
