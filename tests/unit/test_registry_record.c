#include "rig/unit.h"

#include "registry_samples.h"

static struct registry_record *read_good(enum registry_kind kind, const char *json)
{
	struct registry_complaint complaint;
	struct registry_record *record = NULL;

	if (registry_record_read(kind, json, strlen(json), &record, &complaint) < 0)
		fail_msg("%s: %s", json, complaint.text);
	return record;
}

static void read_bad(enum registry_kind kind, const char *json, const char *expected)
{
	struct registry_complaint complaint;
	struct registry_record *record;

	assert_int_equal(registry_record_read(kind, json, strlen(json), &record, &complaint),
			 -EINVAL);
	if (!strstr(complaint.text, expected))
		fail_msg("%s: complaint is \"%s\", not \"%s\"", json, complaint.text, expected);
}

/* ---- samples ---------------------------------------------------------------------------- */

static void expect_good(const struct sample *sample)
{
	char written[CONSIGNMENT_BYTES], again[CONSIGNMENT_BYTES];
	struct registry_record *record = read_good(sample->kind, sample->json), *back;

	assert_true(registry_record_write(record, written, sizeof(written)) > 0);
	back = read_good(sample->kind, written);
	assert_true(registry_record_write(back, again, sizeof(again)) > 0);
	assert_string_equal(written, again);
	assert_string_equal(record->key, back->key);
	registry_record_free(record);
	registry_record_free(back);
}

static void expect_bad(const struct sample *sample)
{
	read_bad(sample->kind, sample->json, sample->complaint);
}

static void good_samples_are_taken_and_what_is_written_reads_back_the_same(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < REGISTRY_KINDS; kind++)
		assert_true(for_each_sample(kind, "good", expect_good) >= 2);
}

static void bad_samples_are_refused_by_the_name_of_the_member(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < REGISTRY_KINDS; kind++)
		assert_true(for_each_sample(kind, "bad", expect_bad) >= 5);
}

/* ---- what is read ---------------------------------------------------------------------- */

static void a_consignment_is_read_whole(void **state)
{
	struct registry_record *record = read_good(
		REGISTRY_CONSIGNMENT,
		"{\"ucr\":\"6ge204567891-inv2\",\"flow\":\"import\",\"version\":\"c7\","
		"\"as_of\":\"2026-03-01T04:00:00+04:00\","
		"\"documents\":[{\"kind\":\"tir\",\"number\":\"jx 95000448\"}],"
		"\"containers\":[\"csqu 305438-3\"],\"vehicles\":[\"aa 123-bb\"],"
		"\"seals\":[{\"number\":\"ge-1\",\"container\":\"CSQU3054383\",\"affixed_by\":\"GE\","
		"\"affixed_at\":\"1970-01-01T04:00:01.5+04:00\"},{\"number\":\"2\"}],"
		"\"parties\":[{\"role\":\"carrier\",\"name\":\"K\",\"tin\":\"ge 12-3\","
		"\"aeo\":{\"country\":\"GE\",\"scheme\":\"GE-AEO\",\"number\":\"a 1\"}}],"
		"\"itinerary\":[{\"checkpoint\":\"ge-x\",\"from\":\"1970-01-02\","
		"\"until\":\"1970-01-02\",\"max_dwell_s\":60},{\"checkpoint\":\"az-y\"}]}");
	const struct consignment *c = &record->consignment;

	(void)state;
	assert_string_equal(record->key, "6GE204567891-INV2");
	assert_string_equal(c->ucr, "6GE204567891-INV2");
	assert_int_equal(c->ucr_verdict, IDENTIFIER_GOOD);
	assert_int_equal(c->flow, FLOW_IMPORT);
	assert_string_equal(c->version, "c7");
	assert_int_equal(c->as_of_utc_ns, 1772323200 * NS_PER_S);
	assert_int_equal(c->document_count, 1);
	assert_int_equal(c->documents[0].kind, IDENTIFIER_TIR);
	assert_string_equal(c->documents[0].text, "JX95000448");
	assert_string_equal(c->containers[0].text, "CSQU3054383");
	assert_string_equal(c->vehicles[0], "AA123BB");
	assert_int_equal(c->seal_count, 2);
	assert_string_equal(c->seals[0].number, "GE1");
	assert_string_equal(c->seals[0].container, "CSQU3054383");
	assert_string_equal(c->seals[0].affixed_by, "GE");
	assert_int_equal(c->seals[0].affixed_utc_ns, 1500000000);
	assert_null(c->seals[1].container);
	assert_int_equal(c->seals[1].affixed_utc_ns, INT64_MIN);
	assert_int_equal(c->parties[0].role, AEO_CARRIER);
	assert_string_equal(c->parties[0].tin, "GE123");
	assert_string_equal(c->parties[0].number, "A1");
	assert_int_equal(c->stops[0].from_utc_ns, 86400 * NS_PER_S);
	assert_int_equal(c->stops[0].until_utc_ns, 2 * 86400 * NS_PER_S);
	assert_int_equal(c->stops[0].dwell_ns, 60 * NS_PER_S);
	assert_int_equal(c->stops[1].from_utc_ns, INT64_MIN);
	assert_int_equal(c->stops[1].until_utc_ns, INT64_MAX);
	assert_int_equal(c->stops[1].dwell_ns, INT64_MAX);
	registry_record_free(record);
}

static void an_authorisation_is_read_whole(void **state)
{
	struct registry_record *record = read_good(
		REGISTRY_AEO, "{\"country\":\"CN\",\"scheme\":\"CN-AEO\",\"number\":"
			      "\"aeocn-0123456789\",\"type\":\"ADV\",\"status\":\"suspended\","
			      "\"status_from\":\"1970-01-02\",\"valid_until\":\"1970-12-31\"}");
	const struct aeo_authorisation *aeo = &record->aeo;

	(void)state;
	assert_string_equal(record->key, "CN:CN-AEO:AEOCN0123456789");
	assert_string_equal(aeo->number, "AEOCN0123456789");
	assert_int_equal(aeo->roles, AEO_ANY_ROLE);
	assert_int_equal(aeo->history_count, 1);
	assert_int_equal(aeo->history[0].status, AEO_SUSPENDED);
	assert_int_equal(aeo->history[0].from_utc_ns, 86400 * NS_PER_S);
	assert_int_equal(aeo->valid.from_utc_ns, INT64_MIN);
	assert_int_equal(aeo->valid.until_utc_ns, 365 * 86400 * NS_PER_S);
	assert_false(aeo->consents);
	assert_null(aeo->list);
	assert_int_equal(record->as_of_utc_ns, INT64_MIN);
	registry_record_free(record);
}

static void an_arrangement_without_roles_or_flows_covers_all(void **state)
{
	struct registry_record *record =
		read_good(REGISTRY_ARRANGEMENT,
			  "{\"id\":\"a\",\"party_a\":\"EU\",\"party_b\":\"MD\",\"direction\":"
			  "\"b_in_a\",\"types_a\":[\"AEOS\",\"AEOF\"],\"types_b\":[\"*\"],"
			  "\"roles\":[],\"benefits\":[\"priority_lane\",\"risk_score\"],"
			  "\"status\":\"in_force\"}");
	const struct arrangement *a = &record->arrangement;

	(void)state;
	assert_int_equal(a->roles, AEO_ANY_ROLE);
	assert_int_equal(a->flows, FLOW_ANY);
	assert_int_equal(a->direction, ARRANGEMENT_B_IN_A);
	assert_string_equal(a->types_a, "AEOS,AEOF");
	assert_string_equal(a->types_b, "*");
	assert_int_equal(a->benefits, BENEFIT_PRIORITY_LANE | BENEFIT_RISK_SCORE);
	assert_int_equal(a->signed_utc_ns, INT64_MIN);
	registry_record_free(record);
}

static void a_bad_check_digit_is_told_and_no_reason_to_refuse(void **state)
{
	struct registry_record *record = read_good(
		REGISTRY_CONSIGNMENT,
		"{\"ucr\":\"nonsense\",\"flow\":\"export\",\"containers\":[\"CSQU3054384\"],"
		"\"documents\":[{\"kind\":\"mrn\",\"number\":\"21DE27364916384835\"}]}");
	const struct consignment *c = &record->consignment;

	(void)state;
	assert_int_not_equal(c->ucr_verdict, IDENTIFIER_GOOD);
	assert_int_equal(c->containers[0].verdict, IDENTIFIER_WRONG_CHECK);
	assert_int_equal(c->documents[0].verdict, IDENTIFIER_WRONG_CHECK);
	registry_record_free(record);
}

static void a_ucr_may_have_two_digits_of_the_year(void **state)
{
	struct registry_record *record = read_good(
		REGISTRY_CONSIGNMENT, "{\"ucr\":\"26GE1234567890-X\",\"flow\":\"export\"}");

	(void)state;
	assert_int_equal(record->consignment.ucr_verdict, IDENTIFIER_GOOD);
	registry_record_free(record);
}

/* ---- times ------------------------------------------------------------------------------- */

static int64_t from_of(const char *time)
{
	char json[128];
	struct registry_record *record;
	int64_t utc_ns;

	snprintf(json, sizeof(json), "{\"group\":\"EU\",\"country\":\"BG\",\"valid_from\":\"%s\"}",
		 time);
	record = read_good(REGISTRY_GROUP, json);
	utc_ns = record->member.valid.from_utc_ns;
	registry_record_free(record);
	return utc_ns;
}

static void times_are_rfc_3339_with_a_zone(void **state)
{
	(void)state;
	assert_int_equal(from_of("1970-01-01"), 0);
	assert_int_equal(from_of("1970-01-01T00:00:00Z"), 0);
	assert_int_equal(from_of("1969-12-31T23:59:59.5Z"), -NS_PER_S / 2);
	assert_int_equal(from_of("1970-01-01T03:30:00+03:30"), 0);
	assert_int_equal(from_of("1969-12-31T19:00:00-05:00"), 0);
	assert_int_equal(from_of("2000-02-29"), 11016 * 86400 * NS_PER_S);
	assert_int_equal(from_of("2016-12-31T23:59:60Z"), from_of("2017-01-01"));
	assert_int_equal(from_of("1970-01-01T00:00:00.123456789123Z"), 123456000);
}

static void what_is_no_time_is_refused(void **state)
{
	static const char *const wrong[] = {"2026",
					    "2026-3-1",
					    "2026-13-01",
					    "2026-00-01",
					    "2026-01-32",
					    "2100-02-29",
					    "1899-12-31",
					    "2200-01-01",
					    "2026-01-01T",
					    "2026-01-01T10:00Z",
					    "2026-01-01T10:00:00",
					    "2026-01-01T10:00:00+4",
					    "2026-01-01T10:60:00Z",
					    "2026-01-01T10:00:61Z",
					    "2026-01-01T10:00:00.Z",
					    "2026-01-01T10:00:00ZZ",
					    "2026-01-01Z",
					    " 2026-01-01",
					    "2026-01-01T10:00:00+24:00",
					    "-026-01-01",
					    "0x26-01-01"};
	char json[128];

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		snprintf(json, sizeof(json),
			 "{\"group\":\"EU\",\"country\":\"BG\",\"valid_from\":\"%s\"}", wrong[i]);
		read_bad(REGISTRY_GROUP, json, "valid_from: ");
	}
}

/* ---- limits ------------------------------------------------------------------------------- */

/* A consignment with so many seals. */
static char *with_seals(size_t count)
{
	char *json = malloc(64 + 32 * count), *end = json;

	assert_non_null(json);
	end += sprintf(end, "{\"ucr\":\"6GE1-A\",\"flow\":\"import\",\"seals\":[");
	for (size_t i = 0; i < count; i++)
		end += sprintf(end, "%s{\"number\":\"%zu\"}", i ? "," : "", i);
	sprintf(end, "]}");
	return json;
}

static void the_most_seals_are_taken_and_one_more_is_not(void **state)
{
	char *json = with_seals(CONSIGNMENT_SEALS);
	struct registry_record *record = read_good(REGISTRY_CONSIGNMENT, json);

	(void)state;
	assert_int_equal(record->consignment.seal_count, CONSIGNMENT_SEALS);
	assert_string_equal(record->consignment.seals[98].number, "98");
	registry_record_free(record);
	free(json);
	json = with_seals(CONSIGNMENT_SEALS + 1);
	read_bad(REGISTRY_CONSIGNMENT, json, "seals: has 100 elements, the most is 99");
	free(json);
	json = with_seals(2000);
	read_bad(REGISTRY_CONSIGNMENT, json, "is too large");
	free(json);
}

static void a_record_that_only_fits_before_it_is_written_in_full_is_refused(void **state)
{
	char *json = malloc(CONSIGNMENT_BYTES), *end = json;

	(void)state;
	assert_non_null(json);
	end += sprintf(end, "{\"ucr\":\"6GE1-A\",\"flow\":\"import\",\"parties\":[");
	for (int i = 0; i < 16; i++)
		end += sprintf(end, "%s{\"role\":\"carrier\",\"name\":\"%0200d\"}", i ? "," : "",
			       i);
	end += sprintf(end, "],\"seals\":[");
	for (int i = 0; i < 99; i++)
		end += sprintf(end,
			       "%s{\"number\":\"%035d\",\"affixed_at\":\"2026-01-01T00:00:00Z\"}",
			       i ? "," : "", i);
	end += sprintf(end, "],\"itinerary\":[");
	for (int i = 0; i < 32; i++)
		end += sprintf(end, "%s{\"checkpoint\":\"%063d\",\"until\":\"2026-01-01\"}",
			       i ? "," : "", i);
	strcpy(end, "]}");
	assert_in_range(strlen(json), 15000, CONSIGNMENT_BYTES - 1);
	read_bad(REGISTRY_CONSIGNMENT, json, "is too large");
	free(json);
}

static void foreign_bytes_are_complained_of_in_plain_words(void **state)
{
	static const char nul[] = "{\"group\":\"EU\",\0\"country\":\"BG\"}";
	struct registry_complaint complaint;
	struct registry_record *record;
	char deep[8000];

	(void)state;
	read_bad(REGISTRY_GROUP, "", "is no JSON: ");
	read_bad(REGISTRY_GROUP, "{\"group\":\"EU\"", "is no JSON: ");
	read_bad(REGISTRY_GROUP, "{\"group\":\"\xE4\"}", "is no UTF-8: ");
	read_bad(REGISTRY_GROUP, "{\"group\":\"EU\",\"group\":\"EU\"}", "duplicate");
	read_bad(REGISTRY_GROUP, "{\"group\":\"E\\u0000U\",\"country\":\"BG\"}", "is no JSON: ");
	read_bad(REGISTRY_GROUP, "{} {}", "is no JSON: ");
	read_bad(REGISTRY_GROUP, "3", "is no JSON");
	read_bad(REGISTRY_GROUP, "{\"group\":1e999}", "is no JSON: ");
	assert_int_equal(
		registry_record_read(REGISTRY_GROUP, nul, sizeof(nul) - 1, &record, &complaint),
		-EINVAL);
	memset(deep, '[', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	read_bad(REGISTRY_GROUP, deep, "is no JSON: ");
}

static void a_complaint_that_is_cut_ends_with_a_whole_character(void **state)
{
	static const char name[] = "\xD0\xB4"; /* two bytes */
	char json[400] = "{\"group\":\"";
	struct registry_complaint complaint;
	struct registry_record *record;

	(void)state;
	for (int shift = 0; shift < 2; shift++) {
		strcpy(json, shift ? "{\"x" : "{\"");
		for (int i = 0; i < 100; i++)
			strcat(json, name);
		strcat(json, "\":1}");
		assert_int_equal(registry_record_read(REGISTRY_GROUP, json, strlen(json), &record,
						      &complaint),
				 -EINVAL);
		assert_string_equal(value_text(complaint.text).text,
				    value_text(value_text(complaint.text).text).text);
		assert_null(strchr(complaint.text, '?'));
		assert_non_null(strstr(complaint.text, "is not known here"));
	}
}

/* ---- keys --------------------------------------------------------------------------------- */

static void expect_key(enum registry_kind kind, const char *text, const char *expected)
{
	char key[REGISTRY_KEY_BYTES] = "untouched";
	const int result = registry_record_key(kind, text, strlen(text), key);

	assert_int_equal(result, expected ? 0 : -EINVAL);
	assert_string_equal(key, expected ? expected : "untouched");
}

static void a_key_in_a_topic_is_written_as_that_of_the_record(void **state)
{
	(void)state;
	expect_key(REGISTRY_CONSIGNMENT, "6ge204567891-inv 1", "6GE204567891-INV1");
	expect_key(REGISTRY_CONSIGNMENT, "", NULL);
	expect_key(REGISTRY_AEO, "GE:GE-AEO:12/34 a", "GE:GE-AEO:12/34A");
	expect_key(REGISTRY_AEO, "CN:CN-AEO:aeocn-0123456789", "CN:CN-AEO:AEOCN0123456789");
	expect_key(REGISTRY_AEO, "GE:GE-AEO:1:2", "GE:GE-AEO:1:2");
	expect_key(REGISTRY_AEO, "GE:GE-AEO:", NULL);
	expect_key(REGISTRY_AEO, "GE:GE-AEO", NULL);
	expect_key(REGISTRY_AEO, "GEO:GE-AEO:1", NULL);
	expect_key(REGISTRY_AEO, "ge:GE-AEO:1", NULL);
	expect_key(REGISTRY_AEO, "GE::1", NULL);
	expect_key(REGISTRY_ARRANGEMENT, "eu-md", "eu-md");
	expect_key(REGISTRY_ARRANGEMENT, "eu/md", NULL);
	expect_key(REGISTRY_GROUP, "EU:BG", "EU:BG");
	expect_key(REGISTRY_GROUP, "EU:bg", NULL);
	expect_key(REGISTRY_GROUP, "EU", NULL);
}

static void note_key(void *data, enum registry_key key, const char *text)
{
	char *all = data;

	sprintf(all + strlen(all), "%d=%s ", key, text);
}

static void a_consignment_is_found_by_all_its_numbers(void **state)
{
	struct registry_record *record = read_good(
		REGISTRY_CONSIGNMENT,
		"{\"ucr\":\"6GE1-A\",\"flow\":\"import\",\"containers\":[\"CSQU3054383\"],"
		"\"vehicles\":[\"aa 1\"],\"seals\":[{\"number\":\"s-1\"},{\"number\":\"s-2\"}],"
		"\"documents\":[{\"kind\":\"national\",\"number\":\"n 1\"}]}");
	char all[256] = "";

	(void)state;
	registry_record_keys(record, all, note_key);
	assert_string_equal(all, "0=6GE1-A 1=S1 1=S2 2=CSQU3054383 3=AA1 4=N1 4=6GE1A ");
	registry_record_free(record);
	record = read_good(REGISTRY_GROUP, "{\"group\":\"EU\",\"country\":\"BG\"}");
	all[0] = '\0';
	registry_record_keys(record, all, note_key);
	assert_string_equal(all, "");
	registry_record_free(record);
}

static void the_key_of_a_claim_is_that_of_the_authorisation(void **state)
{
	const struct party none = {.role = AEO_CARRIER},
			   claim = {.state = "GE", .scheme = "GE-AEO", .number = "A1"};
	char key[REGISTRY_KEY_BYTES];

	(void)state;
	assert_int_equal(registry_party_key(&none, key), -EINVAL);
	assert_int_equal(registry_party_key(&claim, key), 0);
	assert_string_equal(key, "GE:GE-AEO:A1");
}

static void writing_into_too_little_room_says_so(void **state)
{
	struct registry_record *record =
		read_good(REGISTRY_GROUP, "{\"group\":\"EU\",\"country\":\"BG\"}");
	char out[64];

	(void)state;
	assert_int_equal(registry_record_write(record, out, 20), -E2BIG);
	assert_int_equal(registry_record_write(record, out, sizeof(out)), 44);
	assert_string_equal(out, "{\"group\":\"EU\",\"country\":\"BG\",\"by_law\":false}");
	registry_record_free(record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_samples_are_taken_and_what_is_written_reads_back_the_same),
		cmocka_unit_test(bad_samples_are_refused_by_the_name_of_the_member),
		cmocka_unit_test(a_consignment_is_read_whole),
		cmocka_unit_test(an_authorisation_is_read_whole),
		cmocka_unit_test(an_arrangement_without_roles_or_flows_covers_all),
		cmocka_unit_test(a_bad_check_digit_is_told_and_no_reason_to_refuse),
		cmocka_unit_test(a_ucr_may_have_two_digits_of_the_year),
		cmocka_unit_test(times_are_rfc_3339_with_a_zone),
		cmocka_unit_test(what_is_no_time_is_refused),
		cmocka_unit_test(the_most_seals_are_taken_and_one_more_is_not),
		cmocka_unit_test(a_record_that_only_fits_before_it_is_written_in_full_is_refused),
		cmocka_unit_test(foreign_bytes_are_complained_of_in_plain_words),
		cmocka_unit_test(a_complaint_that_is_cut_ends_with_a_whole_character),
		cmocka_unit_test(a_key_in_a_topic_is_written_as_that_of_the_record),
		cmocka_unit_test(a_consignment_is_found_by_all_its_numbers),
		cmocka_unit_test(the_key_of_a_claim_is_that_of_the_authorisation),
		cmocka_unit_test(writing_into_too_little_room_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
