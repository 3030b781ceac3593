/* Events from another file into the one in use, in the background.
 *
 * The other file is one that was set aside, the fallback after the path can be
 * written again, or the path's file while it cannot. Its events keep their epoch,
 * number and bytes, and come before all that is new: while something is being
 * carried over, STREAM_EVENTS rests. What is there already is passed over, so a
 * carry-over that was cut off simply begins again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal_private.h"

#define LOG_TOKEN "journal"
#include "log.h"

#define CHUNK_PAGES  64
#define EPOCH_ROOM   16 /* numbers left free for epochs that are carried over */
#define NOT_CARRYING UINT64_MAX

/* ---- what the other file holds ------------------------------------------------------- */

struct peek {
	const struct db *db;
	uint64_t top; /* highest epoch number seen */
	uint64_t mark;
	bool known; /* the epochs seen are here already */
	bool any;
};

static void peek_event(void *data, const char *epoch, const struct db_row *row)
{
	struct peek *peek = data;

	if (position_epoch(row->position) > peek->top)
		peek->top = position_epoch(row->position);
	if (!db_epoch_by_id(peek->db, epoch))
		peek->known = false;
	peek->any = true;
}

static void peek_marks(void *data, uint64_t events, uint64_t alerts)
{
	struct peek *peek = data;

	(void)alerts;
	if (events > peek->mark)
		peek->mark = events;
}

static struct peek peek_into(struct journal *journal)
{
	struct peek peek = {.db = &journal->db, .known = true};
	struct raw_sink sink = {.data = &peek, .event = peek_event, .marks = peek_marks};

	raw_peek(journal->carry.raw, &sink);
	peek.known = peek.known && peek.any;
	if (position_epoch(peek.mark) > peek.top && position_epoch(peek.mark) < EPOCH_NO_END)
		peek.top = position_epoch(peek.mark);
	return peek;
}

/* ---- one event ----------------------------------------------------------------------- */

/* A number for an epoch that is not here yet: its own if that is free and after all that
 * is acknowledged, otherwise the next one after those in use. 0: none is left. */
static uint64_t free_epoch(const struct journal *journal, uint64_t wanted)
{
	const struct db *db = &journal->db;
	uint64_t top = journal->carry.floor;
	size_t i;

	for (i = 0; i < db->epoch_count; i++)
		if (db->epochs[i].no < journal->epoch_no && db->epochs[i].no > top)
			top = db->epochs[i].no;
	if (wanted > journal->carry.floor && wanted < journal->epoch_no &&
	    !db_epoch(db, position_of(wanted, 0)))
		return wanted;
	return top + 1 < journal->epoch_no ? top + 1 : 0;
}

static int epoch_here(struct journal *journal, const char *id, uint64_t wanted, uint64_t *ret_no)
{
	const struct db_epoch *known = db_epoch_by_id(&journal->db, id);
	int err = 0;

	if (known) {
		*ret_no = known->no;
		return 0;
	}
	*ret_no = free_epoch(journal, wanted);
	if (*ret_no > 0)
		err = db_put_epoch(&journal->db, *ret_no, id);
	return err;
}

/* Where the number belongs: the first span that does not end before it. */
static size_t find_span(const struct carry *carry, uint64_t epoch_no, uint64_t seq)
{
	size_t i = 0;

	while (i < carry->span_count &&
	       (carry->spans[i].epoch_no < epoch_no ||
		(carry->spans[i].epoch_no == epoch_no && carry->spans[i].last + 1 < seq)))
		i++;
	return i;
}

static void join_next(struct carry *carry, size_t i)
{
	struct span *span = &carry->spans[i];

	if (i + 1 >= carry->span_count || span[1].epoch_no != span[0].epoch_no ||
	    span[1].first > span[0].last + 1)
		return;
	span[0].last = span[1].last;
	carry->span_count--;
	memmove(span + 1, span + 2, (carry->span_count - i - 1) * sizeof(*span));
}

static void add_to_spans(struct carry *carry, uint64_t epoch_no, uint64_t seq)
{
	size_t i = find_span(carry, epoch_no, seq);
	struct span *span = &carry->spans[i];

	if (i < carry->span_count && span->epoch_no == epoch_no && seq + 1 >= span->first) {
		if (seq < span->first)
			span->first = seq;
		if (seq > span->last)
			span->last = seq;
		join_next(carry, i);
	} else if (carry->span_count < CARRY_SPANS) {
		memmove(span + 1, span, (carry->span_count - i) * sizeof(*span));
		*span = (struct span){.epoch_no = epoch_no, .first = seq, .last = seq};
		carry->span_count++;
	}
}

static bool is_alert(const char *name)
{
	const struct event_type *type = event_type_by_name(name);

	return type && type->severity >= SEVERITY_MAJOR;
}

static int carry_event(struct journal *journal, const char *epoch, const struct db_row *found)
{
	struct db_row row = *found;
	uint64_t no;
	int err = epoch_here(journal, epoch, position_epoch(row.position), &no);

	if (err < 0)
		return err;
	if (no == 0) {
		journal->carry.partial = true;
		return 0;
	}
	row.position = position_of(no, position_seq(row.position));
	row.shelf = journal_shelf(row.type);
	err = db_put_event(&journal->db, &row);
	if (err == -EEXIST)
		return 0;
	if (err == 0 && is_alert(row.type) && row.position > journal->streams[STREAM_EVENTS].mark)
		err = db_put_alert(&journal->db, row.position, row.shelf);
	journal->unchecked_bytes += row.payload_bytes;
	journal->carry.events++;
	add_to_spans(&journal->carry, no, position_seq(row.position));
	return err;
}

static void found_event(void *data, const char *epoch, const struct db_row *row)
{
	struct journal *journal = data;
	struct carry *carry = &journal->carry;

	carry->found = true;
	if (carry->err == 0 && row->position > carry->after)
		carry->err = carry_event(journal, epoch, row);
}

static void found_marks(void *data, uint64_t events, uint64_t alerts)
{
	(void)data, (void)events, (void)alerts;
}

/* ---- a file -------------------------------------------------------------------------- */

void journal_carry_stop(struct journal *journal)
{
	raw_close(journal->carry.raw);
	journal->carry.raw = NULL;
}

uint64_t journal_carry_pause(struct journal *journal)
{
	uint64_t page = journal->carry.raw ? raw_tell(journal->carry.raw) : NOT_CARRYING;

	journal_carry_stop(journal);
	return page;
}

void journal_carry_resume(struct journal *journal, uint64_t page)
{
	struct carry *carry = &journal->carry;

	if (page == NOT_CARRYING)
		return;
	if (raw_open(carry->path, &carry->raw) == 0)
		raw_seek(carry->raw, page);
	else
		files_carried(journal, carry, false);
}

static void take_mark(struct journal *journal, uint64_t mark)
{
	struct stream *events = &journal->streams[STREAM_EVENTS];

	if (mark <= events->mark || position_epoch(mark) >= journal->epoch_no)
		return;
	events->mark = mark;
	events->offered = mark;
	journal->marks_dirty = true;
	journal->marks_due_ns = clock_mono_ns();
}

static void new_epoch(struct journal *journal, uint64_t no)
{
	journal->epoch_no = no;
	journal->epoch_unwritten = true;
	journal->head = (struct event_head){0};
	files_random_id(journal->head.epoch);
}

/* The next file to carry over from. false: there is none. */
static bool next_file(struct journal *journal)
{
	struct carry *carry = &journal->carry;

	*carry = (struct carry){.floor = position_epoch(journal->streams[STREAM_EVENTS].mark)};
	if (!files_next_to_carry(journal, carry))
		return false;
	if (raw_open(carry->path, &carry->raw) < 0) {
		log_warnx("%s cannot be read, its events are not carried over", carry->path);
		files_carried(journal, carry, false);
		return next_file(journal);
	}
	log_info("carrying over the events of %s", carry->path);
	return true;
}

static void start_file(struct journal *journal, const struct peek *peek)
{
	struct carry *carry = &journal->carry;
	uint64_t mark = peek->mark > carry->mark_hint ? peek->mark : carry->mark_hint;

	if (carry->kind == CARRY_FALLBACK)
		return;
	take_mark(journal, mark);
	if (carry->kind == CARRY_READ_ONLY)
		carry->after = mark;
}

void journal_begin_file(struct journal *journal)
{
	struct db *db = &journal->db;
	uint64_t top = db->epoch_count ? db->epochs[db->epoch_count - 1].no : 0;
	struct peek peek = {.known = true};

	journal->alerts_before += journal->streams[STREAM_ALERTS].offered;
	journal->streams[STREAM_EVENTS].mark = db->events_mark;
	journal->streams[STREAM_ALERTS].mark = db->alerts_mark;
	journal->epoch_unwritten = false;
	journal->epoch_no = top;
	memset(journal->expiry_from, 0, sizeof(journal->expiry_from));
	journal_begin_memories(journal);
	if (next_file(journal))
		peek = peek_into(journal);
	if (journal->carry.raw && !peek.known)
		new_epoch(journal, (peek.top > top ? peek.top : top) + EPOCH_ROOM);
	else if (top == 0)
		new_epoch(journal, 1);
	if (journal->carry.raw)
		start_file(journal, &peek);
	journal_streams_reset(journal);
	journal->unchecked_bytes = SIZE_MAX / 2; /* look at the quota soon */
	if (journal->outlet.head)
		journal->outlet.head(journal->outlet.data, &journal->head);
}

static void finish_file(struct journal *journal)
{
	struct carry *carry = &journal->carry;
	char name[PATH_BYTES];

	log_info("carried over %llu events of %s", (unsigned long long)carry->events, carry->path);
	if (carry->partial)
		log_warnx("there is no room for all events of %s, the others stay there",
			  carry->path);
	if (carry->kind == CARRY_DAMAGED) {
		files_final_name(journal, carry, name);
		report_carried(journal, name);
	}
	journal_carry_stop(journal);
	files_carried(journal, carry, true);
	if (next_file(journal)) {
		struct peek peek = peek_into(journal);

		start_file(journal, &peek);
		return;
	}
	memset(journal->expiry_from, 0, sizeof(journal->expiry_from));
}

/* The fallback lies in memory: it takes as much as leaves room for what is new. */
static bool has_room(struct journal *journal)
{
	return journal->carry.kind != CARRY_READ_ONLY ||
	       db_used_bytes(&journal->db) < journal->db.quota_bytes / 2;
}

static int carry_chunk(struct journal *journal, bool *ret_more)
{
	struct raw_sink sink = {.data = journal, .event = found_event, .marks = found_marks};
	int64_t sync_ns;
	int err = journal_begin(journal);

	journal->carry.err = 0;
	if (err < 0)
		return err;
	*ret_more = raw_read(journal->carry.raw, CHUNK_PAGES, &sink);
	err = journal->carry.err;
	if (err == 0)
		err = journal_sync(journal, &sync_ns);
	if (err < 0)
		return err;
	journal->epoch_unwritten = false;
	journal->memories_unwritten = false;
	return err;
}

/* On a full disk the part of a damaged file that is safe now makes room for the rest. */
static void release(struct carry *carry, uint64_t page)
{
	int fd;

	if (carry->kind != CARRY_DAMAGED)
		return;
	fd = open(carry->path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			 (off_t)(page * DB_PAGE_BYTES));
	close(fd);
}

bool journal_carry(struct journal *journal)
{
	struct carry *carry = &journal->carry;
	struct carry before = *carry;
	uint64_t page;
	bool more;
	int err;

	if (!carry->raw)
		return false;
	page = raw_tell(carry->raw);
	if (has_room(journal)) {
		err = carry_chunk(journal, &more);
	} else {
		carry->partial = true;
		more = false;
		err = 0;
	}
	if (err < 0) {
		before.raw = carry->raw;
		*carry = before;
		raw_seek(carry->raw, page);
		if (err == -ENOSPC)
			release(carry, page);
		journal_troubled(journal, err);
		return false;
	}
	if (!more)
		finish_file(journal);
	return true;
}
