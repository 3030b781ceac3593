/* Where officers sent consignments that stand here, whatever their itinerary says.
 *
 * One for each UCR, until it leaves; over a restart too ("order/<ucr>"). ORDERS_MAX at most: then
 * the oldest is given up, and memory.gave-way names it.
 */
#ifndef CORRIDORD_TRANSIT_LEGS_ORDERS_H
#define CORRIDORD_TRANSIT_LEGS_ORDERS_H

#include "transit/event/drawer.h"
#include "transit/event/event.h"
#include "transit/legs/handover.h"

struct teller;

#define ORDERS_MAX	 1024
#define ORDER_MEMO_BYTES 256

struct orders {
	struct drawer drawer; /* by UCR */
	char to[HANDOVER_NAME_BYTES]; /* of the one that was looked at last */

	/* Of the memory that the teller was given last. */
	char key[MEMORY_KEY_BYTES], text[ORDER_MEMO_BYTES];
};

int orders_init(struct orders *orders); /* -ENOMEM */
void orders_fini(struct orders *orders); /* also of one that is all zeros */
void orders_recall(struct orders *orders, const char *key, const char *text);

/* Its memory goes with what the teller puts next. */
void orders_add(struct orders *orders, struct teller *teller, const char *ucr, const char *to);
/* NULL: its itinerary says. Valid until the next call. */
const char *orders_find(struct orders *orders, const char *ucr);
void orders_end(struct orders *orders, struct teller *teller, const char *ucr);

#endif
