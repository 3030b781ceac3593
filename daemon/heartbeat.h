/* How the main loop knows that a worker still goes round.
 *
 * The watchdog asks (and wakes the worker by the worker's own means); the
 * worker answers once per round of its loop. A worker that has not answered a
 * question within its limit is stuck. Costs nothing between two questions.
 * Lock-free, any thread.
 */
#ifndef CORRIDORD_HEARTBEAT_H
#define CORRIDORD_HEARTBEAT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct heartbeat {
	_Atomic uint64_t asked;
	_Atomic uint64_t answered;
	_Atomic int64_t asked_mono_ns; /* when the oldest unanswered question was put */
};

static inline void heartbeat_ask(struct heartbeat *beat, int64_t now_mono_ns)
{
	if (atomic_load(&beat->asked) == atomic_load(&beat->answered))
		atomic_store(&beat->asked_mono_ns, now_mono_ns);
	atomic_fetch_add(&beat->asked, 1);
}

static inline void heartbeat_answer(struct heartbeat *beat)
{
	atomic_store(&beat->answered, atomic_load(&beat->asked));
}

static inline bool heartbeat_stuck(struct heartbeat *beat, int64_t now_mono_ns, int64_t limit_ns)
{
	return atomic_load(&beat->asked) != atomic_load(&beat->answered) &&
	       now_mono_ns - atomic_load(&beat->asked_mono_ns) > limit_ns;
}

#endif
