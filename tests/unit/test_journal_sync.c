/* When the journal syncs, and what waits for that. */
#include "rig/faulty_disk.h"

#include "journal/private.h"

static int setting(const struct journal_rig *rig, const char *pragma, char word[16])
{
	sqlite3_stmt *ask;
	int number;

	assert_int_equal(sqlite3_prepare_v2(rig->journal->db.sqlite, pragma, -1, &ask, NULL), 0);
	assert_int_equal(sqlite3_step(ask), SQLITE_ROW);
	number = sqlite3_column_int(ask, 0);
	snprintf(word, 16, "%s", (const char *)sqlite3_column_text(ask, 0));
	sqlite3_finalize(ask);
	return number;
}

static void commits_are_synced_in_full(void **state)
{
	struct journal_rig *rig = *state;
	char word[16];

	assert_int_equal(try_to_open_journal(rig), 0);
	assert_int_equal(setting(rig, "PRAGMA synchronous", word), 2);
	setting(rig, "PRAGMA journal_mode", word);
	assert_string_equal(word, "wal");
	setting(rig, "PRAGMA locking_mode", word);
	assert_string_equal(word, "exclusive");
	assert_int_equal(setting(rig, "PRAGMA wal_autocheckpoint", word), 0);
	assert_int_equal(setting(rig, "PRAGMA page_size", word), 4096);
}

static void each_commit_syncs_the_log_once(void **state)
{
	struct journal_rig *rig = *state;
	unsigned before;

	open_journal(rig);
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_events(rig, 1);
	before = log_syncs();
	for (size_t i = 2; i <= 21; i++) {
		put_event(rig, EVENT_SEAL_INTACT);
		wait_for_events(rig, i);
	}
	assert_int_equal(log_syncs() - before, 20);
}

static void nobody_hears_of_an_event_before_it_is_synced(void **state)
{
	struct journal_rig *rig = *state;

	open_journal(rig);
	put_event(rig, EVENT_SEAL_TAMPERED);
	JOURNAL_WAIT(rig, rig->count[STREAM_EVENTS] == 1 && rig->count[STREAM_ALERTS] == 1);
	hold_syncs();
	put_event(rig, EVENT_SEAL_TAMPERED);
	wait_for_sync();
	take_time(50 * MS); /* for a mistake to show */
	pthread_mutex_lock(&rig->lock);
	assert_int_equal(rig->count[STREAM_EVENTS], 1);
	assert_int_equal(rig->count[STREAM_ALERTS], 1);
	assert_int_equal(rig->head.seq, 1);
	pthread_mutex_unlock(&rig->lock);
	assert_int_equal(journal_counters(rig->journal).head.seq, 1);
	let_syncs_go();
	JOURNAL_WAIT(rig, rig->count[STREAM_EVENTS] == 2 && rig->count[STREAM_ALERTS] == 2);
}

static void what_comes_during_a_sync_waits_for_the_next(void **state)
{
	struct journal_rig *rig = *state;
	uint64_t commits;

	open_journal(rig);
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_events(rig, 1);
	commits = journal_counters(rig->journal).commits;
	hold_syncs();
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_sync();
	put_events(rig, EVENT_SEAL_INTACT, 200);
	let_syncs_go();
	wait_for_events(rig, 202);
	WAIT_FOR(journal_counters(rig->journal).commits == commits + 2);
	assert_chain(rig, 0);
}

static void a_failed_sync_takes_no_numbers(void **state)
{
	struct journal_rig *rig = *state;

	open_journal(rig);
	for (int i = 0; i < 20; i++) {
		if (i % 3 == 0)
			fail_next_syncs(1);
		put_events(rig, EVENT_SEAL_INTACT, 5);
		wait_for_events(rig, (size_t)i * 5 + 5);
	}
	assert_chain(rig, 0);
	assert_int_equal(rig->head.seq, 100); /* short stalls are not worth an alarm */
	reopen_journal(rig);
	wait_for_events(rig, 100);
	assert_chain(rig, 0);
}

static int close_on_a_hanging_disk(struct journal_rig *rig)
{
	int64_t began_ns;
	bool closed;
	size_t lost;

	open_journal(rig);
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_events(rig, 1);
	hold_syncs();
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_sync();
	put_events(rig, EVENT_SEAL_INTACT, 5);
	began_ns = clock_mono_ns();
	closed = close_journal_within(rig, S / 2, &lost);
	return !closed && lost == 5 && clock_mono_ns() - began_ns < 20 * S ? 0 : 1;
}

/* In a process of its own: what the hanging thread holds cannot be freed. */
static void a_hanging_disk_does_not_hold_up_the_stop(void **state)
{
	die_after(*state, close_on_a_hanging_disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		disk_test(commits_are_synced_in_full),
		disk_test(each_commit_syncs_the_log_once),
		disk_test(nobody_hears_of_an_event_before_it_is_synced),
		disk_test(what_comes_during_a_sync_waits_for_the_next),
		disk_test(a_failed_sync_takes_no_numbers),
		disk_test(a_hanging_disk_does_not_hold_up_the_stop),
	};

	return cmocka_run_group_tests(tests, insert_disk, NULL);
}
