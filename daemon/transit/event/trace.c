#include "transit/event/trace.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SECONDS   INT64_C(999999999) /* 31 years */
#define WORD_BYTES    128 /* of a token without quotes, with the NUL */
#define STRING_BYTES  256 /* of a text in quotes, before it is checked, with the NUL */
#define NAME_ALPHABET "abcdefghijklmnopqrstuvwxyz0123456789-"
#define BARE_ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/"

struct scan {
	const char *at, *end;
	struct trace *trace;
};

static int wrong(struct scan *scan, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int wrong(struct scan *scan, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(scan->trace->error, sizeof(scan->trace->error), format, args);
	va_end(args);
	return -EINVAL;
}

static bool is_separator(char c)
{
	return c == ' ' || c == '\t' || c == '#' || c == '"';
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

static void skip_blanks(struct scan *scan)
{
	while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t'))
		scan->at++;
}

static bool at_end(struct scan *scan)
{
	skip_blanks(scan);
	return scan->at == scan->end || *scan->at == '#';
}

/* The next token without quotes. what: for the message when there is none. */
static int take_word(struct scan *scan, const char *what, char ret_word[WORD_BYTES])
{
	size_t n = 0;

	ret_word[0] = '\0';
	if (at_end(scan))
		return wrong(scan, "the line ends where %s was expected", what);
	while (scan->at + n < scan->end && !is_separator(scan->at[n])) {
		if (is_control(scan->at[n]))
			return wrong(scan, "a control character in %s", what);
		if (n == WORD_BYTES - 1)
			return wrong(scan, "%s is too long", what);
		n++;
	}
	if (n == 0)
		return wrong(scan, "a quote where %s was expected", what);
	memcpy(ret_word, scan->at, n);
	ret_word[n] = '\0';
	scan->at += n;
	return 0;
}

static int parse_seconds(struct scan *scan, const char *word, int64_t *ret_ns)
{
	const char *at = word;
	int64_t seconds = 0, fraction = 0, unit = NS_PER_S / 10;

	for (; isdigit((unsigned char)*at) && seconds <= MAX_SECONDS; at++)
		seconds = seconds * 10 + (*at - '0');
	if (at == word)
		return wrong(scan, "\"%s\" is no time: expected seconds, as 12.5 or +0.25", word);
	if (seconds > MAX_SECONDS)
		return wrong(scan, "the time is over %" PRId64 " s", MAX_SECONDS);
	if (*at == '.') {
		const char *first = ++at;

		for (; isdigit((unsigned char)*at) && unit > 0; at++, unit /= 10)
			fraction += (*at - '0') * unit;
		if (at == first || isdigit((unsigned char)*at))
			return wrong(scan, "\"%s\": expected one to nine decimals", word);
	}
	if (*at)
		return wrong(scan, "\"%s\" is no time: expected seconds, as 12.5 or +0.25", word);
	*ret_ns = seconds * NS_PER_S + fraction;
	return 0;
}

static int parse_time(struct scan *scan, struct trace_entry *entry)
{
	char word[WORD_BYTES] = "";
	int64_t before_ns = scan->trace->at_ns, ns = 0;
	int err = take_word(scan, "a time", word);

	if (err == 0)
		err = parse_seconds(scan, word + (*word == '+' || *word == '@'), &ns);
	if (err)
		return err;
	if (*word == '+')
		ns += before_ns;
	if (ns >= (MAX_SECONDS + 1) * NS_PER_S)
		return wrong(scan, "the time is over %" PRId64 " s", MAX_SECONDS);
	if (ns < before_ns)
		return wrong(scan, "%s s is earlier than the line before", word);
	entry->at_ns = ns;
	return 0;
}

static bool name_valid(const char *name, size_t bytes)
{
	return bytes > 0 && bytes < TRACE_NAME_BYTES && strspn(name, NAME_ALPHABET) >= bytes;
}

/* device.point into both; a name alone into point. */
static int parse_name(struct scan *scan, struct trace_entry *entry)
{
	char word[WORD_BYTES] = "";
	const char *dot, *point = word;
	size_t device_bytes = 0;
	int err = take_word(scan, "a point", word);

	if (err)
		return err;
	dot = strchr(word, '.');
	if (dot) {
		device_bytes = (size_t)(dot - word);
		point = dot + 1;
	}
	if ((dot && !name_valid(word, device_bytes)) || !name_valid(point, strlen(point)))
		return wrong(scan, "\"%s\": expected device.point, of a-z, 0-9 and -", word);
	memcpy(entry->device, word, device_bytes);
	memcpy(entry->point, point, strlen(point));
	return 0;
}

static int hex4(struct scan *scan, unsigned *ret_code)
{
	unsigned code = 0;

	for (int i = 0; i < 4; i++, scan->at++) {
		int c = scan->at < scan->end ? tolower((unsigned char)*scan->at) : 0;

		if (!isxdigit(c))
			return wrong(scan, "expected four hex digits after \\u");
		code = code * 16 + (unsigned)(isdigit(c) ? c - '0' : c - 'a' + 10);
	}
	*ret_code = code;
	return 0;
}

static size_t utf8_from(unsigned code, char out[3])
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xC0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3F));
		return 2;
	}
	out[0] = (char)(0xE0 | code >> 12);
	out[1] = (char)(0x80 | (code >> 6 & 0x3F));
	out[2] = (char)(0x80 | (code & 0x3F));
	return 3;
}

/* After the backslash. Surrogates fall to the check of the whole text. */
static int take_escape(struct scan *scan, char out[3], size_t *ret_bytes)
{
	char kind = scan->at < scan->end ? *scan->at++ : '\0';
	unsigned code = 0;

	if (kind == '"' || kind == '\\') {
		out[0] = kind;
		*ret_bytes = 1;
		return 0;
	}
	if (kind != 'u')
		return wrong(scan, "expected \\\", \\\\ or \\uXXXX after the backslash");
	if (hex4(scan, &code) < 0)
		return -EINVAL;
	*ret_bytes = utf8_from(code, out);
	return 0;
}

/* A text in quotes, of at most size - 1 bytes. */
static int take_string(struct scan *scan, char *ret_text, size_t size)
{
	size_t used = 0;

	skip_blanks(scan);
	scan->at++;
	while (scan->at < scan->end && *scan->at != '"') {
		char character[3] = {*scan->at++};
		size_t bytes = 1;

		if (character[0] == '\\' && take_escape(scan, character, &bytes) < 0)
			return -EINVAL;
		if (is_control(character[0]))
			return wrong(scan, "a control character in the text");
		if (used + bytes >= size)
			return wrong(scan, "the text is longer than %zu bytes", size - 1);
		memcpy(ret_text + used, character, bytes);
		used += bytes;
	}
	if (scan->at == scan->end)
		return wrong(scan, "the closing quote is missing");
	scan->at++;
	ret_text[used] = '\0';
	return 0;
}

static bool at_quote(struct scan *scan)
{
	return !at_end(scan) && *scan->at == '"';
}

static int set_text(struct scan *scan, const char *text, struct reading *reading)
{
	reading->value = value_text(text);
	if (strcmp(reading->value.text, text) == 0)
		return 0;
	if (strlen(text) >= VALUE_TEXT_BYTES)
		return wrong(scan, "the text is longer than %d bytes", VALUE_TEXT_BYTES - 1);
	return wrong(scan, "the text has control characters or is no UTF-8");
}

/* "!word": one of the reasons a driver may give. What the daemon itself concludes from
 * readings (too old, chatter, not yet) is never in a trace. */
static int parse_reason(struct scan *scan, const char *word, enum reason *ret_reason)
{
	for (enum reason reason = REASON_NO_ANSWER; reason < REASON_TOO_OLD; reason++) {
		if (strcmp(word + 1, reason_name(reason)) == 0) {
			*ret_reason = reason;
			return 0;
		}
	}
	return wrong(scan, "\"%s\": expected a reason, as !no_answer or !link_down", word);
}

static bool parse_integer(const char *word, struct value *ret_value)
{
	bool negative = *word == '-';
	const char *digits = word + (negative || *word == '+');
	int base = strncmp(digits, "0x", 2) == 0 ? 16 : 10;
	uint64_t number;
	char *end;

	if (!isxdigit((unsigned char)digits[base == 16 ? 2 : 0]))
		return false;
	errno = 0;
	number = strtoull(digits, &end, base);
	if (errno || *end || (negative && number > (uint64_t)INT64_MAX + 1))
		return false;
	*ret_value = negative ? value_int((int64_t)(0 - number)) : value_uint(number);
	return true;
}

static int parse_number(struct scan *scan, const char *word, struct value *ret_value)
{
	double real;
	char *end;

	if (parse_integer(word, ret_value))
		return 0;
	if (word[strspn(word, "0123456789+-.eE")])
		return wrong(scan, "\"%s\" is no number; text that begins so goes in quotes", word);
	if (!strpbrk(word, ".eE"))
		return wrong(scan, "\"%s\" is no number of at most 64 bits", word);
	real = strtod(word, &end);
	if (*end || end == word || !isfinite(real))
		return wrong(scan, "\"%s\" is no finite number", word);
	*ret_value = value_real(real);
	return 0;
}

static int parse_bare(struct scan *scan, const char *word, struct reading *reading)
{
	if (*word == '!') {
		reading->quality = QUALITY_FAULT;
		return parse_reason(scan, word, &reading->reason);
	}
	if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0) {
		reading->value = value_bool(*word == 't');
		return 0;
	}
	if (isdigit((unsigned char)*word) || strchr("+-.", *word))
		return parse_number(scan, word, &reading->value);
	if (strspn(word, BARE_ALPHABET) != strlen(word))
		return wrong(scan, "\"%s\": such text goes in double quotes", word);
	return set_text(scan, word, reading);
}

/* "key=": what stands behind it is taken next. */
static bool takes_key(struct scan *scan, const char *key)
{
	const size_t bytes = strlen(key);

	if (at_end(scan) || (size_t)(scan->end - scan->at) < bytes ||
	    strncmp(scan->at, key, bytes) != 0)
		return false;
	scan->at += bytes;
	return true;
}

static int take_number(struct scan *scan, const char *what, struct value *ret_value)
{
	char word[WORD_BYTES] = "";

	if (scan->at == scan->end || is_separator(*scan->at))
		return wrong(scan, "expected %s", what);
	if (take_word(scan, what, word) < 0)
		return -EINVAL;
	if (!isdigit((unsigned char)word[*word == '-']))
		return wrong(scan, "\"%s\": expected %s", word, what);
	return parse_number(scan, word, ret_value);
}

static int take_whole(struct scan *scan, const char *what, int64_t min, int64_t max,
		      int64_t *ret_number)
{
	struct value value = {.type = VALUE_NONE};

	if (take_number(scan, what, &value) < 0)
		return -EINVAL;
	if (value.type != VALUE_INT || value.integer < min || value.integer > max)
		return wrong(scan, "expected %s", what);
	*ret_number = value.integer;
	return 0;
}

static int take_other(struct scan *scan, struct origin *origin)
{
	char string[STRING_BYTES];
	struct reading other;
	int err = at_quote(scan) ? take_string(scan, string, sizeof(string))
				 : take_word(scan, "a text", string);

	if (err == 0)
		err = set_text(scan, string, &other);
	if (err < 0)
		return -EINVAL;
	return others_add(origin->others, other.value.text)
		       ? 0
		       : wrong(scan, "an empty text, or more than there is room for");
}

static int take_picture(struct scan *scan, struct origin *origin)
{
	char word[WORD_BYTES] = "";
	const size_t bytes = sizeof(origin->picture) - 1;

	if (take_word(scan, "a SHA-256 in hex", word) < 0)
		return -EINVAL;
	if (strlen(word) != bytes || strspn(word, "0123456789abcdef") != bytes)
		return wrong(scan, "\"%s\": expected a SHA-256 in hex", word);
	memcpy(origin->picture, word, bytes);
	return 0;
}

static int parse_origin(struct scan *scan, struct origin *origin)
{
	struct value value = {.type = VALUE_NONE};

	if (takes_key(scan, "confidence=")) {
		if (take_number(scan, "a confidence", &value) < 0)
			return -EINVAL;
		origin->has_confidence = true;
		origin->confidence = value.type == VALUE_REAL ? value.real : (double)value.integer;
	}
	if (takes_key(scan, "read=")) {
		origin->has_time = true;
		if (take_whole(scan, "nanoseconds", 0, INT64_MAX, &origin->utc_ns) < 0)
			return -EINVAL;
		if (takes_key(scan, "ahead=") &&
		    take_whole(scan, "nanoseconds", INT64_MIN, INT64_MAX, &origin->ahead_ns) < 0)
			return -EINVAL;
	}
	if (takes_key(scan, "picture=") && take_picture(scan, origin) < 0)
		return -EINVAL;
	while (takes_key(scan, "other="))
		if (take_other(scan, origin) < 0)
			return -EINVAL;
	return 0;
}

/* What may stand after a value. */
static int parse_extras(struct scan *scan, struct reading *reading)
{
	char word[WORD_BYTES] = "";
	int64_t lost = 0;

	if (takes_key(scan, "lost=") &&
	    take_whole(scan, "lost=NUMBER, a number of lost edges", 0, UINT32_MAX, &lost) < 0)
		return -EINVAL;
	reading->lost_edges = (uint32_t)lost;
	if (reading->quality == QUALITY_GOOD && parse_origin(scan, &reading->origin) < 0)
		return -EINVAL;
	if (at_end(scan) || reading->lost_edges > 0 || origin_is_told(&reading->origin))
		return 0; /* the caller says what is too much */
	(void)take_word(scan, "lost=", word);
	return wrong(scan, "\"%s\": expected lost=NUMBER or the end of the line", word);
}

static int take_detail(struct scan *scan, struct device_report *report)
{
	const char *at;

	if (take_string(scan, report->detail, sizeof(report->detail)) < 0)
		return -EINVAL;
	for (at = report->detail; *at; at++)
		if ((unsigned char)*at >= 0x80)
			return wrong(scan, "a character beyond ASCII in what failed");
	return 0;
}

/* Device reports: "up", or "down !reason "detail"", the last two as known. */
static int parse_report(struct scan *scan, const char *word, struct trace_entry *entry)
{
	char reason[WORD_BYTES];

	memcpy(entry->device, entry->point, sizeof(entry->device));
	memset(entry->point, 0, sizeof(entry->point));
	entry->kind = TRACE_DEVICE;
	entry->report.up = *word == 'u';
	if (entry->report.up)
		return 0;
	entry->report.reason = REASON_NO_ANSWER;
	if (!at_end(scan) && *scan->at == '!' &&
	    (take_word(scan, "a reason", reason) < 0 ||
	     parse_reason(scan, reason, &entry->report.reason) < 0))
		return -EINVAL;
	return at_quote(scan) ? take_detail(scan, &entry->report) : 0;
}

/* What is no value although it was read. */
static int parse_refused(struct scan *scan, struct reading *reading)
{
	char string[STRING_BYTES], word[WORD_BYTES];

	if (reading->reason != REASON_OUT_OF_RANGE || at_end(scan) || *scan->at == '!' ||
	    (scan->end - scan->at > 5 && strncmp(scan->at, "lost=", 5) == 0))
		return 0;
	if (at_quote(scan))
		return take_string(scan, string, sizeof(string)) < 0
			       ? -EINVAL
			       : set_text(scan, string, reading);
	return take_word(scan, "a value", word) < 0 ? -EINVAL : parse_bare(scan, word, reading);
}

static int parse_value(struct scan *scan, struct trace_entry *entry)
{
	char string[STRING_BYTES], word[WORD_BYTES];
	bool alone = entry->device[0] == '\0';
	int err;

	if (at_quote(scan)) {
		err = take_string(scan, string, sizeof(string));
		if (err == 0)
			err = set_text(scan, string, &entry->reading);
	} else {
		err = take_word(scan, "a value", word);
		if (err == 0 && alone && (strcmp(word, "up") == 0 || strcmp(word, "down") == 0))
			return parse_report(scan, word, entry);
		if (err == 0)
			err = parse_bare(scan, word, &entry->reading);
		if (err == 0)
			err = parse_refused(scan, &entry->reading);
	}
	return err ? err : parse_extras(scan, &entry->reading);
}

int trace_parse(struct trace *trace, const char *line, size_t bytes, struct trace_entry *ret_entry)
{
	struct trace_entry entry = {.kind = TRACE_READING};
	struct scan scan = {.at = line, .end = line + bytes, .trace = trace};

	while (scan.end > scan.at && (scan.end[-1] == '\n' || scan.end[-1] == '\r'))
		scan.end--;
	if (at_end(&scan))
		return 0;
	if (parse_time(&scan, &entry) < 0 || parse_name(&scan, &entry) < 0 ||
	    parse_value(&scan, &entry) < 0)
		return -EINVAL;
	if (!at_end(&scan))
		return wrong(&scan, "more than one value in the line");
	trace->at_ns = entry.at_ns;
	*ret_entry = entry;
	return 1;
}
