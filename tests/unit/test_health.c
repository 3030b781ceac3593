#include "rig/unit.h"

#include "base/clock.h"
#include "gateway/health.h"

#define ALARM_NS (30 * NS_PER_S)

struct ear {
	char types[512]; /* the names of all events, each followed by a space */
	char body[EVENT_BODY_BYTES];
	char word[STATE_WORD_BYTES];
};

static void hear(void *data, const struct event_draft *draft)
{
	struct ear *heard = data;

	strcat(heard->types, draft->type->name);
	strcat(heard->types, " ");
	memcpy(heard->body, draft->body, draft->body_bytes);
	heard->body[draft->body_bytes] = '\0';
	if (draft->state_word)
		snprintf(heard->word, sizeof(heard->word), "%s", draft->state_word);
}

static struct instant at(int64_t mono_s, int64_t utc_s, enum clock_state clock)
{
	return (struct instant){
		.mono_ns = mono_s * NS_PER_S, .utc_ns = utc_s * NS_PER_S, .clock = clock};
}

static void begin(struct health *health, struct ear *heard, struct instant now)
{
	struct event_sink sink = {.data = heard, .put = hear};

	memset(heard, 0, sizeof(*heard));
	health_start(health, &sink, ALARM_NS, &now);
}

static void clock_at(struct health *health, struct instant now)
{
	health_clock(health, &now);
}

static void a_wall_clock_step_is_told_and_slewing_is_not(void **state)
{
	struct health health;
	struct ear heard;
	struct instant slewed;

	(void)state;
	begin(&health, &heard, at(10, 1010, CLOCK_SYNCED));
	slewed = at(20, 1020, CLOCK_SYNCED);
	slewed.utc_ns += NS_PER_S / 10;
	health_clock(&health, &slewed);
	assert_string_equal(heard.types, "");
	clock_at(&health, at(30, 4630, CLOCK_SYNCED));
	assert_string_equal(heard.types, "clock.stepped ");
	assert_non_null(strstr(heard.body, "\"correction_ns\":3599900000000"));
	clock_at(&health, at(40, 1040, CLOCK_SYNCED));
	assert_string_equal(heard.types, "clock.stepped clock.stepped ");
	assert_non_null(strstr(heard.body, "\"correction_ns\":-3600000000000"));
}

static void start_after(struct ear *heard, struct instant before, bool this_boot,
			struct instant now)
{
	static const struct config config;
	struct health health;

	begin(&health, heard, now);
	health_resume(&health, &before, this_boot);
	health_started(&health, &config, &now);
}

static void a_clock_that_was_stepped_while_the_daemon_was_down_is_told(void **state)
{
	struct ear heard;

	(void)state;
	start_after(&heard, at(10, 5000, CLOCK_SYNCED), true, at(40, 5030, CLOCK_SYNCED));
	assert_string_equal(heard.types, "gateway.started ");
	start_after(&heard, at(10, 5000, CLOCK_SYNCED), true, at(40, 1030, CLOCK_SYNCED));
	assert_string_equal(heard.types, "gateway.started clock.stepped ");
	assert_non_null(strstr(heard.body, "\"correction_ns\":-4000000000000,"
					   "\"before\":\"1970-01-01T01:23:20.000000Z\""));
}

static void in_another_boot_only_a_right_clock_that_stands_before_is_told(void **state)
{
	struct ear heard;

	(void)state;
	start_after(&heard, at(900, 5000, CLOCK_SYNCED), false, at(4, 9000, CLOCK_SYNCED));
	assert_string_equal(heard.types, "gateway.started ");
	start_after(&heard, at(900, 5000, CLOCK_SYNCED), false, at(4, 3, CLOCK_UNSYNCED));
	assert_string_equal(heard.types, "gateway.started clock.unsynced ");
	start_after(&heard, at(900, 5000, CLOCK_UNSYNCED), false, at(4, 3000, CLOCK_SYNCED));
	assert_string_equal(heard.types, "gateway.started ");
	start_after(&heard, at(900, 5000, CLOCK_HOLDOVER), false, at(4, 3000, CLOCK_SYNCED));
	assert_string_equal(heard.types, "gateway.started clock.stepped ");
}

static void the_first_synchronisation_gives_the_correction_since_start(void **state)
{
	struct health health;
	struct ear heard;

	(void)state;
	begin(&health, &heard, at(5, 5, CLOCK_UNSYNCED));
	clock_at(&health, at(6, 2006, CLOCK_UNSYNCED));
	clock_at(&health, at(7, 2007, CLOCK_SYNCED));
	assert_string_equal(heard.types, "clock.stepped clock.synced ");
	assert_non_null(strstr(heard.body, "\"previous\":\"unsynced\""));
	assert_non_null(strstr(heard.body, "\"correction_ns\":2000000000000"));
	clock_at(&health, at(8, 2008, CLOCK_HOLDOVER));
	assert_string_equal(heard.types, "clock.stepped clock.synced clock.unsynced ");
}

static void a_later_synchronisation_corrects_only_what_came_since_the_one_before(void **state)
{
	struct health health;
	struct ear heard;
	struct instant again;

	(void)state;
	begin(&health, &heard, at(5, 5, CLOCK_UNSYNCED));
	clock_at(&health, at(6, 2006, CLOCK_SYNCED));
	clock_at(&health, at(10, 2010, CLOCK_SYNCED));
	clock_at(&health, at(20, 2020, CLOCK_HOLDOVER));
	again = at(30, 2030, CLOCK_SYNCED);
	again.utc_ns += NS_PER_S / 10;
	health_clock(&health, &again);
	assert_string_equal(heard.types, "clock.stepped clock.synced clock.unsynced clock.synced ");
	assert_non_null(strstr(heard.body, "\"previous\":\"holdover\""));
	assert_non_null(strstr(heard.body, "\"correction_ns\":100000000"));
}

static void an_uplink_that_is_back_at_the_deadline_is_no_alarm(void **state)
{
	struct health health;
	struct ear heard;
	struct uplink_counters counters = {.connected = true};
	struct instant now = at(0, 1000, CLOCK_SYNCED);

	(void)state;
	begin(&health, &heard, now);
	now = at(30, 1030, CLOCK_SYNCED);
	health_tick(&health, &counters, &now);
	health_uplink(&health, true, &now);
	assert_string_equal(heard.types, "");
	health_uplink(&health, false, &now);
	assert_true(health_next_deadline(&health) == now.mono_ns + ALARM_NS);
}

static void a_short_loss_of_the_uplink_is_no_alarm(void **state)
{
	struct health health;
	struct ear heard;
	struct uplink_counters counters = {0};
	struct instant now = at(0, 1000, CLOCK_SYNCED);

	(void)state;
	begin(&health, &heard, now);
	health_uplink(&health, true, &now);
	assert_true(health_next_deadline(&health) == INT64_MAX);
	now = at(100, 1100, CLOCK_SYNCED);
	health_uplink(&health, false, &now);
	assert_true(health_next_deadline(&health) == now.mono_ns + ALARM_NS);
	now = at(120, 1120, CLOCK_SYNCED);
	health_tick(&health, &counters, &now);
	health_uplink(&health, true, &now);
	assert_string_equal(heard.types, "");
}

static void a_lost_uplink_is_raised_once_and_cleared_with_its_duration(void **state)
{
	struct health health;
	struct ear heard;
	struct uplink_counters counters = {.error = "connection refused"};
	struct instant now = at(0, 1000, CLOCK_SYNCED);

	(void)state;
	begin(&health, &heard, now);
	now = at(30, 1030, CLOCK_SYNCED);
	health_tick(&health, &counters, &now);
	health_tick(&health, &counters, &now);
	health_uplink(&health, false, &now);
	assert_string_equal(heard.types, "uplink.down ");
	assert_non_null(strstr(heard.body, "\"why\":\"connection refused\""));
	now = at(50, 1050, CLOCK_SYNCED);
	health_uplink(&health, true, &now);
	assert_string_equal(heard.types, "uplink.down uplink.down ");
	assert_non_null(strstr(heard.body, "\"alarm\":\"cleared\""));
	assert_non_null(strstr(heard.body, "\"down_ms\":50000"));
}

static void a_start_after_a_power_cut_says_so(void **state)
{
	struct config config = {.device_count = 2};
	struct health health;
	struct ear heard;
	struct instant now = at(0, 1000, CLOCK_UNSYNCED);

	(void)state;
	begin(&health, &heard, now);
	health_restore(&health, HEALTH_STATE_KEY, "running");
	health_started(&health, &config, &now);
	assert_string_equal(heard.types, "gateway.started clock.unsynced ");
	assert_string_equal(heard.word, "running");
	assert_true(health.unclean);
}

static void a_start_after_a_clean_stop_says_so(void **state)
{
	struct health health;
	struct ear heard;
	struct instant now = at(0, 1000, CLOCK_SYNCED);

	(void)state;
	begin(&health, &heard, now);
	health_stopped(&health, &now);
	assert_string_equal(heard.word, "stopped");
	health_restore(&health, HEALTH_STATE_KEY, heard.word);
	health_restore(&health, "entry-1/boom", "running");
	assert_false(health.unclean);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wall_clock_step_is_told_and_slewing_is_not),
		cmocka_unit_test(a_clock_that_was_stepped_while_the_daemon_was_down_is_told),
		cmocka_unit_test(in_another_boot_only_a_right_clock_that_stands_before_is_told),
		cmocka_unit_test(the_first_synchronisation_gives_the_correction_since_start),
		cmocka_unit_test(
			a_later_synchronisation_corrects_only_what_came_since_the_one_before),
		cmocka_unit_test(an_uplink_that_is_back_at_the_deadline_is_no_alarm),
		cmocka_unit_test(a_short_loss_of_the_uplink_is_no_alarm),
		cmocka_unit_test(a_lost_uplink_is_raised_once_and_cleared_with_its_duration),
		cmocka_unit_test(a_start_after_a_power_cut_says_so),
		cmocka_unit_test(a_start_after_a_clean_stop_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
