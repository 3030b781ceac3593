#include "evidence/cosign.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int cosign_request_write(uint64_t old_size, const struct tree_path *path, const char *note,
			 char out[COSIGN_REQUEST_BYTES])
{
	size_t used = (size_t)snprintf(out, COSIGN_REQUEST_BYTES, "old %" PRIu64 "\n", old_size);
	int length;

	for (size_t i = 0; i < path->count && i < TREE_PATH_MAX; i++) {
		used += base64_encode(path->hash[i].bytes, TREE_HASH_BYTES, out + used);
		out[used++] = '\n';
	}
	length = snprintf(out + used, COSIGN_REQUEST_BYTES - used, "\n%s", note);
	if ((size_t)length >= COSIGN_REQUEST_BYTES - used)
		return -E2BIG;
	return (int)used + length;
}

static int read_old(const char **at, const char *end, uint64_t *ret_old)
{
	size_t length;
	const char *line = note_next_line(at, end, &length);

	if (!line || length < 5 || memcmp(line, "old ", 4) != 0)
		return -EINVAL;
	return note_read_number(line + 4, length - 4, ret_old);
}

int cosign_request_read(const char *text, size_t bytes, struct cosign_request *ret_request)
{
	const char *at = text, *end = text + bytes;
	struct cosign_request request = {0};

	if (read_old(&at, end, &request.old_size) < 0 ||
	    note_read_path(&at, end, &request.path) < 0)
		return -EINVAL;
	request.note = at;
	request.note_bytes = (size_t)(end - at);
	*ret_request = request;
	return 0;
}

int cosign_text(uint64_t time_s, const char *text, size_t bytes, char out[COSIGN_TEXT_BYTES])
{
	int length = snprintf(out, COSIGN_TEXT_BYTES, "cosignature/v1\ntime %" PRIu64 "\n%.*s",
			      time_s, (int)bytes, text);

	return length < COSIGN_TEXT_BYTES && bytes < COSIGN_TEXT_BYTES ? length : -E2BIG;
}

void cosign_put_time(uint64_t time_s, unsigned char out[COSIGN_TIME_BYTES])
{
	for (int i = 0; i < COSIGN_TIME_BYTES; i++)
		out[i] = (unsigned char)(time_s >> (56 - 8 * i));
}

uint64_t cosign_time(const unsigned char *signature)
{
	uint64_t time_s = 0;

	for (int i = 0; i < COSIGN_TIME_BYTES; i++)
		time_s = time_s << 8 | signature[i];
	return time_s;
}
