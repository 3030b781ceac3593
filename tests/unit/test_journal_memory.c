/* What is remembered over a restart, whatever happens to the journal's file. */
#include "memory_rig.h"

#include <sqlite3.h>
#include <sys/wait.h>

static void reopen(struct rig *rig)
{
	rig_close(rig);
	rig_forget(rig);
	assert_int_equal(rig_try_open(rig), 0);
}

static void memories_survive_a_restart_as_last_put(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	assert_int_equal(rig_try_open(&rig), 0);
	assert_recalled(&rig, "");
	rig_start(&rig);
	remember(&rig, "passage/entry-2", "waits");
	remember(&rig, "passage/entry-1", "seen");
	remember(&rig, "seal/4711", "3");
	remember(&rig, "passage/entry-1", "identified \"GE\"");
	remember(&rig, "passage/entry-2", NULL);
	remember(&rig, "seal/unheard-of", NULL);
	reopen(&rig);
	assert_recalled(&rig, "passage/entry-1=identified \"GE\";seal/4711=3;");
	rig_start(&rig);
	remember(&rig, "seal/4711", NULL);
	reopen(&rig);
	assert_recalled(&rig, "passage/entry-1=identified \"GE\";");
	rig_close(&rig);
	rig_remove(&rig);
}

static void several_memories_go_with_one_event_and_its_state(void **state)
{
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
	struct json json;
	struct rig rig;

	(void)state;
	event_body_start(&json, body, sizeof(body), "entry-1", "reader", now.mono_ns, &now);
	draft.body_bytes = json.bytes;
	rig_make(&rig);
	rig_open(&rig);
	assert_int_equal(journal_append(rig.journal, &draft), 0);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 1 && rig.states == 1);
	assert_true(rig_has(&rig.seen[STREAM_EVENTS][0], "\"sensor\":\"reader\""));
	assert_non_null(strstr(rig.state, "\"state\":\"intact\""));
	assert_false(rig_has(&rig.seen[STREAM_EVENTS][0], "one"));
	reopen(&rig);
	assert_recalled(&rig, "seal/1=one;seal/2=;");
	rig_close(&rig);
	rig_remove(&rig);
}

static void a_memory_that_is_too_long_is_refused(void **state)
{
	char text[MEMORY_TEXT_BYTES + 1], key[MEMORY_KEY_BYTES + 1];
	struct event_memory memories[MEMORIES_MAX + 1] = {{key, text}};
	struct event_draft draft = {.memories = memories, .memory_count = 1};
	struct rig rig;

	(void)state;
	memset(text, 't', sizeof(text));
	memset(key, 'k', sizeof(key));
	text[sizeof(text) - 1] = key[sizeof(key) - 1] = '\0';
	rig_make(&rig);
	rig_open(&rig);
	assert_int_equal(journal_append(rig.journal, &draft), -E2BIG);
	key[sizeof(key) - 2] = '\0';
	assert_int_equal(journal_append(rig.journal, &draft), -E2BIG);
	text[sizeof(text) - 2] = '\0';
	assert_int_equal(journal_append(rig.journal, &draft), 0);
	draft.memory_count = MEMORIES_MAX + 1;
	assert_int_equal(journal_append(rig.journal, &draft), -E2BIG);
	rig_close(&rig);
	rig_remove(&rig);
}

/* As a power cut would: the file was not closed. */
static void remember_and_die(struct rig *rig, int memories)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		char key[32];

		rig_open(rig);
		for (int i = 0; i < memories; i++) {
			snprintf(key, sizeof(key), "seal/%04d", i);
			remember(rig, key, "kept");
		}
		remember(rig, "seal/0000", "kept till the end");
		remember(rig, "seal/0001", NULL);
		rig_put(rig, EVENT_SEAL_INTACT);
		RIG_WAIT(rig, rig->head.seq == rig->made);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void count_recalled(void *data, const char *key, const char *text)
{
	size_t *count = data;

	assert_string_not_equal(key, "seal/0001");
	assert_string_equal(text, strcmp(key, "seal/0000") == 0 ? "kept till the end" : "kept");
	++*count;
}

static void a_damaged_file_gives_up_its_memories_at_the_start(void **state)
{
	size_t count = 0;
	struct rig rig;

	(void)state;
	rig_make(&rig);
	remember_and_die(&rig, 500);
	rig_open(&rig);
	rig_close(&rig);
	rig_run("dd if=/dev/urandom of=%s bs=4096 count=1 conv=notrunc status=none", rig.path);
	assert_int_equal(rig_try_open(&rig), 0);
	journal_memories(rig.journal, &count, count_recalled);
	assert_int_equal(count, 499);
	rig_start(&rig);
	RIG_WAIT(&rig, rig_find(&rig, STREAM_EVENTS, "journal.set-aside"));
	reopen(&rig);
	count = 0;
	journal_memories(rig.journal, &count, count_recalled);
	assert_int_equal(count, 499);
	rig_close(&rig);
	rig_remove(&rig);
}

static void a_lost_file_beside_a_log_gives_up_its_memories(void **state)
{
	size_t count = 0;
	struct rig rig;

	(void)state;
	rig_make(&rig);
	remember_and_die(&rig, 100);
	assert_int_equal(unlink(rig.path), 0);
	assert_int_equal(rig_try_open(&rig), 0);
	journal_memories(rig.journal, &count, count_recalled);
	assert_int_equal(count, 99);
	rig_close(&rig);
	rig_remove(&rig);
}

static void memories_of_the_fallback_come_back_to_the_path(void **state)
{
	struct rig rig;
	char elsewhere[RIG_PATH + 64];

	(void)state;
	rig_make(&rig);
	snprintf(elsewhere, sizeof(elsewhere), "%s/state/journal.db", rig.folder);
	rig.conf.path = elsewhere;
	rig_run("mkdir %s/state", rig.folder);
	rig_open(&rig);
	remember(&rig, "passage/a", "1");
	remember(&rig, "passage/b", "1");
	rig_put(&rig, EVENT_SEAL_INTACT);
	rig_close(&rig);

	rig_run("mv %s/state %s/away", rig.folder, rig.folder);
	rig_forget(&rig);
	rig_open(&rig);
	remember(&rig, "passage/c", "2");
	rig_close(&rig);

	rig_run("mv %s/away %s/state", rig.folder, rig.folder);
	rig_forget(&rig);
	assert_int_equal(rig_try_open(&rig), 0);
	/* the path could not even be read: what it had is older than the fallback's */
	assert_recalled(&rig, "passage/c=2;");
	rig_start(&rig);
	remember(&rig, "passage/d", "3");
	reopen(&rig);
	assert_recalled(&rig, "passage/c=2;passage/d=3;");
	rig_close(&rig);
	rig_remove(&rig);
}

static void a_file_from_before_there_were_memories_takes_them(void **state)
{
	struct rig rig;
	sqlite3 *sqlite;

	(void)state;
	rig_make(&rig);
	rig_open(&rig);
	rig_put_many(&rig, EVENT_SEAL_INTACT, 3);
	rig_close(&rig);
	assert_int_equal(sqlite3_open(rig.path, &sqlite), 0);
	assert_int_equal(sqlite3_exec(sqlite, "DROP TABLE memory", NULL, NULL, NULL), 0);
	sqlite3_close(sqlite);
	rig_forget(&rig);
	rig_open(&rig);
	remember(&rig, "seal/1", "new");
	rig_put(&rig, EVENT_SEAL_INTACT);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 4);
	rig_check_chain(&rig, 0);
	reopen(&rig);
	assert_recalled(&rig, "seal/1=new;");
	rig_close(&rig);
	rig_remove(&rig);
}

static void what_is_forgotten_does_not_pile_up(void **state)
{
	struct rig rig;
	sqlite3 *sqlite;
	sqlite3_stmt *ask;
	char key[32];

	(void)state;
	rig_make(&rig);
	rig_open(&rig);
	for (int i = 0; i < 5000; i++) {
		snprintf(key, sizeof(key), "seal/%d", i);
		remember(&rig, key, "x");
		remember(&rig, key, NULL);
	}
	rig_close(&rig);
	assert_int_equal(sqlite3_open(rig.path, &sqlite), 0);
	assert_int_equal(sqlite3_prepare_v2(sqlite, "SELECT count(*) FROM memory", -1, &ask, NULL),
			 0);
	assert_int_equal(sqlite3_step(ask), SQLITE_ROW);
	assert_in_range(sqlite3_column_int(ask, 0), 0, 1500);
	sqlite3_finalize(ask);
	sqlite3_close(sqlite);
	rig_remove(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memories_survive_a_restart_as_last_put),
		cmocka_unit_test(several_memories_go_with_one_event_and_its_state),
		cmocka_unit_test(a_memory_that_is_too_long_is_refused),
		cmocka_unit_test(a_damaged_file_gives_up_its_memories_at_the_start),
		cmocka_unit_test(a_lost_file_beside_a_log_gives_up_its_memories),
		cmocka_unit_test(memories_of_the_fallback_come_back_to_the_path),
		cmocka_unit_test(a_file_from_before_there_were_memories_takes_them),
		cmocka_unit_test(what_is_forgotten_does_not_pile_up),
	};

	return cmocka_run_group_tests_name("journal memory", tests, NULL, NULL);
}
