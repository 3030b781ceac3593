/* The bounded way from the uplink to who listens: copies of messages, in order.
 *
 * Filled by one thread, emptied by another, which waits for inbox_fd(). Full, it takes no
 * more and says so. A payload that is longer than any may be arrives cut, and marked so.
 */
#ifndef CORRIDORD_INBOUND_INBOX_H
#define CORRIDORD_INBOUND_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "outbound/inlet.h"

struct inbox;

/* bytes: of all that is kept, and as much again while it is emptied. payload_bytes: the longest
 * payload. -ENOMEM or another negative errno. Free with inbox_free(), when nobody puts anything
 * any more. */
int inbox_new(size_t bytes, size_t payload_bytes, struct inbox **ret_inbox);
void inbox_free(struct inbox *inbox); /* takes NULL */

/* false: no room now. What could not fit into an empty inbox either is dropped and counted. */
bool inbox_put(struct inbox *inbox, const struct inlet_message *message);

/* false: there is none. The message lives until the next call. */
bool inbox_take(struct inbox *inbox, struct inlet_message *ret_message);

/* The reader's: there is nothing to take. */
bool inbox_is_empty(struct inbox *inbox);

/* Readable when there may be something to take. Owned by the inbox. */
int inbox_fd(const struct inbox *inbox);

uint64_t inbox_dropped(struct inbox *inbox); /* any thread */

/* An inlet's take; data is the inbox. */
bool inbox_take_in(void *data, const struct inlet_message *message);

#endif
