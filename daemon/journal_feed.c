#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "journal_private.h"

#define FEED_ROWS  1024 /* offered before other work gets its turn */
#define LATE_NS	   (2 * NS_PER_S) /* an event this long in the journal is no news */
#define ALERTS_MAX 32

struct feed {
	struct journal *journal;
	enum outlet_stream stream;
	uint64_t id; /* of the alert */
	int64_t now_ns;
	unsigned budget;
	int err; /* the file contradicts itself */
	bool damaged;
	struct db_row row; /* the damaged one, without its bytes */
};

void journal_acked(struct journal *journal, enum outlet_stream stream, uint64_t position)
{
	struct stream *s = &journal->streams[stream];
	uint64_t before = stream == STREAM_ALERTS ? journal->alerts_before : 0;

	if (position <= before) /* of another file, whose alerts had the same numbers */
		return;
	position -= before;
	if (position <= s->mark || position > s->offered)
		return;
	s->mark = position;
	if (!journal->marks_dirty)
		journal->marks_due_ns = clock_mono_ns() + MARKS_DELAY_NS;
	journal->marks_dirty = true;
}

void journal_streams_reset(struct journal *journal)
{
	int i;

	for (i = 0; i < STREAM_COUNT; i++) {
		journal->streams[i].offered = journal->streams[i].mark;
		journal->streams[i].stopped = false;
	}
	journal->rewound = db_last(&journal->db);
}

void journal_rewind(struct journal *journal, uint32_t session)
{
	journal->session = session;
	journal_streams_reset(journal);
	journal->outlet.head(journal->outlet.data, &journal->head);
}

uint64_t journal_backlog(const struct journal *journal)
{
	uint64_t mark = journal->streams[STREAM_EVENTS].mark;
	uint64_t backlog = 0;
	size_t i;

	for (i = 0; i < journal->db.epoch_count; i++) {
		const struct db_epoch *epoch = &journal->db.epochs[i];

		if (position_of(epoch->no, epoch->last) <= mark)
			continue;
		backlog += epoch->last;
		if (position_epoch(mark) == epoch->no)
			backlog -= position_seq(mark);
	}
	return backlog;
}

/* Since its connection was made, or within the last moments: news. */
static bool is_late(const struct feed *feed, uint64_t position)
{
	const struct journal *journal = feed->journal;
	int newer = position > journal->age[0].head ? 0 : 1;

	if (position <= journal->rewound || position <= journal->age[1].head ||
	    position_epoch(position) < journal->epoch_no)
		return true;
	return feed->now_ns - journal->age[newer].at_ns > LATE_NS;
}

/* The bytes of an event vouch for themselves; what lies beside them in the file does not. */
static bool contradicts(struct feed *feed, const struct db_row *row, const struct db_epoch *epoch)
{
	struct db *db = &feed->journal->db;

	if (epoch && raw_agrees(row, epoch->id))
		return false;
	snprintf(db->why, sizeof(db->why), "an event is not what its row says");
	feed->err = -EUCLEAN;
	return true;
}

static bool offer(struct feed *feed, const struct db_row *row, uint64_t id, uint64_t position)
{
	struct journal *journal = feed->journal;
	struct stream *stream = &journal->streams[feed->stream];
	const struct db_epoch *epoch = db_epoch(&journal->db, row->position);
	struct outlet_record record = {
		.position = position,
		.seq = position_seq(row->position),
		.type = row->type,
		.payload = row->payload,
		.payload_bytes = row->payload_bytes,
		.late = is_late(feed, row->position),
		.session = journal->session,
	};

	if (epoch && record.late && !db_row_is_whole(row)) {
		feed->damaged = true;
		feed->row = *row;
		return false;
	}
	if ((!epoch || record.late) && contradicts(feed, row, epoch))
		return false;
	memcpy(record.epoch, epoch->id, sizeof(record.epoch));
	if (!journal->outlet.offer(journal->outlet.data, feed->stream, &record)) {
		stream->stopped = true;
		return false;
	}
	stream->offered = id;
	return --feed->budget > 0;
}

static bool offer_event(void *data, const struct db_row *row)
{
	return offer(data, row, row->position, row->position);
}

static bool offer_alert(void *data, const struct db_row *row)
{
	struct feed *feed = data;

	return offer(feed, row, feed->id, feed->journal->alerts_before + feed->id);
}

static int feed_events(struct feed *feed)
{
	struct journal *journal = feed->journal;
	struct stream *stream = &journal->streams[STREAM_EVENTS];
	int err = db_each(&journal->db, ALL_SHELVES, stream->offered, offer_event, feed);

	if (err == 0)
		err = feed->err;
	if (err == 0 && feed->budget > 0 && !stream->stopped && !feed->damaged)
		stream->offered = db_last(&journal->db);
	return err;
}

/* An alert whose event is no longer there was acknowledged as an event, or has a tombstone. */
static int feed_alerts(struct feed *feed)
{
	struct journal *journal = feed->journal;
	struct stream *stream = &journal->streams[STREAM_ALERTS];
	struct db_alert alerts[ALERTS_MAX];
	size_t count, i;
	int err = db_alerts(&journal->db, stream->offered, alerts, ALERTS_MAX, &count);

	if (err == 0 && count == 0) /* the last ones were dropped */
		stream->offered = journal->db.next_alert - 1;
	for (i = 0; err == 0 && i < count && !stream->stopped && !feed->damaged; i++) {
		feed->id = alerts[i].id;
		err = db_at(&journal->db, alerts[i].shelf, alerts[i].position, offer_alert, feed);
		if (err == -ENOENT) {
			stream->offered = feed->id;
			err = 0;
		}
		if (err == 0)
			err = feed->err;
	}
	return err;
}

static bool behind(const struct journal *journal, enum outlet_stream stream)
{
	const struct stream *s = &journal->streams[stream];

	if (s->stopped)
		return false;
	if (stream == STREAM_ALERTS)
		return s->offered + 1 < journal->db.next_alert;
	/* What is being carried over comes before what is new. */
	return !journal->carry.raw && s->offered < db_last(&journal->db);
}

static void feed_stream(struct journal *journal, enum outlet_stream stream)
{
	struct feed feed = {
		.journal = journal,
		.stream = stream,
		.budget = FEED_ROWS,
		.now_ns = clock_mono_ns(),
	};
	int err;

	if (!behind(journal, stream))
		return;
	err = stream == STREAM_ALERTS ? feed_alerts(&feed) : feed_events(&feed);
	if (err == 0 && feed.damaged)
		err = journal_give_up(journal, &feed.row);
	if (err < 0)
		journal_troubled(journal, err);
}

bool journal_feed(struct journal *journal)
{
	if (!journal->outlet.offer)
		return false;
	feed_stream(journal, STREAM_ALERTS);
	feed_stream(journal, STREAM_EVENTS);
	return behind(journal, STREAM_ALERTS) || behind(journal, STREAM_EVENTS);
}
