/* A handover as another checkpoint announces it: JSON text in, struct handover out.
 *
 * Numbers are normalised and of their length, members that are not known are passed over (a
 * later version may have them), seals beyond what there is room for are counted. A state of a
 * seal that has no meaning here is unknown. A message that takes one back ("takes_back") has no more
 * than whose, from where and when it left.
 */
#ifndef CORRIDORD_INBOUND_HANDOVER_READ_H
#define CORRIDORD_INBOUND_HANDOVER_READ_H

#include <stddef.h>

#include "transit/legs/handover.h"

#define HANDOVER_BYTES	     STATE_BYTES /* the longest payload */
#define HANDOVER_ERROR_BYTES 160

/* 0; -EINVAL: ret_error says in words why not. */
int handover_read(const char *payload, size_t bytes, struct handover *ret_handover,
		  char ret_error[HANDOVER_ERROR_BYTES]);

#endif
