#include "base/percent.h"

#include <stdio.h>
#include <string.h>

bool percent_write(char *out, size_t size, const char *text)
{
	size_t at = 0;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool plain = c > ' ' && c != 0x7F && !strchr("/+#%.", c);

		if (at + (plain ? 1 : 3) >= size)
			return false;
		if (plain)
			out[at++] = (char)c;
		else
			at += (size_t)snprintf(out + at, size - at, "%%%02X", c);
	}
	out[at] = '\0';
	return at > 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* 0: "%" without two digits, or of NUL. */
static int escaped(const char *level)
{
	int high = hex_digit(level[1]);
	int low = high >= 0 ? hex_digit(level[2]) : -1;

	return low >= 0 ? 16 * high + low : 0;
}

size_t percent_read(const char *level, char *out, size_t size)
{
	size_t at = 0;

	while (*level && at + 1 < size) {
		int c = *level == '%' ? escaped(level) : (unsigned char)*level;

		if (c == 0)
			return 0;
		out[at++] = (char)c;
		level += *level == '%' ? 3 : 1;
	}
	out[at] = '\0';
	return *level ? 0 : at;
}
