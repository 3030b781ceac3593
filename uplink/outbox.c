#include "uplink/outbox.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"

#define ALIGN_BYTES 8

int outbox_init(struct outbox *outbox, size_t size)
{
	assert(size % ALIGN_BYTES == 0);
	*outbox = (struct outbox){.size = size};
	outbox->ring = malloc(size);
	return outbox->ring ? 0 : -ENOMEM;
}

void outbox_fini(struct outbox *outbox)
{
	free(outbox->ring);
	outbox->ring = NULL;
}

void outbox_clear(struct outbox *outbox)
{
	outbox->head = 0;
	outbox->sent = 0;
	outbox->tail = 0;
}

static struct outbox_record *record_at(const struct outbox *outbox, uint64_t at)
{
	void *record = outbox->ring + at % outbox->size;

	return record;
}

static size_t to_end(const struct outbox *outbox, uint64_t at)
{
	return outbox->size - (size_t)(at % outbox->size);
}

static size_t free_bytes(const struct outbox *outbox)
{
	return outbox->size - (size_t)(outbox->head - outbox->tail);
}

static size_t need_bytes(const struct outlet_record *record)
{
	size_t bytes = sizeof(struct outbox_record) + record->payload_bytes;

	return (bytes + ALIGN_BYTES - 1) / ALIGN_BYTES * ALIGN_BYTES;
}

/* Where a record of this size goes; the rest of the ring is left out when it is too short.
 * false: no room. */
static bool reserve(struct outbox *outbox, size_t need)
{
	size_t rest = to_end(outbox, outbox->head);

	if (rest >= need)
		return need <= free_bytes(outbox);
	if (rest + need > free_bytes(outbox))
		return false;
	record_at(outbox, outbox->head)->bytes = 0;
	outbox->head += rest;
	return true;
}

bool outbox_put(struct outbox *outbox, const struct outlet_record *record)
{
	size_t need = need_bytes(record);
	struct outbox_record *copy;

	assert(need <= outbox->size / 4 && strlen(record->type) < OUTBOX_TYPE_BYTES);
	if (!reserve(outbox, need))
		return false;
	copy = record_at(outbox, outbox->head);
	copy->bytes = (uint32_t)need;
	copy->payload_bytes = (uint32_t)record->payload_bytes;
	copy->position = record->position;
	copy->seq = record->seq;
	copy->late = record->late;
	memcpy(copy->epoch, record->epoch, sizeof(copy->epoch));
	memcpy(copy->type, record->type, strlen(record->type) + 1);
	snprintf(copy->asker, sizeof(copy->asker), "%s", record->asker ? record->asker : "");
	memcpy(copy->payload, record->payload, record->payload_bytes);
	outbox->newest = outbox->head;
	outbox->head += need;
	return true;
}

const struct outbox_record *outbox_newest(const struct outbox *outbox)
{
	return record_at(outbox, outbox->newest);
}

/* Over the end of the ring, where a record did not fit. */
static uint64_t skip_rest(const struct outbox *outbox, uint64_t at)
{
	if (at < outbox->head && record_at(outbox, at)->bytes == 0)
		return at + to_end(outbox, at);
	return at;
}

const struct outbox_record *outbox_next(struct outbox *outbox)
{
	outbox->sent = skip_rest(outbox, outbox->sent);
	return outbox->sent < outbox->head ? record_at(outbox, outbox->sent) : NULL;
}

void outbox_sent(struct outbox *outbox)
{
	const struct outbox_record *record = outbox_next(outbox);

	assert(record);
	outbox->sent += record->bytes;
}

size_t outbox_release(struct outbox *outbox)
{
	size_t cost;

	outbox->tail = skip_rest(outbox, outbox->tail);
	assert(outbox->tail < outbox->sent);
	cost = message_record_cost(record_at(outbox, outbox->tail)->payload_bytes);
	outbox->tail += record_at(outbox, outbox->tail)->bytes;
	if (outbox->tail == outbox->head) { /* the same few pages serve while the link keeps up */
		pages_give_back(outbox->ring,
				outbox->head < outbox->size ? (size_t)outbox->head : outbox->size);
		outbox->head = outbox->sent = outbox->tail = 0;
	}
	return cost;
}

void outbox_unsend(struct outbox *outbox)
{
	outbox->sent = outbox->tail;
}
