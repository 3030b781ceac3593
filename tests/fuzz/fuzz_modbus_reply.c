/* Fuzzes what a Modbus device may send.
 *
 * Input: five bytes that choose the question (below), then the device's bytes. They go
 * through the judging of one frame, and through a whole TCP exchange with the library in
 * it: neither may read outside them, and what is taken for an answer must fit the question.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "modbus/decode.h"
#include "modbus/link.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t bytes);

#define HEAD_BYTES 5
#define TYPES	   (MODBUS_BCD32 + 1)

struct question {
	struct modbus_request request;
	struct modbus_point_conf point;
	bool mend_checksum; /* a fuzzer does not find it by itself */
};

static struct question choose(const unsigned char *head)
{
	static const enum modbus_table tables[] = {MODBUS_COIL, MODBUS_DISCRETE, MODBUS_HOLDING,
						   MODBUS_INPUT};
	const uint8_t function = (uint8_t)(1 + (head[0] & 3));

	return (struct question){
		.request = {.unit = 3,
			    .function = function,
			    .count = (uint16_t)(1 + head[1] % 125)},
		.point = {.table = (int)tables[function - 1],
			  .type = head[2] % TYPES,
			  .order = head[3] & 3,
			  .length = 1 + head[4] % MODBUS_STRING_REGISTERS,
			  .bit = (head[3] & 4) ? head[4] & 15 : -1},
		.mend_checksum = head[0] & 4,
	};
}

static void check_value(const struct value *value)
{
	if (value->type == VALUE_NONE || (value->type == VALUE_REAL && !isfinite(value->real)) ||
	    (value->type == VALUE_TEXT && !memchr(value->text, 0, sizeof(value->text))))
		abort();
}

/* Every place in the answer where the point could lie. */
static void decode_all(const struct question *question, const struct modbus_reply *reply)
{
	static const int64_t none[] = {0xffff};
	const struct driver_point point = {
		.conf = &question->point, .none = none, .none_count = question->point.bit >= 0};
	const size_t width = question->point.bit >= 0 ? 1 : modbus_point_width(&question->point);

	for (size_t at = 0; at + width <= question->request.count; at++) {
		struct value value = {.type = VALUE_NONE};
		(void)modbus_decode(&point, reply->data, at, &value);
		check_value(&value);
	}
}

static void check_answer(const struct question *question, const struct modbus_reply *reply)
{
	const struct modbus_request *request = &question->request;

	if (!modbus_could_answer(reply, request) || reply->unit != request->unit)
		abort();
	if (reply->refused)
		return;
	if (reply->data_bytes != modbus_data_bytes(request->function, request->count))
		abort();
	decode_all(question, reply);
}

static void judge(enum modbus_framing framing, const struct question *question,
		  const unsigned char *bytes, size_t count)
{
	unsigned char *frame = malloc(count + 1); /* so that reading past its end is seen */
	struct modbus_reply reply = {0};

	if (!frame)
		return;
	memcpy(frame, bytes, count);
	if (framing == MODBUS_FRAMING_RTU && question->mend_checksum && count >= 3) {
		const uint16_t crc = modbus_crc(frame, count - 2);
		frame[count - 2] = (unsigned char)crc;
		frame[count - 1] = (unsigned char)(crc >> 8);
	}
	const bool sound = modbus_wire_reply(framing, frame, count, &reply);
	if (framing == MODBUS_FRAMING_TCP && count >= MODBUS_TCP_LEAST_BYTES) {
		const size_t bytes = modbus_tcp_bytes(frame);
		if (bytes > MODBUS_ADU_BYTES ||
		    (sound && bytes != count && count <= MODBUS_ADU_BYTES))
			abort();
	}
	if (sound && modbus_could_answer(&reply, &question->request))
		check_answer(question, &reply);
	free(frame);
}

/* Bytes as they come over a line, in two parts. */
static void find(const struct question *question, const unsigned char *bytes, size_t count)
{
	struct modbus_questions *questions = calloc(1, sizeof(*questions));
	struct modbus_input *input = calloc(1, sizeof(*input));
	const struct modbus_question open = {.request = question->request};
	const struct modbus_seen seen = {.question_bytes = 0};
	struct modbus_reply reply = {0};
	struct modbus_found found;

	if (!questions || !input)
		abort();
	modbus_questions_add(questions, &open);
	if (count > MODBUS_INPUT_BYTES)
		count = MODBUS_INPUT_BYTES;
	memcpy(input->bytes, bytes, count);
	input->count = count / 2;
	(void)modbus_input_find(input, questions, &found);
	input->count = count;
	while (modbus_input_find(input, questions, &found)) {
		if (found.at + found.bytes > input->count ||
		    !modbus_wire_reply(MODBUS_FRAMING_RTU, input->bytes + found.at, found.bytes,
				       &reply))
			abort();
		modbus_input_drop(input, found.at + found.bytes);
	}
	if (input->count > 0)
		(void)modbus_input_oddity(input, questions, &seen);
	free(input);
	free(questions);
}

/* The device has sent all its bytes and hung up before it was asked: nothing waits. */
static void exchange(const struct question *question, const unsigned char *bytes, size_t count)
{
	char host[] = "127.0.0.1";
	/* Opened again in vain: nobody listens there. */
	const struct modbus_bus_conf conf = {
		.host = host, .tcp_port = 1, .connect_timeout_ns = 1000000000};
	struct modbus_reply reply = {0};
	struct modbus_link *link = malloc(sizeof(*link));
	int ends[2];

	if (!link || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		abort();
	modbus_link_init(link, MODBUS_TCP, &conf);
	link->ctx = modbus_new_tcp(NULL, 0);
	link->fd = ends[0];
	modbus_set_socket(link->ctx, ends[0]);
	modbus_set_byte_timeout(link->ctx, 0, 0);
	link->transaction = 0x0100; /* the next is 0x0101, and these came before: */
	link->late[link->late_count++] = (struct modbus_late){.transaction = 0x0100};
	link->late[link->late_count++] = (struct modbus_late){.transaction = 0x00ff};
	if (write(ends[1], bytes, count) != (ssize_t)count)
		abort();
	shutdown(ends[1], SHUT_WR);

	const struct modbus_wait wait = {.patience_ns = 1000000000, .timeout_ns = 1000000000};
	const enum modbus_outcome outcome =
		modbus_exchange(link, &question->request, &wait, &reply);
	if (outcome == MODBUS_ANSWERED)
		check_answer(question, &reply);
	else if (outcome != MODBUS_WRONG_UNIT && !link->lost)
		abort();
	modbus_link_close(link);
	close(ends[1]);
	free(link);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t bytes)
{
	if (bytes < HEAD_BYTES || bytes > HEAD_BYTES + 4096)
		return 0;
	const struct question question = choose(data);
	const unsigned char *sent = data + HEAD_BYTES;
	const size_t count = bytes - HEAD_BYTES;

	judge(MODBUS_FRAMING_RTU, &question, sent, count);
	judge(MODBUS_FRAMING_TCP, &question, sent, count);
	find(&question, sent, count);
	exchange(&question, sent, count);
	return 0;
}
