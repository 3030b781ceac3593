/* What is wrong with a configuration: all of it, in the order of the files.
 *
 * Collects lines "file:line: what" while files are read and checked, and
 * prints them sorted, each once. Knows the nearest of the words that would
 * have been right.
 */
#ifndef CORRIDORD_CONF_COMPLAINT_H
#define CORRIDORD_CONF_COMPLAINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct conf_file {
	const char *path; /* as it was named */
	const char *folder; /* full path of the folder it is in */
	int order; /* in which it was read */
	bool cut; /* its end could not be read */
};

struct conf_place {
	const struct conf_file *file;
	int line; /* 0: the whole file */
};

struct conf_complaint;

struct conf_complaints {
	struct conf_complaint *list;
	size_t count;
	bool no_memory; /* one could not be kept */
};

void conf_complain(struct conf_complaints *complaints, struct conf_place place, const char *format,
		   ...) __attribute__((format(printf, 3, 4)));

/* Forgets all but the first count. */
void conf_complaints_cut(struct conf_complaints *complaints, size_t count);
void conf_complaints_print(struct conf_complaints *complaints, FILE *out);
void conf_complaints_free(struct conf_complaints *complaints);

/* The nearest of several words: set word, offer each, take the result. */
struct conf_nearest {
	const char *word;
	const char *best;
	size_t distance;
	char hint[160];
};

void conf_nearest_offer(struct conf_nearest *nearest, const char *candidate);

/* `, did you mean "x"?`, or "" when nothing is near. */
const char *conf_nearest_hint(struct conf_nearest *nearest);

#endif
