/* The tree over the events, as it is kept with them: of what was seen of them, over restarts, power
 * cuts, evictions and failed commits. */
#include "rig/journal_rig.h"

#include "journal/private.h"

/* Of the payloads of the epoch that the newest one seen is of. */
static struct tree tree_seen(const struct journal_rig *rig, struct tree_hash *leaves)
{
	size_t count = rig->count[STREAM_EVENTS];
	const struct seen *seen = rig->seen[STREAM_EVENTS];
	struct tree tree = {0};

	for (size_t i = 0; i < count; i++) {
		unsigned char entry[EVENT_HASH_BYTES];
		struct tree_hash leaf;

		if (strcmp(seen[i].epoch, seen[count - 1].epoch) != 0)
			continue;
		assert_int_equal(seen[i].seq, tree.size + 1);
		event_hash(seen[i].payload, seen[i].bytes, entry);
		leaf = tree_leaf(entry);
		if (leaves)
			leaves[tree.size] = leaf;
		tree_add(&tree, &leaf);
	}
	return tree;
}

static void assert_tree(const struct journal_rig *rig, const struct tree *tree)
{
	const struct tiles *tiles = &rig->journal->chain.tiles;
	struct tree_hash a = tree_root(&tiles->tree), b = tree_root(tree);

	assert_true(tiles->known);
	assert_int_equal(tiles->tree.size, tree->size);
	assert_memory_equal(a.bytes, b.bytes, sizeof(a.bytes));
	assert_memory_equal(tiles->tree.frontier, tree->frontier,
			    tree_frontier_count(tree->size) * sizeof(tree->frontier[0]));
}

/* Closes it, and opens it without its thread. */
static void open_at_rest(struct journal_rig *rig)
{
	assert_int_equal(close_journal(rig), 0);
	assert_int_equal(try_to_open_journal(rig), 0);
}

static void put_seen(struct journal_rig *rig, size_t count)
{
	size_t before = rig->count[STREAM_EVENTS];

	put_events(rig, EVENT_METER_VALUE, count);
	wait_for_events(rig, before + count);
}

static void its_root_is_that_of_the_payloads_of_any_number(void **state)
{
	struct journal_rig *rig = *state;
	static const size_t steps[] = {1, 1, 1, 252, 1, 1, 255, 300, 1};
	size_t sum = 0;

	open_journal(rig);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct tree tree;

		sum += steps[i];
		put_events(rig, EVENT_METER_VALUE, steps[i]);
		wait_for_events(rig, sum);
		tree = tree_seen(rig, NULL);
		open_at_rest(rig);
		assert_tree(rig, &tree);
		forget_seen(rig);
		start_journal(rig);
	}
	close_journal(rig);
	assert_int_equal(ask_sql(rig->path, "SELECT count(*) FROM tile"), 3);
}

static void it_is_proved_for_every_event_and_size(void **state)
{
	struct journal_rig *rig = *state;
	static struct tree_hash leaves[1000];
	struct tiles_source of;
	struct tree_source source;
	struct tree tree, old = {0};
	struct tree_hash root;
	struct tree_path path;

	open_journal(rig);
	put_seen(rig, 700);
	tree = tree_seen(rig, leaves);
	root = tree_root(&tree);
	open_at_rest(rig);
	of = (struct tiles_source){&rig->journal->db, rig->journal->chain.epoch_no,
				   &rig->journal->chain.tiles};
	source = tiles_source(&of);
	for (uint64_t i = 0; i < 700; i++) {
		struct tree_hash old_root;

		assert_int_equal(tree_prove(&source, i, 700, &path), 0);
		assert_true(tree_check(&path, i, &leaves[i], 700, &root));
		tree_add(&old, &leaves[i]);
		old_root = tree_root(&old);
		assert_int_equal(tree_prove_growth(&source, i + 1, 700, &path), 0);
		assert_true(tree_check_growth(&path, i + 1, &old_root, 700, &root));
	}
	assert_int_equal(tree_root_at(&source, 701, &root), -ENOENT);
	start_journal(rig);
}

static int put_and_die(struct journal_rig *rig)
{
	open_journal(rig);
	put_events(rig, EVENT_METER_VALUE, 300);
	wait_for_head(rig, 300);
	return 0;
}

static void a_power_cut_takes_nothing_of_it(void **state)
{
	struct journal_rig *rig = *state;
	struct tree tree;

	die_after(rig, put_and_die);
	open_journal(rig);
	wait_for_events(rig, 300);
	tree = tree_seen(rig, NULL);
	open_at_rest(rig);
	assert_tree(rig, &tree);
	start_journal(rig);
}

static void events_of_a_tile_that_is_not_whole_may_be_dropped(void **state)
{
	struct journal_rig *rig = *state;
	struct tree tree;

	rig->conf.quota_bytes = 512 * 1024;
	open_journal(rig);
	rig->acks = true;
	for (int i = 0; i < 30; i++)
		put_seen(rig, 100);
	tree = tree_seen(rig, NULL);
	open_at_rest(rig);
	assert_tree(rig, &tree);
	close_journal(rig);
	assert_true(ask_sql(rig->path, "SELECT count(*) FROM telemetry") < 3000);
}

static void a_file_from_before_there_were_trees_gets_one(void **state)
{
	struct journal_rig *rig = *state;
	struct tree tree;

	open_journal(rig);
	put_seen(rig, 600);
	tree = tree_seen(rig, NULL);
	close_journal(rig);
	run_sql(rig->path, "DROP TABLE tile");
	assert_int_equal(try_to_open_journal(rig), 0);
	assert_tree(rig, &tree);
	start_journal(rig);
}

static void one_that_cannot_be_known_any_more_is_not_made_up(void **state)
{
	struct journal_rig *rig = *state;

	open_journal(rig);
	put_seen(rig, 600);
	close_journal(rig);
	run_sql(rig->path, "DROP TABLE tile");
	run_sql(rig->path, "DELETE FROM telemetry WHERE position%1000=5");
	assert_int_equal(try_to_open_journal(rig), 0);
	assert_false(rig->journal->chain.tiles.known);
	start_journal(rig);
	put_events(rig, EVENT_METER_VALUE, 300);
	wait_for_head(rig, 900);
	open_at_rest(rig);
	assert_false(rig->journal->chain.tiles.known);
	start_journal(rig);
}

static void an_altered_tile_is_not_believed(void **state)
{
	struct journal_rig *rig = *state;

	open_journal(rig);
	put_seen(rig, 600);
	close_journal(rig);
	run_sql(rig->path, "UPDATE tile SET leaves=zeroblob(8192)");
	assert_int_equal(try_to_open_journal(rig), 0);
	assert_false(rig->journal->chain.tiles.known);
	start_journal(rig);
}

static void a_new_epoch_begins_a_new_one_and_keeps_the_old(void **state)
{
	struct journal_rig *rig = *state;
	struct event_head told = {.seq = 900, .hash = {1}};
	struct tree tree;

	rig->acks = true;
	open_journal(rig);
	put_seen(rig, 40);
	memcpy(told.epoch, rig->seen[STREAM_EVENTS][0].epoch, sizeof(told.epoch));
	reopen_journal(rig);
	rig->source.told(rig->source.data, &told);
	rewind_journal(rig, 2);
	put_event(rig, EVENT_METER_VALUE);
	wait_for_type(rig, "meter.value");
	tree = tree_seen(rig, NULL);
	open_at_rest(rig);
	assert_tree(rig, &tree);
	close_journal(rig);
	assert_int_equal(ask_sql(rig->path, "SELECT count(*) FROM tile"), 1);
	assert_int_equal(ask_sql(rig->path, "SELECT length(leaves) FROM tile"), 40 * 32);
}

/* In this run: it would be made anew at the next start. */
static void assert_shown(struct journal_rig *rig, const struct event_head *head)
{
	struct journal_question question = {.kind = ASK_GROWTH, .range_count = 1};
	struct journal_answer answer;

	memcpy(question.ranges[0].epoch, head->epoch, EVENT_EPOCH_BYTES);
	question.ranges[0].first = 1;
	question.ranges[0].last = head->seq;
	assert_int_equal(journal_ask(rig->journal, &question), 0);
	WAIT_FOR(journal_answered(rig->journal, &answer));
	assert_null(answer.code);
	assert_non_null(strstr(answer.members, "\"path\":["));
}

/* Nothing is acknowledged: each tile needs room that only tombstones make. */
static void a_journal_at_its_quota_keeps_its_tree(void **state)
{
	struct journal_rig *rig = *state;
	struct event_head head;

	rig->conf.quota_bytes = 512 * 1024;
	rig->room[STREAM_EVENTS] = 0;
	rig->room[STREAM_ALERTS] = 0;
	open_journal(rig);
	put_events(rig, EVENT_METER_VALUE, 3000);
	put_events(rig, EVENT_SEAL_INTACT, 3000);
	put_events(rig, EVENT_METER_VALUE, 1500);
	WAIT_FOR(journal_counters(rig->journal).evicted > 4000);
	JOURNAL_WAIT(rig, rig->head.seq > 7500);
	wait_for_rest();
	head = head_of(rig);
	assert_shown(rig, &head);
	open_at_rest(rig);
	assert_true(rig->journal->chain.tiles.known);
	assert_int_equal(rig->journal->chain.tiles.tree.size, rig->journal->chain.head.seq);
	start_journal(rig);
}

/* The file may not grow at the moment when a tile is due, and the disk has room. */
static void a_tile_that_finds_no_page_is_written_when_there_is_one(void **state)
{
	struct journal_rig *rig = *state;
	struct event_head head;
	struct tree tree;

	open_journal(rig);
	put_seen(rig, 255);
	open_at_rest(rig);
	forget_seen(rig);
	db_freeze(&rig->journal->db, true);
	start_journal(rig);
	put_event(rig, EVENT_METER_VALUE);
	wait_for_head(rig, 256);
	put_events(rig, EVENT_METER_VALUE, 44);
	wait_for_events(rig, 300);
	head = head_of(rig);
	assert_int_equal(head.seq, 300);
	assert_shown(rig, &head);
	tree = tree_seen(rig, NULL);
	open_at_rest(rig);
	assert_tree(rig, &tree);
	start_journal(rig);
}

static int rig_with_a_tree(void **state)
{
	int err = journal_rig_new(state);
	struct journal_rig *rig = *state;

	rig->conf.tree = true;
	return err;
}

#define tree_test(test) cmocka_unit_test_setup_teardown(test, rig_with_a_tree, journal_rig_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		tree_test(its_root_is_that_of_the_payloads_of_any_number),
		tree_test(it_is_proved_for_every_event_and_size),
		tree_test(a_power_cut_takes_nothing_of_it),
		tree_test(events_of_a_tile_that_is_not_whole_may_be_dropped),
		tree_test(a_file_from_before_there_were_trees_gets_one),
		tree_test(one_that_cannot_be_known_any_more_is_not_made_up),
		tree_test(an_altered_tile_is_not_believed),
		tree_test(a_journal_at_its_quota_keeps_its_tree),
		tree_test(a_tile_that_finds_no_page_is_written_when_there_is_one),
		tree_test(a_new_epoch_begins_a_new_one_and_keeps_the_old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
