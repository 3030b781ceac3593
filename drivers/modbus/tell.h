/* Why something cannot be read, told to the core: reasons as words for people, with the cure
 * where there is one. What a device report keeps is short: the cause comes first.
 */
#ifndef CORRIDORD_MODBUS_TELL_H
#define CORRIDORD_MODBUS_TELL_H

#include "modbus/link.h"
#include "modbus/poll.h"

/* What an exchange that brought no values, or a refusal, was. */
struct modbus_trouble modbus_trouble_of(const struct modbus_link *link, enum modbus_outcome outcome,
					const struct modbus_reply *reply);

void modbus_tell_point(const struct modbus_bus *bus, size_t device, size_t point,
		       enum reason reason, const char *what);

/* The trouble of a read as words, without the unit. */
void modbus_tell_words(const struct modbus_bus *bus, size_t device, const struct modbus_read *read,
		       char *what, size_t what_bytes);

/* The points of a read that fails. */
void modbus_tell_read(const struct modbus_bus *bus, size_t device, const struct modbus_read *read);

/* The device as a whole, for the trouble that one of its reads has. */
void modbus_tell_device(const struct modbus_bus *bus, size_t device,
			const struct modbus_read *read);

/* At debug level: the raw frames of the last exchange, and its words. */
void modbus_tell_frames(const struct modbus_bus *bus, size_t device, const char *words);

#endif
