/* What the journal offers to the uplink, again after a restart, until it is acknowledged. */
#include "rig/journal_rig.h"

static void acknowledged_events_are_not_offered_after_a_restart(void **state)
{
	struct journal_rig *rig = *state;

	open_journal(rig);
	put_events(rig, EVENT_METER_VALUE, 10);
	wait_for_events(rig, 10);
	acknowledge(rig, STREAM_EVENTS, 6);
	WAIT_FOR((worker_ping(journal_worker(rig->journal), 0),
		  journal_counters(rig->journal).backlog == 3));
	reopen_journal(rig);
	wait_for_events(rig, 3);
	assert_int_equal(rig->seen[STREAM_EVENTS][0].seq, 8);
	assert_true(rig->seen[STREAM_EVENTS][0].late);
}

static void a_watermark_is_written_though_nothing_else_happens(void **state)
{
	struct journal_rig *rig = *state;
	uint64_t commits;

	open_journal(rig);
	put_events(rig, EVENT_METER_VALUE, 3);
	wait_for_events(rig, 3);
	commits = journal_counters(rig->journal).commits;
	assert_in_range(commits, 1, 3);
	acknowledge(rig, STREAM_EVENTS, 2);
	WAIT_FOR(journal_counters(rig->journal).commits == commits + 1);
}

/* One that came too short a time before them to go with them. */
static void a_watermark_is_not_forgotten_over_newer_events(void **state)
{
	struct journal_rig *rig = *state;

	open_journal(rig);
	put_events(rig, EVENT_SEAL_INTACT, 10);
	wait_for_events(rig, 10);
	acknowledge(rig, STREAM_EVENTS, 4);
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_events(rig, 11);
	reopen_journal(rig);
	JOURNAL_WAIT(rig, rig->count[STREAM_EVENTS] >= 6);
	assert_int_equal(rig->seen[STREAM_EVENTS][0].seq, 6);
}

static void an_acknowledgement_of_what_was_not_offered_is_ignored(void **state)
{
	struct journal_rig *rig = *state;

	rig->room[STREAM_EVENTS] = 5;
	open_journal(rig);
	put_events(rig, EVENT_METER_VALUE, 10);
	JOURNAL_WAIT(rig, rig->count[STREAM_EVENTS] == 5 && rig->refused > 0);
	rig->source.ack(rig->source.data, STREAM_EVENTS, rig->seen[STREAM_EVENTS][4].position + 3);
	rig->source.ack(rig->source.data, STREAM_ALERTS, rig->seen[STREAM_EVENTS][4].position);
	close_journal(rig);
	forget_seen(rig);
	rig->room[STREAM_EVENTS] = NO_LIMIT;
	open_journal(rig);
	wait_for_events(rig, 10);
	assert_int_equal(rig->seen[STREAM_EVENTS][0].seq, 1);
}

static void a_new_session_begins_behind_the_watermark(void **state)
{
	struct journal_rig *rig = *state;

	open_journal(rig);
	rewind_journal(rig, 7);
	put_events(rig, EVENT_METER_VALUE, 10);
	wait_for_events(rig, 10);
	acknowledge(rig, STREAM_EVENTS, 3);
	rewind_journal(rig, 8);
	wait_for_events(rig, 16);
	assert_int_equal(rig->seen[STREAM_EVENTS][10].seq, 5);
	assert_int_equal(rig->seen[STREAM_EVENTS][10].session, 8);
	assert_true(rig->seen[STREAM_EVENTS][10].late);
	for (int i = 0; i < 6; i++)
		assert_string_equal(rig->seen[STREAM_EVENTS][10 + i].payload,
				    rig->seen[STREAM_EVENTS][4 + i].payload);
}

static void a_stream_without_room_rests_until_it_is_pulled(void **state)
{
	struct journal_rig *rig = *state;
	size_t want = 0;

	rig->room[STREAM_EVENTS] = 0;
	open_journal(rig);
	put_events(rig, EVENT_METER_VALUE, 3000);
	WAIT_FOR(journal_counters(rig->journal).events == 3000);
	while (want < 3000) {
		give_room(rig, STREAM_EVENTS, 37);
		want = want + 37 > 3000 ? 3000 : want + 37;
		wait_for_events(rig, want);
	}
	assert_chain(rig, 0);
}

static void alerts_go_ahead_of_a_backlog(void **state)
{
	struct journal_rig *rig = *state;
	const struct seen *alert;

	rig->room[STREAM_EVENTS] = 1;
	open_journal(rig);
	put_events(rig, EVENT_METER_VALUE, 2000);
	put_event(rig, EVENT_SEAL_TAMPERED);
	put_event(rig, EVENT_SEAL_INTACT);
	put_event(rig, EVENT_BARRIER_FAULT);
	JOURNAL_WAIT(rig, rig->count[STREAM_ALERTS] == 2);
	assert_int_equal(rig->count[STREAM_EVENTS], 1);
	alert = rig->seen[STREAM_ALERTS];
	assert_string_equal(alert[0].type, "seal.tampered");
	assert_int_equal(alert[0].seq, 2001);
	assert_string_equal(alert[1].type, "barrier.fault");
	give_room(rig, STREAM_EVENTS, NO_LIMIT);
	wait_for_events(rig, 2003);
	assert_string_equal(rig->seen[STREAM_EVENTS][2000].payload, alert[0].payload);
}

static void alerts_have_a_watermark_of_their_own(void **state)
{
	struct journal_rig *rig = *state;

	open_journal(rig);
	put_events(rig, EVENT_SEAL_TAMPERED, 4);
	JOURNAL_WAIT(rig, rig->count[STREAM_EVENTS] == 4 && rig->count[STREAM_ALERTS] == 4);
	acknowledge(rig, STREAM_ALERTS, 1);
	acknowledge(rig, STREAM_EVENTS, 2);
	reopen_journal(rig);
	JOURNAL_WAIT(rig, rig->count[STREAM_EVENTS] == 1 && rig->count[STREAM_ALERTS] == 2);
	assert_int_equal(rig->seen[STREAM_EVENTS][0].seq, 4);
	assert_int_equal(rig->seen[STREAM_ALERTS][0].seq, 3);
	put_event(rig, EVENT_SEAL_TAMPERED);
	JOURNAL_WAIT(rig, rig->count[STREAM_ALERTS] == 3 && rig->count[STREAM_EVENTS] == 2);
	assert_int_equal(rig->seen[STREAM_ALERTS][2].seq, 5);
	acknowledge(rig, STREAM_ALERTS, 2);
	acknowledge(rig, STREAM_EVENTS, rig->count[STREAM_EVENTS] - 1);
	reopen_journal(rig);
	put_event(rig, EVENT_SEAL_TAMPERED);
	JOURNAL_WAIT(rig, rig->count[STREAM_ALERTS] == 1);
	assert_int_equal(rig->seen[STREAM_ALERTS][0].seq, 6);
}

static void news_is_not_late_and_old_events_are(void **state)
{
	struct journal_rig *rig = *state;

	rig->room[STREAM_EVENTS] = 0;
	open_journal(rig);
	rewind_journal(rig, 1);
	put_event(rig, EVENT_SEAL_INTACT);
	JOURNAL_WAIT(rig, rig->refused > 0);
	take_time(3 * S); /* by which it is no longer news */
	give_room(rig, STREAM_EVENTS, NO_LIMIT);
	wait_for_events(rig, 1);
	assert_true(rig->seen[STREAM_EVENTS][0].late);
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_events(rig, 2);
	assert_false(rig->seen[STREAM_EVENTS][1].late);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		journal_test(acknowledged_events_are_not_offered_after_a_restart),
		journal_test(a_watermark_is_written_though_nothing_else_happens),
		journal_test(a_watermark_is_not_forgotten_over_newer_events),
		journal_test(an_acknowledgement_of_what_was_not_offered_is_ignored),
		journal_test(a_new_session_begins_behind_the_watermark),
		journal_test(a_stream_without_room_rests_until_it_is_pulled),
		journal_test(alerts_go_ahead_of_a_backlog),
		journal_test(alerts_have_a_watermark_of_their_own),
		journal_test(news_is_not_late_and_old_events_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
