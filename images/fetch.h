/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch.h: what `paene` and `paene-fetch` say to each other, over one SOCK_SEQPACKET socket, the fetcher's fd 3.
 *
 * paene-fetch is the one process that speaks with registries: a transport, which decides nothing. One process serves one
 * repository of one registry (an endpoint: a mirror is another one) for one command. It is started with an empty environment and
 * no fd but 0 to 2 and 3. It receives one struct fetch_session with fds, locks itself in (its root holds the work folder and the
 * three files that names of hosts are resolved by; it keeps the network), says FETCH_LOCKED, and only then opens a connection.
 * From then on it serves requests, any number of them at once, and answers each with some FETCH_PROGRESS and one FETCH_DONE or
 * FETCH_FAILED, in any order. An end of file from the parent is its end.
 *
 *   request    fd                      what it leaves behind
 *   ping       -                       nothing: GET /v2/ with the credentials was answered with success
 *   head       -                       nothing: digest, media type and size of a manifest
 *   manifest   -                       in work/: a file HEX, the manifest as it came; its sha256 is what was asked for by digest
 *   blob       [more: a pipe's end]    in work/: a file HEX that grows in order from its first byte to its last. Its size and
 *                                      sha256 are right when FETCH_DONE is said, not before. After each write a byte goes into
 *                                      `more`, or none where the pipe is full; it is closed at the end, however that comes.
 *                                      What has come stays there if it fails: who reads along may still be about to open it
 *   exists     -                       nothing: whether the registry has this blob
 *   put_blob   the blob's file         the registry has the blob
 *   put        the manifest's file     the registry has the manifest under this name
 *   tags       -                       in work/: TAGS_FILE, {"names": [...]}: images/found.h reads both
 *   search     -                       in work/: SEARCH_FILE, {"results": [...]}, each a struct fetch_found; where the registry has
 *                                      no search, those of its repositories whose names have the words in them
 *
 * What comes back is as untrusted as the registry: the parent checks names, sizes and texts again. Whoever follows a blob that
 * grows reads what is not verified yet, and lets nobody see what it makes of it before FETCH_DONE.
 */
#ifndef IMAGES_FETCH_H
#define IMAGES_FETCH_H

#include "images/protocol.h"

#define FETCH_SECRET_MAX 8192 /* an identity token can be long */
#define FETCH_TAGS_FILE	  "tags.json"
#define FETCH_SEARCH_FILE "search.json"

/* One line of SEARCH_FILE: what a registry has under words; images/found.h reads and writes them. */
struct fetch_found {
	char *name;	   /* "library/debian" */
	char *description; /* at most FETCH_DESCRIPTION_MAX bytes; NULL: it has none */
	uint32_t stars;
	bool official;
};
#define FETCH_DESCRIPTION_MAX 500

struct fetch_session {
	char url[300];	      /* scheme, host and port: "https://registry-1.docker.io"; http only where the settings allow it */
	char repository[256]; /* "library/debian"; "": none (ping, search) */
	char user[256];	      /* "": nobody; FETCH_IDENTITY_USER: the password is an identity (refresh) token */
	char password[FETCH_SECRET_MAX];
	char proxy[512], no_proxy[1024]; /* as the environment of the command says for this scheme; "": none */
	bool any_certificate;		 /* the settings name the host as insecure: its certificate is not verified */
	bool push;			 /* tokens are asked for with this right too */
	uint32_t retries;		 /* after a failure that may pass; what has been had meanwhile begins the count anew */
	uint32_t idle_s;		 /* a transfer of less than FETCH_SLOW_BYTES a second for so long has failed; 0: FETCH_IDLE_S */
	/* fds after the work folder, in this order, those that are there */
	bool has_ca;		 /* a PEM file with further authorities, trusted beside the system's */
	bool has_certificate;	 /* two PEM files: the client's certificate and its key */
};
#define FETCH_IDENTITY_USER "<token>"
#define FETCH_RETRIES	    5 /* what `paene` asks for unless told otherwise */
#define FETCH_IDLE_S	    30
#define FETCH_SLOW_BYTES    1024

enum fetch_kind {
	FETCH_PING,
	FETCH_HEAD,
	FETCH_MANIFEST,
	FETCH_BLOB,
	FETCH_EXISTS,
	FETCH_PUT_BLOB,
	FETCH_PUT_MANIFEST,
	FETCH_TAGS,
	FETCH_SEARCH,
	FETCH_KINDS,
};

struct fetch_request {
	uint32_t id; /* the parent's number for it */
	enum fetch_kind kind;
	char reference[136];		/* head, manifest, put: a tag, or "sha256:HEX"; search: the words */
	char digest[DIGEST_HEX + 1];	/* blobs */
	uint64_t bytes;			/* blobs: exactly so many; manifest: at most so many */
	char media_type[128];		/* put: of the manifest */
	char mount_from[256];		/* put_blob: a repository of the same registry that may have it; "": none known */
};

/*
 * What err.code says. ENOENT: the registry has no such thing; EACCES: not allowed; EBUSY: too many requests; EILSEQ: what came is
 * not what was asked for. EHOSTUNREACH, ECONNREFUSED: nobody there; EPROTO: it does not speak TLS, or makes no sense; EKEYREJECTED:
 * it has no certificate that is trusted; ETIMEDOUT, ECONNRESET, EREMOTEIO: it broke down on the way, however often it was tried.
 */
enum fetch_answer {
	FETCH_LOCKED,
	FETCH_PROGRESS, /* done, total */
	FETCH_DONE,
	FETCH_FAILED,	/* err, status */
};

struct fetch_reply {
	enum fetch_answer type;
	uint32_t id;
	uint64_t done, total; /* bytes; progress */
	/* done */
	char digest[DIGEST_HEX + 1]; /* head, manifest, put */
	char media_type[128];	     /* head, manifest: as the registry calls it */
	uint64_t bytes;		     /* head, manifest */
	bool there;		     /* exists, put_blob: it was there or could be mounted; nothing was sent */
	/* failed */
	int status; /* of HTTP; 0: it did not come to that */
	struct err err; /* its code: see above */
};

#endif
