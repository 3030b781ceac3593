#include "ctl/alone.h"

#include <errno.h>
#include <stdio.h>

#include "drivers.h"
#include "frames/host.h"
#include "modbus/conf.h"

#define MODBUS_PORT    502
#define CONNECT_NS     (3 * NS_PER_S)
#define ANSWER_NS      NS_PER_S
#define REGISTERS_MOST 125
#define BITS_MOST      2000

static void take_fault(void *data, size_t device, size_t point, enum reason reason,
		       const char *what)
{
	struct driver_peek *peek = data;

	(void)device, (void)point;
	peek->reason = reason;
	snprintf(peek->why, sizeof(peek->why), "%s", what);
}

static void take_debug(void *data, const char *what)
{
	(void)data, (void)what;
}

static int ask(const struct driver *driver, const struct driver_setup *setup,
	       struct driver_peek *peek)
{
	struct driver_complaint complaint;
	void *instance;
	int err = driver->create(setup, &instance, &complaint);

	if (err < 0) {
		snprintf(peek->why, sizeof(peek->why), "%s",
			 err == -EINVAL ? complaint.message : "out of memory");
		return err;
	}
	err = driver->open(instance);
	if (err == 0)
		err = driver->peek(instance, 0, peek);
	driver->close(instance);
	driver->destroy(instance);
	return err;
}

int alone_read(const struct alone *alone, struct driver_peek *peek)
{
	struct uplink_host host = {.port = MODBUS_PORT};
	struct modbus_bus_conf line = {.baud = alone->baud,
				       .parity = alone->parity,
				       .data_bits = 8,
				       .stop_bits = 1,
				       .connect_timeout_ns = CONNECT_NS};
	const struct modbus_device_conf conf = {.unit = alone->unit,
						.address_base = alone->base,
						.max_registers = REGISTERS_MOST,
						.max_bits = BITS_MOST,
						.timeout_ns = ANSWER_NS};
	const struct driver_device device = {.name = "device", .conf = &conf};
	char path[256];
	const struct driver_setup setup = {
		.name = "line",
		.conf = &line,
		.devices = &device,
		.device_count = 1,
		.host = {.data = peek, .fault = take_fault, .debug = take_debug},
	};

	if (alone->host && uplink_host_parse(alone->host, MODBUS_PORT, &host) < 0) {
		snprintf(peek->why, sizeof(peek->why), "\"%s\" is no host", alone->host);
		return -EINVAL;
	}
	snprintf(path, sizeof(path), "%s", alone->port ? alone->port : host.name);
	if (alone->port)
		line.line = path;
	else
		line.host = path;
	line.tcp_port = host.port;
	return ask(alone->port ? &modbus_rtu_driver : &modbus_tcp_driver, &setup, peek);
}
