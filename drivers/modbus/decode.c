#include "modbus/decode.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"

#define WORD_BYTES 2u

const char *modbus_table_name(enum modbus_table table)
{
	static const char *const names[] = {
		[MODBUS_HOLDING] = "holding",
		[MODBUS_INPUT] = "input",
		[MODBUS_COIL] = "coil",
		[MODBUS_DISCRETE] = "discrete",
	};
	return names[table];
}

static bool holds_bits(const struct modbus_point_conf *conf)
{
	return conf->table == MODBUS_COIL || conf->table == MODBUS_DISCRETE;
}

enum modbus_type modbus_point_type(const struct modbus_point_conf *conf)
{
	if (conf->type != MODBUS_AUTO)
		return (enum modbus_type)conf->type;
	return holds_bits(conf) ? MODBUS_BOOL : MODBUS_U16;
}

static struct value_shape integer_shape(unsigned int bits, bool is_signed)
{
	return (struct value_shape){
		.type = VALUE_INT, .bits = (uint8_t)bits, .is_signed = is_signed};
}

struct value_shape modbus_point_shape(const void *point_conf)
{
	const struct modbus_point_conf *conf = point_conf;
	const unsigned int bits = 16u * modbus_point_width(conf);

	if (conf->bit >= 0)
		return (struct value_shape){.type = VALUE_BOOL, .bits = 16};
	if (conf->bits.count > 0)
		return integer_shape((unsigned int)conf->bits.count, false);
	switch (modbus_point_type(conf)) {
	case MODBUS_BOOL:
		return (struct value_shape){.type = VALUE_BOOL, .bits = holds_bits(conf) ? 0 : 16};
	case MODBUS_F32:
	case MODBUS_F64:
		return (struct value_shape){.type = VALUE_REAL};
	case MODBUS_STRING:
		return (struct value_shape){.type = VALUE_TEXT};
	case MODBUS_S16:
	case MODBUS_S32:
	case MODBUS_S64:
		return integer_shape(bits, true);
	case MODBUS_BCD16:
	case MODBUS_BCD32:
		return integer_shape(0, false); /* it wraps around at a power of ten */
	default:
		return integer_shape(bits, false);
	}
}

uint16_t modbus_point_width(const struct modbus_point_conf *conf)
{
	switch (modbus_point_type(conf)) {
	case MODBUS_U32:
	case MODBUS_S32:
	case MODBUS_F32:
	case MODBUS_BCD32:
		return 2;
	case MODBUS_U64:
	case MODBUS_S64:
	case MODBUS_F64:
		return 4;
	case MODBUS_STRING:
		return (uint16_t)conf->length;
	default:
		return 1;
	}
}

/* Brings the bytes into the order a b c d ... */
static void arrange(enum modbus_order order, const uint8_t *data, size_t words, uint8_t *ret_bytes)
{
	const bool reverse = order == MODBUS_CDAB || order == MODBUS_DCBA;
	const size_t swap = order == MODBUS_BADC || order == MODBUS_DCBA;

	for (size_t i = 0; i < words; i++) {
		const uint8_t *word = data + WORD_BYTES * (reverse ? words - 1 - i : i);
		ret_bytes[WORD_BYTES * i] = word[swap];
		ret_bytes[WORD_BYTES * i + 1] = word[1 - swap];
	}
}

static uint64_t big_endian(const uint8_t *bytes, size_t count)
{
	uint64_t value = 0;

	for (size_t i = 0; i < count; i++)
		value = value << 8 | bytes[i];
	return value;
}

static const char *decode_real(double real, struct value *ret_value)
{
	if (!isfinite(real))
		return "not a number; check its type and order";
	*ret_value = value_real(real);
	return NULL;
}

static const char *decode_f32(uint32_t bits, struct value *ret_value)
{
	float real;

	memcpy(&real, &bits, sizeof(real));
	return decode_real(isfinite(real) ? decimal_of_float(real) : (double)real, ret_value);
}

static const char *decode_f64(uint64_t bits, struct value *ret_value)
{
	double real;

	memcpy(&real, &bits, sizeof(real));
	return decode_real(real, ret_value);
}

static const char *decode_bcd(uint64_t bits, size_t bytes, struct value *ret_value)
{
	int64_t number = 0;

	for (size_t digit = 2 * bytes; digit-- > 0;) {
		const int64_t value = (int64_t)(bits >> (4 * digit) & 0xf);
		if (value > 9)
			return "not a decimal digit in a BCD number; check its type and order";
		number = number * 10 + value;
	}
	*ret_value = value_int(number);
	return NULL;
}

static const char *decode_flag(uint64_t bits, struct value *ret_value)
{
	if (bits > 1)
		return "neither 0 nor 1; check its type and order";
	*ret_value = value_bool(bits != 0);
	return NULL;
}

/* As many as a value has room for. */
static struct value bytes_in_hex(const uint8_t *bytes, size_t count)
{
	char text[VALUE_TEXT_BYTES] = "0x";
	size_t used = 2;

	for (size_t i = 0; i < count && used + 2 < sizeof(text); i++, used += 2)
		(void)snprintf(text + used, sizeof(text) - used, "%02X", bytes[i]);
	return value_text(text);
}

static bool is_empty_memory(const uint8_t *bytes, size_t count)
{
	size_t i = 0;

	while (i < count && bytes[i] == 0xff)
		i++;
	return i == count;
}

static bool is_padding(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n' || byte == 0xff;
}

/* Ends at the first NUL, whatever an earlier and longer text has left behind it. Blanks around
 * it, ends of line and 0xFF (empty memory) are not part of it. */
static const char *decode_string(const struct modbus_point_conf *conf, const uint8_t *bytes,
				 size_t count, struct value *ret_value)
{
	char text[VALUE_TEXT_BYTES] = "";

	*ret_value = bytes_in_hex(bytes, count);
	if (is_empty_memory(bytes, count))
		return "nothing but 0xFF: empty memory, or \"not available\"";
	count = strnlen((const char *)bytes, count);
	while (count > 0 && is_padding(bytes[count - 1]))
		count--;
	while (count > 0 && is_padding(bytes[0])) {
		bytes++;
		count--;
	}
	memcpy(text, bytes, count);
	const struct value printed = value_text(text);
	if (strcmp(printed.text, text) != 0)
		return "not a printable text; check its length and order";
	*ret_value = printed;
	for (size_t i = 0; i < conf->none_text.count; i++)
		if (strcmp(text, conf->none_text.item[i]) == 0)
			return "the device's word for \"nothing was read\" (none_text)";
	return NULL;
}

static const char *decode_registers(const struct modbus_point_conf *conf, const uint8_t *data,
				    struct value *ret_value)
{
	uint8_t bytes[WORD_BYTES * MODBUS_STRING_REGISTERS];
	const size_t words = modbus_point_width(conf), count = WORD_BYTES * words;

	arrange((enum modbus_order)conf->order, data, words, bytes);
	const uint64_t bits = big_endian(bytes, count < 8 ? count : 8);

	*ret_value = value_uint(bits);
	switch (modbus_point_type(conf)) {
	case MODBUS_BOOL:
		return decode_flag(bits, ret_value);
	case MODBUS_S16:
		*ret_value = value_int((int16_t)bits);
		return NULL;
	case MODBUS_S32:
		*ret_value = value_int((int32_t)bits);
		return NULL;
	case MODBUS_S64:
		*ret_value = value_int((int64_t)bits);
		return NULL;
	case MODBUS_F32:
		return decode_f32((uint32_t)bits, ret_value);
	case MODBUS_F64:
		return decode_f64(bits, ret_value);
	case MODBUS_STRING:
		return decode_string(conf, bytes, count, ret_value);
	case MODBUS_BCD16:
	case MODBUS_BCD32:
		return decode_bcd(bits, count, ret_value);
	default:
		return NULL;
	}
}

static uint64_t register_at(const struct modbus_point_conf *conf, const uint8_t *data)
{
	uint8_t word[WORD_BYTES];

	arrange((enum modbus_order)conf->order, data, 1, word);
	return big_endian(word, WORD_BYTES);
}

/* One bit as a truth value, several as a number. */
static void decode_bits(const struct modbus_point_conf *conf, const uint8_t *data,
			struct value *ret_value)
{
	const uint64_t bits = register_at(conf, data);

	if (conf->bit >= 0) {
		*ret_value = value_bool(bits >> conf->bit & 1);
		return;
	}
	const uint64_t mask = (UINT64_C(1) << conf->bits.count) - 1;
	*ret_value = value_uint(bits >> conf->bits.first & mask);
}

/* Of a truth value the register as a whole says that there is none. */
static bool is_none(const struct driver_point *point, const uint8_t *data, struct value *ret_value)
{
	for (size_t i = 0; i < point->none_count; i++) {
		const uint64_t bits = register_at(point->conf, data);

		if ((uint64_t)point->none[i] != bits)
			continue;
		*ret_value = value_uint(bits);
		return true;
	}
	return false;
}

const char *modbus_decode(const struct driver_point *point, const uint8_t *data, size_t offset,
			  struct value *ret_value)
{
	const struct modbus_point_conf *conf = point->conf;

	if (holds_bits(conf)) {
		*ret_value = value_bool(data[offset / 8] >> offset % 8 & 1);
		return NULL;
	}
	data += WORD_BYTES * offset;
	if (is_none(point, data, ret_value))
		return "the device's number for \"not available\" (none)";
	if (conf->bit >= 0 || conf->bits.count > 0) {
		decode_bits(conf, data, ret_value);
		return NULL;
	}
	return decode_registers(conf, data, ret_value);
}
