/* The words of roles, flows and benefits, as written in records and events. */
#ifndef CORRIDORD_RECOGNITION_WORDS_H
#define CORRIDORD_RECOGNITION_WORDS_H

#include "recognition.h"

#define AEO_ROLES    8
#define AEO_BENEFITS 10

/* Of one bit each. */
const char *aeo_role_name(enum aeo_role role); /* "carrier" */
const char *customs_flow_name(enum customs_flow flow); /* "transit" */
const char *aeo_benefit_name(enum aeo_benefit benefit); /* "priority_lane" */
/* 0: no such benefit. */
uint32_t aeo_benefit_by_name(const char *name);

#endif
