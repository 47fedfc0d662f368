/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cdi.h: devices by the names that their vendors give them: --device VENDOR/CLASS=NAME, what that means being said in files in
 * /etc/cdi and /run/cdi (Container Device Interface). Those in JSON are read, not those in YAML.
 */
#ifndef RUNTIME_CDI_H
#define RUNTIME_CDI_H

#include "base/err.h"
#include "spec/spec.h"

/* "vendor.com/class=name"? Then it is no path. */
bool cdi_is_name(const char *word);

/* What has to be added to a configuration; lists of what the files say. */
struct cdi_node {
	char *path, *host_path, *type, *permissions; /* but for path NULL: not said */
	struct opt_u32 file_mode, uid, gid;
};
struct cdi_mount {
	char *host_path, *container_path, *type;
	struct strv options;
};
struct cdi_hook {
	char *name; /* of the stage */
	struct spec_hook hook;
};
struct cdi_edits {
	struct strv env;
	struct {
		struct cdi_node *v;
		size_t n;
	} nodes;
	struct {
		struct cdi_mount *v;
		size_t n;
	} mounts;
	struct {
		struct cdi_hook *v;
		size_t n;
	} hooks;
	struct spec_u32_list gids;
};

/**
 * cdi_find() - What a device's name stands for
 * @word:	cdi_is_name() is true of it
 * @folders:	Where to look, the most important one last; ends with NULL
 * @ret:	What holds for all devices of its file, and its own; in @a
 *
 * Return: 0, or -errno with @e filled (-ENOENT: nobody knows the name)
 */
int cdi_find(const char *word, const char *const *folders, struct arena *a, struct cdi_edits ret[2], struct err *e);

#endif
