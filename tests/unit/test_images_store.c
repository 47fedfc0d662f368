// SPDX-License-Identifier: Apache-2.0
/*
 * The store with records made by hand, on real files: finding, naming, removing, and what is left when a command is killed
 * at any point of it or races with another.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "images/images.h"
#include "images/refs.h"
#include "images/store.h"
#include "images/work.h"

struct place {
	char path[4096];
	int data;
	struct store store;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	struct err e;

	const char *temp = getenv("TMPDIR");

	snprintf(p->path, sizeof(p->path), "%s/test-images-XXXXXX", temp ? temp : "/tmp");
	if (!mkdtemp(p->path))
		return -1;
	p->data = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store_open(p->data, &p->store, &e) < 0)
		return -1;
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	struct err e;

	store_close(&p->store);
	close(p->data);
	(void)file_remove(AT_FDCWD, p->path, &e);
	free(p);
	return 0;
}

/* A digest that is told by one letter. */
static char *hex(struct arena *a, char letter)
{
	char *s = arena_alloc(a, DIGEST_HEX + 1);

	memset(s, letter, DIGEST_HEX);
	return s;
}

static void put_file(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0400);

	assert_true(fd >= 0);
	close(fd);
}

/* An image "m" with config "c" and a layer for each letter of @layers (blob and diff id in one), put into the store. */
static void make_image(const struct store *s, char m, char c, const char *layers)
{
	struct image image = { 0 };
	struct arena *a = &image.arena;
	auto_free char *text = NULL;
	struct err e;

	image.manifest = hex(a, m);
	image.config = hex(a, c);
	image.layers.n = strlen(layers);
	image.layers.v = arena_array(a, image.layers.n, sizeof(*image.layers.v));
	for (size_t i = 0; i < image.layers.n; i++) {
		char *digest = hex(a, layers[i]);

		image.layers.v[i] = (struct image_layer){
			.blob = digest, .diff_id = digest, .chain_id = digest, .folder = digest, .bytes = 1,
		};
		put_file(s->blobs, digest);
		assert_true(mkdirat(s->layers, digest, 0755) == 0 || errno == EEXIST);
	}
	put_file(s->blobs, image.manifest);
	put_file(s->blobs, image.config);
	assert_int_equal(image_encode(&image, &text, &e), 0);
	assert_int_equal(file_publish(s->records, image.manifest, text, strlen(text), 0600, 0, &e), 0);
	image_free(&image);
}

static void name_image(const struct store *s, const char *id, const char *name)
{
	struct err e;
	bool moved;

	if (image_tag(s, id, name, &moved, &e) < 0)
		fail_msg("%s", e.text);
}

static bool there(int dir, char letter)
{
	struct arena a = { 0 };
	bool yes = faccessat(dir, hex(&a, letter), F_OK, 0) == 0;

	arena_free(&a);
	return yes;
}

static int count_name(int dir, const char *name, void *arg, struct err *e)
{
	(void)dir;
	(void)name;
	(void)e;
	(*(int *)arg)++;
	return 0;
}

static int entries(int dir)
{
	struct err e;
	int n = 0;

	assert_int_equal(file_each(dir, count_name, &n, &e), 0);
	return n;
}

static int find(const struct store *s, const char *name, char ret_manifest[DIGEST_HEX + 1], struct err *e)
{
	auto_image struct image image = { 0 };
	int r = image_find(s, name, &image, e);

	if (r == 0)
		strcpy(ret_manifest, image.manifest);
	return r;
}

static void test_open(void **state)
{
	struct place *p = *state;
	static const char *const folders[] = { "", "/blobs", "/blobs/sha256", "/refs", "/records", "/layers", "/tmp" };
	struct store again;
	struct stat st;
	char path[sizeof(p->path) + 64];
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		snprintf(path, sizeof(path), "%s/images%s", p->path, folders[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0700);
	}
	assert_int_equal(store_open(p->data, &again, &e), 0);
	store_close(&again);
	assert_int_equal(again.tmp, -1);
	assert_int_equal(unlinkat(p->store.root, "layers", AT_REMOVEDIR), 0);
	assert_int_equal(symlinkat("/tmp", p->store.root, "layers"), 0);
	assert_true(store_open(p->data, &again, &e) < 0); /* our own folders are no symlinks */
}

static void test_find(void **state)
{
	const struct store *s = &((struct place *)*state)->store;
	char m[DIGEST_HEX + 1];
	struct err e;

	make_image(s, 'a', 'b', "1");
	make_image(s, 'c', 'd', "2");
	make_image(s, 'e', 'd', "2"); /* the same config under another manifest */
	name_image(s, "bbb", "debian:13");
	name_image(s, "aaaa", "localhost/own");
	name_image(s, "ccc", "host.example:5000/a/b:t");
	static const struct {
		const char *name;
		char manifest; /* 0: not found */
	} cases[] = {
		{ "debian:13", 'a' }, { "docker.io/library/debian:13", 'a' }, { "index.docker.io/debian:13", 'a' },
		{ "own", 'a' }, { "localhost/own:latest", 'a' }, { "docker.io/own", 0 }, { "debian", 0 },
		{ "host.example:5000/a/b:t", 'c' }, { "host.example/a/b:t", 0 }, { "bbb", 'a' }, { "bb", 0 },
		{ "sha256:bbbbbbbbbbbb", 'a' }, { "ccc", 'c' }, { "ddd", 'c' }, { "eee", 'e' }, { "fff", 0 },
		{ "x.io/any@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 'a' },
		{ "x.io/any@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", 0 },
		{ "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", 'a' },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 'a' },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int r = find(s, cases[i].name, m, &e);

		if (r != (cases[i].manifest ? 0 : -ENOENT) || (r == 0 && m[0] != cases[i].manifest))
			fail_msg("%s: %d %s", cases[i].name, r, r < 0 ? e.text : m);
		if (r < 0)
			assert_non_null(strstr(e.text, "no such image: "));
	}
	assert_int_equal(find(s, "../../etc", m, &e), -EINVAL);
	assert_int_equal(find(s, "sha256:../../x", m, &e), -EINVAL);
	assert_int_equal(find(s, "", m, &e), -EINVAL);
}

static void test_ambiguous(void **state)
{
	const struct store *s = &((struct place *)*state)->store;
	auto_image struct image image = { 0 };
	struct err e;
	char text[4096], m[DIGEST_HEX + 1];

	make_image(s, 'a', 'b', "1");
	/* a second config that begins as the first one does */
	int fd = openat(s->records, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", O_RDONLY);
	ssize_t n = fd_read_all(fd, text, sizeof(text));

	close(fd);
	assert_int_equal(image_decode(text, (size_t)n, "record", &image, &e), 0);
	image.manifest[60] = '0';
	image.config[4] = '0';
	auto_free char *again = NULL;

	assert_int_equal(image_encode(&image, &again, &e), 0);
	assert_int_equal(file_publish(s->records, image.manifest, again, strlen(again), 0600, 0, &e), 0);
	assert_int_equal(find(s, "bbbb", m, &e), -EINVAL);
	assert_non_null(strstr(e.text, "ambiguous"));
	assert_int_equal(find(s, "bbbbb", m, &e), 0);
	assert_int_equal(find(s, "bbbb0", m, &e), 0);
	name_image(s, "bbbbb", "bbbb"); /* a name goes before the digits of an id */
	assert_int_equal(find(s, "bbbb", m, &e), 0);
	assert_int_equal(m[60], 'a');
}

static void test_damaged_record(void **state)
{
	const struct store *s = &((struct place *)*state)->store;
	static const char *const bad[] = {
		"", "{", "[]", "null", "{}",
		"{\"manifest\":\"../../x\",\"config\":\"../../x\",\"layers\":[]}",
	};
	char name[DIGEST_HEX + 1], m[DIGEST_HEX + 1];
	struct err e;

	memset(name, '7', DIGEST_HEX);
	name[DIGEST_HEX] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(file_publish(s->records, name, bad[i], strlen(bad[i]), 0600, 0, &e), 0);
		assert_int_equal(find(s, name, m, &e), -EINVAL);
		assert_non_null(strstr(e.text, "image record"));
	}
	/* a whole record, but of another image */
	make_image(s, 'a', 'b', "1");
	assert_int_equal(renameat(s->records, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
				  s->records, name), 0);
	assert_int_equal(find(s, name, m, &e), -EBADMSG);
}

struct seen {
	char text[1024];
	int n;
};

static int see(const struct image *image, void *arg, struct err *e)
{
	struct seen *seen = arg;
	size_t len = strlen(seen->text);

	(void)e;
	len += (size_t)snprintf(seen->text + len, sizeof(seen->text) - len, "%c:", image->manifest[0]);
	for (size_t i = 0; i < image->names.n; i++)
		len += (size_t)snprintf(seen->text + len, sizeof(seen->text) - len, "%s ", image->names.v[i]);
	return ++seen->n == 100 ? 7 : 0;
}

static void test_names_and_listing(void **state)
{
	const struct store *s = &((struct place *)*state)->store;
	struct seen seen = { 0 };
	auto_image struct image image = { 0 };
	bool moved = true;
	struct err e;

	make_image(s, 'a', 'b', "1");
	make_image(s, 'c', 'd', "2");
	assert_int_equal(image_tag(s, "aaa", "x.io/a/b/c:t", &moved, &e), 0);
	assert_false(moved);
	name_image(s, "aaa", "debian");
	assert_int_equal(image_tag(s, "aaa", "debian", &moved, &e), 0);
	assert_false(moved); /* it was there already */
	assert_int_equal(faccessat(s->refs, "x.io/a%b%c/t", F_OK, 0), 0);
	/* what nobody of us wrote is not listed and does no harm */
	put_file(s->refs, "junk");
	assert_int_equal(mkdirat(s->refs, "h.example", 0700), 0);
	assert_int_equal(mkdirat(s->refs, "h.example/n", 0700), 0);
	put_file(s->refs, "h.example/n/empty");
	assert_int_equal(image_each(s, see, &seen, &e), 0);
	assert_int_equal(seen.n, 2);
	assert_non_null(strstr(seen.text, "a:docker.io/library/debian:latest x.io/a/b/c:t "));
	assert_non_null(strstr(seen.text, "c:"));
	assert_int_equal(image_tag(s, "ccc", "debian", &moved, &e), 0);
	assert_true(moved);
	assert_int_equal(image_find(s, "debian", &image, &e), 0);
	assert_int_equal(image.manifest[0], 'c');
	assert_int_equal(image_names(s, &image, &e), 0);
	assert_int_equal(image.names.n, 1);
	assert_int_equal(image_tag(s, "zzz", "debian", &moved, &e), -ENOENT);
	assert_int_equal(image_tag(s, "ccc", "UPPER", &moved, &e), -EINVAL);
	seen = (struct seen){ .n = 99 };
	assert_int_equal(image_each(s, see, &seen, &e), 7);
	assert_int_equal(entries(s->tmp), 0);
}

static const char *nobody(const char *manifest, void *arg)
{
	(void)manifest;
	(void)arg;
	return NULL;
}

static const char *somebody(const char *manifest, void *arg)
{
	const char *used = arg;

	return manifest[0] == *used ? "web1" : NULL;
}

static int rm(const struct store *s, const char *name, bool force, size_t *untagged, size_t *deleted, struct err *e)
{
	struct remove_result result = { 0 };
	int r = image_remove(s, name, force, nobody, NULL, &result, e);

	*untagged = result.untagged.n;
	*deleted = result.deleted.n;
	arena_free(&result.arena);
	return r;
}

static void test_remove(void **state)
{
	const struct store *s = &((struct place *)*state)->store;
	struct remove_result result;
	size_t untagged, deleted;
	struct err e;

	make_image(s, 'a', 'b', "12");
	make_image(s, 'c', 'd', "23");
	name_image(s, "aaa", "one:a");
	name_image(s, "aaa", "one:b");
	name_image(s, "ccc", "two");
	/* a name, not the last */
	assert_int_equal(rm(s, "one:a", false, &untagged, &deleted, &e), 0);
	assert_int_equal(untagged, 1);
	assert_int_equal(deleted, 0);
	assert_true(there(s->records, 'a'));
	name_image(s, "aaa", "one:a");
	/* by id with two names */
	assert_int_equal(rm(s, "aaa", false, &untagged, &deleted, &e), -EBUSY);
	assert_non_null(strstr(e.text, "2 names"));
	/* used by a container */
	assert_int_equal(image_remove(s, "aaa", true, somebody, "a", &result, &e), -EBUSY);
	assert_non_null(strstr(e.text, "web1"));
	assert_int_equal(image_remove(s, "one:a", true, somebody, "c", &result, &e), 0);
	arena_free(&result.arena);
	assert_int_equal(image_remove(s, "one:b", false, somebody, "a", &result, &e), -EBUSY);
	assert_int_equal(rm(s, "one:b", false, &untagged, &deleted, &e), 0);
	assert_int_equal(untagged, 1);
	assert_int_equal(deleted, 1);
	/* only what the other image does not have is gone */
	assert_false(there(s->records, 'a'));
	assert_false(there(s->blobs, 'a') || there(s->blobs, 'b') || there(s->blobs, '1') || there(s->layers, '1'));
	assert_true(there(s->blobs, '2') && there(s->layers, '2') && there(s->layers, '3') && there(s->blobs, 'c'));
	assert_int_equal(rm(s, "one:b", false, &untagged, &deleted, &e), -ENOENT);
	name_image(s, "ccc", "x.io/y/z");
	assert_int_equal(rm(s, "ddd", true, &untagged, &deleted, &e), 0);
	assert_int_equal(untagged, 2);
	assert_int_equal(deleted, 1);
	int folders[] = { s->records, s->refs, s->blobs, s->layers, s->tmp };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		assert_int_equal(entries(folders[i]), 0);
}

/* An image cannot make itself stay by being deeper than there are descriptors. */
static void test_remove_deep_layer(void **state)
{
	const struct store *s = &((struct place *)*state)->store;
	struct arena a = { 0 };
	size_t untagged, deleted;
	struct err e;

	make_image(s, 'a', 'b', "1");
	int dir = openat(s->layers, hex(&a, '1'), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; i < 3000; i++) {
		assert_int_equal(mkdirat(dir, "d", 0755), 0);
		int next = openat(dir, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		assert_true(next >= 0);
		close(dir);
		dir = next;
	}
	close(dir);
	assert_int_equal(rm(s, "aaa", false, &untagged, &deleted, &e), 0);
	assert_int_equal(entries(s->layers) + entries(s->tmp), 0);
	arena_free(&a);
}

/* A container that settles on the image between the two questions: the first says nobody, the second finds it. */
static const char *later(const char *manifest, void *arg)
{
	int *asked = arg;

	(void)manifest;
	return ++*asked > 1 ? "late" : NULL;
}

static void test_remove_asks_again(void **state)
{
	const struct store *s = &((struct place *)*state)->store;
	auto_image struct image image = { 0 };
	struct remove_result result;
	int asked = 0;
	struct err e;

	make_image(s, 'a', 'b', "12");
	name_image(s, "aaa", "one");
	assert_int_equal(image_find(s, "one", &image, &e), 0);
	assert_int_equal(image_remove(s, "aaa", false, later, &asked, &result, &e), -EBUSY);
	assert_int_equal(asked, 2);
	assert_int_equal(image_present(s, &image, &e), 0);
	assert_true(there(s->records, 'a') && there(s->layers, '1') && there(s->layers, '2'));
	auto_image struct image again = { 0 };

	assert_int_equal(image_find(s, "one", &again, &e), 0);
	assert_int_equal(entries(s->tmp), 0);
}

static void test_remove_spares_what_is_held(void **state)
{
	const struct store *s = &((struct place *)*state)->store;
	size_t untagged, deleted;
	struct arena a = { 0 };
	struct err e;

	make_image(s, 'a', 'b', "12");
	int layer = store_hold(s->layers, hex(&a, '1'), &e); /* as a load does whose record is not there yet */
	int record = store_hold(s->records, hex(&a, 'a'), &e);

	assert_true(layer >= 0 && record >= 0);
	assert_int_equal(rm(s, "aaa", false, &untagged, &deleted, &e), -EBUSY);
	close(record);
	assert_int_equal(rm(s, "aaa", false, &untagged, &deleted, &e), 0);
	assert_true(there(s->layers, '1'));
	assert_false(there(s->layers, '2'));
	assert_int_equal(store_hold(s->layers, hex(&a, '2'), &e), -ENOENT);
	close(layer);
	arena_free(&a);
}

/* Who waited for the lock of an object that went meanwhile does not hold anything. */
static void test_hold_of_what_goes(void **state)
{
	const struct store *s = &((struct place *)*state)->store;
	int status;
	struct err e;

	put_file(s->blobs, "x");
	int seized = store_seize(s->blobs, "x", &e);
	pid_t pid = fork();

	if (pid == 0) {
		close(seized);
		_exit(store_hold(s->blobs, "x", &e) == -ENOENT ? 0 : 1);
	}
	usleep(200000); /* enough for it to open the object and wait */
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_int_equal(unlinkat(s->blobs, "x", 0), 0);
	close(seized);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_sweep(void **state)
{
	const struct store *s = &((struct place *)*state)->store;
	char m[DIGEST_HEX + 1], name[WORK_FILE_MAX], path[256];
	struct work mine;
	struct err e;

	assert_int_equal(work_begin(s, &mine, &e), 0);
	/* litter of the dead: a half-made layer, a removal that had begun, one that was certain, a load half published */
	make_image(s, 'a', 'b', "1");
	make_image(s, 'c', 'd', "12");
	make_image(s, 'e', 'f', "3");
	assert_int_equal(mkdirat(s->tmp, "w1", 0700), 0);
	assert_int_equal(mkdirat(s->tmp, "w1/layer", 0), 0);
	assert_int_equal(mkdirat(s->tmp, "w2", 0700), 0);
	put_file(s->tmp, "file");
	memset(m, 'c', DIGEST_HEX);
	m[DIGEST_HEX] = '\0';
	snprintf(path, sizeof(path), "w1/%s", work_file(WORK_RECORD, m, name));
	assert_int_equal(renameat(s->records, m, s->tmp, path), 0);
	memset(m, 'e', DIGEST_HEX);
	snprintf(path, sizeof(path), "w2/%s", work_file(WORK_REMOVING, m, name));
	assert_int_equal(renameat(s->records, m, s->tmp, path), 0);
	snprintf(path, sizeof(path), "w2/%s", work_file(WORK_RECORD, m, name));
	put_file(s->tmp, path); /* an empty one: torn */
	store_sweep(s);
	assert_int_equal(entries(s->tmp), 1); /* mine, whose lock is not free */
	work_end(&mine);
	assert_int_equal(entries(s->tmp), 0);
	assert_true(there(s->records, 'a') && there(s->layers, '1') && there(s->blobs, '1'));
	assert_false(there(s->records, 'c') || there(s->layers, '2') || there(s->blobs, '2') || there(s->blobs, 'c'));
	assert_true(there(s->records, 'e') && there(s->layers, '3') && there(s->blobs, '3'));
}

/* Every object is one that a record refers to, every record has its objects, every name an image. */
static int check_record(int dir, const char *name, void *arg, struct err *e)
{
	const struct store *s = arg;
	auto_image struct image image = { 0 };

	(void)dir;
	assert_int_equal(store_read_record(s->records, name, &image, e), 0);
	assert_true(there(s->blobs, image.manifest[0]) && there(s->blobs, image.config[0]));
	for (size_t i = 0; i < image.layers.n; i++)
		assert_true(there(s->blobs, image.layers.v[i].blob[0]) && there(s->layers, image.layers.v[i].blob[0]));
	return 0;
}

/* Run @f in a child that is killed before its @n'th system call. Return: whether it ended by itself before */
static bool killed_at(const struct store *s, void (*f)(const struct store *s), int n)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		(void)raise(SIGSTOP);
		f(s);
		_exit(0);
	}
	for (int calls = 0;; calls++) {
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFSTOPPED(status))
			return true;
		if (calls == 2 * n) /* each call stops twice: on its way in and out */
			break;
		assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	return false;
}

static void remove_a(const struct store *s)
{
	struct remove_result result;
	struct err e;

	_exit(image_remove(s, "aaa", true, nobody, NULL, &result, &e) < 0);
}

static void move_name(const struct store *s)
{
	struct err e;
	bool moved;

	_exit(image_tag(s, "ccc", "x.io/n", &moved, &e) < 0);
}

static void kill_everywhere(const struct store *s, void (*f)(const struct store *s), void (*again)(const struct store *s))
{
	size_t untagged, deleted;
	struct err e;
	int n = 1;

	for (bool ended = false; !ended; n++) {
		char m[DIGEST_HEX + 1];

		make_image(s, 'a', 'b', "12");
		make_image(s, 'c', 'd', "23");
		name_image(s, "aaa", "x.io/n");
		name_image(s, "aaa", "x.io/a");
		ended = killed_at(s, f, n);
		store_sweep(s);
		assert_int_equal(entries(s->tmp), 0);
		assert_int_equal(file_each(s->records, check_record, (void *)s, &e), 0);
		assert_true(there(s->records, 'c'));
		/* a name leads to an image or is gone with it: never to nothing while the image is there */
		if (there(s->records, 'a') && again == move_name)
			assert_int_equal(find(s, "x.io/n", m, &e), 0);
		if (!there(s->records, 'a'))
			assert_false(there(s->layers, '1') || there(s->blobs, '1') || there(s->blobs, 'a'));
		assert_true(killed_at(s, again, 1000000));
		(void)rm(s, "aaa", true, &untagged, &deleted, &e);
		assert_int_equal(rm(s, "ccc", true, &untagged, &deleted, &e), 0);
		assert_int_equal(entries(s->blobs) + entries(s->layers) + entries(s->records) + entries(s->refs), 0);
	}
	assert_true(n > 30); /* it did have that many system calls */
}

static void test_kill_remove(void **state)
{
	kill_everywhere(&((struct place *)*state)->store, remove_a, remove_a);
}

static void test_kill_tag(void **state)
{
	kill_everywhere(&((struct place *)*state)->store, move_name, move_name);
}

/* What a load does at its end, for an image with the layers 1 and 2. */
static int publish_again(const struct store *s)
{
	struct image image = { 0 };
	struct arena *a = &image.arena;
	int holds[7], n = 0;
	struct work work;
	struct err e;
	char name[WORK_FILE_MAX];
	auto_free char *text = NULL;

	if (work_begin(s, &work, &e) < 0)
		return 1;
	image.manifest = hex(a, 'a');
	image.config = hex(a, 'b');
	image.layers.n = 2;
	image.layers.v = arena_array(a, 2, sizeof(*image.layers.v));
	for (int i = 0; i < 2; i++) {
		char *d = hex(a, (char)('1' + i));

		image.layers.v[i] = (struct image_layer){ .blob = d, .diff_id = d, .chain_id = d, .folder = d, .bytes = 1 };
	}
	work_file(WORK_RECORD, image.manifest, name);
	if (image_encode(&image, &text, &e) < 0 ||
	    file_publish(work.fd, name, text, strlen(text), 0600, 0, &e) < 0)
		return 2;
	char *blobs[] = { image.manifest, image.config, image.layers.v[0].blob, image.layers.v[1].blob };

	for (size_t i = 0; i < 4; i++) {
		put_file(work.fd, "blob");
		holds[n] = store_place(work.fd, "blob", s->blobs, blobs[i], &e);
		if (holds[n++] < 0)
			return 3;
		(void)unlinkat(work.fd, "blob", 0);
	}
	for (size_t i = 0; i < 2; i++) {
		(void)mkdirat(work.fd, "layer", 0755);
		holds[n] = store_place(work.fd, "layer", s->layers, image.layers.v[i].folder, &e);
		if (holds[n++] < 0)
			return 4;
	}
	holds[n] = store_place(work.fd, name, s->records, image.manifest, &e);
	if (holds[n++] < 0 || unlinkat(work.fd, name, 0) < 0)
		return 5;
	while (n > 0)
		close(holds[--n]);
	work_end(&work);
	image_free(&image);
	return 0;
}

static void test_race_of_load_and_remove(void **state)
{
	const struct store *s = &((struct place *)*state)->store;
	enum { LOADERS = 3, REMOVERS = 3, ROUNDS = 150 };
	pid_t pids[LOADERS + REMOVERS];
	struct err e;

	make_image(s, 'c', 'd', "23"); /* shares a layer, and stays */
	for (int i = 0; i < LOADERS + REMOVERS; i++) {
		pids[i] = fork();
		if (pids[i] != 0)
			continue;
		for (int k = 0; k < ROUNDS; k++) {
			size_t untagged, deleted;
			int r = i < LOADERS ? publish_again(s) : rm(s, "aaa", false, &untagged, &deleted, &e);

			if (r != 0 && r != -ENOENT && r != -EBUSY) {
				fprintf(stderr, "round %d: %d %s\n", k, r, r < 0 ? e.text : "");
				_exit(1);
			}
		}
		_exit(0);
	}
	for (int i = 0; i < LOADERS + REMOVERS; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(entries(s->tmp), 0);
	assert_int_equal(file_each(s->records, check_record, (void *)s, &e), 0);
	assert_true(there(s->records, 'c'));
	if (!there(s->records, 'a'))
		assert_false(there(s->layers, '1') || there(s->blobs, '1') || there(s->blobs, 'a'));
}

static void test_race_of_names(void **state)
{
	const struct store *s = &((struct place *)*state)->store;
	enum { PROCESSES = 4, ROUNDS = 100 };
	pid_t pids[PROCESSES];
	struct err e;

	make_image(s, 'a', 'b', "1");
	make_image(s, 'c', 'd', "2");
	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i] != 0)
			continue;
		for (int k = 0; k < ROUNDS; k++) {
			struct image_ref ref;
			bool moved;
			int r;

			/* the folder of this name is made and removed all the time */
			(void)image_ref_parse("x.io/y:1", &ref, &e);
			r = i % 2 ? image_tag(s, k % 2 ? "aaa" : "ccc", "x.io/y:1", &moved, &e) : ref_remove(s, &ref, &e);
			if (r < 0 && !(r == -ENOENT && i % 2 == 0)) {
				fprintf(stderr, "round %d: %s\n", k, e.text);
				_exit(1);
			}
		}
		_exit(0);
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(entries(s->tmp), 0);
}

static void test_folders(void **state)
{
	struct image_layer layers[] = { { .folder = (char *)"a" }, { .folder = (char *)"b" }, { .folder = (char *)"a" } };
	struct image image = { .layers = { .v = layers, .n = 3 } };
	struct arena a = { 0 };
	struct strv list;
	struct err e;

	(void)state;
	assert_int_equal(image_folders(&image, &a, &list, &e), 0);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.v[0], "a");
	assert_string_equal(list.v[1], "b");
	arena_free(&a);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_open),
		TEST(test_find),
		TEST(test_ambiguous),
		TEST(test_damaged_record),
		TEST(test_names_and_listing),
		TEST(test_remove),
		TEST(test_remove_deep_layer),
		TEST(test_remove_asks_again),
		TEST(test_remove_spares_what_is_held),
		TEST(test_hold_of_what_goes),
		TEST(test_sweep),
		TEST(test_kill_remove),
		TEST(test_kill_tag),
		TEST(test_race_of_load_and_remove),
		TEST(test_race_of_names),
		cmocka_unit_test(test_folders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
