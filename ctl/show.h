/* The tables that several commands show. */
#ifndef CORRIDORCTL_SHOW_H
#define CORRIDORCTL_SHOW_H

#include "ctl/findings.h"

#define SCREEN_ROWS 23 /* of a terminal of 24, and one for the prompt */

/* In so many rows at most, if it can be. */
void show_status(const struct view *view, const json_t *findings, size_t rows, FILE *out);
void show_points(const json_t *points, FILE *out);

#endif
