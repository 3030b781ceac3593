/* What a process that speaks to the network may still do once it is set up: that, and read the few
 * files that this takes. Nothing that comes from outside can reach further. */
#ifndef CORRIDORD_NET_SANDBOX_H
#define CORRIDORD_NET_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

/* Borrowed. Paths may be NULL. */
struct sandbox {
	const char *const *files; /* a file may be replaced by another of its name */
	size_t file_count;
	const char *const *folders; /* or files; with all that is in them */
	size_t folder_count;
	const char *writes; /* folder in which files may be made and removed; NULL: nowhere */
	size_t room_bytes; /* of memory, beyond what is mapped at the start */
	bool serves; /* connections are accepted, at sockets that are there already */
};

/* 0, or negative errno: better not to go on. What the kernel does not know is left out. */
int sandbox_enter(const struct sandbox *sandbox);

#endif
