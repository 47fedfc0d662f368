/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox_store.h: sandboxes with a name: what each has caught, and how it was made.
 *
 *   DATA/sandboxes/NAME/sandbox.json   how it was made
 *   DATA/sandboxes/NAME/upper/FOLDER   what was caught of a folder of this machine; work/FOLDER: overlayfs's own
 *
 * Whoever uses one, by a run, apply or drop, holds the lock of its folder. One that is being removed is called ".NAME" first.
 */
#ifndef RUNTIME_SANDBOX_STORE_H
#define RUNTIME_SANDBOX_STORE_H

#include "images/diff.h"
#include "runtime/sandbox.h"

struct sandbox_record {
	struct arena arena;
	char *name;
	char *created, *folder; /* where it was made */
	struct strv command;	/* the first that ran in it */
	struct strv ro, rw, hide, tmp;
	bool copy;
	bool runs;	/* not in the file: somebody has its lock */
	uint64_t bytes; /* the same: what it has caught */
};
void sandbox_record_free(struct sandbox_record *s);
#define auto_sandbox_record __attribute__((cleanup(sandbox_record_free)))

/**
 * sandbox_take() - Open the folder of one and take its lock, making it if it is not there
 * @o:		Goes into the record of a new one; NULL: it must be there
 * @path:	Set to the folder's path
 *
 * Return: its fd, which holds the lock; -EBUSY: somebody has it; -ENOENT: there is none; or -errno; @e filled
 */
int sandbox_take(const struct engine *g, const char *name, const struct sandbox_options *o, char path[PATH_MAX], struct err *e);

/* Open the folder of one that may be in use. Return: its fd, or -ENOENT and others with @e filled */
int sandbox_look(const struct engine *g, const char *name, struct err *e);

/* How one was made. Return: 0, or -ENOENT and others with @e filled */
int sandbox_load(const struct engine *g, const char *name, struct sandbox_record *ret, struct err *e);

/* Each of them by name; @f's result other than 0 ends the walk. Return: that, 0, or -errno with @e filled */
int sandbox_each(const struct engine *g, int (*f)(const struct sandbox_record *s, void *arg, struct err *e), void *arg,
		 struct err *e);

/* Forget one, and what it has caught. Return: 0, or -errno with @e filled (-EBUSY: it runs) */
int sandbox_drop(const struct engine *g, const char *name, struct err *e);

struct sandbox_change {
	enum change_kind kind;
	const char *path;   /* on this machine */
	const char *caught; /* below the sandbox's folder "upper"; of a deletion there need be nothing */
};
struct sandbox_changes {
	struct arena arena;
	struct sandbox_change *v; /* a folder before what is in it, by name */
	size_t n;
};
void sandbox_changes_free(struct sandbox_changes *c);
#define auto_sandbox_changes __attribute__((cleanup(sandbox_changes_free)))

/* What applying it would change now. @dir: its folder. Return: 0, or -errno with @e filled */
int sandbox_diff(int dir, struct sandbox_changes *ret, struct err *e);

struct sandbox_apply {
	char *const *paths; /* of which changes, with all that is below; ends with NULL; empty: all */
	bool force;	    /* also where this machine has changed meanwhile */
	bool dry_run;
	void (*tell)(const struct sandbox_change *c, void *arg); /* of each that was made */
	void *arg;
};

/**
 * sandbox_apply() - Make changes of a sandbox on this machine, and forget them
 * @dir:	From sandbox_take()
 *
 * Each file is complete before it gets its name. What fails, or is killed, has made some of the changes; the others are still
 * there.
 *
 * Return: 0, or -errno with @e filled (-ESTALE: this machine has changed where the sandbox has, and nothing was done)
 */
int sandbox_apply(int dir, const struct sandbox_apply *how, struct err *e);

#endif
