/* Answers to requests on their way to the broker: copies, in order, a few. Not kept over a
 * restart: who asked asks again. Pure. */
#ifndef CORRIDORD_ANSWERS_MAX_H
#define CORRIDORD_ANSWERS_MAX_H

#include <stddef.h>

#include "outbound/inlet.h"

#define ANSWERS_MAX 16 /* waiting to be sent */

struct kept_answer {
	struct uplink_answer answer; /* points into bytes */
	char bytes[];
};

struct answers {
	struct kept_answer *ring[ANSWERS_MAX];
	size_t first, count;
};

/* -EAGAIN: there are ANSWERS_MAX; -ENOMEM. */
int answers_put(struct answers *answers, const struct uplink_answer *answer);
const struct kept_answer *answers_next(const struct answers *answers); /* NULL: none */
/* The oldest, NULL: none. The caller frees it. */
struct kept_answer *answers_take(struct answers *answers);
void answers_fini(struct answers *answers);

#endif
