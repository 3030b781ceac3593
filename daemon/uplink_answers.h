/* Answers to requests on their way to the broker: copies, in order, a few. Not kept over a
 * restart: who asked asks again. Pure; used under the uplink's lock. */
#ifndef CORRIDORD_UPLINK_ANSWERS_H
#define CORRIDORD_UPLINK_ANSWERS_H

#include <stddef.h>

#include "uplink.h"

struct kept_answer {
	struct uplink_answer answer; /* points into bytes */
	char bytes[];
};

struct answers {
	struct kept_answer *ring[UPLINK_ANSWERS];
	size_t first, count;
};

/* -EAGAIN: there are UPLINK_ANSWERS; -ENOMEM. */
int answers_put(struct answers *answers, const struct uplink_answer *answer);
/* The oldest, NULL: none. The caller frees it. */
struct kept_answer *answers_take(struct answers *answers);
void answers_fini(struct answers *answers);

#endif
