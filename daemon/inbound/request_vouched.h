/* Who signed a request, and whether that may be. */
#ifndef CORRIDORD_INBOUND_REQUEST_VOUCHED_H
#define CORRIDORD_INBOUND_REQUEST_VOUCHED_H

#include "evidence/trusted.h"
#include "inbound/request_answer.h"

#define REQUEST_KEY_PREFIX "officer/" /* of a key's name; behind it the officer's, with %XX */
#define REQUEST_AGE_S	   300 /* between its note's time and ours, either way */

struct request_keys {
	struct trusted keys;
	unsigned required; /* 1 << method: it must be signed */
};

/* The officer's name in that of his key. false: it is none, or too long. */
bool request_key_officer(const char *name, char officer[OFFICER_NAME_BYTES]);

/* Sets judged, signature and signed_s of a request that was read. keys NULL: none are known. topic:
 * "<checkpoint>/<gateway>/request/<method>". With a code it is not to be carried out. */
struct request_outcome request_vouched(const struct request_keys *keys, const char *topic,
				       const struct inlet_message *message,
				       struct request *request);

#endif
