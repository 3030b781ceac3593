/* Questions to a lane: which passage, what its presence and boom say. */
#include <math.h>

#include "transit/lane/private.h"
#include "transit/sensor/barrier_traffic.h"

/* Which slot has a passage of this stage; LANE_PASSAGES: none. */
size_t lane_find_stage(const struct lane *lane, enum passage_stage stage)
{
	size_t i = 0;

	while (i < LANE_PASSAGES && lane->passages[i].stage != stage)
		i++;
	return i;
}

size_t lane_find_current(const struct lane *lane)
{
	size_t at = lane_find_stage(lane, STAGE_AT_BOOM);

	return at < LANE_PASSAGES ? at : lane_find_stage(lane, STAGE_BEYOND);
}

bool lane_has_presence(const struct lane *lane)
{
	return lane->presence || (lane->boom && lane->boom->presence);
}

enum answer lane_presence(const struct lane *lane)
{
	if (lane->presence)
		return point_answer(lane->presence);
	return lane->boom && lane->boom->presence ? traffic_presence(lane->boom) : ANSWER_UNKNOWN;
}

int64_t lane_presence_changed(const struct lane *lane)
{
	return lane->presence ? lane->presence->changed_mono_ns
			      : traffic_presence_changed(lane->boom);
}

enum answer lane_boom_up(const struct lane *lane)
{
	if (!lane->boom)
		return ANSWER_UNKNOWN;
	switch (lane->boom->state) {
	case BARRIER_CLOSED:
		return ANSWER_NO;
	case BARRIER_OPENING:
	case BARRIER_OPEN:
	case BARRIER_CLOSING:
		return ANSWER_YES;
	case BARRIER_UNKNOWN:
	case BARRIER_FAULT:
		break;
	}
	return ANSWER_UNKNOWN;
}

struct passage *lane_stage(struct lane *lane, enum passage_stage stage)
{
	size_t slot = lane_find_stage(lane, stage);

	return slot < LANE_PASSAGES ? &lane->passages[slot] : NULL;
}

struct passage *lane_current(struct lane *lane)
{
	size_t slot = lane_find_current(lane);

	return slot < LANE_PASSAGES ? &lane->passages[slot] : NULL;
}

struct passage *lane_passage_in_sight(struct lane *lane, const struct lane_reader *reader)
{
	struct passage *behind = lane_stage(lane, STAGE_COMING);

	if (behind && reader->visible && passage_find_read(behind, RULE_SEAL, reader->text))
		return behind;
	return lane_current(lane);
}

void lane_attach_note(struct lane *lane)
{
	const struct passage *now = lane_current(lane);

	for (size_t i = 0; i < lane->sensor_count; i++)
		lane->sensors[i]->note = now ? now->note : NULL;
	now = lane_stage(lane, STAGE_COMING);
	for (size_t i = 0; now && i < lane->reader_count; i++)
		for (size_t k = 0; k < lane->sensor_count; k++)
			if (lane->sensors[k] == &lane->readers[i].seal->sensor &&
			    lane_passage_in_sight(lane, &lane->readers[i]) == now)
				lane->sensors[k]->note = now->note;
}

bool lane_reader_is_blind(const struct lane *lane)
{
	char number[VALUE_TEXT_BYTES];

	for (size_t i = 0; i < lane->reader_count; i++)
		if (lane->readers[i].seal->inputs[SEAL_ID] &&
		    !seal_number(lane->readers[i].seal, number))
			return true;
	return false;
}

bool lane_reads_numbers(const struct lane *lane)
{
	for (size_t i = 0; i < lane->reader_count; i++)
		if (lane->readers[i].seal->inputs[SEAL_ID])
			return true;
	return false;
}

bool lane_is_overloaded(const struct lane *lane, const struct passage *passage)
{
	const double most_kg = lane->conf->passages->weight_max;

	return most_kg > 0 && passage->weighed && passage->gross_kg > most_kg;
}

bool lane_weight_differs(const struct lane *lane, const struct passage *passage)
{
	const double percent = lane->conf->passages->weight_differs;
	struct declared_weight declared;
	double whole_kg;

	if (!(percent > 0) || !passage->weighed || !passage_declared_weight(passage, &declared))
		return false;
	whole_kg = declared.goods_kg + declared.tare_kg;
	return fabs(passage->gross_kg - whole_kg) > whole_kg * percent / 100;
}
