#include "transit/event/drawer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "transit/event/memo.h"

#define BLOCK_BYTES 4096
#define BLOCKS	    0x10000
#define VALUE_BYTES MEMO_BYTES

/* What lies in a block, one behind the other: the head, the key with its NUL, the packed value. */
struct head {
	uint16_t thing, key_bytes, value_bytes;
};

struct drawer_block {
	uint16_t used;
	unsigned char bytes[BLOCK_BYTES - sizeof(uint16_t)];
};

struct drawer_place {
	uint16_t block, at;
};

int drawer_init(struct drawer *drawer, size_t most)
{
	*drawer = (struct drawer){.most = most};
	drawer->hashes = calloc(most, sizeof(drawer->hashes[0]));
	drawer->places = calloc(most, sizeof(drawer->places[0]));
	drawer->dues = calloc(most, sizeof(drawer->dues[0]));
	drawer->ranks = calloc(most, sizeof(drawer->ranks[0]));
	drawer->flags = calloc(most, sizeof(drawer->flags[0]));
	drawer->value = malloc(VALUE_BYTES);
	return drawer->hashes && drawer->places && drawer->dues && drawer->ranks && drawer->flags &&
			       drawer->value
		       ? 0
		       : -ENOMEM;
}

void drawer_fini(struct drawer *drawer)
{
	for (size_t i = 0; i < drawer->block_count; i++)
		free(drawer->blocks[i]);
	free(drawer->blocks);
	free(drawer->hashes);
	free(drawer->places);
	free(drawer->dues);
	free(drawer->ranks);
	free(drawer->flags);
	free(drawer->value);
	pack_names_fini(&drawer->names);
	*drawer = (struct drawer){0};
}

/* ---- blocks -------------------------------------------------------------------------- */

static size_t bytes_of(const struct head *head)
{
	return sizeof(*head) + head->key_bytes + head->value_bytes;
}

static struct head head_at(const struct drawer_block *block, size_t at)
{
	struct head head;

	memcpy(&head, block->bytes + at, sizeof(head));
	return head;
}

static void set_thing(struct drawer_block *block, size_t at, size_t thing)
{
	struct head head = head_at(block, at);

	head.thing = (uint16_t)thing;
	memcpy(block->bytes + at, &head, sizeof(head));
}

static const unsigned char *entry_of(const struct drawer *drawer, size_t thing,
				     struct head *ret_head)
{
	const struct drawer_place place = drawer->places[thing];
	const struct drawer_block *block = drawer->blocks[place.block];

	*ret_head = head_at(block, place.at);
	return block->bytes + place.at;
}

/* BLOCKS: none, and no memory for another. */
static size_t add_block(struct drawer *drawer)
{
	struct drawer_block **blocks;

	if (drawer->block_count == BLOCKS)
		return BLOCKS;
	blocks = realloc(drawer->blocks, (drawer->block_count + 1) * sizeof(*blocks));
	if (!blocks)
		return BLOCKS;
	drawer->blocks = blocks;
	blocks[drawer->block_count] = malloc(sizeof(**blocks));
	if (!blocks[drawer->block_count])
		return BLOCKS;
	blocks[drawer->block_count]->used = 0;
	return drawer->block_count++;
}

static size_t find_room(struct drawer *drawer, size_t bytes)
{
	for (size_t i = drawer->block_count; i-- > 0;)
		if (bytes <= sizeof(drawer->blocks[i]->bytes) - drawer->blocks[i]->used)
			return i;
	return add_block(drawer);
}

/* What lies behind it in the block moves up. */
static void take_out(struct drawer *drawer, struct drawer_place place)
{
	struct drawer_block *block = drawer->blocks[place.block];
	const struct head gone = head_at(block, place.at);
	size_t bytes = bytes_of(&gone), at = place.at;

	block->used = (uint16_t)(block->used - bytes);
	memmove(block->bytes + at, block->bytes + at + bytes, block->used - at);
	while (at < block->used) {
		const struct head head = head_at(block, at);

		drawer->places[head.thing].at = (uint16_t)at;
		at += bytes_of(&head);
	}
}

/* ---- things -------------------------------------------------------------------------- */

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
		if (drawer->hashes[i] == hash && strcmp(drawer_key(drawer, i), key) == 0)
			return i;
	return DRAWER_NONE;
}

const char *drawer_key(const struct drawer *drawer, size_t at)
{
	struct head head;

	return (const char *)entry_of(drawer, at, &head) + sizeof(head);
}

const char *drawer_value(const struct drawer *drawer, size_t at)
{
	struct head head;
	const unsigned char *entry = entry_of(drawer, at, &head);
	const unsigned char *key = entry + sizeof(head);

	if (!pack_read(&drawer->names, (const char *)key, key + head.key_bytes, head.value_bytes,
		       drawer->value, VALUE_BYTES))
		drawer->value[0] = '\0';
	return drawer->value;
}

bool drawer_may_have(const struct drawer *drawer, size_t at, const char *field)
{
	struct head head;
	const unsigned char *entry = entry_of(drawer, at, &head);
	const unsigned char *key = entry + sizeof(head);

	return pack_may_have(&drawer->names, (const char *)key, key + head.key_bytes,
			     head.value_bytes, field);
}

struct drawer_note drawer_note(const struct drawer *drawer, size_t at)
{
	return (struct drawer_note){
		.due_ns = drawer->dues[at],
		.rank = drawer->ranks[at],
		.flags = drawer->flags[at],
	};
}

bool drawer_is_full(const struct drawer *drawer)
{
	return drawer->count == drawer->most;
}

static void set_note(struct drawer *drawer, size_t at, const struct drawer_note *note)
{
	drawer->dues[at] = note->due_ns;
	drawer->ranks[at] = note->rank;
	drawer->flags[at] = note->flags;
}

/* As thing, wherever there is room. */
static int lay_down(struct drawer *drawer, size_t thing, const char *key,
		    const unsigned char *packed, size_t bytes, struct drawer_place *ret_place)
{
	const struct head head = {
		.thing = (uint16_t)thing,
		.key_bytes = (uint16_t)(strlen(key) + 1),
		.value_bytes = (uint16_t)bytes,
	};
	size_t where = find_room(drawer, bytes_of(&head));
	struct drawer_block *block;
	unsigned char *entry;

	if (where == BLOCKS)
		return -ENOMEM;
	block = drawer->blocks[where];
	*ret_place = (struct drawer_place){.block = (uint16_t)where, .at = block->used};
	entry = block->bytes + block->used;
	memcpy(entry, &head, sizeof(head));
	memcpy(entry + sizeof(head), key, head.key_bytes);
	memcpy(entry + sizeof(head) + head.key_bytes, packed, bytes);
	block->used = (uint16_t)(block->used + bytes_of(&head));
	return 0;
}

int drawer_put(struct drawer *drawer, const char *key, const char *value,
	       const struct drawer_note *note)
{
	unsigned char packed[PACK_BYTES(VALUE_BYTES)];
	size_t before = drawer_find(drawer, key), bytes;
	size_t at = before == DRAWER_NONE ? drawer->count : before;
	struct drawer_place place, old;
	int err;

	if (at == drawer->most)
		return -ENOSPC;
	if (strlen(key) >= DRAWER_KEY_BYTES || strlen(value) >= VALUE_BYTES)
		return -EMSGSIZE;
	bytes = pack_text(&drawer->names, key, value, packed, sizeof(packed));
	err = lay_down(drawer, at, key, packed, bytes, &place);
	if (err < 0)
		return err;
	old = drawer->places[at];
	drawer->places[at] = place;
	drawer->hashes[at] = hash_of(key);
	set_note(drawer, at, note);
	if (before == DRAWER_NONE)
		drawer->count++;
	else
		take_out(drawer, old);
	return 0;
}

void drawer_drop(struct drawer *drawer, size_t at)
{
	size_t last = drawer->count - 1;

	take_out(drawer, drawer->places[at]);
	if (at != last) {
		const struct drawer_note note = drawer_note(drawer, last);
		const struct drawer_place place = drawer->places[last];

		set_thing(drawer->blocks[place.block], place.at, at);
		drawer->places[at] = place;
		drawer->hashes[at] = drawer->hashes[last];
		set_note(drawer, at, &note);
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

	for (size_t i = 0; i < drawer->count; i++)
		first = earlier_ns(first, drawer->dues[i]);
	return first;
}
