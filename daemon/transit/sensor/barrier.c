#include "transit/sensor/barrier.h"

#include <string.h>

#include "transit/sensor/barrier_traffic.h"

static const struct {
	const char *word;
	enum event_id event;
} states[] = {
	[BARRIER_CLOSED] = {"closed", EVENT_BARRIER_CLOSED},
	[BARRIER_OPENING] = {"opening", EVENT_BARRIER_OPENING},
	[BARRIER_OPEN] = {"open", EVENT_BARRIER_OPEN},
	[BARRIER_CLOSING] = {"closing", EVENT_BARRIER_CLOSING},
	[BARRIER_UNKNOWN] = {"unknown", EVENT_BARRIER_UNKNOWN},
	[BARRIER_FAULT] = {"fault", EVENT_BARRIER_FAULT},
};

#define STATE_COUNT (sizeof(states) / sizeof(states[0]))

static void observe(const struct sensor *sensor, struct jw *json)
{
	const struct barrier *barrier = (const struct barrier *)sensor;

	observe_point(json, "status", barrier->status);
	observe_point(json, "closed_limit", barrier->closed_limit);
	observe_point(json, "open_limit", barrier->open_limit);
	observe_point(json, "presence", barrier->presence);
	observe_point(json, "presence_fault", barrier->presence_fault);
	observe_point(json, "passed", barrier->passed);
	observe_point(json, "arm_broken", barrier->arm_broken);
}

void barrier_init(struct barrier *barrier, const struct barrier_conf *conf, const char *lane,
		  const struct point *const *points)
{
	static const enum event_id alarms[BARRIER_ALARM_COUNT] = {
		[BARRIER_ARM_BROKEN] = EVENT_BARRIER_ARM_BROKEN,
		[BARRIER_LIMIT_CONFLICT] = EVENT_BARRIER_LIMIT_CONFLICT,
		[BARRIER_TRAVEL_TIMEOUT] = EVENT_BARRIER_TRAVEL_TIMEOUT,
		[BARRIER_PRESENCE_UNKNOWN] = EVENT_PRESENCE_UNKNOWN,
		[BARRIER_PRESENCE_STUCK] = EVENT_PRESENCE_STUCK,
		[BARRIER_PRESENCE_ABSENT] = EVENT_PRESENCE_ABSENT_LONG,
	};

	*barrier = (struct barrier){
		.conf = conf,
		.status = point_ref(points, conf->status),
		.closed_limit = point_ref(points, conf->closed_limit),
		.open_limit = point_ref(points, conf->open_limit),
		.presence = point_ref(points, conf->presence),
		.presence_fault = point_ref(points, conf->presence_fault),
		.passed = point_ref(points, conf->passed),
		.arm_broken = point_ref(points, conf->arm_broken),
		.position = BARRIER_UNKNOWN,
		.heading = BARRIER_UNKNOWN,
		.moving_mono_ns = INT64_MAX,
		.timeout_mono_ns = INT64_MAX,
		.state = BARRIER_UNKNOWN,
	};
	for (size_t i = 0; i < BARRIER_ALARM_COUNT; i++)
		barrier->alarms[i].event = alarms[i];
	sensor_init(&barrier->sensor, "barrier", lane, conf->name);
	barrier->sensor.observe = observe;
	barrier->sensor.alarms = barrier->alarms;
	barrier->sensor.alarm_count = BARRIER_ALARM_COUNT;
	barrier->boom = barrier->sensor.verdict;
	traffic_init(&barrier->traffic);
}

static struct verdict verdict_of(enum barrier_state state, const char *reason)
{
	return (struct verdict){
		.event = states[state].event, .word = states[state].word, .reason = reason};
}

static struct verdict look_status(const struct point *status, enum barrier_state *ret_position)
{
	enum barrier_state state;
	bool says_nothing;

	*ret_position = BARRIER_UNKNOWN;
	if (status->value.type != VALUE_TEXT)
		return verdict_unknown(EVENT_BARRIER_UNKNOWN, status);
	for (state = 0; state < STATE_COUNT; state++)
		if (strcmp(states[state].word, status->value.text) == 0)
			break;
	if (state == STATE_COUNT)
		return verdict_unknown(EVENT_BARRIER_UNKNOWN, status);
	*ret_position = state;
	says_nothing = state == BARRIER_UNKNOWN || state == BARRIER_FAULT;
	return verdict_of(state, says_nothing ? "reported" : NULL);
}

static struct verdict look_limits(const struct barrier *barrier, enum barrier_state *ret_position)
{
	enum answer closed = point_answer(barrier->closed_limit);
	enum answer open = point_answer(barrier->open_limit);

	*ret_position = BARRIER_UNKNOWN;
	if (closed == ANSWER_UNKNOWN || open == ANSWER_UNKNOWN)
		return verdict_unknown(
			EVENT_BARRIER_UNKNOWN,
			worse_input(closed == ANSWER_UNKNOWN ? barrier->closed_limit : NULL,
				    open == ANSWER_UNKNOWN ? barrier->open_limit : NULL));
	if (closed == ANSWER_YES && open == ANSWER_YES) {
		*ret_position = BARRIER_FAULT;
		return verdict_of(BARRIER_FAULT, "limit_conflict");
	}
	*ret_position = barrier->heading;
	if (closed == ANSWER_YES)
		*ret_position = BARRIER_CLOSED;
	if (open == ANSWER_YES)
		*ret_position = BARRIER_OPEN;
	return verdict_of(*ret_position,
			  *ret_position == BARRIER_UNKNOWN ? "between_limits" : NULL);
}

static int64_t later(int64_t at_mono_ns, const struct point *point)
{
	return point && point->changed_mono_ns > at_mono_ns ? point->changed_mono_ns : at_mono_ns;
}

/* When the boom's inputs became what they are. */
static int64_t boom_changed(const struct barrier *barrier)
{
	if (barrier->status)
		return barrier->status->changed_mono_ns;
	return later(later(INT64_MIN, barrier->closed_limit), barrier->open_limit);
}

static bool under_way(const struct barrier *barrier)
{
	const char *reason = barrier->boom.reason;

	return barrier->position == BARRIER_OPENING || barrier->position == BARRIER_CLOSING ||
	       (reason && strcmp(reason, "between_limits") == 0);
}

static void note_travel(struct barrier *barrier, enum barrier_state before)
{
	bool turned = barrier->position != before;

	if (!under_way(barrier)) {
		barrier->moving_mono_ns = INT64_MAX;
		if (barrier->position != BARRIER_UNKNOWN) /* which is no arrival */
			barrier->timeout_mono_ns = INT64_MAX;
		return;
	}
	if (barrier->moving_mono_ns == INT64_MAX || turned)
		barrier->moving_mono_ns = boom_changed(barrier);
	if (turned && before != BARRIER_UNKNOWN)
		barrier->timeout_mono_ns = INT64_MAX;
}

static void note_heading(struct barrier *barrier)
{
	if (barrier->position == BARRIER_CLOSED)
		barrier->heading = BARRIER_OPENING;
	else if (barrier->position == BARRIER_OPEN)
		barrier->heading = BARRIER_CLOSING;
	else if (!under_way(barrier))
		barrier->heading = BARRIER_UNKNOWN;
}

static void look(struct barrier *barrier)
{
	enum barrier_state before = barrier->position;
	if (barrier->status)
		barrier->boom = look_status(barrier->status, &barrier->position);
	else if (barrier->closed_limit || barrier->open_limit)
		barrier->boom = look_limits(barrier, &barrier->position);
	note_travel(barrier, before);
	note_heading(barrier);
}

static bool arm_is_broken(const struct barrier *barrier)
{
	enum answer broken = point_answer(barrier->arm_broken);

	if (broken == ANSWER_UNKNOWN) /* stays as it was last known */
		return barrier->alarms[BARRIER_ARM_BROKEN].raised;
	return broken == ANSWER_YES;
}

static bool has_one_limit(const struct barrier *barrier)
{
	return !barrier->status && (!barrier->closed_limit || !barrier->open_limit);
}

static enum barrier_state decide(const struct barrier *barrier, bool arm_broken,
				 struct verdict *ret_verdict)
{
	*ret_verdict = barrier->boom;
	if (arm_broken) {
		*ret_verdict = verdict_of(BARRIER_FAULT, "arm_broken");
		return BARRIER_FAULT;
	}
	if (under_way(barrier) && barrier->timeout_mono_ns != INT64_MAX && has_one_limit(barrier)) {
		enum barrier_state end = barrier->closed_limit ? BARRIER_OPEN : BARRIER_CLOSED;

		*ret_verdict = verdict_of(end, "assumed");
		return end;
	}
	if (under_way(barrier) && barrier->timeout_mono_ns != INT64_MAX) {
		*ret_verdict = verdict_of(BARRIER_FAULT, "travel_timeout");
		return BARRIER_FAULT;
	}
	return barrier->position;
}

static void tell_alarms(struct barrier *barrier, struct teller *teller, bool arm_broken)
{
	bool timed_out = barrier->timeout_mono_ns != INT64_MAX && !has_one_limit(barrier);
	bool conflict = barrier->alarms[BARRIER_LIMIT_CONFLICT].raised;
	int64_t at_mono_ns = boom_changed(barrier);

	if (barrier->position == BARRIER_FAULT)
		conflict = !barrier->status;
	else if (barrier->position != BARRIER_UNKNOWN || under_way(barrier))
		conflict = false;
	if (barrier->arm_broken)
		sensor_set_alarm(&barrier->sensor, teller, BARRIER_ARM_BROKEN, arm_broken, NULL,
				 barrier->arm_broken->changed_mono_ns);
	sensor_set_alarm(&barrier->sensor, teller, BARRIER_LIMIT_CONFLICT, conflict, NULL,
			 at_mono_ns);
	sensor_set_alarm(&barrier->sensor, teller, BARRIER_TRAVEL_TIMEOUT, timed_out, NULL,
			 timed_out ? barrier->timeout_mono_ns : at_mono_ns);
}

void barrier_judge(struct barrier *barrier, struct teller *teller)
{
	enum barrier_state before = barrier->state;
	int64_t at_mono_ns = later(boom_changed(barrier), barrier->arm_broken);
	struct verdict verdict;
	bool arm_broken, entered;

	barrier->sensor.waiting = false;
	look(barrier);
	arm_broken = arm_is_broken(barrier);
	barrier->state = decide(barrier, arm_broken, &verdict);
	if (barrier->timeout_mono_ns != INT64_MAX && barrier->timeout_mono_ns > at_mono_ns)
		at_mono_ns = barrier->timeout_mono_ns;
	entered = sensor_take(&barrier->sensor, &verdict, false, at_mono_ns, teller);
	tell_alarms(barrier, teller, arm_broken);
	if (entered) {
		traffic_boom(barrier, before);
		sensor_tell_state(&barrier->sensor, teller);
	}
	traffic_judge(barrier, teller);
	sensor_put_if_touched(&barrier->sensor, teller);
}

static int64_t debounce_ns(const struct point *point)
{
	return point ? point->conf->debounce_ns : 0;
}

/* A limit that was reached in time is known only when its debounce is over. */
static int64_t arrival_ns(const struct barrier *barrier)
{
	int64_t status_ns = debounce_ns(barrier->status);
	int64_t closed_ns = debounce_ns(barrier->closed_limit);
	int64_t open_ns = debounce_ns(barrier->open_limit);
	int64_t limit_ns = closed_ns > open_ns ? closed_ns : open_ns;

	return status_ns > limit_ns ? status_ns : limit_ns;
}

static int64_t travel_deadline(const struct barrier *barrier)
{
	if (barrier->moving_mono_ns == INT64_MAX || barrier->timeout_mono_ns != INT64_MAX ||
	    barrier->conf->travel_time_ns == 0)
		return INT64_MAX;
	return barrier->moving_mono_ns + barrier->conf->travel_time_ns + arrival_ns(barrier);
}

int64_t barrier_deadline(const struct barrier *barrier)
{
	return earlier_ns(travel_deadline(barrier), traffic_deadline(barrier));
}

void barrier_tick(struct barrier *barrier, struct teller *teller, int64_t at_mono_ns)
{
	if (travel_deadline(barrier) <= at_mono_ns)
		barrier->timeout_mono_ns = barrier->moving_mono_ns + barrier->conf->travel_time_ns;
	barrier_judge(barrier, teller);
	traffic_tick(barrier, teller, at_mono_ns);
}
