#include "bus_schedule.h"

#define SPREAD_MAX_NS  INT64_C(1000000000)
#define SPREAD_STEP_NS INT64_C(10000000)

static int64_t min_ns(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t max_ns(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* xorshift64* (Marsaglia, Vigna): good enough to keep gateways apart. */
static uint64_t next_random(uint64_t *random)
{
	uint64_t x = *random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*random = x;
	return x * UINT64_C(0x2545F4914F6CDD1D);
}

int64_t backoff_next(int64_t *delay_ns, int64_t min_delay_ns, int64_t max_delay_ns,
		     uint64_t *random)
{
	int64_t quarter;

	if (*delay_ns == 0)
		*delay_ns = min_delay_ns;
	else
		*delay_ns = *delay_ns > max_delay_ns / 2 ? max_delay_ns : *delay_ns * 2;
	*delay_ns = max_ns(*delay_ns, 1);
	quarter = *delay_ns / 4;
	return *delay_ns - (int64_t)(next_random(random) % (uint64_t)(quarter + 1));
}

/* Devices close to each other are asked together: one wake-up, one commit for all of them. */
static int64_t spread(const struct schedule *schedule, int64_t period_ns, size_t device)
{
	int64_t offset_ns =
		min_ns(period_ns, SPREAD_MAX_NS) / (int64_t)schedule->count * (int64_t)device;

	return offset_ns - offset_ns % SPREAD_STEP_NS;
}

void schedule_start(struct schedule *schedule, int64_t now_ns)
{
	size_t i;

	schedule->budget_ns = now_ns;
	for (i = 0; i < schedule->count; i++) {
		struct schedule_device *device = &schedule->devices[i];

		device->origin_ns = now_ns + spread(schedule, device->period_ns, i);
		device->due_ns = device->origin_ns;
		schedule->round_ns = max_ns(schedule->round_ns, device->period_ns);
	}
}

static int64_t due_ns(const struct schedule *schedule, size_t device)
{
	const struct schedule_device *d = &schedule->devices[device];

	return d->silent ? max_ns(d->due_ns, schedule->budget_ns) : d->due_ns;
}

static size_t earliest(const struct schedule *schedule, bool silent)
{
	size_t best = SCHEDULE_NONE;
	size_t i;

	for (i = 0; i < schedule->count; i++) {
		const struct schedule_device *device = &schedule->devices[i];

		if (device->silent != silent)
			continue;
		if (best == SCHEDULE_NONE || device->due_ns < schedule->devices[best].due_ns)
			best = i;
	}
	return best;
}

/* Of a poll and a question to a silent device, which goes first. The latter waits for polls
 * that are due, but not for ever: on a bus that is never idle its turn comes after a round. */
static bool poll_first(int64_t poll_ns, int64_t silent_ns, int64_t round_ns, int64_t now_ns)
{
	if (poll_ns <= now_ns)
		return poll_ns <= silent_ns + round_ns;
	return poll_ns <= silent_ns;
}

size_t schedule_next(const struct schedule *schedule, int64_t now_ns, int64_t *ret_due_ns)
{
	size_t poll = earliest(schedule, false);
	size_t silent = earliest(schedule, true);
	size_t next = poll == SCHEDULE_NONE ? silent : poll;

	if (poll != SCHEDULE_NONE && silent != SCHEDULE_NONE &&
	    !poll_first(due_ns(schedule, poll), due_ns(schedule, silent), schedule->round_ns,
			now_ns))
		next = silent;
	if (next != SCHEDULE_NONE)
		*ret_due_ns = due_ns(schedule, next);
	return next;
}

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
	if (!device->silent && on_grid(device))
		schedule->skipped += (uint64_t)((next_ns - device->due_ns) / device->period_ns - 1);
	device->due_ns = next_ns;
}

void schedule_answered(struct schedule *schedule, size_t device, int64_t ended_ns)
{
	struct schedule_device *d = &schedule->devices[device];

	advance(schedule, d, ended_ns);
	d->silent = false;
	d->failures = 0;
	d->delay_ns = 0;
}

/* What a vain question took must be made up for by the others' time. The one that made the
 * device silent is not charged: until then it was a poll like any other. */
static void charge(struct schedule *schedule, int64_t began_ns, int64_t ended_ns)
{
	double wait_ns = (double)(ended_ns - began_ns) / schedule->share;

	schedule->budget_ns = began_ns + (int64_t)wait_ns;
}

int64_t schedule_failed(struct schedule *schedule, size_t device, int64_t began_ns,
			int64_t ended_ns)
{
	struct schedule_device *d = &schedule->devices[device];

	d->failures++;
	if (d->failures < d->fail_after) {
		advance(schedule, d, ended_ns);
		return 0;
	}
	if (d->silent)
		charge(schedule, began_ns, ended_ns);
	d->silent = true;
	d->due_ns = ended_ns +
		    backoff_next(&d->delay_ns, d->retry_min_ns, d->retry_max_ns, &schedule->random);
	return due_ns(schedule, device) - ended_ns;
}

void schedule_link_up(struct schedule *schedule, int64_t now_ns)
{
	size_t i;

	for (i = 0; i < schedule->count; i++) {
		struct schedule_device *device = &schedule->devices[i];

		device->due_ns = now_ns;
		device->delay_ns = 0;
		if (!device->silent)
			device->failures = device->fail_after > 0 ? device->fail_after - 1 : 0;
	}
}
