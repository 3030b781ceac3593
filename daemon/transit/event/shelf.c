#include "transit/event/shelf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 4096
#define BLOCKS	    0x10000
#define LONG	    0x80 /* in the first byte of a length: it has another */
#define HEAD_MOST   (sizeof(uint16_t) + 2)

/* What lies in a block, one behind the other: a thing's number, its length, its bytes. */
struct shelf_block {
	uint16_t used;
	unsigned char bytes[BLOCK_BYTES - sizeof(uint16_t)];
};

struct shelf_place {
	uint16_t block;
	uint16_t at; /* from 1; 0: it has none */
};

_Static_assert(SHELF_BYTES + HEAD_MOST <= sizeof(((struct shelf_block *)0)->bytes),
	       "the longest has room in a block");

void shelf_init(struct shelf *shelf, size_t most)
{
	*shelf = (struct shelf){.most = most};
}

void shelf_fini(struct shelf *shelf)
{
	for (size_t i = 0; i < shelf->block_count; i++)
		free(shelf->blocks[i]);
	free(shelf->blocks);
	free(shelf->places);
	*shelf = (struct shelf){.most = shelf->most};
}

/* ---- one in its block ---------------------------------------------------------------- */

struct head {
	uint16_t thing;
	size_t bytes, count; /* of the head, and behind it */
};

static struct head head_at(const struct shelf_block *block, size_t at)
{
	const unsigned char *bytes = block->bytes + at;
	struct head head = {.bytes = sizeof(head.thing) + 1};

	memcpy(&head.thing, bytes, sizeof(head.thing));
	head.count = bytes[sizeof(head.thing)];
	if (head.count & LONG) {
		head.count = (head.count ^ LONG) << 8 | bytes[head.bytes];
		head.bytes++;
	}
	return head;
}

static struct head write_head(unsigned char *bytes, size_t thing, size_t count)
{
	struct head head = {.thing = (uint16_t)thing, .bytes = sizeof(head.thing), .count = count};

	memcpy(bytes, &head.thing, sizeof(head.thing));
	if (count >= LONG)
		bytes[head.bytes++] = (unsigned char)(LONG | count >> 8);
	bytes[head.bytes++] = (unsigned char)(count & 0xFF);
	return head;
}

static struct shelf_block *block_of(const struct shelf *shelf, struct shelf_place place)
{
	return shelf->blocks[place.block];
}

/* What lies behind it in the block moves up. */
static void take_out(struct shelf *shelf, struct shelf_place place)
{
	struct shelf_block *block = block_of(shelf, place);
	size_t at = place.at - 1u;
	struct head head = head_at(block, at);
	const size_t bytes = head.bytes + head.count;

	block->used = (uint16_t)(block->used - bytes);
	memmove(block->bytes + at, block->bytes + at + bytes, block->used - at);
	for (; at < block->used; at += head.bytes + head.count) {
		head = head_at(block, at);
		shelf->places[head.thing].at = (uint16_t)(at + 1);
	}
}

/* ---- blocks -------------------------------------------------------------------------- */

/* BLOCKS: none, and no memory for another. */
static size_t add_block(struct shelf *shelf)
{
	struct shelf_block **blocks;

	if (shelf->block_count == BLOCKS)
		return BLOCKS;
	blocks = realloc(shelf->blocks, (shelf->block_count + 1) * sizeof(*blocks));
	if (!blocks)
		return BLOCKS;
	shelf->blocks = blocks;
	blocks[shelf->block_count] = malloc(sizeof(**blocks));
	if (!blocks[shelf->block_count])
		return BLOCKS;
	blocks[shelf->block_count]->used = 0;
	return shelf->block_count++;
}

static size_t find_room(struct shelf *shelf, size_t bytes)
{
	for (size_t i = shelf->block_count; i-- > 0;)
		if (bytes <= sizeof(shelf->blocks[i]->bytes) - shelf->blocks[i]->used)
			return i;
	return add_block(shelf);
}

int shelf_put(struct shelf *shelf, size_t thing, const unsigned char *bytes, size_t count)
{
	unsigned char head_bytes[HEAD_MOST];
	const struct head head = write_head(head_bytes, thing, count);
	struct shelf_block *block;
	struct shelf_place old;
	size_t where;

	if (!shelf->places)
		shelf->places = calloc(shelf->most, sizeof(shelf->places[0]));
	where = shelf->places ? find_room(shelf, head.bytes + count) : BLOCKS;
	if (where == BLOCKS)
		return -ENOMEM;
	block = shelf->blocks[where];
	old = shelf->places[thing];
	memcpy(block->bytes + block->used, head_bytes, head.bytes);
	memcpy(block->bytes + block->used + head.bytes, bytes, count);
	shelf->places[thing] = (struct shelf_place){
		.block = (uint16_t)where,
		.at = (uint16_t)(block->used + 1),
	};
	block->used = (uint16_t)(block->used + head.bytes + count);
	if (old.at > 0)
		take_out(shelf, old);
	return 0;
}

const unsigned char *shelf_get(const struct shelf *shelf, size_t thing, size_t *ret_count)
{
	const struct shelf_place place = shelf->places[thing];
	const struct shelf_block *block = block_of(shelf, place);
	const struct head head = head_at(block, place.at - 1u);

	*ret_count = head.count;
	return block->bytes + place.at - 1 + head.bytes;
}

void shelf_drop(struct shelf *shelf, size_t thing)
{
	const struct shelf_place place = shelf->places[thing];

	shelf->places[thing] = (struct shelf_place){0};
	take_out(shelf, place);
}

void shelf_renumber(struct shelf *shelf, size_t thing, size_t other)
{
	const struct shelf_place place = shelf->places[thing];
	const uint16_t number = (uint16_t)other;

	memcpy(block_of(shelf, place)->bytes + place.at - 1, &number, sizeof(number));
	shelf->places[other] = place;
	shelf->places[thing] = (struct shelf_place){0};
}

/* FNV-1a, both halves. */
uint16_t shelf_hash(const char *name)
{
	uint32_t hash = 2166136261;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619;
	return (uint16_t)(hash ^ hash >> 16);
}
