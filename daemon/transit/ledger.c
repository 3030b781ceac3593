#include "ledger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "legs.h"
#include "stay.h"
#include "study.h"
#include "transit.h"

#define RIDERS 12

struct ledger {
	struct event_sink sink; /* behind it */
	struct { /* memories that go with the next draft, in the same transaction */
		char keys[RIDERS][MEMO_KEY_BYTES];
		char texts[RIDERS][MEMO_BYTES];
		struct event_memory memories[MEMORIES_MAX];
		size_t count, most;
	} riders;
	struct teller *teller;
	struct study *study;
	struct alarm_book book;
	struct stays stays;
	struct legs *legs; /* NULL: nothing is announced or waited for */
	const char *checkpoint;
	bool has_exit; /* a lane is one */
	bool changed; /* something may be to be kept */
	bool moved; /* and the deadline */
	bool closed; /* a passage has: the study is to be kept with that */
	size_t lane_count;
	const char *lanes[];
};

/* ---- what sensors tell --------------------------------------------------------------- */

/* In a body the quotes of any text are escaped: this can only be the member. */
static bool is_cleared(const struct event_draft *draft)
{
	return strstr(draft->body, "\"alarm\":\"cleared\"") != NULL;
}

/* A moment and its labels, as the clocks relate now. */
static struct instant moment(const struct ledger *ledger, int64_t at_mono_ns)
{
	struct instant at = ledger->teller->now;

	at.utc_ns -= at.mono_ns - at_mono_ns;
	at.mono_ns = at_mono_ns;
	return at;
}

static void book_event(struct ledger *ledger, const struct event_draft *draft)
{
	enum event_id id = (enum event_id)(draft->type - event_type((enum event_id)0));
	const struct instant occurred = moment(ledger, ledger->teller->at_mono_ns), *at = &occurred;
	const char *subject = ledger->teller->subject;
	char resource[ALARM_RESOURCE_BYTES];

	if (draft->type->kind == KIND_STATE) {
		alarm_book_state(&ledger->book, draft->state_key, subject, id, at);
		ledger->changed = true;
		ledger->moved |= draft->type->latched;
		return;
	}
	if (!draft->type->latched)
		return;
	ledger->changed = ledger->moved = true;
	alarm_book_resource(draft->state_key, subject, resource);
	if (draft->type->kind == KIND_NOTE || !is_cleared(draft))
		(void)alarm_book_raise(&ledger->book, resource, id, at);
	if (draft->type->kind == KIND_NOTE || is_cleared(draft))
		(void)alarm_book_clear(&ledger->book, resource, id, at, NULL);
}

/* Memories that find no room in a draft go for themselves. */
static void put_memory(struct ledger *ledger, const char *key, const char *text)
{
	struct event_memory memory = {.key = key, .text = text};
	struct event_draft draft = {.memories = &memory, .memory_count = 1};

	ledger->sink.put(ledger->sink.data, &draft);
}

static void keep_alone(void *data, const char *key, const char *text)
{
	put_memory(data, key, text);
}

static void keep_as_rider(void *data, const char *key, const char *text)
{
	struct ledger *ledger = data;
	size_t i = ledger->riders.count;

	if (i == ledger->riders.most) {
		put_memory(ledger, key, text);
		return;
	}
	snprintf(ledger->riders.keys[i], sizeof(ledger->riders.keys[i]), "%s", key);
	snprintf(ledger->riders.texts[i], sizeof(ledger->riders.texts[i]), "%s", text ? text : "");
	ledger->riders.memories[i] = (struct event_memory){
		.key = ledger->riders.keys[i], .text = text ? ledger->riders.texts[i] : NULL};
	ledger->riders.count++;
}

/* What has changed, most of it by the event itself. */
static void gather_riders(struct ledger *ledger, size_t most)
{
	struct keeper keeper = {.data = ledger, .keep = keep_as_rider};

	ledger->riders.count = 0;
	ledger->riders.most = most < RIDERS ? most : RIDERS;
	if (ledger->book.changed)
		alarm_book_keep(&ledger->book, &keeper);
	if (ledger->stays.changed)
		stays_keep(&ledger->stays, &keeper);
	if (ledger->closed)
		study_keep(ledger->study, &ledger->teller->now, &keeper);
	ledger->closed = false;
}

static void put(void *data, const struct event_draft *draft)
{
	struct ledger *ledger = data;
	struct event_draft with = *draft;

	if (!draft->type) {
		ledger->sink.put(ledger->sink.data, draft);
		return;
	}
	if (draft->state_key)
		book_event(ledger, draft);
	gather_riders(ledger, MEMORIES_MAX - draft->memory_count);
	if (ledger->riders.count > 0) {
		if (draft->memory_count > 0)
			memcpy(&ledger->riders.memories[ledger->riders.count], draft->memories,
			       draft->memory_count * sizeof(draft->memories[0]));
		with.memories = ledger->riders.memories;
		with.memory_count += ledger->riders.count;
	}
	ledger->sink.put(ledger->sink.data, &with);
}

/* ---- birth and death ----------------------------------------------------------------- */

int ledger_new(const struct transit_conf *conf, struct teller *teller, struct ledger **ret_ledger)
{
	struct ledger *ledger =
		calloc(1, sizeof(*ledger) + conf->lane_count * sizeof(ledger->lanes[0]));
	size_t i;
	int rc;

	if (!ledger)
		return -ENOMEM;
	for (i = 0; i < conf->lane_count; i++) {
		ledger->lanes[ledger->lane_count++] = conf->lanes[i].name;
		ledger->has_exit |= strcmp(conf->lanes[i].direction, "entry") != 0;
	}
	rc = study_new(ledger->lanes, ledger->lane_count, &ledger->study);
	if (rc == 0 && conf->legs)
		rc = legs_new(conf->legs, conf->checkpoint, &ledger->book, &ledger->legs);
	if (rc < 0) {
		ledger_free(ledger);
		return rc;
	}
	ledger->checkpoint = conf->checkpoint;
	alarm_book_init(&ledger->book, &conf->patience);
	stays_init(&ledger->stays, conf->checkpoint, &ledger->book);
	ledger->teller = teller;
	ledger->sink = teller->sink;
	teller->sink = (struct event_sink){.data = ledger, .put = put};
	*ret_ledger = ledger;
	return 0;
}

void ledger_free(struct ledger *ledger)
{
	if (!ledger)
		return;
	legs_free(ledger->legs);
	study_free(ledger->study);
	free(ledger);
}

void ledger_recall(struct ledger *ledger, const char *key, const char *text)
{
	alarm_book_recall(&ledger->book, key, text);
	stays_recall(&ledger->stays, key, text);
	study_recall(ledger->study, key, text);
	if (ledger->legs)
		legs_recall(ledger->legs, key, text);
}

void ledger_start(struct ledger *ledger)
{
	alarm_book_start(&ledger->book, &ledger->teller->now);
	stays_start(&ledger->stays, &ledger->teller->now);
	study_start(ledger->study, &ledger->teller->now);
	if (ledger->legs)
		legs_start(ledger->legs, ledger->teller);
	ledger->changed = ledger->moved = true;
}

/* ---- what lanes tell ----------------------------------------------------------------- */

static bool is_entry(const struct lane *lane)
{
	return strcmp(lane->conf->direction, "entry") == 0;
}

static bool is_exit(const struct ledger *ledger, const struct lane *lane)
{
	return !ledger->has_exit || !is_entry(lane);
}

static bool went_through(enum passage_end end)
{
	return end == END_PASSED || end == END_LEFT;
}

/* Before it was known what it carries. */
static bool has_left(const struct ledger *ledger, const struct lane *lane,
		     const struct passage *passage)
{
	return passage->stage == STAGE_GONE && is_exit(ledger, lane) &&
	       went_through(passage->end) && passage->at_mono_ns[PASSAGE_CLEARED] != INT64_MIN;
}

/* When its vehicle came; now, where that was before a boot. */
static int64_t arrived(const struct ledger *ledger, const struct passage *passage)
{
	if (passage->at_mono_ns[PASSAGE_PRESENT] != INT64_MIN)
		return passage->at_mono_ns[PASSAGE_PRESENT];
	if (passage->at_mono_ns[PASSAGE_OPENED] != INT64_MIN)
		return passage->at_mono_ns[PASSAGE_OPENED];
	return ledger->teller->now.mono_ns;
}

static const char *came_from(struct ledger *ledger, const char *ucr)
{
	return ledger->legs ? legs_came_from(ledger->legs, ucr) : NULL;
}

void ledger_bound(struct ledger *ledger, const struct lane *lane, const struct passage *passage)
{
	struct stay_place place = {lane->conf->name, passage->id, arrived(ledger, passage)};
	bool gone = passage->stage == STAGE_GONE;
	size_t i;

	if (gone && (is_exit(ledger, lane) || passage->end == END_BACKED_OUT))
		return; /* it has left the checkpoint, or never came in */
	for (i = 0; i < passage->binding_count; i++) {
		const struct passage_binding *binding = &passage->bindings[i];

		if (ledger->legs && !gone)
			legs_here(ledger->legs, binding->ucr, true);
		if (binding->dossier)
			stays_arrive(&ledger->stays, ledger->teller, &place,
				     binding->dossier->consignment,
				     came_from(ledger, binding->ucr));
	}
	ledger->changed = ledger->moved = true;
}

bool ledger_elsewhere(const struct ledger *ledger, const char *number, int64_t at_mono_ns)
{
	const struct instant at = moment(ledger, at_mono_ns);

	return ledger->legs && legs_too_fast(ledger->legs, number, &at);
}

void ledger_unbound(struct ledger *ledger, const struct lane *lane, const struct passage *passage,
		    const char *ucr)
{
	struct stay_place place = {lane->conf->name, passage->id, ledger->teller->now.mono_ns};

	if (ledger->legs)
		legs_here(ledger->legs, ucr, false);
	stays_retract(&ledger->stays, ledger->teller, &place, ucr);
	ledger->changed = ledger->moved = true;
}

/* From the last step that was taken before that one. */
static int64_t step_before(const struct passage_intervals *intervals, enum passage_moment moment)
{
	while (moment > PASSAGE_PRESENT && intervals->at_mono_ns[moment] == INT64_MIN)
		moment--;
	return intervals->at_mono_ns[moment];
}

static void add_intervals(struct ledger *ledger, size_t lane,
			  const struct passage_intervals *intervals)
{
	static const struct {
		enum passage_moment from, until;
	} spans[STUDY_INTERVALS] = {
		[STUDY_IDENTIFIED] = {PASSAGE_PRESENT, PASSAGE_IDENTIFIED},
		[STUDY_SEAL_CHECKED] = {PASSAGE_IDENTIFIED, PASSAGE_CHECKED},
		[STUDY_RELEASED] = {PASSAGE_CHECKED, PASSAGE_RELEASED},
		[STUDY_CLEARED] = {PASSAGE_RELEASED, PASSAGE_CLEARED},
		[STUDY_DWELL] = {PASSAGE_PRESENT, PASSAGE_CLEARED},
	};
	enum study_group group = intervals->recognised ? STUDY_RECOGNISED : STUDY_OTHERS;
	bool marked = intervals->over_restart || intervals->over_clock_jump;
	int i;

	for (i = 0; i < STUDY_INTERVALS; i++) {
		int64_t from = step_before(intervals, spans[i].from);
		int64_t until = intervals->at_mono_ns[spans[i].until];
		bool known = from != INT64_MIN && until != INT64_MIN;

		if (known || (marked && i == STUDY_DWELL))
			study_add(ledger->study, lane, group, (enum study_interval)i,
				  known ? until - from : 0, marked);
	}
}

static size_t lane_index(const struct ledger *ledger, const struct lane *lane)
{
	size_t i;

	for (i = 0; i + 1 < ledger->lane_count; i++)
		if (strcmp(ledger->lanes[i], lane->conf->name) == 0)
			break;
	return i;
}

/* Where its itinerary leads from here; NULL: nowhere, or it is not on it. */
static const struct itinerary_stop *next_stop(struct ledger *ledger,
					      const struct passage_binding *binding)
{
	const struct consignment *consignment =
		binding->dossier ? binding->dossier->consignment : NULL;
	struct arrival here = {.checkpoint = ledger->checkpoint};
	int64_t stop = stays_stop(&ledger->stays, binding->ucr);

	if (!consignment || stop == 0)
		return NULL;
	if (stop < 0 || (size_t)stop > consignment->stop_count ||
	    strcmp(consignment->stops[stop - 1].checkpoint, ledger->checkpoint) != 0)
		return itinerary_judge(consignment, &here).next;
	return (size_t)stop < consignment->stop_count ? &consignment->stops[stop] : NULL;
}

static void depart(struct ledger *ledger, const struct lane *lane, const struct passage *passage,
		   const struct passage_binding *binding, const struct stay_place *place)
{
	struct legs_custody custody = {.place = *place};

	lane_custody(lane, passage, binding, NULL, true, &custody);
	legs_depart(ledger->legs, ledger->teller, &custody, next_stop(ledger, binding));
}

void ledger_checked(struct ledger *ledger, const struct lane *lane, const struct passage *passage,
		    bool final)
{
	struct legs_custody custody = {
		.place = {lane->conf->name, passage->id, arrived(ledger, passage)}};
	struct stay_place exit = {lane->conf->name, passage->id,
				  passage->at_mono_ns[PASSAGE_CLEARED]};
	size_t i;

	for (i = 0; ledger->legs && i < passage->binding_count; i++) {
		const struct passage_binding *binding = &passage->bindings[i];

		lane_custody(lane, passage, binding, legs_announced(ledger->legs, binding->ucr),
			     false, &custody);
		legs_check(ledger->legs, ledger->teller, &custody, final);
		if (has_left(ledger, lane, passage))
			depart(ledger, lane, passage, binding, &exit);
		ledger->changed = ledger->moved = true;
	}
}

void ledger_closed(struct ledger *ledger, const struct lane *lane, const struct passage *passage,
		   const struct passage_intervals *intervals)
{
	struct stay_place place = {lane->conf->name, passage->id, ledger->teller->now.mono_ns};
	bool through = went_through(intervals->end);
	bool exit = is_exit(ledger, lane);
	bool backed_out = intervals->end == END_BACKED_OUT && is_entry(lane);
	bool nobody = intervals->end == END_NO_VEHICLE && is_entry(lane);
	size_t i;

	if (intervals->at_mono_ns[PASSAGE_CLEARED] != INT64_MIN)
		place.at_mono_ns = intervals->at_mono_ns[PASSAGE_CLEARED];
	if (through)
		add_intervals(ledger, lane_index(ledger, lane), intervals);
	for (i = 0; i < passage->binding_count; i++) {
		const struct passage_binding *binding = &passage->bindings[i];

		if (ledger->legs)
			legs_here(ledger->legs, binding->ucr, false);
		if (ledger->legs && through && exit)
			depart(ledger, lane, passage, binding, &place);
		if ((through && exit) || backed_out)
			stays_leave(&ledger->stays, ledger->teller, &place, binding->ucr);
		else if (nobody)
			stays_retract(&ledger->stays, ledger->teller, &place, binding->ucr);
	}
	ledger->changed = ledger->moved = ledger->closed = true;
}

int ledger_acknowledge(struct ledger *ledger, const struct acknowledgement *by)
{
	ledger->changed = true;
	return alarm_book_acknowledge(&ledger->book, by, ledger->teller);
}

/* ---- what other checkpoints tell ---------------------------------------------------- */

enum legs_heard ledger_announce(struct ledger *ledger, const struct handover *handover,
				char ret_gave_way[IDENTIFIER_BYTES])
{
	ledger->changed = ledger->moved = true;
	return legs_announce(ledger->legs, ledger->teller, handover, ret_gave_way);
}

void ledger_take_back(struct ledger *ledger, const char *ucr)
{
	ledger->changed = ledger->moved = true;
	legs_take_back(ledger->legs, ledger->teller, ucr);
}

void ledger_connected(struct ledger *ledger)
{
	ledger->changed = ledger->moved = true;
	legs_connected(ledger->legs, ledger->teller);
}

void ledger_disconnected(struct ledger *ledger)
{
	legs_disconnected(ledger->legs);
}

bool ledger_has_legs(const struct ledger *ledger)
{
	return ledger->legs;
}

/* ---- time ---------------------------------------------------------------------------- */

int64_t ledger_deadline(const struct ledger *ledger)
{
	int64_t study_mono_ns = study_deadline(ledger->study);
	int64_t stays_mono_ns = stays_deadline(&ledger->stays);

	int64_t legs_mono_ns =
		ledger->legs ? legs_deadline(ledger->legs, ledger->teller) : INT64_MAX;
	int64_t alarms_mono_ns = alarm_book_deadline(&ledger->book);
	int64_t first = study_mono_ns < stays_mono_ns ? study_mono_ns : stays_mono_ns;

	if (alarms_mono_ns < first)
		first = alarms_mono_ns;
	return first < legs_mono_ns ? first : legs_mono_ns;
}

bool ledger_moved(struct ledger *ledger)
{
	bool moved = ledger->moved;

	ledger->moved = false;
	return moved;
}

void ledger_count_open(struct ledger *ledger, const struct lane *lane)
{
	int64_t open[STUDY_GROUPS] = {0};
	int group;
	size_t i;

	for (i = 0; i < LANE_PASSAGES; i++) {
		const struct passage *passage = &lane->passages[i];

		if ((passage->stage != STAGE_AT && passage->stage != STAGE_BEYOND) ||
		    !passage->vehicle)
			continue;
		if (passage->binding_count > 0 && passage_decision(passage) == RECOGNISED)
			open[STUDY_RECOGNISED]++;
		else
			open[STUDY_OTHERS]++;
	}
	for (group = 0; group < STUDY_GROUPS; group++)
		study_set_open(ledger->study, lane_index(ledger, lane), (enum study_group)group,
			       open[group]);
}

void ledger_lane_metrics(struct ledger *ledger, const struct lane *lane, struct json *json)
{
	ledger_count_open(ledger, lane);
	study_metrics(ledger->study, lane_index(ledger, lane), json);
}

void ledger_metrics(const struct ledger *ledger, struct json *json)
{
	alarm_book_metrics(&ledger->book, json);
}

void ledger_status(const struct ledger *ledger, struct json *json, size_t most)
{
	alarm_book_status(&ledger->book, json, most);
}

void ledger_tick(struct ledger *ledger, int64_t at_mono_ns)
{
	struct keeper keeper = {.data = ledger, .keep = keep_alone};
	const struct instant now = ledger->teller->now;

	ledger->teller->now = moment(ledger, at_mono_ns);
	stays_tick(&ledger->stays, ledger->teller);
	if (ledger->legs)
		legs_tick(ledger->legs, ledger->teller);
	alarm_book_tick(&ledger->book, ledger->teller);
	study_tick(ledger->study, ledger->teller, &keeper);
	ledger->teller->now = now;
	ledger->changed = ledger->moved = true;
}

void ledger_keep(struct ledger *ledger)
{
	struct keeper keeper = {.data = ledger, .keep = keep_alone};

	if (!ledger->changed)
		return;
	ledger->changed = false;
	alarm_book_settle(&ledger->book, ledger->teller);
	alarm_book_keep(&ledger->book, &keeper);
	stays_keep(&ledger->stays, &keeper);
	study_keep(ledger->study, &ledger->teller->now, &keeper);
}
