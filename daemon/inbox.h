/* The bounded way from the uplink to the main loop: copies of what was heard, in order.
 *
 * Filled by one thread, emptied by another, which waits for inbox_fd(). Full, it takes no
 * more and says so. What is longer than a payload may be arrives cut, and marked so.
 */
#ifndef CORRIDORD_INBOX_H
#define CORRIDORD_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inlet.h"

struct inbox;

struct inbox_message {
	struct heard heard;
	bool cut; /* the payload was longer */
};

/* bytes: of all that is kept, twice: what is filled, and what is emptied. -ENOMEM or another
 * negative errno. Free with inbox_free(), when nobody puts anything any more. */
int inbox_new(size_t bytes, size_t payload_bytes, struct inbox **ret_inbox);
void inbox_free(struct inbox *inbox); /* takes NULL */

/* false: no room now. What could not fit into an empty inbox either is dropped and counted. */
bool inbox_put(struct inbox *inbox, const struct heard *heard);

/* false: there is none. The message lives until the next call. */
bool inbox_take(struct inbox *inbox, struct inbox_message *ret_message);

/* Readable when there may be something to take. Owned by the inbox. */
int inbox_fd(const struct inbox *inbox);

uint64_t inbox_dropped(struct inbox *inbox);

/* An inlet's take; data is the inbox. */
bool inbox_hear(void *data, const struct heard *heard);

#endif
