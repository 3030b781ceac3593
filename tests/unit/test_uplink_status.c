/* What is retained and what is said about the gateway itself. */
#include "rig/uplink_rig.h"

#include <unistd.h>

#include "frames/topic.h"

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
	struct uplink_rig *rig = *state;
	const struct received *status;

	start_broker(rig, "");
	subscribe(rig);
	start_uplink(rig);
	put_head(rig, FAKE_EPOCH, 41);
	until(rig, subscriber_last_says(&rig->subscriber, "status",
					"\"epoch\":\"" FAKE_EPOCH "\",\"seq\":41,\"hash\":\"0000"));
	status = subscriber_last(&rig->subscriber, "status");
	assert_true(status->retain);
	assert_int_equal(status->qos, 1);
	assert_string_equal(status->content_type, "application/json");
	assert_non_null(strstr(status->payload, "\"schema\":\"corridord.status/1\""));
	assert_non_null(strstr(status->payload, "\"state\":\"online\""));
	assert_non_null(strstr(status->payload, "\"boot\":\"boot-1\""));
}

static void a_new_epoch_is_told_at_once_and_a_new_head_with_the_metrics(void **state)
{
	struct uplink_rig *rig = *state;

	start_broker(rig, "");
	subscribe(rig);
	start_uplink(rig);
	put_head(rig, FAKE_EPOCH, 1);
	until(rig, subscriber_last_says(&rig->subscriber, "status", "\"seq\":1,"));
	put_head(rig, FAKE_EPOCH, 2);
	put_head(rig, OTHER_EPOCH, 3);
	until(rig, subscriber_last_says(&rig->subscriber, "status",
					"\"epoch\":\"" OTHER_EPOCH "\",\"seq\":3,"));
	put_head(rig, OTHER_EPOCH, 4);
	uplink_metrics(rig->uplink, "\"uptime_s\":7", strlen("\"uptime_s\":7"));
	until(rig, subscriber_last_says(&rig->subscriber, "status", "\"seq\":4,"));
	until(rig, subscriber_last_says(&rig->subscriber, "metrics", "\"uptime_s\":7}"));
	assert_int_equal(subscriber_last(&rig->subscriber, "metrics")->qos, 0);
	assert_false(subscriber_last(&rig->subscriber, "metrics")->retain);
	assert_true(subscriber_last_says(&rig->subscriber, "metrics",
					 "\"schema\":\"corridord.metrics/1\""));
}

static void a_stopped_gateway_says_offline_and_leaves_no_will(void **state)
{
	struct uplink_rig *rig = *state;
	size_t before;

	start_broker(rig, "");
	subscribe(rig);
	start_uplink(rig);
	until(rig, subscriber_last_says(&rig->subscriber, "status", "online"));
	uplink_detach(rig->uplink);
	put_head(rig, FAKE_EPOCH, 99);
	assert_true(stop_uplink(rig, PATIENCE_NS));
	until(rig, subscriber_last_says(
			   &rig->subscriber, "status",
			   "\"state\":\"offline\",\"reason\":\"stopped\",\"epoch\":\"" FAKE_EPOCH
			   "\",\"seq\":99,"));
	before = subscriber_count(&rig->subscriber, "status");
	start_uplink(rig); /* what the broker had still to say would come before this */
	until(rig, subscriber_last_says(&rig->subscriber, "status", "online"));
	assert_int_equal(subscriber_count(&rig->subscriber, "status"), before + 1);
}

/* The child is the gateway: nothing but its death tells the broker. */
static void live_until_killed(struct uplink_rig *rig)
{
	rig->subscriber.client = NULL;
	start_uplink(rig);
	for (;;)
		pause();
}

static void a_killed_gateway_is_offline_by_its_will_of_the_same_session(void **state)
{
	struct uplink_rig *rig = *state;
	const struct received *online;

	start_broker(rig, "");
	subscribe(rig);
	if (process_fork(&rig->gateway))
		live_until_killed(rig);
	until(rig, subscriber_last_says(&rig->subscriber, "status", "online"));
	process_end(&rig->gateway, SIGKILL);
	until(rig, subscriber_last_says(&rig->subscriber, "status", "offline"));
	assert_true(
		subscriber_last_says(&rig->subscriber, "status", "\"reason\":\"connection lost\""));
	assert_true(subscriber_last(&rig->subscriber, "status")->retain);
	online = &rig->subscriber.received[0];
	assert_non_null(strstr(online->payload, "online"));
	assert_same_session(online, subscriber_last(&rig->subscriber, "status"), true);
}

/* However it ends, the broker has it in writing how far the numbers may have come. */
static void no_event_goes_before_the_head_that_covers_it(void **state)
{
	struct uplink_rig *rig = *state;
	uint64_t announced = 0, events = 0;

	start_broker(rig, "");
	subscribe(rig);
	fake_journal_alert_every(&rig->journal, 7);
	start_uplink(rig);
	for (uint64_t count = 0, more = 1; count < 200; more *= 2) {
		fake_journal_add(&rig->journal, more);
		count += more;
		until(rig, fake_journal_acked(&rig->journal, STREAM_EVENTS) == count);
	}
	until(rig, subscriber_complete(&rig->subscriber) >= 200);
	for (size_t i = 0; i < rig->subscriber.count; i++) {
		const struct received *received = &rig->subscriber.received[i];
		struct event_head head = {0};

		if (is_of(received, "head")) {
			assert_true(received->retain);
			assert_true(uplink_status_head(received->payload, received->bytes, &head));
			assert_string_equal(head.epoch, FAKE_EPOCH);
			announced = head.seq;
		} else if (is_of(received, "event/") || is_of(received, "alert/")) {
			assert_in_range(number_of(received), 1, announced);
			events++;
		}
	}
	assert_in_range(subscriber_count(&rig->subscriber, "head"), 1, events);
}

/* Its will has no head. */
static void the_journal_hears_how_far_a_killed_gateway_had_come(void **state)
{
	struct uplink_rig *rig = *state;
	unsigned char hash[EVENT_HASH_BYTES];
	const struct received *last;
	struct event_head told;

	start_broker(rig, "");
	subscribe(rig);
	fake_journal_add(&rig->journal, 12);
	if (process_fork(&rig->gateway))
		live_until_killed(rig);
	until(rig, subscriber_complete(&rig->subscriber) == 12);
	last = subscriber_last(&rig->subscriber, "event/barrier/open");
	event_hash(last->payload, last->bytes, hash);
	process_end(&rig->gateway, SIGKILL);
	until(rig, subscriber_last_says(&rig->subscriber, "status", "offline"));
	start_uplink(rig);
	until(rig, fake_journal_told(&rig->journal).seq == 12);
	told = fake_journal_told(&rig->journal);
	assert_string_equal(told.epoch, FAKE_EPOCH);
	assert_memory_equal(told.hash, hash, sizeof(hash));
}

static void a_late_will_can_be_told_by_its_session(void **state)
{
	struct uplink_rig *rig = *state;

	start_broker(rig, "");
	subscribe(rig);
	open_door(rig);
	start_uplink(rig);
	until(rig, subscriber_last_says(&rig->subscriber, "status", "online"));
	process_end(&rig->door, SIGKILL);
	open_door(rig);
	until(rig, subscriber_count(&rig->subscriber, "status") >= 3 &&
			   subscriber_last_says(&rig->subscriber, "status", "online"));
	assert_same_session(&rig->subscriber.received[0],
			    &rig->subscriber.received[rig->subscriber.count - 1], false);
}

static void states_are_retained_and_the_latest_wins(void **state)
{
	struct uplink_rig *rig = *state;
	char payload[64];

	start_broker(rig, "");
	start_uplink(rig);
	for (int i = 1; i <= 500; i++) {
		snprintf(payload, sizeof(payload), "{\"state\":\"open\",\"i\":%d}", i);
		put_state(rig, "entry-1/boom", payload);
	}
	put_state(rig, "exit-1/boom", "{\"state\":\"closed\"}");
	subscribe(rig);
	until(rig, subscriber_last_says(&rig->subscriber, "state/entry-1/boom", "\"i\":500}"));
	until(rig, subscriber_last_says(&rig->subscriber, "state/exit-1/boom", "closed"));
	subscriber_forget(&rig->subscriber);
	subscribe(rig);
	until(rig, subscriber_last_says(&rig->subscriber, "state/entry-1/boom", "\"i\":500}"));
	assert_true(subscriber_last(&rig->subscriber, "state/entry-1/boom")->retain);
	assert_int_equal(subscriber_count(&rig->subscriber, "state/entry-1/boom"), 1);
}

static void a_state_known_before_connecting_is_published_when_connected(void **state)
{
	struct uplink_rig *rig = *state;

	rig->broker.port = free_port();
	start_uplink(rig);
	put_state(rig, "entry-1/boom", "{\"state\":\"open\"}");
	put_state(rig, "entry-1/boom", "{\"state\":\"closed\"}");
	until(rig, times_logged(rig, "not connected") == 1);
	start_broker(rig, "");
	subscribe(rig);
	until(rig, subscriber_last_says(&rig->subscriber, "state/entry-1/boom", "closed"));
	assert_int_equal(subscriber_count(&rig->subscriber, "state/entry-1/boom"), 1);
}

/* The last one on this whole topic, NULL: none. */
static const struct received *last_on(const struct uplink_rig *rig, const char *topic)
{
	const struct received *last = NULL;

	for (size_t i = 0; i < rig->subscriber.count; i++)
		if (strcmp(rig->subscriber.received[i].topic, topic) == 0)
			last = &rig->subscriber.received[i];
	return last;
}

static void a_state_that_is_over_is_retained_no_more_although_it_ended_unheard(void **state)
{
	static const char topic[] = "corridor/v1/there/handover/6GE1";
	struct uplink_rig *rig = *state;

	start_broker(rig, "");
	open_door(rig);
	start_uplink(rig);
	put_state(rig, "@handover/there/6GE1", "{\"ucr\":\"6GE1\"}");
	subscribe(rig);
	until(rig, last_on(rig, topic));
	subscriber_forget(&rig->subscriber);
	subscribe(rig);
	until(rig, last_on(rig, topic));
	assert_true(last_on(rig, topic)->retain);
	process_end(&rig->door, SIGKILL);
	until(rig, !is_connected(rig));
	put_state(rig, "@handover/there/6GE1", "");
	open_door(rig);
	until(rig, last_on(rig, topic)->bytes == 0);
	put_state(rig, "exit-1/boom", "{\"state\":\"closed\"}");
	until(rig, subscriber_last_says(&rig->subscriber, "state/exit-1/boom", "closed"));
	subscriber_forget(&rig->subscriber);
	subscribe(rig);
	until(rig, subscriber_last_says(&rig->subscriber, "state/exit-1/boom", "closed"));
	assert_null(last_on(rig, topic));
}

/* Where the nth event is, from 1, or where all ends. */
static size_t place_of_event(const struct subscriber *subscriber, size_t nth)
{
	size_t at = 0;

	while (at < subscriber->count && (!is_of(&subscriber->received[at], "event/") || --nth > 0))
		at++;
	return at;
}

static void states_take_a_fifth_of_the_bytes_while_events_wait(void **state)
{
	struct uplink_rig *rig = *state;
	size_t first, states;
	char key[32];

	start_broker(rig, "");
	subscribe(rig);
	shut_door(rig);
	rig->journal.payload_bytes = 200;
	start_uplink(rig);
	for (size_t i = 0; i < 200; i++) {
		snprintf(key, sizeof(key), "lane-%zu/boom", i);
		put_state(rig, key, "{\"state\":\"closed\"}");
	}
	fake_journal_add(&rig->journal, 400);
	until(rig, times_logged(rig, "not connected") == 1);
	open_door(rig);
	until(rig, subscriber_complete(&rig->subscriber) == 400 &&
			   subscriber_count(&rig->subscriber, "state/") >= 200);
	assert_true(is_of(&rig->subscriber.received[0], "status"));
	first = place_of_event(&rig->subscriber, 1); /* none waits before */
	states = place_of_event(&rig->subscriber, 101) - first - 100;
	assert_in_range(states, first < 100 ? 20 : 0, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		uplink_test(a_gateway_says_online_with_its_head),
		uplink_test(a_new_epoch_is_told_at_once_and_a_new_head_with_the_metrics),
		uplink_test(a_stopped_gateway_says_offline_and_leaves_no_will),
		uplink_test(a_killed_gateway_is_offline_by_its_will_of_the_same_session),
		uplink_test(no_event_goes_before_the_head_that_covers_it),
		uplink_test(the_journal_hears_how_far_a_killed_gateway_had_come),
		uplink_test(a_late_will_can_be_told_by_its_session),
		uplink_test(states_are_retained_and_the_latest_wins),
		uplink_test(a_state_known_before_connecting_is_published_when_connected),
		uplink_test(a_state_that_is_over_is_retained_no_more_although_it_ended_unheard),
		uplink_test(states_take_a_fifth_of_the_bytes_while_events_wait),
	};

	return cmocka_run_group_tests_name("uplink status", tests, NULL, NULL);
}
