// SPDX-License-Identifier: Apache-2.0
#include "cli/image_made.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fd.h"
#include "cli/output.h"

int image_made(const struct call *c, const struct engine *g, enum event_status what, const struct derived *made,
	       const char *iidfile, struct err *e)
{
	verb_tell_image(g, what, made->config, *made->name ? made->name : NULL);
	if (made->moved) {
		char *text = arena_printf(c->arena, "%s named another image before", made->name);

		output_warning(c, text ? text : made->name);
	}
	output_line(made->config);
	auto_fd int fd = iidfile ? open(iidfile, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
	int r = fd >= 0 ? fd_write_all(fd, made->config, strlen(made->config)) : iidfile ? -errno : 0;

	return r < 0 ? err_set(e, -r, "write the image's id to %s", iidfile) : 0;
}

int image_made_format(const char *text, bool *ret_docker, struct err *e)
{
	*ret_docker = text && streq(text, "docker");
	if (!text || *ret_docker || streq(text, "oci"))
		return 0;
	return err_say(e, EINVAL, "--format %s: it is oci or docker", text);
}
