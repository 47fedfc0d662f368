// SPDX-License-Identifier: Apache-2.0
/* Services by kind: a container that runs, a pod, and what is made once. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/proc.h"
#include "cli/quadlet/quadlet.h"
#include "cli/unit_words.h"

#define VERB(...) (const char *const[]){ __VA_ARGS__, NULL }

/* ---- containers ---- */

static int add_devices(struct service *s, struct err *e)
{
	struct strv words = { 0 };
	int r = quadlet_all_words(s, "AddDevice", &words, e);

	for (size_t i = 0; i < words.n && r >= 0; i++) {
		const char *device = words.v[i], *optional = str_after(device, "-");
		char *path = optional ? arena_strndup(s->q->a, optional, strcspn(optional, ":")) : NULL;

		if (!optional || (path && access(path, F_OK) == 0)) /* one that may be missing */
			r = quadlet_option(s, "device", optional ? optional : device, e);
	}
	return r;
}

/* Relative ones lie beside the unit's file. */
static int add_env_files(struct service *s, struct err *e)
{
	struct strv words = { 0 };
	int r = quadlet_all_words(s, "EnvironmentFile", &words, e);
	int folder = (int)(strrchr(s->u->path, '/') - s->u->path);

	for (size_t i = 0; i < words.n && r >= 0; i++) {
		bool whole = *words.v[i] == '/' || *words.v[i] == '%';
		char *path = whole ? words.v[i] : arena_printf(s->q->a, "%.*s/%s", folder, s->u->path, words.v[i]);

		r = path ? quadlet_option(s, "env-file", path, e) : err_nomem(e);
	}
	return r;
}

static int add_user(struct service *s, struct err *e)
{
	const char *user = quadlet_value(s, "User"), *group = quadlet_value(s, "Group");
	char *text = arena_printf(s->q->a, "%s%s%s", user ? user : "0", group ? ":" : "", group ? group : "");

	if (!user && !group)
		return 0;
	return text ? quadlet_option(s, "user", text, e) : err_nomem(e);
}

/* podman's "split" puts a container below its service's cgroup: ours are below one scope, as all others. */
static int add_cgroups(struct service *s, struct err *e)
{
	const char *mode = quadlet_value(s, "CgroupsMode");

	return mode && !streq(mode, "split") ? quadlet_option(s, "cgroups", mode, e) : 0;
}

static struct quadlet_unit *unit_of(const struct quadlet *q, const char *file)
{
	for (size_t i = 0; i < q->n; i++)
		if (streq(q->v[i].file, file))
			return &q->v[i];
	return NULL;
}

static int join_pod(struct service *s, struct err *e)
{
	const struct unit_line *l = unit_last(&s->u->text, s->table->section, "Pod");
	int with_it = unit_bool(&s->u->text, s->table->section, "StartWithPod", true, e);
	struct quadlet_unit *pod = l ? unit_of(s->q, l->value) : NULL;

	if (!l || with_it < 0)
		return with_it < 0 ? with_it : 0;
	if (!pod || pod->type != QUADLET_POD || !pod->service)
		return quadlet_wrong(l, e, "Pod: there is no file %s; it is called NAME.pod", l->value);
	if (with_it && strv_add(s->q->a, &pod->members, s->u->service) < 0)
		return err_nomem(e);
	int r = quadlet_need(s, pod->service, e);

	return r < 0 ? r : quadlet_option(s, "pod", pod->resource, e);
}

/* PodmanArgs, the image, and the command. */
static int add_image(struct service *s, struct err *e)
{
	const struct unit_line *l = unit_last(&s->u->text, s->table->section, "Image");
	const char *rootfs = quadlet_value(s, "Rootfs"), *image = NULL;
	struct strv more = { 0 }, command = { 0 };
	int r = quadlet_all_words(s, "PodmanArgs", &more, e);

	if (r >= 0 && (!l == !rootfs))
		return err_say(e, EINVAL, "%s: %s", s->u->path, l ? "Image= and Rootfs= exclude each other" : "neither Image= nor Rootfs= says what it is made of");
	if (r >= 0 && l) {
		image = quadlet_refer(s, l, l->value, strlen(l->value), e);
		r = image ? 0 : -e->code;
	}
	for (size_t i = 0; i < more.n && r >= 0; i++)
		r = quadlet_word(s, more.v[i], e);
	if (r >= 0 && rootfs)
		r = quadlet_word(s, "--rootfs", e);
	if (r >= 0)
		r = quadlet_word(s, rootfs ? rootfs : image, e);
	if (r >= 0)
		r = quadlet_all_words(s, "Exec", &command, e);
	for (size_t i = 0; i < command.n && r >= 0; i++)
		r = quadlet_word(s, command.v[i], e);
	return r;
}

/* Who says that it is ready, and when: a service of Type=oneshot is, when it has ended. */
static int add_notify(struct service *s, FILE *out, struct err *e)
{
	const struct unit_line *type = unit_last(&s->u->text, "Service", "Type");
	const char *notify = quadlet_value(s, "Notify");
	bool healthy = notify && streq(notify, "healthy");
	int own = healthy ? 0 : unit_bool(&s->u->text, s->table->section, "Notify", false, e);

	if (own < 0)
		return own;
	if (type && streq(type->value, "oneshot"))
		return 0;
	if (type && !streq(type->value, "notify"))
		return quadlet_wrong(type, e, "Type is notify or oneshot");
	fputs("Type=notify\nNotifyAccess=all\n", out);
	int r = quadlet_word(s, "--detach", e);

	return r < 0 ? r : quadlet_option(s, "sdnotify", healthy ? "healthy" : own ? "container" : "conmon", e);
}

static int print_reload(struct service *s, FILE *out, struct err *e)
{
	const char *signal = quadlet_value(s, "ReloadSignal");
	struct service other = { .q = s->q, .u = s->u, .table = s->table };
	struct strv words = { 0 };
	int r = quadlet_all_words(s, "ReloadCmd", &words, e);

	if (r < 0 || (!signal && !words.n))
		return r;
	if (signal)
		return quadlet_print(s, out, "ExecReload", VERB("kill", "--signal", signal, s->u->resource), e);
	r = quadlet_begin(&other, VERB("exec", s->u->resource), e);
	for (size_t i = 0; i < words.n && r >= 0; i++)
		r = quadlet_word(&other, words.v[i], e);
	return r < 0 ? r : unit_print_words(out, "ExecReload", &other.words, 0, e);
}

static int print_end(struct service *s, FILE *out, struct err *e)
{
	const char *name = quadlet_value(s, "StopSignal");
	int number = name ? proc_signal_number(name) : SIGTERM;
	int r = quadlet_print(s, out, "ExecStop", VERB("stop", "--ignore", s->u->resource), e);

	if (r >= 0) /* where its monitor was killed, it runs yet */
		r = quadlet_print(s, out, "ExecStopPost", VERB("rm", "--volumes", "--force", "--ignore", s->u->resource), e);
	if (number > 0)
		fprintf(out, "SuccessExitStatus=%d\n", 128 + number);
	return r;
}

int quadlet_container(struct service *s, FILE *out, struct err *e)
{
	static int (*const parts[])(struct service *s, struct err *e) = {
		quadlet_options, add_cgroups, add_devices, add_env_files, add_user, quadlet_references, join_pod, add_image,
	};
	int r = quadlet_begin(s, VERB("run", "--name", s->u->resource, "--replace", "--rm"), e);

	if (r >= 0)
		r = add_notify(s, out, e);
	for (size_t i = 0; i < ARRAY_SIZE(parts) && r >= 0; i++)
		r = parts[i](s, e);
	if (r >= 0)
		r = unit_print_words(out, "ExecStart", &s->words, 0, e);
	fputs("KillMode=mixed\nSyslogIdentifier=%N\n", out);
	if (r >= 0)
		r = print_reload(s, out, e);
	return r < 0 ? r : print_end(s, out, e);
}

/* ---- pods ---- */

int quadlet_pod(struct service *s, FILE *out, struct err *e)
{
	const char *stop = quadlet_value(s, "StopTimeout"), *name = s->u->resource;
	struct strv more = { 0 };
	int r = quadlet_begin(s, VERB("pod", "create", "--name", name, "--replace"), e);

	if (r >= 0)
		r = quadlet_options(s, e);
	if (r >= 0)
		r = quadlet_references(s, e);
	if (r >= 0)
		r = quadlet_all_words(s, "PodmanArgs", &more, e);
	for (size_t i = 0; i < more.n && r >= 0; i++)
		r = quadlet_word(s, more.v[i], e);
	fputs("Type=oneshot\nRemainAfterExit=yes\nSyslogIdentifier=%N\n", out);
	if (r >= 0)
		r = unit_print_words(out, "ExecStart", &s->words, 0, e);
	if (r >= 0)
		r = quadlet_print(s, out, "ExecStop", VERB("pod", "stop", "--ignore", "--time", stop ? stop : "10", name), e);
	return r < 0 ? r : quadlet_print(s, out, "ExecStopPost", VERB("pod", "rm", "--force", "--ignore", name), e);
}

/* ---- volumes, networks, images ---- */

int quadlet_once(struct service *s, FILE *out, struct err *e)
{
	bool image = s->u->type == QUADLET_IMAGE;
	const char *name = s->u->resource, *source = quadlet_value(s, "Image");
	struct strv more = { 0 };
	int gone = unit_bool(&s->u->text, s->table->section, "NetworkDeleteOnStop", false, e);

	if (gone < 0)
		return gone;
	if (image && !source)
		return err_say(e, EINVAL, "%s: Image= is missing", s->u->path);
	int r = image ? quadlet_begin(s, VERB("pull", "--quiet"), e) : quadlet_begin(s, VERB(s->table->suffix, "create", "--ignore"), e);

	if (r >= 0)
		r = quadlet_options(s, e);
	if (r >= 0)
		r = quadlet_all_words(s, "PodmanArgs", &more, e);
	for (size_t i = 0; i < more.n && r >= 0; i++)
		r = quadlet_word(s, more.v[i], e);
	if (r >= 0)
		r = quadlet_word(s, image ? source : name, e);
	fputs("Type=oneshot\nRemainAfterExit=yes\nSyslogIdentifier=%N\n", out);
	if (r >= 0)
		r = unit_print_words(out, "ExecStart", &s->words, 0, e);
	return r < 0 || !gone ? r : quadlet_print(s, out, "ExecStopPost", VERB("network", "rm", "--force", name), e);
}
