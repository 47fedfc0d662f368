/* SPDX-License-Identifier: Apache-2.0 */
/*
 * volumes.h: folders that outlive the containers that have them mounted.
 *
 *   DATA/volumes/NAME/   settings.json
 *                        _data      what containers see; with options such as type=nfs something is mounted on it while one runs
 *                        fresh      no container had it yet: the first one fills it with what its image has there
 *                        fill       what is being copied for that; becomes _data when it is whole
 *
 * A volume is made under a name that begins with ".new-" and gets its own when it is whole; one that goes is ".gone-" first.
 * Its folder is locked by whoever is about to mount it (shared, or alone where it is to be filled or mounted on _data), and by
 * whoever removes it: either that one sees the container's settings.json, or the container finds the name gone.
 */
#ifndef RUNTIME_VOLUMES_H
#define RUNTIME_VOLUMES_H

#include "runtime/engine.h"

#define VOLUME_DRIVER "local" /* the only one */
#define VOLUME_DATA   "_data"
#define VOLUME_FILL   "fill"

/* settings.json; the name is that of the folder. */
struct volume {
	struct arena arena;
	char *name, *created;
	struct spec_map labels;
	struct spec_map options; /* type, device, o: as podman and docker have them */
	bool anonymous;		 /* goes with the container that it was made for, where that is asked for */
	uint32_t project;	 /* of o=size=: runtime/storage.h; 0: not limited */
};
void volume_free(struct volume *v);
#define auto_volume __attribute__((cleanup(volume_free)))

/**
 * volume_create() - Make one
 * @v:		labels, options, anonymous and name set by the caller; a random name where it is NULL, in @v's arena
 *
 * Return: 0, or -errno with @e filled (-EEXIST: there is one of this name; -EINVAL: what is wrong with name or options)
 */
int volume_create(const struct engine *g, struct volume *v, struct err *e);

/* Those of a container that are not there yet; at its start they are made, too. Return: 0, or -errno with @e filled */
int volumes_make(const struct engine *g, const struct settings *s, struct err *e);

/* Return: 0, or -ENOENT and others with @e filled */
int volume_load(const struct engine *g, const char *name, struct volume *ret, struct err *e);

/* Each one, by name. @f's result other than 0 ends the walk. */
int volume_each(const struct engine *g, int (*f)(const struct volume *v, void *arg, struct err *e), void *arg, struct err *e);

/* Each container that has it. @f's result other than 0 ends the walk. */
int volume_users(const struct engine *g, const char *name, int (*f)(const struct container *c, void *arg, struct err *e),
		 void *arg, struct err *e);

/* The volumes of all containers, each as often as one has it. Return: 0, or -errno with @e filled */
int volume_uses(const struct engine *g, struct arena *a, struct strv *ret, struct err *e);

bool volume_is_fresh(const struct engine *g, const char *name);

/* What containers see, as a path. */
void volume_path(const struct engine *g, const char *name, char ret[PATH_MAX]);

/**
 * volume_remove() - Remove one that no container has
 * @force:	With the containers that have it
 * @except:	A container that is about to go, too; NULL: none
 *
 * Return: 0, or -errno with @e filled (-EBUSY: who has it; -ENOENT)
 */
int volume_remove(const struct engine *g, const char *name, bool force, const char *except, struct err *e);

/* Those that were made for one container, before it goes itself. Best effort: what stays is found by `volume prune`. */
void volume_remove_anonymous(const struct engine *g, const struct settings *s);

/* A volume that is about to be mounted in a container. */
struct volume_hold {
	int dir;  /* its folder, locked; -1: none, or another hold's */
	int data; /* what is to be mounted; O_PATH */
	bool fresh; /* nobody has had it yet */
	bool fill;  /* then @data is VOLUME_FILL, to be filled */
};
#define VOLUME_HOLD_NONE { -1, -1, false, false }

/**
 * volume_hold() - Open it for a container, made where it is missing
 * @anonymous:	What it is where it is made
 * @copy:	It may be filled, if it is fresh
 *
 * The container's settings.json, which name the volume, are on disk. Who holds several takes them in the order of their names: it may
 * have to wait for each.
 *
 * Return: 0, or -errno with @e filled
 */
int volume_hold(const struct engine *g, const char *name, bool anonymous, bool copy, struct volume_hold *ret, struct err *e);

/* The same volume once more, for another mount of the container that holds it. Return: 0, or -errno with @e filled */
int volume_hold_again(const struct volume_hold *first, struct volume_hold *ret, struct err *e);

/* @mounted: it is, and what was to be copied is there. Best effort: else it stays fresh, and is filled by the next one. */
void volume_let_go(struct volume_hold *h, bool mounted);

/* A container that had it runs no more: what was mounted on its folder goes with the last one. Best effort. */
void volume_settle(const struct engine *g, const char *name);

/* What killed commands have left. */
void volume_sweep(const struct engine *g);

#endif
