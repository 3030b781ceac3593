/* The members of a JSON object from outside, declared in a table: which it may have and which it must.
 * A member that is in no row is refused by its name: a misspelt one is not ignored. */
#ifndef CORRIDORD_BASE_FIELDS_H
#define CORRIDORD_BASE_FIELDS_H

#include <stddef.h>
#include <stdint.h>

struct json_t;

#define FIELDS_ERROR_BYTES 192

enum field_type {
	FIELD_TEXT, /* printable, not empty; size: of its place, with the NUL */
	FIELD_NUMBER, /* whole, from min to max; its place is a uint32_t */
	FIELD_OTHER, /* is read elsewhere */
};

struct field {
	const char *name;
	enum field_type type;
	size_t offset, size;
	unsigned methods; /* that may have it: bits */
	unsigned required; /* that must have it */
	int64_t min, max;
};

struct field_table {
	const char *of; /* "request": for what is said of a strange member */
	const struct field *fields;
	size_t count;
};

/* Says what is wrong, and returns -EINVAL. */
int fields_refuse(char error[FIELDS_ERROR_BYTES], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What the rows of this method (one bit) name goes to its place in out. 0, or -EINVAL and why. */
int fields_take(const struct field_table *table, unsigned method, const struct json_t *object,
		void *out, char error[FIELDS_ERROR_BYTES]);

/* -EINVAL: it has a member that this method, of that name, does not know. */
int fields_check_names(const struct field_table *table, unsigned method, const char *method_name,
		       struct json_t *object, char error[FIELDS_ERROR_BYTES]);

#endif
