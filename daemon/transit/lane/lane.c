#include "transit/lane/lane.h"

#include <stdio.h>
#include <string.h>

#include "transit/lane/private.h"
#include "transit/sensor/barrier_traffic.h"

#define CLOCK_JUMP_NS INT64_C(1000000000)

static void observe(const struct sensor *sensor, struct jw *json)
{
	const struct lane *lane = (const struct lane *)sensor;
	size_t slot = lane_find_current(lane);
	const struct passage *passage = &lane->passages[slot];

	if (slot == LANE_PASSAGES)
		return;
	jw_members(json, passage->note, strlen(passage->note));
	if (passage->binding_count)
		lane_tell_benefits(json, passage_benefits(passage));
}

void lane_init(struct lane *lane, const struct lane_conf *conf, const struct point *const *points,
	       struct lane_site *site, struct teller *teller)
{
	*lane = (struct lane){
		.conf = conf,
		.site = site,
		.teller = teller,
		.readers = lane->readers,
		.sensors = lane->sensors,
		.presence = point_ref(points, conf->passages->presence),
		.queue_sensor = point_ref(points, conf->passages->queue),
		.scale = point_ref(points, conf->passages->weight),
		.present = ANSWER_UNKNOWN,
		.beyond = ANSWER_UNKNOWN,
		.last_event_mono_ns = INT64_MIN,
		.retry_mono_ns = INT64_MAX,
	};
	for (size_t i = 0; i < LANE_IDENTIFICATIONS; i++)
		lane->identifications[i] = point_ref(points, conf->passages->identifications[i]);
	queue_init(&lane->queue);
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

void lane_add_contact(struct lane *lane, struct contact *contact)
{
	lane->sensors[lane->sensor_count++] = &contact->sensor;
}

void lane_free(struct lane *lane)
{
	for (size_t i = 0; i < LANE_PASSAGES; i++)
		passage_drop(&lane->passages[i]);
}

/* ---- arrival --------------------------------------------------------------------------- */

static void release(struct lane *lane, int64_t at_mono_ns)
{
	struct passage *passage = lane_stage(lane, STAGE_AT_BOOM);

	if (!passage || !passage->vehicle || passage->at_mono_ns[PASSAGE_RELEASED] != INT64_MIN)
		return;
	if (at_mono_ns < passage->at_mono_ns[PASSAGE_PRESENT])
		at_mono_ns = passage->at_mono_ns[PASSAGE_PRESENT];
	passage->at_mono_ns[PASSAGE_RELEASED] = at_mono_ns;
	lane->dirty = true;
	lane_look_again(lane, passage);
	lane_check_seals(lane, passage, true, at_mono_ns);
	lane_tell_doubt(lane, passage, at_mono_ns);
	lane_compare_weight(lane, passage, at_mono_ns);
}

static void arrive(struct lane *lane)
{
	struct passage *passage = lane_stage(lane, STAGE_AT_BOOM);
	int64_t at_mono_ns = lane_presence_changed(lane);

	if (passage && !passage->vehicle) {
		passage->vehicle = true;
		passage->at_mono_ns[PASSAGE_PRESENT] = at_mono_ns;
		passage->sign_mono_ns = at_mono_ns;
		lane->dirty = true;
	} else if (!passage) {
		passage = lane_open_passage(lane, "presence", !lane->presence_known, at_mono_ns);
		lane_read_what_is_in_sight(lane, passage, at_mono_ns);
	}
	passage->queued_ns = queue_take(&lane->queue, lane->conf->passages->gap_ns, at_mono_ns);
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
	const struct lane_listener *listener = &lane->site->listener;
	struct passage_intervals intervals = {
		.end = end,
		.over_restart = passage->over_restart || passage->initial,
		.over_clock_jump = passage->over_clock_jump,
		.recognised = passage->binding_count > 0 && passage_decision(passage) == RECOGNISED,
		.queued_ns = passage->queued_ns,
	};

	memcpy(intervals.at_mono_ns, passage->at_mono_ns, sizeof(intervals.at_mono_ns));
	if (listener->data)
		listener->closed(listener->data, lane, passage, &intervals);
}

static void close_passage(struct lane *lane, struct passage *passage, enum passage_end end,
			  int64_t at_mono_ns)
{
	bool stuck = passage->stage == STAGE_AT_BOOM;

	if (passage->vehicle && passage->at_mono_ns[PASSAGE_CLEARED] == INT64_MIN)
		passage->at_mono_ns[PASSAGE_CLEARED] = at_mono_ns;
	passage->over_clock_jump |= clock_jumped(lane, passage);
	if (end != END_BACKED_OUT && end != END_NO_VEHICLE) {
		lane_look_again(lane, passage);
		lane_check_seals(lane, passage, true, at_mono_ns);
		lane_tell_doubt(lane, passage, at_mono_ns);
		lane_compare_weight(lane, passage, at_mono_ns);
		lane_tell_unread(lane, passage, at_mono_ns);
	}
	lane->sensor.note = passage->note;
	if (stuck)
		sensor_set_alarm(&lane->sensor, lane->teller, 0, false, NULL, at_mono_ns);
	passage->stage = STAGE_CLOSED;
	passage->end = end;
	report(lane, passage, end); /* before the event, so that what follows is kept with it */
	lane_tell_closed(lane, passage, end, at_mono_ns);
	lane_attach_note(lane);
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
	struct passage *passage = lane_stage(lane, STAGE_AT_BOOM);
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
	lane_attach_note(lane);
}

static void look_beyond(struct lane *lane)
{
	enum answer beyond = point_answer(lane->boom->passed), before = lane->beyond;
	int64_t at_mono_ns = lane->boom->passed->changed_mono_ns;
	struct passage *passage = lane_stage(lane, STAGE_BEYOND);

	lane->beyond = beyond;
	if (beyond == ANSWER_YES && before != ANSWER_YES) {
		if (!passage || passage->beyond)
			passage = lane_stage(lane, STAGE_AT_BOOM);
		if (passage && passage->vehicle) {
			passage->beyond = true;
			lane->dirty = true;
		}
	} else if (beyond == ANSWER_NO && before == ANSWER_YES && passage && passage->beyond) {
		passage->at_mono_ns[PASSAGE_CLEARED] = at_mono_ns;
		close_passage(lane, passage, END_PASSED, at_mono_ns);
	}
}

/* The first look after a restart finds no vehicle. */
static void close_if_gone(struct lane *lane, int64_t at_mono_ns)
{
	struct passage *passage = lane_stage(lane, STAGE_AT_BOOM);

	if (passage && passage->vehicle)
		close_passage(lane, passage, END_LEFT, at_mono_ns);
}

static void look_at_presence(struct lane *lane)
{
	enum answer now = lane_presence(lane), before = lane->present;

	if (!lane_has_presence(lane) || now == ANSWER_UNKNOWN)
		return;
	lane->present = now;
	if (now == ANSWER_NO && before != ANSWER_NO)
		queue_free(&lane->queue, lane_presence_changed(lane));
	if (lane->last_event_mono_ns == INT64_MIN)
		lane->last_event_mono_ns = lane_presence_changed(lane);
	if (now == ANSWER_NO && before == ANSWER_YES)
		depart(lane, lane_presence_changed(lane));
	else if (now == ANSWER_NO && before == ANSWER_UNKNOWN)
		close_if_gone(lane, lane_presence_changed(lane));
	lane->presence_known = true;
}

/* ---- judging --------------------------------------------------------------------------- */

static void look_for_arrival(struct lane *lane)
{
	if (!lane_has_presence(lane) || lane_presence(lane) != ANSWER_YES ||
	    lane->present == ANSWER_YES)
		return;
	arrive(lane);
	lane->present = ANSWER_YES;
	lane->presence_known = true;
}

static void look_at_boom(struct lane *lane)
{
	if (lane_boom_up(lane) == ANSWER_YES)
		release(lane, lane->boom->sensor.since_mono_ns);
}

void lane_sensor_will_judge(struct lane *lane, const struct sensor *sensor)
{
	if (lane->boom && sensor == &lane->boom->sensor && !lane->presence)
		look_for_arrival(lane);
	else
		lane_look_at_seal(lane, sensor);
}

static void end_judgement(struct lane *lane)
{
	const struct passage *now;
	const char *word;

	lane_bring_up(lane);
	lane->sensor.waiting = lane_holds_text(lane);
	now = lane_current(lane);
	word = now ? "occupied" : "free";
	if (!now && lane_has_presence(lane) && !lane->presence_known)
		return;
	if (!lane->sensor.judged || strcmp(lane->sensor.verdict.word, word) != 0)
		lane->dirty = true;
	lane_ask_registry(lane);
	if (lane->dirty)
		lane_put_state(lane);
}

void lane_sensor_judged(struct lane *lane, const struct sensor *sensor)
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
	end_judgement(lane);
}

void lane_judge(struct lane *lane)
{
	if (lane->queue_sensor)
		queue_look(&lane->queue, point_answer(lane->queue_sensor),
			   lane->queue_sensor->changed_mono_ns);
	if (lane->presence) {
		look_for_arrival(lane);
		if (lane->boom)
			look_at_boom(lane);
	}
	lane_look_at_identifications(lane);
	lane_look_at_weight(lane);
	if (lane->presence)
		look_at_presence(lane);
	end_judgement(lane);
}

bool lane_answer(struct lane *lane, struct registry_answer *answer)
{
	if (!lane_take_answer(lane, answer))
		return false;
	lane_hand_back(lane);
	end_judgement(lane);
	return true;
}

/* ---- time ------------------------------------------------------------------------------ */

static int64_t stuck_deadline(const struct lane *lane, const struct passage *passage)
{
	int64_t opened_mono_ns;

	if (passage->stage != STAGE_AT_BOOM || !lane->conf->passages->stuck_ns ||
	    lane->alarms[0].raised)
		return INT64_MAX;
	opened_mono_ns = passage->at_mono_ns[PASSAGE_OPENED];
	if (opened_mono_ns == INT64_MIN) /* in another boot */
		opened_mono_ns = passage->sign_mono_ns;
	return opened_mono_ns + lane->conf->passages->stuck_ns;
}

/* When nothing has been seen of the vehicle for too long. */
static int64_t gap_deadline(const struct lane *lane, const struct passage *passage)
{
	bool comes =
		passage->stage == STAGE_AT_BOOM && !passage->vehicle && !lane_sees_number(lane);
	bool goes = passage->stage == STAGE_BEYOND && lane->beyond != ANSWER_YES;

	if (!comes && !goes && passage->stage != STAGE_CLOSED)
		return INT64_MAX;
	return passage->sign_mono_ns + lane->conf->passages->gap_ns;
}

int64_t lane_deadline(const struct lane *lane)
{
	int64_t due_mono_ns = lane->retry_mono_ns;

	for (size_t i = 0; i < LANE_PASSAGES; i++) {
		const struct passage *passage = &lane->passages[i];

		if (passage->stage == STAGE_FREE ||
		    (passage->stage == STAGE_CLOSED && passage_awaits_answer(passage)))
			continue;
		due_mono_ns = earlier_ns(due_mono_ns, gap_deadline(lane, passage));
		due_mono_ns = earlier_ns(due_mono_ns, stuck_deadline(lane, passage));
		due_mono_ns = earlier_ns(due_mono_ns, lane_retry_deadline(passage));
	}
	return due_mono_ns;
}

static void expire(struct lane *lane, struct passage *passage, int64_t due_mono_ns)
{
	if (passage->stage == STAGE_CLOSED) {
		if (!passage_awaits_answer(passage))
			passage_drop(passage);
	} else if (passage->stage == STAGE_BEYOND) {
		close_passage(lane, passage, end_beyond(lane, passage), due_mono_ns);
	} else {
		passage->at_mono_ns[PASSAGE_CLEARED] = passage->sign_mono_ns;
		close_passage(lane, passage, lane_has_presence(lane) ? END_NO_VEHICLE : END_LEFT,
			      due_mono_ns);
	}
}

void lane_tick(struct lane *lane, int64_t at_mono_ns)
{
	if (lane->retry_mono_ns <= at_mono_ns)
		lane->retry_mono_ns = INT64_MAX;
	for (size_t i = 0; i < LANE_PASSAGES; i++) {
		struct passage *passage = &lane->passages[i];
		int64_t stuck_mono_ns = stuck_deadline(lane, passage);
		int64_t gap_mono_ns = gap_deadline(lane, passage);

		if (passage->stage != STAGE_FREE && stuck_mono_ns <= at_mono_ns) {
			lane->sensor.note = passage->note;
			sensor_set_alarm(&lane->sensor, lane->teller, 0, true, NULL, stuck_mono_ns);
		}
		if (passage->stage != STAGE_FREE && gap_mono_ns <= at_mono_ns)
			expire(lane, passage, gap_mono_ns);
		lane_retry_failed(passage, at_mono_ns);
	}
	end_judgement(lane);
}

void lane_start(struct lane *lane)
{
	sensor_start(&lane->sensor, lane->teller);
	for (size_t i = 0; i < LANE_PASSAGES; i++) {
		struct passage *passage = &lane->passages[i];

		if (passage->stage == STAGE_FREE)
			continue;
		if (!lane->site->questions.ask)
			lane_give_up_answers(lane, passage, lane->teller->now.mono_ns);
		if (passage->clock_ns == INT64_MIN)
			passage->clock_ns = lane->teller->now.utc_ns - lane->teller->now.mono_ns;
		passage->sign_mono_ns = lane->teller->now.mono_ns;
	}
	lane_attach_note(lane);
	lane_ask_registry(lane);
}
