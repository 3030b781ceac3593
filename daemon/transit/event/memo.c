#include "transit/event/memo.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void memo_start(struct memo *memo, char *out, size_t size)
{
	*memo = (struct memo){.out = out, .size = size};
	out[0] = '\0';
}

static void put(struct memo *memo, const char *bytes, size_t count)
{
	if (memo->overflow || count >= memo->size - memo->bytes) {
		memo->overflow = true;
		return;
	}
	memcpy(memo->out + memo->bytes, bytes, count);
	memo->bytes += count;
	memo->out[memo->bytes] = '\0';
}

static void begin_field(struct memo *memo)
{
	if (memo->bytes > 0)
		put(memo, " ", 1);
}

void memo_int(struct memo *memo, int64_t integer)
{
	char text[24];

	begin_field(memo);
	snprintf(text, sizeof(text), "%" PRId64, integer);
	put(memo, text, strlen(text));
}

void memo_text(struct memo *memo, const char *text)
{
	begin_field(memo);
	if (!text || !text[0])
		put(memo, "%", 1);
	for (; text && *text; text++) {
		unsigned char c = (unsigned char)*text;
		char escape[4];

		if (c > ' ' && c != '%' && c != 0x7F) {
			put(memo, text, 1);
			continue;
		}
		snprintf(escape, sizeof(escape), "%%%02X", c);
		put(memo, escape, 3);
	}
}

bool memo_ok(const struct memo *memo)
{
	return !memo->overflow;
}

void memo_read(struct memo_reader *reader, const char *text)
{
	*reader = (struct memo_reader){.at = text};
}

/* The field begins at *ret_field; returns its bytes, 0 when there is none. */
static size_t next_field(struct memo_reader *reader, const char **ret_field)
{
	size_t bytes = strcspn(reader->at, " ");

	*ret_field = reader->at;
	reader->at += bytes;
	if (*reader->at == ' ')
		reader->at++;
	if (bytes == 0)
		reader->bad = true;
	return bytes;
}

int64_t memo_take(struct memo_reader *reader, int64_t least, int64_t most)
{
	const char *field;
	size_t bytes = next_field(reader, &field);
	long long number;
	char *end;

	errno = 0;
	number = strtoll(field, &end, 10);
	if (bytes == 0 || errno || end != field + bytes || number < least || number > most) {
		reader->bad = true;
		return 0;
	}
	return number;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* One character of a field; how many bytes of it that took, 0: nonsense. */
static size_t unescape(const char *field, size_t bytes, char *ret_c)
{
	int high, low;

	*ret_c = field[0];
	if (field[0] != '%')
		return 1;
	if (bytes < 3)
		return 0;
	high = hex_digit(field[1]);
	low = hex_digit(field[2]);
	if (high < 0 || low < 0 || high + low == 0)
		return 0;
	*ret_c = (char)(high * 16 + low);
	return 3;
}

void memo_take_text(struct memo_reader *reader, char *out, size_t size)
{
	const char *field;
	size_t bytes = next_field(reader, &field);
	size_t at = 0;
	size_t taken;

	if (bytes == 1 && field[0] == '%')
		bytes = 0;
	while (bytes > 0) {
		taken = at + 1 < size ? unescape(field, bytes, &out[at]) : 0;
		if (taken == 0) {
			reader->bad = true;
			at = 0;
			break;
		}
		at++;
		field += taken;
		bytes -= taken;
	}
	out[at] = '\0';
}

bool memo_more(const struct memo_reader *reader)
{
	return !reader->bad && reader->at[0];
}

bool memo_end(const struct memo_reader *reader)
{
	return !reader->bad && !reader->at[0];
}
