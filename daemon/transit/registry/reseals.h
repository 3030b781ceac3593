/* Seals that officers replaced: which one stands for a declared one now.
 *
 * A declaration names the seals that were affixed when it was made. What an officer opened and
 * replaced since, here or at a checkpoint that announced it, is kept here by the number that was
 * removed, over restarts too ("reseal/<number>"). All numbers are normalised. RESEALS_MAX at most:
 * then the oldest is given up, and memory.gave-way names it.
 */
#ifndef CORRIDORD_TRANSIT_REGISTRY_RESEALS_H
#define CORRIDORD_TRANSIT_REGISTRY_RESEALS_H

#include <stdbool.h>
#include <stdint.h>

#include "transit/event/drawer.h"
#include "transit/event/event.h"
#include "transit/registry/identifier.h"

#define RESEALS_MAX	  1024
#define RESEAL_MEMO_BYTES 512

struct teller;

struct reseals {
	struct drawer drawer; /* by the number that was removed */

	/* Of the memory that the teller was given last. */
	char key[MEMORY_KEY_BYTES], text[RESEAL_MEMO_BYTES];
};

int reseals_init(struct reseals *reseals); /* -ENOMEM */
void reseals_fini(struct reseals *reseals); /* also of one that is all zeros */
/* true: the memory was of a reseal. */
bool reseals_recall(struct reseals *reseals, const char *key, const char *text);

/* Its memory goes with what the teller puts next. affixed: what stands for it from now on. false: that was known. */
bool reseals_add(struct reseals *reseals, struct teller *teller, const char *removed,
		 const char *affixed);

/* It was removed, and nobody has affixed it again. reseals NULL: none was. */
bool reseals_is_removed(const struct reseals *reseals, const char *number);
/* The declared one that it stands for; none, or reseals NULL: number itself. Valid until one is
 * added. */
const char *reseals_declared(const struct reseals *reseals, const char *number);

/* What stands for it now. false: it does itself. */
bool reseals_current(const struct reseals *reseals, const char *number,
		     char ret_current[IDENTIFIER_BYTES]);

#endif
