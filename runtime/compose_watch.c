// SPDX-License-Identifier: Apache-2.0
/* What watches over a container: checks of its health, its log, the service manager, a limit of time. */
#include <errno.h>
#include <limits.h>

#include "runtime/compose_parts.h"
#include "runtime/log.h"

#define SECOND_NS	UINT64_C(1000000000)
#define INTERVAL_NS	(30 * SECOND_NS)
#define RETRIES		3

/* A length of time; @missing where nothing is said. "disable" and 0: never. */
static int take_duration(const char *option, const char *text, uint64_t missing, uint64_t *ret, struct err *e)
{
	int64_t ns = 0;

	*ret = missing;
	if (!text)
		return 0;
	if (!streq(text, "disable") && !streq(text, "0") && (str_to_duration(text, &ns) < 0 || ns < 0))
		return err_say(e, EINVAL, "--%s %s: a length of time such as 30s, please", option, text);
	*ret = (uint64_t)ns;
	return 0;
}

static int take_number(const char *option, const char *text, uint32_t missing, uint32_t *ret, struct err *e)
{
	uint64_t n = missing;

	if (text && str_to_u64(text, UINT32_MAX, &n) < 0)
		return err_say(e, EINVAL, "--%s %s: a number, please", option, text);
	*ret = (uint32_t)n;
	return 0;
}

/* One of some words, by its place. */
static int take_word(const char *option, const char *text, const char *const *words, size_t n, uint32_t *ret, struct err *e)
{
	char all[128] = "";

	for (uint32_t i = 0; i < n; i++) {
		if (streq(text, words[i])) {
			*ret = i;
			return 0;
		}
		size_t used = strlen(all);

		snprintf(all + used, sizeof(all) - used, "%s%s", i == 0 ? "" : i + 1 == n ? " or " : ", ", words[i]);
	}
	return err_say(e, EINVAL, "--%s %s: it is %s", option, text, all);
}

/* A line for the shell, or a JSON list of words. */
static int take_test(struct composition *c, const char *option, const char *text, struct strv *ret, struct err *e)
{
	struct arena *a = &c->s->arena;
	json_t *list = *text == '[' ? json_loads(text, 0, NULL) : NULL, *word;
	size_t i;
	int r = 0;

	if (*text == '[' && !json_is_array(list)) {
		json_decref(list);
		return err_say(e, EINVAL, "--%s %s: that is no JSON list of words", option, text);
	}
	if (!list) {
		r = strv_add(a, ret, "CMD-SHELL");
		if (r >= 0)
			r = strv_add(a, ret, text);
		return r < 0 ? err_nomem(e) : 0;
	}
	bool known = json_array_size(list) && json_is_string(json_array_get(list, 0)) &&
		     str_after(json_string_value(json_array_get(list, 0)), "CMD");

	r = known ? 0 : strv_add(a, ret, "CMD");
	json_array_foreach(list, i, word) {
		if (!json_is_string(word)) {
			json_decref(list);
			return err_say(e, EINVAL, "--%s: a list of words, please", option);
		}
		if (r >= 0)
			r = strv_add(a, ret, json_string_value(word));
	}
	json_decref(list);
	return r < 0 ? err_nomem(e) : 0;
}

static int take_image_test(struct composition *c, struct err *e)
{
	const struct image_health *h = &c->image.defaults.health;
	struct strv *test = &c->s->health.check.test;

	if (h->test.n < 2 || !str_after(h->test.v[0], "CMD"))
		return 0;
	for (size_t i = 0; i < h->test.n; i++)
		if (strv_add(&c->s->arena, test, h->test.v[i]) < 0)
			return err_nomem(e);
	return 0;
}

static int take_startup(struct composition *c, struct err *e)
{
	const struct watch_options *o = &c->o->watch;
	struct health_settings *h = &c->s->health;

	if (!o->startup_cmd)
		return 0;
	if (!h->check.test.n)
		return err_say(e, EINVAL, "--health-startup-cmd comes before --health-cmd, which is not there");
	int r = take_test(c, "health-startup-cmd", o->startup_cmd, &h->startup.test, e);

	if (r >= 0)
		r = take_duration("health-startup-interval", o->startup_interval, INTERVAL_NS, &h->startup.interval_ns, e);
	if (r >= 0)
		r = take_duration("health-startup-timeout", o->startup_timeout, INTERVAL_NS, &h->startup.timeout_ns, e);
	if (r >= 0)
		r = take_number("health-startup-retries", o->startup_retries, 0, &h->startup.retries, e);
	return r < 0 ? r : take_number("health-startup-success", o->startup_success, 0, &h->startup_successes, e);
}

static int take_health(struct composition *c, struct err *e)
{
	const struct watch_options *o = &c->o->watch;
	const struct image_health *image = &c->image.defaults.health;
	struct health_settings *h = &c->s->health;
	bool own = o->health_cmd && !streq(o->health_cmd, "none");
	int r = 0;

	if (o->no_healthcheck && own)
		return err_say(e, EINVAL, "--no-healthcheck and --health-cmd exclude each other");
	if (o->no_healthcheck || (o->health_cmd && !own))
		return 0;
	r = own ? take_test(c, "health-cmd", o->health_cmd, &h->check.test, e) : take_image_test(c, e);
	if (r >= 0)
		r = take_duration("health-interval", o->health_interval, image->interval_ns ? image->interval_ns : INTERVAL_NS,
				  &h->check.interval_ns, e);
	if (r >= 0)
		r = take_duration("health-timeout", o->health_timeout, image->timeout_ns ? image->timeout_ns : INTERVAL_NS,
				  &h->check.timeout_ns, e);
	if (r >= 0)
		r = take_duration("health-start-period", o->health_start_period, image->start_period_ns, &h->start_period_ns, e);
	if (r >= 0)
		r = take_number("health-retries", o->health_retries, image->retries ? image->retries : RETRIES,
				&h->check.retries, e);
	if (r >= 0 && o->health_on_failure)
		r = take_word("health-on-failure", o->health_on_failure, health_action_names, HEALTH_ACTION_COUNT,
			      &h->on_failure, e);
	if (r >= 0)
		r = take_startup(c, e);
	if (r >= 0 && !h->check.test.n) /* there is nothing to be done so often */
		*h = (struct health_settings){ 0 };
	return r;
}

static int take_log_opt(struct composition *c, const char *word, struct err *e)
{
	const char *size = str_after(word, "max-size="), *files = str_after(word, "max-file="), *tag = str_after(word, "tag=");
	uint64_t n;

	if (size) {
		if (str_to_bytes(size, &n) < 0 || n == 0)
			return err_say(e, EINVAL, "--log-opt %s: a size such as 10m, please", word);
		c->s->log_max_bytes = (struct opt_u64){ true, n };
		return 0;
	}
	if (files) {
		if (str_to_u64(files, LOG_FILES_MAX, &n) < 0 || n == 0)
			return err_say(e, EINVAL, "--log-opt %s: 1 to %d, please", word, LOG_FILES_MAX);
		c->s->log_files = (uint32_t)n;
		return 0;
	}
	if (!tag)
		return err_say(e, EINVAL, "--log-opt %s: it is max-size=BYTES, max-file=NUMBER or tag=TEXT", word);
	c->s->log_tag = arena_strdup(&c->s->arena, tag);
	return c->s->log_tag ? 0 : err_nomem(e);
}

static int take_log(struct composition *c, struct err *e)
{
	const struct watch_options *o = &c->o->watch;
	int r = o->log_driver ? take_word("log-driver", o->log_driver, log_driver_names, LOG_DRIVER_COUNT, &c->s->log_driver, e) : 0;

	if (r >= 0 && c->s->log_driver == LOG_PASSTHROUGH && c->o->tty)
		return err_say(e, EINVAL, "--log-driver passthrough: not with a terminal");
	for (size_t i = 0; i < o->log_opts.n && r >= 0; i++)
		r = take_log_opt(c, o->log_opts.v[i], e);
	return r;
}

int compose_watch(struct composition *c, struct err *e)
{
	const struct watch_options *o = &c->o->watch;
	int r = take_health(c, e);

	if (r >= 0)
		r = take_log(c, e);
	if (r >= 0 && o->sdnotify)
		r = take_word("sdnotify", o->sdnotify, sdnotify_names, SDNOTIFY_COUNT, &c->s->sdnotify, e);
	if (r >= 0 && c->s->sdnotify == SDNOTIFY_HEALTHY && !c->s->health.check.test.n)
		return err_say(e, EINVAL, "--sdnotify healthy: nothing says how its health is checked");
	return r < 0 ? r : take_number("timeout", o->timeout, 0, &c->s->run_timeout_s, e);
}
