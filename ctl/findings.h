/* What is not as it should be, from the answers of the daemon: the list below the status. */
#ifndef CORRIDORCTL_FINDINGS_H
#define CORRIDORCTL_FINDINGS_H

#include "ctl/ctl.h"

/* What the daemon said; each owned, or NULL. */
struct view {
	json_t *status, *buses, *devices, *sensors, *points;
	json_t *registry; /* of the lists; NULL: there is no registry, or it is busy */
};

/* Negative: link_error() says why; view_free() in any case. */
int view_fetch(struct link *link, struct view *ret_view);
void view_free(struct view *view);

/* An array of {"severity":"fault"|"warning","what":…,"since_s":…}, the faults first. */
json_t *findings_of(const struct view *view);
int findings_exit(const json_t *findings); /* CTL_FINE, CTL_WARNINGS or CTL_FAULTS */

#endif
