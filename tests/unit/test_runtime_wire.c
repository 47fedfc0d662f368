// SPDX-License-Identifier: Apache-2.0
/* Messages in the encoding that criu speaks: known bytes, everything that was written is read again, and bytes cut anywhere. */
#include "runtime_world.h"

#include "runtime/wire.h"

static void test_known_bytes(void **state)
{
	/* the examples of protobuf.dev: field 1 is 150; field 2 is "testing"; field 3 is the first message */
	static const unsigned char want[] = { 0x08, 0x96, 0x01, 0x12, 0x07, 't', 'e', 's', 't', 'i', 'n', 'g', 0x1a, 0x03, 0x08, 0x96, 0x01 };
	auto_arena struct arena a = { 0 };
	struct wire inner = { .arena = &a }, w = { .arena = &a };

	(void)state;
	wire_number(&inner, 1, 150);
	wire_number(&w, 1, 150);
	wire_text(&w, 2, "testing");
	wire_text(&w, 9, NULL);
	wire_message(&w, 3, &inner);
	assert_false(w.failed);
	assert_int_equal(w.n, sizeof(want));
	assert_memory_equal(w.v, want, sizeof(want));
}

static void test_numbers(void **state)
{
	static const uint64_t numbers[] = { 0, 1, 127, 128, 300, UINT32_MAX, INT64_MAX, UINT64_MAX, (uint64_t)-1 };
	auto_arena struct arena a = { 0 };
	struct wire w = { .arena = &a };
	struct wire_field f;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		wire_number(&w, (unsigned)(1 + i * 1000), numbers[i]);
	struct wire_view v = { w.v, w.n };

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		assert_int_equal(wire_next(&v, &f), 1);
		assert_int_equal(f.field, 1 + i * 1000);
		assert_true(f.is_number);
		assert_true(f.number == numbers[i]);
	}
	assert_int_equal(wire_next(&v, &f), 0);
}

static void test_bytes(void **state)
{
	auto_arena struct arena a = { 0 };
	struct wire w = { .arena = &a };
	struct wire_field f;
	char big[5000];

	(void)state;
	memset(big, 'x', sizeof(big));
	wire_bytes(&w, 1, "", 0);
	wire_bytes(&w, 2, big, sizeof(big));
	wire_bytes(&w, 3, "a\0b", 3);
	struct wire_view v = { w.v, w.n };

	assert_int_equal(wire_next(&v, &f), 1);
	assert_int_equal(f.bytes.n, 0);
	assert_string_equal(wire_string(&a, &f), "");
	assert_int_equal(wire_next(&v, &f), 1);
	assert_int_equal(f.bytes.n, sizeof(big));
	assert_memory_equal(f.bytes.v, big, sizeof(big));
	assert_int_equal(wire_next(&v, &f), 1);
	assert_string_equal(wire_string(&a, &f), "a");
	assert_int_equal(wire_next(&v, &f), 0);
}

/* Kinds that we never write, and pass over. */
static void test_fixed(void **state)
{
	static const unsigned char bytes[] = { 0x09, 1, 2, 3, 4, 5, 6, 7, 8, 0x15, 1, 2, 3, 4, 0x18, 5 };
	struct wire_view v = { bytes, sizeof(bytes) };
	struct wire_field f;

	(void)state;
	assert_int_equal(wire_next(&v, &f), 1);
	assert_int_equal(f.bytes.n, 8);
	assert_int_equal(wire_next(&v, &f), 1);
	assert_int_equal(f.bytes.n, 4);
	assert_int_equal(wire_next(&v, &f), 1);
	assert_int_equal(f.number, 5);
	assert_int_equal(wire_next(&v, &f), 0);
}

static void test_nonsense(void **state)
{
	static const struct {
		unsigned char bytes[12];
		size_t n;
	} wrong[] = {
		{ { 0x08 }, 1 },			 /* no value */
		{ { 0x08, 0x80 }, 2 },			 /* a number that does not end */
		{ { 0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80 }, 11 }, /* nor within 64 bits */
		{ { 0x12, 0x05, 'a' }, 3 },		 /* fewer bytes than said */
		{ { 0x12, 0xff, 0xff, 0xff, 0xff, 0x0f }, 6 },
		{ { 0x09, 1, 2, 3 }, 4 },
		{ { 0x15, 1, 2 }, 3 },
		{ { 0x0b }, 1 },			 /* a group: long out of use */
		{ { 0x00, 0x01 }, 2 },			 /* field 0 */
	};
	struct wire_field f;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct wire_view v = { wrong[i].bytes, wrong[i].n };

		assert_int_equal(wire_next(&v, &f), -EBADMSG);
	}
}

/* However it is cut, the fields before the cut are whole, and reading ends. */
static void test_cut(void **state)
{
	auto_arena struct arena a = { 0 };
	struct wire w = { .arena = &a };
	struct wire_field f;

	(void)state;
	for (unsigned i = 1; i < 20; i++) {
		wire_number(&w, i, (uint64_t)i << (3 * i));
		wire_text(&w, i, "some text");
	}
	for (size_t n = 0; n <= w.n; n++) {
		struct wire_view v = { w.v, n };
		int r;

		while ((r = wire_next(&v, &f)) > 0)
			assert_true(f.is_number || f.bytes.n == strlen("some text"));
		assert_true(r == 0 || r == -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_bytes), cmocka_unit_test(test_numbers), cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_fixed),	    cmocka_unit_test(test_nonsense), cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
