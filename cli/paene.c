// SPDX-License-Identifier: Apache-2.0
/* paene: containers for people at a shell. */
#include <stdlib.h>

#include "cli/program.h"
#include "cli/verbs.h"
#include "runtime/launch.h"

static const struct option rows[] = {
	OPT_STRING(struct paene_globals, root, "root", 0, "DIR", "images and containers; default: /var/lib/paene"),
	OPT_STRING(struct paene_globals, runroot, "runroot", 0, "DIR", "what a reboot may clear; default: /run/paene"),
};

static const struct verb *const verbs[] = {
	&verb_run,  &verb_create, &verb_start,	&verb_stop,    &verb_restart, &verb_kill,    &verb_rm,	 &verb_pause,
	&verb_unpause, &verb_wait, &verb_exec,	&verb_ps,      &verb_logs,    &verb_inspect, &verb_images, &verb_load,
	&verb_tag,  &verb_rmi,	  &verb_version, &verb_info,   &verb_help,
};

static const struct program program = {
	.name = "paene",
	.help = "containers, without a daemon",
	.about = "paene runs containers on Linux. A command does its work and exits; what must outlive it is one small monitor "
		 "for each container in the background.",
	.version = "paene version " PAENE_VERSION "\n",
	.usage_status = STATUS_ENGINE,
	.options = OPTIONS(rows, struct paene_globals),
	.verbs = verbs,
	.n_verbs = ARRAY_SIZE(verbs),
};

/* paene-monitor has come to its container's end; nobody reads what we say (runtime/monitor.h). */
static int after_exit(int argc, char **argv)
{
	struct monitor_words w;
	struct engine g;
	struct err e;
	int r = monitor_words(argc, argv, &w, &e);

	if (r >= 0)
		r = engine_open(w.text[MONITOR_DATA], w.text[MONITOR_RUN], &g, &e);
	if (r >= 0)
		r = launch_after_exit(&g, &w, &e);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	if (argc > 1 && streq(argv[1], MONITOR_VERB))
		return after_exit(argc - 2, argv + 2);
	return program_run(&program, argc, argv);
}
