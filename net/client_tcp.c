/* What the kernel knows of the connection. Apart from client.c: its header and the C library's do
 * not go together. */
#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "net/client.h"

uint64_t client_received_bytes(const struct client *client)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof(info);

	if (getsockopt(client_fd(client), IPPROTO_TCP, TCP_INFO, &info, &size) < 0 ||
	    size < offsetof(struct tcp_info, tcpi_bytes_received) +
			    sizeof(info.tcpi_bytes_received))
		return 0;
	return info.tcpi_bytes_received;
}

size_t client_unsent_bytes(const struct client *client)
{
	int bytes = 0;

	return ioctl(client_fd(client), SIOCOUTQ, &bytes) == 0 && bytes > 0 ? (size_t)bytes : 0;
}

/* Only for now: the kernel soon delays again (tcp(7)). */
void client_ack_now(struct client *client)
{
	int on = 1;

	if (client_fd(client) >= 0)
		(void)setsockopt(client_fd(client), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}
