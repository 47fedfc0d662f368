/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quadlet.h: files as podman's quadlet has them (podman-systemd.unit(5)), made into services of systemd.
 *
 * A file web.container becomes web.service, whose commands are `paene run`, `paene rm`. What it names (data.volume, net.network)
 * becomes a service of its own that it needs. Sections that are systemd's stay as they are.
 */
#ifndef CLI_QUADLET_QUADLET_H
#define CLI_QUADLET_QUADLET_H

#include <stdio.h>

#include "cli/quadlet/keys.h"
#include "cli/quadlet/unit_file.h"

struct quadlet_unit {
	const char *file;   /* its name: "web.container" */
	const char *path;
	enum quadlet_type type;
	struct unit_file text; /* with its drop-ins */
	const char *service;   /* "web.service" */
	const char *resource;  /* what it is called by us: "systemd-web", an image's name */
	struct strv members;   /* of a pod: services of its containers that it starts */
};

struct quadlet {
	struct arena *a;
	struct quadlet_unit *v;
	size_t n, room;
	bool user;	     /* for a user's own systemd */
	const char *program; /* where `paene` is */
	void (*warn)(const char *text, void *arg); /* what is passed over; NULL: nobody asks */
	void *warn_arg;
};

/**
 * quadlet_add() - Add a file
 * @file:	Its name; @path where it lies; both borrowed
 * @ret:	Its place among them, until the next one is added; NULL: it is of no kind that we know
 *
 * Return: 0, or -errno with @e filled
 */
int quadlet_add(struct quadlet *q, const char *file, const char *path, struct quadlet_unit **ret, struct err *e);

/* What a unit is called: its service, and its thing. After its lines are there. Return: 0, or -EINVAL and -ENOMEM with @e filled */
int quadlet_name(struct quadlet *q, struct quadlet_unit *u, struct err *e);

/**
 * quadlet_convert() - Write the service of a unit; all units are named by then, and containers come before pods
 *
 * Return: 0, or -errno with @e filled: "FILE:LINE: …" where a line is wrong
 */
int quadlet_convert(struct quadlet *q, struct quadlet_unit *u, FILE *out, struct err *e);

/* ---- between the sources of this folder ---- */

/* A service that is being put together. */
struct service {
	struct quadlet *q;
	struct quadlet_unit *u;
	const struct key_table *table;
	struct strv words;  /* of its main command */
	struct strv needs;  /* services of other files */
};

/* The lines of [Service] that say what a thing is made, kept and removed by. Return: 0, or -errno with @e filled */
int quadlet_container(struct service *s, FILE *out, struct err *e);
int quadlet_pod(struct service *s, FILE *out, struct err *e);
int quadlet_once(struct service *s, FILE *out, struct err *e); /* volumes, networks, images: made where they are missing */

/* "paene GLOBALARGS VERB…" in s->words. @verb: ends with NULL */
int quadlet_begin(struct service *s, const char *const *verb, struct err *e);
/* Options by the table, in its order. */
int quadlet_options(struct service *s, struct err *e);
/* One more word, an option and its value; an error about a line of the file. */
int quadlet_word(struct service *s, const char *word, struct err *e);
int quadlet_option(struct service *s, const char *option, const char *value, struct err *e);
int quadlet_wrong(const struct unit_line *l, struct err *e, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The last value of a key of its own section, NULL: none. */
const char *quadlet_value(const struct service *s, const char *key);
/* The words of all lines of a key. */
int quadlet_all_words(struct service *s, const char *key, struct strv *ret, struct err *e);
/* `Volume=`, `Network=`, `Mount=`, where files like "data.volume" and paths like "./data" stand for something. */
int quadlet_references(struct service *s, struct err *e);
/* A service of another file that must be there first. */
int quadlet_need(struct service *s, const char *service, struct err *e);
/* A name "data.volume" where @text begins with one: what it stands for, and what follows; others are as they are. NULL: @e */
const char *quadlet_refer(struct service *s, const struct unit_line *l, const char *text, size_t n, struct err *e);
/* "KEY=paene VERB…" */
int quadlet_print(struct service *s, FILE *out, const char *key, const char *const *verb, struct err *e);

#endif
