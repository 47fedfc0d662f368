/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protocol.h: what `paene` and `paene-worker` say to each other, over one SOCK_SEQPACKET socket, the worker's fd 3.
 *
 * The worker is started for one job, with an empty environment and no fd but 0 to 2 (/dev/null, and stderr for a crash's
 * last words) and 3. It receives one WORK_JOB with fds, locks itself in (images/worker/sandbox.h), says WORK_LOCKED, and
 * only then reads the first untrusted byte. It answers with any number of WORK_PROGRESS and one WORK_DONE or WORK_FAILED;
 * an end of file without them is a crash. Numbers and names that come from it are as untrusted as the archive: the parent
 * checks sizes and names again before it uses them.
 *
 *   job     fds                                    what it leaves behind
 *   import  input (file, pipe or folder), work     in work/: a file HEX for each blob, its sha256 verified; `images.json`
 *   unpack  blob, target [, lower] [, more]        in target/: the layer's tree, whiteouts as overlayfs knows them
 *   describe folder, work                          in work/: manifest and config as HEX; `images.json` (see below)
 *   show    JSON file, work                        in work/: WORK_SHOWN_FILE, the same, indented, in ASCII
 *   pack    output, tree (tree_job.h)              a tar stream in the output, compressed if that is asked for
 *   extract input, tree                            the stream's files in the tree
 *   store   input, work                            in work/: WORK_LAYER_FILE, the input's plain bytes, compressed as asked for
 *   derive  a record, work                         in work/: manifest and config that say what it says, as HEX; `images.json`
 *   signatures manifest, work                     in work/: SIGNED_FILE (images/signed.h)
 *   verify  payload, work, key (PEM)               nothing
 *
 * A layer may name files in folders that it does not have itself, or hard-link to files of lower layers. A job that meets
 * one ends at once with WORK_DONE and needs_lower; what is in target/ then is a part of the layer: the parent removes it
 * and gives the job again, with an empty target and a folder fd of the merged lower layers (read-only; never written by
 * the worker), from which those folders' owners and modes and those files are copied. A layer with nothing below it is
 * marked `lowest` instead: folders left out are made (root's, 0755), such a hard link is an error, needs_lower never set.
 *
 * With `grows`, the blob is on its way: where the file ends before blob_bytes, the worker waits for a byte in `more` and looks
 * again. The end of that pipe before all bytes are there is the error EREMOTEIO: who brings the blob knows why.
 *
 * `describe` walks from an index or a manifest (blob_digest, media_type) to the image's record. What it needs lies in the folder,
 * by digest, as the registry gave it; the worker trusts nothing there, checks each digest, and leaves copies in work/. Where
 * something is not there yet it ends with WORK_DONE and a `want`; the parent fetches that and gives the job again.
 *
 * An unpacked tree is not made durable by the worker: syncfs is the parent's, before it publishes.
 */
#ifndef IMAGES_PROTOCOL_H
#define IMAGES_PROTOCOL_H

#include "images/platform.h"
#include "images/tree_job.h"

#define DIGEST_HEX 64 /* sha256: digits of its hexadecimal form */

enum work_type {
	WORK_JOB,      /* parent → worker: struct work_job and its fds */
	WORK_LOCKED,   /* worker → parent: from here on untrusted bytes are read */
	WORK_PROGRESS, /* struct work_progress */
	WORK_FOUND,    /* pack, before it sends anything: struct work_found */
	WORK_DONE,     /* struct work_done */
	WORK_FAILED,   /* struct err */
};

enum work_kind {
	WORK_IMPORT,
	WORK_UNPACK,
	WORK_DESCRIBE,
	WORK_SHOW,
	WORK_PACK,
	WORK_EXTRACT,
	WORK_STORE,
	WORK_DERIVE,
	WORK_SIGNATURES,
	WORK_VERIFY,
	WORK_KINDS,
};

enum work_compression {
	COMPRESSION_DETECT, /* by the first bytes */
	COMPRESSION_NONE,
	COMPRESSION_GZIP,
	COMPRESSION_ZSTD,
};

#define WORK_TYPE_MAX 128 /* of a media type */
#define WORK_SIGNATURE_MAX 256 /* of a signature as base64: one of P-256 has 96 characters */
#define WORK_NAME_MAX 512 /* of an image's name in a signature */

struct work_job {
	enum work_kind kind;
	enum work_compression compression; /* of the archive, or of the layer */
	bool input_is_folder;		   /* import: an OCI layout directory */
	char blob_digest[DIGEST_HEX + 1];  /* unpack: sha256 of the blob as it is; "": not checked (it was, by us) */
	char diff_id[DIGEST_HEX + 1];	   /* unpack: sha256 of what comes out of it */
	uint64_t blob_bytes;		   /* unpack: its size; 0: not known */
	uint64_t max_bytes;		   /* more than this, uncompressed, is refused; 0: no limit of ours. import: per file */
	uint64_t max_files;		   /* unpack: more entries than this are refused; 0: no limit of ours */
	bool rootless;			   /* device nodes can't be made: they are skipped */
	bool one_id;			   /* unpack: we have no other: it owns every file */
	bool lowest;			   /* unpack: nothing lies below this layer */
	bool grows;			   /* unpack: the last fd is `more` */
	bool one_of_many;		   /* unpack: others run, too: zstd windows of 8 MiB at most, else of 128 */
	char media_type[WORK_TYPE_MAX];	   /* describe: as the registry calls it; "": it does not say */
	struct image_platform platform;	   /* describe: for which an image is chosen */
	struct tree_job tree;		   /* pack, extract */
	char signature[WORK_SIGNATURE_MAX]; /* verify: base64 */
	char subject[DIGEST_HEX + 1];	   /* verify: sha256 of the manifest that must have been signed */
};

struct work_progress {
	uint64_t done_bytes; /* of the input */
	uint64_t total_bytes; /* 0: not known */
};

struct work_found {
	bool is_folder; /* what is at the path */
};

struct work_want {
	char digest[DIGEST_HEX + 1]; /* "": nothing, images.json is written */
	uint64_t bytes;
	bool config; /* it is a blob; else a manifest */
};

struct work_done {
	uint64_t bytes;	      /* unpack: sum of file sizes; import: of blobs */
	uint64_t entries;
	bool needs_lower;     /* unpack: ended early, to be done again with a lower fd (see above) */
	bool needs_memory;    /* unpack: ended early, to be done again while no other runs */
	char chain_detail[80]; /* the first path that needed it, harmless text */
	struct work_want want; /* describe */
	/* pack, store: what came out, and sha256 of it before and after compression */
	uint64_t packed_bytes;
	char diff_id[DIGEST_HEX + 1], digest[DIGEST_HEX + 1];
	char signed_name[WORK_NAME_MAX]; /* verify: the name that the image was signed with; harmless text */
};

struct work_message {
	enum work_type type;
	union {
		struct work_job job;
		struct work_progress progress;
		struct work_found found;
		struct work_done done;
		struct err err;
	};
};

/*
 * images.json of an import, written by the worker from what it has checked, read by the parent with the tables of
 * images/record.h: { "images": [ RECORD… ] }, each with "names": the references that the archive lists for it.
 */
#define WORK_IMAGES_FILE "images.json"
#define WORK_IMAGES_MAX	 (16 << 20)
#define WORK_SHOWN_FILE	 "shown.json"
#define WORK_LAYER_FILE	 "layer"

#endif
