/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock_in.h: the wall around the process that speaks with registries, before it opens its first connection. Afterwards it
 *
 *  - has a small read-only root with what names of hosts are resolved by, the authorities that are trusted, and the work folder,
 *    where nothing can be executed and no device opens;
 *  - has no capability, and can gain none; IPC, UTS and cgroup namespaces of its own with nothing in them;
 *  - makes no system call but those that connections, files of the work folder and threads need: it can start no program;
 *  - leaves no core, can't be traced, and has bounded memory.
 *
 * It keeps the network namespace that it was started in. Without root it makes a user namespace first.
 */
#ifndef IMAGES_FETCH_LOCK_IN_H
#define IMAGES_FETCH_LOCK_IN_H

#include "base/err.h"

struct lock_in {
	int work;		  /* folder; not consumed, as the others are not */
	int ca, certificate, key; /* PEM files; -1: not given */
};

/* What it finds there. */
#define LOCK_IN_CA	    "/etc/ca.pem" /* the machine's and the given one */
#define LOCK_IN_CERTIFICATE "/etc/certificate.pem"
#define LOCK_IN_KEY	    "/etc/key.pem"

/**
 * lock_in_enter() - Lock this process in; it must have one thread
 *
 * On failure the process may be half-way in: the caller reports and ends.
 *
 * Return: an fd of the work folder as it is seen from inside; or -errno with @e filled
 */
int lock_in_enter(const struct lock_in *l, struct err *e);

#endif
