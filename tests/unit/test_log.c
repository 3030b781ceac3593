/* What a line of the log may hold. */
#include "rig/unit.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LOG_TOKEN "test"
#include "base/log.h"

#define LINE_BYTES 1024

static char *logged(int err, const char *text)
{
	static char line[4 * LINE_BYTES];
	int kept = dup(STDERR_FILENO), ends[2];
	ssize_t bytes;

	assert_int_equal(pipe(ends), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	log_warn(err, "\"%s\"", text);
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	bytes = read(ends[0], line, sizeof(line) - 1);
	assert_true(bytes > 0);
	line[bytes] = '\0';
	close(kept);
	close(ends[0]);
	close(ends[1]);
	return line;
}

static int set_up(void **state)
{
	(void)state;
	setenv("JOURNAL_STREAM", "1:2", 1);
	log_open(LOG_LEVEL_INFO);
	return 0;
}

static void a_text_from_outside_cannot_write_lines_or_colours(void **state)
{
	(void)state;
	assert_string_equal(logged(0, "a\n<0>main: b\x1b[31m\xc2\x85\xff"),
			    "<4>test: \"a?<0>main: b?[31m???\"\n");
	assert_string_equal(logged(ENOENT, "თბილისი"),
			    "<4>test: \"თბილისი\": No such file or directory\n");
}

static void a_long_line_is_cut_and_still_a_line(void **state)
{
	char text[2 * LINE_BYTES];
	const char *line;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	line = logged(ENOENT, text);
	assert_int_equal(strlen(line), LINE_BYTES - 1);
	assert_ptr_equal(strchr(line, '\n'), line + LINE_BYTES - 2);
}

static void on_a_terminal_a_line_has_date_and_zone(void **state)
{
	const char *line;
	int year, month, day, hour, minute;
	float second;

	(void)state;
	unsetenv("JOURNAL_STREAM");
	log_open(LOG_LEVEL_INFO);
	line = logged(0, "x");
	assert_int_equal(sscanf(line, "%d-%d-%dT%d:%d:%fZ warning", &year, &month, &day, &hour,
				&minute, &second),
			 6);
	assert_in_range(year, 1970, 9999);
	assert_contains(line, "Z warning: test: \"x\"\n");
}

static void the_level_can_be_set_at_any_time(void **state)
{
	(void)state;
	log_open(LOG_LEVEL_INFO);
	assert_false(log_debugging());
	log_set_level(LOG_LEVEL_DEBUG);
	assert_true(log_debugging());
	log_set_level(LOG_LEVEL_INFO);
	assert_false(log_debugging());
}

static void the_journal_gets_fields_to_look_for(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct stat there;
	char stream[64], said[2 * LINE_BYTES];
	ssize_t bytes;

	(void)state;
	snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/corridord-log-%d", getpid());
	assert_int_equal(bind(journal, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(fstat(STDERR_FILENO, &there), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)there.st_dev,
		 (unsigned long long)there.st_ino);
	log_open_journal(address.sun_path); /* as set_up() has it: another's */
	setenv("JOURNAL_STREAM", stream, 1);
	log_open_journal("/nowhere");
	log_open_journal(address.sun_path);
	log_warn(ENOENT, "\"boom-1\": no\nreply");
	bytes = recv(journal, said, sizeof(said) - 1, MSG_DONTWAIT);
	assert_true(bytes > 0);
	said[bytes] = '\0';
	assert_string_equal(said,
			    "PRIORITY=4\nSYSLOG_IDENTIFIER=test_log\nCORRIDORD_PART=test\n"
			    "CORRIDORD_SUBJECT=boom-1\n"
			    "MESSAGE=test: \"boom-1\": no?reply: No such file or directory\n");
	log_warnx("nothing of that name");
	bytes = recv(journal, said, sizeof(said) - 1, MSG_DONTWAIT);
	assert_true(bytes > 0);
	said[bytes] = '\0';
	assert_null(strstr(said, "SUBJECT"));
	assert_null(strstr(said, "MESSAGE_ID"));
	log_known_warnx(LOG_POINT_OUT_OF_RANGE, "\"boom-1.status\" is out of range");
	bytes = recv(journal, said, sizeof(said) - 1, MSG_DONTWAIT);
	assert_true(bytes > 0);
	said[bytes] = '\0';
	assert_contains(said, "\nMESSAGE_ID=");
	assert_contains(said, "\nCORRIDORD_DEVICE=boom-1\nCORRIDORD_SUBJECT=boom-1.status\n");
	log_known_info(LOG_JOURNAL_WRITTEN, "written again");
	bytes = recv(journal, said, sizeof(said) - 1, MSG_DONTWAIT);
	assert_true(bytes > 0);
	said[bytes] = '\0';
	assert_contains(said, "MESSAGE_ID=");
	assert_null(strstr(said, "CORRIDORD_DEVICE"));
	close(journal);
	unlink(address.sun_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_from_outside_cannot_write_lines_or_colours),
		cmocka_unit_test(a_long_line_is_cut_and_still_a_line),
		cmocka_unit_test(on_a_terminal_a_line_has_date_and_zone),
		cmocka_unit_test(the_level_can_be_set_at_any_time),
		cmocka_unit_test(the_journal_gets_fields_to_look_for),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
