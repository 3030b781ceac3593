#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "config/value.h"

static void a_duration_is_a_number_and_a_unit(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} good[] = {{"0", 0},
		    {"0s", 0},
		    {"1ns", 1},
		    {"200us", 200000},
		    {"20ms", 20000000},
		    {"8s", INT64_C(8000000000)},
		    {"5min", INT64_C(300000000000)},
		    {"6h", INT64_C(21600000000000)},
		    {"90d", INT64_C(7776000000000000)}};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		int64_t ns = -1;

		assert_int_equal(conf_read_duration(good[i].text, &ns), CONF_GOOD);
		assert_true(ns == good[i].ns);
	}
}

static void what_is_no_duration_says_why(void **state)
{
	static const struct {
		const char *text;
		enum conf_verdict verdict;
	} bad[] = {{"", CONF_NO_NUMBER},
		   {"s", CONF_NO_NUMBER},
		   {"-1s", CONF_NO_NUMBER},
		   {" 1s", CONF_NO_NUMBER},
		   {"1", CONF_NO_UNIT},
		   {"1 s", CONF_UNKNOWN_UNIT},
		   {"1.5s", CONF_UNKNOWN_UNIT},
		   {"1m", CONF_UNKNOWN_UNIT},
		   {"1S", CONF_UNKNOWN_UNIT},
		   {"106752d", CONF_TOO_LARGE},
		   {"9223372036854775808ns", CONF_TOO_LARGE}};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int64_t ns = 7;

		assert_int_equal(conf_read_duration(bad[i].text, &ns), bad[i].verdict);
		assert_true(ns == 7);
	}
}

static void sizes_count_in_1024(void **state)
{
	int64_t bytes;

	(void)state;
	assert_int_equal(conf_read_size("512KiB", &bytes), CONF_GOOD);
	assert_true(bytes == 524288);
	assert_int_equal(conf_read_size("2GiB", &bytes), CONF_GOOD);
	assert_true(bytes == INT64_C(2147483648));
	assert_int_equal(conf_read_size("17B", &bytes), CONF_GOOD);
	assert_true(bytes == 17);
	assert_int_equal(conf_read_size("2GB", &bytes), CONF_UNKNOWN_UNIT);
	assert_int_equal(conf_read_size("9000000TiB", &bytes), CONF_TOO_LARGE);
}

static void a_leading_zero_is_not_octal(void **state)
{
	int64_t value;

	(void)state;
	assert_int_equal(conf_read_int("010", &value), CONF_GOOD);
	assert_true(value == 10);
	assert_int_equal(conf_read_int("0x1F", &value), CONF_GOOD);
	assert_true(value == 31);
	assert_int_equal(conf_read_int("-5", &value), CONF_GOOD);
	assert_true(value == -5);
	assert_int_equal(conf_read_int("1e3", &value), CONF_NO_NUMBER);
	assert_int_equal(conf_read_int("12 ", &value), CONF_NO_NUMBER);
	assert_int_equal(conf_read_int("--5", &value), CONF_NO_NUMBER);
	assert_int_equal(conf_read_int("9223372036854775808", &value), CONF_TOO_LARGE);
}

static void a_real_is_finite(void **state)
{
	static const char *const bad[] = {"", "nan", "inf", "0x1p3", "1,5", "e", "."};
	double value;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(conf_read_real(bad[i], &value), CONF_NO_NUMBER);
	assert_int_equal(conf_read_real("1e999", &value), CONF_TOO_LARGE);
	assert_int_equal(conf_read_real("-2.5e-3", &value), CONF_GOOD);
	assert_true(value == -2.5e-3);
}

static void what_is_written_is_read_back_equal(void **state)
{
	static const int64_t whole[] = {0,	  1, 999, 1000, 1024, 60000000000, 86400000000000,
					INT64_MAX};
	static const double reals[] = {0,	  1,	  -40,		 0.1,  1.0 / 3,
				       0.05,	  1e-5,	  1e-300,	 1e12, 1.7e308,
				       123456.75, 2.5e-5, 999999999999.9};
	char text[CONF_NUMBER_BYTES];
	double real;
	int64_t back;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		conf_write_duration(whole[i], text);
		assert_int_equal(conf_read_duration(text, &back), CONF_GOOD);
		assert_true(back == whole[i]);
		conf_write_size(whole[i], text);
		assert_int_equal(conf_read_size(text, &back), CONF_GOOD);
		assert_true(back == whole[i]);
	}
	for (i = 0; i < sizeof(reals) / sizeof(reals[0]); i++) {
		conf_write_real(reals[i], text);
		assert_int_equal(conf_read_real(text, &real), CONF_GOOD);
		assert_true(real == reals[i]);
	}
}

static void people_get_the_largest_unit_that_fits(void **state)
{
	char text[CONF_NUMBER_BYTES];

	(void)state;
	conf_write_duration(INT64_C(7776000000000000), text);
	assert_string_equal(text, "90d");
	conf_write_duration(INT64_C(1300000000), text);
	assert_string_equal(text, "1300ms");
	conf_write_size(INT64_C(2147483648), text);
	assert_string_equal(text, "2GiB");
	conf_write_real(-40, text);
	assert_string_equal(text, "-40");
	conf_write_real(0.05, text);
	assert_string_equal(text, "0.05");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_duration_is_a_number_and_a_unit),
		cmocka_unit_test(what_is_no_duration_says_why),
		cmocka_unit_test(sizes_count_in_1024),
		cmocka_unit_test(a_leading_zero_is_not_octal),
		cmocka_unit_test(a_real_is_finite),
		cmocka_unit_test(what_is_written_is_read_back_equal),
		cmocka_unit_test(people_get_the_largest_unit_that_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
