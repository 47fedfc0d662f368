// SPDX-License-Identifier: Apache-2.0
#include "cli/container_filter.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>

#include "base/timestamp.h"
#include "cli/when.h"
#include "runtime/pods.h"

#define NS_PER_S 1000000000

static int compile(const char *pattern, regex_t *ret)
{
	return regcomp(ret, pattern, REG_EXTENDED | REG_NOSUB);
}

static bool matches(const char *pattern, const char *text)
{
	regex_t re;

	if (compile(pattern, &re) != 0)
		return false;
	bool fits = regexec(&re, text, 0, NULL, 0) == 0;

	regfree(&re);
	return fits;
}

static bool by_name(const struct container_filter *f, const struct container *c)
{
	return matches(f->value, c->settings.name);
}

static bool by_id(const struct container_filter *f, const struct container *c)
{
	return str_after(c->settings.id, f->value) != NULL;
}

static bool by_status(const struct container_filter *f, const struct container *c)
{
	return streq(phase_names[c->phase], f->value) || (c->phase == PHASE_EXITED && streq(f->value, "stopped"));
}

static bool by_exit(const struct container_filter *f, const struct container *c)
{
	uint64_t status;

	return c->phase == PHASE_EXITED && str_to_u64(f->value, 255, &status) == 0 && c->exit.status == (int32_t)status;
}

static bool by_image(const struct container_filter *f, const struct container *c)
{
	char mine[IMAGE_REF_MAX], asked[IMAGE_REF_MAX];
	struct image_ref ref;
	struct err ignored; /* then it is no name */

	if (streq(c->settings.image, f->value) || (c->settings.manifest && str_after(c->settings.manifest, f->value)))
		return true;
	if (image_ref_parse(c->settings.image, &ref, &ignored) < 0)
		return false;
	image_ref_text(&ref, false, mine);
	return image_ref_parse(f->value, &ref, &ignored) == 0 && streq(mine, image_ref_text(&ref, false, asked));
}

static bool by_label(const struct container_filter *f, const struct container *c)
{
	size_t n = strcspn(f->value, "=");

	for (size_t i = 0; i < c->settings.labels.n; i++) {
		const struct spec_pair *l = &c->settings.labels.v[i];

		if (strncmp(l->key, f->value, n) == 0 && !l->key[n] && (!f->value[n] || streq(l->value, f->value + n + 1)))
			return true;
	}
	return false;
}

static bool without_label(const struct container_filter *f, const struct container *c)
{
	return !by_label(f, c);
}

static int64_t born(const struct container *c)
{
	int64_t s;

	return timestamp_parse(c->settings.created, &s) < 0 ? 0 : s;
}

static bool is_before(const struct container_filter *f, const struct container *c)
{
	return born(c) < f->when_s;
}

static bool is_after(const struct container_filter *f, const struct container *c)
{
	return born(c) > f->when_s;
}

/* "SOURCE:TARGET[:OPTIONS]": either of the two. */
static bool by_volume(const struct container_filter *f, const struct container *c)
{
	for (size_t i = 0; i < c->settings.binds.n; i++) {
		const char *source = c->settings.binds.v[i], *target = source + strcspn(source, ":");
		size_t n = strlen(f->value);

		if ((size_t)(target - source) == n && strncmp(source, f->value, n) == 0)
			return true;
		target += *target == ':';
		if (strcspn(target, ":") == n && strncmp(target, f->value, n) == 0)
			return true;
	}
	return false;
}

static bool by_network(const struct container_filter *f, const struct container *c)
{
	for (size_t i = 0; i < c->settings.networks.n; i++)
		if (streq(c->settings.networks.v[i].network, f->value))
			return true;
	return streq(c->settings.network, f->value);
}

static bool by_pod(const struct container_filter *f, const struct container *c)
{
	return c->settings.pod && streq(c->settings.pod, f->pod);
}

static bool by_restart(const struct container_filter *f, const struct container *c)
{
	return streq(restart_names[c->settings.restart], f->value);
}

static bool by_boot(const struct container_filter *f, const struct container *c)
{
	return container_wants_boot(c) == streq(f->value, "true");
}

static bool by_health(const struct container_filter *f, const struct container *c)
{
	return streq(health_status_names[c->health], f->value);
}

static bool by_command(const struct container_filter *f, const struct container *c)
{
	return c->settings.command.n && streq(c->settings.command.v[0], f->value);
}

static bool is_word(const char *value, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (streq(value, words[i]))
			return true;
	return false;
}

static bool is_status(const char *value)
{
	return is_word(value, phase_names, PHASE_COUNT) || streq(value, "stopped");
}

static bool is_number(const char *value)
{
	uint64_t n;

	return str_to_u64(value, 255, &n) == 0;
}

static bool is_pattern(const char *value)
{
	regex_t re;

	if (compile(value, &re) != 0)
		return false;
	regfree(&re);
	return true;
}

static bool is_policy(const char *value)
{
	return is_word(value, restart_names, RESTART_COUNT);
}

static bool is_health(const char *value)
{
	return is_word(value, health_status_names, HEALTH_STATUS_COUNT);
}

static bool is_truth(const char *value)
{
	return streq(value, "true") || streq(value, "false");
}

static const struct {
	const char *key;
	bool (*fits)(const struct container_filter *f, const struct container *c);
	bool all; /* of several values each must fit, else one of them */
	bool state;
	bool (*check)(const char *value); /* NULL: any text will do */
	const char *words;
} kinds[] = {
	{ "id", by_id, false, false, NULL, NULL },
	{ "name", by_name, false, false, is_pattern, "a regular expression" },
	{ "label", by_label, true, false, NULL, NULL },
	{ "label!", without_label, true, false, NULL, NULL },
	{ "status", by_status, false, true, is_status, "created, starting, running, paused, exited or stopped" },
	{ "exited", by_exit, false, true, is_number, "an exit status" },
	{ "ancestor", by_image, false, false, NULL, NULL },
	{ "before", is_before, true, false, NULL, NULL },
	{ "since", is_after, true, false, NULL, NULL },
	{ "until", is_before, true, false, NULL, NULL },
	{ "volume", by_volume, false, false, NULL, NULL },
	{ "network", by_network, false, false, NULL, NULL },
	{ "pod", by_pod, false, false, NULL, NULL },
	{ "restart-policy", by_restart, false, false, is_policy, "no, on-failure, always or unless-stopped" },
	{ "should-start-on-boot", by_boot, true, true, is_truth, "true or false" },
	{ "health", by_health, false, false, is_health, "none, starting, healthy or unhealthy" },
	{ "command", by_command, false, false, NULL, NULL },
};

/* The moment that before, since and until mean. */
static int read_moment(const struct engine *g, const char *key, struct container_filter *f, struct err *e)
{
	auto_container struct container c = { 0 };
	char id[RECORD_ID_LENGTH + 1];
	uint64_t ns = 0;
	int r;

	if (streq(key, "until")) {
		r = when_parse("--filter until", f->value, false, &ns, e);
		f->when_s = (int64_t)(ns / NS_PER_S);
		return r;
	}
	r = record_find(g, f->value, id, e);
	if (r >= 0)
		r = container_load(g, id, &c, e);
	if (r >= 0)
		f->when_s = born(&c);
	return r;
}

static int read_one(const struct engine *g, const char *word, struct container_filter *ret, struct err *e)
{
	const char *eq = strchr(word, '=');
	size_t n = eq ? (size_t)(eq - word) : 0;

	for (size_t k = 0; eq && k < ARRAY_SIZE(kinds); k++) {
		if (strlen(kinds[k].key) != n || memcmp(kinds[k].key, word, n) != 0)
			continue;
		*ret = (struct container_filter){ .kind = k, .value = eq + 1 };
		if (kinds[k].check && !kinds[k].check(eq + 1))
			return err_say(e, EINVAL, "--filter %s: it is %s", word, kinds[k].words);
		bool moment = kinds[k].fits == is_before || kinds[k].fits == is_after;

		if (kinds[k].fits == by_pod)
			return pod_find(g, eq + 1, ret->pod, e);
		return moment ? read_moment(g, kinds[k].key, ret, e) : 0;
	}
	return err_say(e, EINVAL, "--filter %s: KEY=VALUE, please, with " CONTAINER_FILTERS_HELP, word);
}

int container_filters_read(const struct engine *g, const struct strv *words, struct arena *a, struct container_filters *ret,
			   struct err *e)
{
	struct container_filters f = { .v = arena_array(a, words->n + 1, sizeof(*f.v)) };
	int r = f.v ? 0 : err_nomem(e);

	for (; f.n < words->n && r >= 0; f.n++) {
		r = read_one(g, words->v[f.n], &f.v[f.n], e);
		f.ask_state |= r >= 0 && kinds[f.v[f.n].kind].state;
	}
	if (r >= 0)
		*ret = f;
	return r;
}

bool container_filters_fit(const struct container_filters *f, const struct container *c)
{
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		size_t asked = 0, fit = 0;

		for (size_t i = 0; i < f->n; i++) {
			asked += f->v[i].kind == k;
			fit += f->v[i].kind == k && kinds[k].fits(&f->v[i], c);
		}
		if (asked && (kinds[k].all ? fit < asked : !fit))
			return false;
	}
	return true;
}
