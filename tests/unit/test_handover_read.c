#include "rig/unit.h"

#include "inbound/handover_read.h"
#include "transit/event/event.h"
#include "transit/event/memo.h"

#define UTC (INT64_C(1772428200) * 1000000000) /* 2026-03-02T05:10:00Z */

#define HEAD                                                                            \
	"{\"schema\":\"corridord.handover/1\",\"checkpoint\":\"az-ganja\",\"gateway\":" \
	"\"gw1\",\"to\":\"ge-red-bridge\","
#define UCR	 "\"ucr\":\"6GE1-A\","
#define DEPARTED "\"departed\":{\"utc\":\"2026-03-02T05:10:00Z\",\"clock\":\"synced\"},"

static int read_text(const char *text, struct handover *handover, char *error)
{
	return handover_read(text, strlen(text), handover, error);
}

static void refused(const char *text, const char *why)
{
	char error[HANDOVER_ERROR_BYTES];
	struct handover handover;

	assert_int_equal(read_text(text, &handover, error), -EINVAL);
	assert_non_null(strstr(error, why));
}

static struct handover taken(const char *text)
{
	char error[HANDOVER_ERROR_BYTES];
	struct handover handover;
	int rc = read_text(text, &handover, error);

	if (rc < 0)
		print_error("%s\n", error);
	assert_int_equal(rc, 0);
	return handover;
}

static void what_one_gateway_writes_another_reads(void **state)
{
	const struct event_origin origin = {"az-ganja", "gw1", "boot"};
	const struct event_head head = {.epoch = "00000000000000e1", .seq = 7};
	const struct instant now = {.mono_ns = 5, .utc_ns = UTC, .clock = CLOCK_SYNCED};
	struct handover sent = {
		.ucr = "6GE1-A/B",
		.from = "az-ganja",
		.to = "ge-red-bridge",
		.gateway = "gw1",
		.rule = "seal",
		.departed_utc_ns = UTC,
		.departed_clock = CLOCK_HOLDOVER,
		.expected_from_utc_ns = UTC + 1000,
		.expected_until_utc_ns = UTC + 2000,
		.expires_utc_ns = UTC + 3000,
		.seals = {{"GE1", LEG_SEAL_INTACT, 3, -1, UTC, {0}, 0, "GE0"},
			  {"GE2", LEG_SEAL_MISSING, -1, 0, UTC, {0}, 0, {0}}},
		.seal_count = 2,
		.seals_more = 4,
		.moved = {.moves = {{MOVE_VEHICLE, "AA123BB", "GG900HH"},
				    {MOVE_CONTAINER, "", "MSKU9070323"}},
			  .count = 2},
	};
	char id[HANDOVER_ID_BYTES], members[EVENT_BODY_BYTES], payload[EVENT_BYTES],
		key[HANDOVER_KEY_BYTES];
	struct event_draft draft = {.state_key = key, .state = members};
	struct handover heard;
	struct jw json;
	int bytes;

	(void)state;
	assert_true(handover_key(sent.to, sent.ucr, key));
	jw_start(&json, members, sizeof(members));
	handover_members(&sent, &json);
	draft.state_bytes = json.bytes;
	bytes = event_seal_state(&head, &origin, &draft, &now, payload);
	assert_in_range(bytes, 100, EVENT_BYTES);
	heard = taken(payload);
	assert_memory_equal(&heard, &sent, sizeof(sent));
	assert_true(handover_read_id(strrchr(key, '/') + 1, id));
	assert_string_equal(id, heard.ucr);
}

static void the_longest_handover_fits_into_a_payload_and_a_memory(void **state)
{
	struct handover handover = {.rule = "container", .departed_utc_ns = UTC, .seals_more = 1};
	char members[EVENT_BODY_BYTES], text[MEMO_BYTES];
	struct memo memo;
	struct jw json;

	(void)state;
	memset(handover.ucr, 'U', sizeof(handover.ucr) - 1);
	memset(handover.from, 'f', sizeof(handover.from) - 1);
	memset(handover.to, 't', sizeof(handover.to) - 1);
	memset(handover.gateway, 'g', sizeof(handover.gateway) - 1);
	handover.expires_utc_ns = handover.expected_until_utc_ns = UTC;
	for (size_t i = 0; i < HANDOVER_SEALS; i++) {
		struct leg_seal *seal = &handover.seals[handover.seal_count++];

		*seal = (struct leg_seal){.state = LEG_SEAL_TAMPERED,
					  .openings = INT64_MAX,
					  .tamperings = INT64_MAX,
					  .seen_utc_ns = UTC};
		memset(seal->number, 'A' + (int)i, sizeof(seal->number) - 1);
	}
	handover_fit(&handover);
	assert_in_range(handover.seal_count, 8, HANDOVER_SEALS - 1);
	assert_int_equal((int64_t)handover.seal_count + handover.seals_more, HANDOVER_SEALS + 1);
	memo_start(&memo, text, sizeof(text));
	handover_remember(&handover, &memo);
	assert_true(memo_ok(&memo));
	jw_start(&json, members, sizeof(members));
	handover_members(&handover, &json);
	assert_true(jw_ok(&json));
	assert_non_null(strstr(members, "\"seals_more\":"));
}

static void numbers_are_normalised_and_what_is_not_said_is_not_known(void **state)
{
	struct handover handover =
		taken(HEAD "\"ucr\":\" 6ge1-a \"," DEPARTED
			   "\"seals\":[{\"number\":\"ge 00-1\",\"state\":"
			   "\"intact\",\"open\":null,\"more\":{}}],\"new\":[1]}");

	(void)state;
	assert_string_equal(handover.ucr, "6GE1-A");
	assert_string_equal(handover.from, "az-ganja");
	assert_int_equal(handover.departed_utc_ns, UTC);
	assert_int_equal(handover.departed_clock, CLOCK_SYNCED);
	assert_true(handover.expected_from_utc_ns == INT64_MIN);
	assert_true(handover.expected_until_utc_ns == INT64_MAX);
	assert_true(handover.expires_utc_ns == INT64_MIN);
	assert_string_equal(handover.seals[0].number, "GE001");
	assert_int_equal(handover.seals[0].openings, -1);
	assert_int_equal(handover.seals[0].tamperings, -1);
	assert_int_equal(handover.seals[0].seen_utc_ns, UTC);
}

static void words_of_a_later_version_are_not_known(void **state)
{
	struct handover handover = taken(
		HEAD UCR "\"departed\":{\"utc\":\"2026-03-02T05:10:00Z\",\"clock\":\"atomic\"},"
			 "\"seals\":[{\"number\":\"GE1\",\"state\":\"melted\",\"open\":-3}]}");

	(void)state;
	assert_int_equal(handover.departed_clock, CLOCK_UNSYNCED);
	assert_int_equal(handover.seals[0].state, LEG_SEAL_UNKNOWN);
	assert_int_equal(handover.seals[0].openings, -1);
}

static void seals_beyond_the_room_are_counted(void **state)
{
	char text[4096] = HEAD UCR DEPARTED "\"seals_more\":2,\"seals\":[";
	struct handover handover;

	(void)state;
	for (int i = 0; i < HANDOVER_SEALS + 3; i++)
		sprintf(text + strlen(text), "%s{\"number\":\"G%d\",\"state\":\"intact\"}",
			i ? "," : "", i);
	strcat(text, "]}");
	handover = taken(text);
	assert_int_equal(handover.seal_count, HANDOVER_SEALS);
	assert_int_equal(handover.seals_more, 5);
}

static void what_cannot_be_a_handover_is_refused_with_the_reason(void **state)
{
	char large[HANDOVER_BYTES + 2];

	(void)state;
	memset(large, ' ', sizeof(large));
	large[sizeof(large) - 1] = '\0';
	refused(large, "longer than");
	refused("", "no JSON object");
	refused("[]", "no JSON object");
	refused("{\"ucr\":\"a\",\"ucr\":\"b\"}", "no JSON object");
	refused("{}", "\"schema\"");
	refused("{\"schema\":\"corridord.handover/2\"}", "\"schema\" is not");
	refused(HEAD DEPARTED "\"seals\":[]}", "\"ucr\" is missing");
	refused(HEAD "\"ucr\":7," DEPARTED "\"seals\":[]}", "\"ucr\" is missing");
	refused(HEAD "\"ucr\":\"a\\u0001\"," DEPARTED "\"seals\":[]}", "control characters");
	refused(HEAD "\"ucr\":\"a\\u0085\"," DEPARTED "\"seals\":[]}", "control characters");
	refused(HEAD "\"ucr\":\"--\"," DEPARTED "\"seals\":{}}", "");
	refused(HEAD UCR "\"departed\":{},\"seals\":[]}", "\"clock\"");
	refused(HEAD UCR "\"departed\":{\"clock\":\"synced\"},\"seals\":[]}", "\"utc\"");
	refused(HEAD UCR "\"departed\":{\"utc\":\"yesterday\",\"clock\":\"synced\"},\"seals\":[]}",
		"\"utc\" is no time");
	refused(HEAD UCR DEPARTED "\"seals\":{}}", "\"seals\"");
	refused(HEAD UCR DEPARTED "\"seals\":[7]}", "\"number\"");
	refused(HEAD UCR DEPARTED
		"\"expected_from\":\"2026-03-03T00:00:00Z\",\"expected_until\":\"2026-03-02T00:00:00Z\","
		"\"seals\":[]}",
		"\"expected_from\" is later");
}

static void a_level_of_a_topic_is_a_ucr_or_none(void **state)
{
	char ucr[HANDOVER_ID_BYTES], longest[200];

	(void)state;
	assert_true(handover_read_id("6GE1-A%2FB", ucr));
	assert_string_equal(ucr, "6GE1-A/B");
	assert_true(handover_read_id("6GE1-A%2FB~CSQU3054383", ucr)); /* of a part */
	assert_string_equal(ucr, "6GE1-A/B~CSQU3054383");
	assert_true(handover_read_id("6GE1~A~", ucr)); /* whole, with one of its own */
	assert_string_equal(ucr, "6GE1~A~");
	assert_true(handover_read_id("6GE1~a-very-long-end-of-a-number~", ucr));
	assert_string_equal(ucr, "6GE1~A-VERY-LONG-END-OF-A-NUMBER~");
	assert_false(handover_read_id("~CSQU3054383", ucr));
	assert_false(handover_read_id("6GE1%2", ucr));
	assert_false(handover_read_id("6GE1%zz", ucr));
	assert_false(handover_read_id("", ucr));
	memset(longest, 'A', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_false(handover_read_id(longest, ucr));
}

static void what_takes_one_back_names_it_and_who_says_so(void **state)
{
	const struct event_origin origin = {"ge-red-bridge", "gw2", "boot"};
	const struct event_head head = {.epoch = "00000000000000e1", .seq = 7};
	const struct instant now = {.mono_ns = 5, .utc_ns = UTC, .clock = CLOCK_SYNCED};
	struct handover announced = {.from = "az-ganja",
				     .to = "ge-red-bridge",
				     .ucr = "6GE1-A/B",
				     .part = "CSQU3054383",
				     .departed_utc_ns = UTC + 1000,
				     .departed_clock = CLOCK_HOLDOVER};
	char text[HANDOVER_WORD_BYTES], payload[EVENT_BYTES + 1];
	struct event_draft draft = {.state_key = HANDOVER_KEY "ge-red-bridge/x"};
	struct handover word;
	int bytes;

	(void)state;
	handover_take_back(&announced, "arrived", text, &draft);
	bytes = event_seal_state(&head, &origin, &draft, &now, payload);
	assert_true(bytes > 0 && draft.state_over);
	payload[bytes] = '\0';
	word = taken(payload);
	assert_true(handover_is_same(&word, &announced));
	assert_string_equal(word.taken_back_by, "ge-red-bridge");
	assert_string_equal(word.gateway, "gw2");
	assert_string_equal(word.to, "ge-red-bridge");
	assert_string_equal(word.instead, "");
	snprintf(announced.instead, sizeof(announced.instead), "ge-poti");
	handover_take_back(&announced, "redirected", text, &draft);
	assert_contains(text, "\"because\":\"redirected\",\"goes_to\":\"ge-poti\"");
	bytes = event_seal_state(&head, &origin, &draft, &now, payload);
	payload[bytes] = '\0';
	word = taken(payload);
	assert_string_equal(word.instead, "ge-poti");
	assert_int_equal(word.departed_clock, CLOCK_HOLDOVER);
	assert_true(word.expected_until_utc_ns == INT64_MAX);
	refused(HEAD UCR "\"takes_back\":{\"departed\":\"2026-03-02T05:10:00Z\"}}", "\"from\"");
	refused(HEAD UCR "\"takes_back\":7}", "\"from\"");
	refused(HEAD UCR "\"takes_back\":{\"from\":\"az-ganja\"}}", "\"departed\"");
}

static void a_number_splits_into_consignment_and_part(void **state)
{
	static const char *const ids[][2] = {{"A", ""}, {"A", "B"}, {"A~B", ""}, {"A~B", "C"}};
	char id[HANDOVER_ID_BYTES];
	struct handover handover;

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		handover_id_of(ids[i][0], ids[i][1], id);
		handover_set_id(&handover, id);
		assert_string_equal(handover.ucr, ids[i][0]);
		assert_string_equal(handover.part, ids[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_takes_one_back_names_it_and_who_says_so),
		cmocka_unit_test(a_number_splits_into_consignment_and_part),
		cmocka_unit_test(what_one_gateway_writes_another_reads),
		cmocka_unit_test(the_longest_handover_fits_into_a_payload_and_a_memory),
		cmocka_unit_test(numbers_are_normalised_and_what_is_not_said_is_not_known),
		cmocka_unit_test(words_of_a_later_version_are_not_known),
		cmocka_unit_test(seals_beyond_the_room_are_counted),
		cmocka_unit_test(what_cannot_be_a_handover_is_refused_with_the_reason),
		cmocka_unit_test(a_level_of_a_topic_is_a_ucr_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
