/* What the configuration says of messages: which are a device's, and what in them is a point's. */
#ifndef CORRIDORD_MAPPER_CONF_H
#define CORRIDORD_MAPPER_CONF_H

#include "config/option.h"

enum map_format { MAP_PLAIN, MAP_JSON, MAP_XML };

enum map_time_form {
	MAP_TIME_RFC3339,
	MAP_TIME_UNIX,
	MAP_TIME_UNIX_MS,
	MAP_TIME_UNIX_US,
	MAP_TIME_UNIX_NS,
	MAP_TIME_LOCAL,
};

enum map_type { MAP_AUTO, MAP_TEXT, MAP_INTEGER, MAP_REAL, MAP_BOOL, MAP_REAL_COMMA };

enum map_decode { MAP_AS_IT_IS, MAP_HEX, MAP_BASE64, MAP_EPC, MAP_HEX_NUMBER };

struct map_device_conf {
	int format;
	const char *each;
	struct conf_list when, only, gone;
	const char *id, *time;
	int time_form;
};

struct map_point_conf {
	const char *path, *absent;
	struct conf_list none, words;
	const char *confidence, *others, *other;
	double at_least; /* NAN: any */
	const char *pattern, *accept;
	int64_t bit; /* -1: all */
	int type, decode;
	int64_t max_age_ns, settle_ns, hold_ns, again_after_ns; /* hold 0: a level */
};

extern const struct conf_option map_device_options[], map_point_options[];

/* What the values of a point can be, by its options. */
struct value_shape map_shape(const void *point_conf);

#endif
