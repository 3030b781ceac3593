#include "transit/sensor/sight.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"

#define SOON_NS		(5 * NS_PER_S) /* who comes back within this was at the edge of the field */
#define EDGE_HOLD_NS	(3 * NS_PER_S)
#define MISSING_HOLD_NS NS_PER_S
#define RELAPSE_HOLD_NS NS_PER_S /* of what was lost for the first time */

void sight_init(struct sight *sight)
{
	*sight = (struct sight){.gone_mono_ns = INT64_MAX,
				.back_mono_ns = INT64_MIN,
				.due_ns = INT64_MAX,
				.good_mono_ns = INT64_MIN,
				.lost_mono_ns = INT64_MAX};
	for (size_t i = 0; i < SIGHT_PAST; i++)
		sight->past[i].left_mono_ns = INT64_MIN;
}

static bool is_soon(int64_t from_mono_ns, int64_t to_mono_ns)
{
	return from_mono_ns != INT64_MIN && from_mono_ns != INT64_MAX &&
	       to_mono_ns - from_mono_ns < SOON_NS;
}

static void come_back(struct sight *sight, int64_t at_mono_ns)
{
	if (at_mono_ns <= sight->back_mono_ns)
		return;
	sight->returns++;
	sight->back_mono_ns = at_mono_ns;
}

static struct sight_past *past_of(struct sight *sight, const char *number)
{
	for (size_t i = 0; i < SIGHT_PAST; i++)
		if (sight->past[i].left_mono_ns != INT64_MIN &&
		    strcmp(sight->past[i].number, number) == 0)
			return &sight->past[i];
	return NULL;
}

/* The number shown before gives way to this one. */
void sight_glimpse(struct sight *sight, const char *number, int64_t at_mono_ns)
{
	struct sight_past *past;

	if (strcmp(sight->shown, number) == 0)
		return;
	past = past_of(sight, sight->shown);
	if (!past && sight->shown[0]) {
		past = &sight->past[sight->past_next];
		sight->past_next = (sight->past_next + 1) % SIGHT_PAST;
		snprintf(past->number, sizeof(past->number), "%s", sight->shown);
	}
	if (past)
		past->left_mono_ns = at_mono_ns;
	snprintf(sight->shown, sizeof(sight->shown), "%s", number);
}

static bool takes_turns(struct sight *sight, const char *number, int64_t at_mono_ns)
{
	const struct sight_past *past = past_of(sight, number);

	return past && is_soon(past->left_mono_ns, at_mono_ns);
}

static void see(struct sight *sight, const char *number, int64_t at_mono_ns)
{
	bool same = sight->was_there && strcmp(sight->number, number) == 0;

	if (same && is_soon(sight->gone_mono_ns, at_mono_ns)) {
		come_back(sight, at_mono_ns);
	} else if (!same && !takes_turns(sight, number, at_mono_ns)) {
		sight->returns = 0;
		sight->back_mono_ns = INT64_MIN;
	}
	if (!same)
		sight->good_mono_ns = at_mono_ns;
	snprintf(sight->number, sizeof(sight->number), "%s", number);
	sight->was_there = true;
	sight->gone_mono_ns = INT64_MAX;
	sight->relapses = 0;
}

void sight_lost(struct sight *sight, int64_t at_mono_ns)
{
	sight->due_ns = INT64_MAX;
	if (sight->lost_mono_ns != INT64_MAX)
		return;
	sight->lost_mono_ns = at_mono_ns;
	if (is_soon(sight->good_mono_ns, at_mono_ns))
		sight->relapses++;
}

/* It can be read, perhaps again. */
static void regain(struct sight *sight, int64_t at_mono_ns)
{
	if (sight->lost_mono_ns == INT64_MAX)
		return;
	if (!is_soon(sight->lost_mono_ns, at_mono_ns))
		sight->relapses = 0;
	sight->lost_mono_ns = INT64_MAX;
	sight->alarmed = false;
	sight->good_mono_ns = at_mono_ns;
	if (sight->relapses > 0)
		come_back(sight, at_mono_ns);
}

/* How long what is there has to be there before it is believed. */
static int64_t there_ns(struct sight *sight, const struct sight_look *look)
{
	bool same = sight->was_there && strcmp(sight->number, look->number) == 0;

	if (!same && takes_turns(sight, look->number, look->at_mono_ns)) {
		come_back(sight, look->at_mono_ns);
		return EDGE_HOLD_NS;
	}
	if (!same || sight->relapses == 0)
		return 0;
	return sight->relapses == 1 ? RELAPSE_HOLD_NS : EDGE_HOLD_NS;
}

/* Whether what is there is not believed yet. */
static bool is_there_waits(struct sight *sight, const struct sight_look *look, bool over)
{
	int64_t hold_ns;

	hold_ns = there_ns(sight, look);
	if (!over && hold_ns > 0) {
		sight->due_ns = look->at_mono_ns + hold_ns;
		return true;
	}
	see(sight, look->number, look->at_mono_ns);
	return false;
}

/* Opened or tampered with: told at once, and lasts until it is well for a while if it was well for a
 * moment only. */
static void see_alarm(struct sight *sight, const struct sight_look *look)
{
	bool same = sight->was_there && strcmp(sight->number, look->number) == 0;
	uint32_t relapses = same ? sight->relapses : 0;

	see(sight, look->number, look->at_mono_ns);
	sight->relapses = relapses;
	if (same)
		sight_lost(sight, look->at_mono_ns);
	else
		sight->lost_mono_ns = look->at_mono_ns;
	sight->alarmed = true;
}

static int64_t hold_ns(const struct sight *sight, const struct sight_look *look)
{
	if (is_soon(sight->back_mono_ns, look->at_mono_ns))
		return EDGE_HOLD_NS;
	return look->seen == SIGHT_MISSING ? MISSING_HOLD_NS : 0;
}

bool sight_waits(struct sight *sight, const struct sight_look *look, bool over)
{
	int64_t hold;

	sight->due_ns = INT64_MAX;
	sight_glimpse(sight, look->number, look->at_mono_ns);
	if (look->seen == SIGHT_THERE && look->urgent) {
		see_alarm(sight, look);
		return false;
	}
	if (look->seen == SIGHT_THERE || !sight->alarmed)
		regain(sight, look->at_mono_ns);
	if (look->seen == SIGHT_THERE)
		return is_there_waits(sight, look, over);
	hold = hold_ns(sight, look);
	if (sight->gone_mono_ns == INT64_MAX)
		sight->gone_mono_ns = look->at_mono_ns;
	if (hold < look->unsettled_ns)
		hold = look->unsettled_ns;
	if (!over && hold > 0) {
		sight->due_ns = look->at_mono_ns + hold;
		return true;
	}
	sight->relapses = 0;
	return false;
}

uint32_t sight_take_returns(struct sight *sight)
{
	uint32_t returns = sight->returns;

	sight->returns = 0;
	return returns;
}
