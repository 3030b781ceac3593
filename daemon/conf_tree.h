/* A configuration file as a tree of blocks, options and words, each with its line.
 *
 * libconfuse reads it; what it makes of the text is taken down as it goes,
 * because libconfuse itself forgets lines and lets a second block of the same
 * name replace the first. An unknown name is told, blanked and the file read
 * again, so that one run finds them all. Not for two threads at once:
 * libconfuse's lexer has globals.
 */
#ifndef CORRIDORD_CONF_TREE_H
#define CORRIDORD_CONF_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "conf_complaint.h"
#include "conf_store.h"
#include "config_schema.h"

struct conf_word {
	struct conf_word *next;
	const char *text;
	int line;
};

struct conf_entry {
	struct conf_entry *next;
	const char *name;
	const struct conf_node *node; /* it stands in */
	struct conf_place place;
	struct conf_word *words; /* at least one */
	size_t word_count;
};

struct conf_node {
	struct conf_node *next; /* of the same parent */
	struct conf_node *parent;
	struct conf_node *children;
	const struct conf_kind *kind;
	const char *title; /* "" for those without */
	struct conf_place place;
	struct conf_entry *entries;
};

struct conf_reader {
	struct conf_store *store; /* of the trees */
	struct conf_complaints complaints;
	int files; /* read so far */
	bool cut; /* a file is */
};

/* The file as a node of kind `kind`. What is wrong with it is in the complaints: then the
 * tree is what could be read. An error reading the file itself is told too and returned as a
 * negative errno. -ENOMEM. */
int conf_tree_read(struct conf_reader *reader, const char *path, const struct conf_kind *kind,
		   struct conf_node **ret_file);

/* NULL: no such option. */
const struct conf_entry *conf_node_entry(const struct conf_node *node, const char *name);

/* The next one of a kind, from node on; NULL: no more. */
struct conf_node *conf_node_of(struct conf_node *node, const char *kind);

/* Complains about a block, with its name in front: `lane "entry-1" barrier "boom": ...`. */
void conf_complain_node(struct conf_reader *reader, const struct conf_node *node, int line,
			const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
