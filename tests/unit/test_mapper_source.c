/* A sender of messages: which are its device's, which name nobody, when it is down. */
#include "rig/unit.h"

#include "source_bench.h"

static void a_message_is_readings_of_its_points(void **state)
{
	struct bench *bench = bench_of(state);

	begin(bench);
	hear(bench, "{\"plate\":\"AB123CD\",\"state\":3}");
	assert_reading(bench, 0, 0, "AB123CD");
	assert_reading(bench, 1, 1, "3");
	pass(bench, 6);
	assert_reading(bench, 2, 0, "");
	assert_int_equal(bench->count, 3);
}

static void messages_of_others_are_no_news(void **state)
{
	struct bench *bench = bench_of(state);
	char type[] = "/type=lpr", camera[] = "/camera=1";

	bench->device_conf.when = (struct conf_list){.item = (char *[]){type}, .count = 1};
	bench->device_conf.only = (struct conf_list){.item = (char *[]){camera}, .count = 1};
	begin(bench);
	for (int i = 0; i < 100; i++) {
		hear(bench, "{\"type\":\"motion\",\"plate\":\"AB123CD\",\"camera\":1}");
		hear(bench, "{\"type\":\"lpr\",\"plate\":\"AB123CD\",\"camera\":2}");
		pass(bench, 1);
	}
	assert_int_equal(bench->count, 0);
	assert_int_equal(bench->source.counts.foreign, 200);
	hear(bench, "{\"type\":\"lpr\",\"plate\":\"AB123CD\",\"camera\":1}");
	assert_reading(bench, 0, 0, "AB123CD");
}

static void an_event_that_comes_again_is_a_repetition(void **state)
{
	struct bench *bench = bench_of(state);

	bench->device_conf.id = "/id";
	bench->plate_conf.again_after_ns = 0;
	begin(bench);
	hear(bench, "{\"id\":\"a7\",\"plate\":\"AB123CD\"}");
	pass(bench, 100);
	hear(bench, "{\"id\":\"a7\",\"plate\":\"AB123CD\"}");
	assert_int_equal(bench->count, 2);
	assert_int_equal(bench->source.counts.repeated, 1);
	hear(bench, "{\"id\":\"a8\",\"plate\":\"AB123CD\"}");
	assert_reading(bench, 2, 0, "AB123CD");
}

static void a_thousand_messages_of_the_past_name_nobody(void **state)
{
	struct bench *bench = bench_of(state);
	char message[96];

	bench->device_conf.time = "/t";
	bench->device_conf.time_form = MAP_TIME_UNIX;
	bench->plate_conf.max_age_ns = 10 * NS_PER_S;
	begin(bench);
	for (int i = 0; i < 1000; i++) {
		sprintf(message, "{\"t\":%d,\"plate\":\"AB%03dCD\"}", 1764310502 - 1011 + i, i);
		hear(bench, message);
		bench->now_ns += NS_PER_MS;
	}
	assert_int_equal(bench->count, 0);
	assert_int_equal(bench->source.counts.late, 1000);
	assert_contains(bench->words, "kept back, or a clock is wrong");
	hear(bench, "{\"t\":1764310503,\"plate\":\"AB123CD\"}");
	assert_reading(bench, 0, 0, "AB123CD");
}

static void a_clock_ahead_or_none_names_nobody(void **state)
{
	struct bench *bench = bench_of(state);

	bench->device_conf.time = "/t";
	bench->device_conf.time_form = MAP_TIME_UNIX;
	bench->plate_conf.max_age_ns = 10 * NS_PER_S;
	begin(bench);
	hear(bench, "{\"t\":1764335702,\"plate\":\"AB123CD\"}");
	assert_contains(bench->words, "25200.0 s to come");
	hear(bench, "{\"plate\":\"AB123CD\"}");
	assert_contains(bench->words, "has no time");
	hear(bench, "{\"t\":\"soon\",\"plate\":\"AB123CD\"}");
	assert_int_equal(bench->count, 0);
}

static void a_vehicle_that_has_left_empties_the_point(void **state)
{
	struct bench *bench = bench_of(state);
	char lost[] = "/carState=lost";

	bench->device_conf.gone = (struct conf_list){.item = (char *[]){lost}, .count = 1};
	begin(bench);
	hear(bench, "{\"carState\":\"new\",\"plate\":\"AB123CD\"}");
	pass(bench, 1);
	hear(bench, "{\"carState\":\"lost\",\"plate\":\"AB123CD\"}");
	assert_reading(bench, 1, 0, "");
	assert_int_equal(bench->count, 2);
}

static void each_element_is_a_record(void **state)
{
	struct bench *bench = bench_of(state);

	bench->device_conf.each = "/results";
	bench->plate_conf.path = "./plate";
	begin(bench);
	hear(bench, "{\"state\":1,\"results\":[{\"plate\":\"AB123CD\"},{\"plate\":\"XY987ZZ\"}]}");
	assert_reading(bench, 0, 0, "AB123CD");
	assert_reading(bench, 2, 0, "XY987ZZ");
	hear(bench, "{\"results\":7}");
	assert_contains(bench->words, "no array at /results");
}

static void a_message_that_is_an_array_is_its_elements(void **state)
{
	struct bench *bench = bench_of(state);

	begin(bench);
	hear(bench, "[{\"plate\":\"AB123CD\"},{\"state\":2},7]");
	assert_reading(bench, 0, 0, "AB123CD");
	assert_reading(bench, 1, 1, "2");
	assert_int_equal(bench->count, 2);
}

/* Of the documented shape; which members there are depends on the camera's firmware. */
static void xml_is_read_as_json_is(void **state)
{
	struct bench *bench = bench_of(state);
	char type[] = "/eventType=ANPR", camera[] = "/channelID=1";

	bench->device_conf.format = MAP_XML;
	bench->device_conf.when = (struct conf_list){.item = (char *[]){type}, .count = 1};
	bench->device_conf.only = (struct conf_list){.item = (char *[]){camera}, .count = 1};
	bench->device_conf.id = "/UUID";
	bench->plate_conf.path = "/ANPR/licensePlate";
	bench->plate_conf.confidence = "/ANPR/confidenceLevel";
	bench->plate_conf.at_least = 80;
	bench->state_conf.path = "/@version";
	begin(bench);
	hear(bench,
	     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	     "<EventNotificationAlert version=\"2.0\" xmlns=\"http://www.isapi.org/ver20/XMLSchema\">\n"
	     "<channelID>1</channelID><eventType>ANPR</eventType><UUID>a7</UUID>\n"
	     "<ANPR><licensePlate> AB123CD </licensePlate>"
	     "<confidenceLevel>97</confidenceLevel></ANPR></EventNotificationAlert>");
	assert_reading(bench, 0, 0, "AB123CD");
	assert_reading(bench, 1, 1, "2.0");
	hear(bench, "<h:EventNotificationAlert xmlns:h=\"x\"><h:channelID>2</h:channelID>"
		    "<h:eventType>ANPR</h:eventType></h:EventNotificationAlert>");
	assert_contains(bench->words, "/channelID=1 does not hold");
	hear(bench, "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>");
	assert_contains(bench->words, "has a document type");
	hear(bench, "<a><b></a>");
	assert_contains(bench->words, "the message mismatched tag");
	assert_int_equal(bench->count, 2);
}

static void each_element_of_a_name_is_a_record(void **state)
{
	struct bench *bench = bench_of(state);

	bench->device_conf.format = MAP_XML;
	bench->device_conf.each = "/list/result";
	bench->plate_conf.path = "./plate";
	begin(bench);
	hear(bench, "<m><list><n>2</n><result><plate>AB123CD</plate></result><x/>"
		    "<result><plate>XY987ZZ</plate></result></list></m>");
	assert_reading(bench, 0, 0, "AB123CD");
	assert_reading(bench, 1, 0, "XY987ZZ");
	assert_int_equal(bench->count, 2);
}

/* ---- down ------------------------------------------------------------------------------ */

static void a_source_that_is_silent_does_not_answer_until_it_is_heard(void **state)
{
	struct bench *bench = bench_of(state);

	bench->silence_ns = 3 * NS_PER_S;
	begin(bench);
	hear(bench, "{\"plate\":\"AB123CD\"}");
	pass(bench, 2.9);
	assert_int_equal(bench->count, 1);
	assert_int_equal(source_deadline(&bench->source), bench->now_ns + 100 * NS_PER_MS);
	pass(bench, 0.1);
	assert_down(bench, 1, REASON_NO_ANSWER);
	assert_string_equal(bench->fault, "nothing was heard for 3.0 s");
	pass(bench, 100); /* its number runs out, and brings nobody up */
	assert_int_equal(bench->count, 2);
	source_alive(&bench->source, bench->now_ns);
	assert_reading(bench, 2, 0, "");
}

static struct instant now_of(const struct bench *bench)
{
	return (struct instant){.mono_ns = bench->now_ns,
				.utc_ns = UTC_NS + bench->now_ns - 1000 * NS_PER_S};
}

static void a_message_that_was_kept_names_nobody_but_is_a_state(void **state)
{
	const char message[] = "{\"plate\":\"AB123CD\",\"state\":3}",
		   only_state[] = "{\"state\":4}";
	struct bench *bench = bench_of(state);
	struct instant now;

	begin(bench);
	now = now_of(bench);
	for (int i = 0; i < 50; i++)
		source_hear_kept(&bench->source, message, strlen(message), &now);
	assert_int_equal(bench->count, 0); /* the state is of the number that is not believed */
	assert_int_equal(bench->source.counts.late, 50);
	source_hear_kept(&bench->source, only_state, strlen(only_state), &now);
	assert_reading(bench, 0, 1, "4");
	hear(bench, message);
	assert_reading(bench, 1, 0, "AB123CD");
}

static void no_value_is_taken_of_a_source_that_is_not_available(void **state)
{
	struct bench *bench = bench_of(state);

	bench->silence_ns = 3 * NS_PER_S;
	begin(bench);
	source_available(&bench->source, false, "it says \"offline\"", bench->now_ns);
	assert_down(bench, 0, REASON_NO_ANSWER);
	assert_string_equal(bench->fault, "it says \"offline\"");
	hear(bench, "{\"plate\":\"AB123CD\",\"state\":3}");
	pass(bench, 100); /* which is no news */
	assert_int_equal(bench->count, 1);
	source_available(&bench->source, true, "", bench->now_ns);
	assert_reading(bench, 1, 0, "");
	hear(bench, "{\"plate\":\"AB123CD\"}");
	assert_reading(bench, 2, 0, "AB123CD");
	pass(bench, 3); /* silence counts again */
	assert_down(bench, 3, REASON_NO_ANSWER);
}

static void what_comes_too_fast_is_told_once(void **state)
{
	struct bench *bench = bench_of(state);

	begin(bench);
	source_drop(&bench->source, bench->now_ns);
	assert_contains(bench->words, "messages are dropped");
	bench->words[0] = '\0';
	for (int i = 0; i < 1000; i++)
		source_drop(&bench->source, bench->now_ns);
	assert_string_equal(bench->words, "");
	assert_int_equal(bench->source.counts.too_fast, 1001);
	assert_int_equal(bench->count, 0);
	pass(bench, 61);
	source_drop(&bench->source, bench->now_ns);
	assert_contains(bench->words, "messages are dropped");
}

static void a_message_in_pieces_is_one_message(void **state)
{
	struct bench *bench = bench_of(state);
	struct parcel *parcel;
	struct instant now;
	char picture[4096];

	memset(picture, 'A', sizeof(picture));
	begin(bench);
	assert_int_equal(parcel_new(MAP_JSON, &parcel), 0);
	for (int i = 0; i < 2; i++) {
		now = now_of(bench);
		parcel_begin(parcel);
		parcel_take(parcel, "{\"picture\":\"", 12);
		for (int k = 0; k < 1024; k++)
			parcel_take(parcel, picture, sizeof(picture));
		parcel_take(parcel, "\",\"plate\":\"AB1", 14);
		parcel_take(parcel, "23CD\"}", 6);
		source_hear_parcel(&bench->source, parcel, &now);
		assert_reading(bench, (size_t)i * 2, 0, "AB123CD");
		pass(bench, 60);
	}
	parcel_begin(parcel);
	parcel_take(parcel, "{\"plate\":]", 10);
	source_hear_parcel(&bench->source, parcel, &now);
	assert_contains(bench->words, "at byte 10: {\"plate\":]");
	parcel_free(parcel);
}

static void several_numbers_of_one_moment_follow_each_other(void **state)
{
	struct bench *bench = bench_of(state);

	bench->device.point_count = 1;
	begin(bench);
	hear(bench, "[{\"plate\":\"AB123CD\"},{\"plate\":\"ZZ987QQ\"},{\"plate\":\"KK555MM\"}]");
	assert_reading(bench, 0, 0, "AB123CD");
	assert_int_equal(bench->count, 1);
	pass(bench, 0.2);
	assert_reading(bench, 1, 0, "KK555MM");
	pass(bench, 0.2);
	assert_reading(bench, 2, 0, "ZZ987QQ");
	pass(bench, 6);
	assert_reading(bench, 3, 0, "");
	assert_int_equal(bench->count, 4);
}

static void a_source_that_nobody_understands_is_garbled(void **state)
{
	struct bench *bench = bench_of(state);

	begin(bench);
	for (int i = 0; i < 15; i++) {
		hear(bench, "<EventNotificationAlert version=\"2.0\">");
		pass(bench, 1);
	}
	assert_int_equal(bench->count, 1);
	assert_down(bench, 0, REASON_GARBLED);
	assert_contains(bench->fault,
			"is no JSON: lacks a value, at byte 1: <EventNotificationAlert");
	hear(bench, "{\"plate\":\"AB123CD\"}");
	assert_reading(bench, 1, 0, "");
	assert_reading(bench, 2, 0, "AB123CD");
}

static void a_scale_of_confidence_that_is_another_is_noticed(void **state)
{
	struct bench *bench = bench_of(state);

	bench->plate_conf.confidence = "/score";
	bench->plate_conf.at_least = 80;
	begin(bench);
	for (int i = 0; i < 30; i++) {
		hear(bench, "{\"plate\":\"AB123CD\",\"score\":0.93}");
		pass(bench, 1);
	}
	assert_down(bench, 0, REASON_GARBLED);
	assert_contains(bench->fault, "confidence of 0.93, less than 80");
}

static void one_bad_message_among_good_ones_is_no_fault(void **state)
{
	struct bench *bench = bench_of(state);

	begin(bench);
	for (int i = 0; i < 10; i++) {
		hear(bench, "{\"plate\":");
		hear(bench, "{\"plate\":\"\xFF\"}");
		pass(bench, 20);
		hear(bench, "{\"state\":1}");
	}
	assert_int_equal(bench->count, 10);
	assert_int_equal(bench->source.counts.refused, 20);
}

static void a_state_out_of_range_is_a_fault_of_its_point(void **state)
{
	struct bench *bench = bench_of(state);

	bench->state_conf.type = MAP_INTEGER;
	begin(bench);
	hear(bench, "{\"state\":\"ajar\"}");
	assert_int_equal(bench->log[0].kind, FAULT);
	assert_int_equal(bench->log[0].point, 1);
	assert_int_equal(bench->log[0].reason, REASON_OUT_OF_RANGE);
	hear(bench, "{\"state\":4}");
	assert_reading(bench, 1, 1, "4");
}

static void a_bad_option_is_told_with_its_point(void **state)
{
	struct bench *bench = bench_of(state);
	struct driver_complaint complaint;

	bench->state_conf.path = "state";
	assert_int_equal(source_init(&bench->source, &bench->setup, 0, &bench->device_conf,
				     &bench->tools, 0, &complaint),
			 -EINVAL);
	assert_int_equal(complaint.point, 1);
	assert_contains(complaint.message, "expected a JSON Pointer");
}

static void a_bit_of_a_number_that_means_none_is_refused_with_that_number(void **state)
{
	static const int64_t none[] = {255};
	struct bench *bench = bench_of(state);

	bench->state_conf.bit = 1;
	bench->points[1].none = none;
	bench->points[1].none_count = 1;
	begin(bench);
	hear(bench, "{\"state\":2}");
	assert_reading(bench, 0, 1, "1");
	hear(bench, "{\"state\":255}");
	assert_int_equal(bench->log[1].reason, REASON_OUT_OF_RANGE);
	assert_string_equal(bench->log[1].text, "255");
	hear(bench, "{\"state\":\"open\"}");
	assert_string_equal(bench->log[2].text, "open");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		source_test(a_message_is_readings_of_its_points),
		source_test(messages_of_others_are_no_news),
		source_test(an_event_that_comes_again_is_a_repetition),
		source_test(a_thousand_messages_of_the_past_name_nobody),
		source_test(a_clock_ahead_or_none_names_nobody),
		source_test(a_vehicle_that_has_left_empties_the_point),
		source_test(each_element_is_a_record),
		source_test(a_message_that_is_an_array_is_its_elements),
		source_test(xml_is_read_as_json_is),
		source_test(each_element_of_a_name_is_a_record),
		source_test(a_source_that_is_silent_does_not_answer_until_it_is_heard),
		source_test(a_message_that_was_kept_names_nobody_but_is_a_state),
		source_test(no_value_is_taken_of_a_source_that_is_not_available),
		source_test(what_comes_too_fast_is_told_once),
		source_test(a_message_in_pieces_is_one_message),
		source_test(several_numbers_of_one_moment_follow_each_other),
		source_test(a_source_that_nobody_understands_is_garbled),
		source_test(a_scale_of_confidence_that_is_another_is_noticed),
		source_test(one_bad_message_among_good_ones_is_no_fault),
		source_test(a_state_out_of_range_is_a_fault_of_its_point),
		source_test(a_bad_option_is_told_with_its_point),
		source_test(a_bit_of_a_number_that_means_none_is_refused_with_that_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
