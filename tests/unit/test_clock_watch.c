/* What corridord-clock writes, and what the daemon believes of it. */
#include "rig/unit.h"

#include <unistd.h>

#include "base/clock_watch.h"

#define ASKED_NS (100 * NS_PER_S)
#define AHEAD_NS (1764000000 * NS_PER_S)

struct folder {
	char name[64];
	char file[96];
};

static int make_folder(void **state)
{
	struct folder *folder = test_calloc(1, sizeof(*folder));

	snprintf(folder->name, sizeof(folder->name), "/tmp/clock-watch-XXXXXX");
	assert_non_null(mkdtemp(folder->name));
	snprintf(folder->file, sizeof(folder->file), "%s/state", folder->name);
	*state = folder;
	return 0;
}

static int remove_folder(void **state)
{
	struct folder *folder = *state;

	unlink(folder->file);
	assert_int_equal(rmdir(folder->name), 0);
	test_free(folder);
	return 0;
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static int write_answer(const char *path, bool disciplined, int64_t asked_mono_ns)
{
	const struct clock_answer answer = {disciplined, asked_mono_ns, AHEAD_NS};

	return clock_watch_write(path, &answer);
}

static bool read_answer(const char *path, int64_t now_mono_ns)
{
	int64_t ahead_ns = 0;
	bool disciplined = clock_watch_read(path, now_mono_ns, &ahead_ns);

	assert_true(ahead_ns == (disciplined ? AHEAD_NS : 0));
	return disciplined;
}

static void an_answer_is_believed_while_it_is_fresh(void **state)
{
	const struct folder *folder = *state;

	assert_int_equal(write_answer(folder->file, true, ASKED_NS), 0);
	assert_true(read_answer(folder->file, ASKED_NS));
	assert_true(read_answer(folder->file, ASKED_NS + CLOCK_WATCH_VALID_NS));
	assert_false(read_answer(folder->file, ASKED_NS + CLOCK_WATCH_VALID_NS + 1));
}

static void an_answer_from_the_future_is_of_another_boot_and_not_believed(void **state)
{
	const struct folder *folder = *state;

	assert_int_equal(write_answer(folder->file, true, ASKED_NS), 0);
	assert_false(read_answer(folder->file, ASKED_NS - 1));
}

static void a_later_answer_takes_the_place_of_the_one_before(void **state)
{
	const struct folder *folder = *state;

	assert_int_equal(write_answer(folder->file, true, ASKED_NS), 0);
	assert_int_equal(write_answer(folder->file, false, ASKED_NS + 1), 0);
	assert_false(read_answer(folder->file, ASKED_NS + 1));
}

static void no_file_and_a_file_of_anything_else_say_nothing(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"disciplined",
		"disciplined \n",
		"disciplined 100000000000\n",
		"disciplined 100000000000 1764000000000000000",
		"disciplined -5 1764000000000000000\n",
		"disciplined 99999999999999999999999999999999 1\n",
		"free-running 100000000000 1764000000000000000\n",
		"undisciplined 100000000000 1764000000000000000\n",
		"disciplined 100000000000 1764000000000000000 and more\n",
	};
	const struct folder *folder = *state;

	assert_false(read_answer(folder->file, ASKED_NS));
	for (size_t i = 0; i < COUNT(texts); i++) {
		put(folder->file, texts[i]);
		assert_false(read_answer(folder->file, ASKED_NS));
	}
	assert_false(read_answer(folder->name, ASKED_NS));
}

static void what_cannot_be_written_is_an_error(void **state)
{
	(void)state;
	assert_true(write_answer("/nowhere/at/all", true, ASKED_NS) < 0);
}

static void a_clock_that_has_jumped_since_is_not_the_one_that_was_asked_about(void **state)
{
	const int64_t mono_ns = ASKED_NS, utc_ns = mono_ns + AHEAD_NS;

	(void)state;
	assert_true(clock_watch_same(AHEAD_NS, mono_ns, utc_ns));
	assert_true(clock_watch_same(AHEAD_NS, mono_ns + 5, utc_ns + CLOCK_WATCH_JUMP_NS));
	assert_true(clock_watch_same(AHEAD_NS, mono_ns, utc_ns - CLOCK_WATCH_JUMP_NS));
	assert_false(clock_watch_same(AHEAD_NS, mono_ns, utc_ns + CLOCK_WATCH_JUMP_NS + 1));
	assert_false(clock_watch_same(AHEAD_NS, mono_ns, utc_ns - CLOCK_WATCH_JUMP_NS - 1));
	assert_false(clock_watch_same(INT64_MIN, mono_ns, utc_ns));
	assert_false(clock_watch_same(INT64_MAX, mono_ns, -utc_ns));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_answer_is_believed_while_it_is_fresh,
						make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			an_answer_from_the_future_is_of_another_boot_and_not_believed, make_folder,
			remove_folder),
		cmocka_unit_test_setup_teardown(a_later_answer_takes_the_place_of_the_one_before,
						make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(no_file_and_a_file_of_anything_else_say_nothing,
						make_folder, remove_folder),
		cmocka_unit_test(a_clock_that_has_jumped_since_is_not_the_one_that_was_asked_about),
		cmocka_unit_test(what_cannot_be_written_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
