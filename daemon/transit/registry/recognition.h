/* Whether an operator's AEO status counts at this checkpoint, and why.
 *
 * Recognised is who is authorised by the checkpoint's own state, or whose authorisation is
 * covered by a mutual recognition arrangement: parties, direction, flow, type, role, consent
 * and dates. Everything else is not, which today is the rule on the corridor.
 *
 * Judged at the time of the event, with the lists held then. What is uncertain can only lose:
 * a list past its age, and a clock that was never set. Under such a clock dates are not
 * compared at all: the last status of an authorisation counts, and nobody is recognised.
 * The status never touches the severity of an alarm; that is nobody's business here.
 *
 * Pure data: strings are borrowed, nothing is allocated, the same input gives the same
 * decision. States are ISO 3166-1 alpha-2, upper case; times are UTC nanoseconds since 1970.
 */
#ifndef CORRIDORD_TRANSIT_REGISTRY_RECOGNITION_H
#define CORRIDORD_TRANSIT_REGISTRY_RECOGNITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transit/event/event.h"
#include "transit/event/reading.h"

enum aeo_role {
	AEO_EXPORTER = 1 << 0,
	AEO_IMPORTER = 1 << 1,
	AEO_CARRIER = 1 << 2,
	AEO_FORWARDER = 1 << 3,
	AEO_BROKER = 1 << 4,
	AEO_WAREHOUSE = 1 << 5,
	AEO_DECLARANT = 1 << 6,
	AEO_TERMINAL = 1 << 7,
	AEO_ANY_ROLE = (1 << 8) - 1,
};

/* As seen from the checkpoint's state. */
enum customs_flow {
	FLOW_IMPORT = 1 << 0,
	FLOW_EXPORT = 1 << 1,
	FLOW_TRANSIT = 1 << 2,
	FLOW_ANY = (1 << 3) - 1,
};

enum aeo_benefit {
	BENEFIT_FEWER_DOCUMENT_CHECKS = 1 << 0,
	BENEFIT_FEWER_INSPECTIONS = 1 << 1,
	BENEFIT_PRIORITY_IF_SELECTED = 1 << 2,
	BENEFIT_PRIORITY_LANE = 1 << 3,
	BENEFIT_LIAISON_OFFICER = 1 << 4,
	BENEFIT_FAST_CLEARANCE = 1 << 5, /* also first after a disruption of trade */
	BENEFIT_RISK_SCORE = 1 << 6,
	BENEFIT_BUSINESS_PARTNER = 1 << 7,
	BENEFIT_AGREED_PLACE = 1 << 8, /* of examination */
	BENEFIT_PRIOR_NOTICE = 1 << 9, /* of a control */
};

struct utc_span {
	int64_t from_utc_ns; /* INT64_MIN: always was */
	int64_t until_utc_ns; /* the first moment after it; INT64_MAX: open */
};

#define SIGNER_BYTES 64

/* The edition of a record: its own version and date, or those of the list that it came with. Also
 * of a list as such, that was searched in vain. */
struct registry_list {
	const char *version;
	int64_t as_of_utc_ns; /* by its author's clock */
	int64_t received_utc_ns; /* by ours; the age is counted from the earlier */
	int64_t max_age_ns; /* INT64_MAX: never stale */
	bool hashed;
	unsigned char hash[EVENT_HASH_BYTES]; /* SHA-256 of the record as it is held */
	char signer[SIGNER_BYTES]; /* the key's name; empty: nobody */
};

enum aeo_status { AEO_ACTIVE, AEO_SUSPENDED, AEO_REVOKED };

struct aeo_status_change {
	enum aeo_status status;
	int64_t from_utc_ns;
};

struct aeo_authorisation {
	const char *scheme;
	const char *number; /* normalised */
	const char *tin; /* EORI or the like; NULL: none */
	const char *state; /* that issued it */
	const char *name;
	const char *type; /* a word of its programme: "AEOS", "TYPE3"; no blank or comma in it */
	uint32_t roles; /* aeo_role */
	const struct aeo_status_change *history; /* in any order; the later row wins a tie */
	size_t history_count;
	struct utc_span valid;
	bool consents; /* to the exchange of its data under arrangements */
	const struct registry_list *list;
};

enum arrangement_status {
	ARRANGEMENT_NEGOTIATED,
	ARRANGEMENT_SIGNED,
	ARRANGEMENT_IN_FORCE,
	ARRANGEMENT_SUSPENDED,
	ARRANGEMENT_TERMINATED,
};

enum arrangement_direction {
	ARRANGEMENT_A_IN_B = 1 << 0, /* operators of party A, at checkpoints of party B */
	ARRANGEMENT_B_IN_A = 1 << 1,
	ARRANGEMENT_BOTH = ARRANGEMENT_A_IN_B | ARRANGEMENT_B_IN_A,
};

struct arrangement {
	const char *id;
	const char *party_a, *party_b; /* a state, or a group of them */
	const char *group; /* multilateral: among all its members, instead of the parties */
	uint32_t direction; /* arrangement_direction; not looked at for a group */
	uint32_t flows; /* customs_flow */
	const char *types_a; /* words with commas or blanks between, "*": all; also of a group */
	const char *types_b;
	uint32_t roles; /* aeo_role */
	uint32_t benefits; /* aeo_benefit */
	enum arrangement_status status;
	struct utc_span in_force;
	int64_t signed_utc_ns;
	const char *legal_ref;
	const char *source_ref;
	const struct registry_list *list;
};

struct group_member {
	const char *group;
	const char *state;
	struct utc_span valid;
	bool by_law; /* its members recognise each other's operators by law, and need no consent */
	const struct registry_list *list; /* NULL: as that of the arrangement */
};

struct arrangement_table {
	const struct arrangement *arrangements;
	size_t arrangement_count;
	const struct group_member *members;
	size_t member_count;
};

#define OWN_BENEFITS_MAX 16
#define AEO_TYPE_BYTES	 32

/* What the state of a checkpoint gives to operators of its own. */
struct own_benefits {
	char type[AEO_TYPE_BYTES]; /* of the authorisation; empty: whatever it is */
	uint32_t benefits; /* aeo_benefit */
};

/* How a checkpoint decides. */
struct recognition_policy {
	struct own_benefits own[OWN_BENEFITS_MAX];
	size_t own_count;
	uint32_t roles; /* aeo_role: parties that decide for their consignment; 0: of any role */
	bool all; /* of those that claim to be AEO have to be recognised; else the nearest decides */
};

struct recognition_query {
	const struct aeo_authorisation *authorisations; /* all that the operator is known to hold */
	size_t authorisation_count;
	const struct registry_list *searched; /* in which they were looked up; NULL: none held */
	const struct registry_list *consignment; /* edition of it; NULL: never stale */
	const char *only_state; /* it claims nothing: only authorisations of this one; NULL: any */
	enum aeo_role role; /* of the operator in this consignment */
	enum customs_flow flow;
	const char *state; /* of the checkpoint */
	const struct recognition_policy *policy; /* NULL: operators of its own are given nothing */
	int64_t at_utc_ns; /* of the event */
	enum clock_state clock; /* by which that time was told */
};

enum recognition_decision {
	RECOGNISED,
	NOT_RECOGNISED,
	RECOGNITION_SUSPENDED,
	RECOGNITION_EXPIRED,
	RECOGNITION_UNKNOWN,
	RECOGNITION_LIST_STALE,
};

/* From recognised to furthest from it. Of several authorisations and arrangements the
 * nearest decides and is named. */
enum recognition_reason {
	BECAUSE_OWN_STATE,
	BECAUSE_ARRANGED,
	BECAUSE_CLOCK_UNTRUSTED,
	BECAUSE_AUTHORISATIONS_STALE,
	BECAUSE_ARRANGEMENTS_STALE,
	BECAUSE_CONSIGNMENT_STALE,
	BECAUSE_NO_CONSENT,
	BECAUSE_ROLE_NOT_COVERED, /* by the arrangement */
	BECAUSE_ROLE_NOT_HELD, /* by the authorisation */
	BECAUSE_SUSPENDED,
	BECAUSE_TYPE_NOT_COVERED,
	BECAUSE_OTHER_FLOW,
	BECAUSE_ARRANGEMENT_ENDED,
	BECAUSE_ARRANGEMENT_SUSPENDED,
	BECAUSE_ARRANGEMENT_NOT_YET,
	BECAUSE_OTHER_DIRECTION,
	BECAUSE_NO_ARRANGEMENT,
	BECAUSE_NOT_YET_VALID,
	BECAUSE_EXPIRED,
	BECAUSE_REVOKED,
	BECAUSE_NOT_LISTED,
	BECAUSE_NO_LIST,
	RECOGNITION_REASONS
};

struct recognition {
	enum recognition_decision decision;
	enum recognition_reason reason;
	const struct aeo_authorisation *authorisation; /* NULL: none */
	const struct arrangement *arrangement; /* that recognised it, or came nearest; NULL: none */
	const struct registry_list *list; /* of the authorisation, or the one searched, or NULL */
	uint32_t benefits; /* 0 unless recognised */
};

struct recognition recognition_decide(const struct recognition_query *query,
				      const struct arrangement_table *table);

const char *recognition_decision_name(enum recognition_decision decision); /* "list_stale" */
const char *recognition_reason_name(enum recognition_reason reason); /* "no_consent" */

#endif
