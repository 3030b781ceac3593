/* A driver in a process of its own: its options arrive there as they were, and what comes from it is
 * believed only as far as it can be. */
#include "rig/unit.h"

#include <math.h>
#include <sys/socket.h>

#include "apart/apart.c" /* its end of the socket is the test's */
#include "drivers.h"
#include "http/conf.h"
#include "mqtt/conf.h"

#define POINTS 2

struct bench {
	struct mqtt_conf bus_conf;
	struct mqtt_device_conf device_conf;
	struct map_point_conf text_conf, real_conf;
	struct driver_point points[POINTS];
	struct driver_device device;
	struct driver_setup setup;
	struct apart *apart;
	struct channel child;
	char told[1024]; /* what reached the host, in order */
};

static void note(struct bench *bench, const char *what)
{
	const size_t used = strlen(bench->told);

	snprintf(bench->told + used, sizeof(bench->told) - used, "%s ", what);
}

static void on_said(void *data, size_t device, size_t point, const struct value *value,
		    int64_t at_mono_ns, const struct origin *origin)
{
	char what[192];

	assert_true(device == 0 && point < POINTS);
	assert_true(at_mono_ns <= clock_mono_ns() && at_mono_ns >= clock_mono_ns() - 60 * NS_PER_S);
	if (value->type == VALUE_TEXT)
		snprintf(what, sizeof(what), "%zu=%s%s%s", point, value->text,
			 origin->others[0] ? "|" : "", origin->others);
	else
		snprintf(what, sizeof(what), "%zu=%g", point, value->real);
	note(data, what);
}

static void on_fault(void *data, size_t device, size_t point, enum reason reason, const char *what)
{
	assert_true(device == 0 && (point < POINTS || point == DRIVER_ALL));
	note(data, reason_name(reason));
	(void)what;
}

static void on_refuse(void *data, size_t device, size_t point, const struct value *raw,
		      const char *what)
{
	assert_true(device == 0 && point < POINTS && raw->type == VALUE_TEXT);
	note(data, "refused");
	note(data, raw->text);
	(void)what;
}

static void on_moment(void *data, size_t device, bool begins)
{
	assert_true(device == 0);
	note(data, begins ? "(" : ")");
}

static void on_words(void *data, const char *what)
{
	note(data, what);
}

static int set_up(void **state)
{
	static char host[] = "localhost", topic[] = "a/b";
	static char *hosts[] = {host}, *topics[] = {topic};
	struct bench *bench = calloc(1, sizeof(*bench));
	struct driver_complaint complaint;
	int fds[2];

	bench->bus_conf.hosts = (struct conf_list){.item = hosts, .count = 1};
	bench->device_conf.topics = (struct conf_list){.item = topics, .count = 1};
	bench->device_conf.map.format = MAP_JSON;
	bench->text_conf =
		(struct map_point_conf){.path = "/t", .bit = -1, .at_least = NAN, .type = MAP_TEXT};
	bench->real_conf =
		(struct map_point_conf){.path = "/r", .bit = -1, .at_least = NAN, .type = MAP_REAL};
	bench->points[0] = (struct driver_point){.name = "t", .conf = &bench->text_conf};
	bench->points[1] = (struct driver_point){.name = "r", .conf = &bench->real_conf};
	bench->device = (struct driver_device){.name = "d",
					       .conf = &bench->device_conf,
					       .points = bench->points,
					       .point_count = POINTS};
	bench->setup = (struct driver_setup){.name = "bus",
					     .conf = &bench->bus_conf,
					     .devices = &bench->device,
					     .device_count = 1,
					     .host = {.data = bench,
						      .said = on_said,
						      .fault = on_fault,
						      .refuse = on_refuse,
						      .moment = on_moment,
						      .debug = on_words,
						      .tell = on_words}};
	assert_int_equal(mqtt_in_driver.create(&bench->setup, (void **)&bench->apart, &complaint),
			 0);
	assert_int_equal(channel_pair(fds), 0);
	assert_int_equal(channel_init(&bench->apart->channel, &apart_protocol, fds[0], OUT_BYTES),
			 0);
	assert_int_equal(channel_init(&bench->child, &apart_protocol, fds[1], OUT_BYTES), 0);
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	apart_close(bench->apart);
	apart_free(bench->apart);
	channel_fini(&bench->child);
	free(bench);
	return 0;
}

static int say(struct bench *bench, enum apart_kind kind, const void *frame)
{
	bench->told[0] = '\0';
	assert_int_equal(channel_put(&bench->child, kind, frame), 0);
	assert_int_equal(channel_flush(&bench->child), 0);
	return take_all(bench->apart);
}

static struct apart_reading text_of(uint32_t point, const char *text)
{
	return (struct apart_reading){
		.point = point, .type = VALUE_TEXT, .text = text, .at_mono_ns = clock_mono_ns()};
}

static void assert_refused(struct bench *bench, enum apart_kind kind, const void *frame)
{
	assert_int_equal(say(bench, kind, frame), -EBADMSG);
	assert_string_equal(bench->told, "");
}

static void readings_and_faults_reach_the_host(void **state)
{
	struct bench *bench = *state;
	struct apart_reading reading = text_of(0, "AB123CD");
	const struct apart_fault fault = {
		.point = APART_ALL, .reason = REASON_LINK_DOWN, .what = "gone"};
	const struct apart_fault refusal = {
		.point = 1, .reason = REASON_OUT_OF_RANGE, .what = "no number", .raw = "12,5"};

	assert_int_equal(say(bench, APART_READING, &reading), 0);
	assert_string_equal(bench->told, "0=AB123CD ");
	reading.at_mono_ns = INT64_MAX; /* of the future, and of long ago: now, and lately */
	assert_int_equal(say(bench, APART_READING, &reading), 0);
	reading.at_mono_ns = INT64_MIN;
	assert_int_equal(say(bench, APART_READING, &reading), 0);
	assert_int_equal(say(bench, APART_FAULT, &fault), 0);
	assert_string_equal(bench->told, "link_down ");
	assert_int_equal(say(bench, APART_FAULT, &refusal), 0);
	assert_string_equal(bench->told, "refused 12,5 ");
	assert_int_equal(say(bench, APART_ALIVE, NULL), 0);
}

static void what_a_device_says_beside_its_reading_comes_with_it(void **state)
{
	struct bench *bench = *state;
	struct apart_reading reading = text_of(0, "AB123CQ");
	char others[VALUE_TEXT_BYTES] = "AB123CD\0AB123C0";

	reading.others = others;
	reading.others_bytes = sizeof(others);
	assert_int_equal(say(bench, APART_READING, &reading), 0);
	assert_string_equal(bench->told, "0=AB123CQ|AB123CD ");
	reading.others_bytes = sizeof(others) - 1;
	assert_refused(bench, APART_READING, &reading);
	reading.others_bytes = sizeof(others);
	memset(others, 'x', sizeof(others)); /* that does not end */
	assert_refused(bench, APART_READING, &reading);
	memset(others, 0, sizeof(others));
	others[0] = '\x01';
	assert_refused(bench, APART_READING, &reading);
	reading = text_of(0, "AB123CQ");
	reading.has_confidence = true;
	reading.confidence = UINT64_MAX; /* not a number */
	assert_refused(bench, APART_READING, &reading);
	reading = text_of(0, "AB123CQ");
	reading.picture = "../../etc/passwd";
	assert_refused(bench, APART_READING, &reading);
	reading = text_of(0, "AB123CQ");
	reading.has_time = true;
	reading.utc_ns = -1;
	assert_refused(bench, APART_READING, &reading);
}

static void a_moment_is_handed_over_when_it_has_ended(void **state)
{
	struct bench *bench = *state;
	struct apart_moment moment = {.begins = true};
	const struct apart_reading reading = text_of(0, "AB123CD");
	const struct apart_fault fault = {
		.point = 1, .reason = REASON_OUT_OF_RANGE, .what = "no number"};

	assert_int_equal(say(bench, APART_MOMENT, &moment), 0);
	assert_int_equal(say(bench, APART_READING, &reading), 0);
	assert_int_equal(say(bench, APART_FAULT, &fault), 0);
	assert_string_equal(bench->told, "");
	moment.begins = false;
	assert_int_equal(say(bench, APART_MOMENT, &moment), 0);
	assert_string_equal(bench->told, "( 0=AB123CD out_of_range ) ");
}

static void what_cannot_be_is_not_believed(void **state)
{
	struct bench *bench = *state;
	struct apart_reading reading = text_of(2, "AB123CD");
	struct apart_fault fault = {.point = APART_ALL, .reason = REASON_COUNT, .what = ""};
	struct apart_moment moment = {.begins = false};

	assert_refused(bench, APART_READING, &reading);
	reading = text_of(1, "12"); /* of a number */
	assert_refused(bench, APART_READING, &reading);
	reading = text_of(0, "a\x01");
	assert_refused(bench, APART_READING, &reading);
	reading = (struct apart_reading){.point = 1, .type = VALUE_REAL, .bits = UINT64_MAX};
	assert_refused(bench, APART_READING, &reading); /* not a number */
	reading = (struct apart_reading){.point = 1, .type = 77};
	assert_refused(bench, APART_READING, &reading);
	reading = (struct apart_reading){.device = 1, .type = VALUE_BOOL};
	assert_refused(bench, APART_READING, &reading);
	assert_refused(bench, APART_FAULT, &fault);
	fault.reason = REASON_NONE;
	assert_refused(bench, APART_FAULT, &fault);
	fault = (struct apart_fault){
		.point = 1, .reason = REASON_NO_ANSWER, .what = "", .raw = "1"};
	assert_refused(bench, APART_FAULT, &fault); /* only what was out of range was anything */
	fault.reason = REASON_OUT_OF_RANGE;
	fault.raw = "\x01";
	assert_refused(bench, APART_FAULT, &fault);
	assert_refused(bench, APART_MOMENT, &moment);
	moment = (struct apart_moment){.device = 1, .begins = true};
	assert_refused(bench, APART_MOMENT, &moment);
	assert_refused(bench, APART_START, NULL); /* what goes down alone */
}

static void who_says_too_much_waits(void **state)
{
	struct bench *bench = *state;
	const struct apart_reading reading = text_of(0, "A");
	size_t frames = 0;

	for (; frames < 3 * WHILE_FRAMES; frames++)
		assert_int_equal(channel_put(&bench->child, APART_READING, &reading), 0);
	assert_int_equal(channel_flush(&bench->child), 0);
	assert_int_equal(take_all(bench->apart), 0);
	assert_int_equal(bench->apart->while_frames, WHILE_FRAMES);
	bench->apart->while_frames = 0;
	assert_int_equal(take_all(bench->apart), 0);
	assert_int_equal(bench->apart->while_frames, WHILE_FRAMES);
}

/* Every option of both drivers, with a value that only it has. */
static void fill(const struct conf_option *options, char *conf)
{
	static char texts[64][16];
	static char *items[64][2];
	size_t k = 0;

	for (const struct conf_option *option = options; option->name; option++, k++) {
		void *member = conf + option->offset;

		snprintf(texts[k], sizeof(texts[k]), "option %zu", k);
		items[k][0] = items[k][1] = texts[k];
		if (option->type == CONF_LIST)
			*(struct conf_list *)member =
				(struct conf_list){.item = items[k], .count = k % 3};
		else if (option->type == CONF_BOOL)
			*(bool *)member = k % 2;
		else if (option->type == CONF_CHOICE)
			*(int *)member = (int)k;
		else if (option->type == CONF_REAL)
			*(double *)member = (double)k + 0.5;
		else if (option->type == CONF_TEXT || option->type == CONF_PATH)
			*(char **)member = k % 4 ? texts[k] : NULL;
		else
			*(int64_t *)member = (int64_t)k << 40;
	}
}

static void assert_survives(const struct conf_block *block)
{
	char *conf = calloc(1, block->bytes), *copy = calloc(1, block->bytes);
	unsigned char blob[4096], again[4096];
	char room[8192] __attribute__((aligned(16)));
	struct pack_arena arena = {.bytes = room, .size = sizeof(room)};
	int bytes;

	fill(block->options, conf);
	bytes = pack_options(block->options, conf, blob, sizeof(blob));
	assert_true(bytes > 0);
	assert_int_equal(unpack_options(block->options, blob, (size_t)bytes, copy, &arena), 0);
	assert_int_equal(pack_options(block->options, copy, again, sizeof(again)), bytes);
	assert_memory_equal(blob, again, (size_t)bytes);
	for (int cut = 0; cut < bytes; cut++) { /* and none of what is cut */
		arena.used = 0;
		assert_true(unpack_options(block->options, blob, (size_t)cut, copy, &arena) < 0);
	}
	assert_int_equal(pack_options(block->options, conf, blob, (size_t)bytes - 1), -E2BIG);
	free(conf);
	free(copy);
}

static void options_arrive_as_they_were(void **state)
{
	const struct driver *const both[] = {&mqtt_in_driver, &http_in_driver};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_survives(&both[i]->bus);
		assert_survives(&both[i]->device);
		assert_survives(&both[i]->point);
	}
}

static const char *fault_of_mqtt(struct bench *bench)
{
	static struct driver_complaint complaint;
	void *instance = NULL;

	complaint.message[0] = '\0';
	if (mqtt_in_driver.create(&bench->setup, &instance, &complaint) == 0)
		mqtt_in_driver.destroy(instance);
	return complaint.message;
}

static void a_bad_option_of_mqtt_is_told(void **state)
{
	struct bench *bench = *state;
	char text[32] = "a/b#";
	char *items[] = {text};

	assert_string_equal(fault_of_mqtt(bench), "");
	bench->device_conf.topics.item = items;
	assert_contains(fault_of_mqtt(bench), "stand for whole levels");
	strcpy(text, "+/b/#");
	assert_string_equal(fault_of_mqtt(bench), "");
	bench->device_conf.alive = (char[]){"a/+=on"};
	assert_contains(fault_of_mqtt(bench), "topic=word");
	bench->device_conf.alive = (char[]){"a/b=on"};
	assert_string_equal(fault_of_mqtt(bench), "");
	bench->bus_conf.password_file = (char[]){"/p"};
	assert_contains(fault_of_mqtt(bench), "without username");
	bench->bus_conf.username = (char[]){"u"};
	assert_string_equal(fault_of_mqtt(bench), "");
	bench->bus_conf.hosts.item = (char *[]){(char[]){"broker.example"}};
	assert_contains(fault_of_mqtt(bench), "cleartext");
	bench->bus_conf.tls = true;
	assert_string_equal(fault_of_mqtt(bench), "");
}

static void a_bad_option_of_http_is_told(void **state)
{
	struct bench *bench = *state;
	char *listen[] = {(char[]){"10.0.0.1:80"}}, *from[] = {(char[]){"10.0.0.2"}},
	     *names[] = {(char[]){"camera"}};
	struct http_conf bus = {.listen = {.item = listen, .count = 1}};
	struct http_device_conf conf = {.endpoint = (char[]){"/c"}, .map = {.format = MAP_JSON}};
	struct driver_device devices[2];
	struct driver_complaint complaint = {.message = ""};
	void *instance = NULL;

	devices[0] = devices[1] = bench->device;
	devices[0].conf = devices[1].conf = &conf;
	bench->setup.conf = &bus;
	bench->setup.devices = devices;
	assert_int_equal(http_in_driver.create(&bench->setup, &instance, &complaint), -EINVAL);
	assert_contains(complaint.message, "anybody could name vehicles");
	conf.from = (struct conf_list){.item = names, .count = 1};
	assert_int_equal(http_in_driver.create(&bench->setup, &instance, &complaint), -EINVAL);
	assert_contains(complaint.message, "expected addresses");
	conf.from.item = from;
	conf.auth = HTTP_BASIC;
	assert_int_equal(http_in_driver.create(&bench->setup, &instance, &complaint), -EINVAL);
	assert_contains(complaint.message, "without password_file");
	conf.auth = HTTP_OPEN;
	bench->setup.device_count = 2;
	assert_int_equal(http_in_driver.create(&bench->setup, &instance, &complaint), -EINVAL);
	assert_contains(complaint.message, "another device has it");
	bench->setup.device_count = 1;
	assert_int_equal(http_in_driver.create(&bench->setup, &instance, &complaint), 0);
	http_in_driver.destroy(instance);
	bench->setup.devices = &bench->device;
	bench->setup.conf = &bench->bus_conf;
}

#define apart_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		apart_test(readings_and_faults_reach_the_host),
		apart_test(what_a_device_says_beside_its_reading_comes_with_it),
		apart_test(a_moment_is_handed_over_when_it_has_ended),
		apart_test(what_cannot_be_is_not_believed),
		apart_test(who_says_too_much_waits),
		apart_test(options_arrive_as_they_were),
		apart_test(a_bad_option_of_mqtt_is_told),
		apart_test(a_bad_option_of_http_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
