/* The alarms that somebody has to take note of: raised, cleared, latched, acknowledged.
 *
 * Keyed by resource and type, as RFC 8632 does it: "consignment/<ucr>" or "<lane>/<sensor>",
 * of a seal whose number is known "<lane>/<sensor>/<number>", and the event type: each seal is
 * acknowledged for itself, whoever read it. Raised and cleared is what the world does; acknowledged is what an
 * officer does, with name and reason; neither touches the other. A latched alarm stays in the
 * book until it is both cleared and acknowledged (EEMUA 191: an alarm is there for somebody
 * to act on; what nobody can miss need not repeat). One that is not latched goes with its
 * cause. An alarm that comes back after it was cleared wants a new acknowledgement.
 *
 * The book tells only acknowledgements and its own overflow; who raises and clears tells that,
 * when these calls say that it is news. It is kept over a restart by memories ("alarm/…"),
 * ALARM_BOOK_MAX at most: then one of lower severity gives way, or the new one is told but not
 * kept. What belongs to no consignment and is no state of a sensor is cleared by a restart,
 * as gateway.started says.
 */
#ifndef CORRIDORD_ALARM_BOOK_H
#define CORRIDORD_ALARM_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"
#include "memo.h"
#include "reading.h"
#include "vocabulary.h"

#define ALARM_BOOK_MAX	     256
#define ALARM_RESOURCE_BYTES (STATE_KEY_BYTES + VALUE_TEXT_BYTES)
#define ALARM_OFFICER_BYTES  64 /* with the NUL */
#define ALARM_REASON_BYTES   192

struct json;
struct teller;

/* Unacknowledged for longer is told once more; 0: never. */
struct alarm_patience {
	int64_t critical_ns, major_ns;
};

struct booked_alarm {
	char resource[ALARM_RESOURCE_BYTES]; /* empty: the place is free */
	const struct event_type *type;
	bool active;
	bool acknowledged;
	uint64_t times; /* raised since it came into the book */
	int64_t raised_utc_ns; /* the last time */
	enum clock_state raised_clock;
	int64_t raised_mono_ns; /* INT64_MIN: before the restart */
	char officer[ALARM_OFFICER_BYTES];
	char reason[ALARM_REASON_BYTES];
	int64_t overdue_mono_ns; /* when its patience ends; INT64_MAX: never, or that was told */
	bool overdue_told;
	bool changed; /* since it was kept */
};

struct alarm_book {
	bool changed; /* one of them */
	struct booked_alarm alarms[ALARM_BOOK_MAX];
	size_t count;
	uint64_t lost; /* found no room, or gave way */
	bool overflow; /* as told */
	bool overflows;
	struct alarm_patience patience;
};

struct acknowledgement {
	const char *resource;
	const char *type; /* "seal.tampered" */
	const char *officer;
	const char *reason;
	const char *by; /* how it came: "mqtt"; or NULL */
};

void alarm_book_init(struct alarm_book *book, const struct alarm_patience *patience);

/* A memory of before the restart; what is none of the book or not readable is ignored. */
void alarm_book_recall(struct alarm_book *book, const char *key, const char *text);

/* After what was recalled. */
void alarm_book_start(struct alarm_book *book, const struct instant *now);

/* true: it is news (it was not active). */
bool alarm_book_raise(struct alarm_book *book, const char *resource, enum event_id type,
		      const struct instant *at);
/* true: it was active. lasted: by the monotonic clock, over a restart by the labels. */
bool alarm_book_clear(struct alarm_book *book, const char *resource, enum event_id type,
		      const struct instant *at, int64_t *ret_lasted_ms);
/* "<sensor>" or "<sensor>/<subject>"; subject: or NULL. */
void alarm_book_resource(const char *sensor, const char *subject,
			 char ret_resource[ALARM_RESOURCE_BYTES]);
/* A sensor (its key) entered a state: any latched one that it was in is over, of whatever
 * subject; if type is latched it begins. */
void alarm_book_state(struct alarm_book *book, const char *sensor, const char *subject,
		      enum event_id type, const struct instant *at);

/* Tells it. 0; -ENOENT: no such alarm; -EALREADY; -EINVAL: no officer or no reason, or longer
 * than the book has room for. */
int alarm_book_acknowledge(struct alarm_book *book, const struct acknowledgement *by,
			   struct teller *teller);

/* Tells alarm.overflow when that has changed. */
void alarm_book_settle(struct alarm_book *book, struct teller *teller);

int64_t alarm_book_deadline(const struct alarm_book *book); /* INT64_MAX: none */
/* Tells what is not acknowledged in time. */
void alarm_book_tick(struct alarm_book *book, struct teller *teller);

/* Hands out what changed. */
void alarm_book_keep(struct alarm_book *book, const struct keeper *keeper);

/* "alarms": how many there are, and of these still active, not acknowledged. */
void alarm_book_metrics(const struct alarm_book *book, struct json *json);

/* "alarms": what is in the book, the severest first, as long as json has less than so many
 * bytes; "alarms_more": how many there are beside. */
void alarm_book_status(const struct alarm_book *book, struct json *json, size_t most);

/* NULL: not in the book. Valid until the next call. */
const struct booked_alarm *alarm_book_find(const struct alarm_book *book, const char *resource,
					   enum event_id type);

#endif
