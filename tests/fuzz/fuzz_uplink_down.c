/* Any bytes from the daemon: the uplink's process neither reads beyond them nor keeps more than it
 * has room for. Its set-up comes first, then everything else. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/frames.h"
#include "uplink/parent.h"

#define OUT_BYTES (256 * 1024)

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static struct uplink *new_uplink(int fd)
{
	struct uplink *uplink = calloc(1, sizeof(*uplink));

	if (!uplink || channel_init(&uplink->channel, &uplink_protocol, fd, OUT_BYTES) < 0 ||
	    outbox_init(&uplink->outbox[STREAM_EVENTS], OUTBOX_EVENTS_BYTES) < 0 ||
	    outbox_init(&uplink->outbox[STREAM_ALERTS], OUTBOX_ALERTS_BYTES) < 0 ||
	    outbox_init(&uplink->outbox[STREAM_REPLAY], OUTBOX_REPLAY_BYTES) < 0)
		abort();
	return uplink;
}

static void free_uplink(struct uplink *uplink)
{
	for (int i = 0; i < STREAM_COUNT; i++)
		outbox_fini(&uplink->outbox[i]);
	answers_fini(&uplink->answers);
	free(uplink->metrics);
	free(uplink->texts);
	channel_fini(&uplink->channel);
	free(uplink);
}

/* What was taken is what will be published. */
static void use(struct uplink *uplink)
{
	static volatile size_t used;
	size_t sum = 0;
	const struct outbox_record *record;

	for (int stream = 0; stream < STREAM_COUNT; stream++) {
		while ((record = outbox_next(&uplink->outbox[stream]))) {
			for (size_t i = 0; i < record->payload_bytes; i++)
				sum += (unsigned char)record->payload[i];
			sum += strlen(record->epoch) + strlen(record->type) + strlen(record->asker);
			outbox_sent(&uplink->outbox[stream]);
			outbox_release(&uplink->outbox[stream]);
		}
	}
	for (; state_queue_next(&uplink->states); state_queue_drop(&uplink->states))
		sum += strlen(state_queue_next(&uplink->states)->key);
	used = sum;
	(void)used;
}

/* A good one, if it is wanted: else the bytes have to be one. */
static void set_up(int fd, bool good)
{
	static char root[] = "corridor/v1", id[] = "gw";
	const struct message_setup setup = {.conf = {.topic_root = root, .client_id = id},
					    .checkpoint = "cp",
					    .gateway = "gw",
					    .boot = "b"};
	const struct message_host host = {.text = "a:1"};
	const struct message_inlet inlet = {
		.folder = "registry", .levels = "#", .retained = true, .payload_most = 1000};
	struct channel channel;

	if (channel_init(&channel, &uplink_protocol, dup(fd), OUT_BYTES) < 0)
		abort();
	if (good && (channel_put(&channel, MESSAGE_SETUP, &setup) < 0 ||
		     channel_put(&channel, MESSAGE_HOST, &host) < 0 ||
		     channel_put(&channel, MESSAGE_INLET, &inlet) < 0 ||
		     channel_put(&channel, MESSAGE_START, NULL) < 0 || channel_flush(&channel) < 0))
		abort();
	channel_fini(&channel);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct uplink *uplink;
	int fds[2];

	if (channel_pair(fds) < 0)
		abort();
	uplink = new_uplink(fds[0]);
	set_up(fds[1], size > 0 && data[0] % 2 == 0);
	send_frames(fds[1], data, size);
	shutdown(fds[1], SHUT_WR);
	if (parent_set_up(uplink) == 0)
		while (parent_serve(uplink) == 0)
			use(uplink);
	close(fds[1]);
	free_uplink(uplink);
	return 0;
}
