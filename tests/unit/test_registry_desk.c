/* The registry's desk: records in, questions and answers, damage, what it tells. */
#include "rig/desk_rig.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "registry/notices.h"

static void a_consignment_is_found_by_all_its_numbers(void **state)
{
	struct desk_rig *rig = *state;
	struct registry_answer *answer;

	open_desk(rig);
	answer = ask(rig, KEY_SEAL, "GE4711");
	assert_int_equal(answer->found, 0);
	assert_null(answer->consignments); /* nothing was ever heard */
	registry_answer_free(answer);
	bring_consignment(rig, UCR_1, "GE 4711", "AB-123-CD",
			  ",\"containers\":[\"CSQU3054383\"],\"documents\":[{\"kind\":\"tir\","
			  "\"number\":\"XY12345678\"}]");
	WAIT_FOR(found(rig, KEY_UCR, UCR_1) == 1);
	assert_int_equal(found(rig, KEY_CONTAINER, "CSQU3054383"), 1);
	assert_int_equal(found(rig, KEY_SEAL, "GE4711"), 1);
	assert_int_equal(found(rig, KEY_PLATE, "AB123CD"), 1);
	assert_int_equal(found(rig, KEY_SEAL, "GE4712"), 0);
	answer = ask(rig, KEY_UCR, UCR_1);
	assert_string_equal(answer->dossiers[0].consignment->ucr, UCR_1);
	assert_string_equal(answer->dossiers[0].consignment->seals[0].number, "GE4711");
	assert_non_null(answer->consignments);
	assert_true(answer->consignments->max_age_ns == rig->conf.max_age_ns);
	registry_answer_free(answer);
}

static void a_document_is_found_in_every_writing_and_as_read_before_others(void **state)
{
	static const struct {
		const char *declared, *read;
		uint64_t found;
	} cases[] = {
		{"gtrd\",\"number\":\"AZ-KZ-000123-26", "AZKZ00012326", 1},
		{"gtrd\",\"number\":\"GTRD-2026/000123", "GTRD2026/000123", 1},
		{"cim-smgs\",\"number\":\"RZD.00123", "RZD00123", 1},
		{"cim-smgs\",\"number\":\"2880123456", "28-80-12345-6", 1},
		{"national\",\"number\":\"10113110/010326/0001234", "101131100103260001234", 1},
		{"national\",\"number\":\"20113110/010326/0001234", "20113110-010326-0001234", 1},
		{"mrn\",\"number\":\"26GE7A01B2C3D4E5J1", "*26GE7A01B2C3D4E5J1*", 1},
		{"national\",\"number\":\"12-345", "12-346", 0},
		{"national\",\"number\":\"77-345", "77-345", 1}, /* and not the next one */
		{"national\",\"number\":\"773-45", "773-45", 1},
	};
	struct desk_rig *rig = *state;
	char ucr[32], seal[32], more[128];

	open_desk(rig);
	for (size_t i = 0; i < COUNT(cases); i++) {
		snprintf(ucr, sizeof(ucr), "6GEW%06zu", i);
		snprintf(seal, sizeof(seal), "W%06zu", i);
		snprintf(more, sizeof(more), ",\"documents\":[{\"kind\":\"%s\"}]",
			 cases[i].declared);
		bring_consignment(rig, ucr, seal, "P1", more);
	}
	WAIT_FOR(registry_counters(rig->desk).records == COUNT(cases));
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct registry_answer *answer = ask(rig, KEY_DOCUMENT, cases[i].read);

		assert_int_equal(answer->found, cases[i].found);
		snprintf(ucr, sizeof(ucr), "6GEW%06zu", i);
		if (answer->found)
			assert_string_equal(answer->dossiers[0].consignment->ucr, ucr);
		registry_answer_free(answer);
	}
	assert_int_equal(found(rig, KEY_DOCUMENT, "77345"), 2);
}

static void a_record_is_replaced_removed_and_survives_a_restart(void **state)
{
	struct desk_rig *rig = *state;

	open_desk(rig);
	bring_consignment(rig, UCR_1, "GE1", "P1", "");
	bring_consignment(rig, UCR_2, "GE2", "P2", "");
	bring_consignment(rig, UCR_1, "GE3", "P1", "");
	WAIT_FOR(found(rig, KEY_SEAL, "GE3") == 1);
	assert_int_equal(found(rig, KEY_SEAL, "GE1"), 0);
	close_desk(rig);
	open_desk(rig);
	assert_int_equal(found(rig, KEY_SEAL, "GE3"), 1);
	assert_int_equal(found(rig, KEY_SEAL, "GE2"), 1);
	bring(rig, "consignment/" UCR_2, "");
	WAIT_FOR(found(rig, KEY_SEAL, "GE2") == 0);
	bring(rig, "consignment/" UCR_1, "null");
	WAIT_FOR(found(rig, KEY_UCR, UCR_1) == 0);
	assert_int_equal(found(rig, KEY_PLATE, "P1"), 0);
}

static void what_is_held_already_is_not_written_again(void **state)
{
	struct desk_rig *rig = *state;

	open_desk(rig);
	for (int i = 0; i < 10; i++)
		bring_consignment(rig, UCR_1, "GE1", "P1", "");
	WAIT_FOR(registry_counters(rig->desk).records == 10);
	assert_int_equal(registry_counters(rig->desk).unchanged, 9);
}

static void what_is_bad_is_refused_by_name_and_harms_nothing(void **state)
{
	struct desk_rig *rig = *state;

	open_desk(rig);
	bring_consignment(rig, UCR_1, "GE1", "P1", "");
	bring(rig, "consignment/" UCR_1, "{\"ucr\":\"" UCR_2 "\",\"flow\":\"transit\"}");
	WAIT_FOR(times_told(rig, "registry.refused") == 1);
	assert_true(last_told_has(rig, "\"subject\":\"consignment/" UCR_1 "\""));
	assert_true(last_told_has(rig, "expected the key of its topic"));
	bring(rig, "consignment/" UCR_1, "{\"ucr\":");
	bring(rig, "consignments/x", "{}");
	bring(rig, "aeo", "{}");
	for (int i = 0; i < 100; i++)
		bring(rig, "consignment/" UCR_1, "no JSON at all");
	WAIT_FOR(registry_counters(rig->desk).refused == 104);
	assert_int_equal(times_told(rig, "registry.refused"), 5);
	assert_int_equal(found(rig, KEY_SEAL, "GE1"), 1);
	close_desk(rig); /* those that were too many for a minute are told with their number */
	assert_int_equal(times_told(rig, "registry.refused"), 6);
	assert_true(last_told_has(rig, "\"more\":98"));
}

static void bring_operator(struct desk_rig *rig, int number)
{
	char subject[64], payload[160];

	snprintf(subject, sizeof(subject), "aeo/GE:AEO:%d%%2F7", number);
	snprintf(payload, sizeof(payload),
		 "{\"country\":\"GE\",\"scheme\":\"AEO\",\"number\":\"%d/7\",\"type\":\"AEOS\","
		 "\"status\":\"active\"}",
		 number);
	bring(rig, subject, payload);
}

/* That the record that decides is named as it was told when it came. */
static void assert_told_as_it_decides(struct desk_rig *rig)
{
	struct registry_answer *answer = ask(rig, KEY_SEAL, "GE1");
	const struct operator_record *held = &answer->dossiers[0].operators[0];
	char hex[EVENT_HEX_BYTES], member[EVENT_HEX_BYTES + 20];

	assert_int_equal(held->authorisation_count, 1);
	event_hex(held->authorisations[0].list->hash, hex);
	snprintf(member, sizeof(member), "\"held_sha256\":\"%s\"", hex);
	assert_true(last_told_has(rig, member));
	registry_answer_free(answer);
}

static void who_is_recognised_changes_not_without_a_word(void **state)
{
	struct desk_rig *rig = *state;

	open_desk(rig);
	bring_operator(rig, 1);
	bring_operator(rig, 1); /* as it is already */
	bring_consignment(rig, UCR_1, "GE1", "P1",
			  ",\"parties\":[{\"role\":\"carrier\",\"aeo\":{\"country\":\"GE\","
			  "\"scheme\":\"AEO\",\"number\":\"1/7\"}}]");
	WAIT_FOR(registry_counters(rig->desk).records == 3);
	WAIT_FOR(times_told(rig, "registry.record") == 1);
	assert_told_as_it_decides(rig);
	assert_true(last_told_has(rig, "\"subject\":\"aeo/GE:AEO:1%2F7\",\"source\":\"stream\","
				       "\"removed\":false,\"sha256\":\""));
	bring(rig, "aeo/GE:AEO:1%2F7", "");
	WAIT_FOR(times_told(rig, "registry.record") == 2);
	assert_true(last_told_has(rig, "\"removed\":true,\"more\":0"));
	for (int i = 0; i < 100; i++)
		bring_operator(rig, i);
	WAIT_FOR(registry_counters(rig->desk).records == 103);
	assert_true(times_told(rig, "registry.record") <= 20);
	close_desk(rig); /* the rest is told with its number */
	assert_true(times_told(rig, "registry.record") <= 22);
}

static void operators_and_arrangements_come_with_the_answer(void **state)
{
	struct desk_rig *rig = *state;
	struct registry_answer *answer, *after;
	const struct operator_record *held;

	open_desk(rig);
	bring_consignment(rig, UCR_1, "GE1", "P1",
			  ",\"parties\":[{\"role\":\"carrier\",\"tin\":\"GE123456789\"},"
			  "{\"role\":\"declarant\",\"aeo\":{\"country\":\"TR\",\"scheme\":\"AEO\","
			  "\"number\":\"TR77\"}}]");
	bring(rig, "aeo/GE:AEO:GE1",
	      "{\"country\":\"GE\",\"scheme\":\"AEO\",\"number\":\"GE1\",\"tin\":\"GE123456789\","
	      "\"type\":\"AEOS\",\"roles\":[\"any\"],\"status\":\"active\"}");
	bring(rig, "mra/ge-tr",
	      "{\"id\":\"ge-tr\",\"party_a\":\"GE\",\"party_b\":\"TR\",\"direction\":\"both\","
	      "\"flows\":[\"any\"],\"types_a\":[\"*\"],\"types_b\":[\"*\"],\"roles\":[\"any\"],"
	      "\"status\":\"in_force\"}");
	WAIT_FOR(registry_counters(rig->desk).records + registry_counters(rig->desk).refused == 3);
	assert_int_equal(registry_counters(rig->desk).refused, 0);
	answer = ask(rig, KEY_SEAL, "GE1");
	assert_int_equal(answer->dossier_count, 1);
	held = &answer->dossiers[0].operators[0];
	assert_int_equal(held->authorisation_count, 1);
	assert_string_equal(held->authorisations[0].number, "GE1");
	assert_true(held->authorisations[0].list->hashed);
	assert_true(held->authorisations[0].list->received_utc_ns > 0);
	assert_non_null(held->searched);
	assert_int_equal(answer->dossiers[0].operators[1].authorisation_count, 0);
	assert_non_null(answer->dossiers[0].operators[1].searched);
	assert_int_equal(answer->arrangements.arrangement_count, 1);
	assert_non_null(answer->arrangements.arrangements[0].list);
	bring(rig, "mra/ge-tr", "");
	WAIT_FOR(registry_counters(rig->desk).removed == 1);
	after = ask(rig, KEY_SEAL, "GE1");
	assert_int_equal(after->arrangements.arrangement_count, 0);
	registry_answer_free(after);
	close_desk(rig); /* an answer outlives the registry */
	assert_string_equal(answer->arrangements.arrangements[0].id, "ge-tr");
	registry_answer_free(answer);
}

static void too_many_questions_are_told_and_none_is_lost(void **state)
{
	struct desk_rig *rig = *state;
	struct registry_question question = {.key = KEY_SEAL, .text = "GE1"};
	struct registry_answer *answer;
	unsigned taken = 0, answered = 0;

	open_desk(rig);
	while (rig->questions.ask(rig->questions.data, &question) == 0)
		assert_true(++taken < 1000);
	while (answered < taken)
		if ((answer = registry_take_answer(rig->desk))) {
			answered++;
			registry_answer_free(answer);
		}
	assert_int_equal(rig->questions.ask(rig->questions.data, &question), 0);
}

static void *bring_many(void *data)
{
	struct desk_rig *rig = data;

	for (int i = 0; i < 3000; i++) {
		char ucr[32], seal[32];

		snprintf(ucr, sizeof(ucr), "6GEM%06d", i);
		snprintf(seal, sizeof(seal), "M%06d", i);
		bring_consignment(rig, ucr, seal, "P1", "");
	}
	return NULL;
}

static void questions_and_records_do_not_keep_each_other_waiting(void **state)
{
	struct desk_rig *rig = *state;
	pthread_t author;
	unsigned during = 0;

	open_desk(rig);
	bring_consignment(rig, UCR_1, "GE1", "P9", "");
	WAIT_FOR(found(rig, KEY_SEAL, "GE1") == 1);
	assert_int_equal(pthread_create(&author, NULL, bring_many, rig), 0);
	while (registry_counters(rig->desk).records < 3001) {
		assert_int_equal(found(rig, KEY_SEAL, "GE1"), 1);
		during++;
	}
	pthread_join(author, NULL);
	assert_true(during > 0);
	assert_int_equal(found(rig, KEY_SEAL, "M002999"), 1);
	assert_true(registry_counters(rig->desk).stream_bytes > 100 * 1000);
}

static void what_was_taken_and_asked_before_the_stop_is_written_and_answered(void **state)
{
	struct desk_rig *rig = *state;
	struct registry_question question = {.key = KEY_SEAL, .text = "GE1"};
	struct registry_answer *answer;

	open_desk(rig);
	for (int i = 0; i < 20; i++)
		assert_int_equal(rig->questions.ask(rig->questions.data, &question), 0);
	bring_consignment(rig, UCR_1, "GE1", "P1", "");
	assert_true(registry_stop(rig->desk, clock_mono_ns() + PATIENCE_NS));
	for (int i = 0; i < 20; i++) {
		assert_non_null(answer = registry_take_answer(rig->desk));
		registry_answer_free(answer);
	}
	assert_int_equal(rig->questions.ask(rig->questions.data, &question), -EAGAIN);
	assert_false(rig->inlet.take(rig->inlet.data, &(struct inlet_message){.subject = "aeo/x"}));
	close_desk(rig);
	open_desk(rig);
	assert_int_equal(found(rig, KEY_SEAL, "GE1"), 1);
}

static void what_finds_no_room_to_be_told_is_counted_and_told_later(void **state)
{
	struct desk_rig *rig = *state;
	const struct registry_complaint complaint = {.text = "is bad"};
	const struct taken_list list = {.file = "a.jsonl", .version = "v1", .records = 1};
	const struct event_sink sink = {.data = rig, .put = note_told};
	struct notices notices;
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	assert_int_equal(notices_init(&notices, fd), 0);
	for (int i = 0; i < NOTICES_MAX; i++) {
		assert_true(notices_has_room(&notices));
		notices_put_list(&notices, &list);
	}
	assert_false(notices_has_room(&notices));
	notices_put_refusal(&notices, "consignment/1", &complaint, 0);
	notices_put_refusal(&notices, "consignment/2", &complaint, 4);
	notices_put_held(&notices, true); /* still none */
	notices_put_events(&notices, &sink);
	assert_int_equal(times_told(rig, "registry.list"), NOTICES_MAX);
	assert_int_equal(times_told(rig, "registry.refused"), 0);
	assert_true(notices_due_ns(&notices) < clock_mono_ns() + 61 * NS_PER_S);
	notices_put_held(&notices, true);
	notices_put_events(&notices, &sink);
	assert_int_equal(times_told(rig, "registry.refused"), 1);
	assert_true(
		last_told_has(rig, "\"subject\":\"consignment/2\",\"why\":\"is bad\",\"more\":5"));
	assert_true(notices_due_ns(&notices) == INT64_MAX);
	notices_fini(&notices);
	close(fd);
}

static void a_damaged_registry_begins_anew_and_asks_for_all(void **state)
{
	struct desk_rig *rig = *state;

	open_desk(rig);
	bring_consignment(rig, UCR_1, "GE1", "P1", "");
	WAIT_FOR(found(rig, KEY_SEAL, "GE1") == 1);
	close_desk(rig);
	shell("dd if=/dev/urandom of=%s.registry bs=4096 count=3 conv=notrunc status=none",
	      rig->path);
	open_desk(rig);
	assert_true(rig->inlet.wants_all(rig->inlet.data));
	assert_false(rig->inlet.wants_all(rig->inlet.data));
	assert_int_equal(found(rig, KEY_SEAL, "GE1"), 0);
	bring_consignment(rig, UCR_1, "GE1", "P1", "");
	WAIT_FOR(found(rig, KEY_SEAL, "GE1") == 1);
}

static void a_full_registry_refuses_and_answers_all_the_same(void **state)
{
	struct desk_rig *rig = *state;
	char ucr[32], seal[32];

	rig->conf.quota_bytes = 128 * 1024;
	open_desk(rig);
	for (int i = 0; i < 2000; i++) {
		snprintf(ucr, sizeof(ucr), "6GEF%06d", i);
		snprintf(seal, sizeof(seal), "S%06d", i);
		bring_consignment(rig, ucr, seal, "P1", "");
	}
	WAIT_FOR(times_told(rig, "registry.refused") > 0);
	assert_non_null(strstr(rig->told[0].body, "there is no room for more"));
	assert_int_equal(found(rig, KEY_SEAL, "S000000"), 1);
}

static void without_its_file_nothing_is_known_and_that_is_said(void **state)
{
	struct desk_rig *rig = *state;
	struct registry_answer *answer;

	shell("mkdir %s.registry", rig->path);
	open_desk(rig);
	answer = ask(rig, KEY_SEAL, "GE1");
	assert_int_equal(answer->outcome, REGISTRY_FAILED);
	assert_int_equal(answer->dossier_count, 0);
	registry_answer_free(answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		desk_test(a_consignment_is_found_by_all_its_numbers),
		desk_test(a_document_is_found_in_every_writing_and_as_read_before_others),
		desk_test(a_record_is_replaced_removed_and_survives_a_restart),
		desk_test(what_is_held_already_is_not_written_again),
		desk_test(what_is_bad_is_refused_by_name_and_harms_nothing),
		desk_test(who_is_recognised_changes_not_without_a_word),
		desk_test(operators_and_arrangements_come_with_the_answer),
		desk_test(too_many_questions_are_told_and_none_is_lost),
		desk_test(questions_and_records_do_not_keep_each_other_waiting),
		desk_test(what_was_taken_and_asked_before_the_stop_is_written_and_answered),
		desk_test(what_finds_no_room_to_be_told_is_counted_and_told_later),
		desk_test(a_damaged_registry_begins_anew_and_asks_for_all),
		desk_test(a_full_registry_refuses_and_answers_all_the_same),
		desk_test(without_its_file_nothing_is_known_and_that_is_said),
	};

	return cmocka_run_group_tests_name("registry desk", tests, NULL, NULL);
}
