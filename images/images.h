/* SPDX-License-Identifier: Apache-2.0 */
/*
 * images.h: the image store and what one does with it. Layout (DESIGN): images/{blobs/sha256,refs,records,layers,tmp} below
 * the data folder. A name appears last, by rename; content is durable before the name that points to it. No lock but those of
 * the layer concerned.
 */
#ifndef IMAGES_IMAGES_H
#define IMAGES_IMAGES_H

#include <limits.h>

#include "images/record.h"

struct store {
	int root;    /* images/ */
	int blobs;   /* images/blobs/sha256 */
	int refs, records, layers, tmp;
	struct store_peer *peers; /* further stores, in the order in which they are looked through */
	size_t n_peers;
};
#define STORE_NONE { -1, -1, -1, -1, -1, -1, NULL, 0 }

/*
 * Another data folder, of somebody else or on a medium that is read-only: images found there can be run, and nothing is ever
 * written to it, no lock is taken in it. So whoever changes it must know who uses it.
 */
struct store_peer {
	struct store store; /* tmp is -1 */
	char path[PATH_MAX];
};

/**
 * store_open() - Open the store, making its folders (0700) where they are missing
 * @data:	Folder fd of /var/lib/paene
 *
 * Work folders of processes that have ended are removed from tmp/ by store_sweep(), not here: this is the path of `run`.
 *
 * Return: 0, or -errno with @e filled
 */
int store_open(int data, struct store *ret, struct err *e);
void store_close(struct store *s);

/**
 * store_add_peer() - See the images of another data folder, too
 * @path:	As --root names it: images/ lies in it
 *
 * Return: 0, or -errno with @e filled
 */
int store_add_peer(struct store *s, const char *path, struct err *e);
#define auto_store __attribute__((cleanup(store_close)))

/*
 * Remove what crashed commands left in tmp/ (their lock is free), finish their removals and take back what they had begun
 * to publish. Best effort: what cannot be removed now is left to the next one. Loading and removing begin with it.
 */
void store_sweep(const struct store *s);

/* "debian", "debian:13", "host.example:5000/a/b:tag", "a/b@sha256:HEX". */
struct image_ref {
	char host[256], name[256], tag[129], digest[DIGEST_HEX + 1]; /* tag: "latest" where neither is given */
};
/* Return: 0, or -EINVAL with @e filled. Host "docker.io" and "library/" are filled in as docker does. */
int image_ref_parse(const char *text, struct image_ref *ret, struct err *e);
/* Was the host written in front of @text, which was read as @ref, or filled in? */
bool image_ref_names_host(const char *text, const struct image_ref *ref);
/* "docker.io/library/debian:13"; @familiar leaves out docker.io/library/ and docker.io/. */
#define IMAGE_REF_MAX 800
const char *image_ref_text(const struct image_ref *ref, bool familiar, char buf[IMAGE_REF_MAX]);

/**
 * image_find() - An image by reference, by digest, or by the first digits (at least 3, if only one fits) of its id
 * @ret:	To be freed with image_free(); its names are empty: image_names() has them
 *
 * A name without a host is looked for as docker.io/…, then as localhost/…. An id is the digest of the config or of the
 * manifest, with "sha256:" in front or not.
 *
 * Return: 0, or -ENOENT with a hint, -EINVAL (no name at all, or an id that fits several), others; @e filled
 */
int image_find(const struct store *s, const char *name, struct image *ret, struct err *e);

/* Fill in every name that the image has now, sorted. Return: 0, or -errno with @e filled */
int image_names(const struct store *s, struct image *image, struct err *e);

/**
 * image_present() - Is the image still there?
 *
 * What keeps a container's image from being removed under it: first the container's settings are written, where the
 * in_use of image_remove() sees them, then this is asked. Removal takes the record away first and asks in_use after that,
 * so one of the two always sees the other.
 *
 * Return: 0, or -ENOENT with @e filled
 */
int image_present(const struct store *s, const struct image *image, struct err *e);

/* The layers' folders as they are to be mounted: topmost first, each once. Return: 0, or -ENOMEM with @e filled */
int image_folders(const struct image *image, struct arena *arena, struct strv *ret, struct err *e);

/* Every image, each once with all its names. @f's result other than 0 ends the walk. */
int image_each(const struct store *s, int (*f)(const struct image *image, void *arg, struct err *e), void *arg,
	       struct err *e);

/* The same with no more of each than image_decode_head() gives, and the names: for lists of many. */
int image_each_head(const struct store *s, int (*f)(const struct image *image, void *arg, struct err *e), void *arg,
		    struct err *e);

/* What it is for, as its config says; normal. */
void image_platform(const struct image *image, struct image_platform *ret);

/* A layer's folder: O_PATH fd below s->layers. Return: the fd, or -errno with @e filled. */
int image_open_layer(const struct store *s, const char *folder, struct err *e);

struct load_result {
	struct arena arena;
	struct strv loaded; /* references, or sha256:ID where the archive names none, in order */
	struct strv moved;  /* those of them that named another image before */
};

/* How far something is that may take long. */
enum image_step {
	STEP_READING, /* an archive … */
	STEP_WRITING, /* … or to one */
	STEP_COPYING, /* files, from one place to another or to an archive */
	STEP_FETCHING, /* a blob, from a registry … */
	STEP_SENDING,  /* … or to one */
	STEP_UNPACKING, /* a layer; bytes of its blob */
	STEP_DONE,
	STEP_HERE,  /* it was here already … */
	STEP_THERE, /* … or there */
	STEP_COUNT,
};
struct image_progress {
	enum image_step step;
	const char *blob;     /* its digest; NULL: of all there is */
	uint64_t done, total; /* bytes; total 0: not known */
};

struct load_options {
	const char *worker; /* path of the paene-worker program */
	uint64_t max_layer_bytes, max_layer_files; /* uncompressed; 0: no limit */
	bool rootless; /* device nodes can't be made here: layers go without them */
	bool one_id;   /* we have no other: it owns every file */
	void (*progress)(const struct image_progress *p, void *arg); /* called now and then; NULL: not wanted */
	void *progress_arg;
};

/**
 * image_load() - Take in a docker-archive, an OCI archive (plain, gzip, zstd) or an OCI layout folder
 * @input:	File, pipe or folder; not consumed
 * @what:	What to call it in messages ("app.tar", "standard input")
 *
 * All or nothing for each image, one after the other: it is read, checked, unpacked and made durable, then published: blobs,
 * layers, record, then names. A killed load leaves work for store_sweep() only.
 *
 * Return: 0, or -errno with @e filled
 */
int image_load(const struct store *s, int input, const char *what, const struct load_options *o,
	       struct load_result *ret, struct err *e);

/* Give an image a further name. An existing one moves, and says so in *ret_moved. */
int image_tag(const struct store *s, const char *source, const char *name, bool *ret_moved, struct err *e);

struct remove_result {
	struct arena arena;
	char *id;		       /* of the image */
	struct strv untagged, deleted; /* references; sha256:ID */
};

/**
 * image_untag() - Take names away from an image, which stays
 * @names:	@n of them; none: all that it has
 *
 * Return: 0, or -errno with @e filled (-EINVAL: one of them names another image; those before it are gone)
 */
int image_untag(const struct store *s, const char *name, char *const *names, size_t n, struct remove_result *ret,
		struct err *e);

/**
 * image_remove() - Take a name away, and with the last one the image, its blobs and the layers that no other image has
 * @name:	A reference: only that name goes, the image with its last one. An id: the image with all its names
 * @force:	By id: even with several names
 * @in_use:	Asked before content goes: returns who uses this image (manifest hex), "container web", or NULL
 *
 * Return: 0, or -errno with @e filled (-EBUSY: in use, said by whom; -ENOENT)
 */
int image_remove(const struct store *s, const char *name, bool force,
		 const char *(*in_use)(const char *manifest, void *arg), void *arg, struct remove_result *ret,
		 struct err *e);

#endif
