#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "registry/file_private.h"

/* 0 stands for an empty slot. */
static uint64_t hash_of(const char *key)
{
	uint64_t hash = hash_text(HASH_START, key);

	return hash ? hash : 1;
}

/* The slot that holds the hash, or the empty one where it belongs. */
static uint64_t *slot_of(const struct registry_seen *seen, uint64_t hash)
{
	size_t i = (size_t)(hash ^ hash >> 32) & (seen->size - 1);

	while (seen->slots[i] && seen->slots[i] != hash)
		i = (i + 1) & (seen->size - 1);
	return &seen->slots[i];
}

static int grow(struct registry_seen *seen)
{
	struct registry_seen larger = {.size = seen->size ? 2 * seen->size : 1024,
				       .used = seen->used};

	larger.slots = calloc(larger.size, sizeof(*larger.slots));
	if (!larger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < seen->size; i++)
		if (seen->slots[i])
			*slot_of(&larger, seen->slots[i]) = seen->slots[i];
	free(seen->slots);
	*seen = larger;
	return 0;
}

int registry_seen_add(struct registry_seen *seen, const char *key)
{
	const uint64_t hash = hash_of(key);
	uint64_t *slot;

	if (4 * (seen->used + 1) > 3 * seen->size && grow(seen) < 0)
		return -ENOMEM;
	slot = slot_of(seen, hash);
	if (*slot)
		return 0;
	*slot = hash;
	seen->used++;
	return 1;
}

void registry_seen_fini(struct registry_seen *seen)
{
	free(seen->slots);
}
