/* A thread that is woken, watched and stopped. */
#include "rig/unit.h"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/worker.h"

#define STUCK_NS (60 * NS_PER_S)
#define HOUR_NS	 (3600 * NS_PER_S)

/* A worker that counts its rounds, and hangs in one of them when it is told to. */
struct fixture {
	struct worker *worker;
	int64_t wait_ns; /* of a round; INT64_MAX: for ever */
	int fd; /* waited for, -1: none */
	_Atomic unsigned rounds, readable;
	atomic_bool hang;
	sem_t hangs, go_on; /* it does; it may */
	char name[16];
	sigset_t blocked;
};

static void run(void *data)
{
	struct fixture *fixture = data;
	struct pollfd fd = {.fd = fixture->fd, .events = POLLIN};

	pthread_getname_np(pthread_self(), fixture->name, sizeof(fixture->name));
	pthread_sigmask(SIG_BLOCK, NULL, &fixture->blocked);
	while (worker_wait(fixture->worker,
			   fixture->wait_ns == INT64_MAX ? INT64_MAX
							 : clock_mono_ns() + fixture->wait_ns,
			   &fd)) {
		uint64_t count;

		if (fd.revents && read(fixture->fd, &count, sizeof(count)) > 0)
			atomic_fetch_add(&fixture->readable, 1);
		atomic_fetch_add(&fixture->rounds, 1);
		if (atomic_exchange(&fixture->hang, false)) {
			sem_post(&fixture->hangs);
			sem_wait(&fixture->go_on);
		}
	}
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	fixture->wait_ns = INT64_MAX;
	fixture->fd = -1;
	sem_init(&fixture->hangs, 0, 0);
	sem_init(&fixture->go_on, 0, 0);
	assert_int_equal(worker_new(STUCK_NS, &fixture->worker), 0);
	*state = fixture;
	return 0;
}

static void stop(struct fixture *fixture)
{
	assert_true(worker_stop(fixture->worker, clock_mono_ns() + PATIENCE_NS));
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	sem_post(&fixture->go_on);
	stop(fixture);
	worker_free(fixture->worker);
	sem_destroy(&fixture->hangs);
	sem_destroy(&fixture->go_on);
	free(fixture);
	return 0;
}

static void start(struct fixture *fixture)
{
	const struct worker_job job = {
		.name = "a/name/that/is/long",
		.stack_bytes = 256 * 1024,
		.run = run,
		.data = fixture,
	};

	assert_int_equal(worker_start(fixture->worker, &job), 0);
}

static void wait_for_rounds(struct fixture *fixture, unsigned count)
{
	WAIT_FOR(atomic_load(&fixture->rounds) >= count);
}

static void wait_until_it_hangs(struct fixture *fixture)
{
	atomic_store(&fixture->hang, true);
	worker_wake(fixture->worker);
	sem_wait(&fixture->hangs);
}

/* ---- start and stop ------------------------------------------------------------------- */

static void a_worker_that_waits_stops_at_once(void **state)
{
	struct fixture *fixture = *state;

	start(fixture);
	stop(fixture);
	stop(fixture);
	assert_string_equal(fixture->name, "a/name/that/is/");
}

static void a_worker_that_was_never_started_is_stopped(void **state)
{
	struct fixture *fixture = *state;

	assert_true(worker_stop(fixture->worker, 0));
	assert_true(worker_stop(NULL, 0));
	worker_free(NULL);
}

static void a_worker_that_hangs_is_left_behind_whole_until_it_ends(void **state)
{
	struct fixture *fixture = *state;
	int64_t began_ns;

	start(fixture);
	wait_until_it_hangs(fixture);
	assert_false(worker_stop(fixture->worker, 0));
	began_ns = clock_mono_ns();
	assert_false(worker_stop(fixture->worker, began_ns + 20 * NS_PER_MS));
	assert_true(clock_mono_ns() - began_ns >= 20 * NS_PER_MS);
	worker_wake(fixture->worker);
	sem_post(&fixture->go_on);
	stop(fixture);
	assert_int_equal(atomic_load(&fixture->rounds), 1);
}

static void a_worker_that_is_asked_to_stop_ends_by_itself(void **state)
{
	struct fixture *fixture = *state;

	start(fixture);
	wait_until_it_hangs(fixture);
	assert_false(worker_stop(fixture->worker, INT64_MIN));
	assert_false(worker_goes_on(fixture->worker));
	sem_post(&fixture->go_on);
	stop(fixture);
}

static void end_at_once(void *data)
{
	(void)data;
}

static void a_worker_may_end_before_it_is_asked_to(void **state)
{
	struct fixture *fixture = *state;
	const struct worker_job job = {.name = "short", .run = end_at_once};

	assert_int_equal(worker_start(fixture->worker, &job), 0);
	stop(fixture);
}

static void signals_are_blocked_there_and_only_there(void **state)
{
	struct fixture *fixture = *state;
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGALRM, SIGCHLD};
	sigset_t before, after;

	pthread_sigmask(SIG_BLOCK, NULL, &before);
	start(fixture);
	stop(fixture);
	pthread_sigmask(SIG_BLOCK, NULL, &after);
	for (size_t i = 0; i < COUNT(signals); i++) {
		assert_int_equal(sigismember(&fixture->blocked, signals[i]), 1);
		assert_int_equal(sigismember(&after, signals[i]), sigismember(&before, signals[i]));
	}
}

/* ---- what ends a wait ----------------------------------------------------------------- */

static void a_wake_up_ends_the_wait(void **state)
{
	struct fixture *fixture = *state;

	start(fixture);
	worker_wake(fixture->worker);
	wait_for_rounds(fixture, 1);
	worker_wake(fixture->worker);
	wait_for_rounds(fixture, 2);
}

static void a_wake_up_before_the_wait_is_not_lost(void **state)
{
	struct fixture *fixture = *state;

	worker_wake(fixture->worker);
	start(fixture);
	wait_for_rounds(fixture, 1);
	wait_until_it_hangs(fixture);
	worker_wake(fixture->worker);
	sem_post(&fixture->go_on);
	wait_for_rounds(fixture, 3);
}

static void the_deadline_ends_the_wait(void **state)
{
	struct fixture *fixture = *state;

	fixture->wait_ns = NS_PER_MS;
	start(fixture);
	wait_for_rounds(fixture, 10);
}

static void a_wait_in_the_past_still_says_when_it_is_over(void **state)
{
	struct fixture *fixture = *state;

	fixture->wait_ns = -HOUR_NS;
	start(fixture);
	wait_for_rounds(fixture, 10);
}

static void what_is_waited_for_ends_the_wait_and_is_told(void **state)
{
	struct fixture *fixture = *state;
	uint64_t one = 1;

	fixture->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_true(fixture->fd >= 0);
	start(fixture);
	worker_wake(fixture->worker);
	wait_for_rounds(fixture, 1);
	assert_int_equal(atomic_load(&fixture->readable), 0);
	assert_int_equal(write(fixture->fd, &one, sizeof(one)), sizeof(one));
	wait_for_rounds(fixture, 2);
	assert_int_equal(atomic_load(&fixture->readable), 1);
	stop(fixture);
	close(fixture->fd);
}

/* ---- the watchdog --------------------------------------------------------------------- */

static void wait_for_answer(struct fixture *fixture)
{
	WAIT_FOR(!worker_is_stuck(fixture->worker, clock_mono_ns() + HOUR_NS));
}

static void a_worker_that_waits_for_ever_answers(void **state)
{
	struct fixture *fixture = *state;

	start(fixture);
	worker_ping(fixture->worker, clock_mono_ns());
	wait_for_answer(fixture);
}

static void a_worker_is_stuck_after_its_time_from_the_first_ping_on(void **state)
{
	struct fixture *fixture = *state;
	const int64_t now_ns = clock_mono_ns();

	start(fixture);
	wait_until_it_hangs(fixture);
	assert_false(worker_is_stuck(fixture->worker, now_ns + HOUR_NS));
	worker_ping(fixture->worker, now_ns);
	worker_ping(fixture->worker, now_ns + 30 * NS_PER_S);
	assert_false(worker_is_stuck(fixture->worker, now_ns + STUCK_NS));
	assert_true(worker_is_stuck(fixture->worker, now_ns + STUCK_NS + 1));
	sem_post(&fixture->go_on);
	wait_for_answer(fixture);
}

static void a_worker_that_is_held_up_is_not_stuck_meanwhile(void **state)
{
	struct fixture *fixture = *state;
	const int64_t now_ns = clock_mono_ns();

	start(fixture);
	wait_until_it_hangs(fixture);
	worker_hold_up(fixture->worker, true);
	worker_ping(fixture->worker, now_ns);
	assert_false(worker_is_stuck(fixture->worker, now_ns + HOUR_NS));
	worker_hold_up(fixture->worker, false);
	assert_true(worker_is_stuck(fixture->worker, now_ns + HOUR_NS));
}

static void a_long_round_answers_between_its_steps(void **state)
{
	struct fixture *fixture = *state;
	const int64_t now_ns = clock_mono_ns();

	worker_ping(fixture->worker, now_ns);
	assert_true(worker_is_stuck(fixture->worker, now_ns + HOUR_NS));
	assert_true(worker_goes_on(fixture->worker));
	assert_false(worker_is_stuck(fixture->worker, now_ns + HOUR_NS));
}

#define worker_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		worker_test(a_worker_that_waits_stops_at_once),
		worker_test(a_worker_that_was_never_started_is_stopped),
		worker_test(a_worker_that_hangs_is_left_behind_whole_until_it_ends),
		worker_test(a_worker_that_is_asked_to_stop_ends_by_itself),
		worker_test(a_worker_may_end_before_it_is_asked_to),
		worker_test(signals_are_blocked_there_and_only_there),
		worker_test(a_wake_up_ends_the_wait),
		worker_test(a_wake_up_before_the_wait_is_not_lost),
		worker_test(the_deadline_ends_the_wait),
		worker_test(a_wait_in_the_past_still_says_when_it_is_over),
		worker_test(what_is_waited_for_ends_the_wait_and_is_told),
		worker_test(a_worker_that_waits_for_ever_answers),
		worker_test(a_worker_is_stuck_after_its_time_from_the_first_ping_on),
		worker_test(a_worker_that_is_held_up_is_not_stuck_meanwhile),
		worker_test(a_long_round_answers_between_its_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
