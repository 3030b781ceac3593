#include "control/peer.h"

#include <errno.h>
#include <sys/socket.h>

#define GROUPS_MAX 256

static bool is_member(int fd, gid_t own, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	socklen_t bytes = sizeof(groups);

	if (group == ACCOUNT_NO_GROUP)
		return false;
	if (own == group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &bytes) < 0)
		return false;
	for (size_t i = 0; i < bytes / sizeof(groups[0]); i++)
		if (groups[i] == group)
			return true;
	return false;
}

int peer_of(int fd, gid_t changers, struct control_peer *ret_peer)
{
	struct ucred who;
	socklen_t bytes = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &bytes) < 0)
		return -errno;
	ret_peer->uid = who.uid;
	ret_peer->may_change = who.uid == 0 || is_member(fd, who.gid, changers);
	return 0;
}
