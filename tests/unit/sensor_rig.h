/* Points and a teller for the tests of single sensors: events are written down as
 * "type@second ", the last body and state kept as they are. */
#ifndef TESTS_UNIT_SENSOR_RIG_H
#define TESTS_UNIT_SENSOR_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "transit/sensor.h"

#define RIG_POINTS 8
#define MS	   INT64_C(1000000)
#define S	   (1000 * MS)

struct rig {
	struct teller teller;
	struct point_conf confs[RIG_POINTS];
	struct point points[RIG_POINTS];
	int64_t rings[RIG_POINTS][16];
	char told[4096];
	char body[EVENT_BODY_BYTES];
	char state[EVENT_BODY_BYTES];
	char word[STATE_WORD_BYTES];
	size_t drafts;
};

static inline int64_t rig_ns(double at_s)
{
	return (int64_t)(at_s * 1e9 + 0.5);
}

static void rig_put(void *data, const struct event_draft *draft)
{
	struct rig *rig = data;
	size_t used = strlen(rig->told);
	const char *at;

	rig->drafts++;
	if (draft->state_key) {
		snprintf(rig->word, sizeof(rig->word), "%s", draft->state_word);
		snprintf(rig->state, sizeof(rig->state), "%s", draft->state);
	}
	if (!draft->type)
		return;
	snprintf(rig->body, sizeof(rig->body), "%s", draft->body);
	at = strstr(draft->body, "\"mono_ns\":");
	assert_non_null(at);
	snprintf(rig->told + used, sizeof(rig->told) - used, "%s@%g ", draft->type->name,
		 (double)strtoll(at + 10, NULL, 10) / 1e9);
}

/* Points without debounce that never grow stale; a test changes confs[] afterwards. */
static inline void rig_init(struct rig *rig)
{
	static const char *const names[RIG_POINTS] = {"d.a", "d.b", "d.c", "d.d",
						      "d.e", "d.f", "d.g", "d.h"};
	size_t i;

	*rig = (struct rig){.teller.now.clock = CLOCK_SYNCED};
	rig->teller.sink = (struct event_sink){.data = rig, .put = rig_put};
	for (i = 0; i < RIG_POINTS; i++) {
		rig->confs[i] = (struct point_conf){.name = names[i], .scale = 1};
		point_init(&rig->points[i], &rig->confs[i], rig->rings[i]);
	}
}

static inline void rig_set(struct rig *rig, size_t point, double at_s, struct value value)
{
	struct reading reading = {.at_mono_ns = rig_ns(at_s), .value = value};

	rig->teller.now.mono_ns = rig_ns(at_s);
	(void)point_reading(&rig->points[point], &reading);
}

static inline void rig_lose(struct rig *rig, size_t point, double at_s, enum reason reason)
{
	struct reading reading = {
		.at_mono_ns = rig_ns(at_s), .quality = QUALITY_FAULT, .reason = reason};

	rig->teller.now.mono_ns = rig_ns(at_s);
	(void)point_reading(&rig->points[point], &reading);
}

/* The events since the last time. */
static inline void rig_expect(struct rig *rig, const char *events)
{
	assert_string_equal(rig->told, events);
	rig->told[0] = '\0';
}

static inline void rig_expect_in(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("there is no %s in %s", part, text);
}

#endif
