/* How a kind of record is written: its members, each declared once, in a table.
 *
 * Reader and writer walk the table; a type knows how one member is read into the struct and
 * written again. Tables: consignment.c, lists.c; types:
 * texts.c, _words.c, _types.c.
 */
#ifndef CORRIDORD_REGISTRY_RECORD_SHAPE_H
#define CORRIDORD_REGISTRY_RECORD_SHAPE_H

#include <jansson.h>

#include "base/json_writer.h"
#include "registry/record/record.h"

#define SHAPE_STEPS_MAX	  8 /* objects and lists within one another, and their members */
#define SHAPE_MEMBERS_MAX 24 /* of a shape */

/* Reads into one block: elements of lists grow from `lists`, strings from `strings`; both have
 * room for all that the JSON text can hold (record.c). */
struct shape_reader {
	struct registry_complaint *complaint;
	char *lists;
	char *strings;
	/* To the member being read: "seals[3].number". */
	struct shape_step {
		const char *name; /* NULL: an element */
		size_t element;
	} steps[SHAPE_STEPS_MAX];
	size_t step_count;
};

struct shape_member;

/* How a cell of a table becomes JSON (cells.c). */
enum shape_cell { CELL_TEXT, CELL_BOOL, CELL_NUMBER, CELL_LIST, CELL_OBJECT };

struct shape_type {
	const char *expected; /* for complaints about another type: "a text" */
	/* Into object. -EINVAL after shape_complain(). */
	int (*read)(struct shape_reader *reader, const struct shape_member *member, json_t *value,
		    void *object);
	/* What a member that is left out stands for; NULL: zero. */
	void (*leave_out)(const struct shape_member *member, void *object);
	/* Nothing for one that was left out; NULL: another member writes it. */
	void (*write)(const struct shape_member *member, const void *object, struct jw *json);
	enum shape_cell cell;
};

struct shape_word {
	const char *word; /* NULL ends the table */
	uint32_t value;
};

struct shape_member {
	const char *name; /* NULL ends the table; of elements of a list */
	const struct shape_type *type;
	bool required;
	size_t at; /* offset in the object */
	size_t beside; /* a list's count, a number's verdict (0: it is not kept) */
	size_t least, most; /* bytes of a text, elements of a list, seconds */
	const char *characters; /* of a word */
	const char *form; /* of a word or number, for people */
	enum identifier_kind number;
	const struct shape_word *words; /* of choices and sets */
	uint32_t all; /* a set that is left out or empty */
	size_t element_bytes; /* of a list */
	const struct shape_member *element; /* of a list of plain values */
	const struct shape *shape; /* of an object, or of a list's elements */
};

struct shape {
	const struct shape_member *members;
	/* What no member can see alone. -EINVAL after shape_complain(). Or NULL. */
	int (*check)(struct shape_reader *reader, const void *object);
};

/* Their base is struct registry_record. */
extern const struct shape consignment_shape, aeo_shape, arrangement_shape, group_shape;

extern const struct shape_type shape_text, shape_word, shape_number, shape_ucr, shape_aeo_number,
	shape_document_number, shape_equipment_number, shape_choice, shape_set, shape_one_type,
	shape_types, shape_moment, shape_from, shape_until, shape_seconds, shape_kilograms,
	shape_count, shape_bool, shape_list, shape_object;

extern const struct shape_word shape_roles[]; /* "any" is the first */

#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS	 "0123456789"
#define SMALL	 "abcdefghijklmnopqrstuvwxyz"

#define SHAPE_WORD_CHARACTERS CAPITALS DIGITS "-_."
#define SHAPE_NAME_CHARACTERS CAPITALS SMALL DIGITS "-_."

#define SHAPE_STATE                                                         \
	.type = &shape_word, .characters = CAPITALS, .least = 2, .most = 2, \
	.form = "two capital letters (ISO 3166)"
#define SHAPE_WORD                                                                        \
	.type = &shape_word, .characters = SHAPE_WORD_CHARACTERS, .least = 1, .most = 24, \
	.form = "1 to 24 of A-Z, 0-9, - _ ."
#define SHAPE_NAME                                                                        \
	.type = &shape_word, .characters = SHAPE_NAME_CHARACTERS, .least = 1, .most = 63, \
	.form = "1 to 63 of letters, digits, - _ ."

#define SHAPE_VERSION_AND_AS_OF                                      \
	{.name = "version",                                          \
	 .type = &shape_text,                                        \
	 .at = offsetof(struct registry_record, version),            \
	 .most = 63},                                                \
	{                                                            \
		.name = "as_of", .type = &shape_from,                \
		.at = offsetof(struct registry_record, as_of_utc_ns) \
	}

const struct shape *registry_shape(enum registry_kind kind);

const struct shape_member *shape_member_named(const struct shape *shape, const char *name);
bool shape_is_the_authors_own(const char *name);

/* Text as a JSON object. -EINVAL after shape_complain(), -ENOMEM. */
int shape_parse(struct shape_reader *reader, const char *text, size_t bytes, json_t **ret_value);

int shape_read(struct shape_reader *reader, const struct shape *shape, json_t *value, void *object);
void shape_leave_out(const struct shape *shape, void *object);
void shape_write(const struct shape *shape, const void *object, struct jw *json);

/* Room in the block that the elements of all lists of the shape need, at most. */
size_t shape_list_bytes(const struct shape *shape, json_t *value);

/* Says what is wrong with the member that reader->steps lead to; returns -EINVAL. */
int shape_complain(struct shape_reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The same of a member of the object being read. */
int shape_complain_of(struct shape_reader *reader, const char *name, const char *what);

void shape_enter(struct shape_reader *reader, const char *name); /* borrowed until it is left */
void shape_enter_element(struct shape_reader *reader, size_t i);
void shape_leave(struct shape_reader *reader);

void *shape_take_list(struct shape_reader *reader, size_t bytes);
const char *shape_take_text(struct shape_reader *reader, const char *text);

/* time.c: false when text is no time, with the meaning of a date alone. */
enum shape_day { DAY_REFUSED, DAY_BEGIN, DAY_END };
bool shape_time(const char *text, enum shape_day day, int64_t *ret_utc_ns);

/* As an AEO's number is compared; its verdict as of identifier_normalise(). */
enum identifier_verdict shape_normalise_aeo(const char *raw, size_t bytes,
					    char ret_text[IDENTIFIER_BYTES]);

#endif
