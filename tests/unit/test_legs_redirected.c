/* What goes elsewhere than was announced, and what takes an announcement back. */
#include "rig/legs_rig.h"

#include "transit/checkpoint/redirect.h"

static int note_question(void *data, const struct registry_question *question)
{
	*(struct registry_question *)data = *question;
	return 0;
}

/* The registry changes, and says that the way leads from here to that checkpoint. */
static void redirect_to(struct legs_rig *site, struct redirect *redirect, const char *next)
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
	struct legs_rig *site = legs_rig_open();
	struct redirect redirect = {0};

	(void)state;
	legs_rig_leave(site, "A", UTC + 600 * S);
	legs_rig_expect(site, "leg.departed +A ");
	legs_rig_at(site, 20);
	redirect_to(site, &redirect, "there");
	legs_rig_expect(site, "");
	legs_rig_at(site, 40);
	redirect_to(site, &redirect, "elsewhere");
	legs_rig_expect(site, "!A leg.redirected +A ");
	assert_non_null(strstr(site->body, "\"instead_of\":\"there\""));
	assert_non_null(strstr(site->body, "\"to\":\"elsewhere\""));
	assert_int_equal(site->kept_count, 2);
	legs_rig_restart(site);
	assert_non_null(strstr(site->told, "!A "));
	assert_non_null(strstr(site->told, "+A "));
	legs_rig_tick_at(site, 4270); /* the word is over */
	legs_rig_tick_at(site, 4600 + 7 * 86400);
	assert_int_equal(site->kept_count, 1); /* the one elsewhere, 300 s later */
	legs_rig_close(site);
}

static void what_goes_elsewhere_is_taken_back_by_a_word_as_long_as_it_would_be_waited_for(
	void **state)
{
	struct legs_rig *site = legs_rig_open_as(true, false);
	struct redirect redirect = {0};

	(void)state;
	legs_rig_leave(site, "A", UTC + 600 * S);
	legs_rig_at(site, 40);
	redirect_to(site, &redirect, "elsewhere");
	legs_rig_expect(site, "leg.departed +A !A leg.redirected +A ");
	legs_rig_restart(site);
	assert_non_null(strstr(site->told, "!A "));
	site->told[0] = '\0';
	legs_rig_tick_at(site, 4260 + 1);
	legs_rig_expect(site, "-A ");
	assert_string_equal(site->state, "@handover/there/A");
	legs_rig_close(site);
}

static void what_goes_back_is_announced_there_and_nothing_takes_it_back(void **state)
{
	struct legs_rig *site = legs_rig_open_as(true, false);
	struct redirect redirect = {0};

	(void)state;
	legs_rig_leave(site, "A", UTC + 600 * S);
	legs_rig_at(site, 40);
	redirect_to(site, &redirect, "elsewhere");
	legs_rig_at(site, 80);
	redirect_to(site, &redirect, "there");
	assert_int_equal(site->kept_count, 2);
	site->told[0] = '\0';
	legs_rig_restart(site);
	assert_non_null(strstr(site->told, "+A "));
	assert_non_null(strstr(site->told, "!A "));
	assert_null(strstr(strstr(site->told, "!A ") + 1, "!A "));
	legs_rig_close(site);
}

static void what_arrived_is_taken_back_by_a_word_that_names_the_departure(void **state)
{
	struct legs_rig *site = legs_rig_open_as(true, false);
	const char word[] = "@handover/here/A\"ucr\":\"A\",\"to\":\"here\",\"takes_back\":{"
			    "\"from\":\"there\",\"departed\":\"2026-03-02T09:41:40.000000Z\","
			    "\"because\":\"arrived\"}";

	(void)state;
	legs_rig_hear(site, "A", -500);
	legs_rig_arrive(site, "A", 3, false);
	legs_rig_expect(site, "leg.arrived !A ");
	assert_string_equal(site->state, word);
	legs_rig_restart(site);
	legs_rig_expect(site, "!A ");
	assert_string_equal(site->state, word);
	legs_rig_close(site);
}

/* by: the checkpoint that says so. */
static enum legs_heard take_back(struct legs_rig *site, int64_t departed_s, const char *by,
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
	struct legs_rig *site = legs_rig_open_as(true, true);

	(void)state;
	for (int i = 0; i < 2; i++) {
		const char *by = i == 0 ? "there" : "here";

		assert_int_equal(legs_rig_hear_signed(site, "A", i - 500, HANDOVER_SIGNED),
				 LEGS_EXPECTED);
		assert_int_equal(legs_withdraw(site->legs, &site->teller, "A", NULL), LEGS_REFUSED);
		for (enum handover_signature s = 0; s < HANDOVER_SIGNATURES; s++)
			if (s != HANDOVER_SIGNED)
				assert_int_equal(take_back(site, i - 500, by, s), LEGS_REFUSED);
		assert_int_equal(take_back(site, -600, by, HANDOVER_SIGNED), LEGS_REFUSED);
		assert_int_equal(take_back(site, i - 500, "another", HANDOVER_SIGNED),
				 LEGS_REFUSED);
		legs_connected(site->legs, &site->teller);
		legs_rig_tick_at(site, 130 + i); /* nothing is heard of it any more */
		assert_string_equal(legs_came_from(site->legs, "A"), "there");
		assert_int_equal(take_back(site, i - 500, by, HANDOVER_SIGNED), LEGS_WITHDRAWN);
		assert_null(legs_came_from(site->legs, "A"));
	}
	legs_rig_expect(site, "");
	legs_rig_close(site);
}

static void what_was_taken_back_before_it_was_heard_of_is_not_waited_for(void **state)
{
	struct legs_rig *site = legs_rig_open_as(false, true);

	(void)state;
	assert_int_equal(take_back(site, -500, "there", HANDOVER_UNSIGNED), LEGS_KNOWN);
	assert_int_equal(legs_rig_hear_signed(site, "A", -500, HANDOVER_SIGNED), LEGS_EXPECTED);
	assert_int_equal(take_back(site, -500, "there", HANDOVER_SIGNED), LEGS_WITHDRAWN);
	legs_rig_restart(site);
	assert_int_equal(legs_rig_hear_signed(site, "A", -500, HANDOVER_SIGNED), LEGS_ARRIVED);
	assert_int_equal(legs_rig_hear_signed(site, "A", 5, HANDOVER_SIGNED),
			 LEGS_EXPECTED); /* it left again */
	legs_rig_close(site);
}

static void a_word_of_another_departure_takes_nothing_back(void **state)
{
	struct legs_rig *site = legs_rig_open();

	(void)state;
	legs_rig_hear(site, "A", -500);
	assert_int_equal(take_back(site, -600, "there", HANDOVER_NOT_JUDGED), LEGS_REFUSED);
	assert_int_equal(take_back(site, -500, "there", HANDOVER_NOT_JUDGED), LEGS_WITHDRAWN);
	legs_rig_close(site);
}

/* From "there", whence it was to come here. */
static enum legs_heard send_elsewhere(struct legs_rig *site, int64_t departed_s,
				      const char *instead, enum handover_signature signature)
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
	struct legs_rig *site = legs_rig_open();

	(void)state;
	legs_rig_hear(site, "A", -500);
	assert_null(legs_sent_to(site->legs, "A"));
	assert_int_equal(send_elsewhere(site, -500, "poti", HANDOVER_NOT_JUDGED), LEGS_WITHDRAWN);
	legs_rig_expect(site, "leg.redirected ");
	assert_non_null(strstr(site->body, "\"instead_of\":\"here\",\"leg\":{\"from\":\"there\","
					   "\"to\":\"poti\",\"gateway\":\"gw2\""));
	assert_null(legs_came_from(site->legs, "A"));
	legs_rig_restart(site);
	assert_string_equal(legs_sent_to(site->legs, "A"), "poti");
	assert_int_equal(send_elsewhere(site, -500, "poti", HANDOVER_NOT_JUDGED), LEGS_KNOWN);
	legs_rig_expect(site, "");
	/* and here after all */
	assert_int_equal(legs_rig_hear_signed(site, "A", -500, HANDOVER_NOT_JUDGED), LEGS_EXPECTED);
	assert_null(legs_sent_to(site->legs, "A"));
	assert_string_equal(legs_came_from(site->legs, "A"), "there");
	legs_rig_close(site);
}

static void it_is_told_too_where_nothing_had_been_announced(void **state)
{
	struct legs_rig *site = legs_rig_open();

	(void)state;
	assert_int_equal(send_elsewhere(site, -500, "poti", HANDOVER_UNSIGNED), LEGS_KNOWN);
	legs_rig_expect(site, ""); /* of one whose key is known */
	assert_int_equal(send_elsewhere(site, -500, "here", HANDOVER_NOT_JUDGED), LEGS_KNOWN);
	legs_rig_expect(site, "");
	assert_int_equal(send_elsewhere(site, -500, "poti", HANDOVER_NOT_JUDGED), LEGS_KNOWN);
	legs_rig_expect(site, "leg.redirected ");
	assert_string_equal(legs_sent_to(site->legs, "A"), "poti");
	legs_rig_close(site);
}

static void departures_are_asked_about_in_rounds_with_a_rest_between(void **state)
{
	struct legs_rig *site = legs_rig_open();
	struct redirect redirect = {0};

	(void)state;
	redirect_begin(&redirect, site->legs, S);
	assert_true(redirect_deadline(&redirect) == INT64_MAX); /* nothing is under way */
	legs_rig_leave(site, "A", UTC + 600 * S);
	legs_rig_at(site, 20);
	redirect_to(site, &redirect, "there");
	redirect_begin(&redirect, site->legs, 21 * S);
	assert_int_equal(redirect.left, 0);
	assert_true(redirect_deadline(&redirect) == 30 * S);
	legs_rig_close(site);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
