/* The journal's file, while the journal is closed. */
#include "journal_rig.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE_BYTES 4096

void use_state_folder(struct journal_rig *rig)
{
	rig->conf.path = rig->elsewhere;
}

void mount_state_folder(struct journal_rig *rig, const char *size)
{
	char folder[JOURNAL_RIG_PATH + 32], options[64];

	use_state_folder(rig);
	snprintf(folder, sizeof(folder), "%s/state", rig->folder);
	snprintf(options, sizeof(options), "size=%s", size);
	assert_int_equal(mkdir(folder, 0700), 0);
	if (mount("tmpfs", folder, "tmpfs", 0, options) < 0)
		cannot("mounting is not permitted here");
	rig->mounted = true;
}

int64_t bytes_of(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? status.st_size : -1;
}

bool is_beside(const struct journal_rig *rig, const char *ending)
{
	char path[JOURNAL_RIG_PATH + 64];

	snprintf(path, sizeof(path), "%s%s", rig->path, ending);
	return bytes_of(path) >= 0;
}

long content_pages(const char *path)
{
	unsigned char count[4];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, count, 4, 28), 4);
	close(fd);
	return (long)count[0] << 24 | count[1] << 16 | count[2] << 8 | count[3];
}

void overwrite_pages(const char *path, long first, long count)
{
	shell("dd if=/dev/urandom of=%s bs=%d seek=%ld count=%ld conv=notrunc status=none", path,
	      PAGE_BYTES, first, count);
}

void run_sql(const char *path, const char *sql)
{
	sqlite3 *sqlite;

	assert_int_equal(sqlite3_open(path, &sqlite), SQLITE_OK);
	if (sqlite3_exec(sqlite, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(sqlite));
	sqlite3_close(sqlite);
}

void replace_in_telemetry(const char *path, const char *text, const char *by)
{
	char sql[256];

	snprintf(sql, sizeof(sql),
		 "UPDATE telemetry SET payload=CAST(replace(payload,CAST('%s' AS BLOB),"
		 "CAST('%s' AS BLOB)) AS BLOB)",
		 text, by);
	run_sql(path, sql);
}

int64_t ask_sql(const char *path, const char *sql)
{
	sqlite3_stmt *statement;
	sqlite3 *sqlite;
	int64_t number;

	assert_int_equal(sqlite3_open(path, &sqlite), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(sqlite, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(sqlite);
	return number;
}
