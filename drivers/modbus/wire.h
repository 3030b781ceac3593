/* A read request as bytes, and what a reply's bytes mean. Pure: no I/O, no state.
 *
 * On the wire, reading `count` registers or bits from `address`:
 *   RTU      unit function address(2) count(2) crc(2, low byte first)
 *            unit function bytes data... crc(2)
 *   TCP      transaction(2) 0 0 length(2)  unit function address(2) count(2)
 *            transaction(2) 0 0 length(2)  unit function bytes data...
 *   refused  ... unit function|0x80 exception ...
 * A reply repeats neither address nor count: only unit, function and number of
 * bytes (its shape) tell whether it can be the answer, over TCP also the
 * transaction.
 */
#ifndef CORRIDORD_MODBUS_WIRE_H
#define CORRIDORD_MODBUS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODBUS_ADU_BYTES     260 /* the longest frame of either framing */
#define MODBUS_REQUEST_BYTES 12

#define MODBUS_TCP_LEAST_BYTES 9 /* of a reply over TCP: a refusal */

enum modbus_framing { MODBUS_FRAMING_RTU, MODBUS_FRAMING_TCP };

enum modbus_function {
	MODBUS_READ_COILS = 1,
	MODBUS_READ_DISCRETE = 2,
	MODBUS_READ_HOLDING = 3,
	MODBUS_READ_INPUT = 4,
};

enum modbus_exception {
	MODBUS_ILLEGAL_FUNCTION = 1,
	MODBUS_ILLEGAL_ADDRESS = 2,
	MODBUS_ILLEGAL_VALUE = 3,
	MODBUS_ACKNOWLEDGED = 5, /* "accepted, takes long": ask again */
	MODBUS_BUSY = 6,
	MODBUS_NO_PATH = 10, /* from a gateway, about the unit behind it */
	MODBUS_NO_RESPONSE = 11,
};

/* A gateway's word about a unit, not the unit's. */
static inline bool modbus_is_of_gateway(uint8_t exception)
{
	return exception == MODBUS_NO_PATH || exception == MODBUS_NO_RESPONSE;
}

struct modbus_request {
	uint8_t unit;
	uint8_t function;
	uint16_t address; /* from 0 */
	uint16_t count;
};

struct modbus_reply {
	int64_t at_mono_ns; /* the reader's */
	uint16_t transaction; /* TCP */
	uint8_t unit, function;
	bool refused;
	uint8_t exception; /* when refused */
	const uint8_t *data; /* in the caller's frame */
	size_t data_bytes;
};

uint16_t modbus_crc(const uint8_t *bytes, size_t count);

/* How many bytes of data the answer to a request has. */
size_t modbus_data_bytes(uint8_t function, uint16_t count);

/* Number of bytes written: 8 (RTU) or 12 (TCP). */
size_t modbus_wire_request(enum modbus_framing framing, const struct modbus_request *request,
			   uint16_t transaction, uint8_t ret_frame[MODBUS_REQUEST_BYTES]);

/* Length of the RTU reply that starts like this; frame has at least three bytes. */
size_t modbus_rtu_bytes(const uint8_t *frame);

/* Length of the reply over TCP that starts like this; frame has at least MODBUS_TCP_LEAST_BYTES.
 * 0: it is longer than a frame can be, or its head does not agree with its body. */
size_t modbus_tcp_bytes(const uint8_t *frame);

/* Takes one whole frame apart; false: it is not sound. Leaves at_mono_ns as it was. */
bool modbus_wire_reply(enum modbus_framing framing, const uint8_t *frame, size_t frame_bytes,
		       struct modbus_reply *ret_reply);

/* By unit, function and length: all that RTU framing tells. */
bool modbus_could_answer(const struct modbus_reply *reply, const struct modbus_request *request);

#endif
