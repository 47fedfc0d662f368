// SPDX-License-Identifier: Apache-2.0
/* Which mounts of a machine a container made of it gets: pure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "namespaces/host_root.h"

static struct arena arena;

static int free_arena(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static const char laptop[] =
	"28 1 254:1 / / rw,relatime shared:1 - ext4 /dev/mapper/root rw\n"
	"22 28 0:21 / /proc rw,nosuid shared:12 - proc proc rw\n"
	"23 28 0:22 / /sys rw,nosuid shared:2 - sysfs sysfs rw\n"
	"24 28 0:6 / /dev rw,nosuid shared:8 - devtmpfs udev rw\n"
	"25 24 0:23 / /dev/pts rw shared:9 - devpts devpts rw\n"
	"26 28 0:24 / /run rw,nosuid shared:11 - tmpfs tmpfs rw\n"
	"99 26 0:55 / /run/user/1000 rw shared:12 - tmpfs tmpfs rw\n"
	"40 28 0:40 / /tmp rw shared:31 - tmpfs tmpfs rw\n"
	"41 28 259:2 / /boot rw shared:32 - ext4 /dev/nvme0n1p2 rw\n"
	"42 41 259:1 / /boot/efi rw shared:33 - vfat /dev/nvme0n1p1 rw\n"
	"43 28 0:42 /@home /home rw,nosuid,nodev shared:34 - btrfs /dev/mapper/home rw\n"
	"44 28 7:0 / /snap/core/1 ro,nodev shared:35 - squashfs /dev/loop0 ro\n"
	"45 28 0:50 / /mnt/share rw shared:36 - nfs4 server:/export rw\n"
	"46 28 0:51 / /mnt/with\\040blank\\134 rw - fuse.sshfs host:/ rw\n"
	"47 28 0:52 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw,lowerdir=/a\n"
	"48 28 0:53 / /media rw shared:40 - autofs systemd-1 rw\n"
	"49 28 0:54 / /var/cache rw shared:41 master:2 - tmpfs tmpfs rw\n"
	"50 28 254:1 /etc/x /etc/resolv.conf rw - ext4 /dev/mapper/root rw\n"
	"51 28 0:60 / /runner rw - zfs pool/runner rw\n";

static void test_laptop(void **state)
{
	static const struct {
		const char *path;
		bool overlay, writable;
		uint64_t id;
	} expected[] = {
		{ "/", true, true, 28 },
		{ "/boot", true, true, 41 },
		{ "/boot/efi", false, true, 42 },
		{ "/etc/resolv.conf", true, true, 50 }, /* that it is a file is seen when it is opened */
		{ "/home", true, true, 43 },
		{ "/mnt/share", false, true, 45 },
		{ "/mnt/with blank\\", false, true, 46 },
		{ "/runner", true, true, 51 },
		{ "/snap/core/1", false, false, 44 },
		{ "/var/cache", false, true, 49 },
	};
	struct host_mount *v;
	struct err e;
	size_t n;

	(void)state;
	assert_int_equal(host_root_parse(&arena, laptop, &v, &n, &e), 0);
	assert_int_equal(n, ARRAY_SIZE(expected));
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(v[i].path, expected[i].path);
		assert_int_equal(v[i].overlay, expected[i].overlay);
		assert_int_equal(v[i].writable, expected[i].writable);
		assert_int_equal(v[i].id, expected[i].id);
	}
}

/* In a container, the root may be an overlay; it is the root all the same. */
static void test_root_of_any_kind(void **state)
{
	struct host_mount *v;
	struct err e;
	size_t n;

	(void)state;
	assert_int_equal(host_root_parse(&arena, "1 0 0:30 / / rw - overlay overlay rw\n", &v, &n, &e), 0);
	assert_int_equal(n, 1);
	assert_true(v[0].overlay);
	assert_string_equal(v[0].type, "overlay");
}

static void test_broken_lines(void **state)
{
	static const char *const texts[] = {
		"",
		"\n\n",
		"1 2 3\n",
		"1 0 8:1 / / rw shared:1 ext4 /dev/sda rw\n",  /* no dash */
		"1 0 8:1 / / rw shared:1 -\n",		       /* nothing after it */
		"x 0 8:1 / / rw - ext4 /dev/sda rw\n",	       /* no number */
		"1 0 8:1 / relative rw - ext4 /dev/sda rw\n",
		"1 0 8:1 / / rw a b c d e f g h - ext4 x rw\n", /* too many fields */
	};
	struct host_mount *v;
	struct err e;
	size_t n;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_int_equal(host_root_parse(&arena, texts[i], &v, &n, &e), 0);
		assert_int_equal(n, 0);
	}
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(host_root_name(&arena, "/"), "%2F");
	assert_string_equal(host_root_name(&arena, "/home"), "%2Fhome");
	assert_string_equal(host_root_name(&arena, "/a,b:c\\\xff"), "%2Fa%2Cb%3Ac%5C%FF");
	assert_string_equal(host_root_name(&arena, "/%2F"), "%2F%252F");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_laptop),
		cmocka_unit_test(test_root_of_any_kind),
		cmocka_unit_test(test_broken_lines),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("namespaces: the host's root", tests, NULL, free_arena);
}
