/* What has come over a line with RTU framing, and the frames in it. Pure.
 *
 * RTU framing has no mark where a frame begins. A frame is found by what it must be: whole,
 * of right checksum, and, behind bytes that belong to nothing, the answer to an
 * open question. So a stray byte before an answer (of a transmitter that is switched) costs
 * nothing; a frame that has begun is waited for, whatever its data look like.
 */
#ifndef CORRIDORD_MODBUS_INPUT_H
#define CORRIDORD_MODBUS_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "modbus/questions.h"
#include "modbus/seen.h"
#include "modbus/wire.h"

#define MODBUS_INPUT_BYTES ((size_t)2 * MODBUS_ADU_BYTES)

struct modbus_input {
	uint8_t bytes[MODBUS_INPUT_BYTES];
	size_t count;
};

struct modbus_found {
	size_t at; /* so many stray bytes before it */
	size_t bytes;
	bool broken; /* none, but one with a wrong checksum */
};

/* true: the first frame is there. */
bool modbus_input_find(const struct modbus_input *input, const struct modbus_questions *questions,
		       struct modbus_found *ret_found);

/* Takes the first bytes away. */
void modbus_input_drop(struct modbus_input *input, size_t count);

/* What it is that no frame was found in; something has come. */
enum modbus_oddity modbus_input_oddity(const struct modbus_input *input,
				       const struct modbus_questions *questions,
				       const struct modbus_seen *seen);

#endif
