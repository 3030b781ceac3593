#include "mapper/map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LAST_YEAR 2261 /* in which 64 bits of nanoseconds end */

struct cursor {
	const char *at;
	bool good;
};

static int64_t take_digits(struct cursor *cursor, int count)
{
	int64_t value = 0;

	for (; count > 0; count--, cursor->at++) {
		if (*cursor->at < '0' || *cursor->at > '9') {
			cursor->good = false;
			return 0;
		}
		value = value * 10 + (*cursor->at - '0');
	}
	return value;
}

static void take_mark(struct cursor *cursor, const char *marks)
{
	if (*cursor->at && strchr(marks, *cursor->at))
		cursor->at++;
	else
		cursor->good = false;
}

/* Of the Gregorian calendar, from 1970 on. */
static int64_t days_until(int64_t year, int64_t month, int64_t day)
{
	const int64_t y = month > 2 ? year : year - 1;
	const int64_t era = y / 400, of_era = y % 400;
	const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t take_fraction(struct cursor *cursor)
{
	int64_t ns = 0, unit = NS_PER_S;

	if (*cursor->at != '.' && *cursor->at != ',')
		return 0;
	for (cursor->at++; *cursor->at >= '0' && *cursor->at <= '9'; cursor->at++) {
		unit /= 10;
		ns += (*cursor->at - '0') * unit;
	}
	cursor->good &= unit < NS_PER_S;
	return ns;
}

static int64_t take_zone(struct cursor *cursor)
{
	int64_t sign, hours, minutes;

	if (*cursor->at == 'Z' || *cursor->at == 'z') {
		cursor->at++;
		return 0;
	}
	sign = *cursor->at == '-' ? -1 : 1;
	take_mark(cursor, "+-");
	hours = take_digits(cursor, 2);
	cursor->at += *cursor->at == ':';
	minutes = take_digits(cursor, 2);
	cursor->good &= hours < 24 && minutes < 60;
	return sign * (hours * 3600 + minutes * 60);
}

static bool is_of_calendar(int64_t year, int64_t month, int64_t day, int64_t hour, int64_t minute,
			   int64_t second)
{
	return year >= 1970 && year <= LAST_YEAR && month >= 1 && month <= 12 && day >= 1 &&
	       day <= 31 && hour <= 23 && minute <= 59 && second <= 60;
}

static bool rfc3339(const char *text, int64_t *ret_utc_ns)
{
	struct cursor cursor = {.at = text, .good = true};
	int64_t year, month, day, hour, minute, second, ns, zone;

	year = take_digits(&cursor, 4);
	take_mark(&cursor, "-");
	month = take_digits(&cursor, 2);
	take_mark(&cursor, "-");
	day = take_digits(&cursor, 2);
	take_mark(&cursor, "Tt ");
	hour = take_digits(&cursor, 2);
	take_mark(&cursor, ":");
	minute = take_digits(&cursor, 2);
	take_mark(&cursor, ":");
	second = take_digits(&cursor, 2);
	ns = take_fraction(&cursor);
	zone = take_zone(&cursor);
	if (!cursor.good || *cursor.at || !is_of_calendar(year, month, day, hour, minute, second))
		return false;
	*ret_utc_ns = (days_until(year, month, day) * 86400 + hour * 3600 + minute * 60 + second -
		       zone) * NS_PER_S +
		      ns;
	return true;
}

/* By the zone of this machine, which the process has read when it began. */
static bool in_zone(int64_t year, int64_t month, int64_t day, int64_t second, int64_t *ret_utc_s)
{
	struct tm tm = {.tm_year = (int)(year - 1900),
			.tm_mon = (int)(month - 1),
			.tm_mday = (int)day,
			.tm_hour = (int)(second / 3600),
			.tm_min = (int)(second / 60 % 60),
			.tm_sec = (int)(second % 60),
			.tm_isdst = -1};
	const time_t utc_s = mktime(&tm);

	*ret_utc_s = utc_s;
	return utc_s >= 0;
}

/* 2026-11-28 10:15:02.372, or the same digits alone: 20261128 101502372. */
static bool local(const char *text, int64_t *ret_utc_ns)
{
	struct cursor cursor = {.at = text, .good = true};
	int64_t year, month, day, hour, minute, second, ns = 0, unit = NS_PER_S, utc_s = 0;
	const bool marked = strlen(text) > 4 && text[4] == '-';

	year = take_digits(&cursor, 4);
	if (marked)
		take_mark(&cursor, "-");
	month = take_digits(&cursor, 2);
	if (marked)
		take_mark(&cursor, "-");
	day = take_digits(&cursor, 2);
	if (marked || *cursor.at == 'T' || *cursor.at == ' ')
		take_mark(&cursor, "Tt ");
	hour = take_digits(&cursor, 2);
	if (marked)
		take_mark(&cursor, ":");
	minute = take_digits(&cursor, 2);
	if (marked)
		take_mark(&cursor, ":");
	second = take_digits(&cursor, 2);
	if (marked)
		ns = take_fraction(&cursor);
	for (; !marked && unit > 1 && *cursor.at >= '0' && *cursor.at <= '9'; cursor.at++) {
		unit /= 10;
		ns += (*cursor.at - '0') * unit;
	}
	if (!cursor.good || *cursor.at || !is_of_calendar(year, month, day, hour, minute, second) ||
	    !in_zone(year, month, day, hour * 3600 + minute * 60 + second, &utc_s))
		return false;
	*ret_utc_ns = utc_s * NS_PER_S + ns;
	return true;
}

static bool since_1970(const char *text, int64_t unit_ns, int64_t *ret_utc_ns)
{
	char *stop;
	long double value;

	if (text[strspn(text, "0123456789.eE+")])
		return false;
	value = strtold(text, &stop) * (long double)unit_ns;
	if (stop == text || *stop || !(value >= 0) || value >= 9e18L)
		return false;
	*ret_utc_ns = (int64_t)value;
	return true;
}

bool map_time(enum map_time_form form, const char *text, int64_t *ret_utc_ns)
{
	static const int64_t units[] = {
		[MAP_TIME_UNIX] = NS_PER_S,
		[MAP_TIME_UNIX_MS] = NS_PER_MS,
		[MAP_TIME_UNIX_US] = 1000,
		[MAP_TIME_UNIX_NS] = 1,
	};

	if (form == MAP_TIME_RFC3339)
		return rfc3339(text, ret_utc_ns);
	if (form == MAP_TIME_LOCAL)
		return local(text, ret_utc_ns);
	return since_1970(text, units[form], ret_utc_ns);
}
