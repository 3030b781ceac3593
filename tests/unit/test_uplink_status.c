/* What is retained and what is said about the gateway itself. */
#include "uplink_rig.h"

#define OTHER_EPOCH "00000000000000bb"

/* The value of a text member, to compare two payloads by it. */
static void member(const struct received *received, const char *name, char out[64])
{
	char key[32];
	const char *at;

	snprintf(key, sizeof(key), "\"%s\":\"", name);
	at = strstr(received->payload, key);
	assert_non_null(at);
	snprintf(out, 64, "%.*s", (int)strcspn(at + strlen(key), "\""), at + strlen(key));
}

static void assert_same_session(const struct received *a, const struct received *b, bool same)
{
	char of_a[64];
	char of_b[64];

	member(a, "session", of_a);
	member(b, "session", of_b);
	assert_int_equal(strcmp(of_a, of_b) == 0, same);
}

static void a_gateway_says_online_with_its_head(void **state)
{
	struct rig *rig = *state;
	const struct received *status;

	broker_start(rig, "");
	subscribe(rig);
	uplink_up(rig);
	put_head(rig, EPOCH, 41);
	until(rig, last_says(rig, "status", "\"epoch\":\"" EPOCH "\",\"seq\":41,\"hash\":\"0000"));
	status = last_of(rig, "status");
	assert_true(status->retain);
	assert_int_equal(status->qos, 1);
	assert_string_equal(status->content_type, "application/json");
	assert_non_null(strstr(status->payload, "\"schema\":\"corridord.status/1\""));
	assert_non_null(strstr(status->payload, "\"state\":\"online\""));
	assert_non_null(strstr(status->payload, "\"boot\":\"boot-1\""));
}

static void a_new_epoch_is_told_at_once_and_a_new_head_with_the_metrics(void **state)
{
	struct rig *rig = *state;

	broker_start(rig, "");
	subscribe(rig);
	uplink_up(rig);
	put_head(rig, EPOCH, 1);
	until(rig, last_says(rig, "status", "\"seq\":1,"));
	put_head(rig, EPOCH, 2);
	put_head(rig, OTHER_EPOCH, 3);
	until(rig, last_says(rig, "status", "\"epoch\":\"" OTHER_EPOCH "\",\"seq\":3,"));
	put_head(rig, OTHER_EPOCH, 4);
	uplink_metrics(rig->uplink, "\"uptime_s\":7", strlen("\"uptime_s\":7"));
	until(rig, last_says(rig, "status", "\"seq\":4,"));
	until(rig, last_says(rig, "metrics", "\"uptime_s\":7}"));
	assert_int_equal(last_of(rig, "metrics")->qos, 0);
	assert_false(last_of(rig, "metrics")->retain);
	assert_true(last_says(rig, "metrics", "\"schema\":\"corridord.metrics/1\""));
}

static void a_stopped_gateway_says_offline_and_leaves_no_will(void **state)
{
	struct rig *rig = *state;
	size_t before;

	broker_start(rig, "");
	subscribe(rig);
	uplink_up(rig);
	until(rig, last_says(rig, "status", "online"));
	uplink_detach(rig->uplink);
	put_head(rig, EPOCH, 99);
	assert_true(uplink_down(rig, PATIENCE_NS));
	until(rig, last_says(rig, "status",
			     "\"state\":\"offline\",\"reason\":\"stopped\",\"epoch\":\"" EPOCH
			     "\",\"seq\":99,"));
	before = count_of(rig, "status");
	uplink_up(rig); /* what the broker had still to say would come before this */
	until(rig, last_says(rig, "status", "online"));
	assert_int_equal(count_of(rig, "status"), before + 1);
}

/* The child is the gateway: nothing but its death tells the broker. */
static void live_until_killed(struct rig *rig)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	rig->subscriber = NULL;
	uplink_up(rig);
	for (;;)
		pause();
}

static void a_killed_gateway_is_offline_by_its_will_of_the_same_session(void **state)
{
	struct rig *rig = *state;
	const struct received *online;
	pid_t pid;

	broker_start(rig, "");
	subscribe(rig);
	pid = fork();
	if (pid == 0)
		live_until_killed(rig);
	until(rig, last_says(rig, "status", "online"));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	until(rig, last_says(rig, "status", "offline"));
	assert_true(last_says(rig, "status", "\"reason\":\"connection lost\""));
	assert_true(last_of(rig, "status")->retain);
	online = &rig->received[0];
	assert_non_null(strstr(online->payload, "online"));
	assert_same_session(online, last_of(rig, "status"), true);
}

static void a_late_will_can_be_told_by_its_session(void **state)
{
	struct rig *rig = *state;

	broker_start(rig, "");
	subscribe(rig);
	rig->door.port = free_port();
	door_open(rig);
	uplink_up(rig);
	until(rig, last_says(rig, "status", "online"));
	process_end(&rig->door, SIGKILL);
	door_open(rig);
	until(rig, count_of(rig, "status") >= 3 && last_says(rig, "status", "online"));
	assert_same_session(&rig->received[0], &rig->received[rig->received_count - 1], false);
}

static void states_are_retained_and_the_latest_wins(void **state)
{
	struct rig *rig = *state;
	char payload[64];
	int i;

	broker_start(rig, "");
	uplink_up(rig);
	for (i = 1; i <= 500; i++) {
		snprintf(payload, sizeof(payload), "{\"state\":\"open\",\"i\":%d}", i);
		put_state(rig, "entry-1/boom", payload);
	}
	put_state(rig, "exit-1/boom", "{\"state\":\"closed\"}");
	subscribe(rig);
	until(rig, last_says(rig, "state/entry-1/boom", "\"i\":500}"));
	until(rig, last_says(rig, "state/exit-1/boom", "closed"));
	forget_received(rig);
	subscribe(rig);
	until(rig, last_says(rig, "state/entry-1/boom", "\"i\":500}"));
	assert_true(last_of(rig, "state/entry-1/boom")->retain);
	assert_int_equal(count_of(rig, "state/entry-1/boom"), 1);
}

static void a_state_known_before_connecting_is_published_when_connected(void **state)
{
	struct rig *rig = *state;

	rig->broker.port = free_port();
	uplink_up(rig);
	put_state(rig, "entry-1/boom", "{\"state\":\"open\"}");
	put_state(rig, "entry-1/boom", "{\"state\":\"closed\"}");
	until(rig, rig_logged(rig, "not connected") == 1);
	broker_start(rig, "");
	subscribe(rig);
	until(rig, last_says(rig, "state/entry-1/boom", "closed"));
	assert_int_equal(count_of(rig, "state/entry-1/boom"), 1);
}

/* The last one on this whole topic, NULL: none. */
static const struct received *last_on(const struct rig *rig, const char *topic)
{
	const struct received *last = NULL;
	size_t i;

	for (i = 0; i < rig->received_count; i++)
		if (strcmp(rig->received[i].topic, topic) == 0)
			last = &rig->received[i];
	return last;
}

static void a_state_that_is_over_is_retained_no_more_although_it_ended_unheard(void **state)
{
	static const char topic[] = "corridor/v1/there/handover/6GE1";
	struct rig *rig = *state;

	broker_start(rig, "");
	rig->door.port = free_port();
	door_open(rig);
	uplink_up(rig);
	put_state(rig, "@handover/there/6GE1", "{\"ucr\":\"6GE1\"}");
	subscribe(rig);
	until(rig, last_on(rig, topic));
	forget_received(rig);
	subscribe(rig);
	until(rig, last_on(rig, topic));
	assert_true(last_on(rig, topic)->retain);
	process_end(&rig->door, SIGKILL);
	until(rig, !connected(rig));
	put_state(rig, "@handover/there/6GE1", "");
	door_open(rig);
	until(rig, last_on(rig, topic)->bytes == 0);
	put_state(rig, "exit-1/boom", "{\"state\":\"closed\"}");
	until(rig, last_says(rig, "state/exit-1/boom", "closed"));
	forget_received(rig);
	subscribe(rig);
	until(rig, last_says(rig, "state/exit-1/boom", "closed"));
	assert_null(last_on(rig, topic));
}

static void status_and_states_come_before_events(void **state)
{
	struct rig *rig = *state;
	char key[32];
	size_t i;

	broker_start(rig, "");
	subscribe(rig);
	rig->door.port = free_port();
	uplink_up(rig);
	for (i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "lane-%zu/boom", i);
		put_state(rig, key, "{\"state\":\"closed\"}");
	}
	journal_add(rig, 100);
	until(rig, rig_logged(rig, "not connected") == 1);
	door_open(rig);
	until(rig, complete_up_to(rig) == 100);
	assert_true(is_of(&rig->received[0], "status"));
	for (i = 1; i <= 100; i++)
		assert_true(is_of(&rig->received[i], "state/"));
}

struct ear {
	pthread_mutex_t lock;
	size_t count;
	char subject[64], payload[64], response[128], correlation[16];
	bool retained;
};

static bool hear(void *data, const struct heard *heard)
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

static void send_request(struct rig *rig, bool retain)
{
	mosquitto_property *properties = NULL;

	mosquitto_property_add_string(&properties, MQTT_PROP_RESPONSE_TOPIC, BASE "response/me");
	mosquitto_property_add_binary(&properties, MQTT_PROP_CORRELATION_DATA, "c7", 2);
	assert_int_equal(mosquitto_publish_v5(rig->subscriber, NULL, BASE "request/status", 2, "{}",
					      1, retain, properties),
			 0);
	mosquitto_property_free_all(&properties);
}

static void a_request_is_heard_and_its_answer_carries_its_correlation(void **state)
{
	struct rig *rig = *state;
	struct ear ear = {.lock = PTHREAD_MUTEX_INITIALIZER};
	const struct inlet inlet = {
		.folder = "request", .levels = "+", .of_gateway = true, .data = &ear, .take = hear};
	struct uplink_answer answer = {.topic = BASE "response/me",
				       .correlation = "c7",
				       .correlation_bytes = 2,
				       .payload = "{\"ok\":true}",
				       .bytes = 11};
	const struct received *received;

	broker_start(rig, "");
	subscribe(rig);
	rig->inlet = &inlet;
	uplink_up(rig);
	until(rig, last_of(rig, "status"));
	send_request(rig, false);
	until(rig, heard_by(&ear) == 1);
	assert_string_equal(ear.subject, "status");
	assert_string_equal(ear.payload, "{}");
	assert_string_equal(ear.response, BASE "response/me");
	assert_string_equal(ear.correlation, "c7");
	assert_false(ear.retained);
	assert_int_equal(uplink_answer(rig->uplink, &answer), 0);
	until(rig, last_of(rig, "response/me"));
	received = last_of(rig, "response/me");
	assert_string_equal(received->correlation, "c7");
	assert_string_equal(received->payload, "{\"ok\":true}");
	assert_int_equal(received->qos, 1);
	assert_false(received->retain);
	assert_string_equal(received->content_type, "application/json");
}

static void answers_that_nobody_takes_are_few(void **state)
{
	struct rig *rig = *state;
	struct uplink_answer answer = {.topic = BASE "response/me", .payload = "{}", .bytes = 2};
	int i;

	broker_start(rig, "");
	subscribe(rig);
	rig->door.port = free_port(); /* shut */
	uplink_up(rig);
	for (i = 0; i < UPLINK_ANSWERS; i++)
		assert_int_equal(uplink_answer(rig->uplink, &answer), 0);
	assert_int_equal(uplink_answer(rig->uplink, &answer), -EAGAIN);
	door_open(rig);
	until(rig, count_of(rig, "response/me") == UPLINK_ANSWERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(a_gateway_says_online_with_its_head),
		rig_test(a_new_epoch_is_told_at_once_and_a_new_head_with_the_metrics),
		rig_test(a_stopped_gateway_says_offline_and_leaves_no_will),
		rig_test(a_killed_gateway_is_offline_by_its_will_of_the_same_session),
		rig_test(a_late_will_can_be_told_by_its_session),
		rig_test(states_are_retained_and_the_latest_wins),
		rig_test(a_state_known_before_connecting_is_published_when_connected),
		rig_test(a_state_that_is_over_is_retained_no_more_although_it_ended_unheard),
		rig_test(status_and_states_come_before_events),
		rig_test(a_request_is_heard_and_its_answer_carries_its_correlation),
		rig_test(answers_that_nobody_takes_are_few),
	};

	return cmocka_run_group_tests_name("uplink status", tests, NULL, NULL);
}
