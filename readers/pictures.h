/* Pictures that came beside messages, as files named by their hash, up to a quota: the oldest go first.
 * What is under way is a quarter of it at most, and kept only by who asks for it. */
#ifndef CORRIDORD_READERS_PICTURES_H
#define CORRIDORD_READERS_PICTURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PICTURE_HASH_BYTES 65 /* SHA-256 in hex, with the NUL */

struct picture;

struct pictures {
	int folder_fd; /* -1: none are kept */
	int64_t quota, kept_bytes, under_way_bytes;
	unsigned number; /* of the next one under way */
	uint64_t removed; /* to make room */
};

/* Before the process is confined. The folder is there, and nobody else may write to it: -EPERM. What
 * was left half is removed. */
int pictures_open(struct pictures *pictures, const char *folder, int64_t quota);
void pictures_close(struct pictures *pictures);

/* What begins so is a picture that is kept. */
bool picture_is_one(const char *bytes, size_t count);

/* Negative errno; -EDQUOT: too many are under way. Ended by picture_keep() or picture_drop(). */
int picture_begin(struct pictures *pictures, struct picture **ret_picture);
/* After a failure the picture is no more than to be dropped. */
int picture_take(struct picture *picture, const char *bytes, size_t count);
int64_t picture_bytes(const struct picture *picture);
/* Of all that was taken; nothing more may be. */
void picture_hash(struct picture *picture, char ret_hash[PICTURE_HASH_BYTES]);
/* Durable under its hash when it returns 0; freed in any case. */
int picture_keep(struct picture *picture);
void picture_drop(struct picture *picture); /* takes NULL */

#endif
