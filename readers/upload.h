/* A body as it comes, in parts or whole: its messages are heard by the device's source, each with the picture
 * that came beside it; of several pictures the largest is kept, if a message of it was believed. What
 * it costs does not depend on its length. */
#ifndef CORRIDORD_READERS_UPLOAD_H
#define CORRIDORD_READERS_UPLOAD_H

#include <stddef.h>

#include "mapper/parcel.h"
#include "readers/pictures.h"

struct source;
struct upload;

/* source and pictures are borrowed; content_type may be NULL. -ENOMEM or another negative errno. Freed with
 * upload_free(), which drops the pictures of a body that did not end. */
int upload_new(struct source *source, enum map_format format, struct pictures *pictures,
	       const char *content_type, struct upload **ret_upload);
void upload_free(struct upload *upload); /* takes NULL */

void upload_take(struct upload *upload, const char *bytes, size_t count);

/* It came whole. Negative errno: its picture cannot be kept, its messages are heard all the same. */
int upload_end(struct upload *upload);

#endif
