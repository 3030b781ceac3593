/* Fills a journal with events that nobody has acknowledged.
 *
 *     fill_journal PATH EVENTS
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "journal/journal.h"

static bool no_room(void *data, enum outlet_stream stream, const struct outlet_record *record)
{
	(void)data, (void)stream, (void)record;
	return false;
}

static void no_state(void *data, const struct outlet_state *state)
{
	(void)data, (void)state;
}

static void no_head(void *data, const struct event_head *head)
{
	(void)data, (void)head;
}

static void append(struct journal *journal, uint64_t number)
{
	struct instant now = clock_now();
	char body[EVENT_BODY_BYTES];
	struct event_draft draft = {.type = event_type(EVENT_METER_VALUE), .body = body};
	struct pollfd room = {.fd = journal_room_fd(journal), .events = POLLIN};
	struct jw json;

	event_body_start(&json, body, sizeof(body), NULL, "counter", now.mono_ns, &now);
	jw_open(&json, "observed");
	jw_uint(&json, "value", number);
	jw_close(&json);
	draft.body_bytes = json.bytes;
	while (journal_append(journal, &draft) == -EAGAIN)
		(void)poll(&room, 1, 100);
}

int main(int argc, char **argv)
{
	const struct event_origin origin = {
		.checkpoint = "ge-red-bridge", .gateway = "gw1", .boot = clock_boot_id()};
	const struct outlet deaf = {.offer = no_room, .state = no_state, .head = no_head};
	struct journal_conf conf = {.quota_bytes = INT64_C(8) << 30, .keep_ns = INT64_MAX};
	struct journal *journal;
	size_t lost;
	uint64_t number, count;

	if (argc != 3) {
		fputs("fill_journal PATH EVENTS\n", stderr);
		return EXIT_FAILURE;
	}
	conf.path = conf.fallback = argv[1];
	count = strtoull(argv[2], NULL, 10);
	log_open(LOG_LEVEL_WARNING);
	if (journal_open(&conf, &origin, &journal) < 0 || journal_start(journal, &deaf) < 0)
		return EXIT_FAILURE;
	for (number = 1; number <= count; number++)
		append(journal, number);
	if (!journal_close(journal, clock_mono_ns() + 60 * NS_PER_S, &lost) || lost > 0)
		return EXIT_FAILURE;
	return EXIT_SUCCESS;
}
