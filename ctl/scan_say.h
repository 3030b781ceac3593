/* What a scan found, for people: a table, and blocks to paste. */
#ifndef CORRIDORCTL_SCAN_SAY_H
#define CORRIDORCTL_SCAN_SAY_H

#include <jansson.h>

#include "ctl/configured.h"
#include "ctl/ctl.h"

struct scan_result {
	const struct ctl *ctl;
	const char *bus; /* whose line it is, in the daemon; NULL: nobody's */
	const json_t *found;
	const struct configured *configured; /* on that line */
	int first_unit, last_unit; /* that were asked, unless it was broken off */
	int asked, planned; /* units, each at each speed */
};

void scan_say(const struct scan_result *result);

#endif
