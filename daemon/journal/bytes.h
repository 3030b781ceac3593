/* Bytes of SQLite's files. */
#ifndef CORRIDORD_JOURNAL_BYTES_H
#define CORRIDORD_JOURNAL_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

static inline uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint32_t be16(const unsigned char *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static inline uint32_t le32(const unsigned char *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* All of them, or false. */
static inline bool read_at(int fd, void *buffer, size_t bytes, uint64_t offset)
{
	return fd >= 0 && pread(fd, buffer, bytes, (off_t)offset) == (ssize_t)bytes;
}

#endif
