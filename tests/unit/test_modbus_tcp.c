/* Connections that fail in every way: each ends in the right reason, and the next
 * good answer mends it.
 */
#include "rig/modbus_rig.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENT_NS (2 * S) /* for what comes, but is no answer */

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

/* Device 1 meets the script's evil: what it returns and why; then all is well again, where need be
 * over a new connection. */
static void expect_and_recover(struct modbus_rig *rig, peer_script *script, int expected,
			       enum reason reason)
{
	two_devices(rig, &modbus_tcp_driver);
	start_peer(rig, script, NULL);
	rig->device_conf[1].timeout_ns = PATIENT_NS;
	open_bus(rig);
	assert_int_equal(poll_device(rig, 1), expected);
	assert_device_reason(rig, 1, reason);
	rig->device_conf[1].timeout_ns = LONG_PATIENCE_NS;
	assert_int_equal(poll_device(rig, 1), 0);
	assert_point_int(rig, 1, 0, 200);
	assert_int_equal(rig->record[1][0].readings, 1);
}

/* ---- answers that are none ------------------------------------------------------- */

static void answer_late(struct peer *peer)
{
	const struct peer_request late = peer_next(peer);
	struct peer_request next;

	/* Whatever comes first when the next question is there is the late answer. */
	if (peer_take(peer, &next)) {
		peer_answer(peer, &late);
		peer_answer(peer, &next);
	}
	peer_behave_for_ever(peer);
}

static void late_answer_is_dropped_and_the_connection_kept(void **state)
{
	struct modbus_rig *rig = *state;

	two_devices(rig, &modbus_tcp_driver);
	start_peer(rig, answer_late, NULL);
	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), -ETIMEDOUT);
	assert_device_reason(rig, 0, REASON_NO_ANSWER);
	assert_int_equal(poll_device(rig, 1), 0);
	assert_point_int(rig, 1, 0, 200);
	assert_int_equal(rig->record[0][0].readings, 0);
}

static void answer_two_in_one_piece(struct peer *peer)
{
	const struct peer_request late = peer_next(peer);
	struct peer_request next;
	uint8_t bytes[2 * MODBUS_ADU_BYTES];
	size_t count = peer_answer_frame(peer, &late, bytes);

	if (peer_take(peer, &next)) {
		count += peer_answer_frame(peer, &next, bytes + count);
		peer_send(peer, bytes, count);
	}
	peer_behave_for_ever(peer);
}

static void a_late_answer_and_ours_in_one_piece_are_told_apart(void **state)
{
	struct modbus_rig *rig = *state;

	two_devices(rig, &modbus_tcp_driver);
	start_peer(rig, answer_two_in_one_piece, NULL);
	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), -ETIMEDOUT);
	assert_int_equal(poll_device(rig, 1), 0);
	assert_point_int(rig, 1, 0, 200);
	assert_int_equal(rig->record[0][0].readings, 0);
}

/* Nothing for the first two questions, then what the first one is due to: it waited for a unit. */
static void wait_for_a_dead_unit(struct peer *peer)
{
	const struct peer_request dead = peer_next(peer), queued = peer_next(peer);
	struct peer_request next;

	if (peer_take(peer, &next)) {
		peer_refuse(peer, &dead, MODBUS_NO_RESPONSE);
		peer_answer(peer, &queued);
		peer_answer(peer, &next);
	}
	peer_behave_for_ever(peer);
}

static void a_gateway_that_waits_longer_than_we_do_is_waited_for(void **state)
{
	struct modbus_rig *rig = *state;

	two_devices(rig, &modbus_tcp_driver);
	start_peer(rig, wait_for_a_dead_unit, NULL);
	rig->device_conf[1].timeout_ns = LITTLE_PATIENCE_NS;
	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), -ETIMEDOUT);
	assert_int_equal(poll_device(rig, 1), -ETIMEDOUT);
	assert_int_equal(link_of(rig)->gateway_ns, 0);
	rig->device_conf[1].timeout_ns = 60 * S;
	assert_int_equal(poll_device(rig, 1), 0);
	assert_point_int(rig, 1, 0, 200);
	assert_true(link_of(rig)->gateway_ns > 0);
	assert_int_equal(link_of(rig)->late_count, 0);
}

/* What is late because another question was waited for tells for how long that was. */
static void wait_for_a_dead_unit_without_a_word(struct peer *peer)
{
	(void)peer_next(peer);
	const struct peer_request queued = peer_next(peer);
	struct peer_request next;

	if (peer_take(peer, &next)) {
		peer_answer(peer, &queued);
		peer_answer(peer, &next);
	}
	peer_behave_for_ever(peer);
}

static void so_is_one_that_never_says_for_whom_it_waited(void **state)
{
	struct modbus_rig *rig = *state;

	two_devices(rig, &modbus_tcp_driver);
	start_peer(rig, wait_for_a_dead_unit_without_a_word, NULL);
	rig->device_conf[1].timeout_ns = LITTLE_PATIENCE_NS;
	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), -ETIMEDOUT);
	assert_int_equal(poll_device(rig, 1), -ETIMEDOUT);
	rig->device_conf[1].timeout_ns = 60 * S;
	assert_int_equal(poll_device(rig, 1), 0);
	assert_true(link_of(rig)->gateway_ns > 0);
}

static void answer_twice(struct peer *peer)
{
	const struct peer_request request = peer_next(peer);

	peer_answer(peer, &request);
	peer_answer(peer, &request);
	peer_behave_for_ever(peer);
}

static void second_answer_to_a_settled_question_is_not_trusted(void **state)
{
	struct modbus_rig *rig = *state;

	two_devices(rig, &modbus_tcp_driver);
	start_peer(rig, answer_twice, NULL);
	open_bus(rig);
	assert_int_equal(poll_device(rig, 1), 0);
	rig->device_conf[1].timeout_ns = PATIENT_NS;
	assert_int_equal(poll_device(rig, 1), -EIO);
	assert_device_reason(rig, 1, REASON_GARBLED);
	rig->device_conf[1].timeout_ns = LONG_PATIENCE_NS;
	assert_int_equal(poll_device(rig, 1), 0);
	assert_point_int(rig, 1, 0, 200);
}

static void answer_unasked(struct peer *peer)
{
	struct peer_request request = peer_next(peer);

	request.transaction = (uint16_t)(request.transaction + 1000);
	peer_answer(peer, &request);
	peer_behave_for_ever(peer);
}

static void transaction_never_asked_means_out_of_step(void **state)
{
	expect_and_recover(*state, answer_unasked, -EIO, REASON_GARBLED);
}

static void answer_as_another(struct peer *peer)
{
	struct peer_request request = peer_next(peer);

	request.unit = 9;
	peer_answer(peer, &request);
	peer_behave(peer);
}

static void answer_of_another_unit_is_never_a_value(void **state)
{
	expect_and_recover(*state, answer_as_another, -EIO, REASON_WRONG_UNIT);
}

static void send_edited(struct peer *peer, size_t at, uint8_t byte)
{
	const struct peer_request request = peer_next(peer);
	uint8_t frame[MODBUS_ADU_BYTES];
	const size_t bytes = peer_answer_frame(peer, &request, frame);

	frame[at] = byte;
	peer_send(peer, frame, bytes);
	peer_behave_for_ever(peer);
}

static void answer_another_protocol(struct peer *peer)
{
	send_edited(peer, 3, 1);
}

static void answer_another_function(struct peer *peer)
{
	send_edited(peer, 7, 4);
}

static void answer_too_many_bytes(struct peer *peer)
{
	send_edited(peer, 8, 1);
}

static void answer_with_wrong_length(struct peer *peer)
{
	send_edited(peer, 5, 200);
}

static void answer_longer_than_a_frame_can_be(struct peer *peer)
{
	uint8_t frame[6 + 3 + 255] = {0, 0, 0, 0, 1, 2, 4, 3, 255};
	const struct peer_request request = peer_next(peer);

	frame[0] = (uint8_t)(request.transaction >> 8);
	frame[1] = (uint8_t)request.transaction;
	peer_send(peer, frame, sizeof(frame));
	peer_behave_for_ever(peer);
}

static void malformed_answers_mean_out_of_step(void **state)
{
	expect_and_recover(*state, answer_another_protocol, -EIO, REASON_GARBLED);
	expect_and_recover(*state, answer_another_function, -EIO, REASON_GARBLED);
	expect_and_recover(*state, answer_too_many_bytes, -EIO, REASON_GARBLED);
	expect_and_recover(*state, answer_with_wrong_length, -EIO, REASON_GARBLED);
	expect_and_recover(*state, answer_longer_than_a_frame_can_be, -EIO, REASON_GARBLED);
}

static void send_garbage(struct peer *peer)
{
	uint8_t garbage[400];

	(void)peer_next(peer);
	for (size_t i = 0; i < sizeof(garbage); i++)
		garbage[i] = (uint8_t)(i * 37 + 11);
	peer_send(peer, garbage, sizeof(garbage));
	peer_behave_for_ever(peer);
}

static void garbage_means_out_of_step(void **state)
{
	expect_and_recover(*state, send_garbage, -EIO, REASON_GARBLED);
}

static void answer_behind_a_heartbeat(struct peer *peer)
{
	static const char heartbeat[] = "*I AM ALIVE*";
	struct peer_request request;

	peer_send(peer, (const uint8_t *)heartbeat, strlen(heartbeat));
	while (peer_take(peer, &request)) {
		peer_send(peer, (const uint8_t *)heartbeat, strlen(heartbeat));
		peer_answer(peer, &request);
	}
}

static void text_on_connecting_or_in_between_costs_nothing(void **state)
{
	struct modbus_rig *rig = *state;
	struct peer *peer;

	two_devices(rig, &modbus_tcp_driver);
	peer = start_peer(rig, answer_behind_a_heartbeat, NULL);
	open_bus(rig);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(poll_device(rig, 1), 0);
		assert_point_int(rig, 1, 0, 200);
	}
	assert_int_equal(peer->requests, 5);
	assert_non_null(strstr(rig->debug, "bytes before its answer"));
}

static void answer_in_part(struct peer *peer)
{
	const struct peer_request request = peer_next(peer);
	uint8_t frame[MODBUS_ADU_BYTES];

	peer_send(peer, frame, peer_answer_frame(peer, &request, frame) - 1);
	peer_behave_for_ever(peer);
}

static void torn_answer_means_out_of_step(void **state)
{
	struct modbus_rig *rig = *state;

	two_devices(rig, &modbus_tcp_driver);
	start_peer(rig, answer_in_part, NULL);
	rig->device_conf[0].timeout_ns = PATIENT_NS;
	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), -EIO);
	assert_device_reason(rig, 0, REASON_GARBLED);
	assert_int_equal(poll_device(rig, 1), 0);
	assert_point_int(rig, 1, 0, 200);
}

/* Byte after byte of an answer that never ends, each well within any limit between bytes. */
static void dribble(struct peer *peer)
{
	const struct peer_request request = peer_next(peer);
	uint8_t head[] = {(uint8_t)(request.transaction >> 8),
			  (uint8_t)request.transaction,
			  0,
			  0,
			  0,
			  253,
			  3,
			  3,
			  250};
	size_t sent = 0;

	while (!peer->stop) {
		const uint8_t byte = sent < sizeof(head) ? head[sent] : 0x55;
		if (send(peer->fd, &byte, 1, MSG_NOSIGNAL) < 0)
			break;
		sent++;
		take_time(20 * MS);
	}
	if (peer_accept(peer))
		peer_behave_for_ever(peer);
}

static void dribbling_answer_is_bounded_by_the_timeout(void **state)
{
	struct modbus_rig *rig = *state;

	two_devices(rig, &modbus_tcp_driver);
	start_peer(rig, dribble, NULL);
	rig->device_conf[0].timeout_ns = PATIENT_NS;
	open_bus(rig);
	const int64_t began_ns = real_mono_ns();
	assert_int_equal(poll_device(rig, 0), -EIO);
	/* 259 bytes at 20 ms each would take more than five times as long. */
	assert_true(real_mono_ns() - began_ns < 5 * PATIENT_NS);
	assert_device_reason(rig, 0, REASON_GARBLED);
	assert_int_equal(poll_device(rig, 1), 0);
	assert_point_int(rig, 1, 0, 200);
}

/* ---- connections that end --------------------------------------------------------- */

static void hang_up(struct peer *peer)
{
	(void)peer_next(peer);
	if (peer_accept(peer)) /* closes the old one */
		peer_behave_for_ever(peer);
}

/* The question is asked again at once, over a new connection. */
static void expect_read_at_once(struct modbus_rig *rig, const struct driver *driver,
				peer_script *script)
{
	two_devices(rig, driver);
	start_peer(rig, script, NULL);
	open_bus(rig);
	assert_int_equal(poll_device(rig, 1), 0);
	assert_point_int(rig, 1, 0, 200);
	assert_int_equal(rig->device_record[1].faults, 0);
}

static void connection_that_turns_out_closed_is_no_outage(void **state)
{
	expect_read_at_once(*state, &modbus_tcp_driver, hang_up);
	expect_read_at_once(*state, &modbus_rtu_tcp_driver, hang_up);
}

static void reset_at_once(struct peer *peer)
{
	const struct linger at_once = {.l_onoff = 1};

	(void)peer_next(peer);
	setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	if (peer_accept(peer))
		peer_behave_for_ever(peer);
}

static void connection_that_is_reset_is_no_outage(void **state)
{
	expect_read_at_once(*state, &modbus_tcp_driver, reset_at_once);
}

/* Two requests a poll: two tables. */
static void two_tables(struct modbus_rig *rig, const struct driver *driver)
{
	modbus_rig_begin(rig, driver);
	add_device(rig, 4);
	add_point(rig, MODBUS_HOLDING, 200, MODBUS_U16);
	add_point(rig, MODBUS_INPUT, 300, MODBUS_U16);
}

static void answer_one_each(struct peer *peer)
{
	struct peer_request request;

	do {
		if (peer_take(peer, &request))
			peer_answer(peer, &request);
	} while (peer_accept(peer)); /* closes the old one */
}

static void device_that_closes_after_each_answer_is_read(void **state)
{
	const struct driver *const both[] = {&modbus_tcp_driver, &modbus_rtu_tcp_driver};
	struct modbus_rig *rig = *state;

	for (size_t i = 0; i < COUNT(both); i++) {
		two_tables(rig, both[i]);
		start_peer(rig, answer_one_each, NULL);
		open_bus(rig);
		for (int poll = 0; poll < 5; poll++) {
			assert_int_equal(poll_device(rig, 0), 0);
			assert_point_int(rig, 0, 0, 200);
			assert_point_int(rig, 0, 1, 300);
		}
		assert_int_equal(rig->device_record[0].faults, 0);
	}
}

static void hang_up_always(struct peer *peer)
{
	struct peer_request request;

	do
		(void)peer_take(peer, &request);
	while (peer_accept(peer));
}

static void connection_closed_at_each_question_is_given_up(void **state)
{
	struct modbus_rig *rig = *state;
	struct peer *peer;

	two_devices(rig, &modbus_tcp_driver);
	peer = start_peer(rig, hang_up_always, NULL);
	open_bus(rig);
	assert_int_equal(poll_device(rig, 1), -ENOTCONN);
	assert_device_reason(rig, 1, REASON_LINK_DOWN);
	assert_string_equal(rig->device_record[1].message,
			    "unit 4: the connection is closed at our question");
	assert_int_equal(peer->requests, 2);
}

static void hang_up_when_told(struct peer *peer)
{
	const struct peer_request request = peer_next(peer);

	peer_answer(peer, &request);
	peer_await_go(peer);
	close(peer->fd);
	peer->fd = -1;
	peer->note = 1;
	if (peer_accept(peer))
		peer_behave_for_ever(peer);
}

static void connection_lost_between_two_polls_is_no_outage(void **state)
{
	struct modbus_rig *rig = *state;
	for (int i = 0; i < 2; i++) {
		struct peer *peer;

		two_devices(rig, i == 0 ? &modbus_tcp_driver : &modbus_rtu_tcp_driver);
		peer = start_peer(rig, hang_up_when_told, NULL);
		open_bus(rig);
		assert_int_equal(poll_device(rig, 1), 0);
		peer_go(peer);
		WAIT_FOR(peer->note);
		assert_int_equal(poll_device(rig, 1), 0);
		assert_int_equal(rig->record[1][0].readings, 2);
		assert_int_equal(rig->device_record[1].faults, 0);
	}
}

/* ---- nobody there ----------------------------------------------------------------- */

static int silent_unit_3(const struct peer *peer, const struct peer_request *request)
{
	(void)peer;
	return request->unit == 3 ? PEER_SILENT : 0;
}

static void ignore_unit_3(struct peer *peer)
{
	peer_decide(peer, silent_unit_3);
	if (peer_accept(peer))
		peer_behave_for_ever(peer);
}

/* One that is new is kept: some devices are deaf for a while. */
static void silence_of_all_units_opens_an_old_connection_anew(void **state)
{
	struct modbus_rig *rig = *state;

	two_devices(rig, &modbus_tcp_driver);
	start_peer(rig, ignore_unit_3, NULL);
	open_bus(rig);
	struct modbus_link *link = link_of(rig);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(poll_device(rig, 0), -ETIMEDOUT);
		assert_false(link->lost);
	}
	link->opened_mono_ns -= 60 * S;
	link->silent_mono_ns -= 60 * S;
	assert_int_equal(poll_device(rig, 0), -ETIMEDOUT);
	assert_true(link->lost);
	assert_device_reason(rig, 0, REASON_NO_ANSWER);
	assert_string_equal(rig->device_record[0].message,
			    "unit 3: no answer in 40 ms to holding 100: power, unit?");
	assert_int_equal(poll_device(rig, 1), 0);
	assert_int_equal(link->answers, 1);
}

static void silence_of_one_unit_keeps_the_connection_of_the_others(void **state)
{
	struct modbus_rig *rig = *state;

	two_devices(rig, &modbus_tcp_driver);
	start_peer(rig, ignore_unit_3, NULL);
	open_bus(rig);
	for (int i = 0; i < MODBUS_LATE + 4; i++) {
		assert_int_equal(poll_device(rig, 0), -ETIMEDOUT);
		assert_int_equal(poll_device(rig, 1), 0);
		assert_point_int(rig, 1, 0, 200);
	}
}

static void retries_are_counted(void **state)
{
	struct modbus_rig *rig = *state;
	struct peer *peer;

	two_devices(rig, &modbus_tcp_driver);
	peer = start_peer(rig, ignore_unit_3, NULL);
	rig->device_conf[0].retries = 1;
	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), -ETIMEDOUT);
	assert_int_equal(poll_device(rig, 1), 0);
	assert_int_equal(peer->requests, 3);
}

/* What the device really has to answer, and no more of it than one request. */
static void silent_device_is_asked_one_request_a_poll(void **state)
{
	struct modbus_rig *rig = *state;
	struct peer *peer;

	modbus_rig_begin(rig, &modbus_tcp_driver);
	add_device(rig, 3)->timeout_ns = LITTLE_PATIENCE_NS;
	rig->device_conf[0].retries = 2;
	add_point(rig, MODBUS_HOLDING, 100, MODBUS_U16);
	add_point(rig, MODBUS_INPUT, 100, MODBUS_U16);
	peer = start_peer(rig, ignore_unit_3, NULL);
	open_bus(rig);
	for (int i = 0; i < 2; i++)
		assert_int_equal(poll_device(rig, 0), -ETIMEDOUT);
	WAIT_FOR(peer->requests == 2 * 3);
	for (int i = 0; i < 4; i++)
		assert_int_equal(poll_device(rig, 0), -ETIMEDOUT);
	WAIT_FOR(peer->requests == 2 * 3 + 4);
}

static void descriptor_is_not_inherited(void **state)
{
	struct modbus_rig *rig = *state;

	two_devices(rig, &modbus_tcp_driver);
	start_peer(rig, peer_behave_for_ever, NULL);
	open_bus(rig);
	const struct modbus_bus *bus = rig->instance;
	assert_true(fcntl(bus->link.fd, F_GETFD) & FD_CLOEXEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		modbus_test(late_answer_is_dropped_and_the_connection_kept),
		modbus_test(a_late_answer_and_ours_in_one_piece_are_told_apart),
		modbus_test(a_gateway_that_waits_longer_than_we_do_is_waited_for),
		modbus_test(so_is_one_that_never_says_for_whom_it_waited),
		modbus_test(second_answer_to_a_settled_question_is_not_trusted),
		modbus_test(transaction_never_asked_means_out_of_step),
		modbus_test(answer_of_another_unit_is_never_a_value),
		modbus_test(malformed_answers_mean_out_of_step),
		modbus_test(garbage_means_out_of_step),
		modbus_test(text_on_connecting_or_in_between_costs_nothing),
		modbus_test(torn_answer_means_out_of_step),
		modbus_test(dribbling_answer_is_bounded_by_the_timeout),
		modbus_test(connection_that_turns_out_closed_is_no_outage),
		modbus_test(connection_that_is_reset_is_no_outage),
		modbus_test(device_that_closes_after_each_answer_is_read),
		modbus_test(connection_closed_at_each_question_is_given_up),
		modbus_test(connection_lost_between_two_polls_is_no_outage),
		modbus_test(silence_of_all_units_opens_an_old_connection_anew),
		modbus_test(silence_of_one_unit_keeps_the_connection_of_the_others),
		modbus_test(retries_are_counted),
		modbus_test(silent_device_is_asked_one_request_a_poll),
		modbus_test(descriptor_is_not_inherited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
