/* Every event reaches the broker, once by number and in order, whatever the broker does. */
#include <dlfcn.h>
#include <netdb.h>

#include "uplink_rig.h"

#define EVENTS 400

static void a_broker_absent_at_start_is_connected_to_when_it_comes(void **state)
{
	struct rig *rig = *state;

	rig->broker.port = free_port();
	journal_add(rig, EVENTS);
	uplink_up(rig);
	until(rig, rig_logged(rig, "not connected: Connection refused") > 0);
	assert_false(connected(rig));
	broker_start(rig, "");
	until(rig, journal_acked(rig, STREAM_EVENTS) == EVENTS);
	assert_int_equal(rig_logged(rig, "not connected"), 1);
	assert_int_equal(rig_logged(rig, "connected (MQTT 5, no TLS, 20 in flight)"), 1);
}

static void every_event_arrives_once_by_number_and_in_order(void **state)
{
	struct rig *rig = *state;
	uint64_t i;

	broker_start(rig, "");
	subscribe(rig);
	journal_add(rig, EVENTS);
	uplink_up(rig);
	for (i = 0; i < 50; i++) {
		journal_add(rig, 1);
		rig_turn(rig);
	}
	until(rig, complete_up_to(rig) == EVENTS + 50);
	assert_int_equal(count_of(rig, "event/"), EVENTS + 50);
	until(rig, journal_acked(rig, STREAM_EVENTS) == EVENTS + 50);
	assert_false(rig->journal.ack_went_back);
	assert_int_equal(uplink_counters(rig->uplink).acknowledged, EVENTS + 50);
	assert_int_equal(uplink_counters(rig->uplink).published, EVENTS + 50);
}

static void events_carry_their_number_epoch_and_type_of_content(void **state)
{
	struct rig *rig = *state;
	const struct received *event;

	broker_start(rig, "");
	subscribe(rig);
	journal_add(rig, 1);
	uplink_up(rig);
	until(rig, complete_up_to(rig) == 1);
	event = last_of(rig, "event/barrier/open");
	assert_int_equal(event->seq, 1);
	assert_string_equal(event->epoch, EPOCH);
	assert_string_equal(event->content_type, "application/json");
	assert_int_equal(event->qos, 1);
	assert_false(event->retain);
	assert_true(event->late);
	journal_add(rig, 1);
	until(rig, complete_up_to(rig) == 2);
	event = last_of(rig, "event/barrier/open");
	assert_int_equal(event->seq, 2);
	assert_false(event->late);
}

/* With the door shut while the subscriber finds its way back to a broker that forgot it. */
static void restart_broker(struct rig *rig, int number)
{
	process_end(&rig->broker, number);
	drain_subscriber(rig);
	until(rig, !connected(rig));
	process_end(&rig->door, SIGTERM);
	broker_start(rig, "");
	subscribe(rig);
	door_open(rig);
}

static void through_a_door(struct rig *rig)
{
	broker_start(rig, "");
	rig->subscriber_qos = 0;
	subscribe(rig);
	rig->door.port = free_port();
	door_open(rig);
}

static void arrives_across_a_restart(struct rig *rig, int number)
{
	through_a_door(rig);
	uplink_up(rig);
	until(rig, fed(rig, EVENTS / 4));
	journal_add(rig, 10);
	restart_broker(rig, number);
	journal_add(rig, EVENTS - rig->journal.count);
	until(rig, complete_up_to(rig) == EVENTS);
	journal_add(rig, 10);
	until(rig, complete_up_to(rig) == EVENTS + 10);
	until(rig, journal_acked(rig, STREAM_EVENTS) == EVENTS + 10);
	assert_false(rig->journal.ack_went_back);
	assert_int_equal(rig_logged(rig, "connection lost"), 1);
}

static void nothing_is_lost_when_the_broker_is_stopped_and_started(void **state)
{
	struct rig *rig = *state;

	rig->journal.payload_bytes = 3500;
	arrives_across_a_restart(rig, SIGTERM);
}

static void nothing_is_lost_when_the_broker_is_killed_and_started(void **state)
{
	struct rig *rig = *state;

	rig->journal.payload_bytes = 3500;
	arrives_across_a_restart(rig, SIGKILL);
}

static void what_happened_while_the_broker_was_away_arrives_as_late(void **state)
{
	struct rig *rig = *state;
	size_t late = 0;
	size_t i;

	through_a_door(rig);
	uplink_up(rig);
	until(rig, connected(rig));
	until(rig, journal_session(rig) == 1);
	journal_add(rig, 5);
	until(rig, journal_acked(rig, STREAM_EVENTS) == 5);
	process_end(&rig->broker, SIGKILL);
	drain_subscriber(rig);
	until(rig, !connected(rig));
	journal_add(rig, 30);
	restart_broker(rig, SIGKILL);
	until(rig, complete_up_to(rig) == 35);
	for (i = 0; i < rig->received_count; i++)
		late += is_of(&rig->received[i], "event/") && rig->received[i].late;
	assert_int_equal(late, 30);
}

static void a_broker_that_hangs_is_given_up_and_found_again(void **state)
{
	struct rig *rig = *state;

	rig->conf.ack_timeout_ns = 300 * NS_PER_MS;
	rig->conf.connect_timeout_ns = 300 * NS_PER_MS;
	broker_start(rig, "");
	subscribe(rig);
	uplink_up(rig);
	journal_add(rig, 20);
	until(rig, complete_up_to(rig) == 20);
	kill(rig->broker.pid, SIGSTOP);
	journal_add(rig, EVENTS);
	until(rig, rig_logged(rig, "connection lost: nothing is acknowledged any more") == 1);
	until(rig, rig_logged(rig, "not connected: no answer in time") == 1);
	kill(rig->broker.pid, SIGCONT);
	until(rig, complete_up_to(rig) == EVENTS + 20);
	until(rig, journal_acked(rig, STREAM_EVENTS) == EVENTS + 20);
	assert_false(rig->journal.ack_went_back);
}

static void a_broker_restarted_empty_gets_status_and_states_again(void **state)
{
	struct rig *rig = *state;

	through_a_door(rig);
	uplink_up(rig);
	put_state(rig, "entry-1/boom", "{\"state\":\"closed\"}");
	put_state(rig, "entry-1/seal", "{\"state\":\"intact\"}");
	until(rig, last_of(rig, "state/entry-1/seal"));
	process_end(&rig->broker, SIGKILL);
	until(rig, !connected(rig));
	put_state(rig, "entry-1/boom", "{\"state\":\"open\"}");
	unsubscribe(rig);
	broker_start(rig, "");
	until(rig, connected(rig));
	until(rig, uplink_counters(rig->uplink).connects == 2);
	forget_received(rig);
	subscribe(rig);
	until(rig, last_says(rig, "state/entry-1/boom", "open") &&
			   last_says(rig, "state/entry-1/seal", "intact") &&
			   last_says(rig, "status", "online"));
}

static void a_broker_that_takes_one_message_at_a_time_gets_one_at_a_time(void **state)
{
	struct rig *rig = *state;

	broker_start(rig, "max_inflight_messages 1");
	subscribe(rig);
	uplink_up(rig);
	put_state(rig, "entry-1/boom", "{\"state\":\"closed\"}");
	journal_alerts(rig, 10);
	journal_add(rig, EVENTS);
	until(rig, complete_up_to(rig) == EVENTS);
	until(rig, journal_acked(rig, STREAM_EVENTS) == EVENTS &&
			   journal_acked(rig, STREAM_ALERTS) == EVENTS);
	assert_int_equal(rig_logged(rig, "1 in flight"), 1);
	assert_int_equal(uplink_counters(rig->uplink).connects, 1);
	assert_int_equal(count_of(rig, "event/"), EVENTS);
	assert_int_equal(count_of(rig, "alert/"), EVENTS / 10);
}

static void duplicates_are_identical_to_the_first(void **state)
{
	struct rig *rig = *state;
	int round;

	rig->journal.payload_bytes = 2000;
	broker_start(rig, "");
	subscribe(rig);
	rig->door.port = free_port();
	door_open(rig);
	uplink_up(rig);
	journal_add(rig, 3000);
	for (round = 1; round <= 5; round++) {
		until(rig, complete_up_to(rig) >= (uint64_t)round * 400);
		process_end(&rig->door, SIGKILL);
		door_open(rig);
		until(rig, uplink_counters(rig->uplink).connects > (uint64_t)round);
	}
	until(rig, complete_up_to(rig) == 3000);
	assert_true(count_of(rig, "event/") >= 3000);
	assert_false(rig->journal.ack_went_back);
}

static void alerts_arrive_ahead_of_a_backlog(void **state)
{
	struct rig *rig = *state;

	broker_start(rig, "");
	subscribe(rig);
	rig->conf.replay_bytes_per_s = 20 * 1000;
	journal_add(rig, 999);
	uplink_up(rig);
	until(rig, complete_up_to(rig) >= 10);
	journal_alerts(rig, 1000);
	journal_add(rig, 1);
	until(rig, last_of(rig, "alert/seal/tampered"));
	assert_true(complete_up_to(rig) < 999);
	assert_int_equal(number_of(last_of(rig, "alert/seal/tampered")), 1000);
	assert_string_equal(last_of(rig, "alert/seal/tampered")->epoch, EPOCH);
	until(rig, journal_acked(rig, STREAM_ALERTS) == 1000);
	assert_null(last_of(rig, "event/seal/tampered"));
}

static void an_alert_has_the_same_bytes_as_its_event(void **state)
{
	struct rig *rig = *state;
	const struct received *alert;
	const struct received *event;

	broker_start(rig, "");
	subscribe(rig);
	journal_alerts(rig, 1);
	uplink_up(rig);
	journal_add(rig, 1);
	until(rig, last_of(rig, "alert/seal/tampered") && last_of(rig, "event/seal/tampered"));
	alert = last_of(rig, "alert/seal/tampered");
	event = last_of(rig, "event/seal/tampered");
	assert_int_equal(alert->bytes, event->bytes);
	assert_memory_equal(alert->payload, event->payload, event->bytes);
}

/* 300 events of 310 bytes and their topics at 100,000 bytes/s, of which a second's worth may
 * go at once: the rest takes 0.2 s or more, however fast the machine. */
static void a_backlog_is_replayed_no_faster_than_it_may(void **state)
{
	struct rig *rig = *state;
	int64_t began_ns;

	broker_start(rig, "");
	subscribe(rig);
	rig->conf.replay_bytes_per_s = 100 * 1000;
	journal_add(rig, 350);
	began_ns = clock_mono_ns();
	uplink_up(rig);
	until(rig, complete_up_to(rig) == 350);
	assert_true(clock_mono_ns() - began_ns >= 200 * NS_PER_MS);
	journal_add(rig, 1000); /* these are not late: no limit holds them for ten seconds */
	until(rig, complete_up_to(rig) == 1350);
}

static void hosts_are_tried_in_turn(void **state)
{
	struct rig *rig = *state;
	int nobody = free_port();
	char text[160];

	broker_start(rig, "");
	subscribe(rig);
	add_host(rig, nobody);
	add_host(rig, rig->broker.port);
	uplink_up(rig);
	journal_add(rig, 10);
	until(rig, complete_up_to(rig) == 10);
	snprintf(text, sizeof(text),
		 "\"127.0.0.1:%d\": not connected: Connection refused (is the broker running, and "
		 "is this its port?), trying the next host",
		 nobody);
	assert_int_equal(rig_logged(rig, text), 1);
	assert_string_equal(uplink_counters(rig->uplink).host, rig->host_text[1]);
}

static void a_name_is_looked_up_and_one_that_is_none_is_said(void **state)
{
	struct rig *rig = *state;
	char nobody[] = "nobody.invalid";

	broker_start(rig, "");
	add_host(rig, 0);
	rig->hosts[0] = nobody;
	add_host(rig, 0);
	snprintf(rig->host_text[1], sizeof(rig->host_text[1]), "localhost:%d", rig->broker.port);
	uplink_up(rig);
	until(rig, connected(rig));
	assert_int_equal(rig_logged(rig, "\"nobody.invalid\": not connected: host name not found"),
			 1);
}

/* In the place of the name service: one name has addresses of two families. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
		struct addrinfo **result)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
	int rc;

	memcpy(&real, &symbol, sizeof(real));
	if (strcmp(name, "two-families.example") != 0)
		return real(name, service, hints, result);
	rc = real("::1", service, hints, result);
	return rc ? rc : real("127.0.0.1", service, hints, &(*result)->ai_next);
}

/* A listener whose queue is full: who connects gets no answer at all. */
static int black_hole(int port, int fillers[2])
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6,
				       .sin6_port = htons((uint16_t)port),
				       .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	void *any = &address;
	int i;

	if (listener < 0 || bind(listener, any, sizeof(address)) < 0)
		return -1;
	assert_int_equal(listen(listener, 0), 0);
	for (i = 0; i < 2; i++) {
		fillers[i] = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)!connect(fillers[i], any, sizeof(address));
	}
	return listener;
}

static void a_name_with_addresses_of_two_families_is_tried_by_both(void **state)
{
	struct rig *rig = *state;
	char name[] = "two-families.example";
	int fillers[2] = {-1, -1};
	int listener;

	broker_start(rig, "");
	listener = black_hole(rig->broker.port, fillers);
	if (listener < 0)
		skip();
	add_host(rig, 0);
	rig->hosts[0] = name;
	rig->conf.port = rig->broker.port;
	rig->conf.connect_timeout_ns = 300 * NS_PER_MS;
	uplink_up(rig);
	until(rig, connected(rig));
	close(listener);
	close(fillers[0]);
	close(fillers[1]);
}

static void the_main_loop_is_told_of_each_change(void **state)
{
	struct rig *rig = *state;
	struct pollfd change;

	broker_start(rig, "");
	uplink_up(rig);
	change = (struct pollfd){.fd = uplink_event_fd(rig->uplink), .events = POLLIN};
	until(rig, poll(&change, 1, 0) == 1);
	until(rig, connected(rig));
	process_end(&rig->broker, SIGKILL);
	until(rig, !connected(rig));
	until(rig, uplink_counters(rig->uplink).error[0]);
}

/* Nobody acknowledges the farewell: the thread has to give up before the deadline. */
static void a_hanging_broker_does_not_hold_up_a_stop(void **state)
{
	struct rig *rig = *state;

	broker_start(rig, "");
	uplink_up(rig);
	until(rig, connected(rig));
	kill(rig->broker.pid, SIGSTOP);
	journal_add(rig, EVENTS);
	until(rig, uplink_counters(rig->uplink).published >= RIG_WINDOW - 1);
	assert_true(uplink_down(rig, 2 * NS_PER_S));
}

static void an_absent_broker_does_not_hold_up_a_stop(void **state)
{
	struct rig *rig = *state;

	rig->broker.port = free_port();
	rig->conf.retry_min_ns = rig->conf.retry_max_ns = 3600 * NS_PER_S;
	uplink_up(rig);
	until(rig, rig_logged(rig, "not connected") == 1);
	assert_true(uplink_down(rig, 30 * NS_PER_S));
}

static void the_watchdog_gets_its_answer_while_nobody_is_there(void **state)
{
	struct rig *rig = *state;
	int64_t later_ns = clock_mono_ns() + 1000 * NS_PER_S;

	rig->broker.port = free_port();
	rig->conf.retry_min_ns = rig->conf.retry_max_ns = 3600 * NS_PER_S;
	uplink_up(rig);
	until(rig, rig_logged(rig, "not connected") == 1);
	uplink_ask(rig->uplink);
	until(rig, !uplink_stuck(rig->uplink, later_ns));
}

static void mqtt_3_1_1_delivers_the_same(void **state)
{
	struct rig *rig = *state;

	rig->conf.protocol = UPLINK_MQTT_311;
	journal_alerts(rig, 7);
	through_a_door(rig);
	uplink_up(rig);
	put_state(rig, "entry-1/boom", "{\"state\":\"closed\"}");
	until(rig, fed(rig, EVENTS / 4));
	restart_broker(rig, SIGKILL);
	journal_add(rig, EVENTS - rig->journal.count);
	until(rig, complete_up_to(rig) == EVENTS);
	until(rig, last_says(rig, "state/entry-1/boom", "closed"));
	assert_int_equal(rig_logged(rig, "connected (MQTT 3.1.1, no TLS, 20 in flight)"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(a_broker_absent_at_start_is_connected_to_when_it_comes),
		rig_test(every_event_arrives_once_by_number_and_in_order),
		rig_test(events_carry_their_number_epoch_and_type_of_content),
		rig_test(nothing_is_lost_when_the_broker_is_stopped_and_started),
		rig_test(nothing_is_lost_when_the_broker_is_killed_and_started),
		rig_test(what_happened_while_the_broker_was_away_arrives_as_late),
		rig_test(a_broker_that_hangs_is_given_up_and_found_again),
		rig_test(a_broker_restarted_empty_gets_status_and_states_again),
		rig_test(a_broker_that_takes_one_message_at_a_time_gets_one_at_a_time),
		rig_test(duplicates_are_identical_to_the_first),
		rig_test(alerts_arrive_ahead_of_a_backlog),
		rig_test(an_alert_has_the_same_bytes_as_its_event),
		rig_test(a_backlog_is_replayed_no_faster_than_it_may),
		rig_test(hosts_are_tried_in_turn),
		rig_test(a_name_is_looked_up_and_one_that_is_none_is_said),
		rig_test(a_name_with_addresses_of_two_families_is_tried_by_both),
		rig_test(the_main_loop_is_told_of_each_change),
		rig_test(a_hanging_broker_does_not_hold_up_a_stop),
		rig_test(an_absent_broker_does_not_hold_up_a_stop),
		rig_test(the_watchdog_gets_its_answer_while_nobody_is_there),
		rig_test(mqtt_3_1_1_delivers_the_same),
	};

	return cmocka_run_group_tests_name("uplink delivery", tests, NULL, NULL);
}
