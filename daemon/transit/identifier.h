/* The door for programs that check numbers and nothing else: they link libcorridor.a and include
 * this, wherever the rooms of transit/ keep it. */
#ifndef CORRIDORD_TRANSIT_IDENTIFIER_H
#define CORRIDORD_TRANSIT_IDENTIFIER_H

#include "transit/registry/identifier.h"

#endif
