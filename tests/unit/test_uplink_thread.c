/* The thread of the uplink: heard by the main loop, asked by the watchdog, stopped. */
#include "rig/uplink_rig.h"

#include <poll.h>

static void the_main_loop_is_told_of_each_change(void **state)
{
	struct uplink_rig *rig = *state;
	struct pollfd change;

	start_broker(rig, "");
	start_uplink(rig);
	change = (struct pollfd){.fd = uplink_event_fd(rig->uplink), .events = POLLIN};
	until(rig, poll(&change, 1, 0) == 1);
	until(rig, is_connected(rig));
	process_end(&rig->broker, SIGKILL);
	until(rig, !is_connected(rig));
	until(rig, uplink_counters(rig->uplink).error[0]);
}

static void the_watchdog_gets_its_answer_while_nobody_is_there(void **state)
{
	struct uplink_rig *rig = *state;
	int64_t later_ns = clock_mono_ns() + 1000 * NS_PER_S;

	rig->broker.port = free_port();
	rig->conf.retry_min_ns = rig->conf.retry_max_ns = 3600 * NS_PER_S;
	start_uplink(rig);
	until(rig, times_logged(rig, "not connected") == 1);
	worker_ping(uplink_worker(rig->uplink), clock_mono_ns());
	until(rig, !worker_is_stuck(uplink_worker(rig->uplink), later_ns));
}

/* Nobody acknowledges the farewell: the thread has to give up before the deadline. */
static void a_hanging_broker_does_not_hold_up_a_stop(void **state)
{
	struct uplink_rig *rig = *state;

	start_broker(rig, "");
	start_uplink(rig);
	until(rig, is_connected(rig));
	kill(rig->broker.pid, SIGSTOP);
	fake_journal_add(&rig->journal, 10 * UPLINK_RIG_WINDOW);
	until(rig, uplink_counters(rig->uplink).published >= 1);
	assert_true(stop_uplink(rig, 2 * NS_PER_S));
}

static void an_absent_broker_does_not_hold_up_a_stop(void **state)
{
	struct uplink_rig *rig = *state;

	rig->broker.port = free_port();
	rig->conf.retry_min_ns = rig->conf.retry_max_ns = 3600 * NS_PER_S;
	start_uplink(rig);
	until(rig, times_logged(rig, "not connected") == 1);
	assert_true(stop_uplink(rig, 30 * NS_PER_S));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		uplink_test(the_main_loop_is_told_of_each_change),
		uplink_test(the_watchdog_gets_its_answer_while_nobody_is_there),
		uplink_test(a_hanging_broker_does_not_hold_up_a_stop),
		uplink_test(an_absent_broker_does_not_hold_up_a_stop),
	};

	return cmocka_run_group_tests_name("uplink thread", tests, NULL, NULL);
}
