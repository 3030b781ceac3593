/* Which file the journal is in, and what lies beside it.
 *
 *   journal.db             in use
 *   journal.db.ballast     given up when the disk is full, so that what is in the log can
 *                          still be moved into the file and acknowledged events removed
 *   journal.db.salvage-N   set aside as damaged, being carried over
 *   journal.db.damaged-N   carried over; the newest KEPT_ASIDE stay for inspection
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "journal_private.h"

#define LOG_TOKEN "journal"
#include "log.h"

#define SALVAGE		".salvage-"
#define DAMAGED		".damaged-"
#define KEPT_ASIDE	2
#define BALLAST_LOGS	2
#define ROOM_LOGS	8 /* lengths of the log that a disk with room has free */
#define FALLBACK_LOWEST (256 * 1024)

void files_random_id(char id[EVENT_EPOCH_BYTES])
{
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		random = (uint64_t)clock_now().utc_ns;
	snprintf(id, EVENT_EPOCH_BYTES, "%016llx", (unsigned long long)random);
}

static const char *path_in_use(const struct journal *journal)
{
	return journal->fallen_back ? journal->conf->fallback : journal->conf->path;
}

static bool is_there(const char *path)
{
	char log_path[PATH_BYTES + 8];
	struct stat status;

	if (stat(path, &status) == 0 && status.st_size > 0)
		return true;
	snprintf(log_path, sizeof(log_path), "%s-wal", path);
	return stat(log_path, &status) == 0 && status.st_size > 0;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static DIR *open_directory(const char *path)
{
	char copy[PATH_BYTES];

	snprintf(copy, sizeof(copy), "%s", path);
	return opendir(dirname(copy));
}

static void sync_directory(const char *path)
{
	DIR *directory = open_directory(path);

	if (!directory)
		return;
	(void)fsync(dirfd(directory));
	closedir(directory);
}

/* The number of an entry named <base><infix>N, or of its log. 0: it is something else. */
static unsigned number_of(const char *entry, const char *base, const char *infix)
{
	size_t base_bytes = strlen(base);
	unsigned long number;
	char *end;

	if (strncmp(entry, base, base_bytes) != 0 ||
	    strncmp(entry + base_bytes, infix, strlen(infix)) != 0)
		return 0;
	number = strtoul(entry + base_bytes + strlen(infix), &end, 10);
	if (number > UINT32_MAX || (strcmp(end, "") != 0 && strcmp(end, "-wal") != 0))
		return 0;
	return (unsigned)number;
}

/* The highest, or the lowest above floor. 0: none. */
static unsigned find_number(const char *path, const char *infix, bool highest, unsigned floor)
{
	DIR *directory = open_directory(path);
	const struct dirent *entry;
	unsigned best = 0;

	if (!directory)
		return 0;
	while ((entry = readdir(directory))) {
		unsigned number = number_of(entry->d_name, base_of(path), infix);

		if (number > floor && (best == 0 || (number > best) == highest))
			best = number;
	}
	closedir(directory);
	return best;
}

static void name_of(char name[PATH_BYTES], const char *path, const char *infix, unsigned number)
{
	snprintf(name, PATH_BYTES, "%s%s%u", path, infix, number);
}

static int rename_both(const char *from, const char *to)
{
	char from_log[PATH_BYTES + 8], to_log[PATH_BYTES + 8];

	snprintf(from_log, sizeof(from_log), "%s-wal", from);
	snprintf(to_log, sizeof(to_log), "%s-wal", to);
	if (rename(from, to) < 0 && errno != ENOENT)
		return -errno;
	if (rename(from_log, to_log) < 0 && errno != ENOENT)
		return -errno;
	sync_directory(from);
	return 0;
}

static void remove_both(const char *path)
{
	char log_path[PATH_BYTES + 8];

	snprintf(log_path, sizeof(log_path), "%s-wal", path);
	(void)unlink(log_path);
	(void)unlink(path);
}

/* The name under which it will stay. */
static int set_aside(const char *path, char ret_name[PATH_BYTES])
{
	unsigned salvage = find_number(path, SALVAGE, true, 0);
	unsigned damaged = find_number(path, DAMAGED, true, 0);
	unsigned number = 1 + (salvage > damaged ? salvage : damaged);
	char name[PATH_BYTES];

	name_of(name, path, SALVAGE, number);
	name_of(ret_name, path, DAMAGED, number);
	return rename_both(path, name);
}

/* ---- for the carry-over -------------------------------------------------------------- */

bool files_next_to_carry(struct journal *journal, struct carry *carry)
{
	const struct journal_conf *conf = journal->conf;
	unsigned number = find_number(path_in_use(journal), SALVAGE, false, journal->asides_done);

	if (number > 0) {
		carry->kind = CARRY_DAMAGED;
		carry->number = number;
		carry->mark_hint = journal->mark_hint;
		journal->mark_hint = 0;
		name_of(carry->path, path_in_use(journal), SALVAGE, number);
		return true;
	}
	if (journal->other_done || !conf->fallback || strcmp(conf->fallback, conf->path) == 0)
		return false;
	carry->kind = journal->fallen_back ? CARRY_READ_ONLY : CARRY_FALLBACK;
	snprintf(carry->path, sizeof(carry->path), "%s",
		 journal->fallen_back ? conf->path : conf->fallback);
	return is_there(carry->path);
}

static void keep_aside(const struct journal *journal, const struct carry *carry)
{
	char name[PATH_BYTES];
	unsigned oldest;

	name_of(name, path_in_use(journal), DAMAGED, carry->number);
	(void)rename_both(carry->path, name);
	while ((oldest = find_number(path_in_use(journal), DAMAGED, false, 0)) > 0 &&
	       oldest + KEPT_ASIDE <= carry->number) {
		name_of(name, path_in_use(journal), DAMAGED, oldest);
		log_info("removing %s", name);
		remove_both(name);
		if (is_there(name))
			break;
	}
}

void files_carried(struct journal *journal, const struct carry *carry, bool done)
{
	char name[PATH_BYTES];

	if (carry->kind == CARRY_DAMAGED)
		journal->asides_done = carry->number;
	else
		journal->other_done = true;
	if (!done || carry->partial)
		return;
	if (carry->kind == CARRY_DAMAGED)
		keep_aside(journal, carry);
	else if (carry->kind == CARRY_FALLBACK && carry->found)
		remove_both(carry->path);
	else if (carry->kind == CARRY_FALLBACK && set_aside(carry->path, name) == 0)
		log_warnx("%s holds no events, it was renamed", carry->path);
}

void files_final_name(const struct journal *journal, const struct carry *carry,
		      char ret_name[PATH_BYTES])
{
	name_of(ret_name, path_in_use(journal), DAMAGED, carry->number);
}

/* The newest one set aside, then the fallback or the path. */
bool files_other(const struct journal *journal, unsigned which, char ret_path[PATH_BYTES])
{
	const struct journal_conf *conf = journal->conf;
	unsigned number = find_number(path_in_use(journal), SALVAGE, true, 0);
	unsigned others = number > 0 ? 1 : 0;

	if (which < others) {
		name_of(ret_path, path_in_use(journal), SALVAGE, number);
		return true;
	}
	if (which > others || !conf->fallback || strcmp(conf->fallback, conf->path) == 0)
		return false;
	snprintf(ret_path, PATH_BYTES, "%s", journal->fallen_back ? conf->path : conf->fallback);
	return true;
}

/* ---- ballast ------------------------------------------------------------------------- */

static void ballast_name(const struct journal *journal, char name[PATH_BYTES])
{
	snprintf(name, PATH_BYTES, "%s.ballast", journal->conf->path);
}

/* A small disk has room when a quarter of it is free. */
bool files_disk_has_room(const struct journal *journal)
{
	int64_t wanted_bytes = (int64_t)journal->db.wal_pages_max * DB_PAGE_BYTES * ROOM_LOGS;
	struct statvfs fs;

	if (statvfs(path_in_use(journal), &fs) < 0)
		return false;
	if (wanted_bytes > (int64_t)(fs.f_blocks * fs.f_frsize) / 4)
		wanted_bytes = (int64_t)(fs.f_blocks * fs.f_frsize) / 4;
	return (int64_t)(fs.f_bavail * fs.f_frsize) > wanted_bytes;
}

void files_hold_ballast(struct journal *journal)
{
	off_t bytes = (off_t)journal->db.wal_pages_max * DB_PAGE_BYTES * BALLAST_LOGS;
	char name[PATH_BYTES];
	struct stat status;
	int fd;

	if (journal->fallen_back || journal->ballast)
		return;
	ballast_name(journal, name);
	journal->ballast = stat(name, &status) == 0 && status.st_size >= bytes;
	if (journal->ballast || !files_disk_has_room(journal))
		return;
	fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	journal->ballast = posix_fallocate(fd, 0, bytes) == 0;
	close(fd);
	if (!journal->ballast)
		(void)unlink(name);
}

void files_drop_ballast(struct journal *journal)
{
	char name[PATH_BYTES];

	if (!journal->ballast)
		return;
	ballast_name(journal, name);
	(void)unlink(name);
	journal->ballast = false;
}

/* ---- choosing ------------------------------------------------------------------------ */

static int try_file(struct journal *journal, const char *path, int64_t quota_bytes)
{
	int err = db_open(&journal->db, path, quota_bytes);

	if (err < 0)
		return err;
	err = db_head(&journal->db, &journal->head);
	if (err < 0)
		db_close(&journal->db, false);
	return err;
}

/* damage: why the file has to go, NULL: that is to be found out. */
static int open_file(struct journal *journal, const char *path, int64_t quota_bytes,
		     const char *damage)
{
	char why[sizeof(journal->db.why)];
	char name[PATH_BYTES];
	int err = damage ? -EUCLEAN : try_file(journal, path, quota_bytes);

	if (err != -EUCLEAN)
		return err;
	snprintf(why, sizeof(why), "%s", damage ? damage : journal->db.why);
	err = set_aside(path, name);
	log_warn(err, "%s is damaged (%s), setting it aside as %s", path, why, name);
	if (err < 0)
		return err;
	report_set_aside(journal, name, why);
	return try_file(journal, path, quota_bytes);
}

static int64_t fallback_quota(const struct journal *journal, const char *directory)
{
	int64_t quota_bytes = journal->conf->quota_bytes;
	struct statvfs fs;

	if (statvfs(directory, &fs) == 0 && (int64_t)(fs.f_bavail * fs.f_frsize) / 2 < quota_bytes)
		quota_bytes = (int64_t)(fs.f_bavail * fs.f_frsize) / 2;
	return quota_bytes > FALLBACK_LOWEST ? quota_bytes : FALLBACK_LOWEST;
}

static int fall_back(struct journal *journal, const char *why, const char *damage)
{
	const char *fallback = journal->conf->fallback;
	char copy[PATH_BYTES];
	char *directory;
	int err;

	if (!fallback)
		return -ENOENT;
	snprintf(copy, sizeof(copy), "%s", fallback);
	directory = dirname(copy);
	(void)mkdir(directory, 0750);
	err = open_file(journal, fallback, fallback_quota(journal, directory), damage);
	if (err < 0) {
		if (!journal->unusable)
			log_error(err, "neither %s nor %s can be used", journal->conf->path,
				  fallback);
		journal->unusable = true;
		return err;
	}
	journal->fallen_back = true;
	journal->return_ns = clock_mono_ns() + journal->patience.return_ns;
	report_volatile(journal, why);
	return 0;
}

static void begin(struct journal *journal)
{
	journal->asides_done = 0;
	journal->other_done = false;
	journal->ballast = false;
	journal->evicting = false;
	journal->troubled = false;
	journal->unusable = false;
	journal_begin_file(journal);
	files_hold_ballast(journal);
}

int journal_establish(struct journal *journal)
{
	const struct journal_conf *conf = journal->conf;
	char why[sizeof(journal->db.why)];
	int err;

	journal->fallen_back = false;
	err = open_file(journal, conf->path, conf->quota_bytes, NULL);
	if (err == -EBUSY)
		log_error(0, "%s is in use by another process", conf->path);
	if (err < 0 && err != -EBUSY && err != -ENOMEM) {
		snprintf(why, sizeof(why), "%s", journal->db.why);
		if (!journal->unusable)
			log_warnx("%s cannot be used (%s); events are kept in %s until it can",
				  conf->path, why, conf->fallback ? conf->fallback : "memory");
		err = fall_back(journal, why, NULL);
	}
	if (err < 0)
		return err;
	begin(journal);
	return 0;
}

int journal_replace(struct journal *journal, bool damaged)
{
	const struct journal_conf *conf = journal->conf;
	char why[sizeof(journal->db.why)];
	int err = -EIO;

	snprintf(why, sizeof(why), "%s", journal->db.why);
	journal->mark_hint = damaged ? journal->streams[STREAM_EVENTS].mark : 0;
	journal_carry_stop(journal);
	db_close(&journal->db, false);
	if (!journal->fallen_back && damaged)
		err = open_file(journal, conf->path, conf->quota_bytes, why);
	else if (journal->fallen_back)
		err = open_file(journal, conf->fallback, journal->db.quota_bytes, why);
	if (err < 0 && !journal->fallen_back)
		err = fall_back(journal, why, NULL);
	if (err < 0)
		return err; /* closed: journal_write() establishes anew */
	begin(journal);
	return 0;
}

static int probe(struct journal *journal)
{
	struct db *db = &journal->db;
	int err = db_begin(db);

	if (err == 0)
		err = db_put_marks(db, db->events_mark, db->alerts_mark);
	if (err == 0)
		err = db_commit(db);
	if (err < 0)
		db_close(db, false);
	return err;
}

/* The path's file may be the one that is being carried over: closing that descriptor after
 * SQLite has opened the file would drop SQLite's locks. */
void journal_return(struct journal *journal)
{
	struct event_head head = journal->head;
	struct db fallback = journal->db;
	uint64_t page = journal_carry_pause(journal);
	int err;

	journal->return_ns = clock_mono_ns() + journal->patience.return_ns;
	err = open_file(journal, journal->conf->path, journal->conf->quota_bytes, NULL);
	if (err == 0)
		err = probe(journal);
	if (err < 0) {
		journal->db = fallback;
		journal->head = head;
		journal_carry_resume(journal, page);
		return;
	}
	log_info("%s can be written again", journal->conf->path);
	db_close(&fallback, true);
	journal->fallen_back = false;
	begin(journal);
}
