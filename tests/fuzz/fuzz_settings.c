// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as registries.json and as policy.json: refused with a line, or taken so that any name that is asked for gets an answer
 * whose parts are fit for use.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "images/policy.h"
#include "images/policy_rules.h"
#include "images/registries.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {
	"debian", "a.io/x:1", "team/x", "localhost:5000/a/b", "a.b.io/x@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
};

static void expect(bool ok)
{
	if (!ok)
		abort();
}

static void ask_registries(const struct registries *r, const char *name)
{
	struct endpoint list[ENDPOINTS_MAX];
	auto_arena struct arena arena = { 0 };
	struct strv candidates;
	struct image_ref ref;
	struct err e;
	int n = registries_candidates(r, name, &arena, &candidates, &e);

	expect(n < 0 || n == (int)candidates.n);
	for (int i = 0; i < n; i++) {
		expect(image_ref_parse(candidates.v[i], &ref, &e) == 0);
		int m = registries_endpoints(r, &ref, false, true, false, list, &e);

		expect(m == -EPERM || (m >= 1 && m <= ENDPOINTS_MAX));
		for (int k = 0; k < m; k++) {
			expect(str_after(list[k].url, "https://") || str_after(list[k].url, "http://"));
			expect(list[k].host[0] && list[k].repository[0] && list[k].repository[0] != '/');
		}
		expect(m < 0 || !list[m - 1].mirror);
	}
}

static void ask_policy(const struct image_policy *p, const char *name)
{
	struct image_ref ref;
	const char *scope;
	struct err e;

	expect(image_ref_parse(name, &ref, &e) == 0);
	const struct requirements *list = policy_for_name(p, &ref, &scope);

	expect(list->n > 0 && scope);
	for (size_t i = 0; i < list->n; i++)
		expect(list->v[i].type < REQUIREMENT_COUNT);
	(void)policy_allows_pull(p, &ref, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_fd int fd = memfd_create("settings", MFD_CLOEXEC);
	struct image_policy *policy = NULL;
	struct registries *r = NULL;
	char path[FD_PATH_MAX];
	struct err e = { 0 };

	if (fd < 0 || fd_write_all(fd, data, size) < 0)
		return 0;
	const char *const files[] = { fd_path(fd, path) };
	const struct registry_files both[] = { { .own = { files[0] }, .n_own = 1 }, { .podman = { files[0] }, .n_podman = 1 } };
	bool read;

	for (size_t k = 0; k < ARRAY_SIZE(both); k++) {
		r = NULL;
		read = registries_read(&both[k], &r, &e) >= 0;
		expect(read || e.text[0]);
		for (size_t i = 0; read && i < ARRAY_SIZE(names); i++)
			ask_registries(r, names[i]);
		registries_free(r);
	}
	read = image_policy_read(files, 1, &policy, &e) >= 0;
	expect(read || e.text[0]);
	for (size_t i = 0; read && i < ARRAY_SIZE(names); i++)
		ask_policy(policy, names[i]);
	image_policy_free(policy);
	return 0;
}
