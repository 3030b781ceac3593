#include "verify/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WINDOW_BYTES (256 * 1024)

int lines_open(struct lines *lines, const char *path)
{
	int fd;

	if (lines->count == FILES_MAX)
		return -EFBIG;
	if (!lines->window && !(lines->window = malloc(WINDOW_BYTES)))
		return -ENOMEM;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (lseek(fd, 0, SEEK_CUR) < 0) {
		close(fd);
		return -ESPIPE;
	}
	lines->fd[lines->count++] = fd;
	return 0;
}

void lines_close(struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		close(lines->fd[i]);
	free(lines->window);
}

/* The window begins there; shorter only at the file's end. */
static int fill(struct lines *lines, size_t file, uint64_t begin)
{
	lines->file = file;
	lines->begin = begin;
	lines->used = 0;
	while (lines->used < WINDOW_BYTES) {
		ssize_t bytes = pread(lines->fd[file], lines->window + lines->used,
				      WINDOW_BYTES - lines->used, (off_t)(begin + lines->used));

		if (bytes < 0 && errno == EINTR)
			continue;
		if (bytes < 0)
			return -errno;
		if (bytes == 0)
			break;
		lines->used += (size_t)bytes;
	}
	return 0;
}

static void give(const char *line, size_t bytes, uint64_t place, line_call call, void *data)
{
	const char *brace = memchr(line, '{', bytes);

	if (bytes > 0 && line[bytes - 1] == '\r')
		bytes--;
	if (brace && brace < line + bytes)
		call(data, place + (uint64_t)(brace - line), brace, bytes - (size_t)(brace - line));
	else if (bytes > 0)
		call(data, place, line, bytes);
}

static int each_of(struct lines *lines, size_t file, line_call call, void *data)
{
	uint64_t at = 0;
	bool passing = false; /* over a line that is too long */
	int err;

	while ((err = fill(lines, file, at)) == 0 && lines->used > 0) {
		const char *line = lines->window, *end = line + lines->used, *stop;

		while ((stop = memchr(line, '\n', (size_t)(end - line)))) {
			uint64_t place = (uint64_t)file << LINE_OFFSET_BITS |
					 (at + (uint64_t)(line - lines->window));

			if (!passing && stop - line <= LINE_BYTES)
				give(line, (size_t)(stop - line), place, call, data);
			else
				lines->too_long++;
			passing = false;
			line = stop + 1;
		}
		if (lines->used < WINDOW_BYTES) {
			lines->unended = true;
			if (!passing && end > line && end - line <= LINE_BYTES)
				give(line, (size_t)(end - line),
				     (uint64_t)file << LINE_OFFSET_BITS |
					     (at + (uint64_t)(line - lines->window)),
				     call, data);
			return 0;
		}
		passing |= line == lines->window;
		at += line == lines->window ? lines->used : (uint64_t)(line - lines->window);
	}
	return err;
}

int lines_each(struct lines *lines, line_call call, void *data)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < lines->count; i++) {
		lines->unended = false;
		err = each_of(lines, i, call, data);
	}
	return err;
}

int lines_at(struct lines *lines, uint64_t place, const char **ret_line)
{
	size_t file = (size_t)(place >> LINE_OFFSET_BITS);
	uint64_t at = place & ((UINT64_C(1) << LINE_OFFSET_BITS) - 1);
	const char *line, *stop;
	size_t rest;
	int err = 0;

	/* in the middle of the window: whoever reads goes on in one direction or the other */
	if (file != lines->file || at < lines->begin ||
	    at + LINE_BYTES > lines->begin + lines->used)
		err = fill(lines, file, at > WINDOW_BYTES / 2 ? at - WINDOW_BYTES / 2 : 0);
	if (err < 0)
		return err;
	line = lines->window + (at - lines->begin);
	rest = lines->used - (size_t)(at - lines->begin);
	stop = memchr(line, '\n', rest);
	rest = stop ? (size_t)(stop - line) : rest;
	if (rest > 0 && line[rest - 1] == '\r')
		rest--;
	*ret_line = line;
	return (int)rest;
}
