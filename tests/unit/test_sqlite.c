/* What an error of SQLite means. */
#include "rig/unit.h"

#include <sqlite3.h>
#include <unistd.h>

#include "base/sqlite.h"

struct fixture {
	char folder[32], path[64];
	sqlite3 *sqlite;
};

static sqlite3 *open_file(const char *path, int *ret_code)
{
	sqlite3 *sqlite;

	*ret_code = sqlite3_open_v2(
		path, &sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXRESCODE,
		NULL);
	return sqlite;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	int code;

	assert_non_null(fixture);
	snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/sqlite-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	snprintf(fixture->path, sizeof(fixture->path), "%s/file.db", fixture->folder);
	fixture->sqlite = open_file(fixture->path, &code);
	assert_int_equal(sqlite_errno(fixture->sqlite, code), 0);
	assert_int_equal(sqlite_set_up(fixture->sqlite), 0);
	assert_int_equal(sqlite_execute(fixture->sqlite, "CREATE TABLE t(x INTEGER PRIMARY KEY)"),
			 0);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	sqlite3_close(fixture->sqlite);
	unlink(fixture->path);
	rmdir(fixture->folder);
	free(fixture);
	return 0;
}

static void what_is_asked_is_answered(void **state)
{
	struct fixture *fixture = *state;
	int64_t answer = 0;

	assert_int_equal(sqlite_execute(fixture->sqlite, "INSERT INTO t VALUES(7),(8)"), 0);
	assert_int_equal(sqlite_ask(fixture->sqlite, "SELECT sum(x) FROM t", &answer), 0);
	assert_int_equal(answer, 15);
	assert_int_equal(sqlite_ask(fixture->sqlite, "SELECT x FROM t WHERE x=1", &answer), -EIO);
	assert_int_equal(answer, 15);
	assert_int_equal(sqlite_ask(fixture->sqlite, "PRAGMA page_size", &answer), 0);
	assert_int_equal(answer, 4096);
}

static void a_statement_is_run_as_often_as_one_likes(void **state)
{
	struct fixture *fixture = *state;
	sqlite3_stmt *put;
	int64_t answer;

	assert_int_equal(sqlite_prepare(fixture->sqlite, "INSERT INTO t VALUES(?1)", &put), 0);
	for (int i = 0; i < 3; i++) {
		sqlite3_bind_int(put, 1, i);
		assert_int_equal(sqlite_run(put), 0);
	}
	assert_int_equal(sqlite_run(put), -EIO); /* a constraint */
	sqlite3_finalize(put);
	assert_int_equal(sqlite_ask(fixture->sqlite, "SELECT count(*) FROM t", &answer), 0);
	assert_int_equal(answer, 3);
}

static void tables_that_do_not_fit_are_not_ours(void **state)
{
	struct fixture *fixture = *state;
	sqlite3_stmt *put;

	assert_int_equal(sqlite_prepare(fixture->sqlite, "INSERT INTO other VALUES(1)", &put),
			 -EUCLEAN);
	assert_int_equal(sqlite_prepare(fixture->sqlite, "SELECT y FROM t", &put), -EUCLEAN);
}

static void a_transaction_that_is_gone_is_no_damage(void **state)
{
	struct fixture *fixture = *state;
	sqlite3_stmt *commit;
	char why[96];

	assert_int_equal(sqlite_prepare(fixture->sqlite, "COMMIT", &commit), 0);
	assert_int_equal(sqlite_run(commit), -EIO);
	sqlite_explain(fixture->sqlite, SQLITE_ERROR, why, sizeof(why));
	assert_string_equal(why, "SQL logic error");
	sqlite3_finalize(commit);
}

static void a_damaged_file_is_told_from_one_that_cannot_be_read(void **state)
{
	struct fixture *fixture = *state;
	char text[8192];
	FILE *file;

	sqlite3_close(fixture->sqlite);
	fixture->sqlite = NULL;
	memset(text, 'x', sizeof(text));
	file = fopen(fixture->path, "w");
	assert_non_null(file);
	fwrite(text, sizeof(text), 1, file);
	fclose(file);
	assert_int_equal(sqlite3_open(fixture->path, &fixture->sqlite), SQLITE_OK);
	assert_int_equal(sqlite_execute(fixture->sqlite, "SELECT * FROM t"), -EUCLEAN);
}

static void a_file_that_another_has_is_busy(void **state)
{
	struct fixture *fixture = *state;
	int code;
	sqlite3 *other = open_file(fixture->path, &code);

	assert_int_equal(sqlite_execute(other, "INSERT INTO t VALUES(1)"), -EBUSY);
	sqlite3_close(other);
}

static void a_limit_is_no_room(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(sqlite_execute(fixture->sqlite, "PRAGMA max_page_count=3"), 0);
	assert_int_equal(sqlite_execute(fixture->sqlite,
					"WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 "
					"FROM n WHERE x<9999) INSERT INTO t SELECT x FROM n"),
			 -ENOSPC);
}

static void what_may_not_be_written_to_is_read_only(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(sqlite_execute(fixture->sqlite, "PRAGMA query_only=1"), 0);
	assert_int_equal(sqlite_execute(fixture->sqlite, "INSERT INTO t VALUES(1)"), -EROFS);
}

static void what_the_system_says_of_a_file_is_passed_on(void **state)
{
	struct fixture *fixture = *state;
	char path[96], why[96];
	sqlite3 *sqlite;
	int code;

	snprintf(path, sizeof(path), "%s/nowhere/file.db", fixture->folder);
	sqlite = open_file(path, &code);
	assert_int_equal(sqlite_errno(sqlite, code), -ENOENT);
	sqlite_explain(sqlite, code, why, sizeof(why));
	assert_string_equal(why, "unable to open database file: No such file or directory");
	sqlite3_close(sqlite);
	snprintf(path, sizeof(path), "%s/file.db", fixture->path);
	sqlite = open_file(path, &code);
	assert_int_equal(sqlite_errno(sqlite, code), -ENOTDIR);
	sqlite3_close(sqlite);
	assert_int_equal(sqlite_errno(NULL, SQLITE_NOMEM), -ENOMEM);
}

static void what_the_system_said_of_another_error_is_not(void **state)
{
	struct fixture *fixture = *state;
	char sql[128];

	snprintf(sql, sizeof(sql), "ATTACH '%s/file.db' AS other", fixture->path);
	(void)sqlite_execute(fixture->sqlite, sql);
	assert_int_equal(sqlite3_system_errno(fixture->sqlite), ENOTDIR);
	assert_int_equal(sqlite_execute(fixture->sqlite, "COMMIT"), -EIO);
}

#define sqlite_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		sqlite_test(what_is_asked_is_answered),
		sqlite_test(a_statement_is_run_as_often_as_one_likes),
		sqlite_test(tables_that_do_not_fit_are_not_ours),
		sqlite_test(a_transaction_that_is_gone_is_no_damage),
		sqlite_test(a_damaged_file_is_told_from_one_that_cannot_be_read),
		sqlite_test(a_file_that_another_has_is_busy),
		sqlite_test(a_limit_is_no_room),
		sqlite_test(what_may_not_be_written_to_is_read_only),
		sqlite_test(what_the_system_says_of_a_file_is_passed_on),
		sqlite_test(what_the_system_said_of_another_error_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
