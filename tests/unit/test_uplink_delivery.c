/* Every event reaches the broker, once by number and in order, whatever the broker does. */
#include "rig/uplink_rig.h"

#define EVENTS 400

static void a_broker_absent_at_start_is_connected_to_when_it_comes(void **state)
{
	struct uplink_rig *rig = *state;

	rig->broker.port = free_port();
	fake_journal_add(&rig->journal, EVENTS);
	start_uplink(rig);
	until(rig, times_logged(rig, "not connected: Connection refused") > 0);
	assert_false(is_connected(rig));
	start_broker(rig, "");
	until(rig, fake_journal_acked(&rig->journal, STREAM_EVENTS) == EVENTS);
	assert_int_equal(times_logged(rig, "not connected"), 1);
	assert_int_equal(times_logged(rig, "connected (MQTT 5, no TLS, 20 in flight)"), 1);
}

static void every_event_arrives_once_by_number_and_in_order(void **state)
{
	struct uplink_rig *rig = *state;

	start_broker(rig, "");
	subscribe(rig);
	fake_journal_add(&rig->journal, EVENTS);
	start_uplink(rig);
	for (uint64_t i = 0; i < 50; i++) {
		fake_journal_add(&rig->journal, 1);
		subscriber_turn(&rig->subscriber);
	}
	until(rig, subscriber_complete(&rig->subscriber) == EVENTS + 50);
	assert_int_equal(subscriber_count(&rig->subscriber, "event/"), EVENTS + 50);
	until(rig, fake_journal_acked(&rig->journal, STREAM_EVENTS) == EVENTS + 50);
	assert_false(rig->journal.ack_went_back);
	until(rig, uplink_counters(rig->uplink).acknowledged == EVENTS + 50);
	until(rig, uplink_counters(rig->uplink).published == EVENTS + 50);
}

static void events_carry_their_number_epoch_and_type_of_content(void **state)
{
	struct uplink_rig *rig = *state;
	const struct received *event;

	start_broker(rig, "");
	subscribe(rig);
	fake_journal_add(&rig->journal, 1);
	start_uplink(rig);
	until(rig, subscriber_complete(&rig->subscriber) == 1);
	event = subscriber_last(&rig->subscriber, "event/barrier/open");
	assert_int_equal(event->seq, 1);
	assert_string_equal(event->epoch, FAKE_EPOCH);
	assert_string_equal(event->content_type, "application/json");
	assert_int_equal(event->qos, 1);
	assert_false(event->retain);
	assert_true(event->late);
	fake_journal_add(&rig->journal, 1);
	until(rig, subscriber_complete(&rig->subscriber) == 2);
	event = subscriber_last(&rig->subscriber, "event/barrier/open");
	assert_int_equal(event->seq, 2);
	assert_false(event->late);
}

/* With the door shut while the subscriber finds its way back to a broker that forgot it. */
static void restart_broker(struct uplink_rig *rig, int number)
{
	process_end(&rig->broker, number);
	subscriber_drain(&rig->subscriber);
	until(rig, !is_connected(rig));
	process_end(&rig->door, SIGTERM);
	start_broker(rig, "");
	subscribe(rig);
	open_door(rig);
}

static void through_a_door(struct uplink_rig *rig)
{
	start_broker(rig, "");
	rig->subscriber.qos = 0;
	subscribe(rig);
	open_door(rig);
}

static void arrives_across_a_restart(struct uplink_rig *rig, int number)
{
	through_a_door(rig);
	start_uplink(rig);
	until(rig, feed_up_to(rig, EVENTS / 4));
	fake_journal_add(&rig->journal, 10);
	restart_broker(rig, number);
	fake_journal_add(&rig->journal, EVENTS - rig->journal.count);
	until(rig, subscriber_complete(&rig->subscriber) == EVENTS);
	fake_journal_add(&rig->journal, 10);
	until(rig, subscriber_complete(&rig->subscriber) == EVENTS + 10);
	until(rig, fake_journal_acked(&rig->journal, STREAM_EVENTS) == EVENTS + 10);
	assert_false(rig->journal.ack_went_back);
	assert_int_equal(times_logged(rig, "connection lost"), 1);
}

static void nothing_is_lost_when_the_broker_is_stopped_and_started(void **state)
{
	struct uplink_rig *rig = *state;

	rig->journal.payload_bytes = 3500;
	arrives_across_a_restart(rig, SIGTERM);
}

static void nothing_is_lost_when_the_broker_is_killed_and_started(void **state)
{
	struct uplink_rig *rig = *state;

	rig->journal.payload_bytes = 3500;
	arrives_across_a_restart(rig, SIGKILL);
}

static void what_happened_while_the_broker_was_away_arrives_as_late(void **state)
{
	struct uplink_rig *rig = *state;
	size_t late = 0;

	through_a_door(rig);
	start_uplink(rig);
	until(rig, is_connected(rig));
	until(rig, fake_journal_session(&rig->journal) == 1);
	fake_journal_add(&rig->journal, 5);
	until(rig, fake_journal_acked(&rig->journal, STREAM_EVENTS) == 5);
	process_end(&rig->broker, SIGKILL);
	subscriber_drain(&rig->subscriber);
	until(rig, !is_connected(rig));
	fake_journal_add(&rig->journal, 30);
	restart_broker(rig, SIGKILL);
	until(rig, subscriber_complete(&rig->subscriber) == 35);
	for (size_t i = 0; i < rig->subscriber.count; i++)
		late += is_of(&rig->subscriber.received[i], "event/") &&
			rig->subscriber.received[i].late;
	assert_int_equal(late, 30);
}

static void a_broker_that_hangs_is_given_up_and_found_again(void **state)
{
	struct uplink_rig *rig = *state;

	rig->conf.ack_timeout_ns = 300 * NS_PER_MS;
	rig->conf.connect_timeout_ns = 300 * NS_PER_MS;
	start_broker(rig, "");
	subscribe(rig);
	start_uplink(rig);
	fake_journal_add(&rig->journal, 20);
	until(rig, subscriber_complete(&rig->subscriber) == 20);
	kill(rig->broker.pid, SIGSTOP);
	fake_journal_add(&rig->journal, EVENTS);
	until(rig, times_logged(rig, "connection lost: nothing is acknowledged any more") > 0);
	until(rig, times_logged(rig, "not connected: no answer in time") > 0);
	kill(rig->broker.pid, SIGCONT);
	until(rig, subscriber_complete(&rig->subscriber) == EVENTS + 20);
	until(rig, fake_journal_acked(&rig->journal, STREAM_EVENTS) == EVENTS + 20);
	assert_false(rig->journal.ack_went_back);
}

static void a_broker_restarted_empty_gets_status_and_states_again(void **state)
{
	struct uplink_rig *rig = *state;

	through_a_door(rig);
	start_uplink(rig);
	put_state(rig, "entry-1/boom", "{\"state\":\"closed\"}");
	put_state(rig, "entry-1/seal", "{\"state\":\"intact\"}");
	until(rig, subscriber_last(&rig->subscriber, "state/entry-1/seal"));
	process_end(&rig->broker, SIGKILL);
	until(rig, !is_connected(rig));
	put_state(rig, "entry-1/boom", "{\"state\":\"open\"}");
	subscriber_disconnect(&rig->subscriber);
	start_broker(rig, "");
	until(rig, is_connected(rig));
	until(rig, uplink_counters(rig->uplink).connects == 2);
	subscriber_forget(&rig->subscriber);
	subscribe(rig);
	until(rig, subscriber_last_says(&rig->subscriber, "state/entry-1/boom", "open") &&
			   subscriber_last_says(&rig->subscriber, "state/entry-1/seal", "intact") &&
			   subscriber_last_says(&rig->subscriber, "status", "online"));
}

static void a_broker_that_takes_one_message_at_a_time_gets_one_at_a_time(void **state)
{
	struct uplink_rig *rig = *state;

	start_broker(rig, "max_inflight_messages 1");
	subscribe(rig);
	start_uplink(rig);
	put_state(rig, "entry-1/boom", "{\"state\":\"closed\"}");
	fake_journal_alert_every(&rig->journal, 10);
	fake_journal_add(&rig->journal, EVENTS);
	until(rig, subscriber_complete(&rig->subscriber) == EVENTS);
	until(rig, fake_journal_acked(&rig->journal, STREAM_EVENTS) == EVENTS &&
			   fake_journal_acked(&rig->journal, STREAM_ALERTS) == EVENTS);
	assert_int_equal(times_logged(rig, "1 in flight"), 1);
	assert_int_equal(uplink_counters(rig->uplink).connects, 1);
	assert_int_equal(subscriber_count(&rig->subscriber, "event/"), EVENTS);
	assert_int_equal(subscriber_count(&rig->subscriber, "alert/"), EVENTS / 10);
}

static void duplicates_are_identical_to_the_first(void **state)
{
	struct uplink_rig *rig = *state;
	int round;

	rig->journal.payload_bytes = 2000;
	start_broker(rig, "");
	subscribe(rig);
	open_door(rig);
	start_uplink(rig);
	fake_journal_add(&rig->journal, 3000);
	for (round = 1; round <= 5; round++) {
		until(rig, subscriber_complete(&rig->subscriber) >= (uint64_t)round * 400);
		process_end(&rig->door, SIGKILL);
		open_door(rig);
		until(rig, uplink_counters(rig->uplink).connects > (uint64_t)round);
	}
	until(rig, subscriber_complete(&rig->subscriber) == 3000);
	assert_true(subscriber_count(&rig->subscriber, "event/") >= 3000);
	assert_false(rig->journal.ack_went_back);
}

static void alerts_arrive_ahead_of_a_backlog(void **state)
{
	struct uplink_rig *rig = *state;

	start_broker(rig, "");
	subscribe(rig);
	rig->conf.replay_bytes_per_s = 20 * 1000;
	fake_journal_add(&rig->journal, 999);
	start_uplink(rig);
	until(rig, subscriber_complete(&rig->subscriber) >= 10);
	fake_journal_alert_every(&rig->journal, 1000);
	fake_journal_add(&rig->journal, 1);
	until(rig, subscriber_last(&rig->subscriber, "alert/seal/tampered"));
	assert_true(subscriber_complete(&rig->subscriber) < 999);
	assert_int_equal(number_of(subscriber_last(&rig->subscriber, "alert/seal/tampered")), 1000);
	assert_string_equal(subscriber_last(&rig->subscriber, "alert/seal/tampered")->epoch,
			    FAKE_EPOCH);
	until(rig, fake_journal_acked(&rig->journal, STREAM_ALERTS) == 1000);
	assert_null(subscriber_last(&rig->subscriber, "event/seal/tampered"));
}

static void an_alert_has_the_same_bytes_as_its_event(void **state)
{
	struct uplink_rig *rig = *state;
	const struct received *alert;
	const struct received *event;

	start_broker(rig, "");
	subscribe(rig);
	fake_journal_alert_every(&rig->journal, 1);
	start_uplink(rig);
	fake_journal_add(&rig->journal, 1);
	until(rig, subscriber_last(&rig->subscriber, "alert/seal/tampered") &&
			   subscriber_last(&rig->subscriber, "event/seal/tampered"));
	alert = subscriber_last(&rig->subscriber, "alert/seal/tampered");
	event = subscriber_last(&rig->subscriber, "event/seal/tampered");
	assert_int_equal(alert->bytes, event->bytes);
	assert_memory_equal(alert->payload, event->payload, event->bytes);
}

/* 300 events of 310 bytes and their topics at 100,000 bytes/s, of which a second's worth may
 * go at once: the rest takes 0.2 s or more, however fast the machine. */
static void a_backlog_is_replayed_no_faster_than_it_may(void **state)
{
	struct uplink_rig *rig = *state;
	int64_t began_ns;

	start_broker(rig, "");
	subscribe(rig);
	rig->conf.replay_bytes_per_s = 100 * 1000;
	fake_journal_add(&rig->journal, 350);
	began_ns = clock_mono_ns();
	start_uplink(rig);
	until(rig, subscriber_complete(&rig->subscriber) == 350);
	assert_true(clock_mono_ns() - began_ns >= 200 * NS_PER_MS);
	fake_journal_add(&rig->journal,
			 1000); /* these are not late: no limit holds them for ten seconds */
	until(rig, subscriber_complete(&rig->subscriber) == 1350);
}

static void mqtt_3_1_1_delivers_the_same(void **state)
{
	struct uplink_rig *rig = *state;

	rig->conf.protocol = UPLINK_MQTT_311;
	fake_journal_alert_every(&rig->journal, 7);
	through_a_door(rig);
	start_uplink(rig);
	put_state(rig, "entry-1/boom", "{\"state\":\"closed\"}");
	until(rig, feed_up_to(rig, EVENTS / 4));
	restart_broker(rig, SIGKILL);
	fake_journal_add(&rig->journal, EVENTS - rig->journal.count);
	until(rig, subscriber_complete(&rig->subscriber) == EVENTS);
	until(rig, subscriber_last_says(&rig->subscriber, "state/entry-1/boom", "closed"));
	assert_int_equal(times_logged(rig, "connected (MQTT 3.1.1, no TLS, 20 in flight)"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		uplink_test(a_broker_absent_at_start_is_connected_to_when_it_comes),
		uplink_test(every_event_arrives_once_by_number_and_in_order),
		uplink_test(events_carry_their_number_epoch_and_type_of_content),
		uplink_test(nothing_is_lost_when_the_broker_is_stopped_and_started),
		uplink_test(nothing_is_lost_when_the_broker_is_killed_and_started),
		uplink_test(what_happened_while_the_broker_was_away_arrives_as_late),
		uplink_test(a_broker_that_hangs_is_given_up_and_found_again),
		uplink_test(a_broker_restarted_empty_gets_status_and_states_again),
		uplink_test(a_broker_that_takes_one_message_at_a_time_gets_one_at_a_time),
		uplink_test(duplicates_are_identical_to_the_first),
		uplink_test(alerts_arrive_ahead_of_a_backlog),
		uplink_test(an_alert_has_the_same_bytes_as_its_event),
		uplink_test(a_backlog_is_replayed_no_faster_than_it_may),
		uplink_test(mqtt_3_1_1_delivers_the_same),
	};

	return cmocka_run_group_tests_name("uplink delivery", tests, NULL, NULL);
}
