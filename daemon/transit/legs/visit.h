/* Consignments that arrived here lately, for announcements that come after them: an arrival
 * that nobody had announced is compared when the announcement is heard at last, and one that
 * is announced again (the checkpoint before cannot know) is not waited for.
 *
 * What should have been announced is noted with its arrival (owed_by), until that is heard, or there was
 * time enough and a link to hear it by (visits_owed).
 *
 * They survive a restart by memories, "visit/<ucr>". VISITS_MAX at most: the oldest is evicted.
 */
#ifndef CORRIDORD_TRANSIT_LEGS_VISIT_H
#define CORRIDORD_TRANSIT_LEGS_VISIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transit/event/drawer.h"
#include "transit/event/event.h"
#include "transit/event/memo.h"
#include "transit/legs/handover.h"

struct teller;

#define VISITS_MAX	 4096
#define VISIT_LANE_BYTES 64

struct visit {
	char id[HANDOVER_ID_BYTES]; /* as in handover.h */
	char from[HANDOVER_NAME_BYTES]; /* the checkpoint that announced it; empty: none yet */
	int64_t departed_utc_ns; /* as announced */
	char lane[VISIT_LANE_BYTES]; /* empty: another gateway of this checkpoint saw it */
	char passage[PASSAGE_ID_BYTES];
	int64_t arrived_utc_ns;
	enum clock_state clock;
	char owed_by[HANDOVER_NAME_BYTES]; /* the checkpoint that should have announced it, and is
					    * still waited for; empty: none is */
	bool left;
	bool whole; /* a part, and all of its consignment's have come */
	bool withdrawn; /* the announcement is no longer retained */
	char instead[HANDOVER_NAME_BYTES]; /* it was redirected there, and did not arrive here; or
					      empty */
	bool complete; /* all readers answered */
	struct leg_seal seals[HANDOVER_SEALS]; /* as they are handed on when it leaves */
	size_t seal_count, unread; /* as in struct leg_observed */
};

struct visits {
	int64_t keep_ns;
	int64_t owed_ns; /* an announcement may come so late */
	int64_t all_heard_mono_ns; /* what is retained by now; INT64_MAX: there is no connection */
	struct drawer drawer; /* by id */
	struct visit found; /* the one that was looked at last */

	/* Of the memory that the teller was given last. */
	char key[MEMORY_KEY_BYTES], text[MEMO_BYTES];
};

int visits_init(struct visits *visits, int64_t keep_ns, int64_t owed_ns); /* -ENOMEM */
void visits_fini(struct visits *visits);
void visits_recall(struct visits *visits, const char *key, const char *text);

/* NULL: not lately. Valid until the next call of any of these. */
struct visit *visits_find(struct visits *visits, const char *id);
struct visit *visits_at(struct visits *visits, size_t i); /* or NULL */
/* A blank one with that id, instead of one of before. The caller fills it, then visits_keep(). */
struct visit *visits_add(struct visits *visits, struct teller *teller, const char *id);
/* It is still to come. */
void visits_forget(struct visits *visits, struct teller *teller, const char *id);
/* Puts its memory; or lets it go with what the teller puts next. */
void visits_keep(struct visits *visits, const struct visit *visit, struct teller *teller);
void visits_remember(struct visits *visits, const struct visit *visit, struct teller *teller);

/* Said of a vehicle that was to come here. */
bool visit_went_elsewhere(const struct visit *visit);
/* This announcement is of that arrival, not of one that is still to come. */
bool visit_is_of(const struct visit *visit, const struct handover *handover);

/* One of which an announcement is owed and was not heard in time; NULL: there is none. Valid as that of
 * visits_find(). The caller ends its owed_by. */
struct visit *visits_owed(struct visits *visits, const struct teller *teller);
/* All that is retained will have come by then; INT64_MAX: there is no connection. */
void visits_will_hear(struct visits *visits, int64_t all_heard_mono_ns);

int64_t visits_due(const struct visits *visits, const struct teller *teller);
void visits_tick(struct visits *visits, struct teller *teller);

#endif
