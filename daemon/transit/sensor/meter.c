#include "transit/sensor/meter.h"

#include <math.h>

static void observe(const struct sensor *sensor, struct jw *json)
{
	const struct meter *meter = (const struct meter *)sensor;

	observe_point(json, "value", meter->value);
	if (meter->unit.type == VALUE_TEXT)
		jw_value(json, "unit", &meter->unit);
}

void meter_init(struct meter *meter, const struct meter_conf *conf,
		const struct point *const *points)
{
	*meter = (struct meter){.conf = conf, .value = point_ref(points, conf->value)};
	if (conf->unit)
		meter->unit = value_text(conf->unit);
	sensor_init(&meter->sensor, "meter", NULL, conf->name);
	meter->sensor.patient = true;
	meter->sensor.observe = observe;
}

static void report(struct meter *meter, struct teller *teller, double number, int64_t at_mono_ns)
{
	static const struct verdict measured = {.event = EVENT_METER_VALUE, .word = "measured"};
	bool initial = !meter->sensor.judged;
	struct jw *json;

	(void)sensor_take(&meter->sensor, &measured, true, at_mono_ns, teller);
	meter->reported = true;
	meter->reported_number = number;
	meter->reported_mono_ns = at_mono_ns;
	meter->held_back = false;
	json = sensor_begin(&meter->sensor, teller, at_mono_ns);
	if (initial)
		jw_bool(json, "initial", true);
	sensor_tell_observed(&meter->sensor, json);
	sensor_end(&meter->sensor, teller, EVENT_METER_VALUE);
}

static void lose(struct meter *meter, struct teller *teller)
{
	struct verdict verdict = verdict_unknown(EVENT_METER_UNKNOWN, meter->value);

	meter->reported = false;
	meter->held_back = false;
	if (sensor_take(&meter->sensor, &verdict, false, meter->value->changed_mono_ns, teller))
		sensor_tell_state(&meter->sensor, teller);
	sensor_put_if_touched(&meter->sensor, teller);
}

static bool changed_enough(const struct meter *meter, double number)
{
	double change = fabs(number - meter->reported_number);

	return change > 0 && change >= meter->conf->report_on_change;
}

void meter_judge(struct meter *meter, struct teller *teller)
{
	int64_t at_mono_ns;
	double number;

	if (!meter->value)
		return;
	if (!point_number(meter->value, &number)) {
		lose(meter, teller);
		return;
	}
	at_mono_ns = meter->value->changed_mono_ns;
	meter->sensor.touched = false;
	if (!meter->reported)
		report(meter, teller, number, at_mono_ns);
	else if (!changed_enough(meter, number))
		meter->held_back = false;
	else if (at_mono_ns - meter->reported_mono_ns < meter->conf->report_min_ns)
		meter->held_back = true;
	else
		report(meter, teller, number, at_mono_ns);
}

int64_t meter_deadline(const struct meter *meter)
{
	if (!meter->reported)
		return INT64_MAX;
	if (meter->held_back)
		return meter->reported_mono_ns + meter->conf->report_min_ns;
	if (meter->conf->report_every_ns > 0)
		return meter->reported_mono_ns + meter->conf->report_every_ns;
	return INT64_MAX;
}

void meter_tick(struct meter *meter, struct teller *teller, int64_t at_mono_ns)
{
	int64_t due_mono_ns = meter_deadline(meter);
	double number;

	if (due_mono_ns <= at_mono_ns && point_number(meter->value, &number))
		report(meter, teller, number, due_mono_ns);
}
