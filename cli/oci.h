/* SPDX-License-Identifier: Apache-2.0 */
/* oci.h: what the verbs of paene-oci share. Nothing here may need the engine: images and networks are not linked to it. */
#ifndef CLI_OCI_H
#define CLI_OCI_H

#include "cli/args.h"
#include "runtime/debug.h"

struct spec;

struct oci_globals {
	const char *root, *log, *log_format, *cgroup_manager, *rootless;
	bool debug, systemd_cgroup;
};

/* The folder of states: --root, or the default one. Return: its fd, or -errno with @e filled */
int oci_open_root(const struct call *c, struct err *e);

/* Are we one of those whom the ids of its user namespace are? Without root always: no other id can be had. */
bool oci_maps_us(const struct spec *s);

/* The folder of compiled filters in that of states: compiling takes longer than all else. Return: its fd, or -1: do without */
int oci_open_cache(int root);

/**
 * oci_wait() - Until a process has ended; signals to us are its own
 * @console:	Its terminal, to be relayed to ours; -1: it has our own streams
 *
 * Return: its exit status, or -errno with @e filled
 */
int oci_wait(int pidfd, int console, struct err *e);

/* program.names: ids. */
int oci_names(const struct call *c, const char *arguments, struct strv *ret, struct err *e);

/* program.record_failure: one object, or one line, for --log. */
void oci_log_failure(const struct call *c, const struct err *e);

/**
 * oci_debug() - Who is to be told what is being done: with --debug, the log, or standard error where there is none
 * @ret:	Filled; borrows the call
 *
 * Return: @ret, or NULL without --debug
 */
const struct debug *oci_debug(const struct call *c, struct debug *ret);

extern const struct verb oci_create, oci_start, oci_state, oci_kill, oci_delete, oci_run, oci_list, oci_pause, oci_resume,
	oci_exec, oci_ps,
	oci_update, oci_events;
extern const struct verb oci_features, oci_spec;
extern const struct verb oci_checkpoint, oci_restore;

#endif
