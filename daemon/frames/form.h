/* A struct as bytes and back, member by member from a table: what passes between two of our programs.
 * Both run on one machine, so numbers are in its own order. Every length is checked on the way in. */
#ifndef CORRIDORD_FRAMES_FORM_H
#define CORRIDORD_FRAMES_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_type {
	FIELD_END,
	FIELD_BOOL,
	FIELD_U32,
	FIELD_INT,
	FIELD_64, /* signed or not */
	FIELD_TEXT, /* const char *, NULL is one of its values */
	FIELD_NEEDED, /* the same, never NULL */
	FIELD_BYTES, /* const void *, followed by its size_t */
	FIELD_HEAD, /* struct event_head */
};

struct field {
	enum field_type type;
	size_t at;
	uint32_t most; /* bytes of a text without its NUL, or of bytes */
};

/* What two programs have to say to each other: the fields of each kind of message, the last of each
 * with the type FIELD_END. */
struct protocol {
	const struct field *const *forms; /* by kind */
	uint32_t kinds;
	uint32_t most; /* bytes of the largest message */
};

/* Bytes written, or -E2BIG. */
int form_write(const struct field *fields, const void *object, unsigned char *out, size_t size);

/* 0, or -EBADMSG: not of this form; every byte has to belong to a member. Texts and runs of bytes
 * are borrowed from in. */
int form_read(const struct field *fields, const unsigned char *in, size_t bytes, void *object);

#endif
