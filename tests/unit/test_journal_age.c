/* The journal within its limit of age; the wall clock is the test's. */
#include "rig/journal_rig.h"

#include <stdatomic.h>

#define DAY (24 * 60 * MIN)

/* ---- a clock ------------------------------------------------------------------------- */

static _Atomic int64_t utc_offset_ns;
static _Atomic int clock_is = CLOCK_SYNCED;

int64_t clock_mono_ns(void)
{
	return real_mono_ns();
}

struct instant clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (struct instant){
		.mono_ns = real_mono_ns(),
		.utc_ns = (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec + utc_offset_ns,
		.clock = (enum clock_state)clock_is,
	};
}

const char *clock_boot_id(void)
{
	return "boot-1";
}

int clock_step_fd(void)
{
	return -ENOTSUP;
}

void clock_step_rearm(int fd)
{
	(void)fd;
}

static int aged_rig_new(void **state)
{
	utc_offset_ns = 0;
	clock_is = CLOCK_SYNCED;
	return journal_rig_new(state);
}

#define age_test(test) cmocka_unit_test_setup_teardown(test, aged_rig_new, journal_rig_free)

/* ---- tests --------------------------------------------------------------------------- */

static int64_t stored(const struct journal_rig *rig)
{
	return ask_sql(rig->path, "SELECT (SELECT count(*) FROM telemetry)+"
				  "(SELECT count(*) FROM evidence)");
}

/* Rounds of the journal's thread. */
static void let_it_work(struct journal_rig *rig)
{
	for (int rounds = 0; rounds < 50; rounds++) {
		worker_ping(journal_worker(rig->journal), 0);
		WAIT_FOR(!worker_is_stuck(journal_worker(rig->journal), INT64_MAX));
	}
}

/* Age is looked at when the journal is opened, a step in each round. */
static int64_t after_expiry(struct journal_rig *rig)
{
	reopen_journal(rig);
	JOURNAL_WAIT(rig, rig->count[STREAM_EVENTS] > 0);
	let_it_work(rig);
	close_journal(rig);
	return stored(rig);
}

static void make_aged(struct journal_rig *rig, size_t acked)
{
	open_journal(rig);
	for (int i = 0; i < 3000; i++)
		put_event(rig, i % 2 ? EVENT_METER_VALUE : EVENT_SEAL_INTACT);
	wait_for_events(rig, 3000);
	if (acked)
		acknowledge(rig, STREAM_EVENTS, acked - 1);
}

static void old_acknowledged_events_expire(void **state)
{
	struct journal_rig *rig = *state;

	make_aged(rig, 2000);
	utc_offset_ns = 91 * DAY;
	assert_int_equal(after_expiry(rig), 1000);
}

/* It carries the end of the chain. */
static void the_newest_event_stays_however_old_it_is(void **state)
{
	struct journal_rig *rig = *state;

	make_aged(rig, 3000);
	utc_offset_ns = 91 * DAY;
	close_journal(rig);
	open_journal(rig);
	let_it_work(rig);
	close_journal(rig);
	assert_int_equal(stored(rig), 1);
	forget_seen(rig);
	open_journal(rig);
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_events(rig, 1);
	assert_int_equal(rig->seen[STREAM_EVENTS][0].seq, 3001);
}

static void younger_events_stay(void **state)
{
	struct journal_rig *rig = *state;

	make_aged(rig, 2000);
	utc_offset_ns = 89 * DAY;
	assert_int_equal(after_expiry(rig), 3000);
}

static void a_clock_that_is_not_right_now_expires_nothing(void **state)
{
	struct journal_rig *rig = *state;

	make_aged(rig, 2000);
	utc_offset_ns = 91 * DAY;
	clock_is = CLOCK_HOLDOVER;
	assert_int_equal(after_expiry(rig), 3000);
}

static void events_without_a_trusted_time_wait_for_one_that_has_it(void **state)
{
	struct journal_rig *rig = *state;

	clock_is = CLOCK_UNSYNCED;
	utc_offset_ns = -20000 * DAY; /* about 1970 */
	make_aged(rig, 2998);
	clock_is = CLOCK_SYNCED;
	utc_offset_ns = 200 * DAY;
	assert_int_equal(after_expiry(rig), 3000);
	utc_offset_ns = 0;
	forget_seen(rig);
	open_journal(rig);
	put_event(rig, EVENT_METER_VALUE); /* with a trusted time */
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_events(rig, 4);
	acknowledge(rig, STREAM_EVENTS, 2);
	utc_offset_ns = 91 * DAY;
	assert_int_equal(after_expiry(rig), 1500 + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		age_test(old_acknowledged_events_expire),
		age_test(the_newest_event_stays_however_old_it_is),
		age_test(younger_events_stay),
		age_test(a_clock_that_is_not_right_now_expires_nothing),
		age_test(events_without_a_trusted_time_wait_for_one_that_has_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
