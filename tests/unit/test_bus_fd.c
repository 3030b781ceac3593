/* A bus of a driver by fd, fed by the test through a pipe. */
#include "bus_bench.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum order_kind { GIVE, FAULT, FAULT_ALL, FAIL };

struct order {
	enum order_kind kind;
	size_t device, point;
	int64_t value;
	int64_t at_ns; /* 0: now */
	uint32_t lost;
	enum reason reason;
};

struct fake {
	const struct driver_setup *setup;
	struct wire *wire;
};

/* What the test holds; lives longer than the driver. */
struct wire {
	int pipe[2];
	atomic_int open_err;
	atomic_bool half_open; /* gives a reading in open(), then fails */
	atomic_int opens, reads;
};

static int fake_new(const struct driver_setup *setup, void **ret_instance,
		    struct driver_complaint *complaint)
{
	struct fake *fake = calloc(1, sizeof(*fake));

	(void)complaint;
	fake->setup = setup;
	fake->wire = (struct wire *)(uintptr_t)setup->conf;
	*ret_instance = fake;
	return 0;
}

static void give_level(struct fake *fake)
{
	const struct driver_host *host = &fake->setup->host;
	struct value level = value_int(-1);

	host->reading(host->data, 0, 0, &level, clock_mono_ns(), 0);
}

static int fake_open(void *instance)
{
	struct fake *fake = instance;
	struct wire *wire = fake->wire;

	atomic_fetch_add(&wire->opens, 1);
	if (atomic_load(&wire->open_err) == 0 || atomic_load(&wire->half_open))
		give_level(fake);
	return atomic_load(&wire->open_err);
}

static void fake_close(void *instance)
{
	(void)instance;
}

static int fake_fd(void *instance)
{
	struct fake *fake = instance;

	return fake->wire->pipe[0];
}

static int fake_read(void *instance)
{
	struct fake *fake = instance;
	const struct driver_host *host = &fake->setup->host;
	struct order order;
	struct value value;

	atomic_fetch_add(&fake->wire->reads, 1);
	while (read(fake->wire->pipe[0], &order, sizeof(order)) == sizeof(order)) {
		value = value_int(order.value);
		if (order.kind == GIVE)
			host->reading(host->data, order.device, order.point, &value,
				      order.at_ns ? order.at_ns : clock_mono_ns(), order.lost);
		else
			host->fault(host->data, order.device,
				    order.kind == FAULT ? order.point : DRIVER_ALL, order.reason,
				    "as ordered");
		if (order.kind == FAIL)
			return -EIO;
	}
	return 0;
}

static const struct driver fake_driver = {
	.name = "fake-fd",
	.new_ = fake_new,
	.free_ = free,
	.open = fake_open,
	.close = fake_close,
	.fd = fake_fd,
	.read = fake_read,
};

struct fixture {
	struct bench bench;
	struct wire wire;
};

static struct fixture *set_up(size_t devices, size_t points_each)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_int_equal(pipe2(fixture->wire.pipe, O_CLOEXEC | O_NONBLOCK), 0);
	bench_set_up(&fixture->bench, &fake_driver, &fixture->wire, devices, points_each);
	return fixture;
}

static void tear_down(struct fixture *fixture)
{
	bench_tear_down(&fixture->bench);
	close(fixture->wire.pipe[0]);
	close(fixture->wire.pipe[1]);
	free(fixture);
}

static void order(struct fixture *fixture, const struct order *orders, size_t count)
{
	ssize_t bytes = (ssize_t)(count * sizeof(*orders));

	assert_int_equal(write(fixture->wire.pipe[1], orders, (size_t)bytes), bytes);
}

static void what_happened_is_passed_even_when_it_is_the_same(void **state)
{
	const struct order orders[] = {{.value = 5}, {.value = 5}, {.value = 5, .lost = 2}};
	struct fixture *fixture = set_up(1, 1);
	struct bench *bench = &fixture->bench;
	size_t at;

	(void)state;
	bench_start(bench);
	order(fixture, orders, 3);
	at = bench_wait(bench, 0, is_value, 5);
	at = bench_wait(bench, at + 1, is_value, 5);
	at = bench_wait(bench, at + 1, is_value, 5);
	assert_int_equal(bench->log[at].reading.lost_edges, 2);
	tear_down(fixture);
}

static void the_present_state_comes_when_the_bus_is_open(void **state)
{
	struct fixture *fixture = set_up(2, 1);
	struct bench *bench = &fixture->bench;

	(void)state;
	bench_start(bench);
	assert_int_equal(bench_wait(bench, 0, is_up, 0), 0);
	assert_int_equal(bench_wait(bench, 0, is_good, 0), 1);
	assert_int_equal(bench_wait(bench, 0, is_up, 1), 2);
	tear_down(fixture);
}

static void an_open_that_fails_half_way_passes_nothing_of_it(void **state)
{
	struct fixture *fixture = set_up(1, 2);
	struct bench *bench = &fixture->bench;

	(void)state;
	atomic_store(&fixture->wire.half_open, true);
	atomic_store(&fixture->wire.open_err, -ENODEV);
	bench_start(bench);
	bench_wait(bench, 0, is_fault, 1);
	while (atomic_load(&fixture->wire.opens) < 4)
		bench_take(bench, clock_mono_ns() + 10 * MS);
	assert_int_equal(bench->count, 3);
	assert_true(is_down(bench, &bench->log[0], 0));
	atomic_store(&fixture->wire.open_err, 0);
	assert_int_equal(bench_wait(bench, 0, is_up, 0), 3);
	assert_int_equal(bench_wait(bench, 0, is_good, 0), 4);
	tear_down(fixture);
}

static void a_device_at_fault_is_down_at_once_and_up_with_its_next_reading(void **state)
{
	const struct order orders[] = {
		{.kind = FAULT_ALL, .device = 1, .reason = REASON_NO_ANSWER},
		{.kind = FAULT_ALL, .device = 1, .reason = REASON_NO_ANSWER},
		{.device = 0, .value = 7},
		{.device = 1, .point = 1, .value = 8},
	};
	struct fixture *fixture = set_up(2, 2);
	struct bench *bench = &fixture->bench;
	size_t at;

	(void)state;
	bench_start(bench);
	bench_wait(bench, 0, is_up, 1);
	order(fixture, orders, 2);
	at = bench_wait(bench, 0, is_down, 1);
	assert_string_equal(bench->log[at].device.detail, "as ordered");
	assert_true(is_fault(bench, &bench->log[bench_wait(bench, at, is_fault, 2)], 2));
	at = bench_wait(bench, at, is_fault, 3);
	order(fixture, orders + 2, 2);
	assert_int_equal(bench_wait(bench, 0, is_value, 7), at + 1);
	assert_int_equal(bench_wait(bench, at, is_up, 1), at + 2);
	assert_int_equal(bench_wait(bench, 0, is_value, 8), at + 3);
	assert_int_equal(bench_count(bench, 0, bench->count, is_down, 1), 1);
	assert_int_equal(bench_count(bench, 0, bench->count, is_down, 0), 0);
	tear_down(fixture);
}

static void down_and_up_in_one_go_are_both_reported_in_order(void **state)
{
	const struct order orders[] = {
		{.kind = FAULT_ALL, .reason = REASON_NO_ANSWER},
		{.value = 8},
		{.kind = FAULT_ALL, .reason = REASON_LINK_DOWN},
	};
	struct fixture *fixture = set_up(1, 1);
	struct bench *bench = &fixture->bench;
	size_t at;

	(void)state;
	bench_start(bench);
	bench_wait(bench, 0, is_good, 0);
	order(fixture, orders, 3);
	at = bench_wait(bench, 0, is_down, 0);
	at = bench_wait(bench, at, is_fault, 0);
	at = bench_wait(bench, at, is_up, 0);
	at = bench_wait(bench, at, is_value, 8);
	at = bench_wait(bench, at, is_down, 0);
	assert_int_equal(bench->log[at].device.reason, REASON_LINK_DOWN);
	tear_down(fixture);
}

static void a_point_at_fault_leaves_the_others_alone(void **state)
{
	const struct order orders[] = {
		{.kind = FAULT, .point = 1, .reason = REASON_LINE_GONE},
		{.kind = FAULT, .point = 1, .reason = REASON_LINE_GONE},
		{.point = 0, .value = 9},
	};
	struct fixture *fixture = set_up(1, 2);
	struct bench *bench = &fixture->bench;

	(void)state;
	bench_start(bench);
	order(fixture, orders, 3);
	bench_wait(bench, 0, is_value, 9);
	assert_int_equal(bench_count(bench, 0, bench->count, is_fault, 1), 1);
	assert_int_equal(bench_count(bench, 0, bench->count, is_fault, 0), 0);
	assert_int_equal(bench_count(bench, 0, bench->count, is_down, 0), 0);
	tear_down(fixture);
}

static void a_read_that_fails_opens_again_at_once_and_troubles_nobody(void **state)
{
	const struct order orders[] = {
		{.value = 1},
		{.kind = FAIL, .reason = REASON_DEVICE_ERROR},
		{.value = 2},
	};
	struct fixture *fixture = set_up(1, 1);
	struct bench *bench = &fixture->bench;

	(void)state;
	bench_start(bench);
	order(fixture, orders, 3);
	bench_wait(bench, 0, is_value, 2);
	assert_int_equal(atomic_load(&fixture->wire.opens), 2);
	assert_int_equal(bus_counters(bench->bus).reopened, 1);
	assert_int_equal(bench_count(bench, 0, bench->count, is_down, 0), 0);
	assert_int_equal(bench_count(bench, 0, bench->count, is_fault, 0), 0);
	tear_down(fixture);
}

static void a_read_that_fails_and_cannot_open_again_marks_all_points(void **state)
{
	const struct order fail = {.kind = FAIL, .reason = REASON_LINE_GONE};
	struct fixture *fixture = set_up(2, 2);
	struct bench *bench = &fixture->bench;
	size_t at;

	(void)state;
	bench_start(bench);
	bench_wait(bench, 0, is_up, 1);
	atomic_store(&fixture->wire.open_err, -ENODEV);
	order(fixture, &fail, 1);
	at = bench_wait(bench, 0, is_fault, 3);
	assert_int_equal(bench_count(bench, 0, bench->count, is_down, 0), 1);
	assert_int_equal(bench_count(bench, 0, bench->count, is_down, 1), 1);
	atomic_store(&fixture->wire.open_err, 0);
	bench_wait(bench, at, is_up, 0);
	bench_wait(bench, at, is_up, 1);
	tear_down(fixture);
}

static void the_time_of_a_point_never_goes_back(void **state)
{
	int64_t now_ns = clock_mono_ns();
	const struct order orders[] = {
		{.value = 1, .at_ns = now_ns + 5000 * NS_PER_S},
		{.value = 2, .at_ns = now_ns},
		{.kind = FAULT, .reason = REASON_LINE_GONE},
	};
	struct fixture *fixture = set_up(1, 1);
	struct bench *bench = &fixture->bench;
	size_t at;

	(void)state;
	bench_start(bench);
	order(fixture, orders, 3);
	at = bench_wait(bench, 0, is_value, 2);
	assert_true(bench->log[at].reading.at_mono_ns == orders[0].at_ns);
	at = bench_wait(bench, 0, is_fault, 0);
	assert_true(bench->log[at].reading.at_mono_ns == orders[0].at_ns);
	tear_down(fixture);
}

static void a_bus_by_fd_sleeps_until_there_is_something(void **state)
{
	const struct order one = {.value = 3};
	struct fixture *fixture = set_up(1, 1);
	struct bench *bench = &fixture->bench;

	(void)state;
	bench_start(bench);
	bench_wait(bench, 0, is_good, 0);
	bench_take(bench, clock_mono_ns() + 50 * MS);
	assert_int_equal(atomic_load(&fixture->wire.reads), 0);
	order(fixture, &one, 1);
	bench_wait(bench, 0, is_value, 3);
	assert_int_equal(atomic_load(&fixture->wire.reads), 1);
	bus_stop(bench->bus);
	assert_true(bus_join(bench->bus, clock_mono_ns() + PATIENCE_NS));
	tear_down(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_happened_is_passed_even_when_it_is_the_same),
		cmocka_unit_test(the_present_state_comes_when_the_bus_is_open),
		cmocka_unit_test(an_open_that_fails_half_way_passes_nothing_of_it),
		cmocka_unit_test(a_device_at_fault_is_down_at_once_and_up_with_its_next_reading),
		cmocka_unit_test(down_and_up_in_one_go_are_both_reported_in_order),
		cmocka_unit_test(a_point_at_fault_leaves_the_others_alone),
		cmocka_unit_test(a_read_that_fails_opens_again_at_once_and_troubles_nobody),
		cmocka_unit_test(a_read_that_fails_and_cannot_open_again_marks_all_points),
		cmocka_unit_test(the_time_of_a_point_never_goes_back),
		cmocka_unit_test(a_bus_by_fd_sleeps_until_there_is_something),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
