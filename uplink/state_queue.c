#include "uplink/state_queue.h"

#include <string.h>

static void fill(struct queued_state *copy, const struct message_state *state)
{
	memcpy(copy->key, state->key, strlen(state->key) + 1);
	if (state->payload_bytes > 0)
		memcpy(copy->payload, state->payload, state->payload_bytes);
	copy->bytes = state->payload_bytes;
	copy->over = state->over;
}

bool state_queue_put(struct state_queue *queue, const struct message_state *state)
{
	const size_t place = state->patient ? queue->count : queue->urgent;
	unsigned char slot;

	if (queue->count == CREDIT_STATES)
		return false;
	slot = queue->order[queue->count];
	memmove(queue->order + place + 1, queue->order + place, queue->count - place);
	queue->order[place] = slot;
	queue->count++;
	queue->urgent += !state->patient;
	fill(&queue->slots[slot], state);
	return true;
}

const struct queued_state *state_queue_next(const struct state_queue *queue)
{
	return queue->count > 0 ? &queue->slots[queue->order[0]] : NULL;
}

void state_queue_drop(struct state_queue *queue)
{
	const unsigned char slot = queue->order[0];

	queue->count--;
	memmove(queue->order, queue->order + 1, queue->count);
	queue->order[queue->count] = slot;
	if (queue->urgent > 0)
		queue->urgent--;
}

void state_queue_clear(struct state_queue *queue)
{
	for (size_t i = 0; i < CREDIT_STATES; i++)
		queue->order[i] = (unsigned char)i;
	queue->count = queue->urgent = 0;
}
