/* What the files uplink_client*.c share. */
#ifndef CORRIDORD_UPLINK_CLIENT_PRIVATE_H
#define CORRIDORD_UPLINK_CLIENT_PRIVATE_H

#include <mosquitto.h>

#include "uplink_client.h"

struct client {
	struct client_setup setup;
	struct mosquitto *mosquitto;
	enum client_phase phase;
	struct client_failure failure;
	struct client_grant grant;
	int family;
	bool tcp_is_up;
	bool v5;
	char tls_words[96]; /* the first complaint of the TLS library */
	int64_t keepalive_ns;
	int64_t last_in_ns, last_out_ns;
};

/* The first failure is kept: what follows from it says less. */
void client_fail(struct client *client, const char *cure, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void client_fail_rc(struct client *client, int rc, int err); /* of a library call */
void client_fail_tls(struct client *client); /* without a reason given */
void client_fail_connack(struct client *client, int code);
void client_fail_reason(struct client *client, int reason); /* of the broker's DISCONNECT */
void client_note_tls(struct client *client, const char *words);

/* Version, will, user and password, TLS. false: failed. */
bool client_prepare(struct client *client);

#endif
