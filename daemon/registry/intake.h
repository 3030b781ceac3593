/* Messages of the registry, from the topic ("consignment/7GE…": kind and key) to the store. One
 * with nothing, with "null" or {"removed":true} removes the record. Used by the registry's thread. */
#ifndef CORRIDORD_REGISTRY_INTAKE_H
#define CORRIDORD_REGISTRY_INTAKE_H

#include "outbound/inlet.h"
#include "registry/store.h"

enum intake_result {
	INTAKE_TAKEN,
	INTAKE_UNCHANGED,
	INTAKE_REMOVED,
	INTAKE_REFUSED, /* for what it says: the complaint */
	INTAKE_FAILED, /* for the store: *ret_err */
};

enum intake_result intake_take(struct store *store, const struct inlet_message *message,
			       const struct instant *now, struct trust_word *ret_word,
			       struct registry_complaint *ret_complaint, int *ret_err);

/* SHA-256 of the record of that message as it is held now, which events name. */
int intake_hash(struct store *store, const struct inlet_message *message,
		unsigned char ret_hash[EVENT_HASH_BYTES]);

#endif
