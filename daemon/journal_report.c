/* What the journal has to say of itself, as events. */
#include <string.h>

#include "journal_private.h"

#define LOG_TOKEN "journal"
#include "log.h"

#define SPANS_TOLD  12 /* what a body has room for */
#define EPOCHS_TOLD 8

static void start_body(struct json *json, char *body, int64_t occurred_mono_ns,
		       const struct instant *now)
{
	event_body_start(json, body, EVENT_BODY_BYTES, NULL, NULL, occurred_mono_ns, now);
}

static struct event_draft draft_of(enum event_id id, const struct json *json)
{
	return (struct event_draft){
		.type = event_type(id),
		.body = json->out,
		.body_bytes = json->bytes,
	};
}

/* Goes out before what waits in the batch. */
static void queue(struct journal *journal, enum event_id id, const struct json *json)
{
	struct event_draft draft = draft_of(id, json);

	if (!json_ok(json) || !drafts_put(&journal->own, &draft))
		log_error(0, "no room for the event \"%s\"", draft.type->name);
}

static const char *epoch_id(const struct journal *journal, uint64_t no)
{
	const struct db_epoch *epoch = db_epoch(&journal->db, position_of(no, 0));

	if (epoch)
		return epoch->id;
	return no == journal->epoch_no ? journal->head.epoch : NULL;
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void report_set_aside(struct journal *journal, const char *file, const char *why)
{
	char body[EVENT_BODY_BYTES];
	struct instant now = clock_now();
	struct json json;

	start_body(&json, body, now.mono_ns, &now);
	json_open(&json, "observed");
	json_text(&json, "file", file_name(file));
	json_text(&json, "why", why);
	json_close(&json);
	queue(journal, EVENT_JOURNAL_SET_ASIDE, &json);
}

static void put_span(struct json *json, const char *epoch, uint64_t first, uint64_t last)
{
	json_open(json, NULL);
	json_text(json, "epoch", epoch);
	json_uint(json, "first", first);
	json_uint(json, "last", last);
	json_close(json);
}

/* Numbers between two spans of the same epoch: lost, or removed before. */
static void put_missing(struct json *json, const struct journal *journal, size_t told)
{
	const struct span *spans = journal->carry.spans;
	size_t i;

	json_open_array(json, "missing");
	for (i = 1; i < told; i++)
		if (spans[i].epoch_no == spans[i - 1].epoch_no)
			put_span(json, epoch_id(journal, spans[i].epoch_no), spans[i - 1].last + 1,
				 spans[i].first - 1);
	json_close_array(json);
}

void report_carried(struct journal *journal, const char *file)
{
	const struct carry *carry = &journal->carry;
	size_t told = carry->span_count < SPANS_TOLD ? carry->span_count : SPANS_TOLD;
	char body[EVENT_BODY_BYTES];
	struct instant now = clock_now();
	struct json json;
	size_t i;

	start_body(&json, body, now.mono_ns, &now);
	json_open(&json, "observed");
	json_text(&json, "file", file_name(file));
	json_uint(&json, "events", carry->events);
	json_open_array(&json, "carried_over");
	for (i = 0; i < told; i++)
		put_span(&json, epoch_id(journal, carry->spans[i].epoch_no), carry->spans[i].first,
			 carry->spans[i].last);
	json_close_array(&json);
	put_missing(&json, journal, told);
	json_bool(&json, "abridged", told < carry->span_count || carry->span_count == CARRY_SPANS);
	json_close(&json);
	queue(journal, EVENT_JOURNAL_SET_ASIDE, &json);
}

void report_volatile(struct journal *journal, const char *why)
{
	char body[EVENT_BODY_BYTES];
	struct instant now = clock_now();
	struct json json;

	start_body(&json, body, now.mono_ns, &now);
	json_open(&json, "observed");
	json_text(&json, "path", journal->conf->path);
	json_text(&json, "fallback", journal->conf->fallback);
	json_text(&json, "why", why);
	json_close(&json);
	queue(journal, EVENT_JOURNAL_VOLATILE, &json);
}

int report_stalled(struct journal *journal, struct event_head *head, bool raised,
		   const struct instant *now)
{
	char body[EVENT_BODY_BYTES];
	struct event_draft draft;
	struct json json;

	start_body(&json, body, raised ? journal->stalled_ns : now->mono_ns, now);
	json_text(&json, "alarm", raised ? "raised" : "cleared");
	json_open(&json, "observed");
	if (raised)
		json_text(&json, "why", journal->stall_why);
	else
		json_int(&json, "stalled_ms", (now->mono_ns - journal->stalled_ns) / NS_PER_MS);
	json_close(&json);
	draft = draft_of(EVENT_JOURNAL_STALLED, &json);
	return journal_put(journal, head, &draft, now);
}

static void put_gap(struct json *json, const struct gap *gap, bool hashed)
{
	char hex[EVENT_HEX_BYTES];

	json_open(json, NULL);
	json_uint(json, "first", gap->first);
	json_uint(json, "last", gap->last);
	json_uint(json, "events", gap->events);
	event_hex(gap->hash, hex);
	if (hashed)
		json_text(json, "hash", hex);
	json_close(json);
}

/* Older epochs of which nothing is left that was not delivered: their tombstones are among
 * what goes now, or went before. */
static void put_gone(struct json *json, struct journal *journal, uint64_t epoch_no)
{
	struct db *db = &journal->db;
	uint64_t mark = journal->streams[STREAM_EVENTS].mark;
	size_t told = 0;
	size_t i;

	json_open_array(json, "epochs_gone");
	for (i = 0; i < db->epoch_count && told < EPOCHS_TOLD; i++) {
		const struct db_epoch *epoch = &db->epochs[i];

		if (epoch->no >= epoch_no || position_of(epoch->no + 1, 0) <= mark ||
		    db_has_epoch(db, epoch->no))
			continue;
		json_text(json, NULL, epoch->id);
		told++;
	}
	json_close_array(json);
}

int report_evicted(struct journal *journal, struct event_head *head, enum gap_reason reason,
		   enum shelf shelf, const struct gap *gaps, size_t count,
		   const struct instant *now)
{
	static const char *const reasons[] = {"quota", "disk-full", "damaged"};
	char body[EVENT_BODY_BYTES];
	struct event_draft draft;
	struct json json;
	uint64_t events = 0;
	size_t i;

	for (i = 0; i < count; i++)
		events += gaps[i].events;
	start_body(&json, body, now->mono_ns, now);
	json_open(&json, "observed");
	json_text(&json, "reason", reasons[reason]);
	json_text(&json, "class", event_class_name((enum event_class)shelf));
	json_text(&json, "epoch", epoch_id(journal, gaps[0].epoch_no));
	json_uint(&json, "events", events);
	json_open_array(&json, "ranges");
	for (i = 0; i < count; i++)
		put_gap(&json, &gaps[i], reason != GAP_DAMAGED);
	json_close_array(&json);
	put_gone(&json, journal, gaps[0].epoch_no);
	json_close(&json);
	draft = draft_of(EVENT_JOURNAL_EVICTED, &json);
	return journal_put(journal, head, &draft, now);
}
