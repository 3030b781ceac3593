#include "journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "journal_private.h"

#define LOG_TOKEN "journal"
#include "log.h"

#define STUCK_NS       (120 * NS_PER_S)
#define CLOSE_GRACE_NS (300 * NS_PER_MS) /* a sync that was begun before the deadline */
#define BATCH_START    4096

/* ---- the queue ----------------------------------------------------------------------- */

static bool memories_fit(const struct event_draft *draft)
{
	size_t i;

	if (draft->memory_count > MEMORIES_MAX)
		return false;
	for (i = 0; i < draft->memory_count; i++)
		if (strlen(draft->memories[i].key) >= MEMORY_KEY_BYTES ||
		    (draft->memories[i].text &&
		     strlen(draft->memories[i].text) >= MEMORY_TEXT_BYTES))
			return false;
	return true;
}

int journal_append(struct journal *journal, const struct event_draft *draft)
{
	uint64_t drained;
	bool taken;

	if (draft->body_bytes > EVENT_BODY_BYTES || draft->state_bytes > EVENT_BODY_BYTES ||
	    !memories_fit(draft)) {
		log_error(0, "an event \"%s\" is too long and is lost",
			  draft->type ? draft->type->name : "");
		return -E2BIG;
	}
	pthread_mutex_lock(&journal->lock);
	taken = drafts_put(&journal->gather, draft);
	if (taken && journal->gather.count == 1) {
		pthread_cond_signal(&journal->wake);
	} else if (!taken) {
		(void)!read(journal->room_fd, &drained, sizeof(drained));
		journal->room_wanted = true;
		journal->counters.waits++;
	}
	atomic_store(&journal->gathered, journal->gather.used);
	pthread_mutex_unlock(&journal->lock);
	return taken ? 0 : -EAGAIN;
}

/* The batch that what was appended last is part of, or will be. */
uint64_t journal_mark(struct journal *journal)
{
	uint64_t mark, one = 1;

	pthread_mutex_lock(&journal->lock);
	mark = journal->swaps + (journal->gather.count > 0);
	journal->marked = true;
	if (atomic_load(&journal->durable) >= mark)
		(void)!write(journal->room_fd, &one, sizeof(one));
	pthread_mutex_unlock(&journal->lock);
	return mark;
}

bool journal_is_durable(const struct journal *journal, uint64_t mark)
{
	return atomic_load(&journal->durable) >= mark;
}

void journal_batch_written(struct journal *journal)
{
	uint64_t one = 1;

	pthread_mutex_lock(&journal->lock);
	atomic_store(&journal->durable, journal->swaps);
	if (journal->marked)
		(void)!write(journal->room_fd, &one, sizeof(one));
	journal->marked = journal->marked && journal->gather.count > 0;
	pthread_mutex_unlock(&journal->lock);
}

bool journal_has_room(const struct journal *journal)
{
	return atomic_load(&journal->gathered) < QUEUE_BYTES / 2;
}

int journal_room_fd(const struct journal *journal)
{
	return journal->room_fd;
}

/* Under the lock. Whoever saw the queue half full may be waiting. */
static void swap_buffers(struct journal *journal)
{
	struct drafts filled = journal->gather;
	uint64_t one = 1;

	if (filled.count == 0 || journal->batch.count > 0)
		return;
	journal->gather = journal->batch;
	journal->batch = filled;
	journal->swaps++;
	atomic_store(&journal->gathered, 0);
	if (journal->room_wanted || filled.used >= QUEUE_BYTES / 2)
		(void)!write(journal->room_fd, &one, sizeof(one));
	journal->room_wanted = false;
}

/* ---- calls of the uplink ------------------------------------------------------------- */

static void source_rewind(void *data, uint32_t session)
{
	struct journal *journal = data;

	pthread_mutex_lock(&journal->lock);
	journal->work.rewind = true;
	journal->work.session = session;
	pthread_cond_signal(&journal->wake);
	pthread_mutex_unlock(&journal->lock);
}

static void source_pull(void *data)
{
	struct journal *journal = data;

	pthread_mutex_lock(&journal->lock);
	journal->work.pull = true;
	pthread_cond_signal(&journal->wake);
	pthread_mutex_unlock(&journal->lock);
}

/* Nothing hurries: once the watermark is going to be written anyway, the thread need not
 * wake for each acknowledgement. */
static void source_ack(void *data, enum outlet_stream stream, uint64_t position)
{
	struct journal *journal = data;

	pthread_mutex_lock(&journal->lock);
	journal->work.acked[stream] = position;
	if (!journal->work.ack && journal->ack_wakes)
		pthread_cond_signal(&journal->wake);
	journal->work.ack = true;
	pthread_mutex_unlock(&journal->lock);
}

struct outlet_source journal_source(struct journal *journal)
{
	return (struct outlet_source){
		.data = journal,
		.rewind = source_rewind,
		.pull = source_pull,
		.ack = source_ack,
	};
}

/* ---- the thread ---------------------------------------------------------------------- */

static void earlier(int64_t *due_ns, bool applies, int64_t at_ns)
{
	if (applies && at_ns < *due_ns)
		*due_ns = at_ns;
}

/* When something happens by itself. */
static int64_t next_due(const struct journal *journal, bool more)
{
	int64_t due_ns = INT64_MAX;

	earlier(&due_ns, journal->stalled, journal->retry_ns);
	earlier(&due_ns, !journal->stalled && journal->own.count > 0, 0);
	earlier(&due_ns, !journal->stalled && journal->batch.count > 0, 0);
	earlier(&due_ns, !journal->stalled && journal->marks_dirty, journal->marks_due_ns);
	earlier(&due_ns, journal->fallen_back, journal->return_ns);
	earlier(&due_ns, more, journal->rest_until_ns);
	return due_ns;
}

static bool called(const struct journal *journal)
{
	const struct work *work = &journal->work;

	return work->rewind || work->pull || work->closing || journal->asked ||
	       (work->ack && journal->ack_wakes) ||
	       (journal->gather.count > 0 && journal->batch.count == 0);
}

static void wait_until(struct journal *journal, int64_t due_ns)
{
	struct timespec due = clock_timespec(due_ns);

	while (!called(journal)) {
		if (due_ns == INT64_MAX)
			pthread_cond_wait(&journal->wake, &journal->lock);
		else if (due_ns <= clock_mono_ns() ||
			 pthread_cond_timedwait(&journal->wake, &journal->lock, &due) == ETIMEDOUT)
			break;
	}
}

static void show_counters(struct journal *journal)
{
	struct journal_counters *counters = &journal->counters;

	counters->condition = journal->fallen_back ? JOURNAL_VOLATILE : JOURNAL_OK;
	if (journal->stall_told)
		counters->condition = JOURNAL_STALLED;
	snprintf(counters->error, sizeof(counters->error), "%s",
		 journal->stall_told ? journal->stall_why : "");
	counters->head = journal->head;
	counters->backlog = journal_backlog(journal);
}

static struct work take_work(struct journal *journal, bool more)
{
	int64_t due_ns = next_due(journal, more);
	struct work work;

	pthread_mutex_lock(&journal->lock);
	show_counters(journal);
	journal->ack_wakes = !journal->marks_dirty || journal->stalled;
	wait_until(journal, due_ns);
	heartbeat_answer(&journal->beat);
	journal->asked = false;
	swap_buffers(journal);
	work = journal->work;
	journal->work = (struct work){.closing = work.closing};
	pthread_mutex_unlock(&journal->lock);
	return work;
}

static void heed(struct journal *journal, const struct work *work)
{
	int stream;

	for (stream = 0; stream < STREAM_COUNT; stream++)
		journal_acked(journal, (enum outlet_stream)stream, work->acked[stream]);
	if (work->rewind)
		journal_rewind(journal, work->session);
	if (work->rewind || work->pull)
		for (stream = 0; stream < STREAM_COUNT; stream++)
			journal->streams[stream].stopped = false;
}

/* What was acknowledged since the round began: before anything is given up. */
void journal_heed_acks(struct journal *journal)
{
	uint64_t acked[STREAM_COUNT];
	int stream;

	pthread_mutex_lock(&journal->lock);
	memcpy(acked, journal->work.acked, sizeof(acked));
	pthread_mutex_unlock(&journal->lock);
	for (stream = 0; stream < STREAM_COUNT; stream++)
		journal_acked(journal, (enum outlet_stream)stream, acked[stream]);
}

/* true: there is more to do at once, or as soon as it has rested. */
static bool tidy_and_feed(struct journal *journal)
{
	int64_t rest_until_ns = journal->rest_until_ns;
	bool more;

	if (!journal->db.sqlite)
		return false;
	if (clock_mono_ns() < rest_until_ns)
		return true;
	more = !journal->stalled && journal_trim(journal);
	more |= journal->db.sqlite && !journal->stalled && journal_carry(journal);
	more |= journal->db.sqlite && journal_feed(journal);
	if (journal->rest_until_ns == rest_until_ns)
		journal->troubled = false;
	return more || journal->troubled;
}

static void *run(void *data)
{
	struct journal *journal = data;
	struct work work = {0};
	bool more = true;

	pthread_setname_np(pthread_self(), "journal");
	journal->outlet.head(journal->outlet.data, &journal->head);
	while (!work.closing) {
		work = take_work(journal, more);
		heed(journal, &work);
		journal_write(journal);
		if (journal->fallen_back && !journal->stalled &&
		    clock_mono_ns() >= journal->return_ns)
			journal_return(journal);
		more = !work.closing && tidy_and_feed(journal);
	}
	pthread_mutex_lock(&journal->lock);
	journal->ended = true;
	pthread_cond_signal(&journal->wake);
	pthread_mutex_unlock(&journal->lock);
	return NULL;
}

/* ---- open and close ------------------------------------------------------------------ */

static void free_all(struct journal *journal)
{
	journal_carry_stop(journal);
	memories_fini(&journal->memories);
	drafts_fini(&journal->gather);
	drafts_fini(&journal->batch);
	drafts_fini(&journal->own);
	if (journal->room_fd >= 0)
		close(journal->room_fd);
	pthread_cond_destroy(&journal->wake);
	pthread_mutex_destroy(&journal->lock);
	free(journal);
}

static void init_lock(struct journal *journal)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&journal->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&journal->wake, &attributes);
	pthread_condattr_destroy(&attributes);
}

int journal_open(const struct journal_conf *conf, const struct event_origin *origin,
		 struct journal **ret_journal)
{
	static const struct patience patience = {
		.tell_ns = NS_PER_S,
		.hard_ns = 5 * NS_PER_S,
		.full_ns = 60 * NS_PER_S,
		.broken_ns = 10 * NS_PER_S,
		.return_ns = 60 * NS_PER_S,
	};
	struct journal *journal;
	int err;

	if (strlen(conf->path) > PATH_MOST ||
	    (conf->fallback && strlen(conf->fallback) > PATH_MOST))
		return -ENAMETOOLONG;
	journal = calloc(1, sizeof(*journal));
	if (!journal)
		return -ENOMEM;
	journal->conf = conf;
	journal->origin = origin;
	journal->batch_limit = BATCH_START;
	journal->patience = patience;
	init_lock(journal);
	journal->room_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = journal->room_fd < 0 ? -errno : 0;
	if (err == 0)
		err = drafts_init(&journal->gather, QUEUE_BYTES);
	if (err == 0)
		err = drafts_init(&journal->batch, QUEUE_BYTES);
	if (err == 0)
		err = drafts_init(&journal->own, OWN_BYTES);
	if (err == 0)
		err = journal_establish(journal);
	if (err < 0) {
		free_all(journal);
		return err;
	}
	show_counters(journal);
	*ret_journal = journal;
	return 0;
}

void journal_states(struct journal *journal, void *data,
		    void (*call)(void *data, const char *key, const char *word))
{
	int err = db_states(&journal->db, data, call);

	if (err < 0)
		log_warn(err, "the last states cannot be read: %s", journal->db.why);
}

int journal_start(struct journal *journal, const struct outlet *outlet)
{
	int err;

	journal->outlet = *outlet;
	err = pthread_create(&journal->thread, NULL, run, journal);
	if (err != 0)
		return -err;
	journal->started = true;
	return 0;
}

struct journal_counters journal_counters(struct journal *journal)
{
	struct journal_counters counters;

	pthread_mutex_lock(&journal->lock);
	counters = journal->counters;
	journal->counters.sync_max_ns = 0;
	pthread_mutex_unlock(&journal->lock);
	return counters;
}

void journal_ask(struct journal *journal)
{
	heartbeat_ask(&journal->beat, clock_mono_ns());
	pthread_mutex_lock(&journal->lock);
	journal->asked = true;
	pthread_cond_signal(&journal->wake);
	pthread_mutex_unlock(&journal->lock);
}

bool journal_stuck(struct journal *journal, int64_t now_mono_ns)
{
	return heartbeat_stuck(&journal->beat, now_mono_ns, STUCK_NS);
}

/* false: it hangs in a system call. */
static bool stop_thread(struct journal *journal, int64_t deadline_ns)
{
	int64_t until_ns = deadline_ns + CLOSE_GRACE_NS;
	struct timespec until = clock_timespec(until_ns);
	bool ended;
	int err = 0;

	pthread_mutex_lock(&journal->lock);
	journal->work.closing = true;
	pthread_cond_signal(&journal->wake);
	while (!journal->ended && err == 0)
		err = pthread_cond_timedwait(&journal->wake, &journal->lock, &until);
	ended = journal->ended;
	pthread_mutex_unlock(&journal->lock);
	if (ended)
		pthread_join(journal->thread, NULL);
	return ended;
}

static size_t write_rest(struct journal *journal, int64_t deadline_ns)
{
	const struct timespec pause = {.tv_nsec = RETRY_MIN_NS / 10};

	journal->outlet = (struct outlet){0};
	journal->marks_due_ns = 0;
	for (;;) {
		if (journal->batch.count == 0)
			swap_buffers(journal);
		if (journal->batch.count == 0 && journal->own.count == 0 && !journal->marks_dirty)
			break;
		if (clock_mono_ns() >= deadline_ns)
			break;
		if (journal->stalled)
			nanosleep(&pause, NULL);
		journal_write(journal);
	}
	return journal_unwritten(journal) + journal->gather.count;
}

bool journal_close(struct journal *journal, int64_t deadline_mono_ns, size_t *ret_lost)
{
	*ret_lost = 0;
	if (!journal)
		return true;
	if (journal->started && !stop_thread(journal, deadline_mono_ns)) {
		log_error(0, "the disk does not answer, giving up");
		pthread_mutex_lock(&journal->lock);
		*ret_lost = journal->gather.count;
		pthread_mutex_unlock(&journal->lock);
		return false;
	}
	*ret_lost = write_rest(journal, deadline_mono_ns);
	db_close(&journal->db, clock_mono_ns() < deadline_mono_ns);
	free_all(journal);
	return true;
}
