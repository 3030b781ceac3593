#include <string.h>

#include "base/time.h"
#include "gateway/hints.h"

/* ---- one and the same in two places ---------------------------------------------------- */

static bool is_same(int32_t a, int32_t b)
{
	return a != POINT_NONE && a == b;
}

static bool is_one_boom(const struct barrier_conf *a, const struct barrier_conf *b)
{
	return is_same(a->status, b->status) || is_same(a->closed_limit, b->closed_limit) ||
	       is_same(a->open_limit, b->open_limit);
}

static bool is_one_seal(const struct seal_conf *a, const struct seal_conf *b)
{
	return is_same(a->id, b->id) || is_same(a->status, b->status) ||
	       is_same(a->opened, b->opened) || is_same(a->loop, b->loop);
}

static void tell_copy(const struct lane_conf *a, const char *first, const struct lane_conf *b,
		      const char *second, const char *kind, FILE *notes)
{
	fprintf(notes,
		"note: lane \"%s\" %s \"%s\" looks at the same points as %s \"%s\" of lane \"%s\": "
		"copied, and not changed?\n",
		b->name, kind, second, kind, first, a->name);
}

static void hint_at_booms(const struct lane_conf *a, const struct lane_conf *b, FILE *notes)
{
	for (size_t i = 0; i < a->barrier_count; i++)
		for (size_t k = a == b ? i + 1 : 0; k < b->barrier_count; k++)
			if (is_one_boom(&a->barriers[i], &b->barriers[k]))
				tell_copy(a, a->barriers[i].name, b, b->barriers[k].name, "barrier",
					  notes);
}

static void hint_at_readers(const struct lane_conf *a, const struct lane_conf *b, FILE *notes)
{
	for (size_t i = 0; i < a->seal_count; i++)
		for (size_t k = a == b ? i + 1 : 0; k < b->seal_count; k++)
			if (is_one_seal(&a->seals[i], &b->seals[k]))
				tell_copy(a, a->seals[i].name, b, b->seals[k].name, "seal", notes);
}

/* ---- what is never seen ---------------------------------------------------------------- */

static bool says(const struct point_conf *point, const char *word)
{
	for (size_t i = 0; i < point->map_count; i++)
		if (strcmp(point->map[i].word, word) == 0)
			return true;
	return point->map_count == 0; /* a text: nobody knows */
}

static void hint_at_word(const struct config *config, const struct lane_conf *lane,
			 const char *kind, const char *name, int32_t status, const char *word,
			 FILE *notes)
{
	const struct point_conf *point;

	if (status == POINT_NONE)
		return;
	point = &config->points[status];
	if (!says(point, word))
		fprintf(notes,
			"note: lane \"%s\" %s \"%s\": no number in the map of \"%s\" means %s: that "
			"is never seen\n",
			lane->name, kind, name, point->name, word);
}

/* Up and down again between two polls was never open. */
static void hint_at_pace(const struct config *config, const struct lane_conf *lane,
			 const struct barrier_conf *barrier, FILE *notes)
{
	const int32_t inputs[] = {barrier->status, barrier->closed_limit, barrier->open_limit};

	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		const struct device_conf *device;

		if (inputs[i] == POINT_NONE)
			continue;
		device = &config->devices[config->points[inputs[i]].device];
		if (!config->buses[device->bus].driver->blocking || barrier->travel_time_ns == 0 ||
		    device->poll_ns <= barrier->travel_time_ns)
			continue;
		fprintf(notes,
			"note: lane \"%s\" barrier \"%s\": \"%s\" is asked every %.1f s, and the boom "
			"travels within %.1f s: it may be up and down unseen; a shorter poll?\n",
			lane->name, barrier->name, device->name, in_seconds(device->poll_ns),
			in_seconds(barrier->travel_time_ns));
		return;
	}
}

static void hint_at_lane(const struct config *config, const struct lane_conf *lane, FILE *notes)
{
	for (size_t i = 0; i < lane->barrier_count; i++) {
		const struct barrier_conf *barrier = &lane->barriers[i];

		hint_at_word(config, lane, "barrier", barrier->name, barrier->status, "closed",
			     notes);
		hint_at_word(config, lane, "barrier", barrier->name, barrier->status, "open",
			     notes);
		hint_at_pace(config, lane, barrier, notes);
	}
	for (size_t i = 0; i < lane->seal_count; i++) {
		const struct seal_conf *seal = &lane->seals[i];

		hint_at_word(config, lane, "seal", seal->name, seal->status, "intact", notes);
		if (seal->opened == POINT_NONE)
			hint_at_word(config, lane, "seal", seal->name, seal->status, "opened",
				     notes);
	}
}

void hints_at_lanes(const struct config *config, FILE *notes)
{
	for (size_t i = 0; i < config->lane_count; i++) {
		hint_at_lane(config, &config->lanes[i], notes);
		for (size_t k = i; k < config->lane_count; k++) {
			hint_at_booms(&config->lanes[i], &config->lanes[k], notes);
			hint_at_readers(&config->lanes[i], &config->lanes[k], notes);
		}
	}
}
