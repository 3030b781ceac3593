/* One message is one moment: no number is seen with the state of another, and what the device says
 * beside a number comes with it. */
#include "rig/unit.h"

#include "dice.h"
#include "source_bench.h"

static void a_reading_says_how_sure_it_is_when_it_was_read_and_what_else_it_may_be(void **state)
{
	struct bench *bench = bench_of(state);
	const struct origin *origin = &bench->log[0].origin;

	bench->device_conf.time = "/time";
	bench->device_conf.time_form = MAP_TIME_UNIX;
	bench->plate_conf.confidence = "/score";
	bench->plate_conf.others = "/candidates";
	bench->plate_conf.other = "./plate";
	begin(bench);
	hear(bench, "{\"plate\":\"AB123CQ\",\"score\":0.61,\"time\":1764310504.5,\"candidates\":["
		    "{\"plate\":\"AB123CQ\"},{\"plate\":\"AB123CD\"},{},{\"plate\":\"AB123C0\"}]}");
	assert_reading(bench, 0, 0, "AB123CQ");
	assert_true(origin->has_confidence && fabs(origin->confidence - 0.61) < 1e-9);
	assert_true(origin->has_time);
	assert_int_equal(origin->utc_ns, UTC_NS + 2500 * NS_PER_MS);
	assert_int_equal(origin->ahead_ns, 2500 * NS_PER_MS);
	assert_memory_equal(origin->others, "AB123CD\0AB123C0\0", 17);
	pass(bench, 6);
	assert_reading(bench, 1, 0, "");
	assert_false(origin_is_told(&bench->log[1].origin));
}

static void the_state_of_a_number_that_is_not_shown_is_not_taken(void **state)
{
	struct bench *bench = bench_of(state);

	begin(bench);
	hear(bench, "{\"plate\":\"SEAL-A\",\"state\":1}");
	hear(bench, "{\"plate\":\"SEAL-B\",\"state\":2}");
	bench->count = 0;
	hear(bench, "{\"plate\":\"SEAL-A\",\"state\":1}"); /* the same reading: B stays shown */
	assert_int_equal(bench->count, 0);
	hear(bench, "{\"plate\":\"SEAL-B\",\"state\":3}");
	assert_reading(bench, 0, 1, "3");
}

static void a_new_number_does_not_keep_the_state_of_the_one_before(void **state)
{
	struct bench *bench = bench_of(state);

	begin(bench);
	hear(bench, "{\"state\":7}"); /* of the device itself, so far */
	hear(bench, "{\"plate\":\"SEAL-A\"}");
	assert_int_equal(bench->count, 2);
	hear(bench, "{\"plate\":\"SEAL-A\",\"state\":1}");
	bench->count = 0;
	hear(bench, "{\"plate\":\"SEAL-B\"}");
	assert_reading(bench, 0, 0, "SEAL-B");
	assert_int_equal(bench->log[1].kind, FAULT);
	assert_int_equal(bench->log[1].point, 1);
	hear(bench, "{\"plate\":\"SEAL-B\"}"); /* it stands: nothing more to say */
	assert_int_equal(bench->count, 2);
}

static void the_state_waits_for_its_number_to_settle(void **state)
{
	struct bench *bench = bench_of(state);

	bench->plate_conf.settle_ns = 1 * NS_PER_S;
	bench->plate_conf.confidence = "/score";
	begin(bench);
	hear(bench, "{\"plate\":\"AB123CQ\",\"score\":0.5,\"state\":1}");
	hear(bench, "{\"plate\":\"AB123CD\",\"score\":0.9,\"state\":2}");
	hear(bench, "{\"plate\":\"AB123CO\",\"score\":0.4,\"state\":3}");
	assert_int_equal(bench->count, 0);
	pass(bench, 1);
	assert_reading(bench, 0, 0, "AB123CD");
	assert_reading(bench, 1, 1, "2");
	assert_true(bench->log[1].origin.has_confidence == false);
	assert_memory_equal(bench->log[0].origin.others, "AB123CQ\0AB123CO\0", 17);
}

static void what_stands_beside_a_number_that_is_not_believed_is_nobodys(void **state)
{
	struct bench *bench = bench_of(state);

	bench->plate_conf.accept = "^SEAL-[A-Z]$";
	begin(bench);
	hear(bench, "{\"plate\":\"SEAL-A\",\"state\":1}");
	bench->count = 0;
	hear(bench, "{\"plate\":\"CAM03\",\"state\":2}");
	assert_int_equal(bench->count, 0);
}

/* Which seal's it is; 0: nobody's. */
static char state_owner(const struct told *told)
{
	if (told->kind != READING)
		return 0;
	return (char)('A' + atoi(told->text) / 100);
}

/* Of each seal the state is a number of its own, so what does not belong together is seen. */
static void no_number_is_ever_shown_with_the_state_of_another(void **state)
{
	struct bench *bench = bench_of(state);
	char shown = 0, said = 0, message[96];
	struct dice dice;

	dice_init(&dice);
	bench->plate_conf.hold_ns = 3 * NS_PER_S;
	bench->plate_conf.again_after_ns = 4 * NS_PER_S;
	begin(bench);
	hear(bench, "{\"plate\":\"SEAL-A\",\"state\":1}");
	for (int i = 0; i < 20000; i++) {
		const unsigned seal = roll(&dice, 4);
		int bytes =
			snprintf(message, sizeof(message), "{\"plate\":\"SEAL-%c\"", 'A' + seal);

		if (roll(&dice, 3) != 0)
			bytes += snprintf(message + bytes, sizeof(message) - (size_t)bytes,
					  ",\"state\":%u", seal * 100 + roll(&dice, 99));
		snprintf(message + bytes, sizeof(message) - (size_t)bytes, "}");
		bench->count = 0;
		hear(bench, message);
		pass(bench, roll(&dice, 40) / 10.0);
		for (size_t k = 0; k < bench->count; k++) {
			if (bench->log[k].point == 0)
				shown = bench->log[k].text[0] ? bench->log[k].text[5] : 0;
			else
				said = state_owner(&bench->log[k]);
		}
		assert_true(!shown || !said || shown == said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		source_test(a_reading_says_how_sure_it_is_when_it_was_read_and_what_else_it_may_be),
		source_test(the_state_of_a_number_that_is_not_shown_is_not_taken),
		source_test(a_new_number_does_not_keep_the_state_of_the_one_before),
		source_test(the_state_waits_for_its_number_to_settle),
		source_test(what_stands_beside_a_number_that_is_not_believed_is_nobodys),
		source_test(no_number_is_ever_shown_with_the_state_of_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
