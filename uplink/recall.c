/* Whether all that is retained came. */
#include <stdio.h>
#include <string.h>

#include "uplink/link.h"

#define LOG_TOKEN "uplink"
#include "base/log.h"

/* What comes stands on a slow link before what answers our events: a registry is to trickle in. */
#define RECEIVE_FEW   2
#define LOOK_MIN_NS   NS_PER_S
#define LOOK_MAX_NS   (30 * NS_PER_S)
#define LOOK_RTTS     20
#define QUEUE_IS_FULL 900 /* mosquitto drops beyond 1000 what comes for a session that is away */

void recall_init(struct link *link)
{
	struct recall *recall = &link->recall;

	recall->receive_most = RECEIVE_FEW;
	recall->look_ns = INT64_MAX;
	uplink_topic(link->uplink->prefix, "status", "#", recall->filter);
}

/* What is known of one broker says nothing of another. */
bool recall_is_whole(const struct link *link)
{
	return link->recall.whole && link->recall.host == link->host;
}

bool recall_is_pending(const struct link *link)
{
	return link->recall.asked > 0;
}

uint16_t recall_receive_most(const struct link *link)
{
	return recall_is_whole(link) ? RECEIVE_FEW : link->recall.receive_most;
}

void recall_start(struct link *link)
{
	struct recall *recall = &link->recall;

	recall->whole = recall_is_whole(link) && client_grant(link->client)->resumed;
	recall->host = link->host;
	recall->asked = recall->came = 0;
	recall->heard = 0;
	recall->look_ns = INT64_MAX;
	recall->dropped = recall->again = false;
}

void recall_spoil(struct link *link)
{
	link->recall.whole = false;
}

bool recall_again(struct link *link)
{
	bool again = link->recall.again;

	link->recall.again = false;
	return again;
}

const char *recall_filter(const struct link *link)
{
	return link->recall.filter;
}

/* So long without a message, and no more is to come. */
static int64_t next_look_ns(const struct link *link)
{
	int64_t delay_ns = LOOK_RTTS * link->window.rtt_ns;

	if (delay_ns > LOOK_MAX_NS)
		delay_ns = LOOK_MAX_NS;
	return link->now_ns + (delay_ns > LOOK_MIN_NS ? delay_ns : LOOK_MIN_NS);
}

void recall_asked(struct link *link)
{
	link->recall.asked++;
	link->recall.look_ns = next_look_ns(link);
	link->recall.heard_before = link->recall.heard;
}

static void finish(struct link *link)
{
	struct recall *recall = &link->recall;
	char *const filters[] = {recall->filter};

	recall->asked = recall->came = 0;
	recall->look_ns = INT64_MAX;
	(void)client_unsubscribe(link->client, filters, 1);
}

static void ask_again(struct link *link)
{
	link->recall.whole = false;
	link->recall.again = true;
	finish(link);
}

static void came(struct link *link, bool passing)
{
	struct recall *recall = &link->recall;

	if (++recall->came < recall->asked)
		return;
	if (recall->whole && recall->heard >= QUEUE_IS_FULL) {
		ask_again(link);
		return;
	}
	recall->whole = !passing;
	finish(link);
}

static bool is_status(const struct link *link, const char *topic)
{
	size_t bytes = strlen(link->recall.filter) - strlen("/#");

	return strncmp(topic, link->recall.filter, bytes) == 0 && topic[bytes] == '\0';
}

bool recall_hears(struct link *link, const struct inlet_message *heard, bool passing)
{
	if (!is_status(link, heard->subject)) {
		link->recall.heard++;
		return false;
	}
	if (heard->retained && link->recall.asked > 0)
		came(link, passing);
	return true;
}

static void tell(struct link *link)
{
	struct recall *recall = &link->recall;
	const char *host = link->uplink->hosts[link->host].text;

	if (recall->told)
		return;
	recall->told = true;
	if (recall->heard == 0)
		log_warnx("\"%s\": nothing retained comes by a wildcard filter, not even our own "
			  "status by %s: registry and handovers are not heard from a broker that "
			  "does so (RabbitMQ), or lets us not read that topic",
			  host, recall->filter);
	else
		log_warnx("\"%s\": not all that is retained came by wildcard filters: the broker's "
			  "queue for us is too short (mosquitto: max_queued_messages 0), or it "
			  "lets us not read %s",
			  host, recall->filter);
}

/* A broker whose queue is short sends more at once to who takes more at once. */
static void missed(struct link *link)
{
	struct recall *recall = &link->recall;

	if (recall->whole) {
		ask_again(link);
		return;
	}
	if (recall->heard > RECEIVE_FEW && recall->receive_most == RECEIVE_FEW &&
	    client_is_v5(link->client)) {
		recall->receive_most = UINT16_MAX;
		recall->dropped = true;
		recall->look_ns = INT64_MAX;
		return;
	}
	tell(link);
	finish(link);
}

static bool more_came(struct link *link)
{
	struct recall *recall = &link->recall;
	bool more = recall->heard > recall->heard_before;

	recall->heard_before = recall->heard;
	return more || link->paused_ns != INT64_MAX;
}

void recall_step(struct link *link)
{
	if (link->now_ns < link->recall.look_ns)
		return;
	if (more_came(link))
		link->recall.look_ns = next_look_ns(link);
	else
		missed(link);
}
