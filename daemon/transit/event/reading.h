/* What a driver observes: one value of one point, when, and how good it is.
 *
 * A reading is plain data: it owns nothing and may be copied. Times are
 * CLOCK_MONOTONIC nanoseconds; wall-clock time is only ever a label, carried
 * by struct instant and never compared or subtracted.
 */
#ifndef CORRIDORD_TRANSIT_EVENT_READING_H
#define CORRIDORD_TRANSIT_EVENT_READING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

struct jw;

#define ORIGIN_PICTURE_BYTES 65
#define VALUE_TEXT_BYTES     64 /* with the terminating NUL */

enum value_type {
	VALUE_NONE,
	VALUE_BOOL,
	VALUE_INT,
	VALUE_UINT, /* only for what does not fit VALUE_INT */
	VALUE_REAL, /* always finite: a NaN from a device is REASON_OUT_OF_RANGE */
	VALUE_TEXT, /* printable UTF-8: what is there is seen, in its order */
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

/* What the values of a point can be, as far as that is known before it is read. */
struct value_shape {
	enum value_type type; /* VALUE_NONE: only the device knows */
	uint8_t bits; /* of an integer; 0: not known */
	bool is_signed;
};

/* What a device that sends messages says of its reading beside the value. All zero: nothing. */
struct origin {
	bool has_confidence, has_time;
	double confidence; /* in its own scale */
	int64_t utc_ns; /* when it was read, by its own clock; which was so far ahead of ours when it came: */
	int64_t ahead_ns;
	char picture[ORIGIN_PICTURE_BYTES]; /* SHA-256 of it in hex; "": none is kept */
	char others[VALUE_TEXT_BYTES]; /* what else it may be, best first: each ended by a NUL, the
					* last by one more */
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
	REASON_OUT_OF_RANGE, /* no value of the declared type, or one that cannot be true */
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
	struct value
		value; /* VALUE_NONE unless quality is good; or what is no value, of REASON_OUT_OF_RANGE */
	struct origin origin;
};

#define REPORT_DETAIL_BYTES 192

/* A device answered again, or stopped answering. */
struct device_report {
	uint32_t device; /* index of the device, as config numbers them */
	bool up;
	enum reason reason;
	int64_t at_mono_ns;
	char detail[REPORT_DETAIL_BYTES]; /* for people: what failed, empty when up */
};

const char *quality_name(enum quality quality);
const char *reason_name(enum reason reason);

bool value_equal(const struct value *a, const struct value *b);
struct value value_bool(bool boolean);
struct value value_int(int64_t integer);
struct value value_uint(uint64_t uinteger); /* becomes VALUE_INT when it fits */
struct value value_real(double real);

/* A text or a whole number as text; left as it is for other types, blanks only, and 0. */
void value_number_text(const struct value *value, char ret_text[VALUE_TEXT_BYTES]);

void jw_value(struct jw *json, const char *key, const struct value *value);

static inline bool origin_is_told(const struct origin *origin)
{
	return origin->has_confidence || origin->has_time || origin->others[0] ||
	       origin->picture[0];
}

/* Of texts as in struct origin: one more; false: it is empty, or there is no room. */
bool others_add(char others[VALUE_TEXT_BYTES], const char *text);
/* The one after it, or after NULL the first; NULL: there is none. */
const char *others_next(const char *others, const char *other);

/* As utf8_print(), cut at the limit. */
struct value value_text(const char *text);

#endif
