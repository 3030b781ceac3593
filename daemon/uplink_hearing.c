/* What the uplink hears: the retained topics of the registry.
 *
 * The library acknowledges a message when its callback returns, taken or not. So the callback
 * waits a little for room, and when there is none lets everything pass until it has subscribed
 * anew: then all that is retained comes once more.
 */
#include <string.h>
#include <time.h>

#include "clock.h"
#include "uplink_link.h"

#define LOG_TOKEN "uplink"
#include "log.h"

#define ROOM_STEP_NS (2 * NS_PER_MS)
#define ROOM_STEPS   150
#define AGAIN_MIN_NS (2 * NS_PER_S)
#define AGAIN_MAX_NS (60 * NS_PER_S)

void hearing_init(struct link *link)
{
	struct uplink *uplink = link->uplink;

	uplink_registry_topic(uplink->conf->topic_root, uplink->origin, link->hearing.topic);
	link->hearing.again_ns = INT64_MAX;
	link->hearing.backoff = (struct backoff){.min_ns = AGAIN_MIN_NS, .max_ns = AGAIN_MAX_NS};
}

static void subscribe(struct link *link)
{
	char filter[TOPIC_BYTES + 2];

	link->hearing.refused = false;
	link->hearing.again_ns = INT64_MAX;
	snprintf(filter, sizeof(filter), "%s#", link->hearing.topic);
	(void)client_subscribe(link->client, filter);
}

void hearing_start(struct link *link)
{
	if (!link->uplink->inlet.take)
		return;
	backoff_reset(&link->hearing.backoff);
	subscribe(link);
}

void hearing_step(struct link *link)
{
	const struct inlet *inlet = &link->uplink->inlet;

	if (!inlet->take || client_phase(link->client) != CLIENT_ONLINE)
		return;
	if (inlet->wants_all(inlet->data) || link->now_ns >= link->hearing.again_ns)
		subscribe(link);
}

static bool take(const struct inlet *inlet, const char *subject, const void *payload, size_t bytes)
{
	const struct timespec step = {.tv_nsec = ROOM_STEP_NS};
	int i;

	for (i = 0; i < ROOM_STEPS; i++) {
		if (inlet->take(inlet->data, subject, payload, bytes))
			return true;
		nanosleep(&step, NULL);
	}
	return false;
}

void hearing_heard(void *data, const char *topic, const void *payload, size_t bytes)
{
	struct link *link = data;
	struct hearing *hearing = &link->hearing;
	const struct inlet *inlet = &link->uplink->inlet;
	size_t prefix = strlen(hearing->topic);

	if (hearing->refused || !inlet->take || strncmp(topic, hearing->topic, prefix) != 0)
		return;
	if (take(inlet, topic + prefix, payload, bytes))
		return;
	hearing->refused = true;
	hearing->again_ns = clock_mono_ns() + backoff_next_ns(&hearing->backoff, link_chance());
	log_info("the registry takes no more for now, asking for its topics again later");
}

void hearing_deaf(void *data)
{
	struct link *link = data;

	if (!link->hearing.deaf)
		log_warnx("the broker does not let %s# be subscribed to: nothing is heard of the "
			  "registry",
			  link->hearing.topic);
	link->hearing.deaf = true;
}
