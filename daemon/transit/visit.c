#include "visit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memo.h"
#include "sensor.h"

#define TEXT_VERSION 1
#define KEY	     "visit/"

int visits_init(struct visits *visits, int64_t keep_ns)
{
	*visits = (struct visits){.keep_ns = keep_ns};
	visits->items = calloc(VISITS_MAX, sizeof(visits->items[0]));
	return visits->items ? 0 : -ENOMEM;
}

void visits_fini(struct visits *visits)
{
	free(visits->items);
}

struct visit *visits_find(struct visits *visits, const char *ucr)
{
	size_t i;

	for (i = 0; i < visits->count; i++)
		if (strcmp(visits->items[i].ucr, ucr) == 0)
			return &visits->items[i];
	return NULL;
}

/* ---- memories ------------------------------------------------------------------------ */

static void forget(struct visits *visits, struct teller *teller, struct visit *visit)
{
	char key[MEMORY_KEY_BYTES];
	struct event_memory memory = {.key = key};
	struct event_draft draft = {.memories = &memory, .memory_count = 1};

	snprintf(key, sizeof(key), KEY "%s", visit->ucr);
	teller->sink.put(teller->sink.data, &draft);
	*visit = visits->items[--visits->count];
}

static bool write_visit(const struct visit *visit, size_t seals, char text[MEMO_BYTES])
{
	struct memo memo;

	memo_start(&memo, text, MEMO_BYTES);
	memo_int(&memo, TEXT_VERSION);
	memo_text(&memo, visit->ucr);
	memo_text(&memo, visit->from);
	memo_int(&memo, visit->departed_utc_ns);
	memo_text(&memo, visit->lane);
	memo_text(&memo, visit->passage);
	memo_int(&memo, visit->arrived_utc_ns);
	memo_int(&memo, (int64_t)visit->clock);
	memo_int(&memo, visit->left);
	memo_int(&memo, visit->taken_back);
	memo_int(&memo, visit->complete && seals == visit->seal_count);
	leg_seals_remember(visit->seals, seals, &memo);
	return memo_ok(&memo);
}

void visits_remember(struct visits *visits, const struct visit *visit, struct teller *teller)
{
	size_t seals = visit->seal_count;

	snprintf(visits->key, sizeof(visits->key), KEY "%s", visit->ucr);
	while (!write_visit(visit, seals, visits->text) && seals > 0)
		seals--;
	teller_remember(teller, visits->key, visits->text);
}

void visits_keep(struct visits *visits, const struct visit *visit, struct teller *teller)
{
	teller_flush(teller);
	visits_remember(visits, visit, teller);
	teller_flush(teller);
}

static int64_t kept_from(int64_t utc_ns, enum clock_state clock)
{
	return clock == CLOCK_UNSYNCED ? INT64_MIN : utc_ns;
}

void visits_recall(struct visits *visits, const char *key, const char *text)
{
	struct visit visit = {0};
	struct memo_reader reader;

	if (strncmp(key, KEY, strlen(KEY)) != 0 || visits->count == VISITS_MAX)
		return;
	memo_read(&reader, text);
	(void)memo_take(&reader, TEXT_VERSION, TEXT_VERSION);
	memo_take_text(&reader, visit.ucr, sizeof(visit.ucr));
	memo_take_text(&reader, visit.from, sizeof(visit.from));
	visit.departed_utc_ns = memo_take(&reader, INT64_MIN, INT64_MAX);
	memo_take_text(&reader, visit.lane, sizeof(visit.lane));
	memo_take_text(&reader, visit.passage, sizeof(visit.passage));
	visit.arrived_utc_ns = memo_take(&reader, INT64_MIN, INT64_MAX);
	visit.clock = (enum clock_state)memo_take(&reader, CLOCK_UNSYNCED, CLOCK_HOLDOVER);
	visit.left = memo_take(&reader, 0, 1);
	visit.taken_back = memo_take(&reader, 0, 1);
	visit.complete = memo_take(&reader, 0, 1);
	visit.seal_count = leg_seals_recall(visit.seals, &reader);
	visit.kept_from_utc_ns = kept_from(visit.arrived_utc_ns, visit.clock);
	if (memo_end(&reader) && visit.ucr[0] && !visits_find(visits, visit.ucr))
		visits->items[visits->count++] = visit;
}

/* ---- coming and going ---------------------------------------------------------------- */

struct visit *visits_add(struct visits *visits, struct teller *teller, const char *ucr)
{
	struct visit *visit = visits_find(visits, ucr);
	size_t i;

	if (!visit && visits->count == VISITS_MAX) {
		visit = visits->items;
		for (i = 1; i < visits->count; i++)
			if (visits->items[i].arrived_utc_ns < visit->arrived_utc_ns)
				visit = &visits->items[i];
		forget(visits, teller, visit);
		visit = NULL;
	}
	if (!visit)
		visit = &visits->items[visits->count++];
	*visit = (struct visit){
		.arrived_utc_ns = teller->now.utc_ns,
		.departed_utc_ns = INT64_MIN,
		.clock = teller->now.clock,
		.kept_from_utc_ns = kept_from(teller->now.utc_ns, teller->now.clock),
	};
	snprintf(visit->ucr, sizeof(visit->ucr), "%s", ucr);
	return visit;
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

int64_t visits_due(const struct visits *visits, const struct teller *teller)
{
	int64_t first = INT64_MAX;
	size_t i;

	for (i = 0; i < visits->count; i++)
		if (visits->items[i].kept_from_utc_ns < first)
			first = visits->items[i].kept_from_utc_ns;
	return visits->count > 0 ? handover_due(first + visits->keep_ns, &teller->now) : INT64_MAX;
}

void visits_tick(struct visits *visits, struct teller *teller)
{
	size_t i;

	if (teller->now.clock == CLOCK_UNSYNCED)
		return;
	for (i = visits->count; i-- > 0;) {
		struct visit *visit = &visits->items[i];

		if (visit->kept_from_utc_ns == INT64_MIN)
			visit->kept_from_utc_ns = teller->now.utc_ns;
		else if (visit->kept_from_utc_ns + visits->keep_ns <= teller->now.utc_ns)
			forget(visits, teller, visit);
	}
}
