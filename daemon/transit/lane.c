#include "lane.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "barrier_traffic.h"
#include "lane_private.h"
#include "ledger.h"

#define CLOCK_JUMP_NS	 INT64_C(1000000000)
#define BOOT_SHORT_CHARS 8

/* Which slot has a passage of this stage; LANE_PASSAGES: none. */
static size_t find_stage(const struct lane *lane, enum passage_stage stage)
{
	size_t i = 0;

	while (i < LANE_PASSAGES && lane->passages[i].stage != stage)
		i++;
	return i;
}

static size_t find_current(const struct lane *lane)
{
	size_t at = find_stage(lane, STAGE_AT);

	return at < LANE_PASSAGES ? at : find_stage(lane, STAGE_BEYOND);
}

static void observe(const struct sensor *sensor, struct json *json)
{
	const struct lane *lane = (const struct lane *)sensor;
	size_t slot = find_current(lane);
	const struct passage *passage = &lane->passages[slot];

	if (slot == LANE_PASSAGES)
		return;
	json_members(json, passage->note, strlen(passage->note));
	if (passage->binding_count)
		lane_tell_benefits(json, passage_benefits(passage));
}

static const struct point *input(const struct point *points, int32_t index)
{
	return index == POINT_NONE ? NULL : &points[index];
}

void lane_init(struct lane *lane, const struct lane_conf *conf, const struct point *points,
	       struct lane_site *site, struct teller *teller)
{
	size_t i;

	*lane = (struct lane){
		.conf = conf,
		.site = site,
		.teller = teller,
		.readers = lane->readers,
		.sensors = lane->sensors,
		.presence = input(points, conf->passages->presence),
		.present = ANSWER_UNKNOWN,
		.beyond = ANSWER_UNKNOWN,
		.told_mono_ns = INT64_MIN,
		.retry_mono_ns = INT64_MAX,
	};
	for (i = 0; i < LANE_IDENTIFICATIONS; i++)
		lane->identifications[i] = input(points, conf->passages->identifications[i]);
	sensor_init(&lane->sensor, "passage", conf->name, "passage");
	lane->sensor.observe = observe;
	lane->alarms[0].event = EVENT_PASSAGE_STUCK;
	lane->sensor.alarms = lane->alarms;
	lane->sensor.alarm_count = 1;
}

void lane_add_barrier(struct lane *lane, struct barrier *barrier)
{
	lane->sensors[lane->sensor_count++] = &barrier->sensor;
	if (!lane->boom || (!lane->boom->presence && barrier->presence))
		lane->boom = barrier;
}

void lane_add_seal(struct lane *lane, struct seal *seal)
{
	lane->sensors[lane->sensor_count++] = &seal->sensor;
	lane->readers[lane->reader_count++] = (struct lane_reader){.seal = seal};
}

void lane_free(struct lane *lane)
{
	size_t i;

	for (i = 0; i < LANE_PASSAGES; i++)
		passage_drop(&lane->passages[i]);
}

/* ---- presence and boom ----------------------------------------------------------------- */

static bool has_presence(const struct lane *lane)
{
	return lane->presence || (lane->boom && lane->boom->presence);
}

static enum answer presence(const struct lane *lane)
{
	if (lane->presence)
		return point_answer(lane->presence);
	return lane->boom && lane->boom->presence ? traffic_presence(lane->boom) : ANSWER_UNKNOWN;
}

static int64_t presence_changed(const struct lane *lane)
{
	return lane->presence ? lane->presence->changed_mono_ns
			      : traffic_presence_changed(lane->boom);
}

enum answer lane_boom_up(const struct lane *lane)
{
	if (!lane->boom)
		return ANSWER_UNKNOWN;
	switch (lane->boom->state) {
	case BARRIER_CLOSED:
		return ANSWER_NO;
	case BARRIER_OPENING:
	case BARRIER_OPEN:
	case BARRIER_CLOSING:
		return ANSWER_YES;
	case BARRIER_UNKNOWN:
	case BARRIER_FAULT:
		break;
	}
	return ANSWER_UNKNOWN;
}

/* ---- slots ----------------------------------------------------------------------------- */

struct passage *lane_stage(struct lane *lane, enum passage_stage stage)
{
	size_t slot = find_stage(lane, stage);

	return slot < LANE_PASSAGES ? &lane->passages[slot] : NULL;
}

struct passage *lane_current(struct lane *lane)
{
	size_t slot = find_current(lane);

	return slot < LANE_PASSAGES ? &lane->passages[slot] : NULL;
}

static struct passage *free_slot(struct lane *lane, int64_t at_mono_ns)
{
	struct passage *oldest = lane_stage(lane, STAGE_FREE);
	size_t i;

	if (oldest)
		return oldest;
	for (i = 0; i < LANE_PASSAGES; i++) {
		struct passage *passage = &lane->passages[i];

		if (passage->stage == STAGE_GONE &&
		    (!oldest || passage->sign_mono_ns < oldest->sign_mono_ns))
			oldest = passage;
	}
	assert(oldest); /* two of them are under way at most */
	lane_give_up(lane, oldest, at_mono_ns);
	passage_drop(oldest);
	return oldest;
}

void lane_attach(struct lane *lane)
{
	const struct passage *now = lane_current(lane);
	size_t i;

	for (i = 0; i < lane->sensor_count; i++)
		lane->sensors[i]->note = now ? now->note : NULL;
}

/* ---- opening --------------------------------------------------------------------------- */

static void name_passage(struct lane *lane, int64_t at_mono_ns, char ret_id[PASSAGE_ID_BYTES])
{
	int64_t id_ms = at_mono_ns / NS_PER_MS;
	const char *boot = lane->site->boot ? lane->site->boot : "0";

	if (id_ms <= lane->last_id_ms)
		id_ms = lane->last_id_ms + 1;
	lane->last_id_ms = id_ms;
	snprintf(ret_id, PASSAGE_ID_BYTES, "%s-%.*s-%" PRId64, lane->conf->name, BOOT_SHORT_CHARS,
		 boot, id_ms);
}

static struct passage *open_passage(struct lane *lane, const char *by, bool initial,
				    int64_t at_mono_ns)
{
	struct passage *passage = free_slot(lane, at_mono_ns);
	char id[PASSAGE_ID_BYTES];

	name_passage(lane, at_mono_ns, id);
	passage_start(passage, id, at_mono_ns);
	passage->clock_ns = lane->teller->now.utc_ns - lane->teller->now.mono_ns;
	passage->initial = initial;
	if (strcmp(by, "presence") == 0) {
		passage->vehicle = true;
		passage->at_mono_ns[PASSAGE_PRESENT] = at_mono_ns;
	}
	lane_tell_opened(lane, passage, by);
	lane_attach(lane);
	return passage;
}

/* The slot of a passage of this stage that has read this number; LANE_PASSAGES: none. */
static size_t find_reader_of(struct lane *lane, enum passage_stage stage, enum passage_rule rule,
			     const char *text)
{
	size_t i;

	for (i = 0; i < LANE_PASSAGES; i++)
		if (lane->passages[i].stage == stage &&
		    passage_find_read(&lane->passages[i], rule, text))
			return i;
	return LANE_PASSAGES;
}

struct passage *lane_passage_for(struct lane *lane, enum passage_rule rule, const char *text,
				 int64_t at_mono_ns)
{
	size_t slot = find_stage(lane, STAGE_AT);
	size_t gone = find_reader_of(lane, STAGE_GONE, rule, text);
	struct passage *passage;

	if (slot == LANE_PASSAGES)
		slot = find_reader_of(lane, STAGE_BEYOND, rule, text);
	if (slot == LANE_PASSAGES && gone < LANE_PASSAGES &&
	    at_mono_ns - lane->passages[gone].sign_mono_ns <= lane->conf->passages->gap_ns)
		return NULL;
	if (slot == LANE_PASSAGES)
		return open_passage(lane, passage_rule_name(rule), false, at_mono_ns);
	passage = &lane->passages[slot];
	if (at_mono_ns > passage->sign_mono_ns)
		passage->sign_mono_ns = at_mono_ns;
	return passage;
}

static void release(struct lane *lane, int64_t at_mono_ns)
{
	struct passage *passage = lane_stage(lane, STAGE_AT);

	if (!passage || !passage->vehicle || passage->at_mono_ns[PASSAGE_RELEASED] != INT64_MIN)
		return;
	if (at_mono_ns < passage->at_mono_ns[PASSAGE_PRESENT])
		at_mono_ns = passage->at_mono_ns[PASSAGE_PRESENT];
	passage->at_mono_ns[PASSAGE_RELEASED] = at_mono_ns;
	lane->dirty = true;
	lane_check_seals(lane, passage, true, at_mono_ns);
}

static void arrive(struct lane *lane)
{
	struct passage *passage = lane_stage(lane, STAGE_AT);
	int64_t at_mono_ns = presence_changed(lane);

	if (passage && !passage->vehicle) {
		passage->vehicle = true;
		passage->at_mono_ns[PASSAGE_PRESENT] = at_mono_ns;
		passage->sign_mono_ns = at_mono_ns;
		lane->dirty = true;
	} else if (!passage) {
		(void)open_passage(lane, "presence", !lane->seen, at_mono_ns);
	}
}

/* ---- closing --------------------------------------------------------------------------- */

static bool clock_jumped(const struct lane *lane, const struct passage *passage)
{
	int64_t clock_ns = lane->teller->now.utc_ns - lane->teller->now.mono_ns;
	int64_t jump_ns = clock_ns - passage->clock_ns;

	return jump_ns > CLOCK_JUMP_NS || jump_ns < -CLOCK_JUMP_NS;
}

static void report(struct lane *lane, const struct passage *passage, enum passage_end end)
{
	struct passage_intervals intervals = {
		.lane = lane->conf->name,
		.id = passage->id,
		.end = end,
		.over_restart = passage->over_restart || passage->initial,
		.over_clock_jump = passage->over_clock_jump,
		.identified = passage->binding_count > 0,
		.recognised = passage->binding_count > 0 && passage_decision(passage) == RECOGNISED,
	};

	memcpy(intervals.at_mono_ns, passage->at_mono_ns, sizeof(intervals.at_mono_ns));
	if (lane->site->closed)
		lane->site->closed(lane->site->data, &intervals);
	if (lane->site->ledger)
		ledger_closed(lane->site->ledger, lane, passage, &intervals);
}

static void close_passage(struct lane *lane, struct passage *passage, enum passage_end end,
			  int64_t at_mono_ns)
{
	bool stuck = passage->stage == STAGE_AT;

	if (passage->vehicle && passage->at_mono_ns[PASSAGE_CLEARED] == INT64_MIN)
		passage->at_mono_ns[PASSAGE_CLEARED] = at_mono_ns;
	passage->over_clock_jump |= clock_jumped(lane, passage);
	if (end != END_BACKED_OUT && end != END_NO_VEHICLE)
		lane_check_seals(lane, passage, true, at_mono_ns);
	lane->sensor.note = passage->note;
	if (stuck)
		sensor_set_alarm(&lane->sensor, lane->teller, 0, false, NULL, at_mono_ns);
	passage->stage = STAGE_GONE;
	passage->end = end;
	report(lane, passage, end); /* what follows from it is kept with the event */
	lane_tell_closed(lane, passage, end, at_mono_ns);
	lane_attach(lane);
}

static enum passage_end end_beyond(const struct lane *lane, const struct passage *passage)
{
	if (passage->beyond)
		return END_PASSED;
	return lane->beyond == ANSWER_UNKNOWN ? END_LEFT : END_BACKED_OUT;
}

static void end_at_departure(struct lane *lane, struct passage *passage, int64_t at_mono_ns)
{
	enum passage_end end = END_LEFT;

	if (passage->at_mono_ns[PASSAGE_RELEASED] != INT64_MIN)
		end = END_PASSED;
	else if (lane_boom_up(lane) == ANSWER_NO && !passage->over_restart)
		end = END_BACKED_OUT;
	close_passage(lane, passage, end, at_mono_ns);
}

static void depart(struct lane *lane, int64_t at_mono_ns)
{
	struct passage *passage = lane_stage(lane, STAGE_AT);
	struct passage *before = lane_stage(lane, STAGE_BEYOND);

	if (!passage || !passage->vehicle)
		return;
	passage->sign_mono_ns = at_mono_ns;
	if (!lane->boom || !lane->boom->passed) {
		end_at_departure(lane, passage, at_mono_ns);
		return;
	}
	if (before)
		close_passage(lane, before, end_beyond(lane, before), at_mono_ns);
	lane->sensor.note = passage->note;
	sensor_set_alarm(&lane->sensor, lane->teller, 0, false, NULL, at_mono_ns);
	passage->stage = STAGE_BEYOND;
	passage->at_mono_ns[PASSAGE_CLEARED] = at_mono_ns;
	lane->dirty = true;
	if (passage->beyond && lane->beyond == ANSWER_NO)
		close_passage(lane, passage, END_PASSED, at_mono_ns);
	lane_attach(lane);
}

static void look_beyond(struct lane *lane)
{
	enum answer beyond = point_answer(lane->boom->passed), before = lane->beyond;
	int64_t at_mono_ns = lane->boom->passed->changed_mono_ns;
	struct passage *passage = lane_stage(lane, STAGE_BEYOND);

	lane->beyond = beyond;
	if (beyond == ANSWER_YES && before != ANSWER_YES) {
		if (!passage || passage->beyond)
			passage = lane_stage(lane, STAGE_AT);
		if (passage && passage->vehicle) {
			passage->beyond = true;
			lane->dirty = true;
		}
	} else if (beyond == ANSWER_NO && before == ANSWER_YES && passage && passage->beyond) {
		passage->at_mono_ns[PASSAGE_CLEARED] = at_mono_ns;
		close_passage(lane, passage, END_PASSED, at_mono_ns);
	}
}

/* The first look after a restart finds nobody. */
static void find_gone(struct lane *lane, int64_t at_mono_ns)
{
	struct passage *passage = lane_stage(lane, STAGE_AT);

	if (passage && passage->vehicle)
		close_passage(lane, passage, END_LEFT, at_mono_ns);
}

static void look_at_presence(struct lane *lane)
{
	enum answer now = presence(lane), before = lane->present;

	if (!has_presence(lane) || now == ANSWER_UNKNOWN)
		return;
	lane->present = now;
	if (lane->told_mono_ns == INT64_MIN)
		lane->told_mono_ns = presence_changed(lane);
	if (now == ANSWER_NO && before == ANSWER_YES)
		depart(lane, presence_changed(lane));
	else if (now == ANSWER_NO && before == ANSWER_UNKNOWN)
		find_gone(lane, presence_changed(lane));
	lane->seen = true;
}

/* ---- judging --------------------------------------------------------------------------- */

static void look_for_arrival(struct lane *lane)
{
	if (!has_presence(lane) || presence(lane) != ANSWER_YES || lane->present == ANSWER_YES)
		return;
	arrive(lane);
	lane->present = ANSWER_YES;
	lane->seen = true;
}

static void look_at_boom(struct lane *lane)
{
	if (lane_boom_up(lane) == ANSWER_YES)
		release(lane, lane->boom->sensor.since_mono_ns);
}

void lane_before(struct lane *lane, const struct sensor *sensor)
{
	if (lane->boom && sensor == &lane->boom->sensor && !lane->presence)
		look_for_arrival(lane);
	else
		lane_look_at_seal(lane, sensor);
}

static void settle(struct lane *lane)
{
	const struct passage *now = lane_current(lane);
	const char *word = now ? "occupied" : "free";

	if (!now && has_presence(lane) && !lane->seen)
		return;
	if (!lane->sensor.judged || strcmp(lane->sensor.verdict.word, word) != 0)
		lane->dirty = true;
	lane_ask(lane);
	if (lane->dirty)
		lane_put(lane);
}

void lane_after(struct lane *lane, const struct sensor *sensor)
{
	if (lane->boom && sensor == &lane->boom->sensor) {
		look_at_boom(lane);
		if (lane->boom->passed)
			look_beyond(lane);
		if (!lane->presence)
			look_at_presence(lane);
	} else {
		lane_sight_seal(lane, sensor);
	}
	settle(lane);
}

void lane_judge(struct lane *lane)
{
	if (lane->presence) {
		look_for_arrival(lane);
		if (lane->boom)
			look_at_boom(lane);
	}
	lane_look_at_identifications(lane);
	if (lane->presence)
		look_at_presence(lane);
	settle(lane);
}

/* ---- time ------------------------------------------------------------------------------ */

static int64_t stuck_deadline(const struct lane *lane, const struct passage *passage)
{
	int64_t opened_mono_ns;

	if (passage->stage != STAGE_AT || !lane->conf->passages->stuck_ns || lane->alarms[0].raised)
		return INT64_MAX;
	opened_mono_ns = passage->at_mono_ns[PASSAGE_OPENED];
	if (opened_mono_ns == INT64_MIN) /* before a boot */
		opened_mono_ns = passage->sign_mono_ns;
	return opened_mono_ns + lane->conf->passages->stuck_ns;
}

/* When nothing has been seen of the vehicle for too long. */
static int64_t gap_deadline(const struct lane *lane, const struct passage *passage)
{
	bool comes = passage->stage == STAGE_AT && !passage->vehicle && !lane_sees_number(lane);
	bool goes = passage->stage == STAGE_BEYOND && lane->beyond != ANSWER_YES;

	if (!comes && !goes && passage->stage != STAGE_GONE)
		return INT64_MAX;
	return passage->sign_mono_ns + lane->conf->passages->gap_ns;
}

static int64_t earlier(int64_t a_mono_ns, int64_t b_mono_ns)
{
	return a_mono_ns < b_mono_ns ? a_mono_ns : b_mono_ns;
}

int64_t lane_deadline(const struct lane *lane)
{
	int64_t due_mono_ns = lane->retry_mono_ns;
	size_t i;

	for (i = 0; i < LANE_PASSAGES; i++) {
		const struct passage *passage = &lane->passages[i];

		if (passage->stage == STAGE_FREE ||
		    (passage->stage == STAGE_GONE && passage_waits(passage)))
			continue;
		due_mono_ns = earlier(due_mono_ns, gap_deadline(lane, passage));
		due_mono_ns = earlier(due_mono_ns, stuck_deadline(lane, passage));
		due_mono_ns = earlier(due_mono_ns, lane_ask_deadline(passage));
	}
	return due_mono_ns;
}

static void expire(struct lane *lane, struct passage *passage, int64_t due_mono_ns)
{
	if (passage->stage == STAGE_GONE) {
		if (!passage_waits(passage))
			passage_drop(passage);
	} else if (passage->stage == STAGE_BEYOND) {
		close_passage(lane, passage, end_beyond(lane, passage), due_mono_ns);
	} else {
		passage->at_mono_ns[PASSAGE_CLEARED] = passage->sign_mono_ns;
		close_passage(lane, passage, has_presence(lane) ? END_NO_VEHICLE : END_LEFT,
			      due_mono_ns);
	}
}

void lane_tick(struct lane *lane, int64_t at_mono_ns)
{
	size_t i;

	if (lane->retry_mono_ns <= at_mono_ns)
		lane->retry_mono_ns = INT64_MAX;
	for (i = 0; i < LANE_PASSAGES; i++) {
		struct passage *passage = &lane->passages[i];
		int64_t stuck_mono_ns = stuck_deadline(lane, passage);
		int64_t gap_mono_ns = gap_deadline(lane, passage);

		if (passage->stage != STAGE_FREE && stuck_mono_ns <= at_mono_ns) {
			lane->sensor.note = passage->note;
			sensor_set_alarm(&lane->sensor, lane->teller, 0, true, NULL, stuck_mono_ns);
		}
		if (passage->stage != STAGE_FREE && gap_mono_ns <= at_mono_ns)
			expire(lane, passage, gap_mono_ns);
		lane_ask_again(passage, at_mono_ns);
	}
	settle(lane);
}
