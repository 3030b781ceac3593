#include "apart/pack.h"

#include <assert.h>
#include <errno.h>
#include <stdalign.h>
#include <string.h>

#define NO_TEXT UINT32_MAX

static size_t scalar_bytes(enum conf_type type)
{
	switch (type) {
	case CONF_BOOL:
		return sizeof(bool);
	case CONF_CHOICE:
		return sizeof(int);
	case CONF_REAL:
		return sizeof(double);
	case CONF_INT:
	case CONF_SIZE:
	case CONF_DURATION:
		return sizeof(int64_t);
	default:
		return 0;
	}
}

static bool is_text(enum conf_type type)
{
	return type == CONF_TEXT || type == CONF_PATH || type == CONF_NAME;
}

/* ---- to bytes -------------------------------------------------------------------------- */

struct out {
	unsigned char *at;
	size_t left;
	bool overflow;
};

static void put(struct out *out, const void *bytes, size_t count)
{
	out->overflow |= count > out->left;
	if (out->overflow)
		return;
	memcpy(out->at, bytes, count);
	out->at += count;
	out->left -= count;
}

static void put_text(struct out *out, const char *text)
{
	const uint32_t length = text ? (uint32_t)strlen(text) : NO_TEXT;

	put(out, &length, sizeof(length));
	if (text)
		put(out, text, length);
}

static void put_list(struct out *out, const struct conf_list *list)
{
	const uint32_t count = (uint32_t)list->count;

	put(out, &count, sizeof(count));
	for (size_t i = 0; i < list->count; i++)
		put_text(out, list->item[i]);
}

int pack_options(const struct conf_option *options, const void *conf, unsigned char *out,
		 size_t size)
{
	struct out writer = {.at = out, .left = size};

	for (const struct conf_option *option = options; option->name; option++) {
		const char *member = (const char *)conf + option->offset;
		const void *any = member;

		if (is_text(option->type)) {
			put_text(&writer, *(char *const *)any);
		} else if (option->type == CONF_LIST) {
			put_list(&writer, any);
		} else {
			assert(scalar_bytes(option->type) > 0);
			put(&writer, member, scalar_bytes(option->type));
		}
	}
	return writer.overflow ? -E2BIG : (int)(size - writer.left);
}

/* ---- and back -------------------------------------------------------------------------- */

struct in {
	const unsigned char *at;
	size_t left;
	int err;
	struct pack_arena *arena;
};

void *pack_room(struct pack_arena *arena, size_t bytes)
{
	const size_t whole = (bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	void *at = arena->bytes + arena->used;

	if (whole < bytes || whole > arena->size - arena->used)
		return NULL;
	arena->used += whole;
	return at;
}

static void take(struct in *in, void *ret, size_t count)
{
	if (in->err == 0 && count > in->left)
		in->err = -EBADMSG;
	if (in->err < 0)
		return;
	memcpy(ret, in->at, count);
	in->at += count;
	in->left -= count;
}

static bool take_bool(struct in *in)
{
	unsigned char byte = 0;

	take(in, &byte, sizeof(byte));
	return byte == 1;
}

static char *take_text(struct in *in)
{
	uint32_t length = NO_TEXT;
	char *text;

	take(in, &length, sizeof(length));
	if (in->err < 0 || length == NO_TEXT)
		return NULL;
	if (length > in->left) {
		in->err = -EBADMSG;
		return NULL;
	}
	text = pack_room(in->arena, (size_t)length + 1);
	if (!text) {
		in->err = -ENOMEM;
		return NULL;
	}
	take(in, text, length);
	text[length] = '\0';
	return text;
}

static void take_list(struct in *in, struct conf_list *list)
{
	uint32_t count = 0;

	take(in, &count, sizeof(count));
	if (in->err == 0 && count > in->left)
		in->err = -EBADMSG;
	if (in->err < 0 || count == 0)
		return;
	list->item = pack_room(in->arena, count * sizeof(*list->item));
	if (!list->item) {
		in->err = -ENOMEM;
		return;
	}
	for (uint32_t i = 0; i < count && in->err == 0; i++) {
		list->item[i] = take_text(in);
		if (in->err == 0 && !list->item[i])
			in->err = -EBADMSG;
	}
	list->count = in->err == 0 ? count : 0;
}

int unpack_options(const struct conf_option *options, const unsigned char *in, size_t bytes,
		   void *conf, struct pack_arena *arena)
{
	struct in reader = {.at = in, .left = bytes, .arena = arena};

	for (const struct conf_option *option = options; option->name; option++) {
		void *member = (char *)conf + option->offset;

		if (is_text(option->type))
			*(char **)member = take_text(&reader);
		else if (option->type == CONF_LIST)
			take_list(&reader, member);
		else if (option->type == CONF_BOOL)
			*(bool *)member = take_bool(&reader);
		else
			take(&reader, member, scalar_bytes(option->type));
	}
	return reader.err < 0 ? reader.err : reader.left > 0 ? -EBADMSG : 0;
}
