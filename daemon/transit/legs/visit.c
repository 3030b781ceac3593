#include "transit/legs/visit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transit/event/memo.h"
#include "transit/event/teller.h"

#define TEXT_VERSION \
	4 /* 1: handover.h, and without unread seals; 3: without where it goes instead, nothing is owed */
#define SEALS_VERSION 3
#define KEY	      "visit/"
#define OWED	      1u /* a flag in the drawer */

int visits_init(struct visits *visits, int64_t keep_ns, int64_t owed_ns)
{
	*visits = (struct visits){
		.keep_ns = keep_ns, .owed_ns = owed_ns, .all_heard_mono_ns = INT64_MAX};
	return drawer_init(&visits->drawer, VISITS_MAX);
}

void visits_fini(struct visits *visits)
{
	drawer_fini(&visits->drawer);
}

static bool read_visit(const char *text, struct visit *ret_visit)
{
	struct memo_reader reader;
	int64_t version;

	*ret_visit = (struct visit){0};
	memo_read(&reader, text);
	version = memo_take(&reader, 1, TEXT_VERSION);
	memo_take_text(&reader, ret_visit->id, sizeof(ret_visit->id));
	memo_take_text(&reader, ret_visit->from, sizeof(ret_visit->from));
	ret_visit->departed_utc_ns = memo_take(&reader, INT64_MIN, INT64_MAX);
	memo_take_text(&reader, ret_visit->lane, sizeof(ret_visit->lane));
	memo_take_text(&reader, ret_visit->passage, sizeof(ret_visit->passage));
	ret_visit->arrived_utc_ns = memo_take(&reader, INT64_MIN, INT64_MAX);
	ret_visit->clock = (enum clock_state)memo_take(&reader, CLOCK_UNSYNCED, CLOCK_HOLDOVER);
	ret_visit->left = memo_take(&reader, 0, 1);
	ret_visit->withdrawn = memo_take(&reader, 0, 1);
	ret_visit->whole = version > 2 && memo_take(&reader, 0, 1);
	ret_visit->complete = memo_take(&reader, 0, 1);
	if (version > 1)
		ret_visit->unread = (size_t)memo_take(&reader, 0, HANDOVER_SEALS);
	if (version > 3) {
		memo_take_text(&reader, ret_visit->instead, sizeof(ret_visit->instead));
		memo_take_text(&reader, ret_visit->owed_by, sizeof(ret_visit->owed_by));
	}
	ret_visit->seal_count = leg_seals_recall(
		ret_visit->seals, version < SEALS_VERSION ? version : SEALS_VERSION, &reader);
	if (ret_visit->unread > ret_visit->seal_count)
		reader.bad = true;
	ret_visit->seal_count -= ret_visit->unread;
	return memo_end(&reader) && ret_visit->id[0];
}

struct visit *visits_at(struct visits *visits, size_t i)
{
	if (i >= visits->drawer.count ||
	    !read_visit(drawer_value(&visits->drawer, i), &visits->found))
		return NULL;
	return &visits->found;
}

struct visit *visits_find(struct visits *visits, const char *id)
{
	return visits_at(visits, drawer_find(&visits->drawer, id));
}

/* ---- memories ------------------------------------------------------------------------ */

/* INT64_MIN: it is kept from when the clock is set. */
static struct drawer_note note_of(const struct visits *visits, const struct visit *visit)
{
	const bool owed = visit->owed_by[0];

	return (struct drawer_note){
		.due_ns = visit->clock == CLOCK_UNSYNCED
				  ? INT64_MIN
				  : visit->arrived_utc_ns +
					    (owed ? visits->owed_ns : visits->keep_ns),
		.rank = visit->arrived_utc_ns / DRAWER_RANK_NS,
		.flags = owed ? OWED : 0,
	};
}

static void forget(struct visits *visits, struct teller *teller, size_t at)
{
	char key[MEMORY_KEY_BYTES];

	snprintf(key, sizeof(key), KEY "%s", drawer_key(&visits->drawer, at));
	teller_put_memory(teller, key, NULL);
	drawer_drop(&visits->drawer, at);
}

static bool write_visit(const struct visit *visit, size_t seals, char text[MEMO_BYTES])
{
	struct memo memo;

	memo_start(&memo, text, MEMO_BYTES);
	memo_int(&memo, TEXT_VERSION);
	memo_text(&memo, visit->id);
	memo_text(&memo, visit->from);
	memo_int(&memo, visit->departed_utc_ns);
	memo_text(&memo, visit->lane);
	memo_text(&memo, visit->passage);
	memo_int(&memo, visit->arrived_utc_ns);
	memo_int(&memo, (int64_t)visit->clock);
	memo_int(&memo, visit->left);
	memo_int(&memo, visit->withdrawn);
	memo_int(&memo, visit->whole);
	memo_int(&memo, visit->complete && seals == visit->seal_count + visit->unread);
	memo_int(&memo, (int64_t)(seals > visit->seal_count ? seals - visit->seal_count : 0));
	memo_text(&memo, visit->instead);
	memo_text(&memo, visit->owed_by);
	leg_seals_remember(visit->seals, seals, &memo);
	return memo_ok(&memo);
}

void visits_remember(struct visits *visits, const struct visit *visit, struct teller *teller)
{
	struct drawer_note note = note_of(visits, visit);
	size_t at = drawer_find(&visits->drawer, visit->id);
	size_t seals = visit->seal_count + visit->unread;

	snprintf(visits->key, sizeof(visits->key), KEY "%s", visit->id);
	while (!write_visit(visit, seals, visits->text) && seals > 0)
		seals--;
	if (at != DRAWER_NONE && visit->clock == CLOCK_UNSYNCED)
		note.due_ns = drawer_note(&visits->drawer, at).due_ns;
	(void)drawer_put(&visits->drawer, visit->id, visits->text, &note);
	teller_remember(teller, visits->key, visits->text);
}

void visits_keep(struct visits *visits, const struct visit *visit, struct teller *teller)
{
	teller_flush(teller);
	visits_remember(visits, visit, teller);
	teller_flush(teller);
}

void visits_recall(struct visits *visits, const char *key, const char *text)
{
	struct drawer_note note;
	struct visit visit;

	if (strncmp(key, KEY, strlen(KEY)) != 0 || !read_visit(text, &visit))
		return;
	note = note_of(visits, &visit);
	if (drawer_find(&visits->drawer, visit.id) == DRAWER_NONE)
		(void)drawer_put(&visits->drawer, visit.id, text, &note);
}

/* ---- coming and going ---------------------------------------------------------------- */

static void give_way(struct visits *visits, struct teller *teller)
{
	size_t at = drawer_lowest(&visits->drawer);

	tell_gave_way(teller, "arrival", drawer_key(&visits->drawer, at), VISITS_MAX);
	forget(visits, teller, at);
}

struct visit *visits_add(struct visits *visits, struct teller *teller, const char *id)
{
	struct visit *visit = &visits->found;
	size_t at = drawer_find(&visits->drawer, id);

	if (at != DRAWER_NONE)
		drawer_drop(&visits->drawer, at);
	else if (drawer_is_full(&visits->drawer))
		give_way(visits, teller);
	*visit = (struct visit){
		.arrived_utc_ns = teller->now.utc_ns,
		.departed_utc_ns = INT64_MIN,
		.clock = teller->now.clock,
	};
	snprintf(visit->id, sizeof(visit->id), "%s", id);
	return visit;
}

void visits_forget(struct visits *visits, struct teller *teller, const char *id)
{
	size_t at = drawer_find(&visits->drawer, id);

	if (at != DRAWER_NONE)
		forget(visits, teller, at);
}

bool visit_went_elsewhere(const struct visit *visit)
{
	return visit->instead[0] && !visit->lane[0];
}

bool visit_is_of(const struct visit *visit, const struct handover *handover)
{
	if (visit->from[0] && strcmp(visit->from, handover->from) == 0 &&
	    visit->departed_utc_ns == handover->departed_utc_ns)
		return true;
	if (handover->departed_clock == CLOCK_UNSYNCED || visit->clock == CLOCK_UNSYNCED)
		return !visit->from[0] && !visit->left;
	return handover->departed_utc_ns <=
	       (visit->lane[0] ? visit->arrived_utc_ns : visit->departed_utc_ns);
}

struct visit *visits_owed(struct visits *visits, const struct teller *teller)
{
	struct drawer *drawer = &visits->drawer;

	if (teller->now.clock == CLOCK_UNSYNCED || teller->now.mono_ns < visits->all_heard_mono_ns)
		return NULL;
	for (size_t i = 0; i < drawer->count; i++) {
		if (!(drawer->flags[i] & OWED) ||
		    drawer_note(drawer, i).due_ns > teller->now.utc_ns)
			continue;
		drawer->flags[i] &= (uint8_t)~OWED; /* once, whatever becomes of it */
		return visits_at(visits, i);
	}
	return NULL;
}

void visits_will_hear(struct visits *visits, int64_t all_heard_mono_ns)
{
	visits->all_heard_mono_ns = all_heard_mono_ns;
}

/* What is owed is not missed before all that is retained was heard. */
int64_t visits_due(const struct visits *visits, const struct teller *teller)
{
	int64_t owed = INT64_MAX, others = INT64_MAX;

	for (size_t i = 0; i < visits->drawer.count; i++) {
		int64_t *first = visits->drawer.flags[i] & OWED ? &owed : &others;

		*first = earlier_ns(*first, drawer_note(&visits->drawer, i).due_ns);
	}
	if (owed != INT64_MAX)
		owed = handover_due(owed, &teller->now);
	if (owed != INT64_MAX && owed < visits->all_heard_mono_ns)
		owed = visits->all_heard_mono_ns;
	return earlier_ns(owed, others == INT64_MAX ? others : handover_due(others, &teller->now));
}

void visits_tick(struct visits *visits, struct teller *teller)
{
	if (teller->now.clock == CLOCK_UNSYNCED)
		return;
	for (size_t i = visits->drawer.count; i-- > 0;) {
		const int64_t due_utc_ns = drawer_note(&visits->drawer, i).due_ns;

		if (visits->drawer.flags[i] & OWED)
			continue;
		if (due_utc_ns == INT64_MIN)
			drawer_set_due(&visits->drawer, i, teller->now.utc_ns + visits->keep_ns);
		else if (due_utc_ns <= teller->now.utc_ns)
			forget(visits, teller, i);
	}
}
