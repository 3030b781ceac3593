/* Any bytes from the uplink's process: the daemon neither reads beyond them nor believes them. It
 * is told of no more acknowledgements than it offered records, and takes back no more room. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "outbound/private.h"
#include "tests/fuzz/frames.h"

#define OFFERED	      3
#define PAYLOAD_BYTES 100
#define OUT_BYTES     (2 * CREDIT_EVENTS_BYTES)
#define HEARD_MOST    1000

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void believe(void *data, enum outlet_stream stream, uint64_t position)
{
	(void)data;
	if (stream >= STREAM_COUNT || position == 0 || position > OFFERED)
		abort();
}

static void pull(void *data)
{
	(void)data;
}

static void rewind_to(void *data, uint32_t session)
{
	struct uplink *uplink = data;
	struct outlet outlet = uplink_outlet(uplink);
	char payload[PAYLOAD_BYTES];
	struct outlet_record record = {.epoch = "0123456789abcdef",
				       .type = "seal.tampered",
				       .payload = payload,
				       .payload_bytes = sizeof(payload),
				       .session = session};

	memset(payload, '{', sizeof(payload));
	for (uint64_t n = 1; n <= OFFERED; n++) {
		record.position = record.seq = n;
		for (int stream = 0; stream < STREAM_COUNT; stream++)
			(void)outlet.offer(outlet.data, (enum outlet_stream)stream, &record);
	}
	outlet.flush(outlet.data);
}

/* Every other one finds no room. */
static bool take(void *data, const struct inlet_message *message)
{
	static volatile size_t used;
	size_t sum = 0;
	unsigned *calls = data;

	if (message->bytes > HEARD_MOST + 1)
		abort();
	sum += strlen(message->subject);
	for (size_t i = 0; i < message->bytes; i++)
		sum += ((const unsigned char *)message->payload)[i];
	used = sum;
	(void)used;
	return ++*calls % 2 == 0;
}

static struct uplink *new_uplink(unsigned *calls)
{
	static char host_a[] = "a", host_b[] = "b", root[] = "corridor/v1";
	static char *hosts[] = {host_a, host_b};
	static const struct uplink_conf conf = {.hosts = {.item = hosts, .count = 2},
						.topic_root = root,
						.retry_min_ns = 1,
						.retry_max_ns = 1};
	static const struct event_origin origin = {
		.checkpoint = "cp", .gateway = "gw", .boot = "b"};
	const struct inlet inlet = {.folder = "registry",
				    .levels = "#",
				    .retained = true,
				    .most = HEARD_MOST,
				    .data = calls,
				    .take = take};
	struct uplink *uplink;

	if (uplink_new(&conf, &origin, &uplink) < 0)
		abort();
	uplink_subscribe(uplink, &inlet);
	if (supervisor_init(uplink) < 0)
		abort();
	uplink->source = (struct outlet_source){
		.data = uplink, .rewind = rewind_to, .ack = believe, .pull = pull};
	uplink->attached = true;
	return uplink;
}

static void read_all(struct uplink *uplink)
{
	while (messages_take(uplink) > 0)
		(void)messages_deliver_pending(uplink);
	if (uplink->lanes[STREAM_EVENTS].credit > CREDIT_EVENTS_BYTES ||
	    uplink->lanes[STREAM_ALERTS].credit > CREDIT_ALERTS_BYTES ||
	    uplink->lanes[STREAM_REPLAY].credit > CREDIT_REPLAY_BYTES ||
	    uplink->states_wanted > CREDIT_STATES)
		abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	unsigned calls = 0;
	struct uplink *uplink = new_uplink(&calls);
	int fds[2];

	if (channel_pair(fds) < 0 ||
	    channel_init(&uplink->channel, &uplink_protocol, fds[0], OUT_BYTES) < 0)
		abort();
	send_frames(fds[1], data, size);
	read_all(uplink);
	close(fds[1]);
	channel_fini(&uplink->channel);
	uplink_free(uplink, INT64_MAX);
	return 0;
}
