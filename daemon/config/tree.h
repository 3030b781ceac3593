/* A configuration file as a tree of blocks, options and words, each with its line.
 *
 *   file   = { option | block }
 *   block  = kind [ name ] "{" { option | block } "}"
 *   option = name "=" ( word | "{" [ word { "," word } [ "," ] ] "}" )
 *
 * What may stand where says schema.h. A block or option that is not
 * understood is told and passed over; what depends on it is then not told to
 * be missing.
 */
#ifndef CORRIDORD_CONFIG_TREE_H
#define CORRIDORD_CONFIG_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/complaint.h"
#include "config/index.h"
#include "config/nearest.h"
#include "config/schema.h"

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
	struct conf_word *words;
	size_t word_count;
	bool told; /* it was not understood, and that was told */
};

struct conf_node {
	struct conf_node *next; /* of the same parent */
	struct conf_node *parent;
	struct conf_node *children, *last;
	const struct conf_kind *kind;
	const char *title; /* "" for those without */
	const char *label; /* `lane "entry-1" barrier "boom"` */
	struct conf_place place;
	struct conf_entry *entries;
	size_t index; /* of what was made of it, in its array of the configuration */
	bool incomplete; /* something that belongs to it was told, and is not there */
};

struct conf_reader {
	struct conf_store *store; /* of the trees */
	struct conf_complaints complaints;
	struct conf_index blocks; /* the first of a place, kind and title */
	struct conf_index lost; /* kinds; kinds and titles; of blocks in no tree, told */
	size_t patience; /* steps of looking for the nearest words, by the size of the files */
	int files; /* read so far */
	bool cut; /* a file is */
};

/* The file as a node of kind `kind`. What is wrong with it is in the complaints: then the
 * tree is what could be read. NULL: the file itself cannot be read, which is told; or no memory. */
struct conf_node *conf_tree_read(struct conf_reader *reader, const char *path,
				 const struct conf_kind *kind);

/* The same of bytes with a NUL behind them, which become part of the tree. NULL: no memory. */
struct conf_node *conf_tree_parse(struct conf_reader *reader, struct conf_file *file, char *bytes,
				  size_t count, const struct conf_kind *kind);

/* ---- node.c ---------------------------------------------------------------------------- */

/* Not yet in the tree. NULL: no memory. */
struct conf_node *conf_node_new(struct conf_reader *reader, struct conf_node *parent,
				const struct conf_kind *kind, const char *title,
				struct conf_place place);

/* Puts it behind its parent's other children. */
void conf_node_add(struct conf_reader *reader, struct conf_node *node);

/* The option of this name, made if there is none. The name is borrowed. NULL: no memory. */
struct conf_entry *conf_node_set(struct conf_reader *reader, struct conf_node *node,
				 const char *name, int line);

/* NULL: no such option. */
const struct conf_entry *conf_node_entry(const struct conf_node *node, const char *name);

/* The next one of a kind, from node on; NULL: no more. */
struct conf_node *conf_node_of(struct conf_node *node, const char *kind);

/* The first block of a kind and title in a block, or (NULL) in all files; NULL: none. */
struct conf_node *conf_node_find(struct conf_reader *reader, const struct conf_node *parent,
				 const char *kind, const char *title);

/* Of a block that is in no tree, and was told: what needs it is then not told to be wrong. The
 * parent is incomplete without it. */
void conf_node_lose(struct conf_reader *reader, struct conf_node *parent, const char *kind,
		    const char *title);

/* Whether one of the main file's blocks of this kind and title (NULL: any) may be lost. */
bool conf_is_lost(struct conf_reader *reader, const char *kind, const char *title);

/* Complains about a block, with its label in front: `lane "entry-1" barrier "boom": ...`. */
void conf_complain_node(struct conf_reader *reader, const struct conf_node *node, int line,
			const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
