#include "rig/unit.h"

#include "transit/event/event.h"

static const struct event_origin origin = {
	.checkpoint = "ge-red-bridge", .gateway = "gw1", .boot = "b00t"};

/* 2026-11-23T18:30:00Z at 100 s after boot. */
static const struct instant now = {.mono_ns = INT64_C(100000000000),
				   .utc_ns = INT64_C(1795458600000000000),
				   .clock = CLOCK_SYNCED};

static struct event_draft draft_of(struct jw *body, char *out)
{
	event_body_start(body, out, EVENT_BODY_BYTES, "entry-1", "boom", INT64_C(99000000000),
			 &now);
	return (struct event_draft){.type = event_type(EVENT_BARRIER_OPEN),
				    .body = body->out,
				    .body_bytes = body->bytes,
				    .state_key = "entry-1/boom",
				    .state_word = "open",
				    .state = "\"state\":\"open\"",
				    .state_bytes = 14};
}

static void a_sealed_event_has_these_bytes(void **state)
{
	char body[EVENT_BODY_BYTES], out[EVENT_BYTES];
	struct event_head head = {.epoch = "0123456789abcdef"};
	struct jw json;
	struct event_draft draft = draft_of(&json, body);
	int bytes = event_seal(&head, &origin, &draft, &now, out);

	(void)state;
	assert_int_equal(bytes, strlen(out));
	assert_string_equal(
		out,
		"{\"schema\":\"corridord.event/1\",\"checkpoint\":\"ge-red-bridge\","
		"\"gateway\":\"gw1\",\"epoch\":\"0123456789abcdef\",\"seq\":1,"
		"\"prev\":\"0000000000000000000000000000000000000000000000000000000000000000\","
		"\"type\":\"barrier.open\",\"severity\":\"info\",\"latched\":false,"
		"\"boot\":\"b00t\",\"recorded\":{\"utc\":\"2026-11-23T18:30:00.000000Z\","
		"\"clock\":\"synced\",\"mono_ns\":100000000000},"
		"\"lane\":\"entry-1\",\"sensor\":\"boom\","
		"\"occurred\":{\"utc\":\"2026-11-23T18:29:59.000000Z\",\"clock\":\"synced\","
		"\"mono_ns\":99000000000}}");
	assert_int_equal(head.seq, 1);
}

static void each_event_carries_the_hash_of_the_one_before(void **state)
{
	char body[EVENT_BODY_BYTES], first[EVENT_BYTES], second[EVENT_BYTES];
	unsigned char hash[EVENT_HASH_BYTES];
	char hex[EVENT_HEX_BYTES];
	struct event_head head = {.epoch = "0123456789abcdef"};
	struct jw json;
	struct event_draft draft = draft_of(&json, body);
	int bytes;

	(void)state;
	bytes = event_seal(&head, &origin, &draft, &now, first);
	assert_true(event_seal(&head, &origin, &draft, &now, second) > 0);
	event_hash(first, (size_t)bytes, hash);
	event_hex(hash, hex);
	assert_non_null(strstr(second, hex));
	assert_non_null(strstr(second, "\"seq\":2"));
}

static void the_hash_is_sha_256(void **state)
{
	unsigned char hash[EVENT_HASH_BYTES];
	char hex[EVENT_HEX_BYTES];

	(void)state;
	event_hash("abc", 3, hash); /* FIPS 180-4, appendix */
	event_hex(hash, hex);
	assert_string_equal(hex,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void an_event_too_large_leaves_the_chain_alone(void **state)
{
	char *body = test_malloc(EVENT_BYTES);
	char out[EVENT_BYTES];
	struct event_head head = {.epoch = "0123456789abcdef", .seq = 7};
	struct event_draft draft = {.type = event_type(EVENT_METER_VALUE), .body = body};

	(void)state;
	memset(body, ' ', EVENT_BYTES);
	draft.body_bytes = EVENT_BYTES;
	assert_int_equal(event_seal(&head, &origin, &draft, &now, out), -E2BIG);
	assert_int_equal(head.seq, 7);
	test_free(body);
}

static void a_state_names_the_last_event_it_knows(void **state)
{
	char body[EVENT_BODY_BYTES], out[EVENT_BYTES];
	struct event_head head = {.epoch = "0123456789abcdef", .seq = 41};
	struct jw json;
	struct event_draft draft = draft_of(&json, body);

	(void)state;
	assert_true(event_seal_state(&head, &origin, &draft, &now, out) > 0);
	assert_non_null(strstr(out, "\"schema\":\"corridord.state/1\""));
	assert_non_null(strstr(out, "\"seq\":41"));
	assert_non_null(strstr(out, "\"state\":\"open\"}"));
}

static void every_event_type_is_complete_and_unique(void **state)
{

	(void)state;
	for (size_t i = 0; i < EVENT_COUNT; i++) {
		const struct event_type *type = event_type((enum event_id)i);

		assert_non_null(type->name);
		assert_non_null(type->summary);
		assert_ptr_equal(event_type_by_name(type->name), type);
		if (type->severity == SEVERITY_CRITICAL)
			assert_int_equal(type->class, CLASS_EVIDENCE);
	}
	assert_null(event_type_by_name("no.such"));
}

static void a_severity_that_was_set_is_read_from_the_payload(void **state)
{
	static const char payload[] =
		"{\"type\":\"passage.unread\",\"severity\":\"major\",\"latched\":false}";
	static const char cut[] = "{\"type\":\"passage.unread\",\"severity\":\"maj";
	const struct event_type *unread = event_type(EVENT_PASSAGE_UNREAD);

	(void)state;
	assert_int_equal(event_type_with(unread, SEVERITY_CRITICAL)->severity, SEVERITY_CRITICAL);
	assert_ptr_equal(event_type_with(event_type(EVENT_SEAL_OPENED), SEVERITY_INFO),
			 event_type(EVENT_SEAL_OPENED));
	assert_int_equal(event_type_of("passage.unread", payload, strlen(payload))->severity,
			 SEVERITY_MAJOR);
	assert_ptr_equal(event_type_of("passage.unread", cut, strlen(cut)), unread);
	assert_ptr_equal(event_type_of("seal.opened", payload, strlen(payload)),
			 event_type(EVENT_SEAL_OPENED));
	assert_null(event_type_of("no.such", payload, strlen(payload)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sealed_event_has_these_bytes),
		cmocka_unit_test(each_event_carries_the_hash_of_the_one_before),
		cmocka_unit_test(the_hash_is_sha_256),
		cmocka_unit_test(an_event_too_large_leaves_the_chain_alone),
		cmocka_unit_test(a_state_names_the_last_event_it_knows),
		cmocka_unit_test(every_event_type_is_complete_and_unique),
		cmocka_unit_test(a_severity_that_was_set_is_read_from_the_payload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
