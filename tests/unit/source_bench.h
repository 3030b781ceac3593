/* A device with a plate and a state, and what it told its driver's host. */
#ifndef SOURCE_BENCH_H
#define SOURCE_BENCH_H

#include <math.h>

#include "mapper/source.h"

#define LOG	    64
#define UTC_NS	    INT64_C(1764310502000000000)
#define POINT_NAMES 2

enum kind { READING, FAULT };

struct told {
	enum kind kind;
	size_t point;
	char text[VALUE_TEXT_BYTES]; /* of a reading; numbers as written */
	enum reason reason;
	int64_t at_ns;
	struct origin origin; /* of a reading */
};

struct bench {
	struct told log[LOG];
	size_t count;
	char fault[512], words[512]; /* the latest, but those of the state */
	struct map_device_conf device_conf;
	struct map_point_conf plate_conf, state_conf;
	struct driver_point points[POINT_NAMES];
	struct driver_device device;
	struct driver_setup setup;
	struct source source;
	struct doc doc;
	struct source_tools tools;
	int64_t now_ns;
	int64_t silence_ns;
	bool in_moment;
};

static inline void on_said(void *data, size_t device, size_t point, const struct value *value,
			   int64_t at_mono_ns, const struct origin *origin)
{
	struct bench *bench = data;
	struct told *told = &bench->log[bench->count++];

	assert_true(bench->count < LOG && device == 0);
	*told = (struct told){
		.kind = READING, .point = point, .at_ns = at_mono_ns, .origin = *origin};
	if (value->type == VALUE_TEXT)
		strcpy(told->text, value->text);
	else
		sprintf(told->text, "%lld", (long long)value->integer);
}

static inline void on_fault(void *data, size_t device, size_t point, enum reason reason,
			    const char *what)
{
	struct bench *bench = data;

	assert_true(bench->count < LOG - 1 && device == 0);
	bench->log[bench->count++] = (struct told){.kind = FAULT, .point = point, .reason = reason};
	snprintf(bench->fault, sizeof(bench->fault), "%s", what);
}

static inline void on_refuse(void *data, size_t device, size_t point, const struct value *raw,
			     const char *what)
{
	struct bench *bench = data;

	on_fault(data, device, point, REASON_OUT_OF_RANGE, what);
	strcpy(bench->log[bench->count - 1].text, raw->text);
}

static inline void on_moment(void *data, size_t device, bool begins)
{
	struct bench *bench = data;

	assert_true(device == 0 && bench->in_moment != begins);
	bench->in_moment = begins;
}

static inline void on_words(void *data, const char *what)
{
	struct bench *bench = data;

	if (!strstr(what, ": state: "))
		snprintf(bench->words, sizeof(bench->words), "%s", what);
}

/* A plate that is held, and a state; a test may change the options until it begins. */
static inline struct bench *bench_of(void **state)
{
	return *state;
}

static inline int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	bench->device_conf = (struct map_device_conf){.format = MAP_JSON};
	bench->plate_conf = (struct map_point_conf){.path = "/plate",
						    .bit = -1,
						    .at_least = NAN,
						    .hold_ns = 5 * NS_PER_S,
						    .again_after_ns = 30 * NS_PER_S};
	bench->state_conf = (struct map_point_conf){.path = "/state", .bit = -1, .at_least = NAN};
	bench->points[0] = (struct driver_point){.name = "plate", .conf = &bench->plate_conf};
	bench->points[1] = (struct driver_point){.name = "state", .conf = &bench->state_conf};
	bench->device = (struct driver_device){
		.name = "camera", .points = bench->points, .point_count = POINT_NAMES};
	bench->setup = (struct driver_setup){.name = "bus",
					     .devices = &bench->device,
					     .device_count = 1,
					     .host = {.data = bench,
						      .said = on_said,
						      .fault = on_fault,
						      .refuse = on_refuse,
						      .moment = on_moment,
						      .debug = on_words,
						      .tell = on_words}};
	bench->now_ns = 1000 * NS_PER_S;
	bench->tools.doc = &bench->doc;
	assert_int_equal(xml_new(&bench->doc, &bench->tools.xml), 0);
	*state = bench;
	return 0;
}

static inline int tear_down(void **state)
{
	struct bench *bench = *state;

	source_fini(&bench->source);
	xml_free(bench->tools.xml);
	free(bench);
	return 0;
}

static inline void begin(struct bench *bench)
{
	struct driver_complaint complaint;

	assert_int_equal(source_init(&bench->source, &bench->setup, 0, &bench->device_conf,
				     &bench->tools, bench->silence_ns, &complaint),
			 0);
	source_open(&bench->source, bench->now_ns);
	assert_int_equal(bench->count, 1); /* nobody is there */
	assert_string_equal(bench->log[0].text, "");
	bench->count = 0;
}

static inline void hear(struct bench *bench, const char *message)
{
	const struct instant now = {.mono_ns = bench->now_ns,
				    .utc_ns = UTC_NS + bench->now_ns - 1000 * NS_PER_S};

	source_hear(&bench->source, message, strlen(message), &now);
}

static inline void pass(struct bench *bench, double seconds)
{
	bench->now_ns += (int64_t)(seconds * 1e9);
	source_tick(&bench->source, bench->now_ns);
}

/* The next that was told is a reading of a point with this text. */
static inline void assert_reading(const struct bench *bench, size_t place, size_t point,
				  const char *text)
{
	assert_true(place < bench->count);
	assert_int_equal(bench->log[place].kind, READING);
	assert_int_equal(bench->log[place].point, point);
	assert_string_equal(bench->log[place].text, text);
}

static inline void assert_down(const struct bench *bench, size_t place, enum reason reason)
{
	assert_true(place < bench->count);
	assert_int_equal(bench->log[place].kind, FAULT);
	assert_true(bench->log[place].point == DRIVER_ALL);
	assert_int_equal(bench->log[place].reason, reason);
}

#define source_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
