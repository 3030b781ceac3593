/* What the uplink hears: the folders of its inlets.
 *
 * The library acknowledges a message when its callback returns, taken or not. So nothing is read
 * from the broker while the parent has no room for a message of a retained folder; when that
 * takes long, everything of that folder passes until it is subscribed to anew: then all that is
 * retained comes once more. What is not retained is lost then; its sender hears no answer and
 * asks again.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "uplink/link.h"

#define LOG_TOKEN "uplink"
#include "base/log.h"

#define PAUSE_NS     (300 * NS_PER_MS) /* longest without reading from the broker */
#define AGAIN_MIN_NS (2 * NS_PER_S)
#define AGAIN_MAX_NS (60 * NS_PER_S)

void subscriptions_init(struct link *link)
{
	struct uplink *uplink = link->uplink;
	size_t i;

	for (i = 0; i < uplink->inlet_count; i++) {
		struct subscription *subscription = &link->subscriptions[i];

		subscription->inlet = &uplink->inlets[i];
		subscription->index = i;
		uplink_inlet_topic(uplink->setup.conf.topic_root, &uplink->origin,
				   subscription->inlet->folder, subscription->inlet->of_gateway,
				   subscription->topic);
		subscription->again_ns = INT64_MAX;
	}
}

/* What is not retained is of the moment: it comes while we are there, or not at all. */
static void subscribe(struct link *link, struct subscription *subscription)
{
	char filter[TOPIC_BYTES + 8], status[TOPIC_BYTES];
	char *const filters[] = {filter, status};
	bool retained = subscription->inlet->retained && client_grant(link->client)->retains;

	subscription->skipping = false;
	subscription->again_ns = INT64_MAX;
	snprintf(filter, sizeof(filter), "%s%s", subscription->topic, subscription->inlet->levels);
	snprintf(status, sizeof(status), "%s", recall_filter(link));
	if (client_subscribe(link->client, filters, retained ? 2 : 1,
			     subscription->inlet->retained ? 1 : 0, &subscription->mid) == 0 &&
	    retained)
		recall_asked(link);
}

static bool some_skip(const struct link *link)
{
	bool skip = false;

	for (size_t i = 0; i < link->uplink->inlet_count; i++)
		skip |= link->subscriptions[i].skipping;
	return skip;
}

static void ask_all(struct link *link)
{
	parent_tell_recall(link->uplink);
	for (size_t i = 0; i < link->uplink->inlet_count; i++)
		subscribe(link, &link->subscriptions[i]);
}

/* Of a session that goes on only what is not retained is asked for, and whether all came. */
static void resume(struct link *link)
{
	char status[TOPIC_BYTES];
	char *const filters[] = {status};
	int mid;

	snprintf(status, sizeof(status), "%s", recall_filter(link));
	if (client_subscribe(link->client, filters, 1, 1, &mid) == 0)
		recall_asked(link);
}

void subscriptions_start(struct link *link)
{
	if (link->subscribed || link->uplink->inlet_count == 0)
		return;
	link->subscribed = true;
	for (size_t i = 0; i < link->uplink->inlet_count; i++)
		link->subscriptions[i].skips = 0;
	if (link->recall.whole)
		resume(link);
	else
		ask_all(link);
}

void subscriptions_step(struct link *link)
{
	struct uplink *uplink = link->uplink;
	size_t i;

	recall_step(link);
	if (recall_again(link))
		ask_all(link);
	for (i = 0; i < uplink->inlet_count; i++) {
		struct subscription *subscription = &link->subscriptions[i];

		if (client_phase(link->client) != CLIENT_ONLINE || !link->subscribed ||
		    (!uplink->refresh[i] && link->now_ns < subscription->again_ns))
			continue;
		uplink->refresh[i] = false;
		subscribe(link, subscription);
	}
}

int64_t subscriptions_due_ns(const struct link *link)
{
	int64_t due_ns = INT64_MAX;
	size_t i;

	for (i = 0; i < link->uplink->inlet_count; i++)
		if (link->subscriptions[i].again_ns < due_ns)
			due_ns = link->subscriptions[i].again_ns;
	return due_ns;
}

static void refuse(struct link *link, struct subscription *subscription)
{
	static const struct backoff again = {.first_ns = 2 * AGAIN_MIN_NS,
					     .max_ns = AGAIN_MAX_NS,
					     .jitter = 0.5,
					     .least_ns = AGAIN_MIN_NS};

	recall_spoil(link);
	subscription->skipping = true;
	subscription->again_ns =
		clock_mono_ns() + backoff_ns(&again, subscription->skips++, random_chance());
	log_info("the %s takes no more for now, asking for its topics again later",
		 subscription->inlet->folder);
}

static bool lacks_room(const struct link *link, const struct subscription *subscription)
{
	return subscription->inlet->retained && !subscription->skipping &&
	       link->uplink->heard_credit[subscription->index] <
		       subscription->inlet->payload_most + MESSAGE_ROOM_BYTES;
}

bool subscriptions_is_paused(struct link *link)
{
	bool paused = false;
	size_t i;

	for (i = 0; i < link->uplink->inlet_count; i++)
		paused |= lacks_room(link, &link->subscriptions[i]);
	if (!paused)
		link->paused_ns = INT64_MAX;
	else if (link->paused_ns == INT64_MAX)
		link->paused_ns = link->now_ns;
	if (!paused || link->now_ns - link->paused_ns < PAUSE_NS)
		return paused;
	for (i = 0; i < link->uplink->inlet_count; i++)
		if (lacks_room(link, &link->subscriptions[i]))
			refuse(link, &link->subscriptions[i]);
	link->paused_ns = INT64_MAX;
	return false;
}

int64_t subscriptions_pause_ends_ns(const struct link *link)
{
	return link->paused_ns == INT64_MAX ? INT64_MAX : link->paused_ns + PAUSE_NS;
}

static void offer(struct link *link, struct subscription *subscription,
		  const struct inlet_message *heard)
{
	if (subscription->skipping || parent_hears(link->uplink, subscription->index, heard))
		return;
	if (subscription->inlet->retained) {
		refuse(link, subscription);
		return;
	}
	link->uplink->progress.dropped++;
	log_debug("no room for a message on %s%s", subscription->topic, heard->subject);
}

void subscription_message(void *data, const struct inlet_message *heard)
{
	struct link *link = data;
	struct inlet_message part = *heard;
	size_t i;

	if (last_heard_takes(link, heard))
		return;
	if (recall_hears(link, heard, some_skip(link)))
		return;
	for (i = 0; i < link->uplink->inlet_count; i++) {
		struct subscription *subscription = &link->subscriptions[i];
		size_t prefix = strlen(subscription->topic);

		if (strncmp(heard->subject, subscription->topic, prefix) != 0)
			continue;
		part.subject = heard->subject + prefix;
		offer(link, subscription, &part);
		return;
	}
}

void subscription_answered(void *data, int mid, bool granted)
{
	struct link *link = data;
	char words[REFUSED_BYTES];
	size_t i;

	if (last_heard_answered(link, mid, granted) || granted)
		return;
	for (i = 0; i < link->uplink->inlet_count; i++) {
		struct subscription *subscription = &link->subscriptions[i];

		if (subscription->mid != mid || subscription->denied)
			continue;
		snprintf(
			words, sizeof(words),
			"the broker does not let %.200s%s be subscribed to: nothing is heard of the %s",
			subscription->topic, subscription->inlet->levels,
			subscription->inlet->folder);
		parent_tell_refused(link->uplink, REFUSED_HEARING, words);
		log_warnx("%s", words);
		subscription->denied = true;
	}
}
