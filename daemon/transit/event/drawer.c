#include "transit/event/drawer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "transit/event/memo.h"

#define VALUE_BYTES MEMO_BYTES
#define BODY_BYTES  (PACK_BYTES(DRAWER_KEY_BYTES) + PACK_BYTES(VALUE_BYTES))

_Static_assert(BODY_BYTES <= SHELF_BYTES, "the longest has room on the shelf");

int drawer_init(struct drawer *drawer, size_t most)
{
	*drawer = (struct drawer){.most = most};
	shelf_init(&drawer->shelf, most);
	drawer->hashes = calloc(most, sizeof(drawer->hashes[0]));
	drawer->ranks = calloc(most, sizeof(drawer->ranks[0]));
	drawer->flags = calloc(most, sizeof(drawer->flags[0]));
	drawer->key = malloc(DRAWER_KEY_BYTES);
	drawer->value = malloc(VALUE_BYTES);
	return drawer->hashes && drawer->ranks && drawer->flags && drawer->key && drawer->value
		       ? 0
		       : -ENOMEM;
}

void drawer_fini(struct drawer *drawer)
{
	shelf_fini(&drawer->shelf);
	free(drawer->hashes);
	free(drawer->dues);
	free(drawer->ranks);
	free(drawer->flags);
	free(drawer->key);
	free(drawer->value);
	pack_names_fini(&drawer->names);
	*drawer = (struct drawer){0};
}

/* ---- what lies on the shelf: the key, and the packed value ------------------------------ */

static size_t pack_key(const char *key, unsigned char packed[PACK_BYTES(DRAWER_KEY_BYTES)])
{
	struct packing packing = {.out = packed, .size = PACK_BYTES(DRAWER_KEY_BYTES)};

	pack_field(&packing, NULL, key);
	return packing.bytes;
}

/* What is behind the key. */
static struct unpacking read_key(const struct drawer *drawer, size_t at, char key[DRAWER_KEY_BYTES])
{
	struct unpacking unpacking;
	size_t bytes;

	unpacking = (struct unpacking){.at = shelf_get(&drawer->shelf, at, &bytes)};
	unpacking.end = unpacking.at + bytes;
	unpack_field(&unpacking, NULL, key, DRAWER_KEY_BYTES);
	return unpacking;
}

const char *drawer_key(const struct drawer *drawer, size_t at)
{
	(void)read_key(drawer, at, drawer->key);
	return drawer->key;
}

const char *drawer_value(const struct drawer *drawer, size_t at)
{
	char key[DRAWER_KEY_BYTES];
	const struct unpacking value = read_key(drawer, at, key);

	if (!pack_read(&drawer->names, key, value.at, (size_t)(value.end - value.at), drawer->value,
		       VALUE_BYTES))
		drawer->value[0] = '\0';
	return drawer->value;
}

bool drawer_may_have(const struct drawer *drawer, size_t at, const char *field)
{
	char key[DRAWER_KEY_BYTES];
	const struct unpacking value = read_key(drawer, at, key);

	return pack_may_have(&drawer->names, key, value.at, (size_t)(value.end - value.at), field);
}

/* ---- things -------------------------------------------------------------------------- */

static bool is_key(const struct drawer *drawer, size_t at, const unsigned char *packed,
		   size_t packed_bytes)
{
	size_t bytes;
	const unsigned char *body = shelf_get(&drawer->shelf, at, &bytes);

	return bytes >= packed_bytes && memcmp(body, packed, packed_bytes) == 0;
}

size_t drawer_find(const struct drawer *drawer, const char *key)
{
	unsigned char packed[PACK_BYTES(DRAWER_KEY_BYTES)];
	const uint16_t hash = shelf_hash(key);
	size_t bytes;

	if (drawer->count == 0 || strlen(key) >= DRAWER_KEY_BYTES)
		return DRAWER_NONE;
	bytes = pack_key(key, packed);
	for (size_t i = 0; i < drawer->count; i++)
		if (drawer->hashes[i] == hash && is_key(drawer, i, packed, bytes))
			return i;
	return DRAWER_NONE;
}

struct drawer_note drawer_note(const struct drawer *drawer, size_t at)
{
	return (struct drawer_note){
		.due_ns = drawer->dues ? drawer->dues[at] : INT64_MAX,
		.rank = drawer->first_rank + drawer->ranks[at],
		.flags = drawer->flags[at],
	};
}

bool drawer_is_full(const struct drawer *drawer)
{
	return drawer->count == drawer->most;
}

void drawer_set_rank(struct drawer *drawer, size_t at, int64_t rank)
{
	int64_t from_first;

	if (__builtin_sub_overflow(rank, drawer->first_rank, &from_first))
		from_first = rank < 0 ? INT64_MIN : INT64_MAX;
	if (from_first < INT32_MIN)
		from_first = INT32_MIN;
	if (from_first > INT32_MAX)
		from_first = INT32_MAX;
	drawer->ranks[at] = (int32_t)from_first;
}

/* -ENOMEM: there is no room for any due. */
static int need_dues(struct drawer *drawer, int64_t due_ns)
{
	if (due_ns == INT64_MAX || drawer->dues)
		return 0;
	drawer->dues = malloc(drawer->most * sizeof(drawer->dues[0]));
	if (!drawer->dues)
		return -ENOMEM;
	for (size_t i = 0; i < drawer->count; i++)
		drawer->dues[i] = INT64_MAX;
	return 0;
}

void drawer_set_due(struct drawer *drawer, size_t at, int64_t due_ns)
{
	if (need_dues(drawer, due_ns) == 0 && drawer->dues)
		drawer->dues[at] = due_ns;
}

static void set_note(struct drawer *drawer, size_t at, const struct drawer_note *note)
{
	drawer_set_due(drawer, at, note->due_ns);
	drawer_set_rank(drawer, at, note->rank);
	drawer->flags[at] = note->flags;
}

int drawer_put(struct drawer *drawer, const char *key, const char *value,
	       const struct drawer_note *note)
{
	unsigned char body[BODY_BYTES];
	size_t before = drawer_find(drawer, key), bytes;
	size_t at = before == DRAWER_NONE ? drawer->count : before;

	if (at == drawer->most)
		return -ENOSPC;
	if (strlen(key) >= DRAWER_KEY_BYTES || strlen(value) >= VALUE_BYTES)
		return -EMSGSIZE;
	bytes = pack_key(key, body);
	bytes += pack_text(&drawer->names, key, value, body + bytes, sizeof(body) - bytes);
	if (need_dues(drawer, note->due_ns) < 0 || shelf_put(&drawer->shelf, at, body, bytes) < 0)
		return -ENOMEM;
	if (drawer->count == 0)
		drawer->first_rank = note->rank;
	drawer->hashes[at] = shelf_hash(key);
	set_note(drawer, at, note);
	if (before == DRAWER_NONE)
		drawer->count++;
	return 0;
}

void drawer_drop(struct drawer *drawer, size_t at)
{
	size_t last = drawer->count - 1;

	shelf_drop(&drawer->shelf, at);
	if (at != last) {
		shelf_renumber(&drawer->shelf, last, at);
		drawer->hashes[at] = drawer->hashes[last];
		drawer->ranks[at] = drawer->ranks[last];
		drawer->flags[at] = drawer->flags[last];
		if (drawer->dues)
			drawer->dues[at] = drawer->dues[last];
	}
	drawer->count = last;
}

size_t drawer_lowest(const struct drawer *drawer)
{
	size_t lowest = drawer->count > 0 ? 0 : DRAWER_NONE;

	for (size_t i = 1; i < drawer->count; i++)
		if (drawer->ranks[i] < drawer->ranks[lowest])
			lowest = i;
	return lowest;
}

int64_t drawer_due(const struct drawer *drawer)
{
	int64_t first = INT64_MAX;

	for (size_t i = 0; drawer->dues && i < drawer->count; i++)
		first = earlier_ns(first, drawer->dues[i]);
	return first;
}
