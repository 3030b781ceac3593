/* The tables that several commands show. */
#ifndef CORRIDORCTL_SHOW_H
#define CORRIDORCTL_SHOW_H

#include "ctl/findings.h"

void show_status(const struct view *view, const json_t *findings, FILE *out);
void show_points(const json_t *points, FILE *out);

#endif
