/* corridord-uplink as a process: started, watched, put to an end. */
#ifndef CORRIDORD_OUTBOUND_CHILD_H
#define CORRIDORD_OUTBOUND_CHILD_H

#include <stdint.h>
#include <sys/types.h>

#include "frames/uplink_conf.h"

#define CHILD_WORDS_BYTES 96

/* Starts it with fd as its standard input, all else closed. fd stays the caller's. Negative
 * errno. The thread that calls this has to outlive the child, which follows it into death. */
int child_start(int fd, pid_t *ret_pid);

/* The same with another program of ours. program: its name. */
int child_start_program(const char *program, char *const arguments[], int fd, pid_t *ret_pid);

/* Has it look at the files of the block tls. 0; 1: not all are what they have to be, and it has said
 * so on standard error; negative errno: it could not be asked. */
int child_check_tls(const struct uplink_conf *conf);

/* Waits for its end, until the deadline (monotonic): then it is killed. ret_words: how it ended,
 * for people. */
void child_reap(pid_t pid, int64_t deadline_mono_ns, char ret_words[CHILD_WORDS_BYTES]);

#endif
