/* A message as a tree of fixed size: what a device posted, published or sent as a line.
 *
 * Whatever the message's form, it is read byte by byte as it comes, and what it may take is bounded
 * here: so many values, so deep, so much text. A text longer than DOC_LONGEST is a picture or other
 * ballast and is passed over unread: its value is there, its text is not. Nothing is allocated.
 */
#ifndef CORRIDORD_MAPPER_DOC_H
#define CORRIDORD_MAPPER_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DOC_NODES      1024
#define DOC_TEXT_BYTES (16 * 1024) /* of names and texts together */
#define DOC_LONGEST    512
#define DOC_DEPTH      32
#define DOC_NONE       UINT32_MAX

enum doc_kind {
	DOC_NULL,
	DOC_BOOL, /* its text is a word, as that of a number is what was written */
	DOC_NUMBER,
	DOC_TEXT,
	DOC_PASSED_OVER, /* a text too long to be a value */
	DOC_ARRAY,
	DOC_OBJECT,
};

struct doc_node {
	uint8_t kind;
	uint32_t name, text; /* where in the document's text; of a member, of a scalar */
	uint32_t name_hash;
	uint32_t next, child; /* DOC_NONE: none */
};

struct doc {
	struct doc_node node[DOC_NODES]; /* the first is the message itself */
	uint32_t count, text_bytes;
	char text[DOC_TEXT_BYTES];
};

void doc_clear(struct doc *doc);

/* Behind after (DOC_NONE: as the first), within parent (DOC_NONE: the message itself).
 * DOC_NONE: there is no room. name: where in the text, DOC_NONE: it has none. */
uint32_t doc_add(struct doc *doc, uint32_t parent, uint32_t after, uint32_t name);

/* Adds a byte to the text that is being written; false: there is no room. */
bool doc_put(struct doc *doc, char byte);

uint32_t doc_hash(const char *name);

/* The text of a scalar; NULL: it is no scalar, or passed over. */
const char *doc_text(const struct doc *doc, const struct doc_node *node);

/* "the first of the array", "the next one"; NULL: no more. */
const struct doc_node *doc_child(const struct doc *doc, const struct doc_node *node);
const struct doc_node *doc_next(const struct doc *doc, const struct doc_node *node);

/* A JSON Pointer (RFC 6901): "" is the node itself. NULL: there is nothing. */
const struct doc_node *doc_at(const struct doc *doc, const struct doc_node *from,
			      const char *pointer);

/* Whether it is a pointer at all; NULL: it is, else what is wrong, for people. */
const char *doc_pointer_fault(const char *pointer);

#endif
