/* SHA-256, as nettle has it: from its version 4 on the end of a sum is asked for without a length. */
#ifndef CORRIDORD_BASE_SHA256_H
#define CORRIDORD_BASE_SHA256_H

#include <nettle/sha2.h>
#include <nettle/version.h>

#if NETTLE_VERSION_MAJOR < 4
static inline void sha256_end(struct sha256_ctx *sha, unsigned char hash[SHA256_DIGEST_SIZE])
{
	sha256_digest(sha, SHA256_DIGEST_SIZE, hash);
}
#else
static inline void sha256_end(struct sha256_ctx *sha, unsigned char hash[SHA256_DIGEST_SIZE])
{
	sha256_digest(sha, hash);
}
#endif

#endif
