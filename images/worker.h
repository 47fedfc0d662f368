/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker.h: the parent's side of paene-worker: one process for one job. Several run at once; their sockets are polled.
 */
#ifndef IMAGES_WORKER_H
#define IMAGES_WORKER_H

#include "images/child.h"
#include "images/protocol.h"

struct worker {
	struct child child;
};
#define WORKER_NONE { .child = CHILD_NONE }

/**
 * worker_start() - Start the program and give it its job
 * @path:	The program
 * @fds:	What protocol.h says of the job, @n_fds of them; not consumed
 *
 * It dies with this thread.
 *
 * Return: 0, or -errno with @e filled
 */
int worker_start(const char *path, const struct work_job *job, const int *fds, size_t n_fds, struct worker *ret,
		 struct err *e);

/**
 * worker_receive() - Wait for the next message
 * @ret:	WORK_LOCKED, WORK_PROGRESS or WORK_DONE; its texts end with a zero and are harmless
 *
 * Return: 0, or -errno with @e filled: the worker's own words, or how it ended without any
 */
int worker_receive(struct worker *w, struct work_message *ret, struct err *e);

/* Start it, and wait for the end of its job. Return: 0, or -errno with @e filled */
int worker_do(const char *path, const struct work_job *job, const int *fds, size_t n_fds, struct work_done *ret, struct err *e);

/* End and reap the process, whatever it is doing. A WORKER_NONE is fine. */
void worker_end(struct worker *w);
#define auto_worker __attribute__((cleanup(worker_end)))

#endif
