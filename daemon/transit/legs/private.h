/* What the files of the legs share: what left, what is awaited, what has come, and officers' orders. Who calls whom:
 * legs.c and hearing.c call arriving.c, leaving.c nobody of them.
 */
#ifndef CORRIDORD_TRANSIT_LEGS_PRIVATE_H
#define CORRIDORD_TRANSIT_LEGS_PRIVATE_H

#include "transit/legs/departure.h"
#include "transit/legs/expectation.h"
#include "transit/legs/legs.h"
#include "transit/legs/orders.h"
#include "transit/legs/visit.h"

#define LEGS_MINUTE_NS (INT64_C(60) * 1000000000)

struct legs {
	const struct legs_conf *conf;
	const char *checkpoint;
	struct alarm_book *book;
	struct departures departures;
	struct expectations expectations;
	struct visits visits;
	struct orders orders;
	int64_t looked_mono_ns; /* the last time; nothing is due before */
	int64_t unsigned_mono_ns; /* the minute that began then: */
	unsigned unsigned_told; /* leg.unsigned in it */
	int64_t unsigned_more; /* not told since the last that was */
};

/* It does not stay retained on its topic. */
void legs_end_announcement(struct legs *legs, struct teller *teller,
			   const struct handover *announced);

/* There was nothing to compare it with when it arrived. */
void legs_judge_late(struct legs *legs, struct teller *teller, struct visit *visit,
		     const struct handover *announced);

#endif
