#include "rig/unit.h"

#include <poll.h>

#include "inbound/inbox.h"

#define BYTES	      512
#define PAYLOAD_BYTES 64

static struct inbox *open_inbox(void)
{
	struct inbox *inbox;

	assert_int_equal(inbox_new(BYTES, PAYLOAD_BYTES, &inbox), 0);
	return inbox;
}

static bool is_readable(struct inbox *inbox)
{
	struct pollfd fd = {.fd = inbox_fd(inbox), .events = POLLIN};

	return poll(&fd, 1, 0) == 1;
}

static bool put(struct inbox *inbox, const char *subject, const char *payload)
{
	struct inlet_message heard = {
		.subject = subject, .payload = payload, .bytes = strlen(payload)};

	return inbox_put(inbox, &heard);
}

static void expect(struct inbox *inbox, const char *subject, const char *payload)
{
	struct inlet_message message;

	assert_true(inbox_take(inbox, &message));
	assert_string_equal(message.subject, subject);
	assert_int_equal(message.bytes, strlen(payload));
	assert_memory_equal(message.payload, payload, strlen(payload));
	assert_false(message.cut);
}

static void expect_none(struct inbox *inbox)
{
	struct inlet_message message;

	assert_false(inbox_take(inbox, &message));
}

static void messages_come_in_the_order_they_were_put(void **state)
{
	struct inbox *inbox = open_inbox();

	(void)state;
	assert_true(put(inbox, "a", "one"));
	assert_true(put(inbox, "b", ""));
	expect(inbox, "a", "one");
	assert_true(put(inbox, "c", "three"));
	expect(inbox, "b", "");
	expect(inbox, "c", "three");
	expect_none(inbox);
	inbox_free(inbox);
}

static void the_reader_is_woken_until_it_has_looked(void **state)
{
	struct inbox *inbox = open_inbox();

	(void)state;
	assert_false(is_readable(inbox));
	assert_true(put(inbox, "a", "one"));
	assert_true(is_readable(inbox));
	expect(inbox, "a", "one");
	expect_none(inbox);
	assert_false(is_readable(inbox));
	inbox_free(inbox);
}

static void what_belongs_to_a_message_is_copied_with_it(void **state)
{
	struct inbox *inbox = open_inbox();
	char subject[] = "present", topic[] = "answers/7", payload[] = "{}";
	unsigned char correlation[] = {0, 1, 2};
	struct inlet_message heard = {
		.subject = subject,
		.payload = payload,
		.bytes = 2,
		.retained = true,
		.response_topic = topic,
		.correlation = correlation,
		.correlation_bytes = 3,
	};
	struct inlet_message message;

	(void)state;
	assert_true(inbox_take_in(inbox, &heard));
	memset(subject, 'x', sizeof(subject) - 1);
	memset(topic, 'x', sizeof(topic) - 1);
	memset(payload, 'x', sizeof(payload) - 1);
	memset(correlation, 9, sizeof(correlation));
	assert_true(inbox_take(inbox, &message));
	assert_string_equal(message.subject, "present");
	assert_string_equal(message.response_topic, "answers/7");
	assert_memory_equal(message.payload, "{}", 2);
	assert_int_equal(message.correlation_bytes, 3);
	assert_memory_equal(message.correlation, ((unsigned char[]){0, 1, 2}), 3);
	assert_true(message.retained);
	inbox_free(inbox);
}

static void what_was_not_given_is_not_there(void **state)
{
	struct inbox *inbox = open_inbox();
	struct inlet_message message;

	(void)state;
	assert_true(put(inbox, "a", "one"));
	assert_true(inbox_take(inbox, &message));
	assert_null(message.response_topic);
	assert_null(message.correlation);
	assert_int_equal(message.correlation_bytes, 0);
	assert_false(message.retained);
	inbox_free(inbox);
}

static void a_full_inbox_takes_no_more_until_it_was_emptied(void **state)
{
	struct inbox *inbox = open_inbox();
	struct inlet_message message;
	int taken = 0, had = 0;

	(void)state;
	while (put(inbox, "subject", "payload of some length"))
		taken++;
	assert_in_range(taken, 2, 20);
	assert_int_equal(inbox_dropped(inbox), 0);
	assert_true(inbox_take(inbox, &message));
	assert_true(put(inbox, "subject", "payload of some length"));
	while (inbox_take(inbox, &message))
		had++;
	assert_int_equal(had, taken);
	inbox_free(inbox);
}

static void a_payload_that_is_too_long_arrives_cut(void **state)
{
	struct inbox *inbox = open_inbox();
	struct inlet_message message;
	char payload[PAYLOAD_BYTES + 2];

	(void)state;
	memset(payload, 'p', sizeof(payload) - 1);
	payload[sizeof(payload) - 1] = '\0';
	assert_true(put(inbox, "a", payload));
	assert_true(inbox_take(inbox, &message));
	assert_true(message.cut);
	assert_int_equal(message.bytes, PAYLOAD_BYTES);
	assert_true(put(inbox, "a", payload + 1));
	expect(inbox, "a", payload + 1);
	inbox_free(inbox);
}

static void what_can_never_fit_is_dropped_and_counted(void **state)
{
	struct inbox *inbox = open_inbox();
	char subject[BYTES + 1];

	(void)state;
	memset(subject, 's', BYTES);
	subject[BYTES] = '\0';
	assert_true(put(inbox, subject, ""));
	assert_int_equal(inbox_dropped(inbox), 1);
	expect_none(inbox);
	inbox_free(inbox);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_come_in_the_order_they_were_put),
		cmocka_unit_test(the_reader_is_woken_until_it_has_looked),
		cmocka_unit_test(what_belongs_to_a_message_is_copied_with_it),
		cmocka_unit_test(what_was_not_given_is_not_there),
		cmocka_unit_test(a_full_inbox_takes_no_more_until_it_was_emptied),
		cmocka_unit_test(a_payload_that_is_too_long_arrives_cut),
		cmocka_unit_test(what_can_never_fit_is_dropped_and_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
