#include "config/index.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define LEAST_SIZE 8

/* FNV-1a */
static size_t hash(const char *name)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (; *name != '\0'; name++)
		sum = (sum ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
	return (size_t)(sum ^ sum >> 32);
}

/* Its own, or the free one where it belongs: there is always one. */
static struct conf_slot *slot_of(const struct conf_index *index, const char *name)
{
	size_t at = hash(name) & (index->size - 1);

	while (index->slots[at].name && strcmp(index->slots[at].name, name) != 0)
		at = (at + 1) & (index->size - 1);
	return &index->slots[at];
}

struct conf_slot *conf_index_find(const struct conf_index *index, const char *name)
{
	struct conf_slot *slot = name && index->size > 0 ? slot_of(index, name) : NULL;

	return slot && slot->name ? slot : NULL;
}

static bool grow(struct conf_store *store, struct conf_index *index)
{
	struct conf_index larger = {.size = index->size > 0 ? 2 * index->size : LEAST_SIZE,
				    .count = index->count};

	larger.slots = conf_alloc(store, larger.size * sizeof(*larger.slots));
	if (!larger.slots)
		return false;
	for (size_t i = 0; i < index->size; i++)
		if (index->slots[i].name)
			*slot_of(&larger, index->slots[i].name) = index->slots[i];
	*index = larger;
	return true;
}

struct conf_slot *conf_index_slot(struct conf_store *store, struct conf_index *index,
				  const char *name)
{
	struct conf_slot *slot;

	if (!name || (2 * index->count >= index->size && !grow(store, index)))
		return NULL;
	slot = slot_of(index, name);
	if (!slot->name) {
		slot->name = name;
		index->count++;
	}
	return slot;
}
