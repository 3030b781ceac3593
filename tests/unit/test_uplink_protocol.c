/* What the broker says, byte by byte: one that only says what it is told to. */
#include "rig/uplink_rig.h"

#include <arpa/inet.h>
#include <unistd.h>

#define CONNACK	   "\x20\x05\x00\x00\x02\x25\x00" /* it retains nothing, so nothing is asked for */
#define OVER_QUOTA 0x97
#define MOST_BYTES 4096

struct scripted_broker {
	struct uplink_rig *rig;
	int listener, fd; /* fd: of the connection there is, or -1 */
};

/* ---- set-up ---------------------------------------------------------------------------- */

static void listen_at(struct scripted_broker *broker, int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	void *any = &address;
	int one = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	broker->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	setsockopt(broker->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(broker->listener, any, sizeof(address)), 0);
	assert_int_equal(listen(broker->listener, 4), 0);
}

static int scripted_broker_new(void **state)
{
	struct scripted_broker *broker = calloc(1, sizeof(*broker));
	void *rig;

	uplink_rig_new(&rig);
	broker->rig = rig;
	broker->rig->broker.port = free_port();
	broker->fd = -1;
	listen_at(broker, broker->rig->broker.port);
	*state = broker;
	return 0;
}

static int scripted_broker_free(void **state)
{
	struct scripted_broker *broker = *state;
	void *rig = broker->rig;

	if (broker->fd >= 0)
		close(broker->fd);
	close(broker->listener);
	free(broker);
	return uplink_rig_free(&rig);
}

#define protocol_test(test) \
	cmocka_unit_test_setup_teardown(test, scripted_broker_new, scripted_broker_free)

/* ---- what it does ---------------------------------------------------------------------- */

static void hang_up(struct scripted_broker *broker)
{
	if (broker->fd >= 0)
		close(broker->fd);
	broker->fd = -1;
}

static int next_connection(struct scripted_broker *broker)
{
	return broker->fd = accept4(broker->listener, NULL, NULL, SOCK_CLOEXEC);
}

/* Hangs up, and waits for the next CONNECT, which stays to be read. */
static void meet(struct scripted_broker *broker)
{
	char byte;

	hang_up(broker);
	until(broker->rig, next_connection(broker) >= 0);
	until(broker->rig, recv(broker->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 1);
}

static void say_bytes(struct scripted_broker *broker, const char *bytes, size_t count)
{
	assert_int_equal(send(broker->fd, bytes, count, MSG_NOSIGNAL), count);
}

#define say(broker, bytes) say_bytes((broker), (bytes), sizeof(bytes) - 1)

/* Waits for what the uplink sends next. */
static size_t hear(struct scripted_broker *broker, char bytes[MOST_BYTES])
{
	ssize_t count;

	until(broker->rig, (count = recv(broker->fd, bytes, MOST_BYTES, MSG_DONTWAIT)) > 0);
	return (size_t)count;
}

/* Waits for the next CONNECT and lets the uplink in. */
static void welcome(struct scripted_broker *broker)
{
	meet(broker);
	say(broker, CONNACK);
}

/* The first message of a connection, mid 1, is the status; the events follow it. */
static void acknowledge(struct scripted_broker *broker, int mid)
{
	const char puback[] = {0x40, 2, 0, (char)mid};

	say_bytes(broker, puback, sizeof(puback));
}

static void refuse(struct scripted_broker *broker, int mid, int reason)
{
	const char puback[] = {0x40, 4, 0, (char)mid, (char)reason, 0};

	say_bytes(broker, puback, sizeof(puback));
}

/* Waits until the uplink has published as many messages in all. */
static void wait_published(struct scripted_broker *broker, uint64_t count)
{
	until(broker->rig, uplink_counters(broker->rig->uplink).published == count);
}

/* Lets it in and waits for the journal's events to begin. */
static void welcome_to_session(struct scripted_broker *broker, uint32_t session)
{
	welcome(broker);
	until(broker->rig, fake_journal_session(&broker->rig->journal) == session);
}

/* ---- tests ----------------------------------------------------------------------------- */

struct reply {
	const char *bytes;
	size_t count;
	const char *logged;
};

#define BYTES(text) .bytes = (text), .count = sizeof(text) - 1

static void each_answer_to_a_connect_is_said_with_its_cure(void **state)
{
	static const struct reply replies[] = {
		{BYTES("\x20\x03\x00\x85\x00"),
		 .logged = "refused: client identifier not valid (check client_id)"},
		{BYTES("\x20\x03\x00\x86\x00"),
		 .logged = "refused: bad user name or password (check username"},
		{BYTES("\x20\x03\x00\x8a\x00"), .logged = "refused: banned, trying again in"},
		{BYTES("\x20\x05\x00\x00\x02\x24\x00"),
		 .logged = "the broker has no QoS 1 (use a broker that acknowledges)"},
		{BYTES("HTTP/1.1 400 Bad Request\r\n\r\n"), .logged = "not connected: "},
	};
	struct scripted_broker *broker = *state;
	struct uplink_rig *rig = broker->rig;

	start_uplink(rig);
	for (size_t i = 0; i < COUNT(replies); i++) {
		meet(broker);
		say_bytes(broker, replies[i].bytes, replies[i].count);
		until(rig, times_logged(rig, replies[i].logged) > 0);
	}
	assert_false(is_connected(rig));
}

/* Its refusal is of another form, which newer libraries take for nonsense. */
static void a_broker_that_knows_no_mqtt_5_is_told_apart(void **state)
{
	struct scripted_broker *broker = *state;
	struct uplink_rig *rig = broker->rig;

	start_uplink(rig);
	meet(broker);
	say(broker, "\x20\x02\x00\x01");
	until(rig,
	      times_logged(rig,
			   "refused: unsupported protocol version (set protocol = \"3.1.1\")") +
			      times_logged(rig, "the answer is not MQTT 5 (is it an older broker? "
						"set protocol = \"3.1.1\")") ==
		      1);
}

static void another_client_of_the_same_name_is_named_as_the_cause(void **state)
{
	struct scripted_broker *broker = *state;
	struct uplink_rig *rig = broker->rig;

	start_uplink(rig);
	meet(broker);
	say(broker, CONNACK "\xe0\x02\x8e\x00");
	until(rig,
	      times_logged(rig, "closed by the broker: session taken over (does another gateway "
				"use this client_id?)") == 1);
}

static void what_is_acknowledged_out_of_turn_moves_nothing(void **state)
{
	struct scripted_broker *broker = *state;
	struct uplink_rig *rig = broker->rig;

	rig->conf.ack_timeout_ns = 1 * NS_PER_S;
	start_uplink(rig);
	welcome_to_session(broker, 1);
	fake_journal_add(&rig->journal, 3);
	wait_published(broker, 3);
	acknowledge(broker, 2);
	acknowledge(broker, 3);
	acknowledge(broker, 4);
	until(rig, times_logged(rig, "connection lost: nothing is acknowledged any more") == 1);
	assert_int_equal(fake_journal_acked(&rig->journal, STREAM_EVENTS), 0);
}

static void refuse_the_second_of_three(struct scripted_broker *broker)
{
	start_uplink(broker->rig);
	welcome_to_session(broker, 1);
	fake_journal_add(&broker->rig->journal, 3);
	wait_published(broker, 3);
	acknowledge(broker, 1);
	acknowledge(broker, 2); /* event 1 */
	refuse(broker, 3, OVER_QUOTA); /* event 2 */
	acknowledge(broker, 4);
}

static void an_event_over_quota_is_not_taken_for_acknowledged(void **state)
{
	struct scripted_broker *broker = *state;
	struct uplink_rig *rig = broker->rig;

	refuse_the_second_of_three(broker);
	until(rig, times_logged(rig, "event 2 refused on " TOPIC_BASE
				     "event/barrier/open: Quota exceeded") == 1);
	wait_published(broker, 4);
	until(rig, fake_journal_acked(&rig->journal, STREAM_EVENTS) > 0);
	assert_int_equal(fake_journal_acked(&rig->journal, STREAM_EVENTS), 1);
	acknowledge(broker, 5); /* event 2 again, and then 3 */
	wait_published(broker, 5);
	until(rig, times_logged(rig, "events are taken again") == 1);
	acknowledge(broker, 6);
	until(rig, fake_journal_acked(&rig->journal, STREAM_EVENTS) == 3);
	assert_int_equal(times_logged(rig, "events are taken again"), 1);
}

static void a_refused_event_is_tried_again_after_its_second_try_was_lost(void **state)
{
	struct scripted_broker *broker = *state;
	struct uplink_rig *rig = broker->rig;

	refuse_the_second_of_three(broker);
	wait_published(broker, 4);
	welcome(broker);
	wait_published(broker, 5);
	acknowledge(broker, 1);
	acknowledge(broker, 2);
	wait_published(broker, 6);
	acknowledge(broker, 3);
	until(rig, fake_journal_acked(&rig->journal, STREAM_EVENTS) == 3);
}

/* Five alerts and their events, of which a ring holds eight. */
static void what_was_under_way_takes_no_room_in_the_next_connection(void **state)
{
	struct scripted_broker *broker = *state;
	struct uplink_rig *rig = broker->rig;

	rig->journal.payload_bytes = 3500;
	fake_journal_alert_every(&rig->journal, 1);
	fake_journal_add(&rig->journal, 5);
	start_uplink(rig);
	for (uint64_t round = 1; round <= 4; round++) {
		welcome_to_session(broker, (uint32_t)round);
		until(rig, fake_journal_next(&rig->journal, STREAM_EVENTS) > 5);
		until(rig, fake_journal_next(&rig->journal, STREAM_ALERTS) > 5);
	}
}

/* Receive Maximum 2 (33), Maximum Packet Size 256 KiB (39): once each. */
static void connect_tells_what_is_taken_at_most(void **state)
{
	static const char receive_max[] = "\x21\x00\x02";
	static const char packet_max[] = "\x27\x00\x04\x00\x00";
	struct scripted_broker *broker = *state;
	char bytes[MOST_BYTES];
	const char *at;
	size_t count;

	start_uplink(broker->rig);
	meet(broker);
	count = hear(broker, bytes);
	assert_non_null(memmem(bytes, count, packet_max, sizeof(packet_max) - 1));
	at = memmem(bytes, count, receive_max, sizeof(receive_max) - 1);
	assert_non_null(at);
	at++;
	assert_null(memmem(at, count - (size_t)(at - bytes), receive_max, 2));
}

static bool offered(struct uplink_rig *rig, uint32_t session)
{
	struct outlet outlet = uplink_outlet(rig->uplink);
	struct outlet_record record = {.position = 1,
				       .seq = 1,
				       .epoch = FAKE_EPOCH,
				       .type = "barrier.open",
				       .payload = "{}",
				       .payload_bytes = 2,
				       .session = session};

	return outlet.offer(outlet.data, STREAM_EVENTS, &record);
}

static void only_offers_of_the_present_connection_are_taken(void **state)
{
	struct scripted_broker *broker = *state;
	struct uplink_rig *rig = broker->rig;

	start_uplink(rig);
	assert_false(offered(rig, 0));
	assert_false(offered(rig, 1));
	welcome_to_session(broker, 1);
	assert_false(offered(rig, 0));
	assert_false(offered(rig, 2));
	assert_true(offered(rig, 1));
	say(broker, "\xe0\x02\x8b\x00"); /* DISCONNECT: shutting down */
	meet(broker);
	assert_false(offered(rig, 1));
	say(broker, CONNACK);
	until(rig, fake_journal_session(&rig->journal) == 2);
	assert_false(offered(rig, 1));
	assert_true(offered(rig, 2));
	uplink_detach(rig->uplink);
	assert_false(offered(rig, 2));
}

/* What came next: 's' for a state, 'e' for an event. Acknowledges the one before. */
static char next_kind(struct scripted_broker *broker, int mid_before)
{
	char bytes[MOST_BYTES];
	size_t count;

	acknowledge(broker, mid_before);
	count = hear(broker, bytes);
	if (memmem(bytes, count, "gw1/state/", 10))
		return 's';
	return memmem(bytes, count, "gw1/event/", 10) ? 'e' : '?';
}

/* One message in flight: whatever waits has to take turns. */
static void states_that_never_rest_do_not_hold_up_events_nor_the_other_way_round(void **state)
{
	struct scripted_broker *broker = *state;
	struct uplink_rig *rig = broker->rig;
	char key[32];
	char kinds[9] = "";
	char bytes[MOST_BYTES];

	rig->conf.window = 1;
	start_uplink(rig);
	meet(broker);
	(void)hear(broker, bytes); /* CONNECT */
	say(broker, CONNACK);
	until(rig, fake_journal_session(&rig->journal) == 1);
	(void)hear(broker, bytes); /* the status */
	for (int i = 0; i < 10; i++) {
		snprintf(key, sizeof(key), "lane-%d/boom", i);
		put_state(rig, key, "{\"state\":\"open\"}");
	}
	fake_journal_add(&rig->journal, 10);
	until(rig, fake_journal_offered(&rig->journal) == 10);
	for (int i = 0; i < 8; i++)
		kinds[i] = next_kind(broker, i + 1);
	assert_non_null(strchr(kinds, 's'));
	assert_non_null(strchr(kinds, 'e'));
	assert_null(strchr(kinds, '?'));
}

static void what_makes_no_sense_ends_the_connection_and_nothing_else(void **state)
{
	static const struct reply nonsense[] = {
		{BYTES("\x40\x02\x77\x77\xff\xff\xff\xff\xff\xff")},
		{BYTES("\xff\xff\xff\xff\xff\xff")},
		{BYTES("\x20\x03\x00\x00\x00\x20\x03\x00\x00\x00\x00\x00")},
		{BYTES("\x40\x03\x00\x01\x10\x40\x01\x00")},
		{BYTES("\x30\x02\x00\x00\x50\x02\x00\x01\x62\x02\x00\x01\x90\x00")},
	};
	struct scripted_broker *broker = *state;
	struct uplink_rig *rig = broker->rig;
	size_t i;

	rig->conf.ack_timeout_ns = 1 * NS_PER_S;
	start_uplink(rig);
	fake_journal_add(&rig->journal, 3);
	for (i = 0; i < COUNT(nonsense); i++) {
		welcome(broker);
		until(rig, uplink_counters(rig->uplink).connects == i + 1);
		say_bytes(broker, nonsense[i].bytes, nonsense[i].count);
	}
	welcome(broker);
	until(rig, uplink_counters(rig->uplink).connects == i + 1);
	assert_int_equal(fake_journal_acked(&rig->journal, STREAM_EVENTS), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		protocol_test(each_answer_to_a_connect_is_said_with_its_cure),
		protocol_test(a_broker_that_knows_no_mqtt_5_is_told_apart),
		protocol_test(another_client_of_the_same_name_is_named_as_the_cause),
		protocol_test(what_is_acknowledged_out_of_turn_moves_nothing),
		protocol_test(an_event_over_quota_is_not_taken_for_acknowledged),
		protocol_test(a_refused_event_is_tried_again_after_its_second_try_was_lost),
		protocol_test(what_was_under_way_takes_no_room_in_the_next_connection),
		protocol_test(connect_tells_what_is_taken_at_most),
		protocol_test(only_offers_of_the_present_connection_are_taken),
		protocol_test(states_that_never_rest_do_not_hold_up_events_nor_the_other_way_round),
		protocol_test(what_makes_no_sense_ends_the_connection_and_nothing_else),
	};

	return cmocka_run_group_tests_name("uplink protocol", tests, NULL, NULL);
}
