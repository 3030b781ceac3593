#include "registry_desk.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "registry_desk_private.h"

#define STUCK_NS  (120 * NS_PER_S)
#define FINISH_NS (100 * NS_PER_MS) /* for what was asked and taken before the stop */

/* ---- questions and answers ------------------------------------------------------------- */

static int ask(void *data, const struct registry_question *question)
{
	struct desk *desk = data;
	bool taken;

	pthread_mutex_lock(&desk->lock);
	taken = desk->open < DESK_OPEN_MAX && !desk->stopping;
	if (taken) {
		desk->questions[desk->question_count++] = *question;
		desk->open++;
		desk->counters.questions++;
		if (desk->question_count == 1)
			pthread_cond_signal(&desk->wake);
	}
	pthread_mutex_unlock(&desk->lock);
	return taken ? 0 : -EAGAIN;
}

struct registry_desk desk_questions(struct desk *desk)
{
	return (struct registry_desk){.data = desk, .ask = ask};
}

int desk_fd(const struct desk *desk)
{
	return desk->fd;
}

struct registry_answer *desk_take(struct desk *desk)
{
	struct registry_answer *answer = NULL;

	pthread_mutex_lock(&desk->lock);
	if (desk->answer_count > 0) {
		answer = desk->answers[desk->answer_first];
		desk->answer_first = (desk->answer_first + 1) % DESK_OPEN_MAX;
		desk->answer_count--;
		desk->open--;
	}
	pthread_mutex_unlock(&desk->lock);
	return answer;
}

void desk_tell(struct desk *desk, const struct event_sink *sink)
{
	tell_pass_on(&desk->tell, sink);
	pthread_mutex_lock(&desk->lock);
	if (desk->anything_new) /* it may have waited for room to be told */
		pthread_cond_signal(&desk->wake);
	pthread_mutex_unlock(&desk->lock);
}

struct desk_counters desk_counters(struct desk *desk)
{
	struct desk_counters counters;

	pthread_mutex_lock(&desk->lock);
	counters = desk->counters;
	pthread_mutex_unlock(&desk->lock);
	return counters;
}

/* ---- records --------------------------------------------------------------------------- */

static bool take(void *data, const struct heard *heard)
{
	struct desk *desk = data;
	bool taken;

	pthread_mutex_lock(&desk->lock);
	taken = !desk->stopping && box_put(&desk->inbox, heard);
	pthread_cond_signal(&desk->wake);
	pthread_mutex_unlock(&desk->lock);
	return taken;
}

static bool wants_all(void *data)
{
	struct desk *desk = data;

	return atomic_exchange(&desk->wants_all, false);
}

struct inlet desk_inlet(struct desk *desk)
{
	return (struct inlet){
		.folder = "registry",
		.levels = "#",
		.retained = true,
		.data = desk,
		.take = take,
		.wants_all = wants_all,
	};
}

/* ---- lists ----------------------------------------------------------------------------- */

static void list_ready(void *data, size_t place, const char *path, int records, bool known)
{
	struct desk *desk = data;
	struct news *news = &desk->news[place];

	pthread_mutex_lock(&desk->lock);
	news->ready = true;
	news->known = known;
	news->records = records;
	snprintf(news->path, sizeof(news->path), "%s", path);
	desk->anything_new = true;
	pthread_cond_signal(&desk->wake);
	pthread_mutex_unlock(&desk->lock);
}

static void list_refused(void *data, size_t place, const struct registry_complaint *complaint,
			 int more)
{
	struct desk *desk = data;
	struct news *news = &desk->news[place];

	pthread_mutex_lock(&desk->lock);
	news->refused = true;
	news->complaint = *complaint;
	news->more = more;
	desk->anything_new = true;
	pthread_cond_signal(&desk->wake);
	pthread_mutex_unlock(&desk->lock);
}

/* ---- life ------------------------------------------------------------------------------ */

static void init_lock(struct desk *desk)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&desk->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&desk->wake, &attributes);
	pthread_condattr_destroy(&attributes);
}

static int make_parts(struct desk *desk)
{
	const struct lists_sink sink = {.data = desk, .ready = list_ready, .refused = list_refused};
	int err;

	desk->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (desk->fd < 0)
		return -errno;
	if ((err = tell_init(&desk->tell, desk->fd)) < 0)
		return err;
	if ((err = box_init(&desk->inbox)) < 0 || (err = box_init(&desk->batch)) < 0)
		return err;
	if (desk->conf->files.count > 0)
		return lists_new(desk->conf, desk->path, &sink, &desk->lists);
	return 0;
}

int desk_new(const struct registry_conf *conf, const char *journal_path, struct desk **ret_desk)
{
	struct desk *desk = calloc(1, sizeof(*desk));
	int err;

	if (!desk)
		return -ENOMEM;
	desk->conf = conf;
	desk->again_ns = INT64_MAX;
	snprintf(desk->path, sizeof(desk->path), "%s.registry", journal_path);
	init_lock(desk);
	err = make_parts(desk);
	if (err < 0) {
		desk_free(desk);
		return err;
	}
	desk_open_stream(desk);
	*ret_desk = desk;
	return 0;
}

int desk_start(struct desk *desk)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&desk->thread, NULL, desk_run, desk);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err != 0)
		return -err;
	desk->started = true;
	return desk->lists ? lists_start(desk->lists) : 0;
}

static bool stop_thread(struct desk *desk, int64_t deadline_ns)
{
	int64_t now_ns = clock_mono_ns();
	int64_t until_ns =
		deadline_ns > now_ns + 2 * FINISH_NS ? deadline_ns : now_ns + 2 * FINISH_NS;
	struct timespec until = clock_timespec(until_ns);
	bool ended;
	int err = 0;

	if (!desk->started)
		return true;
	pthread_mutex_lock(&desk->lock);
	desk->stopping = true;
	desk->finish_by_ns = now_ns + FINISH_NS;
	pthread_cond_signal(&desk->wake);
	while (!desk->ended && err == 0)
		err = pthread_cond_timedwait(&desk->wake, &desk->lock, &until);
	ended = desk->ended;
	pthread_mutex_unlock(&desk->lock);
	if (ended)
		pthread_join(desk->thread, NULL);
	desk->started = !ended;
	return ended;
}

bool desk_stop(struct desk *desk, int64_t deadline_mono_ns)
{
	bool lists_ended;

	if (!desk)
		return true;
	lists_ended = lists_stop(desk->lists, deadline_mono_ns);
	return stop_thread(desk, deadline_mono_ns) && lists_ended;
}

void desk_free(struct desk *desk)
{
	struct registry_answer *answer;

	if (!desk)
		return;
	while ((answer = desk_take(desk)))
		registry_answer_free(answer);
	lists_free(desk->lists);
	store_close(&desk->store);
	box_fini(&desk->inbox);
	box_fini(&desk->batch);
	tell_fini(&desk->tell);
	if (desk->fd >= 0)
		close(desk->fd);
	pthread_cond_destroy(&desk->wake);
	pthread_mutex_destroy(&desk->lock);
	free(desk);
}

/* ---- the watchdog ---------------------------------------------------------------------- */

void desk_ask(struct desk *desk)
{
	heartbeat_ask(&desk->beat, clock_mono_ns());
	pthread_mutex_lock(&desk->lock);
	desk->asked = true;
	pthread_cond_signal(&desk->wake);
	pthread_mutex_unlock(&desk->lock);
}

bool desk_stuck(struct desk *desk, int64_t now_mono_ns)
{
	return heartbeat_stuck(&desk->beat, now_mono_ns, STUCK_NS);
}
