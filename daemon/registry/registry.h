/* The registry as the rest of the daemon sees it: questions in, answers out, records in.
 *
 * A thread of its own owns all records. The main loop asks, fetches answers and the registry's
 * own events; the uplink's thread brings records (inlet.h); another thread reads the list files.
 * Questions come first: records are written in short transactions between them. Nobody blocks:
 * a full queue says so. Neither capture nor a commit of events ever waits.
 */
#ifndef CORRIDORD_REGISTRY_H
#define CORRIDORD_REGISTRY_H

#include <stdint.h>

#include "base/worker.h"
#include "config/config.h"
#include "outbound/inlet.h"
#include "transit/event/event.h"
#include "transit/registry/question.h"

struct registry;

struct registry_counters {
	uint64_t questions, answers, failed; /* since start */
	uint64_t records; /* of the stream taken, unchanged ones too */
	uint64_t unchanged, removed, refused;
	uint64_t changes; /* of what is known: records, removals, lists */
	uint64_t dropped; /* messages that could never be taken */
	int64_t stream_bytes;
};

struct registry_change;

/* conf is copied. A file of the registry that cannot be opened is no failure: it is logged, and
 * tried again. Starts no thread. -ENOMEM or another negative errno. */
int registry_new(const struct registry_conf *conf, const char *journal_path,
		 struct registry **ret_registry);

/* Starts answering, and reading the list files. */
int registry_start(struct registry *registry);

/* Other options, but for mqtt: files, check_every, max_age, quota. What it takes is made beforehand, in
 * the main loop: -ENOMEM or another negative errno; *ret_change NULL: nothing of it is another. */
int registry_prepare(struct registry *registry, const struct registry_conf *conf,
		     struct registry_change **ret_change);
/* Takes it over. Lists that are in both stay as they are: neither read again nor told of. NULL is fine. */
void registry_go_over(struct registry *registry, struct registry_change *change);
void registry_change_free(
	struct registry_change *change); /* one that was not gone over to; takes NULL */

/* As worker_stop(): takes nothing more, answers what was asked and writes what was taken. */
bool registry_stop(struct registry *registry, int64_t deadline_mono_ns);
/* Stopped, or never started; after uplink_free(). Takes NULL. */
void registry_free(struct registry *registry);

/* For the pure part; called by the main loop only. */
struct registry_questions registry_questions(struct registry *registry);
/* An eventfd: read it, then take all answers and put the events. */
int registry_fd(const struct registry *registry);
/* NULL: there is none. The caller frees it: registry_answer_free(). */
struct registry_answer *registry_take_answer(struct registry *registry);
/* Puts the registry's own events into the sink. */
void registry_put_events(struct registry *registry, const struct event_sink *sink);

struct inlet registry_inlet(struct registry *registry);

struct registry_counters registry_counters(struct registry *registry);

/* For who asks at the gateway what is known. One at a time. */
#define REGISTRY_LOOK_BYTES (40 * 1024)
struct registry_look {
	uint64_t number; /* of the question */
	char kind[16], key[192]; /* of a record; empty: all lists are asked for */
	int err; /* -EINVAL: no such kind, or no key of it; -ENOENT: no such record */
	size_t bytes;
	char members[REGISTRY_LOOK_BYTES]; /* of a JSON object */
};

/* Main loop. -EBUSY: another is on its way; -ENOMEM. registry_fd() tells when it can be taken. */
int registry_ask_look(struct registry *registry, const char *kind, const char *key,
		      uint64_t number);
struct registry_look *registry_take_look(
	struct registry *registry); /* the caller frees it; or NULL */

struct worker *registry_worker(struct registry *registry); /* for the watchdog */

#endif
