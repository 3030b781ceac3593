/* Why a connection failed, in words that name the cure. */
#include <errno.h>
#include <mqtt_protocol.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "net/client_private.h"

struct remedy {
	int code;
	const char *cure;
};

#define CHECK_LOGIN "check username, the password and the broker's access list"
#define CHECK_ID    "does another gateway use this client_id?"

static const struct remedy connack_v3[] = {
	{1, "set protocol = \"3.1.1\""},
	{2, "check client_id"},
	{4, CHECK_LOGIN},
	{5, CHECK_LOGIN},
	{0, NULL},
};

static const struct remedy reasons_v5[] = {
	{MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION, "set protocol = \"3.1.1\""},
	{MQTT_RC_CLIENTID_NOT_VALID, "check client_id"},
	{MQTT_RC_BAD_USERNAME_OR_PASSWORD, CHECK_LOGIN},
	{MQTT_RC_NOT_AUTHORIZED, CHECK_LOGIN},
	{MQTT_RC_SESSION_TAKEN_OVER, CHECK_ID},
	{MQTT_RC_RECEIVE_MAXIMUM_EXCEEDED, "lower window"},
	{MQTT_RC_KEEP_ALIVE_TIMEOUT, "the link is slower than keepalive allows"},
	{0, NULL},
};

static const struct remedy errors[] = {
	{ECONNREFUSED, "is the broker running, and is this its port?"},
	{EHOSTUNREACH, "check the network"},
	{ENETUNREACH, "check the network"},
	{ETIMEDOUT, "check the network and the firewall"},
	{0, NULL},
};

void client_fail_tls(struct client *client)
{
	if (client->trouble.message[0])
		client_fail(client, client->trouble.cure, "TLS: %s", client->trouble.message);
	else if (client->tcp_is_up)
		client_fail(client, "is it a TLS port? does the broker ask for tls cert?",
			    "TLS: broken off by the broker");
	else
		client_fail(client, "is the broker running, and is this its TLS port?",
			    "connection refused or reset");
}

/* Some brokers that know 3.1.1 alone say nothing to a CONNECT of MQTT 5. */
static void fail_without_answer(struct client *client)
{
	if (client->setup.conf->tls && !client->tls_is_up)
		client_fail_tls(client);
	else if (client->v5)
		client_fail(client,
			    client->setup.conf->tls
				    ? "does it speak MQTT 5? else protocol = \"3.1.1\""
				    : "does it speak MQTT 5, and without TLS, on this port? else "
				      "protocol = \"3.1.1\", or a block tls",
			    "closed by the broker before it said anything");
	else
		client_fail(client, "does it speak MQTT, and without TLS, on this port?",
			    "closed by the broker before it said anything");
}

static const char *cure_of(const struct remedy *remedies, int code)
{
	while (remedies->code && remedies->code != code)
		remedies++;
	return remedies->cure;
}

void client_fail(struct client *client, const char *cure, const char *format, ...)
{
	va_list arguments;

	if (client->phase == CLIENT_DEAD)
		return;
	client->phase = CLIENT_DEAD;
	client->failure.cure = cure;
	va_start(arguments, format);
	vsnprintf(client->failure.message, sizeof(client->failure.message), format, arguments);
	va_end(arguments);
	utf8_print(client->failure.message, sizeof(client->failure.message),
		   client->failure.message);
}

/* EPROTO is the sign for what TLS found, of a library before 2.0.12. */
static bool is_broken_tls(const struct client *client, int rc, int err)
{
	bool shaking_hands =
		client->setup.conf->tls && client->tcp_is_up && client->phase == CLIENT_CONNECTING;

	return rc == MOSQ_ERR_TLS ||
	       (rc == MOSQ_ERR_ERRNO &&
		(err == EPROTO || (shaking_hands && (err == ECONNRESET || err == EPIPE))));
}

/* A broker that knows MQTT 3 alone refuses in its own form, which not every library reads. */
static void fail_malformed(struct client *client)
{
	client->failure.malformed |= client->phase != CLIENT_DEAD;
	if (client->v5 && client->phase == CLIENT_CONNECTING)
		client_fail(client, "is it an older broker? set protocol = \"3.1.1\"",
			    "the answer is not MQTT 5");
	else if (client->phase == CLIENT_CONNECTING)
		client_fail(client, "does it speak MQTT on this port?",
			    "the broker sent what is no MQTT");
	else
		client_fail(client, client->v5 ? "try protocol = \"3.1.1\"" : NULL,
			    "the broker sent a malformed packet");
}

void client_fail_rc(struct client *client, int rc, int err)
{
	char text[64];

	if (client->trouble.message[0] || is_broken_tls(client, rc, err))
		client_fail_tls(client);
	else if (rc == MOSQ_ERR_ERRNO && err != 0)
		client_fail(client, cure_of(errors, err), "%s",
			    strerror_r(err, text, sizeof(text)));
	else if (rc == MOSQ_ERR_EAI)
		client_fail(client, "check host and the name service", "host name not found: %s",
			    gai_strerror(err));
	else if (rc == MOSQ_ERR_MALFORMED_PACKET || rc == MOSQ_ERR_PROTOCOL)
		fail_malformed(client);
	else if (rc == MOSQ_ERR_KEEPALIVE)
		client_fail(client, NULL, "no answer to a ping");
	else if (rc == MOSQ_ERR_CONN_LOST && client->phase == CLIENT_CONNECTING)
		fail_without_answer(client);
	else if (rc == MOSQ_ERR_CONN_LOST)
		client_fail(client, NULL, "closed by the broker");
	else
		client_fail(client, NULL, "%s", mosquitto_strerror(rc));
}

/* "Client Identifier not valid" is the library's way of writing. */
static void lower_words(char *text)
{
	char *at;

	for (at = text; *at; at++)
		if (*at >= 'A' && *at <= 'Z' && (at == text || at[-1] == ' ') &&
		    strncmp(at, "QoS", 3) != 0)
			*at = (char)(*at - 'A' + 'a');
}

void client_fail_connack(struct client *client, int code)
{
	char words[64];

	if (code < 0x80) { /* "Connection Refused: not authorised." */
		const char *why = strchr(mosquitto_connack_string(code), ':');

		snprintf(words, sizeof(words), "%s", why ? why + 2 : "without a known reason");
		words[strcspn(words, ".")] = '\0';
		client_fail(client, cure_of(connack_v3, code), "refused: %s", words);
		return;
	}
	snprintf(words, sizeof(words), "%s", mosquitto_reason_string(code));
	lower_words(words);
	client_fail(client, cure_of(reasons_v5, code), "refused: %s", words);
}

void client_fail_reason(struct client *client, int reason)
{
	char words[64];

	snprintf(words, sizeof(words), "%s", mosquitto_reason_string(reason));
	lower_words(words);
	client_fail(client, cure_of(reasons_v5, reason), "closed by the broker: %s", words);
}
