// SPDX-License-Identifier: Apache-2.0
/* listing.c: the tags of a repository; what a registry finds, or else, what of all that it has bears the words in its name. */
#include "images/fetch/job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "images/fetch/header.h"
#include "images/found.h"
#include "spec/decode.h"

#define PAGES_MAX   1000
#define BYTES_MAX   (16 << 20) /* of all names */
#define TAG_MAX	    128
#define PAGE_WORDS  "1000" /* names in a page */
#define FOUND_WORDS "100"
#define ALNUM	    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

struct page {
	struct strv names;
};

static const struct field tags_fields[] = { FIELD_STRINGS(struct page, names, "tags", OPTIONAL) };
static const struct field catalog_fields[] = { FIELD_STRINGS(struct page, names, "repositories", OPTIONAL) };

/* What a name must be to be taken; anything else could not be asked for. */
static bool is_tag(const struct job *j, const char *name)
{
	size_t len = strlen(name);

	(void)j; /* every tag is wanted */
	return len > 0 && len <= TAG_MAX && !strchr(".-", name[0]) && strspn(name, ALNUM "_.-") == len;
}

static bool is_wanted(const struct job *j, const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < sizeof(j->fetcher->settings.repository) && strspn(name, ALNUM "_.-/") == len &&
	       !strchr("_.-/", name[0]) && !strstr(name, "..") && strcasestr(name, j->request.reference);
}

static int write_list(const struct job *j, const char *name, const char *text, struct err *e)
{
	(void)unlinkat(j->fetcher->work, name, 0); /* of an earlier request */
	auto_fd int fd = openat(j->fetcher->work, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));

	return r < 0 ? err_set(e, -r, "store a list") : 0;
}

static int write_tags(const struct job *j, struct err *e)
{
	auto_free char *text = NULL;
	int r = found_write_names(&j->pages.names, &text, e);

	return r < 0 ? r : write_list(j, FETCH_TAGS_FILE, text, e);
}

static int write_found(const struct job *j, const struct found *found, struct err *e)
{
	auto_free char *text = NULL;
	int r = found_write(found, &text, e);

	return r < 0 ? r : write_list(j, FETCH_SEARCH_FILE, text, e);
}

static int write_names_found(const struct job *j, struct err *e)
{
	const struct strv *names = &j->pages.names;
	auto_arena struct arena arena = { 0 };
	struct found found = { .v = arena_array(&arena, names->n + 1, sizeof(*found.v)), .n = names->n };

	if (!found.v)
		return err_nomem(e);
	for (size_t i = 0; i < names->n; i++)
		found.v[i].name = names->v[i];
	return write_found(j, &found, e);
}

/* A list in pages: how its pages look, which names are taken, and what becomes of them. */
struct list {
	const struct field *fields;
	bool (*wanted)(const struct job *j, const char *name);
	int (*write)(const struct job *j, struct err *e);
};

static const struct list tags_list = { tags_fields, is_tag, write_tags };
static const struct list catalog_list = { catalog_fields, is_wanted, write_names_found };

static int take_page(struct job *j, const struct list *list, struct err *e)
{
	const struct exchange *x = &j->x;
	struct pages *pages = &j->pages;
	struct page page = { 0 };
	auto_arena struct arena arena = { 0 };
	int r = decode_text(x->body ? x->body : "", x->body_len, "its list", list->fields, 1, &arena, &page, e);

	if (r < 0)
		return err_wrap(e, "%s", j->fetcher->name);
	pages->bytes += x->body_len;
	if (++pages->n > PAGES_MAX || pages->bytes > BYTES_MAX)
		return err_say(e, EFBIG, "%s: its list has no end", j->fetcher->name);
	for (size_t i = 0; i < page.names.n; i++)
		if (list->wanted(j, page.names.v[i]) && strv_add(&pages->arena, &pages->names, page.names.v[i]) < 0)
			return err_nomem(e);
	return 0;
}

/* The address of the next page. Return: 1, 0: this was the last, or -errno with @e filled */
static int next_page(struct job *j, struct err *e)
{
	struct exchange *x = &j->x;
	char next[URL_MAX];

	if (!header_next(x->answer.link, next, sizeof(next)))
		return 0;
	int r = url_read(&x->here, next, &x->url, e);

	if (r < 0)
		return err_wrap(e, "%s: its list goes on at", j->fetcher->name);
	if (!url_same_origin(&x->url, &j->fetcher->origin))
		return err_say(e, EACCES, "%s: its list goes on at another registry", j->fetcher->name);
	return 1;
}

static void page_came(struct job *j, const struct list *list)
{
	struct exchange *x = &j->x;
	struct fetch_reply reply = { 0 };
	char what[JOB_WHAT_MAX];
	struct err e;

	if (x->result < 0 || x->answer.status != 200) {
		job_refused(j, j->request.kind == FETCH_TAGS ? job_what(j, what) : "its list of images");
		return;
	}
	int r = take_page(j, list, &e);

	if (r == 0)
		r = next_page(j, &e);
	if (r > 0) {
		exchange_go(x);
		return;
	}
	if (r == 0)
		r = list->write(j, &e);
	if (r < 0)
		job_failed(j, &e);
	else
		job_done(j, &reply);
}

static void tags_came(struct exchange *x)
{
	page_came(x->owner, &tags_list);
}

static void catalog_came(struct exchange *x)
{
	page_came(x->owner, &catalog_list);
}

/* Ask at @path, with up to two words in its query. */
static void ask(struct job *j, const char *path, const char *count, const char *words, void (*done)(struct exchange *x))
{
	struct err e;
	int r = fetcher_url(j->fetcher, &j->x.url, &e, "%s", path);

	j->x.done = done;
	if (r == 0 && words)
		r = url_add(&j->x.url, "q", words, &e);
	if (r == 0)
		r = url_add(&j->x.url, "n", count, &e);
	if (r < 0)
		job_failed(j, &e);
	else
		exchange_start(&j->x);
}

void job_tags(struct job *j)
{
	ask(j, "tags/list", PAGE_WORDS, NULL, tags_came);
}

/* Descriptions are for a line of a terminal: no more of them than that, in whole characters. */
static void cut(struct found *found)
{
	for (size_t i = 0; i < found->n; i++) {
		char *text = found->v[i].description;

		if (!text || strlen(text) <= FETCH_DESCRIPTION_MAX)
			continue;
		size_t end = FETCH_DESCRIPTION_MAX;

		while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80)
			end--;
		text[end] = '\0';
	}
}

/* Registries of the distribution specification have no search: then it is looked for among all that they have. */
static void found_came(struct exchange *x)
{
	struct job *j = x->owner;
	struct fetch_reply reply = { 0 };
	struct found found = { 0 };
	auto_arena struct arena arena = { 0 };
	struct err e;

	if (x->result < 0) {
		job_refused(j, "search");
		return;
	}
	if (x->answer.status != 200 || !x->body || found_read(x->body, x->body_len, &arena, &found, &e) < 0) {
		ask(j, "/v2/_catalog", PAGE_WORDS, NULL, catalog_came);
		return;
	}
	cut(&found);
	if (write_found(j, &found, &e) < 0)
		job_failed(j, &e);
	else
		job_done(j, &reply);
}

void job_search(struct job *j)
{
	ask(j, "/v1/search", FOUND_WORDS, j->request.reference, found_came);
}
