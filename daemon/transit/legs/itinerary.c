#include "transit/legs/itinerary.h"

#include <string.h>

#include "base/json_writer.h"

#define NOWHERE	   SIZE_MAX
#define LIST_BYTES 2000 /* a body's lists end here */

enum event_id route_finding_event(enum route_finding finding)
{
	static const enum event_id events[ROUTE_FINDINGS] = {
		[ROUTE_FOUND_WRONG_CHECKPOINT] = EVENT_ROUTE_WRONG_CHECKPOINT,
		[ROUTE_FOUND_SKIPPED] = EVENT_ROUTE_SKIPPED,
		[ROUTE_FOUND_OUT_OF_ORDER] = EVENT_ROUTE_OUT_OF_ORDER,
		[ROUTE_FOUND_EARLY] = EVENT_ROUTE_EARLY,
		[ROUTE_FOUND_LATE] = EVENT_ROUTE_LATE,
		[ROUTE_FOUND_OFF_ITINERARY] = EVENT_ROUTE_OFF_ITINERARY,
	};

	return events[finding];
}

/* The first stop at this checkpoint from there on. */
static size_t stop_at(const struct consignment *consignment, const char *checkpoint, size_t from)
{
	for (size_t i = from; i < consignment->stop_count; i++)
		if (strcmp(consignment->stops[i].checkpoint, checkpoint) == 0)
			return i;
	return NOWHERE;
}

/* The stop it came from. Where there are several at that checkpoint, the one right before a stop
 * at this one, else the first. */
static size_t previous_stop(const struct consignment *consignment, const struct arrival *arrival)
{
	size_t first = stop_at(consignment, arrival->came_from, 0);

	for (size_t at = first; at != NOWHERE && at + 1 < consignment->stop_count;
	     at = stop_at(consignment, arrival->came_from, at + 1))
		if (strcmp(consignment->stops[at + 1].checkpoint, arrival->checkpoint) == 0)
			return at;
	return first;
}

static void find(struct route_verdict *verdict, enum route_finding finding)
{
	verdict->findings |= UINT32_C(1) << finding;
}

/* Which stop this is, by where it came from; with findings on the order. */
static size_t judge_order(const struct consignment *consignment, const struct arrival *arrival,
			  struct route_verdict *verdict)
{
	size_t first = stop_at(consignment, arrival->checkpoint, 0);
	size_t previous = arrival->came_from ? previous_stop(consignment, arrival) : NOWHERE;
	size_t here;

	if (previous == NOWHERE && arrival->came_from)
		find(verdict, ROUTE_FOUND_OFF_ITINERARY);
	if (previous == NOWHERE)
		return first;
	verdict->order_judged = true;
	here = stop_at(consignment, arrival->checkpoint, previous + 1);
	if (here == previous + 1)
		return here;
	if (previous + 1 < consignment->stop_count)
		verdict->expected = consignment->stops[previous + 1].checkpoint;
	if (first == NOWHERE)
		return NOWHERE;
	if (here == NOWHERE) {
		find(verdict, ROUTE_FOUND_OUT_OF_ORDER);
		return first;
	}
	find(verdict, ROUTE_FOUND_SKIPPED);
	verdict->skipped = &consignment->stops[previous + 1];
	verdict->skipped_count = here - previous - 1;
	return here;
}

static void judge_window(const struct arrival *arrival, struct route_verdict *verdict)
{
	if (arrival->clock == CLOCK_UNSYNCED)
		return;
	verdict->window_judged = true;
	if (arrival->utc_ns < verdict->stop->from_utc_ns) {
		find(verdict, ROUTE_FOUND_EARLY);
		verdict->outside_ns = verdict->stop->from_utc_ns - arrival->utc_ns;
	} else if (arrival->utc_ns > verdict->stop->until_utc_ns) {
		find(verdict, ROUTE_FOUND_LATE);
		verdict->outside_ns = arrival->utc_ns - verdict->stop->until_utc_ns;
	}
}

/* It was sent elsewhere, and comes here all the same; not by way of there. */
static bool was_not_sent_here(const struct consignment *consignment, const struct arrival *arrival)
{
	size_t there;

	if (!arrival->sent_to || arrival->came_from)
		return false;
	there = stop_at(consignment, arrival->sent_to, 0);
	return there == NOWHERE || stop_at(consignment, arrival->checkpoint, there) == NOWHERE;
}

struct route_verdict itinerary_judge(const struct consignment *consignment,
				     const struct arrival *arrival)
{
	struct route_verdict verdict = {
		.declared = consignment->stop_count > 0,
		.stops = consignment->stops,
		.stop_count = consignment->stop_count,
		.came_from = arrival->came_from,
	};
	size_t here;

	if (was_not_sent_here(consignment, arrival)) {
		find(&verdict, ROUTE_FOUND_WRONG_CHECKPOINT);
		verdict.expected = arrival->sent_to;
		return verdict;
	}
	if (!verdict.declared)
		return verdict;
	here = judge_order(consignment, arrival, &verdict);
	if (here == NOWHERE) {
		find(&verdict, ROUTE_FOUND_WRONG_CHECKPOINT);
		return verdict;
	}
	verdict.stop = &consignment->stops[here];
	if (here + 1 < consignment->stop_count)
		verdict.next = verdict.stop + 1;
	judge_window(arrival, &verdict);
	return verdict;
}

/* As many as there is room for. */
static void tell_checkpoints(struct jw *json, const char *key, const struct itinerary_stop *stops,
			     size_t count)
{
	if (count == 0)
		return;
	jw_open_array(json, key);
	for (size_t i = 0; i < count && json->bytes < LIST_BYTES; i++)
		jw_text(json, NULL, stops[i].checkpoint);
	jw_close_array(json);
}

static void tell_window(const struct route_verdict *verdict, struct jw *json)
{
	if (!verdict->stop)
		return;
	if (verdict->stop->from_utc_ns != INT64_MIN)
		jw_utc(json, "from", verdict->stop->from_utc_ns);
	if (verdict->stop->until_utc_ns != INT64_MAX)
		jw_utc(json, "until", verdict->stop->until_utc_ns);
	if (verdict->findings & UINT32_C(1) << ROUTE_FOUND_EARLY)
		jw_int(json, "early_ms", verdict->outside_ns / NS_PER_MS);
	if (verdict->findings & UINT32_C(1) << ROUTE_FOUND_LATE)
		jw_int(json, "late_ms", verdict->outside_ns / NS_PER_MS);
}

void itinerary_tell(const struct route_verdict *verdict, struct jw *json, int64_t dwell_ns,
		    int64_t limit_ns)
{
	jw_open(json, "route");
	if (verdict->stop)
		jw_int(json, "stop", verdict->stop - verdict->stops + 1);
	else
		jw_text(json, "stop", NULL);
	jw_uint(json, "stops", verdict->stop_count);
	jw_text(json, "came_from", verdict->came_from);
	if (verdict->expected)
		jw_text(json, "expected", verdict->expected);
	tell_checkpoints(json, "skipped", verdict->skipped, verdict->skipped_count);
	if (!verdict->stop || verdict->findings & UINT32_C(1) << ROUTE_FOUND_OFF_ITINERARY)
		tell_checkpoints(json, "itinerary", verdict->stops, verdict->stop_count);
	tell_window(verdict, json);
	if (dwell_ns != INT64_MIN)
		jw_int(json, "dwell_ms", dwell_ns / NS_PER_MS);
	if (limit_ns != INT64_MAX)
		jw_int(json, "dwell_limit_ms", limit_ns / NS_PER_MS);
	jw_close(json);
}
