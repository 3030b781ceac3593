/* The journal when all is well. */
#include "journal_rig.h"

#include <poll.h>
#include <sqlite3.h>

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
	struct rig rig;

	(void)state;
	rig_make(&rig);
	rig_open(&rig);
	rig_put(&rig, EVENT_SEAL_INTACT);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 1);
	assert_int_equal(rig.seen[STREAM_EVENTS][0].seq, 1);
	assert_string_equal(rig.seen[STREAM_EVENTS][0].type, "seal.intact");
	assert_false(rig.seen[STREAM_EVENTS][0].late);
	assert_int_equal(rig.head.seq, 1);
	assert_string_equal(rig.head.epoch, rig.seen[STREAM_EVENTS][0].epoch);
	assert_int_equal(rig_close(&rig), 0);
	rig_remove(&rig);
}

static uint64_t rig_head_seq(struct rig *rig)
{
	uint64_t seq;

	pthread_mutex_lock(&rig->lock);
	seq = rig->head.seq;
	pthread_mutex_unlock(&rig->lock);
	return seq;
}

static void what_was_marked_is_known_to_be_durable(void **state)
{
	struct pollfd room = {.events = POLLIN};
	struct rig rig;
	uint64_t mark, drained;

	(void)state;
	rig_make(&rig);
	rig_open(&rig);
	room.fd = journal_room_fd(rig.journal);
	for (int i = 1; i <= 50; i++) {
		rig_put(&rig, EVENT_SEAL_INTACT);
		mark = journal_mark(rig.journal);
		while (!journal_is_durable(rig.journal, mark)) {
			assert_int_equal(poll(&room, 1, PATIENCE_S * 1000), 1);
			assert_int_equal(read(room.fd, &drained, sizeof(drained)), 8);
		}
		assert_int_equal(rig_head_seq(&rig), i);
	}
	mark = journal_mark(rig.journal); /* of nothing new */
	assert_true(journal_is_durable(rig.journal, mark));
	assert_int_equal(poll(&room, 1, PATIENCE_S * 1000), 1);
	assert_false(journal_is_durable(rig.journal, mark + 1));
	assert_int_equal(rig_close(&rig), 0);
	rig_remove(&rig);
}

static void events_come_in_order_numbered_and_chained(void **state)
{
	struct rig rig;
	char made[32];

	(void)state;
	rig_make(&rig);
	rig_open(&rig);
	for (int i = 0; i < 5000; i++)
		rig_put(&rig, i % 3   ? EVENT_METER_VALUE
			      : i % 2 ? EVENT_SEAL_INTACT
				      : EVENT_INPUT_FAULT);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 5000);
	rig_check_chain(&rig, 0);
	for (size_t i = 0; i < 5000; i++) {
		snprintf(made, sizeof(made), "\"made\":%zu", i + 1);
		assert_true(rig_has(&rig.seen[STREAM_EVENTS][i], made));
	}
	assert_int_equal(rig_close(&rig), 0);
	rig_remove(&rig);
}

static void what_gathers_during_a_sync_goes_into_one_commit(void **state)
{
	struct rig rig;
	struct journal_counters counters;

	(void)state;
	rig_make(&rig);
	assert_int_equal(rig_try_open(&rig), 0);
	rig_put_many(&rig, EVENT_SEAL_INTACT, 100);
	rig_start(&rig);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 100);
	counters = journal_counters(rig.journal);
	assert_int_equal(counters.events, 100);
	assert_int_equal(counters.commits, 1);
	assert_true(counters.sync_max_ns > 0);
	assert_int_equal(journal_counters(rig.journal).sync_max_ns, 0);
	rig_close(&rig);
	rig_remove(&rig);
}

static void the_chain_goes_on_after_a_restart(void **state)
{
	struct rig rig;
	char epoch[EVENT_EPOCH_BYTES];

	(void)state;
	rig_make(&rig);
	rig_open(&rig);
	rig_put_many(&rig, EVENT_SEAL_INTACT, 10);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 10);
	strcpy(epoch, rig.head.epoch);
	rig_close(&rig);
	rig_forget(&rig);
	rig_open(&rig);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 10);
	rig_put_many(&rig, EVENT_SEAL_INTACT, 10);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 20);
	assert_string_equal(rig.head.epoch, epoch);
	assert_int_equal(rig.head.seq, 20);
	rig_check_chain(&rig, 0);
	rig_close(&rig);
	rig_remove(&rig);
}

static void acknowledged_events_are_not_offered_after_a_restart(void **state)
{
	struct rig rig;
	uint64_t position;

	(void)state;
	rig_make(&rig);
	rig_open(&rig);
	rig_put_many(&rig, EVENT_METER_VALUE, 10);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 10);
	position = rig.seen[STREAM_EVENTS][6].position;
	rig.source.ack(rig.source.data, STREAM_EVENTS, position);
	RIG_POLL((journal_ask(rig.journal), journal_counters(rig.journal).backlog == 3));
	rig_close(&rig);
	rig_forget(&rig);
	rig_open(&rig);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 3);
	assert_int_equal(rig.seen[STREAM_EVENTS][0].seq, 8);
	assert_true(rig.seen[STREAM_EVENTS][0].late);
	rig_close(&rig);
	rig_remove(&rig);
}

static void a_watermark_is_written_though_nothing_else_happens(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	rig_open(&rig);
	rig_put_many(&rig, EVENT_METER_VALUE, 3);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 3);
	assert_int_equal(journal_counters(rig.journal).commits > 3, 0);
	uint64_t commits = journal_counters(rig.journal).commits;

	rig.source.ack(rig.source.data, STREAM_EVENTS, rig.seen[STREAM_EVENTS][2].position);
	RIG_POLL(journal_counters(rig.journal).commits == commits + 1);
	rig_close(&rig);
	rig_remove(&rig);
}

/* One that came too short a time before them to go with them. */
static void a_watermark_is_not_forgotten_over_newer_events(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	rig_open(&rig);
	rig_put_many(&rig, EVENT_SEAL_INTACT, 10);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 10);
	rig.source.ack(rig.source.data, STREAM_EVENTS, rig.seen[STREAM_EVENTS][4].position);
	rig_put(&rig, EVENT_SEAL_INTACT);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 11);
	rig_close(&rig);
	rig_forget(&rig);
	rig_open(&rig);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] >= 6);
	assert_int_equal(rig.seen[STREAM_EVENTS][0].seq, 6);
	rig_close(&rig);
	rig_remove(&rig);
}

static void an_acknowledgement_of_what_was_not_offered_is_ignored(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	rig.room[STREAM_EVENTS] = 5;
	rig_open(&rig);
	rig_put_many(&rig, EVENT_METER_VALUE, 10);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 5 && rig.refused > 0);
	rig.source.ack(rig.source.data, STREAM_EVENTS, rig.seen[STREAM_EVENTS][4].position + 3);
	rig.source.ack(rig.source.data, STREAM_ALERTS, rig.seen[STREAM_EVENTS][4].position);
	rig_close(&rig);
	rig_forget(&rig);
	rig.room[STREAM_EVENTS] = NO_LIMIT;
	rig_open(&rig);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 10);
	assert_int_equal(rig.seen[STREAM_EVENTS][0].seq, 1);
	rig_close(&rig);
	rig_remove(&rig);
}

static void a_new_session_begins_behind_the_watermark(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	rig_open(&rig);
	rig.source.rewind(rig.source.data, 7);
	rig_put_many(&rig, EVENT_METER_VALUE, 10);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 10);
	rig.source.ack(rig.source.data, STREAM_EVENTS, rig.seen[STREAM_EVENTS][3].position);
	rig.source.rewind(rig.source.data, 8);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 16);
	assert_int_equal(rig.seen[STREAM_EVENTS][10].seq, 5);
	assert_int_equal(rig.seen[STREAM_EVENTS][10].session, 8);
	assert_true(rig.seen[STREAM_EVENTS][10].late);
	for (int i = 0; i < 6; i++)
		assert_string_equal(rig.seen[STREAM_EVENTS][10 + i].payload,
				    rig.seen[STREAM_EVENTS][4 + i].payload);
	rig_close(&rig);
	rig_remove(&rig);
}

static void a_stream_without_room_rests_until_it_is_pulled(void **state)
{
	struct rig rig;
	size_t want = 0;

	(void)state;
	rig_make(&rig);
	rig.room[STREAM_EVENTS] = 0;
	rig_open(&rig);
	rig_put_many(&rig, EVENT_METER_VALUE, 3000);
	RIG_POLL(journal_counters(rig.journal).events == 3000);
	while (want < 3000) {
		pthread_mutex_lock(&rig.lock);
		rig.room[STREAM_EVENTS] += 37;
		pthread_mutex_unlock(&rig.lock);
		want = want + 37 > 3000 ? 3000 : want + 37;
		rig.source.pull(rig.source.data);
		RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == want);
	}
	rig_check_chain(&rig, 0);
	rig_close(&rig);
	rig_remove(&rig);
}

static void alerts_go_ahead_of_a_backlog(void **state)
{
	struct rig rig;
	const struct seen *alert;

	(void)state;
	rig_make(&rig);
	rig.room[STREAM_EVENTS] = 1;
	rig_open(&rig);
	rig_put_many(&rig, EVENT_METER_VALUE, 2000);
	rig_put(&rig, EVENT_SEAL_TAMPERED);
	rig_put(&rig, EVENT_SEAL_INTACT);
	rig_put(&rig, EVENT_BARRIER_FAULT);
	RIG_WAIT(&rig, rig.count[STREAM_ALERTS] == 2);
	assert_int_equal(rig.count[STREAM_EVENTS], 1);
	alert = rig.seen[STREAM_ALERTS];
	assert_string_equal(alert[0].type, "seal.tampered");
	assert_int_equal(alert[0].seq, 2001);
	assert_string_equal(alert[1].type, "barrier.fault");
	pthread_mutex_lock(&rig.lock);
	rig.room[STREAM_EVENTS] = NO_LIMIT;
	pthread_mutex_unlock(&rig.lock);
	rig.source.pull(rig.source.data);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 2003);
	assert_string_equal(rig.seen[STREAM_EVENTS][2000].payload, alert[0].payload);
	rig_close(&rig);
	rig_remove(&rig);
}

static void alerts_have_a_watermark_of_their_own(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	rig_open(&rig);
	rig_put_many(&rig, EVENT_SEAL_TAMPERED, 4);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 4 && rig.count[STREAM_ALERTS] == 4);
	rig.source.ack(rig.source.data, STREAM_ALERTS, rig.seen[STREAM_ALERTS][1].position);
	rig.source.ack(rig.source.data, STREAM_EVENTS, rig.seen[STREAM_EVENTS][2].position);
	rig_close(&rig);
	rig_forget(&rig);
	rig_open(&rig);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 1 && rig.count[STREAM_ALERTS] == 2);
	assert_int_equal(rig.seen[STREAM_EVENTS][0].seq, 4);
	assert_int_equal(rig.seen[STREAM_ALERTS][0].seq, 3);
	rig_put(&rig, EVENT_SEAL_TAMPERED);
	RIG_WAIT(&rig, rig.count[STREAM_ALERTS] == 3 && rig.count[STREAM_EVENTS] == 2);
	assert_int_equal(rig.seen[STREAM_ALERTS][2].seq, 5);
	rig.source.ack(rig.source.data, STREAM_ALERTS, rig.seen[STREAM_ALERTS][2].position);
	rig.source.ack(rig.source.data, STREAM_EVENTS,
		       rig.seen[STREAM_EVENTS][rig.count[STREAM_EVENTS] - 1].position);
	rig_close(&rig);
	rig_forget(&rig);
	rig_open(&rig);
	rig_put(&rig, EVENT_SEAL_TAMPERED);
	RIG_WAIT(&rig, rig.count[STREAM_ALERTS] == 1);
	assert_int_equal(rig.seen[STREAM_ALERTS][0].seq, 6);
	rig_close(&rig);
	rig_remove(&rig);
}

static void put_state(struct rig *rig, bool with_event, const char *key, const char *word)
{
	char members[64];
	struct event_draft draft = {
		.type = with_event ? event_type(EVENT_BARRIER_OPEN) : NULL,
		.body = "\"lane\":\"entry-1\"",
		.body_bytes = with_event ? 16 : 0,
		.state_key = key,
		.state_word = word,
		.state = members,
	};

	snprintf(members, sizeof(members), "\"state\":\"%s\"", word);
	draft.state_bytes = strlen(members);
	assert_int_equal(journal_append(rig->journal, &draft), 0);
}

static void collect_states(void *data, const char *key, const char *word)
{
	char *all = data;

	sprintf(all + strlen(all), "%s=%s;", key, word);
}

static void states_are_published_after_the_commit_and_kept(void **state)
{
	struct rig rig;
	char all[256] = "";

	(void)state;
	rig_make(&rig);
	rig_open(&rig);
	put_state(&rig, true, "entry-1/boom", "opening");
	put_state(&rig, true, "entry-1/boom", "open");
	put_state(&rig, false, "entry-1/seal", "unknown");
	RIG_WAIT(&rig, rig.states == 3);
	assert_string_equal(rig.state_key, "entry-1/seal");
	assert_non_null(strstr(rig.state, "\"state\":\"unknown\""));
	assert_non_null(strstr(rig.state, "\"seq\":2,"));
	assert_non_null(strstr(rig.state, rig.head.epoch));
	rig_close(&rig);
	assert_int_equal(rig_try_open(&rig), 0);
	journal_states(rig.journal, all, collect_states);
	assert_string_equal(all, "entry-1/boom=open;entry-1/seal=unknown;");
	rig_close(&rig);
	rig_remove(&rig);
}

static void a_state_that_is_over_is_told_after_the_commit_and_has_its_own_schema(void **state)
{
	struct event_draft draft = {
		.state_key = "@handover/there/6GE1",
		.state = "\"ucr\":\"6GE1\"",
		.state_bytes = 12,
	};
	char all[256] = "";
	struct rig rig;

	(void)state;
	rig_make(&rig);
	rig_open(&rig);
	assert_int_equal(journal_append(rig.journal, &draft), 0);
	RIG_WAIT(&rig, rig.states == 1);
	assert_string_equal(rig.state_key, draft.state_key);
	assert_non_null(strstr(rig.state, "{\"schema\":\"corridord.handover/1\","));
	assert_non_null(strstr(rig.state, ",\"ucr\":\"6GE1\"}"));
	draft = (struct event_draft){.state_key = draft.state_key, .state_over = true};
	assert_int_equal(journal_append(rig.journal, &draft), 0);
	RIG_WAIT(&rig, rig.states == 2);
	assert_string_equal(rig.state_key, draft.state_key);
	assert_string_equal(rig.state, "");
	rig_close(&rig);
	assert_int_equal(rig_try_open(&rig), 0);
	journal_states(rig.journal, all, collect_states);
	assert_string_equal(all, "");
	rig_close(&rig);
	rig_remove(&rig);
}

static void a_full_queue_takes_nothing_and_says_when_there_is_room(void **state)
{
	struct rig rig;
	struct pollfd room = {.events = POLLIN};
	size_t accepted = 0;

	(void)state;
	rig_make(&rig);
	assert_int_equal(rig_try_open(&rig), 0);
	assert_true(journal_has_room(rig.journal));
	while (rig_put_sized(&rig, EVENT_SEAL_INTACT, 2000) == 0)
		accepted++;
	assert_false(journal_has_room(rig.journal));
	assert_in_range(accepted, 100, 200);
	room.fd = journal_room_fd(rig.journal);
	assert_int_equal(poll(&room, 1, 0), 0);
	rig_start(&rig);
	assert_int_equal(poll(&room, 1, PATIENCE_S * 1000), 1);
	assert_true(journal_has_room(rig.journal));
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == accepted);
	assert_int_equal(journal_counters(rig.journal).waits, 1);
	rig_check_chain(&rig, 0);
	rig_close(&rig);
	rig_remove(&rig);
}

static void a_body_that_is_too_long_is_refused(void **state)
{
	static char body[EVENT_BODY_BYTES + 1];
	struct event_draft draft = {
		.type = event_type(EVENT_SEAL_INTACT), .body = body, .body_bytes = sizeof(body)};
	struct rig rig;

	(void)state;
	rig_make(&rig);
	assert_int_equal(rig_try_open(&rig), 0);
	assert_int_equal(journal_append(rig.journal, &draft), -E2BIG);
	rig_close(&rig);
	rig_remove(&rig);
}

static void the_longest_body_survives(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	rig_open(&rig);
	assert_int_equal(rig_put_sized(&rig, EVENT_SEAL_INTACT, EVENT_BODY_BYTES - 2), 0);
	rig_put(&rig, EVENT_SEAL_INTACT);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 2);
	rig_check_chain(&rig, 0);
	rig_close(&rig);
	rig_remove(&rig);
}

static void close_writes_what_is_queued(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	assert_int_equal(rig_try_open(&rig), 0);
	rig_put_many(&rig, EVENT_SEAL_INTACT, 50);
	assert_int_equal(rig_close(&rig), 0); /* never started */
	rig_open(&rig);
	rig_put_many(&rig, EVENT_SEAL_INTACT, 50);
	assert_int_equal(rig_close(&rig), 0); /* at once */
	rig_forget(&rig);
	rig_open(&rig);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 100);
	rig_check_chain(&rig, 0);
	rig_close(&rig);
	rig_remove(&rig);
}

static void news_is_not_late_and_old_events_are(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	rig.room[STREAM_EVENTS] = 0;
	rig_open(&rig);
	rig.source.rewind(rig.source.data, 1);
	rig_put(&rig, EVENT_SEAL_INTACT);
	RIG_WAIT(&rig, rig.refused > 0);
	sleep(3); /* this is about time passing, not about something happening */
	pthread_mutex_lock(&rig.lock);
	rig.room[STREAM_EVENTS] = NO_LIMIT;
	pthread_mutex_unlock(&rig.lock);
	rig.source.pull(rig.source.data);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 1);
	assert_true(rig.seen[STREAM_EVENTS][0].late);
	rig_put(&rig, EVENT_SEAL_INTACT);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 2);
	assert_false(rig.seen[STREAM_EVENTS][1].late);
	rig_close(&rig);
	rig_remove(&rig);
}

static void the_watchdog_is_answered(void **state)
{
	struct rig rig;
	int64_t later_ns;

	(void)state;
	rig_make(&rig);
	assert_int_equal(rig_try_open(&rig), 0);
	journal_ask(rig.journal);
	later_ns = clock_mono_ns() + 3600 * NS_PER_S;
	assert_true(journal_stuck(rig.journal, later_ns));
	assert_false(journal_stuck(rig.journal, clock_mono_ns() + NS_PER_S));
	rig_start(&rig);
	RIG_POLL(!journal_stuck(rig.journal, later_ns));
	rig_close(&rig);
	rig_remove(&rig);
}

static void a_second_process_is_told_that_the_file_is_in_use(void **state)
{
	struct rig rig, other;

	(void)state;
	rig_make(&rig);
	rig_open(&rig);
	rig_put(&rig, EVENT_SEAL_INTACT);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 1);
	other = rig;
	assert_int_equal(rig_try_open(&other), -EBUSY);
	rig_put(&rig, EVENT_SEAL_INTACT);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 2);
	rig_close(&rig);
	rig_remove(&rig);
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
	struct rig rig;
	long before;

	(void)state;
	rig_make(&rig);
	rig.acks = true;
	rig_open(&rig);
	rig_put(&rig, EVENT_SEAL_INTACT);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 1);
	RIG_POLL(journal_counters(rig.journal).commits == 2); /* the watermark, too */
	do {
		before = sleeps();
		usleep(200000);
	} while (sleeps() != before);
	sleep(2);
	assert_int_equal(sleeps(), before);
	rig_close(&rig);
	rig_remove(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_reference_is_right),
		cmocka_unit_test(an_event_is_offered_after_its_commit),
		cmocka_unit_test(what_was_marked_is_known_to_be_durable),
		cmocka_unit_test(events_come_in_order_numbered_and_chained),
		cmocka_unit_test(what_gathers_during_a_sync_goes_into_one_commit),
		cmocka_unit_test(the_chain_goes_on_after_a_restart),
		cmocka_unit_test(acknowledged_events_are_not_offered_after_a_restart),
		cmocka_unit_test(a_watermark_is_written_though_nothing_else_happens),
		cmocka_unit_test(a_watermark_is_not_forgotten_over_newer_events),
		cmocka_unit_test(an_acknowledgement_of_what_was_not_offered_is_ignored),
		cmocka_unit_test(a_new_session_begins_behind_the_watermark),
		cmocka_unit_test(a_stream_without_room_rests_until_it_is_pulled),
		cmocka_unit_test(alerts_go_ahead_of_a_backlog),
		cmocka_unit_test(alerts_have_a_watermark_of_their_own),
		cmocka_unit_test(states_are_published_after_the_commit_and_kept),
		cmocka_unit_test(
			a_state_that_is_over_is_told_after_the_commit_and_has_its_own_schema),
		cmocka_unit_test(a_full_queue_takes_nothing_and_says_when_there_is_room),
		cmocka_unit_test(a_body_that_is_too_long_is_refused),
		cmocka_unit_test(the_longest_body_survives),
		cmocka_unit_test(close_writes_what_is_queued),
		cmocka_unit_test(news_is_not_late_and_old_events_are),
		cmocka_unit_test(the_watchdog_is_answered),
		cmocka_unit_test(a_second_process_is_told_that_the_file_is_in_use),
		cmocka_unit_test(an_idle_journal_does_not_wake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
