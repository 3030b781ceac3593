/* Requests of officers and centres: heard, carried out once, and answered.
 *
 * The uplink's thread brings them (an inlet), the main loop carries them out through its host.
 * What changes something is answered when the event that tells of it is durable: who tells it
 * calls requests_told(), and the journal's progress is handed to requests_durable(). A request
 * that comes again with the same id is not carried out again: it gets the answer of the first
 * time, as long as that is remembered (REQUESTS_REMEMBERED, this run).
 *
 * What is asked of the journal is answered when it has, and is not remembered: asking twice does
 * no harm.
 *
 * One that is signed is carried out once, ever: its time has to be within REQUEST_AGE_S of ours, later
 * than this run's start, and later than that of any signed one that is remembered no longer.
 *
 * Nothing is ever published outside of <root>/<checkpoint>/<gateway>/response/: who may write
 * requests must not be able to make the gateway say something elsewhere in its name.
 */
#ifndef CORRIDORD_INBOUND_REQUESTS_H
#define CORRIDORD_INBOUND_REQUESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "inbound/request.h"
#include "inbound/request_answer.h"
#include "inbound/request_vouched.h"
#include "outbound/inlet.h"
#include "transit/event/event.h"

#define REQUESTS_REMEMBERED 32
#define REQUESTS_WAITING    16 /* at a time for the registry or the disk */
#define REQUESTS_ASKED	    4 /* at a time of the journal */
#define RESPONSE_BYTES	    16384
#define RESPONSE_SCHEMA	    "corridord.response/1"

/* Calls into the gateway, from the main loop. */
struct requests_host {
	void *data;
	/* 0: its event was put, ret_mark is a mark of the journal behind it. -EINPROGRESS: it is to
	 * come, requests_told() with that number says when. Else as transit_name_consignment(),
	 * transit_acknowledge() or transit_act() refuse it; ret_what as of the last. */
	int (*carry_out)(void *data, const struct request *request, uint64_t number,
			 uint64_t *ret_mark, const char **ret_what);
	/* Members of the answer to "status", as long as json has less than so many bytes. */
	void (*status)(void *data, struct jw *json, size_t most);
	int (*answer)(void *data, const struct uplink_answer *answer); /* as uplink_answer() */
	/* Of the journal: requests_answered() follows with that number. -EAGAIN: not now; -ENOENT:
	 * what is to be shown is not signed. */
	int (*ask)(void *data, const struct request *request, uint64_t number);
	const struct request_keys *keys; /* of officers, borrowed; NULL: none are known */
};

struct requests;

/* In words, why one was not carried out. */
struct request_outcome request_judge(const struct request *request, const char *what, int err);

/* prefix: "<root>/<checkpoint>/<gateway>/", copied. origin is borrowed, host is copied.
 * -ENOMEM, or that there is no file descriptor. */
int requests_new(const char *prefix, const struct event_origin *origin,
		 const struct requests_host *host, struct requests **ret_requests);
void requests_free(struct requests *requests); /* after uplink_free(); takes NULL */

struct inlet requests_inlet(struct requests *requests);
uint64_t requests_dropped(struct requests *requests); /* that were longer than any is */
int requests_fd(const struct requests *requests); /* readable when some have come */

/* Carries the next one out. false: there is none. */
bool requests_take(struct requests *requests, int64_t now_ns);

/* What the journal has answered. */
struct requests_reply {
	uint64_t number; /* of the request */
	const char *code; /* a constant; NULL: it was carried out */
	const char *error;
	const char *members; /* JSON members of the answer */
	size_t bytes;
};

void requests_answered(struct requests *requests, const struct requests_reply *reply);

/* The event of that request has been put, and the journal is so marked. Others are ignored. */
void requests_told(struct requests *requests, uint64_t number, uint64_t mark);
/* The journal is durable up to this mark: gives the answers that waited for that. */
void requests_durable(struct requests *requests, uint64_t mark);

#endif
