/* What is in flight: published with QoS 1 and not yet acknowledged, oldest first.
 *
 * All publications of a connection share one window, whatever they are, so that
 * the library never has to queue. A message leaves only when everything before it
 * is done: what is popped of a stream is therefore complete up to that position.
 * Pure; allocates once.
 */
#ifndef CORRIDORD_UPLINK_WINDOW_H
#define CORRIDORD_UPLINK_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WINDOW_MAX 1024

struct window_entry {
	int mid;
	int kind; /* the caller's; WINDOW_FORGOTTEN: nobody waits for it any more */
	bool done;
	const char *why; /* it was refused, NULL: taken */
	uint64_t position;
};

#define WINDOW_FORGOTTEN (-1)

struct window {
	struct window_entry *ring;
	size_t slots; /* of the ring */
	size_t limit; /* of this connection, at most slots */
	size_t first, count;
};

int window_init(struct window *window, size_t slots); /* -ENOMEM */
void window_fini(struct window *window);

/* Empty again, for a new connection. limit is cut to what was allocated, at least 1. */
void window_reset(struct window *window, size_t limit);
bool window_has_room(const struct window *window);
bool window_holds(struct window *window, int kind); /* in flight, not answered yet */

/* There has to be room. */
void window_push(struct window *window, int mid, int kind, uint64_t position);

/* NULL: not in flight. Borrowed until the next call. */
struct window_entry *window_find(struct window *window, int mid);

/* Marks all of a kind as forgotten: they still take room until they are done. */
void window_forget(struct window *window, int kind);

/* The oldest, if it is done. */
bool window_pop(struct window *window, struct window_entry *ret_entry);

#endif
