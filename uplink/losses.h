/* Why connections end again and again, when the broker does not say it: a message that it answers
 * by hanging up, or another client of the same id.
 *
 * A message is suspected that was the first without an answer at the end of a connection, more
 * surely each time. An event waits then, and is told of; a state, or what else is only the latest
 * of its kind, is left out for a while so that the rest gets through. Pure, times are given.
 */
#ifndef CORRIDORD_UPLINK_LOSSES_H
#define CORRIDORD_UPLINK_LOSSES_H

#include "uplink/window.h"

#define LOSSES_LEFT_OUT	   8
#define LOSSES_WORDS_BYTES 256

struct left_out {
	char topic[WINDOW_TOPIC_BYTES];
	int64_t until_ns;
};

struct losses {
	char topic[WINDOW_TOPIC_BYTES]; /* of the suspect, "": none */
	size_t bytes;
	unsigned times; /* in a row */
	int64_t short_ns; /* a connection ended that had just begun */
	bool taken_over; /* that happens again and again */
	struct left_out left_out[LOSSES_LEFT_OUT];
	size_t next; /* the one that is replaced */
};

/* A connection ended. unanswered: the first message without an answer, NULL: all had one.
 * may_leave_out: it is not an event. Into words: what may have been the reason, "" if nothing
 * is known. */
void losses_note(struct losses *losses, const struct window_entry *unanswered, bool may_leave_out,
		 int64_t lasted_ns, int64_t now_ns, char words[LOSSES_WORDS_BYTES]);

/* Whether it is left out now. */
bool losses_leaves_out(const struct losses *losses, const char *topic, int64_t now_ns);

#endif
