/* Lists of the registry, in files that are replaced, beside its stream. */
#include "rig/desk_rig.h"

#include <glob.h>

static void write_list(struct desk_rig *rig, const char *version, int first, int count,
		       const char *bad)
{
	char other[DESK_RIG_PATH + 32];
	FILE *file;

	snprintf(other, sizeof(other), "%s.tmp", rig->list);
	file = fopen(other, "w");
	assert_non_null(file);
	fprintf(file,
		"{\"list\":{\"kind\":\"consignment\",\"version\":\"%s\","
		"\"as_of\":\"2026-11-01T00:00:00Z\"}}\n",
		version);
	for (int i = first; i < first + count; i++)
		fprintf(file,
			"{\"ucr\":\"6GEL%06d\",\"flow\":\"transit\","
			"\"seals\":[{\"number\":\"S%06d\"}]}\n",
			i, i);
	fputs(bad, file);
	fclose(file);
	assert_int_equal(rename(other, rig->list), 0);
}

static void a_list_is_taken_whole_replaced_whole_and_kept(void **state)
{
	struct desk_rig *rig = *state;
	struct registry_answer *answer;

	rig->conf.files.count = 1;
	write_list(rig, "v1", 1, 3000, "");
	open_desk(rig);
	WAIT_FOR(times_told(rig, "registry.list") == 1);
	assert_true(last_told_has(rig, "\"version\":\"v1\""));
	assert_true(last_told_has(rig, "\"records\":3000"));
	assert_int_equal(found(rig, KEY_SEAL, "S003000"), 1);
	answer = ask(rig, KEY_SEAL, "S000001");
	assert_string_equal(answer->consignments->version, "v1");
	assert_string_equal(answer->dossiers[0].consignment->version, "v1");
	write_list(rig, "v2", 3000, 100, "");
	WAIT_FOR(times_told(rig, "registry.list") == 2);
	assert_int_equal(found(rig, KEY_SEAL, "S000001"), 0);
	assert_int_equal(found(rig, KEY_SEAL, "S003000"), 1);
	assert_string_equal(answer->consignments->version, "v1"); /* as it was then */
	registry_answer_free(answer);
	write_list(rig, "v3", 1, 10, "{\"ucr\":\"\"}\n");
	WAIT_FOR(times_told(rig, "registry.refused") == 1);
	assert_true(last_told_has(rig, "\"subject\":\"list.jsonl\",\"line\":12"));
	assert_int_equal(found(rig, KEY_SEAL, "S003000"), 1);
	close_desk(rig);
	open_desk(rig); /* the bad one is refused again, the good one is still there */
	WAIT_FOR(times_told(rig, "registry.refused") == 2);
	assert_int_equal(found(rig, KEY_SEAL, "S003000"), 1);
	assert_int_equal(times_told(rig, "registry.list"), 2);
}

static void a_list_that_could_not_be_taken_is_read_again(void **state)
{
	struct desk_rig *rig = *state;

	rig->conf.files.count = 1;
	write_list(rig, "v1", 1, 10, "");
	open_desk(rig);
	WAIT_FOR(times_told(rig, "registry.list") == 1);
	shell("for made in %s/*.list-*; do mkdir $made.new; done", rig->folder);
	write_list(rig, "v2", 1, 20, "");
	WAIT_FOR(times_told(rig, "registry.refused") == 1);
	assert_int_equal(found(rig, KEY_SEAL, "S000010"), 1);
	shell("rmdir %s/*.list-*.new", rig->folder);
	WAIT_FOR(times_told(rig, "registry.list") == 2);
	assert_true(last_told_has(rig, "\"version\":\"v2\""));
	assert_int_equal(times_told(rig, "registry.refused"), 1);
}

static void the_newer_of_two_records_is_right(void **state)
{
	struct desk_rig *rig = *state;
	struct registry_answer *answer;

	rig->conf.files.count = 1;
	write_list(rig, "v1", 1, 10, "");
	open_desk(rig);
	WAIT_FOR(times_told(rig, "registry.list") == 1);
	bring_consignment(rig, "6GEL000001", "S000001", "FROM STREAM", "");
	WAIT_FOR(registry_counters(rig->desk).records == 1);
	answer = ask(rig, KEY_SEAL, "S000001");
	assert_int_equal(answer->found, 1);
	assert_int_equal(answer->dossiers[0].consignment->vehicle_count, 1);
	registry_answer_free(answer);
}

/* Of the one authorisation that the carrier of seal GE1's consignment has. */
static const char *type_held(struct desk_rig *rig)
{
	struct registry_answer *answer = ask(rig, KEY_SEAL, "GE1");
	const struct operator_record *held = &answer->dossiers[0].operators[0];
	bool revoked = held->authorisations[0].history[0].status == AEO_REVOKED;
	bool customs = strcmp(held->authorisations[0].type, "AEOC") == 0;

	assert_int_equal(held->authorisation_count, 1);
	assert_true(revoked == customs);
	registry_answer_free(answer);
	return customs ? "AEOC" : "AEOS";
}

static void an_operator_of_a_list_comes_with_a_consignment_of_the_stream(void **state)
{
	static const char list[] =
		"{\"list\":{\"kind\":\"aeo\",\"version\":\"v7\",\"as_of\":\"2026-11-01T00:00:00Z\"}}\n"
		"{\"country\":\"GE\",\"scheme\":\"AEO\",\"number\":\"GE1\",\"type\":\"AEOS\","
		"\"roles\":[\"any\"],\"status\":\"active\"}\n";
	const struct operator_record *held;
	struct registry_answer *answer;
	struct desk_rig *rig = *state;
	FILE *file;

	rig->conf.files.count = 1;
	file = fopen(rig->list, "w");
	assert_non_null(file);
	fputs(list, file);
	fclose(file);
	open_desk(rig);
	WAIT_FOR(times_told(rig, "registry.list") == 1);
	bring_consignment(rig, UCR_1, "GE1", "P1",
			  ",\"parties\":[{\"role\":\"carrier\",\"aeo\":{\"country\":\"GE\","
			  "\"scheme\":\"AEO\",\"number\":\"GE1\"}}]");
	WAIT_FOR(registry_counters(rig->desk).records == 1);
	answer = ask(rig, KEY_SEAL, "GE1");
	assert_int_equal(answer->dossier_count, 1);
	held = &answer->dossiers[0].operators[0];
	assert_int_equal(held->authorisation_count, 1);
	assert_string_equal(held->authorisations[0].number, "GE1");
	assert_string_equal(held->authorisations[0].list->version, "v7");
	registry_answer_free(answer);
	bring(rig, "aeo/GE:AEO:GE1", /* older than the list, then newer */
	      "{\"country\":\"GE\",\"scheme\":\"AEO\",\"number\":\"GE1\",\"type\":\"AEOC\","
	      "\"roles\":[\"any\"],\"status\":\"revoked\",\"as_of\":\"2026-10-01T00:00:00Z\"}");
	WAIT_FOR(registry_counters(rig->desk).records == 2);
	assert_string_equal(type_held(rig), "AEOS");
	bring(rig, "aeo/GE:AEO:GE1",
	      "{\"country\":\"GE\",\"scheme\":\"AEO\",\"number\":\"GE1\",\"type\":\"AEOC\","
	      "\"roles\":[\"any\"],\"status\":\"revoked\",\"as_of\":\"2026-11-02T00:00:00Z\"}");
	WAIT_FOR(registry_counters(rig->desk).records == 3);
	assert_string_equal(type_held(rig), "AEOC");
}

static void bring_authorisation(struct desk_rig *rig, const char *state, int number,
				const char *more)
{
	char subject[64], payload[256];

	snprintf(subject, sizeof(subject), "aeo/%s:AEO:%03d", state, number);
	snprintf(payload, sizeof(payload),
		 "{\"country\":\"%s\",\"scheme\":\"AEO\",\"number\":\"%03d\",\"tin\":\"T1\","
		 "\"type\":\"AEOS\",\"as_of\":\"2026-10-01\",%s}",
		 state, number, more);
	bring(rig, subject, payload);
}

/* Which authorisation the carrier of seal GE1's consignment is found to have. */
static void assert_held(struct desk_rig *rig, const char *number)
{
	struct registry_answer *answer = ask(rig, KEY_SEAL, "GE1");
	const struct operator_record *held = &answer->dossiers[0].operators[0];

	assert_int_equal(held->authorisation_count, number ? 1 : 0);
	if (number)
		assert_string_equal(held->authorisations[0].number, number);
	registry_answer_free(answer);
}

static void however_many_authorisations_a_tin_has_that_of_this_state_is_found(void **state)
{
	static const char list[] =
		"{\"list\":{\"kind\":\"aeo\",\"version\":\"v7\",\"as_of\":\"2026-11-01T00:00:00Z\"}}\n"
		"{\"country\":\"GE\",\"scheme\":\"AEO\",\"number\":\"099\",\"type\":\"AEOS\","
		"\"tin\":\"T2\",\"status\":\"active\"}\n";
	struct desk_rig *rig = *state;
	FILE *file = fopen(rig->list, "w");

	assert_non_null(file);
	fputs(list, file);
	fclose(file);
	rig->conf.files.count = 1;
	open_desk(rig);
	WAIT_FOR(times_told(rig, "registry.list") == 1);
	bring_consignment(rig, UCR_1, "GE1", "P1",
			  ",\"parties\":[{\"role\":\"carrier\",\"tin\":\"T1\"}]");
	for (int i = 0; i < 100; i++)
		bring_authorisation(rig, "TR", i, "\"status\":\"active\"");
	WAIT_FOR(registry_counters(rig->desk).records == 101);
	assert_held(rig, NULL);
	for (int i = 0; i < 9; i++)
		bring_authorisation(rig, "GE", i, "\"status\":\"revoked\"");
	bring_authorisation(rig, "GE", 9, "\"status\":\"active\",\"roles\":[\"exporter\"]");
	WAIT_FOR(registry_counters(rig->desk).records == 111);
	assert_held(rig, "009");
	bring_authorisation(rig, "GE", 99,
			    "\"status\":\"active\""); /* another's by now, says the list */
	bring_authorisation(rig, "GE", 10, "\"status\":\"suspended\"");
	WAIT_FOR(registry_counters(rig->desk).records == 113);
	assert_held(rig, "009");
	bring_authorisation(rig, "GE", 12, "\"status\":\"active\"");
	bring_authorisation(rig, "GE", 11, "\"status\":\"active\"");
	WAIT_FOR(registry_counters(rig->desk).records == 115);
	assert_held(rig, "011");
}

/* There is a new file of records beside the one in use. */
static bool is_being_read(const struct desk_rig *rig)
{
	char pattern[DESK_RIG_PATH + 16];
	glob_t paths;
	int err;

	snprintf(pattern, sizeof(pattern), "%s/*.new", rig->folder);
	err = glob(pattern, 0, NULL, &paths);
	globfree(&paths);
	return err == 0;
}

static void a_stop_in_the_middle_of_a_long_list_is_quick_and_the_list_is_read_again(void **state)
{
	struct desk_rig *rig = *state;
	int64_t began_ns, stop_ns, read_ns;

	rig->conf.files.count = 1;
	rig->conf.quota_bytes = INT64_C(1) << 30;
	write_list(rig, "v1", 1, 100000, "");
	open_desk(rig);
	WAIT_FOR(is_being_read(rig));
	began_ns = clock_mono_ns();
	close_desk(rig);
	stop_ns = clock_mono_ns() - began_ns;
	assert_int_equal(times_told(rig, "registry.list"), 0);
	began_ns = clock_mono_ns();
	open_desk(rig);
	WAIT_FOR(times_told(rig, "registry.list") == 1);
	read_ns = clock_mono_ns() - began_ns;
	assert_true(stop_ns < read_ns / 2);
	assert_true(last_told_has(rig, "\"records\":100000"));
	assert_int_equal(found(rig, KEY_SEAL, "S100000"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		desk_test(a_list_is_taken_whole_replaced_whole_and_kept),
		desk_test(a_list_that_could_not_be_taken_is_read_again),
		desk_test(the_newer_of_two_records_is_right),
		desk_test(an_operator_of_a_list_comes_with_a_consignment_of_the_stream),
		desk_test(however_many_authorisations_a_tin_has_that_of_this_state_is_found),
		desk_test(a_stop_in_the_middle_of_a_long_list_is_quick_and_the_list_is_read_again),
	};

	return cmocka_run_group_tests_name("registry lists", tests, NULL, NULL);
}
