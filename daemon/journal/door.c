#include "journal/door.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "journal/private.h"

#define LOG_TOKEN "journal"
#include "base/log.h"

#define STUCK_NS (120 * NS_PER_S)

static void signal_fd(int fd)
{
	uint64_t one = 1;

	(void)!write(fd, &one, sizeof(one));
}

int door_init(struct door *door)
{
	int err = worker_new(STUCK_NS, &door->worker);

	pthread_mutex_init(&door->lock, NULL);
	door->room_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (err == 0 && door->room_fd < 0)
		err = -errno;
	return err < 0 ? err : drafts_init(&door->gathered, QUEUE_BYTES);
}

void door_fini(struct door *door)
{
	drafts_fini(&door->gathered);
	free(door->answer);
	if (door->room_fd >= 0)
		close(door->room_fd);
	pthread_mutex_destroy(&door->lock);
	worker_free(door->worker);
}

/* ---- calls of the producer ---------------------------------------------------------- */

static bool memories_fit(const struct event_draft *draft)
{
	if (draft->memory_count > MEMORIES_MAX)
		return false;
	for (size_t i = 0; i < draft->memory_count; i++)
		if (strlen(draft->memories[i].key) >= MEMORY_KEY_BYTES ||
		    (draft->memories[i].text &&
		     strlen(draft->memories[i].text) >= MEMORY_TEXT_BYTES))
			return false;
	return true;
}

/* Under the lock. */
static bool must_not_wait(const struct door *door, const struct event_draft *draft)
{
	return (draft->type && draft->type->severity >= SEVERITY_MAJOR) ||
	       door->gathered.used >= QUEUE_BYTES / 4;
}

int journal_append(struct journal *journal, const struct event_draft *draft)
{
	struct door *door = &journal->door;
	uint64_t drained;
	bool taken, wakes;

	if (draft->body_bytes > EVENT_BODY_BYTES || draft->state_bytes > EVENT_BODY_BYTES ||
	    !memories_fit(draft)) {
		log_error(0, "an event \"%s\" is too long and is lost",
			  draft->type ? draft->type->name : "");
		return -E2BIG;
	}
	pthread_mutex_lock(&door->lock);
	taken = drafts_put(&door->gathered, draft);
	wakes = taken && door->gathered.count == 1 && clock_mono_ns() >= door->paced_until_ns;
	if (taken && !door->urgent && must_not_wait(door, draft))
		wakes = door->urgent = true;
	if (!taken) {
		(void)!read(door->room_fd, &drained, sizeof(drained));
		door->room_wanted = true;
		door->counters.waits++;
	}
	atomic_store(&door->gathered_bytes, door->gathered.used);
	pthread_mutex_unlock(&door->lock);
	if (wakes)
		worker_wake(door->worker);
	return taken ? 0 : -EAGAIN;
}

/* The number of the batch that what was appended last is in, or will be in. */
uint64_t journal_mark(struct journal *journal)
{
	struct door *door = &journal->door;
	bool wakes;
	uint64_t mark;

	pthread_mutex_lock(&door->lock);
	mark = door->batches + (door->gathered.count > 0);
	wakes = door->gathered.count > 0 && !door->urgent;
	door->urgent |= wakes;
	door->durable_wanted = true;
	if (atomic_load(&door->durable) >= mark)
		signal_fd(door->room_fd);
	pthread_mutex_unlock(&door->lock);
	if (wakes)
		worker_wake(door->worker);
	return mark;
}

uint64_t journal_durable(const struct journal *journal)
{
	return atomic_load(&journal->door.durable);
}

bool journal_has_room(const struct journal *journal)
{
	return atomic_load(&journal->door.gathered_bytes) < QUEUE_BYTES / 2;
}

int journal_room_fd(const struct journal *journal)
{
	return journal->door.room_fd;
}

int journal_ask(struct journal *journal, const struct journal_question *question)
{
	struct door *door = &journal->door;
	int err = -EAGAIN;

	pthread_mutex_lock(&door->lock);
	if (door->question_count < QUESTIONS_MAX) {
		door->questions[door->question_count++] = *question;
		err = 0;
	}
	pthread_mutex_unlock(&door->lock);
	worker_wake(door->worker);
	return err;
}

bool journal_answered(struct journal *journal, struct journal_answer *ret_answer)
{
	struct door *door = &journal->door;
	struct journal_answer *answer;
	bool more;

	pthread_mutex_lock(&door->lock);
	answer = door->answer;
	door->answer = NULL;
	more = door->question_count > 0;
	pthread_mutex_unlock(&door->lock);
	if (!answer)
		return false;
	*ret_answer = *answer;
	free(answer);
	if (more)
		worker_wake(door->worker);
	return true;
}

void journal_hurry(struct journal *journal)
{
	struct door *door = &journal->door;

	pthread_mutex_lock(&door->lock);
	door->work.hurry = true;
	pthread_mutex_unlock(&door->lock);
	worker_wake(door->worker);
}

void journal_give_up(struct journal *journal, const struct event_draft *draft)
{
	struct door *door = &journal->door;

	if (!draft->type)
		return;
	pthread_mutex_lock(&door->lock);
	door->given_up[draft->type->class]++;
	pthread_mutex_unlock(&door->lock);
}

struct journal_counters journal_counters(struct journal *journal)
{
	struct door *door = &journal->door;
	struct journal_counters counters;

	pthread_mutex_lock(&door->lock);
	counters = door->counters;
	pthread_mutex_unlock(&door->lock);
	return counters;
}

void journal_forget_sync_max(struct journal *journal)
{
	pthread_mutex_lock(&journal->door.lock);
	journal->door.counters.sync_max_ns = 0;
	pthread_mutex_unlock(&journal->door.lock);
}

/* ---- calls of the uplink ------------------------------------------------------------ */

static void source_told(void *data, const struct event_head *head)
{
	struct door *door = data;

	pthread_mutex_lock(&door->lock);
	door->work.told = *head;
	pthread_mutex_unlock(&door->lock);
}

static void source_prove(void *data, uint64_t old_size, uint64_t new_size)
{
	struct door *door = data;

	pthread_mutex_lock(&door->lock);
	door->work.prove = true;
	door->work.old_size = old_size;
	door->work.new_size = new_size;
	pthread_mutex_unlock(&door->lock);
	worker_wake(door->worker);
}

static void source_rewind(void *data, uint32_t session)
{
	struct door *door = data;

	pthread_mutex_lock(&door->lock);
	door->work.rewind = true;
	door->work.session = session;
	pthread_mutex_unlock(&door->lock);
	worker_wake(door->worker);
}

static void source_pull(void *data)
{
	struct door *door = data;

	pthread_mutex_lock(&door->lock);
	door->work.pull = true;
	pthread_mutex_unlock(&door->lock);
	worker_wake(door->worker);
}

static void source_ack(void *data, enum outlet_stream stream, uint64_t position)
{
	struct door *door = data;
	bool wakes;

	pthread_mutex_lock(&door->lock);
	/* Whoever asked for events waits for the next ones. */
	wakes = stream == STREAM_REPLAY ? door->acked[stream] == 0
					: !door->work.ack && door->ack_wakes;
	door->work.ack = true;
	door->acked[stream] = position;
	pthread_mutex_unlock(&door->lock);
	if (wakes)
		worker_wake(door->worker);
}

struct outlet_source journal_source(struct journal *journal)
{
	return (struct outlet_source){
		.data = &journal->door,
		.told = source_told,
		.prove = source_prove,
		.rewind = source_rewind,
		.pull = source_pull,
		.ack = source_ack,
	};
}

/* ---- the journal's side ------------------------------------------------------------- */

/* Under the lock. When the gathered drafts are to be written; those that come until the pace allows
 * it wake nobody. */
static int64_t gathered_due_ns(const struct door *door, const struct drafts *batch)
{
	bool none = door->gathered.count == 0;

	if (batch->count > 0 || (none && door->paced_until_ns <= clock_mono_ns()))
		return INT64_MAX;
	return door->urgent ? 0 : door->paced_until_ns;
}

/* Under the lock. Whoever saw the queue half full may be waiting. */
static void swap_drafts(struct door *door, struct drafts *batch)
{
	struct drafts filled = door->gathered;

	door->urgent = false;
	door->gathered = *batch;
	*batch = filled;
	door->batches++;
	atomic_store(&door->gathered_bytes, 0);
	if (door->room_wanted || filled.used >= QUEUE_BYTES / 2)
		signal_fd(door->room_fd);
	door->room_wanted = false;
}

bool door_wait(struct door *door, int64_t due_ns, bool ack_wakes, const struct drafts *batch)
{
	pthread_mutex_lock(&door->lock);
	door->ack_wakes = ack_wakes;
	if (door->work.ack && ack_wakes)
		due_ns = 0;
	due_ns = earlier_ns(due_ns, gathered_due_ns(door, batch));
	pthread_mutex_unlock(&door->lock);
	return worker_wait(door->worker, due_ns, NULL);
}

struct work door_take(struct door *door, struct drafts *batch, bool not_paced)
{
	int64_t now_ns = not_paced ? INT64_MAX - 1 : clock_mono_ns();
	struct work work;

	pthread_mutex_lock(&door->lock);
	if (door->gathered.count > 0 && gathered_due_ns(door, batch) <= now_ns)
		swap_drafts(door, batch);
	work = door->work;
	door->work = (struct work){0};
	pthread_mutex_unlock(&door->lock);
	return work;
}

void door_pace(struct door *door, int64_t until_ns)
{
	pthread_mutex_lock(&door->lock);
	door->paced_until_ns = until_ns;
	pthread_mutex_unlock(&door->lock);
}

void door_take_acks(struct door *door, uint64_t ret_acked[STREAM_COUNT])
{
	pthread_mutex_lock(&door->lock);
	memcpy(ret_acked, door->acked, sizeof(door->acked));
	memset(door->acked, 0, sizeof(door->acked));
	pthread_mutex_unlock(&door->lock);
}

void door_batch_written(struct door *door)
{
	pthread_mutex_lock(&door->lock);
	atomic_store(&door->durable, door->batches);
	if (door->durable_wanted)
		signal_fd(door->room_fd);
	door->durable_wanted = door->durable_wanted && door->gathered.count > 0;
	pthread_mutex_unlock(&door->lock);
}

void door_count(struct door *door, const struct journal_counters *more)
{
	struct journal_counters *counters = &door->counters;

	pthread_mutex_lock(&door->lock);
	counters->events += more->events;
	counters->commits += more->commits;
	counters->evicted += more->evicted;
	if (counters->sync_max_ns < more->sync_max_ns)
		counters->sync_max_ns = more->sync_max_ns;
	pthread_mutex_unlock(&door->lock);
}

void door_show(struct door *door, const struct journal_counters *now)
{
	struct journal_counters *counters = &door->counters;

	pthread_mutex_lock(&door->lock);
	counters->condition = now->condition;
	memcpy(counters->error, now->error, sizeof(counters->error));
	counters->backlog = now->backlog;
	counters->used_bytes = now->used_bytes;
	counters->full_path = now->full_path;
	counters->full_since_ns = now->full_since_ns;
	counters->full_evicted = now->full_evicted;
	counters->head = now->head;
	pthread_mutex_unlock(&door->lock);
}

void door_wake_producer(struct door *door)
{
	signal_fd(door->room_fd);
}

size_t door_gathered(struct door *door)
{
	size_t count;

	pthread_mutex_lock(&door->lock);
	count = door->gathered.count;
	pthread_mutex_unlock(&door->lock);
	return count;
}

bool door_question(struct door *door, struct journal_question *ret_question)
{
	bool there;

	pthread_mutex_lock(&door->lock);
	there = door->question_count > 0 && !door->answer;
	if (there) {
		*ret_question = door->questions[0];
		memmove(door->questions, door->questions + 1,
			--door->question_count * sizeof(door->questions[0]));
	}
	pthread_mutex_unlock(&door->lock);
	return there;
}

void door_answer(struct door *door, struct journal_answer *answer)
{
	pthread_mutex_lock(&door->lock);
	door->answer = answer;
	signal_fd(door->room_fd);
	pthread_mutex_unlock(&door->lock);
}

bool door_is_pressed(const struct door *door)
{
	return atomic_load(&door->gathered_bytes) >= QUEUE_BYTES / 2;
}

void door_count_lost(struct door *door, uint64_t lost[CLASSES])
{
	pthread_mutex_lock(&door->lock);
	drafts_count(&door->gathered, 0, lost);
	for (enum event_class c = 0; c < CLASSES; c++)
		lost[c] += door->given_up[c];
	pthread_mutex_unlock(&door->lock);
}
