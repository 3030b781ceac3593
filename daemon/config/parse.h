/* A block's options into its struct, row by row of a table.
 *
 * Options may stand in two blocks, the device's own and its profile's: the
 * first that has one wins. What is wrong is told with the file, the line and
 * the block; the parse goes on, so that all of it is told.
 */
#ifndef CORRIDORD_CONFIG_PARSE_H
#define CORRIDORD_CONFIG_PARSE_H

#include <stdbool.h>

#include "config/tree.h"

struct conf_parser {
	struct conf_reader *reader;
	struct conf_store *store; /* of the texts that stay */
	const struct config *config; /* whose points a reference may mean */
	struct conf_index points; /* their names; number: index and 1 */
};

/* Where a block's options stand, the stronger first. */
struct conf_source {
	const struct conf_node *own; /* complaints about what is missing name this one */
	const struct conf_node *profile; /* NULL: none */
	bool incomplete; /* there should be one: nothing is missing because of it */
};

/* NULL: neither has it. */
const struct conf_entry *conf_source_entry(const struct conf_source *source, const char *name);

/* Fills base by the table; rows that the table `hidden` (or NULL) has too get their default. */
void conf_fill(struct conf_parser *parser, const struct conf_source *source,
	       const struct conf_option *table, const struct conf_option *hidden, void *base);

/* [a-z0-9-], 1 to 63. */
bool conf_is_name(const char *text);

/* Complains about an option, in its first line: `lane "entry-1": status = "x.y": ...`. value
 * NULL: leaves it out. */
void conf_complain_entry(struct conf_parser *parser, const struct conf_entry *entry,
			 const char *value, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
