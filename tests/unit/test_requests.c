/* Requests from the inlet to the answer, with a host of the test's own. */
#include "rig/unit.h"

#include <unistd.h>

#include "inbound/requests.h"

#define PREFIX	"corridor/v1/ge-red-bridge/gw1/"
#define FOLDER	PREFIX "response/"
#define WORDS	"\"officer\":\"O. Beridze\",\"reason\":\"papers\""
#define PRESENT "{\"id\":\"%s\"," WORDS ",\"lane\":\"%s\",\"ucr\":\"6GE1-A\"}"

struct site {
	struct requests *requests;
	struct event_origin origin;
	int rc; /* of what is carried out */
	unsigned presented, acknowledged, answered, asked;
	uint64_t number; /* of the last one */
	uint64_t marked, durable;
	int answer_rc;
	char topic[1024], payload[RESPONSE_BYTES], correlation[300];
	size_t correlation_bytes;
};

static int carry_out(void *data, const struct request *request, uint64_t number, uint64_t *ret_mark,
		     const char **ret_what)
{
	struct site *site = data;

	*ret_what = "ucr";
	site->number = number;
	if (request->method == REQUEST_PRESENT)
		site->presented++;
	else
		site->acknowledged++;
	if (site->rc == 0)
		*ret_mark = ++site->marked;
	return site->rc;
}

static void status(void *data, struct jw *json, size_t most)
{
	(void)data;
	while (json->bytes + 10 < most)
		jw_uint(json, "n", 1);
}

static int answer(void *data, const struct uplink_answer *given)
{
	struct site *site = data;

	site->answered++;
	snprintf(site->topic, sizeof(site->topic), "%s", given->topic);
	snprintf(site->payload, sizeof(site->payload), "%.*s", (int)given->bytes, given->payload);
	site->correlation_bytes = given->correlation ? given->correlation_bytes : 0;
	memcpy(site->correlation, given->correlation ? given->correlation : "",
	       site->correlation_bytes);
	return site->answer_rc;
}

static int ask_journal(void *data, const struct request *request, uint64_t number)
{
	struct site *site = data;

	assert_int_equal(request->method, REQUEST_REPLAY);
	site->asked += site->rc == 0;
	site->number = number;
	return site->rc;
}

static struct site *open_site(void)
{
	struct site *site = calloc(1, sizeof(*site));
	const struct requests_host host = {site, carry_out, status, answer, ask_journal, NULL};

	assert_non_null(site);
	site->origin = (struct event_origin){.checkpoint = "ge-red-bridge", .gateway = "gw1"};
	site->durable = UINT64_MAX;
	assert_int_equal(requests_new(PREFIX, &site->origin, &host, &site->requests), 0);
	return site;
}

static void close_site(struct site *site)
{
	requests_free(site->requests);
	free(site);
}

static void hear(struct site *site, struct inlet_message heard)
{
	struct inlet inlet = requests_inlet(site->requests);

	assert_true(inlet.take(inlet.data, &heard));
	assert_true(requests_take(site->requests, 0));
	requests_durable(site->requests, site->durable);
}

static void ask(struct site *site, const char *method, const char *payload)
{
	hear(site, (struct inlet_message){
			   .subject = method, .payload = payload, .bytes = strlen(payload)});
}

static void ask_present(struct site *site, const char *id, const char *lane)
{
	char payload[512];

	snprintf(payload, sizeof(payload), PRESENT, id, lane);
	ask(site, "present", payload);
}

static void expect(const struct site *site, const char *part)
{
	if (!strstr(site->payload, part))
		fail_msg("there is no %s in %s", part, site->payload);
}

static void it_is_answered_when_it_was_told_and_is_durable(void **state)
{
	struct site *site = open_site();

	(void)state;
	site->rc = -EINPROGRESS;
	site->durable = 1;
	ask_present(site, "1", "entry-1");
	assert_int_equal(site->presented, 1);
	requests_told(site->requests, site->number + 1, 1);
	requests_durable(site->requests, 1);
	assert_int_equal(site->answered, 0);
	requests_told(site->requests, site->number, 2);
	requests_durable(site->requests, 1);
	assert_int_equal(site->answered, 0);
	ask_present(site, "1", "entry-1");
	expect(site, "\"id\":\"1\",\"ok\":false,\"code\":\"pending\"");
	requests_durable(site->requests, 2);
	assert_string_equal(site->payload,
			    "{\"schema\":\"corridord.response/1\",\"checkpoint\":\"ge-red-bridge\","
			    "\"gateway\":\"gw1\",\"method\":\"present\",\"id\":\"1\",\"ok\":true}");
	assert_string_equal(site->topic, FOLDER "present");
	requests_durable(site->requests, 3);
	assert_int_equal(site->answered, 2);
	assert_int_equal(site->presented, 1);
	close_site(site);
}

static void what_could_not_be_carried_out_is_said_at_once(void **state)
{
	static const struct {
		int rc;
		const char *present, *ack;
	} cases[] = {
		{-ENOENT, "\"no_lane\",\"error\":\"there is no lane \\\"l\\\" with passages\"",
		 "\"no_alarm\""},
		{-ENXIO, "\"no_vehicle\",\"error\":\"no vehicle is in the lane \\\"l\\\"\"",
		 "\"bad_request\""},
		{-EAGAIN, "\"busy\"", "\"bad_request\""},
		{-EINVAL, "\"bad_request\"", "\"bad_request\""},
		{-EALREADY, "\"bad_request\"", "\"already\""},
	};
	struct site *site = open_site();
	char id[16], payload[256];

	(void)state;
	site->durable = 0;
	for (size_t i = 0; i < COUNT(cases); i++) {
		site->rc = cases[i].rc;
		snprintf(id, sizeof(id), "p%zu", i);
		ask_present(site, id, "l");
		expect(site, cases[i].present);
		snprintf(payload, sizeof(payload),
			 "{\"id\":\"a%zu\"," WORDS ",\"resource\":\"r\",\"type\":\"t\"}", i);
		ask(site, "ack", payload);
		expect(site, cases[i].ack);
		expect(site, "\"ok\":false");
	}
	close_site(site);
}

static void the_same_id_is_carried_out_once(void **state)
{
	struct site *site = open_site();
	char first[RESPONSE_BYTES];

	(void)state;
	ask_present(site, "1", "entry-1");
	memcpy(first, site->payload, sizeof(first));
	ask_present(site, "1", "entry-1");
	assert_string_equal(first, site->payload);
	assert_int_equal(site->presented, 1);
	ask_present(site, "1", "entry-2");
	expect(site, "\"id_reused\"");
	assert_int_equal(site->presented, 1);
	site->rc = -ENXIO; /* nor is one again that could not be */
	ask_present(site, "2", "entry-1");
	site->rc = 0;
	ask_present(site, "2", "entry-1");
	expect(site, "\"no_vehicle\"");
	site->rc = -EAGAIN; /* but for one that may be asked for later */
	ask_present(site, "3", "entry-1");
	expect(site, "\"busy\"");
	site->rc = 0;
	ask_present(site, "3", "entry-1");
	expect(site, "\"ok\":true");
	assert_int_equal(site->presented, 4);
	close_site(site);
}

static void the_oldest_is_forgotten_and_those_under_way_are_not(void **state)
{
	struct site *site = open_site();
	char id[16];

	(void)state;
	site->durable = 0;
	for (int i = 0; i < REQUESTS_WAITING; i++) {
		snprintf(id, sizeof(id), "w%d", i);
		ask_present(site, id, "entry-1");
	}
	assert_int_equal(site->answered, 0);
	ask_present(site, "more", "entry-1");
	expect(site, "\"busy\"");
	assert_int_equal(site->presented, REQUESTS_WAITING);
	site->rc = -ENXIO;
	site->durable = 1;
	requests_durable(site->requests, site->durable); /* w0 is done */
	assert_int_equal(site->answered, 2);
	for (int i = 0; i < 3 * REQUESTS_REMEMBERED; i++) {
		snprintf(id, sizeof(id), "f%d", i);
		ask_present(site, id, "entry-1");
	}
	site->presented = 0;
	ask_present(site, "w1", "entry-1");
	expect(site, "\"pending\"");
	ask_present(site, id, "entry-1");
	assert_int_equal(site->presented, 0);
	ask_present(site, "w0", "entry-1");
	assert_int_equal(site->presented, 1);
	site->durable = UINT64_MAX;
	site->answered = 0;
	requests_durable(site->requests, site->durable);
	assert_int_equal(site->answered, REQUESTS_WAITING - 1);
	close_site(site);
}

static void a_retained_request_and_an_unknown_method_are_not_answered(void **state)
{
	struct site *site = open_site();

	(void)state;
	hear(site, (struct inlet_message){
			   .subject = "status", .payload = "{}", .bytes = 2, .retained = true});
	ask(site, "", "{}");
	ask(site, "shutdown", "{}");
	assert_int_equal(site->answered, 0);
	close_site(site);
}

static void the_answer_goes_where_it_may(void **state)
{
	static const char *const elsewhere[] = {
		"",
		"x",
		PREFIX,
		FOLDER,
		PREFIX "responses/x",
		PREFIX "event/seal/tampered",
		FOLDER "+",
		FOLDER "a/#",
		FOLDER "a\nb",
		FOLDER "\xc3\xa9",
		"/" FOLDER "x",
	};
	struct site *site = open_site();
	struct inlet_message heard = {
		.subject = "status", .payload = "{\"id\":\"7\"}", .bytes = 10};
	char longest[2048];

	(void)state;
	heard.correlation = "\0\1\2";
	heard.correlation_bytes = 3;
	for (size_t i = 0; i < COUNT(elsewhere); i++) {
		heard.response_topic = elsewhere[i];
		hear(site, heard);
		assert_string_equal(site->topic, FOLDER "status");
		expect(site, "\"id\":\"7\",\"ok\":false,\"code\":\"bad_response_topic\"");
	}
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, FOLDER, strlen(FOLDER));
	longest[1500] = '\0';
	heard.response_topic = longest;
	hear(site, heard);
	expect(site, "\"bad_response_topic\"");
	heard.response_topic = FOLDER "officer 7/x";
	hear(site, heard);
	assert_string_equal(site->topic, FOLDER "officer 7/x");
	expect(site, "\"ok\":true");
	assert_int_equal(site->correlation_bytes, 3);
	assert_memory_equal(site->correlation, "\0\1\2", 3);
	close_site(site);
}

static void too_much_correlation_is_refused_without_it(void **state)
{
	static const char data[UPLINK_CORRELATION_BYTES + 1];
	struct site *site = open_site();
	struct inlet_message heard = {
		.subject = "status", .payload = "{}", .bytes = 2, .correlation = data};

	(void)state;
	heard.correlation_bytes = UPLINK_CORRELATION_BYTES;
	hear(site, heard);
	expect(site, "\"ok\":true");
	heard.correlation_bytes++;
	hear(site, heard);
	expect(site, "\"error\":\"the correlation data has 257 bytes, the most is 256\"");
	assert_int_equal(site->correlation_bytes, 0);
	close_site(site);
}

static void a_payload_that_was_cut_is_too_long(void **state)
{
	struct site *site = open_site();
	char *payload = malloc(20000);

	(void)state;
	memset(payload, ' ', 20000);
	memcpy(payload, "{}", 2);
	hear(site, (struct inlet_message){.subject = "status", .payload = payload, .bytes = 20000});
	expect(site, "\"error\":\"longer than 4096 bytes\"");
	free(payload);
	close_site(site);
}

/* What the log has of them in a minute, and in the next. */
static void only_a_few_lines_are_logged_in_a_minute(void **state)
{
	struct site *site = open_site();
	struct inlet inlet = requests_inlet(site->requests);
	struct inlet_message heard = {.subject = "nonsense"};
	FILE *log = tmpfile();
	int stderr_fd = dup(STDERR_FILENO), i;
	size_t lines = 0;
	int c;

	(void)state;
	assert_non_null(log);
	dup2(fileno(log), STDERR_FILENO);
	for (i = 0; i < 100; i++) {
		assert_true(inlet.take(inlet.data, &heard));
		assert_true(requests_take(site->requests, i * INT64_C(1000000000)));
	}
	dup2(stderr_fd, STDERR_FILENO);
	close(stderr_fd);
	rewind(log);
	while ((c = fgetc(log)) != EOF)
		lines += c == '\n';
	fclose(log);
	assert_int_equal(lines, 20); /* ten, twice */
	close_site(site);
}

#define REPLAY \
	"{\"id\":\"%s\",\"asker\":\"centre\",\"since\":{\"epoch\":\"00000000000000e1\",\"seq\":7}}"

static void ask_replay(struct site *site, const char *id)
{
	char payload[256];

	snprintf(payload, sizeof(payload), REPLAY, id);
	ask(site, "replay", payload);
}

static void what_the_journal_is_asked_is_answered_when_it_has(void **state)
{
	struct site *site = open_site();
	struct requests_reply reply = {.members = "\"accepted\":[]", .bytes = 13};

	(void)state;
	ask_replay(site, "one");
	assert_int_equal(site->asked, 1);
	assert_int_equal(site->answered, 0);
	reply.number = site->number + 7; /* of nobody */
	requests_answered(site->requests, &reply);
	assert_int_equal(site->answered, 0);
	reply.number = site->number;
	requests_answered(site->requests, &reply);
	assert_non_null(strstr(site->payload, "\"id\":\"one\",\"ok\":true,\"accepted\":[]}"));
	assert_string_equal(site->topic, FOLDER "replay");
	requests_answered(site->requests, &reply);
	assert_int_equal(site->answered, 1);
	close_site(site);
}

static void what_the_journal_refuses_is_refused(void **state)
{
	struct site *site = open_site();
	struct requests_reply reply = {.code = "busy", .error = "later"};

	(void)state;
	ask_replay(site, "one");
	reply.number = site->number;
	requests_answered(site->requests, &reply);
	assert_non_null(
		strstr(site->payload, "\"ok\":false,\"code\":\"busy\",\"error\":\"later\""));
	close_site(site);
}

static void no_more_is_asked_than_there_is_room_for(void **state)
{
	struct site *site = open_site();
	char id[16];

	(void)state;
	for (int n = 0; n < 3 * REQUESTS_ASKED; n++) {
		snprintf(id, sizeof(id), "n%d", n);
		ask_replay(site, id);
	}
	assert_int_equal(site->asked, REQUESTS_ASKED);
	assert_int_equal(site->answered, 2 * REQUESTS_ASKED);
	assert_non_null(strstr(site->payload, "\"code\":\"busy\""));
	close_site(site);
}

static void a_journal_that_has_no_room_is_busy(void **state)
{
	struct site *site = open_site();

	(void)state;
	site->rc = -EAGAIN;
	ask_replay(site, "one");
	assert_non_null(strstr(site->payload, "\"code\":\"busy\""));
	close_site(site);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_answered_when_it_was_told_and_is_durable),
		cmocka_unit_test(what_could_not_be_carried_out_is_said_at_once),
		cmocka_unit_test(the_same_id_is_carried_out_once),
		cmocka_unit_test(the_oldest_is_forgotten_and_those_under_way_are_not),
		cmocka_unit_test(a_retained_request_and_an_unknown_method_are_not_answered),
		cmocka_unit_test(the_answer_goes_where_it_may),
		cmocka_unit_test(too_much_correlation_is_refused_without_it),
		cmocka_unit_test(a_payload_that_was_cut_is_too_long),
		cmocka_unit_test(only_a_few_lines_are_logged_in_a_minute),
		cmocka_unit_test(what_the_journal_is_asked_is_answered_when_it_has),
		cmocka_unit_test(what_the_journal_refuses_is_refused),
		cmocka_unit_test(no_more_is_asked_than_there_is_room_for),
		cmocka_unit_test(a_journal_that_has_no_room_is_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
