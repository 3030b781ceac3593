/* The registry as the rest of the daemon sees it: questions in, answers out, records in.
 *
 * A thread of its own owns all that is held. The main loop asks, fetches answers and what the
 * registry has to tell; the uplink's thread brings records (inlet.h); another thread reads the
 * list files. Questions come first: records are written in short transactions between them.
 * Nobody blocks: a full queue says so. Neither capture nor a commit of events ever waits.
 */
#ifndef CORRIDORD_REGISTRY_DESK_H
#define CORRIDORD_REGISTRY_DESK_H

#include <stdint.h>

#include "config.h"
#include "inlet.h"
#include "transit/event.h"
#include "transit/registry.h"

struct desk;

struct desk_counters {
	uint64_t questions, answers, failed; /* since start */
	uint64_t records; /* of the stream taken, unchanged ones too */
	uint64_t unchanged, removed, refused;
	int64_t stream_bytes;
};

/* conf is borrowed. Never fails for the registry's files: what cannot be opened is told and
 * tried again. No thread yet. */
int desk_new(const struct registry_conf *conf, const char *journal_path, struct desk **ret_desk);

/* Starts answering, and reading the list files. */
int desk_start(struct desk *desk);

/* Answers what was asked, writes what was taken, stops; nothing is taken any more. false: it
 * hangs in a call of the system; may be called once more. Takes NULL. */
bool desk_stop(struct desk *desk, int64_t deadline_mono_ns);
/* Stopped, or never started; after uplink_free(). Takes NULL. */
void desk_free(struct desk *desk);

/* For the pure part: one thread, the main loop. */
struct registry_desk desk_questions(struct desk *desk);
/* An eventfd: read it, then take all answers and tell. */
int desk_fd(const struct desk *desk);
/* NULL: no more of them. The caller frees: registry_answer_free(). */
struct registry_answer *desk_take(struct desk *desk);
/* Puts the registry's own events into the sink. */
void desk_tell(struct desk *desk, const struct event_sink *sink);

struct inlet desk_inlet(struct desk *desk);

struct desk_counters desk_counters(struct desk *desk);

void desk_ask(struct desk *desk); /* watchdog, see heartbeat.h */
bool desk_stuck(struct desk *desk, int64_t now_mono_ns);

#endif
