#include "modbus/tell.h"

#include <stdio.h>
#include <string.h>

#define MANUAL_NUMBERS 30001 /* 3xxxx and 4xxxx: a table and a number in one */
#define WORDS_BYTES    176
#define WHAT_BYTES     (WORDS_BYTES + 96)

static enum reason reason_of(enum modbus_outcome outcome, uint8_t exception)
{
	switch (outcome) {
	case MODBUS_SILENT:
		return REASON_NO_ANSWER;
	case MODBUS_WRONG_UNIT:
		return REASON_WRONG_UNIT;
	case MODBUS_LOST:
		return REASON_LINK_DOWN;
	case MODBUS_GARBLED:
		return REASON_GARBLED;
	case MODBUS_ANSWERED:
		break;
	}
	if (modbus_is_of_gateway(exception))
		return REASON_NO_ANSWER;
	return exception <= MODBUS_ILLEGAL_VALUE ? REASON_REFUSED : REASON_DEVICE_ERROR;
}

struct modbus_trouble modbus_trouble_of(const struct modbus_link *link, enum modbus_outcome outcome,
					const struct modbus_reply *reply)
{
	const uint8_t exception = outcome == MODBUS_ANSWERED ? reply->exception : 0;

	return (struct modbus_trouble){
		.reason = reason_of(outcome, exception),
		.outcome = (uint8_t)outcome,
		.exception = exception,
		.unit = reply->unit,
		.seen = link->seen,
	};
}

void modbus_tell_point(const struct modbus_bus *bus, size_t device, size_t point,
		       enum reason reason, const char *what)
{
	const struct driver_host *host = &bus->setup->host;

	host->fault(host->data, device, point, reason, what);
}

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

/* "holding 1 to 6", as the manual counts. */
static void name_place(const struct modbus_device_conf *conf, const struct modbus_read *read,
		       char *place, size_t place_bytes)
{
	const struct modbus_request *request = &read->request;
	const int first = request->address + (int)conf->address_base;
	const char *table = function_table(request->function);

	if (read->item_count > 1 && request->count > 1)
		snprintf(place, place_bytes, "%s %d to %d", table, first,
			 first + request->count - 1);
	else
		snprintf(place, place_bytes, "%s %d", table, first);
}

/* What may be at fault when nothing comes back, the likely first. */
static const char *suspects(const struct modbus_bus *bus, const struct modbus_read *read)
{
	const bool serial = bus->link.kind == MODBUS_RTU;

	if (!read->answered && modbus_read_has_hole(read))
		return serial ? "power, wiring, unit, baud, parity, max_hole = 0?"
			      : "power, unit, or max_hole = 0?";
	if (!read->answered && read->request.count > 1 && read->item_count > 1)
		return serial ? "power, wiring, unit, baud, parity, max_registers?"
			      : "power, unit, max_registers?";
	return serial ? "power, wiring, unit, baud, parity?" : "power, unit?";
}

void modbus_tell_words(const struct modbus_bus *bus, size_t device, const struct modbus_read *read,
		       char *what, size_t what_bytes)
{
	const struct modbus_device_conf *conf = bus->devices[device].conf;
	const struct modbus_trouble *trouble = &read->trouble;
	char place[40], words[WORDS_BYTES];

	name_place(conf, read, place, sizeof(place));
	switch ((enum modbus_outcome)trouble->outcome) {
	case MODBUS_SILENT:
		snprintf(what, what_bytes, "no answer in %d ms to %s: %s",
			 (int)(conf->timeout_ns / NS_PER_MS), place, suspects(bus, read));
		break;
	case MODBUS_WRONG_UNIT:
		snprintf(what, what_bytes, "unit %u answered instead: one number is wrong",
			 trouble->unit);
		break;
	case MODBUS_LOST:
		snprintf(what, what_bytes, "%s",
			 bus->link.kind == MODBUS_RTU ? "the serial line is gone"
			 : bus->link.why[0]	      ? bus->link.why
						      : "the connection is closed at our question");
		break;
	case MODBUS_ANSWERED:
		snprintf(what, what_bytes, "%s (exception %u)", exception_text(trouble->exception),
			 trouble->exception);
		break;
	case MODBUS_GARBLED:
		modbus_seen_describe(&trouble->seen, words, sizeof(words));
		snprintf(what, what_bytes, "%s", words);
		break;
	}
}

void modbus_tell_read(const struct modbus_bus *bus, size_t device, const struct modbus_read *read)
{
	const struct driver_device *setup = &bus->setup->devices[device];
	char what[WHAT_BYTES], words[WORDS_BYTES];

	modbus_tell_words(bus, device, read, words, sizeof(words));
	for (size_t i = 0; i < read->item_count; i++) {
		const size_t point = read->items[i].point;
		const struct modbus_point_conf *conf = setup->points[point].conf;
		const char *hint = "";
		if (read->trouble.reason == REASON_REFUSED && conf->address >= MANUAL_NUMBERS &&
		    read->trouble.exception != MODBUS_ILLEGAL_FUNCTION)
			hint = "; 30001 or 40001 in a manual is address 1 with address_base 1";
		snprintf(what, sizeof(what), "%s %d: %s%s",
			 modbus_table_name((enum modbus_table)conf->table), (int)conf->address,
			 words, hint);
		modbus_tell_point(bus, device, point, read->trouble.reason, what);
	}
}

/* In as few words as possible: the cure must not be cut off. */
static void tell_gateway(const struct modbus_bus *bus, const struct modbus_read *read, char *what,
			 size_t what_bytes)
{
	const struct modbus_trouble *trouble = &read->trouble;
	char words[WORDS_BYTES] = "no answer";

	if (trouble->exception)
		snprintf(words, sizeof(words), "exception %u", trouble->exception);
	snprintf(
		what, what_bytes,
		"unit %u: %s; its gateway waits %d ms for it: set the gateway's timeout below ours",
		read->request.unit, words, (int)(bus->link.gateway_ns / NS_PER_MS));
}

static bool is_of_gateway(const struct modbus_bus *bus, size_t device,
			  const struct modbus_read *read)
{
	return read->trouble.reason == REASON_NO_ANSWER &&
	       bus->link.gateway_ns > bus->devices[device].conf->timeout_ns;
}

void modbus_tell_device(const struct modbus_bus *bus, size_t device, const struct modbus_read *read)
{
	char what[WHAT_BYTES], words[WORDS_BYTES];

	if (is_of_gateway(bus, device, read)) {
		tell_gateway(bus, read, what, sizeof(what));
	} else {
		modbus_tell_words(bus, device, read, words, sizeof(words));
		snprintf(what, sizeof(what), "unit %u: %s", read->request.unit, words);
	}
	modbus_tell_point(bus, device, DRIVER_ALL, read->trouble.reason, what);
}

void modbus_tell_frames(const struct modbus_bus *bus, size_t device, const char *words)
{
	const struct driver_host *host = &bus->setup->host;
	char frames[200], what[256];

	modbus_seen_frames(&bus->link.seen, frames, sizeof(frames));
	snprintf(what, sizeof(what), "unit %d: %s: %s", (int)bus->devices[device].conf->unit, words,
		 frames);
	host->debug(host->data, what);
}
