/* What passes between this process and corridord, which started it (frames/message.h). */
#ifndef CORRIDORD_UPLINK_PARENT_H
#define CORRIDORD_UPLINK_PARENT_H

#include "uplink/private.h"

/* Waits for all that comes before MESSAGE_START. 0; -EPIPE, -EBADMSG, -ENOMEM. */
int parent_set_up(struct uplink *uplink);

/* Takes what has come. Negative errno: the parent is gone, or speaks another language. */
int parent_serve(struct uplink *uplink);
/* Tells what is to be told, as far as the socket takes it; what was acknowledged in batches, as long
 * as more is on its way. The same. */
int parent_flush(struct uplink *uplink, bool idle, int64_t now_ns);
int64_t parent_due_ns(const struct uplink *uplink); /* of the next flush */
short parent_events(const struct uplink *uplink); /* what to wait for on the channel's fd */

void parent_tell_link(struct uplink *uplink, enum link_state state, size_t host, const char *error);
#define REFUSED_BYTES 400 /* of words that are told */

/* words: NULL: no longer. */
void parent_tell_refused(struct uplink *uplink, enum refused_what what, const char *words);
/* A new session: everything on its way is forgotten and comes again. told: what the broker had
 * retained of this gateway. */
void parent_rewind(struct uplink *uplink, const struct event_head *told);
void parent_want_states(struct uplink *uplink, size_t count, bool all_again);
void parent_tell_gone(struct uplink *uplink, uint64_t over);
void parent_tell_recall(struct uplink *uplink); /* all that is retained comes anew */
void parent_tell_stopped(struct uplink *uplink);

/* false: the parent has no room for it now. */
bool parent_hears(struct uplink *uplink, size_t inlet, const struct inlet_message *heard);

#endif
