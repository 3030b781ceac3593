/* Events whose numbers were taken: told anew, in another epoch.
 *
 * A journal that was turned back and found out by the broker alone has written events meanwhile,
 * with numbers that the broker knows of other events. Those that were never acknowledged are moved
 * into the new epoch as they are: what happened, when, and when it was recorded; only epoch, number
 * and prev are new. Until that is done nothing is offered. If it is cut off, the broker says
 * again what it knows, and the rest is moved.
 */
#include <string.h>

#include "journal/private.h"

#define LOG_TOKEN "journal"
#include "base/log.h"

#define STEP_ROWS 256

struct moving {
	struct journal *journal;
	struct event_head head; /* behind what was moved */
	uint64_t low, high; /* positions that were moved */
	unsigned rows;
	int err;
};

void journal_retell(struct journal *journal, uint64_t epoch_no)
{
	journal->retell = (struct retell){.epoch_no = epoch_no};
	journal->feed.streams[STREAM_EVENTS].offered = journal->feed.streams[STREAM_EVENTS].mark;
}

/* The members behind those that the journal itself gave. NULL: there are none. */
static const char *body_of(const struct db_row *row, size_t *ret_bytes)
{
	static const char recorded[] = ",\"recorded\":{";
	const char *end = row->payload + row->payload_bytes;
	const char *at = memmem(row->payload, row->payload_bytes, recorded, strlen(recorded));
	const char *closed = at ? memchr(at, '}', (size_t)(end - at)) : NULL;

	if (!closed || end - closed < 3)
		return NULL;
	*ret_bytes = (size_t)(end - closed) - 3; /* "},", and the last brace */
	return closed + 2;
}

static int move(struct moving *moving, const struct db_row *row)
{
	struct journal *journal = moving->journal;
	struct event_origin origin = *journal->origin;
	struct event_draft draft = {
		.type = event_type_of(row->type, row->payload, row->payload_bytes)};
	struct instant recorded;
	char boot[RAW_BOOT_BYTES];

	draft.body = body_of(row, &draft.body_bytes);
	if (!draft.type || !draft.body || !db_row_is_whole(row) ||
	    !raw_recorded(row->payload, row->payload_bytes, boot, &recorded)) {
		log_warnx("event %llu cannot be told anew and is given up",
			  (unsigned long long)position_seq(row->position));
		return 0;
	}
	origin.boot = boot;
	return journal_put_of(journal, &moving->head, &origin, &draft, &recorded);
}

static bool move_row(void *data, const struct db_row *row)
{
	struct moving *moving = data;

	if (position_epoch(row->position) != moving->journal->retell.epoch_no ||
	    moving->rows == STEP_ROWS)
		return false;
	moving->err = move(moving, row);
	if (moving->err < 0)
		return false;
	if (moving->rows++ == 0)
		moving->low = row->position;
	moving->high = row->position;
	return true;
}

static int drop_moved(const struct moving *moving)
{
	int err = 0;

	for (enum event_class c = 0; err == 0 && moving->rows > 0 && c < CLASSES; c++)
		err = db_drop(&moving->journal->db, c, moving->low, moving->high);
	return err;
}

int journal_retell_step(struct journal *journal)
{
	uint64_t mark = journal->feed.streams[STREAM_EVENTS].mark;
	struct retell *retell = &journal->retell;
	uint64_t start = position_of(retell->epoch_no, 0);
	struct moving moving = {.journal = journal, .head = journal->chain.head};
	int err;

	if (retell->epoch_no == 0)
		return 0;
	err = journal_begin(journal);
	if (err == 0)
		err = db_each(&journal->db, ALL_CLASSES, mark > start ? mark : start, move_row,
			      &moving);
	if (err == 0)
		err = moving.err;
	if (err == 0)
		err = drop_moved(&moving);
	err = journal_end(journal, err, &moving.head);
	if (err < 0)
		return err;
	retell->events += moving.rows;
	if (moving.rows == STEP_ROWS)
		return 1;
	log_info("%llu events are told anew", (unsigned long long)retell->events);
	retell->epoch_no = 0;
	journal->db.stale = true; /* where that epoch ends now */
	return 1;
}
