#include "line/marks.h"

#include <string.h>

static const char *const names[] = {
	"NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS",  "HT",  "LF",
	"VT",  "FF",  "CR",  "SO",  "SI",  "DLE", "DC1", "DC2", "DC3", "DC4", "NAK",
	"SYN", "ETB", "CAN", "EM",  "SUB", "ESC", "FS",	 "GS",	"RS",  "US",
};

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* -1: no such character. */
static int character(const char *name, size_t bytes)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == bytes && strncmp(names[i], name, bytes) == 0)
			return (int)i;
	if (bytes == 4 && name[0] == '0' && name[1] == 'x' && hex(name[2]) >= 0 &&
	    hex(name[3]) >= 0)
		return hex(name[2]) << 4 | hex(name[3]);
	return bytes == 1 && *name > 0x20 && *name < 0x7F ? *name : -1;
}

bool mark_read(const char *text, struct mark *ret_mark)
{
	struct mark mark = {0};

	for (const char *at = text ? text : ""; *at;) {
		const size_t bytes = strcspn(at, " ");
		const int c = character(at, bytes);

		if (c < 0 || mark.count == MARK_BYTES)
			return false;
		mark.bytes[mark.count++] = (uint8_t)c;
		at += bytes;
		at += strspn(at, " ");
	}
	*ret_mark = mark;
	return true;
}

bool mark_text(const char *text, uint8_t *ret_bytes, size_t size, size_t *ret_count,
	       bool *ret_named)
{
	size_t n = 0;

	*ret_named = false;
	for (const char *at = text; *at; n++) {
		int c = (unsigned char)*at;

		*ret_named = *at == '<';
		if (*at == '<') {
			const size_t bytes = strcspn(++at, ">");

			c = at[bytes] ? character(at, bytes) : -1;
			at += bytes;
		}
		if (c < 0 || n == size)
			return false;
		ret_bytes[n] = (uint8_t)c;
		at++;
	}
	*ret_count = n;
	return true;
}
