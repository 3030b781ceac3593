#include "transit/legs/departure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transit/event/memo.h"
#include "transit/event/teller.h"
#include "transit/legs/leg.h"

#define TEXT_VERSION 4 /* 1: handover.h */
#define KEY	     "sent/"

int departures_init(struct departures *departures, int64_t keep_ns)
{
	*departures = (struct departures){.keep_ns = keep_ns};
	return drawer_init(&departures->drawer, DEPARTURES_MAX);
}

void departures_fini(struct departures *departures)
{
	drawer_fini(&departures->drawer);
}

/* false: it cannot be read. */
static bool read_departure(const char *text, struct departure *ret_departure)
{
	struct memo_reader reader;
	int64_t version;

	memo_read(&reader, text);
	version = memo_take(&reader, 1, TEXT_VERSION);
	ret_departure->withdrawn = memo_take(&reader, 0, 1);
	ret_departure->ordered = version > 2 && memo_take(&reader, 0, 1);
	handover_recall(&ret_departure->handover, version, &reader);
	return memo_end(&reader);
}

/* When it expires or is forgotten, UTC. INT64_MIN: as soon as the clock is set. */
static int64_t due_utc(const struct departure *departure)
{
	int64_t expires_utc_ns = departure->handover.expires_utc_ns;

	return departure->withdrawn ? expires_utc_ns + DEPARTURE_LINGER_NS : expires_utc_ns;
}

/* What is withdrawn gives way first, then what left first. */
static struct drawer_note note_of(const struct departure *departure)
{
	return (struct drawer_note){
		.due_ns = due_utc(departure),
		.rank = departure->withdrawn ? INT64_MIN : departure->handover.departed_utc_ns,
	};
}

/* ---- putting ------------------------------------------------------------------------- */

static void remember(const struct departure *departure, char text[MEMO_BYTES])
{
	struct memo memo;

	memo_start(&memo, text, MEMO_BYTES);
	memo_int(&memo, TEXT_VERSION);
	memo_int(&memo, departure->withdrawn);
	memo_int(&memo, departure->ordered);
	handover_remember(&departure->handover, &memo);
}

/* The announcement as it is now, or withdrawn; with the event, if there is one. */
static void put(struct departures *departures, struct teller *teller,
		const struct departure *departure, const struct event_type *type)
{
	char key[HANDOVER_KEY_BYTES], memory_key[MEMORY_KEY_BYTES], text[MEMO_BYTES];
	char id[HANDOVER_ID_BYTES];
	const struct drawer_note note = note_of(departure);
	struct event_memory memory = {.key = memory_key, .text = text};
	struct event_draft draft = {
		.type = type,
		.body = type ? teller->body.out : NULL,
		.body_bytes = type ? teller->body.bytes : 0,
		.state_over = departure->withdrawn,
		.memories = &memory,
		.memory_count = 1,
	};
	struct jw state;

	handover_id(&departure->handover, id);
	snprintf(memory_key, sizeof(memory_key), KEY "%s", id);
	remember(departure, text);
	(void)drawer_put(&departures->drawer, id, text, &note);
	if (handover_key(departure->handover.to, id, key))
		draft.state_key = key;
	if (!departure->withdrawn) {
		jw_start(&state, teller->state_text, sizeof(teller->state_text));
		handover_members(&departure->handover, &state);
		draft.state = state.out;
		draft.state_bytes = jw_ok(&state) ? state.bytes : 0;
	}
	teller->sink.put(teller->sink.data, &draft);
}

/* Withdraws the announcement, if that was not done, and forgets it. */
static void drop(struct departures *departures, struct teller *teller, size_t at,
		 const struct departure *departure)
{
	char key[HANDOVER_KEY_BYTES], memory_key[MEMORY_KEY_BYTES], id[HANDOVER_ID_BYTES];
	struct event_memory memory = {.key = memory_key};
	struct event_draft draft = {.state_over = true, .memories = &memory, .memory_count = 1};

	handover_id(&departure->handover, id);
	snprintf(memory_key, sizeof(memory_key), KEY "%s", id);
	if (!departure->withdrawn && handover_key(departure->handover.to, id, key))
		draft.state_key = key;
	teller->sink.put(teller->sink.data, &draft);
	drawer_drop(&departures->drawer, at);
}

/* ---- leaving ------------------------------------------------------------------------- */

static void tell(struct departures *departures, struct teller *teller,
		 const struct stay_place *place, const struct departure *departure,
		 const char *evicted_ucr)
{
	struct jw *json =
		stay_tell_start(teller, place, departure->handover.ucr, place->at_mono_ns);

	leg_tell(&departure->handover, NULL, json);
	jw_open(json, "announced");
	handover_tell_seals(&departure->handover, json);
	jw_close(json);
	if (evicted_ucr[0])
		jw_text(json, "gave_way", evicted_ucr);
	put(departures, teller, departure, event_type(EVENT_LEG_DEPARTED));
}

/* Times of one departure differ by when the two clocks were read. */
static bool is_same_departure(const struct handover *one, const struct handover *other)
{
	int64_t apart_ns = one->departed_utc_ns - other->departed_utc_ns;

	return strcmp(one->to, other->to) == 0 && apart_ns > -NS_PER_S && apart_ns < NS_PER_S;
}

/* Makes room. ret_ucr: what is not announced any more, or empty. */
static void evict(struct departures *departures, struct teller *teller,
		  char ret_ucr[IDENTIFIER_BYTES])
{
	size_t at = drawer_lowest(&departures->drawer);
	struct departure departure;

	if (!read_departure(drawer_value(&departures->drawer, at), &departure)) {
		drawer_drop(&departures->drawer, at);
		return;
	}
	if (!departure.withdrawn)
		snprintf(ret_ucr, IDENTIFIER_BYTES, "%s", departure.handover.ucr);
	drop(departures, teller, at, &departure);
}

void departures_add(struct departures *departures, struct teller *teller,
		    const struct stay_place *place, const struct departure *departure)
{
	const struct handover *handover = &departure->handover;
	struct departure before;
	char evicted_ucr[IDENTIFIER_BYTES] = "", id[HANDOVER_ID_BYTES];
	size_t at;

	handover_id(handover, id);
	at = drawer_find(&departures->drawer, id);
	if (at != DRAWER_NONE && read_departure(drawer_value(&departures->drawer, at), &before)) {
		if (is_same_departure(&before.handover, handover))
			return;
		drop(departures, teller, at, &before);
	} else if (drawer_is_full(&departures->drawer)) {
		evict(departures, teller, evicted_ucr);
	}
	tell(departures, teller, place, departure, evicted_ucr);
}

/* ---- going elsewhere ----------------------------------------------------------------- */

const struct departure *departures_at(struct departures *departures, size_t i)
{
	if (i >= departures->drawer.count ||
	    !read_departure(drawer_value(&departures->drawer, i), &departures->found) ||
	    departures->found.withdrawn)
		return NULL;
	return &departures->found;
}

void departures_redirect(struct departures *departures, struct teller *teller, const char *id,
			 const struct itinerary_stop *next, int64_t expires_utc_ns, bool ordered)
{
	size_t at = drawer_find(&departures->drawer, id);
	struct departure departure;
	struct handover *handover = &departure.handover;
	struct jw *json;

	if (at == DRAWER_NONE || !read_departure(drawer_value(&departures->drawer, at), &departure))
		return;
	drop(departures, teller, at, &departure);
	json = stay_tell_start(teller, NULL, handover->ucr, teller->now.mono_ns);
	jw_text(json, "instead_of", handover->to);
	snprintf(handover->to, sizeof(handover->to), "%s", next->checkpoint);
	handover->expected_from_utc_ns = next->from_utc_ns;
	handover->expected_until_utc_ns = next->until_utc_ns;
	handover->expires_utc_ns = expires_utc_ns;
	departure.ordered = ordered;
	leg_tell(handover, NULL, json);
	put(departures, teller, &departure, event_type(EVENT_LEG_REDIRECTED));
}

void departures_move(struct departures *departures, struct teller *teller, size_t i,
		     const struct move_list *moved)
{
	struct departure departure;

	if (!read_departure(drawer_value(&departures->drawer, i), &departure) ||
	    departure.withdrawn)
		return;
	departure.handover.moved = *moved;
	handover_fit(&departure.handover);
	put(departures, teller, &departure, NULL);
}

/* ---- time ---------------------------------------------------------------------------- */

int64_t departures_due(const struct departures *departures, const struct teller *teller)
{
	return departures->drawer.count > 0
		       ? handover_due(drawer_due(&departures->drawer), &teller->now)
		       : INT64_MAX;
}

static void expire(struct departures *departures, struct teller *teller, size_t at)
{
	struct departure departure;
	struct handover *handover = &departure.handover;

	if (!read_departure(drawer_value(&departures->drawer, at), &departure)) {
		drawer_drop(&departures->drawer, at);
	} else if (handover->expires_utc_ns == INT64_MIN) {
		handover->expires_utc_ns = teller->now.utc_ns + departures->keep_ns;
		put(departures, teller, &departure, NULL);
	} else if (departure.withdrawn) {
		drop(departures, teller, at, &departure);
	} else {
		departure.withdrawn = true;
		handover->seal_count = 0;
		put(departures, teller, &departure, NULL);
	}
}

void departures_tick(struct departures *departures, struct teller *teller)
{
	if (teller->now.clock == CLOCK_UNSYNCED)
		return;
	for (size_t i = departures->drawer.count; i-- > 0;)
		if (drawer_note(&departures->drawer, i).due_ns <= teller->now.utc_ns)
			expire(departures, teller, i);
}

/* ---- over a restart ------------------------------------------------------------------ */

void departures_recall(struct departures *departures, const char *key, const char *text)
{
	struct departure departure;
	struct drawer_note note;
	char id[HANDOVER_ID_BYTES];

	if (strncmp(key, KEY, strlen(KEY)) != 0 || !read_departure(text, &departure))
		return;
	handover_id(&departure.handover, id);
	note = note_of(&departure);
	if (drawer_find(&departures->drawer, id) == DRAWER_NONE)
		(void)drawer_put(&departures->drawer, id, text, &note);
}

void departures_start(struct departures *departures, struct teller *teller)
{
	struct departure departure;

	for (size_t i = 0; i < departures->drawer.count; i++)
		if (read_departure(drawer_value(&departures->drawer, i), &departure))
			put(departures, teller, &departure, NULL);
}
