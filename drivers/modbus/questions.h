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
#ifndef CORRIDORD_MODBUS_QUESTIONS_H
#define CORRIDORD_MODBUS_QUESTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "modbus/wire.h"

#define MODBUS_OPEN_QUESTIONS 1024
#define MODBUS_OPEN_PER_UNIT  16 /* so that no unit takes the room of the others */

struct modbus_question {
	struct modbus_request request;
	bool is_probe; /* nobody wants its answer's value */
	uint32_t times; /* a probe is asked in a row, each to be answered; counted by add() */
	int64_t asked_mono_ns;
	int64_t until_mono_ns; /* 0: being waited for */
};

struct modbus_questions {
	struct modbus_question items[MODBUS_OPEN_QUESTIONS]; /* the oldest first */
	size_t count;
};

/* false: the unit has left so many open that it should be asked nothing for a while. */
bool modbus_questions_add(struct modbus_questions *questions,
			  const struct modbus_question *question);

/* The one being waited for, if it is still open, stays so until then. */
void modbus_questions_set_expiry(struct modbus_questions *questions, int64_t until_mono_ns);

void modbus_questions_expire(struct modbus_questions *questions, int64_t now_mono_ns);

enum modbus_belongs { MODBUS_TO_NONE, MODBUS_TO_OLDER, MODBUS_TO_LAST };

/* Settles what the answer settles; to which question it is put down, the last being the one
 * that was entered last. */
enum modbus_belongs modbus_questions_match(struct modbus_questions *questions,
					   const struct modbus_reply *reply);

/* A read of the unit, not a probe, is still open. */
bool modbus_questions_has_read(const struct modbus_questions *questions, uint8_t unit);

/* An open read of the unit has answers that look like those to this one. */
bool modbus_questions_has_twin(const struct modbus_questions *questions,
			       const struct modbus_request *request);

#endif
