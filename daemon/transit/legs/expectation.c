#include "transit/legs/expectation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transit/event/memo.h"
#include "transit/event/teller.h"
#include "transit/legs/leg.h"
#include "transit/legs/stay.h"

#define TEXT_VERSION 5 /* 1: handover.h */
#define TEXT_SIGNED  4 /* as 3, and whether it is signed */
#define KEY	     "expect/"

int expectations_init(struct expectations *expectations, struct alarm_book *book, int64_t margin_ns,
		      int64_t keep_ns)
{
	*expectations = (struct expectations){
		.book = book,
		.margin_ns = margin_ns,
		.keep_ns = keep_ns,
		.unheard_mono_ns = INT64_MAX,
	};
	return drawer_init(&expectations->drawer, EXPECTATIONS_MAX);
}

void expectations_fini(struct expectations *expectations)
{
	drawer_fini(&expectations->drawer);
}

#define HERE	1u
#define UNHEARD 2u

static int64_t overdue_utc(const struct expectations *expectations,
			   const struct expectation *expectation)
{
	if (expectation->overdue || expectation->here ||
	    handover_is_doubtful(&expectation->handover) ||
	    expectation->handover.expected_until_utc_ns == INT64_MAX)
		return INT64_MAX;
	return expectation->handover.expected_until_utc_ns + expectations->margin_ns;
}

static int64_t due_utc(const struct expectations *expectations,
		       const struct expectation *expectation)
{
	int64_t overdue_utc_ns = overdue_utc(expectations, expectation);
	int64_t expires_utc_ns =
		expectation->here ? INT64_MAX : expectation->handover.expires_utc_ns;

	return earlier_ns(overdue_utc_ns, expires_utc_ns);
}

static struct drawer_note note_of(const struct expectations *expectations,
				  const struct expectation *expectation)
{
	return (struct drawer_note){
		.due_ns = due_utc(expectations, expectation),
		.rank = handover_is_doubtful(&expectation->handover)
				? INT64_MIN
				: expectation->handover.departed_utc_ns / DRAWER_RANK_NS,
		.flags = (expectation->here ? HERE : 0) | (expectation->unheard ? UNHEARD : 0),
	};
}

static bool read_expectation(const char *text, struct expectation *ret_expectation)
{
	struct memo_reader reader;
	int64_t version;

	*ret_expectation = (struct expectation){0};
	memo_read(&reader, text);
	version = memo_take(&reader, 1, TEXT_VERSION);
	ret_expectation->overdue = memo_take(&reader, 0, 1);
	handover_recall(&ret_expectation->handover, version == TEXT_SIGNED ? 3 : version, &reader);
	if (version >= TEXT_SIGNED)
		ret_expectation->handover.signature =
			(enum handover_signature)memo_take(&reader, 0, HANDOVER_SIGNATURES - 1);
	return memo_end(&reader);
}

struct expectation *expectations_at(struct expectations *expectations, size_t i)
{
	const struct drawer *drawer = &expectations->drawer;
	struct expectation *found = &expectations->found;

	if (i >= drawer->count || !read_expectation(drawer_value(drawer, i), found))
		return NULL;
	found->here = drawer_note(drawer, i).flags & HERE;
	found->unheard = drawer_note(drawer, i).flags & UNHEARD;
	return found;
}

struct expectation *expectations_find(struct expectations *expectations, const char *id)
{
	return expectations_at(expectations, drawer_find(&expectations->drawer, id));
}

void expectations_note(struct expectations *expectations, const struct expectation *expectation)
{
	const struct drawer_note note = note_of(expectations, expectation);
	char id[HANDOVER_ID_BYTES];
	size_t at;

	handover_id(&expectation->handover, id);
	at = drawer_find(&expectations->drawer, id);
	if (at == DRAWER_NONE)
		return;
	drawer_set_due(&expectations->drawer, at, note.due_ns);
	expectations->drawer.flags[at] = note.flags;
}

bool expectations_may_have_seal(const struct expectations *expectations, size_t i,
				const char *number)
{
	return strchr(number, '%') || drawer_may_have(&expectations->drawer, i, number);
}

/* ---- memories ------------------------------------------------------------------------ */

/* Goes with what the teller puts next. */
static void remember(struct expectations *expectations, struct teller *teller,
		     const struct expectation *expectation)
{
	const struct drawer_note note = note_of(expectations, expectation);
	char id[HANDOVER_ID_BYTES];
	struct memo memo;

	handover_id(&expectation->handover, id);
	snprintf(expectations->key, sizeof(expectations->key), KEY "%s", id);
	memo_start(&memo, expectations->text, sizeof(expectations->text));
	memo_int(&memo, TEXT_VERSION);
	memo_int(&memo, expectation->overdue);
	handover_remember(&expectation->handover, &memo);
	memo_int(&memo, (int64_t)expectation->handover.signature);
	(void)drawer_put(&expectations->drawer, id, expectations->text, &note);
	teller_remember(teller, expectations->key, expectations->text);
}

static void keep(struct expectations *expectations, struct teller *teller,
		 const struct expectation *expectation)
{
	teller_flush(teller);
	remember(expectations, teller, expectation);
	teller_flush(teller);
}

static void forget(struct expectations *expectations, struct teller *teller,
		   const struct expectation *expectation)
{
	char key[MEMORY_KEY_BYTES], id[HANDOVER_ID_BYTES];
	size_t at;

	handover_id(&expectation->handover, id);
	snprintf(key, sizeof(key), KEY "%s", id);
	teller_put_memory(teller, key, NULL);
	at = drawer_find(&expectations->drawer, id);
	if (at != DRAWER_NONE)
		drawer_drop(&expectations->drawer, at);
}

void expectations_recall(struct expectations *expectations, const char *key, const char *text)
{
	struct expectation expectation;
	struct drawer_note note;
	char id[HANDOVER_ID_BYTES];

	if (strncmp(key, KEY, strlen(KEY)) != 0 || !read_expectation(text, &expectation))
		return;
	handover_id(&expectation.handover, id);
	note = note_of(expectations, &expectation);
	if (drawer_find(&expectations->drawer, id) == DRAWER_NONE)
		(void)drawer_put(&expectations->drawer, id, text, &note);
}

/* ---- leg.overdue --------------------------------------------------------------------- */

static void tell(struct teller *teller, const struct expectation *expectation, const char *end,
		 int64_t lasted_ms, int64_t at_mono_ns)
{
	struct jw *json = stay_tell_start(teller, NULL, expectation->handover.ucr, at_mono_ns);

	tell_alarm(teller, end ? ALARM_CLEARED : ALARM_RAISED);
	if (end) {
		jw_int(json, "lasted_ms", lasted_ms);
		jw_text(json, "ended", end);
	}
	leg_tell(&expectation->handover, NULL, json);
	tell_end(teller, EVENT_LEG_OVERDUE);
}

static void raise_overdue(struct expectations *expectations, struct teller *teller,
			  struct expectation *expectation)
{
	char resource[ALARM_RESOURCE_BYTES];

	expectation->overdue = true;
	remember(expectations, teller, expectation);
	alarm_book_consignment(expectation->handover.ucr, resource);
	if (alarm_book_raise(expectations->book, resource, event_type(EVENT_LEG_OVERDUE),
			     &teller->now))
		tell(teller, expectation, NULL, 0, teller->now.mono_ns);
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
	const struct instant at = teller_moment(teller, at_mono_ns);
	char resource[ALARM_RESOURCE_BYTES];
	int64_t lasted_ms;

	if (!expectation->overdue)
		return;
	alarm_book_consignment(expectation->handover.ucr, resource);
	if (alarm_book_clear(expectations->book, resource, event_type(EVENT_LEG_OVERDUE), &at,
			     &lasted_ms))
		tell(teller, expectation, ends[end], lasted_ms, at_mono_ns);
}

/* ---- coming and going ---------------------------------------------------------------- */

void expectations_end(struct expectations *expectations, struct teller *teller,
		      struct expectation *expectation, enum expectation_end end, int64_t at_mono_ns)
{
	clear_overdue(expectations, teller, expectation, end, at_mono_ns);
	forget(expectations, teller, expectation);
}

/* By our own clock, and not for ever. */
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

/* One that is signed gives way to such a one alone, and takes the place of any other. */
static bool takes_place(const struct handover *one, const struct handover *other)
{
	const bool is_signed = one->signature == HANDOVER_SIGNED;

	if (is_signed != (other->signature == HANDOVER_SIGNED))
		return is_signed;
	return !handover_is_same(one, other) && !is_older(one, other);
}

/* Something is announced there: the same, or in its place what does not count. */
static void hear_again(struct expectations *expectations, struct expectation *expectation,
		       const struct handover *handover)
{
	if (!handover_is_same(&expectation->handover, handover) &&
	    expectation->handover.signature != HANDOVER_SIGNED)
		return;
	expectation->unheard = false;
	expectations_note(expectations, expectation);
}

/* What is doubtful makes nothing give way. */
static bool has_room_for(const struct expectations *expectations, const struct handover *handover)
{
	return !handover_is_doubtful(handover) || !drawer_is_full(&expectations->drawer);
}

void expectations_add(struct expectations *expectations, struct teller *teller,
		      const struct handover *handover, char ret_evicted_ucr[IDENTIFIER_BYTES])
{
	struct expectation *expectation, expected = {.handover = *handover};
	char id[HANDOVER_ID_BYTES];

	handover_id(handover, id);
	expectation = expectations_find(expectations, id);
	ret_evicted_ucr[0] = '\0';
	if (expectation && !takes_place(handover, &expectation->handover)) {
		hear_again(expectations, expectation, handover);
		return;
	}
	if (!expectation && !has_room_for(expectations, handover))
		return;
	if (!expectation && drawer_is_full(&expectations->drawer)) {
		expectation = expectations_at(expectations, drawer_lowest(&expectations->drawer));
		if (expectation)
			snprintf(ret_evicted_ucr, IDENTIFIER_BYTES, "%s",
				 expectation->handover.ucr);
	}
	if (expectation)
		expectations_end(expectations, teller, expectation, EXPECTATION_WITHDRAWN,
				 teller->now.mono_ns);
	if (ret_evicted_ucr[0])
		tell_gave_way(teller, "expectation", ret_evicted_ucr, EXPECTATIONS_MAX);
	limit_expiry(expectations, teller, &expected.handover);
	keep(expectations, teller, &expected);
}

void expectations_connected(struct expectations *expectations, const struct teller *teller)
{
	for (size_t i = 0; i < expectations->drawer.count; i++)
		expectations->drawer.flags[i] |= UNHEARD;
	expectations->unheard_mono_ns = teller->now.mono_ns + EXPECTATION_HEARING_NS;
}

void expectations_heard(struct expectations *expectations, int64_t mono_ns)
{
	const int64_t all_heard_mono_ns = mono_ns + EXPECTATION_HEARING_NS;

	if (expectations->unheard_mono_ns != INT64_MAX &&
	    expectations->unheard_mono_ns < all_heard_mono_ns)
		expectations->unheard_mono_ns = all_heard_mono_ns;
}

void expectations_disconnected(struct expectations *expectations)
{
	expectations->unheard_mono_ns = INT64_MAX;
}

/* ---- time ---------------------------------------------------------------------------- */

int64_t expectations_due(const struct expectations *expectations, const struct teller *teller)
{
	if (expectations->drawer.count == 0)
		return INT64_MAX;
	return earlier_ns(expectations->unheard_mono_ns,
			  handover_due(drawer_due(&expectations->drawer), &teller->now));
}

static void withdraw_unheard(struct expectations *expectations, struct teller *teller)
{
	expectations->unheard_mono_ns = INT64_MAX;
	for (size_t i = expectations->drawer.count; i-- > 0;) {
		struct expectation *expectation;

		if (drawer_note(&expectations->drawer, i).flags != UNHEARD)
			continue;
		expectation = expectations_at(expectations, i);
		if (expectation)
			expectations_end(expectations, teller, expectation, EXPECTATION_WITHDRAWN,
					 teller->now.mono_ns);
	}
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
	if (teller->now.mono_ns >= expectations->unheard_mono_ns)
		withdraw_unheard(expectations, teller);
	if (teller->now.clock == CLOCK_UNSYNCED)
		return;
	for (size_t i = expectations->drawer.count; i-- > 0;) {
		struct expectation *expectation;

		if (drawer_note(&expectations->drawer, i).due_ns > teller->now.utc_ns)
			continue;
		expectation = expectations_at(expectations, i);
		if (expectation)
			look_at(expectations, teller, expectation);
		else
			drawer_drop(&expectations->drawer, i);
	}
}
