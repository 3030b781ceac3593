/* What the uplink hears: the folders of its inlets.
 *
 * The library acknowledges a message when its callback returns, taken or not. So the callback
 * waits a little for room, and when there is none lets everything of that folder pass until it
 * has subscribed anew: then all that is retained comes once more. What is not retained is lost
 * then; its sender hears no answer and asks again.
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
	size_t i;

	for (i = 0; i < uplink->inlet_count; i++) {
		struct hearing *hearing = &link->hearings[i];

		hearing->inlet = &uplink->inlets[i];
		uplink_inlet_topic(uplink->conf->topic_root, uplink->origin, hearing->inlet,
				   hearing->topic);
		hearing->again_ns = INT64_MAX;
		hearing->backoff = (struct backoff){.min_ns = AGAIN_MIN_NS, .max_ns = AGAIN_MAX_NS};
	}
}

static void subscribe(struct link *link, struct hearing *hearing)
{
	char filter[TOPIC_BYTES + 8];

	hearing->refused = false;
	hearing->again_ns = INT64_MAX;
	snprintf(filter, sizeof(filter), "%s%s", hearing->topic, hearing->inlet->levels);
	(void)client_subscribe(link->client, filter, &hearing->mid);
}

void hearing_start(struct link *link)
{
	size_t i;

	for (i = 0; i < link->uplink->inlet_count; i++) {
		backoff_reset(&link->hearings[i].backoff);
		subscribe(link, &link->hearings[i]);
	}
}

static bool is_due(const struct hearing *hearing, int64_t now_ns)
{
	const struct inlet *inlet = hearing->inlet;

	return (inlet->wants_all && inlet->wants_all(inlet->data)) || now_ns >= hearing->again_ns;
}

void hearing_step(struct link *link)
{
	size_t i;

	for (i = 0; i < link->uplink->inlet_count; i++)
		if (client_phase(link->client) == CLIENT_ONLINE &&
		    is_due(&link->hearings[i], link->now_ns))
			subscribe(link, &link->hearings[i]);
}

int64_t hearing_due_ns(const struct link *link)
{
	int64_t due_ns = INT64_MAX;
	size_t i;

	for (i = 0; i < link->uplink->inlet_count; i++)
		if (link->hearings[i].again_ns < due_ns)
			due_ns = link->hearings[i].again_ns;
	return due_ns;
}

static bool take(const struct inlet *inlet, const struct heard *heard)
{
	const struct timespec step = {.tv_nsec = ROOM_STEP_NS};
	int i;

	for (i = 0; i < ROOM_STEPS; i++) {
		if (inlet->take(inlet->data, heard))
			return true;
		if (!inlet->retained)
			break;
		nanosleep(&step, NULL);
	}
	return false;
}

static void offer(struct hearing *hearing, const struct heard *heard)
{
	const struct inlet *inlet = hearing->inlet;

	if (hearing->refused || take(inlet, heard))
		return;
	if (!inlet->retained) {
		log_debug("no room for a message on %s%s", hearing->topic, heard->subject);
		return;
	}
	hearing->refused = true;
	hearing->again_ns = clock_mono_ns() + backoff_next_ns(&hearing->backoff, link_chance());
	log_info("the %s takes no more for now, asking for its topics again later", inlet->folder);
}

void hearing_heard(void *data, const struct heard *heard)
{
	struct link *link = data;
	struct heard part = *heard;
	size_t i;

	for (i = 0; i < link->uplink->inlet_count; i++) {
		struct hearing *hearing = &link->hearings[i];
		size_t prefix = strlen(hearing->topic);

		if (strncmp(heard->subject, hearing->topic, prefix) != 0)
			continue;
		part.subject = heard->subject + prefix;
		offer(hearing, &part);
		return;
	}
}

void hearing_deaf(void *data, int mid)
{
	struct link *link = data;
	size_t i;

	for (i = 0; i < link->uplink->inlet_count; i++) {
		struct hearing *hearing = &link->hearings[i];

		if (hearing->mid != mid || hearing->deaf)
			continue;
		log_warnx("the broker does not let %s%s be subscribed to: nothing is heard of the "
			  "%s",
			  hearing->topic, hearing->inlet->levels, hearing->inlet->folder);
		hearing->deaf = true;
	}
}
