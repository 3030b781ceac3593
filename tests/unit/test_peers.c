#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/clock.h"
#include "outbound/peers.h"

#define EVERY_NS (3600 * NS_PER_S)
#define NAME	 "corridor/ge-red-bridge/gw1"

static void wake(void *data)
{
	(void)data;
}

static void publish(void *data, const struct outlet_state *state)
{
	(void)data, (void)state;
}

static const struct peers_host host = {.wake = wake, .publish = publish, .changed = wake};

static struct event_head head_of(uint64_t seq)
{
	return (struct event_head){.epoch = "5f0c31a2b47d9e60", .seq = seq};
}

/* Offered this head; then when the next one is due, in steps of EVERY_NS since. */
static int64_t steps_until_due(struct peers *peers, const struct event_head *offered,
			       const struct event_head *grown, const struct event_head *critical)
{
	int64_t before_ns = clock_mono_ns(), due_ns;
	uint64_t old_size;
	size_t to;

	assert_true(peers_next_offer(peers, offered, &to, &old_size));
	assert_false(peers_next_offer(peers, offered, &to, &old_size));
	if (critical)
		peers_press(peers, critical);
	due_ns = peers_due_ns(peers, grown);
	return due_ns == INT64_MAX ? -1 : (due_ns - before_ns) / EVERY_NS;
}

static int64_t steps(uint64_t grown, uint64_t critical)
{
	char by[] = "corridor/tr-sarp/gw1+0c77e3b2+BFq2",
	     again[] = "corridor/tr-sarp/gw1+11111111+BFq2";
	char *keys[] = {by, again};
	const struct witness_conf conf = {
		.enabled = true, .by = {.item = keys, .count = 2}, .every_ns = EVERY_NS};
	const struct event_head offered = head_of(100), now = head_of(grown),
				pressing = head_of(critical);
	struct peers *peers;
	int64_t found;

	assert_int_equal(peers_new(&conf, NAME, &host, &peers), 0);
	found = steps_until_due(peers, &offered, &now, critical ? &pressing : NULL);
	peers_free(peers);
	return found;
}

static void a_head_is_offered_soon_after_a_critical_event_and_seldom_without_one(void **state)
{
	(void)state;
	assert_int_equal(steps(100, 0), -1);
	assert_int_equal(steps(101, 0), 4);
	assert_int_equal(steps(101, 101), 1);
	assert_int_equal(steps(101, 100), 4); /* it was in the head that was offered */
}

static void a_witness_whose_key_is_changed_is_one(void **state)
{
	(void)state;
	assert_int_equal(steps(100, 0),
			 -1); /* a second one would have to be offered that head yet */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_head_is_offered_soon_after_a_critical_event_and_seldom_without_one),
		cmocka_unit_test(a_witness_whose_key_is_changed_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
