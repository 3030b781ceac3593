/* Frames as bytes: what is sent, and what may pass as an answer. */
#include "rig/unit.h"

#include "modbus/wire.h"

static const struct modbus_request three = {
	.unit = 5, .function = MODBUS_READ_HOLDING, .address = 0x0102, .count = 3};

enum verdict { ANSWER, REFUSAL, STRANGER, OTHER_LENGTH, STRAY, UNSOUND };

static enum verdict judge(bool sound, const struct modbus_reply *reply)
{
	if (!sound)
		return UNSOUND;
	if (reply->unit != three.unit)
		return STRANGER;
	if (!modbus_could_answer(reply, &three))
		return OTHER_LENGTH;
	return reply->refused ? REFUSAL : ANSWER;
}

static enum verdict judge_tcp(const uint8_t *frame, size_t bytes)
{
	struct modbus_reply reply = {0};
	const bool sound = modbus_wire_reply(MODBUS_FRAMING_TCP, frame, bytes, &reply);

	return sound && reply.transaction != 0x0a0b ? STRAY : judge(sound, &reply);
}

static enum verdict judge_rtu(const uint8_t *body, size_t bytes)
{
	uint8_t frame[MODBUS_ADU_BYTES];
	struct modbus_reply reply = {0};
	const uint16_t crc = modbus_crc(body, bytes);

	memcpy(frame, body, bytes);
	frame[bytes] = (uint8_t)crc;
	frame[bytes + 1] = (uint8_t)(crc >> 8);
	return judge(modbus_wire_reply(MODBUS_FRAMING_RTU, frame, bytes + 2, &reply), &reply);
}

static void rtu_request_is_as_in_the_specification(void **state)
{
	(void)state;
	/* Unit 17 asked for registers 0x006b to 0x006d, a known frame. */
	const struct modbus_request request = {
		.unit = 0x11, .function = 3, .address = 0x6b, .count = 3};
	const uint8_t expected[] = {0x11, 0x03, 0x00, 0x6b, 0x00, 0x03, 0x76, 0x87};
	uint8_t frame[MODBUS_REQUEST_BYTES];

	assert_int_equal(modbus_wire_request(MODBUS_FRAMING_RTU, &request, 0, frame), 8);
	assert_memory_equal(frame, expected, 8);
}

static void tcp_request_carries_its_transaction(void **state)
{
	(void)state;
	const uint8_t expected[] = {0x0a, 0x0b, 0, 0, 0, 6, 5, 3, 1, 2, 0, 3};
	uint8_t frame[MODBUS_REQUEST_BYTES];

	assert_int_equal(modbus_wire_request(MODBUS_FRAMING_TCP, &three, 0x0a0b, frame), 12);
	assert_memory_equal(frame, expected, 12);
}

static void answer_of_tcp_gives_its_data(void **state)
{
	(void)state;
	const uint8_t frame[] = {0x0a, 0x0b, 0, 0, 0, 9, 5, 3, 6, 1, 2, 3, 4, 5, 6};
	struct modbus_reply reply;

	assert_true(modbus_wire_reply(MODBUS_FRAMING_TCP, frame, sizeof(frame), &reply));
	assert_true(modbus_could_answer(&reply, &three));
	assert_int_equal(reply.transaction, 0x0a0b);
	assert_int_equal(reply.data_bytes, 6);
	assert_memory_equal(reply.data, "\1\2\3\4\5\6", 6);
}

static void each_wrong_byte_of_a_tcp_frame_is_noticed(void **state)
{
	(void)state;
	const uint8_t good[] = {0x0a, 0x0b, 0, 0, 0, 9, 5, 3, 6, 1, 2, 3, 4, 5, 6};
	static const enum verdict expected[] = {STRAY,	 STRAY,	   UNSOUND, UNSOUND, UNSOUND,
						UNSOUND, STRANGER, UNSOUND, UNSOUND};

	for (size_t i = 0; i < COUNT(expected); i++) {
		uint8_t frame[sizeof(good)];
		memcpy(frame, good, sizeof(good));
		frame[i] ^= 0x10;
		assert_int_equal(judge_tcp(frame, sizeof(frame)), expected[i]);
	}
}

static void torn_tcp_frame_is_unsound(void **state)
{
	(void)state;
	const uint8_t good[] = {0x0a, 0x0b, 0, 0, 0, 9, 5, 3, 6, 1, 2, 3, 4, 5, 6, 0};

	for (size_t bytes = 0; bytes <= sizeof(good); bytes++)
		assert_int_equal(judge_tcp(good, bytes), bytes == 15 ? ANSWER : UNSOUND);
}

static void exception_is_a_refusal_of_this_function_only(void **state)
{
	(void)state;
	const uint8_t tcp[] = {0x0a, 0x0b, 0, 0, 0, 3, 5, 0x83, 2};
	const uint8_t rtu[] = {5, 0x83, 2}, other[] = {5, 0x84, 2}, longer[] = {5, 0x83, 2, 0};
	struct modbus_reply reply;

	assert_true(modbus_wire_reply(MODBUS_FRAMING_TCP, tcp, sizeof(tcp), &reply));
	assert_true(reply.refused);
	assert_int_equal(reply.exception, 2);
	assert_int_equal(judge_rtu(rtu, 3), REFUSAL);
	assert_int_equal(judge_rtu(other, 3), OTHER_LENGTH);
	assert_int_equal(judge_rtu(longer, 4), UNSOUND);
}

static void rtu_answer_of_another_shape_is_told_apart(void **state)
{
	(void)state;
	const uint8_t right[] = {5, 3, 6, 1, 2, 3, 4, 5, 6}, shorter[] = {5, 3, 4, 1, 2, 3, 4};
	const uint8_t longer[] = {5, 3, 8, 1, 2, 3, 4, 5, 6, 7, 8};
	const uint8_t input[] = {5, 4, 6, 1, 2, 3, 4, 5, 6}, write[] = {5, 6, 0, 1, 0, 1};
	const uint8_t stranger[] = {9, 3, 6, 1, 2, 3, 4, 5, 6};

	assert_int_equal(judge_rtu(right, sizeof(right)), ANSWER);
	assert_int_equal(judge_rtu(shorter, sizeof(shorter)), OTHER_LENGTH);
	assert_int_equal(judge_rtu(longer, sizeof(longer)), OTHER_LENGTH);
	assert_int_equal(judge_rtu(input, sizeof(input)), OTHER_LENGTH);
	assert_int_equal(judge_rtu(stranger, sizeof(stranger)), STRANGER);
	assert_int_equal(judge_rtu(write, sizeof(write)), UNSOUND);
	assert_int_equal(judge_rtu(right, sizeof(right) - 1), UNSOUND);
}

static void every_single_bit_error_of_an_rtu_answer_is_noticed(void **state)
{
	(void)state;
	uint8_t frame[] = {5, 3, 6, 1, 2, 3, 4, 5, 6, 0, 0};
	struct modbus_reply reply;
	const uint16_t crc = modbus_crc(frame, 9);

	frame[9] = (uint8_t)crc;
	frame[10] = (uint8_t)(crc >> 8);
	assert_true(modbus_wire_reply(MODBUS_FRAMING_RTU, frame, sizeof(frame), &reply));
	for (size_t bit = 0; bit < 8 * sizeof(frame); bit++) {
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(modbus_wire_reply(MODBUS_FRAMING_RTU, frame, sizeof(frame), &reply));
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static size_t tcp_bytes(uint16_t length, uint8_t function, uint8_t third)
{
	const uint8_t frame[MODBUS_TCP_LEAST_BYTES] = {
		0, 1, 0, 0, (uint8_t)(length >> 8), (uint8_t)length, 5, function, third};

	return modbus_tcp_bytes(frame);
}

static void a_frame_of_tcp_says_its_length_twice(void **state)
{
	(void)state;
	assert_int_equal(tcp_bytes(9, 3, 6), 15);
	assert_int_equal(tcp_bytes(3, 0x83, 2), MODBUS_TCP_LEAST_BYTES);
	assert_int_equal(tcp_bytes(254, 3, 251), MODBUS_ADU_BYTES);
	assert_int_equal(tcp_bytes(9, 3, 5), 0);
	assert_int_equal(tcp_bytes(9, 0x83, 6), 0);
	assert_int_equal(tcp_bytes(0, 3, 6), 0);
	assert_int_equal(tcp_bytes(65535, 3, 6), 0);
	assert_int_equal(tcp_bytes(255, 3, 252), 0);
	assert_int_equal(tcp_bytes(258, 3, 255), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rtu_request_is_as_in_the_specification),
		cmocka_unit_test(tcp_request_carries_its_transaction),
		cmocka_unit_test(answer_of_tcp_gives_its_data),
		cmocka_unit_test(each_wrong_byte_of_a_tcp_frame_is_noticed),
		cmocka_unit_test(a_frame_of_tcp_says_its_length_twice),
		cmocka_unit_test(torn_tcp_frame_is_unsound),
		cmocka_unit_test(exception_is_a_refusal_of_this_function_only),
		cmocka_unit_test(rtu_answer_of_another_shape_is_told_apart),
		cmocka_unit_test(every_single_bit_error_of_an_rtu_answer_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
