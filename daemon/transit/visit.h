/* Consignments that arrived here lately, for announcements that come after them: an arrival
 * that nobody had announced is compared when the announcement is heard at last, and one that
 * is announced again (the checkpoint before cannot know) is not waited for.
 *
 * They outlive the daemon by memories, "visit/<ucr>". VISITS_MAX at most, the oldest gives way.
 */
#ifndef CORRIDORD_VISIT_H
#define CORRIDORD_VISIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"
#include "handover.h"
#include "memo.h"
#include "passage.h"

struct teller;

#define VISITS_MAX	 512
#define VISIT_LANE_BYTES 64

struct visit {
	char ucr[IDENTIFIER_BYTES];
	char from[HANDOVER_NAME_BYTES]; /* who announced it; empty: nobody yet */
	int64_t departed_utc_ns; /* as announced */
	char lane[VISIT_LANE_BYTES]; /* empty: another gateway of this checkpoint saw it */
	char passage[PASSAGE_ID_BYTES];
	int64_t arrived_utc_ns;
	enum clock_state clock;
	int64_t kept_from_utc_ns; /* INT64_MIN: from when a clock tells the time */
	bool left;
	bool taken_back; /* the announcement is no longer retained */
	bool complete; /* all readers answered */
	struct leg_seal seals[HANDOVER_SEALS];
	size_t seal_count;
};

struct visits {
	int64_t keep_ns;
	struct visit *items; /* room for VISITS_MAX */
	size_t count;

	/* What the teller is given to remember; lives until the next call. */
	char key[MEMORY_KEY_BYTES], text[MEMO_BYTES];
};

int visits_init(struct visits *visits, int64_t keep_ns); /* -ENOMEM */
void visits_fini(struct visits *visits);
void visits_recall(struct visits *visits, const char *key, const char *text);

/* NULL: not lately. Valid until one is added or forgotten. */
struct visit *visits_find(struct visits *visits, const char *ucr);
/* A blank one in the place of any of before; with ucr only. visits_keep() when it is filled. */
struct visit *visits_add(struct visits *visits, struct teller *teller, const char *ucr);
/* Its memory; alone, or with the next thing the teller puts. */
void visits_keep(struct visits *visits, const struct visit *visit, struct teller *teller);
void visits_remember(struct visits *visits, const struct visit *visit, struct teller *teller);

/* This announcement is of that arrival, not of one that is still to come. */
bool visit_is_of(const struct visit *visit, const struct handover *handover);

int64_t visits_due(const struct visits *visits, const struct teller *teller);
void visits_tick(struct visits *visits, struct teller *teller);

#endif
