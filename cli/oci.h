/* SPDX-License-Identifier: Apache-2.0 */
/* oci.h: what the verbs of paene-oci share. Nothing here may need the engine: images and networks are not linked to it. */
#ifndef CLI_OCI_H
#define CLI_OCI_H

#include "cli/args.h"

struct oci_globals {
	const char *root, *log, *log_format, *cgroup_manager, *rootless;
	bool debug, systemd_cgroup;
};

/* The folder of states: --root, or the default one. Return: its fd, or -errno with @e filled */
int oci_open_root(const struct call *c, struct err *e);

/* program.names: ids. */
int oci_names(const struct call *c, const char *arguments, struct strv *ret, struct err *e);

/* program.record_failure: one object, or one line, for --log. */
void oci_log_failure(const struct call *c, const struct err *e);

extern const struct verb oci_create, oci_start, oci_state, oci_kill, oci_delete, oci_run, oci_list, oci_pause, oci_resume;
extern const struct verb oci_features, oci_spec;

#endif
