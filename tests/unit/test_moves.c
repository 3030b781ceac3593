/* Where a consignment goes since officers endorsed incidents, and what it is like then. */
#include "rig/unit.h"

#include "transit/event/teller.h"
#include "transit/registry/amended.h"
#include "transit/registry/moves.h"

#define UCR "6GE1-A"

struct bench {
	struct moves moves;
	struct teller teller;
	char told[EVENT_BODY_BYTES];
};

static void put(void *data, const struct event_draft *draft)
{
	if (draft->type)
		snprintf(data, EVENT_BODY_BYTES, "%s %s", draft->type->name, draft->body);
}

static struct bench *open_bench(void)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	bench->teller.sink = (struct event_sink){.data = bench->told, .put = put};
	bench->teller.now = (struct instant){.utc_ns = S, .clock = CLOCK_SYNCED};
	assert_int_equal(moves_init(&bench->moves), 0);
	return bench;
}

static void close_bench(struct bench *bench)
{
	moves_fini(&bench->moves);
	free(bench);
}

static void move(struct bench *bench, enum move_kind kind, const char *from, const char *to)
{
	struct move_list list = {.count = 1};

	list.moves[0].kind = kind;
	snprintf(list.moves[0].from, IDENTIFIER_BYTES, "%s", from);
	snprintf(list.moves[0].to, IDENTIFIER_BYTES, "%s", to);
	moves_add(&bench->moves, &bench->teller, UCR, &list);
	teller_flush(&bench->teller);
}

/* "AA1 TR2|CSQU3054383/S1 |": vehicles, and containers with their seals. */
static void describe(struct bench *bench, char *out, size_t size)
{
	static const char *const vehicles[] = {"AA1", "TR2"};
	static const struct declared_number containers[] = {
		{IDENTIFIER_CONTAINER, IDENTIFIER_GOOD, "CSQU3054383"},
		{IDENTIFIER_CONTAINER, IDENTIFIER_GOOD, "TRLU1000050"}};
	static const struct declared_seal seals[] = {{.number = "S1", .container = "CSQU3054383"},
						     {.number = "S2"}};
	const struct consignment declared = {.ucr = UCR,
					     .vehicles = vehicles,
					     .vehicle_count = 2,
					     .containers = containers,
					     .container_count = 2,
					     .seals = seals,
					     .seal_count = 2};
	struct consignment *amended =
		consignment_amended(&declared, NULL, moves_of(&bench->moves, UCR));
	const struct consignment *now = amended ? amended : &declared;
	FILE *text = fmemopen(out, size, "w");

	for (size_t i = 0; i < now->vehicle_count; i++)
		fprintf(text, "%s ", now->vehicles[i]);
	for (size_t i = 0; i < now->container_count; i++)
		fprintf(text, "[%s] ", now->containers[i].text);
	fprintf(text, "S1 on %s, S2 on %s", now->seals[0].container,
		now->seals[1].container ? now->seals[1].container : "-");
	fclose(text);
	free(amended);
}

static void what_was_moved_is_where_it_was_moved_to(void **state)
{
	static const struct {
		struct move moves[3];
		const char *now;
	} cases[] = {
		{{{MOVE_VEHICLE, "AA1", "GG9"}},
		 "GG9 TR2 [CSQU3054383] [TRLU1000050] S1 on CSQU3054383, S2 on -"},
		{{{MOVE_VEHICLE, "", "GG9"}},
		 "GG9 [CSQU3054383] [TRLU1000050] S1 on CSQU3054383, S2 on -"},
		{{{MOVE_VEHICLE, "XX7", "GG9"}},
		 "AA1 TR2 GG9 [CSQU3054383] [TRLU1000050] S1 on CSQU3054383, S2 on -"},
		{{{MOVE_VEHICLE, "AA1", "TR2"}},
		 "TR2 [CSQU3054383] [TRLU1000050] S1 on CSQU3054383, S2 on -"},
		{{{MOVE_VEHICLE, "AA1", "GG9"}, {MOVE_VEHICLE, "GG9", "KK1"}},
		 "KK1 TR2 [CSQU3054383] [TRLU1000050] S1 on CSQU3054383, S2 on -"},
		{{{MOVE_VEHICLE, "AA1", "GG9"}, {MOVE_VEHICLE, "GG9", "AA1"}},
		 "AA1 TR2 [CSQU3054383] [TRLU1000050] S1 on CSQU3054383, S2 on -"},
		{{{MOVE_VEHICLE, "AA1", "GG9"},
		  {MOVE_VEHICLE, "", "KK1"},
		  {MOVE_VEHICLE, "KK1", "LL2"}},
		 "LL2 [CSQU3054383] [TRLU1000050] S1 on CSQU3054383, S2 on -"},
		{{{MOVE_CONTAINER, "CSQU3054383", "MSKU9070323"}, {MOVE_VEHICLE, "TR2", "TR3"}},
		 "AA1 TR3 [MSKU9070323] [TRLU1000050] S1 on MSKU9070323, S2 on -"},
		{{{MOVE_CONTAINER, "", "MSKU9070323"}},
		 "AA1 TR2 [MSKU9070323] S1 on MSKU9070323, S2 on -"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bench *bench = open_bench();
		char now[200];

		for (size_t k = 0; k < 3 && cases[i].moves[k].to[0]; k++)
			move(bench, cases[i].moves[k].kind, cases[i].moves[k].from,
			     cases[i].moves[k].to);
		describe(bench, now, sizeof(now));
		assert_string_equal(now, cases[i].now);
		close_bench(bench);
	}
}

static void it_is_found_where_it_goes_and_not_where_it_was(void **state)
{
	struct bench *bench = open_bench();
	char ucr[IDENTIFIER_BYTES];

	(void)state;
	move(bench, MOVE_VEHICLE, "AA1", "GG9");
	assert_true(moves_to(&bench->moves, MOVE_VEHICLE, "GG9", 0, ucr));
	assert_string_equal(ucr, UCR);
	assert_false(moves_to(&bench->moves, MOVE_VEHICLE, "GG9", 1, ucr));
	assert_false(moves_to(&bench->moves, MOVE_CONTAINER, "GG9", 0, ucr));
	assert_true(move_list_left(moves_of(&bench->moves, UCR), MOVE_VEHICLE, "AA1"));
	assert_false(move_list_left(moves_of(&bench->moves, UCR), MOVE_VEHICLE, "TR2"));
	assert_null(moves_of(&bench->moves, "6GE2-B"));
	close_bench(bench);
}

static void an_announcement_does_not_undo_what_was_done_here_since(void **state)
{
	const struct move_list announced = {.moves = {{MOVE_VEHICLE, "AA1", "GG9"}}, .count = 1};
	struct bench *bench = open_bench();

	(void)state;
	assert_true(moves_take(&bench->moves, &bench->teller, UCR, &announced, S));
	assert_false(moves_take(&bench->moves, &bench->teller, UCR, &announced, S));
	bench->teller.now.utc_ns = 2 * S;
	move(bench, MOVE_VEHICLE, "GG9", "KK1");
	assert_false(moves_take(&bench->moves, &bench->teller, UCR, &announced, S));
	assert_string_equal(moves_of(&bench->moves, UCR)->moves[0].to, "KK1");
	close_bench(bench);
}

static void the_oldest_gives_way_by_name(void **state)
{
	const struct move_list list = {.moves = {{MOVE_VEHICLE, "", "GG9"}}, .count = 1};
	struct bench *bench = open_bench();
	char ucr[IDENTIFIER_BYTES];

	(void)state;
	for (int i = 0; i <= MOVES_MAX; i++) {
		snprintf(ucr, sizeof(ucr), "6GE1-%d", i);
		bench->teller.now.utc_ns = i * S;
		moves_add(&bench->moves, &bench->teller, ucr, &list);
		teller_flush(&bench->teller);
		assert_string_equal(i < MOVES_MAX ? bench->told : "", "");
	}
	assert_non_null(strstr(bench->told, "\"kind\":\"move\",\"what\":\"6GE1-0\",\"most\":1024"));
	assert_null(moves_of(&bench->moves, "6GE1-0"));
	assert_non_null(moves_of(&bench->moves, "6GE1-1"));
	close_bench(bench);
}

static void what_one_consignment_has_no_room_for_is_named(void **state)
{
	struct bench *bench = open_bench();
	struct move_list heard = {.count = 0};
	char number[IDENTIFIER_BYTES];

	(void)state;
	for (int i = 1; i <= MOVES_EACH; i++) {
		snprintf(number, sizeof(number), "WAGON%d", i);
		move(bench, MOVE_VEHICLE, number, number + 4);
	}
	assert_string_equal(bench->told, "");
	move(bench, MOVE_VEHICLE, "AA1", "BB1");
	assert_contains(bench->told, "memory.gave-way");
	assert_contains(bench->told, "\"kind\":\"moved\",\"what\":\"" UCR " N1\",\"most\":4");
	assert_string_equal(moves_of(&bench->moves, UCR)->moves[3].to, "BB1");
	for (int i = 0; i < 6; i++) {
		struct move one = {.kind = MOVE_CONTAINER};

		snprintf(one.to, sizeof(one.to), "C%d", i);
		move_list_add(&heard, &one);
	}
	assert_true(moves_take(&bench->moves, &bench->teller, UCR, &heard, 2 * S));
	teller_flush(&bench->teller);
	assert_contains(bench->told, "\"kind\":\"moved\",\"what\":\"" UCR " C0 C1\",\"most\":4");
	bench->told[0] = '\0';
	assert_false(moves_take(&bench->moves, &bench->teller, UCR, &heard, 3 * S));
	assert_string_equal(moves_of(&bench->moves, UCR)->moves[0].to, "C2");
	assert_string_equal(bench->told, "");
	close_bench(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_moved_is_where_it_was_moved_to),
		cmocka_unit_test(what_one_consignment_has_no_room_for_is_named),
		cmocka_unit_test(it_is_found_where_it_goes_and_not_where_it_was),
		cmocka_unit_test(an_announcement_does_not_undo_what_was_done_here_since),
		cmocka_unit_test(the_oldest_gives_way_by_name),
	};

	return cmocka_run_group_tests_name("moves", tests, NULL, NULL);
}
