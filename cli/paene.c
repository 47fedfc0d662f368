// SPDX-License-Identifier: Apache-2.0
/* paene: containers for people at a shell. */
#include <stdlib.h>

#include "cli/absent.h"
#include "cli/completion.h"
#include "cli/conf_files.h"
#include "cli/man.h"
#include "cli/program.h"
#include "cli/verbs.h"
#include "runtime/class.h"
#include "runtime/launch.h"

static const struct option rows[] = {
	OPT_STRING(struct paene_globals, root, "root", 0, "DIR", "images and containers; default: /var/lib/paene"),
	OPT_STRING(struct paene_globals, runroot, "runroot", 0, "DIR", "what a reboot may clear; default: /run/paene"),
	OPT_STRING(struct paene_globals, storage_driver, "storage-driver", 0, "NAME",
		   "who overlays layers: overlay (the kernel), fuse-overlayfs, or auto (default)"),
	OPT_STRING(struct paene_globals, cgroup_manager, "cgroup-manager", 0, "NAME",
		   "who makes cgroups: cgroupfs (default) or systemd"),
	OPT_LIST(struct paene_globals, image_stores, "image-store", 0, "DIR", "a further --root, whose images are seen, too"),
};

static const struct verb *const verbs[] = {
	&verb_run, &verb_create, &verb_sandbox, &verb_start, &verb_stop, &verb_restart, &verb_kill, &verb_rm,
	&verb_pause, &verb_unpause, &verb_wait, &verb_update, &verb_exec, &verb_attach, &verb_cp, &verb_export,
	&verb_rename, &verb_commit, &verb_diff, &verb_mount, &verb_unmount, &verb_memory, &verb_healthcheck, &verb_container_group,
	&verb_ps, &verb_stats, &verb_top, &verb_port, &verb_logs, &verb_events, &verb_inspect,
	&verb_images, &verb_pull, &verb_push, &verb_search, &verb_load, &verb_save, &verb_import,
	&verb_tag, &verb_untag, &verb_history, &verb_rmi, &verb_image, &verb_manifest, &verb_login,
	&verb_logout,
	&verb_pod, &verb_network, &verb_volume, &verb_secret, &verb_generate, &verb_system, &verb_version, &verb_info, &verb_unshare, &verb_help,
	&verb_completion, &verb_complete, &verb_man,
};

static const struct manual_section manual[] = {
	{ "Names",
	  "A container is named by its name, its id, or the first digits of its id. An image is named as podman and docker do: "
	  "`debian:13` is `docker.io/library/debian:13`, and an id or its first digits will do. The image `host` is this machine's "
	  "own root, read-only below a layer that belongs to the container." },
	{ "Classes", NULL },
	{ "Settings",
	  "`/etc/paene/paene.conf`, and before it `$XDG_CONFIG_HOME/paene/paene.conf` (`~/.config/paene`), say what options are where a "
	  "command line does not name them; neither has to be there. `$PAENE_CONF` names a file that is read instead. `info` shows those that are.\n\n"
	  "A section is a verb, `[run]`, `[network create]`; those that stand before a verb are in `[paene]`. `[run]` is for `create`, too. A line is "
	  "`OPTION = VALUE` with an option's long name; a flag is `true` or `false`. An option that may be given more than once may have "
	  "more than one line: the command line replaces all of them. With `OPTION += VALUE` it adds to them instead. What begins with a # after a blank "
	  "is a remark. An option or a verb that does not exist is an error, so that no rule is thought to hold that does not.\n\n"
	  "`[run]`, `memory = 2g`, `pids-limit = 500`, `network = backend`, `env += HTTP_PROXY=http://proxy.example:3128`, each on a line of its own, "
	  "limit each container, put it on a network unless another one is asked for, and tell it of a proxy in any case." },
	{ "Templates",
	  "The option `--format` of `ps`, `stats`, `images`, `inspect`, `version` and `info` takes a text with places: `{{.State.Status}}` "
	  "stands for the value at that path of what `--format json` shows, `{{json .Mounts}}` for the value as JSON. \\t and \\n "
	  "are a tab and a new line. There is no more to it: no loops, no functions." },
	{ "Files in and out",
	  "`cp` copies into containers and out of them, running or not, and from one to another. No program of a container takes part, "
	  "and no link in it leads out of it, however fast it changes. Volumes are there while it runs. `export` writes all of its "
	  "files to an archive, without what is mounted in it; `import` makes an image of such an archive, `commit` one more layer on "
	  "top of the container's image, with the command and environment that it was started with.\n\n"
	  "`save` writes images with all that belongs to them. `docker-archive` is what docker has written since its version 25: an OCI "
	  "layout that all who know only manifest.json can read, too. Digests stay, so an image that was saved and loaded is the same; "
	  "and the same images give the same bytes." },
	{ "Image store",
	  "Blobs, layers and what is known of images lie below `images` in the data folder, each named by its digest: what several "
	  "images have is there once. A command that is killed leaves nothing half-made, and the next one clears up after it; loads, "
	  "pulls and removals may go on at once. `system check` finds what a disk has damaged: each layer is unpacked once more from "
	  "its blob and compared with what is there. `--repair` puts the good one in its place, where no container runs on it, and "
	  "fetches again by its digest what has no good blob. An image that cannot be mended is named, and goes with `--force`.\n\n"
	  "`--image-store`, given before the verb, names a further data folder, that of another user or on a medium that is read-only. "
	  "Its images are listed, with R/O, and run where they are; nothing is written there, and `pull` copies from it what it has. "
	  "Who removes an image there must know who uses it." },
	{ "Memory beyond limits",
	  "More may be promised than the machine has, where it is said who goes without first. `--memory-low` is what a container "
	  "keeps while others have anything to give; `--memory-min` what it keeps even if others are killed for it; at `--memory-high` "
	  "it is slowed down and its memory taken back, without killing; `--memory` is where it is killed.\n\n"
	  "`memory reclaim` takes back what a container can do without, before anybody is short of it. It works in steps, from 4 MiB "
	  "on: a step is doubled while the container's processes hardly notice, and halved when they wait for memory half of the time "
	  "that `--max-pressure` allows. A step takes an eighth of what is there at most, and 1 GiB. After each the processes have "
	  "a tenth of a second to fetch back what they need; it ends where, over about a second, they have waited for more of the time "
	  "than `--max-pressure` allows. `pause --reclaim` takes all from a container that stands still.\n\n"
	  "What is not cached from a file needs swap to go to: a container with `--memory` has none unless `--memory-swap` says so. Where "
	  "/sys/module/zswap/parameters/enabled is Y, swap is kept compressed in memory at first: `--memory-zswap` limits that, and "
	  "`--memory-zswap-writeback=false` keeps it from going on to the disk.\n\n"
	  "`--ksm` has the kernel look for equal pages in the container's processes, those of `exec` too, and keep them once for all "
	  "containers that have the option. It needs Linux 6.7, no privilege, and somebody who has written 1 to "
	  "/sys/kernel/mm/ksm/run; how fast it looks is set beside that. Writing to a page that is shared takes longer than to one "
	  "that is not: so a container can find out whether another one has a page that it can guess. Give it to containers that may "
	  "know of each other. For `paene-oci` the annotation `org.paene.ksm` of config.json is `true`." },
	{ "Cgroups",
	  "Each container has a cgroup of version 2. Where systemd runs, all of them are below `machine.slice/paene.scope`, which the "
	  "first container after a boot has systemd make and delegate; elsewhere below `/paene`. With `--cgroup-manager systemd`, given "
	  "before the verb, a container has a scope of its own, `paene-ID.scope` in `machine.slice` or in the slice that `--cgroup-parent` "
	  "names. A container sees its own cgroup alone, read-only; with `--cgroup-delegate` its root may make others below, and hand "
	  "controllers down: what a container engine or systemd in it needs. Its own limits stay out of its reach." },
	{ "Services",
	  "`generate systemd` writes a unit for a container; files for paene-quadlet(5) are units that people write themselves. Either way the "
	  "container's monitor is the main process, which tells systemd that it runs (`--sdnotify`), and ends as the container does. Containers with "
	  "`--restart always` are started by `paene-restart.service` after a boot, where that is enabled.\n\n"
	  "A container whose command is called `systemd`, or is `/sbin/init`, `/usr/sbin/init` or `/usr/local/sbin/init`, finds what systemd wants "
	  "(`--systemd`): a tmpfs on /run, /run/lock, /tmp and /var/log/journal, its id as `container_uuid`, a cgroup of its own to make others in, "
	  "CAP_SETPCAP. SIGRTMIN+3 asks it to end." },
	{ "A container's root",
	  "The layers of an image are shared by all its containers; what a container writes lies in a layer of its own (overlayfs). So a "
	  "folder of the image cannot be renamed (mv(1) copies it then), and a file of the image that has several names is one of its own "
	  "by the name that it is written to by. Without `--rm` that layer stays as long as the container; with it nothing is ever "
	  "synced to the disk.\n\n"
	  "Where the kernel cannot overlay the folders of `--root`, or not with ids mapped (network file systems, for one), "
	  "fuse-overlayfs does, if it is installed: slower, and said once. `info` shows which it is as StorageDriver, `inspect` as Driver; "
	  "`--storage-driver`, given before `run` or `create`, decides for a container once and for all.\n\n"
	  "`--storage-opt size=BYTES` limits that layer by a project quota: xfs and ext4 have them where they are mounted with `prjquota` "
	  "(ext4: after `tune2fs -O project,quota`); elsewhere it is refused. Volumes are not counted. With `--userns host` the container's "
	  "root may give its files to another project, and so leave the limit." },
	{ "Volumes and mounts",
	  "A source of `-v` that begins with `/` or `.` is a path, which must be there; any other is a volume by its name, made on first use; "
	  "none, as in `-v /data`, is a volume without a name, which goes with `--rm` and `rm --volumes`. Volumes of the image are of that "
	  "kind. The first container that has a volume fills it with what its image has at that place, unless it says `nocopy`.\n\n"
	  "Files have the same owners inside and outside: their ids are mapped, also where the container's root is nobody outside. So what "
	  "its root leaves in a folder of the host is root's there, setuid files too; `noidmap` shows owners as they are for others. `U` "
	  "gives all files to the user that the container runs as. `idmap=uids=@0-1000-1;gids=@0-1000-1` names a mapping of its own: the first id "
	  "on the disk, the first one that is seen, how many; @: that one is the container's.\n\n"
	  "Options are `ro`, `noexec`, `dev`, `suid`, a propagation (`rslave` …), `bind` (without the mounts below), and `O`: an overlay, whose "
	  "changes go with the run, or to `upperdir=DIR,workdir=DIR`. `z` and `Z` have nothing to do: containers have no labels of SELinux.\n\n"
	  "`--mount` has the same words, and types of its own: `image` (source= an image; `rw`, `subpath=`), `glob` (source= a pattern; each path "
	  "that fits lies below the target), `tmpfs` (tmpfs-size=, tmpfs-mode=, tmpcopyup), `ramfs`, `devpts`. `subpath=` is a part of a volume or an "
	  "image; no link in it leads out.\n\n"
	  "`volume create -o type=nfs -o device=:/export -o o=addr=192.0.2.1` makes a volume that mount(8) mounts with the first container and that "
	  "is unmounted after the last one. `-o o=size=10g` limits one by a project quota (see below `--storage-opt`)." },
	{ "Pods",
	  "`pod create` makes a pod, `run --pod POD` a container in it; `run --pod new:NAME` both. Its containers share the network with its "
	  "ports and names, message queues and /dev/shm, the host name, and their ids; with `--share +pid` they see each other's processes. "
	  "What is shared is named when the pod is made: `--publish`, `--network`, `--hostname`, `--dns` and the like are not for its containers. "
	  "Limits of `pod create` are those of all of them together; a container may have tighter ones. Volumes, devices, security options and "
	  "`--restart` of a pod are of each of its containers, besides their own.\n\n"
	  "A small container without an image, the infra container, keeps what is shared. It is started before others and stopped after them, "
	  "and removed with the pod alone. `--pid`, `--ipc`, `--uts` and `--network` `container:NAME` share single namespaces without a pod: "
	  "whoever joins has the ids of the other one, which must run; `start` starts it first." },
	{ "Secrets",
	  "`secret create NAME FILE` keeps a password or a key in the data folder, readable for root alone and not encrypted. `run --secret NAME` gives it "
	  "to a container as a file in memory, `/run/secrets/NAME`, read-only (`target=`, `uid=`, `gid=`, `mode=`), or with `type=env` as a variable, "
	  "which all its processes, and whoever may look at them, can read. It is read at each start. No image made of the container "
	  "has it." },
	{ "Hooks and vendors' devices",
	  "`--hooks-dir DIR` runs the programs that files in it name, as oci-hooks(5) of podman has them (version 1.0.0); no folder is read without it. "
	  "Regular expressions are POSIX extended ones.\n\n"
	  "`--device nvidia.com/gpu=all` looks the name up in the JSON files of `/etc/cdi` and `/run/cdi` (Container Device Interface), and gives the "
	  "container the nodes, mounts, variables, groups and hooks that stand there. Files in YAML are not read." },
	{ "Registries",
	  "`/etc/paene/registries.json`, and before it `$XDG_CONFIG_HOME/paene/registries.json` (`~/.config/paene`), say how registries "
	  "are reached; neither has to be there. Both have the form\n\n"
	  "`{\"search\": [\"docker.io\"], \"aliases\": {\"tools\": \"registry.example/team/tools\"}, \"registries\": [{\"host\": "
	  "\"docker.io\", \"mirrors\": [{\"host\": \"mirror.example\"}]}, {\"host\": \"localhost:5000\", \"insecure\": true}]}`\n\n"
	  "`search`: where a name without a host is looked for, in this order; without a list at docker.io.\n\n"
	  "`aliases`: what a name without a host means; these go before the list.\n\n"
	  "`registries`: of a `host`, or with `prefix` of the names there that begin with it (the longest counts): `blocked`, nothing of it "
	  "is pulled or pushed; `insecure`, it may have any certificate, and no TLS if it speaks none, which else is so for no host, not "
	  "for localhost either; `mirrors`, hosts that are asked first. A mirror can be `insecure`, have a `prefix`, which stands in place of "
	  "the registry's own in its names, and be there for names with a digest alone (`digest_only`).\n\n"
	  "What these do not say is asked of podman's files, as containers-registries.conf(5) has them (version 2): "
	  "`~/.config/containers/registries.conf` of a user, else `/etc/containers/registries.conf`, or `$CONTAINERS_REGISTRIES_CONF`; and of "
	  "`registries.conf.d` beside each. Nobody is asked which of several registries is meant (`short-name-mode`).\n\n"
	  "Credentials are podman's and docker's: `$REGISTRY_AUTH_FILE` alone, else "
	  "`$XDG_RUNTIME_DIR/containers/auth.json` (root's, where that is not set: `/run/containers/0/auth.json`), "
	  "`$XDG_CONFIG_HOME/containers/auth.json` and `$DOCKER_CONFIG/config.json` (`~/.config`, `~/.docker`), with the credential helpers that they name. "
	  "Certificates for a host lie in a folder with its name and port in `/etc/paene/certs.d`, `/etc/containers/certs.d` or "
	  "`/etc/docker/certs.d`: `*.crt`, authorities that are trusted besides the system's; `NAME.cert` and `NAME.key`, what we show.\n\n"
	  "Proxies are those of `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy`, as curl(1) takes them." },
	{ "Policy",
	  "`/etc/paene/policy.json` says which images may come in and run. It has the form of containers-policy.json(5); where it is not "
	  "there, `/etc/containers/policy.json` counts for what comes in. Of the scopes of the transport docker the longest that fits a "
	  "name counts: `docker.io/library/debian:13`, `docker.io/library/debian`, `docker.io/library`, `docker.io`, `*.io`, then "
	  "\"\", then `default`. All that it lists must hold:\n\n"
	  "`insecureAcceptAnything`: yes. `reject`: no.\n\n"
	  "`digests`: the image, or the index that leads to it, is one of `\"digests\": [\"sha256:…\"]`; paene alone knows this type.\n\n"
	  "`sigstoreSigned`: there is a signature of cosign beside it in the registry, by a key of `keyPath`, `keyPaths`, `keyData` or "
	  "`keyDatas` (ECDSA P-256), for a name that fits `signedIdentity`. cosign signs names without tags: for those it must be "
	  "`{\"type\": \"matchRepository\"}`.\n\n"
	  "Others (signedBy; fulcio, rekor, pki) cannot be checked, and refuse. What an image has proven is kept when it is pulled, and counts when "
	  "it is to run; one that was here before the policy is pulled again. An image that is named by its id may run where one of its "
	  "names may. Archives come in where the transports docker-archive and oci-archive (a folder: oci) accept anything." },
	{ "Settings",
	  "`/etc/paene/paene.conf`, and before it `$XDG_CONFIG_HOME/paene/paene.conf` (`~/.config/paene`), say what options are where a "
	  "command line does not name them; neither has to be there. `$PAENE_CONF` names a file that is read instead. `info` shows those that are.\n\n"
	  "A section is a verb, `[run]`, `[network create]`; those that stand before a verb are in `[paene]`. `[run]` is for `create`, too. A line is "
	  "`OPTION = VALUE` with an option's long name; a flag is `true` or `false`. An option that may be given more than once may have "
	  "more than one line: the command line replaces all of them. With `OPTION += VALUE` it adds to them instead. What begins with a # after a blank "
	  "is a remark. An option or a verb that does not exist is an error, so that no rule is thought to hold that does not.\n\n"
	  "`[run]`, `memory = 2g`, `pids-limit = 500`, `network = backend`, `env += HTTP_PROXY=http://proxy.example:3128`, each on a line of its own, "
	  "limit each container, put it on a network unless another one is asked for, and tell it of a proxy in any case." },
	{ "Sandboxes",
	  "`paene sandbox -- make` runs a command as who you are, root or not, in a view of this machine: no image, no further ids. Of the folders "
	  "in `/` those that have no mounts below them are overlaid, so what is written there is caught; others, and `/` itself, are read-only. "
	  "`/tmp`, `/var/tmp`, `/run`, `/home` and the home folder are empty each time, with `--name`, too. The current folder is there, and what is "
	  "written in it is written, unless `--copy` catches it, too; but not where it is the home folder, or above it.\n\n"
	  "What a user's own sandbox catches is of files that are the user's, and of their own group: others it could not copy, and refuses "
	  "(EOVERFLOW) or leaves read-only as their modes have it.\n\n"
	  "Without `--name` what is caught is in memory, and gone at the end. With it `paene sandbox diff NAME` lists it, `apply NAME PATH…` makes "
	  "it on this machine, each file at once or not at all, and `drop NAME` forgets it. A file that has changed on this machine since the sandbox "
	  "wrote to it is not overwritten without `--force`. Look before you apply what root has run: a file may be set-user-ID.\n\n"
	  "Variables are left out whose names look like secrets (TOKEN, SECRET, PASSWORD, KEY, CREDENTIAL and the like; AWS_*, SSH_*, DBUS_*). The "
	  "section `[sandbox]` of the settings has options that always count." },
	{ "Templates",
	  "`--format` takes what docker's and podman's does: `json`, `table`, or a template of Go. `{{.State.Status}}` is a field, "
	  "`$` the whole; `{{json .Mounts}}`, `{{join .Names \", \"}}`, `{{index .Config.Labels \"a.b\"}}`, `{{.Id | slice 0 12}}`: "
	  "a function with its arguments, the last of which `|` may bring. Blocks:\n\n"
	  "`{{if and .A (eq .B 3)}}…{{else if .C}}…{{else}}…{{end}}`, `{{with .A}}…{{end}}`, `{{range $key, $value := .A}}…{{else}}…{{end}}`, "
	  "with `{{break}}` and `{{continue}}`. `{{- -}}` takes the blanks beside it away. `table {{.ID}}\\t{{.Names}}` is a table with titles.\n\n"
	  "Functions: and, eq, ge, gt, index, join, json, le, len, lower, lt, ne, not, or, pad, print, printf (%s %v %d %q), println, slice, "
	  "split, title, truncate, upper. A field that is not there is an error, but for if, with, range, and, or, not, eq, ne, index." },
	{ "Exit status",
	  "`run`, `exec` and `start --attach` exit as the command does, with 128 + N where signal N ended it; 125 says that the "
	  "engine failed, 126 that the command could not be executed, 127 that it was not found. Other verbs exit with 1 where "
	  "something failed. A wrong command line is 125." },
	{ "Files",
	  "`/var/lib/paene`: images, containers, volumes, networks; in `events` what has happened to them.\n\n"
	  "`/run/paene`: what is known of containers that run.\n\n"
	  "`/etc/paene/paene.conf`, `/etc/paene/registries.json`, `/etc/paene/policy.json`, `/etc/paene/certs.d`: see above.\n\n"
	  "`/run/paene.lock`: held by the one who has systemd make the place for all cgroups.\n\n"
	  "Without root: `$XDG_DATA_HOME/paene` and `$XDG_RUNTIME_DIR/paene`." },
	{ "Environment",
	  "`REGISTRY_AUTH_FILE`, `https_proxy`, `http_proxy`, `all_proxy`, `no_proxy`: see Registries.\n\n"
	  "`PAENE_CONF`: a file of settings, in place of all others.\n\n"
	  "`PAENE_IMAGE_STORES`: folders as for `--image-store`, with colons between them.\n\n"
	  "`NO_COLOR`: where it is set and not empty, nothing is printed in colour." },
	{ "See also", "paene-oci(1), podman(1), docker(1)" },
};

static const struct manual_page pages[] = {
	{ "paene.conf", "what options are where a command line does not name them", "Settings" },
	{ "paene-registries.json", "how registries are reached", "Registries" },
	{ "paene-policy.json", "which images may come in and run", "Policy" },
};

static const char *manual_text(const char *title, struct arena *a)
{
	(void)title; /* there is one */
	return class_manual(a);
}

static const struct program program = {
	.name = "paene",
	.help = "containers, without a daemon",
	.about = "paene runs containers on Linux. A command does its work and exits; what must outlive it is one small monitor "
		 "for each container in the background.",
	.version = "paene version " PAENE_VERSION "\n",
	.usage_status = STATUS_ENGINE,
	.options = OPTIONS(rows, struct paene_globals),
	.verbs = VERBS(verbs),
	.manual = manual,
	.n_manual = ARRAY_SIZE(manual),
	.pages = pages,
	.n_pages = ARRAY_SIZE(pages),
	.manual_text = manual_text,
	.settings = conf_read_all,
	.names = verb_names,
	.absent = absent_verb,
};

/* Called by paene-monitor: nobody reads what we say (runtime/monitor.h). */
static int for_monitor(int argc, char **argv,
		       int (*f)(const struct engine *g, const struct monitor_words *w, char **argv, struct err *e))
{
	struct monitor_words w;
	struct engine g;
	struct err e;
	int r = monitor_words(argc - 2, argv + 2, &w, &e);

	if (r >= 0)
		r = engine_open(w.text[MONITOR_DATA], w.text[MONITOR_RUN], &g, &e);
	if (r >= 0)
		r = f(&g, &w, argv, &e);
	return r < 0 ? EXIT_FAILURE : r;
}

static int after_exit(const struct engine *g, const struct monitor_words *w, char **argv, struct err *e)
{
	(void)argv;
	return launch_after_exit(g, w, e);
}

static int tell_oom(const struct engine *g, const struct monitor_words *w, char **argv, struct err *e)
{
	(void)argv;
	return launch_tell_oom(g, w, e);
}

static const struct {
	const char *verb;
	int (*f)(const struct engine *g, const struct monitor_words *w, char **argv, struct err *e);
} monitor_calls[] = {
	{ MONITOR_VERB, after_exit }, { MONITOR_OOM_VERB, tell_oom }, { MONITOR_HEALTH_VERB, launch_check_health },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(monitor_calls); i++)
		if (streq(argv[1], monitor_calls[i].verb))
			return for_monitor(argc, argv, monitor_calls[i].f);
	return program_run(&program, argc, argv);
}
