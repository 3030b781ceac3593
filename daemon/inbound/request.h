/* A request of an officer or a centre, as it comes by MQTT: one JSON object.
 *
 * Reads and checks; who carries it out is requests.h. Every text is bounded, UTF-8 and without
 * control characters, so that it may go into an event and a log line as it is.
 */
#ifndef CORRIDORD_INBOUND_REQUEST_H
#define CORRIDORD_INBOUND_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/members.h"
#include "journal/outlet.h"
#include "transit/event/event.h"
#include "transit/registry/identifier.h"

#define REQUEST_BYTES	    4096 /* the longest payload */
#define REQUEST_ID_BYTES    65 /* these with the NUL */
#define REQUEST_LANE_BYTES  64
#define REQUEST_TYPE_BYTES  64
#define REQUEST_STEP_BYTES  8
#define REQUEST_CODE_BYTES  8
#define REQUEST_ERROR_BYTES MEMBERS_ERROR_BYTES
#define REQUEST_SCHEMA	    "corridord.request/1"

enum request_method {
	REQUEST_PRESENT, /* the vehicle in a lane carries this consignment */
	REQUEST_ACK, /* an officer acknowledges an alarm */
	REQUEST_RESEAL, /* opened a seal and affixed another one */
	REQUEST_CONTROL, /* begins or has ended an examination */
	REQUEST_RELEASE, /* releases a consignment */
	REQUEST_REDIRECT, /* sends it to another checkpoint */
	REQUEST_INCIDENT, /* endorses what happened to it on its way */
	REQUEST_STATUS, /* what stands in the lanes, and which alarms there are */
	/* answered by the journal */
	REQUEST_REPLAY, /* events once more */
	REQUEST_PROOF, /* that the log only grew */
	REQUEST_PROVE, /* that an event is in it */
	REQUEST_METHODS
};

struct request {
	enum request_method method;
	char id[REQUEST_ID_BYTES]; /* empty: none */
	char officer[OFFICER_NAME_BYTES], reason[OFFICER_REASON_BYTES];
	char lane[REQUEST_LANE_BYTES]; /* present */
	char ucr[IDENTIFIER_BYTES]; /* all but ack and status */
	char resource[ALARM_RESOURCE_BYTES], type[REQUEST_TYPE_BYTES]; /* ack */
	char old_seal[IDENTIFIER_BYTES],
		new_seal[IDENTIFIER_BYTES]; /* reseal, as they are written */
	char authority[OFFICER_REASON_BYTES];
	char step[REQUEST_STEP_BYTES], result[REQUEST_TYPE_BYTES]; /* control */
	char to[REQUEST_LANE_BYTES]; /* redirect: a checkpoint */
	char code[REQUEST_CODE_BYTES], endorsement[OFFICER_REASON_BYTES]; /* incident */
	/* incident: what it goes on and in now, and instead of which; as they are written */
	char old_vehicle[IDENTIFIER_BYTES], new_vehicle[IDENTIFIER_BYTES];
	char old_container[IDENTIFIER_BYTES], new_container[IDENTIFIER_BYTES];
	char asker[ASKER_BYTES]; /* replay: a level of a topic */
	struct event_range
		ranges[EVENT_RANGES]; /* replay; of the others the first: old to new, seq */
	size_t range_count;
	bool since; /* replay: all from the first of ranges[0] on */
	bool noted; /* it has a note; as request_vouched() finds it: */
	bool judged; /* keys of officers are known */
	struct officer_signature signature;
	uint64_t signed_s; /* when, since 1970 */
};

const char *request_method_name(enum request_method method);
bool request_method_by_name(const char *name, enum request_method *ret_method);

/* 0; -EINVAL: ret_error says in words why not, and the id is there if it could be read. */
int request_read(enum request_method method, const char *payload, size_t bytes,
		 struct request *ret_request, char ret_error[REQUEST_ERROR_BYTES]);

/* Whatever the order of their members; of officers' requests. */
bool request_is_same(const struct request *a, const struct request *b);

#endif
