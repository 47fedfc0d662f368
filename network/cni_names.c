// SPDX-License-Identifier: Apache-2.0
#include "network/cni_names.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fd.h"
#include "network/hosts.h"

void cni_block_name(const char *network, char ret[NAME_MAX + 1])
{
	snprintf(ret, NAME_MAX + 1, "cni:%.128s", network);
}

static void put_list(FILE *out, const char *keyword, const struct strv *words)
{
	if (!words->n)
		return;
	fputs(keyword, out);
	for (size_t i = 0; i < words->n; i++)
		fprintf(out, " %s", words->v[i]);
	fputc('\n', out);
}

static void put_resolv(FILE *out, const struct cni_result *x)
{
	if (x->domain)
		fprintf(out, "domain %s\n", x->domain);
	put_list(out, "search", &x->search);
	for (size_t i = 0; i < x->nameservers.n; i++)
		fprintf(out, "nameserver %s\n", x->nameservers.v[i]);
	put_list(out, "options", &x->options);
}

/* In place: it is mounted into the container. */
static int write_over(const char *path, const char *text, size_t len, struct err *e)
{
	auto_fd int fd = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int r = fd < 0 ? -errno : fd_write_all(fd, text, len);

	if (r >= 0 && ftruncate(fd, (off_t)len) < 0)
		r = -errno;
	return r < 0 ? err_set(e, -r, "write %s", path) : 0;
}

/* Only where the plugins name servers: else those of the host stay. */
static int write_resolv(const char *path, const struct cni_result *x, struct err *e)
{
	auto_free char *text = NULL;
	size_t len;
	FILE *out = x->nameservers.n ? open_memstream(&text, &len) : NULL;

	if (!out)
		return x->nameservers.n ? err_nomem(e) : 0;
	put_resolv(out, x);
	bool failed = ferror(out);

	return fclose(out) != 0 || failed ? err_nomem(e) : write_over(path, text, len, e);
}

int cni_names_write(const struct cni_request *q, const struct cni_result *x, struct err *e)
{
	char block[NAME_MAX + 1];

	cni_block_name(q->network, block);
	int r = q->hosts ? hosts_put(q->hosts, block, x->address, &q->names, e) : 0;

	if (q->resolv && (r >= 0 || r == -ENOENT))
		r = write_resolv(q->resolv, x, e);
	return r == -ENOENT ? 0 : r;
}
