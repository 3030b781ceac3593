#include <string.h>

#include "registry/record/shape.h"

#define DWELL_MAX_S (366 * 86400)
#define MASS_MAX_KG 100000000 /* of a train, ten times */

static const struct shape_word flows[] = {
	{"import", FLOW_IMPORT}, {"export", FLOW_EXPORT}, {"transit", FLOW_TRANSIT}, {NULL, 0}};

static const struct shape_word document_kinds[] = {
	{"mrn", IDENTIFIER_MRN},	   {"mrn-transit", IDENTIFIER_MRN_TRANSIT},
	{"grn", IDENTIFIER_GRN},	   {"tir", IDENTIFIER_TIR},
	{"gtrd", IDENTIFIER_GTRD},	   {"cim-smgs", IDENTIFIER_CIM_SMGS},
	{"national", IDENTIFIER_NATIONAL}, {NULL, 0}};

/* ---- elements of its lists --------------------------------------------------------------- */

#define IN(member) offsetof(struct declared_number, member)

static const struct shape document_shape = {.members = (const struct shape_member[]){
						    {.name = "kind",
						     .type = &shape_choice,
						     .required = true,
						     .at = IN(kind),
						     .words = document_kinds},
						    {.name = "number",
						     .type = &shape_document_number,
						     .required = true,
						     .at = IN(text),
						     .beside = IN(verdict)},
						    {0},
					    }};

static const struct shape_member container_element = {
	.type = &shape_equipment_number, .at = IN(text), .beside = IN(verdict)};

static const struct shape_member vehicle_element = {.type = &shape_number,
						    .number = IDENTIFIER_PLATE};

#undef IN
#define IN(member) offsetof(struct declared_seal, member)

static const struct shape seal_shape = {
	.members = (const struct shape_member[]){
		{.name = "number",
		 .type = &shape_number,
		 .required = true,
		 .at = IN(number),
		 .number = IDENTIFIER_SEAL},
		{.name = "container",
		 .type = &shape_number,
		 .at = IN(container),
		 .number = IDENTIFIER_CONTAINER},
		{.name = "affixed_by", SHAPE_STATE, .at = IN(affixed_by)},
		{.name = "affixed_at", .type = &shape_moment, .at = IN(affixed_utc_ns)},
		{0},
	}};

#undef IN
#define IN(member) offsetof(struct party, member)

static const struct shape claim_shape = {
	.members = (const struct shape_member[]){
		{.name = "country", SHAPE_STATE, .required = true, .at = IN(state)},
		{.name = "scheme", SHAPE_WORD, .required = true, .at = IN(scheme)},
		{.name = "number", .type = &shape_aeo_number, .required = true, .at = IN(number)},
		{0},
	}};

static int check_party(struct shape_reader *reader, const void *object)
{
	char key[REGISTRY_KEY_BYTES];
	const struct party *party = object;

	if (party->scheme && registry_party_key(party, key) < 0)
		return shape_complain_of(reader, "aeo", "is too long in all");
	return 0;
}

static const struct shape party_shape = {
	.members =
		(const struct shape_member[]){
			{.name = "role",
			 .type = &shape_choice,
			 .required = true,
			 .at = IN(role),
			 .words = shape_roles + 1},
			{.name = "name", .type = &shape_text, .at = IN(name), .most = 200},
			{.name = "tin",
			 .type = &shape_number,
			 .at = IN(tin),
			 .number = IDENTIFIER_EORI},
			{.name = "aeo",
			 .type = &shape_object,
			 .at = IN(scheme),
			 .shape = &claim_shape},
			{0},
		},
	.check = check_party,
};

#undef IN
#define IN(member) offsetof(struct itinerary_stop, member)

static int check_stop(struct shape_reader *reader, const void *object)
{
	const struct itinerary_stop *stop = object;

	if (stop->from_utc_ns >= stop->until_utc_ns)
		return shape_complain_of(reader, "until", "is not after \"from\"");
	return 0;
}

static const struct shape stop_shape = {
	.members =
		(const struct shape_member[]){
			{.name = "checkpoint",
			 .type = &shape_word,
			 .required = true,
			 .at = IN(checkpoint),
			 .characters = SMALL DIGITS "-",
			 .least = 1,
			 .most = 63,
			 .form = "1 to 63 of a-z, 0-9, -"},
			{.name = "from", .type = &shape_from, .at = IN(from_utc_ns)},
			{.name = "until", .type = &shape_until, .at = IN(until_utc_ns)},
			{.name = "max_dwell_s",
			 .type = &shape_seconds,
			 .at = IN(dwell_ns),
			 .least = 1,
			 .most = DWELL_MAX_S},
			{0},
		},
	.check = check_stop,
};

/* ---- the consignment ------------------------------------------------------------------- */

static bool has_container(const struct consignment *consignment, const char *number, size_t among)
{
	size_t i;

	for (i = 0; i < among; i++)
		if (strcmp(consignment->containers[i].text, number) == 0)
			return true;
	return false;
}

static bool has_seal(const struct consignment *consignment, const char *number, size_t among)
{
	size_t i;

	for (i = 0; i < among; i++)
		if (strcmp(consignment->seals[i].number, number) == 0)
			return true;
	return false;
}

static int check_containers(struct shape_reader *reader, const struct consignment *consignment)
{
	size_t i;

	for (i = 0; i < consignment->container_count; i++)
		if (has_container(consignment, consignment->containers[i].text, i)) {
			shape_enter(reader, "containers");
			shape_enter_element(reader, i);
			return shape_complain(reader, "is there already");
		}
	return 0;
}

static int complain_seal(struct shape_reader *reader, size_t i, const char *member,
			 const char *what)
{
	shape_enter(reader, "seals");
	shape_enter_element(reader, i);
	return shape_complain_of(reader, member, what);
}

static int check_seals(struct shape_reader *reader, const struct consignment *consignment)
{
	size_t i;

	for (i = 0; i < consignment->seal_count; i++) {
		const struct declared_seal *seal = &consignment->seals[i];

		if (has_seal(consignment, seal->number, i))
			return complain_seal(reader, i, "number", "is there already");
		if (seal->container &&
		    !has_container(consignment, seal->container, consignment->container_count))
			return complain_seal(reader, i, "container",
					     "is none of the consignment's containers");
	}
	return 0;
}

static int check_consignment(struct shape_reader *reader, const void *object)
{
	const struct registry_record *record = object;
	const int err = check_containers(reader, &record->consignment);

	return err < 0 ? err : check_seals(reader, &record->consignment);
}

#undef IN
#define IN(member) offsetof(struct registry_record, consignment.member)

const struct shape consignment_shape = {
	.members =
		(const struct shape_member[]){
			{.name = "ucr",
			 .type = &shape_ucr,
			 .required = true,
			 .at = IN(ucr),
			 .beside = IN(ucr_verdict)},
			{.name = "flow",
			 .type = &shape_choice,
			 .required = true,
			 .at = IN(flow),
			 .words = flows},
			{.name = "documents",
			 .type = &shape_list,
			 .at = IN(documents),
			 .beside = IN(document_count),
			 .most = CONSIGNMENT_DOCUMENTS,
			 .element_bytes = sizeof(struct declared_number),
			 .shape = &document_shape},
			{.name = "containers",
			 .type = &shape_list,
			 .at = IN(containers),
			 .beside = IN(container_count),
			 .most = CONSIGNMENT_CONTAINERS,
			 .element_bytes = sizeof(struct declared_number),
			 .element = &container_element},
			{.name = "vehicles",
			 .type = &shape_list,
			 .at = IN(vehicles),
			 .beside = IN(vehicle_count),
			 .most = CONSIGNMENT_VEHICLES,
			 .element_bytes = sizeof(const char *),
			 .element = &vehicle_element},
			{.name = "seals",
			 .type = &shape_list,
			 .at = IN(seals),
			 .beside = IN(seal_count),
			 .most = CONSIGNMENT_SEALS,
			 .element_bytes = sizeof(struct declared_seal),
			 .shape = &seal_shape},
			{.name = "parties",
			 .type = &shape_list,
			 .at = IN(parties),
			 .beside = IN(party_count),
			 .most = CONSIGNMENT_PARTIES,
			 .element_bytes = sizeof(struct party),
			 .shape = &party_shape},
			{.name = "itinerary",
			 .type = &shape_list,
			 .at = IN(stops),
			 .beside = IN(stop_count),
			 .most = CONSIGNMENT_STOPS,
			 .element_bytes = sizeof(struct itinerary_stop),
			 .shape = &stop_shape},
			{.name = "gross_mass_kg",
			 .type = &shape_kilograms,
			 .at = IN(gross_mass_g),
			 .most = MASS_MAX_KG},
			{.name = "tare_kg",
			 .type = &shape_kilograms,
			 .at = IN(tare_g),
			 .most = MASS_MAX_KG},
			SHAPE_VERSION_AND_AS_OF,
			{0},
		},
	.check = check_consignment,
};
