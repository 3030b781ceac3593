/* Consignments that other checkpoints announced to this one, until they are here.
 *
 * One for each UCR; a newer announcement takes the place of an older one. When the window of
 * arrival is over by a margin, leg.overdue is raised, in the book too: by the wall clock, so
 * only while that is set. It is cleared when the consignment is here, when the announcement is
 * taken back (by another gateway of the checkpoint that saw it arrive, or by who made it), and
 * when it has expired.
 *
 * What was taken back while no broker could be reached is not heard. So after a connection all
 * that is retained is heard again, and what was not by EXPECTATION_SETTLE_NS is taken back.
 *
 * They outlive the daemon by memories, "expect/<ucr>". EXPECTATIONS_MAX at most: then the one
 * that left first gives way.
 */
#ifndef CORRIDORD_EXPECTATION_H
#define CORRIDORD_EXPECTATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alarm_book.h"
#include "handover.h"

struct teller;

#define EXPECTATIONS_MAX       512
#define EXPECTATION_SETTLE_NS  (INT64_C(120) * 1000000000)
#define EXPECTATION_LONGEST_NS (INT64_C(90) * 86400 * 1000000000)

enum expectation_end { EXPECTATION_ARRIVED, EXPECTATION_WITHDRAWN, EXPECTATION_EXPIRED };

struct expectation {
	struct handover handover;
	bool overdue; /* that is raised */
	bool here; /* bound to a vehicle; its seals are still to be compared */
	bool unheard; /* since the last connection */
};

struct expectations {
	struct alarm_book *book;
	int64_t margin_ns, keep_ns;
	struct expectation *items; /* room for EXPECTATIONS_MAX */
	size_t count;
	int64_t settle_mono_ns; /* INT64_MAX: nothing to settle */

	/* What the teller is given to remember; lives until the next call. */
	char key[MEMORY_KEY_BYTES], text[MEMO_BYTES];
};

int expectations_init(struct expectations *expectations, struct alarm_book *book, int64_t margin_ns,
		      int64_t keep_ns); /* -ENOMEM */
void expectations_fini(struct expectations *expectations);

void expectations_recall(struct expectations *expectations, const char *key, const char *text);

/* NULL: not announced. Valid until one is added or ended. */
struct expectation *expectations_find(struct expectations *expectations, const char *ucr);

/* It was heard. ret_gave_way: UCR of the one that had to go for it, or empty. */
void expectations_add(struct expectations *expectations, struct teller *teller,
		      const struct handover *handover, char ret_gave_way[IDENTIFIER_BYTES]);

/* Clears the alarm and forgets it. */
void expectations_end(struct expectations *expectations, struct teller *teller,
		      struct expectation *expectation, enum expectation_end end,
		      int64_t at_mono_ns);

/* A connection: all that is retained is heard again. */
void expectations_connected(struct expectations *expectations, const struct teller *teller);
/* Before all of it was heard: nothing is taken back until it is connected again. */
void expectations_disconnected(struct expectations *expectations);

int64_t expectations_due(const struct expectations *expectations, const struct teller *teller);
void expectations_tick(struct expectations *expectations, struct teller *teller);

#endif
