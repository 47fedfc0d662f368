/* SPDX-License-Identifier: Apache-2.0 */
/* pod_view.h: of verbs about pods: which of them, --filter, and their containers instead of them. */
#ifndef CLI_POD_VIEW_H
#define CLI_POD_VIEW_H

#include "cli/verbs.h"
#include "runtime/pods.h"

/* Which pods a verb is about, beside its arguments. */
struct pod_choice {
	bool all, latest, ignore;
	struct strv id_files;
};
/* clang-format off */
#define POD_CHOICE_ROWS(type, member, all_help) \
	OPT_FLAG(type, member.all, "all", 'a', all_help), \
	OPT_FLAG(type, member.latest, "latest", 'l', "the one that was made last"), \
	OPT_LIST(type, member.id_files, "pod-id-file", 0, "FILE", "the one whose id is in this file")
#define POD_IGNORE_ROW(type, member) \
	OPT_FLAG(type, member.ignore, "ignore", 'i', "one that does not exist is fine")
/* clang-format on */

/**
 * pod_choose() - Do something to each pod that the arguments name, or the options choose; print its name where it worked
 *
 * As verb_each() for containers.
 */
int pod_choose(const struct call *c, const struct engine *g, const struct pod_choice *choice,
	       int (*f)(const struct engine *g, const char *id, const void *arg, struct err *e), const void *arg, struct err *e);

/**
 * pod_containers() - A call of a verb about containers, of that of a verb about pods
 * @latest:	Of the pod that was made last; without it and without arguments: of all
 * @running:	Those alone that run
 * @ret:	Its arguments are the ids of the pods' containers, those that keep namespaces left out
 *
 * Return: how many there are, or -errno with @e filled
 */
int pod_containers(const struct call *c, const struct engine *g, bool latest, bool running, struct call *ret, struct err *e);

/* --filter: id, name, label, status, ctr-ids, ctr-names, ctr-number, ctr-status, network, until */
#define POD_FILTERS_HELP "id=, name=, label=, status=, ctr-ids=, ctr-names=, ctr-number=, ctr-status=, network=, until="
int pod_filters_check(const struct strv *words, struct err *e);
bool pod_filters_fit(const struct strv *words, const struct engine *g, const struct pod *p, const struct pod_members *all);

/* The networks that its infra container is on; none without one. Return: 0, or -ENOMEM with @e filled */
int pod_networks(const struct engine *g, const struct pod *p, struct arena *a, struct strv *ret, struct err *e);

/* How many containers it has. */
size_t pod_count(const struct pod_members *all, const char *id);

#endif
