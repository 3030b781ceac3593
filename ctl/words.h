/* An event in a line for people. */
#ifndef CORRIDORCTL_WORDS_H
#define CORRIDORCTL_WORDS_H

#include <jansson.h>
#include <stdio.h>

/* "18:02:03.502  CRITICAL  exit-1 reader  seal.opened (intact) GE-0047116", behind what stands in that
 * many columns */
void words_of_event(const json_t *event, size_t column, FILE *out);

#endif
