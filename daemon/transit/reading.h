/* What a driver observes: one value of one point, when, and how good it is.
 *
 * A reading is plain data: it owns nothing and may be copied. Times are
 * CLOCK_MONOTONIC nanoseconds; wall-clock time is only ever a label, carried
 * by struct instant and never compared or subtracted.
 */
#ifndef CORRIDORD_READING_H
#define CORRIDORD_READING_H

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

#define VALUE_TEXT_BYTES 64 /* with the terminating NUL */

enum value_type {
	VALUE_NONE,
	VALUE_BOOL,
	VALUE_INT,
	VALUE_UINT, /* only for what does not fit VALUE_INT */
	VALUE_REAL, /* always finite: a NaN from a device is REASON_OUT_OF_RANGE */
	VALUE_TEXT, /* valid UTF-8, no control characters */
};

struct value {
	enum value_type type;
	union {
		bool boolean;
		int64_t integer;
		uint64_t uinteger;
		double real;
		char text[VALUE_TEXT_BYTES];
	};
};

enum quality {
	QUALITY_GOOD, /* read just now, as the device gave it */
	QUALITY_STALE, /* nothing new for longer than the point's limit */
	QUALITY_FAULT, /* the device, the bus or the line says no */
};

/* Why a reading is not good. The words of reason_name() are published. */
enum reason {
	REASON_NONE,
	REASON_NOT_YET, /* nothing was read since start */
	REASON_NO_ANSWER, /* the device did not answer in time */
	REASON_LINK_DOWN, /* the bus, port or connection is not there */
	REASON_GARBLED, /* checksum, length or function code wrong */
	REASON_WRONG_UNIT, /* another unit answered */
	REASON_REFUSED, /* illegal address or function (exceptions 1, 2, 3) */
	REASON_DEVICE_ERROR, /* the device reports its own failure (exceptions 4 and up) */
	REASON_OUT_OF_RANGE, /* the bytes are no value of the declared type */
	REASON_LINE_GONE, /* GPIO chip or line not found */
	REASON_LINE_BUSY, /* GPIO line held by another process */
	REASON_TOO_OLD, /* staleness limit passed */
	REASON_CHATTER, /* input flapping, suppressed */
	REASON_COUNT
};

struct reading {
	uint32_t point; /* index of the point, as config numbers them */
	enum quality quality;
	enum reason reason;
	uint32_t lost_edges; /* changes known to be missed just before this one */
	bool more; /* others of the same poll of the device follow at once */
	int64_t at_mono_ns;
	struct value value; /* VALUE_NONE unless quality is good */
};

/* A device answered again, or stopped answering. */
struct device_report {
	uint32_t device; /* index of the device, as config numbers them */
	bool up;
	enum reason reason;
	int64_t at_mono_ns;
	char detail[96]; /* for people: what failed, empty when up */
};

enum clock_state {
	CLOCK_UNSYNCED, /* never set since boot: utc_ns is not to be trusted */
	CLOCK_SYNCED, /* disciplined now */
	CLOCK_HOLDOVER, /* was synced in this boot, no longer is */
};

/* The two clocks read together. */
struct instant {
	int64_t mono_ns;
	int64_t utc_ns; /* nanoseconds since 1970, may step */
	enum clock_state clock;
};

const char *quality_name(enum quality quality);
const char *reason_name(enum reason reason);
const char *clock_state_name(enum clock_state state);

bool value_equal(const struct value *a, const struct value *b);
struct value value_bool(bool boolean);
struct value value_int(int64_t integer);
struct value value_uint(uint64_t uinteger); /* becomes VALUE_INT when it fits */
struct value value_real(double real);

/* A text or whole number as text, blanks alone and the number 0 as none; else untouched. */
void value_number_text(const struct value *value, char ret_text[VALUE_TEXT_BYTES]);

/* Copies text, replacing what is not printable UTF-8 by '?'; cut at the limit. */
struct value value_text(const char *text);

#endif
