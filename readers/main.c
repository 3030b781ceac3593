/* corridord-readers: does for corridord, which starts it, what a bus of a network's protocol takes. It
 * has no other way to the gateway: no device, no journal, no state. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/program.h"
#include "readers/readers.h"

#define LOG_TOKEN "readers"
#include "base/log.h"

#define OUT_BYTES ((size_t)128 * 1024)
#define LOW	  5 /* who polls goes first */

/* One line for a transport. */
static const struct transport *const transports[] = {&mqtt_transport, &http_transport, NULL};

static int confine(const struct readers *readers, const struct transport_files *files)
{
	const struct sandbox sandbox = {
		.files = files->paths,
		.file_count = files->count,
		.folders = files->paths,
		.folder_count = files->count,
		.writes = files->writes,
		.room_bytes = readers->transport->room_bytes,
		.serves = readers->transport->serves,
	};
	const int err = sandbox_enter(&sandbox);

	if (err < 0)
		log_error(err, "cannot be confined");
	return err;
}

static int64_t tick(struct readers *readers, int64_t now_ns)
{
	int64_t due_ns;

	parent_tell_alive(readers, now_ns);
	due_ns = readers->alive_ns;
	for (size_t i = 0; i < readers->setup.device_count; i++) {
		source_tick(&readers->sources[i], now_ns);
		due_ns = earlier_ns(due_ns, source_deadline(&readers->sources[i]));
	}
	return due_ns;
}

static void go_round(struct readers *readers, void *transport)
{
	struct pollfd fds[READERS_FDS + 1] = {{.fd = readers->channel.fd, .events = POLLIN}};
	int64_t due_ns = INT64_MAX, left_ns;
	const size_t count = readers->transport->step(transport, fds + 1, &due_ns);
	struct timespec timeout;

	due_ns = earlier_ns(due_ns, tick(readers, clock_mono_ns()));
	parent_flush(readers);
	if (channel_waiting(&readers->channel) > 0)
		fds[0].events |= POLLOUT;
	left_ns = due_ns - clock_mono_ns();
	timeout = clock_timespec(left_ns > 0 ? left_ns : 0);
	if (ppoll(fds, (nfds_t)count + 1, &timeout, NULL) < 0)
		for (size_t i = 0; i <= count; i++)
			fds[i].revents = 0;
	if (fds[0].revents & (POLLIN | POLLHUP | POLLERR))
		parent_serve(readers);
	readers->transport->serve(transport, fds + 1, count);
}

static int run(struct readers *readers)
{
	struct transport_files files = {.count = 0};
	void *transport = NULL;
	int err = readers->transport->begin(readers, &files, &transport);

	if (err == 0)
		err = confine(readers, &files);
	while (err == 0 && !readers->over)
		go_round(readers, transport);
	parent_flush(readers); /* why it ends */
	if (transport)
		readers->transport->end(transport);
	return err;
}

int main(int argc, char **argv)
{
	static struct readers readers;
	const int status = program_begin("corridord-readers", argc, argv);
	int err;

	if (status != PROGRAM_GOES_ON)
		return status;
	(void)!nice(LOW);
	tzset(); /* its file cannot be read later */
	err = channel_init(&readers.channel, &apart_protocol, STDIN_FILENO, OUT_BYTES);
	if (err == 0)
		err = parent_set_up(&readers, transports);
	if (err == 0) {
		log_open(readers.frame.debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
		err = run(&readers);
	}
	if (err < 0 && err != -EPIPE)
		log_error(err, "ends");
	parent_tear_down(&readers);
	return err < 0 && err != -EPIPE ? EXIT_FAILURE : EXIT_SUCCESS;
}
