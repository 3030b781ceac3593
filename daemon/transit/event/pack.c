#include "transit/event/pack.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

/* How a field begins. Below TAG_NUMBER it is a small number itself, from TAG_TEXT on the length of
 * a text. */
enum {
	TAG_NUMBER = 0x40,
	TAG_SECONDS, /* a number of nanoseconds that has no fraction */
	TAG_LEAST,
	TAG_MOST,
	TAG_KEY,
	TAG_EMPTY, /* "%", see memo.h */
	TAG_NAME,
	TAG_LONG_TEXT,
	TAG_TEXT = 0x80,
};

#define SMALL_LEAST  (-4)
#define SMALL_MOST   (SMALL_LEAST + TAG_NUMBER - 1)
#define SHORT_MOST   0x7F /* bytes of a text whose length is in its tag */
#define NUMBER_CHARS 20 /* of the longest there is */
#define NAME_DIGITS  3 /* more of them are of a number, which does not return */

void pack_names_fini(struct pack_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->names[i]);
	*names = (struct pack_names){0};
}

/* PACK_NAMES: it is none of them. */
static size_t find_name(const struct pack_names *names, const char *field, size_t bytes)
{
	for (size_t i = 0; i < names->count; i++)
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

/* ---- packing ------------------------------------------------------------------------- */

struct packing {
	unsigned char *out;
	size_t size, bytes;
	bool overflow;
};

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
static void put_bits(struct packing *packing, int64_t number)
{
	uint64_t bits = (uint64_t)number << 1 ^ (number < 0 ? UINT64_MAX : 0);

	for (; bits > 0x7F; bits >>= 7)
		put_byte(packing, 0x80 | (unsigned)(bits & 0x7F));
	put_byte(packing, (unsigned)bits);
}

static void put_number(struct packing *packing, int64_t number)
{
	if (number >= SMALL_LEAST && number <= SMALL_MOST) {
		put_byte(packing, (unsigned)(number - SMALL_LEAST));
	} else if (number == INT64_MIN || number == INT64_MAX) {
		put_byte(packing, number == INT64_MIN ? TAG_LEAST : TAG_MOST);
	} else if (number % NS_PER_S == 0) {
		put_byte(packing, TAG_SECONDS);
		put_bits(packing, number / NS_PER_S);
	} else {
		put_byte(packing, TAG_NUMBER);
		put_bits(packing, number);
	}
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

static void put_written_out(struct packing *packing, const char *field, size_t bytes)
{
	if (bytes <= SHORT_MOST) {
		put_byte(packing, TAG_TEXT | (unsigned)bytes);
	} else {
		put_byte(packing, TAG_LONG_TEXT);
		put_bits(packing, (int64_t)bytes);
	}
	put(packing, field, bytes);
}

/* name: its place among the names; PACK_NAMES: it has none. */
static void put_field(struct packing *packing, const char *key, size_t name, const char *field,
		      size_t bytes)
{
	int64_t number;

	if (bytes > 0 && strncmp(key, field, bytes) == 0 && !key[bytes]) {
		put_byte(packing, TAG_KEY);
	} else if (bytes == 1 && field[0] == '%') {
		put_byte(packing, TAG_EMPTY);
	} else if (read_number(field, bytes, &number)) {
		put_number(packing, number);
	} else if (name < PACK_NAMES) {
		put_byte(packing, TAG_NAME);
		put_byte(packing, (unsigned)name);
	} else {
		put_written_out(packing, field, bytes);
	}
}

size_t pack_text(struct pack_names *names, const char *key, const char *text, unsigned char *out,
		 size_t size)
{
	struct packing packing = {.out = out, .size = size};
	const char *field = text;

	for (;;) {
		size_t bytes = strcspn(field, " ");
		size_t name = find_name(names, field, bytes);

		if (name == PACK_NAMES && is_name(field, bytes))
			name = add_name(names, field, bytes);
		put_field(&packing, key, name, field, bytes);
		if (!field[bytes])
			return packing.overflow ? 0 : packing.bytes;
		field += bytes + 1;
	}
}

bool pack_may_have(const struct pack_names *names, const char *key, const unsigned char *packed,
		   size_t bytes, const char *field)
{
	unsigned char one[SHORT_MOST + 1];
	struct packing packing = {.out = one, .size = sizeof(one)};
	size_t length = strlen(field);

	put_field(&packing, key, find_name(names, field, length), field, length);
	return packing.overflow || memmem(packed, bytes, one, packing.bytes);
}

/* ---- reading ------------------------------------------------------------------------- */

struct unpacking {
	const unsigned char *at, *end;
	char *out;
	size_t size, bytes;
	bool bad;
};

static void write_text(struct unpacking *unpacking, const char *text, size_t bytes)
{
	if (bytes >= unpacking->size - unpacking->bytes) {
		unpacking->bad = true;
		return;
	}
	memcpy(unpacking->out + unpacking->bytes, text, bytes);
	unpacking->bytes += bytes;
	unpacking->out[unpacking->bytes] = '\0';
}

static void write_number(struct unpacking *unpacking, int64_t number)
{
	char text[NUMBER_CHARS + 1];

	snprintf(text, sizeof(text), "%" PRId64, number);
	write_text(unpacking, text, strlen(text));
}

static unsigned take_byte(struct unpacking *unpacking)
{
	if (unpacking->at == unpacking->end) {
		unpacking->bad = true;
		return 0;
	}
	return *unpacking->at++;
}

static int64_t take_bits(struct unpacking *unpacking)
{
	uint64_t bits = 0;
	unsigned byte = 0x80;

	for (unsigned shift = 0; byte & 0x80 && shift < 64; shift += 7) {
		byte = take_byte(unpacking);
		bits |= (uint64_t)(byte & 0x7F) << shift;
	}
	return (int64_t)(bits >> 1 ^ (bits & 1 ? UINT64_MAX : 0));
}

static void write_out(struct unpacking *unpacking, int64_t bytes)
{
	if (bytes < 0 || bytes > unpacking->end - unpacking->at) {
		unpacking->bad = true;
		return;
	}
	write_text(unpacking, (const char *)unpacking->at, (size_t)bytes);
	unpacking->at += bytes;
}

static void read_field(struct unpacking *unpacking, const struct pack_names *names, const char *key)
{
	unsigned tag = take_byte(unpacking), name;
	int64_t seconds;

	switch (tag) {
	case TAG_NUMBER:
		write_number(unpacking, take_bits(unpacking));
		break;
	case TAG_SECONDS:
		seconds = take_bits(unpacking);
		unpacking->bad |= __builtin_mul_overflow(seconds, NS_PER_S, &seconds);
		write_number(unpacking, seconds);
		break;
	case TAG_LEAST:
	case TAG_MOST:
		write_number(unpacking, tag == TAG_LEAST ? INT64_MIN : INT64_MAX);
		break;
	case TAG_KEY:
		write_text(unpacking, key, strlen(key));
		break;
	case TAG_EMPTY:
		write_text(unpacking, "%", 1);
		break;
	case TAG_NAME:
		name = take_byte(unpacking);
		if (name < names->count)
			write_text(unpacking, names->names[name], strlen(names->names[name]));
		else
			unpacking->bad = true;
		break;
	case TAG_LONG_TEXT:
		write_out(unpacking, take_bits(unpacking));
		break;
	default:
		if (tag < TAG_NUMBER)
			write_number(unpacking, (int64_t)tag + SMALL_LEAST);
		else if (tag >= TAG_TEXT)
			write_out(unpacking, tag & SHORT_MOST);
		else
			unpacking->bad = true;
	}
}

bool pack_read(const struct pack_names *names, const char *key, const unsigned char *packed,
	       size_t bytes, char *out, size_t size)
{
	struct unpacking unpacking = {
		.at = packed, .end = packed + bytes, .out = out, .size = size};

	out[0] = '\0';
	do {
		if (unpacking.bytes > 0 || unpacking.at != packed)
			write_text(&unpacking, " ", 1);
		read_field(&unpacking, names, key);
	} while (!unpacking.bad && unpacking.at < unpacking.end);
	return !unpacking.bad;
}
