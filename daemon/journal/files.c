#include "journal/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "journal/db.h"

#define LOG_TOKEN "journal"
#include "base/log.h"

#define SALVAGE	     ".salvage-"
#define DAMAGED	     ".damaged-"
#define FOREIGN	     ".foreign-"
#define PRIVATE	     ((mode_t)0640)
#define KEPT_ASIDE   2
#define FULL_BYTES   (1024 * 1024)
#define BALLAST_LOGS 2
#define ROOM_LOGS    8 /* lengths of the log that a disk with room has free */

/* ---- names -------------------------------------------------------------------------- */

struct name {
	char text[PATH_BYTES + 16];
};

static struct name with(const char *path, const char *ending)
{
	struct name name;

	snprintf(name.text, sizeof(name.text), "%s%s", path, ending);
	return name;
}

static struct name log_of(const char *path)
{
	return with(path, "-wal");
}

static struct name folder_of(const char *path)
{
	struct name copy = with(path, "");

	return with(dirname(copy.text), "");
}

static void name_of(char name[PATH_BYTES], const char *path, const char *infix, unsigned number)
{
	snprintf(name, PATH_BYTES, "%s%s%u", path, infix, number);
}

void files_beside(const char *path, const char *ending, char ret_name[PATH_BYTES])
{
	snprintf(ret_name, PATH_BYTES, "%s%s", path, ending);
}

const char *files_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
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
	DIR *folder = opendir(folder_of(path).text);
	const struct dirent *entry;
	unsigned best = 0;

	if (!folder)
		return 0;
	while ((entry = readdir(folder))) {
		unsigned number = number_of(entry->d_name, files_base_name(path), infix);

		if (number > floor && (best == 0 || (number > best) == highest))
			best = number;
	}
	closedir(folder);
	return best;
}

/* ---- a file and its log ------------------------------------------------------------- */

static bool is_empty(const char *path)
{
	struct stat status;

	return stat(path, &status) < 0 || status.st_size == 0;
}

bool files_is_there(const char *path)
{
	return !is_empty(path) || !is_empty(log_of(path).text);
}

void files_remove(const char *path)
{
	(void)unlink(log_of(path).text);
	(void)unlink(path);
	(void)unlink(with(path, FILES_HEAD).text);
}

static int rename_both(const char *from, const char *to)
{
	int folder;

	if (rename(from, to) < 0 && errno != ENOENT)
		return -errno;
	if (rename(log_of(from).text, log_of(to).text) < 0 && errno != ENOENT)
		return -errno;
	folder = open(folder_of(from).text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder >= 0) {
		(void)fsync(folder);
		close(folder);
	}
	return 0;
}

int files_set_aside(const char *path, char ret_name[PATH_BYTES])
{
	unsigned salvage = find_number(path, SALVAGE, true, 0);
	unsigned damaged = find_number(path, DAMAGED, true, 0);
	unsigned number = 1 + (salvage > damaged ? salvage : damaged);
	char name[PATH_BYTES];

	name_of(name, path, SALVAGE, number);
	name_of(ret_name, path, DAMAGED, number);
	return rename_both(path, name);
}

int files_set_foreign(const char *path, char ret_name[PATH_BYTES])
{
	struct name head;

	name_of(ret_name, path, FOREIGN, find_number(path, FOREIGN, true, 0) + 1);
	head = with(ret_name, FILES_HEAD);
	(void)rename(with(path, FILES_HEAD).text, head.text);
	return rename_both(path, ret_name);
}

unsigned files_find_aside(const char *path, bool newest, unsigned number, char ret_path[PATH_BYTES])
{
	unsigned found = find_number(path, SALVAGE, newest, number);

	name_of(ret_path, path, SALVAGE, found);
	return found;
}

void files_final_name(const char *path, unsigned number, char ret_name[PATH_BYTES])
{
	name_of(ret_name, path, DAMAGED, number);
}

void files_keep_aside(const char *path, unsigned number)
{
	char from[PATH_BYTES], name[PATH_BYTES];
	unsigned oldest;

	name_of(from, path, SALVAGE, number);
	name_of(name, path, DAMAGED, number);
	(void)rename_both(from, name);
	while ((oldest = find_number(path, DAMAGED, false, 0)) > 0 &&
	       oldest + KEPT_ASIDE <= number) {
		name_of(name, path, DAMAGED, oldest);
		log_info("removing %s", name);
		files_remove(name);
		if (files_is_there(name))
			break;
	}
}

/* ---- rights ------------------------------------------------------------------------- */

int files_obstacle(const char *path)
{
	if (access(path, R_OK | W_OK) == 0)
		return 0;
	if (errno != ENOENT)
		return -errno;
	return access(folder_of(path).text, W_OK | X_OK) < 0 ? -errno : 0;
}

void files_make_private(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, PRIVATE);
	struct stat status;

	if (fd < 0)
		return;
	if (fstat(fd, &status) == 0 && (status.st_mode & 07777 & ~PRIVATE))
		(void)fchmod(fd, status.st_mode & PRIVATE);
	close(fd);
}

uid_t files_other_owner(const char *path)
{
	struct stat status;

	return geteuid() == 0 && stat(folder_of(path).text, &status) == 0 ? status.st_uid : 0;
}

/* ---- the disk ----------------------------------------------------------------------- */

int files_make_folder(const char *path)
{
	return mkdir(folder_of(path).text, 0750) < 0 && errno != EEXIST ? -errno : 0;
}

int64_t files_free_bytes(const char *path)
{
	struct statvfs fs;

	if (statvfs(folder_of(path).text, &fs) < 0)
		return INT64_MAX;
	return (int64_t)(fs.f_bavail * fs.f_frsize);
}

/* A small disk has room when a quarter of it is free. */
bool files_disk_has_room(const char *path, int log_pages)
{
	int64_t wanted_bytes = (int64_t)log_pages * DB_PAGE_BYTES * ROOM_LOGS;
	struct statvfs fs;

	if (statvfs(path, &fs) < 0)
		return false;
	if (wanted_bytes > (int64_t)(fs.f_blocks * fs.f_frsize) / 4)
		wanted_bytes = (int64_t)(fs.f_blocks * fs.f_frsize) / 4;
	return (int64_t)(fs.f_bavail * fs.f_frsize) > wanted_bytes;
}

bool files_disk_is_full(const char *path)
{
	int64_t wanted_bytes = FULL_BYTES;
	struct statvfs fs;

	if (statvfs(folder_of(path).text, &fs) < 0)
		return false;
	if (wanted_bytes > (int64_t)(fs.f_blocks * fs.f_frsize) / 16)
		wanted_bytes = (int64_t)(fs.f_blocks * fs.f_frsize) / 16;
	return (int64_t)(fs.f_bavail * fs.f_frsize) < wanted_bytes;
}

void files_hold_ballast(const char *path, int log_pages)
{
	off_t bytes = (off_t)log_pages * DB_PAGE_BYTES * BALLAST_LOGS;
	struct name ballast = with(path, ".ballast");
	struct stat status;
	int fd;

	if ((stat(ballast.text, &status) == 0 && status.st_size >= bytes) ||
	    !files_disk_has_room(path, log_pages))
		return;
	fd = open(ballast.text, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (posix_fallocate(fd, 0, bytes) != 0)
		(void)unlink(ballast.text);
	close(fd);
}

void files_drop_ballast(const char *path)
{
	(void)unlink(with(path, ".ballast").text);
}
