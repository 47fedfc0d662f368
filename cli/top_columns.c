// SPDX-License-Identifier: Apache-2.0
#include "cli/top_columns.h"

#include <inttypes.h>
#include <time.h>

#include "spec/names.h"

#define NONE  "?"
#define DAY_S 86400

/* The kernel's numbers of terminals (Documentation/admin-guide/devices.txt). */
#define TTY_MAJOR	4
#define TTY_SERIAL	64 /* the first minor of serial lines */
#define CONSOLE_MAJOR	5
#define PTS_FIRST_MAJOR 136
#define PTS_LAST_MAJOR	143

/* The parameters of every column's function; not all of them need all. */
#define COLUMN_OF const struct process *p, const struct top_context *c, const struct top_column *column, struct arena *a

static const void *member(const struct process *p, const struct top_column *column)
{
	return (const char *)p + column->member;
}

static uint32_t id_of(const struct process *p, const struct top_column *column)
{
	return *(const uint32_t *)member(p, column);
}

/* An id of the host by its name there, or by itself. */
static char *named(uint32_t id, const struct user_names *names, struct arena *a)
{
	const char *name = user_name_of(names, id);

	return name ? arena_strdup(a, name) : arena_printf(a, "%" PRIu32, id);
}

/* The same as the container calls it. */
static char *named_inside(uint32_t host_id, const struct spec_id_maps *maps, const struct user_names *names, struct arena *a)
{
	uint32_t id = process_map_id(maps, host_id);

	return id == PROCESS_UNMAPPED ? arena_strdup(a, NONE) : named(id, names, a);
}

static char *user(COLUMN_OF)
{
	return named_inside(id_of(p, column), &c->list->uids, &c->users, a);
}

static char *group(COLUMN_OF)
{
	return named_inside(id_of(p, column), &c->list->gids, &c->groups, a);
}

static char *host_user(COLUMN_OF)
{
	return named(id_of(p, column), &c->host_users, a);
}

static char *host_group(COLUMN_OF)
{
	return named(id_of(p, column), &c->host_groups, a);
}

/* With commas between. */
static char *append(char *list, char *word, struct arena *a)
{
	return list && word ? arena_printf(a, "%s,%s", list, word) : word;
}

static char *groups(COLUMN_OF)
{
	char *all = NULL;

	(void)column;
	for (size_t i = 0; i < p->groups.n; i++)
		all = append(all, named_inside(p->groups.v[i], &c->list->gids, &c->groups, a), a);
	return all ? all : arena_strdup(a, "-");
}

static char *host_groups(COLUMN_OF)
{
	char *all = NULL;

	(void)column;
	for (size_t i = 0; i < p->groups.n; i++)
		all = append(all, named(p->groups.v[i], &c->host_groups, a), a);
	return all ? all : arena_strdup(a, "-");
}

static char *number(COLUMN_OF)
{
	(void)c;
	return arena_printf(a, "%" PRIu32, id_of(p, column));
}

static char *kibibytes(COLUMN_OF)
{
	(void)c;
	return arena_printf(a, "%" PRIu64, *(const uint64_t *)member(p, column));
}

static uint64_t age_ms(const struct process *p, const struct top_context *c)
{
	uint64_t now = (uint64_t)c->list->now_ms;

	return now > p->start_ms ? now - p->start_ms : 0;
}

/* Of its whole life, in percent of one processor, as ps has it. */
static char *processor(COLUMN_OF)
{
	(void)column;
	uint64_t age = age_ms(p, c);

	return arena_printf(a, "%.1f", age ? 100.0 * (double)p->cpu_ms / (double)age : 0);
}

/* "[[DAYS-]HOURS:]MINUTES:SECONDS" */
static char *elapsed(COLUMN_OF)
{
	(void)column;
	uint64_t s = age_ms(p, c) / 1000;
	unsigned hours = (unsigned)(s % DAY_S / 3600), minutes = (unsigned)(s % 3600 / 60), seconds = (unsigned)(s % 60);

	if (s >= DAY_S)
		return arena_printf(a, "%" PRIu64 "-%02u:%02u:%02u", s / DAY_S, hours, minutes, seconds);
	return hours ? arena_printf(a, "%02u:%02u:%02u", hours, minutes, seconds)
		     : arena_printf(a, "%02u:%02u", minutes, seconds);
}

/* "[DAYS-]HOURS:MINUTES:SECONDS" */
static char *time_used(COLUMN_OF)
{
	(void)column;
	uint64_t s = p->cpu_ms / 1000, days = s / DAY_S;

	(void)c;
	return arena_printf(a, "%.0" PRIu64 "%s%02u:%02u:%02u", days, days ? "-" : "", (unsigned)(s % DAY_S / 3600),
			    (unsigned)(s % 3600 / 60), (unsigned)(s % 60));
}

/* The hour where that was within a day, else the date. */
static char *began(COLUMN_OF)
{
	(void)column;
	time_t then = (time_t)(c->boot_s + (int64_t)(p->start_ms / 1000));
	char text[32];
	struct tm tm;

	if (!localtime_r(&then, &tm) || !strftime(text, sizeof(text), age_ms(p, c) / 1000 < DAY_S ? "%H:%M" : "%b%d", &tm))
		return arena_strdup(a, NONE);
	return arena_strdup(a, text);
}

static char *terminal(COLUMN_OF)
{
	(void)column;
	unsigned major = p->tty >> 8 & 0xfff, minor = (p->tty & 0xff) | (p->tty >> 12 & 0xfff00);

	(void)c;
	if (major >= PTS_FIRST_MAJOR && major <= PTS_LAST_MAJOR)
		return arena_printf(a, "pts/%u", (major - PTS_FIRST_MAJOR) * 256 + minor);
	if (major == TTY_MAJOR)
		return minor < TTY_SERIAL ? arena_printf(a, "tty%u", minor) : arena_printf(a, "ttyS%u", minor - TTY_SERIAL);
	return arena_strdup(a, major == CONSOLE_MAJOR && minor == 1 ? "console" : NONE);
}

static char *state(COLUMN_OF)
{
	(void)c, (void)column;
	return arena_printf(a, "%c", p->state);
}

static char *nice_value(COLUMN_OF)
{
	(void)c, (void)column;
	return arena_printf(a, "%d", p->nice);
}

static char *command(COLUMN_OF)
{
	(void)c, (void)column;
	return arena_strdup(a, p->comm);
}

/* A process that has no words, such as one that has ended and waits for its parent: its name in brackets. */
static char *arguments(COLUMN_OF)
{
	(void)c, (void)column;
	return *p->args ? arena_strdup(a, p->args) : arena_printf(a, "[%s]", p->comm);
}

static char *seccomp_mode(COLUMN_OF)
{
	(void)column;
	static const char *const modes[] = { "disabled", "strict", "filter" };

	(void)c;
	return arena_strdup(a, p->seccomp < ARRAY_SIZE(modes) ? modes[p->seccomp] : NONE);
}

static char *security_label(COLUMN_OF)
{
	(void)c, (void)column;
	return arena_strdup(a, p->label ? p->label : NONE);
}

static char *capabilities(COLUMN_OF)
{
	const uint64_t all = BIT64(SPEC_CAP_COUNT) - 1, set = *(const uint64_t *)member(p, column);
	char *text = NULL;

	(void)c;
	if ((set & all) == all)
		return arena_strdup(a, "full");
	for (int i = 0; i < SPEC_CAP_COUNT; i++) {
		const char *name = set & BIT64(i) ? str_after(spec_cap_name(i), "CAP_") : NULL;

		if (name)
			text = append(text, arena_strdup(a, name), a);
	}
	return text ? text : arena_strdup(a, "none");
}

/* clang-format off */
#define TEXT(name, title, f)         { name, title, f, 0, false }
#define TEXT_OF(name, title, f, m)   { name, title, f, offsetof(struct process, m), false }
#define NUMBER(name, title, f)       { name, title, f, 0, true }
#define NUMBER_OF(name, title, f, m) { name, title, f, offsetof(struct process, m), true }
const struct top_column top_columns[] = {
	TEXT("args", "COMMAND", arguments),
	TEXT_OF("capamb", "AMBIENT CAPS", capabilities, caps[CAPS_AMBIENT]),
	TEXT_OF("capbnd", "BOUNDING CAPS", capabilities, caps[CAPS_BOUNDING]),
	TEXT_OF("capeff", "EFFECTIVE CAPS", capabilities, caps[CAPS_EFFECTIVE]),
	TEXT_OF("capinh", "INHERITED CAPS", capabilities, caps[CAPS_INHERITABLE]),
	TEXT_OF("capprm", "PERMITTED CAPS", capabilities, caps[CAPS_PERMITTED]),
	TEXT("comm", "COMMAND", command),
	TEXT("etime", "ELAPSED", elapsed),
	TEXT_OF("group", "GROUP", group, egid),
	TEXT("groups", "GROUPS", groups),
	TEXT_OF("hgroup", "HGROUP", host_group, egid),
	TEXT("hgroups", "HGROUPS", host_groups),
	NUMBER_OF("hpid", "HPID", number, host_pid),
	TEXT_OF("huser", "HUSER", host_user, euid),
	TEXT("label", "LABEL", security_label),
	NUMBER("nice", "NI", nice_value),
	NUMBER_OF("nlwp", "NLWP", number, threads),
	NUMBER("pcpu", "%CPU", processor),
	NUMBER_OF("pgid", "PGID", number, pgid),
	NUMBER_OF("pid", "PID", number, pid),
	NUMBER_OF("ppid", "PPID", number, ppid),
	TEXT_OF("rgroup", "RGROUP", group, rgid),
	NUMBER_OF("rss", "RSS", kibibytes, resident_kib),
	TEXT_OF("ruser", "RUSER", user, ruid),
	TEXT("seccomp", "SECCOMP", seccomp_mode),
	NUMBER_OF("sid", "SID", number, sid),
	TEXT("state", "S", state),
	TEXT("stime", "STIME", began),
	TEXT("time", "TIME", time_used),
	TEXT("tty", "TTY", terminal),
	TEXT_OF("user", "USER", user, euid),
	NUMBER_OF("vsz", "VSZ", kibibytes, size_kib),
};
/* clang-format on */
const size_t top_n_columns = ARRAY_SIZE(top_columns);

const struct top_column *top_column_find(const char *name, size_t len)
{
	for (size_t i = 0; i < top_n_columns; i++)
		if (strlen(top_columns[i].name) == len && strncmp(top_columns[i].name, name, len) == 0)
			return &top_columns[i];
	return NULL;
}
