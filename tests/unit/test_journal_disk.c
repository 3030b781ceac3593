/* The journal and a disk that is slow, full or broken, played by a VFS of SQLite's. */
#include "memory_rig.h"

#include <sqlite3.h>
#include <sys/wait.h>

#include "journal_private.h"

/* ---- the disk ------------------------------------------------------------------------ */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool hold; /* syncs of the log wait */
	unsigned waiting; /* syncs that do */
	unsigned log_syncs;
	int fail_syncs; /* so many of the next ones of the log */
	int fail_writes; /* SQLite's code, 0: none */
	int fail_reads;
	const char *only; /* files whose name contains this */
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

struct shim_file {
	sqlite3_file base;
	bool is_log;
	char name[512];
	sqlite3_file *real;
};

#define REAL(file) (((struct shim_file *)(void *)(file))->real)

static bool meant(sqlite3_file *file)
{
	return !disk.only || strstr(((struct shim_file *)(void *)file)->name, disk.only);
}

static int disk_code(sqlite3_file *file, const int *which)
{
	int code;

	pthread_mutex_lock(&disk.lock);
	code = meant(file) ? *which : 0;
	pthread_mutex_unlock(&disk.lock);
	return code;
}

static int shim_close(sqlite3_file *file)
{
	return REAL(file)->pMethods->xClose(REAL(file));
}

static int shim_read(sqlite3_file *file, void *buffer, int bytes, sqlite3_int64 offset)
{
	int code = disk_code(file, &disk.fail_reads);

	return code ? code : REAL(file)->pMethods->xRead(REAL(file), buffer, bytes, offset);
}

static int shim_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset)
{
	int code = disk_code(file, &disk.fail_writes);

	return code ? code : REAL(file)->pMethods->xWrite(REAL(file), bytes, count, offset);
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return REAL(file)->pMethods->xTruncate(REAL(file), size);
}

static int shim_sync(sqlite3_file *file, int flags)
{
	bool is_log = ((struct shim_file *)(void *)file)->is_log;
	bool fail = false;

	pthread_mutex_lock(&disk.lock);
	disk.log_syncs += is_log;
	disk.waiting++;
	pthread_cond_broadcast(&disk.changed);
	while (is_log && disk.hold)
		pthread_cond_wait(&disk.changed, &disk.lock);
	disk.waiting--;
	if (is_log && disk.fail_syncs > 0) {
		disk.fail_syncs--;
		fail = true;
	}
	pthread_mutex_unlock(&disk.lock);
	return fail ? SQLITE_IOERR_FSYNC : REAL(file)->pMethods->xSync(REAL(file), flags);
}

static int shim_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return REAL(file)->pMethods->xFileSize(REAL(file), size);
}

static int shim_lock(sqlite3_file *file, int level)
{
	return REAL(file)->pMethods->xLock(REAL(file), level);
}

static int shim_unlock(sqlite3_file *file, int level)
{
	return REAL(file)->pMethods->xUnlock(REAL(file), level);
}

static int shim_reserved(sqlite3_file *file, int *result)
{
	return REAL(file)->pMethods->xCheckReservedLock(REAL(file), result);
}

static int shim_control(sqlite3_file *file, int operation, void *argument)
{
	return REAL(file)->pMethods->xFileControl(REAL(file), operation, argument);
}

static int shim_sector(sqlite3_file *file)
{
	return REAL(file)->pMethods->xSectorSize(REAL(file));
}

static int shim_device(sqlite3_file *file)
{
	return REAL(file)->pMethods->xDeviceCharacteristics(REAL(file));
}

/* Version 1: without shared memory. The journal must not need it. */
static const sqlite3_io_methods shim_methods = {
	.iVersion = 1,
	.xClose = shim_close,
	.xRead = shim_read,
	.xWrite = shim_write,
	.xTruncate = shim_truncate,
	.xSync = shim_sync,
	.xFileSize = shim_size,
	.xLock = shim_lock,
	.xUnlock = shim_unlock,
	.xCheckReservedLock = shim_reserved,
	.xFileControl = shim_control,
	.xSectorSize = shim_sector,
	.xDeviceCharacteristics = shim_device,
};

static sqlite3_vfs *real_vfs;

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	struct shim_file *shim = (struct shim_file *)(void *)file;
	int code;

	(void)vfs;
	*shim = (struct shim_file){.is_log = flags & SQLITE_OPEN_WAL};
	snprintf(shim->name, sizeof(shim->name), "%s", name ? name : "");
	shim->real = (sqlite3_file *)(void *)(shim + 1);
	code = real_vfs->xOpen(real_vfs, name, shim->real, flags, out);
	if (shim->real->pMethods)
		shim->base.pMethods = &shim_methods;
	return code;
}

static int insert_disk(void **state)
{
	static sqlite3_vfs vfs;

	(void)state;
	real_vfs = sqlite3_vfs_find(NULL);
	vfs = *real_vfs;
	vfs.zName = "disk";
	vfs.szOsFile += (int)sizeof(struct shim_file);
	vfs.xOpen = shim_open;
	return sqlite3_vfs_register(&vfs, 1);
}

static int mend_disk(void **state)
{
	(void)state;
	pthread_mutex_lock(&disk.lock);
	disk.hold = false;
	disk.fail_syncs = disk.fail_writes = disk.fail_reads = 0;
	disk.only = NULL;
	pthread_cond_broadcast(&disk.changed);
	pthread_mutex_unlock(&disk.lock);
	return 0;
}

static void set_disk(int *which, int value)
{
	pthread_mutex_lock(&disk.lock);
	*which = value;
	pthread_mutex_unlock(&disk.lock);
}

static void hold(bool held)
{
	pthread_mutex_lock(&disk.lock);
	disk.hold = held;
	pthread_cond_broadcast(&disk.changed);
	pthread_mutex_unlock(&disk.lock);
}

static void wait_for_sync(void)
{
	struct timespec deadline = rig_deadline();
	int late = 0;

	pthread_mutex_lock(&disk.lock);
	while (disk.waiting == 0 && !late)
		late = pthread_cond_timedwait(&disk.changed, &disk.lock, &deadline);
	pthread_mutex_unlock(&disk.lock);
	assert_int_equal(late, 0);
}

/* ---- tests --------------------------------------------------------------------------- */

static int setting(const struct rig *rig, const char *pragma, char word[16])
{
	sqlite3_stmt *ask;
	int number;

	assert_int_equal(sqlite3_prepare_v2(rig->journal->db.sqlite, pragma, -1, &ask, NULL), 0);
	assert_int_equal(sqlite3_step(ask), SQLITE_ROW);
	number = sqlite3_column_int(ask, 0);
	snprintf(word, 16, "%s", (const char *)sqlite3_column_text(ask, 0));
	sqlite3_finalize(ask);
	return number;
}

static void commits_are_synced_in_full(void **state)
{
	struct rig rig;
	char word[16];

	(void)state;
	rig_make(&rig);
	assert_int_equal(rig_try_open(&rig), 0);
	assert_int_equal(setting(&rig, "PRAGMA synchronous", word), 2);
	setting(&rig, "PRAGMA journal_mode", word);
	assert_string_equal(word, "wal");
	setting(&rig, "PRAGMA locking_mode", word);
	assert_string_equal(word, "exclusive");
	assert_int_equal(setting(&rig, "PRAGMA wal_autocheckpoint", word), 0);
	assert_int_equal(setting(&rig, "PRAGMA page_size", word), 4096);
	rig_close(&rig);
	rig_remove(&rig);
}

static void each_commit_syncs_the_log_once(void **state)
{
	struct rig rig;
	unsigned before;

	(void)state;
	rig_make(&rig);
	rig_open(&rig);
	rig_put(&rig, EVENT_SEAL_INTACT);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 1);
	before = disk.log_syncs;
	for (size_t i = 2; i <= 21; i++) {
		rig_put(&rig, EVENT_SEAL_INTACT);
		RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == i);
	}
	assert_int_equal(disk.log_syncs - before, 20);
	rig_close(&rig);
	rig_remove(&rig);
}

static void nobody_hears_of_an_event_before_it_is_synced(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	rig_open(&rig);
	rig_put(&rig, EVENT_SEAL_TAMPERED);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 1 && rig.count[STREAM_ALERTS] == 1);
	hold(true);
	rig_put(&rig, EVENT_SEAL_TAMPERED);
	wait_for_sync();
	usleep(50000); /* for a mistake to show */
	pthread_mutex_lock(&rig.lock);
	assert_int_equal(rig.count[STREAM_EVENTS], 1);
	assert_int_equal(rig.count[STREAM_ALERTS], 1);
	assert_int_equal(rig.head.seq, 1);
	pthread_mutex_unlock(&rig.lock);
	assert_int_equal(journal_counters(rig.journal).head.seq, 1);
	hold(false);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 2 && rig.count[STREAM_ALERTS] == 2);
	rig_close(&rig);
	rig_remove(&rig);
}

static void what_comes_during_a_sync_waits_for_the_next(void **state)
{
	struct rig rig;
	uint64_t commits;

	(void)state;
	rig_make(&rig);
	rig_open(&rig);
	rig_put(&rig, EVENT_SEAL_INTACT);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 1);
	commits = journal_counters(rig.journal).commits;
	hold(true);
	rig_put(&rig, EVENT_SEAL_INTACT);
	wait_for_sync();
	rig_put_many(&rig, EVENT_SEAL_INTACT, 200);
	hold(false);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 202);
	RIG_POLL(journal_counters(rig.journal).commits == commits + 2);
	rig_check_chain(&rig, 0);
	rig_close(&rig);
	rig_remove(&rig);
}

/* In a process of its own: what the hanging thread holds cannot be freed. */
static int close_on_a_hanging_disk(void)
{
	struct rig rig;
	int64_t begin_ns;
	bool closed;
	size_t lost;

	rig_make(&rig);
	rig_open(&rig);
	rig_put(&rig, EVENT_SEAL_INTACT);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 1);
	hold(true);
	rig_put(&rig, EVENT_SEAL_INTACT);
	wait_for_sync();
	rig_put_many(&rig, EVENT_SEAL_INTACT, 5);
	begin_ns = clock_mono_ns();
	closed = journal_close(rig.journal, begin_ns + NS_PER_S / 2, &lost);
	rig_remove(&rig);
	return !closed && lost == 5 && clock_mono_ns() - begin_ns < 20 * NS_PER_S ? 0 : 1;
}

static void a_hanging_disk_does_not_hold_up_the_stop(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0)
		_exit(close_on_a_hanging_disk());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void a_failed_sync_takes_no_numbers(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	rig_open(&rig);
	for (int i = 0; i < 20; i++) {
		if (i % 3 == 0)
			set_disk(&disk.fail_syncs, 1);
		rig_put_many(&rig, EVENT_SEAL_INTACT, 5);
		RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == (size_t)i * 5 + 5);
	}
	rig_check_chain(&rig, 0);
	assert_int_equal(rig.head.seq, 100); /* short stalls are not worth an alarm */
	rig_close(&rig);
	rig_forget(&rig);
	rig_open(&rig);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 100);
	rig_check_chain(&rig, 0);
	rig_close(&rig);
	rig_remove(&rig);
}

static void memories_go_with_the_commit_that_succeeds_on_whatever_file(void **state)
{
	struct rig rig;
	char first[EVENT_EPOCH_BYTES];

	(void)state;
	rig_make(&rig);
	assert_int_equal(rig_try_open(&rig), 0);
	rig.journal->patience = (struct patience){.tell_ns = 100 * NS_PER_MS,
						  .broken_ns = 300 * NS_PER_MS,
						  .full_ns = 300 * NS_PER_MS,
						  .hard_ns = 100 * NS_PER_MS,
						  .return_ns = 500 * NS_PER_MS};
	remember(&rig, "seal/first", "overtaken in the same commit");
	remember(&rig, "seal/first", "kept");
	rig_start(&rig);
	rig_put(&rig, EVENT_SEAL_INTACT);
	RIG_WAIT(&rig, rig.head.seq == 1);
	set_disk(&disk.fail_syncs, 1);
	remember(&rig, "seal/retried", "kept");
	rig_put(&rig, EVENT_SEAL_INTACT);
	RIG_WAIT(&rig, rig.head.seq == 2);
	strcpy(first, rig.head.epoch);
	disk.only = rig.path;
	set_disk(&disk.fail_writes, SQLITE_IOERR_WRITE);
	remember(&rig, "seal/volatile", "kept");
	rig_put(&rig, EVENT_SEAL_INTACT);
	RIG_WAIT(&rig, strcmp(rig.head.epoch, first) != 0);
	RIG_POLL(journal_counters(rig.journal).condition == JOURNAL_VOLATILE);
	set_disk(&disk.fail_writes, 0);
	RIG_POLL(journal_counters(rig.journal).condition == JOURNAL_OK);
	rig_put(&rig, EVENT_SEAL_INTACT);
	rig_close(&rig);
	rig_forget(&rig);
	assert_int_equal(rig_try_open(&rig), 0);
	assert_recalled(&rig, "seal/first=kept;seal/retried=kept;seal/volatile=kept;");
	rig_close(&rig);
	rig_remove(&rig);
}

static void a_stall_is_an_alarm_raised_and_cleared(void **state)
{
	static const int codes[] = {SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_READONLY};
	struct rig rig;

	(void)state;
	rig_make(&rig);
	assert_int_equal(rig_try_open(&rig), 0);
	rig.journal->patience.tell_ns = 150 * NS_PER_MS;
	rig_start(&rig);
	for (size_t i = 0; i < 3; i++) {
		size_t before = rig.count[STREAM_EVENTS];
		const struct seen *seen;

		set_disk(&disk.fail_writes, codes[i]);
		rig_put(&rig, EVENT_SEAL_INTACT);
		RIG_POLL(journal_counters(rig.journal).condition == JOURNAL_STALLED);
		assert_string_not_equal(journal_counters(rig.journal).error, "");
		rig_put(&rig, EVENT_SEAL_INTACT);
		assert_int_equal(rig.count[STREAM_EVENTS], before);
		set_disk(&disk.fail_writes, 0);
		RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == before + 4);
		seen = rig.seen[STREAM_EVENTS] + before;
		assert_string_equal(seen[0].type, "journal.stalled");
		assert_true(rig_has(&seen[0], "\"alarm\":\"raised\",\"observed\":{\"why\":\""));
		assert_string_equal(seen[1].type, "seal.intact");
		assert_string_equal(seen[2].type, "journal.stalled");
		assert_true(rig_has(&seen[2], "\"alarm\":\"cleared\""));
		assert_in_range(strtol(rig_after(&seen[2], "\"stalled_ms\":"), NULL, 10), 100,
				20000);
		assert_string_equal(seen[3].type, "seal.intact");
		RIG_POLL(journal_counters(rig.journal).condition == JOURNAL_OK);
	}
	rig_check_chain(&rig, 0);
	assert_int_equal(rig.count[STREAM_ALERTS], 6);
	rig_close(&rig);
	rig_remove(&rig);
}

static void a_stalled_journal_gives_up_at_the_deadline_and_says_what(void **state)
{
	struct rig rig;
	size_t lost;

	(void)state;
	rig_make(&rig);
	rig_open(&rig);
	rig_put(&rig, EVENT_SEAL_INTACT);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 1);
	set_disk(&disk.fail_writes, SQLITE_FULL);
	rig_put(&rig, EVENT_SEAL_INTACT);
	RIG_POLL(journal_counters(rig.journal).condition == JOURNAL_STALLED);
	rig_put_many(&rig, EVENT_SEAL_INTACT, 6); /* behind the one that is being tried */
	assert_true(journal_close(rig.journal, clock_mono_ns() + NS_PER_S, &lost));
	assert_int_equal(lost, 7);
	set_disk(&disk.fail_writes, 0);
	rig_open(&rig);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 2);
	assert_int_equal(rig.head.seq, 1);
	rig_close(&rig);
	rig_remove(&rig);
}

static void a_broken_disk_is_left_and_returned_to(void **state)
{
	struct rig rig;
	char first[EVENT_EPOCH_BYTES], second[EVENT_EPOCH_BYTES];
	size_t i;

	(void)state;
	rig_make(&rig);
	assert_int_equal(rig_try_open(&rig), 0);
	rig.journal->patience = (struct patience){.tell_ns = 100 * NS_PER_MS,
						  .broken_ns = 300 * NS_PER_MS,
						  .full_ns = 300 * NS_PER_MS,
						  .hard_ns = 100 * NS_PER_MS,
						  .return_ns = 500 * NS_PER_MS};
	rig.room[STREAM_EVENTS] = 0;
	rig_start(&rig);
	rig_put_many(&rig, EVENT_SEAL_INTACT, 50);
	RIG_WAIT(&rig, rig.head.seq == 50);
	strcpy(first, rig.head.epoch);
	disk.only = rig.path;
	set_disk(&disk.fail_writes, SQLITE_IOERR_WRITE);
	rig_put_many(&rig, EVENT_SEAL_INTACT, 50);
	RIG_WAIT(&rig, strcmp(rig.head.epoch, first) != 0 && rig.head.seq >= 50);
	strcpy(second, rig.head.epoch);
	RIG_POLL(journal_counters(rig.journal).condition == JOURNAL_VOLATILE);
	rig_put_many(&rig, EVENT_SEAL_INTACT, 50);
	set_disk(&disk.fail_writes, 0);
	RIG_WAIT(&rig, strcmp(rig.head.epoch, second) != 0);
	rig_put_many(&rig, EVENT_SEAL_INTACT, 50);
	pthread_mutex_lock(&rig.lock);
	rig.room[STREAM_EVENTS] = NO_LIMIT;
	pthread_mutex_unlock(&rig.lock);
	rig.source.pull(rig.source.data);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] >= 203);
	RIG_POLL(journal_counters(rig.journal).condition == JOURNAL_OK);
	rig_check_chain(&rig, 0);
	rig.made = 0;
	for (i = 0; i < rig.count[STREAM_EVENTS]; i++) {
		const struct seen *seen = &rig.seen[STREAM_EVENTS][i];

		if (strcmp(seen->type, "seal.intact") == 0)
			assert_int_equal(strtoull(rig_after(seen, "\"made\":"), NULL, 10),
					 ++rig.made);
	}
	assert_int_equal(rig.made, 200);
	assert_non_null(rig_find(&rig, STREAM_ALERTS, "journal.volatile"));
	rig_close(&rig);
	rig_remove(&rig);
}

/* On the fallback, with the path's file being carried over; no thread yet. */
static void leave_the_path(struct rig *rig, char ret_epoch[EVENT_EPOCH_BYTES])
{
	rig_make(rig);
	rig_open(rig);
	rig_put_many(rig, EVENT_SEAL_INTACT, 50);
	RIG_WAIT(rig, rig->head.seq == 50);
	strcpy(ret_epoch, rig->head.epoch);
	rig_close(rig);
	rig_forget(rig);
	assert_int_equal(rig_try_open(rig), 0);
	assert_int_equal(journal_replace(rig->journal, false), 0);
	assert_true(rig->journal->fallen_back);
	assert_non_null(rig->journal->carry.raw);
}

static void a_return_that_fails_changes_nothing(void **state)
{
	struct rig rig;
	char first[EVENT_EPOCH_BYTES];

	(void)state;
	leave_the_path(&rig, first);
	disk.only = rig.path;
	set_disk(&disk.fail_writes, SQLITE_IOERR_WRITE);
	journal_return(rig.journal);
	assert_true(rig.journal->fallen_back);
	rig_start(&rig);
	rig_put(&rig, EVENT_SEAL_MISSING);
	RIG_WAIT(&rig, rig_find(&rig, STREAM_EVENTS, "seal.missing"));
	assert_string_not_equal(rig_find(&rig, STREAM_EVENTS, "seal.missing")->epoch, first);
	assert_int_equal(rig.count[STREAM_EVENTS], 50 + 2);
	rig_check_chain(&rig, 0);
	rig_close(&rig);
	rig_remove(&rig);
}

static void look_from_outside(const char *path, const char *filter)
{
	rig_run("/usr/bin/python3 -c \"import sqlite3;sqlite3.connect('%s',timeout=0)"
		".execute('select * from epoch')\" 2>&1 %s",
		path, filter);
}

/* Closing any descriptor of a file drops all locks that a process has on it. */
static void a_file_returned_to_is_locked_though_it_was_being_read(void **state)
{
	struct rig rig;
	char first[EVENT_EPOCH_BYTES];

	(void)state;
	leave_the_path(&rig, first);
	journal_return(rig.journal);
	assert_false(rig.journal->fallen_back);
	look_from_outside(rig.path, "| grep -q 'is locked'");
	rig_start(&rig);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] >= 50);
	look_from_outside(rig.path, "| grep -q 'is locked'");
	rig_close(&rig);
	look_from_outside(rig.path, "");
	rig_remove(&rig);
}

static size_t count_of(const struct rig *rig, const char *type)
{
	size_t n = 0;

	for (size_t i = 0; i < rig->count[STREAM_EVENTS]; i++)
		n += strcmp(rig->seen[STREAM_EVENTS][i].type, type) == 0;
	return n;
}

static size_t alerts_of(const struct rig *rig, const char *type)
{
	size_t n = 0;

	for (size_t i = 0; i < rig->count[STREAM_ALERTS]; i++)
		n += strcmp(rig->seen[STREAM_ALERTS][i].type, type) == 0;
	return n;
}

static void an_alert_of_the_file_before_acknowledges_none_of_this_one(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	assert_int_equal(rig_try_open(&rig), 0);
	rig.journal->patience.broken_ns = 300 * NS_PER_MS;
	rig_start(&rig);
	rig_put_many(&rig, EVENT_SEAL_TAMPERED, 5);
	RIG_WAIT(&rig, rig.count[STREAM_ALERTS] == 5);
	disk.only = rig.path;
	set_disk(&disk.fail_writes, SQLITE_IOERR_WRITE);
	rig_put(&rig, EVENT_SEAL_INTACT);
	RIG_WAIT(&rig, alerts_of(&rig, "seal.tampered") == 10 &&
			       alerts_of(&rig, "journal.volatile") == 1);
	rig.source.ack(rig.source.data, STREAM_ALERTS, rig.seen[STREAM_ALERTS][4].position);
	rig.source.rewind(rig.source.data, 2); /* before the new ones were sent */
	RIG_WAIT(&rig, alerts_of(&rig, "seal.tampered") == 15 &&
			       alerts_of(&rig, "journal.volatile") == 2);
	rig_close(&rig);
	rig_remove(&rig);
}

static void a_full_disk_never_costs_evidence(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	rig_open(&rig);
	rig_put_many(&rig, EVENT_METER_VALUE, 20);
	rig_put_many(&rig, EVENT_SEAL_INTACT, 50);
	rig_put_many(&rig, EVENT_INPUT_FAULT, 20);
	rig_put_many(&rig, EVENT_SEAL_TAMPERED, 50);
	RIG_WAIT(&rig, rig.head.seq == 140);
	rig_close(&rig);
	rig_forget(&rig);
	assert_int_equal(rig_try_open(&rig), 0);
	assert_int_equal(journal_make_room(rig.journal, false), -ENOSPC);
	assert_int_equal(journal_make_room(rig.journal, true), 0);
	assert_int_equal(journal_make_room(rig.journal, true), 0);
	assert_int_equal(journal_make_room(rig.journal, true), -ENOSPC);
	rig_start(&rig);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 50 + 50 + 2);
	assert_int_equal(count_of(&rig, "seal.intact"), 50);
	assert_int_equal(count_of(&rig, "seal.tampered"), 50);
	assert_int_equal(count_of(&rig, "journal.evicted"), 2);
	rig_close(&rig);
	rig_remove(&rig);
}

static int syncs_to_fail(void)
{
	int left;

	pthread_mutex_lock(&disk.lock);
	left = disk.fail_syncs;
	pthread_mutex_unlock(&disk.lock);
	return left;
}

static void a_carry_over_goes_on_where_a_write_failed(void **state)
{
	struct rig rig;
	size_t i;

	(void)state;
	rig_make(&rig);
	rig_open(&rig);
	rig_put_many(&rig, EVENT_SEAL_INTACT, 3000);
	RIG_WAIT(&rig, rig.head.seq == 3000);
	rig_close(&rig);
	rig_run("dd if=/dev/urandom of=%s bs=4096 count=1 conv=notrunc status=none", rig.path);
	rig_forget(&rig);
	assert_int_equal(rig_try_open(&rig), 0);
	journal_write(rig.journal); /* what it has to say itself */
	set_disk(&disk.fail_syncs, 1);
	rig_start(&rig);
	RIG_POLL(syncs_to_fail() == 0);
	rig_put(&rig, EVENT_SEAL_MISSING);
	RIG_WAIT(&rig, rig_find(&rig, STREAM_EVENTS, "seal.missing"));
	for (i = 0; i < 3000; i++)
		assert_int_equal(rig.seen[STREAM_EVENTS][i].seq, i + 1);
	rig_close(&rig);
	rig_remove(&rig);
}

static void a_file_that_cannot_be_read_is_set_aside(void **state)
{
	struct rig rig;
	char salvage[RIG_PATH + 32], damaged[RIG_PATH + 32];

	(void)state;
	rig_make(&rig);
	snprintf(salvage, sizeof(salvage), "%s.salvage-1", rig.path);
	snprintf(damaged, sizeof(damaged), "%s.damaged-1", rig.path);
	assert_int_equal(rig_try_open(&rig), 0);
	rig.journal->patience.broken_ns = 300 * NS_PER_MS;
	/* Its new file may be met by the same fault: then there is the fallback in between. */
	rig.journal->patience.return_ns = 300 * NS_PER_MS;
	rig.room[STREAM_EVENTS] = 0;
	rig_start(&rig);
	rig_put_many(&rig, EVENT_SEAL_INTACT, 5000);
	RIG_WAIT(&rig, rig.head.seq == 5000);
	set_disk(&disk.fail_reads, SQLITE_IOERR_READ);
	pthread_mutex_lock(&rig.lock);
	rig.room[STREAM_EVENTS] = NO_LIMIT;
	pthread_mutex_unlock(&rig.lock);
	rig.source.pull(rig.source.data);
	RIG_POLL(access(salvage, F_OK) == 0 || access(damaged, F_OK) == 0);
	set_disk(&disk.fail_reads, 0);
	rig_put(&rig, EVENT_SEAL_MISSING);
	RIG_WAIT(&rig, rig_find(&rig, STREAM_EVENTS, "seal.missing"));
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] >= 5001);
	rig_close(&rig);
	assert_in_range(rig.count[STREAM_EVENTS], 5001, 10010);
	rig_remove(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(commits_are_synced_in_full, mend_disk),
		cmocka_unit_test_setup(each_commit_syncs_the_log_once, mend_disk),
		cmocka_unit_test_setup(nobody_hears_of_an_event_before_it_is_synced, mend_disk),
		cmocka_unit_test_setup(what_comes_during_a_sync_waits_for_the_next, mend_disk),
		cmocka_unit_test_setup(a_failed_sync_takes_no_numbers, mend_disk),
		cmocka_unit_test_setup(memories_go_with_the_commit_that_succeeds_on_whatever_file,
				       mend_disk),
		cmocka_unit_test_setup(a_stall_is_an_alarm_raised_and_cleared, mend_disk),
		cmocka_unit_test_setup(a_stalled_journal_gives_up_at_the_deadline_and_says_what,
				       mend_disk),
		cmocka_unit_test_setup(a_broken_disk_is_left_and_returned_to, mend_disk),
		cmocka_unit_test_setup(a_return_that_fails_changes_nothing, mend_disk),
		cmocka_unit_test_setup(a_file_returned_to_is_locked_though_it_was_being_read,
				       mend_disk),
		cmocka_unit_test_setup(an_alert_of_the_file_before_acknowledges_none_of_this_one,
				       mend_disk),
		cmocka_unit_test_setup(a_full_disk_never_costs_evidence, mend_disk),
		cmocka_unit_test_setup(a_carry_over_goes_on_where_a_write_failed, mend_disk),
		cmocka_unit_test_setup(a_file_that_cannot_be_read_is_set_aside, mend_disk),
		cmocka_unit_test_setup(a_hanging_disk_does_not_hold_up_the_stop, mend_disk),
	};

	return cmocka_run_group_tests(tests, insert_disk, NULL);
}
