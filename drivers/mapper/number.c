#include "mapper/number.h"

#include <string.h>

#define MISREAD_MOST 2 /* characters that a misreading is off */
#define SEEN_NS	     (200 * NS_PER_MS) /* a text stands so long before another follows */

void number_init(struct number *number, const struct map_point_conf *conf,
		 void (*give)(void *data, const char *text, int64_t at_mono_ns), void *data)
{
	*number = (struct number){
		.conf = conf, .given_mono_ns = INT64_MIN, .give = give, .data = data};
}

/* ---- what is known --------------------------------------------------------------------- */

static struct number_known *find_known(struct number *number, const char *text)
{
	for (size_t i = 0; i < NUMBER_KNOWN; i++)
		if (strcmp(number->known[i].text, text) == 0)
			return &number->known[i];
	return NULL;
}

/* In the place of the one that was seen longest ago. */
static void know(struct number *number, const char *text, int64_t seen_mono_ns)
{
	struct number_known *place = find_known(number, text);

	if (!place) {
		place = &number->known[0];
		for (size_t i = 1; i < NUMBER_KNOWN; i++)
			if (number->known[i].text[0] == '\0' ||
			    (place->text[0] && number->known[i].seen_mono_ns < place->seen_mono_ns))
				place = &number->known[i];
	}
	memcpy(place->text, text, strlen(text) + 1);
	place->seen_mono_ns = seen_mono_ns;
}

/* Seen so lately that this is the same reading. */
static bool is_same_reading(struct number *number, const char *text, int64_t now_mono_ns)
{
	struct number_known *known = find_known(number, text);

	if (number->conf->again_after_ns == 0 || !known ||
	    now_mono_ns - known->seen_mono_ns > number->conf->again_after_ns)
		return false;
	known->seen_mono_ns = now_mono_ns;
	return true;
}

/* ---- candidates ------------------------------------------------------------------------ */

static size_t least_of(size_t a, size_t b, size_t c)
{
	const size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Characters to change, add or drop (bytes, for what is not ASCII). */
static size_t distance(const char *a, const char *b)
{
	const size_t columns = strlen(b);
	size_t row[VALUE_TEXT_BYTES];

	for (size_t j = 0; j <= columns; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= columns; j++) {
			const size_t above = row[j];

			row[j] = least_of(above + 1, row[j - 1] + 1,
					  corner + (a[i - 1] != b[j - 1]));
			corner = above;
		}
	}
	return row[columns];
}

static bool is_surer(const struct origin *a, const struct origin *b)
{
	if (!a->has_confidence || !b->has_confidence)
		return a->has_confidence && !b->has_confidence;
	return a->confidence > b->confidence;
}

static bool is_better(const struct number_candidate *a, const struct number_candidate *b)
{
	if (is_surer(&a->origin, &b->origin) || is_surer(&b->origin, &a->origin))
		return is_surer(&a->origin, &b->origin);
	return a->times >= b->times;
}

static bool has_other(const struct origin *origin, const char *text)
{
	const char *other = NULL;

	while ((other = others_next(origin->others, other)))
		if (strcmp(other, text) == 0)
			return true;
	return false;
}

static struct number_candidate *find_candidate(struct number *number, const char *text)
{
	for (uint32_t i = 0; i < number->candidate_count; i++)
		if (strcmp(number->candidates[i].text, text) == 0)
			return &number->candidates[i];
	return NULL;
}

/* Where one more may be put: the worst of them gives way, as long as it is worse. */
static struct number_candidate *room_for(struct number *number, const struct origin *origin)
{
	const struct number_candidate newcomer = {.origin = *origin, .times = 1};
	struct number_candidate *worst = &number->candidates[0];

	if (number->candidate_count < NUMBER_CANDIDATES)
		return &number->candidates[number->candidate_count++];
	number->dropped++;
	for (uint32_t i = 1; i < number->candidate_count; i++)
		if (is_better(worst, &number->candidates[i]))
			worst = &number->candidates[i];
	return is_better(&newcomer, worst) ? worst : NULL;
}

static int64_t settled_at_ns(const struct number *number, int64_t now_mono_ns)
{
	const int64_t settled_ns = now_mono_ns + number->conf->settle_ns;

	return number->alone && number->given_mono_ns > INT64_MIN
		       ? later_ns(settled_ns, number->given_mono_ns + SEEN_NS)
		       : settled_ns;
}

static void propose(struct number *number, const char *text, const struct origin *origin,
		    int64_t now_mono_ns)
{
	struct number_candidate *candidate = find_candidate(number, text);

	if (number->candidate_count == 0)
		number->settled_at_ns = settled_at_ns(number, now_mono_ns);
	if (!candidate) {
		candidate = room_for(number, origin);
		if (!candidate)
			return;
		*candidate = (struct number_candidate){.origin = *origin};
		memcpy(candidate->text, text, strlen(text) + 1);
	}
	if (is_surer(origin, &candidate->origin))
		candidate->origin = *origin;
	candidate->times++;
	candidate->seen_mono_ns = now_mono_ns;
}

/* ---- what it shows --------------------------------------------------------------------- */

static void show(struct number *number, const char *text, int64_t at_mono_ns)
{
	memcpy(number->shown, text, strlen(text) + 1);
	number->give(number->data, number->shown, at_mono_ns);
}

const struct number_candidate *number_best(const struct number *number)
{
	const struct number_candidate *best =
		number->candidate_count > 0 ? &number->candidates[0] : NULL;

	for (uint32_t i = 1; i < number->candidate_count; i++)
		if (is_better(&number->candidates[i], best))
			best = &number->candidates[i];
	return best;
}

/* Takes out what belongs to the reading of the best: its misreadings, the best of them first. */
static struct origin take_reading(struct number *number, const struct number_candidate *best)
{
	struct number misread = {0};
	struct origin origin = best->origin;
	const struct number_candidate *next;
	const char *other = NULL;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < number->candidate_count; i++) {
		const struct number_candidate candidate = number->candidates[i];

		if (distance(candidate.text, best->text) > MISREAD_MOST) {
			number->candidates[kept++] = candidate;
			continue;
		}
		know(number, candidate.text, candidate.seen_mono_ns);
		if (strcmp(candidate.text, best->text) != 0)
			misread.candidates[misread.candidate_count++] = candidate;
	}
	number->candidate_count = kept;
	memset(origin.others, 0, sizeof(origin.others));
	while ((next = number_best(&misread))) {
		(void)others_add(origin.others, next->text);
		misread.candidates[next - misread.candidates] =
			misread.candidates[--misread.candidate_count];
	}
	while ((other = others_next(best->origin.others, other)))
		if (!has_other(&origin, other))
			(void)others_add(origin.others, other);
	return origin;
}

/* The best is shown, its misreadings are known with it, others stay and settle next. */
static void settle(struct number *number, int64_t at_mono_ns)
{
	const struct number_candidate best = *number_best(number);

	number->origin = take_reading(number, &best);
	number->given_mono_ns = at_mono_ns;
	number->settled_at_ns = settled_at_ns(number, at_mono_ns);
	number->shown_until_ns = later_ns(best.seen_mono_ns + number->conf->hold_ns, at_mono_ns);
	show(number, best.text, at_mono_ns);
}

int64_t number_deadline(const struct number *number)
{
	const int64_t settled_ns = number->candidate_count > 0 ? number->settled_at_ns : INT64_MAX;

	return earlier_ns(settled_ns, number->shown[0] ? number->shown_until_ns : INT64_MAX);
}

void number_tick(struct number *number, int64_t now_mono_ns)
{
	int64_t due_ns;

	while ((due_ns = number_deadline(number)) <= now_mono_ns) {
		if (number->candidate_count > 0 && number->settled_at_ns == due_ns)
			settle(number, due_ns);
		else
			show(number, "", due_ns);
	}
}

enum number_news number_heard(struct number *number, const char *text, const struct origin *origin,
			      int64_t now_mono_ns)
{
	number_tick(number, now_mono_ns);
	if (number->shown[0] && strcmp(text, number->shown) == 0) {
		know(number, text, now_mono_ns);
		number->shown_until_ns = now_mono_ns + number->conf->hold_ns;
		return NUMBER_STANDS;
	}
	if (is_same_reading(number, text, now_mono_ns))
		return NUMBER_SAME_READING;
	propose(number, text, origin, now_mono_ns);
	number_tick(number, now_mono_ns);
	return NUMBER_NEW;
}

void number_gone(struct number *number, int64_t now_mono_ns)
{
	number_tick(number, now_mono_ns);
	while (number->candidate_count > 0)
		settle(number, now_mono_ns);
	if (number->shown[0])
		show(number, "", now_mono_ns);
}
