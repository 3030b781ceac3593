#include "base/random.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

#include "base/clock.h"

uint32_t random_chance(void)
{
	uint32_t chance = 0;

	(void)!getrandom(&chance, sizeof(chance), GRND_NONBLOCK);
	return chance;
}

void random_id(char id[RANDOM_ID_BYTES])
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		number = (uint64_t)clock_now().utc_ns;
	snprintf(id, RANDOM_ID_BYTES, "%016" PRIx64, number);
}
