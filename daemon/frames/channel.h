/* One end of the socket between corridord and a program that it has started: messages in order, in
 * bounded buffers. Owns the descriptor. Used by one thread, or under the owner's lock; blocks nowhere. */
#ifndef CORRIDORD_FRAMES_CHANNEL_H
#define CORRIDORD_FRAMES_CHANNEL_H

#include "frames/form.h"

struct channel {
	const struct protocol *protocol;
	int fd; /* -1: closed */
	unsigned char *in, *out;
	size_t in_at, in_used;
	size_t out_at, out_used, out_size;
};

struct channel_message {
	uint32_t kind;
	const unsigned char *bytes; /* for form_read(); until the next call */
	size_t count;
};

/* protocol is borrowed. Takes over fd, a non-blocking stream socket, even when it fails. out_size: what may wait to
 * be written. -ENOMEM. */
int channel_init(struct channel *channel, const struct protocol *protocol, int fd, size_t out_size);
void channel_fini(struct channel *channel); /* a closed one is fine */

/* Both ends of a new pair, close-on-exec. Negative errno. */
int channel_pair(int ret_fds[2]);

/* -EAGAIN: no room now; -E2BIG: longer than any message may be. Nothing is written yet. */
int channel_put(struct channel *channel, uint32_t kind, const void *object);
size_t channel_waiting(const struct channel *channel); /* bytes to be written */
/* Writes what the socket takes. 0; -EPIPE or another negative errno: the other end is gone. */
int channel_flush(struct channel *channel);

/* Reads once what there is, after all messages were taken. Bytes; 0: nothing is there now;
 * -EPIPE: the other end is gone; another negative errno. */
int channel_fill(struct channel *channel);
/* 1; 0: no whole message is there; -EBADMSG: what came is none, the channel is useless. */
int channel_next(struct channel *channel, struct channel_message *ret_message);

#endif
