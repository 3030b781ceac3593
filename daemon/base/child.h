/* A program of ours as a process: started, put to an end. */
#ifndef CORRIDORD_BASE_CHILD_H
#define CORRIDORD_BASE_CHILD_H

#include <stdint.h>
#include <sys/types.h>

#define CHILD_WORDS_BYTES 96

/* Starts it with fd as its standard input, all else closed. fd stays the caller's. program: its
 * name. Negative errno. The thread that calls this has to outlive the child, which follows it into
 * death. */
int child_start_program(const char *program, char *const arguments[], int fd, pid_t *ret_pid);

/* The same with "--of VERSION": it refuses to serve a corridord of another one. */
int child_start_of(const char *program, int fd, pid_t *ret_pid);

/* Waits for its end, until the deadline (monotonic): then it is killed. ret_words: how it ended,
 * for people; an abort is that of the library. */
void child_reap(pid_t pid, int64_t deadline_mono_ns, const char *library,
		char ret_words[CHILD_WORDS_BYTES]);

#endif
