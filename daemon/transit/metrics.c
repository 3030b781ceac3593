/* What the lanes and the checkpoint have counted. */
#include "transit/private.h"

static uint64_t open_passages(const struct lane *lane)
{
	uint64_t open = 0;

	for (size_t i = 0; i < LANE_PASSAGES; i++)
		open += passage_is_open(&lane->passages[i]);
	return open;
}

static void put_lane(struct transit *transit, const struct lane *lane, struct jw *json)
{
	const struct lane_counters *counters = &lane->counters;

	jw_open(json, NULL);
	jw_text(json, "name", lane->conf->name);
	jw_uint(json, "open", open_passages(lane));
	jw_uint(json, "opened", counters->opened);
	jw_open(json, "ended");
	for (enum passage_end end = END_PASSED; end < PASSAGE_ENDS; end++)
		jw_uint(json, passage_end_name(end), counters->ended[end]);
	jw_close(json);
	jw_uint(json, "identified", counters->identified);
	jw_uint(json, "corrected", counters->corrected);
	jw_uint(json, "unidentified", counters->unidentified);
	jw_uint(json, "seals_intact", counters->seals_intact);
	jw_uint(json, "seals_not_intact", counters->seals_not_intact);
	if (transit->checkpoint)
		checkpoint_lane_metrics(transit->checkpoint, lane, json);
	jw_close(json);
}

void transit_metrics(struct transit *transit, struct jw *json)
{
	jw_open_array(json, "lanes");
	for (uint32_t i = 0; i < transit->lane_count; i++)
		put_lane(transit, transit->lanes[i], json);
	jw_close_array(json);
	if (transit->checkpoint)
		checkpoint_metrics(transit->checkpoint, json);
}
