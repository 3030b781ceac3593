/* What the journal has to say of itself, as events. */
#include "journal/private.h"

#define LOG_TOKEN "journal"
#include "base/log.h"

#define SPANS_TOLD  12 /* what a body has room for */
#define EPOCHS_TOLD 8

struct report {
	struct jw json;
	char body[EVENT_BODY_BYTES];
};

static struct jw *start(struct report *report, int64_t occurred_mono_ns, const struct instant *now)
{
	event_body_start(&report->json, report->body, sizeof(report->body), NULL, NULL,
			 occurred_mono_ns, now);
	return &report->json;
}

static void finish(struct report *report, enum event_id id, struct event_draft *draft)
{
	jw_close(&report->json); /* "observed" */
	draft->type = event_type(id);
	draft->body = report->body;
	draft->body_bytes = report->json.bytes;
}

/* Goes out before what waits in the batch. */
static void queue(struct journal *journal, enum event_id id, struct report *report)
{
	struct event_draft draft = {0};

	finish(report, id, &draft);
	if (!jw_ok(&report->json) || !drafts_put(&journal->reports, &draft))
		log_error(0, "no room for the event \"%s\"", draft.type->name);
}

static const char *epoch_id(const struct journal *journal, uint64_t no)
{
	const struct db_epoch *epoch = db_epoch(&journal->db, position_of(no, 0));

	if (epoch)
		return epoch->id;
	return no == journal->chain.epoch_no ? journal->chain.head.epoch : NULL;
}

void report_written(struct journal *journal)
{
	struct event_draft draft;
	size_t at = 0;

	while (drafts_next(&journal->reports, &at, &draft))
		memories_take(&journal->memories, &draft);
	drafts_clear(&journal->reports);
}

void report_set_aside(struct journal *journal, const char *file, const char *why)
{
	struct instant now = clock_now();
	struct report report;
	struct jw *json = start(&report, now.mono_ns, &now);

	jw_open(json, "observed");
	jw_text(json, "file", files_base_name(file));
	jw_text(json, "why", why);
	queue(journal, EVENT_JOURNAL_SET_ASIDE, &report);
}

static void put_span(struct jw *json, const char *epoch, uint64_t first, uint64_t last)
{
	jw_open(json, NULL);
	jw_text(json, "epoch", epoch);
	jw_uint(json, "first", first);
	jw_uint(json, "last", last);
	jw_close(json);
}

/* How far the epoch had come, 0: not known. */
static uint64_t known_end(const struct journal *journal, uint64_t epoch_no)
{
	const struct follows *follows = &journal->chain.follows;
	const char *id = epoch_id(journal, epoch_no);

	for (size_t i = 0; id && i < follows->count; i++)
		if (strcmp(follows->head[i].epoch, id) == 0)
			return follows->head[i].seq;
	return 0;
}

/* Numbers behind a span: up to the next one of its epoch, or to the epoch's end. They are lost, or
 * were removed before. */
static void put_missing(struct jw *json, const struct journal *journal, size_t told)
{
	const struct carry *carry = &journal->carry;

	jw_open_array(json, "missing");
	for (size_t i = 0; i < told; i++) {
		const struct span *span = &carry->spans[i];
		bool is_last = i + 1 == carry->span_count || span[1].epoch_no != span->epoch_no;
		uint64_t end = is_last ? known_end(journal, span->epoch_no) : span[1].first - 1;

		if (end > span->last)
			put_span(json, epoch_id(journal, span->epoch_no), span->last + 1, end);
	}
	jw_close_array(json);
}

void report_carried(struct journal *journal, const char *file)
{
	const struct carry *carry = &journal->carry;
	size_t told = carry->span_count < SPANS_TOLD ? carry->span_count : SPANS_TOLD;
	struct instant now = clock_now();
	struct report report;
	struct jw *json = start(&report, now.mono_ns, &now);

	jw_open(json, "observed");
	jw_text(json, "file", files_base_name(file));
	jw_uint(json, "events", carry->events);
	jw_open_array(json, "carried_over");
	for (size_t i = 0; i < told; i++)
		put_span(json, epoch_id(journal, carry->spans[i].epoch_no), carry->spans[i].first,
			 carry->spans[i].last);
	jw_close_array(json);
	put_missing(json, journal, told);
	jw_bool(json, "abridged", told < carry->span_count || carry->span_count == CARRY_SPANS);
	queue(journal, EVENT_JOURNAL_SET_ASIDE, &report);
}

void report_volatile(struct journal *journal, const char *why)
{
	struct instant now = clock_now();
	struct report report;
	struct jw *json = start(&report, now.mono_ns, &now);

	jw_open(json, "observed");
	jw_text(json, "path", journal->choice.path);
	jw_text(json, "fallback", journal->choice.fallback);
	jw_text(json, "why", why);
	queue(journal, EVENT_JOURNAL_VOLATILE, &report);
}

static void put_head(struct jw *json, const char *key, const struct event_head *head)
{
	char hash[EVENT_HEX_BYTES];

	event_hex(head->hash, hash);
	jw_open(json, key);
	jw_text(json, "epoch", head->epoch[0] ? head->epoch : NULL);
	jw_uint(json, "seq", head->seq);
	jw_text(json, "hash", hash);
	jw_close(json);
}

void report_foreign(struct journal *journal, const char *file, const struct raw_owner *owner)
{
	struct instant now = clock_now();
	struct report report;
	struct jw *json = start(&report, now.mono_ns, &now);

	jw_open(json, "observed");
	jw_text(json, "of", file ? "gateway" : "machine");
	jw_text(json, "file", file ? files_base_name(file) : NULL);
	jw_text(json, "checkpoint", file ? owner->checkpoint : journal->origin->checkpoint);
	jw_text(json, "gateway", file ? owner->gateway : journal->origin->gateway);
	queue(journal, EVENT_JOURNAL_FOREIGN, &report);
}

void report_rolled_back(struct journal *journal, const char *by, const struct event_head *witness,
			const struct event_head *found)
{
	struct instant now = clock_now();
	struct report report;
	struct jw *json = start(&report, now.mono_ns, &now);

	jw_open(json, "observed");
	jw_text(json, "by", by);
	put_head(json, "witness", witness);
	put_head(json, "found", found);
	queue(journal, EVENT_JOURNAL_ROLLED_BACK, &report);
}

void report_lost(struct journal *journal, const uint64_t lost[CLASSES])
{
	struct instant now = clock_now();
	struct report report;
	struct jw *json = start(&report, now.mono_ns, &now);
	uint64_t events = 0;

	for (enum event_class c = 0; c < CLASSES; c++)
		events += lost[c];
	jw_open(json, "observed");
	jw_uint(json, "events", events);
	for (enum event_class c = 0; c < CLASSES; c++)
		jw_uint(json, event_class_name(c), lost[c]);
	queue(journal, EVENT_JOURNAL_LOST, &report);
}

int report_stalled(struct journal *journal, struct event_head *head, bool raised,
		   const struct instant *now)
{
	const struct stall *stall = &journal->stall;
	struct event_draft draft = {0};
	struct report report;
	struct jw *json = start(&report, raised ? stall->since_ns : now->mono_ns, now);

	event_alarm(&draft, json, raised ? ALARM_RAISED : ALARM_CLEARED);
	jw_open(json, "observed");
	if (raised)
		jw_text(json, "why", stall->error);
	else
		jw_int(json, "stalled_ms", (now->mono_ns - stall->since_ns) / NS_PER_MS);
	finish(&report, EVENT_JOURNAL_STALLED, &draft);
	return journal_put(journal, head, &draft, now);
}

static void put_gap(struct jw *json, const struct gap *gap, bool hashed)
{
	char hex[EVENT_HEX_BYTES];

	jw_open(json, NULL);
	jw_uint(json, "first", gap->first);
	jw_uint(json, "last", gap->last);
	jw_uint(json, "events", gap->events);
	event_hex(gap->hash, hex);
	if (hashed)
		jw_text(json, "hash", hex);
	jw_close(json);
}

/* Older epochs of which nothing is left that was not delivered: their tombstones are among
 * what goes now, or went before. */
static void put_gone(struct jw *json, struct journal *journal, uint64_t epoch_no)
{
	struct db *db = &journal->db;
	uint64_t mark = journal->feed.streams[STREAM_EVENTS].mark;
	size_t told = 0;

	jw_open_array(json, "epochs_gone");
	for (size_t i = 0; i < db->epoch_count && told < EPOCHS_TOLD; i++) {
		const struct db_epoch *epoch = &db->epochs[i];

		if (epoch->no >= epoch_no || position_of(epoch->no + 1, 0) <= mark ||
		    db_has_epoch(db, epoch->no))
			continue;
		jw_text(json, NULL, epoch->id);
		told++;
	}
	jw_close_array(json);
}

int report_evicted(struct journal *journal, struct event_head *head, enum gap_reason reason,
		   enum event_class class, const struct gap *gaps, size_t count,
		   const struct instant *now)
{
	static const char *const reasons[] = {"quota", "disk-full", "damaged"};
	struct event_draft draft = {0};
	struct report report;
	struct jw *json = start(&report, now->mono_ns, now);
	uint64_t events = 0;
	int err = 0;

	for (size_t i = 0; i < count; i++)
		events += gaps[i].events;
	jw_open(json, "observed");
	jw_text(json, "reason", reasons[reason]);
	jw_text(json, "class", event_class_name(class));
	jw_text(json, "epoch", epoch_id(journal, gaps[0].epoch_no));
	jw_uint(json, "events", events);
	jw_open_array(json, "ranges");
	for (size_t i = 0; i < count; i++)
		put_gap(json, &gaps[i], reason != GAP_DAMAGED);
	jw_close_array(json);
	put_gone(json, journal, gaps[0].epoch_no);
	finish(&report, EVENT_JOURNAL_EVICTED, &draft);
	for (size_t i = 0; err == 0 && i < count; i++)
		err = db_put_evicted(&journal->db, position_of(gaps[i].epoch_no, gaps[i].first),
				     position_of(gaps[i].epoch_no, gaps[i].last));
	return err < 0 ? err : journal_put(journal, head, &draft, now);
}
