#include "faulty_disk.h"

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool hold; /* syncs of the log wait */
	unsigned waiting; /* syncs that do */
	unsigned log_syncs;
	int failing_syncs; /* so many of the next ones of the log */
	int write_code; /* SQLite's code, 0: none */
	int read_code;
	const char *only; /* files whose name contains this */
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* ---- the VFS --------------------------------------------------------------------------- */

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
	int code = disk_code(file, &disk.read_code);

	return code ? code : REAL(file)->pMethods->xRead(REAL(file), buffer, bytes, offset);
}

static int shim_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset)
{
	int code = disk_code(file, &disk.write_code);

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
	if (is_log && disk.failing_syncs > 0) {
		disk.failing_syncs--;
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

int insert_disk(void **state)
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

/* ---- what the test says ---------------------------------------------------------------- */

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

void hold_syncs(void)
{
	hold(true);
}

void let_syncs_go(void)
{
	hold(false);
}

static bool is_held(void)
{
	bool held;

	pthread_mutex_lock(&disk.lock);
	held = disk.waiting > 0;
	pthread_mutex_unlock(&disk.lock);
	return held;
}

void wait_for_sync(void)
{
	WAIT_FOR(is_held());
}

unsigned log_syncs(void)
{
	unsigned count;

	pthread_mutex_lock(&disk.lock);
	count = disk.log_syncs;
	pthread_mutex_unlock(&disk.lock);
	return count;
}

void fail_next_syncs(int count)
{
	set_disk(&disk.failing_syncs, count);
}

int syncs_to_fail(void)
{
	int left;

	pthread_mutex_lock(&disk.lock);
	left = disk.failing_syncs;
	pthread_mutex_unlock(&disk.lock);
	return left;
}

void fail_writes(const char *path, int code)
{
	pthread_mutex_lock(&disk.lock);
	disk.only = path;
	disk.write_code = code;
	pthread_mutex_unlock(&disk.lock);
}

void let_writes_be(void)
{
	fail_writes(NULL, 0);
}

void fail_reads(int code)
{
	set_disk(&disk.read_code, code);
}

void let_reads_be(void)
{
	fail_reads(0);
}

/* ---- set-up ---------------------------------------------------------------------------- */

static void mend_disk(void)
{
	let_syncs_go();
	fail_next_syncs(0);
	let_writes_be();
	let_reads_be();
}

int disk_rig_new(void **state)
{
	mend_disk();
	return journal_rig_new(state);
}

int disk_rig_free(void **state)
{
	mend_disk();
	return journal_rig_free(state);
}
