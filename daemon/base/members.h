/* The members of a JSON object from outside, declared in a table: which it may have and which it must.
 * A member that is in no row is refused by its name: a misspelt one is not ignored. */
#ifndef CORRIDORD_BASE_MEMBERS_H
#define CORRIDORD_BASE_MEMBERS_H

#include <stddef.h>
#include <stdint.h>

struct json_t;

#define MEMBERS_ERROR_BYTES 192

enum member_type {
	MEMBER_TEXT, /* printable, not empty; size: of its place, with the NUL */
	MEMBER_NUMBER, /* whole, from min to max; its place is a uint32_t */
	MEMBER_OTHER, /* is read elsewhere */
};

struct member {
	const char *name;
	enum member_type type;
	size_t offset, size;
	unsigned methods; /* that may have it: bits */
	unsigned required; /* that must have it */
	int64_t min, max;
};

struct member_table {
	const char *of; /* "request": for what is said of a strange member */
	const struct member *members;
	size_t count;
};

/* Says what is wrong, and returns -EINVAL. */
int members_refuse(char error[MEMBERS_ERROR_BYTES], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What the rows of this method (one bit) name goes to its place in out. 0, or -EINVAL and why. */
int members_take(const struct member_table *table, unsigned method, const struct json_t *object,
		 void *out, char error[MEMBERS_ERROR_BYTES]);

/* -EINVAL: it has a member that this method, of that name, does not know. */
int members_check_names(const struct member_table *table, unsigned method, const char *method_name,
			struct json_t *object, char error[MEMBERS_ERROR_BYTES]);

#endif
