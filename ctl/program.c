#include "ctl/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "corridord"
#define MOST	(1024 * 1024)

/* Beside this program, as it is built, or where the system has its daemons. */
static void find_program(char path[PATH_MAX])
{
	static const char *const places[] = {"/" PROGRAM, "/../sbin/" PROGRAM};
	char own[PATH_MAX - 32];
	ssize_t bytes = readlink("/proc/self/exe", own, sizeof(own) - 1);

	own[bytes > 0 ? bytes : 0] = '\0';
	if (strrchr(own, '/'))
		*strrchr(own, '/') = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, PATH_MAX, "%s%s", own, places[i]);
		if (access(path, X_OK) == 0)
			return;
	}
	snprintf(path, PATH_MAX, "%s", PROGRAM);
}

static int start(const char *path, const char *const words[], int out, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	char *const *given;
	int err;

	memcpy(&given, &words, sizeof(given)); /* not changed: the type is older than const */
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
	err = posix_spawnp(ret_pid, path, &actions, NULL, given, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -err;
}

static int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

int program_run(const char *const words[], int out)
{
	pid_t pid;
	int err = start(words[0], words, out, &pid);

	return err < 0 ? err : wait_for(pid);
}

static char *read_all(int fd)
{
	char *text = malloc(MOST + 1);
	size_t used = 0;
	ssize_t n;

	while (text && used < MOST && (n = read(fd, text + used, MOST - used)) != 0) {
		if (n < 0 && errno != EINTR)
			break;
		used += n > 0 ? (size_t)n : 0;
	}
	if (text)
		text[used] = '\0';
	return text;
}

char *program_says(const char *option, const char *conf, int *ret_exit)
{
	const char *const words[] = {PROGRAM, option, "-c", conf, NULL};
	char *text = NULL, path[PATH_MAX];
	int ends[2], err;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return NULL;
	find_program(path);
	err = start(path, words, ends[1], &pid);
	close(ends[1]);
	if (err == 0) {
		text = read_all(ends[0]);
		*ret_exit = wait_for(pid);
	}
	close(ends[0]);
	return text;
}

int program_start(const char *const words[], struct program *ret_program)
{
	char path[PATH_MAX];
	int ends[2], err;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	find_program(path);
	err = start(path, words, ends[1], &pid);
	close(ends[1]);
	ret_program->says = err == 0 ? fdopen(ends[0], "r") : NULL;
	if (err == 0 && !ret_program->says)
		err = -errno;
	if (err < 0)
		close(ends[0]);
	ret_program->pid = pid;
	return err;
}

int program_end(struct program *program)
{
	(void)fclose(program->says);
	return wait_for(program->pid);
}

/* The line behind this one; NULL: it was the last. */
static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : NULL;
}

bool program_value(const char *printed, const char *block, const char *option, char *out,
		   size_t size)
{
	char head[256], name[64];
	const char *line = printed, *value;

	snprintf(head, sizeof(head), "%s {", block);
	snprintf(name, sizeof(name), "    %s = ", option);
	while (line && strncmp(line, head, strlen(head)) != 0)
		line = next_line(line);
	while (line && *line != '}' && strncmp(line, name, strlen(name)) != 0)
		line = next_line(line);
	if (!line || *line == '}')
		return false;
	value = line + strlen(name);
	snprintf(out, size, "%.*s", (int)strcspn(value, "\n"), value);
	return true;
}

bool program_next_text(const char **value, char *out, size_t size)
{
	const char *begin = strchr(*value, '"'), *end = begin ? strchr(begin + 1, '"') : NULL;

	if (!end)
		return false;
	snprintf(out, size, "%.*s", (int)(end - begin - 1), begin + 1);
	*value = end + 1;
	return true;
}
