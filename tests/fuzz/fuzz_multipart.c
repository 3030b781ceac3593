/* Any bytes as a body of parts: the calls are in order, no more bytes come out than went in. The first
 * byte is the length of the pieces, what follows up to the first line end the boundary. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "readers/multipart.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

struct ear {
	bool open;
	size_t bytes;
};

static void on_begin(void *data)
{
	struct ear *ear = data;

	if (ear->open)
		abort();
	ear->open = true;
}

static void on_bytes(void *data, const char *bytes, size_t count)
{
	struct ear *ear = data;

	if (!ear->open || count == 0)
		abort();
	ear->bytes += count;
	(void)bytes;
}

static void on_end(void *data)
{
	struct ear *ear = data;

	if (!ear->open)
		abort();
	ear->open = false;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const char *text = (const char *)data;
	const char *line = size > 1 ? memchr(text + 1, '\n', size - 1) : NULL;
	const size_t piece = size > 0 ? (size_t)data[0] + 1 : 1;
	struct multipart multipart;
	struct ear ear = {.open = false};
	char type[128];

	if (!line)
		return 0;
	snprintf(type, sizeof(type), "multipart/mixed; boundary=%.*s", (int)(line - text - 1),
		 text + 1);
	if (!multipart_begin(&multipart, type))
		return 0;
	multipart.data = &ear;
	multipart.begin = on_begin;
	multipart.take = on_bytes;
	multipart.end = on_end;
	size -= (size_t)(line + 1 - text);
	for (size_t at = 0; at < size; at += piece)
		multipart_take(&multipart, line + 1 + at, size - at < piece ? size - at : piece);
	multipart_end(&multipart);
	if (ear.open || ear.bytes > size)
		abort();
	return 0;
}
