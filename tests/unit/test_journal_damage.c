/* A journal whose file is damaged, foreign, read-only or gone. */
#include "journal_rig.h"

#include <sys/mount.h>
#include <sys/wait.h>

static void fill_and_close(struct rig *rig, size_t count)
{
	rig_open(rig);
	for (size_t i = 0; i < count; i++)
		rig_put(rig, i % 5 == 0 ? EVENT_SEAL_TAMPERED : EVENT_METER_VALUE);
	RIG_WAIT(rig, rig->count[STREAM_EVENTS] == count);
	assert_int_equal(rig_close(rig), 0);
}

/* The same events in a file that was not closed: its log is still there. */
static void fill_and_die(struct rig *rig, size_t count)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		rig_open(rig);
		rig_put_many(rig, EVENT_SEAL_TAMPERED, count);
		RIG_WAIT(rig, rig->head.seq == rig->made);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	rig->made += count;
}

static off_t size_of(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? status.st_size : -1;
}

static bool beside(const struct rig *rig, const char *ending)
{
	char path[RIG_PATH + 64];

	snprintf(path, sizeof(path), "%s%s", rig->path, ending);
	return size_of(path) >= 0;
}

/* Pages that hold events, so that a test's damage hits something: the file ends in room
 * that is kept in reserve. */
static long content_pages(const char *path)
{
	unsigned char count[4];
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, count, 4, 28), 4);
	close(fd);
	return (long)count[0] << 24 | count[1] << 16 | count[2] << 8 | count[3];
}

static void overwrite(const char *path, long page, long pages)
{
	rig_run("dd if=/dev/urandom of=%s bs=4096 seek=%ld count=%ld conv=notrunc status=none",
		path, page, pages);
}

/* Under the rig's lock. */
static size_t reports(const struct rig *rig)
{
	size_t n = 0;

	for (size_t i = 0; i < rig->count[STREAM_EVENTS]; i++)
		n += strcmp(rig->seen[STREAM_EVENTS][i].type, "journal.set-aside") == 0;
	return n;
}

static size_t alerts_due(const struct rig *rig)
{
	size_t n = 0;

	for (size_t i = 0; i < rig->count[STREAM_EVENTS]; i++)
		n += rig_has(&rig->seen[STREAM_EVENTS][i], "\"severity\":\"critical\"");
	return n;
}

static void wait_for_report(struct rig *rig, size_t count)
{
	RIG_WAIT(rig, reports(rig) >= count);
}

/* How many of the events made before are there, each whole, in order, before all others. */
static size_t carried(const struct rig *rig, const char *live_epoch)
{
	size_t n = 0;
	uint64_t last = 0;

	while (n < rig->count[STREAM_EVENTS] &&
	       strcmp(rig->seen[STREAM_EVENTS][n].epoch, live_epoch) != 0) {
		const struct seen *seen = &rig->seen[STREAM_EVENTS][n++];

		assert_true(seen->seq > last);
		assert_int_equal(strtoull(rig_after(seen, "\"made\":"), NULL, 10), seen->seq);
		last = seen->seq;
	}
	for (size_t i = n; i < rig->count[STREAM_EVENTS]; i++)
		assert_string_equal(rig->seen[STREAM_EVENTS][i].epoch, live_epoch);
	return n;
}

/* After a restart on a damaged file: everything goes on in a new epoch. */
static size_t restart_damaged(struct rig *rig)
{
	char epoch[EVENT_EPOCH_BYTES];
	const struct seen *report;
	size_t n;

	rig_forget(rig);
	rig_open(rig);
	rig_put(rig, EVENT_SEAL_INTACT);
	wait_for_report(rig, 2);
	RIG_WAIT(rig, rig_find(rig, STREAM_EVENTS, "seal.intact"));
	RIG_WAIT(rig, rig->count[STREAM_ALERTS] >= alerts_due(rig));
	RIG_WAIT(rig, rig->head.seq == 3);
	strcpy(epoch, rig->head.epoch);
	n = carried(rig, epoch);
	report = &rig->seen[STREAM_EVENTS][n];
	assert_int_equal(report->seq, 1);
	assert_string_equal(report->type, "journal.set-aside");
	assert_true(rig_has(report, "\"file\":\"journal.db.damaged-1\""));
	assert_true(rig_has(report, "\"why\":\""));
	rig_check_chain(rig, n);
	RIG_POLL(beside(rig, ".damaged-1") || beside(rig, ".damaged-1-wal"));
	assert_false(beside(rig, ".salvage-1"));
	assert_int_equal(rig_close(rig), 0);
	return n;
}

static void a_truncated_file_keeps_what_is_left(void **state)
{
	struct rig rig;
	size_t n;

	(void)state;
	rig_make(&rig);
	fill_and_close(&rig, 3000);
	assert_int_equal(truncate(rig.path, content_pages(rig.path) / 2 * 4096), 0);
	n = restart_damaged(&rig);
	assert_in_range(n, 1000, 2000);
	rig_remove(&rig);
}

static void a_file_truncated_to_a_few_bytes_is_set_aside(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	fill_and_close(&rig, 100);
	assert_int_equal(truncate(rig.path, 50), 0);
	assert_int_equal(restart_damaged(&rig), 0);
	rig_remove(&rig);
}

static void a_file_without_its_first_page_keeps_everything_else(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	fill_and_close(&rig, 3000);
	overwrite(rig.path, 0, 1);
	assert_int_equal(restart_damaged(&rig), 3000);
	rig_remove(&rig);
}

static void alerts_among_what_is_carried_over_are_alerts_again(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	fill_and_close(&rig, 500);
	overwrite(rig.path, 0, 1);
	assert_int_equal(restart_damaged(&rig), 500);
	assert_int_equal(rig.count[STREAM_ALERTS], 100 + 2);
	rig_remove(&rig);
}

static void alerts_of_what_was_delivered_are_not_alerts_again(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	rig_open(&rig);
	rig_put_many(&rig, EVENT_SEAL_TAMPERED, 100);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 100);
	rig.source.ack(rig.source.data, STREAM_EVENTS, rig.seen[STREAM_EVENTS][59].position);
	rig_close(&rig);
	overwrite(rig.path, 0, 1);
	assert_int_equal(restart_damaged(&rig), 40);
	assert_int_equal(rig.count[STREAM_ALERTS], 40 + 2);
	rig_remove(&rig);
}

/* The next event would be chained to what it has become. */
static void an_altered_newest_event_ends_its_epoch(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	fill_and_close(&rig, 100);
	rig_run("/usr/bin/python3 -c \"import sqlite3;d=sqlite3.connect('%s');"
		"d.execute('update telemetry set payload=cast(replace(payload,"
		"x\\'226d616465223a313030\\',x\\'226d616465223a393939\\') as blob)');d.commit()\"",
		rig.path);
	assert_int_equal(restart_damaged(&rig), 99);
	rig_remove(&rig);
}

static void a_text_in_its_place_is_set_aside(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	fill_and_close(&rig, 100);
	rig_run("yes 'this is no database' | head -c 100000 > %s", rig.path);
	assert_int_equal(restart_damaged(&rig), 0);
	rig_run("grep -q 'no database' %s.damaged-1", rig.path);
	rig_remove(&rig);
}

static void a_text_beside_a_log_keeps_what_is_in_the_log(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	fill_and_die(&rig, 300);
	rig_run("yes 'this is no database' | head -c 100000 > %s", rig.path);
	rig_forget(&rig);
	rig_open(&rig);
	rig_put(&rig, EVENT_SEAL_INTACT);
	RIG_WAIT(&rig, rig_find(&rig, STREAM_EVENTS, "seal.intact"));
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] > 300);
	assert_int_equal(rig.seen[STREAM_EVENTS][299].seq, 300);
	rig_check_chain(&rig, 0);
	rig_close(&rig);
	rig_remove(&rig);
}

static void a_lost_file_beside_a_log_keeps_what_is_in_the_log(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	fill_and_die(&rig, 300);
	assert_int_equal(unlink(rig.path), 0);
	assert_int_equal(restart_damaged(&rig), 300);
	rig_remove(&rig);
}

static void a_setting_aside_that_was_cut_off_is_finished(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	fill_and_close(&rig, 200);
	fill_and_die(&rig, 300);
	rig_run("mv %s %s.salvage-1", rig.path, rig.path); /* and its log was to follow */
	rig_forget(&rig);
	rig_open(&rig);
	rig_put(&rig, EVENT_SEAL_INTACT);
	RIG_WAIT(&rig, rig_find(&rig, STREAM_EVENTS, "seal.intact"));
	for (size_t i = 0; i < 500; i++)
		assert_int_equal(rig.seen[STREAM_EVENTS][i].seq, i + 1);
	RIG_POLL(beside(&rig, ".damaged-1") && beside(&rig, ".damaged-2-wal"));
	rig_check_rest();
	rig_close(&rig);
	rig_check_chain(&rig, 0);
	rig_remove(&rig);
}

static void the_file_of_another_program_is_set_aside_unharmed(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	rig_run("/usr/bin/python3 -c \"import sqlite3;d=sqlite3.connect('%s');"
		"d.execute('create table t(a)');d.execute('insert into t values(1)');d.commit()\"",
		rig.path);
	assert_int_equal(restart_damaged(&rig), 0);
	rig_run("/usr/bin/python3 -c \"import sqlite3;d=sqlite3.connect('%s.damaged-1');"
		"assert d.execute('select a from t').fetchall()==[(1,)]\"",
		rig.path);
	rig_remove(&rig);
}

static void the_file_of_a_later_version_is_set_aside(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	fill_and_close(&rig, 100);
	rig_run("/usr/bin/python3 -c \"import sqlite3;d=sqlite3.connect('%s');"
		"d.execute('pragma user_version=99')\"",
		rig.path);
	assert_int_equal(restart_damaged(&rig), 100);
	rig_remove(&rig);
}

static void an_altered_watermark_means_duplicates_not_loss(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	rig.acks = true;
	fill_and_close(&rig, 100);
	rig.acks = false;
	rig_run("/usr/bin/python3 -c \"import sqlite3;d=sqlite3.connect('%s');"
		"d.execute('update journal set events=events+1000');d.commit()\"",
		rig.path);
	assert_int_equal(restart_damaged(&rig), 100);
	rig_remove(&rig);
}

static void the_watermark_is_carried_over(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	rig_open(&rig);
	rig_put_many(&rig, EVENT_METER_VALUE, 100);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 100);
	rig.source.ack(rig.source.data, STREAM_EVENTS, rig.seen[STREAM_EVENTS][59].position);
	rig_close(&rig);
	overwrite(rig.path, 0, 1);
	assert_int_equal(restart_damaged(&rig), 40);
	assert_int_equal(rig.seen[STREAM_EVENTS][0].seq, 61);
	rig_remove(&rig);
}

static void an_empty_file_is_a_new_journal(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	rig_run(": > %s", rig.path);
	rig_open(&rig);
	rig_put(&rig, EVENT_SEAL_INTACT);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 1);
	assert_int_equal(rig.seen[STREAM_EVENTS][0].seq, 1);
	rig_close(&rig);
	rig_remove(&rig);
}

/* ---- found while running ------------------------------------------------------------- */

static void damage_found_while_running_starts_a_new_epoch(void **state)
{
	struct rig rig;
	char epoch[EVENT_EPOCH_BYTES];
	size_t n, first, i;

	(void)state;
	rig_make(&rig);
	fill_and_close(&rig, 8000);
	rig_forget(&rig);
	rig.room[STREAM_EVENTS] = 0;
	rig_open(&rig);
	RIG_WAIT(&rig, rig.refused > 0);
	strcpy(epoch, rig.head.epoch);
	overwrite(rig.path, content_pages(rig.path) / 2, 8);
	rig_put(&rig, EVENT_SEAL_INTACT);
	pthread_mutex_lock(&rig.lock);
	rig.room[STREAM_EVENTS] = NO_LIMIT;
	pthread_mutex_unlock(&rig.lock);
	rig.source.pull(rig.source.data);
	wait_for_report(&rig, 2);
	assert_string_not_equal(rig.head.epoch, epoch);
	rig_put(&rig, EVENT_SEAL_MISSING);
	RIG_WAIT(&rig, rig_find(&rig, STREAM_EVENTS, "seal.missing"));
	assert_string_equal(rig_find(&rig, STREAM_EVENTS, "seal.missing")->epoch, rig.head.epoch);
	/* perhaps some before the damage was found, and then all that could be kept */
	for (i = first = 0; i < rig.count[STREAM_EVENTS]; i++)
		if (rig.seen[STREAM_EVENTS][i].seq == 1 &&
		    strcmp(rig.seen[STREAM_EVENTS][i].epoch, epoch) == 0)
			first = i;
	for (n = first; strcmp(rig.seen[STREAM_EVENTS][n].epoch, epoch) == 0; n++)
		;
	assert_in_range(n - first, 7800, 8001);
	assert_true(rig_find(&rig, STREAM_EVENTS, "seal.intact") != NULL);
	rig_check_chain(&rig, n);
	rig_close(&rig);
	rig_remove(&rig);
}

static void an_altered_event_is_given_up_by_name(void **state)
{
	struct rig rig;
	const struct seen *tombstone;

	(void)state;
	rig_make(&rig);
	fill_and_close(&rig, 100);
	rig_run("/usr/bin/python3 -c \"import sqlite3;d=sqlite3.connect('%s');"
		"d.execute('update telemetry set payload=cast(replace(payload,x\\'226d616465223a3338\\',"
		"x\\'226d616465223a3939\\') as blob)');d.commit()\"",
		rig.path);
	rig_forget(&rig);
	rig_open(&rig);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 100);
	tombstone = rig_find(&rig, STREAM_EVENTS, "journal.evicted");
	assert_non_null(tombstone);
	assert_true(rig_has(tombstone, "\"reason\":\"damaged\""));
	assert_true(rig_has(tombstone, "{\"first\":38,\"last\":38,\"events\":1}"));
	assert_int_equal(rig.seen[STREAM_EVENTS][37].seq, 39);
	assert_int_equal(journal_counters(rig.journal).evicted, 1);
	rig_close(&rig);
	rig_remove(&rig);
}

/* Of fill_and_close(): each one is there, and none is anything else. */
static void check_filled(const struct rig *rig, const char *epoch, size_t count)
{
	bool there[1000] = {false};
	size_t i;

	for (i = 0; i < rig->count[STREAM_EVENTS]; i++) {
		const struct seen *seen = &rig->seen[STREAM_EVENTS][i];

		if (strcmp(seen->epoch, epoch) != 0 || seen->seq > count)
			continue;
		assert_string_equal(seen->type,
				    seen->seq % 5 == 1 ? "seal.tampered" : "meter.value");
		assert_int_equal(strtoull(rig_after(seen, "\"made\":"), NULL, 10), seen->seq);
		there[seen->seq] = true;
	}
	for (i = 1; i <= count; i++)
		assert_true(there[i]);
}

/* Only its payload has a sum; SQLite does not notice what else of a row was altered. */
static void a_row_that_contradicts_its_event_costs_nothing(void **state)
{
	static const char *const changes[] = {
		"update evidence set type='seal.+ampered' where type='seal.tampered'",
		"update evidence set type=hex(zeroblob(99))",
		"update epoch set id='0123456789abcdef'",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct rig rig;
		char epoch[EVENT_EPOCH_BYTES];

		rig_make(&rig);
		fill_and_close(&rig, 100);
		strcpy(epoch, rig.head.epoch);
		rig_run("/usr/bin/python3 -c \"import sqlite3;d=sqlite3.connect('%s');"
			"d.execute(\\\"%s\\\");d.commit()\"",
			rig.path, changes[i]);
		rig_forget(&rig);
		rig_open(&rig);
		rig_put(&rig, EVENT_SEAL_INTACT);
		RIG_WAIT(&rig, rig_find(&rig, STREAM_EVENTS, "seal.intact"));
		wait_for_report(&rig, 1);
		check_filled(&rig, epoch, 100);
		rig_close(&rig);
		rig_remove(&rig);
	}
}

static void an_alert_of_no_event_is_passed_over(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	fill_and_close(&rig, 100);
	rig_run("/usr/bin/python3 -c \"import sqlite3;d=sqlite3.connect('%s');"
		"d.execute('insert into alert values(100,77,2)');d.commit()\"",
		rig.path);
	rig_forget(&rig);
	rig_open(&rig);
	RIG_WAIT(&rig, rig.count[STREAM_ALERTS] == 20);
	rig_check_rest();
	rig_put(&rig, EVENT_SEAL_TAMPERED);
	RIG_WAIT(&rig, rig.count[STREAM_ALERTS] == 21);
	assert_int_equal(rig.seen[STREAM_ALERTS][20].seq, 101);
	rig_close(&rig);
	rig_remove(&rig);
}

static void a_carry_over_that_is_killed_begins_again(void **state)
{
	struct rig rig;
	unsigned kills;

	(void)state;
	rig_make(&rig);
	fill_and_close(&rig, 20000);
	overwrite(rig.path, 0, 1);
	for (kills = 0; kills < 8; kills++) {
		int ready[2];
		char byte;
		pid_t child;

		assert_int_equal(pipe(ready), 0);
		child = fork();
		if (child == 0) {
			rig_open(&rig);
			rig_put(&rig, EVENT_SEAL_INTACT);
			(void)!write(ready[1], "r", 1);
			for (;;)
				pause();
		}
		assert_int_equal(read(ready[0], &byte, 1), 1);
		usleep(kills * 7000);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		close(ready[0]);
		close(ready[1]);
	}
	rig_forget(&rig);
	rig_open(&rig);
	rig_put(&rig, EVENT_SEAL_MISSING);
	RIG_WAIT(&rig, rig_find(&rig, STREAM_EVENTS, "seal.missing"));
	for (size_t i = 0; i < 20000; i++)
		assert_int_equal(rig.seen[STREAM_EVENTS][i].seq, i + 1);
	rig_close(&rig);
	rig_remove(&rig);
}

static void only_the_newest_set_aside_files_stay(void **state)
{
	struct rig rig;
	int i;

	(void)state;
	rig_make(&rig);
	for (i = 1; i <= 4; i++) {
		char ending[32];

		rig_run("echo nonsense > %s", rig.path);
		rig_forget(&rig);
		rig_open(&rig);
		wait_for_report(&rig, 2);
		snprintf(ending, sizeof(ending), ".damaged-%d", i);
		RIG_POLL(beside(&rig, ending));
		rig_close(&rig);
	}
	assert_false(beside(&rig, ".damaged-1"));
	assert_false(beside(&rig, ".damaged-2"));
	assert_true(beside(&rig, ".damaged-3"));
	rig_remove(&rig);
}

/* ---- not writable -------------------------------------------------------------------- */

static void without_its_folder_the_journal_is_volatile_until_it_is_back(void **state)
{
	struct rig rig;
	char elsewhere[RIG_PATH + 64];
	char first[EVENT_EPOCH_BYTES];

	(void)state;
	rig_make(&rig);
	snprintf(elsewhere, sizeof(elsewhere), "%s/state/journal.db", rig.folder);
	rig.conf.path = elsewhere;
	rig_open(&rig);
	rig_put_many(&rig, EVENT_METER_VALUE, 50);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 51);
	assert_string_equal(rig.seen[STREAM_EVENTS][0].type, "journal.volatile");
	assert_true(rig_has(&rig.seen[STREAM_EVENTS][0], "No such file or directory"));
	RIG_POLL(journal_counters(rig.journal).condition == JOURNAL_VOLATILE);
	strcpy(first, rig.head.epoch);
	rig_close(&rig);

	rig_run("mkdir %s/state", rig.folder);
	rig_forget(&rig);
	rig_open(&rig);
	rig_put_many(&rig, EVENT_METER_VALUE, 50);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 101);
	assert_int_equal(journal_counters(rig.journal).condition, JOURNAL_OK);
	rig_check_chain(&rig, 0);
	assert_string_equal(rig.seen[STREAM_EVENTS][50].epoch, first);
	assert_string_not_equal(rig.seen[STREAM_EVENTS][51].epoch, first);
	RIG_POLL(size_of(rig.fallback) < 0);
	rig_check_rest();
	rig_close(&rig);
	rig_remove(&rig);
}

/* In another folder than the fallback's, so that it can be moved away. */
static void use_state_folder(struct rig *rig, char path[RIG_PATH + 64])
{
	snprintf(path, RIG_PATH + 64, "%s/state/journal.db", rig->folder);
	rig->conf.path = path;
}

static void what_the_fallback_delivered_says_nothing_of_the_path(void **state)
{
	struct rig rig;
	char path[RIG_PATH + 64], first[EVENT_EPOCH_BYTES];
	size_t i;

	(void)state;
	rig_make(&rig);
	use_state_folder(&rig, path);
	rig_run("mkdir %s/state", rig.folder);
	rig_open(&rig);
	rig_put_many(&rig, EVENT_SEAL_TAMPERED, 100);
	RIG_WAIT(&rig, rig.head.seq == 100);
	strcpy(first, rig.head.epoch);
	rig_close(&rig);

	rig_run("mv %s/state %s/away", rig.folder, rig.folder);
	rig_forget(&rig);
	rig.acks = true;
	rig_open(&rig);
	rig_put_many(&rig, EVENT_SEAL_INTACT, 50);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] >= 51);
	rig_close(&rig);

	rig_run("mv %s/away %s/state", rig.folder, rig.folder);
	rig_forget(&rig);
	rig.acks = false;
	rig_open(&rig);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] >= 150);
	for (i = 0; i < 100; i++) {
		assert_string_equal(rig.seen[STREAM_EVENTS][i].epoch, first);
		assert_int_equal(rig.seen[STREAM_EVENTS][i].seq, i + 1);
	}
	rig_close(&rig);
	rig_remove(&rig);
}

static void a_fallback_found_late_is_not_taken_for_delivered(void **state)
{
	struct rig rig;
	char path[RIG_PATH + 64];
	size_t i, n;

	(void)state;
	rig_make(&rig);
	use_state_folder(&rig, path);
	rig_open(&rig);
	rig_put_many(&rig, EVENT_SEAL_TAMPERED, 50);
	RIG_WAIT(&rig, rig.head.seq == 51);
	rig_close(&rig);

	rig_run("mkdir %s/state && echo nonsense > %s", rig.folder, path);
	rig_forget(&rig);
	rig.conf.fallback = NULL;
	rig.acks = true;
	rig_open(&rig);
	rig_put_many(&rig, EVENT_SEAL_INTACT, 20);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] >= 22);
	rig_close(&rig);

	rig_forget(&rig);
	rig.conf.fallback = rig.fallback;
	rig.acks = false;
	rig_open(&rig);
	rig_put(&rig, EVENT_SEAL_MISSING);
	RIG_WAIT(&rig, rig_find(&rig, STREAM_EVENTS, "seal.missing"));
	for (i = n = 0; i < rig.count[STREAM_EVENTS]; i++)
		n += strcmp(rig.seen[STREAM_EVENTS][i].type, "seal.tampered") == 0;
	assert_int_equal(n, 50);
	rig_close(&rig);
	rig_remove(&rig);
}

static bool mount_state(struct rig *rig, char path[RIG_PATH + 64], const char *size)
{
	char folder[RIG_PATH + 32], options[64];

	snprintf(folder, sizeof(folder), "%s/state", rig->folder);
	snprintf(path, RIG_PATH + 64, "%s/journal.db", folder);
	snprintf(options, sizeof(options), "size=%s", size);
	assert_int_equal(mkdir(folder, 0700), 0);
	if (mount("tmpfs", folder, "tmpfs", 0, options) < 0) {
		print_message("skipped: mounting is not permitted here\n");
		rig_remove(rig);
		return false;
	}
	rig->conf.path = path;
	return true;
}

static void set_read_only(const struct rig *rig, bool read_only)
{
	char folder[RIG_PATH + 32];

	snprintf(folder, sizeof(folder), "%s/state", rig->folder);
	assert_int_equal(mount("tmpfs", folder, "tmpfs", MS_REMOUNT | (read_only ? MS_RDONLY : 0),
			       "size=32m"),
			 0);
}

static void unmount_state(struct rig *rig)
{
	rig_run("umount %s/state", rig->folder);
	rig_remove(rig);
}

static void a_read_only_file_is_delivered_from_and_joined_later(void **state)
{
	struct rig rig;
	char path[RIG_PATH + 64], first[EVENT_EPOCH_BYTES], second[EVENT_EPOCH_BYTES];
	size_t i;

	(void)state;
	rig_make(&rig);
	if (!mount_state(&rig, path, "32m"))
		skip();
	rig_open(&rig);
	rig_put_many(&rig, EVENT_METER_VALUE, 100);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 100);
	rig.source.ack(rig.source.data, STREAM_EVENTS, rig.seen[STREAM_EVENTS][59].position);
	strcpy(first, rig.head.epoch);
	rig_close(&rig);

	set_read_only(&rig, true);
	rig_forget(&rig);
	rig_open(&rig);
	rig_put_many(&rig, EVENT_METER_VALUE, 10);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 51);
	assert_int_equal(rig.seen[STREAM_EVENTS][0].seq, 61);
	assert_string_equal(rig.seen[STREAM_EVENTS][39].epoch, first);
	assert_string_equal(rig.seen[STREAM_EVENTS][40].type, "journal.volatile");
	strcpy(second, rig.head.epoch);
	assert_string_not_equal(first, second);
	rig_close(&rig);

	set_read_only(&rig, false);
	rig_forget(&rig);
	rig_open(&rig);
	rig_put_many(&rig, EVENT_METER_VALUE, 10);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] >= 61);
	for (i = 0; i < 61; i++)
		assert_string_equal(rig.seen[STREAM_EVENTS][i].epoch, i < 40   ? first
								      : i < 51 ? second
									       : rig.head.epoch);
	rig_check_chain(&rig, 0);
	rig_close(&rig);
	unmount_state(&rig);
}

static void with_neither_file_the_opening_fails(void **state)
{
	struct rig rig;
	char nowhere[RIG_PATH + 64], either[RIG_PATH + 64];

	(void)state;
	rig_make(&rig);
	snprintf(nowhere, sizeof(nowhere), "%s/a/b/journal.db", rig.folder);
	snprintf(either, sizeof(either), "%s/c/d/journal.db", rig.folder);
	rig.conf.path = nowhere;
	rig.conf.fallback = either;
	assert_int_equal(rig_try_open(&rig), -ENOENT);
	rig.conf.path = rig.folder; /* a folder is left alone */
	assert_int_equal(rig_try_open(&rig), -ENOENT);
	assert_true(size_of(rig.folder) >= 0);
	rig_remove(&rig);
}

/* ---- a full disk --------------------------------------------------------------------- */

static void a_full_disk_stalls_and_no_number_is_lost(void **state)
{
	struct rig rig;
	char path[RIG_PATH + 64], made[32];
	const struct seen *raised, *cleared;
	size_t total, i;

	(void)state;
	rig_make(&rig);
	if (!mount_state(&rig, path, "4m"))
		skip();
	rig.conf.fallback = NULL;
	rig_open(&rig);
	rig_put_many(&rig, EVENT_SEAL_INTACT, 200);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 200);
	rig_run("dd if=/dev/zero of=%s/state/filler bs=4096 status=none 2>/dev/null || true",
		rig.folder);
	while (journal_counters(rig.journal).condition != JOURNAL_STALLED && rig.made < 20000)
		rig_put_sized(&rig, EVENT_SEAL_INTACT, 0);
	assert_string_not_equal(journal_counters(rig.journal).error, "");
	rig_run("rm %s/state/filler", rig.folder);
	RIG_POLL(journal_counters(rig.journal).condition == JOURNAL_OK);
	total = (size_t)rig.made + 2;
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] >= total);
	rig_check_chain(&rig, 0);
	raised = rig_find(&rig, STREAM_EVENTS, "journal.stalled");
	assert_true(rig_has(raised, "\"alarm\":\"raised\""));
	for (i = 0, cleared = NULL; i < rig.count[STREAM_EVENTS]; i++)
		if (strcmp(rig.seen[STREAM_EVENTS][i].type, "journal.stalled") == 0)
			cleared = &rig.seen[STREAM_EVENTS][i];
	assert_true(rig_has(cleared, "\"alarm\":\"cleared\""));
	for (i = 0, rig.made = 0; i < rig.count[STREAM_EVENTS]; i++) {
		if (strcmp(rig.seen[STREAM_EVENTS][i].type, "seal.intact") != 0)
			continue;
		snprintf(made, sizeof(made), "\"made\":%llu}", (unsigned long long)++rig.made);
		assert_true(rig_has(&rig.seen[STREAM_EVENTS][i], made));
	}
	rig_close(&rig);
	unmount_state(&rig);
}

static void on_a_full_disk_acknowledged_events_make_room(void **state)
{
	struct rig rig;
	char path[RIG_PATH + 64];

	(void)state;
	rig_make(&rig);
	if (!mount_state(&rig, path, "16m"))
		skip();
	rig.conf.fallback = NULL;
	rig.acks = true;
	rig_open(&rig);
	rig_put_many(&rig, EVENT_SEAL_INTACT, 1000);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 1000);
	rig_run("dd if=/dev/zero of=%s/state/filler bs=4096 status=none 2>/dev/null || true",
		rig.folder);
	rig_put_many(&rig, EVENT_SEAL_INTACT, 20000); /* many times what the disk could hold */
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] >= 21000);
	rig_check_chain(&rig, 0);
	assert_int_equal(journal_counters(rig.journal).evicted, 0);
	rig_close(&rig);
	unmount_state(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_truncated_file_keeps_what_is_left),
		cmocka_unit_test(a_file_truncated_to_a_few_bytes_is_set_aside),
		cmocka_unit_test(a_file_without_its_first_page_keeps_everything_else),
		cmocka_unit_test(alerts_among_what_is_carried_over_are_alerts_again),
		cmocka_unit_test(alerts_of_what_was_delivered_are_not_alerts_again),
		cmocka_unit_test(an_altered_newest_event_ends_its_epoch),
		cmocka_unit_test(a_text_in_its_place_is_set_aside),
		cmocka_unit_test(a_text_beside_a_log_keeps_what_is_in_the_log),
		cmocka_unit_test(a_lost_file_beside_a_log_keeps_what_is_in_the_log),
		cmocka_unit_test(a_setting_aside_that_was_cut_off_is_finished),
		cmocka_unit_test(the_file_of_another_program_is_set_aside_unharmed),
		cmocka_unit_test(the_file_of_a_later_version_is_set_aside),
		cmocka_unit_test(an_altered_watermark_means_duplicates_not_loss),
		cmocka_unit_test(the_watermark_is_carried_over),
		cmocka_unit_test(an_empty_file_is_a_new_journal),
		cmocka_unit_test(damage_found_while_running_starts_a_new_epoch),
		cmocka_unit_test(an_altered_event_is_given_up_by_name),
		cmocka_unit_test(a_row_that_contradicts_its_event_costs_nothing),
		cmocka_unit_test(an_alert_of_no_event_is_passed_over),
		cmocka_unit_test(a_carry_over_that_is_killed_begins_again),
		cmocka_unit_test(only_the_newest_set_aside_files_stay),
		cmocka_unit_test(without_its_folder_the_journal_is_volatile_until_it_is_back),
		cmocka_unit_test(what_the_fallback_delivered_says_nothing_of_the_path),
		cmocka_unit_test(a_fallback_found_late_is_not_taken_for_delivered),
		cmocka_unit_test(a_read_only_file_is_delivered_from_and_joined_later),
		cmocka_unit_test(with_neither_file_the_opening_fails),
		cmocka_unit_test(a_full_disk_stalls_and_no_number_is_lost),
		cmocka_unit_test(on_a_full_disk_acknowledged_events_make_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
