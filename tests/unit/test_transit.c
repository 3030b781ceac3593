/* The pure part as a whole: batches, polls, restarts, and what holds for any readings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../traces/replayer.h"
#include "dice.h"
#include "transit/transit_private.h"

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

static void open_site(struct site *site, const char *setup)
{
	struct event_sink sink = {.data = site, .put = note};
	size_t i;

	*site = (struct site){.replay.now.clock = CLOCK_SYNCED};
	for (i = 0; i < COUNT(setups); i++)
		if (strcmp(setups[i].name, setup) == 0)
			site->replay.setup = &setups[i];
	replay_clock(&site->replay, REPLAY_MONO_NS);
	assert_int_equal(transit_new(&site->replay.setup->conf, &sink, &site->replay.transit), 0);
}

static void start(struct site *site, const char *setup)
{
	open_site(site, setup);
	transit_start(site->replay.transit, &site->replay.now);
}

static void stop(struct site *site)
{
	transit_free(site->replay.transit);
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
	transit_settle(site->replay.transit, &site->replay.now);
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
	struct site site;

	(void)state;
	start(&site, "lane");
	expect(&site, "");
	assert_int_equal(site.drafts, 3);
	assert_string_equal(site.word, "unknown");
	assert_non_null(strstr(site.state, "\"reason\":\"not_yet\""));
	assert_int_equal(transit_next_deadline(site.replay.transit), REPLAY_MONO_NS + 10 * S);
	stop(&site);
}

static void a_sensor_is_not_judged_before_all_its_inputs_were_read(void **state)
{
	struct site site;

	(void)state;
	start(&site, "limits");
	feed(&site, "io.closed", 1, value_bool(true), false);
	settle(&site);
	expect(&site, "");
	feed(&site, "io.open", 2, value_bool(false), false);
	settle(&site);
	expect(&site, "barrier.closed@2 ");
	stop(&site);
}

static void a_poll_in_two_replies_never_mixes_two_seals(void **state)
{
	struct site site;

	(void)state;
	start(&site, "reader");
	poll_reader(&site, 0, "GE-1", 7);
	expect(&site, "seal.intact@0.03 ");
	/* The counter of the next seal is read before its number. */
	poll_reader(&site, 1, "GE-2", 9);
	expect(&site, "seal.intact@1.03 ");
	poll_reader(&site, 2, "GE-2", 9);
	poll_reader(&site, 3, "GE-2", 10);
	expect(&site, "seal.reopened@3 ");
	stop(&site);
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
	struct site site;

	(void)state;
	start(&site, "reader");
	poll_torn(&site, 0, "GE-1", 7);
	poll_torn(&site, 1, "GE-1", 9); /* the number of the one, the counter of the next */
	expect(&site, "seal.intact@0 ");
	poll_torn(&site, 2, "GE-2", 9);
	expect(&site, "seal.intact@2 ");
	poll_torn(&site, 3, "GE-2", 10);
	expect(&site, "");
	poll_torn(&site, 4, "GE-2", 10); /* still the same seal: now it is sure */
	expect(&site, "seal.reopened@3.03 ");
	stop(&site);
}

static void a_batch_that_ends_in_the_middle_of_a_poll_judges_nothing_of_it(void **state)
{
	struct site site;

	(void)state;
	start(&site, "reader");
	poll_reader(&site, 0, "GE-1", 7);
	site.told[0] = '\0';
	feed(&site, "reader.opened", 1, value_int(3), true);
	settle(&site);
	feed(&site, "reader.seal-id", 1, value_text("GE-2"), true);
	settle(&site);
	until(&site, 1.02);
	expect(&site, "");
	feed(&site, "reader.status", 1.03, value_int(2), false);
	settle(&site);
	expect(&site, "seal.opened@1.03 ");
	assert_non_null(strstr(site.last_body, "\"id\":\"GE-2\""));
	stop(&site);
}

static void the_rest_of_a_poll_that_never_comes_ends_in_staleness(void **state)
{
	struct site site;

	(void)state;
	start(&site, "reader");
	poll_reader(&site, 0, "GE-1", 7);
	site.told[0] = '\0';
	feed(&site, "reader.status", 1, value_int(2), true);
	until(&site, 60);
	/* Opened is told when the first point of the poll before is too old: what was read is
	 * known, and worse than what is not. Then that is too old as well. */
	expect(&site, "seal.opened@1 seal.unknown@11 ");
	stop(&site);
}

static void readings_of_one_instant_are_one_change(void **state)
{
	struct site site;

	(void)state;
	start(&site, "limits");
	feed(&site, "io.closed", 0, value_bool(true), false);
	feed(&site, "io.open", 0, value_bool(false), false);
	until(&site, 5);
	feed(&site, "io.open", 5, value_bool(true), false);
	feed(&site, "io.closed", 5, value_bool(false), false);
	until(&site, 6);
	expect(&site, "barrier.closed@0 barrier.open@5 ");
	stop(&site);
}

static void a_deadline_in_a_batch_comes_in_its_place(void **state)
{
	struct site site;

	(void)state;
	start(&site, "limits");
	feed(&site, "io.closed", 0, value_bool(true), false);
	feed(&site, "io.open", 0, value_bool(false), false);
	feed(&site, "io.closed", 10, value_bool(false), false);
	feed(&site, "io.open", 20, value_bool(true), false);
	until(&site, 21);
	expect(&site, "barrier.closed@0 barrier.opening@10 barrier.travel-timeout@18 "
		      "barrier.fault@18 barrier.travel-timeout@20 barrier.open@20 ");
	stop(&site);
}

static void a_reading_from_the_future_does_not_make_the_others_old(void **state)
{
	struct site site;
	struct reading future = {.point = 1, .value = value_bool(true)};

	(void)state;
	start(&site, "status");
	feed(&site, "boom.status", 1, value_int(17), false);
	feed(&site, "loop.detect", 1, value_bool(false), false);
	settle(&site);
	expect(&site, "barrier.closed@1 ");
	future.at_mono_ns = site.replay.now.mono_ns + 3600 * S;
	transit_reading(site.replay.transit, &future, &site.replay.now);
	settle(&site);
	assert_string_equal(site.word, "closed");
	assert_null(strstr(site.told, "unknown"));
	stop(&site);
}

static void a_device_that_is_down_takes_its_good_points_with_it(void **state)
{
	struct site site;
	struct device_report report = {.device = 0, .reason = REASON_LINK_DOWN};

	(void)state;
	start(&site, "reader");
	poll_reader(&site, 0, "GE-1", 7);
	report.at_mono_ns = REPLAY_MONO_NS + S;
	replay_clock(&site.replay, report.at_mono_ns);
	transit_device(site.replay.transit, &report, &site.replay.now);
	settle(&site);
	expect(&site, "seal.intact@0.03 device.down@1 seal.unknown@1 ");
	assert_non_null(strstr(site.last_body, "\"reason\":\"link_down\""));
	assert_non_null(strstr(site.last_body, "{\"id\":null,\"status\":null,\"battery\":null"));
	until(&site, 100);
	expect(&site, "");
	stop(&site);
}

static void what_was_before_a_restart_is_said_once(void **state)
{
	struct site site;

	(void)state;
	open_site(&site, "limits");
	transit_restore(site.replay.transit, "entry-1/boom", "open");
	transit_restore(site.replay.transit, "exit-7/boom", "open");
	transit_restore(site.replay.transit, "gateway/daemon", "running");
	transit_start(site.replay.transit, &site.replay.now);
	feed(&site, "io.closed", 0, value_bool(true), false);
	feed(&site, "io.open", 0, value_bool(false), false);
	settle(&site);
	assert_non_null(strstr(site.last_body, "\"initial\":true,\"before_restart\":\"open\""));
	feed(&site, "io.closed", 1, value_bool(false), false);
	until(&site, 2);
	assert_null(strstr(site.last_body, "before_restart"));
	stop(&site);
}

static void a_word_from_a_damaged_journal_is_not_repeated(void **state)
{
	struct site site;

	(void)state;
	open_site(&site, "limits");
	transit_restore(site.replay.transit, "entry-1/boom", "op\"en\xff");
	transit_start(site.replay.transit, &site.replay.now);
	feed(&site, "io.closed", 0, value_bool(true), false);
	feed(&site, "io.open", 0, value_bool(false), false);
	settle(&site);
	assert_null(strstr(site.last_body, "before_restart"));
	stop(&site);
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
	struct site site = {.replay.now.clock = CLOCK_HOLDOVER};
	struct event_sink sink = {.data = &site, .put = note};
	struct reading reading = {.at_mono_ns = INT64_MAX / 4, .value = value_text(quotes)};

	(void)state;
	snprintf(point_name, sizeof(point_name), "%s.%s", longest, longest);
	for (size_t i = 0; i < 8; i++)
		points[i] = (struct point_conf){.name = point_name, .scale = 1};
	assert_int_equal(transit_new(&conf, &sink, &site.replay.transit), 0);
	site.replay.now.mono_ns = INT64_MAX / 4;
	transit_start(site.replay.transit, &site.replay.now);
	for (; reading.point < 8; reading.point++)
		transit_reading(site.replay.transit, &reading, &site.replay.now);
	settle(&site);
	assert_string_equal(site.word, "unknown");
	assert_true(strlen(site.state) > 1200);
	stop(&site);
}

/* ---- any readings ---- */

static struct value any_value(struct dice *dice)
{
	static const char *const words[] = {"", "GE-1", "GE-2", " ", "closed", "intact"};
	static const int64_t numbers[] = {0,  1,  2,  3,   4,	  14,	     17,
					  16, 32, 33, 255, 65535, INT64_MAX, INT64_MIN};

	switch (roll(dice, 10)) {
	case 0:
		return value_text(words[roll(dice, COUNT(words))]);
	case 1:
		return value_real((double)roll(dice, 200) / 3 - 20);
	case 2:
		return value_real(roll(dice, 2) ? 1e308 : (double)NAN);
	case 3:
		return value_uint(UINT64_MAX);
	case 4:
	case 5:
		return value_int(numbers[roll(dice, COUNT(numbers))]);
	case 6:
		return (struct value){.type = VALUE_NONE};
	default:
		return value_bool(roll(dice, 2));
	}
}

/* Mostly what the point is for, so that states are reached. */
static struct value likely_value(struct dice *dice, const struct point_conf *conf)
{
	const char *name = strchr(conf->name, '.') + 1;

	if (roll(dice, 8) == 0)
		return any_value(dice);
	if (conf->map_count > 0)
		return value_int(conf->map[roll(dice, (uint32_t)conf->map_count)].raw);
	if (strcmp(name, "seal-id") == 0)
		return value_text(roll(dice, 3) ? "GE-1" : roll(dice, 2) ? "GE-2" : "");
	if (strcmp(name, "battery") == 0 || strcmp(name, "temperature") == 0)
		return value_int(roll(dice, 110));
	if (strcmp(name, "plate") == 0 || strcmp(name, "container") == 0)
		return value_text(roll(dice, 3) ? "AA123BB" : roll(dice, 2) ? "CSQU3054383" : "");
	if (conf->counted)
		return value_int(roll(dice, 3));
	return value_bool(roll(dice, 2));
}

static void any_step(struct replay *replay, struct dice *dice)
{
	static const int64_t pauses_ns[] = {0,	     0,	      0,	MS,    19 * MS, 20 * MS,
					    21 * MS, 50 * MS, 300 * MS, 2 * S, 11 * S,	400 * S};
	const struct transit_conf *conf = &replay->setup->conf;
	int64_t at_mono_ns = replay->now.mono_ns + pauses_ns[roll(dice, COUNT(pauses_ns))];
	uint32_t point = roll(dice, (uint32_t)conf->point_count);
	struct reading reading = {
		.point = point,
		.at_mono_ns = at_mono_ns,
		.more = roll(dice, 5) == 0,
		.lost_edges = roll(dice, 40) == 0,
		.value = likely_value(dice, &conf->points[point]),
	};
	struct device_report report = {
		.device = conf->points[point].device,
		.up = roll(dice, 2),
		.at_mono_ns = at_mono_ns,
	};

	replay_to(replay, at_mono_ns);
	if (roll(dice, 12) == 0) {
		reading.quality = roll(dice, 4) ? QUALITY_FAULT : QUALITY_STALE;
		reading.reason = roll(dice, REASON_COUNT);
		reading.value.type = VALUE_NONE;
	}
	if (reading.reason == REASON_NOT_YET) /* no driver says so */
		reading.reason = REASON_NO_ANSWER;
	report.reason = report.up ? REASON_NONE : REASON_LINK_DOWN;
	if (roll(dice, 40) == 0)
		transit_device(replay->transit, &report, &replay->now);
	else
		transit_reading(replay->transit, &reading, &replay->now);
}

static bool good(const struct point *point)
{
	return !point || point_good(point);
}

static void check_points(const struct transit *transit)
{
	uint32_t i;

	for (i = 0; i < transit->input_count; i++) {
		const struct point *point = &transit->points[i];

		assert_int_equal(point_good(point), point->value.type != VALUE_NONE);
		assert_int_equal(point_good(point), point->reason == REASON_NONE);
	}
}

/* What is not known is never told as a state that says all is well. */
static void check_sensors(const struct transit *transit)
{
	uint32_t i, k;

	for (i = 0; i < transit->slot_count; i++) {
		const struct sensor *sensor = transit->slots[i].sensor;
		const struct barrier *barrier = (const struct barrier *)sensor;
		const struct seal *seal = (const struct seal *)sensor;
		const char *word = sensor->verdict.word;

		if (sensor->queued)
			continue;
		if (transit->slots[i].kind == SENSOR_BARRIER &&
		    !(good(barrier->status) && good(barrier->closed_limit) &&
		      good(barrier->open_limit)))
			assert_true(strcmp(word, "unknown") == 0 || strcmp(word, "fault") == 0);
		for (k = 0; transit->slots[i].kind == SENSOR_SEAL && k <= SEAL_LOOP; k++)
			if (!good(seal->inputs[k]))
				assert_true(strcmp(word, "unknown") == 0 ||
					    strcmp(word, "opened") == 0 ||
					    strcmp(word, "tampered") == 0);
		if (transit->slots[i].kind == SENSOR_METER &&
		    !good(((const struct meter *)sensor)->value))
			assert_string_equal(word, "unknown");
	}
}

/* What the registry holds: seals, a plate and a container that may be seen, itineraries that
 * are kept or not. */
static void fill_registry(struct replay *replay)
{
	static const char *const lines[] = {
		"6GE1-A transit seal=GE1 plate=AA123BB stop=ge-red-bridge@05:00-06:05/4",
		"6GE1-B transit seal=GE2 container=CSQU3054383 stop=az-ganja stop=ge-poti",
		"6GE1-C import plate=AA123BB party=carrier:MD:AEOF:1",
	};
	char line[200];
	size_t i;

	table_init(&replay->table);
	for (i = 0; i < COUNT(lines); i++) {
		snprintf(line, sizeof(line), "%s", lines[i]);
		table_consignment(&replay->table, line);
	}
	table_aeo(&replay->table, "MD AEOF 1 AEOF carrier active");
	table_arrangement(&replay->table, "ge-md GE MD in_force");
	replay_legs(replay, "10 1 5");
}

/* What another checkpoint tells. */
static void any_news(struct replay *replay, struct dice *dice, double at_s)
{
	static const char *const news[][2] = {
		{"announce", "az-ganja 6GE1-A 05:00 05:30-06:02 GE1:intact:1"},
		{"announce", "az-ganja 6GE1-B 05:50 06:00-06:20 GE2:intact:2 GE3:opened:1"},
		{"announce", "tr-hopa 6GE1-A 05:58 06:10-07:00 GE1:intact:2"},
		{"announce", "tr-hopa 6GE9-Z 05:00 05:10-06:01"},
		{"take-back", "6GE1-A"},
		{"take-back", "6GE1-B"},
		{"connected", ""},
	};
	const size_t which = roll(dice, COUNT(news));
	char line[200];

	snprintf(line, sizeof(line), "#! %s %.9f %s", news[which][0], at_s, news[which][1]);
	assert_true(replay_hear(replay, line));
}

/* The registry answers, or an officer says something. */
static void any_word(struct replay *replay, struct dice *dice)
{
	static const char *const resources[] = {"consignment/6GE1-B route.wrong-checkpoint",
						"entry-1/boom barrier.forced",
						"entry-1/reader seal.opened"};
	double at_s = (double)(replay->now.mono_ns - REPLAY_MONO_NS) / 1e9;
	char line[200];

	if (roll(dice, 4) == 0) {
		any_news(replay, dice, at_s);
	} else if (roll(dice, 6) == 0) {
		snprintf(line, sizeof(line), "%.9f entry-1 6GE1-%c o.b said so", at_s,
			 'A' + (char)roll(dice, 4));
		replay_present(replay, line);
	} else if (roll(dice, 4) == 0) {
		snprintf(line, sizeof(line), "%.9f %s o.b seen", at_s,
			 resources[roll(dice, COUNT(resources))]);
		replay_acknowledge(replay, line);
	} else {
		replay_answer(replay, at_s, roll(dice, 10) == 0);
	}
}

static void any_restart(struct replay *replay, struct dice *dice)
{
	static const char *const boots[] = {"11111111-", "22222222-", "33333333-"};

	if (roll(dice, 3) == 0)
		replay->boot = boots[roll(dice, COUNT(boots))];
	replay_restart(replay);
}

static char *any_run(uint64_t seed, const struct setup *setup, enum replay_manner manner,
		     bool restarts)
{
	struct dice dice = {.state = seed};
	char *text = NULL;
	size_t bytes, i;
	struct replay replay = {.manner = manner};

	replay.out = open_memstream(&text, &bytes);
	fill_registry(&replay);
	replay_setup(&replay, setup->name);
	for (i = 0; i < 400; i++) {
		any_step(&replay, &dice);
		if (roll(&dice, 8) == 0)
			any_word(&replay, &dice);
		if (restarts && roll(&dice, 25) == 0)
			any_restart(&replay, &dice);
		if (manner == REPLAY_IN_A_HURRY)
			continue;
		check_points(replay.transit);
		check_sensors(replay.transit);
	}
	replay_end(&replay);
	fclose(replay.out);
	return text;
}

/* No two state events of a barrier tell the same state. */
static void check_alternation(const char *events)
{
	char state[24] = "", previous[24];
	const char *at = events;

	while ((at = strstr(at, "{\"type\":\"barrier."))) {
		const char *end = strchr(at, '\n');
		const char *word = strstr(at, "\"state\":\"");
		const char *from = strstr(at, "\"previous\":\"");

		if (from && from < end) {
			assert_int_equal(sscanf(word, "\"state\":\"%23[a-z]", state), 1);
			assert_int_equal(sscanf(from, "\"previous\":\"%23[a-z]", previous), 1);
			assert_string_not_equal(state, previous);
		}
		at = end;
	}
}

/* A member of a line as written, or nothing. */
static void copy_member(const char *line, const char *end, const char *key, char *out, size_t size)
{
	const char *at = strstr(line, key);

	snprintf(out, size, "%.*s", at && at < end ? (int)strcspn(at, ",}") : 0, at ? at : "");
}

/* Of what an event is an alarm: a consignment, a sensor, a point or a device. */
static void alarm_key(const char *line, const char *end, char *key, size_t size)
{
	static const char *const members[] = {
		"\"lane\":", "\"sensor\":", "\"point\":", "\"device\":"};
	char part[160];
	size_t used, i;

	copy_member(line, end, "\"type\":", key, size);
	used = strlen(key);
	copy_member(line, end, "\"consignment\":{\"ucr\":", part, sizeof(part));
	if (part[0]) {
		snprintf(key + used, size - used, "%s", part);
		return;
	}
	for (i = 0; i < COUNT(members); i++) {
		copy_member(line, end, members[i], part, sizeof(part));
		used += (size_t)snprintf(key + used, size - used, "%s", part);
	}
}

/* Alarms of consignments outlive a restart. */
static bool is_kept(const char *line)
{
	return strncmp(line, "{\"type\":\"route.", 15) == 0 ||
	       strncmp(line, "{\"type\":\"leg.", 13) == 0;
}

/* What is raised was not raised, what is cleared was. A restart ends the alarms of sensors. */
static void check_alarms(const char *events, bool over_restarts)
{
	static char raised[64][400];
	size_t count = 0, i;
	const char *line, *end;

	for (line = events; *line; line = end + 1) {
		char key[400], word[40];

		end = strchr(line, '\n');
		copy_member(line, end, "\"alarm\":", word, sizeof(word));
		if (!word[0] || (over_restarts && !is_kept(line)))
			continue;
		alarm_key(line, end, key, sizeof(key));
		for (i = 0; i < count && strcmp(raised[i], key) != 0;)
			i++;
		if ((i < count) != (strcmp(word, "\"alarm\":\"cleared\"") == 0))
			fail_msg("%s: %s", key, word);
		assert_true(count < COUNT(raised));
		if (i < count)
			memcpy(raised[i], raised[--count], sizeof(raised[0]));
		else
			memcpy(raised[count++], key, sizeof(key));
	}
}

/* Each passage is opened once and closed once, but for those under way at the end: one at the
 * boom and one beyond it, in each lane. Nothing is of one that was never opened. */
static void check_passages(const char *events)
{
	static char ids[400][100];
	static bool closed[400];
	size_t count = 0, open = 0, i;
	const char *line, *end;

	for (line = events; *line; line = end + 1) {
		char id[100], type[64];

		end = strchr(line, '\n');
		copy_member(line, end, "\"passage\":{\"id\":", id, sizeof(id));
		copy_member(line, end, "\"type\":", type, sizeof(type));
		if (!id[0] || !type[0])
			continue;
		for (i = 0; i < count && strcmp(ids[i], id) != 0;)
			i++;
		assert_true((i == count) == (strcmp(type, "\"type\":\"passage.opened\"") == 0));
		assert_true(i < COUNT(ids));
		if (i == count) {
			closed[i] = false;
			memcpy(ids[count++], id, sizeof(id));
			open++;
		} else if (strcmp(type, "\"type\":\"passage.closed\"") == 0) {
			assert_false(closed[i]);
			closed[i] = true;
			open--;
		}
	}
	assert_true(open <= 4);
}

static void any_readings_give_the_same_events_again_and_nothing_untrue(void **state)
{
	const char *rounds = getenv("RANDOM_ROUNDS");
	uint64_t count = rounds ? strtoull(rounds, NULL, 10) : 25, seed;
	size_t i;

	(void)state;
	for (seed = 1; seed <= count; seed++) {
		for (i = 0; i < COUNT(setups); i++) {
			char *once = any_run(seed, &setups[i], REPLAY_IN_TIME, false);
			char *again = any_run(seed, &setups[i], REPLAY_IN_TIME, false);
			char *hurried = any_run(seed, &setups[i], REPLAY_IN_A_HURRY, false);

			assert_string_equal(once, again);
			if (strcmp(once, hurried) != 0)
				fail_msg("seed %u, setup %s: the manner of calling matters",
					 (unsigned)seed, setups[i].name);
			check_alternation(once);
			check_alarms(once, false);
			check_passages(once);
			free(once);
			free(again);
			free(hurried);
		}
	}
}

static void a_restart_at_any_moment_doubles_and_forgets_no_passage(void **state)
{
	const char *rounds = getenv("RANDOM_ROUNDS");
	uint64_t count = rounds ? strtoull(rounds, NULL, 10) : 25, seed;
	size_t i;

	(void)state;
	for (seed = 1; seed <= count; seed++) {
		for (i = 0; i < COUNT(setups); i++) {
			char *events = any_run(seed, &setups[i], REPLAY_IN_TIME, true);

			check_alarms(events, true);
			check_passages(events);
			free(events);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			before_anything_was_read_every_state_is_unknown_and_no_event_is_made),
		cmocka_unit_test(a_sensor_is_not_judged_before_all_its_inputs_were_read),
		cmocka_unit_test(a_poll_in_two_replies_never_mixes_two_seals),
		cmocka_unit_test(
			a_seal_that_changes_in_the_middle_of_a_poll_is_not_taken_for_reopened),
		cmocka_unit_test(a_batch_that_ends_in_the_middle_of_a_poll_judges_nothing_of_it),
		cmocka_unit_test(the_rest_of_a_poll_that_never_comes_ends_in_staleness),
		cmocka_unit_test(readings_of_one_instant_are_one_change),
		cmocka_unit_test(a_deadline_in_a_batch_comes_in_its_place),
		cmocka_unit_test(a_reading_from_the_future_does_not_make_the_others_old),
		cmocka_unit_test(a_device_that_is_down_takes_its_good_points_with_it),
		cmocka_unit_test(what_was_before_a_restart_is_said_once),
		cmocka_unit_test(a_word_from_a_damaged_journal_is_not_repeated),
		cmocka_unit_test(the_longest_names_and_values_fit_into_an_event),
		cmocka_unit_test(any_readings_give_the_same_events_again_and_nothing_untrue),
		cmocka_unit_test(a_restart_at_any_moment_doubles_and_forgets_no_passage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
