/* Chance, of the kernel. */
#ifndef CORRIDORD_BASE_RANDOM_H
#define CORRIDORD_BASE_RANDOM_H

#include <stdint.h>

#define RANDOM_ID_BYTES 17 /* sixteen hexadecimal digits */

/* For the jitter of a back-off: never waits. */
uint32_t random_chance(void);

/* A name that nobody else has. */
void random_id(char id[RANDOM_ID_BYTES]);

#endif
