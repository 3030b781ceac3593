/* On which vehicle and in which container a consignment goes since an officer endorsed an incident.
 *
 * A declaration names those that it was made with. A transhipment, another tractor or another wagon is
 * kept here by the consignment, over restarts too ("move/<ucr>"), and handed on with it. All numbers
 * are normalised. MOVES_MAX at most, and MOVES_EACH of one: then the oldest is given up, and
 * memory.gave-way names it.
 */
#ifndef CORRIDORD_TRANSIT_REGISTRY_MOVES_H
#define CORRIDORD_TRANSIT_REGISTRY_MOVES_H

#include <stdbool.h>
#include <stdint.h>

#include "transit/event/drawer.h"
#include "transit/event/event.h"
#include "transit/registry/identifier.h"

#define MOVES_MAX	1024 /* consignments */
#define MOVES_EACH	4 /* of one */
#define MOVES_GIVEN_UP	160
#define MOVE_MEMO_BYTES 1024

struct jw;
struct memo;
struct memo_reader;
struct teller;

enum move_kind { MOVE_VEHICLE, MOVE_CONTAINER, MOVE_KINDS };

struct move {
	enum move_kind kind;
	char from[IDENTIFIER_BYTES]; /* empty: all that are declared */
	char to[IDENTIFIER_BYTES];
};

struct move_list {
	struct move moves[MOVES_EACH];
	size_t count;
	char given_up[MOVES_GIVEN_UP]; /* "<to> <to> …" of those that found no room, until that is
					  told; or empty */
};

struct moves {
	struct drawer drawer; /* by UCR */
	struct move_list found; /* that was looked at last */

	/* Of the memory that the teller was given last. */
	char key[MEMORY_KEY_BYTES], text[MOVE_MEMO_BYTES];
};

int moves_init(struct moves *moves); /* -ENOMEM */
void moves_fini(struct moves *moves); /* also of one that is all zeros */
/* true: the memory was of a move. */
bool moves_recall(struct moves *moves, const char *key, const char *text);

/* Their memory goes with what the teller puts next. */
void moves_add(struct moves *moves, struct teller *teller, const char *ucr,
	       const struct move_list *list);
/* As announced by a checkpoint that it left then. false: that is known, or what is, is newer. */
bool moves_take(struct moves *moves, struct teller *teller, const char *ucr,
		const struct move_list *list, int64_t utc_ns);

/* NULL: it goes as declared. Valid until the next call. moves NULL: none was moved. */
const struct move_list *moves_of(struct moves *moves, const char *ucr);
/* Which consignment was moved to that number: the first of them, the next … false: there are no more. */
bool moves_to(struct moves *moves, enum move_kind kind, const char *number, size_t nth,
	      char ret_ucr[IDENTIFIER_BYTES]);
/* It was on that one, and is not any more. */
bool move_list_left(const struct move_list *list, enum move_kind kind, const char *number);
bool move_list_is_same(const struct move_list *one, const struct move_list *other);

/* One more, instead of the oldest where there is no room. */
void move_list_add(struct move_list *list, const struct move *move);
/* "moved", where there is any. list: or NULL. */
void move_list_tell(const struct move_list *list, struct jw *json);
bool move_kind_by_name(const char *name, enum move_kind *ret_kind);
void move_list_remember(const struct move_list *list, struct memo *memo);
void move_list_recall(struct move_list *list, struct memo_reader *reader);

#endif
