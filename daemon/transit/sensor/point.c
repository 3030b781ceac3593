#include "transit/sensor/point.h"

#include <math.h>

#include "base/decimal.h"

#define WHOLE_MAX INT64_C(9007199254740992) /* beyond, doubles are not sure of the last digit */

static bool number(const struct value *value, double *ret_number)
{
	switch (value->type) {
	case VALUE_INT:
		*ret_number = (double)value->integer;
		return true;
	case VALUE_UINT:
		*ret_number = (double)value->uinteger;
		return true;
	case VALUE_REAL:
		*ret_number = value->real;
		return true;
	default:
		return false;
	}
}

static bool map_word(const struct point_conf *conf, const struct value *raw,
		     struct value *ret_value)
{
	int64_t key;

	if (raw->type == VALUE_BOOL)
		key = raw->boolean;
	else if (raw->type == VALUE_INT)
		key = raw->integer;
	else
		return false;
	for (size_t i = 0; i < conf->map_count; i++) {
		if (conf->map[i].raw == key) {
			*ret_value = value_text(conf->map[i].word);
			return true;
		}
	}
	return false;
}

/* The decimals of a product are those of its factors together; those of a sum the more. */
static double scale(const struct point_conf *conf, double raw)
{
	const int of_raw = decimal_places(raw), of_scale = decimal_places(conf->scale);
	const int of_offset = decimal_places(conf->offset);
	const double real = raw * conf->scale + conf->offset;

	if (of_raw < 0 || of_scale < 0 || of_offset < 0)
		return real;
	const int of_product = of_raw + of_scale;
	return decimal_round(real, of_product > of_offset ? of_product : of_offset);
}

static bool is_among(const struct value *raw, const int64_t *numbers, size_t count)
{
	double real;

	for (size_t i = 0; i < count; i++) {
		if (raw->type == VALUE_INT && raw->integer == numbers[i])
			return true;
		if (raw->type == VALUE_BOOL && raw->boolean == numbers[i])
			return true;
		if (raw->type == VALUE_UINT && raw->uinteger == (uint64_t)numbers[i])
			return true; /* of 64 bits, as it is on the wire */
		real = (double)numbers[i];
		if (raw->type == VALUE_REAL && !(raw->real < real) && !(raw->real > real))
			return true;
	}
	return false;
}

/* Whether the number is one that the device can mean. That a bit is none, only the number says that
 * it was picked from. */
static bool is_meant(const struct point_conf *conf, const struct value *raw)
{
	if (raw->type != VALUE_BOOL && is_among(raw, conf->none, conf->none_count))
		return false;
	return conf->expect_count == 0 || is_among(raw, conf->expect, conf->expect_count);
}

static bool in_range(const struct point_range *range, const struct value *value)
{
	double real;

	if (!point_range_is_set(range) || !number(value, &real))
		return true;
	if (range->or_zero && !(real < 0) && !(real > 0))
		return true;
	return real >= range->min && real <= range->max;
}

/* false: the raw value means nothing, or cannot be true. */
static bool convert(const struct point_conf *conf, const struct value *raw, struct value *ret_value)
{
	struct value value = *raw;
	double real;

	if (value.type == VALUE_BOOL && conf->invert)
		value.boolean = !value.boolean;
	if (!is_meant(conf, raw))
		return false;
	if (conf->map_count > 0)
		return map_word(conf, &value, ret_value);
	if (!point_is_plain(conf) && number(&value, &real))
		value = value_real(scale(conf, real));
	*ret_value = value;
	return value.type != VALUE_NONE && (value.type != VALUE_REAL || isfinite(value.real)) &&
	       in_range(&conf->range, &value) && in_range(&conf->plausible, &value);
}

void point_init(struct point *point, const struct point_conf *conf, int64_t *ring)
{
	*point = (struct point){
		.conf = conf,
		.quality = QUALITY_STALE,
		.reason = REASON_NOT_YET,
		.input_quality = QUALITY_STALE,
		.input_reason = REASON_NOT_YET,
		.seen_mono_ns = INT64_MAX,
		.changes = ring,
	};
}

void point_start(struct point *point, int64_t now_mono_ns)
{
	point->seen_mono_ns = now_mono_ns;
	point->changed_mono_ns = now_mono_ns;
}

/* What sensors may know follows from the input, the level and the chatter. */
static unsigned publish(struct point *point, int64_t at_mono_ns)
{
	enum quality quality = point->input_quality;
	enum reason reason = point->input_reason;
	struct value value = {.type = VALUE_NONE};

	if (quality == QUALITY_GOOD && point->chatter) {
		quality = QUALITY_FAULT;
		reason = REASON_CHATTER;
	} else if (quality == QUALITY_GOOD) {
		value = point->level;
	}
	if (quality == point->quality && reason == point->reason &&
	    value_equal(&value, &point->value))
		return 0;
	point->quality = quality;
	point->reason = reason;
	point->value = value;
	point->changed_mono_ns = at_mono_ns;
	return POINT_CHANGED;
}

static unsigned raise_chatter(struct point *point, int64_t at_mono_ns)
{
	point->chatter = true;
	point->chatter_mono_ns = at_mono_ns;
	point->chatter_from_edges = point->edges;
	point->window_mono_ns = at_mono_ns;
	point->window_changes = 0;
	return POINT_CHATTER_RAISED;
}

bool point_settled(const struct point *point)
{
	return value_equal(&point->raw, &point->level);
}

static bool chatter_applies(const struct point *point)
{
	const struct point_conf *conf = point->conf;

	return point->changes && conf->chatter_edges > 0 && conf->chatter_window_ns > 0 &&
	       !conf->counted;
}

static bool counts(struct point *point, const struct value *from, const struct value *to)
{
	bool returns = value_equal(to, &point->before);

	point->before = *from;
	return returns || !point->conf->chatter_returns;
}

static unsigned count_change(struct point *point, const struct value *from, const struct value *to,
			     int64_t at_mono_ns)
{
	const struct point_conf *conf = point->conf;

	if (!chatter_applies(point) || !counts(point, from, to))
		return 0;
	if (point->chatter) {
		point->window_changes++;
		return 0;
	}
	point->changes[point->change_next] = at_mono_ns;
	point->change_next = (point->change_next + 1) % conf->chatter_edges;
	if (point->change_count < conf->chatter_edges)
		point->change_count++;
	if (point->change_count == conf->chatter_edges &&
	    at_mono_ns - point->changes[point->change_next] <= conf->chatter_window_ns)
		return raise_chatter(point, at_mono_ns);
	return 0;
}

/* raw has held long enough: it is the level, since its edge. */
static unsigned adopt(struct point *point)
{
	unsigned effects = count_change(point, &point->level, &point->raw, point->edge_mono_ns);

	point->level = point->raw;
	point->level_mono_ns = point->edge_mono_ns;
	return effects | publish(point, point->edge_mono_ns);
}

/* A value that comes and goes by itself flickers, too: to is no value, or one where was none. */
static unsigned count_flicker(struct point *point, const struct value *to, int64_t at_mono_ns)
{
	point->flickers = to->type == VALUE_NONE;
	if (!chatter_applies(point))
		return 0;
	point->edges++;
	return count_change(point, &point->level, to, at_mono_ns);
}

static unsigned begin_level(struct point *point, const struct value *value, int64_t at_mono_ns)
{
	unsigned effects = point->flickers ? count_flicker(point, value, at_mono_ns) : 0;

	point->raw = *value;
	point->level = *value;
	point->edge_mono_ns = at_mono_ns;
	point->unrest_mono_ns = at_mono_ns;
	point->level_mono_ns = at_mono_ns;
	point->input_quality = QUALITY_GOOD;
	point->input_reason = REASON_NONE;
	return effects | publish(point, at_mono_ns);
}

/* A number that was not the last one, and is not now: it may be another at each reading. */
static bool is_away(const struct point *point, const struct value *value)
{
	double real;

	return point->conf->debounce_ns > 0 && number(value, &real) && !point_settled(point) &&
	       !value_equal(value, &point->level);
}

/* An input that never holds still is chatter too, although debounce hides each change. */
static unsigned edge(struct point *point, const struct value *value, int64_t at_mono_ns)
{
	const struct point_conf *conf = point->conf;
	bool strays = is_away(point, value);

	point->edges++;
	if (at_mono_ns - point->edge_mono_ns >= conf->debounce_ns)
		point->unrest_mono_ns = at_mono_ns;
	point->raw = *value;
	if (!strays)
		point->edge_mono_ns = at_mono_ns;
	if (conf->debounce_ns == 0)
		return adopt(point);
	if (!point->chatter && chatter_applies(point) &&
	    at_mono_ns - point->unrest_mono_ns >= conf->chatter_window_ns)
		return raise_chatter(point, at_mono_ns) | publish(point, at_mono_ns);
	return 0;
}

static unsigned lose(struct point *point, enum quality quality, enum reason reason,
		     int64_t at_mono_ns)
{
	point->input_quality = quality;
	point->input_reason = reason;
	point->refused.type = VALUE_NONE;
	point->raw.type = VALUE_NONE;
	point->level.type = VALUE_NONE;
	return publish(point, at_mono_ns);
}

/* Another number that cannot be true changes nothing of what is known. */
static unsigned refuse(struct point *point, const struct value *raw, int64_t at_mono_ns)
{
	unsigned effects = lose(point, QUALITY_FAULT, REASON_OUT_OF_RANGE, at_mono_ns);

	point->refused = *raw;
	return effects;
}

static bool is_refused(const struct reading *reading)
{
	return reading->quality == QUALITY_GOOD ||
	       (reading->reason == REASON_OUT_OF_RANGE && reading->value.type != VALUE_NONE);
}

/* It brings no value. */
static unsigned lose_reading(struct point *point, const struct reading *reading, int64_t at_mono_ns)
{
	if (is_refused(reading))
		return refuse(point, &reading->value, at_mono_ns);
	return lose(point, reading->quality,
		    reading->reason ? reading->reason : REASON_DEVICE_ERROR, at_mono_ns);
}

unsigned point_reading(struct point *point, const struct reading *reading)
{
	static const struct value nothing = {.type = VALUE_NONE};
	int64_t at_mono_ns = reading->at_mono_ns;
	struct value value;
	unsigned effects;

	if (point->seen_mono_ns != INT64_MAX && at_mono_ns < point->seen_mono_ns)
		at_mono_ns = point->seen_mono_ns;
	effects = point_tick(point, at_mono_ns - 1);
	point->seen_mono_ns = at_mono_ns;
	if (reading->quality == QUALITY_GOOD)
		point->given = reading->value;
	if (reading->quality != QUALITY_GOOD || !convert(point->conf, &reading->value, &value)) {
		if (point->input_quality == QUALITY_GOOD)
			effects |= count_flicker(point, &nothing, at_mono_ns);
		return effects | lose_reading(point, reading, at_mono_ns);
	}
	point->refused.type = VALUE_NONE;
	point->origin = reading->origin;
	if (point->input_quality != QUALITY_GOOD)
		return effects | begin_level(point, &value, at_mono_ns);
	if (!value_equal(&value, &point->raw))
		effects |= edge(point, &value, at_mono_ns);
	return effects;
}

unsigned point_fail(struct point *point, enum reason reason, int64_t at_mono_ns)
{
	if (point->input_quality == QUALITY_FAULT)
		return 0;
	if (at_mono_ns < point->changed_mono_ns)
		at_mono_ns = point->changed_mono_ns;
	return lose(point, QUALITY_FAULT, reason, at_mono_ns);
}

static int64_t debounce_deadline(const struct point *point)
{
	if (point->input_quality != QUALITY_GOOD || point_settled(point))
		return INT64_MAX;
	return point->edge_mono_ns + point->conf->debounce_ns;
}

static int64_t stale_deadline(const struct point *point)
{
	bool waiting =
		point->input_quality == QUALITY_GOOD || point->input_reason == REASON_NOT_YET;

	if (!waiting || point->conf->stale_after_ns == 0 || point->seen_mono_ns == INT64_MAX)
		return INT64_MAX;
	return point->seen_mono_ns + point->conf->stale_after_ns;
}

static int64_t quiet_deadline(const struct point *point)
{
	return point->chatter ? point->window_mono_ns + point->conf->chatter_window_ns : INT64_MAX;
}

/* A window is over: release the input when it was quiet and holds still now. */
static unsigned end_window(struct point *point, int64_t at_mono_ns)
{
	bool at_rest = point->input_quality != QUALITY_GOOD ||
		       (point_settled(point) &&
			at_mono_ns - point->edge_mono_ns >= point->conf->debounce_ns);
	bool quiet = point->window_changes < point->conf->chatter_edges;

	point->window_mono_ns = at_mono_ns;
	point->window_changes = 0;
	if (!at_rest || !quiet)
		return 0;
	point->chatter = false;
	point->chatter_mono_ns = at_mono_ns;
	point->change_count = 0;
	point->change_next = 0;
	return POINT_CHATTER_CLEARED | publish(point, at_mono_ns);
}

static unsigned tick_first(struct point *point, int64_t at_mono_ns)
{
	if (at_mono_ns == debounce_deadline(point))
		return adopt(point);
	if (at_mono_ns == stale_deadline(point))
		return lose(point, QUALITY_STALE, REASON_TOO_OLD, at_mono_ns);
	return end_window(point, at_mono_ns);
}

int64_t point_deadline(const struct point *point)
{
	return earlier_ns(debounce_deadline(point),
			  earlier_ns(stale_deadline(point), quiet_deadline(point)));
}

unsigned point_tick(struct point *point, int64_t at_mono_ns)
{
	unsigned effects = 0;
	int64_t first;

	while ((first = point_deadline(point)) <= at_mono_ns && first < INT64_MAX)
		effects |= tick_first(point, first);
	return effects;
}

uint64_t point_chatter_edges(const struct point *point)
{
	return point->edges - point->chatter_from_edges;
}

bool point_good(const struct point *point)
{
	return point->quality == QUALITY_GOOD;
}

bool point_known_at(const struct point *point, int64_t at_mono_ns)
{
	return !point_good(point) || point->conf->stale_after_ns == 0 ||
	       point->seen_mono_ns >= at_mono_ns;
}

bool point_truth(const struct point *point, bool *ret_truth)
{
	const struct value *value = &point->value;

	if (value->type == VALUE_BOOL)
		*ret_truth = value->boolean;
	else if (value->type == VALUE_INT && (value->integer == 0 || value->integer == 1))
		*ret_truth = value->integer == 1;
	else
		return false;
	return true;
}

bool point_number(const struct point *point, double *ret_number)
{
	return number(&point->value, ret_number);
}

bool point_whole(const struct point *point, int64_t *ret_number)
{
	const struct value *value = &point->value;

	if (value->type == VALUE_INT) {
		*ret_number = value->integer;
		return true;
	}
	if (value->type != VALUE_REAL || fabs(value->real) > (double)WHOLE_MAX ||
	    fabs(value->real - nearbyint(value->real)) > 0)
		return false;
	*ret_number = (int64_t)value->real;
	return true;
}
