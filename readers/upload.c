#include "readers/upload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "mapper/source.h"
#include "readers/multipart.h"

struct upload {
	struct source *source;
	struct pictures *pictures;
	struct parcel *parcel;
	struct multipart multipart;
	bool is_multipart;
	bool sniffed, wanted; /* of the present part: it was looked at, it is a message */
	char head[4]; /* first bytes of what is no message */
	size_t head_bytes;
	size_t messages; /* that came */
	bool pending; /* the parcel holds one that is not heard yet */
	struct picture *coming, *picture; /* the present part; the one that may be kept */
	bool picture_counts; /* a message that was believed has it */
};

/* Whether what begins so is a message of the format; a part that is a picture is passed over. */
static bool begins(enum map_format format, char byte)
{
	return format == MAP_XML ? byte == '<' : byte == '{' || byte == '[';
}

/* The message that has come whole is heard with the picture that came so far. */
static void hear_pending(struct upload *upload)
{
	const uint64_t taken = upload->source->counts.taken;
	const struct instant now = clock_now();
	char hash[PICTURE_HASH_BYTES];

	if (!upload->pending)
		return;
	upload->pending = false;
	if (upload->picture) {
		picture_hash(upload->picture, hash);
		upload->source->picture = hash;
	}
	source_hear_parcel(upload->source, upload->parcel, &now);
	upload->source->picture = NULL;
	upload->picture_counts |= upload->picture && upload->source->counts.taken > taken;
}

static void part_begins(void *data)
{
	struct upload *upload = data;

	upload->sniffed = upload->wanted = false;
	upload->head_bytes = 0;
}

static void begin_picture(struct upload *upload)
{
	if (upload->pictures->folder_fd >= 0 &&
	    picture_begin(upload->pictures, &upload->coming) < 0)
		upload->coming = NULL;
}

static void take_message(struct upload *upload, const char *bytes, size_t count)
{
	if (!upload->wanted) {
		hear_pending(upload);
		parcel_begin(upload->parcel);
	}
	upload->sniffed = upload->wanted = true;
	parcel_take(upload->parcel, bytes, count);
}

/* A picture is known by its first bytes, which may come one by one. */
static void take_other(struct upload *upload, const char *bytes, size_t count)
{
	while (!upload->sniffed && count > 0) {
		upload->head[upload->head_bytes++] = *bytes++;
		count--;
		upload->sniffed = upload->head_bytes == sizeof(upload->head);
		if (!upload->sniffed || !picture_is_one(upload->head, upload->head_bytes))
			continue;
		begin_picture(upload);
		if (upload->coming)
			(void)picture_take(upload->coming, upload->head, upload->head_bytes);
	}
	if (upload->coming && count > 0)
		(void)picture_take(upload->coming, bytes, count);
}

static void part_comes(void *data, const char *bytes, size_t count)
{
	struct upload *upload = data;

	while (!upload->sniffed && upload->head_bytes == 0 && count > 0 && *bytes &&
	       strchr(" \t\r\n", *bytes)) {
		bytes++;
		count--;
	}
	if (count == 0)
		return;
	if (upload->wanted || (!upload->sniffed && upload->head_bytes == 0 &&
			       (!upload->is_multipart || begins(upload->parcel->format, *bytes))))
		take_message(upload, bytes, count);
	else
		take_other(upload, bytes, count);
}

/* Of several the largest is kept: the others are cut out of it. */
static void end_picture(struct upload *upload)
{
	struct picture *smaller = upload->coming;

	if (!upload->picture_counts &&
	    picture_bytes(upload->coming) >
		    (upload->picture ? picture_bytes(upload->picture) : 0)) {
		smaller = upload->picture;
		upload->picture = upload->coming;
	}
	picture_drop(smaller);
	upload->coming = NULL;
}

static void part_ends(void *data)
{
	struct upload *upload = data;

	if (upload->coming)
		end_picture(upload);
	if (!upload->wanted)
		return;
	upload->wanted = false;
	upload->messages++;
	upload->pending = true;
}

/* Durable before the event of it can be. */
static int keep_picture(struct upload *upload)
{
	int err = 0;

	if (upload->picture && upload->picture_counts) {
		err = picture_keep(upload->picture);
		upload->picture = NULL;
	}
	return err;
}

int upload_new(struct source *source, enum map_format format, struct pictures *pictures,
	       const char *content_type, struct upload **ret_upload)
{
	struct upload *upload = calloc(1, sizeof(*upload));
	int err = upload ? parcel_new(format, &upload->parcel) : -ENOMEM;

	if (err < 0) {
		free(upload);
		return err;
	}
	upload->source = source;
	upload->pictures = pictures;
	upload->is_multipart = multipart_begin(&upload->multipart, content_type);
	upload->multipart.data = upload;
	upload->multipart.begin = part_begins;
	upload->multipart.take = part_comes;
	upload->multipart.end = part_ends;
	part_begins(upload);
	*ret_upload = upload;
	return 0;
}

void upload_free(struct upload *upload)
{
	if (upload) {
		picture_drop(upload->coming);
		picture_drop(upload->picture);
		parcel_free(upload->parcel);
	}
	free(upload);
}

void upload_take(struct upload *upload, const char *bytes, size_t count)
{
	if (upload->is_multipart)
		multipart_take(&upload->multipart, bytes, count);
	else
		part_comes(upload, bytes, count);
}

int upload_end(struct upload *upload)
{
	if (upload->is_multipart)
		multipart_end(&upload->multipart);
	else
		part_ends(upload);
	hear_pending(upload);
	if (upload->messages == 0)
		source_alive(upload->source, clock_mono_ns()); /* a heartbeat */
	return keep_picture(upload);
}
