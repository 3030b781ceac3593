/* Lanes and buses, as the status shows them: a row each. */
#ifndef CORRIDORCTL_STATUS_TABLES_H
#define CORRIDORCTL_STATUS_TABLES_H

#include "ctl/findings.h"
#include "ctl/table.h"

/* Each begins a table, for table_fini(). */
void status_add_lanes(const struct view *view, struct table *table);
void status_add_buses(const struct view *view, struct table *table);

#endif
