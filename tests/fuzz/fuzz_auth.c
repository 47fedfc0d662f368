// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as an auth file, as a helper's answer, and as a name of a registry: refused without a word of what may be a secret, or
 * read; what is stored in such a file is found there again.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/fd.h"
#include "images/auth_file.h"
#include "images/auth_helper.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[64];

static void expect(bool ok)
{
	if (!ok)
		abort();
}

static void clear(void)
{
	(void)unlink(path); /* best effort: it is in memory */
	*strrchr(path, '/') = '\0';
	(void)rmdir(path);
}

/* A folder in memory, once. */
static void prepare(void)
{
	if (path[0])
		return;
	strcpy(path, "/dev/shm/fuzz-auth.XXXXXX");
	expect(mkdtemp(path) != NULL);
	strcat(path, "/auth.json");
	atexit(clear);
}

static void try_file(const uint8_t *data, size_t size)
{
	const struct auth_files files = { .path = path };
	struct auth found, kept = { .user = "user", .password = "pass:word" };
	auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct err e = { 0 };
	bool there;

	if (fd < 0 || fd_write_all(fd, data, size) < 0)
		return;
	if (auth_find(&files, "docker.io", "library/debian", &found, &e) >= 0)
		expect(strlen(found.user) < sizeof(found.user) && strlen(found.password) < sizeof(found.password));
	else
		expect(e.text[0] && !strstr(e.text, " near '"));
	if (auth_store(&files, "a.io", &kept, &e) < 0)
		return;
	expect(auth_find(&files, "a.io", "x", &found, &e) >= 0);
	expect(streq(found.user, kept.user) && streq(found.password, kept.password));
	expect(auth_remove(&files, "a.io", &there, &e) >= 0 && there);
}

static void try_text(const char *text)
{
	char key[AUTH_KEY_MAX], again[AUTH_KEY_MAX];
	auto_auth struct auth auth = { 0 };
	auto_free char *bytes = malloc(strlen(text) + 1), *back = malloc(BASE64_ROOM(strlen(text)));
	struct err e;

	if (auth_key(text, key, &e) >= 0)
		expect(auth_key(key, again, &e) >= 0 && streq(key, again));
	(void)auth_helper_answer(text, &auth, &e);
	ssize_t n = base64_decode(text, bytes, strlen(text));

	if (n < 0)
		return;
	base64_encode(bytes, (size_t)n, back);
	expect(streq(text, back));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = malloc(size + 1);

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	prepare();
	try_file(data, size);
	try_text(text);
	return 0;
}
