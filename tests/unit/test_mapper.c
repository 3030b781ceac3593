/* Messages of devices, of the shapes that their makers document, and what a point becomes. The
 * values are invented. */
#include "rig/unit.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "mapper/json.h"
#include "mapper/map.h"

static struct doc doc;

#define LIST(...) list_of((const char *[]){__VA_ARGS__, NULL})

/* As the configuration has them, which could write them. */
static struct conf_list list_of(const char *const *texts)
{
	static char *pool[64];
	static size_t used;
	struct conf_list list = {.item = pool + used};

	for (; texts[list.count]; list.count++)
		memcpy(&pool[used++], &texts[list.count], sizeof(char *));
	assert_true(used <= COUNT(pool));
	return list;
}

/* As the tables leave what is not set: no bit, any confidence. */
static struct map_point_conf with_defaults(struct map_point_conf conf)
{
	if (conf.bit == 0)
		conf.bit = -1;
	if (!(conf.at_least > 0))
		conf.at_least = NAN;
	return conf;
}

#define POINT(...) with_defaults((struct map_point_conf){__VA_ARGS__})

static struct map_record record_of(const char *message)
{
	struct json json;

	json_begin(&json, &doc);
	assert_true(json_take(&json, message, strlen(message)) && json_end(&json));
	return (struct map_record){.doc = &doc, .root = &doc.node[0], .place = &doc.node[0]};
}

static struct map_result read_of(const struct map_record *record, struct map_point_conf conf)
{
	struct map_result result;
	struct map_point point;
	char fault[128];

	assert_int_equal(map_point_init(&point, &conf, fault, sizeof(fault)), 0);
	map_point_read(&point, record, &result);
	map_point_fini(&point);
	return result;
}

static struct map_result read_json(const char *message, struct map_point_conf conf)
{
	struct map_record record = record_of(message);

	return read_of(&record, conf);
}

static struct map_result read_plain(const char *text, struct map_point_conf conf)
{
	const struct map_record record = {.plain = text};

	return read_of(&record, conf);
}

static void assert_text(struct map_result result, const char *text)
{
	if (result.outcome != MAP_VALUE)
		fail_msg("%s", result.why);
	assert_int_equal(result.value.type, VALUE_TEXT);
	assert_string_equal(result.value.text, text);
}

static void assert_not(struct map_result result, enum map_outcome outcome, const char *why)
{
	assert_int_equal(result.outcome, outcome);
	assert_string_equal(result.why, why);
}

/* ---- devices --------------------------------------------------------------------------- */

static void frigate(void **state)
{
	static const char message[] =
		"{\"type\":\"lpr\",\"plate\":\"AB123CD\",\"score\":0.93,\"id\":\"1764310502.1-x\","
		"\"camera\":\"entry-1\",\"timestamp\":1764310502.1}";
	const struct conf_list when = LIST("/type=lpr", "/camera=entry-1"),
			       other = LIST("/type=lpr", "/camera=exit-1");
	struct map_record record = record_of(message);
	struct map_point_conf plate =
		POINT(.path = "/plate", .confidence = "/score", .at_least = 0.8, .hold_ns = 1);
	const char *failed = NULL;
	int64_t utc_ns;

	(void)state;
	assert_true(map_holds(&record, &when, &failed));
	assert_false(map_holds(&record, &other, &failed));
	assert_string_equal(failed, "/camera=exit-1");
	assert_text(read_of(&record, plate), "AB123CD");
	assert_true(map_time(MAP_TIME_UNIX, map_text(&record, "/timestamp"), &utc_ns));
	assert_int_equal(utc_ns / NS_PER_MS, 1764310502100);
	assert_not(read_json("{\"type\":\"lpr\",\"plate\":null}", plate), MAP_NO_NEWS,
		   "/plate is null");
	assert_not(read_json("{\"plate\":\"AB123CD\",\"score\":0.5}", plate), MAP_UNSURE,
		   "\"AB123CD\" has a confidence of 0.5, less than 0.8");
	assert_not(read_json("{\"plate\":\"AB123CD\"}", plate), MAP_UNSURE,
		   "\"AB123CD\" has no confidence at /score");
}

static void plate_recognizer_with_two_results(void **state)
{
	struct map_record record = record_of(
		"{\"data\":{\"camera_id\":\"entry-1\",\"results\":[{\"plate\":\"ab123cd\","
		"\"score\":0.91},{\"plate\":\"xy987zz\",\"score\":0.85}]}}");
	const struct doc_node *results = doc_at(&doc, record.root, "/data/results");
	struct map_point_conf plate = POINT(.path = "./plate", .confidence = "./score");
	const struct conf_list only = LIST("/data/camera_id=entry-1");
	const char *failed;

	(void)state;
	record.place = doc_child(&doc, results);
	assert_text(read_of(&record, plate), "ab123cd");
	record.place = doc_next(&doc, record.place);
	assert_text(read_of(&record, plate), "xy987zz");
	assert_true(map_holds(&record, &only, &failed));
}

static void axis_with_its_numbers_in_texts(void **state)
{
	static const char message[] =
		"{\"carID\":\"1327\",\"carState\":\"new\",\"plateText\":\"AB123CD\","
		"\"plateConfidence\":\"0.87\",\"carMoveDirection\":\"in\"}";
	struct map_result plate =
		read_json(message, POINT(.path = "/plateText", .confidence = "/plateConfidence",
					 .at_least = 0.8));

	(void)state;
	assert_text(plate, "AB123CD");
	assert_true(plate.confidence > 0.86 && plate.confidence < 0.88);
	assert_text(read_json(message, POINT(.path = "/carMoveDirection",
					     .words = LIST("in=entry", "out=exit"))),
		    "entry");
}

static void impinj_with_a_tag(void **state)
{
	static const char message[] =
		"{\"timestamp\":\"2026-11-28T10:15:02.372Z\",\"eventType\":\"tagInventory\","
		"\"tagInventoryEvent\":{\"epcHex\":\"3416451fd400000000003039\",\"antennaPort\":1}}";
	struct map_record record = record_of(message);
	const struct conf_list when = LIST("/tagInventoryEvent/epcHex"),
			       only = LIST("/tagInventoryEvent/antennaPort=1"),
			       other = LIST("/tagInventoryEvent/antennaPort=11");
	const char *failed;
	int64_t utc_ns;

	(void)state;
	assert_true(map_holds(&record, &when, &failed));
	assert_true(map_holds(&record, &only, &failed));
	assert_false(map_holds(&record, &other, &failed));
	assert_text(read_of(&record, POINT(.path = "/tagInventoryEvent/epcHex", .decode = MAP_EPC)),
		    "952114112345");
	assert_true(map_time(MAP_TIME_RFC3339, map_text(&record, "/timestamp"), &utc_ns));
	assert_int_equal(utc_ns, INT64_C(1795860902372000000));
	assert_text(read_json("{\"e\":\"e2801160600002054cc8a1b2\"}",
			      POINT(.path = "/e", .decode = MAP_EPC)),
		    "E2801160600002054CC8A1B2");
	assert_text(
		read_json("{\"e\":\"MDAwMEFCMTIz\"}", POINT(.path = "/e", .decode = MAP_BASE64)),
		"0000AB123");
	assert_text(read_json("{\"e\":\"4142\"}", POINT(.path = "/e", .decode = MAP_HEX)), "AB");
}

static void chirpstack_with_a_door(void **state)
{
	static const char message[] =
		"{\"deviceInfo\":{\"devEui\":\"0011223344556677\"},\"fCnt\":41,"
		"\"object\":{\"magnet_status\":\"open\",\"battery\":92,\"bits\":5}}";
	struct map_point_conf status = POINT(.path = "/object/magnet_status",
					     .words = LIST("open=opened", "close=intact"));
	struct map_result battery = read_json(message, POINT(.path = "/object/battery"));

	(void)state;
	assert_text(read_json(message, status), "opened");
	assert_not(read_json("{\"object\":{\"magnet_status\":\"ajar\"}}", status), MAP_OUT_OF_RANGE,
		   "\"ajar\" is none of the words");
	assert_not(read_json("{\"object\":{\"magnet_status\":\"\"}}", status), MAP_OUT_OF_RANGE,
		   "\"\" is none of the words");
	assert_not(read_json("{\"object\":{}}", status), MAP_NO_NEWS,
		   "/object/magnet_status is not there");
	assert_int_equal(battery.value.integer, 92);
	assert_true(read_json(message, POINT(.path = "/object/bits", .bit = 2)).value.boolean);
	assert_false(read_json(message, POINT(.path = "/object/bits", .bit = 1)).value.boolean);
}

/* It leaves out what is zero, false or empty. */
static void things_stack_without_a_member(void **state)
{
	struct map_point_conf open = POINT(.path = "/uplink_message/decoded_payload/open",
					   .absent = "false", .type = MAP_BOOL);
	struct map_result absent = read_json("{\"uplink_message\":{\"decoded_payload\":{}}}", open);

	(void)state;
	assert_int_equal(absent.outcome, MAP_VALUE);
	assert_false(absent.value.boolean);
	assert_true(read_json("{\"uplink_message\":{\"decoded_payload\":{\"open\":true}}}", open)
			    .value.boolean);
}

static void scales(void **state)
{
	struct map_point_conf rinstrum = POINT(.pattern = "^([ -][ 0-9.]{7})G$", .type = MAP_REAL);
	struct map_point_conf common =
		POINT(.pattern = "^ST,GS,([+-][ 0-9.]+),kg$", .type = MAP_REAL);

	(void)state;
	assert_true(read_plain("  12345.G", rinstrum).value.real > 12344);
	assert_true(read_plain("-  12.50G", rinstrum).value.real < -12.4);
	assert_int_equal(read_plain("  12345.M", rinstrum).outcome, MAP_NO_NEWS);
	assert_int_equal(read_plain("  12345.G ", rinstrum).outcome, MAP_NO_NEWS);
	assert_true(read_plain("ST,GS,+  12345,kg", common).value.real > 12344);
	assert_int_equal(read_plain("US,GS,+  12345,kg", common).outcome, MAP_NO_NEWS);
	assert_int_equal(read_plain("ST,GS,+  1.2.3,kg", common).outcome, MAP_OUT_OF_RANGE);
}

/* ---- what is not believed -------------------------------------------------------------- */

static void a_cameras_own_words_are_no_plate(void **state)
{
	struct map_point_conf plate =
		POINT(.path = "/p", .hold_ns = 1, .accept = "^[A-Z]{2}[0-9]{3}",
		      .none = LIST("unknown", "noplate"));

	(void)state;
	assert_text(read_json("{\"p\":\" AB123CD \"}", plate), "AB123CD");
	assert_not(read_json("{\"p\":\"CAM03\"}", plate), MAP_UNSURE,
		   "\"CAM03\" does not match what is accepted");
	assert_not(read_json("{\"p\":\"Unknown\"}", plate), MAP_NOTHING,
		   "\"Unknown\": nothing was read");
	assert_not(read_json("{\"p\":\"\"}", plate), MAP_NOTHING, "is empty: nothing was read");
}

static void a_value_of_another_type_is_none(void **state)
{
	struct map_point_conf whole = POINT(.path = "/v", .type = MAP_INTEGER);

	(void)state;
	assert_int_equal(read_json("{\"v\":\"12\"}", whole).value.integer, 12);
	assert_int_equal(read_json("{\"v\":1.5}", whole).outcome, MAP_OUT_OF_RANGE);
	assert_int_equal(read_json("{\"v\":\"0x10\"}", whole).outcome, MAP_OUT_OF_RANGE);
	assert_int_equal(read_json("{\"v\":\"\"}", whole).outcome, MAP_OUT_OF_RANGE);
	assert_int_equal(read_json("{\"v\":99999999999999999999}", whole).outcome,
			 MAP_OUT_OF_RANGE);
	assert_int_equal(read_json("{\"v\":-99999999999999999999}", whole).outcome,
			 MAP_OUT_OF_RANGE);
	assert_int_equal(read_json("{\"v\":18446744073709551615}", whole).value.type, VALUE_UINT);
	assert_not(read_json("{\"v\":[1]}", whole), MAP_OUT_OF_RANGE, "/v is no single value");
	assert_int_equal(read_json("{\"v\":1e400}", POINT(.path = "/v", .type = MAP_REAL)).outcome,
			 MAP_OUT_OF_RANGE);
	assert_int_equal(
		read_json("{\"v\":\"nan\"}", POINT(.path = "/v", .type = MAP_REAL)).outcome,
		MAP_OUT_OF_RANGE);
	assert_int_equal(read_json("{\"v\":\"a\\nb\"}", POINT(.path = "/v")).outcome,
			 MAP_OUT_OF_RANGE);
}

static void a_text_is_never_cut(void **state)
{
	char message[128] = "{\"v\":\"";

	(void)state;
	memset(message + 6, 'x', 63);
	strcpy(message + 69, "\"}");
	assert_int_equal(read_json(message, POINT(.path = "/v")).outcome, MAP_VALUE);
	strcpy(message + 69, "x\"}");
	assert_int_equal(read_json(message, POINT(.path = "/v")).outcome, MAP_OUT_OF_RANGE);
}

static void a_pattern_that_never_ends_is_given_up(void **state)
{
	(void)state;
	assert_int_equal(read_plain("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
				    POINT(.pattern = "^(a+a+)+$"))
				 .outcome,
			 MAP_UNSURE);
	assert_int_equal(read_plain("\xFF\xFE", POINT(.pattern = "x")).outcome, MAP_UNSURE);
}

static void a_pattern_that_is_none_is_refused(void **state)
{
	struct map_point_conf conf = POINT(.pattern = "([A-Z");
	struct map_point point;
	char fault[128];

	(void)state;
	assert_int_equal(map_point_init(&point, &conf, fault, sizeof(fault)), -EINVAL);
	assert_contains(fault, "missing terminating ]");
	map_point_fini(&point);
}

static void options_that_mean_nothing_are_refused(void **state)
{
	const struct map_device_conf json = {.format = MAP_JSON}, plain = {.format = MAP_PLAIN};
	struct map_point_conf conf = POINT(.path = NULL);

	(void)state;
	assert_contains(map_point_fault(&json, &conf), "lacks the path");
	assert_null(map_point_fault(&plain, &conf));
	conf = POINT(.path = "plate");
	assert_contains(map_point_fault(&json, &conf), "expected a JSON Pointer");
	assert_contains(map_point_fault(&plain, &conf), "a plain text has no members");
	conf = POINT(.path = "/a~2");
	assert_contains(map_point_fault(&json, &conf), "\"~\"");
	conf = POINT(.path = "/a", .at_least = 0.5);
	assert_contains(map_point_fault(&json, &conf), "without confidence");
	conf = POINT(.path = "/a", .settle_ns = 1);
	assert_contains(map_point_fault(&json, &conf), "without hold");
	conf = POINT(.path = "/a", .hold_ns = 1, .type = MAP_REAL);
	assert_contains(map_point_fault(&json, &conf), "only a text is held");
	conf = POINT(.path = "/a", .max_age_ns = 1);
	assert_contains(map_point_fault(&json, &conf), "no time");
	conf = POINT(.path = "/a", .words = LIST("open"));
	assert_contains(map_point_fault(&json, &conf), "word=meaning");
}

static void a_time_is_read_in_its_form_or_not_at_all(void **state)
{
	static const struct {
		enum map_time_form form;
		const char *text;
		int64_t utc_ns; /* -1: none */
	} times[] = {
		{MAP_TIME_RFC3339, "1970-01-01T00:00:00Z", 0},
		{MAP_TIME_LOCAL, "2026-11-28 10:15:02", INT64_C(1795835702000000000)},
		{MAP_TIME_LOCAL, "2026-11-28T10:15:02.372", INT64_C(1795835702372000000)},
		{MAP_TIME_LOCAL, "20261128 101502372", INT64_C(1795835702372000000)},
		{MAP_TIME_LOCAL, "20261128101502", INT64_C(1795835702000000000)},
		{MAP_TIME_LOCAL, "2026-11-28 10:15:02Z", -1},
		{MAP_TIME_LOCAL, "2026-13-28 10:15:02", -1},
		{MAP_TIME_LOCAL, "20261128", -1},
		{MAP_TIME_LOCAL, "", -1},
		{MAP_TIME_RFC3339, "2026-11-28T10:15:02+07:00", INT64_C(1795835702000000000)},
		{MAP_TIME_RFC3339, "2026-11-28T10:15:02+0700", INT64_C(1795835702000000000)},
		{MAP_TIME_RFC3339, "2024-02-29 00:00:00.5Z", INT64_C(1709164800500000000)},
		{MAP_TIME_RFC3339, "2026-11-28T10:15:02", -1},
		{MAP_TIME_RFC3339, "2026-13-28T10:15:02Z", -1},
		{MAP_TIME_RFC3339, "2026-11-28T10:15:02Zx", -1},
		{MAP_TIME_RFC3339, "20261128 101502372", -1},
		{MAP_TIME_RFC3339, "", -1},
		{MAP_TIME_UNIX, "1764310502.1", INT64_C(1764310502100000000)},
		{MAP_TIME_UNIX_MS, "1764310502100", INT64_C(1764310502100000000)},
		{MAP_TIME_UNIX_US, "1764310502100000", INT64_C(1764310502100000000)},
		{MAP_TIME_UNIX_NS, "1764310502100000000", INT64_C(1764310502100000000)},
		{MAP_TIME_UNIX, "-1", -1},
		{MAP_TIME_UNIX, "1e30", -1},
		{MAP_TIME_UNIX, "nan", -1},
		{MAP_TIME_UNIX, "", -1},
	};

	(void)state;
	setenv("TZ", "WIB-7", 1);
	tzset();
	for (size_t i = 0; i < COUNT(times); i++) {
		int64_t utc_ns = -1;
		const bool read = map_time(times[i].form, times[i].text, &utc_ns);

		assert_int_equal(read, times[i].utc_ns >= 0);
		if (read) /* to the microsecond, where a long double is a double */
			assert_int_equal(utc_ns / 1000, times[i].utc_ns / 1000);
	}
}

static void numbers_in_hex_and_with_a_comma_are_numbers(void **state)
{
	struct map_point_conf hex = POINT(.path = "/v", .decode = MAP_HEX_NUMBER);
	struct map_point_conf comma = POINT(.path = "/v", .type = MAP_REAL_COMMA);
	const struct value *value;
	struct map_result result;
	struct map_point_conf of_two = hex;
	char second[] = "^..(..)";

	(void)state;
	of_two.pattern = second;
	result = read_json("{\"v\":\"01645C\"}", of_two);
	value = &result.value;
	assert_int_equal(value->type, VALUE_INT);
	assert_int_equal(value->integer, 0x64);
	assert_int_equal(map_shape(&hex).type, VALUE_INT);
	assert_int_equal(read_json("{\"v\":\"fffffffffffffff\"}", hex).value.integer,
			 INT64_C(0xFFFFFFFFFFFFFFF));
	assert_int_equal(read_json("{\"v\":\"1000000000000000\"}", hex).outcome, MAP_OUT_OF_RANGE);
	assert_int_equal(read_json("{\"v\":\"0x1\"}", hex).outcome, MAP_OUT_OF_RANGE);
	result = read_json("{\"v\":\" 12.345,5 \"}", comma);
	assert_int_equal(value->type, VALUE_REAL);
	assert_true(fabs(value->real - 12345.5) < 1e-9);
	assert_int_equal(read_json("{\"v\":\"1,2,3\"}", comma).outcome, MAP_OUT_OF_RANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frigate),
		cmocka_unit_test(plate_recognizer_with_two_results),
		cmocka_unit_test(axis_with_its_numbers_in_texts),
		cmocka_unit_test(impinj_with_a_tag),
		cmocka_unit_test(chirpstack_with_a_door),
		cmocka_unit_test(things_stack_without_a_member),
		cmocka_unit_test(scales),
		cmocka_unit_test(a_cameras_own_words_are_no_plate),
		cmocka_unit_test(a_value_of_another_type_is_none),
		cmocka_unit_test(a_text_is_never_cut),
		cmocka_unit_test(a_pattern_that_never_ends_is_given_up),
		cmocka_unit_test(a_pattern_that_is_none_is_refused),
		cmocka_unit_test(options_that_mean_nothing_are_refused),
		cmocka_unit_test(a_time_is_read_in_its_form_or_not_at_all),
		cmocka_unit_test(numbers_in_hex_and_with_a_comma_are_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
