/* What a device refuses: the bad point is found and named, the others go on. */
#include "modbus_rig.h"

#define BAD_ADDRESS 103

static bool covers(const struct peer_request *request, int address)
{
	return address >= request->address && address < request->address + request->count;
}

/* Modes of the device, in peer->note. */
enum {
	MODE_BAD_POINT,
	MODE_WELL,
	MODE_BAD_FUNCTION,
	MODE_SHORT_ONLY,
	MODE_FAILS,
	MODE_BUSY,
	MODE_BUSY_ONCE,
	MODE_GATEWAY,
	MODE_NOTHING_HIGH
};

static int decide(const struct peer *peer, const struct peer_request *request)
{
	switch ((unsigned int)peer->note) {
	case MODE_BAD_POINT:
		return covers(request, BAD_ADDRESS) ? MODBUS_ILLEGAL_ADDRESS : 0;
	case MODE_BAD_FUNCTION:
		return request->function == MODBUS_READ_INPUT ? MODBUS_ILLEGAL_FUNCTION : 0;
	case MODE_SHORT_ONLY:
		return request->count > 2 ? MODBUS_ILLEGAL_VALUE : 0;
	case MODE_FAILS:
		return covers(request, BAD_ADDRESS) ? 4 : 0;
	case MODE_BUSY:
		return MODBUS_BUSY;
	case MODE_BUSY_ONCE:
		return peer->requests % 2 == 1 ? MODBUS_ACKNOWLEDGED : 0;
	case MODE_NOTHING_HIGH:
		return request->address > 10000 ? MODBUS_ILLEGAL_ADDRESS : 0;
	case MODE_GATEWAY:
		return MODBUS_NO_RESPONSE;
	default:
		return 0;
	}
}

static void refusing_device(struct peer *peer)
{
	do
		peer_decide(peer, decide);
	while (peer->listener >= 0 && peer_accept(peer));
}

/* Eight neighbours from 100 on. */
static struct rig *eight_points(const struct driver *driver)
{
	struct rig *rig = rig_new(driver);

	rig_device(rig, 3);
	for (int i = 0; i < 8; i++)
		rig_point(rig, MODBUS_HOLDING, 100 + i, MODBUS_U16);
	return rig;
}

static void assert_all_good_but(const struct rig *rig, size_t bad)
{
	for (size_t i = 0; i < 8; i++)
		if (i != bad)
			assert_point_int(rig, 0, i, 100 + (int64_t)i);
}

static void bad_point_of_a_merged_read_is_named(const struct driver *driver)
{
	struct rig *rig = eight_points(driver);
	struct peer *peer = peer_start(rig, refusing_device);

	rig_open(rig);
	assert_int_equal(rig_poll(rig, 0), 0);
	assert_all_good_but(rig, 3);
	assert_int_equal(rig->record[0][3].reason, REASON_REFUSED);
	assert_string_equal(rig->record[0][3].what,
			    "holding 103: the device has nothing at this address (exception 2)");
	assert_int_equal(rig->device_record[0].faults, 0);
	rig_free(rig);
	peer_stop(peer);
}

static void bad_point_of_a_merged_read_is_named_over_tcp(void **state)
{
	(void)state;
	bad_point_of_a_merged_read_is_named(&modbus_tcp_driver);
}

static void bad_point_of_a_merged_read_is_named_over_rtu(void **state)
{
	(void)state;
	bad_point_of_a_merged_read_is_named(&modbus_rtu_driver);
}

static void refusal_is_remembered_and_told_at_each_poll(void **state)
{
	(void)state;
	struct rig *rig = eight_points(&modbus_tcp_driver);
	struct peer *peer = peer_start(rig, refusing_device);

	rig_open(rig);
	assert_int_equal(rig_poll(rig, 0), 0);
	const unsigned int learning = peer->requests;
	for (unsigned int i = 1; i <= 5; i++) {
		assert_int_equal(rig_poll(rig, 0), 0);
		assert_all_good_but(rig, 3);
		assert_int_equal(rig->record[0][3].faults, 1 + i);
	}
	/* 100 to 101, 102, 104 to 107 */
	assert_int_equal(peer->requests, learning + 5 * 3);
	rig_free(rig);
	peer_stop(peer);
}

static void refused_point_comes_back_when_the_device_has_it(void **state)
{
	(void)state;
	struct rig *rig = eight_points(&modbus_tcp_driver);
	struct peer *peer = peer_start(rig, refusing_device);

	rig_open(rig);
	assert_int_equal(rig_poll(rig, 0), 0);
	peer->note = MODE_WELL;
	struct modbus_plan *plan = &((struct modbus_bus *)rig->instance)->devices[0].plan;
	for (size_t i = 0; i < plan->read_count; i++)
		plan->reads[i].retry_at_mono_ns = 0; /* a minute later */
	assert_int_equal(rig_poll(rig, 0), 0);
	assert_all_good_but(rig, SIZE_MAX);
	assert_int_equal(plan->read_count, 1);
	const unsigned int requests = peer->requests;
	assert_int_equal(rig_poll(rig, 0), 0);
	assert_int_equal(peer->requests, requests + 1);
	rig_free(rig);
	peer_stop(peer);
}

static void refusal_is_forgotten_at_reopening(void **state)
{
	(void)state;
	struct rig *rig = eight_points(&modbus_tcp_driver);
	struct peer *peer = peer_start(rig, refusing_device);

	rig_open(rig);
	assert_int_equal(rig_poll(rig, 0), 0);
	peer->note = MODE_WELL;
	const unsigned int requests = peer->requests;
	rig_reopen(rig);
	assert_int_equal(rig_poll(rig, 0), 0);
	assert_all_good_but(rig, SIZE_MAX);
	assert_int_equal(peer->requests, requests + 1);
	rig_free(rig);
	peer_stop(peer);
}

static void refused_hole_costs_no_point(void **state)
{
	(void)state;
	struct rig *rig = rig_new(&modbus_tcp_driver);
	struct peer *peer;

	rig_device(rig, 3);
	for (int i = 0; i < 8; i++)
		if (100 + i != BAD_ADDRESS)
			rig_point(rig, MODBUS_HOLDING, 100 + i, MODBUS_U16);
	peer = peer_start(rig, refusing_device);
	rig_open(rig);
	assert_int_equal(rig_poll(rig, 0), 0);
	for (size_t i = 0; i < 7; i++)
		assert_point_int(rig, 0, i, 100 + (int64_t)i + (i >= 3));
	rig_free(rig);
	peer_stop(peer);
}

static void device_that_gives_few_at_a_time_is_read_in_small_steps(void **state)
{
	(void)state;
	struct rig *rig = eight_points(&modbus_rtu_tcp_driver);
	struct peer *peer = peer_start(rig, refusing_device);

	peer->note = MODE_SHORT_ONLY;
	rig_open(rig);
	assert_int_equal(rig_poll(rig, 0), 0);
	assert_all_good_but(rig, SIZE_MAX);
	rig_free(rig);
	peer_stop(peer);
}

static void table_that_a_device_lacks_costs_its_points_only(void **state)
{
	(void)state;
	struct rig *rig = eight_points(&modbus_tcp_driver);
	struct peer *peer;

	rig_point(rig, MODBUS_INPUT, 100, MODBUS_U16);
	rig_point(rig, MODBUS_INPUT, 101, MODBUS_U16);
	peer = peer_start(rig, refusing_device);
	peer->note = MODE_BAD_FUNCTION;
	rig_open(rig);
	assert_int_equal(rig_poll(rig, 0), 0);
	assert_all_good_but(rig, SIZE_MAX);
	assert_int_equal(rig->record[0][8].reason, REASON_REFUSED);
	assert_string_equal(rig->record[0][9].what,
			    "input 101: the device does not have this table (exception 1)");
	assert_int_equal(peer->requests, 2); /* nothing to be found by halving */
	rig_free(rig);
	peer_stop(peer);
}

static void device_failure_is_no_refusal(void **state)
{
	(void)state;
	struct rig *rig = eight_points(&modbus_tcp_driver);
	struct peer *peer;

	rig_point(rig, MODBUS_INPUT, 300, MODBUS_U16);
	peer = peer_start(rig, refusing_device);
	peer->note = MODE_FAILS;
	rig_open(rig);
	assert_int_equal(rig_poll(rig, 0), 0);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(rig->record[0][i].reason, REASON_DEVICE_ERROR);
	assert_point_int(rig, 0, 8, 300);
	peer->note = MODE_WELL;
	assert_int_equal(rig_poll(rig, 0), 0);
	assert_all_good_but(rig, SIZE_MAX);
	rig_free(rig);
	peer_stop(peer);
}

static void busy_device_is_asked_again(void **state)
{
	(void)state;
	struct rig *rig = eight_points(&modbus_rtu_driver);
	struct peer *peer = peer_start(rig, refusing_device);

	rig->device_conf[0].retries = 1;
	peer->note = MODE_BUSY_ONCE;
	rig_open(rig);
	assert_int_equal(rig_poll(rig, 0), 0);
	assert_all_good_but(rig, SIZE_MAX);
	assert_int_equal(peer->requests, 2);
	rig_free(rig);
	peer_stop(peer);
}

static void device_that_stays_busy_fails_as_a_whole(void **state)
{
	(void)state;
	struct rig *rig = eight_points(&modbus_tcp_driver);
	struct peer *peer = peer_start(rig, refusing_device);

	rig->device_conf[0].retries = 2;
	peer->note = MODE_BUSY;
	rig_open(rig);
	assert_int_equal(rig_poll(rig, 0), -EIO);
	assert_int_equal(peer->requests, 3);
	assert_device_reason(rig, 0, REASON_DEVICE_ERROR);
	assert_string_equal(rig->device_record[0].what, "unit 3: the device is busy (exception 6)");
	rig_free(rig);
	peer_stop(peer);
}

static void gateway_that_gets_no_answer_speaks_for_a_silent_unit(void **state)
{
	(void)state;
	struct rig *rig = eight_points(&modbus_tcp_driver);
	struct peer *peer = peer_start(rig, refusing_device);

	peer->note = MODE_GATEWAY;
	rig_open(rig);
	assert_int_equal(rig_poll(rig, 0), -ETIMEDOUT);
	assert_device_reason(rig, 0, REASON_NO_ANSWER);
	assert_int_equal(rig->driver->probe(rig->instance, 0), -ETIMEDOUT);
	peer->note = MODE_WELL;
	assert_int_equal(rig->driver->probe(rig->instance, 0), 0);
	assert_int_equal(rig_poll(rig, 0), 0);
	assert_all_good_but(rig, SIZE_MAX);
	rig_free(rig);
	peer_stop(peer);
}

static void number_of_a_manual_gets_a_hint(void **state)
{
	(void)state;
	struct rig *rig = rig_new(&modbus_tcp_driver);
	struct peer *peer;

	rig_device(rig, 3)->address_base = 1;
	rig_point(rig, MODBUS_HOLDING, 40101, MODBUS_U16);
	peer = peer_start(rig, refusing_device);
	peer->note = MODE_NOTHING_HIGH;
	rig_open(rig);
	assert_int_equal(rig_poll(rig, 0), 0);
	assert_string_equal(rig->record[0][0].what,
			    "holding 40101: the device has nothing at this address (exception 2); "
			    "30001 or 40001 in a manual is address 1 with address_base 1");
	rig_free(rig);
	peer_stop(peer);
}

static void value_that_is_none_is_the_fault_of_its_point_only(void **state)
{
	(void)state;
	struct rig *rig = eight_points(&modbus_tcp_driver);
	struct peer *peer;

	rig_point(rig, MODBUS_HOLDING, 0x7fc0, MODBUS_F32); /* registers hold their address */
	rig_point(rig, MODBUS_HOLDING, 0x0a0a, MODBUS_BCD16);
	rig_point(rig, MODBUS_HOLDING, 0x0101, MODBUS_STRING)->length = 2;
	peer = peer_start(rig, refusing_device);
	peer->note = MODE_WELL;
	rig_open(rig);
	assert_int_equal(rig_poll(rig, 0), 0);
	assert_all_good_but(rig, SIZE_MAX);
	assert_int_equal(rig->record[0][8].reason, REASON_OUT_OF_RANGE);
	assert_int_equal(rig->record[0][9].reason, REASON_OUT_OF_RANGE);
	assert_int_equal(rig->record[0][10].reason, REASON_OUT_OF_RANGE);
	assert_string_equal(rig->record[0][8].what,
			    "holding 32704: not a number; check its type and order");
	rig_free(rig);
	peer_stop(peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_point_of_a_merged_read_is_named_over_tcp),
		cmocka_unit_test(bad_point_of_a_merged_read_is_named_over_rtu),
		cmocka_unit_test(refusal_is_remembered_and_told_at_each_poll),
		cmocka_unit_test(refused_point_comes_back_when_the_device_has_it),
		cmocka_unit_test(refusal_is_forgotten_at_reopening),
		cmocka_unit_test(refused_hole_costs_no_point),
		cmocka_unit_test(device_that_gives_few_at_a_time_is_read_in_small_steps),
		cmocka_unit_test(table_that_a_device_lacks_costs_its_points_only),
		cmocka_unit_test(device_failure_is_no_refusal),
		cmocka_unit_test(busy_device_is_asked_again),
		cmocka_unit_test(device_that_stays_busy_fails_as_a_whole),
		cmocka_unit_test(gateway_that_gets_no_answer_speaks_for_a_silent_unit),
		cmocka_unit_test(number_of_a_manual_gets_a_hint),
		cmocka_unit_test(value_that_is_none_is_the_fault_of_its_point_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
