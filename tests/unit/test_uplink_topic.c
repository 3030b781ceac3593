/* Topics and the payloads about the gateway itself. */
#include "rig/unit.h"

#include "base/version.h"
#include "frames/topic.h"

static const struct event_origin origin = {"ge-red-bridge", "gw1", "boot"};

static void topics_are_what_subscribers_were_promised(void **state)
{
	char prefix[PREFIX_BYTES];
	char topic[TOPIC_BYTES];

	(void)state;
	assert_int_equal(uplink_topic_prefix("corridor/v1", &origin, prefix), 0);
	uplink_topic(prefix, "status", NULL, topic);
	assert_string_equal(topic, "corridor/v1/ge-red-bridge/gw1/status");
	uplink_state_topic("corridor/v1", prefix, "entry-1/boom", topic);
	assert_string_equal(topic, "corridor/v1/ge-red-bridge/gw1/state/entry-1/boom");
	uplink_state_topic("corridor/v1", prefix, "@handover/az-red/6GE1-A%2F7", topic);
	assert_string_equal(topic, "corridor/v1/az-red/handover/6GE1-A%2F7");
	uplink_stream_topic(prefix, STREAM_EVENTS, "seal.battery-low", topic);
	assert_string_equal(topic, "corridor/v1/ge-red-bridge/gw1/event/seal/battery-low");
	uplink_stream_topic(prefix, STREAM_ALERTS, "seal.tampered", topic);
	assert_string_equal(topic, "corridor/v1/ge-red-bridge/gw1/alert/seal/tampered");
}

static void a_root_that_no_broker_takes_is_refused(void **state)
{
	static const char *const bad[] = {"",  "/a",  "a/",   "a//b", "a/+",
					  "#", "a b", "v1.2", "$SYS", NULL};
	static char large[PREFIX_BYTES];
	char prefix[PREFIX_BYTES];

	(void)state;
	memset(large, 'a', sizeof(large) - 1);
	assert_int_equal(uplink_topic_prefix(large, &origin, prefix), -EINVAL);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (uplink_topic_prefix(bad[i], &origin, prefix) != -EINVAL)
			fail_msg("\"%s\" was taken", bad[i] ? bad[i] : "NULL");
}

static void a_status_tells_who_since_when_and_up_to_where(void **state)
{
	struct event_head head = {.epoch = "00000000000000aa", .seq = 7};
	struct instant now = {.mono_ns = 5, .utc_ns = 0, .clock = CLOCK_SYNCED};
	struct uplink_status status = {.origin = &origin,
				       .session = "0123456789abcdef",
				       .online = true,
				       .head = &head,
				       .now = &now};
	char out[STATUS_BYTES], wanted[STATUS_BYTES];

	(void)state;
	assert_true(uplink_status(&status, out) > 0);
	snprintf(wanted, sizeof(wanted),
		 "{\"schema\":\"corridord.status/1\",\"checkpoint\":\"ge-red-bridge\","
		 "\"gateway\":\"gw1\",\"boot\":\"boot\",\"session\":\"0123456789abcdef\","
		 "\"state\":\"online\",\"epoch\":\"00000000000000aa\",\"seq\":7,\"hash\":"
		 "\"0000000000000000000000000000000000000000000000000000000000000000\","
		 "\"utc\":\"1970-01-01T00:00:00.000000Z\",\"clock\":\"synced\",\"mono_ns\":5,"
		 "\"version\":\"%s\"}",
		 version_text);
	assert_string_equal(out, wanted);
}

static void the_head_of_a_status_is_read_back_and_of_nothing_else(void **state)
{
	static const char *const others[] = {
		"",
		"{}",
		"{\"a\":1,\"epoch\":\"00000000000000aa\"}",
		"{\"a\":1,\"epoch\":\"00000000000000AA\",\"seq\":7,\"hash\":\"00\"}",
		"{\"a\":1,\"epoch\":\"aa\",\"seq\":7,\"hash\":\"00\"}",
	};
	struct event_head head = {.epoch = "00000000000000aa", .seq = 7, .hash = {0xAB, 1}};
	struct event_head read;
	struct uplink_status status = {.origin = &origin, .session = "s", .head = &head};
	char out[STATUS_BYTES];
	int bytes = uplink_status(&status, out);

	(void)state;
	assert_true(uplink_status_head(out, (size_t)bytes, &read));
	assert_string_equal(read.epoch, head.epoch);
	assert_int_equal(read.seq, 7);
	assert_memory_equal(read.hash, head.hash, sizeof(head.hash));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(uplink_status_head(others[i], strlen(others[i]), &read));
	status.head = NULL;
	bytes = uplink_status(&status, out);
	assert_false(uplink_status_head(out, (size_t)bytes, &read));
}

static void metrics_are_wrapped_and_never_cut(void **state)
{
	struct instant now = {.mono_ns = 5, .utc_ns = 0, .clock = CLOCK_UNSYNCED};
	char out[512];
	char small[64];

	(void)state;
	assert_true(uplink_metrics_payload(&origin, &now, "\"a\":1", 5, out, sizeof(out)) > 0);
	assert_non_null(strstr(out, "\"clock\":\"unsynced\",\"mono_ns\":5,\"a\":1}"));
	assert_int_equal(uplink_metrics_payload(&origin, &now, "\"a\":1", 5, small, sizeof(small)),
			 -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(topics_are_what_subscribers_were_promised),
		cmocka_unit_test(a_root_that_no_broker_takes_is_refused),
		cmocka_unit_test(a_status_tells_who_since_when_and_up_to_where),
		cmocka_unit_test(the_head_of_a_status_is_read_back_and_of_nothing_else),
		cmocka_unit_test(metrics_are_wrapped_and_never_cut),
	};

	return cmocka_run_group_tests_name("uplink topic", tests, NULL, NULL);
}
