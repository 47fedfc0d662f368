#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene inspect: of what kind a name is. What is shown of each: the file of each.

load ../lib/common
load life

make_one_of_each() {
	start_box thing -- sleep inf
	paene volume create thing >/dev/null
	paene volume create store >/dev/null
	paene network create lab >/dev/null
	printf x | paene secret create word - >/dev/null
}

remove_them() {
	paene rm -fa >/dev/null
	paene volume rm thing store >/dev/null
	paene network rm lab >/dev/null
	paene secret rm word >/dev/null
	rmdir "$PAENE_DATA/secrets"
}

@test "a name is looked for among containers, images, volumes, networks and secrets" {
	make_one_of_each
	[ "$(paene inspect thing store lab word "$image" | jq -r 'map(.State.Status // .Mountpoint // .subnets // .Spec.Name // .RepoTags[0]) | length')" = 5 ]
	[ "$(paene inspect -f '{{.State.Status}}' thing)" = running ]
	[ "$(paene inspect --type volume -f '{{.Name}}' thing)" = thing ]
	[ "$(paene inspect --type all -f '{{.Driver}}' store)" = local ]
	[ "$(paene inspect --type network -f '{{.name}}' lab)" = lab ]
	paene pod create --infra=false group >/dev/null
	[ "$(paene inspect --type pod -f '{{.Name}}' group)" = group ]
	[ "$(paene complete -- pod rm g)" = group ]
	paene pod rm group >/dev/null
	rmdir "$PAENE_DATA/pods"
	[ "$(paene inspect --type secret -f '{{.Spec.Name}}' word)" = word ]
	run paene inspect --type image thing
	expect_status 1
	expect_in_output "thing"
	run paene container inspect store
	expect_status 1
	expect_in_output "no such container: store"
	[ "$(paene container inspect -f '{{.Name}}' thing)" = thing ]
	remove_them
}

@test "--latest; nothing; nobody; no such type" {
	run paene inspect --latest
	[ "$status" -ne 0 ]
	expect_in_output "there is no container"
	start_box one -- true
	paene create -q --name two --network none "$image" true >/dev/null
	[ "$(paene inspect --latest -f '{{.Name}}')" = two ]
	[ "$(paene container inspect -l | jq -r '.[].Name')" = two ]
	run paene inspect
	expect_status 125
	expect_in_output "name something to look at, or give --latest"
	run paene inspect nobody
	expect_status 1
	expect_in_output "no such container, image, volume, network, pod or secret: nobody"
	run paene inspect --type pot two
	expect_status 1
	expect_in_output "--type pot: it is all, container"
}

@test "completion proposes names of the kind that the next argument is" {
	make_one_of_each
	[ "$(paene complete -- inspect "" | sort | xargs)" = "lab localhost/busybox:1 paene store thing thing word" ]
	[ "$(paene complete -- network connect l)" = lab ]
	[ "$(paene complete -- network connect lab t)" = thing ]
	[ -z "$(paene complete -- network connect lab thing t)" ]
	[ "$(paene complete -- volume rm store th)" = thing ]
	[ "$(paene complete -- secret inspect "")" = word ]
	[ "$(paene complete -- stop --time 3 th)" = thing ]
	remove_them
}
