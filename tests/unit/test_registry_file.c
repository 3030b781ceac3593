#include "rig/unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "arrangements.h"
#include "registry/file.h"

#define AEO_HEAD      "{\"list\":{\"kind\":\"aeo\",\"version\":\"7\",\"as_of\":\"2026-03-01\"}}\n"
#define GROUP_HEAD    "{\"list\":{\"kind\":\"group\",\"version\":\"7\",\"as_of\":\"2026-03-01\"}}\n"
#define MEMBER(state) "{\"group\":\"EU\",\"country\":\"" state "\"}\n"
#define AEO_COLUMNS   "country,scheme,number,type,status\n"

struct reading_list {
	struct registry_file_head head;
	int heads, records, complaints;
	int stop_at; /* number of the record that is refused, 0: none */
	char keys[512], written[CONSIGNMENT_BYTES], told[4096];
};

static int take_head(void *data, const struct registry_file_head *head)
{
	struct reading_list *list = data;

	list->head = *head;
	list->heads++;
	return 0;
}

static int take_record(void *data, struct registry_record *record)
{
	struct reading_list *list = data;

	if (strlen(list->keys) + strlen(record->key) + 2 < sizeof(list->keys))
		sprintf(list->keys + strlen(list->keys), "%s ", record->key);
	assert_true(registry_record_write(record, list->written, sizeof(list->written)) > 0);
	registry_record_free(record);
	return ++list->records == list->stop_at ? -ENOSPC : 0;
}

static void take_complaint(void *data, const struct registry_complaint *complaint)
{
	struct reading_list *list = data;

	if (strlen(list->told) + 200 < sizeof(list->told))
		sprintf(list->told + strlen(list->told), "%d: %s\n", complaint->line,
			complaint->text);
	list->complaints++;
}

static int read_path(const char *path, struct reading_list *list)
{
	const struct registry_file_sink sink = {
		.data = list, .head = take_head, .record = take_record, .complain = take_complaint};

	list->heads = list->records = list->complaints = 0;
	list->keys[0] = list->told[0] = '\0';
	return registry_file_read(path, &sink);
}

static int read_bytes(const char *suffix, const char *text, size_t bytes, struct reading_list *list)
{
	char folder[] = "/tmp/registry-file-XXXXXX", path[64];
	FILE *file;
	int result;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/list.%s", folder, suffix);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, bytes, file), bytes);
	fclose(file);
	result = read_path(path, list);
	unlink(path);
	rmdir(folder);
	return result;
}

static int read_text(const char *suffix, const char *text, struct reading_list *list)
{
	return read_bytes(suffix, text, strlen(text), list);
}

static void expect_refused(const char *suffix, const char *text, const char *told)
{
	struct reading_list list = {0};

	assert_int_equal(read_text(suffix, text, &list), -EINVAL);
	if (!strstr(list.told, told))
		fail_msg("told \"%s\", not \"%s\"", list.told, told);
}

/* ---- JSON lines --------------------------------------------------------------------------- */

static void a_list_has_a_head_and_a_record_on_each_line(void **state)
{
	struct reading_list list = {0};

	(void)state;
	assert_int_equal(read_text("jsonl",
				   "# who is in\n" GROUP_HEAD
				   "\n" MEMBER("BG") "# more\r\n\r\n"
						     "{\"group\":\"EU\",\"country\":\"RO\"}",
				   &list),
			 2);
	assert_string_equal(list.keys, "EU:BG EU:RO ");
	assert_int_equal(list.heads, 1);
	assert_int_equal(list.head.kind, REGISTRY_GROUP);
	assert_string_equal(list.head.version, "7");
	assert_int_equal(list.head.as_of_utc_ns, UTC(2026, 3, 1));
	assert_int_equal(list.head.records, -1);
	assert_string_equal(list.told, "");
}

static void an_empty_list_is_a_list(void **state)
{
	struct reading_list list = {0};

	(void)state;
	assert_int_equal(read_text("jsonl", GROUP_HEAD, &list), 0);
	assert_int_equal(list.heads, 1);
}

static void a_list_without_its_head_is_refused(void **state)
{
	(void)state;
	expect_refused("jsonl", "", "1: the head is missing");
	expect_refused("jsonl", MEMBER("BG"), "1: group: is not known here");
	expect_refused("jsonl", "{\"list\":{\"kind\":\"group\",\"as_of\":\"2026-03-01\"}}\n",
		       "1: list.version: is missing");
	expect_refused("jsonl", "{\"list\":{\"kind\":\"group\",\"version\":\"7\"}}\n",
		       "1: list.as_of: is missing");
	expect_refused(
		"jsonl",
		"{\"list\":{\"kind\":\"seal\",\"version\":\"7\",\"as_of\":\"2026-03-01\"}}\n",
		"expected one of consignment, aeo, mra, group");
	expect_refused("csv", AEO_COLUMNS, "1: the head is missing");
	expect_refused("csv", "#" AEO_HEAD, "the line that names the columns is missing");
}

static void complaints_have_their_line_and_nothing_is_handed_out_after_one(void **state)
{
	struct reading_list list = {0};

	(void)state;
	assert_int_equal(read_text("jsonl",
				   GROUP_HEAD MEMBER("BG") "\n" MEMBER("ro") MEMBER("DE") "{\n",
				   &list),
			 -EINVAL);
	assert_string_equal(list.keys, "EU:BG ");
	assert_int_equal(list.complaints, 2);
	assert_non_null(strstr(list.told, "4: country: \"ro\", expected two capital letters"));
	assert_non_null(strstr(list.told, "6: is no JSON: "));
}

static void twenty_complaints_are_told_and_then_their_number(void **state)
{
	struct reading_list list = {0};
	char text[2048] = GROUP_HEAD;

	(void)state;
	for (int i = 0; i < 25; i++)
		strcat(text, "{\"group\":1}\n");
	assert_int_equal(read_text("jsonl", text, &list), -EINVAL);
	assert_int_equal(list.complaints, 21);
	assert_non_null(strstr(list.told, "\n0: and 5 more\n"));
}

static void what_is_listed_twice_is_complained_of(void **state)
{
	(void)state;
	expect_refused("jsonl", GROUP_HEAD MEMBER("BG") MEMBER("RO") MEMBER("BG"),
		       "4: \"EU:BG\" is listed twice");
}

static void a_list_that_was_cut_is_known_by_the_count_in_its_head(void **state)
{
	static const char head[] = "{\"list\":{\"kind\":\"group\",\"version\":\"7\","
				   "\"as_of\":\"2026-03-01\",\"records\":2}}\n";
	struct reading_list list = {0};
	char text[512];

	(void)state;
	snprintf(text, sizeof(text), "%s" MEMBER("BG"), head);
	expect_refused("jsonl", text, "0: has 1 records, its head says 2");
	strcat(text, MEMBER("RO"));
	assert_int_equal(read_text("jsonl", text, &list), 2);
}

static void a_line_that_is_too_long_is_one_complaint(void **state)
{
	struct reading_list list = {0};
	char *text = malloc(2 * CONSIGNMENT_BYTES), *end = text;

	(void)state;
	assert_non_null(text);
	end = stpcpy(end, GROUP_HEAD);
	memset(end, 'x', CONSIGNMENT_BYTES + 100);
	strcpy(end + CONSIGNMENT_BYTES + 100, "\n" MEMBER("BG") MEMBER("ro"));
	assert_int_equal(read_text("jsonl", text, &list), -EINVAL);
	assert_int_equal(list.complaints, 2);
	assert_non_null(strstr(list.told, "2: is longer than 16383 bytes\n4: country"));
	free(text);
}

static void a_zero_byte_is_complained_of(void **state)
{
	static const char jsonl[] = GROUP_HEAD "{\"group\":\"EU\",\0}\n";
	static const char csv[] = "#" AEO_HEAD AEO_COLUMNS "GE,GE-AEO,1\0,A,active\n";
	static const char quoted[] = "#" AEO_HEAD AEO_COLUMNS "GE,GE-AEO,\"1\0\",A,active\n";
	struct reading_list list = {0};

	(void)state;
	assert_int_equal(read_bytes("jsonl", jsonl, sizeof(jsonl) - 1, &list), -EINVAL);
	assert_int_equal(read_bytes("csv", csv, sizeof(csv) - 1, &list), -EINVAL);
	assert_int_equal(read_bytes("csv", quoted, sizeof(quoted) - 1, &list), -EINVAL);
	assert_string_equal(list.told, "3: a control character stands in a cell\n");
}

/* ---- CSV ----------------------------------------------------------------------------------- */

static void a_row_is_read_as_the_record_it_stands_for(void **state)
{
	struct reading_list list = {0};

	(void)state;
	assert_int_equal(
		read_text(
			"csv",
			"#" AEO_HEAD
			"number,country,scheme,eori,name,type,roles,status,status_from,valid_until,"
			"consent_mra,x_office\n"
			"A 1,GE,GE-AEO,ge-12,\"Kolkheti, \"\"K\"\"\",AEOS, exporter; carrier ,"
			"active,2020-01-01,2026-12-31,yes,Tbilisi\r\n",
			&list),
		1);
	assert_string_equal(
		list.written,
		"{\"country\":\"GE\",\"scheme\":\"GE-AEO\",\"number\":\"A1\",\"tin\":\"GE12\","
		"\"name\":\"Kolkheti, \\\"K\\\"\",\"type\":\"AEOS\",\"roles\":[\"exporter\","
		"\"carrier\"],\"history\":[{\"status\":\"active\",\"from\":"
		"\"2020-01-01T00:00:00.000000Z\"}],\"valid_until\":\"2027-01-01T00:00:00.000000Z\","
		"\"consent_mra\":true}");
}

static void tabs_may_divide_the_cells_too(void **state)
{
	struct reading_list list = {0};

	(void)state;
	assert_int_equal(read_text("csv",
				   "#" AEO_HEAD "country\tscheme\tnumber\ttype\troles\tstatus\n"
				   "GE\tGE-AEO\tA,1\tAEOS\texporter;carrier\tactive\n\t\t\t\t\t\n",
				   &list),
			 1);
	assert_non_null(strstr(list.written, "\"number\":\"A,1\""));
	assert_non_null(strstr(list.written, "\"roles\":[\"exporter\",\"carrier\"]"));
}

static void an_arrangement_may_be_a_row_with_the_usual_names(void **state)
{
	struct reading_list list = {0};

	(void)state;
	assert_int_equal(
		read_text(
			"csv",
			"# exported by hand\n"
			"# {\"list\":{\"kind\":\"mra\",\"version\":\"7\",\"as_of\":\"2026-03-01\"}}\n"
			"mra_id,party_a,party_b,multilateral_group,direction,flow,types_a,types_b,"
			"roles,benefits,signed_on,valid_from,valid_until,status,legal_ref,source_ref,"
			"version\n"
			"eu-md,EU,MD,,both,any,AEOS;AEOF,*,,priority_lane;risk_score,,2022-11-01,,"
			"in_force,COM(2022)311,,3\n"
			"ots,,,OTS,,,*,,,,,,,negotiated,,,\n",
			&list),
		2);
	assert_string_equal(list.keys, "eu-md ots ");
	assert_string_equal(list.written, "{\"id\":\"ots\",\"group\":\"OTS\",\"types_a\":[\"*\"],"
					  "\"status\":\"negotiated\"}");
}

static void a_consignment_may_be_a_row_too(void **state)
{
	struct reading_list list = {0};

	(void)state;
	assert_int_equal(
		read_text(
			"csv",
			"#{\"list\":{\"kind\":\"consignment\",\"version\":\"7\",\"as_of\":"
			"\"2026-03-01\"}}\n"
			"ucr,flow,documents,containers,vehicles,seals,parties,itinerary\n"
			"6GE1-A,transit,mrn|26GE7A01B2C3D4E5J1; tir|JX95000448,CSQU3054383,AA 1;BB "
			"2,S-1|CSQU3054383|GE|2026-03-01T10:00:00Z;S-2,carrier|K||GE|GE-AEO|A1;"
			"importer|I,ge-x|2026-03-01||3600;az-y\n",
			&list),
		1);
	assert_string_equal(
		list.written,
		"{\"ucr\":\"6GE1-A\",\"flow\":\"transit\",\"documents\":[{\"kind\":\"mrn\","
		"\"number\":\"26GE7A01B2C3D4E5J1\"},{\"kind\":\"tir\",\"number\":\"JX95000448\"}],"
		"\"containers\":[\"CSQU3054383\"],\"vehicles\":[\"AA1\",\"BB2\"],\"seals\":[{"
		"\"number\":\"S1\",\"container\":\"CSQU3054383\",\"affixed_by\":\"GE\","
		"\"affixed_at\":\"2026-03-01T10:00:00.000000Z\"},{\"number\":\"S2\"}],\"parties\":[{"
		"\"role\":\"carrier\",\"name\":\"K\",\"aeo\":{\"country\":\"GE\",\"scheme\":"
		"\"GE-AEO\",\"number\":\"A1\"}},{\"role\":\"importer\",\"name\":\"I\"}],"
		"\"itinerary\":[{\"checkpoint\":\"ge-x\",\"from\":\"2026-03-01T00:00:00.000000Z\","
		"\"max_dwell_s\":3600},{\"checkpoint\":\"az-y\"}]}");
}

static void a_history_may_stand_in_one_cell(void **state)
{
	struct reading_list list = {0};

	(void)state;
	assert_int_equal(read_text("csv",
				   "#" AEO_HEAD "country,scheme,number,type,history\n"
				   "GE,GE-AEO,1,AEOS,active|2020-01-01;suspended|2026-01-01\n",
				   &list),
			 1);
	assert_non_null(
		strstr(list.written, "{\"status\":\"suspended\",\"from\":\"2026-01-01T00:"));
}

static void a_spreadsheet_may_put_a_byte_order_mark_before_the_head(void **state)
{
	struct reading_list list = {0};

	(void)state;
	assert_int_equal(read_text("csv",
				   "\xEF\xBB\xBF#" AEO_HEAD AEO_COLUMNS "GE,GE-AEO,1,AEOS,active\n",
				   &list),
			 1);
}

static void bad_rows_are_complained_of_by_line(void **state)
{
#define HEADS "#" AEO_HEAD AEO_COLUMNS
	(void)state;
	expect_refused("csv", HEADS "GE,GE-AEO,#REF!,AEOS,active\n",
		       "3: number: \"#REF!\" is a spr");
	expect_refused("csv", HEADS "GE,GE-AEO,#####,AEOS,active\n",
		       "3: number: \"#####\" is a spr");
	expect_refused("csv",
		       "\"#{\"\"list\"\":{\"\"kind\"\":\"\"aeo\"\"\",\"version:\"\"7\"\"\"\n",
		       "1: the head is divided");
	expect_refused("csv", HEADS "GE,GE-AEO,1,AEOS\n", "3: has 4 cells, there are 5 columns");
	expect_refused("csv", HEADS "GE,GE-AEO,1,AEOS,up\n", "3: status: \"up\", expected one of");
	expect_refused("csv", HEADS "GE,GE-AEO,\"1\"2,AEOS,active\n",
		       "3: something stands behind a closing quote");
	expect_refused("csv", HEADS "GE,GE-AEO,1\"2\",AEOS,active\n", "3: a quote stands within");
	expect_refused("csv", HEADS "\n\nGE,GE-AEO,\"12,AEOS,active\n", "5: a quote is not closed");
	expect_refused("csv", HEADS "GE,GE-AEO,\"1\n2\",AEOS,active\nGE,GE-AEO,3,AEOS,up\n",
		       "5: status: ");
	expect_refused("csv", HEADS "GE,GE-AEO,\xE4,AEOS,active\n", "3: is no UTF-8: ");
	expect_refused("csv", "#" AEO_HEAD "country,country\n", "2: column \"country\" is there");
	expect_refused("csv", "#" AEO_HEAD "country;scheme;numbr\n",
		       "2: \"numbr\" is no column of a list of kind \"aeo\"");
	expect_refused("csv",
		       "#" AEO_HEAD "country;scheme;number;type;status\nGE,GE-AEO,1,AEOS,up\n",
		       "3: has 1 cells, there are 5 columns");
	expect_refused("csv",
		       "#{\"list\":{\"kind\":\"consignment\",\"version\":\"7\",\"as_of\":"
		       "\"2026-03-01\"}}\nucr,flow,documents\n6GE1-A,import,mrn|1|2\n",
		       "3: documents[0].more: is not known here");
}

/* With ";" where a comma is the decimal sign, the head in quotes, separators up to the widest row,
 * and truth in capitals. */
static void a_list_as_a_spreadsheet_saves_it_is_read(void **state)
{
	static const char *const lists[] = {
		"#" AEO_HEAD "country;scheme;number;type;status;consent_mra\n"
		"GE;GE-AEO;1;AEOS;active;TRUE\nGE;GE-AEO;\"2;3\";AEOS;active;FALSE\n",
		"\xEF\xBB\xBF\"#{\"\"list\"\":{\"\"kind\"\":\"\"aeo\"\",\"\"version\"\":\"\"7\"\","
		"\"\"as_of\"\":\"\"2026-03-01\"\"}}\";;;;\r\n"
		"country;scheme;number;type;status\r\n;;;;\r\nGE;GE-AEO;1;AEOS;active\r\n"
		"GE;GE-AEO;2;AEOS;active\r\n",
		"#{\"list\":{\"kind\":\"aeo\",\"version\":\"7\",\"as_of\":\"2026-03-01\"}},,,,,\n"
		"country,scheme,number,type,status,\nGE,GE-AEO,1,AEOS,active,\n"
		"GE,GE-AEO,2,AEOS,active,,,\n",
	};
	struct reading_list list = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++)
		assert_int_equal(read_text("csv", lists[i], &list), 2);
}

/* ---- files --------------------------------------------------------------------------------- */

static void what_a_spreadsheet_spoilt_is_refused_for_that(void **state)
{
	struct reading_list list;

	(void)state;
	assert_int_equal(read_text("csv",
				   "sep=;\r\n#" AEO_HEAD "country; scheme; number;type;status\r\n"
				   "GE;GE-AEO;12/34;AEOS;active\r\n",
				   &list),
			 1);
	assert_string_equal(list.keys, "GE:GE-AEO:12/34 ");
	assert_int_equal(read_text("csv",
				   "#" AEO_HEAD AEO_COLUMNS "GE,GE-AEO,1.23457E+11,AEOS,active\n"
				   "GE,GE-AEO,\"1,2E+05\",AEOS,active\n"
				   "GE,GE-AEO,1E+9,AEOS,active\n"
				   "GE,GE-AEO,\"=\"\"00123\"\"\",AEOS,active\n"
				   "GE,GE-AEO,1.2E-5,AEOS,active\n"
				   "GE,GE-AEO,12E+5,AEOS,active\n",
				   &list),
			 -EINVAL);
	assert_int_equal(list.complaints, 4);
	assert_contains(list.told, "3: number: \"1.23457E+11\" is a spreadsheet's");
	assert_contains(list.told, "6: number: ");
	assert_int_equal(read_bytes("csv", "\xFF\xFE#\0{\0\n\0", 8, &list), -EINVAL);
	assert_contains(list.told, "1: is no UTF-8, but UTF-16");
}

static void only_files_of_the_two_formats_are_read(void **state)
{
	struct reading_list list = {0};

	(void)state;
	assert_int_equal(read_text("json", GROUP_HEAD, &list), -EINVAL);
	assert_string_equal(list.told, "0: its name does not end in .jsonl or .csv\n");
	assert_int_equal(read_path("/nonexistent/list.jsonl", &list), -ENOENT);
}

static void a_pipe_is_not_waited_for(void **state)
{
	char folder[] = "/tmp/registry-file-XXXXXX", path[64];
	struct reading_list list = {0};

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/list.csv", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(read_path(path, &list), -ENODEV);
	unlink(path);
	rmdir(folder);
}

static void what_the_taker_says_stops_the_reading(void **state)
{
	struct reading_list list = {.stop_at = 2};

	(void)state;
	assert_int_equal(
		read_text("jsonl", GROUP_HEAD MEMBER("BG") MEMBER("RO") MEMBER("DE"), &list),
		-ENOSPC);
	assert_int_equal(list.records, 2);
	assert_int_equal(list.complaints, 0);
}

static void a_large_list_is_read_without_being_held(void **state)
{
	const int rows = 20000;
	struct reading_list list = {0};
	char *text = malloc(200 + 40 * (size_t)rows), *end = text;

	(void)state;
	assert_non_null(text);
	end = stpcpy(end, "#" AEO_HEAD AEO_COLUMNS);
	for (int i = 0; i < rows; i++)
		end += sprintf(end, "GE,GE-AEO,%d,AEOS,active\n", i);
	assert_int_equal(read_text("csv", text, &list), rows);
	assert_int_equal(list.records, rows);
	free(text);
}

/* ---- the lists that are shipped --------------------------------------------------------------- */

static const struct arrangement *known_by_id(const char *id)
{
	for (size_t i = 0; i < COUNT(known_arrangements); i++)
		if (strcmp(known_arrangements[i].id, id) == 0)
			return &known_arrangements[i];
	fail_msg("%s is not known", id);
	return NULL;
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static int compare_shipped(void *data, struct registry_record *record)
{
	const struct arrangement *shipped = &record->arrangement, *known;
	int *count = data;

	known = known_by_id(record->key);
	assert_true(same(shipped->party_a, known->party_a));
	assert_true(same(shipped->party_b, known->party_b));
	assert_true(same(shipped->group, known->group));
	assert_true(same(shipped->types_a, known->types_a));
	assert_true(same(shipped->types_b, known->types_b));
	assert_int_equal(shipped->status, known->status);
	if (known->status == ARRANGEMENT_IN_FORCE)
		assert_int_equal(shipped->in_force.from_utc_ns, known->in_force.from_utc_ns);
	assert_int_equal(shipped->flows, known->flows ? known->flows : FLOW_ANY);
	(*count)++;
	registry_record_free(record);
	return 0;
}

static void the_shipped_arrangements_are_those_that_recognition_is_tested_with(void **state)
{
	int count = 0;
	const struct registry_file_sink sink = {.data = &count, .record = compare_shipped};

	(void)state;
	assert_int_equal(registry_file_read("etc/registry/arrangements.jsonl", &sink), 18);
	assert_int_equal(count, 18);
}

static void the_shipped_groups_can_be_read(void **state)
{
	struct reading_list list = {0};

	(void)state;
	assert_int_equal(read_path("etc/registry/groups.jsonl", &list), 33);
	assert_int_equal(list.head.kind, REGISTRY_GROUP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_has_a_head_and_a_record_on_each_line),
		cmocka_unit_test(an_empty_list_is_a_list),
		cmocka_unit_test(a_list_without_its_head_is_refused),
		cmocka_unit_test(complaints_have_their_line_and_nothing_is_handed_out_after_one),
		cmocka_unit_test(twenty_complaints_are_told_and_then_their_number),
		cmocka_unit_test(what_is_listed_twice_is_complained_of),
		cmocka_unit_test(a_list_that_was_cut_is_known_by_the_count_in_its_head),
		cmocka_unit_test(a_line_that_is_too_long_is_one_complaint),
		cmocka_unit_test(a_zero_byte_is_complained_of),
		cmocka_unit_test(a_row_is_read_as_the_record_it_stands_for),
		cmocka_unit_test(tabs_may_divide_the_cells_too),
		cmocka_unit_test(an_arrangement_may_be_a_row_with_the_usual_names),
		cmocka_unit_test(a_consignment_may_be_a_row_too),
		cmocka_unit_test(a_history_may_stand_in_one_cell),
		cmocka_unit_test(a_spreadsheet_may_put_a_byte_order_mark_before_the_head),
		cmocka_unit_test(bad_rows_are_complained_of_by_line),
		cmocka_unit_test(a_list_as_a_spreadsheet_saves_it_is_read),
		cmocka_unit_test(what_a_spreadsheet_spoilt_is_refused_for_that),
		cmocka_unit_test(only_files_of_the_two_formats_are_read),
		cmocka_unit_test(a_pipe_is_not_waited_for),
		cmocka_unit_test(what_the_taker_says_stops_the_reading),
		cmocka_unit_test(a_large_list_is_read_without_being_held),
		cmocka_unit_test(
			the_shipped_arrangements_are_those_that_recognition_is_tested_with),
		cmocka_unit_test(the_shipped_groups_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
