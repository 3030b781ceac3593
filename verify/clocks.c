/* What the gateway's clock said when each event was written: held against the one before, and against the
 * clocks of the witnesses that had seen it by then. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "verify/logs.h"

#define BACK_US	 INT64_C(1000000) /* less is no step */
#define AHEAD_US INT64_C(60000000) /* two clocks that are right may differ so */

/* INT64_MIN: it does not say, or its clock was never set. */
static int read_time(struct lines *lines, const struct entry *entry, int64_t *ret_utc_us)
{
	const char *line;
	int bytes = lines_at(lines, entry->place, &line);

	*ret_utc_us = bytes < 0 ? INT64_MIN : message_recorded(line, (size_t)bytes);
	return bytes < 0 ? bytes : 0;
}

/* When the last one was written that this log goes on from. */
static int read_before(struct logs *logs, const struct log *log, int64_t *ret_utc_us)
{
	struct event_head follows[FOLLOWS_MOST];
	const char *line;
	int bytes = lines_at(logs->lines, log->entries[0].place, &line), err = 0;
	size_t count = bytes > 0 ? message_follows(line, (size_t)bytes, follows) : 0;

	*ret_utc_us = INT64_MIN;
	for (size_t i = 0; err == 0 && i < count; i++) {
		const struct log *before = logs_find(logs, log, follows[i].epoch);
		const struct entry *entry = before ? log_entry(before, follows[i].seq) : NULL;
		int64_t utc_us = INT64_MIN;

		if (entry)
			err = read_time(logs->lines, entry, &utc_us);
		if (utc_us > *ret_utc_us)
			*ret_utc_us = utc_us;
	}
	return bytes < 0 ? bytes : err;
}

/* The seals are by size: the first that has it and was cosigned. */
static bool is_ahead(const struct log *log, size_t *seal, uint64_t seq, int64_t utc_us)
{
	while (*seal < log->seal_count &&
	       (log->seals[*seal].head.size < seq || !log->seals[*seal].checked ||
		log->seals[*seal].witnesses == 0))
		++*seal;
	return *seal < log->seal_count &&
	       utc_us > (int64_t)log->seals[*seal].witnessed_s * 1000000 + AHEAD_US;
}

int clocks_judge(struct logs *logs, struct log *log)
{
	int64_t before_us = INT64_MIN, utc_us;
	size_t seal = 0;
	int err = log->entry_count > 0 ? read_before(logs, log, &before_us) : 0;

	for (size_t i = 0; err == 0 && i < log->entry_count; i++) {
		const uint64_t seq = log->entries[i].seq;

		err = read_time(logs->lines, &log->entries[i], &utc_us);
		if (err < 0 || utc_us == INT64_MIN)
			continue;
		if (before_us != INT64_MIN && utc_us < before_us - BACK_US)
			err = spans_add(&log->clock_back, seq, seq);
		if (err == 0 && is_ahead(log, &seal, seq, utc_us))
			err = spans_add(&log->clock_ahead, seq, seq);
		before_us = utc_us;
	}
	return err;
}
