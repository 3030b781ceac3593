#include "journal_drafts.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct packed {
	const struct event_type *type;
	uint32_t bytes; /* of all, a multiple of 8 */
	uint32_t body_bytes, state_bytes;
	uint32_t key_bytes, word_bytes; /* with the NUL; 0: NULL */
};

int drafts_init(struct drafts *drafts, size_t size)
{
	*drafts = (struct drafts){.bytes = malloc(size), .size = size};
	return drafts->bytes ? 0 : -ENOMEM;
}

void drafts_fini(struct drafts *drafts)
{
	free(drafts->bytes);
	*drafts = (struct drafts){0};
}

static uint32_t text_bytes(const char *text)
{
	return text ? (uint32_t)strlen(text) + 1 : 0;
}

static unsigned char *add(unsigned char *at, const void *bytes, size_t count)
{
	if (count > 0)
		memcpy(at, bytes, count);
	return at + count;
}

bool drafts_put(struct drafts *drafts, const struct event_draft *draft)
{
	struct packed packed = {
		.type = draft->type,
		.body_bytes = (uint32_t)draft->body_bytes,
		.state_bytes = (uint32_t)draft->state_bytes,
		.key_bytes = text_bytes(draft->state_key),
		.word_bytes = text_bytes(draft->state_word),
	};
	size_t bytes = sizeof(packed) + packed.body_bytes + packed.state_bytes + packed.key_bytes +
		       packed.word_bytes;
	unsigned char *at = drafts->bytes + drafts->used;

	bytes = (bytes + 7) & ~(size_t)7;
	if (bytes > drafts->size - drafts->used)
		return false;
	packed.bytes = (uint32_t)bytes;
	at = add(at, &packed, sizeof(packed));
	at = add(at, draft->body, packed.body_bytes);
	at = add(at, draft->state, packed.state_bytes);
	at = add(at, draft->state_key, packed.key_bytes);
	add(at, draft->state_word, packed.word_bytes);
	drafts->used += bytes;
	drafts->count++;
	return true;
}

void drafts_clear(struct drafts *drafts)
{
	drafts->used = 0;
	drafts->count = 0;
}

bool drafts_next(const struct drafts *drafts, size_t *offset, struct event_draft *ret_draft)
{
	struct packed packed;
	const char *at;

	if (*offset >= drafts->used)
		return false;
	memcpy(&packed, drafts->bytes + *offset, sizeof(packed));
	at = (const char *)drafts->bytes + *offset + sizeof(packed);
	*ret_draft = (struct event_draft){
		.type = packed.type,
		.body = at,
		.body_bytes = packed.body_bytes,
		.state = at + packed.body_bytes,
		.state_bytes = packed.state_bytes,
	};
	at += packed.body_bytes + packed.state_bytes;
	if (packed.key_bytes)
		ret_draft->state_key = at;
	if (packed.word_bytes)
		ret_draft->state_word = at + packed.key_bytes;
	*offset += packed.bytes;
	return true;
}
