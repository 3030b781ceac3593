/* What the registry has to tell: noted in its own thread, made into events by the main loop,
 * which alone appends to the journal.
 *
 * Nothing is told in silence. A few refusals are told in a minute; those beyond, and those
 * that find no room, are counted, and the last of them is told with their number when the
 * minute is over. Before a list is opened its caller asks for room: tell_has_room().
 */
#ifndef CORRIDORD_REGISTRY_TELL_H
#define CORRIDORD_REGISTRY_TELL_H

#include <pthread.h>

#include "registry_record.h"
#include "transit/event.h"

#define TIDINGS_MAX 40 /* of each list file one, and the refusals of a minute */

struct refusal {
	char subject[160];
	int line; /* 0: not of a file */
	char why[160];
	uint64_t more; /* refused beside it */
};

struct taken_list {
	char file[160];
	enum registry_kind kind;
	char version[64];
	int64_t as_of_utc_ns;
	int records;
};

struct tiding {
	enum event_id id;
	struct instant at;
	union {
		struct refusal refusal;
		struct taken_list list;
	};
};

struct tell {
	int fd; /* borrowed: an eventfd, written to when there is something */

	pthread_mutex_t lock;
	struct tiding *tidings; /* a ring */
	size_t first, count;

	/* the registry's thread */
	int64_t minute_ns; /* began then */
	unsigned refusals; /* told in it */
	struct refusal held; /* the last one that was not told; more: those before it */
	bool holds;
};

int tell_init(struct tell *tell, int fd);
void tell_fini(struct tell *tell);

/* The registry's thread. */
void tell_refused(struct tell *tell, const char *subject, const struct registry_complaint *why,
		  uint64_t more);
void tell_list(struct tell *tell, const struct taken_list *list);
bool tell_has_room(struct tell *tell);
int64_t tell_due_ns(const struct tell *tell); /* INT64_MAX: nothing is held */
/* Tells what is held, when it is time or over. */
void tell_held(struct tell *tell, bool over);

/* The main loop: all that there is. */
void tell_pass_on(struct tell *tell, const struct event_sink *sink);

#endif
