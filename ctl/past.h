/* Events of the past, as the journal has them: byte for byte as published. */
#ifndef CORRIDORCTL_PAST_H
#define CORRIDORCTL_PAST_H

#include "ctl/ctl.h"

/* call: an event, until it says false. As ctl_given says which: since when, of which type and class, or
 * of how many before the newest. An exit code; what is wrong has been said. */
int past_each(struct ctl *ctl, bool (*call)(void *data, const char *payload, size_t bytes),
	      void *data);

#endif
