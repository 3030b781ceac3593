/* The latest state of each key, and what is still to be published. */
#include "rig/unit.h"

#include "outbound/states.h"
#include "uplink/state_queue.h"

static void set(struct states *states, const char *key, const char *payload)
{
	const struct outlet_state news = {.key = key, .payload = payload, .bytes = strlen(payload)};

	assert_int_equal(states_put(states, &news), 0);
}

static void assert_taken(struct states *states, const char *key, const char *payload)
{
	struct state_copy copy;

	assert_true(states_take(states, 0, &copy));
	assert_string_equal(copy.key, key);
	assert_int_equal(copy.bytes, strlen(payload));
	assert_memory_equal(copy.payload, payload, copy.bytes);
}

static void only_the_latest_state_of_a_key_is_published(void **state)
{
	struct states *states;
	struct state_copy copy;

	(void)state;
	assert_int_equal(states_new(&states), 0);
	assert_false(states_take(states, 0, &copy));
	set(states, "lane/boom", "closed");
	set(states, "lane/seal", "intact");
	set(states, "lane/boom", "a longer word for open");
	assert_taken(states, "lane/boom", "a longer word for open");
	assert_taken(states, "lane/seal", "intact");
	assert_false(states_take(states, 0, &copy));
	set(states, "lane/seal", "opened");
	assert_taken(states, "lane/seal", "opened");
	assert_int_equal(states_all_again(states), 2);
	assert_true(states_take(states, 0, &copy));
	assert_true(states_take(states, 0, &copy));
	assert_false(states_take(states, 0, &copy));
	states_free(states);
}

static void no_more_than_the_limit_of_keys_is_kept(void **state)
{
	const struct outlet_state one_more = {
		.key = "one-more/boom", .payload = "open", .bytes = 4};
	struct states *states;
	char key[32];

	(void)state;
	assert_int_equal(states_new(&states), 0);
	for (int i = 0; i < STATES_MAX; i++) {
		snprintf(key, sizeof(key), "lane-%d/boom", i);
		set(states, key, "closed");
	}
	assert_int_equal(states_put(states, &one_more), -ENOSPC);
	set(states, "lane-77/boom", "open");
	assert_int_equal(states_all_again(states), STATES_MAX);
	states_free(states);
}

static void patient_states_go_when_no_other_waits(void **state)
{
	const struct outlet_state meter = {
		.key = "lane/axle", .payload = "7 t", .bytes = 3, .patient = true};
	struct states *states;
	struct state_copy copy;

	(void)state;
	assert_int_equal(states_new(&states), 0);
	assert_int_equal(states_put(states, &meter), 0);
	set(states, "lane/boom", "closed");
	set(states, "lane/seal", "intact");
	assert_taken(states, "lane/boom", "closed");
	assert_int_equal(states_put(states, &meter), 0);
	assert_taken(states, "lane/seal", "intact");
	assert_taken(states, "lane/axle", "7 t");
	assert_int_equal(states_all_again(states), 3);
	for (int i = 0; i < 3; i++)
		assert_true(states_take(states, 0, &copy));
	assert_string_equal(copy.key, "lane/axle");
	assert_true(copy.patient);
	states_untake(states, copy.key);
	set(states, "lane/boom", "open");
	assert_taken(states, "lane/boom", "open");
	states_free(states);
}

static void queue(struct state_queue *queue, const char *key, bool patient)
{
	const struct message_state news = {.key = key, .patient = patient};

	assert_true(state_queue_put(queue, &news));
}

static void assert_queued(struct state_queue *queue, const char *key)
{
	assert_string_equal(state_queue_next(queue)->key, key);
	state_queue_drop(queue);
}

static void set_patient(struct states *states, const char *key, const char *payload)
{
	const struct outlet_state news = {
		.key = key, .payload = payload, .bytes = strlen(payload), .patient = true};

	assert_int_equal(states_put(states, &news), 0);
}

static void patient_states_go_in_bursts(void **state)
{
	const int64_t later_ns = STATES_PATIENCE_NS;
	struct state_copy copy;
	struct states *states;

	(void)state;
	assert_int_equal(states_new(&states), 0);
	assert_int_equal(states_due_ns(states), INT64_MAX);
	set_patient(states, "lane/meter", "1");
	set_patient(states, "lane/other", "1");
	assert_taken(states, "lane/meter", "1");
	assert_taken(states, "lane/other", "1");
	set_patient(states, "lane/meter", "2");
	assert_int_equal(states_due_ns(states), later_ns);
	assert_false(states_take(states, later_ns - 1, &copy));
	set(states, "lane/boom", "open");
	assert_int_equal(states_due_ns(states), 0);
	assert_true(states_take(states, later_ns - 1, &copy));
	assert_string_equal(copy.key, "lane/boom");
	set_patient(states, "lane/meter", "3");
	assert_true(states_take(states, later_ns, &copy));
	assert_memory_equal(copy.payload, "3", 1);
	set_patient(states, "lane/meter", "4");
	assert_false(states_take(states, later_ns, &copy));
	assert_true(states_take(states, INT64_MAX, &copy));
	set_patient(states, "lane/meter", "5");
	(void)states_all_again(states);
	assert_true(states_take(states, later_ns, &copy));
	states_free(states);
}

static void patient_states_stand_behind_the_others_in_the_queue_too(void **state)
{
	static struct state_queue few;

	(void)state;
	state_queue_clear(&few);
	for (int round = 0; round < 3 * CREDIT_STATES; round++) {
		queue(&few, "lane/axle", true);
		queue(&few, "lane/boom", false);
		queue(&few, "lane/weight", true);
		queue(&few, "lane/seal", false);
		assert_queued(&few, "lane/boom");
		queue(&few, "lane/door", false);
		assert_queued(&few, "lane/seal");
		assert_queued(&few, "lane/door");
		assert_queued(&few, "lane/axle");
		assert_queued(&few, "lane/weight");
		assert_null(state_queue_next(&few));
	}
	for (int i = 0; i < CREDIT_STATES; i++)
		queue(&few, "lane/seal", false);
	assert_false(state_queue_put(&few, &(struct message_state){.key = "lane/axle"}));
}

static void a_state_that_is_too_large_is_refused_and_the_old_one_stays(void **state)
{
	static char large[EVENT_BYTES + 1];
	const struct outlet_state news = {
		.key = "lane/boom", .payload = large, .bytes = sizeof(large)};
	struct states *states;

	(void)state;
	assert_int_equal(states_new(&states), 0);
	set(states, "lane/boom", "closed");
	assert_int_equal(states_put(states, &news), -E2BIG);
	assert_taken(states, "lane/boom", "closed");
	states_free(states);
}

static void a_state_that_is_over_is_forgotten_when_that_was_acknowledged(void **state)
{
	struct states *states;
	struct state_copy copy;

	(void)state;
	assert_int_equal(states_new(&states), 0);
	set(states, "@handover/b/1", "announced");
	set(states, "@handover/b/1", "");
	assert_true(states_take(states, 0, &copy));
	assert_int_equal(copy.bytes, 0);
	assert_int_not_equal(copy.over, 0);
	assert_int_equal(states_all_again(states), 0);
	assert_taken(states, "@handover/b/1", ""); /* a connection was lost before */
	states_removed(states, copy.over);
	(void)states_all_again(states);
	assert_false(states_take(states, 0, &copy));
	states_free(states);
}

static void a_state_that_came_back_is_not_forgotten_with_its_removal(void **state)
{
	struct states *states;
	struct state_copy copy;

	(void)state;
	assert_int_equal(states_new(&states), 0);
	set(states, "@handover/b/1", "");
	assert_true(states_take(states, 0, &copy));
	set(states, "@handover/b/1", "announced");
	states_removed(states, copy.over);
	assert_taken(states, "@handover/b/1", "announced");
	set(states, "@handover/b/1", "");
	states_removed(states, copy.over);
	assert_taken(states, "@handover/b/1", "");
	states_free(states);
}

static void a_last_word_is_forgotten_when_it_was_acknowledged_with_its_signature(void **state)
{
	const struct outlet_state word = {
		.key = "@handover/b/1", .payload = "over", .bytes = 4, .over = true};
	struct states *states;
	struct state_copy copy;

	(void)state;
	assert_int_equal(states_new(&states), 0);
	assert_int_equal(states_put_to_sign(states, &word), 0);
	states_give_up_signing(states);
	assert_true(states_take(states, 0, &copy));
	states_removed(states, copy.over); /* it went without */
	states_sign_again(states);
	assert_true(states_take_to_sign(states, &copy));
	copy.payload[copy.bytes++] = '+';
	states_signed(states, &copy);
	assert_true(states_take(states, 0, &copy));
	assert_int_equal(copy.bytes, 5);
	states_removed(states, copy.over);
	(void)states_all_again(states);
	assert_false(states_take(states, INT64_MAX, &copy));
	states_free(states);
}

static void states_of_sensors_come_again_before_handovers(void **state)
{
	struct states *states;

	(void)state;
	assert_int_equal(states_new(&states), 0);
	set(states, "@handover/b/1", "announced");
	set(states, "lane/boom", "closed");
	for (int i = 0; i < 2; i++) {
		struct state_copy copy;

		assert_true(states_take(states, 0, &copy));
	}
	assert_int_equal(states_all_again(states), 1);
	assert_taken(states, "lane/boom", "closed");
	assert_taken(states, "@handover/b/1", "announced");
	states_free(states);
}

static void set_to_sign(struct states *states, const char *key, const char *payload)
{
	const struct outlet_state news = {.key = key, .payload = payload, .bytes = strlen(payload)};

	assert_int_equal(states_put_to_sign(states, &news), 0);
}

static void sign(struct state_copy *copy)
{
	memcpy(copy->payload + copy->bytes, "+", 1);
	copy->bytes++;
}

static void assert_nothing_to_take(struct states *states)
{
	struct state_copy copy;

	assert_false(states_take(states, INT64_MAX, &copy));
}

static void what_is_to_be_signed_goes_with_its_signature_alone(void **state)
{
	struct states *states;
	struct state_copy copy;

	(void)state;
	assert_int_equal(states_new(&states), 0);
	set_to_sign(states, "@handover/b/1", "announced");
	assert_nothing_to_take(states);
	(void)states_all_again(states);
	assert_nothing_to_take(states);
	assert_true(states_take_to_sign(states, &copy));
	(void)states_all_again(states); /* while it is being signed */
	assert_nothing_to_take(states);
	sign(&copy);
	states_signed(states, &copy);
	assert_taken(states, "@handover/b/1", "announced+");
	assert_nothing_to_take(states);
	assert_int_equal(states_all_again(states), 0);
	assert_taken(states, "@handover/b/1", "announced+");
	states_free(states);
}

static void what_was_put_anew_while_it_was_signed_is_not_replaced_by_that(void **state)
{
	struct states *states;
	struct state_copy copy;

	(void)state;
	assert_int_equal(states_new(&states), 0);
	set_to_sign(states, "@handover/b/1", "announced");
	assert_true(states_take_to_sign(states, &copy));
	set(states, "@handover/b/1", "");
	sign(&copy);
	states_signed(states, &copy);
	assert_taken(states, "@handover/b/1", "");
	set_to_sign(states, "@handover/b/1", "announced");
	set(states, "@handover/b/1", ""); /* it leaves the line */
	assert_false(states_take_to_sign(states, &copy));
	assert_taken(states, "@handover/b/1", "");
	states_free(states);
}

static void one_that_waits_and_is_put_anew_waits_for_its_signature(void **state)
{
	struct states *states;
	struct state_copy copy;

	(void)state;
	assert_int_equal(states_new(&states), 0);
	set(states, "lane/boom", "closed");
	set(states, "@handover/b/1", "");
	set(states, "lane/seal", "intact");
	set_to_sign(states, "@handover/b/1", "announced");
	assert_taken(states, "lane/boom", "closed");
	assert_taken(states, "lane/seal", "intact");
	assert_nothing_to_take(states);
	assert_true(states_take_to_sign(states, &copy));
	states_free(states);
}

static void what_cannot_be_signed_goes_without_and_once_more_when_it_can(void **state)
{
	struct states *states;
	struct state_copy copy;

	(void)state;
	assert_int_equal(states_new(&states), 0);
	set_to_sign(states, "@handover/b/1", "announced");
	set_to_sign(states, "@handover/b/2", "announced");
	assert_true(states_take_to_sign(states, &copy));
	states_not_signed(states, &copy);
	states_give_up_signing(states);
	assert_taken(states, "@handover/b/2", "announced");
	assert_taken(states, "@handover/b/1", "announced");
	assert_false(states_take_to_sign(states, &copy));
	states_sign_again(states);
	for (int i = 0; i < 2; i++) {
		assert_true(states_take_to_sign(states, &copy));
		sign(&copy);
		states_signed(states, &copy);
	}
	states_sign_again(states);
	assert_false(states_take_to_sign(states, &copy));
	assert_true(states_take(states, 0, &copy));
	assert_memory_equal(copy.payload, "announced+", copy.bytes);
	assert_true(states_take(states, 0, &copy));
	assert_nothing_to_take(states);
	states_free(states);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_latest_state_of_a_key_is_published),
		cmocka_unit_test(no_more_than_the_limit_of_keys_is_kept),
		cmocka_unit_test(patient_states_go_when_no_other_waits),
		cmocka_unit_test(patient_states_go_in_bursts),
		cmocka_unit_test(patient_states_stand_behind_the_others_in_the_queue_too),
		cmocka_unit_test(a_state_that_is_too_large_is_refused_and_the_old_one_stays),
		cmocka_unit_test(a_state_that_is_over_is_forgotten_when_that_was_acknowledged),
		cmocka_unit_test(a_state_that_came_back_is_not_forgotten_with_its_removal),
		cmocka_unit_test(
			a_last_word_is_forgotten_when_it_was_acknowledged_with_its_signature),
		cmocka_unit_test(states_of_sensors_come_again_before_handovers),
		cmocka_unit_test(what_is_to_be_signed_goes_with_its_signature_alone),
		cmocka_unit_test(what_was_put_anew_while_it_was_signed_is_not_replaced_by_that),
		cmocka_unit_test(one_that_waits_and_is_put_anew_waits_for_its_signature),
		cmocka_unit_test(what_cannot_be_signed_goes_without_and_once_more_when_it_can),
	};

	return cmocka_run_group_tests_name("uplink states", tests, NULL, NULL);
}
