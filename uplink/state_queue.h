/* States on their way to the window: a few, in order, the patient ones behind the others. Each was
 * the latest of its key when it came; the parent holds back the rest until there is room, so that
 * only the latest goes. */
#ifndef CORRIDORD_UPLINK_STATE_QUEUE_H
#define CORRIDORD_UPLINK_STATE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frames/message.h"

struct queued_state {
	char key[STATE_KEY_BYTES];
	uint64_t over; /* see struct message_state */
	size_t bytes; /* 0: the empty message that removes what is retained */
	char payload[STATE_BYTES];
};

/* state_queue_clear() comes first. */
struct state_queue {
	struct queued_state slots[CREDIT_STATES];
	unsigned char order[CREDIT_STATES]; /* slots: those that wait, then the free ones */
	size_t count, urgent; /* that wait; of them not patient */
};

/* false: there is no room, the parent sent more than it was asked for. */
bool state_queue_put(struct state_queue *queue, const struct message_state *state);
const struct queued_state *state_queue_next(const struct state_queue *queue); /* NULL: none */
void state_queue_drop(struct state_queue *queue); /* that one */
void state_queue_clear(struct state_queue *queue);

#endif
