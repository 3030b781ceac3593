#include "transit/sensor/sight.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"

#define SOON_NS		(5 * NS_PER_S) /* who comes back within this was at the edge of the field */
#define EDGE_HOLD_NS	(3 * NS_PER_S)
#define MISSING_HOLD_NS NS_PER_S

void sight_init(struct sight *sight)
{
	*sight = (struct sight){
		.gone_mono_ns = INT64_MAX, .back_mono_ns = INT64_MIN, .due_ns = INT64_MAX};
}

static bool is_soon(int64_t from_mono_ns, int64_t to_mono_ns)
{
	return from_mono_ns != INT64_MIN && from_mono_ns != INT64_MAX &&
	       to_mono_ns - from_mono_ns < SOON_NS;
}

static void see(struct sight *sight, const char *number, int64_t at_mono_ns)
{
	bool same = sight->was_there && strcmp(sight->number, number) == 0;

	if (same && is_soon(sight->gone_mono_ns, at_mono_ns)) {
		sight->returns++;
		sight->back_mono_ns = at_mono_ns;
	} else if (!same) {
		sight->returns = 0;
		sight->back_mono_ns = INT64_MIN;
	}
	snprintf(sight->number, sizeof(sight->number), "%s", number);
	sight->was_there = true;
	sight->gone_mono_ns = INT64_MAX;
}

static int64_t hold_ns(const struct sight *sight, const struct sight_look *look)
{
	if (is_soon(sight->back_mono_ns, look->at_mono_ns))
		return EDGE_HOLD_NS;
	return look->seen == SIGHT_MISSING ? MISSING_HOLD_NS : 0;
}

bool sight_waits(struct sight *sight, const struct sight_look *look, bool over)
{
	int64_t hold = hold_ns(sight, look);

	sight->due_ns = INT64_MAX;
	if (look->seen == SIGHT_THERE) {
		see(sight, look->number, look->at_mono_ns);
		return false;
	}
	if (sight->gone_mono_ns == INT64_MAX)
		sight->gone_mono_ns = look->at_mono_ns;
	if (hold < look->unsettled_ns)
		hold = look->unsettled_ns;
	if (over || hold == 0)
		return false;
	sight->due_ns = look->at_mono_ns + hold;
	return true;
}

uint32_t sight_take_returns(struct sight *sight)
{
	uint32_t returns = sight->returns;

	sight->returns = 0;
	return returns;
}
