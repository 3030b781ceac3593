/* A disk that fails under the journal: it stalls, leaves for the fallback and comes back. */
#include "rig/faulty_disk.h"

#include <unistd.h>

#include "journal/private.h"

static void be_impatient(struct journal_rig *rig)
{
	rig->journal->timeouts = (struct timeouts){
		.alarm_ns = 100 * MS,
		.broken_ns = 300 * MS,
		.full_ns = 300 * MS,
		.hard_ns = 100 * MS,
		.return_ns = 500 * MS,
	};
}

static void memories_go_with_the_commit_that_succeeds_on_whatever_file(void **state)
{
	struct journal_rig *rig = *state;
	char first[EVENT_EPOCH_BYTES];

	assert_int_equal(try_to_open_journal(rig), 0);
	be_impatient(rig);
	remember(rig, "seal/first", "overtaken in the same commit");
	remember(rig, "seal/first", "kept");
	start_journal(rig);
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_head(rig, 1);
	fail_next_syncs(1);
	remember(rig, "seal/retried", "kept");
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_head(rig, 2);
	strcpy(first, rig->head.epoch);
	fail_writes(rig->path, SQLITE_IOERR_WRITE);
	remember(rig, "seal/volatile", "kept");
	put_event(rig, EVENT_SEAL_INTACT);
	JOURNAL_WAIT(rig, strcmp(rig->head.epoch, first) != 0);
	wait_for_condition(rig, JOURNAL_VOLATILE);
	let_writes_be();
	wait_for_condition(rig, JOURNAL_OK);
	put_event(rig, EVENT_SEAL_INTACT);
	close_journal(rig);
	forget_seen(rig);
	assert_int_equal(try_to_open_journal(rig), 0);
	assert_recalled(rig, "seal/first=kept;seal/retried=kept;seal/volatile=kept;");
}

static void a_stall_is_an_alarm_raised_and_cleared(void **state)
{
	static const int codes[] = {SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_READONLY};
	struct journal_rig *rig = *state;

	assert_int_equal(try_to_open_journal(rig), 0);
	rig->journal->timeouts.alarm_ns = 150 * NS_PER_MS;
	start_journal(rig);
	for (size_t i = 0; i < COUNT(codes); i++) {
		size_t before = rig->count[STREAM_EVENTS];
		const struct seen *seen;

		fail_writes(NULL, codes[i]);
		put_event(rig, EVENT_SEAL_INTACT);
		wait_for_condition(rig, JOURNAL_STALLED);
		assert_string_not_equal(journal_counters(rig->journal).error, "");
		put_event(rig, EVENT_SEAL_INTACT);
		assert_int_equal(rig->count[STREAM_EVENTS], before);
		let_writes_be();
		wait_for_events(rig, before + 4);
		seen = rig->seen[STREAM_EVENTS] + before;
		assert_string_equal(seen[0].type, "journal.stalled");
		assert_true(seen_has(&seen[0], "\"alarm\":\"raised\",\"observed\":{\"why\":\""));
		assert_string_equal(seen[1].type, "seal.intact");
		assert_string_equal(seen[2].type, "journal.stalled");
		assert_true(seen_has(&seen[2], "\"alarm\":\"cleared\""));
		assert_in_range(strtol(seen_after(&seen[2], "\"stalled_ms\":"), NULL, 10), 100,
				20000);
		assert_string_equal(seen[3].type, "seal.intact");
		wait_for_condition(rig, JOURNAL_OK);
	}
	assert_chain(rig, 0);
	assert_int_equal(rig->count[STREAM_ALERTS], 6);
}

static void a_stalled_journal_gives_up_at_the_deadline_and_says_what(void **state)
{
	struct journal_rig *rig = *state;
	size_t lost;

	open_journal(rig);
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_events(rig, 1);
	fail_writes(NULL, SQLITE_FULL);
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_condition(rig, JOURNAL_STALLED);
	put_events(rig, EVENT_SEAL_INTACT, 6); /* behind the one that is being tried */
	assert_true(close_journal_within(rig, 1 * S, &lost));
	assert_int_equal(lost, 7);
	let_writes_be();
	open_journal(rig);
	wait_for_events(rig, 3);
	assert_int_equal(rig->head.seq, 2);
	assert_string_equal(rig->seen[STREAM_EVENTS][2].type, "journal.lost");
	assert_true(seen_has(&rig->seen[STREAM_EVENTS][2], "{\"events\":7,"));
	reopen_journal(rig); /* and is told once */
	put_event(rig, EVENT_SEAL_OPENED);
	wait_for_type(rig, "seal.opened");
	assert_int_equal(rig->head.seq, 3);
}

static void a_broken_disk_is_left_and_returned_to(void **state)
{
	struct journal_rig *rig = *state;
	char first[EVENT_EPOCH_BYTES], second[EVENT_EPOCH_BYTES];

	assert_int_equal(try_to_open_journal(rig), 0);
	be_impatient(rig);
	rig->room[STREAM_EVENTS] = 0;
	start_journal(rig);
	put_events(rig, EVENT_SEAL_INTACT, 50);
	wait_for_head(rig, 50);
	strcpy(first, rig->head.epoch);
	fail_writes(rig->path, SQLITE_IOERR_WRITE);
	put_events(rig, EVENT_SEAL_INTACT, 50);
	JOURNAL_WAIT(rig, strcmp(rig->head.epoch, first) != 0 && rig->head.seq >= 50);
	strcpy(second, rig->head.epoch);
	wait_for_condition(rig, JOURNAL_VOLATILE);
	put_events(rig, EVENT_SEAL_INTACT, 50);
	let_writes_be();
	JOURNAL_WAIT(rig, strcmp(rig->head.epoch, second) != 0);
	put_events(rig, EVENT_SEAL_INTACT, 50);
	give_room(rig, STREAM_EVENTS, NO_LIMIT);
	JOURNAL_WAIT(rig, rig->count[STREAM_EVENTS] >= 203);
	wait_for_condition(rig, JOURNAL_OK);
	assert_chain(rig, 0);
	rig->made = 0;
	for (size_t i = 0; i < rig->count[STREAM_EVENTS]; i++) {
		const struct seen *seen = &rig->seen[STREAM_EVENTS][i];

		if (strcmp(seen->type, "seal.intact") == 0)
			assert_int_equal(seen_made(seen), ++rig->made);
	}
	assert_int_equal(rig->made, 200);
	assert_non_null(find_seen(rig, STREAM_ALERTS, "journal.volatile"));
}

/* On the fallback, with the path's file being carried over; no thread yet. */
static void leave_the_path(struct journal_rig *rig, char ret_epoch[EVENT_EPOCH_BYTES])
{
	open_journal(rig);
	put_events(rig, EVENT_SEAL_INTACT, 50);
	wait_for_head(rig, 50);
	strcpy(ret_epoch, rig->head.epoch);
	close_journal(rig);
	forget_seen(rig);
	assert_int_equal(try_to_open_journal(rig), 0);
	assert_int_equal(journal_replace(rig->journal, false), 0);
	assert_true(rig->journal->choice.fallen_back);
	assert_non_null(rig->journal->carry.raw);
}

static void a_return_that_fails_changes_nothing(void **state)
{
	struct journal_rig *rig = *state;
	char first[EVENT_EPOCH_BYTES];

	leave_the_path(rig, first);
	fail_writes(rig->path, SQLITE_IOERR_WRITE);
	journal_return(rig->journal);
	assert_true(rig->journal->choice.fallen_back);
	start_journal(rig);
	put_event(rig, EVENT_SEAL_MISSING);
	wait_for_type(rig, "seal.missing");
	assert_string_not_equal(find_seen(rig, STREAM_EVENTS, "seal.missing")->epoch, first);
	assert_int_equal(rig->count[STREAM_EVENTS], 50 + 2);
	assert_chain(rig, 0);
}

static void look_from_outside(const char *path, const char *filter)
{
	shell("/usr/bin/python3 -c \"import sqlite3;sqlite3.connect('%s',timeout=0)"
	      ".execute('select * from epoch')\" 2>&1 %s",
	      path, filter);
}

/* Closing any descriptor of a file drops all locks that a process has on it. */
static void a_file_returned_to_is_locked_though_it_was_being_read(void **state)
{
	struct journal_rig *rig = *state;
	char first[EVENT_EPOCH_BYTES];

	leave_the_path(rig, first);
	journal_return(rig->journal);
	assert_false(rig->journal->choice.fallen_back);
	look_from_outside(rig->path, "| grep -q 'is locked'");
	start_journal(rig);
	JOURNAL_WAIT(rig, rig->count[STREAM_EVENTS] >= 50);
	look_from_outside(rig->path, "| grep -q 'is locked'");
	close_journal(rig);
	look_from_outside(rig->path, "");
}

static void an_alert_of_the_file_before_acknowledges_none_of_this_one(void **state)
{
	struct journal_rig *rig = *state;

	assert_int_equal(try_to_open_journal(rig), 0);
	rig->journal->timeouts.broken_ns = 300 * NS_PER_MS;
	start_journal(rig);
	put_events(rig, EVENT_SEAL_TAMPERED, 5);
	JOURNAL_WAIT(rig, rig->count[STREAM_ALERTS] == 5);
	fail_writes(rig->path, SQLITE_IOERR_WRITE);
	put_event(rig, EVENT_SEAL_INTACT);
	JOURNAL_WAIT(rig, count_seen(rig, STREAM_ALERTS, "seal.tampered") == 10 &&
				  count_seen(rig, STREAM_ALERTS, "journal.volatile") == 1);
	acknowledge(rig, STREAM_ALERTS, 4);
	rewind_journal(rig, 2); /* before the new ones were sent */
	JOURNAL_WAIT(rig, count_seen(rig, STREAM_ALERTS, "seal.tampered") == 15 &&
				  count_seen(rig, STREAM_ALERTS, "journal.volatile") == 2);
}

static void a_full_disk_never_costs_evidence(void **state)
{
	struct journal_rig *rig = *state;

	open_journal(rig);
	put_events(rig, EVENT_METER_VALUE, 20);
	put_events(rig, EVENT_SEAL_INTACT, 50);
	put_events(rig, EVENT_INPUT_FAULT, 20);
	put_events(rig, EVENT_SEAL_TAMPERED, 50);
	wait_for_head(rig, 140);
	close_journal(rig);
	forget_seen(rig);
	assert_int_equal(try_to_open_journal(rig), 0);
	assert_false(journal_make_disk_room(rig->journal, false));
	assert_true(journal_make_disk_room(rig->journal, true));
	assert_true(journal_make_disk_room(rig->journal, true));
	assert_false(journal_make_disk_room(rig->journal, true));
	start_journal(rig);
	wait_for_events(rig, 50 + 50 + 2);
	assert_int_equal(count_seen(rig, STREAM_EVENTS, "seal.intact"), 50);
	assert_int_equal(count_seen(rig, STREAM_EVENTS, "seal.tampered"), 50);
	assert_int_equal(count_seen(rig, STREAM_EVENTS, "journal.evicted"), 2);
}

static void a_carry_over_goes_on_where_a_write_failed(void **state)
{
	struct journal_rig *rig = *state;

	open_journal(rig);
	put_events(rig, EVENT_SEAL_INTACT, 3000);
	wait_for_head(rig, 3000);
	close_journal(rig);
	overwrite_pages(rig->path, 0, 1);
	forget_seen(rig);
	assert_int_equal(try_to_open_journal(rig), 0);
	journal_write(rig->journal); /* what it has to say itself */
	fail_next_syncs(1);
	start_journal(rig);
	WAIT_FOR(syncs_to_fail() == 0);
	put_event(rig, EVENT_SEAL_MISSING);
	wait_for_type(rig, "seal.missing");
	for (size_t i = 0; i < 3000; i++)
		assert_int_equal(rig->seen[STREAM_EVENTS][i].seq, i + 1);
}

static void a_file_that_cannot_be_read_is_set_aside(void **state)
{
	struct journal_rig *rig = *state;
	char salvage[JOURNAL_RIG_PATH + 32], damaged[JOURNAL_RIG_PATH + 32];

	snprintf(salvage, sizeof(salvage), "%s.salvage-1", rig->path);
	snprintf(damaged, sizeof(damaged), "%s.damaged-1", rig->path);
	assert_int_equal(try_to_open_journal(rig), 0);
	rig->journal->timeouts.broken_ns = 300 * NS_PER_MS;
	/* Its new file may be met by the same fault: then there is the fallback in between. */
	rig->journal->timeouts.return_ns = 300 * NS_PER_MS;
	rig->room[STREAM_EVENTS] = 0;
	start_journal(rig);
	put_events(rig, EVENT_SEAL_INTACT, 5000);
	wait_for_head(rig, 5000);
	fail_reads(SQLITE_IOERR_READ);
	give_room(rig, STREAM_EVENTS, NO_LIMIT);
	WAIT_FOR(access(salvage, F_OK) == 0 || access(damaged, F_OK) == 0);
	let_reads_be();
	put_event(rig, EVENT_SEAL_MISSING);
	wait_for_type(rig, "seal.missing");
	JOURNAL_WAIT(rig, rig->count[STREAM_EVENTS] >= 5001);
	close_journal(rig);
	assert_in_range(rig->count[STREAM_EVENTS], 5001, 10010);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		disk_test(memories_go_with_the_commit_that_succeeds_on_whatever_file),
		disk_test(a_stall_is_an_alarm_raised_and_cleared),
		disk_test(a_stalled_journal_gives_up_at_the_deadline_and_says_what),
		disk_test(a_broken_disk_is_left_and_returned_to),
		disk_test(a_return_that_fails_changes_nothing),
		disk_test(a_file_returned_to_is_locked_though_it_was_being_read),
		disk_test(an_alert_of_the_file_before_acknowledges_none_of_this_one),
		disk_test(a_full_disk_never_costs_evidence),
		disk_test(a_carry_over_goes_on_where_a_write_failed),
		disk_test(a_file_that_cannot_be_read_is_set_aside),
	};

	return cmocka_run_group_tests(tests, insert_disk, NULL);
}
