#include "frames/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/pages.h"

/* Before each message, in the machine's own order: both ends run on it. */
struct prefix {
	uint32_t bytes;
	uint32_t kind;
};

static size_t in_bytes(const struct channel *channel)
{
	return sizeof(struct prefix) + channel->protocol->most;
}

int channel_init(struct channel *channel, const struct protocol *protocol, int fd, size_t out_size)
{
	*channel = (struct channel){.protocol = protocol, .fd = fd, .out_size = out_size};
	channel->in = malloc(in_bytes(channel));
	channel->out = malloc(out_size);
	if (channel->in && channel->out)
		return 0;
	channel_fini(channel);
	return -ENOMEM;
}

void channel_fini(struct channel *channel)
{
	if (channel->fd >= 0)
		close(channel->fd);
	free(channel->in);
	free(channel->out);
	*channel = (struct channel){.fd = -1};
}

int channel_pair(int ret_fds[2])
{
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret_fds) < 0
		       ? -errno
		       : 0;
}

/* ---- down the wire ---------------------------------------------------------------------- */

static void close_gap(struct channel *channel)
{
	if (channel->out_at == 0)
		return;
	channel->out_used -= channel->out_at;
	memmove(channel->out, channel->out + channel->out_at, channel->out_used);
	channel->out_at = 0;
}

static int append(struct channel *channel, uint32_t kind, const void *object)
{
	unsigned char *at = channel->out + channel->out_used;
	size_t room = channel->out_size - channel->out_used;
	struct prefix prefix = {.kind = kind};
	int bytes;

	if (room < sizeof(prefix))
		return -E2BIG;
	room -= sizeof(prefix);
	bytes = form_write(channel->protocol->forms[kind], object, at + sizeof(prefix),
			   room < channel->protocol->most ? room : channel->protocol->most);
	if (bytes < 0)
		return bytes;
	prefix.bytes = (uint32_t)bytes;
	memcpy(at, &prefix, sizeof(prefix));
	channel->out_used += sizeof(prefix) + prefix.bytes;
	return 0;
}

int channel_put(struct channel *channel, uint32_t kind, const void *object)
{
	int err = append(channel, kind, object);

	if (err == -E2BIG && channel->out_at > 0) {
		close_gap(channel);
		err = append(channel, kind, object);
	}
	return err == -E2BIG && channel->out_used > 0 ? -EAGAIN : err;
}

size_t channel_waiting(const struct channel *channel)
{
	return channel->out_used - channel->out_at;
}

int channel_flush(struct channel *channel)
{
	while (channel_waiting(channel) > 0) {
		ssize_t sent = send(channel->fd, channel->out + channel->out_at,
				    channel_waiting(channel), MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno == EAGAIN ? 0 : -errno;
		channel->out_at += (size_t)sent;
	}
	pages_give_back(channel->out, channel->out_used);
	channel->out_at = channel->out_used = 0;
	return 0;
}

/* ---- up from it ------------------------------------------------------------------------- */

int channel_fill(struct channel *channel)
{
	ssize_t got;

	if (channel->in_at > 0 && channel->in_at == channel->in_used) {
		pages_give_back(channel->in, channel->in_used);
		channel->in_at = channel->in_used = 0;
	} else if (channel->in_at > 0) {
		channel->in_used -= channel->in_at;
		memmove(channel->in, channel->in + channel->in_at, channel->in_used);
		channel->in_at = 0;
	}
	if (channel->in_used == in_bytes(channel))
		return 0;
	got = recv(channel->fd, channel->in + channel->in_used,
		   in_bytes(channel) - channel->in_used, 0);
	if (got == 0)
		return -EPIPE;
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	channel->in_used += (size_t)got;
	return (int)got;
}

int channel_next(struct channel *channel, struct channel_message *ret_message)
{
	size_t there = channel->in_used - channel->in_at;
	const unsigned char *at = channel->in + channel->in_at;
	struct prefix prefix;

	if (there < sizeof(prefix))
		return 0;
	memcpy(&prefix, at, sizeof(prefix));
	if (prefix.kind >= channel->protocol->kinds || prefix.bytes > channel->protocol->most)
		return -EBADMSG;
	if (there - sizeof(prefix) < prefix.bytes)
		return 0;
	channel->in_at += sizeof(prefix) + prefix.bytes;
	*ret_message = (struct channel_message){
		.kind = prefix.kind,
		.bytes = at + sizeof(prefix),
		.count = prefix.bytes,
	};
	return 1;
}
