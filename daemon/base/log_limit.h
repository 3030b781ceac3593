/* So many lines of one kind a minute, and how many there were beside them: what comes from outside
 * must not fill the log. Pure, times are given. */
#ifndef CORRIDORD_BASE_LOG_LIMIT_H
#define CORRIDORD_BASE_LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_LIMIT_WORDS_BYTES 64

struct log_limit {
	int64_t minute_ns; /* began then */
	unsigned lines; /* in it; 0: there was none ever */
	uint64_t held; /* not logged since the last line */
};

/* Whether it is to be logged. words: what to add to the line, "" or how many were not logged before
 * it, or that no more are in this minute. */
bool log_limit_allows(struct log_limit *limit, int64_t now_ns, char words[LOG_LIMIT_WORDS_BYTES]);

#endif
