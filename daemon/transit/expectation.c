#include "expectation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "leg.h"
#include "memo.h"
#include "sensor.h"
#include "stay.h"

#define TEXT_VERSION 1
#define KEY	     "expect/"

int expectations_init(struct expectations *expectations, struct alarm_book *book, int64_t margin_ns,
		      int64_t keep_ns)
{
	*expectations = (struct expectations){
		.book = book,
		.margin_ns = margin_ns,
		.keep_ns = keep_ns,
		.settle_mono_ns = INT64_MAX,
	};
	expectations->items = calloc(EXPECTATIONS_MAX, sizeof(expectations->items[0]));
	return expectations->items ? 0 : -ENOMEM;
}

void expectations_fini(struct expectations *expectations)
{
	free(expectations->items);
}

struct expectation *expectations_find(struct expectations *expectations, const char *ucr)
{
	size_t i;

	for (i = 0; i < expectations->count; i++)
		if (strcmp(expectations->items[i].handover.ucr, ucr) == 0)
			return &expectations->items[i];
	return NULL;
}

/* ---- memories ------------------------------------------------------------------------ */

/* With the next thing the teller puts. */
static void remember(struct expectations *expectations, struct teller *teller,
		     const struct expectation *expectation)
{
	struct memo memo;

	snprintf(expectations->key, sizeof(expectations->key), KEY "%s", expectation->handover.ucr);
	memo_start(&memo, expectations->text, sizeof(expectations->text));
	memo_int(&memo, TEXT_VERSION);
	memo_int(&memo, expectation->overdue);
	handover_remember(&expectation->handover, &memo);
	teller_remember(teller, expectations->key, expectations->text);
}

static void keep(struct expectations *expectations, struct teller *teller,
		 const struct expectation *expectation)
{
	teller_flush(teller);
	remember(expectations, teller, expectation);
	teller_flush(teller);
}

static void forget(struct teller *teller, const struct expectation *expectation)
{
	char key[MEMORY_KEY_BYTES];
	struct event_memory memory = {.key = key};
	struct event_draft draft = {.memories = &memory, .memory_count = 1};

	snprintf(key, sizeof(key), KEY "%s", expectation->handover.ucr);
	teller->sink.put(teller->sink.data, &draft);
}

void expectations_recall(struct expectations *expectations, const char *key, const char *text)
{
	struct expectation expectation = {0};
	struct memo_reader reader;

	if (strncmp(key, KEY, strlen(KEY)) != 0 || expectations->count == EXPECTATIONS_MAX)
		return;
	memo_read(&reader, text);
	(void)memo_take(&reader, TEXT_VERSION, TEXT_VERSION);
	expectation.overdue = memo_take(&reader, 0, 1);
	handover_recall(&expectation.handover, &reader);
	if (memo_end(&reader) && !expectations_find(expectations, expectation.handover.ucr))
		expectations->items[expectations->count++] = expectation;
}

/* ---- leg.overdue --------------------------------------------------------------------- */

static bool has_window(const struct handover *handover)
{
	return handover->expected_until_utc_ns != INT64_MAX;
}

static void tell(struct teller *teller, const struct expectation *expectation, const char *end,
		 int64_t lasted_ms, int64_t at_mono_ns)
{
	struct json *json = stay_tell_start(teller, NULL, expectation->handover.ucr, at_mono_ns);

	json_text(json, "alarm", end ? "cleared" : "raised");
	if (end) {
		json_int(json, "lasted_ms", lasted_ms);
		json_text(json, "ended", end);
	}
	leg_tell(&expectation->handover, NULL, json);
	tell_end(teller, EVENT_LEG_OVERDUE, NULL);
}

static void raise_overdue(struct expectations *expectations, struct teller *teller,
			  struct expectation *expectation)
{
	struct instant at = teller->now;
	char resource[STATE_KEY_BYTES];

	expectation->overdue = true;
	remember(expectations, teller, expectation);
	snprintf(resource, sizeof(resource), "consignment/%s", expectation->handover.ucr);
	if (alarm_book_raise(expectations->book, resource, EVENT_LEG_OVERDUE, &at))
		tell(teller, expectation, NULL, 0, at.mono_ns);
	else
		teller_flush(teller);
}

static void clear_overdue(struct expectations *expectations, struct teller *teller,
			  struct expectation *expectation, enum expectation_end end,
			  int64_t at_mono_ns)
{
	static const char *const ends[] = {
		[EXPECTATION_ARRIVED] = "arrived",
		[EXPECTATION_WITHDRAWN] = "withdrawn",
		[EXPECTATION_EXPIRED] = "expired",
	};
	struct instant at = teller->now;
	char resource[STATE_KEY_BYTES];
	int64_t lasted_ms;

	if (!expectation->overdue)
		return;
	at.utc_ns -= at.mono_ns - at_mono_ns;
	at.mono_ns = at_mono_ns;
	snprintf(resource, sizeof(resource), "consignment/%s", expectation->handover.ucr);
	if (alarm_book_clear(expectations->book, resource, EVENT_LEG_OVERDUE, &at, &lasted_ms))
		tell(teller, expectation, ends[end], lasted_ms, at_mono_ns);
}

/* ---- coming and going ---------------------------------------------------------------- */

void expectations_end(struct expectations *expectations, struct teller *teller,
		      struct expectation *expectation, enum expectation_end end, int64_t at_mono_ns)
{
	clear_overdue(expectations, teller, expectation, end, at_mono_ns);
	forget(teller, expectation);
	*expectation = expectations->items[--expectations->count];
}

static struct expectation *find_first(struct expectations *expectations)
{
	struct expectation *first = expectations->items;
	size_t i;

	for (i = 1; i < expectations->count; i++)
		if (expectations->items[i].handover.departed_utc_ns <
		    first->handover.departed_utc_ns)
			first = &expectations->items[i];
	return first;
}

/* Of its own clock, and not for ever. */
static void limit_expiry(const struct expectations *expectations, const struct teller *teller,
			 struct handover *handover)
{
	int64_t now_utc_ns = teller->now.utc_ns;

	if (teller->now.clock == CLOCK_UNSYNCED)
		return;
	if (handover->expires_utc_ns == INT64_MIN)
		handover->expires_utc_ns = now_utc_ns + expectations->keep_ns;
	if (handover->expires_utc_ns > now_utc_ns + EXPECTATION_LONGEST_NS)
		handover->expires_utc_ns = now_utc_ns + EXPECTATION_LONGEST_NS;
}

static bool is_older(const struct handover *one, const struct handover *other)
{
	return one->departed_clock != CLOCK_UNSYNCED && other->departed_clock != CLOCK_UNSYNCED &&
	       one->departed_utc_ns < other->departed_utc_ns;
}

void expectations_add(struct expectations *expectations, struct teller *teller,
		      const struct handover *handover, char ret_gave_way[IDENTIFIER_BYTES])
{
	struct expectation *expectation = expectations_find(expectations, handover->ucr);

	ret_gave_way[0] = '\0';
	if (expectation && handover_is_same(&expectation->handover, handover)) {
		expectation->unheard = false;
		return;
	}
	if (expectation && is_older(handover, &expectation->handover))
		return;
	if (expectation) {
		expectations_end(expectations, teller, expectation, EXPECTATION_WITHDRAWN,
				 teller->now.mono_ns);
	} else if (expectations->count == EXPECTATIONS_MAX) {
		expectation = find_first(expectations);
		snprintf(ret_gave_way, IDENTIFIER_BYTES, "%s", expectation->handover.ucr);
		expectations_end(expectations, teller, expectation, EXPECTATION_WITHDRAWN,
				 teller->now.mono_ns);
	}
	expectation = &expectations->items[expectations->count++];
	*expectation = (struct expectation){.handover = *handover};
	limit_expiry(expectations, teller, &expectation->handover);
	keep(expectations, teller, expectation);
}

void expectations_connected(struct expectations *expectations, const struct teller *teller)
{
	size_t i;

	for (i = 0; i < expectations->count; i++)
		expectations->items[i].unheard = true;
	expectations->settle_mono_ns = teller->now.mono_ns + EXPECTATION_SETTLE_NS;
}

void expectations_disconnected(struct expectations *expectations)
{
	expectations->settle_mono_ns = INT64_MAX;
}

/* ---- time ---------------------------------------------------------------------------- */

static int64_t overdue_utc(const struct expectations *expectations,
			   const struct expectation *expectation)
{
	if (expectation->overdue || expectation->here || !has_window(&expectation->handover))
		return INT64_MAX;
	return expectation->handover.expected_until_utc_ns + expectations->margin_ns;
}

static int64_t due_utc(const struct expectations *expectations,
		       const struct expectation *expectation)
{
	int64_t overdue_utc_ns = overdue_utc(expectations, expectation);
	int64_t expires_utc_ns =
		expectation->here ? INT64_MAX : expectation->handover.expires_utc_ns;

	return overdue_utc_ns < expires_utc_ns ? overdue_utc_ns : expires_utc_ns;
}

int64_t expectations_due(const struct expectations *expectations, const struct teller *teller)
{
	int64_t first = expectations->count > 0 ? expectations->settle_mono_ns : INT64_MAX;
	size_t i;

	for (i = 0; i < expectations->count; i++) {
		int64_t due_mono_ns =
			handover_due(due_utc(expectations, &expectations->items[i]), &teller->now);

		if (due_mono_ns < first)
			first = due_mono_ns;
	}
	return first;
}

static void settle(struct expectations *expectations, struct teller *teller)
{
	size_t i;

	expectations->settle_mono_ns = INT64_MAX;
	for (i = expectations->count; i-- > 0;)
		if (expectations->items[i].unheard && !expectations->items[i].here)
			expectations_end(expectations, teller, &expectations->items[i],
					 EXPECTATION_WITHDRAWN, teller->now.mono_ns);
}

static void look_at(struct expectations *expectations, struct teller *teller,
		    struct expectation *expectation)
{
	int64_t now_utc_ns = teller->now.utc_ns;

	if (overdue_utc(expectations, expectation) <= now_utc_ns)
		raise_overdue(expectations, teller, expectation);
	if (due_utc(expectations, expectation) > now_utc_ns)
		return;
	if (expectation->handover.expires_utc_ns == INT64_MIN) {
		limit_expiry(expectations, teller, &expectation->handover);
		keep(expectations, teller, expectation);
	} else {
		expectations_end(expectations, teller, expectation, EXPECTATION_EXPIRED,
				 teller->now.mono_ns);
	}
}

void expectations_tick(struct expectations *expectations, struct teller *teller)
{
	size_t i;

	if (teller->now.mono_ns >= expectations->settle_mono_ns)
		settle(expectations, teller);
	if (teller->now.clock == CLOCK_UNSYNCED)
		return;
	for (i = expectations->count; i-- > 0;)
		look_at(expectations, teller, &expectations->items[i]);
}
