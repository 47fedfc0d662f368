/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.h: what has happened to containers, images, volumes, networks and pods: DATA/events, a line of JSON for each event.
 *
 * Theory of operation. There is no daemon whom one could ask, so whoever does something writes it down: one write() with
 * O_APPEND, which the kernel keeps whole among writers. Nothing is synced and no lock is taken: an event that a full disk or a
 * crash has swallowed is missing, and the command that told it goes on. The file lies beside the containers, not in the folder
 * that a reboot clears: what came before a reboot is what one asks for after it.
 *
 * A file that has reached its limit becomes events.1, replacing the one before. Only one writer renames it: the one that has
 * the lock of that very file and still finds it under its name. Others may have it open and write their line after that; so who
 * follows reads a file that was put aside on, until the next one is.
 */
#ifndef RUNTIME_JOURNAL_H
#define RUNTIME_JOURNAL_H

#include "runtime/engine.h"

#define JOURNAL_FILE	  "events"
#define JOURNAL_OLD_FILE  "events.1"
#define JOURNAL_MAX_BYTES (1 << 20)
#define JOURNAL_LINE_MAX  (64 << 10) /* a longer line goes without the labels */

enum event_type {
	EVENT_CONTAINER,
	EVENT_IMAGE,
	EVENT_VOLUME,
	EVENT_NETWORK,
	EVENT_POD,
	EVENT_TYPE_COUNT,
};
extern const char *const event_type_names[EVENT_TYPE_COUNT];

/* The words are podman's; EVENT_OOM is docker's. */
enum event_status {
	EVENT_CREATE,
	EVENT_START,
	EVENT_OOM, /* the kernel has killed in it for lack of memory */
	EVENT_DIED,
	EVENT_STOP,
	EVENT_KILL,
	EVENT_RESTART, /* after it was started again, by the user or by its policy */
	EVENT_PAUSE,
	EVENT_UNPAUSE,
	EVENT_UPDATE,
	EVENT_EXEC,
	EVENT_EXEC_DIED,
	EVENT_REMOVE,
	EVENT_LOAD,
	EVENT_PULL,
	EVENT_PUSH,
	EVENT_TAG,
	EVENT_UNTAG,
	EVENT_COMMIT, /* of the new image */
	EVENT_IMPORT,
	EVENT_SAVE,
	EVENT_EXPORT,
	EVENT_MOUNT,
	EVENT_UNMOUNT,
	EVENT_RENAME,
	EVENT_ATTACH,
	EVENT_INIT,
	EVENT_CLEANUP,
	EVENT_HEALTH_STATUS, /* it has changed */
	EVENT_CONNECT, /* of a container and a network */
	EVENT_DISCONNECT,
	EVENT_STATUS_COUNT,
};
extern const char *const event_status_names[EVENT_STATUS_COUNT];

struct event {
	struct arena arena;    /* of one that was read: owns its strings */
	uint32_t type, status; /* enum event_type, enum event_status */
	char *id, *name, *image, *network, *error; /* of a network that a container joins or leaves, the id is the container's */
	struct opt_u32 exit_code;    /* of what died; not set: nobody knows */
	uint64_t time_s, time_ns;    /* since 1970: the same moment in two units */
	struct spec_map attributes;  /* of a container: its labels */
	struct spec_pair detail;     /* when it is told: an attribute before these; key NULL: none */
};
void event_free(struct event *v);
#define auto_event __attribute__((cleanup(event_free)))

/* The same as JSON, with the keys that podman has. @ret: a new reference. Return: 0, or -errno with @e filled */
int event_encode(const struct event *v, json_t **ret, struct err *e);

/* One line of the journal, to be freed with event_free(). Return: 0, or -EINVAL and others with @e filled */
int event_decode(const char *line, size_t len, struct event *ret, struct err *e);

/* A container's event; what only some have is added by the caller. Strings are those of @s. */
struct event event_of(const struct settings *s, enum event_status status);

/**
 * journal_tell() - Write an event down, as of now
 *
 * Best effort: what cannot be written is not told, and nobody fails for that.
 */
void journal_tell(const struct engine *g, const struct event *v);

/* journal_tell() where there is nothing to add: of a container whose settings are at hand, or are to be read. */
void journal_container(const struct engine *g, const struct settings *s, enum event_status status);
void journal_by_id(const struct engine *g, const char *id, enum event_status status);

struct journal_query {
	bool old;     /* with what was told before; else from now on */
	bool follow;  /* wait for what will be told */
	uint64_t since_ns, until_ns; /* since 1970; 0: no bound. A follower ends at @until_ns */
	/* Return: 0, or -errno with @e filled: ends the reading. @v lives during the call */
	int (*f)(const struct event *v, void *arg, struct err *e);
	void *arg;
};

/**
 * journal_read() - Read events in the order in which they were told
 *
 * Lines that are no events are passed over: a full disk cuts them short.
 *
 * Return: 0, or -errno with @e filled
 */
int journal_read(const struct engine *g, const struct journal_query *q, struct err *e);

#endif
