/* What an officer changed, for the vehicles that are in a lane: a seal that he replaced, a consignment that he
 * had moved to another vehicle. */
#include <string.h>

#include "transit/lane/private.h"
#include "transit/registry/moves.h"

/* The registry did not know it: it is asked about the declared one. */
static bool was_not_found(const struct passage_read *read)
{
	return !read->found && (read->status == READ_ANSWERED || read->status == READ_NOT_ASKED);
}

/* It stays as it came; that it is open now was perhaps the officer. */
static void freeze(struct passage_read *read)
{
	read->removed = true;
	if (read->seal.state != SEAL_OPENED && read->seal.state != SEAL_TAMPERED)
		return;
	read->seal.state = SEAL_UNKNOWN;
	for (size_t i = 0; i < SEAL_COUNTERS; i++)
		read->seal.counters[i].known = false;
	read->reported = (struct seal_finding){0};
}

static void compare_anew(struct lane *lane, struct passage *passage, const char *affixed)
{
	struct passage_read *read = passage_find_read(passage, RULE_SEAL, affixed);

	for (size_t i = 0; i < passage->binding_count; i++) {
		struct passage_binding *binding = &passage->bindings[i];

		if (binding->dossier)
			passage_amend(binding, lane->site->reseals,
				      moves_of(lane->site->moves, binding->ucr));
	}
	if (!read)
		return;
	read->reported = (struct seal_finding){0};
	if (was_not_found(read))
		read->status = READ_TO_ASK;
}

void lane_reseal(struct lane *lane, const char *removed, const char *affixed)
{
	for (size_t i = 0; i < LANE_PASSAGES; i++) {
		struct passage *passage = &lane->passages[i];

		struct passage_read *old = passage_find_read(passage, RULE_SEAL, removed);

		if (!passage_is_open(passage))
			continue;
		if (old)
			freeze(old);
		compare_anew(lane, passage, affixed);
		lane_check_seals(lane, passage, passage->final_check_done,
				 lane->teller->now.mono_ns);
	}
	lane_ask_registry(lane);
	if (lane->dirty)
		lane_put_state(lane);
}

/* The number that it was moved to is asked about anew. */
static void look_for_moved(struct passage *passage, const struct move_list *moved)
{
	for (size_t i = 0; moved && i < moved->count; i++) {
		const struct move *move = &moved->moves[i];
		struct passage_read *read = passage_find_read(
			passage, move->kind == MOVE_VEHICLE ? RULE_PLATE : RULE_CONTAINER,
			move->to);

		if (!read || read->status != READ_ANSWERED)
			continue;
		read->moved = 0;
		read->status = READ_TO_ASK;
	}
}

/* It came before that happened: with what it left. */
static bool came_before(const struct passage *passage, const struct move_list *moved)
{
	for (size_t i = 0; i < passage->read_count; i++) {
		const struct passage_read *read = &passage->reads[i];

		if ((read->rule == RULE_PLATE && move_list_left(moved, MOVE_VEHICLE, read->text)) ||
		    (read->rule == RULE_CONTAINER &&
		     move_list_left(moved, MOVE_CONTAINER, read->text)))
			return true;
	}
	return false;
}

void lane_move(struct lane *lane, const char *ucr)
{
	const struct move_list *moved = moves_of(lane->site->moves, ucr);

	for (size_t i = 0; i < LANE_PASSAGES; i++) {
		struct passage *passage = &lane->passages[i];
		struct passage_binding *binding = passage_find_binding(passage, ucr);

		if (!passage_is_open(passage) || came_before(passage, moved))
			continue;
		lane->dirty |= binding != NULL;
		if (!binding)
			look_for_moved(passage, moved);
		else if (binding->dossier)
			passage_amend(binding, lane->site->reseals, moved);
	}
	lane_ask_registry(lane);
	if (lane->dirty)
		lane_put_state(lane);
}

const struct passage *lane_find_passage(const struct lane *lane, const char *ucr, const char *seal)
{
	for (size_t i = 0; i < LANE_PASSAGES; i++) {
		const struct passage *passage = &lane->passages[i];

		if (!passage_is_open(passage))
			continue;
		if (!ucr[0] && passage_declares(passage, RULE_SEAL, seal))
			return passage;
		for (size_t k = 0; ucr[0] && k < passage->binding_count; k++)
			if (strcmp(passage->bindings[k].ucr, ucr) == 0)
				return passage;
	}
	return NULL;
}

const char *lane_whose_seal(const struct passage *passage, const char *seal)
{
	for (size_t i = 0; i < passage->binding_count; i++) {
		const struct consignment *consignment = binding_consignment(&passage->bindings[i]);

		for (size_t k = 0; consignment && k < consignment->seal_count; k++)
			if (strcmp(consignment->seals[k].number, seal) == 0)
				return passage->bindings[i].ucr;
	}
	return "";
}
