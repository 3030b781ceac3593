/* Connections that end again and again: what may be the reason. */
#include "rig/unit.h"

#include "base/time.h"
#include "uplink/losses.h"

#define EVENT "c/v1/cp/gw/event/seal/tampered"
#define STATE "c/v1/cp/gw/state/lane-1/boom"

static struct window_entry entry_of(const char *topic)
{
	struct window_entry entry = {.bytes = 664, .retain = strcmp(topic, STATE) == 0};

	strcpy(entry.topic, topic);
	return entry;
}

static void lose(struct losses *losses, const char *topic, int64_t lasted_s, int64_t now_s,
		 char words[LOSSES_WORDS_BYTES])
{
	struct window_entry entry = entry_of(topic ? topic : "");

	losses_note(losses, topic ? &entry : NULL, topic && entry.retain, lasted_s * NS_PER_S,
		    now_s * NS_PER_S, words);
}

static void the_first_message_without_an_answer_is_named(void **state)
{
	struct losses losses = {0};
	char words[LOSSES_WORDS_BYTES];

	(void)state;
	lose(&losses, NULL, 100, 100, words);
	assert_string_equal(words, "");
	lose(&losses, EVENT, 100, 200, words);
	assert_string_equal(words, "the first without an answer is " EVENT ", 664 bytes");
	lose(&losses, EVENT, 100, 300, words);
	assert_string_equal(words, "the first without an answer again is " EVENT ", 664 bytes");
	lose(&losses, STATE, 100, 400, words);
	assert_string_equal(words, "the first without an answer is " STATE ", 664 bytes, retain");
}

static void a_state_is_left_out_after_three_times_and_for_an_hour(void **state)
{
	struct losses losses = {0};
	char words[LOSSES_WORDS_BYTES];

	(void)state;
	lose(&losses, STATE, 100, 100, words);
	lose(&losses, STATE, 100, 200, words);
	assert_false(losses_leaves_out(&losses, STATE, 200 * NS_PER_S));
	lose(&losses, STATE, 100, 300, words);
	assert_non_null(strstr(words, "left out for an hour"));
	assert_true(losses_leaves_out(&losses, STATE, 301 * NS_PER_S));
	assert_false(losses_leaves_out(&losses, "c/v1/cp/gw/state/other", 301 * NS_PER_S));
	assert_false(losses_leaves_out(&losses, STATE, 3901 * NS_PER_S));
}

static void an_event_is_never_left_out(void **state)
{
	struct losses losses = {0};
	char words[LOSSES_WORDS_BYTES];

	(void)state;
	for (int64_t n = 1; n < 100; n++)
		lose(&losses, EVENT, 1, n, words);
	assert_false(losses_leaves_out(&losses, EVENT, 100 * NS_PER_S));
}

static void two_short_connections_in_a_minute_may_be_another_client(void **state)
{
	struct losses losses = {0};
	char words[LOSSES_WORDS_BYTES];

	(void)state;
	lose(&losses, NULL, 3, 100, words);
	assert_false(losses.taken_over);
	lose(&losses, NULL, 3, 110, words);
	assert_true(losses.taken_over);
	lose(&losses, NULL, 100, 210, words);
	assert_false(losses.taken_over);
	lose(&losses, NULL, 3, 214, words);
	lose(&losses, NULL, 3, 300, words);
	assert_false(losses.taken_over);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_message_without_an_answer_is_named),
		cmocka_unit_test(a_state_is_left_out_after_three_times_and_for_an_hour),
		cmocka_unit_test(an_event_is_never_left_out),
		cmocka_unit_test(two_short_connections_in_a_minute_may_be_another_client),
	};

	return cmocka_run_group_tests_name("uplink losses", tests, NULL, NULL);
}
