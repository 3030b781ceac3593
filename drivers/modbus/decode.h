/* Registers and bits, as they come off the wire, to values. Pure. */
#ifndef CORRIDORD_MODBUS_DECODE_H
#define CORRIDORD_MODBUS_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "bus/driver.h"
#include "modbus/conf.h"

#define MODBUS_STRING_REGISTERS ((VALUE_TEXT_BYTES - 1) / 2)

/* AUTO resolved by the table and the bit. */
enum modbus_type modbus_point_type(const struct modbus_point_conf *conf);

/* What its values can be. conf: struct modbus_point_conf. */
struct value_shape modbus_point_shape(const void *conf);

/* How many registers (or bits) the point takes. */
uint16_t modbus_point_width(const struct modbus_point_conf *conf);

/* data: the answer's bytes; offset: where the point starts in it, in registers (or bits),
 * with its width inside. NULL, or why the bytes are no value of the point: *ret_value is what they
 * are then, a number of their bits or the bytes in hex. */
const char *modbus_decode(const struct driver_point *point, const uint8_t *data, size_t offset,
			  struct value *ret_value);

#endif
