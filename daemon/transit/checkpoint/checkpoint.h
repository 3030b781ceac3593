/* What the checkpoint keeps beyond a single passage: the alarms to be acknowledged, the
 * consignments that stand here, the Time Release Study; and their memories.
 *
 * It books each event (latched ones come into the alarm book) and listens to the lanes (a
 * binding begins a stay, the end of a passage ends it and feeds the study). A consignment leaves
 * through an exit lane, or backs out of an entry; where no lane is an exit, through any. Where it
 * goes from there and whence it comes is the business of the legs (legs.h).
 *
 * What an event changes here is kept in the transaction of that event: each draft is booked on
 * its way to the sink.
 */
#ifndef CORRIDORD_TRANSIT_CHECKPOINT_H
#define CORRIDORD_TRANSIT_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "transit/event/alarm_book.h"
#include "transit/lane/lane.h"
#include "transit/legs/legs.h"

struct jw;
struct checkpoint;
struct teller;

/* All borrowed. */
struct checkpoint_setup {
	const char *id;
	const char *boot; /* the kernel's boot id, or NULL */
	const struct lane_conf *lanes;
	size_t lane_count;
	struct alarm_delay alarm_delay;
	const struct legs_conf *legs; /* NULL: nothing is announced or waited for */
};

/* -ENOMEM. The teller is borrowed. */
int checkpoint_new(const struct checkpoint_setup *conf, struct teller *teller,
		   struct checkpoint **ret_checkpoint);
void checkpoint_free(struct checkpoint *checkpoint); /* takes NULL */

/* Other lanes than before; those of the same name keep their figures. Borrowed. -ENOMEM: nothing is
 * changed. */
int checkpoint_set_lanes(struct checkpoint *checkpoint, const struct lane_conf *lanes,
			 size_t lane_count);

void checkpoint_recall(struct checkpoint *checkpoint, const char *key, const char *text);
void checkpoint_start(struct checkpoint *checkpoint);

/* Takes note of an event on its way from the teller to the sink, and attaches the memories of
 * what that changes: valid until the next call. */
void checkpoint_book(struct checkpoint *checkpoint, struct event_draft *draft);

/* For the lanes (lane_site.listener). */
struct lane_listener checkpoint_listener(struct checkpoint *checkpoint);
int checkpoint_acknowledge(struct checkpoint *checkpoint, const struct acknowledgement *by);

/* What has left for another checkpoint goes on another vehicle: so it is announced. */
void checkpoint_move(struct checkpoint *checkpoint, const char *ucr, const struct move_list *moved);

/* Announcements of other checkpoints (legs.h); only where there are legs. */
bool checkpoint_has_legs(const struct checkpoint *checkpoint);
enum legs_heard checkpoint_announce(struct checkpoint *checkpoint, const struct handover *handover,
				    char ret_evicted_ucr[IDENTIFIER_BYTES]);
enum legs_heard checkpoint_withdraw(struct checkpoint *checkpoint, const char *id,
				    const struct handover *word);
void checkpoint_connected(struct checkpoint *checkpoint);
void checkpoint_heard(struct checkpoint *checkpoint, int64_t mono_ns);
void checkpoint_disconnected(struct checkpoint *checkpoint);

/* The registry has changed: what is under way may be to go elsewhere (redirect.h). */
void checkpoint_registry_changed(struct checkpoint *checkpoint);
void checkpoint_ask(struct checkpoint *checkpoint, struct lane_site *site);
/* true: the answer was the checkpoint's; it remains the caller's. */
bool checkpoint_answer(struct checkpoint *checkpoint, const struct registry_answer *answer);

int64_t checkpoint_deadline(struct checkpoint *checkpoint);
/* Whether the deadline may have changed since this was last asked. */
bool checkpoint_deadline_is_dirty(struct checkpoint *checkpoint);
/* Counts the open passages of a lane for the study; each, before a tick. */
void checkpoint_count_open(struct checkpoint *checkpoint, const struct lane *lane);
/* All that is due by then; its events have that time, however late the call. */
void checkpoint_tick(struct checkpoint *checkpoint, int64_t at_mono_ns);

/* Members of the metrics: of a lane's object, and beside the lanes. */
void checkpoint_lane_metrics(struct checkpoint *checkpoint, const struct lane *lane,
			     struct jw *json);
void checkpoint_metrics(const struct checkpoint *checkpoint, struct jw *json);

void checkpoint_status(const struct checkpoint *checkpoint, struct jw *json, size_t most);

/* Puts the memories that changed and went with no event. */
void checkpoint_put_memories(struct checkpoint *checkpoint);

#endif
