/* One message as MQTT writes it. */
#include <errno.h>
#include <inttypes.h>
#include <mqtt_protocol.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "net/client_private.h"

#define CONTENT_TYPE "application/json"
#define SEQ_BYTES    24

/* ---- names: MQTT 5, 3.3.2.3.4 ------------------------------------------------------------ */

struct naming {
	const char *topic; /* NULL: the alias says it */
	uint16_t alias; /* 0: none */
};

static size_t granted_aliases(const struct client *client)
{
	return client->grant.aliases < ALIASES_MAX ? client->grant.aliases : ALIASES_MAX;
}

/* That of the topic, else the one that was not used for longest. */
static size_t alias_slot(const struct client *client, const char *topic)
{
	const struct aliases *aliases = &client->aliases;
	size_t oldest = 0;

	for (size_t i = 0; i < granted_aliases(client); i++) {
		if (strcmp(aliases->known[i].topic, topic) == 0)
			return i;
		if (aliases->known[i].used < aliases->known[oldest].used)
			oldest = i;
	}
	return oldest;
}

/* Only what is to be small has a few topics again and again; each state has its own. */
static bool may_be_aliased(const struct client *client, const struct client_message *message)
{
	return message->packed && message->epoch && granted_aliases(client) > 0 &&
	       strlen(message->topic) < TOPIC_BYTES;
}

static struct naming name(const struct client *client, const struct client_message *message)
{
	struct naming naming = {.topic = message->topic};
	size_t slot;

	if (!may_be_aliased(client, message))
		return naming;
	slot = alias_slot(client, message->topic);
	naming.alias = (uint16_t)(slot + 1);
	if (strcmp(client->aliases.known[slot].topic, message->topic) == 0)
		naming.topic = NULL;
	return naming;
}

/* It was sent: the broker knows the topic by that number from here on. */
static void note_name(struct client *client, const struct client_message *message,
		      const struct naming *naming)
{
	struct aliases *aliases = &client->aliases;

	if (naming->alias == 0)
		return;
	aliases->known[naming->alias - 1].used = ++aliases->messages;
	memcpy(aliases->known[naming->alias - 1].topic, message->topic, strlen(message->topic) + 1);
}

/* ---- properties of MQTT 5 ---------------------------------------------------------------- */

static int add_pair(mosquitto_property **properties, const char *name, const char *value)
{
	return mosquitto_property_add_string_pair(properties, MQTT_PROP_USER_PROPERTY, name, value);
}

static const char *late_word(const struct client_message *message)
{
	return message->packed ? "1" : "true";
}

static int add_form(const struct client_message *message, mosquitto_property **properties)
{
	int rc;

	if (message->packed)
		return mosquitto_property_add_string(properties, MQTT_PROP_CONTENT_TYPE,
						     PACKED_CONTENT_TYPE);
	rc = mosquitto_property_add_byte(properties, MQTT_PROP_PAYLOAD_FORMAT_INDICATOR, 1);
	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_property_add_string(properties, MQTT_PROP_CONTENT_TYPE,
						   CONTENT_TYPE);
	return rc;
}

static int add_number(const struct client_message *message, mosquitto_property **properties)
{
	char seq[SEQ_BYTES];
	int rc;

	snprintf(seq, sizeof(seq), "%" PRIu64, message->seq);
	rc = add_pair(properties, "epoch", message->epoch);
	if (rc == MOSQ_ERR_SUCCESS)
		rc = add_pair(properties, "seq", seq);
	return rc;
}

static int add_properties(const struct client_message *message, const struct naming *naming,
			  mosquitto_property **properties)
{
	int rc = add_form(message, properties);

	if (rc == MOSQ_ERR_SUCCESS && naming->alias)
		rc = mosquitto_property_add_int16(properties, MQTT_PROP_TOPIC_ALIAS, naming->alias);
	if (rc == MOSQ_ERR_SUCCESS && message->correlation)
		rc = mosquitto_property_add_binary(properties, MQTT_PROP_CORRELATION_DATA,
						   message->correlation,
						   (uint16_t)message->correlation_bytes);
	if (rc == MOSQ_ERR_SUCCESS && message->epoch && !message->packed)
		rc = add_number(message, properties);
	if (rc == MOSQ_ERR_SUCCESS && message->late)
		rc = add_pair(properties, "late", late_word(message));
	return rc;
}

/* ---- size: MQTT 5, 2.1.4 and 3.3 --------------------------------------------------------- */

/* Of a text or binary data with its length before it. */
static size_t string_bytes(size_t bytes)
{
	return 2 + bytes;
}

static size_t pair_bytes(const char *name, size_t value_bytes)
{
	return 1 + string_bytes(strlen(name)) + string_bytes(value_bytes);
}

static size_t number_bytes(size_t number) /* variable byte integer */
{
	return number < 128 ? 1 : number < 16384 ? 2 : number < 2097152 ? 3 : 4;
}

static size_t form_bytes(const struct client_message *message)
{
	return message->packed ? 1 + string_bytes(strlen(PACKED_CONTENT_TYPE))
			       : 2 + 1 + string_bytes(strlen(CONTENT_TYPE));
}

static size_t seq_digits(uint64_t seq)
{
	return (size_t)snprintf(NULL, 0, "%" PRIu64, seq);
}

static size_t properties_bytes(const struct client_message *message, const struct naming *naming)
{
	size_t bytes = form_bytes(message);

	if (naming->alias)
		bytes += 3;
	if (message->correlation)
		bytes += 1 + string_bytes(message->correlation_bytes);
	if (message->epoch && !message->packed)
		bytes += pair_bytes("epoch", strlen(message->epoch)) +
			 pair_bytes("seq", seq_digits(message->seq));
	return message->late ? bytes + pair_bytes("late", strlen(late_word(message))) : bytes;
}

static size_t packet_bytes(const struct client *client, const struct client_message *message,
			   const struct naming *naming)
{
	size_t properties = client->v5 ? properties_bytes(message, naming) : 0;
	size_t bytes = string_bytes(naming->topic ? strlen(naming->topic) : 0) +
		       (message->qos > 0 ? 2 : 0) + message->bytes;

	if (client->v5)
		bytes += number_bytes(properties) + properties;
	return 1 + number_bytes(bytes) + bytes;
}

/* ---- sending ----------------------------------------------------------------------------- */

void client_cork(struct client *client, bool on)
{
	int value = on;

	if (client_fd(client) >= 0)
		(void)setsockopt(client_fd(client), IPPROTO_TCP, TCP_CORK, &value, sizeof(value));
}

static int hand_over(struct client *client, const struct client_message *message,
		     const struct naming *naming, int *ret_mid)
{
	mosquitto_property *properties = NULL;
	int rc = MOSQ_ERR_SUCCESS;
	int err;

	if (client->v5)
		rc = add_properties(message, naming, &properties);
	errno = 0;
	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_publish_v5(client->mosquitto, ret_mid, naming->topic,
					  (int)message->bytes, message->payload, message->qos,
					  message->retain, properties);
	err = errno;
	mosquitto_property_free_all(&properties);
	errno = err;
	return rc;
}

int client_publish(struct client *client, const struct client_message *message, int64_t now_ns,
		   struct client_sent *ret_sent)
{
	const struct naming naming = name(client, message);
	const size_t limit = client->grant.packet_max_bytes;
	const size_t bytes = packet_bytes(client, message, &naming);

	if (client->phase != CLIENT_ONLINE)
		return -ENOTCONN;
	if (limit > 0 && bytes > limit)
		return -EMSGSIZE;
	client->last_out_ns = now_ns;
	if (!client_took(client, hand_over(client, message, &naming, &ret_sent->mid)))
		return -ENOTCONN;
	note_name(client, message, &naming);
	ret_sent->bytes = bytes;
	return 0;
}
