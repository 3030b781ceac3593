/* A bus of a blocking driver, with a scripted one in its place. */
#include "bus_bench.h"

#include <pthread.h>
#include <semaphore.h>

/* What the fake does; the test changes it while the bus runs. */
struct script {
	pthread_mutex_t lock;
	int open_err;
	enum reason open_reason;
	bool refuse; /* new_() */
	struct {
		int err; /* of poll() and probe() */
		enum reason reason;
		int64_t value; /* of all points; counts up with each poll if counting */
		bool counting;
		bool half; /* gives readings, and then fails */
		enum reason point_reason; /* of the last point */
		int64_t cost_ns;
		int polls, probes;
	} unit[BENCH_DEVICES];
	int opens, closes;
	sem_t *hang; /* poll() waits for it */
};

struct fake {
	const struct driver_setup *setup;
	struct script *script;
};

static int fake_new(const struct driver_setup *setup, void **ret_instance,
		    struct driver_complaint *complaint)
{
	struct script *script = (struct script *)(uintptr_t)setup->conf;
	struct fake *fake;

	if (script->refuse) {
		complaint->device = 1;
		complaint->point = 0;
		snprintf(complaint->what, sizeof(complaint->what), "lies outside");
		return -EINVAL;
	}
	fake = calloc(1, sizeof(*fake));
	fake->setup = setup;
	fake->script = script;
	*ret_instance = fake;
	return 0;
}

static int fake_open(void *instance)
{
	struct fake *fake = instance;
	const struct driver_host *host = &fake->setup->host;
	struct script *script = fake->script;
	size_t i;
	int err;

	pthread_mutex_lock(&script->lock);
	script->opens++;
	err = script->open_err;
	for (i = 0; err && script->open_reason && i < fake->setup->device_count; i++)
		host->fault(host->data, i, DRIVER_ALL, script->open_reason, "the port is gone");
	pthread_mutex_unlock(&script->lock);
	return err;
}

static void fake_close(void *instance)
{
	struct fake *fake = instance;

	pthread_mutex_lock(&fake->script->lock);
	fake->script->closes++;
	pthread_mutex_unlock(&fake->script->lock);
}

static void cost(int64_t cost_ns)
{
	struct timespec ts = clock_timespec(cost_ns);

	if (cost_ns > 0)
		nanosleep(&ts, NULL);
}

static void give(struct fake *fake, size_t device)
{
	const struct driver_host *host = &fake->setup->host;
	struct value value = value_int(fake->script->unit[device].value);
	enum reason reason = fake->script->unit[device].point_reason;
	size_t i, last = fake->setup->devices[device].point_count - 1;

	if (fake->script->unit[device].counting)
		fake->script->unit[device].value++;
	for (i = 0; i <= last; i++) {
		if (i == last && reason)
			host->fault(host->data, device, i, reason, "illegal address");
		else
			host->reading(host->data, device, i, &value, clock_mono_ns(), 0);
	}
}

static int answer(struct fake *fake, size_t device, bool probe)
{
	const struct driver_host *host = &fake->setup->host;
	struct script *script = fake->script;
	int64_t cost_ns;
	int err;

	if (script->hang)
		sem_wait(script->hang);
	pthread_mutex_lock(&script->lock);
	err = script->unit[device].err;
	cost_ns = script->unit[device].cost_ns;
	if (probe)
		script->unit[device].probes++;
	else
		script->unit[device].polls++;
	if (!probe && (!err || script->unit[device].half))
		give(fake, device);
	if (err && script->unit[device].reason)
		host->fault(host->data, device, DRIVER_ALL, script->unit[device].reason,
			    "nothing came");
	if (script->unit[device].half && probe)
		err = 0;
	pthread_mutex_unlock(&script->lock);
	cost(cost_ns);
	return err;
}

static int fake_poll(void *instance, size_t device)
{
	return answer(instance, device, false);
}

static int fake_probe(void *instance, size_t device)
{
	return answer(instance, device, true);
}

static const struct driver fake_driver = {
	.name = "fake",
	.blocking = true,
	.new_ = fake_new,
	.free_ = free,
	.open = fake_open,
	.close = fake_close,
	.poll = fake_poll,
	.probe = fake_probe,
};

struct fixture {
	struct bench bench;
	struct script script;
};

static struct fixture *set_up(size_t devices, size_t points_each)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	pthread_mutex_init(&fixture->script.lock, NULL);
	bench_set_up(&fixture->bench, &fake_driver, &fixture->script, devices, points_each);
	return fixture;
}

static void tear_down(struct fixture *fixture)
{
	bench_tear_down(&fixture->bench);
	assert_int_equal(fixture->script.opens > 0, fixture->script.closes > 0);
	free(fixture);
}

#define SCRIPT(fixture, change)                                \
	do {                                                   \
		pthread_mutex_lock(&(fixture)->script.lock);   \
		(fixture)->script.change;                      \
		pthread_mutex_unlock(&(fixture)->script.lock); \
	} while (0)

static int opens(struct fixture *fixture)
{
	int n;

	pthread_mutex_lock(&fixture->script.lock);
	n = fixture->script.opens;
	pthread_mutex_unlock(&fixture->script.lock);
	return n;
}

static void fails(struct fixture *fixture, size_t device, int err, enum reason reason)
{
	SCRIPT(fixture, unit[device].reason = reason);
	SCRIPT(fixture, unit[device].err = err);
}

/* ---- readings ---------------------------------------------------------------------- */

static void what_a_device_gives_reaches_the_queue(void **state)
{
	struct fixture *fixture = set_up(2, 2);
	struct bench *bench = &fixture->bench;
	size_t at;

	(void)state;
	fixture->script.unit[0].value = 17;
	fixture->script.unit[1].value = 18;
	bench_start(bench);
	at = bench_wait(bench, 0, is_good, 1);
	assert_int_equal(bench->log[at].reading.value.integer, 17);
	at = bench_wait(bench, 0, is_good, 3);
	assert_int_equal(bench->log[at].reading.value.integer, 18);
	assert_true(bus_counters(bench->bus).open);
	assert_int_equal(bus_counters(bench->bus).devices_down, 0);
	tear_down(fixture);
}

static void a_device_is_reported_up_before_its_first_reading(void **state)
{
	struct fixture *fixture = set_up(1, 1);
	struct bench *bench = &fixture->bench;

	(void)state;
	bench_start(bench);
	assert_int_equal(bench_wait(bench, 0, is_up, 0), 0);
	assert_int_equal(bench_wait(bench, 0, is_good, 0), 1);
	bench_wait_polls(bench, 20);
	assert_int_equal(bench_count(bench, 0, bench->count, is_up, 0), 1);
	tear_down(fixture);
}

static void what_does_not_change_is_passed_only_to_show_that_it_is_fresh(void **state)
{
	struct fixture *fixture = set_up(1, 1);
	struct bench *bench = &fixture->bench;
	size_t at = 0;
	int64_t last_ns;
	int i;

	(void)state;
	bench->points[0].stale_after_ns = 200 * MS;
	bench_start(bench);
	at = bench_wait(bench, at, is_good, 0);
	for (i = 0; i < 5; i++) {
		last_ns = bench->log[at].reading.at_mono_ns;
		at = bench_wait(bench, at + 1, is_good, 0);
		assert_true(bench->log[at].reading.at_mono_ns - last_ns > 50 * MS);
	}
	tear_down(fixture);
}

static void each_change_is_passed(void **state)
{
	struct fixture *fixture = set_up(1, 1);
	struct bench *bench = &fixture->bench;
	size_t at = 0;
	int64_t i;

	(void)state;
	fixture->script.unit[0].counting = true;
	bench_start(bench);
	for (i = 0; i < 50; i++) {
		at = bench_wait(bench, at, is_good, 0);
		assert_int_equal(bench->log[at++].reading.value.integer, i);
	}
	tear_down(fixture);
}

static void a_poll_that_brings_anything_new_is_passed_whole(void **state)
{
	struct fixture *fixture = set_up(1, 3);
	struct bench *bench = &fixture->bench;
	size_t at;

	(void)state;
	fixture->script.unit[0].point_reason = REASON_REFUSED;
	bench_start(bench);
	at = bench_wait(bench, 0, is_fault, 2);
	SCRIPT(fixture, unit[0].point_reason = REASON_NONE);
	at = bench_wait(bench, at + 1, is_good, 2);
	assert_true(is_good(bench, &bench->log[at - 1], 1));
	assert_true(is_good(bench, &bench->log[at - 2], 0));
	assert_true(bench->log[at - 2].reading.more);
	assert_true(bench->log[at - 1].reading.more);
	assert_false(bench->log[at].reading.more);
	tear_down(fixture);
}

static void a_fault_of_a_point_is_passed_once_for_each_reason(void **state)
{
	struct fixture *fixture = set_up(1, 2);
	struct bench *bench = &fixture->bench;
	size_t at;

	(void)state;
	fixture->script.unit[0].point_reason = REASON_REFUSED;
	fixture->script.unit[0].counting = true;
	bench_start(bench);
	bench_wait_polls(bench, 20);
	SCRIPT(fixture, unit[0].point_reason = REASON_OUT_OF_RANGE);
	bench_wait_polls(bench, 20);
	SCRIPT(fixture, unit[0].point_reason = REASON_NONE);
	at = bench_wait(bench, 0, is_good, 1);
	assert_int_equal(bench_count(bench, 0, at, is_fault, 1), 2);
	assert_int_equal(bench_count(bench, 0, at, is_down, 0), 0);
	assert_true(bench_count(bench, 0, at, is_good, 0) >= 40);
	at = bench_wait(bench, 0, is_fault, 1);
	assert_int_equal(bench->log[at].reading.reason, REASON_REFUSED);
	assert_int_equal(bench->log[at].reading.value.type, VALUE_NONE);
	at = bench_wait(bench, at + 1, is_fault, 1);
	assert_int_equal(bench->log[at].reading.reason, REASON_OUT_OF_RANGE);
	tear_down(fixture);
}

/* ---- silent devices ---------------------------------------------------------------- */

static void a_device_is_down_after_some_failed_polls_and_all_its_points_with_it(void **state)
{
	struct fixture *fixture = set_up(1, 3);
	struct bench *bench = &fixture->bench;
	size_t at, i;
	int polls;

	(void)state;
	fails(fixture, 0, -ETIMEDOUT, REASON_GARBLED);
	bench_start(bench);
	at = bench_wait(bench, 0, is_down, 0);
	assert_int_equal(at, 0);
	assert_int_equal(bench->log[0].device.reason, REASON_GARBLED);
	assert_string_equal(bench->log[0].device.detail, "nothing came");
	assert_true(bus_counters(bench->bus).failures >= 3);
	for (i = 0; i < 3; i++) {
		at = bench_wait(bench, 0, is_fault, (int64_t)i);
		assert_int_equal(at, i + 1);
		assert_int_equal(bench->log[at].reading.reason, REASON_GARBLED);
	}
	pthread_mutex_lock(&fixture->script.lock);
	polls = fixture->script.unit[0].polls;
	pthread_mutex_unlock(&fixture->script.lock);
	assert_int_equal(polls, 3);
	assert_int_equal(bus_counters(bench->bus).devices_down, 1);
	bench_wait_polls(bench, 5);
	assert_int_equal(bench->count, 4);
	tear_down(fixture);
}

static void a_device_that_misses_some_polls_is_not_down(void **state)
{
	struct fixture *fixture = set_up(1, 1);
	struct bench *bench = &fixture->bench;
	int i;

	(void)state;
	bench->devices[0].fail_after = 1000;
	bench_start(bench);
	for (i = 0; i < 5; i++) {
		fails(fixture, 0, -ETIMEDOUT, REASON_NO_ANSWER);
		bench_wait_polls(bench, 3);
		fails(fixture, 0, 0, REASON_NONE);
		bench_wait_polls(bench, 3);
	}
	assert_true(bus_counters(bench->bus).failures > 0);
	assert_int_equal(bench_count(bench, 0, bench->count, is_down, 0), 0);
	assert_int_equal(bench_count(bench, 0, bench->count, is_fault, 0), 0);
	tear_down(fixture);
}

static void a_device_that_is_back_is_reported_up_before_its_readings(void **state)
{
	struct fixture *fixture = set_up(1, 2);
	struct bench *bench = &fixture->bench;
	size_t down, at;

	(void)state;
	bench_start(bench);
	bench_wait(bench, 0, is_good, 0);
	fails(fixture, 0, -ETIMEDOUT, REASON_NO_ANSWER);
	down = bench_wait(bench, 0, is_down, 0);
	bench_wait_polls(bench, 3);
	fails(fixture, 0, 0, REASON_NONE);
	at = bench_wait(bench, down, is_up, 0);
	assert_int_equal(bench_count(bench, down, at, is_good, 0), 0);
	assert_int_equal(bench_wait(bench, at, is_good, 0), at + 1);
	assert_int_equal(bench_wait(bench, at, is_good, 1), at + 2);
	assert_int_equal(bus_counters(bench->bus).devices_down, 0);
	tear_down(fixture);
}

static void half_an_answer_is_no_answer(void **state)
{
	struct fixture *fixture = set_up(1, 2);
	struct bench *bench = &fixture->bench;

	(void)state;
	fixture->script.unit[0].half = true;
	fails(fixture, 0, -ETIMEDOUT, REASON_NO_ANSWER);
	bench_start(bench);
	bench_wait(bench, 0, is_down, 0);
	bench_wait_polls(bench, 6);
	assert_int_equal(bench_count(bench, 0, bench->count, is_good, 0), 0);
	assert_int_equal(bench_count(bench, 0, bench->count, is_up, 0), 0);
	assert_int_equal(bench_count(bench, 0, bench->count, is_down, 0), 1);
	tear_down(fixture);
}

static void a_silent_device_leaves_the_others_their_time(void **state)
{
	struct fixture *fixture = set_up(2, 1);
	struct bench *bench = &fixture->bench;
	int64_t began_ns, span_ns;
	int probes;

	(void)state;
	bench->bus_conf.down_share = 0.1;
	fixture->script.unit[0].cost_ns = 40 * MS;
	fails(fixture, 0, -ETIMEDOUT, REASON_NO_ANSWER);
	bench_start(bench);
	bench_wait(bench, 0, is_down, 0);
	began_ns = clock_mono_ns();
	bench_wait_polls(bench, 200);
	span_ns = clock_mono_ns() - began_ns;
	pthread_mutex_lock(&fixture->script.lock);
	probes = fixture->script.unit[0].probes;
	pthread_mutex_unlock(&fixture->script.lock);
	/* One before the budget is charged, one that is under way. */
	assert_true(probes > 0 && (probes - 2) * 40 * MS <= span_ns / 10);
	assert_int_equal(bench_count(bench, 0, bench->count, is_down, 1), 0);
	tear_down(fixture);
}

static void cycles_that_cannot_be_kept_are_counted(void **state)
{
	struct fixture *fixture = set_up(1, 1);
	struct bench *bench = &fixture->bench;

	(void)state;
	fixture->script.unit[0].cost_ns = 23 * MS;
	bench_start(bench);
	bench_wait_polls(bench, 5);
	assert_true(bus_counters(bench->bus).skipped >= 3 * 4);
	tear_down(fixture);
}

/* ---- the link ---------------------------------------------------------------------- */

static void a_link_that_cannot_be_opened_marks_all_points_once(void **state)
{
	struct fixture *fixture = set_up(2, 2);
	struct bench *bench = &fixture->bench;
	size_t i;

	(void)state;
	fixture->script.open_err = -ENOENT;
	bench_start(bench);
	bench_wait(bench, 0, is_fault, 3);
	while (opens(fixture) < 4)
		bench_take(bench, clock_mono_ns() + 10 * MS);
	assert_int_equal(bench->count, 2 + 4);
	for (i = 0; i < bench->count; i++)
		assert_int_equal(bench->log[i].kind == CAPTURE_DEVICE
					 ? bench->log[i].device.reason
					 : bench->log[i].reading.reason,
				 REASON_LINK_DOWN);
	assert_false(bus_counters(bench->bus).open);
	assert_int_equal(bus_counters(bench->bus).devices_down, 2);
	SCRIPT(fixture, open_err = 0);
	bench_wait(bench, 0, is_up, 0);
	bench_wait(bench, 0, is_up, 1);
	assert_int_equal(bus_counters(bench->bus).reopened, 1);
	tear_down(fixture);
}

static void why_a_link_cannot_be_opened_is_the_drivers_to_say(void **state)
{
	struct fixture *fixture = set_up(2, 1);
	struct bench *bench = &fixture->bench;
	size_t at;

	(void)state;
	fixture->script.open_err = -EBUSY;
	fixture->script.open_reason = REASON_LINE_BUSY;
	bench_start(bench);
	at = bench_wait(bench, 0, is_down, 1);
	assert_int_equal(bench->log[at].device.reason, REASON_LINE_BUSY);
	assert_string_equal(bench->log[at].device.detail, "the port is gone");
	tear_down(fixture);
}

static void a_lost_link_marks_all_points_and_all_come_back_with_it(void **state)
{
	struct fixture *fixture = set_up(3, 1);
	struct bench *bench = &fixture->bench;
	size_t at, i;

	(void)state;
	bench_start(bench);
	for (i = 0; i < 3; i++)
		bench_wait(bench, 0, is_good, (int64_t)i);
	SCRIPT(fixture, open_err = -EHOSTUNREACH);
	fails(fixture, 1, -ENOTCONN, REASON_NONE);
	for (i = 0; i < 3; i++) {
		at = bench_wait(bench, 0, is_down, (int64_t)i);
		assert_int_equal(bench->log[at].device.reason, REASON_LINK_DOWN);
		bench_wait(bench, at, is_fault, (int64_t)i);
	}
	fails(fixture, 1, 0, REASON_NONE);
	SCRIPT(fixture, open_err = 0);
	for (i = 0; i < 3; i++) {
		at = bench_wait(bench, bench_wait(bench, 0, is_down, (int64_t)i), is_up,
				(int64_t)i);
		bench_wait(bench, at, is_good, (int64_t)i);
	}
	assert_int_equal(bus_counters(bench->bus).devices_down, 0);
	tear_down(fixture);
}

static void a_link_that_opens_again_at_once_troubles_nobody(void **state)
{
	struct fixture *fixture = set_up(2, 1);
	struct bench *bench = &fixture->bench;
	int64_t deadline_ns = clock_mono_ns() + PATIENCE_NS;

	(void)state;
	bench->devices[0].fail_after = 1000;
	bench_start(bench);
	bench_wait(bench, 0, is_good, 0);
	fails(fixture, 0, -ENOTCONN, REASON_NONE);
	while (bus_counters(bench->bus).reopened == 0 && clock_mono_ns() < deadline_ns)
		bench_take(bench, clock_mono_ns() + 1 * MS);
	fails(fixture, 0, 0, REASON_NONE);
	bench_wait_polls(bench, 10);
	assert_true(bus_counters(bench->bus).reopened > 0);
	assert_int_equal(bench_count(bench, 0, bench->count, is_down, 0), 0);
	assert_int_equal(bench_count(bench, 0, bench->count, is_fault, 0), 0);
	assert_int_equal(bench_count(bench, 0, bench->count, is_fault, 1), 0);
	tear_down(fixture);
}

static void a_link_that_opens_only_to_break_is_down(void **state)
{
	struct fixture *fixture = set_up(2, 1);
	struct bench *bench = &fixture->bench;
	int64_t began_ns;
	int before;

	(void)state;
	bench->devices[0].fail_after = bench->devices[1].fail_after = 1000;
	bench->bus_conf.reopen_min_ns = 50 * MS;
	fails(fixture, 0, -ENOTCONN, REASON_NONE);
	fails(fixture, 1, -ENOTCONN, REASON_NONE);
	bench_start(bench);
	bench_wait(bench, 0, is_down, 0);
	bench_wait(bench, 0, is_down, 1);
	began_ns = clock_mono_ns();
	before = opens(fixture);
	while (opens(fixture) < before + 5)
		bench_take(bench, clock_mono_ns() + 10 * MS);
	assert_true(clock_mono_ns() - began_ns > 4 * 37 * MS);
	assert_int_equal(bench_count(bench, 0, bench->count, is_down, 0), 1);
	tear_down(fixture);
}

static void a_device_that_breaks_the_link_does_not_take_the_others_with_it(void **state)
{
	struct fixture *fixture = set_up(3, 1);
	struct bench *bench = &fixture->bench;
	size_t at;

	(void)state;
	bench->devices[0].poll_ns = 50 * MS; /* the others break it more often than it answers */
	bench->devices[1].fail_after = bench->devices[2].fail_after = 40;
	fails(fixture, 1, -ENOTCONN, REASON_NONE);
	fails(fixture, 2, -ENOTCONN, REASON_NONE);
	bench_start(bench);
	bench_wait(bench, 0, is_good, 0);
	at = bench_wait(bench, 0, is_down, 1);
	assert_int_equal(bench->log[at].device.reason, REASON_LINK_DOWN);
	bench_wait(bench, 0, is_down, 2);
	bench_wait_polls(bench, 50);
	assert_int_equal(bench_count(bench, 0, bench->count, is_down, 0), 0);
	assert_int_equal(bench_count(bench, 0, bench->count, is_fault, 0), 0);
	tear_down(fixture);
}

static void a_link_that_is_back_wins_back_a_device_long_silent(void **state)
{
	struct fixture *fixture = set_up(2, 1);
	struct bench *bench = &fixture->bench;
	size_t down;

	(void)state;
	bench->devices[0].retry_min_ns = bench->devices[0].retry_max_ns = 3600 * NS_PER_S;
	fails(fixture, 0, -ETIMEDOUT, REASON_NO_ANSWER);
	bench_start(bench);
	down = bench_wait(bench, 0, is_down, 0);
	fails(fixture, 0, 0, REASON_NONE);
	SCRIPT(fixture, open_err = -ENODEV);
	fails(fixture, 1, -ENOTCONN, REASON_NONE);
	bench_wait(bench, 0, is_down, 1);
	fails(fixture, 1, 0, REASON_NONE);
	SCRIPT(fixture, open_err = 0);
	bench_wait(bench, down, is_up, 0);
	tear_down(fixture);
}

static void wait_for_vain_opens(struct fixture *fixture, int count)
{
	int64_t deadline_ns = clock_mono_ns() + PATIENCE_NS;
	int goal = opens(fixture) + count;

	while (opens(fixture) < goal) {
		assert_true(clock_mono_ns() < deadline_ns);
		bench_take(&fixture->bench, clock_mono_ns() + 10 * MS);
	}
}

static void each_outage_begins_with_the_shortest_back_off(void **state)
{
	struct fixture *fixture = set_up(1, 1);
	struct bench *bench = &fixture->bench;
	size_t at;
	int i;

	(void)state;
	/* Not begun anew, the third would take longer than anybody waits. */
	bench->bus_conf.reopen_min_ns = 10 * MS;
	bench->bus_conf.reopen_max_ns = 3600 * NS_PER_S;
	bench_start(bench);
	at = bench_wait(bench, 0, is_up, 0);
	for (i = 0; i < 3; i++) {
		SCRIPT(fixture, open_err = -ENODEV);
		fails(fixture, 0, -ENOTCONN, REASON_NONE);
		wait_for_vain_opens(fixture, 6);
		fails(fixture, 0, 0, REASON_NONE);
		SCRIPT(fixture, open_err = 0);
		at = bench_wait(bench, at + 1, is_up, 0);
	}
	tear_down(fixture);
}

/* ---- back-pressure, stop, watchdog, set-up ------------------------------------------ */

static void a_consumer_that_stalls_slows_the_bus_and_nothing_is_lost(void **state)
{
	struct fixture *fixture = set_up(1, 1);
	struct bench *bench = &fixture->bench;
	int64_t deadline_ns = clock_mono_ns() + PATIENCE_NS;
	uint64_t polls;
	size_t at = 0;
	int64_t i;

	(void)state;
	capture_free(bench->queue);
	assert_int_equal(capture_new(8, &bench->queue), 0);
	fixture->script.unit[0].counting = true;
	bench_start(bench);
	while (capture_waits(bench->queue) == 0 && clock_mono_ns() < deadline_ns)
		cost(1 * MS);
	polls = bus_counters(bench->bus).polls;
	cost(50 * MS);
	assert_int_equal(bus_counters(bench->bus).polls, polls);
	bus_ask(bench->bus);
	assert_false(bus_stuck(bench->bus, clock_mono_ns() + 3600 * NS_PER_S));
	for (i = 0; i < 100; i++) {
		at = bench_wait(bench, at, is_good, 0);
		assert_int_equal(bench->log[at++].reading.value.integer, i);
	}
	assert_true(bus_counters(bench->bus).polls > polls);
	tear_down(fixture);
}

static void a_bus_held_up_by_a_full_queue_stops_when_that_is_closed(void **state)
{
	struct fixture *fixture = set_up(1, 1);
	struct bench *bench = &fixture->bench;
	int64_t deadline_ns = clock_mono_ns() + PATIENCE_NS;

	(void)state;
	capture_free(bench->queue);
	assert_int_equal(capture_new(1, &bench->queue), 0);
	fixture->script.unit[0].counting = true;
	bench_start(bench);
	while (capture_waits(bench->queue) == 0 && clock_mono_ns() < deadline_ns)
		cost(1 * MS);
	bus_stop(bench->bus);
	assert_false(bus_join(bench->bus, clock_mono_ns() + 20 * MS));
	capture_close(bench->queue);
	assert_true(bus_join(bench->bus, clock_mono_ns() + PATIENCE_NS));
	tear_down(fixture);
}

static void a_bus_that_waits_stops_at_once(void **state)
{
	struct fixture *fixture = set_up(1, 1);
	struct bench *bench = &fixture->bench;

	(void)state;
	bench->devices[0].poll_ns = 3600 * NS_PER_S;
	bench_start(bench);
	bench_wait(bench, 0, is_good, 0);
	bus_stop(bench->bus);
	assert_true(bus_join(bench->bus, clock_mono_ns() + PATIENCE_NS));
	assert_true(bus_join(bench->bus, 0));
	assert_false(bus_counters(bench->bus).open);
	tear_down(fixture);
}

static void a_bus_that_was_never_started_is_freed(void **state)
{
	struct fixture *fixture = set_up(1, 1);
	struct bench *bench = &fixture->bench;

	(void)state;
	assert_int_equal(
		bus_new(&bench->config, &bench->bus_conf, bench->queue, stderr, &bench->bus), 0);
	assert_string_equal(bus_name(bench->bus), "bench");
	assert_true(bus_join(bench->bus, 0));
	tear_down(fixture);
}

static void a_bus_that_waits_answers_the_watchdog(void **state)
{
	struct fixture *fixture = set_up(1, 1);
	struct bench *bench = &fixture->bench;
	int64_t deadline_ns = clock_mono_ns() + PATIENCE_NS;

	(void)state;
	bench->devices[0].poll_ns = 3600 * NS_PER_S;
	bench_start(bench);
	bench_wait(bench, 0, is_good, 0);
	bus_ask(bench->bus);
	while (bus_stuck(bench->bus, clock_mono_ns() + 3600 * NS_PER_S) &&
	       clock_mono_ns() < deadline_ns)
		cost(1 * MS);
	assert_false(bus_stuck(bench->bus, clock_mono_ns() + 3600 * NS_PER_S));
	tear_down(fixture);
}

static void a_driver_that_hangs_is_stuck_after_a_minute(void **state)
{
	struct fixture *fixture = set_up(1, 1);
	struct bench *bench = &fixture->bench;
	int64_t deadline_ns = clock_mono_ns() + PATIENCE_NS;
	sem_t hang;

	(void)state;
	sem_init(&hang, 0, 0);
	fixture->script.hang = &hang;
	bench_start(bench);
	while (bus_counters(bench->bus).polls == 0 && clock_mono_ns() < deadline_ns)
		cost(1 * MS);
	bus_ask(bench->bus);
	assert_false(bus_stuck(bench->bus, clock_mono_ns() + 30 * NS_PER_S));
	assert_true(bus_stuck(bench->bus, clock_mono_ns() + 61 * NS_PER_S));
	bus_stop(bench->bus);
	assert_false(bus_join(bench->bus, clock_mono_ns() + 20 * MS));
	sem_post(&hang);
	tear_down(fixture);
	sem_destroy(&hang);
}

static void a_plan_that_the_driver_refuses_is_told_with_file_and_line(void **state)
{
	struct fixture *fixture = set_up(2, 1);
	struct bench *bench = &fixture->bench;
	char *text = NULL;
	size_t bytes = 0;
	FILE *errors = open_memstream(&text, &bytes);

	(void)state;
	fixture->script.refuse = true;
	assert_int_equal(
		bus_new(&bench->config, &bench->bus_conf, bench->queue, errors, &bench->bus),
		-EINVAL);
	fclose(errors);
	assert_string_equal(text, "test.conf:11: device \"unit-1\": point \"p0\": lies outside\n");
	free(text);
	tear_down(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_device_gives_reaches_the_queue),
		cmocka_unit_test(a_device_is_reported_up_before_its_first_reading),
		cmocka_unit_test(what_does_not_change_is_passed_only_to_show_that_it_is_fresh),
		cmocka_unit_test(each_change_is_passed),
		cmocka_unit_test(a_poll_that_brings_anything_new_is_passed_whole),
		cmocka_unit_test(a_fault_of_a_point_is_passed_once_for_each_reason),
		cmocka_unit_test(
			a_device_is_down_after_some_failed_polls_and_all_its_points_with_it),
		cmocka_unit_test(a_device_that_misses_some_polls_is_not_down),
		cmocka_unit_test(a_device_that_is_back_is_reported_up_before_its_readings),
		cmocka_unit_test(half_an_answer_is_no_answer),
		cmocka_unit_test(a_silent_device_leaves_the_others_their_time),
		cmocka_unit_test(cycles_that_cannot_be_kept_are_counted),
		cmocka_unit_test(a_link_that_cannot_be_opened_marks_all_points_once),
		cmocka_unit_test(why_a_link_cannot_be_opened_is_the_drivers_to_say),
		cmocka_unit_test(a_lost_link_marks_all_points_and_all_come_back_with_it),
		cmocka_unit_test(a_link_that_opens_again_at_once_troubles_nobody),
		cmocka_unit_test(a_link_that_opens_only_to_break_is_down),
		cmocka_unit_test(a_device_that_breaks_the_link_does_not_take_the_others_with_it),
		cmocka_unit_test(a_link_that_is_back_wins_back_a_device_long_silent),
		cmocka_unit_test(each_outage_begins_with_the_shortest_back_off),
		cmocka_unit_test(a_consumer_that_stalls_slows_the_bus_and_nothing_is_lost),
		cmocka_unit_test(a_bus_held_up_by_a_full_queue_stops_when_that_is_closed),
		cmocka_unit_test(a_bus_that_waits_stops_at_once),
		cmocka_unit_test(a_bus_that_was_never_started_is_freed),
		cmocka_unit_test(a_bus_that_waits_answers_the_watchdog),
		cmocka_unit_test(a_driver_that_hangs_is_stuck_after_a_minute),
		cmocka_unit_test(a_plan_that_the_driver_refuses_is_told_with_file_and_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
