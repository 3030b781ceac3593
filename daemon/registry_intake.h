/* Messages of the registry, from the topic to the store. Used by the registry's thread. */
#ifndef CORRIDORD_REGISTRY_INTAKE_H
#define CORRIDORD_REGISTRY_INTAKE_H

#include "registry_store.h"

struct message {
	const char *subject; /* "consignment/7GE...": kind and key */
	const char *payload;
	size_t bytes; /* 0, or "null": the record was removed */
};

enum intake_result {
	INTAKE_TAKEN,
	INTAKE_UNCHANGED,
	INTAKE_REMOVED,
	INTAKE_REFUSED, /* for what it says: the complaint */
	INTAKE_FAILED, /* for the store: *ret_err */
};

enum intake_result intake_take(struct store *store, const struct message *message,
			       int64_t now_utc_ns, struct registry_complaint *ret_complaint,
			       int *ret_err);

#endif
