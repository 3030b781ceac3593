/* The alarms that somebody has to take note of: raised, cleared, latched, acknowledged.
 *
 * Keyed by resource and type, as RFC 8632 does it: "consignment/<ucr>" or "<lane>/<sensor>",
 * of a seal whose number is known "<lane>/<sensor>/<number>", and the event type: each seal is
 * acknowledged for itself, whoever read it. Raised and cleared is what the world does;
 * acknowledged is what an officer does, with name and reason; neither touches the other. A
 * latched alarm stays in the book until it is both cleared and acknowledged (EEMUA 191: an alarm
 * is there for somebody to act on; what nobody can miss need not repeat). One that is not
 * latched goes with its cause. An alarm that comes back after it was cleared wants a new
 * acknowledgement.
 *
 * Events of the book itself are alarm.acknowledged, alarm.unacknowledged and alarm.overflow.
 * Who raises or clears an alarm puts that event, if these calls say that something changed.
 *
 * It survives a restart by memories ("alarm/<n>"). ALARM_BOOK_MAX alarms at most: then one of
 * lower severity is evicted, or the new one has its event but is not kept; memory.gave-way names it. What belongs to no
 * consignment and is no state of a sensor is cleared by a restart, as gateway.started says.
 */
#ifndef CORRIDORD_TRANSIT_EVENT_ALARM_BOOK_H
#define CORRIDORD_TRANSIT_EVENT_ALARM_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transit/event/event.h"
#include "transit/event/memo.h"
#include "transit/event/pack.h"
#include "transit/event/reading.h"
#include "transit/event/shelf.h"
#include "transit/event/vocabulary.h"

#define ALARM_BOOK_MAX	 4096
#define ALARM_BOOK_TYPES 255 /* that are raised, each in one severity */

struct jw;
struct teller;

/* What is not acknowledged for so long has one more event, alarm.unacknowledged; 0: never. */
struct alarm_delay {
	int64_t critical_ns, major_ns;
};

struct booked_alarm {
	size_t place; /* in the book */
	char resource[ALARM_RESOURCE_BYTES];
	const struct event_type *type;
	int64_t raised_utc_ns; /* the last time */
	int64_t raised_mono_ns; /* INT64_MIN: before the restart */
	int64_t overdue_mono_ns; /* alarm.unacknowledged is due; INT64_MAX: never, or it was put */
	uint32_t times; /* raised since it came into the book */
	enum clock_state raised_clock;
	bool active;
	bool acknowledged;
	bool overdue_reported;
	bool changed; /* its memory is not as it is */
};

/* Of one place in the book, what is looked at most. */
struct alarm_mark {
	uint16_t hash; /* of the resource */
	uint8_t type; /* among the book's types, from 1; 0: the place is free */
	uint8_t flags;
};

struct alarm_book {
	bool changed; /* one of the alarms */
	struct alarm_mark marks[ALARM_BOOK_MAX];
	struct shelf shelf; /* all else, by place */
	struct pack_names names;
	const struct event_type *types[ALARM_BOOK_TYPES];
	size_t type_count;
	struct booked_alarm found; /* the one that was looked at last */
	size_t count;
	size_t used; /* places that are, or were: all others are free */
	char gave_way[ALARM_RESOURCE_BYTES]; /* the last that was lost, to be told; or empty */
	uint64_t lost; /* found no room, or were evicted */
	bool overflow; /* some were lost, and the book is nearly full since */
	bool overflow_reported; /* as the last event said */
	struct alarm_delay delay;
};

struct acknowledgement {
	const char *resource;
	const char *type; /* "seal.tampered" */
	const char *officer;
	const char *reason;
	const char *by; /* how it came: "mqtt"; or NULL */
	const struct officer_signature *signature; /* NULL: that is not asked */
};

/* In memory that is all zeros: it is large, and only what is used of it is touched. */
void alarm_book_init(struct alarm_book *book, const struct alarm_delay *delay);
void alarm_book_fini(struct alarm_book *book); /* it is empty */

/* NULL: no such alarm. Valid until another is looked at. */
const struct booked_alarm *alarm_book_find(struct alarm_book *book, const char *resource,
					   const struct event_type *type);

/* A memory of before the restart; one that is not the book's, or not readable, is ignored. */
void alarm_book_recall(struct alarm_book *book, const char *key, const char *text);

/* After all memories. */
void alarm_book_start(struct alarm_book *book, const struct instant *now);

/* true: it was not active before. */
bool alarm_book_raise(struct alarm_book *book, const char *resource, const struct event_type *type,
		      const struct instant *at);
/* true: it was active. ret_lasted_ms (or NULL): by the monotonic clock, over a restart by UTC. */
bool alarm_book_clear(struct alarm_book *book, const char *resource, const struct event_type *type,
		      const struct instant *at, int64_t *ret_lasted_ms);
/* "consignment/<ucr>" */
void alarm_book_consignment(const char *ucr, char ret_resource[ALARM_RESOURCE_BYTES]);
/* "<sensor>", or "<sensor>/<subject>" where there is a subject (or NULL). */
void alarm_book_resource(const char *sensor, const char *subject,
			 char ret_resource[ALARM_RESOURCE_BYTES]);
/* A sensor (its key) entered the state of that type: the alarm of the state that it was in, of
 * whatever subject, is cleared, and one of this state raised if it is latched. */
void alarm_book_state(struct alarm_book *book, const char *sensor, const char *subject,
		      const struct event_type *type, const struct instant *at);

/* Puts alarm.acknowledged. -ENOENT: no such alarm; -EALREADY; -EINVAL: no officer or no reason,
 * or longer than the book has room for. */
int alarm_book_acknowledge(struct alarm_book *book, const struct acknowledgement *by,
			   struct teller *teller);

/* Acknowledges all that is raised of a seal, at whichever reader. is: whether a number is that
 * seal's. by->resource and by->type are not looked at. */
void alarm_book_settle(struct alarm_book *book, const char *seal,
		       bool (*is)(const char *number, const char *seal),
		       const struct acknowledgement *by, struct teller *teller);

/* Puts alarm.overflow if that was raised or cleared since. */
void alarm_book_tell_overflow(struct alarm_book *book, struct teller *teller);

int64_t alarm_book_deadline(const struct alarm_book *book); /* INT64_MAX: none */
/* Puts alarm.unacknowledged for what was not acknowledged in time. */
void alarm_book_tick(struct alarm_book *book, struct teller *teller);

/* Hands out the memories of what changed. */
void alarm_book_keep(struct alarm_book *book, const struct keeper *keeper);

/* "alarms": how many are kept, and how many of these are active, or not acknowledged. */
void alarm_book_metrics(const struct alarm_book *book, struct jw *json);

/* "alarms": what is in the book, the severest first, as long as json has less than so many
 * bytes; "alarms_more" counts the rest. */
void alarm_book_status(const struct alarm_book *book, struct jw *json, size_t most);

#endif
