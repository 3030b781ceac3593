/* The replay driver on a bus: a trace comes out as readings. */
#include "rig/bus_rig.h"

#include <unistd.h>

#include "../../drivers/replay.c"

struct replay_bus {
	struct bus_rig rig;
	struct replay_conf conf;
	char path[64]; /* of the trace */
};

static int replay_bus_new(void **state)
{
	struct replay_bus *bus = calloc(1, sizeof(*bus));
	int fd;

	snprintf(bus->path, sizeof(bus->path), "/tmp/test-replay-XXXXXX");
	fd = mkstemp(bus->path);
	assert_true(fd >= 0);
	close(fd);
	bus->conf = (struct replay_conf){.file = bus->path, .speed = SPEED_FULL};
	*state = bus;
	return 0;
}

static int replay_bus_free(void **state)
{
	struct replay_bus *bus = *state;

	bus_rig_fini(&bus->rig);
	unlink(bus->path);
	free(bus);
	return 0;
}

#define replay_test(test) cmocka_unit_test_setup_teardown(test, replay_bus_new, replay_bus_free)

static void write_trace(struct replay_bus *bus, const char *text)
{
	FILE *file = fopen(bus->path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	fclose(file);
}

/* One device, "unit-0" with "p0" and "p1"; not yet started. */
static struct bus_rig *replay_bus_plan(struct replay_bus *bus, const char *trace)
{
	write_trace(bus, trace);
	bus_rig_init(&bus->rig, &replay_driver, &bus->conf, 1, 2);
	return &bus->rig;
}

static int64_t at(const struct bus_rig *rig, size_t place)
{
	return rig->log[place].reading.at_mono_ns;
}

static void a_trace_comes_out_in_order_with_its_own_times(void **state)
{
	struct replay_bus *bus = *state;
	struct bus_rig *rig = replay_bus_plan(bus, "0 p0 1\n"
						   "+3600 unit-0.p1 2 lost=4\n"
						   "@7200 unit-0.p0 3\n");
	size_t first, second, third;

	bus_rig_start(rig);
	first = bus_rig_wait(rig, 0, value_is, 1);
	second = bus_rig_wait(rig, first, value_is, 2);
	third = bus_rig_wait(rig, second, value_is, 3);
	assert_int_equal(rig->log[second].reading.point, 1);
	assert_int_equal(rig->log[second].reading.lost_edges, 4);
	assert_true(at(rig, second) - at(rig, first) == 3600 * NS_PER_S);
	assert_true(at(rig, third) - at(rig, first) == 7200 * NS_PER_S);
}

static void at_recorded_speed_a_reading_comes_at_its_time(void **state)
{
	struct replay_bus *bus = *state;
	struct bus_rig *rig = replay_bus_plan(bus, "0 p0 1\n+0.05 p0 2\n+0.05 p0 3\n+3600 p0 4\n");
	int64_t began_ns = clock_mono_ns();
	size_t last;

	bus->conf.speed = SPEED_RECORDED;
	bus_rig_start(rig);
	last = bus_rig_wait(rig, 0, value_is, 3);
	assert_true(clock_mono_ns() - began_ns >= 100 * MS);
	assert_true(at(rig, last) - began_ns >= 100 * MS);
	take_time(20 * MS); /* in which the next would show, were it taken for due */
	bus_rig_take(rig, 0);
	assert_int_equal(bus_rig_count(rig, value_is, 4), 0);
}

static void lines_for_other_devices_are_passed_over(void **state)
{
	struct replay_bus *bus = *state;
	struct bus_rig *rig = replay_bus_plan(bus, "0 other.thing 1\n0 other down\n"
						   "1 unit-0.p0 2\n2 other.thing 3\n3 p0 4\n");

	bus_rig_start(rig);
	bus_rig_wait(rig, 0, value_is, 4);
	assert_int_equal(bus_rig_count(rig, point_is_read, 0), 2);
	assert_int_equal(bus_rig_count(rig, device_is_down, 0), 0);
}

static void faults_are_faults_and_a_device_goes_down_and_up(void **state)
{
	struct replay_bus *bus = *state;
	struct bus_rig *rig = replay_bus_plan(bus, "0 p0 1\n1 p1 !refused\n"
						   "2 unit-0 down !no_answer \"unit 4 silent\"\n"
						   "3 unit-0 up\n4 p0 2\n");
	size_t place;

	bus_rig_start(rig);
	place = bus_rig_wait(rig, 0, point_is_at_fault, 1);
	assert_int_equal(rig->log[place].reading.reason, REASON_REFUSED);
	place = bus_rig_wait(rig, place, device_is_down, 0);
	assert_string_equal(rig->log[place].device.detail, "unit 4 silent");
	place = bus_rig_wait(rig, place, point_is_at_fault, 0);
	assert_int_equal(rig->log[place].reading.reason, REASON_NO_ANSWER);
	place = bus_rig_wait(rig, place, device_is_up, 0);
	bus_rig_wait(rig, place, value_is, 2);
}

static void a_trace_may_go_round_and_round(void **state)
{
	struct replay_bus *bus = *state;
	struct bus_rig *rig = replay_bus_plan(bus, "5 p0 1\n+5 p0 2\n");
	size_t place = 0;
	int64_t last_ns = 0;

	bus->conf.loop = true;
	bus_rig_start(rig);
	for (int i = 0; i < 6; i++) {
		place = bus_rig_wait(rig, place + 1, value_is, 1 + i % 2);
		if (i > 0)
			assert_true(at(rig, place) - last_ns == 5 * NS_PER_S);
		last_ns = at(rig, place);
	}
}

static void a_long_trace_passes_a_short_queue_whole(void **state)
{
	struct replay_bus *bus = *state;
	struct bus_rig *rig = replay_bus_plan(bus, "");
	FILE *file = fopen(bus->path, "we");
	size_t place = 0;

	assert_non_null(file);
	for (int i = 0; i < 3000; i++)
		fprintf(file, "+0.001 p0 %d\n", i);
	fclose(file);
	bus_rig_shorten_queue(rig, 16);
	bus_rig_start(rig);
	for (int i = 0; i < 3000; i++) {
		place = bus_rig_wait(rig, place, point_is_good, 0);
		assert_int_equal(rig->log[place++].reading.value.integer, i);
	}
}

static void assert_refused(struct replay_bus *bus, const char *trace, const char *what)
{
	struct bus_rig *rig = replay_bus_plan(bus, trace);
	char whole[256];
	size_t place;

	bus_rig_start(rig);
	place = bus_rig_wait(rig, 0, device_is_down, 0);
	snprintf(whole, sizeof(whole), "%s%s", bus->path, what);
	whole[sizeof(rig->log[0].device.detail) - 1] = '\0';
	assert_string_equal(rig->log[place].device.detail, whole);
	assert_int_equal(bus_rig_count(rig, point_is_good, 0), 0);
	bus_rig_fini(rig);
}

static void a_bad_trace_is_refused_with_file_and_line(void **state)
{
	struct replay_bus *bus = *state;
	char too_long[LINE_BYTES + 100];

	assert_refused(bus, "# x\n0 p0 1\n0 p0 12ab\n",
		       ":3: \"12ab\" is no number; text that begins so goes in quotes");
	assert_refused(bus, "5 p0 1\n4 p0 1\n", ":2: 4 s is earlier than the line before");
	assert_refused(bus, "\n5 unit-0.p7 1\n", ":2: the device has no point \"p7\"");
	assert_refused(bus, "5 p7 1\n", ":1: the device has no point \"p7\"");
	assert_refused(bus, "0 other.p0 1\n", " has no line for \"unit-0\"");
	assert_refused(bus, "", " has no line for \"unit-0\"");
	memset(too_long, ' ', sizeof(too_long));
	memcpy(too_long + sizeof(too_long) - 8, "0 p0 1\n", 8);
	assert_refused(bus, too_long, ":1: the line is too long");
	bus->conf.loop = true;
	assert_refused(bus, "0 p0 1\n", " takes no time and so cannot loop");
}

static void a_trace_that_is_missing_is_found_when_it_comes(void **state)
{
	struct replay_bus *bus = *state;
	struct bus_rig *rig = replay_bus_plan(bus, "");
	size_t place;

	unlink(bus->path);
	bus_rig_start(rig);
	place = bus_rig_wait(rig, 0, device_is_down, 0);
	assert_int_equal(rig->log[place].device.reason, REASON_LINK_DOWN);
	assert_non_null(strstr(rig->log[place].device.detail, "No such file"));
	write_trace(bus, "0 p0 1\n");
	bus_rig_wait(rig, place, value_is, 1);
}

static void the_last_line_needs_no_newline(void **state)
{
	struct replay_bus *bus = *state;
	struct bus_rig *rig = replay_bus_plan(bus, "0 p0 1\n0 p0 2");

	bus_rig_start(rig);
	bus_rig_wait(rig, 0, value_is, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		replay_test(a_trace_comes_out_in_order_with_its_own_times),
		replay_test(at_recorded_speed_a_reading_comes_at_its_time),
		replay_test(lines_for_other_devices_are_passed_over),
		replay_test(faults_are_faults_and_a_device_goes_down_and_up),
		replay_test(a_trace_may_go_round_and_round),
		replay_test(a_long_trace_passes_a_short_queue_whole),
		replay_test(a_bad_trace_is_refused_with_file_and_line),
		replay_test(a_trace_that_is_missing_is_found_when_it_comes),
		replay_test(the_last_line_needs_no_newline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
