#include "ctl/list_age.h"

#include <time.h>

#include "ctl/text.h"

int64_t list_age_s(const json_t *list)
{
	struct tm moment = {0};

	if (!strptime(text_of(list, "as_of"), "%Y-%m-%dT%H:%M:%S", &moment))
		return -1;
	return (int64_t)(time(NULL) - timegm(&moment));
}

bool list_is_old(const json_t *list, int64_t max_age_s)
{
	return max_age_s > 0 && list_age_s(list) > max_age_s;
}
