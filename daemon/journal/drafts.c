#include "journal/drafts.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"

struct packed {
	const struct event_type *type;
	uint32_t bytes; /* of all, a multiple of 8 */
	uint32_t body_bytes, state_bytes;
	uint32_t key_bytes, word_bytes; /* with the NUL; 0: NULL */
	uint32_t memory_count; /* they follow at once */
	bool state_over, state_patient, test;
	uint32_t text_at; /* body, state, key and word come after them */
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

static size_t memory_bytes(const struct event_draft *draft)
{
	size_t bytes = draft->memory_count * sizeof(struct event_memory);

	for (size_t i = 0; i < draft->memory_count; i++)
		bytes += text_bytes(draft->memories[i].key) + text_bytes(draft->memories[i].text);
	return bytes;
}

static const char *add_text(unsigned char **at, const char *text)
{
	const char *copy = (const char *)*at;

	if (!text)
		return NULL;
	*at = add(*at, text, text_bytes(text));
	return copy;
}

/* The buffer never moves, so pointers into it stay right. */
static unsigned char *add_memories(unsigned char *at, const struct event_draft *draft)
{
	unsigned char *text = at + draft->memory_count * sizeof(struct event_memory);

	for (size_t i = 0; i < draft->memory_count; i++) {
		struct event_memory memory = {
			.key = add_text(&text, draft->memories[i].key),
			.text = add_text(&text, draft->memories[i].text),
		};

		at = add(at, &memory, sizeof(memory));
	}
	return text;
}

bool drafts_put(struct drafts *drafts, const struct event_draft *draft)
{
	struct packed packed = {
		.type = draft->type,
		.body_bytes = (uint32_t)draft->body_bytes,
		.state_bytes = (uint32_t)draft->state_bytes,
		.key_bytes = text_bytes(draft->state_key),
		.word_bytes = text_bytes(draft->state_word),
		.memory_count = (uint32_t)draft->memory_count,
		.state_over = draft->state_over,
		.state_patient = draft->state_patient,
		.test = draft->test,
	};
	size_t bytes = sizeof(packed) + packed.body_bytes + packed.state_bytes + packed.key_bytes +
		       packed.word_bytes + memory_bytes(draft);
	unsigned char *at = drafts->bytes + drafts->used;

	bytes = (bytes + 7) & ~(size_t)7;
	if (bytes > drafts->size - drafts->used)
		return false;
	packed.bytes = (uint32_t)bytes;
	packed.text_at = (uint32_t)(sizeof(packed) + memory_bytes(draft));
	at = add(at, &packed, sizeof(packed));
	at = add_memories(at, draft);
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
	pages_give_back(drafts->bytes, drafts->used);
	drafts->used = 0;
	drafts->count = 0;
}

bool drafts_next(const struct drafts *drafts, size_t *offset, struct event_draft *ret_draft)
{
	struct packed packed;
	const unsigned char *start = drafts->bytes + *offset;
	const char *at;

	if (*offset >= drafts->used)
		return false;
	memcpy(&packed, start, sizeof(packed));
	at = (const char *)start + packed.text_at;
	*ret_draft = (struct event_draft){
		.type = packed.type,
		.body = at,
		.body_bytes = packed.body_bytes,
		.state = at + packed.body_bytes,
		.state_bytes = packed.state_bytes,
		.state_over = packed.state_over,
		.state_patient = packed.state_patient,
		.test = packed.test,
		.memories = (const struct event_memory *)(const void *)(start + sizeof(packed)),
		.memory_count = packed.memory_count,
	};
	at += packed.body_bytes + packed.state_bytes;
	if (packed.key_bytes)
		ret_draft->state_key = at;
	if (packed.word_bytes)
		ret_draft->state_word = at + packed.key_bytes;
	*offset += packed.bytes;
	return true;
}

void drafts_count(const struct drafts *drafts, size_t offset, uint64_t count[])
{
	struct event_draft draft;

	while (drafts_next(drafts, &offset, &draft))
		if (draft.type)
			count[draft.type->class]++;
}
