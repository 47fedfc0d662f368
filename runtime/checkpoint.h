/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint.h: a running container written to files by criu(8), from which restore.h makes one that goes on where it was. */
#ifndef RUNTIME_CHECKPOINT_H
#define RUNTIME_CHECKPOINT_H

#include "runtime/criu.h"
#include "runtime/state.h"

struct checkpoint_request {
	int root; /* folder of states */
	const char *id;
	const struct criu_choices *choices;
	const char *parent_path; /* of an earlier pre-dump, relative to the image path; NULL: none */
	const char *page_server; /* "ADDRESS:PORT" that memory goes to; NULL: into files */
	int status_fd;		 /* with lazy pages: a zero byte is written there when they can be fetched; -1: none */
	bool pre_dump;		 /* memory only; the container goes on */
};

/**
 * container_checkpoint() - Do it; afterwards the container is deleted, unless it shall go on
 *
 * Return: 0; 1 with @e filled where only deleting it was not complete; or -errno with @e filled: the container goes on, and
 * dump.log in the work folder says more
 */
int container_checkpoint(const struct checkpoint_request *q, struct err *e);

#endif
