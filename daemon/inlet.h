/* What the uplink hears and hands on, so that it need not know who takes it.
 *
 * An inlet is one folder of topics, subscribed to at each connection. What is retained there
 * is never lost: what could not be taken is asked for once more, later. */
#ifndef CORRIDORD_INLET_H
#define CORRIDORD_INLET_H

#include <stdbool.h>
#include <stddef.h>

/* A message that came. All borrowed, until the call that hands it over returns. */
struct heard {
	const char *subject; /* the topic's levels behind the inlet's folder */
	const void *payload;
	size_t bytes; /* 0: what was retained is removed */
	bool retained; /* it was there before it was subscribed to */
	const char *response_topic; /* of MQTT 5; NULL: none */
	const void *correlation; /* to be sent back with the response; NULL: none */
	size_t correlation_bytes;
};

/* Calls of the uplink's thread. */
struct inlet {
	const char *folder; /* "registry", a constant: of <root>/<checkpoint>/<folder>/ */
	const char *levels; /* which of its topics: "#", "+" */
	bool of_gateway; /* of <root>/<checkpoint>/<gateway>/<folder>/ */
	bool retained; /* what is sent there is retained */
	void *data;
	/* Copies. false: no room now, nothing was taken. Does not block. */
	bool (*take)(void *data, const struct heard *heard);
	/* Whether all that is retained is needed once more since the last call; or NULL. */
	bool (*wants_all)(void *data);
};

#endif
