/* The counter where requests are heard, carried out once, and answered.
 *
 * The uplink's thread brings them (an inlet); the main loop carries them out through doors that
 * the gateway opens. What changes something is answered when the event that tells of it is
 * durable. A request that comes again with the same id is not carried out again: it gets the
 * answer of the first time, as long as that is remembered (REQUESTS_REMEMBERED, this run).
 *
 * Nothing is ever published outside of <root>/<checkpoint>/<gateway>/response/: who may write
 * requests must not be able to make the gateway say something elsewhere in its name.
 */
#ifndef CORRIDORD_REQUESTS_H
#define CORRIDORD_REQUESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "inlet.h"
#include "request.h"
#include "transit/event.h"
#include "uplink.h"

#define REQUESTS_REMEMBERED 32
#define REQUESTS_WAITING    16 /* at a time for the registry or the disk */
#define RESPONSE_BYTES	    16384
#define RESPONSE_SCHEMA	    "corridord.response/1"

/* Calls of the main loop. */
struct requests_doors {
	void *data;
	/* As transit_present() and transit_acknowledge(). */
	int (*present)(void *data, const struct request *request);
	int (*acknowledge)(void *data, const struct request *request);
	/* The event of a request that was carried out has been told. */
	bool (*is_told)(void *data, const struct request *request);
	/* Members of the answer to "status", as long as json has less than so many bytes. */
	void (*status)(void *data, struct json *json, size_t most);
	/* What was told so far, and whether it is durable. */
	uint64_t (*mark)(void *data);
	bool (*is_durable)(void *data, uint64_t mark);
	int (*answer)(void *data, const struct uplink_answer *answer); /* as uplink_answer() */
	bool (*has_room)(void *data); /* for what a request may cause */
};

struct requests;

/* prefix: "<root>/<checkpoint>/<gateway>/", copied. origin is borrowed, doors are copied.
 * -ENOMEM, or that there is no file descriptor. */
int requests_new(const char *prefix, const struct event_origin *origin,
		 const struct requests_doors *doors, struct requests **ret_requests);
void requests_free(struct requests *requests); /* after uplink_free(); takes NULL */

struct inlet requests_inlet(struct requests *requests);
int requests_fd(const struct requests *requests); /* readable when some have come */

/* Carries out what has come. */
void requests_take(struct requests *requests, int64_t now_ns);
/* Gives the answers that have become due. */
void requests_settle(struct requests *requests);

#endif
