/* A worker: a thread of its own that is woken, watched and stopped.
 *
 * The thread goes round: it does what there is to do and calls worker_wait(), which answers the
 * watchdog and says when it is time to end. Signals are not delivered there. What the thread
 * shares with others is its owner's, under a lock of the owner's: it is changed first, then the
 * worker is woken.
 */
#ifndef CORRIDORD_BASE_WORKER_H
#define CORRIDORD_BASE_WORKER_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct worker;

struct worker_job {
	const char *name; /* of the thread, copied: its first 15 characters */
	size_t stack_bytes; /* 0: as the system has it */
	void (*run)(void *data); /* in the thread: it ends when this returns */
	void *data;
};

/* stuck_after_ns: how long a ping may go unanswered. -ENOMEM or another negative errno. */
int worker_new(int64_t stuck_after_ns, struct worker **ret_worker);
void worker_free(struct worker *worker); /* stopped, or never started; takes NULL */

/* Negative errno: there is no thread. */
int worker_start(struct worker *worker, const struct worker_job *job);

/* Asks the thread to end and waits for that until the deadline (monotonic). false: it has not ended,
 * a call of it hangs; nothing that it uses may be freed. May be called again; with a deadline that
 * has passed it only asks. Takes NULL. */
bool worker_stop(struct worker *worker, int64_t deadline_mono_ns);

/* Any thread: the wait under way, or the next one, ends at once. */
void worker_wake(struct worker *worker);

/* ---- the thread's ---- */

/* Waits until the deadline (INT64_MAX: none), a wake-up or what fd waits for, and then is
 * worker_goes_on(). fd: its revents are set; NULL, or a negative one: there is none. */
bool worker_wait(struct worker *worker, int64_t deadline_mono_ns, struct pollfd *fd);

/* For a round that takes long: answers the watchdog. false: the thread is to end. */
bool worker_goes_on(struct worker *worker);

/* Held up by another part, as by a full queue: not stuck meanwhile. */
void worker_hold_up(struct worker *worker, bool held_up);

/* ---- the watchdog's ---- */

/* Wakes the worker, which has to answer. */
void worker_ping(struct worker *worker, int64_t now_mono_ns);
bool worker_is_stuck(struct worker *worker, int64_t now_mono_ns);

#endif
