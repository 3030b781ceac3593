/* What is said to the gateway: by officers, and by other checkpoints. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "transit/event/teller.h"
#include "transit/private.h"

int transit_name_consignment(struct transit *transit, const char *lane,
			     const struct officer_word *word, const struct instant *now)
{
	int err = -ENOENT;

	transit_advance_to_now(transit, now);
	for (uint32_t i = 0; i < transit->lane_count; i++)
		if (strcmp(transit->lanes[i]->conf->name, lane) == 0) {
			err = lane_name_consignment(transit->lanes[i], word);
			transit_rearm_lane(transit, transit->lanes[i]);
		}
	return err;
}

int transit_acknowledge(struct transit *transit, const struct acknowledgement *by,
			const struct instant *now)
{
	int err;

	if (!transit->checkpoint)
		return -ENOENT;
	transit_advance_to_now(transit, now);
	err = checkpoint_acknowledge(transit->checkpoint, by);
	checkpoint_put_memories(transit->checkpoint);
	return err;
}

void transit_put_states(struct transit *transit, const char *lane, const struct instant *now)
{
	transit_advance_to_now(transit, now);
	for (uint32_t i = 0; i < transit->slot_count; i++) {
		struct sensor *sensor = transit->slots[i].sensor;

		if (!lane || (sensor->lane && strcmp(sensor->lane, lane) == 0))
			sensor_put_state(sensor, &transit->teller);
	}
}

/* ---- what an officer did ------------------------------------------------------------- */

/* Its numbers, normalised. */
struct said_numbers {
	char ucr[IDENTIFIER_BYTES], removed[IDENTIFIER_BYTES], affixed[IDENTIFIER_BYTES];
	struct move_list moved;
};

static bool read_number(enum identifier_kind kind, const char *said,
			char ret_text[IDENTIFIER_BYTES])
{
	ret_text[0] = '\0';
	if (said && said[0])
		(void)identifier_read(kind, said, strlen(said), ret_text);
	return ret_text[0];
}

static bool is_incident(const char *code)
{
	return code[0] >= '1' && code[0] <= '6' && !code[1];
}

static bool is_said(const char *text)
{
	return text && text[0];
}

/* The members of the one or the other kind. NULL: they can be. */
static const char *read_move(const struct officer_act *act, enum move_kind kind,
			     struct move_list *list)
{
	const bool vehicle = kind == MOVE_VEHICLE;
	const char *from = vehicle ? act->old_vehicle : act->old_container;
	const char *to = vehicle ? act->new_vehicle : act->new_container;
	struct move *move = &list->moves[list->count];

	if (!is_said(from) && !is_said(to))
		return NULL;
	move->kind = kind;
	if (is_said(from) &&
	    !read_number(vehicle ? IDENTIFIER_PLATE : identifier_equipment(from, strlen(from)),
			 from, move->from))
		return vehicle ? "old_vehicle" : "old_container";
	if (!is_said(to) ||
	    !read_number(vehicle ? IDENTIFIER_PLATE : identifier_equipment(to, strlen(to)), to,
			 move->to) ||
	    strcmp(move->from, move->to) == 0)
		return vehicle ? "new_vehicle" : "new_container";
	list->count++;
	return NULL;
}

static const char *read_moves(const struct officer_act *act, struct move_list *list)
{
	const char *fault = read_move(act, MOVE_VEHICLE, list);

	return fault ? fault : read_move(act, MOVE_CONTAINER, list);
}

/* NULL: all of it can be. Else the member that cannot. */
static const char *find_fault(const struct transit *transit, const struct officer_act *act,
			      struct said_numbers *ret_numbers)
{
	bool of_seals = act->kind == ACT_RESEAL;
	bool ucr = read_number(IDENTIFIER_UCR, act->ucr, ret_numbers->ucr);

	if (!ucr && (!of_seals || (act->ucr && act->ucr[0])))
		return "ucr";
	if (of_seals && !read_number(IDENTIFIER_SEAL, act->removed, ret_numbers->removed))
		return "old_seal";
	if (of_seals && (!read_number(IDENTIFIER_SEAL, act->affixed, ret_numbers->affixed) ||
			 strcmp(ret_numbers->removed, ret_numbers->affixed) == 0))
		return "new_seal";
	if (act->kind == ACT_REDIRECT && strcmp(act->to, transit->checkpoint_id) == 0)
		return "to";
	if (act->kind == ACT_INCIDENT && !is_incident(act->code))
		return "code";
	return act->kind == ACT_INCIDENT ? read_moves(act, &ret_numbers->moved) : NULL;
}

/* Where it is now, if it is in a lane. */
static const struct passage *find_place(const struct transit *transit, const char *ucr,
					const char *seal, struct stay_place *place)
{
	for (uint32_t i = 0; i < transit->lane_count; i++) {
		const struct lane *lane = transit->lanes[i];
		const struct passage *passage = lane_find_passage(lane, ucr, seal);

		if (!passage)
			continue;
		place->lane = lane->conf->name;
		place->passage = passage->id;
		return passage;
	}
	return NULL;
}

static void compare_anew(struct transit *transit, const char *removed, const char *affixed)
{
	for (uint32_t i = 0; i < transit->lane_count; i++) {
		lane_reseal(transit->lanes[i], removed, affixed);
		transit_rearm_lane(transit, transit->lanes[i]);
	}
}

static void move_what_is_here(struct transit *transit, const char *ucr)
{
	for (uint32_t i = 0; i < transit->lane_count; i++) {
		lane_move(transit->lanes[i], ucr);
		transit_rearm_lane(transit, transit->lanes[i]);
	}
}

int transit_act(struct transit *transit, const struct officer_act *act, const struct instant *now,
		const char **ret_what)
{
	struct stay_place place = {.lane = "", .at_mono_ns = now->mono_ns};
	struct said_numbers numbers = {0};
	struct officer_act sound = *act;
	const struct passage *passage;

	if (!transit->checkpoint)
		return -ENOENT;
	*ret_what = find_fault(transit, act, &numbers);
	if (*ret_what)
		return -EINVAL;
	transit_advance_to_now(transit, now);
	passage = find_place(transit, numbers.ucr, numbers.removed, &place);
	if (passage && !numbers.ucr[0])
		snprintf(numbers.ucr, sizeof(numbers.ucr), "%s",
			 lane_whose_seal(passage, numbers.removed));
	sound.ucr = numbers.ucr;
	sound.removed = numbers.removed;
	sound.affixed = numbers.affixed;
	if (act->kind == ACT_RESEAL)
		(void)reseals_add(&transit->reseals, &transit->teller, numbers.removed,
				  numbers.affixed);
	sound.moved = &numbers.moved;
	if (numbers.moved.count > 0)
		moves_add(&transit->moves, &transit->teller, numbers.ucr, &numbers.moved);
	checkpoint_act(transit->checkpoint, &sound, &place);
	if (numbers.moved.count > 0) {
		checkpoint_move(transit->checkpoint, numbers.ucr,
				moves_of(&transit->moves, numbers.ucr));
		move_what_is_here(transit, numbers.ucr);
	}
	if (act->kind == ACT_RESEAL)
		compare_anew(transit, numbers.removed, numbers.affixed);
	transit_rearm_checkpoint(transit);
	checkpoint_put_memories(transit->checkpoint);
	return 0;
}

/* ---- what other checkpoints say ------------------------------------------------------ */

/* What was replaced before it left is not missing here. */
static void take_reseals(struct transit *transit, const struct handover *handover)
{
	for (size_t i = 0; i < handover->seal_count; i++) {
		const struct leg_seal *seal = &handover->seals[i];

		if (!seal->instead_of[0] || strcmp(seal->instead_of, seal->number) == 0 ||
		    !reseals_add(&transit->reseals, &transit->teller, seal->instead_of,
				 seal->number))
			continue;
		teller_flush(&transit->teller);
		compare_anew(transit, seal->instead_of, seal->number);
	}
}

/* So is what it was moved to. */
static void take_moves(struct transit *transit, const struct handover *handover)
{
	if (!moves_take(&transit->moves, &transit->teller, handover->ucr, &handover->moved,
			handover->departed_utc_ns))
		return;
	teller_flush(&transit->teller);
	move_what_is_here(transit, handover->ucr);
}

static bool has_legs(struct transit *transit, const struct instant *now)
{
	if (!transit->checkpoint || !checkpoint_has_legs(transit->checkpoint))
		return false;
	transit_advance_to_now(transit, now);
	return true;
}

static void after_legs(struct transit *transit)
{
	transit_rearm_checkpoint(transit);
	checkpoint_put_memories(transit->checkpoint);
}

enum legs_heard transit_announce(struct transit *transit, const struct handover *handover,
				 char ret_evicted_ucr[IDENTIFIER_BYTES], const struct instant *now)
{
	enum legs_heard heard;

	ret_evicted_ucr[0] = '\0';
	if (!has_legs(transit, now))
		return LEGS_ELSEWHERE;
	heard = checkpoint_announce(transit->checkpoint, handover, ret_evicted_ucr);
	if ((heard == LEGS_EXPECTED || heard == LEGS_ARRIVED) && !handover_is_doubtful(handover))
		take_reseals(transit, handover);
	if ((heard == LEGS_EXPECTED || heard == LEGS_KNOWN || heard == LEGS_ARRIVED) &&
	    !handover_is_doubtful(handover))
		take_moves(transit, handover);
	after_legs(transit);
	return heard;
}

enum legs_heard transit_withdraw(struct transit *transit, const char *id,
				 const struct handover *word, const struct instant *now)
{
	enum legs_heard heard;

	if (!has_legs(transit, now))
		return LEGS_ELSEWHERE;
	heard = checkpoint_withdraw(transit->checkpoint, id, word);
	after_legs(transit);
	return heard;
}

void transit_connected(struct transit *transit, const struct instant *now)
{
	if (!has_legs(transit, now))
		return;
	checkpoint_connected(transit->checkpoint);
	after_legs(transit);
}

void transit_heard(struct transit *transit, int64_t mono_ns, const struct instant *now)
{
	if (!has_legs(transit, now))
		return;
	checkpoint_heard(transit->checkpoint, mono_ns);
	after_legs(transit);
}

void transit_disconnected(struct transit *transit, const struct instant *now)
{
	if (!has_legs(transit, now))
		return;
	checkpoint_disconnected(transit->checkpoint);
	after_legs(transit);
}
