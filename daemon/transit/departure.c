#include "departure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "leg.h"
#include "memo.h"
#include "sensor.h"

#define TEXT_VERSION 1
#define KEY	     "sent/"

int departures_init(struct departures *departures, int64_t keep_ns)
{
	*departures = (struct departures){.keep_ns = keep_ns};
	departures->items = calloc(DEPARTURES_MAX, sizeof(departures->items[0]));
	return departures->items ? 0 : -ENOMEM;
}

void departures_fini(struct departures *departures)
{
	free(departures->items);
}

static struct departure *find(struct departures *departures, const char *ucr)
{
	size_t i;

	for (i = 0; i < departures->count; i++)
		if (strcmp(departures->items[i].handover.ucr, ucr) == 0)
			return &departures->items[i];
	return NULL;
}

/* ---- putting ------------------------------------------------------------------------- */

static void remember(const struct departure *departure, char text[MEMO_BYTES])
{
	struct memo memo;

	memo_start(&memo, text, MEMO_BYTES);
	memo_int(&memo, TEXT_VERSION);
	memo_int(&memo, departure->over);
	handover_remember(&departure->handover, &memo);
}

/* The announcement as it is now, or that it is over; with the event, if there is one. */
static void put(struct teller *teller, const struct departure *departure,
		const struct event_type *type)
{
	char key[HANDOVER_KEY_BYTES], memory_key[MEMORY_KEY_BYTES], text[MEMO_BYTES];
	struct event_memory memory = {.key = memory_key, .text = text};
	struct event_draft draft = {
		.type = type,
		.body = type ? teller->body.out : NULL,
		.body_bytes = type ? teller->body.bytes : 0,
		.state_over = departure->over,
		.memories = &memory,
		.memory_count = 1,
	};
	struct json state;

	snprintf(memory_key, sizeof(memory_key), KEY "%s", departure->handover.ucr);
	remember(departure, text);
	if (handover_key(departure->handover.to, departure->handover.ucr, key))
		draft.state_key = key;
	if (!departure->over) {
		json_start(&state, teller->state_text, sizeof(teller->state_text));
		handover_members(&departure->handover, &state);
		draft.state = state.out;
		draft.state_bytes = json_ok(&state) ? state.bytes : 0;
	}
	teller->sink.put(teller->sink.data, &draft);
}

/* Nothing stays of it; the state only, when the memory is another's already. */
static void drop(struct departures *departures, struct teller *teller, struct departure *departure)
{
	char key[HANDOVER_KEY_BYTES], memory_key[MEMORY_KEY_BYTES];
	struct event_memory memory = {.key = memory_key};
	struct event_draft draft = {.state_over = true, .memories = &memory, .memory_count = 1};

	snprintf(memory_key, sizeof(memory_key), KEY "%s", departure->handover.ucr);
	if (!departure->over && handover_key(departure->handover.to, departure->handover.ucr, key))
		draft.state_key = key;
	teller->sink.put(teller->sink.data, &draft);
	*departure = departures->items[--departures->count];
}

static struct departure *find_first(struct departures *departures)
{
	struct departure *first = departures->items;
	size_t i;

	for (i = 1; i < departures->count; i++) {
		struct departure *departure = &departures->items[i];

		if (departure->over != first->over
			    ? departure->over
			    : departure->handover.departed_utc_ns < first->handover.departed_utc_ns)
			first = departure;
	}
	return first;
}

/* ---- leaving ------------------------------------------------------------------------- */

static void tell(struct departures *departures, struct teller *teller,
		 const struct stay_place *place, const struct departure *departure,
		 const char *gave_way)
{
	struct json *json =
		stay_tell_start(teller, place, departure->handover.ucr, place->at_mono_ns);

	(void)departures;
	leg_tell(&departure->handover, NULL, json);
	json_open(json, "announced");
	handover_tell_seals(&departure->handover, json);
	json_close(json);
	if (gave_way[0])
		json_text(json, "gave_way", gave_way);
	put(teller, departure, event_type(EVENT_LEG_DEPARTED));
}

/* Of the same departure, whose time was told by two looks at the clocks. */
static bool is_again(const struct handover *one, const struct handover *other)
{
	int64_t apart_ns = one->departed_utc_ns - other->departed_utc_ns;

	return strcmp(one->to, other->to) == 0 && apart_ns > -NS_PER_S && apart_ns < NS_PER_S;
}

void departures_add(struct departures *departures, struct teller *teller,
		    const struct stay_place *place, const struct handover *handover)
{
	struct departure *departure = find(departures, handover->ucr);
	char gave_way[IDENTIFIER_BYTES] = "";

	if (departure && is_again(&departure->handover, handover))
		return;
	if (departure) {
		drop(departures, teller, departure);
	} else if (departures->count == DEPARTURES_MAX) {
		departure = find_first(departures);
		if (!departure->over)
			snprintf(gave_way, sizeof(gave_way), "%s", departure->handover.ucr);
		drop(departures, teller, departure);
	}
	departure = &departures->items[departures->count++];
	*departure = (struct departure){.handover = *handover};
	tell(departures, teller, place, departure, gave_way);
}

/* ---- time ---------------------------------------------------------------------------- */

/* When something is to be done about it, UTC. INT64_MIN: as soon as a clock tells. */
static int64_t due_utc(const struct departure *departure)
{
	int64_t expires_utc_ns = departure->handover.expires_utc_ns;

	return departure->over ? expires_utc_ns + DEPARTURE_LINGER_NS : expires_utc_ns;
}

int64_t departures_due(const struct departures *departures, const struct teller *teller)
{
	int64_t first = INT64_MAX;
	size_t i;

	for (i = 0; i < departures->count; i++) {
		int64_t due_mono_ns = handover_due(due_utc(&departures->items[i]), &teller->now);

		if (due_mono_ns < first)
			first = due_mono_ns;
	}
	return first;
}

static void expire(struct departures *departures, struct teller *teller,
		   struct departure *departure)
{
	struct handover *handover = &departure->handover;

	if (handover->expires_utc_ns == INT64_MIN) {
		handover->expires_utc_ns = teller->now.utc_ns + departures->keep_ns;
		put(teller, departure, NULL);
	} else if (departure->over) {
		drop(departures, teller, departure);
	} else {
		departure->over = true;
		handover->seal_count = 0;
		put(teller, departure, NULL);
	}
}

void departures_tick(struct departures *departures, struct teller *teller)
{
	size_t i;

	if (teller->now.clock == CLOCK_UNSYNCED)
		return;
	for (i = departures->count; i-- > 0;)
		if (due_utc(&departures->items[i]) <= teller->now.utc_ns)
			expire(departures, teller, &departures->items[i]);
}

/* ---- over a restart ------------------------------------------------------------------ */

void departures_recall(struct departures *departures, const char *key, const char *text)
{
	struct departure departure;
	struct memo_reader reader;

	if (strncmp(key, KEY, strlen(KEY)) != 0 || departures->count == DEPARTURES_MAX)
		return;
	memo_read(&reader, text);
	(void)memo_take(&reader, TEXT_VERSION, TEXT_VERSION);
	departure.over = memo_take(&reader, 0, 1);
	handover_recall(&departure.handover, &reader);
	if (memo_end(&reader) && !find(departures, departure.handover.ucr))
		departures->items[departures->count++] = departure;
}

void departures_start(struct departures *departures, struct teller *teller)
{
	size_t i;

	for (i = 0; i < departures->count; i++)
		put(teller, &departures->items[i], NULL);
}
