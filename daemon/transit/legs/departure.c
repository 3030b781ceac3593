#include "transit/legs/departure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transit/event/memo.h"
#include "transit/event/teller.h"
#include "transit/legs/leg.h"

#define TEXT_VERSION   4 /* 1: handover.h */
#define TEXT_ELSEWHERE 5 /* of what went elsewhere, without where */
#define TEXT_INSTEAD   6
#define KEY	       "sent/"
#define NAME_BYTES     (MEMORY_KEY_BYTES - sizeof(KEY) + 1)

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
	version = memo_take(&reader, 1, TEXT_INSTEAD);
	ret_departure->withdrawn = memo_take(&reader, 0, 1);
	ret_departure->ordered = version > 2 && memo_take(&reader, 0, 1);
	ret_departure->elsewhere = version >= TEXT_ELSEWHERE;
	ret_departure->word = ret_departure->elsewhere && memo_take(&reader, 0, 1);
	handover_recall(&ret_departure->handover, version, &reader);
	if (version >= TEXT_INSTEAD)
		memo_take_text(&reader, ret_departure->handover.instead,
			       sizeof(ret_departure->handover.instead));
	return memo_end(&reader);
}

/* When it expires or is forgotten, UTC. INT64_MIN: as soon as the clock is set. */
static int64_t due_utc(const struct departure *departure)
{
	int64_t expires_utc_ns = departure->handover.expires_utc_ns;

	return departure->withdrawn && !departure->word ? expires_utc_ns + DEPARTURE_LINGER_NS
							: expires_utc_ns;
}

/* false: it has no room. */
static bool name_elsewhere(const char *to, const char *id, char name[NAME_BYTES])
{
	return (size_t)snprintf(name, NAME_BYTES, "%s/%s", to, id) < NAME_BYTES;
}

/* In the drawer, and in a memory's key. */
static void name_of(const struct departure *departure, char name[NAME_BYTES])
{
	char id[HANDOVER_ID_BYTES];

	handover_id(&departure->handover, id);
	if (!departure->elsewhere || !name_elsewhere(departure->handover.to, id, name))
		snprintf(name, NAME_BYTES, "%s", id);
}

/* What is withdrawn gives way first, then what left first. */
static struct drawer_note note_of(const struct departure *departure)
{
	return (struct drawer_note){
		.due_ns = due_utc(departure),
		.rank = departure->withdrawn ? INT64_MIN
					     : departure->handover.departed_utc_ns / DRAWER_RANK_NS,
	};
}

/* ---- putting ------------------------------------------------------------------------- */

static void remember(const struct departure *departure, char text[MEMO_BYTES])
{
	struct memo memo;

	memo_start(&memo, text, MEMO_BYTES);
	memo_int(&memo, departure->elsewhere ? TEXT_INSTEAD : TEXT_VERSION);
	memo_int(&memo, departure->withdrawn);
	memo_int(&memo, departure->ordered);
	if (departure->elsewhere)
		memo_int(&memo, departure->word);
	handover_remember(&departure->handover, &memo);
	if (departure->elsewhere)
		memo_text(&memo, departure->handover.instead);
}

/* What is retained of it: the announcement, the word that takes it back, or nothing. */
static void write_state(struct teller *teller, const struct departure *departure,
			struct event_draft *draft)
{
	struct jw state;

	draft->state_over = departure->withdrawn;
	if (departure->word) {
		handover_take_back(&departure->handover, "redirected", teller->state_text, draft);
	} else if (!departure->withdrawn) {
		jw_start(&state, teller->state_text, sizeof(teller->state_text));
		handover_members(&departure->handover, &state);
		draft->state = state.out;
		draft->state_bytes = jw_ok(&state) ? state.bytes : 0;
	}
}

/* The announcement as it is now, or withdrawn; with the event, if there is one. */
static void put(struct departures *departures, struct teller *teller,
		const struct departure *departure, const struct event_type *type)
{
	char key[HANDOVER_KEY_BYTES], memory_key[MEMORY_KEY_BYTES], text[MEMO_BYTES];
	char id[HANDOVER_ID_BYTES], name[NAME_BYTES];
	const struct drawer_note note = note_of(departure);
	struct event_memory memory = {.key = memory_key, .text = text};
	struct event_draft draft = {
		.type = type,
		.body = type ? teller->body.out : NULL,
		.body_bytes = type ? teller->body.bytes : 0,
		.memories = &memory,
		.memory_count = 1,
	};

	handover_id(&departure->handover, id);
	name_of(departure, name);
	snprintf(memory_key, sizeof(memory_key), KEY "%s", name);
	remember(departure, text);
	(void)drawer_put(&departures->drawer, name, text, &note);
	if (handover_key(departure->handover.to, id, key))
		draft.state_key = key;
	write_state(teller, departure, &draft);
	teller->sink.put(teller->sink.data, &draft);
}

/* Forgets it, and that there is anything to withdraw. */
static void forget(struct departures *departures, struct teller *teller, size_t at)
{
	char memory_key[MEMORY_KEY_BYTES];

	snprintf(memory_key, sizeof(memory_key), KEY "%s", drawer_key(&departures->drawer, at));
	teller_put_memory(teller, memory_key, NULL);
	drawer_drop(&departures->drawer, at);
}

/* Withdraws the announcement, if that was not done, and forgets it. */
static void drop(struct departures *departures, struct teller *teller, size_t at,
		 const struct departure *departure)
{
	char key[HANDOVER_KEY_BYTES], id[HANDOVER_ID_BYTES];
	struct event_draft draft = {.state_key = key, .state_over = true};

	handover_id(&departure->handover, id);
	if ((!departure->withdrawn || departure->word) &&
	    handover_key(departure->handover.to, id, key))
		teller->sink.put(teller->sink.data, &draft);
	forget(departures, teller, at);
}

/* false: there is no room to keep what is said. */
static bool say_elsewhere(struct departures *departures, struct teller *teller,
			  const struct departure *before, const char *instead)
{
	struct departure gone = *before;
	char id[HANDOVER_ID_BYTES], name[NAME_BYTES];

	handover_id(&before->handover, id);
	if (drawer_is_full(&departures->drawer) || !name_elsewhere(before->handover.to, id, name))
		return false;
	gone.withdrawn = gone.elsewhere = gone.word = true;
	gone.handover.seal_count = 0;
	snprintf(gone.handover.instead, sizeof(gone.handover.instead), "%s", instead);
	put(departures, teller, &gone, NULL);
	return true;
}

/* It is announced elsewhere now: what is put next takes its place. */
static void take_back(struct departures *departures, struct teller *teller, size_t at,
		      const struct departure *before, const char *instead)
{
	if (before->withdrawn || !say_elsewhere(departures, teller, before, instead))
		drop(departures, teller, at, before);
}

void departures_tell_planned(struct departures *departures, struct teller *teller,
			     const struct departure *departure, const char *planned)
{
	struct departure gone = *departure;

	snprintf(gone.handover.to, sizeof(gone.handover.to), "%s", planned);
	(void)say_elsewhere(departures, teller, &gone, departure->handover.to);
}

/* It goes there after all. */
static void go_back(struct departures *departures, struct teller *teller,
		    const struct handover *handover)
{
	char id[HANDOVER_ID_BYTES], name[NAME_BYTES];
	size_t at;

	handover_id(handover, id);
	if (!name_elsewhere(handover->to, id, name))
		return;
	at = drawer_find(&departures->drawer, name);
	if (at != DRAWER_NONE)
		forget(departures, teller, at);
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
		if (strcmp(before.handover.to, handover->to) == 0)
			drop(departures, teller, at, &before);
		else
			take_back(departures, teller, at, &before, handover->to);
	} else if (drawer_is_full(&departures->drawer)) {
		evict(departures, teller, evicted_ucr);
	}
	go_back(departures, teller, handover);
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
	take_back(departures, teller, at, &departure, next->checkpoint);
	json = stay_tell_start(teller, NULL, handover->ucr, teller->now.mono_ns);
	jw_text(json, "instead_of", handover->to);
	snprintf(handover->to, sizeof(handover->to), "%s", next->checkpoint);
	handover->expected_from_utc_ns = next->from_utc_ns;
	handover->expected_until_utc_ns = next->until_utc_ns;
	handover->expires_utc_ns = expires_utc_ns;
	departure.ordered = ordered;
	go_back(departures, teller, handover);
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
	} else if (departure.withdrawn && !departure.word) {
		drop(departures, teller, at, &departure);
	} else {
		departure.withdrawn = true;
		departure.word = false;
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
	char name[NAME_BYTES];

	if (strncmp(key, KEY, strlen(KEY)) != 0 || !read_departure(text, &departure))
		return;
	name_of(&departure, name);
	note = note_of(&departure);
	if (drawer_find(&departures->drawer, name) == DRAWER_NONE)
		(void)drawer_put(&departures->drawer, name, text, &note);
}

void departures_start(struct departures *departures, struct teller *teller)
{
	struct departure departure;

	for (size_t i = 0; i < departures->drawer.count; i++)
		if (read_departure(drawer_value(&departures->drawer, i), &departure))
			put(departures, teller, &departure, NULL);
}
