#include "subscriber.h"

#include <inttypes.h>
#include <mqtt_protocol.h>

#define MESSAGES_PER_TURN 20
#define TURN_MS		  10

/* ---- connection ------------------------------------------------------------------------ */

void subscriber_init(struct subscriber *subscriber)
{
	*subscriber = (struct subscriber){.qos = 1};
}

void subscriber_fini(struct subscriber *subscriber)
{
	subscriber_disconnect(subscriber);
	subscriber_forget(subscriber);
	free(subscriber->received);
	free(subscriber->firsts);
}

static void read_user_properties(struct received *received, const mosquitto_property *properties)
{
	const mosquitto_property *at = properties;
	char *name, *value;
	bool skip = false;

	while ((at = mosquitto_property_read_string_pair(at, MQTT_PROP_USER_PROPERTY, &name, &value,
							 skip)) != NULL) {
		if (strcmp(name, "epoch") == 0)
			snprintf(received->epoch, sizeof(received->epoch), "%s", value);
		if (strcmp(name, "seq") == 0)
			received->seq = strtoull(value, NULL, 10);
		if (strcmp(name, "late") == 0)
			received->late = strcmp(value, "true") == 0;
		free(name);
		free(value);
		skip = true;
	}
}

static void read_properties(struct received *received, const mosquitto_property *properties)
{
	void *correlation;
	uint16_t bytes;
	char *value;

	if (mosquitto_property_read_string(properties, MQTT_PROP_CONTENT_TYPE, &value, false)) {
		snprintf(received->content_type, sizeof(received->content_type), "%s", value);
		free(value);
	}
	if (mosquitto_property_read_binary(properties, MQTT_PROP_CORRELATION_DATA, &correlation,
					   &bytes, false)) {
		snprintf(received->correlation, sizeof(received->correlation), "%.*s", bytes,
			 (const char *)correlation);
		free(correlation);
	}
	read_user_properties(received, properties);
}

static void on_message(struct mosquitto *client, void *data,
		       const struct mosquitto_message *message,
		       const mosquitto_property *properties)
{
	struct subscriber *subscriber = data;
	struct received *received;

	(void)client;
	subscriber->received = realloc(subscriber->received,
				       (subscriber->count + 1) * sizeof(subscriber->received[0]));
	received = &subscriber->received[subscriber->count++];
	*received = (struct received){.qos = message->qos, .retain = message->retain};
	received->topic = strdup(message->topic);
	received->bytes = (size_t)message->payloadlen;
	received->payload = calloc(1, received->bytes + 1);
	if (received->bytes > 0)
		memcpy(received->payload, message->payload, received->bytes);
	read_properties(received, properties);
}

static void on_subscribed(struct mosquitto *client, void *data, int mid, int count,
			  const int *granted, const mosquitto_property *properties)
{
	struct subscriber *subscriber = data;

	(void)client, (void)mid, (void)count, (void)granted, (void)properties;
	subscriber->subscribed = true;
}

void subscriber_connect(struct subscriber *subscriber, int port, const char *login)
{
	struct mosquitto *client = mosquitto_new(NULL, true, subscriber);

	assert_non_null(client);
	subscriber_disconnect(subscriber);
	subscriber->client = client;
	mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
	mosquitto_int_option(client, MOSQ_OPT_RECEIVE_MAXIMUM, 0);
	mosquitto_username_pw_set(client, login, login);
	mosquitto_message_v5_callback_set(client, on_message);
	mosquitto_subscribe_v5_callback_set(client, on_subscribed);
	assert_int_equal(mosquitto_connect(client, "127.0.0.1", port, 3600), 0);
	mosquitto_subscribe_v5(client, NULL, "corridor/#", subscriber->qos,
			       MQTT_SUB_OPT_RETAIN_AS_PUBLISHED, NULL);
}

void subscriber_disconnect(struct subscriber *subscriber)
{
	if (subscriber->client)
		mosquitto_destroy(subscriber->client);
	subscriber->client = NULL;
	subscriber->subscribed = false;
}

void subscriber_turn(struct subscriber *subscriber)
{
	size_t before = subscriber->count;

	if (!subscriber->client) {
		take_time(TURN_MS * MS);
		return;
	}
	subscriber->rc = mosquitto_loop(subscriber->client, TURN_MS, 1);
	for (int i = 0; i < MESSAGES_PER_TURN && subscriber->count > before; i++) {
		before = subscriber->count;
		subscriber->rc = mosquitto_loop(subscriber->client, 0, 1);
	}
}

void subscriber_drain(struct subscriber *subscriber)
{
	while (mosquitto_loop(subscriber->client, TURN_MS, 1) == MOSQ_ERR_SUCCESS)
		;
}

void subscriber_forget(struct subscriber *subscriber)
{
	for (size_t i = 0; i < subscriber->count; i++) {
		free(subscriber->received[i].topic);
		free(subscriber->received[i].payload);
	}
	subscriber->count = 0;
	subscriber->checked = 0;
	subscriber->complete = 0;
}

/* ---- what came ------------------------------------------------------------------------- */

static const char *below_base(const struct received *received)
{
	size_t base = strlen(TOPIC_BASE);

	return strncmp(received->topic, TOPIC_BASE, base) == 0 ? received->topic + base : "";
}

bool is_of(const struct received *received, const char *branch)
{
	return strncmp(below_base(received), branch, strlen(branch)) == 0;
}

const struct received *subscriber_last(const struct subscriber *subscriber, const char *topic)
{
	for (size_t i = subscriber->count; i-- > 0;)
		if (strcmp(below_base(&subscriber->received[i]), topic) == 0)
			return &subscriber->received[i];
	return NULL;
}

bool subscriber_last_says(const struct subscriber *subscriber, const char *topic, const char *text)
{
	const struct received *received = subscriber_last(subscriber, topic);

	return received && strstr(received->payload, text);
}

size_t subscriber_count(const struct subscriber *subscriber, const char *branch)
{
	size_t count = 0;

	for (size_t i = 0; i < subscriber->count; i++)
		count += is_of(&subscriber->received[i], branch);
	return count;
}

uint64_t number_of(const struct received *received)
{
	const char *at = strstr(received->payload, "\"n\":");

	return at ? strtoull(at + 4, NULL, 10) : 0;
}

static void note_new_event(struct subscriber *subscriber, size_t index)
{
	size_t bytes = (size_t)(subscriber->complete + 1) * sizeof(subscriber->firsts[0]);

	subscriber->firsts = realloc(subscriber->firsts, bytes);
	subscriber->firsts[subscriber->complete++] = index;
}

/* A new event, a duplicate of an earlier one, or no event at all. */
static void check_next(struct subscriber *subscriber)
{
	size_t index = subscriber->checked++;
	const struct received *received = &subscriber->received[index];
	uint64_t n = number_of(received);
	const struct received *first;

	if (!is_of(received, "event/"))
		return;
	if (n > subscriber->complete + 1)
		fail_msg("event %" PRIu64 " came after %" PRIu64, n, subscriber->complete);
	if (n == subscriber->complete + 1) {
		note_new_event(subscriber, index);
		return;
	}
	first = &subscriber->received[subscriber->firsts[n - 1]];
	assert_string_equal(first->topic, received->topic);
	assert_int_equal(first->bytes, received->bytes);
	assert_memory_equal(first->payload, received->payload, received->bytes);
}

uint64_t subscriber_complete(struct subscriber *subscriber)
{
	while (subscriber->checked < subscriber->count)
		check_next(subscriber);
	return subscriber->complete;
}
