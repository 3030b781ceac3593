#include "rig/unit.h"

#include <poll.h>
#include <pthread.h>

#include "bus/capture.h"

#define PRODUCERS 3
#define EACH	  2000

struct producer {
	struct capture_queue *queue;
	uint32_t number;
	uint32_t taken;
};

static void *produce(void *data)
{
	struct producer *producer = data;
	struct capture item = {.kind = CAPTURE_READING};

	for (uint32_t i = 0; i < EACH; i++) {
		item.reading.point = producer->number;
		item.reading.lost_edges = i;
		if (!capture_put(producer->queue, &item))
			break;
		capture_flush(producer->queue);
		producer->taken++;
	}
	return NULL;
}

static void wait_readable(int fd)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLIN};

	assert_int_equal(poll(&pollfd, 1, 30000), 1);
}

static void a_full_queue_slows_the_producers_and_loses_nothing(void **state)
{
	struct producer producers[PRODUCERS];
	pthread_t threads[PRODUCERS];
	uint32_t next[PRODUCERS] = {0};
	struct capture items[5];
	struct capture_queue *queue;
	size_t total = 0, count;
	uint32_t p;

	(void)state;
	assert_int_equal(capture_new(8, 0, &queue), 0);
	for (p = 0; p < PRODUCERS; p++) {
		producers[p] = (struct producer){.queue = queue, .number = p};
		pthread_create(&threads[p], NULL, produce, &producers[p]);
	}
	while (total < PRODUCERS * EACH) {
		wait_readable(capture_fd(queue));
		count = capture_take(queue, items, 5);
		for (size_t i = 0; i < count; i++)
			assert_int_equal(items[i].reading.lost_edges,
					 next[items[i].reading.point]++);
		total += count;
	}
	for (p = 0; p < PRODUCERS; p++)
		pthread_join(threads[p], NULL);
	assert_true(capture_waits(queue) > 0);
	assert_int_equal(capture_take(queue, items, 5), 0);
	capture_free(queue);
}

static void what_is_left_after_a_take_still_wakes_the_consumer(void **state)
{
	struct capture item = {.kind = CAPTURE_DEVICE};
	struct capture_queue *queue;

	(void)state;
	assert_int_equal(capture_new(8, 0, &queue), 0);
	capture_put(queue, &item);
	capture_put(queue, &item);
	capture_flush(queue);
	assert_int_equal(capture_take(queue, &item, 1), 1);
	wait_readable(capture_fd(queue));
	assert_int_equal(capture_take(queue, &item, 1), 1);
	assert_int_equal(capture_take(queue, &item, 1), 0);
	capture_free(queue);
}

static void closing_frees_a_waiting_producer(void **state)
{
	struct producer producer = {0};
	struct capture items[2];
	pthread_t thread;

	(void)state;
	assert_int_equal(capture_new(2, 0, &producer.queue), 0);
	pthread_create(&thread, NULL, produce, &producer);
	while (capture_waits(producer.queue) == 0)
		wait_readable(capture_fd(producer.queue));
	capture_close(producer.queue);
	pthread_join(thread, NULL);
	assert_int_equal(producer.taken, 2);
	assert_int_equal(capture_take(producer.queue, items, 2), 2);
	capture_free(producer.queue);
}

static bool is_readable(int fd)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLIN};

	return poll(&pollfd, 1, 0) == 1;
}

static void put_one(struct capture_queue *queue, uint32_t point, bool may_wait)
{
	const struct capture item = {
		.kind = CAPTURE_READING, .may_wait = may_wait, .reading = {.point = point}};

	assert_true(capture_put(queue, &item));
	capture_flush(queue);
}

/* One was taken just now. */
static struct capture_queue *queue_of_pace(size_t slots, int64_t pace_ns)
{
	struct capture_queue *queue;
	struct capture item;

	assert_int_equal(capture_new(slots, pace_ns, &queue), 0);
	put_one(queue, 0, true);
	assert_true(is_readable(capture_fd(queue)));
	assert_int_equal(capture_take(queue, &item, 1), 1);
	assert_false(is_readable(capture_fd(queue)));
	return queue;
}

static void what_may_wait_goes_with_what_may_not(void **state)
{
	struct capture_queue *queue = queue_of_pace(3, 3600 * NS_PER_S);
	struct capture items[3];

	(void)state;
	put_one(queue, 1, true);
	assert_false(is_readable(capture_fd(queue)));
	put_one(queue, 2, false);
	put_one(queue, 3, true);
	wait_readable(capture_fd(queue));
	assert_int_equal(capture_take(queue, items, 3), 3);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(items[i].reading.point, i + 1);
	assert_int_equal(capture_take(queue, items, 3), 0);
	assert_false(is_readable(capture_fd(queue)));
	capture_free(queue);
}

static void what_may_wait_is_looked_for(void **state)
{
	int64_t before_ns = clock_mono_ns();
	struct capture_queue *queue = queue_of_pace(3, 20 * NS_PER_MS);
	struct capture item;

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		assert_true(capture_look_ns(queue) >= before_ns + 20 * NS_PER_MS);
		put_one(queue, i, true);
		WAIT_FOR(clock_mono_ns() >= capture_look_ns(queue));
		assert_false(is_readable(capture_fd(queue)));
		before_ns = clock_mono_ns();
		assert_int_equal(capture_take(queue, &item, 1), 1);
	}
	capture_free(queue);
}

static void when_nothing_came_the_next_wakes_again(void **state)
{
	struct capture_queue *queue = queue_of_pace(3, 20 * NS_PER_MS);
	struct capture item;

	(void)state;
	assert_int_equal(capture_take(queue, &item, 1), 0); /* it was looked for something else */
	put_one(queue, 1, true);
	WAIT_FOR(clock_mono_ns() >= capture_look_ns(queue));
	assert_int_equal(capture_take(queue, &item, 1), 1);
	WAIT_FOR(clock_mono_ns() >= capture_look_ns(queue));
	assert_int_equal(capture_take(queue, &item, 1), 0);
	assert_true(capture_look_ns(queue) == INT64_MAX);
	put_one(queue, 2, true);
	assert_true(is_readable(capture_fd(queue)));
	capture_free(queue);
}

static void many_wait_no_longer(void **state)
{
	struct capture_queue *queue = queue_of_pace(64, 3600 * NS_PER_S);

	(void)state;
	for (uint32_t i = 0; i < 31; i++)
		put_one(queue, i, true);
	assert_false(is_readable(capture_fd(queue)));
	put_one(queue, 31, true);
	assert_true(is_readable(capture_fd(queue)));
	capture_free(queue);
}

static void a_full_queue_does_not_wait(void **state)
{
	struct producer producer = {.queue = queue_of_pace(3, 3600 * NS_PER_S)};
	struct capture items[3];
	pthread_t thread;

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		put_one(producer.queue, i, true);
	assert_false(is_readable(capture_fd(producer.queue)));
	pthread_create(&thread, NULL, produce, &producer);
	wait_readable(capture_fd(producer.queue));
	assert_int_equal(capture_take(producer.queue, items, 3), 3);
	capture_close(producer.queue);
	pthread_join(thread, NULL);
	capture_free(producer.queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_queue_slows_the_producers_and_loses_nothing),
		cmocka_unit_test(what_is_left_after_a_take_still_wakes_the_consumer),
		cmocka_unit_test(closing_frees_a_waiting_producer),
		cmocka_unit_test(what_may_wait_goes_with_what_may_not),
		cmocka_unit_test(what_may_wait_is_looked_for),
		cmocka_unit_test(when_nothing_came_the_next_wakes_again),
		cmocka_unit_test(many_wait_no_longer),
		cmocka_unit_test(a_full_queue_does_not_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
