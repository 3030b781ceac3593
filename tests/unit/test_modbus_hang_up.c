/* Peers that hang up because they have waited for long enough. */
#include "rig/modbus_rig.h"

#include "base/clock.h"

#include <poll.h>
#include <unistd.h>

/* Two devices: the first with little patience, the second with much. Register 100 of unit 3
 * and register 200 of unit 4. */
static void two_devices(struct modbus_rig *rig, const struct driver *driver)
{
	modbus_rig_begin(rig, driver);
	add_device(rig, 3)->timeout_ns = LITTLE_PATIENCE_NS;
	add_point(rig, MODBUS_HOLDING, 100, MODBUS_U16);
	add_device(rig, 4)->timeout_ns = LONG_PATIENCE_NS;
	add_point(rig, MODBUS_HOLDING, 200, MODBUS_U16);
}

static void await_end(int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};

	assert_int_equal(poll(&wait, 1, 60000), 1);
}

/* Waits, then closes, and is well on the next connection. */
static void hang_up_after(struct peer *peer, int64_t wait_ns)
{
	const struct timespec wait = clock_timespec(wait_ns);

	(void)nanosleep(&wait, NULL);
	close(peer->fd);
	peer->fd = -1;
	if (peer_accept(peer))
		peer_behave_for_ever(peer);
}

static void hang_up_on_a_dead_unit(struct peer *peer)
{
	(void)peer_next(peer);
	(void)peer_next(peer);
	hang_up_after(peer, 100 * MS);
}

static void gateway_that_hangs_up_on_a_dead_unit_is_waited_for(void **state)
{
	struct modbus_rig *rig = *state;

	two_devices(rig, &modbus_tcp_driver);
	start_peer(rig, hang_up_on_a_dead_unit, NULL);
	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), -ETIMEDOUT);
	assert_int_equal(poll_device(rig, 1), 0);
	assert_point_int(rig, 1, 0, 200);
	assert_true(link_of(rig)->gateway_ns >= 100 * MS);
}

/* Two units are silent, then it hangs up: until the next question nobody looks. */
static void hang_up_when_told(struct peer *peer)
{
	while (peer->requests < peer->note)
		(void)peer_next(peer);
	peer_await_go(peer);
	hang_up_after(peer, 0);
}

static void hang_up_between_two_questions(struct modbus_rig *rig, uint32_t questions)
{
	two_devices(rig, &modbus_tcp_driver);
	rig->device_conf[1].timeout_ns = LITTLE_PATIENCE_NS;
	start_peer(rig, hang_up_when_told, NULL)->note = questions;
	open_bus(rig);
	for (size_t i = 0; i < questions; i++)
		assert_int_equal(poll_device(rig, i), -ETIMEDOUT);
	peer_go(rig->peer);
	await_end(link_of(rig)->fd);
	rig->device_conf[1].timeout_ns = LONG_PATIENCE_NS;
	assert_int_equal(poll_device(rig, 1), 0);
	assert_point_int(rig, 1, 0, 200);
}

static void gateway_that_hung_up_between_two_questions_is_waited_for(void **state)
{
	struct modbus_rig *rig = *state;

	hang_up_between_two_questions(rig, 2);
	assert_true(link_of(rig)->gateway_ns >= 2 * LITTLE_PATIENCE_NS);
}

/* Only the dead unit was asked: it need not have kept any other waiting. */
static void idle_connection_that_ends_tells_of_no_gateway(void **state)
{
	struct modbus_rig *rig = *state;

	hang_up_between_two_questions(rig, 1);
	assert_int_equal(link_of(rig)->gateway_ns, 0);
}

static void hang_up_at_the_second_question(struct peer *peer)
{
	(void)peer_next(peer);
	(void)peer_next(peer);
	hang_up_after(peer, 0);
}

/* Not even when that is a probe, because an answer to the first may still come. */
static void connection_that_ends_at_a_question_is_no_outage(void **state)
{
	const struct driver *const both[] = {&modbus_tcp_driver, &modbus_rtu_tcp_driver};
	struct modbus_rig *rig = *state;

	for (size_t i = 0; i < COUNT(both); i++) {
		two_devices(rig, both[i]);
		start_peer(rig, hang_up_at_the_second_question, NULL);
		open_bus(rig);
		assert_int_equal(poll_device(rig, 0), -ETIMEDOUT);
		rig->device_conf[0].timeout_ns = LONG_PATIENCE_NS;
		assert_int_equal(poll_device(rig, 0), 0);
		assert_point_int(rig, 0, 0, 100);
	}
}

static void hang_up_late(struct peer *peer)
{
	(void)peer_next(peer);
	hang_up_after(peer, 300 * MS);
}

static void connection_that_ends_late_says_no_more_than_silence(void **state)
{
	struct modbus_rig *rig = *state;

	two_devices(rig, &modbus_tcp_driver);
	rig->device_conf[0].timeout_ns = 500 * MS;
	start_peer(rig, hang_up_late, NULL);
	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), -ETIMEDOUT);
	assert_device_reason(rig, 0, REASON_NO_ANSWER);
	rig->device_conf[0].timeout_ns = LONG_PATIENCE_NS;
	assert_int_equal(poll_device(rig, 0), 0);
	assert_point_int(rig, 0, 0, 100);
	assert_int_equal(link_of(rig)->gateway_ns, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		modbus_test(gateway_that_hangs_up_on_a_dead_unit_is_waited_for),
		modbus_test(gateway_that_hung_up_between_two_questions_is_waited_for),
		modbus_test(connection_that_ends_at_a_question_is_no_outage),
		modbus_test(connection_that_ends_late_says_no_more_than_silence),
		modbus_test(idle_connection_that_ends_tells_of_no_gateway),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
