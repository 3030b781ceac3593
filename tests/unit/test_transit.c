/* The pure part as a whole: batches, polls, restarts. */
#include "rig/unit.h"

#include "../traces/replayer.h"

/* ---- a checkpoint whose events are written down shortly: "barrier.closed@0 " ---- */

struct site {
	struct replay replay; /* of which the clock and the setups are used */
	char told[4096]; /* types and seconds of the events since the last expect() */
	char last_body[EVENT_BODY_BYTES];
	char word[STATE_WORD_BYTES]; /* of the last state put */
	char state[EVENT_BODY_BYTES];
	size_t drafts;
};

static void note(void *data, const struct event_draft *draft)
{
	struct site *site = data;
	size_t used = strlen(site->told);
	const char *at;

	site->drafts++;
	if (draft->state_key) {
		snprintf(site->word, sizeof(site->word), "%s", draft->state_word);
		snprintf(site->state, sizeof(site->state), "%s", draft->state);
	}
	if (!draft->type)
		return;
	at = strstr(draft->body, "\"mono_ns\":");
	assert_non_null(at);
	snprintf(site->last_body, sizeof(site->last_body), "%s", draft->body);
	snprintf(site->told + used, sizeof(site->told) - used, "%s@%g ", draft->type->name,
		 (double)(strtoll(at + 10, NULL, 10) - REPLAY_MONO_NS) / 1e9);
}

static int site_new(void **state)
{
	struct site *site = calloc(1, sizeof(*site));

	site->replay.now.clock = CLOCK_SYNCED;
	*state = site;
	return 0;
}

static int site_free(void **state)
{
	struct site *site = *state;

	transit_free(site->replay.transit);
	free(site);
	return 0;
}

#define transit_test(test) cmocka_unit_test_setup_teardown(test, site_new, site_free)

/* Not yet started: what was before a restart may be restored. */
static void open_site(struct site *site, const char *setup)
{
	struct event_sink sink = {.data = site, .put = note};

	site->replay.setup = setup_by_name(setup);
	replay_clock(&site->replay, REPLAY_MONO_NS);
	assert_int_equal(transit_new(&site->replay.setup->conf, &sink, &site->replay.transit), 0);
}

static void start(struct site *site, const char *setup)
{
	open_site(site, setup);
	transit_start(site->replay.transit, &site->replay.now);
}

static void expect(struct site *site, const char *events)
{
	assert_string_equal(site->told, events);
	site->told[0] = '\0';
}

static void feed(struct site *site, const char *point, double at_s, struct value value, bool more)
{
	const struct transit_conf *conf = &site->replay.setup->conf;
	struct reading reading = {
		.at_mono_ns = REPLAY_MONO_NS + (int64_t)(at_s * 1e9),
		.value = value,
		.more = more,
	};

	while (strcmp(conf->points[reading.point].name, point) != 0)
		reading.point++;
	replay_clock(&site->replay, reading.at_mono_ns);
	transit_reading(site->replay.transit, &reading, &site->replay.now);
}

static void settle(struct site *site)
{
	transit_judge_pending(site->replay.transit, &site->replay.now);
}

static void until(struct site *site, double at_s)
{
	replay_to(&site->replay, REPLAY_MONO_NS + (int64_t)(at_s * 1e9));
	replay_flush(&site->replay);
}

/* A poll of a seal reader whose answers come in two replies, 30 ms apart. */
static void poll_reader(struct site *site, double at_s, const char *id, int64_t opened)
{
	feed(site, "reader.opened", at_s, value_int(opened), true);
	feed(site, "reader.tampered", at_s, value_int(0), true);
	feed(site, "reader.seal-id", at_s + 0.03, value_text(id), true);
	feed(site, "reader.status", at_s + 0.03, value_int(id[0] ? 1 : 0), true);
	feed(site, "reader.battery", at_s + 0.03, value_int(80), false);
	settle(site);
}

/* ---- tests ---- */

static void before_anything_was_read_every_state_is_unknown_and_no_event_is_made(void **state)
{
	struct site *site = *state;

	start(site, "lane");
	expect(site, "");
	assert_int_equal(site->drafts, 3);
	assert_string_equal(site->word, "unknown");
	assert_non_null(strstr(site->state, "\"reason\":\"not_yet\""));
	assert_int_equal(transit_next_deadline(site->replay.transit), REPLAY_MONO_NS + 10 * S);
}

static void a_sensor_is_not_judged_before_all_its_inputs_were_read(void **state)
{
	struct site *site = *state;

	start(site, "limits");
	feed(site, "io.closed", 1, value_bool(true), false);
	settle(site);
	expect(site, "");
	feed(site, "io.open", 2, value_bool(false), false);
	settle(site);
	expect(site, "barrier.closed@2 ");
}

static void a_poll_in_two_replies_never_mixes_two_seals(void **state)
{
	struct site *site = *state;

	start(site, "reader");
	poll_reader(site, 0, "GE-1", 7);
	expect(site, "seal.intact@0.03 ");
	/* The counter of the next seal is read before its number. */
	poll_reader(site, 1, "GE-2", 9);
	expect(site, "seal.intact@1.03 ");
	poll_reader(site, 2, "GE-2", 9);
	poll_reader(site, 3, "GE-2", 10);
	expect(site, "seal.reopened@3 ");
}

/* The other way round: the number first, the counters 30 ms later. */
static void poll_torn(struct site *site, double at_s, const char *id, int64_t opened)
{
	feed(site, "reader.seal-id", at_s, value_text(id), true);
	feed(site, "reader.status", at_s, value_int(1), true);
	feed(site, "reader.battery", at_s, value_int(80), true);
	feed(site, "reader.opened", at_s + 0.03, value_int(opened), true);
	feed(site, "reader.tampered", at_s + 0.03, value_int(0), false);
	settle(site);
}

static void a_seal_that_changes_in_the_middle_of_a_poll_is_not_taken_for_reopened(void **state)
{
	struct site *site = *state;

	start(site, "reader");
	poll_torn(site, 0, "GE-1", 7);
	poll_torn(site, 1, "GE-1", 9); /* the number of the one, the counter of the next */
	expect(site, "seal.intact@0 ");
	poll_torn(site, 2, "GE-2", 9);
	expect(site, "seal.intact@2 ");
	poll_torn(site, 3, "GE-2", 10);
	expect(site, "");
	poll_torn(site, 4, "GE-2", 10); /* still the same seal: now it is sure */
	expect(site, "seal.reopened@3.03 ");
}

static void a_batch_that_ends_in_the_middle_of_a_poll_judges_nothing_of_it(void **state)
{
	struct site *site = *state;

	start(site, "reader");
	poll_reader(site, 0, "GE-1", 7);
	site->told[0] = '\0';
	feed(site, "reader.opened", 1, value_int(3), true);
	settle(site);
	feed(site, "reader.seal-id", 1, value_text("GE-2"), true);
	settle(site);
	until(site, 1.02);
	expect(site, "");
	feed(site, "reader.status", 1.03, value_int(2), false);
	settle(site);
	expect(site, "seal.opened@1.03 ");
	assert_non_null(strstr(site->last_body, "\"id\":\"GE-2\""));
}

static void the_rest_of_a_poll_that_never_comes_ends_in_staleness(void **state)
{
	struct site *site = *state;

	start(site, "reader");
	poll_reader(site, 0, "GE-1", 7);
	site->told[0] = '\0';
	feed(site, "reader.status", 1, value_int(2), true);
	until(site, 60);
	/* Opened is told when the first point of the poll before is too old: what was read is
	 * known, and worse than what is not. Then that is too old as well. */
	expect(site, "seal.opened@1 seal.unknown@11 ");
}

static void readings_of_one_instant_are_one_change(void **state)
{
	struct site *site = *state;

	start(site, "limits");
	feed(site, "io.closed", 0, value_bool(true), false);
	feed(site, "io.open", 0, value_bool(false), false);
	until(site, 5);
	feed(site, "io.open", 5, value_bool(true), false);
	feed(site, "io.closed", 5, value_bool(false), false);
	until(site, 6);
	expect(site, "barrier.closed@0 barrier.open@5 ");
}

static void a_deadline_in_a_batch_comes_in_its_place(void **state)
{
	struct site *site = *state;

	start(site, "limits");
	feed(site, "io.closed", 0, value_bool(true), false);
	feed(site, "io.open", 0, value_bool(false), false);
	feed(site, "io.closed", 10, value_bool(false), false);
	feed(site, "io.open", 20, value_bool(true), false);
	until(site, 21);
	expect(site, "barrier.closed@0 barrier.opening@10 barrier.travel-timeout@18 "
		     "barrier.fault@18 barrier.travel-timeout@20 barrier.open@20 ");
}

static void a_reading_from_the_future_does_not_make_the_others_old(void **state)
{
	struct site *site = *state;
	struct reading future = {.point = 1, .value = value_bool(true)};

	start(site, "status");
	feed(site, "boom.status", 1, value_int(17), false);
	feed(site, "loop.detect", 1, value_bool(false), false);
	settle(site);
	expect(site, "barrier.closed@1 ");
	future.at_mono_ns = site->replay.now.mono_ns + 3600 * S;
	transit_reading(site->replay.transit, &future, &site->replay.now);
	settle(site);
	assert_string_equal(site->word, "closed");
	assert_null(strstr(site->told, "unknown"));
}

static void a_device_that_is_down_takes_its_good_points_with_it(void **state)
{
	struct site *site = *state;
	struct device_report report = {.device = 0, .reason = REASON_LINK_DOWN};

	start(site, "reader");
	poll_reader(site, 0, "GE-1", 7);
	report.at_mono_ns = REPLAY_MONO_NS + S;
	replay_clock(&site->replay, report.at_mono_ns);
	transit_device(site->replay.transit, &report, &site->replay.now);
	settle(site);
	expect(site, "seal.intact@0.03 device.down@1 seal.unknown@1 ");
	assert_non_null(strstr(site->last_body, "\"reason\":\"link_down\""));
	assert_non_null(strstr(site->last_body, "{\"id\":null,\"status\":null,\"battery\":null"));
	until(site, 100);
	expect(site, "");
}

static void what_was_before_a_restart_is_said_once(void **state)
{
	struct site *site = *state;

	open_site(site, "limits");
	transit_restore(site->replay.transit, "entry-1/boom", "open");
	transit_restore(site->replay.transit, "exit-7/boom", "open");
	transit_restore(site->replay.transit, "gateway/daemon", "running");
	transit_start(site->replay.transit, &site->replay.now);
	feed(site, "io.closed", 0, value_bool(true), false);
	feed(site, "io.open", 0, value_bool(false), false);
	settle(site);
	assert_non_null(strstr(site->last_body, "\"initial\":true,\"before_restart\":\"open\""));
	feed(site, "io.closed", 1, value_bool(false), false);
	until(site, 2);
	assert_null(strstr(site->last_body, "before_restart"));
}

static void a_word_from_a_damaged_journal_is_not_repeated(void **state)
{
	struct site *site = *state;

	open_site(site, "limits");
	transit_restore(site->replay.transit, "entry-1/boom", "op\"en\xff");
	transit_start(site->replay.transit, &site->replay.now);
	feed(site, "io.closed", 0, value_bool(true), false);
	feed(site, "io.open", 0, value_bool(false), false);
	settle(site);
	assert_null(strstr(site->last_body, "before_restart"));
}

static void the_longest_names_and_values_fit_into_an_event(void **state)
{
	static const char longest[] =
		"a23456789-123456789-123456789-123456789-123456789-123456789-123";
	static const char quotes[] =
		"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\""
		"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"";
	char point_name[128];
	const struct transit_device device = {longest, longest};
	struct point_conf points[8];
	struct seal_conf seal = {longest, 0, 1, 2, 3, 4, 5, 6, 7, POINT_NONE, 100, 100};
	struct lane_conf lane = {.name = longest, .seals = &seal, .seal_count = 1};
	struct transit_conf conf = {.devices = &device,
				    .device_count = 1,
				    .points = points,
				    .point_count = 8,
				    .lanes = &lane,
				    .lane_count = 1};
	struct site *site = *state;
	struct event_sink sink = {.data = site, .put = note};
	struct reading reading = {.at_mono_ns = INT64_MAX / 4, .value = value_text(quotes)};

	snprintf(point_name, sizeof(point_name), "%s.%s", longest, longest);
	for (size_t i = 0; i < 8; i++)
		points[i] = (struct point_conf){.name = point_name, .scale = 1};
	assert_int_equal(transit_new(&conf, &sink, &site->replay.transit), 0);
	site->replay.now = (struct instant){.mono_ns = INT64_MAX / 4, .clock = CLOCK_HOLDOVER};
	transit_start(site->replay.transit, &site->replay.now);
	for (; reading.point < 8; reading.point++)
		transit_reading(site->replay.transit, &reading, &site->replay.now);
	settle(site);
	assert_string_equal(site->word, "unknown");
	assert_true(strlen(site->state) > 1200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		transit_test(before_anything_was_read_every_state_is_unknown_and_no_event_is_made),
		transit_test(a_sensor_is_not_judged_before_all_its_inputs_were_read),
		transit_test(a_poll_in_two_replies_never_mixes_two_seals),
		transit_test(a_seal_that_changes_in_the_middle_of_a_poll_is_not_taken_for_reopened),
		transit_test(a_batch_that_ends_in_the_middle_of_a_poll_judges_nothing_of_it),
		transit_test(the_rest_of_a_poll_that_never_comes_ends_in_staleness),
		transit_test(readings_of_one_instant_are_one_change),
		transit_test(a_deadline_in_a_batch_comes_in_its_place),
		transit_test(a_reading_from_the_future_does_not_make_the_others_old),
		transit_test(a_device_that_is_down_takes_its_good_points_with_it),
		transit_test(what_was_before_a_restart_is_said_once),
		transit_test(a_word_from_a_damaged_journal_is_not_repeated),
		transit_test(the_longest_names_and_values_fit_into_an_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
