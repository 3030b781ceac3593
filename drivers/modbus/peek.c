#include "modbus/peek.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "modbus/tell.h"

#define LAST_ADDRESS 65535

static const struct {
	const char *name;
	uint8_t function;
} tables[] = {
	{"holding", MODBUS_READ_HOLDING}, /* the first is what is meant when none is named */
	{"input", MODBUS_READ_INPUT},
	{"coil", MODBUS_READ_COILS},
	{"discrete", MODBUS_READ_DISCRETE},
};

/* 0: there is no such table. */
static uint8_t function_of(const char *table)
{
	if (!table[0])
		return tables[0].function;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (strcmp(tables[i].name, table) == 0)
			return tables[i].function;
	return 0;
}

static int refuse(struct driver_peek *peek, const char *why)
{
	snprintf(peek->why, sizeof(peek->why), "%s", why);
	return -EINVAL;
}

static int make_request(const struct modbus_device_conf *conf, struct driver_peek *peek,
			struct modbus_request *ret_request)
{
	const uint8_t function = function_of(peek->table);
	const int64_t address = (int64_t)peek->address - conf->address_base;

	if (!function)
		return refuse(peek, "there is no such table, expected holding, input, coil or "
				    "discrete");
	if (address < 0)
		return refuse(peek, "the device counts from 1, as its address_base says");
	if (peek->count < 1 || address + peek->count > LAST_ADDRESS + 1)
		return refuse(peek, "this ends beyond the table");
	*ret_request = (struct modbus_request){
		.unit = (uint8_t)conf->unit,
		.function = function,
		.address = (uint16_t)address,
		.count = (uint16_t)peek->count,
	};
	return 0;
}

static void take_values(const struct modbus_request *request, const struct modbus_reply *reply,
			struct driver_peek *peek)
{
	const bool bits =
		request->function == MODBUS_READ_COILS || request->function == MODBUS_READ_DISCRETE;

	for (size_t i = 0; i < peek->count; i++)
		peek->values[i] =
			(uint16_t)(bits ? reply->data[i / 8] >> i % 8 & 1
					: reply->data[2 * i] << 8 | reply->data[2 * i + 1]);
}

static int fail(const struct modbus_bus *bus, size_t device, const struct modbus_request *request,
		enum modbus_outcome outcome, const struct modbus_reply *reply,
		struct driver_peek *peek)
{
	const struct modbus_read read = {
		.request = *request,
		.item_count = request->count,
		.answered = true, /* by others: what is said of merged questions is not meant */
		.trouble = modbus_trouble_of(&bus->link, outcome, reply),
	};

	modbus_tell_words(bus, device, &read, peek->why, sizeof(peek->why));
	peek->reason = read.trouble.reason;
	peek->code = reply->refused ? reply->exception : 0;
	return outcome == MODBUS_LOST ? -ENOTCONN : -EIO;
}

int modbus_peek(void *instance, size_t device, struct driver_peek *peek)
{
	struct modbus_bus *bus = instance;
	const struct modbus_device_conf *conf = bus->devices[device].conf;
	struct modbus_reply reply = {0};
	struct modbus_request request;
	int err = make_request(conf, peek, &request);

	if (err < 0)
		return err;
	const struct modbus_wait wait = {.patience_ns = conf->timeout_ns,
					 .timeout_ns = conf->timeout_ns};
	const enum modbus_outcome outcome = modbus_exchange(&bus->link, &request, &wait, &reply);
	if (outcome != MODBUS_ANSWERED || reply.refused)
		return fail(bus, device, &request, outcome, &reply, peek);
	take_values(&request, &reply, peek);
	if (!peek->table[0])
		snprintf(peek->table, sizeof(peek->table), "%s", tables[0].name);
	return 0;
}
