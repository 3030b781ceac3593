#include "journal/raw.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/bytes.h"
#include "journal/wal.h"

#define PAGE		  DB_PAGE_BYTES
#define FILE_HEADER_BYTES 100
#define LEAF_TABLE	  0x0D
#define LEAF_INDEX	  0x0A
#define INNER_TABLE	  0x05
#define INNER_INDEX	  0x02
#define LEAF_HEADER_BYTES 8
#define LOCAL_MAX	  (PAGE - 35) /* of a cell; longer ones have overflow pages */
#define LOCAL_MIN	  ((PAGE - 12) * 32 / 255 - 23)
#define RECORD_BYTES	  (2 * EVENT_BYTES)
#define TYPE_BYTES	  64
#define COLUMNS		  5
#define PEEK_PAGES	  16
#define MEMORY_PAGES	  16384

struct raw {
	int fd; /* -1: not there */
	struct wal log;
	uint64_t pages; /* in the file */
	uint64_t frames; /* of the log, that are read */
	uint64_t next; /* pages of the file, then frames */
	unsigned char page[PAGE];
	unsigned char record[RECORD_BYTES];
};

struct column {
	bool is_null, is_integer, is_bytes;
	int64_t integer;
	const char *bytes;
	size_t count;
};

/* ---- pages -------------------------------------------------------------------------- */

/* An overflow page (numbered from 1) as last committed, its first bytes. */
static bool read_overflow(struct raw *raw, uint32_t number, unsigned char out[PAGE])
{
	for (uint64_t i = raw->frames; i > 0; i--)
		if (raw->log.page[i - 1] == number)
			return wal_read(&raw->log, i - 1, out);
	return number > 0 && read_at(raw->fd, out, PAGE, (uint64_t)(number - 1) * PAGE);
}

/* Up to nine bytes, most significant first; 0: there are not enough bytes. */
static size_t varint(const unsigned char *p, size_t available, uint64_t *ret_value)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < available && i < 8; i++) {
		value = value << 7 | (p[i] & 0x7F);
		if (!(p[i] & 0x80)) {
			*ret_value = value;
			return i + 1;
		}
	}
	if (i < 8 || available < 9)
		return 0;
	*ret_value = value << 8 | p[8];
	return 9;
}

/* Puts together what of a cell's content lies in the page and behind it. */
static bool collect(struct raw *raw, const unsigned char *local, size_t available, size_t bytes)
{
	unsigned char overflow[PAGE];
	size_t have = bytes;
	uint32_t next;

	if (bytes > LOCAL_MAX) {
		have = LOCAL_MIN + (bytes - LOCAL_MIN) % (PAGE - 4);
		if (have > LOCAL_MAX)
			have = LOCAL_MIN;
	}
	if (have + (have < bytes ? 4 : 0) > available)
		return false;
	memcpy(raw->record, local, have);
	for (next = have < bytes ? be32(local + have) : 0; have < bytes; next = be32(overflow)) {
		size_t chunk = bytes - have < PAGE - 4 ? bytes - have : PAGE - 4;

		if (!read_overflow(raw, next, overflow))
			return false;
		memcpy(raw->record + have, overflow + 4, chunk);
		have += chunk;
	}
	return true;
}

static bool read_column(uint64_t type, const unsigned char *body, size_t available,
			struct column *column, size_t *ret_used)
{
	static const unsigned char widths[10] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0};
	size_t width = type < 10 ? widths[type] : type >= 12 ? (size_t)(type - 12) / 2 : SIZE_MAX;
	uint64_t value;

	if (width > available)
		return false;
	*column = (struct column){
		.is_null = type == 0,
		.is_integer = (type >= 1 && type <= 6) || type == 8 || type == 9,
		.is_bytes = type >= 12,
		.bytes = (const char *)body,
		.count = width,
	};
	value = type == 9 ? 1 : width > 0 && type < 7 && (body[0] & 0x80) ? UINT64_MAX : 0;
	for (size_t i = 0; i < width && type < 7; i++)
		value = value << 8 | body[i];
	column->integer = (int64_t)value;
	*ret_used = width;
	return true;
}

/* A record of exactly COLUMNS columns. */
static bool read_record(const unsigned char *record, size_t bytes, struct column columns[COLUMNS])
{
	uint64_t header_bytes, type;
	size_t at = varint(record, bytes, &header_bytes);
	size_t body, used;

	if (at == 0 || header_bytes > bytes)
		return false;
	body = (size_t)header_bytes;
	for (int i = 0; i < COLUMNS; i++) {
		used = varint(record + at, (size_t)header_bytes - at, &type);
		if (used == 0)
			return false;
		at += used;
		if (!read_column(type, record + body, bytes - body, &columns[i], &used))
			return false;
		body += used;
	}
	return at == header_bytes;
}

/* ---- what the rows mean ------------------------------------------------------------- */

static void found_event(uint64_t position, const struct column *columns,
			const struct raw_sink *sink)
{
	char epoch[EVENT_EPOCH_BYTES], type[TYPE_BYTES];
	uint64_t seq;
	struct db_row row = {
		.position = position,
		.sum = columns[1].integer,
		.recorded_s = columns[2].is_integer ? columns[2].integer : 0,
		.type = type,
		.payload = columns[4].bytes,
		.payload_bytes = columns[4].count,
	};

	if (position_epoch(position) >= EPOCH_NO_END || !db_row_is_whole(&row) ||
	    !raw_identity(row.payload, row.payload_bytes, epoch, &seq, type, sizeof(type)) ||
	    seq != position_seq(position))
		return;
	sink->event(sink->data, epoch, &row);
}

static bool column_text(const struct column *column, char *out, size_t size)
{
	if (column->count >= size || memchr(column->bytes, 0, column->count))
		return false;
	memcpy(out, column->bytes, column->count);
	out[column->count] = '\0';
	return true;
}

static void found_memory(const struct column *columns, const struct raw_sink *sink)
{
	char key[MEMORY_KEY_BYTES], text[MEMORY_TEXT_BYTES];
	bool forgotten = columns[2].is_null;
	uint64_t version = (uint64_t)columns[3].integer;

	if (!column_text(&columns[1], key, sizeof(key)) ||
	    !(forgotten || (columns[2].is_bytes && column_text(&columns[2], text, sizeof(text)))) ||
	    db_memory_sum(key, forgotten ? NULL : text, version) != columns[4].integer)
		return;
	sink->memory(sink->data, key, forgotten ? NULL : text, version);
}

static bool is_mark(const struct column *mark)
{
	return mark->count == strlen(DB_MARK) && memcmp(mark->bytes, DB_MARK, mark->count) == 0;
}

static void found_record(uint64_t rowid, const struct column *columns, const struct raw_sink *sink)
{
	const struct column *mark = &columns[1];

	if (!columns[0].is_null)
		return;
	if (mark->is_integer && columns[3].is_bytes && columns[4].is_bytes) {
		if (sink->event)
			found_event(rowid, columns, sink);
	} else if (mark->is_bytes && !is_mark(mark)) {
		if (sink->memory && columns[3].is_integer && columns[4].is_integer)
			found_memory(columns, sink);
	} else if (mark->is_bytes && sink->marks) {
		uint64_t events = (uint64_t)columns[2].integer;
		uint64_t alerts = (uint64_t)columns[3].integer;

		if (db_marks_sum(events, alerts) == columns[4].integer)
			sink->marks(sink->data, events, alerts);
	}
}

static void read_cell(struct raw *raw, size_t at, const struct raw_sink *sink)
{
	struct column columns[COLUMNS];
	uint64_t bytes, rowid;
	size_t used = varint(raw->page + at, PAGE - at, &bytes);

	if (used == 0 || bytes < COLUMNS || bytes > RECORD_BYTES)
		return;
	at += used;
	used = varint(raw->page + at, PAGE - at, &rowid);
	if (used == 0)
		return;
	at += used;
	if (collect(raw, raw->page + at, PAGE - at, (size_t)bytes) &&
	    read_record(raw->record, (size_t)bytes, columns))
		found_record(rowid, columns, sink);
}

static void read_page(struct raw *raw, bool first, const struct raw_sink *sink)
{
	const unsigned char *header = raw->page + (first ? FILE_HEADER_BYTES : 0);
	const unsigned char *pointers = header + LEAF_HEADER_BYTES;
	size_t cells = be16(header + 3);

	if (header[0] != LEAF_TABLE || cells > (PAGE - LEAF_HEADER_BYTES) / 2)
		return;
	for (size_t i = 0; i < cells && pointers + 2 * i + 2 <= raw->page + PAGE; i++) {
		size_t at = be16(pointers + 2 * i);

		if (at >= LEAF_HEADER_BYTES && at < PAGE)
			read_cell(raw, at, sink);
	}
}

/* Pages that cannot be read are passed over. */
static void visit(struct raw *raw, uint64_t index, const struct raw_sink *sink)
{
	bool loaded = index < raw->pages ? read_at(raw->fd, raw->page, PAGE, index * PAGE)
					 : wal_read(&raw->log, index - raw->pages, raw->page);

	if (loaded)
		read_page(raw, index == 0 && raw->pages > 0, sink);
}

/* ---- from outside ------------------------------------------------------------------- */

int raw_open(const char *path, enum raw_extent extent, struct raw **ret_raw)
{
	struct stat status;
	struct raw *raw = calloc(1, sizeof(*raw));
	int err;

	if (!raw)
		return -ENOMEM;
	raw->log.fd = -1;
	raw->fd = open(path, O_RDONLY | O_CLOEXEC);
	err = wal_open(path, &raw->log);
	if (err == 0 && raw->fd < 0 && raw->log.fd < 0)
		err = -ENOENT;
	if (err < 0) {
		raw_close(raw);
		return err;
	}
	if (raw->fd >= 0 && fstat(raw->fd, &status) == 0)
		raw->pages = (uint64_t)status.st_size / PAGE;
	raw->frames = extent == RAW_ALL ? raw->log.frames : raw->log.committed;
	*ret_raw = raw;
	return 0;
}

void raw_close(struct raw *raw)
{
	if (!raw)
		return;
	if (raw->fd >= 0)
		close(raw->fd);
	wal_close(&raw->log);
	free(raw);
}

bool raw_read(struct raw *raw, unsigned pages, const struct raw_sink *sink)
{
	uint64_t end = raw->pages + raw->frames;

	for (; pages > 0 && raw->next < end; pages--)
		visit(raw, raw->next++, sink);
	return raw->next < end;
}

uint64_t raw_tell(const struct raw *raw)
{
	return raw->next;
}

void raw_seek(struct raw *raw, uint64_t page)
{
	raw->next = page;
}

/* The file may end in room kept in reserve; its first page says where its content does. */
static uint64_t content_pages(struct raw *raw)
{
	uint32_t pages = 0;

	if (raw->pages > 0 && read_at(raw->fd, raw->page, PAGE, 0))
		pages = be32(raw->page + 28);
	return pages > 0 && pages < raw->pages ? pages : raw->pages;
}

/* An overflow page begins with the number of the next one, whose first byte is 0 in any file below
 * 137 GB; so begins a page that is free. */
bool raw_is_tree(struct raw *raw, uint64_t page)
{
	unsigned char first;

	return page > 0 && page < raw->pages && read_at(raw->fd, &first, 1, page * PAGE) &&
	       (first == LEAF_TABLE || first == LEAF_INDEX || first == INNER_TABLE ||
		first == INNER_INDEX);
}

void raw_peek(struct raw *raw, const struct raw_sink *sink)
{
	uint64_t content = content_pages(raw);

	for (uint64_t i = 0; i < content; i++) {
		if (i == PEEK_PAGES && content > 2 * PEEK_PAGES)
			i = content - PEEK_PAGES;
		visit(raw, i, sink);
	}
	for (uint64_t i = 0; i < raw->frames; i++)
		visit(raw, raw->pages + i, sink);
}

void raw_memories(struct raw *raw, const struct raw_sink *sink)
{
	struct raw_sink only = {.data = sink->data, .memory = sink->memory};
	uint64_t content = content_pages(raw);

	for (uint64_t i = 0; i < content && i < MEMORY_PAGES; i++)
		visit(raw, i, &only);
	for (uint64_t i = 0; i < raw->frames; i++)
		visit(raw, raw->pages + i, &only);
}
