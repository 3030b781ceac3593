/* Whether an announcement is signed by who it is said to be of. */
#ifndef CORRIDORD_INBOUND_HANDOVER_VOUCHED_H
#define CORRIDORD_INBOUND_HANDOVER_VOUCHED_H

#include <stdbool.h>

#include "evidence/trusted.h"
#include "transit/legs/handover.h"

/* topic: "<to>/handover/<id>", as it came. always: also where no key of its checkpoint is known. */
enum handover_signature handover_vouched(const struct trusted *keys, bool always,
					 const struct handover *handover, const char *topic,
					 const char *payload, size_t bytes);

#endif
