/* RFC 3339, and nothing else. */
#include <string.h>

#include "registry/record/shape.h"

#define S_PER_DAY 86400

/* Two or four digits; -1: there are none. */
static int take_digits(const char **at, int count)
{
	int number = 0;

	for (; count > 0; count--, (*at)++) {
		if (**at < '0' || **at > '9')
			return -1;
		number = 10 * number + (**at - '0');
	}
	return number;
}

static bool take_sign(const char **at, char sign)
{
	if (**at != sign)
		return false;
	(*at)++;
	return true;
}

static int days_of_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

/* Days from 1970; the year begins in March, so that a leap day is its last. */
static int64_t days_since_1970(int year, int month, int day)
{
	const int y = month <= 2 ? year - 1 : year;
	const int m = month <= 2 ? month + 9 : month - 3;

	return 365 * (int64_t)y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static bool take_date(const char **at, int64_t *ret_days)
{
	const int year = take_digits(at, 4);
	const bool first = take_sign(at, '-');
	const int month = take_digits(at, 2);
	const bool second = take_sign(at, '-');
	const int day = take_digits(at, 2);

	if (!first || !second || year < 1900 || year > 2199 || month < 1 || month > 12 || day < 1 ||
	    day > days_of_month(year, month))
		return false;
	*ret_days = days_since_1970(year, month, day);
	return true;
}

/* ".25": any number of digits, kept to the microsecond. */
static bool take_fraction(const char **at, int64_t *ret_ns)
{
	int64_t unit_ns = NS_PER_S / 10;

	*ret_ns = 0;
	if (!take_sign(at, '.'))
		return true;
	if (**at < '0' || **at > '9')
		return false;
	for (; **at >= '0' && **at <= '9'; (*at)++, unit_ns /= 10)
		if (unit_ns >= NS_PER_US)
			*ret_ns += (**at - '0') * unit_ns;
	return true;
}

static bool take_clock(const char **at, int64_t *ret_ns)
{
	const int hours = take_digits(at, 2);
	const bool first = take_sign(at, ':');
	const int minutes = take_digits(at, 2);
	const bool second = take_sign(at, ':');
	const int seconds = take_digits(at, 2); /* 60: a leap second, told as the next */
	int64_t fraction_ns;

	if (!first || !second || hours < 0 || hours > 23 || minutes < 0 || minutes > 59 ||
	    seconds < 0 || seconds > 60 || !take_fraction(at, &fraction_ns))
		return false;
	*ret_ns = (3600 * (int64_t)hours + 60 * minutes + seconds) * NS_PER_S + fraction_ns;
	return true;
}

static bool take_zone(const char **at, int64_t *ret_ns)
{
	int sign, hours, minutes;
	bool colon;

	*ret_ns = 0;
	if (take_sign(at, 'Z'))
		return true;
	if (**at != '+' && **at != '-')
		return false;
	sign = *(*at)++ == '+' ? 1 : -1;
	hours = take_digits(at, 2);
	colon = take_sign(at, ':');
	minutes = take_digits(at, 2);
	*ret_ns = sign * (3600 * (int64_t)hours + 60 * minutes) * NS_PER_S;
	return colon && hours >= 0 && hours <= 23 && minutes >= 0 && minutes <= 59;
}

bool shape_time(const char *text, enum shape_day day, int64_t *ret_utc_ns)
{
	int64_t days, clock_ns = 0, zone_ns = 0;

	if (!take_date(&text, &days))
		return false;
	if (!*text && day != DAY_REFUSED) {
		*ret_utc_ns = (days + (day == DAY_END)) * S_PER_DAY * NS_PER_S;
		return true;
	}
	if (!take_sign(&text, 'T') || !take_clock(&text, &clock_ns) ||
	    !take_zone(&text, &zone_ns) || *text)
		return false;
	*ret_utc_ns = days * S_PER_DAY * NS_PER_S + clock_ns - zone_ns;
	return true;
}
