/* Chance for property tests: another seed each run, printed; CORRIDORD_SEED=… repeats it. */
#ifndef DICE_H
#define DICE_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct dice {
	uint64_t state;
};

static inline void dice_init(struct dice *dice)
{
	const char *given = getenv("CORRIDORD_SEED");
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	dice->state = given ? strtoull(given, NULL, 0)
			    : (uint64_t)now.tv_sec * 1000003 + (uint64_t)now.tv_nsec;
	printf("seed: CORRIDORD_SEED=%" PRIu64 "\n", dice->state);
	fflush(stdout);
}

static inline uint32_t roll(struct dice *dice, uint32_t below)
{
	dice->state = dice->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(dice->state >> 33) % below;
}

static inline bool flip(struct dice *dice)
{
	return roll(dice, 2);
}

#endif
