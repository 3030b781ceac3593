/* What lies can do to a log, and what an honest power cut leaves: each frame in turn. */
#include "rig/journal_rig.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dice.h"

#define EVENTS	   24
#define LOG_HEADER 32
#define FRAME	   (24 + 4096)

/* The log, and the head file as it was behind each event, in folders of the rig's. */
static int put_and_keep_heads(struct journal_rig *rig)
{
	open_journal(rig);
	for (uint64_t i = 1; i <= EVENTS; i++) {
		put_event(rig, EVENT_SEAL_TAMPERED);
		wait_for_head(rig, i);
		shell("cp %s.head %s/head-%d", rig->path, rig->folder, (int)i);
	}
	return 0;
}

static void make_original(struct journal_rig *rig)
{
	die_after(rig, put_and_keep_heads);
	rig->made = EVENTS;
	shell("mkdir %s/original && mv %s* %s/original && mv %s/ram %s/original", rig->folder,
	      rig->path, rig->folder, rig->folder, rig->folder);
}

static void restore(const struct journal_rig *rig)
{
	shell("rm -rf %s* %s/ram && cp -r %s/original/* %s", rig->path, rig->folder, rig->folder,
	      rig->folder);
}

static void name_log(const struct journal_rig *rig, char path[JOURNAL_RIG_PATH + 32])
{
	snprintf(path, JOURNAL_RIG_PATH + 32, "%s-wal", rig->path);
}

static long frames_of(const char *log)
{
	return (long)(bytes_of(log) - LOG_HEADER) / FRAME;
}

static void flip_bit(const char *log, long at, unsigned bit)
{
	int fd = open(log, O_RDWR);
	unsigned char byte;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= (unsigned char)(1U << bit);
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static void go_on(struct journal_rig *rig)
{
	forget_seen(rig);
	open_journal(rig);
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_type(rig, "seal.intact");
}

/* Of the first epoch, each number once and with the event that it was given to. */
static size_t whole_ones(const struct journal_rig *rig)
{
	size_t count = 0;

	for (size_t i = 0; i < rig->count[STREAM_EVENTS]; i++) {
		const struct seen *seen = &rig->seen[STREAM_EVENTS][i];

		if (strcmp(seen->type, "seal.tampered") != 0)
			continue;
		assert_int_equal(seen_made(seen), seen->seq);
		count++;
	}
	return count;
}

static void a_bit_in_any_frame_costs_one_event_at_most_and_is_told(void **state)
{
	struct journal_rig *rig = *state;
	char log[JOURNAL_RIG_PATH + 32];
	struct dice dice;

	dice_init(&dice);
	make_original(rig);
	name_log(rig, log);
	restore(rig);
	for (long frame = 0, frames = frames_of(log); frame < frames; frame++) {
		long at = LOG_HEADER + frame * FRAME + (long)roll(&dice, FRAME);

		restore(rig);
		flip_bit(log, at, (unsigned)roll(&dice, 8));
		go_on(rig);
		JOURNAL_WAIT(rig, count_seen(rig, STREAM_EVENTS, "journal.set-aside") == 2);
		assert_in_range(whole_ones(rig), EVENTS - 1, EVENTS);
		close_journal(rig);
	}
}

/* Where the transaction that ends in that commit ends, counted from the last one. */
static long end_of_commit(const char *log, int from_last)
{
	int fd = open(log, O_RDONLY);
	unsigned char size[4];
	long frame = frames_of(log);

	assert_true(fd >= 0);
	while (frame-- > 0) {
		assert_int_equal(pread(fd, size, 4, LOG_HEADER + frame * FRAME + 4), 4);
		if ((size[0] | size[1] | size[2] | size[3]) && from_last-- == 0)
			break;
	}
	close(fd);
	return frame + 1;
}

/* The log up to that event, and of the transaction behind it what a power cut may leave. */
static void cut_after(const struct journal_rig *rig, struct dice *dice, int event)
{
	char log[JOURNAL_RIG_PATH + 32];
	long whole, torn;

	name_log(rig, log);
	whole = end_of_commit(log, EVENTS - event);
	torn = end_of_commit(log, EVENTS - event - 1);
	assert_int_equal(truncate(log, LOG_HEADER + torn * FRAME), 0);
	for (long frame = whole; frame < torn; frame++)
		if (frame == whole || flip(dice))
			flip_bit(log, LOG_HEADER + frame * FRAME + 24 + (long)roll(dice, 4096),
				 roll(dice, 8));
}

/* As after an honest cut: another boot, and a head file that may be older. */
static void cut_power(struct journal_rig *rig, int head)
{
	rig->origin.boot = "boot-2";
	shell("rm -rf %s/ram && cp %s/head-%d %s.head", rig->folder, rig->folder, head, rig->path);
}

/* The transaction behind them may have come whole. */
static void expect_not_a_word(struct journal_rig *rig, size_t events)
{
	char epoch[EVENT_EPOCH_BYTES];

	go_on(rig);
	strcpy(epoch, rig->seen[STREAM_EVENTS][0].epoch);
	assert_string_equal(rig->head.epoch, epoch);
	assert_in_range(rig->count[STREAM_EVENTS], events + 1, events + 2);
	assert_chain(rig, 0);
	close_journal(rig);
}

static void what_an_honest_cut_leaves_goes_on_without_a_word(void **state)
{
	struct journal_rig *rig = *state;
	struct dice dice;

	dice_init(&dice);
	make_original(rig);
	for (int event = 1; event < EVENTS; event++) {
		restore(rig);
		cut_power(rig, 1 + (int)roll(&dice, (uint32_t)event));
		cut_after(rig, &dice, event);
		expect_not_a_word(rig, (size_t)event);
	}
}

/* What lay there before the log began anew: frames as good, with another salt. */
static void age_frames(unsigned char *log, long frames)
{
	for (long frame = 0; frame < frames; frame++)
		for (int i = 8; i < 16; i++)
			log[LOG_HEADER + frame * FRAME + i] ^= 0x5A;
}

static unsigned char *read_log(const char *path, size_t bytes)
{
	unsigned char *log = malloc(bytes);
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0 && log);
	assert_int_equal(pread(fd, log, bytes, 0), bytes);
	close(fd);
	return log;
}

/* Each sector of the log between those bytes is there, or still what it was, or zero. */
static void tear(const char *path, struct dice *dice, long first, long end, long sector)
{
	unsigned char *now = read_log(path, (size_t)end);
	unsigned char *old = read_log(path, (size_t)end);
	bool zero = flip(dice);
	long lost = first + (long)roll(dice, (uint32_t)(end - first));
	int fd = open(path, O_WRONLY);

	age_frames(old, (end - LOG_HEADER) / FRAME);
	for (long at = first / sector * sector; at < end; at += sector) {
		bool is_lost = flip(dice) || (at <= lost && lost < at + sector);
		long from = at < first ? first : at;
		long upto = at + sector < end ? at + sector : end;

		if (is_lost && zero)
			memset(now + from, 0, (size_t)(upto - from));
		else if (is_lost)
			memcpy(now + from, old + from, (size_t)(upto - from));
	}
	assert_int_equal(pwrite(fd, now, (size_t)end, 0), end);
	close(fd);
	free(now);
	free(old);
}

static void check_torn_tails(struct journal_rig *rig, long sector)
{
	char log[JOURNAL_RIG_PATH + 32];
	struct dice dice;

	dice_init(&dice);
	make_original(rig);
	name_log(rig, log);
	for (int event = 1; event < EVENTS; event++) {
		long whole, torn;

		restore(rig);
		cut_power(rig, 1 + (int)roll(&dice, (uint32_t)event));
		whole = LOG_HEADER + end_of_commit(log, EVENTS - event) * FRAME;
		torn = LOG_HEADER + end_of_commit(log, EVENTS - event - 1) * FRAME;
		tear(log, &dice, whole, torn, sector);
		assert_int_equal(truncate(log, flip(&dice) ? torn : torn - torn % sector), 0);
		expect_not_a_word(rig, (size_t)event);
	}
}

static void a_tail_torn_by_sectors_goes_on_without_a_word(void **state)
{
	check_torn_tails(*state, 512);
}

static void a_tail_torn_by_blocks_goes_on_without_a_word(void **state)
{
	check_torn_tails(*state, 4096);
}

/* Behind the torn transaction lie pieces of others that were cut off or failed before: none of
 * them goes on where the one before ends. */
static void what_earlier_cuts_left_behind_is_no_damage(void **state)
{
	struct journal_rig *rig = *state;
	char log[JOURNAL_RIG_PATH + 32];

	make_original(rig);
	name_log(rig, log);
	for (int event = 4; event < EVENTS - 8; event++) {
		long torn, end;

		restore(rig);
		cut_power(rig, event);
		torn = end_of_commit(log, EVENTS - event);
		for (int left = event + 1; left < EVENTS - 1; left++) {
			long first = end_of_commit(log, EVENTS - left);

			flip_bit(log, LOG_HEADER + first * FRAME + 20, 3); /* its sum */
			flip_bit(log, LOG_HEADER + (first - 1) * FRAME + 16, 3);
		}
		flip_bit(log, LOG_HEADER + torn * FRAME + 100, 3);
		end = end_of_commit(log, 1);
		assert_int_equal(truncate(log, LOG_HEADER + end * FRAME), 0);
		expect_not_a_word(rig, (size_t)event);
	}
}

/* And no witness has seen how far it had come. */
static void damage_with_a_synced_commit_behind_is_told_after_a_power_cut_too(void **state)
{
	struct journal_rig *rig = *state;
	char log[JOURNAL_RIG_PATH + 32];
	struct dice dice;
	long frames;

	dice_init(&dice);
	make_original(rig);
	restore(rig);
	name_log(rig, log);
	frames = end_of_commit(log, 2);
	for (long frame = (long)roll(&dice, 3); frame < frames; frame += 3) {
		long at = LOG_HEADER + frame * FRAME + (long)roll(&dice, FRAME);

		restore(rig);
		cut_power(rig, 1);
		flip_bit(log, at, (unsigned)roll(&dice, 8));
		go_on(rig);
		JOURNAL_WAIT(rig, count_seen(rig, STREAM_EVENTS, "journal.set-aside") == 2);
		assert_in_range(whole_ones(rig), EVENTS - 1, EVENTS);
		close_journal(rig);
	}
}

/* What was synced is missed in the last transaction too, if a witness was synced behind it. */
static void damage_in_the_last_transaction_is_told_after_a_stop(void **state)
{
	struct journal_rig *rig = *state;
	char log[JOURNAL_RIG_PATH + 32];
	struct dice dice;

	dice_init(&dice);
	make_original(rig);
	restore(rig);
	name_log(rig, log);
	for (long frame = end_of_commit(log, 1), end = frames_of(log); frame < end; frame++) {
		restore(rig);
		cut_power(rig, EVENTS);
		flip_bit(log, LOG_HEADER + frame * FRAME + (long)roll(&dice, FRAME), 2);
		go_on(rig);
		JOURNAL_WAIT(rig,
			     count_seen(rig, STREAM_EVENTS, "journal.set-aside") == 2 ||
				     count_seen(rig, STREAM_EVENTS, "journal.rolled-back") == 1);
		assert_in_range(whole_ones(rig), EVENTS - 1, EVENTS);
		close_journal(rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		journal_test(a_bit_in_any_frame_costs_one_event_at_most_and_is_told),
		journal_test(what_an_honest_cut_leaves_goes_on_without_a_word),
		journal_test(a_tail_torn_by_sectors_goes_on_without_a_word),
		journal_test(a_tail_torn_by_blocks_goes_on_without_a_word),
		journal_test(what_earlier_cuts_left_behind_is_no_damage),
		journal_test(damage_with_a_synced_commit_behind_is_told_after_a_power_cut_too),
		journal_test(damage_in_the_last_transaction_is_told_after_a_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
