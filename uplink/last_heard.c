/* What the broker last heard of this gateway: its own retained status and head, asked for before
 * anything is published. A journal that was turned back, or a clone of it, finds out here that
 * its numbers are taken. A broker that keeps nothing, or does not let it be read, is no witness.
 *
 * The status has the hash of the newest event, but is only written now and then, and a will takes
 * its place. The head is written ahead of what it tells of.
 */
#include <string.h>

#include "frames/topic.h"
#include "uplink/link.h"

#define ASK_NS	(2 * NS_PER_S) /* no answer at all */
#define LATE_NS (200 * NS_PER_MS) /* it may come behind the answer */

struct topics {
	char status[TOPIC_BYTES], head[TOPIC_BYTES];
};

static struct topics topics_of(const struct link *link)
{
	struct topics topics;

	uplink_topic(link->uplink->prefix, "status", NULL, topics.status);
	uplink_topic(link->uplink->prefix, "head", NULL, topics.head);
	return topics;
}

bool last_heard_ask(struct link *link)
{
	struct last_heard *last = &link->last_heard;
	struct topics topics = topics_of(link);
	char *const filters[] = {topics.status, topics.head};

	*last = (struct last_heard){0};
	if (!client_grant(link->client)->retains)
		return false;
	if (client_subscribe(link->client, filters, 2, 1, &last->mid) < 0)
		return false;
	last->asking = true;
	link->until_ns = link->now_ns + ASK_NS;
	return true;
}

void last_heard_end(struct link *link)
{
	struct topics topics = topics_of(link);
	char *const filters[] = {topics.status, topics.head};

	if (!link->last_heard.mid)
		return;
	link->last_heard.asking = false;
	(void)client_unsubscribe(link->client, filters, 2);
}

/* The further one of an epoch. Of two epochs the status names the newer one: it is written when
 * an epoch begins. */
static void take(struct last_heard *last, const struct inlet_message *heard, bool is_status)
{
	struct event_head told = {0};

	*(is_status ? &last->status_came : &last->head_came) = true;
	last->asking = !last->status_came || !last->head_came;
	if (!uplink_status_head(heard->payload, heard->bytes, &told))
		return;
	if (strcmp(told.epoch, last->head.epoch) == 0 ? told.seq > last->head.seq
						      : is_status || last->head.seq == 0)
		last->head = told;
}

bool last_heard_takes(struct link *link, const struct inlet_message *heard)
{
	struct last_heard *last = &link->last_heard;
	struct topics topics = topics_of(link);
	bool is_status = strcmp(heard->subject, topics.status) == 0;

	if (!last->asking || !heard->retained ||
	    (!is_status && strcmp(heard->subject, topics.head) != 0))
		return false;
	take(last, heard, is_status);
	return true;
}

bool last_heard_answered(struct link *link, int mid, bool granted)
{
	struct last_heard *last = &link->last_heard;

	if (!last->mid || mid != last->mid)
		return false;
	last->asking = last->asking && granted;
	if (link->phase == LINK_ASKING)
		link->until_ns = earlier_ns(link->until_ns, link->now_ns + LATE_NS);
	return true;
}
