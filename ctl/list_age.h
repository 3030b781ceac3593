/* How old a list of the registry is. */
#ifndef CORRIDORCTL_LIST_AGE_H
#define CORRIDORCTL_LIST_AGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Seconds since its as_of, by this machine's clock; -1: not said. */
int64_t list_age_s(const json_t *list);
/* max_age_s 0: it may be as old as it likes. */
bool list_is_old(const json_t *list, int64_t max_age_s);

#endif
