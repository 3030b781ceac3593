#include "config/value.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
	const char *name;
	int64_t factor;
};

/* Largest first: that is how they are written. */
static const struct unit size_units[] = {{"TiB", INT64_C(1) << 40},
					 {"GiB", INT64_C(1) << 30},
					 {"MiB", INT64_C(1) << 20},
					 {"KiB", INT64_C(1) << 10},
					 {"B", 1},
					 {0}};

static const struct unit duration_units[] = {{"d", INT64_C(86400000000000)},
					     {"h", INT64_C(3600000000000)},
					     {"min", INT64_C(60000000000)},
					     {"s", INT64_C(1000000000)},
					     {"ms", INT64_C(1000000)},
					     {"us", INT64_C(1000)},
					     {"ns", 1},
					     {0}};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

enum conf_verdict conf_read_int(const char *text, int64_t *ret_value)
{
	const char *digits = text + (*text == '-' || *text == '+');
	int base = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X') ? 16 : 10;
	int64_t value;
	char *end;

	if (!is_digit(digits[0]))
		return CONF_NO_NUMBER;
	errno = 0;
	value = strtoll(text, &end, base);
	if (*end != '\0')
		return CONF_NO_NUMBER;
	if (errno == ERANGE)
		return CONF_TOO_LARGE;
	*ret_value = value;
	return CONF_GOOD;
}

enum conf_verdict conf_read_raw(const char *text, int64_t *ret_value)
{
	const enum conf_verdict verdict = conf_read_int(text, ret_value);
	char *end;

	if (verdict != CONF_TOO_LARGE || text[0] != '0' || (text[1] != 'x' && text[1] != 'X'))
		return verdict;
	errno = 0;
	*ret_value = (int64_t)strtoull(text, &end, 16);
	return errno == ERANGE ? CONF_TOO_LARGE : CONF_GOOD;
}

enum conf_verdict conf_read_real(const char *text, double *ret_value)
{
	double value;
	char *end;

	if (*text == '\0' || text[strspn(text, "+-0123456789.eE")] != '\0')
		return CONF_NO_NUMBER;
	value = strtod(text, &end);
	if (*end != '\0')
		return CONF_NO_NUMBER;
	if (!isfinite(value))
		return CONF_TOO_LARGE;
	*ret_value = value;
	return CONF_GOOD;
}

static enum conf_verdict read_with_unit(const char *text, const struct unit *unit,
					int64_t *ret_value)
{
	int64_t number;
	char *end;

	if (!is_digit(*text))
		return CONF_NO_NUMBER;
	errno = 0;
	number = strtoll(text, &end, 10);
	if (*end == '\0' && number != 0)
		return CONF_NO_UNIT;
	while (*end != '\0' && unit->name && strcmp(unit->name, end) != 0)
		unit++;
	if (*end != '\0' && !unit->name)
		return CONF_UNKNOWN_UNIT;
	if (errno == ERANGE || __builtin_mul_overflow(number, unit->factor, &number))
		return CONF_TOO_LARGE;
	*ret_value = number;
	return CONF_GOOD;
}

enum conf_verdict conf_read_size(const char *text, int64_t *ret_bytes)
{
	return read_with_unit(text, size_units, ret_bytes);
}

enum conf_verdict conf_read_duration(const char *text, int64_t *ret_ns)
{
	return read_with_unit(text, duration_units, ret_ns);
}

const char *const conf_bool_words[] = {"false", "true", "no", "yes", "off", "on", NULL};

bool conf_read_bool(const char *text, bool *ret_value)
{
	size_t i = 0;

	while (conf_bool_words[i] && strcmp(conf_bool_words[i], text) != 0)
		i++;
	if (conf_bool_words[i])
		*ret_value = i % 2 == 1;
	return conf_bool_words[i];
}

void conf_write_real(double value, char out[CONF_NUMBER_BYTES])
{
	bool plain = fabs(value) < 1e12 && fabs(value) > 1e-5;
	int digits;

	for (digits = 0; plain && digits <= 20; digits++) {
		snprintf(out, CONF_NUMBER_BYTES, "%.*f", digits, value);
		if (strtod(out, NULL) == value)
			return;
	}
	for (digits = 1; digits <= 17; digits++) {
		snprintf(out, CONF_NUMBER_BYTES, "%.*g", digits, value);
		if (strtod(out, NULL) == value)
			return;
	}
}

static void write_with_unit(int64_t value, const struct unit *unit, const char *zero,
			    char out[CONF_NUMBER_BYTES])
{
	if (value == 0) {
		snprintf(out, CONF_NUMBER_BYTES, "%s", zero);
		return;
	}
	while (value % unit->factor != 0)
		unit++;
	snprintf(out, CONF_NUMBER_BYTES, "%lld%s", (long long)(value / unit->factor), unit->name);
}

void conf_write_size(int64_t bytes, char out[CONF_NUMBER_BYTES])
{
	write_with_unit(bytes, size_units, "0B", out);
}

void conf_write_duration(int64_t ns, char out[CONF_NUMBER_BYTES])
{
	write_with_unit(ns, duration_units, "0s", out);
}
