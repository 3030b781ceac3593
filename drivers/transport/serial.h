/* A serial line that nobody else has. */
#ifndef CORRIDORD_TRANSPORT_SERIAL_H
#define CORRIDORD_TRANSPORT_SERIAL_H

#include <stddef.h>

/* Opens a line, and locks it as programs do that look for a lock (flock). A descriptor that does not block, the
 * caller's to close: the lock goes with it. Negative errno, and why it is so with its cure: -EBUSY another
 * program has it, -ENOTTY it is none, -ENOENT, -EACCES. */
int serial_claim(const char *path, char *why, size_t why_bytes);

/* Keeps out programs that do not look for a lock: none but root's can open it again. */
void serial_exclude(int fd);

/* Drops what is still to be sent, which would make close() wait, and lets others in. */
void serial_give_up(int fd);

#endif
