/* Modbus masters on libmodbus: a serial line, a connection, RTU frames over a
 * connection. What a device offers is four tables (holding and input registers
 * of 16 bits, coils and discrete inputs of one bit), each addressed from 0 to
 * 65535; a point is one value in one of them.
 *
 * Here: the cards, and what the tables of options cannot check.
 *   options.c   the options
 *   poll.c      a device's points, once
 *   plan.c      which request reads which points
 *   peek.c      registers as they are, for people
 *   tell.c      what went wrong, for people
 *   exchange.c  one request and its answer
 *   questions.c questions that may still be answered
 *   input.c     bytes that have come, and the frames in them
 *   seen.c      what came instead of an answer
 *   link.c      opening and closing
 *   wire.c      frames as bytes
 *   decode.c    registers to values
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modbus/decode.h"
#include "modbus/options.h"
#include "modbus/peek.h"
#include "modbus/poll.h"

#define UNIT_LAST_RTU 247 /* above: reserved; 0 is for everybody, and nobody answers it */
#define UNIT_NONE_TCP 255 /* "the device itself" */
#define LAST_ADDRESS  65535

/* ---- what the tables cannot check --------------------------------------------------- */

static int complain(struct driver_complaint *complaint, size_t device, size_t point,
		    const char *format, ...) __attribute__((format(printf, 4, 5)));

static int complain(struct driver_complaint *complaint, size_t device, size_t point,
		    const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(complaint->message, sizeof(complaint->message), format, args);
	va_end(args);
	complaint->device = device;
	complaint->point = point;
	return -EINVAL;
}

/* A text is read without the blanks around it. */
static bool is_never_read(const struct modbus_point_conf *conf, const char *word)
{
	const size_t length = strlen(word);

	return length > 2 * (size_t)conf->length || word[0] == ' ' || word[length - 1] == ' ';
}

static bool has_word_never_read(const struct modbus_point_conf *conf)
{
	for (size_t i = 0; i < conf->none_text.count; i++)
		if (is_never_read(conf, conf->none_text.item[i]))
			return true;
	return false;
}

/* NULL, or what is wrong with the kind of the value. */
static const char *mistyped(const struct modbus_point_conf *conf)
{
	const enum modbus_type type = modbus_point_type(conf);
	const bool bits = conf->table == MODBUS_COIL || conf->table == MODBUS_DISCRETE;

	if (bits && type != MODBUS_BOOL)
		return "a coil or discrete input is of type bool, expected no other type";
	if (bits && conf->bit >= 0)
		return "bit picks from a register, expected table holding or input";
	if (bits && conf->bits.count > 0)
		return "bits picks from a register, expected table holding or input";
	if (bits && conf->order != MODBUS_ABCD)
		return "a coil or discrete input has no order of bytes, expected no order";
	if (conf->order == MODBUS_CDAB && modbus_point_width(conf) == 1)
		return "order cdab reverses registers, and the value has one, expected no order, or badc "
		       "for swapped bytes";
	if (conf->bit >= 0 && type != MODBUS_U16 && type != MODBUS_BOOL)
		return "bit picks from a 16-bit register, expected type u16 or none";
	if (conf->bits.count > 0 && type != MODBUS_U16)
		return "bits picks from a 16-bit register, expected type u16 or none";
	if (conf->bit >= 0 && conf->bits.count > 0)
		return "has both bit and bits, expected one of them";
	if (type == MODBUS_STRING && conf->length < 1)
		return "a string needs its length in registers, expected length = 1 to 31";
	if (type != MODBUS_STRING && conf->length != 0)
		return "only a string has a length, expected type = \"string\" or no length";
	if (type != MODBUS_STRING && conf->none_text.count > 0)
		return "only a string has none_text, expected type = \"string\" or no none_text";
	if (has_word_never_read(conf))
		return "none_text has a word that the string is too short for, or one with a blank at "
		       "an end";
	return NULL;
}

static int check_point(const struct driver_setup *setup, size_t device, size_t point,
		       struct driver_complaint *complaint)
{
	const struct modbus_device_conf *dev = setup->devices[device].conf;
	const struct modbus_point_conf *conf = setup->devices[device].points[point].conf;
	const char *wrong = mistyped(conf);
	const bool bits = conf->table == MODBUS_COIL || conf->table == MODBUS_DISCRETE;
	const int width = wrong ? 1 : modbus_point_width(conf);
	const int first = (int)dev->address_base;

	if (wrong)
		return complain(complaint, device, point, "%s", wrong);
	if (conf->address < first)
		return complain(complaint, device, point,
				"address 0 with address_base 1, expected 1 or more");
	if (conf->address - first + width > LAST_ADDRESS + 1)
		return complain(complaint, device, point,
				"address %d ends beyond the table, expected at most %d",
				(int)conf->address, LAST_ADDRESS + 1 + first - width);
	if (!bits && width > dev->max_registers)
		return complain(complaint, device, point,
				"the value takes %d registers, the device's max_registers is %d",
				width, (int)dev->max_registers);
	return 0;
}

static int check_device(const struct driver_setup *setup, size_t device, bool tcp,
			struct driver_complaint *complaint)
{
	const struct modbus_device_conf *conf = setup->devices[device].conf;
	const bool numbered = conf->unit >= 1 && conf->unit <= UNIT_LAST_RTU;
	int err = 0;

	if (!numbered && !(tcp && (conf->unit == 0 || conf->unit == UNIT_NONE_TCP)))
		return complain(complaint, device, DRIVER_ALL, "unit %d, expected 1 to 247%s",
				(int)conf->unit, tcp ? ", or 0 or 255 for the device itself" : "");
	for (size_t point = 0; err == 0 && point < setup->devices[device].point_count; point++)
		err = check_point(setup, device, point, complaint);
	return err;
}

/* ---- the instance ------------------------------------------------------------------- */

static void modbus_instance_free(void *instance)
{
	struct modbus_bus *bus = instance;

	if (!bus)
		return;
	modbus_link_close(&bus->link);
	for (size_t i = 0; bus->devices && i < bus->setup->device_count; i++)
		modbus_plan_fini(&bus->devices[i].plan);
	free(bus->devices);
	free(bus);
}

static int64_t unit_of(const struct modbus_bus *bus, size_t device)
{
	const struct modbus_device_conf *conf = bus->setup->devices[device].conf;

	return conf->unit;
}

/* One question per unit whose answer no device of that unit can take for another's. */
static void choose_probes(struct modbus_bus *bus)
{
	for (size_t i = 0; i < bus->setup->device_count; i++) {
		const struct modbus_plan *plan = &bus->devices[i].plan;
		const int64_t unit = unit_of(bus, i);
		struct modbus_shapes shapes = {0};

		for (size_t j = 0; j < bus->setup->device_count; j++)
			if (unit_of(bus, j) == unit)
				modbus_plan_shapes(&bus->devices[j].plan, &shapes);
		if (plan->read_count > 0)
			bus->link.probe[unit] = modbus_plan_probe(plan, &shapes);
	}
}

static int make(const struct driver_setup *setup, enum modbus_kind kind,
		struct modbus_bus **ret_bus)
{
	struct modbus_bus *bus = calloc(1, sizeof(*bus));
	int err = bus ? 0 : -ENOMEM;

	if (err < 0)
		return err;
	bus->setup = setup;
	modbus_link_init(&bus->link, kind, setup->conf);
	bus->devices = calloc(setup->device_count + 1, sizeof(*bus->devices));
	if (!bus->devices)
		err = -ENOMEM;
	for (size_t i = 0; err == 0 && i < setup->device_count; i++) {
		bus->devices[i].setup = &setup->devices[i];
		bus->devices[i].conf = setup->devices[i].conf;
		err = modbus_plan_init(&bus->devices[i].plan, &setup->devices[i]);
	}
	if (err < 0) {
		modbus_instance_free(bus);
		return err;
	}
	choose_probes(bus);
	*ret_bus = bus;
	return 0;
}

static int modbus_new(const struct driver_setup *setup, enum modbus_kind kind, void **ret_instance,
		      struct driver_complaint *complaint)
{
	struct modbus_bus *bus;
	int err = 0;

	if (!setup->conf)
		return complain(complaint, 0, DRIVER_ALL, "no line or connection, expected a bus");
	for (size_t i = 0; err == 0 && i < setup->device_count; i++)
		err = check_device(setup, i, kind == MODBUS_TCP, complaint);
	if (err == 0)
		err = make(setup, kind, &bus);
	if (err == 0)
		*ret_instance = bus;
	return err;
}

static int new_rtu(const struct driver_setup *setup, void **ret_instance,
		   struct driver_complaint *complaint)
{
	return modbus_new(setup, MODBUS_RTU, ret_instance, complaint);
}

static int new_tcp(const struct driver_setup *setup, void **ret_instance,
		   struct driver_complaint *complaint)
{
	return modbus_new(setup, MODBUS_TCP, ret_instance, complaint);
}

static int new_rtu_tcp(const struct driver_setup *setup, void **ret_instance,
		       struct driver_complaint *complaint)
{
	return modbus_new(setup, MODBUS_RTU_TCP, ret_instance, complaint);
}

static bool modbus_place(const void *bus_conf, char *ret_place, size_t place_bytes)
{
	const struct modbus_bus_conf *conf = bus_conf;

	if (conf->line)
		snprintf(ret_place, place_bytes, "%s", conf->line);
	else
		snprintf(ret_place, place_bytes, "%s:%d", conf->host, (int)conf->tcp_port);
	return conf->line;
}

static int64_t modbus_unit(const void *device_conf)
{
	const struct modbus_device_conf *conf = device_conf;

	return conf->unit;
}

/* Manuals write table and number as one: 40101 is the 101st holding register. */
static bool modbus_doubt(const void *point_conf, char ret_words[DRIVER_DOUBT_BYTES])
{
	static const int64_t first[] = {[MODBUS_HOLDING] = 40001,
					[MODBUS_INPUT] = 30001,
					[MODBUS_COIL] = 0,
					[MODBUS_DISCRETE] = 10001};
	const struct modbus_point_conf *conf = point_conf;
	const int64_t number = conf->address - first[conf->table] + 1;

	if (conf->table == MODBUS_COIL || number < 1 || number > 9999)
		return false;
	snprintf(
		ret_words, DRIVER_DOUBT_BYTES,
		"address %lld is beyond most devices: in a manual it is %s %lld, which is address = "
		"%lld with address_base = 1",
		(long long)conf->address, modbus_table_name((enum modbus_table)conf->table),
		(long long)number, (long long)number);
	return true;
}

static bool is_string(const struct modbus_point_conf *conf)
{
	return modbus_point_type(conf) == MODBUS_STRING;
}

/* Bits of one register, the same registers read in two ways and a part of a text are meant so. */
static bool modbus_overlap(const void *point_conf, const void *other_conf)
{
	const struct modbus_point_conf *a = point_conf, *b = other_conf;
	const int64_t a_end = a->address + modbus_point_width(a);
	const int64_t b_end = b->address + modbus_point_width(b);

	if (a->table != b->table || a->address == b->address || a->address >= b_end ||
	    b->address >= a_end)
		return false;
	return (!is_string(a) || b->address < a->address || b_end > a_end) &&
	       (!is_string(b) || a->address < b->address || a_end > b_end);
}

static int64_t modbus_wire_ns(const void *instance, size_t device)
{
	const struct modbus_bus *bus = instance;
	const struct modbus_plan *plan = &bus->devices[device].plan;
	int64_t ns = 0;

	for (size_t i = 0; i < plan->read_count; i++)
		ns += modbus_link_wire_ns(&bus->link, &plan->reads[i].request);
	return ns;
}

static int64_t modbus_vain_ns(const void *instance, size_t device)
{
	const struct modbus_bus *bus = instance;

	return bus->devices[device].conf->timeout_ns;
}

/* USB ports are numbered in the order they are found: after a restart ttyUSB0 may be the
 * adapter of another lane. */
static void warn_of_number(const struct modbus_bus *bus)
{
	const struct driver_host *host = &bus->setup->host;
	const char *line = bus->link.conf->line;
	char what[160];

	if (!line ||
	    (strncmp(line, "/dev/ttyUSB", 11) != 0 && strncmp(line, "/dev/ttyACM", 11) != 0))
		return;
	snprintf(what, sizeof(what),
		 "%s may be another adapter after a restart: use /dev/serial/by-path/...", line);
	host->debug(host->data, what);
}

static int modbus_open(void *instance)
{
	struct modbus_bus *bus = instance;
	const struct driver_host *host = &bus->setup->host;

	warn_of_number(bus);
	const int err = modbus_link_open(&bus->link);
	for (size_t i = 0; i < bus->setup->device_count; i++) {
		if (err < 0)
			host->fault(host->data, i, DRIVER_ALL, REASON_LINK_DOWN, bus->link.why);
		else
			modbus_plan_reset(&bus->devices[i].plan);
	}
	return err;
}

static void modbus_instance_close(void *instance)
{
	struct modbus_bus *bus = instance;

	modbus_link_close(&bus->link);
}

/* ---- the cards ---------------------------------------------------------------------- */

#define MODBUS_CARD                                                                             \
	.blocking = true, .device = {modbus_device_options, sizeof(struct modbus_device_conf)}, \
	.point = {modbus_point_options, sizeof(struct modbus_point_conf)},                      \
	.destroy = modbus_instance_free, .open = modbus_open, .close = modbus_instance_close,   \
	.poll = modbus_poll, .peek = modbus_peek, .shape = modbus_point_shape,                  \
	.longest_ns = modbus_longest_ns, .place = modbus_place, .unit = modbus_unit,            \
	.wire_ns = modbus_wire_ns, .vain_ns = modbus_vain_ns, .doubt = modbus_doubt,            \
	.overlap = modbus_overlap

const struct driver modbus_rtu_driver = {
	.name = "modbus-rtu",
	.summary = "Modbus devices on a serial line (RTU)",
	.bus = {modbus_line_options, sizeof(struct modbus_bus_conf)},
	.create = new_rtu,
	MODBUS_CARD,
};

const struct driver modbus_tcp_driver = {
	.name = "modbus-tcp",
	.summary = "Modbus devices behind a TCP connection",
	.bus = {modbus_tcp_options, sizeof(struct modbus_bus_conf)},
	.create = new_tcp,
	MODBUS_CARD,
};

const struct driver modbus_rtu_tcp_driver = {
	.name = "modbus-rtu-tcp",
	.summary = "Modbus devices on a serial line behind a converter (RTU frames over TCP)",
	.bus = {modbus_rtu_tcp_options, sizeof(struct modbus_bus_conf)},
	.create = new_rtu_tcp,
	MODBUS_CARD,
};
