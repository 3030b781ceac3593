/* Damage to the journal's file that shows while it is in use. */
#include "rig/journal_rig.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void wait_for_report(struct journal_rig *rig, size_t count)
{
	JOURNAL_WAIT(rig, count_seen(rig, STREAM_EVENTS, "journal.set-aside") >= count);
}

/* Where what was kept of the epoch begins: perhaps some were seen before the damage was found,
 * and then all that could be kept. */
static size_t first_kept(const struct journal_rig *rig, const char *epoch)
{
	size_t first = 0;

	for (size_t i = 0; i < rig->count[STREAM_EVENTS]; i++)
		if (rig->seen[STREAM_EVENTS][i].seq == 1 &&
		    strcmp(rig->seen[STREAM_EVENTS][i].epoch, epoch) == 0)
			first = i;
	return first;
}

static void damage_found_while_running_starts_a_new_epoch(void **state)
{
	struct journal_rig *rig = *state;
	char epoch[EVENT_EPOCH_BYTES];
	size_t first, end;

	fill_and_close_journal(rig, 8000);
	forget_seen(rig);
	rig->room[STREAM_EVENTS] = 0;
	open_journal(rig);
	JOURNAL_WAIT(rig, rig->refused > 0);
	strcpy(epoch, rig->head.epoch);
	overwrite_pages(rig->path, content_pages(rig->path) / 2, 8);
	put_event(rig, EVENT_SEAL_INTACT);
	give_room(rig, STREAM_EVENTS, NO_LIMIT);
	wait_for_report(rig, 2);
	assert_string_not_equal(rig->head.epoch, epoch);
	put_event(rig, EVENT_SEAL_MISSING);
	wait_for_type(rig, "seal.missing");
	assert_string_equal(find_seen(rig, STREAM_EVENTS, "seal.missing")->epoch, rig->head.epoch);
	first = first_kept(rig, epoch);
	for (end = first; strcmp(rig->seen[STREAM_EVENTS][end].epoch, epoch) == 0;)
		end++;
	assert_in_range(end - first, 7800, 8001);
	assert_non_null(find_seen(rig, STREAM_EVENTS, "seal.intact"));
	assert_chain(rig, end);
}

static void an_altered_event_is_given_up_by_name(void **state)
{
	struct journal_rig *rig = *state;
	const struct seen *tombstone;

	fill_and_close_journal(rig, 100);
	replace_in_telemetry(rig->path, "\"made\":38", "\"made\":99");
	forget_seen(rig);
	open_journal(rig);
	wait_for_events(rig, 100);
	tombstone = find_seen(rig, STREAM_EVENTS, "journal.evicted");
	assert_non_null(tombstone);
	assert_true(seen_has(tombstone, "\"reason\":\"damaged\""));
	assert_true(seen_has(tombstone, "{\"first\":38,\"last\":38,\"events\":1}"));
	assert_int_equal(rig->seen[STREAM_EVENTS][37].seq, 39);
	assert_int_equal(journal_counters(rig->journal).evicted, 1);
}

/* Of fill_and_close_journal(): each one is there, and none is anything else. */
static void check_filled(const struct journal_rig *rig, const char *epoch, size_t count)
{
	bool there[1000] = {false};

	for (size_t i = 0; i < rig->count[STREAM_EVENTS]; i++) {
		const struct seen *seen = &rig->seen[STREAM_EVENTS][i];

		if (strcmp(seen->epoch, epoch) != 0 || seen->seq > count)
			continue;
		assert_string_equal(seen->type,
				    seen->seq % 5 == 1 ? "seal.tampered" : "meter.value");
		assert_int_equal(seen_made(seen), seen->seq);
		there[seen->seq] = true;
	}
	for (size_t i = 1; i <= count; i++)
		assert_true(there[i]);
}

static void contradict(struct journal_rig *rig, const char *change)
{
	char epoch[EVENT_EPOCH_BYTES];

	fill_and_close_journal(rig, 100);
	strcpy(epoch, rig->head.epoch);
	run_sql(rig->path, change);
	forget_seen(rig);
	open_journal(rig);
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_type(rig, "seal.intact");
	wait_for_report(rig, 1);
	close_journal(rig);
	check_filled(rig, epoch, 100);
}

/* Only its payload has a sum; SQLite does not notice what else of a row was altered. */
static void a_row_that_contradicts_its_event_costs_nothing(void **state)
{
	static const char *const changes[] = {
		"UPDATE evidence SET type='seal.+ampered' WHERE type='seal.tampered'",
		"UPDATE evidence SET type=hex(zeroblob(99))",
		"UPDATE epoch SET id='0123456789abcdef'",
	};
	struct journal_rig *rig = *state;

	for (size_t i = 0; i < COUNT(changes); i++) {
		journal_rig_fini(rig);
		journal_rig_init(rig);
		contradict(rig, changes[i]);
	}
}

/* Of a journal that holds telemetry, and then alerts. */
static void spoil_alert(struct journal_rig *rig, unsigned index)
{
	char epoch[EVENT_EPOCH_BYTES], change[160];
	size_t n;

	open_journal(rig);
	put_events(rig, EVENT_METER_VALUE, 3000);
	put_events(rig, EVENT_SEAL_TAMPERED, 40);
	wait_for_head(rig, 3040);
	strcpy(epoch, rig->head.epoch);
	close_journal(rig);
	snprintf(change, sizeof(change),
		 "UPDATE evidence SET type='seal.+ampered' WHERE position="
		 "(SELECT position FROM evidence LIMIT 1 OFFSET %u)",
		 index);
	run_sql(rig->path, change);
	forget_seen(rig);
	rig->acks = true;
	open_journal(rig);
	wait_for_report(rig, 2); /* behind all that was carried over */
	for (n = 0; strcmp(rig->seen[STREAM_EVENTS][n].epoch, epoch) == 0; n++)
		assert_int_equal(rig->seen[STREAM_EVENTS][n].seq, n + 1);
	assert_int_equal(n, 3040);
	assert_chain(rig, 0);
}

/* Events that came from the file in the round in which it was found bad would come twice. */
static void events_wait_while_the_file_of_a_bad_alert_is_replaced(void **state)
{
	struct journal_rig *rig = *state;

	spoil_alert(rig, 0); /* met in the first round */
	journal_rig_fini(rig);
	journal_rig_init(rig);
	spoil_alert(rig, 39); /* in the second */
}

static void an_alert_of_no_event_is_passed_over(void **state)
{
	struct journal_rig *rig = *state;

	fill_and_close_journal(rig, 100);
	run_sql(rig->path, "INSERT INTO alert VALUES(100,77,2)");
	forget_seen(rig);
	open_journal(rig);
	JOURNAL_WAIT(rig, rig->count[STREAM_ALERTS] == 20);
	wait_for_rest();
	put_event(rig, EVENT_SEAL_TAMPERED);
	JOURNAL_WAIT(rig, rig->count[STREAM_ALERTS] == 21);
	assert_int_equal(rig->seen[STREAM_ALERTS][20].seq, 101);
}

/* In the child: until it is killed. */
static void carry_over(struct journal_rig *rig, int ready)
{
	open_journal(rig);
	put_event(rig, EVENT_SEAL_INTACT);
	(void)!write(ready, "r", 1);
	for (;;)
		pause();
}

static void kill_carry_over(struct journal_rig *rig, int64_t after_ns)
{
	int ready[2];
	pid_t child;
	char byte;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		carry_over(rig, ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	take_time(after_ns); /* each time it comes further */
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(ready[0]);
	close(ready[1]);
}

static void a_carry_over_that_is_killed_begins_again(void **state)
{
	struct journal_rig *rig = *state;

	fill_and_close_journal(rig, 20000);
	overwrite_pages(rig->path, 0, 1);
	for (int kills = 0; kills < 8; kills++)
		kill_carry_over(rig, kills * 7 * MS);
	forget_seen(rig);
	open_journal(rig);
	put_event(rig, EVENT_SEAL_MISSING);
	wait_for_type(rig, "seal.missing");
	for (size_t i = 0; i < 20000; i++)
		assert_int_equal(rig->seen[STREAM_EVENTS][i].seq, i + 1);
}

static void only_the_newest_set_aside_files_stay(void **state)
{
	struct journal_rig *rig = *state;

	for (int i = 1; i <= 4; i++) {
		char ending[32];

		shell("echo nonsense > %s", rig->path);
		forget_seen(rig);
		open_journal(rig);
		wait_for_report(rig, 2);
		snprintf(ending, sizeof(ending), ".damaged-%d", i);
		WAIT_FOR(is_beside(rig, ending));
		close_journal(rig);
	}
	assert_false(is_beside(rig, ".damaged-1"));
	assert_false(is_beside(rig, ".damaged-2"));
	assert_true(is_beside(rig, ".damaged-3"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		journal_test(damage_found_while_running_starts_a_new_epoch),
		journal_test(an_altered_event_is_given_up_by_name),
		journal_test(a_row_that_contradicts_its_event_costs_nothing),
		journal_test(events_wait_while_the_file_of_a_bad_alert_is_replaced),
		journal_test(an_alert_of_no_event_is_passed_over),
		journal_test(a_carry_over_that_is_killed_begins_again),
		journal_test(only_the_newest_set_aside_files_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
