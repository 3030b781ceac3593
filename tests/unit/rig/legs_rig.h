/* The legs of the checkpoint "here", by themselves: what they tell is written down shortly, and what they
 * remember is handed back at a restart. */
#ifndef CORRIDORD_TESTS_LEGS_RIG_H
#define CORRIDORD_TESTS_LEGS_RIG_H

#include "unit.h"

#include "transit/legs/departure.h"
#include "transit/legs/expectation.h"
#include "transit/legs/legs.h"
#include "transit/legs/visit.h"
#include "transit/sensor/sensor.h"

#define UTC	 (INT64_C(1772445000) * S) /* at the start */
#define MEMORIES 5000

struct kept {
	char key[MEMORY_KEY_BYTES], text[MEMORY_TEXT_BYTES];
};

struct legs_rig {
	struct teller teller;
	struct alarm_book book;
	struct legs *legs;
	struct legs_conf conf;
	char told[4096]; /* types, "+key" announced, "-key" taken back, "!key" in words */
	char state[1024]; /* the last one's */
	char body[EVENT_BODY_BYTES]; /* of the last event */
	struct kept *kept;
	size_t kept_count;
};

/* The caller closes it. */
struct legs_rig *legs_rig_open_as(bool signs, bool require);
struct legs_rig *legs_rig_open(void);
void legs_rig_close(struct legs_rig *site);
void legs_rig_restart(struct legs_rig *site);

/* Seconds from the start. */
void legs_rig_at(struct legs_rig *site, int64_t seconds);
void legs_rig_tick_at(struct legs_rig *site, int64_t seconds);

/* Of what was told since the last time. */
void legs_rig_expect(struct legs_rig *site, const char *told);

/* Of a consignment with one seal; openings: its counter. */
struct legs_custody legs_rig_custody(const struct legs_rig *site, const char *ucr,
				     int64_t openings);
void legs_rig_leave(struct legs_rig *site, const char *ucr, int64_t until_utc_ns);
void legs_rig_arrive(struct legs_rig *site, const char *ucr, int64_t openings, bool final);

/* From "there", which it left at that second. */
enum legs_heard legs_rig_announce_signed(struct legs_rig *site, const char *ucr, int64_t departed_s,
					 char evicted_ucr[IDENTIFIER_BYTES],
					 enum handover_signature signature);
enum legs_heard legs_rig_announce(struct legs_rig *site, const char *ucr, int64_t departed_s,
				  char evicted_ucr[IDENTIFIER_BYTES]);
enum legs_heard legs_rig_hear_signed(struct legs_rig *site, const char *ucr, int64_t departed_s,
				     enum handover_signature signature);
enum legs_heard legs_rig_hear(struct legs_rig *site, const char *ucr, int64_t departed_s);

#endif
