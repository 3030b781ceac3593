#include "modbus/seen.h"

#include <stdio.h>
#include <string.h>

#define TEXT_BYTES 24 /* of a text that came, in the words for it; */
#define RAW_BYTES  12 /* and of other bytes */

void modbus_seen_add(struct modbus_seen *seen, const uint8_t *bytes, size_t count)
{
	if (seen->count < MODBUS_SEEN_BYTES) {
		const size_t room = MODBUS_SEEN_BYTES - seen->count;
		memcpy(seen->bytes + seen->count, bytes, count < room ? count : room);
	}
	seen->count += count;
}

static size_t kept(const struct modbus_seen *seen)
{
	return seen->count < MODBUS_SEEN_BYTES ? seen->count : MODBUS_SEEN_BYTES;
}

static size_t append_bytes(char *words, size_t words_bytes, size_t used, const uint8_t *bytes,
			   size_t count)
{
	for (size_t i = 0; i < count && used + 4 < words_bytes; i++)
		used += (size_t)snprintf(words + used, words_bytes - used, " %02x", bytes[i]);
	return used;
}

static bool is_printable(uint8_t byte)
{
	return byte >= 0x20 && byte <= 0x7e;
}

static bool is_text(const uint8_t *bytes, size_t count)
{
	size_t printable = 0;

	for (size_t i = 0; i < count; i++)
		printable += is_printable(bytes[i]);
	return 2 * printable > count;
}

static void describe_text(const struct modbus_seen *seen, char *ret_words, size_t words_bytes)
{
	const size_t count = kept(seen) < TEXT_BYTES ? kept(seen) : TEXT_BYTES;
	char text[TEXT_BYTES + 1] = "";

	if (!is_text(seen->bytes, count)) {
		const size_t used = (size_t)snprintf(ret_words, words_bytes,
						     "bytes that begin no Modbus frame came:");
		append_bytes(ret_words, words_bytes, used, seen->bytes,
			     count < RAW_BYTES ? count : RAW_BYTES);
		return;
	}
	for (size_t i = 0; i < count; i++)
		text[i] = (char)(is_printable(seen->bytes[i]) ? seen->bytes[i] : '.');
	snprintf(ret_words, words_bytes, "a text came (on connecting?): \"%s\"", text);
}

void modbus_seen_describe(const struct modbus_seen *seen, char *ret_words, size_t words_bytes)
{
	switch (seen->oddity) {
	case MODBUS_OWN_QUESTION:
		snprintf(ret_words, words_bytes,
			 "our own question came back: an adapter that echoes? set echo = true");
		break;
	case MODBUS_OTHER_TRANSACTION:
		snprintf(ret_words, words_bytes,
			 "transaction id %u came back for %u: it is not echoed as it must be",
			 seen->got, seen->asked);
		break;
	case MODBUS_OTHER_LENGTH:
		snprintf(ret_words, words_bytes, "%u bytes came, %u were asked for", seen->got,
			 seen->asked);
		break;
	case MODBUS_OTHER_FUNCTION:
		snprintf(ret_words, words_bytes, "an answer of function %u came, asked was %u",
			 seen->got, seen->asked);
		break;
	case MODBUS_A_TEXT:
		describe_text(seen, ret_words, words_bytes);
		break;
	case MODBUS_TORN:
		snprintf(ret_words, words_bytes, "the answer was cut short");
		break;
	case MODBUS_BAD_CHECKSUM:
		snprintf(ret_words, words_bytes, "the checksum was wrong");
		break;
	case MODBUS_NEVER_SILENT:
		snprintf(ret_words, words_bytes, "the line is never silent");
		break;
	default:
		snprintf(ret_words, words_bytes, "no Modbus frame came");
		break;
	}
}

void modbus_seen_frames(const struct modbus_seen *seen, char *ret_words, size_t words_bytes)
{
	size_t used = (size_t)snprintf(ret_words, words_bytes, "asked");

	used = append_bytes(ret_words, words_bytes, used, seen->question, seen->question_bytes);
	if (seen->question_bytes == 0)
		used += (size_t)snprintf(ret_words + used, words_bytes - used, " nothing");
	used += (size_t)snprintf(ret_words + used, words_bytes - used, ", came");
	used = append_bytes(ret_words, words_bytes, used, seen->bytes, kept(seen));
	if (seen->count == 0)
		snprintf(ret_words + used, words_bytes - used, " nothing");
	else if (seen->count > MODBUS_SEEN_BYTES)
		snprintf(ret_words + used, words_bytes - used, " and %zu more",
			 seen->count - MODBUS_SEEN_BYTES);
}
