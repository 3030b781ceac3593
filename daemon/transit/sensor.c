#include "sensor.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

struct json *tell_begin(struct teller *teller, const struct sensor *sensor, int64_t at_mono_ns)
{
	struct json *json = &teller->body;

	json_start(json, teller->body_text, sizeof(teller->body_text));
	if (sensor && sensor->lane)
		json_text(json, "lane", sensor->lane);
	if (sensor)
		json_text(json, "sensor", sensor->name);
	if (sensor && sensor->note)
		json_members(json, sensor->note, strlen(sensor->note));
	event_moment(json, "occurred", at_mono_ns, &teller->now);
	teller->at_mono_ns = at_mono_ns;
	return json;
}

static void put_verdict(struct json *json, const struct verdict *verdict)
{
	if (verdict->reason)
		json_text(json, "reason", verdict->reason);
	if (verdict->input)
		json_text(json, "input", verdict->input->conf->name);
}

static void put_alarms(struct json *json, const struct sensor *sensor)
{
	size_t i;

	json_open_array(json, "alarms");
	for (i = 0; i < sensor->alarm_count; i++)
		if (sensor->alarms[i].raised)
			json_text(json, NULL, event_type(sensor->alarms[i].event)->name);
	json_close_array(json);
}

static void put_state(struct json *json, const struct sensor *sensor)
{
	if (sensor->lane)
		json_text(json, "lane", sensor->lane);
	json_text(json, "sensor", sensor->name);
	json_text(json, "kind", sensor->kind);
	json_text(json, "state", sensor->verdict.word);
	json_text(json, "quality", quality_name(sensor->verdict.quality));
	put_verdict(json, &sensor->verdict);
	event_moment(json, "since", sensor->since_mono_ns, &sensor->since_clock);
	sensor_tell_observed(sensor, json);
	put_alarms(json, sensor);
}

static void put_draft(struct teller *teller, struct event_draft *draft, struct sensor *sensor)
{
	struct json state;

	if (sensor) {
		json_start(&state, teller->state_text, sizeof(teller->state_text));
		put_state(&state, sensor);
		assert(json_ok(&state));
		draft->state_key = sensor->key;
		draft->state_word = sensor->verdict.word;
		draft->state = state.out;
		draft->state_bytes = state.bytes;
		sensor->told = true;
	}
	draft->memories = teller->memories;
	draft->memory_count = teller->memory_count;
	teller->memory_count = 0;
	teller->sink.put(teller->sink.data, draft);
}

void teller_remember(struct teller *teller, const char *key, const char *text)
{
	assert(teller->memory_count < TELLER_MEMORIES);
	teller->memories[teller->memory_count++] = (struct event_memory){.key = key, .text = text};
}

void teller_flush(struct teller *teller)
{
	struct event_draft draft = {0};

	if (teller->memory_count > 0)
		put_draft(teller, &draft, NULL);
}

void tell_end(struct teller *teller, enum event_id event, struct sensor *sensor)
{
	struct event_draft draft = {
		.type = event_type(event),
		.body = teller->body.out,
		.body_bytes = teller->body.bytes,
	};

	assert(json_ok(&teller->body));
	put_draft(teller, &draft, sensor);
}

void tell_alarm(struct json *json, const struct alarm *alarm, int64_t at_mono_ns)
{
	json_text(json, "alarm", alarm->raised ? "raised" : "cleared");
	if (!alarm->raised)
		json_int(json, "lasted_ms", (at_mono_ns - alarm->since_mono_ns) / NS_PER_MS);
}

void sensor_init(struct sensor *sensor, const char *kind, const char *lane, const char *name)
{
	sensor->kind = kind;
	sensor->lane = lane;
	sensor->name = name;
	snprintf(sensor->key, sizeof(sensor->key), "%s/%s", lane ? lane : "gateway", name);
	sensor->verdict = (struct verdict){
		.word = "unknown",
		.quality = QUALITY_STALE,
		.reason = reason_name(REASON_NOT_YET),
		.not_yet = true,
	};
}

bool sensor_take(struct sensor *sensor, const struct verdict *verdict, bool anew,
		 int64_t at_mono_ns, const struct teller *teller)
{
	bool entered;

	sensor->told = false;
	if (verdict->not_yet)
		return false;
	entered = anew || !sensor->judged || strcmp(sensor->verdict.word, verdict->word) != 0;
	if (entered) {
		sensor->previous = sensor->judged ? sensor->verdict.word : NULL;
		if (!sensor->judged || at_mono_ns > sensor->since_mono_ns)
			sensor->since_mono_ns = at_mono_ns;
		sensor->since_clock = teller->now;
	}
	sensor->verdict = *verdict;
	sensor->judged = true;
	return entered;
}

void sensor_tell_observed(const struct sensor *sensor, struct json *json)
{
	json_open(json, "observed");
	sensor->observe(sensor, json);
	json_close(json);
}

struct json *sensor_begin_state(struct sensor *sensor, struct teller *teller)
{
	struct json *json = tell_begin(teller, sensor, sensor->since_mono_ns);

	json_text(json, "state", sensor->verdict.word);
	if (sensor->previous)
		json_text(json, "previous", sensor->previous);
	else
		json_bool(json, "initial", true);
	if (!sensor->previous && sensor->before_restart[0])
		json_text(json, "before_restart", sensor->before_restart);
	put_verdict(json, &sensor->verdict);
	return json;
}

void sensor_tell_state(struct sensor *sensor, struct teller *teller)
{
	struct json *json = sensor_begin_state(sensor, teller);

	sensor_tell_observed(sensor, json);
	tell_end(teller, sensor->verdict.event, sensor);
}

struct json *sensor_begin_note(struct sensor *sensor, struct teller *teller, int64_t at_mono_ns)
{
	struct json *json = tell_begin(teller, sensor, at_mono_ns);

	json_text(json, "state", sensor->verdict.word);
	return json;
}

void sensor_tell_note(struct sensor *sensor, struct teller *teller, enum event_id event,
		      int64_t at_mono_ns)
{
	struct json *json = sensor_begin_note(sensor, teller, at_mono_ns);

	sensor_tell_observed(sensor, json);
	tell_end(teller, event, sensor);
}

void sensor_set_alarm(struct sensor *sensor, struct teller *teller, size_t which, bool raised,
		      const struct verdict *why, int64_t at_mono_ns)
{
	struct alarm *alarm = &sensor->alarms[which];
	struct json *json;

	if (alarm->raised == raised)
		return;
	if (!raised && at_mono_ns < alarm->since_mono_ns)
		at_mono_ns = alarm->since_mono_ns;
	alarm->raised = raised;
	json = sensor_begin_note(sensor, teller, at_mono_ns);
	tell_alarm(json, alarm, at_mono_ns);
	alarm->since_mono_ns = at_mono_ns;
	if (why)
		put_verdict(json, why);
	sensor_tell_observed(sensor, json);
	tell_end(teller, alarm->event, sensor);
}

void sensor_put(struct sensor *sensor, struct teller *teller)
{
	struct event_draft draft = {0};

	put_draft(teller, &draft, sensor);
}

void sensor_settle(struct sensor *sensor, struct teller *teller)
{
	if (sensor->waiting)
		return;
	if (sensor->touched && !sensor->told)
		sensor_put(sensor, teller);
	sensor->touched = false;
}

void sensor_start(struct sensor *sensor, struct teller *teller)
{
	sensor->since_mono_ns = teller->now.mono_ns;
	sensor->since_clock = teller->now;
	sensor_put(sensor, teller);
}

struct verdict verdict_unknown(enum event_id event, const struct point *input)
{
	struct verdict verdict = {
		.event = event,
		.word = "unknown",
		.quality = input->quality,
		.reason = reason_name(input->reason),
		.input = input,
		.not_yet = input->reason == REASON_NOT_YET,
	};

	if (point_good(input)) { /* a value that means nothing here */
		verdict.quality = QUALITY_FAULT;
		verdict.reason = reason_name(REASON_OUT_OF_RANGE);
	}
	return verdict;
}

const struct point *worse_input(const struct point *a, const struct point *b)
{
	if (!a)
		return b;
	if (b && a->reason == REASON_NOT_YET && b->reason != REASON_NOT_YET)
		return b;
	return a;
}

void observe_point(struct json *json, const char *key, const struct point *point)
{
	if (point)
		json_value(json, key, &point->value);
}

enum answer point_answer(const struct point *point)
{
	bool truth;

	if (!point)
		return ANSWER_NO;
	if (!point_truth(point, &truth))
		return ANSWER_UNKNOWN;
	return truth ? ANSWER_YES : ANSWER_NO;
}
