/* What a device refuses: the bad point is found and named, the others go on. */
#include "rig/modbus_rig.h"

#include "modbus/tell.h"

#define BAD_ADDRESS 103

#define SOME_PATIENCE_NS (2 * S) /* where some is answered and some times out */

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
	MODE_NOTHING_HIGH,
	MODE_INPUT_BUSY,
	MODE_INPUT_SILENT,
	MODE_SILENT,
	MODE_WHOLE_ONLY,
	MODE_NO_HOLE
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
	case MODE_INPUT_BUSY:
		return request->function == MODBUS_READ_INPUT ? MODBUS_BUSY : 0;
	case MODE_INPUT_SILENT:
		return request->function == MODBUS_READ_INPUT ? PEER_SILENT : 0;
	case MODE_SILENT:
		return PEER_SILENT;
	case MODE_WHOLE_ONLY:
		return request->address == 100 && request->count == 8 ? 0 : PEER_SILENT;
	case MODE_NO_HOLE:
		return covers(request, BAD_ADDRESS) ? PEER_SILENT : 0;
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
static void eight_points(struct modbus_rig *rig, const struct driver *driver)
{
	modbus_rig_begin(rig, driver);
	add_device(rig, 3);
	for (int i = 0; i < 8; i++)
		add_point(rig, MODBUS_HOLDING, 100 + i, MODBUS_U16);
}

static void assert_all_good_but(const struct modbus_rig *rig, size_t bad)
{
	for (size_t i = 0; i < 8; i++)
		if (i != bad)
			assert_point_int(rig, 0, i, 100 + (int64_t)i);
}

static void bad_point_of_a_merged_read_is_named(struct modbus_rig *rig, const struct driver *driver)
{

	eight_points(rig, driver);
	start_peer(rig, refusing_device, NULL);
	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), 0);
	assert_all_good_but(rig, 3);
	assert_int_equal(rig->record[0][3].reason, REASON_REFUSED);
	assert_string_equal(rig->record[0][3].message,
			    "holding 103: the device has nothing at this address (exception 2)");
	assert_int_equal(rig->device_record[0].faults, 0);
}

static void bad_point_of_a_merged_read_is_named_over_tcp(void **state)
{
	bad_point_of_a_merged_read_is_named(*state, &modbus_tcp_driver);
}

static void bad_point_of_a_merged_read_is_named_over_rtu(void **state)
{
	bad_point_of_a_merged_read_is_named(*state, &modbus_rtu_driver);
}

static void refusal_is_remembered_and_told_at_each_poll(void **state)
{
	struct modbus_rig *rig = *state;
	struct peer *peer;

	eight_points(rig, &modbus_tcp_driver);
	peer = start_peer(rig, refusing_device, NULL);
	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), 0);
	const unsigned int learning = peer->requests;
	for (unsigned int i = 1; i <= 5; i++) {
		assert_int_equal(poll_device(rig, 0), 0);
		assert_all_good_but(rig, 3);
		assert_int_equal(rig->record[0][3].faults, 1 + i);
	}
	/* 100 to 101, 102, 104 to 107 */
	assert_int_equal(peer->requests, learning + 5 * 3);
}

static void refused_point_comes_back_when_the_device_has_it(void **state)
{
	struct modbus_rig *rig = *state;
	struct peer *peer;

	eight_points(rig, &modbus_tcp_driver);
	peer = start_peer(rig, refusing_device, NULL);
	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), 0);
	peer->note = MODE_WELL;
	struct modbus_plan *plan = plan_of(rig);
	for (size_t i = 0; i < plan->read_count; i++)
		plan->reads[i].retry_at_mono_ns = 0; /* a minute later */
	assert_int_equal(poll_device(rig, 0), 0);
	assert_all_good_but(rig, SIZE_MAX);
	assert_int_equal(plan->read_count, 1);
	const unsigned int requests = peer->requests;
	assert_int_equal(poll_device(rig, 0), 0);
	assert_int_equal(peer->requests, requests + 1);
}

static void refusal_is_forgotten_at_reopening(void **state)
{
	struct modbus_rig *rig = *state;
	struct peer *peer;

	eight_points(rig, &modbus_tcp_driver);
	peer = start_peer(rig, refusing_device, NULL);
	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), 0);
	peer->note = MODE_WELL;
	const unsigned int requests = peer->requests;
	reopen_bus(rig);
	assert_int_equal(poll_device(rig, 0), 0);
	assert_all_good_but(rig, SIZE_MAX);
	assert_int_equal(peer->requests, requests + 1);
}

static void refused_hole_costs_no_point(void **state)
{
	struct modbus_rig *rig = *state;

	modbus_rig_begin(rig, &modbus_tcp_driver);
	add_device(rig, 3);
	for (int i = 0; i < 8; i++)
		if (100 + i != BAD_ADDRESS)
			add_point(rig, MODBUS_HOLDING, 100 + i, MODBUS_U16);
	start_peer(rig, refusing_device, NULL);
	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), 0);
	for (size_t i = 0; i < 7; i++)
		assert_point_int(rig, 0, i, 100 + (int64_t)i + (i >= 3));
}

static void device_that_gives_few_at_a_time_is_read_in_small_steps(void **state)
{
	struct modbus_rig *rig = *state;
	struct peer *peer;

	eight_points(rig, &modbus_rtu_tcp_driver);
	peer = start_peer(rig, refusing_device, NULL);
	peer->note = MODE_SHORT_ONLY;
	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), 0);
	assert_all_good_but(rig, SIZE_MAX);
}

static void table_that_a_device_lacks_costs_its_points_only(void **state)
{
	struct modbus_rig *rig = *state;
	struct peer *peer;

	eight_points(rig, &modbus_tcp_driver);
	add_point(rig, MODBUS_INPUT, 100, MODBUS_U16);
	add_point(rig, MODBUS_INPUT, 101, MODBUS_U16);
	peer = start_peer(rig, refusing_device, NULL);
	peer->note = MODE_BAD_FUNCTION;
	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), 0);
	assert_all_good_but(rig, SIZE_MAX);
	assert_int_equal(rig->record[0][8].reason, REASON_REFUSED);
	assert_string_equal(rig->record[0][9].message,
			    "input 101: the device does not have this table (exception 1)");
	assert_int_equal(peer->requests, 2); /* nothing to be found by halving */
}

static void device_failure_is_no_refusal(void **state)
{
	struct modbus_rig *rig = *state;
	struct peer *peer;

	eight_points(rig, &modbus_tcp_driver);
	add_point(rig, MODBUS_INPUT, 300, MODBUS_U16);
	peer = start_peer(rig, refusing_device, NULL);
	peer->note = MODE_FAILS;
	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), 0);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(rig->record[0][i].reason, REASON_DEVICE_ERROR);
	assert_point_int(rig, 0, 8, 300);
	peer->note = MODE_WELL;
	assert_int_equal(poll_device(rig, 0), 0);
	assert_all_good_but(rig, SIZE_MAX);
}

static void busy_device_is_asked_again(void **state)
{
	struct modbus_rig *rig = *state;
	struct peer *peer;

	eight_points(rig, &modbus_rtu_driver);
	peer = start_peer(rig, refusing_device, NULL);
	rig->device_conf[0].retries = 1;
	peer->note = MODE_BUSY_ONCE;
	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), 0);
	assert_all_good_but(rig, SIZE_MAX);
	assert_int_equal(peer->requests, 2);
}

static void device_that_stays_busy_fails_as_a_whole(void **state)
{
	struct modbus_rig *rig = *state;
	struct peer *peer;

	eight_points(rig, &modbus_tcp_driver);
	peer = start_peer(rig, refusing_device, NULL);
	rig->device_conf[0].retries = 2;
	peer->note = MODE_BUSY;
	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), -EIO);
	assert_int_equal(peer->requests, 3);
	assert_device_reason(rig, 0, REASON_DEVICE_ERROR);
	assert_string_equal(rig->device_record[0].message,
			    "unit 3: the device is busy (exception 6)");
}

static void gateway_that_gets_no_answer_speaks_for_a_silent_unit(void **state)
{
	struct modbus_rig *rig = *state;
	struct peer *peer;

	eight_points(rig, &modbus_tcp_driver);
	peer = start_peer(rig, refusing_device, NULL);
	peer->note = MODE_GATEWAY;
	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), -ETIMEDOUT);
	assert_device_reason(rig, 0, REASON_NO_ANSWER);
	assert_int_equal(poll_device(rig, 0), -ETIMEDOUT);
	peer->note = MODE_WELL;
	assert_int_equal(poll_device(rig, 0), 0);
	assert_all_good_but(rig, SIZE_MAX);
}

/* A report has room for no more. */
#define DETAIL_CHARS (sizeof(((struct device_report *)NULL)->detail) - 1)

static void gateway_that_waits_longer_than_we_do_is_named_with_its_cure(void **state)
{
	static const struct {
		uint32_t mode;
		const char *message;
	} cases[] = {
		{MODE_GATEWAY, "unit 247: exception 11; its gateway waits 10000 ms for it: set the "
			       "gateway's timeout below ours"},
		{MODE_SILENT, "unit 247: no answer; its gateway waits 10000 ms for it: set the "
			      "gateway's timeout below ours"},
	};
	struct modbus_rig *rig = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		eight_points(rig, &modbus_tcp_driver);
		rig->device_conf[0].unit = 247;
		rig->device_conf[0].timeout_ns = LITTLE_PATIENCE_NS;
		start_peer(rig, refusing_device, NULL)->note = cases[i].mode;
		open_bus(rig);
		link_of(rig)->gateway_ns = 100 * MS; /* as its late answers have shown */
		assert_int_equal(poll_device(rig, 0), -ETIMEDOUT);
		link_of(rig)->gateway_ns = MODBUS_GATEWAY_MAX_NS;
		modbus_tell_device(rig->instance, 0, &plan_of(rig)->reads[0]);
		assert_string_equal(rig->device_record[0].message, cases[i].message);
		assert_true(strlen(cases[i].message) <= DETAIL_CHARS);
	}
}

/* ---- what was read before ------------------------------------------------------------- */

static void a_minute_passes(struct modbus_rig *rig)
{
	struct modbus_plan *plan = plan_of(rig);

	for (size_t i = 0; i < plan->read_count; i++)
		plan->reads[i].retry_at_mono_ns = 0;
}

static void refusal_of_what_was_read_before_is_for_a_moment(void **state)
{
	struct modbus_rig *rig = *state;
	struct peer *peer;

	eight_points(rig, &modbus_tcp_driver);
	peer = start_peer(rig, refusing_device, NULL);
	peer->note = MODE_WELL;
	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), 0);
	/* Once is no news, as with a lost answer. */
	peer->note = MODE_BAD_POINT;
	assert_int_equal(poll_device(rig, 0), 0);
	assert_int_equal(rig->record[0][0].faults + rig->record[0][3].faults, 0);
	peer->note = MODE_WELL;
	assert_int_equal(poll_device(rig, 0), 0);
	assert_int_equal(rig->record[0][3].readings, 2);
	/* Twice is, of the point alone; and it is asked for again within seconds. */
	peer->note = MODE_BAD_POINT;
	assert_int_equal(poll_device(rig, 0), 0);
	assert_int_equal(poll_device(rig, 0), 0);
	assert_all_good_but(rig, 3);
	assert_int_equal(rig->record[0][3].reason, REASON_REFUSED);
	const struct modbus_plan *plan = plan_of(rig);
	for (size_t i = 0; i < plan->read_count; i++)
		assert_true(plan->reads[i].retry_at_mono_ns < real_mono_ns() + 2 * S);
	peer->note = MODE_WELL;
	a_minute_passes(rig);
	assert_int_equal(poll_device(rig, 0), 0);
	assert_all_good_but(rig, SIZE_MAX);
	assert_int_equal(plan->read_count, 1);
}

static void eight_and_an_input(struct modbus_rig *rig, const struct driver *driver)
{
	eight_points(rig, driver);
	add_point(rig, MODBUS_INPUT, 300, MODBUS_U16);
}

/* What it was told to do from here on, and how long it is waited for. */
static void become(struct modbus_rig *rig, uint32_t mode, int64_t timeout_ns)
{
	rig->peer->note = mode;
	rig->device_conf[0].timeout_ns = timeout_ns;
}

static void table_that_fails_leaves_the_others_good(void **state)
{
	static const struct {
		uint32_t mode;
		enum reason reason;
	} cases[] = {
		{MODE_INPUT_BUSY, REASON_DEVICE_ERROR},
		{MODE_INPUT_SILENT, REASON_NO_ANSWER},
	};

	struct modbus_rig *rig = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		eight_and_an_input(rig, &modbus_rtu_driver);
		start_peer(rig, refusing_device, NULL);
		rig->device_conf[0].retries = 1;
		become(rig, MODE_WELL, LONG_PATIENCE_NS);
		open_bus(rig);
		assert_int_equal(poll_device(rig, 0), 0);
		become(rig, cases[i].mode, SOME_PATIENCE_NS);
		for (int poll = 0; poll < 6; poll++) {
			assert_int_equal(poll_device(rig, 0), 0);
			assert_all_good_but(rig, SIZE_MAX);
		}
		assert_int_equal(rig->record[0][0].readings, 7);
		assert_int_equal(rig->record[0][8].reason, cases[i].reason);
		assert_int_equal(rig->device_record[0].faults, 0);
		become(rig, MODE_WELL, LONG_PATIENCE_NS);
		a_minute_passes(rig);
		assert_int_equal(poll_device(rig, 0), 0);
		assert_point_int(rig, 0, 8, 300);
	}
}

/* Polls until what is answered was answered in time, on a busy machine too. */
static const struct modbus_read *input_of_a_device_that_lives(struct modbus_rig *rig)
{
	const struct modbus_plan *plan = plan_of(rig);

	WAIT_FOR((a_minute_passes(rig), poll_device(rig, 0)) == 0);
	for (size_t i = 0; i < plan->read_count; i++)
		if (plan->reads[i].request.function == MODBUS_READ_INPUT)
			return &plan->reads[i];
	fail_msg("the input is not asked for");
	return NULL;
}

/* A request that stays silent in a device that lives takes a twentieth of the time at most. */
static void silent_request_is_asked_less_and_less_often(void **state)
{
	struct modbus_rig *rig = *state;
	const struct modbus_read *read;

	eight_and_an_input(rig, &modbus_tcp_driver);
	start_peer(rig, refusing_device, NULL);
	become(rig, MODE_INPUT_SILENT, LITTLE_PATIENCE_NS);
	open_bus(rig);
	WAIT_FOR((read = input_of_a_device_that_lives(rig))->failing);
	const int64_t first_ns = read->delay_ns;
	assert_true(first_ns >= 20 * LITTLE_PATIENCE_NS);
	for (int poll = 0; poll < 10; poll++)
		read = input_of_a_device_that_lives(rig);
	assert_true(read->delay_ns > 2 * first_ns && read->delay_ns <= 30 * S);
}

static void device_fails_when_nothing_of_it_answers(void **state)
{
	struct modbus_rig *rig = *state;

	eight_and_an_input(rig, &modbus_tcp_driver);
	start_peer(rig, refusing_device, NULL);
	become(rig, MODE_WELL, LONG_PATIENCE_NS);
	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), 0);
	become(rig, MODE_SILENT, LITTLE_PATIENCE_NS);
	for (int poll = 0; poll < 5; poll++)
		assert_int_equal(poll_device(rig, 0), -ETIMEDOUT);
	assert_device_reason(rig, 0, REASON_NO_ANSWER);
	/* Back, it is read as a whole at once. */
	become(rig, MODE_WELL, LONG_PATIENCE_NS);
	assert_int_equal(poll_device(rig, 0), 0);
	assert_all_good_but(rig, SIZE_MAX);
	assert_point_int(rig, 0, 8, 300);
}

/* ---- what a device is silent to ---------------------------------------------------------- */

static void read_over_a_hole_that_is_not_answered_is_read_in_parts(void **state)
{
	struct modbus_rig *rig = *state;

	modbus_rig_begin(rig, &modbus_tcp_driver);
	add_device(rig, 3);
	add_point(rig, MODBUS_HOLDING, 100, MODBUS_U16);
	add_point(rig, MODBUS_HOLDING, 106, MODBUS_U16);
	start_peer(rig, refusing_device, NULL);
	become(rig, MODE_NO_HOLE, LITTLE_PATIENCE_NS);
	open_bus(rig);
	for (int poll = 0; poll < 2; poll++)
		assert_int_equal(poll_device(rig, 0), -ETIMEDOUT);
	assert_string_equal(rig->device_record[0].message,
			    "unit 3: no answer in 40 ms to holding 100 to 106: power, unit, or "
			    "max_hole = 0?");
	become(rig, MODE_NO_HOLE, LONG_PATIENCE_NS);
	for (int poll = 0; poll < 3; poll++) {
		assert_int_equal(poll_device(rig, 0), 0);
		assert_point_int(rig, 0, 0, 100);
		assert_point_int(rig, 0, 1, 106);
	}
	assert_int_equal(rig->device_record[0].faults, 2);
}

static void refusal_is_forgotten_when_a_silent_device_is_back(void **state)
{
	struct modbus_rig *rig = *state;

	eight_points(rig, &modbus_tcp_driver);
	start_peer(rig, refusing_device, NULL);
	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), 0);
	assert_int_equal(rig->record[0][3].reason, REASON_REFUSED);
	become(rig, MODE_SILENT, LITTLE_PATIENCE_NS);
	assert_int_equal(poll_device(rig, 0), -ETIMEDOUT);
	become(rig, MODE_WELL, LONG_PATIENCE_NS);
	assert_int_equal(poll_device(rig, 0), 0);
	assert_all_good_but(rig, SIZE_MAX);
}

/* One that gives its registers only all together, and boots late. */
static void silent_device_is_asked_its_request_at_least_every_second_time(void **state)
{
	struct modbus_rig *rig = *state;

	eight_points(rig, &modbus_tcp_driver);
	start_peer(rig, refusing_device, NULL);
	for (int polls = 1; polls < 12; polls += 3) {
		become(rig, MODE_SILENT, LITTLE_PATIENCE_NS);
		if (polls == 1)
			open_bus(rig);
		else
			reopen_bus(rig);
		for (int i = 0; i < polls; i++)
			assert_int_equal(poll_device(rig, 0), -ETIMEDOUT);
		become(rig, MODE_WHOLE_ONLY, SOME_PATIENCE_NS);
		if (poll_device(rig, 0) < 0)
			assert_int_equal(poll_device(rig, 0), 0);
		assert_all_good_but(rig, SIZE_MAX);
	}
}

static void number_of_a_manual_gets_a_hint(void **state)
{
	struct modbus_rig *rig = *state;
	struct peer *peer;

	modbus_rig_begin(rig, &modbus_tcp_driver);
	add_device(rig, 3)->address_base = 1;
	add_point(rig, MODBUS_HOLDING, 40101, MODBUS_U16);
	peer = start_peer(rig, refusing_device, NULL);
	peer->note = MODE_NOTHING_HIGH;
	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), 0);
	assert_string_equal(rig->record[0][0].message,
			    "holding 40101: the device has nothing at this address (exception 2); "
			    "30001 or 40001 in a manual is address 1 with address_base 1");
}

static void value_that_is_none_is_the_fault_of_its_point_only(void **state)
{
	struct modbus_rig *rig = *state;
	struct peer *peer;

	eight_points(rig, &modbus_tcp_driver);
	add_point(rig, MODBUS_HOLDING, 0x7fc0, MODBUS_F32); /* registers hold their address */
	add_point(rig, MODBUS_HOLDING, 0x0a0a, MODBUS_BCD16);
	add_point(rig, MODBUS_HOLDING, 0x0101, MODBUS_STRING)->length = 2;
	peer = start_peer(rig, refusing_device, NULL);
	peer->note = MODE_WELL;
	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), 0);
	assert_all_good_but(rig, SIZE_MAX);
	assert_int_equal(rig->record[0][8].reason, REASON_OUT_OF_RANGE);
	assert_int_equal(rig->record[0][9].reason, REASON_OUT_OF_RANGE);
	assert_int_equal(rig->record[0][10].reason, REASON_OUT_OF_RANGE);
	assert_string_equal(rig->record[0][8].message,
			    "holding 32704: 0x7FC0 0x7FC1: not a number; check its type and order");
	assert_int_equal(rig->record[0][8].raw.integer, 0x7fc07fc1);
	assert_int_equal(rig->record[0][9].raw.integer, 0x0a0a);
	assert_string_equal(rig->record[0][10].raw.text, "0x01010102");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		modbus_test(bad_point_of_a_merged_read_is_named_over_tcp),
		modbus_test(bad_point_of_a_merged_read_is_named_over_rtu),
		modbus_test(refusal_is_remembered_and_told_at_each_poll),
		modbus_test(refused_point_comes_back_when_the_device_has_it),
		modbus_test(refusal_is_forgotten_at_reopening),
		modbus_test(refused_hole_costs_no_point),
		modbus_test(device_that_gives_few_at_a_time_is_read_in_small_steps),
		modbus_test(table_that_a_device_lacks_costs_its_points_only),
		modbus_test(device_failure_is_no_refusal),
		modbus_test(busy_device_is_asked_again),
		modbus_test(device_that_stays_busy_fails_as_a_whole),
		modbus_test(gateway_that_gets_no_answer_speaks_for_a_silent_unit),
		modbus_test(gateway_that_waits_longer_than_we_do_is_named_with_its_cure),
		modbus_test(refusal_of_what_was_read_before_is_for_a_moment),
		modbus_test(table_that_fails_leaves_the_others_good),
		modbus_test(silent_request_is_asked_less_and_less_often),
		modbus_test(device_fails_when_nothing_of_it_answers),
		modbus_test(read_over_a_hole_that_is_not_answered_is_read_in_parts),
		modbus_test(silent_device_is_asked_its_request_at_least_every_second_time),
		modbus_test(refusal_is_forgotten_when_a_silent_device_is_back),
		modbus_test(number_of_a_manual_gets_a_hint),
		modbus_test(value_that_is_none_is_the_fault_of_its_point_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
