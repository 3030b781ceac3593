/* One connection to one broker: libmosquitto behind five verbs.
 *
 * A client lives as long as its connection. It is made when connecting begins and
 * freed when the connection is lost, so nothing waits in the library's own queue
 * for longer than the connection lasts. Nothing here blocks but the lookup of a
 * host name. Used by one thread; the owner waits for fd() itself.
 */
#ifndef CORRIDORD_NET_CLIENT_H
#define CORRIDORD_NET_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frames/host.h"
#include "frames/uplink_conf.h"
#include "outbound/inlet.h"

struct client;

#define PACKED_CONTENT_TYPE "zstd"

enum client_phase { CLIENT_CONNECTING, CLIENT_ONLINE, CLIENT_DEAD };

/* Borrowed, alive as long as the client; will and its topic only during client_new(). */
struct client_setup {
	const struct uplink_conf *conf;
	bool older_protocol; /* 3.1.1, whatever conf says */
	bool resume; /* the session that the broker may have kept (MQTT 5) */
	uint16_t receive_most; /* messages ahead of their acknowledgement (MQTT 5) */
	uint32_t
		session_s; /* that the broker keeps the session (MQTT 5); 0: it begins anew each time */
	uint32_t packet_most_bytes; /* of what comes (MQTT 5) */
	const char *credentials; /* $CREDENTIALS_DIRECTORY, or NULL */
	const struct uplink_host *host;
	const char *address; /* of the host, the one to be tried */
	const char *will_topic; /* NULL: no will */
	const char *will;
	size_t will_bytes;
	void *data;
	/* All during client_serve(), but for message each may be NULL. refusal: the broker's words, NULL: it has taken it. */
	void (*acknowledged)(void *data, int mid, const char *refusal);
	/* Of what was subscribed to, its subject the whole topic. The library acknowledges it on
	 * return. */
	void (*message)(void *data, const struct inlet_message *message);
	/* The broker did, or did not, grant this subscription. */
	void (*answered)(void *data, int mid, bool granted);
};

/* What the broker granted with its CONNACK. */
struct client_grant {
	uint16_t receive_max; /* messages in flight */
	uint32_t packet_max_bytes; /* 0: no limit */
	bool retains;
	uint16_t aliases; /* of topics */
	bool resumed; /* the session goes on: its subscriptions, and what came for them meanwhile */
};

struct client_failure {
	char message[192]; /* what went wrong */
	const char *cure; /* what to do about it, NULL: nothing in particular */
	bool malformed; /* what came was not MQTT of this version */
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
	bool packed; /* see packer.h; it says itself what epoch and seq say */
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

bool client_is_v5(const struct client *client); /* MQTT 5, not 3.1.1 */
bool client_was_reached(const struct client *client); /* anything answered at the address */

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

/* Tells the broker's TCP at once what came. Ours would wait 40 ms for something to send along, and
 * a broker with Nagle's algorithm holds its next answers back until then. */
void client_ack_now(struct client *client);

/* Bytes of what was sent that the other end's TCP has not taken yet. */
size_t client_unsent_bytes(const struct client *client);

/* By TCP, since the connection; 0: the kernel does not say. */
uint64_t client_received_bytes(const struct client *client);

struct client_sent {
	int mid;
	size_t bytes; /* of the whole MQTT packet */
};

/* Copies. 0; -EMSGSIZE: the broker takes no message of this size; -ENOTCONN: it is dead. */
int client_publish(struct client *client, const struct client_message *message, int64_t now_ns,
		   struct client_sent *ret_sent);

/* In one request. What is retained comes, in the order of the filters, and once more if it was
 * subscribed to before. */
int client_subscribe(struct client *client, char *const filters[], size_t count, int qos,
		     int *ret_mid);
int client_unsubscribe(struct client *client, char *const filters[], size_t count);

/* Whether what is published on topic comes by this subscription. */
bool client_topic_matches(const char *filter, const char *topic);

/* Says goodbye: the will is not sent, the session not kept. Dead after it. */
void client_disconnect(struct client *client);

#endif
