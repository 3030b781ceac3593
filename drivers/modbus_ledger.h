/* The questions of a line with RTU framing that may still be answered. Pure.
 *
 * An answer names its unit, its function and its length, nothing else: after a
 * timeout the late answer to one question looks just like the answer to the next
 * of the same length. But a unit answers in order, each question at most once. So
 * an answer is put down to the oldest open question that it could belong to, and
 * settles that one and all older ones of the unit; only what is thereby put down
 * to the question just asked is its answer. This may take a right answer for a
 * late one, never the other way round.
 *
 * A question is entered before it is sent and leaves when it is settled, or when
 * it is so old that no device answers it any more.
 */
#ifndef CORRIDORD_MODBUS_LEDGER_H
#define CORRIDORD_MODBUS_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "modbus_wire.h"

#define MODBUS_OPEN_QUESTIONS 64

struct modbus_question {
	struct modbus_request request;
	bool sacrificial; /* nobody wants its answer's value */
	int64_t until_mono_ns; /* 0: being waited for */
};

struct modbus_ledger {
	struct modbus_question questions[MODBUS_OPEN_QUESTIONS]; /* the oldest first */
	size_t count;
};

/* false: so many are open that nothing more should be asked for a while. */
bool modbus_ledger_enter(struct modbus_ledger *ledger, const struct modbus_question *question);

/* The one being waited for, if it is still open, stays so until then. */
void modbus_ledger_date(struct modbus_ledger *ledger, int64_t until_mono_ns);

void modbus_ledger_expire(struct modbus_ledger *ledger, int64_t now_mono_ns);

enum modbus_belongs { MODBUS_TO_NONE, MODBUS_TO_OLDER, MODBUS_TO_LAST };

/* Settles what the answer settles; to which question it is put down, the last being the one
 * that was entered last. */
enum modbus_belongs modbus_ledger_settle(struct modbus_ledger *ledger,
					 const struct modbus_reply *reply);

/* A read of the unit, not a sacrificial question, is still open. */
bool modbus_ledger_owes(const struct modbus_ledger *ledger, uint8_t unit);

#endif
