/* The records of one stream between the journal's offer and the acknowledgement.
 *
 * A ring of bytes. A record stays, unmoved, until it is released: after a refusal the stream
 * can be sent again from here, in order. The parent offers no more than its credit, for which
 * the ring has room however it wraps.
 */
#ifndef CORRIDORD_UPLINK_OUTBOX_H
#define CORRIDORD_UPLINK_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frames/message.h"

#define OUTBOX_EVENTS_BYTES (CREDIT_EVENTS_BYTES + 8 * 1024)
#define OUTBOX_ALERTS_BYTES (CREDIT_ALERTS_BYTES + 8 * 1024)
#define OUTBOX_REPLAY_BYTES (CREDIT_REPLAY_BYTES + 8 * 1024)
#define OUTBOX_TYPE_BYTES   64 /* the longest type, with the NUL */

struct outbox_record {
	uint32_t bytes; /* in the ring; 0: the next one is at the start of the ring */
	uint32_t payload_bytes;
	uint64_t position;
	uint64_t seq;
	bool late;
	char epoch[EVENT_EPOCH_BYTES];
	char type[OUTBOX_TYPE_BYTES];
	char asker[ASKER_BYTES]; /* of a replay */
	char payload[];
};

struct outbox {
	unsigned char *ring;
	size_t size; /* a multiple of 8, room for a few records of the largest size */
	uint64_t head, sent, tail; /* bytes ever put, sent and released */
	uint64_t newest; /* where the last record put begins */
};

int outbox_init(struct outbox *outbox, size_t size); /* -ENOMEM */
void outbox_fini(struct outbox *outbox);
void outbox_clear(struct outbox *outbox);

/* Copies the record. false: no room, the parent offers more than its credit. */
bool outbox_put(struct outbox *outbox, const struct outlet_record *record);

/* The one that was just put. Valid until it is released. */
const struct outbox_record *outbox_newest(const struct outbox *outbox);

/* The first one not sent, NULL: none. Valid until it is released. */
const struct outbox_record *outbox_next(struct outbox *outbox);
void outbox_sent(struct outbox *outbox); /* that one was */

/* The oldest sent one is acknowledged: the credit that it had taken. */
size_t outbox_release(struct outbox *outbox);
void outbox_unsend(struct outbox *outbox); /* all that are not released are to be sent again */

#endif
