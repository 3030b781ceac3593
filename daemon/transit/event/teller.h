/* Writes the events of the pure part: one body at a time, which becomes a draft for the sink.
 *
 *     json = tell_begin(teller, lane, at_mono_ns);
 *     ...members of the event go into json...
 *     tell_end(teller, EVENT_LEG_ARRIVED);
 *
 * What is to be remembered, and the state that follows from the event, go with the same draft
 * and so into the same transaction.
 */
#ifndef CORRIDORD_TRANSIT_EVENT_TELLER_H
#define CORRIDORD_TRANSIT_EVENT_TELLER_H

#include "transit/event/event.h"

#define TELLER_MEMORIES 8

struct teller {
	struct event_sink sink;
	struct instant now; /* the clocks as of this call */
	const char *subject; /* number of the seal that is told of, for the alarm book; or NULL */
	struct event_draft draft; /* what goes to the sink next */
	struct jw body;
	char body_text[EVENT_BODY_BYTES];
	char state_text[EVENT_BODY_BYTES];
	struct event_memory memories[TELLER_MEMORIES];
	size_t memory_count;
};

/* Of a kind of things no more can be kept: what was given up for another. */
void tell_gave_way(struct teller *teller, const char *kind, const char *what, uint64_t most);

/* A monotonic time with its labels, as the clocks relate now. */
struct instant teller_moment(const struct teller *teller, int64_t mono_ns);

/* An event of that lane, or of none (NULL). The caller adds members, then tell_end(). */
struct jw *tell_begin(struct teller *teller, const char *lane, int64_t occurred_mono_ns);
/* The same in two steps, for members that come before the time. */
struct jw *tell_begin_untimed(struct teller *teller);
void tell_occurred(struct teller *teller, int64_t occurred_mono_ns);
/* "alarm": it is raised or cleared. */
void tell_alarm(struct teller *teller, enum alarm_edge edge);
/* "signed_by" and "signed_as" of an officer's word. NULL: that is not told. */
void tell_signature(struct jw *json, const struct officer_signature *signature);
void tell_end(struct teller *teller, enum event_id event);
void tell_end_as(struct teller *teller, const struct event_type *type); /* one that lives on */

/* The state that goes with what is put next; its members may be in state_text. All borrowed
 * until then. word as in struct event_draft. */
void tell_with_state(struct teller *teller, const char *key, const char *word,
		     const struct jw *members);
/* The same of a memory; text NULL: forget the key. */
void teller_remember(struct teller *teller, const char *key, const char *text);
/* Puts the state and the memories that wait for an event, if there are any, without one. */
void teller_flush(struct teller *teller);
/* Puts a memory at once and alone. */
void teller_put_memory(struct teller *teller, const char *key, const char *text);

#endif
