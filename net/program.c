#include "net/program.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/version.h"

static bool has_parent(void)
{
	int type;
	socklen_t size = sizeof(type);

	return getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
	       type == SOCK_STREAM;
}

/* While packages are changed this file may be newer than who runs, until that is restarted. */
static bool is_of(const char *name, const char *version)
{
	if (strcmp(version, version_text) == 0)
		return true;
	fprintf(stderr,
		"%s: this is %s %s, started by corridord %s: it does nothing until that is restarted "
		"(systemctl restart corridord)\n",
		strchr(name, '-') + 1, name, version_text, version);
	return false;
}

static void follow_parent(void)
{
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

int program_begin(const char *name, int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("%s %s\n", name, version_text);
		return EXIT_SUCCESS;
	}
	if (argc != 3 || strcmp(argv[1], "--of") != 0 || !has_parent()) {
		fprintf(stderr, "%s is started by corridord, not by hand\n", name);
		return EXIT_FAILURE;
	}
	if (!is_of(name, argv[2]))
		return EXIT_FAILURE;
	follow_parent();
	return PROGRAM_GOES_ON;
}
