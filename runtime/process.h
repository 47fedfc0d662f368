/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.h: turning the calling process, already in its namespaces, into the configured one: session, terminal, identity,
 * capabilities, command. Used by init and by exec; the order matters and is theirs (rule K9).
 */
#ifndef RUNTIME_PROCESS_H
#define RUNTIME_PROCESS_H

#include <sys/types.h>

#include "base/err.h"
#include "spec/spec.h"

/**
 * process_limits() - rlimits, OOM score, scheduler, I/O priority of a child that waits; in the parent, which may
 * @pid:	The child
 * @opens_more:	It still has files to open: their number is left to process_limit_files() where it is to become lower
 *
 * Raising a hard limit needs CAP_SYS_RESOURCE: where the parent lacks it, an unchanged or lower hard limit still works.
 */
int process_limits(pid_t pid, const struct spec_process *p, bool opens_more, struct err *e);

/* The limit of open files, where one is configured; in the child. Return: 0, or -errno with @e filled */
int process_limit_files(const struct spec_process *p, struct err *e);

/**
 * process_resolve_user() - Look process.user.username up in the container and complete what depends on it
 * @root:	fd of the container's root
 *
 * Sets the ids, HOME where the environment has none, and for a user other than root leaves in the effective and permitted
 * sets what is inheritable only.
 */
int process_resolve_user(struct spec_process *p, int root, struct arena *arena, struct err *e);

/**
 * process_environment() - As the process gets it: of several assignments to a name the last; HOME, where there is none or an empty
 * one: that of the user in the container's /etc/passwd, else "/"
 * @root:	fd of the container's root
 */
int process_environment(struct spec_process *p, int root, struct arena *arena, struct err *e);

/**
 * process_keyring() - A session keyring of the container's own instead of the caller's
 * @id:		Names it
 * @label:	Context of SELinux for it; NULL or "": none
 */
int process_keyring(const char *id, const char *label, struct err *e);

/* Become the container's root before the root file system is built (a private user namespace). */
int process_become_root(struct err *e);

/**
 * process_session() - A new session, and the terminal as its controlling one and as fds 0 to 2
 * @terminal:	The pty's terminal side, or -1: keep 0 to 2
 */
int process_session(int terminal, struct err *e);

/*
 * Put fds on 0, 1 and 2; -1: @null_fd. Sources below 3 that stand in the way of each other are fine. What is the null device
 * becomes that of the root which the caller is in.
 */
int process_stdio(const int stdio[3], int null_fd, struct err *e);

/* Whatever the caller left open ends at the exec, but for the @n fds from 3 on. Signals are put back to their defaults. */
int process_keep_fds(unsigned n, struct err *e);

/* Write the pid file, whole or not at all; in the parent. */
int process_pid_file(const char *path, pid_t pid, struct err *e);

/* Groups, ids, umask and capability sets, the bounding set first; a user other than root is given the pipes on 0 to 2. */
int process_credentials(const struct spec_process *p, struct err *e);

/* no_new_privs, if asked for. */
int process_no_new_privs(const struct spec_process *p, struct err *e);

/**
 * process_cwd() - Change into the working folder and see that it lies below the root (CVE-2024-21626)
 * @make:	Make it where it is missing, as the caller's user (images name folders that they do not contain)
 */
int process_cwd(const char *cwd, bool make, struct err *e);

/**
 * process_find() - The file to execute, looked for in the PATH of the process
 * @ret:	Room for PATH_MAX bytes
 *
 * Return: 0, or -errno with @e filled in the words that callers match, and an exit status of 126 or 127
 */
int process_find(const struct spec_process *p, char *ret, struct err *e);

/* execve; returns only on failure, with @e filled as process_find() does. */
int process_exec(const struct spec_process *p, const char *path, struct err *e);

#endif
