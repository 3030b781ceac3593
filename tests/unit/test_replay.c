/* The replay driver on a bus: a trace comes out as readings. */
#include "bus_bench.h"

#include <unistd.h>

#include "../../drivers/replay.c"

struct fixture {
	struct bench bench;
	struct replay_conf conf;
	char path[64];
};

static void write_trace(struct fixture *fixture, const char *text)
{
	FILE *file = fopen(fixture->path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	fclose(file);
}

static struct fixture *set_up(const char *trace)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	int fd;

	snprintf(fixture->path, sizeof(fixture->path), "/tmp/test-replay-XXXXXX");
	fd = mkstemp(fixture->path);
	assert_true(fd >= 0);
	close(fd);
	fixture->conf = (struct replay_conf){.file = fixture->path, .speed = SPEED_FULL};
	write_trace(fixture, trace);
	bench_set_up(&fixture->bench, &replay_driver, &fixture->conf, 1, 2);
	return fixture;
}

static void tear_down(struct fixture *fixture)
{
	bench_tear_down(&fixture->bench);
	unlink(fixture->path);
	free(fixture);
}

static int64_t at(const struct bench *bench, size_t place)
{
	return bench->log[place].reading.at_mono_ns;
}

static void a_trace_comes_out_in_order_with_its_own_times(void **state)
{
	struct fixture *fixture = set_up("0 p0 1\n"
					 "+3600 unit-0.p1 2 lost=4\n"
					 "@7200 unit-0.p0 3\n");
	struct bench *bench = &fixture->bench;
	size_t first, second, third;

	(void)state;
	bench_start(bench);
	first = bench_wait(bench, 0, is_value, 1);
	second = bench_wait(bench, first, is_value, 2);
	third = bench_wait(bench, second, is_value, 3);
	assert_int_equal(bench->log[second].reading.point, 1);
	assert_int_equal(bench->log[second].reading.lost_edges, 4);
	assert_true(at(bench, second) - at(bench, first) == 3600 * NS_PER_S);
	assert_true(at(bench, third) - at(bench, first) == 7200 * NS_PER_S);
	tear_down(fixture);
}

static void at_recorded_speed_a_reading_comes_at_its_time(void **state)
{
	struct fixture *fixture = set_up("0 p0 1\n+0.05 p0 2\n+0.05 p0 3\n+3600 p0 4\n");
	struct bench *bench = &fixture->bench;
	int64_t began_ns = clock_mono_ns();
	size_t last;

	(void)state;
	fixture->conf.speed = SPEED_RECORDED;
	bench_start(bench);
	last = bench_wait(bench, 0, is_value, 3);
	assert_true(clock_mono_ns() - began_ns >= 100 * MS);
	assert_true(at(bench, last) - began_ns >= 100 * MS);
	bench_take(bench, clock_mono_ns() + 20 * MS);
	assert_int_equal(bench_count(bench, 0, bench->count, is_value, 4), 0);
	tear_down(fixture);
}

static void lines_for_other_devices_are_passed_over(void **state)
{
	struct fixture *fixture = set_up("0 other.thing 1\n0 other down\n"
					 "1 unit-0.p0 2\n2 other.thing 3\n3 p0 4\n");
	struct bench *bench = &fixture->bench;

	(void)state;
	bench_start(bench);
	bench_wait(bench, 0, is_value, 4);
	assert_int_equal(bench_count(bench, 0, bench->count, is_point, 0), 2);
	assert_int_equal(bench_count(bench, 0, bench->count, is_down, 0), 0);
	tear_down(fixture);
}

static void faults_are_faults_and_a_device_goes_down_and_up(void **state)
{
	struct fixture *fixture = set_up("0 p0 1\n1 p1 !refused\n"
					 "2 unit-0 down !no_answer \"unit 4 silent\"\n"
					 "3 unit-0 up\n4 p0 2\n");
	struct bench *bench = &fixture->bench;
	size_t place;

	(void)state;
	bench_start(bench);
	place = bench_wait(bench, 0, is_fault, 1);
	assert_int_equal(bench->log[place].reading.reason, REASON_REFUSED);
	place = bench_wait(bench, place, is_down, 0);
	assert_string_equal(bench->log[place].device.detail, "unit 4 silent");
	place = bench_wait(bench, place, is_fault, 0);
	assert_int_equal(bench->log[place].reading.reason, REASON_NO_ANSWER);
	place = bench_wait(bench, place, is_up, 0);
	bench_wait(bench, place, is_value, 2);
	tear_down(fixture);
}

static void a_trace_may_go_round_and_round(void **state)
{
	struct fixture *fixture = set_up("5 p0 1\n+5 p0 2\n");
	struct bench *bench = &fixture->bench;
	size_t place = 0;
	int64_t last_ns = 0;
	int i;

	(void)state;
	fixture->conf.loop = true;
	bench_start(bench);
	for (i = 0; i < 6; i++) {
		place = bench_wait(bench, place + 1, is_value, 1 + i % 2);
		if (i > 0)
			assert_true(at(bench, place) - last_ns == 5 * NS_PER_S);
		last_ns = at(bench, place);
	}
	tear_down(fixture);
}

static void a_long_trace_passes_a_short_queue_whole(void **state)
{
	struct fixture *fixture = set_up("");
	struct bench *bench = &fixture->bench;
	FILE *file = fopen(fixture->path, "we");
	size_t place = 0;
	int i;

	(void)state;
	assert_non_null(file);
	for (i = 0; i < 3000; i++)
		fprintf(file, "+0.001 p0 %d\n", i);
	fclose(file);
	capture_free(bench->queue);
	assert_int_equal(capture_new(16, &bench->queue), 0);
	bench_start(bench);
	for (i = 0; i < 3000; i++) {
		place = bench_wait(bench, place, is_good, 0);
		assert_int_equal(bench->log[place++].reading.value.integer, i);
	}
	tear_down(fixture);
}

static void assert_refused(const char *trace, bool loop, const char *what)
{
	struct fixture *fixture = set_up(trace);
	struct bench *bench = &fixture->bench;
	char whole[256];
	size_t place;

	fixture->conf.loop = loop;
	bench_start(bench);
	place = bench_wait(bench, 0, is_down, 0);
	snprintf(whole, sizeof(whole), "%s%s", fixture->path, what);
	whole[sizeof(bench->log[0].device.detail) - 1] = '\0';
	assert_string_equal(bench->log[place].device.detail, whole);
	assert_int_equal(bench_count(bench, 0, bench->count, is_good, 0), 0);
	tear_down(fixture);
}

static void a_bad_trace_is_refused_with_file_and_line(void **state)
{
	char trace[LINE_BYTES + 100];

	(void)state;
	assert_refused("# x\n0 p0 1\n0 p0 12ab\n", false,
		       ":3: \"12ab\" is no number; text that begins so goes in quotes");
	assert_refused("5 p0 1\n4 p0 1\n", false, ":2: 4 s is earlier than the line before");
	assert_refused("\n5 unit-0.p7 1\n", false, ":2: the device has no point \"p7\"");
	assert_refused("5 p7 1\n", false, ":1: the device has no point \"p7\"");
	assert_refused("0 other.p0 1\n", false, " has no line for \"unit-0\"");
	assert_refused("", false, " has no line for \"unit-0\"");
	assert_refused("0 p0 1\n", true, " takes no time and so cannot loop");
	memset(trace, ' ', sizeof(trace));
	memcpy(trace + sizeof(trace) - 8, "0 p0 1\n", 8);
	assert_refused(trace, false, ":1: the line is too long");
}

static void a_trace_that_is_missing_is_found_when_it_comes(void **state)
{
	struct fixture *fixture = set_up("");
	struct bench *bench = &fixture->bench;
	size_t place;

	(void)state;
	unlink(fixture->path);
	bench_start(bench);
	place = bench_wait(bench, 0, is_down, 0);
	assert_int_equal(bench->log[place].device.reason, REASON_LINK_DOWN);
	assert_non_null(strstr(bench->log[place].device.detail, "No such file"));
	write_trace(fixture, "0 p0 1\n");
	bench_wait(bench, place, is_value, 1);
	tear_down(fixture);
}

static void the_last_line_needs_no_newline(void **state)
{
	struct fixture *fixture = set_up("0 p0 1\n0 p0 2");
	struct bench *bench = &fixture->bench;

	(void)state;
	bench_start(bench);
	bench_wait(bench, 0, is_value, 2);
	tear_down(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_trace_comes_out_in_order_with_its_own_times),
		cmocka_unit_test(at_recorded_speed_a_reading_comes_at_its_time),
		cmocka_unit_test(lines_for_other_devices_are_passed_over),
		cmocka_unit_test(faults_are_faults_and_a_device_goes_down_and_up),
		cmocka_unit_test(a_trace_may_go_round_and_round),
		cmocka_unit_test(a_long_trace_passes_a_short_queue_whole),
		cmocka_unit_test(a_bad_trace_is_refused_with_file_and_line),
		cmocka_unit_test(a_trace_that_is_missing_is_found_when_it_comes),
		cmocka_unit_test(the_last_line_needs_no_newline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
