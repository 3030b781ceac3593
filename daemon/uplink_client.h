/* One connection to one broker: libmosquitto behind five verbs.
 *
 * A client lives as long as its connection. It is made when connecting begins and
 * freed when the connection is lost, so nothing waits in the library's own queue
 * for longer than the connection lasts. Nothing here blocks but the lookup of a
 * host name. Used by one thread; the owner waits for fd() itself.
 */
#ifndef CORRIDORD_UPLINK_CLIENT_H
#define CORRIDORD_UPLINK_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "inlet.h"
#include "uplink_host.h"

struct client;

enum client_phase { CLIENT_CONNECTING, CLIENT_ONLINE, CLIENT_DEAD };

/* Borrowed, alive as long as the client; will and its topic only during client_new(). */
struct client_setup {
	const struct uplink_conf *conf;
	const struct uplink_host *host;
	int family; /* AF_UNSPEC, or try addresses of this family only */
	const char *will_topic;
	const char *will;
	size_t will_bytes;
	void *data;
	/* During client_serve(). why: NULL, or the broker's words for not having taken it. */
	void (*acknowledged)(void *data, int mid, const char *why);
	/* The same: of what was subscribed to, its subject the whole topic. The library
	 * acknowledges it on return. */
	void (*heard)(void *data, const struct heard *heard);
	/* The same: the broker did not grant this subscription. */
	void (*deaf)(void *data, int mid);
};

/* What the broker granted with its CONNACK. */
struct client_grant {
	uint16_t receive_max; /* messages in flight */
	uint32_t packet_max_bytes; /* 0: no limit */
	bool retains;
};

struct client_failure {
	char what[96]; /* for people: what went wrong */
	const char *cure; /* what to do about it, NULL: nothing in particular */
};

struct client_message {
	const char *topic;
	const void *payload;
	size_t bytes;
	int qos;
	bool retain;
	const char *epoch; /* of an event; NULL: it is none */
	uint64_t seq;
	bool late;
	const void *correlation; /* of an answer; NULL: it is none, or has none */
	size_t correlation_bytes;
};

/* Around all use of clients; counted. */
void client_library_init(void);
void client_library_fini(void);

/* -ENOMEM. Anything else that fails at once shows as CLIENT_DEAD. */
int client_new(const struct client_setup *setup, struct client **ret_client);
void client_free(struct client *client); /* takes NULL; without a DISCONNECT: the will is sent */

enum client_phase client_phase(const struct client *client);
const struct client_failure *client_failure(const struct client *client); /* when dead */
const struct client_grant *client_grant(const struct client *client); /* when online */

/* By which kind of address it was tried, AF_UNSPEC: by none; and whether that answered. */
int client_family(const struct client *client);
bool client_was_reached(const struct client *client);

/* What to wait for, and until when at most (monotonic). */
int client_fd(const struct client *client);
short client_events(const struct client *client);
int64_t client_due_ns(const struct client *client);

/* After waiting, whether something came (revents) or the time did. */
void client_serve(struct client *client, short revents, int64_t now_ns);

/* The socket takes no more for now: what is published is queued in memory. */
bool client_is_full(const struct client *client);

/* Several messages follow: they share packets, until it is off again. */
void client_cork(struct client *client, bool on);

/* Copies. 0; -EMSGSIZE: the broker takes no message of this size; -ENOTCONN: it is dead. */
int client_publish(struct client *client, const struct client_message *message, int64_t now_ns,
		   int *ret_mid);

/* QoS 1. What is retained comes, once more if it was subscribed to before. */
int client_subscribe(struct client *client, const char *filter, int *ret_mid);

/* Says goodbye: the will is not sent. Dead after it. */
void client_disconnect(struct client *client);

#endif
