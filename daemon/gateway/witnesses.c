/* What other gateways' logs and witnesses send, on its way to the notary, and the events of it. */
#include <stdio.h>
#include <string.h>

#include "gateway/private.h"
#include "inbound/peer_read.h"
#include "outbound/peers.h"

#define INBOX_BYTES (32 * 1024)

static int subscribe(struct gateway *gateway, const char *folder, struct inbox **ret_inbox)
{
	struct inlet inlet = {
		.folder = folder,
		.levels = "+/+",
		.of_gateway = true,
		.retained = true,
		.most = PEER_PAYLOAD_BYTES,
		.take = inbox_take_in,
	};
	int err = inbox_new(INBOX_BYTES, PEER_PAYLOAD_BYTES, ret_inbox);

	if (err < 0)
		return err;
	inlet.data = *ret_inbox;
	uplink_subscribe(gateway->uplink, &inlet);
	return 0;
}

int gateway_new_witnesses(struct gateway *gateway)
{
	int err = subscribe(gateway, "cosign", &gateway->logs);

	return err < 0 ? err : subscribe(gateway, "witness", &gateway->witnesses);
}

/* ---- events -------------------------------------------------------------------------- */

static void put_path(struct jw *json, const struct tree_path *path)
{
	char hash[(TREE_HASH_BYTES + 2) / 3 * 4 + 1];

	jw_open_array(json, "path");
	for (size_t i = 0; i < path->count; i++) {
		base64_encode(path->hash[i].bytes, TREE_HASH_BYTES, hash);
		jw_text(json, NULL, hash);
	}
	jw_close_array(json);
}

static void put_observed(struct jw *json, const struct peers_news *news)
{
	char root[(TREE_HASH_BYTES + 2) / 3 * 4 + 1];

	base64_encode(news->head.root.bytes, TREE_HASH_BYTES, root);
	jw_text(json, "origin", news->head.origin);
	jw_uint(json, "size", news->head.size);
	switch (news->word) {
	case PEERS_COSIGNED:
		jw_text(json, "root", root);
		break;
	case PEERS_FORKED:
		jw_uint(json, "cosigned", news->cosigned);
		jw_text(json, "first", news->first);
		jw_text(json, "second", news->second);
		put_path(json, &news->path);
		break;
	case PEERS_UNPROVEN:
	case PEERS_BEHIND:
		jw_uint(json, "cosigned", news->cosigned);
		jw_text(json, "why", news->word == PEERS_BEHIND ? "smaller" : "no_proof");
		break;
	}
}

static bool put(struct gateway *gateway, const struct peers_news *news)
{
	static const enum event_id ids[] = {
		[PEERS_COSIGNED] = EVENT_JOURNAL_WITNESSED,
		[PEERS_FORKED] = EVENT_JOURNAL_FORKED,
		[PEERS_UNPROVEN] = EVENT_JOURNAL_UNPROVEN,
		[PEERS_BEHIND] = EVENT_JOURNAL_UNPROVEN,
	};
	const struct instant now = clock_now();
	struct event_draft draft = {.type = event_type(ids[news->word])};
	char body[EVENT_BODY_BYTES];
	struct jw json;

	event_body_start(&json, body, sizeof(body), NULL, NULL, now.mono_ns, &now);
	jw_open(&json, "observed");
	put_observed(&json, news);
	jw_close(&json);
	draft.body = body;
	draft.body_bytes = json.bytes;
	if (jw_ok(&json))
		gateway_put(gateway, &draft);
	return jw_ok(&json);
}

/* The two heads say enough where there is no room for the path between them. */
static void tell(struct gateway *gateway, struct peers_news *news)
{
	if (put(gateway, news))
		return;
	news->path.count = 0;
	(void)put(gateway, news);
}

/* ---- messages ------------------------------------------------------------------------ */

static void take_from_log(struct peers *peers, const struct inlet_message *message)
{
	char text[PEER_TEXT_BYTES];

	if (!message->cut && message->bytes > 0 &&
	    peer_read(message->payload, message->bytes, COSIGN_SCHEMA, "request", text) == 0)
		peers_hear_request(peers, message->subject, text, message->retained);
}

static void take_from_witness(struct peers *peers, const struct inlet_message *message)
{
	char text[PEER_TEXT_BYTES];

	if (!message->cut && message->bytes > 0 &&
	    peer_read(message->payload, message->bytes, WITNESS_SCHEMA, "note", text) == 0)
		peers_hear_note(peers, message->subject, text);
}

void gateway_take_witnesses(struct gateway *gateway)
{
	struct peers *peers = uplink_peers(gateway->uplink);
	struct inlet_message message;
	struct peers_news news;

	while (inbox_take(gateway->logs, &message))
		take_from_log(peers, &message);
	while (inbox_take(gateway->witnesses, &message))
		take_from_witness(peers, &message);
	while (journal_has_room(gateway->journal) && peers_take_news(peers, &news))
		tell(gateway, &news);
}
