/* Texts of memories in few bytes. */
#include "rig/unit.h"

#include "dice.h"
#include "transit/event/memo.h"
#include "transit/event/pack.h"

#define KEY "6GE204567891-INV0001"

static size_t comes_back(struct pack_names *names, const char *text)
{
	unsigned char packed[PACK_BYTES(MEMO_BYTES)];
	char again[MEMO_BYTES];
	size_t bytes = pack_text(names, KEY, text, packed, PACK_BYTES(strlen(text)));

	assert_true(bytes > 0);
	assert_true(pack_read(names, KEY, packed, bytes, again, strlen(text) + 1));
	assert_string_equal(again, text);
	return bytes;
}

static void any_text_comes_back_as_it_was(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"  a  ",
		"0 1 -1 -4 -5 59 60 77 127 128 -0 00 007 +7 1e9 0x10 -",
		"9223372036854775807 -9223372036854775808 9223372036854775808 -9223372036854775809",
		"1772431231000000000 1772431231000000001 -1000000000 99999999999999999999999",
		KEY " " KEY "~AA 6GE204567891-INV000 % %20 az-ganja az-ganja ge-red-bridge",
		"entry-1-5b0f3a4e-1005000 \xd0\x96\xd0\xb6 12a",
		"-1 6 0 -2 7 7 6 6 6 A 1 1 ",
		"1772431231000000000 1772431230999999999 1772431231000001000 1772427631000000000",
		"1000000000000000000 999999999999999999 9223372036854775806 1000000000000000001",
		"-()/.:_?@ ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZ ~A a~",
	};
	char text[MEMO_BYTES];
	struct pack_names names = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		(void)comes_back(&names, texts[i]);
	for (size_t bytes = 100; bytes < MEMO_BYTES; bytes += 77) {
		memset(text, 'A', bytes);
		text[bytes] = '\0';
		(void)comes_back(&names, text);
		memset(text, ' ', bytes / 2);
		(void)comes_back(&names, text);
	}
	pack_names_fini(&names);
}

static void what_returns_is_kept_once_and_no_more_than_there_is_room_for(void **state)
{
	struct pack_names names = {0};
	char text[MEMO_BYTES];

	(void)state;
	assert_int_equal(comes_back(&names, "az-ganja " KEY " 3 1772431231000000000 %"),
			 1 + 1 + 1 + 2 + 1);
	for (int i = 0; i < 3 * PACK_NAMES; i++) {
		snprintf(text, sizeof(text), "name-%c-%d az-ganja", 'a' + i % 26, i);
		(void)comes_back(&names, text);
	}
	assert_int_equal(names.count, PACK_NAMES);
	/* two small numbers, a time beside another, and eight capitals */
	assert_int_equal(comes_back(&names, "0 1 1772431232000000000 GE000123"), 1 + 2 + 1 + 6);
	pack_names_fini(&names);
}

static void a_field_that_is_there_is_never_denied(void **state)
{
	static const char *const fields[] = {
		"GE4711", "4711", "0815", "-7", "1772431231000000000", KEY, "%", "gw1", "ge-poti"};
	unsigned char packed[PACK_BYTES(MEMO_BYTES)];
	struct pack_names names = {0};
	char text[MEMO_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(fields); i++) {
		size_t bytes;

		snprintf(text, sizeof(text), "3 az-ganja 1772431231123456789 %s XX9999 7",
			 fields[i]);
		bytes = pack_text(&names, KEY, text, packed, sizeof(packed));
		assert_true(pack_may_have(&names, KEY, packed, bytes, fields[i]));
		assert_false(pack_may_have(&names, KEY, packed, bytes, "GE4712"));
	}
	pack_names_fini(&names);
}

static void what_is_packed_piece_by_piece_comes_back_in_its_order(void **state)
{
	struct pack_names names = {0};
	unsigned char bytes[256];
	struct packing packing = {.out = bytes, .size = sizeof(bytes)};
	struct unpacking unpacking = {.at = bytes};
	char field[32];

	(void)state;
	pack_bits(&packing, INT64_MIN);
	pack_field(&packing, &names, "entry-1");
	pack_field(&packing, NULL, "");
	pack_field(&packing, &names, "/1772431231000000000");
	pack_bits(&packing, -1);
	unpacking.end = bytes + packing.bytes;
	assert_false(packing.overflow);
	assert_true(unpack_bits(&unpacking) == INT64_MIN);
	unpack_field(&unpacking, &names, field, sizeof(field));
	assert_string_equal(field, "entry-1");
	unpack_field(&unpacking, &names, field, sizeof(field));
	assert_string_equal(field, "");
	unpack_field(&unpacking, &names, field, sizeof(field));
	assert_string_equal(field, "/1772431231000000000");
	assert_int_equal(unpack_bits(&unpacking), -1);
	assert_false(unpacking.bad);
	unpack_field(&unpacking, &names, field, sizeof(field));
	assert_true(unpacking.bad);
	pack_names_fini(&names);
}

static void what_was_not_packed_is_refused(void **state)
{
	struct pack_names names = {0};
	unsigned char bytes[64];
	struct dice dice = {.state = 7};
	char text[100];

	(void)state;
	for (int round = 0; round < 100000; round++) {
		size_t count = (size_t)roll(&dice, sizeof(bytes)) + 1;

		for (size_t i = 0; i < count; i++)
			bytes[i] = (unsigned char)roll(&dice, 256);
		if (pack_read(&names, KEY, bytes, count, text, sizeof(text)))
			assert_true(strlen(text) < sizeof(text));
	}
	assert_false(pack_read(&names, KEY, bytes, 0, text, sizeof(text)));
	assert_false(pack_read(&names, KEY,
			       (const unsigned char *)"\xff"
						      "A",
			       2, text, sizeof(text)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_text_comes_back_as_it_was),
		cmocka_unit_test(what_returns_is_kept_once_and_no_more_than_there_is_room_for),
		cmocka_unit_test(a_field_that_is_there_is_never_denied),
		cmocka_unit_test(what_is_packed_piece_by_piece_comes_back_in_its_order),
		cmocka_unit_test(what_was_not_packed_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
