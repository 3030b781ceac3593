#include "evidence/proof.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIRST_LINE "c2sp.org/tlog-proof@v1\n"

struct out {
	char *at;
	size_t left;
	bool overflow;
};

static void put(struct out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct out *out, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(out->at, out->left, format, arguments);
	va_end(arguments);
	out->overflow |= length < 0 || (size_t)length >= out->left;
	if (out->overflow)
		return;
	out->at += length;
	out->left -= (size_t)length;
}

int proof_write(uint64_t index, const struct tree_path *path, const char *note, char *out,
		size_t size)
{
	struct out to = {.at = out, .left = size};
	char hash[NOTE_HASH_TEXT];

	put(&to, FIRST_LINE "index %" PRIu64 "\n", index);
	for (size_t i = 0; i < path->count; i++) {
		base64_encode(path->hash[i].bytes, TREE_HASH_BYTES, hash);
		put(&to, "%s\n", hash);
	}
	put(&to, "\n%s", note);
	return to.overflow ? -E2BIG : (int)(to.at - out);
}

static bool skip(const char **at, const char *end, const char *text)
{
	size_t bytes = strlen(text);

	if ((size_t)(end - *at) < bytes || memcmp(*at, text, bytes) != 0)
		return false;
	*at += bytes;
	return true;
}

int proof_read(const char *text, size_t bytes, struct proof *ret_proof)
{
	const char *at = text, *end = text + bytes, *line;
	struct proof proof = {0};
	size_t length;

	if (!skip(&at, end, FIRST_LINE))
		return -EINVAL;
	if (skip(&at, end, "extra ") && !note_next_line(&at, end, &length))
		return -EINVAL;
	if (!skip(&at, end, "index "))
		return -EINVAL;
	line = note_next_line(&at, end, &length);
	if (!line || note_read_number(line, length, &proof.index) < 0 ||
	    note_read_path(&at, end, &proof.path) < 0)
		return -EINVAL;
	proof.note = at;
	proof.note_bytes = (size_t)(end - at);
	*ret_proof = proof;
	return 0;
}
