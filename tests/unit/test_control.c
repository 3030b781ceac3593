/* The control socket from both sides: a host of the test's own, and clients on real sockets. */
#include "rig/unit.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/control.h"

struct site {
	char folder[64], path[96];
	struct control *control;
	int64_t now_ns;
	unsigned asked;
	uint64_t pending; /* number of the question that is answered later */
	struct control_question last;
	int rc;
};

static int host_answer(void *data, const struct control_question *question, uint64_t number,
		       const struct control_peer *by, struct jw *json,
		       struct control_refusal *ret_refusal)
{
	struct site *site = data;

	site->asked++;
	site->last = *question;
	site->pending = number;
	jw_uint(json, "uid", by->uid);
	if (question->method == CONTROL_METRICS)
		while (json->bytes < CONTROL_ANSWER_BYTES - 8)
			jw_uint(json, "n", 1);
	if (site->rc < 0) {
		ret_refusal->code = "no_device";
		snprintf(ret_refusal->error, sizeof(ret_refusal->error), "there is none");
	}
	return site->rc;
}

static void open_control(struct site *site)
{
	const struct control_host host = {.data = site, .answer = host_answer};

	assert_int_equal(control_new(site->path, ACCOUNT_NO_GROUP, &host, &site->control), 0);
}

static int set_up(void **state)
{
	struct site *site = calloc(1, sizeof(*site));

	assert_non_null(site);
	snprintf(site->folder, sizeof(site->folder), "/tmp/corridord-control-XXXXXX");
	assert_non_null(mkdtemp(site->folder));
	snprintf(site->path, sizeof(site->path), "%s/control", site->folder);
	site->now_ns = clock_mono_ns();
	open_control(site);
	*state = site;
	return 0;
}

static int take_down(void **state)
{
	struct site *site = *state;

	control_free(site->control);
	rmdir(site->folder);
	free(site);
	return 0;
}

static int connect_to(const struct site *site)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", site->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* All that is to be done now. */
static void serve(struct site *site)
{
	struct pollfd ready = {.fd = control_fd(site->control), .events = POLLIN};

	while (poll(&ready, 1, 0) > 0)
		control_serve(site->control, site->now_ns);
}

/* What has come, up to the size; empty: nothing. */
static const char *heard(int fd, char *out, size_t size)
{
	ssize_t n = recv(fd, out, size - 1, MSG_DONTWAIT);

	out[n > 0 ? n : 0] = '\0';
	return out;
}

static bool is_dropped(int fd)
{
	char bytes[4096];
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		;
	return n == 0 || errno == ECONNRESET;
}

static void a_question_is_answered_in_a_line(void **state)
{
	struct site *site = *state;
	int fd = connect_to(site);
	char text[4096], expected[256];

	say(fd, "{\"method\":\"points\",\"of\":\"boom-1\",\"from\":7,\"id\":\"a1\"}\n");
	serve(site);
	snprintf(expected, sizeof(expected),
		 "{\"schema\":\"corridord.control/1\",\"method\":\"points\","
		 "\"id\":\"a1\",\"ok\":true,\"uid\":%u}\n",
		 (unsigned)getuid());
	assert_string_equal(heard(fd, text, sizeof(text)), expected);
	assert_string_equal(site->last.of, "boom-1");
	assert_int_equal(site->last.from, 7);
	close(fd);
}

static void a_line_may_come_in_pieces_and_several_at_once(void **state)
{
	struct site *site = *state;
	int fd = connect_to(site);

	say(fd, "{\"method\":");
	serve(site);
	assert_int_equal(site->asked, 0);
	say(fd, "\"status\"}\n{\"method\":\"buses\"}\n{\"method\":\"dev");
	serve(site);
	assert_int_equal(site->asked, 2);
	assert_int_equal(site->last.method, CONTROL_BUSES);
	close(fd);
}

static void what_is_wrong_with_a_question_is_told(void **state)
{
	static const char *const wrong[][2] = {
		{"[]\n", "\\\"method\\\" is missing"},
		{"nonsense\n", "no JSON object"},
		{"{\"method\":\"dance\"}\n", "there is no method \\\"dance\\\""},
		{"{\"method\":\"read\",\"of\":\"x\"}\n", "\\\"address\\\" is missing"},
		{"{\"method\":\"read\",\"of\":\"x\",\"address\":-1}\n", "no whole number"},
		{"{\"method\":\"status\",\"lane\":\"x\"}\n", "\\\"lane\\\" is no member"},
		{"{\"method\":\"points\",\"of\":\"\"}\n", "\\\"of\\\" is empty"},
	};
	struct site *site = *state;
	int fd = connect_to(site);
	char text[4096];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		say(fd, wrong[i][0]);
		serve(site);
		assert_contains(heard(fd, text, sizeof(text)), "\"ok\":false");
		assert_contains(text, "\"code\":\"bad_request\"");
		assert_contains(text, wrong[i][1]);
	}
	assert_int_equal(site->asked, 0);
	close(fd);
}

static void the_host_refuses_in_its_own_words(void **state)
{
	struct site *site = *state;
	int fd = connect_to(site);
	char text[4096];

	site->rc = -ENOENT;
	say(fd, "{\"method\":\"points\",\"of\":\"boom-9\"}\n");
	serve(site);
	assert_string_equal(
		heard(fd, text, sizeof(text)),
		"{\"schema\":\"corridord.control/1\",\"method\":\"points\",\"ok\":false,"
		"\"code\":\"no_device\",\"error\":\"there is none\"}\n");
	close(fd);
}

static void an_answer_may_come_later_and_others_are_served_meanwhile(void **state)
{
	struct site *site = *state;
	int fd = connect_to(site), other = connect_to(site);
	char text[4096];
	uint64_t number;

	site->rc = -EINPROGRESS;
	say(fd, "{\"method\":\"read\",\"of\":\"boom-1\",\"address\":1}\n{\"method\":\"status\"}\n");
	serve(site);
	number = site->pending;
	assert_string_equal(heard(fd, text, sizeof(text)), "");
	site->rc = 0;
	say(other, "{\"method\":\"status\"}\n");
	serve(site);
	assert_contains(heard(other, text, sizeof(text)), "\"ok\":true");
	control_answer(site->control, number, "\"x\":1", 5, NULL, site->now_ns);
	assert_string_equal(heard(fd, text, sizeof(text)),
			    "{\"schema\":\"corridord.control/1\",\"method\":\"read\",\"ok\":true,"
			    "\"x\":1}\n");
	serve(site);
	assert_contains(heard(fd, text, sizeof(text)), "\"method\":\"status\"");
	close(fd);
	close(other);
	serve(site);
	control_answer(site->control, number, "\"x\":1", 5, NULL, site->now_ns);
}

static void events_come_to_those_who_follow_them(void **state)
{
	struct site *site = *state;
	int fd = connect_to(site);
	char text[4096];
	const struct event_draft draft = {.type = event_type(EVENT_SEAL_OPENED),
					  .body = "\"lane\":\"entry-1\"",
					  .body_bytes = 16};

	assert_false(control_is_followed(site->control));
	say(fd, "{\"method\":\"follow\"}\n");
	serve(site);
	assert_true(control_is_followed(site->control));
	assert_contains(heard(fd, text, sizeof(text)), "\"ok\":true");
	control_tell(site->control, &draft, site->now_ns);
	assert_string_equal(
		heard(fd, text, sizeof(text)),
		"{\"schema\":\"corridord.control/1\",\"event\":{\"type\":\"seal.opened\","
		"\"severity\":\"critical\",\"lane\":\"entry-1\"}}\n");
	close(fd);
	serve(site);
	assert_false(control_is_followed(site->control));
}

static void who_follows_and_does_not_read_is_dropped(void **state)
{
	struct site *site = *state;
	int fd = connect_to(site);
	static char body[EVENT_BODY_BYTES];
	struct event_draft draft = {.type = event_type(EVENT_METER_VALUE), .body = body};
	unsigned told = 0;

	draft.body_bytes = (size_t)snprintf(body, sizeof(body), "\"x\":\"%02000d\"", 0);
	say(fd, "{\"method\":\"follow\"}\n");
	serve(site);
	while (control_is_followed(site->control)) {
		control_tell(site->control, &draft, site->now_ns);
		assert_true(++told < 10000);
	}
	assert_true(is_dropped(fd));
	close(fd);
}

static void an_answer_that_is_left_unread_is_waited_for_ten_seconds(void **state)
{
	struct site *site = *state;
	int fd = connect_to(site), small = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	for (unsigned i = 0; i < 30; i++)
		say(fd, "{\"method\":\"metrics\"}\n");
	serve(site);
	assert_in_range(site->asked, 1, 29);
	site->now_ns += CONTROL_UNREAD_NS - 1;
	control_serve(site->control, site->now_ns);
	assert_int_equal(poll(&(struct pollfd){.fd = fd, .events = POLLRDHUP}, 1, 0), 0);
	site->now_ns++;
	control_serve(site->control, site->now_ns);
	assert_true(is_dropped(fd));
	close(fd);
}

static void a_line_without_end_is_dropped(void **state)
{
	struct site *site = *state;
	int fd = connect_to(site);
	char text[QUESTION_BYTES + 1];

	memset(text, 'x', QUESTION_BYTES);
	text[QUESTION_BYTES] = '\0';
	say(fd, text);
	serve(site);
	assert_true(is_dropped(fd));
	close(fd);
}

static void who_asks_without_end_is_dropped(void **state)
{
	struct site *site = *state;
	int fd = connect_to(site);
	char text[4096];

	for (unsigned i = 0; i < 50; i++) {
		say(fd, "{\"method\":\"status\"}\n");
		serve(site);
		assert_contains(heard(fd, text, sizeof(text)), "\"ok\":true");
	}
	site->now_ns += NS_PER_S; /* 25 more */
	for (unsigned i = 0; i < 26; i++)
		say(fd, "{\"method\":\"status\"}\n");
	serve(site);
	assert_int_equal(site->asked, 75);
	assert_true(is_dropped(fd));
	close(fd);
}

static void one_client_too_many_is_told_so(void **state)
{
	struct site *site = *state;
	int fds[CONTROL_CLIENTS + 1];
	char text[4096];

	for (size_t i = 0; i <= CONTROL_CLIENTS; i++) {
		fds[i] = connect_to(site);
		serve(site);
	}
	assert_contains(heard(fds[CONTROL_CLIENTS], text, sizeof(text)), "\"code\":\"busy\"");
	assert_true(is_dropped(fds[CONTROL_CLIENTS]));
	for (size_t i = 0; i <= CONTROL_CLIENTS; i++)
		close(fds[i]);
	serve(site);
	fds[0] = connect_to(site);
	say(fds[0], "{\"method\":\"status\"}\n");
	serve(site);
	assert_contains(heard(fds[0], text, sizeof(text)), "\"ok\":true");
	close(fds[0]);
}

static void the_socket_is_for_its_group_and_a_dead_one_is_replaced(void **state)
{
	struct site *site = *state;
	const struct control_host host = {.data = site, .answer = host_answer};
	struct control *second = NULL;
	struct stat there;

	assert_int_equal(stat(site->path, &there), 0);
	assert_int_equal(there.st_mode & 0777, 0660);
	assert_int_equal(control_new(site->path, ACCOUNT_NO_GROUP, &host, &second), -EADDRINUSE);
	control_free(site->control);
	assert_int_equal(stat(site->path, &there), -1);
	shell("python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"%s\")'", site->path);
	open_control(site);
	close(connect_to(site));
}

static void without_a_folder_there_is_no_socket(void **state)
{
	struct site *site = *state;
	const struct control_host host = {.data = site, .answer = host_answer};
	struct control *second = NULL;
	char path[200];

	snprintf(path, sizeof(path), "%s/none/control", site->folder);
	assert_int_equal(control_new(path, ACCOUNT_NO_GROUP, &host, &second), -ENOENT);
	snprintf(path, sizeof(path), "%s/%0120d", site->folder, 0);
	assert_int_equal(control_new(path, ACCOUNT_NO_GROUP, &host, &second), -ENAMETOOLONG);
}

#define control_test(name) cmocka_unit_test_setup_teardown(name, set_up, take_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		control_test(a_question_is_answered_in_a_line),
		control_test(a_line_may_come_in_pieces_and_several_at_once),
		control_test(what_is_wrong_with_a_question_is_told),
		control_test(the_host_refuses_in_its_own_words),
		control_test(an_answer_may_come_later_and_others_are_served_meanwhile),
		control_test(events_come_to_those_who_follow_them),
		control_test(who_follows_and_does_not_read_is_dropped),
		control_test(an_answer_that_is_left_unread_is_waited_for_ten_seconds),
		control_test(a_line_without_end_is_dropped),
		control_test(who_asks_without_end_is_dropped),
		control_test(one_client_too_many_is_told_so),
		control_test(the_socket_is_for_its_group_and_a_dead_one_is_replaced),
		control_test(without_a_folder_there_is_no_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
