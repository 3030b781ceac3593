/* A folder of configuration files for a test, which becomes the current one while it is open.
 * It is found again by name, so that what is told has short paths. */
#ifndef TEST_CONFIG_FOLDER_H
#define TEST_CONFIG_FOLDER_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"

#define FOLDER_FILES 8

struct folder {
	char path[64];
	int home; /* the folder before */
	char *files[FOLDER_FILES];
	size_t count;
};

static inline void folder_open(struct folder *folder)
{
	*folder = (struct folder){.path = "/tmp/corridord-config-XXXXXX"};
	folder->home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(folder->home >= 0);
	assert_non_null(mkdtemp(folder->path));
	assert_int_equal(chdir(folder->path), 0);
	assert_int_equal(mkdir("conf.d", 0700), 0);
	assert_int_equal(mkdir("profiles", 0700), 0);
}

static inline void folder_write_bytes(struct folder *folder, const char *path, const char *bytes,
				      size_t count)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, count, file), count);
	assert_int_equal(fclose(file), 0);
	assert_true(folder->count < FOLDER_FILES);
	folder->files[folder->count++] = strdup(path);
}

static inline void folder_write(struct folder *folder, const char *path, const char *text)
{
	folder_write_bytes(folder, path, text, strlen(text));
}

static inline void folder_close(struct folder *folder)
{
	while (folder->count > 0) {
		(void)unlink(folder->files[--folder->count]);
		free(folder->files[folder->count]);
	}
	(void)rmdir("conf.d");
	(void)rmdir("profiles");
	assert_int_equal(fchdir(folder->home), 0);
	close(folder->home);
	assert_int_equal(rmdir(folder->path), 0);
}

/* What is told has to be freed. */
static inline int folder_load(struct folder *folder, const char *path, char **ret_told,
			      struct config **ret_config)
{
	size_t bytes;
	FILE *errors = open_memstream(ret_told, &bytes);
	int result;

	(void)folder;
	assert_non_null(errors);
	result = config_load(path, errors, ret_config);
	fclose(errors);
	return result;
}

#endif
