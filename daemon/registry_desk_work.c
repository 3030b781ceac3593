#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "registry_desk_private.h"

#define LOG_TOKEN "registry"
#include "log.h"

/* A transaction of records lasts this long, longer while nobody asks; what it holds is lost
 * together when there is no room for all of it. */
#define SLICE_MIN_NS (3 * NS_PER_MS)
#define SLICE_MAX_NS (50 * NS_PER_MS)
#define SLICE_MOST   256
#define REOPEN_NS    (60 * NS_PER_S)
#define AGAIN_NS     (300 * NS_PER_S) /* what was dropped for want of room is asked for again */

static void refused(struct desk *desk, const char *subject, const struct registry_complaint *why,
		    int more)
{
	pthread_mutex_lock(&desk->lock);
	desk->counters.refused++;
	pthread_mutex_unlock(&desk->lock);
	tell_refused(&desk->tell, subject, why, (uint64_t)more);
}

static void refused_for(struct desk *desk, const char *subject, const char *why)
{
	struct registry_complaint complaint = {0};

	snprintf(complaint.text, sizeof(complaint.text), "%s", why);
	refused(desk, subject, &complaint, 0);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ---- the stream's file ----------------------------------------------------------------- */

void desk_open_stream(struct desk *desk)
{
	int64_t now_ns = clock_mono_ns();
	bool anew = false;
	int err = store_open(&desk->store, desk->path, desk->conf->quota_bytes,
			     desk->conf->max_age_ns, &anew);

	desk->reopen_ns = err < 0 ? now_ns + REOPEN_NS : INT64_MAX;
	if (err < 0 && !desk->failing)
		log_warn(err, "%s cannot be used, nothing is known of consignments until it can",
			 desk->path);
	if (anew)
		log_warnx("%s was damaged and begins anew, it was renamed", desk->path);
	if (err == 0 && (anew || desk->failing)) {
		log_info("asking for all records once more");
		atomic_store(&desk->wants_all, true);
	}
	desk->failing = err < 0;
}

static void stream_failed(struct desk *desk, int err)
{
	store_rollback(&desk->store);
	if (err == -EUCLEAN) {
		desk_open_stream(desk);
		return;
	}
	if (desk->again_ns == INT64_MAX)
		desk->again_ns = clock_mono_ns() + AGAIN_NS;
	refused_for(desk, "stream",
		    err == -ENOSPC ? "there is no room for more, see quota and the disk"
				   : strerror(-err));
}

/* ---- questions ------------------------------------------------------------------------- */

static void hand_out(struct desk *desk, struct registry_answer *answer, bool failed)
{
	uint64_t one = 1;
	bool first;

	pthread_mutex_lock(&desk->lock);
	first = answer && desk->answer_count == 0;
	if (answer)
		desk->answers[(desk->answer_first + desk->answer_count++) % DESK_OPEN_MAX] = answer;
	else
		desk->open--;
	desk->counters.answers++;
	desk->counters.failed += failed;
	pthread_mutex_unlock(&desk->lock);
	if (first)
		(void)!write(desk->fd, &one, sizeof(one));
}

static void answer_all(struct desk *desk)
{
	struct registry_question questions[DESK_OPEN_MAX];
	size_t count, i;

	pthread_mutex_lock(&desk->lock);
	count = desk->question_count;
	memcpy(questions, desk->questions, count * sizeof(questions[0]));
	desk->question_count = 0;
	pthread_mutex_unlock(&desk->lock);
	for (i = 0; i < count; i++) {
		int err;
		struct registry_answer *answer = store_answer(&desk->store, &questions[i], &err);

		if (err < 0 && desk->store.stream.records)
			log_warn(err, "a question could not be answered");
		hand_out(desk, answer, err < 0);
	}
}

static bool somebody_asks(struct desk *desk)
{
	bool asks;

	pthread_mutex_lock(&desk->lock);
	asks = desk->question_count > 0;
	pthread_mutex_unlock(&desk->lock);
	return asks;
}

/* ---- records --------------------------------------------------------------------------- */

static void swap_boxes(struct desk *desk)
{
	struct box filled;

	box_empty(&desk->batch);
	pthread_mutex_lock(&desk->lock);
	filled = desk->inbox;
	desk->inbox = desk->batch;
	pthread_mutex_unlock(&desk->lock);
	desk->batch = filled;
}

static int take_message(struct desk *desk, const struct message *message, int64_t now_utc_ns,
			struct desk_counters *counts)
{
	struct registry_complaint complaint = {0};
	enum intake_result result;
	int err;

	result = intake_take(&desk->store, message, now_utc_ns, &complaint, &err);
	counts->records += result == INTAKE_TAKEN || result == INTAKE_UNCHANGED;
	counts->unchanged += result == INTAKE_UNCHANGED;
	counts->removed += result == INTAKE_REMOVED;
	if (result == INTAKE_REFUSED)
		refused(desk, message->subject, &complaint, 0);
	return result == INTAKE_FAILED ? err : 0;
}

static void count(struct desk *desk, const struct desk_counters *counts)
{
	int64_t bytes = store_stream_bytes(&desk->store);

	pthread_mutex_lock(&desk->lock);
	desk->counters.records += counts->records;
	desk->counters.unchanged += counts->unchanged;
	desk->counters.removed += counts->removed;
	desk->counters.stream_bytes = bytes;
	pthread_mutex_unlock(&desk->lock);
}

static bool may_go_on(struct desk *desk, int64_t began_ns, unsigned messages)
{
	int64_t spent_ns = clock_mono_ns() - began_ns;

	if (messages == SLICE_MOST)
		return false;
	return spent_ns < SLICE_MIN_NS || (spent_ns < SLICE_MAX_NS && !somebody_asks(desk));
}

/* One transaction. */
static void take_slice(struct desk *desk)
{
	struct instant now = clock_now();
	struct desk_counters counts = {0};
	struct message message;
	unsigned messages = 0;
	int err = 0;

	if (box_is_done(&desk->batch))
		swap_boxes(desk);
	while (err == 0 && box_next(&desk->batch, &message)) {
		err = take_message(desk, &message, now.utc_ns, &counts);
		if (!may_go_on(desk, now.mono_ns, ++messages))
			break;
	}
	if (messages == 0)
		return;
	if (err == 0)
		err = store_commit(&desk->store);
	if (err < 0)
		stream_failed(desk, err);
	else
		count(desk, &counts);
}

/* ---- lists ----------------------------------------------------------------------------- */

static void tell_taken(struct desk *desk, const char *file, const struct registry_list *list,
		       enum registry_kind kind, int records)
{
	struct taken_list taken = {
		.kind = kind, .as_of_utc_ns = list->as_of_utc_ns, .records = records};

	snprintf(taken.file, sizeof(taken.file), "%s", file);
	snprintf(taken.version, sizeof(taken.version), "%s", list->version);
	tell_list(&desk->tell, &taken);
}

static void heed_news(struct desk *desk, size_t place, const struct news *news)
{
	const char *file = base_name(desk->conf->files.item[place]);
	enum registry_kind kind = REGISTRY_CONSIGNMENT;
	struct registry_list list = {0};
	int err = 0;

	if (news->ready)
		err = store_take_list(&desk->store, place, news->path, &list, &kind);
	if (err < 0)
		refused_for(desk, file, strerror(-err));
	else if (news->ready && !news->known)
		tell_taken(desk, file, &list, kind, news->records);
	if (news->refused)
		refused(desk, file, &news->complaint, news->more);
}

static bool next_news(struct desk *desk, size_t *ret_place, struct news *ret_news)
{
	bool any = false;
	size_t i;

	pthread_mutex_lock(&desk->lock);
	for (i = 0; !any && i < STORE_LISTS_MAX; i++) {
		any = desk->news[i].ready || desk->news[i].refused;
		if (!any)
			continue;
		*ret_news = desk->news[i];
		*ret_place = i;
		desk->news[i] = (struct news){0};
	}
	desk->anything_new = any;
	pthread_mutex_unlock(&desk->lock);
	return any;
}

/* One at a time, and none that could not be told. */
static void take_news(struct desk *desk)
{
	struct news news;
	size_t place;

	if (tell_has_room(&desk->tell) && next_news(desk, &place, &news))
		heed_news(desk, place, &news);
}

/* ---- the thread ------------------------------------------------------------------------ */

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
	return a_ns < b_ns ? a_ns : b_ns;
}

/* Under the lock. */
static bool has_news(struct desk *desk)
{
	return desk->anything_new && tell_has_room(&desk->tell);
}

static bool is_called(struct desk *desk)
{
	return desk->question_count > 0 || !box_is_done(&desk->inbox) || desk->asked ||
	       desk->stopping || has_news(desk);
}

/* false: it is time to stop. */
static bool wait_for_work(struct desk *desk)
{
	int64_t due_ns =
		earlier(earlier(desk->reopen_ns, desk->again_ns), tell_due_ns(&desk->tell));
	struct timespec due = clock_timespec(due_ns);
	bool stopping;
	int err = 0;

	pthread_mutex_lock(&desk->lock);
	while (box_is_done(&desk->batch) && !is_called(desk) && err == 0)
		err = due_ns == INT64_MAX ? pthread_cond_wait(&desk->wake, &desk->lock)
					  : pthread_cond_timedwait(&desk->wake, &desk->lock, &due);
	heartbeat_answer(&desk->beat);
	desk->asked = false;
	stopping = desk->stopping;
	pthread_mutex_unlock(&desk->lock);
	return !stopping;
}

static void tend(struct desk *desk)
{
	int64_t now_ns = clock_mono_ns();

	if (now_ns >= desk->reopen_ns)
		desk_open_stream(desk);
	if (now_ns >= desk->again_ns) {
		desk->again_ns = INT64_MAX;
		atomic_store(&desk->wants_all, true);
	}
	tell_held(&desk->tell, false);
}

static bool is_done(struct desk *desk)
{
	bool done;

	pthread_mutex_lock(&desk->lock);
	done = !has_news(desk) && (!desk->store.stream.records ||
				   (box_is_done(&desk->inbox) && box_is_done(&desk->batch)));
	pthread_mutex_unlock(&desk->lock);
	return done || clock_mono_ns() >= desk->finish_by_ns;
}

/* Its authors believe that what was taken is kept, and a passage waits for its answer. */
static void finish(struct desk *desk)
{
	answer_all(desk);
	while (!is_done(desk)) {
		take_news(desk);
		if (desk->store.stream.records)
			take_slice(desk);
	}
	tell_held(&desk->tell, true);
	store_close(&desk->store);
}

void *desk_run(void *data)
{
	struct desk *desk = data;

	pthread_setname_np(pthread_self(), "registry");
	while (wait_for_work(desk)) {
		tend(desk);
		answer_all(desk);
		take_news(desk);
		take_slice(desk);
	}
	finish(desk);
	pthread_mutex_lock(&desk->lock);
	desk->ended = true;
	pthread_cond_signal(&desk->wake);
	pthread_mutex_unlock(&desk->lock);
	return NULL;
}
