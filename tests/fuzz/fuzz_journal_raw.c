/* Any bytes as a journal's file, or as its log (first byte odd): read to the end, and every
 * event that comes out has the hash that was stored with it. */
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal/raw.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check_event(void *data, const char *epoch, const struct db_row *row)
{
	(void)data;
	assert(strlen(epoch) == EVENT_EPOCH_BYTES - 1);
	assert(strlen(row->type) < 64);
	assert(db_row_is_whole(row));
}

static void take_marks(void *data, uint64_t events, uint64_t alerts)
{
	(void)data, (void)events, (void)alerts;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct raw_sink sink = {.event = check_event, .marks = take_marks};
	char folder[] = "/tmp/fuzz-journal-XXXXXX";
	char path[64], written[72];
	struct raw *raw;
	int fd;

	if (size < 1 || !mkdtemp(folder))
		return 0;
	snprintf(path, sizeof(path), "%s/journal.db", folder);
	snprintf(written, sizeof(written), "%s%s", path, data[0] & 1 ? "-wal" : "");
	fd = open(written, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)(size - 1))
		abort();
	close(fd);
	if (raw_open(path, RAW_COMMITTED, &raw) == 0) {
		raw_peek(raw, &sink);
		while (raw_read(raw, 16, &sink))
			;
		raw_close(raw);
	}
	unlink(written);
	rmdir(folder);
	return 0;
}
