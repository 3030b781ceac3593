#include "transit/sensor/barrier_traffic.h"

void traffic_init(struct traffic *traffic)
{
	*traffic = (struct traffic){
		.present = ANSWER_UNKNOWN,
		.blind = true,
		.passed = ANSWER_UNKNOWN,
		.passed_mono_ns = INT64_MAX,
	};
}

void traffic_boom(struct barrier *barrier, enum barrier_state before)
{
	struct traffic *traffic = &barrier->traffic;
	int64_t at_mono_ns = barrier->sensor.since_mono_ns;

	if (barrier->state == BARRIER_UNKNOWN || barrier->state == BARRIER_FAULT) {
		traffic->opening = false;
	} else if (barrier->state == BARRIER_CLOSED) {
		traffic->closed_mono_ns = at_mono_ns;
	} else if (before == BARRIER_CLOSED) {
		traffic->opening = true;
		traffic->opening_mono_ns = at_mono_ns;
		traffic->closed_mono_ns = INT64_MAX;
		traffic->vehicles = 0;
	}
}

/* A vehicle went through, if the boom was up then. */
static void count_vehicle(struct barrier *barrier, struct teller *teller, int64_t at_mono_ns)
{
	struct traffic *traffic = &barrier->traffic;
	struct jw *json;

	if (!traffic->opening || at_mono_ns < traffic->opening_mono_ns ||
	    at_mono_ns >= traffic->closed_mono_ns)
		return;
	if (++traffic->vehicles < 2)
		return;
	json = sensor_begin_note(&barrier->sensor, teller, at_mono_ns);
	jw_uint(json, "vehicles", traffic->vehicles);
	sensor_tell_observed(&barrier->sensor, json);
	sensor_end(&barrier->sensor, teller, EVENT_BARRIER_TAILGATE);
}

int64_t traffic_presence_changed(const struct barrier *barrier)
{
	int64_t at_mono_ns = barrier->presence->changed_mono_ns;

	if (barrier->presence_fault && barrier->presence_fault->changed_mono_ns > at_mono_ns)
		return barrier->presence_fault->changed_mono_ns;
	return at_mono_ns;
}

static void tell_presence(struct barrier *barrier, struct teller *teller, bool initial)
{
	bool present = barrier->traffic.present == ANSWER_YES;
	int64_t at_mono_ns = traffic_presence_changed(barrier);
	struct jw *json;

	if (initial && !present)
		return;
	json = sensor_begin_note(&barrier->sensor, teller, at_mono_ns);
	if (initial)
		jw_bool(json, "initial", true);
	sensor_tell_observed(&barrier->sensor, json);
	sensor_end(&barrier->sensor, teller,
		   present ? EVENT_PRESENCE_DETECTED : EVENT_PRESENCE_LEFT);
	if (!present && !barrier->passed)
		count_vehicle(barrier, teller, at_mono_ns);
}

/* Why it is not known whether a vehicle is there. false: it is known. */
static bool presence_lost(const struct barrier *barrier, struct verdict *ret_why)
{
	const struct point *fault = barrier->presence_fault;
	enum answer broken = point_answer(fault);
	bool lost = point_answer(barrier->presence) == ANSWER_UNKNOWN;

	if (broken == ANSWER_NO && !lost)
		return false;
	*ret_why = verdict_unknown(
		EVENT_PRESENCE_UNKNOWN,
		worse_input(lost ? barrier->presence : NULL, broken == ANSWER_NO ? NULL : fault));
	if (ret_why->input == fault && broken == ANSWER_YES)
		ret_why->reason = reason_name(REASON_DEVICE_ERROR);
	return true;
}

enum answer traffic_presence(const struct barrier *barrier)
{
	struct verdict why;

	return presence_lost(barrier, &why) ? ANSWER_UNKNOWN : point_answer(barrier->presence);
}

static void judge_presence(struct barrier *barrier, struct teller *teller)
{
	struct traffic *traffic = &barrier->traffic;
	enum answer before = traffic->present;
	int64_t at_mono_ns = traffic_presence_changed(barrier);
	struct verdict why;

	if (presence_lost(barrier, &why)) {
		traffic->blind = true;
		if (!why.not_yet)
			sensor_set_alarm(&barrier->sensor, teller, BARRIER_PRESENCE_UNKNOWN, true,
					 &why, at_mono_ns);
		return;
	}
	traffic->present = point_answer(barrier->presence);
	if (traffic->blind || traffic->present != before)
		traffic->present_mono_ns = at_mono_ns;
	traffic->blind = false;
	sensor_set_alarm(&barrier->sensor, teller, BARRIER_PRESENCE_UNKNOWN, false, NULL,
			 at_mono_ns);
	if (traffic->present != before)
		tell_presence(barrier, teller, before == ANSWER_UNKNOWN);
	sensor_set_alarm(&barrier->sensor, teller,
			 traffic->present == ANSWER_YES ? BARRIER_PRESENCE_ABSENT
							: BARRIER_PRESENCE_STUCK,
			 false, NULL, at_mono_ns);
}

static bool boom_known_at(const struct barrier *barrier, int64_t at_mono_ns)
{
	if (barrier->status)
		return point_known_at(barrier->status, at_mono_ns);
	return (!barrier->closed_limit || point_known_at(barrier->closed_limit, at_mono_ns)) &&
	       (!barrier->open_limit || point_known_at(barrier->open_limit, at_mono_ns));
}

static void judge_forced(struct barrier *barrier, struct teller *teller)
{
	struct traffic *traffic = &barrier->traffic;
	int64_t at_mono_ns = traffic->passed_mono_ns;
	int64_t closed_for_ns = at_mono_ns - barrier->sensor.since_mono_ns;

	if (at_mono_ns == INT64_MAX)
		return;
	if (barrier->state == BARRIER_CLOSED && closed_for_ns >= barrier->conf->travel_time_ns) {
		if (!boom_known_at(barrier, at_mono_ns)) {
			barrier->sensor.waiting = true;
			return;
		}
		sensor_tell_note(&barrier->sensor, teller, EVENT_BARRIER_FORCED, at_mono_ns);
	}
	traffic->passed_mono_ns = INT64_MAX;
}

static void judge_passed(struct barrier *barrier, struct teller *teller)
{
	struct traffic *traffic = &barrier->traffic;
	enum answer passed = point_answer(barrier->passed);

	if (passed == ANSWER_YES && traffic->passed == ANSWER_NO) {
		traffic->passed_mono_ns = barrier->passed->changed_mono_ns;
		count_vehicle(barrier, teller, traffic->passed_mono_ns);
	}
	traffic->passed = passed;
	judge_forced(barrier, teller);
}

void traffic_judge(struct barrier *barrier, struct teller *teller)
{
	if (barrier->presence)
		judge_presence(barrier, teller);
	if (barrier->passed)
		judge_passed(barrier, teller);
}

/* The alarm that is due if the presence stays as it is, and when; INT64_MAX: none. */
static int64_t due(const struct barrier *barrier, enum barrier_alarm *ret_which)
{
	const struct traffic *traffic = &barrier->traffic;
	bool present = traffic->present == ANSWER_YES;
	int64_t limit_ns =
		present ? barrier->conf->presence_stuck_ns : barrier->conf->absence_long_ns;

	*ret_which = present ? BARRIER_PRESENCE_STUCK : BARRIER_PRESENCE_ABSENT;
	if (traffic->blind || limit_ns == 0 || barrier->alarms[*ret_which].raised)
		return INT64_MAX;
	return traffic->present_mono_ns + limit_ns;
}

int64_t traffic_deadline(const struct barrier *barrier)
{
	enum barrier_alarm which;

	return due(barrier, &which);
}

void traffic_tick(struct barrier *barrier, struct teller *teller, int64_t at_mono_ns)
{
	enum barrier_alarm which;
	int64_t due_mono_ns = due(barrier, &which);

	if (due_mono_ns <= at_mono_ns)
		sensor_set_alarm(&barrier->sensor, teller, which, true, NULL, due_mono_ns);
}
