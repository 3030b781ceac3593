#include "journal/witness.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"

#define FORM	     "corridord-head 1 "
#define RECORD_BYTES 512
#define NUMBER_BYTES 24
#define PLACE_BYTES  4096 /* the places lie in different pages */
#define PLACES	     2
#define SYNC_NS	     (10 * NS_PER_S)

struct record {
	uint64_t serial;
	struct testimony testimony;
};

static int64_t text_sum(const char *text, size_t bytes)
{
	unsigned char hash[EVENT_HASH_BYTES];

	event_hash(text, bytes, hash);
	return db_sum(hash);
}

/* ---- a record ----------------------------------------------------------------------- */

/* One line of text, for whoever looks into it; padded. */
static void write_record(const struct record *record, char out[RECORD_BYTES])
{
	const struct testimony *of = &record->testimony;
	char hash[EVENT_HEX_BYTES];
	int bytes;

	event_hex(of->head.hash, hash);
	memset(out, ' ', RECORD_BYTES);
	bytes = snprintf(out, RECORD_BYTES,
			 FORM "%" PRIu64 " %s %" PRIu64 " %s %s %" PRIu64 " %" PRIu64 " %" PRIu64
			      " ",
			 record->serial, of->head.epoch[0] ? of->head.epoch : "-", of->head.seq,
			 hash, of->boot, of->lost[CLASS_TELEMETRY], of->lost[CLASS_HEALTH],
			 of->lost[CLASS_EVIDENCE]);
	bytes += snprintf(out + bytes, RECORD_BYTES - (size_t)bytes, "%016" PRIx64,
			  (uint64_t)text_sum(out, (size_t)bytes));
	out[bytes] = ' ';
	out[RECORD_BYTES - 1] = '\n';
}

/* Up to the next space, which is passed over. */
static bool take_word(const char **at, char *word, size_t size)
{
	size_t bytes = strcspn(*at, " ");

	if (bytes == 0 || bytes >= size || (*at)[bytes] == '\0')
		return false;
	memcpy(word, *at, bytes);
	word[bytes] = '\0';
	*at += bytes + 1;
	return true;
}

static bool take_number(const char **at, uint64_t *ret_number)
{
	char word[NUMBER_BYTES];
	char *end;

	if (!take_word(at, word, sizeof(word)))
		return false;
	*ret_number = strtoull(word, &end, 10);
	return *end == '\0';
}

static bool take_head(const char **at, struct event_head *head)
{
	char hash[EVENT_HEX_BYTES];

	return take_word(at, head->epoch, sizeof(head->epoch)) && take_number(at, &head->seq) &&
	       take_word(at, hash, sizeof(hash)) && event_unhex(hash, head->hash);
}

static bool sum_fits(const char *text, const char *at)
{
	char expected[NUMBER_BYTES], sum[NUMBER_BYTES];
	size_t summed = (size_t)(at - text);

	snprintf(expected, sizeof(expected), "%016" PRIx64, (uint64_t)text_sum(text, summed));
	return take_word(&at, sum, sizeof(sum)) && strcmp(sum, expected) == 0;
}

static bool read_record(const char *text, struct record *ret_record)
{
	struct record record = {0};
	struct testimony *of = &record.testimony;
	const char *at = text + strlen(FORM);

	if (strncmp(text, FORM, strlen(FORM)) != 0 || !take_number(&at, &record.serial) ||
	    !take_head(&at, &of->head) || !take_word(&at, of->boot, sizeof(of->boot)))
		return false;
	for (enum event_class c = 0; c < CLASSES; c++)
		if (!take_number(&at, &of->lost[c]))
			return false;
	if (!sum_fits(text, at))
		return false;
	*ret_record = record;
	return true;
}

/* ---- a file ------------------------------------------------------------------------- */

static bool read_newest(int fd, struct record *ret_record, int *ret_place)
{
	char text[RECORD_BYTES + 1];
	struct record record;
	bool found = false;

	for (int place = 0; place < PLACES; place++) {
		ssize_t n = pread(fd, text, RECORD_BYTES, (off_t)place * PLACE_BYTES);

		text[n > 0 ? n : 0] = '\0';
		if (n <= 0 || !read_record(text, &record) ||
		    (found && record.serial < ret_record->serial))
			continue;
		*ret_record = record;
		*ret_place = place;
		found = true;
	}
	return found;
}

bool witness_read(const char *path, struct testimony *ret_testimony)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct record record;
	bool found;
	int place;

	if (fd < 0)
		return false;
	found = read_newest(fd, &record, &place);
	close(fd);
	if (found)
		*ret_testimony = record.testimony;
	return found;
}

void witness_open(struct witness *witness, const char *path)
{
	struct record record = {0};
	int place;

	*witness = (struct witness){.fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640)};
	if (witness->fd < 0 || !read_newest(witness->fd, &record, &place))
		return;
	(void)fdatasync(witness->fd);
	witness->serial = record.serial;
	witness->place = (place + 1) % PLACES;
}

void witness_close(struct witness *witness)
{
	if (witness->fd < 0)
		return;
	if (witness->dirty)
		(void)fdatasync(witness->fd);
	close(witness->fd);
	witness->fd = -1;
}

void witness_write(struct witness *witness, const struct testimony *testimony)
{
	struct record record = {.serial = witness->serial + 1, .testimony = *testimony};
	char text[RECORD_BYTES];

	if (witness->fd < 0)
		return;
	write_record(&record, text);
	if (pwrite(witness->fd, text, sizeof(text), (off_t)witness->place * PLACE_BYTES) !=
	    (ssize_t)sizeof(text))
		return;
	witness->serial = record.serial;
	witness->dirty = true;
}

int64_t witness_due_ns(const struct witness *witness)
{
	return witness->dirty ? witness->synced_ns + SYNC_NS : INT64_MAX;
}

void witness_sync(struct witness *witness, int64_t now_ns)
{
	if (now_ns < witness_due_ns(witness))
		return;
	if (fdatasync(witness->fd) == 0)
		witness->place = (witness->place + 1) % PLACES;
	witness->dirty = false;
	witness->synced_ns = now_ns;
}
