/* What the files client*.c share. */
#ifndef CORRIDORD_NET_CLIENT_PRIVATE_H
#define CORRIDORD_NET_CLIENT_PRIVATE_H

#include <mosquitto.h>

#include "frames/topic.h"
#include "net/client.h"
#include "net/tls.h"

#define ALIASES_MAX 16

/* Topics that the broker knows by a number from 1 on, the index and one. */
struct aliases {
	struct {
		char topic[TOPIC_BYTES]; /* empty: none yet */
		uint64_t used; /* when, counted in messages */
	} known[ALIASES_MAX];
	uint64_t messages;
};

struct client {
	struct client_setup setup;
	struct mosquitto *mosquitto;
	enum client_phase phase;
	struct client_failure failure;
	struct client_grant grant;
	struct aliases aliases;
	bool tcp_is_up, tls_is_up;
	bool v5;
	SSL_CTX *tls; /* NULL: without */
	struct tls_trouble trouble;
	int64_t keepalive_ns;
	int64_t last_in_ns, last_out_ns;
};

/* The library's answer to a call; false: the connection is over. */
bool client_took(struct client *client, int rc);

/* The first failure is kept: what follows from it says less. */
void client_fail(struct client *client, const char *cure, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void client_fail_rc(struct client *client, int rc, int err); /* of a library call */
void client_fail_tls(struct client *client); /* without a reason given */
void client_fail_connack(struct client *client, int code);
void client_fail_reason(struct client *client, int reason); /* of the broker's DISCONNECT */

/* Version, will, user and password, TLS. false: failed. */
bool client_prepare(struct client *client);

#endif
