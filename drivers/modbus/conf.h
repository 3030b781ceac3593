/* The options of the Modbus cards, as the configuration fills them in.
 *
 * The tables that describe them are in options.c; the meaning of a value is the
 * same for every card. Durations are nanoseconds.
 */
#ifndef CORRIDORD_MODBUS_CONF_H
#define CORRIDORD_MODBUS_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "config/option.h"

enum modbus_table { MODBUS_HOLDING, MODBUS_INPUT, MODBUS_COIL, MODBUS_DISCRETE };

enum modbus_type {
	MODBUS_AUTO, /* bool of a coil or discrete input, u16 of a register */
	MODBUS_BOOL,
	MODBUS_U16,
	MODBUS_S16,
	MODBUS_U32,
	MODBUS_S32,
	MODBUS_U64,
	MODBUS_S64,
	MODBUS_F32,
	MODBUS_F64,
	MODBUS_STRING,
	MODBUS_BCD16,
	MODBUS_BCD32,
};

/* Where the bytes of a value lie on the wire; a is the most significant. */
enum modbus_order {
	MODBUS_ABCD, /* big-endian throughout */
	MODBUS_CDAB, /* words reversed */
	MODBUS_BADC, /* bytes swapped in each word */
	MODBUS_DCBA, /* both */
};

/* A card fills what its link has; the rest stays zero. */
struct modbus_bus_conf {
	char *line; /* of a serial line: its device */
	int baud;
	int parity; /* 'N', 'E' or 'O' */
	int64_t data_bits, stop_bits;
	bool rs485;
	char *host; /* of a connection */
	int64_t tcp_port;
	int64_t connect_timeout_ns;
	int64_t gap_ns; /* of RTU framing */
	int64_t late_reply_guard_ns; /* 0: ten times the timeout of the device */
	bool echo; /* of RTU framing: the adapter hears what it sends */
};

struct modbus_device_conf {
	int64_t unit;
	int64_t address_base; /* 0 or 1: what the manual calls the first register */
	int64_t max_registers, max_bits; /* in one request */
	int64_t max_hole, max_hole_bits; /* read in vain to merge two requests */
	int64_t timeout_ns;
	int64_t retries;
};

struct modbus_point_conf {
	int table; /* enum modbus_table */
	int64_t address; /* counted from address_base */
	int type; /* enum modbus_type */
	int order; /* enum modbus_order */
	int64_t length; /* registers of a string */
	struct conf_list none_text; /* words of a string that mean that nothing was read */
	int64_t bit; /* of a 16-bit register, 0: least significant; -1: all of it */
	struct conf_range bits; /* of a 16-bit register, as a number; none: all of it */
};

const char *modbus_table_name(enum modbus_table table);

#endif
