/* A number that is read: what is one reading, what is the next, and when there is none. */
#include "rig/unit.h"

#include <math.h>

#include "dice.h"
#include "mapper/number.h"

#define LOG 64

struct shown {
	char text[LOG][VALUE_TEXT_BYTES];
	int64_t at_ns[LOG];
	size_t count;
};

static const struct map_point_conf camera = {
	.settle_ns = 1 * NS_PER_S,
	.hold_ns = 5 * NS_PER_S,
	.again_after_ns = 30 * NS_PER_S,
};
static const struct map_point_conf scanner = {.hold_ns = 5 * NS_PER_S};

static void note(void *data, const char *text, int64_t at_mono_ns)
{
	struct shown *shown = data;

	assert_true(shown->count < LOG);
	strcpy(shown->text[shown->count], text);
	shown->at_ns[shown->count++] = at_mono_ns;
}

static enum number_news heard(struct number *number, const char *text, double confidence,
			      int64_t now_ns)
{
	const struct origin origin = {.has_confidence = !isnan(confidence),
				      .confidence = isnan(confidence) ? 0 : confidence};

	return number_heard(number, text, &origin, now_ns);
}

static int64_t s(double seconds)
{
	return (int64_t)(seconds * 1e9);
}

static void assert_shown(const struct shown *shown, size_t place, const char *text, double at)
{
	assert_true(place < shown->count);
	assert_string_equal(shown->text[place], text);
	assert_int_equal(shown->at_ns[place], s(at));
}

static void the_surest_candidate_is_the_reading(void **state)
{
	struct shown shown = {0};
	struct number number;

	(void)state;
	number_init(&number, &camera, note, &shown);
	heard(&number, "AB123CQ", 0.61, s(10));
	heard(&number, "AB123CD", 0.93, s(10.4));
	heard(&number, "AB123CO", 0.70, s(10.8));
	assert_int_equal(number_deadline(&number), s(11));
	number_tick(&number, s(11));
	assert_int_equal(shown.count, 1);
	assert_shown(&shown, 0, "AB123CD", 11);
}

static void without_confidence_the_most_frequent_is_the_reading(void **state)
{
	struct shown shown = {0};
	struct number number;

	(void)state;
	number_init(&number, &camera, note, &shown);
	heard(&number, "AB123CD", NAN, s(10));
	heard(&number, "AB123CD", NAN, s(10.2));
	heard(&number, "AB123CQ", NAN, s(10.4));
	number_tick(&number, s(12));
	assert_int_equal(shown.count, 1);
	assert_shown(&shown, 0, "AB123CD", 11);
}

static void a_misreading_of_the_one_taken_is_no_reading_later(void **state)
{
	struct shown shown = {0};
	struct number number;

	(void)state;
	number_init(&number, &camera, note, &shown);
	heard(&number, "AB123EQ", 0.6, s(10));
	heard(&number, "AB123EO", 0.87, s(10.5));
	number_tick(&number, s(11));
	assert_int_equal(heard(&number, "AB123EQ", 0.6, s(12)), NUMBER_SAME_READING);
	number_tick(&number, s(14));
	assert_int_equal(shown.count, 1);
}

static void another_vehicle_in_the_same_moment_is_read_next(void **state)
{
	struct shown shown = {0};
	struct number number;

	(void)state;
	number_init(&number, &camera, note, &shown);
	heard(&number, "AB123CD", 0.9, s(10));
	heard(&number, "ZZ987XY", 0.8, s(10.5));
	number_tick(&number, s(30));
	assert_int_equal(shown.count, 3);
	assert_shown(&shown, 0, "AB123CD", 11);
	assert_shown(&shown, 1, "ZZ987XY", 12);
	assert_shown(&shown, 2, "", 15.5);
}

static void it_stands_as_long_as_it_is_heard_and_a_while_longer(void **state)
{
	struct shown shown = {0};
	struct number number;

	(void)state;
	number_init(&number, &scanner, note, &shown);
	for (int i = 0; i < 10; i++)
		heard(&number, "AB123CD", NAN, s(10 + i));
	number_tick(&number, s(60));
	assert_int_equal(shown.count, 2);
	assert_shown(&shown, 0, "AB123CD", 10);
	assert_shown(&shown, 1, "", 24);
}

static void the_same_vehicle_an_hour_later_is_read_again(void **state)
{
	struct shown shown = {0};
	struct number number;

	(void)state;
	number_init(&number, &camera, note, &shown);
	heard(&number, "AB123CD", 0.9, s(10));
	number_tick(&number, s(3000));
	heard(&number, "AB123CD", 0.9, s(3610));
	number_tick(&number, s(3612));
	assert_int_equal(shown.count, 3);
	assert_shown(&shown, 2, "AB123CD", 3611);
}

/* It comes every 20 s, for ever: not the second time is it a reading. */
static void a_camera_that_repeats_its_last_plate_reads_it_once(void **state)
{
	struct shown shown = {0};
	struct number number;

	(void)state;
	number_init(&number, &camera, note, &shown);
	for (int i = 0; i < 500; i++)
		heard(&number, "AB123CD", 0.9, s(10 + 20 * i));
	assert_int_equal(shown.count, 2);
	assert_shown(&shown, 1, "", 15);
}

static void a_vehicle_that_has_left_is_gone_at_once(void **state)
{
	struct shown shown = {0};
	struct number number;

	(void)state;
	number_init(&number, &camera, note, &shown);
	heard(&number, "AB123CD", 0.9, s(10));
	number_gone(&number, s(10.2)); /* sooner than it settled */
	assert_int_equal(shown.count, 2);
	assert_shown(&shown, 0, "AB123CD", 10.2);
	assert_shown(&shown, 1, "", 10.2);
	assert_int_equal(number_deadline(&number), INT64_MAX);
}

static void more_candidates_than_there_is_room_for_are_counted(void **state)
{
	struct shown shown = {0};
	struct number number;
	char text[16];

	(void)state;
	number_init(&number, &camera, note, &shown);
	for (int i = 0; i < 30; i++) {
		sprintf(text, "AB%02d%02dCD", i, i);
		heard(&number, text, i == 20 ? 0.99 : 0.5, s(10));
	}
	assert_int_equal(number.dropped, 30 - NUMBER_CANDIDATES);
	number_tick(&number, s(11));
	assert_shown(&shown, 0, "AB2020CD", 11);
}

/* ---- whatever comes -------------------------------------------------------------------- */

static void assert_sound(const struct shown *shown, const struct map_point_conf *conf)
{
	/* It counts from its last sight, which others may have kept from being given. */
	const int64_t waited_ns = NUMBER_CANDIDATES * conf->settle_ns;

	for (size_t i = 0; i < shown->count; i++) {
		const char *text = shown->text[i];

		assert_true(i == 0 || shown->at_ns[i] >= shown->at_ns[i - 1]);
		assert_true(i == 0 ? text[0] : strcmp(text, shown->text[i - 1]) != 0);
		for (size_t k = 0; k < i && text[0]; k++)
			if (strcmp(text, shown->text[k]) == 0)
				assert_true(shown->at_ns[i] - shown->at_ns[k] >=
					    conf->again_after_ns - waited_ns);
	}
}

static void a_number_is_never_given_twice_nor_back_in_time(void **state)
{
	static const char *const texts[] = {"AB123CD", "AB123CQ", "XY987ZZ", "K1", "AB12"};
	struct dice *dice = *state;

	for (int round = 0; round < 3000; round++) {
		const struct map_point_conf conf = {
			.settle_ns = s(roll(dice, 3)),
			.hold_ns = s(3 + roll(dice, 6)),
			.again_after_ns = s(10 + roll(dice, 30)),
		};
		struct shown shown = {0};
		struct number number;
		int64_t now_ns = s(100);

		number_init(&number, &conf, note, &shown);
		for (int i = 0; i < 25; i++) {
			now_ns += s(roll(dice, 80) / 10.0);
			if (roll(dice, 12) == 0)
				number_gone(&number, now_ns);
			else
				heard(&number, texts[roll(dice, COUNT(texts))],
				      flip(dice) ? NAN : roll(dice, 100) / 100.0, now_ns);
		}
		number_tick(&number, now_ns + s(1000));
		assert_sound(&shown, &conf);
		assert_true(shown.count > 0);
		assert_string_equal(shown.text[shown.count - 1], "");
		assert_int_equal(number_deadline(&number), INT64_MAX);
	}
}

int main(void)
{
	struct dice dice;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_surest_candidate_is_the_reading),
		cmocka_unit_test(without_confidence_the_most_frequent_is_the_reading),
		cmocka_unit_test(a_misreading_of_the_one_taken_is_no_reading_later),
		cmocka_unit_test(another_vehicle_in_the_same_moment_is_read_next),
		cmocka_unit_test(it_stands_as_long_as_it_is_heard_and_a_while_longer),
		cmocka_unit_test(the_same_vehicle_an_hour_later_is_read_again),
		cmocka_unit_test(a_camera_that_repeats_its_last_plate_reads_it_once),
		cmocka_unit_test(a_vehicle_that_has_left_is_gone_at_once),
		cmocka_unit_test(more_candidates_than_there_is_room_for_are_counted),
		cmocka_unit_test_prestate(a_number_is_never_given_twice_nor_back_in_time, &dice),
	};

	dice_init(&dice);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
