/* JSON (RFC 8259), piece by piece as it comes, into a document of fixed size.
 *
 * Strict: one value, UTF-8, no member twice, no U+0000. Numbers are kept as they were written.
 */
#ifndef CORRIDORD_MAPPER_JSON_H
#define CORRIDORD_MAPPER_JSON_H

#include "mapper/doc.h"

#define JSON_NUMBER_LONGEST 63

enum json_step {
	JSON_AT_VALUE,
	JSON_AT_FIRST_ITEM, /* or the array's end */
	JSON_AT_FIRST_MEMBER, /* or the object's end */
	JSON_AT_MEMBER,
	JSON_AT_COLON,
	JSON_AT_BEHIND, /* a value */
	JSON_AT_STRING,
	JSON_AT_ESCAPE,
	JSON_AT_UNICODE,
	JSON_AT_WORD, /* true, false, null, a number */
};

struct json {
	struct doc *doc;
	const char *error; /* for people; NULL: none yet */
	size_t at; /* bytes read */
	enum json_step state;
	uint32_t open[DOC_DEPTH]; /* arrays and objects around, */
	uint32_t last[DOC_DEPTH]; /* and the latest in each */
	uint32_t depth;
	uint32_t name; /* of the value to come */
	uint32_t text; /* where the string or word begins in the document's text */
	uint32_t bytes; /* of it, as far as it has come */
	bool is_name;
	bool over; /* longer than anyone wants */
	uint32_t code, high; /* of an escape, and the half of a pair before it */
	uint8_t digits; /* of it still to come */
	uint8_t rest, low_bound, high_bound; /* of the UTF-8 character under way */
};

/* The document is the caller's, and emptied. */
void json_begin(struct json *json, struct doc *doc);

/* false: refused, json->error says why. */
bool json_take(struct json *json, const char *bytes, size_t count);

/* After the last piece; the same. */
bool json_end(struct json *json);

#endif
