/* Messages that the uplink receives and hands on, so that it need not know who takes them.
 *
 * An inlet is one folder of topics, subscribed to at each connection. A retained message is never
 * lost: when it cannot be taken, the uplink subscribes again later and it comes once more. */
#ifndef CORRIDORD_UPLINK_INLET_H
#define CORRIDORD_UPLINK_INLET_H

#include <stdbool.h>
#include <stddef.h>

/* A message that came. All borrowed, until the call that hands it over returns, or from an inbox
 * until the next is taken. */
struct inlet_message {
	const char *subject; /* the topic's levels behind the inlet's folder */
	const void *payload;
	size_t bytes; /* 0: what was retained is removed */
	bool cut; /* the payload was longer than an inbox takes */
	bool retained; /* it was there before it was subscribed to */
	const char *response_topic; /* of MQTT 5; NULL: none */
	const void *correlation; /* to be sent back with the response; NULL: none */
	size_t correlation_bytes;
};

/* What is published in answer to such a message. */
struct uplink_answer {
	const char *topic; /* without wildcards, shorter than TOPIC_BYTES */
	const void *correlation; /* sent back with it (MQTT 5); NULL: none */
	size_t correlation_bytes;
	const char *payload;
	size_t bytes;
};

#define UPLINK_CORRELATION_BYTES 256

/* Calls of the uplink's thread. */
struct inlet {
	const char *folder; /* "registry", a constant: of <root>/<checkpoint>/<folder>/ */
	const char *levels; /* which of its topics: "#", "+" */
	bool of_gateway; /* of <root>/<checkpoint>/<gateway>/<folder>/ */
	bool retained; /* messages there are */
	size_t most; /* bytes of a payload that is taken; a longer one comes cut to one more */
	void *data;
	/* Copies. false: no room now, nothing was taken. Does not block. */
	bool (*take)(void *data, const struct inlet_message *message);
	/* Whether since the last call all retained messages have come to be needed once more; or NULL. */
	bool (*wants_all)(void *data);
};

#endif
