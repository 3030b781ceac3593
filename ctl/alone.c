#include "ctl/alone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "drivers.h"
#include "frames/host.h"
#include "modbus/conf.h"

#define CONNECT_NS     (3 * NS_PER_S)
#define ANSWER_NS      NS_PER_S
#define REGISTERS_MOST 125
#define BITS_MOST      2000
#define DEVICES	       (1 + ALONE_UNIT_MOST)

struct alone_bus {
	const struct driver *driver;
	struct driver_setup setup;
	void *instance; /* NULL: not yet */
	struct driver_peek told; /* why it cannot be opened */
	struct modbus_bus_conf line;
	struct modbus_device_conf confs[DEVICES]; /* the one that is named, and units 1 to 247 */
	struct driver_device devices[DEVICES];
	char path[256];
};

static void take_fault(void *data, size_t device, size_t point, enum reason reason,
		       const char *what)
{
	struct driver_peek *told = data;

	(void)device, (void)point;
	told->reason = reason;
	snprintf(told->why, sizeof(told->why), "%s", what);
}

static void take_debug(void *data, const char *what)
{
	(void)data, (void)what;
}

static void fill(struct alone_bus *bus, const struct alone *alone, const struct uplink_host *host,
		 int64_t answer_ns)
{
	bus->driver = alone->port ? &modbus_rtu_driver : &modbus_tcp_driver;
	bus->line = (struct modbus_bus_conf){.baud = alone->baud,
					     .parity = alone->parity,
					     .data_bits = 8,
					     .stop_bits = 1,
					     .tcp_port = host->port,
					     .connect_timeout_ns = CONNECT_NS};
	snprintf(bus->path, sizeof(bus->path), "%s", alone->port ? alone->port : host->name);
	if (alone->port)
		bus->line.line = bus->path;
	else
		bus->line.host = bus->path;
	for (int unit = 0; unit < DEVICES; unit++) {
		bus->confs[unit] =
			(struct modbus_device_conf){.unit = unit > 0 ? unit : alone->unit,
						    .address_base = alone->base,
						    .max_registers = REGISTERS_MOST,
						    .max_bits = BITS_MOST,
						    .timeout_ns = answer_ns};
		bus->devices[unit] =
			(struct driver_device){.name = "device", .conf = &bus->confs[unit]};
	}
}

static int create(struct alone_bus *bus)
{
	struct driver_complaint complaint = {0};
	int err;

	bus->setup = (struct driver_setup){
		.name = "line",
		.conf = &bus->line,
		.devices = bus->devices,
		.device_count = DEVICES,
		.host = {.data = &bus->told,
			 .fault = take_fault,
			 .debug = take_debug,
			 .tell = take_debug},
	};
	err = bus->driver->create(&bus->setup, &bus->instance, &complaint);
	if (err < 0)
		snprintf(bus->told.why, sizeof(bus->told.why), "%s",
			 err == -EINVAL ? complaint.message : "out of memory");
	return err < 0 ? err : bus->driver->open(bus->instance);
}

int alone_open(const struct alone *alone, int64_t answer_ns, struct alone_bus **ret_bus,
	       char why[sizeof(((struct driver_peek *)0)->why)])
{
	struct uplink_host host = {.port = ALONE_PORT};
	struct alone_bus *bus;
	int err;

	if (alone->host && uplink_host_parse(alone->host, ALONE_PORT, &host) < 0) {
		snprintf(why, sizeof(bus->told.why), "\"%s\" is no host", alone->host);
		return -EINVAL;
	}
	bus = calloc(1, sizeof(*bus));
	if (!bus)
		return -ENOMEM;
	fill(bus, alone, &host, answer_ns);
	err = create(bus);
	if (err < 0) {
		snprintf(why, sizeof(bus->told.why), "%s", bus->told.why);
		alone_close(bus);
		return err;
	}
	*ret_bus = bus;
	return 0;
}

void alone_close(struct alone_bus *bus)
{
	if (!bus)
		return;
	if (bus->instance) {
		bus->driver->close(bus->instance);
		bus->driver->destroy(bus->instance);
	}
	free(bus);
}

int alone_ask(struct alone_bus *bus, int unit, struct driver_peek *peek)
{
	const size_t device = unit >= 1 && unit <= ALONE_UNIT_MOST ? (size_t)unit : 0;
	int err = bus->driver->peek(bus->instance, device, peek);

	if (err != -ENOTCONN)
		return err;
	bus->driver->close(bus->instance);
	err = bus->driver->open(bus->instance);
	if (err == 0)
		return bus->driver->peek(bus->instance, device, peek);
	snprintf(peek->why, sizeof(peek->why), "%s", bus->told.why);
	return err;
}

int alone_read(const struct alone *alone, struct driver_peek *peek)
{
	struct alone_bus *bus;
	int err = alone_open(alone, ANSWER_NS, &bus, peek->why);

	if (err < 0)
		return err;
	err = alone_ask(bus, alone->unit, peek);
	alone_close(bus);
	return err;
}
