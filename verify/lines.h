/* Files of JSON lines: read through once from the beginning, then line by line where they were found.
 * A line is what a subscriber got, byte for byte; what stands before its first brace (a topic) is
 * passed over. */
#ifndef CORRIDORD_VERIFY_LINES_H
#define CORRIDORD_VERIFY_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_BYTES	 (16 * 1024) /* of the longest; a longer one is none */
#define FILES_MAX	 255
#define LINE_OFFSET_BITS 48

typedef void (*line_call)(void *data, uint64_t place, const char *line, size_t bytes);

struct lines {
	size_t count;
	int fd[FILES_MAX];
	char *window; /* of a file, for lines_at() */
	size_t file, used;
	uint64_t begin;
	uint64_t too_long; /* lines */
	bool unended; /* the one that lines_each() gives is a file's last, without a line end */
};

/* -EFBIG: there are too many; -ESPIPE: it cannot be read twice; or another negative errno. */
int lines_open(struct lines *lines, const char *path);
void lines_close(struct lines *lines);

int lines_each(struct lines *lines, line_call call, void *data); /* negative errno */
/* The line at a place that lines_each() gave; until the next call. Bytes, or a negative errno. */
int lines_at(struct lines *lines, uint64_t place, const char **ret_line);

#endif
