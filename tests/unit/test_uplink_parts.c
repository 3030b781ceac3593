/* The uplink's pure parts: window, ring, states, pace, host, password, topics. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "uplink_answers.h"
#include "uplink_host.h"
#include "uplink_outbox.h"
#include "uplink_pace.h"
#include "uplink_secret.h"
#include "uplink_states.h"
#include "uplink_topic.h"
#include "uplink_window.h"

#define RING_BYTES (32 * 1024)

/* ---- window ---------------------------------------------------------------------------- */

static void acknowledged(struct window *window, int mid)
{
	struct window_entry *entry = window_find(window, mid);

	assert_non_null(entry);
	entry->done = true;
}

static void the_window_frees_only_what_is_done_from_its_old_end(void **state)
{
	struct window window;
	struct window_entry entry;

	(void)state;
	assert_int_equal(window_init(&window, 3), 0);
	window_push(&window, 11, 0, 101);
	window_push(&window, 12, 1, 102);
	window_push(&window, 13, 0, 103);
	assert_false(window_has_room(&window));
	acknowledged(&window, 12);
	assert_false(window_pop(&window, &entry));
	acknowledged(&window, 11);
	assert_true(window_pop(&window, &entry));
	assert_int_equal(entry.position, 101);
	assert_true(window_pop(&window, &entry));
	assert_int_equal(entry.position, 102);
	assert_false(window_pop(&window, &entry));
	window_fini(&window);
}

static void the_window_goes_round_and_knows_only_what_is_in_flight(void **state)
{
	struct window window;
	struct window_entry entry;
	int mid;

	(void)state;
	assert_int_equal(window_init(&window, 4), 0);
	window_reset(&window, 3);
	for (mid = 1; mid < 100; mid++) {
		window_push(&window, mid, 0, (uint64_t)mid);
		assert_null(window_find(&window, mid - 1));
		acknowledged(&window, mid);
		assert_null(window_find(&window, mid));
		assert_true(window_pop(&window, &entry));
		assert_int_equal(entry.mid, mid);
	}
	window_fini(&window);
}

static void the_window_is_never_larger_than_the_broker_or_memory_allows(void **state)
{
	struct window window;

	(void)state;
	assert_int_equal(window_init(&window, 8), 0);
	window_reset(&window, 65535);
	assert_int_equal(window.limit, 8);
	window_reset(&window, 1);
	window_push(&window, 1, 0, 1);
	assert_false(window_has_room(&window));
	window_reset(&window, 0);
	assert_true(window_has_room(&window));
	window_fini(&window);
}

static void what_is_forgotten_still_takes_room_until_it_is_done(void **state)
{
	struct window window;
	struct window_entry entry;

	(void)state;
	assert_int_equal(window_init(&window, 2), 0);
	window_push(&window, 1, 0, 1);
	window_push(&window, 2, 1, 2);
	window_forget(&window, 0);
	assert_false(window_has_room(&window));
	acknowledged(&window, 1);
	assert_true(window_pop(&window, &entry));
	assert_int_equal(entry.kind, WINDOW_FORGOTTEN);
	window_fini(&window);
}

/* ---- ring ------------------------------------------------------------------------------ */

static bool put(struct outbox *outbox, uint64_t position, size_t bytes)
{
	char payload[EVENT_BYTES];
	struct outlet_record record = {.position = position,
				       .seq = position,
				       .epoch = "0123456789abcdef",
				       .type = "seal.tampered",
				       .payload = payload,
				       .payload_bytes = bytes,
				       .session = 1};

	memset(payload, (int)('a' + position % 26), sizeof(payload));
	return outbox_put(outbox, &record);
}

static void assert_record(const struct outbox_record *record, uint64_t position, size_t bytes)
{
	size_t i;

	assert_non_null(record);
	assert_int_equal(record->position, position);
	assert_int_equal(record->payload_bytes, bytes);
	assert_string_equal(record->type, "seal.tampered");
	assert_string_equal(record->epoch, "0123456789abcdef");
	for (i = 0; i < bytes; i++)
		assert_int_equal(record->payload[i], 'a' + position % 26);
}

static size_t bytes_of(uint64_t position)
{
	return (size_t)(position * 7919 % (EVENT_BYTES + 1));
}

/* Fills, sends and releases unevenly, so that every place of the ring becomes its end. */
static void records_of_all_sizes_come_out_of_the_ring_as_they_went_in(void **state)
{
	struct outbox outbox;
	uint64_t in = 0;
	uint64_t sent = 0;
	uint64_t out = 0;

	(void)state;
	assert_int_equal(outbox_init(&outbox, RING_BYTES), 0);
	while (out < 20000) {
		while (put(&outbox, in + 1, bytes_of(in + 1)))
			in++;
		while (sent < in && sent - out < 1 + in % 5) {
			sent++;
			assert_record(outbox_next(&outbox), sent, bytes_of(sent));
			outbox_sent(&outbox);
		}
		outbox_release(&outbox);
		out++;
	}
	outbox_fini(&outbox);
}

static void what_is_not_released_can_be_sent_again_in_order(void **state)
{
	struct outbox outbox;
	uint64_t i;

	(void)state;
	assert_int_equal(outbox_init(&outbox, RING_BYTES), 0);
	for (i = 1; i <= 5; i++) {
		assert_true(put(&outbox, i, 100));
		outbox_sent(&outbox);
	}
	assert_null(outbox_next(&outbox));
	outbox_release(&outbox);
	outbox_unsend(&outbox);
	for (i = 2; i <= 5; i++) {
		assert_record(outbox_next(&outbox), i, 100);
		outbox_sent(&outbox);
	}
	assert_null(outbox_next(&outbox));
	outbox_fini(&outbox);
}

static void more_is_asked_for_once_and_not_before_a_quarter_is_free(void **state)
{
	struct outbox outbox;
	uint64_t in = 0;

	(void)state;
	assert_int_equal(outbox_init(&outbox, RING_BYTES), 0);
	assert_false(outbox_wants_more(&outbox));
	while (put(&outbox, in + 1, 1000)) {
		in++;
		outbox_sent(&outbox);
	}
	outbox_release(&outbox);
	assert_false(outbox_wants_more(&outbox));
	while (!outbox_wants_more(&outbox))
		outbox_release(&outbox);
	assert_true(outbox.size - (outbox.head - outbox.tail) >= RING_BYTES / 4);
	assert_false(outbox_wants_more(&outbox));
	outbox_fini(&outbox);
}

static void the_ring_empties_whatever_the_sizes(void **state)
{
	struct outbox outbox;
	uint64_t round;

	(void)state;
	assert_int_equal(outbox_init(&outbox, RING_BYTES), 0);
	for (round = 1; round < 2000; round++) {
		assert_true(put(&outbox, round, bytes_of(round)));
		assert_record(outbox_next(&outbox), round, bytes_of(round));
		outbox_sent(&outbox);
		outbox_release(&outbox);
		assert_null(outbox_next(&outbox));
	}
	outbox_fini(&outbox);
}

/* ---- states ---------------------------------------------------------------------------- */

static void set(struct states *states, const char *key, const char *payload)
{
	assert_int_equal(states_put(states, key, payload, strlen(payload)), 0);
}

static void assert_taken(struct states *states, const char *key, const char *payload)
{
	struct state_copy copy;

	assert_true(states_take(states, &copy));
	assert_string_equal(copy.key, key);
	assert_int_equal(copy.bytes, strlen(payload));
	assert_memory_equal(copy.payload, payload, copy.bytes);
}

static void only_the_latest_state_of_a_key_is_published(void **state)
{
	struct states *states;
	struct state_copy copy;

	(void)state;
	assert_int_equal(states_new(&states), 0);
	assert_false(states_waiting(states));
	set(states, "lane/boom", "closed");
	set(states, "lane/seal", "intact");
	set(states, "lane/boom", "a longer word for open");
	assert_taken(states, "lane/boom", "a longer word for open");
	assert_taken(states, "lane/seal", "intact");
	assert_false(states_take(states, &copy));
	set(states, "lane/seal", "opened");
	assert_taken(states, "lane/seal", "opened");
	assert_int_equal(states_all_again(states), 2);
	assert_true(states_take(states, &copy));
	assert_true(states_take(states, &copy));
	assert_false(states_take(states, &copy));
	states_free(states);
}

static void no_more_than_the_limit_of_keys_is_kept(void **state)
{
	struct states *states;
	char key[32];
	int i;

	(void)state;
	assert_int_equal(states_new(&states), 0);
	for (i = 0; i < STATES_MAX; i++) {
		snprintf(key, sizeof(key), "lane-%d/boom", i);
		set(states, key, "closed");
	}
	assert_int_equal(states_put(states, "one-more/boom", "open", 4), -ENOSPC);
	set(states, "lane-77/boom", "open");
	assert_int_equal(states_all_again(states), STATES_MAX);
	states_free(states);
}

static void a_state_that_is_too_large_is_refused_and_the_old_one_stays(void **state)
{
	static char large[EVENT_BYTES + 1];
	struct states *states;

	(void)state;
	assert_int_equal(states_new(&states), 0);
	set(states, "lane/boom", "closed");
	assert_int_equal(states_put(states, "lane/boom", large, sizeof(large)), -E2BIG);
	assert_taken(states, "lane/boom", "closed");
	states_free(states);
}

static void a_state_that_is_over_is_forgotten_when_that_was_acknowledged(void **state)
{
	struct states *states;
	struct state_copy copy;

	(void)state;
	assert_int_equal(states_new(&states), 0);
	set(states, "@handover/b/1", "announced");
	set(states, "@handover/b/1", "");
	assert_true(states_take(states, &copy));
	assert_int_equal(copy.bytes, 0);
	assert_int_not_equal(copy.over, 0);
	assert_int_equal(states_all_again(states), 0);
	assert_taken(states, "@handover/b/1", ""); /* a connection was lost before */
	states_removed(states, copy.over);
	(void)states_all_again(states);
	assert_false(states_waiting(states));
	states_free(states);
}

static void a_state_that_came_back_is_not_forgotten_with_its_removal(void **state)
{
	struct states *states;
	struct state_copy copy;

	(void)state;
	assert_int_equal(states_new(&states), 0);
	set(states, "@handover/b/1", "");
	assert_true(states_take(states, &copy));
	set(states, "@handover/b/1", "announced");
	states_removed(states, copy.over);
	assert_taken(states, "@handover/b/1", "announced");
	set(states, "@handover/b/1", "");
	states_removed(states, copy.over);
	assert_taken(states, "@handover/b/1", "");
	states_free(states);
}

static void states_of_sensors_come_again_before_handovers(void **state)
{
	struct states *states;
	int i;

	(void)state;
	assert_int_equal(states_new(&states), 0);
	set(states, "@handover/b/1", "announced");
	set(states, "lane/boom", "closed");
	for (i = 0; i < 2; i++) {
		struct state_copy copy;

		assert_true(states_take(states, &copy));
	}
	assert_int_equal(states_all_again(states), 1);
	assert_taken(states, "lane/boom", "closed");
	assert_taken(states, "@handover/b/1", "announced");
	states_free(states);
}

/* ---- pace ------------------------------------------------------------------------------ */

static void the_delay_doubles_up_to_its_cap_and_is_never_shorter_than_the_least(void **state)
{
	struct backoff low = {.min_ns = NS_PER_S, .max_ns = 30 * NS_PER_S};
	struct backoff high = low;
	static const int64_t ends_s[][2] = {{1, 2}, {2, 4}, {4, 8}, {8, 16}, {15, 30}, {15, 30}};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ends_s) / sizeof(ends_s[0]); i++) {
		assert_int_equal(backoff_next_ns(&low, 0), ends_s[i][0] * NS_PER_S);
		assert_int_equal(backoff_next_ns(&high, UINT32_MAX), ends_s[i][1] * NS_PER_S);
	}
	backoff_reset(&low);
	assert_int_equal(backoff_next_ns(&low, 0), NS_PER_S);
}

static void a_cap_below_twice_the_least_is_kept(void **state)
{
	struct backoff backoff = {.min_ns = 10 * NS_PER_S, .max_ns = 12 * NS_PER_S};
	int i;

	(void)state;
	for (i = 0; i < 5; i++) {
		assert_int_equal(backoff_next_ns(&backoff, 0), 10 * NS_PER_S);
		assert_int_equal(backoff_next_ns(&backoff, UINT32_MAX), 12 * NS_PER_S);
	}
}

static void a_backlog_goes_no_faster_than_its_limit(void **state)
{
	struct bucket bucket = {.bytes_per_s = 1000};
	int64_t now_ns = 1000 * NS_PER_S;
	int64_t sent = 0;

	(void)state;
	while (now_ns < 1010 * NS_PER_S) {
		if (bucket_open_ns(&bucket) <= now_ns) {
			bucket_spend(&bucket, 500, now_ns);
			sent += 500;
		} else {
			now_ns = bucket_open_ns(&bucket);
		}
	}
	assert_in_range(sent, 10000, 12000);
}

static void without_a_limit_a_backlog_is_never_held(void **state)
{
	struct bucket bucket = {0};

	(void)state;
	bucket_spend(&bucket, 1000000, NS_PER_S);
	assert_true(bucket_open_ns(&bucket) <= 0);
}

/* ---- host ------------------------------------------------------------------------------ */

static void assert_host(const char *text, const char *name, int port, bool is_address)
{
	struct uplink_host host;

	assert_int_equal(uplink_host_parse(text, 8883, &host), 0);
	assert_string_equal(host.name, name);
	assert_int_equal(host.port, port);
	assert_int_equal(host.is_address, is_address);
}

static void hosts_are_names_and_addresses_with_and_without_a_port(void **state)
{
	(void)state;
	assert_host("broker.example", "broker.example", 8883, false);
	assert_host("broker.example:1883", "broker.example", 1883, false);
	assert_host("10.0.0.1", "10.0.0.1", 8883, true);
	assert_host("10.0.0.1:1", "10.0.0.1", 1, true);
	assert_host("[2001:db8::1]:65535", "2001:db8::1", 65535, true);
	assert_host("[2001:db8::1]", "2001:db8::1", 8883, true);
	assert_host("2001:db8::1", "2001:db8::1", 8883, true);
}

static void a_host_that_is_none_is_refused(void **state)
{
	static const char *const bad[] = {"",	   ":1883", "a:",      "a:0",  "a:65536",
					  "a:12x", "a: 12", "a:-1",    "[::1", "[::1]x",
					  "[]:1",  "a b",   "http://a"};
	struct uplink_host host;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (uplink_host_parse(bad[i], 1, &host) != -EINVAL)
			fail_msg("\"%s\" was taken", bad[i]);
}

/* ---- password -------------------------------------------------------------------------- */

static int read_secret(const char *content, size_t bytes, char secret[SECRET_BYTES])
{
	char path[] = "/tmp/corridord-secret-XXXXXX";
	int fd = mkstemp(path);
	int result;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, bytes), bytes);
	close(fd);
	result = uplink_secret_read(path, secret);
	unlink(path);
	return result;
}

static void a_password_is_the_first_line_without_its_end(void **state)
{
	static const char *const contents[] = {"s3cret", "s3cret\n", "s3cret\r\n",
					       "s3cret\n# of the broker\n"};
	char secret[SECRET_BYTES];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		assert_int_equal(read_secret(contents[i], strlen(contents[i]), secret), 6);
		assert_string_equal(secret, "s3cret");
	}
	assert_int_equal(read_secret("", 0, secret), 0);
	assert_string_equal(secret, "");
}

static void a_password_that_cannot_be_one_is_refused(void **state)
{
	static char large[SECRET_BYTES + 100];
	char secret[SECRET_BYTES];

	(void)state;
	memset(large, 'x', sizeof(large));
	assert_int_equal(read_secret(large, sizeof(large), secret), -EMSGSIZE);
	assert_int_equal(read_secret(large, SECRET_BYTES, secret), -EMSGSIZE);
	assert_int_equal(read_secret(large, SECRET_BYTES - 1, secret), SECRET_BYTES - 1);
	assert_int_equal(read_secret("a\0b", 3, secret), -EILSEQ);
	assert_int_equal(uplink_secret_read("/nonexistent", secret), -ENOENT);
	assert_int_equal(uplink_secret_read("/", secret), -EISDIR);
}

static void a_credential_is_a_name_in_the_folder_that_systemd_gives(void **state)
{
	char name[] = "broker";
	char escape[] = "../../etc/shadow";
	struct uplink_conf conf = {.password_credential = name};
	char path[SECRET_PATH_BYTES];

	(void)state;
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_int_equal(uplink_secret_path(&conf, path), -EINVAL);
	setenv("CREDENTIALS_DIRECTORY", "/run/credentials/corridord.service", 1);
	assert_int_equal(uplink_secret_path(&conf, path), 0);
	assert_string_equal(path, "/run/credentials/corridord.service/broker");
	conf.password_credential = escape;
	assert_int_equal(uplink_secret_path(&conf, path), -EINVAL);
	conf.password_credential = NULL;
	assert_int_equal(uplink_secret_path(&conf, path), -ENOENT);
}

/* ---- topics ---------------------------------------------------------------------------- */

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

static void a_dot_in_the_root_stays_a_dot(void **state)
{
	char prefix[PREFIX_BYTES];
	char topic[TOPIC_BYTES];

	(void)state;
	assert_int_equal(uplink_topic_prefix("corridor/v1.2", &origin, prefix), 0);
	uplink_stream_topic(prefix, STREAM_EVENTS, "seal.intact", topic);
	assert_string_equal(topic, "corridor/v1.2/ge-red-bridge/gw1/event/seal/intact");
}

static void a_root_that_no_broker_takes_is_refused(void **state)
{
	static const char *const bad[] = {"", "/a", "a/", "a//b", "a/+", "#", "a b", "$SYS", NULL};
	static char large[PREFIX_BYTES];
	char prefix[PREFIX_BYTES];
	size_t i;

	(void)state;
	memset(large, 'a', sizeof(large) - 1);
	assert_int_equal(uplink_topic_prefix(large, &origin, prefix), -EINVAL);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
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
	char out[STATUS_BYTES];

	(void)state;
	assert_true(uplink_status(&status, out) > 0);
	assert_string_equal(
		out, "{\"schema\":\"corridord.status/1\",\"checkpoint\":\"ge-red-bridge\","
		     "\"gateway\":\"gw1\",\"boot\":\"boot\",\"session\":\"0123456789abcdef\","
		     "\"state\":\"online\",\"epoch\":\"00000000000000aa\",\"seq\":7,\"hash\":"
		     "\"0000000000000000000000000000000000000000000000000000000000000000\","
		     "\"utc\":\"1970-01-01T00:00:00.000000Z\",\"clock\":\"synced\",\"mono_ns\":5,"
		     "\"version\":\"" VERSION "\"}");
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

static struct uplink_answer answer_of(const char *payload)
{
	return (struct uplink_answer){.topic = "a/b", .payload = payload, .bytes = strlen(payload)};
}

static void answers_are_copies_in_order_and_no_more_than_a_few(void **state)
{
	struct answers answers = {0};
	struct uplink_answer answer;
	struct kept_answer *kept;
	char payload[16];
	int round, i;

	(void)state;
	assert_null(answers_take(&answers));
	for (round = 0; round < 3; round++) {
		for (i = 0; i < UPLINK_ANSWERS; i++) {
			snprintf(payload, sizeof(payload), "%d", i);
			answer = answer_of(payload);
			assert_int_equal(answers_put(&answers, &answer), 0);
		}
		assert_int_equal(answers_put(&answers, &answer), -EAGAIN);
		for (i = 0; i < UPLINK_ANSWERS - round; i++) {
			kept = answers_take(&answers);
			assert_int_equal(kept->answer.bytes,
					 (size_t)snprintf(payload, sizeof(payload), "%d", i));
			assert_memory_equal(kept->answer.payload, payload, kept->answer.bytes);
			assert_string_equal(kept->answer.topic, "a/b");
			assert_null(kept->answer.correlation);
			free(kept);
		}
		answers_fini(&answers);
	}
	answer.correlation = "\0x";
	answer.correlation_bytes = 2;
	assert_int_equal(answers_put(&answers, &answer), 0);
	kept = answers_take(&answers);
	assert_memory_equal(kept->answer.correlation, "\0x", 2);
	free(kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_window_frees_only_what_is_done_from_its_old_end),
		cmocka_unit_test(the_window_goes_round_and_knows_only_what_is_in_flight),
		cmocka_unit_test(the_window_is_never_larger_than_the_broker_or_memory_allows),
		cmocka_unit_test(what_is_forgotten_still_takes_room_until_it_is_done),
		cmocka_unit_test(records_of_all_sizes_come_out_of_the_ring_as_they_went_in),
		cmocka_unit_test(what_is_not_released_can_be_sent_again_in_order),
		cmocka_unit_test(more_is_asked_for_once_and_not_before_a_quarter_is_free),
		cmocka_unit_test(the_ring_empties_whatever_the_sizes),
		cmocka_unit_test(only_the_latest_state_of_a_key_is_published),
		cmocka_unit_test(no_more_than_the_limit_of_keys_is_kept),
		cmocka_unit_test(a_state_that_is_too_large_is_refused_and_the_old_one_stays),
		cmocka_unit_test(a_state_that_is_over_is_forgotten_when_that_was_acknowledged),
		cmocka_unit_test(a_state_that_came_back_is_not_forgotten_with_its_removal),
		cmocka_unit_test(states_of_sensors_come_again_before_handovers),
		cmocka_unit_test(
			the_delay_doubles_up_to_its_cap_and_is_never_shorter_than_the_least),
		cmocka_unit_test(a_cap_below_twice_the_least_is_kept),
		cmocka_unit_test(a_backlog_goes_no_faster_than_its_limit),
		cmocka_unit_test(without_a_limit_a_backlog_is_never_held),
		cmocka_unit_test(hosts_are_names_and_addresses_with_and_without_a_port),
		cmocka_unit_test(a_host_that_is_none_is_refused),
		cmocka_unit_test(a_password_is_the_first_line_without_its_end),
		cmocka_unit_test(a_password_that_cannot_be_one_is_refused),
		cmocka_unit_test(a_credential_is_a_name_in_the_folder_that_systemd_gives),
		cmocka_unit_test(topics_are_what_subscribers_were_promised),
		cmocka_unit_test(a_dot_in_the_root_stays_a_dot),
		cmocka_unit_test(a_root_that_no_broker_takes_is_refused),
		cmocka_unit_test(a_status_tells_who_since_when_and_up_to_where),
		cmocka_unit_test(metrics_are_wrapped_and_never_cut),
		cmocka_unit_test(answers_are_copies_in_order_and_no_more_than_a_few),
	};

	return cmocka_run_group_tests_name("uplink parts", tests, NULL, NULL);
}
