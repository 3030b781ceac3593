/* Whether the unit lets the service open the ports of the configuration (systemd's DeviceAllow). */
#ifndef CORRIDORCTL_DOCTOR_UNIT_H
#define CORRIDORCTL_DOCTOR_UNIT_H

#include "ctl/verdict.h"

/* printed: the configuration as --print-config has it. Nothing is said where no unit is loaded. */
void doctor_look_at_unit(struct doctor *doctor, const char *printed);

#endif
