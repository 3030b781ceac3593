/* The way between checkpoints by itself; in lanes and by the clock it is shown by the traces. */
#include "rig/unit.h"

#include "transit/checkpoint/redirect.h"
#include "transit/legs/departure.h"
#include "transit/legs/expectation.h"
#include "transit/legs/legs.h"
#include "transit/legs/visit.h"
#include "transit/sensor/sensor.h"

#define UTC	 (INT64_C(1772445000) * S)
#define MEMORIES 5000

struct kept {
	char key[MEMORY_KEY_BYTES], text[MEMORY_TEXT_BYTES];
};

struct site {
	struct teller teller;
	struct alarm_book book;
	struct legs *legs;
	struct legs_conf conf;
	char told[4096]; /* types, "+key" announced, "-key" taken back, "!key" in words */
	char state[1024]; /* the last one's */
	char body[EVENT_BODY_BYTES]; /* of the last event */
	struct kept *kept;
	size_t kept_count;
};

static const struct legs_conf conf = {
	.gateway = "gw1", .overdue_after_ns = 60 * S, .keep_ns = 3600 * S, .shortest_ns = 10 * S};

static void remember(struct site *site, const struct event_memory *memory)
{
	size_t i = 0;

	while (i < site->kept_count && strcmp(site->kept[i].key, memory->key) != 0)
		i++;
	if (!memory->text && i < site->kept_count)
		site->kept[i] = site->kept[--site->kept_count];
	if (!memory->text)
		return;
	assert_true(i < MEMORIES);
	if (i == site->kept_count)
		site->kept_count++;
	snprintf(site->kept[i].key, sizeof(site->kept[i].key), "%s", memory->key);
	snprintf(site->kept[i].text, sizeof(site->kept[i].text), "%s", memory->text);
}

static void put(void *data, const struct event_draft *draft)
{
	struct site *site = data;
	size_t used = strlen(site->told), room = sizeof(site->told) - used, i;

	for (i = 0; i < draft->memory_count; i++)
		remember(site, &draft->memories[i]);
	if (draft->type) {
		used += (size_t)snprintf(site->told + used, room, "%s ", draft->type->name);
		snprintf(site->body, sizeof(site->body), "%s", draft->body);
	}
	if (draft->state_key && used < sizeof(site->told))
		snprintf(site->told + used, sizeof(site->told) - used, "%c%s ",
			 !draft->state_over	   ? '+'
			 : draft->state_bytes == 0 ? '-'
						   : '!',
			 strrchr(draft->state_key, '/') + 1);
	if (draft->state_key)
		snprintf(site->state, sizeof(site->state), "%s%.*s", draft->state_key,
			 (int)draft->state_bytes, draft->state_bytes > 0 ? draft->state : "");
}

static void begin(struct site *site)
{

	site->teller.sink = (struct event_sink){.data = site, .put = put};
	alarm_book_fini(&site->book);
	memset(&site->book, 0, sizeof(site->book));
	alarm_book_init(&site->book, &(struct alarm_delay){0});
	assert_int_equal(legs_new(&site->conf, "here", &site->book, &site->legs), 0);
	for (size_t i = 0; i < site->kept_count; i++)
		legs_recall(site->legs, site->kept[i].key, site->kept[i].text);
	legs_start(site->legs, &site->teller);
}

static struct site *open_site_as(bool signs, bool require)
{
	struct site *site = calloc(1, sizeof(*site));

	assert_non_null(site);
	site->conf = conf;
	site->conf.signs = signs;
	site->conf.require = require;
	site->kept = calloc(MEMORIES, sizeof(site->kept[0]));
	assert_non_null(site->kept);
	site->teller.now = (struct instant){.utc_ns = UTC, .clock = CLOCK_SYNCED};
	begin(site);
	return site;
}

static struct site *open_site(void)
{
	return open_site_as(false, false);
}

static void close_site(struct site *site)
{
	legs_free(site->legs);
	alarm_book_fini(&site->book);
	free(site->kept);
	free(site);
}

static void restart(struct site *site)
{
	legs_free(site->legs);
	begin(site);
}

static void at(struct site *site, int64_t seconds)
{
	site->teller.now.mono_ns = seconds * S;
	site->teller.now.utc_ns = UTC + seconds * S;
}

static void tick_at(struct site *site, int64_t seconds)
{
	at(site, seconds);
	legs_tick(site->legs, &site->teller);
}

static void expect(struct site *site, const char *told)
{
	assert_string_equal(site->told, told);
	site->told[0] = '\0';
}

static struct legs_custody custody(const struct site *site, const char *ucr, int64_t openings)
{
	struct legs_custody custody = {
		.place = {.lane = "lane", .passage = "p1", .at_mono_ns = site->teller.now.mono_ns},
		.ucr = ucr,
		.part = "",
		.id = ucr,
		.rule = "seal",
		.seals = {{.number = "S1", .openings = openings, .tamperings = LEG_NO_COUNTER}},
		.seal_count = 1,
		.complete = true,
	};

	return custody;
}

static void leave(struct site *site, const char *ucr, int64_t until_utc_ns)
{
	const struct itinerary_stop next = {"there", INT64_MIN, until_utc_ns, INT64_MAX};
	struct legs_custody leaving = custody(site, ucr, 3);

	legs_depart(site->legs, &site->teller, &leaving, &next);
}

static void arrive(struct site *site, const char *ucr, int64_t openings, bool final)
{
	struct legs_custody arriving = custody(site, ucr, openings);

	legs_check(site->legs, &site->teller, &arriving, final);
}

static enum legs_heard announce_signed(struct site *site, const char *ucr, int64_t departed_s,
				       char evicted_ucr[IDENTIFIER_BYTES],
				       enum handover_signature signature)
{
	struct handover handover = {
		.signature = signature,
		.from = "there",
		.to = "here",
		.gateway = "gw7",
		.departed_utc_ns = UTC + departed_s * S,
		.departed_clock = CLOCK_SYNCED,
		.expected_from_utc_ns = INT64_MIN,
		.expected_until_utc_ns = UTC + 600 * S,
		.expires_utc_ns = UTC + 4000 * S,
		.seals = {{.number = "S1", .openings = 3, .tamperings = -1}},
		.seal_count = 1,
	};

	snprintf(handover.ucr, sizeof(handover.ucr), "%s", ucr);
	return legs_announce(site->legs, &site->teller, &handover, evicted_ucr);
}

static enum legs_heard announce(struct site *site, const char *ucr, int64_t departed_s,
				char evicted_ucr[IDENTIFIER_BYTES])
{
	return announce_signed(site, ucr, departed_s, evicted_ucr, HANDOVER_NOT_JUDGED);
}

static enum legs_heard hear_signed(struct site *site, const char *ucr, int64_t departed_s,
				   enum handover_signature signature)
{
	char evicted_ucr[IDENTIFIER_BYTES];

	return announce_signed(site, ucr, departed_s, evicted_ucr, signature);
}

static enum legs_heard hear(struct site *site, const char *ucr, int64_t departed_s)
{
	char evicted_ucr[IDENTIFIER_BYTES];

	return announce(site, ucr, departed_s, evicted_ucr);
}

/* The reader is down at the arrival and at the departure. */
static void a_counter_that_nobody_could_read_here_is_handed_on_as_it_was_known(void **state)
{
	const struct itinerary_stop next = {"beyond", INT64_MIN, UTC + 9000 * S, INT64_MAX};
	struct site *site = open_site();
	struct legs_custody blind = custody(site, "A", -1);

	(void)state;
	assert_int_equal(hear(site, "A", -100), LEGS_EXPECTED);
	blind.seals[0].state = LEG_SEAL_UNKNOWN;
	blind.seal_count = 0;
	blind.unread = 1;
	blind.complete = false;
	legs_check(site->legs, &site->teller, &blind, true);
	expect(site, "leg.arrived leg.unknown -A ");
	restart(site);
	expect(site, "-A ");
	blind.seals[0].openings = -1;
	legs_depart(site->legs, &site->teller, &blind, &next);
	expect(site, "leg.departed +A ");
	assert_non_null(strstr(site->body, "\"state\":\"unknown\",\"open\":3,"));
	assert_non_null(strstr(site->body, "\"counted\":{\"checkpoint\":\"there\","));
	close_site(site);
}

static void what_left_is_announced_once_more_by_each_restart_until_it_expires(void **state)
{
	struct site *site = open_site();

	(void)state;
	leave(site, "A", UTC + 100 * S);
	expect(site, "leg.departed +A ");
	restart(site);
	expect(site, "+A ");
	tick_at(site, 100 + 60 + 3600 - 1);
	expect(site, "");
	tick_at(site, 100 + 60 + 3600);
	expect(site, "-A ");
	restart(site);
	expect(site, "-A ");
	tick_at(site, 100 + 60 + 3600 + 7 * 86400);
	restart(site);
	expect(site, "");
	assert_int_equal(site->kept_count, 0);
	assert_true(legs_deadline(site->legs, &site->teller) == INT64_MAX);
	close_site(site);
}

static void without_a_clock_what_left_expires_after_it_was_set(void **state)
{
	struct site *site = open_site();

	(void)state;
	site->teller.now.clock = CLOCK_UNSYNCED;
	leave(site, "A", INT64_MAX);
	expect(site, "leg.departed +A ");
	tick_at(site, 100 * 86400);
	expect(site, "");
	site->teller.now.clock = CLOCK_SYNCED;
	tick_at(site, 100 * 86400);
	expect(site, "+A "); /* with the time of its expiry */
	tick_at(site, 100 * 86400 + 3660);
	expect(site, "-A ");
	close_site(site);
}

static void a_second_departure_takes_the_place_of_the_first(void **state)
{
	struct site *site = open_site();

	(void)state;
	leave(site, "A", INT64_MAX);
	leave(site, "A", INT64_MAX); /* the same one */
	expect(site, "leg.departed +A ");
	at(site, 50);
	leave(site, "A", INT64_MAX);
	expect(site, "-A leg.departed +A ");
	assert_int_equal(site->kept_count, 1);
	close_site(site);
}

static void the_one_that_left_first_gives_way_when_there_is_no_room(void **state)
{
	struct site *site = open_site();
	char ucr[32];

	(void)state;
	for (int i = 0; i < DEPARTURES_MAX; i++) {
		at(site, i);
		snprintf(ucr, sizeof(ucr), "A%d", i);
		leave(site, ucr, INT64_MAX);
		assert_null(strstr(site->body, "gave_way"));
		site->told[0] = '\0';
	}
	leave(site, "B", INT64_MAX);
	expect(site, "-A0 leg.departed +B ");
	assert_non_null(strstr(site->body, "\"gave_way\":\"A0\""));
	assert_int_equal(site->kept_count, DEPARTURES_MAX);
	close_site(site);
}

static void the_first_expectation_gives_way_when_there_is_no_room(void **state)
{
	char ucr[32], evicted_ucr[IDENTIFIER_BYTES];
	struct site *site = open_site();

	(void)state;
	for (int i = 0; i < EXPECTATIONS_MAX; i++) {
		snprintf(ucr, sizeof(ucr), "A%d", i);
		assert_int_equal(announce(site, ucr, -1000 + i, evicted_ucr), LEGS_EXPECTED);
		assert_string_equal(evicted_ucr, "");
	}
	assert_int_equal(announce(site, "B", 0, evicted_ucr), LEGS_EXPECTED);
	assert_string_equal(evicted_ucr, "A0");
	assert_null(legs_came_from(site->legs, "A0"));
	assert_string_equal(legs_came_from(site->legs, "B"), "there");
	assert_int_equal(site->kept_count, EXPECTATIONS_MAX);
	restart(site);
	assert_string_equal(legs_came_from(site->legs, "A1"), "there");
	close_site(site);
}

static void the_oldest_visit_gives_way_when_there_is_no_room(void **state)
{
	struct site *site = open_site();
	char ucr[32];

	(void)state;
	for (int i = 0; i <= VISITS_MAX; i++) {
		site->teller.now.mono_ns = i * (S / 8);
		site->teller.now.utc_ns = UTC + site->teller.now.mono_ns;
		snprintf(ucr, sizeof(ucr), "A%d", i);
		arrive(site, ucr, 3, true);
	}
	expect(site, "memory.gave-way ");
	assert_non_null(strstr(site->body, "\"kind\":\"arrival\",\"what\":\"A0\""));
	assert_int_equal(site->kept_count, VISITS_MAX);
	assert_int_equal(hear(site, "A0", -100), LEGS_EXPECTED); /* no longer known */
	assert_int_equal(hear(site, "A1", -100), LEGS_ARRIVED);
	expect(site, "leg.arrived -A1 ");
	close_site(site);
}

static void an_arrival_is_judged_when_all_is_seen_and_only_once(void **state)
{
	struct site *site = open_site();

	(void)state;
	assert_int_equal(hear(site, "A", -500), LEGS_EXPECTED);
	assert_int_equal(hear(site, "A", -500), LEGS_KNOWN);
	arrive(site, "A", -1, false); /* its counter is still to come */
	expect(site, "");
	arrive(site, "A", 4, false);
	expect(site, "leg.arrived leg.broken -A ");
	arrive(site, "A", 5, true);
	restart(site);
	expect(site, "-A "); /* nobody said that it was heard */
	arrive(site, "A", 5, true);
	assert_int_equal(hear(site, "A", -500), LEGS_ARRIVED);
	expect(site, "-A ");
	legs_withdraw(site->legs, &site->teller, "A", NULL);
	restart(site);
	expect(site, "");
	assert_int_equal(hear(site, "A", -500), LEGS_ARRIVED);
	expect(site, "-A ");
	close_site(site);
}

static void what_returns_is_a_new_arrival(void **state)
{
	struct site *site = open_site();

	(void)state;
	(void)hear(site, "A", -500);
	arrive(site, "A", 3, true);
	expect(site, "leg.arrived -A ");
	at(site, 10);
	leave(site, "A", INT64_MAX);
	expect(site, "leg.departed +A ");
	at(site, 1000);
	assert_int_equal(hear(site, "A", 900), LEGS_EXPECTED);
	arrive(site, "A", 3, true);
	expect(site, "leg.arrived -A ");
	close_site(site);
}

static void what_arrived_before_the_clock_was_set_is_remembered_from_then(void **state)
{
	struct site *site = open_site();

	(void)state;
	assert_int_equal(hear(site, "A", -500), LEGS_EXPECTED);
	site->teller.now.clock = CLOCK_UNSYNCED;
	arrive(site, "A", 3, true);
	expect(site, "leg.arrived -A ");
	site->teller.now.clock = CLOCK_SYNCED;
	tick_at(site, 100 * 86400);
	assert_int_equal(hear(site, "A", -500), LEGS_ARRIVED);
	tick_at(site, 101 * 86400);
	tick_at(site, 101 * 86400 + 1);
	assert_int_not_equal(hear(site, "A", -500), LEGS_ARRIVED);
	close_site(site);
}

/* Of a vehicle with more seals than are compared. */
static void arrive_with_more(struct site *site, const char *ucr)
{
	struct legs_custody arriving = custody(site, ucr, 3);

	snprintf(arriving.seals[0].number, sizeof(arriving.seals[0].number), "S2");
	arriving.seals_more = 1;
	legs_check(site->legs, &site->teller, &arriving, true);
}

static void a_seal_among_those_left_out_is_unknown_and_not_missing(void **state)
{
	struct site *site = open_site();

	(void)state;
	(void)hear(site, "A", -500);
	arrive_with_more(site, "A");
	expect(site, "leg.arrived leg.unknown -A ");
	assert_non_null(strstr(site->body, "{\"number\":\"S1\",\"result\":\"unknown\""));
	arrive_with_more(site, "B");
	restart(site);
	site->told[0] = '\0';
	assert_int_equal(hear(site, "B", -500), LEGS_ARRIVED);
	expect(site, "leg.arrived leg.unknown -B ");
	assert_non_null(strstr(site->body, "{\"number\":\"S1\",\"result\":\"unknown\""));
	close_site(site);
}

static void an_older_announcement_does_not_take_the_place_of_a_newer_one(void **state)
{
	struct site *site = open_site();

	(void)state;
	(void)hear(site, "A", -100);
	(void)hear(site, "A", -200);
	assert_true(legs_announced(site->legs, "A")->departed_utc_ns == UTC - 100 * S);
	(void)hear(site, "A", -50);
	assert_true(legs_announced(site->legs, "A")->departed_utc_ns == UTC - 50 * S);
	close_site(site);
}

static void what_is_here_is_not_overdue_while_its_seals_are_looked_at(void **state)
{
	struct site *site = open_site();

	(void)state;
	(void)hear(site, "A", -100);
	legs_set_here(site->legs, "A", true);
	tick_at(site, 700);
	expect(site, "");
	legs_set_here(site->legs, "A", false); /* it backed out */
	tick_at(site, 710);
	expect(site, "leg.overdue ");
	restart(site);
	tick_at(site, 720);
	expect(site, "");
	tick_at(site, 4000);
	assert_null(legs_announced(site->legs, "A"));
	assert_int_equal(site->kept_count, 0);
	close_site(site);
}

static void a_seal_is_too_fast_only_by_clocks_that_were_set(void **state)
{
	struct site *site = open_site();
	struct instant at = {.utc_ns = UTC - 1 * S, .clock = CLOCK_SYNCED};

	(void)state;
	(void)hear(site, "A", -10);
	assert_true(legs_too_fast(site->legs, "S1", &at));
	assert_false(legs_too_fast(site->legs, "S2", &at));
	at.utc_ns = UTC;
	assert_false(legs_too_fast(site->legs, "S1", &at));
	at = (struct instant){.utc_ns = UTC - 1 * S, .clock = CLOCK_UNSYNCED};
	assert_false(legs_too_fast(site->legs, "S1", &at));
	close_site(site);
}

static void memories_that_make_no_sense_are_passed_over(void **state)
{
	static const char *const texts[] = {"", "1", "2 0 a b c", "1 0 A there here gw7 seal x"};
	static const char *const keys[] = {"sent/A", "expect/A", "visit/A", "stay/A"};
	struct site *site = open_site();
	size_t k;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		for (k = 0; k < 4; k++)
			legs_recall(site->legs, keys[i], texts[k]);
	legs_start(site->legs, &site->teller);
	expect(site, "");
	assert_true(legs_deadline(site->legs, &site->teller) == INT64_MAX);
	close_site(site);
}

/* ---- redirected ---------------------------------------------------------------------- */

static int note_question(void *data, const struct registry_question *question)
{
	*(struct registry_question *)data = *question;
	return 0;
}

/* The registry changes, and says that the way leads from here to that checkpoint. */
static void redirect_to(struct site *site, struct redirect *redirect, const char *next)
{
	struct registry_question question = {0};
	const struct registry_questions questions = {.data = &question, .ask = note_question};
	const struct itinerary_stop stops[] = {{"here", INT64_MIN, INT64_MAX, INT64_MAX},
					       {next, INT64_MIN, UTC + 900 * S, INT64_MAX}};
	const struct consignment consignment = {.ucr = "A", .stops = stops, .stop_count = 2};
	const struct dossier dossier = {.consignment = &consignment};
	struct registry_answer answer = {.dossiers = &dossier, .dossier_count = 1, .found = 1};
	uint64_t tags = 7;

	redirect_begin(redirect, site->legs, site->teller.now.mono_ns);
	redirect_ask(redirect, site->legs, &questions, &tags, site->teller.now.mono_ns);
	assert_string_equal(question.text, "A");
	answer.tag = question.tag;
	assert_true(redirect_answer(redirect, site->legs, &site->teller, "here", &answer));
	assert_false(redirect_answer(redirect, site->legs, &site->teller, "here", &answer));
}

static void an_announcement_follows_the_itinerary(void **state)
{
	struct site *site = open_site();
	struct redirect redirect = {0};

	(void)state;
	leave(site, "A", UTC + 600 * S);
	expect(site, "leg.departed +A ");
	at(site, 20);
	redirect_to(site, &redirect, "there");
	expect(site, "");
	at(site, 40);
	redirect_to(site, &redirect, "elsewhere");
	expect(site, "!A leg.redirected +A ");
	assert_non_null(strstr(site->body, "\"instead_of\":\"there\""));
	assert_non_null(strstr(site->body, "\"to\":\"elsewhere\""));
	assert_int_equal(site->kept_count, 2);
	restart(site);
	assert_non_null(strstr(site->told, "!A "));
	assert_non_null(strstr(site->told, "+A "));
	tick_at(site, 4270); /* the word is over */
	tick_at(site, 4600 + 7 * 86400);
	assert_int_equal(site->kept_count, 1); /* the one elsewhere, 300 s later */
	close_site(site);
}

static void what_goes_elsewhere_is_taken_back_by_a_word_as_long_as_it_would_be_waited_for(
	void **state)
{
	struct site *site = open_site_as(true, false);
	struct redirect redirect = {0};

	(void)state;
	leave(site, "A", UTC + 600 * S);
	at(site, 40);
	redirect_to(site, &redirect, "elsewhere");
	expect(site, "leg.departed +A !A leg.redirected +A ");
	restart(site);
	assert_non_null(strstr(site->told, "!A "));
	site->told[0] = '\0';
	tick_at(site, 4260 + 1);
	expect(site, "-A ");
	assert_string_equal(site->state, "@handover/there/A");
	close_site(site);
}

static void what_goes_back_is_announced_there_and_nothing_takes_it_back(void **state)
{
	struct site *site = open_site_as(true, false);
	struct redirect redirect = {0};

	(void)state;
	leave(site, "A", UTC + 600 * S);
	at(site, 40);
	redirect_to(site, &redirect, "elsewhere");
	at(site, 80);
	redirect_to(site, &redirect, "there");
	assert_int_equal(site->kept_count, 2);
	site->told[0] = '\0';
	restart(site);
	assert_non_null(strstr(site->told, "+A "));
	assert_non_null(strstr(site->told, "!A "));
	assert_null(strstr(strstr(site->told, "!A ") + 1, "!A "));
	close_site(site);
}

static void what_arrived_is_taken_back_by_a_word_that_names_the_departure(void **state)
{
	struct site *site = open_site_as(true, false);
	const char word[] = "@handover/here/A\"ucr\":\"A\",\"to\":\"here\",\"takes_back\":{"
			    "\"from\":\"there\",\"departed\":\"2026-03-02T09:41:40.000000Z\","
			    "\"because\":\"arrived\"}";

	(void)state;
	hear(site, "A", -500);
	arrive(site, "A", 3, false);
	expect(site, "leg.arrived !A ");
	assert_string_equal(site->state, word);
	restart(site);
	expect(site, "!A ");
	assert_string_equal(site->state, word);
	close_site(site);
}

/* by: the checkpoint that says so. */
static enum legs_heard take_back(struct site *site, int64_t departed_s, const char *by,
				 enum handover_signature signature)
{
	struct handover word = {
		.ucr = "A",
		.from = "there",
		.to = "here",
		.departed_utc_ns = UTC + departed_s * S,
		.signature = signature,
	};

	snprintf(word.taken_back_by, sizeof(word.taken_back_by), "%s", by);
	return legs_withdraw(site->legs, &site->teller, "A", &word);
}

static void where_signatures_are_required_only_a_signed_word_takes_back(void **state)
{
	struct site *site = open_site_as(true, true);

	(void)state;
	for (int i = 0; i < 2; i++) {
		const char *by = i == 0 ? "there" : "here";

		assert_int_equal(hear_signed(site, "A", i - 500, HANDOVER_SIGNED), LEGS_EXPECTED);
		assert_int_equal(legs_withdraw(site->legs, &site->teller, "A", NULL), LEGS_REFUSED);
		for (enum handover_signature s = 0; s < HANDOVER_SIGNATURES; s++)
			if (s != HANDOVER_SIGNED)
				assert_int_equal(take_back(site, i - 500, by, s), LEGS_REFUSED);
		assert_int_equal(take_back(site, -600, by, HANDOVER_SIGNED), LEGS_REFUSED);
		assert_int_equal(take_back(site, i - 500, "another", HANDOVER_SIGNED),
				 LEGS_REFUSED);
		legs_connected(site->legs, &site->teller);
		tick_at(site, 130 + i); /* nothing is heard of it any more */
		assert_string_equal(legs_came_from(site->legs, "A"), "there");
		assert_int_equal(take_back(site, i - 500, by, HANDOVER_SIGNED), LEGS_WITHDRAWN);
		assert_null(legs_came_from(site->legs, "A"));
	}
	expect(site, "");
	close_site(site);
}

static void what_was_taken_back_before_it_was_heard_of_is_not_waited_for(void **state)
{
	struct site *site = open_site_as(false, true);

	(void)state;
	assert_int_equal(take_back(site, -500, "there", HANDOVER_UNSIGNED), LEGS_KNOWN);
	assert_int_equal(hear_signed(site, "A", -500, HANDOVER_SIGNED), LEGS_EXPECTED);
	assert_int_equal(take_back(site, -500, "there", HANDOVER_SIGNED), LEGS_WITHDRAWN);
	restart(site);
	assert_int_equal(hear_signed(site, "A", -500, HANDOVER_SIGNED), LEGS_ARRIVED);
	assert_int_equal(hear_signed(site, "A", 5, HANDOVER_SIGNED),
			 LEGS_EXPECTED); /* it left again */
	close_site(site);
}

static void a_word_of_another_departure_takes_nothing_back(void **state)
{
	struct site *site = open_site();

	(void)state;
	hear(site, "A", -500);
	assert_int_equal(take_back(site, -600, "there", HANDOVER_NOT_JUDGED), LEGS_REFUSED);
	assert_int_equal(take_back(site, -500, "there", HANDOVER_NOT_JUDGED), LEGS_WITHDRAWN);
	close_site(site);
}

/* From "there", whence it was to come here. */
static enum legs_heard send_elsewhere(struct site *site, int64_t departed_s, const char *instead,
				      enum handover_signature signature)
{
	struct handover word = {
		.ucr = "A",
		.from = "there",
		.to = "here",
		.gateway = "gw2",
		.taken_back_by = "there",
		.departed_utc_ns = UTC + departed_s * S,
		.departed_clock = CLOCK_SYNCED,
		.expected_from_utc_ns = INT64_MIN,
		.expected_until_utc_ns = INT64_MAX,
		.signature = signature,
	};

	snprintf(word.instead, sizeof(word.instead), "%s", instead);
	return legs_withdraw(site->legs, &site->teller, "A", &word);
}

static void where_it_does_not_come_any_more_that_is_told_once(void **state)
{
	struct site *site = open_site();

	(void)state;
	hear(site, "A", -500);
	assert_null(legs_sent_to(site->legs, "A"));
	assert_int_equal(send_elsewhere(site, -500, "poti", HANDOVER_NOT_JUDGED), LEGS_WITHDRAWN);
	expect(site, "leg.redirected ");
	assert_non_null(strstr(site->body, "\"instead_of\":\"here\",\"leg\":{\"from\":\"there\","
					   "\"to\":\"poti\",\"gateway\":\"gw2\""));
	assert_null(legs_came_from(site->legs, "A"));
	restart(site);
	assert_string_equal(legs_sent_to(site->legs, "A"), "poti");
	assert_int_equal(send_elsewhere(site, -500, "poti", HANDOVER_NOT_JUDGED), LEGS_KNOWN);
	expect(site, "");
	/* and here after all */
	assert_int_equal(hear_signed(site, "A", -500, HANDOVER_NOT_JUDGED), LEGS_EXPECTED);
	assert_null(legs_sent_to(site->legs, "A"));
	assert_string_equal(legs_came_from(site->legs, "A"), "there");
	close_site(site);
}

static void it_is_told_too_where_nothing_had_been_announced(void **state)
{
	struct site *site = open_site();

	(void)state;
	assert_int_equal(send_elsewhere(site, -500, "poti", HANDOVER_UNSIGNED), LEGS_KNOWN);
	expect(site, ""); /* of one whose key is known */
	assert_int_equal(send_elsewhere(site, -500, "here", HANDOVER_NOT_JUDGED), LEGS_KNOWN);
	expect(site, "");
	assert_int_equal(send_elsewhere(site, -500, "poti", HANDOVER_NOT_JUDGED), LEGS_KNOWN);
	expect(site, "leg.redirected ");
	assert_string_equal(legs_sent_to(site->legs, "A"), "poti");
	close_site(site);
}

static void departures_are_asked_about_in_rounds_with_a_rest_between(void **state)
{
	struct site *site = open_site();
	struct redirect redirect = {0};

	(void)state;
	redirect_begin(&redirect, site->legs, S);
	assert_true(redirect_deadline(&redirect) == INT64_MAX); /* nothing is under way */
	leave(site, "A", UTC + 600 * S);
	at(site, 20);
	redirect_to(site, &redirect, "there");
	redirect_begin(&redirect, site->legs, 21 * S);
	assert_int_equal(redirect.left, 0);
	assert_true(redirect_deadline(&redirect) == 30 * S);
	close_site(site);
}

static void what_is_not_rightly_signed_raises_nothing(void **state)
{
	static const enum handover_signature doubtful[] = {
		HANDOVER_UNSIGNED, HANDOVER_WRONGLY_SIGNED, HANDOVER_STRANGELY_SIGNED};

	(void)state;
	for (size_t i = 0; i < sizeof(doubtful) / sizeof(doubtful[0]); i++) {
		struct site *site = open_site();

		assert_int_equal(hear_signed(site, "A", -5, doubtful[i]), LEGS_EXPECTED);
		expect(site, "leg.unsigned ");
		assert_int_equal(hear_signed(site, "A", -5, doubtful[i]), LEGS_KNOWN);
		restart(site);
		expect(site, ""); /* it is known as what it is */
		assert_false(legs_too_fast(site->legs, "S1", &site->teller.now));
		assert_null(legs_came_from(site->legs, "A"));
		tick_at(site, 3000);
		expect(site, ""); /* not overdue */
		arrive(site, "A", 5, false); /* the counter has moved */
		expect(site, "leg.arrived leg.unknown -A ");
		assert_non_null(strstr(site->body, "\"continuity\":\"unknown\""));
		assert_non_null(strstr(site->body, "\"result\":\"reopened\""));
		assert_non_null(strstr(site->body, "\"duration_ms\":null"));
		assert_int_equal(site->book.count, 0);
		close_site(site);
	}
}

static void the_signed_one_counts_whichever_comes_first(void **state)
{
	struct site *site = open_site();

	(void)state;
	assert_int_equal(hear_signed(site, "A", -500, HANDOVER_SIGNED), LEGS_EXPECTED);
	hear_signed(site, "A", -400, HANDOVER_WRONGLY_SIGNED); /* newer */
	hear_signed(site, "A", -300, HANDOVER_NOT_JUDGED);
	hear_signed(site, "B", -400, HANDOVER_WRONGLY_SIGNED);
	hear_signed(site, "B", -500, HANDOVER_SIGNED); /* older */
	hear_signed(site, "C", -500, HANDOVER_WRONGLY_SIGNED);
	hear_signed(site, "C", -500, HANDOVER_SIGNED); /* of the same departure */
	expect(site, "leg.unsigned leg.unsigned leg.unsigned ");
	restart(site);
	for (const char *ucr = "A\0B\0C\0"; *ucr; ucr += 2) {
		arrive(site, ucr, 5, false);
		assert_non_null(strstr(site->body, "\"signature\":\"good\""));
		assert_non_null(strstr(site->body, "\"duration_ms\":500000"));
	}
	expect(site,
	       "leg.arrived leg.broken -A leg.arrived leg.broken -B leg.arrived leg.broken -C ");
	close_site(site);
}

static void a_signed_one_is_compared_late_though_another_was_there_at_the_arrival(void **state)
{
	struct site *site = open_site();

	(void)state;
	hear_signed(site, "A", -500, HANDOVER_UNSIGNED);
	arrive(site, "A", 5, false);
	expect(site, "leg.unsigned leg.arrived leg.unknown -A ");
	hear_signed(site, "A", -400, HANDOVER_UNSIGNED);
	expect(site, "leg.unsigned -A ");
	assert_int_equal(hear_signed(site, "A", -500, HANDOVER_SIGNED), LEGS_ARRIVED);
	expect(site, "leg.arrived leg.broken -A ");
	assert_non_null(strstr(site->body, "\"late\":true"));
	hear_signed(site, "A", -500, HANDOVER_SIGNED);
	expect(site, "-A ");
	close_site(site);
}

static void many_that_are_not_signed_are_told_by_five_in_a_minute_and_make_none_give_way(
	void **state)
{
	struct site *site = open_site();
	char ucr[32];

	(void)state;
	hear_signed(site, "A", -1000, HANDOVER_SIGNED);
	for (int i = 0; i < EXPECTATIONS_MAX + 7; i++) {
		snprintf(ucr, sizeof(ucr), "X%d", i);
		hear_signed(site, ucr, -900, HANDOVER_UNSIGNED);
	}
	assert_string_equal(legs_came_from(site->legs, "A"), "there");
	at(site, 60);
	hear_signed(site, "Y", -900, HANDOVER_UNSIGNED);
	assert_non_null(strstr(site->body, "\"more\":4098"));
	hear_signed(site, "B", -1000, HANDOVER_SIGNED);
	assert_string_equal(legs_came_from(site->legs, "B"), "there");
	close_site(site);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_counter_that_nobody_could_read_here_is_handed_on_as_it_was_known),
		cmocka_unit_test(what_left_is_announced_once_more_by_each_restart_until_it_expires),
		cmocka_unit_test(without_a_clock_what_left_expires_after_it_was_set),
		cmocka_unit_test(a_second_departure_takes_the_place_of_the_first),
		cmocka_unit_test(the_one_that_left_first_gives_way_when_there_is_no_room),
		cmocka_unit_test(the_first_expectation_gives_way_when_there_is_no_room),
		cmocka_unit_test(the_oldest_visit_gives_way_when_there_is_no_room),
		cmocka_unit_test(an_arrival_is_judged_when_all_is_seen_and_only_once),
		cmocka_unit_test(what_returns_is_a_new_arrival),
		cmocka_unit_test(what_arrived_before_the_clock_was_set_is_remembered_from_then),
		cmocka_unit_test(a_seal_among_those_left_out_is_unknown_and_not_missing),
		cmocka_unit_test(an_older_announcement_does_not_take_the_place_of_a_newer_one),
		cmocka_unit_test(what_is_here_is_not_overdue_while_its_seals_are_looked_at),
		cmocka_unit_test(a_seal_is_too_fast_only_by_clocks_that_were_set),
		cmocka_unit_test(memories_that_make_no_sense_are_passed_over),
		cmocka_unit_test(an_announcement_follows_the_itinerary),
		cmocka_unit_test(
			what_goes_elsewhere_is_taken_back_by_a_word_as_long_as_it_would_be_waited_for),
		cmocka_unit_test(what_goes_back_is_announced_there_and_nothing_takes_it_back),
		cmocka_unit_test(what_arrived_is_taken_back_by_a_word_that_names_the_departure),
		cmocka_unit_test(where_signatures_are_required_only_a_signed_word_takes_back),
		cmocka_unit_test(what_was_taken_back_before_it_was_heard_of_is_not_waited_for),
		cmocka_unit_test(a_word_of_another_departure_takes_nothing_back),
		cmocka_unit_test(where_it_does_not_come_any_more_that_is_told_once),
		cmocka_unit_test(it_is_told_too_where_nothing_had_been_announced),
		cmocka_unit_test(departures_are_asked_about_in_rounds_with_a_rest_between),
		cmocka_unit_test(what_is_not_rightly_signed_raises_nothing),
		cmocka_unit_test(the_signed_one_counts_whichever_comes_first),
		cmocka_unit_test(
			a_signed_one_is_compared_late_though_another_was_there_at_the_arrival),
		cmocka_unit_test(
			many_that_are_not_signed_are_told_by_five_in_a_minute_and_make_none_give_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
