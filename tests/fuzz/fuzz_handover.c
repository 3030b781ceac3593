/* Any bytes as a handover: refused with a reason, or taken as one that fits into a payload and a
 * memory, and comes back from that the same. */
#include <stdlib.h>
#include <string.h>

#include "inbound/handover_read.h"
#include "transit/event/event.h"
#include "transit/event/memo.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check(const struct handover *handover)
{
	char text[MEMO_BYTES], members[EVENT_BODY_BYTES], key[HANDOVER_KEY_BYTES];
	char id[HANDOVER_ID_BYTES], ucr[HANDOVER_ID_BYTES];
	struct handover again;
	struct memo_reader reader;
	struct memo memo;
	struct jw json;

	if (!handover_is_sound(handover))
		abort();
	memo_start(&memo, text, sizeof(text));
	handover_remember(handover, &memo);
	memo_read(&reader, text);
	handover_recall(&again, HANDOVER_MEMORY, &reader);
	if (!memo_ok(&memo) || !memo_end(&reader) || !handover_is_same(handover, &again) ||
	    again.seal_count != handover->seal_count)
		abort();
	jw_start(&json, members, sizeof(members));
	handover_members(handover, &json);
	if (!jw_ok(&json))
		abort();
	handover_id(handover, id);
	if (handover_key(handover->to, id, key) &&
	    (!handover_read_id(strrchr(key, '/') + 1, ucr) || strcmp(ucr, id) != 0))
		abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	char error[HANDOVER_ERROR_BYTES], level[256];
	char ucr[HANDOVER_ID_BYTES];
	struct handover handover;
	size_t bytes = size < sizeof(level) ? size : sizeof(level) - 1;

	if (handover_read((const char *)data, size, &handover, error) == 0)
		check(&handover);
	else if (!error[0])
		abort();
	if (bytes > 0)
		memcpy(level, data, bytes);
	level[bytes] = '\0';
	if (handover_read_id(level, ucr) && !ucr[0])
		abort();
	return 0;
}
