#include "transit/registry/amended.h"

#include <stdlib.h>
#include <string.h>

#include "transit/registry/moves.h"
#include "transit/registry/reseals.h"

struct amended {
	struct consignment consignment; /* first: it is what the caller frees */
	struct move_list moved; /* its own: the numbers that are used */
	const char *vehicles[CONSIGNMENT_VEHICLES + MOVES_EACH];
	struct declared_number containers[CONSIGNMENT_CONTAINERS + MOVES_EACH];
	struct declared_seal seals[CONSIGNMENT_SEALS];
	char numbers[][IDENTIFIER_BYTES]; /* of seals that were replaced */
};

static size_t count_replaced(const struct reseals *reseals, const struct consignment *declared)
{
	size_t count = 0;

	for (size_t i = 0; reseals && i < declared->seal_count; i++)
		count += reseals_is_removed(reseals, declared->seals[i].number);
	return count;
}

static void reseal(struct amended *amended, const struct reseals *reseals)
{
	const struct consignment *declared = &amended->consignment;
	char(*number)[IDENTIFIER_BYTES] = amended->numbers;

	for (size_t i = 0; i < declared->seal_count; i++) {
		struct declared_seal *seal = &amended->seals[i];

		*seal = declared->seals[i];
		if (!reseals_current(reseals, seal->number, *number))
			continue;
		seal->number = *number++;
		seal->affixed_by = NULL;
		seal->affixed_utc_ns = INT64_MIN;
	}
	amended->consignment.seals = amended->seals;
}

/* Where that number stands; at the end: nowhere. */
static size_t find_vehicle(const struct amended *amended, const char *number)
{
	size_t i = 0;

	while (i < amended->consignment.vehicle_count && strcmp(amended->vehicles[i], number) != 0)
		i++;
	return i;
}

static void move_to_vehicle(struct amended *amended, const struct move *move)
{
	struct consignment *consignment = &amended->consignment;
	size_t at, count = move->from[0] ? consignment->vehicle_count : 0;

	consignment->vehicle_count = count;
	at = find_vehicle(amended, move->from);
	if (find_vehicle(amended, move->to) == count) {
		amended->vehicles[at] = move->to;
		consignment->vehicle_count += at == count;
	} else if (at < count) {
		amended->vehicles[at] = amended->vehicles[--consignment->vehicle_count];
	}
}

static size_t find_container(const struct amended *amended, const char *number)
{
	size_t i = 0;

	while (i < amended->consignment.container_count &&
	       strcmp(amended->containers[i].text, number) != 0)
		i++;
	return i;
}

/* What closed the one closes the other. */
static void close_with_its_seals(struct amended *amended, const struct move *move)
{
	for (size_t i = 0; i < amended->consignment.seal_count; i++) {
		struct declared_seal *seal = &amended->seals[i];

		if (seal->container && (!move->from[0] || strcmp(seal->container, move->from) == 0))
			seal->container = move->to;
	}
}

static struct declared_number container_of(const char *number)
{
	const enum identifier_kind kind = identifier_equipment(number, strlen(number));

	return (struct declared_number){
		.kind = kind, .verdict = identifier_check(kind, number), .text = number};
}

static void move_to_container(struct amended *amended, const struct move *move)
{
	struct consignment *consignment = &amended->consignment;
	size_t at, count = move->from[0] ? consignment->container_count : 0;

	consignment->container_count = count;
	at = find_container(amended, move->from);
	if (find_container(amended, move->to) == count) {
		amended->containers[at] = container_of(move->to);
		consignment->container_count += at == count;
	} else if (at < count) {
		amended->containers[at] = amended->containers[--consignment->container_count];
	}
	close_with_its_seals(amended, move);
}

static void move_all(struct amended *amended)
{
	struct consignment *consignment = &amended->consignment;

	for (size_t i = 0; i < consignment->vehicle_count; i++)
		amended->vehicles[i] = consignment->vehicles[i];
	for (size_t i = 0; i < consignment->container_count; i++)
		amended->containers[i] = consignment->containers[i];
	for (size_t i = 0; i < amended->moved.count; i++) {
		const struct move *move = &amended->moved.moves[i];

		if (move->kind == MOVE_VEHICLE)
			move_to_vehicle(amended, move);
		else
			move_to_container(amended, move);
	}
	consignment->vehicles = amended->vehicles;
	consignment->containers = amended->containers;
}

struct consignment *consignment_amended(const struct consignment *declared,
					const struct reseals *reseals,
					const struct move_list *moved)
{
	const size_t replaced = count_replaced(reseals, declared);
	struct amended *amended;

	if (replaced == 0 && (!moved || moved->count == 0))
		return NULL;
	amended = malloc(sizeof(*amended) + replaced * sizeof(amended->numbers[0]));
	if (!amended)
		return NULL;
	amended->consignment = *declared;
	amended->moved = moved ? *moved : (struct move_list){.count = 0};
	reseal(amended, reseals);
	move_all(amended);
	return &amended->consignment;
}
