#include "base/json_writer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

void jw_start(struct jw *json, char *out, size_t size)
{
	*json = (struct jw){.out = out, .size = size};
	out[0] = '\0';
}

bool jw_ok(const struct jw *json)
{
	return !json->overflow;
}

static void put(struct jw *json, const char *bytes, size_t count)
{
	if (json->overflow || count >= json->size - json->bytes) {
		json->overflow = true;
		return;
	}
	memcpy(json->out + json->bytes, bytes, count);
	json->bytes += count;
	json->out[json->bytes] = '\0';
}

static void put_escape(struct jw *json, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

	switch (c) {
	case '"':
		put(json, "\\\"", 2);
		break;
	case '\\':
		put(json, "\\\\", 2);
		break;
	case '\n':
		put(json, "\\n", 2);
		break;
	case '\t':
		put(json, "\\t", 2);
		break;
	default:
		put(json, escape, sizeof(escape));
	}
}

/* Is one of these eight not to be written as it is? What is beyond ASCII is. */
static bool has_special(const char *text)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	uint64_t word, quote, backslash, del;

	memcpy(&word, text, sizeof(word));
	quote = word ^ (ones * '"');
	backslash = word ^ (ones * '\\');
	del = word ^ (ones * 0x7F);
	return (((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) |
		((backslash - ones) & ~backslash) | ((del - ones) & ~del)) &
	       tops;
}

static bool is_special(char c)
{
	return (unsigned char)c < 0x20 || c == '"' || c == '\\' || c == 0x7F;
}

/* How many of the first bytes are written as they are. */
static size_t plain_bytes(const char *text, size_t bytes)
{
	size_t i = 0;

	while (i + 8 <= bytes && !has_special(text + i))
		i += 8;
	while (i < bytes && !is_special(text[i]))
		i++;
	return i;
}

static void put_string(struct jw *json, const char *text)
{
	size_t left = strlen(text);

	put(json, "\"", 1);
	for (;;) {
		size_t plain = plain_bytes(text, left);

		put(json, text, plain);
		if (plain == left)
			break;
		put_escape(json, (unsigned char)text[plain]);
		text += plain + 1;
		left -= plain + 1;
	}
	put(json, "\"", 1);
}

static void put_key(struct jw *json, const char *key)
{
	if (json->comma)
		put(json, ",", 1);
	json->comma = true;
	if (!key)
		return;
	put_string(json, key);
	put(json, ":", 1);
}

static void put_plain(struct jw *json, const char *key, const char *text)
{
	put_key(json, key);
	put(json, text, strlen(text));
}

static void open_with(struct jw *json, const char *key, const char *bracket)
{
	put_key(json, key);
	put(json, bracket, 1);
	json->comma = false;
}

static void close_with(struct jw *json, const char *bracket)
{
	put(json, bracket, 1);
	json->comma = true;
}

/* The outermost object has no key and no comma before it. */
void jw_open(struct jw *json, const char *key)
{
	open_with(json, key, "{");
}

void jw_close(struct jw *json)
{
	close_with(json, "}");
}

void jw_open_array(struct jw *json, const char *key)
{
	open_with(json, key, "[");
}

void jw_close_array(struct jw *json)
{
	close_with(json, "]");
}

void jw_text(struct jw *json, const char *key, const char *text)
{
	if (!text) {
		put_plain(json, key, "null");
		return;
	}
	put_key(json, key);
	put_string(json, text);
}

void jw_bool(struct jw *json, const char *key, bool boolean)
{
	put_plain(json, key, boolean ? "true" : "false");
}

void jw_int(struct jw *json, const char *key, int64_t integer)
{
	char text[24];

	if (integer >= 0) {
		jw_uint(json, key, (uint64_t)integer);
		return;
	}
	snprintf(text, sizeof(text), "%lld", (long long)integer);
	put_plain(json, key, text);
}

void jw_uint(struct jw *json, const char *key, uint64_t uinteger)
{
	char text[24];
	char *end = text + sizeof(text) - 1;

	*end = '\0';
	do {
		*--end = (char)('0' + uinteger % 10);
		uinteger /= 10;
	} while (uinteger);
	put_plain(json, key, end);
}

void jw_real(struct jw *json, const char *key, double real)
{
	char text[32];
	int digits;

	if (!isfinite(real)) {
		put_plain(json, key, "null");
		return;
	}
	for (digits = 6; digits < 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, real);
		double back = strtod(text, NULL);

		if (!(back < real) && !(back > real))
			break;
	}
	if (digits == 17)
		snprintf(text, sizeof(text), "%.17g", real);
	put_plain(json, key, text);
}

/* A year of the Gregorian calendar that begins in March, so that the leap day is its last. */
struct date {
	int64_t year;
	int month, day; /* of March, from 1 */
};

static struct date date_of(int64_t days_since_1970)
{
	int64_t days = days_since_1970 + 719468; /* since 1 March of the year 0 */
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t of_era = days - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int month = (int)((5 * of_year + 2) / 153);

	return (struct date){.year = year + era * 400,
			     .month = month,
			     .day = (int)(of_year - (153 * month + 2) / 5) + 1};
}

/* From the last digit, which comes before end. */
static void write_digits(char *end, int64_t number, int count)
{
	for (; count > 0; count--, number /= 10)
		*--end = (char)('0' + number % 10);
}

/* The years of 64 bits of nanoseconds have four digits. */
void jw_utc(struct jw *json, const char *key, int64_t utc_ns)
{
	char text[] = "\"0000-00-00T00:00:00.000000Z\"";
	int64_t below = utc_ns % NS_PER_S;
	int64_t seconds = utc_ns / NS_PER_S - (below < 0);
	int64_t of_day;
	struct date date;

	if (below < 0)
		below += NS_PER_S;
	of_day = (seconds % 86400 + 86400) % 86400;
	date = date_of((seconds - of_day) / 86400);
	write_digits(text + 5, date.year + (date.month >= 10), 4);
	write_digits(text + 8, date.month < 10 ? date.month + 3 : date.month - 9, 2);
	write_digits(text + 11, date.day, 2);
	write_digits(text + 14, of_day / 3600, 2);
	write_digits(text + 17, of_day / 60 % 60, 2);
	write_digits(text + 20, of_day % 60, 2);
	write_digits(text + 27, below / NS_PER_US, 6);
	put_plain(json, key, text);
}

void jw_members(struct jw *json, const char *members, size_t bytes)
{
	if (bytes == 0)
		return;
	put_key(json, NULL);
	put(json, members, bytes);
}
