#include "readers/readers.h"

bool rate_allows(struct rate *rate, int64_t now_ns)
{
	if (rate->spent_until_ns < now_ns)
		rate->spent_until_ns = now_ns;
	if (rate->spent_until_ns - now_ns >= NS_PER_S)
		return false;
	rate->spent_until_ns += NS_PER_S / rate->per_s;
	return true;
}
