/* What becomes of what was heard. The levels that a message says beside a number are of whoever
 * carries that number: they are given with it or not at all. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "mapper/source_private.h"

#define VAIN_MOST 16 /* messages of which nothing could be taken, before it is told */
#define VAIN_NS	  (10 * NS_PER_S) /* and at least for so long */

static void give(const struct source *source, const struct source_point *point,
		 const struct value *value, int64_t at_mono_ns, const struct origin *origin)
{
	const struct driver_host *host = &source->setup->host;

	host->said(host->data, source->device, point->index, value, at_mono_ns, origin);
}

void source_begin_moment(struct source *source)
{
	const struct driver_host *host = &source->setup->host;

	source->in_moment = true;
	host->moment(host->data, source->device, true);
}

void source_end_moment(struct source *source)
{
	const struct driver_host *host = &source->setup->host;

	source->in_moment = false;
	host->moment(host->data, source->device, false);
}

/* ---- levels ---------------------------------------------------------------------------- */

/* It is of the number that was shown before. */
static void give_unknown(const struct source *source, const struct source_point *point)
{
	const struct driver_host *host = &source->setup->host;

	host->fault(host->data, source->device, point->index, REASON_NO_ANSWER,
		    "the message that named the number said nothing of it");
}

/* What was said beside a number while that settled. */
static void give_waiting(struct source *source, const char *number, int64_t at_mono_ns)
{
	for (size_t i = 0; i < source->point_count; i++) {
		struct source_point *point = &source->points[i];

		if (source_is_number(point))
			continue;
		if (point->waits && strcmp(source->waits_for, number) == 0)
			give(source, point, &point->waiting, at_mono_ns, &point->waiting_origin);
		else if (point->beside)
			give_unknown(source, point);
		point->waits = false;
	}
}

static void wait_for(struct source *source, const char *number)
{
	if (strcmp(source->waits_for, number) == 0)
		return;
	memcpy(source->waits_for, number, strlen(number) + 1);
	for (size_t i = 0; i < source->point_count; i++)
		source->points[i].waits = false;
}

static bool is_shown(const struct source_record *record)
{
	return strcmp(record->number_of->number.shown, record->number) == 0;
}

static bool is_best(const struct source_record *record)
{
	const struct number_candidate *best = number_best(&record->number_of->number);

	return best && strcmp(best->text, record->number) == 0;
}

void source_take_level(struct source *source, struct source_point *point, const struct value *value,
		       double confidence, const struct source_record *record)
{
	struct origin origin = record->origin;

	origin.has_confidence = !isnan(confidence);
	origin.confidence = origin.has_confidence ? confidence : 0;
	point->said = true;
	point->beside |= record->number || record->nobodys;
	if (!record->nobodys && (!record->number || is_shown(record))) {
		give(source, point, value, record->now->mono_ns, &origin);
	} else if (record->number && is_best(record)) {
		wait_for(source, record->number);
		point->waits = true;
		point->waiting = *value;
		point->waiting_origin = origin;
	} else {
		source_say(source, false, "%s: %s: not taken: it is of a number that is not shown",
			   source_name(source), source_point_name(source, point->index));
	}
}

void source_end_levels(struct source *source, const struct source_record *record)
{
	for (size_t i = 0; i < source->point_count; i++) {
		struct source_point *point = &source->points[i];

		if (record->number && source->shows_anew && !source_is_number(point) &&
		    point->beside && !point->said && is_shown(record))
			give_unknown(source, point);
		point->said = false;
	}
	source->shows_anew = false;
}

/* ---- numbers --------------------------------------------------------------------------- */

/* A device that is down is not brought up by a number that runs out. */
void source_give_number(void *data, const char *text, int64_t at_mono_ns)
{
	static const struct origin nobody;
	struct source_point *point = data;
	struct source *source = point->source;
	const bool alone = !source->in_moment;
	const struct value value = value_text(text);

	source->shows_anew |= !alone && text[0] && point->map.conf->settle_ns == 0;
	if (source->state != SOURCE_UP)
		return;
	if (alone)
		source_begin_moment(source);
	give(source, point, &value, at_mono_ns, text[0] ? &point->number.origin : &nobody);
	if (text[0] && point->map.conf->settle_ns > 0)
		give_waiting(source, text, at_mono_ns);
	if (alone)
		source_end_moment(source);
}

void source_give_numbers(const struct source *source, int64_t now_mono_ns)
{
	for (size_t i = 0; i < source->point_count; i++)
		if (source_is_number(&source->points[i]))
			source_give_number(&source->points[i], source->points[i].number.shown,
					   now_mono_ns);
}

static struct origin origin_of(const struct source_record *record, const struct map_result *result)
{
	struct origin origin = record->origin;

	origin.has_confidence = !isnan(result->confidence);
	origin.confidence = origin.has_confidence ? result->confidence : 0;
	memcpy(origin.others, result->others, sizeof(origin.others));
	return origin;
}

void source_take_number(struct source *source, struct source_point *point,
			const struct map_result *result, struct source_record *record)
{
	static const char *const news[] = {
		[NUMBER_NEW] = "a candidate",
		[NUMBER_STANDS] = "stands already",
		[NUMBER_SAME_READING] = "the same reading",
	};
	const struct origin origin = origin_of(record, result);
	const enum number_news which =
		number_heard(&point->number, result->value.text, &origin, record->now->mono_ns);

	source_say(source, false, "%s: %s: \"%s\": %s", source_name(source),
		   source_point_name(source, point->index), result->value.text, news[which]);
}

/* ---- up and down ----------------------------------------------------------------------- */

void source_go_down(struct source *source, enum source_state state, enum reason reason,
		    const char *what)
{
	const struct driver_host *host = &source->setup->host;

	source->state = state;
	host->fault(host->data, source->device, DRIVER_ALL, reason, what);
}

void source_come_up(struct source *source, int64_t now_mono_ns)
{
	if (source->state == SOURCE_UP)
		return;
	source->state = SOURCE_UP;
	source_give_numbers(source, now_mono_ns);
}

void source_note_vain(struct source *source, uint32_t weight, const char *what)
{
	char whole[SOURCE_WHAT_BYTES];

	if (source->vain == 0)
		source->vain_since_ns = source->heard_mono_ns;
	source->vain = source->vain < VAIN_MOST ? source->vain + weight : source->vain;
	if (source->vain < VAIN_MOST || source->state == SOURCE_GARBLED ||
	    source->heard_mono_ns - source->vain_since_ns < VAIN_NS)
		return;
	snprintf(whole, sizeof(whole), "nothing of what it sends is taken: %s", what);
	source_go_down(source, SOURCE_GARBLED, REASON_GARBLED, whole);
}
