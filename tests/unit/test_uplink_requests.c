/* What the uplink hears, and the answers it gives. */
#include "rig/uplink_rig.h"

#include <mqtt_protocol.h>

#include "uplink/answers.h"

struct ear {
	pthread_mutex_t lock;
	size_t count;
	char subject[64], payload[64], response[128], correlation[16];
	bool retained;
};

static bool hear(void *data, const struct inlet_message *heard)
{
	struct ear *ear = data;

	pthread_mutex_lock(&ear->lock);
	ear->count++;
	ear->retained = heard->retained;
	snprintf(ear->subject, sizeof(ear->subject), "%s", heard->subject);
	snprintf(ear->payload, sizeof(ear->payload), "%.*s", (int)heard->bytes,
		 (const char *)heard->payload);
	snprintf(ear->response, sizeof(ear->response), "%s",
		 heard->response_topic ? heard->response_topic : "");
	snprintf(ear->correlation, sizeof(ear->correlation), "%.*s", (int)heard->correlation_bytes,
		 heard->correlation ? (const char *)heard->correlation : "");
	pthread_mutex_unlock(&ear->lock);
	return true;
}

static size_t heard_by(struct ear *ear)
{
	size_t count;

	pthread_mutex_lock(&ear->lock);
	count = ear->count;
	pthread_mutex_unlock(&ear->lock);
	return count;
}

static void send_request(struct uplink_rig *rig, bool retain)
{
	mosquitto_property *properties = NULL;

	mosquitto_property_add_string(&properties, MQTT_PROP_RESPONSE_TOPIC,
				      TOPIC_BASE "response/me");
	mosquitto_property_add_binary(&properties, MQTT_PROP_CORRELATION_DATA, "c7", 2);
	assert_int_equal(mosquitto_publish_v5(rig->subscriber.client, NULL,
					      TOPIC_BASE "request/status", 2, "{}", 1, retain,
					      properties),
			 0);
	mosquitto_property_free_all(&properties);
}

/* It may be sent before the gateway has subscribed. */
static bool is_heard_again_and_again(struct uplink_rig *rig, struct ear *ear)
{
	static int64_t again_ns;

	if (heard_by(ear) == 0 && real_mono_ns() > again_ns) {
		send_request(rig, false);
		again_ns = real_mono_ns() + NS_PER_S;
	}
	return heard_by(ear) > 0;
}

static void a_request_is_heard_and_its_answer_carries_its_correlation(void **state)
{
	struct uplink_rig *rig = *state;
	struct ear ear = {.lock = PTHREAD_MUTEX_INITIALIZER};
	const struct inlet inlet = {.most = 1024,
				    .folder = "request",
				    .levels = "+",
				    .of_gateway = true,
				    .data = &ear,
				    .take = hear};
	struct uplink_answer answer = {.topic = TOPIC_BASE "response/me",
				       .correlation = "c7",
				       .correlation_bytes = 2,
				       .payload = "{\"ok\":true}",
				       .bytes = 11};
	const struct received *received;

	start_broker(rig, "");
	subscribe(rig);
	rig->inlet = &inlet;
	start_uplink(rig);
	until(rig, subscriber_last(&rig->subscriber, "status"));
	until(rig, is_heard_again_and_again(rig, &ear));
	assert_string_equal(ear.subject, "status");
	assert_string_equal(ear.payload, "{}");
	assert_string_equal(ear.response, TOPIC_BASE "response/me");
	assert_string_equal(ear.correlation, "c7");
	assert_false(ear.retained);
	assert_int_equal(uplink_answer(rig->uplink, &answer), 0);
	until(rig, subscriber_last(&rig->subscriber, "response/me"));
	received = subscriber_last(&rig->subscriber, "response/me");
	assert_string_equal(received->correlation, "c7");
	assert_string_equal(received->payload, "{\"ok\":true}");
	assert_int_equal(received->qos, 1);
	assert_false(received->retain);
	assert_string_equal(received->content_type, "application/json");
}

static void answers_that_nobody_takes_are_few(void **state)
{
	struct uplink_rig *rig = *state;
	struct uplink_answer answer = {
		.topic = TOPIC_BASE "response/me", .payload = "{}", .bytes = 2};

	start_broker(rig, "");
	subscribe(rig);
	shut_door(rig);
	start_uplink(rig);
	until(rig, times_logged(rig, "not connected") == 1);
	for (int i = 0; i < 2 * ANSWERS_MAX; i++)
		assert_int_equal(uplink_answer(rig->uplink, &answer), 0);
	until(rig, times_logged(rig, "one is lost") == ANSWERS_MAX);
	open_door(rig);
	until(rig, subscriber_count(&rig->subscriber, "response/me") == ANSWERS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		uplink_test(a_request_is_heard_and_its_answer_carries_its_correlation),
		uplink_test(answers_that_nobody_takes_are_few),
	};

	return cmocka_run_group_tests_name("uplink requests", tests, NULL, NULL);
}
