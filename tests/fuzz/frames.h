/* The bytes of a fuzzer as messages of a channel: kind, two bytes of length, content; so that most
 * of them are read whole. A last one that is cut is sent as it is. */
#ifndef CORRIDORD_FUZZ_FRAMES_H
#define CORRIDORD_FUZZ_FRAMES_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void send_piece(int fd, const void *bytes, size_t size)
{
	(void)!send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void send_frames(int fd, const unsigned char *data, size_t size)
{
	while (size >= 3) {
		size_t bytes = data[1] | (size_t)data[2] << 8;
		uint32_t prefix[2] = {(uint32_t)bytes, data[0]};

		data += 3;
		size -= 3;
		if (bytes > size)
			bytes = size;
		send_piece(fd, prefix, sizeof(prefix));
		send_piece(fd, data, bytes);
		data += bytes;
		size -= bytes;
	}
	send_piece(fd, data, size);
}

#endif
