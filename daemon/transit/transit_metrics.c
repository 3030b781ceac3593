/* What the lanes and the checkpoint have counted. */
#include "transit_private.h"

static uint64_t open_passages(const struct lane *lane)
{
	uint64_t open = 0;
	size_t i;

	for (i = 0; i < LANE_PASSAGES; i++)
		open += lane->passages[i].stage == STAGE_AT ||
			lane->passages[i].stage == STAGE_BEYOND;
	return open;
}

static void put_lane(struct transit *transit, const struct lane *lane, struct json *json)
{
	const struct lane_counters *counters = &lane->counters;
	enum passage_end end;

	json_open(json, NULL);
	json_text(json, "name", lane->conf->name);
	json_uint(json, "open", open_passages(lane));
	json_uint(json, "opened", counters->opened);
	json_open(json, "ended");
	for (end = END_PASSED; end < PASSAGE_ENDS; end++)
		json_uint(json, passage_end_name(end), counters->ended[end]);
	json_close(json);
	json_uint(json, "identified", counters->identified);
	json_uint(json, "corrected", counters->corrected);
	json_uint(json, "unidentified", counters->unidentified);
	json_uint(json, "seals_intact", counters->seals_intact);
	json_uint(json, "seals_not_intact", counters->seals_not_intact);
	if (transit->ledger)
		ledger_lane_metrics(transit->ledger, lane, json);
	json_close(json);
}

void transit_metrics(struct transit *transit, struct json *json)
{
	uint32_t i;

	json_open_array(json, "lanes");
	for (i = 0; i < transit->lane_count; i++)
		put_lane(transit, &transit->lanes[i], json);
	json_close_array(json);
	if (transit->ledger)
		ledger_metrics(transit->ledger, json);
}
