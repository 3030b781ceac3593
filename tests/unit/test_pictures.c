/* Pictures that are kept: by their hash, whole, up to a quota. */
#include "rig/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "readers/pictures.h"

#define QUOTA 4000

struct bench {
	char folder[64];
	struct pictures pictures;
};

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	strcpy(bench->folder, "/tmp/test_pictures.XXXXXX");
	assert_non_null(mkdtemp(bench->folder));
	assert_int_equal(pictures_open(&bench->pictures, bench->folder, QUOTA), 0);
	*state = bench;
	return 0;
}

static size_t files_of(const struct bench *bench, bool remove)
{
	DIR *folder = opendir(bench->folder);
	const struct dirent *entry;
	size_t count = 0;

	while ((entry = readdir(folder))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		count++;
		if (remove)
			unlinkat(dirfd(folder), entry->d_name, 0);
	}
	closedir(folder);
	return count;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	pictures_close(&bench->pictures);
	files_of(bench, true);
	rmdir(bench->folder);
	free(bench);
	return 0;
}

static bool is_there(const struct bench *bench, const char *hash)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s.jpg", bench->folder, hash);
	return access(path, R_OK) == 0;
}

/* Of so many bytes, the last one so. */
static struct picture *picture_of(struct bench *bench, size_t bytes, char last)
{
	struct picture *picture = NULL;
	char piece[QUOTA] = "\xff\xd8\xff";

	piece[bytes - 1] = last;
	assert_int_equal(picture_begin(&bench->pictures, &picture), 0);
	assert_int_equal(picture_take(picture, piece, 10), 0);
	assert_int_equal(picture_take(picture, piece + 10, bytes - 10), 0);
	return picture;
}

static void keep(struct bench *bench, size_t bytes, char last, char hash[PICTURE_HASH_BYTES])
{
	struct picture *picture = picture_of(bench, bytes, last);

	picture_hash(picture, hash);
	assert_int_equal(picture_keep(picture), 0);
	assert_true(is_there(bench, hash));
}

static void what_is_kept_has_the_name_of_its_hash(void **state)
{
	struct bench *bench = *state;
	struct picture *picture = NULL;
	char hash[PICTURE_HASH_BYTES];

	assert_int_equal(picture_begin(&bench->pictures, &picture), 0);
	assert_int_equal(picture_take(picture, "ab", 2), 0);
	assert_int_equal(picture_take(picture, "c", 1), 0);
	picture_hash(picture, hash);
	/* FIPS 180-2 */
	assert_string_equal(hash,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(picture_keep(picture), 0);
	assert_true(is_there(bench, hash));
	assert_int_equal(bench->pictures.kept_bytes, 3);
	keep(bench, 100, 'a', hash);
	keep(bench, 100, 'a', hash); /* the same again is one file */
	assert_int_equal(bench->pictures.kept_bytes, 103);
	assert_int_equal(files_of(bench, false), 2);
}

static void what_is_dropped_leaves_nothing(void **state)
{
	struct bench *bench = *state;

	picture_drop(picture_of(bench, 100, 'a'));
	picture_drop(NULL);
	assert_int_equal(files_of(bench, false), 0);
	assert_int_equal(bench->pictures.under_way_bytes, 0);
}

/* The clock of files is too coarse for a test. */
static void make_of(const struct bench *bench, const char *hash, time_t second)
{
	const struct timespec times[] = {{.tv_sec = second}, {.tv_sec = second}};
	char path[512];

	snprintf(path, sizeof(path), "%s/%s.jpg", bench->folder, hash);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void the_oldest_go_first(void **state)
{
	struct bench *bench = *state;
	char hash[6][PICTURE_HASH_BYTES];

	for (int i = 0; i < 6; i++) {
		keep(bench, 900, (char)('a' + i), hash[i]);
		make_of(bench, hash[i], i);
	}
	assert_int_equal(bench->pictures.removed, 2);
	for (int i = 0; i < 6; i++)
		assert_int_equal(is_there(bench, hash[i]), i >= 2);
	assert_true(bench->pictures.kept_bytes <= QUOTA);
}

static void what_is_under_way_is_a_quarter_of_the_quota(void **state)
{
	struct bench *bench = *state;
	struct picture *first = picture_of(bench, 900, 'a'), *second = NULL;
	char piece[200] = "";

	assert_int_equal(picture_begin(&bench->pictures, &second), 0);
	assert_int_equal(picture_take(second, piece, sizeof(piece)), -EDQUOT);
	assert_int_equal(picture_bytes(second), 0);
	assert_int_equal(picture_keep(second), -EDQUOT);
	picture_drop(first);
	assert_int_equal(files_of(bench, false), 0);
}

static void what_a_death_left_half_is_removed_and_the_rest_counts(void **state)
{
	struct bench *bench = *state;
	struct picture *half = picture_of(bench, 500, 'a');
	char hash[PICTURE_HASH_BYTES], path[128];

	keep(bench, 300, 'b', hash);
	snprintf(path, sizeof(path), "%s/notes.txt", bench->folder); /* none of ours */
	close(open(path, O_CREAT | O_WRONLY, 0600));
	pictures_close(&bench->pictures);
	assert_int_equal(files_of(bench, false), 3);
	assert_int_equal(pictures_open(&bench->pictures, bench->folder, QUOTA), 0);
	assert_int_equal(files_of(bench, false), 2);
	assert_int_equal(bench->pictures.kept_bytes, 300);
	picture_drop(half);
}

static void a_folder_that_others_may_write_to_is_refused(void **state)
{
	struct bench *bench = *state;
	struct pictures pictures;

	assert_int_equal(chmod(bench->folder, 0777), 0);
	assert_int_equal(pictures_open(&pictures, bench->folder, QUOTA), -EPERM);
	assert_int_equal(pictures.folder_fd, -1);
	assert_int_equal(pictures_open(&pictures, "/nowhere", QUOTA), -ENOENT);
}

#define picture_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		picture_test(what_is_kept_has_the_name_of_its_hash),
		picture_test(what_is_dropped_leaves_nothing),
		picture_test(the_oldest_go_first),
		picture_test(what_is_under_way_is_a_quarter_of_the_quota),
		picture_test(what_a_death_left_half_is_removed_and_the_rest_counts),
		picture_test(a_folder_that_others_may_write_to_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
