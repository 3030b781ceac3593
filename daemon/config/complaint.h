/* What is wrong with a configuration: all of it, in the order of the files.
 *
 * Collects lines "file:line: what" while files are read and checked, and
 * prints them sorted. The same line is kept once.
 */
#ifndef CORRIDORD_CONFIG_COMPLAINT_H
#define CORRIDORD_CONFIG_COMPLAINT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "config/index.h"

struct conf_file {
	const char *path; /* as it was named */
	const char *folder; /* full path of the folder it is in */
	int order; /* in which it was read */
	bool cut; /* part of it could not be understood */
};

struct conf_place {
	const struct conf_file *file;
	int line; /* 0: the whole file */
};

struct conf_complaint;

struct conf_complaints {
	struct conf_store *store; /* of their texts */
	struct conf_index lines;
	struct conf_complaint *last;
	size_t count;
};

void conf_complain(struct conf_complaints *complaints, struct conf_place place, const char *format,
		   ...) __attribute__((format(printf, 3, 4)));
void conf_complaints_print(struct conf_complaints *complaints, FILE *out);

#endif
