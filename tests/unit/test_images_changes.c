// SPDX-License-Identifier: Apache-2.0
/* --change: instructions of a Containerfile on an image's config. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "images/changes.h"

/* All of a config in one line. */
static const char *shown(const struct image_defaults *d, char *buf, size_t size)
{
	const struct {
		const char *key;
		const struct strv *v;
	} lists[] = {
		{ "env", &d->env }, { "entry", &d->entrypoint }, { "cmd", &d->cmd }, { "vol", &d->volumes },
		{ "ports", &d->exposed_ports },
	};
	FILE *f = fmemopen(buf, size, "w");

	if (d->user)
		fprintf(f, "user=%s;", d->user);
	if (d->working_dir)
		fprintf(f, "dir=%s;", d->working_dir);
	if (d->stop_signal)
		fprintf(f, "signal=%s;", d->stop_signal);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		for (size_t k = 0; k < lists[i].v->n; k++)
			fprintf(f, "%s:%s;", lists[i].key, lists[i].v->v[k]);
	for (size_t i = 0; i < d->labels.n; i++)
		fprintf(f, "label:%s=%s;", d->labels.v[i].key, d->labels.v[i].value);
	fclose(f);
	return buf;
}

static void what_is_understood(void **state)
{
	static const struct {
		const char *text[3], *want;
	} cases[] = {
		{ { "CMD [\"a\", \"b c\"]" }, "cmd:a;cmd:b c;" },
		{ { "CMD=[\"a\"]" }, "cmd:a;" },
		{ { "cmd echo  hi" }, "cmd:/bin/sh;cmd:-c;cmd:echo  hi;" },
		{ { "CMD a", "ENTRYPOINT [\"e\"]" }, "entry:e;" },
		{ { "ENTRYPOINT [\"e\"]", "CMD [\"a\"]" }, "entry:e;cmd:a;" },
		{ { "ENTRYPOINT []" }, "" },
		{ { "ENV A=1" }, "env:A=1;" },
		{ { "ENV A=1 B=\"2 3\" C='4 \\5' D=6\\ 7" }, "env:A=1;env:B=2 3;env:C=4 \\5;env:D=6 7;" },
		{ { "ENV A some words = more" }, "env:A=some words = more;" },
		{ { "ENV A=1", "ENV A=2" }, "env:A=2;" },
		{ { "ENV A=" }, "env:A=;" },
		{ { "LABEL a=1 b=\"x y\"", "LABEL a=2" }, "label:a=2;label:b=x y;" },
		{ { "EXPOSE 80/tcp 53/udp", "EXPOSE 80/tcp" }, "ports:80/tcp;ports:53/udp;" },
		{ { "VOLUME /a /b" }, "vol:/a;vol:/b;" },
		{ { "VOLUME [\"/a b\"]" }, "vol:/a b;" },
		{ { "USER 5:6" }, "user=5:6;" },
		{ { "WORKDIR=/srv" }, "dir=/srv;" },
		{ { "  STOPSIGNAL\tSIGINT" }, "signal=SIGINT;" },
	};
	char buf[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_arena struct arena a = { 0 };
		struct image_defaults d = { 0 };
		struct err e;

		for (size_t k = 0; k < 3 && cases[i].text[k]; k++)
			if (change_apply(cases[i].text[k], &a, &d, &e) < 0)
				fail_msg("%s: %s", cases[i].text[k], e.text);
		memset(buf, 0, sizeof(buf));
		assert_string_equal(shown(&d, buf, sizeof(buf)), cases[i].want);
	}
}

static void what_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", " ", "CMD", "CMD ", "FROM x", "RUN x", "CMDx y", "CMD [\"a\"", "CMD [1]", "ENV =1", "ENV A=1 B", "LABEL x",
		"WORKDIR srv", "STOPSIGNAL 99", "STOPSIGNAL NOPE",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		auto_arena struct arena a = { 0 };
		struct image_defaults d = { 0 };
		struct err e;

		if (change_apply(wrong[i], &a, &d, &e) != -EINVAL)
			fail_msg("\"%s\" was taken", wrong[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_understood),
		cmocka_unit_test(what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
