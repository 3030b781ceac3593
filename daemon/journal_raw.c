#include "journal_raw.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE		   DB_PAGE_BYTES
#define FILE_HEADER_BYTES  100
#define LEAF_TABLE	   0x0D
#define LEAF_HEADER_BYTES  8
#define LOCAL_MAX	   (PAGE - 35) /* of a cell; longer ones have overflow pages */
#define LOCAL_MIN	   ((PAGE - 12) * 32 / 255 - 23)
#define RECORD_BYTES	   (2 * EVENT_BYTES)
#define TYPE_BYTES	   64
#define COLUMNS		   5
#define LOG_HEADER_BYTES   32
#define FRAME_HEADER_BYTES 24
#define FRAME_BYTES	   (FRAME_HEADER_BYTES + PAGE)
#define FRAMES_MAX	   65536
#define PEEK_PAGES	   16
#define MEMORY_PAGES	   16384

struct raw {
	int fd, log_fd; /* -1: not there */
	uint64_t pages; /* in the file */
	uint64_t frames; /* committed ones in the log */
	uint64_t next; /* pages of the file, then frames */
	uint32_t *frame_page; /* which page each frame holds */
	unsigned char page[PAGE];
	unsigned char record[RECORD_BYTES];
};

struct column {
	bool is_null, is_integer, is_bytes;
	int64_t integer;
	const char *bytes;
	size_t count;
};

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t be16(const unsigned char *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t le32(const unsigned char *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* ---- the log --------------------------------------------------------------------------- */

struct log_sum {
	bool big_endian;
	uint32_t a, b;
};

static void add_sum(struct log_sum *sum, const unsigned char *bytes, size_t count)
{
	size_t i;

	for (i = 0; i + 8 <= count; i += 8) {
		const unsigned char *p = bytes + i;

		sum->a += (sum->big_endian ? be32(p) : le32(p)) + sum->b;
		sum->b += (sum->big_endian ? be32(p + 4) : le32(p + 4)) + sum->a;
	}
}

static bool sum_is(const struct log_sum *sum, const unsigned char *at)
{
	return sum->a == be32(at) && sum->b == be32(at + 4);
}

static bool read_at(int fd, void *buffer, size_t bytes, uint64_t offset)
{
	return fd >= 0 && pread(fd, buffer, bytes, (off_t)offset) == (ssize_t)bytes;
}

static bool start_log(struct raw *raw, unsigned char header[LOG_HEADER_BYTES], struct log_sum *sum)
{
	if (!read_at(raw->log_fd, header, LOG_HEADER_BYTES, 0))
		return false;
	if ((be32(header) & ~1U) != 0x377F0682 || be32(header + 8) != PAGE)
		return false;
	*sum = (struct log_sum){.big_endian = be32(header) & 1};
	add_sum(sum, header, 24);
	return sum_is(sum, header + 24);
}

/* A frame belongs to the log if its salt and the running sum fit; it counts if a commit
 * follows. */
static int index_log(struct raw *raw)
{
	unsigned char log[LOG_HEADER_BYTES], frame[FRAME_HEADER_BYTES];
	struct log_sum sum;
	uint64_t i;

	raw->frame_page = calloc(FRAMES_MAX, sizeof(raw->frame_page[0]));
	if (!raw->frame_page)
		return -ENOMEM;
	if (!start_log(raw, log, &sum))
		return 0;
	for (i = 0; i < FRAMES_MAX; i++) {
		uint64_t offset = LOG_HEADER_BYTES + i * FRAME_BYTES;

		if (!read_at(raw->log_fd, frame, sizeof(frame), offset) ||
		    !read_at(raw->log_fd, raw->page, PAGE, offset + FRAME_HEADER_BYTES) ||
		    memcmp(frame + 8, log + 16, 8) != 0)
			break;
		add_sum(&sum, frame, 8);
		add_sum(&sum, raw->page, PAGE);
		if (!sum_is(&sum, frame + 16))
			break;
		raw->frame_page[i] = be32(frame);
		if (be32(frame + 4) != 0)
			raw->frames = i + 1;
	}
	return 0;
}

/* ---- pages ----------------------------------------------------------------------------- */

static bool load_frame(struct raw *raw, uint64_t frame)
{
	return read_at(raw->log_fd, raw->page, PAGE,
		       LOG_HEADER_BYTES + frame * FRAME_BYTES + FRAME_HEADER_BYTES);
}

/* An overflow page (numbered from 1) as last committed, its first bytes. */
static bool read_overflow(struct raw *raw, uint32_t number, unsigned char out[PAGE])
{
	uint64_t i;

	for (i = raw->frames; i > 0; i--)
		if (raw->frame_page[i - 1] == number)
			return read_at(raw->log_fd, out, PAGE,
				       LOG_HEADER_BYTES + (i - 1) * FRAME_BYTES +
					       FRAME_HEADER_BYTES);
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
	size_t i;

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
	for (i = 0; i < width && type < 7; i++)
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
	int i;

	if (at == 0 || header_bytes > bytes)
		return false;
	body = (size_t)header_bytes;
	for (i = 0; i < COLUMNS; i++) {
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

/* ---- what the rows mean ---------------------------------------------------------------- */

static const char *member(const char *payload, size_t bytes, const char *key)
{
	const char *at = memmem(payload, bytes, key, strlen(key));

	return at ? at + strlen(key) : NULL;
}

static bool copy_text(const char *from, const char *end, char *out, size_t size)
{
	const char *quote = memchr(from, '"', (size_t)(end - from));

	if (!quote || (size_t)(quote - from) >= size)
		return false;
	memcpy(out, from, (size_t)(quote - from));
	out[quote - from] = '\0';
	return true;
}

bool raw_identity(const char *payload, size_t bytes, char ret_epoch[EVENT_EPOCH_BYTES],
		  uint64_t *ret_seq, char *ret_type, size_t type_size)
{
	const char *end = payload + bytes;
	const char *epoch = member(payload, bytes, ",\"epoch\":\"");
	const char *seq = member(payload, bytes, ",\"seq\":");
	const char *type = member(payload, bytes, ",\"type\":\"");
	uint64_t number = 0;

	if (!epoch || !seq || !type || !copy_text(epoch, end, ret_epoch, EVENT_EPOCH_BYTES) ||
	    !copy_text(type, end, ret_type, type_size))
		return false;
	for (; seq < end && *seq >= '0' && *seq <= '9' && number <= POSITION_SEQ_MAX; seq++)
		number = number * 10 + (uint64_t)(*seq - '0');
	*ret_seq = number;
	return strlen(ret_epoch) == EVENT_EPOCH_BYTES - 1 && number > 0 &&
	       number <= POSITION_SEQ_MAX;
}

bool raw_agrees(const struct db_row *row, const char *epoch)
{
	char own_epoch[EVENT_EPOCH_BYTES], type[TYPE_BYTES];
	uint64_t seq;

	return raw_identity(row->payload, row->payload_bytes, own_epoch, &seq, type,
			    sizeof(type)) &&
	       strcmp(own_epoch, epoch) == 0 && seq == position_seq(row->position) &&
	       strcmp(type, row->type) == 0;
}

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

		if (db_marks_are_whole(events, alerts, columns[4].integer))
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
	size_t i;

	if (header[0] != LEAF_TABLE || cells > (PAGE - LEAF_HEADER_BYTES) / 2)
		return;
	for (i = 0; i < cells && pointers + 2 * i + 2 <= raw->page + PAGE; i++) {
		size_t at = be16(pointers + 2 * i);

		if (at >= LEAF_HEADER_BYTES && at < PAGE)
			read_cell(raw, at, sink);
	}
}

/* Pages that cannot be read are passed over. */
static void visit(struct raw *raw, uint64_t index, const struct raw_sink *sink)
{
	bool loaded = index < raw->pages ? read_at(raw->fd, raw->page, PAGE, index * PAGE)
					 : load_frame(raw, index - raw->pages);

	if (loaded)
		read_page(raw, index == 0, sink);
}

/* ---- from outside ---------------------------------------------------------------------- */

int raw_open(const char *path, struct raw **ret_raw)
{
	char log_path[4096];
	struct stat status;
	struct raw *raw = calloc(1, sizeof(*raw));
	int err;

	if (!raw)
		return -ENOMEM;
	snprintf(log_path, sizeof(log_path), "%s-wal", path);
	raw->fd = open(path, O_RDONLY | O_CLOEXEC);
	raw->log_fd = open(log_path, O_RDONLY | O_CLOEXEC);
	err = raw->fd < 0 && raw->log_fd < 0 ? -ENOENT : index_log(raw);
	if (err < 0) {
		raw_close(raw);
		return err;
	}
	if (raw->fd >= 0 && fstat(raw->fd, &status) == 0)
		raw->pages = (uint64_t)status.st_size / PAGE;
	*ret_raw = raw;
	return 0;
}

void raw_close(struct raw *raw)
{
	if (!raw)
		return;
	if (raw->fd >= 0)
		close(raw->fd);
	if (raw->log_fd >= 0)
		close(raw->log_fd);
	free(raw->frame_page);
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

void raw_peek(struct raw *raw, const struct raw_sink *sink)
{
	uint64_t content = content_pages(raw);
	uint64_t i;

	for (i = 0; i < content; i++) {
		if (i == PEEK_PAGES && content > 2 * PEEK_PAGES)
			i = content - PEEK_PAGES;
		visit(raw, i, sink);
	}
	for (i = 0; i < raw->frames; i++)
		visit(raw, raw->pages + i, sink);
}

void raw_memories(struct raw *raw, const struct raw_sink *sink)
{
	struct raw_sink only = {.data = sink->data, .memory = sink->memory};
	uint64_t content = content_pages(raw);
	uint64_t i;

	for (i = 0; i < content && i < MEMORY_PAGES; i++)
		visit(raw, i, &only);
	for (i = 0; i < raw->frames; i++)
		visit(raw, raw->pages + i, &only);
}
