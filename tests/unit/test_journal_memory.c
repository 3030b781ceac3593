/* What is remembered over a restart, whatever happens to the journal's file. */
#include "rig/journal_rig.h"

#include <unistd.h>

static void reopen(struct journal_rig *rig)
{
	close_journal(rig);
	forget_seen(rig);
	assert_int_equal(try_to_open_journal(rig), 0);
}

static void memories_survive_a_restart_as_last_put(void **state)
{
	struct journal_rig *rig = *state;

	assert_int_equal(try_to_open_journal(rig), 0);
	assert_recalled(rig, "");
	start_journal(rig);
	remember(rig, "passage/entry-2", "waits");
	remember(rig, "passage/entry-1", "seen");
	remember(rig, "seal/4711", "3");
	remember(rig, "passage/entry-1", "identified \"GE\"");
	remember(rig, "passage/entry-2", NULL);
	remember(rig, "seal/unheard-of", NULL);
	reopen(rig);
	assert_recalled(rig, "passage/entry-1=identified \"GE\";seal/4711=3;");
	start_journal(rig);
	remember(rig, "seal/4711", NULL);
	reopen(rig);
	assert_recalled(rig, "passage/entry-1=identified \"GE\";");
}

static void several_memories_go_with_one_event_and_its_state(void **state)
{
	struct journal_rig *rig = *state;
	const struct event_memory memories[] = {
		{"seal/1", "one"}, {"seal/2", ""}, {"seal/gone", NULL}};
	struct instant now = clock_now();
	char body[EVENT_BODY_BYTES];
	struct event_draft draft = {
		.type = event_type(EVENT_SEAL_INTACT),
		.body = body,
		.state_key = "entry-1/reader",
		.state_word = "intact",
		.state = "\"state\":\"intact\"",
		.state_bytes = 16,
		.memories = memories,
		.memory_count = 3,
	};
	struct jw json;

	event_body_start(&json, body, sizeof(body), "entry-1", "reader", now.mono_ns, &now);
	draft.body_bytes = json.bytes;
	open_journal(rig);
	assert_int_equal(journal_append(rig->journal, &draft), 0);
	JOURNAL_WAIT(rig, rig->count[STREAM_EVENTS] == 1 && rig->states == 1);
	assert_true(seen_has(&rig->seen[STREAM_EVENTS][0], "\"sensor\":\"reader\""));
	assert_non_null(strstr(rig->state, "\"state\":\"intact\""));
	assert_false(seen_has(&rig->seen[STREAM_EVENTS][0], "one"));
	reopen(rig);
	assert_recalled(rig, "seal/1=one;seal/2=;");
}

static void a_memory_that_is_too_long_is_refused(void **state)
{
	struct journal_rig *rig = *state;
	char text[MEMORY_TEXT_BYTES + 1], key[MEMORY_KEY_BYTES + 1];
	struct event_memory memories[MEMORIES_MAX + 1] = {{key, text}};
	struct event_draft draft = {.memories = memories, .memory_count = 1};

	memset(text, 't', sizeof(text));
	memset(key, 'k', sizeof(key));
	text[sizeof(text) - 1] = key[sizeof(key) - 1] = '\0';
	open_journal(rig);
	assert_int_equal(journal_append(rig->journal, &draft), -E2BIG);
	key[sizeof(key) - 2] = '\0';
	assert_int_equal(journal_append(rig->journal, &draft), -E2BIG);
	text[sizeof(text) - 2] = '\0';
	assert_int_equal(journal_append(rig->journal, &draft), 0);
	draft.memory_count = MEMORIES_MAX + 1;
	assert_int_equal(journal_append(rig->journal, &draft), -E2BIG);
}

#define MEMORIES 500 /* of remember_and_die() */

static int remember_many(struct journal_rig *rig)
{
	char key[32];

	open_journal(rig);
	for (int i = 0; i < MEMORIES; i++) {
		snprintf(key, sizeof(key), "seal/%04d", i);
		remember(rig, key, "kept");
	}
	remember(rig, "seal/0000", "kept till the end");
	remember(rig, "seal/0001", NULL);
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_head(rig, rig->made);
	return 0;
}

static void remember_and_die(struct journal_rig *rig)
{
	die_after(rig, remember_many);
}

static void count_recalled(void *data, const char *key, const char *text)
{
	size_t *count = data;

	assert_string_not_equal(key, "seal/0001");
	assert_string_equal(text, strcmp(key, "seal/0000") == 0 ? "kept till the end" : "kept");
	++*count;
}

static void assert_all_but_one_recalled(struct journal_rig *rig)
{
	size_t count = 0;

	journal_memories(rig->journal, &count, count_recalled);
	assert_int_equal(count, MEMORIES - 1);
}

static void a_damaged_file_gives_up_its_memories_at_the_start(void **state)
{
	struct journal_rig *rig = *state;

	remember_and_die(rig);
	open_journal(rig);
	close_journal(rig);
	overwrite_pages(rig->path, 0, 1);
	assert_int_equal(try_to_open_journal(rig), 0);
	assert_all_but_one_recalled(rig);
	start_journal(rig);
	wait_for_type(rig, "journal.set-aside");
	reopen(rig);
	assert_all_but_one_recalled(rig);
}

static void a_lost_file_beside_a_log_gives_up_its_memories(void **state)
{
	struct journal_rig *rig = *state;

	remember_and_die(rig);
	assert_int_equal(unlink(rig->path), 0);
	assert_int_equal(try_to_open_journal(rig), 0);
	assert_all_but_one_recalled(rig);
}

static void memories_of_the_fallback_come_back_to_the_path(void **state)
{
	struct journal_rig *rig = *state;

	use_state_folder(rig);
	shell("mkdir %s/state", rig->folder);
	open_journal(rig);
	remember(rig, "passage/a", "1");
	remember(rig, "passage/b", "1");
	put_event(rig, EVENT_SEAL_INTACT);
	close_journal(rig);

	shell("mv %s/state %s/away", rig->folder, rig->folder);
	forget_seen(rig);
	open_journal(rig);
	remember(rig, "passage/c", "2");
	close_journal(rig);

	shell("mv %s/away %s/state", rig->folder, rig->folder);
	forget_seen(rig);
	assert_int_equal(try_to_open_journal(rig), 0);
	/* the path could not even be read: what it had is older than the fallback's */
	assert_recalled(rig, "passage/c=2;");
	start_journal(rig);
	remember(rig, "passage/d", "3");
	reopen(rig);
	assert_recalled(rig, "passage/c=2;passage/d=3;");
}

static void a_file_from_before_there_were_memories_takes_them(void **state)
{
	struct journal_rig *rig = *state;

	open_journal(rig);
	put_events(rig, EVENT_SEAL_INTACT, 3);
	close_journal(rig);
	run_sql(rig->path, "DROP TABLE memory");
	forget_seen(rig);
	open_journal(rig);
	remember(rig, "seal/1", "new");
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_events(rig, 4);
	assert_chain(rig, 0);
	reopen(rig);
	assert_recalled(rig, "seal/1=new;");
}

static void what_is_forgotten_does_not_pile_up(void **state)
{
	struct journal_rig *rig = *state;
	char key[32];

	open_journal(rig);
	for (int i = 0; i < 5000; i++) {
		snprintf(key, sizeof(key), "seal/%d", i);
		remember(rig, key, "x");
		remember(rig, key, NULL);
	}
	close_journal(rig);
	assert_in_range(ask_sql(rig->path, "SELECT count(*) FROM memory"), 0, 1500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		journal_test(memories_survive_a_restart_as_last_put),
		journal_test(several_memories_go_with_one_event_and_its_state),
		journal_test(a_memory_that_is_too_long_is_refused),
		journal_test(a_damaged_file_gives_up_its_memories_at_the_start),
		journal_test(a_lost_file_beside_a_log_gives_up_its_memories),
		journal_test(memories_of_the_fallback_come_back_to_the_path),
		journal_test(a_file_from_before_there_were_memories_takes_them),
		journal_test(what_is_forgotten_does_not_pile_up),
	};

	return cmocka_run_group_tests_name("journal memory", tests, NULL, NULL);
}
