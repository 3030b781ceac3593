/* A request of an officer or a centre, as it comes by MQTT: one JSON object.
 *
 * Reads and checks; who carries it out is requests.h. Every text is bounded, UTF-8 and without
 * control characters, so that it may go into an event and a log line as it is.
 */
#ifndef CORRIDORD_REQUEST_H
#define CORRIDORD_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "transit/alarm_book.h"
#include "transit/passage.h"

#define REQUEST_BYTES	    4096 /* the longest payload */
#define REQUEST_ID_BYTES    65 /* all of these with the NUL */
#define REQUEST_LANE_BYTES  64
#define REQUEST_TYPE_BYTES  64
#define REQUEST_ERROR_BYTES 160
#define REQUEST_SCHEMA	    "corridord.request/1"

enum request_method {
	REQUEST_PRESENT, /* the vehicle in a lane carries this consignment */
	REQUEST_ACK, /* an alarm is taken note of */
	REQUEST_STATUS, /* what the gateway knows now */
	REQUEST_METHODS
};

struct request {
	enum request_method method;
	char id[REQUEST_ID_BYTES]; /* empty: none */
	char officer[ALARM_OFFICER_BYTES], reason[PASSAGE_WORD_BYTES];
	char lane[REQUEST_LANE_BYTES], ucr[IDENTIFIER_BYTES]; /* present */
	char resource[ALARM_RESOURCE_BYTES], type[REQUEST_TYPE_BYTES]; /* ack */
};

const char *request_method_name(enum request_method method);
bool request_method_by_name(const char *name, enum request_method *ret_method);

/* 0; -EINVAL: ret_error says in words why not, and the id is there if it could be read. */
int request_read(enum request_method method, const char *payload, size_t bytes,
		 struct request *ret_request, char ret_error[REQUEST_ERROR_BYTES]);

bool request_is_same(const struct request *a, const struct request *b); /* they say the same */

#endif
