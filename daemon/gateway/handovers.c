/* What other checkpoints announce, on its way from the uplink to the pure part. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frames/topic.h"
#include "gateway/private.h"
#include "inbound/handover_read.h"
#include "inbound/handover_vouched.h"

#define LOG_TOKEN "handover"
#include "base/log.h"

#define INBOX_BYTES (64 * 1024)

/* Of the configuration, so they are keys. */
static void add_keys(struct trusted *keys, const struct conf_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		(void)trusted_add(keys, list->item[i]);
}

static int note_neighbours(struct gateway *gateway)
{
	const struct config *config = gateway->config;

	if (config->handover.keys.count == 0 && config->witness.of.count == 0)
		return 0;
	gateway->neighbours = calloc(1, sizeof(*gateway->neighbours));
	if (!gateway->neighbours)
		return -ENOMEM;
	add_keys(gateway->neighbours, &config->handover.keys);
	add_keys(gateway->neighbours, &config->witness.of);
	return 0;
}

int gateway_new_handovers(struct gateway *gateway)
{
	struct inlet inlet = {
		.folder = "handover",
		.levels = "+",
		.retained = true,
		.most = HANDOVER_BYTES,
		.take = inbox_take_in,
	};
	int err = note_neighbours(gateway);

	if (err == 0)
		err = inbox_new(INBOX_BYTES, HANDOVER_BYTES, &gateway->handovers);
	if (err < 0)
		return err;
	inlet.data = gateway->handovers;
	uplink_subscribe(gateway->uplink, &inlet);
	return 0;
}

/* Before the announcements that come anew are taken. */
static void note_recall(struct gateway *gateway)
{
	const struct uplink_counters counters = uplink_counters(gateway->uplink);
	const struct instant now = clock_now();

	if (counters.recalls == gateway->recalls)
		return;
	gateway->recalls = counters.recalls;
	gateway->connects = counters.connects;
	transit_connected(gateway->transit, &now);
}

/* An expectation that is not announced again when all that is retained comes anew counts as
 * withdrawn. If the link is lost meanwhile, it may only not have been heard; nor as long as
 * anything retained is still coming, be it slowly or behind a full journal. */
void gateway_look_at_link(struct gateway *gateway)
{
	const struct uplink_counters counters = uplink_counters(gateway->uplink);
	const struct instant now = clock_now();

	if (gateway->handovers)
		note_recall(gateway); /* though nothing at all may have come of it */
	if (!counters.connected || counters.connects != gateway->connects)
		transit_disconnected(gateway->transit, &now);
	else if (counters.heard_mono_ns > 0)
		transit_heard(gateway->transit, counters.heard_mono_ns, &now);
}

static enum handover_signature judge_signature(const struct gateway *gateway,
					       const struct handover *handover,
					       const struct inlet_message *message)
{
	char topic[TOPIC_BYTES];

	if (!gateway->neighbours)
		return HANDOVER_NOT_JUDGED;
	snprintf(topic, sizeof(topic), "%s/handover/%s", gateway->origin.checkpoint,
		 message->subject);
	return handover_vouched(gateway->neighbours, gateway->config->handover.legs.require,
				handover, topic, message->payload, message->bytes);
}

static void warn_unsigned(struct gateway *gateway, const struct handover *handover,
			  const char *subject)
{
	char more[LOG_LIMIT_WORDS_BYTES];

	if (log_limit_allows(&gateway->unsigned_handovers, clock_mono_ns(), more))
		log_warnx(
			"handover/%.80s is said to be of corridor/%s/%s, and its signature is: %s; "
			"%s%s",
			subject, handover->from, handover->gateway,
			handover_signature_name(handover->signature),
			gateway->config->handover.legs.require ? "it is refused"
							       : "nothing is raised for it",
			more);
}

static void announce(struct gateway *gateway, const struct handover *handover, const char *subject)
{
	const struct instant now = clock_now();
	char evicted_ucr[IDENTIFIER_BYTES];
	enum legs_heard heard = transit_announce(gateway->transit, handover, evicted_ucr, &now);

	if (handover_is_doubtful(handover) &&
	    (heard == LEGS_EXPECTED || heard == LEGS_ARRIVED || heard == LEGS_REFUSED))
		warn_unsigned(gateway, handover, subject);
	switch (heard) {
	case LEGS_REFUSED:
		break;
	case LEGS_EXPECTED:
		log_debug("\"%s\": expected, from \"%s\"", handover->ucr, handover->from);
		break;
	case LEGS_KNOWN:
	case LEGS_WITHDRAWN:
		break;
	case LEGS_ARRIVED:
		log_info("\"%s\" was announced by \"%s\" and is here already", handover->ucr,
			 handover->from);
		break;
	case LEGS_OURS:
	case LEGS_ELSEWHERE:
	case LEGS_EXPIRED:
		log_debug("handover/%.80s is not waited for: of this checkpoint, to another, or "
			  "over",
			  subject);
		break;
	}
	if (evicted_ucr[0])
		log_warnx("\"%s\" is no longer waited for: too many are expected", evicted_ucr);
}

static void refuse(struct gateway *gateway, const char *subject, const char *error)
{
	char more[LOG_LIMIT_WORDS_BYTES];

	if (log_limit_allows(&gateway->refused_handovers, clock_mono_ns(), more))
		log_warnx("handover/%.80s is refused: %s%s", subject, error, more);
}

static bool is_about(const struct handover *handover, const char *id)
{
	char own[HANDOVER_ID_BYTES];

	handover_id(handover, own);
	return strcmp(own, id) == 0;
}

/* word: that says so; NULL: the empty message. */
static void withdraw(struct gateway *gateway, const char *subject, const char *id,
		     const struct handover *word)
{
	const struct instant now = clock_now();
	char more[LOG_LIMIT_WORDS_BYTES];

	if (transit_withdraw(gateway->transit, id, word, &now) == LEGS_REFUSED &&
	    log_limit_allows(&gateway->unsigned_handovers, clock_mono_ns(), more))
		log_warnx(
			"handover/%.80s: what was announced is not taken back by %s, it is still waited "
			"for%s",
			subject,
			!word ? "an empty message"
			: word->signature == HANDOVER_SIGNED
				? "what is signed for another departure"
				: "what is not rightly signed",
			more);
}

static void take_word(struct gateway *gateway, struct handover *handover, const char *id,
		      const struct inlet_message *message)
{
	handover->signature = judge_signature(gateway, handover, message);
	if (handover->taken_back_by[0])
		withdraw(gateway, message->subject, id, handover);
	else
		announce(gateway, handover, message->subject);
}

static void take(struct gateway *gateway, const struct inlet_message *message)
{
	char error[HANDOVER_ERROR_BYTES] = "longer than it may be";
	char id[HANDOVER_ID_BYTES];
	struct handover handover;

	if (!handover_read_id(message->subject, id))
		refuse(gateway, message->subject, "the topic has no UCR");
	else if (message->bytes == 0)
		withdraw(gateway, message->subject, id, NULL);
	else if (message->cut ||
		 handover_read(message->payload, message->bytes, &handover, error) < 0)
		refuse(gateway, message->subject, error);
	else if (!is_about(&handover, id))
		refuse(gateway, message->subject, "it is about another UCR than its topic");
	else
		take_word(gateway, &handover, id, message);
}

void gateway_take_handovers(struct gateway *gateway)
{
	struct inlet_message message;

	gateway_drain(gateway); /* readings from before come before */
	note_recall(gateway);
	while (journal_has_room(gateway->journal) && inbox_take(gateway->handovers, &message))
		take(gateway, &message);
}
