#include "transit/sensor/sensor.h"

#include <stdio.h>
#include <string.h>

struct jw *sensor_begin(const struct sensor *sensor, struct teller *teller, int64_t at_mono_ns)
{
	struct jw *json = tell_begin_untimed(teller);

	if (sensor->lane)
		jw_text(json, "lane", sensor->lane);
	jw_text(json, "sensor", sensor->name);
	if (sensor->note)
		jw_members(json, sensor->note, strlen(sensor->note));
	tell_occurred(teller, at_mono_ns);
	return json;
}

#define AGREES_NS (2 * NS_PER_S) /* so far off a device's clock may be */

static void put_verdict(struct jw *json, const struct verdict *verdict)
{
	if (verdict->reason)
		jw_text(json, "reason", verdict->reason);
	if (!verdict->input)
		return;
	jw_text(json, "input", verdict->input->conf->name);
	if (verdict->input->refused.type != VALUE_NONE)
		jw_value(json, "raw", &verdict->input->refused);
}

static void put_alarms(struct jw *json, const struct sensor *sensor)
{
	jw_open_array(json, "alarms");
	for (size_t i = 0; i < sensor->alarm_count; i++)
		if (sensor->alarms[i].raised)
			jw_text(json, NULL, event_type(sensor->alarms[i].event)->name);
	jw_close_array(json);
}

void sensor_put_members(const struct sensor *sensor, struct jw *json)
{
	if (sensor->lane)
		jw_text(json, "lane", sensor->lane);
	jw_text(json, "sensor", sensor->name);
	jw_text(json, "kind", sensor->kind);
	jw_text(json, "state", sensor->verdict.word);
	jw_text(json, "quality", quality_name(sensor->verdict.quality));
	put_verdict(json, &sensor->verdict);
	event_moment(json, "since", sensor->since_mono_ns, &sensor->since_clock);
	sensor_tell_observed(sensor, json);
	put_alarms(json, sensor);
}

static void tell_retained(struct sensor *sensor, struct teller *teller)
{
	struct jw state;

	jw_start(&state, teller->state_text, sizeof(teller->state_text));
	sensor_put_members(sensor, &state);
	tell_with_state(teller, sensor->key, sensor->verdict.word, &state);
	teller->draft.state_patient = sensor->patient;
	sensor->reported = true;
}

void sensor_end(struct sensor *sensor, struct teller *teller, enum event_id event)
{
	sensor_end_as(sensor, teller, event_type(event));
}

void sensor_end_as(struct sensor *sensor, struct teller *teller, const struct event_type *type)
{
	tell_retained(sensor, teller);
	tell_end_as(teller, type);
}

void sensor_put_state(struct sensor *sensor, struct teller *teller)
{
	tell_retained(sensor, teller);
	teller_flush(teller);
}

void alarm_tell(const struct alarm *alarm, struct teller *teller, int64_t at_mono_ns)
{
	tell_alarm(teller, alarm->raised ? ALARM_RAISED : ALARM_CLEARED);
	if (!alarm->raised)
		jw_int(&teller->body, "lasted_ms", (at_mono_ns - alarm->since_mono_ns) / NS_PER_MS);
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

	sensor->reported = false;
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

void sensor_tell_observed(const struct sensor *sensor, struct jw *json)
{
	jw_open(json, "observed");
	sensor->observe(sensor, json);
	jw_close(json);
}

struct jw *sensor_begin_state(struct sensor *sensor, struct teller *teller)
{
	struct jw *json = sensor_begin(sensor, teller, sensor->since_mono_ns);

	jw_text(json, "state", sensor->verdict.word);
	if (sensor->previous)
		jw_text(json, "previous", sensor->previous);
	else
		jw_bool(json, "initial", true);
	if (!sensor->previous && sensor->before_restart[0])
		jw_text(json, "before_restart", sensor->before_restart);
	put_verdict(json, &sensor->verdict);
	return json;
}

void sensor_tell_state(struct sensor *sensor, struct teller *teller)
{
	struct jw *json = sensor_begin_state(sensor, teller);

	sensor_tell_observed(sensor, json);
	sensor_end(sensor, teller, sensor->verdict.event);
}

struct jw *sensor_begin_note(struct sensor *sensor, struct teller *teller, int64_t at_mono_ns)
{
	struct jw *json = sensor_begin(sensor, teller, at_mono_ns);

	jw_text(json, "state", sensor->verdict.word);
	return json;
}

void sensor_tell_note(struct sensor *sensor, struct teller *teller, enum event_id event,
		      int64_t at_mono_ns)
{
	struct jw *json = sensor_begin_note(sensor, teller, at_mono_ns);

	sensor_tell_observed(sensor, json);
	sensor_end(sensor, teller, event);
}

void sensor_set_alarm(struct sensor *sensor, struct teller *teller, size_t which, bool raised,
		      const struct verdict *why, int64_t at_mono_ns)
{
	struct alarm *alarm = &sensor->alarms[which];
	struct jw *json;

	if (alarm->raised == raised)
		return;
	if (!raised && at_mono_ns < alarm->since_mono_ns)
		at_mono_ns = alarm->since_mono_ns;
	alarm->raised = raised;
	json = sensor_begin_note(sensor, teller, at_mono_ns);
	alarm_tell(alarm, teller, at_mono_ns);
	alarm->since_mono_ns = at_mono_ns;
	if (why)
		put_verdict(json, why);
	sensor_tell_observed(sensor, json);
	sensor_end(sensor, teller, alarm->event);
}

void sensor_put_if_touched(struct sensor *sensor, struct teller *teller)
{
	if (sensor->waiting)
		return;
	if (sensor->touched && !sensor->reported)
		sensor_put_state(sensor, teller);
	sensor->touched = false;
}

void sensor_start(struct sensor *sensor, struct teller *teller)
{
	sensor->since_mono_ns = teller->now.mono_ns;
	sensor->since_clock = teller->now;
	sensor_put_state(sensor, teller);
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

void observe_point(struct jw *json, const char *key, const struct point *point)
{
	if (point)
		jw_value(json, key, &point->value);
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

/* Whether the device's time can be believed, as far as ours can. */
static const char *clock_word(const struct origin *origin, const struct instant *now)
{
	if (now->clock == CLOCK_UNSYNCED)
		return "unknown";
	return origin->ahead_ns > AGREES_NS || origin->ahead_ns < -AGREES_NS ? "differs" : "agrees";
}

void tell_origin(struct jw *json, const struct point *point, const struct instant *now)
{
	const struct origin *origin = &point->origin;
	const char *name = point->conf->name, *other = NULL;

	if (!origin_is_told(origin))
		return;
	jw_open(json, "source");
	jw_text(json, "input", name);
	if (origin->has_confidence)
		jw_real(json, "confidence", origin->confidence);
	if (origin->has_time) {
		jw_utc(json, "read_at", origin->utc_ns);
		jw_text(json, "clock", clock_word(origin, now));
		jw_int(json, "ahead_ms", origin->ahead_ns / NS_PER_MS);
	}
	if (origin->picture[0])
		jw_text(json, "picture", origin->picture);
	if (origin->others[0]) {
		jw_open_array(json, "others");
		while ((other = others_next(origin->others, other)))
			jw_text(json, NULL, other);
		jw_close_array(json);
	}
	jw_close(json);
}
