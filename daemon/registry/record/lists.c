/* What the lists of mutual recognition hold: authorisations, arrangements, groups of states. */
#include <errno.h>
#include <string.h>

#include "registry/record/shape.h"

#define HISTORY_MAX 32

const struct shape_word shape_roles[] = {{"any", AEO_ANY_ROLE},	       {"exporter", AEO_EXPORTER},
					 {"importer", AEO_IMPORTER},   {"carrier", AEO_CARRIER},
					 {"forwarder", AEO_FORWARDER}, {"broker", AEO_BROKER},
					 {"warehouse", AEO_WAREHOUSE}, {"declarant", AEO_DECLARANT},
					 {"terminal", AEO_TERMINAL},   {NULL, 0}};

static const struct shape_word flows[] = {{"any", FLOW_ANY},
					  {"import", FLOW_IMPORT},
					  {"export", FLOW_EXPORT},
					  {"transit", FLOW_TRANSIT},
					  {NULL, 0}};

static const struct shape_word benefits[] = {
	{"fewer_document_checks", BENEFIT_FEWER_DOCUMENT_CHECKS},
	{"fewer_inspections", BENEFIT_FEWER_INSPECTIONS},
	{"priority_if_selected", BENEFIT_PRIORITY_IF_SELECTED},
	{"priority_lane", BENEFIT_PRIORITY_LANE},
	{"liaison_officer", BENEFIT_LIAISON_OFFICER},
	{"fast_clearance", BENEFIT_FAST_CLEARANCE},
	{"risk_score", BENEFIT_RISK_SCORE},
	{"business_partner", BENEFIT_BUSINESS_PARTNER},
	{"agreed_place", BENEFIT_AGREED_PLACE},
	{"prior_notice", BENEFIT_PRIOR_NOTICE},
	{NULL, 0}};

static const struct shape_word aeo_statuses[] = {
	{"active", AEO_ACTIVE}, {"suspended", AEO_SUSPENDED}, {"revoked", AEO_REVOKED}, {NULL, 0}};

static const struct shape_word arrangement_statuses[] = {
	{"negotiated", ARRANGEMENT_NEGOTIATED}, {"signed", ARRANGEMENT_SIGNED},
	{"in_force", ARRANGEMENT_IN_FORCE},	{"suspended", ARRANGEMENT_SUSPENDED},
	{"terminated", ARRANGEMENT_TERMINATED}, {NULL, 0}};

static const struct shape_word directions[] = {{"a_in_b", ARRANGEMENT_A_IN_B},
					       {"b_in_a", ARRANGEMENT_B_IN_A},
					       {"both", ARRANGEMENT_BOTH},
					       {NULL, 0}};

static int check_span(struct shape_reader *reader, struct utc_span span)
{
	if (span.from_utc_ns >= span.until_utc_ns)
		return shape_complain_of(reader, "valid_until", "is not after valid_from");
	return 0;
}

/* ---- authorisations ------------------------------------------------------------------- */

static const struct shape history_shape = {
	.members = (const struct shape_member[]){
		{.name = "status",
		 .type = &shape_choice,
		 .required = true,
		 .at = offsetof(struct aeo_status_change, status),
		 .words = aeo_statuses},
		{.name = "from",
		 .type = &shape_from,
		 .at = offsetof(struct aeo_status_change, from_utc_ns)},
		{0},
	}};

/* "status" and "status_from" are a history of one. They are read before it. */
static int read_status(struct shape_reader *reader, const struct shape_member *member,
		       json_t *value, void *object)
{
	struct registry_record *record = object;
	struct aeo_status_change *change = shape_take_list(reader, sizeof(*change));
	struct shape_member plain = *member;

	change->from_utc_ns = INT64_MIN;
	plain.at = offsetof(struct aeo_status_change, status);
	record->aeo.history = change;
	record->aeo.history_count = 1;
	return shape_choice.read(reader, &plain, value, change);
}

static const struct shape_type shape_status = {.expected = "word", .read = read_status};

/* Into the entry that read_status() has just taken. */
static int read_status_from(struct shape_reader *reader, const struct shape_member *member,
			    json_t *value, void *object)
{
	if (((const struct registry_record *)object)->aeo.history_count == 0)
		return shape_complain(reader, "needs \"status\" beside it");
	return shape_from.read(reader, member, value,
			       reader->lists - sizeof(struct aeo_status_change));
}

static const struct shape_type shape_status_from = {
	.expected = "day or time with zone (2026-03-01, 2026-03-01T12:00:00Z)",
	.read = read_status_from,
};

static int read_history(struct shape_reader *reader, const struct shape_member *member,
			json_t *value, void *object)
{
	if (((const struct registry_record *)object)->aeo.history_count)
		return shape_complain(reader, "cannot stand beside \"status\"");
	return shape_list.read(reader, member, value, object);
}

static void write_history(const struct shape_member *member, const void *object, struct jw *json)
{
	shape_list.write(member, object, json);
}

static const struct shape_type shape_history = {
	.expected = "list",
	.read = read_history,
	.write = write_history,
	.cell = CELL_LIST,
};

static int check_aeo(struct shape_reader *reader, const void *object)
{
	const struct registry_record *record = object;

	if (record->aeo.history_count == 0)
		return shape_complain_of(reader, "status", "is missing");
	return check_span(reader, record->aeo.valid);
}

#define IN(member) offsetof(struct registry_record, aeo.member)

const struct shape aeo_shape = {
	.members =
		(const struct shape_member[]){
			{.name = "country", SHAPE_STATE, .required = true, .at = IN(state)},
			{.name = "scheme", SHAPE_WORD, .required = true, .at = IN(scheme)},
			{.name = "number",
			 .type = &shape_aeo_number,
			 .required = true,
			 .at = IN(number)},
			{.name = "tin",
			 .type = &shape_number,
			 .at = IN(tin),
			 .number = IDENTIFIER_EORI},
			{.name = "name", .type = &shape_text, .at = IN(name), .most = 200},
			{.name = "type", .type = &shape_one_type, .required = true, .at = IN(type)},
			{.name = "roles",
			 .type = &shape_set,
			 .at = IN(roles),
			 .words = shape_roles,
			 .all = AEO_ANY_ROLE},
			{.name = "status", .type = &shape_status, .words = aeo_statuses},
			{.name = "status_from",
			 .type = &shape_status_from,
			 .at = offsetof(struct aeo_status_change, from_utc_ns)},
			{.name = "history",
			 .type = &shape_history,
			 .at = IN(history),
			 .beside = IN(history_count),
			 .most = HISTORY_MAX,
			 .element_bytes = sizeof(struct aeo_status_change),
			 .shape = &history_shape},
			{.name = "valid_from", .type = &shape_from, .at = IN(valid.from_utc_ns)},
			{.name = "valid_until", .type = &shape_until, .at = IN(valid.until_utc_ns)},
			{.name = "consent_mra", .type = &shape_bool, .at = IN(consents)},
			SHAPE_VERSION_AND_AS_OF,
			{0},
		},
	.check = check_aeo,
};

/* ---- arrangements ----------------------------------------------------------------------- */

static int check_multilateral(struct shape_reader *reader, const struct arrangement *arrangement)
{
	if (arrangement->party_a || arrangement->party_b)
		return shape_complain_of(reader, "group", "stands instead of party_a and party_b");
	if (arrangement->types_b)
		return shape_complain_of(reader, "types_b",
					 "is not for a group: types_a are those of all members");
	if (arrangement->direction)
		return shape_complain_of(reader, "direction",
					 "is not for a group: all its members recognise all");
	return 0;
}

static int check_bilateral(struct shape_reader *reader, const struct arrangement *arrangement)
{
	if (!arrangement->party_a)
		return shape_complain_of(reader, "party_a", "is missing, and so is \"group\"");
	if (!arrangement->party_b)
		return shape_complain_of(reader, "party_b", "is missing");
	if (strcmp(arrangement->party_a, arrangement->party_b) == 0)
		return shape_complain_of(reader, "party_b", "is party_a");
	if (!arrangement->types_b)
		return shape_complain_of(reader, "types_b", "is missing");
	if (!arrangement->direction)
		return shape_complain_of(reader, "direction", "is missing");
	return 0;
}

static int check_arrangement(struct shape_reader *reader, const void *object)
{
	const struct arrangement *arrangement =
		&((const struct registry_record *)object)->arrangement;
	const int err = arrangement->group ? check_multilateral(reader, arrangement)
					   : check_bilateral(reader, arrangement);

	return err < 0 ? err : check_span(reader, arrangement->in_force);
}

#undef IN
#define IN(member) offsetof(struct registry_record, arrangement.member)

const struct shape arrangement_shape = {
	.members =
		(const struct shape_member[]){
			{.name = "id", SHAPE_NAME, .required = true, .at = IN(id)},
			{.name = "party_a", SHAPE_WORD, .at = IN(party_a)},
			{.name = "party_b", SHAPE_WORD, .at = IN(party_b)},
			{.name = "group", SHAPE_WORD, .at = IN(group)},
			{.name = "direction",
			 .type = &shape_choice,
			 .at = IN(direction),
			 .words = directions},
			{.name = "flows",
			 .type = &shape_set,
			 .at = IN(flows),
			 .words = flows,
			 .all = FLOW_ANY},
			{.name = "types_a",
			 .type = &shape_types,
			 .required = true,
			 .at = IN(types_a)},
			{.name = "types_b", .type = &shape_types, .at = IN(types_b)},
			{.name = "roles",
			 .type = &shape_set,
			 .at = IN(roles),
			 .words = shape_roles,
			 .all = AEO_ANY_ROLE},
			{.name = "benefits",
			 .type = &shape_set,
			 .at = IN(benefits),
			 .words = benefits},
			{.name = "status",
			 .type = &shape_choice,
			 .required = true,
			 .at = IN(status),
			 .words = arrangement_statuses},
			{.name = "signed_on", .type = &shape_from, .at = IN(signed_utc_ns)},
			{.name = "valid_from", .type = &shape_from, .at = IN(in_force.from_utc_ns)},
			{.name = "valid_until",
			 .type = &shape_until,
			 .at = IN(in_force.until_utc_ns)},
			{.name = "legal_ref",
			 .type = &shape_text,
			 .at = IN(legal_ref),
			 .most = 300},
			{.name = "source_ref",
			 .type = &shape_text,
			 .at = IN(source_ref),
			 .most = 300},
			SHAPE_VERSION_AND_AS_OF,
			{0},
		},
	.check = check_arrangement,
};

/* ---- members of groups ------------------------------------------------------------------- */

static int check_member(struct shape_reader *reader, const void *object)
{
	return check_span(reader, ((const struct registry_record *)object)->member.valid);
}

#undef IN
#define IN(name) offsetof(struct registry_record, member.name)

const struct shape group_shape = {
	.members =
		(const struct shape_member[]){
			{.name = "group", SHAPE_WORD, .required = true, .at = IN(group)},
			{.name = "country", SHAPE_STATE, .required = true, .at = IN(state)},
			{.name = "valid_from", .type = &shape_from, .at = IN(valid.from_utc_ns)},
			{.name = "valid_until", .type = &shape_until, .at = IN(valid.until_utc_ns)},
			{.name = "by_law", .type = &shape_bool, .at = IN(by_law)},
			SHAPE_VERSION_AND_AS_OF,
			{0},
		},
	.check = check_member,
};
