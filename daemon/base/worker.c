#include "base/worker.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"

#define NAME_BYTES 16 /* more a thread cannot have */

struct worker {
	int64_t stuck_after_ns;
	char name[NAME_BYTES];
	void (*run)(void *data);
	void *data;
	int wake_fd;
	pthread_t thread;
	bool started; /* and not joined yet */

	pthread_mutex_t lock; /* of all below */
	pthread_cond_t end;
	bool stopping, ended;
	bool held_up;
	bool pinged; /* and has not answered */
	int64_t pinged_mono_ns; /* the first time since it answered */
};

int worker_new(int64_t stuck_after_ns, struct worker **ret_worker)
{
	struct worker *worker = calloc(1, sizeof(*worker));

	if (!worker)
		return -ENOMEM;
	worker->stuck_after_ns = stuck_after_ns;
	worker->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (worker->wake_fd < 0) {
		int err = -errno;

		free(worker);
		return err;
	}
	pthread_mutex_init(&worker->lock, NULL);
	pthread_cond_init(&worker->end, NULL);
	*ret_worker = worker;
	return 0;
}

void worker_free(struct worker *worker)
{
	if (!worker)
		return;
	assert(!worker->started);
	pthread_cond_destroy(&worker->end);
	pthread_mutex_destroy(&worker->lock);
	close(worker->wake_fd);
	free(worker);
}

/* ---- start and stop ------------------------------------------------------------------- */

static void *run(void *data)
{
	struct worker *worker = data;

	pthread_setname_np(pthread_self(), worker->name);
	worker->run(worker->data);
	pthread_mutex_lock(&worker->lock);
	worker->ended = true;
	pthread_cond_signal(&worker->end);
	pthread_mutex_unlock(&worker->lock);
	return NULL;
}

int worker_start(struct worker *worker, const struct worker_job *job)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	int err;

	snprintf(worker->name, sizeof(worker->name), "%s", job->name);
	worker->run = job->run;
	worker->data = job->data;
	pthread_attr_init(&attributes);
	if (job->stack_bytes > 0)
		pthread_attr_setstacksize(&attributes, job->stack_bytes);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&worker->thread, &attributes, run, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	worker->started = err == 0;
	return -err;
}

/* pthread_clockjoin_np() would do without `ended`, but ThreadSanitizer does not know it. */
bool worker_stop(struct worker *worker, int64_t deadline_mono_ns)
{
	struct timespec deadline = clock_timespec(deadline_mono_ns);
	bool ended;
	int err = 0;

	if (!worker || !worker->started)
		return true;
	pthread_mutex_lock(&worker->lock);
	worker->stopping = true;
	worker_wake(worker);
	while (!worker->ended && err == 0)
		err = pthread_cond_clockwait(&worker->end, &worker->lock, CLOCK_MONOTONIC,
					     &deadline);
	ended = worker->ended;
	pthread_mutex_unlock(&worker->lock);
	if (ended)
		pthread_join(worker->thread, NULL);
	worker->started = !ended;
	return ended;
}

/* ---- the rounds ----------------------------------------------------------------------- */

void worker_wake(struct worker *worker)
{
	uint64_t one = 1;

	(void)!write(worker->wake_fd, &one, sizeof(one));
}

bool worker_wait(struct worker *worker, int64_t deadline_mono_ns, struct pollfd *fd)
{
	struct pollfd fds[2] = {{.fd = worker->wake_fd, .events = POLLIN}, {.fd = -1}};
	bool ever = deadline_mono_ns != INT64_MAX;
	int64_t left_ns = ever ? deadline_mono_ns - clock_mono_ns() : 0;
	struct timespec timeout = clock_timespec(left_ns > 0 ? left_ns : 0);
	uint64_t wakes;

	if (fd)
		fds[1] = *fd;
	if (ever && left_ns <= 0 && fds[1].fd < 0)
		return worker_goes_on(worker);
	if (ppoll(fds, 2, ever ? &timeout : NULL, NULL) > 0 && fds[0].revents)
		(void)!read(worker->wake_fd, &wakes, sizeof(wakes));
	if (fd)
		fd->revents = fds[1].revents;
	return worker_goes_on(worker);
}

bool worker_goes_on(struct worker *worker)
{
	bool goes_on;

	pthread_mutex_lock(&worker->lock);
	worker->pinged = false;
	goes_on = !worker->stopping;
	pthread_mutex_unlock(&worker->lock);
	return goes_on;
}

void worker_hold_up(struct worker *worker, bool held_up)
{
	pthread_mutex_lock(&worker->lock);
	worker->held_up = held_up;
	pthread_mutex_unlock(&worker->lock);
}

/* ---- the watchdog --------------------------------------------------------------------- */

void worker_ping(struct worker *worker, int64_t now_mono_ns)
{
	pthread_mutex_lock(&worker->lock);
	if (!worker->pinged)
		worker->pinged_mono_ns = now_mono_ns;
	worker->pinged = true;
	pthread_mutex_unlock(&worker->lock);
	worker_wake(worker);
}

bool worker_is_stuck(struct worker *worker, int64_t now_mono_ns)
{
	bool stuck;

	pthread_mutex_lock(&worker->lock);
	stuck = worker->pinged && !worker->held_up &&
		now_mono_ns - worker->pinged_mono_ns > worker->stuck_after_ns;
	pthread_mutex_unlock(&worker->lock);
	return stuck;
}
