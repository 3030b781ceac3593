/* What is in flight: messages in the order of their sending, until the broker has acknowledged
 * them; and how much of it the link takes.
 *
 * Acknowledgements may come out of order. A message leaves from the old end only, so that what
 * is taken out says: all of its stream up to that position.
 *
 * The bytes in flight follow the link by themselves: as many as the round trip needs, and no more
 * than pass within it once more, so that an alert does not wait behind a queue. Every message
 * that is acknowledged tells how long it took. Longer than the shortest round trip and the queue
 * that is allowed: fewer, in proportion; while there were too few to fill the link: more, three
 * times as many each round trip until the first queue is seen, an eighth more from then on.
 *
 * Pure, times are given; allocates once.
 */
#ifndef CORRIDORD_UPLINK_WINDOW_H
#define CORRIDORD_UPLINK_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WINDOW_MAX	   1024
#define WINDOW_TOPIC_BYTES 128

struct window_entry {
	int mid;
	int kind; /* the caller's; WINDOW_FORGOTTEN: nobody waits for it any more */
	uint64_t position;
	size_t bytes; /* of the packet */
	bool retain;
	char topic[WINDOW_TOPIC_BYTES]; /* a long one without its beginning */

	bool done;
	const char *refusal; /* NULL: it was taken */
	int64_t sent_ns;
	size_t flight; /* bytes in flight when it was sent, its own too */
};

#define WINDOW_FORGOTTEN (-1)

struct window {
	struct window_entry *ring;
	size_t slots; /* of the ring */
	size_t limit; /* messages of this connection, at most slots */
	size_t first, count;
	size_t bytes; /* in flight */
	size_t last_bytes; /* of the last message */

	size_t limit_bytes; /* that the link takes */
	int64_t queue_most_ns; /* an alert waits no longer for what goes before it */
	int64_t rtt_ns; /* of late */
	int64_t rtt_min_ns[2]; /* the shortest of this while, and of the one before */
	int64_t while_ns; /* this one began */
	int64_t shrunk_ns;
	int64_t full_ns; /* there was last no room for more */
	bool deaf;
	size_t fast_until; /* above it only in small steps: a queue was seen there */
};

int window_init(struct window *window, size_t slots, int64_t queue_most_ns); /* -ENOMEM */
void window_fini(struct window *window);

/* Empty again, for a new connection: few bytes at first. limit is cut to what was allocated, at
 * least 1. */
void window_reset(struct window *window, size_t limit);
bool window_has_room(const struct window *window);
bool window_holds(struct window *window, int kind); /* in flight, not answered yet */

/* Whether answers say something of the link: not while they stand behind much else that the broker
 * sends. */
void window_hear(struct window *window, bool hears, int64_t now_ns);

/* Copies mid, kind, position, bytes and retain. There has to be room. */
void window_push(struct window *window, const struct window_entry *entry, const char *topic,
		 int64_t now_ns);

/* The broker's answer: false: not in flight. refusal: a constant string, or NULL. */
bool window_answer(struct window *window, int mid, const char *refusal, int64_t now_ns);

/* The oldest that has no answer; NULL: all have one. Borrowed until the next call. */
const struct window_entry *window_unanswered(struct window *window);

/* Marks all of a kind as forgotten: they still take room until they are done. */
void window_forget(struct window *window, int kind);

/* The oldest, if it is done. */
bool window_pop(struct window *window, struct window_entry *ret_entry);

#endif
