#include "transit/legs/stay.h"

#include <stdio.h>
#include <string.h>

#include "transit/event/teller.h"

/* 1: no route.off-itinerary, and the passage by its id; 2: no officers; 3: by the wall clock alone */
#define TEXT_VERSION	4
#define DWELL		ROUTE_FINDINGS
#define BIT(which)	(UINT32_C(1) << (which))
#define KEY		"stay/"
#define BOOT_BYTES	64
#define IN_ANOTHER_BOOT 0
#define CHANGED		1u /* flags in the drawer: its memory is not as it is; it is over */
#define OVER		2u
#define BEFORE_ALL	(INT64_C(1) << 30) /* ranks: two years */
#define SUM_MOST	UINT32_MAX /* some thousand are told apart by it */

/* FNV-1a. */
static int64_t sum_of(const char *text)
{
	uint64_t sum = 14695981039346656037u;

	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * 1099511628211u;
	return (int64_t)(sum >> 1 & SUM_MOST);
}

/* ---- as text ------------------------------------------------------------------------- */

static void write_stay(const struct stay *stay, struct memo *memo)
{
	memo_int(memo, TEXT_VERSION);
	memo_text(memo, stay->ucr);
	memo_text(memo, stay->came_from);
	memo_int(memo, stay->stop);
	memo_int(memo, stay->stops);
	memo_int(memo, stay->dwell_ns);
	memo_int(memo, stay->arrived_utc_ns);
	memo_int(memo, stay->raised);
	memo_int(memo, stay->passage);
	memo_int(memo, (int64_t)stay->flow);
	memo_int(memo, stay->recognised);
	memo_int(memo, stay->examined);
	memo_int(memo, stay->unsure);
	memo_int(memo, stay->control_after_ns);
	memo_int(memo, stay->control_ns);
	memo_int(memo, stay->released_after_ns);
	memo_int(memo, stay->by_no_clock);
	memo_int(memo, stay->parts);
}

static void take_course(struct memo_reader *reader, struct stay *stay)
{
	stay->flow = (enum customs_flow)memo_take(reader, 0, FLOW_ANY);
	stay->recognised = memo_take(reader, 0, 1);
	stay->examined = memo_take(reader, 0, 1);
	stay->unsure = memo_take(reader, 0, 1);
	stay->control_after_ns = memo_take(reader, -1, STAY_LONGEST_NS);
	stay->control_ns = memo_take(reader, 0, INT64_MAX);
	stay->released_after_ns = memo_take(reader, -1, STAY_LONGEST_NS);
}

/* The version of the text. */
static int64_t read_stay(struct memo_reader *reader, struct stay *stay)
{
	char passage[PASSAGE_ID_BYTES];
	int64_t version = memo_take(reader, 1, TEXT_VERSION);

	*stay = (struct stay){.control_after_ns = -1, .released_after_ns = -1};
	memo_take_text(reader, stay->ucr, sizeof(stay->ucr));
	memo_take_text(reader, stay->came_from, sizeof(stay->came_from));
	stay->stop = memo_take(reader, 0, CONSIGNMENT_STOPS);
	stay->stops = memo_take(reader, 0, CONSIGNMENT_STOPS);
	stay->dwell_ns = memo_take(reader, 0, INT64_MAX);
	stay->arrived_utc_ns = memo_take(reader, INT64_MIN, INT64_MAX);
	stay->raised = (uint32_t)memo_take(reader, 0, BIT(DWELL + 1) - 1);
	if (version == 1 && stay->raised & BIT(DWELL - 1))
		stay->raised ^= BIT(DWELL - 1) | BIT(DWELL);
	if (version == 1) {
		memo_take_text(reader, passage, sizeof(passage));
		stay->passage = sum_of(passage);
	} else {
		stay->passage = memo_take(reader, 0, INT64_MAX) & SUM_MOST;
	}
	if (version > 2)
		take_course(reader, stay);
	stay->by_no_clock = version > 3 && memo_take(reader, 0, 1);
	stay->parts = version > 3 ? (uint32_t)memo_take(reader, 0, UINT32_MAX) : 0;
	return version;
}

/* ---- the drawer: their texts, with the monotonic time of the arrival behind ------------ */

int stays_init(struct stays *stays, const char *checkpoint, struct alarm_book *book)
{
	*stays = (struct stays){.checkpoint = checkpoint, .book = book};
	return drawer_init(&stays->drawer, STAYS_MAX);
}

void stays_fini(struct stays *stays)
{
	drawer_fini(&stays->drawer);
}

static int64_t deadline_of(const struct stay *stay)
{
	if (stay->over)
		return INT64_MAX;
	if (stay->dwell_ns < STAY_LONGEST_NS && !(stay->raised & BIT(DWELL)))
		return stay->arrived_mono_ns + stay->dwell_ns;
	return stay->arrived_mono_ns + STAY_LONGEST_NS;
}

/* Nothing is raised of it, and no limit is waited for. */
static bool is_idle(const struct stay *stay)
{
	return stay->raised == 0 && stay->dwell_ns == INT64_MAX;
}

/* What waits for nothing gives way first, of these the one that came first. */
static struct drawer_note note_of(const struct stay *stay)
{
	return (struct drawer_note){
		.due_ns = deadline_of(stay),
		.rank = stay->arrived_mono_ns / DRAWER_RANK_NS - (is_idle(stay) ? BEFORE_ALL : 0),
		.flags = (uint8_t)((stay->changed ? CHANGED : 0) | (stay->over ? OVER : 0)),
	};
}

static void put(struct stays *stays, const struct stay *stay)
{
	const struct drawer_note note = note_of(stay);
	char text[MEMO_BYTES];
	struct memo memo;

	memo_start(&memo, text, sizeof(text));
	write_stay(stay, &memo);
	memo_int(&memo, stay->arrived_mono_ns);
	if (memo_ok(&memo))
		(void)drawer_put(&stays->drawer, stay->ucr, text, &note);
	stays->deadline_known = false;
}

static void read_at(const struct stays *stays, size_t at, struct stay *ret_stay)
{
	const uint8_t flags = drawer_note(&stays->drawer, at).flags;
	struct memo_reader reader;

	memo_read(&reader, drawer_value(&stays->drawer, at));
	(void)read_stay(&reader, ret_stay);
	ret_stay->arrived_mono_ns = memo_take(&reader, INT64_MIN, INT64_MAX);
	ret_stay->changed = flags & CHANGED;
	ret_stay->over = flags & OVER;
}

/* NULL: it does not stand here. Valid until another is looked for. */
static struct stay *find_here(struct stays *stays, const char *ucr)
{
	size_t at = ucr[0] ? drawer_find(&stays->drawer, ucr) : DRAWER_NONE;

	if (at == DRAWER_NONE)
		return NULL;
	read_at(stays, at, &stays->found);
	return stays->found.over ? NULL : &stays->found;
}

static void change(struct stays *stays, struct stay *stay)
{
	stay->changed = stays->changed = true;
	put(stays, stay);
}

/* ---- telling ------------------------------------------------------------------------- */

static enum event_id event_of(unsigned int which)
{
	return which == DWELL ? EVENT_ROUTE_DWELL_EXCEEDED
			      : route_finding_event((enum route_finding)which);
}

struct jw *stay_tell_start(struct teller *teller, const struct stay_place *place, const char *ucr,
			   int64_t at_mono_ns)
{
	struct jw *json =
		tell_begin(teller, place && place->lane[0] ? place->lane : NULL, at_mono_ns);

	if (place && place->passage && place->passage[0]) {
		jw_open(json, "passage");
		jw_text(json, "id", place->passage);
		jw_close(json);
	}
	if (!ucr[0])
		return json;
	jw_open(json, "consignment");
	jw_text(json, "ucr", ucr);
	jw_close(json);
	return json;
}

static void tell_route(struct jw *json, const struct stay *stay, int64_t dwell_ns)
{
	jw_open(json, "route");
	if (stay->stop > 0)
		jw_int(json, "stop", stay->stop);
	else
		jw_text(json, "stop", NULL);
	jw_int(json, "stops", stay->stops);
	jw_text(json, "came_from", stay->came_from[0] ? stay->came_from : NULL);
	if (dwell_ns >= 0)
		jw_int(json, "dwell_ms", dwell_ns / NS_PER_MS);
	if (dwell_ns >= 0 && stay->dwell_ns != INT64_MAX)
		jw_int(json, "dwell_limit_ms", stay->dwell_ns / NS_PER_MS);
	jw_close(json);
}

static bool book_raise(struct stays *stays, struct stay *stay, unsigned int which,
		       const struct instant *at)
{
	char resource[ALARM_RESOURCE_BYTES];

	stay->raised |= BIT(which);
	change(stays, stay);
	alarm_book_consignment(stay->ucr, resource);
	return alarm_book_raise(stays->book, resource, event_type(event_of(which)), at);
}

static void raise_findings(struct stays *stays, struct stay *stay, struct teller *teller,
			   const struct stay_place *place, const struct route_verdict *verdict)
{
	struct instant at = teller_moment(teller, place->at_mono_ns);

	for (unsigned int which = 0; which < ROUTE_FINDINGS; which++) {
		struct jw *json;

		if (!(verdict->findings & BIT(which)) || !book_raise(stays, stay, which, &at))
			continue;
		json = stay_tell_start(teller, place, stay->ucr, place->at_mono_ns);
		tell_alarm(teller, ALARM_RAISED);
		itinerary_tell(verdict, json, INT64_MIN, INT64_MAX);
		tell_end(teller, event_of(which));
	}
}

static void raise_dwell(struct stays *stays, struct stay *stay, struct teller *teller)
{
	int64_t due_mono_ns = stay->arrived_mono_ns + stay->dwell_ns;
	int64_t at_mono_ns =
		due_mono_ns > stays->started_mono_ns ? due_mono_ns : stays->started_mono_ns;
	struct instant at = teller_moment(teller, at_mono_ns);
	struct jw *json;

	if (!book_raise(stays, stay, DWELL, &at))
		return;
	json = stay_tell_start(teller, NULL, stay->ucr, at_mono_ns);
	tell_alarm(teller, ALARM_RAISED);
	tell_route(json, stay, at_mono_ns - stay->arrived_mono_ns);
	tell_end(teller, EVENT_ROUTE_DWELL_EXCEEDED);
}

static void clear_all(struct stays *stays, struct stay *stay, struct teller *teller,
		      const struct stay_place *place)
{
	struct instant at = teller_moment(teller, place->at_mono_ns);
	char resource[ALARM_RESOURCE_BYTES];
	int64_t lasted_ms;

	alarm_book_consignment(stay->ucr, resource);
	for (unsigned int which = 0; which <= DWELL; which++) {
		struct jw *json;

		if (!(stay->raised & BIT(which)) ||
		    !alarm_book_clear(stays->book, resource, event_type(event_of(which)), &at,
				      &lasted_ms))
			continue;
		json = stay_tell_start(teller, place, stay->ucr, place->at_mono_ns);
		tell_alarm(teller, ALARM_CLEARED);
		jw_int(json, "lasted_ms", lasted_ms);
		tell_route(json, stay, place->at_mono_ns - stay->arrived_mono_ns);
		tell_end(teller, event_of(which));
	}
}

/* ---- arriving, staying, leaving ------------------------------------------------------ */

static void make_room(struct stays *stays, struct teller *teller, const struct stay_place *place)
{
	size_t at = drawer_lowest(&stays->drawer);
	char key[MEMO_KEY_BYTES];
	struct stay least;

	read_at(stays, at, &least);
	clear_all(stays, &least, teller, place);
	snprintf(key, sizeof(key), KEY "%s", least.ucr);
	teller_put_memory(teller, key, NULL);
	tell_gave_way(teller, "stay", least.ucr, STAYS_MAX);
	at = drawer_find(&stays->drawer, least.ucr);
	if (at != DRAWER_NONE)
		drawer_drop(&stays->drawer, at);
}

void stays_arrive(struct stays *stays, struct teller *teller, const struct stay_place *place,
		  const struct consignment *consignment, bool recognised)
{
	struct instant at = teller_moment(teller, place->at_mono_ns);
	struct arrival arrival = {
		.checkpoint = stays->checkpoint,
		.came_from = place->came_from,
		.utc_ns = at.utc_ns,
		.clock = at.clock,
		.sent_to = place->sent_to,
	};
	struct route_verdict verdict;
	struct stay *stay = &stays->found;

	if (!consignment->ucr[0] || find_here(stays, consignment->ucr))
		return;
	if (drawer_is_full(&stays->drawer) &&
	    drawer_find(&stays->drawer, consignment->ucr) == DRAWER_NONE)
		make_room(stays, teller, place);
	verdict = itinerary_judge(consignment, &arrival);
	*stay = (struct stay){
		.stop = verdict.stop ? verdict.stop - verdict.stops + 1 : 0,
		.stops = (int64_t)verdict.stop_count,
		.dwell_ns = verdict.stop ? verdict.stop->dwell_ns : INT64_MAX,
		.arrived_mono_ns = at.mono_ns,
		.arrived_utc_ns = at.utc_ns,
		.by_no_clock = at.clock == CLOCK_UNSYNCED,
		.passage = place->passage ? sum_of(place->passage) : 0,
		.recognised = recognised,
		.unsure = place->way_out,
		.flow = consignment->flow,
		.control_after_ns = -1,
		.released_after_ns = -1,
	};
	snprintf(stay->ucr, sizeof(stay->ucr), "%s", consignment->ucr);
	snprintf(stay->came_from, sizeof(stay->came_from), "%s",
		 place->came_from ? place->came_from : "");
	change(stays, stay);
	raise_findings(stays, stay, teller, place, &verdict);
}

static void forget(struct stays *stays, struct stay *stay)
{
	stay->raised = 0;
	stay->over = true;
	stay->dwell_ns = INT64_MAX;
	change(stays, stay);
}

void stays_leave(struct stays *stays, struct teller *teller, const struct stay_place *place,
		 const char *ucr)
{
	struct stay *stay = find_here(stays, ucr);

	if (!stay)
		return;
	clear_all(stays, stay, teller, place);
	forget(stays, stay);
}

void stays_retract(struct stays *stays, struct teller *teller, const struct stay_place *place,
		   const char *ucr)
{
	const struct stay *stay = find_here(stays, ucr);

	if (stay && stay->passage == sum_of(place->passage))
		stays_leave(stays, teller, place, ucr);
}

void stays_part_came(struct stays *stays, const char *ucr, uint32_t parts)
{
	struct stay *stay = find_here(stays, ucr);

	if (!stay || !(parts & ~stay->parts))
		return;
	stay->parts |= parts;
	change(stays, stay);
}

bool stays_part_went(struct stays *stays, const char *ucr, uint32_t parts)
{
	struct stay *stay = find_here(stays, ucr);

	if (!stay || parts == 0)
		return false;
	if (parts & stay->parts) {
		stay->parts &= ~parts;
		change(stays, stay);
	}
	return stay->parts != 0;
}

int64_t stays_stop(struct stays *stays, const char *ucr)
{
	const struct stay *stay = find_here(stays, ucr);

	return stay ? stay->stop : -1;
}

/* ---- what officers do ---------------------------------------------------------------- */

static int64_t since_arrival(const struct stay *stay, int64_t at_mono_ns)
{
	return at_mono_ns > stay->arrived_mono_ns ? at_mono_ns - stay->arrived_mono_ns : 0;
}

bool stays_begin_control(struct stays *stays, const char *ucr, int64_t at_mono_ns)
{
	struct stay *stay = find_here(stays, ucr);

	if (!stay)
		return false;
	stay->examined = true;
	if (stay->control_after_ns < 0)
		stay->control_after_ns = since_arrival(stay, at_mono_ns);
	change(stays, stay);
	return true;
}

bool stays_end_control(struct stays *stays, const char *ucr, int64_t at_mono_ns,
		       int64_t *ret_lasted_ns)
{
	struct stay *stay = find_here(stays, ucr);

	*ret_lasted_ns = -1;
	if (!stay)
		return false;
	stay->examined = true;
	if (stay->control_after_ns >= 0) {
		*ret_lasted_ns = since_arrival(stay, at_mono_ns) - stay->control_after_ns;
		stay->control_ns += *ret_lasted_ns;
	}
	stay->control_after_ns = -1;
	change(stays, stay);
	return true;
}

bool stays_release(struct stays *stays, const char *ucr, int64_t at_mono_ns, int64_t *ret_after_ns)
{
	struct stay *stay = find_here(stays, ucr);

	if (!stay)
		return false;
	stay->released_after_ns = since_arrival(stay, at_mono_ns);
	*ret_after_ns = stay->unsure ? -1 : stay->released_after_ns;
	change(stays, stay);
	return true;
}

bool stays_course(struct stays *stays, const char *ucr, int64_t at_mono_ns,
		  struct stay_course *ret_course)
{
	const struct stay *stay = find_here(stays, ucr);

	if (!stay)
		return false;
	*ret_course = (struct stay_course){
		.flow = stay->flow,
		.recognised = stay->recognised,
		.examined = stay->examined,
		.unsure = stay->unsure,
		.stay_ns = since_arrival(stay, at_mono_ns),
		.control_ns = stay->control_ns,
		.released_ns = stay->released_after_ns,
	};
	if (stay->control_after_ns >= 0) /* its end was not told: it ended when it left */
		ret_course->control_ns += ret_course->stay_ns - stay->control_after_ns;
	return true;
}

/* ---- time ---------------------------------------------------------------------------- */

int64_t stays_deadline(struct stays *stays)
{
	if (!stays->deadline_known)
		stays->deadline_mono_ns = drawer_due(&stays->drawer);
	stays->deadline_known = true;
	return stays->deadline_mono_ns;
}

static void look_at(struct stays *stays, struct teller *teller, struct stay *stay)
{
	if (teller->now.mono_ns >= stay->arrived_mono_ns + STAY_LONGEST_NS)
		forget(stays, stay);
	else
		raise_dwell(stays, stay, teller);
}

/* From the last one: what is over goes with the events that are told of others. */
void stays_tick(struct stays *stays, struct teller *teller)
{
	for (size_t i = stays->drawer.count; i-- > 0;) {
		if (i >= stays->drawer.count ||
		    teller->now.mono_ns < drawer_note(&stays->drawer, i).due_ns)
			continue;
		read_at(stays, i, &stays->found);
		look_at(stays, teller, &stays->found);
	}
}

/* ---- memories ------------------------------------------------------------------------ */

static void keep(struct stays *stays, size_t at, const struct keeper *keeper)
{
	char key[MEMO_KEY_BYTES], text[MEMO_BYTES];
	struct memo memo;
	struct stay stay;

	read_at(stays, at, &stay);
	snprintf(key, sizeof(key), KEY "%s", stay.ucr);
	stays->drawer.flags[at] &= (uint8_t)~CHANGED;
	if (stay.over) {
		drawer_drop(&stays->drawer, at);
		keeper->keep(keeper->data, key, NULL);
		return;
	}
	memo_start(&memo, text, sizeof(text));
	write_stay(&stay, &memo);
	memo_text(&memo, stays->boot ? stays->boot : "");
	memo_int(&memo, stay.arrived_mono_ns);
	keeper->keep(keeper->data, key, text);
}

void stays_keep(struct stays *stays, const struct keeper *keeper)
{
	stays->changed = false;
	for (size_t i = stays->drawer.count; i-- > 0;)
		if (i < stays->drawer.count && drawer_note(&stays->drawer, i).flags & CHANGED)
			keep(stays, i, keeper);
}

/* When it came, if that was in this boot. */
static int64_t take_arrival(const struct stays *stays, struct memo_reader *reader)
{
	char boot[BOOT_BYTES];
	int64_t at_mono_ns;

	memo_take_text(reader, boot, sizeof(boot));
	at_mono_ns = memo_take(reader, INT64_MIN, INT64_MAX);
	return stays->boot && strcmp(boot, stays->boot) == 0 ? at_mono_ns : IN_ANOTHER_BOOT;
}

void stays_recall(struct stays *stays, const char *key, const char *text)
{
	struct memo_reader reader;
	struct stay stay;

	if (strncmp(key, KEY, strlen(KEY)) != 0)
		return;
	memo_read(&reader, text);
	stay.arrived_mono_ns = IN_ANOTHER_BOOT;
	if (read_stay(&reader, &stay) > 3)
		stay.arrived_mono_ns = take_arrival(stays, &reader);
	if (memo_end(&reader) && stay.ucr[0] &&
	    drawer_find(&stays->drawer, stay.ucr) == DRAWER_NONE)
		put(stays, &stay);
}

/* Arrivals in another boot, by UTC: never in the future, nor longer ago than a stay lasts. */
static void date_arrival(struct stay *stay, const struct instant *now)
{
	int64_t ago_ns = now->utc_ns - stay->arrived_utc_ns;

	if (ago_ns < 0 || now->clock == CLOCK_UNSYNCED || stay->by_no_clock) {
		stay->unsure = true;
		stay->control_after_ns = -1; /* when that began is not known either */
		ago_ns = 0;
	}
	if (ago_ns > STAY_LONGEST_NS)
		ago_ns = STAY_LONGEST_NS;
	stay->arrived_mono_ns = now->mono_ns - ago_ns;
}

void stays_start(struct stays *stays, const struct instant *now)
{
	stays->started_mono_ns = now->mono_ns;
	for (size_t i = 0; i < stays->drawer.count; i++) {
		struct stay stay;

		read_at(stays, i, &stay);
		if (stay.arrived_mono_ns == IN_ANOTHER_BOOT)
			date_arrival(&stay, now);
		if (stay.unsure) /* since now, also after the next start */
			change(stays, &stay);
		else
			put(stays, &stay);
	}
}
