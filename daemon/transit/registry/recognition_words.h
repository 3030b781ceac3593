/* The words of roles, flows and benefits, as written in records and events. */
#ifndef CORRIDORD_TRANSIT_REGISTRY_RECOGNITION_WORDS_H
#define CORRIDORD_TRANSIT_REGISTRY_RECOGNITION_WORDS_H

#include "transit/registry/recognition.h"

#define AEO_ROLES    8
#define AEO_BENEFITS 10

/* Of one bit each. */
const char *aeo_role_name(enum aeo_role role); /* "carrier" */
const char *customs_flow_name(enum customs_flow flow); /* "transit" */
const char *aeo_benefit_name(enum aeo_benefit benefit); /* "priority_lane" */
/* 0: no such role, no such benefit. */
uint32_t aeo_role_by_name(const char *name);
uint32_t aeo_benefit_by_name(const char *name);

#endif
