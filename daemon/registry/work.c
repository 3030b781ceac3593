#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "registry/intake.h"
#include "registry/private.h"

#define LOG_TOKEN "registry"
#include "base/log.h"

/* How long a transaction of records lasts; up to the most while nobody asks. When there is no room
 * for all of its records, none of them is kept. */
#define SLICE_MIN_NS (3 * NS_PER_MS)
#define SLICE_MAX_NS (50 * NS_PER_MS)
#define SLICE_MOST   256
#define REOPEN_NS    (60 * NS_PER_S)
#define CHANGES_TOLD 16
#define AGAIN_NS     (300 * NS_PER_S) /* records that found no room are asked for again */

static void refuse(struct registry *registry, const char *subject,
		   const struct registry_complaint *complaint, int more)
{
	pthread_mutex_lock(&registry->lock);
	registry->counters.refused++;
	pthread_mutex_unlock(&registry->lock);
	notices_put_refusal(&registry->notices, subject, complaint, (uint64_t)more);
}

static void refuse_for(struct registry *registry, const char *subject, const char *message)
{
	struct registry_complaint complaint = {0};

	snprintf(complaint.text, sizeof(complaint.text), "%s", message);
	refuse(registry, subject, &complaint, 0);
}

/* ---- the stream's file ----------------------------------------------------------------- */

void registry_open_stream(struct registry *registry)
{
	int64_t now_ns = clock_mono_ns();
	bool anew = false;
	int err;

	registry->store.trust = registry->trust;
	registry->store.checkpoint = registry->checkpoint;
	err = store_open(&registry->store, registry->path, registry->plan->conf.quota_bytes,
			 registry->plan->conf.max_age_ns, &anew);

	registry->reopen_ns = err < 0 ? now_ns + REOPEN_NS : INT64_MAX;
	if (err < 0 && !registry->failing)
		log_warn(err, "%s cannot be used, nothing is known of consignments until it can",
			 registry->path);
	if (anew)
		log_warnx("%s was damaged and begins anew, it was renamed", registry->path);
	if (registry->store.forgot)
		log_info("records of before may lack the signature that they need now: they are "
			 "forgotten");
	if (err == 0 && (anew || registry->failing || registry->store.forgot)) {
		log_info("asking for all records once more");
		atomic_store(&registry->wants_all, true);
	}
	registry->failing = err < 0;
	registry->store.forgot = false;
}

static void stream_failed(struct registry *registry, int err)
{
	store_rollback(&registry->store);
	if (err == -EUCLEAN) {
		registry_open_stream(registry);
		return;
	}
	if (registry->again_ns == INT64_MAX)
		registry->again_ns = clock_mono_ns() + AGAIN_NS;
	refuse_for(registry, "stream",
		   err == -ENOSPC ? "there is no room for more, see quota and the disk"
				  : strerror(-err));
}

/* ---- questions ------------------------------------------------------------------------- */

static void hand_out(struct registry *registry, struct registry_answer *answer, bool failed)
{
	uint64_t one = 1;
	bool first;

	pthread_mutex_lock(&registry->lock);
	first = answer && registry->answer_count == 0;
	if (answer)
		registry->answers[(registry->answer_first + registry->answer_count++) %
				  QUESTIONS_MAX] = answer;
	else
		registry->open--;
	registry->counters.answers++;
	registry->counters.failed += failed;
	pthread_mutex_unlock(&registry->lock);
	if (first)
		(void)!write(registry->fd, &one, sizeof(one));
}

/* Nothing is known for sure before all lists have been read. */
static bool is_loading(const struct registry *registry)
{
	for (size_t i = 0; i < registry->plan->conf.files.count && i < STORE_LISTS_MAX; i++)
		if (!registry->looked_at[i])
			return true;
	return false;
}

/* A list that was read before this start is there at once, so a question waits for that long. */
static bool waits_for_lists(const struct registry *registry)
{
	return is_loading(registry) && clock_mono_ns() < registry->patient_until_ns;
}

static void answer_all(struct registry *registry)
{
	struct registry_question questions[QUESTIONS_MAX];
	struct instant now;
	size_t count;

	pthread_mutex_lock(&registry->lock);
	count = registry->question_count;
	memcpy(questions, registry->questions, count * sizeof(questions[0]));
	registry->question_count = 0;
	pthread_mutex_unlock(&registry->lock);
	if (count > 0)
		now = clock_now();
	for (size_t i = 0; i < count; i++) {
		int err;
		struct registry_answer *answer =
			store_answer(&registry->store, &questions[i], &now, &err);

		if (err == 0 && answer && is_loading(registry))
			answer->outcome = REGISTRY_LOADING;
		if (err < 0 && registry->store.stream.records)
			log_warn(err, "a question could not be answered");
		hand_out(registry, answer, err < 0);
	}
}

static bool somebody_asks(struct registry *registry)
{
	bool asks;

	pthread_mutex_lock(&registry->lock);
	asks = registry->question_count > 0;
	pthread_mutex_unlock(&registry->lock);
	return asks;
}

/* ---- records --------------------------------------------------------------------------- */

/* What a transaction changed of who is recognised, to be told when it is kept. */
struct changes {
	struct changed_record records[CHANGES_TOLD];
	size_t count;
	uint64_t more;
};

static int note_change(struct registry *registry, struct changes *changes,
		       const struct inlet_message *message, const struct trust_word *word,
		       bool removed)
{
	struct changed_record *record = &changes->records[changes->count];

	if (strncmp(message->subject, "consignment/", 12) == 0)
		return 0;
	if (changes->count == CHANGES_TOLD) {
		changes->more++;
		return 0;
	}
	changes->count++;
	*record = (struct changed_record){.removed = removed};
	snprintf(record->subject, sizeof(record->subject), "%s", message->subject);
	snprintf(record->signer, sizeof(record->signer), "%s", word->signer);
	event_hash(message->payload, message->bytes, record->hash);
	return removed ? 0 : intake_hash(&registry->store, message, record->held_hash);
}

static void tell_changes(struct registry *registry, struct changes *changes)
{
	if (changes->count > 0)
		changes->records[changes->count - 1].more = changes->more;
	for (size_t i = 0; i < changes->count; i++)
		notices_put_change(&registry->notices, &changes->records[i]);
}

static int take_message(struct registry *registry, const struct inlet_message *message,
			const struct instant *now, struct registry_counters *counts,
			struct changes *changes)
{
	struct registry_complaint complaint = {0};
	struct trust_word word = {0};
	enum intake_result result;
	int err;

	result = intake_take(&registry->store, message, now, &word, &complaint, &err);
	counts->records += result == INTAKE_TAKEN || result == INTAKE_UNCHANGED;
	counts->unchanged += result == INTAKE_UNCHANGED;
	counts->removed += result == INTAKE_REMOVED;
	if (result == INTAKE_TAKEN || result == INTAKE_REMOVED)
		return note_change(registry, changes, message, &word, result == INTAKE_REMOVED);
	if (result == INTAKE_REFUSED)
		refuse(registry, message->subject, &complaint, 0);
	return result == INTAKE_FAILED ? err : 0;
}

static void count(struct registry *registry, const struct registry_counters *counts)
{
	int64_t bytes = store_stream_bytes(&registry->store);
	uint64_t changes = counts->records - counts->unchanged + counts->removed, one = 1;

	pthread_mutex_lock(&registry->lock);
	registry->counters.records += counts->records;
	registry->counters.unchanged += counts->unchanged;
	registry->counters.removed += counts->removed;
	registry->counters.changes += changes;
	registry->counters.stream_bytes = bytes;
	pthread_mutex_unlock(&registry->lock);
	if (changes > 0)
		(void)!write(registry->fd, &one, sizeof(one));
}

static bool may_go_on(struct registry *registry, int64_t began_ns, unsigned messages)
{
	int64_t spent_ns = clock_mono_ns() - began_ns;

	if (messages == SLICE_MOST)
		return false;
	return spent_ns < SLICE_MIN_NS || (spent_ns < SLICE_MAX_NS && !somebody_asks(registry));
}

/* One transaction. */
static void take_slice(struct registry *registry)
{
	struct instant now;
	struct registry_counters counts = {0};
	struct changes changes = {0};
	struct inlet_message message;
	unsigned messages = 0;
	int err = 0;

	if (inbox_is_empty(registry->inbox) && !registry->store.undated && !registry->store.writing)
		return;
	now = clock_now();
	if (now.clock != CLOCK_UNSYNCED)
		err = store_date(&registry->store, now.utc_ns);
	while (err == 0 && inbox_take(registry->inbox, &message)) {
		err = take_message(registry, &message, &now, &counts, &changes);
		if (!may_go_on(registry, now.mono_ns, ++messages))
			break;
	}
	if (messages == 0 && !registry->store.writing)
		return;
	if (err == 0)
		err = store_commit(&registry->store);
	if (err < 0)
		stream_failed(registry, err);
	else
		count(registry, &counts);
	if (err == 0)
		tell_changes(registry, &changes);
}

/* ---- lists ----------------------------------------------------------------------------- */

static void put_list(struct registry *registry, const char *file, const struct registry_list *list,
		     enum registry_kind kind, const struct list_update *update)
{
	struct taken_list taken = {
		.kind = kind, .as_of_utc_ns = list->as_of_utc_ns, .records = update->records};

	memcpy(taken.hash, update->hash, sizeof(taken.hash));
	snprintf(taken.signer, sizeof(taken.signer), "%s", list->signer);

	snprintf(taken.file, sizeof(taken.file), "%s", file);
	snprintf(taken.version, sizeof(taken.version), "%s", list->version);
	pthread_mutex_lock(&registry->lock);
	registry->counters.changes++;
	pthread_mutex_unlock(&registry->lock);
	notices_put_list(&registry->notices, &taken);
}

static void apply_update(struct registry *registry, size_t place, const struct list_update *update)
{
	const char *file = basename(registry->plan->conf.files.item[place]);
	enum registry_kind kind = REGISTRY_CONSIGNMENT;
	struct registry_list list = {0};
	int err = 0;

	registry->looked_at[place] = true;
	registry->refusals[place] = (struct registry_complaint){0};
	if (update->refused)
		registry->refusals[place] = update->complaint;
	if (update->ready)
		err = store_take_list(&registry->store, place, update->path, &list, &kind);
	if (err < 0)
		refuse_for(registry, file, strerror(-err));
	else if (update->ready && !update->known)
		put_list(registry, file, &list, kind, update);
	if (update->refused)
		refuse(registry, file, &update->complaint, update->more);
}

/* Of one that only the next plan knows: in the round after that was taken. */
static bool has_place(const struct registry *registry, int64_t list, size_t *ret_place)
{
	const struct conf_list *files = &registry->plan->conf.files;

	for (size_t i = 0; i < files->count && i < STORE_LISTS_MAX; i++) {
		*ret_place = i;
		if ((records_sum(files->item[i], strlen(files->item[i])) | 1) == list)
			return true;
	}
	return false;
}

static bool next_update(struct registry *registry, size_t *ret_place,
			struct list_update *ret_update)
{
	bool any = false;

	pthread_mutex_lock(&registry->lock);
	for (size_t i = 0; !any && i < STORE_LISTS_MAX; i++) {
		any = registry->updates[i].list &&
		      has_place(registry, registry->updates[i].list, ret_place);
		if (!any)
			continue;
		*ret_update = registry->updates[i];
		registry->updates[i] = (struct list_update){0};
	}
	registry->any_update = any;
	pthread_mutex_unlock(&registry->lock);
	return any;
}

/* One at a time, and none before there is room to report it. */
static void take_update(struct registry *registry)
{
	struct list_update update;
	size_t place;

	if (notices_has_room(&registry->notices) && next_update(registry, &place, &update))
		apply_update(registry, place, &update);
}

/* ---- the thread ------------------------------------------------------------------------ */

/* Under the lock. */
static bool has_update(struct registry *registry)
{
	return registry->any_update && notices_has_room(&registry->notices);
}

/* false: it is time to stop. */
static bool wait_for_work(struct registry *registry)
{
	int64_t due_ns = earlier_ns(earlier_ns(registry->reopen_ns, registry->again_ns),
				    notices_due_ns(&registry->notices));
	struct pollfd inbox = {.fd = inbox_fd(registry->inbox), .events = POLLIN};

	pthread_mutex_lock(&registry->lock);
	if (registry->question_count > 0)
		due_ns = waits_for_lists(registry) ? earlier_ns(due_ns, registry->patient_until_ns)
						   : 0;
	if (!inbox_is_empty(registry->inbox) || has_update(registry) || registry->next ||
	    (registry->look && !registry->look_done))
		due_ns = 0;
	pthread_mutex_unlock(&registry->lock);
	return worker_wait(registry->worker, due_ns, &inbox);
}

static void tend(struct registry *registry)
{
	int64_t now_ns = clock_mono_ns();

	if (now_ns >= registry->reopen_ns)
		registry_open_stream(registry);
	if (now_ns >= registry->again_ns) {
		registry->again_ns = INT64_MAX;
		atomic_store(&registry->wants_all, true);
	}
	notices_put_held(&registry->notices, false);
}

static bool is_done(struct registry *registry)
{
	bool done;

	pthread_mutex_lock(&registry->lock);
	done = !has_update(registry) &&
	       (!registry->store.stream.records || inbox_is_empty(registry->inbox));
	pthread_mutex_unlock(&registry->lock);
	return done || clock_mono_ns() >= registry->finish_by_ns;
}

/* Records that were taken were acknowledged: their senders believe that they are kept. A passage
 * waits for its answer. */
static void finish(struct registry *registry)
{
	answer_all(registry);
	while (!is_done(registry)) {
		take_update(registry);
		if (registry->store.stream.records)
			take_slice(registry);
	}
	notices_put_held(&registry->notices, true);
	store_close(&registry->store);
}

void registry_run(void *data)
{
	struct registry *registry = data;

	registry->patient_until_ns = clock_mono_ns() + REGISTRY_PATIENCE_NS;
	while (wait_for_work(registry)) {
		registry_take_plan(registry);
		tend(registry);
		if (!waits_for_lists(registry))
			answer_all(registry);
		registry_do_look(registry);
		take_update(registry);
		take_slice(registry);
	}
	finish(registry);
}
