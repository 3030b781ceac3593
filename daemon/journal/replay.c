/* Events once more, for who asks: what of them is here, and the third stream, which brings it.
 *
 * A task is what one asker lacks, as rows from low to high. It is remembered (memory.h) by epochs
 * and numbers, as another file may have the journal's place before it is done. What was offered and
 * not acknowledged goes again with the next session. Tasks take turns.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "journal/private.h"
#include "transit/event/memo.h"

#define LOG_TOKEN "journal"
#include "base/log.h"

#define TURN_ROWS    16 /* before another asker's turn */
#define STEP_ROWS    64
#define KEEP_NS	     NS_PER_S /* between two times that a task is written */
#define KEEP_LATE_NS (10 * NS_PER_S) /* the same, of how far it has come */
#define MEMO_VERSION 1
#define KEY	     "replay/"

/* ---- what is remembered ----------------------------------------------------------------- */

static bool is_used(const struct replay_task *task)
{
	return task->asker[0] != '\0';
}

static void put_position(struct memo *memo, const struct db *db, uint64_t position)
{
	const struct db_epoch *epoch = db_epoch(db, position);

	memo_text(memo, epoch ? epoch->id : "");
	memo_int(memo, (int64_t)position_seq(position));
}

/* false: there is no room for it now. */
static bool keep(struct journal *journal, const char *asker, const char *text)
{
	char key[MEMORY_KEY_BYTES];
	const struct event_memory memory = {.key = key, .text = text};
	const struct event_draft draft = {.memories = &memory, .memory_count = 1};

	snprintf(key, sizeof(key), KEY "%s", asker);
	return drafts_put(&journal->reports, &draft);
}

/* As it is once all is done that was acknowledged. */
static bool keep_task(struct journal *journal, const struct replay_task *task)
{
	char text[MEMORY_TEXT_BYTES];
	struct memo memo;

	memo_start(&memo, text, sizeof(text));
	memo_int(&memo, MEMO_VERSION);
	memo_text(&memo, task->id);
	memo_int(&memo, (int64_t)task->acked_events);
	for (size_t i = 0; i < task->span_count; i++) {
		struct replay_span span = task->spans[i];

		if (span.high <= task->acked)
			continue;
		if (span.low <= task->acked)
			span.low = task->acked + 1;
		put_position(&memo, &journal->db, span.low);
		put_position(&memo, &journal->db, span.high);
	}
	return memo_ok(&memo) && keep(journal, task->asker, text);
}

static void take_position(struct memo_reader *reader, const struct db *db, uint64_t *ret_position)
{
	char id[EVENT_EPOCH_BYTES];
	const struct db_epoch *epoch;
	int64_t seq;

	memo_take_text(reader, id, sizeof(id));
	seq = memo_take(reader, 0, (int64_t)POSITION_SEQ_MAX);
	epoch = db_epoch_by_id(db, id);
	*ret_position = epoch ? position_of(epoch->no, (uint64_t)seq) : 0;
}

static void start_over(struct replay_task *task)
{
	task->offered = task->acked;
	task->events = task->acked_events;
	task->end_offered = false;
}

static void begin_task(struct replay *replay, struct replay_task *task)
{
	task->serial = ++replay->serials;
	task->acked = 0;
	start_over(task);
}

/* Of an epoch that is not in this file nothing can come. */
static void recall(struct replay *replay, const struct db *db, const struct memory *memory)
{
	struct replay_task task = {0};
	struct memo_reader reader;

	memo_read(&reader, memory->text);
	memo_take(&reader, MEMO_VERSION, MEMO_VERSION);
	memo_take_text(&reader, task.id, sizeof(task.id));
	task.acked_events = (uint64_t)memo_take(&reader, 0, INT64_MAX);
	while (memo_more(&reader) && task.span_count < EVENT_RANGES) {
		struct replay_span *span = &task.spans[task.span_count];

		take_position(&reader, db, &span->low);
		take_position(&reader, db, &span->high);
		task.span_count += span->low > 0 && span->high >= span->low;
	}
	snprintf(task.asker, sizeof(task.asker), "%s", memory->key + strlen(KEY));
	for (size_t i = 0; memo_end(&reader) && i < REPLAY_TASKS; i++) {
		if (is_used(&replay->tasks[i]))
			continue;
		replay->tasks[i] = task;
		begin_task(replay, &replay->tasks[i]);
		return;
	}
}

static void recall_all(struct replay *replay, const struct db *db, const struct memories *memories)
{
	const struct memory_set *set = &memories->set;

	for (size_t i = 0; i < set->count; i++)
		if (set->item[i].text && strncmp(set->item[i].key, KEY, strlen(KEY)) == 0)
			recall(replay, db, &set->item[i]);
	replay->recalled = true;
}

void replay_begin_file(struct replay *replay)
{
	memset(replay->tasks, 0, sizeof(replay->tasks));
	replay->recalled = false;
	replay->flight_count = 0;
}

/* Until all that is here is known, and what was asked for before. */
static bool is_ready(struct journal *journal)
{
	struct replay *replay = &journal->replay;

	if (!journal->db.sqlite || journal->carry.raw || journal->retell.epoch_no > 0)
		return false;
	if (!replay->recalled)
		recall_all(replay, &journal->db, &journal->memories);
	return true;
}

/* ---- what is here ----------------------------------------------------------------------- */

struct told {
	struct replay_span span[EVENT_RANGES];
	size_t count;
	bool more; /* than there is room for */
};

/* What of a range is where. */
struct finding {
	struct told accepted, evicted, expired;
	struct event_range unknown[2 * EVENT_RANGES];
	size_t unknown_count;
	bool more;
	uint64_t from, gone_to; /* nothing is here of these */
	int err;
};

static void add(struct told *told, uint64_t low, uint64_t high)
{
	told->more |= told->count == EVENT_RANGES;
	if (!told->more)
		told->span[told->count++] = (struct replay_span){low, high};
}

static void add_unknown(struct finding *finding, const char *epoch, uint64_t first, uint64_t last)
{
	struct event_range *range = &finding->unknown[finding->unknown_count++];

	snprintf(range->epoch, sizeof(range->epoch), "%s", epoch);
	range->first = first;
	range->last = last;
}

static void note_evicted(void *data, uint64_t low, uint64_t high)
{
	struct finding *finding = data;

	if (low > finding->from && finding->from <= finding->gone_to)
		add(&finding->expired, finding->from,
		    low - 1 < finding->gone_to ? low - 1 : finding->gone_to);
	if (high >= finding->from)
		finding->from = high + 1;
	add(&finding->evicted, low, high);
}

/* Events go from the old end: what is here begins with the oldest one that is. */
static void find_within(struct db *db, uint64_t low, uint64_t high, struct finding *finding)
{
	uint64_t held = 0;
	int err = db_above(db, low - 1, &held);
	bool here = err == 0 && held > 0 && held <= high;

	finding->from = low;
	finding->gone_to = here ? held - 1 : high;
	if (err == 0)
		err = db_evicted(db, low, high, note_evicted, finding);
	if (finding->from <= finding->gone_to)
		add(&finding->expired, finding->from, finding->gone_to);
	if (here)
		add(&finding->accepted, held, high);
	if (err < 0)
		finding->err = err;
}

/* Of an epoch of which nothing is left it is not known how far it came. */
static void find_range(struct db *db, const struct event_range *range, struct finding *finding)
{
	const struct db_epoch *epoch = db_epoch_by_id(db, range->epoch);
	uint64_t last = range->last < POSITION_SEQ_MAX ? range->last : POSITION_SEQ_MAX;

	if (!epoch) {
		add_unknown(finding, range->epoch, range->first, range->last);
		return;
	}
	if (epoch->last > 0 && last > epoch->last) {
		last = epoch->last;
		add_unknown(finding, range->epoch, range->first > last ? range->first : last + 1,
			    range->last);
	}
	if (range->first <= last)
		find_within(db, position_of(epoch->no, range->first), position_of(epoch->no, last),
			    finding);
}

/* All that came behind it, epoch by epoch. */
static void find_since(struct db *db, const struct event_range *since, struct finding *finding)
{
	const struct db_epoch *begin = db_epoch_by_id(db, since->epoch);
	size_t told = 0;

	if (!begin || (begin->last > 0 && since->first > begin->last + 1))
		add_unknown(finding, since->epoch, since->first, since->first);
	for (size_t i = 0; begin && i < db->epoch_count; i++) {
		const struct db_epoch *epoch = &db->epochs[i];
		const uint64_t first = epoch == begin ? since->first : 1;

		if (epoch->no < begin->no || first > epoch->last)
			continue;
		if (told++ < EVENT_RANGES)
			find_within(db, position_of(epoch->no, first),
				    position_of(epoch->no, epoch->last), finding);
		finding->more |= told > EVENT_RANGES;
	}
}

static void put_range(struct jw *json, const char *epoch, uint64_t first, uint64_t last)
{
	jw_open(json, NULL);
	jw_text(json, "epoch", epoch);
	jw_uint(json, "first", first);
	jw_uint(json, "last", last);
	jw_close(json);
}

static void put_told(struct jw *json, const char *key, const struct told *told, const struct db *db)
{
	jw_open_array(json, key);
	for (size_t i = 0; i < told->count; i++) {
		const struct replay_span *span = &told->span[i];

		put_range(json, db_epoch(db, span->low)->id, position_seq(span->low),
			  position_seq(span->high));
	}
	jw_close_array(json);
}

static void put_finding(struct journal_answer *answer, const struct finding *finding,
			const struct db *db)
{
	struct jw json;

	jw_start(&json, answer->members, sizeof(answer->members));
	put_told(&json, "accepted", &finding->accepted, db);
	put_told(&json, "evicted", &finding->evicted, db);
	put_told(&json, "expired", &finding->expired, db);
	jw_open_array(&json, "unknown");
	for (size_t i = 0; i < finding->unknown_count; i++)
		put_range(&json, finding->unknown[i].epoch, finding->unknown[i].first,
			  finding->unknown[i].last);
	jw_close_array(&json);
	jw_bool(&json, "more",
		finding->more || finding->accepted.more || finding->evicted.more ||
			finding->expired.more);
	answer->bytes = json.bytes;
}

/* ---- what is asked for ------------------------------------------------------------------ */

/* Sorted, so that each event goes once. */
static void add_span(struct replay_task *task, const struct replay_span *span)
{
	struct replay_span *spans = task->spans;
	size_t at = task->span_count++;

	for (; at > 0 && spans[at - 1].low > span->low; at--)
		spans[at] = spans[at - 1];
	spans[at] = *span;
}

static void merge_spans(struct replay_task *task)
{
	struct replay_span *spans = task->spans;
	size_t kept = 0;

	for (size_t i = 1; i < task->span_count; i++) {
		if (spans[i].low > spans[kept].high + 1)
			spans[++kept] = spans[i];
		else if (spans[i].high > spans[kept].high)
			spans[kept].high = spans[i].high;
	}
	task->span_count = kept + 1;
}

/* The asker's own, or a free one. */
static struct replay_task *task_for(struct replay *replay, const char *asker)
{
	struct replay_task *place = NULL;

	for (size_t i = 0; i < REPLAY_TASKS; i++) {
		struct replay_task *task = &replay->tasks[i];

		if (strcmp(task->asker, asker) == 0)
			return task;
		if (!is_used(task) && !place)
			place = task;
	}
	return place;
}

static int refuse(struct journal_answer *answer, const char *code, const char *error)
{
	answer->code = code;
	snprintf(answer->error, sizeof(answer->error), "%s", error);
	return 0;
}

/* The newest word of an asker takes the place of the one before. */
static void accept(struct journal *journal, struct replay_task *task,
		   const struct journal_question *question, const struct told *accepted)
{
	struct replay *replay = &journal->replay;
	bool again = is_used(task) && strcmp(task->id, question->id) == 0;

	if (again)
		return;
	*task = (struct replay_task){.dirty = true, .kept_ns = task->kept_ns};
	snprintf(task->asker, sizeof(task->asker), "%s", question->asker);
	snprintf(task->id, sizeof(task->id), "%s", question->id);
	for (size_t i = 0; i < accepted->count; i++)
		add_span(task, &accepted->span[i]);
	merge_spans(task);
	begin_task(replay, task);
	log_info("%s asks for events once more", task->asker);
}

int journal_ask_replay(struct journal *journal, const struct journal_question *question,
		       struct journal_answer *answer)
{
	struct finding finding = {0};
	struct replay_task *task;

	if (!is_ready(journal))
		return refuse(answer, "busy", "the journal is being put in order, ask again later");
	task = task_for(&journal->replay, question->asker);
	if (!task)
		return refuse(answer, "busy", "others are being served, ask again later");
	if (question->since)
		find_since(&journal->db, &question->ranges[0], &finding);
	for (size_t i = 0; !question->since && i < question->range_count; i++)
		find_range(&journal->db, &question->ranges[i], &finding);
	if (finding.err < 0)
		return finding.err;
	if (finding.accepted.count > 0)
		accept(journal, task, question, &finding.accepted);
	put_finding(answer, &finding, &journal->db);
	return 0;
}

/* ---- going out -------------------------------------------------------------------------- */

static void end_task(struct journal *journal, struct replay_task *task)
{
	if (!keep(journal, task->asker, NULL))
		return; /* then it is told once more that it has ended */
	log_info("%s has got %llu events once more", task->asker,
		 (unsigned long long)task->acked_events);
	task->asker[0] = '\0';
}

static void note_ack(struct journal *journal, const struct replay_sent *sent)
{
	struct replay_task *task = &journal->replay.tasks[sent->task];

	if (!is_used(task) || task->serial != sent->serial)
		return;
	if (sent->position == 0) {
		end_task(journal, task);
		return;
	}
	task->acked = sent->position;
	task->acked_events++;
}

void journal_ack_replay(struct journal *journal, uint64_t count)
{
	struct replay *replay = &journal->replay;
	size_t done = 0;

	while (done < replay->flight_count && replay->flight[done].count <= count)
		note_ack(journal, &replay->flight[done++]);
	replay->flight_count -= done;
	replay->stopped &= done == 0;
	memmove(replay->flight, replay->flight + done,
		replay->flight_count * sizeof(replay->flight[0]));
}

void replay_rewind(struct replay *replay)
{
	replay->flight_count = 0;
	replay->stopped = false;
	for (size_t i = 0; i < REPLAY_TASKS; i++)
		start_over(&replay->tasks[i]);
}

void replay_pull(struct replay *replay)
{
	replay->stopped = false;
}

static bool offer(struct journal *journal, struct replay_task *task, uint64_t position,
		  struct outlet_record *record)
{
	struct replay *replay = &journal->replay;
	struct replay_sent *sent = &replay->flight[replay->flight_count];

	record->position = replay->counted + 1;
	record->asker = task->asker;
	record->session = journal->feed.session;
	record->late = true;
	if (replay->flight_count == REPLAY_FLIGHT ||
	    !journal->outlet.offer(journal->outlet.data, STREAM_REPLAY, record)) {
		replay->stopped = true;
		return false;
	}
	*sent = (struct replay_sent){.count = ++replay->counted,
				     .task = (unsigned)(task - replay->tasks),
				     .serial = task->serial,
				     .position = position};
	replay->flight_count++;
	return true;
}

struct turn {
	struct journal *journal;
	struct replay_task *task;
	uint64_t high; /* of the span */
	unsigned rows;
	bool passed; /* there is nothing more in the span */
};

/* Only bytes that are as they were written go out a second time. */
static bool offer_row(void *data, const struct db_row *row)
{
	struct turn *turn = data;
	struct journal *journal = turn->journal;
	const struct db_epoch *epoch = db_epoch(&journal->db, row->position);
	struct outlet_record record = {.seq = position_seq(row->position),
				       .type = row->type,
				       .payload = row->payload,
				       .payload_bytes = row->payload_bytes};

	turn->passed = row->position > turn->high;
	if (turn->passed)
		return false;
	if (epoch && db_row_is_whole(row) && raw_agrees(row, epoch->id)) {
		memcpy(record.epoch, epoch->id, sizeof(record.epoch));
		if (!offer(journal, turn->task, row->position, &record))
			return false;
		turn->task->events++;
	}
	turn->task->offered = row->position;
	turn->passed = row->position == turn->high;
	return ++turn->rows < TURN_ROWS && !turn->passed;
}

static const struct replay_span *span_of(const struct replay_task *task)
{
	for (size_t i = 0; i < task->span_count; i++)
		if (task->spans[i].high > task->offered)
			return &task->spans[i];
	return NULL;
}

static void offer_end(struct journal *journal, struct replay_task *task)
{
	char payload[REPLAY_END_BYTES];
	struct outlet_record record = {.type = "", .payload = payload};
	struct jw json;

	jw_start(&json, payload, sizeof(payload));
	jw_open(&json, NULL);
	jw_text(&json, "schema", REPLAY_SCHEMA);
	jw_text(&json, "checkpoint", journal->origin->checkpoint);
	jw_text(&json, "gateway", journal->origin->gateway);
	jw_text(&json, "asker", task->asker);
	jw_text(&json, "id", task->id);
	jw_uint(&json, "events", task->events);
	jw_close(&json);
	record.payload_bytes = json.bytes;
	task->end_offered = offer(journal, task, 0, &record);
}

static int take_turn(struct journal *journal, struct replay_task *task)
{
	const struct replay_span *span = span_of(task);
	struct turn turn = {.journal = journal, .task = task};
	uint64_t after;
	int err;

	if (!span) {
		offer_end(journal, task);
		return 0;
	}
	turn.high = span->high;
	after = span->low > task->offered ? span->low - 1 : task->offered;
	err = db_each(&journal->db, ALL_CLASSES, after, offer_row, &turn);
	if (err == 0 && !journal->replay.stopped && (turn.passed || turn.rows < TURN_ROWS))
		task->offered = span->high;
	return err;
}

static struct replay_task *next_task(struct replay *replay)
{
	for (size_t i = 0; i < REPLAY_TASKS; i++) {
		struct replay_task *task = &replay->tasks[++replay->turn % REPLAY_TASKS];

		if (is_used(task) && !task->end_offered)
			return task;
	}
	return NULL;
}

static void keep_progress(struct journal *journal)
{
	int64_t now_ns = clock_mono_ns();

	for (size_t i = 0; i < REPLAY_TASKS; i++) {
		struct replay_task *task = &journal->replay.tasks[i];
		bool moved = task->acked > task->kept;

		if (!is_used(task) || (!task->dirty && !moved) ||
		    now_ns - task->kept_ns < (task->dirty ? KEEP_NS : KEEP_LATE_NS))
			continue;
		task->kept_ns = now_ns;
		if (!keep_task(journal, task))
			continue;
		task->kept = task->acked;
		task->dirty = false;
	}
}

int64_t replay_due_ns(const struct replay *replay)
{
	int64_t due_ns = INT64_MAX;

	for (size_t i = 0; i < REPLAY_TASKS; i++)
		if (is_used(&replay->tasks[i]) && replay->tasks[i].dirty)
			due_ns = earlier_ns(due_ns, replay->tasks[i].kept_ns + KEEP_NS);
	return due_ns;
}

int journal_replay_step(struct journal *journal)
{
	struct replay *replay = &journal->replay;
	struct replay_task *task;
	int err = 0;

	if (!journal->outlet.offer || !is_ready(journal))
		return 0;
	keep_progress(journal);
	for (unsigned n = 0; n < STEP_ROWS / TURN_ROWS && err == 0; n++) {
		task = replay->stopped ? NULL : next_task(replay);
		if (!task)
			return 0;
		err = take_turn(journal, task);
	}
	return err < 0 ? err : 1;
}
