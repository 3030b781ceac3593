#include "base/child.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/version.h"

/* Beside this program, as it is built; or where it is installed. */
static void find_program(const char *program, char path[PATH_MAX])
{
	const size_t room = PATH_MAX - strlen(program) - 1;
	ssize_t bytes = readlink("/proc/self/exe", path, room);

	if (bytes > 0) {
		path[bytes] = '\0';
		memcpy(strrchr(path, '/') + 1, program, strlen(program) + 1);
		if (access(path, X_OK) == 0)
			return;
	}
	snprintf(path, PATH_MAX, "%s/%s", LIBEXECDIR, program);
}

/* Not what is meant for this process alone. */
static char **environment(void)
{
	size_t count = 0, kept = 0;
	char **list;

	while (environ[count])
		count++;
	list = calloc(count + 1, sizeof(list[0]));
	for (size_t i = 0; list && i < count; i++)
		if (strncmp(environ[i], "NOTIFY_SOCKET=", 14) != 0 &&
		    strncmp(environ[i], "WATCHDOG_", 9) != 0)
			list[kept++] = environ[i];
	return list;
}

static int spawn(pid_t *ret_pid, const char *path, char *const arguments[], int fd,
		 char *const environment[])
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int err;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	err = posix_spawn(ret_pid, path, &actions, &attributes, arguments, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -err;
}

int child_start_program(const char *program, char *const arguments[], int fd, pid_t *ret_pid)
{
	char path[PATH_MAX];
	char **list = environment();
	int err = -ENOMEM;

	find_program(program, path);
	if (list)
		err = spawn(ret_pid, path, arguments, fd, list);
	free(list);
	return err;
}

int child_start_of(const char *program, int fd, pid_t *ret_pid)
{
	char name[64], version[128];
	char *const arguments[] = {name, (char[]){"--of"}, version, NULL};

	snprintf(name, sizeof(name), "%s", program);
	snprintf(version, sizeof(version), "%s", version_text);
	return child_start_program(program, arguments, fd, ret_pid);
}

static void describe(int status, const char *library, char words[CHILD_WORDS_BYTES])
{
	const int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (number == SIGABRT)
		snprintf(words, CHILD_WORDS_BYTES, "%s stopped: SIGABRT", library);
	else if (number == SIGSYS)
		snprintf(words, CHILD_WORDS_BYTES, "it did what its sandbox forbids (SIGSYS)");
	else if (number)
		snprintf(words, CHILD_WORDS_BYTES, "it was killed by SIG%s", sigabbrev_np(number));
	else
		snprintf(words, CHILD_WORDS_BYTES, "it ended with %d", WEXITSTATUS(status));
}

void child_reap(pid_t pid, int64_t deadline_mono_ns, const char *library,
		char ret_words[CHILD_WORDS_BYTES])
{
	const struct timespec step = {.tv_nsec = 2 * NS_PER_MS};
	int status = 0;
	pid_t ended;

	while ((ended = waitpid(pid, &status, WNOHANG)) == 0 && clock_mono_ns() < deadline_mono_ns)
		nanosleep(&step, NULL);
	if (ended == 0) {
		(void)kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	describe(status, library, ret_words);
}
