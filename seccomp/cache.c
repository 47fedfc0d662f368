// SPDX-License-Identifier: Apache-2.0
/*
 * One file for each policy, named by a hash of its key. It holds a header, the key, and the instructions of each
 * filter: the hash only finds the file, the key decides. It is read in one piece and checked to the last byte, for
 * nothing here is ever synced and a power cut can leave anything.
 */
#include "seccomp/cache.h"

#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"

#define FORMAT	 2 /* to be raised when this file's layout changes, or what compile.c makes of a policy */
#define FILE_MAX (1 << 20)
#define NAME_LEN 16

struct header {
	char magic[8];
	uint32_t format, libseccomp;
	uint32_t arch;
	uint32_t key_len;
	uint32_t n_code[SECCOMP_FILTERS_MAX]; /* instructions of each filter; 0: no such filter */
	uint64_t code_hash;
};
static_assert(sizeof(struct header) == 40, "no padding: it is compared and written as bytes");

void cache_key_free(struct cache_key *k)
{
	free(k->bytes);
	*k = (struct cache_key){ 0 };
}

/* FNV-1a of eight bytes at a time; the tail is zero-padded. */
static uint64_t hash(const void *data, size_t len)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ len;

	for (size_t i = 0; i < len; i += sizeof(h)) {
		uint64_t word = 0;

		memcpy(&word, (const char *)data + i, MIN(sizeof(word), len - i));
		h = (h ^ word) * UINT64_C(0x100000001b3);
		h ^= h >> 32; /* multiplication carries upwards only */
	}
	return h;
}

static size_t rule_size(const struct rule *r)
{
	size_t n = 3 * sizeof(uint32_t) + r->n_args * (2 * sizeof(uint32_t) + 2 * sizeof(uint64_t));

	for (size_t i = 0; i < r->n_names; i++)
		n += strlen(r->names[i]) + 1;
	return n;
}

static size_t program_size(const struct program *g)
{
	size_t n = 4 * sizeof(uint32_t);

	for (size_t i = 0; i < g->n; i++)
		n += rule_size(&g->rules[i]);
	return n;
}

static void put(char **at, const void *data, size_t len)
{
	memcpy(*at, data, len);
	*at += len;
}

static void put_u32(char **at, size_t v)
{
	put(at, &(uint32_t){ (uint32_t)v }, sizeof(uint32_t));
}

static void put_rule(char **at, const struct rule *r)
{
	put_u32(at, r->action);
	put_u32(at, r->n_args);
	for (size_t i = 0; i < r->n_args; i++) {
		put_u32(at, r->args[i].index);
		put_u32(at, r->args[i].op);
		put(at, &r->args[i].value, sizeof(uint64_t));
		put(at, &r->args[i].value_two, sizeof(uint64_t));
	}
	put_u32(at, r->n_names);
	for (size_t i = 0; i < r->n_names; i++)
		put(at, r->names[i], strlen(r->names[i]) + 1);
}

static void put_program(char **at, const struct program *g)
{
	put_u32(at, g->default_action);
	put_u32(at, g->newer_enosys);
	put_u32(at, g->native_only);
	put_u32(at, g->n);
	for (size_t i = 0; i < g->n; i++)
		put_rule(at, &g->rules[i]);
}

int cache_key_of(const struct policy *p, struct cache_key *ret, struct err *e)
{
	size_t len = 2 * sizeof(uint32_t);

	for (size_t i = 0; i < p->n; i++)
		len += program_size(&p->programs[i]);
	char *bytes = malloc(len), *at = bytes;

	if (!bytes)
		return err_nomem(e);
	put_u32(&at, p->abis);
	put_u32(&at, p->n);
	for (size_t i = 0; i < p->n; i++)
		put_program(&at, &p->programs[i]);
	*ret = (struct cache_key){ bytes, len };
	return 0;
}

static void file_name(const struct cache_key *key, char buf[NAME_LEN + 1])
{
	snprintf(buf, NAME_LEN + 1, "%016llx", (unsigned long long)hash(key->bytes, key->len));
}

static struct header header_for(const struct cache_key *key)
{
	return (struct header){
		.magic = "seccomp",
		.format = FORMAT,
		.libseccomp = SCMP_VER_MAJOR << 16 | SCMP_VER_MINOR << 8 | SCMP_VER_MICRO,
		.arch = seccomp_arch_native(),
		.key_len = (uint32_t)key->len,
	};
}

/* The bytes of our own file, or NULL. @ret_len is at least that of a header. */
static char *read_own(int dir, const char *name, size_t *ret_len)
{
	auto_fd int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	if (st.st_uid != geteuid() || (st.st_mode & 022))
		return NULL;
	if (st.st_size < (off_t)sizeof(struct header) || st.st_size > FILE_MAX)
		return NULL;
	size_t len = (size_t)st.st_size;
	char *bytes = malloc(len);

	if (bytes && fd_read_all(fd, bytes, len) != (ssize_t)len) {
		free(bytes);
		return NULL;
	}
	*ret_len = len;
	return bytes;
}

/* Whether the file is whole and is about this key. On success @ret_code is where its instructions begin. */
static bool valid(const char *bytes, size_t len, const struct cache_key *key, struct header *ret,
		  const char **ret_code)
{
	struct header want = header_for(key), got;
	size_t code_len = 0;

	memcpy(&got, bytes, sizeof(got));
	for (size_t i = 0; i < SECCOMP_FILTERS_MAX; i++) {
		if (got.n_code[i] > BPF_MAXINSNS)
			return false;
		want.n_code[i] = got.n_code[i];
		code_len += got.n_code[i] * sizeof(struct sock_filter);
	}
	if (len != sizeof(got) + key->len + code_len)
		return false;
	const char *code = bytes + sizeof(got) + key->len;

	want.code_hash = hash(code, code_len);
	if (memcmp(&want, &got, sizeof(got)) != 0 || memcmp(bytes + sizeof(got), key->bytes, key->len) != 0)
		return false;
	*ret = got;
	*ret_code = code;
	return true;
}

bool cache_load(int dir, const struct cache_key *key, struct seccomp_plan *ret)
{
	char name[NAME_LEN + 1];
	auto_seccomp_plan struct seccomp_plan plan = { 0 };
	struct header h;
	const char *code;
	size_t len;

	file_name(key, name);
	auto_free char *bytes = read_own(dir, name, &len);

	if (!bytes || !valid(bytes, len, key, &h, &code))
		return false;
	for (size_t i = 0; i < SECCOMP_FILTERS_MAX && h.n_code[i]; i++) {
		size_t size = h.n_code[i] * sizeof(struct sock_filter);
		struct seccomp_filter *f = &plan.filters[plan.n++];

		f->code = malloc(size);
		f->n = (unsigned short)h.n_code[i];
		if (!f->code)
			return false;
		memcpy(f->code, code, size);
		code += size;
	}
	*ret = plan;
	memset(&plan, 0, sizeof(plan));
	return true;
}

void cache_store(int dir, const struct cache_key *key, const struct seccomp_plan *p)
{
	struct header h = header_for(key);
	char name[NAME_LEN + 1];
	size_t code_len = 0;

	for (size_t i = 0; i < p->n; i++) {
		h.n_code[i] = p->filters[i].n;
		code_len += p->filters[i].n * sizeof(struct sock_filter);
	}
	size_t len = sizeof(h) + key->len + code_len;
	auto_free char *bytes = malloc(len);

	if (!bytes || len > FILE_MAX)
		return;
	char *at = bytes + sizeof(h);

	put(&at, key->bytes, key->len);
	for (size_t i = 0; i < p->n; i++)
		put(&at, p->filters[i].code, p->filters[i].n * sizeof(struct sock_filter));
	h.code_hash = hash(at - code_len, code_len);
	memcpy(bytes, &h, sizeof(h));
	struct err e;

	file_name(key, name);
	(void)file_publish(dir, name, bytes, len, 0600, 0, &e); /* the next command compiles again */
}
