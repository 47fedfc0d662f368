// SPDX-License-Identifier: Apache-2.0
#include "cli/ps_entry.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fd.h"
#include "base/timestamp.h"
#include "namespaces/ns.h"
#include "runtime/pods.h"

#define SHORT_COMMAND 24

/* clang-format off */
static const struct field size_fields[] = {
	FIELD_U64(struct storage_sizes, root_bytes, "rootFsSize", REQUIRED),
	FIELD_U64(struct storage_sizes, written_bytes, "rwSize", REQUIRED),
};

/* ---- JSON: podman's keys ---- */

#define STRING(member, key)  FIELD_STRING(struct ps_entry, member, key, REQUIRED)
#define STRINGS(member, key) FIELD_STRINGS(struct ps_entry, member, key, REQUIRED)
#define MOMENT(member, key)  FIELD_I64(struct ps_entry, member, key, REQUIRED)
#define MAP(member, key)     { FIELD_OF(struct ps_entry, member, key, map, REQUIRED) }

static const struct field json_fields[] = {
	STRING(id, "Id"),
	STRINGS(names, "Names"),
	STRING(image, "Image"),
	STRING(image_id, "ImageID"),
	STRINGS(command, "Command"),
	MOMENT(created_s, "Created"),
	STRING(ago, "CreatedAt"),
	STRING(state, "State"),
	STRING(status, "Status"),
	FIELD_U32(struct ps_entry, pid, "Pid", REQUIRED),
	MOMENT(started_s, "StartedAt"),
	FIELD_BOOL(struct ps_entry, exited, "Exited", REQUIRED),
	MOMENT(exited_s, "ExitedAt"),
	FIELD_I32(struct ps_entry, exit_code, "ExitCode", REQUIRED),
	FIELD_U64(struct ps_entry, restarts, "Restarts", REQUIRED),
	FIELD_BOOL(struct ps_entry, remove, "AutoRemove", REQUIRED),
	FIELD_PORTS(struct ps_entry, ports, "Ports", put_port_list),
	STRINGS(networks, "Networks"),
	STRINGS(mounts, "Mounts"),
	FIELD_BOOL(struct ps_entry, infra, "IsInfra", REQUIRED),
	STRING(pod, "Pod"),
	STRING(pod_name, "PodName"),
	MAP(namespaces, "Namespaces"),
	MAP(labels, "Labels"),
	{ FIELD_OF(struct ps_entry, size, "Size", object, OPTIONAL), .table = size_fields, .n_table = ARRAY_SIZE(size_fields),
	  .flag_offset = offsetof(struct ps_entry, size.asked) - offsetof(struct ps_entry, size) + 1 },
};

/* ---- templates: its columns, and what is of use besides ---- */

static const struct field template_fields[] = {
	STRING(short_id, "ID"),
	STRING(id, "Id"),
	STRING(name, "Names"),
	STRING(image, "Image"),
	STRING(image_id, "ImageID"),
	STRING(command_words, "Command"),
	STRING(ago, "Created"),
	STRING(ago, "RunningFor"),
	STRING(created, "CreatedAt"),
	STRING(state, "State"),
	STRING(status, "Status"),
	FIELD_U32(struct ps_entry, pid, "Pid", REQUIRED),
	MOMENT(started_s, "StartedAt"),
	FIELD_BOOL(struct ps_entry, exited, "Exited", REQUIRED),
	MOMENT(exited_s, "ExitedAt"),
	FIELD_I32(struct ps_entry, exit_code, "ExitCode", REQUIRED),
	FIELD_U64(struct ps_entry, restarts, "Restarts", REQUIRED),
	FIELD_BOOL(struct ps_entry, remove, "AutoRemove", REQUIRED),
	STRING(port_words, "Ports"),
	STRING(network_words, "Networks"),
	STRING(mount_words, "Mounts"),
	FIELD_BOOL(struct ps_entry, infra, "IsInfra", REQUIRED),
	STRING(pod, "Pod"),
	STRING(pod_name, "PodName"),
	MAP(namespaces, "Namespaces"),
	MAP(labels, "Labels"),
	STRING(size_words, "Size"),
};
/* clang-format on */

/* ---- tables ---- */

static const struct column columns[] = {
	{ "CONTAINER ID", 0 }, { "IMAGE", 0 }, { "COMMAND", SHORT_COMMAND }, { "CREATED", 0 }, { "STATUS", 0 },
	{ "PORTS", 0 }, { "NAMES", 0 }, { "POD ID", 0 }, { "PODNAME", 0 }, { "SIZE", 0 },
};
#define POD_COLUMNS (BIT(7) | BIT(8))

static int add_row(struct table *t, const void *arg, struct err *e)
{
	const struct ps_entry *p = arg;
	const char *const cells[] = {
		p->image, p->command_words, p->ago, p->status, p->port_words, p->name, p->pod_short, p->pod_name, p->size_words,
	};
	int r = table_add_id(t, p->id, e);

	static_assert(1 + ARRAY_SIZE(cells) == ARRAY_SIZE(columns), "a cell for each");
	for (size_t i = 0; i + 1 < t->n_columns && r >= 0; i++)
		r = table_add(t, e, "%s", cells[i]);
	return r;
}

static const struct {
	enum spec_ns_kind kind;
	const char *key;
} namespaces[] = {
	{ NS_CGROUP, "Cgroup" }, { NS_IPC, "Ipc" },   { NS_MOUNT, "Mnt" }, { NS_NET, "Net" },
	{ NS_PID, "Pidns" },	 { NS_USER, "User" }, { NS_UTS, "Uts" },
};

static const struct column namespace_columns[] = {
	{ "CONTAINER ID", 0 }, { "NAMES", 0 }, { "PID", 0 }, { "CGROUPNS", 0 }, { "IPC", 0 }, { "MNT", 0 }, { "NET", 0 },
	{ "PIDNS", 0 }, { "USERNS", 0 }, { "UTS", 0 },
};
static_assert(ARRAY_SIZE(namespace_columns) == 3 + ARRAY_SIZE(namespaces), "a column for each");

static int add_namespace_row(struct table *t, const void *arg, struct err *e)
{
	const struct ps_entry *p = arg;
	int r = table_add_id(t, p->id, e);

	if (r >= 0)
		r = table_add(t, e, "%s", p->name);
	if (r >= 0)
		r = table_add(t, e, "%u", p->pid);
	for (size_t i = 0; i < ARRAY_SIZE(namespaces) && r >= 0; i++)
		r = table_add(t, e, "%s", p->namespaces.n ? p->namespaces.v[i].value : "");
	return r;
}

void ps_listing(const struct ps_view *v, const char *format, struct listing *ret)
{
	bool json = format && streq(format, "json");

	*ret = (struct listing){
		.table = { .columns = v->namespaces ? namespace_columns : columns,
			   .n_columns = v->namespaces ? ARRAY_SIZE(namespace_columns) : ARRAY_SIZE(columns) - !v->size,
			   .hidden = v->pods || v->namespaces ? 0 : POD_COLUMNS, .whole = v->whole },
		.fields = json ? json_fields : template_fields,
		.n_fields = json ? ARRAY_SIZE(json_fields) : ARRAY_SIZE(template_fields),
		.add_row = v->namespaces ? add_namespace_row : add_row,
	};
}

/* ---- a container ---- */

/* 0 where it is no time, or NULL */
static int64_t moment(const char *when)
{
	int64_t s;

	return when && timestamp_parse(when, &s) == 0 ? s : 0;
}

/* How long ago that was: "3 minutes"; "" for none */
static const char *age(int64_t when_s, char buf[STR_AGE_MAX])
{
	*buf = '\0';
	return when_s ? str_age((uint64_t)MAX(time(NULL) - when_s, INT64_C(0)), buf) : buf;
}

static char *status(const struct container *c, const struct ps_entry *p, struct arena *a)
{
	char since[STR_AGE_MAX];

	switch (c->phase) {
	case PHASE_RUNNING:
	case PHASE_PAUSED:
		return arena_printf(a, "Up %s%s%s%s%s", age(p->started_s, since), c->phase == PHASE_PAUSED ? " (Paused)" : "",
				    c->health ? " (" : "", c->health ? health_status_names[c->health] : "", c->health ? ")" : "");
	case PHASE_EXITED:
		return arena_printf(a, "Exited (%d) %s ago", c->exit.status, age(p->exited_s, since));
	case PHASE_STARTING:
		return arena_strdup(a, "Starting");
	default:
		return arena_strdup(a, "Created");
	}
}

static char *words(const struct strv *list, const char *between, struct arena *a)
{
	char *all = arena_strdup(a, list->n ? list->v[0] : "");

	for (size_t i = 1; all && i < list->n; i++)
		all = arena_printf(a, "%s%s%s", all, between, list->v[i]);
	return all;
}

static int fill_ports(const struct container *c, struct arena *a, struct ps_entry *p, struct err *e)
{
	struct strv ports = { 0 };
	int r = port_view(c, a, &p->ports, e);

	if (r >= 0)
		r = port_view_words(&p->ports, a, &ports, e);
	if (r < 0)
		return r;
	p->port_words = words(&ports, ", ", a);
	return p->port_words ? 0 : err_nomem(e);
}

static int fill_size(const struct ps_view *v, const struct container *c, struct ps_entry *p, struct err *e)
{
	char written[STR_BYTES_MAX], all[STR_BYTES_MAX];
	int r = storage_sizes(v->g, &c->settings, &p->size.bytes, e);

	if (r < 0)
		return r;
	p->size.asked = true;
	p->size_words = arena_printf(v->arena, "%s (virtual %s)", str_bytes(p->size.bytes.written_bytes, written),
				     str_bytes(p->size.bytes.root_bytes, all));
	return p->size_words ? 0 : err_nomem(e);
}

/* What cannot be looked at, since it ends at this moment, has none. */
static int fill_namespaces(const struct ps_view *v, struct ps_entry *p, struct err *e)
{
	struct err ignored;
	struct stat st;

	p->namespaces.v = arena_array(v->arena, ARRAY_SIZE(namespaces), sizeof(*p->namespaces.v));
	if (!p->namespaces.v)
		return err_nomem(e);
	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		auto_fd int fd = ns_open_pid(namespaces[i].kind, (pid_t)p->pid, &ignored);
		bool there = fd >= 0 && fstat(fd, &st) == 0;

		p->namespaces.v[i] = (struct spec_pair){
			(char *)namespaces[i].key,
			there ? arena_printf(v->arena, "%" PRIuMAX, (uintmax_t)st.st_ino) : arena_strdup(v->arena, ""),
		};
		if (!p->namespaces.v[i].value)
			return err_nomem(e);
	}
	p->namespaces.n = ARRAY_SIZE(namespaces);
	return 0;
}

/* Most containers are of the image of the one before. "": it is of none, or that has been removed */
static void find_image(struct ps_view *v, const char *manifest)
{
	auto_image struct image image = { 0 };
	struct err gone;

	if (streq(v->manifest, manifest))
		return;
	snprintf(v->manifest, sizeof(v->manifest), "%s", manifest);
	v->image_id[0] = '\0';
	if (image_find(&v->g->store, manifest, &image, &gone) >= 0)
		snprintf(v->image_id, sizeof(v->image_id), "%s", image.config);
}

/* One that has been removed since has no name. */
static int fill_pod(const struct ps_view *v, const struct settings *s, struct ps_entry *p, struct err *e)
{
	auto_pod struct pod pod = { 0 };
	struct err gone;

	if (!s->pod)
		return 0;
	p->pod = s->pod;
	p->pod_short = arena_strndup(v->arena, s->pod, v->whole ? RECORD_ID_LENGTH : ID_SHORT);
	p->pod_name = arena_strdup(v->arena, pod_load(v->g, s->pod, &pod, &gone) < 0 ? "" : pod.name);
	return p->pod_short && p->pod_name ? 0 : err_nomem(e);
}

/* "SOURCE:TARGET[:OPTIONS]": where it is seen */
static int add_mounts(const struct settings *s, struct arena *a, struct strv *ret)
{
	for (size_t i = 0; i < s->binds.n; i++) {
		const char *target = strchr(s->binds.v[i], ':');

		target = target ? target + 1 : s->binds.v[i];
		if (strv_push(a, ret, arena_strndup(a, target, strcspn(target, ":"))) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int add_networks(const struct settings *s, struct arena *a, struct strv *ret)
{
	for (size_t i = 0; i < s->networks.n; i++)
		if (strv_add(a, ret, s->networks.v[i].network) < 0)
			return -ENOMEM;
	return 0;
}

static int fill_more(struct ps_view *v, const struct container *c, struct ps_entry *p, struct err *e)
{
	struct arena *a = v->arena;

	if (add_mounts(&c->settings, a, &p->mounts) < 0 || add_networks(&c->settings, a, &p->networks) < 0)
		return err_nomem(e);
	find_image(v, c->settings.manifest ? c->settings.manifest : "");
	p->image_id = arena_strdup(a, v->image_id);
	p->short_id = arena_strndup(a, p->id, v->whole ? RECORD_ID_LENGTH : ID_SHORT);
	p->mount_words = words(&p->mounts, ",", a);
	p->network_words = words(&p->networks, ",", a);
	return p->image_id && p->short_id && p->mount_words && p->network_words ? 0 : err_nomem(e);
}

int ps_entry_fill(struct ps_view *v, const struct container *c, bool objects, struct ps_entry *ret, struct err *e)
{
	const struct settings *s = &c->settings;
	char ago[STR_AGE_MAX];
	struct ps_entry p = {
		.id = s->id,
		.name = s->name,
		.names = { .v = (char **)&s->name, .n = 1 },
		.image = s->image,
		.created = s->created,
		.state = (char *)phase_names[c->phase],
		.command = s->command,
		.created_s = moment(s->created),
		.started_s = moment(c->run.started),
		.exited = c->phase == PHASE_EXITED,
		.exited_s = c->phase == PHASE_EXITED ? moment(c->exit.finished) : 0,
		.pid = c->phase == PHASE_EXITED ? 0 : (uint32_t)c->init.pid,
		.exit_code = c->exit.status,
		.restarts = c->exit.restarts,
		.remove = s->remove,
		.labels = s->labels,
		.size_words = (char *)"",
		.infra = s->infra,
		.pod = (char *)"",
		.pod_short = (char *)"",
		.pod_name = (char *)"",
	};

	p.status = status(c, &p, v->arena);
	p.ago = arena_printf(v->arena, "%s ago", age(p.created_s, ago));
	p.command_words = words(&p.command, " ", v->arena);
	int r = p.status && p.ago && p.command_words ? fill_ports(c, v->arena, &p, e) : err_nomem(e);

	if (r >= 0 && v->namespaces && p.pid)
		r = fill_namespaces(v, &p, e);
	if (r >= 0 && (objects || v->pods))
		r = fill_pod(v, s, &p, e);
	if (r >= 0 && objects)
		r = fill_more(v, c, &p, e);
	if (r >= 0 && v->size)
		r = fill_size(v, c, &p, e);
	if (r >= 0)
		*ret = p;
	return r;
}
