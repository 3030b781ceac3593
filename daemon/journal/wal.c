#include "journal/wal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal/bytes.h"
#include "journal/db.h"

#define PAGE		   DB_PAGE_BYTES
#define HEADER_BYTES	   32
#define FRAME_HEADER_BYTES 24
#define SALT_BYTES	   8
#define FRAME_BYTES	   (FRAME_HEADER_BYTES + PAGE)
#define FRAMES_MAX	   65536
#define MAGIC		   0x377F0682 /* the lowest bit: sums are big-endian */

struct sum {
	bool big_endian;
	uint32_t a, b;
};

struct frame {
	unsigned char header[FRAME_HEADER_BYTES];
	unsigned char page[PAGE];
};

static uint32_t word(const struct sum *sum, const unsigned char *p)
{
	return sum->big_endian ? be32(p) : le32(p);
}

static void add_sum(struct sum *sum, const unsigned char *bytes, size_t count)
{
	for (size_t i = 0; i + 8 <= count; i += 8) {
		sum->a += word(sum, bytes + i) + sum->b;
		sum->b += word(sum, bytes + i + 4) + sum->a;
	}
}

static bool sum_is(const struct sum *sum, const unsigned char *at)
{
	return sum->a == be32(at) && sum->b == be32(at + 4);
}

static bool read_frame(const struct wal *wal, uint64_t i, struct frame *frame)
{
	uint64_t offset = HEADER_BYTES + i * FRAME_BYTES;

	return read_at(wal->fd, frame->header, FRAME_HEADER_BYTES, offset) &&
	       read_at(wal->fd, frame->page, PAGE, offset + FRAME_HEADER_BYTES);
}

static bool is_commit(const struct frame *frame)
{
	return be32(frame->header + 4) != 0;
}

static bool has_salt(const struct frame *frame, const unsigned char *salt)
{
	return memcmp(frame->header + 8, salt, SALT_BYTES) == 0;
}

/* Finds the salt of the frames, and where the running sum begins. */
static bool read_header(struct wal *wal, unsigned char salt[SALT_BYTES], struct sum *sum)
{
	unsigned char header[HEADER_BYTES];
	struct frame first;

	if (!read_at(wal->fd, header, HEADER_BYTES, 0))
		return false;
	*sum = (struct sum){.big_endian = be32(header) & 1};
	add_sum(sum, header, HEADER_BYTES - 8);
	wal->headless = (be32(header) & ~1U) != MAGIC || be32(header + 8) != PAGE ||
			!sum_is(sum, header + HEADER_BYTES - 8);
	memcpy(salt, header + 16, SALT_BYTES);
	if (wal->headless && read_frame(wal, 0, &first))
		memcpy(salt, first.header + 8, SALT_BYTES);
	return true;
}

static void add_frame(struct sum *sum, const struct frame *frame)
{
	add_sum(sum, frame->header, 8);
	add_sum(sum, frame->page, PAGE);
}

static bool ends_with(const struct frame *frame, const struct sum *sum)
{
	return sum_is(sum, frame->header + 16);
}

/* Frames whose salt and running sum fit; *sum goes on behind the first one that does not. */
static uint64_t index_valid(struct wal *wal, const unsigned char *salt, struct sum *sum)
{
	struct frame frame;
	uint64_t i = 0;

	for (; i < FRAMES_MAX && read_frame(wal, i, &frame); i++) {
		add_frame(sum, &frame);
		if (!has_salt(&frame, salt) || !ends_with(&frame, sum))
			break;
		wal->page[i] = be32(frame.header);
		if (is_commit(&frame))
			wal->committed = i + 1;
	}
	return i;
}

/* Where a sum goes on behind that frame, as stored in it. */
static struct sum sum_of(const struct frame *frame, bool big_endian)
{
	return (struct sum){.big_endian = big_endian,
			    .a = be32(frame->header + 16),
			    .b = be32(frame->header + 20)};
}

static bool is_behind(const struct frame *frame, struct sum sum)
{
	add_frame(&sum, frame);
	return ends_with(frame, &sum);
}

/* From the first frame that SQLite does not take. The next one was written behind it if it fits
 * its sum, as that is stored or as it should be. */
static void index_behind(struct wal *wal, const unsigned char *salt, uint64_t from,
			 const struct sum *computed)
{
	struct sum sum = {0};
	struct frame frame;
	bool was_commit = false;

	wal->frames = wal->committed;
	for (uint64_t i = from; i < FRAMES_MAX && read_frame(wal, i, &frame); i++) {
		bool salted = has_salt(&frame, salt);

		if (was_commit && salted &&
		    (is_behind(&frame, sum) || (i == from + 1 && is_behind(&frame, *computed))))
			wal->went_on = true;
		sum = sum_of(&frame, computed->big_endian);
		was_commit = is_commit(&frame) && (salted || i == from);
		if (!salted)
			continue;
		wal->page[i] = be32(frame.header);
		wal->commits_behind += is_commit(&frame);
		wal->frames = i + 1;
	}
}

int wal_open(const char *path, struct wal *ret_wal)
{
	unsigned char salt[SALT_BYTES];
	char log_path[4096];
	struct wal wal = {.fd = -1};
	struct sum sum;

	snprintf(log_path, sizeof(log_path), "%s-wal", path);
	wal.page = calloc(FRAMES_MAX, sizeof(wal.page[0]));
	if (!wal.page)
		return -ENOMEM;
	wal.fd = open(log_path, O_RDONLY | O_CLOEXEC);
	if (read_header(&wal, salt, &sum)) {
		uint64_t valid = wal.headless ? 0 : index_valid(&wal, salt, &sum);

		index_behind(&wal, salt, valid, &sum);
	}
	*ret_wal = wal;
	return 0;
}

void wal_close(struct wal *wal)
{
	if (wal->fd >= 0)
		close(wal->fd);
	free(wal->page);
	*wal = (struct wal){.fd = -1};
}

bool wal_is_damaged(const struct wal *wal)
{
	return wal->went_on || (wal->headless && wal->commits_behind > 0);
}

bool wal_read(const struct wal *wal, uint64_t frame, unsigned char *out)
{
	return read_at(wal->fd, out, PAGE, HEADER_BYTES + frame * FRAME_BYTES + FRAME_HEADER_BYTES);
}
