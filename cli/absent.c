// SPDX-License-Identifier: Apache-2.0
#include "cli/absent.h"

#include "base/str.h"
#include "base/util.h"

#define CLUSTER "many machines are the business of Kubernetes, which runs containers here by containerd or CRI-O with paene-oci"
#define BUILD	"images are built by buildah, podman or docker; `paene pull` and `paene load` get them"
#define KUBE	"files of Kubernetes are not read here; `podman kube play` reads them, and runs their containers by paene-oci"
#define DAEMON	"there is no daemon, and nobody to connect to: a command does its work and exits"
#define MACHINE "containers run on this machine's own kernel; there is no virtual machine to look after"
#define LISTS	"lists of images for several platforms are made by buildah; `paene manifest inspect` shows them"
#define FOLDER	"a volume is a folder, which is always there: `paene volume inspect --format '{{.Mountpoint}}' VOLUME`"
#define TRUST	"cosign signs images; /etc/paene/policy.json says which ones are trusted (`paene man`, Policy)"
#define CRIU	"containers of paene-oci have checkpoints: `paene-oci checkpoint`"

/* A word alone is a verb, or a group with all that is below it. */
static const struct {
	const char *verb, *why;
} verbs[] = {
	{ "artifact", "what is no image is fetched by oras" },
	{ "auto-update", "`paene pull` says whether an image is newer; a timer may run it, and restart a unit" },
	{ "build", BUILD },
	{ "builder", BUILD },
	{ "buildx", BUILD },
	{ "checkpoint", CRIU },
	{ "compose", "files of compose are read by podman-compose, with podman on paene-oci" },
	{ "config", CLUSTER },
	{ "connection", DAEMON },
	{ "container checkpoint", CRIU },
	{ "container clone", "`paene commit` makes an image of it, of which others can be made" },
	{ "container init", "a container is prepared when it starts, which takes milliseconds: `paene start`" },
	{ "container restore", "`paene-oci restore` does that" },
	{ "container runlabel", "what an image says is data; no label is ever run as a command" },
	{ "context", DAEMON },
	{ "farm", BUILD },
	{ "generate kube", KUBE },
	{ "generate spec", "`paene inspect` shows what a container is; `paene-oci spec` writes a configuration" },
	{ "image build", BUILD },
	{ "image scp", "`paene save IMAGE | ssh HOST paene load`" },
	{ "image sign", TRUST },
	{ "image trust", TRUST },
	{ "image-prune", "it is two words: `paene image prune`" },
	{ "init", "a container is prepared when it starts, which takes milliseconds: `paene start`" },
	{ "kube", KUBE },
	{ "machine", MACHINE },
	{ "manifest add", LISTS },
	{ "manifest annotate", LISTS },
	{ "manifest create", LISTS },
	{ "manifest exists", LISTS },
	{ "manifest push", LISTS },
	{ "manifest remove", LISTS },
	{ "manifest rm", LISTS },
	{ "node", CLUSTER },
	{ "play", KUBE },
	{ "pod clone", "`paene pod create`, and `paene commit` of its containers" },
	{ "plugin", "there are no plugins but those of CNI: `--network cni:NAME`" },
	{ "restore", "`paene-oci restore` does that" },
	{ "service", CLUSTER },
	{ "stack", CLUSTER },
	{ "swarm", CLUSTER },
	{ "system connection", DAEMON },
	{ "system migrate", "nothing of a container has to be migrated when ids or versions change" },
	{ "system renumber", "there are no numbered locks" },
	{ "system service", DAEMON },
	{ "trust", TRUST },
	{ "volume mount", FOLDER },
	{ "volume reload", "there are no plugins for volumes, so no list of theirs" },
	{ "volume unmount", FOLDER },
};

const char *absent_verb(const char *group, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		const char *rest = group ? str_after(verbs[i].verb, group) : verbs[i].verb;

		if (rest && streq(group ? rest + (*rest == ' ') : rest, name))
			return verbs[i].why;
	}
	return NULL;
}
