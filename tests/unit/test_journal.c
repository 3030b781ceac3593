/* The journal when all is well: numbers, commits, its queue, its thread. */
#include "rig/journal_rig.h"

#include <poll.h>
#include <unistd.h>

#include "rig/sha256_reference.h"

static void sha256_reference_is_right(void **state)
{
	static const unsigned char abc[4] = {0xba, 0x78, 0x16, 0xbf};
	unsigned char hash[32], other[32];
	char text[200];

	(void)state;
	sha256_reference("abc", 3, hash);
	assert_memory_equal(hash, abc, sizeof(abc));
	for (size_t n = 0; n < sizeof(text); n++) {
		memset(text, 'q', n);
		sha256_reference(text, n, hash);
		event_hash(text, n, other);
		assert_memory_equal(hash, other, 32);
	}
}

static void an_event_is_offered_after_its_commit(void **state)
{
	struct journal_rig *rig = *state;

	open_journal(rig);
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_events(rig, 1);
	assert_int_equal(rig->seen[STREAM_EVENTS][0].seq, 1);
	assert_string_equal(rig->seen[STREAM_EVENTS][0].type, "seal.intact");
	assert_false(rig->seen[STREAM_EVENTS][0].late);
	assert_int_equal(rig->head.seq, 1);
	assert_string_equal(rig->head.epoch, rig->seen[STREAM_EVENTS][0].epoch);
	assert_int_equal(close_journal(rig), 0);
}

static uint64_t head_seq(struct journal_rig *rig)
{
	uint64_t seq;

	pthread_mutex_lock(&rig->lock);
	seq = rig->head.seq;
	pthread_mutex_unlock(&rig->lock);
	return seq;
}

static void what_was_marked_is_known_to_be_durable(void **state)
{
	struct journal_rig *rig = *state;
	struct pollfd room = {.events = POLLIN};
	uint64_t mark, drained;

	open_journal(rig);
	room.fd = journal_room_fd(rig->journal);
	for (int i = 1; i <= 50; i++) {
		put_event(rig, EVENT_SEAL_INTACT);
		mark = journal_mark(rig->journal);
		while (journal_durable(rig->journal) < mark) {
			assert_int_equal(poll(&room, 1, PATIENCE_S * 1000), 1);
			assert_int_equal(read(room.fd, &drained, sizeof(drained)), 8);
		}
		assert_int_equal(head_seq(rig), i);
	}
	mark = journal_mark(rig->journal); /* of nothing new */
	assert_true(journal_durable(rig->journal) >= mark);
	assert_int_equal(poll(&room, 1, PATIENCE_S * 1000), 1);
	assert_true(journal_durable(rig->journal) < mark + 1);
	assert_int_equal(close_journal(rig), 0);
}

static void events_come_in_order_numbered_and_chained(void **state)
{
	struct journal_rig *rig = *state;
	char made[32];

	open_journal(rig);
	for (int i = 0; i < 5000; i++)
		put_event(rig, i % 3   ? EVENT_METER_VALUE
			       : i % 2 ? EVENT_SEAL_INTACT
				       : EVENT_INPUT_FAULT);
	wait_for_events(rig, 5000);
	assert_chain(rig, 0);
	for (size_t i = 0; i < 5000; i++) {
		snprintf(made, sizeof(made), "\"made\":%zu", i + 1);
		assert_true(seen_has(&rig->seen[STREAM_EVENTS][i], made));
	}
	assert_int_equal(close_journal(rig), 0);
}

static void what_gathers_during_a_sync_goes_into_one_commit(void **state)
{
	struct journal_rig *rig = *state;
	struct journal_counters counters;

	assert_int_equal(try_to_open_journal(rig), 0);
	put_events(rig, EVENT_SEAL_INTACT, 100);
	start_journal(rig);
	wait_for_events(rig, 100);
	counters = journal_counters(rig->journal);
	assert_int_equal(counters.events, 100);
	assert_int_equal(counters.commits, 1);
	assert_true(counters.sync_max_ns > 0);
	journal_forget_sync_max(rig->journal);
	assert_int_equal(journal_counters(rig->journal).sync_max_ns, 0);
}

static void the_chain_goes_on_after_a_restart(void **state)
{
	struct journal_rig *rig = *state;
	char epoch[EVENT_EPOCH_BYTES];

	open_journal(rig);
	put_events(rig, EVENT_SEAL_INTACT, 10);
	wait_for_events(rig, 10);
	strcpy(epoch, rig->head.epoch);
	reopen_journal(rig);
	wait_for_events(rig, 10);
	put_events(rig, EVENT_SEAL_INTACT, 10);
	wait_for_events(rig, 20);
	assert_string_equal(rig->head.epoch, epoch);
	assert_int_equal(rig->head.seq, 20);
	assert_chain(rig, 0);
}

static void a_full_queue_takes_nothing_and_says_when_there_is_room(void **state)
{
	struct journal_rig *rig = *state;
	struct pollfd room = {.events = POLLIN};
	size_t accepted = 0;

	assert_int_equal(try_to_open_journal(rig), 0);
	assert_true(journal_has_room(rig->journal));
	while (try_to_put_event(rig, EVENT_SEAL_INTACT, 2000) == 0)
		accepted++;
	assert_false(journal_has_room(rig->journal));
	assert_in_range(accepted, 100, 200);
	room.fd = journal_room_fd(rig->journal);
	assert_int_equal(poll(&room, 1, 0), 0);
	start_journal(rig);
	assert_int_equal(poll(&room, 1, PATIENCE_S * 1000), 1);
	assert_true(journal_has_room(rig->journal));
	wait_for_events(rig, accepted);
	assert_int_equal(journal_counters(rig->journal).waits, 1);
	assert_chain(rig, 0);
}

static void a_body_that_is_too_long_is_refused(void **state)
{
	static char body[EVENT_BODY_BYTES + 1];
	struct event_draft draft = {
		.type = event_type(EVENT_SEAL_INTACT), .body = body, .body_bytes = sizeof(body)};
	struct journal_rig *rig = *state;

	assert_int_equal(try_to_open_journal(rig), 0);
	assert_int_equal(journal_append(rig->journal, &draft), -E2BIG);
}

static void the_longest_body_survives(void **state)
{
	struct journal_rig *rig = *state;

	open_journal(rig);
	assert_int_equal(try_to_put_event(rig, EVENT_SEAL_INTACT, EVENT_BODY_BYTES - 2), 0);
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_events(rig, 2);
	assert_chain(rig, 0);
}

static void close_writes_what_is_queued(void **state)
{
	struct journal_rig *rig = *state;

	assert_int_equal(try_to_open_journal(rig), 0);
	put_events(rig, EVENT_SEAL_INTACT, 50);
	assert_int_equal(close_journal(rig), 0); /* never started */
	open_journal(rig);
	put_events(rig, EVENT_SEAL_INTACT, 50);
	assert_int_equal(close_journal(rig), 0); /* at once */
	forget_seen(rig);
	open_journal(rig);
	wait_for_events(rig, 100);
	assert_chain(rig, 0);
}

static void the_watchdog_is_answered(void **state)
{
	struct journal_rig *rig = *state;
	struct worker *worker;
	int64_t later_ns;

	assert_int_equal(try_to_open_journal(rig), 0);
	worker = journal_worker(rig->journal);
	worker_ping(worker, clock_mono_ns());
	later_ns = clock_mono_ns() + 3600 * NS_PER_S;
	assert_true(worker_is_stuck(worker, later_ns));
	assert_false(worker_is_stuck(worker, clock_mono_ns() + NS_PER_S));
	start_journal(rig);
	WAIT_FOR(!worker_is_stuck(worker, later_ns));
}

static void a_second_process_is_told_that_the_file_is_in_use(void **state)
{
	struct journal_rig *rig = *state;
	struct journal_rig other;

	open_journal(rig);
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_events(rig, 1);
	other = *rig;
	assert_int_equal(try_to_open_journal(&other), -EBUSY);
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_events(rig, 2);
}

/* How often the journal's thread has gone to sleep. */
static long sleeps(void)
{
	FILE *pipe = popen("for t in /proc/$PPID/task/*; do grep -qx journal $t/comm && "
			   "sed -n 's/^voluntary_ctxt_switches:[[:space:]]*//p' $t/status; done",
			   "r");
	long count = -1;

	assert_non_null(pipe);
	assert_int_equal(fscanf(pipe, "%ld", &count), 1);
	pclose(pipe);
	return count;
}

static void an_idle_journal_does_not_wake(void **state)
{
	struct journal_rig *rig = *state;
	long before;

	rig->acks = true;
	open_journal(rig);
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_events(rig, 1);
	WAIT_FOR(journal_counters(rig->journal).commits == 2); /* the watermark, too */
	WAIT_FOR((before = sleeps(), take_time(200 * MS), sleeps() == before));
	take_time(2 * S); /* in which one that wakes by itself would show */
	assert_int_equal(sleeps(), before);
}

/* The pace is an hour: whatever is durable did not wait for it. */
static void a_stream_waits_for_its_pace_and_an_alarm_does_not(void **state)
{
	struct journal_rig *rig = *state;
	uint64_t commits;

	rig->conf.commit_every_ns = 3600 * NS_PER_S;
	open_journal(rig);
	put_event(rig, EVENT_METER_VALUE); /* after a quiet moment */
	wait_for_head(rig, 1);
	commits = journal_counters(rig->journal).commits;
	put_events(rig, EVENT_METER_VALUE, 20);
	assert_int_equal(journal_counters(rig->journal).commits, commits);
	put_event(rig, EVENT_SEAL_TAMPERED);
	wait_for_head(rig, 22);
	assert_int_equal(journal_counters(rig->journal).commits, commits + 1);
	put_event(rig, EVENT_METER_VALUE);
	(void)journal_mark(rig->journal); /* somebody waits */
	wait_for_head(rig, 23);
	put_event(rig, EVENT_METER_VALUE);
	assert_int_equal(close_journal(rig), 0);
	assert_int_equal(ask_sql(rig->path, "select count(*) from telemetry"), 23);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_reference_is_right),
		journal_test(an_event_is_offered_after_its_commit),
		journal_test(what_was_marked_is_known_to_be_durable),
		journal_test(events_come_in_order_numbered_and_chained),
		journal_test(what_gathers_during_a_sync_goes_into_one_commit),
		journal_test(the_chain_goes_on_after_a_restart),
		journal_test(a_full_queue_takes_nothing_and_says_when_there_is_room),
		journal_test(a_body_that_is_too_long_is_refused),
		journal_test(the_longest_body_survives),
		journal_test(close_writes_what_is_queued),
		journal_test(the_watchdog_is_answered),
		journal_test(a_second_process_is_told_that_the_file_is_in_use),
		journal_test(an_idle_journal_does_not_wake),
		journal_test(a_stream_waits_for_its_pace_and_an_alarm_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
