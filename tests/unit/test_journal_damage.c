/* A journal whose file is found damaged or foreign when it is opened. */
#include "rig/journal_rig.h"

#include <unistd.h>

#define ALERTS 300 /* of fill_and_die() */

static int put_alerts(struct journal_rig *rig)
{
	open_journal(rig);
	put_events(rig, EVENT_SEAL_TAMPERED, ALERTS);
	wait_for_head(rig, rig->made);
	return 0;
}

/* Alerts in a file that was not closed: its log is still there. */
static void fill_and_die(struct journal_rig *rig)
{
	die_after(rig, put_alerts);
	rig->made += ALERTS;
}

static size_t alerts_due(const struct journal_rig *rig)
{
	size_t n = 0;

	for (size_t i = 0; i < rig->count[STREAM_EVENTS]; i++)
		n += seen_has(&rig->seen[STREAM_EVENTS][i], "\"severity\":\"critical\"");
	return n;
}

static void wait_for_report(struct journal_rig *rig, size_t count)
{
	JOURNAL_WAIT(rig, count_seen(rig, STREAM_EVENTS, "journal.set-aside") >= count);
}

/* How many of the events made before are there, each whole, in order, before all others. */
static size_t carried(const struct journal_rig *rig, const char *live_epoch)
{
	size_t n = 0;
	uint64_t last = 0;

	while (n < rig->count[STREAM_EVENTS] &&
	       strcmp(rig->seen[STREAM_EVENTS][n].epoch, live_epoch) != 0) {
		const struct seen *seen = &rig->seen[STREAM_EVENTS][n++];

		assert_true(seen->seq > last);
		assert_int_equal(seen_made(seen), seen->seq);
		last = seen->seq;
	}
	for (size_t i = n; i < rig->count[STREAM_EVENTS]; i++)
		assert_string_equal(rig->seen[STREAM_EVENTS][i].epoch, live_epoch);
	return n;
}

/* After a restart on a damaged file: everything goes on in a new epoch. */
static size_t restart_damaged(struct journal_rig *rig)
{
	char epoch[EVENT_EPOCH_BYTES];
	const struct seen *report;
	size_t n;

	forget_seen(rig);
	open_journal(rig);
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_report(rig, 2);
	wait_for_type(rig, "seal.intact");
	JOURNAL_WAIT(rig, rig->count[STREAM_ALERTS] >= alerts_due(rig));
	wait_for_head(rig, 3);
	strcpy(epoch, rig->head.epoch);
	n = carried(rig, epoch);
	report = &rig->seen[STREAM_EVENTS][n];
	assert_int_equal(report->seq, 1);
	assert_string_equal(report->type, "journal.set-aside");
	assert_true(seen_has(report, "\"file\":\"journal.db.damaged-1\""));
	assert_true(seen_has(report, "\"why\":\""));
	assert_chain(rig, n);
	WAIT_FOR(is_beside(rig, ".damaged-1") || is_beside(rig, ".damaged-1-wal"));
	assert_false(is_beside(rig, ".salvage-1"));
	assert_int_equal(close_journal(rig), 0);
	return n;
}

static void a_truncated_file_keeps_what_is_left(void **state)
{
	struct journal_rig *rig = *state;
	size_t n;

	fill_and_close_journal(rig, 3000);
	assert_int_equal(truncate(rig->path, content_pages(rig->path) / 2 * 4096), 0);
	n = restart_damaged(rig);
	assert_in_range(n, 1000, 2000);
}

static void a_file_truncated_to_a_few_bytes_is_set_aside(void **state)
{
	struct journal_rig *rig = *state;

	fill_and_close_journal(rig, 100);
	assert_int_equal(truncate(rig->path, 50), 0);
	assert_int_equal(restart_damaged(rig), 0);
}

static void a_file_without_its_first_page_keeps_everything_else(void **state)
{
	struct journal_rig *rig = *state;

	fill_and_close_journal(rig, 3000);
	overwrite_pages(rig->path, 0, 1);
	assert_int_equal(restart_damaged(rig), 3000);
}

static void alerts_among_what_is_carried_over_are_alerts_again(void **state)
{
	struct journal_rig *rig = *state;

	fill_and_close_journal(rig, 500);
	overwrite_pages(rig->path, 0, 1);
	assert_int_equal(restart_damaged(rig), 500);
	assert_int_equal(rig->count[STREAM_ALERTS], 100 + 2);
}

static void alerts_of_what_was_delivered_are_not_alerts_again(void **state)
{
	struct journal_rig *rig = *state;

	open_journal(rig);
	put_events(rig, EVENT_SEAL_TAMPERED, 100);
	wait_for_events(rig, 100);
	acknowledge(rig, STREAM_EVENTS, 59);
	close_journal(rig);
	overwrite_pages(rig->path, 0, 1);
	assert_int_equal(restart_damaged(rig), 40);
	assert_int_equal(rig->count[STREAM_ALERTS], 40 + 2);
}

/* The next event would be chained to what it has become. */
static void an_altered_newest_event_ends_its_epoch(void **state)
{
	struct journal_rig *rig = *state;

	fill_and_close_journal(rig, 100);
	replace_in_telemetry(rig->path, "\"made\":100", "\"made\":999");
	assert_int_equal(restart_damaged(rig), 99);
}

static void a_text_in_its_place_is_set_aside(void **state)
{
	struct journal_rig *rig = *state;

	fill_and_close_journal(rig, 100);
	shell("yes 'this is no database' | head -c 100000 > %s", rig->path);
	assert_int_equal(restart_damaged(rig), 0);
	shell("grep -q 'no database' %s.damaged-1", rig->path);
}

static void a_text_beside_a_log_keeps_what_is_in_the_log(void **state)
{
	struct journal_rig *rig = *state;

	fill_and_die(rig);
	shell("yes 'this is no database' | head -c 100000 > %s", rig->path);
	forget_seen(rig);
	open_journal(rig);
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_type(rig, "seal.intact");
	JOURNAL_WAIT(rig, rig->count[STREAM_EVENTS] > ALERTS);
	assert_int_equal(rig->seen[STREAM_EVENTS][ALERTS - 1].seq, ALERTS);
	assert_chain(rig, 0);
}

static void a_lost_file_beside_a_log_keeps_what_is_in_the_log(void **state)
{
	struct journal_rig *rig = *state;

	fill_and_die(rig);
	assert_int_equal(unlink(rig->path), 0);
	assert_int_equal(restart_damaged(rig), ALERTS);
}

static void a_setting_aside_that_was_cut_off_is_finished(void **state)
{
	struct journal_rig *rig = *state;

	fill_and_close_journal(rig, 200);
	fill_and_die(rig);
	shell("mv %s %s.salvage-1", rig->path, rig->path); /* and its log was to follow */
	forget_seen(rig);
	open_journal(rig);
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_type(rig, "seal.intact");
	for (size_t i = 0; i < 200 + ALERTS; i++)
		assert_int_equal(rig->seen[STREAM_EVENTS][i].seq, i + 1);
	WAIT_FOR(is_beside(rig, ".damaged-1") && is_beside(rig, ".damaged-2-wal"));
	wait_for_rest();
	close_journal(rig);
	assert_chain(rig, 0);
}

static void the_file_of_another_program_is_set_aside_unharmed(void **state)
{
	struct journal_rig *rig = *state;
	char damaged[JOURNAL_RIG_PATH + 32];

	run_sql(rig->path, "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
	assert_int_equal(restart_damaged(rig), 0);
	snprintf(damaged, sizeof(damaged), "%s.damaged-1", rig->path);
	assert_int_equal(ask_sql(damaged, "SELECT sum(a) FROM t"), 1);
}

static void the_file_of_a_later_version_is_set_aside(void **state)
{
	struct journal_rig *rig = *state;

	fill_and_close_journal(rig, 100);
	run_sql(rig->path, "PRAGMA user_version=99");
	assert_int_equal(restart_damaged(rig), 100);
}

static void an_altered_watermark_means_duplicates_not_loss(void **state)
{
	struct journal_rig *rig = *state;

	rig->acks = true;
	fill_and_close_journal(rig, 100);
	rig->acks = false;
	run_sql(rig->path, "UPDATE journal SET events=events+1000");
	assert_int_equal(restart_damaged(rig), 100);
}

static void the_watermark_is_carried_over(void **state)
{
	struct journal_rig *rig = *state;

	open_journal(rig);
	put_events(rig, EVENT_METER_VALUE, 100);
	wait_for_events(rig, 100);
	acknowledge(rig, STREAM_EVENTS, 59);
	close_journal(rig);
	overwrite_pages(rig->path, 0, 1);
	assert_int_equal(restart_damaged(rig), 40);
	assert_int_equal(rig->seen[STREAM_EVENTS][0].seq, 61);
}

static void an_empty_file_is_a_new_journal(void **state)
{
	struct journal_rig *rig = *state;

	shell(": > %s", rig->path);
	open_journal(rig);
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_events(rig, 1);
	assert_int_equal(rig->seen[STREAM_EVENTS][0].seq, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		journal_test(a_truncated_file_keeps_what_is_left),
		journal_test(a_file_truncated_to_a_few_bytes_is_set_aside),
		journal_test(a_file_without_its_first_page_keeps_everything_else),
		journal_test(alerts_among_what_is_carried_over_are_alerts_again),
		journal_test(alerts_of_what_was_delivered_are_not_alerts_again),
		journal_test(an_altered_newest_event_ends_its_epoch),
		journal_test(a_text_in_its_place_is_set_aside),
		journal_test(a_text_beside_a_log_keeps_what_is_in_the_log),
		journal_test(a_lost_file_beside_a_log_keeps_what_is_in_the_log),
		journal_test(a_setting_aside_that_was_cut_off_is_finished),
		journal_test(the_file_of_another_program_is_set_aside_unharmed),
		journal_test(the_file_of_a_later_version_is_set_aside),
		journal_test(an_altered_watermark_means_duplicates_not_loss),
		journal_test(the_watermark_is_carried_over),
		journal_test(an_empty_file_is_a_new_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
