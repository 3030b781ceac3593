/* Events and alerts to the outlet: watermarks, and committed events offered in order. */
#include <errno.h>
#include <string.h>

#include "journal/private.h"

#define LOG_TOKEN "journal"
#include "base/log.h"

#define FEED_ROWS  1024 /* offered before other work gets its turn */
#define LATE_NS	   (2 * NS_PER_S) /* an event this long in the journal is no news */
#define ALERTS_MAX 32

/* ---- watermarks --------------------------------------------------------------------- */

static void begin_streams(struct feed *feed, const struct db *db)
{
	for (int i = 0; i < STREAM_COUNT; i++) {
		feed->streams[i].offered = feed->streams[i].mark;
		feed->streams[i].stopped = false;
	}
	feed->backlog_until = db_last(db);
}

void feed_begin_file(struct feed *feed, const struct db *db)
{
	feed->alerts_before += feed->streams[STREAM_ALERTS].offered;
	feed->streams[STREAM_EVENTS].mark = db->events_mark;
	feed->streams[STREAM_ALERTS].mark = db->alerts_mark;
	begin_streams(feed, db);
}

void feed_raise_mark(struct feed *feed, uint64_t position)
{
	struct stream *events = &feed->streams[STREAM_EVENTS];

	if (position <= events->mark)
		return;
	events->mark = position;
	events->offered = position;
	feed->marks_dirty = true;
	feed_hurry_marks(feed);
}

/* Positions up to here are of another file, whose alerts had the same numbers. */
static uint64_t before(const struct feed *feed, enum outlet_stream stream)
{
	return stream == STREAM_ALERTS ? feed->alerts_before : 0;
}

static void ack(struct feed *feed, enum outlet_stream stream, uint64_t position)
{
	struct stream *s = &feed->streams[stream];
	int64_t now_ns = clock_mono_ns();

	if (position <= before(feed, stream))
		return;
	position -= before(feed, stream);
	if (position <= s->mark || position > s->offered)
		return;
	s->mark = position;
	if (!feed->marks_dirty)
		feed->marks_since_ns = now_ns;
	feed->marks_dirty = true;
	feed->marks_due_ns =
		earlier_ns(feed->marks_since_ns + MARKS_MOST_NS, now_ns + MARKS_IDLE_NS);
}

void feed_rewind(struct feed *feed, const struct db *db, uint32_t session)
{
	feed->session = session;
	begin_streams(feed, db);
}

void feed_pull(struct feed *feed)
{
	for (int i = 0; i < STREAM_COUNT; i++)
		feed->streams[i].stopped = false;
}

int feed_put_marks(const struct feed *feed, struct db *db)
{
	return db_put_marks(db, feed->streams[STREAM_EVENTS].mark,
			    feed->streams[STREAM_ALERTS].mark);
}

void feed_marks_written(struct feed *feed)
{
	feed->marks_dirty = false;
}

void feed_hurry_marks(struct feed *feed)
{
	feed->marks_since_ns = feed->marks_due_ns = 0;
}

uint64_t feed_backlog(const struct feed *feed, const struct db *db)
{
	uint64_t mark = feed->streams[STREAM_EVENTS].mark;
	uint64_t backlog = 0;

	for (size_t i = 0; i < db->epoch_count; i++) {
		const struct db_epoch *epoch = &db->epochs[i];

		if (position_of(epoch->no, epoch->last) <= mark)
			continue;
		backlog += epoch->last;
		if (position_epoch(mark) == epoch->no)
			backlog -= position_seq(mark);
	}
	return backlog;
}

void journal_take_acks(struct journal *journal)
{
	uint64_t acked[STREAM_COUNT];

	door_take_acks(&journal->door, acked);
	ack(&journal->feed, STREAM_EVENTS, acked[STREAM_EVENTS]);
	ack(&journal->feed, STREAM_ALERTS, acked[STREAM_ALERTS]);
	if (acked[STREAM_REPLAY] > 0)
		journal_ack_replay(journal, acked[STREAM_REPLAY]);
}

/* ---- offering ----------------------------------------------------------------------- */

/* Rows on their way to the outlet. */
struct offering {
	struct journal *journal;
	enum outlet_stream stream;
	struct stream *to;
	uint64_t alert_id; /* 0: of an event */
	int64_t recent_ns; /* what was committed before is late */
	unsigned budget;
	int err; /* the file contradicts itself */
	bool damaged;
	struct db_row row; /* the damaged one, without its bytes */
};

/* The bytes of an event vouch for themselves; what lies beside them in the file does not. */
static bool check_bytes(struct offering *offering, const struct db_row *row,
			const struct db_epoch *epoch)
{
	if (epoch && !db_row_is_whole(row)) {
		offering->damaged = true;
		offering->row = *row;
		return false;
	}
	if (epoch && raw_agrees(row, epoch->id))
		return true;
	offering->err = db_unclean(&offering->journal->db, "an event is not what its row says");
	return false;
}

static bool offer(void *data, const struct db_row *row)
{
	struct offering *offering = data;
	struct journal *journal = offering->journal;
	const struct feed *feed = &journal->feed;
	const struct db_epoch *epoch = db_epoch(&journal->db, row->position);
	uint64_t id = offering->alert_id > 0 ? offering->alert_id : row->position;
	struct outlet_record record = {
		.position = before(feed, offering->stream) + id,
		.seq = position_seq(row->position),
		.type = row->type,
		.payload = row->payload,
		.payload_bytes = row->payload_bytes,
		.session = feed->session,
		.late = row->position <= feed->backlog_until ||
			!chain_is_recent(&journal->chain, row->position, offering->recent_ns),
	};

	if ((!epoch || record.late) && !check_bytes(offering, row, epoch))
		return false;
	memcpy(record.epoch, epoch->id, sizeof(record.epoch));
	if (!journal->outlet.offer(journal->outlet.data, offering->stream, &record)) {
		offering->to->stopped = true;
		return false;
	}
	offering->to->offered = id;
	return --offering->budget > 0;
}

static int offer_events(struct offering *offering)
{
	struct db *db = &offering->journal->db;
	struct stream *to = offering->to;
	int err = db_each(db, ALL_CLASSES, to->offered, offer, offering);

	if (err == 0)
		err = offering->err;
	if (err == 0 && offering->budget > 0 && !to->stopped && !offering->damaged)
		to->offered = db_last(db);
	return err;
}

/* An alert whose event is no longer there was acknowledged as an event, or has a tombstone. */
static int offer_alerts(struct offering *offering)
{
	struct db *db = &offering->journal->db;
	struct stream *to = offering->to;
	struct db_alert alerts[ALERTS_MAX];
	size_t count;
	int err = db_alerts(db, to->offered, alerts, ALERTS_MAX, &count);

	if (err == 0 && count == 0) /* the last ones were dropped */
		to->offered = db->next_alert - 1;
	for (size_t i = 0; err == 0 && i < count && !to->stopped && !offering->damaged; i++) {
		offering->alert_id = alerts[i].id;
		err = db_at(db, alerts[i].class, alerts[i].position, offer, offering);
		if (err == -ENOENT) {
			to->offered = offering->alert_id;
			err = 0;
		}
		if (err == 0)
			err = offering->err;
	}
	return err;
}

/* An event that was altered on the disk goes, and a tombstone names it. */
static int give_up(struct journal *journal, const struct db_row *row)
{
	struct event_head head = journal->chain.head;
	struct instant now = clock_now();
	struct gap gap = {
		.epoch_no = position_epoch(row->position),
		.first = position_seq(row->position),
		.last = position_seq(row->position),
		.events = 1,
	};
	int err = journal_begin(journal);

	log_warnx("event %llu was altered on the disk and is given up",
		  (unsigned long long)gap.first);
	if (err == 0)
		err = db_drop(&journal->db, row->class, row->position, row->position);
	if (err == 0)
		err = tiles_keep(&journal->chain.growing, &journal->db, journal->chain.epoch_no,
				 row->position);
	if (err == 0)
		err = report_evicted(journal, &head, GAP_DAMAGED, row->class, &gap, 1, &now);
	err = journal_end(journal, err, &head);
	if (err == 0)
		door_count(&journal->door, &(struct journal_counters){.evicted = 1});
	return err;
}

static bool is_behind(const struct journal *journal, enum outlet_stream stream)
{
	const struct stream *s = &journal->feed.streams[stream];

	if (s->stopped)
		return false;
	if (stream == STREAM_ALERTS)
		return s->offered + 1 < journal->db.next_alert;
	/* What is being carried over comes before what is new. */
	return !journal->carry.raw && s->offered < db_last(&journal->db);
}

static int feed_stream(struct journal *journal, enum outlet_stream stream)
{
	struct offering offering = {
		.journal = journal,
		.stream = stream,
		.to = &journal->feed.streams[stream],
		.budget = FEED_ROWS,
		.recent_ns = clock_mono_ns() - LATE_NS,
	};
	int err;

	if (!is_behind(journal, stream))
		return 0;
	err = stream == STREAM_ALERTS ? offer_alerts(&offering) : offer_events(&offering);
	return err == 0 && offering.damaged ? give_up(journal, &offering.row) : err;
}

int journal_feed(struct journal *journal)
{
	int err = 0;

	if (!journal->outlet.offer || journal->retell.epoch_no > 0)
		return 0;
	err = feed_stream(journal, STREAM_ALERTS);
	if (err == 0)
		err = feed_stream(journal, STREAM_EVENTS);
	if (err < 0)
		return err;
	return is_behind(journal, STREAM_ALERTS) || is_behind(journal, STREAM_EVENTS);
}
