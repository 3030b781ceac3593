/* A consignment as the registry holds it: what the declaration says will cross.
 *
 * Immutable data. Strings are borrowed from whoever made it (registry_record.h), numbers are
 * normalised (identifier.h) with the verdict beside them: a bad check digit is told, never a
 * reason to drop a record. Times are UTC nanoseconds since 1970; INT64_MIN and INT64_MAX stand
 * for "not said".
 *
 * The parties and their AEO authorisations are the model of mutual recognition; itinerary and
 * seals follow the transit declaration (NCTS, TIR) and the SAFE Framework's seal integrity
 * programme (seal affixed by whom, when).
 */
#ifndef CORRIDORD_TRANSIT_REGISTRY_CONSIGNMENT_H
#define CORRIDORD_TRANSIT_REGISTRY_CONSIGNMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transit/registry/identifier.h"
#include "transit/registry/recognition.h"

/* Most of each in one consignment; NCTS knows up to 99 seals per equipment. */
#define CONSIGNMENT_SEALS      99
#define CONSIGNMENT_CONTAINERS 32
#define CONSIGNMENT_DOCUMENTS  16
#define CONSIGNMENT_VEHICLES   4
#define CONSIGNMENT_PARTIES    16
#define CONSIGNMENT_STOPS      32
#define CONSIGNMENT_BYTES      16384 /* of a record as JSON, with the NUL */

struct declared_number {
	enum identifier_kind kind;
	enum identifier_verdict verdict; /* GOOD, or why it is not */
	const char *text; /* normalised */
};

struct declared_seal {
	const char *number; /* normalised as IDENTIFIER_SEAL */
	const char *container; /* normalised number of the one it closes, NULL: the vehicle */
	const char *affixed_by; /* state (ISO 3166 alpha-2) or NULL */
	int64_t affixed_utc_ns;
};

struct party {
	enum aeo_role role; /* exactly one */
	const char *name; /* or NULL */
	const char *tin; /* EORI or the like, normalised, or NULL */
	const char *scheme; /* of its AEO authorisation, or NULL: none claimed */
	const char *number; /* of it, normalised, or NULL */
	const char *state; /* that issued it, or NULL */
};

struct itinerary_stop {
	const char *checkpoint; /* its id, as in checkpoint { id } */
	int64_t from_utc_ns; /* window of arrival */
	int64_t until_utc_ns;
	int64_t dwell_ns; /* most it should stand there, INT64_MAX: not said */
};

struct consignment {
	const char *ucr; /* its key in the registry, normalised; as UCRs repeat in ten years a
			  * registry holds only what is under way */
	enum identifier_verdict ucr_verdict;
	enum customs_flow flow; /* exactly one */
	const struct declared_number *documents;
	size_t document_count;
	const struct declared_number *containers;
	size_t container_count;
	const char *const *vehicles; /* plates of tractor and trailers, normalised */
	size_t vehicle_count;
	const struct declared_seal *seals;
	size_t seal_count;
	const struct party *parties;
	size_t party_count;
	const struct itinerary_stop *stops; /* in their order; none: no itinerary declared */
	size_t stop_count;
	int64_t gross_mass_g; /* of the goods with their packaging, as declared; 0: not said */
	int64_t tare_g; /* of the vehicle that carries them and its containers; 0: not said */
	int64_t as_of_utc_ns; /* of the record, by its author's clock */
	const char *version; /* of the list or record it came with, or NULL */
};

#endif
