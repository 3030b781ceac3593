#include "mapper/source.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define WHAT_BYTES  320
#define SAMPLE	    PARCEL_SAMPLE /* bytes of a message that are shown */
#define VAIN_MOST   16 /* messages of which nothing could be taken, before it is told */
#define VAIN_BROKEN 6 /* a message that is none at all weighs so many */
#define VAIN_NS	    (10 * NS_PER_S) /* and at least for so long */
#define CALM_NS	    (60 * NS_PER_S) /* without a message dropped: the next one is told again */
#define TOLD_MOST   6 /* refusals a minute */
#define HASH_BASIS  UINT64_C(14695981039346656037) /* FNV-1a */
#define HASH_PRIME  UINT64_C(1099511628211)

/* ---- up to the core -------------------------------------------------------------------- */

static void say(const struct source *source, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(const struct source *source, const char *format, ...)
{
	const struct driver_host *host = &source->setup->host;
	char what[WHAT_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	host->debug(host->data, what);
}

/* What came and is refused. */
static void tell(const struct source *source, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void tell(const struct source *source, const char *format, ...)
{
	const struct driver_host *host = &source->setup->host;
	char what[WHAT_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	host->tell(host->data, what);
}

/* So many refusals a minute, that what is told beside them is seen. */
static bool may_tell_refusal(struct source *source)
{
	if (source->told == 0 || source->heard_mono_ns - source->told_minute_ns >= CALM_NS) {
		source->told_minute_ns = source->heard_mono_ns;
		source->told = 0;
	}
	return source->told++ < TOLD_MOST;
}

static const char *name_of(const struct source *source)
{
	return source->setup->devices[source->device].name;
}

static const char *name_of_point(const struct source *source, size_t point)
{
	return source->setup->devices[source->device].points[point].name;
}

static void give_value(const struct source *source, size_t point, const struct value *value,
		       int64_t at_mono_ns)
{
	const struct driver_host *host = &source->setup->host;

	host->reading(host->data, source->device, point, value, at_mono_ns, 0);
}

/* A device that is down is not brought up by a number that runs out. */
static void give_number(void *data, const char *text, int64_t at_mono_ns)
{
	const struct source_point *point = data;
	struct value value = value_text(text);

	if (point->source->state == SOURCE_UP)
		give_value(point->source, point->index, &value, at_mono_ns);
}

static void give_numbers(const struct source *source, int64_t now_mono_ns)
{
	for (size_t i = 0; i < source->point_count; i++)
		if (source->points[i].map.conf->hold_ns > 0)
			give_number(&source->points[i], source->points[i].number.shown,
				    now_mono_ns);
}

static void go_down(struct source *source, enum source_state state, enum reason reason,
		    const char *what)
{
	const struct driver_host *host = &source->setup->host;

	source->state = state;
	host->fault(host->data, source->device, DRIVER_ALL, reason, what);
}

static void come_up(struct source *source, int64_t now_mono_ns)
{
	if (source->state == SOURCE_UP)
		return;
	source->state = SOURCE_UP;
	give_numbers(source, now_mono_ns);
}

/* The beginning of a message, as far as it can be shown. */
static void sample(const char *bytes, size_t count, char ret_text[SAMPLE + 1])
{
	char raw[SAMPLE + 1];
	const size_t n = count < SAMPLE ? count : SAMPLE;

	memcpy(raw, bytes, n);
	for (size_t i = 0; i < n; i++)
		if (!raw[i])
			raw[i] = '?';
	raw[n] = '\0';
	utf8_print(ret_text, SAMPLE + 1, raw);
}

/* Nothing can be taken of what it sends: after a while that is a fault. */
static void note_vain(struct source *source, uint32_t weight, const char *what)
{
	char whole[WHAT_BYTES];

	if (source->vain == 0)
		source->vain_since_ns = source->heard_mono_ns;
	source->vain = source->vain < VAIN_MOST ? source->vain + weight : source->vain;
	if (source->vain < VAIN_MOST || source->state == SOURCE_GARBLED ||
	    source->heard_mono_ns - source->vain_since_ns < VAIN_NS)
		return;
	snprintf(whole, sizeof(whole), "nothing of what it sends is taken: %s", what);
	go_down(source, SOURCE_GARBLED, REASON_GARBLED, whole);
}

/* ---- making ---------------------------------------------------------------------------- */

static int complain(struct driver_complaint *complaint, size_t device, size_t point,
		    const char *what)
{
	complaint->device = device;
	complaint->point = point;
	snprintf(complaint->message, sizeof(complaint->message), "%s", what);
	return -EINVAL;
}

static int init_point(struct source *source, size_t index, struct driver_complaint *complaint)
{
	struct source_point *point = &source->points[index];
	const struct driver_point *driver_point =
		&source->setup->devices[source->device].points[index];
	const char *what = map_point_fault(source->conf, driver_point->conf);
	char fault[128] = "";
	int err;

	if (what)
		return complain(complaint, source->device, index, what);
	point->source = source;
	point->index = index;
	err = map_point_init(&point->map, driver_point->conf, fault, sizeof(fault));
	if (err == -EINVAL)
		return complain(complaint, source->device, index, fault);
	number_init(&point->number, driver_point->conf, give_number, point);
	point->number.alone = source->point_count == 1;
	return err;
}

int source_init(struct source *source, const struct driver_setup *setup, size_t device,
		const struct map_device_conf *conf, const struct source_tools *tools,
		int64_t silence_ns, struct driver_complaint *complaint)
{
	const size_t count = setup->devices[device].point_count;
	const char *what = map_device_fault(conf);
	int err = 0;

	*source = (struct source){.setup = setup,
				  .device = device,
				  .conf = conf,
				  .tools = *tools,
				  .silence_ns = silence_ns,
				  .state = SOURCE_SILENT};
	if (what)
		return complain(complaint, device, DRIVER_ALL, what);
	if (count == 0)
		return complain(complaint, device, DRIVER_ALL, "has no points");
	source->points = calloc(count, sizeof(*source->points));
	if (!source->points)
		return -ENOMEM;
	source->point_count = count;
	for (size_t i = 0; i < count && err == 0; i++)
		err = init_point(source, i, complaint);
	return err;
}

void source_fini(struct source *source)
{
	for (size_t i = 0; i < source->point_count; i++)
		map_point_fini(&source->points[i].map);
	free(source->points);
	source->points = NULL;
	source->point_count = 0;
}

/* ---- a record -------------------------------------------------------------------------- */

static bool is_ours(struct source *source, const struct map_record *record)
{
	const char *failed = NULL;

	if (map_holds(record, &source->conf->when, &failed) &&
	    map_holds(record, &source->conf->only, &failed))
		return true;
	source->counts.foreign++;
	say(source, "%s: none of its messages: %s does not hold", name_of(source), failed);
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
		say(source, "%s: its event %s came before", name_of(source), id);
		return true;
	}
	source->ids[source->id_next++ % SOURCE_IDS] = hash;
	return false;
}

/* How far its own time is from ours; false: it has none that can be read. */
static bool age_of(const struct source *source, const struct map_record *record,
		   const struct instant *now, int64_t *ret_age_ns)
{
	const char *text = map_text(record, source->conf->time);
	int64_t utc_ns;

	if (!text || !map_time((enum map_time_form)source->conf->time_form, text, &utc_ns))
		return false;
	*ret_age_ns = now->utc_ns - utc_ns;
	return true;
}

static bool is_late(struct source *source, const struct source_point *point,
		    const struct map_record *record, const struct instant *now, char *what)
{
	const int64_t most_ns = point->map.conf->max_age_ns;
	int64_t age_ns = 0;

	if (source->kept && point->map.conf->hold_ns > 0) {
		snprintf(what, MAP_WHY_BYTES,
			 "it was kept for whoever comes: nobody knows when it was read");
		source->counts.late++;
		return true;
	}
	if (most_ns == 0)
		return false;
	if (!age_of(source, record, now, &age_ns)) {
		snprintf(what, MAP_WHY_BYTES, "it has no time at %s", source->conf->time);
	} else if (age_ns > most_ns || age_ns < -most_ns) {
		snprintf(what, MAP_WHY_BYTES,
			 "its time is %.1f s %s: it was kept back, or a clock is wrong",
			 fabs(in_seconds(age_ns)), age_ns < 0 ? "to come" : "ago");
	} else {
		return false;
	}
	source->counts.late++;
	return true;
}

static void hear_number(struct source *source, struct source_point *point,
			const struct map_result *result, int64_t now_mono_ns)
{
	static const char *const news[] = {
		[NUMBER_NEW] = "a candidate",
		[NUMBER_STANDS] = "stands already",
		[NUMBER_SAME_READING] = "the same reading",
	};
	const enum number_news which =
		number_heard(&point->number, result->value.text, result->confidence, now_mono_ns);

	say(source, "%s: %s: \"%s\": %s", name_of(source), name_of_point(source, point->index),
	    result->value.text, news[which]);
}

static void take_value(struct source *source, struct source_point *point,
		       const struct map_result *result, int64_t now_mono_ns)
{
	source->counts.taken++;
	source->vain = 0;
	come_up(source, now_mono_ns);
	if (point->map.conf->hold_ns > 0)
		hear_number(source, point, result, now_mono_ns);
	else
		give_value(source, point->index, &result->value, now_mono_ns);
}

/* A level for which the reader says that it read nothing. */
static void take_nothing(struct source *source, const struct source_point *point,
			 int64_t now_mono_ns)
{
	const struct value empty = value_text("");

	source->vain = 0;
	come_up(source, now_mono_ns);
	if (point->map.conf->hold_ns == 0 &&
	    (point->map.conf->type == MAP_AUTO || point->map.conf->type == MAP_TEXT) &&
	    point->map.conf->bit < 0)
		give_value(source, point->index, &empty, now_mono_ns);
}

static void take_unbelieved(struct source *source, const struct source_point *point,
			    const struct map_result *result)
{
	const struct driver_host *host = &source->setup->host;

	if (result->outcome == MAP_UNSURE)
		source->counts.unsure++;
	else
		source->counts.refused++;
	if (result->outcome == MAP_OUT_OF_RANGE && point->map.conf->hold_ns == 0 &&
	    source->state == SOURCE_UP)
		host->fault(host->data, source->device, point->index, REASON_OUT_OF_RANGE,
			    result->why);
	note_vain(source, 1, result->why);
}

static void tell_refused(struct source *source, const struct source_point *point,
			 const struct map_result *result)
{
	(may_tell_refusal(source) ? tell : say)(source, "%s: %s: refused: %s", name_of(source),
						name_of_point(source, point->index), result->why);
}

static void hear_point(struct source *source, struct source_point *point,
		       const struct map_record *record, const struct instant *now)
{
	struct map_result result;

	map_point_read(&point->map, record, &result);
	if (result.outcome == MAP_VALUE && is_late(source, point, record, now, result.why)) {
		if (!source->kept)
			note_vain(source, 1, result.why);
		tell_refused(source, point, &result);
		return;
	} else if (result.outcome == MAP_VALUE) {
		take_value(source, point, &result, now->mono_ns);
		return;
	} else if (result.outcome == MAP_NOTHING) {
		take_nothing(source, point, now->mono_ns);
	} else if (result.outcome != MAP_NO_NEWS) {
		take_unbelieved(source, point, &result);
	}
	if (result.outcome == MAP_OUT_OF_RANGE)
		tell_refused(source, point, &result);
	else
		say(source, "%s: %s: no value: %s", name_of(source),
		    name_of_point(source, point->index), result.why);
}

static void all_gone(struct source *source, int64_t now_mono_ns)
{
	say(source, "%s: the vehicle has left", name_of(source));
	source->vain = 0;
	come_up(source, now_mono_ns);
	for (size_t i = 0; i < source->point_count; i++)
		if (source->points[i].map.conf->hold_ns > 0)
			number_gone(&source->points[i].number, now_mono_ns);
}

/* What one record says belongs to one moment. */
static void hear_points(struct source *source, const struct map_record *record,
			const struct instant *now)
{
	const struct driver_host *host = &source->setup->host;

	host->moment(host->data, source->device, true);
	for (size_t i = 0; i < source->point_count; i++)
		hear_point(source, &source->points[i], record, now);
	host->moment(host->data, source->device, false);
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
		say(source, "%s: no array at %s", name_of(source), each);
}

static void refuse(struct source *source, const char *bytes, size_t count, const char *why,
		   size_t at)
{
	char shown[SAMPLE + 1], what[WHAT_BYTES];

	sample(bytes, count, shown);
	snprintf(what, sizeof(what), "the message %s, at byte %zu: %s%s", why, at, shown,
		 count > SAMPLE ? "..." : "");
	(may_tell_refusal(source) ? tell : say)(source, "%s: %s", name_of(source), what);
	source->counts.refused++;
	note_vain(source, VAIN_BROKEN, what);
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

void source_alive(struct source *source, int64_t now_mono_ns)
{
	source->heard_mono_ns = now_mono_ns;
	source_tick(source, now_mono_ns);
	if (source->state == SOURCE_SILENT)
		come_up(source, now_mono_ns);
}

/* Its availability is judged before any value is looked at. */
static bool is_away(struct source *source)
{
	if (source->state != SOURCE_AWAY)
		return false;
	source->counts.foreign++;
	say(source, "%s: not taken: it has not said that it is available", name_of(source));
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
	if (source->dropping_ns == 0 || now_mono_ns - source->dropping_ns > CALM_NS)
		tell(source, "%s: sends more than is taken of it: messages are dropped",
		     name_of(source));
	source->dropping_ns = now_mono_ns;
}

void source_available(struct source *source, bool available, const char *what, int64_t now_mono_ns)
{
	source->heard_mono_ns = now_mono_ns;
	source_tick(source, now_mono_ns);
	if (!available)
		go_down(source, SOURCE_AWAY, REASON_NO_ANSWER, what);
	else if (source->state == SOURCE_AWAY)
		come_up(source, now_mono_ns);
}

/* ---- time ------------------------------------------------------------------------------ */

void source_open(struct source *source, int64_t now_mono_ns)
{
	source->heard_mono_ns = now_mono_ns;
	source->state = SOURCE_UP;
	source->vain = 0;
	source_tick(source, now_mono_ns);
	give_numbers(source, now_mono_ns);
}

int64_t source_deadline(const struct source *source)
{
	int64_t due_ns = INT64_MAX;

	if (source->silence_ns > 0 && source->state != SOURCE_SILENT &&
	    source->state != SOURCE_AWAY)
		due_ns = source->heard_mono_ns + source->silence_ns;
	for (size_t i = 0; i < source->point_count; i++)
		due_ns = earlier_ns(due_ns, number_deadline(&source->points[i].number));
	return due_ns;
}

void source_tick(struct source *source, int64_t now_mono_ns)
{
	char what[64];

	for (size_t i = 0; i < source->point_count; i++)
		number_tick(&source->points[i].number, now_mono_ns);
	if (source->silence_ns == 0 || source->state == SOURCE_SILENT ||
	    source->state == SOURCE_AWAY ||
	    now_mono_ns - source->heard_mono_ns < source->silence_ns)
		return;
	snprintf(what, sizeof(what), "nothing was heard for %.1f s",
		 in_seconds(source->silence_ns));
	go_down(source, SOURCE_SILENT, REASON_NO_ANSWER, what);
}

void source_settle(struct source *source)
{
	for (size_t i = 0; i < source->point_count; i++) {
		struct number *number = &source->points[i].number;

		while (number->candidate_count > 0)
			number_tick(number, number->settled_at_ns);
	}
}
