/* What stands in the lanes now, and which alarms are in the book. */
#include <string.h>

#include "transit/private.h"

#define LANE_BYTES (PASSAGE_NOTE_BYTES + 128) /* of one, at most */

static const struct passage *passage_at(const struct lane *lane)
{
	for (size_t i = 0; i < LANE_PASSAGES; i++)
		if (lane->passages[i].stage == STAGE_AT_BOOM)
			return &lane->passages[i];
	for (size_t i = 0; i < LANE_PASSAGES; i++)
		if (lane->passages[i].stage == STAGE_BEYOND)
			return &lane->passages[i];
	return NULL;
}

static void put_lane(const struct lane *lane, struct jw *json)
{
	const struct passage *passage = passage_at(lane);

	jw_open(json, NULL);
	jw_text(json, "name", lane->conf->name);
	jw_text(json, "state", passage ? "occupied" : "free");
	if (passage)
		jw_members(json, passage->note, strlen(passage->note));
	jw_close(json);
}

void transit_status(const struct transit *transit, struct jw *json, size_t most)
{
	uint32_t i;

	jw_open_array(json, "lanes");
	for (i = 0; i < transit->lane_count; i++) {
		if (json->bytes + LANE_BYTES > most)
			break;
		put_lane(transit->lanes[i], json);
	}
	jw_close_array(json);
	if (i < transit->lane_count)
		jw_uint(json, "lanes_more", transit->lane_count - i);
	if (transit->checkpoint)
		checkpoint_status(transit->checkpoint, json, most);
}
