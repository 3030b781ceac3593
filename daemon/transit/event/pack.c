#include "transit/event/pack.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

/* How a field begins. Below TAG_NUMBER it is a small number itself, from TAG_FIRST_NAMES on the
 * place of a name, from TAG_TEXT and TAG_CAPITALS on the length of a text; from TAG_PAIR on it is
 * two fields, of small numbers. */
enum {
	TAG_NUMBER = 0x40,
	TAG_MICROS, /* a number of nanoseconds that has no fraction of a microsecond */
	TAG_SECONDS, /* of a second */
	TAG_SINCE, /* a time, as the number that it is after the one before */
	TAG_MICROS_SINCE,
	TAG_SECONDS_SINCE,
	TAG_LEAST,
	TAG_MOST,
	TAG_KEY,
	TAG_EMPTY, /* "%", see memo.h */
	TAG_NAME,
	TAG_LONG_TEXT,
	TAG_LONG_CAPITALS,
	TAG_FIRST_NAMES = 0x50,
	TAG_TEXT = 0x70,
	TAG_CAPITALS = 0x90,
	TAG_PAIR = 0xC0,
};

#define SMALL_LEAST   (-4)
#define SMALL_MOST    (SMALL_LEAST + TAG_NUMBER - 1)
#define PAIR_LEAST    (-1)
#define PAIR_BITS     3
#define PAIR_MOST     (PAIR_LEAST + (1 << PAIR_BITS) - 1)
#define FIRST_NAMES   (TAG_TEXT - TAG_FIRST_NAMES)
#define SHORT_TEXT    (TAG_CAPITALS - TAG_TEXT) /* bytes of one whose length is in its tag are fewer */
#define SHORT_CAPITAL (TAG_PAIR - TAG_CAPITALS)
#define CAPITAL_BITS  6
#define CAPITAL_LEAST ' ' /* to '_' */
#define TIME_LEAST_NS INT64_C(1000000000000000000) /* the year 2001: smaller ones are no times */
#define NUMBER_CHARS  20 /* of the longest there is */
#define NAME_DIGITS   3 /* more of them are of a number, which does not return */

void pack_names_fini(struct pack_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->names[i]);
	*names = (struct pack_names){0};
}

/* PACK_NAMES: it is none of them. */
static size_t find_name(const struct pack_names *names, const char *field, size_t bytes)
{
	for (size_t i = 0; names && i < names->count; i++)
		if (strncmp(names->names[i], field, bytes) == 0 && !names->names[i][bytes])
			return i;
	return PACK_NAMES;
}

/* Numbers of goods are written in capitals, names of a configuration are not. */
static bool is_name(const char *field, size_t bytes)
{
	size_t small = 0, digits = 0;

	for (size_t i = 0; i < bytes; i++) {
		small += field[i] >= 'a' && field[i] <= 'z';
		digits += field[i] >= '0' && field[i] <= '9';
	}
	return small > 0 && digits <= NAME_DIGITS;
}

static size_t add_name(struct pack_names *names, const char *field, size_t bytes)
{
	char *copy = names->count < PACK_NAMES ? strndup(field, bytes) : NULL;

	if (!copy)
		return PACK_NAMES;
	names->names[names->count] = copy;
	return names->count++;
}

static size_t name_of(struct pack_names *names, const char *field, size_t bytes)
{
	size_t name = find_name(names, field, bytes);

	return names && name == PACK_NAMES && is_name(field, bytes) ? add_name(names, field, bytes)
								    : name;
}

/* ---- packing ------------------------------------------------------------------------- */

static void put(struct packing *packing, const void *bytes, size_t count)
{
	if (packing->overflow || count > packing->size - packing->bytes) {
		packing->overflow = true;
		return;
	}
	memcpy(packing->out + packing->bytes, bytes, count);
	packing->bytes += count;
}

static void put_byte(struct packing *packing, unsigned byte)
{
	const unsigned char one = (unsigned char)byte;

	put(packing, &one, 1);
}

/* Seven bits a byte, the lowest first; the sign is the lowest of all. */
void pack_bits(struct packing *packing, int64_t number)
{
	uint64_t bits = (uint64_t)number << 1 ^ (number < 0 ? UINT64_MAX : 0);

	for (; bits > 0x7F; bits >>= 7)
		put_byte(packing, 0x80 | (unsigned)(bits & 0x7F));
	put_byte(packing, (unsigned)bits);
}

static void put_tagged(struct packing *packing, unsigned tag, int64_t number)
{
	put_byte(packing, tag);
	pack_bits(packing, number);
}

static void put_number(struct packing *packing, int64_t number)
{
	if (number >= SMALL_LEAST && number <= SMALL_MOST)
		put_byte(packing, (unsigned)(number - SMALL_LEAST));
	else if (number == INT64_MIN || number == INT64_MAX)
		put_byte(packing, number == INT64_MIN ? TAG_LEAST : TAG_MOST);
	else if (number % NS_PER_S == 0)
		put_tagged(packing, TAG_SECONDS, number / NS_PER_S);
	else if (number % NS_PER_US == 0)
		put_tagged(packing, TAG_MICROS, number / NS_PER_US);
	else
		put_tagged(packing, TAG_NUMBER, number);
}

static bool is_time(int64_t number)
{
	return number >= TIME_LEAST_NS && number < INT64_MAX;
}

static void put_time(struct packing *packing, int64_t time_ns, int64_t since_ns)
{
	if (time_ns % NS_PER_S == 0)
		put_tagged(packing, TAG_SECONDS_SINCE, time_ns / NS_PER_S - since_ns / NS_PER_S);
	else if (time_ns % NS_PER_US == 0)
		put_tagged(packing, TAG_MICROS_SINCE, time_ns / NS_PER_US - since_ns / NS_PER_US);
	else
		put_tagged(packing, TAG_SINCE, time_ns - since_ns);
}

/* false: it is none, or written in another way than we do. */
static bool read_number(const char *field, size_t bytes, int64_t *ret_number)
{
	char text[NUMBER_CHARS + 1], again[NUMBER_CHARS + 4];

	if (bytes == 0 || bytes > NUMBER_CHARS ||
	    !(field[0] == '-' || (field[0] >= '0' && field[0] <= '9')))
		return false;
	memcpy(text, field, bytes);
	text[bytes] = '\0';
	errno = 0;
	*ret_number = strtoll(text, NULL, 10);
	snprintf(again, sizeof(again), "%" PRId64, *ret_number);
	return errno == 0 && strcmp(text, again) == 0;
}

static bool is_capitals(const char *field, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (field[i] < CAPITAL_LEAST || field[i] >= CAPITAL_LEAST + (1 << CAPITAL_BITS))
			return false;
	return true;
}

static void put_capitals(struct packing *packing, const char *field, size_t bytes)
{
	unsigned bits = 0, count = 0;

	if (bytes < SHORT_CAPITAL)
		put_byte(packing, TAG_CAPITALS + (unsigned)bytes);
	else
		put_tagged(packing, TAG_LONG_CAPITALS, (int64_t)bytes);
	for (size_t i = 0; i < bytes; i++) {
		bits = bits << CAPITAL_BITS | (unsigned)(field[i] - CAPITAL_LEAST);
		for (count += CAPITAL_BITS; count >= 8; count -= 8)
			put_byte(packing, bits >> (count - 8) & 0xFF);
	}
	if (count > 0)
		put_byte(packing, bits << (8 - count) & 0xFF);
}

static void put_written_out(struct packing *packing, const char *field, size_t bytes)
{
	if (is_capitals(field, bytes)) {
		put_capitals(packing, field, bytes);
		return;
	}
	if (bytes < SHORT_TEXT)
		put_byte(packing, TAG_TEXT + (unsigned)bytes);
	else
		put_tagged(packing, TAG_LONG_TEXT, (int64_t)bytes);
	put(packing, field, bytes);
}

static void put_name(struct packing *packing, size_t name)
{
	if (name < FIRST_NAMES) {
		put_byte(packing, TAG_FIRST_NAMES + (unsigned)name);
	} else {
		put_byte(packing, TAG_NAME);
		put_byte(packing, (unsigned)name);
	}
}

/* Whatever stands before it. name: its place among the names; PACK_NAMES: it has none. */
static void put_field(struct packing *packing, const char *key, size_t name, const char *field,
		      size_t bytes)
{
	int64_t number;

	if (key && bytes > 0 && strncmp(key, field, bytes) == 0 && !key[bytes])
		put_byte(packing, TAG_KEY);
	else if (bytes == 1 && field[0] == '%')
		put_byte(packing, TAG_EMPTY);
	else if (read_number(field, bytes, &number))
		put_number(packing, number);
	else if (name < PACK_NAMES)
		put_name(packing, name);
	else
		put_written_out(packing, field, bytes);
}

void pack_field(struct packing *packing, struct pack_names *names, const char *field)
{
	size_t bytes = strlen(field);

	put_field(packing, NULL, name_of(names, field, bytes), field, bytes);
}

static bool is_of_pair(const char *field, int64_t *ret_number)
{
	return read_number(field, strcspn(field, " "), ret_number) && *ret_number >= PAIR_LEAST &&
	       *ret_number <= PAIR_MOST;
}

/* Where the fields behind begin; field: there is no pair. */
static const char *put_pair(struct packing *packing, const char *field)
{
	int64_t one, other;
	const char *next = field + strcspn(field, " ");

	if (!*next || !is_of_pair(field, &one) || !is_of_pair(next + 1, &other))
		return field;
	put_byte(packing, TAG_PAIR | (unsigned)(one - PAIR_LEAST) << PAIR_BITS |
				  (unsigned)(other - PAIR_LEAST));
	return next + 1 + strcspn(next + 1, " ");
}

/* As put_pair(). */
static const char *put_one(struct packing *packing, struct pack_names *names, const char *key,
			   const char *field, int64_t *since_ns)
{
	size_t bytes = strcspn(field, " ");
	int64_t number;

	if (read_number(field, bytes, &number) && is_time(number)) {
		if (names->since_ns == 0)
			*since_ns = names->since_ns = number;
		put_time(packing, number, *since_ns);
		*since_ns = number;
	} else {
		put_field(packing, key, name_of(names, field, bytes), field, bytes);
	}
	return field + bytes;
}

size_t pack_text(struct pack_names *names, const char *key, const char *text, unsigned char *out,
		 size_t size)
{
	struct packing packing = {.out = out, .size = size};
	int64_t since_ns = names->since_ns;

	for (const char *field = text;; field++) {
		const char *end = put_pair(&packing, field);

		if (end == field)
			end = put_one(&packing, names, key, field, &since_ns);
		if (!*end)
			return packing.overflow ? 0 : packing.bytes;
		field = end;
	}
}

bool pack_may_have(const struct pack_names *names, const char *key, const unsigned char *packed,
		   size_t bytes, const char *field)
{
	unsigned char one[SHORT_CAPITAL + 1];
	struct packing packing = {.out = one, .size = sizeof(one)};
	size_t length = strlen(field);
	int64_t number;

	/* These take what is beside them. */
	if (is_of_pair(field, &number) || (read_number(field, length, &number) && is_time(number)))
		return true;
	put_field(&packing, key, find_name(names, field, length), field, length);
	return packing.overflow || memmem(packed, bytes, one, packing.bytes);
}

/* ---- reading ------------------------------------------------------------------------- */

struct reading_text {
	struct unpacking from;
	const struct pack_names *names;
	const char *key;
	int64_t since_ns;
	char *out;
	size_t size, bytes;
};

static void write_text(struct reading_text *reading, const char *text, size_t bytes)
{
	if (bytes >= reading->size - reading->bytes) {
		reading->from.bad = true;
		return;
	}
	memcpy(reading->out + reading->bytes, text, bytes);
	reading->bytes += bytes;
	reading->out[reading->bytes] = '\0';
}

static void write_number(struct reading_text *reading, int64_t number)
{
	char text[NUMBER_CHARS + 1];

	snprintf(text, sizeof(text), "%" PRId64, number);
	write_text(reading, text, strlen(text));
}

static unsigned take_byte(struct unpacking *unpacking)
{
	if (unpacking->at == unpacking->end) {
		unpacking->bad = true;
		return 0;
	}
	return *unpacking->at++;
}

int64_t unpack_bits(struct unpacking *unpacking)
{
	uint64_t bits = 0;
	unsigned byte = 0x80;

	for (unsigned shift = 0; byte & 0x80 && shift < 64; shift += 7) {
		byte = take_byte(unpacking);
		bits |= (uint64_t)(byte & 0x7F) << shift;
	}
	return (int64_t)(bits >> 1 ^ (bits & 1 ? UINT64_MAX : 0));
}

static void write_out(struct reading_text *reading, int64_t bytes)
{
	struct unpacking *from = &reading->from;

	if (bytes < 0 || bytes > from->end - from->at) {
		from->bad = true;
		return;
	}
	write_text(reading, (const char *)from->at, (size_t)bytes);
	from->at += bytes;
}

static void write_capitals(struct reading_text *reading, int64_t chars)
{
	struct unpacking *from = &reading->from;
	unsigned bits = 0, count = 0;

	if (chars < 0 || chars > (from->end - from->at) * 8 / CAPITAL_BITS) {
		from->bad = true;
		return;
	}
	for (; chars > 0; chars--) {
		char one;

		if (count < CAPITAL_BITS) {
			bits = bits << 8 | take_byte(from);
			count += 8;
		}
		count -= CAPITAL_BITS;
		one = (char)(CAPITAL_LEAST + (bits >> count & ((1u << CAPITAL_BITS) - 1)));
		write_text(reading, &one, 1);
	}
}

static void write_units(struct reading_text *reading, int64_t units, int64_t unit_ns)
{
	reading->from.bad |= __builtin_mul_overflow(units, unit_ns, &units);
	write_number(reading, units);
}

static void write_time(struct reading_text *reading, int64_t units, int64_t unit_ns)
{
	int64_t time_ns = 0;

	reading->from.bad |= __builtin_add_overflow(reading->since_ns / unit_ns, units, &units) ||
			     __builtin_mul_overflow(units, unit_ns, &time_ns);
	reading->since_ns = time_ns;
	write_number(reading, time_ns);
}

static void write_name(struct reading_text *reading, size_t name)
{
	if (reading->names && name < reading->names->count)
		write_text(reading, reading->names->names[name],
			   strlen(reading->names->names[name]));
	else
		reading->from.bad = true;
}

static void read_number_field(struct reading_text *reading, unsigned tag)
{
	const int64_t number = unpack_bits(&reading->from);

	switch (tag) {
	case TAG_NUMBER:
		write_number(reading, number);
		break;
	case TAG_MICROS:
		write_units(reading, number, NS_PER_US);
		break;
	case TAG_SECONDS:
		write_units(reading, number, NS_PER_S);
		break;
	case TAG_SINCE:
		write_time(reading, number, 1);
		break;
	case TAG_MICROS_SINCE:
		write_time(reading, number, NS_PER_US);
		break;
	default:
		write_time(reading, number, NS_PER_S);
	}
}

static void read_special(struct reading_text *reading, unsigned tag)
{
	switch (tag) {
	case TAG_LEAST:
	case TAG_MOST:
		write_number(reading, tag == TAG_LEAST ? INT64_MIN : INT64_MAX);
		break;
	case TAG_KEY:
		write_text(reading, reading->key, strlen(reading->key));
		break;
	case TAG_EMPTY:
		write_text(reading, "%", 1);
		break;
	case TAG_NAME:
		write_name(reading, take_byte(&reading->from));
		break;
	case TAG_LONG_TEXT:
		write_out(reading, unpack_bits(&reading->from));
		break;
	case TAG_LONG_CAPITALS:
		write_capitals(reading, unpack_bits(&reading->from));
		break;
	default:
		reading->from.bad = true;
	}
}

static void read_field(struct reading_text *reading)
{
	unsigned tag = take_byte(&reading->from);

	if (tag < TAG_NUMBER) {
		write_number(reading, (int64_t)tag + SMALL_LEAST);
	} else if (tag <= TAG_SECONDS_SINCE) {
		read_number_field(reading, tag);
	} else if (tag < TAG_FIRST_NAMES) {
		read_special(reading, tag);
	} else if (tag < TAG_TEXT) {
		write_name(reading, tag - TAG_FIRST_NAMES);
	} else if (tag < TAG_CAPITALS) {
		write_out(reading, tag - TAG_TEXT);
	} else if (tag < TAG_PAIR) {
		write_capitals(reading, tag - TAG_CAPITALS);
	} else {
		write_number(reading, (int64_t)((tag - TAG_PAIR) >> PAIR_BITS) + PAIR_LEAST);
		write_text(reading, " ", 1);
		write_number(reading, (int64_t)(tag & ((1u << PAIR_BITS) - 1)) + PAIR_LEAST);
	}
}

void unpack_field(struct unpacking *unpacking, const struct pack_names *names, char *out,
		  size_t size)
{
	struct reading_text reading = {
		.from = *unpacking, .names = names, .key = "", .out = out, .size = size};

	out[0] = '\0';
	read_field(&reading);
	*unpacking = reading.from;
	if (unpacking->bad)
		out[0] = '\0';
}

bool pack_read(const struct pack_names *names, const char *key, const unsigned char *packed,
	       size_t bytes, char *out, size_t size)
{
	struct reading_text reading = {
		.from = {.at = packed, .end = packed + bytes},
		.names = names,
		.key = key,
		.since_ns = names->since_ns,
		.out = out,
		.size = size,
	};

	out[0] = '\0';
	do {
		if (reading.from.at != packed)
			write_text(&reading, " ", 1);
		read_field(&reading);
	} while (!reading.from.bad && reading.from.at < reading.from.end);
	return !reading.from.bad;
}
