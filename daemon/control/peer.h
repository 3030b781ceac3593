/* Who is at the other end of a connection, as the kernel says. */
#ifndef CORRIDORD_CONTROL_PEER_H
#define CORRIDORD_CONTROL_PEER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/account.h"

struct control_peer {
	uid_t uid;
	bool may_change; /* root, or one of the group that may */
};

/* changers: the group that may change something besides root, or ACCOUNT_NO_GROUP. Negative
 * errno. */
int peer_of(int fd, gid_t changers, struct control_peer *ret_peer);

#endif
