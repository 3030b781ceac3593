/* Programs that a test starts beside it: each listens on a port of loopback. */
#ifndef CORRIDORD_TESTS_PROCESS_H
#define CORRIDORD_TESTS_PROCESS_H

#include "unit.h"

#include <signal.h>
#include <sys/types.h>

struct process {
	pid_t pid; /* 0: not running */
	int port;
};

/* Below the ephemeral range: while its server is down no connection of this test, or of another
 * beside it, gets it. */
int free_port(void);

bool is_listening(int port);

/* True in the child, which dies with the test at the latest. */
bool process_fork(struct process *process);

/* Waits until it listens on its port. What it says goes to the log, a path. */
void process_start(struct process *process, const char *log, char *const argv[]);

/* With all it has started, and waits until they are gone and its port is free: the next one could
 * not have it. Takes one that is not running. */
void process_end(struct process *process, int signal);

/* As shell(), in a folder. */
void shell_in(const char *folder, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
