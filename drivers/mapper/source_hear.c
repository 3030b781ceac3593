#include "mapper/source_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define VAIN_BROKEN 6 /* a message that is none at all weighs so many */
#define HASH_BASIS  UINT64_C(14695981039346656037) /* FNV-1a */
#define HASH_PRIME  UINT64_C(1099511628211)

/* ---- a record -------------------------------------------------------------------------- */

static bool is_ours(struct source *source, const struct map_record *record)
{
	const char *failed = NULL;

	if (map_holds(record, &source->conf->when, &failed) &&
	    map_holds(record, &source->conf->only, &failed))
		return true;
	source->counts.foreign++;
	source_say(source, false, "%s: none of its messages: %s does not hold", source_name(source),
		   failed);
	return false;
}

static bool is_repeated(struct source *source, const struct map_record *record)
{
	const char *id = map_text(record, source->conf->id);
	uint64_t hash = HASH_BASIS;

	if (!id || !*id)
		return false;
	for (const char *at = id; *at; at++)
		hash = (hash ^ (unsigned char)*at) * HASH_PRIME;
	for (size_t i = 0; i < SOURCE_IDS; i++) {
		if (source->ids[i] != hash)
			continue;
		source->counts.repeated++;
		source_say(source, false, "%s: its event %s came before", source_name(source), id);
		return true;
	}
	source->ids[source->id_next++ % SOURCE_IDS] = hash;
	return false;
}

/* Its own time, and how far that is from ours. */
static struct origin origin_of(const struct source *source, const struct map_record *record,
			       const struct instant *now)
{
	const char *text = map_text(record, source->conf->time);
	struct origin origin = {0};

	origin.has_time =
		text &&
		map_time((enum map_time_form)source->conf->time_form, text, &origin.utc_ns) &&
		origin.utc_ns >= 0;
	if (origin.has_time)
		origin.ahead_ns = origin.utc_ns - now->utc_ns;
	else
		origin.utc_ns = 0;
	if (source->picture)
		snprintf(origin.picture, sizeof(origin.picture), "%s", source->picture);
	return origin;
}

static bool is_late(struct source *source, const struct source_point *point,
		    const struct origin *origin, char *what)
{
	const int64_t most_ns = point->map.conf->max_age_ns;

	if (source->kept && source_is_number(point)) {
		snprintf(what, MAP_WHY_BYTES,
			 "it was kept for whoever comes: nobody knows when it was read");
		source->counts.late++;
		return true;
	}
	if (most_ns == 0)
		return false;
	if (!origin->has_time) {
		snprintf(what, MAP_WHY_BYTES, "it has no time at %s", source->conf->time);
	} else if (origin->ahead_ns > most_ns || origin->ahead_ns < -most_ns) {
		snprintf(what, MAP_WHY_BYTES,
			 "its time is %.1f s %s: it was kept back, or a clock is wrong",
			 fabs(in_seconds(origin->ahead_ns)),
			 origin->ahead_ns > 0 ? "to come" : "ago");
	} else {
		return false;
	}
	source->counts.late++;
	return true;
}

/* Nothing was read, says the reader; else why what was read is not believed. */
static void take_no_value(struct source *source, struct source_point *point,
			  const struct map_result *result, const struct source_record *record)
{
	const struct driver_host *host = &source->setup->host;
	const struct map_point_conf *conf = point->map.conf;
	const struct value empty = value_text(""), raw = value_text(result->raw);
	const bool is_text = (conf->type == MAP_AUTO || conf->type == MAP_TEXT) && conf->bit < 0;

	if (result->outcome == MAP_NOTHING) {
		source->vain = 0;
		source_come_up(source, record->now->mono_ns);
		if (!source_is_number(point) && is_text)
			source_take_level(source, point, &empty, NAN, record);
		return;
	}
	if (result->outcome == MAP_UNSURE)
		source->counts.unsure++;
	else
		source->counts.refused++;
	if (result->outcome == MAP_OUT_OF_RANGE && !source_is_number(point) &&
	    source->state == SOURCE_UP)
		host->refuse(host->data, source->device, point->index, &raw, result->why);
	point->said = true;
	source_note_vain(source, 1, result->why);
}

static void take_value(struct source *source, struct source_point *point,
		       const struct map_result *result, struct source_record *record)
{
	source->counts.taken++;
	source->vain = 0;
	source_come_up(source, record->now->mono_ns);
	if (source_is_number(point))
		source_take_number(source, point, result, record);
	else
		source_take_level(source, point, &result->value, result->confidence, record);
}

static void tell_refused(struct source *source, const struct source_point *point,
			 const struct map_result *result)
{
	source_say(source, source_may_tell_refusal(source), "%s: %s: refused: %s",
		   source_name(source), source_point_name(source, point->index), result->why);
}

/* false: it is no value that is believed. */
static bool hear_point(struct source *source, struct source_point *point,
		       struct source_record *record, struct map_result *result)
{
	map_point_read(&point->map, record->map, result);
	if (result->outcome == MAP_VALUE && is_late(source, point, &record->origin, result->why)) {
		if (!source->kept)
			source_note_vain(source, 1, result->why);
		tell_refused(source, point, result);
		return false;
	}
	if (result->outcome == MAP_VALUE) {
		take_value(source, point, result, record);
		return true;
	}
	if (result->outcome != MAP_NO_NEWS)
		take_no_value(source, point, result, record);
	if (result->outcome == MAP_OUT_OF_RANGE)
		tell_refused(source, point, result);
	else
		source_say(source, false, "%s: %s: no value: %s", source_name(source),
			   source_point_name(source, point->index), result->why);
	return false;
}

static void all_gone(struct source *source, int64_t now_mono_ns)
{
	source_say(source, false, "%s: the vehicle has left", source_name(source));
	source->vain = 0;
	source_come_up(source, now_mono_ns);
	for (size_t i = 0; i < source->point_count; i++)
		if (source_is_number(&source->points[i]))
			number_gone(&source->points[i].number, now_mono_ns);
}

static void hear_numbers(struct source *source, struct source_record *record,
			 char ret_number[VALUE_TEXT_BYTES])
{
	struct map_result result;

	for (size_t i = 0; i < source->point_count; i++) {
		struct source_point *point = &source->points[i];

		if (!source_is_number(point))
			continue;
		if (!hear_point(source, point, record, &result)) {
			record->nobodys |=
				result.outcome != MAP_NO_NEWS && result.outcome != MAP_NOTHING;
		} else if (!record->number) {
			memcpy(ret_number, result.value.text, VALUE_TEXT_BYTES);
			record->number = ret_number;
			record->number_of = point;
		}
	}
}

/* What one record says belongs to one moment. */
static void hear_points(struct source *source, const struct map_record *map,
			const struct instant *now)
{
	struct source_record record = {
		.map = map, .now = now, .origin = origin_of(source, map, now)};
	char number[VALUE_TEXT_BYTES];
	struct map_result result;

	source_begin_moment(source);
	hear_numbers(source, &record, number);
	for (size_t i = 0; i < source->point_count; i++)
		if (!source_is_number(&source->points[i]))
			(void)hear_point(source, &source->points[i], &record, &result);
	source_end_levels(source, &record);
	source_end_moment(source);
}

static void hear_record(struct source *source, const struct map_record *record,
			const struct instant *now)
{
	const struct map_device_conf *conf = source->conf;
	const char *failed = NULL;

	if (conf->gone.count > 0 && map_holds(record, &conf->only, &failed) &&
	    map_holds(record, &conf->gone, &failed)) {
		all_gone(source, now->mono_ns);
		return;
	}
	if (is_ours(source, record) && !is_repeated(source, record))
		hear_points(source, record, now);
}

/* ---- a message ------------------------------------------------------------------------- */

static void hear_each(struct source *source, const struct map_record *around,
		      const struct doc_node *array, bool is_whole, const struct instant *now)
{
	struct map_record record = *around;

	for (record.place = doc_child(around->doc, array); record.place;
	     record.place = doc_next(around->doc, record.place)) {
		if (is_whole)
			record.root = record.place;
		hear_record(source, &record, now);
	}
}

/* Elements of XML are an array by having one name. */
static void hear_alike(struct source *source, const struct map_record *around,
		       const struct doc_node *first, const struct instant *now)
{
	const char *name = around->doc->text + first->name;
	struct map_record record = *around;

	for (record.place = first; record.place; record.place = doc_next(around->doc, record.place))
		if (strcmp(around->doc->text + record.place->name, name) == 0)
			hear_record(source, &record, now);
}

static void hear_document(struct source *source, const struct doc *doc, const struct instant *now)
{
	const struct doc_node *root = &doc->node[0], *array = root;
	const struct map_record record = {.doc = doc, .root = root, .place = root};
	const char *each = source->conf->each;

	if (each)
		array = doc_at(doc, root, each + (each[0] == '.'));
	if (array && array->kind == DOC_ARRAY)
		hear_each(source, &record, array, !each, now);
	else if (!each)
		hear_record(source, &record, now);
	else if (array && array != root && source->conf->format == MAP_XML)
		hear_alike(source, &record, array, now);
	else
		source_say(source, false, "%s: no array at %s", source_name(source), each);
}

static void refuse(struct source *source, const char *bytes, size_t count, const char *why,
		   size_t at)
{
	char shown[SOURCE_SAMPLE + 1], what[SOURCE_WHAT_BYTES];

	source_sample(bytes, count, shown);
	snprintf(what, sizeof(what), "the message %s, at byte %zu: %s%s", why, at, shown,
		 count > SOURCE_SAMPLE ? "..." : "");
	source_say(source, source_may_tell_refusal(source), "%s: %s", source_name(source), what);
	source->counts.refused++;
	source_note_vain(source, VAIN_BROKEN, what);
}

static bool read_json(struct source *source, const char *bytes, size_t count)
{
	struct json json;

	json_begin(&json, source->tools.doc);
	if (json_take(&json, bytes, count) && json_end(&json))
		return true;
	refuse(source, bytes, count, json.error, json.at);
	return false;
}

static bool read_xml(struct source *source, const char *bytes, size_t count)
{
	struct xml *xml = source->tools.xml;

	xml_begin(xml);
	if (xml_take(xml, bytes, count) && xml_end(xml))
		return true;
	refuse(source, bytes, count, xml_error(xml), xml_at(xml));
	return false;
}

static bool read_document(struct source *source, const char *bytes, size_t count)
{
	return source->conf->format == MAP_XML ? read_xml(source, bytes, count)
					       : read_json(source, bytes, count);
}

/* Its availability is judged before any value is looked at. */
static bool is_away(struct source *source)
{
	if (source->state != SOURCE_AWAY)
		return false;
	source->counts.foreign++;
	source_say(source, false, "%s: not taken: it has not said that it is available",
		   source_name(source));
	return true;
}

static bool begin_to_hear(struct source *source, const struct instant *now)
{
	source->counts.heard++;
	source_alive(source, now->mono_ns);
	return !is_away(source);
}

void source_hear(struct source *source, const char *bytes, size_t count, const struct instant *now)
{
	struct map_record record = {.plain = bytes};

	if (!begin_to_hear(source, now))
		return;
	if (source->conf->format == MAP_PLAIN)
		hear_record(source, &record, now);
	else if (read_document(source, bytes, count))
		hear_document(source, source->tools.doc, now);
}

void source_hear_kept(struct source *source, const char *bytes, size_t count,
		      const struct instant *now)
{
	source->kept = true;
	source_hear(source, bytes, count, now);
	source->kept = false;
}

void source_hear_parcel(struct source *source, struct parcel *parcel, const struct instant *now)
{
	const char *why = NULL;
	size_t at = 0;

	if (!begin_to_hear(source, now))
		return;
	if (parcel_end(parcel, &why, &at))
		hear_document(source, &parcel->doc, now);
	else
		refuse(source, parcel->sample, parcel->bytes, why, at);
}

void source_refuse(struct source *source, const char *bytes, size_t count, const char *why,
		   const struct instant *now)
{
	if (begin_to_hear(source, now))
		refuse(source, bytes, count, why, 0);
}

void source_drop(struct source *source, int64_t now_mono_ns)
{
	source->counts.too_fast++;
	source_alive(source, now_mono_ns);
	if (source->dropping_ns == 0 || now_mono_ns - source->dropping_ns > SOURCE_CALM_NS)
		source_say(source, true, "%s: sends more than is taken of it: messages are dropped",
			   source_name(source));
	source->dropping_ns = now_mono_ns;
}
