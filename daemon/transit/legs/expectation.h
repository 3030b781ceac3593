/* Consignments that other checkpoints announced to this one, until they are here.
 *
 * One for each UCR; a newer announcement takes the place of an older one. When the window of
 * arrival is over by a margin, leg.overdue is raised, in the book too: by the wall clock, so
 * only while that is set. It is cleared when the consignment is here, when the announcement is
 * withdrawn (by another gateway of the checkpoint that saw it arrive, or by who made it), and
 * when it has expired.
 *
 * What is withdrawn while no broker can be reached is not heard. So each connection brings all
 * that is retained again, and what was not among it by EXPECTATION_HEARING_NS is withdrawn.
 *
 * They survive a restart by memories, "expect/<ucr>". EXPECTATIONS_MAX at most: then the one
 * that left first is evicted.
 */
#ifndef CORRIDORD_TRANSIT_LEGS_EXPECTATION_H
#define CORRIDORD_TRANSIT_LEGS_EXPECTATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transit/event/alarm_book.h"
#include "transit/event/drawer.h"
#include "transit/legs/handover.h"

struct teller;

#define EXPECTATIONS_MAX       4096
#define EXPECTATION_HEARING_NS (INT64_C(120) * 1000000000)
#define EXPECTATION_LONGEST_NS (INT64_C(90) * 86400 * 1000000000)

enum expectation_end { EXPECTATION_ARRIVED, EXPECTATION_WITHDRAWN, EXPECTATION_EXPIRED };

struct expectation {
	struct handover handover;
	bool overdue; /* leg.overdue is raised */
	bool here; /* bound to a vehicle; its seals are still to be compared */
	bool unheard; /* not announced again since the last connection */
};

struct expectations {
	struct alarm_book *book;
	int64_t margin_ns, keep_ns;
	struct drawer drawer; /* by handover_id() */
	struct expectation found; /* the one that was looked at last */
	int64_t unheard_mono_ns; /* when what is unheard then is withdrawn; INT64_MAX: never */

	/* Of the memory that the teller was given last. */
	char key[MEMORY_KEY_BYTES], text[MEMO_BYTES];
};

int expectations_init(struct expectations *expectations, struct alarm_book *book, int64_t margin_ns,
		      int64_t keep_ns); /* -ENOMEM */
void expectations_fini(struct expectations *expectations);

void expectations_recall(struct expectations *expectations, const char *key, const char *text);

/* NULL: not announced. Valid until the next call of any of these. */
struct expectation *expectations_find(struct expectations *expectations, const char *id);
struct expectation *expectations_at(struct expectations *expectations, size_t i); /* or NULL */
/* expectation.here, or .unheard, was changed. */
void expectations_note(struct expectations *expectations, const struct expectation *expectation);
/* One of them announces that seal, perhaps: cheap, to be looked at if it is true. */
bool expectations_may_have_seal(const struct expectations *expectations, size_t i,
				const char *number);

/* It was announced. What is rightly signed is not replaced by what is not. ret_evicted_ucr: which one had to go for it, or empty. */
void expectations_add(struct expectations *expectations, struct teller *teller,
		      const struct handover *handover, char ret_evicted_ucr[IDENTIFIER_BYTES]);

/* Clears leg.overdue and forgets it. */
void expectations_end(struct expectations *expectations, struct teller *teller,
		      struct expectation *expectation, enum expectation_end end,
		      int64_t at_mono_ns);

/* To the broker: all that is retained will be announced again. */
void expectations_connected(struct expectations *expectations, const struct teller *teller);
/* Something retained came then, or waits: what is announced again may still come. */
void expectations_heard(struct expectations *expectations, int64_t mono_ns);
/* Perhaps not all of it was: none is withdrawn until there is a connection again. */
void expectations_disconnected(struct expectations *expectations);

int64_t expectations_due(const struct expectations *expectations, const struct teller *teller);
void expectations_tick(struct expectations *expectations, struct teller *teller);

#endif
