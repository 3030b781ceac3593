#include "readers/pictures.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sha256.h"

#define PART	   ".part-"
#define NAME_BYTES (PICTURE_HASH_BYTES + 8)
#define SHARE	   4 /* of the quota that may be under way */

struct picture {
	struct pictures *pictures;
	int fd, err;
	int64_t bytes;
	bool is_png, hashed;
	char part[NAME_BYTES], hash[PICTURE_HASH_BYTES];
	struct sha256_ctx sum;
};

/* ---- the folder ------------------------------------------------------------------------ */

struct found {
	char name[NAME_BYTES];
	int64_t bytes;
	struct timespec at;
};

static bool is_part(const char *name)
{
	return strncmp(name, PART, strlen(PART)) == 0;
}

static bool is_kept(const char *name)
{
	const size_t digits = strspn(name, "0123456789abcdef");

	return digits == PICTURE_HASH_BYTES - 1 &&
	       (strcmp(name + digits, ".jpg") == 0 || strcmp(name + digits, ".png") == 0);
}

static bool is_older(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

static bool look(const struct pictures *pictures, const char *name, struct found *ret_found)
{
	struct stat status;

	if (!is_kept(name) ||
	    fstatat(pictures->folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(status.st_mode))
		return false;
	snprintf(ret_found->name, sizeof(ret_found->name), "%s", name);
	ret_found->bytes = status.st_size;
	ret_found->at = status.st_mtim;
	return true;
}

/* Of all that are kept: their bytes, and the oldest. clean: what is half is removed. */
static int scan(const struct pictures *pictures, bool clean, int64_t *ret_bytes,
		struct found *ret_oldest)
{
	const int fd = openat(pictures->folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	struct found found;

	if (!folder) {
		const int err = -errno;

		if (fd >= 0)
			close(fd);
		return err;
	}
	*ret_bytes = 0;
	ret_oldest->name[0] = '\0';
	while ((entry = readdir(folder))) {
		if (clean && is_part(entry->d_name))
			(void)unlinkat(pictures->folder_fd, entry->d_name, 0);
		if (!look(pictures, entry->d_name, &found))
			continue;
		*ret_bytes += found.bytes;
		if (!ret_oldest->name[0] || is_older(&found.at, &ret_oldest->at))
			*ret_oldest = found;
	}
	closedir(folder);
	return 0;
}

int pictures_open(struct pictures *pictures, const char *folder, int64_t quota)
{
	struct found oldest;
	struct stat status;
	int err = 0;

	*pictures = (struct pictures){.quota = quota};
	pictures->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (pictures->folder_fd < 0 || fstat(pictures->folder_fd, &status) < 0)
		err = -errno;
	else if (status.st_mode & (S_IWGRP | S_IWOTH))
		err = -EPERM;
	if (err == 0)
		err = scan(pictures, true, &pictures->kept_bytes, &oldest);
	if (err < 0)
		pictures_close(pictures);
	return err;
}

void pictures_close(struct pictures *pictures)
{
	if (pictures->folder_fd >= 0)
		close(pictures->folder_fd);
	pictures->folder_fd = -1;
}

static int make_room(struct pictures *pictures, int64_t bytes)
{
	struct found oldest = {.bytes = 0};

	if (bytes > pictures->quota)
		return -EFBIG;
	while (pictures->kept_bytes + bytes > pictures->quota) {
		const int err = scan(pictures, false, &pictures->kept_bytes, &oldest);

		if (err < 0)
			return err;
		if (!oldest.name[0])
			return 0;
		if (pictures->kept_bytes + bytes <= pictures->quota)
			return 0;
		if (unlinkat(pictures->folder_fd, oldest.name, 0) < 0)
			return -errno;
		pictures->kept_bytes -= oldest.bytes;
		pictures->removed++;
	}
	return 0;
}

/* ---- one ------------------------------------------------------------------------------- */

static bool is_png(const char *bytes, size_t count)
{
	return count >= 4 && memcmp(bytes, "\x89PNG", 4) == 0;
}

bool picture_is_one(const char *bytes, size_t count)
{
	return is_png(bytes, count) || (count >= 3 && memcmp(bytes, "\xff\xd8\xff", 3) == 0);
}

int picture_begin(struct pictures *pictures, struct picture **ret_picture)
{
	struct picture *picture;
	int err;

	if (pictures->under_way_bytes >= pictures->quota / SHARE)
		return -EDQUOT;
	picture = calloc(1, sizeof(*picture));
	if (!picture)
		return -ENOMEM;
	picture->pictures = pictures;
	snprintf(picture->part, sizeof(picture->part), PART "%u", pictures->number++);
	picture->fd = openat(pictures->folder_fd, picture->part,
			     O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (picture->fd < 0) {
		err = -errno;
		free(picture);
		return err;
	}
	sha256_init(&picture->sum);
	*ret_picture = picture;
	return 0;
}

static int write_all(int fd, const char *bytes, size_t count)
{
	while (count > 0) {
		const ssize_t n = write(fd, bytes, count);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			bytes += n;
			count -= (size_t)n;
		}
	}
	return 0;
}

int picture_take(struct picture *picture, const char *bytes, size_t count)
{
	struct pictures *pictures = picture->pictures;

	if (picture->err == 0 &&
	    pictures->under_way_bytes + (int64_t)count > pictures->quota / SHARE)
		picture->err = -EDQUOT;
	if (picture->err == 0)
		picture->err = write_all(picture->fd, bytes, count);
	if (picture->err < 0)
		return picture->err;
	if (picture->bytes == 0)
		picture->is_png = is_png(bytes, count);
	picture->bytes += (int64_t)count;
	pictures->under_way_bytes += (int64_t)count;
	sha256_update(&picture->sum, count, (const uint8_t *)bytes);
	return 0;
}

int64_t picture_bytes(const struct picture *picture)
{
	return picture->err < 0 ? 0 : picture->bytes;
}

void picture_hash(struct picture *picture, char ret_hash[PICTURE_HASH_BYTES])
{
	uint8_t digest[SHA256_DIGEST_SIZE];

	if (!picture->hashed) {
		sha256_end(&picture->sum, digest);
		for (size_t i = 0; i < sizeof(digest); i++)
			snprintf(picture->hash + 2 * i, 3, "%02x", digest[i]);
	}
	picture->hashed = true;
	memcpy(ret_hash, picture->hash, PICTURE_HASH_BYTES);
}

static void end(struct picture *picture)
{
	picture->pictures->under_way_bytes -= picture->bytes;
	close(picture->fd);
	free(picture);
}

/* The same picture again takes the place of the first. */
static int give_name(struct picture *picture)
{
	struct pictures *pictures = picture->pictures;
	char name[NAME_BYTES], hash[PICTURE_HASH_BYTES];
	struct found same = {.bytes = 0};

	picture_hash(picture, hash);
	snprintf(name, sizeof(name), "%s.%s", hash, picture->is_png ? "png" : "jpg");
	(void)look(pictures, name, &same);
	if (renameat(pictures->folder_fd, picture->part, pictures->folder_fd, name) < 0)
		return -errno;
	pictures->kept_bytes += picture->bytes - same.bytes;
	return fsync(pictures->folder_fd) < 0 ? -errno : 0;
}

int picture_keep(struct picture *picture)
{
	int err = picture->err;

	if (err == 0)
		err = make_room(picture->pictures, picture->bytes);
	if (err == 0 && fsync(picture->fd) < 0)
		err = -errno;
	if (err == 0)
		err = give_name(picture);
	if (err < 0)
		(void)unlinkat(picture->pictures->folder_fd, picture->part, 0);
	end(picture);
	return err;
}

void picture_drop(struct picture *picture)
{
	if (!picture)
		return;
	(void)unlinkat(picture->pictures->folder_fd, picture->part, 0);
	end(picture);
}
