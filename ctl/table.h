/* Rows below a heading, those that need a look first; as many as there is room for, and how many
 * were left out. */
#ifndef CORRIDORCTL_TABLE_H
#define CORRIDORCTL_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct table {
	const char *heading;
	json_t *bad, *good; /* arrays of texts, each a row without its end of line */
};

void table_init(struct table *table, const char *heading);
void table_fini(struct table *table);

void table_add(struct table *table, bool bad, const char *row);
size_t table_lines(
	const struct table *table); /* of all of it, an empty one before it; 0: no rows */
/* So many lines at most, four at least if it does not fit. */
void table_put(const struct table *table, size_t lines, FILE *out);

#endif
