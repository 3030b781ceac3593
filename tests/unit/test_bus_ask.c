/* A question of a person to a device, put between two polls. */
#include "rig/scripted_bus.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct bus_question question_to(size_t device, int wake_fd)
{
	return (struct bus_question){.number = 7,
				     .device = device,
				     .wake_fd = wake_fd,
				     .peek = {.address = 100, .count = 3}};
}

static struct bus_question wait_for_answer(struct bus *bus, int wake_fd)
{
	struct pollfd ready = {.fd = wake_fd, .events = POLLIN};
	struct bus_question answer;
	uint64_t count;

	assert_int_equal(poll(&ready, 1, PATIENCE_S * 1000), 1);
	assert_int_equal(read(wake_fd, &count, sizeof(count)), sizeof(count));
	assert_true(bus_answered(bus, &answer));
	assert_false(bus_answered(bus, &answer));
	return answer;
}

static void it_is_answered_and_the_polls_go_on(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 2, 1);
	int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), polls;
	const struct bus_question question = question_to(1, wake_fd);
	struct bus_question answer;

	bus_rig_start(rig);
	WAIT_FOR(polls_of(bus, 1) > 0);
	assert_int_equal(bus_ask(rig->bus, &question), 0);
	answer = wait_for_answer(rig->bus, wake_fd);
	assert_int_equal(answer.err, 0);
	assert_int_equal(answer.number, 7);
	assert_int_equal(answer.peek.values[2], 102);
	polls = polls_of(bus, 0);
	WAIT_FOR(polls_of(bus, 0) > polls + 1);
	pthread_mutex_lock(&bus->script.lock);
	assert_int_equal(bus->script.unit[1].peeks, 1);
	pthread_mutex_unlock(&bus->script.lock);
	close(wake_fd);
}

static void one_is_asked_at_a_time(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 1, 1);
	int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	const struct bus_question question = question_to(0, wake_fd);

	bus->script.hangs = true;
	bus_rig_start(rig);
	WAIT_FOR(bus_counters(rig->bus).polls > 0); /* it hangs in the first one */
	assert_int_equal(bus_ask(rig->bus, &question), 0);
	assert_int_equal(bus_ask(rig->bus, &question), -EBUSY);
	pthread_mutex_lock(&bus->script.lock);
	bus->script.hangs = false;
	pthread_mutex_unlock(&bus->script.lock);
	sem_post(&bus->script.let_go);
	(void)wait_for_answer(rig->bus, wake_fd);
	assert_int_equal(bus_ask(rig->bus, &question), 0);
	(void)wait_for_answer(rig->bus, wake_fd);
	close(wake_fd);
}

static void a_device_that_says_no_is_no_harm_to_the_link(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 1, 1);
	int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	const struct bus_question question = question_to(0, wake_fd);
	struct bus_question answer;

	bus_rig_start(rig);
	WAIT_FOR(polls_of(bus, 0) > 0);
	device_fails(bus, 0, -ETIMEDOUT, REASON_NO_ANSWER);
	assert_int_equal(bus_ask(rig->bus, &question), 0);
	answer = wait_for_answer(rig->bus, wake_fd);
	assert_int_equal(answer.err, -ETIMEDOUT);
	assert_string_equal(answer.peek.why, "says no");
	assert_int_equal(opens_of(bus), 1);
	close(wake_fd);
}

static void a_link_that_is_lost_with_it_is_opened_again(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 1, 1);
	int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	const struct bus_question question = question_to(0, wake_fd);

	bus_rig_start(rig);
	WAIT_FOR(polls_of(bus, 0) > 0);
	device_fails(bus, 0, -ENOTCONN, REASON_LINK_DOWN);
	assert_int_equal(bus_ask(rig->bus, &question), 0);
	assert_int_equal(wait_for_answer(rig->bus, wake_fd).err, -ENOTCONN);
	WAIT_FOR(opens_of(bus) > 1);
	device_answers(bus, 0);
	close(wake_fd);
}

static void where_the_link_is_down_that_is_the_answer(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 1, 1);
	int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	const struct bus_question question = question_to(0, wake_fd);
	struct bus_question answer;

	link_fails_to_open(bus, -ENOENT);
	bus_rig_start(rig);
	WAIT_FOR(opens_of(bus) > 0);
	assert_int_equal(bus_ask(rig->bus, &question), 0);
	answer = wait_for_answer(rig->bus, wake_fd);
	assert_int_equal(answer.err, -ENOTCONN);
	assert_contains(answer.peek.why, "is not there");
	close(wake_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scripted_bus_test(it_is_answered_and_the_polls_go_on),
		scripted_bus_test(one_is_asked_at_a_time),
		scripted_bus_test(a_device_that_says_no_is_no_harm_to_the_link),
		scripted_bus_test(a_link_that_is_lost_with_it_is_opened_again),
		scripted_bus_test(where_the_link_is_down_that_is_the_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
