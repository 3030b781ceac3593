#include "journal_rig.h"

#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEEN_MAX (1 << 17)

/* ---- the uplink ------------------------------------------------------------------------ */

static void note_offer(struct seen *seen, const struct outlet_record *record)
{
	*seen = (struct seen){
		.position = record->position,
		.seq = record->seq,
		.payload = malloc(record->payload_bytes + 1),
		.bytes = record->payload_bytes,
		.late = record->late,
		.session = record->session,
	};
	memcpy(seen->payload, record->payload, record->payload_bytes);
	seen->payload[record->payload_bytes] = '\0';
	snprintf(seen->epoch, sizeof(seen->epoch), "%s", record->epoch);
	snprintf(seen->type, sizeof(seen->type), "%s", record->type);
}

/* Under the lock. */
static bool take_offer(struct journal_rig *rig, enum outlet_stream stream,
		       const struct outlet_record *record)
{
	if (rig->count[stream] == SEEN_MAX)
		rig->too_many = true;
	if (rig->room[stream] == 0 || rig->too_many) {
		rig->refused++;
		return false;
	}
	if (rig->room[stream] != NO_LIMIT)
		rig->room[stream]--;
	if (!rig->seen[stream])
		rig->seen[stream] = calloc(SEEN_MAX, sizeof(struct seen));
	note_offer(&rig->seen[stream][rig->count[stream]++], record);
	return true;
}

static bool rig_offer(void *data, enum outlet_stream stream, const struct outlet_record *record)
{
	struct journal_rig *rig = data;
	bool taken, acks;

	pthread_mutex_lock(&rig->lock);
	taken = take_offer(rig, stream, record);
	acks = taken && rig->acks;
	pthread_cond_broadcast(&rig->changed);
	pthread_mutex_unlock(&rig->lock);
	if (acks)
		rig->source.ack(rig->source.data, stream, record->position);
	return taken;
}

static void rig_state(void *data, const struct outlet_state *state)
{
	struct journal_rig *rig = data;

	pthread_mutex_lock(&rig->lock);
	rig->states++;
	snprintf(rig->state_key, sizeof(rig->state_key), "%s", state->key);
	snprintf(rig->state, sizeof(rig->state), "%.*s", (int)state->bytes,
		 state->payload ? state->payload : "");
	pthread_cond_broadcast(&rig->changed);
	pthread_mutex_unlock(&rig->lock);
}

void acknowledge_at_once(struct journal_rig *rig)
{
	pthread_mutex_lock(&rig->lock);
	rig->acks = true;
	pthread_mutex_unlock(&rig->lock);
}

struct event_head head_of(struct journal_rig *rig)
{
	struct event_head head;

	pthread_mutex_lock(&rig->lock);
	head = rig->head;
	pthread_mutex_unlock(&rig->lock);
	return head;
}

static void rig_head(void *data, const struct event_head *head)
{
	struct journal_rig *rig = data;

	pthread_mutex_lock(&rig->lock);
	rig->head = *head;
	rig->heads++;
	pthread_cond_broadcast(&rig->changed);
	pthread_mutex_unlock(&rig->lock);
}

void acknowledge(struct journal_rig *rig, enum outlet_stream stream, size_t index)
{
	rig->source.ack(rig->source.data, stream, rig->seen[stream][index].position);
}

void rewind_journal(struct journal_rig *rig, uint32_t session)
{
	rig->source.rewind(rig->source.data, session);
}

void give_room(struct journal_rig *rig, enum outlet_stream stream, size_t room)
{
	pthread_mutex_lock(&rig->lock);
	rig->room[stream] = room == NO_LIMIT ? NO_LIMIT : rig->room[stream] + room;
	pthread_mutex_unlock(&rig->lock);
	rig->source.pull(rig->source.data);
}

void forget_seen(struct journal_rig *rig)
{
	for (int stream = 0; stream < STREAM_COUNT; stream++) {
		while (rig->count[stream] > 0)
			free(rig->seen[stream][--rig->count[stream]].payload);
		free(rig->seen[stream]);
		rig->seen[stream] = NULL;
	}
}

/* ---- set-up ---------------------------------------------------------------------------- */

void journal_rig_init(struct journal_rig *rig)
{
	pthread_mutexattr_t recursive;
	const char *base = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";

	*rig = (struct journal_rig){
		.conf = {.quota_bytes = INT64_C(64) << 20, .keep_ns = 90 * 24 * 3600 * S},
		.origin = {.checkpoint = "ge-red-bridge", .gateway = "gw1", .boot = "boot-1"},
		.room = {NO_LIMIT, NO_LIMIT, NO_LIMIT},
	};
	snprintf(rig->folder, sizeof(rig->folder), "%s/journal-XXXXXX", base);
	assert_non_null(mkdtemp(rig->folder));
	snprintf(rig->path, sizeof(rig->path), "%s/journal.db", rig->folder);
	snprintf(rig->fallback, sizeof(rig->fallback), "%s/ram/journal.db", rig->folder);
	snprintf(rig->elsewhere, sizeof(rig->elsewhere), "%s/state/journal.db", rig->folder);
	rig->conf.path = rig->path;
	rig->conf.fallback = rig->fallback;
	pthread_mutexattr_init(&recursive);
	pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE); /* questions lock it too */
	pthread_mutex_init(&rig->lock, &recursive);
	pthread_mutexattr_destroy(&recursive);
	pthread_cond_init(&rig->changed, NULL);
}

/* False: its thread still runs, and uses the rig. */
static bool end_journal(struct journal_rig *rig)
{
	size_t lost;

	return !rig->journal || close_journal_within(rig, PATIENCE_NS, &lost);
}

static void remove_folder(struct journal_rig *rig)
{
	char state[JOURNAL_RIG_PATH + 16];

	snprintf(state, sizeof(state), "%s/state", rig->folder);
	if (rig->mounted)
		(void)umount2(state, MNT_DETACH);
	shell("rm -rf %s", rig->folder);
}

void journal_rig_fini(struct journal_rig *rig)
{
	bool ended = end_journal(rig);

	remove_folder(rig);
	assert_true(ended);
	assert_false(rig->too_many);
	forget_seen(rig);
	pthread_cond_destroy(&rig->changed);
	pthread_mutex_destroy(&rig->lock);
}

int journal_rig_new(void **state)
{
	struct journal_rig *rig = malloc(sizeof(*rig));

	journal_rig_init(rig);
	*state = rig;
	return 0;
}

int journal_rig_free(void **state)
{
	journal_rig_fini(*state);
	free(*state);
	return 0;
}

/* ---- the journal ----------------------------------------------------------------------- */

int try_to_open_journal(struct journal_rig *rig)
{
	return journal_open(&rig->conf, &rig->origin, &rig->journal);
}

void start_journal(struct journal_rig *rig)
{
	struct outlet outlet = {
		.data = rig, .offer = rig_offer, .state = rig_state, .head = rig_head};

	rig->source = journal_source(rig->journal);
	assert_int_equal(journal_start(rig->journal, &outlet), 0);
}

void open_journal(struct journal_rig *rig)
{
	assert_int_equal(try_to_open_journal(rig), 0);
	start_journal(rig);
}

size_t close_journal(struct journal_rig *rig)
{
	size_t lost;

	assert_true(close_journal_within(rig, PATIENCE_NS, &lost));
	return lost;
}

bool close_journal_within(struct journal_rig *rig, int64_t span_ns, size_t *ret_lost)
{
	if (!journal_close(rig->journal, clock_mono_ns() + span_ns, ret_lost))
		return false;
	rig->journal = NULL;
	return true;
}

void reopen_journal(struct journal_rig *rig)
{
	close_journal(rig);
	forget_seen(rig);
	open_journal(rig);
}

void die_after(struct journal_rig *rig, int (*work)(struct journal_rig *rig))
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0)
		_exit(work(rig));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

void fill_and_close_journal(struct journal_rig *rig, size_t count)
{
	open_journal(rig);
	for (size_t i = 0; i < count; i++)
		put_event(rig, i % 5 == 0 ? EVENT_SEAL_TAMPERED : EVENT_METER_VALUE);
	wait_for_events(rig, count);
	assert_int_equal(close_journal(rig), 0);
}

/* ---- events and memories put ----------------------------------------------------------- */

static void pad(struct jw *json, size_t bytes)
{
	char padding[EVENT_BODY_BYTES];
	size_t count = bytes - json->bytes - 12;

	memset(padding, 'x', count);
	padding[count] = '\0';
	jw_text(json, "padding", padding);
}

int try_to_put_event(struct journal_rig *rig, enum event_id id, size_t bytes)
{
	char body[EVENT_BODY_BYTES];
	struct instant now = clock_now();
	struct event_draft draft = {.type = event_type(id), .body = body};
	struct jw json;
	int err;

	event_body_start(&json, body, sizeof(body), "entry-1", "boom", now.mono_ns, &now);
	jw_uint(&json, "made", rig->made + 1);
	if (bytes > json.bytes + 20)
		pad(&json, bytes);
	assert_true(jw_ok(&json));
	draft.body_bytes = json.bytes;
	err = journal_append(rig->journal, &draft);
	if (err == 0)
		rig->made++;
	return err;
}

void put_event(struct journal_rig *rig, enum event_id id)
{
	WAIT_FOR(try_to_put_event(rig, id, 0) != -EAGAIN);
}

void put_events(struct journal_rig *rig, enum event_id id, size_t count)
{
	while (count-- > 0)
		put_event(rig, id);
}

void remember(struct journal_rig *rig, const char *key, const char *text)
{
	struct event_memory memory = {.key = key, .text = text};
	struct event_draft draft = {.memories = &memory, .memory_count = 1};

	WAIT_FOR(journal_append(rig->journal, &draft) != -EAGAIN);
}

#define RECALLED_BYTES 4096

static void add_recalled(void *data, const char *key, const char *text)
{
	char *all = data;
	size_t used = strlen(all);

	snprintf(all + used, RECALLED_BYTES - used, "%s=%s;", key, text);
}

void assert_recalled(struct journal_rig *rig, const char *all)
{
	char recalled[RECALLED_BYTES] = "";

	journal_memories(rig->journal, recalled, add_recalled);
	assert_string_equal(recalled, all);
}

/* ---- waiting --------------------------------------------------------------------------- */

struct timespec journal_rig_lock(struct journal_rig *rig)
{
	struct timespec deadline;

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += PATIENCE_S;
	pthread_mutex_lock(&rig->lock);
	return deadline;
}

void journal_rig_pause(struct journal_rig *rig, const struct timespec *deadline,
		       const char *condition)
{
	if (pthread_cond_timedwait(&rig->changed, &rig->lock, deadline) == 0)
		return;
	pthread_mutex_unlock(&rig->lock);
	fail_msg("waited in vain for: %s (%zu events, %zu alerts, head %llu)", condition,
		 rig->count[STREAM_EVENTS], rig->count[STREAM_ALERTS],
		 (unsigned long long)rig->head.seq);
}

void wait_for_events(struct journal_rig *rig, size_t count)
{
	JOURNAL_WAIT(rig, rig->count[STREAM_EVENTS] == count);
}

void wait_for_type(struct journal_rig *rig, const char *type)
{
	JOURNAL_WAIT(rig, find_seen(rig, STREAM_EVENTS, type));
}

void wait_for_head(struct journal_rig *rig, uint64_t seq)
{
	JOURNAL_WAIT(rig, rig->head.seq == seq);
}

void wait_for_condition(struct journal_rig *rig, enum journal_condition condition)
{
	WAIT_FOR(journal_counters(rig->journal).condition == condition);
}

/* Clock ticks that the journal's thread has worked. */
static long ticks_worked(void)
{
	FILE *pipe = popen("for t in /proc/$PPID/task/*; do grep -qx journal $t/comm && "
			   "cut -d' ' -f14,15 $t/stat; done",
			   "r");
	long user = -1, system = -1;

	assert_non_null(pipe);
	assert_int_equal(fscanf(pipe, "%ld %ld", &user, &system), 2);
	pclose(pipe);
	return user + system;
}

static bool has_rested(void)
{
	long before = ticks_worked();

	take_time(500 * MS); /* a rest is a time in which nothing happens */
	return ticks_worked() - before < sysconf(_SC_CLK_TCK) / 10;
}

void wait_for_rest(void)
{
	WAIT_FOR(has_rested());
}
