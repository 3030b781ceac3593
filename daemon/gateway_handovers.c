/* What other checkpoints announce, on its way from the uplink to the pure part. */
#include "gateway_private.h"
#include "handover_read.h"

#define LOG_TOKEN "handover"
#include "log.h"

#define INBOX_BYTES (64 * 1024)

int gateway_new_handovers(struct gateway *gateway)
{
	struct inlet inlet = {
		.folder = "handover",
		.levels = "+",
		.retained = true,
		.take = inbox_hear,
	};
	int err = inbox_new(INBOX_BYTES, HANDOVER_BYTES, &gateway->handovers);

	if (err < 0)
		return err;
	inlet.data = gateway->handovers;
	uplink_hear(gateway->uplink, &inlet);
	return 0;
}

/* Before what comes with a connection is looked at. */
static void note_connection(struct gateway *gateway)
{
	uint64_t connects = uplink_counters(gateway->uplink).connects;
	const struct instant now = clock_now();

	if (connects == gateway->connects)
		return;
	gateway->connects = connects;
	transit_connected(gateway->transit, &now);
}

/* What is not heard in time was not taken back, if the link is lost meanwhile. */
void gateway_look_at_link(struct gateway *gateway)
{
	const struct uplink_counters counters = uplink_counters(gateway->uplink);
	const struct instant now = clock_now();

	if (!counters.connected || counters.connects != gateway->connects)
		transit_disconnected(gateway->transit, &now);
}

static void announce(struct gateway *gateway, const struct handover *handover, const char *subject)
{
	const struct instant now = clock_now();
	char gave_way[IDENTIFIER_BYTES];
	enum legs_heard heard = transit_announce(gateway->transit, handover, gave_way, &now);

	switch (heard) {
	case LEGS_EXPECTED:
		log_debug("\"%s\": expected, from \"%s\"", handover->ucr, handover->from);
		break;
	case LEGS_KNOWN:
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
	if (gave_way[0])
		log_warnx("\"%s\" is no longer waited for: too many are expected", gave_way);
}

static void take(struct gateway *gateway, const struct inbox_message *message)
{
	const struct heard *heard = &message->heard;
	const struct instant now = clock_now();
	char ucr[IDENTIFIER_BYTES], error[HANDOVER_ERROR_BYTES] = "longer than it may be";
	struct handover handover;

	if (!handover_ucr(heard->subject, ucr))
		log_warnx("handover/%.80s is refused: the topic has no UCR", heard->subject);
	else if (heard->bytes == 0)
		transit_take_back(gateway->transit, ucr, &now);
	else if (message->cut || handover_read(heard->payload, heard->bytes, &handover, error) < 0)
		log_warnx("handover/%.80s is refused: %s", heard->subject, error);
	else if (strcmp(handover.ucr, ucr) != 0)
		log_warnx("handover/%.80s is refused: it is about \"%s\"", heard->subject,
			  handover.ucr);
	else
		announce(gateway, &handover, heard->subject);
}

void gateway_take_handovers(struct gateway *gateway)
{
	struct inbox_message message;

	gateway_drain(gateway); /* what was read before came before it */
	note_connection(gateway);
	while (journal_has_room(gateway->journal) && inbox_take(gateway->handovers, &message))
		take(gateway, &message);
}
