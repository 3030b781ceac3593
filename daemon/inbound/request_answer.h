/* Where the answer to a request goes, and what comes of it. Pure. */
#ifndef CORRIDORD_INBOUND_REQUEST_ANSWER_H
#define CORRIDORD_INBOUND_REQUEST_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "frames/topic.h"
#include "inbound/request.h"
#include "outbound/inlet.h"

struct request_address {
	char topic[TOPIC_BYTES];
	unsigned char correlation[UPLINK_CORRELATION_BYTES];
	size_t correlation_bytes;
	bool correlated;
};

struct request_outcome {
	const char *code; /* a constant; NULL: it was carried out */
	char error[REQUEST_ERROR_BYTES];
};

struct request_outcome request_refusal(const char *code, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* folder: "<prefix>response/", below which all answers are. The outcome has a code when the
 * request's own words on it cannot be followed; then the answer goes to <folder><method>. */
struct request_outcome request_address_read(const char *folder, const struct inlet_message *message,
					    const char *method,
					    struct request_address *ret_address);

#endif
