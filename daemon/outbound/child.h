/* corridord-uplink as a process. */
#ifndef CORRIDORD_OUTBOUND_CHILD_H
#define CORRIDORD_OUTBOUND_CHILD_H

#include "base/child.h"
#include "frames/uplink_conf.h"

/* As child_start_program(). */
int child_start(int fd, pid_t *ret_pid);

/* Has a program look at files that it is named. 0; 1: not all are what they have to be, and it has
 * said so on standard error; negative errno: it could not be asked. */
int child_check(char *const arguments[]);
/* Those of the block tls, by corridord-uplink. */
int child_check_tls(const struct uplink_conf *conf);

#endif
