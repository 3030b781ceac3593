/* Readings of one point, and what it makes of them. */
#ifndef TEST_POINT_READINGS_H
#define TEST_POINT_READINGS_H

#include "rig/sensor_rig.h"

static inline struct point_conf contact_conf(void)
{
	return (struct point_conf){
		.name = "io.beam",
		.debounce_ns = 20 * MS,
		.chatter_edges = 4,
		.chatter_window_ns = S,
		.scale = 1,
	};
}

static inline unsigned read_value(struct point *point, int64_t at_mono_ns, struct value value)
{
	struct reading reading = {.at_mono_ns = at_mono_ns, .value = value};

	return point_reading(point, &reading);
}

static inline unsigned read_bool(struct point *point, int64_t at_mono_ns, bool value)
{
	return read_value(point, at_mono_ns, value_bool(value));
}

static inline unsigned read_fault(struct point *point, int64_t at_mono_ns, enum reason reason)
{
	struct reading reading = {
		.at_mono_ns = at_mono_ns, .quality = QUALITY_FAULT, .reason = reason};

	return point_reading(point, &reading);
}

static inline void assert_bool(const struct point *point, bool value, int64_t changed_mono_ns)
{
	assert_true(point_good(point));
	assert_int_equal(point->value.type, VALUE_BOOL);
	assert_int_equal(point->value.boolean, value);
	assert_int_equal(point->changed_mono_ns, changed_mono_ns);
}

static inline void assert_lost(const struct point *point, enum quality quality, enum reason reason,
			       int64_t changed_mono_ns)
{
	assert_int_equal(point->quality, quality);
	assert_int_equal(point->reason, reason);
	assert_int_equal(point->value.type, VALUE_NONE);
	assert_int_equal(point->changed_mono_ns, changed_mono_ns);
}

#endif
