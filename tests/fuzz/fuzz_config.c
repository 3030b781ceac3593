/* Any bytes as a configuration: told what is wrong, or loaded, printed, and loaded again to
 * the same. What follows a line of three dashes is the profile "fuzz". */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* One for all runs; in memory, if the machine has such a place. */
static struct folder {
	char path[32];
	char main[64], profiles[64], profile[80];
	int main_fd, profile_fd;
} folder;

static void remove_folder(void)
{
	(void)unlink(folder.main);
	(void)unlink(folder.profile);
	(void)rmdir(folder.profiles);
	(void)rmdir(folder.path);
}

static int open_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		abort();
	return fd;
}

static void make_folder(void)
{
	strcpy(folder.path, access("/dev/shm", W_OK) == 0 ? "/dev/shm/fuzz-config-XXXXXX"
							  : "/tmp/fuzz-config-XXXXXX");
	if (mkdtemp(folder.path) == NULL)
		abort();
	snprintf(folder.main, sizeof(folder.main), "%s/main.conf", folder.path);
	snprintf(folder.profiles, sizeof(folder.profiles), "%s/profiles", folder.path);
	snprintf(folder.profile, sizeof(folder.profile), "%s/fuzz.conf", folder.profiles);
	if (mkdir(folder.profiles, 0700) < 0)
		abort();
	folder.main_fd = open_file(folder.main);
	folder.profile_fd = open_file(folder.profile);
	atexit(remove_folder);
}

static void write_file(int fd, const void *data, size_t size)
{
	if (pwrite(fd, data, size, 0) != (ssize_t)size || ftruncate(fd, (off_t)size) < 0)
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

/* What is printed of the configuration; NULL: it is bad, and that is told. */
static char *load_and_print(void)
{
	struct config *config = NULL;
	char *errors = NULL, *printed = NULL;
	size_t errors_bytes, bytes;
	FILE *out = open_memstream(&errors, &errors_bytes);
	int result = config_load(folder.main, out, &config);

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
	char *printed, *again;

	if (folder.path[0] == '\0')
		make_folder();
	write_file(folder.main_fd, data, main_bytes);
	write_file(folder.profile_fd, profile != NULL ? profile + 5 : data,
		   profile != NULL ? size - main_bytes - 5 : 0);
	printed = load_and_print();
	if (printed != NULL) {
		write_file(folder.main_fd, printed, strlen(printed));
		again = load_and_print();
		assert(again != NULL && strcmp(again, printed) == 0);
		free(again);
	}
	free(printed);
	return 0;
}
