/* What the parts of a source share, from the top: source.c (it is made, time passes), source_hear.c
 * (what a message says), source_give.c (what becomes of that), source_tell.c (words for people). */
#ifndef CORRIDORD_MAPPER_SOURCE_PRIVATE_H
#define CORRIDORD_MAPPER_SOURCE_PRIVATE_H

#include "mapper/source.h"

#define SOURCE_WHAT_BYTES 320
#define SOURCE_SAMPLE	  PARCEL_SAMPLE /* bytes of a message that are shown */
#define SOURCE_CALM_NS	  (60 * NS_PER_S) /* without a message dropped: the next one is told again */

/* What of a record that is being read belongs together. */
struct source_record {
	const struct map_record *map;
	const struct instant *now;
	struct origin origin; /* its own time; the rest is of each point */
	const char *number; /* that it names, in the words of number_of; NULL: it names none */
	struct source_point *number_of;
	bool nobodys; /* it names one, which is not believed */
};

/* ---- source_give.c --------------------------------------------------------------------- */

static inline bool source_is_number(const struct source_point *point)
{
	return point->map.conf->hold_ns > 0;
}

/* Down for that reason, whatever it sends. */
void source_go_down(struct source *source, enum source_state state, enum reason reason,
		    const char *what);
void source_come_up(struct source *source, int64_t now_mono_ns);

/* Nothing can be taken of a message of that weight: after a while that is a fault. */
void source_note_vain(struct source *source, uint32_t weight, const char *what);

/* For number_init(). */
void source_give_number(void *data, const char *text, int64_t at_mono_ns);
void source_give_numbers(const struct source *source, int64_t now_mono_ns);

/* What is given from when one begins until it ends is of one moment. */
void source_begin_moment(struct source *source);
void source_end_moment(struct source *source);

/* A value that is believed. */
void source_take_number(struct source *source, struct source_point *point,
			const struct map_result *result, struct source_record *record);
void source_take_level(struct source *source, struct source_point *point, const struct value *value,
		       double confidence, const struct source_record *record);
/* Levels of which a record that names a number said nothing are not the new number's. */
void source_end_levels(struct source *source, const struct source_record *record);

/* ---- source_tell.c --------------------------------------------------------------------- */

const char *source_name(const struct source *source);
const char *source_point_name(const struct source *source, size_t point);

/* loud: to be seen by whoever looks at the log. */
void source_say(const struct source *source, bool loud, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* So many refusals a minute, that what is told beside them is seen. */
bool source_may_tell_refusal(struct source *source);

/* The beginning of a message, as far as it can be shown. */
void source_sample(const char *bytes, size_t count, char ret_text[SOURCE_SAMPLE + 1]);

#endif
