#include "uplink/window.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

#define FIRST_BYTES 3072 /* a few events, before anything is known of the link */
#define LEAST_BYTES 512
#define MOST_BYTES  ((size_t)4 * 1024 * 1024)
#define QUEUE_MIN   (20 * NS_PER_MS) /* a machine that is busy is no slow link */
#define WHILE_NS    (30 * NS_PER_S) /* a route may become longer */

int window_init(struct window *window, size_t slots, int64_t queue_most_ns)
{
	*window = (struct window){.slots = slots, .queue_most_ns = queue_most_ns};
	window->ring = calloc(slots, sizeof(window->ring[0]));
	if (!window->ring)
		return -ENOMEM;
	window_reset(window, slots);
	return 0;
}

void window_fini(struct window *window)
{
	free(window->ring);
	window->ring = NULL;
}

void window_reset(struct window *window, size_t limit)
{
	window->first = window->count = window->bytes = 0;
	window->limit = limit < window->slots ? limit : window->slots;
	if (window->limit == 0)
		window->limit = 1;
	window->limit_bytes = FIRST_BYTES;
	window->rtt_ns = 0;
	window->rtt_min_ns[0] = window->rtt_min_ns[1] = INT64_MAX;
	window->while_ns = window->shrunk_ns = window->full_ns = INT64_MIN;
	window->fast_until = MOST_BYTES;
	window->deaf = false;
}

/* The next is taken to be as large as the last. A single message may be larger than all that the
 * link takes. */
bool window_has_room(const struct window *window)
{
	return window->count == 0 || (window->count < window->limit &&
				      window->bytes + window->last_bytes <= window->limit_bytes);
}

void window_hear(struct window *window, bool hears, int64_t now_ns)
{
	if (window->deaf && hears)
		window->shrunk_ns = window->while_ns = now_ns;
	window->deaf = !hears;
}

static struct window_entry *entry_at(struct window *window, size_t index)
{
	size_t slot = window->first + index;

	return &window->ring[slot < window->slots ? slot : slot - window->slots];
}

/* The end of a topic says more than its beginning. */
static void keep_topic(struct window_entry *entry, const char *topic)
{
	size_t bytes = strlen(topic);

	if (bytes >= sizeof(entry->topic))
		topic += bytes - sizeof(entry->topic) + 1;
	memcpy(entry->topic, topic, strlen(topic) + 1);
}

void window_push(struct window *window, const struct window_entry *entry, const char *topic,
		 int64_t now_ns)
{
	struct window_entry *copy = entry_at(window, window->count);

	assert(window->count < window->limit);
	window->count++;
	window->bytes += entry->bytes;
	window->last_bytes = entry->bytes;
	copy->mid = entry->mid;
	copy->kind = entry->kind;
	copy->position = entry->position;
	copy->bytes = entry->bytes;
	copy->retain = entry->retain;
	copy->done = false;
	copy->refusal = NULL;
	copy->sent_ns = now_ns;
	copy->flight = window->bytes;
	if (!window_has_room(window))
		window->full_ns = now_ns;
	keep_topic(copy, topic);
}

/* ---- the link --------------------------------------------------------------------------- */

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static size_t more(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* The queue runs empty for a moment, else it would come to count as part of the way. */
static void begin_while(struct window *window, int64_t now_ns)
{
	window->rtt_min_ns[1] = window->rtt_min_ns[0];
	window->rtt_min_ns[0] = INT64_MAX;
	window->fast_until = window->limit_bytes / 4 * 3;
	window->limit_bytes = more(window->limit_bytes / 4, LEAST_BYTES);
	window->while_ns = window->shrunk_ns = now_ns;
}

static void learn_round_trip(struct window *window, int64_t sent_ns, int64_t took_ns,
			     int64_t now_ns)
{
	if (now_ns - window->while_ns > WHILE_NS)
		begin_while(window, now_ns);
	if (sent_ns >= window->while_ns)
		window->rtt_min_ns[0] = least(window->rtt_min_ns[0], took_ns);
	window->rtt_ns = window->rtt_ns ? (7 * window->rtt_ns + took_ns) / 8 : took_ns;
}

/* The longest that a message may take: a round trip, and a queue as long as one. */
static int64_t longest_ns(const struct window *window)
{
	int64_t rtt_ns = least(window->rtt_min_ns[0], window->rtt_min_ns[1]);
	int64_t queue_ns = rtt_ns > QUEUE_MIN ? rtt_ns : QUEUE_MIN;

	return rtt_ns + least(queue_ns, window->queue_most_ns);
}

/* What was in flight took so long; what takes `longest`, if it is all queue. */
static size_t flight_for(const struct window_entry *entry, int64_t longest_ns, int64_t took_ns)
{
	return (size_t)((double)entry->flight * (double)longest_ns / (double)took_ns);
}

static void shrink(struct window *window, size_t fits, int64_t now_ns)
{
	window->shrunk_ns = now_ns;
	if (fits / 10 * 9 < window->limit_bytes)
		window->limit_bytes = more(fits / 10 * 9, LEAST_BYTES);
	window->fast_until = window->limit_bytes;
}

static void grow(struct window *window, const struct window_entry *entry, size_t fits)
{
	bool fast = window->limit_bytes < window->fast_until;
	size_t limit = window->limit_bytes + (fast ? 2 * entry->bytes : (entry->bytes + 7) / 8);

	if (limit > fits / 2 * 3)
		limit = fits / 2 * 3;
	if (limit > MOST_BYTES)
		limit = MOST_BYTES;
	window->limit_bytes = more(window->limit_bytes, limit);
}

/* Those that were sent before it was made smaller say nothing new. */
static void learn(struct window *window, const struct window_entry *entry, int64_t now_ns)
{
	int64_t took_ns = now_ns > entry->sent_ns ? now_ns - entry->sent_ns : 1;
	int64_t longest;
	size_t fits;

	if (window->while_ns == INT64_MIN)
		window->while_ns = entry->sent_ns;
	if (window->deaf)
		return;
	learn_round_trip(window, entry->sent_ns, took_ns, now_ns);
	longest = longest_ns(window);
	fits = flight_for(entry, longest, took_ns);
	if (entry->sent_ns < window->shrunk_ns)
		return;
	if (took_ns > longest)
		shrink(window, fits, now_ns);
	else if (entry->sent_ns <= window->full_ns)
		grow(window, entry, fits);
}

/* ---- answers ---------------------------------------------------------------------------- */

/* A broker acknowledges in order, so what is looked for is the first or close to it. */
bool window_answer(struct window *window, int mid, const char *refusal, int64_t now_ns)
{
	for (size_t i = 0; i < window->count; i++) {
		struct window_entry *entry = entry_at(window, i);

		if (entry->mid != mid || entry->done)
			continue;
		entry->done = true;
		entry->refusal = refusal;
		window->bytes -= entry->bytes;
		learn(window, entry, now_ns);
		return true;
	}
	return false;
}

const struct window_entry *window_unanswered(struct window *window)
{
	for (size_t i = 0; i < window->count; i++)
		if (!entry_at(window, i)->done)
			return entry_at(window, i);
	return NULL;
}

bool window_holds(struct window *window, int kind)
{
	for (size_t i = 0; i < window->count; i++)
		if (entry_at(window, i)->kind == kind && !entry_at(window, i)->done)
			return true;
	return false;
}

void window_forget(struct window *window, int kind)
{
	for (size_t i = 0; i < window->count; i++)
		if (entry_at(window, i)->kind == kind)
			entry_at(window, i)->kind = WINDOW_FORGOTTEN;
}

bool window_pop(struct window *window, struct window_entry *ret_entry)
{
	if (window->count == 0 || !entry_at(window, 0)->done)
		return false;
	*ret_entry = *entry_at(window, 0);
	window->first = window->first + 1 < window->slots ? window->first + 1 : 0;
	window->count--;
	return true;
}
