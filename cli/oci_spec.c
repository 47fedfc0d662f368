// SPDX-License-Identifier: Apache-2.0
/* spec: a configuration to begin with: runc's own, so that what is written about that one holds here. */
#include <errno.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "cli/oci.h"
#include "spec/spec.h"
#include "spec/text.h"

#define CONFIG_FILE "config.json"
#define CONFIG_MODE 0644
#define INDENTATION 4

#define CAPABILITIES "[\"CAP_AUDIT_WRITE\", \"CAP_KILL\", \"CAP_NET_BIND_SERVICE\"]"

static const char example[] =
	"{\"ociVersion\": \"" SPEC_VERSION "\","
	" \"process\": {"
	"  \"terminal\": true, \"user\": {\"uid\": 0, \"gid\": 0}, \"args\": [\"sh\"], \"cwd\": \"/\","
	"  \"env\": [\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\", \"TERM=xterm\"],"
	"  \"capabilities\": {"
	"   \"bounding\": " CAPABILITIES ", \"effective\": " CAPABILITIES ", \"permitted\": " CAPABILITIES "},"
	"  \"rlimits\": [{\"type\": \"RLIMIT_NOFILE\", \"hard\": 1024, \"soft\": 1024}],"
	"  \"noNewPrivileges\": true},"
	" \"root\": {\"path\": \"rootfs\", \"readonly\": true},"
	" \"hostname\": \"paene\","
	" \"mounts\": ["
	"  {\"destination\": \"/proc\", \"type\": \"proc\", \"source\": \"proc\"},"
	"  {\"destination\": \"/dev\", \"type\": \"tmpfs\", \"source\": \"tmpfs\","
	"   \"options\": [\"nosuid\", \"strictatime\", \"mode=755\", \"size=65536k\"]},"
	"  {\"destination\": \"/dev/pts\", \"type\": \"devpts\", \"source\": \"devpts\","
	"   \"options\": [\"nosuid\", \"noexec\", \"newinstance\", \"ptmxmode=0666\", \"mode=0620\", \"gid=5\"]},"
	"  {\"destination\": \"/dev/shm\", \"type\": \"tmpfs\", \"source\": \"shm\","
	"   \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"mode=1777\", \"size=65536k\"]},"
	"  {\"destination\": \"/dev/mqueue\", \"type\": \"mqueue\", \"source\": \"mqueue\","
	"   \"options\": [\"nosuid\", \"noexec\", \"nodev\"]},"
	"  {\"destination\": \"/sys\", \"type\": \"sysfs\", \"source\": \"sysfs\","
	"   \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"ro\"]},"
	"  {\"destination\": \"/sys/fs/cgroup\", \"type\": \"cgroup\", \"source\": \"cgroup\","
	"   \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"relatime\", \"ro\"]}],"
	" \"linux\": {"
	"  \"namespaces\": [{\"type\": \"pid\"}, {\"type\": \"network\"}, {\"type\": \"ipc\"}, {\"type\": \"uts\"},"
	"   {\"type\": \"mount\"}, {\"type\": \"cgroup\"}],"
	"  \"resources\": {\"devices\": [{\"allow\": false, \"access\": \"rwm\"}]},"
	"  \"maskedPaths\": [\"/proc/acpi\", \"/proc/asound\", \"/proc/kcore\", \"/proc/keys\", \"/proc/latency_stats\","
	"   \"/proc/timer_list\", \"/proc/timer_stats\", \"/proc/sched_debug\", \"/sys/firmware\", \"/proc/scsi\"],"
	"  \"readonlyPaths\": [\"/proc/bus\", \"/proc/fs\", \"/proc/irq\", \"/proc/sys\", \"/proc/sysrq-trigger\"]}}";

struct spec_options {
	const char *bundle;
	bool rootless;
};

static const struct option rows[] = {
	OPT_STRING(struct spec_options, bundle, "bundle", 'b', "DIR", "write it in this folder; default: the current one"),
	OPT_FLAG(struct spec_options, rootless, "rootless", 0, "one that an ordinary user can run"),
};

/* Groups such as that of terminals are not in a map of one. */
static void drop_owners(json_t *options)
{
	for (size_t i = json_array_size(options); i-- > 0;) {
		const char *word = json_string_value(json_array_get(options, i));

		if (str_after(word, "uid=") || str_after(word, "gid="))
			(void)json_array_remove(options, i); /* it is there */
	}
}

static json_t *map_to(uint32_t id)
{
	return json_pack("[{s:i, s:I, s:i}]", "containerID", 0, "hostID", (json_int_t)id, "size", 1);
}

/* A user namespace with this user alone in it, the host's network and what /sys says of it, and no limits. */
static int make_rootless(json_t *config, struct err *e)
{
	json_t *l = json_object_get(config, "linux"), *item;
	int failed = json_object_set_new(l, "uidMappings", map_to(geteuid())) |
		     json_object_set_new(l, "gidMappings", map_to(getegid())) | json_object_del(l, "resources");
	size_t i;

	json_array_foreach (json_object_get(l, "namespaces"), i, item)
		if (streq(json_string_value(json_object_get(item, "type")), "network"))
			failed |= json_object_set_new(item, "type", json_string("user"));
	json_array_foreach (json_object_get(config, "mounts"), i, item) {
		drop_owners(json_object_get(item, "options"));
		if (streq(json_string_value(json_object_get(item, "destination")), "/sys"))
			failed |= json_object_update_new(item, json_pack("{s:s, s:s, s:[s, s, s, s, s]}", "type", "none",
									 "source", "/sys", "options", "rbind", "nosuid",
									 "noexec", "nodev", "ro"));
	}
	return failed ? err_nomem(e) : 0;
}

static int run(const struct call *c, struct err *e)
{
	const struct spec_options *o = c->options;
	json_auto_t *config = NULL;
	auto_fd int dir = path_open_dir(o->bundle ? o->bundle : ".", 0, e);
	int r = dir < 0 ? dir : json_from_text(example, strlen(example), &config, e);

	if (r >= 0 && o->rootless)
		r = make_rootless(config, e);
	if (r < 0)
		return r;
	auto_free char *text = json_dumps(config, JSON_INDENT(INDENTATION));

	if (!text)
		return err_nomem(e);
	r = file_publish(dir, CONFIG_FILE, text, strlen(text), CONFIG_MODE, FILE_EXCL, e);
	return r == -EEXIST ? err_say(e, EEXIST, "File " CONFIG_FILE " exists. Remove it first") : r;
}

const struct verb oci_spec = {
	.name = "spec",
	.group = "Other",
	.arguments = "",
	.help = "a configuration to edit",
	.about = "Write a config.json that runs sh in the folder rootfs beside it.",
	.options = OPTIONS(rows, struct spec_options),
	.run = run,
};
