/* A device that sends messages: what it sends becomes readings of its points.
 *
 * Judges each message (is it ours, is it a repetition, is it late), has it mapped, keeps the
 * numbers that are read, tells silence and what it cannot understand. The caller is a driver: it
 * hands in messages as they come and calls source_tick() when source_deadline() has passed.
 */
#ifndef CORRIDORD_MAPPER_SOURCE_H
#define CORRIDORD_MAPPER_SOURCE_H

#include "bus/driver.h"
#include "mapper/map.h"
#include "mapper/number.h"
#include "mapper/parcel.h"

#define SOURCE_IDS 64 /* events of the source that are remembered */

struct source_point {
	struct map_point map;
	struct number number; /* of those with a hold */
	struct source *source;
	size_t index;
	/* Of a level: */
	bool beside; /* it has come beside a number, and is of whoever carries that */
	bool said; /* by the record that is being read */
	bool waits; /* for the number beside which it came to settle */
	struct value waiting;
	struct origin waiting_origin;
};

enum source_state {
	SOURCE_UP,
	SOURCE_SILENT,
	SOURCE_GARBLED,
	SOURCE_AWAY, /* it said that it is not available, and is not believed until it says that it is */
};

struct source_counts {
	uint64_t heard, taken, foreign, repeated, late, unsure, refused, too_fast;
};

/* What messages are read with; may serve several sources, one after the other. */
struct source_tools {
	struct doc *doc; /* NULL: all are plain texts */
	struct xml *xml; /* NULL: none is XML */
};

struct source {
	const struct driver_setup *setup;
	size_t device;
	const struct map_device_conf *conf;
	struct source_tools tools;
	struct source_point *points;
	size_t point_count;
	int64_t silence_ns; /* 0: it may be silent */
	int64_t heard_mono_ns; /* last */
	enum source_state state;
	bool in_moment, shows_anew; /* a number, by the record that is being read */
	char waits_for[VALUE_TEXT_BYTES]; /* the number that points wait for */
	const char *picture; /* beside it: its hash, or NULL; borrowed while it is read */
	bool kept; /* the message that is being read: somebody kept it for whoever comes */
	uint32_t vain; /* weight of what could not be taken since something was, */
	int64_t vain_since_ns; /* and when that began */
	uint64_t ids[SOURCE_IDS]; /* hashes, a ring */
	uint32_t id_next;
	uint32_t told; /* refusals, in the minute that began then */
	int64_t told_minute_ns;
	int64_t dropping_ns; /* when one was dropped last, 0: never */
	struct source_counts counts;
};

/* -EINVAL with *complaint filled, -ENOMEM. What its format needs must be among the
 * tools, which are borrowed. source_fini() takes what is half made. */
int source_init(struct source *source, const struct driver_setup *setup, size_t device,
		const struct map_device_conf *conf, const struct source_tools *tools,
		int64_t silence_ns, struct driver_complaint *complaint);
void source_fini(struct source *source);

/* The link is there: what its numbers are now. */
void source_open(struct source *source, int64_t now_mono_ns);

/* One whole message. plain: ended by a NUL, for plain devices. */
void source_hear(struct source *source, const char *bytes, size_t count, const struct instant *now);

/* The same of one that somebody on the way kept for whoever comes (retained, of MQTT): it names nobody. */
void source_hear_kept(struct source *source, const char *bytes, size_t count,
		      const struct instant *now);

/* The same of one that was read piece by piece, in the source's format. */
void source_hear_parcel(struct source *source, struct parcel *parcel, const struct instant *now);

/* What was to be a message and is refused before it is looked at. */
void source_refuse(struct source *source, const char *bytes, size_t count, const char *why,
		   const struct instant *now);

/* Too many come: this one is not looked at. */
void source_drop(struct source *source, int64_t now_mono_ns);

/* Whether it is there, by its own word: else no value of it is taken. what: why not, for people. */
void source_available(struct source *source, bool available, const char *what, int64_t now_mono_ns);

/* Something was heard that is no message: an empty line, a heartbeat. */
void source_alive(struct source *source, int64_t now_mono_ns);

/* What still settles is taken now. */
void source_settle(struct source *source);

void source_tick(struct source *source, int64_t now_mono_ns);
int64_t source_deadline(const struct source *source);

#endif
