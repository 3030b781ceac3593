/* An alarm in its place in the book (alarm_book.h): what is looked at most in a mark, all else in few
 * bytes on the shelf.
 *
 * Part of the book, which alone calls it. Pure: no clock, no file; allocates.
 */
#ifndef CORRIDORD_TRANSIT_EVENT_ALARM_PLACE_H
#define CORRIDORD_TRANSIT_EVENT_ALARM_PLACE_H

#include "transit/event/alarm_book.h"

/* Of a mark. */
enum {
	MARK_ACTIVE = 1,
	MARK_ACKNOWLEDGED = 2,
	MARK_REPORTED = 4,
	MARK_CHANGED = 8,
	MARK_WAITING = 16, /* alarm.unacknowledged is due */
	MARK_THIS_BOOT = 32, /* it was raised since the restart */
	MARK_CLOCK = 6,
};

/* NULL: the place is free. */
const struct event_type *alarm_type_at(const struct alarm_book *book, size_t place);

/* In its place, whatever was there. -ENOMEM, and then that is as it was. */
int alarm_write(struct alarm_book *book, const struct booked_alarm *alarm);
/* Of a place that is not free. */
void alarm_read(const struct alarm_book *book, size_t place, struct booked_alarm *ret_alarm);
/* The same into book->found, which is valid until the next of these. */
struct booked_alarm *alarm_look_at(struct alarm_book *book, size_t place);
/* NULL: no such alarm. */
struct booked_alarm *alarm_find(struct alarm_book *book, const char *resource,
				const struct event_type *type);

#endif
