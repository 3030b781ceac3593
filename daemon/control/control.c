#include "control/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log_limit.h"
#include "control/client.h"

#define LOG_TOKEN "control"
#include "base/log.h"

#define MODE	    0660
#define EVENTS	    16
#define LINES_MOST  40 /* of a refusal */
#define LINE_BYTES  512
#define LISTEN_SLOT CONTROL_CLIENTS /* beside the clients, in what epoll gives back */
#define TIMER_SLOT  (CONTROL_CLIENTS + 1)

struct control {
	struct control_host host;
	gid_t changers;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	bool bound;
	int epoll_fd, listen_fd, timer_fd; /* the timer runs while something is unread */
	uint64_t last_number;
	struct log_limit drops;
	struct client clients[CONTROL_CLIENTS];
};

/* ---- the socket ------------------------------------------------------------------------ */

static bool somebody_listens(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool listens;

	if (fd < 0)
		return false;
	listens = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
		  errno == EAGAIN;
	close(fd);
	return listens;
}

static int bind_anew(int fd, const struct sockaddr_un *address)
{
	mode_t mask;
	int err;

	if (somebody_listens(address))
		return -EADDRINUSE;
	if (unlink(address->sun_path) < 0 && errno != ENOENT)
		return -errno;
	mask = umask(0777 & ~MODE); /* nobody else may come between */
	err = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
	umask(mask);
	return err;
}

static int open_socket(struct control *control)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int err;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", control->path);
	control->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (control->listen_fd < 0)
		return -errno;
	err = bind_anew(control->listen_fd, &address);
	if (err < 0)
		return err;
	control->bound = true;
	return listen(control->listen_fd, CONTROL_CLIENTS) < 0 ? -errno : 0;
}

static int watch(struct control *control, int how, int fd, uint32_t events, uint32_t slot)
{
	struct epoll_event event = {.events = events, .data.u32 = slot};

	return epoll_ctl(control->epoll_fd, how, fd, &event) < 0 ? -errno : 0;
}

static int set_up(struct control *control)
{
	int err = open_socket(control);

	if (err < 0)
		return err;
	control->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	control->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (control->epoll_fd < 0 || control->timer_fd < 0)
		return -errno;
	err = watch(control, EPOLL_CTL_ADD, control->listen_fd, EPOLLIN, LISTEN_SLOT);
	if (err == 0)
		err = watch(control, EPOLL_CTL_ADD, control->timer_fd, EPOLLIN, TIMER_SLOT);
	return err;
}

int control_new(const char *path, gid_t changers, const struct control_host *host,
		struct control **ret_control)
{
	struct control *control;
	int err;

	if (strlen(path) >= sizeof(control->path))
		return -ENAMETOOLONG;
	control = calloc(1, sizeof(*control));
	if (!control)
		return -ENOMEM;
	control->host = *host;
	control->changers = changers;
	control->epoll_fd = control->listen_fd = control->timer_fd = -1;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		control->clients[i].fd = -1;
	snprintf(control->path, sizeof(control->path), "%s", path);
	err = set_up(control);
	if (err < 0) {
		control_free(control);
		return err;
	}
	*ret_control = control;
	return 0;
}

void control_free(struct control *control)
{
	if (!control)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		client_close(&control->clients[i]);
	if (control->bound)
		unlink(control->path);
	if (control->listen_fd >= 0)
		close(control->listen_fd);
	if (control->timer_fd >= 0)
		close(control->timer_fd);
	if (control->epoll_fd >= 0)
		close(control->epoll_fd);
	free(control);
}

int control_fd(const struct control *control)
{
	return control->epoll_fd;
}

/* ---- the clients ----------------------------------------------------------------------- */

static void drop(struct control *control, struct client *client, const char *why, int64_t now_ns)
{
	char words[LOG_LIMIT_WORDS_BYTES], name[ACCOUNT_NAME_BYTES];

	if (why && log_limit_allows(&control->drops, now_ns, words)) {
		account_user_name(client->peer.uid, name);
		log_warnx("a client of %s %s and is dropped%s", name, why, words);
	}
	client_close(client); /* epoll forgets it */
}

/* Listens for what a client may do next, and for nothing else. */
static void rearm(struct control *control, struct client *client)
{
	uint32_t slot = (uint32_t)(client - control->clients);
	bool unread = client->unread_ns != INT64_MAX;
	uint32_t events = unread ? EPOLLOUT : client->awaits ? 0 : EPOLLIN;

	(void)watch(control, EPOLL_CTL_MOD, client->fd, events, slot);
}

static void set_timer(struct control *control)
{
	int64_t first_ns = INT64_MAX;
	struct itimerspec at = {0};

	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (control->clients[i].fd >= 0 && control->clients[i].unread_ns < first_ns)
			first_ns = control->clients[i].unread_ns;
	if (first_ns != INT64_MAX)
		at.it_value = clock_timespec(first_ns + CONTROL_UNREAD_NS);
	/* This also takes what it has told. */
	timerfd_settime(control->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static void drop_those_who_do_not_read(struct control *control, int64_t now_ns)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct client *client = &control->clients[i];

		if (client->fd >= 0 && client->unread_ns != INT64_MAX &&
		    now_ns - client->unread_ns >= CONTROL_UNREAD_NS)
			drop(control, client, "does not read", now_ns);
	}
}

static void send_on(struct control *control, struct client *client, int64_t now_ns)
{
	if (client_flush(client, now_ns) < 0) {
		drop(control, client, NULL, now_ns);
		return;
	}
	rearm(control, client);
}

static void say_full(int fd)
{
	static const char line[] =
		"{\"schema\":\"" CONTROL_SCHEMA "\",\"ok\":false,\"code\":\"busy\","
		"\"error\":\"there are too many clients, try again later\"}\n";

	(void)!send(fd, line, sizeof(line) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static void admit(struct control *control)
{
	int fd = accept4(control->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	for (uint32_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct client *client = &control->clients[i];

		if (client->fd >= 0)
			continue;
		if (client_open(client, fd, control->changers) == 0 &&
		    watch(control, EPOLL_CTL_ADD, fd, EPOLLIN, i) < 0)
			client_close(client);
		return;
	}
	say_full(fd);
}

/* ---- questions ------------------------------------------------------------------------- */

static void begin_answer(struct client *client, struct jw *json, bool ok)
{
	client_begin(client, json);
	jw_text(json, "schema", CONTROL_SCHEMA);
	if (client->method < CONTROL_METHODS)
		jw_text(json, "method", control_method_name(client->method));
	if (client->id[0])
		jw_text(json, "id", client->id);
	jw_bool(json, "ok", ok);
}

/* As many as there is room for. */
static void put_lines(struct jw *json, const char *lines)
{
	char line[LINE_BYTES];

	jw_open_array(json, "lines");
	for (int count = 0; *lines && count < LINES_MOST; count++) {
		size_t bytes = strcspn(lines, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)bytes, lines);
		jw_text(json, NULL, line);
		lines += lines[bytes] ? bytes + 1 : bytes;
	}
	jw_close_array(json);
}

static void refuse(struct client *client, const struct control_refusal *refusal)
{
	struct jw json;

	begin_answer(client, &json, false);
	jw_text(&json, "code", refusal->code);
	jw_text(&json, "error", refusal->error);
	if (refusal->lines)
		put_lines(&json, refusal->lines);
	(void)client_end(client, &json);
}

static void refuse_with(struct client *client, const char *code, const char *error)
{
	struct control_refusal refusal = {.code = code};

	snprintf(refusal.error, sizeof(refusal.error), "%s", error);
	refuse(client, &refusal);
}

static void answer(struct control *control, struct client *client,
		   const struct control_question *question)
{
	struct control_refusal refusal = {.code = "failed"};
	uint64_t number = ++control->last_number;
	struct jw json;
	int err;

	begin_answer(client, &json, true);
	err = control->host.answer(control->host.data, question, number, &client->peer, &json,
				   &refusal);
	if (client->fd < 0) /* dropped by what it caused */
		return;
	if (err == -EINPROGRESS)
		client->awaits = number;
	else if (err < 0)
		refuse(client, &refusal);
	else if (client_end(client, &json))
		client->records |= question->method == CONTROL_READINGS;
	else
		refuse_with(client, "failed", "the answer is too long");
}

static void follow(struct client *client)
{
	struct jw json;

	client->follows = true;
	begin_answer(client, &json, true);
	(void)client_end(client, &json);
}

static void take_question(struct control *control, struct client *client)
{
	struct control_question question;
	char error[QUESTION_ERROR_BYTES];
	int err = question_read(client->line, &question, error);

	client->method = question.method;
	memcpy(client->id, question.id, sizeof(client->id));
	if (err < 0)
		refuse_with(client, "bad_request", error);
	else if (control_method_changes(question.method) && !client->peer.may_change)
		refuse_with(client, "not_allowed",
			    "only root may do this, and the group that control_group names");
	else if (question.method == CONTROL_FOLLOW)
		follow(client);
	else
		answer(control, client, &question);
}

/* One question at a time: whatever others do goes on between two of them. */
static void listen_to(struct control *control, struct client *client, int64_t now_ns)
{
	int err = client_take_line(client);

	if (err == -EMSGSIZE) {
		drop(control, client, "sends a line that is too long", now_ns);
		return;
	}
	if (err < 0) {
		drop(control, client, NULL, now_ns);
		return;
	}
	if (err == 0)
		return;
	if (!client_may_ask(client, now_ns)) {
		drop(control, client, "asks too often", now_ns);
		return;
	}
	take_question(control, client);
	if (client->fd < 0)
		return;
	client_done(client);
	send_on(control, client, now_ns);
}

static void serve(struct control *control, const struct epoll_event *event, int64_t now_ns)
{
	struct client *client = &control->clients[event->data.u32];

	if (client->fd < 0) /* dropped a moment ago */
		return;
	if (event->events & EPOLLOUT)
		send_on(control, client, now_ns);
	else if (event->events & EPOLLIN)
		listen_to(control, client, now_ns);
	else if (event->events & (EPOLLHUP | EPOLLERR))
		drop(control, client, NULL, now_ns);
}

void control_serve(struct control *control, int64_t now_ns)
{
	struct epoll_event events[EVENTS];
	int count = epoll_wait(control->epoll_fd, events, EVENTS, 0);
	bool knocks = false;

	for (int i = 0; i < count; i++)
		if (events[i].data.u32 < CONTROL_CLIENTS)
			serve(control, &events[i], now_ns);
		else if (events[i].data.u32 == LISTEN_SLOT)
			knocks = true;
	drop_those_who_do_not_read(control, now_ns);
	if (knocks) /* last: its place may be one that was left just now */
		admit(control);
	set_timer(control);
}

void control_answer(struct control *control, uint64_t number, const char *members, size_t bytes,
		    const struct control_refusal *refusal, int64_t now_ns)
{
	struct jw json;

	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct client *client = &control->clients[i];

		if (client->fd < 0 || client->awaits != number)
			continue;
		client->awaits = 0;
		if (refusal) {
			refuse(client, refusal);
		} else {
			begin_answer(client, &json, true);
			jw_members(&json, members, bytes);
			if (!client_end(client, &json))
				refuse_with(client, "failed", "the answer is too long");
		}
		send_on(control, client, now_ns);
	}
	set_timer(control);
}

/* ---- events and readings --------------------------------------------------------------- */

static bool is_heard(const struct control *control, bool (*hears)(const struct client *))
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (control->clients[i].fd >= 0 && hears(&control->clients[i]))
			return true;
	return false;
}

static bool follows(const struct client *client)
{
	return client->follows;
}

static bool records(const struct client *client)
{
	return client->records;
}

bool control_is_followed(const struct control *control)
{
	return is_heard(control, follows);
}

bool control_is_recorded(const struct control *control)
{
	return is_heard(control, records);
}

static void pass_reading(struct control *control, struct client *client, const char *line,
			 int64_t now_ns)
{
	struct jw json;

	client_begin(client, &json);
	jw_text(&json, "schema", CONTROL_SCHEMA);
	jw_text(&json, "reading", line);
	if (client_end(client, &json))
		send_on(control, client, now_ns);
	else
		drop(control, client, "does not read the readings that it records", now_ns);
}

void control_tell_reading(struct control *control, const char *line, int64_t now_ns)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (control->clients[i].fd >= 0 && control->clients[i].records)
			pass_reading(control, &control->clients[i], line, now_ns);
	set_timer(control);
}

static void pass(struct control *control, struct client *client, const struct event_draft *draft,
		 int64_t now_ns)
{
	struct jw json;

	client_begin(client, &json);
	jw_text(&json, "schema", CONTROL_SCHEMA);
	jw_open(&json, "event");
	jw_text(&json, "type", draft->type->name);
	jw_text(&json, "severity", severity_name(draft->type->severity));
	if (draft->test)
		jw_bool(&json, "test", true);
	jw_members(&json, draft->body, draft->body_bytes);
	jw_close(&json);
	if (client_end(client, &json))
		send_on(control, client, now_ns);
	else
		drop(control, client, "does not read the events that it follows", now_ns);
}

void control_tell(struct control *control, const struct event_draft *draft, int64_t now_ns)
{
	if (!draft->type)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (control->clients[i].fd >= 0 && control->clients[i].follows)
			pass(control, &control->clients[i], draft, now_ns);
	set_timer(control);
}
