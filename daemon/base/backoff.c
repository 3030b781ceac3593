#include "base/backoff.h"

static int64_t double_up_to(int64_t ns, int64_t max_ns)
{
	return ns > max_ns / 2 ? max_ns : ns * 2;
}

int64_t backoff_ns(const struct backoff *backoff, unsigned failures, uint32_t chance)
{
	int64_t step_ns = backoff->first_ns < backoff->max_ns ? backoff->first_ns : backoff->max_ns;
	double shorter = backoff->jitter * (UINT32_MAX - chance) / UINT32_MAX;
	int64_t wait_ns;

	for (; failures > 0 && step_ns > 0 && step_ns < backoff->max_ns; failures--)
		step_ns = double_up_to(step_ns, backoff->max_ns);
	wait_ns = step_ns - (int64_t)(shorter * (double)step_ns);
	return wait_ns > backoff->least_ns ? wait_ns : backoff->least_ns;
}
