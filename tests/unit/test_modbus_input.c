/* Frames among the bytes that come over a line, and the words for what is none. */
#include "rig/unit.h"

#include "modbus/input.h"

#define UNIT	     7
#define DETAIL_BYTES 96 /* of a device report, with "unit 247: " */

static struct modbus_questions asked(uint16_t count)
{
	struct modbus_questions questions = {0};
	const struct modbus_question question = {.request = {.unit = UNIT,
							     .function = MODBUS_READ_HOLDING,
							     .address = 100,
							     .count = count}};

	assert_true(modbus_questions_add(&questions, &question));
	return questions;
}

static void put(struct modbus_input *input, const void *bytes, size_t count)
{
	memcpy(input->bytes + input->count, bytes, count);
	input->count += count;
}

static size_t frame_of(uint8_t unit, uint16_t count, uint8_t fill, uint8_t *ret_frame)
{
	const size_t bytes = 3 + 2u * count;

	memset(ret_frame, fill, bytes);
	ret_frame[0] = unit;
	ret_frame[1] = MODBUS_READ_HOLDING;
	ret_frame[2] = (uint8_t)(2 * count);
	const uint16_t crc = modbus_crc(ret_frame, bytes);
	ret_frame[bytes] = (uint8_t)crc;
	ret_frame[bytes + 1] = (uint8_t)(crc >> 8);
	return bytes + 2;
}

static void frame_is_found_behind_any_stray_bytes(void **state)
{
	(void)state;
	const struct modbus_questions questions = asked(2);
	unsigned int seed = 1;
	uint8_t frame[MODBUS_ADU_BYTES];
	const size_t bytes = frame_of(UNIT, 2, 0x11, frame);

	for (size_t stray = 0; stray <= 40; stray++) {
		struct modbus_input input = {0};
		struct modbus_found found;
		for (size_t i = 0; i < stray; i++) {
			seed = seed * 1664525u + 1013904223u;
			const uint8_t byte = (uint8_t)(seed >> 24) | 0x80;
			put(&input, &byte, 1);
		}
		for (size_t i = 0; i < bytes; i++) {
			assert_false(modbus_input_find(&input, &questions, &found));
			put(&input, &frame[i], 1);
		}
		assert_true(modbus_input_find(&input, &questions, &found));
		assert_int_equal(found.at, stray);
		assert_int_equal(found.bytes, bytes);
		modbus_input_drop(&input, found.at + found.bytes);
		assert_int_equal(input.count, 0);
	}
}

/* A device may hold what looks like a frame: that is part of the answer it lies in. */
static void frame_within_an_answer_is_not_taken(void **state)
{
	(void)state;
	struct modbus_questions questions = asked(10);
	const struct modbus_question small = {
		.request = {
			.unit = UNIT, .function = MODBUS_READ_HOLDING, .address = 5, .count = 1}};
	uint8_t outer[MODBUS_ADU_BYTES];
	struct modbus_input input = {0};
	struct modbus_found found;

	assert_true(modbus_questions_add(&questions, &small));
	const size_t bytes = frame_of(UNIT, 10, 0, outer);
	(void)frame_of(UNIT, 1, 0x22, outer + 5);
	const uint16_t crc = modbus_crc(outer, bytes - 2);
	outer[bytes - 2] = (uint8_t)crc;
	outer[bytes - 1] = (uint8_t)(crc >> 8);
	for (size_t i = 0; i < bytes; i++) {
		assert_false(modbus_input_find(&input, &questions, &found));
		put(&input, &outer[i], 1);
	}
	assert_true(modbus_input_find(&input, &questions, &found));
	assert_int_equal(found.at, 0);
	assert_int_equal(found.bytes, bytes);
}

static void broken_answer_is_known_as_one(void **state)
{
	(void)state;
	const struct modbus_questions questions = asked(2);
	const struct modbus_seen seen = {.question_bytes = 0};
	struct modbus_input input = {0};
	struct modbus_found found;
	uint8_t frame[MODBUS_ADU_BYTES];
	const size_t bytes = frame_of(UNIT, 2, 0x11, frame);

	frame[4] ^= 1;
	put(&input, frame, bytes);
	assert_false(modbus_input_find(&input, &questions, &found));
	assert_true(found.broken);
	assert_int_equal(modbus_input_oddity(&input, &questions, &seen), MODBUS_BAD_CHECKSUM);
}

static enum modbus_oddity oddity_of(const void *bytes, size_t count)
{
	const struct modbus_questions questions = asked(2);
	struct modbus_seen seen = {.question_bytes = 8};
	struct modbus_input input = {0};

	modbus_wire_request(MODBUS_FRAMING_RTU, &questions.items[0].request, 0, seen.question);
	if (!bytes)
		put(&input, seen.question, 8);
	else
		put(&input, bytes, count);
	return modbus_input_oddity(&input, &questions, &seen);
}

static void what_is_no_answer_has_a_name(void **state)
{
	(void)state;
	assert_int_equal(oddity_of(NULL, 0), MODBUS_OWN_QUESTION);
	assert_int_equal(oddity_of("\x07\x03\x04\x00", 4), MODBUS_TORN);
	assert_int_equal(oddity_of("HELLO\r\n", 7), MODBUS_A_TEXT);
	assert_int_equal(oddity_of("\x55\xaa\x55", 3), MODBUS_NO_FRAME);
	assert_int_equal(oddity_of("\x07", 1), MODBUS_NO_FRAME);
}

static void words_fit_a_report_and_name_the_cure(void **state)
{
	(void)state;
	static const struct {
		enum modbus_oddity oddity;
		const char *word;
	} words[] = {
		{MODBUS_OWN_QUESTION, "echo = true"},  {MODBUS_OTHER_TRANSACTION, "transaction id"},
		{MODBUS_OTHER_LENGTH, "bytes came"},   {MODBUS_OTHER_FUNCTION, "function 65535"},
		{MODBUS_A_TEXT, "\"USR-REG-0001..\""}, {MODBUS_TORN, "cut short"},
		{MODBUS_BAD_CHECKSUM, "checksum"},     {MODBUS_NO_FRAME, "no Modbus frame"},
		{MODBUS_NEVER_SILENT, "never silent"},
	};

	for (size_t i = 0; i < COUNT(words); i++) {
		struct modbus_seen seen = {.oddity = words[i].oddity, .asked = 65535, .got = 65535};
		char said[160];
		modbus_seen_add(&seen, (const uint8_t *)"USR-REG-0001\r\n", 14);
		modbus_seen_describe(&seen, said, sizeof(said));
		assert_non_null(strstr(said, words[i].word));
		assert_true(strlen("unit 247: ") + strlen(said) < DETAIL_BYTES);
	}
}

static void bytes_that_are_no_text_are_told_as_they_are(void **state)
{
	(void)state;
	struct modbus_seen seen = {.oddity = MODBUS_A_TEXT};
	uint8_t many[MODBUS_SEEN_BYTES] = {0};
	char said[160];

	modbus_seen_add(&seen, (const uint8_t *)"\x00\x07\x00\x01\x00z", 6);
	modbus_seen_describe(&seen, said, sizeof(said));
	assert_string_equal(said, "bytes that begin no Modbus frame came: 00 07 00 01 00 7a");
	modbus_seen_add(&seen, many, sizeof(many));
	modbus_seen_describe(&seen, said, sizeof(said));
	assert_true(strlen("unit 247: ") + strlen(said) < DETAIL_BYTES);
}

static void raw_frames_are_told_as_they_are(void **state)
{
	(void)state;
	struct modbus_seen seen = {.question_bytes = 0};
	uint8_t many[MODBUS_SEEN_BYTES + 9] = {0};
	char said[200];

	modbus_seen_frames(&seen, said, sizeof(said));
	assert_string_equal(said, "asked nothing, came nothing");
	memcpy(seen.question, "\x07\x03\x00\x64\x00\x02\xaa\xbb", 8);
	seen.question_bytes = 8;
	modbus_seen_add(&seen, (const uint8_t *)"\xff\x07", 2);
	modbus_seen_add(&seen, (const uint8_t *)"\x83", 1);
	modbus_seen_frames(&seen, said, sizeof(said));
	assert_string_equal(said, "asked 07 03 00 64 00 02 aa bb, came ff 07 83");
	modbus_seen_add(&seen, many, sizeof(many));
	modbus_seen_frames(&seen, said, sizeof(said));
	assert_non_null(strstr(said, " 00 and 12 more"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frame_is_found_behind_any_stray_bytes),
		cmocka_unit_test(frame_within_an_answer_is_not_taken),
		cmocka_unit_test(broken_answer_is_known_as_one),
		cmocka_unit_test(what_is_no_answer_has_a_name),
		cmocka_unit_test(words_fit_a_report_and_name_the_cure),
		cmocka_unit_test(bytes_that_are_no_text_are_told_as_they_are),
		cmocka_unit_test(raw_frames_are_told_as_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
