/* Any bytes from the process of readers: what reaches the core is a point's, of its type, and a
 * moment is never left open. */
#include <math.h>

#include "base/utf8.h"

#include "apart/apart.c"
#include "drivers.h"
#include "mqtt/conf.h"
#include "tests/fuzz/frames.h"

#define POINTS 3

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static int in_moment;

static void on_said(void *data, size_t device, size_t point, const struct value *value,
		    int64_t at_mono_ns, const struct origin *origin)
{
	const enum value_type types[POINTS] = {VALUE_TEXT, VALUE_REAL, VALUE_BOOL};

	(void)data;
	if (device != 0 || point >= POINTS || at_mono_ns > clock_mono_ns() ||
	    value->type != types[point])
		abort();
	if (!isfinite(origin->confidence) || origin->utc_ns < 0)
		abort();
	for (const char *other = NULL; (other = others_next(origin->others, other));)
		if (other >= origin->others + sizeof(origin->others) - 1 ||
		    !utf8_is_printable(other))
			abort();
	if (value->type == VALUE_TEXT && !utf8_is_printable(value->text))
		abort();
	if (value->type == VALUE_REAL && !isfinite(value->real))
		abort();
}

static void on_fault(void *data, size_t device, size_t point, enum reason reason, const char *what)
{
	(void)data;
	if (device != 0 || (point >= POINTS && point != DRIVER_ALL) || reason == REASON_NONE ||
	    reason >= REASON_COUNT || strlen(what) >= APART_WORDS_BYTES)
		abort();
}

static void on_refuse(void *data, size_t device, size_t point, const struct value *raw,
		      const char *what)
{
	(void)data, (void)device, (void)point, (void)what;
	if (raw->type != VALUE_TEXT || !utf8_is_printable(raw->text))
		abort();
}

static void on_moment(void *data, size_t device, bool begins)
{
	(void)data;
	in_moment += begins ? 1 : -1;
	if (device != 0 || in_moment != (begins ? 1 : 0))
		abort();
}

static void on_words(void *data, const char *what)
{
	(void)data;
	if (strlen(what) >= APART_WORDS_BYTES)
		abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static char host[] = "localhost", topic[] = "a";
	static char *hosts[] = {host}, *topics[] = {topic};
	static const struct mqtt_conf bus = {.hosts = {.item = hosts, .count = 1}};
	static const struct mqtt_device_conf conf = {.map = {.format = MAP_JSON},
						     .topics = {.item = topics, .count = 1}};
	static const struct map_point_conf confs[POINTS] = {
		{.path = "/t", .bit = -1, .at_least = NAN, .type = MAP_TEXT},
		{.path = "/r", .bit = -1, .at_least = NAN, .type = MAP_REAL},
		{.path = "/b", .bit = 3, .at_least = NAN},
	};
	const struct driver_point points[POINTS] = {{.name = "t", .conf = &confs[0]},
						    {.name = "r", .conf = &confs[1]},
						    {.name = "b", .conf = &confs[2]}};
	const struct driver_device device = {
		.name = "d", .conf = &conf, .points = points, .point_count = POINTS};
	const struct driver_setup setup = {.conf = &bus,
					   .devices = &device,
					   .device_count = 1,
					   .host = {.said = on_said,
						    .fault = on_fault,
						    .refuse = on_refuse,
						    .moment = on_moment,
						    .debug = on_words,
						    .tell = on_words}};
	struct driver_complaint complaint;
	void *instance = NULL;
	int fds[2];

	if (mqtt_in_driver.create(&setup, &instance, &complaint) < 0 || channel_pair(fds) < 0 ||
	    channel_init(&((struct apart *)instance)->channel, &apart_protocol, fds[0], OUT_BYTES) <
		    0)
		abort();
	send_frames(fds[1], data, size);
	close(fds[1]);
	while (take_all(instance) == 0)
		((struct apart *)instance)->while_frames = 0;
	if (in_moment != 0)
		abort();
	apart_close(instance);
	apart_free(instance);
	return 0;
}
