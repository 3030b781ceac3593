/* A consignment as it is now: with the seals that officers affixed (reseals.h), on the vehicles and in
 * the containers that they moved it to (moves.h), instead of those that it declares.
 */
#ifndef CORRIDORD_TRANSIT_REGISTRY_AMENDED_H
#define CORRIDORD_TRANSIT_REGISTRY_AMENDED_H

#include "transit/registry/consignment.h"

struct move_list;
struct reseals;

/* One block of memory, the caller's, that borrows from the declared one. moved: or NULL. NULL: all is as
 * declared, or there is no memory. */
struct consignment *consignment_amended(const struct consignment *declared,
					const struct reseals *reseals,
					const struct move_list *moved);

#endif
