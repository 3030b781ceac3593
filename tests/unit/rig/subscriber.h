/* A client of a broker that remembers all it receives, in order.
 *
 * It has no thread: it receives during subscriber_turn(). Topics and branches are those below
 * TOPIC_BASE: "status", "event/", "alert/seal/tampered". */
#ifndef CORRIDORD_TESTS_SUBSCRIBER_H
#define CORRIDORD_TESTS_SUBSCRIBER_H

#include "unit.h"

#include <mosquitto.h>

#include "journal/outlet.h"

#define TOPIC_BASE "corridor/v1/ge-red-bridge/gw1/"

struct received {
	char *topic, *payload;
	size_t bytes;
	int qos;
	bool retain;
	char epoch[EVENT_EPOCH_BYTES];
	char content_type[32];
	char correlation[32]; /* as text */
	uint64_t seq;
	bool late;
};

struct subscriber {
	struct mosquitto *client; /* NULL: none */
	int qos;
	int rc; /* what the library said last */
	bool subscribed;
	struct received *received;
	size_t count;
	/* Of subscriber_complete(): */
	size_t checked;
	size_t *firsts; /* where each event came first */
	uint64_t complete;
};

void subscriber_init(struct subscriber *subscriber);
void subscriber_fini(struct subscriber *subscriber);

/* Asks for all topics; subscribed when that is granted. What was received before is kept.
 * login: name and password, or NULL. */
void subscriber_connect(struct subscriber *subscriber, int port, const char *login);
void subscriber_disconnect(struct subscriber *subscriber);

/* Receives what there is; waits a moment for it. */
void subscriber_turn(struct subscriber *subscriber);
/* Receives what a broker that is gone had sent before. With QoS 0: an acknowledgement that can
 * no longer be written would end it. */
void subscriber_drain(struct subscriber *subscriber);
void subscriber_forget(struct subscriber *subscriber);

/* ---- what came ------------------------------------------------------------------------- */

/* The last one of the topic, NULL: none. */
const struct received *subscriber_last(const struct subscriber *subscriber, const char *topic);
bool subscriber_last_says(const struct subscriber *subscriber, const char *topic, const char *text);
size_t subscriber_count(const struct subscriber *subscriber, const char *branch);
bool is_of(const struct received *received, const char *branch);

/* The number of an event of a fake journal. */
uint64_t number_of(const struct received *received);

/* Up to which number each event of a fake journal came, in order of first arrival; fails the
 * test if one was left out or if a duplicate is not identical to the first. */
uint64_t subscriber_complete(struct subscriber *subscriber);

#endif
