/* A passage begins. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "transit/lane/private.h"

#define BOOT_SHORT_CHARS 8

static struct passage *free_slot(struct lane *lane, int64_t at_mono_ns)
{
	struct passage *oldest = lane_stage(lane, STAGE_FREE);

	if (oldest)
		return oldest;
	for (size_t i = 0; i < LANE_PASSAGES; i++) {
		struct passage *passage = &lane->passages[i];

		if (passage->stage == STAGE_CLOSED &&
		    (!oldest || passage->sign_mono_ns < oldest->sign_mono_ns))
			oldest = passage;
	}
	assert(oldest); /* three at most are not closed */
	lane_give_up_answers(lane, oldest, at_mono_ns);
	passage_drop(oldest);
	return oldest;
}

static void name_passage(struct lane *lane, int64_t at_mono_ns, char ret_id[PASSAGE_ID_BYTES])
{
	int64_t id_ms = at_mono_ns / NS_PER_MS;
	const char *boot = lane->site->boot ? lane->site->boot : "0";

	if (id_ms <= lane->last_id_ms)
		id_ms = lane->last_id_ms + 1;
	lane->last_id_ms = id_ms;
	snprintf(ret_id, PASSAGE_ID_BYTES, "%s-%.*s-%" PRId64, lane->conf->name, BOOT_SHORT_CHARS,
		 boot, id_ms);
}

static struct passage *open_as(struct lane *lane, enum passage_stage stage, const char *by,
			       bool initial, int64_t at_mono_ns)
{
	struct passage *passage = free_slot(lane, at_mono_ns);
	char id[PASSAGE_ID_BYTES];

	name_passage(lane, at_mono_ns, id);
	passage_start(passage, id, at_mono_ns);
	passage->stage = stage;
	passage->clock_ns = lane->teller->now.utc_ns - lane->teller->now.mono_ns;
	passage->initial = initial;
	if (strcmp(by, "presence") == 0) {
		passage->vehicle = true;
		passage->at_mono_ns[PASSAGE_PRESENT] = at_mono_ns;
	}
	lane_tell_opened(lane, passage, by);
	lane_attach_note(lane);
	for (size_t i = 0; i < LANE_IDENTIFICATIONS; i++)
		lane->seen_mono_ns[i] =
			lane->identifications[i] ? lane->identifications[i]->seen_mono_ns : 0;
	return passage;
}

struct passage *lane_open_passage(struct lane *lane, const char *by, bool initial,
				  int64_t at_mono_ns)
{
	return open_as(lane, STAGE_AT_BOOM, by, initial, at_mono_ns);
}

/* ---- the vehicle behind ---------------------------------------------------------------- */

static struct passage *open_behind(struct lane *lane, enum passage_rule rule, int64_t at_mono_ns)
{
	struct passage *behind = lane_stage(lane, STAGE_COMING);

	return behind ? behind
		      : open_as(lane, STAGE_COMING, passage_rule_name(rule), false, at_mono_ns);
}

/* Takes the read out of the passage. */
static void hand_back(struct lane *lane, struct passage *passage, struct passage_read *read)
{
	struct passage_read moved = *read;
	struct passage *behind;

	passage->read_count--;
	memmove(read, read + 1,
		(size_t)(&passage->reads[passage->read_count] - read) * sizeof(*read));
	behind = open_behind(lane, moved.rule, moved.at_mono_ns);
	moved.of_the_next = false;
	moved.other = 0;
	if (strcmp(passage->others[moved.rule].of, moved.text) == 0)
		behind->others[moved.rule] = passage->others[moved.rule];
	if (!passage_find_read(behind, moved.rule, moved.text))
		(void)passage_add_read(behind, &moved);
	lane_attach_note(lane);
	lane->dirty = true;
}

void lane_hand_back(struct lane *lane)
{
	struct passage *passage = lane_stage(lane, STAGE_AT_BOOM);

	for (size_t i = passage ? passage->read_count : 0; i-- > 0;)
		if (passage->reads[i].of_the_next)
			hand_back(lane, passage, &passage->reads[i]);
}

void lane_bring_up(struct lane *lane)
{
	struct passage *behind = lane_stage(lane, STAGE_COMING);

	if (!behind || lane_stage(lane, STAGE_AT_BOOM))
		return;
	behind->stage = STAGE_AT_BOOM;
	for (size_t i = 0; i < LANE_PASSAGES; i++) /* from when the place is free */
		if (lane->passages[i].stage != STAGE_FREE &&
		    lane->passages[i].sign_mono_ns > behind->sign_mono_ns)
			behind->sign_mono_ns = lane->passages[i].sign_mono_ns;
	lane_attach_note(lane);
	lane->dirty = true;
}

/* The slot of a passage of this stage that has read this number; LANE_PASSAGES: none. */
static size_t find_reader_of(struct lane *lane, enum passage_stage stage, enum passage_rule rule,
			     const char *text)
{
	for (size_t i = 0; i < LANE_PASSAGES; i++)
		if (lane->passages[i].stage == stage &&
		    passage_find_read(&lane->passages[i], rule, text))
			return i;
	return LANE_PASSAGES;
}

struct passage *lane_passage_for(struct lane *lane, enum passage_rule rule, const char *text,
				 int64_t at_mono_ns)
{
	size_t slot = find_reader_of(lane, STAGE_COMING, rule, text);
	size_t gone = find_reader_of(lane, STAGE_CLOSED, rule, text);
	struct passage *passage = lane_stage(lane, STAGE_AT_BOOM);

	if (slot == LANE_PASSAGES && passage && !passage_find_read(passage, rule, text) &&
	    passage_is_not_of(passage, rule, text))
		return open_behind(lane, rule, at_mono_ns);
	if (slot == LANE_PASSAGES)
		slot = lane_find_stage(lane, STAGE_AT_BOOM);
	if (slot == LANE_PASSAGES)
		slot = find_reader_of(lane, STAGE_BEYOND, rule, text);
	if (slot == LANE_PASSAGES && gone < LANE_PASSAGES &&
	    at_mono_ns - lane->passages[gone].sign_mono_ns <= lane->conf->passages->gap_ns)
		return NULL;
	if (slot == LANE_PASSAGES)
		return lane_open_passage(lane, passage_rule_name(rule), false, at_mono_ns);
	passage = &lane->passages[slot];
	if (at_mono_ns > passage->sign_mono_ns)
		passage->sign_mono_ns = at_mono_ns;
	return passage;
}
