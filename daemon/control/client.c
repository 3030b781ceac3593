#include "control/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

/* 25 questions a second, 50 at once. */
#define QUESTION_NS (40 * NS_PER_MS)
#define BURST_NS    (2 * NS_PER_S)

int client_open(struct client *client, int fd, gid_t changers)
{
	int err;

	*client = (struct client){.fd = fd, .unread_ns = INT64_MAX};
	err = peer_of(fd, changers, &client->peer);
	if (err == 0 && !(client->out = malloc(CLIENT_OUT_BYTES)))
		err = -ENOMEM;
	if (err < 0)
		client_close(client);
	return err;
}

void client_close(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	free(client->out);
	*client = (struct client){.fd = -1};
}

/* Looks first, and takes no more than the line: the next one waits in the kernel. */
int client_take_line(struct client *client)
{
	char *to = client->line + client->line_bytes;
	size_t room = sizeof(client->line) - client->line_bytes;
	ssize_t there = recv(client->fd, to, room, MSG_PEEK | MSG_DONTWAIT);
	const char *end;

	if (there < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (there == 0)
		return -ECONNRESET;
	end = memchr(to, '\n', (size_t)there);
	if (end)
		there = end - to + 1;
	there = recv(client->fd, to, (size_t)there, MSG_DONTWAIT);
	if (there < 0)
		return -errno;
	client->line_bytes += (size_t)there;
	if (end)
		client->line[client->line_bytes - 1] = '\0';
	else if (client->line_bytes == sizeof(client->line))
		return -EMSGSIZE;
	return end != NULL;
}

void client_done(struct client *client)
{
	client->line_bytes = 0;
}

bool client_may_ask(struct client *client, int64_t now_ns)
{
	if (client->paid_ns < now_ns)
		client->paid_ns = now_ns;
	client->paid_ns += QUESTION_NS;
	return client->paid_ns - now_ns <= BURST_NS;
}

void client_begin(struct client *client, struct jw *json)
{
	if (client->sent == client->out_bytes)
		client->sent = client->out_bytes = 0;
	if (client->sent > 0) {
		client->out_bytes -= client->sent;
		memmove(client->out, client->out + client->sent, client->out_bytes);
		client->sent = 0;
	}
	/* One byte is kept for the end of the line. */
	jw_start(json, client->out + client->out_bytes, CLIENT_OUT_BYTES - client->out_bytes - 1);
	jw_open(json, NULL);
}

bool client_end(struct client *client, struct jw *json)
{
	jw_close(json);
	if (!jw_ok(json))
		return false;
	client->out[client->out_bytes + json->bytes] = '\n';
	client->out_bytes += json->bytes + 1;
	return true;
}

int client_flush(struct client *client, int64_t now_ns)
{
	size_t before = client->sent;

	while (client->sent < client->out_bytes) {
		ssize_t n = send(client->fd, client->out + client->sent,
				 client->out_bytes - client->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return -errno;
		if (n < 0)
			break;
		client->sent += (size_t)n;
	}
	if (client->sent == client->out_bytes)
		client->unread_ns = INT64_MAX;
	else if (client->sent > before || client->unread_ns == INT64_MAX)
		client->unread_ns = now_ns;
	return 0;
}
