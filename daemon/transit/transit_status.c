/* What stands in the lanes now, and which alarms are in the book. */
#include <string.h>

#include "transit_private.h"

#define LANE_BYTES (PASSAGE_NOTE_BYTES + 128) /* of one, at most */

static const struct passage *passage_at(const struct lane *lane)
{
	size_t i;

	for (i = 0; i < LANE_PASSAGES; i++)
		if (lane->passages[i].stage == STAGE_AT)
			return &lane->passages[i];
	for (i = 0; i < LANE_PASSAGES; i++)
		if (lane->passages[i].stage == STAGE_BEYOND)
			return &lane->passages[i];
	return NULL;
}

static void put_lane(const struct lane *lane, struct json *json)
{
	const struct passage *passage = passage_at(lane);

	json_open(json, NULL);
	json_text(json, "name", lane->conf->name);
	json_text(json, "state", passage ? "occupied" : "free");
	if (passage)
		json_members(json, passage->note, strlen(passage->note));
	json_close(json);
}

void transit_status(const struct transit *transit, struct json *json, size_t most)
{
	uint32_t i;

	json_open_array(json, "lanes");
	for (i = 0; i < transit->lane_count; i++) {
		if (json->bytes + LANE_BYTES > most)
			break;
		put_lane(&transit->lanes[i], json);
	}
	json_close_array(json);
	if (i < transit->lane_count)
		json_uint(json, "lanes_more", transit->lane_count - i);
	if (transit->ledger)
		ledger_status(transit->ledger, json, most);
}
