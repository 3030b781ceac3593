/* What passes between corridord and corridord-readers, the process in which drivers run that speak
 * protocols of the network (frames/channel.h).
 *
 * Down goes what the configuration says of one bus, as packed options (pack.h). Up comes what a driver
 * tells its host (bus/driver.h), which corridord believes only as far as it can be (apart.c).
 */
#ifndef CORRIDORD_APART_FRAMES_H
#define CORRIDORD_APART_FRAMES_H

#include "frames/form.h"
#include "transit/event/reading.h"

#define APART_WORDS_BYTES 320 /* of what is said for people, with the NUL */
#define APART_ALL	  UINT32_MAX /* instead of a point: all points of the device */
#define APART_ALIVE_NS	  (5 * NS_PER_S) /* it gives a sign of life so often */
#define APART_BLOB_BYTES  ((size_t)48 * 1024) /* of the options of a block */
#define APART_NONE_MOST	  64 /* numbers that mean that there is none */

enum apart_kind {
	/* down */
	APART_SETUP, /* first, then each device followed by its points, then APART_START */
	APART_DEVICE,
	APART_POINT,
	APART_START,
	/* up */
	APART_READING,
	APART_FAULT,
	APART_MOMENT,
	APART_SAY,
	APART_ALIVE,
	APART_KINDS
};

struct apart_setup {
	const char *driver, *bus; /* names */
	const char *credentials; /* $CREDENTIALS_DIRECTORY, or NULL */
	bool debug; /* say that much */
	uint32_t devices;
	const void *options;
	size_t bytes;
};

struct apart_device {
	const char *name;
	uint32_t points;
	const void *options;
	size_t bytes;
};

struct apart_point {
	const char *name;
	const void *options;
	size_t bytes;
	const void *none; /* int64_t each: driver_point.none */
	size_t none_bytes;
};

struct apart_reading {
	uint32_t device, point;
	int64_t at_mono_ns;
	uint32_t type; /* enum value_type */
	uint64_t bits; /* of a bool, an integer or a real */
	const char *text; /* of a text, else NULL */
	bool has_confidence, has_time; /* struct origin */
	uint64_t confidence; /* the bits of a real */
	int64_t utc_ns, ahead_ns;
	const char *picture; /* or NULL */
	const void *others;
	size_t others_bytes;
};

struct apart_fault {
	uint32_t device, point; /* or APART_ALL */
	uint32_t reason; /* enum reason */
	const char *what;
	const char *raw; /* of one point, REASON_OUT_OF_RANGE: what is no value; or NULL */
};

struct apart_moment {
	uint32_t device;
	bool begins;
};

struct apart_say {
	bool loud; /* to be seen without debugging */
	const char *what;
};

extern const struct protocol apart_protocol;

/* As frames have them, and back; false: there is no such value. */
void apart_from_value(const struct value *value, struct apart_reading *ret_reading);
bool apart_to_value(const struct apart_reading *reading, struct value *ret_value);
void apart_from_origin(const struct origin *origin, struct apart_reading *ret_reading);
bool apart_to_origin(const struct apart_reading *reading, struct origin *ret_origin);

#endif
