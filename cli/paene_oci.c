// SPDX-License-Identifier: Apache-2.0
/* paene-oci: the runtime under an orchestrator: the command line, exit codes and words of runc. */
#include "cli/completion.h"
#include "cli/man.h"
#include "cli/oci.h"
#include "cli/program.h"
#include "spec/spec.h"

#define RUNC_VERSION "1.4.3" /* whose behaviour this is, as its own tests find it */

static const struct option rows[] = {
	OPT_STRING(struct oci_globals, root, "root", 0, "DIR", "where states are kept; default: /run/paene-oci"),
	OPT_STRING(struct oci_globals, log, "log", 0, "FILE", "write an error there too"),
	OPT_STRING(struct oci_globals, log_format, "log-format", 0, "FORMAT", "of that: text or json"),
	OPT_FLAG(struct oci_globals, debug, "debug", 0, "say what is being done, step by step"),
	OPT_STRING(struct oci_globals, cgroup_manager, "cgroup-manager", 0, "NAME", "who makes cgroups: cgroupfs, systemd, disabled"),
	OPT_FLAG(struct oci_globals, systemd_cgroup, "systemd-cgroup", 0, "the same as --cgroup-manager systemd"),
	OPT_STRING(struct oci_globals, rootless, "rootless", 0, "BOOL", NULL), /* it is found out */
};

static const struct verb *const verbs[] = {
	&oci_create, &oci_start, &oci_run,  &oci_exec, &oci_kill, &oci_delete,
	&oci_pause,  &oci_resume, &oci_update, &oci_events, &oci_state, &oci_ps, &oci_list, &verb_help,
	&oci_checkpoint, &oci_restore,
	&oci_features, &oci_spec,
	&verb_completion, &verb_complete, &verb_man,
};

static const struct manual_section manual[] = {
	{ "Command lines",
	  "Long options may have one dash or two, global options may be given several times, and `--rootless` and "
	  "`--no-subreaper` are understood and change nothing." },
	{ "Control groups",
	  "A path in linux.cgroupsPath lies below the cgroup2 file system. With `--systemd-cgroup` it is `SLICE:PREFIX:NAME`: systemd "
	  "makes the scope PREFIX-NAME.scope in that slice, `paene-ID.scope` in system.slice by default, and annotations "
	  "`org.systemd.property.NAME` set its properties: those of resources, of its end, and its order. Without root it is the user's own systemd, found by "
	  "`DBUS_SESSION_BUS_ADDRESS` or `XDG_RUNTIME_DIR`, and user.slice. Later verbs know who made it." },
	{ "Exit status",
	  "0, or 1 after a failure; `run` exits as the container does, `exec` as its process, or with 255 where it has failed itself. "
	  "The reason of a failure goes to standard error and, with "
	  "`--log`, to that file: as one JSON object with level, msg and time, or as one line." },
	{ "Debugging",
	  "With `--debug`, `create`, `run` and `exec` say each step before it is done, also those of the process that becomes the "
	  "container's: as lines of level debug in the file of `--log`, before an error, or on standard error where there is none. "
	  "Steps that runc has too are named in its words." },
	{ "Files", "`/run/paene-oci`: what is known of containers; in a user namespace `$XDG_RUNTIME_DIR/paene-oci`." },
	{ "Environment",
	  "`NOTIFY_SOCKET`: with `create`, `run` and `start`, the service manager hears of the container's READY=1 there; the "
	  "container finds a socket of its own. `LISTEN_FDS`, `LISTEN_PID`: sockets that are handed on to the container. "
	  "`XDG_RUNTIME_DIR`: see Files." },
	{ "See also", "paene(1), runc(8), crun(1), https://github.com/opencontainers/runtime-spec" },
};

static const struct program program = {
	.name = "paene-oci",
	.help = "runs OCI bundles, for orchestrators",
	.about = "A container runtime as the OCI runtime specification describes it: it takes a bundle, a folder with a "
		 "config.json and a root file system, and does one step of its container's life. It is called by containerd, "
		 "CRI-O, podman and docker as they call runc.",
	/* dockerd takes for the version what follows the last "version"; "commit:" is ours */
	.version = "paene-oci version " PAENE_VERSION ", as runc version " RUNC_VERSION "\ncommit: v" PAENE_VERSION
		   "\nspec: " SPEC_VERSION "\n",
	.flags = PROGRAM_SINGLE_DASH | PROGRAM_PLAIN_STATUS | PROGRAM_RUNC_HELP | PROGRAM_BARE_ERRORS,
	.usage_status = 1,
	.options = OPTIONS(rows, struct oci_globals),
	.verbs = VERBS(verbs),
	.manual = manual,
	.n_manual = ARRAY_SIZE(manual),
	.names = oci_names,
	.record_failure = oci_log_failure,
};

int main(int argc, char **argv)
{
	return program_run(&program, argc, argv);
}
