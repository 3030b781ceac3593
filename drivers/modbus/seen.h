/* What came instead of an answer, for people: the words that name it, and its bytes. Pure. */
#ifndef CORRIDORD_MODBUS_SEEN_H
#define CORRIDORD_MODBUS_SEEN_H

#include <stddef.h>
#include <stdint.h>

#include "modbus/wire.h"

#define MODBUS_SEEN_BYTES 32

enum modbus_oddity {
	MODBUS_NOT_ODD, /* nothing came, or what had to */
	MODBUS_OWN_QUESTION,
	MODBUS_OTHER_TRANSACTION,
	MODBUS_OTHER_LENGTH,
	MODBUS_OTHER_FUNCTION,
	MODBUS_A_TEXT,
	MODBUS_TORN, /* begun, and never complete */
	MODBUS_BAD_CHECKSUM,
	MODBUS_NO_FRAME,
	MODBUS_NEVER_SILENT,
};

/* Of one exchange. */
struct modbus_seen {
	enum modbus_oddity oddity;
	unsigned int asked, got; /* bytes of data, or transactions */
	uint8_t question[MODBUS_REQUEST_BYTES]; /* as sent */
	size_t question_bytes; /* 0: nothing was sent */
	uint8_t bytes[MODBUS_SEEN_BYTES]; /* the first that came */
	size_t count; /* of all that came */
	size_t stray; /* of them before the answer */
};

void modbus_seen_add(struct modbus_seen *seen, const uint8_t *bytes, size_t count);

/* Words for what was odd, with a cure where there is one; such as "our own question came back:
 * set echo = true". */
void modbus_seen_describe(const struct modbus_seen *seen, char *ret_words, size_t words_bytes);

/* The raw frames: "asked 01 03 00 00 00 01 84 0a, came ff 01 83 02". */
void modbus_seen_frames(const struct modbus_seen *seen, char *ret_words, size_t words_bytes);

#endif
