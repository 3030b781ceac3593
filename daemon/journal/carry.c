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
#include <unistd.h>

#include "journal/private.h"

#define LOG_TOKEN "journal"
#include "base/log.h"

#define CHUNK_PAGES  64
#define EPOCH_ROOM   16 /* numbers left free for epochs that are carried over */
#define NOT_CARRYING UINT64_MAX

/* ---- what the other file holds ------------------------------------------------------ */

struct peek {
	const struct db *db;
	uint64_t top; /* highest epoch number seen */
	uint64_t mark;
	bool known; /* the epochs seen are here already */
	bool any;
	uint64_t newest; /* position of the newest event seen */
	struct event_head head; /* behind it */
};

static void peek_event(void *data, const char *epoch, const struct db_row *row)
{
	struct peek *peek = data;

	if (position_epoch(row->position) > peek->top)
		peek->top = position_epoch(row->position);
	if (!db_epoch_by_id(peek->db, epoch))
		peek->known = false;
	peek->any = true;
	if (row->position <= peek->newest)
		return;
	peek->newest = row->position;
	peek->head.seq = position_seq(row->position);
	snprintf(peek->head.epoch, sizeof(peek->head.epoch), "%s", epoch);
	event_hash(row->payload, row->payload_bytes, peek->head.hash);
}

static void peek_marks(void *data, uint64_t events, uint64_t alerts)
{
	struct peek *peek = data;

	(void)alerts;
	if (events > peek->mark)
		peek->mark = events;
}

static struct peek peek_into(struct raw *raw, const struct db *db)
{
	struct peek peek = {.db = db, .known = true};
	struct raw_sink sink = {.data = &peek, .event = peek_event, .marks = peek_marks};

	raw_peek(raw, &sink);
	peek.known = peek.known && peek.any;
	if (position_epoch(peek.mark) > peek.top && position_epoch(peek.mark) < EPOCH_NO_END)
		peek.top = position_epoch(peek.mark);
	return peek;
}

/* ---- one event ---------------------------------------------------------------------- */

/* A number for an epoch that is not here yet: its own if that is free and after all that
 * is acknowledged, otherwise the next one after those in use. 0: none is left. */
static uint64_t free_epoch(const struct journal *journal, uint64_t wanted)
{
	const struct db *db = &journal->db;
	uint64_t floor = journal->carry.floor;
	uint64_t end = journal->chain.epoch_no;
	uint64_t top = floor;

	for (size_t i = 0; i < db->epoch_count; i++)
		if (db->epochs[i].no < end && db->epochs[i].no > top)
			top = db->epochs[i].no;
	if (wanted > floor && wanted < end && !db_epoch(db, position_of(wanted, 0)))
		return wanted;
	return top + 1 < end ? top + 1 : 0;
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

static int carry_event(struct journal *journal, const char *epoch, const struct db_row *found)
{
	const struct event_type *type =
		event_type_of(found->type, found->payload, found->payload_bytes);
	struct carry *carry = &journal->carry;
	struct db_row row = *found;
	uint64_t no;
	int err = epoch_here(journal, epoch, position_epoch(row.position), &no);

	if (err < 0)
		return err;
	if (no == 0) {
		carry->partial = true;
		return 0;
	}
	row.position = position_of(no, position_seq(row.position));
	row.class = type ? type->class : CLASS_EVIDENCE;
	err = db_put_event(&journal->db, &row);
	if (err == -EEXIST)
		return 0;
	if (err == 0 && type && type->severity >= SEVERITY_MAJOR &&
	    row.position > journal->feed.streams[STREAM_EVENTS].mark)
		err = db_put_alert(&journal->db, row.position, row.class);
	carry->events++;
	add_to_spans(carry, no, position_seq(row.position));
	return err;
}

static void found_event(void *data, const char *epoch, const struct db_row *row)
{
	struct journal *journal = data;
	struct carry *carry = &journal->carry;

	carry->found = true;
	if (!event_is_of(journal->origin, row->payload, row->payload_bytes)) {
		if (carry->foreign++ == 0)
			raw_whose(row->payload, row->payload_bytes, &carry->owner);
		return;
	}
	if (carry->err == 0 && row->position > carry->after)
		carry->err = carry_event(journal, epoch, row);
}

/* ---- a file ------------------------------------------------------------------------- */

static void let_go(struct carry *carry)
{
	raw_close(carry->raw);
	carry->raw = NULL;
}

void carry_stop(struct carry *carry, uint64_t mark_hint)
{
	let_go(carry);
	carry->mark_hint = mark_hint;
}

uint64_t carry_pause(struct carry *carry)
{
	uint64_t page = carry->raw ? raw_tell(carry->raw) : NOT_CARRYING;

	let_go(carry);
	return page;
}

/* It was looked at. */
static void tick_off(struct carry *carry)
{
	if (carry->kind == CARRY_DAMAGED)
		carry->asides_done = carry->number;
	else
		carry->other_done = true;
}

static int open_raw(struct carry *carry)
{
	return raw_open(carry->path, carry->kind == CARRY_DAMAGED ? RAW_ALL : RAW_COMMITTED,
			&carry->raw);
}

void carry_resume(struct carry *carry, uint64_t page)
{
	if (page == NOT_CARRYING)
		return;
	if (open_raw(carry) == 0)
		raw_seek(carry->raw, page);
	else
		tick_off(carry);
}

/* Fills in kind and path of what is to be carried over next. false: there is nothing. */
static bool find_next(struct carry *carry, const struct choice *choice)
{
	const char *other = choice_other(choice);

	carry->number =
		files_find_aside(choice_in_use(choice), false, carry->asides_done, carry->path);
	if (carry->number > 0) {
		carry->kind = CARRY_DAMAGED;
		return true;
	}
	if (carry->other_done || !other)
		return false;
	carry->kind = choice->fallen_back ? CARRY_READ_ONLY : CARRY_FALLBACK;
	snprintf(carry->path, sizeof(carry->path), "%s", other);
	return files_is_there(carry->path);
}

/* What is already acknowledged of it. */
static void take_mark(struct journal *journal, const struct peek *peek)
{
	struct carry *carry = &journal->carry;
	uint64_t mark = peek->mark;

	if (carry->kind == CARRY_FALLBACK)
		return;
	if (carry->kind == CARRY_DAMAGED) {
		if (mark < carry->mark_hint)
			mark = carry->mark_hint;
		carry->mark_hint = 0;
	}
	if (position_epoch(mark) < journal->chain.epoch_no)
		feed_raise_mark(&journal->feed, mark);
	if (carry->kind == CARRY_READ_ONLY)
		carry->after = mark;
}

/* Opens what is to be carried over next, and looks into it. false: there is nothing (more). */
static bool open_next(struct journal *journal, struct peek *ret_peek)
{
	uint64_t mark = journal->feed.streams[STREAM_EVENTS].mark;
	struct carry *carry = &journal->carry;

	for (;;) {
		*carry = (struct carry){
			.asides_done = carry->asides_done,
			.other_done = carry->other_done,
			.mark_hint = carry->mark_hint,
			.floor = position_epoch(mark),
		};
		if (!find_next(carry, &journal->choice))
			return false;
		if (open_raw(carry) == 0)
			break;
		log_warnx("%s cannot be read, its events are not carried over", carry->path);
		tick_off(carry);
	}
	log_info("carrying over the events of %s", carry->path);
	*ret_peek = peek_into(carry->raw, &journal->db);
	return true;
}

void journal_begin_carry(struct journal *journal)
{
	struct carry *carry = &journal->carry;
	struct chain *chain = &journal->chain;
	uint64_t top = chain->epoch_no;
	struct peek peek = {.known = true};

	carry->asides_done = 0;
	carry->other_done = false;
	if (open_next(journal, &peek) && !peek.known)
		chain_begin_epoch(chain, (peek.top > top ? peek.top : top) + EPOCH_ROOM);
	else if (top == 0 || chain->broken)
		chain_begin_epoch(chain, top + 1);
	chain_follow(chain, &peek.head);
	if (carry->raw)
		take_mark(journal, &peek);
}

/* All that can be read of the other file is here. ret_name: under which it stays, if it does. */
static void put_away(const struct carry *carry, const char *in_use, char ret_name[PATH_BYTES])
{
	snprintf(ret_name, PATH_BYTES, "%s", carry->path);
	if (carry->partial || carry->kind == CARRY_READ_ONLY)
		return;
	if (carry->kind == CARRY_DAMAGED) {
		files_final_name(in_use, carry->number, ret_name);
		files_keep_aside(in_use, carry->number);
	} else if (carry->foreign > 0) {
		(void)files_set_foreign(carry->path, ret_name);
	} else if (carry->found) {
		files_remove(carry->path);
	} else if (files_set_aside(carry->path, ret_name) == 0) {
		log_warnx("%s holds no events, it was renamed", carry->path);
	}
}

static void finish_file(struct journal *journal)
{
	struct carry *carry = &journal->carry;
	char name[PATH_BYTES];
	struct peek peek;

	log_info("carried over %llu events of %s", (unsigned long long)carry->events, carry->path);
	if (carry->partial)
		log_warnx("there is no room for all events of %s, the others stay there",
			  carry->path);
	let_go(carry);
	tick_off(carry);
	put_away(carry, choice_in_use(&journal->choice), name);
	if (carry->kind == CARRY_DAMAGED)
		report_carried(journal, name);
	if (carry->foreign > 0)
		report_foreign(journal, name, &carry->owner);
	if (open_next(journal, &peek))
		take_mark(journal, &peek);
}

/* ---- a step ------------------------------------------------------------------------- */

/* The fallback lies in memory: it takes as much as leaves room for what is new. */
static bool has_room(struct journal *journal)
{
	return journal->carry.kind != CARRY_READ_ONLY ||
	       db_used_bytes(&journal->db) < journal->db.quota_bytes / 2;
}

static int carry_chunk(struct journal *journal, bool *ret_more)
{
	struct raw_sink sink = {.data = journal, .event = found_event};
	struct carry *carry = &journal->carry;

	carry->err = journal_begin(journal);
	if (carry->err == 0)
		*ret_more = raw_read(carry->raw, CHUNK_PAGES, &sink);
	return journal_end(journal, carry->err, &journal->chain.head);
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
	for (; carry->released < page; carry->released++)
		if (raw_is_tree(carry->raw, carry->released))
			(void)!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					 (off_t)(carry->released * DB_PAGE_BYTES), DB_PAGE_BYTES);
	close(fd);
}

static int try_chunk(struct journal *journal, bool *ret_more)
{
	struct carry *carry = &journal->carry;
	struct carry before = *carry;
	uint64_t page = raw_tell(carry->raw);
	int err = carry_chunk(journal, ret_more);

	if (err == 0)
		return 0;
	*carry = before;
	raw_seek(carry->raw, page);
	if (err == -ENOSPC)
		release(carry, page);
	return err;
}

int journal_carry(struct journal *journal)
{
	bool more = false;
	int err = 0;

	if (!journal->carry.raw)
		return 0;
	if (has_room(journal))
		err = try_chunk(journal, &more);
	else
		journal->carry.partial = true;
	if (err < 0)
		return err;
	if (!more)
		finish_file(journal);
	return 1;
}
