/* Reading a journal's file without SQLite, whole and damaged in random ways: what comes out
 * is genuine, or nothing. */
#include "rig/journal_rig.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dice.h"
#include "journal/raw.h"

#define EVENTS	     1500
#define IN_LOG	     200
#define ACKNOWLEDGED 100 /* the first ones */
#define ROUNDS	     150

struct original {
	char *payload;
	size_t bytes;
};

struct harvest {
	const struct original *originals;
	bool got[EVENTS + 1];
	size_t count;
	uint64_t events_mark, alerts_mark;
	unsigned foreign;
};

static void reap_event(void *data, const char *epoch, const struct db_row *row)
{
	struct harvest *harvest = data;
	uint64_t seq = position_seq(row->position);

	if (seq == 0 || seq > EVENTS || strlen(epoch) != 16 ||
	    row->payload_bytes != harvest->originals[seq].bytes ||
	    memcmp(row->payload, harvest->originals[seq].payload, row->payload_bytes) != 0) {
		harvest->foreign++;
		return;
	}
	harvest->count += !harvest->got[seq];
	harvest->got[seq] = true;
}

static void reap_marks(void *data, uint64_t events, uint64_t alerts)
{
	struct harvest *harvest = data;

	harvest->events_mark = events;
	harvest->alerts_mark = alerts;
}

static void reap(const char *path, const struct original *originals, struct harvest *ret_harvest)
{
	struct raw_sink sink = {.data = ret_harvest, .event = reap_event, .marks = reap_marks};
	struct raw *raw;

	*ret_harvest = (struct harvest){.originals = originals};
	assert_int_equal(raw_open(path, RAW_COMMITTED, &raw), 0);
	raw_peek(raw, &sink);
	assert_int_equal(ret_harvest->foreign, 0);
	*ret_harvest = (struct harvest){.originals = originals};
	while (raw_read(raw, 7, &sink))
		;
	raw_close(raw);
}

/* The file is a copy, so that the journal can be closed. */
struct raw_file {
	struct journal_rig *journal;
	char path[JOURNAL_RIG_PATH + 32], log[JOURNAL_RIG_PATH + 32];
	struct original originals[EVENTS + 1]; /* by number */
};

static int raw_file_new(void **state)
{
	struct raw_file *file = calloc(1, sizeof(*file));
	void *journal;

	journal_rig_new(&journal);
	file->journal = journal;
	snprintf(file->path, sizeof(file->path), "%s.copy", file->journal->path);
	snprintf(file->log, sizeof(file->log), "%s.copy-wal", file->journal->path);
	*state = file;
	return 0;
}

static int raw_file_free(void **state)
{
	struct raw_file *file = *state;
	void *journal = file->journal;

	for (size_t i = 0; i <= EVENTS; i++)
		free(file->originals[i].payload);
	free(file);
	return journal_rig_free(&journal);
}

#define raw_test(test) cmocka_unit_test_setup_teardown(test, raw_file_new, raw_file_free)

static struct original original_of(const void *payload, size_t bytes)
{
	struct original original = {.payload = malloc(bytes), .bytes = bytes};

	memcpy(original.payload, payload, bytes);
	return original;
}

/* Events of every size on every shelf; the last ones stay in the log. */
static void put_all_sizes(struct journal_rig *rig)
{
	for (size_t i = 1; i <= EVENTS; i++) {
		enum event_id id = i % 3 == 0	? EVENT_METER_VALUE
				   : i % 3 == 1 ? EVENT_SEAL_TAMPERED
						: EVENT_INPUT_FAULT;
		size_t bytes = i * 37 % (EVENT_BODY_BYTES - 2);

		WAIT_FOR(try_to_put_event(rig, id, bytes) != -EAGAIN);
		if (i == EVENTS - IN_LOG) {
			wait_for_events(rig, i);
			acknowledge(rig, STREAM_EVENTS, ACKNOWLEDGED - 1);
			reopen_journal(rig);
			wait_for_events(rig, i - ACKNOWLEDGED);
		}
	}
	wait_for_events(rig, EVENTS - ACKNOWLEDGED);
}

/* The first ones were not seen again after the restart: their bytes are learned here. */
static void learn_event(void *data, const char *epoch, const struct db_row *row)
{
	struct raw_file *file = data;
	struct original *original = &file->originals[position_seq(row->position)];

	(void)epoch;
	if (!original->payload)
		*original = original_of(row->payload, row->payload_bytes);
}

static void ignore_marks(void *data, uint64_t events, uint64_t alerts)
{
	(void)data, (void)events, (void)alerts;
}

static void learn(struct raw_file *file)
{
	struct raw_sink sink = {.data = file, .event = learn_event, .marks = ignore_marks};
	struct raw *raw;

	assert_int_equal(raw_open(file->path, RAW_COMMITTED, &raw), 0);
	while (raw_read(raw, 1000, &sink))
		;
	raw_close(raw);
}

/* Closed, or as a killed process leaves it. */
static void make_file(struct raw_file *file, bool closed)
{
	struct journal_rig *rig = file->journal;

	rig->conf.quota_bytes = INT64_C(1) << 30;
	open_journal(rig);
	put_all_sizes(rig);
	for (size_t i = 0; i < rig->count[STREAM_EVENTS]; i++) {
		const struct seen *seen = &rig->seen[STREAM_EVENTS][i];

		file->originals[seen->seq] = original_of(seen->payload, seen->bytes);
	}
	if (!closed)
		shell("cp %s %s && cp %s-wal %s", rig->path, file->path, rig->path, file->log);
	close_journal(rig);
	if (closed)
		shell("cp %s %s", rig->path, file->path);
	learn(file);
}

static void a_closed_file_yields_every_event(void **state)
{
	struct raw_file *file = *state;
	struct harvest harvest;

	make_file(file, true);
	reap(file->path, file->originals, &harvest);
	assert_int_equal(harvest.count, EVENTS);
	assert_int_equal(harvest.foreign, 0);
	assert_int_equal(position_seq(harvest.events_mark), ACKNOWLEDGED);
}

static void a_file_with_its_log_yields_every_event(void **state)
{
	struct raw_file *file = *state;
	struct harvest harvest;
	struct raw *none;

	make_file(file, false);
	reap(file->path, file->originals, &harvest);
	assert_int_equal(harvest.count, EVENTS);
	assert_int_equal(unlink(file->path), 0);
	reap(file->path, file->originals, &harvest);
	assert_in_range(harvest.count, IN_LOG - 10, 2 * IN_LOG);
	assert_int_equal(raw_open("/nonexistent/journal.db", RAW_ALL, &none), -ENOENT);
}

static void what_was_not_committed_is_not_read(void **state)
{
	struct raw_file *file = *state;
	struct harvest whole, cut;

	make_file(file, false);
	reap(file->path, file->originals, &whole);
	/* the second frame's sum does not fit: it and all behind it do not count */
	shell("dd if=/dev/zero of=%s bs=1 seek=%ld count=4 conv=notrunc status=none", file->log,
	      32L + (24 + 4096) + 16);
	reap(file->path, file->originals, &cut);
	assert_true(cut.count < whole.count);
	assert_int_equal(cut.foreign, 0);
}

/* Bytes, runs and pages, anywhere. */
static void damage(const char *path, struct dice *dice)
{
	unsigned char noise[8192];
	struct stat status;
	int fd = open(path, O_RDWR);
	size_t n;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	for (n = roll(dice, 40) + 1; n > 0; n--) {
		size_t at = roll(dice, (uint32_t)status.st_size);
		size_t bytes = roll(dice, 3) ? 1 + roll(dice, 4) : roll(dice, sizeof(noise));

		if (roll(dice, 2)) /* rather where a page says what is in it */
			at = at / 4096 * 4096 + roll(dice, 64);
		for (size_t i = 0; i < bytes; i++)
			noise[i] = (unsigned char)roll(dice, 256);
		assert_true(pwrite(fd, noise, bytes, (off_t)at) >= 0);
	}
	if (roll(dice, 10) == 0)
		assert_int_equal(ftruncate(fd, (off_t)roll(dice, (uint32_t)status.st_size)), 0);
	close(fd);
}

static void from_a_damaged_file_comes_what_is_genuine_or_nothing(void **state)
{
	struct raw_file *file = *state;
	char victim[JOURNAL_RIG_PATH + 32], log[JOURNAL_RIG_PATH + 40];
	struct dice dice;
	size_t least = SIZE_MAX;

	dice_init(&dice);
	make_file(file, false);
	snprintf(victim, sizeof(victim), "%s.victim", file->journal->path);
	snprintf(log, sizeof(log), "%s-wal", victim);
	for (int i = 0; i < ROUNDS; i++) {
		struct harvest harvest;

		shell("cp %s %s && cp %s %s", file->path, victim, file->log, log);
		damage(victim, &dice);
		if (i % 2)
			damage(log, &dice);
		reap(victim, file->originals, &harvest);
		assert_int_equal(harvest.foreign, 0);
		if (harvest.count < least)
			least = harvest.count;
	}
	print_message("at least %zu of %d events\n", least, EVENTS);
}

static void an_identity_is_read_only_where_there_is_one(void **state)
{
	static const char whole[] = "{\"gateway\":\"g\",\"epoch\":\"0123456789abcdef\",\"seq\":12,"
				    "\"prev\":\"00\",\"type\":\"seal.intact\",\"x\":1}";
	char epoch[EVENT_EPOCH_BYTES], type[64];
	uint64_t seq;

	(void)state;
	assert_true(raw_identity(whole, strlen(whole), epoch, &seq, type, sizeof(type)));
	assert_string_equal(epoch, "0123456789abcdef");
	assert_int_equal(seq, 12);
	assert_string_equal(type, "seal.intact");
	assert_false(raw_identity(whole, strlen(whole), epoch, &seq, type, 5));
	for (size_t n = 0; n < strlen(whole) - 8; n++)
		assert_false(raw_identity(whole, n, epoch, &seq, type, sizeof(type)) && seq != 12 &&
			     seq != 1);
}

/* Rows too long for a page, on pages that were others' before, by SQLite's own account. */
static void the_rest_of_a_long_row_is_never_taken_for_rows(void **state)
{
	static const char fill[] =
		"create table event(a integer primary key, b blob);"
		"create index event_b on event(b);"
		"with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)"
		" insert into event select i, randomblob(600) from n;"
		"delete from event where a % 3 = 0;"
		"with recursive n(i) as (select 1 union all select i + 1 from n where i < 100)"
		" insert into event select 4000 + i, randomblob(9000) from n;";
	const struct raw_file *file = *state;
	struct raw *raw;
	sqlite3 *db;
	sqlite3_stmt *pages;
	unsigned long_rows = 0;

	assert_int_equal(sqlite3_open(file->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, fill, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(raw_open(file->path, RAW_ALL, &raw), 0);
	assert_int_equal(sqlite3_prepare_v2(db, "select pageno, pagetype = 'overflow' from dbstat",
					    -1, &pages, NULL),
			 SQLITE_OK);
	while (sqlite3_step(pages) == SQLITE_ROW) {
		const uint64_t page = (uint64_t)sqlite3_column_int64(pages, 0) - 1;
		const bool overflow = sqlite3_column_int(pages, 1);

		assert_int_equal(raw_is_tree(raw, page), page > 0 && !overflow);
		long_rows += overflow;
	}
	assert_true(long_rows > 100);
	sqlite3_finalize(pages);
	sqlite3_close(db);
	raw_close(raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		raw_test(a_closed_file_yields_every_event),
		raw_test(a_file_with_its_log_yields_every_event),
		raw_test(what_was_not_committed_is_not_read),
		raw_test(the_rest_of_a_long_row_is_never_taken_for_rows),
		raw_test(from_a_damaged_file_comes_what_is_genuine_or_nothing),
		cmocka_unit_test(an_identity_is_read_only_where_there_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
