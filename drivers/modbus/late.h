/* Questions over TCP that were given up, and what they tell of a serial gateway.
 *
 * A gateway puts its questions one after the other. What we ask while it waits for a unit that
 * is dead is answered too late, or never when it hangs up after that: then we learn for how long
 * it waits (link->gateway_ns), and wait as long for a dead unit as it does. What is lost with the
 * network or a gateway that reboots ends otherwise, and teaches nothing.
 *
 * Used by exchange.c.
 */
#ifndef CORRIDORD_MODBUS_LATE_H
#define CORRIDORD_MODBUS_LATE_H

#include <stdbool.h>
#include <stdint.h>

#include "modbus/link.h"

void modbus_late_add(struct modbus_link *link, const struct modbus_question *question);

/* false: the answer is to none of them. */
bool modbus_late_settle(struct modbus_link *link, const struct modbus_reply *reply);

/* The peer hung up then, while this unit was asked. */
void modbus_late_hung_up(struct modbus_link *link, uint8_t unit, int64_t at_mono_ns);

/* Whether it did so since the last question, if nobody has answered since some. */
bool modbus_late_has_hung_up(struct modbus_link *link);

#endif
