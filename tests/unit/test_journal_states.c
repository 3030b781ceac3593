/* States in the journal, told and kept with the commit of their event. */
#include "rig/faulty_disk.h"

static void put_state(struct journal_rig *rig, bool with_event, const char *key, const char *word)
{
	char members[64];
	struct event_draft draft = {
		.type = with_event ? event_type(EVENT_BARRIER_OPEN) : NULL,
		.body = "\"lane\":\"entry-1\"",
		.body_bytes = with_event ? 16 : 0,
		.state_key = key,
		.state_word = word,
		.state = members,
	};

	snprintf(members, sizeof(members), "\"state\":\"%s\"", word);
	draft.state_bytes = strlen(members);
	assert_int_equal(journal_append(rig->journal, &draft), 0);
}

static void collect_states(void *data, const char *key, const char *word)
{
	char *all = data;

	sprintf(all + strlen(all), "%s=%s;", key, word);
}

static void states_are_published_after_the_commit_and_kept(void **state)
{
	struct journal_rig *rig = *state;
	char all[256] = "";

	open_journal(rig);
	put_state(rig, true, "entry-1/boom", "opening");
	put_state(rig, true, "entry-1/boom", "open");
	put_state(rig, false, "entry-1/seal", "unknown");
	JOURNAL_WAIT(rig, rig->states == 3);
	assert_string_equal(rig->state_key, "entry-1/seal");
	assert_non_null(strstr(rig->state, "\"state\":\"unknown\""));
	assert_non_null(strstr(rig->state, "\"seq\":2,"));
	assert_non_null(strstr(rig->state, rig->head.epoch));
	close_journal(rig);
	assert_int_equal(try_to_open_journal(rig), 0);
	journal_states(rig->journal, all, collect_states);
	assert_string_equal(all, "entry-1/boom=open;entry-1/seal=unknown;");
}

static void assert_kept(struct journal_rig *rig, const char *expected)
{
	char all[256] = "";

	close_journal(rig);
	assert_int_equal(try_to_open_journal(rig), 0);
	journal_states(rig->journal, all, collect_states);
	assert_string_equal(all, expected);
}

static void a_state_that_comes_back_is_kept_as_it_was_last(void **state)
{
	static const char *const words[] = {"open", "closed", "open", "open", "closed"};
	struct journal_rig *rig = *state;

	open_journal(rig);
	for (unsigned i = 0; i < 5; i++) {
		put_state(rig, true, "entry-1/boom", words[i]);
		JOURNAL_WAIT(rig, rig->states == i + 1);
	}
	assert_kept(rig, "entry-1/boom=closed;");
}

static void a_state_of_a_commit_that_failed_is_kept_by_the_next(void **state)
{
	struct journal_rig *rig = *state;

	open_journal(rig);
	put_state(rig, true, "entry-1/boom", "open");
	JOURNAL_WAIT(rig, rig->states == 1);
	fail_next_syncs(1);
	put_state(rig, true, "entry-1/boom", "closed");
	JOURNAL_WAIT(rig, rig->states == 2);
	assert_int_equal(syncs_to_fail(), 0);
	assert_kept(rig, "entry-1/boom=closed;");
}

static void a_state_that_is_over_is_told_after_the_commit_and_has_its_own_schema(void **state)
{
	struct journal_rig *rig = *state;
	struct event_draft draft = {
		.state_key = "@handover/there/6GE1",
		.state = "\"ucr\":\"6GE1\"",
		.state_bytes = 12,
	};
	char all[256] = "";

	open_journal(rig);
	assert_int_equal(journal_append(rig->journal, &draft), 0);
	JOURNAL_WAIT(rig, rig->states == 1);
	assert_string_equal(rig->state_key, draft.state_key);
	assert_non_null(strstr(rig->state, "{\"schema\":\"corridord.handover/1\","));
	assert_non_null(strstr(rig->state, ",\"ucr\":\"6GE1\"}"));
	draft = (struct event_draft){.state_key = draft.state_key, .state_over = true};
	assert_int_equal(journal_append(rig->journal, &draft), 0);
	JOURNAL_WAIT(rig, rig->states == 2);
	assert_string_equal(rig->state_key, draft.state_key);
	assert_string_equal(rig->state, "");
	close_journal(rig);
	assert_int_equal(try_to_open_journal(rig), 0);
	journal_states(rig->journal, all, collect_states);
	assert_string_equal(all, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		journal_test(states_are_published_after_the_commit_and_kept),
		journal_test(a_state_that_comes_back_is_kept_as_it_was_last),
		disk_test(a_state_of_a_commit_that_failed_is_kept_by_the_next),
		journal_test(a_state_that_is_over_is_told_after_the_commit_and_has_its_own_schema),
	};

	return cmocka_run_group_tests(tests, insert_disk, NULL);
}
