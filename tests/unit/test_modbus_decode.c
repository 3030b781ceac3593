/* Registers to values: every type in every order, and what is no value. */
#include "rig/unit.h"

#include <inttypes.h>

#include "modbus/decode.h"

static const char *decode_conf(const struct modbus_point_conf *conf, const uint8_t *data,
			       size_t offset, struct value *ret_value)
{
	return modbus_decode(&(struct driver_point){.conf = conf}, data, offset, ret_value);
}

static const char *decode(enum modbus_type type, enum modbus_order order, const void *bytes,
			  struct value *ret_value)
{
	const struct modbus_point_conf conf = {
		.table = MODBUS_HOLDING,
		.type = (int)type,
		.order = (int)order,
		.bit = -1,
	};

	return decode_conf(&conf, bytes, 0, ret_value);
}

static const char *decode_text(const void *bytes, int registers, struct value *ret_value)
{
	const struct modbus_point_conf conf = {
		.table = MODBUS_INPUT, .type = MODBUS_STRING, .length = registers, .bit = -1};

	return decode_conf(&conf, bytes, 0, ret_value);
}

struct order_case {
	enum modbus_type type;
	const char *wire[4]; /* abcd, cdab, badc, dcba */
	struct value expected;
};

/* clang-format off */
static const struct order_case order_cases[] = {
	{MODBUS_U16, {"\x12\x34", "\x12\x34", "\x34\x12", "\x34\x12"},
	 {VALUE_INT, {.integer = 0x1234}}},
	{MODBUS_S16, {"\xff\xfe", "\xff\xfe", "\xfe\xff", "\xfe\xff"},
	 {VALUE_INT, {.integer = -2}}},
	{MODBUS_BCD16, {"\x09\x87", "\x09\x87", "\x87\x09", "\x87\x09"},
	 {VALUE_INT, {.integer = 987}}},
	{MODBUS_U32, {"\x89\xab\xcd\xef", "\xcd\xef\x89\xab", "\xab\x89\xef\xcd", "\xef\xcd\xab\x89"},
	 {VALUE_INT, {.integer = 0x89abcdef}}},
	{MODBUS_S32, {"\x89\xab\xcd\xef", "\xcd\xef\x89\xab", "\xab\x89\xef\xcd", "\xef\xcd\xab\x89"},
	 {VALUE_INT, {.integer = (int32_t)0x89abcdef}}},
	{MODBUS_F32, {"\xc2\xf6\xe9\x79", "\xe9\x79\xc2\xf6", "\xf6\xc2\x79\xe9", "\x79\xe9\xf6\xc2"},
	 {VALUE_REAL, {.real = -123.456}}},
	{MODBUS_BCD32, {"\x12\x34\x56\x78", "\x56\x78\x12\x34", "\x34\x12\x78\x56", "\x78\x56\x34\x12"},
	 {VALUE_INT, {.integer = 12345678}}},
	{MODBUS_U64, {"\x81\x02\x03\x04\x05\x06\x07\x08", "\x07\x08\x05\x06\x03\x04\x81\x02",
		      "\x02\x81\x04\x03\x06\x05\x08\x07", "\x08\x07\x06\x05\x04\x03\x02\x81"},
	 {VALUE_UINT, {.uinteger = 0x8102030405060708}}},
	{MODBUS_S64, {"\x81\x02\x03\x04\x05\x06\x07\x08", "\x07\x08\x05\x06\x03\x04\x81\x02",
		      "\x02\x81\x04\x03\x06\x05\x08\x07", "\x08\x07\x06\x05\x04\x03\x02\x81"},
	 {VALUE_INT, {.integer = (int64_t)0x8102030405060708}}},
	{MODBUS_F64, {"\x40\x09\x21\xfb\x54\x44\x2d\x18", "\x2d\x18\x54\x44\x21\xfb\x40\x09",
		      "\x09\x40\xfb\x21\x44\x54\x18\x2d", "\x18\x2d\x44\x54\xfb\x21\x09\x40"},
	 {VALUE_REAL, {.real = 3.141592653589793}}},
};
/* clang-format on */

static void every_type_is_read_in_every_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(order_cases); i++) {
		for (int order = MODBUS_ABCD; order <= MODBUS_DCBA; order++) {
			const struct order_case *c = &order_cases[i];
			struct value value;
			assert_null(
				decode(c->type, (enum modbus_order)order, c->wire[order], &value));
			if (!value_equal(&value, &c->expected))
				fail_msg("type %d order %d: type %d, %" PRIi64 ", %.17g", c->type,
					 order, value.type, value.integer, value.real);
		}
	}
}

static void float_is_the_shortest_number_that_it_is(void **state)
{
	(void)state;
	static const struct {
		const char *wire;
		double expected;
	} floats[] = {
		{"\x41\xbb\x33\x33", 23.4},	  {"\x3e\x99\x99\x9a", 0.3},
		{"\xc2\xf6\xe9\x79", -123.456},	  {"\x4b\x80\x00\x00", 16777216},
		{"\x00\x00\x00\x01", 1.4013e-45}, {"\x7f\x7f\xff\xff", 3.4028235e38},
		{"\x3e\xaa\xaa\xab", 0.33333334}, {"\x80\x00\x00\x00", 0},
	};

	for (size_t i = 0; i < COUNT(floats); i++) {
		const struct value expected = value_real(floats[i].expected);
		struct value value;
		assert_null(decode(MODBUS_F32, MODBUS_ABCD, floats[i].wire, &value));
		if (!value_equal(&value, &expected))
			fail_msg("%.17g, expected %.17g", value.real, floats[i].expected);
	}
}

static void text_loses_its_padding_only(void **state)
{
	(void)state;
	struct value value;

	assert_null(decode_text("SEAL 42\0", 4, &value));
	assert_int_equal(value.type, VALUE_TEXT);
	assert_string_equal(value.text, "SEAL 42");
	assert_null(decode_text(" AB  \xff\xff\0", 4, &value));
	assert_string_equal(value.text, "AB");
	assert_null(decode_text("  A B\r\n", 4, &value));
	assert_string_equal(value.text, "A B");
	assert_non_null(decode_text("\xff\xff\xff\xff", 2, &value));
	assert_null(decode_text("\0\0\xff\xff", 2, &value));
	assert_string_equal(value.text, "");
	assert_null(decode_text("  \0X", 2, &value));
	assert_string_equal(value.text, "");
}

static void text_ends_at_its_end_whatever_lies_behind(void **state)
{
	(void)state;
	struct value value;

	assert_null(decode_text("GE-9\0 45", 4, &value));
	assert_string_equal(value.text, "GE-9");
	assert_null(decode_text("GE-9\r\n\0\x01", 4, &value));
	assert_string_equal(value.text, "GE-9");
	assert_null(decode_text("\0old one", 4, &value));
	assert_string_equal(value.text, "");
}

static void longest_text_fits(void **state)
{
	(void)state;
	char bytes[2 * MODBUS_STRING_REGISTERS];
	struct value value;

	memset(bytes, 'x', sizeof(bytes));
	assert_null(decode_text(bytes, MODBUS_STRING_REGISTERS, &value));
	assert_int_equal(strlen(value.text), sizeof(bytes));
}

static void swapped_text_is_put_right(void **state)
{
	(void)state;
	struct modbus_point_conf conf = {.table = MODBUS_HOLDING,
					 .type = MODBUS_STRING,
					 .order = MODBUS_BADC,
					 .length = 3,
					 .bit = -1};
	struct value value;

	assert_null(decode_conf(&conf, (const uint8_t *)"ESLA\x37\x31", 0, &value));
	assert_string_equal(value.text, "SEAL17");
}

static void what_is_no_text_is_no_value(void **state)
{
	(void)state;
	struct value value;

	assert_non_null(decode_text("A\x01"
				    "BC",
				    2, &value));
	assert_non_null(decode_text("A\x80"
				    "BC",
				    2, &value));
	assert_non_null(decode_text("A\nBC", 2, &value));
	assert_non_null(decode_text("A\u202e"
				    "12",
				    3, &value)); /* turns the writing round */
	assert_non_null(decode_text("A\u200b"
				    "12",
				    3, &value)); /* a blank without width */
}

static void word_for_nothing_was_read_is_no_value(void **state)
{
	(void)state;
	static char no_read[] = "NOREAD", error[] = "ERROR";
	char *words[] = {no_read, error};
	const struct modbus_point_conf conf = {.table = MODBUS_HOLDING,
					       .type = MODBUS_STRING,
					       .length = 4,
					       .none_text = {words, 2},
					       .bit = -1};
	struct value value;

	assert_non_null(decode_conf(&conf, (const uint8_t *)"NOREAD\0\0", 0, &value));
	assert_non_null(decode_conf(&conf, (const uint8_t *)"ERROR\r\n ", 0, &value));
	assert_null(decode_conf(&conf, (const uint8_t *)"NOREAD-7", 0, &value));
	assert_string_equal(value.text, "NOREAD-7");
}

static void what_is_no_number_is_no_value(void **state)
{
	(void)state;
	struct value value;

	assert_non_null(decode(MODBUS_F32, MODBUS_ABCD, "\x7f\xc0\x00\x00", &value));
	assert_non_null(decode(MODBUS_F32, MODBUS_ABCD, "\x7f\x80\x00\x00", &value));
	assert_non_null(decode(MODBUS_F32, MODBUS_CDAB, "\x00\x00\xff\x80", &value));
	assert_non_null(decode(MODBUS_F64, MODBUS_ABCD, "\x7f\xf0\0\0\0\0\0\0", &value));
	assert_non_null(decode(MODBUS_F64, MODBUS_ABCD, "\xff\xf8\0\0\0\0\0\1", &value));
	assert_non_null(decode(MODBUS_BCD16, MODBUS_ABCD, "\x12\x3a", &value));
	assert_non_null(decode(MODBUS_BCD32, MODBUS_ABCD, "\xf2\x34\x56\x78", &value));
	assert_non_null(decode(MODBUS_BOOL, MODBUS_ABCD, "\0\2", &value));
}

static void assert_refused(enum modbus_type type, enum modbus_order order, const char *bytes,
			   uint64_t raw)
{
	struct value value;

	assert_non_null(decode(type, order, bytes, &value));
	const struct value expected = value_uint(raw);
	assert_true(value_equal(&value, &expected));
}

static void what_is_no_value_is_known_by_its_bits(void **state)
{
	(void)state;
	struct value value;

	assert_refused(MODBUS_F32, MODBUS_ABCD, "\x7f\xc0\x00\x00", 0x7fc00000);
	assert_refused(MODBUS_F32, MODBUS_CDAB, "\x00\x00\xff\x80", 0xff800000);
	assert_refused(MODBUS_F64, MODBUS_ABCD, "\xff\xf8\0\0\0\0\0\1", 0xfff8000000000001);
	assert_refused(MODBUS_BCD16, MODBUS_ABCD, "\x12\x3a", 0x123a);
	assert_refused(MODBUS_BCD32, MODBUS_ABCD, "\xf2\x34\x56\x78", 0xf2345678);
	assert_refused(MODBUS_BOOL, MODBUS_ABCD, "\xff\xff", 0xffff);
	assert_non_null(decode_text("\xff\xff\xff\xff", 2, &value));
	assert_string_equal(value.text, "0xFFFFFFFF");
	assert_non_null(decode_text("\1\2\3\4", 2, &value));
	assert_string_equal(value.text, "0x01020304");
}

static void register_that_means_none_is_none_of_its_bits(void **state)
{
	static const int64_t none[] = {0xffff, 0x8000};
	const struct modbus_point_conf conf = {.table = MODBUS_INPUT, .bit = 15};
	const struct driver_point point = {.conf = &conf, .none = none, .none_count = 2};
	struct value value;

	(void)state;
	assert_non_null(modbus_decode(&point, (const uint8_t *)"\xff\xff", 0, &value));
	assert_int_equal(value.integer, 0xffff);
	assert_non_null(modbus_decode(&point, (const uint8_t *)"\x80\0", 0, &value));
	assert_int_equal(value.integer, 0x8000);
	assert_null(modbus_decode(&point, (const uint8_t *)"\x80\1", 0, &value));
	assert_true(value.type == VALUE_BOOL && value.boolean);
}

static void register_as_flag_is_zero_or_one(void **state)
{
	(void)state;
	struct value value;

	assert_null(decode(MODBUS_BOOL, MODBUS_ABCD, "\0\1", &value));
	assert_int_equal(value.type, VALUE_BOOL);
	assert_true(value.boolean);
	assert_null(decode(MODBUS_BOOL, MODBUS_ABCD, "\0\0", &value));
	assert_false(value.boolean);
}

static void several_bits_are_a_number(void **state)
{
	static const uint8_t data[] = {0xA5, 0x3C};
	static const struct {
		int64_t first, count, number;
	} ranges[] = {{0, 4, 0xC}, {4, 4, 0x3}, {4, 8, 0x53}, {15, 1, 1}, {0, 16, 0xA53C}};

	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		const struct modbus_point_conf conf = {
			.table = MODBUS_HOLDING,
			.bit = -1,
			.bits = {.first = ranges[i].first, .count = ranges[i].count}};
		struct value value;

		assert_null(decode_conf(&conf, data, 0, &value));
		assert_int_equal(value.type, VALUE_INT);
		assert_int_equal(value.integer, ranges[i].number);
		assert_int_equal(modbus_point_shape(&conf).bits, ranges[i].count);
	}
}

static void each_bit_of_a_register_can_be_picked(void **state)
{
	(void)state;
	for (int bit = 0; bit < 16; bit++) {
		const struct modbus_point_conf conf = {.table = MODBUS_INPUT, .bit = bit};
		const uint8_t set[] = {(uint8_t)(1 << bit >> 8), (uint8_t)(1 << bit)};
		const uint8_t clear[] = {(uint8_t)~set[0], (uint8_t)~set[1]};
		struct value value;

		assert_null(decode_conf(&conf, set, 0, &value));
		assert_true(value.type == VALUE_BOOL && value.boolean);
		assert_null(decode_conf(&conf, clear, 0, &value));
		assert_true(value.type == VALUE_BOOL && !value.boolean);
	}
}

static void bits_are_counted_from_the_low_end_of_each_byte(void **state)
{
	(void)state;
	const struct modbus_point_conf conf = {.table = MODBUS_COIL, .bit = -1};
	const uint8_t data[] = {0x01, 0x80};

	for (size_t i = 0; i < 16; i++) {
		struct value value;
		assert_null(decode_conf(&conf, data, i, &value));
		assert_int_equal(value.type, VALUE_BOOL);
		assert_int_equal(value.boolean, i == 0 || i == 15);
	}
}

static void offset_counts_registers(void **state)
{
	(void)state;
	const struct modbus_point_conf conf = {
		.table = MODBUS_HOLDING, .type = MODBUS_U32, .bit = -1};
	struct value value;

	assert_null(decode_conf(&conf, (const uint8_t *)"\0\1\0\2\0\3\0\4", 2, &value));
	assert_true(value.integer == 0x30004);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(several_bits_are_a_number),
		cmocka_unit_test(every_type_is_read_in_every_order),
		cmocka_unit_test(float_is_the_shortest_number_that_it_is),
		cmocka_unit_test(text_loses_its_padding_only),
		cmocka_unit_test(text_ends_at_its_end_whatever_lies_behind),
		cmocka_unit_test(longest_text_fits),
		cmocka_unit_test(swapped_text_is_put_right),
		cmocka_unit_test(what_is_no_text_is_no_value),
		cmocka_unit_test(word_for_nothing_was_read_is_no_value),
		cmocka_unit_test(what_is_no_number_is_no_value),
		cmocka_unit_test(what_is_no_value_is_known_by_its_bits),
		cmocka_unit_test(register_that_means_none_is_none_of_its_bits),
		cmocka_unit_test(register_as_flag_is_zero_or_one),
		cmocka_unit_test(each_bit_of_a_register_can_be_picked),
		cmocka_unit_test(bits_are_counted_from_the_low_end_of_each_byte),
		cmocka_unit_test(offset_counts_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
