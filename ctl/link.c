#include "ctl/link.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_S 30 /* a device that is read may take its time */

struct link {
	int fd;
	char *bytes; /* heard and not taken */
	size_t used, size;
	char *line; /* heard last */
	json_t *early; /* readings that came before an answer */
	char error[256];
};

static int connect_to(const char *path, int *ret_fd)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct timeval patience = {.tv_sec = ANSWER_S};
	int fd, err;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

int link_open(const char *path, struct link **ret_link)
{
	struct link *link = calloc(1, sizeof(*link));
	int err;

	if (!link)
		return -ENOMEM;
	link->fd = -1;
	err = connect_to(path, &link->fd);
	if (err < 0) {
		link_close(link);
		return err;
	}
	*ret_link = link;
	return 0;
}

void link_close(struct link *link)
{
	if (!link)
		return;
	if (link->fd >= 0)
		close(link->fd);
	free(link->bytes);
	free(link->line);
	json_decref(link->early);
	free(link);
}

int link_fd(const struct link *link)
{
	return link->fd;
}

static void set_error(struct link *link, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void set_error(struct link *link, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(link->error, sizeof(link->error), format, arguments);
	va_end(arguments);
}

const char *link_error(const struct link *link)
{
	return link->error;
}

static int send_line(struct link *link, const json_t *question)
{
	char *line = json_dumps(question, JSON_COMPACT);
	int err = 0;

	if (!line)
		return -ENOMEM;
	if (send(link->fd, line, strlen(line), MSG_NOSIGNAL) < 0 ||
	    send(link->fd, "\n", 1, MSG_NOSIGNAL) < 0)
		err = -errno;
	free(line);
	return err;
}

/* More bytes. false: none have come, for a reason that link_error() tells. */
static bool hear_more(struct link *link, int flags)
{
	ssize_t n;

	if (link->used == link->size) {
		size_t size = link->size ? 2 * link->size : 4096;
		char *bytes = realloc(link->bytes, size);

		if (!bytes) {
			set_error(link, "out of memory");
			return false;
		}
		link->bytes = bytes;
		link->size = size;
	}
	n = recv(link->fd, link->bytes + link->used, link->size - link->used, flags);
	if (n > 0)
		link->used += (size_t)n;
	else if (n < 0 && errno == EAGAIN)
		set_error(link, "the daemon does not answer");
	else
		set_error(link, "the daemon has closed the connection");
	return n > 0;
}

static json_t *hear(struct link *link, int flags)
{
	json_error_t json_error;
	const char *end;
	json_t *line;
	size_t bytes;

	while (!(end = link->used ? memchr(link->bytes, '\n', link->used) : NULL))
		if (!hear_more(link, flags))
			return NULL;
	bytes = (size_t)(end - link->bytes) + 1;
	line = json_loadb(link->bytes, bytes, 0, &json_error);
	if (!line)
		set_error(link, "the daemon sends no JSON: %s", json_error.text);
	free(link->line);
	link->line = strndup(link->bytes, bytes);
	link->used -= bytes;
	memmove(link->bytes, link->bytes + bytes, link->used);
	return line;
}

const char *link_line(const struct link *link)
{
	return link->line ? link->line : "";
}

/* Not an answer, but what somebody follows or records. */
static bool is_told(struct link *link, const json_t *line)
{
	json_t *reading = json_object_get(line, "reading");

	if (reading && !link->early)
		link->early = json_array();
	if (reading)
		json_array_append(link->early, reading);
	return reading || json_object_get(line, "event");
}

json_t *link_ask_any(struct link *link, json_t *question)
{
	int err = send_line(link, question);
	json_t *answer;

	json_decref(question);
	if (err < 0) {
		set_error(link, "the daemon cannot be asked: %s", strerror(-err));
		return NULL;
	}
	while ((answer = hear(link, 0)) && is_told(link, answer))
		json_decref(answer);
	return answer;
}

json_t *link_ask_this(struct link *link, json_t *question)
{
	json_t *answer = link_ask_any(link, question);

	if (!answer || json_is_true(json_object_get(answer, "ok")))
		return answer;
	set_error(link, "%s", json_string_value(json_object_get(answer, "error")));
	json_decref(answer);
	return NULL;
}

json_t *link_ask(struct link *link, const char *method, const char *of)
{
	return link_ask_this(link, json_pack("{s:s, s:s*}", "method", method, "of", of));
}

json_t *link_list(struct link *link, const char *method, const char *of)
{
	json_t *all = json_array(), *answer;
	json_int_t from = 0;

	do {
		answer = link_ask_this(link, json_pack("{s:s, s:s*, s:I}", "method", method, "of",
						       of, "from", from));
		if (!answer) {
			json_decref(all);
			return NULL;
		}
		json_array_extend(all, json_object_get(answer, method));
		from = json_integer_value(json_object_get(answer, "next"));
		json_decref(answer);
	} while (from > 0);
	return all;
}

json_t *link_next_event(struct link *link, bool wait)
{
	const struct timeval forever = {0};
	json_t *line, *event;

	setsockopt(link->fd, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof(forever));
	line = hear(link, wait ? 0 : MSG_DONTWAIT);
	event = json_incref(json_object_get(line, "event"));
	json_decref(line);
	return event;
}

json_t *link_next_reading(struct link *link, int wait_ms)
{
	struct pollfd in = {.fd = link->fd, .events = POLLIN};
	json_t *line, *reading;

	if (json_array_size(link->early) > 0) {
		reading = json_incref(json_array_get(link->early, 0));
		json_array_remove(link->early, 0);
		return reading;
	}
	if (!memchr(link->used ? link->bytes : "", '\n', link->used))
		(void)poll(&in, 1, wait_ms);
	line = hear(link, MSG_DONTWAIT);
	reading = json_incref(json_object_get(line, "reading"));
	json_decref(line);
	return reading;
}

bool link_has_ended(const struct link *link)
{
	char byte;

	return recv(link->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}
