/* SPDX-License-Identifier: Apache-2.0 */
/* oci_criu.h: the flags that checkpoint and restore have in common. */
#ifndef CLI_OCI_CRIU_H
#define CLI_OCI_CRIU_H

#include "cli/args.h"
#include "runtime/criu.h"

/* Their rows; @type has them as its member `criu`, a struct criu_choices. */
/* clang-format off */
#define CRIU_ROWS(type) \
	OPT_STRING(type, criu.image_path, "image-path", 0, "DIR", "the checkpoint; default: ./checkpoint"), \
	OPT_STRING(type, criu.work_path, "work-path", 0, "DIR", "for criu's log; default: the checkpoint's folder"), \
	OPT_FLAG(type, criu.tcp_established, "tcp-established", 0, "with open TCP connections"), \
	OPT_FLAG(type, criu.tcp_close, "tcp-close", 0, "with open TCP connections, which are closed by it"), \
	OPT_FLAG(type, criu.ext_unix_sk, "ext-unix-sk", 0, "with Unix sockets to the outside"), \
	OPT_FLAG(type, criu.shell_job, "shell-job", 0, "with a session or terminal from outside"), \
	OPT_FLAG(type, criu.file_locks, "file-locks", 0, "with locks on files"), \
	OPT_FLAG(type, criu.lazy_pages, "lazy-pages", 0, "memory later, when it is used"), \
	OPT_FLAG(type, criu.auto_dedup, "auto-dedup", 0, "memory is stored once in a row of checkpoints"), \
	OPT_STRING(type, criu.cgroup_mode, "manage-cgroups-mode", 0, "MODE", \
		   "of cgroups inside: soft (default), full, strict, ignore"), \
	OPT_STRING(type, criu.network_lock, "network-lock", 0, "METHOD", \
		   "keep connections quiet meanwhile by iptables, nftables, or skip it"), \
	OPT_LIST(type, criu.empty_ns, "empty-ns", 0, "KIND", "a namespace (network) without what was in it: always so")
/* clang-format on */

#endif
