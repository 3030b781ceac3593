#include "bus/schedule.h"

#include "base/time.h"

#define SPREAD_MAX_NS  INT64_C(1000000000)
#define SPREAD_STEP_NS INT64_C(10000000)
#define TROUBLE_NS     INT64_C(30000000000) /* without another one falling silent, it is over */
#define DEBT_MAX_NS    INT64_C(10000000000) /* of vain questions that came all at once */
#define MUTE_NS	       INT64_C(5000000000) /* that nobody answers may be a gateway that waits */
#define LOOK_COSTS     4 /* times as long as its last answer took, */
#define LOOK_MIN_NS    INT64_C(40000000) /* but so long at least */
#define LOOK_OFTEN_NS  INT64_C(200000000) /* and so long where a device is polled this often: */
#define OFTEN_NS       INT64_C(500000000)
#define MANY	       8 /* have fallen silent together: a look at the next may be half as long */
#define SLOW_NS	       INT64_C(100000000) /* an answer that takes longer */
#define SLOW_SHARE     0.25
#define LOOK_SHARE     0.1

static int64_t max_ns(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Devices close to each other are polled together: one wake-up, one commit for all of them. */
static int64_t spread(const struct schedule *schedule, int64_t period_ns, size_t device)
{
	int64_t within_ns = period_ns < SPREAD_MAX_NS ? period_ns : SPREAD_MAX_NS;
	int64_t offset_ns = within_ns / (int64_t)schedule->count * (int64_t)device;

	return offset_ns - offset_ns % SPREAD_STEP_NS;
}

void schedule_start(struct schedule *schedule, int64_t now_ns)
{
	schedule->budget_ns = now_ns;
	schedule->slow_budget_ns = now_ns;
	schedule->look_budget_ns = now_ns;
	schedule->trouble_ns = INT64_MIN;
	schedule->answered_ns = INT64_MIN;
	schedule->last_vain = SCHEDULE_NONE;
	for (size_t i = 0; i < schedule->count; i++) {
		struct schedule_device *device = &schedule->devices[i];

		device->origin_ns = now_ns + spread(schedule, device->period_ns, i);
		device->due_ns = device->origin_ns;
		schedule->round_ns = max_ns(schedule->round_ns, device->period_ns);
	}
}

/* ---- idle time ------------------------------------------------------------------------- */

static bool is_slow(const struct schedule_device *device)
{
	return device->cost_ns >= SLOW_NS;
}

static bool is_held_back(const struct schedule_device *device)
{
	return device->suspect || is_slow(device);
}

/* It did not answer a look, and has missed nothing yet. */
static bool may_live(const struct schedule_device *device, int64_t now_ns)
{
	return device->looked && now_ns < device->due_ns + device->period_ns;
}

/* When the first of those that answer will have missed a grid point, less the time that all of
 * them take; INT64_MAX: nobody can miss one. */
static int64_t last_moment(const struct schedule *schedule, size_t except, int64_t now_ns)
{
	int64_t first_ns = INT64_MAX, costs_ns = 0;

	for (size_t i = 0; i < schedule->count; i++) {
		const struct schedule_device *device = &schedule->devices[i];

		if (i == except || (is_held_back(device) && !may_live(device, now_ns)))
			continue;
		costs_ns += device->cost_ns;
		first_ns = earlier_ns(first_ns, device->due_ns + device->period_ns);
	}
	return first_ns == INT64_MAX ? INT64_MAX : first_ns - costs_ns;
}

int64_t schedule_spare_ns(const struct schedule *schedule, size_t device, int64_t now_ns)
{
	int64_t last_ns = last_moment(schedule, device, now_ns);

	if (last_ns != INT64_MAX)
		return max_ns(last_ns - now_ns, 0);
	/* Of those that fall silent together one may live, and is to be found soon. */
	return schedule->count > 1 && schedule->trouble_ns != INT64_MIN &&
			       now_ns - schedule->newest_ns < TROUBLE_NS
		       ? 0
		       : INT64_MAX;
}

/* ---- who is next ----------------------------------------------------------------------- */

/* It answered last before others began to fall silent: it may have done so, too. */
static bool is_in_doubt(const struct schedule *schedule, const struct schedule_device *device)
{
	return schedule->trouble_ns != INT64_MIN && device->answered_ns < schedule->trouble_ns;
}

static bool is_only_looked_at(const struct schedule *schedule, const struct schedule_device *device)
{
	return !device->suspect && device->answered_ns != 0 && is_in_doubt(schedule, device);
}

/* What is polled often grows stale soon: it is worth more patience. */
int64_t schedule_patience_ns(const struct schedule *schedule, size_t device)
{
	const struct schedule_device *d = &schedule->devices[device];
	int64_t least_ns = d->period_ns < OFTEN_NS ? LOOK_OFTEN_NS : LOOK_MIN_NS;

	if (!is_only_looked_at(schedule, d))
		return INT64_MAX;
	if (schedule->fallen >= MANY)
		least_ns /= 2;
	return max_ns(LOOK_COSTS * d->cost_ns, least_ns);
}

/* What is due now goes by this: who has not answered since others began to fall silent comes after
 * all who have, though not for ever. */
static int64_t urgency(const struct schedule *schedule, const struct schedule_device *device)
{
	return device->due_ns + (is_in_doubt(schedule, device) ? schedule->round_ns : 0);
}

/* Neighbours fall silent together: whoever is farthest from one that has is likely to answer. */
static bool is_farther(const struct schedule *schedule, const struct schedule_device *device,
		       const struct schedule_device *other)
{
	ptrdiff_t away = device - &schedule->devices[schedule->last_vain];
	ptrdiff_t other_away = other - &schedule->devices[schedule->last_vain];

	return (away < 0 ? -away : away) > (other_away < 0 ? -other_away : other_away);
}

/* Of two that answer at once: what is due now before what is not. */
static bool goes_first(const struct schedule *schedule, const struct schedule_device *device,
		       const struct schedule_device *other, int64_t now_ns)
{
	const bool due = device->due_ns <= now_ns, other_due = other->due_ns <= now_ns;

	if (due && other_due && schedule->last_vain != SCHEDULE_NONE &&
	    is_in_doubt(schedule, device) && is_in_doubt(schedule, other))
		return is_farther(schedule, device, other);
	if (due && other_due)
		return urgency(schedule, device) < urgency(schedule, other);
	return device->due_ns < other->due_ns;
}

static size_t next_quick(const struct schedule *schedule, int64_t now_ns)
{
	size_t best = SCHEDULE_NONE;

	for (size_t i = 0; i < schedule->count; i++) {
		const struct schedule_device *device = &schedule->devices[i];

		if (!is_held_back(device) &&
		    (best == SCHEDULE_NONE ||
		     goes_first(schedule, device, &schedule->devices[best], now_ns)))
			best = i;
	}
	return best;
}

/* The idle time: when the next of the others is due, and until when none of them misses a thing. */
struct idle {
	int64_t ends_ns, until_ns;
};

static bool fits(const struct schedule *schedule, const struct idle *idle,
		 const struct schedule_device *device, int64_t at_ns)
{
	const int64_t vain_ns = device->vain_ns > 0 ? device->vain_ns : schedule->vain_ns;
	const int64_t takes_ns = device->suspect ? vain_ns : device->cost_ns;

	return idle->until_ns == INT64_MAX || at_ns + takes_ns <= idle->until_ns;
}

/* Its back-off is over; and nobody waits for a gateway that may still be waiting for it. */
static int64_t ready_ns(const struct schedule *schedule, const struct schedule_device *device)
{
	bool nobody_answers = schedule->count > 1 && schedule->trouble_ns != INT64_MIN &&
			      schedule->answered_ns != INT64_MIN &&
			      schedule->answered_ns < schedule->trouble_ns;

	if (nobody_answers && device == &schedule->devices[schedule->first])
		return max_ns(device->due_ns, schedule->answered_ns + MUTE_NS);
	return device->due_ns;
}

static int64_t budget_of(const struct schedule *schedule, const struct schedule_device *device)
{
	if (device->looked)
		return schedule->look_budget_ns;
	return device->suspect ? schedule->budget_ns : schedule->slow_budget_ns;
}

/* When one that is held back may be asked: at once in idle time, else when its share allows it; then
 * it gives way to what is due, for one round at most. */
static int64_t turn_ns(const struct schedule *schedule, const struct schedule_device *device,
		       const struct idle *idle, int64_t now_ns)
{
	const int64_t ready = ready_ns(schedule, device), at_ns = max_ns(ready, now_ns);
	const int64_t allowed_ns = max_ns(ready, budget_of(schedule, device));

	if (idle->ends_ns <= now_ns)
		return allowed_ns + schedule->round_ns <= now_ns ? now_ns : INT64_MAX;
	return at_ns < idle->ends_ns && fits(schedule, idle, device, at_ns) ? at_ns : allowed_ns;
}

static int64_t deadline_of(const struct schedule_device *device)
{
	return device->due_ns + device->period_ns;
}

/* Of two whose turn is at once: whoever is not silent yet has perhaps only been held up by others;
 * who answered later, the more so. */
static bool is_likelier(const struct schedule_device *device, const struct schedule_device *other)
{
	const bool both_failed = device->suspect && other->suspect;

	if (both_failed && device->silent != other->silent)
		return !device->silent;
	if (both_failed && !device->silent && device->answered_ns != other->answered_ns)
		return device->answered_ns > other->answered_ns;
	return deadline_of(device) < deadline_of(other);
}

static size_t next_held_back(const struct schedule *schedule, const struct idle *idle,
			     int64_t now_ns, int64_t *ret_turn_ns)
{
	size_t best = SCHEDULE_NONE;

	*ret_turn_ns = INT64_MAX;
	for (size_t i = 0; i < schedule->count; i++) {
		const struct schedule_device *device = &schedule->devices[i];
		int64_t turn;

		if (!is_held_back(device))
			continue;
		turn = turn_ns(schedule, device, idle, now_ns);
		if (best != SCHEDULE_NONE && turn > *ret_turn_ns)
			continue;
		if (best != SCHEDULE_NONE && turn == *ret_turn_ns &&
		    !is_likelier(device, &schedule->devices[best]))
			continue;
		best = i;
		*ret_turn_ns = turn;
	}
	return best;
}

size_t schedule_next(const struct schedule *schedule, int64_t now_ns, int64_t *ret_due_ns)
{
	size_t quick = next_quick(schedule, now_ns), held_back;
	int64_t quick_ns = quick == SCHEDULE_NONE ? INT64_MAX : schedule->devices[quick].due_ns;
	const struct idle idle = {.ends_ns = quick_ns,
				  .until_ns = last_moment(schedule, SCHEDULE_NONE, now_ns)};
	int64_t turn;

	held_back = next_held_back(schedule, &idle, now_ns, &turn);
	if (quick == SCHEDULE_NONE && held_back == SCHEDULE_NONE)
		return SCHEDULE_NONE;
	if (held_back != SCHEDULE_NONE && (turn <= now_ns || turn < quick_ns)) {
		*ret_due_ns = turn;
		return held_back;
	}
	*ret_due_ns = quick_ns;
	return quick;
}

/* ---- how it went ----------------------------------------------------------------------- */

static bool on_grid(const struct schedule_device *device)
{
	return device->due_ns >= device->origin_ns &&
	       (device->due_ns - device->origin_ns) % device->period_ns == 0;
}

/* The next grid point in the future; those passed since the last due one were skipped. */
static void advance(struct schedule *schedule, struct schedule_device *device, int64_t now_ns)
{
	int64_t next_ns = device->origin_ns;

	if (now_ns >= next_ns)
		next_ns += ((now_ns - next_ns) / device->period_ns + 1) * device->period_ns;
	if (!device->suspect && on_grid(device))
		schedule->skipped += (uint64_t)((next_ns - device->due_ns) / device->period_ns - 1);
	device->due_ns = next_ns;
}

/* Until when they wait who have taken so much of a share; several at once do not add up for ever. */
static int64_t charge(int64_t budget_ns, int64_t began_ns, int64_t took_ns, double share)
{
	int64_t wait_ns = (int64_t)((double)took_ns / share);

	return earlier_ns(max_ns(budget_ns, began_ns) + wait_ns,
			  began_ns + max_ns(wait_ns, DEBT_MAX_NS));
}

void schedule_answered(struct schedule *schedule, size_t device, int64_t began_ns, int64_t ended_ns)
{
	struct schedule_device *d = &schedule->devices[device];

	advance(schedule, d, ended_ns);
	d->suspect = d->silent = d->looked = false;
	d->failures = 0;
	d->cost_ns = ended_ns - began_ns;
	d->answered_ns = ended_ns;
	schedule->answered_ns = ended_ns;
	schedule->last_vain = SCHEDULE_NONE;
	if (is_slow(d))
		schedule->slow_budget_ns =
			charge(schedule->slow_budget_ns, began_ns, d->cost_ns, SLOW_SHARE);
}

static void note_trouble(struct schedule *schedule, const struct schedule_device *device,
			 int64_t began_ns)
{
	if (device->suspect)
		return;
	if (schedule->trouble_ns == INT64_MIN || began_ns - schedule->newest_ns > TROUBLE_NS) {
		schedule->trouble_ns = began_ns;
		schedule->first = (size_t)(device - schedule->devices);
		schedule->fallen = 0;
	}
	schedule->fallen++;
	schedule->newest_ns = began_ns;
}

/* Whether it says nothing of the device that it did not answer: for a while nobody does. */
static bool is_mute(const struct schedule *schedule, const struct schedule_device *device,
		    int64_t ended_ns)
{
	return schedule->count > 1 && device->suspect && schedule->answered_ns < device->asked_ns &&
	       schedule->answered_ns != INT64_MIN && ended_ns - schedule->answered_ns < MUTE_NS;
}

/* Whether the vain question is one of those that make it silent. A look does not do that alone. */
static bool counts(const struct schedule *schedule, const struct schedule_device *device,
		   int64_t ended_ns, bool looked)
{
	if (looked && device->failures + 1 >= device->fail_after)
		return false;
	return !is_mute(schedule, device, ended_ns);
}

int64_t schedule_failed(struct schedule *schedule, size_t device, int64_t began_ns,
			int64_t ended_ns, uint32_t chance)
{
	struct schedule_device *d = &schedule->devices[device];
	const bool looked = is_only_looked_at(schedule, d);

	note_trouble(schedule, d, began_ns);
	schedule->last_vain = device;
	schedule->budget_ns =
		charge(schedule->budget_ns, began_ns, ended_ns - began_ns, schedule->share);
	if (counts(schedule, d, ended_ns, looked))
		d->failures++;
	d->asked_ns = began_ns;
	d->suspect = true;
	if (d->looked)
		schedule->look_budget_ns =
			charge(schedule->look_budget_ns, began_ns, ended_ns - began_ns, LOOK_SHARE);
	d->looked = looked;
	if (looked)
		return 0; /* it is as due as it was */
	d->vain_ns = ended_ns - began_ns;
	schedule->vain_ns = max_ns(schedule->vain_ns, d->vain_ns);
	if (d->failures < d->fail_after) {
		advance(schedule, d, ended_ns);
		return 0;
	}
	d->silent = true;
	d->due_ns = ended_ns + backoff_ns(&d->retry, d->failures - d->fail_after, chance);
	return d->due_ns - ended_ns;
}

int64_t schedule_silence_ns(const struct schedule_silence *silence, double share)
{
	const double room_ns = (1 - silence->load) * (double)silence->shortest_ns;
	const bool idle =
		silence->shortest_ns == INT64_MAX || (double)silence->longest_ns <= room_ns;

	if (idle && 1 - silence->load > share)
		share = 1 - silence->load;
	return max_ns(silence->retry_max_ns, (int64_t)((double)silence->vain_ns / share));
}

struct schedule_silence schedule_silence(const struct schedule *schedule)
{
	struct schedule_silence silence = {.shortest_ns = INT64_MAX};

	for (size_t i = 0; i < schedule->count; i++) {
		const struct schedule_device *device = &schedule->devices[i];

		if (!device->silent) {
			silence.load += (double)device->cost_ns / (double)device->period_ns;
			silence.shortest_ns = earlier_ns(silence.shortest_ns, device->period_ns);
			continue;
		}
		silence.vain_ns += device->vain_ns;
		silence.longest_ns = max_ns(silence.longest_ns, device->vain_ns);
		silence.retry_max_ns = max_ns(silence.retry_max_ns, device->retry.max_ns);
	}
	return silence;
}

void schedule_link_up(struct schedule *schedule, int64_t now_ns)
{
	for (size_t i = 0; i < schedule->count; i++) {
		struct schedule_device *device = &schedule->devices[i];

		device->due_ns = now_ns;
		device->failures = device->fail_after - 1;
		device->suspect = device->looked = false;
	}
}
