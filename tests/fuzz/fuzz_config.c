/* Any bytes as a configuration: told what is wrong, or loaded, printed, and loaded again to
 * the same. What follows a line of three dashes is the profile "fuzz". */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

struct folder {
	char path[32];
	char main[64], profiles[64], profile[80], printed[64];
};

static void remove_folder(const struct folder *folder)
{
	(void)unlink(folder->main);
	(void)unlink(folder->profile);
	(void)unlink(folder->printed);
	(void)rmdir(folder->profiles);
	(void)rmdir(folder->path);
}

static void make_folder(struct folder *folder)
{
	strcpy(folder->path, "/tmp/fuzz-config-XXXXXX");
	if (mkdtemp(folder->path) == NULL)
		abort();
	snprintf(folder->main, sizeof(folder->main), "%s/main.conf", folder->path);
	snprintf(folder->printed, sizeof(folder->printed), "%s/printed.conf", folder->path);
	snprintf(folder->profiles, sizeof(folder->profiles), "%s/profiles", folder->path);
	snprintf(folder->profile, sizeof(folder->profile), "%s/fuzz.conf", folder->profiles);
	if (mkdir(folder->profiles, 0700) < 0)
		abort();
}

static void write_file(const char *path, const void *data, size_t size)
{
	FILE *file = fopen(path, "we");

	if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0)
		abort();
}

/* The same but for the comments, which tell the profiles. */
static void drop_comments(char *text)
{
	char *line;

	while ((line = strstr(text, "\n    # ")) != NULL) {
		const char *next = strchr(line + 1, '\n');

		memmove(line, next, strlen(next) + 1);
	}
}

/* What is printed of the configuration at path; NULL: it is bad, and that is told. */
static char *load_and_print(const char *path)
{
	struct config *config = NULL;
	char *errors = NULL, *printed = NULL;
	size_t errors_bytes, bytes;
	FILE *out = open_memstream(&errors, &errors_bytes);
	int result = config_load(path, out, &config);

	fclose(out);
	assert(result == 0 || result == -EINVAL);
	assert((result == 0) == (errors_bytes == 0));
	free(errors);
	if (result < 0)
		return NULL;
	out = open_memstream(&printed, &bytes);
	config_print(config, out);
	fclose(out);
	config_free(config);
	drop_comments(printed);
	return printed;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const unsigned char *profile = memmem(data, size, "\n---\n", 5);
	size_t main_bytes = profile != NULL ? (size_t)(profile - data) : size;
	struct folder folder;
	char *printed, *again;

	make_folder(&folder);
	write_file(folder.main, data, main_bytes);
	if (profile != NULL)
		write_file(folder.profile, profile + 5, size - main_bytes - 5);
	printed = load_and_print(folder.main);
	if (printed != NULL) {
		write_file(folder.printed, printed, strlen(printed));
		again = load_and_print(folder.printed);
		assert(again != NULL && strcmp(again, printed) == 0);
		free(again);
	}
	free(printed);
	remove_folder(&folder);
	return 0;
}
