/* Foreign, torn and noisy answers of RTU framing, and none at all. */
#include "rig/modbus_rig.h"

static const struct driver *const both[] = {&modbus_rtu_driver, &modbus_rtu_tcp_driver};

static void answer_after_a_stranger(struct peer *peer)
{
	struct peer_request request = peer_next(peer);

	request.unit = 9;
	peer_answer(peer, &request);
	request.unit = 4;
	peer_answer(peer, &request);
	peer_behave_for_ever(peer);
}

static void right_answer_behind_a_strangers_is_taken(void **state)
{
	struct modbus_rig *rig = *state;
	struct peer *peer =
		play_three_devices(rig, &modbus_rtu_driver, answer_after_a_stranger, NULL);
	open_bus(rig);
	assert_int_equal(poll_device(rig, 2), 0);
	assert_point_int(rig, 2, 0, 300);
	assert_int_equal(peer->requests, 1);
}

static void answer_as_another(struct peer *peer)
{
	struct peer_request request = peer_next(peer);

	request.unit = 9;
	peer_answer(peer, &request);
	peer_behave_for_ever(peer);
}

static void answer_of_another_unit_is_never_a_value(void **state)
{
	struct modbus_rig *rig = *state;

	for (size_t i = 0; i < COUNT(both); i++) {
		play_three_devices(rig, both[i], answer_as_another, NULL);
		rig->device_conf[2].timeout_ns = 1000 * MS;
		open_bus(rig);
		assert_int_equal(poll_device(rig, 2), -EIO);
		assert_device_reason(rig, 2, REASON_WRONG_UNIT);
		assert_string_equal(rig->device_record[2].message,
				    "unit 4: unit 9 answered instead: one number is wrong");
		assert_int_equal(poll_device(rig, 2), 0);
		assert_point_int(rig, 2, 0, 300);
	}
}

/* What befalls the first answer. */
struct harm {
	const char *noise; /* before it */
	size_t flipped; /* a byte, but the first; 0: none */
	size_t cut; /* bytes from its end */
};

static void answer_harmed(struct peer *peer)
{
	const struct harm *harm = peer->data;
	const struct peer_request request = peer_next(peer);
	uint8_t frame[MODBUS_ADU_BYTES];
	const size_t bytes = peer_answer_frame(peer, &request, frame);

	if (harm->flipped)
		frame[harm->flipped] ^= 0x04;
	if (harm->noise)
		peer_send(peer, (const uint8_t *)harm->noise, strlen(harm->noise));
	peer_send(peer, frame, bytes - harm->cut);
	peer_behave_for_ever(peer);
}

static void harmed_answer_is_told_and_the_next_is_right(void **state)
{
	static struct harm harms[] = {
		{.flipped = 3}, /* a value */
		{.flipped = 6}, /* the checksum */
		{.flipped = 1}, /* the function */
		{.flipped = 2}, /* the length */
		{.cut = 1},	{.cut = 4},
	};
	struct modbus_rig *rig = *state;

	for (size_t i = 0; i < COUNT(harms); i++) {
		play_three_devices(rig, both[i % 2], answer_harmed, &harms[i]);
		rig->device_conf[2].timeout_ns = 500 * MS;
		open_bus(rig);
		assert_int_equal(poll_device(rig, 2), -EIO);
		assert_device_reason(rig, 2, REASON_GARBLED);
		assert_int_equal(poll_device(rig, 2), 0);
		assert_point_int(rig, 2, 0, 300);
		assert_int_equal(rig->record[2][0].readings, 1);
	}
}

static void noise_before_an_answer_costs_nothing(void **state)
{
	static struct harm harms[] = {
		{.noise = "\xff"}, /* of the line's turning round */
		{.noise = "\x04"},
		{.noise = "\x04\x03"}, /* as the answer begins */
		{.noise = "\x55\xaa\x55\xaa\x55\xaa\x55\xaa\x55"},
		{.noise = "\x04\x83\x02"}, /* as a refusal begins */
		{.noise = "USR-REG-0001\r\n"},
	};
	struct modbus_rig *rig = *state;

	for (size_t i = 0; i < COUNT(harms); i++) {
		struct peer *peer = play_three_devices(rig, both[i % 2], answer_harmed, &harms[i]);

		open_bus(rig);
		assert_int_equal(poll_device(rig, 2), 0);
		assert_point_int(rig, 2, 0, 300);
		assert_int_equal(peer->requests, 1);
		assert_int_equal(link_of(rig)->stray, strlen(harms[i].noise));
		assert_non_null(strstr(rig->debug, "bytes before its answer"));
	}
}

/* An adapter that hears itself. */
static void echo_and_answer(struct peer *peer)
{
	struct peer_request request;

	while (peer_take(peer, &request)) {
		uint8_t frame[MODBUS_REQUEST_BYTES];
		const struct modbus_request asked = {.unit = request.unit,
						     .function = request.function,
						     .address = request.address,
						     .count = request.count};

		peer_send(peer, frame, modbus_wire_request(MODBUS_FRAMING_RTU, &asked, 0, frame));
		if (!peer->note)
			peer_answer(peer, &request);
	}
}

static void echo_is_passed_over_where_it_is_expected(void **state)
{
	struct modbus_rig *rig = *state;

	for (size_t i = 0; i < COUNT(both); i++) {
		struct peer *peer = play_three_devices(rig, both[i], echo_and_answer, NULL);

		rig->bus.echo = true;
		rig->device_conf[0].timeout_ns = LONG_PATIENCE_NS;
		open_bus(rig);
		for (size_t device = 0; device < 3; device++) {
			assert_int_equal(poll_device(rig, device), 0);
			assert_point_int(rig, device, 0, 100 * (int64_t)(device + 1));
		}
		assert_int_equal(link_of(rig)->stray, 0);
		peer->note = 1;
		rig->device_conf[2].timeout_ns = LITTLE_PATIENCE_NS;
		assert_int_equal(poll_device(rig, 2), -ETIMEDOUT);
	}
}

static void echo_is_named_where_it_is_not_expected(void **state)
{
	struct modbus_rig *rig = *state;
	struct peer *peer = play_three_devices(rig, &modbus_rtu_driver, echo_and_answer, NULL);

	peer->note = 1;
	rig->device_conf[2].timeout_ns = 1 * S;
	open_bus(rig);
	assert_int_equal(poll_device(rig, 2), -EIO);
	assert_string_equal(rig->device_record[2].message,
			    "unit 4: our own question came back: an adapter that echoes? "
			    "set echo = true");
}

/* The question for 17 bits from 0x0300 on is, as it stands, the sound answer to itself. */
static void echo_is_never_a_value(void **state)
{
	struct modbus_rig *rig = *state;

	for (int expected = 0; expected < 2; expected++) {
		struct peer *peer;

		modbus_rig_begin(rig, &modbus_rtu_driver);
		add_device(rig, 4)->timeout_ns = 1 * S;
		add_point(rig, MODBUS_COIL, 0x300, MODBUS_BOOL);
		add_point(rig, MODBUS_COIL, 0x310, MODBUS_BOOL);
		rig->bus.echo = expected;
		peer = start_peer(rig, echo_and_answer, NULL);
		peer->note = 1;
		open_bus(rig);
		assert_true(poll_device(rig, 0) < 0);
		assert_int_equal(rig->record[0][0].readings, 0);
	}
}

static void harmed_answer_is_mended_by_a_retry(void **state)
{
	static struct harm harm = {.flipped = 3};
	struct modbus_rig *rig = *state;
	struct peer *peer = play_three_devices(rig, &modbus_rtu_driver, answer_harmed, &harm);

	rig->device_conf[2].retries = 1;
	open_bus(rig);
	assert_int_equal(poll_device(rig, 2), 0);
	assert_point_int(rig, 2, 0, 300);
	assert_int_equal(peer->requests, 3); /* one of them the probe */
}

static void noise_then_behave(struct peer *peer)
{
	const uint8_t noise[] = {0x00, 0xff, 0x03, 0x42};

	for (int i = 0; i < 3; i++) {
		peer_await_go(peer);
		peer_send(peer, noise, sizeof(noise));
		peer->note++;
		const struct peer_request request = peer_next(peer);
		peer_answer(peer, &request);
	}
}

static void noise_between_two_exchanges_does_no_harm(void **state)
{
	struct modbus_rig *rig = *state;
	struct peer *peer = play_three_devices(rig, &modbus_rtu_driver, noise_then_behave, NULL);

	open_bus(rig);
	for (uint32_t i = 1; i <= 3; i++) {
		peer_go(peer);
		WAIT_FOR(peer->note >= i);
		assert_int_equal(poll_device(rig, 2), 0);
		assert_point_int(rig, 2, 0, 300);
	}
	assert_int_equal(peer->requests, 3);
}

static void chatter_until_told(struct peer *peer)
{
	const uint8_t byte = 0x55;

	while (sem_trywait(&peer->go) < 0 && !peer->stop) {
		peer_send(peer, &byte, 1);
		take_time(1 * MS); /* as a line does, for a byte or so */
	}
	peer->note = 1;
	peer_behave_for_ever(peer);
}

static void chattering_line_is_bounded_and_recovers(void **state)
{
	struct modbus_rig *rig = *state;

	for (size_t i = 0; i < COUNT(both); i++) {
		struct peer *peer = play_three_devices(rig, both[i], chatter_until_told, NULL);

		rig->device_conf[2].retries = 1;
		open_bus(rig);
		for (int round = 0; round < 2; round++) {
			assert_int_equal(poll_device(rig, 2), -EIO);
			assert_device_reason(rig, 2, REASON_GARBLED);
		}
		assert_int_equal(peer->requests, 0); /* nobody talks into the noise */
		peer_go(peer);
		WAIT_FOR(peer->note);
		rig->device_conf[2].retries = 5;
		assert_int_equal(poll_device(rig, 2), 0);
		assert_point_int(rig, 2, 0, 300);
	}
}

static int silent_unit_3(const struct peer *peer, const struct peer_request *request)
{
	return request->unit == 3 && !peer->note ? PEER_SILENT : 0;
}

static void ignore_unit_3(struct peer *peer)
{
	peer_decide(peer, silent_unit_3);
}

static void silent_unit_leaves_the_others_alone(void **state)
{
	struct modbus_rig *rig = *state;
	struct peer *peer = play_three_devices(rig, &modbus_rtu_driver, ignore_unit_3, NULL);

	open_bus(rig);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(poll_device(rig, 0), -ETIMEDOUT);
		assert_device_reason(rig, 0, REASON_NO_ANSWER);
		assert_int_equal(poll_device(rig, 2), 0);
		assert_point_int(rig, 2, 0, 300);
	}
	peer->note = 1;
	assert_int_equal(poll_device(rig, 1), 0);
	assert_point_int(rig, 1, 0, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		modbus_test(right_answer_behind_a_strangers_is_taken),
		modbus_test(answer_of_another_unit_is_never_a_value),
		modbus_test(harmed_answer_is_told_and_the_next_is_right),
		modbus_test(noise_before_an_answer_costs_nothing),
		modbus_test(echo_is_passed_over_where_it_is_expected),
		modbus_test(echo_is_named_where_it_is_not_expected),
		modbus_test(echo_is_never_a_value),
		modbus_test(harmed_answer_is_mended_by_a_retry),
		modbus_test(noise_between_two_exchanges_does_no_harm),
		modbus_test(chattering_line_is_bounded_and_recovers),
		modbus_test(silent_unit_leaves_the_others_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
