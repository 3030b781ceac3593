/* A journal whose folder is gone, read-only or full: it falls back to memory, or stalls. */
#include "rig/journal_rig.h"

#include <sys/mount.h>

static void without_its_folder_the_journal_is_volatile_until_it_is_back(void **state)
{
	struct journal_rig *rig = *state;
	char first[EVENT_EPOCH_BYTES];

	use_state_folder(rig);
	open_journal(rig);
	put_events(rig, EVENT_METER_VALUE, 50);
	wait_for_events(rig, 51);
	assert_string_equal(rig->seen[STREAM_EVENTS][0].type, "journal.volatile");
	assert_true(seen_has(&rig->seen[STREAM_EVENTS][0], "No such file or directory"));
	wait_for_condition(rig, JOURNAL_VOLATILE);
	strcpy(first, rig->head.epoch);
	close_journal(rig);

	shell("mkdir %s/state", rig->folder);
	forget_seen(rig);
	open_journal(rig);
	put_events(rig, EVENT_METER_VALUE, 50);
	wait_for_events(rig, 101);
	assert_int_equal(journal_counters(rig->journal).condition, JOURNAL_OK);
	assert_chain(rig, 0);
	assert_string_equal(rig->seen[STREAM_EVENTS][50].epoch, first);
	assert_string_not_equal(rig->seen[STREAM_EVENTS][51].epoch, first);
	WAIT_FOR(bytes_of(rig->fallback) < 0);
	wait_for_rest();
}

/* The folder below a disk that is not mounted looks like a new one. */
static void no_journal_is_begun_where_the_disk_is_not_mounted(void **state)
{
	char marker[JOURNAL_RIG_PATH + 16];
	struct journal_rig *rig = *state;

	use_state_folder(rig);
	shell("mkdir %s/state", rig->folder);
	snprintf(marker, sizeof(marker), "%s/state/marker", rig->folder);
	rig->conf.marker = marker;
	open_journal(rig);
	put_events(rig, EVENT_SEAL_TAMPERED, 3);
	wait_for_events(rig, 4);
	assert_string_equal(rig->seen[STREAM_EVENTS][0].type, "journal.volatile");
	assert_true(seen_has(&rig->seen[STREAM_EVENTS][0], "its disk is not mounted"));
	assert_true(bytes_of(rig->elsewhere) < 0);
	close_journal(rig);

	shell("touch %s", marker);
	forget_seen(rig);
	open_journal(rig);
	wait_for_events(rig, 4);
	assert_int_equal(journal_counters(rig->journal).condition, JOURNAL_OK);
	assert_true(bytes_of(rig->elsewhere) > 0);
}

static void what_the_fallback_delivered_says_nothing_of_the_path(void **state)
{
	struct journal_rig *rig = *state;
	char first[EVENT_EPOCH_BYTES];

	use_state_folder(rig);
	shell("mkdir %s/state", rig->folder);
	open_journal(rig);
	put_events(rig, EVENT_SEAL_TAMPERED, 100);
	wait_for_head(rig, 100);
	strcpy(first, rig->head.epoch);
	close_journal(rig);

	shell("mv %s/state %s/away", rig->folder, rig->folder);
	forget_seen(rig);
	rig->acks = true;
	open_journal(rig);
	put_events(rig, EVENT_SEAL_INTACT, 50);
	JOURNAL_WAIT(rig, rig->count[STREAM_EVENTS] >= 51);
	close_journal(rig);

	shell("mv %s/away %s/state", rig->folder, rig->folder);
	forget_seen(rig);
	rig->acks = false;
	open_journal(rig);
	JOURNAL_WAIT(rig, rig->count[STREAM_EVENTS] >= 150);
	for (size_t i = 0; i < 100; i++) {
		assert_string_equal(rig->seen[STREAM_EVENTS][i].epoch, first);
		assert_int_equal(rig->seen[STREAM_EVENTS][i].seq, i + 1);
	}
}

static void a_fallback_found_late_is_not_taken_for_delivered(void **state)
{
	struct journal_rig *rig = *state;

	use_state_folder(rig);
	open_journal(rig);
	put_events(rig, EVENT_SEAL_TAMPERED, 50);
	wait_for_head(rig, 51);
	close_journal(rig);

	shell("mkdir %s/state && echo nonsense > %s", rig->folder, rig->conf.path);
	forget_seen(rig);
	rig->conf.fallback = NULL;
	rig->acks = true;
	open_journal(rig);
	put_events(rig, EVENT_SEAL_INTACT, 20);
	JOURNAL_WAIT(rig, rig->count[STREAM_EVENTS] >= 22);
	close_journal(rig);

	forget_seen(rig);
	rig->conf.fallback = rig->fallback;
	rig->acks = false;
	open_journal(rig);
	put_event(rig, EVENT_SEAL_MISSING);
	wait_for_type(rig, "seal.missing");
	assert_int_equal(count_seen(rig, STREAM_EVENTS, "seal.tampered"), 50);
}

static void set_read_only(const struct journal_rig *rig, bool read_only)
{
	char folder[JOURNAL_RIG_PATH + 32];

	snprintf(folder, sizeof(folder), "%s/state", rig->folder);
	assert_int_equal(mount("tmpfs", folder, "tmpfs", MS_REMOUNT | (read_only ? MS_RDONLY : 0),
			       "size=32m"),
			 0);
}

static void a_read_only_file_is_delivered_from_and_joined_later(void **state)
{
	struct journal_rig *rig = *state;
	char first[EVENT_EPOCH_BYTES], second[EVENT_EPOCH_BYTES];

	mount_state_folder(rig, "32m");
	open_journal(rig);
	put_events(rig, EVENT_METER_VALUE, 100);
	wait_for_events(rig, 100);
	acknowledge(rig, STREAM_EVENTS, 59);
	strcpy(first, rig->head.epoch);
	close_journal(rig);

	set_read_only(rig, true);
	forget_seen(rig);
	open_journal(rig);
	put_events(rig, EVENT_METER_VALUE, 10);
	wait_for_events(rig, 51);
	assert_int_equal(rig->seen[STREAM_EVENTS][0].seq, 61);
	assert_string_equal(rig->seen[STREAM_EVENTS][39].epoch, first);
	assert_string_equal(rig->seen[STREAM_EVENTS][40].type, "journal.volatile");
	strcpy(second, rig->head.epoch);
	assert_string_not_equal(first, second);
	close_journal(rig);

	set_read_only(rig, false);
	forget_seen(rig);
	open_journal(rig);
	put_events(rig, EVENT_METER_VALUE, 10);
	JOURNAL_WAIT(rig, rig->count[STREAM_EVENTS] >= 61);
	for (size_t i = 0; i < 61; i++)
		assert_string_equal(rig->seen[STREAM_EVENTS][i].epoch, i < 40	? first
								       : i < 51 ? second
										: rig->head.epoch);
	assert_chain(rig, 0);
}

static void with_neither_file_the_opening_fails(void **state)
{
	struct journal_rig *rig = *state;
	char nowhere[JOURNAL_RIG_PATH + 64], either[JOURNAL_RIG_PATH + 64];

	snprintf(nowhere, sizeof(nowhere), "%s/a/b/journal.db", rig->folder);
	snprintf(either, sizeof(either), "%s/c/d/journal.db", rig->folder);
	rig->conf.path = nowhere;
	rig->conf.fallback = either;
	assert_int_equal(try_to_open_journal(rig), -ENOENT);
	rig->conf.path = rig->folder; /* a folder is left alone */
	assert_int_equal(try_to_open_journal(rig), -ENOENT);
	assert_true(bytes_of(rig->folder) >= 0);
}

static void fill_disk(const struct journal_rig *rig)
{
	shell("dd if=/dev/zero of=%s/state/filler bs=4096 status=none 2>/dev/null || true",
	      rig->folder);
}

static void free_disk(const struct journal_rig *rig)
{
	shell("rm %s/state/filler", rig->folder);
}

static const struct seen *last_seen(const struct journal_rig *rig, const char *type)
{
	const struct seen *last = NULL;

	for (size_t i = 0; i < rig->count[STREAM_EVENTS]; i++)
		if (strcmp(rig->seen[STREAM_EVENTS][i].type, type) == 0)
			last = &rig->seen[STREAM_EVENTS][i];
	return last;
}

/* Each one that was put, in order. */
static void assert_all_made(const struct journal_rig *rig, const char *type)
{
	uint64_t made = 0;

	for (size_t i = 0; i < rig->count[STREAM_EVENTS]; i++)
		if (strcmp(rig->seen[STREAM_EVENTS][i].type, type) == 0)
			assert_int_equal(seen_made(&rig->seen[STREAM_EVENTS][i]), ++made);
	assert_int_equal(made, rig->made);
}

static bool has_stalled(struct journal_rig *rig)
{
	for (int i = 0; i < 100; i++)
		(void)try_to_put_event(rig, EVENT_SEAL_INTACT, 0);
	return journal_counters(rig->journal).condition == JOURNAL_STALLED;
}

static void a_full_disk_stalls_and_no_number_is_lost(void **state)
{
	struct journal_rig *rig = *state;

	mount_state_folder(rig, "4m");
	rig->conf.fallback = NULL;
	open_journal(rig);
	put_events(rig, EVENT_SEAL_INTACT, 200);
	wait_for_events(rig, 200);
	fill_disk(rig);
	WAIT_FOR(has_stalled(rig));
	assert_string_not_equal(journal_counters(rig->journal).error, "");
	free_disk(rig);
	wait_for_condition(rig, JOURNAL_OK);
	wait_for_events(rig, (size_t)rig->made + 2);
	assert_chain(rig, 0);
	assert_true(
		seen_has(find_seen(rig, STREAM_EVENTS, "journal.stalled"), "\"alarm\":\"raised\""));
	assert_true(seen_has(last_seen(rig, "journal.stalled"), "\"alarm\":\"cleared\""));
	assert_all_made(rig, "seal.intact");
}

static void on_a_full_disk_acknowledged_events_make_room(void **state)
{
	struct journal_rig *rig = *state;

	mount_state_folder(rig, "16m");
	rig->conf.fallback = NULL;
	rig->acks = true;
	open_journal(rig);
	put_events(rig, EVENT_SEAL_INTACT, 1000);
	wait_for_events(rig, 1000);
	fill_disk(rig);
	put_events(rig, EVENT_SEAL_INTACT, 20000); /* many times what the disk could hold */
	JOURNAL_WAIT(rig, rig->count[STREAM_EVENTS] >= 21000);
	assert_chain(rig, 0);
	assert_int_equal(journal_counters(rig->journal).evicted, 0);
}

/* As many as wait at most: with the lock the journal's thread stands still at its next offer. */
static void put_many_at_once(struct journal_rig *rig)
{
	pthread_mutex_lock(&rig->lock);
	while (try_to_put_event(rig, EVENT_SEAL_INTACT, 0) == 0)
		;
	pthread_mutex_unlock(&rig->lock);
	JOURNAL_WAIT(rig, rig->count[STREAM_EVENTS] >= rig->made);
}

static void on_a_full_disk_many_events_at_once_find_room_too(void **state)
{
	struct journal_rig *rig = *state;

	mount_state_folder(rig, "16m");
	rig->conf.fallback = NULL;
	rig->acks = true;
	open_journal(rig);
	put_many_at_once(rig);
	fill_disk(rig);
	for (int i = 0; i < 10; i++)
		put_many_at_once(rig);
	assert_chain(rig, 0);
	assert_int_equal(journal_counters(rig->journal).evicted, 0);
}

/* Evidence, so that nothing of it may be given up; the path's patience is a minute. */
static void a_full_disk_keeps_no_reading_waiting(void **state)
{
	struct journal_rig *rig = *state;

	mount_state_folder(rig, "2m");
	open_journal(rig);
	put_events(rig, EVENT_SEAL_INTACT, 20);
	wait_for_events(rig, 20);
	fill_disk(rig);
	while (journal_counters(rig->journal).condition != JOURNAL_VOLATILE && rig->made < 20000)
		put_event(rig, EVENT_SEAL_INTACT);
	assert_in_range(rig->made, 100, 19999);
	WAIT_FOR(journal_has_room(rig->journal));
	wait_for_type(rig, "journal.volatile");
}

static void a_stop_on_a_full_disk_leaves_the_rest_in_the_fallback(void **state)
{
	struct journal_rig *rig = *state;

	mount_state_folder(rig, "16m");
	open_journal(rig);
	put_events(rig, EVENT_SEAL_INTACT, 20);
	wait_for_events(rig, 20);
	fill_disk(rig);
	WAIT_FOR(has_stalled(rig));
	assert_int_equal(close_journal(rig), 0);

	free_disk(rig);
	forget_seen(rig);
	open_journal(rig);
	JOURNAL_WAIT(rig, count_seen(rig, STREAM_EVENTS, "seal.intact") == rig->made);
	assert_non_null(find_seen(rig, STREAM_EVENTS, "journal.volatile"));
	assert_chain(rig, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		journal_test(without_its_folder_the_journal_is_volatile_until_it_is_back),
		journal_test(no_journal_is_begun_where_the_disk_is_not_mounted),
		journal_test(what_the_fallback_delivered_says_nothing_of_the_path),
		journal_test(a_fallback_found_late_is_not_taken_for_delivered),
		journal_test(a_read_only_file_is_delivered_from_and_joined_later),
		journal_test(with_neither_file_the_opening_fails),
		journal_test(a_full_disk_stalls_and_no_number_is_lost),
		journal_test(on_a_full_disk_acknowledged_events_make_room),
		journal_test(on_a_full_disk_many_events_at_once_find_room_too),
		journal_test(a_full_disk_keeps_no_reading_waiting),
		journal_test(a_stop_on_a_full_disk_leaves_the_rest_in_the_fallback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
