#include "base/log_limit.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/time.h"

#define MINUTE_NS (60 * NS_PER_S)
#define LINES_MAX 10

bool log_limit_allows(struct log_limit *limit, int64_t now_ns, char words[LOG_LIMIT_WORDS_BYTES])
{
	words[0] = '\0';
	if (limit->lines == 0 || now_ns - limit->minute_ns >= MINUTE_NS) {
		limit->minute_ns = now_ns;
		limit->lines = 0;
	}
	if (limit->lines == LINES_MAX) {
		limit->held++;
		return false;
	}
	if (limit->held > 0)
		snprintf(words, LOG_LIMIT_WORDS_BYTES,
			 " (and %" PRIu64 " more since the last line)", limit->held);
	limit->held = 0;
	if (++limit->lines == LINES_MAX)
		snprintf(words, LOG_LIMIT_WORDS_BYTES, " (more are not logged in this minute)");
	return true;
}
