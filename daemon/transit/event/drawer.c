#include "transit/event/drawer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

struct drawer_thing {
	char *text; /* key, NUL, value */
	struct drawer_note note;
};

int drawer_init(struct drawer *drawer, size_t most)
{
	*drawer = (struct drawer){.most = most};
	drawer->hashes = calloc(most, sizeof(drawer->hashes[0]));
	drawer->things = calloc(most, sizeof(drawer->things[0]));
	return drawer->hashes && drawer->things ? 0 : -ENOMEM;
}

void drawer_fini(struct drawer *drawer)
{
	for (size_t i = 0; i < drawer->count; i++)
		free(drawer->things[i].text);
	free(drawer->hashes);
	free(drawer->things);
	*drawer = (struct drawer){0};
}

/* FNV-1a. */
static uint32_t hash_of(const char *key)
{
	uint32_t hash = 2166136261;

	for (; *key; key++)
		hash = (hash ^ (unsigned char)*key) * 16777619;
	return hash;
}

size_t drawer_find(const struct drawer *drawer, const char *key)
{
	uint32_t hash = hash_of(key);

	for (size_t i = 0; i < drawer->count; i++)
		if (drawer->hashes[i] == hash && strcmp(drawer->things[i].text, key) == 0)
			return i;
	return DRAWER_NONE;
}

const char *drawer_key(const struct drawer *drawer, size_t at)
{
	return drawer->things[at].text;
}

const char *drawer_value(const struct drawer *drawer, size_t at)
{
	const char *text = drawer->things[at].text;

	return text + strlen(text) + 1;
}

struct drawer_note *drawer_note(const struct drawer *drawer, size_t at)
{
	return &drawer->things[at].note;
}

bool drawer_is_full(const struct drawer *drawer)
{
	return drawer->count == drawer->most;
}

int drawer_put(struct drawer *drawer, const char *key, const char *value,
	       const struct drawer_note *note)
{
	size_t at = drawer_find(drawer, key);
	size_t key_bytes = strlen(key) + 1, value_bytes = strlen(value) + 1;
	char *text;

	if (at == DRAWER_NONE && drawer_is_full(drawer))
		return -ENOSPC;
	text = malloc(key_bytes + value_bytes);
	if (!text)
		return -ENOMEM;
	memcpy(text, key, key_bytes);
	memcpy(text + key_bytes, value, value_bytes);
	if (at == DRAWER_NONE)
		at = drawer->count++;
	free(drawer->things[at].text);
	drawer->hashes[at] = hash_of(key);
	drawer->things[at] = (struct drawer_thing){.text = text, .note = *note};
	return 0;
}

void drawer_drop(struct drawer *drawer, size_t at)
{
	size_t last = --drawer->count;

	free(drawer->things[at].text);
	drawer->things[at] = drawer->things[last];
	drawer->hashes[at] = drawer->hashes[last];
	drawer->things[last] = (struct drawer_thing){0};
}

size_t drawer_lowest(const struct drawer *drawer)
{
	size_t lowest = drawer->count > 0 ? 0 : DRAWER_NONE;

	for (size_t i = 1; i < drawer->count; i++)
		if (drawer->things[i].note.rank < drawer->things[lowest].note.rank)
			lowest = i;
	return lowest;
}

int64_t drawer_due(const struct drawer *drawer)
{
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < drawer->count; i++)
		first = earlier_ns(first, drawer->things[i].note.due_utc_ns);
	return first;
}
