#include "stay.h"

#include <stdio.h>
#include <string.h>

#include "sensor.h"

#define TEXT_VERSION 1
#define DWELL	     ROUTE_FINDINGS
#define BIT(which)   (UINT32_C(1) << (which))
#define KEY	     "stay/"

void stays_init(struct stays *stays, const char *checkpoint, struct alarm_book *book)
{
	*stays = (struct stays){.checkpoint = checkpoint, .book = book};
}

static struct stay *find(struct stays *stays, const char *ucr)
{
	size_t i;

	for (i = 0; i < STAYS_MAX; i++)
		if (strcmp(stays->places[i].ucr, ucr) == 0)
			return &stays->places[i];
	return NULL;
}

/* Its memory is to go, then its place is free. */
static bool is_over(const struct stay *stay)
{
	return stay->stops == 0;
}

static struct stay *find_free(struct stays *stays)
{
	return find(stays, "");
}

/* ---- telling ------------------------------------------------------------------------- */

static enum event_id event_of(unsigned int which)
{
	return which == DWELL ? EVENT_ROUTE_DWELL_EXCEEDED
			      : route_finding_event((enum route_finding)which);
}

static void resource_of(const char *ucr, char resource[STATE_KEY_BYTES])
{
	snprintf(resource, STATE_KEY_BYTES, "consignment/%s", ucr);
}

struct json *stay_tell_start(struct teller *teller, const struct stay_place *place, const char *ucr,
			     int64_t at_mono_ns)
{
	struct json *json = &teller->body;

	event_body_start(json, teller->body_text, sizeof(teller->body_text),
			 place && place->lane[0] ? place->lane : NULL, NULL, at_mono_ns,
			 &teller->now);
	if (place && place->passage && place->passage[0]) {
		json_open(json, "passage");
		json_text(json, "id", place->passage);
		json_close(json);
	}
	json_open(json, "consignment");
	json_text(json, "ucr", ucr);
	json_close(json);
	return json;
}

static void tell_route(struct json *json, const struct stay *stay, int64_t dwell_ns)
{
	json_open(json, "route");
	if (stay->stop > 0)
		json_int(json, "stop", stay->stop);
	else
		json_text(json, "stop", NULL);
	json_int(json, "stops", stay->stops);
	json_text(json, "came_from", stay->came_from[0] ? stay->came_from : NULL);
	if (dwell_ns >= 0)
		json_int(json, "dwell_ms", dwell_ns / NS_PER_MS);
	if (dwell_ns >= 0 && stay->dwell_ns != INT64_MAX)
		json_int(json, "dwell_limit_ms", stay->dwell_ns / NS_PER_MS);
	json_close(json);
}

/* The moment of an alarm, for the book. */
static struct instant moment(const struct teller *teller, int64_t at_mono_ns)
{
	struct instant at = teller->now;

	at.utc_ns -= at.mono_ns - at_mono_ns;
	at.mono_ns = at_mono_ns;
	return at;
}

static bool book_raise(struct stays *stays, struct stay *stay, unsigned int which,
		       const struct instant *at)
{
	char resource[STATE_KEY_BYTES];

	stay->raised |= BIT(which);
	stay->changed = stays->changed = true;
	resource_of(stay->ucr, resource);
	return alarm_book_raise(stays->book, resource, event_of(which), at);
}

static void raise_findings(struct stays *stays, struct stay *stay, struct teller *teller,
			   const struct stay_place *place, const struct route_verdict *verdict)
{
	struct instant at = moment(teller, place->at_mono_ns);
	unsigned int which;

	for (which = 0; which < ROUTE_FINDINGS; which++) {
		struct json *json;

		if (!(verdict->findings & BIT(which)) || !book_raise(stays, stay, which, &at))
			continue;
		json = stay_tell_start(teller, place, stay->ucr, place->at_mono_ns);
		json_text(json, "alarm", "raised");
		itinerary_tell(verdict, json, INT64_MIN, INT64_MAX);
		tell_end(teller, event_of(which), NULL);
	}
}

static void raise_dwell(struct stays *stays, struct stay *stay, struct teller *teller)
{
	int64_t due_mono_ns = stay->arrived_mono_ns + stay->dwell_ns;
	int64_t at_mono_ns =
		due_mono_ns > stays->started_mono_ns ? due_mono_ns : stays->started_mono_ns;
	struct instant at = moment(teller, at_mono_ns);
	struct json *json;

	if (!book_raise(stays, stay, DWELL, &at))
		return;
	json = stay_tell_start(teller, NULL, stay->ucr, at_mono_ns);
	json_text(json, "alarm", "raised");
	tell_route(json, stay, at_mono_ns - stay->arrived_mono_ns);
	tell_end(teller, EVENT_ROUTE_DWELL_EXCEEDED, NULL);
}

static void clear_all(struct stays *stays, struct stay *stay, struct teller *teller,
		      const struct stay_place *place)
{
	struct instant at = moment(teller, place->at_mono_ns);
	char resource[STATE_KEY_BYTES];
	unsigned int which;
	int64_t lasted_ms;

	resource_of(stay->ucr, resource);
	for (which = 0; which <= DWELL; which++) {
		struct json *json;

		if (!(stay->raised & BIT(which)) ||
		    !alarm_book_clear(stays->book, resource, event_of(which), &at, &lasted_ms))
			continue;
		json = stay_tell_start(teller, place, stay->ucr, place->at_mono_ns);
		json_text(json, "alarm", "cleared");
		json_int(json, "lasted_ms", lasted_ms);
		tell_route(json, stay, place->at_mono_ns - stay->arrived_mono_ns);
		tell_end(teller, event_of(which), NULL);
	}
}

/* ---- arriving, staying, leaving ------------------------------------------------------ */

void stays_arrive(struct stays *stays, struct teller *teller, const struct stay_place *place,
		  const struct consignment *consignment, const char *came_from)
{
	struct instant at = moment(teller, place->at_mono_ns);
	struct arrival arrival = {stays->checkpoint, came_from, at.utc_ns, at.clock};
	struct route_verdict verdict;
	struct stay *stay;

	if (!consignment->ucr[0] || consignment->stop_count == 0)
		return;
	stay = find(stays, consignment->ucr);
	if (stay && !is_over(stay))
		return;
	if (!stay)
		stay = find_free(stays);
	if (!stay) {
		stays->refused++;
		return;
	}
	verdict = itinerary_judge(consignment, &arrival);
	*stay = (struct stay){
		.stop = verdict.stop ? verdict.stop - verdict.stops + 1 : 0,
		.stops = (int64_t)verdict.stop_count,
		.dwell_ns = verdict.stop ? verdict.stop->dwell_ns : INT64_MAX,
		.arrived_mono_ns = at.mono_ns,
		.arrived_utc_ns = at.utc_ns,
		.changed = true,
	};
	stays->changed = true;
	snprintf(stay->ucr, sizeof(stay->ucr), "%s", consignment->ucr);
	snprintf(stay->came_from, sizeof(stay->came_from), "%s", came_from ? came_from : "");
	snprintf(stay->passage, sizeof(stay->passage), "%s", place->passage ? place->passage : "");
	raise_findings(stays, stay, teller, place, &verdict);
}

static void forget(struct stays *stays, struct stay *stay)
{
	stay->raised = 0;
	stay->stops = 0;
	stay->dwell_ns = INT64_MAX;
	stay->changed = stays->changed = true;
}

void stays_leave(struct stays *stays, struct teller *teller, const struct stay_place *place,
		 const char *ucr)
{
	struct stay *stay = ucr[0] ? find(stays, ucr) : NULL;

	if (!stay || is_over(stay))
		return;
	clear_all(stays, stay, teller, place);
	forget(stays, stay);
}

void stays_retract(struct stays *stays, struct teller *teller, const struct stay_place *place,
		   const char *ucr)
{
	const struct stay *stay = ucr[0] ? find(stays, ucr) : NULL;

	if (stay && strcmp(stay->passage, place->passage) == 0)
		stays_leave(stays, teller, place, ucr);
}

int64_t stays_stop(struct stays *stays, const char *ucr)
{
	const struct stay *stay = ucr[0] ? find(stays, ucr) : NULL;

	return stay && !is_over(stay) ? stay->stop : -1;
}

static int64_t deadline_of(const struct stay *stay)
{
	if (!stay->ucr[0] || is_over(stay))
		return INT64_MAX;
	if (stay->dwell_ns < STAY_LONGEST_NS && !(stay->raised & BIT(DWELL)))
		return stay->arrived_mono_ns + stay->dwell_ns;
	return stay->arrived_mono_ns + STAY_LONGEST_NS;
}

int64_t stays_deadline(const struct stays *stays)
{
	int64_t first = INT64_MAX;
	size_t i;

	for (i = 0; i < STAYS_MAX; i++) {
		int64_t deadline = deadline_of(&stays->places[i]);

		if (deadline < first)
			first = deadline;
	}
	return first;
}

void stays_tick(struct stays *stays, struct teller *teller)
{
	size_t i;

	for (i = 0; i < STAYS_MAX; i++) {
		struct stay *stay = &stays->places[i];

		if (teller->now.mono_ns < deadline_of(stay))
			continue;
		if (teller->now.mono_ns >= stay->arrived_mono_ns + STAY_LONGEST_NS)
			forget(stays, stay);
		else
			raise_dwell(stays, stay, teller);
	}
}

/* ---- memories ------------------------------------------------------------------------ */

static void keep_stay(const struct stay *stay, const char *key, const struct keeper *keeper)
{
	char text[MEMO_BYTES];
	struct memo memo;

	memo_start(&memo, text, sizeof(text));
	memo_int(&memo, TEXT_VERSION);
	memo_text(&memo, stay->ucr);
	memo_text(&memo, stay->came_from);
	memo_int(&memo, stay->stop);
	memo_int(&memo, stay->stops);
	memo_int(&memo, stay->dwell_ns);
	memo_int(&memo, stay->arrived_utc_ns);
	memo_int(&memo, stay->raised);
	memo_text(&memo, stay->passage);
	keeper->keep(keeper->data, key, text);
}

void stays_keep(struct stays *stays, const struct keeper *keeper)
{
	char key[MEMO_KEY_BYTES];
	size_t i;

	stays->changed = false;
	for (i = 0; i < STAYS_MAX; i++) {
		struct stay *stay = &stays->places[i];

		if (!stay->changed)
			continue;
		stay->changed = false;
		snprintf(key, sizeof(key), KEY "%s", stay->ucr);
		if (!is_over(stay)) {
			keep_stay(stay, key, keeper);
			continue;
		}
		keeper->keep(keeper->data, key, NULL);
		*stay = (struct stay){0};
	}
}

void stays_recall(struct stays *stays, const char *key, const char *text)
{
	struct stay *place = find_free(stays);
	struct stay stay = {0};
	struct memo_reader reader;

	if (!place || strncmp(key, KEY, strlen(KEY)) != 0)
		return;
	memo_read(&reader, text);
	(void)memo_take(&reader, TEXT_VERSION, TEXT_VERSION);
	memo_take_text(&reader, stay.ucr, sizeof(stay.ucr));
	memo_take_text(&reader, stay.came_from, sizeof(stay.came_from));
	stay.stop = memo_take(&reader, 0, CONSIGNMENT_STOPS);
	stay.stops = memo_take(&reader, 1, CONSIGNMENT_STOPS);
	stay.dwell_ns = memo_take(&reader, 0, INT64_MAX);
	stay.arrived_utc_ns = memo_take(&reader, INT64_MIN, INT64_MAX);
	stay.raised = (uint32_t)memo_take(&reader, 0, BIT(DWELL + 1) - 1);
	memo_take_text(&reader, stay.passage, sizeof(stay.passage));
	if (memo_end(&reader) && stay.ucr[0])
		*place = stay;
}

/* By the labels, never from the future nor longer ago than a stay lasts. */
void stays_start(struct stays *stays, const struct instant *now)
{
	size_t i;

	stays->started_mono_ns = now->mono_ns;
	for (i = 0; i < STAYS_MAX; i++) {
		struct stay *stay = &stays->places[i];
		int64_t ago_ns = now->utc_ns - stay->arrived_utc_ns;

		if (ago_ns < 0 || now->clock == CLOCK_UNSYNCED)
			ago_ns = 0;
		if (ago_ns > STAY_LONGEST_NS)
			ago_ns = STAY_LONGEST_NS;
		stay->arrived_mono_ns = now->mono_ns - ago_ns;
	}
}
