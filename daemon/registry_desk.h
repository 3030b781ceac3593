/* The registry as the rest of the daemon sees it: questions in, answers out, records in.
 *
 * The main loop asks and fetches answers; the uplink's thread brings records (inlet.h); a
 * thread of its own reads the list files; all of it is worked off in the journal's thread, in
 * short turns between its commits, so that neither capture nor a commit waits for more than one
 * of them. Nobody blocks: a full queue says so.
 */
#ifndef CORRIDORD_REGISTRY_DESK_H
#define CORRIDORD_REGISTRY_DESK_H

#include <stdint.h>

#include "config.h"
#include "inlet.h"
#include "journal.h"
#include "transit/registry.h"

struct desk;

struct desk_counters {
	uint64_t questions, answers, failed; /* since start */
	uint64_t records; /* of the stream taken, unchanged ones too */
	uint64_t unchanged, removed, refused;
	int64_t stream_bytes;
};

/* conf and the journal are borrowed; the journal has not been started yet and outlives it.
 * Never fails for the registry's files: what cannot be opened is told and tried again. */
int desk_new(const struct registry_conf *conf, const char *journal_path, struct journal *journal,
	     struct desk **ret_desk);

/* Starts reading the list files. After journal_start(). */
int desk_start(struct desk *desk);

/* Stops reading lists and using the journal. Before journal_close(). Takes NULL. */
void desk_stop(struct desk *desk);
/* After journal_close() and uplink_free(). Takes NULL. */
void desk_free(struct desk *desk);

/* For the pure part: one thread, the main loop. */
struct registry_desk desk_questions(struct desk *desk);
/* Readable when there are answers. */
int desk_fd(const struct desk *desk);
/* NULL: no more of them. The caller frees: registry_answer_free(). */
struct registry_answer *desk_take(struct desk *desk);

struct inlet desk_inlet(struct desk *desk);

struct desk_counters desk_counters(struct desk *desk);

#endif
