/* Events once more, for who asks: what of them is here, and what comes. */
#include "rig/journal_rig.h"

#include <unistd.h>

static struct journal_question question_of(const char *asker, const char *id)
{
	struct journal_question question = {.kind = ASK_REPLAY, .number = 7};

	snprintf(question.asker, sizeof(question.asker), "%s", asker);
	snprintf(question.id, sizeof(question.id), "%s", id);
	return question;
}

static void add_range(struct journal_question *question, const char *epoch, uint64_t first,
		      uint64_t last)
{
	struct event_range *range = &question->ranges[question->range_count++];

	snprintf(range->epoch, sizeof(range->epoch), "%s", epoch);
	range->first = first;
	range->last = last;
}

static struct journal_answer ask(struct journal_rig *rig, const struct journal_question *question)
{
	struct journal_answer answer;

	assert_int_equal(journal_ask(rig->journal, question), 0);
	WAIT_FOR(journal_answered(rig->journal, &answer));
	assert_int_equal(answer.number, 7);
	return answer;
}

static struct journal_answer ask_for(struct journal_rig *rig, const char *id, uint64_t first,
				     uint64_t last)
{
	struct journal_question question = question_of("centre", id);

	add_range(&question, rig->head.epoch, first, last);
	return ask(rig, &question);
}

static void assert_told(const struct journal_answer *answer, const char *key, const char *epoch,
			uint64_t first, uint64_t last)
{
	char text[160];

	snprintf(text, sizeof(text), "\"%s\":[{\"epoch\":\"%s\",\"first\":%llu,\"last\":%llu}", key,
		 epoch, (unsigned long long)first, (unsigned long long)last);
	if (answer->code || !strstr(answer->members, text))
		fail_msg("no %s in %s %s", text, answer->code ? answer->error : "",
			 answer->members);
}

static size_t replayed(struct journal_rig *rig)
{
	return rig->count[STREAM_REPLAY];
}

static const struct seen *replay_seen(struct journal_rig *rig, size_t index)
{
	return &rig->seen[STREAM_REPLAY][index];
}

static bool is_end(const struct seen *seen)
{
	return seen->type[0] == '\0';
}

static void wait_for_end(struct journal_rig *rig)
{
	JOURNAL_WAIT(rig, replayed(rig) > 0 && is_end(replay_seen(rig, replayed(rig) - 1)));
}

static void begin(struct journal_rig *rig, size_t count)
{
	open_journal(rig);
	rewind_journal(rig, 1);
	put_events(rig, EVENT_METER_VALUE, count);
	wait_for_head(rig, count);
	wait_for_events(rig, count);
}

static void the_same_bytes_come_in_order_and_then_the_end(void **state)
{
	struct journal_rig *rig = *state;
	struct journal_answer answer;

	begin(rig, 200);
	answer = ask_for(rig, "r1", 21, 120);
	assert_told(&answer, "accepted", rig->head.epoch, 21, 120);
	wait_for_end(rig);
	assert_int_equal(replayed(rig), 101);
	for (size_t i = 0; i < 100; i++) {
		assert_int_equal(replay_seen(rig, i)->seq, 21 + i);
		assert_true(replay_seen(rig, i)->late);
		assert_string_equal(replay_seen(rig, i)->payload,
				    rig->seen[STREAM_EVENTS][20 + i].payload);
	}
	assert_true(seen_has(replay_seen(rig, 100), "\"asker\":\"centre\",\"id\":\"r1\","
						    "\"events\":100}"));
}

static void what_was_not_acknowledged_comes_with_the_next_session(void **state)
{
	struct journal_rig *rig = *state;

	begin(rig, 200);
	(void)ask_for(rig, "r1", 1, 100);
	wait_for_end(rig);
	acknowledge(rig, STREAM_REPLAY, 39);
	rewind_journal(rig, 2);
	JOURNAL_WAIT(rig, replayed(rig) == 101 + 61);
	assert_int_equal(replay_seen(rig, 101)->seq, 41);
	acknowledge(rig, STREAM_REPLAY, 101 + 60);
	WAIT_FOR(journal_ask(rig->journal, &(struct journal_question){.kind = ASK_REPLAY}) == 0);
	rewind_journal(rig, 3);
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_type(rig, "seal.intact");
	assert_int_equal(replayed(rig), 101 + 61);
}

static void no_more_goes_than_there_is_room_for(void **state)
{
	struct journal_rig *rig = *state;

	rig->room[STREAM_REPLAY] = 10;
	begin(rig, 200);
	(void)ask_for(rig, "r1", 1, 100);
	JOURNAL_WAIT(rig, replayed(rig) == 10 && rig->refused > 0);
	put_event(rig, EVENT_SEAL_INTACT); /* which does not wait for that */
	wait_for_type(rig, "seal.intact");
	wait_for_rest();
	give_room(rig, STREAM_REPLAY, NO_LIMIT);
	wait_for_end(rig);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(replay_seen(rig, i)->seq, 1 + i);
}

static void askers_take_turns(void **state)
{
	struct journal_rig *rig = *state;
	struct journal_question other = question_of("archive", "r2");

	rig->room[STREAM_REPLAY] = 1;
	begin(rig, 600);
	(void)ask_for(rig, "r1", 1, 300);
	add_range(&other, rig->head.epoch, 301, 600);
	(void)ask(rig, &other);
	give_room(rig, STREAM_REPLAY, 99);
	JOURNAL_WAIT(rig, replayed(rig) == 100);
	for (size_t i = 0, low = 0; i < 100; i++) {
		low += replay_seen(rig, i)->seq <= 300;
		if (i == 99)
			assert_in_range(low, 40, 60);
	}
	acknowledge_at_once(rig);
	acknowledge(rig, STREAM_REPLAY, 99);
	give_room(rig, STREAM_REPLAY, NO_LIMIT);
	JOURNAL_WAIT(rig, replayed(rig) == 602);
}

static void only_so_many_askers_are_served_at_a_time(void **state)
{
	struct journal_rig *rig = *state;
	char asker[16];

	rig->room[STREAM_REPLAY] = 0;
	begin(rig, 50);
	for (int n = 0; n < 6; n++) {
		struct journal_question question;
		struct journal_answer answer;

		snprintf(asker, sizeof(asker), "a%d", n);
		question = question_of(asker, "r");
		add_range(&question, rig->head.epoch, 1, 50);
		answer = ask(rig, &question);
		if (n < 4)
			assert_null(answer.code);
		else
			assert_string_equal(answer.code, "busy");
	}
}

static void it_goes_on_after_a_restart(void **state)
{
	struct journal_rig *rig = *state;

	rig->room[STREAM_REPLAY] = 20;
	begin(rig, 300);
	(void)ask_for(rig, "r 1%", 1, 300);
	JOURNAL_WAIT(rig, replayed(rig) == 20);
	close_journal(rig);
	forget_seen(rig);
	rig->acks = true;
	rig->room[STREAM_REPLAY] = NO_LIMIT;
	open_journal(rig);
	rewind_journal(rig, 1);
	wait_for_end(rig);
	assert_int_equal(replay_seen(rig, replayed(rig) - 2)->seq, 300);
	assert_true(seen_has(replay_seen(rig, replayed(rig) - 1), "\"id\":\"r 1%\""));
	acknowledge(rig, STREAM_REPLAY, replayed(rig) - 1);
	reopen_journal(rig);
	rewind_journal(rig, 1);
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_type(rig, "seal.intact");
	assert_int_equal(replayed(rig), 0);
}

static void what_was_evicted_is_told_from_what_has_expired(void **state)
{
	struct journal_rig *rig = *state;
	struct journal_answer answer;
	uint64_t first;

	rig->conf.quota_bytes = 1 << 20;
	rig->room[STREAM_EVENTS] = 100;
	rig->room[STREAM_ALERTS] = 0;
	open_journal(rig);
	acknowledge_at_once(rig);
	rewind_journal(rig, 1);
	put_events(rig, EVENT_METER_VALUE, 100);
	wait_for_events(rig, 100);
	acknowledge(rig, STREAM_EVENTS, 99);
	put_events(rig, EVENT_METER_VALUE, 4000);
	WAIT_FOR(journal_counters(rig->journal).evicted > 500);
	answer = ask_for(rig, "r1", 1, 150);
	assert_told(&answer, "accepted\":[],\"evicted", rig->head.epoch, 101, 150);
	assert_told(&answer, "expired", rig->head.epoch, 1, 100);
	answer = ask_for(rig, "r2", 1, 4000);
	assert_non_null(strstr(answer.members, "\"accepted\":[{"));
	wait_for_end(rig);
	first = replay_seen(rig, 0)->seq;
	assert_in_range(first, 600, 3900);
}

static void what_was_altered_on_the_disk_does_not_come(void **state)
{
	struct journal_rig *rig = *state;

	fill_and_close_journal(rig, 100);
	replace_in_telemetry(rig->path, "\"made\":38", "\"made\":99");
	forget_seen(rig);
	rig->room[STREAM_EVENTS] = 0;
	open_journal(rig);
	rewind_journal(rig, 1);
	wait_for_head(rig, 100);
	(void)ask_for(rig, "r1", 1, 100);
	wait_for_end(rig);
	assert_int_equal(replayed(rig), 100);
	assert_int_equal(replay_seen(rig, 36)->seq, 37);
	assert_int_equal(replay_seen(rig, 37)->seq, 39);
}

static void epochs_that_were_carried_over_come_as_far_as_they_are_held(void **state)
{
	struct journal_rig *rig = *state;
	char epoch[EVENT_EPOCH_BYTES];
	struct journal_question question = question_of("centre", "r1");
	struct journal_answer answer;
	struct event_head head;

	fill_and_close_journal(rig, 3000);
	strcpy(epoch, rig->head.epoch);
	forget_seen(rig);
	overwrite_pages(rig->path, content_pages(rig->path) / 2, 8);
	acknowledge_at_once(rig);
	open_journal(rig);
	rewind_journal(rig, 1);
	JOURNAL_WAIT(rig, count_seen(rig, STREAM_EVENTS, "journal.set-aside") == 2);
	head = head_of(rig);
	assert_string_not_equal(head.epoch, epoch);
	add_range(&question, epoch, 0, 0);
	question.ranges[0].first = 1;
	question.since = true;
	answer = ask(rig, &question);
	assert_null(answer.code);
	assert_non_null(strstr(answer.members, epoch));
	assert_non_null(strstr(answer.members, head.epoch));
	wait_for_end(rig);
	assert_in_range(replayed(rig), 2800, 3004);
	assert_string_equal(replay_seen(rig, 0)->epoch, epoch);
	assert_string_equal(replay_seen(rig, replayed(rig) - 2)->epoch, head.epoch);
}

static void huge_ranges_reach_no_other_epoch(void **state)
{
	struct journal_rig *rig = *state;
	struct journal_answer answer;

	begin(rig, 50);
	answer = ask_for(rig, "r1", 40, UINT64_MAX);
	assert_told(&answer, "accepted", rig->head.epoch, 40, 50);
	assert_told(&answer, "unknown", rig->head.epoch, 51, UINT64_MAX);
	answer = ask_for(rig, "r2", UINT64_C(1) << 62, UINT64_MAX);
	assert_told(&answer, "unknown", rig->head.epoch, UINT64_C(1) << 62, UINT64_MAX);
	wait_for_end(rig);
	assert_int_equal(replayed(rig), 12);
}

static void questions_beyond_the_room_are_refused(void **state)
{
	struct journal_rig *rig = *state;
	struct journal_question question = question_of("centre", "r1");
	struct journal_answer answer;
	unsigned taken = 0;

	begin(rig, 50);
	add_range(&question, rig->head.epoch, 1, 50);
	for (int n = 0; n < 50; n++)
		taken += journal_ask(rig->journal, &question) == 0;
	assert_in_range(taken, 4, 49);
	for (unsigned n = 0; n < taken; n++)
		WAIT_FOR(journal_answered(rig->journal, &answer));
	assert_false(journal_answered(rig->journal, &answer));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		journal_test(the_same_bytes_come_in_order_and_then_the_end),
		journal_test(what_was_not_acknowledged_comes_with_the_next_session),
		journal_test(no_more_goes_than_there_is_room_for),
		journal_test(askers_take_turns),
		journal_test(only_so_many_askers_are_served_at_a_time),
		journal_test(it_goes_on_after_a_restart),
		journal_test(what_was_evicted_is_told_from_what_has_expired),
		journal_test(what_was_altered_on_the_disk_does_not_come),
		journal_test(epochs_that_were_carried_over_come_as_far_as_they_are_held),
		journal_test(huge_ranges_reach_no_other_epoch),
		journal_test(questions_beyond_the_room_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
