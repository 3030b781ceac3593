#include "modbus/wire.h"

#define MBAP_BYTES    6 /* transaction, protocol, length */
#define EXCEPTION_BIT 0x80

static uint16_t get_u16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void put_u16(uint8_t *bytes, uint16_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

uint16_t modbus_crc(const uint8_t *bytes, size_t count)
{
	unsigned int crc = 0xffff;

	for (size_t i = 0; i < count; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc & 1) ? (crc >> 1) ^ 0xa001 : crc >> 1;
	}
	return (uint16_t)crc;
}

size_t modbus_data_bytes(uint8_t function, uint16_t count)
{
	if (function == MODBUS_READ_COILS || function == MODBUS_READ_DISCRETE)
		return (count + 7u) / 8u;
	return 2u * count;
}

size_t modbus_wire_request(enum modbus_framing framing, const struct modbus_request *request,
			   uint16_t transaction, uint8_t ret_frame[MODBUS_REQUEST_BYTES])
{
	uint8_t *pdu = ret_frame;

	if (framing == MODBUS_FRAMING_TCP) {
		put_u16(ret_frame, transaction);
		put_u16(ret_frame + 2, 0);
		put_u16(ret_frame + 4, 6);
		pdu += MBAP_BYTES;
	}
	pdu[0] = request->unit;
	pdu[1] = request->function;
	put_u16(pdu + 2, request->address);
	put_u16(pdu + 4, request->count);
	if (framing == MODBUS_FRAMING_TCP)
		return MBAP_BYTES + 6;

	const uint16_t crc = modbus_crc(pdu, 6);
	pdu[6] = (uint8_t)crc;
	pdu[7] = (uint8_t)(crc >> 8);
	return 8;
}

size_t modbus_rtu_bytes(const uint8_t *frame)
{
	return (frame[1] & EXCEPTION_BIT) ? 5 : 5u + frame[2];
}

size_t modbus_tcp_bytes(const uint8_t *frame)
{
	const size_t said_bytes = MBAP_BYTES + get_u16(frame + 4);
	const uint8_t *body = frame + MBAP_BYTES;
	const size_t bytes = MBAP_BYTES + ((body[1] & EXCEPTION_BIT) ? 3 : 3u + body[2]);

	return said_bytes == bytes && bytes <= MODBUS_ADU_BYTES ? bytes : 0;
}

/* body: unit, function and what follows, without checksum. */
static bool read_body(const uint8_t *body, size_t body_bytes, struct modbus_reply *ret_reply)
{
	const uint8_t function = body[1] & (uint8_t)~EXCEPTION_BIT;
	const bool refused = body[1] & EXCEPTION_BIT;

	if (function < MODBUS_READ_COILS || function > MODBUS_READ_INPUT)
		return false;
	if (refused ? body_bytes != 3 : body_bytes != 3u + body[2])
		return false;
	ret_reply->unit = body[0];
	ret_reply->function = function;
	ret_reply->refused = refused;
	ret_reply->exception = refused ? body[2] : 0;
	ret_reply->data = body + 3;
	ret_reply->data_bytes = body_bytes - 3;
	return true;
}

static bool read_rtu(const uint8_t *frame, size_t frame_bytes, struct modbus_reply *ret_reply)
{
	/* Over the bytes and their checksum together the sum is zero. */
	return frame_bytes >= 5 && modbus_crc(frame, frame_bytes) == 0 &&
	       read_body(frame, frame_bytes - 2, ret_reply);
}

static bool read_tcp(const uint8_t *frame, size_t frame_bytes, struct modbus_reply *ret_reply)
{
	if (frame_bytes < MBAP_BYTES + 3 || get_u16(frame + 2) != 0 ||
	    get_u16(frame + 4) != frame_bytes - MBAP_BYTES)
		return false;
	ret_reply->transaction = get_u16(frame);
	return read_body(frame + MBAP_BYTES, frame_bytes - MBAP_BYTES, ret_reply);
}

bool modbus_wire_reply(enum modbus_framing framing, const uint8_t *frame, size_t frame_bytes,
		       struct modbus_reply *ret_reply)
{
	if (framing == MODBUS_FRAMING_TCP)
		return read_tcp(frame, frame_bytes, ret_reply);
	return read_rtu(frame, frame_bytes, ret_reply);
}

bool modbus_could_answer(const struct modbus_reply *reply, const struct modbus_request *request)
{
	return reply->unit == request->unit && reply->function == request->function &&
	       (reply->refused ||
		reply->data_bytes == modbus_data_bytes(request->function, request->count));
}
