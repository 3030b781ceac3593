/* What holds for any readings: the pure part is fed with chance. RANDOM_ROUNDS says how long. */
#include "rig/unit.h"

#include <math.h>

#include "../traces/replayer.h"
#include "dice.h"
#include "transit/private.h"

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

	for (uint32_t i = 0; i < transit->input_count; i++) {
		const struct point *point = &transit->points[i]->point;

		assert_int_equal(point_good(point), point->value.type != VALUE_NONE);
		assert_int_equal(point_good(point), point->reason == REASON_NONE);
	}
}

/* What is not known is never told as a state that says all is well. */
static void check_sensors(const struct transit *transit)
{
	uint32_t k;

	for (uint32_t i = 0; i < transit->slot_count; i++) {
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
		if (transit->slots[i].kind == SENSOR_CONTACT &&
		    !good(((const struct contact *)sensor)->input))
			assert_string_equal(word, "unknown");
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

	table_init(&replay->table);
	for (size_t i = 0; i < COUNT(lines); i++) {
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
		{"announce", "az-ganja 6GE1-A 05:01 05:30-06:02 GE2:intact:1:GE1"},
		{"announce", "az-ganja!good 6GE1-A 05:02 05:30-06:02 GE1:intact:3"},
		{"announce", "az-ganja!none 6GE1-A 05:03 05:30-06:02 GE1:intact:0"},
		{"announce", "tr-hopa!wrong 6GE1-B 05:58 06:00-06:20 GE2:intact:9:GE1"},
		{"take-back", "6GE1-A"},
		{"take-back", "6GE1-B"},
		{"connected", ""},
	};
	const size_t which = roll(dice, COUNT(news));
	char line[200];

	snprintf(line, sizeof(line), "#! %s %.9f %s", news[which][0], at_s, news[which][1]);
	assert_true(replay_hear(replay, line));
}

/* What officers do. */
static void any_act(struct replay *replay, struct dice *dice, double at_s)
{
	static const char *const acts[][2] = {
		{"reseal", "- o.b GE1 GE2 looked inside"},
		{"reseal", "6GE1-A o.b GE1 GE3 looked inside"},
		{"reseal", "6GE1-A o.b GE3 GE1 the old one again"},
		{"control", "6GE1-A o.b begin chosen"},
		{"control", "6GE1-A o.b end A1 nothing"},
		{"release", "6GE1-A o.b paid"},
		{"send", "6GE1-A o.b tr-hopa the road is closed"},
		{"incident", "6GE1-B o.b 3 another lorry"},
	};
	const size_t which = roll(dice, COUNT(acts));
	char line[200];

	snprintf(line, sizeof(line), "%s %.9f %s", acts[which][0], at_s, acts[which][1]);
	replay_act(replay, line);
}

/* The registry answers, or an officer says or does something. */
static void any_word(struct replay *replay, struct dice *dice)
{
	static const char *const resources[] = {"consignment/6GE1-B route.wrong-checkpoint",
						"entry-1/boom barrier.forced",
						"entry-1/reader seal.opened"};
	double at_s = (double)(replay->now.mono_ns - REPLAY_MONO_NS) / 1e9;
	char line[200];

	if (roll(dice, 4) == 0) {
		any_news(replay, dice, at_s);
	} else if (roll(dice, 5) == 0) {
		any_act(replay, dice, at_s);
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
	size_t bytes;
	struct replay replay = {.manner = manner};

	replay.out = open_memstream(&text, &bytes);
	fill_registry(&replay);
	replay_setup(&replay, setup->name);
	for (size_t i = 0; i < 400; i++) {
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
	size_t used;

	copy_member(line, end, "\"type\":", key, size);
	used = strlen(key);
	copy_member(line, end, "\"consignment\":{\"ucr\":", part, sizeof(part));
	if (part[0]) {
		snprintf(key + used, size - used, "%s", part);
		return;
	}
	for (size_t i = 0; i < COUNT(members); i++) {
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
 * boom, one behind and one beyond it, in each lane. Nothing is of one that was never opened. */
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
	assert_true(open <= 6);
}

static void any_readings_give_the_same_events_again_and_nothing_untrue(void **state)
{
	const char *rounds = getenv("RANDOM_ROUNDS");
	uint64_t count = rounds ? strtoull(rounds, NULL, 10) : 25, seed;

	(void)state;
	for (seed = 1; seed <= count; seed++) {
		for (size_t i = 0; i < setup_count; i++) {
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

	(void)state;
	for (seed = 1; seed <= count; seed++) {
		for (size_t i = 0; i < setup_count; i++) {
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
		cmocka_unit_test(any_readings_give_the_same_events_again_and_nothing_untrue),
		cmocka_unit_test(a_restart_at_any_moment_doubles_and_forgets_no_passage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
