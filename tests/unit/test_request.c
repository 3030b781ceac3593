#include "rig/unit.h"

#include "inbound/request.h"

#define LONG_64	 "0123456789012345678901234567890123456789012345678901234567890123"
#define LONG_128 LONG_64 LONG_64
#define HEAD	 "\"id\":\"1\",\"officer\":\"O. Beridze\",\"reason\":\"papers\","

static int read_text(enum request_method method, const char *text, struct request *request,
		     char error[REQUEST_ERROR_BYTES])
{
	return request_read(method, text, strlen(text), request, error);
}

static void a_request_is_read_member_by_member(void **state)
{
	struct request request, again;
	char error[REQUEST_ERROR_BYTES];

	(void)state;
	memset(&again, 0xAA, sizeof(again));
	assert_int_equal(read_text(REQUEST_PRESENT,
				   "{" HEAD "\"lane\":\"entry-1\",\"ucr\":\"6GE1-A\"}", &request,
				   error),
			 0);
	assert_string_equal(request.id, "1");
	assert_string_equal(request.officer, "O. Beridze");
	assert_string_equal(request.reason, "papers");
	assert_string_equal(request.lane, "entry-1");
	assert_string_equal(request.ucr, "6GE1-A");
	assert_int_equal(read_text(REQUEST_PRESENT,
				   " {\"ucr\":\"6GE1-A\",\"lane\":\"entry-1\"," HEAD
				   "\"schema\":\"corridord.request/1\"} ",
				   &again, error),
			 0);
	assert_true(request_is_same(&request, &again));
	again.lane[0] = 'E';
	assert_false(request_is_same(&request, &again));
	assert_false(request_is_same(&(struct request){.method = REQUEST_ACK},
				     &(struct request){.method = REQUEST_STATUS}));
	assert_int_equal(read_text(REQUEST_ACK,
				   "{" HEAD
				   "\"resource\":\"entry-1/boom\",\"type\":\"barrier.forced\"}",
				   &request, error),
			 0);
	assert_string_equal(request.resource, "entry-1/boom");
	assert_string_equal(request.type, "barrier.forced");
	assert_int_equal(read_text(REQUEST_STATUS, "{}", &request, error), 0);
	assert_string_equal(request.id, "");
	assert_int_equal(read_text(REQUEST_STATUS, "{\"id\":\"\u10d0\"}", &request, error), 0);
	assert_string_equal(request.id, "\u10d0");
}

static void what_is_wrong_is_said_in_words(void **state)
{
	static const struct {
		enum request_method method;
		const char *text, *error;
	} bad[] = {
		{REQUEST_STATUS, "", "no JSON, or not in UTF-8 (at byte 0)"},
		{REQUEST_STATUS, "nonsense", "no JSON, or not in UTF-8 (at byte"},
		{REQUEST_STATUS, "{} {}", "no JSON"},
		{REQUEST_STATUS, "{\"id\":\"\xff\"}", "no JSON, or not in UTF-8"},
		{REQUEST_STATUS, "{\"id\":\"a\\u0000b\"}", "no JSON"},
		{REQUEST_STATUS, "{\"id\":\"1\",\"id\":\"2\"}", "no JSON"},
		{REQUEST_STATUS, "[]", "no JSON object"},
		{REQUEST_STATUS, "null", "no JSON"},
		{REQUEST_STATUS, "{\"id\":7}", "\"id\" is no text"},
		{REQUEST_STATUS, "{\"id\":null}", "\"id\" is no text"},
		{REQUEST_STATUS, "{\"id\":\"\"}", "\"id\" is empty"},
		{REQUEST_STATUS, "{\"id\":\"" LONG_64 "x\"}",
		 "\"id\" has 65 bytes, the most is 64"},
		{REQUEST_STATUS, "{\"id\":\"a\\nb\"}", "\"id\" has control characters"},
		{REQUEST_STATUS, "{\"id\":\"a\\u007f\"}", "\"id\" has control characters"},
		{REQUEST_STATUS, "{\"id\":\"a\\u0085\"}", "\"id\" has control characters"},
		{REQUEST_STATUS, "{\"id\":\"a\\u009b\"}", "\"id\" has control characters"},
		{REQUEST_STATUS, "{\"lane\":\"entry-1\"}",
		 "\"lane\" is no member of a request \"status\""},
		{REQUEST_STATUS, "{\"a\\nb\":1}", "\"?\" is no member of a request \"status\""},
		{REQUEST_STATUS, "{\"schema\":\"corridord.request/2\"}",
		 "\"schema\" is not corridord.request/1"},
		{REQUEST_STATUS, "{\"schema\":1}", "\"schema\" is not corridord.request/1"},
		{REQUEST_PRESENT, "{}", "\"id\" is missing"},
		{REQUEST_PRESENT, "{\"id\":\"1\"}", "\"officer\" is missing"},
		{REQUEST_PRESENT, "{\"id\":\"1\",\"officer\":\"o\"}", "\"reason\" is missing"},
		{REQUEST_PRESENT, "{" HEAD "\"ucr\":\"6GE1-A\"}", "\"lane\" is missing"},
		{REQUEST_PRESENT, "{" HEAD "\"lane\":\"entry-1\"}", "\"ucr\" is missing"},
		{REQUEST_PRESENT, "{" HEAD "\"lane\":[\"entry-1\"],\"ucr\":\"1\"}",
		 "\"lane\" is no text"},
		{REQUEST_PRESENT, "{" HEAD "\"lane\":\"entry-1\",\"ucr\":\"1\",\"ofiicer\":\"x\"}",
		 "\"ofiicer\" is no member of a request \"present\""},
		{REQUEST_PRESENT,
		 "{\"id\":\"1\",\"officer\":\"" LONG_64 "\",\"reason\":\"r\",\"lane\":\"l\"}",
		 "\"officer\" has 64 bytes, the most is 63"},
		{REQUEST_PRESENT, "{\"id\":\"1\",\"officer\":\"o\",\"reason\":\"" LONG_128 "\"}",
		 "\"reason\" has 128 bytes, the most is 127"},
		{REQUEST_ACK, "{" HEAD "\"type\":\"seal.tampered\"}", "\"resource\" is missing"},
		{REQUEST_ACK, "{" HEAD "\"resource\":\"entry-1/boom\"}", "\"type\" is missing"},
		{REQUEST_RESEAL, "{" HEAD "\"old_seal\":\"1\",\"new_seal\":\"2\"}",
		 "\"authority\" is missing"},
		{REQUEST_CONTROL, "{" HEAD "\"step\":\"begin\"}", "\"ucr\" is missing"},
		{REQUEST_CONTROL, "{" HEAD "\"ucr\":\"1\",\"step\":\"pause\"}",
		 "\"step\" is neither \"begin\" nor \"end\""},
		{REQUEST_CONTROL, "{" HEAD "\"ucr\":\"1\",\"step\":\"end\"}",
		 "\"result\" is missing"},
		{REQUEST_CONTROL, "{" HEAD "\"ucr\":\"1\",\"step\":\"begin\",\"result\":\"A1\"}",
		 "\"result\" is known when it ends only"},
		{REQUEST_RELEASE, "{" HEAD "\"ucr\":\"1\",\"to\":\"x\"}",
		 "\"to\" is no member of a request \"release\""},
		{REQUEST_REDIRECT, "{" HEAD "\"ucr\":\"1\"}", "\"to\" is missing"},
		{REQUEST_INCIDENT, "{" HEAD "\"ucr\":\"1\",\"code\":\"3\"}",
		 "\"endorsement\" is missing"},
		{REQUEST_RELEASE, "{" HEAD "\"ucr\":\"1\",\"new_vehicle\":\"AA1\"}",
		 "\"new_vehicle\" is no member of a request \"release\""},
	};
	struct request request;
	char error[REQUEST_ERROR_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(read_text(bad[i].method, bad[i].text, &request, error), -EINVAL);
		if (strncmp(error, bad[i].error, strlen(bad[i].error)) != 0)
			fail_msg("%s: \"%s\" and not \"%s\"", bad[i].text, error, bad[i].error);
	}
}

static void a_refused_request_still_has_its_id(void **state)
{
	struct request request;
	char error[REQUEST_ERROR_BYTES];

	(void)state;
	assert_int_equal(read_text(REQUEST_ACK, "{\"type\":1,\"id\":\"77\"}", &request, error),
			 -EINVAL);
	assert_string_equal(request.id, "77");
}

static void no_payload_is_longer_than_its_limit(void **state)
{
	char text[REQUEST_BYTES + 1];
	struct request request;
	char error[REQUEST_ERROR_BYTES];

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, "{}", 2);
	assert_int_equal(request_read(REQUEST_STATUS, text, REQUEST_BYTES, &request, error), 0);
	assert_int_equal(request_read(REQUEST_STATUS, text, sizeof(text), &request, error),
			 -EINVAL);
	assert_string_equal(error, "longer than 4096 bytes");
}

static void methods_have_names(void **state)
{
	enum request_method method;

	(void)state;
	assert_true(request_method_by_name("ack", &method));
	assert_int_equal(method, REQUEST_ACK);
	assert_string_equal(request_method_name(method), "ack");
	assert_false(request_method_by_name("acknowledge", &method));
	assert_false(request_method_by_name("", &method));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_read_member_by_member),
		cmocka_unit_test(what_is_wrong_is_said_in_words),
		cmocka_unit_test(a_refused_request_still_has_its_id),
		cmocka_unit_test(no_payload_is_longer_than_its_limit),
		cmocka_unit_test(methods_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
