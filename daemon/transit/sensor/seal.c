#include "transit/sensor/seal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SECONDS_PER_DAY	   86400
#define DOUBT_NS	   (5 * NS_PER_S) /* numbers that never are read twice are believed then */
#define WRAP_BITS_MAX	   62
#define WRAP_PART	   16 /* of a counter's range: more is no wrap */
#define BATTERY_HYSTERESIS 3 /* percent above the limit before an alarm is cleared */

static const struct {
	const char *word;
	enum event_id event;
} states[] = {
	[SEAL_INTACT] = {"intact", EVENT_SEAL_INTACT},
	[SEAL_OPENED] = {"opened", EVENT_SEAL_OPENED},
	[SEAL_TAMPERED] = {"tampered", EVENT_SEAL_TAMPERED},
	[SEAL_MISSING] = {"missing", EVENT_SEAL_MISSING},
	[SEAL_ABSENT] = {"absent", EVENT_SEAL_ABSENT},
	[SEAL_UNKNOWN] = {"unknown", EVENT_SEAL_UNKNOWN},
};

static const char *const input_names[SEAL_INPUT_COUNT] = {
	[SEAL_ID] = "id",
	[SEAL_STATUS] = "status",
	[SEAL_IS_OPENED] = "opened",
	[SEAL_IS_TAMPERED] = "tampered",
	[SEAL_LOOP] = "loop",
	[SEAL_BATTERY] = "battery",
	[SEAL_OPEN_COUNTER] = "open_counter",
	[SEAL_TAMPER_COUNTER] = "tamper_counter",
	[SEAL_SEALED_AT] = "sealed_at",
};

static void observe(const struct sensor *sensor, struct jw *json)
{
	const struct seal *seal = (const struct seal *)sensor;

	for (size_t i = 0; i < SEAL_INPUT_COUNT; i++) {
		if (i == SEAL_SEALED_AT && seal->closed_to_come)
			jw_text(json, input_names[i], NULL);
		else
			observe_point(json, input_names[i], seal->inputs[i]);
	}
}

void seal_init(struct seal *seal, const struct seal_conf *conf, const char *lane,
	       const struct point *const *points, struct seal_memory *memory)
{
	const int32_t references[SEAL_INPUT_COUNT] = {
		[SEAL_ID] = conf->id,
		[SEAL_STATUS] = conf->status,
		[SEAL_IS_OPENED] = conf->opened,
		[SEAL_IS_TAMPERED] = conf->tampered,
		[SEAL_LOOP] = conf->loop,
		[SEAL_BATTERY] = conf->battery,
		[SEAL_OPEN_COUNTER] = conf->open_counter,
		[SEAL_TAMPER_COUNTER] = conf->tamper_counter,
		[SEAL_SEALED_AT] = conf->sealed_at,
	};

	*seal = (struct seal){
		.conf = conf, .memory = memory, .state = SEAL_UNKNOWN, .doubt_mono_ns = INT64_MAX};
	sight_init(&seal->sight);
	for (size_t i = 0; i < SEAL_INPUT_COUNT; i++)
		seal->inputs[i] = point_ref(points, references[i]);
	seal->alarms[SEAL_LOW].event = EVENT_SEAL_BATTERY_LOW;
	seal->alarms[SEAL_CRITICAL].event = EVENT_SEAL_BATTERY_CRITICAL;
	sensor_init(&seal->sensor, "seal", lane, conf->name);
	seal->sensor.observe = observe;
	seal->sensor.alarms = seal->alarms;
	seal->sensor.alarm_count = SEAL_ALARM_COUNT;
}

static bool read_number(const struct seal *seal, char ret_id[VALUE_TEXT_BYTES])
{
	const struct value *value = seal->inputs[SEAL_ID] ? &seal->inputs[SEAL_ID]->value : NULL;

	ret_id[0] = '\0';
	if (!value)
		return true;
	if (value->type != VALUE_TEXT && value->type != VALUE_INT && value->type != VALUE_UINT)
		return false;
	value_number_text(value, ret_id);
	return true;
}

bool seal_number(const struct seal *seal, char ret_id[VALUE_TEXT_BYTES])
{
	if (!seal->waits)
		return read_number(seal, ret_id);
	memcpy(ret_id, seal->id, sizeof(seal->id));
	return true;
}

bool seal_shows_another(const struct seal *seal)
{
	return seal->waits && strcmp(seal->sight.shown, seal->id) != 0;
}

bool seal_closed_at(const struct seal *seal, int64_t *ret_utc_ns)
{
	const struct point *point = seal->inputs[SEAL_SEALED_AT];
	int64_t seconds;

	if (!point || !point_whole(point, &seconds) || seconds <= 0 ||
	    seconds > INT64_MAX / NS_PER_S || seal->closed_to_come)
		return false;
	*ret_utc_ns = seconds * NS_PER_S;
	return true;
}

/* Clocks of seals go wrong by seconds, words that are read in the wrong order by centuries. */
static bool closed_to_come(const struct seal *seal, const struct instant *now)
{
	const struct point *point = seal->inputs[SEAL_SEALED_AT];
	int64_t seconds;

	return point && now->clock != CLOCK_UNSYNCED && point_whole(point, &seconds) &&
	       seconds > now->utc_ns / NS_PER_S + SECONDS_PER_DAY;
}

const char *seal_state_name(enum seal_state state)
{
	return states[state].word;
}

static bool says(const struct seal *seal, enum seal_state state)
{
	const struct point *status = seal->inputs[SEAL_STATUS];

	return status && status->value.type == VALUE_TEXT &&
	       strcmp(status->value.text, states[state].word) == 0;
}

static bool status_is_no_word(const struct seal *seal)
{
	return seal->inputs[SEAL_STATUS] && !says(seal, SEAL_INTACT) && !says(seal, SEAL_OPENED) &&
	       !says(seal, SEAL_TAMPERED) && !says(seal, SEAL_MISSING) && !says(seal, SEAL_UNKNOWN);
}

static bool is(const struct seal *seal, enum seal_input which, enum answer answer)
{
	return seal->inputs[which] && point_answer(seal->inputs[which]) == answer;
}

/* The lost input that makes the state unknown; NULL: all that tell the state are good. */
static const struct point *lost_input(const struct seal *seal, bool id_known)
{
	const struct point *lost = NULL;

	if (!id_known)
		lost = seal->inputs[SEAL_ID];
	if (status_is_no_word(seal))
		lost = worse_input(lost, seal->inputs[SEAL_STATUS]);
	if (is(seal, SEAL_IS_OPENED, ANSWER_UNKNOWN))
		lost = worse_input(lost, seal->inputs[SEAL_IS_OPENED]);
	if (is(seal, SEAL_IS_TAMPERED, ANSWER_UNKNOWN))
		lost = worse_input(lost, seal->inputs[SEAL_IS_TAMPERED]);
	if (is(seal, SEAL_LOOP, ANSWER_UNKNOWN))
		lost = worse_input(lost, seal->inputs[SEAL_LOOP]);
	return lost;
}

static bool tells_state(const struct seal *seal)
{
	return seal->inputs[SEAL_STATUS] || seal->inputs[SEAL_IS_OPENED] ||
	       seal->inputs[SEAL_IS_TAMPERED] || seal->inputs[SEAL_LOOP];
}

/* Worst first; ret_reason: why it is unknown, when no input is lost. */
static enum seal_state decide(const struct seal *seal, bool no_seal, const struct point *lost,
			      const char **ret_reason)
{
	bool loop_cut = is(seal, SEAL_LOOP, ANSWER_NO);

	*ret_reason = NULL;
	if (no_seal && !loop_cut)
		return lost ? SEAL_UNKNOWN : SEAL_ABSENT;
	if (is(seal, SEAL_IS_TAMPERED, ANSWER_YES) || says(seal, SEAL_TAMPERED))
		return SEAL_TAMPERED;
	if (is(seal, SEAL_IS_OPENED, ANSWER_YES) || says(seal, SEAL_OPENED) || loop_cut)
		return SEAL_OPENED;
	if (lost)
		return SEAL_UNKNOWN;
	if (says(seal, SEAL_MISSING))
		return SEAL_MISSING;
	if (tells_state(seal)) {
		if (!says(seal, SEAL_UNKNOWN))
			return SEAL_INTACT;
		*ret_reason = "reported";
		return SEAL_UNKNOWN;
	}
	*ret_reason = "no_status"; /* a number alone says nothing of the seal's body */
	return SEAL_UNKNOWN;
}

static enum seal_state look_at(const struct seal *seal, bool id_known, const char *id,
			       struct verdict *ret_verdict)
{
	const struct point *lost = lost_input(seal, id_known);
	bool no_seal = seal->inputs[SEAL_ID] && id_known && id[0] == '\0';
	const char *reason;
	enum seal_state state = decide(seal, no_seal, lost, &reason);

	if (state == SEAL_UNKNOWN && lost)
		*ret_verdict = verdict_unknown(EVENT_SEAL_UNKNOWN, lost);
	else
		*ret_verdict = (struct verdict){
			.event = states[state].event, .word = states[state].word, .reason = reason};
	if ((state == SEAL_OPENED || state == SEAL_TAMPERED || state == SEAL_MISSING) && id_known &&
	    seal_memory_is_removed(seal->memory, id))
		ret_verdict->event = EVENT_SEAL_REMOVED;
	return state;
}

enum seal_state seal_state_shown(const struct seal *seal)
{
	char id[VALUE_TEXT_BYTES];
	struct verdict verdict;
	bool id_known = read_number(seal, id);

	return look_at(seal, id_known, id, &verdict);
}

/* When the inputs from first to last became what they are. */
static int64_t changed(const struct seal *seal, enum seal_input first, enum seal_input last)
{
	int64_t at_mono_ns = INT64_MIN;

	for (size_t i = first; i <= last; i++)
		if (seal->inputs[i] && seal->inputs[i]->changed_mono_ns > at_mono_ns)
			at_mono_ns = seal->inputs[i]->changed_mono_ns;
	return at_mono_ns;
}

/* The debounce of those that tell the state and are not settled. */
static int64_t unsettled_ns(const struct seal *seal)
{
	int64_t ns = 0;

	for (size_t i = SEAL_ID; i <= SEAL_IS_TAMPERED; i++) {
		const struct point *input = seal->inputs[i];

		if (input && !point_settled(input) && input->conf->debounce_ns > ns)
			ns = input->conf->debounce_ns;
	}
	return ns;
}

/* Of two tags at the edge of the field, or of one that is read badly, the number changes with each
 * reading. What tells of opening or tampering is never held back. */
static bool doubts_number(struct seal *seal, const char *id, enum seal_state state)
{
	const struct point *point = seal->inputs[SEAL_ID];

	if (!point || !point->conf->looked_at_twice || !seal->id[0] || strcmp(id, seal->id) == 0 ||
	    state == SEAL_OPENED || state == SEAL_TAMPERED) {
		seal->doubt_mono_ns = INT64_MAX;
		return false;
	}
	if (seal->doubt_mono_ns == INT64_MAX)
		seal->doubt_mono_ns = point->changed_mono_ns;
	return point->seen_mono_ns <= point->changed_mono_ns &&
	       point->seen_mono_ns - seal->doubt_mono_ns < DOUBT_NS;
}

/* In no reader's field: each edge of its loop is meant. */
static bool is_wired(const struct seal *seal)
{
	return seal->inputs[SEAL_LOOP] && !seal->inputs[SEAL_ID];
}

bool seal_waits(struct seal *seal, bool over)
{
	struct sight_look look = {.seen = SIGHT_THERE};
	char id[VALUE_TEXT_BYTES];
	struct verdict verdict;
	bool id_known = read_number(seal, id);
	enum seal_state state = look_at(seal, id_known, id, &verdict);

	seal->waits = false;
	seal->sight.due_ns = INT64_MAX;
	if (state == SEAL_UNKNOWN && (verdict.input || tells_state(seal))) {
		sight_lost(&seal->sight, changed(seal, SEAL_ID, SEAL_LOOP));
		return false;
	}
	seal->waits = doubts_number(seal, id, state);
	seal->sensor.waiting |= seal->waits;
	if (seal->waits) {
		sight_glimpse(&seal->sight, id, seal->inputs[SEAL_ID]->changed_mono_ns);
		return true;
	}
	if (state == SEAL_ABSENT)
		look.seen = SIGHT_ABSENT;
	else if (state == SEAL_MISSING)
		look.seen = SIGHT_MISSING;
	if (look.seen != SIGHT_THERE && state == seal->state)
		return false;
	look.number = id;
	look.at_mono_ns = changed(seal, SEAL_ID, SEAL_LOOP);
	look.unsettled_ns = unsettled_ns(seal);
	look.urgent = state == SEAL_OPENED || state == SEAL_TAMPERED || is_wired(seal);
	seal->waits = sight_waits(&seal->sight, &look, over);
	return seal->waits;
}

int64_t seal_deadline(const struct seal *seal)
{
	return seal->sight.due_ns;
}

static void tell_state(struct seal *seal, struct teller *teller, const char *previous_id)
{
	struct jw *json = sensor_begin_state(&seal->sensor, teller);
	uint32_t returns = sight_take_returns(&seal->sight);
	const struct point *told_by = seal->inputs[seal->inputs[SEAL_ID] ? SEAL_ID : SEAL_STATUS];

	if (returns > 0)
		jw_uint(json, "returns", returns);
	if (seal->sensor.previous && strcmp(seal->sensor.previous, seal->sensor.verdict.word) == 0)
		jw_bool(json, "other_seal", true);
	if (previous_id[0] && strcmp(previous_id, seal->id) != 0)
		jw_text(json, "previous_id", previous_id);
	sensor_tell_observed(&seal->sensor, json);
	if (told_by)
		tell_origin(json, told_by, &teller->now);
	sensor_end(&seal->sensor, teller, seal->sensor.verdict.event);
}

/* A counter that falls began anew, unless it is of a known width, and a few counts over its end:
 * nothing is opened thousands of times unseen. */
static bool went_back(const struct point *counter, int64_t before, int64_t now)
{
	const unsigned bits = counter->conf->raw.bits;
	int64_t range;

	if (now >= before)
		return false;
	if (bits == 0 || bits > WRAP_BITS_MAX || counter->conf->raw.is_signed)
		return true;
	range = INT64_C(1) << bits;
	return now < 0 || before >= range || now + range - before > range / WRAP_PART;
}

static void tell_reopened(struct seal *seal, struct teller *teller,
			  const struct seal_counter before[SEAL_COUNTERS], bool reset)
{
	int64_t at_mono_ns = changed(seal, SEAL_OPEN_COUNTER, SEAL_TAMPER_COUNTER);
	struct jw *json;

	if (at_mono_ns < seal->sensor.since_mono_ns)
		at_mono_ns = seal->sensor.since_mono_ns;
	json = sensor_begin_note(&seal->sensor, teller, at_mono_ns);
	jw_open(json, "before");
	for (size_t i = 0; i < SEAL_COUNTERS; i++)
		if (before[i].known)
			jw_int(json, input_names[SEAL_OPEN_COUNTER + i], before[i].count);
	jw_close(json);
	jw_bool(json, "counter_reset", reset);
	sensor_tell_observed(&seal->sensor, json);
	sensor_end(&seal->sensor, teller, EVENT_SEAL_REOPENED);
}

/* Whether a counter and the number are of the same seal: neither was read before the other
 * changed. Otherwise the seal was perhaps another one in the middle of a poll. */
static bool belongs(const struct seal *seal, const struct point *counter)
{
	const struct point *id = seal->inputs[SEAL_ID];

	return counter->seen_mono_ns >= seal->id_mono_ns &&
	       (!id || point_known_at(id, counter->changed_mono_ns));
}

static void compare_counters(struct seal *seal, struct teller *teller, struct seal_record *record)
{
	struct seal_counter before[SEAL_COUNTERS];
	bool moved = false, reset = false;

	memcpy(before, record->counters, sizeof(before));
	for (size_t i = 0; i < SEAL_COUNTERS; i++) {
		const struct point *counter = seal->inputs[SEAL_OPEN_COUNTER + i];
		struct seal_counter *known = &record->counters[i];
		int64_t count;

		if (!record->closed)
			known->known = false;
		if (!counter || !point_whole(counter, &count))
			continue;
		if (!belongs(seal, counter)) {
			seal->sensor.waiting = true;
			continue;
		}
		if (known->known && known->count != count) {
			moved = true;
			reset |= went_back(counter, known->count, count);
		}
		record->changed |= !known->known || known->count != count;
		*known = (struct seal_counter){.known = true, .count = count};
	}
	record->changed |= !record->closed;
	record->closed = true;
	seal->reopened = moved;
	if (record != &seal->own)
		seal_memory_remember(seal->memory, record, teller);
	if (moved)
		tell_reopened(seal, teller, before, reset);
}

static void judge_counters(struct seal *seal, struct teller *teller, enum seal_state state)
{
	struct seal_record *record = &seal->own;

	if (state != SEAL_INTACT && state != SEAL_OPENED && state != SEAL_TAMPERED)
		return;
	if (!seal->inputs[SEAL_OPEN_COUNTER] && !seal->inputs[SEAL_TAMPER_COUNTER])
		return;
	if (seal_memory_is_removed(seal->memory, seal->id))
		return;
	if (seal->id[0])
		record = seal_memory_take(seal->memory, seal->id);
	if (state == SEAL_INTACT) {
		compare_counters(seal, teller, record);
		return;
	}
	record->changed |= record->closed;
	record->closed = false; /* seen open: that it was opened is an event already */
	if (record != &seal->own)
		seal_memory_remember(seal->memory, record, teller);
}

static bool battery_percent(const struct seal *seal, double *ret_percent)
{
	const struct point *battery = seal->inputs[SEAL_BATTERY];

	return battery && point_number(battery, ret_percent) && *ret_percent >= 0 &&
	       *ret_percent <= 100;
}

static void judge_battery(struct seal *seal, struct teller *teller, bool other_seal)
{
	const double limits[SEAL_ALARM_COUNT] = {
		[SEAL_LOW] = (double)seal->conf->battery_low,
		[SEAL_CRITICAL] = (double)seal->conf->battery_critical,
	};
	int64_t at_mono_ns;
	double percent;

	if (!battery_percent(seal, &percent))
		return;
	at_mono_ns = seal->inputs[SEAL_BATTERY]->changed_mono_ns;
	if (other_seal && at_mono_ns < seal->inputs[SEAL_ID]->changed_mono_ns)
		at_mono_ns = seal->inputs[SEAL_ID]->changed_mono_ns;
	for (size_t i = 0; i < SEAL_ALARM_COUNT; i++) {
		if (percent < limits[i])
			sensor_set_alarm(&seal->sensor, teller, i, true, NULL, at_mono_ns);
		else if (other_seal || percent >= limits[i] + BATTERY_HYSTERESIS)
			sensor_set_alarm(&seal->sensor, teller, i, false, NULL, at_mono_ns);
	}
}

static void forget_battery(struct seal *seal, struct teller *teller)
{
	for (size_t i = 0; i < SEAL_ALARM_COUNT; i++)
		sensor_set_alarm(&seal->sensor, teller, i, false, NULL,
				 seal->inputs[SEAL_ID]->changed_mono_ns);
}

/* The retained state does not follow a battery that wavers by less than a percent. */
static void put_if_touched(struct seal *seal, struct teller *teller)
{
	int64_t others_mono_ns = changed(seal, SEAL_ID, SEAL_LOOP);
	int64_t counters_mono_ns = changed(seal, SEAL_OPEN_COUNTER, SEAL_TAMPER_COUNTER);
	double percent = -1;

	if (counters_mono_ns > others_mono_ns)
		others_mono_ns = counters_mono_ns;
	(void)battery_percent(seal, &percent);
	if (!seal->sensor.reported && others_mono_ns == seal->reported_mono_ns &&
	    fabs(percent - seal->reported_battery) < 1)
		seal->sensor.touched = false;
	if (seal->sensor.reported || seal->sensor.touched) {
		seal->reported_battery = percent;
		seal->reported_mono_ns = others_mono_ns;
	}
	sensor_put_if_touched(&seal->sensor, teller);
}

void seal_judge(struct seal *seal, struct teller *teller)
{
	char id[VALUE_TEXT_BYTES], previous_id[VALUE_TEXT_BYTES];
	struct verdict verdict;
	enum seal_state state;
	bool id_known, other_seal, entered;

	seal->sensor.waiting = false;
	seal->closed_to_come = closed_to_come(seal, &teller->now);
	memcpy(previous_id, seal->id, sizeof(previous_id));
	id_known = read_number(seal, id);
	if (id_known)
		memcpy(seal->id, id, sizeof(seal->id));
	other_seal = strcmp(previous_id, seal->id) != 0;
	if (other_seal)
		seal->id_mono_ns = seal->inputs[SEAL_ID]->changed_mono_ns;
	state = look_at(seal, id_known, id, &verdict);
	seal->state = state;
	seal->reopened = false;
	teller->subject = id_known && id[0] ? seal->id : NULL;
	entered = sensor_take(&seal->sensor, &verdict, other_seal,
			      changed(seal, SEAL_ID, SEAL_LOOP), teller);
	if (entered)
		tell_state(seal, teller, previous_id);
	if (id_known && !verdict.not_yet) {
		judge_counters(seal, teller, state);
		if (seal->inputs[SEAL_ID] && id[0] == '\0')
			forget_battery(seal, teller);
		else
			judge_battery(seal, teller, other_seal);
	}
	teller->subject = NULL;
	put_if_touched(seal, teller);
}
