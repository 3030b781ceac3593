/* Handovers that were held back: the log of one checkpoint has that it announced what left, and that of the next one
 * that nothing was heard of it. Only what is right in both counts. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "verify/logs.h"

static int by_way(const void *a, const void *b)
{
	const struct missed *left = a, *right = b;

	return strcmp(left->leg.way, right->leg.way);
}

/* The right event of that number is the line at that place. */
static bool is_right(const struct log *log, const struct missed *missed)
{
	const struct entry *entry = log_entry(log, missed->seq);

	return entry && entry->place == missed->place;
}

/* Those that are right, by their way. */
static void sort_missed(struct logs *logs)
{
	size_t kept = 0;

	for (size_t i = 0; i < logs->missed_count; i++) {
		struct missed one = logs->missed[i];
		const char *line;
		int bytes = lines_at(logs->lines, one.place, &line);

		if (is_right(&logs->log[one.by_log], &one) && bytes > 0 &&
		    message_leg(line, (size_t)bytes, &one.leg))
			logs->missed[kept++] = one;
	}
	logs->missed_count = kept;
	if (kept > 0)
		qsort(logs->missed, kept, sizeof(logs->missed[0]), by_way);
}

/* The first of that way, as the list is sorted; missed_count: there is none. */
static size_t first_missed(const struct logs *logs, const char *way)
{
	size_t low = 0, high = logs->missed_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(logs->missed[middle].leg.way, way) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_of_way(const struct logs *logs, size_t i, const char *way)
{
	return i < logs->missed_count && strcmp(logs->missed[i].leg.way, way) == 0;
}

struct arrivals {
	struct leg_said *leg;
	size_t count, size;
};

typedef int (*leg_call)(struct logs *logs, const struct log *log, uint64_t seq,
			const struct leg_said *leg, struct arrivals *arrivals);

/* Of what was missed. */
static int note_arrival(struct logs *logs, const struct log *log, uint64_t seq,
			const struct leg_said *leg, struct arrivals *arrivals)
{
	struct leg_said *more =
		logs_grown(arrivals->leg, arrivals->count, &arrivals->size, sizeof(*more));

	(void)logs;
	(void)log;
	(void)seq;
	if (!more)
		return -ENOMEM;
	arrivals->leg = more;
	arrivals->leg[arrivals->count++] = *leg;
	return 0;
}

static bool has_arrived(const struct arrivals *arrivals, const struct leg_said *departed)
{
	for (size_t i = 0; i < arrivals->count; i++)
		if (strcmp(arrivals->leg[i].departed, departed->departed) == 0 &&
		    strcmp(arrivals->leg[i].way, departed->way) == 0)
			return true;
	return false;
}

/* The last one before it came is what was held back, unless it is compared all the same, be it late. */
static int note_departure(struct logs *logs, const struct log *log, uint64_t seq,
			  const struct leg_said *leg, struct arrivals *arrivals)
{
	if (has_arrived(arrivals, leg))
		return 0;
	for (size_t i = first_missed(logs, leg->way); is_of_way(logs, i, leg->way); i++) {
		struct missed *missed = &logs->missed[i];

		if (strcmp(leg->departed, missed->leg.arrived) > 0 ||
		    strcmp(leg->departed, missed->leg.departed) <= 0)
			continue;
		memcpy(missed->leg.departed, leg->departed, sizeof(missed->leg.departed));
		missed->announced_by = log;
		missed->announced_seq = seq;
	}
	return 0;
}

static int each_leg(struct logs *logs, enum leg_word word, leg_call call, struct arrivals *arrivals)
{
	struct message message;
	struct leg_said leg;
	int err = 0;

	for (size_t i = 0; i < logs->count; i++) {
		const struct log *log = &logs->log[i];

		for (size_t k = 0; err == 0 && k < log->entry_count; k++) {
			const char *line;
			int bytes = lines_at(logs->lines, log->entries[k].place, &line);

			if (bytes < 0)
				return bytes;
			if (message_read(line, (size_t)bytes, &message) == MESSAGE_EVENT &&
			    message.leg == word && message_leg(line, (size_t)bytes, &leg) &&
			    is_of_way(logs, first_missed(logs, leg.way), leg.way))
				err = call(logs, log, log->entries[k].seq, &leg, arrivals);
		}
	}
	return err;
}

int handovers_judge(struct logs *logs)
{
	struct arrivals arrivals = {0};
	int err = 0;

	sort_missed(logs);
	if (logs->missed_count > 0)
		err = each_leg(logs, LEG_ARRIVED, note_arrival, &arrivals);
	if (err == 0 && logs->missed_count > 0)
		err = each_leg(logs, LEG_DEPARTED, note_departure, &arrivals);
	free(arrivals.leg);
	return err;
}
