// SPDX-License-Identifier: Apache-2.0
#include "runtime/ksm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/utsname.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/sys.h"

#define KSM_RUN "/sys/kernel/mm/ksm/run"

bool ksm_wanted(const struct spec_map *annotations)
{
	const char *value = spec_map_get(annotations, KSM_ANNOTATION);

	return value && streq(value, "true");
}

/* 6.4 has the call, but forgets it at the next exec: 6.7 is the first of any use. */
static bool kernel_keeps_it(void)
{
	unsigned major = 0, minor = 0;
	struct utsname u;

	return uname(&u) == 0 && sscanf(u.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 7));
}

int ksm_check(const struct spec_map *annotations, struct err *e)
{
	const char *value = spec_map_get(annotations, KSM_ANNOTATION);

	if (!value || streq(value, "false"))
		return 0;
	if (!streq(value, "true"))
		return err_say(e, EINVAL, "annotation " KSM_ANNOTATION ": it is true or false, not \"%.40s\"", value);
	if (!kernel_keeps_it())
		return err_say(e, EOPNOTSUPP, "page merging (KSM) for a container needs Linux 6.7");
	if (prctl(PR_GET_MEMORY_MERGE, 0, 0, 0, 0) < 0)
		return err_say(e, EOPNOTSUPP, "this kernel was built without page merging (CONFIG_KSM)");
	return 0;
}

int ksm_enter(const struct spec_map *annotations, struct err *e)
{
	if (ksm_wanted(annotations) && prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0) < 0)
		return err_set(e, errno, "have the kernel merge this process's pages");
	return 0;
}

bool ksm_is_running(void)
{
	auto_free char *text = NULL;
	struct err ignored; /* what cannot be read does not run */

	return file_read(AT_FDCWD, KSM_RUN, 64, &text, NULL, &ignored) == 0 && *text == '1';
}
