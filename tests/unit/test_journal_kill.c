/* SIGKILL of a process that journals, at random moments: what it told of is there, whole, in
 * order, and the numbers go on without a hole. */
#include "rig/journal_rig.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dice.h"

#define KILLS 20

/* What the child tells through the pipe after each commit. */
struct told {
	char epoch[EVENT_EPOCH_BYTES];
	uint64_t seq;
	unsigned char hash[EVENT_HASH_BYTES];
};

struct witness {
	struct journal_rig *rig;
	int fd;
};

static void tell_head(void *data, const struct event_head *head)
{
	struct witness *witness = data;
	struct told told = {.seq = head->seq};

	memcpy(told.epoch, head->epoch, sizeof(told.epoch));
	memcpy(told.hash, head->hash, sizeof(told.hash));
	(void)!write(witness->fd, &told, sizeof(told));
}

/* Acknowledges in a second thread's stead: every third offer, up to there. */
static bool take_offer(void *data, enum outlet_stream stream, const struct outlet_record *record)
{
	struct witness *witness = data;
	struct journal_rig *rig = witness->rig;

	if (record->seq % 3 == 0)
		rig->source.ack(rig->source.data, stream, record->position);
	return true;
}

static void drop_state(void *data, const struct outlet_state *state)
{
	(void)data, (void)state;
}

static void work_until_killed(struct journal_rig *rig, int fd)
{
	struct witness witness = {.rig = rig, .fd = fd};
	struct outlet outlet = {
		.data = &witness, .offer = take_offer, .state = drop_state, .head = tell_head};

	if (try_to_open_journal(rig) < 0)
		_exit(1);
	rig->source = journal_source(rig->journal);
	if (journal_start(rig->journal, &outlet) < 0)
		_exit(2);
	for (unsigned i = 0;; i++) {
		enum event_id id = i % 7 == 0 ? EVENT_SEAL_TAMPERED
				   : i % 2    ? EVENT_METER_VALUE
					      : EVENT_INPUT_FAULT;

		WAIT_FOR(try_to_put_event(rig, id, 200 + i % 1500) != -EAGAIN);
		if (i % 100 < 3) /* commits of all sizes */
			take_time(i % 1000 * NS_PER_US);
	}
}

/* The last head that was told before the kill. */
static struct told kill_one(struct journal_rig *rig, unsigned after_us)
{
	struct told told = {.seq = 0}, next;
	int pipes[2];
	pid_t child;

	assert_int_equal(pipe(pipes), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(pipes[0]);
		work_until_killed(rig, pipes[1]);
	}
	close(pipes[1]);
	assert_int_equal(read(pipes[0], &next, sizeof(next)), sizeof(next));
	take_time(after_us * NS_PER_US); /* the moment of death is not ours to choose */
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	do
		told = next;
	while (read(pipes[0], &next, sizeof(next)) == sizeof(next));
	close(pipes[0]);
	return told;
}

static const struct seen *with_number(const struct journal_rig *rig, uint64_t seq)
{
	for (size_t i = 0; i < rig->count[STREAM_EVENTS]; i++)
		if (rig->seen[STREAM_EVENTS][i].seq == seq)
			return &rig->seen[STREAM_EVENTS][i];
	return NULL;
}

/* What is there after the kill, of what was told before it. Returns the newest number. */
static uint64_t survey(struct journal_rig *rig, const struct told *told)
{
	char hex[65], told_hex[EVENT_HEX_BYTES];
	const struct seen *seen;
	uint64_t backlog;

	forget_seen(rig);
	rig->heads = 0;
	assert_int_equal(try_to_open_journal(rig), 0); /* as the daemon would be started again */
	backlog = journal_counters(rig->journal).backlog;
	start_journal(rig);
	JOURNAL_WAIT(rig, rig->heads > 0 && rig->count[STREAM_EVENTS] == backlog);
	if (told->seq > 0) /* an epoch without an event is not kept */
		assert_string_equal(rig->head.epoch, told->epoch);
	assert_true(rig->head.seq >= told->seq);
	if (backlog > 0)
		assert_int_equal(rig->seen[STREAM_EVENTS][backlog - 1].seq, rig->head.seq);
	assert_chain(rig, 0);
	seen = with_number(rig, told->seq);
	if (seen) { /* unless it was acknowledged */
		seen_hash(seen, hex);
		event_hex(told->hash, told_hex);
		assert_string_equal(hex, told_hex);
	}
	assert_int_equal(close_journal(rig), 0);
	return rig->head.seq;
}

static void what_was_told_of_survives_a_kill(void **state)
{
	struct journal_rig *rig = *state;
	struct dice dice;
	uint64_t last = 0;

	dice_init(&dice);
	rig->conf.quota_bytes = INT64_C(256) << 20;
	for (int i = 0; i < KILLS; i++) {
		struct told told = kill_one(rig, roll(&dice, 60000));

		assert_true(told.seq >= last);
		last = survey(rig, &told);
	}
	print_message("%llu events after %d kills\n", (unsigned long long)last, KILLS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		journal_test(what_was_told_of_survives_a_kill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
