#include "modbus/input.h"

#include <string.h>

#define HEAD_BYTES 3 /* unit, function, and the number of bytes or the exception */
#define TEXT_LEAST 3 /* characters that make a text */

static bool is_sound(const uint8_t *frame, size_t bytes)
{
	struct modbus_reply reply;

	return modbus_wire_reply(MODBUS_FRAMING_RTU, frame, bytes, &reply);
}

/* What begins here is, or may become, the answer to an open question. */
static bool fits(const uint8_t *head, size_t bytes, const struct modbus_questions *questions)
{
	struct modbus_reply reply = {.unit = head[0]};

	if (bytes >= 2) {
		reply.function = head[1] & 0x7f;
		reply.refused = head[1] & 0x80;
	}
	if (bytes >= HEAD_BYTES && !reply.refused)
		reply.data_bytes = head[2];
	for (size_t i = 0; i < questions->count; i++) {
		const struct modbus_request *request = &questions->items[i].request;
		if (bytes >= HEAD_BYTES
			    ? modbus_could_answer(&reply, request)
			    : reply.unit == request->unit &&
				      (bytes < 2 || reply.function == request->function))
			return true;
	}
	return false;
}

bool modbus_input_find(const struct modbus_input *input, const struct modbus_questions *questions,
		       struct modbus_found *ret_found)
{
	*ret_found = (struct modbus_found){.broken = false};
	for (size_t at = 0; at < input->count; at++) {
		const uint8_t *frame = input->bytes + at;
		const size_t left = input->count - at;
		const size_t bytes = left < HEAD_BYTES ? SIZE_MAX : modbus_rtu_bytes(frame);
		const bool expected = fits(frame, left, questions);
		if (bytes > left) {
			if (expected)
				return false; /* the rest of it is to come */
			continue;
		}
		if (is_sound(frame, bytes) && (expected || at == 0)) {
			ret_found->at = at;
			ret_found->bytes = bytes;
			return true;
		}
		ret_found->broken |= expected;
	}
	return false;
}

void modbus_input_drop(struct modbus_input *input, size_t count)
{
	input->count -= count;
	memmove(input->bytes, input->bytes + count, input->count);
}

static bool is_text(const uint8_t *bytes, size_t count)
{
	size_t printable = 0;

	while (printable < count && ((bytes[printable] >= 0x20 && bytes[printable] < 0x7f) ||
				     bytes[printable] == '\r' || bytes[printable] == '\n'))
		printable++;
	return count >= TEXT_LEAST && printable == count;
}

enum modbus_oddity modbus_input_oddity(const struct modbus_input *input,
				       const struct modbus_questions *questions,
				       const struct modbus_seen *seen)
{
	struct modbus_found found;

	if (input->count >= seen->question_bytes && seen->question_bytes > 0 &&
	    memcmp(input->bytes, seen->question, seen->question_bytes) == 0)
		return MODBUS_OWN_QUESTION;
	(void)modbus_input_find(input, questions, &found);
	if (found.broken)
		return MODBUS_BAD_CHECKSUM;
	if (fits(input->bytes, input->count, questions) && input->count >= HEAD_BYTES)
		return MODBUS_TORN;
	return is_text(input->bytes, input->count) ? MODBUS_A_TEXT : MODBUS_NO_FRAME;
}
