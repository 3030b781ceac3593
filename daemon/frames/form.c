#include "frames/form.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "transit/event/event.h"

#define NO_TEXT UINT32_MAX

/* ---- writing ---------------------------------------------------------------------------- */

struct out {
	unsigned char *at;
	size_t left;
	bool overflow;
};

static void put(struct out *out, const void *bytes, size_t count)
{
	if (out->overflow || count > out->left) {
		out->overflow = true;
		return;
	}
	if (count > 0)
		memcpy(out->at, bytes, count);
	out->at += count;
	out->left -= count;
}

static void put_run(struct out *out, const void *bytes, size_t count, const struct field *field)
{
	uint32_t length = (uint32_t)count;

	if (count > field->most)
		out->overflow = true;
	put(out, &length, sizeof(length));
	put(out, bytes, count);
}

/* With its NUL, so that the reader can borrow it. */
static void put_text(struct out *out, const char *text, const struct field *field)
{
	const uint32_t no_text = NO_TEXT;

	if (text) {
		put_run(out, text, strlen(text), field);
		put(out, "", 1);
	} else {
		put(out, &no_text, sizeof(no_text));
	}
}

static void put_field(struct out *out, const struct field *field, const void *object)
{
	const char *member = (const char *)object + field->at;
	const void *const *pointer = (const void *const *)(const void *)member;

	switch (field->type) {
	case FIELD_BOOL:
		put(out, member, sizeof(bool));
		break;
	case FIELD_U32:
		put(out, member, sizeof(uint32_t));
		break;
	case FIELD_INT:
		put(out, member, sizeof(int));
		break;
	case FIELD_64:
		put(out, member, sizeof(uint64_t));
		break;
	case FIELD_TEXT:
	case FIELD_NEEDED:
		put_text(out, *pointer, field);
		break;
	case FIELD_BYTES:
		put_run(out, *pointer, *(const size_t *)(const void *)(pointer + 1), field);
		break;
	case FIELD_HEAD:
		put(out, member, sizeof(struct event_head));
		break;
	case FIELD_END:
		break;
	}
}

int form_write(const struct field *fields, const void *object, unsigned char *out, size_t size)
{
	struct out writer = {.at = out, .left = size < INT_MAX ? size : INT_MAX};

	for (const struct field *field = fields; field->type; field++)
		put_field(&writer, field, object);
	return writer.overflow ? -E2BIG : (int)(writer.at - out);
}

/* ---- reading ---------------------------------------------------------------------------- */

struct in {
	const unsigned char *at;
	size_t left;
	bool bad;
};

static const void *take(struct in *in, size_t count)
{
	const void *at = in->at;

	if (in->bad || count > in->left) {
		in->bad = true;
		return NULL;
	}
	in->at += count;
	in->left -= count;
	return at;
}

static void take_copy(struct in *in, void *ret, size_t count)
{
	const void *at = take(in, count);

	if (at)
		memcpy(ret, at, count);
}

static const char *take_text(struct in *in, const struct field *field)
{
	uint32_t length = 0;
	const char *text;

	take_copy(in, &length, sizeof(length));
	if (in->bad || (length == NO_TEXT && field->type == FIELD_TEXT))
		return NULL;
	if (length > field->most) {
		in->bad = true;
		return NULL;
	}
	text = take(in, (size_t)length + 1);
	if (text && (text[length] || memchr(text, '\0', length)))
		in->bad = true;
	return text;
}

static const void *take_run(struct in *in, const struct field *field, size_t *ret_bytes)
{
	uint32_t length = 0;

	take_copy(in, &length, sizeof(length));
	if (in->bad || length > field->most) {
		in->bad = true;
		return NULL;
	}
	*ret_bytes = length;
	return take(in, length);
}

static bool take_bool(struct in *in)
{
	unsigned char byte = 0;

	take_copy(in, &byte, sizeof(byte));
	in->bad |= byte > 1;
	return byte == 1;
}

static void take_head(struct in *in, struct event_head *head)
{
	take_copy(in, head, sizeof(*head));
	in->bad |= !memchr(head->epoch, '\0', sizeof(head->epoch));
}

static void take_field(struct in *in, const struct field *field, void *object)
{
	void *member = (char *)object + field->at;
	const void **pointer = member;

	switch (field->type) {
	case FIELD_BOOL:
		*(bool *)member = take_bool(in);
		break;
	case FIELD_U32:
		take_copy(in, member, sizeof(uint32_t));
		break;
	case FIELD_INT:
		take_copy(in, member, sizeof(int));
		break;
	case FIELD_64:
		take_copy(in, member, sizeof(uint64_t));
		break;
	case FIELD_TEXT:
	case FIELD_NEEDED:
		*pointer = take_text(in, field);
		break;
	case FIELD_BYTES:
		*pointer = take_run(in, field, (size_t *)(void *)(pointer + 1));
		break;
	case FIELD_HEAD:
		take_head(in, member);
		break;
	case FIELD_END:
		break;
	}
}

int form_read(const struct field *fields, const unsigned char *in, size_t bytes, void *object)
{
	struct in reader = {.at = in, .left = bytes};

	for (const struct field *field = fields; field->type; field++)
		take_field(&reader, field, object);
	return reader.bad || reader.left > 0 ? -EBADMSG : 0;
}
