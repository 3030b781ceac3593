#include "modbus_poll.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "modbus_decode.h"

#define REFUSED_RETRY_NS (60 * NS_PER_S)
#define BUSY_PAUSE_NS	 (50 * NS_PER_MS)
#define MANUAL_NUMBERS	 30001 /* 3xxxx and 4xxxx: a table and a number in one */
#define WHAT_BYTES	 160

static void fault(const struct modbus_bus *bus, size_t device, size_t point, enum reason reason,
		  const char *what)
{
	const struct driver_host *host = &bus->setup->host;

	host->fault(host->data, device, point, reason, what);
}

static const struct modbus_point_conf *point_conf(const struct modbus_bus *bus, size_t device,
						  size_t point)
{
	return bus->setup->devices[device].points[point].conf;
}

/* --- values ----------------------------------------------------------------- */

static void deliver(const struct modbus_bus *bus, size_t device, const struct modbus_read *read,
		    const struct modbus_reply *reply)
{
	const struct driver_host *host = &bus->setup->host;

	for (size_t i = 0; i < read->item_count; i++) {
		const struct modbus_item *item = &read->items[i];
		const struct modbus_point_conf *conf = point_conf(bus, device, item->point);
		const size_t offset = (size_t)(item->address - read->request.address);
		struct value value;
		char what[WHAT_BYTES];

		const char *wrong = modbus_decode(conf, reply->data, offset, &value);
		if (!wrong) {
			host->reading(host->data, device, item->point, &value, reply->at_mono_ns,
				      0);
			continue;
		}
		snprintf(what, sizeof(what), "%s %d: %s; check its type and order",
			 modbus_table_name((enum modbus_table)conf->table), (int)conf->address,
			 wrong);
		fault(bus, device, item->point, REASON_OUT_OF_RANGE, what);
	}
}

/* --- what went wrong, for people ---------------------------------------------- */

static const char *function_table(uint8_t function)
{
	switch (function) {
	case MODBUS_READ_COILS:
		return modbus_table_name(MODBUS_COIL);
	case MODBUS_READ_DISCRETE:
		return modbus_table_name(MODBUS_DISCRETE);
	case MODBUS_READ_INPUT:
		return modbus_table_name(MODBUS_INPUT);
	default:
		return modbus_table_name(MODBUS_HOLDING);
	}
}

static const char *exception_text(uint8_t exception)
{
	switch (exception) {
	case MODBUS_ILLEGAL_FUNCTION:
		return "the device does not have this table";
	case MODBUS_ILLEGAL_ADDRESS:
		return "the device has nothing at this address";
	case MODBUS_ILLEGAL_VALUE:
		return "the device does not give so many at this address";
	case MODBUS_ACKNOWLEDGED:
	case MODBUS_BUSY:
		return "the device is busy";
	case MODBUS_NO_PATH:
		return "the gateway has no way to this unit";
	case MODBUS_NO_RESPONSE:
		return "the unit does not answer its gateway";
	default:
		return "the device reports a failure";
	}
}

static void refuse_points(const struct modbus_bus *bus, size_t device,
			  const struct modbus_read *read, enum reason reason, uint8_t exception)
{
	char what[WHAT_BYTES];

	for (size_t i = 0; i < read->item_count; i++) {
		const struct modbus_point_conf *conf =
			point_conf(bus, device, read->items[i].point);
		const char *hint = "";
		if (reason == REASON_REFUSED && conf->address >= MANUAL_NUMBERS &&
		    exception != MODBUS_ILLEGAL_FUNCTION)
			hint = "; 30001 or 40001 in a manual is address 1 with address_base 1";
		snprintf(what, sizeof(what), "%s %d: %s (exception %u)%s",
			 modbus_table_name((enum modbus_table)conf->table), (int)conf->address,
			 exception_text(exception), exception, hint);
		fault(bus, device, read->items[i].point, reason, what);
	}
}

static enum reason reason_of(enum modbus_outcome outcome, const struct modbus_reply *reply)
{
	switch (outcome) {
	case MODBUS_SILENT:
		return REASON_NO_ANSWER;
	case MODBUS_WRONG_UNIT:
		return REASON_WRONG_UNIT;
	case MODBUS_LOST:
		return REASON_LINK_DOWN;
	case MODBUS_ANSWERED:
		/* A gateway's word about a unit that does not answer it is no word of the unit. */
		return reply->exception >= MODBUS_NO_PATH ? REASON_NO_ANSWER : REASON_DEVICE_ERROR;
	default:
		return REASON_GARBLED;
	}
}

static void describe(const struct modbus_bus *bus, const struct modbus_device *device,
		     const struct modbus_request *request, enum modbus_outcome outcome,
		     const struct modbus_reply *reply, char *what, size_t what_bytes)
{
	const bool serial = bus->link.kind == MODBUS_RTU;
	const unsigned int unit = request->unit;
	const int first = request->address + (int)device->conf->address_base;
	const int timeout_ms = (int)(device->conf->timeout_ns / NS_PER_MS);

	switch (outcome) {
	case MODBUS_SILENT:
		snprintf(what, what_bytes, "unit %u: no answer in %d ms to %s %d: %s", unit,
			 timeout_ms, function_table(request->function), first,
			 serial ? "power, wiring, unit, baud, parity?" : "power, unit?");
		break;
	case MODBUS_WRONG_UNIT:
		snprintf(what, what_bytes, "unit %u: unit %u answered instead: one number is wrong",
			 unit, reply->unit);
		break;
	case MODBUS_LOST:
		snprintf(what, what_bytes, "unit %u: %s", unit,
			 serial ? "the serial line is gone" : "the connection was lost");
		break;
	case MODBUS_ANSWERED:
		snprintf(what, what_bytes, "unit %u: %s (exception %u)", unit,
			 exception_text(reply->exception), reply->exception);
		break;
	default:
		snprintf(what, what_bytes, "unit %u: garbled answer to %s %d%s", unit,
			 function_table(request->function), first,
			 serial ? ": noise, baud, parity, two with one number?" : "");
		break;
	}
}

/* --- polling ---------------------------------------------------------------- */

static bool is_busy(enum modbus_outcome outcome, const struct modbus_reply *reply)
{
	return outcome == MODBUS_ANSWERED && reply->refused &&
	       (reply->exception == MODBUS_ACKNOWLEDGED || reply->exception == MODBUS_BUSY);
}

/* An answer that another attempt would not change. */
static bool is_final(enum modbus_outcome outcome, const struct modbus_reply *reply)
{
	return outcome == MODBUS_ANSWERED &&
	       (!reply->refused || (!is_busy(outcome, reply) && reply->exception < MODBUS_NO_PATH));
}

static void pause_ns(int64_t ns)
{
	const struct timespec pause = clock_timespec(ns);

	(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
}

static enum modbus_outcome exchange(struct modbus_bus *bus, const struct modbus_device *device,
				    const struct modbus_request *request,
				    struct modbus_reply *ret_reply)
{
	const int64_t timeout_ns = device->conf->timeout_ns;

	for (int64_t retries = device->conf->retries;; retries--) {
		const enum modbus_outcome outcome =
			modbus_exchange(&bus->link, request, timeout_ns, ret_reply);
		if (retries == 0 || bus->link.lost || is_final(outcome, ret_reply))
			return outcome;
		if (is_busy(outcome, ret_reply))
			pause_ns(timeout_ns < BUSY_PAUSE_NS ? timeout_ns : BUSY_PAUSE_NS);
	}
}

/* The device as a whole failed: says so, and returns what poll() returns. */
static int fail(const struct modbus_bus *bus, size_t device, const struct modbus_request *request,
		enum modbus_outcome outcome, const struct modbus_reply *reply)
{
	const enum reason reason = reason_of(outcome, reply);
	char what[WHAT_BYTES];

	describe(bus, &bus->devices[device], request, outcome, reply, what, sizeof(what));
	fault(bus, device, DRIVER_ALL, reason, what);
	if (bus->link.lost)
		return -ENOTCONN;
	return reason == REASON_NO_ANSWER ? -ETIMEDOUT : -EIO;
}

/* true: the read is now two, the first in its place. */
static bool learn_refusal(struct modbus_bus *bus, size_t device, size_t index, uint8_t exception)
{
	struct modbus_plan *plan = &bus->devices[device].plan;
	struct modbus_read *read = &plan->reads[index];

	if (exception != MODBUS_ILLEGAL_FUNCTION && modbus_plan_split(plan, index))
		return true;
	read->refused = true;
	read->exception = exception;
	read->retry_at_mono_ns = clock_mono_ns() + REFUSED_RETRY_NS;
	refuse_points(bus, device, read, REASON_REFUSED, exception);
	return false;
}

/* 0: done; -EAGAIN: the plan has changed, the same index again; else the device failed. */
static int poll_read(struct modbus_bus *bus, size_t device, size_t index)
{
	struct modbus_device *dev = &bus->devices[device];
	struct modbus_read *read = &dev->plan.reads[index];
	struct modbus_reply reply = {0};

	if (read->refused && clock_mono_ns() < read->retry_at_mono_ns) {
		refuse_points(bus, device, read, REASON_REFUSED, read->exception);
		return 0;
	}
	const enum modbus_outcome outcome = exchange(bus, dev, &read->request, &reply);
	if (!is_final(outcome, &reply))
		return fail(bus, device, &read->request, outcome, &reply);
	if (!reply.refused) {
		dev->plan.mended |= read->refused;
		read->refused = false;
		deliver(bus, device, read, &reply);
		return 0;
	}
	if (reply.exception >= MODBUS_ILLEGAL_FUNCTION && reply.exception <= MODBUS_ILLEGAL_VALUE)
		return learn_refusal(bus, device, index, reply.exception) ? -EAGAIN : 0;
	refuse_points(bus, device, read, REASON_DEVICE_ERROR, reply.exception);
	return 0;
}

int modbus_poll(void *instance, size_t device)
{
	struct modbus_bus *bus = instance;
	struct modbus_plan *plan = &bus->devices[device].plan;
	size_t index = 0;

	while (index < plan->read_count) {
		const int ret = poll_read(bus, device, index);
		if (ret == 0)
			index++;
		else if (ret != -EAGAIN)
			return ret;
	}
	modbus_plan_mend(plan);
	return 0;
}

int modbus_probe(void *instance, size_t device)
{
	struct modbus_bus *bus = instance;
	const struct modbus_device *dev = &bus->devices[device];
	const uint8_t unit = (uint8_t)dev->conf->unit;
	struct modbus_reply reply = {0};

	if (dev->plan.read_count == 0)
		return 0;
	const enum modbus_outcome outcome =
		modbus_exchange_probe(&bus->link, unit, dev->conf->timeout_ns, &reply);
	if (is_final(outcome, &reply) && !bus->link.lost)
		return 0;
	return fail(bus, device, &bus->link.probe[unit], outcome, &reply);
}
