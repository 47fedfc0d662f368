/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit.h: a container's cgroup as a unit of systemd: its name and place, and limits as properties; pure. See
 * systemd.resource-control(5), systemd.unit(5) and org.freedesktop.systemd1(5).
 *
 * A property is the text "NAME=SIGNATURE:VALUE" ("MemoryMax=t:33554432"), as paene-systemd takes it on its command line:
 * SIGNATURE is a D-Bus type; the elements of an array stand on lines of their own. "NAME?=…" may be left out where systemd
 * is too old to know it.
 */
#ifndef CGROUPS_UNIT_H
#define CGROUPS_UNIT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "cgroups/cgroups.h"
#include "spec/spec.h"

/**
 * unit_place() - Which unit a container is to be
 * @cgroups_path: linux.cgroupsPath, "SLICE:PREFIX:NAME"; NULL or "": a scope of the container's id
 * @user:	Of the user's own systemd: its slice is another by default
 * @a:		Owns the strings in @ret
 *
 * Return: 0, or -EINVAL, -ENOMEM with @e filled
 */
int unit_place(const char *cgroups_path, const char *id, bool user, struct arena *a, struct cgroup_unit *ret, struct err *e);

/* The cgroup of a slice below systemd's own: "a-b.slice" is "/a.slice/a-b.slice". NULL for no name of a slice. */
char *unit_slice_path(const char *slice, struct arena *a);

/* systemd keeps a quota as whole hundredths of a processor: make it one, upwards, so that both say the same. */
void unit_round_quota(struct spec_cpu *cpu);

/* Append what @r asks for. Return: 0, or -EINVAL, -ENOMEM with @e filled */
int unit_limits(const struct spec_resources *r, struct arena *a, struct strv *ret, struct err *e);

/**
 * unit_annotations() - Append what annotations "org.systemd.property.NAME" ask for; a property that they may not set is an error
 *
 * Their values are GVariant texts: booleans, numbers (with a type's name before them or not), strings, lists of strings.
 * A NAME that ends in "Sec" becomes the property in microseconds.
 *
 * Return: 0, or -EINVAL, -ENOMEM with @e filled
 */
int unit_annotations(const struct spec_map *annotations, struct arena *a, struct strv *ret, struct err *e);

/* Append one: formatted. Return: 0, or -ENOMEM with @e filled */
int unit_add(struct arena *a, struct strv *ret, struct err *e, const char *fmt, ...) PRINTF_LIKE(4, 5);

#endif
