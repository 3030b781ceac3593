#include "transit/sensor/seal.h"

#include "rig/sensor_rig.h"

struct site {
	struct sensor_rig rig;
	struct seal_conf conf;
	struct seal seal;
};

static struct seal_memory memory; /* of the site that was opened last */

/* All inputs, in the order of enum seal_input. */
static void open_site(struct site *site)
{
	*site = (struct site){.conf = {.name = "reader",
				       .id = SEAL_ID,
				       .status = SEAL_STATUS,
				       .opened = SEAL_IS_OPENED,
				       .tampered = SEAL_IS_TAMPERED,
				       .loop = SEAL_LOOP,
				       .battery = SEAL_BATTERY,
				       .open_counter = SEAL_OPEN_COUNTER,
				       .tamper_counter = SEAL_TAMPER_COUNTER,
				       .sealed_at = POINT_NONE,
				       .battery_low = 15,
				       .battery_critical = 5}};
	sensor_rig_init(&site->rig);
	for (size_t i = SEAL_OPEN_COUNTER; i <= SEAL_TAMPER_COUNTER; i++)
		site->rig.confs[i].raw = (struct value_shape){.type = VALUE_INT, .bits = 16};
	seal_memory_fini(&memory);
	assert_int_equal(seal_memory_init(&memory), 0);
	seal_init(&site->seal, &site->conf, "entry-1", site->rig.table, &memory);
}

static void judge(struct site *site)
{
	site->seal.sensor.touched = true;
	seal_judge(&site->seal, &site->rig.teller);
}

static void set(struct site *site, enum seal_input input, double at_s, struct value value)
{
	sensor_rig_set(&site->rig, input, at_s, value);
}

/* A whole poll of a seal that looks closed. */
static void poll(struct site *site, double at_s, const char *id, int64_t opened, int64_t tampered)
{
	set(site, SEAL_ID, at_s, value_text(id));
	set(site, SEAL_STATUS, at_s, value_text("intact"));
	set(site, SEAL_IS_OPENED, at_s, value_bool(false));
	set(site, SEAL_IS_TAMPERED, at_s, value_bool(false));
	set(site, SEAL_LOOP, at_s, value_bool(true));
	set(site, SEAL_BATTERY, at_s, value_int(90));
	set(site, SEAL_OPEN_COUNTER, at_s, value_int(opened));
	set(site, SEAL_TAMPER_COUNTER, at_s, value_int(tampered));
	judge(site);
}

/* One input of a closed seal is another; '!' is lost. */
struct look {
	const char *id, *status;
	char opened, tampered, loop; /* 0 1 ! */
	const char *word, *reason;
};

static void set_or_lose(struct site *site, enum seal_input input, char what)
{
	if (what == '!')
		sensor_rig_lose(&site->rig, input, 1, REASON_REFUSED);
	else
		set(site, input, 1, value_bool(what == '1'));
}

static void set_text_or_lose(struct site *site, enum seal_input input, const char *what)
{
	if (what[0] == '!')
		sensor_rig_lose(&site->rig, input, 1, REASON_REFUSED);
	else
		set(site, input, 1, value_text(what));
}

static void the_worst_that_is_known_is_the_state_and_intact_needs_all(void **state)
{
	static const struct look looks[] = {
		{"GE-1", "intact", '0', '0', '1', "intact", NULL},
		{"GE-1", "opened", '0', '0', '1', "opened", NULL},
		{"GE-1", "tampered", '0', '0', '1', "tampered", NULL},
		{"GE-1", "missing", '0', '0', '1', "missing", NULL},
		{"GE-1", "unknown", '0', '0', '1', "unknown", "reported"},
		{"GE-1", "sealed", '0', '0', '1', "unknown", "out_of_range"},
		{"GE-1", "intact", '1', '0', '1', "opened", NULL},
		{"GE-1", "intact", '0', '1', '1', "tampered", NULL},
		{"GE-1", "intact", '0', '0', '0', "opened", NULL},
		{"GE-1", "intact", '1', '1', '0', "tampered", NULL},
		{"GE-1", "opened", '0', '1', '1', "tampered", NULL},
		{"GE-1", "missing", '1', '0', '1', "opened", NULL},
		/* lost inputs */
		{"!", "intact", '0', '0', '1', "unknown", "refused"},
		{"GE-1", "!", '0', '0', '1', "unknown", "refused"},
		{"GE-1", "intact", '!', '0', '1', "unknown", "refused"},
		{"GE-1", "intact", '0', '!', '1', "unknown", "refused"},
		{"GE-1", "intact", '0', '0', '!', "unknown", "refused"},
		{"!", "!", '!', '!', '!', "unknown", "refused"},
		{"!", "tampered", '!', '!', '!', "tampered", NULL},
		{"GE-1", "!", '1', '!', '1', "opened", NULL},
		{"GE-1", "missing", '!', '0', '1', "unknown", "refused"},
		/* no seal in the field */
		{"", "intact", '0', '0', '1', "absent", NULL},
		{"   ", "missing", '0', '0', '1', "absent", NULL},
		{"", "tampered", '1', '1', '1', "absent", NULL}, /* of the one before */
		{"", "intact", '0', '0', '0', "opened", NULL}, /* the loop is wired to here */
		{"", "!", '0', '0', '1', "unknown", "refused"},
	};
	struct site site;
	char part[64];

	(void)state;
	for (size_t i = 0; i < COUNT(looks); i++) {
		const struct look *look = &looks[i];

		open_site(&site);
		set(&site, SEAL_BATTERY, 1, value_int(90));
		set_text_or_lose(&site, SEAL_ID, look->id);
		set_text_or_lose(&site, SEAL_STATUS, look->status);
		set_or_lose(&site, SEAL_IS_OPENED, look->opened);
		set_or_lose(&site, SEAL_IS_TAMPERED, look->tampered);
		set_or_lose(&site, SEAL_LOOP, look->loop);
		judge(&site);
		snprintf(part, sizeof(part), "seal.%s@1 ", look->word);
		assert_told(&site.rig, part);
		if (!look->reason)
			continue;
		snprintf(part, sizeof(part), "\"reason\":\"%s\"", look->reason);
		assert_contains(site.rig.body, part);
	}
}

static void a_number_alone_says_nothing_of_the_seal(void **state)
{
	struct site site;

	(void)state;
	open_site(&site);
	site.seal.inputs[SEAL_STATUS] = NULL;
	site.seal.inputs[SEAL_IS_OPENED] = NULL;
	site.seal.inputs[SEAL_IS_TAMPERED] = NULL;
	site.seal.inputs[SEAL_LOOP] = NULL;
	set(&site, SEAL_ID, 1, value_text("GE-1"));
	judge(&site);
	assert_told(&site.rig, "seal.unknown@1 ");
	assert_contains(site.rig.body, "\"reason\":\"no_status\"");
}

static void a_number_may_be_a_number(void **state)
{
	struct site site;

	(void)state;
	open_site(&site);
	poll(&site, 0, "x", 0, 0);
	set(&site, SEAL_ID, 1, value_uint(UINT64_MAX));
	judge(&site);
	assert_string_equal(site.seal.id, "18446744073709551615");
	set(&site, SEAL_ID, 2, value_int(0));
	judge(&site);
	assert_told(&site.rig, "seal.intact@0 seal.intact@1 seal.absent@2 ");
	set(&site, SEAL_ID, 3, value_bool(true));
	judge(&site);
	assert_told(&site.rig, "seal.unknown@3 ");
	assert_contains(site.rig.body, "\"reason\":\"out_of_range\"");
}

static void another_seal_is_a_new_state_event_with_both_numbers(void **state)
{
	struct site site;

	(void)state;
	open_site(&site);
	poll(&site, 0, "GE-1", 3, 0);
	poll(&site, 5, "GE-2", 3, 0);
	assert_told(&site.rig, "seal.intact@0 seal.intact@5 ");
	assert_contains(site.rig.body,
			"\"previous\":\"intact\",\"other_seal\":true,\"previous_id\":\"GE-1\"");
	assert_contains(site.rig.body, "\"observed\":{\"id\":\"GE-2\"");
	assert_contains(site.rig.state, "\"mono_ns\":5000000000}");
}

struct counting {
	uint8_t bits;
	int64_t before, now;
	bool told, reset;
};

static void any_difference_of_a_counter_is_told_and_a_reset_is_called_one(void **state)
{
	static const struct counting countings[] = {
		{16, 3, 3, false, false},
		{16, 3, 4, true, false},
		{16, 0, 65535, true, false},
		{16, 65535, 0, true, false},
		{16, 65530, 3, true, false},
		{16, 40000, 0, true, true}, /* it lost its power */
		{16, 255, 0, true, true},
		{16, 70000, 1, true, true},
		{8, 255, 0, true, false},
		{8, 250, 2, true, false},
		{8, 128, 0, true, true},
		{32, 65535, 0, true, true},
		{32, UINT32_MAX, 1, true, false},
		{0, 65535, 0, true, true}, /* of what width is not known */
		{16, 812, 2, true, true},
		{16, 4, 3, true, true},
		{16, 100, 0, true, true},
		{16, 1, -1, true, true},
		{64, INT64_MAX, INT64_MIN, true, true},
	};
	struct site site;

	(void)state;
	for (size_t i = 0; i < COUNT(countings); i++) {
		open_site(&site);
		site.rig.confs[SEAL_TAMPER_COUNTER].raw.bits = countings[i].bits;
		poll(&site, 0, "GE-1", 7, countings[i].before);
		site.rig.told[0] = '\0';
		poll(&site, 1, "GE-1", 7, countings[i].now);
		assert_told(&site.rig, countings[i].told ? "seal.reopened@1 " : "");
		if (countings[i].told)
			assert_contains(site.rig.body, countings[i].reset
							       ? "\"counter_reset\":true"
							       : "\"counter_reset\":false");
	}
}

static void a_scaled_counter_is_compared_when_it_is_whole(void **state)
{
	struct site site;

	(void)state;
	open_site(&site);
	poll(&site, 0, "GE-1", 7, 3);
	site.rig.told[0] = '\0';
	set(&site, SEAL_OPEN_COUNTER, 1, value_real(5));
	judge(&site);
	assert_told(&site.rig, "seal.reopened@1 ");
}

static void a_counter_that_was_lost_meanwhile_is_still_compared(void **state)
{
	struct site site;

	(void)state;
	open_site(&site);
	poll(&site, 0, "GE-1", 7, 0);
	sensor_rig_lose(&site.rig, SEAL_OPEN_COUNTER, 1, REASON_REFUSED);
	judge(&site);
	assert_told(&site.rig, "seal.intact@0 ");
	poll(&site, 2, "GE-1", 8, 0);
	assert_told(&site.rig, "seal.reopened@2 ");
}

static void counters_of_a_seal_seen_open_are_explained(void **state)
{
	struct site site;

	(void)state;
	open_site(&site);
	poll(&site, 0, "GE-1", 7, 0);
	set(&site, SEAL_IS_OPENED, 1, value_bool(true));
	judge(&site);
	poll(&site, 2, "GE-1", 8, 0);
	poll(&site, 3, "GE-1", 8, 0);
	assert_told(&site.rig, "seal.intact@0 seal.opened@1 seal.intact@2 ");
	poll(&site, 4, "GE-1", 9, 0);
	assert_told(&site.rig, "seal.reopened@4 ");
}

static void a_counter_read_before_the_number_changed_is_of_the_seal_before(void **state)
{
	struct site site;

	(void)state;
	open_site(&site);
	poll(&site, 0, "GE-1", 7, 0);
	set(&site, SEAL_ID, 1, value_text("GE-2"));
	judge(&site);
	assert_true(site.seal.sensor.waiting);
	assert_told(&site.rig, "seal.intact@0 seal.intact@1 ");
	poll(&site, 2, "GE-2", 40, 2);
	assert_false(site.seal.sensor.waiting);
	assert_told(&site.rig, "");
	poll(&site, 3, "GE-2", 41, 2);
	assert_told(&site.rig, "seal.reopened@3 ");
}

static void a_seal_without_a_number_has_counters_of_its_own(void **state)
{
	struct site site;

	(void)state;
	open_site(&site);
	site.seal.inputs[SEAL_ID] = NULL;
	poll(&site, 0, "", 7, 0);
	poll(&site, 1, "", 8, 0);
	assert_told(&site.rig, "seal.intact@0 seal.reopened@1 ");
}

static bool is_known(const char *id)
{
	return seal_memory_find(&memory, id);
}

static void only_the_least_recently_seen_seal_is_forgotten(void **state)
{
	struct site site;
	char id[VALUE_TEXT_BYTES];

	(void)state;
	open_site(&site);
	for (int i = 0; i < SEAL_MEMORY_RECORDS; i++) {
		snprintf(id, sizeof(id), "GE%d", i);
		seal_memory_seen(&memory, id, "entry-1");
	}
	assert_string_equal(seal_memory_take(&memory, "GE0")->lane, "entry-1");
	assert_string_equal(memory.gave_way, "");
	seal_memory_seen(&memory, "ANOTHER", "entry-1");
	assert_string_equal(memory.gave_way, "GE1");
	assert_true(is_known("GE0") && is_known("GE2") && is_known("ANOTHER"));
	assert_false(is_known("GE1"));
}

static void what_is_forgotten_at_once_goes_from_the_journal_but_what_came_again(void **state)
{
	struct site site;
	char id[VALUE_TEXT_BYTES];

	(void)state;
	open_site(&site);
	for (int i = 0; i < SEAL_MEMORY_RECORDS; i++) {
		snprintf(id, sizeof(id), "GE%d", i);
		seal_memory_seen(&memory, id, "entry-1");
	}
	seal_memory_keep(&memory, &site.rig.teller);
	assert_string_equal(site.rig.forgotten, "");
	for (int i = 0; i < 3; i++) {
		snprintf(id, sizeof(id), "AZ%d", i);
		seal_memory_seen(&memory, id, "entry-1");
	}
	seal_memory_seen(&memory, "GE1", "entry-1");
	seal_memory_keep(&memory, &site.rig.teller);
	assert_string_equal(site.rig.forgotten, "seal/GE0 seal/GE2 seal/GE3 ");
	seal_memory_keep(&memory, &site.rig.teller);
	assert_string_equal(site.rig.forgotten, "seal/GE0 seal/GE2 seal/GE3 ");
}

static void a_battery_alarm_is_of_its_seal(void **state)
{
	struct site site;

	(void)state;
	open_site(&site);
	poll(&site, 0, "GE-1", 7, 0);
	set(&site, SEAL_BATTERY, 1, value_int(3));
	judge(&site);
	assert_told(&site.rig, "seal.intact@0 seal.battery-low@1 seal.battery-critical@1 ");
	assert_contains(site.rig.state,
			"\"alarms\":[\"seal.battery-low\",\"seal.battery-critical\"]");
	/* Another seal at 15 %: its alarm has no history, so no hysteresis either. */
	set(&site, SEAL_ID, 2, value_text("GE-2"));
	set(&site, SEAL_BATTERY, 2, value_int(15));
	set(&site, SEAL_OPEN_COUNTER, 2, value_int(1));
	set(&site, SEAL_TAMPER_COUNTER, 2, value_int(0));
	judge(&site);
	assert_told(&site.rig, "seal.intact@2 seal.battery-low@2 seal.battery-critical@2 ");
	assert_contains(site.rig.state, "\"alarms\":[]");
}

static void a_battery_that_is_no_percentage_changes_no_alarm(void **state)
{
	struct site site;

	(void)state;
	open_site(&site);
	poll(&site, 0, "GE-1", 7, 0);
	set(&site, SEAL_BATTERY, 1, value_int(10));
	judge(&site);
	assert_told(&site.rig, "seal.intact@0 seal.battery-low@1 ");
	set(&site, SEAL_BATTERY, 2, value_int(255));
	judge(&site);
	sensor_rig_lose(&site.rig, SEAL_BATTERY, 3, REASON_REFUSED);
	judge(&site);
	set(&site, SEAL_BATTERY, 4, value_int(-5));
	judge(&site);
	assert_told(&site.rig, "");
}

/* Words that are read in the wrong order are a time, too. */
static void a_time_of_closing_after_tomorrow_is_no_time(void **state)
{
	static const struct {
		int64_t ahead_s;
		enum clock_state clock;
		bool believed;
	} cases[] = {
		{-5, CLOCK_SYNCED, true},      {86400, CLOCK_SYNCED, true},
		{86401, CLOCK_SYNCED, false},  {400 * INT64_C(86400), CLOCK_HOLDOVER, false},
		{86401, CLOCK_UNSYNCED, true},
	};
	const int64_t now_s = 1772431200;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct site site;
		int64_t utc_ns = 0;
		char text[64];

		open_site(&site);
		site.conf.sealed_at = SEAL_SEALED_AT;
		seal_init(&site.seal, &site.conf, "entry-1", site.rig.table, &memory);
		site.rig.teller.now.utc_ns = now_s * S;
		site.rig.teller.now.clock = cases[i].clock;
		set(&site, SEAL_SEALED_AT, 1, value_int(now_s + cases[i].ahead_s));
		poll(&site, 1, "GE-1", 0, 0);
		assert_int_equal(seal_closed_at(&site.seal, &utc_ns), cases[i].believed);
		snprintf(text, sizeof(text), "\"sealed_at\":%lld",
			 (long long)(now_s + cases[i].ahead_s));
		assert_contains(site.rig.state, cases[i].believed ? text : "\"sealed_at\":null");
	}
}

static void a_wavering_battery_puts_no_state_but_a_percent_does(void **state)
{
	struct site site;
	size_t drafts;

	(void)state;
	open_site(&site);
	poll(&site, 0, "GE-1", 7, 0);
	drafts = site.rig.drafts;
	set(&site, SEAL_BATTERY, 1, value_real(90.4));
	judge(&site);
	set(&site, SEAL_BATTERY, 2, value_real(89.6));
	judge(&site);
	assert_int_equal(site.rig.drafts, drafts);
	set(&site, SEAL_BATTERY, 3, value_real(88.9));
	judge(&site);
	assert_int_equal(site.rig.drafts, drafts + 1);
	assert_contains(site.rig.state, "\"battery\":88.9");
	set(&site, SEAL_TAMPER_COUNTER, 4, value_text("?"));
	judge(&site);
	assert_int_equal(site.rig.drafts, drafts + 2);
}

static int forget_all(void **state)
{
	(void)state;
	seal_memory_fini(&memory);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worst_that_is_known_is_the_state_and_intact_needs_all),
		cmocka_unit_test(a_number_alone_says_nothing_of_the_seal),
		cmocka_unit_test(a_number_may_be_a_number),
		cmocka_unit_test(another_seal_is_a_new_state_event_with_both_numbers),
		cmocka_unit_test(any_difference_of_a_counter_is_told_and_a_reset_is_called_one),
		cmocka_unit_test(a_scaled_counter_is_compared_when_it_is_whole),
		cmocka_unit_test(a_counter_that_was_lost_meanwhile_is_still_compared),
		cmocka_unit_test(counters_of_a_seal_seen_open_are_explained),
		cmocka_unit_test(a_counter_read_before_the_number_changed_is_of_the_seal_before),
		cmocka_unit_test(a_seal_without_a_number_has_counters_of_its_own),
		cmocka_unit_test(only_the_least_recently_seen_seal_is_forgotten),
		cmocka_unit_test(
			what_is_forgotten_at_once_goes_from_the_journal_but_what_came_again),
		cmocka_unit_test(a_battery_alarm_is_of_its_seal),
		cmocka_unit_test(a_battery_that_is_no_percentage_changes_no_alarm),
		cmocka_unit_test(a_time_of_closing_after_tomorrow_is_no_time),
		cmocka_unit_test(a_wavering_battery_puts_no_state_but_a_percent_does),
	};

	return cmocka_run_group_tests(tests, NULL, forget_all);
}
