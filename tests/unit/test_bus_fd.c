/* A bus of a driver by fd, fed by the test through a pipe. */
#include "rig/bus_rig.h"

#include "config/difference.h"

#include <fcntl.h>
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

struct fed_driver {
	const struct driver_setup *setup;
	struct wire *wire;
};

/* What the test holds; lives longer than the driver. */
struct wire {
	int pipe[2];
	atomic_int open_err;
	atomic_bool half_open; /* gives a reading in open(), then fails */
	atomic_int opens, reads, closes;
	size_t inherited[8]; /* by point: which it was of the other */
};

static int fed_new(const struct driver_setup *setup, void **ret_instance,
		   struct driver_complaint *complaint)
{
	struct fed_driver *fed = calloc(1, sizeof(*fed));

	(void)complaint;
	fed->setup = setup;
	fed->wire = (struct wire *)(uintptr_t)setup->conf;
	*ret_instance = fed;
	return 0;
}

static void give_level(struct fed_driver *fed)
{
	const struct driver_host *host = &fed->setup->host;
	struct value level = value_int(-1);

	host->reading(host->data, 0, 0, &level, clock_mono_ns(), 0);
}

static int fed_open(void *instance)
{
	struct fed_driver *fed = instance;
	struct wire *wire = fed->wire;

	atomic_fetch_add(&wire->opens, 1);
	if (atomic_load(&wire->open_err) == 0 || atomic_load(&wire->half_open))
		give_level(fed);
	return atomic_load(&wire->open_err);
}

static void fed_close(void *instance)
{
	struct fed_driver *fed = instance;

	atomic_fetch_add(&fed->wire->closes, 1);
}

static void fed_inherit(void *instance, size_t point, void *before, size_t point_before)
{
	struct fed_driver *fed = instance;

	(void)before;
	fed->wire->inherited[point] = point_before;
}

static int fed_fd(void *instance)
{
	struct fed_driver *fed = instance;

	return fed->wire->pipe[0];
}

static int fed_read(void *instance)
{
	struct fed_driver *fed = instance;
	const struct driver_host *host = &fed->setup->host;
	struct order order;
	struct value value;

	atomic_fetch_add(&fed->wire->reads, 1);
	while (read(fed->wire->pipe[0], &order, sizeof(order)) == sizeof(order)) {
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

static const struct driver fed_driver = {
	.name = "fed",
	.create = fed_new,
	.destroy = free,
	.open = fed_open,
	.inherit = fed_inherit,
	.close = fed_close,
	.fd = fed_fd,
	.read = fed_read,
};

struct fed_bus {
	struct bus_rig rig;
	struct wire wire;
};

static int fed_bus_new(void **state)
{
	struct fed_bus *bus = calloc(1, sizeof(*bus));

	assert_int_equal(pipe2(bus->wire.pipe, O_CLOEXEC | O_NONBLOCK), 0);
	*state = bus;
	return 0;
}

static int fed_bus_free(void **state)
{
	struct fed_bus *bus = *state;

	bus_rig_fini(&bus->rig);
	close(bus->wire.pipe[0]);
	close(bus->wire.pipe[1]);
	free(bus);
	return 0;
}

#define fed_bus_test(test) cmocka_unit_test_setup_teardown(test, fed_bus_new, fed_bus_free)

static struct bus_rig *fed_bus_plan(struct fed_bus *bus, size_t devices, size_t points_each)
{
	bus_rig_init(&bus->rig, &fed_driver, &bus->wire, devices, points_each);
	return &bus->rig;
}

static void give_orders(struct fed_bus *bus, const struct order *orders, size_t count)
{
	ssize_t bytes = (ssize_t)(count * sizeof(*orders));

	assert_int_equal(write(bus->wire.pipe[1], orders, (size_t)bytes), bytes);
}

static void what_happened_is_passed_even_when_it_is_the_same(void **state)
{
	const struct order orders[] = {{.value = 5}, {.value = 5}, {.value = 5, .lost = 2}};
	struct fed_bus *bus = *state;
	struct bus_rig *rig = fed_bus_plan(bus, 1, 1);
	size_t at;

	bus_rig_start(rig);
	give_orders(bus, orders, 3);
	at = bus_rig_wait(rig, 0, value_is, 5);
	at = bus_rig_wait(rig, at + 1, value_is, 5);
	at = bus_rig_wait(rig, at + 1, value_is, 5);
	assert_int_equal(rig->log[at].reading.lost_edges, 2);
}

static void the_present_state_comes_when_the_bus_is_open(void **state)
{
	struct fed_bus *bus = *state;
	struct bus_rig *rig = fed_bus_plan(bus, 2, 1);

	bus_rig_start(rig);
	assert_int_equal(bus_rig_wait(rig, 0, device_is_up, 0), 0);
	assert_int_equal(bus_rig_wait(rig, 0, point_is_good, 0), 1);
	assert_int_equal(bus_rig_wait(rig, 0, device_is_up, 1), 2);
}

/* Its first point is new, the others are the third and the first of the bus before. */
static struct bus *bequeath_to_heir(struct bus_rig *rig)
{
	const uint32_t points[] = {CONFIG_NEW, 2, 0};
	struct bus *heir;

	assert_int_equal(bus_new(&rig->config, &rig->bus_conf, rig->queue, stderr, &heir), 0);
	bus_bequeath(rig->bus, heir, points, 0);
	return heir;
}

static void an_heir_goes_on_with_what_was_held(void **state)
{
	const struct order meanwhile = {.value = 7, .point = 1};
	struct fed_bus *bus = *state;
	struct bus_rig *rig = fed_bus_plan(bus, 1, 3);
	struct bus *heir;

	bus_rig_start(rig);
	bus_rig_wait(rig, 0, device_is_up, 0);
	heir = bequeath_to_heir(rig);
	assert_true(bus_waits_for(heir, rig->bus));
	assert_true(bus_stop(rig->bus, INT64_MAX));
	assert_int_equal(bus->wire.closes, 0);
	give_orders(bus, &meanwhile, 1);
	bus_be_inherited(rig->bus);
	assert_int_equal(bus->wire.closes, 1);
	assert_int_equal(bus->wire.inherited[1], 2);
	assert_int_equal(bus->wire.inherited[2], 0);
	bus_free(rig->bus);
	rig->bus = heir;
	assert_int_equal(bus_start(heir), 0);
	bus_rig_wait(rig, 0, value_is, 7);
	assert_int_equal(bus->wire.closes, 1);
}

static void what_nobody_has_inherited_is_given_back(void **state)
{
	struct fed_bus *bus = *state;
	struct bus_rig *rig = fed_bus_plan(bus, 1, 3);
	struct bus *heir;

	bus_rig_start(rig);
	bus_rig_wait(rig, 0, device_is_up, 0);
	heir = bequeath_to_heir(rig);
	assert_true(bus_stop(rig->bus, INT64_MAX));
	bus_free(heir);
	assert_int_equal(bus->wire.closes, 0);
	bus_rig_fini(rig);
	assert_int_equal(bus->wire.closes, 1);
}

static void an_open_that_fails_half_way_passes_nothing_of_it(void **state)
{
	struct fed_bus *bus = *state;
	struct bus_rig *rig = fed_bus_plan(bus, 1, 2);

	atomic_store(&bus->wire.half_open, true);
	atomic_store(&bus->wire.open_err, -ENODEV);
	bus_rig_start(rig);
	bus_rig_wait(rig, 0, point_is_at_fault, 1);
	BUS_RIG_WAIT(rig, atomic_load(&bus->wire.opens) >= 4);
	assert_int_equal(rig->count, 3);
	assert_true(device_is_down(&rig->log[0], 0));
	atomic_store(&bus->wire.open_err, 0);
	assert_int_equal(bus_rig_wait(rig, 0, device_is_up, 0), 3);
	assert_int_equal(bus_rig_wait(rig, 0, point_is_good, 0), 4);
}

static void a_device_at_fault_is_down_at_once_and_up_with_its_next_reading(void **state)
{
	const struct order orders[] = {
		{.kind = FAULT_ALL, .device = 1, .reason = REASON_NO_ANSWER},
		{.kind = FAULT_ALL, .device = 1, .reason = REASON_NO_ANSWER},
		{.device = 0, .value = 7},
		{.device = 1, .point = 1, .value = 8},
	};
	struct fed_bus *bus = *state;
	struct bus_rig *rig = fed_bus_plan(bus, 2, 2);
	size_t at;

	bus_rig_start(rig);
	bus_rig_wait(rig, 0, device_is_up, 1);
	give_orders(bus, orders, 2);
	at = bus_rig_wait(rig, 0, device_is_down, 1);
	assert_string_equal(rig->log[at].device.detail, "as ordered");
	assert_true(point_is_at_fault(&rig->log[bus_rig_wait(rig, at, point_is_at_fault, 2)], 2));
	at = bus_rig_wait(rig, at, point_is_at_fault, 3);
	give_orders(bus, orders + 2, 2);
	assert_int_equal(bus_rig_wait(rig, 0, value_is, 7), at + 1);
	assert_int_equal(bus_rig_wait(rig, at, device_is_up, 1), at + 2);
	assert_int_equal(bus_rig_wait(rig, 0, value_is, 8), at + 3);
	assert_int_equal(bus_rig_count(rig, device_is_down, 1), 1);
	assert_int_equal(bus_rig_count(rig, device_is_down, 0), 0);
}

static void down_and_up_in_one_go_are_both_reported_in_order(void **state)
{
	const struct order orders[] = {
		{.kind = FAULT_ALL, .reason = REASON_NO_ANSWER},
		{.value = 8},
		{.kind = FAULT_ALL, .reason = REASON_LINK_DOWN},
	};
	struct fed_bus *bus = *state;
	struct bus_rig *rig = fed_bus_plan(bus, 1, 1);
	size_t at;

	bus_rig_start(rig);
	bus_rig_wait(rig, 0, point_is_good, 0);
	give_orders(bus, orders, 3);
	at = bus_rig_wait(rig, 0, device_is_down, 0);
	at = bus_rig_wait(rig, at, point_is_at_fault, 0);
	at = bus_rig_wait(rig, at, device_is_up, 0);
	at = bus_rig_wait(rig, at, value_is, 8);
	at = bus_rig_wait(rig, at, device_is_down, 0);
	assert_int_equal(rig->log[at].device.reason, REASON_LINK_DOWN);
}

static void a_point_at_fault_leaves_the_others_alone(void **state)
{
	const struct order orders[] = {
		{.kind = FAULT, .point = 1, .reason = REASON_LINE_GONE},
		{.kind = FAULT, .point = 1, .reason = REASON_LINE_GONE},
		{.point = 0, .value = 9},
	};
	struct fed_bus *bus = *state;
	struct bus_rig *rig = fed_bus_plan(bus, 1, 2);

	bus_rig_start(rig);
	give_orders(bus, orders, 3);
	bus_rig_wait(rig, 0, value_is, 9);
	assert_int_equal(bus_rig_count(rig, point_is_at_fault, 1), 1);
	assert_int_equal(bus_rig_count(rig, point_is_at_fault, 0), 0);
	assert_int_equal(bus_rig_count(rig, device_is_down, 0), 0);
}

static void a_read_that_fails_opens_again_at_once_and_troubles_nobody(void **state)
{
	const struct order orders[] = {
		{.value = 1},
		{.kind = FAIL, .reason = REASON_DEVICE_ERROR},
		{.value = 2},
	};
	struct fed_bus *bus = *state;
	struct bus_rig *rig = fed_bus_plan(bus, 1, 1);

	bus_rig_start(rig);
	give_orders(bus, orders, 3);
	bus_rig_wait(rig, 0, value_is, 2);
	assert_int_equal(atomic_load(&bus->wire.opens), 2);
	assert_int_equal(bus_counters(rig->bus).reopened, 1);
	assert_int_equal(bus_rig_count(rig, device_is_down, 0), 0);
	assert_int_equal(bus_rig_count(rig, point_is_at_fault, 0), 0);
}

static void a_read_that_fails_and_cannot_open_again_marks_all_points(void **state)
{
	const struct order fail = {.kind = FAIL, .reason = REASON_LINE_GONE};
	struct fed_bus *bus = *state;
	struct bus_rig *rig = fed_bus_plan(bus, 2, 2);
	size_t at;

	bus_rig_start(rig);
	bus_rig_wait(rig, 0, device_is_up, 1);
	atomic_store(&bus->wire.open_err, -ENODEV);
	give_orders(bus, &fail, 1);
	at = bus_rig_wait(rig, 0, point_is_at_fault, 3);
	assert_int_equal(bus_rig_count(rig, device_is_down, 0), 1);
	assert_int_equal(bus_rig_count(rig, device_is_down, 1), 1);
	atomic_store(&bus->wire.open_err, 0);
	bus_rig_wait(rig, at, device_is_up, 0);
	bus_rig_wait(rig, at, device_is_up, 1);
}

static void the_time_of_a_point_never_goes_back(void **state)
{
	int64_t now_ns = clock_mono_ns();
	const struct order orders[] = {
		{.value = 1, .at_ns = now_ns + 5000 * NS_PER_S},
		{.value = 2, .at_ns = now_ns},
		{.kind = FAULT, .reason = REASON_LINE_GONE},
	};
	struct fed_bus *bus = *state;
	struct bus_rig *rig = fed_bus_plan(bus, 1, 1);
	size_t at;

	bus_rig_start(rig);
	give_orders(bus, orders, 3);
	at = bus_rig_wait(rig, 0, value_is, 2);
	assert_true(rig->log[at].reading.at_mono_ns == orders[0].at_ns);
	at = bus_rig_wait(rig, 0, point_is_at_fault, 0);
	assert_true(rig->log[at].reading.at_mono_ns == orders[0].at_ns);
}

static void a_bus_by_fd_sleeps_until_there_is_something(void **state)
{
	const struct order one = {.value = 3};
	struct fed_bus *bus = *state;
	struct bus_rig *rig = fed_bus_plan(bus, 1, 1);

	bus_rig_start(rig);
	bus_rig_wait(rig, 0, point_is_good, 0);
	take_time(50 * MS); /* in which one that wakes by itself would show */
	bus_rig_take(rig, 0);
	assert_int_equal(atomic_load(&bus->wire.reads), 0);
	give_orders(bus, &one, 1);
	bus_rig_wait(rig, 0, value_is, 3);
	assert_int_equal(atomic_load(&bus->wire.reads), 1);
	assert_true(bus_stop(rig->bus, clock_mono_ns() + PATIENCE_NS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fed_bus_test(what_happened_is_passed_even_when_it_is_the_same),
		fed_bus_test(the_present_state_comes_when_the_bus_is_open),
		fed_bus_test(an_heir_goes_on_with_what_was_held),
		fed_bus_test(what_nobody_has_inherited_is_given_back),
		fed_bus_test(an_open_that_fails_half_way_passes_nothing_of_it),
		fed_bus_test(a_device_at_fault_is_down_at_once_and_up_with_its_next_reading),
		fed_bus_test(down_and_up_in_one_go_are_both_reported_in_order),
		fed_bus_test(a_point_at_fault_leaves_the_others_alone),
		fed_bus_test(a_read_that_fails_opens_again_at_once_and_troubles_nobody),
		fed_bus_test(a_read_that_fails_and_cannot_open_again_marks_all_points),
		fed_bus_test(the_time_of_a_point_never_goes_back),
		fed_bus_test(a_bus_by_fd_sleeps_until_there_is_something),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
