#include "sensor_rig.h"

int64_t seconds_ns(double at_s)
{
	return (int64_t)(at_s * 1e9 + 0.5);
}

void sensor_rig_put(void *data, const struct event_draft *draft)
{
	struct sensor_rig *rig = data;
	size_t used = strlen(rig->told);
	const char *at;

	rig->drafts++;
	if (draft->state_key) {
		snprintf(rig->word, sizeof(rig->word), "%s", draft->state_word);
		snprintf(rig->state, sizeof(rig->state), "%s", draft->state);
	}
	for (size_t i = 0; i < draft->memory_count; i++)
		if (!draft->memories[i].text)
			snprintf(rig->forgotten + strlen(rig->forgotten),
				 sizeof(rig->forgotten) - strlen(rig->forgotten), "%s ",
				 draft->memories[i].key);
	if (!draft->type)
		return;
	snprintf(rig->body, sizeof(rig->body), "%s", draft->body);
	at = strstr(draft->body, "\"mono_ns\":");
	assert_non_null(at);
	snprintf(rig->told + used, sizeof(rig->told) - used, "%s@%g ", draft->type->name,
		 (double)strtoll(at + 10, NULL, 10) / 1e9);
}

void sensor_rig_init(struct sensor_rig *rig)
{
	static const char *const names[SENSOR_RIG_POINTS] = {"d.a", "d.b", "d.c", "d.d", "d.e",
							     "d.f", "d.g", "d.h", "d.i"};

	*rig = (struct sensor_rig){.teller.now.clock = CLOCK_SYNCED};
	rig->teller.sink = (struct event_sink){.data = rig, .put = sensor_rig_put};
	for (size_t i = 0; i < SENSOR_RIG_POINTS; i++) {
		rig->confs[i] = (struct point_conf){.name = names[i], .scale = 1};
		point_init(&rig->points[i], &rig->confs[i], rig->rings[i]);
		rig->table[i] = &rig->points[i];
	}
}

void sensor_rig_set(struct sensor_rig *rig, size_t point, double at_s, struct value value)
{
	struct reading reading = {.at_mono_ns = seconds_ns(at_s), .value = value};

	rig->teller.now.mono_ns = seconds_ns(at_s);
	(void)point_reading(&rig->points[point], &reading);
}

void sensor_rig_lose(struct sensor_rig *rig, size_t point, double at_s, enum reason reason)
{
	struct reading reading = {
		.at_mono_ns = seconds_ns(at_s), .quality = QUALITY_FAULT, .reason = reason};

	rig->teller.now.mono_ns = seconds_ns(at_s);
	(void)point_reading(&rig->points[point], &reading);
}

void assert_told(struct sensor_rig *rig, const char *events)
{
	assert_string_equal(rig->told, events);
	rig->told[0] = '\0';
}

const struct booked_alarm *find_alarm(struct alarm_book *book, const char *resource,
				      enum event_id type)
{
	return alarm_book_find(book, resource, event_type(type));
}
