/* When the keeper of a record last said so, and which of its editions an answer names. */
#include "rig/unit.h"

#include <sqlite3.h>

#include "base/clock.h"
#include "registry/store.h"

#define NOW	INT64_C(1772445000000000000) /* 2026-03-02 */
#define DAY_NS	(INT64_C(86400) * S)
#define MAX_AGE (7 * DAY_NS)
#define UCR	"6GE001-CASE"

struct shelf {
	char folder[64], path[96];
	struct store store;
};

static void open_store(struct shelf *shelf)
{
	bool anew;

	assert_int_equal(store_open(&shelf->store, shelf->path, 0, MAX_AGE, &anew), 0);
}

static void make(struct shelf *shelf)
{
	*shelf = (struct shelf){.folder = "/tmp/corridord-age-XXXXXX"};
	assert_non_null(mkdtemp(shelf->folder));
	snprintf(shelf->path, sizeof(shelf->path), "%s/registry.db", shelf->folder);
	open_store(shelf);
}

static void take_away(struct shelf *shelf)
{
	char command[128];

	store_close(&shelf->store);
	snprintf(command, sizeof(command), "rm -r %s", shelf->folder);
	assert_int_equal(system(command), 0);
}

static int bring(struct shelf *shelf, enum registry_kind kind, const char *key, const char *json,
		 struct store_arrival arrival)
{
	struct registry_complaint complaint;
	int err = store_put(&shelf->store, kind, key, json, strlen(json), &arrival, &complaint);

	assert_int_equal(store_commit(&shelf->store), 0);
	if (err == -EINVAL)
		assert_string_equal(complaint.text, REGISTRY_AHEAD);
	return err;
}

static struct store_arrival arrival(int64_t utc_ns, bool retained)
{
	return (struct store_arrival){.at = {.utc_ns = utc_ns, .clock = CLOCK_SYNCED},
				      .retained = retained};
}

static struct registry_answer *ask(struct shelf *shelf)
{
	struct registry_question question = {.key = KEY_UCR, .text = UCR};
	const struct instant now = clock_now();
	struct registry_answer *answer;
	int err;

	answer = store_answer(&shelf->store, &question, &now, &err);
	assert_non_null(answer);
	assert_int_equal(err, 0);
	assert_int_equal(answer->dossier_count, 1);
	return answer;
}

#define CONSIGNMENT "{\"ucr\":\"" UCR "\",\"flow\":\"transit\",\"parties\":[" PARTY "]}"
#define PARTY                                                                                \
	"{\"role\":\"carrier\",\"tin\":\"T1\",\"aeo\":{\"country\":\"GE\",\"scheme\":\"P\"," \
	"\"number\":\"1\"}}"
#define AEO_OF(number_, more_)                                                               \
	"{\"country\":\"GE\",\"scheme\":\"P\",\"number\":\"" number_ "\",\"type\":\"AEOS\"," \
	"\"tin\":\"T1\",\"status\":\"active\"" more_ "}"

static int64_t received(struct shelf *shelf)
{
	struct registry_answer *answer = ask(shelf);
	const struct operator_record *holder = &answer->dossiers[0].operators[0];
	int64_t received_utc_ns = holder->authorisation_count
					  ? holder->authorisations[0].list->received_utc_ns
					  : INT64_MIN;

	registry_answer_free(answer);
	return received_utc_ns;
}

static void what_a_broker_repeats_is_not_younger_but_what_is_said_anew_is(void **state)
{
	struct shelf shelf;

	(void)state;
	make(&shelf);
	(void)bring(&shelf, REGISTRY_CONSIGNMENT, UCR, CONSIGNMENT, arrival(NOW, false));
	assert_int_equal(bring(&shelf, REGISTRY_AEO, "GE:P:1", AEO_OF("1", ""), arrival(NOW, true)),
			 0);
	assert_int_equal(
		bring(&shelf, REGISTRY_AEO, "GE:P:1", AEO_OF("1", ""), arrival(NOW + DAY_NS, true)),
		1);
	assert_true(received(&shelf) == NOW);
	store_close(&shelf.store);
	open_store(&shelf); /* a restart, and all of it once more */
	(void)bring(&shelf, REGISTRY_AEO, "GE:P:1", AEO_OF("1", ""),
		    arrival(NOW + 2 * DAY_NS, true));
	assert_true(received(&shelf) == NOW);
	(void)bring(&shelf, REGISTRY_AEO, "GE:P:1", AEO_OF("1", ""),
		    arrival(NOW + 3 * DAY_NS, false));
	assert_true(received(&shelf) == NOW + 3 * DAY_NS);
	take_away(&shelf);
}

static void a_record_of_a_time_to_come_is_refused_where_there_is_a_clock(void **state)
{
	static const char ahead[] = AEO_OF("1", ",\"as_of\":\"2199-01-01\"");
	struct store_arrival unset = {.at = {.utc_ns = NOW, .clock = CLOCK_UNSYNCED}};
	struct shelf shelf;

	(void)state;
	make(&shelf);
	assert_int_equal(bring(&shelf, REGISTRY_AEO, "GE:P:1", ahead, arrival(NOW, false)),
			 -EINVAL);
	assert_int_equal(bring(&shelf, REGISTRY_AEO, "GE:P:1", ahead, unset), 0);
	take_away(&shelf);
}

static void what_was_heard_without_a_clock_is_dated_when_there_is_one(void **state)
{
	struct store_arrival unset = {.at = {.utc_ns = 5 * S, .clock = CLOCK_UNSYNCED}};
	struct shelf shelf;

	(void)state;
	make(&shelf);
	(void)bring(&shelf, REGISTRY_CONSIGNMENT, UCR, CONSIGNMENT, unset);
	(void)bring(&shelf, REGISTRY_AEO, "GE:P:1", AEO_OF("1", ""), unset);
	assert_int_equal(store_date(&shelf.store, NOW), 0);
	assert_int_equal(store_commit(&shelf.store), 0);
	assert_true(received(&shelf) == NOW);
	assert_int_equal(store_date(&shelf.store, NOW + DAY_NS), 0);
	assert_true(received(&shelf) == NOW);
	take_away(&shelf);
}

#define WITHOUT_SIGNERS                                                                 \
	"ALTER TABLE record DROP COLUMN signer; ALTER TABLE record DROP COLUMN signed;" \
	"ALTER TABLE list DROP COLUMN signer; ALTER TABLE list DROP COLUMN signed;"     \
	"ALTER TABLE list DROP COLUMN trust;"

static void a_file_of_a_version_before_is_brought_up_and_not_begun_anew(void **state)
{
	const char *before = *state;
	struct shelf shelf;
	sqlite3 *sqlite;

	make(&shelf);
	(void)bring(&shelf, REGISTRY_CONSIGNMENT, UCR, CONSIGNMENT, arrival(NOW, false));
	(void)bring(&shelf, REGISTRY_AEO, "GE:P:1", AEO_OF("1", ""), arrival(NOW, false));
	store_close(&shelf.store);
	assert_int_equal(sqlite3_open(shelf.path, &sqlite), SQLITE_OK);
	assert_int_equal(sqlite3_exec(sqlite, before, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(sqlite), SQLITE_OK);
	open_store(&shelf);
	assert_true(received(&shelf) == NOW - 1000);
	take_away(&shelf);
}

static void a_claim_is_judged_by_the_number_that_is_claimed(void **state)
{
	struct registry_answer *answer;
	struct shelf shelf;

	(void)state;
	make(&shelf);
	(void)bring(&shelf, REGISTRY_CONSIGNMENT, UCR, CONSIGNMENT, arrival(NOW, false));
	for (int i = 2; i < 9; i++) {
		char key[16], json[256];

		snprintf(key, sizeof(key), "GE:P:%d", i);
		snprintf(json, sizeof(json), AEO_OF("%d", ""), i);
		(void)bring(&shelf, REGISTRY_AEO, key, json, arrival(NOW, false));
	}
	assert_true(received(&shelf) == INT64_MIN); /* others of the same tax number */
	(void)bring(&shelf, REGISTRY_AEO, "GE:P:1", AEO_OF("1", ""), arrival(NOW, false));
	answer = ask(&shelf);
	assert_int_equal(answer->dossiers[0].operators[0].authorisation_count, 1);
	assert_string_equal(answer->dossiers[0].operators[0].authorisations[0].number, "1");
	registry_answer_free(answer);
	take_away(&shelf);
}

static void each_record_has_an_edition_of_its_own(void **state)
{
	struct registry_answer *answer;
	struct shelf shelf;

	(void)state;
	make(&shelf);
	(void)bring(&shelf, REGISTRY_CONSIGNMENT, UCR, CONSIGNMENT, arrival(NOW, false));
	(void)bring(&shelf, REGISTRY_AEO, "GE:P:1",
		    AEO_OF("1", ",\"version\":\"A-1\",\"as_of\":\"2026-02-01\""),
		    arrival(NOW, false));
	(void)bring(&shelf, REGISTRY_AEO, "GE:P:2",
		    AEO_OF("2", ",\"version\":\"A-2\",\"as_of\":\"2026-03-01\""),
		    arrival(NOW, false));
	answer = ask(&shelf);
	assert_string_equal(answer->dossiers[0].operators[0].authorisations[0].list->version,
			    "A-1");
	assert_true(answer->dossiers[0].operators[0].authorisations[0].list->as_of_utc_ns ==
		    INT64_C(1769904000) * S);
	assert_true(answer->dossiers[0].list->hashed);
	registry_answer_free(answer);
	take_away(&shelf);
}

static void remove_signed(struct shelf *shelf, int number, int64_t signed_s)
{
	struct trust_word word = {.rules = 1, .signed_s = signed_s};
	struct store_arrival by = arrival(NOW, false);
	struct registry_complaint complaint;
	char key[32];

	by.word = &word;
	snprintf(key, sizeof(key), "6GE%06d", number);
	assert_int_equal(store_remove(&shelf->store, REGISTRY_CONSIGNMENT, key, &by, &complaint),
			 -ENOENT);
}

static int64_t removed_at(struct shelf *shelf, int number)
{
	int64_t signed_s;
	char key[32];

	snprintf(key, sizeof(key), "6GE%06d", number);
	(void)records_removal(shelf->store.stream.records, REGISTRY_CONSIGNMENT, key, &signed_s);
	return signed_s;
}

static void the_last_removals_that_were_signed_are_remembered(void **state)
{
	struct shelf shelf;

	(void)state;
	make(&shelf);
	for (int number = 0; number <= RECORDS_REMOVALS; number++)
		remove_signed(&shelf, number, 2000 + number);
	remove_signed(&shelf, 7, 1000); /* an older one is no news */
	assert_int_equal(store_commit(&shelf.store), 0);
	store_close(&shelf.store);
	open_store(&shelf);
	assert_int_equal(removed_at(&shelf, 0), 0);
	assert_int_equal(removed_at(&shelf, 1), 2001);
	assert_int_equal(removed_at(&shelf, 7), 2007);
	assert_int_equal(removed_at(&shelf, RECORDS_REMOVALS), 2000 + RECORDS_REMOVALS);
	take_away(&shelf);
}

int main(void)
{
	static char before_the_signers[] =
		WITHOUT_SIGNERS "UPDATE record SET heard=heard-1000; PRAGMA user_version=2";
	static char before_the_hearing[] =
		WITHOUT_SIGNERS "DROP INDEX record_undated; ALTER TABLE record DROP COLUMN heard;"
				"UPDATE list SET received=received-1000;"
				"PRAGMA user_version=1";
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_broker_repeats_is_not_younger_but_what_is_said_anew_is),
		cmocka_unit_test(a_record_of_a_time_to_come_is_refused_where_there_is_a_clock),
		cmocka_unit_test(what_was_heard_without_a_clock_is_dated_when_there_is_one),
		cmocka_unit_test_prestate(
			a_file_of_a_version_before_is_brought_up_and_not_begun_anew,
			before_the_signers),
		cmocka_unit_test_prestate(
			a_file_of_a_version_before_is_brought_up_and_not_begun_anew,
			before_the_hearing),
		cmocka_unit_test(a_claim_is_judged_by_the_number_that_is_claimed),
		cmocka_unit_test(each_record_has_an_edition_of_its_own),
		cmocka_unit_test(the_last_removals_that_were_signed_are_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
