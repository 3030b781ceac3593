#include "transit/registry/recognition_words.h"

#include <string.h>

static const char *const roles[AEO_ROLES] = {
	"exporter", "importer",	 "carrier",   "forwarder",
	"broker",   "warehouse", "declarant", "terminal",
};

static const char *const flows[] = {"import", "export", "transit"};

static const char *const benefits[AEO_BENEFITS] = {
	"fewer_document_checks", "fewer_inspections", "priority_if_selected", "priority_lane",
	"liaison_officer",	 "fast_clearance",    "risk_score",	      "business_partner",
	"agreed_place",		 "prior_notice",
};

static const char *word_of(const char *const *words, unsigned count, unsigned bit)
{
	for (unsigned i = 0; i < count; i++)
		if (bit == 1u << i)
			return words[i];
	return "?";
}

const char *aeo_role_name(enum aeo_role role)
{
	return word_of(roles, AEO_ROLES, role);
}

const char *customs_flow_name(enum customs_flow flow)
{
	return word_of(flows, sizeof(flows) / sizeof(flows[0]), flow);
}

const char *aeo_benefit_name(enum aeo_benefit benefit)
{
	return word_of(benefits, AEO_BENEFITS, benefit);
}

uint32_t aeo_role_by_name(const char *name)
{
	for (unsigned i = 0; i < AEO_ROLES; i++)
		if (strcmp(roles[i], name) == 0)
			return UINT32_C(1) << i;
	return 0;
}

uint32_t aeo_benefit_by_name(const char *name)
{
	for (unsigned i = 0; i < AEO_BENEFITS; i++)
		if (strcmp(benefits[i], name) == 0)
			return UINT32_C(1) << i;
	return 0;
}
