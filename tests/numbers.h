/* Spans of time and lengths of lists, for tests. */
#ifndef CORRIDORD_TESTS_NUMBERS_H
#define CORRIDORD_TESTS_NUMBERS_H

#include "base/time.h"

#define MS  NS_PER_MS
#define S   NS_PER_S
#define MIN (60 * S)

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

#endif
