/* SPDX-License-Identifier: Apache-2.0 */
/*
 * processes.h: the processes of a container, as they see themselves: their numbers in its pid namespace, their ids in its user
 * namespace. All of it is read in the host's /proc; nothing runs in the container.
 */
#ifndef RUNTIME_PROCESSES_H
#define RUNTIME_PROCESSES_H

#include "runtime/usage.h"

enum process_caps { CAPS_INHERITABLE, CAPS_PERMITTED, CAPS_EFFECTIVE, CAPS_BOUNDING, CAPS_AMBIENT, CAPS_COUNT };

#define PROCESS_UNMAPPED UINT32_MAX /* an id, or a number, that the container has no word for */

struct process {
	uint32_t host_pid, host_ppid;
	uint32_t pid, ppid, pgid, sid;	  /* in the container; 0: not there */
	uint32_t ruid, euid, rgid, egid;  /* on the host, like groups */
	struct spec_u32_list groups;
	char state;
	uint32_t tty, seccomp, threads;
	int32_t nice;
	uint64_t cpu_ms, start_ms;	  /* used; since boot, when it began */
	uint64_t size_kib, resident_kib;
	uint64_t caps[CAPS_COUNT];
	char *comm, *args;		  /* any bytes but zero; args: the words with blanks between, "" where there are none */
	char *label;			  /* of the security module; NULL: none, or not asked for */
};

struct process_list {
	struct process *v; /* the oldest first */
	size_t n;
	struct spec_id_maps uids, gids; /* of the container's user namespace, as this process sees it */
	int64_t now_ms;			/* since boot */
};

/**
 * processes_read() - Read those of a container that runs
 * @labels:	Read what the security module calls them, too
 * @a:		Owns all of @ret
 *
 * One that ends meanwhile is left out.
 *
 * Return: 0, or -errno with @e filled
 */
int processes_read(const struct meter *m, bool labels, struct arena *a, struct process_list *ret, struct err *e);

/* A host's id as the container has it; PROCESS_UNMAPPED: it has none for it. */
uint32_t process_map_id(const struct spec_id_maps *maps, uint32_t host_id);

/**
 * process_parse_status() - What /proc/PID/status says; pure but for the arena
 * @level:	The container's pid namespace among those that "NSpid:" lists, from 0
 *
 * Return: 0, or -ENOMEM
 */
int process_parse_status(const char *text, size_t level, struct arena *a, struct process *ret);

/* What /proc/PID/stat says. Return: 0, -EPROTO (another form), or -ENOMEM */
int process_parse_stat(const char *text, uint64_t ticks_per_s, struct arena *a, struct process *ret);

/* How many pid namespaces "NSpid:" lists; 0: none. */
size_t process_levels(const char *status);

/* /proc/PID/uid_map. Return: 0, or -ENOMEM with @e filled */
int process_parse_map(const char *text, struct arena *a, struct spec_id_maps *ret, struct err *e);

#endif
